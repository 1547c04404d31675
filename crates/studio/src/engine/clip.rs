//! Clips of a track, streamed: opened when their time comes, closed when it is over.

use super::library::{Converted, Library};
use crate::audio::{Info, Layout, Source, Speaker};
use crate::message::{Error, Finding, Result, Severity};
use crate::session::{Clip, ClipControls, Session, controls};
use dsp::block::Buffer;
use std::path::PathBuf;

/// A clip in frames.
#[derive(Debug, Clone)]
pub(super) struct ClipPlan {
    path: PathBuf,
    /// Channels of the file that are played.
    pick: Vec<usize>,
    /// First frame in the session.
    pub(super) start: u64,
    /// Frames played.
    pub(super) frames: u64,
    /// Frames of the file skipped at its own rate.
    skip: u64,
    /// Whether the clip plays to the end of its file.
    to_end: bool,
    gain: f64,
    fade_in: u64,
    fade_out: u64,
    controls: ClipControls,
    session_rate_hz: u32,
    file_rate_hz: u32,
}

impl ClipPlan {
    /// Channels it has.
    pub(super) fn channels(&self) -> usize {
        self.pick.len()
    }

    /// First frame after it.
    pub(super) fn end(&self) -> u64 {
        self.start.saturating_add(self.frames)
    }

    /// Turns a clip into frames; looks into its file for rate, length and channels.
    pub(super) fn new(
        session: &Session,
        clip: &Clip,
        library: &dyn Library,
        findings: &mut Vec<Finding>,
    ) -> Result<Self> {
        let path = session.path_of(clip);
        let fail = |error: Error| session.error_at(&clip.file.span, error, "this file");
        let mut source = library.open(&path).map_err(fail)?;
        let info = source.info().clone();
        let pick = pick(&info, clip).map_err(fail)?;
        let total = match info.frames {
            Some(frames) => frames,
            None => count(source.as_mut()).map_err(fail)?,
        };
        let (rate, own) = (session.sample_rate_hz, info.sample_rate_hz.max(1));
        let skip = (clip.controls.offset_seconds * f64::from(own)).round() as u64;
        if skip >= total && total > 0 {
            let what = format!("the clip begins {skip} frames into a file of {total}");
            return Err(fail(Error::input("offset_past_end", what).hint("make offset_seconds smaller")));
        }
        let left = u128::from(total.saturating_sub(skip)) * u128::from(rate);
        let left = u64::try_from(left.div_ceil(u128::from(own))).unwrap_or(u64::MAX);
        let wanted = session.frame_at(clip.controls.length_seconds);
        let frames = if wanted == 0 { left } else { wanted.min(left) };
        if wanted > left {
            findings.push(short(clip, wanted - left, rate));
        }
        if own != rate {
            findings.push(converted(clip, own, rate));
        }
        let start = if clip.in_beats {
            session.seconds_of_beats(clip.controls.start_beats)
        } else {
            clip.controls.start_seconds
        };
        let fade = |ms: f64| session.frame_at(ms * 1e-3).min(frames);
        Ok(Self {
            path,
            pick,
            start: session.frame_at(start),
            frames,
            skip,
            to_end: frames == left,
            gain: controls::fader_gain(clip.controls.gain_db),
            fade_in: fade(clip.controls.fade_in_ms),
            fade_out: fade(clip.controls.fade_out_ms),
            controls: clip.controls.clone(),
            session_rate_hz: rate,
            file_rate_hz: own,
        })
    }

    /// Gain of the fades at a frame of the clip. Both fades of a short clip multiply.
    fn fade(&self, frame: u64) -> f64 {
        let mut gain = 1.0;
        if frame < self.fade_in {
            gain *= self.controls.fade_in_shape.gain(frame as f64 / self.fade_in as f64);
        }
        let left = self.frames - frame.min(self.frames);
        if left < self.fade_out {
            gain *= self.controls.fade_out_shape.gain(left as f64 / self.fade_out as f64);
        }
        gain
    }
}

fn pick(info: &Info, clip: &Clip) -> Result<Vec<usize>> {
    let channels = info.channels();
    if let Some(wrong) = clip.channels.iter().find(|channel| **channel >= channels) {
        let what = format!("the file has {channels} channels, channel {} was asked for", wrong + 1);
        return Err(Error::input("bad_channels", what));
    }
    match (clip.channels.is_empty(), channels) {
        (false, _) => Ok(in_our_order(info, &clip.channels)),
        (true, 1 | 2) => Ok((0..channels).collect()),
        (true, _) => {
            Err(Error::input("bad_channels", format!("the file has {channels} channels, a track has 1 or 2"))
                .hint("say which, e.g. channels = [1, 2], or all of them for a surround bus"))
        }
    }
}

/// Channels of a surround clip in the order of our layouts. A rising list means the file's own loudspeakers, which a
/// WAV file of 7.1 has in another order (rears before sides); any other list is taken as it stands.
fn in_our_order(info: &Info, channels: &[usize]) -> Vec<usize> {
    let wanted = Layout::of(channels.len());
    if channels.len() <= 2 || !channels.is_sorted() {
        return channels.to_vec();
    }
    let find = |speaker: &Speaker| {
        channels.iter().copied().find(|channel| info.layout.0.get(*channel) == Some(speaker))
    };
    let found: Option<Vec<usize>> = wanted.0.iter().map(find).collect();
    found.unwrap_or_else(|| channels.to_vec())
}

fn count(source: &mut dyn Source) -> Result<u64> {
    let mut buffer = Buffer::new(source.info().channels(), 4096);
    let mut total = 0;
    loop {
        source.read(&mut buffer)?;
        if buffer.frames() == 0 {
            return Ok(total);
        }
        total += buffer.frames() as u64;
    }
}

