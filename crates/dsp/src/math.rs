//! Elementary functions with the same bits on every machine.
//!
//! The standard library leaves the precision of `sin`, `exp` and their kin unspecified, and the C library picks
//! another path where the processor has fused multiply-add. These come from `libm`, a port of MUSL's, in plain
//! arithmetic. `clippy.toml` bans the others.

pub use core::f64::consts::{FRAC_PI_2, FRAC_PI_4, LN_2, LN_10, PI, SQRT_2, TAU};
pub use libm::{
    acos, asin, asinh, atan, atan2, cos, cosh, exp, exp2, expm1, log as ln, log1p, log2, log10, pow, sin,
    sinh, tan, tanh,
};

/// Decibels of a linear amplitude; `-inf` for zero.
#[inline]
#[must_use]
pub fn gain_to_db(gain: f64) -> f64 {
    20.0 * log10(gain.abs())
}

/// Linear amplitude of a gain in decibels; zero for `-inf`.
#[inline]
#[must_use]
pub fn db_to_gain(db: f64) -> f64 {
    // 10^(x/20) = e^(x ln 10 / 20): one call, and exactly 1 at 0 dB.
    exp(db * (LN_10 / 20.0))
}

/// Decibels of a power (a mean square); `-inf` for zero.
#[inline]
#[must_use]
pub fn power_to_db(power: f64) -> f64 {
    10.0 * log10(power)
}

/// Power of a level in decibels.
#[inline]
#[must_use]
pub fn db_to_power(db: f64) -> f64 {
    exp(db * (LN_10 / 10.0))
}

/// A sample that arithmetic can bear: NaN and infinity become 0, and what is beyond ±1e15 (+300 dBFS) is clamped, so
/// that squares and products stay finite. Everything else passes unchanged, bit for bit.
#[inline]
#[must_use]
pub fn sane(sample: f64) -> f64 {
    // `max` and `min` swallow NaN, so it has to be asked for first.
    if sample.is_finite() { sample.clamp(-1e15, 1e15) } else { 0.0 }
}

/// [`sane`] for a whole plane.
pub fn sanitise(plane: &mut [f64]) {
    // Nearly always there is nothing to do, and looking is cheaper than writing.
    if !plane.iter().fold(true, |all, sample| all & (sample.abs() <= 1e15)) {
        plane.iter_mut().for_each(|sample| *sample = sane(*sample));
    }
}

/// Base-2 logarithm of a positive, normal number; error below 2e-9 (1.2e-8 dB of amplitude). Zero and what is below
/// the normal range give about -1023; not for negative numbers.
///
/// Mantissa in [√½, √2): ln m = 2 artanh((m - 1) / (m + 1)), the series to the ninth power.
#[inline]
#[must_use]
pub fn fast_log2(x: f64) -> f64 {
    // Adding this to the bits carries into the exponent exactly when the mantissa is √2 or more.
    const OFFSET: u64 = 0x0009_5F61_9980_C433;
    let shifted = x.to_bits().wrapping_add(OFFSET);
    // The exponent as the last bits of a number of 2^52 and more, whose steps are 1: exact, and no conversion.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    let exponent = f64::from_bits((shifted >> 52) | WHOLE.to_bits()) - (WHOLE + 1023.0);
    let m = f64::from_bits((shifted & 0x000F_FFFF_FFFF_FFFF).wrapping_add(0x3FF0_0000_0000_0000 - OFFSET));
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let series = 1.0 + s2 * (1.0 / 3.0 + s2 * (1.0 / 5.0 + s2 * (1.0 / 7.0 + s2 * (1.0 / 9.0))));
    exponent + (2.0 / LN_2) * s * series
}

/// Power of two, relative error below 8e-9 (7e-8 dB); the argument is held to ±1000. Exactly 1 at 0.
///
/// The fraction in [-½, ½] by the exponential series to the seventh power, the whole part by the exponent.
#[inline]
#[must_use]
pub fn fast_exp2(x: f64) -> f64 {
    // 1.5 * 2^52: adding and taking it away rounds to the nearest whole number.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let x = if x > -1000.0 { x } else { -1000.0 };
    let x = if x < 1000.0 { x } else { 1000.0 };
    let rounded = x + ROUND;
    let whole = rounded - ROUND;
    let t = (x - whole) * LN_2;
    let upper = 1.0 / 24.0 + t * (1.0 / 120.0 + t * (1.0 / 720.0 + t * (1.0 / 5040.0)));
    let series = 1.0 + t * (1.0 + t * (0.5 + t * (1.0 / 6.0 + t * upper)));
    // The last bits of the rounded number are the whole part; the shift drops the others.
    series * f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52)
}

/// Greatest common divisor.
#[must_use]
pub fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_functions_keep_their_stated_errors() {
        assert_eq!(fast_log2(1.0), 0.0);
        assert_eq!(fast_exp2(0.0), 1.0);
        for i in 0..200_000 {
            let x = exp(-60.0 + f64::from(i) * 6e-4);
            assert!((fast_log2(x) - log2(x)).abs() < 2e-9, "{x}");
            let y = f64::from(i) * 1e-3 - 100.0;
            assert!((fast_exp2(y) / exp2(y) - 1.0).abs() < 8e-9, "{y}");
        }
        for edge in [0.0, f64::MIN_POSITIVE, 1e60, 1e300] {
            assert!(fast_log2(edge).is_finite());
        }
        for edge in [-1e9, 1e9, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(fast_exp2(edge).is_finite());
        }
    }

    #[test]
    fn only_sane_samples_pass() {
        let mut plane = [0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e61, -2.0];
        sanitise(&mut plane);
        assert_eq!(plane, [0.5, 0.0, 0.0, 0.0, 1e15, -2.0]);
    }

    #[test]
    fn decibels_and_gains_are_inverse() {
        assert_eq!(db_to_gain(0.0), 1.0);
        assert!((db_to_gain(6.020_599_913_279_624) - 2.0).abs() < 1e-14);
        assert!((gain_to_db(0.5) + 6.020_599_913_279_624).abs() < 1e-14);
        assert_eq!(db_to_gain(f64::NEG_INFINITY), 0.0);
        assert_eq!(gain_to_db(0.0), f64::NEG_INFINITY);
    }
}
