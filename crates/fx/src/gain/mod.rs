//! Gain and utility.

use crate::stride::{Stride, in_strides};
use crate::{Format, Kernel, Processor};
use dsp::biquad::{Shape, Svf};
use dsp::block::Block;
use dsp::math::{PI, SQRT_2, db_to_gain, sane, sanitise, tan};
use dsp::shift::Shift;
use dsp::smooth::Glide;

choice! {
    /// Which channels change their sign.
    pub enum Polarity {
        /// None.
        Normal = "normal",
        /// The first.
        Left = "left",
        /// The second.
        Right = "right",
        /// All.
        Both = "both",
    }
}

choice! {
    /// One, the other, or both of two sides.
    pub enum Sides {
        /// None.
        None = "none",
        /// The first channel.
        Left = "left",
        /// The second channel.
        Right = "right",
        /// All channels.
        Both = "both",
    }
}

choice! {
    /// What goes to left and right.
    pub enum Source {
        /// Each its own.
        Stereo = "stereo",
        /// The first channel to both.
        Left = "left",
        /// The second channel to both.
        Right = "right",
    }
}

choice! {
    /// Between left and right and middle and side.
    pub enum MidSide {
        /// Nothing.
        Off = "off",
        /// What comes in as left and right leaves as middle (half the sum) and side (half the difference).
        Encode = "encode",
        /// What comes in as middle and side leaves as left (the sum) and right (the difference).
        Decode = "decode",
    }
}

processor! {
    /// Gain, polarity, mute, channel swap, mid/side, width, mono below a frequency, DC filter, delay.
    ///
    /// In this order: DC filter, delay, polarity, mute and gain, swap, source, decoding of middle and side, width, mono below,
    /// encoding. What concerns two sides works on the first two channels and passes mono.
    pub struct Gain = "gain" {
        /// Gain; -120 is silence.
        gain_db: Db = 0.0 in -120.0..=24.0;
        /// Which channels change their sign.
        polarity: choice Polarity = Normal;
        /// Exchanges left and right.
        swap: switch = false;
        /// Side against mid: 0 is mono, 100 as it was, 200 twice the side.
        width_percent: Percent = 100.0 in 0.0..=200.0;
        /// Makes what is below mono, 24 dB per octave, phase-matched; 0 is off.
        mono_below_hz: Hz = 0.0 in 0.0..=500.0;
        /// Removes a constant offset (first-order high-pass).
        dc_filter: switch = false;
        /// Corner of the DC filter: -3 dB; two octaves above it is 0.3 dB.
        dc_corner_hz: Hz = 5.0 in 1.0..=40.0 log;
        /// Delays the sound (wanted, so not compensated).
        delay_ms: Ms = 0.0 in 0.0..=500.0;
        /// Delays the sound further, in frames; parts of a frame are allowed.
        delay_frames: Plain = 0.0 in 0.0..=10000.0;
        /// Delays the first channel more than the others.
        left_delay_ms: Ms = 0.0 in 0.0..=100.0;
        /// Delays the second channel more than the others.
        right_delay_ms: Ms = 0.0 in 0.0..=100.0;
        /// Delays the first channel more than the others, in frames; parts of a frame are allowed.
        left_delay_frames: Plain = 0.0 in 0.0..=10000.0;
        /// Delays the second channel more than the others, in frames; parts of a frame are allowed.
        right_delay_frames: Plain = 0.0 in 0.0..=10000.0;
        /// Gives short delays with parts of a frame the full interpolator: flat to 18 kHz at 44.1 kHz, for 31 frames of
        /// latency (compensated). Without it delays below 31 frames are softer at the top. Fixed when the session starts
        /// to run.
        precise_delay: switch = false;
        /// Which channels are silent.
        mute: choice Sides = None;
        /// What goes to left and right.
        source: choice Source = Stereo;
        /// Between left and right and middle and side.
        mid_side: choice MidSide = Off;
    }
}

