//! One strip at work on one block.

use super::clip::Player;
use super::curve::{Curve, GRID_FRAMES};
use super::library::Library;
use super::ring::Ring;
use super::stage::{Dial, Gain, Level, Pan, widen};
use super::surround::{self, Placement};
use crate::message::{Error, Result};
use crate::session::{SendChannels, Tap, TempoMap};
use dsp::biquad::Svf;
use dsp::block::{Buffer, View};
use dsp::downmix::Matrix;
use fx::AnyKernel;

/// What a strip offers to others: one buffer for each tap.
#[derive(Debug, Default, Clone)]
pub(super) struct Outputs {
    /// The running signal; in the end that of two channels after pan, or of one before it.
    pub(super) work: Buffer,
    pub(super) pre_fx: Option<Buffer>,
    pub(super) pre: Option<Buffer>,
    pub(super) post: Option<Buffer>,
    /// After pan, of a strip that is wider after it.
    pub(super) panned: Option<Buffer>,
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
pub(super) struct Inlet {
    pub(super) step: usize,
    pub(super) tap: Tap,
    pub(super) channels: SendChannels,
    /// The delayed source, if it has to be.
    pub(super) delayed: Option<(Ring, Buffer)>,
    pub(super) gain: Gain,
    pub(super) pan: Pan,
    /// Where it stands among more than two loudspeakers, if it comes ahead of pan.
    pub(super) place: Option<Placement>,
    /// How its channels become those of the strip, where either has more than two.
    pub(super) matrix: Option<Matrix>,
}

/// A processor at work.
pub(super) struct Unit {
    pub(super) kernel: Box<dyn AnyKernel>,
    pub(super) align: Option<Ring>,
    pub(super) arrival: i64,
    pub(super) tempo: Option<Tempo>,
    /// Where the key is heard in place of the processor, its delay.
    pub(super) listen: Option<Option<Ring>>,
    pub(super) key: Option<Side>,
    pub(super) lanes: Vec<Lane>,
    pub(super) next_look: i64,
    pub(super) changes: Vec<(usize, f64)>,
}

/// Frames between two looks at the filters of a key, whether they have decayed.
const SETTLE_FRAMES: i64 = 1024;

/// A side-chain at work.
pub(super) struct Side {
    pub(super) step: usize,
    pub(super) tap: Tap,
    pub(super) ring: Option<Ring>,
    /// Of every channel.
    pub(super) filters: Vec<Vec<Svf>>,
    /// The key, delayed and filtered, if it has to be.
    pub(super) own: Option<Buffer>,
}

impl Side {
    /// The key of this block.
    fn listen<'a>(&'a mut self, lower: &'a [Outputs], start: i64) -> Option<View<'a>> {
        let source = lower.get(self.step)?.tap(self.tap);
        let Some(own) = &mut self.own else { return Some(source.view()) };
        own.set_frames(source.frames());
        copy(source, Some(own));
        if let Some(ring) = &mut self.ring {
            ring.process(own);
        }
        for (channel, filters) in self.filters.iter_mut().enumerate().take(source.channels()) {
            let plane = own.channel_mut(channel);
            if filters.is_empty() {
                continue;
            }
            // What cannot be borne would stay in the filters for ever.
            dsp::math::sanitise(plane);
            // What has nearly decayed is silenced at frames that no block size can move.
            let mut done = 0;
            while done < plane.len() {
                let now = start + done as i64;
                let until = plane.len().min(done + (SETTLE_FRAMES - now.rem_euclid(SETTLE_FRAMES)) as usize);
                filters.iter_mut().for_each(|filter| filter.process(&mut plane[done..until]));
                done = until;
                if (start + done as i64).rem_euclid(SETTLE_FRAMES) == 0 {
                    filters.iter_mut().for_each(Svf::settle);
                }
            }
        }
        Some(own.view())
    }
}

/// The tempo, for a processor that follows it.
pub(super) struct Tempo {
    pub(super) map: TempoMap,
    pub(super) rate: f64,
    pub(super) last: f64,
}

impl Tempo {
    /// Tempo at a frame, if it is another than before.
    fn fresh(&mut self, frame: i64) -> Option<f64> {
        let bpm = self.map.bpm_at((frame as f64 / self.rate).max(0.0));
        (std::mem::replace(&mut self.last, bpm) != bpm).then_some(bpm)
    }

