//! Audio of a disc: 16-bit stereo in sectors, hashed while it is written.

use super::crc::Crc32;
use super::sectors::Sectors;
use crate::message::{Error, Kind, Result};
use md5::{Digest, Md5};
use std::io::Write;

/// Bytes that are collected before they are written and hashed.
const BUFFER_BYTES: usize = 1 << 16;
/// Bytes of a stereo frame of 16 bits.
pub(super) const FRAME_BYTES: u64 = 4;

/// Takes frames of 16-bit stereo and writes them as a disc image: little-endian, left first, no header; the last sector is
/// filled with silence. Nothing between is padded, so audio that runs on through a mark stays whole.
#[derive(Debug)]
pub struct Image<W: Write> {
    out: W,
    buffer: Vec<u8>,
    length: Sectors,
    frames: u64,
    md5: Md5,
    crc: Crc32,
}

/// What an image came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashes {
    /// MD5, 32 small hexadecimal digits.
    pub md5: String,
    /// CRC-32 as in zlib.
    pub crc32: u32,
}

impl<W: Write> Image<W> {
    /// An image of so many sectors, the first pregap included.
    pub fn new(out: W, length: Sectors) -> Self {
        let buffer = Vec::with_capacity(BUFFER_BYTES);
        Self { out, buffer, length, frames: 0, md5: Md5::new(), crc: Crc32::new() }
    }

    /// Frames taken so far.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Appends frames, left and right in turn. How they are cut up changes nothing.
    ///
    /// # Errors
    /// `image_length` for half a frame or more frames than the image has; `disk_full`, `io`.
    pub fn push(&mut self, interleaved: &[i16]) -> Result<()> {
        if !interleaved.len().is_multiple_of(2) {
            return Err(wrong_length("half a frame was about to be written"));
        }
        self.count((interleaved.len() / 2) as u64)?;
        for part in interleaved.chunks(BUFFER_BYTES / 4) {
            if self.buffer.len() + 2 * part.len() > BUFFER_BYTES {
                self.flush()?;
            }
            self.buffer.extend(part.iter().flat_map(|sample| sample.to_le_bytes()));
        }
        Ok(())
    }

