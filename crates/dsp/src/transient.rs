//! Fronts and tails by the difference of envelopes.
//!
//! Levels are followed in decibels, so that nothing depends on how loud the sound is. A level that rises is followed at
//! once by one envelope and late by another: while they differ, there is a front. A level that falls is followed by one
//! and held up by another: while they differ, there is a tail. The late envelopes are never further away than a fixed
//! number of decibels, so that a front out of silence lasts as long as one out of a bed of sound.
//!
//! Constants by calibration, 2026-11-21, on drums and bass.

use crate::envelope::keep_of_time;
use crate::math::fast_log2;

/// Furthest distance of two envelopes.
const REACH_DB: f64 = 12.0;
/// At this distance, a front or a tail is whole.
const WHOLE_DB: f64 = 8.0;
/// Up to this distance, it is none: the ripple of a low tone.
const NONE_DB: f64 = 1.5;
/// Silence: -120 dBFS.
const FLOOR_DB: f64 = -120.0;
/// A peak counts this long before the level falls: half a period of 50 Hz.
const HOLD_MS: f64 = 10.0;
/// Quickest fall of a level (time constant in decibels).
const FALL_MS: f64 = 8.0;

/// Follows levels and finds fronts and tails.
#[derive(Debug, Clone)]
pub struct Fronts {
    hold_frames: u32,
    fall_keep: f64,
    front_keep: f64,
    tail_keep: f64,
    /// Largest power of the last hold, and how long it still counts.
    held_power: f64,
    next_power: f64,
    holding: u32,
    level_db: f64,
    late_db: f64,
    kept_db: f64,
}

fn share(distance_db: f64) -> f64 {
    let t = ((distance_db - NONE_DB) / (WHOLE_DB - NONE_DB)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

impl Fronts {
    /// At rest. `front_ms`: how long a front lasts (until half its strength is left); `tail_ms`: how long after a fall a
    /// tail is still one.
    #[must_use]
    pub fn new(front_ms: f64, tail_ms: f64, sample_rate_hz: f64) -> Self {
        let mut new = Self {
            hold_frames: (HOLD_MS * 1e-3 * sample_rate_hz).round() as u32,
            fall_keep: keep_of_time(FALL_MS, sample_rate_hz),
            front_keep: 0.0,
            tail_keep: 0.0,
            held_power: 0.0,
            next_power: 0.0,
            holding: 0,
            level_db: FLOOR_DB,
            late_db: FLOOR_DB,
            kept_db: FLOOR_DB,
        };
        new.set_times(front_ms, tail_ms, sample_rate_hz);
        new
    }

    /// Other times.
    pub fn set_times(&mut self, front_ms: f64, tail_ms: f64, sample_rate_hz: f64) {
        // From 12 dB apart to half strength, which is at 4.75 dB: 0.93 time constants.
        self.front_keep = keep_of_time(front_ms / 0.927, sample_rate_hz);
        self.tail_keep = keep_of_time(tail_ms / 0.927, sample_rate_hz);
    }

    /// Strength of front and of tail, 0 to 1, after one more power.
    #[inline]
    pub fn tick(&mut self, power: f64) -> (f64, f64) {
        self.hold(power);
        let now_db = f64::max(10.0 / core::f64::consts::LOG2_10 * fast_log2(self.held_power), FLOOR_DB);
        self.level_db =
            if now_db > self.level_db { now_db } else { now_db + (self.level_db - now_db) * self.fall_keep };
        let level = self.level_db;
        let late = level + (self.late_db - level) * self.front_keep;
        self.late_db = late.clamp(level - REACH_DB, level);
        let kept = level + (self.kept_db - level) * self.tail_keep;
        self.kept_db = kept.clamp(level, level + REACH_DB);
        (share(level - self.late_db), share(self.kept_db - level))
    }

    /// The largest power of the last one to two holds.
    #[inline]
    fn hold(&mut self, power: f64) {
        self.next_power = f64::max(self.next_power, power);
        self.held_power = f64::max(self.held_power, power);
        self.holding += 1;
        if self.holding >= self.hold_frames {
            (self.held_power, self.next_power, self.holding) = (self.next_power, power, 0);
        }
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        (self.held_power, self.next_power, self.holding) = (0.0, 0.0, 0);
        (self.level_db, self.late_db, self.kept_db) = (FLOOR_DB, FLOOR_DB, FLOOR_DB);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_front_is_whole_at_once_and_half_after_its_time() {
        for level in [1.0, 1e-4] {
            let mut fronts = Fronts::new(10.0, 200.0, 48_000.0);
            (0..4_800).for_each(|_| _ = fronts.tick(1e-9));
            let strengths: Vec<f64> = (0..4_800).map(|_| fronts.tick(level).0).collect();
            assert_eq!(strengths[0], 1.0);
            let half = strengths.iter().position(|s| *s < 0.5).unwrap() as f64 / 48.0;
            assert!((half / 10.0 - 1.0).abs() < 0.03, "{half} ms");
            assert_eq!(strengths[4_799], 0.0);
        }
    }

    #[test]
    fn a_fall_is_a_tail_for_its_time_and_a_steady_tone_is_nothing() {
        let mut fronts = Fronts::new(10.0, 200.0, 48_000.0);
        let tone = testkit::signals::sine(60.0, 0.5, 0.0, 1.0, 48_000.0);
        let (mut front, mut tail) = (0.0, 0.0);
        for (n, x) in tone.iter().enumerate() {
            let (f, t) = fronts.tick(x * x);
            if n > 12_000 {
                (front, tail) = (f64::max(front, f), f64::max(tail, t));
            }
        }
        assert_eq!((front, tail), (0.0, 0.0));
        let strengths: Vec<f64> = (0..48_000).map(|_| fronts.tick(1e-7).1).collect();
        assert!(strengths[2_400] > 0.9, "{}", strengths[2_400]);
        assert_eq!(strengths[47_999], 0.0);
    }

    #[test]
    fn a_tail_is_half_after_its_time_whatever_the_fall() {
        for silence in [1e-3, 1e-7] {
            let mut fronts = Fronts::new(10.0, 1_000.0, 48_000.0);
            (0..9_600).for_each(|_| _ = fronts.tick(0.25));
            let strengths: Vec<f64> = (0..96_000).map(|_| fronts.tick(silence).1).collect();
            // The level itself takes a hold of up to 20 ms and some 30 ms more to come down.
            let half = strengths.iter().rposition(|s| *s >= 0.5).unwrap() as f64 / 48.0;
            assert!((1_000.0..1_090.0).contains(&half), "{silence}: {half} ms");
        }
    }

    #[test]
    fn a_level_falls_with_its_time_constant() {
        let mut fronts = Fronts::new(10.0, 200.0, 48_000.0);
        (0..9_600).for_each(|_| _ = fronts.tick(1.0));
        let levels: Vec<f64> = (0..9_600)
            .map(|_| {
                fronts.tick(1e-6);
                fronts.level_db
            })
            .collect();
        // From 0 to -60 dB in time constants of 8 ms, after a hold of 10 to 20 ms.
        let at = |db: f64| levels.iter().position(|level| *level <= db).unwrap() as f64 / 48.0;
        let whole = at(-60.0 * (1.0 - libm::exp(-2.0))) - at(-60.0 * (1.0 - libm::exp(-1.0)));
        assert!((whole - 8.0).abs() < 0.05, "{whole} ms");
        assert!((10.0..20.1).contains(&at(-1e-6)), "{}", at(-1e-6));
    }
}
