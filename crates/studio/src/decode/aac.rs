//! AAC, decoded by `syom`: packets of MP4, and ADTS streams, whose frames are cut out here.

use super::decoded::{Decoded, Feed, Planes, guarded};
use super::input::Scan;
use super::limits::{self, Claim};
use super::packets::Packets;
use super::{Options, speakers};
use crate::audio::{Encoding, Info, Layout, Metadata, Source, Speaker};
use crate::message::{Error, Finding, Result};
use syom::{Channel, ChannelMode, DecodeOptions, Frame};

/// Longest ID3 tag that is handed to the decoder, which looks for the encoder's delay in it.
const MAX_TAG_BYTES: u64 = limits::MAX_TAG_BYTES;

fn options() -> DecodeOptions {
    DecodeOptions::unbounded().with_channel_mode(ChannelMode::Split)
}

/// What the first decoded frame tells; containers are often wrong about it (implicit SBR).
#[derive(Debug, Clone)]
struct Shape {
    sample_rate_hz: u32,
    layout: Layout,
}

/// Takes one frame into `out`, which is made to fit the first one.
fn take(frame: &Frame<'_>, shape: &mut Option<Shape>, out: &mut Planes) -> syom::Result<()> {
    let shape = shape.get_or_insert_with(|| {
        *out = Planes::new(frame.planar.len());
        let labels: Vec<_> = frame.meta.labels().collect();
        Shape { sample_rate_hz: frame.sample_rate, layout: seats(&labels, frame.planar.len()) }
    });
    if frame.planar.len() != out.channels() || frame.sample_rate != shape.sample_rate_hz {
        return Err(syom::AacError::decode("channels or sample rate change"));
    }
    for (channel, plane) in frame.planar.iter().enumerate() {
        out.extend(channel, plane.iter().take(frame.samples).map(|&sample| f64::from(sample)));
    }
    Ok(())
}

fn seats(labels: &[Channel], channels: usize) -> Layout {
    if labels.len() != channels || channels <= 2 {
        return speakers::of_wave(channels);
    }
    let sides = labels.contains(&Channel::SideLeft);
    let seat = |label: &Channel| match label {
        Channel::FrontLeft => Speaker::Left,
        Channel::FrontRight => Speaker::Right,
        Channel::FrontCenter => Speaker::Centre,
        Channel::Lfe => Speaker::Lfe,
        Channel::BackLeft if sides => Speaker::RearLeft,
        Channel::BackRight if sides => Speaker::RearRight,
        Channel::BackLeft | Channel::SideLeft => Speaker::SurroundLeft,
        Channel::BackRight | Channel::SideRight => Speaker::SurroundRight,
        _ => Speaker::Unknown,
    };
    Layout(labels.iter().map(seat).collect())
}

/// An error of the decoder in our words.
fn explain(error: &syom::AacError) -> Error {
    match error {
        syom::AacError::Unsupported(_) | syom::AacError::NotAac => {
            Error::input("unsupported", format!("AAC that is not read: {error}"))
        }
        syom::AacError::Limit { .. } => Error::input("limit", format!("AAC beyond a limit: {error}")),
        other => Error::input("corrupt", format!("the audio is damaged: {other}")),
    }
}

/// What MP4 knows about its AAC packets. Times are fractions of a second: numerator, denominator.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) config: Vec<u8>,
    pub(super) index: Vec<(u64, u32)>,
    /// Frames to drop and to keep, at a sample rate of so many.
    pub(super) span: Box<dyn SpanAt>,
    pub(super) metadata: Metadata,
    pub(super) findings: Vec<Finding>,
}

/// Gives the delay and length of a track at the sample rate that turned out to be the real one.
pub(super) trait SpanAt: std::fmt::Debug {
    /// Frames to drop at the start, and frames to keep.
    fn at(&self, sample_rate_hz: u32) -> (u64, Option<u64>);
}

impl Track {
    /// Opens the stream.
    pub(super) fn open(self, scan: Scan, options_: Options) -> Result<Box<dyn Source>> {
        let decoder = guarded(|| syom::Decoder::from_asc(&self.config, options()).map_err(|e| explain(&e)))?;
        let feed = Units { packets: Packets::new(scan, self.index), decoder, shape: None };
        let name = feed.packets.name().to_owned();
        start(
            "m4a",
            feed,
            |feed| feed.shape.clone(),
            &*self.span,
            self.metadata,
            self.findings,
            options_,
            name,
        )
    }
}

struct Units {
    packets: Packets,
    decoder: syom::Decoder,
    shape: Option<Shape>,
}

impl Feed for Units {
    fn next(&mut self, out: &mut Planes, _findings: &mut Vec<Finding>) -> Result<bool> {
        let Some(packet) = self.packets.next()? else { return Ok(false) };
        let Self { decoder, shape, .. } = self;
        decoder.decode_au(&packet, |frame| take(&frame, shape, out)).map_err(|e| explain(&e))?;
        Ok(true)
    }
}

