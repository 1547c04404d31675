//! Tones, noises and test signals.

mod source;

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::math::{db_to_gain, sanitise};
use dsp::rng::CounterRng;
use source::{Pink, Sweep, Tone, edge, white};

choice! {
    /// What is played.
    pub enum Wave {
        /// Sine.
        Sine = "sine",
        /// Square, every harmonic below half the sample rate and none above.
        Square = "square",
        /// Rising saw, likewise.
        Saw = "saw",
        /// Triangle, likewise.
        Triangle = "triangle",
        /// White noise: the same power in every hertz.
        White = "white",
        /// Pink noise: the same power in every octave.
        Pink = "pink",
        /// Sine that sweeps from `from_hz` to `to_hz`, the same time for every octave.
        Sweep = "sweep",
        /// Single frames, `frequency_hz` of them a second, each at the nearest frame.
        Impulses = "impulses",
        /// One frame every `every_seconds`, the first at once: to see a delay.
        Probe = "probe",
    }
}

choice! {
    /// What becomes of the sound that comes in.
    pub enum Mode {
        /// It stays.
        Add = "add",
        /// It goes, in the channels that are played to.
        Replace = "replace",
    }
}

choice! {
    /// Where it is played.
    pub enum Channels {
        /// Every channel.
        Both = "both",
        /// The first.
        Left = "left",
        /// The second (mono: nowhere).
        Right = "right",
        /// The first and the second by turns of `every_seconds`.
        Alternate = "alternate",
    }
}

processor! {
    /// Plays tones, noises and test signals.
    ///
    /// Square, saw and triangle are sums of harmonics, so nothing folds back (below -150 dB); their level is that of the
    /// ideal wave, which the real one passes by up to 1.5 dB at its corners. What is played depends on the frame from the
    /// start and on the seed of the place alone. Off as it comes: every bit passes.
    pub struct Generator = "generator" {
        /// Plays.
        active: switch = false;
        /// What is played.
        wave: choice Wave = Sine;
        /// Level: the peak of tones, sweeps and clicks, the RMS of noises (white noise peaks 4.8 dB higher, pink about 12).
        level_dbfs: Dbfs = -18.0 in -120.0..=0.0;
        /// Frequency of tones, and how many impulses come in a second.
        frequency_hz: Hz = 1000.0 in 1.0..=20000.0 log;
        /// What becomes of the sound that comes in.
        mode: choice Mode = Add;
        /// Where it is played.
        channels: choice Channels = Both;
        /// One noise for all channels; off, each has its own.
        correlated: switch = true;
        /// Where a sweep begins.
        from_hz: Hz = 20.0 in 1.0..=20000.0 log;
        /// Where a sweep ends; may be below its beginning.
        to_hz: Hz = 20000.0 in 1.0..=20000.0 log;
        /// Length of a sweep; 5 ms at either end are faded.
        sweep_seconds: Seconds = 10.0 in 0.1..=120.0 log;
        /// From one probe to the next, from one sweep to the next (not less than its length), and length of a turn.
        every_seconds: Seconds = 1.0 in 0.01..=60.0 log;
    }
}

/// Time of a change. By our own convention.
const FADE_SECONDS: f64 = 0.005;
/// Frames worked out together.
const CHUNK: usize = 64;

impl Generator {
    /// Whether a change from `other` needs a pause.
    fn is_another_source(&self, other: &Self) -> bool {
        let sweep = |s: &Self| (s.from_hz, s.to_hz, s.sweep_seconds, s.every_seconds);
        let turns = |s: &Self| s.channels == Channels::Alternate;
        (self.wave, self.correlated, turns(self)) != (other.wave, other.correlated, turns(other))
            || sweep(self) != sweep(other)
            || (self.wave == Wave::Impulses && self.frequency_hz != other.frequency_hz)
    }

    fn gain(&self) -> f64 {
        if self.active { db_to_gain(self.level_dbfs) } else { 0.0 }
    }

    fn plays_to(&self, channel: usize) -> bool {
        match self.channels {
            Channels::Both => true,
            Channels::Left => channel == 0,
            Channels::Right => channel == 1,
            Channels::Alternate => channel < 2,
        }
    }

    fn dry(&self, channel: usize) -> f64 {
        let gone = self.active && self.mode == Mode::Replace && self.plays_to(channel);
        f64::from(u8::from(!gone))
    }

    fn wet(&self, channel: usize) -> f64 {
        f64::from(u8::from(self.plays_to(channel)))
    }

