//! Silence before and after.

use super::{Case, note};
use crate::message::Finding;

/// A head or tail longer than this is cut off for a release. By house rule: a second or two are asked for, more is waste.
const LONG_SECONDS: f64 = 3.0;

/// Long silence at the start.
pub(super) fn head(case: &Case<'_>) -> Option<Finding> {
    let seconds = case.analysis.head_seconds();
    (seconds > LONG_SECONDS).then(|| {
        note(format!("{seconds:.1} s of silence before the first sound"))
            .limit("3 s")
            .seconds(0.0)
            .advice("nothing to do if it is meant so; otherwise the master should be trimmed")
    })
}

/// Long silence at the end.
pub(super) fn tail(case: &Case<'_>) -> Option<Finding> {
    let seconds = case.analysis.tail_seconds();
    (seconds > LONG_SECONDS && case.analysis.head_seconds() < case.analysis.seconds()).then(|| {
        note(format!("{seconds:.1} s of silence after the last sound"))
            .limit("3 s")
            .seconds(case.analysis.seconds() - seconds)
            .advice("nothing to do if it is meant so; otherwise the master should be trimmed")
    })
}
