//! Noise reduction.

use crate::{Format, Kernel, Processor};
use dsp::block::{Block, Buffer};
use dsp::math::sanitise;
use dsp::repair::denoise::{Denoise as Tool, DenoiseSettings, Law as ToolLaw, Profile};

choice! {
    /// Where the noise is learned.
    pub enum Noise {
        /// Everywhere, from the quietest moments of the last 1.5 s; the first half second of sound passes.
        Adaptive = "adaptive",
        /// In the first `learn_ms`, which must hold nothing else. For noise that stays.
        Learned = "learned",
    }
}

choice! {
    /// How much a bin is lowered that stands so far out of the noise.
    pub enum Law {
        /// Log-spectral amplitude (Ephraim and Malah): keeps more of weak sound, and steadier noise.
        LogAmplitude = "log_amplitude",
        /// Wiener: lower.
        Wiener = "wiener",
    }
}

processor! {
    /// Takes out steady noise: hiss, air, fans, hum.
    ///
    /// Each bin of short spectra is lowered as far as it does not stand out of the noise, and never by more than the
    /// reduction. Noise becomes quieter in pauses and between the partials of the sound; what the sound covers stays. Off
    /// as it comes: every bit passes. Looks ahead 43 ms.
    pub struct Denoise = "denoise" {
        /// Works.
        active: switch = false;
        /// Most that noise is lowered; 0 is off.
        reduction_db: Db = 12.0 in 0.0..=40.0;
        /// How much louder than measured the noise is taken to be: higher takes more, and more of the sound with it.
        threshold_db: Db = 0.0 in -12.0..=12.0;
        /// Where the noise is learned.
        noise: choice Noise = Adaptive;
        /// How long it learns, from the start.
        learn_ms: Ms = 500.0 in 100.0..=5000.0 log;
        /// How much a bin is lowered that stands so far out of the noise.
        law: choice Law = LogAmplitude;
        /// Smoothing of the gains over frequency in pauses, against chirping remains.
        smoothing_percent: Percent = 50.0 in 0.0..=100.0;
        /// One gain for all channels, so that the image stands still.
        link: switch = true;
        /// Plays what is taken out.
        listen: switch = false;
    }
}

/// Time of a change between off, on and listening. By our own convention.
const FADE_SECONDS: f64 = 0.02;

impl Denoise {
    fn tool(&self) -> DenoiseSettings {
        DenoiseSettings {
            reduction_db: self.reduction_db,
            threshold_db: self.threshold_db,
            profile: match self.noise {
                Noise::Adaptive => Profile::Adaptive,
                Noise::Learned => Profile::Learned(self.learn_ms),
            },
            law: match self.law {
                Law::LogAmplitude => ToolLaw::LogAmplitude,
                Law::Wiener => ToolLaw::Wiener,
            },
            smoothing: self.smoothing_percent * 0.01,
            linked: self.link,
        }
    }

    /// Gains of what came in and of what came out of the tool.
    fn gains(&self) -> [f64; 2] {
        match (self.active, self.listen) {
            (false, _) => [1.0, 0.0],
            (true, true) => [1.0, -1.0],
            (true, false) if self.reduction_db == 0.0 => [1.0, 0.0],
            (true, false) => [0.0, 1.0],
        }
    }
}

/// Running state of [`Denoise`].
#[derive(Debug)]
pub struct DenoiseKernel {
    tool: Tool,
    /// Per channel what came in, as long ago as the tool takes.
    past: Buffer,
    at: usize,
    scratch: Buffer,
    gains: [f64; 2],
    goal: [f64; 2],
    left: usize,
    fade: usize,
}

impl Processor for Denoise {
    type Kernel = DenoiseKernel;
    fn prepare(&self, format: Format) -> DenoiseKernel {
        let channels = format.channels.max(1);
        let tool = Tool::new(self.tool(), format.sample_rate_hz, channels);
        let latency = tool.latency_frames();
        DenoiseKernel {
            tool,
            past: Buffer::new(channels, latency),
            at: 0,
            scratch: Buffer::new(channels, latency),
            gains: self.gains(),
            goal: self.gains(),
            left: 0,
            fade: (FADE_SECONDS * format.sample_rate_hz) as usize + 1,
        }
    }
}

impl DenoiseKernel {
    /// A part that does not go past the end of the ring.
    fn run(&mut self, block: &mut Block<'_>) {
        let (frames, at) = (block.frames(), self.at);
        let channels = block.channels().min(self.past.channels());
        for channel in 0..channels {
            let plane = block.channel_mut(channel);
            sanitise(plane);
            self.scratch.channel_mut(channel)[..frames].copy_from_slice(plane);
            plane.swap_with_slice(&mut self.past.channel_mut(channel)[at..at + frames]);
        }
        self.tool.process(&mut self.scratch.block().slice(0, frames));
        let (from, left) = (self.gains, self.left);
        for channel in 0..channels {
            (self.gains, self.left) = (from, left);
            let plane = block.channel_mut(channel);
            for (n, x) in plane.iter_mut().enumerate() {
                self.step();
                if self.gains != [1.0, 0.0] {
                    *x = self.gains[0] * *x + self.gains[1] * self.scratch.channel(channel)[n];
                }
            }
        }
        self.at = (at + frames) % self.past.frames().max(1);
    }

