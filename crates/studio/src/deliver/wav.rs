//! WAV and, beyond 4 GiB, RF64 (BW64 with an ADM bed).
//!
//! Order of chunks: `JUNK` (28 bytes, room for `ds64`), `bext`, `fmt `, `chna`, `axml`, `LIST INFO`, `id3 `, `iXML`, `fact`, `data`. Nothing
//! stands after the audio: Spotify refuses that (providersupport.spotify.com, "Building a package"), and readers that cut a file
//! short lose no text. The bytes depend on nothing but what is written.
//!
//! Source: Microsoft/IBM, "Multimedia Programming Interface and Data Specifications 1.0"; EBU Tech 3285 (BWF); EBU Tech 3306
//! (RF64).

use super::Spec;
use super::chunks::{self, BEXT_LOUDNESS_AT, Loudness};
use super::{adm, id3, replay_gain};
use crate::audio::Encoding;
use crate::message::{Error, Result};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Largest size a RIFF header can tell.
const RIFF_LIMIT: u64 = u32::MAX as u64;

/// Body of `ds64` without a table. Source: EBU Tech 3306, section 3.
const DS64_BYTES: u32 = 28;

/// Writes a WAV file to anything that seeks.
#[derive(Debug)]
pub(super) struct WavSink<W: Write + Seek> {
    out: W,
    path: PathBuf,
    frame_bytes: u64,
    written: u64,
    /// Where the body of `bext` begins.
    bext_at: Option<u64>,
    /// Where the frame count of `fact` stands.
    fact_at: Option<u64>,
    /// Where the audio begins.
    data_at: u64,
    /// Where the body of `id3 ` begins, and its bytes.
    id3_at: Option<(u64, usize)>,
    limit: u64,
    /// What the file is called beyond 4 GiB.
    wide_id: &'static [u8; 4],
}

impl<W: Write + Seek> WavSink<W> {
    /// Writes the header. `path` is only for messages.
    pub(super) fn new(out: W, path: &Path, spec: &Spec) -> Result<Self> {
        let channels = spec.layout.channels();
        let mut head = b"RIFF\0\0\0\0WAVE".to_vec();
        chunk(&mut head, b"JUNK", &[0; DS64_BYTES as usize]);
        let bext_at = spec.bext.as_ref().map(|bext| {
            chunk(&mut head, b"bext", &bext.bytes(spec.sample_rate_hz, spec.encoding, channels)) as u64
        });
        let fmt = match &spec.adm {
            Some(_) => adm::fmt(spec.sample_rate_hz, spec.encoding, channels),
            None => chunks::fmt(spec.sample_rate_hz, spec.encoding, &spec.layout),
        };
        chunk(&mut head, b"fmt ", &fmt);
        if let Some(bed) = &spec.adm {
            chunk(&mut head, b"chna", &adm::chna(&spec.layout));
            let axml = adm::axml(bed, &spec.layout, spec.sample_rate_hz, spec.encoding);
            chunk(&mut head, b"axml", axml.as_bytes());
        }
        let id3_at = texts(&mut head, spec);
        let float = matches!(spec.encoding, Encoding::Float(_));
        let fact_at = float.then(|| chunk(&mut head, b"fact", &[0; 4]) as u64);
        head.extend(*b"data\0\0\0\0");
        let frame_bytes = (channels * super::sample_bytes(spec.encoding)) as u64;
        let data_at = head.len() as u64;
        let mut sink = Self {
            out,
            path: path.to_owned(),
            frame_bytes,
            written: 0,
            bext_at,
            fact_at,
            data_at,
            id3_at,
            limit: RIFF_LIMIT,
            wide_id: if spec.adm.is_some() { b"BW64" } else { b"RF64" },
        };
        sink.put(&head)?;
        Ok(sink)
    }

    /// Makes RF64 begin early.
    #[cfg(test)]
    pub(super) fn set_limit(&mut self, limit: u64) {
        self.limit = limit;
    }

    /// Where the body of the ID3 chunk begins, and its bytes.
    pub(super) fn id3_at(&self) -> Option<(u64, usize)> {
        self.id3_at
    }

