//! Envelopes: how fast something follows.

use crate::math::exp;

/// Factor per frame of a one-pole that covers 63 % (1 - 1/e) of a step in `time_ms`; 0 for no time at all.
#[must_use]
pub fn keep_of_time(time_ms: f64, sample_rate_hz: f64) -> f64 {
    let frames = time_ms * 1e-3 * sample_rate_hz;
    if frames > 0.0 { exp(-1.0 / frames) } else { 0.0 }
}

/// Below this a reduction in decibels is none (-200 dB re the signal), by definition: it lets gains land on 1.
const LANDED_DB: f64 = 1e-9;

/// Attack, hold and release of a reduction in decibels (negative: a lift).
///
/// The smooth branching detector in the logarithmic domain (Giannoulis, Massberg and Reiss, JAES 60(6) 2012,
/// equation 17 with the arrangement of figure 6c): the reduction rises by the attack and falls by the release, so
/// both times are exactly those given. Hold keeps the reduction after its last rise.
#[derive(Debug, Clone)]
pub struct Ballistics {
    attack_keep: f64,
    release_keep: f64,
    hold_frames: u32,
    value_db: f64,
    holding: u32,
}

impl Ballistics {
    /// At rest. Times in milliseconds.
    #[must_use]
    pub fn new(attack_ms: f64, release_ms: f64, hold_ms: f64, sample_rate_hz: f64) -> Self {
        let mut new = Self { attack_keep: 0.0, release_keep: 0.0, hold_frames: 0, value_db: 0.0, holding: 0 };
        new.set_times(attack_ms, release_ms, sample_rate_hz);
        new.set_hold(hold_ms, sample_rate_hz);
        new
    }

    /// Other times; the reduction goes on from where it is.
    pub fn set_times(&mut self, attack_ms: f64, release_ms: f64, sample_rate_hz: f64) {
        self.attack_keep = keep_of_time(attack_ms, sample_rate_hz);
        self.release_keep = keep_of_time(release_ms, sample_rate_hz);
    }

    /// Another hold.
    pub fn set_hold(&mut self, hold_ms: f64, sample_rate_hz: f64) {
        self.hold_frames = (hold_ms * 1e-3 * sample_rate_hz).round().clamp(0.0, 1e9) as u32;
        self.holding = self.holding.min(self.hold_frames);
    }

    /// The reduction after one more frame, given the reduction asked for.
    #[inline]
    pub fn tick(&mut self, wanted_db: f64) -> f64 {
        let distance = self.value_db - wanted_db;
        if distance < 0.0 {
            let value = wanted_db + distance * self.attack_keep;
            self.value_db = if value.abs() < LANDED_DB { 0.0 } else { value };
            self.holding = self.hold_frames;
        } else if self.holding > 0 {
            self.holding -= 1;
        } else {
            let value = wanted_db + distance * self.release_keep;
            self.value_db = if value.abs() < LANDED_DB { 0.0 } else { value };
        }
        self.value_db
    }

    /// The reduction after one more frame of a loop that hears its own output. `asked` gives, for a reduction, what is
    /// then asked for and by how much less for every decibel more (0 or more); it must bend one way only (a sum of
    /// curves without their ranges). `least_db` is the least it can ask for, `most_db` the most that is granted.
    ///
    /// The loop has no delay: v = keep · v₀ + (1 - keep) · asked(v) is solved in every frame (Newton's method from the
    /// left, which cannot overshoot where the sum bends one way), so that it is stable at any ratio and any attack.
    #[inline]
    pub fn tick_loop(&mut self, asked: impl Fn(f64) -> (f64, f64), least_db: f64, most_db: f64) -> f64 {
        let old = self.value_db;
        let keep = if f64::min(asked(old).0, most_db) > old {
            self.holding = self.hold_frames;
            self.attack_keep
        } else if self.holding > 0 {
            self.holding -= 1;
            return old;
        } else {
            self.release_keep
        };
        let (kept, take) = (keep * old, 1.0 - keep);
        let mut value = kept + take * least_db;
        // Quadratic near the end: a dozen steps are plenty for a line, a knee and the two together.
        for _ in 0..12 {
            let (wanted, slope) = asked(value);
            let step = (kept + take * wanted - value) / (1.0 + take * slope);
            value += step;
            if step.abs() < 1e-12 {
                break;
            }
        }
        let value = f64::min(value, kept + take * most_db);
        self.value_db = if value.abs() < LANDED_DB { 0.0 } else { value };
        self.value_db
    }

