//! Sony Wave64: RIFF with 128-bit names and 64-bit sizes.
//!
//! Sonic Foundry, "Wave 64 file format". A size counts its own header of 24 bytes; chunks begin at multiples of 8.

use super::input::{Scan, le64};
use super::limits;
use super::pcm::Pcm;
use super::wav_fmt::Fmt;
use super::{Options, tags};
use crate::audio::{Metadata, Source};
use crate::message::{Error, Finding, Result, Severity};

/// GUID the file begins with.
pub(super) const RIFF: [u8; 16] =
    [b'r', b'i', b'f', b'f', 0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6, 0x28, 0xdb, 0x04, 0xc1, 0, 0];
/// What follows the four letters in the GUIDs of `wave`, `fmt `, `data`.
const TAIL: [u8; 12] = [0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a];
/// What follows `bext` in its GUID.
const BEXT_TAIL: [u8; 12] = [0xf3, 0xac, 0xd3, 0xaa, 0xd1, 0x8c, 0, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a];

/// Opens a file that begins at byte `start`.
pub(super) fn open(mut scan: Scan, start: u64, options: Options) -> Result<Box<dyn Source>> {
    scan.go(start)?;
    let head: [u8; 40] = scan.take()?;
    if head[24..28] != *b"wave" || head[28..] != TAIL {
        return Err(Error::input("bad_header", "a Wave64 file of a type other than wave"));
    }
    walk(&mut scan)?.open(scan, options)
}

/// What the chunks have said so far.
#[derive(Default)]
struct Chunks {
    fmt: Option<Fmt>,
    /// First byte and bytes of the audio.
    data: Option<(u64, u64)>,
    /// Frames that the `fact` chunk tells.
    fact: Option<u64>,
    metadata: Metadata,
    findings: Vec<Finding>,
}

fn walk(scan: &mut Scan) -> Result<Pcm> {
    let mut chunks = Chunks::default();
    let mut count = 0;
    while scan.left() >= 24 {
        count += 1;
        if count > limits::MAX_CHUNKS {
            return Err(limits::too_many_chunks());
        }
        let head: [u8; 24] = scan.take()?;
        let size = le64(&head, 16);
        let at = scan.at();
        let Some(bytes) = size.checked_sub(24) else {
            if chunks.data.is_some() {
                break;
            }
            let what = format!("a chunk of {size} bytes; its header alone has 24");
            return Err(Error::input("bad_chunk", what));
        };
        chunks.read(scan, (&head[..4], &head[4..16]), (at, bytes))?;
        scan.go(at.saturating_add(bytes).saturating_add(7) & !7)?;
    }
    chunks.pcm()
}

impl Chunks {
    /// Takes in one chunk, of so many bytes from `at` on.
    fn read(&mut self, scan: &mut Scan, (name, tail): (&[u8], &[u8]), (at, bytes): (u64, u64)) -> Result<()> {
        match name {
            b"data" if tail == TAIL => {
                if self.data.is_some() {
                    return Err(Error::input("ambiguous", "the file has two data chunks"));
                }
                self.data = Some((at, bytes));
            }
            _ if bytes > scan.left() => self.cut_short(scan.left(), (at, bytes))?,
            b"fmt " if tail == TAIL => {
                if self.fmt.is_some() {
                    return Err(Error::input("ambiguous", "the file has two fmt chunks"));
                }
                self.fmt = Some(Fmt::read(scan, bytes, false, &mut self.findings)?);
            }
            b"fact" if tail == TAIL && bytes >= 8 => self.fact = Some(u64::from_le_bytes(scan.take()?)),
            b"bext" if tail == BEXT_TAIL && bytes <= limits::MAX_TAG_BYTES => {
                tags::bext(&scan.take_vec(bytes)?, &mut self.metadata);
            }
            _ => {}
        }
        Ok(())
    }

    /// A chunk that says more bytes than are left: an error ahead of the audio, stepped over behind it.
    fn cut_short(&mut self, left: u64, (at, bytes): (u64, u64)) -> Result<()> {
        if self.data.is_none() {
            let what = format!("a chunk says {bytes} bytes; {left} are left in the file");
            return Err(Error::input("bad_chunk", what));
        }
        let what = format!("a chunk of {bytes} bytes at byte {at}");
        self.findings.push(
            Finding::new("bad_chunk", Severity::Warning, what)
                .limit(format!("{left} bytes are left in the file"))
                .advice("it was stepped over; tags may be missing"),
        );
        Ok(())
    }

    fn pcm(self) -> Result<Pcm> {
        let fmt = self.fmt.ok_or_else(|| Error::input("bad_header", "the file has no fmt chunk"))?;
        let (data_at, bytes) =
            self.data.ok_or_else(|| Error::input("bad_header", "the file has no data chunk"))?;
        Ok(Pcm {
            data_bytes: Some(without_padding(bytes, fmt.frame_bytes, self.fact)),
            container: "w64",
            form: fmt.form,
            valid_bits: fmt.valid_bits,
            layout: fmt.layout,
            sample_rate_hz: fmt.sample_rate_hz,
            data_at,
            declared_frames: None,
            metadata: self.metadata,
            findings: self.findings,
        })
    }
}

/// Some programs count the padding to a multiple of 8 as data. The frame count of `fact` tells the truth, where it is
/// told; else whole frames of padding cannot be known from audio, and the rest of a frame is padding.
fn without_padding(bytes: u64, frame_bytes: u64, fact: Option<u64>) -> u64 {
    let told = fact.and_then(|frames| frames.checked_mul(frame_bytes));
    match told.filter(|&told| told <= bytes && bytes - told < 8) {
        Some(told) => told,
        None if bytes % frame_bytes < 8 && bytes.is_multiple_of(8) => bytes - bytes % frame_bytes,
        None => bytes,
    }
}
