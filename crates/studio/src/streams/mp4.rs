//! AAC-LC in M4A: the frames of an ADTS stream behind an index, with texts as iTunes writes them.
//!
//! The edit list and Apple's gapless tag both say where the music begins and ends, so that players cut the encoder's delay. Nothing reads
//! a clock: times of creation stay 0.
//!
//! Source: ISO/IEC 14496-12 (boxes), 14496-14 (MP4), 14496-1, section 7.2.6 (descriptors), 14496-3, section 1.6 (AudioSpecificConfig),
//! 13818-7, section 6.2 (ADTS); for the texts, the mapping of MusicBrainz Picard.

use crate::deliver::Artwork;
use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};

/// Frames of music in a frame of AAC-LC.
const FRAME: u64 = 1024;
/// AAC frames in a chunk: about a second.
const CHUNK: usize = 43;

/// What the index has to say of the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Sample rate.
    pub(super) rate_hz: u32,
    /// Frames of music.
    pub(super) frames: u64,
    /// Frames before it.
    pub(super) priming: u64,
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the AAC stream {what}"))
}

/// Sizes of the frames without their ADTS headers, and what the first header says: AudioSpecificConfig and channels.
struct Frames {
    sizes: Vec<u32>,
    config: [u8; 2],
    channels: u16,
}

/// The header of an ADTS frame: bytes of the header, bytes of the frame. Source: ISO/IEC 13818-7, section 6.2.1.
fn header(head: &[u8; 7]) -> Result<(usize, usize)> {
    if head[0] != 0xFF || head[1] & 0xF6 != 0xF0 {
        return Err(damaged("has something else where a frame should begin"));
    }
    let bytes = usize::from(head[3] & 3) << 11 | usize::from(head[4]) << 3 | usize::from(head[5] >> 5);
    let own = if head[1] & 1 == 1 { 7 } else { 9 };
    if bytes < own { Err(damaged("has a frame shorter than its header")) } else { Ok((own, bytes)) }
}

/// The next frame without its header, and the header; `None` at the end.
fn next(from: &mut impl Read) -> Result<Option<([u8; 7], Vec<u8>)>> {
    let mut head = [0; 7];
    if from.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut head[1..])?;
    let (own, bytes) = header(&head)?;
    let mut body = vec![0; bytes - 7];
    from.read_exact(&mut body)?;
    Ok(Some((head, body.split_off(own - 7))))
}

fn frames(from: &mut impl Read) -> Result<Frames> {
    let mut found = Frames { sizes: Vec::new(), config: [0; 2], channels: 0 };
    while let Some((head, body)) = next(from)? {
        if found.sizes.is_empty() {
            // Object type, index of the rate, channels: 5, 4 and 4 bits. Source: ISO/IEC 14496-3, section 1.6.2.1.
            let (kind, rate) = ((head[2] >> 6) + 1, head[2] >> 2 & 15);
            let channels = (head[2] & 1) << 2 | head[3] >> 6;
            found.config = [kind << 3 | rate >> 1, (rate & 1) << 7 | channels << 3];
            found.channels = u16::from(channels);
        }
        found.sizes.push(body.len() as u32);
    }
    if found.sizes.is_empty() { Err(damaged("is empty")) } else { Ok(found) }
}

/// Writes the file.
pub(super) fn write(
    from: &mut (impl Read + Seek),
    to: &mut impl Write,
    shape: Shape,
    texts: &[(String, String)],
    artwork: Option<&Artwork>,
) -> Result<()> {
    let frames = frames(from)?;
    let file_type = boxed(b"ftyp", &[b"M4A \0\0\0\0M4A mp42isom"]);
    let index = |at| movie(&frames, shape, texts, artwork, at);
    // The index stands in front and says where the audio begins: its length does not depend on what it says.
    let start = file_type.len() + index(0)?.len() + 8;
    let audio: u64 = frames.sizes.iter().map(|size| u64::from(*size)).sum();
    let too_long = || damaged("is longer than an M4A file can be");
    let data = u32::try_from(audio + 8).map_err(|_| too_long())?;
    u32::try_from(start as u64 + audio).map_err(|_| too_long())?;
    to.write_all(&file_type)?;
    to.write_all(&index(start as u32)?)?;
    to.write_all(&data.to_be_bytes())?;
    to.write_all(b"mdat")?;
    from.seek(SeekFrom::Start(0))?;
    while let Some((_, body)) = next(from)? {
        to.write_all(&body)?;
    }
    Ok(())
}

