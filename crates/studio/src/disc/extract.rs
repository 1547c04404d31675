//! A fileset as files for every day: tracks as WAV with their text, a cue sheet and a TOC file over them.
//!
//! A track goes from its index 01 to the next one's, so the pause before a track closes the file before it; the files, one
//! after the other, are the image without its first pregap. What is hidden in that pregap becomes a file of its own.

use super::ddp::Fileset;
use super::pending::{Pending, commit_all};
use super::pq;
use super::sectors::{SECTOR_BYTES, SECTORS_PER_SECOND, Sectors};
use super::text::{Field, sheet};
use super::toc::{self, Part};
use super::tracks::Disc;
use super::{burn, cue};
use crate::audio::Encoding;
use crate::deliver::{self, Gate, Spec, Verified};
use crate::files::{self, NewFile, NewFolder};
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::sheet::latin;
use dsp::block::Buffer;
use serde::Serialize;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Frames read and written at a time: half a second.
const BLOCK_SECTORS: u32 = 38;

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Extracted {
    /// Number of the track; 0 for what was hidden before track 1.
    pub track: usize,
    /// Where it is.
    pub path: PathBuf,
    /// Where it begins on the disc.
    pub from: Sectors,
    /// How long it is.
    pub length: Sectors,
    /// Integrated loudness; `None` for silence.
    pub integrated_lufs: Option<f64>,
    /// Maximum true peak.
    pub true_peak_dbtp: f64,
}

/// Everything that was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Extraction {
    /// Tracks, in order.
    pub tracks: Vec<Extracted>,
    /// Sheets beside them.
    pub sheets: Vec<PathBuf>,
    /// What should be known.
    pub findings: Vec<Finding>,
}

/// A stretch of the image that becomes a file.
struct Cut {
    track: usize,
    name: String,
    from: Sectors,
    to: Sectors,
    tags: Vec<(String, String)>,
}

/// Writes the tracks of a fileset as 16-bit WAV files, bit by bit, with `disc.cue`, `disc.toc`, a CD-TEXT sheet a language and
/// the PQ sheet. Every file is read back and measured; all appear together or none.
///
/// Costs about 1/100 of the playing time, nearly all of it measuring.
///
/// # Errors
/// `image_length` when the image is shorter than its table says; `no_tracks`; those of [`NewFolder::create`] and of
/// [`deliver::Writer`]; `interrupted`.
pub fn extract(set: &Fileset, folder: &Path, force: bool, job: &Job<'_>) -> Result<Extraction> {
    let disc = &set.disc;
    let mut image = Image::open(&set.image, disc)?;
    let mut findings = Vec::new();
    let cuts = cuts(disc, &mut image, &mut findings)?;
    let made = NewFolder::create(folder)?;
    // Every name is tried before anything is read.
    let sheets = sheets(disc, &cuts, folder, force)?;
    for cut in &cuts {
        let path = folder.join(&cut.name);
        files::refuse_inputs(&path, [set.image.as_path()])?;
        drop(NewFile::create(&path, force)?);
    }
    let total = u64::from(disc.end.get());
    let mut tracks = Vec::new();
    let mut waiting = Vec::new();
    for cut in &cuts {
        let file = write(cut, &mut image, folder, force, total, job)?;
        let measured = &file.written().measured;
        tracks.push(Extracted {
            track: cut.track,
            path: folder.join(&cut.name),
            from: cut.from,
            length: cut.to.minus(cut.from),
            integrated_lufs: measured.integrated_lufs,
            true_peak_dbtp: measured.true_peak_dbtp,
        });
        waiting.push(file.into_file());
    }
    let names: Vec<PathBuf> = sheets.iter().map(|file| file.target().to_owned()).collect();
    waiting.extend(sheets);
    commit_all(vec![Pending::new(made, waiting, Vec::new(), Vec::new())])?;
    Ok(Extraction { tracks, sheets: names, findings })
}

