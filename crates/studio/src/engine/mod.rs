//! A session becomes sound: graph, schedule, verifier, parallel rendering.
//!
//! The routing is sorted by id and cut into levels; every tap that is listened to gets a buffer of its own and every
//! edge (outputs, sends, side-chains) the delay that brings it into line; a [verifier](verify()) looks at the result
//! with fresh eyes; then the strips run in parallel as on a production line, each level one block behind the level
//! below it, and buses sum in the order of ids. So the output has the same bits for any block size, any number of
//! threads and any order of tracks in the text.
//!
//! Order of a strip: clip gain and fades → trim → polarity → delay → width → tap `pre_fx` → inserts → tap `pre` → ride,
//! fader, VCAs → mute → tap `post` → pan, or place in a surround bus → tap `post_pan` → output.

mod clip;
mod curve;
pub mod graph;
mod impulse;
mod index;
mod library;
mod plan;
mod ring;
mod stage;
mod surround;
mod verify;
mod worker;
mod workshop;

#[cfg(test)]
mod tests;

pub use library::{Converted, Files, Library, Shelf};
pub use plan::{BufferPlan, EdgePlan, InsertPlan, Plan, Step};
pub use verify::verify;

use crate::audio::Layout;
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::session::{Course, Session};
use clip::ClipPlan;
use dsp::block::{Buffer, View};
use graph::{Graph, Origin};
use impulse::{Impulses, Means};
use index::Index;
use rayon::prelude::*;
use worker::{Outputs, Worker};
use workshop::Workshop;

/// Most levels that work on different blocks at once: each needs all buffers once more. By our own convention.
const MOST_IN_FLIGHT: usize = 8;
/// Longest session. By our own convention: a day.
const MOST_SECONDS: u64 = 86_400;
/// A frame under this is silence when the end of a tail is looked for: -120 dBFS.
const SILENCE: f64 = 1e-6;

/// How to render.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Frames worked on at once. The result does not depend on it.
    pub block_frames: usize,
}

impl Default for Options {
    fn default() -> Self {
        // By calibration, 2026-11-21: larger no longer saves time, smaller spends it on waiting for each other.
        Self { block_frames: 4096 }
    }
}

/// What a rendering came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// Frames given to the sink: the session and its longest possible tail.
    pub frames: u64,
    /// Frames to the end of the last clip.
    pub length_frames: u64,
    /// Frames to the last one louder than -120 dBFS, at least the length: where a file may end.
    pub sounding_frames: u64,
    /// What should be known.
    pub findings: Vec<Finding>,
}

/// A session ready to run, once.
pub struct Engine<'a> {
    library: &'a dyn Library,
    plan: Plan,
    workers: Vec<Worker>,
    /// Buffers of every step, for every block in flight.
    outputs: Vec<Vec<Outputs>>,
    levels: Vec<std::ops::Range<usize>>,
    findings: Vec<Finding>,
    block_frames: usize,
}

impl<'a> Engine<'a> {
    /// Compiles and verifies a session. Every file is opened once, to see what it is.
    ///
    /// # Errors
    /// Everything wrong with the files, each with its place in the session.
    pub fn new(
        session: &Session,
        library: &'a dyn Library,
        options: Options,
    ) -> std::result::Result<Self, Vec<Error>> {
        let block_frames = options.block_frames.clamp(1, 1 << 16);
        let mut findings = Vec::new();
        let clips = clips(session, library, &mut findings)?;
        let impulses = Impulses::load(session, library)?;
        let means = Means { block_frames, impulses: &impulses };
        let graph = Graph::new(session).map_err(|error| vec![error])?;
        let index = Index::new(session);
        let compiled = plan::compile(session, &index, &graph, &clips, means).map_err(|error| vec![error])?;
        let plan = compiled.plan;
        verify(&plan, &graph, session).map_err(|error| vec![error])?;
        if plan.length_frames / u64::from(plan.sample_rate_hz.max(1)) > MOST_SECONDS {
            let what = "the session is longer than a day";
            return Err(vec![Error::new(Kind::Limit, "too_long", what).at(&session.origin.file)]);
        }
        notes(session, &graph, &plan, &mut findings);
        surround::notes(session, &graph, &plan, &mut findings);
        let shop = Workshop::new(session, &index, &plan, block_frames);
        let mut workers = Vec::new();
        let mut outputs = Vec::new();
        for (number, kernels) in compiled.kernels.into_iter().enumerate() {
            let clips = match plan.steps[number].origin {
                Origin::Track(track) => clips.get(track).map(Vec::as_slice),
                _ => None,
            };
            let made = shop.worker(number, clips, kernels);
            let (worker, output) =
                made.ok_or_else(|| vec![Error::new(Kind::Internal, "no_strip", "a strip is lost")])?;
            workers.push(worker);
            outputs.push(output);
        }
        let levels = levels(&plan);
        Ok(Self { library, plan, workers, outputs: vec![outputs], levels, findings, block_frames })
    }

