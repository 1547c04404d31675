//! Counter-based noise: the value at an index depends on nothing but seed and index.
//!
//! So a block boundary, a thread or a seek cannot change it. The mixer is the finaliser of SplitMix64
//! (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).

/// Noise as a function of position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterRng {
    key: u64,
}

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl CounterRng {
    /// A stream of its own for every pair of `seed` and `stream` (a channel, a track).
    #[must_use]
    pub const fn new(seed: u64, stream: u64) -> Self {
        Self { key: mix(seed ^ mix(stream.wrapping_add(0x9E37_79B9_7F4A_7C15))) }
    }

    /// 64 random bits at `index`.
    #[inline]
    #[must_use]
    pub const fn bits(&self, index: u64) -> u64 {
        mix(self.key.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// Uniform in [0, 1).
    #[inline]
    #[must_use]
    pub fn uniform(&self, index: u64) -> f64 {
        // 53 bits: every value is a multiple of 2^-53 and exact.
        (self.bits(index) >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform in [-1, 1).
    #[inline]
    #[must_use]
    pub fn bipolar(&self, index: u64) -> f64 {
        2.0 * self.uniform(index) - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_noise_has_the_moments_of_a_uniform() {
        let rng = CounterRng::new(1, 2);
        let n = 100_000;
        let mean = (0..n).map(|i| rng.bipolar(i)).sum::<f64>() / n as f64;
        let var = (0..n).map(|i| rng.bipolar(i) * rng.bipolar(i)).sum::<f64>() / n as f64;
        assert!(mean.abs() < 0.01, "{mean}");
        assert!((var - 1.0 / 3.0).abs() < 0.01, "{var}");
    }

    #[test]
    fn streams_are_unrelated() {
        let (a, b) = (CounterRng::new(1, 0), CounterRng::new(1, 1));
        let n = 100_000;
        let dot = (0..n).map(|i| a.bipolar(i) * b.bipolar(i)).sum::<f64>() / n as f64;
        assert!(dot.abs() < 0.01, "{dot}");
    }
}
