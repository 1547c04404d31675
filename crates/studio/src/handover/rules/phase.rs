//! Left against right.

use super::{Case, blocker, warning};
use crate::message::Finding;

/// Correlation below which a mix loses much in mono. reference mastering.md 5.16.
const WARN: f64 = -0.2;
/// Correlation below which one side is inverted rather than wide: half of the level is gone in mono already at -0.75
/// (1 + r = 0.25 of the power, -6 dB).
const INVERTED: f64 = -0.75;

/// Correlation of the sides over the whole file.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let correlation = case.analysis.correlation()?;
    if correlation >= WARN {
        return None;
    }
    let measured = format!("correlation of left and right {correlation:.2}");
    let finding = if correlation < INVERTED {
        blocker(measured).advice(
            "one side is inverted: look for a polarity switch or a cable on one side, and export again",
        )
    } else {
        warning(measured).advice("much of the mix is out of phase and goes missing in mono: narrow stereo wideners, check polarity of pairs")
    };
    Some(finding.limit("-0.2; -0.75 stops the file"))
}
