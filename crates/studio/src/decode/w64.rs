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

fn walk(scan: &mut Scan) -> Result<Pcm> {
    let (mut fmt, mut data, mut fact) = (None, None, None);
    let (mut metadata, mut findings) = (Metadata::default(), Vec::new());
    let mut chunks = 0;
    while scan.left() >= 24 {
        chunks += 1;
        if chunks > limits::MAX_CHUNKS {
            return Err(limits::too_many_chunks());
        }
        let head: [u8; 24] = scan.take()?;
        let (name, tail, size) = (&head[..4], &head[4..16], le64(&head, 16));
        let at = scan.at();
        let Some(bytes) = size.checked_sub(24) else {
            if data.is_some() {
                break;
            }
            return Err(Error::input(
                "bad_chunk",
                format!("a chunk of {size} bytes; its header alone has 24"),
            ));
        };
        match name {
            b"data" if tail == TAIL => {
                if data.is_some() {
                    return Err(Error::input("ambiguous", "the file has two data chunks"));
                }
                data = Some((at, bytes));
            }
            _ if bytes > scan.left() => {
                if data.is_none() {
                    let what = format!("a chunk says {bytes} bytes; {} are left in the file", scan.left());
                    return Err(Error::input("bad_chunk", what));
                }
                findings.push(
                    Finding::new(
                        "bad_chunk",
                        Severity::Warning,
                        format!("a chunk of {bytes} bytes at byte {at}"),
                    )
                    .limit(format!("{} bytes are left in the file", scan.left()))
                    .advice("it was stepped over; tags may be missing"),
                );
            }
            b"fmt " if tail == TAIL => {
                if fmt.is_some() {
                    return Err(Error::input("ambiguous", "the file has two fmt chunks"));
                }
                fmt = Some(Fmt::read(scan, bytes, false, &mut findings)?);
            }
            b"fact" if tail == TAIL && bytes >= 8 => fact = Some(u64::from_le_bytes(scan.take()?)),
            b"bext" if tail == BEXT_TAIL && bytes <= limits::MAX_TAG_BYTES => {
                tags::bext(&scan.take_vec(bytes)?, &mut metadata);
            }
            _ => {}
        }
        scan.go(at.saturating_add(bytes).saturating_add(7) & !7)?;
    }
    let fmt: Fmt = fmt.ok_or_else(|| Error::input("bad_header", "the file has no fmt chunk"))?;
    let (data_at, bytes) = data.ok_or_else(|| Error::input("bad_header", "the file has no data chunk"))?;
    Ok(Pcm {
        data_bytes: Some(without_padding(bytes, fmt.frame_bytes, fact)),
        container: "w64",
        form: fmt.form,
        valid_bits: fmt.valid_bits,
        layout: fmt.layout,
        sample_rate_hz: fmt.sample_rate_hz,
        data_at,
        declared_frames: None,
        metadata,
        findings,
    })
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
