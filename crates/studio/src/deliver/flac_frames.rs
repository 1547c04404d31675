//! FLAC frames, several at a time.
//!
//! Frames do not depend on each other: runs of them are encoded side by side, each run as a stream of its own that numbers its
//! frames from zero, and get their true numbers afterwards. The bytes are the same on any number of threads.

use flac_codec::Error;
use flac_codec::encode::{FlacStreamWriter, Options};
use flac_codec::stream::{FrameHeader, FrameNumber};
use rayon::prelude::*;
use std::cell::RefCell;
use std::io::Write;

/// Samples of a channel in a frame but the last (the encoder's own choice; RFC 9639, section 7: up to 4608 for streaming).
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

/// Encodes interleaved samples as frames from number `first` on. All are full but perhaps the last.
pub(super) fn encode(
    samples: &[i32],
    first: u64,
    shape: Shape,
    side_by_side: bool,
) -> Result<Vec<Frames>, Error> {
    let run_len = RUN_FRAMES * shape.frame_len();
    let run = |(index, samples): (usize, &[i32])| run(samples, first + (index * RUN_FRAMES) as u64, shape);
    match side_by_side {
        true => samples.par_chunks(run_len).enumerate().map(run).collect(),
        false => samples.chunks(run_len).enumerate().map(run).collect(),
    }
}

/// Where a stream of frames goes. The encoder writes single bytes: no call for each of them.
struct Out<'a>(&'a RefCell<Vec<u8>>);

impl Write for Out<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut to = self.0.borrow_mut();
        match bytes {
            [byte] => to.push(*byte),
            bytes => to.extend_from_slice(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn run(samples: &[i32], first: u64, shape: Shape) -> Result<Frames, Error> {
    let out = RefCell::new(Vec::new());
    let mut writer = FlacStreamWriter::new(Out(&out), Options::default().fast_channel_correlation(true));
    let mut frames = Frames::default();
    for (number, samples) in (first..).zip(samples.chunks(shape.frame_len())) {
        writer.write(shape.sample_rate_hz, shape.channels, shape.bits, samples)?;
        let frame = std::mem::take(&mut *out.borrow_mut());
        let before = frames.bytes.len();
        renumber(&frame, number, &mut frames.bytes)?;
        frames.sizes.push(frames.bytes.len() - before);
        // The room is used again.
        let mut room = frame;
        room.clear();
        out.replace(room);
    }
    Ok(frames)
}

/// Appends a frame under another number: a new header with its checksum, what follows, and a new checksum over all.
fn renumber(frame: &[u8], number: u64, to: &mut Vec<u8>) -> Result<(), Error> {
    let mut rest = frame;
    let mut header = FrameHeader::read_subset(&mut rest)?;
    header.frame_number = FrameNumber(number);
    let begin = to.len();
    header.write_subset(to)?;
    to.extend_from_slice(rest.split_last_chunk::<2>().map_or(rest, |(audio, _)| audio));
    let checksum = crc_16(&to[begin..]);
    to.extend_from_slice(&checksum.to_be_bytes());
    Ok(())
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

fn crc_16(bytes: &[u8]) -> u16 {
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

    #[test]
    fn runs_give_the_bytes_of_one_stream() {
        let shape = Shape { sample_rate_hz: 48_000, channels: 2, bits: 16 };
        let count = 150 * shape.frame_len() + 2 * 77;
        let samples: Vec<i32> =
            (0..count as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 20) as i32 - 2048).collect();
        // The library's own numbers, 127 and 128 among them: the number takes another byte there.
        let out = RefCell::new(Vec::new());
        let mut writer = FlacStreamWriter::new(Out(&out), Options::default().fast_channel_correlation(true));
        for frame in samples.chunks(shape.frame_len()) {
            writer.write(48_000, 2, 16, frame).unwrap();
        }
        let want = out.take();
        for side_by_side in [false, true] {
            let frames = encode(&samples, 0, shape, side_by_side).unwrap();
            let bytes: Vec<u8> = frames.iter().flat_map(|frames| frames.bytes.clone()).collect();
            assert!(bytes == want, "{side_by_side}");
            assert_eq!(frames.iter().map(|frames| frames.sizes.len()).sum::<usize>(), 151);
            assert_eq!(frames.iter().flat_map(|frames| &frames.sizes).sum::<usize>(), want.len());
        }
    }
}
