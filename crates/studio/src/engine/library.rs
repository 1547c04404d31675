//! Where the engine gets its audio from.

use crate::audio::{Info, MemorySource, Source};
use crate::decode;
use crate::message::{Error, Finding, Result};
use dsp::block::Buffer;
use dsp::resample::{Resampler, Slope};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Opens what a session names. Called from several threads, and more than once for the same path.
pub trait Library: Sync {
    /// A stream from the first frame on.
    fn open(&self, path: &Path) -> Result<Box<dyn Source>>;
}

/// Files on disk.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files {
    /// How to treat doubtful ones.
    pub options: decode::Options,
}

impl Library for Files {
    fn open(&self, path: &Path) -> Result<Box<dyn Source>> {
        decode::open(path, self.options)
    }
}

/// Audio in memory, by path: for tests and for audio that is made, not recorded.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    audio: BTreeMap<PathBuf, MemorySource>,
}

impl Shelf {
    /// Puts audio where a path will find it.
    pub fn put(&mut self, path: impl Into<PathBuf>, audio: Buffer, sample_rate_hz: u32) {
        self.audio.insert(path.into(), MemorySource::new(audio, sample_rate_hz));
    }
}

impl Library for Shelf {
    fn open(&self, path: &Path) -> Result<Box<dyn Source>> {
        let found = self.audio.get(path).cloned();
        found
            .map(|source| Box::new(source) as Box<dyn Source>)
            .ok_or_else(|| Error::input("not_found", "nothing in memory").at(path.display()))
    }
}

/// A change of rate. Frame `n` of the output is the instant `n / rate` exactly; the length is `ceil(frames * to / from)`.
pub(super) struct Conversion {
    converter: Resampler,
    waiting: Vec<Vec<f64>>,
    scratch: Buffer,
    ended: bool,
}

impl Conversion {
    pub(super) fn new(from_hz: u32, to_hz: u32, channels: usize) -> Result<Self> {
        let converter = Resampler::new(from_hz, to_hz, channels, Slope::Gentle)
            .map_err(|error| Error::input("unsupported", error.to_string()))?;
        let scratch = Buffer::new(channels, 4096);
        Ok(Self { converter, waiting: vec![Vec::new(); channels], scratch, ended: false })
    }

    /// Fills `buffer` from what `source` gives.
    pub(super) fn read(
        &mut self,
        buffer: &mut Buffer,
        source: &mut dyn FnMut(&mut Buffer) -> Result<()>,
    ) -> Result<()> {
        while !self.ended && self.waiting.first().is_some_and(|plane| plane.len() < buffer.capacity()) {
            source(&mut self.scratch)?;
            if self.scratch.frames() == 0 {
                self.converter.finish(&mut self.waiting);
                self.ended = true;
            } else {
                self.converter.process(self.scratch.view(), &mut self.waiting);
            }
        }
        let frames = self.waiting.first().map_or(0, Vec::len).min(buffer.capacity());
        buffer.set_frames(frames);
        for (channel, plane) in self.waiting.iter_mut().enumerate() {
            buffer.channel_mut(channel).copy_from_slice(&plane[..frames]);
            plane.drain(..frames);
        }
        Ok(())
    }
}

/// A source at another rate. Frame `n` of the output is the instant `n / rate` exactly; the length is
/// `ceil(frames * to / from)`.
pub struct Converted {
    inner: Box<dyn Source>,
    info: Info,
    conversion: Conversion,
}

impl Converted {
    /// `inner` at `sample_rate_hz`. What was skipped on `inner` before stays skipped.
    pub fn new(inner: Box<dyn Source>, sample_rate_hz: u32) -> Result<Self> {
        let conversion =
            Conversion::new(inner.info().sample_rate_hz, sample_rate_hz, inner.info().channels())?;
        let frames = inner.info().frames.map(|frames| conversion.converter.output_frames(frames));
        let info = Info { sample_rate_hz, frames, ..inner.info().clone() };
        Ok(Self { inner, info, conversion })
    }
}

impl Source for Converted {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        self.conversion.read(buffer, &mut |block| self.inner.read(block))
    }

    fn findings(&self) -> Vec<Finding> {
        self.inner.findings()
    }
}
