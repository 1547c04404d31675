//! Gain and utility.

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

processor! {
    /// Gain, polarity, channel swap, mid/side width, mono below a frequency, DC filter, delay.
    ///
    /// In this order: DC filter, delay, polarity and gain, swap, width, mono below. What concerns two sides works on
    /// the first two channels and passes mono.
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
        /// Removes a constant offset (first-order high-pass at 5 Hz).
        dc_filter: switch = false;
        /// Delays the sound (wanted, so not compensated).
        delay_ms: Ms = 0.0 in 0.0..=500.0;
        /// Delays the sound further, in frames; parts of a frame are allowed.
        delay_frames: Plain = 0.0 in 0.0..=10000.0;
    }
}

/// Corner of the DC filter. By convention: low enough to leave 20 Hz within 0.3 dB.
const DC_CORNER_HZ: f64 = 5.0;
/// Time of a change of filters and delay.
const GLIDE_SECONDS: f64 = 0.02;
/// How often nearly decayed states are silenced, in frames from the start.
const SETTLE_FRAMES: usize = 64;

/// First-order high-pass, bilinear: (s) / (s + w), with the common factor (s + w) on both sides.
fn dc_shape(on: bool, rate: f64) -> Shape {
    let g = tan(PI * DC_CORNER_HZ / rate);
    if on { Shape { g, k: 2.0, high: 1.0, band: 1.0, low: 0.0 } } else { Shape::IDENTITY }
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
    /// Left from left, left from right, right from left, right from right; without the width.
    fn matrix(&self) -> [f64; 4] {
        let gain = if self.gain_db <= -120.0 { 0.0 } else { db_to_gain(self.gain_db) };
        let sign = |inverted| if inverted { -gain } else { gain };
        let left = sign(matches!(self.polarity, Polarity::Left | Polarity::Both));
        let right = sign(matches!(self.polarity, Polarity::Right | Polarity::Both));
        let [ll, rl, lr, rr] = if self.swap { [0.0, right, left, 0.0] } else { [left, 0.0, 0.0, right] };
        let width = self.width_percent * 0.01;
        let (own, other) = (0.5 * (1.0 + width), 0.5 * (1.0 - width));
        [own * ll + other * lr, own * rl + other * rr, other * ll + own * lr, other * rl + own * rr]
    }

    /// Gain of a channel that is not one of a pair.
    fn single(&self, channel: usize) -> f64 {
        let gain = if self.gain_db <= -120.0 { 0.0 } else { db_to_gain(self.gain_db) };
        let inverted = match self.polarity {
            Polarity::Both => true,
            Polarity::Left => channel == 0,
            Polarity::Normal | Polarity::Right => false,
        };
        if inverted { -gain } else { gain }
    }

    fn shift_frames(&self, rate: f64) -> f64 {
        self.delay_ms * 1e-3 * rate + self.delay_frames
    }
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
    /// For mono, and for what is beyond a pair.
    single: [Glide; 2],
    middle: Svf,
    side: [Svf; 2],
    /// Whether the side is filtered. Changes only at retunes and every [`SETTLE_FRAMES`], never with a block.
    filtering: bool,
    until_settle: usize,
}

