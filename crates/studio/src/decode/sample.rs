//! Stored samples become `f64`: full scale at ±1.0, exact for every format.

use crate::audio::Encoding;
use dsp::block::Buffer;

/// How one sample lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    U8,
    I8,
    I16,
    I24,
    I32,
    F32,
    F64,
}

/// Stored form and byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) stored: Stored,
    pub(super) big_endian: bool,
}

/// Magnitudes met in a block of floating-point samples.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Worst {
    /// Bits of the largest magnitude, as `f32` bits (rounded up for `f64` input).
    bits: u32,
}

/// Magnitude above which a floating-point sample is worth a word: +60 dBFS.
// By reasoning: no console, converter or plug-in adds 60 dB; files scaled to ±32768 and broken headers exceed it.
pub(super) const IMPLAUSIBLE: f64 = 1000.0;

impl Worst {
    fn see32(&mut self, value: f32) {
        // Without its sign bit an IEEE 754 number sorts like an integer, infinity and NaN on top.
        self.bits = self.bits.max(value.to_bits() & 0x7fff_ffff);
    }

    /// Whether something stands out: beyond [`IMPLAUSIBLE`], infinite or not a number.
    pub(super) fn stands_out(self) -> bool {
        self.bits > (IMPLAUSIBLE as f32).to_bits()
    }
}

impl Form {
    /// Integers of so many bytes, little-endian; 1 byte is unsigned as in WAV.
    pub(super) fn int_le(bytes: u32) -> Option<Self> {
        let stored = match bytes {
            1 => Stored::U8,
            2 => Stored::I16,
            3 => Stored::I24,
            4 => Stored::I32,
            _ => return None,
        };
        Some(Self { stored, big_endian: false })
    }

    /// Floating point of so many bits, little-endian.
    pub(super) fn float_le(bits: u32) -> Option<Self> {
        let stored = match bits {
            32 => Stored::F32,
            64 => Stored::F64,
            _ => return None,
        };
        Some(Self { stored, big_endian: false })
    }

    /// The same in big-endian order; 1-byte samples become signed, as in AIFF.
    pub(super) fn big(self) -> Self {
        let stored = if self.stored == Stored::U8 { Stored::I8 } else { self.stored };
        Self { stored, big_endian: true }
    }

    /// Bytes of one sample.
    pub(super) fn bytes(self) -> usize {
        match self.stored {
            Stored::U8 | Stored::I8 => 1,
            Stored::I16 => 2,
            Stored::I24 => 3,
            Stored::I32 | Stored::F32 => 4,
            Stored::F64 => 8,
        }
    }

    /// Whether samples are floating-point.
    pub(super) fn is_float(self) -> bool {
        matches!(self.stored, Stored::F32 | Stored::F64)
    }

    /// Encoding, where `valid_bits` of an integer are in use.
    pub(super) fn encoding(self, valid_bits: u16) -> Encoding {
        if self.is_float() { Encoding::Float(self.bytes() as u16 * 8) } else { Encoding::Int(valid_bits) }
    }

    /// Name of the codec.
    pub(super) fn codec(self) -> &'static str {
        match (self.stored, self.big_endian) {
            (Stored::U8, _) => "pcm_u8",
            (Stored::I8, _) => "pcm_s8",
            (Stored::I16, false) => "pcm_s16le",
            (Stored::I16, true) => "pcm_s16be",
            (Stored::I24, false) => "pcm_s24le",
            (Stored::I24, true) => "pcm_s24be",
            (Stored::I32, false) => "pcm_s32le",
            (Stored::I32, true) => "pcm_s32be",
            (Stored::F32, false) => "pcm_f32le",
            (Stored::F32, true) => "pcm_f32be",
            (Stored::F64, false) => "pcm_f64le",
            (Stored::F64, true) => "pcm_f64be",
        }
    }

    /// Converts whole interleaved frames of `bytes` into `buffer` from frame `start` on.
    pub(super) fn unpack(self, bytes: &[u8], buffer: &mut Buffer, start: usize, frames: usize) -> Worst {
        let mut worst = Worst::default();
        match (self.stored, self.big_endian) {
            (Stored::U8, _) => spread(bytes, buffer, start, frames, |[b]| (f64::from(b) - 128.0) / 128.0),
            (Stored::I8, _) => {
                spread(bytes, buffer, start, frames, |b| f64::from(i8::from_le_bytes(b)) / 128.0)
            }
            (Stored::I16, false) if buffer.channels() == 2 => stereo16(bytes, buffer, start, frames),
            (Stored::I16, false) => spread(bytes, buffer, start, frames, |b| int16(i16::from_le_bytes(b))),
            (Stored::I16, true) => spread(bytes, buffer, start, frames, |b| int16(i16::from_be_bytes(b))),
            (Stored::I24, false) if buffer.channels() == 2 => stereo24(bytes, buffer, start, frames),
            (Stored::I24, false) => spread(bytes, buffer, start, frames, |[a, b, c]| int32([0, a, b, c])),
            (Stored::I24, true) => spread(bytes, buffer, start, frames, |[a, b, c]| int32([0, c, b, a])),
            (Stored::I32, false) => spread(bytes, buffer, start, frames, int32),
            (Stored::I32, true) => spread(bytes, buffer, start, frames, |[a, b, c, d]| int32([d, c, b, a])),
            (Stored::F32, big) => spread(bytes, buffer, start, frames, |b| {
                let value = if big { f32::from_be_bytes(b) } else { f32::from_le_bytes(b) };
                worst.see32(value);
                f64::from(value)
            }),
            (Stored::F64, big) => spread(bytes, buffer, start, frames, |b| {
                let value = if big { f64::from_be_bytes(b) } else { f64::from_le_bytes(b) };
                // Beyond the range of f32 this is infinity, which is what such a sample counts as.
                worst.see32(value as f32);
                value
            }),
        }
        worst
    }
}

