//! What a clip plays of its file when it is not simply from one place on: loops, and backwards.
//!
//! Nothing is held whole: a loop of up to [`HELD_FRAMES`] is kept, a longer one is read again from the file, and a file is
//! played backwards in stretches of that length, each found by opening the file and skipping to it. At most two stretches are
//! in memory: 32 MB for two channels.

use super::crossfade::{Sums, law_of};
use super::fade::Law;
use crate::audio::Source;
use crate::engine::library::Library;
use crate::message::{Error, Result};
use crate::session::{Crossfade, CrossfadeShape};
use dsp::block::Buffer;
use std::path::{Path, PathBuf};

/// Longest stretch of a file in memory. By our own convention: 16 MB of two channels.
const HELD_FRAMES: u64 = 1 << 20;
/// Frames read ahead where the file is played forwards.
const AHEAD_FRAMES: u64 = 1 << 14;
/// Frames of a loop without end that stand ready behind the clip, so that a rate conversion sees what comes.
const BEHIND_FRAMES: u64 = 1 << 16;

/// A part of a file that is played again and again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loop {
    pub(super) start: u64,
    pub(super) end: u64,
    /// How often; 0: for ever.
    pub(super) count: u64,
    /// Frames of the crossfade before each joint.
    pub(super) fade: u64,
    pub(super) law: Crossfade,
}

/// Which frames of a file are heard, in which order. In frames at the file's own rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Course {
    skip: u64,
    total: u64,
    looped: Option<Loop>,
    reverse: bool,
    frames: u64,
}

impl Course {
    /// From `skip` to the end of a file of `total`.
    pub(super) fn new(skip: u64, total: u64) -> Self {
        Self { skip, total, looped: None, reverse: false, frames: total.saturating_sub(skip) }
    }

    /// With a loop; `wanted` is the length asked for, which alone ends one without a count.
    pub(super) fn looped(self, part: Loop, wanted: u64) -> Self {
        let passes = part.count.saturating_sub(1).saturating_mul(part.end - part.start);
        let frames = match part.count {
            0 => wanted.saturating_add(BEHIND_FRAMES),
            _ => self.frames.saturating_add(passes),
        };
        Self { looped: Some(part), frames, ..self }
    }

    /// Backwards; of `wanted` frames, if any are named.
    pub(super) fn reversed(self, wanted: u64) -> Self {
        let frames = if wanted == 0 { self.frames } else { self.frames.min(wanted) };
        Self { reverse: true, frames, ..self }
    }

    pub(super) fn is_plain(&self) -> bool {
        self.looped.is_none() && !self.reverse
    }

    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether it begins and ends inside the recording; `short` if less than all of it is played.
    pub(super) fn cuts(&self, short: bool) -> [bool; 2] {
        let begin = self.skip > 0;
        let end = short || (self.looped.is_none() && self.skip.saturating_add(self.frames) < self.total);
        if self.reverse { [end, begin || short] } else { [begin, end] }
    }

    /// Frame of the file at a place of the course (played forwards), how many follow it in line, and whether they end at a
    /// joint.
    fn place(&self, at: u64) -> (u64, u64, bool) {
        let plain = |frame: u64| (frame, self.total.saturating_sub(frame), false);
        let Some(part) = self.looped else { return plain(self.skip.saturating_add(at)) };
        let (first, length) = (part.end - self.skip, part.end - part.start);
        let again = part.count != 1;
        let Some(behind) = at.checked_sub(first) else { return (self.skip + at, first - at, again) };
        let pass = behind / length;
        if part.count == 0 || pass + 1 < part.count {
            let inside = behind % length;
            let again = part.count == 0 || pass + 2 < part.count;
            return (part.start + inside, length - inside, again);
        }
        plain(part.end + (behind - (part.count - 1) * length))
    }
}

/// A stretch of a file in memory.
#[derive(Default)]
struct Stretch {
    from: u64,
    audio: Buffer,
}

impl Stretch {
    fn has(&self, from: u64, frames: u64) -> bool {
        from >= self.from && from + frames <= self.from + self.audio.frames() as u64
    }

    fn copy(&self, from: u64, frames: usize, out: &mut Buffer, at: usize) {
        let start = (from - self.from) as usize;
        for channel in 0..out.channels().min(self.audio.channels()) {
            let audio = &self.audio.channel(channel)[start..start + frames];
            out.channel_mut(channel)[at..at + frames].copy_from_slice(audio);
        }
    }
}

/// A file that can be read from any place.
struct Tape {
    path: PathBuf,
    total: u64,
    channels: usize,
    source: Option<Box<dyn Source>>,
    /// Frame the source stands at.
    at: u64,
    window: Stretch,
}

impl Tape {
    /// Reads `frames` from `from` on.
    fn stretch(&mut self, from: u64, frames: u64, library: &dyn Library) -> Result<Stretch> {
        if self.source.is_none() || self.at > from {
            self.source = Some(library.open(&self.path)?);
            self.at = 0;
        }
        let Some(source) = &mut self.source else { return Ok(Stretch::default()) };
        source.skip(from - self.at)?;
        self.at = from + frames;
        let mut audio = Buffer::new(self.channels, frames as usize);
        let mut done = 0;
        while done < frames as usize {
            let mut block = Buffer::new(self.channels, (frames as usize - done).min(4096));
            source.read(&mut block)?;
            if block.frames() == 0 {
                return Err(Error::input("truncated", "the file ended before the clip")
                    .hint("the file changed while it was mixed, or its header lies"));
            }
            for channel in 0..self.channels {
                audio.channel_mut(channel)[done..done + block.frames()]
                    .copy_from_slice(block.channel(channel));
            }
            done += block.frames();
        }
        if self.at >= self.total {
            // The end is where a length or a checksum that does not match is told.
            source.read(&mut Buffer::new(self.channels, 16))?;
        }
        Ok(Stretch { from, audio })
    }

