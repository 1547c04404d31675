//! Texts become packs: 18 bytes each, as they stand in the lead-in.

use super::{Block, Charset, Field};
use crate::disc::crc::crc16;
use crate::disc::tracks::Disc;
use crate::message::{Error, Kind, Result};
use crate::sheet::latin;

/// Bytes of a pack. Source: MMC-3 rev. 10g, annex J, as everything here.
pub(crate) const PACK_BYTES: usize = 18;
/// Bytes of text in a pack.
const PAYLOAD_BYTES: usize = 12;
/// Packs of a block: their number is one byte.
pub(crate) const MOST_PACKS: usize = 256;
/// Blocks: their number is three bits.
pub(crate) const MOST_BLOCKS: usize = 8;
/// Packs of the size information.
const SIZE_PACKS: usize = 3;

/// Pack types besides those of [`Field`].
pub(super) const DISC_ID: u8 = 0x86;
pub(super) const GENRE: u8 = 0x87;
pub(super) const CLOSED: u8 = 0x8D;
pub(super) const CODES: u8 = 0x8E;
pub(super) const SIZE: u8 = 0x8F;

/// A string as it is stored, its end included, and the track it belongs to.
struct Stored {
    track: u8,
    bytes: Vec<u8>,
}

/// Packs of all blocks of a disc; none when it has no text.
///
/// # Errors
/// What [`check`] finds first.
pub(crate) fn encode(disc: &Disc) -> Result<Vec<u8>> {
    if let Some(error) = check(disc).into_iter().next() {
        return Err(error);
    }
    let blocks: Vec<Vec<Vec<u8>>> = disc.text.iter().map(|block| text_packs(block, disc)).collect();
    let mut packs: Vec<u8> = Vec::new();
    if blocks.iter().all(Vec::is_empty) {
        return Ok(packs);
    }
    for (number, block) in disc.text.iter().enumerate() {
        let Some(own) = blocks.get(number) else { continue };
        let size = size_packs(disc, block, own, &blocks);
        for (sequence, mut pack) in own.iter().cloned().chain(size).enumerate() {
            if let [_, _, at, position, ..] = pack.as_mut_slice() {
                *at = sequence as u8;
                *position |= (number as u8) << 4;
            }
            let crc = crc16(&pack);
            packs.extend(pack);
            packs.extend(crc.to_be_bytes());
        }
    }
    Ok(packs)
}

/// What keeps the text of a disc from being written.
pub(crate) fn check(disc: &Disc) -> Vec<Error> {
    let mut errors: Vec<Error> = disc.text.iter().flat_map(|block| check_strings(block, disc)).collect();
    if disc.text.len() > MOST_BLOCKS {
        let what = format!("CD-TEXT in {} languages; a disc holds {MOST_BLOCKS}", disc.text.len());
        errors
            .push(Error::new(Kind::Gate, "cd_text_blocks", what).hint("leave out the least important ones"));
    }
    if errors.is_empty() {
        errors.extend(disc.text.iter().filter_map(|block| check_size(block, disc)));
    }
    errors
}

fn check_size(block: &Block, disc: &Disc) -> Option<Error> {
    let packs = text_packs(block, disc).len() + SIZE_PACKS;
    (packs > MOST_PACKS).then(|| {
        let over = (packs - MOST_PACKS) * PAYLOAD_BYTES;
        let what = format!(
            "the CD-TEXT in {} needs {packs} packs of 12 characters; a language holds {MOST_PACKS}",
            block.language
        );
        Error::new(Kind::Gate, "cd_text_too_long", what).at("CD-TEXT").hint(format!(
            "shorten it by {over} characters; messages and arrangers first, performers that repeat next"
        ))
    })
}

fn check_strings(block: &Block, disc: &Disc) -> Vec<Error> {
    let mut errors = Vec::new();
    if block.tracks.len() > disc.tracks.len() {
        let (texts, tracks) = (block.tracks.len(), disc.tracks.len());
        let what = format!("CD-TEXT for {texts} tracks on a disc of {tracks}");
        errors.push(
            Error::new(Kind::Gate, "cd_text_tracks", what)
                .hint("leave out the texts that belong to no track"),
        );
    }
    for track in 0..=block.tracks.len() {
        for field in Field::ALL {
            let place = if track == 0 { "disc".to_owned() } else { format!("track {track:02}") };
            let place = format!("CD-TEXT in {}, {place}, {}", block.language, field.keyword().to_lowercase());
            errors.extend(check_text(block.get(track, field), block.charset, &place));
        }
    }
    errors.extend(check_text(&block.disc_id, Charset::Ascii, "CD-TEXT, disc id"));
    errors.extend(check_text(&block.closed_info, Charset::Latin1, "CD-TEXT, closed information"));
    let words = block.genre.as_ref().map_or("", |genre| &genre.words);
    errors.extend(check_text(words, Charset::Ascii, "CD-TEXT, genre"));
    errors
}

fn check_text(text: &str, charset: Charset, place: &str) -> Option<Error> {
    if let Some(control) = text.chars().find(|c| c.is_control()) {
        let what = format!("the text holds a control character (U+{:04X})", u32::from(control));
        return Some(
            Error::new(Kind::Gate, "cd_text_control", what)
                .at(place)
                .hint("write it on one line, without tabs"),
        );
    }
    let stranger = text.chars().find(|c| stored_char(*c, charset).is_none())?;
    let name = match charset {
        Charset::Latin1 => "ISO 8859-1 (Latin-1)",
        Charset::Ascii => "ASCII",
        Charset::MsJis => "MS-JIS",
    };
    let what =
        format!("`{text}` holds `{stranger}`, which {name} has not; players would show something else");
    let near = transliterate_into(text, charset);
    let hint = near.map_or_else(
        || {
            "write it in Latin letters, or put it into a block of its own that players of that language read"
                .to_owned()
        },
        |near| format!("write `{near}`"),
    );
    Some(Error::new(Kind::Gate, "cd_text_not_latin", what).at(place).hint(hint))
}

