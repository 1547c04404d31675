//! Springs.

use crate::reverb::wet::{
    Courses, MAX_PRE_DELAY_SECONDS, PreDelay, Wet, filter, in_pieces, mix, pre_delay_frames, sounds, widen,
};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::{Ducker, TwoPoleTuning, sanitise};
use dsp::fdn::{Diffuser, PIECE, Ring};
use dsp::math::db_to_gain;
use dsp::spring::{Springs, Tuning};

processor! {
    /// Spring reverberation: two springs for each channel, along which high notes travel slower, so that every click chirps.
    ///
    /// For guitars and dub. Each spring is a loop of a delay and seventy-two stretched all-pass sections below 4.3 kHz, the
    /// transition of a common tank, with a quieter loop above it: the drip. Decay times hold by design at every frequency,
    /// however far the chirps are drawn out. The level does not depend on the decay. A spring is meant to ring: it has no early
    /// reflections and single echoes at first. Six channels are taken as L R C LFE Ls Rs, and the LFE stays dry.
    pub struct Spring = "spring" {
        /// Time before the sound enters the springs.
        pre_delay_ms: Ms = 0.0 in 0.0..=250.0;
        /// The same in beats, on top of the other, up to 2 s.
        pre_delay_beats: Beats = 0.0 in 0.0..=2.0;
        /// Length of the springs: how far apart the echoes are.
        length_percent: Percent = 100.0 in 30.0..=200.0;
        /// How far high notes fall behind low ones.
        chirp_percent: Percent = 90.0 in 0.0..=100.0;
        /// Level of the sound above the transition; the lowest is off.
        drip_db: Db = -9.0 in -60.0..=6.0;
        /// Time in which bass falls by 60 dB.
        rt60_low_seconds: Seconds = 2.2 in 0.1..=20.0 log;
        /// Time in which the middle falls by 60 dB.
        rt60_mid_seconds: Seconds = 2.0 in 0.1..=20.0 log;
        /// Time in which the sound above the transition falls by 60 dB.
        rt60_high_seconds: Seconds = 1.2 in 0.1..=20.0 log;
        /// Where bass ends.
        low_crossover_hz: Hz = 250.0 in 50.0..=1000.0 log;
        /// How much each sound is smeared on its way in.
        diffusion_percent: Percent = 20.0 in 0.0..=100.0;
        /// How far the springs move.
        modulation_percent: Percent = 20.0 in 0.0..=100.0;
        /// How fast the springs move.
        modulation_rate_hz: Hz = 0.6 in 0.05..=5.0 log;
        /// High-pass on the reverberation, 12 dB per octave.
        highpass_hz: Hz = 90.0 in 20.0..=1000.0 log;
        /// Low-pass on the reverberation, 12 dB per octave.
        lowpass_hz: Hz = 12000.0 in 1000.0..=20000.0 log;
        /// Width of the reverberation: 0 is mono, 100 as it comes.
        width_percent: Percent = 100.0 in 0.0..=200.0;
        /// How far the reverberation steps back while the source sounds.
        duck_db: Db = 0.0 in 0.0..=24.0;
        /// Share of the reverberation in the output: 100 on a send return.
        mix_percent: Percent = 25.0 in 0.0..=100.0;
    }
}

/// Gain of the diffusers at 100 %. Schroeder's 0.7 (JAES 10(3), 1962).
const MAX_DIFFUSION: f64 = 0.7;

impl Spring {
    fn tuning(&self) -> Tuning {
        Tuning {
            length: self.length_percent / 100.0,
            low_seconds: self.rt60_low_seconds,
            mid_seconds: self.rt60_mid_seconds,
            high_seconds: self.rt60_high_seconds,
            low_crossover_hz: self.low_crossover_hz,
            chirp: self.chirp_percent / 100.0,
            modulation: self.modulation_percent / 100.0,
            modulation_rate_hz: self.modulation_rate_hz,
            drip: if self.drip_db <= -60.0 { 0.0 } else { db_to_gain(self.drip_db) },
        }
    }

    fn targets(&self, sample_rate_hz: f64) -> [f64; 6] {
        [
            self.width_percent / 100.0,
            self.mix_percent / 100.0,
            TwoPoleTuning::warp(self.highpass_hz, sample_rate_hz),
            TwoPoleTuning::warp(self.lowpass_hz, sample_rate_hz),
            self.duck_db,
            MAX_DIFFUSION * self.diffusion_percent / 100.0,
        ]
    }

    fn pre_delay(&self, format: &Format) -> usize {
        pre_delay_frames(self.pre_delay_ms, self.pre_delay_beats, format)
    }
}

/// A channel on its way into its springs.
#[derive(Debug)]
struct Channel {
    index: usize,
    input: Ring,
    diffuser: Diffuser,
    fed: [f64; PIECE],
}

