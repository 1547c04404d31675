//! A folder of prints becomes an album to begin with: order and titles from tags and names.

use super::sheet::{Album, Credits, Head, MOST_SONGS, Song};
use crate::audio::Metadata;
use crate::decode;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::suggest::unique_id;
use std::path::Path;

/// A print as it lies in the folder.
struct Found {
    file: String,
    /// Disc and track, from tags or the beginning of the name.
    number: Option<(u32, u32)>,
    title: String,
    credits: Credits,
    isrc: Option<String>,
    album: Option<String>,
    album_artist: Option<String>,
    genre: Option<String>,
    upc: Option<String>,
}

/// Lists the prints of a folder (not of folders in it) as an album. Numbers in tags come before numbers in names, names before
/// none; equals stand in the order of their names.
///
/// # Errors
/// `no_audio`, `too_many`, `io`.
pub(super) fn folder(folder: &Path, findings: &mut Vec<Finding>) -> Result<Album> {
    let failed = |error: std::io::Error| Error::io(folder, "look into the folder", &error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let fine = !name.starts_with('.') && !name.chars().any(char::is_control);
        if fine && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            names.push(name);
        }
    }
    names.sort();
    let mut found: Vec<Found> = Vec::new();
    for name in names {
        match decode::probe(&folder.join(&name)) {
            Ok(info) => found.push(look_at(name, &info.metadata)),
            Err(error) if error.code == "not_audio" || error.code == "empty" => {}
            Err(error) => findings.push(
                Finding::new("unreadable", Severity::Warning, error.what.clone())
                    .about(name)
                    .limit("a print that can be read")
                    .advice("it is not in the album; export it again"),
            ),
        }
    }
    if found.is_empty() {
        let error = Error::input("no_audio", "there is no audio in this folder").at(folder.display());
        return Err(error.hint("one print for each song, WAV, AIFF or FLAC"));
    }
    if found.len() > MOST_SONGS {
        let what = format!("{} prints in this folder, an album has at most {MOST_SONGS} songs", found.len());
        return Err(Error::new(Kind::Limit, "too_many", what).at(folder.display()));
    }
    found.sort_by_key(|song| song.number.unwrap_or((u32::MAX, u32::MAX)));
    Ok(album_of(folder, found))
}

fn tag<'a>(metadata: &'a Metadata, keys: &[&str]) -> Option<&'a str> {
    let of = |key: &&str| metadata.tags.iter().find(|(own, _)| own == key).map(|(_, value)| value.trim());
    let value = keys.iter().find_map(of)?;
    let fine = !value.is_empty() && value.len() <= 4096 && !value.chars().any(char::is_control);
    fine.then_some(value)
}

fn look_at(file: String, metadata: &Metadata) -> Found {
    let stem =
        Path::new(&file).file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let (in_name, rest) = number_in_name(&stem);
    let owned = |keys: &[&str]| tag(metadata, keys).map(str::to_owned);
    let number = |keys: &[&str]| {
        let digits: String = tag(metadata, keys)?.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    let track = number(&["TRACKNUMBER"]).map(|track| (number(&["DISCNUMBER"]).unwrap_or(1), track));
    let digits =
        |text: &String| matches!(text.len(), 12 | 13) && text.bytes().all(|byte| byte.is_ascii_digit());
    Found {
        number: track.or(in_name.map(|number| (1, number))),
        title: owned(&["TITLE"]).unwrap_or(rest),
        credits: Credits {
            artist: owned(&["ARTIST"]),
            songwriter: owned(&["LYRICIST"]),
            composer: owned(&["COMPOSER"]),
            arranger: owned(&["ARRANGER"]),
            message: None,
        },
        isrc: owned(&["ISRC"]).map(|isrc| isrc.replace(['-', ' '], "")).filter(|isrc| isrc.len() == 12),
        album: owned(&["ALBUM"]),
        album_artist: owned(&["ALBUMARTIST"]),
        genre: owned(&["GENRE"]),
        upc: owned(&["UPC", "BARCODE", "EAN"]).filter(digits),
        file,
    }
}

/// `01 - Opener` is number 1 and `Opener`; `1999` is a title.
fn number_in_name(stem: &str) -> (Option<u32>, String) {
    let digits: String = stem.chars().take_while(char::is_ascii_digit).collect();
    let rest = stem.get(digits.len()..).unwrap_or_default();
    let title = rest.trim_start_matches([' ', '-', '_', '.', ')']).replace('_', " ");
    let plain = || (None, stem.replace('_', " "));
    match digits.parse::<u32>() {
        Ok(number) if digits.len() <= 3 && !title.is_empty() && title.len() < rest.len() => {
            (Some(number), title)
        }
        _ => plain(),
    }
}

/// The value all songs have, if there is one.
fn common(found: &[Found], of: impl Fn(&Found) -> Option<&String>) -> Option<String> {
    let first = of(found.first()?)?;
    found.iter().all(|song| of(song) == Some(first)).then(|| first.clone())
}

fn album_of(folder: &Path, found: Vec<Found>) -> Album {
    let own =
        || folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let artist = common(&found, |song| song.album_artist.as_ref())
        .or_else(|| common(&found, |song| song.credits.artist.as_ref()));
    let head = Head {
        title: common(&found, |song| song.album.as_ref()).or_else(own).unwrap_or_default(),
        credits: Credits { artist: artist.clone(), ..Credits::default() },
        genre: common(&found, |song| song.genre.as_ref()),
        upc: common(&found, |song| song.upc.as_ref()),
        ..Head::default()
    };
    let mut taken = vec![super::read::MEDIAN.to_owned()];
    let songs = found.into_iter().map(|song| {
        let mut own = Song::new(unique_id(&song.title, "song", &mut taken), song.file, song.title);
        own.isrc = song.isrc;
        own.credits = song.credits;
        if own.credits.artist == artist {
            own.credits.artist = None;
        }
        own
    });
    Album { head, songs: songs.collect(), sides: Vec::new(), folder: folder.to_owned() }
}
