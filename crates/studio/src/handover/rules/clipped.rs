//! Clipping, also when the file was turned down afterwards.

use super::{Case, blocker, warning};
use crate::message::Finding;
use dsp::math;

/// More flat tops than this in a minute are heard. reference mixing.md C1 I4.
const PER_MINUTE: f64 = 5.0;
/// Fewer than this below the peak may be chance; a clipper before a later rise of level leaves hundreds.
const CLUSTER: u64 = 20;
/// Share of all flat tops that must lie at one level to be a clipper's. By calibration, 2026-11-21, see docs/decisions.
const CLUSTER_SHARE: f64 = 0.6;
/// How far below the peak a clipper's level is looked for.
const REACH: f64 = 0.25;

/// Flat tops: how many, at which level, where first.
pub(super) struct Clipping {
    pub(super) count: u64,
    level: f64,
    first: u64,
    longest: u32,
}

/// Evidence of clipping over all channels.
pub(super) fn find(case: &Case<'_>) -> Option<Clipping> {
    let mut found: Option<Clipping> = None;
    for channel in case.analysis.channels() {
        let plateaus = channel.plateaus();
        let peak = channel.peak();
        // Flat tops at the very peak, and, if there are none, flat tops that crowd at one level below it.
        let (level, count) = match channel.flat_tops_at(peak) {
            0 => crowd(plateaus.levels.densest(REACH * peak), plateaus.levels.at_least(REACH * peak, 0.0)),
            count => (peak, count),
        };
        if count == 0 {
            continue;
        }
        let first = plateaus.first_from(level).unwrap_or(0);
        let so_far = found.unwrap_or(Clipping { count: 0, level: 0.0, first, longest: 0 });
        found = Some(Clipping {
            count: so_far.count + count,
            level: so_far.level.max(level),
            first: so_far.first.min(first),
            longest: so_far.longest.max(plateaus.longest),
        });
    }
    found
}

fn crowd((level, count): (f64, u64), all: u64) -> (f64, u64) {
    let crowded = count >= CLUSTER && count as f64 >= CLUSTER_SHARE * all as f64;
    if crowded { (level, count) } else { (0.0, 0) }
}

/// Three or more samples in a row at one top level (reference mastering.md 5.16), sounding often enough to matter.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let clipping = find(case)?;
    let minutes = case.analysis.seconds() / 60.0;
    let rate = clipping.count as f64 / minutes.max(1.0 / 60.0);
    let level_dbfs = math::gain_to_db(clipping.level);
    let measured = format!(
        "{} flat tops of 3 to {} samples at {level_dbfs:.2} dBFS ({rate:.0} per minute)",
        clipping.count, clipping.longest
    );
    let finding = if rate > PER_MINUTE { blocker(measured) } else { warning(measured) };
    let advice = if level_dbfs < -0.5 {
        "the peaks were cut before the file was turned down: turn down in front of what clips (the mix bus), and export again"
    } else {
        "turn the mix bus down by 6 dB, take clippers off it, and export again"
    };
    Some(
        finding
            .limit("5 per minute")
            .seconds(clipping.first as f64 / f64::from(case.info.sample_rate_hz.max(1)))
            .advice(advice),
    )
}
