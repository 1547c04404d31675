//! MP3: MPEG-1, MPEG-2 (ISO/IEC 11172-3, 13818-3) and MPEG-2.5, layer III.
//!
//! Frames are cut out here, so that none is lost unnoticed and the length is exact; Symphonia decodes them. The
//! encoder's delay and padding are taken from the LAME tag ("MP3 Info Tag revision 1").

use super::alac::{explain, take};
use super::decoded::{Decoded, Feed, Planes, guarded};
use super::input::{Scan, be32};
use super::limits::{self, Claim};
use super::{Options, speakers};
use crate::audio::{Encoding, Info, Metadata, Source};
use crate::message::{Error, Finding, Result, Severity};
use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::MpaDecoder;

/// Frames a decoder is late: 528 of the filterbank and 1 ("MP3 Info Tag revision 1", decoder delay).
const DECODER_DELAY: u64 = 529;

/// How far the next frame is looked for after damage.
const RESYNC_BYTES: usize = 64 * 1024;

/// Header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    mpeg1: bool,
    sample_rate_hz: u32,
    channels: u32,
    bytes: u64,
}

impl Header {
    /// Reads four bytes; `None` when they are no header of layer III.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let word = be32(bytes.get(..4)?, 0);
        let (version, layer) = ((word >> 19) & 3, (word >> 17) & 3);
        if word >> 21 != 0x7ff || version == 1 || layer != 1 || word & 3 == 2 {
            return None;
        }
        let mpeg1 = version == 3;
        // ISO/IEC 11172-3, 2.4.2.3, and 13818-3, 2.4.2.3.
        let rates = if mpeg1 {
            [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0]
        } else {
            [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0]
        };
        let kilobits: u64 = rates[((word >> 12) & 15) as usize];
        let base = *[44_100_u32, 48_000, 32_000].get(((word >> 10) & 3) as usize)?;
        let sample_rate_hz = match version {
            3 => base,
            2 => base / 2,
            _ => base / 4,
        };
        if kilobits == 0 {
            return None;
        }
        let slots = if mpeg1 { 144_000 } else { 72_000 };
        let bytes = slots * kilobits / u64::from(sample_rate_hz) + u64::from((word >> 9) & 1);
        Some(Self { mpeg1, sample_rate_hz, channels: if (word >> 6) & 3 == 3 { 1 } else { 2 }, bytes })
    }

    fn frames(self) -> u64 {
        if self.mpeg1 { 1152 } else { 576 }
    }

    fn alike(self, other: Self) -> bool {
        Self { bytes: 0, ..self } == Self { bytes: 0, ..other }
    }
}

/// Whether two frames of MP3 follow each other at the start of `head`.
pub(super) fn begins(scan: &mut Scan, start: u64) -> Result<bool> {
    let Some(first) = Header::read(&scan.peek_at(start, 4)?) else { return Ok(false) };
    let second = scan.peek_at(start + first.bytes, 4)?;
    Ok(Header::read(&second).is_some_and(|second| second.alike(first)))
}

/// Opens a file whose first frame stands at byte `start`.
pub(super) fn open(mut scan: Scan, start: u64, options: Options) -> Result<Box<dyn Source>> {
    scan.go(start)?;
    let head = scan.peek_at(start, 4)?;
    let header =
        Header::read(&head).ok_or_else(|| Error::input("bad_header", "no MP3 frame where one should be"))?;
    limits::validate(Claim {
        channels: header.channels,
        sample_rate_hz: header.sample_rate_hz,
        frames: None,
    })?;
    let tag = Tag::read(&scan.peek_at(start, header.bytes as usize)?, header);
    if tag.is_some() {
        scan.go(start + header.bytes)?;
    }
    let (delay, frames) = tag.map_or((0, None), |tag| tag.span(header));
    limits::validate(Claim { channels: header.channels, sample_rate_hz: header.sample_rate_hz, frames })?;
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_MP3);
    let decoder = guarded(|| {
        MpaDecoder::try_new(&parameters, &AudioDecoderOptions::default()).map_err(|e| explain(&e))
    })?;
    let channels = header.channels as usize;
    let info = Info {
        container: "mp3",
        codec: "mp3",
        sample_rate_hz: header.sample_rate_hz,
        layout: speakers::of_wave(channels),
        frames,
        encoding: Encoding::Lossy,
        metadata: Metadata::default(),
    };
    Ok(Box::new(Decoded {
        info,
        name: scan.name().to_owned(),
        feed: Mp3 { scan, header, decoder, count: 0, failed: 0 },
        pending: Planes::new(channels),
        delay,
        frames,
        findings: Vec::new(),
        options,
        position: 0,
        ended: false,
    }))
}

/// What the Xing, Info or VBRI frame says.
#[derive(Debug, Clone, Copy)]
struct Tag {
    /// Frames of MP3.
    count: Option<u32>,
    /// Encoder delay and padding in frames of audio.
    trim: Option<(u64, u64)>,
}

