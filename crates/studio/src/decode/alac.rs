//! Apple Lossless, in CAF and MP4. Packets are decoded by Symphonia.

use super::decoded::{Decoded, Feed, Planes, guarded};
use super::input::{Scan, be32};
use super::limits::{self, Claim};
use super::packets::Packets;
use super::{Options, speakers};
use crate::audio::{Encoding, Info, Layout, Metadata, Source};
use crate::message::{Error, Finding, Result};
use symphonia::core::audio::{Audio, GenericAudioBufferRef};
use symphonia::core::codecs::audio::well_known::CODEC_ID_ALAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::AlacDecoder;

/// What a container knows about its ALAC packets.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) container: &'static str,
    pub(super) cookie: Vec<u8>,
    pub(super) sample_rate_hz: u32,
    pub(super) channels: u32,
    pub(super) index: Vec<(u64, u32)>,
    pub(super) priming: u64,
    pub(super) frames: u64,
    pub(super) metadata: Metadata,
    pub(super) findings: Vec<Finding>,
}

/// `ALACSpecificConfig` ("ALAC magic cookie description"), 24 bytes; older files wrap it in `frma` and `alac` atoms.
fn config(cookie: &[u8]) -> Result<[u8; 24]> {
    let cookie =
        if cookie.get(4..8) == Some(b"frma") { cookie.get(12..).unwrap_or_default() } else { cookie };
    let cookie =
        if cookie.get(4..8) == Some(b"alac") { cookie.get(12..).unwrap_or_default() } else { cookie };
    let config = cookie.first_chunk::<24>().copied();
    config.ok_or_else(|| {
        Error::input("bad_header", format!("an ALAC cookie of {} bytes; 24 are needed", cookie.len()))
    })
}

impl Track {
    /// Opens the stream; `layout` where the container knows it.
    pub(super) fn open(
        self,
        scan: Scan,
        layout: Option<Layout>,
        options: Options,
    ) -> Result<Box<dyn Source>> {
        let config = config(&self.cookie)?;
        let (frame_length, bits, channels, rate) =
            (be32(&config, 0), u16::from(config[5]), u32::from(config[9]), be32(&config, 20));
        if channels != self.channels || (rate != 0 && rate != self.sample_rate_hz) {
            let what = format!(
                "the container says {} channels at {} Hz, the codec {channels} at {rate} Hz",
                self.channels, self.sample_rate_hz
            );
            return Err(Error::input("ambiguous", what));
        }
        limits::validate(Claim { channels, sample_rate_hz: self.sample_rate_hz, frames: Some(self.frames) })?;
        if !matches!(bits, 16 | 20 | 24 | 32) || !(1..=65_536).contains(&frame_length) || channels > 8 {
            let what = format!("ALAC of {bits} bits, {channels} channels, packets of {frame_length} frames");
            return Err(Error::input("bad_header", what));
        }
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(CODEC_ID_ALAC).with_extra_data(Box::from(config));
        let decoder =
            || AlacDecoder::try_new(&parameters, &AudioDecoderOptions::default()).map_err(|e| explain(&e));
        let name = scan.name().to_owned();
        let packets = Packets::new(scan, self.index);
        let mut last = Alac { packets, decoder: guarded(decoder)? };
        let total = self.frames.saturating_add(self.priming);
        let frames =
            last.true_length(total, frame_length.into(), channels as usize).saturating_sub(self.priming);
        let packets = last.packets;
        let info = Info {
            container: self.container,
            codec: "alac",
            sample_rate_hz: self.sample_rate_hz,
            // The decoder gives channels in the order of WAVE.
            layout: layout
                .filter(|layout| channels <= 2 && layout.channels() == channels as usize)
                .unwrap_or_else(|| speakers::of_wave(channels as usize)),
            frames: Some(frames),
            encoding: Encoding::Int(bits),
            metadata: self.metadata,
        };
        Ok(Box::new(Decoded {
            pending: Planes::new(channels as usize),
            feed: Alac { packets, decoder: guarded(decoder)? },
            delay: self.priming,
            frames: Some(frames),
            findings: self.findings,
            options,
            name,
            position: 0,
            ended: false,
            info,
        }))
    }
}

struct Alac {
    packets: Packets,
    decoder: AlacDecoder,
}

impl Alac {
    /// Some programs declare whole packets where the last one is shorter. Packets stand alone, so the last one can be
    /// asked; if it cannot be read, that is told when its turn comes.
    fn true_length(&mut self, declared: u64, packet_frames: u64, channels: usize) -> u64 {
        let count = self.packets.len() as u64;
        if count == 0 || count.checked_mul(packet_frames) != Some(declared) {
            return declared;
        }
        let mut out = Planes::new(channels);
        let read = guarded(|| {
            let packet = self.packets.read(self.packets.len() - 1)?;
            let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, &packet);
            take(&self.decoder.decode_ref(&packet).map_err(|e| explain(&e))?, &mut out)
        });
        match read {
            Ok(()) if out.frames() > 0 => declared - packet_frames.saturating_sub(out.frames() as u64),
            _ => declared,
        }
    }
}

impl Feed for Alac {
    fn next(&mut self, out: &mut Planes, _findings: &mut Vec<Finding>) -> Result<bool> {
        let Some(packet) = self.packets.next()? else { return Ok(false) };
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, &packet);
        let decoded = self.decoder.decode_ref(&packet).map_err(|e| explain(&e))?;
        take(&decoded, out)?;
        Ok(true)
    }
}

/// Takes what Symphonia decoded.
pub(super) fn take(decoded: &GenericAudioBufferRef<'_>, out: &mut Planes) -> Result<()> {
    if decoded.num_planes() != out.channels() {
        return Err(Error::input("corrupt", "the audio is damaged: the number of channels changes"));
    }
    match decoded {
        GenericAudioBufferRef::F32(buffer) => {
            for (channel, plane) in buffer.iter_planes().enumerate() {
                out.extend(channel, plane.iter().map(|&sample| f64::from(sample)));
            }
        }
        GenericAudioBufferRef::S32(buffer) => {
            for (channel, plane) in buffer.iter_planes().enumerate() {
                out.extend(channel, plane.iter().map(|&sample| f64::from(sample) / 2_147_483_648.0));
            }
        }
        _ => return Err(Error::input("unsupported", "the decoder gives samples of an unexpected kind")),
    }
    Ok(())
}

/// An error of Symphonia in our words.
pub(super) fn explain(error: &symphonia::core::errors::Error) -> Error {
    use symphonia::core::errors::Error as Theirs;
    match error {
        Theirs::Unsupported(what) => Error::input("unsupported", format!("not read: {what}")),
        other => Error::input("corrupt", format!("the audio is damaged: {other}")),
    }
}
