//! Dynamics: how loud moments were held against quiet ones, and what became of the fronts of strokes.

use super::gather::{BAND_EDGES_HZ, BAND_NAMES, BANDS, Frame, Gathered};
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
/// Ratios, as measured over 43 ms, from which compression is firm and hard. By our own convention, see docs/decisions/053.
const FIRM: f64 = 2.1;
const HARD: f64 = 3.7;
/// Thresholds that are tried, dB apart, up to so many dB under the loud moments; what a gain keeps of its reduction from one frame of
/// 21 ms to the next: 0 for at once, then 20, 42, 95 and 200 ms.
const THRESHOLD_STEP_DB: f64 = 2.0;
const LEAST_OVER_DB: f64 = 3.0;
const KEEPS: [f64; 5] = [0.0, 0.35, 0.6, 0.8, 0.9];
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
    /// Level from which it works, dBFS (mean over 43 ms).
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
    let fit = held(&before, &gains, loud);
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

/// The compressor that explains the gains best.
struct Held {
    /// Share of what is over the threshold that is taken off: 1 less the inverse of the ratio; negative when it was raised.
    share: f64,
    threshold_db: f64,
    /// Gain of the loudest twentieth of moments against the softest one, dB.
    loudest_db: f64,
}

/// Compressors of all thresholds that come back at several speeds, by least squares: each takes off a share of what is over the
/// threshold, at once, and gives it back exponentially. What a gain still holds down after a stroke is so charged to the stroke.
fn held(before: &[f64], gains: &[f64], loud: f64) -> Held {
    let plays: Vec<bool> =
        before.iter().zip(gains).map(|(level, gain)| *level > loud - RANGE_DB && gain.is_finite()).collect();
    let mut best = (f64::INFINITY, Held { share: 0.0, threshold_db: loud, loudest_db: 0.0 });
    let mut threshold_db = loud - RANGE_DB + THRESHOLD_STEP_DB;
    while threshold_db < loud - LEAST_OVER_DB + 0.5 * THRESHOLD_STEP_DB {
        for keep in KEEPS {
            let asked = asked(before, threshold_db, keep);
            let pairs =
                || asked.iter().zip(gains).zip(&plays).filter(|(_, plays)| **plays).map(|(pair, _)| pair);
            let count = pairs().count().max(1) as f64;
            let (x, y) = pairs().fold((0.0, 0.0), |(x, y), (ask, gain)| (x + ask / count, y + gain / count));
            let [mut xx, mut xy, mut yy] = [0.0; 3];
            for (ask, gain) in pairs() {
                xx += (ask - x) * (ask - x);
                xy += (ask - x) * (gain - y);
                yy += (gain - y) * (gain - y);
            }
            if xx <= 1e-9 {
                continue;
            }
            let share = (-xy / xx).clamp(-1.0, 1.0);
            let error = yy + 2.0 * share * xy + share * share * xx;
            if error < best.0 {
                let moments: Vec<f64> = pairs().map(|(ask, _)| *ask).collect();
                let loudest_db = share * (percentile(&moments, 0.05) - percentile(&moments, 0.95));
                best = (error, Held { share, threshold_db, loudest_db });
            }
        }
        threshold_db += THRESHOLD_STEP_DB;
    }
    best.1
}

/// What is over a threshold, given back by a factor a frame.
fn asked(levels: &[f64], threshold_db: f64, keep: f64) -> Vec<f64> {
    let mut state = 0.0_f64;
    levels
        .iter()
        .map(|level| {
            let over = f64::max(level - threshold_db, 0.0);
            let back = keep * state + (1.0 - keep) * over;
            state = if over > state { over } else { back };
            state
        })
        .collect()
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