#[derive(Debug)]
struct Unknown;

impl SpanAt for Unknown {
    fn at(&self, _sample_rate_hz: u32) -> (u64, Option<u64>) {
        (0, None)
    }
}

/// Decodes the first frame, to know what the stream is, and builds the source.
#[expect(clippy::too_many_arguments, reason = "one call from each of two containers, each with its own feed")]
fn start<F: Feed + 'static>(
    container: &'static str,
    mut feed: F,
    shape: impl Fn(&F) -> Option<Shape>,
    span: &dyn SpanAt,
    metadata: Metadata,
    mut findings: Vec<Finding>,
    options: Options,
    name: String,
) -> Result<Box<dyn Source>> {
    let mut pending = Planes::new(0);
    let shape = loop {
        let more = guarded(|| feed.next(&mut pending, &mut findings))?;
        match shape(&feed) {
            Some(shape) => break shape,
            None if !more => return Err(Error::input("no_audio", "the file holds no frames")),
            None => {}
        }
    };
    let (delay, frames) = span.at(shape.sample_rate_hz);
    let (channels, sample_rate_hz) = (pending.channels() as u32, shape.sample_rate_hz);
    limits::validate(Claim { channels, sample_rate_hz, frames })?;
    let info = Info {
        container,
        codec: "aac",
        sample_rate_hz,
        layout: shape.layout,
        frames,
        encoding: Encoding::Lossy,
        metadata,
    };
    let mut source =
        Decoded { info, feed, pending, delay, frames, findings, options, name, position: 0, ended: false };
    source.drop_delay();
    Ok(Box::new(source))
}

/// Length of the ADTS frame that begins with `bytes` (ISO/IEC 13818-7, 6.2.1); `None` when none does.
fn frame_bytes(bytes: &[u8]) -> Option<u64> {
    let &[first, second, third, fourth, fifth, sixth, ..] = bytes else { return None };
    let rate_index = (third >> 2) & 15;
    if first != 0xff || second & 0xf6 != 0xf0 || rate_index > 12 {
        return None;
    }
    let bytes = u64::from(fourth & 3) << 11 | u64::from(fifth) << 3 | u64::from(sixth >> 5);
    (bytes >= 7).then_some(bytes)
}

/// Whether two ADTS frames follow each other at byte `start`.
pub(super) fn begins(scan: &mut Scan, start: u64) -> Result<bool> {
    let Some(first) = frame_bytes(&scan.peek_at(start, 7)?) else { return Ok(false) };
    Ok(frame_bytes(&scan.peek_at(start + first, 7)?).is_some() || start + first == scan.end())
}

/// Opens an ADTS stream whose first frame stands at byte `start`; before it there may be an ID3 tag.
pub(super) fn open_adts(mut scan: Scan, start: u64, options_: Options) -> Result<Box<dyn Source>> {
    let mut decoder = syom::Decoder::new(options());
    let tag =
        if (1..=MAX_TAG_BYTES).contains(&start) { scan.peek_at(0, start as usize)? } else { Vec::new() };
    guarded(|| decoder.feed(&tag, |_| Ok(())).map(drop).map_err(|e| explain(&e)))?;
    scan.go(start)?;
    let name = scan.name().to_owned();
    let feed = Adts { scan, decoder: Some(decoder), shape: None };
    start_adts(feed, options_, name)
}

fn start_adts(feed: Adts, options: Options, name: String) -> Result<Box<dyn Source>> {
    start("adts", feed, |feed| feed.shape.clone(), &Unknown, Metadata::default(), Vec::new(), options, name)
}

struct Adts {
    scan: Scan,
    /// Gone after it was finished.
    decoder: Option<syom::Decoder>,
    shape: Option<Shape>,
}

impl Feed for Adts {
    fn next(&mut self, out: &mut Planes, _findings: &mut Vec<Finding>) -> Result<bool> {
        let Self { scan, decoder, shape } = self;
        let at = scan.at();
        let ahead = scan.peek_at(at, 8)?;
        // ID3v1 and APE tags may stand at the end.
        if ahead.is_empty() || ahead.starts_with(b"TAG") || ahead.starts_with(b"APETAGEX") {
            let Some(mut decoder) = decoder.take() else { return Ok(false) };
            decoder.finish(|frame| take(&frame, shape, out)).map_err(|e| explain(&e))?;
            return Ok(true);
        }
        let Some(bytes) = frame_bytes(&ahead) else {
            return Err(Error::input("corrupt", format!("no ADTS frame at byte {at}, where one should be")));
        };
        if bytes > scan.left() {
            return Err(Error::input("truncated", "the file is cut short inside a frame"));
        }
        let frame = scan.take_vec(bytes)?;
        let Some(decoder) = decoder else { return Ok(false) };
        decoder.feed(&frame, |frame| take(&frame, shape, out)).map_err(|e| explain(&e))?;
        Ok(true)
    }
}
