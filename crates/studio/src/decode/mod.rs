//! Files become audio.
//!
//! [`open`] looks at the content of a file, never at its name, and gives a [`Source`] that streams planar `f64` in
//! constant memory. Every length in a header is checked against the file before it is used, every declared number of
//! frames against what was decoded, every checksum against the audio. What cannot be trusted is an error; what was
//! taken with a doubt is a [`Finding`](crate::message::Finding) of the source.

mod aac;
mod aiff;
mod alac;
mod au;
mod bytewise;
mod caf;
mod decoded;
mod flac;
mod id3;
mod input;
pub mod limits;
mod mp3;
mod mp4;
mod ogg;
mod opus;
mod packets;
mod pcm;
mod sample;
mod speakers;
mod tags;
mod vorbis;
mod w64;
mod wav;
mod wav_fmt;

use crate::audio::{Info, Source};
use crate::message::{Error, Kind, Result};
use dsp::block::Buffer;
use input::Scan;
use ogg::Ogg;
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
    /// A file that was written here a moment ago and is compared with what was meant: the quicker decoder will do.
    pub own: bool,
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
    Format { name: "w64", endings: &["w64"], about: "Sony Wave64" },
    Format {
        name: "aiff",
        endings: &["aif", "aiff", "aifc"],
        about: "AIFF and AIFF-C, uncompressed: 8 to 32 bit, float",
    },
    Format { name: "au", endings: &["au", "snd"], about: "Sun AU, uncompressed" },
    Format { name: "caf", endings: &["caf"], about: "Core Audio: PCM and Apple Lossless" },
    Format { name: "flac", endings: &["flac"], about: "FLAC: 4 to 32 bit, checksum verified" },
    Format { name: "mp3", endings: &["mp3"], about: "MP3, gapless by its LAME tag" },
    Format { name: "m4a", endings: &["m4a", "mp4"], about: "MP4: AAC (LC, HE), gapless, and Apple Lossless" },
    Format { name: "adts", endings: &["aac"], about: "AAC in ADTS" },
    Format { name: "ogg", endings: &["ogg", "oga", "opus"], about: "Ogg Vorbis and Ogg Opus, gapless" },
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
    if magic(0, &w64::RIFF) {
        return w64::open(scan, start, options);
    }
    if magic(0, b"FORM") && (magic(8, b"AIFF") || magic(8, b"AIFC")) {
        return aiff::open(scan, start, options);
    }
    if magic(0, b".snd") {
        return au::open(scan, start, options);
    }
    if magic(0, b"caff") {
        return caf::open(scan, start, options);
    }
    if magic(4, b"ftyp") || magic(4, b"moov") {
        return mp4::open(scan, start, options);
    }
    if magic(0, b"OggS") {
        return ogg_stream(scan, start, options);
    }
    if mp3::begins(&mut scan, start)? {
        return mp3::open(scan, start, options);
    }
    if aac::begins(&mut scan, start)? {
        return aac::open_adts(scan, start, options);
    }
    if let Some(error) = known_but_not_read(&head) {
        return Err(error);
    }
    Err(not_audio(&head))
}

/// Ogg holds several codecs; the first packet says which.
fn ogg_stream(mut scan: Scan, start: u64, options: Options) -> Result<Box<dyn Source>> {
    let head = scan.peek_at(start, 27 + 255 + 8)?;
    let packet = head.get(26).and_then(|&count| head.get(27 + usize::from(count)..)).unwrap_or_default();
    let (is_vorbis, is_opus) = (packet.starts_with(b"\x01vorbis"), packet.starts_with(b"OpusHead"));
    if !is_vorbis && !is_opus {
        return Err(Error::input("unsupported", "Ogg with another codec than Vorbis or Opus is not read"));
    }
    let last = ogg::last_granule(&mut scan, start)?;
    let ogg = Ogg::new(scan, start)?;
    if is_vorbis { vorbis::open(ogg, last, options) } else { opus::open(ogg, last, options) }
}

/// Audio that is told apart, but not read.
fn known_but_not_read(head: &[u8]) -> Option<Error> {
    let name = match head {
        [b'w', b'v', b'p', b'k', ..] => "WavPack",
        [b'M', b'A', b'C', b' ', ..] => "Monkey's Audio",
        [b'D', b'S', b'D', b' ', ..] | [b'F', b'R', b'M', b'8', ..] => "DSD",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "Matroska or WebM",
        [0x30, 0x26, 0xb2, 0x75, ..] => "Windows Media",
        [b'.', b'R', b'M', b'F', ..] => "RealMedia",
        [0xff, second, ..] if second & 0xe6 == 0xe4 || second & 0xe6 == 0xe6 => "MPEG layer 1 or 2",
        _ => return None,
    };
    Some(Error::input("unsupported", format!("{name} is not read")).hint("convert it to WAV or FLAC first"))
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
