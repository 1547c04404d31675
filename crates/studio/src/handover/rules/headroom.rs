//! Room above the peaks.

use super::{Case, blocker, warning};
use crate::audio::Encoding;
use crate::message::Finding;
use dsp::math;

/// Peaks above this leave little room. reference mastering.md 5.16 and mixing.md C12 (print at -3).
const WARN_DB: f64 = -3.0;
/// Sample peaks above this come from a limiter, a clipper or a normalised export. By house rule: brief of the gate.
const SAMPLE_DBFS: f64 = -1.0;
/// True peaks above this clip in the next converter. reference mastering.md 5.16.
const TRUE_DBTP: f64 = 0.0;

/// Sample and true peak against the room a mix should leave.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let sample_dbfs = math::gain_to_db(case.analysis.peak());
    let true_dbtp = case.true_peak_dbtp.max(sample_dbfs);
    if true_dbtp <= WARN_DB {
        return None;
    }
    let measured = format!("peak {sample_dbfs:.2} dBFS, {true_dbtp:.2} dBTP");
    let finding = if sample_dbfs > SAMPLE_DBFS || true_dbtp > TRUE_DBTP {
        blocker(measured)
    } else {
        warning(measured)
    };
    let advice = if matches!(case.info.encoding, Encoding::Float(_)) {
        "nothing is lost in a floating-point file, but turn the mix bus down by 6 dB so that every converter on the way has room"
    } else {
        "turn the mix bus down until peaks lie near -6 dBFS, do not normalise, and export again"
    };
    Some(
        finding
            .limit("-3 dBTP; -1 dBFS or 0 dBTP stop the file")
            .seconds(case.analysis.peak_seconds())
            .advice(advice),
    )
}
