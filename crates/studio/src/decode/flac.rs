//! FLAC (RFC 9639), decoded by `flac-codec`, with its own check of everything around the frames. Files that were just written here are
//! read by Symphonia ([`quick`]): a stranger to the encoder, and three to four times as fast.
//!
//! The metadata blocks are read here, with every length checked against the file, and the decoder is given the
//! STREAMINFO and the frames only. The MD5 sum of the decoded audio is always compared.

use super::Options;
use super::bytewise::Bytewise;
use super::decoded::salvaged;
use super::input::{Scan, be16, be32, be64};
use super::limits::{self, Claim, MAX_TAG_BYTES};
use super::{speakers, tags};
use crate::audio::{Encoding, Info, Metadata, Source};
use crate::message::{Error, Finding, Result, Severity};
use dsp::block::Buffer;
use flac_codec::decode::FlacChannelReader;
use md5::{Digest, Md5};
use quick::Quick;
use std::fs::File;
use std::io::{Chain, Cursor, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Marker, block header and STREAMINFO.
const HEAD_BYTES: usize = 42;

/// The head in memory, then the file.
type Joined = Chain<Cursor<[u8; HEAD_BYTES]>, File>;

/// Who decodes.
enum Reader {
    /// Exact for every depth; told of every damage. Buffered, because it reads byte by byte.
    Careful(Box<FlacChannelReader<Bytewise<Joined>>>),
    /// For files of our own.
    Quick(Box<Quick>),
}

impl Reader {
    fn new(both: Joined, bits: u16, options: Options) -> Result<Self> {
        // Of 32 bits Symphonia 0.6.1 gives wrong samples.
        if options.own && bits <= 24 {
            return Ok(Self::Quick(Box::new(Quick::new(both, bits)?)));
        }
        let reader = FlacChannelReader::new(Bytewise::new(both)).map_err(|e| corrupt(&e.to_string(), 0))?;
        Ok(Self::Careful(Box::new(reader)))
    }

    /// What is decoded and not consumed; decodes more when there is nothing. Nothing at the end.
    fn fill_buf(&mut self, at: u64) -> Result<Vec<&[i32]>> {
        match self {
            Self::Careful(reader) => reader.fill_buf().map_err(|error| explain(&error, at)),
            Self::Quick(reader) => reader.fill_buf(),
        }
    }

    fn consume(&mut self, frames: usize) {
        match self {
            Self::Careful(reader) => reader.consume(frames),
            Self::Quick(reader) => reader.consume(frames),
        }
    }
}

mod quick;

/// Opens a FLAC file that begins at byte `start`.
pub(super) fn open(mut scan: Scan, start: u64, options: Options) -> Result<Box<dyn Source>> {
    scan.go(start + 4)?;
    let blocks = blocks(&mut scan)?;
    let StreamInfo { sample_rate_hz, channels, bits, total, md5, .. } = blocks.stream;
    limits::validate(Claim { channels, sample_rate_hz, frames: total })?;
    let (layout, finding) = match blocks.mask {
        Some(mask) => speakers::of_mask(mask, channels as usize),
        None => (speakers::of_wave(channels as usize), None),
    };
    let info = Info {
        container: "flac",
        codec: "flac",
        sample_rate_hz,
        layout,
        frames: total,
        encoding: Encoding::Int(bits),
        metadata: blocks.metadata,
    };
    let (name, at) = (scan.name().to_owned(), scan.at());
    let both = Cursor::new(blocks.head).chain(scan.into_file(at)?);
    let reader = Reader::new(both, bits, options).map_err(|error| error.at(&name))?;
    Ok(Box::new(FlacSource {
        scale: 1.0 / (1_u64 << (bits - 1)) as f64,
        info,
        reader,
        position: 0,
        sum: md5.map(|_| Md5::new()),
        md5,
        bytes: Vec::new(),
        ended: false,
        findings: finding.into_iter().collect(),
        options,
        name,
    }))
}

/// Metadata that matters.
struct Blocks {
    stream: StreamInfo,
    head: [u8; HEAD_BYTES],
    mask: Option<u32>,
    metadata: Metadata,
}

/// STREAMINFO, RFC 9639 section 8.2.
#[derive(Debug, Clone, Copy)]
struct StreamInfo {
    sample_rate_hz: u32,
    channels: u32,
    bits: u16,
    total: Option<u64>,
    md5: Option<[u8; 16]>,
}

fn blocks(scan: &mut Scan) -> Result<Blocks> {
    let mut found: Option<(StreamInfo, [u8; HEAD_BYTES])> = None;
    let (mut mask, mut metadata) = (None, Metadata::default());
    for count in 0.. {
        if count > limits::MAX_CHUNKS {
            return Err(limits::too_many_chunks());
        }
        let word = u32::from_be_bytes(scan.take()?);
        let (last, kind, size) = (word >> 31 == 1, (word >> 24) & 0x7f, u64::from(word & 0xff_ffff));
        if size > scan.left() {
            let what = format!("a metadata block of type {kind} says {size} bytes; {} are left", scan.left());
            return Err(Error::input("truncated", what));
        }
        let end = scan.at() + size;
        match kind {
            0 if found.is_some() => {
                return Err(Error::input("ambiguous", "the file has two STREAMINFO blocks"));
            }
            0 => found = Some(stream_info(scan, size)?),
            4 if size <= MAX_TAG_BYTES => {
                mask = mask.or(tags::vorbis_comments(&scan.take_vec(size)?, &mut metadata));
            }
            127 => return Err(Error::input("bad_header", "a metadata block of the forbidden type 127")),
            _ => {}
        }
        scan.go(end)?;
        if last {
            break;
        }
    }
    let (stream, head) =
        found.ok_or_else(|| Error::input("bad_header", "the file has no STREAMINFO block"))?;
    if let Some(total) = stream.total {
        believable(total, scan.left())?;
    }
    Ok(Blocks { stream, head, mask, metadata })
}

/// Refuses a number of frames that the bytes of the file could never hold.
fn believable(total: u64, bytes: u64) -> Result<()> {
    // RFC 9639: a frame has at most 65 535 samples and at least 6 bytes of header, 2 of a constant subframe and 2 of
    // checksum.
    if total / 65_535 <= bytes / 10 + 1 {
        return Ok(());
    }
    Err(Error::input(
        "bad_header",
        format!("the header says {total} frames; {bytes} bytes cannot hold so many"),
    ))
}

fn stream_info(scan: &mut Scan, size: u64) -> Result<(StreamInfo, [u8; HEAD_BYTES])> {
    if size != 34 {
        return Err(Error::input("bad_header", format!("the STREAMINFO block has {size} bytes, not 34")));
    }
    let body: [u8; 34] = scan.take()?;
    let (smallest, largest) = (be16(&body, 0), be16(&body, 2));
    if smallest < 16 || largest < smallest {
        let what = format!("blocks of {smallest} to {largest} samples; at least 16 are needed");
        return Err(Error::input("bad_header", what));
    }
    // 20 bits sample rate, 3 bits channels less one, 5 bits sample size less one, 36 bits total.
    let packed = be64(&body, 10);
    let md5: [u8; 16] = body[18..].first_chunk().copied().unwrap_or_default();
    let stream = StreamInfo {
        sample_rate_hz: be32(&body, 10) >> 12,
        channels: ((packed >> 41) & 7) as u32 + 1,
        bits: ((packed >> 36) & 31) as u16 + 1,
        total: Some(packed & 0xf_ffff_ffff).filter(|&total| total > 0),
        md5: Some(md5).filter(|sum| sum.iter().any(|&byte| byte != 0)),
    };
    if stream.bits < 4 {
        return Err(Error::input(
            "bad_header",
            format!("samples of {} bits; 4 to 32 are allowed", stream.bits),
        ));
    }
    let mut head = [0; HEAD_BYTES];
    head[..8].copy_from_slice(&[b'f', b'L', b'a', b'C', 0x80, 0, 0, 34]);
    head[8..].copy_from_slice(&body);
    Ok((stream, head))
}

struct FlacSource {
    info: Info,
    reader: Reader,
    /// One step of the integers.
    scale: f64,
    position: u64,
    md5: Option<[u8; 16]>,
    sum: Option<Md5>,
    /// Room for the bytes the checksum is taken over.
    bytes: Vec<u8>,
    ended: bool,
    findings: Vec<Finding>,
    options: Options,
    name: String,
}

impl FlacSource {
    /// Takes up to `room` frames of what is decoded, from frame `start` of `buffer` on; 0 at the end.
    fn take(&mut self, buffer: &mut Buffer, start: usize) -> Result<usize> {
        let room = buffer.frames() - start;
        let at = self.position;
        // A damaged stream makes the decoder's arithmetic overflow in builds that check it; that is damage, not a bug
        // of ours, and the decoder is not used again after it.
        let decoded =
            catch_unwind(AssertUnwindSafe(|| self.reader.fill_buf(at).map(|planes| shortest(&planes))));
        if decoded.map_err(|_| corrupt("impossible values", at))?? == 0 {
            return Ok(0);
        }
        // Gives what was just decoded, without decoding.
        let planes = self.reader.fill_buf(at)?;
        let frames = shortest(&planes).min(room);
        if planes.len() != self.info.channels() {
            return Err(corrupt("the number of channels changes", at));
        }
        for (channel, plane) in planes.iter().enumerate() {
            let out = &mut buffer.channel_mut(channel)[start..start + frames];
            for (out, &sample) in out.iter_mut().zip(*plane) {
                *out = f64::from(sample) * self.scale;
            }
        }
        if let (Some(sum), Encoding::Int(bits)) = (&mut self.sum, self.info.encoding) {
            interleave(&planes, frames, usize::from(bits).div_ceil(8), &mut self.bytes);
            sum.update(&self.bytes);
        }
        self.reader.consume(frames);
        self.position += frames as u64;
        Ok(frames)
    }

    fn fill(&mut self, buffer: &mut Buffer) -> Result<()> {
        buffer.set_frames(buffer.capacity());
        let mut done = 0;
        while done < buffer.frames() && !self.ended {
            match self.take(buffer, done) {
                Ok(0) => {
                    self.ended = true;
                    self.check_end()?;
                }
                Ok(frames) => done += frames,
                Err(error) => {
                    self.ended = true;
                    self.damaged(error)?;
                }
            }
            if self.info.frames.is_some_and(|total| self.position > total) {
                self.ended = true;
                return Err(corrupt("there are more frames than declared", self.position));
            }
        }
        buffer.set_frames(done);
        Ok(())
    }

    /// Damage is an error, unless what is whole is to be salvaged.
    fn damaged(&mut self, error: Error) -> Result<()> {
        let at = (self.position, self.info.frames, self.info.sample_rate_hz);
        self.findings.push(salvaged(error, at, self.options)?);
        Ok(())
    }

    fn check_end(&mut self) -> Result<()> {
        if let Some(total) = self.info.frames.filter(|&total| self.position < total) {
            let what = format!("the file is cut short: {} of {total} frames are there", self.position);
            return self.damaged(Error::input("truncated", what));
        }
        if self.position == 0 {
            return Err(Error::input("no_audio", "the file holds no frames"));
        }
        let Some((md5, sum)) = self.md5.zip(self.sum.take()) else {
            self.findings.push(
                Finding::new("no_checksum", Severity::Info, "the file has no MD5 sum")
                    .advice("the frames' own checksums match; whether frames are missing cannot be known"),
            );
            return Ok(());
        };
        let found: [u8; 16] = sum.finalize().into();
        if found == md5 {
            return Ok(());
        }
        let what = "the MD5 sum of the decoded audio is not the one in the file";
        if !self.options.allow_bad_md5 {
            return Err(Error::input("bad_md5", what)
                .hint("the audio is not what was encoded: get the file again, or allow a bad checksum"));
        }
        self.findings.push(
            Finding::new("bad_md5", Severity::Warning, what)
                .limit("equal sums")
                .advice("the audio is not what was encoded: get the file again"),
        );
        Ok(())
    }
}

fn shortest(planes: &[&[i32]]) -> usize {
    planes.iter().map(|plane| plane.len()).min().unwrap_or(0)
}

/// Signed little-endian bytes, channel after channel: what the MD5 sum is over (RFC 9639 section 8.2).
fn interleave(planes: &[&[i32]], frames: usize, bytes_per_sample: usize, bytes: &mut Vec<u8>) {
    bytes.clear();
    match (planes, bytes_per_sample) {
        ([left, right], 2) => {
            for (left, right) in left.iter().zip(*right).take(frames) {
                let ([a, b, ..], [c, d, ..]) = (left.to_le_bytes(), right.to_le_bytes());
                bytes.extend_from_slice(&[a, b, c, d]);
            }
        }
        ([left, right], 3) => {
            for (left, right) in left.iter().zip(*right).take(frames) {
                let ([a, b, c, _], [d, e, f, _]) = (left.to_le_bytes(), right.to_le_bytes());
                bytes.extend_from_slice(&[a, b, c, d, e, f]);
            }
        }
        _ => {
            for frame in 0..frames {
                for sample in planes.iter().filter_map(|plane| plane.get(frame)) {
                    bytes.extend(sample.to_le_bytes().iter().take(bytes_per_sample));
                }
            }
        }
    }
}

fn explain(error: &flac_codec::Error, frame: u64) -> Error {
    match error {
        flac_codec::Error::Io(e) if e.kind() == ErrorKind::UnexpectedEof => {
            Error::input("truncated", "the file is cut short")
        }
        flac_codec::Error::Io(e) => corrupt(&e.to_string(), frame),
        other => corrupt(&other.to_string(), frame),
    }
}

fn corrupt(why: &str, frame: u64) -> Error {
    Error::input("corrupt", format!("the audio is damaged after frame {frame}: {why}"))
}

impl Source for FlacSource {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        super::check_buffer(&self.info, buffer)?;
        self.fill(buffer).map_err(|error| {
            buffer.set_frames(0);
            error.at(&self.name)
        })
    }

    fn findings(&self) -> Vec<Finding> {
        self.findings.iter().cloned().map(|finding| finding.about(&self.name)).collect()
    }
}
