//! `album.toml` is read, with places for what is wrong.

use super::sheet::{
    Album, Controls, Credits, Fade, Head, MOST_BYTES, MOST_INDEXES, MOST_SIDES, MOST_SONGS, Side, Song,
    VERSION,
};
use crate::disc::text::Language;
use crate::disc::{Ean, Isrc};
use crate::files::read_text;
use crate::master::chain::read as chain;
use crate::message::Error;
use crate::session::files::{leads_outside, stays_inside};
use crate::session::read::{Node, Reader, Span, Take, wrong};
use std::collections::BTreeMap;
use std::path::Path;

/// The word for following no single song.
pub(super) const MEDIAN: &str = "median";

impl Album {
    /// Reads an `album.toml`.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn load(path: &Path, allow_external: bool) -> Result<Self, Vec<Error>> {
        let text = read_text(path, "the album", MOST_BYTES).map_err(|error| vec![error])?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let album = Self { folder, ..Self::parse(&text, &path.display().to_string(), allow_external)? };
        // A link may lead outside although the words do not.
        let outside =
            |song: &&Song| !allow_external && leads_outside(&album.folder, &album.folder.join(&song.file));
        let errors: Vec<Error> = album.songs.iter().filter(outside).map(linked).collect();
        if errors.is_empty() { Ok(album) } else { Err(errors) }
    }

    /// Reads the text of an `album.toml`. `file` is its name in messages.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(text: &str, file: &str, allow_external: bool) -> Result<Self, Vec<Error>> {
        let mut reader = Reader::new(file, text);
        let document = match toml_edit::Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let span = error.span().unwrap_or(text.len()..text.len());
                let what = format!("not TOML: {}", error.message().trim_end().replace('\n', "; "));
                reader.say(&span, wrong("not_toml", what));
                return Err(reader.into_errors());
            }
        };
        let album = root(&mut reader, document.as_table(), allow_external);
        let errors = reader.into_errors();
        match album {
            Some(album) if errors.is_empty() => Ok(album),
            _ if errors.is_empty() => Err(vec![Error::input("not_an_album", "not an album.toml").at(file)]),
            _ => Err(errors),
        }
    }
}

fn linked(song: &Song) -> Error {
    Error::input("external_file", "this is a link out of the album's folder")
        .at(&song.file)
        .hint("copy it beside the album, or allow external files (--allow-external)")
}

fn root(reader: &mut Reader<'_>, table: &toml_edit::Table, external: bool) -> Option<Album> {
    let mut take = Node::of_table(table).as_table()?;
    match take.take("version") {
        Some(node) if node.as_number() == Some(VERSION) => {}
        Some(node) => reader.say(&node.span, wrong("wrong_version", "this program reads version 1")),
        None => {
            reader.say(&(0..0), wrong("missing_key", "`version` is missing").hint("begin with: version = 1"))
        }
    }
    let (mut head, mut anchor) = (Head::default(), None);
    if let Some(node) = take.take("album") {
        (head, anchor) = read_head(reader, &node);
    }
    let mut songs = Vec::new();
    let mut spans: BTreeMap<String, Span> = BTreeMap::new();
    if let Some(list) = take.take("song") {
        for node in reader.list(&list, "song", MOST_SONGS) {
            let Some(song) = read_song(reader, &node, external) else { continue };
            if spans.insert(song.id.clone(), node.span.clone()).is_some() {
                let what = format!("two songs are called `{}`", song.id);
                reader.say(&node.span, wrong("duplicate_id", what));
            }
            songs.push(song);
        }
    }
    let mut sides = Vec::new();
    if let Some(list) = take.take("side") {
        for node in reader.list(&list, "side", MOST_SIDES) {
            sides.extend(read_side(reader, &node, &spans));
        }
    }
    take.finish(reader, "an album");
    if songs.is_empty() && reader.is_fine() {
        let what = wrong("no_song", "there is no [[song]]").hint("add a [[song]] with id and file");
        reader.say(&(0..0), what);
    }
    if let Some((id, span)) = anchor.filter(|(id, _): &(String, Span)| id != MEDIAN) {
        known_song(reader, &id, &span, &spans);
        head.anchor = Some(id);
    }
    every_song_once(reader, &sides, &songs, &take_span(table));
    Some(Album { head, songs, sides, folder: Path::new("").to_owned() })
}

fn take_span(table: &toml_edit::Table) -> Span {
    table.get("side").and_then(toml_edit::Item::span).unwrap_or(0..0)
}

fn known_song(reader: &mut Reader<'_>, id: &str, span: &Span, songs: &BTreeMap<String, Span>) -> bool {
    let known = songs.contains_key(id);
    if !known {
        reader.unknown(span, "unknown_song", "song", id, songs.keys().map(String::as_str));
    }
    known
}

