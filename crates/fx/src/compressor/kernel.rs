//! What runs.

use super::curve::MovingCurve;
use super::{Compressor, Detector};
use crate::ear::{Ears, GLIDE_MS, STRIDE};
use crate::stride::{Stride, in_strides};
use crate::{Format, Kernel};
use dsp::block::Block;
use dsp::compress::{DB_PER_POWER_OCTAVE, gains_of_reductions};
use dsp::envelope::{Ballistics, CrestTimes, MeanSquare};
use dsp::math::{db_to_gain, fast_log2};
use dsp::shift::Ring;
use dsp::smooth::Glide;

/// State of one channel.
#[derive(Debug)]
struct Channel {
    mean: MeanSquare,
    ballistics: Ballistics,
    crest: CrestTimes,
    delay: Ring,
}

/// Running state of [`Compressor`](super::Compressor).
#[derive(Debug)]
pub struct CompressorKernel {
    settings: Compressor,
    rate: f64,
    latency: usize,
    ears: Ears,
    channels: Vec<Channel>,
    /// Powers, then reductions: one lane per channel, and the linked one last.
    lanes: Vec<[f64; STRIDE]>,
    curve: MovingCurve,
    link: Glide,
    makeup: Glide,
    mix: Glide,
    /// Whether one reduction serves all channels. Changes only at retunes and every [`STRIDE`], never with a block.
    linked: bool,
    stride: Stride,
    shown_db: f64,
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
            mean: MeanSquare::new(settings.rms_window_ms, rate),
            ballistics: Ballistics::new(settings.attack_ms, settings.release_ms, settings.hold_ms, rate),
            crest: CrestTimes::new(rate),
            delay: Ring::new(latency),
        };
        let glide = |value| Glide::new(value, GLIDE_MS, rate);
        Self {
            settings: settings.clone(),
            rate,
            latency,
            ears: Ears::new(settings.key(), count, latency, rate),
            channels: (0..count).map(|_| channel()).collect(),
            lanes: vec![[0.0; STRIDE]; count + 1],
            curve: MovingCurve::new(settings, rate),
            link: glide(settings.link_percent * 0.01),
            makeup: glide(db_to_gain(settings.total_makeup_db())),
            mix: glide(settings.mix_percent * 0.01),
            linked: count == 1 || settings.link_percent == 100.0,
            stride: Stride::new(STRIDE),
            shown_db: 0.0,
        }
    }

    /// Fills the lanes with powers: every channel's own, and the linked one.
    fn detect(&mut self, frames: usize) {
        let detector = self.settings.detector;
        let Some((linked, own)) = self.lanes.split_last_mut() else { return };
        let linked = &mut linked[..frames];
        linked.fill(0.0);
        for ((channel, lane), heard) in self.channels.iter_mut().zip(own).zip(self.ears.heard()) {
            let lane = &mut lane[..frames];
            lane.iter_mut().zip(heard).for_each(|(power, x)| *power = x * x);
            if self.settings.auto_time {
                channel.crest.listen(lane);
            }
            match detector {
                Detector::Peak => {}
                Detector::Rms => channel.mean.process(lane),
                Detector::Average => {
                    lane.iter_mut().for_each(|power| *power = power.sqrt());
                    channel.mean.process(lane);
                    lane.iter_mut().for_each(|mean| *mean *= *mean);
                }
            }
            linked
                .iter_mut()
                .zip(lane)
                .for_each(|(most, power)| *most = if *power > *most { *power } else { *most });
        }
    }

    /// Replaces powers by what the ballistics are asked for.
    fn ask(&mut self, frames: usize) {
        let alone = if self.linked { self.lanes.len() - 1 } else { 0 };
        self.curve.reductions(&mut self.lanes[alone..], frames);
    }

    /// Replaces powers by reductions, each from the level behind the reduction itself.
    fn follow_loop(&mut self, frames: usize) {
        let Some((linked, own)) = self.lanes.split_last_mut() else { return };
        for frame in 0..frames {
            let law = self.curve.next_law(true);
            let level = |power: f64| DB_PER_POWER_OCTAVE * fast_log2(power);
            let common = level(linked[frame]);
            let lift = law.up.lift_db(common);
            if self.linked {
                let Some(first) = self.channels.first_mut() else { return };
                let asked = |value: f64| {
                    let (reduction, slope) = law.down.unlimited_reduction_db(common - value);
                    (reduction - lift, slope)
                };
                linked[frame] = first.ballistics.tick_loop(asked, -lift, law.down.range_db());
                self.shown_db = f64::max(self.shown_db, linked[frame]);
                continue;
            }
            let link = self.link.next_value();
            for (channel, lane) in self.channels.iter_mut().zip(own.iter_mut()) {
                let alone = level(lane[frame]);
                let own_lift = law.up.lift_db(alone);
                let lift = own_lift + link * (lift - own_lift);
                let asked = |value: f64| {
                    let (a, b) = (
                        law.down.unlimited_reduction_db(alone - value),
                        law.down.unlimited_reduction_db(common - value),
                    );
                    (a.0 + link * (b.0 - a.0) - lift, a.1 + link * (b.1 - a.1))
                };
                lane[frame] = channel.ballistics.tick_loop(asked, -lift, law.down.range_db());
                self.shown_db = f64::max(self.shown_db, lane[frame]);
            }
        }
        if self.linked
            && let Some((first, others)) = self.channels.split_first_mut()
        {
            others.iter_mut().for_each(|other| other.ballistics.clone_from(&first.ballistics));
        }
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

    fn settle(&mut self) {
        self.ears.settle();
        for channel in &mut self.channels {
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
        self.ears.hear(block);
        self.detect(block.frames());
        if self.settings.is_loop() {
            self.follow_loop(block.frames());
        } else {
            self.ask(block.frames());
            self.follow(block.frames());
        }
        self.apply(block);
        self.ears.put_out(block);
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
        in_strides(self, block, |kernel| &mut kernel.stride, Self::run, Self::settle);
    }

    fn retune(&mut self, settings: &Compressor) {
        self.settings = settings.clone();
        self.ears.retune(settings.key());
        self.curve.set(settings);
        self.link.set_target(settings.link_percent * 0.01);
        self.makeup.set_target(db_to_gain(settings.total_makeup_db()));
        self.mix.set_target(settings.mix_percent * 0.01);
        for channel in &mut self.channels {
            if !settings.auto_time {
                channel.ballistics.set_times(settings.attack_ms, settings.release_ms, self.rate);
            }
            channel.ballistics.set_hold(settings.hold_ms, self.rate);
            channel.mean.set_window(settings.rms_window_ms, self.rate);
        }
        self.look_at_link();
    }

    fn reset(&mut self) {
        self.ears.reset();
        for channel in &mut self.channels {
            channel.mean.reset();
            channel.crest.reset();
            channel.ballistics.reset();
            channel.ballistics.set_times(self.settings.attack_ms, self.settings.release_ms, self.rate);
            channel.delay.reset();
        }
        self.curve.snap();
        for glide in [&mut self.link, &mut self.makeup, &mut self.mix] {
            glide.snap(glide.target());
        }
        self.look_at_link();
        self.stride.reset();
        self.shown_db = 0.0;
    }
}
