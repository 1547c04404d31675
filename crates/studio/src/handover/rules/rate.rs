//! Sample rate.

use super::{Case, warning};
use crate::message::Finding;

/// Rates in use for music: CD and its multiples, video and its multiples.
const USUAL_HZ: [u32; 6] = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];

/// A rate below CD, or one that nobody uses.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let rate = case.info.sample_rate_hz;
    if USUAL_HZ.contains(&rate) {
        return None;
    }
    let advice = if rate < 44_100 {
        "export at the rate of the session, 44.1 kHz or more: what is above half the sample rate is lost"
    } else {
        "export at the rate of the session: 44.1, 48, 88.2, 96, 176.4 or 192 kHz"
    };
    Some(warning(format!("sample rate {rate} Hz")).limit("44.1 kHz or more, a usual rate").advice(advice))
}
