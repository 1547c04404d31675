//! What runs.

use super::{Compressor, Detector, KeySum};
use crate::{Format, Kernel};
use dsp::biquad::{Shape, SvfBank};
use dsp::block::Block;
use dsp::compress::{Curve, gains_of_reductions};
use dsp::envelope::{Ballistics, CrestTimes, MeanSquare};
use dsp::eq_design::{Curve as EqCurve, design};
use dsp::math::{db_to_gain, sane, sanitise};
use dsp::shift::Ring;
use dsp::smooth::Glide;

/// Frames handled at once; states settle and automatic times change at multiples of it, counted from the start.
const STRIDE: usize = 64;
/// Time constant of gain, mix and curve changes. By convention: mixing.md d.3 asks for 5 ms where a value jumps.
const GLIDE_MS: f64 = 5.0;
/// Time of a change of the key filters.
const FILTER_GLIDE_SECONDS: f64 = 0.02;

/// The static curve, gliding.
#[derive(Debug)]
struct MovingCurve {
    threshold_db: Glide,
    slope: Glide,
    knee_db: Glide,
    range_db: Glide,
    still: Curve,
}

impl MovingCurve {
    fn new(settings: &Compressor, rate: f64) -> Self {
        let glide = |value| Glide::new(value, GLIDE_MS, rate);
        Self {
            threshold_db: glide(settings.threshold_db),
            slope: glide(settings.slope()),
            knee_db: glide(settings.knee_db),
            range_db: glide(settings.range_db),
            still: settings.curve(),
        }
    }

    fn glides(&mut self) -> [&mut Glide; 4] {
        [&mut self.threshold_db, &mut self.slope, &mut self.knee_db, &mut self.range_db]
    }

    fn set(&mut self, settings: &Compressor) {
        let values = [settings.threshold_db, settings.slope(), settings.knee_db, settings.range_db];
        self.glides().into_iter().zip(values).for_each(|(glide, value)| glide.set_target(value));
        self.still = settings.curve();
    }

    fn snap(&mut self) {
        self.glides().into_iter().for_each(|glide| glide.snap(glide.target()));
    }

    fn is_settled(&mut self) -> bool {
        self.glides().iter().all(|glide| glide.is_settled())
    }

    fn next_curve(&mut self) -> Curve {
        Curve::new(
            self.threshold_db.next_value(),
            self.slope.next_value(),
            self.knee_db.next_value(),
            self.range_db.next_value(),
        )
    }

    /// Replaces the powers in every lane by the reductions asked for.
    fn reductions(&mut self, lanes: &mut [[f64; STRIDE]], frames: usize) {
        if self.is_settled() {
            let curve = self.still;
            lanes.iter_mut().for_each(|lane| curve.reductions_of_powers(&mut lane[..frames]));
            return;
        }
        for frame in 0..frames {
            let curve = self.next_curve();
            lanes.iter_mut().for_each(|lane| lane[frame] = curve.reduction_of_power(lane[frame]));
        }
    }
}

/// State of one channel.
#[derive(Debug)]
struct Channel {
    /// High-pass and low-pass in front of the detector.
    filter: SvfBank,
    mean: MeanSquare,
    ballistics: Ballistics,
    crest: CrestTimes,
    delay: Ring,
    listen_delay: Ring,
    /// What the detector hears, filtered.
    heard: [f64; STRIDE],
}

/// Running state of [`Compressor`](super::Compressor).
#[derive(Debug)]
pub struct CompressorKernel {
    settings: Compressor,
    rate: f64,
    latency: usize,
    channels: Vec<Channel>,
    /// Powers, then reductions: one lane per channel, and the linked one last.
    lanes: Vec<[f64; STRIDE]>,
    curve: MovingCurve,
    link: Glide,
    makeup: Glide,
    mix: Glide,
    listen: Glide,
    /// Whether one reduction serves all channels. Changes only at retunes and every [`STRIDE`], never with a block.
    linked: bool,
    until_settle: usize,
    shown_db: f64,
}

fn key_filters(settings: &Compressor, rate: f64) -> [Shape; 2] {
    // Butterworth.
    let q = core::f64::consts::FRAC_1_SQRT_2;
    let shape = |on, curve, f| if on { design(curve, f, 0.0, q, rate) } else { Shape::IDENTITY };
    [
        shape(settings.key_high_pass_hz > 0.0, EqCurve::HighPass, settings.key_high_pass_hz),
        shape(settings.key_low_pass_hz < 20_000.0, EqCurve::LowPass, settings.key_low_pass_hz),
    ]
}

/// Gain of dry and wet together; exactly 1 where nothing is to be done.
#[inline]
fn whole_gain(gain: f64, makeup: f64, mix: f64) -> f64 {
    1.0 + mix * (gain * makeup - 1.0)
}

