//! Signals with a known answer. Levels are linear peaks, times are in seconds.

use libm::{pow, sin};

/// A sine. `phase` in radians.
#[must_use]
pub fn sine(frequency_hz: f64, peak: f64, phase: f64, seconds: f64, sample_rate_hz: f64) -> Vec<f64> {
    let frames = (seconds * sample_rate_hz).round() as usize;
    (0..frames)
        .map(|n| {
            // Whole turns are dropped first, so that long signals keep their phase.
            let turns = frequency_hz * n as f64 / sample_rate_hz;
            peak * sin(core::f64::consts::TAU * (turns - turns.floor()) + phase)
        })
        .collect()
}

/// White noise, uniform in ±`peak`, the same for the same seed.
#[must_use]
pub fn noise(peak: f64, seed: u64, frames: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493) | 1;
    (0..frames)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            peak * ((state >> 11) as f64 / 4_503_599_627_370_496.0 - 1.0)
        })
        .collect()
}

/// One sample of `peak` at frame `at`, silence around it.
#[must_use]
pub fn impulse(peak: f64, at: usize, frames: usize) -> Vec<f64> {
    let mut signal = vec![0.0; frames];
    signal[at] = peak;
    signal
}

/// Linear amplitude of decibels.
#[must_use]
pub fn db(value: f64) -> f64 {
    pow(10.0, value / 20.0)
}
