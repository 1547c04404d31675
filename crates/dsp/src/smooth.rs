//! Parameter smoothing that does not depend on block boundaries.

use crate::math;

/// One-pole glide towards a target, advanced sample by sample.
#[derive(Debug, Clone)]
pub struct Glide {
    value: f64,
    target: f64,
    keep: f64,
}

impl Glide {
    /// A glide that covers 63 % of a step in `time_ms`.
    #[must_use]
    pub fn new(value: f64, time_ms: f64, sample_rate_hz: f64) -> Self {
        let frames = time_ms * 1e-3 * sample_rate_hz;
        let keep = if frames > 0.0 { math::exp(-1.0 / frames) } else { 0.0 };
        Self { value, target: value, keep }
    }

    /// Where to go from the next sample on.
    pub fn set_target(&mut self, target: f64) {
        self.target = target;
    }

    /// Jumps to `value` at once.
    pub fn snap(&mut self, value: f64) {
        self.value = value;
        self.target = value;
    }

    /// The value at the next sample.
    #[inline]
    pub fn next_value(&mut self) -> f64 {
        let distance = self.value - self.target;
        // Close enough for every meter we have (-280 dB): land, so that a settled glide is exact.
        self.value = if distance.abs() < 1e-14 { self.target } else { self.target + distance * self.keep };
        self.value
    }

    /// Whether the target is reached exactly.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.value == self.target
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> f64 {
        self.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glide_covers_63_percent_in_its_time() {
        let mut glide = Glide::new(0.0, 5.0, 48_000.0);
        glide.set_target(1.0);
        let mut last = 0.0;
        for _ in 0..240 {
            last = glide.next_value();
        }
        assert!((last - (1.0 - math::exp(-1.0))).abs() < 1e-9, "{last}");
    }
}
