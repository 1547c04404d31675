//! Stretches of one loudness: verse and chorus, as far as loudness tells them apart.

use super::frames::{Heard, THIRDS};
use dsp::math;
use serde::Serialize;

/// Values of the curve per second.
const PER_SECOND: usize = 10;
/// Stretch on either side of a border that is compared, and least length of a section, in values of the curve.
/// By calibration, 2026-11-21: two bars at 80 bpm.
const AROUND: usize = 6 * PER_SECOND;
/// Least step in loudness that makes a border, LU. By calibration, 2026-11-21: verse to chorus has 2 to 6.
const STEP_LU: f64 = 2.5;
/// Loudness below this counts as this, LUFS: fades have no borders.
const FLOOR_LUFS: f64 = -50.0;
/// Most sections.
const MOST: usize = 64;
/// Half the window of a short-term value, seconds.
const HALF_WINDOW_SECONDS: f64 = 1.5;

/// A stretch of one loudness.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// Where it begins.
    pub start_seconds: f64,
    /// Where it ends.
    pub end_seconds: f64,
    /// Its loudness: mean of the short-term values.
    pub loudness_lufs: f64,
    /// Median level of each third-octave band from 20 Hz to 20 kHz, mid, dB; empty where no frame counts.
    pub third_octave_db: Vec<f64>,
}

/// Splits a short-term curve, ten values a second.
pub(super) fn split(short_term_lufs: &[f64]) -> Vec<Section> {
    let curve: Vec<f64> = short_term_lufs.iter().map(|lufs| lufs.max(FLOOR_LUFS)).collect();
    if curve.is_empty() {
        return Vec::new();
    }
    let mut sums = vec![0.0];
    for lufs in &curve {
        sums.push(sums.last().copied().unwrap_or(0.0) + lufs);
    }
    let mean = |from: usize, to: usize| (sums[to] - sums[from]) / (to - from).max(1) as f64;
    // Three seconds around a border belong to both sides: values there are left out.
    let gap = 15;
    let step = |at: usize| {
        let (before, after) = (at.checked_sub(AROUND + gap)?, at + gap + AROUND);
        (after <= curve.len()).then(|| (mean(at + gap, after) - mean(before, at - gap)).abs())
    };
    let mut steps: Vec<(usize, f64)> = (0..curve.len())
        .filter_map(|at| step(at).filter(|step| *step >= STEP_LU).map(|step| (at, step)))
        .collect();
    // The largest first; of equals the earliest.
    steps.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut borders = vec![0, curve.len()];
    for (at, _) in steps {
        if borders.len() <= MOST && borders.iter().all(|border| border.abs_diff(at) >= AROUND) {
            borders.push(at);
        }
    }
    borders.sort_unstable();
    let seconds = |at: usize| match at {
        0 => 0.0,
        at if at == curve.len() => at as f64 / PER_SECOND as f64 + 2.0 * HALF_WINDOW_SECONDS,
        at => at as f64 / PER_SECOND as f64 + HALF_WINDOW_SECONDS,
    };
    let section = |ends: &[usize]| Section {
        start_seconds: seconds(ends[0]),
        end_seconds: seconds(ends[1]),
        loudness_lufs: mean(ends[0], ends[1]),
        third_octave_db: Vec::new(),
    };
    borders.windows(2).map(section).collect()
}

impl Section {
    /// Length.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.end_seconds - self.start_seconds
    }

    /// Takes its spectrum from what was heard.
    pub(super) fn listen(&mut self, heard: &Heard) {
        let frames = heard.between(self.start_seconds, self.end_seconds);
        if frames.is_empty() {
            return;
        }
        let median = |band: usize| {
            let mut levels: Vec<f32> = frames.iter().map(|frame| frame[band]).collect();
            levels.sort_by(f32::total_cmp);
            f64::from(levels[levels.len() / 2])
        };
        self.third_octave_db = (0..THIRDS).map(median).collect();
    }

    /// Level of everything in its spectrum, dB.
    pub(in super::super) fn level_db(&self) -> f64 {
        math::power_to_db(self.third_octave_db.iter().map(|level| math::db_to_power(*level)).sum())
    }
}