/// A record has every song on one side, or no sides are given.
fn every_song_once(reader: &mut Reader<'_>, sides: &[Side], songs: &[Song], span: &Span) {
    if sides.is_empty() {
        return;
    }
    for song in songs {
        let count = sides.iter().flat_map(|side| &side.songs).filter(|id| **id == song.id).count();
        if count != 1 {
            let what = format!("song `{}` is on {count} sides", song.id);
            reader.say(
                span,
                wrong("song_on_sides", what).hint("every song stands on one side, or give no sides"),
            );
        }
    }
}

fn text(reader: &mut Reader<'_>, take: &mut Take<'_>, key: &'static str) -> Option<String> {
    let node = take.take(key)?;
    reader.text(&node, key)
}

fn credits(reader: &mut Reader<'_>, take: &mut Take<'_>) -> Credits {
    Credits {
        artist: text(reader, take, "artist"),
        songwriter: text(reader, take, "songwriter"),
        composer: text(reader, take, "composer"),
        arranger: text(reader, take, "arranger"),
        message: text(reader, take, "message"),
    }
}

fn read_head(reader: &mut Reader<'_>, node: &Node<'_>) -> (Head, Option<(String, Span)>) {
    let mut head = Head::default();
    let Some(mut take) = reader.table(node, "album") else { return (head, None) };
    head.title = text(reader, &mut take, "title").unwrap_or_default();
    head.credits = credits(reader, &mut take);
    head.upc = take.take("upc").and_then(|node| code(reader, &node, "upc"));
    head.label = text(reader, &mut take, "label");
    head.catalogue = text(reader, &mut take, "catalogue");
    head.language = take.take("language").and_then(|node| language(reader, &node));
    head.genre = text(reader, &mut take, "genre");
    head.record = take.take("record").and_then(|node| record(reader, &node));
    let anchor =
        take.take("anchor").and_then(|node| Some((reader.text(&node, "anchor")?, node.span.clone())));
    take.fields(reader, &mut head.choices);
    take.finish(reader, "[album]");
    (head, anchor)
}

/// A kind of record there is.
fn record(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let text = reader.text(node, "record")?;
    match crate::vinyl::find(&text) {
        Ok(format) => Some(format.name.to_owned()),
        Err(error) => {
            reader.say(&node.span, wrong(error.code, error.what).hint(error.hint.unwrap_or_default()));
            None
        }
    }
}

/// A language CD-TEXT knows.
fn language(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<String> {
    let text = reader.text(node, "language")?;
    match Language::parse(&text) {
        Ok(language) => Some(language.name().to_owned()),
        Err(error) => {
            reader.say(&node.span, wrong(error.code, error.what).hint(error.hint.unwrap_or_default()));
            None
        }
    }
}

/// A code of the record or of a recording, without the dashes and spaces people write into it.
fn code(reader: &mut Reader<'_>, node: &Node<'_>, key: &'static str) -> Option<String> {
    let text = reader.text(node, key)?;
    let parsed = if key == "upc" {
        Ean::parse(&text)
            .map(|ean| (ean.check_digit_holds().then(|| ean.as_str().to_owned()), ean.check_digit()))
    } else {
        Isrc::parse(&text).map(|isrc| (Some(isrc.as_str().to_owned()), 0))
    };
    match parsed {
        Ok((Some(code), _)) => return Some(code),
        Ok((None, digit)) => {
            let what =
                wrong("bad_upc", format!("the check digit should be {digit}")).hint("look at the code again");
            reader.say(&node.span, what);
        }
        Err(error) => {
            let what = wrong(error.code, error.what).hint(error.hint.unwrap_or_default());
            reader.say(&node.span, what);
        }
    }
    None
}

fn read_song(reader: &mut Reader<'_>, node: &Node<'_>, external: bool) -> Option<Song> {
    let mut take = reader.table(node, "song")?;
    let span = take.span.clone();
    let missing = |reader: &mut Reader<'_>, key: &str, hint: &str| {
        reader.say(&span, wrong("missing_key", format!("a song has no `{key}`")).hint(hint));
    };
    let id_span = take.key_span("id");
    let id = match take.take("id") {
        Some(node) => reader.text(&node, "id"),
        None => {
            missing(reader, "id", "a short word, e.g. id = \"opener\"");
            None
        }
    };
    let file_span = take.key_span("file");
    let file = match take.take("file") {
        Some(node) => reader.text(&node, "file"),
        None => {
            missing(reader, "file", "file = \"01 Opener.wav\"");
            None
        }
    };
    let title = text(reader, &mut take, "title");
    let mut song = Song::new(
        id.clone().unwrap_or_default(),
        file.clone().unwrap_or_default(),
        title.or_else(|| id.clone()).unwrap_or_default(),
    );
    if id.is_some() {
        check_id(reader, &song.id, &id_span);
    }
    if !external && !stays_inside(Path::new(&song.file)) {
        let what = wrong("external_file", "this file is outside the album's folder")
            .label("leads outside")
            .hint("copy it beside the album, or allow external files (--allow-external)");
        reader.say(&file_span, what);
    }
    song.blake3 = text(reader, &mut take, "blake3");
    song.credits = credits(reader, &mut take);
    song.isrc = take.take("isrc").and_then(|node| code(reader, &node, "isrc"));
    song.given = take.fields(reader, &mut song.controls);
    song.fade_in = fade(reader, &mut take, "fade_in");
    song.fade_out = fade(reader, &mut take, "fade_out");
    song.indexes = take.take("indexes").map(|node| indexes(reader, &node)).unwrap_or_default();
    if let Some(node) = take.take("lock") {
        locks(reader, &node, &mut song);
    }
    if take.take("insert").is_some() {
        song.steps = Some(chain::inserts(reader, &mut take));
    }
    check_numbers(reader, &song, &take);
    take.finish(reader, "a [[song]]");
    (id.is_some() && file.is_some()).then_some(song)
}

