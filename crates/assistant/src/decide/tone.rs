//! Colour (C7): a voice is held against what engineers make of voices; a whole mix against a record, where one is given.

use super::clean::add_colour;
use super::lanes::Room;
use crate::hear::{BANDS, band_centre_hz};
use crate::moves::{Draft, Family, Place, named};
use dsp::math::power_to_db;
use studio::mix::Group;

/// Share of a difference that is made up, and the most of it (C7).
const SHARE: f64 = 0.4;
const MOST_DB: f64 = 3.0;
/// A quarter of a decibel is not worth a filter. By our own convention.
const LEAST_DB: f64 = 0.5;
/// What a finished voice has above 5 kHz and at 200 to 400 Hz against 0.5 to 2 kHz, dB. By estimate from the solo voices of the test
/// set with the median correction of DiffVox (+2.7 dB at 8 kHz, -1.5 dB at 200 Hz; mixing.md a), 2026-11-21, docs/decisions/047.
const VOICE_TOP_DB: f64 = -11.0;
const VOICE_LOW_DB: f64 = 1.0;
/// What a source has lost is not brought back with a shelf: no boost where the top lies this far under its aim (the dark stem).
const HOPELESS_DB: f64 = 25.0;

/// Nudges voices; with a reference, the groups.
pub(super) fn work(room: &mut Room<'_>) {
    for number in room.of_role("lead vocal") {
        voice(room, number);
    }
    super::mud::work(room);
    reference(room);
}

/// Level of what the bands of the film between two frequencies have.
pub(super) fn level_db(bands: &[f64], from_hz: f64, to_hz: f64) -> f64 {
    let own = (0..BANDS).filter(|band| (from_hz..to_hz).contains(&band_centre_hz(*band)));
    power_to_db(own.filter_map(|band| bands.get(band)).sum::<f64>().max(1e-30))
}

fn voice(room: &mut Room<'_>, number: usize) {
    let lane = room.lanes[number].clone();
    let facts = room.facts(&lane);
    let middle = level_db(&facts.band_power, 500.0, 2000.0);
    let top = level_db(&facts.band_power, 5000.0, 16_000.0) - middle;
    let low = level_db(&facts.band_power, 180.0, 400.0) - middle;
    let clipped = facts.clipping.per_minute > 5.0;
    let wanted = [
        ("low_shelf", 250.0, (VOICE_LOW_DB - low).min(0.0), low, VOICE_LOW_DB, "180-400 Hz"),
        ("high_shelf", 5500.0, VOICE_TOP_DB - top, top, VOICE_TOP_DB, "above 5 kHz"),
    ];
    let mut band = 1;
    for (kind, freq_hz, missing, has, aim, where_) in wanted {
        let gain = (SHARE * missing).clamp(-MOST_DB, MOST_DB);
        let boost = gain > 0.0;
        if gain.abs() < LEAST_DB || (boost && (clipped || missing > HOPELESS_DB)) {
            continue;
        }
        let full = named([("kind", kind.into()), ("freq_hz", freq_hz.into()), ("gain_db", gain.into())]);
        let text = format!(
            "{where_} the voice has {has:.1} dB against its middle, voices in records about {aim:.0} dB: {{gain_db}} of it."
        );
        let draft = Draft::new(
            "tone.voice",
            Family::Tone,
            Place::band(&lane.id, "tone", band),
            full,
            named([("gain_db", 0.0.into())]),
            &text,
        )
        .nth(band)
        .because("against_the_middle_db", has)
        .because("aim_db", aim)
        .share(lane.share)
        .confidence(0.55)
        .or("leave its colour alone: undo tone.voice")
        .evidence("net equalisation of 385 professional vocals, DiffVox (mixing.md a, C7)");
        if let Some(told) = room.book.put(&mut room.desk, draft) {
            let gain = told.value.number_of("gain_db").unwrap_or(0.0);
            add_colour(room, number, (kind, freq_hz, gain, std::f64::consts::FRAC_1_SQRT_2));
            band += 1;
        }
    }
}

/// Parts of the spectrum a reference is followed in, the group whose bus carries each, and the filter.
const PARTS: [(&str, f64, f64, &str, f64); 2] =
    [("low", 50.0, 120.0, "low_shelf", 100.0), ("top", 5000.0, 16_000.0, "high_shelf", 6000.0)];
/// Most a group is moved towards a reference, dB. By our own convention: a record is a direction, no template.
const REFERENCE_DB: f64 = 2.0;

/// Leans the groups towards the colour of a record.
fn reference(room: &mut Room<'_>) {
    let Some(reference) = room.ask.reference.clone() else { return };
    let mut sum = vec![0.0; BANDS];
    for at in 0..room.groups.len() {
        let group = room.groups[at].clone();
        for frame in room.film_of(&group.lanes, group.fader_db, &group.colour_db) {
            sum.iter_mut().zip(frame).for_each(|(sum, power)| *sum += power);
        }
    }
    let own_middle = level_db(&sum, 300.0, 3000.0);
    let its_middle = level_db(&reference.bands, 300.0, 3000.0);
    for (number, (part, from, to, kind, freq_hz)) in PARTS.into_iter().enumerate() {
        let own = level_db(&sum, from, to) - own_middle;
        let its = level_db(&reference.bands, from, to) - its_middle;
        let gain = (SHARE * (its - own)).clamp(-REFERENCE_DB, REFERENCE_DB);
        if gain.abs() < LEAST_DB {
            continue;
        }
        for at in 0..room.groups.len() {
            let group = room.groups[at].clone();
            let carries = match part {
                "low" => matches!(group.group, Group::Bass | Group::Drums),
                _ => !matches!(group.group, Group::Bass),
            };
            if !carries {
                continue;
            }
            let full = named([("kind", kind.into()), ("freq_hz", freq_hz.into()), ("gain_db", gain.into())]);
            let text = format!(
                "The reference has {its:.1} dB there against its middle, this mix {own:.1} dB: {{gain_db}} from {{freq_hz}}."
            );
            // The voice's own bands come first where it has no bus.
            let first = if group.is_bus { 1 } else { 3 };
            let taken =
                room.desk.strip(&group.strip).and_then(|s| s.insert("tone")).map_or(0, |i| i.bands.len());
            let place = Place::band(&group.strip, "tone", (taken + 1).min(first + number));
            let draft = Draft::new(
                "tone.reference",
                Family::Tone,
                place,
                full,
                named([("gain_db", 0.0.into())]),
                &text,
            )
            .nth(number + 1)
            .because("reference_db", its)
            .because("mix_db", own)
            .confidence(0.5)
            .evidence("half-way to a reference, within 2 dB; by convention, docs/decisions/047");
            room.book.put(&mut room.desk, draft);
        }
    }
}
