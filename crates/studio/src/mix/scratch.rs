//! The mix between rendering and writing, on disk, every bit of it.

use crate::files::NewFile;
use crate::message::{Error, Result};
use dsp::block::{Buffer, View};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Bytes of a frame: two channels of 64 bits.
const FRAME_BYTES: usize = 16;

/// A file of interleaved stereo `f64`. It is gone when this is.
pub(super) struct Scratch {
    path: PathBuf,
    writer: BufWriter<File>,
    reader: BufReader<File>,
    bytes: Vec<u8>,
    /// Keeps the file under a temporary name and removes it.
    _file: NewFile,
}

impl Scratch {
    /// A scratch file in the folder of `out`.
    pub(super) fn create(out: &Path) -> Result<Self> {
        let mut name = out.file_name().unwrap_or_default().to_owned();
        name.push(".scratch");
        let file = NewFile::create(&out.with_file_name(name), true)?;
        let (writer, reader) =
            (BufWriter::with_capacity(1 << 18, file.handle()?), BufReader::new(file.handle()?));
        Ok(Self { path: out.to_owned(), writer, reader, bytes: Vec::new(), _file: file })
    }

    /// Appends two channels.
    pub(super) fn write(&mut self, view: View<'_>) -> Result<()> {
        self.bytes.clear();
        for (left, right) in view.channel(0).iter().zip(view.channel(1)) {
            self.bytes.extend_from_slice(&left.to_le_bytes());
            self.bytes.extend_from_slice(&right.to_le_bytes());
        }
        self.writer
            .write_all(&self.bytes)
            .map_err(|error| Error::io(&self.path, "write the scratch file beside the print", &error))
    }

    /// Ends writing; reading begins at the first frame.
    pub(super) fn rewind(&mut self) -> Result<()> {
        let fail = |error| Error::io(&self.path, "read the scratch file beside the print", &error);
        self.writer.flush().map_err(fail)?;
        self.reader.seek(SeekFrom::Start(0)).map(drop).map_err(fail)
    }

    /// Fills the frames in use of `block`.
    pub(super) fn read(&mut self, block: &mut Buffer) -> Result<()> {
        self.bytes.resize(block.frames() * FRAME_BYTES, 0);
        self.reader
            .read_exact(&mut self.bytes)
            .map_err(|error| Error::io(&self.path, "read the scratch file beside the print", &error))?;
        for channel in 0..2 {
            let samples = self.bytes.chunks_exact(8).skip(channel).step_by(2);
            for (to, from) in block.channel_mut(channel).iter_mut().zip(samples) {
                *to = f64::from_le_bytes(from.try_into().unwrap_or_default());
            }
        }
        Ok(())
    }
}
