//! A limiter on the mix bus, also when the file was turned down afterwards.

use super::{Case, blocker, clipped, warning};
use crate::message::Finding;

/// The ceiling: peaks of stretches within this of the file's peak touch it.
const CEILING_DB: f64 = 0.1;
/// Fewer stretches than this at the ceiling are not told from chance.
const FEWEST: u64 = 8;
/// Peaks are this much denser in the top 0.1 dB than in the 0.9 dB below when a limiter made them so; without one the
/// density falls towards the top. By calibration on labelled clips (limited by 3 to 10 dB: 8 to 65, clean: below 1),
/// 2026-11-21, see docs/decisions.
const PILE: f64 = 3.0;
/// Share of stretches at the ceiling from which the limiter works all the time (limited by 3 dB: 17 %, clean: 0.7 %).
const WORKING: f64 = 0.1;
/// A limiter leaves the ceiling between peaks; a steady tone or a square wave stays: limited clips are at the top for
/// 0.5 % of such a stretch, a sine for 10 %.
const TIME_AT_TOP: f64 = 0.03;
/// Peak to loudness below which a file has been limited somewhere. reference mastering.md 5.16 says 9; loud masters read
/// back from lossy files measure 8.5 to 9.6, the least of the clean clips 12.0.
const PLR_DB: f64 = 10.0;
/// Distance of the 99th from the 75th percentile of stretch peaks: coding, filtering and resampling after a limiter
/// blur the ceiling to 0.8 to 1.0 dB; clean clips have 2.7 dB or more. By calibration, 2026-11-21, see docs/decisions.
const SHOULDER_DB: f64 = 1.5;

const ADVICE: &str = "take the limiter (and any maximiser) off the mix bus and export again; turning the file down does not bring the peaks back";

/// Peaks that pile up at one level, sharply or blurred, where no clipper explains it.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    if clipped::find(case).is_some_and(|clipping| clipping.count >= FEWEST) {
        return None;
    }
    ceiling(case).or_else(|| blurred(case))
}

fn ceiling(case: &Case<'_>) -> Option<Finding> {
    let (share, count) = case.analysis.touching(CEILING_DB);
    let (wider, _) = case.analysis.touching(1.0);
    // Densities per 0.1 dB.
    let below = (wider - share) / 9.0;
    let piled = share > PILE * below && count >= FEWEST && case.analysis.time_at_top() < TIME_AT_TOP;
    piled.then(|| {
        let top_dbfs = dsp::math::gain_to_db(case.analysis.peak());
        let measured =
            format!("{:.0} % of 20 ms stretches touch the same ceiling, {top_dbfs:.1} dBFS", 100.0 * share);
        let finding = if share >= WORKING { blocker(measured) } else { warning(measured) };
        finding
            .limit("peaks of a mix without limiter spread: below 1 %")
            .seconds(case.analysis.peak_seconds())
            .advice(ADVICE)
    })
}

fn blurred(case: &Case<'_>) -> Option<Finding> {
    let plr_db = case.plr_db()?;
    let shoulder_db = case.analysis.shoulder_db(0.75, 0.99);
    let (_, stretches) = case.analysis.touching(20.0);
    // Fifty stretches are one second: percentiles of fewer mean nothing. A steady tone has no spread at all.
    let is = plr_db < PLR_DB
        && shoulder_db < SHOULDER_DB
        && stretches >= 50
        && case.analysis.time_at_top() < TIME_AT_TOP;
    is.then(|| {
        blocker(format!(
            "peaks lie within {shoulder_db:.1} dB of each other, {plr_db:.1} dB above the loudness"
        ))
        .limit("spread of 1.5 dB, or 10 dB from loudness to peak")
        .advice(ADVICE)
    })
}
