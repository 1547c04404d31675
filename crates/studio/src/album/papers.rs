//! What goes with the files: tags, a delivery sheet, checksums.

use super::propose::Prepared;
use super::set::Set;
use super::sheet::Album;
use super::tracks::Track;
use crate::decode;
use crate::deliver::Verified;
use crate::files::NewFile;
use crate::message::{Error, Kind, Result, clean_name};
use md5::{Digest, Md5};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Name of the delivery sheet.
const SHEET: &str = "delivery.txt";
/// Largest list of checksums that is looked at, bytes.
const MOST_SUMS_BYTES: u64 = 1 << 20;
/// Name of the checksums, in the form `md5sum -c` reads.
const SUMS: &str = "checksum.md5";

/// Tags of a track, keys as in Vorbis comments.
pub(super) fn tags(album: &Album, track: &Track, tracks: usize) -> Vec<(String, String)> {
    let (head, song) = (&album.head, album.songs.get(track.song));
    let mut tags = Vec::new();
    let mut add = |key: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            tags.push((key.to_owned(), value.to_owned()));
        }
    };
    let own = |of: fn(&super::sheet::Credits) -> &Option<String>| {
        song.and_then(|song| of(&song.credits).as_deref()).or(of(&head.credits).as_deref())
    };
    add("TITLE", song.map(|song| song.title.as_str()));
    add("ARTIST", own(|credits| &credits.artist));
    add("ALBUM", Some(&head.title));
    add("ALBUMARTIST", head.credits.artist.as_deref());
    add("TRACKNUMBER", Some(&track.number.to_string()));
    add("TRACKTOTAL", Some(&tracks.to_string()));
    add("COMPOSER", own(|credits| &credits.composer));
    add("LYRICIST", own(|credits| &credits.songwriter));
    add("ARRANGER", own(|credits| &credits.arranger));
    add("GENRE", head.genre.as_deref());
    add("ISRC", song.and_then(|song| song.isrc.as_deref()));
    add("BARCODE", head.upc.as_deref());
    add("CATALOGNUMBER", head.catalogue.as_deref());
    add("LABEL", head.label.as_deref());
    tags
}

/// Time as minutes and seconds.
fn clock(seconds: f64) -> String {
    // Rounded first, so that 59.9996 is a minute.
    let thousandths = (seconds * 1000.0).round() as u64;
    format!("{}:{:02}.{:03}", thousandths / 60_000, thousandths / 1000 % 60, thousandths % 1000)
}

fn sheet(prepared: &Prepared, set: &Set, files: &[Verified]) -> String {
    let head = &prepared.album.head;
    let mut text = format!("{}\n", clean_name(&head.title));
    let mut line = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{key:<14}{}", clean_name(value));
        }
    };
    line("artist", head.credits.artist.as_deref());
    line("label", head.label.as_deref());
    line("catalogue", head.catalogue.as_deref());
    line("UPC/EAN", head.upc.as_deref());
    line("destination", Some(&set.target));
    let rate = f64::from(set.sample_rate_hz);
    let figures = format!(
        "{} at {} Hz, worst true peak {:.2} dBTP, album {} LUFS, loudest song {} LUFS",
        clock(set.seconds),
        set.sample_rate_hz,
        set.true_peak_dbtp,
        level(set.album_lufs),
        level(set.loudest_lufs)
    );
    line("whole", Some(&figures));
    text.push_str("\n no  starts      length      ISRC          LUFS    dBTP    PLR   title\n");
    for (index, track) in set.tracks.iter().enumerate() {
        let song = set.songs.iter().find(|song| song.song == track.song);
        let isrc = prepared.album.songs.get(track.song).and_then(|song| song.isrc.as_deref());
        let _ = writeln!(
            text,
            " {:>2}  {:<10}  {:<10}  {:<12}  {:>6}  {:>6.2}  {:>5}  {}",
            index + 1,
            clock(track.start as f64 / rate),
            clock((track.sound_end - track.start) as f64 / rate),
            isrc.unwrap_or("-"),
            level(song.and_then(|song| song.integrated_lufs)),
            song.map_or(f64::NEG_INFINITY, |song| song.true_peak_dbtp),
            level(song.and_then(super::set::Outcome::plr_lu)),
            clean_name(song.map_or("", |song| song.title.as_str())),
        );
    }
    if !files.is_empty() {
        text.push_str("\naudio (BLAKE3 of the decoded samples)\n");
        for file in files {
            let written = file.written();
            let _ = writeln!(text, " {}  {}", written.audio_blake3, clean_name(name_of(&written.path)));
        }
    }
    text
}

fn level(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"))
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// MD5 of a file, in constant memory.
fn md5_of(path: &Path) -> Result<String> {
    let failed = |error: std::io::Error| Error::io(path, "read the file back", &error);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut hasher = Md5::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let got = file.read(&mut buffer).map_err(failed)?;
        match buffer.get(..got).filter(|part| !part.is_empty()) {
            Some(part) => hasher.update(part),
            None => break,
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Sheet and checksums of a set. A disc has checksums of its own in its fileset.
pub(super) fn of(prepared: &Prepared, set: &Set, files: &[Verified], force: bool) -> Result<Vec<NewFile>> {
    let mut papers = vec![file(&set.folder.join(SHEET), sheet(prepared, set, files).as_bytes(), force)?];
    if !files.is_empty() {
        let mut sums = String::new();
        for own in files {
            let _ = writeln!(sums, "{} *{}", md5_of(own.temporary())?, name_of(&own.written().path));
        }
        papers.push(file(&set.folder.join(SUMS), sums.as_bytes(), force)?);
    }
    Ok(papers)
}

/// Reads the code of every recording back from its file: broadcasters pay by it.
///
/// # Errors
/// `isrc_lost`; what reading says.
pub(super) fn hold_codes(album: &Album, tracks: &[Track], files: &[Verified]) -> Result<()> {
    for (track, file) in tracks.iter().zip(files) {
        let Some(code) = album.songs.get(track.song).and_then(|song| song.isrc.as_deref()) else { continue };
        let source = decode::open(file.temporary(), decode::Options::default())?;
        let tags = &source.info().metadata.tags;
        let found =
            tags.iter().find(|(key, _)| key.eq_ignore_ascii_case("ISRC")).map(|(_, code)| code.trim());
        if found != Some(code) {
            let what = format!("the ISRC {code} was written, {} is read back", found.unwrap_or("none"));
            return Err(Error::new(Kind::Gate, "isrc_lost", what)
                .at(file.written().path.display())
                .hint("nothing was left; another container may hold it"));
        }
    }
    Ok(())
}

/// A small file that waits for its name.
pub(super) fn file(path: &Path, content: &[u8], force: bool) -> Result<NewFile> {
    let mut file = NewFile::create(path, force)?;
    file.file().write_all(content).map_err(|error| Error::io(path, "write the file", &error))?;
    Ok(file)
}

/// Files an earlier set left in a folder that the new one has not: those its checksums name, and nothing else.
pub(super) fn left_behind(folder: &Path, new: &[NewFile]) -> Vec<PathBuf> {
    let Ok(text) = crate::files::read_text(&folder.join(SUMS), "the checksums", MOST_SUMS_BYTES) else {
        return Vec::new();
    };
    let named = text.lines().filter_map(|line| line.split_once(" *")).map(|(_, name)| name);
    let plain = named.filter(|name| !name.contains(['/', '\\']) && !name.starts_with('.'));
    let paths = plain.map(|name| folder.join(name)).filter(|path| path.is_file());
    paths.filter(|path| new.iter().all(|file| file.target().file_name() != path.file_name())).collect()
}
