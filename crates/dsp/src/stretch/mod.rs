//! Longer or shorter at the same pitch ([`Stretcher`]), and faster or slower with it ([`Varispeed`]).
//!
//! The stretcher is a phase-locked vocoder with common phases for all channels; attacks keep their shape and stand
//! exactly where the factor puts them. Everything streams: how the input is cut up changes no bit.

mod engine;
mod formant;
mod onset;
mod varispeed;
mod vocoder;

pub use formant::Warp;
pub use varispeed::Varispeed;

pub(crate) use engine::{Engine, frame_len};
pub(crate) use varispeed::Reader;

use crate::block::View;

/// Smallest factor or ratio.
pub const MIN_FACTOR: f64 = 0.25;
/// Largest factor or ratio.
pub const MAX_FACTOR: f64 = 4.0;

/// Length, in frames, of the vocoder's frames at a sample rate: how far it spreads sound in time.
#[must_use]
pub fn frame_frames(sample_rate_hz: f64) -> usize {
    frame_len(sample_rate_hz)
}

/// Streaming change of length at the same pitch.
///
/// `N` frames give `round(N · factor)`; an attack at frame `a` comes out at `a · factor`. Cost: three transforms of 80 ms per
/// 10 ms of output and channel, about 1 % of real time per channel at 48 kHz.
#[derive(Debug, Clone)]
pub struct Stretcher {
    engine: Engine,
    taken: u64,
    given: u64,
}

impl Stretcher {
    /// A stretcher to `factor` (0.25 to 4, held to that) times the length. At 1 samples pass untouched.
    #[must_use]
    pub fn new(factor: f64, channels: usize, sample_rate_hz: f64) -> Self {
        let factor = if factor.is_finite() { factor } else { 1.0 };
        Self { engine: Engine::new(factor, channels, sample_rate_hz), taken: 0, given: 0 }
    }

    /// Frames that come out for `frames` frames in.
    #[must_use]
    pub fn output_frames(&self, frames: u64) -> u64 {
        (frames as f64 * self.engine.factor()).round() as u64
    }

    /// Takes input and appends what is ready to `output`, one plane per channel (planes are added when missing). Missing
    /// channels are silent, those beyond the stretcher's are ignored. What is not finite is taken as silence.
    pub fn process(&mut self, input: &View<'_>, output: &mut Vec<Vec<f64>>) {
        output.resize_with(output.len().max(self.engine.channels()), Vec::new);
        for n in 0..input.frames() {
            self.taken += 1;
            let sample = |channel| if channel < input.channels() { input.channel(channel)[n] } else { 0.0 };
            self.feed(sample, u64::MAX, output);
        }
    }

    /// Appends the rest, so that the whole is [`output_frames`](Self::output_frames) of the input, and starts anew.
    pub fn finish(&mut self, output: &mut Vec<Vec<f64>>) {
        output.resize_with(output.len().max(self.engine.channels()), Vec::new);
        let total = self.output_frames(self.taken);
        while self.given < total {
            self.feed(|_| 0.0, total, output);
        }
        self.reset();
    }

    /// Back to the beginning.
    pub fn reset(&mut self) {
        self.engine.reset();
        (self.taken, self.given) = (0, 0);
    }

    fn feed(&mut self, sample: impl Fn(usize) -> f64, total: u64, output: &mut [Vec<f64>]) {
        let channels = self.engine.channels();
        if self.engine.factor() == 1.0 {
            (0..channels).for_each(|channel| output[channel].push(crate::math::sane(sample(channel))));
            self.given += 1;
            return;
        }
        self.engine.feed(sample);
        while self.engine.is_ready() && self.given < total {
            if self.engine.turn(None) < 0 {
                continue;
            }
            let count = (total - self.given).min(self.engine.hop() as u64);
            for (channel, plane) in output.iter_mut().enumerate().take(channels) {
                plane.extend_from_slice(&self.engine.ready(channel)[..count as usize]);
            }
            self.given += count;
        }
    }
}

#[cfg(test)]
mod tests;
