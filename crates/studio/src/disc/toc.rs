//! TOC files of cdrdao.
//!
//! Source: cdrdao(1), "TOC FILES".

use super::sectors::Sectors;
use super::text::{Block, Charset, Field};
use super::tracks::{Copying, Disc, Track};
use std::fmt::Write;

/// A stretch of a file: from a sector of it, so long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) file: String,
    pub(super) from: Sectors,
    pub(super) length: Sectors,
}

/// How a TOC file names its audio. Raw files of a disc image are little-endian, which cdrdao has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Wav,
    Raw,
}

/// A TOC file over one file that begins at the address 00:02:00, as [`for_burning`](super::cue::for_burning) has it.
pub(super) fn for_burning(disc: &Disc, file: &str, kind: Kind) -> String {
    write(disc, kind, &|from, to| {
        let start = from.minus(Sectors::FIRST_PREGAP);
        vec![Part {
            file: file.to_owned(),
            from: start,
            length: to.minus(start).minus(Sectors::FIRST_PREGAP),
        }]
    })
}

/// A TOC file; `parts` says where the audio from one address of the disc to another is. Everything is ASCII.
pub(super) fn write(disc: &Disc, kind: Kind, parts: &dyn Fn(Sectors, Sectors) -> Vec<Part>) -> String {
    let mut text = String::from("CD_DA\n\n");
    if let Some(ean) = &disc.ean {
        let _ = writeln!(text, "CATALOG \"{ean}\"\n");
    }
    let blocks: Vec<(usize, &Block)> = disc.text.iter().enumerate().collect();
    if !blocks.is_empty() {
        let languages: Vec<String> =
            blocks.iter().map(|(at, block)| format!("{at}: {}", block.language.0)).collect();
        let _ = writeln!(text, "CD_TEXT {{\n  LANGUAGE_MAP {{ {} }}", languages.join(" "));
        blocks.iter().for_each(|(at, block)| language(&mut text, *at, block, 0));
        text.push_str("}\n\n");
    }
    for (at, track) in disc.tracks.iter().enumerate() {
        let end = disc.tracks.get(at + 1).map_or(disc.end, Track::first_mark);
        one(&mut text, (at, track), end, &blocks, kind, parts);
    }
    text
}

fn one(
    text: &mut String,
    (at, track): (usize, &Track),
    end: Sectors,
    blocks: &[(usize, &Block)],
    kind: Kind,
    parts: &dyn Fn(Sectors, Sectors) -> Vec<Part>,
) {
    let number = at + 1;
    let _ = writeln!(text, "// Track {number:02}\nTRACK AUDIO");
    text.push_str(if track.flags.copying == Copying::Permitted { "COPY\n" } else { "NO COPY\n" });
    text.push_str(if track.flags.pre_emphasis { "PRE_EMPHASIS\n" } else { "NO PRE_EMPHASIS\n" });
    text.push_str(if track.flags.four_channel { "FOUR_CHANNEL_AUDIO\n" } else { "TWO_CHANNEL_AUDIO\n" });
    if let Some(isrc) = &track.isrc {
        let _ = writeln!(text, "ISRC \"{isrc}\"");
    }
    if !blocks.is_empty() {
        text.push_str("CD_TEXT {\n");
        blocks.iter().for_each(|(at, block)| language(text, *at, block, number));
        text.push_str("}\n");
    }
    // The first 150 sectors are written by every drive and stand in no file.
    let seen = |place: Sectors| place.max(Sectors::FIRST_PREGAP);
    let begin = seen(track.first_mark());
    for part in parts(begin, end) {
        let swap = if kind == Kind::Raw { "SWAP " } else { "" };
        let _ = writeln!(text, "FILE {} {swap}{} {}", quoted(&part.file), part.from, part.length);
    }
    if track.start > begin {
        let _ = writeln!(text, "START {}", track.start.minus(begin));
    }
    for index in &track.indexes {
        let _ = writeln!(text, "INDEX {}", index.minus(track.start));
    }
    text.push('\n');
}

/// Texts of a language: a field that anyone has is written for everyone, as cdrdao asks.
fn language(text: &mut String, number: usize, block: &Block, track: usize) {
    // cdrdao 1.2.4 writes one byte a character.
    if block.charset == Charset::MsJis {
        return;
    }
    let _ = writeln!(text, "  LANGUAGE {number} {{");
    for field in Field::ALL.into_iter().filter(|field| block.has(*field)) {
        let _ = writeln!(text, "    {} {}", field.keyword(), quoted(block.get(track, field)));
    }
    if track == 0 && !block.disc_id.is_empty() {
        let _ = writeln!(text, "    DISC_ID {}", quoted(&block.disc_id));
    }
    text.push_str("  }\n");
}

/// A text in quotes: quotes, backslashes and what is not ASCII as octal numbers.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                let _ = write!(out, "\\{:03o}", u32::from(c));
            }
            ' '..='~' => out.push(c),
            c => {
                let byte = crate::sheet::latin::byte(c).unwrap_or(b'?');
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out.push('"');
    out
}
