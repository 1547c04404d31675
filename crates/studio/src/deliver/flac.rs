//! FLAC, encoded by `flac-codec`: about 80 × real time per core for 44.1 kHz stereo of 16 bits, 35 × for 96 kHz and 24; runs of
//! frames side by side where there are threads.

use super::Spec;
use super::artwork::Artwork;
use super::flac_frames::{self, FRAME_SAMPLES, RUN_FRAMES, Shape};
use crate::audio::{Encoding, Layout};
use crate::message::{Error, Kind, Result};
use flac_codec::metadata::{
    BlockList, BlockSize, Padding, Picture, PictureType, SeekPoint, SeekTable, Streaminfo, VorbisComment,
};
use md5::{Digest, Md5};
use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Room for a seek table of a two-hour file and for tags that are edited later.
const PADDING_BYTES: u32 = 16 * 1024;

/// Writes a FLAC file: here, or on a thread of its own.
pub(super) enum FlacSink {
    Here(Box<Encoder>),
    Aside(Aside),
}

impl FlacSink {
    /// Begins the file. `path` is only for messages.
    pub(super) fn new(file: File, path: &Path, spec: &Spec) -> Result<Self> {
        let encoder = Box::new(Encoder::new(file, path, spec)?);
        Ok(if spec.encode_aside { Self::Aside(Aside::new(encoder)) } else { Self::Here(encoder) })
    }

    /// Appends interleaved audio. What fails aside is told by a later call.
    pub(super) fn write(&mut self, samples: &[i32]) -> Result<()> {
        match self {
            Self::Here(encoder) => encoder.write(samples),
            Self::Aside(aside) => aside.write(samples),
        }
    }

    /// Writes the last frame, the counts and the checksum, and flushes.
    pub(super) fn finish(self) -> Result<()> {
        match self {
            Self::Here(encoder) => encoder.finish(),
            Self::Aside(mut aside) => aside.end(),
        }
    }
}

/// Frames that are waited for before some are encoded.
const BATCH_FRAMES: usize = 4 * RUN_FRAMES;
/// Time between two entries of the seek table (as other encoders have it), and the most entries there is room for.
const SEEK_SECONDS: u64 = 10;
const MOST_SEEK_POINTS: u64 = 900;
/// Bytes of a block's header and of a seek point (RFC 9639, sections 8.1 and 8.5.1).
const BLOCK_HEADER_BYTES: usize = 4;
const SEEK_POINT_BYTES: usize = 18;

/// The encoder of a file.
pub(super) struct Encoder {
    file: BufWriter<File>,
    path: PathBuf,
    blocks: BlockList,
    shape: Shape,
    side_by_side: bool,
    waiting: Vec<i32>,
    md5: Md5,
    /// What the checksum is taken over next.
    bytes: Vec<u8>,
    /// Where each frame begins, in bytes after the first.
    begins: Vec<u64>,
    end: u64,
    samples: u64,
}

impl Encoder {
    fn new(file: File, path: &Path, spec: &Spec) -> Result<Self> {
        let bits = check(spec).map_err(|error| error.at(path.display()))?;
        let shape = Shape {
            sample_rate_hz: spec.sample_rate_hz,
            channels: spec.layout.channels() as u8,
            bits: u32::from(bits),
        };
        let blocks = blocks(spec, shape).map_err(|what| internal(path, &what))?;
        let mut encoder = Self {
            file: BufWriter::with_capacity(1 << 20, file),
            path: path.to_owned(),
            blocks,
            shape,
            side_by_side: spec.encode_aside,
            waiting: Vec::with_capacity(BATCH_FRAMES * shape.frame_len()),
            md5: Md5::new(),
            bytes: Vec::new(),
            begins: Vec::new(),
            end: 0,
            samples: 0,
        };
        encoder.write_blocks()?;
        Ok(encoder)
    }

    fn write_blocks(&mut self) -> Result<()> {
        let Self { file, blocks, path, .. } = self;
        flac_codec::metadata::write_blocks(file, blocks.blocks()).map_err(|error| failed(path, error))
    }

    fn write(&mut self, samples: &[i32]) -> Result<()> {
        let batch = BATCH_FRAMES * self.shape.frame_len();
        let mut rest = samples;
        while !rest.is_empty() {
            let (part, later) = rest.split_at((batch - self.waiting.len()).min(rest.len()));
            self.waiting.extend_from_slice(part);
            rest = later;
            if self.waiting.len() == batch {
                self.encode()?;
            }
        }
        Ok(())
    }