fn transliterate_into(text: &str, charset: Charset) -> Option<String> {
    let near = super::transliterate(text)?;
    near.chars().all(|c| stored_char(c, charset).is_some()).then_some(near)
}

/// Bytes of a character, one or two.
fn stored_char(c: char, charset: Charset) -> Option<Vec<u8>> {
    match charset {
        Charset::Latin1 => latin::byte(c).map(|byte| vec![byte]),
        Charset::Ascii => latin::byte(c).filter(u8::is_ascii).map(|byte| vec![byte]),
        Charset::MsJis => super::jis::bytes(c).map(|bytes| bytes.to_vec()),
    }
}

/// A text as it is stored, with its end.
fn stored(text: &str, charset: Charset) -> Vec<u8> {
    let width = if charset == Charset::MsJis { 2 } else { 1 };
    let mut bytes: Vec<u8> = text.chars().filter_map(|c| stored_char(c, charset)).flatten().collect();
    bytes.extend(std::iter::repeat_n(0, width));
    bytes
}

/// Packs of a block without its size information; sequence, block and checksum are not yet told.
fn text_packs(block: &Block, disc: &Disc) -> Vec<Vec<u8>> {
    let mut packs = Vec::new();
    for field in Field::ALL.into_iter().filter(|field| block.has(*field)) {
        let strings = (0..=disc.tracks.len()).map(|track| Stored {
            track: track as u8,
            bytes: stored(block.get(track, field), block.charset),
        });
        cut(field.pack_type(), &strings.collect::<Vec<_>>(), block.charset, &mut packs);
    }
    let of_disc = |bytes: Vec<u8>| [Stored { track: 0, bytes }];
    if !block.disc_id.is_empty() {
        cut(DISC_ID, &of_disc(stored(&block.disc_id, Charset::Ascii)), Charset::Ascii, &mut packs);
    }
    if let Some(genre) = &block.genre {
        let mut bytes = genre.code.to_be_bytes().to_vec();
        bytes.extend(stored(&genre.words, Charset::Ascii));
        cut(GENRE, &of_disc(bytes), Charset::Ascii, &mut packs);
    }
    if !block.closed_info.is_empty() {
        cut(CLOSED, &of_disc(stored(&block.closed_info, Charset::Latin1)), Charset::Latin1, &mut packs);
    }
    if block.codes {
        cut(CODES, &codes(disc), Charset::Ascii, &mut packs);
    }
    packs
}

fn codes(disc: &Disc) -> Vec<Stored> {
    let ean = disc.ean.as_ref().map_or("", |ean| ean.as_str());
    let of = |track: usize, code: &str| Stored { track: track as u8, bytes: stored(code, Charset::Ascii) };
    let isrcs = disc.tracks.iter().enumerate();
    let isrcs = isrcs.map(|(at, track)| of(at + 1, track.isrc.as_ref().map_or("", |isrc| isrc.as_str())));
    std::iter::once(of(0, ean)).chain(isrcs).collect()
}

/// Cuts strings that follow each other into packs. The head of a pack tells whose string its first byte belongs to, and how
/// many characters of that string came before.
fn cut(kind: u8, strings: &[Stored], charset: Charset, packs: &mut Vec<Vec<u8>>) {
    let (wide, double) = if charset == Charset::MsJis { (2, 0x80) } else { (1, 0) };
    let bytes: Vec<(u8, u8, usize)> = strings
        .iter()
        .flat_map(|string| string.bytes.iter().enumerate().map(|(at, byte)| (*byte, string.track, at)))
        .collect();
    for part in bytes.chunks(PAYLOAD_BYTES) {
        let Some((_, track, at)) = part.first() else { continue };
        let position = (at / wide).min(15) as u8;
        let mut pack = vec![kind, *track, 0, double | position];
        pack.extend(part.iter().map(|(byte, ..)| *byte));
        pack.resize(4 + PAYLOAD_BYTES, 0);
        packs.push(pack);
    }
}

/// Size information of a block: a record of 36 bytes in three packs.
fn size_packs(disc: &Disc, block: &Block, own: &[Vec<u8>], all: &[Vec<Vec<u8>>]) -> Vec<Vec<u8>> {
    let of_kind = |kind: u8| own.iter().filter(|pack| pack.first() == Some(&kind)).count() as u8;
    // 3 claims copyright, 0 does not. Source: libburn, doc/cdtext.txt ("Text Data Copy Protection": "ON" = 0x03).
    let copyright = if block.copyright { 3 } else { 0 };
    let mut record = vec![block.charset.code(), 1, disc.tracks.len() as u8, copyright];
    record.extend((0x80..SIZE).map(of_kind));
    record.push(SIZE_PACKS as u8);
    let last = |packs: &Vec<Vec<u8>>| (packs.len() + SIZE_PACKS - 1) as u8;
    record.extend((0..MOST_BLOCKS).map(|number| all.get(number).map_or(0, last)));
    record.extend((0..MOST_BLOCKS).map(|number| disc.text.get(number).map_or(0, |block| block.language.0)));
    let numbered = record.chunks(PAYLOAD_BYTES).enumerate();
    numbered.map(|(at, part)| [&[SIZE, at as u8, 0, 0], part].concat()).collect()
}
