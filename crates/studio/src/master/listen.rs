//! What the mastering engineer hears: spectrum, width per band, dynamics of three bands.
//!
//! Costs some 25 ns per stereo frame (one FFT of 16384 per 8192 frames, three filters); memory is constant but for one
//! number per band and 50 ms.

use super::tone::{BANDS, EDGES_HZ};
use crate::message::Result;
use crate::pipe::{Next, Stage};
use dsp::biquad::Biquad;
use dsp::block::Buffer;
use dsp::eq_design::{Curve, design};
use dsp::math;
use dsp::spectrum::{Options, Planes, Spectrum, Welch};
use serde::Serialize;

/// Where the three bands of the dynamics meet, Hz: the outer crossovers of mastering.md §5.8 (120, 800, 5000) without
/// the middle one.
pub(super) const SPLIT_HZ: [f64; 2] = [120.0, 5000.0];
/// Length of a level measurement, seconds (RMS 10 to 50 ms in mastering.md §5.8; the slow end).
const STEP_SECONDS: f64 = 0.05;
/// A step this far under the loudest of its band is a pause and does not count, dB (as the relative gate of LRA).
const PAUSE_DB: f64 = 20.0;
/// Where a wall in the spectrum is looked for, and how deep it is (lossy encoders; see `Spectrum::cutoff`).
const WALL_HZ: [f64; 2] = [3000.0, 20_500.0];
const WALL_DB: f64 = 40.0;

/// What was heard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listening {
    /// Level of each band of [`EDGES_HZ`], mid and side together, re an RMS of 1.0, dB.
    pub level_db: [f64; BANDS],
    /// Side re mid in each band, dB; `None` where there is nothing.
    pub side_mid_db: [Option<f64>; BANDS],
    /// Where the spectrum ends: a wall of a lossy source, or half the sample rate.
    pub top_hz: f64,
    /// Level below 25 Hz re all, dB.
    pub rumble_db: f64,
    /// Levels of the low, middle and high band.
    pub dynamics: [Dynamics; 3],
}

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

/// Listens to a stereo stream: three stages, so that threads can share the work.
pub(crate) struct Listener {
    sample_rate_hz: f64,
    mid: Welch,
    side: Welch,
    levels: Levels,
}

/// Levels of three bands, every 50 ms.
struct Levels {
    filters: Vec<[Biquad; 2]>,
    step_frames: usize,
    filled: usize,
    sums: [f64; 3],
    steps: [Vec<f32>; 3],
}

impl Listener {
    pub(crate) fn new(channels: usize, sample_rate_hz: f64) -> Self {
        let welch = |planes| Welch::new(channels, sample_rate_hz, Options { planes, ..Options::default() });
        Self {
            sample_rate_hz,
            mid: welch(Planes::Mid),
            side: welch(Planes::Side),
            levels: Levels::new(channels, sample_rate_hz),
        }
    }

    /// What the stream has to pass.
    pub(crate) fn stages(&mut self) -> [&mut dyn Stage; 3] {
        [&mut self.mid, &mut self.side, &mut self.levels]
    }

    pub(crate) fn finish(self) -> Listening {
        let (mid, side) = (self.mid.finish(), self.side.finish());
        let nyquist = 0.5 * self.sample_rate_hz;
        let both = |low: f64, high: f64| mid.band_power(0, low, high) + side.band_power(0, low, high);
        let level_db = std::array::from_fn(|b| math::power_to_db(both(EDGES_HZ[b], EDGES_HZ[b + 1])));
        let side_mid_db = std::array::from_fn(|b| side_mid(&mid, &side, EDGES_HZ[b], EDGES_HZ[b + 1]));
        let wall = mid.cutoff(0, WALL_HZ[0], WALL_HZ[1].min(nyquist), WALL_DB);
        let dynamics = self.levels.steps.map(|steps| Dynamics::of(&steps));
        Listening {
            level_db,
            side_mid_db,
            top_hz: wall.map_or(nyquist, |wall| wall.hz),
            rumble_db: math::power_to_db(both(0.0, 25.0) / both(0.0, nyquist).max(f64::MIN_POSITIVE)),
            dynamics,
        }
    }
}

