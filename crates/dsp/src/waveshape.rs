//! Memoryless curves for saturation and soft clipping.
//!
//! All have unit slope at rest and rest at zero, so a small signal passes unchanged and silence stays silence. Use them
//! inside [`crate::oversample`]: on their own they alias. Written without branches, so that the compiler can work on
//! several samples at once; the bits do not depend on whether it does.

use crate::math::LN_2;

/// Family of curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// Hyperbolic tangent: odd harmonics, the third first, a soft approach to the ceiling.
    Tape,
    /// Hyperbolic tangent about a working point off the centre: even harmonics, the second first.
    Tube,
    /// A straight line up to a knee, then a polynomial with two continuous derivatives: clean until it clips.
    SoftClip,
}

/// Working point of the tube curve, in units of its ceiling. By calibration, 2026-11-21: at a peak of -12 dBFS the second
/// harmonic is near -27 dB and well above the third, the order of a single-ended triode stage.
const TUBE_BIAS: f64 = 0.4;
/// Where [`Curve::SoftClip`] leaves the straight line. By calibration, 2026-11-21: half the ceiling, so that the curved
/// part is as wide as the straight one and its harmonics fall fast.
pub const SOFT_CLIP_KNEE: f64 = 0.5;

/// Hyperbolic tangent to 1e-12, several times as fast as [`crate::math::tanh`]; exactly zero at zero.
///
/// `(e - 1) / (e + 1)` with `e = exp(2x)`: whole powers of two go to the exponent, the rest is the exponential series.
#[inline]
#[must_use]
pub fn tanh_fast(x: f64) -> f64 {
    // Adding and taking away 1.5·2^52 rounds to a whole number and leaves it in the low bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    // tanh(20) is 1 to within the last bit of an f64.
    let turns = x.clamp(-20.0, 20.0) * (2.0 / LN_2);
    let shifted = turns + ROUND;
    let r = (turns - (shifted - ROUND)) * LN_2;
    // Taylor series to r^10 for |r| <= ln 2 / 2: the next term is below 3e-13.
    let mut series = 1.0 / 3_628_800.0;
    for factorial in [362_880.0, 40_320.0, 5_040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0] {
        series = series * r + 1.0 / factorial;
    }
    let e = f64::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 52));
    (e - 1.0) / (e + 1.0)
}

/// Straight to `knee`, then bending to the ceiling of 1, reached at `2 - knee` with slope and curvature zero.
/// `knee` from 0 to below 1.
///
/// With `s` from 0 to 1 over the bend: `knee + (1 - knee)(2s - 2s^3 + s^4)`, the lowest polynomial whose first two
/// derivatives are continuous at both ends.
#[inline]
#[must_use]
pub fn soft_clip(x: f64, knee: f64) -> f64 {
    let room = 1.0 - knee;
    let size = x.abs();
    let s = ((size - knee) * (0.5 / room)).clamp(0.0, 1.0);
    (size.min(knee) + room * (s * (2.0 + s * s * (s - 2.0)))).copysign(x)
}

/// Antiderivative of [`soft_clip`], zero at zero, for [`Adaa`].
#[must_use]
pub fn soft_clip_antiderivative(x: f64, knee: f64) -> f64 {
    let room = 1.0 - knee;
    let size = x.abs();
    let straight = size.min(knee);
    let s = ((size - knee) * (0.5 / room)).clamp(0.0, 1.0);
    // Integral of the bend over s, times dx/ds = 2·room.
    let bend = 2.0 * room * (knee * s + room * (s * s * (1.0 - s * s * (0.5 - 0.2 * s))));
    let ceiling = (size - (2.0 - knee)).max(0.0);
    0.5 * straight * straight + bend + ceiling
}

/// First-order antiderivative antialiasing: the mean of a curve over the straight line between two samples.
///
/// Parker, Zavalishin and Le Bivic, "Reducing the aliasing of nonlinear waveshaping using continuous-time
/// convolution", DAFx 2016. Delays by half a sample and falls as a sinc, -3.9 dB at half the rate: meant for use with
/// little or no oversampling.
#[derive(Debug, Clone, Copy, Default)]
pub struct Adaa {
    x: f64,
    integral: f64,
}

