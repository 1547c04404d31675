//! Meters with a weight: the VU needle and slow RMS.

use super::finite;
use crate::biquad::{Shape, SvfTerms};
use crate::math;

/// Damping of the VU needle: it overshoots by 1.25 %, in the middle of the 1 to 1.5 % of IEC 60268-17:1990 (exp(-πζ/√(1-ζ²))
/// = 0.0125).
const DAMPING: f64 = 0.812_716_986_428_677_5;
/// Angular frequency times the 0.3 s in which the needle reaches 99 % (IEC 60268-17): first solution of
/// 1 - e^(-ζx) (cos √(1-ζ²)x + ζ/√(1-ζ²) sin √(1-ζ²)x) = 0.99.
const REACH: f64 = 4.053_573_768_759_813;
/// IEC 60268-17: time to 99 %.
const REACH_SECONDS: f64 = 0.3;
/// A rectified sine of peak 1 has the mean 2/π; the needle is to show its peak.
const SINE: f64 = math::FRAC_PI_2;
/// Frames after which a state that has died away is cleared.
const SETTLE_FRAMES: usize = 64;
/// -600 dB: no sound, and well above denormal numbers.
const SILENCE: f64 = 1e-30;

fn settled(state: f64) -> f64 {
    if state.abs() < SILENCE { 0.0 } else { state }
}

/// The needle of a VU meter: the rectified sound through a second-order movement. One channel.
///
/// Reads a steady sine at its peak, whatever the frequency; 99 % after 0.3 s, 1.25 % too much a little later.
#[derive(Debug, Clone)]
pub struct Needle {
    terms: SvfTerms,
    state: [[f64; 1]; 2],
    level: f64,
    largest: f64,
    until_settle: usize,
}

impl Needle {
    /// A needle at rest.
    #[must_use]
    pub fn new(sample_rate_hz: f64) -> Self {
        let g = math::tan((0.5 * REACH / REACH_SECONDS / sample_rate_hz).min(1.5));
        let shape = Shape { g, k: 2.0 * DAMPING, high: 0.0, band: 0.0, low: 1.0 };
        Self {
            terms: SvfTerms::new(&shape),
            state: [[0.0]; 2],
            level: 0.0,
            largest: 0.0,
            until_settle: SETTLE_FRAMES,
        }
    }

    /// Listens.
    pub fn process(&mut self, plane: &[f64]) {
        for &x in plane {
            [self.level] = self.terms.tick(&mut self.state, [finite(x).abs()]);
            self.largest = if self.level > self.largest { self.level } else { self.largest };
            self.until_settle -= 1;
            if self.until_settle == 0 {
                self.until_settle = SETTLE_FRAMES;
                self.state = self.state.map(|[state]| [settled(state)]);
            }
        }
    }

    /// Where it stands, as the linear peak of a sine.
    #[must_use]
    pub fn level(&self) -> f64 {
        SINE * self.level
    }

    /// Furthest it has come.
    #[must_use]
    pub fn largest(&self) -> f64 {
        SINE * self.largest
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        self.state = [[0.0]; 2];
        (self.level, self.largest, self.until_settle) = (0.0, 0.0, SETTLE_FRAMES);
    }
}

/// Root of a mean square that forgets. One channel.
#[derive(Debug, Clone)]
pub struct SlowRms {
    share: f64,
    power: f64,
    largest: f64,
}

impl SlowRms {
    /// A meter that has come to 99 % of a sudden power in `seconds`.
    #[must_use]
    pub fn new(seconds: f64, sample_rate_hz: f64) -> Self {
        // e^(-t/τ) = 0.01 at the time given.
        let share = 1.0 - math::exp(-2.0 * math::LN_10 / (seconds * sample_rate_hz));
        Self { share, power: 0.0, largest: 0.0 }
    }

    /// Listens.
    pub fn process(&mut self, plane: &[f64]) {
        for &x in plane {
            let x = finite(x);
            self.power = settled(self.power + self.share * (x * x - self.power));
            self.largest = if self.power > self.largest { self.power } else { self.largest };
        }
    }

    /// Linear RMS now.
    #[must_use]
    pub fn level(&self) -> f64 {
        self.power.max(0.0).sqrt()
    }

    /// Largest so far.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.largest.sqrt()
    }

    /// Back to silence.
    pub fn reset(&mut self) {
        (self.power, self.largest) = (0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals;

    #[test]
    fn the_needle_is_at_99_percent_after_300_ms_and_overshoots_a_little() {
        for rate in [44_100.0, 192_000.0] {
            let mut needle = Needle::new(rate);
            let tone = signals::sine(1_000.0, 0.5, 0.0, 2.0, rate);
            let at = (0.3 * rate) as usize;
            needle.process(&tone[..at]);
            assert!((needle.level() / 0.5 - 0.99).abs() < 0.002, "{}", needle.level());
            needle.process(&tone[at..]);
            assert!((needle.level() / 0.5 - 1.0).abs() < 0.001, "{}", needle.level());
            let over = needle.largest() / 0.5 - 1.0;
            assert!((0.01..0.015).contains(&over), "{over}");
        }
    }

    #[test]
    fn slow_rms_has_99_percent_of_the_power_in_its_time() {
        let mut meter = SlowRms::new(0.6, 48_000.0);
        meter.process(&[0.3; 28_800]);
        assert!((meter.level() * meter.level() / 0.09 - 0.99).abs() < 1e-6);
        meter.process(&[0.0; 28_800]);
        assert!((meter.level() * meter.level() / (0.99 * 0.09) - 0.01).abs() < 1e-6);
        assert!((meter.largest() * meter.largest() / 0.09 - 0.99).abs() < 1e-6);
    }

    #[test]
    fn they_come_to_rest() {
        let (mut needle, mut slow) = (Needle::new(8_000.0), SlowRms::new(0.01, 8_000.0));
        for _ in 0..10 {
            needle.process(&[1.0, f64::NAN]);
            slow.process(&[1.0, f64::INFINITY]);
        }
        needle.process(&[0.0; 200_000]);
        slow.process(&[0.0; 200_000]);
        assert_eq!((needle.state, slow.power), ([[0.0]; 2], 0.0));
    }
}
