//! Second-order sections: what they do ([`Shape`], [`Coefficients`]) and what runs ([`Biquad`], [`Svf`]).
//!
//! A [`Shape`] names a digital second-order filter by its trapezoidal state-variable form: with t = tan(π f / fs),
//!
//! ```text
//!         high (jt)² + band g (jt) + low g²
//! H(jt) = ---------------------------------
//!              (jt)² +    k g (jt) + g²
//! ```
//!
//! Every stable second-order filter has such a form, low frequencies keep their precision in it, and any mixture of
//! two shapes with positive `g` and `k` is stable, so that settings may move while sound passes.
//! A. Simper, "Linear Trapezoidal State Variable Filter", Cytomic 2013 (the structure); A. Wishnick, "Time-varying
//! filters for musical applications", DAFx 2014 (why it may be modulated).

mod bank;
mod svf;

pub use bank::SvfBank;
pub use svf::{Svf, Terms as SvfTerms};

use crate::math::{LN_10, PI, cos, ln, log10, sin, tan};

/// A second-order filter in state-variable terms; see the [module](self) for the formula.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// tan(π f0 / fs) of the poles; positive.
    pub g: f64,
    /// Damping, 1/Q; positive.
    pub k: f64,
    /// Gain towards half the sample rate.
    pub high: f64,
    /// Weight of the band output.
    pub band: f64,
    /// Gain at 0 Hz.
    pub low: f64,
}

impl Shape {
    /// Changes nothing, to the bit.
    pub const IDENTITY: Self = Self { g: 1.0, k: 1.0, high: 1.0, band: 1.0, low: 1.0 };

    /// Whether numerator and denominator are the same.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.high == 1.0 && self.low == 1.0 && self.band == self.k
    }

    /// The same poles with a numerator that cancels them.
    #[must_use]
    pub fn as_identity(&self) -> Self {
        Self { g: self.g, k: self.k, high: 1.0, band: self.k, low: 1.0 }
    }

    /// The same filter with `gain` (linear) in front of it.
    #[must_use]
    pub fn scaled(&self, gain: f64) -> Self {
        Self { high: self.high * gain, band: self.band * gain, low: self.low * gain, ..*self }
    }

    /// Frames in which an echo of it falls by 60 dB.
    #[must_use]
    pub fn decay_frames(&self) -> f64 {
        let Coefficients { a1, a2, .. } = self.coefficients();
        let inside = a1 * a1 - 4.0 * a2;
        let radius = if inside > 0.0 { 0.5 * (a1.abs() + inside.sqrt()) } else { a2.abs().sqrt() };
        // ln 1000 = 6.9.
        if radius < 1e-3 { 1.0 } else { -3.0 * LN_10 / ln(f64::min(radius, 1.0 - 1e-9)) }
    }

    /// The filter that undoes this one; needs `high`, `band` and `low` above zero (a minimum-phase shape).
    #[must_use]
    pub fn inverse(&self) -> Self {
        let middle = (self.high * self.low).sqrt();
        Self {
            g: self.g * (self.low / self.high).sqrt(),
            k: self.band / middle,
            high: 1.0 / self.high,
            band: self.k / middle,
            low: 1.0 / self.low,
        }
    }

    /// Coefficients of the direct form.
    #[must_use]
    pub fn coefficients(&self) -> Coefficients {
        let (g, g2) = (self.g, self.g * self.g);
        let scale = 1.0 / (1.0 + self.k * g + g2);
        Coefficients {
            b0: (self.high + self.band * g + self.low * g2) * scale,
            b1: 2.0 * (self.low * g2 - self.high) * scale,
            b2: (self.high - self.band * g + self.low * g2) * scale,
            a1: 2.0 * (g2 - 1.0) * scale,
            a2: (1.0 - self.k * g + g2) * scale,
        }
    }

    /// Power of the response where tan²(π f / fs) is `t2`.
    #[must_use]
    pub fn power_at(&self, t2: f64) -> f64 {
        let g2 = self.g * self.g;
        let (re, im2) = (self.low * g2 - self.high * t2, self.band * self.band * g2 * t2);
        let (dre, dim2) = (g2 - t2, self.k * self.k * g2 * t2);
        (re * re + im2) / (dre * dre + dim2)
    }

    /// Magnitude of the response in decibels.
    #[must_use]
    pub fn magnitude_db(&self, frequency_hz: f64, sample_rate_hz: f64) -> f64 {
        let t = tan(PI * frequency_hz / sample_rate_hz);
        10.0 * log10(self.power_at(t * t))
    }
}

/// Coefficients of H(z) = (b0 + b1 z⁻¹ + b2 z⁻²) / (1 + a1 z⁻¹ + a2 z⁻²).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coefficients {
    /// Numerator, z⁰.
    pub b0: f64,
    /// Numerator, z⁻¹.
    pub b1: f64,
    /// Numerator, z⁻².
    pub b2: f64,
    /// Denominator, z⁻¹.
    pub a1: f64,
    /// Denominator, z⁻².
    pub a2: f64,
}

impl Coefficients {
    /// Changes nothing.
    pub const IDENTITY: Self = Self { b0: 1.0, b1: 0.0, b2: 0.0, a1: 0.0, a2: 0.0 };

