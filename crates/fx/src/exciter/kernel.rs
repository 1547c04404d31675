//! What runs.

use super::Exciter;
use super::path::{PIECE, Path, Side, Tuning};
use crate::{Format, Kernel};
use dsp::block::Block;
use dsp::delay::flush;
use dsp::envelope::keep_of_time;
use dsp::math::{db_to_power, sanitise};
use dsp::shift::Ring;
use dsp::smooth::Glide;

/// Time constant of changes. By our own convention: long enough not to click on bass.
const GLIDE_MS: f64 = 10.0;
/// Over how long the ceiling compares powers: a twentieth of a second, by calibration, 2026-11-21.
const CEILING_MS: f64 = 50.0;

#[derive(Debug)]
struct Channel {
    high: Path,
    low: Path,
    dry: Ring,
    /// What is added.
    added: [f64; PIECE],
}

/// Running state of [`Exciter`].
#[derive(Debug)]
pub struct ExciterKernel {
    channels: Vec<Channel>,
    latency: usize,
    tail: usize,
    tunings: [Tuning; 2],
    /// Of second and third harmonic, of treble and bass.
    shares: [[Glide; 2]; 2],
    listen: Glide,
    planned: [[[f64; PIECE]; 2]; 2],
    work: [f64; PIECE],
    ceiling: Glide,
    keep: f64,
    /// Running powers of the sound and of what is added.
    powers: [f64; 2],
}

impl ExciterKernel {
    pub(super) fn new(s: &Exciter, format: Format) -> Self {
        let rate = format.sample_rate_hz;
        let latency = Path::new(Side::High, rate).latency_frames();
        let channel = || Channel {
            high: Path::new(Side::High, rate),
            low: Path::new(Side::Low, rate),
            dry: Ring::new(latency),
            added: [0.0; PIECE],
        };
        let glide = |value| Glide::new(value, GLIDE_MS, rate);
        Self {
            channels: (0..format.channels).map(|_| channel()).collect(),
            latency,
            // The lowest corner, 40 Hz, falls by 60 dB in 40 ms.
            tail: (0.04 * rate) as usize,
            tunings: [s.high_hz, s.low_hz].map(|hz| Tuning::new(hz, GLIDE_MS, rate)),
            shares: s.shares().map(|pair| pair.map(glide)),
            listen: glide(f64::from(u8::from(s.listen))),
            planned: [[[0.0; PIECE]; 2]; 2],
            work: [0.0; PIECE],
            ceiling: glide(db_to_power(s.ceiling_db)),
            keep: keep_of_time(CEILING_MS, rate),
            powers: [0.0; 2],
        }
    }

    fn plan(&mut self, frames: usize) {
        self.tunings.iter_mut().for_each(|tuning| tuning.plan(frames));
        for (row, glide) in self.planned.iter_mut().flatten().zip(self.shares.iter_mut().flatten()) {
            row[..frames].iter_mut().for_each(|value| *value = glide.next_value());
        }
    }

    fn run(&mut self, piece: &mut Block<'_>) {
        let frames = piece.frames();
        self.plan(frames);
        let [[high_even, high_odd], [low_even, low_odd]] = &self.planned;
        for (plane, channel) in piece.channels_mut().zip(&mut self.channels) {
            sanitise(plane);
            let (added, low) = (&mut channel.added[..frames], &mut self.work[..frames]);
            added.copy_from_slice(plane);
            low.copy_from_slice(plane);
            channel.high.run(&self.tunings[0], [high_even, high_odd], added);
            channel.low.run(&self.tunings[1], [low_even, low_odd], low);
            added.iter_mut().zip(low).for_each(|(sum, x)| *sum += *x);
            channel.dry.process(plane);
        }
        for frame in 0..frames {
            let gain = self.gain(piece, frame);
            let dry = 1.0 - self.listen.next_value();
            for (plane, channel) in piece.channels_mut().zip(&self.channels) {
                plane[frame] = dry * plane[frame] + gain * channel.added[frame];
            }
        }
    }

    /// What keeps the power of what is added below the ceiling.
    fn gain(&mut self, piece: &Block<'_>, frame: usize) -> f64 {
        let mut now = [0.0; 2];
        for (index, channel) in self.channels.iter().enumerate() {
            let (dry, added) = (piece.channel(index)[frame], channel.added[frame]);
            now = [now[0] + dry * dry, now[1] + added * added];
        }
        for (power, now) in self.powers.iter_mut().zip(now) {
            *power = flush(now + (*power - now) * self.keep);
        }
        let [whole, added] = self.powers;
        let most = self.ceiling.next_value() * whole;
        if added > most { (most / added).sqrt() } else { 1.0 }
    }
}

impl Kernel for ExciterKernel {
    type Settings = Exciter;

    fn latency_frames(&self) -> usize {
        self.latency
    }

    fn tail_frames(&self) -> usize {
        self.tail
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let mut start = 0;
        while start < block.frames() {
            self.run(&mut block.slice(start, PIECE));
            start += PIECE;
        }
    }

    fn retune(&mut self, settings: &Exciter) {
        let corners = [settings.high_hz, settings.low_hz];
        self.tunings.iter_mut().zip(corners).for_each(|(tuning, hz)| tuning.aim(hz));
        for (glide, share) in self.shares.iter_mut().flatten().zip(settings.shares().as_flattened()) {
            glide.set_target(*share);
        }
        self.listen.set_target(f64::from(u8::from(settings.listen)));
        self.ceiling.set_target(db_to_power(settings.ceiling_db));
    }

    fn reset(&mut self) {
        for channel in &mut self.channels {
            channel.high.reset();
            channel.low.reset();
            channel.dry.reset();
        }
        self.tunings.iter_mut().for_each(Tuning::snap);
        for glide in self.shares.iter_mut().flatten().chain([&mut self.listen, &mut self.ceiling]) {
            glide.snap(glide.target());
        }
        self.powers = [0.0; 2];
    }
}
