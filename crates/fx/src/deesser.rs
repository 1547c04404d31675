//! De-esser.

use crate::ear::GLIDE_MS;
use crate::{Format, Kernel, Processor};
use dsp::biquad::Svf;
use dsp::block::Block;
use dsp::crossover::corner_tangent;
use dsp::envelope::Ballistics;
use dsp::math::{db_to_gain, log2, pow, sanitise};
use dsp::shift::Ring;
use dsp::sibilance::{Analyser, Centre, Features, high_shelf};
use dsp::smooth::Glide;

choice! {
    /// What is turned down.
    pub enum DeesserMode {
        /// Only what is above the frequency.
        Split = "split",
        /// The whole sound.
        Wide = "wide",
    }
}

choice! {
    /// What the threshold counts from.
    pub enum SibilantReference {
        /// The loudness of the vowels around, as heard so far.
        Voice = "voice",
        /// Full scale (LUFS).
        FullScale = "full_scale",
    }
}

processor! {
    /// De-esser: turns sibilants down to a loudness against the vowels around them, and nothing else.
    ///
    /// A sibilant is known by its spectral centroid and by being noise, at any level; one that is louder than the
    /// threshold is turned down to it, by a moving high shelf (split) or as a whole (wide). At rest it passes every bit.
    pub struct Deesser = "deesser" {
        /// What is turned down.
        mode: choice DeesserMode = Split;
        /// Loudness to which louder sibilants are turned down, counted from the reference.
        threshold_db: Db = -6.0 in -60.0..=12.0;
        /// What the threshold counts from.
        reference: choice SibilantReference = Voice;
        /// Largest reduction.
        range_db: Db = 6.0 in 0.0..=24.0;
        /// Finds the frequency itself: the centroid of the sibilants heard so far, divided by 1.4.
        auto_frequency: switch = true;
        /// Where the shelf begins; with `auto_frequency` only until the first sibilants.
        frequency_hz: Hz = 5000.0 in 2000.0..=12000.0 log;
        /// Sounds with a centroid above this count as sibilants, if they are noise.
        sharp_hz: Hz = 3500.0 in 2000.0..=8000.0 log;
        /// Time for the gain to cover 63 % of a fall.
        attack_ms: Ms = 1.0 in 0.1..=50.0 log;
        /// Time for the gain to cover 63 % of its way back.
        release_ms: Ms = 20.0 in 5.0..=500.0 log;
        /// How far the detector sees ahead; the sound is late by as much. It needs 6 ms to meet the beginning. Fixed
        /// when the session starts to run.
        lookahead_ms: Ms = 7.0 in 0.0..=20.0;
        /// Puts out what is taken away.
        listen: switch = false;
    }
}

/// Looks per second, at most. By calibration, 2026-11-21: the shelf moves on straight lines of 1.3 ms.
const LOOKS_PER_SECOND: f64 = 800.0;
/// How long the vowels are remembered. By calibration, 2026-11-21: a phrase or two.
const VOWEL_SECONDS: f64 = 4.0;
/// How much sibilant sound the frequency is the mean of. By calibration, 2026-11-21: a dozen sibilants.
const SIBILANT_SECONDS: f64 = 1.0;
/// Vowels are what is within so many decibels of the loudness usual so far; what is further above is the voice itself
/// after mere noise. By calibration, 2026-11-21.
const VOWEL_DEPTH_DB: f64 = 15.0;
/// So much vowel must have been heard before sibilants are measured by it. By calibration, 2026-11-21: one short vowel.
const ENOUGH_SECONDS: f64 = 0.06;
/// Nothing below this loudness is a voice. By calibration, 2026-11-21: room noise of a bad recording.
const FLOOR_LUFS: f64 = -65.0;

fn look_frames(rate: f64) -> usize {
    (4..12).map(|power| 1 << power).find(|frames| rate / *frames as f64 <= LOOKS_PER_SECOND).unwrap_or(4096)
}