/// Running state of [`Spring`].
#[derive(Debug)]
pub struct SpringKernel {
    settings: Spring,
    format: Format,
    channels: Vec<Channel>,
    wets: Vec<Wet>,
    /// For every two channels.
    springs: Vec<Springs>,
    courses: Courses<6>,
    pre_delay: PreDelay,
    ducker: Ducker,
    frame: usize,
}

impl Processor for Spring {
    type Kernel = SpringKernel;
    fn prepare(&self, format: Format) -> SpringKernel {
        let rate = format.sample_rate_hz;
        let room = (MAX_PRE_DELAY_SECONDS * rate) as usize + 2 * PIECE;
        let channels: Vec<Channel> = (0..format.channels)
            .filter(|index| sounds(*index, format.channels))
            .enumerate()
            .map(|(place, index)| Channel {
                index,
                input: Ring::new(room),
                diffuser: Diffuser::new(place, rate),
                fed: [0.0; PIECE],
            })
            .collect();
        SpringKernel {
            settings: self.clone(),
            format,
            wets: channels.iter().map(|channel| Wet::new(channel.index)).collect(),
            springs: (0..channels.len().div_ceil(2))
                .map(|pair| Springs::new(self.tuning(), pair, rate))
                .collect(),
            channels,
            courses: Courses::new(self.targets(rate), rate),
            pre_delay: PreDelay::new(self.pre_delay(&format)),
            ducker: Ducker::new(rate),
            frame: 0,
        }
    }
}

impl SpringKernel {
    fn begin_piece(&mut self) {
        self.pre_delay.begin_piece(self.settings.pre_delay(&self.format));
    }

    /// The input, delayed and diffused.
    fn feed(&mut self, piece: &Block<'_>) {
        let frames = piece.frames();
        let place = self.frame % PIECE;
        for channel in &mut self.channels {
            let run = &mut channel.fed[..frames];
            run.iter_mut().zip(piece.channel(channel.index)).for_each(|(to, from)| *to = sanitise(*from));
            self.pre_delay.process(&mut channel.input, place, run);
            channel.diffuser.process(run, &self.courses.rows[5]);
        }
    }

    fn ring(&mut self, frames: usize) {
        let pairs = self.channels.chunks(2).zip(self.wets.chunks_mut(2)).zip(&mut self.springs);
        let mut spare = [0.0; PIECE];
        for ((channels, wets), springs) in pairs {
            match (channels, wets) {
                ([a, b], [x, y]) => springs.process(
                    [&a.fed[..frames], &b.fed[..frames]],
                    [&mut x.wet[..frames], &mut y.wet[..frames]],
                ),
                ([a], [x]) => springs.process(
                    [&a.fed[..frames], &a.fed[..frames]],
                    [&mut x.wet[..frames], &mut spare[..frames]],
                ),
                _ => {}
            }
        }
    }

    fn finish(&mut self, piece: &mut Block<'_>) {
        let frames = piece.frames();
        let settle = (self.frame + frames).is_multiple_of(PIECE);
        let [width, share, highpass, lowpass, duck, _] = &self.courses.rows;
        filter(&mut self.wets, [&highpass[..frames], &lowpass[..frames]], settle);
        widen(&mut self.wets, &width[..frames]);
        mix(piece, &self.wets, share, duck, &mut self.ducker);
    }

    /// One piece, or a part of it.
    fn run(&mut self, piece: &mut Block<'_>) {
        let frames = piece.frames();
        if self.frame.is_multiple_of(PIECE) {
            self.begin_piece();
        }
        self.courses.plan(frames);
        self.feed(piece);
        self.ring(frames);
        self.finish(piece);
    }
}

impl Kernel for SpringKernel {
    type Settings = Spring;

    fn tail_frames(&self) -> usize {
        let s = &self.settings;
        let longest = s.rt60_low_seconds.max(s.rt60_mid_seconds).max(s.rt60_high_seconds);
        // The first turn of the longest spring comes before any decay.
        s.pre_delay(&self.format) + ((longest + 0.3) * self.format.sample_rate_hz) as usize
    }

    fn process(&mut self, block: &mut Block<'_>) {
        in_pieces(self, block, |kernel| &mut kernel.frame, Self::run);
    }

    fn retune(&mut self, settings: &Spring) {
        self.springs.iter_mut().for_each(|springs| springs.retune(settings.tuning()));
        self.courses.aim(settings.targets(self.format.sample_rate_hz));
        self.settings = settings.clone();
    }

    fn reset(&mut self) {
        for channel in &mut self.channels {
            channel.input.reset();
            channel.diffuser.reset();
        }
        self.wets.iter_mut().for_each(Wet::reset);
        self.springs.iter_mut().for_each(Springs::reset);
        self.courses.reset();
        self.ducker.reset();
        self.pre_delay = PreDelay::new(self.settings.pre_delay(&self.format));
        self.frame = 0;
    }
}
