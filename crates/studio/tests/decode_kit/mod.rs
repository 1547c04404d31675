//! What the tests of decoding share: bytes of files, made by hand, and a reader of everything.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use studio::audio::Info;
use studio::decode::{self, Options};
use studio::message::{Error, Finding, Result};
use tempfile::TempDir;

/// A whole file.
#[derive(Debug)]
pub struct Whole {
    pub info: Info,
    pub planes: Vec<Vec<f64>>,
    pub findings: Vec<Finding>,
}

impl Whole {
    /// Whether a rule spoke.
    pub fn says(&self, rule: &str) -> bool {
        self.findings.iter().any(|finding| finding.rule == rule)
    }

    pub fn frames(&self) -> usize {
        self.planes.first().map_or(0, Vec::len)
    }
}

/// Reads a file to its end in blocks of an odd size.
pub fn all(path: &Path, options: Options) -> Result<Whole> {
    in_blocks(path, options, 777)
}

/// Reads a file to its end in blocks of `frames`.
pub fn in_blocks(path: &Path, options: Options, frames: usize) -> Result<Whole> {
    let mut source = decode::open(path, options)?;
    let channels = source.info().channels();
    let mut buffer = dsp::block::Buffer::new(channels, frames);
    let mut planes = vec![Vec::new(); channels];
    loop {
        source.read(&mut buffer)?;
        if buffer.frames() == 0 {
            break;
        }
        for (channel, plane) in planes.iter_mut().enumerate() {
            plane.extend_from_slice(buffer.channel(channel));
        }
    }
    Ok(Whole { info: source.info().clone(), planes, findings: source.findings() })
}

pub fn scratch() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Runs a program; `false` with a word when it is not installed or fails.
pub fn run(program: &str, arguments: &[&str]) -> bool {
    let quiet = std::process::Stdio::null;
    match std::process::Command::new(program)
        .args(arguments)
        .stdin(quiet())
        .stdout(quiet())
        .stderr(quiet())
        .status()
    {
        Ok(status) if status.success() => true,
        Ok(status) => {
            println!("skipped: {program} says {status}");
            false
        }
        Err(_) => {
            println!("skipped: {program} is not installed");
            false
        }
    }
}

/// First 16 bytes of a `fmt ` chunk.
pub fn fmt(tag: u16, channels: u16, rate: u32, align: u16, bits: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(tag.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend(rate.wrapping_mul(align.into()).to_le_bytes());
    bytes.extend(align.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes
}

/// A chunk with its padding.
pub fn chunk(id: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend((body.len() as u32).to_le_bytes());
    bytes.extend(body);
    if body.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// A RIFF WAVE file of chunks.
pub fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let body: Vec<u8> = chunks.iter().flat_map(|(id, body)| chunk(id, body)).collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((body.len() as u32 + 4).to_le_bytes());
    bytes.extend(b"WAVE");
    bytes.extend(body);
    bytes
}

/// Deterministic 16-bit samples, interleaved.
pub fn samples16(count: usize) -> Vec<u8> {
    (0..count).flat_map(|n| ((n * 2477 % 60_000) as i32 - 30_000).to_le_bytes()[..2].to_vec()).collect()
}

/// A plain 16-bit file.
pub fn wav16(channels: u16, rate: u32, frames: usize) -> Vec<u8> {
    riff(&[
        (b"fmt ", &fmt(1, channels, rate, channels * 2, 16)),
        (b"data", &samples16(frames * usize::from(channels))),
    ])
}

/// Fails at the first sample that differs, without printing all of them.
pub fn same(what: &str, ours: &[Vec<f64>], theirs: &[Vec<f64>]) {
    assert_eq!(ours.len(), theirs.len(), "{what}: channels");
    for (channel, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert_eq!(ours.len(), theirs.len(), "{what}: frames of channel {channel}");
        let first = ours.iter().zip(theirs).position(|(a, b)| a.to_bits() != b.to_bits() && a != b);
        if let Some(n) = first {
            panic!("{what}: channel {channel}, frame {n}: {} is not {}", ours[n], theirs[n]);
        }
    }
}

pub const PLAIN: Options = Options { salvage: false, repair: false, allow_bad_md5: false, own: false };
pub const SALVAGE: Options = Options { salvage: true, ..PLAIN };
pub const REPAIR: Options = Options { repair: true, ..PLAIN };

pub fn read_bytes(folder: &TempDir, bytes: &[u8], options: Options) -> Result<Whole> {
    all(&write(folder, "x", bytes), options)
}

/// The file is refused for good (exit code 3) with this code.
#[track_caller]
pub fn refused(bytes: &[u8], code: &str) -> Error {
    let folder = scratch();
    let error = read_bytes(&folder, bytes, PLAIN).expect_err("taken");
    assert_eq!((error.code, error.kind.exit_code()), (code, 3), "{error}");
    assert!(error.at.is_some(), "{error} names no file");
    error
}

#[track_caller]
pub fn taken(bytes: &[u8], options: Options) -> Whole {
    let folder = scratch();
    read_bytes(&folder, bytes, options).unwrap_or_else(|error| panic!("{error}"))
}

/// A 16-bit stereo WAV whose bytes can be spoilt: `fmt ` at 12, `data` at 36, samples at 44.
pub fn wav() -> Vec<u8> {
    wav16(2, 44_100, 100)
}

pub fn flac(bits: u32, channels: u8, frames: usize) -> Vec<u8> {
    let count = frames * usize::from(channels);
    let full = 1_i64 << (bits - 1);
    let samples: Vec<i32> =
        (0..count as i64).map(|n| ((n * n * 31 + n * 7919) % (full / 2) - full / 4) as i32).collect();
    let mut bytes = std::io::Cursor::new(Vec::new());
    let options = flac_codec::encode::Options::default().no_padding();
    let mut writer = flac_codec::encode::FlacSampleWriter::new(
        &mut bytes,
        options,
        44_100,
        bits,
        channels,
        Some(count as u64),
    )
    .unwrap();
    writer.write(&samples).unwrap();
    writer.finalize().unwrap();
    bytes.into_inner()
}

pub fn aiff(channels: i16, frames: u32, bits: i16, rate: [u8; 10], offset: u32, data: &[u8]) -> Vec<u8> {
    let mut common = channels.to_be_bytes().to_vec();
    common.extend(frames.to_be_bytes());
    common.extend(bits.to_be_bytes());
    common.extend(rate);
    let mut body = b"AIFFCOMM\0\0\0\x12".to_vec();
    body.extend(common);
    body.extend(b"SSND");
    body.extend((data.len() as u32 + 8).to_be_bytes());
    body.extend(offset.to_be_bytes());
    body.extend([0; 4]);
    body.extend(data);
    let mut file = b"FORM".to_vec();
    file.extend((body.len() as u32).to_be_bytes());
    file.extend(body);
    file
}

pub const AT_44100: [u8; 10] = [0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0];
