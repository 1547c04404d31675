//! Overs, counted as Apple's `afclip` counts them: four times oversampled, on the samples and between them.

use crate::audio::{Info, Source};
use crate::message::{Finding, Result};
use dsp::block::Buffer;
use dsp::math::gain_to_db;
use dsp::oversample::{Factor, Upsampler};
use serde::Serialize;

/// Overs that are listed one by one; the rest is only counted.
const LISTED: usize = 20;

/// Overs of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ChannelOvers {
    /// Samples beyond full scale.
    pub on_sample: u64,
    /// Points at a quarter, half and three quarters between samples that are beyond full scale.
    pub inter_sample: u64,
}

/// One over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Over {
    /// Where it is.
    pub seconds: f64,
    /// The same in samples; a fraction lies between two.
    pub sample: f64,
    /// Channel, from 0.
    pub channel: usize,
    /// Its value.
    pub value: f64,
    /// The same as a level.
    pub dbfs: f64,
}

/// A stream whose overs are counted on the way.
pub(super) struct Counted {
    inner: Box<dyn Source>,
    channels: Vec<Channel>,
    first: Vec<Over>,
    rate_hz: f64,
    ended: bool,
}

struct Channel {
    upsampler: Upsampler,
    fine: Vec<f64>,
    /// Frames taken.
    frames: u64,
    overs: ChannelOvers,
}

impl Counted {
    pub(super) fn new(inner: Box<dyn Source>) -> Self {
        let channel = || Channel {
            upsampler: Upsampler::new(Factor::X4),
            fine: Vec::new(),
            frames: 0,
            overs: ChannelOvers::default(),
        };
        let channels = (0..inner.info().channels()).map(|_| channel()).collect();
        let rate_hz = f64::from(inner.info().sample_rate_hz);
        Self { inner, channels, first: Vec::new(), rate_hz, ended: false }
    }

    fn take(&mut self, index: usize, plane: &[f64]) {
        let Some(channel) = self.channels.get_mut(index) else { return };
        let ratio = channel.upsampler.ratio();
        channel.fine.resize(plane.len() * ratio, 0.0);
        channel.upsampler.process(plane, &mut channel.fine);
        let late = channel.upsampler.latency_frames() as f64;
        for (at, value) in channel.fine.iter().enumerate().filter(|(_, value)| value.abs() > 1.0) {
            match at % ratio {
                0 => channel.overs.on_sample += 1,
                _ => channel.overs.inter_sample += 1,
            }
            if self.first.len() < LISTED {
                let sample = channel.frames as f64 - late + at as f64 / ratio as f64;
                let dbfs = gain_to_db(value.abs());
                let seconds = sample / self.rate_hz;
                self.first.push(Over { seconds, sample, channel: index, value: *value, dbfs });
            }
        }
        channel.frames += plane.len() as u64;
    }

    /// What the filter still holds.
    fn drain(&mut self) {
        for index in 0..self.channels.len() {
            let late = self.channels[index].upsampler.latency_frames();
            self.take(index, &vec![0.0; late]);
        }
    }

    /// Overs of each channel, and the first of all in order of time.
    pub(super) fn finish(mut self) -> (Vec<ChannelOvers>, Vec<Over>) {
        self.first.sort_by(|a, b| a.sample.total_cmp(&b.sample).then(a.channel.cmp(&b.channel)));
        (self.channels.iter().map(|channel| channel.overs).collect(), self.first)
    }
}

impl Source for Counted {
    fn info(&self) -> &Info {
        self.inner.info()
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        self.inner.read(buffer)?;
        if buffer.frames() == 0 && !std::mem::replace(&mut self.ended, true) {
            self.drain();
        }
        for index in 0..buffer.channels() {
            self.take(index, buffer.channel(index));
        }
        Ok(())
    }

    fn findings(&self) -> Vec<Finding> {
        self.inner.findings()
    }
}
