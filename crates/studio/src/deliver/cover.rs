//! The cover that a file brings along: a PICTURE block of FLAC, an APIC frame in the `id3 ` chunk of a WAV file.

use super::artwork::{Artwork, MOST_BYTES};
use crate::message::{Error, Result};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Most blocks or chunks that are walked. House limit.
const MOST_STEPS: usize = 10_000;

/// A picture and its type: 3 is the front cover (RFC 9639, table 13; ID3v2.4 native frames, section 4.14).
type Found = (u8, Artwork);

/// See [`Artwork::inside`].
pub(super) fn inside(path: &Path) -> Result<Option<Artwork>> {
    let failed = |error: std::io::Error| Error::io(path, "look for the cover in", &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut head = [0; 12];
    if file.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    // What cannot be read as a picture is none: the audio is what counts.
    let found = match &head {
        [b'f', b'L', b'a', b'C', ..] => flac(&mut file),
        [b'R', b'I', b'F', b'F' | b'X', .., b'W', b'A', b'V', b'E'] | [b'R', b'F', b'6', b'4', ..] => {
            wav(&mut file)
        }
        _ => None,
    };
    Ok(found)
}

/// The front cover, or else the first.
fn best(found: Vec<Found>) -> Option<Artwork> {
    let at = found.iter().position(|(kind, _)| *kind == 3).unwrap_or(0);
    found.into_iter().nth(at).map(|(_, artwork)| artwork)
}

fn take(file: &mut File, bytes: u64) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    file.take(bytes).read_to_end(&mut body).ok()?;
    (body.len() as u64 == bytes).then_some(body)
}

/// Metadata blocks. Source: RFC 9639, sections 8.1 and 8.8.
fn flac(file: &mut File) -> Option<Artwork> {
    let mut found = Vec::new();
    file.seek(SeekFrom::Start(4)).ok()?;
    for _ in 0..MOST_STEPS {
        let mut head = [0; 4];
        if file.read_exact(&mut head).is_err() {
            break;
        }
        let bytes = u64::from(u32::from_be_bytes([0, head[1], head[2], head[3]]));
        match head[0] & 0x7F {
            6 if bytes <= MOST_BYTES => found.extend(take(file, bytes).as_deref().and_then(block)),
            _ => drop(file.seek(SeekFrom::Current(bytes as i64)).ok()?),
        }
        if head[0] & 0x80 != 0 {
            break;
        }
    }
    best(found)
}

fn block(body: &[u8]) -> Option<Found> {
    let number = |at: usize| Some(u32::from_be_bytes(body.get(at..at.checked_add(4)?)?.try_into().ok()?));
    // Type; media type and description, each behind its length; four numbers about the picture; the picture behind its length.
    let words = 8_usize.checked_add(number(4)? as usize)?;
    let sizes = words.checked_add(4)?.checked_add(number(words)? as usize)?;
    let start = sizes.checked_add(20)?;
    let end = start.checked_add(number(sizes.checked_add(16)?)? as usize)?;
    Some((u8::try_from(number(0)?).ok()?, Artwork::of(body.get(start..end)?.to_vec()).ok()?))
}

/// Chunks before the audio and, where sizes are told, after it. Source: Microsoft/IBM, RIFF; EBU Tech 3306.
fn wav(file: &mut File) -> Option<Artwork> {
    for _ in 0..MOST_STEPS {
        let mut head = [0; 8];
        file.read_exact(&mut head).ok()?;
        let bytes = u64::from(u32::from_le_bytes([head[4], head[5], head[6], head[7]]));
        match &head[..4] {
            b"id3 " | b"ID3 " if bytes <= MOST_BYTES => return best(frames(&take(file, bytes)?)),
            b"data" if bytes == u64::from(u32::MAX) => return None,
            _ => drop(file.seek(SeekFrom::Current((bytes + bytes % 2) as i64)).ok()?),
        }
    }
    None
}

/// APIC frames of ID3v2.3 and 2.4. Source: id3.org, "ID3 tag version 2.4.0: native frames", section 4.14.
fn frames(tag: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let [b'I', b'D', b'3', version @ (3 | 4), _, flags, rest @ ..] = tag else { return found };
    let Some(mut rest) = rest.get(4..).filter(|_| flags & 0xC0 == 0) else { return found };
    let bits = if *version == 4 { 7 } else { 8 };
    while let Some((head, after)) = rest.split_at_checked(10).filter(|(head, _)| head[0] != 0) {
        let size = head[4..8].iter().fold(0, |n, byte| (n << bits) | usize::from(*byte));
        let Some((body, next)) = after.split_at_checked(size) else { break };
        if &head[..4] == b"APIC" {
            found.extend(picture(body));
        }
        rest = next;
    }
    found
}

/// Encoding, media type, type, description, picture.
fn picture(body: &[u8]) -> Option<Found> {
    let (encoding, rest) = body.split_first()?;
    let rest = rest.get(rest.iter().position(|byte| *byte == 0)? + 1..)?;
    let (kind, rest) = rest.split_first()?;
    let width = if matches!(encoding, 1 | 2) { 2 } else { 1 };
    let end = rest.chunks_exact(width).position(|unit| unit.iter().all(|byte| *byte == 0))?;
    Some((*kind, Artwork::of(rest.get((end + 1) * width..)?.to_vec()).ok()?))
}
