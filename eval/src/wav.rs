//! Plain WAV files of 24 bits: written and read whole, for songs that are made and thrown away.

use dsp::block::Buffer;
use std::io::{self, Write as _};
use std::path::Path;
use studio::decode;
use studio::message::{Error, Result};

/// Writes planes as 24-bit WAV, rounded without dither. Folders on the way are made.
///
/// # Errors
/// Those of the operating system.
pub fn write(path: &Path, planes: &[Vec<f64>], sample_rate_hz: u32) -> Result<()> {
    let bytes = encode(planes, sample_rate_hz);
    let write = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::File::create(path)?.write_all(&bytes)
    };
    write().map_err(|error| Error::io(path, "write", &error))
}

fn encode(planes: &[Vec<f64>], sample_rate_hz: u32) -> Vec<u8> {
    let (channels, frames) = (planes.len() as u32, planes.first().map_or(0, Vec::len));
    let data = frames as u32 * channels * 3;
    let mut bytes = Vec::with_capacity(44 + data as usize + 1);
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + data + data % 2).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
    bytes.extend_from_slice(&(channels as u16).to_le_bytes());
    bytes.extend_from_slice(&sample_rate_hz.to_le_bytes());
    bytes.extend_from_slice(&(sample_rate_hz * channels * 3).to_le_bytes());
    bytes.extend_from_slice(&(channels as u16 * 3).to_le_bytes());
    bytes.extend_from_slice(b"\x18\0data");
    bytes.extend_from_slice(&data.to_le_bytes());
    for n in 0..frames {
        for plane in planes {
            let value = (plane[n] * 8_388_608.0).round().clamp(-8_388_608.0, 8_388_607.0) as i32;
            bytes.extend_from_slice(&value.to_le_bytes()[..3]);
        }
    }
    bytes.extend(std::iter::repeat_n(0, (data % 2) as usize));
    bytes
}

/// Reads a file whole: planes and rate. At most ten minutes.
///
/// # Errors
/// Those of the decoder.
pub fn read(path: &Path) -> Result<(Vec<Vec<f64>>, u32)> {
    let mut source = decode::open(path, decode::Options::default())?;
    let (channels, rate) = (source.info().channels(), source.info().sample_rate_hz);
    let mut planes = vec![Vec::new(); channels];
    let mut buffer = Buffer::new(channels, 8192);
    let most = rate as usize * 600;
    loop {
        source.read(&mut buffer)?;
        if buffer.frames() == 0 || planes.first().is_some_and(|plane: &Vec<f64>| plane.len() >= most) {
            return Ok((planes, rate));
        }
        for (channel, plane) in planes.iter_mut().enumerate() {
            plane.extend_from_slice(&buffer.channel(channel)[..buffer.frames()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_to_half_a_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.wav");
        let planes: Vec<Vec<f64>> = (0..2)
            .map(|c| (0..1_001).map(|n| f64::from((n * 7 + c) % 200 - 100) / 150.0).collect())
            .collect();
        write(&path, &planes, 44_100).unwrap();
        let (back, rate) = read(&path).unwrap();
        assert_eq!((rate, back.len(), back[0].len()), (44_100, 2, 1_001));
        for (a, b) in planes.iter().flatten().zip(back.iter().flatten()) {
            assert!((a - b).abs() <= 0.5 / 8_388_608.0);
        }
    }
}