    /// Replaces each reduction asked for by the one that follows it. Returns the largest.
    pub fn process(&mut self, wanted_db: &mut [f64]) -> f64 {
        let mut run = self.clone();
        let mut largest = 0.0;
        if run.hold_frames == 0 && run.holding == 0 {
            // The same steps as in `tick` without a branch.
            let (attack, release, mut value) = (run.attack_keep, run.release_keep, run.value_db);
            if value == 0.0 && wanted_db.iter().fold(true, |none, wanted| none & (*wanted == 0.0)) {
                return 0.0;
            }
            for wanted in wanted_db {
                let distance = value - *wanted;
                let next = *wanted + distance * if distance < 0.0 { attack } else { release };
                value = if next.abs() < LANDED_DB { 0.0 } else { next };
                *wanted = value;
                largest = if value > largest { value } else { largest };
            }
            self.value_db = value;
            return largest;
        }
        for value in wanted_db {
            *value = run.tick(*value);
            largest = if *value > largest { *value } else { largest };
        }
        (self.value_db, self.holding) = (run.value_db, run.holding);
        largest
    }

    /// The reduction now.
    #[must_use]
    pub fn value_db(&self) -> f64 {
        self.value_db
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        (self.value_db, self.holding) = (0.0, 0);
    }
}

/// Running mean square: two poles of half the time each. As late as one pole of the whole time, with the square of half its ripple:
/// at 10 ms, a tone of 60 Hz leaves 6.6 % of its ripple in place of 13 %, one of 200 Hz 0.6 % in place of 4 %.
#[derive(Debug, Clone)]
pub struct MeanSquare {
    take: f64,
    first: f64,
    value: f64,
}

impl MeanSquare {
    /// At rest; `window_ms` is the time by which the mean is late.
    #[must_use]
    pub fn new(window_ms: f64, sample_rate_hz: f64) -> Self {
        Self { take: Self::take(window_ms, sample_rate_hz), first: 0.0, value: 0.0 }
    }

    fn take(window_ms: f64, sample_rate_hz: f64) -> f64 {
        1.0 - keep_of_time(0.5 * window_ms, sample_rate_hz)
    }

    /// Another window.
    pub fn set_window(&mut self, window_ms: f64, sample_rate_hz: f64) {
        self.take = Self::take(window_ms, sample_rate_hz);
    }

    /// The mean after one more power.
    #[inline]
    pub fn tick(&mut self, power: f64) -> f64 {
        self.first += self.take * (power - self.first);
        self.value += self.take * (self.first - self.value);
        self.value
    }

    /// Replaces powers by their running mean.
    pub fn process(&mut self, powers: &mut [f64]) {
        let mut run = self.clone();
        powers.iter_mut().for_each(|power| *power = run.tick(*power));
        *self = run;
    }

    /// Silences a mean that has nearly decayed. Call at frames that do not depend on block sizes.
    pub fn settle(&mut self) {
        self.first = crate::biquad::settled(self.first);
        self.value = crate::biquad::settled(self.value);
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        (self.first, self.value) = (0.0, 0.0);
    }
}

/// Attack and release from how peaky the sound is.
///
/// Giannoulis, Massberg and Reiss, "Parameter Automation in a Dynamic Range Compressor", JAES 61(10) 2013: with C the
/// crest factor (peak over RMS, both over 200 ms), attack = 2 · 80 ms / C², release = 2 · 1 s / C² - attack.
#[derive(Debug, Clone)]
pub struct CrestTimes {
    keep: f64,
    peak: f64,
    mean: f64,
}

impl CrestTimes {
    /// Longest attack (same paper).
    const ATTACK_MS: f64 = 80.0;
    /// Longest release (same paper).
    const RELEASE_MS: f64 = 1000.0;

    /// At rest.
    #[must_use]
    pub fn new(sample_rate_hz: f64) -> Self {
        Self { keep: keep_of_time(200.0, sample_rate_hz), peak: 0.0, mean: 0.0 }
    }

    /// Listens to powers (squares of samples).
    pub fn listen(&mut self, powers: &[f64]) {
        let (keep, take) = (self.keep, 1.0 - self.keep);
        for &power in powers {
            self.peak = f64::max(power, keep * self.peak + take * power);
            self.mean = keep * self.mean + take * power;
        }
    }

    /// Attack and release in milliseconds for what was heard.
    #[must_use]
    pub fn times_ms(&self) -> (f64, f64) {
        // A sine has 2; nothing is less peaky than a constant (1), nothing we hear more than 1000 (30 dB).
        let crest2 = if self.mean > 0.0 { (self.peak / self.mean).clamp(1.0, 1000.0) } else { 2.0 };
        let attack = 2.0 * Self::ATTACK_MS / crest2;
        (attack, f64::max(2.0 * Self::RELEASE_MS / crest2 - attack, 1.0))
    }

    /// Mean power heard.
    #[must_use]
    pub fn mean_power(&self) -> f64 {
        self.mean
    }

