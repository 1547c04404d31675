//! Files too short to be measured.

use super::{Case, blocker};
use crate::message::Finding;

/// One block of loudness: ITU-R BS.1770-5, Annex 1 (gating block of 400 ms). Below it there is no loudness.
const SHORTEST_SECONDS: f64 = 0.4;

/// A file shorter than one loudness block.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let seconds = case.analysis.seconds();
    (seconds < SHORTEST_SECONDS).then(|| {
        blocker(format!("{:.0} ms long: its loudness cannot be measured", 1000.0 * seconds))
            .limit("400 ms, one block of ITU-R BS.1770")
            .advice("export the whole song; check that the export range was not a single point")
    })
}
