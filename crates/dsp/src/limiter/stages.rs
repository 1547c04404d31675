//! The limiter itself: hops in, hops out.

use super::clip::{CLIP_DELAY, Clip, Curve, Density};
use super::detector::{Detector, NEAR, NODES, peak, sample_levels};
use super::lanes::Lanes;
use super::line::Line;
use super::low_stage::{self, LowLevel};
use super::material::Material;
use super::release::need_of;
use super::repair::Repair;
use super::{Report, Settings, Style, group_frames};
use crate::block::Block;
use crate::math::{self, db_to_gain};

/// Rounds of measuring and repairing.
const ROUNDS: usize = 3;
/// What is aimed at, as a share of the ceiling (-0.03 dB): room for the repair and for meters with other filters.
const MARGIN: f64 = 0.996_55;
/// Input beyond this (+180 dB) is taken as this: keeps every sum finite.
const LOUDEST: f64 = 1e9;

/// Values that settings set, on their way to where they should be.
#[derive(Debug, Clone, Copy)]
struct Moving {
    now: f64,
    target: f64,
}

impl Moving {
    /// Value after one more hop: a tenth of the way (15 ms to 63 %), landing exactly.
    fn step(&mut self) -> (f64, f64) {
        let from = self.now;
        let distance = self.target - from;
        self.now =
            if distance.abs() <= 1e-6 * self.target.abs() { self.target } else { from + 0.1 * distance };
        (from, self.now)
    }
}

/// A linked true-peak limiter for any number of channels. Cost and structure: see the [module](super).
#[derive(Debug)]
pub struct Limiter {
    settings: Settings,
    group: usize,
    latency: usize,
    fill: usize,
    work: Vec<Vec<f64>>,
    ready: Vec<Vec<f64>>,
    detector: Detector,
    levels: Vec<[f64; NODES]>,
    needs: Vec<[f64; NODES]>,
    gain: Moving,
    ceiling: Moving,
    top: Moving,
    low_blend: Moving,
    clip_share: Moving,
    low_share: Moving,
    share: f64,
    sample_rate_hz: f64,
    material: Material,
    clip: Clip,
    density: Density,
    clip_weight: f64,
    low_levels: Vec<LowLevel>,
    low: Lanes,
    low_reductions: Line,
    main: Lanes,
    main_levels: Vec<Line>,
    last_needs: Vec<f64>,
    last_low_needs: Vec<f64>,
    repairs: Vec<Repair>,
    meter: Meter,
}

#[derive(Debug, Default)]
struct Meter {
    largest: f64,
    since_asked: f64,
    sum_db: f64,
    limited: u64,
    nodes: u64,
}

impl Limiter {
    /// A limiter for a format. All allocation happens here.
    #[must_use]
    pub fn new(settings: Settings, channels: usize, sample_rate_hz: f64) -> Self {
        let group = group_frames(sample_rate_hz);
        let (hop, node_rate_hz) = (group * NODES, sample_rate_hz / group as f64);
        let (low_nodes, main_nodes) = (Settings::low_nodes(node_rate_hz), Settings::main_nodes(node_rate_hz));
        let low = Lanes::new(channels, group, low_nodes, 0, low_stage::timings());
        let main = Lanes::new(channels, group, main_nodes, NEAR, settings.timings());
        let repairs: Vec<Repair> = (0..ROUNDS).map(|_| Repair::new(channels, group, node_rate_hz)).collect();
        let main_delay_nodes = main.delay() / group;
        let latency =
            hop + CLIP_DELAY + low.delay() + main.delay() + repairs.iter().map(Repair::delay).sum::<usize>();
        let still = Moving { now: 0.0, target: 0.0 };
        let mut limiter = Self {
            settings,
            group,
            latency,
            fill: 0,
            work: vec![vec![0.0; hop]; channels],
            ready: vec![vec![0.0; hop]; channels],
            detector: Detector::new(),
            levels: vec![[0.0; NODES]; channels],
            needs: vec![[0.0; NODES]; channels],
            gain: still,
            ceiling: still,
            top: still,
            low_blend: still,
            clip_share: still,
            low_share: still,
            share: 0.0,
            sample_rate_hz,
            material: Material::new(channels, hop as f64 / sample_rate_hz),
            clip: Clip::new(channels, hop),
            density: Density::new(hop as f64 / sample_rate_hz),
            clip_weight: 0.0,
            low_levels: vec![LowLevel::default(); channels],
            low,
            low_reductions: Line::new(main_delay_nodes + NODES, NODES),
            main,
            main_levels: (0..channels).map(|_| Line::new(main_delay_nodes + NODES, NODES)).collect(),
            last_needs: vec![0.0; channels],
            last_low_needs: vec![0.0; channels],
            repairs,
            meter: Meter::default(),
        };
        limiter.retune(settings);
        limiter.reset();
        limiter
    }

