//! Parts of prints as one stream: songs that are one piece are played without a seam.

use super::listen::open_part;
use crate::audio::{Info, Source};
use crate::handover::Premaster;
use crate::message::{Error, Kind, Result};
use dsp::block::Buffer;
use serde::Serialize;

/// A stretch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Part {
    /// First frame.
    pub start: u64,
    /// How many.
    pub frames: u64,
}

/// Parts of prints, one after the other. All have one rate and as many channels.
pub(super) struct Joined<'a> {
    parts: Vec<(&'a Premaster, Part)>,
    at: usize,
    open: Option<Box<dyn Source>>,
    left: u64,
    info: Info,
}

impl<'a> Joined<'a> {
    /// A stream of parts; there is at least one.
    pub(super) fn new(parts: Vec<(&'a Premaster, Part)>) -> Result<Self> {
        let Some((first, _)) = parts.first() else {
            return Err(Error::new(Kind::Internal, "no_part", "a stream of no parts"));
        };
        let total = parts.iter().map(|(_, part)| part.frames).sum();
        let info = Info { frames: Some(total), ..first.info().clone() };
        Ok(Self { parts, at: 0, open: None, left: 0, info })
    }

    pub(super) fn sample_rate_hz(&self) -> u32 {
        self.info.sample_rate_hz
    }

    /// The part that is being read, opened where it begins.
    fn current(&mut self) -> Result<Option<&mut Box<dyn Source>>> {
        while self.left == 0 {
            let Some((premaster, part)) = self.parts.get(self.at) else { return Ok(None) };
            let mut source = open_part(premaster)?;
            source.skip(part.start).map_err(|error| error.at(premaster.path().display()))?;
            (self.open, self.left, self.at) = (Some(source), part.frames, self.at + 1);
        }
        Ok(self.open.as_mut())
    }
}

impl Source for Joined<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        let left = self.left;
        let capacity = buffer.capacity();
        let path = |own: &Self| {
            let index = own.at.saturating_sub(1);
            own.parts
                .get(index)
                .map_or_else(String::new, |(premaster, _)| premaster.path().display().to_string())
        };
        let Some(source) = self.current()? else {
            buffer.set_frames(0);
            return Ok(());
        };
        buffer.set_frames(capacity);
        let read = source.read(buffer);
        read.map_err(|error| error.at(path(self)))?;
        if buffer.frames() == 0 {
            let what = format!("the print ends {left} frames early: it was changed while it was read");
            return Err(Error::input("truncated", what).at(path(self)));
        }
        // What the file has beyond the part is not heard.
        let taken = (buffer.frames() as u64).min(self.left);
        buffer.set_frames(taken as usize);
        self.left -= taken;
        Ok(())
    }
}
