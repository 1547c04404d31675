//! Counts of levels in fine steps, without a logarithm per sample.

use dsp::math;

/// Steps per octave: the widest step is 20·log10(1 + 1/256) = 0.034 dB, a third of the finest question asked (0.1 dB).
const STEPS: usize = 256;
/// Octaves below the top that are told apart: 2^-24 is the last bit of a 24-bit file.
const OCTAVES: usize = 28;
/// Exponent of the loudest octave: up to 2^4 = +24 dBFS, where a float file may go; louder falls into the last step.
const TOP: i32 = 4;

/// How often each level occurred. Levels are linear amplitudes; constant memory however long the stream.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    total: u64,
    max: f64,
}

/// Step of a level: exponent and upper mantissa bits as they stand in the number.
pub(super) fn step_of(level: f64) -> usize {
    // IEEE 754 binary64: 11 exponent bits (bias 1023) above 52 mantissa bits, of which the upper 8 are kept.
    let code = (level.to_bits() >> 44) as i64;
    let lowest = ((1023 + TOP - OCTAVES as i32) as i64) << 8;
    (code - lowest).clamp(0, (OCTAVES * STEPS) as i64 - 1) as usize
}

/// Amplitude at the lower end of a step.
fn level_of(step: usize) -> f64 {
    let exponent = TOP - OCTAVES as i32 + (step / STEPS) as i32;
    math::exp2(f64::from(exponent)) * (1.0 + (step % STEPS) as f64 / STEPS as f64)
}

impl Histogram {
    /// Nothing counted yet.
    pub(super) fn new() -> Self {
        Self { counts: vec![0; OCTAVES * STEPS], total: 0, max: 0.0 }
    }

    /// Counts a level (finite, not negative).
    #[inline]
    pub(super) fn add(&mut self, level: f64) {
        if let Some(count) = self.counts.get_mut(step_of(level)) {
            *count += 1;
        }
        self.total += 1;
        self.max = self.max.max(level);
    }

    /// How many levels were counted.
    #[cfg(test)]
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The greatest level counted.
    pub(super) fn max(&self) -> f64 {
        self.max
    }

    /// How many levels are within `db` of `top` or above it, to one step.
    pub(super) fn at_least(&self, top: f64, db: f64) -> u64 {
        let from = step_of(top * math::db_to_gain(-db));
        self.counts.iter().skip(from).sum()
    }

    /// The level that a share of the counted levels does not exceed, in dBFS; `-inf` when nothing was counted.
    /// Only levels of at least `floor` take part.
    pub(super) fn percentile_db(&self, share: f64, floor: f64) -> f64 {
        let first = step_of(floor);
        let total: u64 = self.counts.iter().skip(first).sum();
        let rank = (share * total as f64) as u64;
        let mut seen = 0;
        for (step, count) in self.counts.iter().enumerate().skip(first) {
            seen += count;
            if seen > rank || (seen == total && *count > 0) {
                return math::gain_to_db(level_of(step));
            }
        }
        f64::NEG_INFINITY
    }

    /// The two neighbouring steps that hold most, as (level in linear amplitude, count). Levels below `floor` are left out.
    pub(super) fn densest(&self, floor: f64) -> (f64, u64) {
        let first = step_of(floor);
        let mut best = (0.0, 0);
        for (step, pair) in self.counts.windows(2).enumerate().skip(first) {
            let count: u64 = pair.iter().sum();
            if count > best.1 {
                best = (level_of(step + 1), count);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_never_wider_than_the_finest_question() {
        for step in [0, 17, 255, 256, 4000, OCTAVES * STEPS - 2] {
            let width = math::gain_to_db(level_of(step + 1) / level_of(step));
            assert!(width > 0.0 && width < 0.035, "{step}: {width}");
            assert_eq!(step_of(level_of(step)), step);
        }
    }

    #[test]
    fn levels_are_found_again_where_they_were_put() {
        let mut histogram = Histogram::new();
        for n in 0..100 {
            histogram.add(0.01 * f64::from(n));
        }
        assert_eq!(histogram.max(), 0.99);
        // 0.99 down to 0.99 · 10^(-1/20) = 0.882: the eleven values 0.89 … 0.99, and perhaps 0.88 in the same step.
        assert!((11..=12).contains(&histogram.at_least(0.99, 1.0)));
        assert!((histogram.percentile_db(0.5, 0.0) - math::gain_to_db(0.5)).abs() < 0.2);
        // Not a level of any file: the extremes are clamped, not lost.
        histogram.add(1e30);
        histogram.add(1e-300);
        assert_eq!(histogram.total(), 102);
    }
}
