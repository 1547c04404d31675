//! What lossy codecs make of a master: encoded as services do, decoded, measured.
//!
//! A limiter holds the true peak of the file; a lossy encoder throws away what held it down, and the decoded peaks stand up
//! to some decibels higher. [`check`] encodes a file, decodes it with the decoders of [`decode`], lines it up and counts what is over full
//! scale, on samples and between them, as Apple's `afclip` does. [`hold`] does so for several codecs, as many at once as there are
//! threads.
//!
//! AAC, MP3 and Opus are encoded by built-in encoders and, where the user has ffmpeg, a second time by its own (LAME, libopus): the
//! higher peak counts, because encoders differ by some tenths of a decibel, and now and then by more (docs/bars.md). Vorbis is
//! encoded by ffmpeg alone, and where that is missing, that it was not checked is said. Services use other encoders than these (Apple its
//! own, others Fraunhofer's): what is found is the *typical* overshoot of a codec at its rate. The encoders give the same bytes on the
//! same machine whatever the threads; that they do on another machine is not promised (some compute with the processor's own functions).

mod aac;
mod ffmpeg;
mod mp3;
mod opus;
mod overs;
#[cfg(test)]
mod tests;

pub use overs::{ChannelOvers, Over};

use crate::audio::{Info, Source};
use crate::decode;
use crate::files::NewFile;
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::meters::{self, Setup};
use crate::targets::{Codec, Family};
use dsp::block::Buffer;
use dsp::resample::{Resampler, Slope};
use overs::Counted;
use serde::Serialize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Frames encoded at a time.
const BLOCK_FRAMES: usize = 8192;

/// What a codec made of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// The codec.
    pub codec: Codec,
    /// Who encoded it: of two encoders the one whose peak is higher.
    pub encoder: &'static str,
    /// Rate it was encoded at.
    pub sample_rate_hz: u32,
    /// Frames decoded, after lining up.
    pub frames: u64,
    /// Bytes of the stream.
    pub bytes: u64,
    /// Bit rate that came out.
    pub kbps: f64,
    /// True peak before, by the worse of two meters.
    pub source_true_peak_dbtp: f64,
    /// True peak of the decoded stream, by the worse of two meters.
    pub true_peak_dbtp: f64,
    /// Largest decoded sample.
    pub sample_peak_dbfs: f64,
    /// Loudness of the decoded stream; `None` under 400 ms.
    pub integrated_lufs: Option<f64>,
    /// Overs of each channel.
    pub overs: Vec<ChannelOvers>,
    /// The first of them.
    pub first: Vec<Over>,
}

impl Checked {
    /// Overs of all channels, on samples and between them.
    #[must_use]
    pub fn total_overs(&self) -> u64 {
        self.overs.iter().map(|channel| channel.on_sample + channel.inter_sample).sum()
    }
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Encoded, decoded, measured.
    Checked(Box<Checked>),
    /// Not: which codec, and why.
    NotChecked {
        /// The codec.
        codec: Codec,
        /// Why, in words.
        why: String,
    },
}

impl Outcome {
    /// The codec.
    #[must_use]
    pub fn codec(&self) -> Codec {
        match self {
            Self::Checked(checked) => checked.codec,
            Self::NotChecked { codec, .. } => *codec,
        }
    }

    /// Who encoded it, if anybody did.
    #[must_use]
    pub fn encoder(&self) -> &'static str {
        match self {
            Self::Checked(checked) => checked.encoder,
            Self::NotChecked { .. } => "nobody",
        }
    }

    /// True peak of what was decoded, if it was.
    #[must_use]
    pub fn true_peak_dbtp(&self) -> Option<f64> {
        match self {
            Self::Checked(checked) => Some(checked.true_peak_dbtp),
            Self::NotChecked { .. } => None,
        }
    }

    /// What should be known: a codec that was not checked, or one whose decoded peak is over `ceiling_dbtp`.
    #[must_use]
    pub fn finding(&self, about: &str, ceiling_dbtp: f64) -> Option<Finding> {
        let finding = match self {
            Self::NotChecked { codec, why } => Finding::new(
                "codec_not_checked",
                Severity::Warning,
                format!("{codec} was not checked: {why}"),
            )
            .limit("every codec the target names")
            .advice("install ffmpeg with libvorbis, or listen to the encoded file elsewhere"),
            Self::Checked(checked) if checked.true_peak_dbtp > ceiling_dbtp => {
                let measured = format!(
                    "{} ({}) decodes to {:+.2} dBTP, {} overs",
                    checked.codec,
                    checked.encoder,
                    checked.true_peak_dbtp,
                    checked.total_overs()
                );
                Finding::new("codec_over", Severity::Warning, measured)
                    .limit(format!("{ceiling_dbtp:.1} dBTP"))
                    .advice("lower the ceiling of this delivery; `master --check-codecs` does it by as much as it takes")
            }
            Self::Checked(_) => return None,
        };
        Some(finding.about(about))
    }
}

