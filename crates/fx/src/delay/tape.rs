//! Tape: what its heads and its motor do to an echo.

use dsp::delay::{DelayLine, OnePole};
use dsp::lfo::{Lfo, Reader, Wave};
use dsp::math;

/// How long a change of time takes to get 63 % there, ms: the inertia of a motor, by our own convention.
pub(super) const PACE_MS: f64 = 300.0;
/// What one pass over the tape takes off at either end, Hz; by our own convention, in the range of machines at 19 cm/s.
const DULL_HZ: f64 = 7000.0;
const THIN_HZ: f64 = 35.0;
/// Slow and fast wobble: per second, and how far the speed goes off at most. By our own convention: a worn machine.
const WOW: [f64; 2] = [0.6, 0.005];
const FLUTTER: [f64; 2] = [7.0, 0.0015];

/// Slope of the knee for a drive: none at 0 dB, 1 (the ceiling is full scale) at 6.
pub(super) fn knee(drive_db: f64) -> f64 {
    math::db_to_gain(drive_db) - 1.0
}

/// The motor: how far the tape is ahead or behind.
#[derive(Debug)]
pub(super) struct Reel {
    reader: Reader,
    wow: Lfo,
    flutter: Lfo,
    /// Frames of either at full wobble.
    depth: [f64; 2],
    off: f64,
    /// The newest sample is one frame old, writing took half a frame, and dulling takes its time constant.
    late: f64,
}

impl Reel {
    pub(super) fn new(sample_rate_hz: f64, seed: u64) -> Self {
        Self {
            reader: Reader::new(),
            wow: Lfo::new(WOW[0], sample_rate_hz, seed),
            flutter: Lfo::new(FLUTTER[0], sample_rate_hz, seed),
            // The steepest of a drift is three times its depth a turn, that of a sine 2π times.
            depth: [
                WOW[1] / (3.0 * WOW[0]) * sample_rate_hz,
                FLUTTER[1] / (math::TAU * FLUTTER[0]) * sample_rate_hz,
            ],
            off: 0.0,
            late: 1.5 + sample_rate_hz / (math::TAU * DULL_HZ),
        }
    }

    /// One frame on.
    #[inline]
    pub(super) fn turn(&mut self, wobble: f64) {
        self.off = if wobble > 0.0 {
            let wow = self.wow.at(Wave::Drift, 0.0, 0);
            wobble * (self.depth[0] * wow + self.depth[1] * self.flutter.at(Wave::Sine, 0.0, 0))
        } else {
            0.0
        };
        self.wow.advance();
        self.flutter.advance();
    }

    /// The echo of so many frames ago, as the tape runs now.
    #[inline]
    pub(super) fn read(&self, line: &DelayLine, frames: f64) -> f64 {
        self.reader.read(line, frames + self.off - self.late)
    }

    pub(super) fn reset(&mut self) {
        self.wow.reset();
        self.flutter.reset();
        self.off = 0.0;
    }
}

/// The heads of one channel.
#[derive(Debug)]
pub(super) struct Head {
    dull: OnePole,
    thin: OnePole,
    coefficients: [f64; 2],
    before: f64,
}

impl Head {
    pub(super) fn new(sample_rate_hz: f64) -> Self {
        let coefficients = [DULL_HZ, THIN_HZ].map(|hz| OnePole::coefficient(hz, sample_rate_hz));
        Self { dull: OnePole::default(), thin: OnePole::default(), coefficients, before: 0.0 }
    }

    /// Playing: a little off the top and off the bottom.
    #[inline]
    pub(super) fn dull(&mut self, x: f64) -> f64 {
        let low = self.dull.low(x, self.coefficients[0]);
        low - self.thin.low(low, self.coefficients[1])
    }

    /// Writing: `x / sqrt(1 + (k x)²)`, averaged along the straight line from the sample before, which keeps aliases down
    /// (antiderivative: Parker, Zavalishin and Le Bivic, DAFx-16). The mean over the line has no division that could fail.
    #[inline]
    pub(super) fn write(&mut self, x: f64, knee: f64) -> f64 {
        let (square, before) = (knee * knee, self.before);
        self.before = x;
        (x + before) / ((1.0 + square * x * x).sqrt() + (1.0 + square * before * before).sqrt())
    }

    pub(super) fn reset(&mut self) {
        self.dull.reset();
        self.thin.reset();
        self.before = 0.0;
    }
}

/// What one pass over the tape does to a frequency, dB, from the analogue responses; for tests.
#[cfg(test)]
pub(super) fn pass_db(hz: f64, sample_rate_hz: f64) -> f64 {
    let warp = |hz: f64| math::tan(math::PI * hz / sample_rate_hz);
    let (low, high) = (warp(hz) / warp(DULL_HZ), warp(hz) / warp(THIN_HZ));
    let mean = math::cos(math::PI * hz / sample_rate_hz);
    10.0 * math::log10(mean * mean / (1.0 + low * low) * high * high / (1.0 + high * high))
}
