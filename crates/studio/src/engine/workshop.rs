//! Builds the workers of a schedule.

use super::clip::{ClipPlan, Player};
use super::curve::Curve;
use super::graph::{Role, strip};
use super::index::Index;
use super::plan::{BufferPlan, EdgePlan, InsertPlan, Plan, Step, strip_delay};
use super::ring::Ring;
use super::stage::{Dial, Gain, Pan, Place, law};
use super::surround::{self, Placement};
use super::worker::{Inlet, Lane, Outputs, Side, Tempo, Unit, Worker};
use crate::audio::Layout;
use crate::session::{
    AUTOMATED, Controls, KeyControls, PanMode, Part, Polarity, SendChannels, SendControls, Session, Strip,
    Tap, VcaControls,
};
use dsp::biquad::Svf;
use dsp::block::Buffer;
use dsp::eq_design::{Curve as Pass, design};
use dsp::math::db_to_gain;
use fx::{AnyKernel, Fields};
use std::collections::BTreeSet;

/// Time a jump of a gain or a position takes (the mixing rules: 5 ms, where automation jumps).
const GLIDE_MS: f64 = 5.0;

/// Everything needed to make workers.
pub(super) struct Workshop<'a> {
    session: &'a Session,
    index: &'a Index<'a>,
    plan: &'a Plan,
    block_frames: usize,
    /// Taps that are listened to, by step and tap.
    wanted: BTreeSet<(usize, usize)>,
}

impl<'a> Workshop<'a> {
    pub(super) fn new(
        session: &'a Session,
        index: &'a Index<'a>,
        plan: &'a Plan,
        block_frames: usize,
    ) -> Self {
        let wanted = plan.buffers.iter().map(|buffer| (buffer.step, fx::Choice::index(buffer.tap))).collect();
        Self { session, index, plan, block_frames, wanted }
    }

    fn rate(&self) -> f64 {
        f64::from(self.session.sample_rate_hz)
    }

    fn dial(&self, id: &str, part: Part, value: f64) -> Dial {
        let glide = (GLIDE_MS * 1e-3 * self.rate()).round() as i64;
        let curve = self.index.curve(id, part).map(|automation| Curve::new(automation, self.rate(), glide));
        Dial { value, curve }
    }

    fn control(&self, strip: &Strip, key: &str) -> Dial {
        let index = Controls::PARAMS.iter().position(|param| param.key == key).unwrap_or(usize::MAX);
        debug_assert!(AUTOMATED.contains(&key));
        self.dial(&strip.id, Part::Control(index), strip.controls.get(index))
    }

    /// Ride, fader and VCAs of a strip, and its mutes.
    fn gain(&self, strip: &Strip, vcas: &[usize]) -> Gain {
        let mut faders = vec![self.control(strip, "ride_db"), self.control(strip, "fader_db")];
        let mut mutes = vec![self.control(strip, "mute")];
        for vca in vcas.iter().filter_map(|index| self.session.vcas.get(*index)) {
            for (index, param) in VcaControls::PARAMS.iter().enumerate() {
                let dial = self.dial(&vca.id, Part::Vca(index), vca.controls.get(index));
                if param.key == "mute" { mutes.push(dial) } else { faders.push(dial) }
            }
        }
        Gain { faders, mutes, sign: 1.0 }
    }

    /// Where a strip stands among the loudspeakers of its destination.
    fn placement(&self, strip: &Strip, step: &Step) -> Option<Placement> {
        surround::is_placed(step).then(|| Placement {
            azimuth: self.control(strip, "azimuth_degrees"),
            elevation: self.control(strip, "elevation_degrees"),
            span: self.control(strip, "span_degrees"),
            spread: self.control(strip, "spread_degrees"),
            divergence: self.control(strip, "divergence"),
            lfe_db: self.control(strip, "lfe_db"),
            ..Placement::new(&step.panned)
        })
    }

