//! Flat tops: the trace of a clipper, which turning down does not remove.

use super::histogram::{self, Histogram};
use std::collections::BTreeMap;

/// Shortest run that counts. mastering reference 5.16 (and matchering's count): three samples in a row; a peak that was
/// only touched for one or two samples is not heard and happens without a clipper.
const RUN: u32 = 3;
/// How far samples of one flat top may lie apart in steps of the file, so that its dither does not hide it.
const STEPS: f64 = 2.0;
/// The same for fine files, which may have been coarse before: two steps of 16 bits.
const FLAT: f64 = 2.0 / 32_768.0;
/// The same relative to the level, for files turned far down: 5e-4 of the level (0.004 dB), by calibration 2026-11-21.
const FLAT_SHARE: f64 = 5e-4;
/// How much steeper than flat at least one edge must be. A round peak c·t² that stays within the tolerance over three
/// samples falls by at most 6 tolerances to the next sample outside; a clipper's corner falls with the wave's slope.
const EDGE: f64 = 8.0;

/// Finds flat tops of one channel as its samples go by.
#[derive(Debug, Clone)]
pub(super) struct Plateaus {
    before: f64,
    start: f64,
    previous: f64,
    run: u32,
    flat: f64,
    step: f64,
    /// Levels of the flat tops found.
    pub(super) levels: Histogram,
    /// Frame of the first of each step of the histogram.
    firsts: BTreeMap<usize, u64>,
    /// Samples in the longest.
    pub(super) longest: u32,
}

impl Plateaus {
    /// Nothing seen yet of a file whose samples are multiples of `step` (0 when they are not).
    pub(super) fn new(step: f64) -> Self {
        let levels = Histogram::new();
        Self {
            before: 0.0,
            start: 0.0,
            previous: 0.0,
            run: 0,
            flat: 0.0,
            step,
            levels,
            firsts: BTreeMap::new(),
            longest: 0,
        }
    }

    /// Frame of the first that stands at a level or over it, to one step of the histogram.
    pub(super) fn first_from(&self, level: f64) -> Option<u64> {
        let from = histogram::step_of(level).saturating_sub(1);
        self.firsts.range(from..).map(|(_, frame)| *frame).min()
    }

    /// The next sample, which is number `frame` of the stream.
    #[inline]
    pub(super) fn push(&mut self, sample: f64, frame: u64) {
        if (sample - self.start).abs() <= self.flat {
            self.run += 1;
        } else {
            if self.run >= RUN {
                self.judge(sample, frame);
            }
            self.before = self.previous;
            self.start = sample;
            self.run = 1;
            self.flat = FLAT.min(FLAT_SHARE * sample.abs()).max(STEPS * self.step);
        }
        self.previous = sample;
    }

    /// A run has ended before `after`: counts it if it is the top of something with a corner.
    fn judge(&mut self, after: f64, frame: u64) {
        let side = self.start.signum();
        let level = self.start.abs();
        let (rise, fall) = (level - side * self.before, level - side * after);
        let corner = EDGE * self.flat;
        if self.flat > 0.0 && rise > 0.0 && fall > 0.0 && (rise > corner || fall > corner) {
            self.levels.add(level);
            self.longest = self.longest.max(self.run);
            let start = frame.saturating_sub(u64::from(self.run));
            self.firsts.entry(histogram::step_of(level)).or_insert(start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals;

    fn count(signal: &[f64], step: f64) -> (u64, f64) {
        let mut plateaus = Plateaus::new(step);
        for (frame, &x) in signal.iter().enumerate() {
            plateaus.push(x, frame as u64);
        }
        (plateaus.levels.total(), plateaus.levels.max())
    }

    #[test]
    fn a_clipped_sine_has_two_flat_tops_per_period_and_a_whole_one_has_none() {
        for frequency_hz in [40.0, 50.0, 441.0, 1000.0, 2500.0] {
            for gain in [1.0, 0.5, 0.05] {
                let sine: Vec<f64> = signals::sine(frequency_hz, 1.0, 0.3, 1.0, 44_100.0);
                let whole: Vec<f64> = sine.iter().map(|x| gain * 0.6 * x).collect();
                let clipped: Vec<f64> = sine.iter().map(|x| gain * x.clamp(-0.6, 0.6)).collect();
                assert_eq!(count(&whole, 0.0).0, 0, "{frequency_hz} Hz, gain {gain}");
                let (found, level) = count(&clipped, 0.0);
                // A corner that falls just before a sample is not steep at low frequencies: some go by.
                let all = 2 * frequency_hz as u64;
                assert!(found >= all / 2 && found <= all + 1, "{frequency_hz} Hz: {found}");
                assert!((level - gain * 0.6).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_place_is_that_of_the_level_and_not_of_softer_flat_tops_before_it() {
        let burst = |gain: f64| signals::sine(441.0, gain, 0.3, 0.5, 44_100.0);
        let clipped =
            |gain: f64, top: f64| burst(gain).iter().map(|x| x.clamp(-top, top)).collect::<Vec<_>>();
        let signal = [clipped(0.1, 0.05), clipped(1.0, 0.6)].concat();
        let mut plateaus = Plateaus::new(0.0);
        signal.iter().enumerate().for_each(|(frame, x)| plateaus.push(*x, frame as u64));
        let (soft, loud) = (plateaus.first_from(0.05).unwrap(), plateaus.first_from(0.6).unwrap());
        assert!(soft < 200 && (22_050..22_250).contains(&loud), "{soft} {loud}");
        assert_eq!(plateaus.first_from(0.7), None);
    }

    #[test]
    fn dither_of_a_sixteen_bit_file_does_not_hide_a_flat_top() {
        let noise = signals::noise(1.0 / 32_768.0, 7, 44_100);
        let clipped: Vec<f64> = signals::sine(200.0, 1.0, 0.0, 1.0, 44_100.0)
            .iter()
            .zip(noise)
            .map(|(x, n)| ((x.clamp(-0.7, 0.7) + n) * 32_768.0).round() / 32_768.0)
            .collect();
        let found = count(&clipped, 1.0 / 32_768.0).0;
        assert!(found >= 300, "{found}");
    }

    #[test]
    fn the_steps_of_a_coarse_file_are_no_flat_tops() {
        for bits in [8, 12, 16] {
            let step = 1.0 / f64::from(1 << (bits - 1));
            let sine: Vec<f64> = signals::sine(440.0, 0.5, 0.0, 0.5, 11_025.0)
                .iter()
                .map(|x| (x / step).round() * step)
                .collect();
            assert_eq!(count(&sine, step).0, 0, "{bits} bits");
        }
    }
}
