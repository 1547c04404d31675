//! The file that was just written, heard by a stranger.

use super::Spec;
use crate::audio::{Encoding, Info, Source};
use crate::decode;
use crate::job::Job;
use crate::message::{Error, Finding, Result};
use crate::pipe::{self, Next, Stage};
use dsp::block::Buffer;
use std::path::Path;

/// A fingerprint of audio, whatever blocks it comes in: of integers as 32 bits, of floating-point samples as 64, little-endian.
#[derive(Debug, Clone)]
pub(super) struct Tally {
    channels: Vec<blake3::Hasher>,
    /// Full scale of integers, `None` for floating-point samples.
    full_scale: Option<f64>,
    bytes: Vec<u8>,
    samples: u64,
}

impl Tally {
    pub(super) fn new(channels: usize, encoding: Encoding) -> Self {
        let full_scale = match encoding {
            Encoding::Int(bits @ 1..=32) => Some((1_u64 << (bits - 1)) as f64),
            _ => None,
        };
        Self { channels: vec![blake3::Hasher::new(); channels], full_scale, bytes: Vec::new(), samples: 0 }
    }

    /// Appends samples of a channel.
    pub(super) fn add(&mut self, channel: usize, samples: &[f64]) {
        match self.full_scale {
            Some(scale) => self.put(channel, samples, |sample| ((sample * scale) as i32).to_le_bytes()),
            None => self.put(channel, samples, |sample| sample.to_le_bytes()),
        }
    }

    /// Appends integers of a channel.
    pub(super) fn add_integers(&mut self, channel: usize, samples: &[i32]) {
        self.put(channel, samples, |sample| sample.to_le_bytes());
    }

    fn put<T: Copy, const N: usize>(&mut self, channel: usize, samples: &[T], bytes: impl Fn(T) -> [u8; N]) {
        let Some(hasher) = self.channels.get_mut(channel) else { return };
        self.bytes.resize(N * samples.len(), 0);
        let (to, _) = self.bytes.as_chunks_mut::<N>();
        to.iter_mut().zip(samples).for_each(|(to, sample)| *to = bytes(*sample));
        hasher.update(&self.bytes);
        self.samples += samples.len() as u64;
    }

    pub(super) fn frames(&self) -> u64 {
        self.samples / self.channels.len().max(1) as u64
    }

    /// The fingerprint of all channels, in hexadecimal.
    pub(super) fn finish(&self) -> String {
        let mut all = blake3::Hasher::new();
        for channel in &self.channels {
            all.update(channel.finalize().as_bytes());
        }
        all.finalize().to_hex().to_string()
    }
}

/// A source that keeps count of what it gave.
pub(super) struct Compared {
    inner: Box<dyn Source>,
    tally: Tally,
}

impl Compared {
    /// Opens the file and checks that its header says what was meant.
    pub(super) fn open(path: &Path, spec: &Spec, frames: u64) -> Result<Self> {
        let inner = decode::open(path, decode::Options { own: true, ..decode::Options::default() })?;
        let info = inner.info();
        let differs = |what: &str, found: String, meant: String| {
            Err(Error::input("read_back", format!("{what} reads as {found}, {meant} was written")))
        };
        if info.sample_rate_hz != spec.sample_rate_hz {
            return differs(
                "the sample rate",
                info.sample_rate_hz.to_string(),
                spec.sample_rate_hz.to_string(),
            );
        }
        if info.layout.channels() != spec.layout.channels() {
            return differs(
                "the channels",
                info.layout.channels().to_string(),
                spec.layout.channels().to_string(),
            );
        }
        if info.encoding != spec.encoding {
            return differs("the encoding", format!("{:?}", info.encoding), format!("{:?}", spec.encoding));
        }
        if info.frames != Some(frames) {
            return differs("the length", format!("{:?}", info.frames), format!("{frames} frames"));
        }
        let tally = Tally::new(info.channels(), info.encoding);
        Ok(Self { inner, tally })
    }

    /// Reads everything and compares it, on two threads where there are some; the fingerprint when it is as it was written.
    pub(super) fn compare(self, meant: &Tally, job: &Job<'_>) -> Result<String> {
        let Self { mut inner, tally } = self;
        let mut counted = Counted(tally);
        let expected = meant.frames();
        pipe::run(inner.as_mut(), &mut [&mut counted], expected, "measure", job)?;
        Self { inner, tally: counted.0 }.finish(meant)
    }

    /// Compares all that was heard; the fingerprint when it is as it was written.
    pub(super) fn finish(&self, meant: &Tally) -> Result<String> {
        let (found, wanted) = (self.tally.finish(), meant.finish());
        if self.tally.frames() != meant.frames() || found != wanted {
            let what =
                format!("{} frames read differ from {} frames written", self.tally.frames(), meant.frames());
            return Err(Error::input("read_back", what));
        }
        Ok(found)
    }
}

/// Keeps count of what passes.
struct Counted(Tally);

impl Stage for Counted {
    fn push(&mut self, block: Buffer, _next: Next<'_>) -> Result<()> {
        (0..block.channels()).for_each(|channel| self.0.add(channel, block.channel(channel)));
        Ok(())
    }
}

impl Source for Compared {
    fn info(&self) -> &Info {
        self.inner.info()
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        self.inner.read(buffer)?;
        for channel in 0..buffer.channels() {
            self.tally.add(channel, buffer.channel(channel));
        }
        Ok(())
    }

    fn findings(&self) -> Vec<Finding> {
        self.inner.findings()
    }
    // `skip` stays the one that reads: every frame is to be heard.
}
