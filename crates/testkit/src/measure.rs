//! Measurements made the plain way.

use libm::{cos, log10, sin, sqrt};

/// Decibels of an amplitude.
#[must_use]
pub fn to_db(gain: f64) -> f64 {
    20.0 * log10(gain.abs())
}

/// Largest magnitude.
#[must_use]
pub fn peak(signal: &[f64]) -> f64 {
    signal.iter().fold(0.0, |peak, x| f64::max(peak, x.abs()))
}

/// Root of the mean square.
#[must_use]
pub fn rms(signal: &[f64]) -> f64 {
    sqrt(signal.iter().map(|x| x * x).sum::<f64>() / signal.len().max(1) as f64)
}

/// Level of `a - b` in decibels re full scale; `-inf` when they are equal.
#[must_use]
pub fn null_db(a: &[f64], b: &[f64]) -> f64 {
    to_db(a.iter().zip(b).fold(0.0, |peak, (x, y)| f64::max(peak, (x - y).abs())))
}

/// Amplitude (peak) and phase in radians of the component at `frequency_hz`, by correlation over the whole signal.
/// Exact when the signal holds a whole number of periods.
#[must_use]
pub fn tone(signal: &[f64], frequency_hz: f64, sample_rate_hz: f64) -> (f64, f64) {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, x) in signal.iter().enumerate() {
        let turns = frequency_hz * n as f64 / sample_rate_hz;
        let angle = core::f64::consts::TAU * (turns - turns.floor());
        re += x * sin(angle);
        im += x * cos(angle);
    }
    let scale = 2.0 / signal.len().max(1) as f64;
    (scale * sqrt(re * re + im * im), libm::atan2(im, re))
}

/// Magnitude in decibels of the frequency response at `frequency_hz` of an impulse response.
#[must_use]
pub fn response_db(impulse_response: &[f64], frequency_hz: f64, sample_rate_hz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (n, x) in impulse_response.iter().enumerate() {
        let turns = frequency_hz * n as f64 / sample_rate_hz;
        let angle = core::f64::consts::TAU * (turns - turns.floor());
        re += x * cos(angle);
        im -= x * sin(angle);
    }
    10.0 * log10(re * re + im * im)
}