fn short(clip: &Clip, missing: u64, rate: u32) -> Finding {
    Finding::new(
        "clip_short",
        Severity::Warning,
        format!("{:.3} s are missing", missing as f64 / f64::from(rate)),
    )
    .about(&clip.file.id)
    .limit("length_seconds within the file")
    .advice("the rest is silent; check length_seconds and offset_seconds")
}

fn converted(clip: &Clip, own: u32, rate: u32) -> Finding {
    Finding::new("rate_converted", Severity::Info, format!("{own} Hz"))
        .about(&clip.file.id)
        .limit(format!("the session is at {rate} Hz"))
        .advice("converted while mixing (alias below -150 dB); nothing to do")
}

/// A clip being played.
struct Playing {
    plan: ClipPlan,
    source: Option<Box<dyn Source>>,
    fetched: Buffer,
    used: usize,
    clipped_runs: u64,
    done: bool,
}

/// Clips of one track.
pub(super) struct Player {
    clips: Vec<Playing>,
    pub(super) findings: Vec<Finding>,
}

impl Player {
    pub(super) fn new(plans: &[ClipPlan]) -> Self {
        let mut plans: Vec<ClipPlan> = plans.to_vec();
        // A fixed order of summing, whatever the order in the text.
        plans.sort_by(|a, b| {
            (a.start, a.frames, &a.path, a.skip, &a.pick).cmp(&(b.start, b.frames, &b.path, b.skip, &b.pick))
        });
        let clips = plans.into_iter().map(|plan| Playing {
            plan,
            source: None,
            fetched: Buffer::default(),
            used: 0,
            clipped_runs: 0,
            done: false,
        });
        Self { clips: clips.collect(), findings: Vec::new() }
    }

    /// Adds what sounds from frame `start` on to `out`, over its frames.
    pub(super) fn add(&mut self, start: u64, out: &mut Buffer, library: &dyn Library) -> Result<()> {
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
                clip.close(&mut self.findings)?;
            }
        }
        Ok(())
    }
}

/// Frames fetched from a source at once.
const FETCH_FRAMES: usize = 4096;

/// At or above this a sample counts as full scale. By our own convention: 0.01 dB under it.
const FULL_SCALE: f64 = 0.998_8;

impl Playing {
    fn open(&mut self, library: &dyn Library) -> Result<()> {
        let mut source = library.open(&self.plan.path)?;
        if source.info().sample_rate_hz != self.plan.file_rate_hz {
            return Err(
                Error::input("changed", "the file changed while it was mixed").at(self.plan.path.display())
            );
        }
        source.skip(self.plan.skip)?;
        if self.plan.file_rate_hz != self.plan.session_rate_hz {
            source = Box::new(Converted::new(source, self.plan.session_rate_hz)?);
        }
        self.fetched = Buffer::new(source.info().channels(), FETCH_FRAMES);
        self.fetched.set_frames(0);
        self.used = 0;
        self.source = Some(source);
        Ok(())
    }

    fn play(
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
            if self.used >= self.fetched.frames() && !self.fetch()? {
                return Err(Error::input("truncated", "the file ended before the clip")
                    .at(self.plan.path.display())
                    .hint("the file changed while it was mixed, or its header lies"));
            }
            let count = (self.fetched.frames() - self.used).min((until - frame) as usize);
            self.sum(frame - self.plan.start, at, count, out);
            self.used += count;
            frame += count as u64;
            at += count;
        }
        Ok(())
    }

    fn fetch(&mut self) -> Result<bool> {
        let Some(source) = &mut self.source else { return Ok(false) };
        source.read(&mut self.fetched).map_err(|error| error.at(self.plan.path.display()))?;
        self.used = 0;
        for channel in 0..self.fetched.channels() {
            self.clipped_runs += clipped_runs(self.fetched.channel(channel));
        }
        Ok(self.fetched.frames() > 0)
    }

    /// Adds `count` fetched frames, the first of them `frame` of the clip, to `out` from `at` on.
    fn sum(&self, frame: u64, at: usize, count: usize, out: &mut Buffer) {
        let plan = &self.plan;
        let faded = frame < plan.fade_in || frame + count as u64 + plan.fade_out > plan.frames;
        for channel in 0..out.channels() {
            // One channel in a track of two goes to both.
            let Some(pick) = plan.pick.get(channel).or(plan.pick.first()) else { return };
            let input = &self.fetched.channel(*pick)[self.used..self.used + count];
            let output = &mut out.channel_mut(channel)[at..at + count];
            for (offset, (output, input)) in output.iter_mut().zip(input).enumerate() {
                let fade = if faded { plan.fade(frame + offset as u64) } else { 1.0 };
                *output += input * (plan.gain * fade);
            }
        }
    }

    /// Reads on to the end of the file, where its length and checksum are checked, and lets go of it.
    fn close(&mut self, findings: &mut Vec<Finding>) -> Result<()> {
        self.done = true;
        if self.source.is_some() && self.plan.to_end {
            while self.fetch()? {}
        }
        if let Some(source) = self.source.take() {
            findings.extend(source.findings());
        }
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

/// Runs of three or more equal samples at full scale (rule I4 of the mixing rules, on a stretch of samples).
fn clipped_runs(samples: &[f64]) -> u64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_equal_samples_at_full_scale_are_a_run_and_loud_peaks_are_not() {
        assert_eq!(clipped_runs(&[0.0, 1.0, 1.0, 1.0, 1.0, 0.0, -1.0, -1.0, -1.0]), 2);
        assert_eq!(clipped_runs(&[0.9, 0.999, 1.0, 0.9999, 1.0, 1.0]), 0);
        assert_eq!(clipped_runs(&[0.5; 10]), 0);
    }
}
