//! The lag and sign between two recordings of the same strokes, by their cross-spectra.

use crate::hear::percentile;
use dsp::fft::RealFft;
use dsp::math;

/// Exponent of the whitening: 0 is plain correlation, 1 leaves phase only (C3, by its experiment: 0.7 to 1).
const WHITENING: f64 = 0.8;
/// Points between two frames at which the correlation is looked at, as zeros behind the spectrum.
const FINER: usize = 4;
/// What lies this near to the highest peak belongs to it, seconds. By calibration, 2026-11-21, on the experiment of C3.
const OWN_SECONDS: f64 = 0.000_5;
/// Low band in which sum and difference are compared, Hz (C3).
const LOW_HZ: (f64, f64) = (40.0, 300.0);
/// Band in which combs are heard, Hz (C3).
const COMB_HZ: (f64, f64) = (200.0, 8_000.0);

/// Two recordings of one stroke, of equal length.
#[derive(Debug, Clone)]
pub(super) struct Stroke {
    /// The microphone that may be moved.
    pub(super) own: Vec<f64>,
    /// What it is matched to.
    pub(super) other: Vec<f64>,
}

/// Where to look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search {
    pub(super) rate_hz: f64,
    /// Band of the cross-spectrum, Hz.
    pub(super) band_hz: (f64, f64),
    /// Lags of `other` behind `own`, seconds.
    pub(super) lags_seconds: (f64, f64),
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lag {
    /// Frames by which `other` is later.
    pub(super) frames: f64,
    /// Whether the two have opposite polarity.
    pub(super) inverted: bool,
    /// Highest over next highest peak.
    pub(super) ratio: f64,
    /// Median absolute deviation of single strokes, frames.
    pub(super) spread_frames: f64,
}

/// Accumulates whitened cross-spectra of strokes of `size` points.
struct Correlator {
    search: Search,
    plan: RealFft,
    back: RealFft,
    a: [Vec<f64>; 2],
    b: [Vec<f64>; 2],
    weights: Vec<f64>,
    window: Vec<f64>,
}

impl Correlator {
    fn new(size: usize, search: Search) -> Self {
        let plan = RealFft::new(2 * size);
        let bins = plan.bins();
        let bin_hz = search.rate_hz / (2 * size) as f64;
        let zeros = || [vec![0.0; bins], vec![0.0; bins]];
        Self {
            weights: (0..bins).map(|k| weight(k as f64 * bin_hz, search.band_hz)).collect(),
            window: window(size),
            a: zeros(),
            b: zeros(),
            back: RealFft::new(2 * size * FINER),
            plan,
            search,
        }
    }

    /// The whitened cross-spectrum of a stroke.
    fn cross(&mut self, stroke: &Stroke) -> [Vec<f64>; 2] {
        let size = self.window.len();
        let load = |signal: &[f64], window: &[f64]| {
            let mut padded = vec![0.0; 2 * size];
            padded.iter_mut().zip(signal).zip(window).for_each(|((y, x), w)| *y = x * w);
            padded
        };
        let [a_re, a_im] = &mut self.a;
        let [b_re, b_im] = &mut self.b;
        self.plan.forward(&load(&stroke.own, &self.window), a_re, a_im);
        self.plan.forward(&load(&stroke.other, &self.window), b_re, b_im);
        let (mut re, mut im) = (vec![0.0; a_re.len()], vec![0.0; a_re.len()]);
        for k in 0..re.len() {
            let (x, y) = (a_re[k] * b_re[k] + a_im[k] * b_im[k], a_re[k] * b_im[k] - a_im[k] * b_re[k]);
            let size = (x * x + y * y).sqrt();
            if size > 0.0 && self.weights[k] > 0.0 {
                let scale = self.weights[k] / math::exp(WHITENING * math::ln(size));
                (re[k], im[k]) = (x * scale, y * scale);
            }
        }
        [re, im]
    }

    /// Correlation at the lags of the search, [`FINER`] values a frame; the first is for the lowest lag.
    fn course(&mut self, cross: &[Vec<f64>; 2]) -> Vec<f64> {
        let bins = self.back.bins();
        let pad = |plane: &[f64]| {
            let mut plane = plane.to_vec();
            plane.resize(bins, 0.0);
            plane
        };
        let mut signal = vec![0.0; self.back.len()];
        self.back.inverse(&pad(&cross[0]), &pad(&cross[1]), &mut signal);
        let at = |seconds: f64| (seconds * self.search.rate_hz * FINER as f64).round() as i64;
        let (low, high) = (at(self.search.lags_seconds.0), at(self.search.lags_seconds.1));
        let length = signal.len() as i64;
        (low..=high).map(|lag| signal[lag.rem_euclid(length) as usize]).collect()
    }
}

/// 1 inside the band, rounded at its edges by a third of an octave, so that the correlation has no ripples of its own.
fn weight(hz: f64, (low, high): (f64, f64)) -> f64 {
    if hz <= 0.0 {
        return 0.0;
    }
    let inside = math::log2(hz / low).min(math::log2(high / hz)) * 3.0;
    let x = inside.clamp(0.0, 1.0);
    0.5 - 0.5 * math::cos(math::PI * x)
}

/// Rises in 1 ms of 85, falls in the last third.
fn window(size: usize) -> Vec<f64> {
    let (rise, fall) = ((size / 85).max(1), size / 3);
    (0..size)
        .map(|n| {
            let x = (n as f64 / rise as f64).min((size - n) as f64 / fall.max(1) as f64).min(1.0);
            0.5 - 0.5 * math::cos(math::PI * x)
        })
        .collect()
}

