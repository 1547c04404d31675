//! Three bands: hearing them apart, and turning them up and down without ever splitting the sound.
//!
//! [`ThreeWay`] splits for a detector (Linkwitz-Riley, fourth order). [`BandGains`] applies a gain to each band by two
//! shelves: the middle gain to everything, then a low shelf with the low band's difference and a high shelf with the
//! high band's. So the bands sum to the input exactly when their gains are equal: at gains of 1 to the bit, with no phase
//! shift, no latency, no ripple at the crossovers. A split that is summed again either shifts the phase
//! (Linkwitz-Riley sums to an all-pass), rings before the event (linear phase), or, done by subtraction, leaves a
//! second slope of 6 dB per octave with a bump beside it.

use crate::biquad::{Shape, SvfBank, SvfTerms};
use crate::math::{PI, SQRT_2, fast_exp2, tan};

/// tan(π f / fs) with f held below half the sample rate.
#[must_use]
pub fn corner_tangent(frequency_hz: f64, sample_rate_hz: f64) -> f64 {
    tan(PI * (frequency_hz / sample_rate_hz).clamp(1e-6, 0.49))
}

/// One of the two equal sections of a Linkwitz-Riley low-pass or high-pass of fourth order (S. H. Linkwitz, JAES 24(1)
/// 1976: two Butterworth sections of second order, -6 dB at the crossover).
#[must_use]
pub fn linkwitz_riley_section(high_pass: bool, frequency_hz: f64, sample_rate_hz: f64) -> Shape {
    let (high, low) = if high_pass { (1.0, 0.0) } else { (0.0, 1.0) };
    Shape { g: corner_tangent(frequency_hz, sample_rate_hz), k: SQRT_2, high, band: 0.0, low }
}

/// Splits one channel into low, middle and high.
#[derive(Debug, Clone)]
pub struct ThreeWay {
    /// Low-pass and high-pass at the lower crossover, then at the upper one, two sections each.
    sections: [SvfBank; 4],
}

impl ThreeWay {
    /// A split at two frequencies.
    #[must_use]
    pub fn new(low_hz: f64, high_hz: f64, sample_rate_hz: f64) -> Self {
        let mut new = Self { sections: std::array::from_fn(|_| SvfBank::new(2)) };
        new.glide_to(low_hz, high_hz, sample_rate_hz, 0);
        new
    }

    fn shapes(low_hz: f64, high_hz: f64, rate: f64) -> [Shape; 4] {
        [(false, low_hz), (true, low_hz), (false, high_hz), (true, high_hz)]
            .map(|(high_pass, f)| linkwitz_riley_section(high_pass, f, rate))
    }

    /// Moves the crossovers within `frames`; 0 frames jumps there at rest.
    pub fn glide_to(&mut self, low_hz: f64, high_hz: f64, sample_rate_hz: f64, frames: usize) {
        let shapes = Self::shapes(low_hz, high_hz, sample_rate_hz);
        for (pair, shape) in self.sections.iter_mut().zip(shapes) {
            (0..2).for_each(|index| pair.glide_to(index, shape, frames));
        }
    }

    /// Splits a plane. `low`, `middle` and `high` must be as long as `input`; each is overwritten.
    pub fn split(&mut self, input: &[f64], low: &mut [f64], middle: &mut [f64], high: &mut [f64]) {
        let [low_pass, low_high, high_low, high_pass] = &mut self.sections;
        low.copy_from_slice(input);
        middle.copy_from_slice(input);
        low_pass.process(low);
        low_high.process(middle);
        high.copy_from_slice(middle);
        high_low.process(middle);
        high_pass.process(high);
    }

    /// Silences states that have nearly decayed. Call at frames that do not depend on block sizes.
    pub fn settle(&mut self) {
        self.sections.iter_mut().for_each(SvfBank::settle);
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        self.sections.iter_mut().for_each(SvfBank::reset);
    }
}

/// The two shelves and the gain that give every band its own gain, for one frame.
#[derive(Debug, Clone, Copy)]
pub struct BandTerms {
    low_shelf: SvfTerms,
    high_shelf: SvfTerms,
    gain: f64,
}

/// Octaves of √A per decibel of shelf gain; A is the square root of the gain: log2(10) / 80.
const ROOT_OCTAVES_PER_DB: f64 = core::f64::consts::LOG2_10 / 80.0;

/// Low and high shelf of second order with half their gain in decibels at the corner (R. Bristow-Johnson, "Cookbook
/// formulae for audio EQ", Butterworth Q), bilinear.
fn shelf(high: bool, corner: f64, gain_db: f64) -> Shape {
    let root = fast_exp2(ROOT_OCTAVES_PER_DB * gain_db);
    let a = root * root;
    let (full, band) = (a * a, a * SQRT_2);
    if high {
        Shape { g: corner * root, k: SQRT_2, high: full, band, low: 1.0 }
    } else {
        Shape { g: corner / root, k: SQRT_2, high: 1.0, band, low: full }
    }
}

