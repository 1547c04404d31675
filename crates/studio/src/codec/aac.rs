//! AAC-LC in ADTS, by `syom`: about 200 times real time.

use super::{Encoder, Failed};
use crate::files::NewFile;
use crate::message::Error;
use crate::targets::Codec;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Writes ADTS. The stream does not say that its first 1024 frames come before the music: we do.
pub(super) struct Aac {
    encoder: syom::Encoder,
    out: BufWriter<File>,
    path: PathBuf,
    planes: Vec<Vec<f32>>,
}

impl Aac {
    pub(super) fn new(file: &NewFile, codec: Codec, rate_hz: u32, channels: usize) -> Result<Self, Failed> {
        let options = syom::EncodeOptions::adts().with_bitrate_bps(u32::from(codec.kbps) * 1000);
        let encoder =
            syom::Encoder::new(rate_hz, channels, &options).map_err(|e| Failed::Encoder(e.to_string()))?;
        let (out, path) = (BufWriter::new(file.handle()?), file.temporary().to_owned());
        Ok(Self { encoder, out, path, planes: vec![Vec::new(); channels] })
    }

    fn explain(&self, error: syom::AacError) -> Failed {
        match error {
            syom::AacError::Io(error) => Error::io(&self.path, "write the encoded file", &error).into(),
            other => Failed::Encoder(other.to_string()),
        }
    }
}

impl Encoder for Aac {
    fn push(&mut self, planes: &[Vec<f64>]) -> Result<(), Failed> {
        for (to, from) in self.planes.iter_mut().zip(planes) {
            to.clear();
            // The encoder takes no sample beyond full scale; a converter in front of a service would clip it as well.
            to.extend(from.iter().map(|x| x.clamp(-1.0, 1.0) as f32));
        }
        let views: Vec<&[f32]> = self.planes.iter().map(Vec::as_slice).collect();
        let out = &mut self.out;
        self.encoder
            .feed(&views, |frame| out.write_all(frame.au).map_err(syom::AacError::Io))
            .map(drop)
            .map_err(|error| self.explain(error))
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Failed> {
        let out = &mut self.out;
        let info = self
            .encoder
            .finish(|frame| out.write_all(frame.au).map_err(syom::AacError::Io))
            .map_err(|error| self.explain(error))?;
        self.out
            .flush()
            .map_err(|error| Failed::Stop(Error::io(&self.path, "write the encoded file", &error)))?;
        Ok(info.priming)
    }
}
