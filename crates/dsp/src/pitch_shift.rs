//! Another pitch at the same length.
//!
//! The sound is stretched by the ratio ([`crate::stretch`]) and read back that much faster, so attacks stand where they
//! were and every partial moves by the ratio exactly. With formants kept, each frame's spectrum is first bent by its own
//! envelope so that the envelope ends up where it was (or where the formant shift wants it).

use crate::block::Block;
use crate::math;
use crate::stretch::{Engine, MAX_FACTOR, MIN_FACTOR, Reader, Warp, frame_len};

/// What becomes of the formants.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FormantSettings {
    /// Share of the envelope that stays where it is: 0 moves with the pitch, 1 stays.
    pub preserve: f64,
    /// Where the envelope goes beyond that, in semitones.
    pub shift_semitones: f64,
}

/// Frequency ratio of an interval.
#[must_use]
pub fn ratio_of(semitones: f64) -> f64 {
    math::exp2(semitones / 12.0)
}

/// A pitch shifter with a fixed delay, for any number of channels; they keep their phases to one another.
///
/// Cost: that of a stretch and a sinc of 212 points per frame: about 3 % of real time per channel at 48 kHz an octave up,
/// more the higher; the envelope adds about 14 %.
#[derive(Debug, Clone)]
pub struct PitchShift {
    engine: Engine,
    reader: Reader,
    formants: FormantSettings,
    /// Finished frames that wait for their time.
    queue: Vec<Vec<f64>>,
    mask: usize,
    made: u64,
    clock: u64,
    latency: u64,
}

impl PitchShift {
    /// A shifter by `semitones` (-24 to 24, held to that).
    #[must_use]
    pub fn new(semitones: f64, channels: usize, sample_rate_hz: f64) -> Self {
        let latency = Self::latency_at(sample_rate_hz);
        // At high ratios less must be waited for, and what is ready early has to be kept.
        let room = (latency + 2 * frame_len(sample_rate_hz)).next_power_of_two();
        let mut new = Self {
            engine: Engine::new(1.0, channels, sample_rate_hz),
            reader: Reader::new(1.0, channels),
            formants: FormantSettings::default(),
            queue: vec![vec![0.0; room]; channels],
            mask: room - 1,
            made: 0,
            clock: 0,
            latency: latency as u64,
        };
        new.set_semitones(semitones);
        new
    }

    /// Delay at a sample rate, the same for every setting: that of two octaves down, which needs the most.
    #[must_use]
    pub fn latency_at(sample_rate_hz: f64) -> usize {
        let len = frame_len(sample_rate_hz);
        let need = |factor: f64| Engine::most_ahead(len, factor) + (Reader::reach(factor) + 2.0) / factor;
        need(MIN_FACTOR).max(need(1.0)).max(need(MAX_FACTOR)).ceil() as usize
    }

    /// Another interval; starts again from silence.
    pub fn set_semitones(&mut self, semitones: f64) {
        let ratio = ratio_of(semitones).clamp(MIN_FACTOR, MAX_FACTOR);
        self.engine.set_factor(ratio);
        self.reader.set_ratio(ratio);
        self.reset();
    }

    /// What becomes of the formants, from the next frame on. No click.
    pub fn set_formants(&mut self, formants: FormantSettings) {
        self.formants = formants;
    }

    /// Back to silence.
    pub fn reset(&mut self) {
        self.engine.reset();
        self.reader.reset();
        self.queue.iter_mut().for_each(|plane| plane.fill(0.0));
        (self.made, self.clock) = (0, 0);
    }

    /// Frames of delay.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.latency as usize
    }

    /// Frames that were due and not there; always 0 unless the latency were reckoned wrong.
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.clock > self.latency && self.clock - self.latency > self.made
    }

    fn warp(&self) -> Option<Warp> {
        let FormantSettings { preserve, shift_semitones } = self.formants;
        let pitch_ratio = self.engine.factor();
        // Partly kept: the envelope stops part of the way, on a scale of semitones.
        let formant_ratio = math::pow(pitch_ratio, 1.0 - preserve) * ratio_of(shift_semitones);
        ((formant_ratio / pitch_ratio - 1.0).abs() > 1e-12).then_some(Warp { pitch_ratio, formant_ratio })
    }

    /// Processes in place.
    pub fn process(&mut self, block: &mut Block<'_>) {
        for frame in 0..block.frames() {
            let channels = block.channels();
            self.next(|channel| if channel < channels { block.channel(channel)[frame] } else { 0.0 });
            for channel in 0..channels.min(self.queue.len()) {
                block.channel_mut(channel)[frame] = self.output(channel);
            }
        }
    }

    /// Takes one frame; after it [`output`](Self::output) has the one that is due.
    pub fn next(&mut self, sample: impl Fn(usize) -> f64) {
        self.engine.feed(sample);
        self.clock += 1;
        while self.engine.is_ready() {
            let warp = self.warp();
            if self.engine.turn(warp) >= 0 {
                self.collect();
            }
        }
    }

    /// The frame that is due in a channel.
    #[must_use]
    pub fn output(&self, channel: usize) -> f64 {
        match (self.clock.checked_sub(self.latency + 1), self.queue.get(channel)) {
            (Some(due), Some(plane)) if due < self.made => plane[due as usize & self.mask],
            _ => 0.0,
        }
    }

    fn collect(&mut self) {
        for n in 0..self.engine.hop() {
            let engine = &self.engine;
            self.reader.feed(|channel| engine.ready(channel)[n]);
            while self.reader.is_ready() {
                let at = self.made as usize & self.mask;
                self.reader.read(|channel, x| self.queue[channel][at] = x);
                self.made += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests;