impl BandTerms {
    /// Terms for gains in decibels of low, middle and high; the corners as tangents
    /// ([`corner_tangent`]). Gains of 0 dB pass every bit. Error below 1e-6 dB.
    #[inline]
    #[must_use]
    pub fn new(gains_db: [f64; 3], low_corner: f64, high_corner: f64) -> Self {
        let [low, middle, high] = gains_db;
        let root = fast_exp2(ROOT_OCTAVES_PER_DB * middle);
        let square = root * root;
        Self {
            low_shelf: SvfTerms::new(&shelf(false, low_corner, low - middle)),
            high_shelf: SvfTerms::new(&shelf(true, high_corner, high - middle)),
            gain: square * square,
        }
    }
}

/// State of the two shelves for one channel.
#[derive(Debug, Clone, Default)]
pub struct BandGains {
    low: [[f64; 1]; 2],
    high: [[f64; 1]; 2],
}

impl BandGains {
    /// Applies one set of terms per frame.
    pub fn process(&mut self, plane: &mut [f64], terms: &[BandTerms]) {
        let (mut low, mut high) = (self.low, self.high);
        for (x, terms) in plane.iter_mut().zip(terms) {
            let y = terms.low_shelf.tick(&mut low, [*x]);
            let [y] = terms.high_shelf.tick(&mut high, y);
            *x = y * terms.gain;
        }
        (self.low, self.high) = (low, high);
    }

    /// Silences states that have nearly decayed. Call at frames that do not depend on block sizes.
    pub fn settle(&mut self) {
        let settled = |state: [f64; 1]| state.map(crate::biquad::settled);
        (self.low, self.high) = (self.low.map(settled), self.high.map(settled));
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{measure, signals};

    fn gains(gains_db: [f64; 3]) -> Vec<f64> {
        let terms =
            BandTerms::new(gains_db, corner_tangent(120.0, 48_000.0), corner_tangent(5_000.0, 48_000.0));
        let mut ir = signals::impulse(1.0, 0, 48_000);
        BandGains::default().process(&mut ir, &vec![terms; 48_000]);
        ir
    }

    #[test]
    fn equal_gains_are_flat_and_none_passes_every_bit() {
        let noise = signals::noise(1.0, 1, 1_000);
        let mut out = noise.clone();
        let terms = BandTerms::new([0.0; 3], 0.01, 0.3);
        BandGains::default().process(&mut out, &vec![terms; 1_000]);
        assert_eq!(out, noise);
        let ir = gains([-3.0; 3]);
        for f in [20.0, 120.0, 1_000.0, 5_000.0, 20_000.0] {
            assert!((measure::response_db(&ir, f, 48_000.0) + 3.0).abs() < 1e-5, "{f}");
        }
    }

    #[test]
    fn every_band_has_its_gain_and_the_crossover_is_half_way() {
        let ir = gains([-4.0, 0.0, 3.0]);
        let at = |f| measure::response_db(&ir, f, 48_000.0);
        assert!((at(20.0) + 4.0).abs() < 0.02 && at(800.0).abs() < 0.02 && (at(20_000.0) - 3.0).abs() < 0.1);
        assert!((at(120.0) + 2.0).abs() < 0.02 && (at(5_000.0) - 1.5).abs() < 0.02);
        // No bump: from the low gain to the high one it only rises.
        let curve: Vec<f64> = (0..100).map(|i| at(20.0 * libm::pow(1_000.0, f64::from(i) / 99.0))).collect();
        assert!(curve.windows(2).all(|w| w[1] > w[0] - 1e-3));
    }

    #[test]
    fn the_split_is_linkwitz_riley() {
        let ir = signals::impulse(1.0, 0, 48_000);
        let (mut low, mut middle, mut high) = (ir.clone(), ir.clone(), ir.clone());
        ThreeWay::new(200.0, 4_000.0, 48_000.0).split(&ir, &mut low, &mut middle, &mut high);
        for (band, f, want) in [
            (&low, 200.0, -6.02),
            (&middle, 200.0, -6.02),
            (&middle, 4_000.0, -6.02),
            (&high, 4_000.0, -6.02),
            (&low, 20.0, 0.0),
            (&middle, 900.0, 0.0),
            (&high, 20_000.0, 0.0),
            (&high, 400.0, -80.0),
            (&low, 2_000.0, -80.0),
        ] {
            let got = measure::response_db(band, f, 48_000.0);
            let limit = if want < -10.0 { 1.5 } else { 0.05 };
            assert!((got - want).abs() < limit, "{f}: {got} {want}");
        }
    }
}
