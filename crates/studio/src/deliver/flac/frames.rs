//! FLAC frames, several at a time.
//!
//! Frames do not depend on each other: runs of them are encoded side by side. The bytes are the same on any number of threads.

use super::frame::FrameCoder;
use rayon::prelude::*;

/// Samples of a channel in a frame but the last (RFC 9639, section 7: up to 4608 for streaming).
pub(super) const FRAME_SAMPLES: usize = 4096;
/// Frames of a run: some hundredths of a second of work.
pub(super) const RUN_FRAMES: usize = 8;

/// What is encoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) sample_rate_hz: u32,
    pub(super) channels: u8,
    pub(super) bits: u32,
}

impl Shape {
    /// Interleaved samples of a frame.
    pub(super) fn frame_len(self) -> usize {
        FRAME_SAMPLES * usize::from(self.channels.max(1))
    }
}

/// Frames one behind the other, and the length of each in bytes.
#[derive(Debug, Default)]
pub(super) struct Frames {
    pub(super) bytes: Vec<u8>,
    pub(super) sizes: Vec<usize>,
}

/// Encodes interleaved samples as frames from number `first` on. All are full but perhaps the last; `window` is for full ones.
pub(super) fn encode(
    samples: &[i32],
    first: u64,
    shape: Shape,
    window: &[f64],
    side_by_side: bool,
) -> Vec<Frames> {
    let run_len = RUN_FRAMES * shape.frame_len();
    let run =
        |(index, samples): (usize, &[i32])| run(samples, first + (index * RUN_FRAMES) as u64, shape, window);
    match side_by_side {
        true => samples.par_chunks(run_len).enumerate().map(run).collect(),
        false => samples.chunks(run_len).enumerate().map(run).collect(),
    }
}

fn run(samples: &[i32], first: u64, shape: Shape, window: &[f64]) -> Frames {
    let mut coder = FrameCoder::new(window);
    let mut frames = Frames::default();
    for (number, samples) in (first..).zip(samples.chunks(shape.frame_len())) {
        let before = frames.bytes.len();
        coder.encode(samples, number, shape, &mut frames.bytes);
        frames.sizes.push(frames.bytes.len() - before);
    }
    frames
}

/// `x^16 + x^15 + x^2 + 1` (RFC 9639, section 9.3), for four bytes at a time.
const TABLES: [[u16; 256]; 4] = tables();

