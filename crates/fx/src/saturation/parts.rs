//! What surrounds the curve: tilt, loudness weighting, automatic gain.

use dsp::delay::flush;
use dsp::math::{db_to_power, exp};

/// Time over which automatic gain compares: the short-term window of EBU Tech 3341 section 2.2.
const AUTO_GAIN_SECONDS: f64 = 3.0;
/// Weight of what is expected as a level: what a track at -18 dBFS outweighs in 0.2 s. By calibration, 2026-11-21.
const AUTO_GAIN_PRIOR_DBFS: f64 = -30.0;
/// Frames between two looks at the gain.
const AUTO_GAIN_STEP: u32 = 32;

/// First-order tilt, unity at its centre, and its exact inverse.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tilt {
    b0: f64,
    b1: f64,
    a1: f64,
}

impl Tilt {
    /// `(h s + w)/(s + h w)` by the bilinear transform; `h` and `1/h` are inverses.
    pub(super) fn new(h: f64, k: f64) -> Self {
        let scale = 1.0 / (1.0 + h * k);
        Self { b0: (h + k) * scale, b1: (k - h) * scale, a1: (h * k - 1.0) * scale }
    }

    #[inline]
    pub(super) fn next(self, x: f64, state: &mut f64) -> f64 {
        if self.b1 == self.a1 {
            // No tilt: nothing to filter, to the bit.
            *state = 0.0;
            return x;
        }
        let y = self.b0 * x + *state;
        *state = flush(self.b1 * x - self.a1 * y);
        y
    }
}

/// Rough loudness weighting of one channel: bass below 60 Hz off, 4 dB up above 1.5 kHz, after ITU-R BS.1770-5
/// annex 1 with first-order slopes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weighting {
    bass: f64,
    treble: f64,
}

/// Share of the input in each state of [`Weighting`], and of the state before.
#[derive(Debug, Clone, Copy)]
pub(super) struct WeightingTuning {
    bass: [f64; 2],
    treble: [f64; 2],
}

impl WeightingTuning {
    pub(super) fn new(sample_rate_hz: f64) -> Self {
        let keep = |hz: f64| exp(-dsp::math::TAU * hz / sample_rate_hz);
        Self { bass: [1.0 - keep(60.0), keep(60.0)], treble: [1.0 - keep(1500.0), keep(1500.0)] }
    }
}

impl Weighting {
    #[inline]
    pub(super) fn power(&mut self, x: f64, tuning: WeightingTuning) -> f64 {
        // A constant far below hearing, which the high-pass takes out again, keeps the states off denormal numbers.
        self.bass = tuning.bass[1] * self.bass + (tuning.bass[0] * x + 1e-30);
        let high = x - self.bass;
        self.treble = tuning.treble[1] * self.treble + (tuning.treble[0] * high + 1e-30);
        // 10^(4/20) - 1.
        let y = high + 0.585 * (high - self.treble);
        y * y
    }
}

/// Follows the powers before and after and gives the gain between.
#[derive(Debug)]
pub(super) struct AutoGain {
    before: f64,
    after: f64,
    forget: f64,
    gain: f64,
    step: f64,
    frame: u32,
}

impl AutoGain {
    pub(super) fn new(power_ratio: f64, sample_rate_hz: f64) -> Self {
        let mut new = Self {
            before: 0.0,
            after: 0.0,
            forget: 1.0 / (AUTO_GAIN_SECONDS * sample_rate_hz),
            gain: 0.0,
            step: 0.0,
            frame: 0,
        };
        new.reset(power_ratio);
        new
    }

    pub(super) fn reset(&mut self, power_ratio: f64) {
        let prior = db_to_power(AUTO_GAIN_PRIOR_DBFS);
        (self.before, self.after) = (prior, prior * power_ratio);
        (self.gain, self.step, self.frame) = ((self.before / self.after).sqrt(), 0.0, 0);
    }

    /// The settings changed: what was learnt is carried over by what is expected of them.
    pub(super) fn expect(&mut self, change: f64) {
        self.after *= change;
    }

    #[inline]
    pub(super) fn next(&mut self, before: f64, after: f64) -> f64 {
        self.before += (before - self.before) * self.forget;
        self.after += (after - self.after) * self.forget;
        self.gain += self.step;
        self.frame += 1;
        if self.frame == AUTO_GAIN_STEP {
            self.frame = 0;
            // After a long silence both are below anything audible, and the gain stays where it is.
            let target = if self.after > 1e-20 { (self.before / self.after).sqrt() } else { self.gain };
            // Never more than 48 dB either way: only noise is left to compare.
            let target = target.clamp(1.0 / 256.0, 256.0);
            self.step = (target - self.gain) / f64::from(AUTO_GAIN_STEP);
        }
        self.gain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_a_change_is_taken_off_at_once() {
        // Four times the power after the curve: half the gain, before a frame of it was heard.
        let mut auto = AutoGain::new(1.0, 48_000.0);
        auto.expect(4.0);
        let prior = 1e-3;
        let gains: Vec<f64> = (0..64).map(|_| auto.next(prior, 4.0 * prior)).collect();
        assert!((gains[31] - 1.0).abs() < 1e-12 && (gains[63] - 0.5).abs() < 1e-9, "{gains:?}");
    }

    #[test]
    fn automatic_gain_ends_at_48_db_either_way() {
        for (before, after, most) in [(1.0, 0.0, 256.0), (0.0, 1.0, 1.0 / 256.0)] {
            // 100 frames a second: after 60 s the side of nothing has fallen by e^-20.
            let mut auto = AutoGain::new(1.0, 100.0);
            let last = (0..6000).map(|_| auto.next(before, after)).last().unwrap();
            assert!((last / most - 1.0).abs() < 1e-9, "{last}");
        }
    }

    #[test]
    fn treble_weighs_four_decibels_more_and_bass_falls_off() {
        let level = |hz: f64| {
            let (mut weighting, tuning) = (Weighting::default(), WeightingTuning::new(192_000.0));
            let of = |n: u32| dsp::math::sin(dsp::math::TAU * hz * f64::from(n) / 192_000.0);
            let powers: Vec<f64> = (0..57_600).map(|n| weighting.power(of(n), tuning)).collect();
            10.0 * dsp::math::log10(2.0 * powers[38_400..].iter().sum::<f64>() / 19_200.0)
        };
        // By hand: |1 + 0.585 j u / (1 + j u)|² with u = f / 1500, times v² / (1 + v²) with v = f / 60.
        for (hz, wanted) in [(60.0, -3.01), (300.0, 0.08), (1500.0, 2.44), (15_000.0, 3.97)] {
            assert!((level(hz) - wanted).abs() < 0.12, "{hz}: {}", level(hz));
        }
    }
}
