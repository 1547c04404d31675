//! ID3v2.4 tags, as WAV files hold them in an `id3 ` chunk.
//!
//! Source: id3.org, "ID3 tag version 2.4.0: main structure" and "native frames".

use super::artwork::Artwork;

/// Frames of Vorbis names. What is not here becomes a `TXXX` frame of its own name.
const FRAMES: [(&str, &[u8; 4]); 11] = [
    ("TITLE", b"TIT2"),
    ("ARTIST", b"TPE1"),
    ("ALBUM", b"TALB"),
    ("ALBUMARTIST", b"TPE2"),
    ("DATE", b"TDRC"),
    ("GENRE", b"TCON"),
    ("COMPOSER", b"TCOM"),
    ("ISRC", b"TSRC"),
    ("COPYRIGHT", b"TCOP"),
    ("LABEL", b"TPUB"),
    ("ENCODER", b"TSSE"),
];

/// Text is UTF-8 (section 4 of the structure: encoding 3).
const UTF_8: u8 = 3;

/// A tag, filled with zeros up to `size` bytes (left as long as it is where that is less).
pub(crate) fn tag(pairs: &[(String, String)], artwork: Option<&Artwork>, size: usize) -> Vec<u8> {
    let mut frames = Vec::new();
    let value =
        |name: &str| pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
    for (key, text) in pairs {
        let key = key.to_ascii_uppercase();
        match key.as_str() {
            "TRACKNUMBER" => frame(&mut frames, b"TRCK", &counted(text, value("TRACKTOTAL"))),
            "DISCNUMBER" => frame(&mut frames, b"TPOS", &counted(text, value("DISCTOTAL"))),
            "TRACKTOTAL" | "DISCTOTAL" => {}
            "COMMENT" => {
                // Language, empty description, text.
                let mut body = vec![UTF_8];
                body.extend(b"eng\0");
                body.extend(clean(text));
                frame(&mut frames, b"COMM", &body);
            }
            _ => match FRAMES.iter().find(|(name, _)| *name == key) {
                Some((_, id)) => frame(&mut frames, id, &said(text)),
                None => {
                    let mut body = said(&key);
                    body.push(0);
                    body.extend(clean(text));
                    frame(&mut frames, b"TXXX", &body);
                }
            },
        }
    }
    if let Some(art) = artwork {
        // Encoding of the description, media type, front cover (3), empty description, picture.
        let mut body = vec![0];
        body.extend(art.media_type.as_bytes());
        body.extend([0, 3, 0]);
        body.extend(&art.bytes);
        frame(&mut frames, b"APIC", &body);
    }
    frames.resize(frames.len().max(size.saturating_sub(HEAD_BYTES)), 0);
    let mut tag = b"ID3\x04\x00\x00".to_vec();
    tag.extend(synchsafe(frames.len()));
    tag.extend(frames);
    tag
}

/// Bytes before the first frame.
const HEAD_BYTES: usize = 10;

fn clean(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(|byte| *byte != 0)
}

fn said(text: &str) -> Vec<u8> {
    std::iter::once(UTF_8).chain(clean(text)).collect()
}

/// `3/12`, or `3` where the total is not known.
fn counted(number: &str, total: Option<&str>) -> Vec<u8> {
    match total {
        Some(total) => said(&format!("{number}/{total}")),
        None => said(number),
    }
}

fn frame(to: &mut Vec<u8>, id: &[u8; 4], body: &[u8]) {
    to.extend(id);
    to.extend(synchsafe(body.len()));
    to.extend([0, 0]);
    to.extend(body);
}

/// Four times seven bits.
fn synchsafe(size: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| ((size >> shift) & 0x7F) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_byte_for_byte_what_the_standard_says() {
        let pairs = [("TITLE".to_owned(), "Ä".to_owned()), ("MOOD".to_owned(), "x".to_owned())];
        let found = tag(&pairs, None, 48);
        let mut wanted = b"ID3\x04\x00\x00\x00\x00\x00\x26".to_vec();
        wanted.extend(b"TIT2\x00\x00\x00\x03\x00\x00\x03\xC3\x84");
        wanted.extend(b"TXXX\x00\x00\x00\x07\x00\x00\x03MOOD\x00x");
        wanted.resize(48, 0);
        assert_eq!(found, wanted);
        assert_eq!(synchsafe(0x0FFF_FFFF), [0x7F; 4]);
        assert_eq!(synchsafe(257), [0, 0, 2, 1]);
    }

    #[test]
    fn numbers_and_totals_become_one_frame() {
        let pairs = [("TRACKNUMBER", "3"), ("TRACKTOTAL", "12"), ("DISCNUMBER", "1")];
        let found = tag(&pairs.map(|(a, b)| (a.to_owned(), b.to_owned())), None, 0);
        let text = String::from_utf8_lossy(&found).into_owned();
        assert!(text.contains("TRCK\0\0\0\x05\0\0\x033/12TPOS\0\0\0\x02\0\0\x031"), "{text:?}");
    }
}