    /// The schedule.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Loudspeakers of what comes out: those of the mix bus.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.plan.steps.last().map_or_else(|| Layout::of(2), |step| step.panned.clone())
    }

    /// Renders to `sink`, in the channels of the mix bus, block by block, from the first frame of the session on. Latency is cut off at
    /// the head; the tail is rendered to its longest.
    ///
    /// # Errors
    /// Of the sources, of the sink, or [`Kind::Interrupted`]. If several strips fail in one block, the first by level
    /// and id is told.
    pub fn render(
        mut self,
        job: &Job<'_>,
        sink: &mut (dyn FnMut(View<'_>) -> Result<()> + Send),
    ) -> Result<Rendered> {
        let pool = match job.threads {
            1 => None,
            threads => rayon::ThreadPoolBuilder::new().num_threads(threads.min(256)).build().ok(),
        };
        match pool {
            Some(pool) => pool.install(|| self.run(job, sink, true)),
            None => self.run(job, sink, false),
        }
    }

    fn run(
        &mut self,
        job: &Job<'_>,
        sink: &mut (dyn FnMut(View<'_>) -> Result<()> + Send),
        parallel: bool,
    ) -> Result<Rendered> {
        let latency = self.plan.latency_frames as u64;
        let frames = self.plan.length_frames + self.plan.tail_frames as u64;
        let total = latency + frames;
        let mut mixed = Mixed {
            buffer: Buffer::new(self.layout().channels(), self.block_frames),
            skip: 0,
            at: 0,
            sounding: 0,
        };
        mixed.buffer.set_frames(0);
        let blocks = total.div_ceil(self.block_frames as u64);
        let last = self.levels.len().saturating_sub(1) as u64;
        let in_line = parallel && self.levels.len() <= MOST_IN_FLIGHT;
        let behind = if in_line { last } else { 0 };
        if let Some(first) = self.outputs.first().cloned().filter(|_| in_line) {
            self.outputs.resize(self.levels.len(), first);
        }
        for round in 0..blocks + behind {
            // The block that leaves the line in this round.
            let leaving = round.checked_sub(behind);
            job.step("mix", leaving.unwrap_or(0) * self.block_frames as u64, total)?;
            if in_line {
                // The sink works on the last block while others are made.
                let (sunk, made) = rayon::join(|| mixed.give(sink), || self.round(round, total));
                sunk?;
                made?;
            } else {
                mixed.give(sink)?;
                for level in 0..self.levels.len() {
                    self.level(level, round, total, parallel)?;
                }
            }
            mixed.buffer.set_frames(0);
            if let Some((block, (start, count))) = leaving.zip(leaving.and_then(|b| self.span(b, total))) {
                let slot = block as usize % self.outputs.len().max(1);
                if let Some(outputs) = self.outputs.get(slot) {
                    mixed.take(outputs, start, count, latency);
                }
            }
        }
        mixed.give(sink)?;
        job.step("mix", total, total)?;
        let mut findings = std::mem::take(&mut self.findings);
        findings.extend(self.workers.iter_mut().flat_map(Worker::findings));
        let length_frames = self.plan.length_frames;
        Ok(Rendered { frames, length_frames, sounding_frames: mixed.sounding.max(length_frames), findings })
    }

    /// First frame and frames of a block; none beyond the end.
    fn span(&self, block: u64, total: u64) -> Option<(u64, usize)> {
        let start = block.checked_mul(self.block_frames as u64).filter(|start| *start < total)?;
        Some((start, (total - start).min(self.block_frames as u64) as usize))
    }

    /// All levels side by side, each on the block after that of the level above it.
    fn round(&mut self, round: u64, total: u64) -> Result<()> {
        let spans: Vec<_> = (0..self.levels.len() as u64)
            .map(|level| round.checked_sub(level).and_then(|block| self.span(block, total)))
            .collect();
        let (library, slots) = (self.library, self.outputs.len().max(1) as u64);
        let mut tasks = Vec::with_capacity(self.workers.len());
        let mut workers = self.workers.as_mut_slice();
        // As many slots as levels: every level finds its block in a slot of its own.
        let mut buffers: Vec<Option<&mut Vec<Outputs>>> = self.outputs.iter_mut().map(Some).collect();
        for (number, (level, span)) in self.levels.iter().zip(spans).enumerate() {
            let (mine, rest) = workers.split_at_mut(level.len());
            workers = rest;
            let Some((start, frames)) = span else { continue };
            let slot = ((round - number as u64) % slots) as usize;
            let Some(outputs) = buffers.get_mut(slot).and_then(Option::take) else { continue };
            let (lower, own) = outputs.split_at_mut(level.start);
            let lower = &*lower;
            for (worker, own) in mine.iter_mut().zip(own) {
                tasks.push((worker, own, lower, start as i64, frames));
            }
        }
        // The upper levels are few and heavy: first.
        tasks.reverse();
        tasks.into_par_iter().with_max_len(1).for_each(|(worker, own, lower, start, frames)| {
            worker.run(lower, own, start, frames, library);
        });
        first_error(&mut self.workers)
    }

    /// One level alone, where no others are in flight.
    fn level(&mut self, level: usize, block: u64, total: u64, parallel: bool) -> Result<()> {
        let Some((start, frames)) = self.span(block, total) else { return Ok(()) };
        let (Some(level), Some(outputs)) = (self.levels.get(level), self.outputs.first_mut()) else {
            return Ok(());
        };
        let (library, start) = (self.library, start as i64);
        let (lower, own) = outputs.split_at_mut(level.start);
        let lower = &*lower;
        let workers = &mut self.workers[level.clone()];
        let own = &mut own[..workers.len()];
        let run = |(worker, own): (&mut Worker, &mut Outputs)| {
            worker.run(lower, own, start, frames, library);
        };
        if parallel && workers.len() > 1 {
            workers.par_iter_mut().zip(own.par_iter_mut()).with_max_len(1).for_each(run);
        } else {
            workers.iter_mut().zip(own).for_each(run);
        }
        first_error(workers)
    }
}

fn first_error(workers: &mut [Worker]) -> Result<()> {
    workers.iter_mut().find_map(|worker| worker.error.take()).map_or(Ok(()), Err)
}

impl std::fmt::Debug for Engine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// The last block of the mix, on its way to the sink.
struct Mixed {
    buffer: Buffer,
    /// Frames at its head that are latency.
    skip: usize,
    /// Frame of the session of its first frame after those.
    at: u64,
    sounding: u64,
}

impl Mixed {
    fn give(&mut self, sink: &mut (dyn FnMut(View<'_>) -> Result<()> + Send)) -> Result<()> {
        let frames = self.buffer.frames().saturating_sub(self.skip);
        if frames == 0 {
            return Ok(());
        }
        let view = self.buffer.view().slice(self.skip, frames);
        for channel in 0..view.channels() {
            if let Some(last) = view.channel(channel).iter().rposition(|x| x.abs() > SILENCE) {
                self.sounding = self.sounding.max(self.at + last as u64 + 1);
            }
        }
        sink(view)
    }

    fn take(&mut self, outputs: &[Outputs], start: u64, frames: usize, latency: u64) {
        self.buffer.set_frames(frames);
        self.skip = latency.saturating_sub(start).min(frames as u64) as usize;
        self.at = start.saturating_sub(latency);
        let Some(mix) = outputs.last() else { return };
        let mix = mix.tap(crate::session::Tap::PostPan);
        for channel in 0..mix.channels().min(self.buffer.channels()) {
            self.buffer.channel_mut(channel).copy_from_slice(mix.channel(channel));
        }
    }
}

/// Renders a session from its files: [`Engine::new`], then [`Engine::render`].
pub fn render(
    session: &Session,
    library: &dyn Library,
    options: Options,
    job: &Job<'_>,
    sink: &mut (dyn FnMut(View<'_>) -> Result<()> + Send),
) -> std::result::Result<Rendered, Vec<Error>> {
    Engine::new(session, library, options)?.render(job, sink).map_err(|error| vec![error])
}

fn clips(
    session: &Session,
    library: &dyn Library,
    findings: &mut Vec<Finding>,
) -> std::result::Result<Vec<Vec<ClipPlan>>, Vec<Error>> {
    let mut errors = Vec::new();
    let mut tracks = Vec::new();
    for track in &session.tracks {
        let mut plans = Vec::new();
        for clip in &track.clips {
            match ClipPlan::new(session, clip, library, findings) {
                Ok(plan) => plans.push(plan),
                Err(error) => errors.push(error),
            }
        }
        let crossed = clip::crossfades(&mut plans, &track.strip.id, library, findings);
        errors.extend(crossed.err());
        tracks.push(plans);
    }
    findings.extend(crate::session::edit_group_findings(session));
    if errors.is_empty() { Ok(tracks) } else { Err(errors) }
}

/// Steps of one level, side by side.
fn levels(plan: &Plan) -> Vec<std::ops::Range<usize>> {
    let mut levels: Vec<std::ops::Range<usize>> = Vec::new();
    let last = plan.steps.len().saturating_sub(1);
    for (number, step) in plan.steps.iter().enumerate() {
        match levels.last_mut() {
            // The mix bus always runs alone, last.
            Some(range) if plan.steps[range.start].level == step.level && number != last => {
                range.end = number + 1
            }
            _ => levels.push(number..number + 1),
        }
    }
    levels
}

/// What can be said before a note is played.
fn notes(session: &Session, graph: &Graph, plan: &Plan, findings: &mut Vec<Finding>) {
    let rate = f64::from(session.sample_rate_hz);
    let end = plan.length_frames as f64 / rate;
    for automation in &session.automation {
        if let Some(last) = automation.points.last().filter(|last| last.seconds > end) {
            let seconds = last.seconds;
            let before = automation.points.iter().rev().nth(1);
            let moves = before.is_some_and(|before| before.course != Course::Hold);
            let what = format!("a point at {seconds:.3} s, the session ends at {end:.3} s");
            findings.push(
                Finding::new(
                    "automation_past_end",
                    if moves { Severity::Warning } else { Severity::Info },
                    what,
                )
                .about(format!("{}, {}", automation.target.strip, automation.param.key))
                .seconds(seconds)
                .limit("points within the session")
                .advice("check the time, or whether it was meant in beats"),
            );
        }
    }
    let soloed: Vec<&str> =
        session.strips().filter(|strip| strip.controls.solo).map(|strip| strip.id.as_str()).collect();
    if !soloed.is_empty() {
        findings.push(
            Finding::new("solo_active", Severity::Warning, format!("solo on {}", soloed.join(", ")))
                .about(&session.origin.file)
                .limit("no solo in a print")
                .advice("take the solo off to hear the whole mix"),
        );
    }
    findings.extend(key_listened_to(session, graph, plan));
    for (number, origin) in graph.strips.iter().enumerate().filter(|(number, _)| !graph.used[*number]) {
        if let Some(strip) = graph::strip(session, *origin).filter(|_| soloed.is_empty()) {
            findings.push(
                Finding::new("unheard", Severity::Info, "its sound reaches nothing")
                    .about(&strip.id)
                    .limit("")
                    .advice(if strip.controls.mute {
                        "it is muted"
                    } else {
                        "check its output and its mutes"
                    }),
            );
        }
        debug_assert!(number + 1 < graph.strips.len());
    }
}

/// Keys that are heard in place of what they steer.
fn key_listened_to(session: &Session, graph: &Graph, plan: &Plan) -> Option<Finding> {
    let heard = plan.steps.iter().flat_map(|step| {
        let strip = graph.strips.get(step.strip).and_then(|origin| graph::strip(session, *origin));
        let listens = step.inserts.iter().filter(|insert| insert.listen_frames.is_some());
        listens.filter_map(move |insert| Some((strip?, strip?.inserts.get(insert.index)?)))
    });
    let heard: Vec<String> =
        heard.map(|(strip, insert)| format!("`{}` on `{}`", insert.id, strip.id)).collect();
    (!heard.is_empty()).then(|| {
        Finding::new(
            "key_listened_to",
            Severity::Warning,
            format!("the key of {} is heard", heard.join(", ")),
        )
        .about(&session.origin.file)
        .limit("no `listen` in a print")
        .advice("take `listen = true` out of the key to hear the processor")
    })
}
