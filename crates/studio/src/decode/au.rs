//! Sun AU (`.snd`), uncompressed.
//!
//! Sun/NeXT header: magic, offset of the data, bytes of data (all ones when not known), encoding, rate, channels.

use super::Options;
use super::input::{Scan, be32};
use super::limits::{self, Claim};
use super::pcm::Pcm;
use super::sample::{Form, Stored};
use crate::audio::{Layout, Metadata, Source};
use crate::message::{Error, Finding, Result, Severity};

/// Opens a file that begins at byte `start`.
pub(super) fn open(mut scan: Scan, start: u64, options: Options) -> Result<Box<dyn Source>> {
    scan.go(start)?;
    let head: [u8; 24] = scan.take()?;
    let [offset, bytes, encoding, sample_rate_hz, channels] = [4, 8, 12, 16, 20].map(|at| be32(&head, at));
    limits::validate(Claim { channels, sample_rate_hz, frames: None })?;
    let stored = match encoding {
        2 => Stored::I8,
        3 => Stored::I16,
        4 => Stored::I24,
        5 => Stored::I32,
        6 => Stored::F32,
        7 => Stored::F64,
        other => {
            let what = format!("AU with encoding {other} is not read; 2 to 7 (PCM and float) are");
            return Err(Error::input("unsupported", what).hint("convert it to PCM first"));
        }
    };
    let data_at = start + u64::from(offset);
    if offset < 24 || data_at > scan.end() {
        let what = format!("the samples begin at byte {offset} of a file of {} bytes", scan.end() - start);
        return Err(Error::input("bad_header", what));
    }
    let known = bytes != u32::MAX;
    let streamed =
        Finding::new("streamed_header", Severity::Warning, "the header leaves its size open (0xFFFFFFFF)")
            .limit("a size that was filled in")
            .advice("everything up to the end of the file was taken; check the end");
    let form = Form { stored, big_endian: true };
    Pcm {
        container: "au",
        form,
        valid_bits: form.bytes() as u16 * 8,
        layout: Layout::of(channels as usize),
        sample_rate_hz,
        data_at,
        data_bytes: known.then_some(u64::from(bytes)),
        declared_frames: None,
        metadata: Metadata::default(),
        findings: if known { Vec::new() } else { vec![streamed] },
    }
    .open(scan, options)
}
