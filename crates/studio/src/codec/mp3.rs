//! MP3 at a constant rate, by `rusty_mp3`: about 110 times real time.

use super::{Encoder, Failed, interleave};
use crate::files::NewFile;
use crate::message::Error;
use crate::targets::Codec;
use rusty_mp3::{Mp3Encoder, Mp3EncoderConfig};
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;

/// Writes MP3 with an Info tag, by which readers trim delay and padding.
pub(super) struct Mp3 {
    encoder: Mp3Encoder,
    out: BufWriter<File>,
    path: PathBuf,
    rate_hz: u32,
    channels: u16,
    interleaved: Vec<f32>,
}

impl Mp3 {
    pub(super) fn new(file: &NewFile, codec: Codec, rate_hz: u32, channels: usize) -> Result<Self, Failed> {
        let config = Mp3EncoderConfig { bitrate_kbps: u32::from(codec.kbps), vbr_quality: None };
        Ok(Self {
            encoder: Mp3Encoder::new(config),
            out: BufWriter::new(file.handle()?),
            path: file.temporary().to_owned(),
            rate_hz,
            channels: channels as u16,
            interleaved: Vec::new(),
        })
    }

    fn drain(&mut self) -> Result<(), Failed> {
        while let Ok(packet) = self.encoder.next_packet() {
            self.put(&packet)?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.out.write_all(bytes).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &std::io::Error) -> Failed {
        Error::io(&self.path, "write the encoded file", error).into()
    }
}

impl Encoder for Mp3 {
    fn push(&mut self, planes: &[Vec<f64>]) -> Result<(), Failed> {
        interleave(planes, &mut self.interleaved);
        self.encoder
            .push_pcm_f32(&self.interleaved, self.channels, self.rate_hz)
            .map_err(|error| Failed::Encoder(error.to_string()))?;
        self.drain()
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Failed> {
        self.encoder.finish();
        self.drain()?;
        // The counts of the tag are known only now; it stands first and keeps its length.
        if let Some(tag) = self.encoder.lame_tag_frame().map(<[u8]>::to_vec) {
            self.out.seek(SeekFrom::Start(0)).map_err(|error| self.failed(&error))?;
            self.put(&tag)?;
        }
        self.out.flush().map_err(|error| self.failed(&error))?;
        Ok(0)
    }
}
