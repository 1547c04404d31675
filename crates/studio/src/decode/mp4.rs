//! MP4 and M4A (ISO/IEC 14496-12, -14; Apple, "QuickTime File Format"): finds the packets of the first sound track.
//!
//! The index is read whole, bounded by the file; audio is read packet by packet.

use super::aac::{self, SpanAt};
use super::input::{Scan, be16, be32, be64};
use super::limits::{self, Claim};
use super::{Options, alac, tags};
use crate::audio::{Metadata, Source};
use crate::message::{Error, Finding, Result, Severity};

/// Largest index that is read.
// House limit: 24 h of AAC take about 40 MiB.
const MAX_INDEX_BYTES: u64 = 256 << 20;

/// Opens a file that begins at byte `start`.
pub(super) fn open(mut scan: Scan, start: u64, options: Options) -> Result<Box<dyn Source>> {
    let movie = movie(&mut scan, start)?;
    let track = Track::find(&movie)?;
    let mut metadata = Metadata::default();
    let gap = user_data(&movie, &mut metadata);
    track.open(scan, gap, metadata, options)
}

/// Content of the `moov` box.
fn movie(scan: &mut Scan, start: u64) -> Result<Vec<u8>> {
    scan.go(start)?;
    for _ in 0..limits::MAX_CHUNKS {
        if scan.left() < 8 {
            return Err(Error::input(
                "truncated",
                "the file has no moov box: it is cut short, or in fragments",
            )
            .hint("the recording was not finished; recover it with the program that made it"));
        }
        let (at, head) = (scan.at(), scan.take::<8>()?);
        let (size, header) = match be32(&head, 0) {
            0 => (scan.end() - at, 8),
            1 => (u64::from_be_bytes(scan.take()?), 16),
            size => (u64::from(size), 8),
        };
        let Some(body) = size.checked_sub(header) else {
            return Err(Error::input("bad_header", format!("a box of {size} bytes at byte {at}")));
        };
        if &head[4..8] == b"moov" {
            if body > scan.left() {
                let what = format!("the index says {body} bytes, {} are left in the file", scan.left());
                return Err(Error::input("truncated", what));
            }
            if body > MAX_INDEX_BYTES {
                return Err(Error::input("limit", format!("an index of {body} bytes")));
            }
            return scan.take_vec(body);
        }
        if &head[4..8] == b"moof" {
            return Err(
                Error::input("unsupported", "MP4 in fragments is not read").hint("remux it to plain MP4")
            );
        }
        scan.go(at.saturating_add(size))?;
    }
    Err(limits::too_many_chunks())
}

/// Boxes inside a box: name and content. A box that cannot be ends the list.
fn boxes(mut rest: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    std::iter::from_fn(move || {
        let name = *rest.get(4..)?.first_chunk()?;
        let (size, header) = match be32(rest, 0) {
            1 if rest.len() >= 16 => (usize::try_from(be64(rest, 8)).ok()?, 16),
            size => (size as usize, 8),
        };
        let body = rest.get(header..size)?;
        rest = rest.get(size..)?;
        Some((name, body))
    })
}

/// The first box at a path.
fn inside<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    path.iter()
        .try_fold(bytes, |bytes, name| boxes(bytes).find(|(found, _)| found == *name).map(|(_, body)| body))
}

#[derive(Debug)]
enum Codec {
    Aac { config: Vec<u8> },
    Alac { cookie: Vec<u8>, channels: u32, sample_rate_hz: u32 },
}

/// The sound track.
#[derive(Debug)]
struct Track {
    codec: Codec,
    index: Vec<(u64, u32)>,
    span: Span,
    findings: Vec<Finding>,
}

impl Track {
    fn find(movie: &[u8]) -> Result<Self> {
        let sound = |track: &&[u8]| {
            inside(track, &[b"mdia", b"hdlr"]).is_some_and(|body| body.get(8..12) == Some(b"soun"))
        };
        let tracks: Vec<_> =
            boxes(movie).filter(|(name, _)| name == b"trak").map(|(_, body)| body).take(1000).collect();
        let mut sounds = tracks.iter().copied().filter(sound);
        let track =
            sounds.next().ok_or_else(|| Error::input("not_audio", "the MP4 file has no sound track"))?;
        let mut findings = Vec::new();
        if sounds.next().is_some() {
            findings.push(
                Finding::new("several_tracks", Severity::Warning, "the file has more than one sound track")
                    .advice("the first was taken; check that it is the right one"),
            );
        }
        let table = inside(track, &[b"mdia", b"minf", b"stbl"]).ok_or_else(|| missing("stbl"))?;
        let codec = codec(inside(table, &[b"stsd"]).ok_or_else(|| missing("stsd"))?)?;
        let index = index(table)?;
        let span = Span::read(movie, track, table, &mut findings)?;
        Ok(Self { codec, index, span, findings })
    }

