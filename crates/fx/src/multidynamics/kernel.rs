//! What runs.

use super::band::Band;
use super::{BandDetector, Multidynamics};
use crate::stride::{Stride, in_strides};
use crate::{Format, Kernel};
use dsp::block::Block;
use dsp::crossover::{BandSplitter, STRIDE};
use dsp::math::{db_to_gain, sanitise};
use dsp::smooth::Glide;

/// Time constant of mix and output. By convention: mixing.md d.3 asks for 5 ms where a value jumps.
const GLIDE_MS: f64 = 5.0;

/// Running state of [`Multidynamics`].
#[derive(Debug)]
pub struct MultidynamicsKernel {
    settings: Multidynamics,
    rate: f64,
    channels: usize,
    splitter: BandSplitter,
    key: BandSplitter,
    /// Whether the side-chain input is heard. Changes only at multiples of a stride, where the splitter of the key starts.
    keyed: bool,
    bands: Vec<Band>,
    mix: Glide,
    output: Glide,
    mixes: [f64; STRIDE],
    heard: [f64; STRIDE],
    stride: Stride,
}

impl MultidynamicsKernel {
    pub(super) fn new(s: &Multidynamics, format: Format) -> Self {
        let (rate, channels, count) = (format.sample_rate_hz, format.channels.max(1), s.count());
        let splitter = || BandSplitter::new(s.topology(), count, &s.corners_hz(), channels, rate);
        let heard = s.heard(count);
        let band = |n: usize| Band::new(&s.band[n], heard[n], s.rms_window_ms, channels, rate);
        Self {
            settings: s.clone(),
            rate,
            channels,
            splitter: splitter(),
            key: splitter(),
            keyed: s.external_key,
            bands: (0..count).map(band).collect(),
            mix: Glide::new(s.mix_percent * 0.01, GLIDE_MS, rate),
            output: Glide::new(db_to_gain(s.output_db), GLIDE_MS, rate),
            mixes: [0.0; STRIDE],
            heard: [0.0; STRIDE],
            stride: Stride::new(STRIDE),
        }
    }

    /// Largest reduction of each band in the last block, in decibels, lowest band first.
    pub fn band_reductions_db(&self) -> impl Iterator<Item = f64> {
        self.bands.iter().map(Band::shown_db)
    }

    fn take_key(&mut self, block: &Block<'_>) {
        let frames = block.frames();
        let key = block.key().filter(|key| key.channels() > 0);
        let heard = &mut self.heard[..frames];
        for channel in 0..self.channels {
            match key {
                Some(key) => heard.copy_from_slice(key.channel(channel.min(key.channels() - 1))),
                None => heard.fill(0.0),
            }
            sanitise(heard);
            self.key.put_in(channel, heard);
        }
        self.key.split(frames);
    }

    fn run(&mut self, block: &mut Block<'_>) {
        let frames = block.frames();
        for (channel, plane) in block.channels_mut().enumerate() {
            sanitise(plane);
            self.splitter.put_in(channel, plane);
        }
        self.splitter.split(frames);
        if self.keyed {
            self.take_key(block);
        }
        self.mixes[..frames].iter_mut().for_each(|mix| *mix = self.mix.next_value());
        let mixes = &self.mixes[..frames];
        let rms = self.settings.detector == BandDetector::Rms;
        for (n, band) in self.bands.iter_mut().enumerate() {
            let source = if self.keyed { &self.key } else { &self.splitter };
            band.hush(frames);
            for channel in 0..self.channels {
                band.hear(channel, &source.band(channel, n)[..frames], rms);
            }
            band.follow(mixes);
            for channel in 0..self.channels {
                if let Some(plane) = self.splitter.band_mut(channel, n) {
                    plane[..frames].iter_mut().zip(band.gains()).for_each(|(x, gain)| *x *= gain);
                }
            }
            if self.channels == 2
                && let Some(pair) = self.splitter.pair_mut(0, n)
            {
                band.widen(pair, mixes);
            }
        }
        self.splitter.join(frames);
        self.put_out(block);
    }

    fn put_out(&mut self, block: &mut Block<'_>) {
        for (channel, plane) in block.channels_mut().enumerate() {
            self.splitter.take_out(channel, plane);
        }
        if self.output.is_settled() && self.output.target() == 1.0 {
            return;
        }
        for frame in 0..block.frames() {
            let gain = self.output.next_value();
            block.channels_mut().for_each(|plane| plane[frame] *= gain);
        }
    }

    fn settle(&mut self) {
        self.splitter.settle();
        self.bands.iter_mut().for_each(Band::settle);
        if self.settings.external_key && !self.keyed {
            self.key.reset();
        }
        self.keyed = self.settings.external_key;
        if self.keyed {
            self.key.settle();
        }
    }
}

impl Kernel for MultidynamicsKernel {
    type Settings = Multidynamics;

    fn latency_frames(&self) -> usize {
        self.splitter.latency_frames()
    }

    fn tail_frames(&self) -> usize {
        // The lowest corner, 20 Hz, falls by 60 dB in 78 ms.
        (0.08 * self.rate) as usize
    }

    fn gain_reduction_db(&self) -> Option<f64> {
        Some(self.band_reductions_db().fold(0.0, f64::max))
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.bands.iter_mut().for_each(Band::take_shown_db);
        in_strides(self, block, |kernel| &mut kernel.stride, Self::run, Self::settle);
    }

    fn retune(&mut self, settings: &Multidynamics) {
        self.settings = settings.clone();
        let heard = settings.heard(self.bands.len());
        for (n, band) in self.bands.iter_mut().enumerate() {
            band.retune(&settings.band[n], heard[n], settings.rms_window_ms, self.rate);
        }
        self.splitter.set_corners(&settings.corners_hz());
        self.key.set_corners(&settings.corners_hz());
        self.mix.set_target(settings.mix_percent * 0.01);
        self.output.set_target(db_to_gain(settings.output_db));
    }

    fn reset(&mut self) {
        self.splitter.reset();
        self.key.reset();
        self.keyed = self.settings.external_key;
        self.bands.iter_mut().for_each(Band::reset);
        for glide in [&mut self.mix, &mut self.output] {
            glide.snap(glide.target());
        }
        self.stride.reset();
    }
}
