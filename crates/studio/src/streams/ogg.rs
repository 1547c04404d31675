//! Comments in the header of an Ogg stream of Opus or Vorbis: the second packet is made anew, pages are numbered and summed anew.
//!
//! Source: RFC 3533 (Ogg); RFC 7845, section 5.2 (Opus comments); xiph.org, "Vorbis I specification", sections 4.2.1 and 5; for the
//! cover, xiph.org, "VorbisComment: METADATA_BLOCK_PICTURE".

use crate::deliver::Artwork;
use std::io::{Error, ErrorKind, Read, Result, Write};

/// Bytes of a page before its table of segments. Source: RFC 3533, section 6.
const HEAD_BYTES: usize = 27;
/// Largest segment, and most segments of a page.
const SEGMENT: usize = 255;
/// Most bytes of header packets: a picture of 16 MiB in base64 and some more. House limit.
const MOST_BYTES: usize = 32 << 20;

/// A page.
struct Page {
    head: [u8; HEAD_BYTES],
    table: Vec<u8>,
    body: Vec<u8>,
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the Ogg stream {what}"))
}

impl Page {
    fn read(from: &mut impl Read) -> Result<Option<Self>> {
        let mut head = [0; HEAD_BYTES];
        match from.read(&mut head[..1])? {
            0 => return Ok(None),
            _ => from.read_exact(&mut head[1..])?,
        }
        if &head[..5] != b"OggS\0" {
            return Err(damaged("has something else where a page should begin"));
        }
        let mut table = vec![0; usize::from(head[26])];
        from.read_exact(&mut table)?;
        let mut body = vec![0; table.iter().map(|size| usize::from(*size)).sum()];
        from.read_exact(&mut body)?;
        Ok(Some(Self { head, table, body }))
    }

    /// Writes it as page `number`, with the sum that belongs to it.
    fn write(mut self, number: u32, to: &mut impl Write) -> Result<()> {
        self.head[18..22].copy_from_slice(&number.to_le_bytes());
        self.head[22..26].fill(0);
        let sum = [&self.head[..], &self.table, &self.body].into_iter().fold(0, crc);
        self.head[22..26].copy_from_slice(&sum.to_le_bytes());
        [&self.head[..], &self.table, &self.body].into_iter().try_for_each(|part| to.write_all(part))
    }
}

/// Cyclic sum of Ogg: polynomial 0x04c11db7, no reflection, nothing at the beginning or end. Source: RFC 3533, section 6, field 7.
fn crc(sum: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(sum, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 24), |sum, _| {
            (sum << 1) ^ if sum & 0x8000_0000 == 0 { 0 } else { 0x04c1_1db7 }
        })
    })
}

/// Copies a stream with other comments.
pub(super) fn relabel(
    from: &mut impl Read,
    to: &mut impl Write,
    texts: &[(String, String)],
    artwork: Option<&Artwork>,
) -> Result<()> {
    let first = Page::read(from)?.ok_or_else(|| damaged("is empty"))?;
    let vorbis = first.body.starts_with(b"\x01vorbis");
    if !vorbis && !first.body.starts_with(b"OpusHead") {
        return Err(damaged("is neither Opus nor Vorbis"));
    }
    let template = first.head;
    let mut packets = headers(from, if vorbis { 2 } else { 1 })?;
    let old = packets.first_mut().ok_or_else(|| damaged("has no comments"))?;
    let name: &[u8] = if vorbis { b"\x03vorbis" } else { b"OpusTags" };
    *old = comments(old.strip_prefix(name).ok_or_else(|| damaged("has no comments"))?, name, texts, artwork)?;
    if vorbis {
        // The framing bit. Source: Vorbis I, section 5.2.1.
        old.push(1);
    }
    first.write(0, to)?;
    let mut number = 1;
    for page in pages(&packets, &template) {
        page.write(number, to)?;
        number += 1;
    }
    while let Some(page) = Page::read(from)? {
        page.write(number, to)?;
        number += 1;
    }
    Ok(())
}

/// The next so many packets, which end where a page does.
fn headers(from: &mut impl Read, count: usize) -> Result<Vec<Vec<u8>>> {
    let (mut packets, mut open) = (Vec::new(), Vec::new());
    while packets.len() < count {
        let page = Page::read(from)?.ok_or_else(|| damaged("ends in its header"))?;
        let mut rest = page.body.as_slice();
        for size in page.table.iter().map(|size| usize::from(*size)) {
            let (part, after) = rest.split_at(size);
            rest = after;
            open.extend_from_slice(part);
            if size < SEGMENT {
                packets.push(std::mem::take(&mut open));
            }
        }
        if open.len() > MOST_BYTES {
            return Err(damaged("has a header without end"));
        }
    }
    if packets.len() > count || !open.is_empty() {
        return Err(damaged("has audio on a page of its header"));
    }
    Ok(packets)
}

