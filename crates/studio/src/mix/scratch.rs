//! The mix between rendering and writing, on disk, every bit of it.

use crate::files::NewFile;
use crate::message::{Error, Result};
use dsp::block::{Buffer, View};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Bytes of a sample: 64 bits.
const SAMPLE_BYTES: usize = 8;

/// A file of interleaved `f64`. It is gone when this is.
pub(super) struct Scratch {
    path: PathBuf,
    channels: usize,
    writer: BufWriter<File>,
    reader: BufReader<File>,
    bytes: Vec<u8>,
    /// Keeps the file under a temporary name and removes it.
    _file: NewFile,
}

impl Scratch {
    /// A scratch file in the folder of `out`.
    pub(super) fn create(out: &Path, channels: usize) -> Result<Self> {
        let mut name = out.file_name().unwrap_or_default().to_owned();
        name.push(".scratch");
        let file = NewFile::create(&out.with_file_name(name), true)?;
        let (writer, reader) =
            (BufWriter::with_capacity(1 << 18, file.handle()?), BufReader::new(file.handle()?));
        Ok(Self { path: out.to_owned(), channels, writer, reader, bytes: Vec::new(), _file: file })
    }

    /// Appends audio of as many channels.
    pub(super) fn write(&mut self, view: View<'_>) -> Result<()> {
        self.bytes.resize(view.frames() * self.channels * SAMPLE_BYTES, 0);
        for channel in 0..self.channels.min(view.channels()) {
            let spread = self.bytes.chunks_exact_mut(SAMPLE_BYTES).skip(channel).step_by(self.channels);
            spread.zip(view.channel(channel)).for_each(|(to, x)| to.copy_from_slice(&x.to_le_bytes()));
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
        self.bytes.resize(block.frames() * self.channels * SAMPLE_BYTES, 0);
        self.reader
            .read_exact(&mut self.bytes)
            .map_err(|error| Error::io(&self.path, "read the scratch file beside the print", &error))?;
        for channel in 0..self.channels.min(block.channels()) {
            let samples = self.bytes.chunks_exact(SAMPLE_BYTES).skip(channel).step_by(self.channels);
            for (to, from) in block.channel_mut(channel).iter_mut().zip(samples) {
                *to = f64::from_le_bytes(from.try_into().unwrap_or_default());
            }
        }
        Ok(())
    }
}