impl Adaa {
    /// The next sample of `curve`, whose antiderivative is `integral`, zero at zero.
    pub fn next(&mut self, x: f64, curve: impl Fn(f64) -> f64, integral: impl Fn(f64) -> f64) -> f64 {
        let (now, step) = (integral(x), x - self.x);
        // Below this the quotient loses more digits to rounding than the midpoint to curvature.
        let y = if step.abs() > 1e-5 { (now - self.integral) / step } else { curve(0.5 * (x + self.x)) };
        *self = Self { x, integral: now };
        y
    }
}

/// The working point of a curve for an asymmetry from -1 to 1, in units of its ceiling.
#[must_use]
pub fn working_point(curve: Curve, asymmetry: f64) -> f64 {
    // Half the ceiling at most: the soft clipper stays on its straight part, a tangent keeps four fifths of its slope.
    let offset = 0.5 * asymmetry;
    if curve == Curve::Tube { TUBE_BIAS + offset } else { offset }
}

/// Applies `curve` about the working point `bias` to samples whose ceiling is 1, keeping rest and slope there.
pub fn shape(curve: Curve, bias: f64, samples: &mut [f64]) {
    match curve {
        Curve::Tape | Curve::Tube => {
            let rest = tanh_fast(bias);
            let scale = 1.0 / (1.0 - rest * rest);
            for x in samples {
                *x = (tanh_fast(*x + bias) - rest) * scale;
            }
        }
        Curve::SoftClip => {
            let rest = soft_clip(bias, SOFT_CLIP_KNEE);
            for x in samples {
                *x = soft_clip(*x + bias, SOFT_CLIP_KNEE) - rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_tangent_agrees_with_the_slow_one() {
        for n in -30_000..=30_000 {
            let x = f64::from(n) * 1e-3;
            assert!((tanh_fast(x) - libm::tanh(x)).abs() < 1e-12, "{x}");
            let small = f64::from(n) * 1e-9;
            assert!((tanh_fast(small) - libm::tanh(small)).abs() < 1e-15, "{small}");
        }
        assert_eq!(tanh_fast(0.0), 0.0);
        assert_eq!(tanh_fast(1e300), 1.0);
        assert_eq!(tanh_fast(-1e300), -1.0);
    }

    #[test]
    fn the_soft_clipper_joins_its_pieces_with_two_derivatives() {
        for knee in [0.0, 0.5, 0.8, 0.9] {
            let (h, end) = (1e-4, 2.0 - knee);
            for x in [knee + h, end - h] {
                // The curvature on the bend near its ends is as small as h asks: no step from the straight parts.
                let d2 =
                    (soft_clip(x + h, knee) - 2.0 * soft_clip(x, knee) + soft_clip(x - h, knee)) / (h * h);
                assert!(d2.abs() < 0.1 / (1.0 - knee) / (1.0 - knee), "knee {knee} x {x}: {d2}");
            }
            let slope = (soft_clip(knee + h, knee) - soft_clip(knee, knee)) / h;
            assert!((slope - 1.0).abs() < 1e-4, "{slope}");
            assert_eq!(soft_clip(knee * 0.7, knee), knee * 0.7);
            assert!((soft_clip(end, knee) - 1.0).abs() < 1e-15);
            assert_eq!(soft_clip(-50.0, knee), -soft_clip(50.0, knee));
            let values: Vec<f64> = (0..3000).map(|n| soft_clip(f64::from(n) * 1e-3, knee)).collect();
            assert!(values.windows(2).all(|w| w[1] >= w[0] && w[1] <= 1.0 + 1e-15));
        }
    }

    #[test]
    fn the_antiderivative_is_that_of_the_soft_clipper() {
        for knee in [0.3, 0.8] {
            for n in -300..300 {
                let x = f64::from(n) * 0.01;
                let h = 1e-5;
                let slope = (soft_clip_antiderivative(x + h, knee) - soft_clip_antiderivative(x - h, knee))
                    / (2.0 * h);
                assert!((slope - soft_clip(x, knee)).abs() < 1e-8, "{x}: {slope}");
            }
        }
    }

    #[test]
    fn antiderivative_antialiasing_suppresses_the_alias_of_a_high_tone() {
        // A clipped sine at bin 1801 of 8192: its third harmonic folds to bin 8192 - 5403 = 2789.
        let rate = 8192.0;
        let sine = |n: f64| 2.0 * libm::sin(core::f64::consts::TAU * 1801.0 * n / rate);
        let plain: Vec<f64> = (0..8192).map(|n| soft_clip(sine(f64::from(n)), 0.5)).collect();
        let mut adaa = Adaa::default();
        let better: Vec<f64> = (-1..8192)
            .map(|n| {
                adaa.next(sine(f64::from(n)), |x| soft_clip(x, 0.5), |x| soft_clip_antiderivative(x, 0.5))
            })
            .skip(1)
            .collect();
        let alias = |signal: &[f64]| testkit::measure::tone(signal, 2789.0, rate).0;
        // A box of one sample weighs the third harmonic by sinc(5403/8192) = 0.42; a chord under the sine does a little more.
        let ratio = alias(&better) / alias(&plain);
        assert!((0.1..0.43).contains(&ratio), "{ratio}");
    }

    #[test]
    fn every_curve_rests_at_zero_with_unit_slope() {
        for curve in [Curve::Tape, Curve::Tube, Curve::SoftClip] {
            for asymmetry in [-1.0, -0.4, 0.0, 0.7, 1.0] {
                let bias = working_point(curve, asymmetry);
                let mut samples = [0.0, 1e-6, -1e-6];
                shape(curve, bias, &mut samples);
                assert_eq!(samples[0], 0.0, "{curve:?} {asymmetry}");
                let slope = (samples[1] - samples[2]) / 2e-6;
                assert!((slope - 1.0).abs() < 1e-6, "{curve:?} {asymmetry}: {slope}");
            }
        }
    }

    #[test]
    fn symmetric_curves_have_odd_harmonics_only_and_the_tube_has_a_second_above_the_third() {
        let harmonics = |curve, asymmetry, peak: f64| {
            let mut samples: Vec<f64> =
                (0..1024).map(|n| peak * libm::sin(core::f64::consts::TAU * f64::from(n) / 1024.0)).collect();
            shape(curve, working_point(curve, asymmetry), &mut samples);
            let one = testkit::measure::tone(&samples, 1.0, 1024.0).0;
            [2.0, 3.0, 4.0, 5.0].map(|k| testkit::measure::tone(&samples, k, 1024.0).0 / one)
        };
        for curve in [Curve::Tape, Curve::SoftClip] {
            let [h2, h3, h4, _] = harmonics(curve, 0.0, 1.2);
            assert!(h2 < 1e-12 && h4 < 1e-12 && h3 > 0.01, "{curve:?} {h2} {h3} {h4}");
            assert!(harmonics(curve, 0.5, 1.2)[0] > 0.01);
        }
        // tanh(x) = x - x^3/3 + 2x^5/15 - 17x^7/315: the third harmonic of a sine of 0.25 by hand, and the soft
        // clipper has none below its knee.
        let a = 0.25_f64;
        let third = a * a * a / 12.0 - a * a * a * a * a / 24.0;
        let first = a - a * a * a / 4.0 + a * a * a * a * a / 12.0;
        assert!((harmonics(Curve::Tape, 0.0, a)[1] - third / first).abs() < 5e-5);
        assert!(harmonics(Curve::SoftClip, 0.0, 0.49)[1] < 1e-12);
        let [h2, h3, h4, h5] = harmonics(Curve::Tube, 0.0, 0.25);
        assert!(h2 > 5.0 * h3 && h3 > h4 && h4 > h5, "{h2} {h3} {h4} {h5}");
        // Second over first of a biased tangent: tanh(bias) · peak / 2 to first order.
        assert!((h2 - 0.5 * libm::tanh(0.4) * 0.25).abs() < 0.003, "{h2}");
    }
}
