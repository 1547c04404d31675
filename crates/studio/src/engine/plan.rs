//! The schedule: strips by level, a buffer for every tap that is listened to, a delay on every edge.

use super::clip::ClipPlan;
use super::curve::Curve;
use super::graph::{Graph, Origin, Role, Wire, layout, shut_ahead, strip};
use super::impulse::Means;
use super::index::Index;
use super::surround;
use crate::audio::Layout;
use crate::message::{Error, Kind, Result};
use crate::session::{Insert, Session, Strip, Tap};
use fx::{AnyKernel, Format};
use std::collections::BTreeMap;

/// Longest tail that is rendered after the last clip. By our own convention: longer than any reverb decays to -120 dB.
const MOST_TAIL_SECONDS: f64 = 60.0;
/// Longest latency of one processor. By our own convention: any more is a mistake of the processor.
const MOST_LATENCY_FRAMES: usize = 1 << 22;

/// A tap that is listened to, with a buffer of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferPlan {
    /// Step that fills it.
    pub step: usize,
    /// Tap it is.
    pub tap: Tap,
    /// Frames that what it holds is late.
    pub latency_frames: usize,
    /// Channels it has.
    pub channels: usize,
}

/// A buffer that a step listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgePlan {
    /// What it is in the session.
    pub wire: Wire,
    /// Buffer it reads.
    pub buffer: usize,
    /// Delay that brings it into line with the others.
    pub delay_frames: usize,
    /// Channels it takes, and channels of what it is added to.
    pub channels: (usize, usize),
    /// Whether the mutes of its strip shut it although it leaves ahead of them.
    pub shut_ahead: bool,
}

/// A processor in a step.
#[derive(Debug, Clone, PartialEq)]
pub struct InsertPlan {
    /// Number of the insert on its strip.
    pub index: usize,
    /// Its latency.
    pub latency_frames: usize,
    /// How long it sounds on.
    pub tail_frames: usize,
    /// Delay of the audio ahead of it, where its key comes later.
    pub align_frames: usize,
    /// How late its input is, after that delay.
    pub arrival_frames: usize,
    /// Its side-chain.
    pub key: Option<EdgePlan>,
    /// Delay of the key on its way out, where it is heard in place of the processor: the processor's own.
    pub listen_frames: Option<usize>,
}

/// One strip at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which strip.
    pub origin: Origin,
    /// Its number in the graph.
    pub strip: usize,
    /// Its level.
    pub level: usize,
    /// Channels before pan.
    pub channels: usize,
    /// Loudspeakers before pan.
    pub layout: Layout,
    /// Loudspeakers after pan.
    pub panned: Layout,
    /// What comes in, in the order of summing.
    pub inputs: Vec<EdgePlan>,
    /// How late the sum is.
    pub arrival_frames: usize,
    /// Processors that run.
    pub inserts: Vec<InsertPlan>,
    /// How late it is after the last of them.
    pub leaving_frames: usize,
    /// VCAs of the session that move it, in order of their ids.
    pub vcas: Vec<usize>,
    /// How long anything sounds on after the last clip, here.
    pub tail_frames: usize,
}

/// The whole schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Sample rate.
    pub sample_rate_hz: u32,
    /// Steps in order of level, then id. The last is the mix bus.
    pub steps: Vec<Step>,
    /// Buffers.
    pub buffers: Vec<BufferPlan>,
    /// Frames at the head of the output that belong to latency and are cut off.
    pub latency_frames: usize,
    /// Frames of the session: to the end of the last clip.
    pub length_frames: u64,
    /// Frames rendered after that, for what sounds on.
    pub tail_frames: usize,
}

/// A schedule together with what runs in it, step by step.
pub(super) struct Compiled {
    pub(super) plan: Plan,
    pub(super) kernels: Vec<Vec<Box<dyn AnyKernel>>>,
}

/// Whole frames a strip is delayed by its own controls.
pub(super) fn strip_delay(strip: &Strip, sample_rate_hz: u32) -> usize {
    let time = (strip.controls.delay_ms * 1e-3 * f64::from(sample_rate_hz)).round();
    (strip.controls.delay_samples + time).max(0.0) as usize
}

