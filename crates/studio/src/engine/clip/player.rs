//! Clips at work.

use super::ClipPlan;
use super::content::Content;
use crate::audio::Source;
use crate::engine::library::{Conversion, Converted, Library};
use crate::message::{Error, Finding, Result, Severity};
use dsp::block::Buffer;

/// Shortest fade at a cut that does not click (the mixing rules, d.5).
const CLICK_SECONDS: f64 = 1e-3;

/// Where a clip's audio comes from.
enum Feed {
    /// A file from one place on.
    Plain(Box<dyn Source>),
    /// Parts of a file, and what they go through.
    Rolled(Content, Vec<Conversion>),
}

impl Feed {
    fn read(&mut self, buffer: &mut Buffer, library: &dyn Library) -> Result<()> {
        match self {
            Self::Plain(source) => source.read(buffer),
            Self::Rolled(content, stages) => through(content, stages, buffer, library),
        }
    }
}

/// Reads from the last stage, which reads from the one before it.
fn through(
    content: &mut Content,
    stages: &mut [Conversion],
    buffer: &mut Buffer,
    library: &dyn Library,
) -> Result<()> {
    match stages.split_last_mut() {
        None => content.read(buffer, library),
        Some((last, before)) => last.read(buffer, &mut |block| through(content, before, block, library)),
    }
}

/// A clip being played.
pub(super) struct Playing {
    plan: ClipPlan,
    source: Option<Feed>,
    fetched: Buffer,
    used: usize,
    clipped_runs: u64,
    /// Largest sample of the first and of the last frame.
    ends: [f64; 2],
    done: bool,
}

/// Clips of one track.
pub(in crate::engine) struct Player {
    clips: Vec<Playing>,
    clicks: Clicks,
    pub(in crate::engine) findings: Vec<Finding>,
}

/// Cuts that click, of all clips of a track.
#[derive(Default)]
struct Clicks {
    count: usize,
    first: Option<(f64, String)>,
}

impl Player {
    /// Of clips in the order of [`crossfades`](super::crossfades).
    pub(in crate::engine) fn new(plans: &[ClipPlan]) -> Self {
        let clips = plans.iter().cloned().map(Playing::new).collect();
        Self { clips, clicks: Clicks::default(), findings: Vec::new() }
    }

    /// Adds what sounds from frame `start` on to `out`, over its frames.
    pub(in crate::engine) fn add(
        &mut self,
        start: u64,
        out: &mut Buffer,
        library: &dyn Library,
    ) -> Result<()> {
        let end = start.saturating_add(out.frames() as u64);
        for clip in self.clips.iter_mut().filter(|clip| !clip.done) {
            if clip.plan.start >= end {
                break;
            }
            let from = clip.plan.start.max(start);
            let until = clip.plan.end().min(end);
            if from < until {
                clip.play(from, until, (from - start) as usize, out, library)?;
            }
            if clip.plan.end() <= end {
                clip.close(&mut self.findings, &mut self.clicks, library)?;
            }
        }
        if self.clips.iter().all(|clip| clip.done) {
            self.findings.extend(std::mem::take(&mut self.clicks).finding());
        }
        Ok(())
    }
}

/// Frames fetched from a source at once.
const FETCH_FRAMES: usize = 4096;

/// At or above this a sample counts as full scale. By our own convention: 0.01 dB under it.
const FULL_SCALE: f64 = 0.998_8;

impl Playing {
    pub(super) fn new(plan: ClipPlan) -> Self {
        Self {
            plan,
            source: None,
            fetched: Buffer::default(),
            used: 0,
            clipped_runs: 0,
            ends: [0.0; 2],
            done: false,
        }
    }

    fn open(&mut self, library: &dyn Library) -> Result<()> {
        let plan = &self.plan;
        let mut source = library.open(&plan.path)?;
        if source.info().sample_rate_hz != plan.file_rate_hz {
            return Err(
                Error::input("changed", "the file changed while it was mixed").at(plan.path.display())
            );
        }
        let channels = source.info().channels();
        let convert = plan.file_rate_hz != plan.session_rate_hz;
        let feed = match plan.course {
            Some(course) => {
                let mut stages = plan.pace.conversions(channels, plan.file_rate_hz);
                if convert {
                    stages.push(Conversion::new(plan.file_rate_hz, plan.session_rate_hz, channels)?);
                }
                Feed::Rolled(Content::new(&plan.path, course, channels, plan.from), stages)
            }
            None => {
                source.skip(plan.skip.saturating_add(plan.from))?;
                if convert {
                    source = Box::new(Converted::new(source, plan.session_rate_hz)?);
                }
                Feed::Plain(source)
            }
        };
        self.fetched = Buffer::new(channels, FETCH_FRAMES);
        self.fetched.set_frames(0);
        self.used = 0;
        self.source = Some(feed);
        Ok(())
    }