/// Vendor as it was, then our own texts. Source: Vorbis I, section 5.2.1.
fn comments(
    old: &[u8],
    name: &[u8],
    texts: &[(String, String)],
    artwork: Option<&Artwork>,
) -> Result<Vec<u8>> {
    let size = old.first_chunk().map(|size| u32::from_le_bytes(*size) as usize);
    let vendor = size.and_then(|size| old.get(4..4_usize.checked_add(size)?));
    let vendor = vendor.ok_or_else(|| damaged("has damaged comments"))?;
    let mut fields: Vec<Vec<u8>> = texts
        .iter()
        .map(|(key, text)| {
            let key = key.bytes().filter(|byte| (b' '..=b'}').contains(byte) && *byte != b'=');
            let key: Vec<u8> = key.map(|byte| byte.to_ascii_uppercase()).collect();
            [&key, b"=".as_slice(), text.replace('\0', "").as_bytes()].concat()
        })
        .filter(|field| !field.starts_with(b"="))
        .collect();
    fields.extend(
        artwork.map(|artwork| [b"METADATA_BLOCK_PICTURE=", base64(&picture(artwork)).as_bytes()].concat()),
    );
    let mut packet = name.to_vec();
    let count = [(fields.len() as u32).to_le_bytes().to_vec()];
    let parts = std::iter::once(vendor).chain(fields.iter().map(Vec::as_slice));
    for (index, part) in parts.enumerate() {
        packet.extend((part.len() as u32).to_le_bytes());
        packet.extend(part);
        if index == 0 {
            packet.extend(&count[0]);
        }
    }
    Ok(packet)
}

/// The body of a PICTURE block of FLAC. Source: RFC 9639, section 8.8.
fn picture(artwork: &Artwork) -> Vec<u8> {
    let mut block = 3_u32.to_be_bytes().to_vec();
    block.extend((artwork.media_type.len() as u32).to_be_bytes());
    block.extend(artwork.media_type.as_bytes());
    // No description; the number of colours only of indexed pictures.
    let numbers = [0, artwork.width, artwork.height, artwork.depth_bits, 0, artwork.bytes.len() as u32];
    block.extend(numbers.into_iter().flat_map(u32::to_be_bytes));
    block.extend(&artwork.bytes);
    block
}

/// Source: RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word =
            group.iter().enumerate().fold(0, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for at in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// Header packets on pages of their own. `template` knows the stream.
fn pages(packets: &[Vec<u8>], template: &[u8; HEAD_BYTES]) -> Vec<Page> {
    // Every packet in segments; the last is shorter than 255, if need be empty.
    let segments: Vec<(&[u8], bool)> = packets
        .iter()
        .flat_map(|packet| {
            let whole = packet.chunks_exact(SEGMENT);
            let last = whole.remainder();
            whole.map(|segment| (segment, false)).chain([(last, true)])
        })
        .collect();
    let mut continued = false;
    let made = segments.chunks(SEGMENT).map(|segments| {
        let mut head = *template;
        head[5] = u8::from(continued);
        continued = segments.last().is_some_and(|(_, ends)| !ends);
        // A page on which no packet ends has no position; headers end at 0. Source: RFC 3533, section 6, field 4.
        let position = if segments.iter().any(|(_, ends)| *ends) { 0 } else { u64::MAX };
        head[6..14].copy_from_slice(&position.to_le_bytes());
        head[26] = segments.len() as u8;
        let table = segments.iter().map(|(segment, _)| segment.len() as u8).collect();
        let body = segments.iter().flat_map(|(segment, _)| segment.iter().copied()).collect();
        Page { head, table, body }
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        // RFC 4648, section 10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xFB, 0xFF, 0xFE]), "+//+");
    }

    #[test]
    fn the_sum_is_that_of_the_catalogue() {
        // CRC-32/MPEG-2 of "123456789" is 0x0376E6E7 and begins with all ones; Ogg's begins with nothing: by bitwise division,
        // 0x89A1897F.
        assert_eq!(crc(0xFFFF_FFFF, b"123456789"), 0x0376_E6E7);
        assert_eq!(crc(0, b"123456789"), 0x89A1_897F);
    }

    #[test]
    fn long_packets_go_over_pages_and_say_so() {
        let packets = [vec![1; 255 * 255], vec![2; 10]];
        let made = pages(&packets, &[7; HEAD_BYTES]);
        // 255 full segments, then the empty end of the first packet and the second.
        assert_eq!(made.len(), 2);
        assert_eq!((made[0].head[5], made[1].head[5]), (0, 1));
        assert_eq!((&made[0].head[6..14], &made[1].head[6..14]), (&[0xFF; 8][..], &[0; 8][..]));
        assert_eq!((made[1].table.as_slice(), made[1].body.len()), (&[0, 10][..], 10));
    }

    #[test]
    fn what_is_no_ogg_is_refused() {
        let mut out = Vec::new();
        for bytes in [
            &b""[..],
            b"OggS",
            b"RIFF0000000000000000000000000000",
            b"OggS\0\x02aaaaaaaaaaaaaaaaaaaa\x01\x01x",
        ] {
            assert!(relabel(&mut &bytes[..], &mut out, &[], None).is_err());
        }
        assert!(out.is_empty());
    }
}