fn int16(value: i16) -> f64 {
    f64::from(value) / 32_768.0
}

fn int32(bytes: [u8; 4]) -> f64 {
    f64::from(i32::from_le_bytes(bytes)) / 2_147_483_648.0
}

/// The commonest studio format in large steps: two frames of 24-bit stereo are 12 bytes.
fn stereo24(bytes: &[u8], buffer: &mut Buffer, start: usize, frames: usize) {
    let value = |bits: u32| f64::from((bits << 8).cast_signed()) / 2_147_483_648.0;
    let (steps, _) = bytes.as_chunks::<12>();
    {
        let mut block = buffer.block();
        let mut block = block.slice(start, frames);
        let Some((left, right)) = block.pair_mut() else { return };
        let (left, _) = left.as_chunks_mut::<2>();
        let (right, _) = right.as_chunks_mut::<2>();
        for ((step, left), right) in steps.iter().zip(left).zip(right) {
            let [a, b, c, d, e, f, g, h, i, j, k, l] = *step;
            let (low, high) =
                (u64::from_le_bytes([a, b, c, d, e, f, g, h]), u32::from_le_bytes([i, j, k, l]));
            left[0] = value(low as u32);
            right[0] = value((low >> 24) as u32);
            left[1] = value((low >> 48) as u32 | high << 16);
            right[1] = value(high >> 8);
        }
    }
    let done = steps.len() * 2;
    let rest = bytes.get(done * 6..).unwrap_or_default();
    spread(rest, buffer, start + done, frames.saturating_sub(done), |[a, b, c]| int32([0, a, b, c]));
}

/// Stereo of 16 bits, a frame at a time.
fn stereo16(bytes: &[u8], buffer: &mut Buffer, start: usize, frames: usize) {
    let mut block = buffer.block();
    let mut block = block.slice(start, frames);
    let Some((left, right)) = block.pair_mut() else { return };
    let (steps, _) = bytes.as_chunks::<4>();
    for ((step, left), right) in steps.iter().zip(left).zip(right) {
        let both = u32::from_le_bytes(*step).cast_signed();
        *left = f64::from((both << 16) >> 16) * (1.0 / 32_768.0);
        *right = f64::from(both >> 16) * (1.0 / 32_768.0);
    }
}

/// Deals interleaved samples of `N` bytes out to the channels.
fn spread<const N: usize>(
    bytes: &[u8],
    buffer: &mut Buffer,
    start: usize,
    frames: usize,
    mut value: impl FnMut([u8; N]) -> f64,
) {
    let channels = buffer.channels();
    let mut block = buffer.block();
    let mut block = block.slice(start, frames);
    let (samples, _) = bytes.as_chunks::<N>();
    if let (2, Some((left, right))) = (channels, block.pair_mut()) {
        let (pairs, _) = samples.as_chunks::<2>();
        for ((pair, left), right) in pairs.iter().zip(left).zip(right) {
            *left = value(pair[0]);
            *right = value(pair[1]);
        }
        return;
    }
    for (channel, plane) in block.channels_mut().enumerate() {
        for (sample, out) in samples.iter().skip(channel).step_by(channels.max(1)).zip(plane) {
            *out = value(*sample);
        }
    }
}