    /// Encodes what waits; frames are full but at the very end.
    fn encode(&mut self) -> Result<()> {
        self.follow();
        let first = self.begins.len() as u64;
        let frames = flac_frames::encode(&self.waiting, first, self.shape, self.side_by_side)
            .map_err(|error| failed(&self.path, error))?;
        self.samples += (self.waiting.len() / usize::from(self.shape.channels.max(1))) as u64;
        self.waiting.clear();
        for frames in frames {
            for size in frames.sizes {
                self.note(size);
            }
            self.file
                .write_all(&frames.bytes)
                .map_err(|error| Error::io(&self.path, "write the file", &error))?;
        }
        Ok(())
    }

    /// The checksum of the audio (RFC 9639, section 8.2): interleaved, little-endian, in whole bytes.
    fn follow(&mut self) {
        let width = self.shape.bits.div_ceil(8) as usize;
        self.bytes.clear();
        for sample in &self.waiting {
            self.bytes.extend_from_slice(&sample.to_le_bytes()[..width.min(4)]);
        }
        self.md5.update(&self.bytes);
    }

    fn note(&mut self, size: usize) {
        self.begins.push(self.end);
        self.end += size as u64;
        let info = self.blocks.streaminfo_mut();
        let size = u32::try_from(size).ok().and_then(NonZero::new);
        info.maximum_frame_size = info.maximum_frame_size.max(size);
        info.minimum_frame_size =
            info.minimum_frame_size.map_or(size, |least| size.map(|size| size.min(least)));
    }

    fn finish(mut self) -> Result<()> {
        if !self.waiting.is_empty() {
            self.encode()?;
        }
        if self.samples == 0 {
            return Err(failed(&self.path, flac_codec::Error::NoSamples));
        }
        let table = self.seek_table();
        let info = self.blocks.streaminfo_mut();
        info.total_samples = NonZero::new(self.samples);
        info.md5 = Some(self.md5.finalize_reset().into());
        // The table takes its place from the room that was kept.
        let taken = BLOCK_HEADER_BYTES + SEEK_POINT_BYTES * table.len();
        let left = (PADDING_BYTES as usize).saturating_sub(taken);
        let padding = BlockSize::try_from(left).map_err(|error| internal(&self.path, &error.to_string()))?;
        let points = table.try_into().map_err(|_| internal(&self.path, "a seek table out of order"))?;
        self.blocks.insert(SeekTable { points });
        if let Some(room) = self.blocks.get_mut::<Padding>() {
            room.size = padding;
        }
        self.file.rewind().map_err(|error| Error::io(&self.path, "write the file", &error))?;
        self.write_blocks()?;
        self.file.flush().map_err(|error| Error::io(&self.path, "write the file", &error))
    }

    /// A point at the frame that each stretch of time begins in.
    fn seek_table(&self) -> Vec<SeekPoint> {
        let frame = FRAME_SAMPLES as u64;
        let apart = (SEEK_SECONDS * u64::from(self.shape.sample_rate_hz))
            .max(self.samples.div_ceil(MOST_SEEK_POINTS));
        let mut numbers: Vec<u64> =
            (0..self.samples.div_ceil(apart)).map(|point| point * apart / frame).collect();
        numbers.dedup();
        let point = |number: u64| {
            let sample_offset = number * frame;
            let byte_offset = *self.begins.get(usize::try_from(number).ok()?)?;
            let frame_samples = frame.min(self.samples - sample_offset) as u16;
            Some(SeekPoint::Defined { sample_offset, byte_offset, frame_samples })
        };
        numbers.into_iter().filter_map(point).collect()
    }
}

/// What stands before the frames: counts to be filled in at the end, tags, a cover, room.
fn blocks(spec: &Spec, shape: Shape) -> std::result::Result<BlockList, String> {
    let text = |what: &dyn std::fmt::Display| what.to_string();
    let mut blocks = BlockList::new(Streaminfo {
        minimum_block_size: FRAME_SAMPLES as u16,
        maximum_block_size: FRAME_SAMPLES as u16,
        minimum_frame_size: None,
        maximum_frame_size: None,
        sample_rate: shape.sample_rate_hz,
        channels: NonZero::new(shape.channels).ok_or("no channels")?,
        bits_per_sample: shape.bits.try_into().map_err(|error| text(&error))?,
        total_samples: None,
        md5: None,
    });
    blocks.insert(VorbisComment { vendor_string: vendor(), fields: fields(spec) });
    if let Some(art) = &spec.artwork {
        blocks.insert(picture(art));
    }
    blocks.insert(Padding { size: BlockSize::try_from(PADDING_BYTES).map_err(|error| text(&error))? });
    Ok(blocks)
}

/// Blocks that may wait for the encoder: some batches, so that nobody waits while one is summed up and written (4 MB).
const WAITING_BLOCKS: usize = 64;