/// What becomes which file.
fn cuts(disc: &Disc, image: &mut Image, findings: &mut Vec<Finding>) -> Result<Vec<Cut>> {
    let first = disc.tracks.first().ok_or_else(|| {
        Error::input("no_tracks", "the disc has no track")
            .at(image.path.display())
            .hint("nothing can be extracted")
    })?;
    let lead = first.start.min(Sectors::FIRST_PREGAP);
    if !image.is_silent(Sectors::ZERO, lead)? {
        findings.push(
            Finding::new(
                "sound_in_first_pregap",
                Severity::Warning,
                "the first 2 s of the image are not silent",
            )
            .limit("digital silence")
            .advice("drives write silence there; this part is not extracted"),
        );
    }
    let mut cuts = Vec::new();
    if first.start > lead {
        cuts.push(Cut {
            track: 0,
            name: "00 hidden.wav".to_owned(),
            from: lead,
            to: first.start,
            tags: Vec::new(),
        });
    }
    for (at, track) in disc.tracks.iter().enumerate() {
        let to = disc.tracks.get(at + 1).map_or(disc.end, |next| next.start);
        let tags = tags(disc, at + 1);
        cuts.push(Cut { track: at + 1, name: name_of(disc, at + 1), from: track.start, to, tags });
    }
    Ok(cuts)
}

/// `01 Title.wav`, of letters that every file system takes and every sheet can tell: ASCII.
fn name_of(disc: &Disc, track: usize) -> String {
    let title = disc.text.first().map_or("", |block| block.get(track, Field::Title));
    let odd = |c: char| !matches!(c, ' '..='~') || "/\\:*?\"<>|".contains(c);
    let plain: String = latin::ascii(title).chars().map(|c| if odd(c) { '_' } else { c }).take(80).collect();
    match plain.trim().trim_end_matches('.') {
        "" => format!("{track:02} Track.wav"),
        title => format!("{track:02} {title}.wav"),
    }
}

/// Text of a track as tags; the disc's performer stands in for a missing one.
fn tags(disc: &Disc, track: usize) -> Vec<(String, String)> {
    let block = disc.text.first();
    let text = |track: usize, field: Field| block.map_or("", |block| block.get(track, field)).to_owned();
    let performer = Some(text(track, Field::Performer)).filter(|own| !own.is_empty());
    let isrc = disc.tracks.get(track.wrapping_sub(1)).and_then(|track| track.isrc.as_ref());
    let tags = [
        ("TITLE", text(track, Field::Title)),
        ("ARTIST", performer.unwrap_or_else(|| text(0, Field::Performer))),
        ("ALBUM", text(0, Field::Title)),
        ("TRACKNUMBER", track.to_string()),
        ("COMPOSER", text(track, Field::Composer)),
        ("ISRC", isrc.map_or_else(String::new, |isrc| isrc.as_str().to_owned())),
    ];
    tags.into_iter().filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key.to_owned(), text)).collect()
}

fn write(
    cut: &Cut,
    image: &mut Image,
    folder: &Path,
    force: bool,
    total: u64,
    job: &Job<'_>,
) -> Result<Verified> {
    let mut spec = Spec::new(deliver::Container::Wav, Encoding::Int(16), 44_100, 2);
    spec.dither = dsp::dither::Dither::None;
    spec.tags.clone_from(&cut.tags);
    let mut writer = deliver::Writer::create(&folder.join(&cut.name), spec, force)?;
    let mut at = cut.from;
    image.seek(at)?;
    while at < cut.to {
        let next = at.plus(Sectors::new(BLOCK_SECTORS)).min(cut.to);
        writer.write(image.read(next.minus(at))?.view())?;
        at = next;
        job.step("extract", u64::from(at.get()), total)?;
    }
    writer.verify(job, &Gate::default())
}

