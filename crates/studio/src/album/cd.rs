//! The album as a compact disc: marks on sectors, codes, CD-TEXT.

use super::cut::Whole;
use super::lay::Timeline;
use super::sheet::{Album, Credits};
use super::tracks::Track;
use crate::disc::text::{Block, Genre, Language, Texts, transliterate};
use crate::disc::{self, Disc, Ean, FRAMES_PER_SECTOR, Isrc, Pending, RedBook, Sectors, burn, ddp, pq};
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use std::path::{Path, PathBuf};

/// Folder of the fileset, in that of the destination.
const DDP_FOLDER: &str = "ddp";
/// Folder and name of the files for burning.
const BURN_FOLDER: &str = "burn";
const BURN_STEM: &str = "album";
/// Characters of the master id.
const MASTER_ID: usize = 48;

/// A disc that keeps the rules, before there is audio.
pub(super) struct Planned {
    pub(super) red_book: RedBook,
    folder: PathBuf,
    findings: Vec<Finding>,
}

/// Silence before the first song: the pregap of track 1, unless a hidden song lies in it.
pub(super) fn lead_in(album: &Album) -> u64 {
    let hidden = album.songs.first().is_some_and(|song| song.controls.hidden);
    if hidden { 0 } else { Sectors::FIRST_PREGAP.frames() }
}

/// The sector a frame lies in: a mark never cuts into what comes after it.
fn sector_of(frame: u64) -> Sectors {
    Sectors::new(u32::try_from(frame / FRAMES_PER_SECTOR).unwrap_or(u32::MAX))
}

/// Plans the disc of a timeline at 44.1 kHz and holds it against the rules.
///
/// # Errors
/// Every rule that is broken, the first in front; `isrc_malformed`, `ean_malformed`, `unknown_language`.
pub(super) fn plan(album: &Album, timeline: &Timeline, tracks: &[Track], folder: &Path) -> Result<Planned> {
    let mut findings = Vec::new();
    let mut disc = Disc {
        end: Sectors::holding(timeline.frames),
        ean: album.head.upc.as_deref().map(Ean::parse).transpose()?,
        master_id: master_id(album),
        ..Disc::default()
    };
    for (index, track) in tracks.iter().enumerate() {
        let song = album.songs.get(track.song);
        let start = sector_of(track.start);
        let pause = Sectors::holding(track.pause);
        let at = |seconds: &f64| {
            Sectors::nearest(track.start + (seconds * f64::from(timeline.sample_rate_hz)) as u64)
        };
        disc.tracks.push(disc::Track {
            pregap: if index == 0 { Some(Sectors::ZERO) } else { Some(pause).filter(|pause| *pause < start) },
            indexes: song.map_or_else(Vec::new, |song| song.indexes.iter().map(at).collect()),
            isrc: song.and_then(|song| song.isrc.as_deref()).map(Isrc::parse).transpose()?,
            ..disc::Track::at(start)
        });
    }
    disc.text = text_of(album, tracks, &mut findings)?.into_iter().collect();
    let red_book = RedBook::new(disc).map_err(|errors| first_of(errors, album))?;
    findings.extend(red_book.findings().iter().cloned());
    Ok(Planned { red_book, folder: folder.to_owned(), findings })
}

/// The first of several errors, with the others named in it.
fn first_of(errors: Vec<Error>, album: &Album) -> Error {
    let more: Vec<String> =
        errors.iter().skip(1).map(|error| format!("{} [{}]", error.what, error.code)).collect();
    let none = || Error::new(Kind::Internal, "no_error", "the disc breaks a rule, but it was not said which");
    let mut first = errors.into_iter().next().unwrap_or_else(none).at(&album.head.title);
    if !more.is_empty() {
        first.what = format!("{}; and {}", first.what, more.join("; "));
    }
    first
}

