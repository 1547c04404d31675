//! Lossy streams as files of their own: with tags, gains and cover, to be listened to and handed on.
//!
//! MP3 gets an ID3v2.4 tag before its first frame, AAC goes into M4A with its delay told, Opus and Vorbis get their comments into
//! the header of their Ogg stream. The stream itself is the one that was checked, bit by bit. Every file is decoded again before it
//! counts as written.

mod mp4;
mod ogg;
#[cfg(test)]
mod tests;

use crate::audio::Source;
use crate::codec::Encoded;
use crate::decode;
use crate::deliver::{Artwork, ReplayGain, id3, replay_gain};
use crate::files::NewFile;
use crate::job::Job;
use crate::message::{Error, Kind, Result};
use crate::targets::Family;
use dsp::block::Buffer;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

/// What a file says besides its sound.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Labels {
    /// Texts under their Vorbis names.
    pub tags: Vec<(String, String)>,
    /// The cover.
    pub artwork: Option<Artwork>,
    /// Gain of the track.
    pub track: Option<ReplayGain>,
    /// Gain of its album.
    pub album: Option<ReplayGain>,
}

impl Labels {
    /// All texts for a codec. Opus has gains of its own and none of ReplayGain (RFC 7845, section 5.2.1).
    fn texts(&self, family: Family) -> Vec<(String, String)> {
        let mut texts = self.tags.clone();
        match family {
            Family::Opus => {
                let gains = [("R128_TRACK_GAIN", self.track), ("R128_ALBUM_GAIN", self.album)];
                let told = gains.into_iter().filter_map(|(name, gain)| Some((name, gain?)));
                texts.extend(told.map(|(name, gain)| (name.to_owned(), gain.opus_q8().to_string())));
            }
            _ => texts.extend(self.track.into_iter().flat_map(|track| replay_gain::pairs(track, self.album))),
        }
        texts
    }
}

/// Usual ending of a file of that family.
#[must_use]
pub fn ending(family: Family) -> &'static str {
    match family {
        Family::Aac => "m4a",
        Family::Mp3 => "mp3",
        Family::Vorbis => "ogg",
        Family::Opus => "opus",
    }
}

/// Writes a stream with its labels to a file that has only to be named, decodes it, and compares every sample with the bare stream.
///
/// # Errors
/// `read_back` when the file decodes to something else; `disk_full`, `io`; as [`NewFile::create`]; `interrupted`.
pub fn write(encoded: &Encoded, path: &Path, labels: &Labels, force: bool, job: &Job<'_>) -> Result<NewFile> {
    let new = NewFile::create(path, force)?;
    let failed = |error: std::io::Error| Error::io(path, "write the file", &error);
    let mut from = BufReader::new(File::open(encoded.path()).map_err(failed)?);
    let mut to = BufWriter::new(new.handle()?);
    let family = encoded.codec().family;
    let texts = labels.texts(family);
    match family {
        Family::Mp3 => {
            let tag = id3::tag(&texts, labels.artwork.as_ref(), 0);
            to.write_all(&tag).and_then(|()| std::io::copy(&mut from, &mut to)).map(drop).map_err(failed)?;
        }
        Family::Aac => {
            let shape = mp4::Shape {
                rate_hz: encoded.sample_rate_hz(),
                frames: encoded.frames(),
                priming: encoded.priming(),
            };
            mp4::write(&mut from, &mut to, shape, &texts, labels.artwork.as_ref()).map_err(failed)?;
        }
        Family::Opus | Family::Vorbis => {
            ogg::relabel(&mut from, &mut to, &texts, labels.artwork.as_ref()).map_err(failed)?;
        }
    }
    to.flush().map_err(failed)?;
    drop(to);
    same_audio(encoded, new.temporary(), job).map_err(|error| error.at(path.display()))?;
    Ok(new)
}

/// Decodes both and compares every sample.
fn same_audio(encoded: &Encoded, file: &Path, job: &Job<'_>) -> Result<()> {
    let differs = |what: String| {
        Error::new(Kind::Internal, "read_back", format!("the file just written {what}; it was removed"))
    };
    let mut written = decode::open(file, decode::Options::default())
        .map_err(|error| differs(format!("does not decode: {}", error.what)))?;
    let mut meant = encoded.open()?;
    if written.info().channels() != meant.info().channels()
        || written.info().sample_rate_hz != meant.info().sample_rate_hz
    {
        return Err(differs("has another shape".into()));
    }
    let (mut one, mut two) = (Blocks::of(written.as_mut()), Blocks::of(meant.as_mut()));
    let mut done = 0;
    loop {
        job.step("read back", done, encoded.frames().max(done))?;
        let (left, right) = (one.fill()?, two.fill()?);
        let frames = left.min(right);
        if frames == 0 {
            return if left == right {
                Ok(())
            } else {
                Err(differs(format!("ends elsewhere, after {done} frames")))
            };
        }
        if !one.same(&two, frames) {
            return Err(differs(format!("decodes to other samples after frame {done}")));
        }
        one.at += frames;
        two.at += frames;
        done += frames as u64;
    }
}

/// A stream in blocks that need not end where those of another do.
struct Blocks<'a> {
    source: &'a mut dyn Source,
    block: Buffer,
    at: usize,
}

impl<'a> Blocks<'a> {
    fn of(source: &'a mut dyn Source) -> Self {
        let mut block = Buffer::new(source.info().channels(), 4096);
        block.set_frames(0);
        Self { source, block, at: 0 }
    }

    /// Frames that are there; none at the end.
    fn fill(&mut self) -> Result<usize> {
        if self.at == self.block.frames() {
            self.source.read(&mut self.block)?;
            self.at = 0;
        }
        Ok(self.block.frames() - self.at)
    }

    fn same(&self, other: &Self, frames: usize) -> bool {
        let part = |blocks: &Self, channel: usize| -> Vec<u64> {
            let plane = &blocks.block.channel(channel)[blocks.at..blocks.at + frames];
            plane.iter().map(|x| x.to_bits()).collect()
        };
        (0..self.block.channels()).all(|channel| part(self, channel) == part(other, channel))
    }
}