    /// First frame after `frame` at which to look again: the next point, and on a ramp the grid.
    fn next_look(&self, frame: i64) -> i64 {
        let now = (frame as f64 / self.rate).max(0.0);
        let change = self.map.next_change(now);
        let grid = (frame.div_euclid(GRID_FRAMES) + 1) * GRID_FRAMES;
        match (change * self.rate).ceil() {
            _ if change <= now => grid,
            next if next < 1e15 => (next as i64).max(frame + 1),
            _ => i64::MAX,
        }
    }
}

/// A moving parameter of a processor.
pub(super) struct Lane {
    pub(super) index: usize,
    pub(super) curve: Curve,
    pub(super) last: f64,
}

/// A strip at work.
pub(super) struct Worker {
    pub(super) player: Option<Player>,
    pub(super) inlets: Vec<Inlet>,
    pub(super) arrival: i64,
    pub(super) leaving: i64,
    pub(super) trim: f64,
    pub(super) delay: Option<Ring>,
    pub(super) width: Dial,
    pub(super) units: Vec<Unit>,
    pub(super) gain: Gain,
    pub(super) pan: Pan,
    /// Where it stands in a surround bus.
    pub(super) place: Option<Placement>,
    /// For sends of some channels only, if there are any.
    pub(super) picked: [Buffer; 2],
    pub(super) gains: Vec<f64>,
    /// What went wrong; the first is what is told.
    pub(super) error: Option<Error>,
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
        // Those that stand still are kept back for a moment and added together, still one after the other.
        let mut group = Group::default();
        for inlet in &mut self.inlets {
            let Some(source) = lower.get(inlet.step).map(|outputs| outputs.tap(inlet.tap)) else { continue };
            if let Some(plain) = inlet.plain(source, &own.work, now) {
                group.push(plain, &mut own.work);
                continue;
            }
            group.add(&mut own.work);
            inlet.take(source, &mut own.work, now, &mut self.picked, &mut self.gains);
        }
        group.add(&mut own.work);
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
        match (&mut own.panned, &self.place) {
            (Some(panned), Some(place)) => place.spread(&self.pan, now, &own.work, panned),
            (Some(panned), None) => self.pan.spread(now, &own.work, panned),
            (None, None) if own.work.channels() == 2 => self.pan.balance(now, &mut own.work),
            (None, _) => {}
        }
    }

    /// What should be known about the clips, once all is played.
    pub(super) fn findings(&mut self) -> Vec<crate::message::Finding> {
        self.player.as_mut().map(|player| std::mem::take(&mut player.findings)).unwrap_or_default()
    }
}

/// A delayed copy of `source`, in `scratch` of as many channels.
fn delayed<'a>(source: &Buffer, ring: &mut Ring, scratch: &'a mut Buffer) -> &'a Buffer {
    scratch.set_frames(source.frames());
    for channel in 0..source.channels().min(scratch.channels()) {
        scratch.channel_mut(channel).copy_from_slice(source.channel(channel));
    }
    ring.process(scratch);
    scratch
}

/// What of a source goes along a send: in a buffer of one channel, or of two.
fn pick<'a>(channels: SendChannels, source: &'a Buffer, picked: &'a mut [Buffer; 2]) -> &'a Buffer {
    if channels == SendChannels::Both || source.channels() == 0 {
        return source;
    }
    let [one, two] = picked;
    let (left, right) = (source.channel(0), source.channel(source.channels().min(2) - 1));
    if channels == SendChannels::Swap {
        two.set_frames(source.frames());
        two.channel_mut(0).copy_from_slice(right);
        two.channel_mut(1).copy_from_slice(left);
        return two;
    }
    one.set_frames(source.frames());
    for ((x, left), right) in one.channel_mut(0).iter_mut().zip(left).zip(right) {
        *x = match channels {
            SendChannels::Left => *left,
            SendChannels::Right => *right,
            SendChannels::Side => 0.5 * (left - right),
            _ => 0.5 * (left + right),
        };
    }
    one
}

fn copy(from: &Buffer, to: Option<&mut Buffer>) {
    let Some(to) = to else { return };
    for channel in 0..from.channels().min(to.channels()) {
        to.channel_mut(channel).copy_from_slice(from.channel(channel));
    }
}

/// Two planes at two gains.
type Plain<'a> = [(&'a [f64], f64); 2];

/// Inlets to be added in one pass.
#[derive(Default)]
struct Group<'a> {
    waiting: [Option<Plain<'a>>; 4],
    count: usize,
}

