//! Builds the workers of a schedule.

use super::clip::{ClipPlan, Player};
use super::curve::Curve;
use super::graph::{Role, strip};
use super::plan::{BufferPlan, EdgePlan, InsertPlan, Plan, Step, strip_delay};
use super::ring::Ring;
use super::stage::{Dial, Gain, Pan, law};
use super::worker::{Inlet, Lane, Outputs, Side, Unit, Worker};
use crate::session::{
    AUTOMATED, Automation, Controls, Part, Polarity, SendControls, Session, Strip, Tap, VcaControls,
};
use dsp::block::Buffer;
use dsp::math::db_to_gain;
use fx::{AnyKernel, Fields};

/// Time a jump of a gain or a position takes (the mixing rules: 5 ms, where automation jumps).
const GLIDE_MS: f64 = 5.0;

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
        let make = |(plan, kernel): (&InsertPlan, _)| {
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
            gains: vec![0.0; 3 * self.block_frames],
            error: None,
        };
        Some((worker, outputs))
    }
}
