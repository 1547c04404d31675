//! A regular file and a bounded scan over it: no length is believed that goes past the end.

use crate::message::{Error, Result};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// A scan over the bytes of a regular file.
#[derive(Debug)]
pub(super) struct Scan {
    reader: BufReader<File>,
    at: u64,
    end: u64,
    name: String,
}

impl Scan {
    /// Opens a regular, not empty file. Anything else (directory, pipe, device) is refused before it is opened,
    /// because opening a pipe can wait for ever.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let about = std::fs::metadata(path).map_err(|e| Error::io(path, "open", &e))?;
        refuse_unless_file(&name, &about)?;
        let file = File::open(path).map_err(|e| Error::io(path, "open", &e))?;
        let about = file.metadata().map_err(|e| Error::io(path, "open", &e))?;
        refuse_unless_file(&name, &about)?;
        if about.len() == 0 {
            return Err(Error::input("empty", "the file is empty (0 bytes)")
                .at(&name)
                .hint("export it again, or check that the copy finished"));
        }
        Ok(Self { reader: BufReader::with_capacity(64 * 1024, file), at: 0, end: about.len(), name })
    }

    /// Name for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes in the file.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Position in bytes.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Bytes from here to the end.
    pub(super) fn left(&self) -> u64 {
        self.end - self.at
    }

    /// Goes to a byte, at most to the end.
    pub(super) fn go(&mut self, to: u64) -> Result<()> {
        let to = to.min(self.end);
        let near = i64::try_from(to).ok().zip(i64::try_from(self.at).ok()).map(|(to, at)| to - at);
        let moved = match near {
            Some(by) => self.reader.seek_relative(by),
            None => self.reader.seek(SeekFrom::Start(to)).map(drop),
        };
        moved.map_err(|e| Error::io(&self.name, "read", &e))?;
        self.at = to;
        Ok(())
    }

    /// Exactly `N` bytes.
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Exactly `length` bytes; the length is checked against the file before any memory is taken.
    pub(super) fn take_vec(&mut self, length: u64) -> Result<Vec<u8>> {
        let size = usize::try_from(length).ok().filter(|_| length <= self.left());
        let Some(size) = size else { return Err(self.short(length)) };
        let mut bytes = vec![0; size];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        let length = bytes.len() as u64;
        if length > self.left() {
            return Err(self.short(length));
        }
        self.reader.read_exact(bytes).map_err(|e| Error::io(&self.name, "read", &e))?;
        self.at += length;
        Ok(())
    }

    fn short(&self, wanted: u64) -> Error {
        let (at, left) = (self.at, self.left());
        Error::input(
            "truncated",
            format!(
                "the file ends inside its header: {wanted} bytes are needed at byte {at}, {left} are there"
            ),
        )
        .at(&self.name)
    }

    /// The first bytes of the file, at most `length`, without moving.
    pub(super) fn peek_at(&mut self, at: u64, length: usize) -> Result<Vec<u8>> {
        let back = self.at;
        self.go(at)?;
        let bytes = self.take_vec((length as u64).min(self.left()))?;
        self.go(back)?;
        Ok(bytes)
    }

    /// The file itself, standing at byte `at`.
    pub(super) fn into_file(self, at: u64) -> Result<File> {
        let mut file = self.reader.into_inner();
        file.seek(SeekFrom::Start(at)).map_err(|e| Error::io(&self.name, "read", &e))?;
        Ok(file)
    }
}

fn refuse_unless_file(name: &str, about: &std::fs::Metadata) -> Result<()> {
    if about.is_file() {
        return Ok(());
    }
    let found = if about.is_dir() { "a folder" } else { "a pipe, socket or device" };
    Err(Error::input("not_a_file", format!("this is {found}, not a file"))
        .at(name)
        .hint("give the name of an audio file"))
}

/// Little-endian 16 bits at `at`, 0 past the end.
pub(super) fn le16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_le_bytes(*b))
}

/// Little-endian 32 bits at `at`, 0 past the end.
pub(super) fn le32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_le_bytes(*b))
}

/// Little-endian 64 bits at `at`, 0 past the end.
pub(super) fn le64(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b))
}

/// Big-endian 16 bits at `at`, 0 past the end.
pub(super) fn be16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_be_bytes(*b))
}

/// Big-endian 32 bits at `at`, 0 past the end.
pub(super) fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u32::from_be_bytes(*b))
}

/// Big-endian 64 bits at `at`, 0 past the end.
pub(super) fn be64(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u64::from_be_bytes(*b))
}
