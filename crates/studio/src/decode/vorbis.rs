//! Ogg Vorbis. Pages are read here, packets are decoded by Symphonia.

use super::alac::{explain, take};
use super::decoded::{Decoded, Feed, Planes, guarded};
use super::input::le32;
use super::limits::{self, Claim};
use super::ogg::{self, Ogg};
use super::{Options, speakers, tags};
use crate::audio::{Encoding, Info, Metadata, Source};
use crate::message::{Error, Finding, Result};
use symphonia::core::codecs::audio::well_known::CODEC_ID_VORBIS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::VorbisDecoder;

/// Opens the stream; `last` is the granule position it ends with, where known.
pub(super) fn open(mut ogg: Ogg, last: Option<u64>, options: Options) -> Result<Box<dyn Source>> {
    let (mut head, comments, setup) = (ogg.header()?, ogg.header()?, ogg.header()?);
    if head.len() != 30 || !comments.starts_with(b"\x03vorbis") || !setup.starts_with(b"\x05vorbis") {
        return Err(Error::input("bad_header", "the three headers of Vorbis are not there"));
    }
    let (channels, sample_rate_hz) = (u32::from(head[11]), le32(&head, 12));
    limits::validate(Claim { channels, sample_rate_hz, frames: last })?;
    let mut metadata = Metadata::default();
    tags::vorbis_comments(&comments[7..], &mut metadata);
    head.extend_from_slice(&setup);
    let mut parameters = AudioCodecParameters::new();
    parameters.for_codec(CODEC_ID_VORBIS).with_extra_data(head.into_boxed_slice());
    let decoder = guarded(|| {
        VorbisDecoder::try_new(&parameters, &AudioDecoderOptions::default()).map_err(|e| explain(&e))
    })?;
    let name = ogg.name().to_owned();
    let mut feed = Vorbis { ogg, decoder, ended_page: None };
    let mut pending = Planes::new(channels as usize);
    let (first, only) = ogg_first_page(&mut feed, &mut pending)?;
    let (delay, frames) = ogg::span(pending.frames() as u64, first, only, last, 0)?;
    let info = Info {
        container: "ogg",
        codec: "vorbis",
        sample_rate_hz,
        layout: speakers::of_wave(channels as usize),
        frames,
        encoding: Encoding::Lossy,
        metadata,
    };
    let mut source = Decoded {
        info,
        feed,
        pending,
        delay,
        frames,
        findings: Vec::new(),
        options,
        name,
        position: 0,
        ended: false,
    };
    source.drop_delay();
    Ok(Box::new(source))
}

/// Decodes the packets of the first audio page; gives its granule position and whether it is the last page.
fn ogg_first_page(feed: &mut Vorbis, pending: &mut Planes) -> Result<(u64, bool)> {
    loop {
        if !guarded(|| feed.next(pending, &mut Vec::new()))? {
            return Ok((pending.frames() as u64, true));
        }
        if let Some(page) = feed.ended_page.take() {
            return Ok(page);
        }
    }
}

struct Vorbis {
    ogg: Ogg,
    decoder: VorbisDecoder,
    /// Granule position of a page that was completed, and whether it is the last.
    ended_page: Option<(u64, bool)>,
}

impl Feed for Vorbis {
    fn next(&mut self, out: &mut Planes, _findings: &mut Vec<Finding>) -> Result<bool> {
        let Some(packet) = self.ogg.next()? else { return Ok(false) };
        self.ended_page = packet.granule.map(|granule| (granule, packet.last));
        // Vorbis I, section 4.3.1: an empty packet is no audio.
        if !packet.data.is_empty() {
            let data = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, &packet.data);
            take(&self.decoder.decode_ref(&data).map_err(|e| explain(&e))?, out)?;
        }
        Ok(true)
    }
}
