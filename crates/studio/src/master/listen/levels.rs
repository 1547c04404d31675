//! Levels of three bands every 50 ms, and how they move.

use crate::message::Result;
use crate::pipe::{Next, Stage};
use dsp::biquad::Biquad;
use dsp::block::Buffer;
use dsp::eq_design::{Curve, design};
use dsp::math;
use serde::Serialize;

/// Where the three bands of the dynamics meet, Hz: the outer crossovers of mastering.md §5.8 (120, 800, 5000) without
/// the middle one.
pub(in super::super) const SPLIT_HZ: [f64; 2] = [120.0, 5000.0];
/// Length of a level measurement, seconds (RMS 10 to 50 ms in mastering.md §5.8; the slow end).
const STEP_SECONDS: f64 = 0.05;
/// A step this far under the loudest of its band is a pause and does not count, dB (as the relative gate of LRA).
const PAUSE_DB: f64 = 20.0;
/// How a band's level moves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
pub struct Dynamics {
    /// Median level of 50 ms while there is music, dBFS.
    pub median_dbfs: f64,
    /// Level exceeded a tenth of the time, dBFS.
    pub p90_dbfs: f64,
    /// Level exceeded a fiftieth of the time, dBFS.
    pub p98_dbfs: f64,
    /// How far the level stands over the mean of the three seconds around it, a fiftieth of the time, dB: blows and
    /// bursts, not the arc of the piece.
    pub burst_db: f64,
}

/// Levels of three bands, every 50 ms.
pub(super) struct Levels {
    filters: Vec<[Biquad; 2]>,
    step_frames: usize,
    filled: usize,
    sums: [f64; 3],
    pub(super) steps: [Vec<f32>; 3],
}

impl Levels {
    pub(super) fn new(channels: usize, sample_rate_hz: f64) -> Self {
        let corner = |hz: f64| hz.min(0.4 * sample_rate_hz);
        let low = design(Curve::LowPass, corner(SPLIT_HZ[0]), 0.0, 0.707, sample_rate_hz);
        let high = design(Curve::HighPass, corner(SPLIT_HZ[1]), 0.0, 0.707, sample_rate_hz);
        let pair = || [Biquad::new(low.coefficients()), Biquad::new(high.coefficients())];
        Self {
            filters: (0..channels).map(|_| pair()).collect(),
            step_frames: ((STEP_SECONDS * sample_rate_hz) as usize).max(1),
            filled: 0,
            sums: [0.0; 3],
            steps: [Vec::new(), Vec::new(), Vec::new()],
        }
    }

    fn measure(&mut self, block: &Buffer) {
        let mut start = 0;
        while start < block.frames() {
            let frames = (self.step_frames - self.filled).min(block.frames() - start);
            self.add(block, start, frames);
            start += frames;
            self.filled += frames;
            if self.filled == self.step_frames {
                self.end_step();
            }
        }
    }

    /// Adds the energies of some frames; two channels at a time, whose filters then run side by side.
    fn add(&mut self, block: &Buffer, start: usize, frames: usize) {
        let part = |channel: usize| &block.channel(channel)[start..start + frames];
        let (pairs, odd) = self.filters.as_chunks_mut::<2>();
        for (pair, [first, second]) in pairs.iter_mut().enumerate() {
            let mut sums = [[0.0; 2]; 3];
            for (&x, &y) in part(2 * pair).iter().zip(part(2 * pair + 1)) {
                let (bass, top) =
                    ([first[0].tick(x), second[0].tick(y)], [first[1].tick(x), second[1].tick(y)]);
                for (lane, input) in [x, y].into_iter().enumerate() {
                    let middle = input - bass[lane] - top[lane];
                    sums[0][lane] += bass[lane] * bass[lane];
                    sums[1][lane] += middle * middle;
                    sums[2][lane] += top[lane] * top[lane];
                }
            }
            self.sums.iter_mut().zip(sums).for_each(|(sum, own)| *sum += own[0] + own[1]);
        }
        let last = 2 * pairs.len();
        for [low, high] in odd {
            for &x in part(last) {
                let (bass, top) = (low.tick(x), high.tick(x));
                let middle = x - bass - top;
                self.sums[0] += bass * bass;
                self.sums[1] += middle * middle;
                self.sums[2] += top * top;
            }
        }
    }

    fn end_step(&mut self) {
        let scale = 1.0 / (self.step_frames * self.filters.len().max(1)) as f64;
        for (steps, sum) in self.steps.iter_mut().zip(&mut self.sums) {
            steps.push(math::power_to_db(*sum * scale).max(-200.0) as f32);
            *sum = 0.0;
        }
        self.filled = 0;
        for filter in self.filters.iter_mut().flatten() {
            filter.settle();
        }
    }
}

impl Dynamics {
    pub(super) fn of(steps: &[f32]) -> Self {
        let mut sorted: Vec<f32> = steps.to_vec();
        sorted.sort_by(f32::total_cmp);
        let at = |share: f64| -> Option<f64> {
            let top = sorted.len().checked_sub(1)?;
            sorted.get((share * top as f64).round() as usize).map(|level| f64::from(*level))
        };
        let Some(loudest) = at(0.98) else { return Self::default() };
        let burst_db = burst_db(steps, loudest - PAUSE_DB);
        let pauses = sorted.partition_point(|level| f64::from(*level) < loudest - PAUSE_DB);
        sorted.drain(..pauses);
        let top = sorted.len().saturating_sub(1) as f64;
        let of =
            |share: f64| sorted.get((share * top).round() as usize).map_or(-200.0, |level| f64::from(*level));
        Self { median_dbfs: of(0.5), p90_dbfs: of(0.9), p98_dbfs: of(0.98), burst_db }
    }
}

/// Steps on either side that make the surroundings of a step: three seconds in all.
const AROUND_STEPS: usize = 30;

/// 98th percentile of the levels over the mean of their surroundings; steps below the floor count as the floor.
fn burst_db(steps: &[f32], floor_dbfs: f64) -> f64 {
    let level = |step: &f32| f64::from(*step).max(floor_dbfs);
    let mut over: Vec<f64> = (0..steps.len())
        .filter(|at| f64::from(steps[*at]) > floor_dbfs)
        .map(|at| {
            let around = &steps[at.saturating_sub(AROUND_STEPS)..(at + AROUND_STEPS + 1).min(steps.len())];
            level(&steps[at]) - around.iter().map(level).sum::<f64>() / around.len() as f64
        })
        .collect();
    over.sort_by(f64::total_cmp);
    let at = (0.98 * over.len().saturating_sub(1) as f64).round() as usize;
    over.get(at).copied().unwrap_or(0.0)
}

impl Stage for Levels {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        self.measure(&block);
        next(block)
    }
}
