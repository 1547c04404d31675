//! Dynamics: how loud moments were held against quiet ones, and what became of the fronts of strokes.

use super::gather::{BAND_EDGES_HZ, BAND_NAMES, BANDS, Frame, Gathered};
use super::held::{self, Held, STEP_SECONDS, Seen, Window};
use super::tone::percentile;
use dsp::math;
use serde::Serialize;

/// Frames this far under the loud ones are pauses, dB.
const RANGE_DB: f64 = 40.0;
/// Fewest short frames in a level of one decibel that say something.
const FEWEST: usize = 5;
/// The smallest reduction that is told, dB. By calibration on equalised twins, 2026-11-21, see docs/decisions/053.
const LEAST_DB: f64 = 0.8;
/// Fall of the level that a gain is held against, dB a frame of 21 ms: gains come back by some 50 dB a second and more. By calibration, see
/// docs/decisions/053.
const FALL_DB: f64 = 1.0;
/// Ratios from which compression is firm and hard: between 2:1 and 4:1, and between 4:1 and 20:1. By calibration on compressors of two
/// makes, see docs/decisions/053.
const FIRM: f64 = 2.5;
const HARD: f64 = 8.0;
/// Stands for all ratios above it.
const MOST_RATIO: f64 = 20.0;
/// A stroke is this much louder than the 50 ms before it, dB, and at most this far under the loudest.
const STROKE_DB: f64 = 6.0;
const STROKE_RANGE_DB: f64 = 30.0;
/// Fewest strokes that say something.
const STROKES: usize = 5;

/// Dynamics in one band.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BandDynamics {
    /// Name of the band.
    pub name: &'static str,
    /// Lower edge.
    pub low_hz: f64,
    /// Upper edge.
    pub high_hz: f64,
    /// How far loud moments (the loudest twentieth of frames of 43 ms) stand over the usual level (their median), dB.
    pub before_db: f64,
    /// The same of AFTER.
    pub after_db: f64,
    /// The difference of these.
    pub change_db: f64,
}

/// What was done to loud moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing.
    None,
    /// Held a little: like a ratio of up to about 2:1.
    Gentle,
    /// Held: like 2:1 to 5:1.
    Firm,
    /// Held hard: like more than 5:1, and limiters.
    Hard,
    /// Loud moments came out louder against quiet ones.
    Expanded,
}

/// A point of the curve of levels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Level of BEFORE (with the tone of AFTER), dBFS.
    pub before_dbfs: f64,
    /// Median gain of frames with that level, dB, less that of quiet ones.
    pub gain_db: f64,
}

/// How loud moments were held against quiet ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compression {
    /// What kind.
    pub class: Class,
    /// Decibels in for one decibel out above the threshold; 1 for nothing, 20 stands for that and more.
    pub ratio: f64,
    /// Level from which it works, dBFS, as the detector that explains the gains best hears it: power over 5 ms, or peaks.
    pub threshold_dbfs: f64,
    /// Gain of the loudest moments against quiet ones, dB: negative when they were held.
    pub loudest_db: f64,
    /// The curve.
    pub curve: Vec<Point>,
}

/// Fronts of strokes against what follows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Punch {
    /// Strokes that were found.
    pub strokes: usize,
    /// Mean of the first 20 ms over the mean of 40 to 150 ms, median, dB.
    pub before_db: f64,
    /// The same of AFTER, at the same strokes.
    pub after_db: f64,
    /// Median of the differences.
    pub change_db: f64,
}

/// Powers of one version over all bands, frame by frame, each band times a factor.
fn levels(frames: &[Frame], which: usize, factors: &[f64; BANDS]) -> Vec<f64> {
    let sum = |frame: &Frame| -> f64 {
        frame[which].iter().zip(factors).map(|(power, factor)| f64::from(*power) * factor).sum()
    };
    frames.iter().map(|frame| math::power_to_db(sum(frame))).collect()
}

fn only(low: usize, high: usize) -> [f64; BANDS] {
    let mut factors = [0.0; BANDS];
    factors.iter_mut().take(high).skip(low).for_each(|factor| *factor = 1.0);
    factors
}

