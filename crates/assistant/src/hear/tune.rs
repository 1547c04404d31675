//! Held notes: how far from their grid, whether they waver, whether they glide.

use super::activity::percentile;
use super::facts::Pitch;
use dsp::math;

/// Values a second.
const PER_SECOND: f64 = 50.0;
/// Shortest held note, in values: 100 ms.
const HELD: usize = 5;
/// Shortest note that can be told to waver: 400 ms, two waves at 5 Hz.
const WAVERING: usize = 20;
/// Neighbours that differ by less are one note, semitones.
const STEP: f64 = 0.6;
/// Least depth of a vibrato, as root mean square, semitones: 15 cents of amplitude (f.2).
const VIBRATO: f64 = 0.106;

/// Fills tuning, deviation, vibrato and glide.
pub(super) fn read(pitch_hz: &[f32], pitch: &mut Pitch) {
    let semitones: Vec<Option<f64>> = pitch_hz
        .iter()
        .map(|hz| (*hz > 0.0).then(|| 69.0 + 12.0 * math::log2(f64::from(*hz) / 440.0)))
        .collect();
    let notes = notes(&semitones);
    let (mut x, mut y, mut weight) = (0.0, 0.0, 0.0);
    for note in notes.iter().filter(|note| note.len() >= HELD) {
        let turn = math::TAU * median(note);
        x += note.len() as f64 * math::cos(turn);
        y += note.len() as f64 * math::sin(turn);
        weight += note.len() as f64;
    }
    if weight > 0.0 {
        pitch.tuning_cents = 100.0 * math::atan2(y, x) / math::TAU;
        pitch.tuning_strength = (x * x + y * y).sqrt() / weight;
        let distance = |note: &&Vec<f64>| {
            let away = median(note) - pitch.tuning_cents / 100.0;
            100.0 * (away - away.round()).abs()
        };
        let held = notes.iter().filter(|note| note.len() >= HELD);
        pitch.deviation_cents = percentile(held.map(|note| distance(&note)).collect(), 0.5).unwrap_or(0.0);
    }
    let long: Vec<&Vec<f64>> = notes.iter().filter(|note| note.len() >= WAVERING).collect();
    let all: usize = long.iter().map(|note| note.len()).sum();
    let wavering: usize = long.iter().filter(|note| wavers(note)).map(|note| note.len()).sum();
    pitch.vibrato_share = if all > 0 { wavering as f64 / all as f64 } else { 0.0 };
    // Over 60 ms, so that the grain of the estimate does not count.
    let slopes = semitones.windows(4).filter_map(|four| match four {
        [Some(a), Some(_), Some(_), Some(b)] => Some((b - a).abs() * PER_SECOND / 3.0),
        _ => None,
    });
    pitch.glide_semitones_per_second = percentile(slopes.collect(), 0.5).unwrap_or(0.0);
}

/// Stretches without a break or a step.
fn notes(semitones: &[Option<f64>]) -> Vec<Vec<f64>> {
    let mut notes: Vec<Vec<f64>> = Vec::new();
    let mut last: Option<f64> = None;
    for value in semitones {
        if let Some(value) = value {
            match notes.last_mut().filter(|_| last.is_some_and(|last| (value - last).abs() < STEP)) {
                Some(note) => note.push(*value),
                None => notes.push(vec![*value]),
            }
        }
        last = *value;
    }
    notes
}

fn median(note: &[f64]) -> f64 {
    percentile(note.to_vec(), 0.5).unwrap_or(0.0)
}

/// Whether a note goes up and down 4 to 8 times a second.
fn wavers(note: &[f64]) -> bool {
    // What is slower than 3 Hz is taken out: the mean over a third of a second.
    let around = 8;
    let flat: Vec<f64> = (0..note.len())
        .map(|n| {
            let part = &note[n.saturating_sub(around)..(n + around + 1).min(note.len())];
            note[n] - part.iter().sum::<f64>() / part.len() as f64
        })
        .collect();
    let power = flat.iter().map(|x| x * x).sum::<f64>() / flat.len() as f64;
    let turns = flat.windows(2).filter(|pair| (pair[0] < 0.0) != (pair[1] < 0.0)).count();
    let hz = 0.5 * turns as f64 * PER_SECOND / flat.len() as f64;
    power.sqrt() > VIBRATO && (4.0..=8.0).contains(&hz)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_notes(shape: impl Fn(usize) -> f64) -> Pitch {
        let course: Vec<f32> =
            (0..1000).map(|n| (440.0 * math::exp2((shape(n) - 69.0) / 12.0)) as f32).collect();
        let mut pitch = Pitch::default();
        read(&course, &mut pitch);
        pitch
    }

    #[test]
    fn the_grid_of_a_track_is_found_and_what_is_off_it() {
        // A scale, a third of a semitone sharp, each note 0.4 s.
        let pure = read_notes(|n| 60.33 + (n / 20 % 7) as f64);
        assert!((pure.tuning_cents - 33.0).abs() < 0.5 && pure.tuning_strength > 0.99, "{pure:?}");
        assert!(pure.deviation_cents < 0.5, "{pure:?}");
        // Notes off by up to 40 cents in turn.
        let off = read_notes(|n| 60.0 + (n / 20 % 7) as f64 + [0.0, 0.4, -0.4, 0.3, -0.3, 0.2][n / 20 % 6]);
        assert!(off.deviation_cents > 15.0 && off.tuning_strength < 0.6, "{off:?}");
    }

    #[test]
    fn vibrato_is_told_from_a_straight_note_and_from_a_slide() {
        let note = |depth: f64, hz: f64| {
            move |n: usize| {
                60.0 + (n / 50 % 3) as f64 + depth * math::sin(math::TAU * hz * n as f64 / PER_SECOND)
            }
        };
        assert!(read_notes(note(0.3, 5.5)).vibrato_share > 0.9);
        assert_eq!(read_notes(note(0.02, 5.5)).vibrato_share, 0.0);
        assert_eq!(read_notes(note(0.3, 1.0)).vibrato_share, 0.0);
        let slide = read_notes(|n| 60.0 + (n % 100) as f64 * 0.05);
        assert_eq!(slide.vibrato_share, 0.0);
        assert!((slide.glide_semitones_per_second - 2.5).abs() < 0.1, "{slide:?}");
        assert!(read_notes(|_| 60.0).glide_semitones_per_second < 0.01);
    }
}
