//! How sounds begin, hold and change: what tells a bow from a pick, a voice from an organ.

use super::activity::percentile;
use super::facts::Character;
use super::film::{BANDS, Film};
use super::listen::ONSET_BANDS;
use super::onsets::Course;
use dsp::math;

/// Values of the course a second.
const PER_SECOND: f64 = 100.0;
/// Longest beginning and longest fall that are looked at, in values of the course: one second and 0.4 seconds.
const RISE: usize = 100;
const FALL: usize = 40;
/// A fall that is faster counts as this, dB a second.
const FASTEST: f64 = 300.0;
/// What is softer than the strongest band by more than this says nothing about the colour, dB.
const COLOUR_DB: f64 = 40.0;

/// Reads it from powers in the bands of onsets, the course of levels and the film.
pub(super) fn read(fast: &[f32], course: &Course, onsets: &[usize], film: &Film) -> Character {
    let beginnings = beginnings(onsets, film, course.level_db.len());
    let [low, middle, high] = falls(fast, course, &beginnings);
    Character {
        rise_seconds: rise(course, &beginnings),
        fall_low_db_per_second: low,
        fall_middle_db_per_second: middle,
        fall_high_db_per_second: high,
        notes_at_once: notes_at_once(film),
        colour_moves_db: colour_moves(film),
        steadiness_db: steadiness(course, film),
    }
}

/// Onsets, and moments where a pause ends: what swells has no onset.
fn beginnings(onsets: &[usize], film: &Film, length: usize) -> Vec<usize> {
    let mut all = onsets.to_vec();
    let pauses = film.active.windows(2).enumerate().filter(|(_, pair)| !pair[0] && pair[1]);
    for at in pauses.map(|(n, _)| 5 * (n + 1)).filter(|at| *at < length) {
        if onsets.iter().all(|onset| onset.abs_diff(at) > 20) {
            all.push(at);
        }
    }
    all.sort_unstable();
    all
}

/// Median time from 12 dB under the top of a sound to 2 dB under it.
fn rise(course: &Course, beginnings: &[usize]) -> f64 {
    let level = &course.level_db;
    let times = beginnings.iter().enumerate().filter_map(|(number, &start)| {
        let next = beginnings.get(number + 1).copied().unwrap_or(level.len());
        let part = level.get(start..next.min(start + RISE).min(level.len()))?;
        let top = part.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let reached = start + part.iter().position(|db| *db >= top - 2.0)?;
        let from = (start.saturating_sub(10)..reached).rev().find(|at| level[*at] < top - 12.0);
        Some((reached - from.map_or(start, |from| from + 1)) as f64 / PER_SECOND)
    });
    percentile(times.collect(), 0.5).unwrap_or(0.0)
}

/// Median falls after the top of a sound below 300 Hz, to 2 kHz and above, dB a second.
fn falls(fast: &[f32], course: &Course, beginnings: &[usize]) -> [f64; 3] {
    // Bands of onsets are evenly spread in the logarithm from 47 Hz to 16 kHz: these borders are 340 and 2060 Hz.
    let parts = [(0, 4), (4, 8), (8, ONSET_BANDS)];
    parts.map(|(first, end)| {
        let power = |at: usize| -> f64 {
            fast.get(at * ONSET_BANDS + first..at * ONSET_BANDS + end)
                .map_or(0.0, |bands| bands.iter().map(|power| f64::from(*power)).sum())
        };
        let slopes = beginnings.iter().enumerate().filter_map(|(number, &start)| {
            let next = beginnings.get(number + 1).copied().unwrap_or(course.level_db.len());
            let top = (start..next.min(start + 12)).max_by(|a, b| power(*a).total_cmp(&power(*b)))?;
            let end = next.saturating_sub(1).min(top + FALL);
            let (from, to) = (power(top), power(end));
            // At least 80 ms, and something to fall.
            if end < top + 8 || from < 1e-9 {
                return None;
            }
            let fall = math::power_to_db(from) - math::power_to_db(to.max(1e-12));
            Some((fall * PER_SECOND / (end - top) as f64).clamp(-FASTEST, FASTEST))
        });
        percentile(slopes.collect(), 0.5).unwrap_or(0.0)
    })
}

/// Median number of notes of an octave that sound together: 2 to the power of the entropy of the chroma's amplitudes.
fn notes_at_once(film: &Film) -> f64 {
    let frames = film.chroma.chunks_exact(12).enumerate().filter_map(|(n, chroma)| {
        if !film.active.get(4 * n).copied().unwrap_or(false) {
            return None;
        }
        let sum: f64 = chroma.iter().map(|power| f64::from(*power)).sum();
        if sum <= 1e-12 {
            return None;
        }
        let entropy: f64 = chroma
            .iter()
            .map(|power| f64::from(*power) / sum)
            .filter(|share| *share > 1e-6)
            .map(|share| -share * math::log2(share))
            .sum();
        Some(math::exp2(entropy))
    });
    percentile(frames.collect(), 0.5).unwrap_or(0.0)
}

