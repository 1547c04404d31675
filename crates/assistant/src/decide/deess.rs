//! Sibilants of voices (C8).

use super::lanes::Room;
use crate::moves::{Draft, Family, Place, named};

/// Sibilants louder than this against the vowels are too loud, LU; they are brought to that (C8).
const TOO_LOUD_LU: f64 = -6.0;
const AIM_LU: f64 = -8.0;
/// Largest reduction, dB (C8).
const RANGE_DB: f64 = 6.0;
/// Fewer than this a second are no habit.
const LEAST_PER_SECOND: f64 = 0.1;

/// De-esses voices that need it.
pub(super) fn work(room: &mut Room<'_>) {
    for role in ["lead vocal", "double", "backing vocals"] {
        for number in room.of_role(role) {
            let lane = room.lanes[number].clone();
            let Some(heard) = room.facts(&lane).sibilance else { continue };
            if heard.over_vowels_lu < TOO_LOUD_LU || heard.per_second < LEAST_PER_SECOND {
                continue;
            }
            let full = named([("threshold_db", AIM_LU.into()), ("range_db", RANGE_DB.into())]);
            let text = format!(
                "The sharpest s reach {:+.1} LU against the vowels, around {:.1} kHz: brought to {AIM_LU:.0} LU, by {{|range_db|}} at most.",
                heard.over_vowels_lu,
                heard.centroid_hz / 1e3
            );
            let draft = Draft::new(
                "dynamics.deess",
                Family::Dynamics,
                Place::insert(&lane.id, "deesser"),
                full,
                named([("range_db", 0.0.into())]),
                &text,
            )
            .because("sibilants_over_vowels_lu", heard.over_vowels_lu)
            .because("sibilants_a_second", heard.per_second)
            .because("centroid_hz", heard.centroid_hz)
            .share(lane.share)
            .confidence((0.5 + 0.05 * (heard.over_vowels_lu - TOO_LOUD_LU)).clamp(0.5, 0.9))
            .or("ride the words by hand")
            .evidence("sharpness of sibilants against the vowels around them, mixing.md C8");
            room.book.put(&mut room.desk, draft);
        }
    }
}
