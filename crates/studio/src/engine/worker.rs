//! One strip at work on one block.

use super::clip::{ClipPlan, Player};
use super::curve::Curve;
use super::graph::{Role, strip};
use super::library::Library;
use super::plan::{BufferPlan, EdgePlan, Plan, Step, strip_delay};
use super::ring::Ring;
use super::stage::{Dial, Gain, Pan, law, widen};
use crate::message::{Error, Result};
use crate::session::{
    AUTOMATED, Automation, Controls, Part, Polarity, SendControls, Session, Strip, Tap, VcaControls,
};
use dsp::block::Buffer;
use dsp::math::db_to_gain;
use fx::{AnyKernel, Fields};

/// Time a jump of a gain or a position takes (the mixing rules: 5 ms, where automation jumps).
const GLIDE_MS: f64 = 5.0;

/// What a strip offers to others: one buffer for each tap.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    /// The running signal; in the end that of two channels after pan, or of one before it.
    work: Buffer,
    pre_fx: Option<Buffer>,
    pre: Option<Buffer>,
    post: Option<Buffer>,
    /// After pan, of a strip of one channel.
    panned: Option<Buffer>,
}

impl Outputs {
    /// The buffer of a tap. What was not planned is the running signal.
    pub(super) fn tap(&self, tap: Tap) -> &Buffer {
        let own = match tap {
            Tap::PreFx => self.pre_fx.as_ref(),
            Tap::Pre => self.pre.as_ref(),
            Tap::Post => self.post.as_ref(),
            Tap::PostPan => self.panned.as_ref(),
        };
        own.unwrap_or(&self.work)
    }

    fn set_frames(&mut self, frames: usize) {
        let taps = [&mut self.pre_fx, &mut self.pre, &mut self.post, &mut self.panned];
        taps.into_iter().flatten().chain([&mut self.work]).for_each(|buffer| buffer.set_frames(frames));
    }
}

/// Sound coming in from another strip.
struct Inlet {
    step: usize,
    tap: Tap,
    ring: Option<Ring>,
    gain: Gain,
    pan: Pan,
}

/// A processor at work.
struct Unit {
    kernel: Box<dyn AnyKernel>,
    align: Option<Ring>,
    arrival: i64,
    key: Option<Side>,
    lanes: Vec<Lane>,
    next_look: i64,
    changes: Vec<(usize, f64)>,
}

/// A side-chain at work.
struct Side {
    step: usize,
    tap: Tap,
    /// The delayed key, if it has to be.
    delayed: Option<(Ring, Buffer)>,
}

/// A moving parameter of a processor.
struct Lane {
    index: usize,
    curve: Curve,
    last: f64,
}

/// A strip at work.
pub(super) struct Worker {
    player: Option<Player>,
    inlets: Vec<Inlet>,
    arrival: i64,
    leaving: i64,
    trim: f64,
    delay: Option<Ring>,
    width: Dial,
    units: Vec<Unit>,
    gain: Gain,
    pan: Pan,
    scratch: Buffer,
    gains: Vec<f64>,
    /// What went wrong; the first is what is told.
    pub(super) error: Option<Error>,
}

/// Everything needed to make workers.
pub(super) struct Workshop<'a> {
    pub(super) session: &'a Session,
    pub(super) plan: &'a Plan,
    pub(super) block_frames: usize,
}

