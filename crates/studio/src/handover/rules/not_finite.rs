//! Samples that are not numbers.

use super::{Case, blocker};
use crate::message::Finding;

/// One is too many: it comes from a broken plug-in, and what stood there is lost.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let (count, seconds) = case.analysis.not_finite()?;
    let finding = blocker(format!("{count} samples are not numbers (NaN or infinity)"))
        .limit("none")
        .seconds(seconds)
        .advice("a plug-in of the mix fails at this place: find it there, and export again");
    Some(finding)
}
