//! The stream over uncompressed samples, whatever file they lie in.

use super::Options;
use super::input::Scan;
use super::limits::{self, Claim};
use super::sample::{Form, IMPLAUSIBLE};
use crate::audio::{Info, Layout, Metadata, Source};
use crate::message::{Error, Finding, Result, Severity};
use dsp::block::Buffer;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// Bytes read from the disk at a time.
const READ_BYTES: usize = 256 * 1024;

/// Times of doubtful samples that are told.
const TIMES_TOLD: usize = 5;

/// What a container says about the samples in it.
#[derive(Debug)]
pub(super) struct Pcm {
    pub(super) container: &'static str,
    pub(super) form: Form,
    /// Bits that carry signal, for integers.
    pub(super) valid_bits: u16,
    pub(super) layout: Layout,
    pub(super) sample_rate_hz: u32,
    /// First byte of the samples.
    pub(super) data_at: u64,
    /// Bytes of samples the container declares; `None` when it leaves that to the end of the file.
    pub(super) data_bytes: Option<u64>,
    /// Frames the container declares elsewhere (AIFF `COMM`, RF64 `ds64`).
    pub(super) declared_frames: Option<u64>,
    pub(super) metadata: Metadata,
    pub(super) findings: Vec<Finding>,
}

impl Pcm {
    fn frame_bytes(&self) -> usize {
        self.form.bytes() * self.layout.channels()
    }

    /// Frames to read, after what is declared was compared with what is there.
    fn frames(&mut self, file_bytes: u64, options: Options) -> Result<u64> {
        let frame = self.frame_bytes() as u64;
        let there = file_bytes.saturating_sub(self.data_at);
        let bytes = self.data_bytes.map_or(there, |declared| declared.min(there));
        let frames = bytes / frame;
        let in_data = self.data_bytes.map_or(frames, |declared| declared / frame);
        let declared = self.declared_frames.unwrap_or(in_data);
        if declared == 0 && frames > 0 {
            let what = format!("the header declares 0 frames, and {bytes} bytes of audio follow");
            return Err(
                Error::input("bad_header", what).hint("the recording was not finished; repair it first")
            );
        }
        if frames < declared {
            self.cut_short(frames, declared, options)?;
        } else if frames > declared {
            self.findings.push(
                Finding::new("frame_count", Severity::Warning, format!("room for {frames} frames"))
                    .limit(format!("the header declares {declared}"))
                    .advice("the declared frames were taken; check the end of the file"),
            );
        } else if !bytes.is_multiple_of(frame) {
            self.findings.push(
                Finding::new(
                    "stray_bytes",
                    Severity::Warning,
                    format!("{} bytes after the last whole frame", bytes % frame),
                )
                .limit(format!("frames are {frame} bytes"))
                .advice("the incomplete frame was left out; check the end of the file"),
            );
        }
        Ok(frames.min(declared))
    }

    fn cut_short(&mut self, frames: u64, declared: u64, options: Options) -> Result<()> {
        let what = format!("the file is cut short: {frames} of {declared} frames are there");
        if !options.salvage {
            return Err(Error::input("truncated", what).hint(
                "copy or export the file again, or allow salvage to take the whole frames that are there",
            ));
        }
        self.findings.push(
            Finding::new("truncated", Severity::Warning, format!("{frames} of {declared} frames"))
                .limit("every declared frame")
                .advice("only the frames that are there were taken; export the file again")
                .seconds(frames as f64 / f64::from(self.sample_rate_hz)),
        );
        Ok(())
    }

    /// Opens the stream.
    pub(super) fn open(mut self, scan: Scan, options: Options) -> Result<Box<dyn Source>> {
        let (channels, sample_rate_hz) = (self.layout.channels() as u32, self.sample_rate_hz);
        limits::validate(Claim { channels, sample_rate_hz, frames: self.declared_frames })?;
        let frames = self.frames(scan.end(), options)?;
        limits::validate(Claim { channels, sample_rate_hz, frames: Some(frames) })?;
        if frames == 0 {
            self.findings.push(
                Finding::new("no_audio", Severity::Warning, "0 frames")
                    .advice("the file has a header and no samples; export it again"),
            );
        }
        let frame_bytes = self.frame_bytes();
        let name = scan.name().to_owned();
        let file = scan.into_file(self.data_at)?;
        let info = Info {
            container: self.container,
            codec: self.form.codec(),
            sample_rate_hz,
            encoding: self.form.encoding(self.valid_bits),
            layout: self.layout,
            frames: Some(frames),
            metadata: self.metadata,
        };
        let capacity = (READ_BYTES / frame_bytes.max(1)).max(1) * frame_bytes;
        Ok(Box::new(PcmSource {
            info,
            form: self.form,
            frame_bytes,
            frames,
            position: 0,
            file,
            raw: vec![0; capacity],
            raw_at: 0,
            raw_end: 0,
            odd: Odd::default(),
            findings: self.findings,
            options,
            name,
        }))
    }
}

/// Doubtful floating-point samples met so far.
#[derive(Debug, Default)]
struct Odd {
    not_finite: u64,
    not_finite_at: Vec<u64>,
    huge: u64,
    huge_at: Vec<u64>,
}

#[derive(Debug)]
struct PcmSource {
    info: Info,
    form: Form,
    frame_bytes: usize,
    frames: u64,
    /// Frames handed out.
    position: u64,
    file: File,
    raw: Vec<u8>,
    raw_at: usize,
    raw_end: usize,
    odd: Odd,
    findings: Vec<Finding>,
    options: Options,
    name: String,
}

