//! Stereo files that are mono.

use super::{Case, note, warning};
use crate::message::Finding;

/// Side this far below mid is no stereo. reference mastering.md 5.16 (S/M < -40).
const NEAR_MONO_DB: f64 = -40.0;
/// Side this far below mid is rounding or dither of two equal channels.
const DUAL_MONO_DB: f64 = -90.0;

/// One channel, two equal ones, or nearly.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    if case.analysis.channels().len() == 1 {
        return Some(
            note("the file has one channel".to_owned())
                .limit("two channels")
                .advice("nothing to do if the song is meant to be mono"),
        );
    }
    let side_db = case.analysis.side_to_mid_db()?;
    if side_db < DUAL_MONO_DB {
        let finding = warning("both channels are the same".to_owned())
            .limit("side 40 dB below mid")
            .advice("if the song is meant to be stereo, check the output routing and the width control of the mix bus");
        return Some(finding);
    }
    (side_db < NEAR_MONO_DB).then(|| {
        warning(format!("almost mono: side {:.0} dB below mid", -side_db))
            .limit("40 dB")
            .advice("check pan and width; stereo moves of mastering will do nothing to this file")
    })
}