pub(super) fn bands(gathered: &Gathered) -> Vec<BandDynamics> {
    let stands_out = |which: usize, band: usize| {
        let levels = levels(&gathered.short, which, &only(2 * band, 2 * band + 2));
        let loud = percentile(&levels, 0.95);
        let playing: Vec<f64> = levels.into_iter().filter(|level| *level > loud - RANGE_DB).collect();
        percentile(&playing, 0.95) - percentile(&playing, 0.5)
    };
    let band = |(band, name): (usize, &&'static str)| {
        let (before_db, after_db) = (stands_out(0, band), stands_out(1, band));
        let (low_hz, high_hz) = (BAND_EDGES_HZ[band], BAND_EDGES_HZ[band + 1]);
        BandDynamics { name, low_hz, high_hz, before_db, after_db, change_db: after_db - before_db }
    };
    BAND_NAMES.iter().enumerate().map(band).collect()
}

/// Gain of each band in the middle of its frames: what an equaliser did to it. Sums of power would charge a compressor's loud moments to
/// the band they lie in.
fn tone_factors(frames: &[Frame]) -> [f64; BANDS] {
    let mut factors = [1.0; BANDS];
    for (band, factor) in factors.iter_mut().enumerate() {
        let most = frames.iter().map(|frame| frame[0][band]).fold(0.0, f32::max);
        let least = f64::from(most) * math::db_to_power(-RANGE_DB);
        let gains: Vec<f64> = frames
            .iter()
            .map(|frame| (f64::from(frame[0][band]), f64::from(frame[1][band])))
            .filter(|(before, _)| *before > least)
            .map(|(before, after)| math::power_to_db(after / before))
            .collect();
        *factor = if gains.is_empty() { 0.0 } else { math::db_to_power(percentile(&gains, 0.5)) };
    }
    factors
}

pub(super) fn compression(gathered: &Gathered) -> Compression {
    let frames = &gathered.short;
    // Frames have no scale: the level of the whole says what they are worth.
    let before = levels(frames, 0, &tone_factors(frames));
    let after = levels(frames, 1, &[1.0; BANDS]);
    let loud = percentile(&before, 0.99);
    let gains: Vec<f64> = before.iter().zip(&after).map(|(before, after)| after - before).collect();
    let fit = held(gathered, &before, &gains, loud);
    let ratio = if fit.share < 0.95 { (1.0 / (1.0 - fit.share)).min(MOST_RATIO) } else { MOST_RATIO };
    let class = match (fit.loudest_db, ratio) {
        (db, _) if db.abs() < LEAST_DB => Class::None,
        (db, _) if db > 0.0 => Class::Expanded,
        (_, ratio) if ratio < FIRM => Class::Gentle,
        (_, ratio) if ratio < HARD => Class::Firm,
        _ => Class::Hard,
    };
    Compression {
        class,
        ratio: if class == Class::None { 1.0 } else { ratio },
        threshold_dbfs: fit.threshold_db + gathered.frame_scale_db(),
        loudest_db: fit.loudest_db,
        curve: curve(&before, &gains, loud, gathered.frame_scale_db()),
    }
}

/// Median gains by level, against that of the quietest that says something.
fn curve(before: &[f64], gains: &[f64], loud: f64, to_dbfs: f64) -> Vec<Point> {
    let mut heaps: Vec<Vec<f64>> = vec![Vec::new(); RANGE_DB as usize + 1];
    // What a gain still holds down after a stroke was asked for by the stroke: levels fall no faster than gains come back.
    let mut held = f64::NEG_INFINITY;
    for (before, gain) in before.iter().zip(gains) {
        held = before.max(held - FALL_DB);
        let place = (held - (loud - RANGE_DB)).round().min(RANGE_DB);
        if let Some(heap) = heaps.get_mut(place as usize).filter(|_| place >= 0.0 && gain.is_finite()) {
            heap.push(*gain);
        }
    }
    let fewest = FEWEST.max(before.len() / 500);
    let told: Vec<(f64, f64)> = heaps
        .iter()
        .enumerate()
        .filter(|(_, heap)| heap.len() >= fewest)
        .map(|(place, heap)| (place as f64 + loud - RANGE_DB + to_dbfs, percentile(heap, 0.5)))
        .collect();
    let quiet_db = told.first().map_or(0.0, |first| first.1);
    told.into_iter().map(|(before_dbfs, gain)| Point { before_dbfs, gain_db: gain - quiet_db }).collect()
}