impl Workshop<'_> {
    fn rate(&self) -> f64 {
        f64::from(self.session.sample_rate_hz)
    }

    fn automation<'a>(&'a self, id: &'a str, part: Part) -> Option<&'a Automation> {
        self.session.automation.iter().find(|curve| curve.target.strip == id && curve.target.part == part)
    }

    fn dial(&self, id: &str, part: Part, value: f64) -> Dial {
        let glide = (GLIDE_MS * 1e-3 * self.rate()).round() as i64;
        let curve = self.automation(id, part).map(|automation| Curve::new(automation, self.rate(), glide));
        Dial { value, curve }
    }

    fn control(&self, strip: &Strip, key: &str) -> Dial {
        let index = Controls::PARAMS.iter().position(|param| param.key == key).unwrap_or(usize::MAX);
        debug_assert!(AUTOMATED.contains(&key));
        self.dial(&strip.id, Part::Control(index), strip.controls.get(index))
    }

    /// Ride, fader and VCAs of a strip, and its mutes.
    fn gain(&self, strip: &Strip) -> Gain {
        let mut faders = vec![self.control(strip, "ride_db"), self.control(strip, "fader_db")];
        let mut mutes = vec![self.control(strip, "mute")];
        let mut vcas: Vec<_> = self.session.vcas.iter().collect();
        vcas.sort_by(|a, b| a.id.cmp(&b.id));
        for vca in vcas.into_iter().filter(|vca| vca.members.iter().any(|member| member.id == strip.id)) {
            for (index, param) in VcaControls::PARAMS.iter().enumerate() {
                let dial = self.dial(&vca.id, Part::Vca(index), vca.controls.get(index));
                if param.key == "mute" { mutes.push(dial) } else { faders.push(dial) }
            }
        }
        Gain { faders, mutes, sign: 1.0 }
    }

    fn inlet(&self, edge: &EdgePlan) -> Option<Inlet> {
        let buffer = self.plan.buffers.get(edge.buffer)?;
        let from = self.strip_of(buffer)?;
        let plain = Gain { faders: Vec::new(), mutes: Vec::new(), sign: 1.0 };
        let (gain, pan) = match edge.wire.role {
            Role::Send(send) => {
                let controls = &from.sends.get(send)?.controls;
                let part = |index| Part::Send { send, index };
                let dial = |key: &str| {
                    let index =
                        SendControls::PARAMS.iter().position(|param| param.key == key).unwrap_or(usize::MAX);
                    self.dial(&from.id, part(index), controls.get(index))
                };
                let sign = if controls.polarity == Polarity::Inverted { -1.0 } else { 1.0 };
                (Gain { faders: vec![dial("gain_db")], mutes: vec![dial("mute")], sign }, dial("pan"))
            }
            _ => (plain, Dial::fixed(0.0)),
        };
        let pan = Pan { position: pan, law: law(from.controls.pan_law) };
        let ring = Ring::new(self.channels(buffer), edge.delay_frames);
        Some(Inlet { step: buffer.step, tap: buffer.tap, ring, gain, pan })
    }

    fn strip_of(&self, buffer: &BufferPlan) -> Option<&Strip> {
        strip(self.session, self.plan.steps.get(buffer.step)?.origin)
    }

    /// Channels of a buffer: two after pan, before it those of the strip.
    fn channels(&self, buffer: &BufferPlan) -> usize {
        let own = self.plan.steps.get(buffer.step).map_or(2, |step| step.channels);
        if buffer.tap == Tap::PostPan { 2 } else { own }
    }

    fn side(&self, edge: &EdgePlan) -> Option<Side> {
        let buffer = self.plan.buffers.get(edge.buffer)?;
        let channels = self.channels(buffer);
        let delayed = Ring::new(channels, edge.delay_frames)
            .map(|ring| (ring, Buffer::new(channels, self.block_frames)));
        Some(Side { step: buffer.step, tap: buffer.tap, delayed })
    }

    fn units(&self, strip: &Strip, step: &Step, kernels: Vec<Box<dyn AnyKernel>>) -> Vec<Unit> {
        let make = |(plan, kernel): (&super::plan::InsertPlan, _)| {
            let mut lanes = Vec::new();
            for automation in self.session.automation.iter().filter(|curve| curve.target.strip == strip.id) {
                if let Part::Insert { insert, index } = automation.target.part
                    && insert == plan.index
                {
                    let curve = Curve::new(automation, self.rate(), 0);
                    lanes.push(Lane { index, last: curve.value(i64::MIN), curve });
                }
            }
            lanes.sort_by_key(|lane| lane.index);
            Unit {
                kernel,
                align: Ring::new(step.channels, plan.align_frames),
                arrival: plan.arrival_frames as i64,
                key: plan.key.as_ref().and_then(|edge| self.side(edge)),
                changes: Vec::with_capacity(lanes.len()),
                lanes,
                next_look: i64::MIN,
            }
        };
        step.inserts.iter().zip(kernels).map(make).collect()
    }

    /// A worker and its outputs for step `number`.
    pub(super) fn worker(
        &self,
        number: usize,
        clips: Option<&[ClipPlan]>,
        kernels: Vec<Box<dyn AnyKernel>>,
    ) -> Option<(Worker, Outputs)> {
        let step = self.plan.steps.get(number)?;
        let strip = strip(self.session, step.origin)?;
        let wanted =
            |tap: Tap| self.plan.buffers.iter().any(|buffer| buffer.step == number && buffer.tap == tap);
        let fresh = |channels: usize| Buffer::new(channels, self.block_frames);
        let last = number + 1 == self.plan.steps.len();
        let outputs = Outputs {
            work: fresh(step.channels),
            pre_fx: wanted(Tap::PreFx).then(|| fresh(step.channels)),
            pre: wanted(Tap::Pre).then(|| fresh(step.channels)),
            post: (wanted(Tap::Post) && step.channels == 2).then(|| fresh(2)),
            panned: ((wanted(Tap::PostPan) || last) && step.channels == 1).then(|| fresh(2)),
        };
        let controls = &strip.controls;
        let sign = if controls.polarity == Polarity::Inverted { -1.0 } else { 1.0 };
        let worker = Worker {
            player: clips.map(Player::new),
            inlets: step.inputs.iter().filter_map(|edge| self.inlet(edge)).collect(),
            arrival: step.arrival_frames as i64,
            leaving: step.leaving_frames as i64,
            trim: sign * db_to_gain(controls.trim_db),
            delay: Ring::new(step.channels, strip_delay(strip, self.session.sample_rate_hz)),
            width: self.control(strip, "width"),
            units: self.units(strip, step, kernels),
            gain: self.gain(strip),
            pan: Pan { position: self.control(strip, "pan"), law: law(controls.pan_law) },
            scratch: fresh(2),
            gains: vec![0.0; self.block_frames],
            error: None,
        };
        Some((worker, outputs))
    }
}

