//! What runs.

use super::Imager;
use super::band::Band;
use crate::stride::{Stride, in_strides};
use crate::{Format, Kernel};
use dsp::block::Block;
use dsp::crossover::{BandSplitter, STRIDE, Topology};
use dsp::math::sanitise;
use dsp::shift::Ring;

/// Running state of [`Imager`].
#[derive(Debug)]
pub struct ImagerKernel {
    settings: Imager,
    /// Middle and side.
    splitter: BandSplitter,
    bands: Vec<Band>,
    /// Channels that are only delayed: all but the first two, or the only one.
    others: Vec<Ring>,
    sums: [[f64; STRIDE]; 2],
    stride: Stride,
    tail: usize,
}

impl ImagerKernel {
    pub(super) fn new(s: &Imager, format: Format) -> Self {
        let (rate, count) = (format.sample_rate_hz, s.count());
        let splitter = BandSplitter::new(Topology::LinearPhase, count + 1, &s.corners_hz(), 2, rate);
        let others = if format.channels < 2 { format.channels } else { format.channels - 2 };
        let heard = s.heard(count);
        let band = |n: usize| Band::new(&s.band[n], heard[n], s.correlation_floor, rate);
        Self {
            settings: s.clone(),
            others: vec![Ring::new(splitter.latency_frames()); others],
            splitter,
            bands: (0..count).map(band).collect(),
            sums: [[0.0; STRIDE]; 2],
            stride: Stride::new(STRIDE),
            // The decorrelator falls by 60 dB in ten turns of its longest all-pass; the split rings 85 ms.
            tail: (0.2 * rate) as usize,
        }
    }

    fn run(&mut self, block: &mut Block<'_>) {
        let (frames, channels) = (block.frames(), block.channels());
        block.channels_mut().for_each(sanitise);
        let pair = if channels < 2 { 0 } else { 2 };
        for (plane, other) in block.channels_mut().skip(pair).zip(&mut self.others) {
            other.process(plane);
        }
        if pair == 0 {
            return;
        }
        let [middle, side] = &mut self.sums;
        let halves = block.channel(0).iter().zip(block.channel(1));
        for ((left, right), (m, s)) in halves.zip(middle.iter_mut().zip(side.iter_mut())) {
            (*m, *s) = (0.5 * (left + right), 0.5 * (left - right));
        }
        for (channel, sum) in self.sums.iter().enumerate() {
            self.splitter.put_in(channel, &sum[..frames]);
        }
        self.splitter.split(frames);
        // What is below the mono corner joins the middle of the lowest band.
        let [mono, _] = &mut self.sums;
        if let Some([middle, side]) = self.splitter.pair_mut(0, 0) {
            mono.copy_from_slice(middle);
            middle.fill(0.0);
            side.fill(0.0);
        }
        for (n, band) in self.bands.iter_mut().enumerate() {
            if let Some(planes) = self.splitter.pair_mut(0, n + 1) {
                band.run(planes, &mono[..frames]);
            }
            mono.fill(0.0);
        }
        self.splitter.join(frames);
        for (channel, plane) in block.channels_mut().take(2).enumerate() {
            self.splitter.take_out(channel, plane);
        }
    }

    /// At the multiples of the stride.
    fn settle(&mut self) {
        self.splitter.settle();
        self.bands.iter_mut().for_each(Band::settle);
    }
}

impl Kernel for ImagerKernel {
    type Settings = Imager;

    fn latency_frames(&self) -> usize {
        self.splitter.latency_frames()
    }

    fn tail_frames(&self) -> usize {
        self.tail
    }

    fn process(&mut self, block: &mut Block<'_>) {
        in_strides(self, block, |kernel| &mut kernel.stride, Self::run, Self::settle);
    }

    fn retune(&mut self, settings: &Imager) {
        self.settings = settings.clone();
        let heard = settings.heard(self.bands.len());
        for (n, band) in self.bands.iter_mut().enumerate() {
            band.retune(&settings.band[n], heard[n], settings.correlation_floor);
        }
        self.splitter.set_corners(&settings.corners_hz());
    }

    fn reset(&mut self) {
        self.splitter.reset();
        self.others.iter_mut().for_each(Ring::reset);
        self.bands.iter_mut().for_each(Band::reset);
        self.stride.reset();
    }
}
