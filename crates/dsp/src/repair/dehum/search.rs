//! The first guess of the mains' frequency and of how it drifts.

use super::bank::{Bank, Complex, times, turned};
use super::track::Track;
use super::{HARMONICS, PARTS};
use crate::math;

/// Harmonics the search goes by.
pub(super) const SEARCH_HARMONICS: usize = 6;
/// Steps of frequency to either side, and steps of drift.
const STEPS: i32 = 20;
const DRIFTS: [f64; 5] = [0.0, -0.08, 0.08, -0.16, 0.16];
/// Parts looked at, in the middle of the window.
const SPAN: usize = 24;

/// Sets the track to the frequency and drift near the bank's at which the phases of the parts agree best. Loudness has no say:
/// a loud note must not outvote quiet hum.
pub(super) fn guess(bank: &Bank, newest: i64, hop_seconds: f64, reach_hz: f64, track: &mut Track) {
    let first = PARTS - SPAN;
    let mut signs = [[(0.0, 0.0); HARMONICS]; SPAN];
    for (n, sign) in signs.iter_mut().enumerate() {
        if !track.heard()[first + n] {
            continue;
        }
        let part = bank.part(newest - PARTS as i64 + 1 + (first + n) as i64);
        for (to, z) in sign.iter_mut().zip(part).take(bank.harmonics) {
            let size = (z.0 * z.0 + z.1 * z.1).sqrt();
            if size > 0.0 {
                *to = (z.0 / size, z.1 / size);
            }
        }
    }
    let seconds = |n: usize| (n as f64 - 0.5 * (PARTS - 1) as f64) * hop_seconds;
    let mut best = (0.0, 0.0, 0.0);
    for drift in DRIFTS {
        for step in -STEPS..=STEPS {
            let hz = reach_hz * f64::from(step) / f64::from(STEPS);
            let found = score(&signs, bank.harmonics, hz, drift, |n| seconds(first + n));
            if found > best.0 {
                best = (found, hz, drift);
            }
        }
    }
    for (n, phase) in track.phase.iter_mut().enumerate() {
        let t = seconds(n);
        *phase = math::TAU * (best.1 + 0.5 * best.2 * t) * t;
    }
}

/// Sum over the harmonics of the squared mean of the signs.
fn score(
    signs: &[[Complex; HARMONICS]; SPAN],
    harmonics: usize,
    hz: f64,
    drift: f64,
    seconds: impl Fn(usize) -> f64,
) -> f64 {
    // The angle is a parabola over the parts: its steps are a geometric series.
    let turns = |t: f64| -(hz + 0.5 * drift * t) * t;
    let (t0, t1, t2) = (seconds(0), seconds(1), seconds(2));
    let mut wave = turned(turns(t0));
    let mut step = turned(turns(t1) - turns(t0));
    let bend = turned(turns(t2) - 2.0 * turns(t1) + turns(t0));
    let mut sums = [(0.0, 0.0); HARMONICS];
    for sign in signs {
        let mut power = wave;
        for (sum, z) in sums.iter_mut().zip(sign).take(harmonics) {
            let (re, im) = times(*z, power);
            (sum.0, sum.1) = (sum.0 + re, sum.1 + im);
            power = times(power, wave);
        }
        (wave, step) = (times(wave, step), times(step, bend));
    }
    sums.iter().map(|sum| sum.0 * sum.0 + sum.1 * sum.1).sum()
}