/// One channel of the sound.
#[derive(Debug)]
struct Channel {
    delay: Ring,
    shelf: Svf,
    wet: Vec<f64>,
}

/// Running state of [`Deesser`].
#[derive(Debug)]
pub struct DeesserKernel {
    settings: Deesser,
    rate: f64,
    look_hz: f64,
    latency: usize,
    analyser: Analyser,
    vowels: Centre,
    /// Octaves of the centroid of sibilants.
    sharp: Centre,
    ballistics: Ballistics,
    channels: Vec<Channel>,
    /// Gain of the whole sound at the last look, and its step per frame.
    wide: [f64; 2],
    /// Where that line ends.
    goal: f64,
    listen: Glide,
    look_frames: usize,
    until_look: usize,
    shown_db: f64,
}

impl Processor for Deesser {
    type Kernel = DeesserKernel;
    fn prepare(&self, format: Format) -> DeesserKernel {
        let rate = format.sample_rate_hz;
        let latency = (self.lookahead_ms * 1e-3 * rate).round().max(0.0) as usize;
        let look_frames = look_frames(rate);
        let look_hz = rate / look_frames as f64;
        let count = format.channels.max(1);
        let channel = || Channel {
            delay: Ring::new(latency),
            shelf: Svf::new(dsp::biquad::Shape::IDENTITY),
            wet: vec![0.0; look_frames],
        };
        DeesserKernel {
            settings: self.clone(),
            rate,
            look_hz,
            latency,
            analyser: Analyser::new(count, 0.0, rate, rate),
            vowels: Centre::new(VOWEL_SECONDS * look_hz, 10.0).with_leap(VOWEL_DEPTH_DB),
            sharp: Centre::new(SIBILANT_SECONDS * look_hz, 1.0),
            ballistics: Ballistics::new(self.attack_ms, self.release_ms, 0.0, look_hz),
            channels: (0..count).map(|_| channel()).collect(),
            wide: [1.0, 0.0],
            goal: 1.0,
            listen: Glide::new(f64::from(u8::from(self.listen)), GLIDE_MS, rate),
            look_frames,
            until_look: look_frames,
            shown_db: 0.0,
        }
    }
}

impl DeesserKernel {
    /// Where the shelf begins now.
    #[must_use]
    pub fn frequency_hz(&self) -> f64 {
        match self.sharp.value() {
            // mixing.md C8: at the measured centroid over 1.4.
            Some(octaves) if self.settings.auto_frequency => {
                (pow(2.0, octaves) / 1.4).clamp(2_000.0, 12_000.0)
            }
            _ => self.settings.frequency_hz,
        }
    }

    /// The reduction asked for by what is heard, and what was heard remembered.
    fn judge(&mut self, heard: &Features) -> f64 {
        let level = heard.lufs();
        let sibilance = heard.sibilance(self.settings.sharp_hz);
        if sibilance > 0.5 && level > FLOOR_LUFS {
            self.sharp.take(log2(heard.centroid_hz), sibilance);
        }
        let usual = self.vowels.value();
        if sibilance == 0.0 && level > FLOOR_LUFS {
            // What is much softer counts little: a pause does not move the mark, a soft verse does in time.
            let near = usual.is_none_or(|usual| level > usual - VOWEL_DEPTH_DB);
            self.vowels.take(level, if near { 1.0 } else { 0.05 });
        }
        let mark = match self.settings.reference {
            SibilantReference::FullScale => Some(0.0),
            SibilantReference::Voice => self.vowels.value_of(ENOUGH_SECONDS * self.look_hz),
        };
        match mark {
            Some(mark) if sibilance > 0.0 => {
                sibilance * f64::max(level - mark - self.settings.threshold_db, 0.0)
            }
            _ => 0.0,
        }
    }