/// The lag that fits all strokes best; `None` without strokes.
pub(super) fn lag(strokes: &[Stroke], search: Search) -> Option<Lag> {
    let size = strokes.first()?.own.len();
    if size < 64 || strokes.iter().any(|stroke| stroke.own.len() != size || stroke.other.len() != size) {
        return None;
    }
    let mut correlator = Correlator::new(size, search);
    let bins = correlator.plan.bins();
    let mut sum = [vec![0.0; bins], vec![0.0; bins]];
    let mut own = Vec::new();
    for stroke in strokes {
        let cross = correlator.cross(stroke);
        for (sum, plane) in sum.iter_mut().zip(&cross) {
            sum.iter_mut().zip(plane).for_each(|(sum, x)| *sum += x);
        }
        own.push(top(&correlator.course(&cross)));
    }
    let course = correlator.course(&sum);
    let best = top(&course);
    let height = course.get(best)?.abs();
    let near = (OWN_SECONDS * search.rate_hz * FINER as f64) as usize;
    let next = (0..course.len())
        .filter(|at| at.abs_diff(best) > near)
        .map(|at| course[at].abs())
        .fold(0.0, f64::max);
    let low = search.lags_seconds.0 * search.rate_hz;
    let away = own.iter().map(|at| at.abs_diff(best) as f64 / FINER as f64).collect();
    Some(Lag {
        frames: low.round() + best as f64 / FINER as f64,
        inverted: course[best] < 0.0,
        ratio: if next > 0.0 { height / next } else { f64::INFINITY },
        spread_frames: percentile(away, 0.5)?,
    })
}

fn top(course: &[f64]) -> usize {
    let largest = |a: &usize, b: &usize| course[*a].abs().total_cmp(&course[*b].abs()).then(b.cmp(a));
    (0..course.len()).max_by(largest).unwrap_or(0)
}

/// How two recordings add up: low level and ripple, dB.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sum {
    /// Level of the sum against the sum of powers in the low band, dB; +3 is the most.
    pub(super) low_db: f64,
    /// The same for the difference.
    pub(super) low_difference_db: f64,
    /// Root mean square of the sum's ripple in bands of a sixth of an octave, dB.
    pub(super) comb_db: f64,
}

/// The sum of both, `own` turned up to the power of `other`, `delay` frames later and `inverted` or not.
pub(super) fn sum(strokes: &[Stroke], rate_hz: f64, delay: f64, inverted: bool) -> Option<Sum> {
    let size = strokes.first()?.own.len();
    let mut plan = RealFft::new(2 * size);
    let bins = plan.bins();
    let bin_hz = rate_hz / (2 * size) as f64;
    let (mut powers, mut crosses) = (vec![0.0; bins], vec![0.0; bins]);
    let window = window(size);
    let (mut a_re, mut a_im, mut b_re, mut b_im) =
        (vec![0.0; bins], vec![0.0; bins], vec![0.0; bins], vec![0.0; bins]);
    let load = |signal: &[f64]| {
        let mut padded = vec![0.0; 2 * size];
        padded.iter_mut().zip(signal).zip(&window).for_each(|((y, x), w)| *y = x * w);
        padded
    };
    let sign = if inverted { -1.0 } else { 1.0 };
    for stroke in strokes {
        plan.forward(&load(&stroke.own), &mut a_re, &mut a_im);
        plan.forward(&load(&stroke.other), &mut b_re, &mut b_im);
        let energy = |signal: &[f64]| signal.iter().map(|x| x * x).sum::<f64>();
        let gain = (energy(&stroke.other) / energy(&stroke.own).max(f64::MIN_POSITIVE)).sqrt();
        for k in 0..bins {
            let turn = -math::TAU * k as f64 * bin_hz / rate_hz * delay;
            let (c, s) = (sign * gain * math::cos(turn), sign * gain * math::sin(turn));
            let (re, im) = (a_re[k] * c - a_im[k] * s, a_re[k] * s + a_im[k] * c);
            powers[k] += re * re + im * im + b_re[k] * b_re[k] + b_im[k] * b_im[k];
            crosses[k] += 2.0 * (re * b_re[k] + im * b_im[k]);
        }
    }
    let within = |low: f64, high: f64| {
        let range = (low / bin_hz).round() as usize..((high / bin_hz).round() as usize).min(bins);
        range.fold((0.0, 0.0), |(power, cross), k| (power + powers[k], cross + crosses[k]))
    };
    let (power, cross) = within(LOW_HZ.0, LOW_HZ.1);
    let level = |sum: f64, power: f64| math::power_to_db((sum / power.max(f64::MIN_POSITIVE)).max(1e-6));
    let steps = (math::log2(COMB_HZ.1 / COMB_HZ.0) * 6.0) as i32;
    let ripple = (0..steps).map(|step| {
        let low = COMB_HZ.0 * math::exp2(f64::from(step) / 6.0);
        let (power, cross) = within(low, low * math::exp2(1.0 / 6.0));
        let db = level(power + cross, power);
        db * db
    });
    Some(Sum {
        low_db: level(power + cross, power),
        low_difference_db: level(power - cross, power),
        comb_db: (ripple.sum::<f64>() / f64::from(steps)).sqrt(),
    })
}

#[cfg(test)]
#[path = "lag_tests.rs"]
mod tests;
