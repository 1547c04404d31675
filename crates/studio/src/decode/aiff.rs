//! AIFF and uncompressed AIFF-C.
//!
//! Apple, "Audio Interchange File Format: AIFF", version 1.3, 1989, and "AIFF-C", draft of 26 August 1991.

use super::input::{Scan, be16, be32};
use super::limits::{self, Claim, MAX_TAG_BYTES};
use super::pcm::Pcm;
use super::sample::{Form, Stored};
use super::{Options, tags};
use crate::audio::{Layout, Metadata, Source};
use crate::message::{Error, Finding, Result, Severity};

/// Opens a file that begins at byte `start`.
pub(super) fn open(mut scan: Scan, start: u64, options: Options) -> Result<Box<dyn Source>> {
    scan.go(start)?;
    let head: [u8; 12] = scan.take()?;
    walk(&mut scan, &head[8..12] == b"AIFC")?.open(scan, options)
}

/// `COMM` chunk.
struct Common {
    channels: u16,
    frames: u32,
    bits: u16,
    sample_rate_hz: u32,
    form: Form,
    fraction: bool,
}

fn walk(scan: &mut Scan, compressed: bool) -> Result<Pcm> {
    let (mut common, mut sound, mut metadata, mut findings) = (None, None, Metadata::default(), Vec::new());
    let mut chunks = 0;
    while scan.left() >= 8 {
        chunks += 1;
        if chunks > limits::MAX_CHUNKS {
            return Err(limits::too_many_chunks());
        }
        let head: [u8; 8] = scan.take()?;
        let (id, bytes, at) = (&head[..4], u64::from(be32(&head, 4)), scan.at());
        match id {
            b"SSND" => {
                if sound.is_some() {
                    return Err(Error::input("ambiguous", "the file has two SSND chunks"));
                }
                sound = Some(sound_data(scan, bytes)?);
            }
            _ if bytes > scan.left() => {
                let what = format!("{} bytes are left in the file", scan.left());
                if common.is_none() || sound.is_none() {
                    let id = id.escape_ascii();
                    return Err(Error::input(
                        "bad_chunk",
                        format!("chunk \"{id}\" says {bytes} bytes; {what}"),
                    ));
                }
                findings.push(
                    Finding::new(
                        "bad_chunk",
                        Severity::Warning,
                        format!("a chunk of {bytes} bytes at byte {at}"),
                    )
                    .limit(what)
                    .advice("it was stepped over; tags may be missing"),
                );
                break;
            }
            b"COMM" => {
                if common.is_some() {
                    return Err(Error::input("ambiguous", "the file has two COMM chunks"));
                }
                common = Some(common_chunk(&scan.take_vec(bytes.min(MAX_TAG_BYTES))?, compressed)?);
            }
            b"NAME" | b"AUTH" | b"(c) " | b"ANNO" if bytes <= MAX_TAG_BYTES => {
                let value = tags::text(&scan.take_vec(bytes)?);
                let key = match id {
                    b"NAME" => "TITLE",
                    b"AUTH" => "ARTIST",
                    b"(c) " => "COPYRIGHT",
                    _ => "COMMENT",
                };
                value.into_iter().for_each(|value| tags::push(&mut metadata, key, value));
            }
            _ => {}
        }
        scan.go(at + bytes + bytes % 2)?;
    }
    finish(common, sound, metadata, findings)
}

/// Offset and block size, then samples. Gives the first byte of the samples and how many bytes there should be.
fn sound_data(scan: &mut Scan, bytes: u64) -> Result<(u64, u64)> {
    let head: [u8; 8] = scan.take()?;
    let offset = u64::from(be32(&head, 0));
    let samples = bytes.checked_sub(8).and_then(|left| left.checked_sub(offset));
    let samples = samples.filter(|_| offset <= scan.left()).ok_or_else(|| {
        Error::input("bad_header", format!("the samples begin {offset} bytes into a chunk of {bytes} bytes"))
    })?;
    Ok((scan.at() + offset, samples))
}

