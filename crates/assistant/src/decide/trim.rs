//! Trims: every recording at one working level (C4), so that what follows does not depend on how it was recorded.

use super::lanes::Room;
use crate::moves::{Draft, Family, Place};

/// Loudness while it sounds that a track is brought to (C4).
pub(super) const WORKING_LUFS: f64 = -23.0;
/// Sample peak a trim never goes above (C4).
const WORKING_PEAK_DBFS: f64 = -6.0;

/// Sets every trim.
pub(super) fn work(room: &mut Room<'_>) {
    for number in 0..room.lanes.len() {
        let lane = room.lanes[number].clone();
        let facts = room.facts(&lane);
        let Some(lufs) = facts.active_lufs else { continue };
        let by_loudness = WORKING_LUFS - lufs;
        let by_peak = WORKING_PEAK_DBFS - facts.peak_dbfs;
        let trim = by_loudness.min(by_peak).clamp(-60.0, 48.0);
        let why = if by_peak < by_loudness {
            format!("{lufs:.1} LUFS while it sounds, but its peaks reach {:.1} dBFS: {{value}} keeps them at {WORKING_PEAK_DBFS:.0} dBFS.", facts.peak_dbfs)
        } else {
            format!("{lufs:.1} LUFS while it sounds: {{value}} brings it to the working level of {WORKING_LUFS:.0} LUFS.")
        };
        let place = Place::control(&lane.id, "trim_db");
        let draft = Draft::new("balance.trim", Family::Balance, place, trim.into(), 0.0.into(), &why)
            .because("active_lufs", lufs)
            .because("peak_dbfs", facts.peak_dbfs)
            .confidence(0.95)
            .evidence("working level of Ronan et al. 2018 (-24 LUFS), mixing.md C4");
        let told = room.book.put(&mut room.desk, draft);
        room.lanes[number].trim_db = told.and_then(|told| told.value.number()).unwrap_or(0.0);
    }
}