/// The sheets, whole, waiting for their names.
fn sheets(disc: &Disc, cuts: &[Cut], folder: &Path, force: bool) -> Result<Vec<NewFile>> {
    let mut texts = vec![
        ("disc.cue".to_owned(), cue_over(disc, cuts)),
        (
            "disc.toc".to_owned(),
            toc::write(disc, toc::Kind::Wav, &|from, to| parts(cuts, from, to)).into_bytes(),
        ),
        ("pq.txt".to_owned(), pq::of(disc).text().into_bytes()),
    ];
    for (at, block) in disc.text.iter().enumerate() {
        let number = if at == 0 { String::new() } else { format!("-{}", at + 1) };
        texts.push((format!("disc.cdtext{number}.txt"), sheet::write(disc, block)));
    }
    texts
        .into_iter()
        .map(|(name, bytes)| burn::fill(NewFile::create(&folder.join(name), force)?, &bytes))
        .collect()
}

/// A cue sheet over the files: the pause before a track stands in the file before it.
fn cue_over(disc: &Disc, cuts: &[Cut]) -> Vec<u8> {
    let place = |at: Sectors| {
        let cut = cuts.iter().rposition(|cut| cut.from <= at).unwrap_or(0);
        (cut, at.minus(cuts.get(cut).map_or(Sectors::ZERO, |cut| cut.from)))
    };
    let names: Vec<&str> = cuts.iter().map(|cut| cut.name.as_str()).collect();
    cue::over_files(disc, &names, &place)
}

/// Where a stretch of the disc is in the files.
fn parts(cuts: &[Cut], from: Sectors, to: Sectors) -> Vec<Part> {
    let within = cuts.iter().filter(|cut| cut.from < to && cut.to > from);
    within
        .map(|cut| {
            let (start, end) = (from.max(cut.from), to.min(cut.to));
            Part { file: cut.name.clone(), from: start.minus(cut.from), length: end.minus(start) }
        })
        .collect()
}

/// The audio of a fileset.
struct Image {
    file: File,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Image {
    fn open(path: &Path, disc: &Disc) -> Result<Self> {
        let failed = |error: std::io::Error| Error::io(path, "read the image", &error);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length < disc.end.bytes() {
            let what = format!("the image has {length} bytes; the table asks for {}", disc.end.bytes());
            return Err(Error::new(Kind::Input, "image_length", what)
                .at(path.display())
                .hint("the image is cut short: ask for the set again"));
        }
        Ok(Self { file, path: path.to_owned(), bytes: Vec::new() })
    }

    fn seek(&mut self, to: Sectors) -> Result<()> {
        let sought = self.file.seek(SeekFrom::Start(to.bytes()));
        sought.map(drop).map_err(|error| Error::io(&self.path, "read the image", &error))
    }

    fn load(&mut self, sectors: Sectors) -> Result<()> {
        self.bytes.resize(sectors.get() as usize * SECTOR_BYTES as usize, 0);
        self.file.read_exact(&mut self.bytes).map_err(|error| Error::io(&self.path, "read the image", &error))
    }

    /// The next sectors, exactly as numbers.
    fn read(&mut self, sectors: Sectors) -> Result<Buffer> {
        self.load(sectors)?;
        let (frames, _) = self.bytes.as_chunks::<4>();
        let mut buffer = Buffer::new(2, frames.len());
        buffer.set_frames(frames.len());
        for channel in 0..2 {
            for (to, frame) in buffer.channel_mut(channel).iter_mut().zip(frames) {
                let [a, b, c, d] = *frame;
                let sample = i16::from_le_bytes(if channel == 0 { [a, b] } else { [c, d] });
                *to = f64::from(sample) / 32_768.0;
            }
        }
        Ok(buffer)
    }

    fn is_silent(&mut self, from: Sectors, to: Sectors) -> Result<bool> {
        self.seek(from)?;
        let mut at = from;
        while at < to {
            let next = at.plus(Sectors::new(SECTORS_PER_SECOND)).min(to);
            self.load(next.minus(at))?;
            if self.bytes.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            at = next;
        }
        Ok(true)
    }
}

#[cfg(test)]
#[path = "extract_tests.rs"]
mod tests;
