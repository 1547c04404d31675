//! Opus in Ogg, by `opus-pure`: about 175 times real time.

use super::{Encoder, Failed, interleave};
use crate::files::NewFile;
use crate::targets::Codec;
use opus_pure::{Application, MAX_PACKET_BYTES, OggOpusWriter, OpusEncoder, OpusHead};
use std::fs::File;
use std::io::{BufWriter, Write};

/// 20 ms at 48 kHz, the usual length of a packet.
const PACKET_FRAMES: usize = 960;

/// Writes Ogg Opus whose end says where the music ended (RFC 7845, section 4.4).
pub(super) struct Opus {
    encoder: OpusEncoder,
    writer: OggOpusWriter<BufWriter<File>>,
    channels: usize,
    skip: u64,
    interleaved: Vec<f32>,
    /// Interleaved samples that do not fill a packet yet.
    waiting: Vec<f32>,
    packet: Vec<u8>,
    frames: u64,
}

impl Opus {
    pub(super) fn new(file: &NewFile, codec: Codec, channels: usize) -> Result<Self, Failed> {
        let mut encoder = OpusEncoder::new(48_000, channels, Application::Audio).map_err(explain)?;
        encoder.bitrate_bps = i32::from(codec.kbps) * 1000;
        let head = OpusHead::for_encoder(&encoder, 48_000);
        let skip = u64::from(head.pre_skip);
        let writer = OggOpusWriter::new(BufWriter::new(file.handle()?), head).map_err(explain)?;
        Ok(Self {
            encoder,
            writer,
            channels,
            skip,
            interleaved: Vec::new(),
            waiting: Vec::new(),
            packet: vec![0; MAX_PACKET_BYTES],
            frames: 0,
        })
    }

    /// Encodes whole packets of what waits; `ends_at` is the granule position of the last one.
    fn packets(&mut self, ends_at: Option<u64>) -> Result<(), Failed> {
        let size = PACKET_FRAMES * self.channels;
        let whole = self.waiting.len() / size;
        for (index, block) in self.waiting.chunks_exact(size).enumerate() {
            let bytes = self.encoder.encode(block, PACKET_FRAMES, &mut self.packet).map_err(explain)?;
            let packet = self.packet.get(..bytes).unwrap_or_default();
            let told = u64::try_from(self.writer.granule()).unwrap_or(0);
            match ends_at.filter(|_| index + 1 == whole) {
                Some(end) => {
                    let duration = end.saturating_sub(told).min(PACKET_FRAMES as u64) as u32;
                    self.writer.write_packet_with_duration(packet, duration)
                }
                None => self.writer.write_packet(packet),
            }
            .map_err(explain)?;
        }
        self.waiting.drain(..whole * size);
        Ok(())
    }
}

impl Encoder for Opus {
    fn push(&mut self, planes: &[Vec<f64>]) -> Result<(), Failed> {
        interleave(planes, &mut self.interleaved);
        self.frames += planes.first().map_or(0, Vec::len) as u64;
        self.waiting.extend_from_slice(&self.interleaved);
        self.packets(None)
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Failed> {
        // The encoder is `skip` frames behind: so much silence flushes it, filled up to whole packets.
        let written = self.frames / PACKET_FRAMES as u64;
        let wanted = (self.frames + self.skip).div_ceil(PACKET_FRAMES as u64).max(written + 1);
        let samples = (wanted - written) as usize * PACKET_FRAMES * self.channels;
        self.waiting.resize(samples, 0.0);
        let end = self.skip + self.frames;
        self.packets(Some(end))?;
        let mut out = self.writer.finish().map_err(explain)?;
        out.flush().map_err(|error| Failed::Encoder(error.to_string()))?;
        Ok(0)
    }
}

fn explain(error: opus_pure::Error) -> Failed {
    Failed::Encoder(error.to_string())
}
