//! A bass without harmonics is not heard on small loudspeakers (C8).

use super::lanes::Room;
use crate::hear::{BANDS, band_centre_hz};
use crate::moves::{Draft, Family, Place, named};
use dsp::math::power_to_db;

/// Power above 300 Hz under this against all of it is not heard on a small loudspeaker, dB (C8).
const SMALL_HZ: f64 = 300.0;
const LITTLE_DB: f64 = -18.0;
/// Drive and share of the saturated sound: about 3 % of harmonics on a bass at working level. By estimate, 2026-11-21,
/// docs/decisions/047.
const DRIVE_DB: f64 = 8.0;
const MIX_PERCENT: f64 = 35.0;

/// Adds harmonics to basses that have none.
pub(super) fn work(room: &mut Room<'_>) {
    for role in ["bass", "bass amp", "bass direct"] {
        for number in room.of_role(role) {
            let lane = room.lanes[number].clone();
            // An amplifier beside the direct signal brings its own.
            if role == "bass direct" && !room.of_role("bass amp").is_empty() {
                continue;
            }
            let facts = room.facts(&lane);
            let all: f64 = facts.band_power.iter().sum();
            let above: f64 = (0..BANDS)
                .filter(|band| band_centre_hz(*band) > SMALL_HZ)
                .filter_map(|band| facts.band_power.get(band))
                .sum();
            let has = power_to_db(above.max(1e-30) / all.max(1e-30));
            if has > LITTLE_DB || all <= 0.0 {
                continue;
            }
            let full = named([
                ("mode", "tube".into()),
                ("drive_db", DRIVE_DB.into()),
                ("mix_percent", MIX_PERCENT.into()),
            ]);
            let text = format!(
                "Above 300 Hz the bass has {has:.0} dB of its power: a small loudspeaker would play next to nothing. {{mix_percent}} of a driven tube adds overtones."
            );
            let draft = Draft::new(
                "tone.saturate",
                Family::Tone,
                Place::insert(&lane.id, "saturation"),
                full,
                named([("mix_percent", 0.0.into())]),
                &text,
            )
            .because("above_300_hz_db", has)
            .share(lane.share)
            .confidence(0.6)
            .or("a parallel track of the bass, distorted")
            .evidence("audibility of the bass on small loudspeakers, mixing.md C8");
            room.book.put(&mut room.desk, draft);
        }
    }
}
