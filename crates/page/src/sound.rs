//! Sound for a page: the same stretch of each version, as a file in letters.

use crate::heard::Heard;
use crate::pair::loudest_seconds;
use crate::png::base64;
use dsp::block::Buffer;
use dsp::math;
use std::io::Read;
use std::path::{Path, PathBuf};
use studio::audio::{Encoding, Source};
use studio::codec;
use studio::decode;
use studio::deliver::{Container, Gate, ReadBack, Spec, Writer};
use studio::difference::Fitted;
use studio::job::Job;
use studio::message::{Error, Kind, Result};
use studio::meters;
use studio::streams::{self, Labels};
use studio::targets::Codec;

/// Where the sound goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Nowhere.
    None,
    /// The loudest stretch, in the page.
    Excerpt,
    /// All of it, in the page.
    Whole,
    /// All of it, in scripts beside the page.
    Beside,
}

/// Length of the fade at either end of a stretch, seconds: no click where it loops. By convention.
const FADE_SECONDS: f64 = 0.005;
/// Longest sound that a page takes, seconds: browsers hold it unpacked, 0.4 MB a second and version. By convention.
pub const MOST_SECONDS: f64 = 900.0;

/// Sound of one version.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// The file as base64.
    pub base64: String,
    /// What it is, in words.
    pub format: String,
    /// Loudness of what is heard; `None` under 400 ms and for silence.
    pub integrated_lufs: Option<f64>,
}

/// Writes the same stretch of every version while they are walked over.
#[derive(Debug)]
pub struct Recorder {
    writers: Vec<Writer>,
    paths: Vec<PathBuf>,
    from: u64,
    frames: u64,
    fade: f64,
    gain: f64,
}

impl Recorder {
    /// For `count` versions, of the stretch `from` with `frames`; temporary files stand beside `output`. All are turned down by one gain
    /// if `largest`, the largest true peak of them, is over full scale.
    ///
    /// # Errors
    /// As [`Writer::create`].
    pub fn new(
        output: &Path,
        count: usize,
        (rate_hz, channels): (u32, usize),
        (from, frames): (u64, u64),
        largest: f64,
    ) -> Result<Self> {
        let name = output.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let path = |index: usize| output.with_file_name(format!("{name}.sound-{index}.flac"));
        let paths: Vec<PathBuf> = (0..count).map(path).collect();
        let spec = Spec::new(Container::Flac, Encoding::Int(16), rate_hz, channels);
        let writers =
            paths.iter().map(|path| Writer::create(path, spec.clone(), true)).collect::<Result<_>>()?;
        // A quarter of a decibel for the dither and for peaks that a conversion of rate adds. By convention.
        let gain = (math::db_to_gain(-0.25) / largest.max(1e-9)).min(1.0);
        let fade = (FADE_SECONDS * f64::from(rate_hz)).max(1.0);
        Ok(Self { writers, paths, from, frames, fade, gain })
    }

    /// Takes what of a block belongs to the stretch.
    ///
    /// # Errors
    /// As [`Writer::write`].
    pub fn push(&mut self, at: u64, blocks: &[Buffer]) -> Result<()> {
        let frames = blocks.first().map_or(0, Buffer::frames);
        let first = self.from.saturating_sub(at).min(frames as u64) as usize;
        let last = (self.from + self.frames).saturating_sub(at).min(frames as u64) as usize;
        if first >= last {
            return Ok(());
        }
        for (writer, block) in self.writers.iter_mut().zip(blocks) {
            let mut part = Buffer::new(block.channels(), last - first);
            for channel in 0..block.channels() {
                let to = part.channel_mut(channel);
                to.copy_from_slice(&block.channel(channel)[first..last]);
                for (n, x) in to.iter_mut().enumerate() {
                    let place = at + (first + n) as u64 - self.from;
                    let edge = place.min(self.frames - 1 - place) as f64;
                    *x = math::sane(*x) * self.gain * ((edge + 0.5) / self.fade).min(1.0);
                }
            }
            writer.write(part.view())?;
        }
        Ok(())
    }