    fn step(&mut self) {
        if self.left == 0 {
            return;
        }
        let part = 1.0 / self.left as f64;
        self.left -= 1;
        for (gain, goal) in self.gains.iter_mut().zip(self.goal) {
            *gain = if self.left == 0 { goal } else { *gain + (goal - *gain) * part };
        }
    }
}

impl Kernel for DenoiseKernel {
    type Settings = Denoise;

    fn latency_frames(&self) -> usize {
        self.tool.latency_frames()
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let mut start = 0;
        while start < block.frames() {
            let frames = (self.past.frames() - self.at).min(block.frames() - start);
            self.run(&mut block.slice(start, frames));
            start += frames;
        }
    }

    fn retune(&mut self, settings: &Denoise) {
        self.tool.set(settings.tool());
        if settings.gains() != self.goal {
            (self.goal, self.left) = (settings.gains(), self.fade);
        }
    }

    fn reset(&mut self) {
        self.tool.reset();
        self.past.clear();
        (self.gains, self.left, self.at) = (self.goal, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{measure, signals};

    const FRAMES: usize = 96_000;

    fn run(settings: &Denoise, input: &[f64]) -> Vec<f64> {
        let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
        let latency = kernel.latency_frames();
        assert_eq!(latency, 2048);
        let mut long = input.to_vec();
        long.resize(input.len() + latency, 0.0);
        let mut audio = Buffer::from_planes(&[long]);
        kernel.process(&mut audio.block());
        audio.channel(0)[latency..].to_vec()
    }

    fn noisy() -> Vec<f64> {
        let tone = signals::sine(500.0, 0.3, 0.0, 0.5, 48_000.0);
        let mut sound = signals::noise(0.01, 3, FRAMES);
        sound[48_000..72_000].iter_mut().zip(tone).for_each(|(x, y)| *x += y);
        sound
    }

    #[test]
    fn off_and_no_reduction_pass_every_bit() {
        let mut input = noisy();
        input[5] = -0.0;
        for settings in [
            Denoise::default(),
            Denoise { active: true, reduction_db: 0.0, ..Denoise::default() },
            Denoise { listen: true, ..Denoise::default() },
        ] {
            let out = run(&settings, &input);
            assert!(out.iter().zip(&input).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }

    #[test]
    fn what_is_left_and_what_is_taken_out_add_up() {
        let input = noisy();
        let settings = Denoise { active: true, noise: Noise::Learned, ..Denoise::default() };
        let rest = run(&settings, &input);
        let taken = run(&Denoise { listen: true, ..settings.clone() }, &input);
        let sum: Vec<f64> = rest.iter().zip(&taken).map(|(a, b)| a + b).collect();
        assert!(measure::null_db(&sum, &input) < -280.0);
        let part = 84_000..94_000;
        let fall = measure::to_db(measure::rms(&input[part.clone()]) / measure::rms(&rest[part.clone()]));
        assert!((9.0..12.01).contains(&fall), "{fall}");
        assert!(measure::rms(&taken[part.clone()]) > 0.6 * measure::rms(&input[part]));
        // The tone stays.
        let level = measure::tone(&rest[54_000..66_000], 500.0, 48_000.0).0;
        assert!((measure::to_db(level / 0.3)).abs() < 0.1, "{level}");
    }

    #[test]
    fn every_knob_reaches_the_tool() {
        let input = noisy();
        let usual = Denoise { active: true, ..Denoise::default() };
        let first = run(&usual, &input);
        for other in [
            Denoise { reduction_db: 20.0, ..usual.clone() },
            Denoise { threshold_db: 6.0, ..usual.clone() },
            Denoise { noise: Noise::Learned, ..usual.clone() },
            Denoise { law: Law::Wiener, ..usual.clone() },
            Denoise { smoothing_percent: 0.0, ..usual.clone() },
        ] {
            assert!(run(&other, &input) != first, "{other:?}");
        }
        let learned = Denoise { noise: Noise::Learned, ..usual };
        assert!(run(&learned, &input) != run(&Denoise { learn_ms: 900.0, ..learned.clone() }, &input));
    }

    #[test]
    fn switching_does_not_click() {
        let input = vec![0.5; FRAMES];
        let settings = Denoise { active: true, ..Denoise::default() };
        let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
        let mut audio = Buffer::from_planes(&[input]);
        kernel.process(&mut audio.block().slice(0, 48_000));
        kernel.retune(&Denoise { listen: true, ..settings });
        kernel.process(&mut audio.block().slice(48_000, 24_000));
        kernel.retune(&Denoise::default());
        kernel.process(&mut audio.block().slice(72_000, 24_000));
        let out = &audio.channel(0)[4_096..];
        let step = out.windows(2).fold(0.0, |most, w| f64::max(most, (w[1] - w[0]).abs()));
        // A ramp of 1 over 20 ms.
        assert!(step < 0.002, "{step}");
        assert_eq!(out.last(), Some(&0.5));
    }
}