/// Catalogue number and title, in characters a plant can type.
fn master_id(album: &Album) -> String {
    let parts = [album.head.catalogue.as_deref(), Some(album.head.title.as_str())];
    let words: Vec<&str> = parts.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    let plain = words.join(" ");
    let plain = transliterate(&plain).unwrap_or(plain);
    plain
        .chars()
        .filter(|c| c.is_ascii() && !c.is_control())
        .take(MASTER_ID)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// CD-TEXT, when the record has a title.
fn text_of(album: &Album, tracks: &[Track], findings: &mut Vec<Finding>) -> Result<Option<Block>> {
    let head = &album.head;
    if head.title.is_empty() {
        return Ok(None);
    }
    let disc = texts(&head.title, &head.credits, &Credits::default(), findings);
    let song = |track: &Track| {
        let song = album.songs.get(track.song)?;
        Some(texts(&song.title, &song.credits, &head.credits, findings))
    };
    let songs: Vec<Texts> = tracks.iter().filter_map(song).collect();
    Ok(Some(Block {
        language: head.language.as_deref().map(Language::parse).transpose()?.unwrap_or_default(),
        disc,
        tracks: songs,
        disc_id: head.catalogue.clone().unwrap_or_default(),
        genre: head.genre.as_deref().map(Genre::named),
        ..Block::default()
    }))
}

fn texts(title: &str, own: &Credits, record: &Credits, findings: &mut Vec<Finding>) -> Texts {
    let mut plain = |text: Option<&String>| {
        let text = text.cloned().unwrap_or_default();
        match transliterate(&text) {
            Some(latin) if latin != text => {
                findings.push(
                    Finding::new(
                        "transliterated",
                        Severity::Info,
                        format!("`{text}` stands as `{latin}` in CD-TEXT"),
                    )
                    .about(title)
                    .limit("letters of western Europe (ISO 8859-1)")
                    .advice("players know no others; write the title in them if it should read otherwise"),
                );
                latin
            }
            _ => text,
        }
    };
    Texts {
        title: plain(Some(&title.to_owned())),
        performer: plain(own.artist.as_ref().or(record.artist.as_ref())),
        songwriter: plain(own.songwriter.as_ref().or(record.songwriter.as_ref())),
        composer: plain(own.composer.as_ref().or(record.composer.as_ref())),
        arranger: plain(own.arranger.as_ref().or(record.arranger.as_ref())),
        message: plain(own.message.as_ref()),
    }
}

impl Planned {
    /// The PQ sheet, as text and as PDF, by their names.
    pub(super) fn papers(&self) -> [(&'static str, Vec<u8>); 2] {
        let sheet = pq::sheet(&self.red_book);
        [("pq.txt", sheet.text().into_bytes()), ("pq.pdf", sheet.pdf())]
    }
}

/// Filesets that take the timeline.
pub(super) struct Writers<'a> {
    ddp: ddp::Writer<'a>,
    burn: burn::Writer<'a>,
    findings: Vec<Finding>,
}

impl<'a> Writers<'a> {
    pub(super) fn create(planned: &'a Planned, force: bool) -> Result<Self> {
        let (book, at) = (&planned.red_book, |name: &str| planned.folder.join(name));
        let ddp = ddp::Writer::create(&at(DDP_FOLDER), book, ddp::Options::default(), force)?;
        let burn = burn::Writer::create(&at(BURN_FOLDER), BURN_STEM, book, burn::Audio::Wav, force)?;
        Ok(Self { ddp, burn, findings: planned.findings.clone() })
    }

    /// Ends the filesets and reads them back.
    pub(super) fn finish(self, job: &Job<'_>) -> Result<DiscSet> {
        Ok(DiscSet { pending: vec![self.ddp.finish(job)?, self.burn.finish()?], findings: self.findings })
    }
}

impl Whole for Writers<'_> {
    fn write(&mut self, interleaved: &[i16]) -> Result<()> {
        self.ddp.push(interleaved)?;
        self.burn.push(interleaved)
    }
}

/// Filesets that are whole and wait for their names.
pub(super) struct DiscSet {
    pub(super) pending: Vec<Pending>,
    findings: Vec<Finding>,
}

impl DiscSet {
    /// What should be known.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let own = self.pending.iter().flat_map(|set| set.findings().iter().cloned());
        let mut all: Vec<Finding> = self.findings.clone();
        // The rules' own findings are in both.
        all.extend(own.filter(|finding| !self.findings.contains(finding)).collect::<Vec<_>>());
        all
    }

    /// Where its files will be.
    pub(super) fn targets(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.pending.iter().flat_map(|set| set.targets().map(Path::to_owned))
    }
}
