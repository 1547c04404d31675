//! Convolution with a recorded response.
//!
//! Cost on a busy desktop core: about 1.0 µs for each stereo frame through two seconds of stereo response at 44.1 kHz.

mod response;
#[cfg(test)]
mod tests;

use crate::reverb::wet::{
    Courses, MAX_PRE_DELAY_SECONDS, PreDelay, Wet, filter, in_pieces, mix, pre_delay_frames, sounds, widen,
};
use crate::{Format, Kernel, Processor};
use dsp::block::{Block, Buffer};
use dsp::convolve::Convolver;
use dsp::delay::{Ducker, TwoPoleTuning, flush, sanitise};
use dsp::fdn::{PIECE, Ring};
use dsp::math::db_to_gain;
use response::{Cut, Responses};

/// Longest impulse response, by our own convention: longer than the largest cathedral rings, and small enough for memory.
pub const MAX_IMPULSE_SECONDS: f64 = 30.0;

processor! {
    /// Convolution with an impulse response from a file (`impulse = "ir/hall.wav"`): any recorded space or loudspeaker.
    ///
    /// No latency. One channel is one response for all; two are left and right, each its own; four are the true stereo pairs
    /// left to left, left to right, right to left, right to right. On a mono track the response is that of a source in the
    /// middle, summed to mono. Six channels are taken as L R C LFE Ls Rs: sides by pairs, C by the sum, and the LFE stays dry.
    /// Without a file the response is a single impulse, the sound as it is. Files at other rates are converted.
    ///
    /// Memory: 32 bytes for each frame of each response and 16 for each channel. Cost grows with the length, little: on
    /// stereo about 1100 products a frame, and 30 more for each second. Moving trim, fade or decay while it plays costs a new preparation each time.
    pub struct Convolution = "convolution" with impulse {
        /// Time before the response.
        pre_delay_ms: Ms = 0.0 in 0.0..=250.0;
        /// Time before the response in beats, on top of the other, up to 2 s.
        pre_delay_beats: Beats = 0.0 in 0.0..=2.0;
        /// What is left out at the start of the file.
        start_ms: Ms = 0.0 in 0.0..=2000.0;
        /// Where the response ends at the latest, counted from the start that is left.
        length_seconds: Seconds = 30.0 in 0.01..=30.0 log;
        /// How much of the end fades away.
        fade_percent: Percent = 0.0 in 0.0..=100.0;
        /// Decay time in times that of the file. More than 100 raises its noise as well.
        decay_percent: Percent = 100.0 in 10.0..=200.0 log;
        /// Back to front.
        reverse: switch = false;
        /// Whether the response is brought to unit energy: noise comes out as loud as it goes in.
        normalise: switch = true;
        /// Gain of the reverberation.
        gain_db: Db = 0.0 in -24.0..=24.0;
        /// High-pass on the reverberation, 12 dB per octave; the lowest is off.
        highpass_hz: Hz = 20.0 in 20.0..=1000.0 log;
        /// Low-pass on the reverberation, 12 dB per octave; the highest is off.
        lowpass_hz: Hz = 20000.0 in 1000.0..=20000.0 log;
        /// Width of the reverberation: 0 is mono, 100 as it comes.
        width_percent: Percent = 100.0 in 0.0..=200.0;
        /// How far the reverberation steps back while the source sounds.
        duck_db: Db = 0.0 in 0.0..=24.0;
        /// Share of the reverberation in the output: 100 on a send return.
        mix_percent: Percent = 25.0 in 0.0..=100.0;
    }
}

impl Convolution {
    fn cut(&self) -> Cut {
        Cut {
            start_seconds: self.start_ms * 1e-3,
            length_seconds: self.length_seconds,
            fade: self.fade_percent / 100.0,
            decay: self.decay_percent / 100.0,
            reverse: self.reverse,
            normalise: self.normalise,
        }
    }

    fn targets(&self, sample_rate_hz: f64) -> [f64; 7] {
        let on = |on: bool| f64::from(u8::from(on));
        [
            self.width_percent / 100.0,
            self.mix_percent / 100.0,
            TwoPoleTuning::warp(self.highpass_hz, sample_rate_hz),
            TwoPoleTuning::warp(self.lowpass_hz, sample_rate_hz),
            self.duck_db,
            db_to_gain(self.gain_db),
            on(self.highpass_hz > 20.0 || self.lowpass_hz < 20_000.0),
        ]
    }

    fn pre_delay(&self, format: &Format) -> usize {
        pre_delay_frames(self.pre_delay_ms, self.pre_delay_beats, format)
    }
}

/// Running state of [`Convolution`].
#[derive(Debug)]
pub struct ConvolutionKernel {
    settings: Convolution,
    format: Format,
    responses: Responses,
    convolver: Convolver,
    /// What the convolver was given.
    loaded: Cut,
    wets: Vec<Wet>,
    inputs: Vec<[f64; PIECE]>,
    /// The convolved sound, for the pre-delay.
    rings: Vec<Ring>,
    courses: Courses<7>,
    pre_delay: PreDelay,
    ducker: Ducker,
    frame: usize,
}