    /// The files, read back and measured; nothing of them stays on the disk.
    ///
    /// # Errors
    /// As [`Writer::verify`]; `not_encoded` when a codec cannot be had.
    pub fn finish(self, codec: Option<Codec>, job: &Job<'_>) -> Result<Vec<Clip>> {
        let one = |(writer, path): (Writer, PathBuf)| {
            let flac = writer.verify(job, &Gate::default())?;
            match codec {
                None => Ok(Clip {
                    base64: base64(&bytes(flac.temporary())?),
                    format: "FLAC, 16 bit, lossless".to_owned(),
                    integrated_lufs: flac.written().measured.integrated_lufs,
                }),
                Some(codec) => encoded(flac.temporary(), &path, codec, job),
            }
        };
        self.writers.into_iter().zip(self.paths).map(one).collect()
    }
}

/// The loudest stretch of a file as it is, beside `output`; gone when it is dropped.
///
/// # Errors
/// What reading and writing say; `interrupted`.
pub fn stretch(heard: &Heard, seconds: f64, output: &Path, job: &Job<'_>) -> Result<ReadBack> {
    let (rate_hz, channels) = (heard.info.sample_rate_hz, heard.info.channels());
    let rate = f64::from(rate_hz);
    let name = output.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    // In floating point: what is over full scale stays so.
    let spec = Spec::new(Container::Wav, Encoding::Float(32), rate_hz, channels);
    let mut writer = Writer::create(&output.with_file_name(format!("{name}.stretch.wav")), spec, true)?;
    let options = decode::Options { repair: true, ..decode::Options::default() };
    let mut source = Fitted::new(decode::open(&heard.path, options)?, rate_hz, channels)?;
    source.skip((loudest_seconds(heard, seconds) * rate) as u64)?;
    let mut left = (seconds * rate) as usize;
    let mut buffer = Buffer::new(channels, 8192);
    while left > 0 {
        source.read(&mut buffer)?;
        let frames = buffer.frames().min(left);
        if frames == 0 {
            break;
        }
        buffer.set_frames(frames);
        writer.write(buffer.view())?;
        left -= frames;
    }
    writer.read_back(job)
}

fn encoded(flac: &Path, path: &Path, codec: Codec, job: &Job<'_>) -> Result<Clip> {
    let encoded = codec::stream(flac, codec, job)?.map_err(|why| {
        Error::new(Kind::Usage, "not_encoded", format!("{codec} cannot be made: {why}"))
            .hint("leave --codec away: the sound is embedded lossless then")
    })?;
    let measured = meters::measure(encoded.open()?.as_mut(), job)?;
    let file = streams::write(
        &encoded,
        &path.with_extension(streams::ending(codec.family)),
        &Labels::default(),
        true,
        job,
    )?;
    Ok(Clip {
        base64: base64(&bytes(file.temporary())?),
        format: format!("{} kbit/s {}, lossy", codec.kbps, codec.family.name().to_uppercase()),
        integrated_lufs: measured.integrated_lufs,
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|error| Error::io(path, "read the sound back", &error))?;
    Ok(bytes)
}

/// Gains that make versions equally loud by turning the louder ones down, dB. What has no loudness stays.
#[must_use]
pub fn matching_db(lufs: &[Option<f64>]) -> Vec<f64> {
    let known = |lufs: &Option<f64>| lufs.filter(|lufs| lufs.is_finite());
    let Some(softest) = lufs.iter().filter_map(known).min_by(f64::total_cmp) else {
        return vec![0.0; lufs.len()];
    };
    lufs.iter().map(|own| known(own).map_or(0.0, |own| softest - own)).collect()
}

/// The same gains, all turned down until none turns up.
#[must_use]
pub fn only_down(gains_db: &[f64]) -> Vec<f64> {
    let most = gains_db.iter().copied().fold(0.0, f64::max);
    gains_db.iter().map(|gain| gain - most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_louder_one_is_turned_down_and_nothing_is_turned_up() {
        assert_eq!(matching_db(&[Some(-14.0), Some(-9.5)]), [0.0, -4.5]);
        assert_eq!(matching_db(&[Some(-9.0), Some(-14.0)]), [-5.0, 0.0]);
        assert_eq!(matching_db(&[None, Some(-9.0)]), [0.0, 0.0]);
        assert_eq!(matching_db(&[Some(f64::NEG_INFINITY), Some(-9.0)]), [0.0, 0.0]);
        assert_eq!(only_down(&[3.0, -2.0]), [0.0, -5.0]);
        assert_eq!(only_down(&[-3.0, -2.0]), [-3.0, -2.0]);
    }
}
