//! Low middle that builds up (200 to 500 Hz): every guitar of a band gives away what it has there more than guitars have.

use super::clean::add_colour;
use super::lanes::Room;
use super::tone::level_db;
use crate::hear::{BANDS, band_centre_hz};
use crate::moves::{Draft, Family, Place, named};
use dsp::math::{exp, ln};
use studio::mix::Group;

/// Where mud is (C7, the vocabulary: 200 to 500 Hz), and the two octaves above it that carry a guitar, Hz.
const MUD_HZ: (f64, f64) = (200.0, 450.0);
const CARRIES_HZ: (f64, f64) = (450.0, 1800.0);
/// What guitars have there against those two octaves, dB. By calibration, 2026-11-22, docs/decisions/051: eight electric ones of the
/// corpus -7 to -4, three real ones -3.5 to -2; acoustic ones of the corpus alone.
const ELECTRIC_DB: f64 = -4.5;
const ACOUSTIC_DB: f64 = -7.0;
/// Share of what is more that is taken (C7), the most of it, and the least that is worth a filter, dB. The most is our own
/// convention: under the 3 dB of C7, for instruments differ.
const SHARE: f64 = 0.4;
const MOST_DB: f64 = 2.5;
const LEAST_DB: f64 = 0.5;
/// As wide as the part of the spectrum itself: an octave and a bit.
const Q: f64 = 1.0;
/// Where fewer groups play, a guitar may be as warm as it likes.
const BAND_OF: usize = 3;

/// What guitars of a role usually have.
fn usual_db(role: &str) -> Option<f64> {
    match role {
        "electric guitar" => Some(ELECTRIC_DB),
        "acoustic guitar" => Some(ACOUSTIC_DB),
        _ => None,
    }
}

/// Takes low middle out of guitars that have too much of it, where they share it with a voice or a bass.
pub(super) fn work(room: &mut Room<'_>) {
    let shared = room.has(Group::Vocals) || room.has(Group::Bass);
    if !shared || room.groups.len() < BAND_OF {
        return;
    }
    for number in 0..room.lanes.len() {
        if let Some(usual) = usual_db(room.lanes[number].role.name) {
            one(room, number, usual);
        }
    }
}

/// Cut for a spectrum that should have `usual_db`: where, how much, and what it has.
pub(super) fn cut(bands: &[f64], usual_db: f64) -> Option<(f64, f64, f64)> {
    let has = level_db(bands, MUD_HZ.0, MUD_HZ.1) - level_db(bands, CARRIES_HZ.0, CARRIES_HZ.1);
    let gain = -(SHARE * (has - usual_db)).min(MOST_DB);
    (gain <= -LEAST_DB).then(|| (middle_hz(bands), gain, has))
}

/// Middle of what is there, in octaves.
fn middle_hz(bands: &[f64]) -> f64 {
    let own = (0..BANDS).filter(|band| (MUD_HZ.0..MUD_HZ.1).contains(&band_centre_hz(*band)));
    let (mut sum, mut weighted) = (0.0, 0.0);
    for band in own {
        let power = bands.get(band).copied().unwrap_or(0.0);
        sum += power;
        weighted += power * ln(band_centre_hz(band));
    }
    if sum > 0.0 { exp(weighted / sum) } else { (MUD_HZ.0 * MUD_HZ.1).sqrt() }
}

fn one(room: &mut Room<'_>, number: usize, usual: f64) {
    let lane = room.lanes[number].clone();
    let Some((freq_hz, gain, has)) = cut(&room.facts(&lane).band_power, usual) else { return };
    let taken = room.desk.strip(&lane.id).and_then(|s| s.insert("tone")).map_or(0, |i| i.bands.len());
    let full = named([
        ("kind", "bell".into()),
        ("freq_hz", freq_hz.into()),
        ("gain_db", gain.into()),
        ("q", Q.into()),
    ]);
    let text = format!(
        "At 200 to 450 Hz it has {has:.1} dB against the two octaves above, guitars in a band about {usual:.0} dB: {{gain_db}} of that mud at {{freq_hz}}."
    );
    let place = Place::band(&lane.id, "tone", taken + 1);
    let neutral = named([("gain_db", 0.0.into())]);
    let draft = Draft::new("tone.mud", Family::Tone, place, full, neutral, &text)
        .because("against_two_octaves_above_db", has)
        .because("usual_db", usual)
        .share(lane.share)
        .confidence(0.45)
        .or("leave its warmth alone: undo tone.mud")
        .evidence("low middle adds up over the tracks of a band, four tenths of the excess (mixing.md C7)");
    if let Some(told) = room.book.put(&mut room.desk, draft) {
        let gain = told.value.number_of("gain_db").unwrap_or(0.0);
        add_colour(room, number, ("bell", freq_hz, gain, Q));
    }
}
