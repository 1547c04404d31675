//! What is refused before any arithmetic is done with it.

use crate::message::{Error, Kind, Result};

/// Most channels a file may have.
// House limit: a 9.1.6 bed with 112 objects; four times the largest polyphonic recorders.
pub const MAX_CHANNELS: u32 = 128;
/// Lowest sample rate that is read.
// House limit: telephone band, ITU-T G.711.
pub const MIN_SAMPLE_RATE_HZ: u32 = 8_000;
/// Highest sample rate that is read.
// House limit: twice the highest rate converters are sold with (384 kHz).
pub const MAX_SAMPLE_RATE_HZ: u32 = 768_000;
/// Longest file.
// House limit: one day, after which BWF time references wrap (EBU Tech 3285).
pub const MAX_HOURS: u64 = 24;
/// Most chunks, boxes or blocks in one file.
// House limit: thousands of times what editors write, and still read in well under a second.
pub(super) const MAX_CHUNKS: u32 = 65_536;
/// Longest text or tag chunk that is looked into; longer ones are stepped over.
// House limit: session text in iXML is a few KiB; pictures are not read.
pub(super) const MAX_TAG_BYTES: u64 = 1 << 20;

/// What a header claims, before anything is computed from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    pub(super) channels: u32,
    pub(super) sample_rate_hz: u32,
    /// Frames, where they are known.
    pub(super) frames: Option<u64>,
}

/// The one gate every header goes through.
pub(super) fn validate(claim: Claim) -> Result<()> {
    let Claim { channels, sample_rate_hz, frames } = claim;
    if channels == 0 {
        return Err(Error::input("bad_header", "the header says 0 channels; at least 1 is needed"));
    }
    if channels > MAX_CHANNELS {
        return Err(Error::input(
            "limit",
            format!("the header says {channels} channels; at most {MAX_CHANNELS} are read"),
        ));
    }
    if !(MIN_SAMPLE_RATE_HZ..=MAX_SAMPLE_RATE_HZ).contains(&sample_rate_hz) {
        return Err(Error::input(
            "bad_sample_rate",
            format!(
                "the header says {sample_rate_hz} Hz; {MIN_SAMPLE_RATE_HZ} to {MAX_SAMPLE_RATE_HZ} Hz are read"
            ),
        ));
    }
    // 768 000 × 86 400 is far below 2^64.
    let most = u64::from(sample_rate_hz) * MAX_HOURS * 3600;
    if let Some(frames) = frames.filter(|&frames| frames > most) {
        return Err(Error::new(
            Kind::Limit,
            "limit",
            format!(
                "the header says {frames} frames, {} hours; at most {MAX_HOURS} are read",
                frames / u64::from(sample_rate_hz) / 3600
            ),
        )
        .hint("cut the file into parts"));
    }
    Ok(())
}

/// Refuses a file of too many chunks.
pub(super) fn too_many_chunks() -> Error {
    Error::new(Kind::Limit, "limit", format!("the file has more than {MAX_CHUNKS} chunks"))
        .hint("write the file again with another program")
}
