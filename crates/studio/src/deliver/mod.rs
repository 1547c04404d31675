//! Masters become files.
//!
//! A [`Writer`] takes planar `f64` at the delivery rate, already under its ceiling, and quantises, dithers and encodes it into a
//! temporary file. [`Writer::finish`] then opens that file as a stranger would, decodes all of it, compares every sample with what
//! was meant to be written, measures it, holds it against a [`Gate`], and only when all of that passes gives the file its name.
//! When anything fails nothing is left.

mod adm;
mod artwork;
mod chunks;
mod cover;
mod flac;
mod flac_frames;
mod gate;
mod heard;
pub(crate) mod id3;
mod readback;
pub(crate) mod replay_gain;
mod retag;
pub mod tags;
#[cfg(test)]
mod tags_tests;
#[cfg(test)]
mod tests;
mod twin;
mod wav;

#[cfg(test)]
pub(crate) use artwork::tests::png_head as tests_png;

pub use adm::Adm;
pub use artwork::Artwork;
pub use chunks::{Bext, Loudness};
pub use gate::Gate;
pub use replay_gain::Gain as ReplayGain;
pub use tags::Tags;

use crate::audio::{Encoding, Layout, Source};
use crate::files::NewFile;
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::meters::{self, Halves, Measurements, Setup};
use crate::targets::Target;
use dsp::block::View;
pub use dsp::dither::Dither;
use dsp::dither::Quantiser;
use flac::FlacSink;
use readback::{Compared, Tally};
use retag::Retag;
use serde::Serialize;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use wav::WavSink;

/// Kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// WAV, with RF64 beyond 4 GiB.
    Wav,
    /// FLAC.
    Flac,
}

impl Container {
    /// Usual ending of the file name.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
        }
    }

    /// The container of a name or file ending.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Wav, Self::Flac].into_iter().find(|container| container.ending().eq_ignore_ascii_case(name))
    }
}

/// What to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// Kind of file.
    pub container: Container,
    /// Integers of 16, 20, 24 or 32 bits, or, in WAV, floats of 32 or 64 bits.
    pub encoding: Encoding,
    /// Sample rate.
    pub sample_rate_hz: u32,
    /// Speakers of the channels as they come. They are written in the order of the WAV channel mask.
    pub layout: Layout,
    /// Dither of integers.
    pub dither: Dither,
    /// Seed of the dither.
    pub seed: u64,
    /// Text tags, keys as in Vorbis comments (`TITLE`, `ARTIST`).
    pub tags: Vec<(String, String)>,
    /// The cover.
    pub artwork: Option<Artwork>,
    /// ReplayGain 2.0 tags of the track, by what the file measures: in FLAC, and in WAV where there are tags or artwork.
    pub replay_gain: bool,
    /// Broadcast-wave metadata; WAV only.
    pub bext: Option<Bext>,
    /// Names of the channels, for iXML; WAV only.
    pub track_names: Vec<String>,
    /// Makes a WAV file a bed of the Audio Definition Model: channels in the order of the layout (SMPTE) without a
    /// mask, `chna` and `axml`, and BW64 in place of RF64.
    pub adm: Option<Adm>,
    /// Encodes FLAC on a thread of its own; not a bit depends on it.
    pub encode_aside: bool,
}

impl Spec {
    /// A file without tags, in the usual layout, with plain dither where it is quantised.
    #[must_use]
    pub fn new(container: Container, encoding: Encoding, sample_rate_hz: u32, channels: usize) -> Self {
        Self {
            container,
            encoding,
            sample_rate_hz,
            layout: Layout::of(channels),
            dither: Dither::Triangular,
            seed: 0,
            tags: Vec::new(),
            artwork: None,
            replay_gain: false,
            bext: None,
            track_names: Vec::new(),
            adm: None,
            encode_aside: false,
        }
    }