/// Latency of precise delays: the taps before the middle one of the interpolator.
const PRECISE_FRAMES: usize = dsp::shift::TAPS / 2 - 1;
/// Time of a change of filters and delay.
const GLIDE_SECONDS: f64 = 0.02;
/// How often nearly decayed states are silenced, in frames from the start.
const SETTLE_FRAMES: usize = 64;

/// First-order high-pass, bilinear: (s) / (s + w), with the common factor (s + w) on both sides.
fn dc_shape(settings: &Gain, rate: f64) -> Shape {
    let g = tan(PI * settings.dc_corner_hz / rate);
    if settings.dc_filter { Shape { g, k: 2.0, high: 1.0, band: 1.0, low: 0.0 } } else { Shape::IDENTITY }
}

/// High-pass for the side (two equal sections: Linkwitz-Riley, JAES 24(1) 1976, fourth order) and the all-pass with the
/// same phase for the middle.
fn mono_shapes(frequency_hz: f64, rate: f64) -> (Shape, Shape) {
    if frequency_hz <= 0.0 {
        return (Shape::IDENTITY, Shape::IDENTITY);
    }
    let (g, k) = (tan(PI * f64::min(frequency_hz / rate, 0.49)), SQRT_2);
    (Shape { g, k, high: 1.0, band: 0.0, low: 0.0 }, Shape { g, k, high: 1.0, band: -k, low: 1.0 })
}

impl Gain {
    /// Left from left, left from right, right from left, right from right: all but encoding.
    fn matrix(&self) -> [f64; 4] {
        let gain = if self.gain_db <= -120.0 { 0.0 } else { db_to_gain(self.gain_db) };
        let sign = |inverted, mute| if mute { 0.0 } else { inverted_gain(inverted, gain) };
        let left = sign(
            matches!(self.polarity, Polarity::Left | Polarity::Both),
            matches!(self.mute, Sides::Left | Sides::Both),
        );
        let right = sign(
            matches!(self.polarity, Polarity::Right | Polarity::Both),
            matches!(self.mute, Sides::Right | Sides::Both),
        );
        let [ll, rl, lr, rr] = if self.swap { [0.0, right, left, 0.0] } else { [left, 0.0, 0.0, right] };
        let [ll, rl, lr, rr] = match self.source {
            Source::Stereo => [ll, rl, lr, rr],
            Source::Left => [ll, rl, ll, rl],
            Source::Right => [lr, rr, lr, rr],
        };
        let [ll, rl, lr, rr] = match self.mid_side {
            MidSide::Decode => [ll + lr, rl + rr, ll - lr, rl - rr],
            MidSide::Off | MidSide::Encode => [ll, rl, lr, rr],
        };
        let width = self.width_percent * 0.01;
        let (own, other) = (0.5 * (1.0 + width), 0.5 * (1.0 - width));
        [own * ll + other * lr, own * rl + other * rr, other * ll + own * lr, other * rl + own * rr]
    }

    /// Left from left, left from right and so on, of the encoding alone.
    fn encoding(&self) -> [f64; 4] {
        if self.mid_side == MidSide::Encode { [0.5, 0.5, 0.5, -0.5] } else { [1.0, 0.0, 0.0, 1.0] }
    }

    /// Gain of a channel that is not one of a pair.
    fn single(&self, channel: usize) -> f64 {
        let gain = if self.gain_db <= -120.0 { 0.0 } else { db_to_gain(self.gain_db) };
        let inverted = match self.polarity {
            Polarity::Both => true,
            Polarity::Left => channel == 0,
            Polarity::Normal | Polarity::Right => false,
        };
        let mute = match self.mute {
            Sides::Both => true,
            Sides::Left => channel == 0,
            Sides::None | Sides::Right => false,
        };
        if mute { 0.0 } else { inverted_gain(inverted, gain) }
    }