impl Tag {
    fn read(frame: &[u8], header: Header) -> Option<Self> {
        if frame.get(36..40) == Some(b"VBRI") {
            return Some(Self { count: Some(be32(frame, 50)), trim: None });
        }
        let side = match (header.mpeg1, header.channels) {
            (true, 2) => 32,
            (true, _) | (false, 2) => 17,
            _ => 9,
        };
        let tag = frame.get(4 + side..)?;
        if !tag.starts_with(b"Xing") && !tag.starts_with(b"Info") {
            return None;
        }
        let flags = be32(tag, 4);
        let count = (flags & 1 != 0).then(|| be32(tag, 8));
        let before: usize = [(1, 4), (2, 4), (4, 100), (8, 4)]
            .iter()
            .filter(|(bit, _)| flags & bit != 0)
            .map(|(_, n)| n)
            .sum();
        let lame = tag.get(8 + before..).unwrap_or_default();
        let known = [b"LAME", b"Lavf", b"Lavc"].iter().any(|name| lame.starts_with(*name));
        let trim = lame.get(21..24).filter(|_| known).map(|bytes| {
            let packed = u64::from(bytes[0]) << 16 | u64::from(bytes[1]) << 8 | u64::from(bytes[2]);
            (packed >> 12, packed & 0xfff)
        });
        Some(Self { count, trim })
    }

    /// Frames to drop at the start, and the length where it is known.
    fn span(self, header: Header) -> (u64, Option<u64>) {
        let total = self.count.map(|count| u64::from(count) * header.frames());
        let Some((delay, padding)) = self.trim else { return (0, total) };
        let start = delay + DECODER_DELAY;
        // Padding shorter than the decoder's delay cannot be had.
        let end = padding.saturating_sub(DECODER_DELAY);
        (start, total.map(|total| total.saturating_sub(start + end)))
    }
}

struct Mp3 {
    scan: Scan,
    header: Header,
    decoder: MpaDecoder,
    count: u64,
    failed: u64,
}

impl Mp3 {
    /// The next frame; `None` at the end or at tags that stand there.
    fn frame(&mut self, findings: &mut Vec<Finding>) -> Result<Option<Vec<u8>>> {
        loop {
            let at = self.scan.at();
            let ahead = self.scan.peek_at(at, 8)?;
            if let Some(header) = Header::read(&ahead).filter(|header| header.alike(self.header)) {
                if header.bytes > self.scan.left() {
                    return Err(Error::input("truncated", "the file is cut short inside a frame"));
                }
                return self.scan.take_vec(header.bytes).map(Some);
            }
            if ahead.is_empty() || is_tail(&ahead) {
                return Ok(None);
            }
            if !self.resync(at, findings)? {
                return Ok(None);
            }
        }
    }

    /// Goes to the next frame after bytes that are none; `false` when none follows.
    fn resync(&mut self, at: u64, findings: &mut Vec<Finding>) -> Result<bool> {
        let ahead = self.scan.peek_at(at, RESYNC_BYTES)?;
        let good = |offset: &usize| -> Option<u64> {
            let first = Header::read(&ahead[*offset..]).filter(|header| header.alike(self.header))?;
            let next = ahead.get(*offset + first.bytes as usize..)?;
            (next.is_empty() || Header::read(next).is_some_and(|next| next.alike(first)))
                .then_some(*offset as u64)
        };
        let found = (1..ahead.len()).find_map(|offset| good(&offset));
        let skipped = found.unwrap_or(ahead.len() as u64);
        let whole = ahead.iter().all(|&byte| byte == 0) && found.is_none();
        if !whole {
            findings.push(
                Finding::new(
                    "skipped_bytes",
                    Severity::Warning,
                    format!("{skipped} bytes at byte {at} are no audio"),
                )
                .limit("one frame after the other")
                .advice("something is missing or was put in between; listen there"),
            );
        }
        match found {
            Some(offset) => self.scan.go(at + offset)?,
            None if ahead.len() == RESYNC_BYTES => {
                return Err(Error::input(
                    "corrupt",
                    format!("no MP3 frame in {RESYNC_BYTES} bytes from byte {at} on"),
                ));
            }
            None => {}
        }
        Ok(found.is_some())
    }
}

/// Tags that stand at the end of files.
fn is_tail(ahead: &[u8]) -> bool {
    [&b"TAG"[..], b"APETAGEX", b"LYRICSBE", b"ID3", b"3DI"].iter().any(|tag| ahead.starts_with(tag))
}

impl Feed for Mp3 {
    fn next(&mut self, out: &mut Planes, findings: &mut Vec<Finding>) -> Result<bool> {
        let Some(frame) = self.frame(findings)? else {
            if self.failed > 0 && self.failed == self.count {
                return Err(Error::input("corrupt", "no frame of the file could be decoded"));
            }
            return Ok(false);
        };
        let before = out.frames();
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, &frame);
        let decoded =
            self.decoder.decode_ref(&packet).map_err(|e| explain(&e)).and_then(|audio| take(&audio, out));
        let frames = self.header.frames() as usize;
        if decoded.is_err() || out.frames() != before + frames {
            // The time line must hold: what cannot be decoded is silence of the same length.
            out.silence((before + frames).saturating_sub(out.frames()));
            self.failed += 1;
            let at = self.count * self.header.frames();
            if self.failed <= 5 {
                findings.push(
                    Finding::new(
                        "damaged_frame",
                        Severity::Warning,
                        format!("MP3 frame {} cannot be decoded", self.count),
                    )
                    .advice("it was replaced by silence of the same length; listen there")
                    .seconds(at as f64 / f64::from(self.header.sample_rate_hz)),
                );
            }
        }
        self.count += 1;
        Ok(true)
    }
}