    /// What a target asks for, at the rate of a source; `bext` for broadcast is the caller's to add.
    #[must_use]
    pub fn for_target(target: &Target, source_hz: u32, channels: usize) -> Self {
        let container = Container::from_name(&target.container.value).unwrap_or(Container::Wav);
        let encoding = Encoding::Int(target.bits.value);
        let rate_hz = target.delivery_rate_hz(source_hz);
        Self { dither: target.dither.value, ..Self::new(container, encoding, rate_hz, channels) }
    }

    fn check(&self) -> Result<()> {
        let unsupported = |what: String| Err(Error::new(Kind::Usage, "unsupported", what));
        if !(1..=4096).contains(&self.layout.channels()) {
            return unsupported(format!("{} channels cannot be written", self.layout.channels()));
        }
        if !(1..=dsp::resample::MAX_RATE_HZ).contains(&self.sample_rate_hz) {
            return unsupported(format!("a sample rate of {} Hz cannot be written", self.sample_rate_hz));
        }
        if self.adm.is_some() && !(self.container == Container::Wav && adm::knows(&self.layout)) {
            return unsupported(format!(
                "{} channels cannot be written as an ADM bed; WAV in mono, stereo, LCR, quad, 5.1, 7.1, 5.1.4 and 7.1.4 can",
                self.layout.channels()
            ));
        }
        match (self.container, self.encoding) {
            (_, Encoding::Int(20)) if self.adm.is_some() => {
                unsupported("BW64 has whole bytes: 16, 24 or 32 bits".into())
            }
            (Container::Flac, _) => flac::check(self).map(drop),
            (Container::Wav, Encoding::Int(16 | 20 | 24 | 32) | Encoding::Float(32 | 64)) => Ok(()),
            (Container::Wav, encoding) => unsupported(format!(
                "{encoding:?} cannot be written; WAV holds integers of 16, 20, 24 or 32 bits and floats of 32 or 64"
            )),
        }
    }
}

/// Bytes of one stored sample.
fn sample_bytes(encoding: Encoding) -> usize {
    match encoding {
        Encoding::Int(bits) | Encoding::Float(bits) => usize::from(bits.div_ceil(8)),
        Encoding::Lossy => 0,
    }
}

/// A delivered file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// Container as a reader names it: `wav`, `rf64`, `flac`.
    pub container: &'static str,
    /// Frames.
    pub frames: u64,
    /// Size of the file.
    pub bytes: u64,
    /// BLAKE3, in hexadecimal, over the BLAKE3 of each channel's decoded audio as little-endian `f64`.
    pub audio_blake3: String,
    /// What the file measures, read back.
    pub measured: Measurements,
    /// What should be known.
    pub findings: Vec<Finding>,
}

/// Frames quantised at a time.
const BLOCK_FRAMES: usize = 4096;

/// A file being written. Dropped without [`finish`](Self::finish), it leaves nothing.
pub struct Writer {
    spec: Spec,
    /// Which channel of the input goes where.
    order: Vec<usize>,
    quantisers: Vec<Quantiser>,
    tally: Tally,
    sink: Sink,
    integers: Vec<i32>,
    interleaved: Vec<i32>,
    values: Vec<f64>,
    bytes: Vec<u8>,
    /// Last, so that the sink is gone before the temporary file is removed.
    file: NewFile,
}

enum Sink {
    Wav(WavFile),
    Flac(FlacSink),
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("spec", &self.spec).field("file", &self.file).finish_non_exhaustive()
    }
}