fn check_id(reader: &mut Reader<'_>, id: &str, span: &Span) {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !id.chars().all(plain) || id.chars().count() > 64 || id == MEDIAN {
        let what =
            wrong("bad_id", "an id has letters, digits, `_` and `-` only, at most 64, and is not `median`")
                .hint("put what people should read into `title`");
        reader.say(span, what);
    }
}

fn check_numbers(reader: &mut Reader<'_>, song: &Song, take: &Take<'_>) {
    let Controls { gap_seconds, crossfade_seconds, start_seconds, end_seconds, .. } = song.controls;
    if gap_seconds > 0.0 && crossfade_seconds > 0.0 {
        let what = wrong("two_ways", "a song has a gap before it or a crossfade, not both");
        reader.say(&take.key_span("crossfade_seconds"), what);
    }
    if end_seconds > 0.0 && end_seconds <= start_seconds {
        reader.say(&take.key_span("end_seconds"), wrong("empty_song", "the song ends before it begins"));
    }
}

fn fade(reader: &mut Reader<'_>, take: &mut Take<'_>, key: &'static str) -> Option<Fade> {
    let node = take.take(key)?;
    let mut inner = reader.table(&node, key)?;
    let mut fade = Fade::default();
    inner.fields(reader, &mut fade);
    inner.finish(reader, &format!("`{key}`"));
    Some(fade)
}

fn indexes(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<f64> {
    let list = reader.list(node, "indexes", MOST_INDEXES);
    let mut times: Vec<f64> = Vec::new();
    for entry in list {
        match entry.as_number().filter(|time| (0.0..=360_000.0).contains(time)) {
            Some(time) if times.last().is_none_or(|last| *last < time) && time > 0.0 => times.push(time),
            _ => {
                let what =
                    wrong("bad_index", "indexes are rising times in seconds from the beginning of the song")
                        .hint("indexes = [61.5, 120.0]");
                reader.say(&entry.span, what);
            }
        }
    }
    times
}

fn locks(reader: &mut Reader<'_>, node: &Node<'_>, song: &mut Song) {
    const KNOWN: [&str; 2] = ["tone", "level"];
    for entry in reader.list(node, "lock", 8) {
        match entry.as_str() {
            Some("tone") => song.lock_tone = true,
            Some("level") => song.lock_level = true,
            Some(other) => reader.unknown(&entry.span, "unknown_word", "word for `lock`:", other, KNOWN),
            None => reader.wrong_type(&entry, "lock", "a list of \"tone\" and \"level\""),
        }
    }
}

fn read_side(reader: &mut Reader<'_>, node: &Node<'_>, songs: &BTreeMap<String, Span>) -> Option<Side> {
    let mut take = reader.table(node, "side")?;
    let name = text(reader, &mut take, "name");
    let mut ids = Vec::new();
    if let Some(list) = take.take("songs") {
        for entry in reader.list(&list, "songs", MOST_SONGS) {
            let Some(id) = reader.text(&entry, "songs") else { continue };
            if known_song(reader, &id, &entry.span, songs) {
                ids.push(id);
            }
        }
    }
    if name.is_none() || ids.is_empty() {
        let what = wrong("missing_key", "a side has a `name` and `songs`")
            .hint("name = \"A\", songs = [\"opener\"]");
        reader.say(&take.span, what);
    }
    take.finish(reader, "a [[side]]");
    Some(Side { name: name?, songs: ids, because: None })
}
