//! What is heard of a track as numbers on scales on which roles lie apart. None of them depends on its level.

use crate::hear::{BANDS, Track};
use dsp::math;

/// Bands of the film in one value of the colour.
const TOGETHER: usize = 4;

/// Names of the features, in the order of [`features`].
pub const FEATURES: [&str; 38] = [
    "crest",
    "centroid",
    "flatness",
    "low",
    "high",
    "power80",
    "onsets",
    "decay",
    "rise",
    "fall_low",
    "fall_middle",
    "fall_high",
    "notes",
    "moves",
    "steady",
    "pitched",
    "periodic",
    "pitch",
    "range",
    "deviation",
    "vibrato",
    "glide",
    "tuned",
    "partials",
    "sibilants",
    "hiss",
    "width",
    "active",
    "colour0",
    "colour1",
    "colour2",
    "colour3",
    "colour4",
    "colour5",
    "colour6",
    "colour7",
    "colour8",
    "colour9",
];

fn ln(x: f64, low: f64, high: f64) -> f64 {
    math::ln(x.clamp(low, high))
}

/// Logarithm of the odds of a share.
fn odds(share: f64) -> f64 {
    math::ln((share.clamp(0.0, 1.0) + 0.004) / (1.004 - share.clamp(0.0, 1.0)))
}

/// Features of a track, one for each of [`FEATURES`].
#[must_use]
pub fn features(track: &Track) -> [f64; FEATURES.len()] {
    let (facts, film) = (&track.facts, &track.film);
    let (character, pitch) = (&facts.character, &facts.pitch);
    let fall = |db: f64| 0.01 * db.clamp(-100.0, 300.0);
    let mut out = [0.0; FEATURES.len()];
    let single = [
        facts.crest_db / 6.0,
        ln(facts.centroid_hz, 30.0, 16_000.0),
        ln(facts.flatness, 0.001, 1.0),
        odds(facts.low_share),
        odds(facts.high_share),
        ln(facts.power_80_hz, 30.0, 16_000.0),
        facts.onsets_per_second.min(12.0).sqrt(),
        ln(facts.decay_seconds.unwrap_or(4.0), 0.03, 4.0),
        ln(character.rise_seconds, 0.01, 1.0),
        fall(character.fall_low_db_per_second),
        fall(character.fall_middle_db_per_second),
        fall(character.fall_high_db_per_second),
        ln(character.notes_at_once, 1.0, 12.0),
        ln(character.colour_moves_db, 0.1, 20.0),
        ln(character.steadiness_db, 0.05, 20.0),
        pitch.share,
        pitch.periodicity,
        ln(pitch.median_hz, 30.0, 1_500.0),
        ln(pitch.p95_hz / pitch.p5_hz.max(1.0), 1.0, 16.0),
        pitch.deviation_cents / 10.0,
        pitch.vibrato_share,
        ln(pitch.glide_semitones_per_second, 0.05, 20.0),
        pitch.tuning_strength,
        (facts.partials[0] * facts.partials[0] + facts.partials[1] * facts.partials[1]).sqrt(),
        facts.sibilance.map_or(0.0, |hiss| hiss.per_second.min(4.0).sqrt()),
        facts.sibilance.map_or(-4.0, |hiss| (hiss.over_vowels_lu / 10.0).clamp(-4.0, 4.0)),
        facts.stereo.as_ref().map_or(-4.0, |stereo| (stereo.side_to_mid_db / 10.0).clamp(-4.0, 1.0)),
        facts.active_share,
    ];
    out[..single.len()].copy_from_slice(&single);
    let bands = film.mean_bands();
    let total: f64 = bands.iter().sum();
    for (value, part) in out[single.len()..].iter_mut().zip(bands.chunks(TOGETHER)) {
        let share = part.iter().sum::<f64>() / total.max(1e-30);
        *value = math::power_to_db(share.max(1e-5)) / 10.0;
    }
    out
}

// Ten values of the colour, and no band is left out.
const _: () = assert!(BANDS / TOGETHER == 10 && BANDS.is_multiple_of(TOGETHER));
