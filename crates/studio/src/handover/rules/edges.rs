//! Start and end: cut into the sound, or whole.

use super::{Case, warning};
use crate::message::Finding;
use dsp::math;

/// Sound at the very first or last sample above this clicks: -50 dBFS is 22 dB above the threshold of silence used here.
/// By calibration, 2026-11-21, see docs/decisions.
const CUT_DBFS: f64 = -50.0;

/// The file begins in the middle of a sound.
pub(super) fn start(case: &Case<'_>) -> Option<Finding> {
    let peak_dbfs = math::gain_to_db(case.analysis.start_peak());
    (peak_dbfs > CUT_DBFS).then(|| {
        warning(format!("sound of {peak_dbfs:.0} dBFS at the very first sample"))
            .limit("-50 dBFS")
            .seconds(0.0)
            .advice("start the export a second before the first note, so that its attack is whole")
    })
}

/// The sound stops while it is loud: a truncated fade or tail.
pub(super) fn end(case: &Case<'_>) -> Option<Finding> {
    let peak_dbfs = math::gain_to_db(case.analysis.end_peak());
    let seconds = case.analysis.seconds() - case.analysis.tail_seconds();
    (peak_dbfs > CUT_DBFS).then(|| {
        warning(format!("the sound is cut off at {peak_dbfs:.0} dBFS"))
            .limit("-50 dBFS")
            .seconds(seconds)
            .advice("end the export after reverbs and fades have died away; leave two seconds more than seems needed")
    })
}
