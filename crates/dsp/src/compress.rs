//! The static curve of a compressor.

use crate::math::{fast_exp2, fast_log2};

/// Decibels of amplitude per octave of power: 10 log10 2.
pub const DB_PER_POWER_OCTAVE: f64 = 10.0 * core::f64::consts::LOG10_2;
/// Octaves of amplitude per decibel: log2(10) / 20.
const OCTAVES_PER_DB: f64 = core::f64::consts::LOG2_10 / 20.0;

/// How much a level is turned down: threshold, slope above it, a quadratic knee around it, and a limit.
///
/// D. Giannoulis, M. Massberg, J. D. Reiss, "Digital Dynamic Range Compressor Design", JAES 60(6) 2012, equation 4,
/// written as the reduction (input less output, positive).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curve {
    threshold_db: f64,
    /// 1 - 1/ratio.
    slope: f64,
    knee_db: f64,
    range_db: f64,
    /// Power at which the reduction begins; infinite when there is none.
    onset_power: f64,
    /// slope / (2 knee), or 0 without a knee.
    knee_scale: f64,
}

/// 1 - 1/ratio; ratios below 1 count as 1.
#[must_use]
pub fn slope_of_ratio(ratio: f64) -> f64 {
    if ratio > 1.0 { 1.0 - 1.0 / ratio } else { 0.0 }
}

impl Curve {
    /// A curve. `slope` is 1 - 1/ratio (0 nothing, 1 a limiter); `range_db` is the largest reduction.
    #[must_use]
    pub fn new(threshold_db: f64, slope: f64, knee_db: f64, range_db: f64) -> Self {
        let knee_db = f64::max(knee_db, 0.0);
        let onset_power = if slope > 0.0 && range_db > 0.0 {
            fast_exp2((threshold_db - 0.5 * knee_db) / DB_PER_POWER_OCTAVE)
        } else {
            f64::INFINITY
        };
        let knee_scale = if knee_db > 0.0 { slope / (2.0 * knee_db) } else { 0.0 };
        Self { threshold_db, slope, knee_db, range_db, onset_power, knee_scale }
    }

    /// Reduction at a level, in decibels, 0 or more.
    #[inline]
    #[must_use]
    pub fn reduction_db(&self, level_db: f64) -> f64 {
        let into = level_db - self.threshold_db + 0.5 * self.knee_db;
        // The parabola of the knee, then the line: without a branch, so that a compiler can do several at once.
        let bent = if into > 0.0 { into } else { 0.0 };
        let bent = if bent < self.knee_db { bent } else { self.knee_db };
        let beyond = if into > self.knee_db { into - self.knee_db } else { 0.0 };
        let reduction = self.knee_scale * bent * bent + self.slope * beyond;
        if reduction < self.range_db { reduction } else { self.range_db }
    }

    /// Reduction at a level without the limit of the range, and how it grows with the level (decibels per decibel).
    #[inline]
    #[must_use]
    pub fn unlimited_reduction_db(&self, level_db: f64) -> (f64, f64) {
        let into = level_db - self.threshold_db + 0.5 * self.knee_db;
        if into > self.knee_db {
            let line = into - self.knee_db;
            (self.knee_scale * self.knee_db * self.knee_db + self.slope * line, self.slope)
        } else {
            let bent = f64::max(into, 0.0);
            (self.knee_scale * bent * bent, 2.0 * self.knee_scale * bent)
        }
    }

    /// The largest reduction.
    #[must_use]
    pub fn range_db(&self) -> f64 {
        self.range_db
    }

    /// Reduction at a power (amplitude squared). The error of the logarithm is below 1e-7 dB.
    #[inline]
    #[must_use]
    pub fn reduction_of_power(&self, power: f64) -> f64 {
        let reduction = self.reduction_db(DB_PER_POWER_OCTAVE * fast_log2(power));
        if power > self.onset_power { reduction } else { 0.0 }
    }

    /// Replaces powers by their reductions; costs next to nothing where none is above the beginning of the knee.
    pub fn reductions_of_powers(&self, powers: &mut [f64]) {
        if powers.iter().fold(false, |any, power| any | (*power > self.onset_power)) {
            powers.iter_mut().for_each(|power| *power = self.reduction_of_power(*power));
        } else {
            powers.fill(0.0);
        }
    }

    /// Half the reduction of full scale: make-up that keeps a programme about as loud as it was (Giannoulis,
    /// Massberg and Reiss, "Parameter Automation in a Dynamic Range Compressor", JAES 61(10) 2013, section 2.5:
    /// the average control voltage is estimated as half of that at 0 dBFS).
    #[must_use]
    pub fn automatic_makeup_db(&self) -> f64 {
        0.5 * self.reduction_db(0.0)
    }
}

/// How much a level is turned up: the mirror image of [`Curve`] below a threshold, down to a floor. Below the floor the
/// lift falls by a decibel for every decibel, so that the noise between the notes is not raised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lift {
    mirror: Curve,
    floor_db: f64,
    none: bool,
}