/// Compiles a routing. `clips` holds the clips of every track of the session.
pub(super) fn compile(
    session: &Session,
    index: &Index<'_>,
    graph: &Graph,
    clips: &[Vec<ClipPlan>],
    means: Means<'_>,
) -> Result<Compiled> {
    let mut order: Vec<usize> = (0..graph.strips.len()).filter(|number| graph.used[*number]).collect();
    // The mix bus is last by level already, unless nothing reaches it.
    order.sort_by_key(|number| (graph.strips[*number] == Origin::Mix, graph.levels[*number], *number));
    let mut step_of = vec![usize::MAX; graph.strips.len()];
    for (step, number) in order.iter().enumerate() {
        step_of[*number] = step;
    }
    let mut plan = Plan {
        sample_rate_hz: session.sample_rate_hz,
        steps: Vec::new(),
        buffers: Vec::new(),
        latency_frames: 0,
        length_frames: clips.iter().flatten().map(ClipPlan::end).max().unwrap_or(0),
        tail_frames: 0,
    };
    let mut kernels = Vec::new();
    let mut incoming = vec![Vec::new(); graph.strips.len()];
    graph.wires.iter().for_each(|wire| incoming[wire.to].push(*wire));
    let mut room = Room { session, index, incoming, step_of, known: BTreeMap::new() };
    for number in order {
        let (step, running) = compile_step(&mut room, graph, clips, &mut plan, number, means)?;
        plan.steps.push(step);
        kernels.push(running);
    }
    if let Some(last) = plan.steps.last() {
        plan.latency_frames = last.leaving_frames;
        let most = (MOST_TAIL_SECONDS * f64::from(session.sample_rate_hz)) as usize;
        plan.tail_frames = last.tail_frames.min(most);
    }
    Ok(Compiled { plan, kernels })
}

/// What is known while steps are made.
struct Room<'a> {
    session: &'a Session,
    index: &'a Index<'a>,
    /// Wires by the strip they go to, in their order.
    incoming: Vec<Vec<Wire>>,
    step_of: Vec<usize>,
    /// Buffers by step and tap.
    known: BTreeMap<(usize, usize), usize>,
}

fn compile_step(
    room: &mut Room<'_>,
    graph: &Graph,
    clips: &[Vec<ClipPlan>],
    plan: &mut Plan,
    number: usize,
    means: Means<'_>,
) -> Result<(Step, Vec<Box<dyn AnyKernel>>)> {
    let session = room.session;
    let origin = graph.strips[number];
    let strip =
        strip(session, origin).ok_or_else(|| Error::new(Kind::Internal, "no_strip", "a strip is lost"))?;
    let own = match origin {
        Origin::Track(track) => widest(clips.get(track).map_or(&[], Vec::as_slice), strip)?,
        _ => 2,
    };
    let layout = layout(session, origin, own);
    let mut step = Step {
        origin,
        strip: number,
        level: graph.levels[number],
        channels: layout.channels(),
        panned: surround::panned(session, origin, &layout),
        layout,
        inputs: Vec::new(),
        arrival_frames: 0,
        inserts: Vec::new(),
        leaving_frames: 0,
        vcas: room.index.vcas(&strip.id).to_vec(),
        tail_frames: 0,
    };
    let incoming = std::mem::take(&mut room.incoming[number]);
    for wire in incoming.iter().filter(|wire| !matches!(wire.role, Role::Key(_))) {
        let mut edge = room.listen(plan, *wire, step.channels);
        edge.shut_ahead = shut_ahead(session, wire);
        step.arrival_frames = step.arrival_frames.max(plan.buffers[edge.buffer].latency_frames);
        step.tail_frames = step.tail_frames.max(plan.steps[room.step_of[wire.from]].tail_frames);
        step.inputs.push(edge);
    }
    for edge in &mut step.inputs {
        edge.delay_frames = step.arrival_frames - plan.buffers[edge.buffer].latency_frames;
    }
    step.tail_frames += strip_delay(strip, session.sample_rate_hz);
    let kernels = compile_inserts(room, strip, &incoming, plan, &mut step, means)?;
    Ok((step, kernels))
}

/// Channels of the widest clip. One channel may play beside two, but not beside more.
fn widest(clips: &[ClipPlan], strip: &Strip) -> Result<usize> {
    let widest = clips.iter().map(ClipPlan::channels).max().unwrap_or(1);
    match clips.iter().map(ClipPlan::channels).find(|channels| widest > 2 && *channels != widest) {
        None => Ok(widest),
        Some(other) => {
            let what = format!("`{}` has clips of {other} and of {widest} channels", strip.id);
            Err(Error::input("mixed_channels", what).hint(
                "put them on tracks of their own; a track of more than two channels has clips of one kind",
            ))
        }
    }
}

