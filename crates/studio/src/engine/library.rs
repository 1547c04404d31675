//! Where the engine gets its audio from.

use crate::audio::{Info, MemorySource, Source};
use crate::decode;
use crate::message::{Error, Finding, Result};
use dsp::block::{Buffer, View};
use dsp::resample::{Resampler, Slope};
use dsp::stretch::{Stretcher, Varispeed};
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

/// What a stream can go through.
enum Converter {
    /// Another rate: frame `n` of the output is the instant `n / rate` exactly; the length is `ceil(frames * to / from)`.
    Rate(Resampler),
    /// Another length at the same pitch.
    Stretch(Box<Stretcher>),
    /// Another speed, and pitch with it.
    Speed(Box<Varispeed>),
}

impl Converter {
    fn process(&mut self, block: View<'_>, waiting: &mut Vec<Vec<f64>>) {
        match self {
            Self::Rate(rate) => rate.process(block, waiting),
            Self::Stretch(stretch) => stretch.process(&block, waiting),
            Self::Speed(speed) => speed.process(&block, waiting),
        }
    }

    fn finish(&mut self, waiting: &mut Vec<Vec<f64>>) {
        match self {
            Self::Rate(rate) => rate.finish(waiting),
            Self::Stretch(stretch) => stretch.finish(waiting),
            Self::Speed(speed) => speed.finish(waiting),
        }
    }
}

/// A change of rate, length or speed of a stream.
pub(super) struct Conversion {
    converter: Converter,
    waiting: Vec<Vec<f64>>,
    scratch: Buffer,
    ended: bool,
}

impl Conversion {
    pub(super) fn new(from_hz: u32, to_hz: u32, channels: usize) -> Result<Self> {
        let converter = Resampler::new(from_hz, to_hz, channels, Slope::Gentle)
            .map_err(|error| Error::input("unsupported", error.to_string()))?;
        Ok(Self::of(Converter::Rate(converter), channels))
    }

    /// To `factor` times the length.
    pub(super) fn stretch(factor: f64, channels: usize, sample_rate_hz: u32) -> Self {
        let stretcher = Stretcher::new(factor, channels, f64::from(sample_rate_hz));
        Self::of(Converter::Stretch(Box::new(stretcher)), channels)
    }

    /// At `ratio` times the speed.
    pub(super) fn speed(ratio: f64, channels: usize) -> Self {
        Self::of(Converter::Speed(Box::new(Varispeed::new(ratio, channels))), channels)
    }

    fn of(converter: Converter, channels: usize) -> Self {
        let scratch = Buffer::new(channels, 4096);
        Self { converter, waiting: vec![Vec::new(); channels], scratch, ended: false }
    }

    /// Frames that come out for `frames` frames in.
    pub(super) fn output_frames(&self, frames: u64) -> u64 {
        match &self.converter {
            Converter::Rate(rate) => rate.output_frames(frames),
            Converter::Stretch(stretch) => stretch.output_frames(frames),
            Converter::Speed(speed) => speed.output_frames(frames),
        }
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
        let frames = inner.info().frames.map(|frames| conversion.output_frames(frames));
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
