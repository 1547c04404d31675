//! Files to burn a disc from at home: one file of audio with a cue sheet, a TOC file for cdrdao and CD-TEXT input sheets.
//!
//! The audio begins at the address 00:02:00: the 150 sectors before it are written by every drive by itself, and a sheet
//! that had them too would put 2 s more before track 1. A hidden track stays.

use super::check::RedBook;
use super::image::{FRAME_BYTES, Image};
use super::pending::Pending;
use super::sectors::Sectors;
use super::text::sheet;
use super::{cue, toc};
use crate::files::{NewFile, NewFolder};
use crate::message::{Error, Finding, Result, Severity};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// How the audio is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audio {
    /// A WAV file.
    #[default]
    Wav,
    /// Raw samples, little-endian.
    Bin,
}

impl Audio {
    fn ending(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Bin => "bin",
        }
    }
}

/// Files for burning that are being written. Dropped without [`finish`](Self::finish) and a commit, it leaves nothing.
#[derive(Debug)]
pub struct Writer<'a> {
    disc: &'a RedBook,
    /// Frames of the first 150 sectors that are still to come, and are left out.
    unseen: u64,
    image: Image<BufWriter<File>>,
    audio: NewFile,
    small: Vec<(NewFile, Vec<u8>)>,
    folder: NewFolder,
}

impl<'a> Writer<'a> {
    /// Begins `stem.wav` (or `.bin`), `stem.cue`, `stem.toc` and a CD-TEXT sheet a language in `folder`, which is made if it
    /// is not there.
    ///
    /// # Errors
    /// As [`NewFile::create`] and [`NewFolder::create`].
    pub fn create(folder: &Path, stem: &str, disc: &'a RedBook, audio: Audio, force: bool) -> Result<Self> {
        let made = NewFolder::create(folder)?;
        let new = |name: &str| NewFile::create(&folder.join(name), force);
        let name = format!("{stem}.{}", audio.ending());
        let (kind, raw) = match audio {
            Audio::Wav => ("WAVE", toc::Kind::Wav),
            Audio::Bin => ("BINARY", toc::Kind::Raw),
        };
        let of = disc.disc();
        let mut small = vec![
            (new(&format!("{stem}.cue"))?, cue::for_burning(of, &name, kind)),
            (new(&format!("{stem}.toc"))?, toc::for_burning(of, &name, raw).into_bytes()),
        ];
        for (at, block) in of.text.iter().enumerate() {
            let number = if at == 0 { String::new() } else { format!("-{}", at + 1) };
            small.push((new(&format!("{stem}.cdtext{number}.txt"))?, sheet::write(of, block)));
        }
        let file = new(&name)?;
        let mut out = BufWriter::with_capacity(1 << 20, file.handle()?);
        let length = of.end.minus(Sectors::FIRST_PREGAP);
        if audio == Audio::Wav {
            out.write_all(&wav_head(length))
                .map_err(|error| Error::io(file.target(), "write the file", &error))?;
        }
        let unseen = Sectors::FIRST_PREGAP.frames();
        Ok(Self { disc, unseen, image: Image::new(out, length), audio: file, small, folder: made })
    }

    /// Appends audio in disc time, the first pregap included, as [`ddp::Writer::push`](super::ddp::Writer::push) takes it.
    ///
    /// # Errors
    /// As [`Image::push`].
    pub fn push(&mut self, interleaved: &[i16]) -> Result<()> {
        let skipped = self.unseen.min((interleaved.len() / 2) as u64);
        self.unseen -= skipped;
        let seen = interleaved.get(2 * skipped as usize..).unwrap_or_default();
        self.image.push(seen).map_err(|error| self.about_audio(error))
    }

    /// Appends frames of silence.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_silence(&mut self, frames: u64) -> Result<()> {
        let skipped = self.unseen.min(frames);
        self.unseen -= skipped;
        self.image.push_silence(frames - skipped).map_err(|error| self.about_audio(error))
    }

    /// Ends the audio.
    ///
    /// # Errors
    /// As [`Image::finish`].
    pub fn finish(self) -> Result<Pending> {
        let target = self.audio.target().to_owned();
        // The folder first: it has to be empty when it goes.
        let Self { folder, disc, audio, image, small, .. } = self;
        image.finish().map_err(|error| Error { at: None, ..error }.at(target.display()))?;
        let mut files = vec![audio];
        for (file, bytes) in small {
            files.push(fill(file, &bytes)?);
        }
        Ok(Pending::new(folder, files, Vec::new(), untold(disc)))
    }

    fn about_audio(&self, error: Error) -> Error {
        Error { at: None, ..error }.at(self.audio.target().display())
    }
}

/// Writes the whole content of a file that waits for its name.
pub(super) fn fill(mut file: NewFile, bytes: &[u8]) -> Result<NewFile> {
    let target = file.target().to_owned();
    file.file().write_all(bytes).map_err(|error| Error::io(&target, "write the file", &error))?;
    Ok(file)
}

/// What sheets cannot tell.
fn untold(disc: &RedBook) -> Vec<Finding> {
    let of = disc.disc();
    let scms = of.tracks.iter().any(|track| track.flags.copying == super::tracks::Copying::Scms);
    let languages = of.text.len() > 1;
    let mut found = Vec::new();
    if scms {
        found.push(
            Finding::new(
                "toc_without_scms",
                Severity::Info,
                "TOC files know no SCMS: the tracks are marked as not to be copied",
            )
            .advice("burn from the cue sheet where SCMS matters"),
        );
    }
    if languages {
        found.push(
            Finding::new("cue_one_language", Severity::Info, "cue sheets hold CD-TEXT in one language")
                .advice("burn from the TOC file, or press from the DDP fileset, for the others"),
        );
    }
    if of.tracks.iter().any(|track| !track.indexes.is_empty()) {
        found.push(
            Finding::new("cue_indexes", Severity::Info, "tracks have indexes after 01")
                .advice("burn from the TOC file with cdrdao, which misreads them in cue sheets"),
        );
    }
    found
}

/// Head of a WAV file of 16-bit stereo at 44 100 Hz: 44 bytes. Source: Microsoft/IBM, "Multimedia Programming Interface and
/// Data Specifications 1.0". A disc has less than 1.1 GB, so 32 bits tell its size.
fn wav_head(length: Sectors) -> Vec<u8> {
    let data = u32::try_from(length.frames() * FRAME_BYTES).unwrap_or(u32::MAX - 36);
    let mut head = b"RIFF".to_vec();
    head.extend((data + 36).to_le_bytes());
    head.extend(b"WAVEfmt ");
    head.extend(16_u32.to_le_bytes());
    head.extend([1_u16, 2].iter().flat_map(|word| word.to_le_bytes()));
    head.extend([44_100_u32, 176_400].iter().flat_map(|word| word.to_le_bytes()));
    head.extend([4_u16, 16].iter().flat_map(|word| word.to_le_bytes()));
    head.extend(b"data");
    head.extend(data.to_le_bytes());
    head
}

#[cfg(test)]
#[path = "burn_tests.rs"]
mod tests;