impl PcmSource {
    /// Reads the next bytes from the disk; the file may have become shorter since it was opened.
    fn refill(&mut self) -> Result<()> {
        let left = (self.frames - self.position).saturating_mul(self.frame_bytes as u64);
        let want = usize::try_from(left).unwrap_or(usize::MAX).min(self.raw.len());
        match self.file.read_exact(&mut self.raw[..want]) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::UnexpectedEof => {
                let what = format!(
                    "the file became shorter while it was read: {} of {} frames were there",
                    self.position, self.frames
                );
                return Err(Error::input("truncated", what).at(&self.name));
            }
            Err(e) => return Err(Error::io(&self.name, "read", &e)),
        }
        (self.raw_at, self.raw_end) = (0, want);
        Ok(())
    }

    fn fill(&mut self, buffer: &mut Buffer) -> Result<()> {
        let left = usize::try_from(self.frames - self.position).unwrap_or(usize::MAX);
        buffer.set_frames(buffer.capacity().min(left));
        let mut done = 0;
        while done < buffer.frames() {
            if self.raw_at == self.raw_end {
                self.refill()?;
            }
            let frames = (buffer.frames() - done).min((self.raw_end - self.raw_at) / self.frame_bytes);
            let bytes = &self.raw[self.raw_at..self.raw_at + frames * self.frame_bytes];
            let worst = self.form.unpack(bytes, buffer, done, frames);
            if worst.stands_out() {
                self.odd.look(buffer, done, frames, self.position);
            }
            self.raw_at += frames * self.frame_bytes;
            self.position += frames as u64;
            done += frames;
        }
        Ok(())
    }

    /// Counts what is not finite in the rest of the file, so that the error can say how much there is.
    fn refuse_not_finite(&mut self) -> Error {
        let mut scratch = Buffer::new(self.info.channels(), 4096);
        loop {
            match self.fill(&mut scratch) {
                Ok(()) if scratch.frames() > 0 => {}
                _ => break,
            }
        }
        let what = format!(
            "{} samples are not numbers, infinite or beyond the range of 32-bit float; first at {}",
            self.odd.not_finite,
            self.times(&self.odd.not_finite_at)
        );
        Error::input("not_finite", what)
            .at(&self.name)
            .hint("render the file again, or allow repair to replace these samples by silence")
    }

    fn times(&self, frames: &[u64]) -> String {
        let rate = f64::from(self.info.sample_rate_hz);
        let times: Vec<_> = frames.iter().map(|&frame| format!("{:.6} s", frame as f64 / rate)).collect();
        times.join(", ")
    }
}

impl Odd {
    /// Looks at every sample of a block in which something stands out; silences what is not finite.
    fn look(&mut self, buffer: &mut Buffer, start: usize, frames: usize, position: u64) {
        let mut block = buffer.block();
        let mut block = block.slice(start, frames);
        for plane in block.channels_mut() {
            for (at, value) in plane.iter_mut().enumerate() {
                let frame = position + at as u64;
                // f32::MAX: what a 32-bit mix engine could still hold.
                if value.is_nan() || value.abs() > f64::from(f32::MAX) {
                    self.not_finite += 1;
                    note(&mut self.not_finite_at, frame);
                    *value = 0.0;
                } else if value.abs() > IMPLAUSIBLE {
                    self.huge += 1;
                    note(&mut self.huge_at, frame);
                }
            }
        }
    }
}

/// Keeps the first few places, in order, each once.
fn note(places: &mut Vec<u64>, frame: u64) {
    if let Err(at) = places.binary_search(&frame) {
        places.insert(at, frame);
        places.truncate(TIMES_TOLD);
    }
}

impl Source for PcmSource {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        super::check_buffer(&self.info, buffer)?;
        self.fill(buffer)?;
        if self.odd.not_finite > 0 && !self.options.repair {
            buffer.set_frames(0);
            return Err(self.refuse_not_finite());
        }
        Ok(())
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        let rate = f64::from(self.info.sample_rate_hz);
        if let Some(&first) = self.odd.not_finite_at.first() {
            let measured =
                format!("{} samples, first at {}", self.odd.not_finite, self.times(&self.odd.not_finite_at));
            findings.push(
                Finding::new("not_finite", Severity::Warning, measured)
                    .limit("every sample is a finite number")
                    .advice("they were replaced by silence; listen there, or render the file again")
                    .seconds(first as f64 / rate),
            );
        }
        if let Some(&first) = self.odd.huge_at.first() {
            let measured = format!(
                "{} samples above +60 dBFS, first at {}",
                self.odd.huge,
                self.times(&self.odd.huge_at)
            );
            findings.push(
                Finding::new("implausible_level", Severity::Warning, measured)
                    .limit("+60 dBFS")
                    .advice("the file may be damaged, or scaled to integers; check it before going on")
                    .seconds(first as f64 / rate),
            );
        }
        findings.into_iter().map(|finding| finding.about(&self.name)).collect()
    }

    fn skip(&mut self, frames: u64) -> Result<()> {
        let frames = frames.min(self.frames - self.position);
        let buffered = ((self.raw_end - self.raw_at) / self.frame_bytes) as u64;
        if frames <= buffered {
            self.raw_at += frames as usize * self.frame_bytes;
        } else {
            let bytes = i64::try_from((frames - buffered).saturating_mul(self.frame_bytes as u64))
                .unwrap_or(i64::MAX);
            self.file.seek(SeekFrom::Current(bytes)).map_err(|e| Error::io(&self.name, "read", &e))?;
            (self.raw_at, self.raw_end) = (0, 0);
        }
        self.position += frames;
        Ok(())
    }
}
