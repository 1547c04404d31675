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

/// Greatest common divisor.
#[must_use]
pub fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decibels_and_gains_are_inverse() {
        assert_eq!(db_to_gain(0.0), 1.0);
        assert!((db_to_gain(6.020_599_913_279_624) - 2.0).abs() < 1e-14);
        assert!((gain_to_db(0.5) + 6.020_599_913_279_624).abs() < 1e-14);
        assert_eq!(db_to_gain(f64::NEG_INFINITY), 0.0);
        assert_eq!(gain_to_db(0.0), f64::NEG_INFINITY);
    }
}