impl CompressorKernel {
    pub(super) fn new(settings: &Compressor, format: Format) -> Self {
        let rate = format.sample_rate_hz;
        let latency = (settings.lookahead_ms * 1e-3 * rate).round().max(0.0) as usize;
        let count = format.channels.max(1);
        let channel = || Channel {
            filter: SvfBank::new(2),
            mean: MeanSquare::new(settings.rms_window_ms, rate),
            ballistics: Ballistics::new(settings.attack_ms, settings.release_ms, settings.hold_ms, rate),
            crest: CrestTimes::new(rate),
            delay: Ring::new(latency),
            listen_delay: Ring::new(latency),
            heard: [0.0; STRIDE],
        };
        let glide = |value| Glide::new(value, GLIDE_MS, rate);
        let mut kernel = Self {
            settings: settings.clone(),
            rate,
            latency,
            channels: (0..count).map(|_| channel()).collect(),
            lanes: vec![[0.0; STRIDE]; count + 1],
            curve: MovingCurve::new(settings, rate),
            link: glide(settings.link_percent * 0.01),
            makeup: glide(db_to_gain(settings.total_makeup_db())),
            mix: glide(settings.mix_percent * 0.01),
            listen: glide(f64::from(u8::from(settings.listen))),
            linked: count == 1 || settings.link_percent == 100.0,
            until_settle: STRIDE,
            shown_db: 0.0,
        };
        kernel.place_filters(0);
        kernel
    }

    fn place_filters(&mut self, frames: usize) {
        let shapes = key_filters(&self.settings, self.rate);
        for channel in &mut self.channels {
            shapes.iter().enumerate().for_each(|(i, shape)| channel.filter.glide_to(i, *shape, frames));
        }
    }

    /// Fills `heard` of every channel.
    fn hear(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(sanitise);
        let frames = block.frames();
        let key = block.key().filter(|key| key.channels() > 0);
        let external = self.settings.external_key;
        let sum = external && self.settings.key_sum == KeySum::MonoSum;
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let heard = &mut channel.heard[..frames];
            match (external, key) {
                (false, _) => heard.copy_from_slice(block.channel(index)),
                (true, None) => heard.fill(0.0),
                (true, Some(key)) if sum => {
                    let share = 1.0 / key.channels() as f64;
                    heard.fill(0.0);
                    for plane in (0..key.channels()).map(|c| key.channel(c)) {
                        heard.iter_mut().zip(plane).for_each(|(h, x)| *h += share * sane(*x));
                    }
                }
                (true, Some(key)) => heard.copy_from_slice(key.channel(index.min(key.channels() - 1))),
            }
            if external {
                sanitise(heard);
            }
            channel.filter.process(heard);
        }
    }

    /// Fills the lanes with what the ballistics are asked for: every channel's own, and the linked one.
    fn ask(&mut self, frames: usize) {
        let rms = self.settings.detector == Detector::Rms;
        let Some((linked, own)) = self.lanes.split_last_mut() else { return };
        let linked = &mut linked[..frames];
        linked.fill(0.0);
        for (channel, lane) in self.channels.iter_mut().zip(own) {
            let lane = &mut lane[..frames];
            lane.iter_mut().zip(&channel.heard).for_each(|(power, x)| *power = x * x);
            if self.settings.auto_time {
                channel.crest.listen(lane);
            }
            if rms {
                channel.mean.process(lane);
            }
            linked
                .iter_mut()
                .zip(lane)
                .for_each(|(most, power)| *most = if *power > *most { *power } else { *most });
        }
        let alone = if self.linked { self.lanes.len() - 1 } else { 0 };
        self.curve.reductions(&mut self.lanes[alone..], frames);
    }

    /// One reduction serves all once the link is complete and the channels have come together.
    fn look_at_link(&mut self) {
        let apart = match self.channels.split_first() {
            Some((first, others)) => others.iter().fold(0.0, |most, other| {
                f64::max(most, (other.ballistics.value_db() - first.ballistics.value_db()).abs())
            }),
            None => 0.0,
        };
        let complete = self.link.is_settled() && self.link.target() == 1.0;
        // 0.001 dB apart is together: joining is not heard.
        self.linked = self.channels.len() == 1 || (complete && apart < 1e-3);
    }

    /// Turns reductions asked for into gains: in the last lane when linked, in every channel's otherwise.
    fn follow(&mut self, frames: usize) {
        if self.linked {
            let Some((linked, _)) = self.lanes.split_last_mut() else { return };
            let linked = &mut linked[..frames];
            // Every channel keeps the common state, so that unlinking goes on from it.
            let Some((first, others)) = self.channels.split_first_mut() else { return };
            let largest = first.ballistics.process(linked);
            others.iter_mut().for_each(|other| other.ballistics.clone_from(&first.ballistics));
            self.shown_db = f64::max(self.shown_db, largest);
            return;
        }
        let (linked, own) = match self.lanes.split_last_mut() {
            Some((linked, own)) => (linked, own),
            None => return,
        };
        for frame in 0..frames {
            let link = self.link.next_value();
            for lane in own.iter_mut() {
                lane[frame] += link * (linked[frame] - lane[frame]);
            }
        }
        for (channel, lane) in self.channels.iter_mut().zip(own) {
            let largest = channel.ballistics.process(&mut lane[..frames]);
            self.shown_db = f64::max(self.shown_db, largest);
        }
    }

    /// Applies the gains, delayed sound against them.
    fn apply(&mut self, block: &mut Block<'_>) {
        let (frames, linked) = (block.frames(), self.linked);
        let last = self.lanes.len() - 1;
        let lanes = if linked { last..last + 1 } else { 0..last };
        let rest = self.makeup.is_settled() && self.mix.is_settled();
        let (makeup, mix) = (self.makeup.target(), self.mix.target());
        self.lanes[lanes.clone()].iter_mut().for_each(|lane| gains_of_reductions(&mut lane[..frames]));
        if rest {
            for gain in self.lanes[lanes].iter_mut().flat_map(|lane| &mut lane[..frames]) {
                *gain = whole_gain(*gain, makeup, mix);
            }
        } else {
            for frame in 0..frames {
                let (makeup, mix) = (self.makeup.next_value(), self.mix.next_value());
                for lane in &mut self.lanes[lanes.clone()] {
                    lane[frame] = whole_gain(lane[frame], makeup, mix);
                }
            }
        }
        for (index, (channel, plane)) in self.channels.iter_mut().zip(block.channels_mut()).enumerate() {
            channel.delay.process(plane);
            let gains = &self.lanes[if linked { last } else { index }];
            plane.iter_mut().zip(gains).for_each(|(x, gain)| *x *= gain);
        }
    }

    fn put_out_heard(&mut self, block: &mut Block<'_>) {
        let frames = block.frames();
        let idle = self.listen.is_settled() && self.listen.target() == 0.0;
        if idle && self.latency == 0 {
            return;
        }
        for channel in &mut self.channels {
            channel.listen_delay.process(&mut channel.heard[..frames]);
        }
        if idle {
            return;
        }
        for frame in 0..frames {
            let share = self.listen.next_value();
            for (channel, plane) in self.channels.iter().zip(block.channels_mut()) {
                plane[frame] += share * (channel.heard[frame] - plane[frame]);
            }
        }
    }

    fn settle(&mut self) {
        for channel in &mut self.channels {
            channel.filter.settle();
            channel.mean.settle();
            channel.crest.settle();
        }
        if self.settings.auto_time {
            self.take_automatic_times();
        }
        self.look_at_link();
    }

    fn take_automatic_times(&mut self) {
        // Linked channels follow the strongest.
        let strongest = self
            .channels
            .iter()
            .map(|channel| &channel.crest)
            .reduce(|best, crest| if crest.mean_power() > best.mean_power() { crest } else { best });
        let common = strongest.filter(|_| self.linked).map(CrestTimes::times_ms);
        for channel in &mut self.channels {
            let (attack_ms, release_ms) = common.unwrap_or_else(|| channel.crest.times_ms());
            channel.ballistics.set_times(attack_ms, release_ms, self.rate);
        }
    }

    fn run(&mut self, block: &mut Block<'_>) {
        self.hear(block);
        self.ask(block.frames());
        self.follow(block.frames());
        self.apply(block);
        self.put_out_heard(block);
    }
}

