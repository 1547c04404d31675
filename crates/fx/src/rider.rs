//! Vocal rider.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::math::{db_to_gain, sanitise};
use dsp::ride::{LOOKS_PER_SECOND, Ride, RideSettings};
use dsp::shift::Ring;
use dsp::sibilance::Analyser;

choice! {
    /// The level a voice is held at.
    pub enum RiderTarget {
        /// Where it usually is, as heard so far.
        Own = "own",
        /// A given loudness.
        Fixed = "fixed",
    }
}

processor! {
    /// Vocal rider: holds a voice at a level with a slow gain, phrase by phrase.
    ///
    /// Hears voiced sounds only; in pauses, breaths and sibilants the gain waits. What is within the tolerance is left
    /// alone. Given the accompaniment as side-chain input, it can lift the voice where the music is louder than usual.
    pub struct Rider = "rider" {
        /// The level a voice is held at.
        target: choice RiderTarget = Own;
        /// Loudness (LUFS) of the voiced sounds to hold, for the fixed target. Without pauses and consonants a line reads
        /// one to three decibels more than a meter shows over all of it.
        target_dbfs: Dbfs = -20.0 in -45.0..=-5.0;
        /// Largest rise and largest fall.
        range_db: Db = 6.0 in 0.0..=18.0;
        /// Differences up to this are left as they are.
        tolerance_db: Db = 0.7 in 0.0..=6.0;
        /// Time to cover 90 % of a change.
        speed_ms: Ms = 300.0 in 50.0..=3000.0 log;
        /// Nothing below this loudness (LUFS) is taken for a voice.
        floor_dbfs: Dbfs = -60.0 in -90.0..=-20.0;
        /// How far the voice follows the music of the side-chain input: 100 is decibel for decibel; 0 is off.
        music_percent: Percent = 0.0 in 0.0..=100.0;
        /// How far it hears ahead; the sound is late by as much. Half a level window and half a change make the gain
        /// arrive with the phrase. Fixed when the session starts to run.
        lookahead_ms: Ms = 350.0 in 0.0..=1000.0;
    }
}

impl Rider {
    fn ride(&self) -> RideSettings {
        RideSettings {
            target_lufs: (self.target == RiderTarget::Fixed).then_some(self.target_dbfs),
            range_db: self.range_db,
            tolerance_db: self.tolerance_db,
            speed_ms: self.speed_ms,
            floor_lufs: self.floor_dbfs,
            music: self.music_percent * 0.01,
        }
    }
}

/// Running state of [`Rider`].
#[derive(Debug)]
pub struct RiderKernel {
    settings: RideSettings,
    latency: usize,
    voice: Analyser,
    music: Analyser,
    keyed: bool,
    /// Side-chain input, cleaned; and silence for channels it does not have.
    key: Vec<f64>,
    ride: Ride,
    delays: Vec<Ring>,
    /// Gain at the last look, and its step per frame.
    line: [f64; 2],
    gain_db: f64,
    trace: Vec<f64>,
    look_frames: usize,
    until_look: usize,
    shown_db: f64,
}

impl Processor for Rider {
    type Kernel = RiderKernel;
    fn prepare(&self, format: Format) -> RiderKernel {
        let rate = format.sample_rate_hz;
        let latency = (self.lookahead_ms * 1e-3 * rate).round().max(0.0) as usize;
        let look_frames = ((rate / LOOKS_PER_SECOND).round() as usize).max(1);
        let count = format.channels.max(1);
        RiderKernel {
            settings: self.ride(),
            latency,
            voice: Analyser::new(count, 0.0, rate, rate),
            // What competes with a voice (mixing.md C10).
            music: Analyser::new(1, 300.0, 5_000.0, rate),
            keyed: false,
            key: vec![0.0; look_frames],
            ride: Ride::new(),
            delays: vec![Ring::new(latency); count],
            line: [1.0, 0.0],
            gain_db: 0.0,
            trace: Vec::with_capacity(format.max_block_frames / look_frames + 2),
            look_frames,
            until_look: look_frames,
            shown_db: 0.0,
        }
    }
}

impl RiderKernel {
    /// The gain now, in decibels.
    #[must_use]
    pub fn gain_db(&self) -> f64 {
        self.gain_db
    }

    /// The gains of the last block in decibels, one every 10 ms of what was heard (the sound is late by the latency).
    #[must_use]
    pub fn trace_db(&self) -> &[f64] {
        &self.trace
    }

    /// Takes in the side-chain: the sum of its channels.
    fn hear_key(&mut self, block: &Block<'_>) {
        let frames = block.frames();
        let key = &mut self.key[..frames];
        key.fill(0.0);
        if let Some(view) = block.key().filter(|view| view.channels() > 0) {
            self.keyed = true;
            for plane in (0..view.channels()).map(|c| view.channel(c)) {
                key.iter_mut().zip(plane).for_each(|(sum, x)| *sum += dsp::math::sane(*x));
            }
            sanitise(key);
        }
        self.music.listen(frames, |_| &*key);
    }

    fn look(&mut self) {
        let heard = self.voice.look();
        let music = (self.keyed && self.settings.music > 0.0).then(|| self.music.look().power);
        self.keyed = false;
        let old = db_to_gain(self.gain_db);
        self.gain_db = self.ride.tick(&self.settings, &heard, music);
        let step = (db_to_gain(self.gain_db) - old) / self.look_frames as f64;
        self.line = [old, step];
        self.shown_db = f64::max(self.shown_db, -self.gain_db);
        if self.trace.len() < self.trace.capacity() {
            self.trace.push(self.gain_db);
        }
    }

    fn run(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(sanitise);
        self.voice.listen(block.frames(), |channel| block.channel(channel));
        self.hear_key(block);
        let done = self.look_frames - self.until_look;
        let [gain, step] = self.line;
        for (delay, plane) in self.delays.iter_mut().zip(block.channels_mut()) {
            delay.process(plane);
            if gain != 1.0 || step != 0.0 {
                plane.iter_mut().enumerate().for_each(|(n, x)| *x *= gain + step * (done + n + 1) as f64);
            }
        }
    }
}

impl Kernel for RiderKernel {
    type Settings = Rider;

    fn latency_frames(&self) -> usize {
        self.latency
    }

    fn gain_reduction_db(&self) -> Option<f64> {
        Some(self.shown_db)
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.shown_db = f64::max(-self.gain_db, 0.0);
        self.trace.clear();
        let mut start = 0;
        while start < block.frames() {
            // A look takes in no more than the analyser's window at a time.
            let frames = self.until_look.min(block.frames() - start);
            self.run(&mut block.slice(start, frames));
            start += frames;
            self.until_look -= frames;
            if self.until_look == 0 {
                self.until_look = self.look_frames;
                self.look();
            }
        }
    }

    fn retune(&mut self, settings: &Rider) {
        self.settings = settings.ride();
    }

    fn reset(&mut self) {
        self.voice.reset();
        self.music.reset();
        self.ride.reset();
        self.delays.iter_mut().for_each(Ring::reset);
        self.keyed = false;
        self.line = [1.0, 0.0];
        self.gain_db = 0.0;
        self.trace.clear();
        self.until_look = self.look_frames;
        self.shown_db = 0.0;
    }
}

#[cfg(test)]
#[path = "rider_tests.rs"]
mod tests;