impl Writer {
    /// Begins a file that is to be called `path`.
    ///
    /// # Errors
    /// `unsupported` for what the container cannot hold; as [`NewFile::create`].
    pub fn create(path: &Path, mut spec: Spec, force: bool) -> Result<Self> {
        spec.check().map_err(|error| error.at(path.display()))?;
        let order =
            if spec.adm.is_some() { (0..spec.layout.channels()).collect() } else { mask_order(&spec.layout) };
        spec.layout = Layout(order.iter().filter_map(|&from| spec.layout.0.get(from).copied()).collect());
        let file = NewFile::create(path, force)?;
        let handle = file.handle()?;
        let sink = match spec.container {
            Container::Wav => {
                Sink::Wav(Box::new(WavSink::new(BufWriter::with_capacity(1 << 20, handle), path, &spec)?))
            }
            Container::Flac => Sink::Flac(FlacSink::new(handle, path, &spec)?),
        };
        let quantisers = match spec.encoding {
            // Noise belongs to the channel as it came.
            Encoding::Int(bits) => {
                order.iter().map(|&c| Quantiser::new(bits, spec.dither, spec.seed, c)).collect()
            }
            _ => Vec::new(),
        };
        Ok(Self {
            tally: Tally::new(order.len(), spec.encoding),
            spec,
            order,
            quantisers,
            sink,
            integers: vec![0; BLOCK_FRAMES],
            interleaved: Vec::new(),
            values: vec![0.0; BLOCK_FRAMES],
            bytes: Vec::new(),
            file,
        })
    }

