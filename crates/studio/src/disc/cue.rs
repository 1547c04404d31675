//! Cue sheets: over the image of a fileset, and for burning.
//!
//! Written in the part of the language that every reader knows: capital keywords, one file, no `PREGAP`, ISO 8859-1. Source:
//! appendix of the CDRWIN user's guide; what `cue2ddp`, cdrdao and libcdio accept.

use super::sectors::Sectors;
use super::text::{Block, Field};
use super::tracks::{Copying, Disc, Flags};
use crate::sheet::latin;
use std::fmt::Write;

/// A cue sheet over the image of a fileset: its times are those of the disc, the first pregap included. For burning it is
/// wrong (drives put another pregap in front): see [`for_burning`].
#[must_use]
pub fn of_image(disc: &Disc, image: &str) -> Vec<u8> {
    sheet(disc, image, "BINARY", Some(Sectors::ZERO))
}

/// A cue sheet for burning. Its time 0 is the address 00:02:00: the file has the image without its first 150 sectors, which
/// every drive writes by itself. A hidden track stays in front of index 01 of track 1.
///
/// `kind` is `WAVE` or `BINARY`.
#[must_use]
pub fn for_burning(disc: &Disc, file: &str, kind: &str) -> Vec<u8> {
    sheet(disc, file, kind, None)
}

/// A cue sheet over several files: `place` says in which of them, and how far into it, an address of the disc is.
pub(super) fn over_files(
    disc: &Disc,
    files: &[&str],
    place: &dyn Fn(Sectors) -> (usize, Sectors),
) -> Vec<u8> {
    write(disc, files, "WAVE", true, place)
}

fn sheet(disc: &Disc, file: &str, kind: &str, from: Option<Sectors>) -> Vec<u8> {
    let start = from.unwrap_or(Sectors::FIRST_PREGAP);
    write(disc, &[file], kind, from.is_none(), &|place| (0, place.minus(start)))
}

fn write(
    disc: &Disc,
    files: &[&str],
    kind: &str,
    burning: bool,
    place: &dyn Fn(Sectors) -> (usize, Sectors),
) -> Vec<u8> {
    let mut text = String::new();
    if let Some(ean) = &disc.ean {
        let _ = writeln!(text, "CATALOG {ean}");
    }
    let block = disc.text.first();
    texts(&mut text, block, 0, "");
    let mut open = None;
    for (at, track) in disc.tracks.iter().enumerate() {
        // The pregap that the drive makes is in no file.
        let unseen = |index| burning && at == 0 && index == 0 && track.start <= Sectors::FIRST_PREGAP;
        let seen = |mark: Sectors| if burning { mark.max(Sectors::FIRST_PREGAP) } else { mark };
        let marks: Vec<(usize, (usize, Sectors))> = track
            .marks()
            .filter(|(index, _)| !unseen(*index))
            .map(|(index, mark)| (index, place(seen(mark))))
            .collect();
        let first = marks.first().map_or(0, |(_, (file, _))| *file);
        open_file(&mut text, files, kind, first, &mut open);
        let _ = writeln!(text, "  TRACK {:02} AUDIO", at + 1);
        texts(&mut text, block, at + 1, "    ");
        if let Some(isrc) = &track.isrc {
            let _ = writeln!(text, "    ISRC {isrc}");
        }
        let words = flags(track.flags);
        if !words.is_empty() {
            let _ = writeln!(text, "    FLAGS {words}");
        }
        for (index, (file, time)) in marks {
            open_file(&mut text, files, kind, file, &mut open);
            let _ = writeln!(text, "    INDEX {index:02} {time}");
        }
    }
    bytes(&text)
}

/// Names the file that what follows is in, if it is another one.
fn open_file(text: &mut String, files: &[&str], kind: &str, file: usize, open: &mut Option<usize>) {
    if *open != Some(file) {
        let _ = writeln!(text, "FILE \"{}\" {kind}", plain(files.get(file).copied().unwrap_or("")));
        *open = Some(file);
    }
}

fn texts(text: &mut String, block: Option<&Block>, track: usize, indent: &str) {
    let Some(block) = block else { return };
    for field in Field::ALL {
        let words = block.get(track, field);
        if !words.is_empty() {
            let _ = writeln!(text, "{indent}{} \"{}\"", field.keyword(), plain(words));
        }
    }
}

/// A text between quotes cannot hold a quote.
fn plain(text: &str) -> String {
    text.replace('"', "'")
}

fn flags(flags: Flags) -> String {
    let words = [
        (flags.pre_emphasis, "PRE"),
        (flags.copying == Copying::Permitted, "DCP"),
        (flags.four_channel, "4CH"),
        (flags.copying == Copying::Scms, "SCMS"),
    ];
    words.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

/// ISO 8859-1; file names can hold other letters, which become `?`.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| if c == '\n' { b'\n' } else { latin::byte(c).unwrap_or(b'?') }).collect()
}