    fn sweep(&self) -> Sweep {
        Sweep {
            from_hz: self.from_hz,
            to_hz: self.to_hz,
            seconds: self.sweep_seconds,
            every_seconds: self.every_seconds,
        }
    }
}

/// A straight way to a new value, at the end of which it is exactly there.
#[derive(Debug, Clone, Copy)]
struct Ramp {
    value: f64,
    target: f64,
    left: u32,
}

impl Ramp {
    fn at(value: f64) -> Self {
        Self { value, target: value, left: 0 }
    }

    fn go(&mut self, target: f64, frames: u32) {
        if target != self.target {
            (self.target, self.left) = (target, frames.max(1));
        }
    }

    #[inline]
    fn next(&mut self) -> f64 {
        if self.left > 0 {
            self.value += (self.target - self.value) / f64::from(self.left);
            self.left -= 1;
            if self.left == 0 {
                self.value = self.target;
            }
        }
        self.value
    }

    fn rests_at(&self, value: f64) -> bool {
        self.left == 0 && self.value == value
    }
}

#[derive(Debug)]
struct Channel {
    dry: Ramp,
    wet: Ramp,
    pink: Pink,
}

/// Running state of [`Generator`].
#[derive(Debug)]
pub struct GeneratorKernel {
    rate: f64,
    seed: u64,
    frame: u64,
    fade: u32,
    /// What was asked for.
    wanted: Generator,
    /// What is being played; the same once a change is done.
    playing: Generator,
    gain: Ramp,
    tone: Tone,
    channels: Vec<Channel>,
}

impl Processor for Generator {
    type Kernel = GeneratorKernel;
    fn prepare(&self, format: Format) -> GeneratorKernel {
        let rate = format.sample_rate_hz;
        let pink = Pink::new(rate);
        let channel =
            |c| Channel { dry: Ramp::at(self.dry(c)), wet: Ramp::at(self.wet(c)), pink: pink.clone() };
        let mut kernel = GeneratorKernel {
            rate,
            seed: format.seed,
            frame: 0,
            fade: (FADE_SECONDS * rate) as u32,
            wanted: self.clone(),
            playing: self.clone(),
            gain: Ramp::at(self.gain()),
            tone: Tone::new(rate),
            channels: (0..format.channels.max(1)).map(channel).collect(),
        };
        kernel.tone.set(self.wave, self.frequency_hz, 0);
        kernel
    }
}

impl GeneratorKernel {
    /// Takes over what was asked for, at a frame at which nothing is heard.
    fn change(&mut self, frame: u64) {
        self.playing = self.wanted.clone();
        self.tone.set(self.playing.wave, self.playing.frequency_hz, frame);
        self.channels.iter_mut().for_each(|channel| channel.pink.reset());
    }

    /// Level of the next frames; ends early where the source changes. Returns how many.
    fn levels(&mut self, levels: &mut [f64]) -> usize {
        for (n, level) in levels.iter_mut().enumerate() {
            if self.gain.rests_at(0.0) && self.wanted.is_another_source(&self.playing) {
                if n > 0 {
                    return n;
                }
                self.change(self.frame);
                self.gain.go(self.wanted.gain(), self.fade);
            }
            *level = self.gain.next();
        }
        levels.len()
    }

    fn run(&mut self, block: &mut Block<'_>) -> usize {
        let mut levels = [0.0; CHUNK];
        let most = CHUNK.min(block.frames());
        let frames = self.levels(&mut levels[..most]);
        let levels = &levels[..frames];
        let quiet = levels.iter().all(|level| *level == 0.0);
        let mut sound = [0.0; CHUNK];
        for channel in 0..self.channels.len().min(block.channels()) {
            if !quiet && (channel == 0 || (self.is_noise() && !self.playing.correlated)) {
                self.sound(channel, levels, &mut sound[..frames]);
            }
            let plane = &mut block.channel_mut(channel)[..frames];
            self.mix(channel, plane, &sound[..frames], levels);
        }
        self.frame = self.frame.wrapping_add(frames as u64);
        frames
    }

    fn is_noise(&self) -> bool {
        matches!(self.playing.wave, Wave::White | Wave::Pink)
    }

