//! Pan laws: where a sound stands between two loudspeakers, and what that costs in level.
//!
//! Two questions, two functions. [`mono_gains`]: one signal goes to both sides; the law says how far it is lowered
//! in the middle. [`balance_gains`]: a stereo pair leans to one side; the middle is exactly 1 and 1, nothing is ever
//! raised, and the side turned away from falls along the same law. Positions run from -1 (left) over 0 to 1 (right);
//! what is outside is moved to the end, and a position that is not a number is the middle.

use crate::math::{FRAC_PI_4, cos, pow, sin};

/// Level of each side when a mono signal stands in the middle. At the ends every law gives exactly 1 and 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PanLaw {
    /// 0 dB: both sides full in the middle; turning away lowers the far side in a straight line.
    Balance,
    /// -2.5 dB: a little more in the middle than constant power.
    Minus2_5,
    /// -3.01 dB, sine and cosine: constant power.
    #[default]
    Minus3,
    /// -4.52 dB: the geometric mean of constant power and constant sum.
    Minus4_5,
    /// -6.02 dB: constant sum of amplitudes.
    Minus6,
}

fn sane(position: f64) -> f64 {
    if position.is_nan() { 0.0 } else { position.clamp(-1.0, 1.0) }
}

/// Gain of the side at +1 when the signal is at `position` in (-1, 1).
fn near_gain(position: f64, law: PanLaw) -> f64 {
    let share = 0.5 * (1.0 + position);
    let sine = sin((1.0 + position) * FRAC_PI_4);
    match law {
        PanLaw::Balance => f64::min(1.0, 2.0 * share),
        // sin^k with k = 2.5 / 3.0103 = 2.5 / (10 log10 2): exactly -2.5 dB where the sine is -3.01 dB.
        PanLaw::Minus2_5 => pow(sine, 2.5 / (10.0 * core::f64::consts::LOG10_2)),
        PanLaw::Minus3 => sine,
        PanLaw::Minus4_5 => (sine * share).sqrt(),
        PanLaw::Minus6 => share,
    }
}

/// Gains (left, right) for one signal at `position`.
///
/// The law [`PanLaw::Minus3`] keeps left² + right² at 1 to rounding; every law is the mirror image of itself.
#[must_use]
pub fn mono_gains(position: f64, law: PanLaw) -> (f64, f64) {
    let position = sane(position);
    if position <= -1.0 {
        return (1.0, 0.0);
    }
    if position >= 1.0 {
        return (0.0, 1.0);
    }
    if position == 0.0 && law == PanLaw::Minus3 {
        let centre = cos(FRAC_PI_4);
        return (centre, centre);
    }
    (near_gain(-position, law), near_gain(position, law))
}

/// Gains (left, right) for a stereo pair leaning to `position`: exactly (1, 1) in the middle, never above 1.
#[must_use]
pub fn balance_gains(position: f64, law: PanLaw) -> (f64, f64) {
    let position = sane(position);
    if position == 0.0 {
        return (1.0, 1.0);
    }
    let (left, right) = mono_gains(position, law);
    let centre = near_gain(0.0, law);
    if position < 0.0 { (1.0, f64::min(1.0, right / centre)) } else { (f64::min(1.0, left / centre), 1.0) }
}