/// The compressor that explains the gains of windows that play. The level it hears is that of BEFORE with the tone of AFTER.
fn held(gathered: &Gathered, before: &[f64], gains: &[f64], loud: f64) -> Held {
    let envelope = &gathered.envelopes[0];
    let as_they_are = levels(&gathered.short, 0, &[1.0; BANDS]);
    let scale_db = gathered.frame_scale_db();
    let (hop_seconds, long_seconds) = gathered.short_seconds();
    let level_db = |(n, power): (usize, &f32)| {
        let window = ((n as f64 + 0.5) * STEP_SECONDS / hop_seconds - 0.5).round().max(0.0) as usize;
        let toned = before.get(window).zip(as_they_are.get(window)).map_or(0.0, |(with, raw)| with - raw);
        let toned = if toned.is_finite() { toned } else { 0.0 };
        math::power_to_db(f64::from(*power).max(1e-12)) - scale_db + toned
    };
    let courses = [envelope, &gathered.before_tops]
        .map(|course| course.iter().enumerate().map(level_db).collect::<Vec<f64>>());
    let plays = |n: &usize| before[*n] > loud - RANGE_DB && gains[*n].is_finite();
    let playing: Vec<usize> = (0..before.len()).filter(plays).collect();
    let windows: Vec<Window> = playing
        .iter()
        .map(|n| {
            let start = *n as f64 * hop_seconds / STEP_SECONDS;
            let first = start as usize;
            let last = ((start + long_seconds / STEP_SECONDS).ceil() as usize).min(envelope.len());
            // Hann's window, squared: what of each level is in the power of this frame.
            let shape = |k: usize| {
                let place = ((k as f64 + 0.5 - start) * STEP_SECONDS / long_seconds).clamp(0.0, 1.0);
                let hann = math::sin(math::PI * place) * math::sin(math::PI * place);
                hann * hann * f64::from(envelope[k])
            };
            let weights: Vec<f64> = (first..last).map(shape).collect();
            let sum = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            Window { first, weights: weights.iter().map(|weight| (weight / sum) as f32).collect() }
        })
        .collect();
    let gains_db: Vec<f64> = playing.iter().map(|n| gains[*n]).collect();
    held::fit(&Seen { courses: &courses, windows: &windows, gains_db: &gains_db, range_db: RANGE_DB })
}

pub(super) fn punch(gathered: &Gathered) -> Option<Punch> {
    let [before, after] = &gathered.envelopes;
    let strokes = strokes(before);
    let ratio = |envelope: &[f32], at: usize| -> Option<f64> {
        let mean = |part: &[f32]| part.iter().map(|x| f64::from(*x)).sum::<f64>() / part.len() as f64;
        let (front, body) = (mean(envelope.get(at..at + 4)?), mean(envelope.get(at + 8..at + 30)?));
        (front > 0.0 && body > 0.0).then(|| math::power_to_db(front / body))
    };
    let pairs: Vec<(f64, f64)> =
        strokes.iter().filter_map(|&at| Some((ratio(before, at)?, ratio(after, at)?))).collect();
    if pairs.len() < STROKES {
        return None;
    }
    let median = |of: &dyn Fn(&(f64, f64)) -> f64| percentile(&pairs.iter().map(of).collect::<Vec<_>>(), 0.5);
    Some(Punch {
        strokes: pairs.len(),
        before_db: median(&|pair| pair.0),
        after_db: median(&|pair| pair.1),
        change_db: median(&|pair| pair.1 - pair.0),
    })
}

/// Values of the envelope at which strokes begin.
fn strokes(envelope: &[f32]) -> Vec<usize> {
    let loudest = envelope.iter().fold(0.0_f32, |most, x| most.max(*x));
    let least = f64::from(loudest) * math::db_to_power(-STROKE_RANGE_DB);
    let rise = math::db_to_power(STROKE_DB);
    let mut found: Vec<usize> = Vec::new();
    for at in 10..envelope.len() {
        let now = f64::from(envelope[at]);
        let before = envelope[at - 10..at].iter().map(|x| f64::from(*x)).sum::<f64>() / 10.0;
        // A stroke every 100 ms at most.
        let free = found.last().is_none_or(|last| at >= last + 20);
        if free && now > least && now > rise * before {
            found.push(at);
        }
    }
    found
}