impl Kernel for CompressorKernel {
    type Settings = Compressor;

    fn latency_frames(&self) -> usize {
        self.latency
    }

    fn gain_reduction_db(&self) -> Option<f64> {
        Some(self.shown_db)
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.shown_db = 0.0;
        let mut start = 0;
        while start < block.frames() {
            let frames = self.until_settle.min(block.frames() - start);
            self.run(&mut block.slice(start, frames));
            start += frames;
            self.until_settle -= frames;
            if self.until_settle == 0 {
                self.until_settle = STRIDE;
                self.settle();
            }
        }
    }

    fn retune(&mut self, settings: &Compressor) {
        let old = std::mem::replace(&mut self.settings, settings.clone());
        self.curve.set(settings);
        self.link.set_target(settings.link_percent * 0.01);
        self.makeup.set_target(db_to_gain(settings.total_makeup_db()));
        self.mix.set_target(settings.mix_percent * 0.01);
        self.listen.set_target(f64::from(u8::from(settings.listen)));
        for channel in &mut self.channels {
            if !settings.auto_time {
                channel.ballistics.set_times(settings.attack_ms, settings.release_ms, self.rate);
            }
            channel.ballistics.set_hold(settings.hold_ms, self.rate);
            channel.mean.set_window(settings.rms_window_ms, self.rate);
        }
        self.look_at_link();
        let filters = |s: &Compressor| (s.key_high_pass_hz, s.key_low_pass_hz);
        if filters(&old) != filters(settings) {
            self.place_filters((FILTER_GLIDE_SECONDS * self.rate) as usize);
        }
    }

    fn reset(&mut self) {
        for channel in &mut self.channels {
            channel.filter.reset();
            channel.mean.reset();
            channel.crest.reset();
            channel.ballistics.reset();
            channel.ballistics.set_times(self.settings.attack_ms, self.settings.release_ms, self.rate);
            channel.delay.reset();
            channel.listen_delay.reset();
        }
        self.curve.snap();
        for glide in [&mut self.link, &mut self.makeup, &mut self.mix, &mut self.listen] {
            glide.snap(glide.target());
        }
        self.look_at_link();
        self.until_settle = STRIDE;
        self.shown_db = 0.0;
    }
}
