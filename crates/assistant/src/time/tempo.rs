//! How fast a song goes, from onset courses.

use super::Tempo;
use dsp::fft::{RealFft, fast_len};
use dsp::math;

/// Values of a course a second.
pub(super) const PER_SECOND: f64 = crate::hear::ONSETS_PER_SECOND;
/// Slowest and fastest beat, beats a minute. By our own convention: what a foot taps.
const SLOWEST_BPM: f64 = 48.0;
const FASTEST_BPM: f64 = 210.0;
/// The maximum of preferred tempo (Moelants, "Preferred tempo reconsidered", ICMPC 2002: 120 to 130 beats a minute).
const PREFERRED_BPM: f64 = 120.0;
/// Octaves from it until the preference falls to 60 %. By estimate, 2026-11-21.
const PREFERRED_OCTAVES: f64 = 0.9;
/// Half the width over which the mean of onsets is taken out, in values: a second in all.
const AROUND: usize = 50;
/// Beats over which a tempo has to fit.
const FITS: usize = 8;

/// A course without its slow part, two values wide, so that onsets that miss a value still meet.
pub(super) fn sharpened(course: &[f64]) -> Vec<f64> {
    let mut sums = Vec::with_capacity(course.len() + 1);
    sums.push(0.0);
    for value in course {
        sums.push(sums.last().copied().unwrap_or(0.0) + value);
    }
    let flat: Vec<f64> = (0..course.len())
        .map(|at| {
            let (from, to) = (at.saturating_sub(AROUND), (at + AROUND + 1).min(course.len()));
            course[at] - (sums[to] - sums[from]) / (to - from) as f64
        })
        .collect();
    let at = |n: Option<usize>| n.and_then(|n| flat.get(n)).copied().unwrap_or(0.0);
    (0..flat.len()).map(|n| 0.25 * at(n.checked_sub(1)) + 0.5 * flat[n] + 0.25 * at(Some(n + 1))).collect()
}

/// Correlation of a course with itself at every lag up to `lags`, 1 at lag 0.
pub(super) fn autocorrelation(course: &[f64], lags: usize) -> Vec<f64> {
    let size = fast_len(course.len() + lags + 1);
    let mut plan = RealFft::new(size);
    let mut padded = course.to_vec();
    padded.resize(size, 0.0);
    let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
    plan.forward(&padded, &mut re, &mut im);
    for (re, im) in re.iter_mut().zip(&mut im) {
        (*re, *im) = (*re * *re + *im * *im, 0.0);
    }
    plan.inverse(&re, &im, &mut padded);
    let power = padded.first().copied().unwrap_or(0.0);
    let count = course.len() as f64;
    let norm = |lag: usize| {
        if power > 0.0 { padded[lag] / power * count / (count - lag as f64).max(1.0) } else { 0.0 }
    };
    (0..=lags.min(course.len().saturating_sub(1))).map(norm).collect()
}

/// A value between two places.
fn at(curve: &[f64], place: f64) -> f64 {
    let below = place.floor();
    let (a, b) = (curve.get(below as usize), curve.get(below as usize + 1));
    let part = place - below;
    a.copied().unwrap_or(0.0) * (1.0 - part) + b.copied().unwrap_or(0.0) * part
}

/// How well a beat of `lag` values fits: mean correlation over its first multiples.
fn fit(curve: &[f64], lag: f64) -> f64 {
    let fits = (1..=FITS).map(|n| at(curve, n as f64 * lag));
    fits.enumerate().map(|(n, value)| value / (1.0 + 0.3 * n as f64)).sum::<f64>()
        / (0..FITS).map(|n| 1.0 / (1.0 + 0.3 * n as f64)).sum::<f64>()
}

fn preference(bpm: f64) -> f64 {
    let octaves = math::log2(bpm / PREFERRED_BPM) / PREFERRED_OCTAVES;
    math::exp(-0.5 * octaves * octaves)
}