impl Lift {
    /// A lift. `slope` is 1 - 1/ratio (0 nothing, 1 everything up to the threshold); `range_db` is the largest lift.
    #[must_use]
    pub fn new(threshold_db: f64, slope: f64, knee_db: f64, range_db: f64, floor_db: f64) -> Self {
        let none = slope <= 0.0 || range_db <= 0.0;
        Self { mirror: Curve::new(-threshold_db, slope, knee_db, range_db), floor_db, none }
    }

    /// Whether nothing is ever lifted.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.none
    }

    /// Lift at a level, in decibels, 0 or more.
    #[inline]
    #[must_use]
    pub fn lift_db(&self, level_db: f64) -> f64 {
        if self.none {
            return 0.0;
        }
        let under = f64::max(self.floor_db - level_db, 0.0);
        f64::max(self.mirror.reduction_db(-f64::max(level_db, self.floor_db)) - under, 0.0)
    }
}

/// Linear gain of a reduction in decibels; exactly 1 for 0. Error below 1e-7 dB.
#[inline]
#[must_use]
pub fn gain_of_reduction(reduction_db: f64) -> f64 {
    fast_exp2(-OCTAVES_PER_DB * reduction_db)
}

/// Replaces reductions by gains; a plane of zeros costs next to nothing.
pub fn gains_of_reductions(reductions_db: &mut [f64]) {
    if reductions_db.iter().fold(false, |any, value| any | (*value != 0.0)) {
        reductions_db.iter_mut().for_each(|value| *value = gain_of_reduction(*value));
    } else {
        reductions_db.fill(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_agrees_with_the_line_and_the_knee_worked_out_by_hand() {
        // 4:1 at -20 dB: +8 dB over gives +2 dB over, 6 dB less.
        let hard = Curve::new(-20.0, slope_of_ratio(4.0), 0.0, 100.0);
        assert!((hard.reduction_db(-12.0) - 6.0).abs() < 1e-12);
        assert_eq!(hard.reduction_db(-20.5), 0.0);
        // Knee of 10 dB: at the threshold (K/2)² s / (2K) = 25 * 0.75 / 20.
        let soft = Curve::new(-20.0, 0.75, 10.0, 100.0);
        assert!((soft.reduction_db(-20.0) - 0.9375).abs() < 1e-12);
        assert!((soft.reduction_db(-15.0) - 3.75).abs() < 1e-12);
        assert_eq!(soft.reduction_db(-25.0), 0.0);
        assert_eq!(Curve::new(-20.0, 1.0, 0.0, 5.0).reduction_db(0.0), 5.0);
        assert_eq!(Curve::new(-20.0, 0.0, 6.0, 60.0).reduction_of_power(100.0), 0.0);
        assert!((hard.automatic_makeup_db() - 7.5).abs() < 1e-12);
    }

    #[test]
    fn a_lift_mirrors_the_curve_and_lets_the_noise_lie() {
        // 3:1 below -30 dB: 12 dB under becomes 4 under, 8 dB more; 6 dB at most; the floor at -60.
        let lift = Lift::new(-30.0, slope_of_ratio(3.0), 0.0, 10.0, -60.0);
        assert!((lift.lift_db(-42.0) - 8.0).abs() < 1e-12);
        assert_eq!(lift.lift_db(-29.0), 0.0);
        assert_eq!(lift.lift_db(-60.0), 10.0);
        assert_eq!(lift.lift_db(-64.0), 6.0);
        assert_eq!(lift.lift_db(-90.0), 0.0);
        assert!(Lift::new(-30.0, 0.0, 6.0, 12.0, -80.0).is_none());
    }

    #[test]
    fn the_unlimited_reduction_and_its_slope_agree_with_the_curve() {
        let curve = Curve::new(-20.0, 0.75, 10.0, 4.0);
        for step in 0..600 {
            let level = -40.0 + 0.1 * f64::from(step);
            let (value, slope) = curve.unlimited_reduction_db(level);
            assert!((value.min(4.0) - curve.reduction_db(level)).abs() < 1e-12);
            let (next, _) = curve.unlimited_reduction_db(level + 1e-6);
            assert!(((next - value) / 1e-6 - slope).abs() < 1e-3, "{level}");
        }
    }

    #[test]
    fn powers_and_levels_give_the_same_reduction() {
        let curve = Curve::new(-30.0, 0.6, 12.0, 40.0);
        for step in -1000..=200 {
            let db = f64::from(step) * 0.1;
            let by_power = curve.reduction_of_power(crate::math::db_to_power(db));
            assert!((by_power - curve.reduction_db(db)).abs() < 1e-6, "{db}");
            let gain = gain_of_reduction(by_power);
            assert!((20.0 * libm::log10(gain) + by_power).abs() < 1e-6);
        }
        assert_eq!(gain_of_reduction(0.0), 1.0);
    }
}
