//! K-weighted powers every 50 ms: loudness of parts and of their sums, without a sample.

use dsp::math::db_to_power;
use dsp::meter::loudness::{lufs_of_power, power_of_lufs};

/// K-weighted mean squares, channels summed, one for every 50 ms.
pub type Powers = Vec<f64>;

/// Values of a block of 400 ms, and from one block to the next (BS.1770-5, annex 1: 75 % overlap).
const BLOCK: usize = 8;
const STEP: usize = 2;
/// Gates of BS.1770-5, annex 1, and how far the second lies under the mean of what passes the first.
const ABSOLUTE_LUFS: f64 = -70.0;
const RELATIVE_LU: f64 = -10.0;
/// A track sounds from 20 LU under its 95th percentile on, until 25 LU under it (mixing rules, C0).
const OPEN_LU: f64 = 20.0;
const CLOSE_LU: f64 = 25.0;
/// Held for 300 ms, at least 200 ms long (C0), in values.
const HOLD: usize = 6;

/// Integrated loudness of powers (both gates of BS.1770-5), LUFS; `None` where nothing passes.
#[must_use]
pub fn gated_lufs(powers: &[f64]) -> Option<f64> {
    let starts = (0..(powers.len() + 1).saturating_sub(BLOCK)).step_by(STEP);
    let mut blocks: Vec<f64> = starts.map(|at| powers[at..at + BLOCK].iter().sum::<f64>() / BLOCK as f64).collect();
    blocks.retain(|power| *power > power_of_lufs(ABSOLUTE_LUFS));
    let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len().max(1) as f64;
    let relative = mean(&blocks) * db_to_power(RELATIVE_LU);
    blocks.retain(|power| *power > relative);
    (!blocks.is_empty()).then(|| lufs_of_power(mean(&blocks)))
}

/// Momentary loudness, one for every 50 ms: of the 400 ms around it.
#[must_use]
pub fn momentary_lufs(powers: &[f64]) -> Vec<f64> {
    let mut sums = Vec::with_capacity(powers.len() + 1);
    let mut total = 0.0;
    sums.push(0.0);
    for power in powers {
        total += power;
        sums.push(total);
    }
    (0..powers.len())
        .map(|at| {
            let (from, to) = (at.saturating_sub(BLOCK / 2), (at + BLOCK / 2).min(powers.len()));
            lufs_of_power(((sums[to] - sums[from]) / BLOCK as f64).max(0.0))
        })
        .collect()
}

/// Where something sounds (C0).
#[must_use]
pub fn active(powers: &[f64]) -> Vec<bool> {
    let loud = momentary_lufs(powers);
    let mut heard: Vec<f64> = loud.iter().copied().filter(|lufs| *lufs > ABSOLUTE_LUFS).collect();
    heard.sort_by(f64::total_cmp);
    let Some(reference) = heard.get(heard.len().saturating_sub(1) * 95 / 100) else {
        return vec![false; powers.len()];
    };
    let (open, close) = (f64::max(reference - OPEN_LU, ABSOLUTE_LUFS), f64::max(reference - CLOSE_LU, ABSOLUTE_LUFS));
    let (mut on, mut hold) = (false, 0_usize);
    loud.iter()
        .map(|lufs| {
            if *lufs > open {
                (on, hold) = (true, HOLD);
            } else if *lufs < close {
                hold = hold.saturating_sub(1);
                on = on && hold > 0;
            }
            on
        })
        .collect()
}

/// Loudness while it sounds, LUFS.
#[must_use]
pub fn active_lufs(powers: &[f64]) -> Option<f64> {
    let own: Vec<f64> = powers.iter().zip(active(powers)).filter(|(_, on)| *on).map(|(power, _)| *power).collect();
    let mean = own.iter().sum::<f64>() / own.len().max(1) as f64;
    (mean > 0.0).then(|| lufs_of_power(mean))
}

/// Powers behind a gain.
#[must_use]
pub fn scaled(powers: &[f64], gain_db: f64) -> Powers {
    let factor = db_to_power(gain_db);
    powers.iter().map(|power| power * factor).collect()
}

/// Powers of several together, as of sounds that have nothing to do with each other.
#[must_use]
pub fn sum<'a>(parts: impl IntoIterator<Item = &'a Powers>) -> Powers {
    let mut all: Powers = Vec::new();
    for part in parts {
        all.resize(all.len().max(part.len()), 0.0);
        all.iter_mut().zip(part).for_each(|(sum, power)| *sum += power);
    }
    all
}