impl Worker {
    /// Works on the block that begins at frame `start` of the engine's time. `lower` are the outputs of all earlier
    /// levels.
    pub(super) fn run(
        &mut self,
        lower: &[Outputs],
        own: &mut Outputs,
        start: i64,
        frames: usize,
        library: &dyn Library,
    ) {
        own.set_frames(frames);
        if let Err(error) = self.fill(lower, own, start, library) {
            self.error.get_or_insert(error);
            return;
        }
        self.prepare(own, start);
        for unit in &mut self.units {
            unit.run(lower, &mut own.work, start);
        }
        self.finish(own, start);
    }

    /// Clips or buses into the running signal.
    fn fill(
        &mut self,
        lower: &[Outputs],
        own: &mut Outputs,
        start: i64,
        library: &dyn Library,
    ) -> Result<()> {
        own.work.clear();
        if let Some(player) = &mut self.player {
            player.add(start.max(0) as u64, &mut own.work, library)?;
        }
        let now = start - self.arrival;
        for inlet in &mut self.inlets {
            let Some(source) = lower.get(inlet.step) else { continue };
            let source = delayed(source.tap(inlet.tap), inlet.ring.as_mut(), &mut self.scratch);
            inlet.add(source, &mut own.work, now, &mut self.gains);
        }
        Ok(())
    }

    /// Trim, polarity, delay, width.
    fn prepare(&mut self, own: &mut Outputs, start: i64) {
        if self.trim != 1.0 {
            for channel in 0..own.work.channels() {
                own.work.channel_mut(channel).iter_mut().for_each(|x| *x *= self.trim);
            }
        }
        if let Some(ring) = &mut self.delay {
            ring.process(&mut own.work);
        }
        widen(&self.width, start - self.arrival, &mut own.work);
        copy(&own.work, own.pre_fx.as_mut());
    }

    /// Ride, fader, mute, pan.
    fn finish(&mut self, own: &mut Outputs, start: i64) {
        copy(&own.work, own.pre.as_mut());
        let (now, frames) = (start - self.leaving, own.work.frames());
        self.gain.over(now, frames, &mut self.gains).apply(&mut own.work);
        copy(&own.work, own.post.as_mut());
        match &mut own.panned {
            Some(panned) => self.pan.spread(now, &own.work, panned),
            None if own.work.channels() == 2 => self.pan.balance(now, &mut own.work),
            None => {}
        }
    }