    /// Appends interleaved audio.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.written += bytes.len() as u64;
        self.put(bytes)
    }

    /// Writes every size, and flushes. Returns whether the file became RF64.
    pub(super) fn finish(&mut self) -> Result<bool> {
        if !self.written.is_multiple_of(2) {
            self.put(&[0])?;
        }
        let end = self.data_at + self.written.next_multiple_of(2);
        let riff = end - 8;
        let frames = self.written / self.frame_bytes.max(1);
        let wide = riff > self.limit || self.written > self.limit;
        let narrow = |size: u64| if wide { u32::MAX } else { size as u32 };
        if wide {
            let mut ds64 = b"ds64".to_vec();
            ds64.extend(DS64_BYTES.to_le_bytes());
            for size in [riff, self.written, frames] {
                ds64.extend(size.to_le_bytes());
            }
            ds64.extend(0_u32.to_le_bytes());
            self.put_at(0, self.wide_id)?;
            self.put_at(12, &ds64)?;
        }
        self.put_at(4, &narrow(riff).to_le_bytes())?;
        self.put_at(self.data_at - 4, &narrow(self.written).to_le_bytes())?;
        if let Some(at) = self.fact_at {
            self.put_at(at, &u32::try_from(frames).unwrap_or(u32::MAX).to_le_bytes())?;
        }
        self.flush()?;
        Ok(wide)
    }

    /// Fills in the loudness fields of `bext`, if there is one.
    pub(super) fn put_loudness(&mut self, loudness: Loudness) -> Result<()> {
        match self.bext_at {
            Some(at) => {
                self.put_at(at + BEXT_LOUDNESS_AT, &chunks::loudness_bytes(Some(loudness)))?;
                self.flush()
            }
            None => Ok(()),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes).map_err(|error| Error::io(&self.path, "write the file", &error))
    }

    fn put_at(&mut self, at: u64, bytes: &[u8]) -> Result<()> {
        self.out
            .seek(SeekFrom::Start(at))
            .map_err(|error| Error::io(&self.path, "write the file", &error))?;
        self.put(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(|error| Error::io(&self.path, "write the file", &error))
    }
}

/// Appends the chunks of text. Returns where the body of `id3 ` begins and how long it is: with room for gains that are measured later.
fn texts(head: &mut Vec<u8>, spec: &Spec) -> Option<(u64, usize)> {
    let isrc = spec.tags.iter().find(|(key, _)| key.eq_ignore_ascii_case("ISRC"));
    if let (Some((_, isrc)), None) = (isrc, &spec.adm) {
        chunk(head, b"axml", chunks::isrc_axml(isrc).as_bytes());
    }
    let info = chunks::list_info(&spec.tags);
    if !info.is_empty() {
        chunk(head, b"LIST", &info);
    }
    let id3_at = (!spec.tags.is_empty() || spec.artwork.is_some()).then(|| {
        let gains = if spec.replay_gain { replay_gain::widest() } else { Vec::new() };
        let widest: Vec<_> = spec.tags.iter().cloned().chain(gains).collect();
        let size = id3::tag(&widest, spec.artwork.as_ref(), 0).len().next_multiple_of(2);
        (chunk(head, b"id3 ", &id3::tag(&spec.tags, spec.artwork.as_ref(), size)) as u64, size)
    });
    if !spec.track_names.is_empty() {
        chunk(head, b"iXML", chunks::ixml(&spec.track_names).as_bytes());
    }
    id3_at
}

/// Appends a chunk, padded to an even length; returns where its body begins. XML is made even by a line end of its own: there are
/// readers that take no notice of the byte behind an odd chunk.
fn chunk(to: &mut Vec<u8>, id: &[u8; 4], body: &[u8]) -> usize {
    let odd = body.len() % 2;
    let inside = if matches!(id, b"axml" | b"iXML") { odd } else { 0 };
    to.extend(id);
    to.extend(((body.len() + inside) as u32).to_le_bytes());
    let at = to.len();
    to.extend(body);
    to.extend(std::iter::repeat_n(if inside > 0 { b'\n' } else { 0 }, odd));
    at
}