const fn tables() -> [[u16; 256]; 4] {
    let mut tables = [[0_u16; 256]; 4];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = ((byte as u16) << 8, 0);
        while bit < 8 {
            crc = (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x8005 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut after = 1;
    while after < 4 {
        byte = 0;
        while byte < 256 {
            // One more byte of zeros behind it.
            let crc = tables[after - 1][byte];
            tables[after][byte] = (crc << 8) ^ tables[0][(crc >> 8) as usize];
            byte += 1;
        }
        after += 1;
    }
    tables
}

pub(super) fn crc_16(bytes: &[u8]) -> u16 {
    let (fours, rest) = bytes.as_chunks::<4>();
    let at = |table: usize, byte: u16| TABLES[table][usize::from(byte & 0xFF)];
    let crc = fours.iter().fold(0_u16, |crc, [a, b, c, d]| {
        at(3, (crc >> 8) ^ u16::from(*a))
            ^ at(2, (crc & 0xFF) ^ u16::from(*b))
            ^ at(1, (*c).into())
            ^ at(0, (*d).into())
    });
    rest.iter().fold(crc, |crc, byte| (crc << 8) ^ at(0, (crc >> 8) ^ u16::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_polynomial_bit_by_bit() {
        let bytes: Vec<u8> = (0..103_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for len in [0, 1, 3, 4, 5, 8, 103] {
            let mut crc = 0_u16;
            for byte in &bytes[..len] {
                crc ^= u16::from(*byte) << 8;
                for _ in 0..8 {
                    crc = if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x8005 };
                }
            }
            assert_eq!(crc_16(&bytes[..len]), crc, "{len}");
        }
        // CRC-16/UMTS of "123456789" in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc_16(b"123456789"), 0xFEE8);
    }

    /// Decodes frames with another's decoder.
    fn decoded(bytes: &[u8]) -> Vec<i32> {
        let mut reader = flac_codec::decode::FlacStreamReader::new(bytes);
        let mut all = Vec::new();
        while let Ok(frame) = reader.read() {
            all.extend_from_slice(frame.samples);
        }
        all
    }

    fn bytes_of(samples: &[i32], shape: Shape, side_by_side: bool) -> Vec<u8> {
        let window = super::super::subframe::tukey(FRAME_SAMPLES);
        let frames = encode(samples, 0, shape, &window, side_by_side);
        let bytes: Vec<u8> = frames.iter().flat_map(|frames| frames.bytes.clone()).collect();
        assert_eq!(frames.iter().flat_map(|frames| &frames.sizes).sum::<usize>(), bytes.len());
        bytes
    }

    /// A sample by its frame and channel.
    type Kind<'a> = &'a dyn Fn(u32, u32) -> i64;

    #[test]
    fn a_stranger_decodes_every_kind_of_frame_and_threads_change_no_byte() {
        for (bits, channels) in [(16, 1), (16, 2), (20, 2), (24, 2), (24, 6), (16, 8), (32, 2), (32, 1)] {
            let shape = Shape { sample_rate_hz: 48_000, channels, bits };
            let top = i64::from(i32::MAX >> (32 - bits));
            let kinds: [(&str, Kind<'_>); 8] = [
                ("silence", &|_, _| 0),
                ("a constant", &|_, channel| -5 - i64::from(channel)),
                ("music", &|n, channel| (wave(n + 7 * channel) * 0.4 * top as f64) as i64),
                ("noise", &|n, channel| scatter(n * 8 + channel, top)),
                ("full scale from one sample to the next", &|n, _| if n % 2 == 0 { top } else { -top - 1 }),
                ("opposite sides", &|n, channel| if (n + channel) % 2 == 0 { top } else { -top - 1 }),
                ("coarse steps", &|n, _| ((wave(n) * 0.4 * top as f64) as i64 >> 7) << 7),
                ("a lone click", &|n, _| if n == 5000 { -top - 1 } else { i64::from(n % 3 == 0) }),
            ];
            for (name, kind) in kinds {
                // Two full frames and one of each odd length; with the number 127 and 128 for one of them.
                for last in [1, 2, 5, 17, 255, 300, 4095] {
                    let count = if name == "music" && last == 17 { 130 } else { 2 };
                    let frames = count * FRAME_SAMPLES as u32 + last;
                    let samples: Vec<i32> = (0..frames)
                        .flat_map(|n| (0..u32::from(channels)).map(move |channel| kind(n, channel) as i32))
                        .collect();
                    let bytes = bytes_of(&samples, shape, false);
                    assert!(decoded(&bytes) == samples, "{name}, {bits} bits, {channels} channels, {last}");
                    assert!(bytes == bytes_of(&samples, shape, true));
                }
            }
        }
    }

    fn wave(n: u32) -> f64 {
        let t = f64::from(n) / 48_000.0;
        dsp::math::sin(1500.0 * t) + 0.6 * dsp::math::sin(9100.0 * t) + 0.01 * (f64::from(n % 13) - 6.0)
    }

    fn scatter(n: u32, top: i64) -> i64 {
        let mixed = u64::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 31;
        mixed as i64 % (2 * top + 1) - top
    }

    #[test]
    fn music_takes_no_more_room_than_with_another_encoder() {
        // The one that was used before, as it was used.
        let shape = Shape { sample_rate_hz: 48_000, channels: 2, bits: 16 };
        let samples: Vec<i32> = (0..20 * FRAME_SAMPLES as u32)
            .flat_map(|n| [wave(n), wave(n + 40) * 0.8])
            .zip(testkit::signals::noise(0.003, 4, 40 * FRAME_SAMPLES))
            .map(|(x, noise)| ((0.4 * x + noise) * 32_768.0) as i32)
            .collect();
        let mut other = Vec::new();
        let options = flac_codec::encode::Options::default().fast_channel_correlation(true);
        let mut writer = flac_codec::encode::FlacStreamWriter::new(&mut other, options);
        for frame in samples.chunks(shape.frame_len()) {
            writer.write(48_000, 2, 16, frame).unwrap();
        }
        let own = bytes_of(&samples, shape, false).len();
        assert!(own as f64 <= 1.002 * other.len() as f64, "{own} {}", other.len());
    }
}