    /// Delay of a channel, without latency.
    fn shift_frames(&self, channel: usize, rate: f64) -> f64 {
        let (ms, frames) = match channel {
            0 => (self.left_delay_ms, self.left_delay_frames),
            1 => (self.right_delay_ms, self.right_delay_frames),
            _ => (0.0, 0.0),
        };
        (self.delay_ms + ms) * 1e-3 * rate + (self.delay_frames + frames)
    }
}

fn inverted_gain(inverted: bool, gain: f64) -> f64 {
    if inverted { -gain } else { gain }
}

#[derive(Debug)]
struct Channel {
    dc: Svf,
    shift: Shift,
}

/// Running state of [`Gain`].
#[derive(Debug)]
pub struct GainKernel {
    rate: f64,
    settings: Gain,
    channels: Vec<Channel>,
    matrix: [Glide; 4],
    encoding: [Glide; 4],
    /// Latency of the precise delays.
    latency: usize,
    /// For mono, and for what is beyond a pair.
    single: [Glide; 2],
    middle: Svf,
    side: [Svf; 2],
    /// Whether the side is filtered. Changes only at retunes and every [`SETTLE_FRAMES`], never with a block.
    filtering: bool,
    stride: Stride,
}

impl Processor for Gain {
    type Kernel = GainKernel;
    fn prepare(&self, format: Format) -> GainKernel {
        let rate = format.sample_rate_hz;
        let fade = (GLIDE_SECONDS * rate) as usize;
        // The longest of all delays together, and the latency.
        let most = 0.6 * rate + 20_000.0 + PRECISE_FRAMES as f64;
        let latency = if self.precise_delay { PRECISE_FRAMES } else { 0 };
        let (side, middle) = mono_shapes(self.mono_below_hz, rate);
        let channel = |index| Channel {
            dc: Svf::new(dc_shape(self, rate)),
            shift: Shift::new(self.shift_frames(index, rate) + latency as f64, most, fade),
        };
        GainKernel {
            rate,
            settings: self.clone(),
            channels: (0..format.channels.max(1)).map(channel).collect(),
            matrix: self.matrix().map(|gain| Glide::new(gain, 5.0, rate)),
            encoding: self.encoding().map(|gain| Glide::new(gain, 5.0, rate)),
            latency,
            single: [self.single(0), self.single(2)].map(|gain| Glide::new(gain, 5.0, rate)),
            middle: Svf::new(middle),
            side: [Svf::new(side), Svf::new(side)],
            filtering: !side.is_identity(),
            stride: Stride::new(SETTLE_FRAMES),
        }
    }
}

fn apply_gain(glide: &mut Glide, plane: &mut [f64]) {
    if glide.is_settled() {
        let gain = glide.target();
        if gain != 1.0 {
            plane.iter_mut().for_each(|x| *x = sane(*x * gain));
        }
        return;
    }
    plane.iter_mut().for_each(|x| *x = sane(*x * glide.next_value()));
}

/// Sends two planes through a matrix; the identity passes every bit.
fn mix_pair(matrix: &mut [Glide; 4], left: &mut [f64], right: &mut [f64]) {
    if matrix.iter().all(Glide::is_settled) {
        let [ll, rl, lr, rr] = matrix.each_ref().map(Glide::target);
        if [ll, rl, lr, rr] != [1.0, 0.0, 0.0, 1.0] {
            for (l, r) in left.iter_mut().zip(right) {
                (*l, *r) = (sane(ll * *l + rl * *r), sane(lr * *l + rr * *r));
            }
        }
        return;
    }
    for (l, r) in left.iter_mut().zip(right) {
        let [ll, rl, lr, rr] = matrix.each_mut().map(Glide::next_value);
        (*l, *r) = (sane(ll * *l + rl * *r), sane(lr * *l + rr * *r));
    }
}