/// Checks a file with several codecs, in the order of the list. `source_true_peak_dbtp` is what the file itself measures.
///
/// Costs a second or two of processor time for a song and codec.
///
/// # Errors
/// What reading the file says; `interrupted`. What an encoder or decoder cannot do is an [`Outcome`].
pub fn hold(
    path: &Path,
    codecs: &[Codec],
    source_true_peak_dbtp: f64,
    job: &Job<'_>,
) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::with_capacity(codecs.len());
    for group in codecs.chunks(job.threads.max(1)) {
        let one = |codec: Codec| check(path, codec, source_true_peak_dbtp, &job.with_threads(1));
        if let [codec] = group {
            outcomes.push(check(path, *codec, source_true_peak_dbtp, job)?);
            continue;
        }
        let results: Vec<Result<Outcome>> = std::thread::scope(|scope| {
            let running: Vec<_> = group.iter().map(|&codec| scope.spawn(move || one(codec))).collect();
            let gone = || Error::new(Kind::Internal, "panic", "the thread that checks a codec panicked");
            running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(gone()))).collect()
        });
        for result in results {
            outcomes.push(result?);
        }
    }
    Ok(outcomes)
}

/// Checks a file with one codec, by two encoders where there are two.
///
/// # Errors
/// As [`hold`].
pub fn check(path: &Path, codec: Codec, source_true_peak_dbtp: f64, job: &Job<'_>) -> Result<Outcome> {
    let opinion = |by| {
        let outcome = opinion(path, codec, by, source_true_peak_dbtp, job)?;
        Ok::<_, Error>(unless_broken(outcome, source_true_peak_dbtp))
    };
    let own = opinion(By::Own)?;
    if codec.family == Family::Vorbis {
        return Ok(own);
    }
    // Where ffmpeg is missing, or has no such encoder, or does not like the file, one opinion has to do.
    let second = opinion(By::Ffmpeg)?;
    Ok(if second.true_peak_dbtp() > own.true_peak_dbtp() { second } else { own })
}

/// Over its source by this much no codec decodes that works: a fault of the encoder, which tells nothing of the codec. (Seen: +67 dB, Opus
/// of a print with direct current that begins in the middle of its sound. All others seen: under 6 dB.)
const BROKEN_DB: f64 = 20.0;

/// An outcome that can be true; else that the encoder broke.
fn unless_broken(outcome: Outcome, source_dbtp: f64) -> Outcome {
    match outcome {
        Outcome::Checked(checked) if checked.true_peak_dbtp > source_dbtp + BROKEN_DB => {
            let (encoder, dbtp) = (checked.encoder, checked.true_peak_dbtp);
            Outcome::NotChecked {
                codec: checked.codec,
                why: format!("the encoder {encoder} breaks on this sound (it decodes to {dbtp:+.0} dBTP)"),
            }
        }
        other => other,
    }
}

/// Whose encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The one that is built in; of Vorbis ffmpeg's.
    Own,
    /// ffmpeg's.
    Ffmpeg,
}

/// What one encoder makes of a file.
fn opinion(path: &Path, codec: Codec, by: By, source_dbtp: f64, job: &Job<'_>) -> Result<Outcome> {
    match stream_by(path, codec, by, job)? {
        Ok(encoded) => encoded.check(source_dbtp, job),
        Err(why) => Ok(Outcome::NotChecked { codec, why }),
    }
}

/// Encodes a file with one codec, or says in words why that cannot be.
///
/// # Errors
/// As [`hold`].
pub fn stream(path: &Path, codec: Codec, job: &Job<'_>) -> Result<std::result::Result<Encoded, String>> {
    stream_by(path, codec, By::Own, job)
}

