//! The compressor that explains the gains best: its threshold, its ratio and how fast it goes and comes back.
//!
//! A compressor works within milliseconds, and the gains are seen through windows of 43 ms: what a window shows of a stroke is mostly
//! what came after it. So compressors are run on the level of BEFORE as it was (200 values a second), and what each window would have
//! seen of them is held against what it saw. Costs 1.2 ms a second of audio
//! (4 minutes: 0.3 s, 2026-11-22).

use super::tone::percentile;
use dsp::math;

/// Thresholds that are tried: dB apart, from so many dB under the loud moments.
const STEP_DB: f64 = 2.0;
const LEAST_OVER_DB: f64 = 3.0;
/// How fast they go and come back, seconds to 1/e: from a limiter's to a leveller's. By convention of the trade.
const ATTACKS: [f64; 4] = [0.0, 0.005, 0.015, 0.04];
const RELEASES: [f64; 6] = [0.02, 0.05, 0.1, 0.2, 0.4, 0.8];
/// Seconds between two levels.
pub(super) const STEP_SECONDS: f64 = 0.005;
/// Steps of the last search, in shares of what is over the threshold and in dB of the threshold, to either side.
const FINE_SHARE: f64 = 0.01;
const FINE_DB: f64 = 0.5;
const FINE_STEPS: i32 = 4;

/// What a window sees of the levels: where it begins, and how much of its energy each of them has (they add up to 1).
pub(super) struct Window {
    pub(super) first: usize,
    pub(super) weights: Vec<f32>,
}

/// What was seen.
pub(super) struct Seen<'a> {
    /// Levels of BEFORE 200 times a second, dB: what a detector of power hears, and what one of peaks hears.
    pub(super) courses: &'a [Vec<f64>],
    /// Windows that say something.
    pub(super) windows: &'a [Window],
    /// Gain from BEFORE to AFTER in each of them, dB.
    pub(super) gains_db: &'a [f64],
    /// How far under the loud moments is still looked for a threshold, dB.
    pub(super) range_db: f64,
}

/// The compressor that explains the gains best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Held {
    /// Share of what is over the threshold that is taken off: 1 less the inverse of the ratio; negative when it was raised.
    pub(super) share: f64,
    /// Where it begins, dB.
    pub(super) threshold_db: f64,
    /// Gain of the loudest twentieth of moments against the softest one, dB.
    pub(super) loudest_db: f64,
}

/// One that was tried.
#[derive(Clone, Copy)]
struct Tried<'a> {
    error: f64,
    held: Held,
    levels_db: &'a [f64],
    attack: f64,
    release: f64,
}

/// Fits one to what was seen, by least squares.
pub(super) fn fit(seen: &Seen<'_>) -> Held {
    let mut best: Option<Tried<'_>> = None;
    for levels_db in seen.courses {
        let loud_db = percentile(levels_db, 0.99);
        let steps = ((seen.range_db - LEAST_OVER_DB) / STEP_DB) as usize;
        for threshold_db in (0..steps).map(|n| loud_db - LEAST_OVER_DB - STEP_DB * n as f64) {
            for (attack, release) in ATTACKS.iter().flat_map(|up| RELEASES.iter().map(|down| (*up, *down))) {
                let asked = asked(levels_db, threshold_db, attack, release);
                let means: Vec<f64> = seen.windows.iter().map(|window| window.mean(&asked)).collect();
                let Some((error, share)) = line(&means, seen.gains_db) else { continue };
                if best.as_ref().is_none_or(|best| error < best.error) {
                    let loudest_db = share * (percentile(&means, 0.05) - percentile(&means, 0.95));
                    let held = Held { share, threshold_db, loudest_db };
                    best = Some(Tried { error, held, levels_db, attack, release });
                }
            }
        }
    }
    match best {
        Some(rough) if rough.held.share > 0.0 => finer(seen, rough),
        Some(rough) => rough.held,
        None => Held { share: 0.0, threshold_db: 0.0, loudest_db: 0.0 },
    }
}

