//! So little left between loudness and peaks that nothing can be done but turn it down.

use super::{Case, clipped, limited, warning};
use crate::message::Finding;

/// Median of peak to short-term loudness below which mastering has no room to work. reference mastering.md 5.16 and §6
/// (loud masters keep 7 to 9 dB): a mix that is as dense as a loud master.
const PSR_DB: f64 = 9.0;

/// A mix as dense as a loud master, where no other rule has said why.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let psr_db = case.psr_median_db?;
    if psr_db >= PSR_DB || limited::judge(case).is_some() || clipped::find(case).is_some() {
        return None;
    }
    let finding = warning(format!("only {psr_db:.1} dB from short-term loudness to peak (median)"))
        .limit("9 dB")
        .advice("heavy bus compression, saturation or limiting: export without processing on the mix bus, or say that it is meant so");
    Some(finding)
}
