//! Packs become texts, as players read them.
//!
//! Nothing that stands in a file is trusted: what is broken is told, what can be read is read.

use super::pack::{CLOSED, CODES, DISC_ID, GENRE, MOST_BLOCKS, PACK_BYTES, SIZE};
use super::{Block, Charset, Field, Genre, Language};
use crate::disc::crc::crc16;
use crate::message::{Finding, Severity};
use crate::sheet::latin;

/// Text of a disc as it was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Unpacked {
    /// Blocks, in their order.
    pub(crate) blocks: Vec<Block>,
    /// Codes of each block: EAN first, then ISRC per track.
    pub(crate) codes: Vec<Vec<String>>,
    /// What should be known.
    pub(crate) findings: Vec<Finding>,
}

type Pack = [u8; PACK_BYTES];

/// Reads packs, with or without the things that writers put around them.
pub(crate) fn decode(bytes: &[u8], tracks: usize) -> Unpacked {
    let mut unpacked = Unpacked::default();
    let packs = packs_of(bytes, &mut unpacked.findings);
    let broken = packs.iter().filter(|pack| !is_whole(pack)).count();
    if broken > 0 {
        let what = format!("the checksum of {broken} of {} CD-TEXT packs is wrong", packs.len());
        unpacked.findings.push(blocker(
            "cd_text_checksum",
            what,
            "players drop such packs: ask for the file again",
        ));
    }
    for number in 0..MOST_BLOCKS {
        let own: Vec<&Pack> = packs.iter().filter(|pack| usize::from((pack[3] >> 4) & 7) == number).collect();
        if !own.is_empty() {
            let (block, codes) = block_of(number, &own, tracks, &mut unpacked.findings);
            unpacked.blocks.push(block);
            unpacked.codes.push(codes);
        }
    }
    unpacked
}

fn blocker(rule: &'static str, what: impl Into<String>, advice: &str) -> Finding {
    Finding::new(rule, Severity::Blocker, what).about("CD-TEXT").advice(advice)
}

fn note(rule: &'static str, what: impl Into<String>, advice: &str) -> Finding {
    Finding::new(rule, Severity::Info, what).about("CD-TEXT").advice(advice)
}

fn is_whole(pack: &Pack) -> bool {
    let told = u16::from_be_bytes([pack[16], pack[17]]);
    // Some writers leave the checksum to the burner.
    told == 0 || told == crc16(&pack[..16])
}

/// The packs without the NUL at their end and the size in front of them that some programs write.
fn packs_of(bytes: &[u8], findings: &mut Vec<Finding>) -> Vec<Pack> {
    let bytes = match bytes.len() % PACK_BYTES {
        0 => bytes,
        1 if bytes.last() == Some(&0) => {
            findings.push(note("cd_text_trailing", "a NUL follows the packs", "harmless"));
            bytes.get(..bytes.len() - 1).unwrap_or(bytes)
        }
        4 | 5 if has_header(bytes) => {
            findings.push(note(
                "cd_text_header",
                "a size header of 4 bytes stands before the packs",
                "some programs refuse it",
            ));
            bytes.get(4..).unwrap_or(bytes)
        }
        _ => {
            let what = format!("{} bytes are not whole packs of {PACK_BYTES}", bytes.len());
            findings.push(blocker("cd_text_length", what, "the file is cut short or is something else"));
            bytes
        }
    };
    bytes.as_chunks::<PACK_BYTES>().0.to_vec()
}

/// The header of READ TOC: length of what follows it in 16 bits, two reserved bytes. Source: MMC-3, READ TOC/PMA/ATIP.
fn has_header(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|byte| *byte < 0x80)
        && bytes.get(4).is_some_and(|byte| (0x80..=SIZE).contains(byte))
}

fn block_of(
    number: usize,
    packs: &[&Pack],
    tracks: usize,
    findings: &mut Vec<Finding>,
) -> (Block, Vec<String>) {
    let of_kind = |kind: u8| -> Vec<&Pack> { packs.iter().copied().filter(|pack| pack[0] == kind).collect() };
    let size: Vec<u8> = of_kind(SIZE).iter().flat_map(|pack| pack[4..16].to_vec()).collect();
    let mut block = Block::default();
    if size.len() == 36 {
        check_counts(number, packs, &size, findings);
        block.charset = charset(&size, findings);
        block.copyright = size.get(3) == Some(&3);
        block.language = Language(size.get(28 + number).copied().unwrap_or(0));
        check_tracks(&size, tracks, findings);
    } else {
        findings.push(note(
            "cd_text_size",
            format!("block {number} has no size information"),
            "players may not show it",
        ));
    }
    check_sequence(number, packs, findings);
    let mut strings = vec![super::Texts::default(); tracks + 1];
    for field in Field::ALL {
        for (to, text) in
            strings.iter_mut().zip(strings_of(&of_kind(field.pack_type()), block.charset, tracks))
        {
            *to.get_mut(field) = text;
        }
    }
    let first = |kind: u8, charset| {
        strings_of(&of_kind(kind), charset, tracks).into_iter().next().unwrap_or_default()
    };
    block.disc_id = first(DISC_ID, Charset::Latin1);
    block.closed_info = first(CLOSED, Charset::Latin1);
    block.genre = genre_of(&of_kind(GENRE));
    let codes = strings_of(&of_kind(CODES), Charset::Latin1, tracks);
    block.codes = codes.iter().any(|code| !code.is_empty());
    let mut strings = strings.into_iter();
    block.disc = strings.next().unwrap_or_default();
    block.tracks = strings.collect();
    (block, codes)
}