fn stream_by(
    path: &Path,
    codec: Codec,
    by: By,
    job: &Job<'_>,
) -> Result<std::result::Result<Encoded, String>> {
    let channels = decode::probe(path)?.channels();
    if channels > 2 {
        return Ok(Err(format!("the file has {channels} channels; codecs are checked in mono and stereo")));
    }
    // An encoder may panic on what its makers did not think of; that must not cost the master.
    let encoded = catch_unwind(AssertUnwindSafe(|| encode_by(path, codec, by, job)));
    match encoded {
        Ok(Ok(encoded)) => Ok(Ok(encoded)),
        Ok(Err(Failed::Stop(error))) => Err(error),
        Ok(Err(Failed::Encoder(why))) => Ok(Err(why)),
        Err(_) => Ok(Err("the encoder panicked".to_owned())),
    }
}

/// Why nothing was encoded.
enum Failed {
    /// The file, the disk or the user: no use in going on.
    Stop(Error),
    /// The encoder, in words.
    Encoder(String),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Stop(error)
    }
}

/// A lossy stream in a temporary file, which goes when this is dropped.
pub struct Encoded {
    file: NewFile,
    codec: Codec,
    encoder: &'static str,
    /// Frames that went in, at the rate of the codec.
    frames: u64,
    sample_rate_hz: u32,
    /// Frames that the decoder gives before the first that went in, where the container does not tell them.
    priming: u64,
}

impl Encoded {
    /// The codec.
    #[must_use]
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Where the bare stream is: ADTS, MPEG audio or Ogg.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.temporary()
    }

    /// Frames of the music, at [`sample_rate_hz`](Self::sample_rate_hz).
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Rate of the stream.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// Frames before the music that the stream does not tell of: those of AAC.
    #[must_use]
    pub fn priming(&self) -> u64 {
        self.priming
    }

    /// What is decoded, without anything before and after the music.
    ///
    /// # Errors
    /// What decoding says.
    pub fn open(&self) -> Result<Box<dyn Source>> {
        let inner = decode::open(self.path(), decode::Options::default())?;
        Ok(Box::new(Aligned::new(inner, self.priming, self.frames)?))
    }

    /// Decodes and measures it.
    ///
    /// # Errors
    /// As [`hold`].
    pub fn check(&self, source_true_peak_dbtp: f64, job: &Job<'_>) -> Result<Outcome> {
        match measure(self, self.codec, source_true_peak_dbtp, job) {
            Ok(checked) => Ok(Outcome::Checked(Box::new(checked))),
            Err(error) if matches!(error.kind, Kind::Input | Kind::Internal | Kind::Limit) => {
                let why = format!("what was encoded does not decode: {}", error.what);
                Ok(Outcome::NotChecked { codec: self.codec, why })
            }
            Err(error) => Err(error),
        }
    }
}

/// What takes planar audio at the rate of its codec and writes a stream. Samples are finite.
trait Encoder {
    fn push(&mut self, planes: &[Vec<f64>]) -> std::result::Result<(), Failed>;
    /// Writes what is left. The frames a decoder gives too early, where the container does not tell them.
    fn finish(self: Box<Self>) -> std::result::Result<u64, Failed>;
}

/// Rate at which a codec gets music of `source_hz`: Opus always 48 kHz (RFC 7845); the others 44.1 or 48 kHz, of the same
/// family, as services do with higher rates.
fn rate_hz(family: Family, source_hz: u32) -> u32 {
    match family {
        Family::Opus => 48_000,
        _ if source_hz.is_multiple_of(44_100) => 44_100,
        _ => 48_000,
    }
}

