//! WAV, BWF, RIFX, RF64 and BW64.
//!
//! Microsoft/IBM, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF); Microsoft,
//! "WAVEFORMATEXTENSIBLE"; EBU Tech 3285 (BWF); EBU Tech 3306 (RF64); ITU-R BS.2088 (BW64).

use super::Options;
use super::input::{Scan, be32, le32, le64};
use super::limits::{self, MAX_TAG_BYTES};
use super::pcm::Pcm;
use super::wav_fmt::Fmt;
use super::{id3, tags};
use crate::audio::{Metadata, Source};
use crate::message::{Error, Finding, Result, Severity};

/// A 32-bit size that means "see `ds64`", or "not known" in a streamed file.
const OPEN_SIZE: u32 = u32::MAX;

/// Longest `id3 ` chunk that is read: texts and a picture of 16 MB.
const MAX_ID3_BYTES: u64 = 1 << 25;

/// Longest chunk of text that is read.
fn most_bytes(id: &[u8; 4]) -> u64 {
    if id.eq_ignore_ascii_case(b"id3 ") { MAX_ID3_BYTES } else { MAX_TAG_BYTES }
}

/// How far a reader looks for the next chunk after a size that cannot be.
const RESYNC_BYTES: usize = 1 << 20;

/// Opens a file of the WAV family that begins at byte `start`.
pub(super) fn open(mut scan: Scan, start: u64, options: Options) -> Result<Box<dyn Source>> {
    let pcm = Walk::new(&mut scan, start)?.run(&mut scan, options)?;
    pcm.open(scan, options)
}

/// What was found on the way through the chunks.
#[derive(Debug)]
struct Walk {
    container: &'static str,
    big_endian: bool,
    riff_size: u32,
    start: u64,
    ds64: Option<Ds64>,
    fmt: Option<Fmt>,
    data: Option<Data>,
    metadata: Metadata,
    findings: Vec<Finding>,
}

#[derive(Debug)]
struct Ds64 {
    data_bytes: u64,
    frames: u64,
    table: Vec<([u8; 4], u64)>,
}

#[derive(Debug, Clone, Copy)]
struct Data {
    at: u64,
    bytes: Option<u64>,
}

/// What to do after a chunk.
enum Next {
    /// Go on at this byte.
    At(u64),
    /// The rest of the file belongs to the last chunk, or is not chunks.
    Stop,
}

impl Walk {
    fn new(scan: &mut Scan, start: u64) -> Result<Self> {
        scan.go(start)?;
        let head: [u8; 12] = scan.take()?;
        if &head[8..12] != b"WAVE" {
            let found = tags::text(&head[8..12]).unwrap_or_default();
            return Err(Error::input("unsupported", format!("a RIFF file of type \"{found}\", not WAVE")));
        }
        let (container, big_endian) = match &head[..4] {
            b"RF64" => ("rf64", false),
            b"BW64" => ("bw64", false),
            b"RIFX" => ("rifx", true),
            _ => ("wav", false),
        };
        let riff_size = if big_endian { be32(&head, 4) } else { le32(&head, 4) };
        Ok(Self {
            container,
            big_endian,
            riff_size,
            start,
            ds64: None,
            fmt: None,
            data: None,
            metadata: Metadata::default(),
            findings: Vec::new(),
        })
    }

    fn is_64(&self) -> bool {
        matches!(self.container, "rf64" | "bw64")
    }

    fn run(mut self, scan: &mut Scan, options: Options) -> Result<Pcm> {
        let mut chunks = 0;
        while scan.left() >= 8 {
            chunks += 1;
            if chunks > limits::MAX_CHUNKS {
                return Err(limits::too_many_chunks());
            }
            let head: [u8; 8] = scan.take()?;
            let id = [head[0], head[1], head[2], head[3]];
            let size = if self.big_endian { be32(&head, 4) } else { le32(&head, 4) };
            match self.chunk(scan, id, size, options)? {
                Next::At(byte) => scan.go(byte)?,
                Next::Stop => break,
            }
        }
        self.check_riff_size(scan.end());
        self.finish()
    }