impl Room<'_> {
    /// The buffer of a tap, made if nobody listened to it before.
    fn listen(&mut self, plan: &mut Plan, wire: Wire, channels: usize) -> EdgePlan {
        let step = self.step_of[wire.from];
        // One channel into one channel is not panned, and two are folded before pan.
        let tap = if wire.role == Role::Output && channels == 1 { Tap::Post } else { wire.tap };
        let from = &plan.steps[step];
        let latency_frames = if tap == Tap::PreFx { from.arrival_frames } else { from.leaving_frames };
        let width = if tap == Tap::PostPan { from.panned.channels() } else { from.channels };
        let buffer = *self.known.entry((step, fx::Choice::index(tap))).or_insert_with(|| {
            plan.buffers.push(BufferPlan { step, tap, latency_frames, channels: width });
            plan.buffers.len() - 1
        });
        EdgePlan { wire, buffer, delay_frames: 0, channels: (width, channels), shut_ahead: false }
    }
}

fn compile_inserts(
    room: &mut Room<'_>,
    strip: &Strip,
    incoming: &[Wire],
    plan: &mut Plan,
    step: &mut Step,
    means: Means<'_>,
) -> Result<Vec<Box<dyn AnyKernel>>> {
    let session = room.session;
    let mut kernels = Vec::new();
    let mut running = step.arrival_frames;
    for (index, insert) in strip.inserts.iter().enumerate().filter(|(_, insert)| insert.on) {
        let format = Format {
            sample_rate_hz: f64::from(session.sample_rate_hz),
            channels: step.channels,
            tempo_bpm: session.tempo_bpm,
            max_block_frames: means.block_frames,
            seed: seed(&strip.id, &insert.id, index),
        };
        let kernel = prepare(room.index, strip, index, insert, format, means);
        let latency_frames = kernel.latency_frames();
        if latency_frames > MOST_LATENCY_FRAMES {
            let what =
                format!("`{}` on `{}` asks for {latency_frames} frames of latency", insert.id, strip.id);
            return Err(Error::new(Kind::Limit, "too_much_latency", what));
        }
        let wire = incoming.iter().find(|wire| wire.role == Role::Key(index));
        let mut key = wire.map(|wire| room.listen(plan, *wire, step.channels));
        let key_latency = key.map_or(0, |key| plan.buffers[key.buffer].latency_frames);
        let arrival = running.max(key_latency);
        if let Some(key) = &mut key {
            key.delay_frames = arrival - key_latency;
        }
        // Twice the time to -60 dB: to -120 dB.
        let tail_frames = kernel.tail_frames().saturating_mul(2);
        let align_frames = arrival - running;
        let listens = insert.key.as_ref().is_some_and(|key| key.controls.listen) && key.is_some();
        step.inserts.push(InsertPlan {
            index,
            latency_frames,
            tail_frames,
            align_frames,
            arrival_frames: arrival,
            key,
            listen_frames: listens.then_some(latency_frames),
        });
        step.tail_frames = step.tail_frames.saturating_add(tail_frames);
        running = arrival + latency_frames;
        kernels.push(kernel);
    }
    step.leaving_frames = running;
    Ok(kernels)
}

/// A kernel that starts where its automation starts.
fn prepare<'a>(
    curves: &Index<'a>,
    strip: &'a Strip,
    index: usize,
    insert: &Insert,
    format: Format,
    means: Means<'_>,
) -> Box<dyn AnyKernel> {
    let mut settings = insert.settings.clone();
    for (param, automation) in curves.insert(&strip.id, index) {
        settings.set(param, Curve::new(automation, format.sample_rate_hz, 0).value(i64::MIN));
    }
    settings.prepare_with(format, means.impulses.of(insert))
}

/// A seed for what is random in a processor: the same for the same place in the session, wherever that stands in the
/// text. FNV-1a, 64 bit (Fowler, Noll and Vo, <http://www.isthe.com/chongo/tech/comp/fnv/>).
fn seed(strip: &str, insert: &str, index: usize) -> u64 {
    let place = strip.bytes().chain([0]).chain(insert.bytes()).chain((index as u64).to_le_bytes());
    place.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