    fn inlet(&self, edge: &EdgePlan, into: &Step) -> Option<Inlet> {
        let buffer = self.plan.buffers.get(edge.buffer)?;
        let from = self.strip_of(buffer)?;
        let writer = self.plan.steps.get(buffer.step)?;
        let layout = if buffer.tap == Tap::PostPan { &writer.panned } else { &writer.layout };
        let plain = Gain { faders: Vec::new(), mutes: Vec::new(), sign: 1.0 };
        let mut channels = SendChannels::Both;
        let (mut gain, pan) = match edge.wire.role {
            Role::Send(send) => {
                let controls = &from.sends.get(send)?.controls;
                channels = controls.channels;
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
        let picked = picked(channels, layout);
        // A send that leaves ahead of pan, or of one side only, stands in front, moved by its own pan.
        let own = buffer.tap != Tap::PostPan || channels != SendChannels::Both;
        // What has been placed by its strip is not placed again.
        let pan = if own { pan } else { Dial::fixed(0.0) };
        let ahead = own && picked.channels() <= 2 && into.channels > 2;
        let place = ahead.then(|| Placement::new(&into.layout));
        let matrix = if ahead { None } else { surround::matrix(self.session, &picked, &into.layout) };
        if edge.shut_ahead {
            gain.mutes.extend(self.gain(from, &writer.vcas).mutes);
        }
        let pan = Pan { position: pan, law: law(from.controls.pan_law), place: Place::Balance };
        let delayed = Ring::new(buffer.channels, edge.delay_frames)
            .map(|ring| (ring, Buffer::new(buffer.channels, self.block_frames)));
        Some(Inlet { step: buffer.step, tap: buffer.tap, channels, delayed, gain, pan, place, matrix })
    }

    fn strip_of(&self, buffer: &BufferPlan) -> Option<&'a Strip> {
        strip(self.session, self.plan.steps.get(buffer.step)?.origin)
    }

    /// Where the two channels of a strip go.
    fn pan(&self, strip: &Strip) -> Pan {
        let place = match strip.controls.pan_mode {
            PanMode::Balance => Place::Balance,
            PanMode::Width => Place::Width(self.control(strip, "pan_width")),
            PanMode::Dual => Place::Dual(self.control(strip, "pan_left"), self.control(strip, "pan_right")),
        };
        Pan { position: self.control(strip, "pan"), law: law(strip.controls.pan_law), place }
    }

    fn side(&self, edge: &EdgePlan, key: &KeyControls) -> Option<Side> {
        let buffer = self.plan.buffers.get(edge.buffer)?;
        let channels = buffer.channels;
        let ring = Ring::new(channels, edge.delay_frames);
        let filters = key_filters(key, self.rate());
        let own = (ring.is_some() || !filters.is_empty()).then(|| Buffer::new(channels, self.block_frames));
        Some(Side { step: buffer.step, tap: buffer.tap, ring, filters: vec![filters; channels], own })
    }

    fn units(&self, strip: &'a Strip, step: &Step, kernels: Vec<Box<dyn AnyKernel>>) -> Vec<Unit> {
        let make = |(plan, kernel): (&InsertPlan, Box<dyn AnyKernel>)| {
            let lanes: Vec<Lane> = self
                .index
                .insert(&strip.id, plan.index)
                .map(|(index, automation)| {
                    let curve = Curve::new(automation, self.rate(), 0);
                    Lane { index, last: curve.value(i64::MIN), curve }
                })
                .collect();
            let insert = strip.inserts.get(plan.index);
            let key = insert.and_then(|insert| insert.key.as_ref()).zip(plan.key.as_ref());
            let tempo = &self.session.tempo;
            let moving = kernel.follows_tempo() && !tempo.is_steady();
            let tempo =
                moving.then(|| Tempo { map: tempo.clone(), rate: self.rate(), last: tempo.bpm_at(0.0) });
            Unit {
                kernel,
                tempo,
                listen: plan.listen_frames.map(|frames| Ring::new(step.channels, frames)),
                align: Ring::new(step.channels, plan.align_frames),
                arrival: plan.arrival_frames as i64,
                key: key.and_then(|(key, edge)| self.side(edge, &key.controls)),
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
        let wanted = |tap: Tap| self.wanted.contains(&(number, fx::Choice::index(tap)));
        let fresh = |channels: usize| Buffer::new(channels, self.block_frames);
        let last = number + 1 == self.plan.steps.len();
        let outputs = Outputs {
            work: fresh(step.channels),
            pre_fx: wanted(Tap::PreFx).then(|| fresh(step.channels)),
            pre: wanted(Tap::Pre).then(|| fresh(step.channels)),
            post: (wanted(Tap::Post) && step.channels == 2).then(|| fresh(2)),
            panned: ((wanted(Tap::PostPan) || last) && step.channels != step.panned.channels())
                .then(|| fresh(step.panned.channels())),
        };
        let controls = &strip.controls;
        let sign = if controls.polarity == Polarity::Inverted { -1.0 } else { 1.0 };
        let inlets: Vec<Inlet> = step.inputs.iter().filter_map(|edge| self.inlet(edge, step)).collect();
        let picks = inlets.iter().any(|inlet| inlet.channels != SendChannels::Both);
        let worker = Worker {
            player: clips.map(Player::new),
            inlets,
            arrival: step.arrival_frames as i64,
            leaving: step.leaving_frames as i64,
            trim: sign * db_to_gain(controls.trim_db),
            delay: Ring::new(step.channels, strip_delay(strip, self.session.sample_rate_hz)),
            width: self.control(strip, "width"),
            units: self.units(strip, step, kernels),
            gain: self.gain(strip, &step.vcas),
            pan: self.pan(strip),
            place: self.placement(strip, step),
            picked: if picks { [fresh(1), fresh(2)] } else { Default::default() },
            gains: vec![0.0; 3 * self.block_frames],
            error: None,
        };
        Some((worker, outputs))
    }
}

/// Loudspeakers of what a send takes of a strip: of more than two channels, the first two are picked from.
fn picked(channels: SendChannels, layout: &Layout) -> Layout {
    match channels {
        SendChannels::Both => layout.clone(),
        SendChannels::Swap => Layout::of(2),
        _ => Layout::of(1),
    }
}

/// The filters of a key, in order: Butterworth, 12 dB per octave.
fn key_filters(key: &KeyControls, sample_rate_hz: f64) -> Vec<Svf> {
    let filter = |curve, hz: f64| {
        let q = core::f64::consts::FRAC_1_SQRT_2;
        (hz > 0.0).then(|| Svf::new(design(curve, hz, 0.0, q, sample_rate_hz)))
    };
    let (high, low) = (filter(Pass::HighPass, key.high_pass_hz), filter(Pass::LowPass, key.low_pass_hz));
    high.into_iter().chain(low).collect()
}
