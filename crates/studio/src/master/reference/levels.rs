//! How far the levels of three bands move.

use crate::message::Result;
use crate::pipe::{Next, Stage};
use dsp::biquad::Biquad;
use dsp::block::Buffer;
use dsp::eq_design::{Curve, design};
use dsp::math;

/// Where the bands meet: the corners of `multiband` (mastering.md §5.8: 120, 800, 5000 Hz, without the middle one).
pub(super) const SPLIT_HZ: [f64; 2] = [120.0, 5000.0];
/// Length of a measurement (mastering.md §5.8: RMS 10 to 50 ms; the slow end).
const STEP_SECONDS: f64 = 0.05;
/// Histogram: its lowest level, the width of a step, their number.
const LOWEST_DBFS: f64 = -120.0;
const STEP_DB: f64 = 0.25;
const ROOMS: usize = 600;
/// A step this far under the loud ones of its band is a pause and does not count (as the relative gate of Tech 3342).
const PAUSE_DB: f64 = 20.0;
/// Fewer steps say nothing: two seconds.
const LEAST_STEPS: u64 = 40;

/// Where the levels of a band lie while there is music.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    /// Median, RMS of the louder channel.
    pub(super) median_dbfs: f64,
    /// Level exceeded a twentieth of the time.
    pub(super) p95_dbfs: f64,
}

impl Spread {
    /// How far the loud moments stand over the usual ones.
    pub(super) fn reach_db(&self) -> f64 {
        self.p95_dbfs - self.median_dbfs
    }
}

/// Listens to two channels. Constant memory.
#[derive(Debug)]
pub(super) struct Levels {
    filters: [[Biquad; 2]; 2],
    step_frames: usize,
    filled: usize,
    sums: [[f64; 2]; 3],
    rooms: [Vec<u64>; 3],
}

impl Levels {
    pub(super) fn new(sample_rate_hz: f64) -> Self {
        let corner = |hz: f64| hz.min(0.4 * sample_rate_hz);
        let low = design(Curve::LowPass, corner(SPLIT_HZ[0]), 0.0, 0.707, sample_rate_hz);
        let high = design(Curve::HighPass, corner(SPLIT_HZ[1]), 0.0, 0.707, sample_rate_hz);
        let pair = || [Biquad::new(low.coefficients()), Biquad::new(high.coefficients())];
        Self {
            filters: [pair(), pair()],
            step_frames: ((STEP_SECONDS * sample_rate_hz) as usize).max(1),
            filled: 0,
            sums: [[0.0; 2]; 3],
            rooms: std::array::from_fn(|_| vec![0; ROOMS]),
        }
    }

    fn listen(&mut self, block: &Buffer) {
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

    /// Adds the energies of some frames. Both channels at once, whose filters then run side by side; of mono the same twice.
    fn add(&mut self, block: &Buffer, start: usize, frames: usize) {
        let part = |channel: usize| &block.channel(channel.min(block.channels() - 1))[start..start + frames];
        let [[left_low, left_high], [right_low, right_high]] = &mut self.filters;
        let mut sums = [[0.0; 2]; 3];
        for (&x, &y) in part(0).iter().zip(part(1)) {
            let input = [math::sane(x), math::sane(y)];
            let bass = [left_low.tick(input[0]), right_low.tick(input[1])];
            let top = [left_high.tick(input[0]), right_high.tick(input[1])];
            for lane in 0..2 {
                let middle = input[lane] - bass[lane] - top[lane];
                sums[0][lane] += bass[lane] * bass[lane];
                sums[1][lane] += middle * middle;
                sums[2][lane] += top[lane] * top[lane];
            }
        }
        for (sum, own) in self.sums.iter_mut().zip(sums) {
            sum.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
    }

    fn end_step(&mut self) {
        let scale = 1.0 / self.step_frames as f64;
        for (rooms, sums) in self.rooms.iter_mut().zip(&mut self.sums) {
            let level = math::power_to_db(scale * sums[0].max(sums[1]));
            *sums = [0.0; 2];
            if level >= LOWEST_DBFS {
                rooms[(((level - LOWEST_DBFS) / STEP_DB) as usize).min(ROOMS - 1)] += 1;
            }
        }
        self.filled = 0;
        self.filters.iter_mut().flatten().for_each(Biquad::settle);
    }

    /// `None` for a band with less than two seconds of sound.
    pub(super) fn finish(self) -> [Option<Spread>; 3] {
        self.rooms.map(|rooms| spread_of(&rooms))
    }
}

impl Stage for Levels {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        self.listen(&block);
        next(block)
    }
}

/// Level below which a share of the counted steps lies, from room `from` up.
fn level_at(rooms: &[u64], from: usize, share: f64) -> Option<f64> {
    let counted = rooms.get(from..)?;
    let wanted = share * counted.iter().sum::<u64>() as f64;
    let mut below = 0.0;
    for (room, count) in counted.iter().enumerate() {
        let here = *count as f64;
        if here > 0.0 && below + here >= wanted {
            // Steps are spread evenly over their room.
            let inside = ((wanted - below) / here).clamp(0.0, 1.0);
            return Some(LOWEST_DBFS + STEP_DB * ((from + room) as f64 + inside));
        }
        below += here;
    }
    None
}

fn spread_of(rooms: &[u64]) -> Option<Spread> {
    let floor_dbfs = level_at(rooms, 0, 0.98)? - PAUSE_DB;
    let from = ((floor_dbfs - LOWEST_DBFS) / STEP_DB).clamp(0.0, ROOMS as f64 - 1.0) as usize;
    if rooms[from..].iter().sum::<u64>() < LEAST_STEPS {
        return None;
    }
    let (median_dbfs, p95_dbfs) = (level_at(rooms, from, 0.5)?, level_at(rooms, from, 0.95)?);
    Some(Spread { median_dbfs, p95_dbfs })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(plane: &[f64]) -> [Option<Spread>; 3] {
        let mut levels = Levels::new(48_000.0);
        levels.listen(&Buffer::from_planes(&[plane.to_vec(), vec![0.0; plane.len()]]));
        levels.finish()
    }

    #[test]
    fn loud_moments_are_told_from_the_usual_and_pauses_do_not_count() {
        // 60 Hz: four seconds at -9 dBFS, four seconds 6 dB less, ten seconds of silence.
        let tone = testkit::signals::sine(60.0, 0.5, 0.0, 18.0, 48_000.0);
        let gain = |n: usize| [1.0, 0.501_187, 0.0][usize::from(n >= 192_000) + usize::from(n >= 384_000)];
        let plane: Vec<f64> = tone.iter().enumerate().map(|(n, x)| x * gain(n)).collect();
        let [low, _, high] = spread(&plane);
        let low = low.expect("there is bass");
        assert!((low.p95_dbfs + 9.03).abs() < 0.6, "{low:?}");
        // The median lies between both, at the end of the softer half.
        assert!((low.reach_db() - 6.0).abs() < 0.6, "{low:?}");
        assert_eq!(high.filter(|high| high.p95_dbfs > -60.0), None);
    }

    #[test]
    fn a_second_says_nothing() {
        assert_eq!(spread(&testkit::signals::sine(60.0, 0.5, 0.0, 1.0, 48_000.0)), [None; 3]);
    }
}
