//! How fast a song goes: a modest estimate, with how sure it is.
//!
//! Rises of the level in steps of 10 ms are compared with themselves later; the delay at which they fit best is a beat. Good
//! enough to suggest a pause of so many beats, and silent where there is no steady beat.

use dsp::math;
use serde::Serialize;

/// Length of a step, seconds.
pub(super) const STEP_SECONDS: f64 = 0.01;
/// Slowest and fastest beat looked for, beats a minute. By our own convention: what a foot taps.
const SLOWEST_BPM: f64 = 50.0;
const FASTEST_BPM: f64 = 200.0;
/// Of beats that fit equally well, the one nearest this is meant: the maximum of preferred tempo (Moelants, "Preferred
/// tempo reconsidered", ICMPC 2002: 120 to 130 beats a minute).
const PREFERRED_BPM: f64 = 120.0;
/// How far from it, octaves, until the preference falls to 60 %. By calibration, 2026-11-21.
const PREFERRED_OCTAVES: f64 = 0.9;
/// Least correlation that is believed. By calibration, 2026-11-21, on clicks with jitter (0.5 and more) and noise, swells and
/// speech (under 0.15).
const LEAST_CONFIDENCE: f64 = 0.25;
/// Longest stretch that is looked at, seconds: the beginning of a song says how it goes.
const LONGEST_SECONDS: f64 = 120.0;

/// A tempo and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tempo {
    /// Beats a minute.
    pub bpm: f64,
    /// Correlation of the rises with themselves a beat later, 0 to 1.
    pub confidence: f64,
}

impl Tempo {
    /// Whether it may be acted upon.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.confidence >= LEAST_CONFIDENCE
    }

    /// Length of a beat, seconds.
    #[must_use]
    pub fn beat_seconds(&self) -> f64 {
        60.0 / self.bpm
    }
}

/// Steps on either side over which the mean of rises is taken: a second in all.
const AROUND_STEPS: usize = 50;

/// Rises of a level (power per step) in nepers, the mean taken out.
fn rises(powers: &[f32]) -> Vec<f64> {
    let mean = powers.iter().map(|power| f64::from(*power)).sum::<f64>() / powers.len().max(1) as f64;
    // 30 dB under the mean: what is softer is no blow.
    let floor = f64::max(1e-3 * mean, f64::MIN_POSITIVE);
    let levels: Vec<f64> = powers.iter().map(|power| math::ln(f64::from(*power) + floor)).collect();
    let all: Vec<f64> = levels.windows(2).map(|pair| (pair[1] - pair[0]).max(0.0)).collect();
    // The mean of the second around each is taken out: swells are no beats.
    let sums: Vec<f64> = std::iter::once(0.0)
        .chain(all.iter().scan(0.0, |sum, rise| {
            *sum += rise;
            Some(*sum)
        }))
        .collect();
    let around = |at: usize| {
        let (from, to) = (at.saturating_sub(AROUND_STEPS), (at + AROUND_STEPS + 1).min(all.len()));
        (sums[to] - sums[from]) / (to - from) as f64
    };
    let mut rises: Vec<f64> = all.iter().enumerate().map(|(at, rise)| rise - around(at)).collect();
    // Two steps wide, so that blows that miss a step still meet.
    for at in (1..rises.len()).rev() {
        rises[at] = 0.5 * (rises[at] + rises[at - 1]);
    }
    rises
}

/// Correlation of a list with itself `lag` later, per overlap, over its power.
fn correlation(rises: &[f64], lag: usize) -> f64 {
    let Some(later) = rises.get(lag..) else { return 0.0 };
    let power = rises.iter().map(|rise| rise * rise).sum::<f64>() / rises.len().max(1) as f64;
    let product = rises.iter().zip(later).map(|(a, b)| a * b).sum::<f64>() / later.len().max(1) as f64;
    if power > 0.0 { product / power } else { 0.0 }
}

/// The tempo of a course of powers in steps of [`STEP_SECONDS`]; `None` under eight seconds or in silence.
pub(super) fn tempo(powers: &[f32]) -> Option<Tempo> {
    let powers = &powers[..powers.len().min((LONGEST_SECONDS / STEP_SECONDS) as usize)];
    // Eight seconds hold enough of the slowest beats.
    if powers.len() < (8.0 / STEP_SECONDS) as usize {
        return None;
    }
    let rises = rises(powers);
    let lag_of = |bpm: f64| (60.0 / bpm / STEP_SECONDS) as usize;
    let (first, last) = (lag_of(FASTEST_BPM), lag_of(SLOWEST_BPM) + 1);
    let curve: Vec<f64> = (0..=2 * last + 2).map(|lag| correlation(&rises, lag)).collect();
    let score = |lag: usize| {
        let octaves = math::log2(60.0 / (lag as f64 * STEP_SECONDS) / PREFERRED_BPM) / PREFERRED_OCTAVES;
        // A true beat fits two beats later as well.
        (curve[lag] + 0.5 * curve[2 * lag]) * math::exp(-0.5 * octaves * octaves)
    };
    let best = (first..=last).max_by(|a, b| score(*a).total_cmp(&score(*b)))?;
    let confidence = curve[best].clamp(0.0, 1.0);
    if confidence <= 0.0 {
        return None;
    }
    Some(Tempo { bpm: 60.0 / (refined(&rises, best) * STEP_SECONDS), confidence })
}

/// A lag between the steps: the top of a parabola through the correlation four beats later, where errors are a quarter.
fn refined(rises: &[f64], lag: usize) -> f64 {
    let around = 4 * lag;
    let top = (around.saturating_sub(2)..=around + 2)
        .max_by(|a, b| correlation(rises, *a).total_cmp(&correlation(rises, *b)))
        .unwrap_or(around);
    let (before, at, after) =
        (correlation(rises, top - 1), correlation(rises, top), correlation(rises, top + 1));
    let bend = before - 2.0 * at + after;
    let shift = if bend < 0.0 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 };
    (top as f64 + shift) / 4.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Powers of blows that decay by 60 dB in 0.25 s, `bpm` beats a minute, over a floor.
    fn blows(bpm: f64, seconds: f64) -> Vec<f32> {
        let beat = 60.0 / bpm;
        (0..(seconds / STEP_SECONDS) as usize)
            .map(|step| {
                let since = (step as f64 * STEP_SECONDS) % beat;
                (math::exp(-since * 55.0) + 1e-4) as f32
            })
            .collect()
    }

    #[test]
    fn a_beat_is_found_within_a_hundredth() {
        for bpm in [70.0, 92.0, 120.0, 128.0, 141.0] {
            let found = tempo(&blows(bpm, 30.0)).expect("there is a beat");
            assert!((found.bpm / bpm - 1.0).abs() < 0.01, "{bpm}: {found:?}");
            assert!(found.is_sure(), "{bpm}: {found:?}");
        }
    }

    #[test]
    fn noise_and_swells_have_no_sure_beat_and_silence_has_none() {
        let noise = testkit::signals::noise(1.0, 5, 3000);
        let noise: Vec<f32> = noise.iter().map(|x| (1.0 + 0.5 * x) as f32).collect();
        assert!(!tempo(&noise).is_some_and(|tempo| tempo.is_sure()), "{:?}", tempo(&noise));
        let swell: Vec<f32> = (0..3000).map(|n| (1.0 + math::sin(f64::from(n) * 0.005)) as f32).collect();
        assert!(!tempo(&swell).is_some_and(|tempo| tempo.is_sure()), "{:?}", tempo(&swell));
        assert_eq!(tempo(&[0.0; 3000]), None);
        assert_eq!(tempo(&[1.0; 300]), None);
    }
}