/// An encoder on a thread of its own: in a chain of stages it is the slowest by far.
pub(super) struct Aside {
    /// `None` once nothing more is to come.
    blocks: Option<SyncSender<Vec<i32>>>,
    worker: Option<JoinHandle<Result<()>>>,
}

impl Aside {
    fn new(mut encoder: Box<Encoder>) -> Self {
        let (blocks, waiting) = sync_channel::<Vec<i32>>(WAITING_BLOCKS);
        let worker = std::thread::spawn(move || {
            for block in waiting {
                encoder.write(&block)?;
            }
            encoder.finish()
        });
        Self { blocks: Some(blocks), worker: Some(worker) }
    }

    fn write(&mut self, samples: &[i32]) -> Result<()> {
        match &self.blocks {
            Some(blocks) if blocks.send(samples.to_vec()).is_ok() => Ok(()),
            // It ended before its time, and knows why.
            _ => self.end().and_then(|()| Err(gone())),
        }
    }

    /// Waits until everything is written, or for what went wrong.
    fn end(&mut self) -> Result<()> {
        self.blocks = None;
        let worker = self.worker.take().ok_or_else(gone)?;
        worker.join().unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // Nobody may write to a file that is taken away.
        let _ = self.end();
    }
}

fn gone() -> Error {
    Error::new(Kind::Internal, "panic", "the FLAC encoder ended before its time")
}

/// What FLAC cannot hold. Source: RFC 9639, sections 4 and 9.1.2. Returns the bits.
pub(super) fn check(spec: &Spec) -> Result<u16> {
    let Encoding::Int(bits @ (16 | 20 | 24 | 32)) = spec.encoding else {
        return Err(Error::new(
            Kind::Usage,
            "unsupported",
            "FLAC holds integers of 16, 20, 24 or 32 bits here",
        )
        .hint("choose another bit depth, or WAV for float"));
    };
    if spec.layout.channels() > 8 {
        let what = format!("FLAC holds up to 8 channels, this has {}", spec.layout.channels());
        return Err(Error::new(Kind::Usage, "unsupported", what).hint("choose WAV"));
    }
    // Frames tell 16 bits of Hz or of tens of Hz.
    let rate = spec.sample_rate_hz;
    if rate > 655_350 || (rate > 65_535 && !rate.is_multiple_of(10)) {
        let what = format!("FLAC cannot tell a sample rate of {rate} Hz in its frames");
        return Err(Error::new(Kind::Usage, "unsupported", what).hint("choose WAV, or a usual rate"));
    }
    Ok(bits)
}

fn vendor() -> String {
    format!("Tonmeister {}", env!("CARGO_PKG_VERSION"))
}

/// The block of a cover. Source: RFC 9639, section 8.8.
fn picture(art: &Artwork) -> Picture {
    Picture {
        picture_type: PictureType::FrontCover,
        media_type: art.media_type.to_owned(),
        description: String::new(),
        width: art.width,
        height: art.height,
        color_depth: art.depth_bits,
        colors_used: None,
        data: art.bytes.clone(),
    }
}

/// Vorbis comments, keys in upper case; the channel mask where it is not the usual one. Source: RFC 9639, section 8.6.2.
fn fields(spec: &Spec) -> Vec<String> {
    let clean = |text: &str| text.chars().filter(|c| *c != '\0').collect::<String>();
    // Keys are printable ASCII without '='.
    let key = |text: &str| text.chars().filter(|c| (' '..='}').contains(c) && *c != '=').collect::<String>();
    let mut fields: Vec<String> = spec
        .tags
        .iter()
        .map(|(name, value)| format!("{}={}", key(name).to_ascii_uppercase(), clean(value)))
        .filter(|field| !field.starts_with('='))
        .collect();
    if let Some(mask) = unusual_mask(&spec.layout) {
        fields.push(format!("WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x{mask:04X}"));
    }
    fields
}

/// The mask, unless it is FLAC's own for that number of channels. Source: RFC 9639, table 16.
fn unusual_mask(layout: &Layout) -> Option<u32> {
    let usual = [0x4, 0x3, 0x7, 0x33, 0x607, 0x60F, 0x70F, 0x63F];
    let mask = layout.mask();
    let known = usual.get(layout.channels().checked_sub(1)?).copied();
    (mask != 0 && known != Some(mask)).then_some(mask)
}

fn failed(path: &Path, error: flac_codec::Error) -> Error {
    match error {
        flac_codec::Error::Io(error) => Error::io(path, "write the file", &error),
        flac_codec::Error::NoSamples => {
            Error::new(Kind::Usage, "empty", "there is no audio to write").at(path.display())
        }
        error => internal(path, &error.to_string()),
    }
}

fn internal(path: &Path, what: &str) -> Error {
    Error::new(Kind::Internal, "internal", format!("the FLAC encoder failed: {what}")).at(path.display())
}
