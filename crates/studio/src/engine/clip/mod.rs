//! Clips of a track, streamed: opened when their time comes, closed when it is over.

mod content;
mod crossfade;
mod fade;
mod player;
#[cfg(test)]
mod tests;

pub(super) use crossfade::crossfades;
pub(super) use player::Player;

use super::library::{Conversion, Library};
use crate::audio::{Encoding, Info, Layout, Source, Speaker};
use crate::message::{Error, Finding, Result, Severity};
use crate::session::{Clip, ClipControls, Crossfade, CrossfadeShape, LoopControls, Session, controls};
use content::{Course, Loop};
use dsp::block::Buffer;
use fade::{Envelope, Fade};
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
    fade_in: Fade,
    fade_out: Fade,
    envelope: Envelope,
    /// What is played of the file, and in which order, when it is not simply from `skip` on.
    course: Option<Course>,
    /// Speed, and length at the same pitch.
    pace: Pace,
    /// Frames of what is played that are left out at the beginning, at the file's rate.
    from: u64,
    /// Whether it begins, and ends, where a recording goes on: a cut that can click.
    cut: [bool; 2],
    /// Level that a cut may have: a step of the file's own bits.
    step: f64,
    /// How the clip before goes over into this one.
    crossfade: (Crossfade, u64, CrossfadeShape),
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
        let of_file = |seconds: f64| (seconds * f64::from(own)).round() as u64;
        let skip = of_file(clip.controls.offset_seconds);
        if skip >= total && total > 0 {
            let what = format!("the clip begins {skip} frames into a file of {total}");
            return Err(fail(Error::input("offset_past_end", what).hint("make offset_seconds smaller")));
        }
        let wanted = session.frame_at(clip.controls.length_seconds);
        let pace = Pace { speed: clip.controls.speed, stretch: clip.controls.stretch };
        let course = course(clip, pace, of_file, (skip, total)).map_err(fail)?;
        let left = u128::from(pace.frames(course.frames(), own)) * u128::from(rate);
        let left = u64::try_from(left.div_ceil(u128::from(own))).unwrap_or(u64::MAX);
        let frames = if wanted == 0 { left } else { wanted.min(left) };
        if wanted > left {
            findings.push(short(clip, wanted - left, rate));
        }
        if own != rate {
            findings.push(converted(clip, own, rate));
        }
        let controls = &clip.controls;
        let [fade_in, fade_out] = fades(session, controls, frames);
        let length = session.frame_at(controls.crossfade_ms * 1e-3);
        Ok(Self {
            path,
            pick,
            start: session.frame_at(clip.start_seconds(session)),
            frames,
            skip,
            to_end: frames == left && course.is_plain() && pace.is_plain(),
            gain: controls::fader_gain(controls.gain_db),
            fade_in,
            fade_out,
            envelope: Envelope::new(&clip.gain_points, rate),
            cut: course.cuts(frames < left),
            course: Some(course).filter(|course| !course.is_plain() || !pace.is_plain()),
            pace,
            from: 0,
            step: step(info.encoding),
            crossfade: (controls.crossfade, length, controls.crossfade_shape),
            session_rate_hz: rate,
            file_rate_hz: own,
        })
    }

    /// Gain of the fades at a frame of the clip. Both fades of a short clip multiply.
    fn fade(&self, frame: u64) -> f64 {
        let mut gain = 1.0;
        if frame < self.fade_in.frames {
            gain *= self.fade_in.gain(frame);
        }
        let left = self.frames - frame.min(self.frames);
        if left < self.fade_out.frames {
            gain *= self.fade_out.gain(left);
        }
        gain
    }

    /// The clip from a frame of it on, without fades.
    fn bare_from(&self, frame: u64) -> Self {
        let seconds = frame as f64 / f64::from(self.session_rate_hz.max(1));
        let from = seconds * f64::from(self.file_rate_hz) * self.pace.speed / self.pace.stretch;
        Self {
            start: self.start.saturating_add(frame),
            frames: self.frames.saturating_sub(frame),
            from: self.from.saturating_add(from.round() as u64),
            to_end: false,
            fade_in: Fade::default(),
            fade_out: Fade::default(),
            cut: [false; 2],
            ..self.clone()
        }
    }
}

/// Speed of a clip, and its length at the same pitch.
#[derive(Debug, Clone, Copy)]
struct Pace {
    speed: f64,
    stretch: f64,
}

impl Pace {
    fn is_plain(self) -> bool {
        self.speed == 1.0 && self.stretch == 1.0
    }

    /// What the file's frames go through, in this order, at the file's rate.
    fn conversions(self, channels: usize, sample_rate_hz: u32) -> Vec<Conversion> {
        let stretch =
            (self.stretch != 1.0).then(|| Conversion::stretch(self.stretch, channels, sample_rate_hz));
        let speed = (self.speed != 1.0).then(|| Conversion::speed(self.speed, channels));
        stretch.into_iter().chain(speed).collect()
    }

    /// Frames that so many become.
    fn frames(self, frames: u64, sample_rate_hz: u32) -> u64 {
        self.conversions(1, sample_rate_hz).iter().fold(frames, |frames, stage| stage.output_frames(frames))
    }
}

/// Which frames of the file a clip plays, in which order; `skip` of `total` are left out at its beginning.
fn course(
    clip: &Clip,
    pace: Pace,
    of_file: impl Fn(f64) -> u64,
    (skip, total): (u64, u64),
) -> Result<Course> {
    // Frames of the file that fill the length asked for.
    let wanted = of_file(clip.controls.length_seconds * pace.speed / pace.stretch);
    let mut course = Course::new(skip, total);
    if let Some(looped) = &clip.looped {
        course = course.looped(loop_part(looped, of_file, skip, total)?, wanted);
    }
    Ok(if clip.controls.reverse { course.reversed(wanted) } else { course })
}

/// The fades drawn at both ends of a clip of so many frames.
fn fades(session: &Session, of: &ClipControls, frames: u64) -> [Fade; 2] {
    let frames = |ms: f64| session.frame_at(ms * 1e-3).min(frames);
    [
        Fade::drawn(frames(of.fade_in_ms), of.fade_in_shape, of.fade_in_curvature),
        Fade::drawn(frames(of.fade_out_ms), of.fade_out_shape, of.fade_out_curvature),
    ]
}

/// The frames of a loop; its crossfade is cut to what there is before its beginning.
fn loop_part(looped: &LoopControls, of_file: impl Fn(f64) -> u64, skip: u64, total: u64) -> Result<Loop> {
    let (start, end) = (of_file(looped.start_seconds), of_file(looped.end_seconds));
    let end = if end == 0 { total } else { end };
    if end > total || start >= end || skip >= end {
        let what = format!("the loop goes from frame {start} to {end} of a file of {total}, from {skip} on");
        return Err(Error::input("bad_loop", what).hint("begin and end the loop inside the file"));
    }
    let fade = if looped.crossfade == Crossfade::None { 0 } else { of_file(looped.crossfade_ms * 1e-3) };
    let fade = fade.min(start).min(end - start);
    Ok(Loop { start, end, count: looped.count as u64, fade, law: looped.crossfade })
}

/// Size of a step of what a file stores; of 24 bits where steps have no meaning.
fn step(encoding: Encoding) -> f64 {
    let bits = match encoding {
        Encoding::Int(bits) => bits.clamp(1, 32),
        _ => 24,
    };
    1.0 / (1_u64 << (bits - 1)) as f64
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