/// Median change of the colour (levels of bands less their mean) from one frame of the film to the next, dB.
fn colour_moves(film: &Film) -> f64 {
    let colour = |frame: usize| -> Option<[f64; BANDS]> {
        let bands = film.frame(frame);
        let top = bands.iter().copied().fold(0.0_f32, f32::max);
        if top <= 0.0 || !film.sounds(frame) {
            return None;
        }
        let floor = f64::from(top) * math::db_to_power(-COLOUR_DB);
        let mut levels = [0.0; BANDS];
        for (level, power) in levels.iter_mut().zip(bands) {
            *level = 10.0 * LOG10_2 * math::fast_log2(f64::from(*power) + floor);
        }
        let mean = levels.iter().sum::<f64>() / BANDS as f64;
        levels.iter_mut().for_each(|level| *level -= mean);
        Some(levels)
    };
    let frames: Vec<Option<[f64; BANDS]>> = (0..film.frames()).map(colour).collect();
    let moves = frames.windows(2).filter_map(|pair| {
        let (a, b) = (pair[0].as_ref()?, pair[1].as_ref()?);
        let square: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
        Some((square / BANDS as f64).sqrt())
    });
    percentile(moves.collect(), 0.5).unwrap_or(0.0)
}

/// log10(2).
const LOG10_2: f64 = math::LN_2 / math::LN_10;

/// Median change of the level over 50 ms, dB: small for what is held.
fn steadiness(course: &Course, film: &Film) -> f64 {
    let on = |at: usize| film.active.get(at / 5).copied().unwrap_or(false);
    let level = &course.level_db;
    let changes = (5..level.len()).filter(|at| on(*at)).map(|at| (level[at] - level[at - 5]).abs());
    percentile(changes.collect(), 0.5).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sound each second: rises by 40 dB in `rise` seconds, then each third of the bands falls by its slope, dB a second.
    fn sounds(rise: f64, falls: [f64; 3]) -> Vec<f32> {
        (0..1200)
            .flat_map(|n| {
                let since = f64::from(n % 100) / PER_SECOND;
                let level = |slope: f64| {
                    if since < rise { -40.0 * (1.0 - since / rise) } else { -slope * (since - rise) }
                };
                let parts = falls.map(|slope| (0.01 * math::db_to_power(level(slope).max(-60.0))) as f32);
                [[parts[0]; 4], [parts[1]; 4], [parts[2]; 4]].concat()
            })
            .collect()
    }

    fn of(fast: &[f32], film: &Film) -> Character {
        let course = Course::new(fast);
        let onsets = course.onsets();
        read(fast, &course, &onsets, film)
    }

    fn sounding() -> Film {
        Film { active: vec![true; 240], ..Film::default() }
    }

    #[test]
    fn a_stroke_rises_at_once_and_a_swell_in_its_time() {
        assert!(of(&sounds(0.01, [30.0; 3]), &sounding()).rise_seconds <= 0.02);
        // From -12 to -2 dB of 40 dB in 0.3 s: 75 ms.
        let swell = of(&sounds(0.3, [30.0; 3]), &sounding()).rise_seconds;
        assert!((swell - 0.075).abs() <= 0.02, "{swell}");
    }

    #[test]
    fn each_part_of_the_spectrum_falls_by_its_own_slope() {
        let found = of(&sounds(0.01, [15.0, 40.0, 90.0]), &sounding());
        for (found, slope) in [
            (found.fall_low_db_per_second, 15.0),
            (found.fall_middle_db_per_second, 40.0),
            (found.fall_high_db_per_second, 90.0),
        ] {
            assert!((found / slope - 1.0).abs() < 0.1, "{found} {slope}");
        }
    }

    #[test]
    fn a_line_is_one_note_and_a_chord_as_many_as_it_has() {
        for count in [1, 2, 3] {
            let frame: Vec<f32> =
                (0..12).map(|note| if note % 4 == 0 && note < 4 * count { 0.1 } else { 0.0 }).collect();
            let film = Film { chroma: frame.repeat(60), ..sounding() };
            let found = of(&sounds(0.01, [30.0; 3]), &film).notes_at_once;
            assert!((found - f64::from(count)).abs() < 1e-6, "{count}: {found}");
        }
    }

    #[test]
    fn level_is_no_colour_and_another_balance_is() {
        let film = |shape: &dyn Fn(usize, usize) -> f64| {
            let bands = (0..120).flat_map(|n| (0..BANDS).map(move |band| shape(n, band) as f32)).collect();
            Film { bands, ..sounding() }
        };
        // Louder and softer in turn by 12 dB: nothing moves.
        let still = film(&|n, band| math::db_to_power(12.0 * (n % 2) as f64 - band as f64 * 0.5));
        assert!(of(&sounds(0.01, [30.0; 3]), &still).colour_moves_db < 0.01);
        // The upper half up by 6 dB and down again: 3 dB either side of the mean.
        let moving = film(&|n, band| math::db_to_power(if band >= 20 { 6.0 * (n % 2) as f64 } else { 0.0 }));
        let found = of(&sounds(0.01, [30.0; 3]), &moving).colour_moves_db;
        assert!((found - 3.0).abs() < 0.05, "{found}");
    }
}