impl GainKernel {
    fn run(&mut self, block: &mut Block<'_>) {
        for (channel, plane) in self.channels.iter_mut().zip(block.channels_mut()) {
            sanitise(plane);
            channel.dc.process(plane);
            channel.shift.process(plane);
        }
        let paired = block.channels() >= 2;
        let Some((left, right)) = block.pair_mut() else {
            block.channels_mut().for_each(|plane| apply_gain(&mut self.single[0], plane));
            return;
        };
        mix_pair(&mut self.matrix, left, right);
        if self.filtering {
            self.filter_pair(left, right);
        }
        let Some((left, right)) = block.pair_mut() else { return };
        mix_pair(&mut self.encoding, left, right);
        if paired && block.channels() > 2 {
            let mut after = self.single[1].clone();
            for plane in block.channels_mut().skip(2) {
                after = self.single[1].clone();
                apply_gain(&mut after, plane);
            }
            self.single[1] = after;
        }
    }

    fn filter_pair(&mut self, left: &mut [f64], right: &mut [f64]) {
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            (*l, *r) = (0.5 * (*l + *r), 0.5 * (*l - *r));
        }
        self.middle.process(left);
        self.side.iter_mut().for_each(|section| section.process(right));
        for (m, s) in left.iter_mut().zip(right.iter_mut()) {
            (*m, *s) = (*m + *s, *m - *s);
        }
    }

    fn filters(&mut self) -> impl Iterator<Item = &mut Svf> {
        self.channels
            .iter_mut()
            .map(|channel| &mut channel.dc)
            .chain(&mut self.side)
            .chain([&mut self.middle])
    }

    fn look_at_filters(&mut self) {
        self.filtering = !self.middle.is_idle() || self.side.iter().any(|section| !section.is_idle());
    }

    /// At the multiples of the stride.
    fn settle(&mut self) {
        self.filters().for_each(Svf::settle);
        self.look_at_filters();
    }
}

impl Kernel for GainKernel {
    type Settings = Gain;

    fn latency_frames(&self) -> usize {
        self.latency
    }

    fn tail_frames(&self) -> usize {
        let longest = (0..3).fold(0.0, |most, c| f64::max(most, self.settings.shift_frames(c, self.rate)));
        longest as usize + dsp::shift::TAPS
    }

    fn process(&mut self, block: &mut Block<'_>) {
        in_strides(self, block, |kernel| &mut kernel.stride, Self::run, Self::settle);
    }

    fn retune(&mut self, settings: &Gain) {
        let frames = (GLIDE_SECONDS * self.rate) as usize;
        let old = std::mem::replace(&mut self.settings, settings.clone());
        self.matrix.iter_mut().zip(settings.matrix()).for_each(|(glide, gain)| glide.set_target(gain));
        self.encoding.iter_mut().zip(settings.encoding()).for_each(|(glide, gain)| glide.set_target(gain));
        self.single[0].set_target(settings.single(0));
        self.single[1].set_target(settings.single(2));
        if old.mono_below_hz != settings.mono_below_hz {
            let (side, middle) = mono_shapes(settings.mono_below_hz, self.rate);
            self.side.iter_mut().for_each(|section| section.glide_to(side, frames));
            self.middle.glide_to(middle, frames);
        }
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let dc = (dc_shape(&old, self.rate), dc_shape(settings, self.rate));
            if dc.0 != dc.1 {
                channel.dc.glide_to(dc.1, frames);
            }
            let shift = settings.shift_frames(index, self.rate);
            if old.shift_frames(index, self.rate) != shift {
                channel.shift.set(shift + self.latency as f64);
            }
        }
        self.look_at_filters();
    }

    fn reset(&mut self) {
        self.filters().for_each(Svf::reset);
        self.channels.iter_mut().for_each(|channel| channel.shift.reset());
        let glides = self.matrix.iter_mut().chain(&mut self.encoding).chain(&mut self.single);
        glides.for_each(|glide| glide.snap(glide.target()));
        self.look_at_filters();
        self.stride.reset();
    }
}

#[cfg(test)]
mod tests;