/// A box of parts.
fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let size = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = (size as u32).to_be_bytes().to_vec();
    bytes.extend(name);
    parts.iter().for_each(|part| bytes.extend(*part));
    bytes
}

/// Numbers of four bytes.
fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// The identity, as every player wants it. Source: ISO/IEC 14496-12, section 8.2.2.
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

fn movie(
    frames: &Frames,
    shape: Shape,
    texts: &[(String, String)],
    artwork: Option<&Artwork>,
    at: u32,
) -> Result<Vec<u8>> {
    let length = |frames: u64| u32::try_from(frames).map_err(|_| damaged("is longer than a day"));
    let (music, priming) = (length(shape.frames)?, length(shape.priming)?);
    let media = length(frames.sizes.len() as u64 * FRAME)?;
    // Flags; made, changed; units in a second, length; speed 1, volume 1; next track.
    let head = [
        words(&[0, 0, 0, shape.rate_hz, music, 0x1_0000, 0x0100_0000, 0, 0]),
        words(&MATRIX),
        words(&[0, 0, 0, 0, 0, 0, 2]),
    ];
    let head = boxed(b"mvhd", &[&head.concat()]);
    // In use, in the movie and its preview; made, changed, number, length; layer, group, volume.
    let track = [words(&[7, 0, 0, 1, 0, music, 0, 0, 0, 0x0100_0000]), words(&MATRIX), words(&[0, 0])];
    let track = boxed(b"tkhd", &[&track.concat()]);
    let edits = boxed(b"edts", &[&boxed(b"elst", &[&words(&[0, 1, music, priming, 0x1_0000])])]);
    // The language is not told: `und`.
    let media_head = boxed(b"mdhd", &[&words(&[0, 0, 0, shape.rate_hz, media, 0x55C4_0000])]);
    let handler = boxed(b"hdlr", &[&words(&[0, 0]), b"soun", &[0; 12], b"\0"]);
    let reference = boxed(b"dref", &[&words(&[0, 1]), &boxed(b"url ", &[&words(&[1])])]);
    let information = boxed(
        b"minf",
        &[&boxed(b"smhd", &[&words(&[0, 0])]), &boxed(b"dinf", &[&reference]), &table(frames, shape, at)],
    );
    let media = boxed(b"mdia", &[&media_head, &handler, &information]);
    let track = boxed(b"trak", &[&track, &edits, &media]);
    Ok(boxed(b"moov", &[&head, &track, &boxed(b"udta", &[&user_data(frames, shape, texts, artwork)])]))
}

/// The table of samples.
fn table(frames: &Frames, shape: Shape, at: u32) -> Vec<u8> {
    let count = frames.sizes.len();
    let mut kinds = words(&[0, 1]);
    kinds.extend(sound(frames, shape));
    let (whole, rest) = (count / CHUNK, count % CHUNK);
    let mut chunks = Vec::new();
    if whole > 0 {
        chunks.extend([1, CHUNK as u32, 1]);
    }
    if rest > 0 {
        chunks.extend([whole as u32 + 1, rest as u32, 1]);
    }
    let mut places = Vec::new();
    let mut place = at;
    for chunk in frames.sizes.chunks(CHUNK) {
        places.push(place);
        place = place.wrapping_add(chunk.iter().sum());
    }
    boxed(
        b"stbl",
        &[
            &boxed(b"stsd", &[&kinds]),
            &boxed(b"stts", &[&words(&[0, 1, count as u32, FRAME as u32])]),
            &boxed(b"stsc", &[&words(&[0, chunks.len() as u32 / 3]), &words(&chunks)]),
            &boxed(b"stsz", &[&words(&[0, 0, count as u32]), &words(&frames.sizes)]),
            &boxed(b"stco", &[&words(&[0, places.len() as u32]), &words(&places)]),
        ],
    )
}

