//! Files so quiet that resolution is lost.

use super::{Case, warning};
use crate::message::Finding;
use dsp::math;

/// Peaks below this leave a 16-bit file with 12 bits (24 dB at 6.02 dB per bit).
const LOW_DBFS: f64 = -24.0;

/// The peak is far below what is usual.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let peak_dbfs = math::gain_to_db(case.analysis.peak());
    (peak_dbfs < LOW_DBFS && case.analysis.peak() > 0.0).then(|| {
        warning(format!("peak only {peak_dbfs:.1} dBFS"))
            .limit("-24 dBFS")
            .advice("turn the mix bus up until peaks lie near -6 dBFS: noise of the export comes up with the level otherwise")
    })
}
