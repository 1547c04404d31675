//! Memoryless curves for saturation and soft clipping.
//!
//! All have unit slope at rest and rest at zero, so a small signal passes unchanged and silence stays silence. Use them
//! inside [`crate::oversample`]: on their own they alias ([`Spline`] helps where edges are too steep for that). Written without branches, so that the compiler can work on
//! several samples at once; the bits do not depend on whether it does.

mod shaper;
mod spline;

pub use shaper::Shaper;
pub use spline::{SPLINE_DELAY, Spline};

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
    /// A straight line up to the ceiling, then the ceiling.
    HardClip,
    /// Hyperbolic tangent of the flux, the leaky integral of the signal: bass saturates first ([`Shaper`]).
    Transformer,
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

/// Antiderivative of [`soft_clip_antiderivative`], zero at zero, for [`Spline`].
#[must_use]
pub fn soft_clip_second_antiderivative(x: f64, knee: f64) -> f64 {
    let room = 1.0 - knee;
    let size = x.abs();
    let straight = size.min(knee);
    let s = ((size - knee) * (0.5 / room)).clamp(0.0, 1.0);
    // The double integral over the bend, dx/ds = 2·room, on top of the value and slope at the knee.
    let bend = 2.0 * room * room * s * s * (knee + room * s * (2.0 / 3.0 - s * s * (0.2 - s / 15.0)));
    let beyond = (size - (2.0 - knee)).max(0.0);
    let end = soft_clip_antiderivative(2.0 - knee, knee);
    let value = straight * straight * straight / 6.0
        + 0.5 * knee * knee * (2.0 * room * s)
        + bend
        + beyond * (end + 0.5 * beyond);
    value.copysign(x)
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
        Curve::Tape | Curve::Tube | Curve::Transformer => {
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
        Curve::HardClip => {
            let rest = bias.clamp(-1.0, 1.0);
            for x in samples {
                *x = (*x + bias).clamp(-1.0, 1.0) - rest;
            }
        }
    }
}

#[cfg(test)]
mod tests;
