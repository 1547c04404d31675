//! Files become audio.
//!
//! [`open`] looks at the content of a file, never at its name, and gives a [`Source`] that streams planar `f64` in
//! constant memory. Every length in a header is checked against the file before it is used, every declared number of
//! frames against what was decoded, every checksum against the audio. What cannot be trusted is an error; what was
//! taken with a doubt is a [`Finding`](crate::message::Finding) of the source.

mod flac;
mod input;
pub mod limits;
mod pcm;
mod sample;
mod speakers;
mod tags;
mod wav;

use crate::audio::{Info, Source};
use crate::message::{Error, Kind, Result};
use dsp::block::Buffer;
use input::Scan;
use std::path::Path;

/// How to treat doubtful input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Take whole frames of a truncated file, with a finding, instead of an error.
    pub salvage: bool,
    /// Replace NaN and infinity by silence, with a finding, instead of an error.
    pub repair: bool,
    /// Take FLAC whose checksum does not match, with a finding, instead of an error.
    pub allow_bad_md5: bool,
}

/// A kind of file that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Name, as in [`Info::container`].
    pub name: &'static str,
    /// Usual endings of the file name; only for lists, files are told by their content.
    pub endings: &'static [&'static str],
    /// What is read of it.
    pub about: &'static str,
}

/// Every kind of file that is read, for help texts.
pub const FORMATS: &[Format] = &[
    Format { name: "wav", endings: &["wav"], about: "WAV and BWF: 8 to 32 bit, 32 and 64 bit float, RIFX" },
    Format { name: "rf64", endings: &["rf64", "wav"], about: "RF64 and BW64: WAV beyond 4 GiB" },
    Format { name: "flac", endings: &["flac"], about: "FLAC: 4 to 32 bit, checksum verified" },
];

/// Opens a file by its content, never by its name.
///
/// # Errors
/// `empty`, `not_a_file`, `not_audio`, `unsupported`, `truncated`, `bad_header`, `limit` and the codes of the readers.
pub fn open(path: &Path, options: Options) -> Result<Box<dyn Source>> {
    open_scan(path, options).map_err(|error| error.at(path.display()))
}

/// Reads the header of a file only: what it says it is.
///
/// # Errors
/// As [`open`]; a truncated file is no error here.
pub fn probe(path: &Path) -> Result<Info> {
    open(path, Options { salvage: true, ..Options::default() }).map(|source| source.info().clone())
}

fn open_scan(path: &Path, options: Options) -> Result<Box<dyn Source>> {
    let mut scan = Scan::open(path)?;
    let start = after_id3(&mut scan)?;
    let head = scan.peek_at(start, 64)?;
    let magic = |at: usize, id: &[u8]| head.get(at..).is_some_and(|bytes| bytes.starts_with(id));
    if [b"RIFF", b"RIFX", b"RF64", b"BW64"].iter().any(|id| magic(0, *id)) {
        return wav::open(scan, start, options);
    }
    if magic(0, b"fLaC") {
        return flac::open(scan, start, options);
    }
    Err(not_audio(&head))
}

/// Steps over an ID3v2 tag, which may stand before anything.
fn after_id3(scan: &mut Scan) -> Result<u64> {
    let head = scan.peek_at(0, 10)?;
    let [b'I', b'D', b'3', _, _, flags, sizes @ ..] = head.as_slice() else { return Ok(0) };
    if sizes.len() < 4 {
        return Ok(0);
    }
    // ID3v2.4 structure, section 3.1: the size is four times seven bits and leaves out header and footer.
    let size = sizes.iter().fold(0_u64, |size, byte| (size << 7) | u64::from(byte & 0x7f));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    let after = 10 + size + footer;
    if after >= scan.end() {
        return Err(Error::input(
            "bad_header",
            format!("the ID3 tag says {size} bytes, the file has {}", scan.end()),
        ));
    }
    Ok(after)
}

fn not_audio(head: &[u8]) -> Error {
    let guess = match head {
        [0x89, b'P', b'N', b'G', ..] => "a PNG picture",
        [0xff, 0xd8, 0xff, ..] => "a JPEG picture",
        [b'P', b'K', 3, 4, ..] => "a zip archive",
        [b'%', b'P', b'D', b'F', ..] => "a PDF",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "Matroska or WebM, which is not read",
        _ if head.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e)) => "text",
        _ => "not known",
    };
    let formats: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
    Error::input("not_audio", format!("this is not an audio file that is read here; its content is {guess}"))
        .hint(format!("formats that are read: {}", formats.join(", ")))
}

/// Refuses a buffer that does not fit the stream.
fn check_buffer(info: &Info, buffer: &Buffer) -> Result<()> {
    if buffer.channels() == info.channels() {
        return Ok(());
    }
    let (found, wanted) = (buffer.channels(), info.channels());
    Err(Error::new(
        Kind::Internal,
        "internal",
        format!("a buffer of {found} channels for a stream of {wanted}"),
    ))
}