/// Which way of counting the drums say: strokes of the snare are two beats apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Backbeat {
    /// Onsets of snares and claps.
    pub(super) snare: Vec<f64>,
}

impl Backbeat {
    /// How well snares two beats apart fit a beat, -1 to 1; 0 without drums.
    fn fit(&self, snare: &[f64], beat: f64) -> f64 {
        if snare.is_empty() {
            return 0.0;
        }
        // On every second beat, and not on the ones between.
        let two =
            [2.0, 4.0, 6.0].map(|beats| at(snare, beats * beat)).into_iter().fold(f64::INFINITY, f64::min);
        let one = f64::max(at(snare, beat), at(snare, 3.0 * beat));
        (two - one.max(0.0)).clamp(-1.0, 1.0)
    }
}

/// The tempo of a course; `None` under six seconds, in silence and without any fit.
pub(super) fn tempo(course: &[f64], backbeat: &Backbeat) -> Option<Tempo> {
    // Six seconds hold five of the slowest beats.
    if course.len() < (6.0 * PER_SECOND) as usize || course.iter().all(|value| *value == 0.0) {
        return None;
    }
    let lag_of = |bpm: f64| 60.0 / bpm * PER_SECOND;
    let longest = (lag_of(SLOWEST_BPM) * 2.0 * FITS as f64) as usize + 2;
    let curve = autocorrelation(&sharpened(course), longest);
    let snare = if backbeat.snare.iter().any(|value| *value > 0.0) {
        autocorrelation(&sharpened(&backbeat.snare), longest)
    } else {
        Vec::new()
    };
    // Steps of a quarter of a percent.
    let steps = (math::log2(FASTEST_BPM / SLOWEST_BPM) / math::log2(1.0025)) as usize;
    let tempi: Vec<f64> =
        (0..=steps).map(|n| SLOWEST_BPM * math::exp2(n as f64 * math::log2(1.0025))).collect();
    let score = |bpm: f64| {
        let lag = lag_of(bpm);
        fit(&curve, lag).max(0.0) * (1.0 + backbeat.fit(&snare, lag)) * preference(bpm)
    };
    let scores: Vec<f64> = tempi.iter().map(|bpm| score(*bpm)).collect();
    let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]))?;
    let rough = tempi[best];
    let bpm = refined(&curve, rough, lag_of);
    let confidence = fit(&curve, lag_of(bpm)).clamp(0.0, 1.0);
    if confidence <= 0.0 {
        return None;
    }
    let around = |bpm: f64| {
        let near = tempi.iter().zip(&scores).filter(|(t, _)| (*t / bpm - 1.0).abs() < 0.02);
        near.map(|(_, score)| *score).fold(0.0, f64::max)
    };
    let (half, double) = (around(0.5 * bpm), around(2.0 * bpm));
    let (other_bpm, other) =
        if half > double || 2.0 * bpm > FASTEST_BPM { (0.5 * bpm, half) } else { (2.0 * bpm, double) };
    let octave_confidence = (scores[best] / (scores[best] + other)).clamp(0.5, 1.0);
    Some(Tempo { bpm, confidence, other_bpm, octave_confidence, spread_ms: 0.0 })
}

/// The tempo to a hundredth of a percent: the highest correlation around ever later multiples.
fn refined(curve: &[f64], rough: f64, lag_of: impl Fn(f64) -> f64) -> f64 {
    let mut lag = lag_of(rough);
    for beats in [1.0, 2.0, 4.0, 8.0, 16.0] {
        let middle = lag * beats;
        // The last step left an error of half a value at half the beats.
        let width = 2.0_f64.min(0.02 * middle).max(1.5);
        let (from, to) = ((middle - width).round() as usize, (middle + width).round() as usize);
        if to + 1 >= curve.len() || from < 1 {
            break;
        }
        let Some(top) = (from..=to).max_by(|a, b| curve[*a].total_cmp(&curve[*b])) else { break };
        let (a, b, c) = (curve[top - 1], curve[top], curve[top + 1]);
        let bend = a - 2.0 * b + c;
        // Not at an edge: there the top is elsewhere.
        if bend < 0.0 && b >= a && b >= c {
            lag = (top as f64 + (0.5 * (a - c) / bend).clamp(-0.5, 0.5)) / beats;
        }
    }
    60.0 / lag * PER_SECOND
}

