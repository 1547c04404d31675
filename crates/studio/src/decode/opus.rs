//! Ogg Opus (RFC 7845). Pages are read here, packets (RFC 6716) are decoded by `opus-pure`, always at 48 kHz.

use super::decoded::{Decoded, Feed, Planes, guarded};
use super::input::{le16, le32};
use super::limits::{self, Claim};
use super::ogg::{self, Ogg};
use super::{Options, speakers, tags};
use crate::audio::{Encoding, Info, Metadata, Source};
use crate::message::{Error, Finding, Result, Severity};
use opus_pure::{OpusDecoder, OpusMSDecoder};

/// Opus in Ogg is counted at 48 kHz, whatever went in (RFC 7845, section 4).
const SAMPLE_RATE_HZ: u32 = 48_000;

/// Frames of the longest packet: 120 ms (RFC 6716, section 3.2.5).
const MAX_FRAMES: usize = 5760;

/// Opens the stream; `last` is the granule position it ends with, where known.
pub(super) fn open(mut ogg: Ogg, last: Option<u64>, options: Options) -> Result<Box<dyn Source>> {
    let (head, comments) = (Head::read(&ogg.header()?)?, ogg.header()?);
    if !comments.starts_with(b"OpusTags") {
        return Err(Error::input("bad_header", "the comment header of Opus is not there"));
    }
    limits::validate(Claim { channels: head.channels as u32, sample_rate_hz: SAMPLE_RATE_HZ, frames: last })?;
    let mut metadata = Metadata::default();
    tags::vorbis_comments(&comments[8..], &mut metadata);
    let decoder = guarded(|| head.decoder())?;
    let channels = head.channels;
    let name = ogg.name().to_owned();
    let gain = if head.gain_q8 == 0 { 1.0 } else { dsp::math::db_to_gain(f64::from(head.gain_q8) / 256.0) };
    let mut feed =
        Opus { ogg, decoder, channels, gain, samples: vec![0.0; MAX_FRAMES * channels], ended_page: None };
    let mut pending = Planes::new(channels);
    let (first, only) = first_page(&mut feed, &mut pending)?;
    let (delay, frames) = ogg::span(pending.frames() as u64, first, only, last, head.skip)?;
    let info = Info {
        container: "ogg",
        codec: "opus",
        sample_rate_hz: SAMPLE_RATE_HZ,
        layout: speakers::of_wave(channels),
        frames,
        encoding: Encoding::Lossy,
        metadata,
    };
    let findings = if head.input_rate_hz == 0 || head.input_rate_hz == SAMPLE_RATE_HZ {
        Vec::new()
    } else {
        let measured = format!("encoded from {} Hz, decoded at 48000 Hz", head.input_rate_hz);
        vec![Finding::new("opus_rate", Severity::Info, measured).advice("Opus always decodes at 48 kHz")]
    };
    let mut source =
        Decoded { info, feed, pending, delay, frames, findings, options, name, position: 0, ended: false };
    source.drop_delay();
    Ok(Box::new(source))
}

/// `OpusHead`, RFC 7845 section 5.1.
struct Head {
    channels: usize,
    skip: u64,
    input_rate_hz: u32,
    gain_q8: i16,
    family: u8,
    /// Streams, coupled streams, mapping.
    streams: Vec<u8>,
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Self> {
        let version = bytes.get(8).copied().unwrap_or(255);
        if bytes.len() < 19 || version >> 4 != 0 {
            return Err(Error::input(
                "bad_header",
                format!("an Opus header of {} bytes, version {version}", bytes.len()),
            ));
        }
        let (channels, family) = (usize::from(bytes[9]), bytes[18]);
        let known = match family {
            0 => matches!(channels, 1 | 2),
            1 => (1..=8).contains(&channels) && bytes.len() >= 21 + channels,
            _ => false,
        };
        if !known {
            let what = format!("Opus with {channels} channels in mapping family {family} is not read");
            return Err(Error::input("unsupported", what));
        }
        Ok(Self {
            channels,
            skip: le16(bytes, 10).into(),
            input_rate_hz: le32(bytes, 12),
            gain_q8: le16(bytes, 16) as i16,
            family,
            streams: bytes.get(19..21 + channels).unwrap_or_default().to_vec(),
        })
    }

    fn decoder(&self) -> Result<Decoder> {
        let rate = SAMPLE_RATE_HZ as i32;
        if self.family == 0 {
            return OpusDecoder::new(rate, self.channels)
                .map(|d| Decoder::One(Box::new(d)))
                .map_err(|e| explain(&e));
        }
        let decoder = OpusMSDecoder::new(rate, self.channels, self.family).map_err(|e| explain(&e))?;
        let layout = decoder.layout();
        let mut usual = vec![layout.nb_streams as u8, layout.nb_coupled_streams as u8];
        usual.extend_from_slice(&layout.mapping);
        if usual != self.streams {
            return Err(Error::input(
                "unsupported",
                "Opus with an unusual assignment of streams to channels",
            ));
        }
        Ok(Decoder::Many(Box::new(decoder)))
    }
}

enum Decoder {
    One(Box<OpusDecoder>),
    Many(Box<OpusMSDecoder>),
}

struct Opus {
    ogg: Ogg,
    decoder: Decoder,
    channels: usize,
    /// Output gain of the header, which players must apply (RFC 7845 section 5.1).
    gain: f64,
    samples: Vec<f32>,
    ended_page: Option<(u64, bool)>,
}

fn first_page(feed: &mut Opus, pending: &mut Planes) -> Result<(u64, bool)> {
    loop {
        if !guarded(|| feed.next(pending, &mut Vec::new()))? {
            return Ok((pending.frames() as u64, true));
        }
        if let Some(page) = feed.ended_page.take() {
            return Ok(page);
        }
    }
}

impl Feed for Opus {
    fn next(&mut self, out: &mut Planes, _findings: &mut Vec<Finding>) -> Result<bool> {
        let Some(packet) = self.ogg.next()? else { return Ok(false) };
        self.ended_page = packet.granule.map(|granule| (granule, packet.last));
        if packet.data.is_empty() {
            return Err(Error::input("corrupt", "the audio is damaged: an empty Opus packet"));
        }
        let frames = match &mut self.decoder {
            Decoder::One(decoder) => decoder.decode(&packet.data, MAX_FRAMES, &mut self.samples),
            Decoder::Many(decoder) => decoder.decode(&packet.data, MAX_FRAMES, &mut self.samples),
        }
        .map_err(|e| explain(&e))?;
        let samples = self.samples.get(..frames * self.channels).unwrap_or_default();
        for channel in 0..self.channels {
            let plane = samples.iter().skip(channel).step_by(self.channels);
            out.extend(
                speakers::wave_of_vorbis(channel, self.channels),
                plane.map(|&x| f64::from(x) * self.gain),
            );
        }
        Ok(true)
    }
}

fn explain(error: &opus_pure::Error) -> Error {
    Error::input("corrupt", format!("the audio is damaged: {error}"))
}