impl Levels {
    fn new(channels: usize, sample_rate_hz: f64) -> Self {
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
            for (channel, [low, high]) in self.filters.iter_mut().enumerate() {
                for &x in &block.channel(channel)[start..start + frames] {
                    let (bass, top) = (low.tick(x), high.tick(x));
                    let middle = x - bass - top;
                    self.sums[0] += bass * bass;
                    self.sums[1] += middle * middle;
                    self.sums[2] += top * top;
                }
            }
            start += frames;
            self.filled += frames;
            if self.filled == self.step_frames {
                self.end_step();
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

/// Side re mid between two frequencies; `None` when there is nothing.
fn side_mid(mid: &Spectrum, side: &Spectrum, low_hz: f64, high_hz: f64) -> Option<f64> {
    let (mid, side) = (mid.band_power(0, low_hz, high_hz), side.band_power(0, low_hz, high_hz));
    // -120 dB re full scale: below every converter.
    (mid + side > 1e-12).then(|| math::power_to_db((side / mid.max(1e-20)).clamp(1e-12, 1e12)))
}

impl Dynamics {
    fn of(steps: &[f32]) -> Self {
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

impl Stage for Welch {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        Welch::push(self, block.view());
        next(block)
    }
}

impl Stage for Levels {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        self.measure(&block);
        next(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(left: Vec<f64>, right: Vec<f64>) -> Listening {
        let mut listener = Listener::new(2, 48_000.0);
        for stage in listener.stages() {
            let block = Buffer::from_planes(&[left.clone(), right.clone()]);
            stage.push(block, &mut |_| Ok(())).expect("it listens");
        }
        listener.finish()
    }

    #[test]
    fn a_tone_lands_in_its_band_and_its_width_is_heard() {
        let left = testkit::signals::sine(1000.0, 0.5, 0.0, 2.0, 48_000.0);
        let right: Vec<f64> = left.iter().map(|x| 0.5 * x).collect();
        let heard = hear(left, right);
        let loudest = (0..BANDS).max_by(|&a, &b| heard.level_db[a].total_cmp(&heard.level_db[b]));
        assert_eq!(loudest, Some(3));
        // Mid 0.75, side 0.25 of the left: -9.54 dB.
        assert!(
            (heard.side_mid_db[3].expect("there is a tone") + 9.54).abs() < 0.05,
            "{:?}",
            heard.side_mid_db
        );
    }

    #[test]
    fn dynamics_count_music_not_pauses() {
        // 60 Hz: one second loud, three seconds 6 dB less, two seconds of silence.
        let tone = testkit::signals::sine(60.0, 0.5, 0.0, 6.0, 48_000.0);
        let gate = |n: usize| {
            if n < 48_000 {
                1.0
            } else if n < 192_000 {
                0.501_187
            } else {
                0.0
            }
        };
        let plane: Vec<f64> = tone.iter().enumerate().map(|(n, x)| x * gate(n)).collect();
        let low = hear(plane.clone(), plane).dynamics[0];
        // RMS of a sine of peak 0.5 is -9.03 dBFS; the band's own filter takes 0.3 dB at most.
        assert!((low.p90_dbfs + 9.03).abs() < 0.5, "{low:?}");
        assert!((low.p90_dbfs - low.median_dbfs - 6.0).abs() < 0.05, "{low:?}");
    }

    #[test]
    fn bursts_count_and_the_arc_of_a_piece_does_not() {
        // 1 kHz. Rising by 20 dB over 20 s: no bursts. A blow of 50 ms every second, 20 dB over the rest: bursts of nearly
        // 19 dB, as one step in twenty lifts the mean by 1.
        let tone = testkit::signals::sine(1000.0, 0.5, 0.0, 20.0, 48_000.0);
        let arc: Vec<f64> =
            tone.iter().enumerate().map(|(n, x)| x * math::db_to_gain(-20.0 + n as f64 / 48_000.0)).collect();
        assert!(hear(arc.clone(), arc).dynamics[1].burst_db < 3.0);
        let blow = |n: usize| if n % 48_000 < 2400 { 1.0 } else { 0.1001 };
        let blows: Vec<f64> = tone.iter().enumerate().map(|(n, x)| x * blow(n)).collect();
        let burst_db = hear(blows.clone(), blows).dynamics[1].burst_db;
        assert!((burst_db - 19.0).abs() < 0.3, "{burst_db}");
    }

    #[test]
    fn a_wall_ends_the_spectrum() {
        let noise = testkit::signals::noise(0.3, 3, 96_000);
        let heard = hear(noise.clone(), noise);
        assert_eq!(heard.top_hz, 24_000.0);
    }
}