impl Processor for Convolution {
    type Kernel = ConvolutionKernel;

    fn prepare(&self, format: Format) -> ConvolutionKernel {
        let mut one = Buffer::new(1, 1);
        one.channel_mut(0).fill(1.0);
        ConvolutionKernel::new(self, format, &one)
    }

    fn prepare_with(&self, format: Format, impulse: Option<&Buffer>) -> ConvolutionKernel {
        match impulse.filter(|impulse| impulse.channels() > 0 && impulse.frames() > 0) {
            Some(impulse) => ConvolutionKernel::new(self, format, impulse),
            None => self.prepare(format),
        }
    }
}

impl ConvolutionKernel {
    fn new(settings: &Convolution, format: Format, impulse: &Buffer) -> Self {
        let rate = format.sample_rate_hz;
        let wets: Vec<Wet> =
            (0..format.channels).filter(|index| sounds(*index, format.channels)).map(Wet::new).collect();
        let mut responses = Responses::new(impulse, wets.len(), format.channels == 6, rate);
        let mut convolver = Convolver::new(wets.len(), wets.len(), responses.routes(), responses.frames());
        convolver.load(responses.shape(&settings.cut()));
        let room = (MAX_PRE_DELAY_SECONDS * rate) as usize + 2 * PIECE;
        Self {
            settings: settings.clone(),
            format,
            responses,
            convolver,
            loaded: settings.cut(),
            inputs: vec![[0.0; PIECE]; wets.len()],
            rings: vec![Ring::new(room); wets.len()],
            wets,
            courses: Courses::new(settings.targets(rate), rate),
            pre_delay: PreDelay::new(settings.pre_delay(&format)),
            ducker: Ducker::new(rate),
            frame: 0,
        }
    }

    fn begin_piece(&mut self) {
        let wanted = self.settings.cut();
        if self.loaded != wanted && self.convolver.is_steady() {
            self.convolver.load(self.responses.shape(&wanted));
            self.loaded = wanted;
        }
        self.pre_delay.begin_piece(self.settings.pre_delay(&self.format));
    }

    /// Convolves into `wets`.
    fn convolve(&mut self, piece: &Block<'_>) {
        let frames = piece.frames();
        for (input, wet) in self.inputs.iter_mut().zip(&self.wets) {
            let source = piece.channel(wet.index);
            input.iter_mut().zip(source).for_each(|(to, from)| *to = flush(sanitise(*from)));
        }
        self.convolver.process(&self.inputs, &mut self.wets, frames);
    }

    /// The pre-delay.
    fn delay(&mut self, frames: usize) {
        let place = self.frame % PIECE;
        for (wet, ring) in self.wets.iter_mut().zip(&mut self.rings) {
            self.pre_delay.process(ring, place, &mut wet.wet[..frames]);
        }
    }

    fn finish(&mut self, piece: &mut Block<'_>) {
        let frames = piece.frames();
        let settle = (self.frame + frames).is_multiple_of(PIECE);
        let [width, share, highpass, lowpass, duck, gain, on] = &self.courses.rows;
        // The filters run even while they are off, so that they come in without a click.
        for (wet, plain) in self.wets.iter().zip(&mut self.inputs) {
            plain.copy_from_slice(&wet.wet);
        }
        filter(&mut self.wets, [&highpass[..frames], &lowpass[..frames]], settle);
        for (wet, plain) in self.wets.iter_mut().zip(&self.inputs) {
            for (n, x) in wet.wet.iter_mut().enumerate().take(frames) {
                let filtered = if on[n] == 1.0 { *x } else { plain[n] + on[n] * (*x - plain[n]) };
                *x = gain[n] * filtered;
            }
        }
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
        self.convolve(piece);
        self.delay(frames);
        self.finish(piece);
    }
}

impl Kernel for ConvolutionKernel {
    type Settings = Convolution;

    fn tail_frames(&self) -> usize {
        self.settings.pre_delay(&self.format) + self.responses.shaped_frames(&self.settings.cut())
    }

    fn process(&mut self, block: &mut Block<'_>) {
        in_pieces(self, block, |kernel| &mut kernel.frame, Self::run);
    }

    fn retune(&mut self, settings: &Convolution) {
        self.courses.aim(settings.targets(self.format.sample_rate_hz));
        self.settings = settings.clone();
    }

    fn reset(&mut self) {
        self.convolver.reset();
        let wanted = self.settings.cut();
        if self.loaded != wanted {
            self.convolver.load(self.responses.shape(&wanted));
            self.loaded = wanted;
        }
        self.wets.iter_mut().for_each(Wet::reset);
        self.rings.iter_mut().for_each(Ring::reset);
        self.courses.reset();
        self.ducker.reset();
        self.pre_delay = PreDelay::new(self.settings.pre_delay(&self.format));
        self.frame = 0;
    }
}

impl AsRef<[f64]> for Wet {
    fn as_ref(&self) -> &[f64] {
        &self.wet
    }
}

impl AsMut<[f64]> for Wet {
    fn as_mut(&mut self) -> &mut [f64] {
        &mut self.wet
    }
}