/// Beats in values of the course, from the first to the end, and how far onsets lie from them (root mean square, values).
///
/// Dynamic programming of Ellis, "Beat Tracking by Dynamic Programming", JNMR 36(1), 2007.
pub(super) fn beats(course: &[f64], bpm: f64) -> (Vec<f64>, f64) {
    let period = 60.0 / bpm * PER_SECOND;
    let sharp = sharpened(course);
    let deviation = (sharp.iter().map(|x| x * x).sum::<f64>() / sharp.len().max(1) as f64).sqrt();
    if deviation <= 0.0 {
        return (Vec::new(), 0.0);
    }
    // Tightness of the paper, equation 4: 100 for natural logarithms.
    const TIGHT: f64 = 100.0;
    let (near, far) = ((0.6 * period).round() as usize, (1.6 * period).round() as usize);
    let costs: Vec<f64> = (near..=far)
        .map(|lag| {
            let away = math::ln(lag as f64 / period);
            -TIGHT * away * away
        })
        .collect();
    let mut scores = vec![0.0; sharp.len()];
    let mut before: Vec<Option<usize>> = vec![None; sharp.len()];
    for n in 0..sharp.len() {
        let mut best: Option<(f64, usize)> = None;
        for (lag, cost) in (near..=far).zip(&costs) {
            let Some(from) = n.checked_sub(lag) else { break };
            let score = scores[from] + cost;
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, from));
            }
        }
        let own = sharp[n] / deviation;
        match best {
            Some((score, from)) if score > 0.0 => (scores[n], before[n]) = (own + score, Some(from)),
            _ => scores[n] = own,
        }
    }
    let start = sharp.len().saturating_sub(period as usize + 1);
    let last = (start..sharp.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let mut found = Vec::new();
    let mut place = last;
    while let Some(at) = place {
        found.push(at);
        place = before[at];
    }
    found.reverse();
    smooth(&found, &sharp)
}

/// Beats between the values, each the mean of a line through its neighbours, and how far the raw ones lie from it.
fn smooth(raw: &[usize], sharp: &[f64]) -> (Vec<f64>, f64) {
    let fine: Vec<f64> = raw
        .iter()
        .map(|&at| {
            let value = |n: Option<usize>| n.and_then(|n| sharp.get(n)).copied().unwrap_or(0.0);
            let (a, b, c) = (value(at.checked_sub(1)), value(Some(at)), value(Some(at + 1)));
            let bend = a - 2.0 * b + c;
            at as f64 + if bend < 0.0 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 }
        })
        .collect();
    // Eight beats on either side: people drift slowly.
    let line = |n: usize| {
        let (from, to) = (n.saturating_sub(8), (n + 9).min(fine.len()));
        let count = (to - from) as f64;
        let (mx, my) = (from..to).fold((0.0, 0.0), |(x, y), k| (x + k as f64 / count, y + fine[k] / count));
        let (xy, xx) = (from..to).fold((0.0, 0.0), |(xy, xx), k| {
            (xy + (k as f64 - mx) * (fine[k] - my), xx + (k as f64 - mx) * (k as f64 - mx))
        });
        if xx > 0.0 { my + xy / xx * (n as f64 - mx) } else { fine[n] }
    };
    let smooth: Vec<f64> = (0..fine.len()).map(line).collect();
    let square: f64 = fine.iter().zip(&smooth).map(|(a, b)| (a - b) * (a - b)).sum();
    let spread = (square / fine.len().max(1) as f64).sqrt();
    (smooth, spread)
}
