//! Flat tops: runs of samples that stand still at the top of the wave.

use crate::meter::is_number;

/// Samples that make a run.
const RUN: u64 = 3;
/// Samples this close to each other's level stand still: a third of a 16-bit step, wider than 24-bit dither.
const STILL: f64 = 1e-5;
/// Runs this close to the largest level are at the top: one 16-bit step, since the wave may be cut at +32767 and
/// -32768.
const NEAR: f64 = 1.0 / 32_768.0 + STILL;
/// A run is a cut and not the round top of a slow wave if the wave leaves it by more than this within one sample
/// on either side: four 16-bit steps. (A rounded top of n equal samples is left by at most (1 + 2/n)² ≤ 2.8 steps and
/// one for rounding.)
const EDGE: f64 = 4.0 / 32_768.0;
/// Full scale: the largest positive 16-bit sample, or more.
const FULL_SCALE: f64 = 1.0 - 1.0 / 32_768.0;
/// Samples looked at together to see whether any is near the top.
const CHUNK: usize = 32;

/// Runs found in one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClippedRuns {
    /// Runs of three or more samples at the largest level of the channel, whatever that level is.
    pub at_top: u64,
    /// Samples in these.
    pub samples_at_top: u64,
    /// Longest of these, in samples.
    pub longest: u64,
    /// Runs of three or more samples at full scale.
    pub at_full_scale: u64,
}

/// Finds flat tops of one channel in one pass.
#[derive(Debug, Clone)]
pub(super) struct RunFinder {
    found: ClippedRuns,
    /// Level at which runs are being counted: the top so far, give or take `NEAR`.
    top: f64,
    /// The run that is open: its first sample and its length.
    level: f64,
    length: u64,
    /// Whether the wave came to the open run over an edge.
    steep: bool,
    previous: f64,
}

impl RunFinder {
    pub(super) fn new() -> Self {
        // The level of no run: nothing is near to it.
        let level = f64::INFINITY;
        Self { found: ClippedRuns::default(), top: 2.0 * NEAR, level, length: 0, steep: false, previous: 0.0 }
    }

    /// Listens to samples whose largest magnitude, leaving out what is no number, is `top`.
    pub(super) fn push(&mut self, samples: &[f64], top: f64) {
        if top < self.floor() {
            return self.pass(samples);
        }
        for chunk in samples.chunks(CHUNK) {
            if largest(chunk) >= self.floor() {
                chunk.iter().for_each(|&x| self.next(x));
            } else {
                self.pass(chunk);
            }
        }
    }

    /// Listens to samples of which none can be part of a run; the first one ends a run that is open.
    fn pass(&mut self, samples: &[f64]) {
        if let [first, .., last] | [first @ last] = samples {
            self.close(*first);
            self.previous = *last;
        }
    }

    /// Level from which on a sample can be part of a run.
    fn floor(&self) -> f64 {
        (self.top - NEAR).min(FULL_SCALE - STILL)
    }

    #[inline]
    fn next(&mut self, x: f64) {
        if (x - self.level).abs() <= STILL {
            self.length += 1;
        } else {
            self.close(x);
            if x.abs() >= self.floor() && is_number(x) {
                self.open(x);
            }
        }
        self.previous = x;
    }

    fn open(&mut self, x: f64) {
        if x.abs() > self.top + NEAR {
            // Higher than all before: what was counted was not the top.
            let at_full_scale = self.found.at_full_scale;
            self.found = ClippedRuns { at_full_scale, ..ClippedRuns::default() };
            self.top = x.abs();
        }
        self.level = x;
        self.length = 1;
        self.steep = leaves(x, self.previous);
    }

    fn close(&mut self, after: f64) {
        if self.length >= RUN {
            let full = self.level.abs() >= FULL_SCALE - STILL && self.level.abs() <= 1.0 + STILL;
            let cut = self.steep || leaves(self.level, after);
            if cut && self.level.abs() >= self.top - NEAR {
                self.found.at_top += 1;
                self.found.samples_at_top += self.length;
                self.found.longest = self.found.longest.max(self.length);
            }
            self.found.at_full_scale += u64::from(full);
        }
        self.length = 0;
        self.level = f64::INFINITY;
    }

    pub(super) fn finish(&mut self) -> ClippedRuns {
        self.close(0.0);
        self.found
    }
}

/// Whether the wave at `level` falls towards zero by more than an edge to reach `other`.
fn leaves(level: f64, other: f64) -> bool {
    level.abs() - other * level.signum() > EDGE
}

