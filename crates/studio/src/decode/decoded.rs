//! The stream over anything that is decoded packet by packet by another crate.

use super::Options;
use crate::audio::{Info, Source};
use crate::message::{Error, Finding, Result, Severity};
use dsp::block::Buffer;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Decoded audio that waits to be handed out.
#[derive(Debug, Default)]
pub(super) struct Planes {
    planes: Vec<Vec<f64>>,
    at: usize,
}

impl Planes {
    /// Room for so many channels.
    pub(super) fn new(channels: usize) -> Self {
        Self { planes: vec![Vec::new(); channels], at: 0 }
    }

    /// Number of channels.
    pub(super) fn channels(&self) -> usize {
        self.planes.len()
    }

    /// Frames that wait.
    pub(super) fn frames(&self) -> usize {
        self.planes.first().map_or(0, Vec::len) - self.at
    }

    /// Appends to one channel; every channel must get as much.
    pub(super) fn extend(&mut self, channel: usize, samples: impl Iterator<Item = f64>) {
        if let Some(plane) = self.planes.get_mut(channel) {
            plane.extend(samples);
        }
    }

    /// Appends silence.
    pub(super) fn silence(&mut self, frames: usize) {
        for plane in &mut self.planes {
            plane.resize(plane.len() + frames, 0.0);
        }
    }

    /// Drops frames from the front.
    fn drop_front(&mut self, frames: usize) {
        self.at += frames;
        if self.frames() == 0 {
            self.planes.iter_mut().for_each(Vec::clear);
            self.at = 0;
        }
    }
}

/// Decodes one packet after the other.
pub(super) trait Feed: Send {
    /// Appends the next packet's frames to `out`; `false` at the end. Findings are for damage that was bridged.
    fn next(&mut self, out: &mut Planes, findings: &mut Vec<Finding>) -> Result<bool>;
}

/// Source over a [`Feed`].
pub(super) struct Decoded<F> {
    pub(super) info: Info,
    pub(super) feed: F,
    pub(super) pending: Planes,
    /// Frames of encoder delay yet to be dropped.
    pub(super) delay: u64,
    /// Frames to hand out, where the file declares them; the rest is padding.
    pub(super) frames: Option<u64>,
    pub(super) findings: Vec<Finding>,
    pub(super) options: Options,
    pub(super) name: String,
    pub(super) position: u64,
    pub(super) ended: bool,
}

/// Calls another crate's decoder. On hostile input some of them overflow or index out of bounds, which is damage in
/// the file and no bug of ours; a decoder that did is not used again.
pub(super) fn guarded<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        Err(Error::input("corrupt", "the audio is damaged: it decodes to impossible values"))
    })
}

impl<F: Feed> Decoded<F> {
    /// Waits until something is pending; `false` at the end.
    fn more(&mut self) -> Result<bool> {
        while self.pending.frames() == 0 {
            let Self { feed, pending, findings, .. } = self;
            if !guarded(|| feed.next(pending, findings))? {
                return Ok(false);
            }
            self.drop_delay();
        }
        Ok(true)
    }

    /// Drops what is pending of the encoder delay.
    pub(super) fn drop_delay(&mut self) {
        let dropped = self.delay.min(self.pending.frames() as u64);
        self.delay -= dropped;
        self.pending.drop_front(dropped as usize);
    }

    fn fill(&mut self, buffer: &mut Buffer) -> Result<()> {
        let left = self.frames.map_or(usize::MAX, |frames| {
            usize::try_from(frames.saturating_sub(self.position)).unwrap_or(usize::MAX)
        });
        buffer.set_frames(buffer.capacity().min(left));
        let mut done = 0;
        while done < buffer.frames() && !self.ended {
            match self.more() {
                Ok(true) => done += self.hand_out(buffer, done),
                Ok(false) => {
                    self.ended = true;
                    self.check_end()?;
                }
                Err(error) => {
                    self.ended = true;
                    self.damaged(error)?;
                }
            }
        }
        buffer.set_frames(done);
        Ok(())
    }

    fn hand_out(&mut self, buffer: &mut Buffer, start: usize) -> usize {
        let frames = (buffer.frames() - start).min(self.pending.frames());
        let from = self.pending.at;
        for (channel, plane) in self.pending.planes.iter().enumerate() {
            let out = &mut buffer.channel_mut(channel)[start..start + frames];
            for (out, &sample) in out.iter_mut().zip(&plane[from..]) {
                // A decoder fed with damaged bits may compute infinity; it must not get further.
                *out = if sample.is_finite() { sample } else { 0.0 };
            }
        }
        self.pending.drop_front(frames);
        self.position += frames as u64;
        frames
    }

    fn check_end(&mut self) -> Result<()> {
        match self.frames.filter(|&frames| self.position < frames) {
            None if self.position == 0 => Err(Error::input("no_audio", "the file holds no frames")),
            None => Ok(()),
            Some(frames) => {
                let what = format!("the file is cut short: {} of {frames} frames are there", self.position);
                self.damaged(Error::input("truncated", what))
            }
        }
    }

    /// Damage is an error, unless what is whole is to be salvaged.
    fn damaged(&mut self, error: Error) -> Result<()> {
        let at = (self.position, self.frames, self.info.sample_rate_hz);
        self.findings.push(salvaged(error, at, self.options)?);
        Ok(())
    }
}

/// What is told where a file is damaged behind `position` of so many frames, and what is whole is salvaged.
///
/// # Errors
/// The damage itself, where salvage is not allowed.
pub(super) fn salvaged(
    error: Error,
    (position, frames, sample_rate_hz): (u64, Option<u64>, u32),
    options: Options,
) -> Result<Finding> {
    let told = frames.map_or_else(|| "an unknown number of".to_owned(), |frames| frames.to_string());
    let count = format!("{position} of {told} frames");
    if !options.salvage {
        let what = format!("{}; {count} were decoded", error.what);
        return Err(Error { what, ..error }.hint("copy or export the file again, or allow salvage"));
    }
    Ok(Finding::new(error.code, Severity::Warning, format!("{count}; {}", error.what))
        .limit("every declared frame")
        .advice("only the frames before the damage were taken; export the file again")
        .seconds(position as f64 / f64::from(sample_rate_hz)))
}

impl<F: Feed> Source for Decoded<F> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        super::check_buffer(&self.info, buffer)?;
        self.fill(buffer).map_err(|error| {
            buffer.set_frames(0);
            error.at(&self.name)
        })
    }

    fn findings(&self) -> Vec<Finding> {
        self.findings.iter().cloned().map(|finding| finding.about(&self.name)).collect()
    }
}