    /// Delay between input and output; the same for all settings at one sample rate.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.latency
    }

    /// New settings, gone to over some hundredths of a second.
    pub fn retune(&mut self, settings: Settings) {
        self.settings = settings;
        self.gain.target = db_to_gain(settings.gain_db.clamp(-60.0, 60.0));
        let ceiling_db = settings.ceiling_dbtp.clamp(-60.0, 6.0);
        self.ceiling.target = db_to_gain(ceiling_db);
        self.top.target = db_to_gain(ceiling_db + settings.clip_db.clamp(0.0, 12.0));
        self.low_blend.target = LowLevel::blend(settings.low_hz.clamp(50.0, 1000.0), self.sample_rate_hz);
        self.clip_share.target = f64::from(u8::from(settings.clip));
        self.low_share.target = f64::from(u8::from(settings.low_stage));
        self.main.retune(settings.timings(), settings.link());
        self.low.retune(low_stage::timings(), settings.low_link());
    }

    /// Back to the beginning.
    pub fn reset(&mut self) {
        let moving = [
            &mut self.gain,
            &mut self.ceiling,
            &mut self.top,
            &mut self.low_blend,
            &mut self.clip_share,
            &mut self.low_share,
        ];
        for value in moving {
            value.now = value.target;
        }
        self.fill = 0;
        self.ready.iter_mut().for_each(|plane| plane.fill(0.0));
        self.material.reset();
        self.share = self.settings.share(0.0);
        self.clip.reset();
        self.density.reset();
        self.clip_weight = self.clip_share.now * (1.0 - self.share);
        self.low_levels.fill(LowLevel::default());
        self.low.reset();
        self.low_reductions.reset();
        self.main.reset();
        self.main_levels.iter_mut().for_each(Line::reset);
        self.last_needs.fill(0.0);
        self.last_low_needs.fill(0.0);
        self.repairs.iter_mut().for_each(Repair::reset);
        self.meter = Meter::default();
    }

    /// Processes in place. Blocks may have any length; channels beyond those prepared for pass as they are.
    pub fn process(&mut self, block: &mut Block<'_>) {
        let hop = self.group * NODES;
        let (frames, mut done) = (block.frames(), 0);
        while done < frames {
            let count = (hop - self.fill).min(frames - done);
            let planes = block.channels_mut().zip(self.work.iter_mut().zip(&self.ready));
            for (plane, (work, ready)) in planes {
                let (plane, at) = (&mut plane[done..done + count], self.fill..self.fill + count);
                for (to, x) in work[at.clone()].iter_mut().zip(plane.iter()) {
                    *to = if x.is_finite() { x.clamp(-LOUDEST, LOUDEST) } else { 0.0 };
                }
                plane.copy_from_slice(&ready[at]);
            }
            self.fill += count;
            done += count;
            if self.fill == hop {
                self.hop();
                self.fill = 0;
            }
        }
    }

    /// One hop through all stages.
    fn hop(&mut self) {
        self.input_gain();
        let (_, ceiling) = self.ceiling.step();
        let ceiling = ceiling * MARGIN;
        let before = self.share;
        self.share = self.settings.share(self.material.push(&self.work));
        self.clip_stage(ceiling);
        self.low_stage(ceiling, before);
        self.main_stage(ceiling, before);
        if self.settings.true_peak {
            for repair in &mut self.repairs {
                repair.run(&self.detector, ceiling, &mut self.work, &mut self.levels);
            }
        } else {
            self.levels.iter_mut().for_each(|levels| levels.fill(0.0));
            for repair in &mut self.repairs {
                repair.run(&self.detector, ceiling, &mut self.work, &mut self.levels);
            }
        }
        std::mem::swap(&mut self.work, &mut self.ready);
    }

    fn input_gain(&mut self) {
        let (from, to) = self.gain.step();
        if from == 1.0 && to == 1.0 {
            return;
        }
        for plane in &mut self.work {
            let step = (to - from) / plane.len() as f64;
            for (i, x) in plane.iter_mut().enumerate() {
                *x *= from + step * (i + 1) as f64;
            }
        }
    }

    fn clip_stage(&mut self, ceiling: f64) {
        let (_, top) = self.top.step();
        let (_, on) = self.clip_share.step();
        let curve = Curve::new(f64::max(top, ceiling), ceiling);
        let half = self.group * NODES / 2;
        let above = |start: usize| {
            curve.share_above(
                self.work.iter().fold(0.0, |m, plane| f64::max(m, peak(&plane[start..start + half]))),
            )
        };
        let mut sparse = self.density.push(0.5 * (above(0) + above(half)));
        if self.settings.style == Style::Punchy {
            sparse = 1.0;
        }
        let weights = (self.clip_weight, on * (1.0 - self.share) * sparse);
        self.clip_weight = weights.1;
        for (channel, plane) in self.work.iter_mut().enumerate() {
            self.clip.run(channel, plane, Some(curve), weights);
        }
    }

    fn low_stage(&mut self, ceiling: f64, share_before: f64) {
        let (_, blend) = self.low_blend.step();
        let (_, on) = self.low_share.step();
        let mut levels = [0.0; NODES];
        for (channel, plane) in self.work.iter().enumerate() {
            self.low_levels[channel].run(plane, self.group, blend, &mut levels);
            levels.iter_mut().for_each(|level| *level *= on);
            node_needs(&levels, ceiling, &mut self.last_low_needs[channel], &mut self.needs[channel]);
        }
        self.low.push(&self.work);
        let reductions = self.low.pull(&mut self.needs, (share_before, self.share), &mut self.work);
        self.low_reductions.push(NODES).copy_from_slice(&reductions);
    }

    fn main_stage(&mut self, ceiling: f64, share_before: f64) {
        self.main.push(&self.work);
        let hop = self.group * NODES;
        for channel in 0..self.work.len() {
            let x = self.main.tail(channel, hop + 2 * NEAR, hop + 2 * NEAR);
            let levels = &mut self.levels[channel];
            let doubt = if self.settings.true_peak {
                self.detector.levels(x, self.group, ceiling, levels)
            } else {
                sample_levels(x, self.group, levels);
                0.0
            };
            node_needs(levels, ceiling, &mut self.last_needs[channel], &mut self.needs[channel]);
            for (to, level) in self.main_levels[channel].push(NODES).iter_mut().zip(levels.iter()) {
                *to = level + doubt;
            }
        }
        let reductions = self.main.pull(&mut self.needs, (share_before, self.share), &mut self.work);
        self.predict_levels();
        self.note(&reductions);
    }

    /// Levels of the groups that leave the main stage: what was measured, times the gain.
    fn predict_levels(&mut self) {
        let back = (self.main.delay() - NEAR) / self.group + NODES;
        for (channel, levels) in self.levels.iter_mut().enumerate() {
            levels.copy_from_slice(self.main_levels[channel].tail(back, NODES));
            for (group, level) in levels.iter_mut().enumerate() {
                *level *= self.main.gain_at(channel, group);
            }
        }
    }

    fn note(&mut self, main: &[f64; NODES]) {
        let back = self.main.delay() / self.group + NODES;
        let low = self.low_reductions.tail(back, NODES);
        let mut largest = 0.0;
        for (main, low) in main.iter().zip(low) {
            largest = f64::max(largest, 1.0 - (1.0 - main) * (1.0 - low));
        }
        self.meter.nodes += 1;
        if largest == 0.0 {
            return;
        }
        let reduction_db = -math::gain_to_db((1.0 - largest).max(1e-12));
        self.meter.sum_db += reduction_db;
        self.meter.limited += u64::from(reduction_db > 0.1);
        self.meter.largest = f64::max(self.meter.largest, reduction_db);
        self.meter.since_asked = f64::max(self.meter.since_asked, reduction_db);
    }

    /// Largest reduction since this was last asked, for a trace: slow and fast stage, in decibels from 0 up. It belongs to
    /// audio that leaves the limiter [`trace_lag_frames`](Self::trace_lag_frames) later.
    pub fn take_reduction_db(&mut self) -> f64 {
        std::mem::take(&mut self.meter.since_asked)
    }

    /// How much later than its reading in the trace audio leaves the limiter.
    #[must_use]
    pub fn trace_lag_frames(&self) -> usize {
        self.repairs.iter().map(Repair::delay).sum::<usize>() + self.group * NODES
    }

    /// Share of sustained that the windows are blended by at the input now: 0 struck, 1 sustained.
    #[must_use]
    pub fn sustained_share(&self) -> f64 {
        self.share
    }

    /// What was done since the beginning.
    #[must_use]
    pub fn report(&self) -> Report {
        let hops = self.meter.nodes.max(1) as f64;
        let repaired = self.repairs.iter().fold(1.0, |gain, repair| gain * (1.0 - repair.deepest));
        Report {
            max_reduction_db: self.meter.largest,
            average_reduction_db: self.meter.sum_db / hops,
            limited_share: self.meter.limited as f64 / hops,
            max_repair_db: -math::gain_to_db(f64::max(repaired, 1e-12)),
        }
    }
}

/// Needs at the nodes, each the larger one of the two groups it touches.
fn node_needs(levels: &[f64; NODES], ceiling: f64, last: &mut f64, needs: &mut [f64; NODES]) {
    for (need, level) in needs.iter_mut().zip(levels) {
        let own = if *level > ceiling { need_of(*level, ceiling) } else { 0.0 };
        *need = f64::max(own, *last);
        *last = own;
    }
}