    fn open(
        self,
        scan: Scan,
        gap: Option<(u64, u64)>,
        metadata: Metadata,
        options: Options,
    ) -> Result<Box<dyn Source>> {
        let Self { codec, index, mut span, findings } = self;
        span.gap = gap;
        match codec {
            Codec::Aac { config } => {
                aac::Track { config, index, span: Box::new(span), metadata, findings }.open(scan, options)
            }
            Codec::Alac { cookie, channels, sample_rate_hz } => {
                limits::validate(Claim { channels, sample_rate_hz, frames: None })?;
                let (priming, frames) = span.at(sample_rate_hz);
                let frames = frames.ok_or_else(|| missing("stts"))?;
                let track = alac::Track {
                    container: "m4a",
                    cookie,
                    sample_rate_hz,
                    channels,
                    index,
                    priming,
                    frames,
                    metadata,
                    findings,
                };
                track.open(scan, None, options)
            }
        }
    }
}

fn missing(name: &str) -> Error {
    Error::input("bad_header", format!("the sound track has no usable {name} box"))
}

/// `stsd`: version and flags, count, then the entries. An entry: 6 bytes, data reference, 20 bytes of sound
/// description (channels at 16, rate at 24 in 16.16), more in QuickTime versions 1 and 2, then boxes.
fn codec(body: &[u8]) -> Result<Codec> {
    let (name, entry) = boxes(body.get(8..).unwrap_or_default()).next().ok_or_else(|| missing("stsd"))?;
    let extra = match be16(entry, 8) {
        1 => 16,
        2 => 36,
        _ => 0,
    };
    let children = entry.get(28 + extra..).ok_or_else(|| missing("stsd"))?;
    match &name {
        b"mp4a" => {
            let descriptor = inside(children, &[b"esds"]).or_else(|| inside(children, &[b"wave", b"esds"]));
            let config = elementary(descriptor.ok_or_else(|| missing("esds"))?)?;
            Ok(Codec::Aac { config })
        }
        b"alac" => {
            let cookie = inside(children, &[b"alac"]).or_else(|| inside(children, &[b"wave", b"alac"]));
            let cookie = cookie.and_then(|body| body.get(4..)).ok_or_else(|| missing("alac"))?.to_vec();
            // The cookie knows better than the 16-bit fields of the entry.
            let channels = cookie.get(9).map_or(0, |&channels| u32::from(channels));
            Ok(Codec::Alac { channels, sample_rate_hz: be32(&cookie, 20), cookie })
        }
        other => {
            let what = format!("MP4 with \"{}\" is not read; AAC and ALAC are", other.escape_ascii());
            Err(Error::input("unsupported", what).hint("convert it to WAV or FLAC first"))
        }
    }
}

/// AudioSpecificConfig out of `esds` (ISO/IEC 14496-1, 7.2.6: descriptors 3, 4 and 5).
fn elementary(body: &[u8]) -> Result<Vec<u8>> {
    let bad = || missing("esds");
    let (_, stream) = descriptor(body.get(4..).ok_or_else(bad)?, 3).ok_or_else(bad)?;
    let flags = *stream.get(2).ok_or_else(bad)?;
    let url = if flags & 0x40 != 0 { 1 + usize::from(*stream.get(3).ok_or_else(bad)?) } else { 0 };
    let skip = 3 + if flags & 0x80 != 0 { 2 } else { 0 } + url + if flags & 0x20 != 0 { 2 } else { 0 };
    let (_, decoder) = descriptor(stream.get(skip..).ok_or_else(bad)?, 4).ok_or_else(bad)?;
    let kind = *decoder.first().ok_or_else(bad)?;
    // 0x40 is MPEG-4 audio, 0x66 to 0x68 MPEG-2 AAC.
    if !matches!(kind, 0x40 | 0x66..=0x68) {
        return Err(Error::input("unsupported", format!("MP4 audio of object type {kind:#x} is not read")));
    }
    let (_, config) = descriptor(decoder.get(13..).ok_or_else(bad)?, 5).ok_or_else(bad)?;
    Ok(config.to_vec())
}

