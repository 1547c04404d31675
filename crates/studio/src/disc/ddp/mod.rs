//! DDP 2.00 filesets: what plants press from.
//!
//! The layout is what filesets in the field show (see `records`); DDP is a trademark of DCA Inc., and nothing here is
//! certified by anyone.

mod checksums;
mod fields;
mod read;
mod records;
#[cfg(test)]
pub(crate) mod tests;

pub use read::{Fileset, read};

use super::burn::fill;
use super::check::RedBook;
use super::cue;
use super::image::{Hashes, Image, hash_all, hashes};
use super::pending::Pending;
use crate::files::{NewFile, NewFolder};
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use serde::Serialize;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Whose filesets ours are like, byte by byte, where writers differ. Plants take both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Numbers after zeros, `PQDESCR`, scrambling flag 0: as Sonoris and HOFA write.
    #[default]
    Sonoris,
    /// Numbers after blanks, `SD`, scrambling flag 1: as `cue2ddp` writes.
    Cue2ddp,
}

impl Profile {
    fn zeros(self) -> bool {
        self == Self::Sonoris
    }

    fn scrambled(self) -> &'static str {
        if self == Self::Sonoris { "0" } else { "1" }
    }

    /// File of the PQ descriptor.
    #[must_use]
    pub fn pq_name(self) -> &'static str {
        if self == Self::Sonoris { "PQDESCR" } else { "SD" }
    }

    /// File of the CD-TEXT.
    #[must_use]
    pub fn text_name(self) -> &'static str {
        "CDTEXT.BIN"
    }

    /// File of the audio.
    #[must_use]
    pub fn image_name(self) -> &'static str {
        "IMAGE.DAT"
    }
}

/// How a fileset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Options {
    /// Whose filesets it is like.
    pub profile: Profile,
    /// Write the ISRC on index 00 and on index 01. Some plants ask for it; some programs then show it twice.
    pub isrc_on_both: bool,
    /// Write `CHECKSUM.TXT` with CRC-32 beside `CHECKSUM.MD5`.
    pub crc32: bool,
    /// Write `IMAGE.cue`, a cue sheet over the image in the time of the disc, for looking at it.
    pub cue: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { profile: Profile::default(), isrc_on_both: false, crc32: false, cue: true }
    }
}

/// Names a fileset of ours can have, for finding what an earlier one left.
const NAMES: [&str; 9] = [
    "DDPID",
    "DDPMS",
    "PQDESCR",
    "SD",
    "CDTEXT.BIN",
    "IMAGE.DAT",
    "CHECKSUM.MD5",
    "CHECKSUM.TXT",
    "IMAGE.cue",
];

/// A fileset that is being written. Dropped without [`finish`](Self::finish) and a commit, it leaves nothing.
#[derive(Debug)]
pub struct Writer<'a> {
    disc: &'a RedBook,
    options: Options,
    image: Image<BufWriter<File>>,
    image_file: NewFile,
    /// The other files with their content.
    small: Vec<(NewFile, String, Vec<u8>)>,
    /// Checksum files, whose content is known last.
    sums: Vec<NewFile>,
    stale: Vec<PathBuf>,
    folder: NewFolder,
}

impl<'a> Writer<'a> {
    /// Begins a fileset in `folder`, which is made if it is not there. Every name is tried now, so nothing is rendered for a
    /// folder that cannot take it.
    ///
    /// # Errors
    /// `exists` when files of a fileset are there, without `force`; as [`NewFile::create`] and [`NewFolder::create`].
    pub fn create(folder: &Path, disc: &'a RedBook, options: Options, force: bool) -> Result<Self> {
        let made = NewFolder::create(folder)?;
        let names = contents(disc, &options);
        let stale: Vec<PathBuf> = NAMES
            .iter()
            .filter(|name| **name != options.profile.image_name())
            .filter(|name| !names.iter().any(|(own, _)| own == *name))
            .map(|name| folder.join(name))
            .filter(|path| path.is_file())
            .collect();
        if let (Some(first), false) = (stale.first(), force) {
            return Err(Error::new(Kind::Io, "exists", "a file of another fileset is here already")
                .at(first.display())
                .hint("write into an empty folder, or allow replacing it (--force)"));
        }
        let new = |name: &str| NewFile::create(&folder.join(name), force);
        let small: Vec<(NewFile, String, Vec<u8>)> =
            names.into_iter().map(|(name, bytes)| Ok((new(&name)?, name, bytes))).collect::<Result<_>>()?;
        let mut sums = vec![new("CHECKSUM.MD5")?];
        if options.crc32 {
            sums.push(new("CHECKSUM.TXT")?);
        }
        let stale = stale.into_iter().filter(|path| sums.iter().all(|sum| sum.target() != path)).collect();
        let image_file = new(options.profile.image_name())?;
        let out = BufWriter::with_capacity(1 << 20, image_file.handle()?);
        let image = Image::new(out, disc.disc().end);
        Ok(Self { disc, options, image, image_file, small, sums, stale, folder: made })
    }