fn largest(chunk: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (fours, rest) = chunk.as_chunks::<4>();
    for four in fours {
        for lane in 0..4 {
            let level = four[lane].abs();
            lanes[lane] = if level > lanes[lane] { level } else { lanes[lane] };
        }
    }
    let lanes = lanes.iter().copied();
    lanes.chain(rest.iter().map(|x| x.abs())).fold(0.0, |top, level| if level > top { level } else { top })
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals::{noise, sine};

    fn runs(samples: &[f64]) -> ClippedRuns {
        let mut finder = RunFinder::new();
        finder.push(samples, f64::INFINITY);
        finder.finish()
    }

    fn sixteen_bits(samples: &[f64]) -> Vec<f64> {
        samples.iter().map(|x| (x * 32_768.0).round() / 32_768.0).collect()
    }

    #[test]
    fn planted_runs_are_counted_and_their_clean_twin_has_none() {
        let clean = noise(0.5, 1, 20_000);
        assert_eq!(runs(&clean), ClippedRuns::default());
        let mut planted = clean;
        for (start, length, level) in [(100, 3, 0.7), (500, 5, -0.7), (900, 2, 0.7), (1_500, 4, 0.6)] {
            planted[start..start + length].fill(level);
        }
        let expected = ClippedRuns { at_top: 2, samples_at_top: 8, longest: 5, at_full_scale: 0 };
        assert_eq!(runs(&planted), expected);
    }

    #[test]
    fn a_clipped_wave_turned_down_still_shows() {
        let wave = sine(220.0, 1.4, 0.1, 1.0, 44_100.0);
        let clipped: Vec<f64> = wave.iter().map(|x| 0.31 * x.clamp(-1.0, 1.0)).collect();
        let found = runs(&clipped);
        // Two tops a period.
        assert!(found.at_top.abs_diff(440) <= 1, "{found:?}");
        assert_eq!(found.at_full_scale, 0);
        let soft: Vec<f64> = wave.iter().map(|x| 0.31 * x).collect();
        assert_eq!(runs(&soft).at_top, 0);
    }

    #[test]
    fn full_scale_of_16_bits_counts_on_both_sides() {
        let wave = sine(441.0, 1.5, 0.0, 0.1, 44_100.0);
        let clipped: Vec<f64> =
            wave.iter().map(|x| (x * 32_768.0).round().clamp(-32_768.0, 32_767.0) / 32_768.0).collect();
        let found = runs(&clipped);
        assert!(found.at_full_scale.abs_diff(88) <= 2, "{found:?}");
    }

    #[test]
    fn the_round_top_of_a_slow_wave_is_not_a_cut() {
        for frequency in [20.0, 31.0, 50.0, 100.0, 997.0] {
            for peak in [0.1, 0.5, 0.99] {
                let wave = sine(frequency, peak, 0.3, 1.0, 48_000.0);
                assert_eq!(runs(&wave).at_top, 0, "{frequency} {peak}");
                assert_eq!(runs(&sixteen_bits(&wave)).at_top, 0, "16 bits {frequency} {peak}");
            }
        }
    }

    #[test]
    fn dither_of_24_bits_does_not_hide_a_run() {
        let dither = noise(1.0 / 8_388_608.0, 5, 48_000);
        let wave = sine(220.0, 1.4, 0.1, 1.0, 48_000.0);
        let clipped: Vec<f64> = wave.iter().zip(&dither).map(|(x, d)| 0.5 * x.clamp(-1.0, 1.0) + d).collect();
        assert!(runs(&clipped).at_top.abs_diff(440) <= 1, "{:?}", runs(&clipped));
    }

    #[test]
    fn chunks_do_not_matter() {
        let wave: Vec<f64> = sine(97.0, 1.2, 0.0, 0.5, 48_000.0).iter().map(|x| x.clamp(-1.0, 1.0)).collect();
        for size in [1, 3, 31, 32, 65] {
            let mut finder = RunFinder::new();
            wave.chunks(size).for_each(|part| finder.push(part, testkit::measure::peak(part)));
            assert_eq!(finder.finish(), runs(&wave), "{size}");
        }
    }

    #[test]
    fn silence_is_not_a_run() {
        assert_eq!(runs(&[0.0; 1_000]), ClippedRuns::default());
        assert_eq!(runs(&[f64::NAN; 10]), ClippedRuns::default());
        assert_eq!(runs(&[f64::INFINITY; 10]), ClippedRuns::default());
    }
}
