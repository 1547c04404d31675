//! Bits really used: the coarsest grid that holds every sample.

/// 2^-31 is one step of 32 bits. Added to and taken from a sample, this leaves the nearest such step: its own unit
/// in the last place is 2^-31 (1.5 · 2^21).
const TO_GRID: f64 = 3_145_728.0;
/// Widest integer format there is.
const WIDEST: u32 = 32;

/// Finds the word length of one channel.
#[derive(Debug, Clone)]
pub(super) struct BitFinder {
    /// All steps of 2^-31 that were set in any sample.
    set: u64,
    /// Whether a sample lay between the steps.
    finer: bool,
    stored: u32,
}

impl BitFinder {
    /// `stored`: bits of the integer format, when there is one; no sample can need more, and the search ends there.
    pub(super) fn new(stored: Option<u16>) -> Self {
        Self { set: 0, finer: false, stored: stored.map_or(WIDEST + 1, u32::from) }
    }

    pub(super) fn push(&mut self, samples: &[f64]) {
        // Found once a channel is seen to need all there is, which in most music takes one chunk.
        for chunk in samples.chunks(512) {
            if self.bits() >= self.stored {
                return;
            }
            self.look(chunk);
        }
    }

    fn look(&mut self, samples: &[f64]) {
        let (mut set, mut finer) = (0_u64, 0_u64);
        for &x in samples {
            let x = super::super::finite(x);
            let shifted = x + TO_GRID;
            set |= shifted.to_bits() ^ TO_GRID.to_bits();
            finer |= ((shifted - TO_GRID) - x).to_bits() << 1;
        }
        self.set |= set;
        self.finer |= finer != 0;
    }

    /// Bits in use: 0 for silence, 33 for more than 32.
    pub(super) fn bits(&self) -> u32 {
        if self.finer {
            return WIDEST + 1;
        }
        WIDEST - self.set.trailing_zeros().min(WIDEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals::noise;

    fn bits(samples: &[f64], stored: Option<u16>) -> u32 {
        let mut finder = BitFinder::new(stored);
        finder.push(samples);
        finder.bits()
    }

    fn of_bits(bits: i32, samples: &[f64]) -> Vec<f64> {
        let scale = (1_u64 << (bits - 1)) as f64;
        samples.iter().map(|x| (x * scale).round() / scale).collect()
    }

    #[test]
    fn every_word_length_is_found_whatever_it_is_stored_in() {
        let samples = noise(0.9, 1, 2_000);
        for used in 2..=32 {
            let cut = of_bits(used, &samples);
            for stored in [Some(16), Some(24), Some(32), None] {
                if stored.is_none_or(|stored| used <= i32::from(stored)) {
                    assert_eq!(bits(&cut, stored), used as u32, "{used} in {stored:?}");
                }
            }
        }
    }

    #[test]
    fn one_sample_with_a_last_bit_is_enough() {
        let mut samples = of_bits(16, &noise(0.9, 1, 5_000));
        assert_eq!(bits(&samples, Some(24)), 16);
        samples[4_999] = -1.0 + 1.0 / 8_388_608.0;
        assert_eq!(bits(&samples, Some(24)), 24);
    }

    #[test]
    fn both_ends_of_full_scale_are_on_the_grid() {
        assert_eq!(bits(&[-1.0], Some(16)), 1);
        assert_eq!(bits(&[1.0 - 1.0 / 2_147_483_648.0, -1.0], Some(32)), 32);
        assert_eq!(bits(&[0.0, -0.0], Some(24)), 0);
    }

    #[test]
    fn floating_point_sound_needs_more_than_32_bits() {
        assert_eq!(bits(&noise(0.9, 2, 100), None), 33);
        assert_eq!(bits(&[1e-12], None), 33);
    }
}