    fn chunk(&mut self, scan: &mut Scan, id: [u8; 4], size: u32, options: Options) -> Result<Next> {
        let at = scan.at();
        let bytes = self.size_of(id, size);
        if &id == b"data" {
            return self.data(scan, at, size, bytes, options);
        }
        if bytes > scan.left() || !id.iter().all(|byte| (0x20..0x7f).contains(byte)) {
            return self.lost(scan, at, id, bytes);
        }
        match &id {
            b"ds64" if self.is_64() && self.ds64.is_none() => self.ds64 = Some(ds64(scan, bytes)?),
            b"fmt " if self.fmt.is_some() => return Err(ambiguous("fmt ")),
            b"fmt " => self.fmt = Some(Fmt::read(scan, bytes, self.big_endian, &mut self.findings)?),
            b"bext" | b"LIST" | b"iXML" | b"axml" | b"id3 " | b"ID3 " if bytes <= most_bytes(&id) => {
                let body = scan.take_vec(bytes)?;
                self.tag(&id, &body);
            }
            _ => {}
        }
        let end = at.saturating_add(bytes);
        Ok(Next::At(end + self.pad(scan, end, bytes)?))
    }

    /// Size of a chunk: a size left open is in `ds64`.
    fn size_of(&self, id: [u8; 4], size: u32) -> u64 {
        let wide = |ds64: &Ds64| {
            if &id == b"data" {
                return Some(ds64.data_bytes);
            }
            ds64.table.iter().find(|(name, _)| *name == id).map(|(_, size)| *size)
        };
        let open = self.ds64.as_ref().filter(|_| size == OPEN_SIZE).and_then(wide);
        open.unwrap_or(u64::from(size))
    }

    /// Chunks begin at even bytes; some programs forget the byte of padding.
    fn pad(&self, scan: &mut Scan, end: u64, bytes: u64) -> Result<u64> {
        if bytes.is_multiple_of(2) || end >= scan.end() {
            return Ok(0);
        }
        let next = scan.peek_at(end, 1)?;
        Ok(u64::from(next.first() == Some(&0)))
    }

    fn tag(&mut self, id: &[u8; 4], body: &[u8]) {
        match id {
            b"bext" => tags::bext(body, &mut self.metadata),
            b"LIST" => tags::list_info(body, &mut self.metadata),
            b"axml" => tags::axml(body, &mut self.metadata),
            b"id3 " | b"ID3 " => id3::id3(body, &mut self.metadata),
            _ => {
                // iXML may stand before `fmt `: names beyond the channels are cut in `finish`.
                let channels =
                    self.fmt.as_ref().map_or(limits::MAX_CHANNELS as usize, |fmt| fmt.layout.channels());
                tags::ixml(body, channels, &mut self.metadata);
            }
        }
    }

    fn data(&mut self, scan: &mut Scan, at: u64, size: u32, bytes: u64, options: Options) -> Result<Next> {
        if self.data.is_some() {
            return Err(ambiguous("data"));
        }
        let Some(fmt) = &self.fmt else {
            return Err(Error::input("bad_header", "the data chunk comes before any fmt chunk"));
        };
        let frame_bytes = fmt.frame_bytes;
        if size == OPEN_SIZE && self.ds64.is_none() {
            self.findings.push(streamed("the data chunk leaves its size open (0xFFFFFFFF)"));
            self.data = Some(Data { at, bytes: None });
            return Ok(Next::Stop);
        }
        if bytes == 0 && scan.left() > 0 && !chunk_follows(scan, at)? {
            if !scan.left().is_multiple_of(frame_bytes) && !options.salvage {
                let what = format!(
                    "the data chunk says 0 bytes, and the {} bytes after it are no whole frames",
                    scan.left()
                );
                return Err(Error::input("truncated", what).hint("allow salvage to take the whole frames"));
            }
            self.findings.push(streamed("the data chunk says 0 bytes: the recording was not finished"));
            self.data = Some(Data { at, bytes: None });
            return Ok(Next::Stop);
        }
        self.data = Some(Data { at, bytes: Some(bytes) });
        if bytes > scan.left() {
            return Ok(Next::Stop);
        }
        let end = at.saturating_add(bytes);
        Ok(Next::At(end + self.pad(scan, end, bytes)?))
    }

    /// A chunk that cannot be: after the audio it ends the walk, before it the next good chunk is looked for.
    fn lost(&mut self, scan: &mut Scan, at: u64, id: [u8; 4], bytes: u64) -> Result<Next> {
        let name = id.escape_ascii().to_string();
        let finding = Finding::new(
            "bad_chunk",
            Severity::Warning,
            format!("chunk \"{name}\" of {bytes} bytes at byte {}", at - 8),
        )
        .limit(format!("{} bytes are left in the file", scan.left()))
        .advice("it was stepped over; tags may be missing");
        if self.data.is_some() {
            self.findings.push(finding);
            return Ok(Next::Stop);
        }
        let wanted: &[u8] = if self.fmt.is_some() { b"data" } else { b"fmt " };
        let ahead = scan.peek_at(at, RESYNC_BYTES)?;
        let found = ahead.windows(8).position(|head| {
            let size = le32(head, 4);
            head.starts_with(wanted) && (u64::from(size) <= scan.left() || size == OPEN_SIZE)
        });
        let Some(found) = found.filter(|_| &id != b"fmt " && !self.big_endian) else {
            let what = format!(
                "chunk \"{name}\" at byte {} says {bytes} bytes; {} are left in the file",
                at - 8,
                scan.left()
            );
            return Err(Error::input("bad_chunk", what));
        };
        self.findings.push(finding);
        Ok(Next::At(at + found as u64))
    }