impl Processor for Gain {
    type Kernel = GainKernel;
    fn prepare(&self, format: Format) -> GainKernel {
        let rate = format.sample_rate_hz;
        let fade = (GLIDE_SECONDS * rate) as usize;
        let most = 0.5 * rate + 10_000.0;
        let (side, middle) = mono_shapes(self.mono_below_hz, rate);
        let channel = || Channel {
            dc: Svf::new(dc_shape(self.dc_filter, rate)),
            shift: Shift::new(self.shift_frames(rate), most, fade),
        };
        GainKernel {
            rate,
            settings: self.clone(),
            channels: (0..format.channels.max(1)).map(|_| channel()).collect(),
            matrix: self.matrix().map(|gain| Glide::new(gain, 5.0, rate)),
            single: [self.single(0), self.single(2)].map(|gain| Glide::new(gain, 5.0, rate)),
            middle: Svf::new(middle),
            side: [Svf::new(side), Svf::new(side)],
            filtering: !side.is_identity(),
            until_settle: SETTLE_FRAMES,
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
        self.mix_pair(left, right);
        if self.filtering {
            self.filter_pair(left, right);
        }
        if paired && block.channels() > 2 {
            let mut after = self.single[1].clone();
            for plane in block.channels_mut().skip(2) {
                after = self.single[1].clone();
                apply_gain(&mut after, plane);
            }
            self.single[1] = after;
        }
    }

    fn mix_pair(&mut self, left: &mut [f64], right: &mut [f64]) {
        if self.matrix.iter().all(Glide::is_settled) {
            let [ll, rl, lr, rr] = self.matrix.each_ref().map(Glide::target);
            if [ll, rl, lr, rr] != [1.0, 0.0, 0.0, 1.0] {
                for (l, r) in left.iter_mut().zip(right) {
                    (*l, *r) = (sane(ll * *l + rl * *r), sane(lr * *l + rr * *r));
                }
            }
            return;
        }
        for (l, r) in left.iter_mut().zip(right) {
            let [ll, rl, lr, rr] = self.matrix.each_mut().map(Glide::next_value);
            (*l, *r) = (sane(ll * *l + rl * *r), sane(lr * *l + rr * *r));
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
}

impl Kernel for GainKernel {
    type Settings = Gain;

    fn tail_frames(&self) -> usize {
        self.settings.shift_frames(self.rate) as usize + dsp::shift::TAPS
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let mut start = 0;
        while start < block.frames() {
            let frames = self.until_settle.min(block.frames() - start);
            self.run(&mut block.slice(start, frames));
            start += frames;
            self.until_settle -= frames;
            if self.until_settle == 0 {
                self.until_settle = SETTLE_FRAMES;
                self.filters().for_each(Svf::settle);
                self.look_at_filters();
            }
        }
    }

    fn retune(&mut self, settings: &Gain) {
        let frames = (GLIDE_SECONDS * self.rate) as usize;
        let old = std::mem::replace(&mut self.settings, settings.clone());
        self.matrix.iter_mut().zip(settings.matrix()).for_each(|(glide, gain)| glide.set_target(gain));
        self.single[0].set_target(settings.single(0));
        self.single[1].set_target(settings.single(2));
        if old.mono_below_hz != settings.mono_below_hz {
            let (side, middle) = mono_shapes(settings.mono_below_hz, self.rate);
            self.side.iter_mut().for_each(|section| section.glide_to(side, frames));
            self.middle.glide_to(middle, frames);
        }
        for channel in &mut self.channels {
            if old.dc_filter != settings.dc_filter {
                channel.dc.glide_to(dc_shape(settings.dc_filter, self.rate), frames);
            }
            if old.shift_frames(self.rate) != settings.shift_frames(self.rate) {
                channel.shift.set(settings.shift_frames(self.rate));
            }
        }
        self.look_at_filters();
    }

    fn reset(&mut self) {
        self.filters().for_each(Svf::reset);
        self.channels.iter_mut().for_each(|channel| channel.shift.reset());
        self.matrix.iter_mut().chain(&mut self.single).for_each(|glide| glide.snap(glide.target()));
        self.look_at_filters();
        self.until_settle = SETTLE_FRAMES;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::{measure, signals};

    fn run(settings: &Gain, planes: &[Vec<f64>]) -> Buffer {
        let mut audio = Buffer::from_planes(planes);
        settings.prepare(Format { channels: planes.len(), ..Format::default() }).process(&mut audio.block());
        audio
    }

    fn pair() -> [Vec<f64>; 2] {
        [signals::noise(0.5, 1, 400), signals::noise(0.5, 2, 400)]
    }

    #[test]
    fn the_defaults_pass_every_bit() {
        assert_eq!(run(&Gain::default(), &pair()), Buffer::from_planes(&pair()));
    }

    #[test]
    fn gain_polarity_swap_and_width_are_what_they_say() {
        let one = |settings: Gain, left: f64, right: f64| {
            let out = run(&settings, &[vec![left; 4], vec![right; 4]]);
            (out.channel(0)[3], out.channel(1)[3])
        };
        let (left, right) = one(Gain { gain_db: -6.020_599_913_279_624, ..Gain::default() }, 0.5, -0.25);
        assert!((left - 0.25).abs() < 1e-15 && (right + 0.125).abs() < 1e-15);
        assert_eq!(one(Gain { gain_db: -120.0, ..Gain::default() }, 0.5, 0.5), (0.0, 0.0));
        assert_eq!(one(Gain { polarity: Polarity::Right, ..Gain::default() }, 0.5, 0.25), (0.5, -0.25));
        assert_eq!(one(Gain { polarity: Polarity::Both, ..Gain::default() }, 0.5, 0.25), (-0.5, -0.25));
        assert_eq!(one(Gain { swap: true, ..Gain::default() }, 0.5, 0.25), (0.25, 0.5));
        // Polarity belongs to the input side: inverted left lands right.
        assert_eq!(
            one(Gain { swap: true, polarity: Polarity::Left, ..Gain::default() }, 0.5, 0.25),
            (0.25, -0.5)
        );
        assert_eq!(one(Gain { width_percent: 0.0, ..Gain::default() }, 0.5, 0.25), (0.375, 0.375));
        assert_eq!(one(Gain { width_percent: 200.0, ..Gain::default() }, 0.5, 0.25), (0.625, 0.125));
        let mono =
            run(&Gain { polarity: Polarity::Left, width_percent: 0.0, ..Gain::default() }, &[vec![0.5; 4]]);
        assert_eq!(mono.channel(0)[3], -0.5);
    }

    #[test]
    fn channels_beyond_the_pair_get_the_gain_alone() {
        let planes: Vec<Vec<f64>> = (0..6).map(|_| vec![0.5; 4]).collect();
        let out = run(&Gain { gain_db: 6.0, swap: true, ..Gain::default() }, &planes);
        for channel in 0..6 {
            assert!((out.channel(channel)[3] / 0.5 - signals::db(6.0)).abs() < 1e-12, "{channel}");
        }
    }

    #[test]
    fn below_the_frequency_it_is_mono_and_the_middle_stays_flat() {
        let settings = Gain { mono_below_hz: 120.0, ..Gain::default() };
        let impulse = signals::impulse(1.0, 0, 48_000);
        let opposite: Vec<f64> = impulse.iter().map(|x| -x).collect();
        let side = run(&settings, &[impulse.clone(), opposite]);
        let at = |f| measure::response_db(side.channel(0), f, 48_000.0);
        // Linkwitz-Riley of fourth order: -6.02 dB at the corner, 24 dB per octave.
        assert!((at(120.0) + 6.02).abs() < 0.01 && (at(30.0) + 48.2).abs() < 0.3 && at(2_000.0).abs() < 0.01);
        let middle = run(&settings, &[impulse.clone(), impulse]);
        for f in [20.0, 100.0, 120.0, 1_000.0] {
            assert!(measure::response_db(middle.channel(1), f, 48_000.0).abs() < 1e-6, "{f}");
        }
        // A sound on the left alone keeps its side above: phases of middle and side agree.
        let left = run(&settings, &[signals::sine(1_000.0, 0.5, 0.0, 0.5, 48_000.0), vec![0.0; 24_000]]);
        assert!(measure::peak(&left.channel(1)[12_000..]) < 0.5 * signals::db(-60.0));
    }

    #[test]
    fn the_dc_filter_removes_an_offset_and_leaves_the_bass() {
        let settings = Gain { dc_filter: true, ..Gain::default() };
        let out = run(&settings, &[vec![0.3; 96_000]]);
        assert!(out.channel(0)[95_999].abs() < 1e-12);
        let bass = run(&settings, &[signals::impulse(1.0, 0, 96_000)]);
        assert!(measure::response_db(bass.channel(0), 20.0, 48_000.0) > -0.3);
    }

    #[test]
    fn delays_add_up_to_the_frame_and_report_no_latency() {
        let settings = Gain { delay_ms: 10.0, delay_frames: 3.0, ..Gain::default() };
        let out = run(&settings, &[signals::impulse(0.5, 5, 1_000)]);
        assert_eq!(out.channel(0), signals::impulse(0.5, 5 + 483, 1_000));
        assert_eq!(settings.prepare(Format::default()).latency_frames(), 0);
        let half = Gain { delay_frames: 50.5, ..Gain::default() };
        let out = run(&half, &[signals::sine(1_000.0, 0.5, 0.0, 0.1, 48_000.0)]);
        let (amplitude, phase) = measure::tone(&out.channel(0)[480..4_320], 1_000.0, 48_000.0);
        let turns: f64 = 50.5 / 48.0;
        let want = -core::f64::consts::TAU * (turns - turns.floor());
        assert!(
            (amplitude - 0.5).abs() < 1e-4 && dsp::math::sin(phase - want).abs() < 1e-4,
            "{amplitude} {phase}"
        );
    }

    #[test]
    fn changes_glide_and_do_not_depend_on_blocks() {
        let low = signals::sine(60.0, 0.5, 0.0, 0.3, 48_000.0);
        let run = |block: usize| {
            let mut audio = Buffer::from_planes(&[low.clone(), low.iter().map(|x| -0.3 * x).collect()]);
            let mut kernel = Gain::default().prepare(Format::default());
            let mut at = 0;
            for settings in [
                Gain { mono_below_hz: 200.0, gain_db: -6.0, ..Gain::default() },
                Gain { polarity: Polarity::Both, dc_filter: true, ..Gain::default() },
                Gain { swap: true, delay_ms: 3.3, ..Gain::default() },
            ] {
                let end = at + 3_500;
                while at < end {
                    let frames = block.min(end - at);
                    kernel.process(&mut audio.block().slice(at, frames));
                    at += frames;
                }
                kernel.retune(&settings);
            }
            kernel.process(&mut audio.block().slice(at, 100_000));
            audio
        };
        let whole = run(100_000);
        assert_eq!(whole, run(29));
        let step = whole.channel(0).windows(2).fold(0.0, |m: f64, w| m.max((w[1] - w[0]).abs()));
        assert!(step < 0.02, "{step}");
    }
}