    /// Silences what has nearly decayed. Call at frames that do not depend on block sizes.
    pub fn settle(&mut self) {
        (self.peak, self.mean) = (crate::biquad::settled(self.peak), crate::biquad::settled(self.mean));
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        (self.peak, self.mean) = (0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames until `done` holds.
    fn frames_until(mut done: impl FnMut() -> bool) -> f64 {
        f64::from((1..1_000_000).find(|_| done()).unwrap())
    }

    #[test]
    fn attack_and_release_cover_63_percent_in_their_time() {
        let share = 1.0 - libm::exp(-1.0);
        for (attack, release) in [(10.0, 100.0), (1.0, 50.0), (120.0, 900.0)] {
            let mut b = Ballistics::new(attack, release, 0.0, 48_000.0);
            let frames = frames_until(|| b.tick(12.0) >= 12.0 * share * (1.0 - 1e-12));
            assert!((frames / 48.0 / attack - 1.0).abs() < 0.03, "{attack}: {frames}");
            (0..200_000).for_each(|_| _ = b.tick(12.0));
            let frames = frames_until(|| b.tick(0.0) <= 12.0 * (1.0 - share) * (1.0 + 1e-9));
            assert!((frames / 48.0 / release - 1.0).abs() < 0.03, "{release}: {frames}");
        }
    }

    #[test]
    fn hold_delays_the_release_by_its_time_and_the_end_is_zero() {
        let mut b = Ballistics::new(0.0, 10.0, 20.0, 48_000.0);
        b.tick(6.0);
        let frames = frames_until(|| b.tick(0.0) < 6.0);
        assert_eq!(frames, 961.0);
        (0..48_000).for_each(|_| _ = b.tick(0.0));
        assert_eq!(b.value_db(), 0.0);
    }

    #[test]
    fn a_sine_and_a_peaky_sound_get_the_times_of_the_paper() {
        let mut crest = CrestTimes::new(48_000.0);
        let powers: Vec<f64> =
            testkit::signals::sine(997.0, 0.5, 0.0, 3.0, 48_000.0).iter().map(|x| x * x).collect();
        crest.listen(&powers);
        let (attack, release) = crest.times_ms();
        // C² = 2: 80 ms and 920 ms.
        assert!(
            (attack / 80.0 - 1.0).abs() < 0.03 && (release / 920.0 - 1.0).abs() < 0.03,
            "{attack} {release}"
        );
    }

    #[test]
    fn the_mean_square_of_a_constant_is_its_power() {
        let mut mean = MeanSquare::new(10.0, 48_000.0);
        let mut powers = vec![0.25; 48_000];
        mean.process(&mut powers);
        // Of two poles of 5 ms each, 1 - 3/e² are there after 10 ms; 480 frames, the first of which counts whole.
        let keep = libm::exp(-1.0 / 240.0);
        let there = 1.0 - libm::pow(keep, 480.0) * (1.0 + 480.0 * (1.0 - keep));
        assert!(
            (powers[480 - 1] / 0.25 - there).abs() < 1e-9
                && (there - (1.0 - 3.0 * libm::exp(-2.0))).abs() < 2e-3
        );
        assert!((powers[47_999] - 0.25).abs() < 1e-12);
    }

    #[test]
    fn the_ripple_of_a_tone_is_that_of_two_poles() {
        // The power of a sine of 60 Hz swings at 120 Hz around one half: through two poles of 5 ms by 1 / (1 + (2π·120·0.005)²).
        let rate_hz = 48_000.0;
        let mut powers: Vec<f64> =
            testkit::signals::sine(60.0, 1.0, 0.0, 1.0, rate_hz).iter().map(|x| x * x).collect();
        let mut mean = MeanSquare::new(10.0, rate_hz);
        mean.process(&mut powers);
        let last = &powers[powers.len() - 4000..];
        let (low, high) =
            last.iter().fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), x| (low.min(*x), high.max(*x)));
        let turn = core::f64::consts::TAU * 120.0 * 0.005;
        assert!((high - low - 1.0 / (1.0 + turn * turn)).abs() < 1e-3, "{}", high - low);
        assert!((0.5 * (high + low) - 0.5).abs() < 1e-3);
    }

    #[test]
    fn the_peak_of_the_crest_falls_towards_the_power_that_is_there() {
        // One frame of full scale, then -20 dB for one time constant of 200 ms: k = 1/e.
        let mut crest = CrestTimes::new(48_000.0);
        crest.listen(&[1.0]);
        crest.listen(&vec![0.01; 9_600]);
        let k = libm::exp(-1.0);
        let (peak, mean) = (0.01 + 0.99 * k, 0.01 * (1.0 - k) + k / 9_600.0);
        let attack = 2.0 * 80.0 / (peak / mean);
        let (found, release) = crest.times_ms();
        assert!((found / attack - 1.0).abs() < 1e-3, "{found} {attack}");
        assert!((release / (11.5 * attack) - 1.0).abs() < 1e-3, "{release}");
    }
}
