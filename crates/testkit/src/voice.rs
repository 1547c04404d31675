//! A voice with known vowels and sibilants.

use crate::measure::rms;
use crate::signals::noise;
use libm::{cos, exp, sin};

/// Vowel: harmonics of a sawtooth through three formants, with soft ends.
#[must_use]
pub fn vowel(f0_hz: f64, level: f64, seconds: f64, sample_rate_hz: f64) -> Vec<f64> {
    let frames = (seconds * sample_rate_hz).round() as usize;
    // Formants of an open vowel: frequency, width, weight.
    let formants = [(700.0, 130.0, 1.0), (1_200.0, 150.0, 0.6), (2_600.0, 250.0, 0.2)];
    let harmonics: Vec<(f64, f64)> = (1..)
        .map(|h| f64::from(h) * f0_hz)
        .take_while(|f| *f < 5_000.0)
        .map(|f| {
            let gain: f64 = formants
                .iter()
                .map(|(at, width, weight)| weight / (1.0 + ((f - at) / width) * ((f - at) / width)))
                .sum();
            (f, f0_hz / f * (gain + 0.02))
        })
        .collect();
    let sound = (0..frames).map(|n| {
        let t = n as f64 / sample_rate_hz;
        harmonics.iter().map(|(f, a)| a * sin(core::f64::consts::TAU * f * t + f * 0.01)).sum()
    });
    shaped(sound.collect(), level, sample_rate_hz)
}

/// Sibilant: noise from 4.6 kHz up (two differences and a resonance at 6.5 kHz), with soft ends.
#[must_use]
pub fn sibilant(seed: u64, level: f64, seconds: f64, sample_rate_hz: f64) -> Vec<f64> {
    let frames = (seconds * sample_rate_hz).round() as usize;
    let (radius, turn) = (0.8, cos(core::f64::consts::TAU * 6_500.0 / sample_rate_hz));
    let (mut y1, mut y2, mut x1, mut x2) = (0.0, 0.0, 0.0, 0.0);
    let sound = noise(1.0, seed, frames).into_iter().map(|x| {
        let y = x - 2.0 * x1 + x2 + 2.0 * radius * turn * y1 - radius * radius * y2;
        (y2, y1, x2, x1) = (y1, y, x1, x);
        y
    });
    shaped(sound.collect(), level, sample_rate_hz)
}

/// Scaled to an RMS of `level` (before the ends are softened over 10 ms).
fn shaped(mut sound: Vec<f64>, level: f64, sample_rate_hz: f64) -> Vec<f64> {
    let scale = level / rms(&sound).max(1e-12);
    let count = sound.len();
    for (n, x) in sound.iter_mut().enumerate() {
        let edge = n.min(count - n) as f64 / (0.01 * sample_rate_hz);
        *x *= scale * (1.0 - exp(-edge * edge * 2.0));
    }
    sound
}

/// Where a sound lies in a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// First frame.
    pub start: usize,
    /// Frames.
    pub frames: usize,
    /// A sibilant, not a vowel.
    pub sibilant: bool,
}

/// Syllables of sibilant (90 ms), vowel (220 ms) and pause (60 ms), begun by a vowel. Levels are RMS, linear.
#[must_use]
pub fn line(
    vowel_level: f64,
    sibilant_level: f64,
    syllables: usize,
    sample_rate_hz: f64,
) -> (Vec<f64>, Vec<Place>) {
    let (mut sound, mut places) = (Vec::new(), Vec::new());
    let vowels = [180.0, 200.0, 225.0, 160.0].map(|f0| vowel(f0, vowel_level, 0.22, sample_rate_hz));
    for syllable in 0..syllables {
        for kind in [true, false] {
            if kind && syllable == 0 {
                continue;
            }
            let part = if kind {
                sibilant(syllable as u64 + 3, sibilant_level, 0.09, sample_rate_hz)
            } else {
                vowels[syllable % 4].clone()
            };
            places.push(Place { start: sound.len(), frames: part.len(), sibilant: kind });
            sound.extend(part);
        }
        sound.extend(vec![0.0; (0.06 * sample_rate_hz) as usize]);
    }
    (sound, places)
}
