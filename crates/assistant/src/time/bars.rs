//! Where bars begin, and of how many beats they are.

use super::Analysis;
use crate::hear::{BANDS, Song, Track};
use dsp::math;
use dsp::meter::loudness::power_of_lufs;
use studio::mix::Group;

/// Power of a track between two moments of the song, against its active loudness.
pub(super) fn relative_power(track: &Track, from_seconds: f64, to_seconds: f64) -> f64 {
    let Some(active) = track.facts.active_lufs else { return 0.0 };
    let at = |seconds: f64| ((seconds - track.start_seconds) * 20.0).round().max(0.0) as usize;
    let (from, to) = (at(from_seconds), at(to_seconds));
    let part = track.film.loudness.iter().take(to).skip(from);
    let sum: f64 = part.map(|power| f64::from(*power)).sum();
    sum / to.saturating_sub(from).max(1) as f64 / power_of_lufs(active)
}

/// Parts of the spectrum that are compared from bar to bar: bass, low middle, middle, presence, treble.
const PARTS: usize = 5;

/// How loud each part of a track's spectrum is between two moments against its mean while it sounds: 1 there, 0 from 24 dB under it on, at most
/// 1.5. Parts that hold nothing of the track (30 dB under the whole) are 0.
pub(super) fn relative_bands(track: &Track, from_seconds: f64, to_seconds: f64) -> [f64; PARTS] {
    let at = |seconds: f64| ((seconds - track.start_seconds) * 10.0).round().max(0.0) as usize;
    let (from, to) = (at(from_seconds), at(to_seconds));
    let wide = BANDS / PARTS;
    let mut sums = [0.0; PARTS];
    for frame in track.film.bands.chunks(BANDS).take(to).skip(from) {
        for (sum, part) in sums.iter_mut().zip(frame.chunks(wide)) {
            *sum += part.iter().map(|power| f64::from(*power)).sum::<f64>();
        }
    }
    let all: f64 = track.facts.band_power.iter().sum();
    let mut out = [0.0; PARTS];
    for ((out, sum), part) in out.iter_mut().zip(sums).zip(track.facts.band_power.chunks(wide)) {
        let own: f64 = part.iter().sum();
        if own > 1e-3 * all {
            let power = sum / to.saturating_sub(from).max(1) as f64 / own;
            *out = ((math::power_to_db(power) + 24.0) / 24.0).clamp(0.0, 1.5);
        }
    }
    out
}

/// What is known of every beat.
struct Beats {
    low: Vec<f64>,
    snare: Vec<f64>,
    harmony: Vec<f64>,
}

/// Bar lines and beats of a bar.
pub(super) fn bars(song: &Song, analysis: &Analysis) -> (Vec<f64>, u32) {
    let beats = &analysis.beats_seconds;
    if beats.len() < 12 {
        return (beats.iter().copied().step_by(4).collect(), 4);
    }
    let known = listen(song, beats);
    let per_bar = if in_three(&known) { 3 } else { 4 };
    let phase = (0..per_bar)
        .max_by(|a, b| score(&known, per_bar, *a).total_cmp(&score(&known, per_bar, *b)))
        .unwrap_or(0);
    (beats.iter().copied().skip(phase).step_by(per_bar).collect(), per_bar as u32)
}

fn listen(song: &Song, beats: &[f64]) -> Beats {
    let strongest = |wanted: &dyn Fn(&Track) -> bool| -> Vec<f64> {
        let tracks: Vec<&Track> =
            song.playing().map(|(_, track)| track).filter(|track| wanted(track)).collect();
        let at = |seconds: f64| {
            let near = |track: &&Track| {
                let middle = ((seconds - track.start_seconds) * 100.0).round();
                let from = (middle - 4.0).max(0.0) as usize;
                let part = track.film.onset.iter().skip(from).take(9).copied().fold(0.0, f32::max);
                f64::from(part.min(12.0))
            };
            tracks.iter().map(near).sum::<f64>()
        };
        beats.iter().map(|seconds| at(*seconds)).collect()
    };
    let low = strongest(&|track| track.role.role.name == "kick" || track.role.role.group == Group::Bass);
    let snare = strongest(&|track| track.role.role.name == "snare");
    let chroma = super::chroma(song);
    let mean = |from: f64, to: f64| {
        let at = |seconds: f64| (seconds * crate::hear::CHROMA_PER_SECOND).round().max(0.0) as usize;
        let mut sum = [0.0; 12];
        for frame in chroma.iter().take(at(to).max(at(from) + 1)).skip(at(from)) {
            sum.iter_mut().zip(frame).for_each(|(sum, x)| *sum += x);
        }
        let norm = sum.iter().map(|x: &f64| x * x).sum::<f64>().sqrt();
        if norm > 0.0 {
            sum.iter_mut().for_each(|x| *x /= norm);
        }
        sum
    };
    let beat = (beats[beats.len() - 1] - beats[0]) / (beats.len() - 1) as f64;
    let harmony = beats
        .iter()
        .map(|seconds| {
            let (before, after) =
                (mean(seconds - 1.5 * beat, *seconds), mean(*seconds, seconds + 1.5 * beat));
            1.0 - before.iter().zip(&after).map(|(a, b)| a * b).sum::<f64>()
        })
        .collect();
    Beats { low: standard(low), snare: standard(snare), harmony: standard(harmony) }
}

/// Mean 0, deviation 1; zeros where nothing changes.
fn standard(mut values: Vec<f64>) -> Vec<f64> {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let deviation = (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt();
    values.iter_mut().for_each(|x| *x = if deviation > 1e-9 { (*x - mean) / deviation } else { 0.0 });
    values
}

/// Mean of what begins a bar over the beats of one phase: low notes and new chords, and no snare.
fn score(beats: &Beats, per_bar: usize, phase: usize) -> f64 {
    let mean = |values: &[f64], phase: usize| {
        let part: Vec<f64> = values.iter().copied().skip(phase).step_by(per_bar).collect();
        part.iter().sum::<f64>() / part.len().max(1) as f64
    };
    let strong = mean(&beats.low, phase) + 1.5 * mean(&beats.harmony, phase) - mean(&beats.snare, phase);
    // Backbeats on two and four.
    let back = if per_bar == 4 {
        0.5 * (mean(&beats.snare, (phase + 1) % 4) + mean(&beats.snare, (phase + 3) % 4))
    } else {
        0.0
    };
    strong + back
}

/// Whether threes fit better than fours and twos.
fn in_three(beats: &Beats) -> bool {
    let fit = |lag: usize| {
        let one = |values: &[f64]| {
            let pairs = values.iter().zip(values.iter().skip(lag));
            pairs.map(|(a, b)| a * b).sum::<f64>() / values.len().saturating_sub(lag).max(1) as f64
        };
        one(&beats.low) + one(&beats.snare) + one(&beats.harmony)
    };
    // By estimate, 2026-11-21: songs in four have more at 4 and 2 than at 3 by 0.5 and more.
    fit(3) > fit(4) + 0.3 && fit(3) > fit(2) + 0.3
}