    /// What is played to a channel, at level 1.
    fn sound(&mut self, channel: usize, levels: &[f64], out: &mut [f64]) {
        let (frame, rate) = (self.frame, self.rate);
        let rng = CounterRng::new(self.seed, channel as u64);
        let at = |n: usize| frame.wrapping_add(n as u64);
        match self.playing.wave {
            Wave::Sine | Wave::Square | Wave::Saw | Wave::Triangle => self.tone.play(frame, out),
            Wave::White => out.iter_mut().enumerate().for_each(|(n, y)| *y = white(&rng, at(n))),
            Wave::Pink => {
                let pink = &mut self.channels[channel].pink;
                // Stands still while nothing is heard, whatever the blocks are.
                for (n, (y, level)) in out.iter_mut().zip(levels).enumerate() {
                    *y = if *level == 0.0 { 0.0 } else { pink.tick(white(&rng, at(n))) };
                }
            }
            Wave::Sweep => {
                let sweep = self.playing.sweep();
                out.iter_mut().enumerate().for_each(|(n, y)| *y = sweep.at(at(n), rate));
            }
            Wave::Impulses => {
                let period = rate / self.playing.frequency_hz;
                out.iter_mut().enumerate().for_each(|(n, y)| *y = click(at(n), period));
            }
            Wave::Probe => {
                let period = (self.playing.every_seconds * rate).round().max(1.0);
                out.iter_mut().enumerate().for_each(|(n, y)| *y = click(at(n), period));
            }
        }
    }

    fn mix(&mut self, channel: usize, plane: &mut [f64], sound: &[f64], levels: &[f64]) {
        let (frame, alternate) = (self.frame, self.playing.channels == Channels::Alternate);
        let turns = Turns::new(&self.playing, self.rate);
        let Channel { dry, wet, .. } = &mut self.channels[channel];
        for (n, ((x, y), level)) in plane.iter_mut().zip(sound).zip(levels).enumerate() {
            let (dry, wet) = (dry.next(), wet.next());
            let share = level * wet;
            if dry == 1.0 && share == 0.0 {
                continue;
            }
            let turn = if alternate { turns.at(channel, frame.wrapping_add(n as u64)) } else { 1.0 };
            *x = dry * *x + share * turn * y;
        }
    }
}

/// 1 at the frames nearest to multiples of `period` frames, else 0.
fn click(frame: u64, period: f64) -> f64 {
    let near = (frame as f64 / period).round();
    f64::from(u8::from((near * period + 0.5).floor() == frame as f64))
}

/// Turns of left and right.
struct Turns {
    frames: u64,
    /// Frames in which a turn comes and goes; 0 for clicks, which have no length.
    fade: f64,
}

impl Turns {
    fn new(settings: &Generator, rate: f64) -> Self {
        let clicks = matches!(settings.wave, Wave::Impulses | Wave::Probe);
        Self {
            frames: (settings.every_seconds * rate).round().max(1.0) as u64,
            // Not more than a quarter of the turn.
            fade: if clicks { 0.0 } else { (FADE_SECONDS).min(0.25 * settings.every_seconds) * rate },
        }
    }

    fn at(&self, channel: usize, frame: u64) -> f64 {
        let (turn, within) = (frame / self.frames, frame % self.frames);
        if turn % 2 != channel as u64 {
            return 0.0;
        }
        edge(within.min(self.frames - within) as f64, self.fade)
    }
}

impl Kernel for GeneratorKernel {
    type Settings = Generator;

    fn process(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(sanitise);
        let mut start = 0;
        while start < block.frames() {
            let left = block.frames() - start;
            start += self.run(&mut block.slice(start, left));
        }
    }

    fn retune(&mut self, settings: &Generator) {
        self.wanted = settings.clone();
        if settings.is_another_source(&self.playing) {
            self.gain.go(0.0, self.fade);
        } else {
            if settings.frequency_hz != self.playing.frequency_hz {
                self.tone.set(settings.wave, settings.frequency_hz, self.frame);
            }
            self.playing = settings.clone();
            self.gain.go(settings.gain(), self.fade);
        }
        for (c, channel) in self.channels.iter_mut().enumerate() {
            channel.dry.go(settings.dry(c), self.fade);
            channel.wet.go(settings.wet(c), self.fade);
        }
    }

    fn reset(&mut self) {
        self.frame = 0;
        self.gain = Ramp::at(self.wanted.gain());
        self.tone.reset();
        self.change(0);
        for (c, channel) in self.channels.iter_mut().enumerate() {
            (channel.dry, channel.wet) = (Ramp::at(self.wanted.dry(c)), Ramp::at(self.wanted.wet(c)));
        }
    }
}

#[cfg(test)]
mod tests;
