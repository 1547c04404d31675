//! ID3v2.3 and 2.4 tags inside a chunk: texts under their Vorbis names. Source: id3.org, "ID3 tag version 2.4.0" and 2.3.0.

use super::tags::once;
use crate::audio::Metadata;

/// Vorbis names of text frames.
const FRAMES: [(&[u8; 4], &str); 13] = [
    (b"TIT2", "TITLE"),
    (b"TPE1", "ARTIST"),
    (b"TALB", "ALBUM"),
    (b"TPE2", "ALBUMARTIST"),
    (b"TDRC", "DATE"),
    (b"TYER", "DATE"),
    (b"TCON", "GENRE"),
    (b"TCOM", "COMPOSER"),
    (b"TSRC", "ISRC"),
    (b"TCOP", "COPYRIGHT"),
    (b"TPUB", "LABEL"),
    (b"TRCK", "TRACKNUMBER"),
    (b"TPOS", "DISCNUMBER"),
];

/// Adds what a tag says and the file has not said before.
pub(super) fn id3(bytes: &[u8], metadata: &mut Metadata) {
    let [b'I', b'D', b'3', version @ (3 | 4), _, flags, rest @ ..] = bytes else { return };
    let Some((size, body)) = rest.split_at_checked(4) else { return };
    // Unsynchronised and extended tags are not made by anything that writes WAV.
    if flags & 0xC0 != 0 {
        return;
    }
    let mut rest = body.get(..number(size, 7)).unwrap_or(body);
    while let Some((head, after)) = rest.split_at_checked(10) {
        if head[0] == 0 {
            return;
        }
        let bits = if *version == 4 { 7 } else { 8 };
        let Some((body, next)) = after.split_at_checked(number(&head[4..8], bits)) else { return };
        if let Some((key, text)) = frame(&head[..4], body) {
            said(metadata, &key, &text);
        }
        rest = next;
    }
}

fn number(bytes: &[u8], bits: u32) -> usize {
    bytes.iter().fold(0, |n, byte| (n << bits) | usize::from(*byte))
}

/// A tag that is told twice is kept once; a number with its total becomes two tags.
fn said(metadata: &mut Metadata, key: &str, text: &str) {
    let (text, total) = match (key, text.split_once('/')) {
        ("TRACKNUMBER", Some((number, total))) => (number, Some(("TRACKTOTAL", total))),
        ("DISCNUMBER", Some((number, total))) => (number, Some(("DISCTOTAL", total))),
        _ => (text, None),
    };
    for (key, text) in std::iter::once((key, text)).chain(total) {
        once(metadata, key, text);
    }
}

fn frame(id: &[u8], body: &[u8]) -> Option<(String, String)> {
    let (encoding, text) = body.split_first()?;
    match id {
        b"TXXX" => {
            let (name, text) = split(*encoding, text)?;
            Some((name, decode(*encoding, text)))
        }
        b"COMM" => {
            let (_, text) = split(*encoding, text.get(3..)?)?;
            Some(("COMMENT".to_owned(), decode(*encoding, text)))
        }
        _ => {
            let (_, name) = FRAMES.iter().find(|(known, _)| known.as_slice() == id)?;
            Some(((*name).to_owned(), decode(*encoding, text)))
        }
    }
}

/// The text before the first zero, and what follows it.
fn split(encoding: u8, bytes: &[u8]) -> Option<(String, &[u8])> {
    let wide = matches!(encoding, 1 | 2);
    let width = if wide { 2 } else { 1 };
    let at = bytes.chunks_exact(width).position(|unit| unit.iter().all(|byte| *byte == 0))? * width;
    Some((decode(encoding, &bytes[..at]), &bytes[at + width..]))
}

/// Latin-1, UTF-16 with a mark, UTF-16 big-endian, UTF-8; several values are told by their first.
fn decode(encoding: u8, bytes: &[u8]) -> String {
    let text = match encoding {
        1 | 2 => {
            let little = encoding == 1 && bytes.starts_with(&[0xFF, 0xFE]);
            let unit = |b: &[u8]| {
                if little { u16::from_le_bytes([b[0], b[1]]) } else { u16::from_be_bytes([b[0], b[1]]) }
            };
            let units: Vec<u16> = bytes.chunks_exact(2).map(unit).collect();
            String::from_utf16_lossy(&units).trim_start_matches('\u{feff}').to_owned()
        }
        3 => String::from_utf8_lossy(bytes).into_owned(),
        _ => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    text.split('\0').next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<(String, String)> {
        let mut metadata = Metadata::default();
        id3(bytes, &mut metadata);
        metadata.tags
    }

    #[test]
    fn texts_of_both_versions_and_all_encodings_are_read() {
        let mut tag = b"ID3\x04\0\0\0\0\0\x55".to_vec();
        tag.extend(b"TIT2\0\0\0\x03\0\0\x03\xC3\x84");
        tag.extend(b"TPE1\0\0\0\x07\0\0\x01\xFF\xFEA\0\xE9\0");
        tag.extend(b"TXXX\0\0\0\x07\0\0\x03MOOD\0x");
        tag.extend(b"TRCK\0\0\0\x05\0\0\x003/12");
        tag.extend([0; 20]);
        let wanted =
            [("TITLE", "Ä"), ("ARTIST", "Aé"), ("MOOD", "x"), ("TRACKNUMBER", "3"), ("TRACKTOTAL", "12")];
        assert_eq!(read(&tag), wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
        // 2.3 counts sizes in whole bytes: 0x0081 is 129.
        let mut old = b"ID3\x03\0\0\0\0\x01\x0C".to_vec();
        old.extend(b"TALB\0\0\0\x81\0\0\0");
        old.extend([b'a'; 128]);
        assert_eq!(read(&old)[0].1.len(), 128);
    }

    #[test]
    fn damaged_tags_are_left_alone() {
        let mut tag = b"ID3\x04\0\0\0\0\0\x20TIT2\0\0\0\x03\0\0\x03ab".to_vec();
        assert_eq!(read(&tag), [("TITLE".to_owned(), "ab".to_owned())]);
        for end in 0..tag.len() {
            let _ = read(&tag[..end]);
        }
        tag[14..18].fill(0x7F);
        assert!(read(&tag).is_empty());
        assert!(read(b"TXXX").is_empty() && read(b"ID3\x04\0\0\0\0\0\x0DTXXX\0\0\0\x01\0\0\x01").is_empty());
    }
}