    pub(super) fn play(
        &mut self,
        from: u64,
        until: u64,
        at: usize,
        out: &mut Buffer,
        library: &dyn Library,
    ) -> Result<()> {
        if self.source.is_none() {
            self.open(library)?;
        }
        let (mut frame, mut at) = (from, at);
        while frame < until {
            if self.used >= self.fetched.frames() && !self.fetch(library)? {
                return Err(Error::input("truncated", "the file ended before the clip")
                    .at(self.plan.path.display())
                    .hint("the file changed while it was mixed, or its header lies"));
            }
            let count = (self.fetched.frames() - self.used).min((until - frame) as usize);
            let first = frame - self.plan.start;
            self.look_at_ends(first, count);
            self.sum(first, at, count, out);
            self.used += count;
            frame += count as u64;
            at += count;
        }
        Ok(())
    }

    fn fetch(&mut self, library: &dyn Library) -> Result<bool> {
        let Some(source) = &mut self.source else { return Ok(false) };
        source.read(&mut self.fetched, library).map_err(|error| error.at(self.plan.path.display()))?;
        self.used = 0;
        for channel in 0..self.fetched.channels() {
            self.clipped_runs += clipped_runs(self.fetched.channel(channel));
        }
        Ok(self.fetched.frames() > 0)
    }

    /// Remembers the level of the clip's first and last frame.
    fn look_at_ends(&mut self, first: u64, count: usize) {
        let level = |index: usize| {
            let sample = |channel: &usize| self.fetched.channel(*channel).get(index).map_or(0.0, |x| x.abs());
            self.plan.pick.iter().map(sample).fold(0.0, f64::max)
        };
        if first == 0 {
            self.ends[0] = level(self.used);
        }
        if first + count as u64 == self.plan.frames {
            self.ends[1] = level(self.used + count - 1);
        }
    }

    /// Adds `count` fetched frames, the first of them `frame` of the clip, to `out` from `at` on.
    fn sum(&self, frame: u64, at: usize, count: usize, out: &mut Buffer) {
        let plan = &self.plan;
        let faded = frame < plan.fade_in.frames || frame + count as u64 + plan.fade_out.frames > plan.frames;
        let moving = !plan.envelope.is_empty();
        for channel in 0..out.channels() {
            // One channel in a track of two goes to both.
            let Some(pick) = plan.pick.get(channel).or(plan.pick.first()) else { return };
            let input = &self.fetched.channel(*pick)[self.used..self.used + count];
            let output = &mut out.channel_mut(channel)[at..at + count];
            for (offset, (output, input)) in output.iter_mut().zip(input).enumerate() {
                let now = frame + offset as u64;
                let mut fade = if faded { plan.fade(now) } else { 1.0 };
                if moving {
                    fade *= plan.envelope.gain(now);
                }
                *output += input * (plan.gain * fade);
            }
        }
    }

    /// Reads on to the end of the file, where its length and checksum are checked, and lets go of it.
    fn close(
        &mut self,
        findings: &mut Vec<Finding>,
        clicks: &mut Clicks,
        library: &dyn Library,
    ) -> Result<()> {
        self.done = true;
        if self.source.is_some() && self.plan.to_end {
            while self.fetch(library)? {}
        }
        if let Some(Feed::Plain(source)) = self.source.take() {
            findings.extend(source.findings());
        }
        clicks.look(&self.plan, self.ends);
        if self.clipped_runs > 0 {
            findings.push(
                Finding::new(
                    "clipped_source",
                    Severity::Warning,
                    format!("{} runs at full scale", self.clipped_runs),
                )
                .about(self.plan.path.display())
                .limit("no three samples in a row at full scale")
                .advice("the recording is clipped: repair it or record again; do not brighten it"),
            );
        }
        self.fetched = Buffer::default();
        Ok(())
    }
}

impl Clicks {
    /// Counts the ends of a clip that are cut where the recording sounds, without a fade.
    fn look(&mut self, plan: &ClipPlan, ends: [f64; 2]) {
        let rate = f64::from(plan.session_rate_hz);
        let least = CLICK_SECONDS * rate;
        let fades = [plan.fade_in.frames, plan.fade_out.frames];
        for (end, at) in [plan.start, plan.end()].into_iter().enumerate() {
            // Half a step of grace: what is stored is rounded.
            let sounds = ends[end] > 1.5 * plan.step && plan.gain > 0.0;
            if plan.cut[end] && sounds && (fades[end] as f64) < least {
                self.count += 1;
                self.first.get_or_insert_with(|| (at as f64 / rate, plan.path.display().to_string()));
            }
        }
    }

    fn finding(self) -> Option<Finding> {
        let (seconds, path) = self.first?;
        let finding =
            Finding::new("hard_cut", Severity::Warning, format!("{} cuts without a fade", self.count))
                .about(path)
                .seconds(seconds)
                .limit("a fade of 1 ms at least, or a cut at a zero")
                .advice("set fade_in_ms and fade_out_ms: the cut clicks");
        Some(finding)
    }
}

/// Runs of three or more equal samples at full scale (rule I4 of the mixing rules, on a stretch of samples).
pub(super) fn clipped_runs(samples: &[f64]) -> u64 {
    let mut runs = 0;
    let mut run = 0_u32;
    let mut last = 0.0;
    for &sample in samples {
        if sample.abs() < FULL_SCALE {
            run = 0;
            continue;
        }
        run = if run > 0 && sample == last { run + 1 } else { 1 };
        last = sample;
        runs += u64::from(run == 3);
    }
    runs
}