    /// Appends frames of silence.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_silence(&mut self, frames: u64) -> Result<()> {
        self.count(frames)?;
        self.zeros(frames.saturating_mul(FRAME_BYTES))
    }

    /// Fills the last sector and ends the image.
    ///
    /// # Errors
    /// `image_length` when the audio ends before the last sector begins; `disk_full`, `io`.
    pub fn finish(mut self) -> Result<(W, Hashes)> {
        let missing = self.length.frames().saturating_sub(self.frames);
        if missing >= Sectors::new(1).frames() {
            let (found, wanted) = (Sectors::holding(self.frames), self.length);
            return Err(wrong_length(&format!("the audio ends at {found}; the disc ends at {wanted}")));
        }
        self.zeros(missing * FRAME_BYTES)?;
        self.flush()?;
        self.out.flush().map_err(|error| failed(&error))?;
        let hashes = Hashes { md5: hex(&self.md5.finalize()), crc32: self.crc.finish() };
        Ok((self.out, hashes))
    }

    fn count(&mut self, frames: u64) -> Result<()> {
        self.frames = self.frames.saturating_add(frames);
        if self.frames > self.length.frames() {
            let what = format!("more audio than the disc holds: it ends at {}", self.length);
            return Err(wrong_length(&what));
        }
        Ok(())
    }

    fn zeros(&mut self, mut bytes: u64) -> Result<()> {
        while bytes > 0 {
            let part = bytes.min((BUFFER_BYTES - self.buffer.len()) as u64);
            self.buffer.resize(self.buffer.len() + part as usize, 0);
            bytes -= part;
            if self.buffer.len() == BUFFER_BYTES {
                self.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.md5.update(&self.buffer);
        self.crc.update(&self.buffer);
        self.out.write_all(&self.buffer).map_err(|error| failed(&error))?;
        self.buffer.clear();
        Ok(())
    }
}

/// Both hashes of bytes.
pub(super) fn hashes(bytes: &[u8]) -> Hashes {
    let mut crc = Crc32::new();
    crc.update(bytes);
    Hashes { md5: hex(&Md5::digest(bytes)), crc32: crc.finish() }
}

/// Both hashes of everything a reader gives, and its length; `step` hears how many bytes are done.
pub(super) fn hash_all(
    reader: &mut dyn std::io::Read,
    failed: &dyn Fn(&std::io::Error) -> Error,
    step: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<(Hashes, u64)> {
    let (mut md5, mut crc, mut done) = (Md5::new(), Crc32::new(), 0_u64);
    let mut buffer = vec![0; 16 * BUFFER_BYTES];
    loop {
        let got = reader.read(&mut buffer).map_err(|error| failed(&error))?;
        let Some(part) = buffer.get(..got).filter(|part| !part.is_empty()) else { break };
        md5.update(part);
        crc.update(part);
        done += got as u64;
        step(done)?;
    }
    Ok((Hashes { md5: hex(&md5.finalize()), crc32: crc.finish() }, done))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn failed(error: &std::io::Error) -> Error {
    Error::io("image", "write the image", error)
}

fn wrong_length(what: &str) -> Error {
    Error::new(Kind::Internal, "image_length", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(sectors: u32) -> Image<Vec<u8>> {
        Image::new(Vec::new(), Sectors::new(sectors))
    }

    #[test]
    fn samples_stand_little_endian_left_first_and_only_the_last_sector_is_padded() {
        let mut whole = image(2);
        whole.push(&[0x0102, -2]).unwrap();
        whole.push(&vec![7; 2 * 588]).unwrap();
        let (bytes, _) = whole.finish().unwrap();
        assert_eq!(bytes.len(), 2 * 2352);
        assert_eq!(bytes[..4], [0x02, 0x01, 0xFE, 0xFF]);
        assert_eq!(bytes[4..4 + 2352], [7, 0].repeat(1176));
        assert!(bytes[4 + 2352..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn how_it_is_cut_up_changes_nothing() {
        let samples: Vec<i16> = (0..200_000_i32).map(|n| (n * 7919 % 65_536 - 32_768) as i16).collect();
        let sectors = Sectors::holding(100_000).get();
        let mut at_once = image(sectors);
        at_once.push(&samples).unwrap();
        let mut in_parts = image(sectors);
        for part in samples.chunks(2 * 331) {
            in_parts.push(part).unwrap();
        }
        let (bytes, hashes) = at_once.finish().unwrap();
        let (again, again_hashes) = in_parts.finish().unwrap();
        assert!(bytes == again && hashes == again_hashes);
        assert_eq!(hashes, super::hashes(&bytes));
    }

    #[test]
    fn silence_is_zeros() {
        let mut pushed = image(100);
        pushed.push(&vec![0; 2 * 588 * 100]).unwrap();
        let mut silent = image(100);
        silent.push_silence(588 * 100).unwrap();
        assert_eq!(pushed.finish().unwrap(), silent.finish().unwrap());
    }

    #[test]
    fn the_md5_of_nothing_and_of_abc_are_those_of_rfc_1321() {
        assert_eq!(super::hashes(b"").md5, "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(super::hashes(b"abc").md5, "900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn too_much_too_little_and_half_a_frame_are_refused() {
        let mut much = image(1);
        much.push_silence(588).unwrap();
        assert_eq!(much.push(&[1, 2]).unwrap_err().code, "image_length");
        let mut little = image(2);
        little.push_silence(588).unwrap();
        assert_eq!(little.finish().unwrap_err().code, "image_length");
        assert_eq!(image(1).push(&[1]).unwrap_err().code, "image_length");
    }
}