    /// Magnitude of the response in decibels.
    #[must_use]
    pub fn magnitude_db(&self, frequency_hz: f64, sample_rate_hz: f64) -> f64 {
        let w = 2.0 * PI * frequency_hz / sample_rate_hz;
        let power = |c0: f64, c1: f64, c2: f64| {
            let re = c0 + c1 * cos(w) + c2 * cos(2.0 * w);
            let im = c1 * sin(w) + c2 * sin(2.0 * w);
            re * re + im * im
        };
        10.0 * log10(power(self.b0, self.b1, self.b2) / power(1.0, self.a1, self.a2))
    }
}

/// Below this a state is silence; keeps decaying filters out of denormal numbers. -600 dBFS, by definition.
pub(crate) const SILENCE: f64 = 1e-30;

/// Zero for what is too small to matter and for what is not a number, otherwise `state`.
#[inline]
pub(crate) fn settled(state: f64) -> f64 {
    let size = state.abs();
    if (SILENCE..f64::INFINITY).contains(&size) { state } else { 0.0 }
}

/// One second-order section that does not change while it runs (transposed direct form II).
#[derive(Debug, Clone)]
pub struct Biquad {
    c: Coefficients,
    s1: f64,
    s2: f64,
}

impl Biquad {
    /// A section at rest.
    #[must_use]
    pub fn new(coefficients: Coefficients) -> Self {
        Self { c: coefficients, s1: 0.0, s2: 0.0 }
    }

    /// Other coefficients; the state goes on.
    pub fn set(&mut self, coefficients: Coefficients) {
        self.c = coefficients;
    }

    /// One sample.
    #[inline]
    pub fn tick(&mut self, x: f64) -> f64 {
        let y = self.c.b0 * x + self.s1;
        self.s1 = (self.c.b1 * x + self.s2) - self.c.a1 * y;
        self.s2 = self.c.b2 * x - self.c.a2 * y;
        y
    }

    /// One plane in place.
    pub fn process(&mut self, plane: &mut [f64]) {
        let mut run = self.clone();
        for x in plane.iter_mut() {
            *x = run.tick(*x);
        }
        (self.s1, self.s2) = (run.s1, run.s2);
    }

    /// Silences a state that has nearly decayed. Call at frames that do not depend on block sizes.
    pub fn settle(&mut self) {
        (self.s1, self.s2) = (settled(self.s1), settled(self.s2));
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        (self.s1, self.s2) = (0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd_shape() -> Shape {
        Shape { g: 0.3, k: 0.4, high: 0.7, band: 1.9, low: 1.2 }
    }

    #[test]
    fn both_forms_of_a_shape_have_one_response() {
        let shape = odd_shape();
        for f in [20.0, 997.0, 4_000.0, 12_000.0, 21_000.0] {
            let (a, b) = (shape.magnitude_db(f, 44_100.0), shape.coefficients().magnitude_db(f, 44_100.0));
            assert!((a - b).abs() < 1e-9, "{f}: {a} {b}");
        }
    }

    #[test]
    fn a_shape_and_its_inverse_cancel() {
        let (shape, inverse) = (odd_shape(), odd_shape().inverse());
        for f in [20.0, 997.0, 12_000.0, 21_000.0] {
            assert!(
                (shape.magnitude_db(f, 44_100.0) + inverse.magnitude_db(f, 44_100.0)).abs() < 1e-9,
                "{f}"
            );
        }
        assert!((inverse.inverse().band - shape.band).abs() < 1e-12);
    }

    #[test]
    fn the_decay_is_that_of_the_slowest_pole() {
        // A resonance of Q 10 at 1 kHz falls by e^(-π f t / Q): 60 dB in 22 ms.
        let ring = Shape { g: libm::tan(PI / 48.0), k: 0.1, high: 0.0, band: 1.0, low: 0.0 };
        assert!((ring.decay_frames() / 48.0 / 21.99 - 1.0).abs() < 0.02, "{}", ring.decay_frames());
        // A first-order corner at 10 Hz beside a fast pole: 6.9 / (2π 10) s = 110 ms.
        let slow =
            Shape { g: 0.01, k: 0.01 / libm::tan(PI * 10.0 / 48_000.0), high: 1.0, band: 0.0, low: 0.0 };
        assert!((slow.decay_frames() / 48.0 / 109.9 - 1.0).abs() < 0.02, "{}", slow.decay_frames());
    }

    #[test]
    fn a_biquad_plays_the_response_it_claims() {
        let mut section = Biquad::new(odd_shape().coefficients());
        let mut ir = testkit::signals::impulse(1.0, 0, 4096);
        section.process(&mut ir);
        for f in [100.0, 3_000.0, 15_000.0] {
            let measured = testkit::measure::response_db(&ir, f, 48_000.0);
            assert!((measured - odd_shape().magnitude_db(f, 48_000.0)).abs() < 1e-9, "{f}");
        }
    }

    #[test]
    fn a_gain_in_front_moves_the_whole_response() {
        let (shape, softer) = (odd_shape(), odd_shape().scaled(0.5));
        for f in [20.0, 997.0, 4_000.0, 12_000.0, 21_000.0] {
            let moved = softer.magnitude_db(f, 44_100.0) - shape.magnitude_db(f, 44_100.0);
            assert!((moved + 6.020_599_9).abs() < 1e-6, "{f}: {moved}");
        }
    }
}