fn charset(size: &[u8], findings: &mut Vec<Finding>) -> Charset {
    match size.first() {
        Some(0x80) => Charset::MsJis,
        Some(0x01) => Charset::Ascii,
        Some(0x00) => Charset::Latin1,
        other => {
            let what = format!("character set {:#04x} is not known", other.copied().unwrap_or(0));
            findings.push(note("cd_text_charset", what, "it is read as ISO 8859-1"));
            Charset::Latin1
        }
    }
}

fn check_tracks(size: &[u8], tracks: usize, findings: &mut Vec<Finding>) {
    if let [_, first, last, ..] = size
        && (usize::from(*first), usize::from(*last)) != (1, tracks)
    {
        let what = format!("the text is for tracks {first} to {last}; the disc has 1 to {tracks}");
        findings.push(blocker("cd_text_tracks", what, "the text belongs to another disc, or is out of date"));
    }
}

fn check_counts(number: usize, packs: &[&Pack], size: &[u8], findings: &mut Vec<Finding>) {
    for kind in 0x80..=SIZE {
        let found = packs.iter().filter(|pack| pack[0] == kind).count();
        let told = size.get(4 + usize::from(kind - 0x80)).copied().unwrap_or(0);
        // One byte counts them.
        if found % 256 != usize::from(told) {
            let what = format!("block {number} tells {told} packs of type {kind:#04x} and has {found}");
            findings.push(blocker(
                "cd_text_counts",
                what,
                "packs are missing or too many: ask for the file again",
            ));
            return;
        }
    }
}

fn check_sequence(number: usize, packs: &[&Pack], findings: &mut Vec<Finding>) {
    let in_order = packs.iter().enumerate().all(|(at, pack)| usize::from(pack[2]) == at);
    if !in_order {
        let what = format!("the packs of block {number} are not numbered from 0");
        findings.push(blocker(
            "cd_text_sequence",
            what,
            "packs are missing or more than 256: the text cannot be trusted",
        ));
    }
}

/// Strings of a type from the disc on: an entry for the disc and each track, those that are missing empty.
fn strings_of(packs: &[&Pack], charset: Charset, tracks: usize) -> Vec<String> {
    let Some(first) = packs.first() else { return Vec::new() };
    let wide = if charset == Charset::MsJis { 2 } else { 1 };
    let bytes: Vec<u8> = packs.iter().flat_map(|pack| pack[4..16].to_vec()).collect();
    let mut strings: Vec<Vec<u8>> = vec![Vec::new()];
    for unit in bytes.chunks(wide) {
        match strings.last_mut() {
            Some(last) if unit.iter().any(|byte| *byte != 0) => last.extend(unit),
            _ => strings.push(Vec::new()),
        }
    }
    // The first pack tells whose string comes first: the disc's, unless only tracks have one.
    let skipped = usize::from(first[1] & 0x7F).min(tracks + 1);
    let mut out: Vec<String> = vec![String::new(); skipped];
    for string in strings.into_iter().take((tracks + 1).saturating_sub(skipped)) {
        // A tabulator stands for the text of the track before.
        let repeats = !string.is_empty() && string.iter().all(|byte| *byte == 0x09) && string.len() == wide;
        let text = if repeats { out.last().cloned().unwrap_or_default() } else { words(&string, charset) };
        out.push(text);
    }
    out
}

fn words(bytes: &[u8], charset: Charset) -> String {
    match charset {
        Charset::MsJis => super::jis::decode(bytes),
        _ => latin::decode(bytes),
    }
}

fn genre_of(packs: &[&Pack]) -> Option<Genre> {
    let first = packs.first()?;
    let code = u16::from_be_bytes([first[4], first[5]]);
    let mut bytes: Vec<u8> = first[6..16].to_vec();
    for pack in packs.iter().skip(1) {
        // The code may stand again at the start of every pack.
        let again = pack[4..6] == first[4..6] && first[4..6] != [0, 0];
        bytes.extend(&pack[if again { 6 } else { 4 }..16]);
    }
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let words = latin::decode(bytes.get(..end).unwrap_or_default());
    Some(Genre { code, words })
}