    fn check_riff_size(&mut self, end: u64) {
        let size = u64::from(self.riff_size);
        let actual = end - self.start;
        if self.is_64() || self.riff_size == OPEN_SIZE || size + 8 == actual || size + 9 == actual {
            if self.riff_size == OPEN_SIZE && !self.is_64() && self.findings.is_empty() {
                self.findings.push(streamed("the RIFF header leaves its size open (0xFFFFFFFF)"));
            }
            return;
        }
        self.findings.push(
            Finding::new("riff_size", Severity::Info, format!("the RIFF header says {size} bytes"))
                .limit(format!("the file has {} after it", actual.saturating_sub(8)))
                .advice("the real size was taken"),
        );
    }

    fn finish(mut self) -> Result<Pcm> {
        if self.is_64() && self.ds64.is_none() {
            return Err(Error::input("bad_header", "an RF64 or BW64 file without a ds64 chunk"));
        }
        let Some(fmt) = self.fmt else {
            return Err(Error::input(
                "bad_header",
                "the file has no fmt chunk: nothing says what its samples are",
            ));
        };
        let Some(data) = self.data else {
            return Err(Error::input("bad_header", "the file has no data chunk"));
        };
        self.metadata.track_names.truncate(fmt.layout.channels());
        // BS.2088: the sample count is a dummy in BW64 and often 0 or the byte count; a wrong one is only told.
        if let (Some(ds64), Some(bytes)) = (&self.ds64, data.bytes) {
            let frames = bytes / fmt.frame_bytes;
            if ds64.frames != 0 && ds64.frames != frames {
                self.findings.push(
                    Finding::new("frame_count", Severity::Info, format!("ds64 says {} frames", ds64.frames))
                        .limit(format!("its data size holds {frames}"))
                        .advice("the data size was taken"),
                );
            }
        }
        Ok(Pcm {
            container: self.container,
            form: fmt.form,
            valid_bits: fmt.valid_bits,
            layout: fmt.layout,
            sample_rate_hz: fmt.sample_rate_hz,
            data_at: data.at,
            data_bytes: data.bytes,
            declared_frames: None,
            metadata: self.metadata,
            findings: self.findings,
        })
    }
}

fn ds64(scan: &mut Scan, bytes: u64) -> Result<Ds64> {
    // EBU Tech 3306, section 3: riff size, data size, sample count, table length, table of id and size.
    if !(28..=MAX_TAG_BYTES).contains(&bytes) {
        return Err(Error::input(
            "bad_header",
            format!("the ds64 chunk has {bytes} bytes; at least 28 are needed"),
        ));
    }
    let body = scan.take_vec(bytes)?;
    let entries = u64::from(le32(&body, 24));
    if entries > (bytes - 28) / 12 {
        return Err(Error::input(
            "bad_header",
            format!("the ds64 table says {entries} entries; there is room for {}", (bytes - 28) / 12),
        ));
    }
    let (rows, _) = body[28..].as_chunks::<12>();
    let table =
        rows.iter().take(entries as usize).map(|row| ([row[0], row[1], row[2], row[3]], le64(row, 4)));
    Ok(Ds64 { data_bytes: le64(&body, 8), frames: le64(&body, 16), table: table.collect() })
}

/// Whether a plausible chunk header stands at byte `at`.
fn chunk_follows(scan: &mut Scan, at: u64) -> Result<bool> {
    let head = scan.peek_at(at, 8)?;
    let named = head.len() == 8 && head[..4].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b' ');
    Ok(named && u64::from(le32(&head, 4)) <= scan.left().saturating_sub(8))
}

fn streamed(measured: &str) -> Finding {
    Finding::new("streamed_header", Severity::Warning, measured)
        .limit("a size that was filled in")
        .advice("everything up to the end of the file was taken; check the end")
}

fn ambiguous(chunk: &str) -> Error {
    Error::input(
        "ambiguous",
        format!("the file has two \"{chunk}\" chunks: which one counts cannot be known"),
    )
}