fn common_chunk(body: &[u8], compressed: bool) -> Result<Common> {
    let least = if compressed { 22 } else { 18 };
    if body.len() < least {
        return Err(Error::input(
            "bad_header",
            format!("the COMM chunk has {} bytes, not {least}", body.len()),
        ));
    }
    let bits = be16(body, 6);
    let compression = if compressed { &body[18..22] } else { b"NONE" };
    let (sample_rate_hz, fraction) =
        rate(be16(body, 8), body[10..18].first_chunk().map_or(0, |b| u64::from_be_bytes(*b)))?;
    Ok(Common {
        channels: be16(body, 0),
        frames: be32(body, 2),
        bits,
        sample_rate_hz,
        form: form(compression, bits)?,
        fraction,
    })
}

/// The sample rate, an 80-bit IEEE 754 extended number, and whether it had a fraction.
fn rate(exponent: u16, mantissa: u64) -> Result<(u32, bool)> {
    // Value = mantissa · 2^(exponent - 16383 - 63); a rate from 1 to 2^31 has an exponent of 16383 to 16413.
    let shift = 16_446_u32.checked_sub(u32::from(exponent)).filter(|shift| (32..64).contains(shift));
    let Some(shift) = shift else {
        return Err(Error::input("bad_sample_rate", "the sample rate is zero, negative, infinite or absurd"));
    };
    let rounded = (u128::from(mantissa) + (1_u128 << (shift - 1))) >> shift;
    let fraction = mantissa & ((1_u64 << shift) - 1) != 0;
    let rate =
        u32::try_from(rounded).map_err(|_| Error::input("bad_sample_rate", "the sample rate is absurd"))?;
    Ok((rate, fraction))
}

fn form(compression: &[u8], bits: u16) -> Result<Form> {
    let stored = |stored, big_endian| Ok(Form { stored, big_endian });
    match compression {
        b"NONE" | b"twos" | b"sowt" => {}
        b"raw " if bits == 8 => return stored(Stored::U8, false),
        b"fl32" | b"FL32" => return stored(Stored::F32, true),
        b"fl64" | b"FL64" => return stored(Stored::F64, true),
        b"in24" => return stored(Stored::I24, true),
        b"in32" => return stored(Stored::I32, true),
        b"42ni" => return stored(Stored::I24, false),
        b"23ni" => return stored(Stored::I32, false),
        other => {
            let what = format!("AIFF-C with compression \"{}\" is not read", other.escape_ascii());
            return Err(Error::input("unsupported", what).hint("convert it to PCM first"));
        }
    }
    let bytes = u32::from(bits).div_ceil(8);
    let little = Form::int_le(bytes)
        .filter(|_| bits > 0)
        .ok_or_else(|| Error::input("bad_header", format!("samples of {bits} bits; 1 to 32 are read")))?;
    // Samples of AIFF are signed, 8 bits too, in either byte order.
    Ok(if compression == b"sowt" { Form { big_endian: false, ..little.big() } } else { little.big() })
}

fn finish(
    common: Option<Common>,
    sound: Option<(u64, u64)>,
    metadata: Metadata,
    mut findings: Vec<Finding>,
) -> Result<Pcm> {
    let common = common.ok_or_else(|| Error::input("bad_header", "the file has no COMM chunk"))?;
    let channels = u32::from(common.channels);
    limits::validate(Claim {
        channels,
        sample_rate_hz: common.sample_rate_hz,
        frames: Some(common.frames.into()),
    })?;
    let (data_at, bytes) = match sound {
        Some(sound) => sound,
        // Section "Sound Data Chunk": it may be missing when there are no frames.
        None if common.frames == 0 => (0, 0),
        None => return Err(Error::input("bad_header", "the file has no SSND chunk")),
    };
    if common.fraction {
        let measured = format!("the sample rate has a fraction; {} Hz was taken", common.sample_rate_hz);
        findings
            .push(Finding::new("sample_rate", Severity::Warning, measured).advice("check pitch and length"));
    }
    Ok(Pcm {
        container: "aiff",
        form: common.form,
        valid_bits: if common.bits <= 32 { common.bits } else { common.form.bytes() as u16 * 8 },
        layout: Layout::of(channels as usize),
        sample_rate_hz: common.sample_rate_hz,
        data_at,
        data_bytes: Some(bytes),
        declared_frames: Some(common.frames.into()),
        metadata,
        findings,
    })
}
