//! The lag and sign between two recordings of the same strokes, by their cross-spectra.

use crate::hear::percentile;
use dsp::fft::RealFft;
use dsp::math;

/// Exponent of the whitening: 0 is plain correlation, 1 leaves phase only (C3, by its experiment: 0.7 to 1).
const WHITENING: f64 = 0.8;
/// Points between two frames at which the correlation is looked at, as zeros behind the spectrum.
const FINER: usize = 4;
/// What lies this near to the highest peak belongs to it, seconds. By estimate, 2026-11-21, tried on the experiment of C3.
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

/// One microphone's strokes at the reference, all of the same moments as those of the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence<'a> {
    pub(super) strokes: &'a [Stroke],
    /// How much each bin counts ([`standing`](super::standing)); empty: all alike.
    pub(super) stand: &'a [f64],
    /// Frames by which a stroke reaches this microphone later than the first one.
    pub(super) later_frames: f64,
    /// Whether it is the other way round than the first one.
    pub(super) inverted: bool,
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
    fn new(size: usize, search: Search, stand: &[f64]) -> Self {
        let plan = RealFft::new(2 * size);
        let bins = plan.bins();
        let bin_hz = search.rate_hz / (2 * size) as f64;
        let zeros = || [vec![0.0; bins], vec![0.0; bins]];
        Self {
            weights: (0..bins)
                .map(|k| weight(k as f64 * bin_hz, search.band_hz) * stand.get(k).copied().unwrap_or(1.0))
                .collect(),
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

    /// Correlation at the lags of the search, [`FINER`] values a frame; the first is for the lowest lag. The lags are those of the first
    /// microphone: this one hears the stroke `later` frames after it.
    fn course(&mut self, cross: &[Vec<f64>; 2], later: f64) -> Vec<f64> {
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
        let (length, later) = (signal.len() as i64, (later * FINER as f64).round() as i64);
        (low - later..=high - later).map(|lag| signal[lag.rem_euclid(length) as usize]).collect()
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
pub(super) fn window(size: usize) -> Vec<f64> {
    let (rise, fall) = ((size / 85).max(1), size / 3);
    (0..size)
        .map(|n| {
            let x = (n as f64 / rise as f64).min((size - n) as f64 / fall.max(1) as f64).min(1.0);
            0.5 - 0.5 * math::cos(math::PI * x)
        })
        .collect()
}

/// The lag that fits all strokes best; `None` without strokes.
#[cfg(test)]
pub(super) fn lag(strokes: &[Stroke], search: Search) -> Option<Lag> {
    joint(&[Evidence { strokes, stand: &[], later_frames: 0.0, inverted: false }], search)
}

/// The lag of the first microphone that fits all strokes of all microphones best; `None` without strokes.
///
/// Microphones of one drum differ by a time and a polarity that are known from each other, so one arrival at the reference must fit all
/// of them: their correlations are added, each of them against its own most.
pub(super) fn joint(all: &[Evidence<'_>], search: Search) -> Option<Lag> {
    let size = all.first()?.strokes.first()?.own.len();
    let count = all.first()?.strokes.len();
    let fits = |stroke: &Stroke| stroke.own.len() == size && stroke.other.len() == size;
    if size < 64 || all.iter().any(|one| one.strokes.len() != count || !one.strokes.iter().all(fits)) {
        return None;
    }
    let mut courses: Vec<Vec<f64>> = Vec::new();
    for one in all {
        let own = courses_of(one, search)?;
        if courses.is_empty() {
            courses = own;
        } else {
            courses.iter_mut().zip(&own).for_each(|(sum, own)| add(sum, own));
        }
    }
    let mut course = vec![0.0; courses.first()?.len()];
    courses.iter().for_each(|own| add(&mut course, own));
    let best = top(&course);
    let height = course.get(best)?.abs();
    let near = (OWN_SECONDS * search.rate_hz * FINER as f64) as usize;
    let next = (0..course.len())
        .filter(|at| at.abs_diff(best) > near)
        .map(|at| course[at].abs())
        .fold(0.0, f64::max);
    // What is highest at an end of the search rises beyond it and is no peak.
    let ends = best == 0 || best + 1 == course.len();
    let low = search.lags_seconds.0 * search.rate_hz;
    let away = courses.iter().map(|own| top(own).abs_diff(best) as f64 / FINER as f64).collect();
    Some(Lag {
        frames: low.round() + best as f64 / FINER as f64,
        inverted: course[best] < 0.0,
        ratio: match next > 0.0 {
            _ if ends => 1.0,
            true => height / next,
            false => f64::INFINITY,
        },
        spread_frames: percentile(away, 0.5)?,
    })
}

/// Correlations of every stroke, signed as the first microphone hears it, against what they would be if all bins agreed.
fn courses_of(one: &Evidence<'_>, search: Search) -> Option<Vec<Vec<f64>>> {
    let size = one.strokes.first()?.own.len();
    let mut correlator = Correlator::new(size, search, one.stand);
    let (mut courses, mut most) = (Vec::new(), 0.0);
    for stroke in one.strokes {
        let [re, im] = correlator.cross(stroke);
        most += re.iter().zip(&im).map(|(x, y)| (x * x + y * y).sqrt()).sum::<f64>();
        courses.push(correlator.course(&[re, im], one.later_frames));
    }
    let scale = if one.inverted { -1.0 } else { 1.0 } / most.max(f64::MIN_POSITIVE);
    courses.iter_mut().flatten().for_each(|x| *x *= scale);
    Some(courses)
}

fn add(sum: &mut [f64], own: &[f64]) {
    sum.iter_mut().zip(own).for_each(|(sum, x)| *sum += x);
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

/// The most that sum or difference can have in the low band at any lag of the search, against the sum of powers, dB: +3 at most.
pub(super) fn most_low_db(strokes: &[Stroke], search: Search) -> Option<f64> {
    let size = strokes.first()?.own.len();
    let mut correlator = Correlator::new(size, search, &[]);
    let bin_hz = search.rate_hz / (2 * size) as f64;
    let range = (LOW_HZ.0 / bin_hz).round() as usize..(LOW_HZ.1 / bin_hz).round() as usize;
    let (mut power, mut cross) = (0.0, vec![(0.0, 0.0); range.len()]);
    for stroke in strokes {
        correlator.cross(stroke);
        let energy = |signal: &[f64]| signal.iter().map(|x| x * x).sum::<f64>();
        let gain = (energy(&stroke.other) / energy(&stroke.own).max(f64::MIN_POSITIVE)).sqrt();
        let ([a_re, a_im], [b_re, b_im]) = (&correlator.a, &correlator.b);
        for (k, (re, im)) in range.clone().zip(&mut cross) {
            let own = gain * gain * (a_re[k] * a_re[k] + a_im[k] * a_im[k]);
            power += own + b_re[k] * b_re[k] + b_im[k] * b_im[k];
            *re += 2.0 * gain * (a_re[k] * b_re[k] + a_im[k] * b_im[k]);
            *im += 2.0 * gain * (a_re[k] * b_im[k] - a_im[k] * b_re[k]);
        }
    }
    let at = |frames: f64| -> f64 {
        let turned = range.clone().zip(&cross).map(|(k, (re, im))| {
            let turn = math::TAU * k as f64 * bin_hz / search.rate_hz * frames;
            re * math::cos(turn) - im * math::sin(turn)
        });
        turned.sum::<f64>().abs()
    };
    let ends = (search.lags_seconds.0 * search.rate_hz, search.lags_seconds.1 * search.rate_hz);
    // A step of four frames is a fortieth of a turn at 300 Hz.
    let steps = ((ends.1 - ends.0) / 4.0).ceil() as usize;
    let most = (0..=steps).map(|step| at(ends.0 + 4.0 * step as f64)).fold(0.0, f64::max);
    Some(math::power_to_db((1.0 + most / power.max(f64::MIN_POSITIVE)).max(1e-6)))
}

#[cfg(test)]
#[path = "lag_tests.rs"]
mod tests;
