//! The `fmt ` chunk, which WAV, RF64 and Wave64 share.

use super::input::{Scan, be16, be32, le16, le32};
use super::limits::{self, Claim};
use super::sample::Form;
use super::speakers;
use crate::audio::Layout;
use crate::message::{Error, Finding, Result};

/// `fmt ` chunk.
#[derive(Debug)]
pub(super) struct Fmt {
    pub(super) form: Form,
    pub(super) valid_bits: u16,
    pub(super) layout: Layout,
    pub(super) sample_rate_hz: u32,
    pub(super) frame_bytes: u64,
}

impl Fmt {
    /// Reads a chunk of so many bytes.
    pub(super) fn read(
        scan: &mut Scan,
        bytes: u64,
        big_endian: bool,
        findings: &mut Vec<Finding>,
    ) -> Result<Self> {
        if !(14..=4096).contains(&bytes) {
            return Err(Error::input(
                "bad_header",
                format!("the fmt chunk has {bytes} bytes; 16, 18 or 40 are usual"),
            ));
        }
        let body = scan.take_vec(bytes)?;
        let raw = Raw::read(&body, big_endian)?;
        limits::validate(Claim {
            channels: raw.channels.into(),
            sample_rate_hz: raw.sample_rate_hz,
            frames: None,
        })?;
        let channels = usize::from(raw.channels);
        let form = raw.form()?;
        let (layout, finding) = speakers::of_mask(raw.mask, channels);
        findings.extend(finding);
        let frame_bytes = (form.bytes() * channels) as u64;
        let form = if big_endian { big(form) } else { form };
        Ok(Self { form, valid_bits: raw.valid_bits, layout, sample_rate_hz: raw.sample_rate_hz, frame_bytes })
    }
}

/// RIFX is big-endian, but its 8-bit samples stay unsigned.
fn big(form: Form) -> Form {
    if form.bytes() == 1 { form } else { form.big() }
}

/// Fields of `fmt ` as they stand.
#[derive(Debug)]
struct Raw {
    tag: u16,
    channels: u16,
    sample_rate_hz: u32,
    block_align: u16,
    bits: u16,
    valid_bits: u16,
    mask: u32,
}

/// Last 14 bytes of the format GUIDs: `xxxx0000-0000-0010-8000-00AA00389B71`.
const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

impl Raw {
    fn read(body: &[u8], big_endian: bool) -> Result<Self> {
        let half = |at| if big_endian { be16(body, at) } else { le16(body, at) };
        let word = |at| if big_endian { be32(body, at) } else { le32(body, at) };
        let bits = half(14);
        let mut raw = Self {
            tag: half(0),
            channels: half(2),
            sample_rate_hz: word(4),
            block_align: half(12),
            bits,
            valid_bits: bits,
            mask: 0,
        };
        if raw.tag == 0xfffe {
            if big_endian || body.len() < 40 {
                let what = format!("an extensible fmt chunk of {} bytes; 40 are needed", body.len());
                return Err(Error::input("bad_header", what));
            }
            if body[26..40] != GUID_TAIL {
                return Err(Error::input("unsupported", "the format GUID is not one of PCM or float"));
            }
            raw.tag = le16(body, 24);
            raw.mask = le32(body, 20);
            // 0 is found in files of programs that leave the field empty.
            if le16(body, 18) != 0 {
                raw.valid_bits = le16(body, 18);
            }
        }
        Ok(raw)
    }

    fn form(&self) -> Result<Form> {
        let (bits, align, channels) = (self.bits, u32::from(self.block_align), u32::from(self.channels));
        let known = match self.tag {
            1 => matches!(bits, 8 | 12 | 16 | 20 | 24 | 32),
            3 => matches!(bits, 32 | 64),
            tag => {
                let name = codec_name(tag);
                return Err(Error::input(
                    "unsupported",
                    format!("WAV with {name} (format tag {tag:#06x}) is not read"),
                )
                .hint("convert it to PCM first"));
            }
        };
        if !known || self.valid_bits == 0 || self.valid_bits > bits.div_ceil(8) * 8 {
            return Err(Error::input(
                "bad_header",
                format!(
                    "{bits} bits with {} in use; 8, 16, 24, 32 and float 32, 64 are read",
                    self.valid_bits
                ),
            ));
        }
        let bytes = align / channels.max(1);
        let enough = u32::from(bits).div_ceil(8);
        // Integers may sit in a wider container, at its top end (WAVEFORMATEXTENSIBLE, wValidBitsPerSample).
        let fits = align % channels.max(1) == 0 && (bytes == enough || (self.tag == 1 && bytes > enough));
        let form = if self.tag == 3 { Form::float_le(bits.into()) } else { Form::int_le(bytes) };
        form.filter(|_| fits).ok_or_else(|| {
            Error::input(
                "bad_header",
                format!("frames of {align} bytes do not fit {channels} channels of {bits} bits"),
            )
        })
    }
}

fn codec_name(tag: u16) -> &'static str {
    // RFC 2361, appendix A.
    match tag {
        0x02 => "Microsoft ADPCM",
        0x06 => "A-law",
        0x07 => "µ-law",
        0x11 => "IMA ADPCM",
        0x50 => "MPEG layer 1 or 2",
        0x55 => "MP3",
        0xf1ac => "FLAC",
        _ => "an unknown codec",
    }
}