    /// Gain of the shelf that turns down what is heard by `wanted_db`, within the range.
    fn shelf_for(&self, corner: f64, wanted_db: f64) -> f64 {
        let range = self.settings.range_db;
        let first = f64::min(wanted_db, range);
        let drop = self.analyser.drop_db(&high_shelf(corner, -first));
        // What lies below the shelf is not reached: as much more above it, if the range has it.
        let more = if drop > 0.1 * first { first * first / drop } else { range };
        f64::min(more, range)
    }

    fn look(&mut self) {
        let heard = self.analyser.look();
        let wanted_db = self.judge(&heard);
        let corner = corner_tangent(self.frequency_hz(), self.rate);
        let split = self.settings.mode == DeesserMode::Split;
        let asked = match split {
            true if wanted_db > 0.0 => self.shelf_for(corner, wanted_db),
            _ => f64::min(wanted_db, self.settings.range_db),
        };
        let reduction_db = self.ballistics.tick(asked);
        // Less than a thousandth of a decibel is none: the shelf comes to rest.
        let reduction_db = if asked == 0.0 && reduction_db < 1e-3 { 0.0 } else { reduction_db };
        self.shown_db = f64::max(self.shown_db, reduction_db);
        let (shelf_db, wide_db) = if split { (reduction_db, 0.0) } else { (0.0, reduction_db) };
        let frames = self.look_frames;
        let shape = high_shelf(corner, -shelf_db);
        for channel in &mut self.channels {
            channel.shelf.settle();
            if !(shelf_db == 0.0 && channel.shelf.is_idle()) {
                channel.shelf.glide_to(shape, frames);
            }
        }
        // From the goal of the last line to the next.
        let goal = db_to_gain(-wide_db);
        self.wide = [self.goal, (goal - self.goal) / frames as f64];
        self.goal = goal;
    }

    fn run(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(sanitise);
        let frames = block.frames();
        self.analyser.listen(frames, |channel| block.channel(channel));
        let idle = self.listen.is_settled() && self.listen.target() == 0.0;
        let [wide, step] = self.wide;
        let done = self.look_frames - self.until_look;
        for (channel, plane) in self.channels.iter_mut().zip(block.channels_mut()) {
            channel.delay.process(plane);
            let wet = &mut channel.wet[..frames];
            wet.copy_from_slice(plane);
            channel.shelf.process(wet);
            if wide != 1.0 || step != 0.0 {
                wet.iter_mut().enumerate().for_each(|(n, y)| *y *= wide + step * (done + n + 1) as f64);
            }
            if idle {
                plane.copy_from_slice(wet);
            }
        }
        if !idle {
            for frame in 0..frames {
                let share = self.listen.next_value();
                for (channel, plane) in self.channels.iter().zip(block.channels_mut()) {
                    let (dry, wet) = (plane[frame], channel.wet[frame]);
                    plane[frame] = wet + share * (dry - wet - wet);
                }
            }
        }
    }
}

impl Kernel for DeesserKernel {
    type Settings = Deesser;

    fn latency_frames(&self) -> usize {
        self.latency
    }

    fn gain_reduction_db(&self) -> Option<f64> {
        Some(self.shown_db)
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.shown_db = self.ballistics.value_db();
        let mut start = 0;
        while start < block.frames() {
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

    fn retune(&mut self, settings: &Deesser) {
        self.settings = settings.clone();
        self.ballistics.set_times(settings.attack_ms, settings.release_ms, self.look_hz);
        self.listen.set_target(f64::from(u8::from(settings.listen)));
    }

    fn reset(&mut self) {
        self.analyser.reset();
        self.vowels.reset();
        self.sharp.reset();
        self.ballistics.reset();
        for channel in &mut self.channels {
            channel.delay.reset();
            channel.shelf = Svf::new(dsp::biquad::Shape::IDENTITY);
        }
        (self.wide, self.goal) = ([1.0, 0.0], 1.0);
        self.listen.snap(self.listen.target());
        self.until_look = self.look_frames;
        self.shown_db = 0.0;
    }
}

#[cfg(test)]
#[path = "deesser_tests.rs"]
mod tests;