    /// Frames taken so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.image.frames()
    }

    /// Appends audio in disc time, the first pregap included: 16-bit stereo, left and right in turn.
    ///
    /// # Errors
    /// As [`Image::push`].
    pub fn push(&mut self, interleaved: &[i16]) -> Result<()> {
        self.image.push(interleaved).map_err(|error| self.about_image(error))
    }

    /// Appends frames of silence: the first pregap, as a rule.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_silence(&mut self, frames: u64) -> Result<()> {
        self.image.push_silence(frames).map_err(|error| self.about_image(error))
    }

    /// Ends the image, writes the records and the checksums, reads all of it back from the disk.
    ///
    /// # Errors
    /// `image_length` when the audio ends before the disc; `read_back` when the disk gives back something else; `disk_full`,
    /// `io`; `interrupted`.
    pub fn finish(self, job: &Job<'_>) -> Result<Pending> {
        // The folder first: what is named here last goes first, and the folder has to be empty when it goes.
        let Self { folder, disc, options, mut image_file, image, small, sums, stale } = self;
        let target = image_file.target().to_owned();
        let (_, image_hashes) =
            image.finish().map_err(|error| Error { at: None, ..error }.at(target.display()))?;
        let mut hashed: Vec<(String, Hashes)> = Vec::new();
        let mut files = Vec::new();
        for (file, name, bytes) in small {
            if !name.ends_with(".cue") {
                hashed.push((name, hashes(&bytes)));
            }
            files.push(fill(file, &bytes)?);
        }
        hashed.push((options.profile.image_name().to_owned(), image_hashes.clone()));
        for (at, file) in sums.into_iter().enumerate() {
            let text = if at == 0 { checksums::md5_file(&hashed) } else { checksums::crc_file(&hashed) };
            files.push(fill(file, text.as_bytes())?);
        }
        read_back(&mut image_file, &image_hashes, disc, job)?;
        files.push(image_file);
        let findings = disc.findings().iter().cloned().chain(untold_pregap(disc)).collect();
        Ok(Pending::new(folder, files, stale, findings))
    }

    fn about_image(&self, error: Error) -> Error {
        Error { at: None, ..error }.at(self.image_file.target().display())
    }
}

/// Names and bytes of everything that is known before the audio, in the order of the checksum files.
fn contents(disc: &RedBook, options: &Options) -> Vec<(String, Vec<u8>)> {
    let profile = options.profile;
    let pq = records::pq(disc.disc(), options);
    let map = records::map(disc.disc(), pq.len(), disc.packs().len(), profile);
    let mut files = vec![("DDPID".to_owned(), records::identity(disc.disc())), ("DDPMS".to_owned(), map)];
    if !disc.packs().is_empty() {
        files.push((profile.text_name().to_owned(), disc.packs().to_vec()));
    }
    files.push((profile.pq_name().to_owned(), pq));
    if options.cue {
        files.push(("IMAGE.cue".to_owned(), cue::of_image(disc.disc(), profile.image_name())));
    }
    files
}

/// Reads the image from the disk and compares it with what was written.
fn read_back(file: &mut NewFile, written: &Hashes, disc: &RedBook, job: &Job<'_>) -> Result<()> {
    let target = file.target().to_owned();
    let failed = |error: &std::io::Error| Error::io(&target, "read the image back", error);
    let length = disc.disc().end.bytes();
    let mut on_disk = File::open(file.temporary()).map_err(|error| failed(&error))?;
    let (found, bytes) =
        hash_all(&mut on_disk, &failed, &mut |done| job.step("read the image back", done, length))?;
    if found != *written || bytes != length {
        let what = "the image reads back otherwise than it was written; it was removed";
        return Err(Error::new(Kind::Io, "read_back", what)
            .at(target.display())
            .hint("the disk or its connection is faulty: write to another one"));
    }
    Ok(())
}

/// The map has four digits for the first pregap: a longer one is only in the PQ descriptor, where readers look for it.
fn untold_pregap(disc: &RedBook) -> Option<Finding> {
    let start = disc.disc().tracks.first()?.start;
    (start.get() > records::LONGEST_TOLD_PREGAP).then(|| {
        Finding::new(
            "pregap_untold",
            Severity::Info,
            format!("the first pregap of {start} is left blank in DDPMS"),
        )
        .limit("9999 sectors")
        .advice("tell the plant of the hidden track; the PQ descriptor holds its length")
    })
}