impl<'a> Group<'a> {
    fn push(&mut self, plain: Plain<'a>, work: &mut Buffer) {
        if self.count == self.waiting.len() {
            self.add(work);
        }
        self.waiting[self.count] = Some(plain);
        self.count += 1;
    }

    /// Adds all that wait, in their order.
    fn add(&mut self, work: &mut Buffer) {
        for channel in 0..work.channels().min(2) {
            let plane = work.channel_mut(channel);
            match self.waiting.map(|plain| plain.map(|plain| plain[channel])) {
                [Some((a, g)), Some((b, h)), Some((c, i)), Some((d, j))] => {
                    for ((((y, a), b), c), d) in plane.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                        *y = (((*y + a * g) + b * h) + c * i) + d * j;
                    }
                }
                some => {
                    for (x, gain) in some.into_iter().flatten() {
                        Level::Flat(gain).add(x, 1.0, plane);
                    }
                }
            }
        }
        *self = Self::default();
    }
}

impl Inlet {
    /// Into two channels, neither delayed nor moving: its planes and their gains.
    fn plain<'a>(&self, source: &'a Buffer, work: &Buffer, now: i64) -> Option<Plain<'a>> {
        let frames = work.frames();
        let mapped = self.place.is_some() || self.matrix.is_some() || self.channels != SendChannels::Both;
        if mapped || self.delayed.is_some() || work.channels() != 2 || source.channels() == 0 {
            return None;
        }
        let gain = self.gain.flat(now, frames)?;
        self.pan.is_flat(now, frames).then(|| match source.channels() {
            1 => {
                let (left, right) = self.pan.of_mono(now);
                [(source.channel(0), gain * left), (source.channel(0), gain * right)]
            }
            _ => {
                let (left, right) = self.pan.of_stereo(now);
                [(source.channel(0), gain * left), (source.channel(1), gain * right)]
            }
        })
    }

    /// Adds a source to the running signal when its time has come.
    fn take(
        &mut self,
        source: &Buffer,
        work: &mut Buffer,
        now: i64,
        picked: &mut [Buffer; 2],
        scratch: &mut [f64],
    ) {
        match self.delayed.take() {
            Some((mut ring, mut buffer)) => {
                let source = delayed(source, &mut ring, &mut buffer);
                self.add(pick(self.channels, source, picked), work, now, scratch);
                self.delayed = Some((ring, buffer));
            }
            None => self.add(pick(self.channels, source, picked), work, now, scratch),
        }
    }

    /// Adds a source to the running signal, mapped to its channels.
    fn add(&self, source: &Buffer, work: &mut Buffer, now: i64, scratch: &mut [f64]) {
        let frames = work.frames();
        if let Some(matrix) = &self.matrix {
            return surround::add_mapped(matrix, &self.gain, source, work, now, scratch);
        }
        if let Some(place) = &self.place {
            return place.add(&self.pan, now, source, self.gain.over(now, frames, scratch), work);
        }
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
        let key = self.key.as_mut().and_then(|side| side.listen(lower, start));
        let mut block = work.block();
        if let Some(key) = key {
            block = block.with_key(key);
        }
        let mut done = 0;
        while done < frames {
            let now = start - self.arrival + done as i64;
            if now >= self.next_look {
                if let Some(bpm) = self.tempo.as_mut().and_then(|tempo| tempo.fresh(now)) {
                    self.kernel.set_tempo(bpm);
                }
                look(&mut self.lanes, &mut self.changes, now, self.kernel.as_mut());
                let tempo = self.tempo.as_ref().map(|tempo| tempo.next_look(now));
                let lanes = self.lanes.iter().map(|lane| lane.curve.next_look(now));
                self.next_look = lanes.chain(tempo).min().unwrap_or(i64::MAX);
            }
            let looking = !self.lanes.is_empty() || self.tempo.is_some();
            let until = if !looking {
                frames
            } else {
                let room = usize::try_from(self.next_look.saturating_sub(now)).unwrap_or(usize::MAX).max(1);
                frames.min(done.saturating_add(room))
            };
            self.kernel.process(&mut block.slice(done, until - done));
            done = until;
        }
        if let (Some(ring), Some(key)) = (&mut self.listen, key) {
            for channel in 0..work.channels() {
                let heard = key.channel(channel.min(key.channels().saturating_sub(1)));
                work.channel_mut(channel).copy_from_slice(heard);
            }
            if let Some(ring) = ring {
                ring.process(work);
            }
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