/// `mp4a` with its descriptors.
fn sound(frames: &Frames, shape: Shape) -> Vec<u8> {
    let largest = frames.sizes.iter().max().copied().unwrap_or(0);
    let rate =
        |bytes: u64, count: u64| (bytes * 8 * u64::from(shape.rate_hz) / (count * FRAME).max(1)) as u32;
    let all: u64 = frames.sizes.iter().map(|size| u64::from(*size)).sum();
    let descriptor = |tag: u8, parts: &[&[u8]]| -> Vec<u8> {
        let body = parts.concat();
        // All are shorter than 128 bytes.
        [&[tag, body.len() as u8], &body[..]].concat()
    };
    let specific = descriptor(5, &[&frames.config]);
    // MPEG-4 audio, a stream of sound; buffer of three bytes; largest and mean rate.
    let rates = words(&[rate(u64::from(largest), 1), rate(all, frames.sizes.len() as u64)]);
    let decoder = descriptor(4, &[&[0x40, 0x15], &largest.to_be_bytes()[1..], &rates, &specific]);
    let stream = descriptor(3, &[&[0, 0, 0], &decoder, &descriptor(6, &[&[2]])]);
    let descriptors = boxed(b"esds", &[&[0; 4], &stream]);
    // Reserved, index of the data; reserved; channels, bits; reserved; rate, which has sixteen bits.
    let rate = if shape.rate_hz > 0xFFFF { 0 } else { shape.rate_hz << 16 };
    let fixed = [words(&[0, 1, 0, 0]), words(&[u32::from(frames.channels) << 16 | 16, 0, rate])];
    boxed(b"mp4a", &[&fixed.concat(), &descriptors])
}

/// Boxes of texts. What is not here becomes a free-form text of its own name.
const NAMES: [(&str, &[u8; 4]); 10] = [
    ("TITLE", b"\xA9nam"),
    ("ARTIST", b"\xA9ART"),
    ("ALBUM", b"\xA9alb"),
    ("ALBUMARTIST", b"aART"),
    ("DATE", b"\xA9day"),
    ("GENRE", b"\xA9gen"),
    ("COMPOSER", b"\xA9wrt"),
    ("COMMENT", b"\xA9cmt"),
    ("COPYRIGHT", b"cprt"),
    ("ENCODER", b"\xA9too"),
];

/// Kinds of a value. Source: Apple, "QuickTime File Format", well-known types.
const NUMBERS: u32 = 0;
const TEXT: u32 = 1;
const JPEG: u32 = 13;
const PNG: u32 = 14;

fn value(kind: u32, bytes: &[u8]) -> Vec<u8> {
    boxed(b"data", &[&words(&[kind, 0]), bytes])
}

fn free(name: &str, text: &str) -> Vec<u8> {
    let mean = boxed(b"mean", &[&[0; 4], b"com.apple.iTunes"]);
    boxed(b"----", &[&mean, &boxed(b"name", &[&[0; 4], name.as_bytes()]), &value(TEXT, text.as_bytes())])
}

fn user_data(
    frames: &Frames,
    shape: Shape,
    texts: &[(String, String)],
    artwork: Option<&Artwork>,
) -> Vec<u8> {
    let said = |name: &str| {
        let found = texts.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.and_then(|(_, text)| text.parse::<u16>().ok()).unwrap_or(0)
    };
    let mut list = Vec::new();
    for (key, text) in texts {
        let key = key.to_ascii_uppercase();
        match (key.as_str(), NAMES.iter().find(|(name, _)| *name == key)) {
            (_, Some((_, name))) => list.extend(boxed(name, &[&value(TEXT, text.as_bytes())])),
            ("TRACKNUMBER", _) => list.extend(counted(b"trkn", said("TRACKNUMBER"), said("TRACKTOTAL"), 8)),
            ("DISCNUMBER", _) => list.extend(counted(b"disk", said("DISCNUMBER"), said("DISCTOTAL"), 6)),
            ("TRACKTOTAL" | "DISCTOTAL", _) => {}
            // Players look for these in small letters.
            _ if key.starts_with("REPLAYGAIN_") => list.extend(free(&key.to_ascii_lowercase(), text)),
            _ => list.extend(free(&key, text)),
        }
    }
    if let Some(artwork) = artwork {
        let kind = if artwork.media_type == "image/png" { PNG } else { JPEG };
        list.extend(boxed(b"covr", &[&value(kind, &artwork.bytes)]));
    }
    let padding = (frames.sizes.len() as u64 * FRAME).saturating_sub(shape.priming + shape.frames);
    let zeros = " 00000000".repeat(8);
    let gapless = format!(" 00000000 {:08X} {padding:08X} {:016X}{zeros}", shape.priming, shape.frames);
    list.extend(free("iTunSMPB", &gapless));
    let handler = boxed(b"hdlr", &[&words(&[0, 0]), b"mdirappl", &[0; 9]]);
    boxed(b"meta", &[&[0; 4], &handler, &boxed(b"ilst", &[&list])])
}

/// A number and how many there are.
fn counted(name: &[u8; 4], number: u16, total: u16, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    bytes[2..4].copy_from_slice(&number.to_be_bytes());
    bytes[4..6].copy_from_slice(&total.to_be_bytes());
    boxed(name, &[&value(NUMBERS, &bytes)])
}