/// A descriptor with this tag at the start of `bytes`: what follows it, and its content.
fn descriptor(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, mut rest) = bytes.split_first()?;
    let mut size = 0_usize;
    for _ in 0..4 {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        size = size << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    let content = rest.get(..size).unwrap_or(rest);
    (found == tag).then_some((rest.get(size..).unwrap_or_default(), content))
}

/// Place and size of every packet.
fn index(table: &[u8]) -> Result<Vec<(u64, u32)>> {
    let sizes = inside(table, &[b"stsz"]).filter(|body| body.len() >= 12).ok_or_else(|| missing("stsz"))?;
    let (uniform, count) = (be32(sizes, 4), be32(sizes, 8) as usize);
    let room = sizes.len() / 4 - 3;
    if uniform == 0 && count > room {
        let what = format!("the stsz box says {count} packets; there is room for {room}");
        return Err(Error::input("bad_header", what));
    }
    let runs = inside(table, &[b"stsc"]).filter(|body| body.len() >= 8).ok_or_else(|| missing("stsc"))?;
    let wide = inside(table, &[b"co64"]);
    let offsets = wide.or_else(|| inside(table, &[b"stco"])).filter(|body| body.len() >= 8);
    let offsets = offsets.ok_or_else(|| missing("stco"))?;
    let step = if wide.is_some() { 8 } else { 4 };
    let chunks = offsets[8..].chunks_exact(step).take(be32(offsets, 4) as usize);
    let (runs, _) = runs[8..].as_chunks::<12>();
    let mut runs = runs.iter().peekable();
    let (mut packets, mut per_chunk) = (Vec::new(), 0_usize);
    for (number, offset) in chunks.enumerate() {
        while let Some(run) = runs.next_if(|run| be32(*run, 0) as usize <= number + 1) {
            per_chunk = be32(run, 4) as usize;
        }
        let mut at = if step == 8 { be64(offset, 0) } else { u64::from(be32(offset, 0)) };
        for _ in 0..per_chunk.min(count - packets.len()) {
            let size = if uniform == 0 { be32(sizes, 12 + 4 * packets.len()) } else { uniform };
            packets.push((at, size));
            at = at.saturating_add(size.into());
            if packets.len() as u64 * 12 > MAX_INDEX_BYTES {
                return Err(Error::input("limit", "more packets than are read"));
            }
        }
    }
    if packets.len() != count {
        let what = format!("the index places {} of {count} packets", packets.len());
        return Err(Error::input("bad_header", what));
    }
    Ok(packets)
}

/// Times of the track, in its own units and those of the movie.
#[derive(Debug)]
struct Span {
    /// Units per second of the track and of the movie.
    track_scale: u32,
    movie_scale: u32,
    /// Length of all packets, in units of the track.
    media: u64,
    /// Edit: length in units of the movie, start in units of the track.
    edit: Option<(u64, u64)>,
    /// Delay and length of Apple's gapless tag, in frames.
    gap: Option<(u64, u64)>,
}

impl Span {
    fn read(movie: &[u8], track: &[u8], table: &[u8], findings: &mut Vec<Finding>) -> Result<Self> {
        let scale = |body: &[u8]| be32(body, if body.first() == Some(&1) { 20 } else { 12 });
        let track_scale = inside(track, &[b"mdia", b"mdhd"]).map(scale).unwrap_or(0);
        let movie_scale = inside(movie, &[b"mvhd"]).map(scale).unwrap_or(0);
        if track_scale == 0 || movie_scale == 0 {
            return Err(missing("mdhd"));
        }
        let times =
            inside(table, &[b"stts"]).filter(|body| body.len() >= 8).ok_or_else(|| missing("stts"))?;
        let (runs, _) = times[8..].as_chunks::<8>();
        let media = runs
            .iter()
            .take(be32(times, 4) as usize)
            .try_fold(0_u64, |sum, run| sum.checked_add(u64::from(be32(run, 0)) * u64::from(be32(run, 4))));
        let media = media.ok_or_else(|| missing("stts"))?;
        let edit = inside(track, &[b"edts", b"elst"]).map_or(Ok(None), |body| edit(body, findings))?;
        Ok(Self { track_scale, movie_scale, media, edit, gap: None })
    }
}

