//! A curve with what it has to remember, at the high rate.

use super::{Curve, SPLINE_DELAY, Spline, shape, tanh_fast};
use crate::math::{TAU, exp};

/// Longest delay of a [`Shaper`] at the high rate.
const ROOM: usize = 64;

/// One channel of any [`Curve`] inside an oversampler: the memory of the transformer and, where `spline` is asked for,
/// the antialiasing of the clippers. With it every curve is late by the same whole number of base frames.
#[derive(Debug, Clone, Copy)]
pub struct Shaper {
    curve: Curve,
    spline: Option<Spline>,
    /// Samples waiting, as a ring of `late`.
    ring: [f64; ROOM],
    at: usize,
    /// Whole delay at the high rate, of every curve.
    late: usize,
    ratio: usize,
    flux: f64,
    /// The saturated flux before.
    last: f64,
    /// Share of the signal that enters the flux in one sample.
    take: f64,
}

impl Shaper {
    /// At rest, for `ratio` samples per base frame; `spline` for the antialiasing of clippers.
    #[must_use]
    pub fn new(curve: Curve, bias: f64, spline: bool, ratio: usize) -> Self {
        let late = if spline { SPLINE_DELAY.div_ceil(ratio) * ratio } else { 0 };
        let mut new = Self {
            curve,
            spline: spline.then(Spline::default),
            ring: [0.0; ROOM],
            at: 0,
            late,
            ratio,
            flux: 0.0,
            last: 0.0,
            take: 1.0,
        };
        new.reset(bias);
        new
    }

    /// Delay in base frames.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.late / self.ratio
    }

    /// The curve.
    #[must_use]
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// Another curve; what is remembered goes on.
    pub fn set_curve(&mut self, curve: Curve) {
        self.curve = curve;
    }

    /// Corner of the transformer: above it the flux falls by 6 dB per octave. `rate_hz` is the high rate.
    pub fn set_corner(&mut self, corner_hz: f64, rate_hz: f64) {
        self.take = 1.0 - exp(-TAU * corner_hz / rate_hz);
    }

    /// Shapes `samples` about the working point `bias`.
    pub fn process(&mut self, bias: f64, samples: &mut [f64]) {
        let clipper = matches!(self.curve, Curve::SoftClip | Curve::HardClip);
        match &mut self.spline {
            Some(spline) if clipper => {
                for x in samples.iter_mut() {
                    *x = spline.next(self.curve, bias, *x);
                }
                self.wait(self.late - SPLINE_DELAY, samples);
            }
            _ if self.curve == Curve::Transformer => {
                self.transform(bias, samples);
                self.wait(self.late, samples);
            }
            _ => {
                shape(self.curve, bias, samples);
                self.wait(self.late, samples);
            }
        }
    }

    /// Integrate with a leak, saturate, and undo the integration: to the sound that does not saturate nothing happens.
    fn transform(&mut self, bias: f64, samples: &mut [f64]) {
        let rest = tanh_fast(bias);
        let scale = 1.0 / (1.0 - rest * rest);
        let (take, back) = (self.take, 1.0 / self.take);
        let (mut flux, mut last) = (self.flux, self.last);
        for x in samples.iter_mut() {
            let next = flux + take * (*x - flux);
            // The leak would make denormal numbers of silence.
            flux = if next.abs() < 1e-30 { 0.0 } else { next };
            let now = (tanh_fast(flux + bias) - rest) * scale;
            *x = last + (now - last) * back;
            last = now;
        }
        (self.flux, self.last) = (flux, last);
    }

    fn wait(&mut self, frames: usize, samples: &mut [f64]) {
        if self.late == 0 {
            return;
        }
        for x in samples {
            // Written where the newest goes, read `frames` back: the ring is as long as any curve is late.
            self.ring[self.at] = *x;
            *x = self.ring[(self.at + ROOM - frames) % ROOM];
            self.at = (self.at + 1) % ROOM;
        }
    }

    /// Back to rest at the working point `bias`.
    pub fn reset(&mut self, bias: f64) {
        (self.ring, self.at, self.flux, self.last) = ([0.0; ROOM], 0, 0.0, 0.0);
        if let Some(spline) = &mut self.spline {
            spline.reset(self.curve, bias);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_is_late_by_the_same_and_small_sounds_pass() {
        let tone = |n: usize| 1e-3 * libm::sin(0.05 * n as f64);
        for ratio in [2, 8, 16] {
            for curve in [Curve::Tape, Curve::Tube, Curve::SoftClip, Curve::HardClip, Curve::Transformer] {
                let mut shaper = Shaper::new(curve, 0.0, true, ratio);
                shaper.set_corner(60.0, 48_000.0 * ratio as f64);
                let late = shaper.latency_frames() * ratio;
                assert_eq!(late % ratio, 0);
                let mut samples: Vec<f64> = (0..400).map(tone).collect();
                shaper.process(0.0, &mut samples);
                for (n, y) in samples.iter().enumerate().skip(100) {
                    assert!((y - tone(n - late)).abs() < 1e-8, "{curve:?} {ratio} {n}");
                }
            }
        }
    }

    #[test]
    fn the_transformer_follows_its_flux() {
        // Flux of a tone is its amplitude times 1/√(1 + (f/corner)²); third harmonic of tanh, divided by the same at 3f.
        let rate = 768_000.0;
        for (f, corner, peak) in [(50.0, 60.0, 1.5), (200.0, 60.0, 4.0), (100.0, 30.0, 2.0)] {
            let mut shaper = Shaper::new(Curve::Transformer, 0.0, false, 16);
            shaper.set_corner(corner, rate);
            let mut samples = testkit::signals::sine(f, peak, 0.0, 0.2, rate);
            shaper.process(0.0, &mut samples);
            let steady = &samples[samples.len() / 2..];
            let low = |f: f64| 1.0 / libm::sqrt(1.0 + f * f / corner / corner);
            let a = peak * low(f);
            for k in [1.0, 3.0, 5.0] {
                let want = super::super::tests::tanh_harmonic(a, k) / low(k * f);
                let got = testkit::measure::tone(steady, k * f, rate).0;
                assert!((got / want - 1.0).abs() < 0.005, "{f} {corner} harmonic {k}: {got} {want}");
            }
        }
    }

    #[test]
    fn small_sounds_pass_a_transformer_at_any_working_point() {
        let mut shaper = Shaper::new(Curve::Transformer, 0.5, false, 16);
        shaper.set_corner(60.0, 768_000.0);
        let input = testkit::signals::sine(1000.0, 1e-3, 0.0, 0.01, 768_000.0);
        let mut samples = input.clone();
        shaper.process(0.5, &mut samples);
        for (y, x) in samples.iter().zip(&input) {
            assert!((y - x).abs() < 1e-5, "{y} {x}");
        }
    }
}