    /// What should be known about the clips, once all is played.
    pub(super) fn findings(&mut self) -> Vec<crate::message::Finding> {
        self.player.as_mut().map(|player| std::mem::take(&mut player.findings)).unwrap_or_default()
    }
}

/// `source`, or a delayed copy of it in `scratch`.
fn delayed<'a>(source: &'a Buffer, ring: Option<&mut Ring>, scratch: &'a mut Buffer) -> &'a Buffer {
    let Some(ring) = ring else { return source };
    scratch.set_frames(source.frames());
    for channel in 0..source.channels() {
        scratch.channel_mut(channel).copy_from_slice(source.channel(channel));
    }
    ring.process(scratch);
    scratch
}

fn copy(from: &Buffer, to: Option<&mut Buffer>) {
    let Some(to) = to else { return };
    for channel in 0..from.channels().min(to.channels()) {
        to.channel_mut(channel).copy_from_slice(from.channel(channel));
    }
}

impl Inlet {
    /// Adds a source to the running signal, mapped to its channels.
    fn add(&self, source: &Buffer, work: &mut Buffer, now: i64, scratch: &mut [f64]) {
        let frames = work.frames();
        let level = self.gain.over(now, frames, scratch);
        match (source.channels().min(2), work.channels()) {
            (1, 1) => level.add(source.channel(0), 1.0, work.channel_mut(0)),
            (_, 1) => {
                // Two into one: half the sum.
                level.add(source.channel(0), 0.5, work.channel_mut(0));
                level.add(source.channel(1), 0.5, work.channel_mut(0));
            }
            (from, _) => {
                let second = from - 1;
                self.pan.each(now, frames, |range, frame| {
                    let (left, right) =
                        if from == 1 { self.pan.of_mono(frame) } else { self.pan.of_stereo(frame) };
                    let level = level.part(range.clone());
                    level.add(
                        &source.channel(0)[range.clone()],
                        left,
                        &mut work.channel_mut(0)[range.clone()],
                    );
                    level.add(&source.channel(second)[range.clone()], right, &mut work.channel_mut(1)[range]);
                });
            }
        }
    }
}

impl Unit {
    fn run(&mut self, lower: &[Outputs], work: &mut Buffer, start: i64) {
        if let Some(ring) = &mut self.align {
            ring.process(work);
        }
        let frames = work.frames();
        let key = self.key.as_mut().and_then(|side| {
            let source = lower.get(side.step)?.tap(side.tap);
            Some(match &mut side.delayed {
                Some((ring, buffer)) => delayed(source, Some(ring), buffer).view(),
                None => source.view(),
            })
        });
        let mut block = work.block();
        if let Some(key) = key {
            block = block.with_key(key);
        }
        let mut done = 0;
        while done < frames {
            let now = start - self.arrival + done as i64;
            if !self.lanes.is_empty() && now >= self.next_look {
                look(&mut self.lanes, &mut self.changes, now, self.kernel.as_mut());
                self.next_look =
                    self.lanes.iter().map(|lane| lane.curve.next_look(now)).min().unwrap_or(i64::MAX);
            }
            let until = if self.lanes.is_empty() {
                frames
            } else {
                let room = usize::try_from(self.next_look.saturating_sub(now)).unwrap_or(usize::MAX).max(1);
                frames.min(done.saturating_add(room))
            };
            self.kernel.process(&mut block.slice(done, until - done));
            done = until;
        }
    }
}

/// Gives a kernel what has moved.
fn look(lanes: &mut [Lane], changes: &mut Vec<(usize, f64)>, now: i64, kernel: &mut dyn AnyKernel) {
    changes.clear();
    for lane in lanes {
        let value = lane.curve.value(now);
        if value != lane.last {
            lane.last = value;
            changes.push((lane.index, value));
        }
    }
    if !changes.is_empty() {
        kernel.set(changes);
    }
}