    /// Copies frames to `out`; what is read ahead lies before them if `backwards`.
    fn read(
        &mut self,
        span: (u64, usize),
        backwards: bool,
        out: &mut Buffer,
        at: usize,
        library: &dyn Library,
    ) -> Result<()> {
        let (from, frames) = (span.0, span.1 as u64);
        if !self.window.has(from, frames) {
            let (start, end) = if backwards {
                ((from + frames).saturating_sub(HELD_FRAMES).min(from), from + frames)
            } else {
                (from, (from + frames.max(AHEAD_FRAMES)).min(self.total.max(from + frames)))
            };
            self.window = Stretch::default();
            self.window = self.stretch(start, end - start, library)?;
        }
        self.window.copy(from, span.1, out, at);
        Ok(())
    }
}

/// The course of a clip being played.
pub(super) struct Content {
    course: Course,
    tape: Tape,
    /// Frames played so far.
    done: u64,
    /// The loop, if it is short, with what leads to it.
    held: Option<Stretch>,
    /// What leads to the loop, and the law of its joints.
    joint: Option<(Stretch, Law)>,
}

impl Content {
    pub(super) fn new(path: &Path, course: Course, channels: usize, from: u64) -> Self {
        let tape = Tape {
            path: path.to_owned(),
            total: course.total,
            channels,
            source: None,
            at: 0,
            window: Stretch::default(),
        };
        Self { course, tape, done: from, held: None, joint: None }
    }

    /// Fills `out` with up to its capacity; no frames: the end.
    pub(super) fn read(&mut self, out: &mut Buffer, library: &dyn Library) -> Result<()> {
        let left = self.course.frames.saturating_sub(self.done);
        let frames = (out.capacity() as u64).min(left);
        out.set_frames(frames as usize);
        let from = if self.course.reverse { left - frames } else { self.done };
        self.forwards(from, out, library).map_err(|error| error.at(self.tape.path.display()))?;
        if self.course.reverse {
            (0..out.channels()).for_each(|channel| out.channel_mut(channel).reverse());
        }
        self.done += frames;
        Ok(())
    }

    /// The course from `from` on, forwards.
    fn forwards(&mut self, from: u64, out: &mut Buffer, library: &dyn Library) -> Result<()> {
        let mut at = 0;
        while at < out.frames() {
            let (frame, run, joint) = self.course.place(from + at as u64);
            let count = (out.frames() - at).min(usize::try_from(run).unwrap_or(usize::MAX));
            if count == 0 {
                return Err(Error::input("truncated", "the file ended before the clip"));
            }
            self.copy(frame, count, out, at, library)?;
            if let Some(part) = self.course.looped.filter(|part| joint && part.fade > 0) {
                self.join(part, run, (at, count), out, library)?;
            }
            at += count;
        }
        Ok(())
    }

    fn copy(
        &mut self,
        frame: u64,
        count: usize,
        out: &mut Buffer,
        at: usize,
        library: &dyn Library,
    ) -> Result<()> {
        let part = self.course.looped.filter(|part| part.end - part.start <= HELD_FRAMES / 2);
        if let Some(part) = part
            && (part.start..part.end).contains(&frame)
            && frame + count as u64 <= part.end
        {
            if self.held.is_none() {
                self.held = Some(self.tape.stretch(part.start, part.end - part.start, library)?);
            }
            if let Some(held) = &self.held {
                held.copy(frame, count, out, at);
                return Ok(());
            }
        }
        self.tape.read((frame, count), self.course.reverse, out, at, library)
    }

    /// Fades what leads to the loop in over what leads to the joint, `run` frames from the first of `span`.
    fn join(
        &mut self,
        part: Loop,
        run: u64,
        span: (usize, usize),
        out: &mut Buffer,
        library: &dyn Library,
    ) -> Result<()> {
        let (at, count) = span;
        let first = run.saturating_sub(part.fade);
        if first >= count as u64 {
            return Ok(());
        }
        if self.joint.is_none() {
            let before = self.tape.stretch(part.start - part.fade, part.fade, library)?;
            let tail = self.tape.stretch(part.end - part.fade, part.fade, library)?;
            let law = law_of(part.law, || Sums::of(&before.audio, &tail.audio).correlation());
            self.joint = Some((before, law));
        }
        let Some((before, law)) = &self.joint else { return Ok(()) };
        for offset in first as usize..count {
            // Frames to the joint, and so the way into what leads to the loop.
            let index = part.fade - (run - offset as u64);
            let x = index as f64 / part.fade as f64;
            let gains = [x, 1.0 - x].map(|x| law.gain(x, CrossfadeShape::Linear));
            for channel in 0..out.channels().min(before.audio.channels()) {
                let incoming = before.audio.channel(channel)[index as usize];
                let sample = &mut out.channel_mut(channel)[at + offset];
                *sample = *sample * gains[1] + incoming * gains[0];
            }
        }
        Ok(())
    }
}