/// The one edit of the list. An empty edit in front delays the track against others and is only told.
fn edit(body: &[u8], findings: &mut Vec<Finding>) -> Result<Option<(u64, u64)>> {
    let wide = body.first() == Some(&1);
    let step = if wide { 20 } else { 12 };
    let mut edits = Vec::new();
    for entry in body.get(8..).unwrap_or_default().chunks_exact(step).take(be32(body, 4) as usize) {
        let (length, at) = if wide {
            (be64(entry, 0), be64(entry, 8) as i64)
        } else {
            (u64::from(be32(entry, 0)), i64::from(be32(entry, 4) as i32))
        };
        match u64::try_from(at) {
            Ok(at) => edits.push((length, at)),
            Err(_) => findings.push(
                Finding::new("edit_offset", Severity::Info, "the track begins later than the file")
                    .advice("that silence was left out; place the track by ear"),
            ),
        }
    }
    if edits.len() > 1 {
        return Err(Error::input(
            "unsupported",
            format!("an edit list of {} parts is not read", edits.len()),
        )
        .hint("render the track once with the program that made it"));
    }
    Ok(edits.pop())
}

/// `value` units of `from` per second in units of `to` per second, rounded.
fn convert(value: u64, from: u32, to: u32) -> u64 {
    let converted = (u128::from(value) * u128::from(to) + u128::from(from) / 2) / u128::from(from.max(1));
    u64::try_from(converted).unwrap_or(u64::MAX)
}

impl SpanAt for Span {
    fn at(&self, sample_rate_hz: u32) -> (u64, Option<u64>) {
        let media = convert(self.media, self.track_scale, sample_rate_hz);
        let Some((length, start)) = self.edit else {
            return match self.gap {
                Some((delay, frames)) if delay.saturating_add(frames) <= media => (delay, Some(frames)),
                _ => (0, Some(media)),
            };
        };
        let start = convert(start, self.track_scale, sample_rate_hz);
        let rest = media.saturating_sub(start);
        if let Some((_, frames)) = self.gap.filter(|&(delay, frames)| delay == start && frames <= rest) {
            return (start, Some(frames));
        }
        let length = convert(length, self.movie_scale, sample_rate_hz);
        // A movie counted in milliseconds cannot say the length to a frame; the packets can, when they agree.
        let step = u64::from(sample_rate_hz / self.movie_scale.max(1)) + 1;
        let frames = if length == 0 || length.abs_diff(rest) <= step { rest } else { length.min(rest) };
        (start, Some(frames))
    }
}

/// Tags of `udta/meta/ilst`; gives delay and length of Apple's gapless tag (`iTunSMPB`).
fn user_data(movie: &[u8], metadata: &mut Metadata) -> Option<(u64, u64)> {
    let list = inside(movie, &[b"udta", b"meta"]).and_then(|body| inside(body.get(4..)?, &[b"ilst"]))?;
    let mut gap = None;
    for (name, item) in boxes(list).take(1000) {
        let Some(value) = inside(item, &[b"data"]).and_then(|body| tags::text(body.get(8..)?)) else {
            continue;
        };
        let key = match &name {
            b"\xa9nam" => "TITLE",
            b"\xa9ART" => "ARTIST",
            b"\xa9alb" => "ALBUM",
            b"aART" => "ALBUMARTIST",
            b"\xa9day" => "DATE",
            b"\xa9gen" => "GENRE",
            b"\xa9wrt" => "COMPOSER",
            b"\xa9cmt" => "COMMENT",
            b"\xa9too" => "ENCODER",
            b"cprt" => "COPYRIGHT",
            b"----" => {
                if inside(item, &[b"name"]).and_then(|body| body.get(4..)) == Some(b"iTunSMPB") {
                    gap = smpb(&value);
                }
                continue;
            }
            _ => continue,
        };
        tags::push(metadata, key, value);
    }
    gap
}

/// `iTunSMPB`: zero, delay, padding, length, in hexadecimal.
fn smpb(text: &str) -> Option<(u64, u64)> {
    let mut fields = text.split_whitespace().skip(1).map(|field| u64::from_str_radix(field, 16).ok());
    let (delay, _padding, length) = (fields.next()??, fields.next()??, fields.next()??);
    (length > 0).then_some((delay, length))
}