fn encode_by(path: &Path, codec: Codec, by: By, job: &Job<'_>) -> std::result::Result<Encoded, Failed> {
    let mut source = decode::open(path, decode::Options::default())?;
    let info = source.info().clone();
    let (channels, rate) = (info.channels(), rate_hz(codec.family, info.sample_rate_hz));
    // The endings are for people who look into the folder of temporary files; readers go by content.
    let name = format!("tonmeister-codec.{}", codec.family.name());
    let file = NewFile::create(&std::env::temp_dir().join(name), true)?;
    let (mut encoder, name): (Box<dyn Encoder>, _) = match (codec.family, by) {
        (Family::Aac, By::Own) => (Box::new(aac::Aac::new(&file, codec, rate, channels)?), "syom 0.9.0"),
        (Family::Mp3, By::Own) => (Box::new(mp3::Mp3::new(&file, codec, rate, channels)?), "rusty_mp3 1.0.5"),
        (Family::Opus, By::Own) => (Box::new(opus::Opus::new(&file, codec, channels)?), "opus-pure 0.2.2"),
        (family, _) => {
            (Box::new(ffmpeg::Ffmpeg::new(&file, codec, rate, channels)?), ffmpeg::encoder_of(family))
        }
    };
    let mut resampler = Resampler::new(info.sample_rate_hz, rate, channels, Slope::Gentle)
        .map_err(|unsupported| Failed::Encoder(format!("no conversion to {} Hz", unsupported.to_hz)))?;
    let label = format!("check {codec}");
    let (mut block, mut planes, mut frames, mut done) =
        (Buffer::new(channels, BLOCK_FRAMES), vec![Vec::new(); channels], 0, 0);
    loop {
        job.step(&label, done, info.frames.unwrap_or(0).max(done))?;
        source.read(&mut block)?;
        done += block.frames() as u64;
        if block.frames() == 0 {
            resampler.finish(&mut planes);
        } else {
            resampler.process(block.view(), &mut planes);
        }
        frames += planes.first().map_or(0, Vec::len) as u64;
        encoder.push(&planes)?;
        planes.iter_mut().for_each(Vec::clear);
        if block.frames() == 0 {
            break;
        }
    }
    let priming = encoder.finish()?;
    Ok(Encoded { file, codec, encoder: name, frames, sample_rate_hz: rate, priming })
}

fn measure(encoded: &Encoded, codec: Codec, source_dbtp: f64, job: &Job<'_>) -> Result<Checked> {
    let inner = decode::open(encoded.file.temporary(), decode::Options::default())?;
    let setup = Setup::of(inner.info());
    let aligned = Aligned::new(inner, encoded.priming, encoded.frames)?;
    let mut source = Counted::new(Box::new(aligned));
    let measured = meters::measure_as(&mut source, setup, job)?;
    let (overs, first) = source.finish();
    if measured.frames != encoded.frames {
        let what = format!("{} frames came back of {}", measured.frames, encoded.frames);
        return Err(Error::new(Kind::Internal, "codec_length", what));
    }
    let path = encoded.file.temporary();
    let bytes =
        std::fs::metadata(path).map_err(|error| Error::io(path, "look at the encoded file", &error))?.len();
    let seconds = encoded.frames as f64 / f64::from(encoded.sample_rate_hz);
    Ok(Checked {
        codec,
        encoder: encoded.encoder,
        sample_rate_hz: encoded.sample_rate_hz,
        frames: measured.frames,
        bytes,
        kbps: bytes as f64 * 8.0 / 1000.0 / seconds.max(1e-3),
        source_true_peak_dbtp: source_dbtp,
        true_peak_dbtp: measured.true_peak_worst_dbtp(),
        sample_peak_dbfs: measured.sample_peak_dbfs,
        integrated_lufs: measured.integrated_lufs,
        overs,
        first,
    })
}

/// A stream without what a decoder gives before and after the music.
struct Aligned {
    inner: Box<dyn Source>,
    left: u64,
    info: Info,
}

impl Aligned {
    fn new(mut inner: Box<dyn Source>, priming: u64, frames: u64) -> Result<Self> {
        if priming > 0 {
            inner.skip(priming)?;
        }
        let info = Info { frames: Some(frames), ..inner.info().clone() };
        Ok(Self { inner, left: frames, info })
    }
}

impl Source for Aligned {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        if self.left == 0 {
            buffer.set_frames(0);
            return Ok(());
        }
        self.inner.read(buffer)?;
        let frames = (buffer.frames() as u64).min(self.left);
        buffer.set_frames(frames as usize);
        self.left -= frames;
        Ok(())
    }
}

/// Planes as interleaved 32-bit samples.
fn interleave(planes: &[Vec<f64>], to: &mut Vec<f32>) {
    let frames = planes.first().map_or(0, Vec::len);
    to.clear();
    to.resize(frames * planes.len(), 0.0);
    for (channel, plane) in planes.iter().enumerate() {
        for (to, sample) in to.iter_mut().skip(channel).step_by(planes.len()).zip(plane) {
            *to = *sample as f32;
        }
    }
}