    /// Frames taken so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.tally.frames()
    }

    /// Appends audio of as many channels as the layout has. How it is cut up changes no bit.
    ///
    /// # Errors
    /// `internal` for other channels, NaN or infinity; `disk_full`, `io`.
    pub fn write(&mut self, audio: View<'_>) -> Result<()> {
        if audio.channels() != self.order.len() {
            let what = format!("audio of {} channels for a file of {}", audio.channels(), self.order.len());
            return Err(Error::new(Kind::Internal, "internal", what).at(self.file.target().display()));
        }
        let mut start = 0;
        while start < audio.frames() {
            let block = audio.slice(start, BLOCK_FRAMES);
            self.write_block(block)?;
            start += block.frames();
        }
        Ok(())
    }

    fn write_block(&mut self, block: View<'_>) -> Result<()> {
        if let Some(at) =
            (0..block.channels()).find_map(|c| block.channel(c).iter().position(|x| !x.is_finite()))
        {
            let frame = self.tally.frames() + at as u64;
            let what = format!("a sample that is no number was about to be written, at frame {frame}");
            return Err(Error::new(Kind::Internal, "not_finite", what).at(self.file.target().display()));
        }
        match self.spec.encoding {
            Encoding::Int(bits) => self.write_integers(block, bits),
            Encoding::Float(bits) => self.write_floats(block, bits),
            Encoding::Lossy => Ok(()),
        }
    }

    fn write_integers(&mut self, block: View<'_>, bits: u16) -> Result<()> {
        let (channels, frames) = (self.order.len(), block.frames());
        self.interleaved.resize(channels * frames, 0);
        for (channel, (&from, quantiser)) in self.order.iter().zip(&mut self.quantisers).enumerate() {
            quantiser.process(block.channel(from), &mut self.integers[..frames]);
            let spread = self.interleaved.iter_mut().skip(channel).step_by(channels);
            spread.zip(&self.integers[..frames]).for_each(|(to, integer)| *to = *integer);
            self.tally.add_integers(channel, &self.integers[..frames]);
        }
        match &mut self.sink {
            Sink::Flac(flac) => flac.write(&self.interleaved),
            Sink::Wav(wav) => {
                let (size, shift) = (usize::from(bits.div_ceil(8)), bits.next_multiple_of(8) - bits);
                self.bytes.resize(size * self.interleaved.len(), 0);
                match size {
                    1 => pack::<1>(&self.interleaved, shift, &mut self.bytes),
                    2 => pack::<2>(&self.interleaved, shift, &mut self.bytes),
                    3 => pack::<3>(&self.interleaved, shift, &mut self.bytes),
                    _ => pack::<4>(&self.interleaved, shift, &mut self.bytes),
                }
                wav.write(&self.bytes)
            }
        }
    }

    fn write_floats(&mut self, block: View<'_>, bits: u16) -> Result<()> {
        let (channels, frames, size) = (self.order.len(), block.frames(), usize::from(bits / 8));
        self.bytes.resize(channels * frames * size, 0);
        for (channel, &from) in self.order.iter().enumerate() {
            let spread = self.bytes.chunks_exact_mut(size).skip(channel).step_by(channels);
            for ((to, value), sample) in spread.zip(&mut self.values).zip(block.channel(from)) {
                if bits == 32 {
                    let narrow = *sample as f32;
                    *value = f64::from(narrow);
                    to.copy_from_slice(&narrow.to_le_bytes());
                } else {
                    *value = *sample;
                    to.copy_from_slice(&sample.to_le_bytes());
                }
            }
            self.tally.add(channel, &self.values[..frames]);
        }
        match &mut self.sink {
            Sink::Wav(wav) => wav.write(&self.bytes),
            Sink::Flac(_) => Ok(()),
        }
    }

    /// Completes the file, reads all of it back, measures it and, if it passes the gate, names it. What was measured goes into
    /// the loudness fields of `bext`, if the file has one.
    ///
    /// # Errors
    /// As [`verify`](Self::verify) and [`Verified::commit`].
    pub fn finish(self, job: &Job<'_>, gate: &Gate) -> Result<Written> {
        self.verify(job, gate)?.commit()
    }

    /// As [`finish`](Self::finish), but the file waits for its name: several files can so appear together or not at all.
    ///
    /// # Errors
    /// As [`read_back`](Self::read_back) and [`ReadBack::within`].
    pub fn verify(self, job: &Job<'_>, gate: &Gate) -> Result<Verified> {
        self.read_back(job)?.within(gate)
    }

    /// Completes the file, reads all of it back and measures it.
    ///
    /// # Errors
    /// `read_back` when the file does not decode to what was written; `disk_full`, `io`; `interrupted`.
    pub fn read_back(self, job: &Job<'_>) -> Result<ReadBack> {
        self.read_back_heard(None, job)
    }

    /// As [`read_back`](Self::read_back); what meters heard while it was written need not be measured again: every sample that is
    /// read is the one that was written, or there is no file.
    ///
    /// # Errors
    /// As [`read_back`](Self::read_back).
    pub(crate) fn read_back_heard(self, heard: Option<Halves>, job: &Job<'_>) -> Result<ReadBack> {
        let Self { spec, quantisers, tally, sink, file, .. } = self;
        let target = file.target().to_owned();
        let wav = close(sink)?;
        let mut findings: Vec<Finding> = spec.artwork.iter().flat_map(Artwork::findings).collect();
        findings.extend(clipping(quantisers.iter().map(Quantiser::clipped).sum()));
        let misread = |error| misread(error, &target);
        let mut source = Compared::open(file.temporary(), &spec, tally.frames()).map_err(misread)?;
        let heard = heard.and_then(|heard| heard.finish_as(Setup::of(source.info())));
        let (measured, audio_blake3) = match heard {
            Some(measured) => (measured, source.compare(&tally, job).map_err(misread)?),
            None => {
                let measured = meters::measure(&mut source, job).map_err(misread)?;
                (measured, source.finish(&tally).map_err(misread)?)
            }
        };
        let retag = Retag::of(&spec, wav.as_ref().and_then(|wav| wav.id3_at()));
        if let Some(mut wav) = wav {
            wav.put_loudness(Loudness::of(&measured))?;
        }
        if let (Some(retag), Some(gain)) = (&retag, ReplayGain::of(&measured)) {
            retag.put(file.temporary(), &target, gain, None)?;
        }
        let about = std::fs::metadata(file.temporary())
            .map_err(|error| Error::io(&target, "look at the file", &error))?;
        let (container, frames) = (measured.container, tally.frames());
        let written =
            Written { path: target, container, frames, bytes: about.len(), audio_blake3, measured, findings };
        Ok(ReadBack { file, written, retag })
    }
}

/// A file that is whole and decodes to what was written. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct ReadBack {
    file: NewFile,
    written: Written,
    retag: Option<Retag>,
}