/// The same compressor with a threshold and a ratio near by. Here windows see the powers that come out, not means of decibels.
fn finer(seen: &Seen<'_>, Tried { held: rough, levels_db, attack, release, .. }: Tried<'_>) -> Held {
    let mut best = (f64::INFINITY, rough);
    for step in -FINE_STEPS..=FINE_STEPS {
        let threshold_db = rough.threshold_db + FINE_DB * f64::from(step);
        let asked = asked(levels_db, threshold_db, attack, release);
        // The error is a smooth bowl over the share: its bottom is walked to from where the line was best.
        let error = |share: f64| {
            let made: Vec<f64> = seen.windows.iter().map(|window| window.gain_db(&asked, share)).collect();
            apart(&made, seen.gains_db)
        };
        let (mut share, mut least) = (rough.share.clamp(0.0, 1.0), error(rough.share.clamp(0.0, 1.0)));
        let mut stride = 16.0 * FINE_SHARE;
        while stride >= FINE_SHARE {
            let near = [share - stride, share + stride].map(|share| share.clamp(0.0, 1.0));
            let tried = near.map(|share| (error(share), share));
            let better = if tried[0].0 < tried[1].0 { tried[0] } else { tried[1] };
            if better.0 < least { (least, share) = better } else { stride *= 0.5 }
        }
        if least < best.0 {
            best = (least, Held { share, threshold_db, ..rough });
        }
    }
    best.1
}

/// What a compressor with an endless ratio takes off, dB: what is over the threshold, reached and given back exponentially.
fn asked(levels_db: &[f64], threshold_db: f64, attack: f64, release: f64) -> Vec<f64> {
    let keep = |seconds: f64| if seconds > 0.0 { math::exp(-STEP_SECONDS / seconds) } else { 0.0 };
    let (up, down) = (keep(attack), keep(release));
    let mut state = 0.0_f64;
    levels_db
        .iter()
        .map(|level| {
            let over = f64::max(level - threshold_db, 0.0);
            let keep = if over > state { up } else { down };
            state = over + keep * (state - over);
            state
        })
        .collect()
}

impl Window {
    fn mean(&self, asked: &[f64]) -> f64 {
        let own = asked.iter().skip(self.first).zip(&self.weights);
        own.map(|(asked, weight)| asked * f64::from(*weight)).sum()
    }

    /// Gain of the power in the window where a share of what is asked is taken off, dB.
    fn gain_db(&self, asked: &[f64], share: f64) -> f64 {
        // 10^(-x/10) is 2^(-x · log2(10)/10).
        let per_db = -share * 0.1 * std::f64::consts::LOG2_10;
        let own = asked.iter().skip(self.first).zip(&self.weights);
        let power: f64 =
            own.map(|(asked, weight)| math::fast_exp2(asked * per_db) * f64::from(*weight)).sum();
        math::power_to_db(power)
    }
}

/// Square error of the line that takes a share off, and the share.
fn line(asked: &[f64], gains: &[f64]) -> Option<(f64, f64)> {
    let count = asked.len().max(1) as f64;
    let (x, y) = (asked.iter().sum::<f64>() / count, gains.iter().sum::<f64>() / count);
    let [mut xx, mut xy, mut yy] = [0.0; 3];
    for (ask, gain) in asked.iter().zip(gains) {
        xx += (ask - x) * (ask - x);
        xy += (ask - x) * (gain - y);
        yy += (gain - y) * (gain - y);
    }
    let share = (-xy / xx).clamp(-1.0, 1.0);
    (xx > 1e-9).then_some((yy + 2.0 * share * xy + share * share * xx, share))
}

/// Square error of gains against others, whatever the make-up gain between them is.
fn apart(made: &[f64], gains: &[f64]) -> f64 {
    let count = made.len().max(1) as f64;
    let mean = made.iter().zip(gains).map(|(made, gain)| gain - made).sum::<f64>() / count;
    made.iter().zip(gains).map(|(made, gain)| (gain - made - mean) * (gain - made - mean)).sum()
}