/// Gains ((left to left, left to right), (right to left, right to right)) of a stereo pair placed as two sounds
/// `width` apart around `position`.
///
/// `width` 1 at position 0 is the pair as it was (the identity, exactly), 0 both in one place, -1 sides exchanged.
/// Off the middle the span shrinks, so that neither sound is pushed past the end: the left sound stands at
/// `position - width * (1 - |position|)`, the right one at `position + width * (1 - |position|)`.
#[must_use]
pub fn spread_gains(position: f64, width: f64, law: PanLaw) -> ((f64, f64), (f64, f64)) {
    let (position, width) = (sane(position), sane(width));
    let span = width * (1.0 - position.abs());
    (mono_gains(position - span, law), mono_gains(position + span, law))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAWS: [(PanLaw, f64); 5] = [
        (PanLaw::Balance, 0.0),
        (PanLaw::Minus2_5, -2.5),
        (PanLaw::Minus3, -3.010_299_956_639_812),
        (PanLaw::Minus4_5, -4.515_449_934_959_718),
        (PanLaw::Minus6, -6.020_599_913_279_624),
    ];

    fn db(gain: f64) -> f64 {
        20.0 * libm::log10(gain)
    }

    #[test]
    fn the_middle_of_every_law_is_as_named_and_the_ends_are_exact() {
        for (law, centre_db) in LAWS {
            let (left, right) = mono_gains(0.0, law);
            assert!((db(left) - centre_db).abs() < 1e-9, "{law:?} {left}");
            assert_eq!(left, right, "{law:?}");
            assert_eq!(mono_gains(-1.0, law), (1.0, 0.0));
            assert_eq!(mono_gains(1.0, law), (0.0, 1.0));
            assert_eq!(mono_gains(7.0, law), (0.0, 1.0));
            assert_eq!(mono_gains(f64::NAN, law), mono_gains(0.0, law));
        }
    }

    #[test]
    fn minus_3_keeps_the_power_and_minus_6_keeps_the_sum() {
        for step in -1000..=1000 {
            let position = f64::from(step) / 1000.0;
            let (left, right) = mono_gains(position, PanLaw::Minus3);
            assert!((10.0 * libm::log10(left * left + right * right)).abs() < 1e-12, "{position}");
            let (left, right) = mono_gains(position, PanLaw::Minus6);
            assert!((left + right - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn every_law_mirrors_and_rises_towards_its_side() {
        for (law, _) in LAWS {
            let mut last = (f64::INFINITY, -1.0);
            for step in -100..=100 {
                let position = f64::from(step) / 100.0;
                let (left, right) = mono_gains(position, law);
                assert_eq!(mono_gains(-position, law), (right, left));
                assert!(left <= last.0 && right >= last.1, "{law:?} {position}");
                last = (left, right);
            }
        }
    }

    #[test]
    fn balance_leaves_the_middle_alone_and_raises_nothing() {
        for (law, _) in LAWS {
            assert_eq!(balance_gains(0.0, law), (1.0, 1.0));
            assert_eq!(balance_gains(-1.0, law), (1.0, 0.0));
            let (left, right) = balance_gains(0.5, law);
            assert!(left < 1.0 && left > 0.0 && right == 1.0, "{law:?}");
            // No step next to the middle.
            assert!((balance_gains(1e-9, law).0 - 1.0).abs() < 1e-8);
        }
        assert!(
            (balance_gains(0.5, PanLaw::Minus3).0 - SQRT_2 * libm::cos(3.0 * FRAC_PI_4 / 2.0)).abs() < 1e-15
        );
    }

    use crate::math::SQRT_2;

    #[test]
    fn full_spread_in_the_middle_is_the_pair_as_it_was() {
        for (law, _) in LAWS {
            assert_eq!(spread_gains(0.0, 1.0, law), ((1.0, 0.0), (0.0, 1.0)));
            assert_eq!(spread_gains(0.0, -1.0, law), ((0.0, 1.0), (1.0, 0.0)));
            assert_eq!(spread_gains(1.0, 1.0, law), ((0.0, 1.0), (0.0, 1.0)));
            assert_eq!(spread_gains(0.3, 0.0, law).0, mono_gains(0.3, law));
        }
    }

    #[test]
    fn balance_takes_the_far_side_down_by_the_law_from_the_middle() {
        // Half way to a side: sin(π/8) over sin(π/4), and a quarter over a half.
        for (law, wanted) in
            [(PanLaw::Minus3, 0.541_196_100_1), (PanLaw::Minus6, 0.5), (PanLaw::Balance, 0.5)]
        {
            assert!((balance_gains(0.5, law).0 - wanted).abs() < 1e-9, "{law:?}");
            assert!((balance_gains(-0.5, law).1 - wanted).abs() < 1e-9, "{law:?}");
        }
    }
}