impl ReadBack {
    /// What it measures.
    #[must_use]
    pub fn measured(&self) -> &Measurements {
        &self.written.measured
    }

    /// Where it is until it has its name.
    #[must_use]
    pub fn temporary(&self) -> &Path {
        self.file.temporary()
    }

    /// Lets the file through if it is within its limits.
    ///
    /// # Errors
    /// `over_ceiling`, `off_target`.
    pub fn within(self, gate: &Gate) -> Result<Verified> {
        let Self { file, written, retag } = self;
        gate.check(&written.measured).map_err(|error| misread(error, &written.path))?;
        Ok(Verified { file, written, retag })
    }
}

/// Integers as `N` little-endian bytes each, left-justified by `shift` bits as the format asks.
fn pack<const N: usize>(integers: &[i32], shift: u16, bytes: &mut [u8]) {
    for (integer, to) in integers.iter().zip(bytes.chunks_exact_mut(N)) {
        to.copy_from_slice(&(integer << shift).to_le_bytes()[..N]);
    }
}

/// A file that is whole, read back and within its gate, and has only to be named. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Verified {
    file: NewFile,
    written: Written,
    retag: Option<Retag>,
}

impl Verified {
    /// What it will be.
    #[must_use]
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// Where it is until it has its name.
    #[must_use]
    pub fn temporary(&self) -> &Path {
        self.file.temporary()
    }

    /// The file alone, to be named together with files of other kinds.
    #[must_use]
    pub fn into_file(self) -> NewFile {
        self.file
    }

    /// Adds the gain of the album this file belongs to, beside its own; nothing happens where [`Spec::replay_gain`] was not asked for or
    /// the file has no place for it.
    ///
    /// # Errors
    /// `io`.
    pub fn put_album_gain(&self, album: ReplayGain) -> Result<()> {
        match (&self.retag, ReplayGain::of(&self.written.measured)) {
            (Some(retag), Some(track)) => {
                retag.put(self.file.temporary(), &self.written.path, track, Some(album))
            }
            _ => Ok(()),
        }
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// `exists`, `disk_full`, `io`.
    pub fn commit(self) -> Result<Written> {
        self.file.commit()?;
        Ok(self.written)
    }
}

/// A WAV file on the disk.
type WavFile = Box<WavSink<BufWriter<File>>>;

/// Completes the file; a WAV file stays open for its loudness.
fn close(sink: Sink) -> Result<Option<WavFile>> {
    match sink {
        Sink::Flac(flac) => flac.finish().map(|()| None),
        Sink::Wav(mut wav) => {
            wav.finish()?;
            Ok(Some(wav))
        }
    }
}

/// Which channel goes where so that speakers stand in the order of the mask's bits; as they come when any is unknown or twice.
fn mask_order(layout: &Layout) -> Vec<usize> {
    let mut order: Vec<usize> = (0..layout.channels()).collect();
    if layout.mask().count_ones() as usize == layout.channels() {
        order.sort_by_key(|&channel| layout.0.get(channel).map_or(0, |speaker| speaker.mask_bit()));
    }
    order
}

/// An error about the temporary file, told about the file it was to become.
fn misread(error: Error, target: &Path) -> Error {
    let kind = if error.kind == Kind::Input { Kind::Internal } else { error.kind };
    let code = if error.kind == Kind::Input { "read_back" } else { error.code };
    let what = if kind == Kind::Internal {
        format!("the file just written does not read back: {}; it was removed", error.what)
    } else {
        error.what
    };
    Error { kind, code, what, at: Some(target.display().to_string()), ..error }
}

fn clipping(clipped: u64) -> Option<Finding> {
    (clipped > 0).then(|| {
        Finding::new(
            "clipped",
            Severity::Warning,
            format!("{clipped} samples beyond full scale were clamped"),
        )
        .limit("none")
        .advice("limit the signal before it is written, or write floats")
    })
}
