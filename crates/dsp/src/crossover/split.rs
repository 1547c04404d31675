//! Two to six bands that sum to what they were made of.

use super::linear::LinearSplit;
use super::{Pair, Poles, corner_tangent, cross};
use crate::math::SQRT_2;
use crate::smooth::Glide;

/// Most bands there can be.
pub const MAX_BANDS: usize = 6;
/// Frames handled at once; corners move and states settle at multiples of it, counted from the start.
pub const STRIDE: usize = 32;
/// Time constant of a moving corner. By convention: mixing.md d.3 asks for 5 ms where a value jumps; filters take four
/// times as long, so that a jump over the whole range does not chirp.
const GLIDE_MS: f64 = 20.0;

/// Kind of crossover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topology {
    /// Linkwitz-Riley of fourth order, no latency. The sum is flat, with the phase of one all-pass per crossover.
    LinkwitzRiley,
    /// The same slopes without any phase shift; the sum is the input, late by [`BandSplitter::latency_frames`].
    LinearPhase,
}

/// Frequencies in order: none below the one before it. Those that are not numbers count as the one before.
#[must_use]
pub(super) fn in_order(corners_hz: &[f64]) -> [f64; MAX_BANDS - 1] {
    let mut floor = 0.0;
    std::array::from_fn(|n| {
        floor = f64::max(floor, corners_hz.get(n).copied().unwrap_or(0.0));
        floor
    })
}

/// Linkwitz-Riley crossovers in a row for two channels, and the way back.
///
/// Every crossover splits what the one below left over. On the way back the bands are added from the lowest up, and the sum
/// of those below goes through the all-pass of each crossover it has not met (S. H. Linkwitz, JAES 24(1) 1976; phase
/// compensation: J. A. D'Appolito, "Active realization of multiway all-pass crossover systems", JAES 35(4) 1987). Since
/// that happens after the gains of the bands, it takes one section per crossover and not one per crossover and band.
#[derive(Debug, Clone)]
struct Tree {
    crossovers: [[[Pair; 2]; 2]; MAX_BANDS - 1],
    all_passes: [[Pair; 2]; MAX_BANDS - 1],
}

impl Tree {
    fn new() -> Self {
        Self { crossovers: Default::default(), all_passes: Default::default() }
    }

    /// Splits the first plane of `left` and `right` into all of them.
    fn split(&mut self, poles: &[Poles], left: &mut Planes, right: &mut Planes, frames: usize) {
        for (n, (poles, states)) in poles.iter().zip(&mut self.crossovers).enumerate() {
            let mut run = *states;
            for f in 0..frames {
                let (low, high) = cross(poles, &mut run, Pair([left[n][f], right[n][f]]));
                [left[n][f], right[n][f]] = low.0;
                [left[n + 1][f], right[n + 1][f]] = high.0;
            }
            *states = run;
        }
    }

    /// Sums all planes into the first.
    fn join(&mut self, poles: &[Poles], left: &mut Planes, right: &mut Planes, frames: usize) {
        // The lowest two bands meet at their own crossover and need nothing.
        for (n, (poles, state)) in poles.iter().zip(&mut self.all_passes).enumerate().skip(1) {
            let mut run = *state;
            for f in 0..frames {
                let sum = Pair([left[0][f], right[0][f]]);
                let (band, _) = poles.tick(&mut run, sum);
                let turned = sum - Pair::both(SQRT_2) * band;
                [left[0][f], right[0][f]] = (turned + Pair([left[n][f], right[n][f]])).0;
            }
            *state = run;
        }
        for planes in [left, right] {
            let [sum, others @ ..] = planes;
            if let Some(top) = poles.len().checked_sub(1).and_then(|top| others.get(top)) {
                sum[..frames].iter_mut().zip(top).for_each(|(sum, x)| *sum += x);
            }
        }
    }

    fn settle(&mut self) {
        self.crossovers = self.crossovers.map(|cross| cross.map(|section| section.map(Pair::settled)));
        self.all_passes = self.all_passes.map(|section| section.map(Pair::settled));
    }
}

/// A stretch of every band of one channel.
type Planes = [[f64; STRIDE]; MAX_BANDS];

#[derive(Debug)]
enum Means {
    Trees(Vec<Tree>),
    Linear(Box<LinearSplit>),
}

/// Splits any number of channels into bands and puts them together again, a stretch of up to [`STRIDE`] frames at a time.
///
/// ```text
/// put_in(channel, samples) for every channel, then split(frames)
/// band(channel, n) to read and write
/// join(frames), then take_out(channel, samples) for every channel
/// settle() after every STRIDE frames
/// ```
/// With nothing done to the bands the sum is flat within 1e-9 dB ([`Topology::LinkwitzRiley`]) or the input itself to the
/// last bits ([`Topology::LinearPhase`]), for any corners. Corners are put in order, and held between 1 Hz and 0.49 of the
/// rate (linear phase: from 40 Hz; 0 stands for no band below).
///
/// Cost per stereo frame at 48 kHz: see the processors that use it.
#[derive(Debug)]
pub struct BandSplitter {
    means: Means,
    count: usize,
    rate: f64,
    planes: Vec<Planes>,
    corners: [Glide; MAX_BANDS - 1],
    poles: [Poles; MAX_BANDS - 1],
}

impl BandSplitter {
    /// `count` bands, 1 to [`MAX_BANDS`], between `corners_hz` (one less than bands; missing ones count as the last).
    #[must_use]
    pub fn new(
        topology: Topology,
        count: usize,
        corners_hz: &[f64],
        channels: usize,
        sample_rate_hz: f64,
    ) -> Self {
        let count = count.clamp(1, MAX_BANDS);
        let channels = channels.max(1);
        let corners = in_order(corners_hz).map(|hz| corner_tangent(hz, sample_rate_hz));
        let means = match topology {
            Topology::LinkwitzRiley => Means::Trees(vec![Tree::new(); channels.div_ceil(2)]),
            Topology::LinearPhase => {
                Means::Linear(Box::new(LinearSplit::new(count, corners_hz, channels, sample_rate_hz)))
            }
        };
        Self {
            means,
            count,
            rate: sample_rate_hz,
            // A channel of silence beside the last of an odd number.
            planes: vec![[[0.0; STRIDE]; MAX_BANDS]; channels.next_multiple_of(2)],
            corners: corners.map(|corner| Glide::new(corner, GLIDE_MS, sample_rate_hz / STRIDE as f64)),
            poles: corners.map(Poles::new),
        }
    }

    /// Delay of the sum.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        match &self.means {
            Means::Trees(_) => 0,
            Means::Linear(linear) => linear.latency_frames(),
        }
    }

    /// Number of bands.
    #[must_use]
    pub fn bands(&self) -> usize {
        self.count
    }

    /// Other corners, reached without a click.
    pub fn set_corners(&mut self, corners_hz: &[f64]) {
        let goals = in_order(corners_hz).map(|hz| corner_tangent(hz, self.rate));
        self.corners.iter_mut().zip(goals).for_each(|(corner, goal)| corner.set_target(goal));
        if let Means::Linear(linear) = &mut self.means {
            linear.set_corners(corners_hz);
        }
    }

    /// Gives the next samples of a channel, [`STRIDE`] at most.
    pub fn put_in(&mut self, channel: usize, samples: &[f64]) {
        let frames = samples.len().min(STRIDE);
        if let Some(planes) = self.planes.get_mut(channel) {
            planes[0][..frames].copy_from_slice(&samples[..frames]);
        }
    }

    /// Splits what was put in. A stretch must not reach over a multiple of [`STRIDE`] counted from the start.
    pub fn split(&mut self, frames: usize) {
        let frames = frames.min(STRIDE);
        match &mut self.means {
            Means::Trees(trees) => {
                let poles = &self.poles[..self.count - 1];
                for (tree, pair) in trees.iter_mut().zip(self.planes.chunks_exact_mut(2)) {
                    let [left, right] = pair else { continue };
                    tree.split(poles, left, right, frames);
                }
            }
            Means::Linear(linear) => linear.process(&mut self.planes, frames),
        }
    }

    /// A band of a channel, lowest first. Empty past the end.
    #[must_use]
    pub fn band(&self, channel: usize, band: usize) -> &[f64] {
        self.planes.get(channel).and_then(|planes| planes.get(band)).map_or(&[], |plane| &plane[..])
    }

    /// A band of two channels (the second may be that of silence), to write.
    pub fn pair_mut(&mut self, pair: usize, band: usize) -> Option<[&mut [f64; STRIDE]; 2]> {
        match self.planes.get_mut(2 * pair..2 * pair + 2)? {
            [left, right] => Some([left.get_mut(band)?, right.get_mut(band)?]),
            _ => None,
        }
    }

    /// A band of one channel, to write.
    pub fn band_mut(&mut self, channel: usize, band: usize) -> Option<&mut [f64; STRIDE]> {
        self.planes.get_mut(channel)?.get_mut(band)
    }

    /// Puts the bands together.
    pub fn join(&mut self, frames: usize) {
        let frames = frames.min(STRIDE);
        match &mut self.means {
            Means::Trees(trees) => {
                let poles = &self.poles[..self.count - 1];
                for (tree, pair) in trees.iter_mut().zip(self.planes.chunks_exact_mut(2)) {
                    let [left, right] = pair else { continue };
                    tree.join(poles, left, right, frames);
                }
            }
            Means::Linear(_) => {
                for [sum, others @ ..] in &mut self.planes {
                    for plane in others.iter().take(self.count - 1) {
                        sum[..frames].iter_mut().zip(plane).for_each(|(sum, x)| *sum += x);
                    }
                }
            }
        }
    }

    /// Writes the sum of a channel.
    pub fn take_out(&self, channel: usize, samples: &mut [f64]) {
        if let Some(planes) = self.planes.get(channel) {
            samples.iter_mut().zip(&planes[0]).for_each(|(out, x)| *out = *x);
        }
    }

    /// Silences states that have nearly decayed and moves the corners. After every [`STRIDE`] frames.
    pub fn settle(&mut self) {
        if let Means::Trees(trees) = &mut self.means {
            trees.iter_mut().for_each(Tree::settle);
            for (poles, corner) in self.poles.iter_mut().zip(&mut self.corners) {
                if !corner.is_settled() {
                    *poles = Poles::new(corner.next_value());
                }
            }
        }
    }

    /// Back to rest, at the corners last given.
    pub fn reset(&mut self) {
        for (poles, corner) in self.poles.iter_mut().zip(&mut self.corners) {
            corner.snap(corner.target());
            *poles = Poles::new(corner.target());
        }
        match &mut self.means {
            Means::Trees(trees) => trees.iter_mut().for_each(|tree| *tree = Tree::new()),
            Means::Linear(linear) => linear.reset(),
        }
        self.planes.iter_mut().flatten().for_each(|plane| plane.fill(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{measure, signals};

    /// Impulse responses of every band and of the sum, through stretches of odd lengths.
    fn responses(topology: Topology, corners: &[f64], rate: f64, frames: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let count = corners.len() + 1;
        let mut splitter = BandSplitter::new(topology, count, corners, 1, rate);
        let input = signals::impulse(1.0, 0, frames);
        let (mut bands, mut sum) = (vec![vec![0.0; frames]; count], vec![0.0; frames]);
        let mut at = 0;
        while at < frames {
            let n = [5, 11, 16][at % 3].min(STRIDE - at % STRIDE).min(frames - at);
            splitter.put_in(0, &input[at..at + n]);
            splitter.split(n);
            for (band, plane) in bands.iter_mut().enumerate() {
                plane[at..at + n].copy_from_slice(&splitter.band(0, band)[..n]);
            }
            splitter.join(n);
            splitter.take_out(0, &mut sum[at..at + n]);
            at += n;
            if at % STRIDE == 0 {
                splitter.settle();
            }
        }
        (bands, sum)
    }

    const SPLITS: [&[f64]; 8] = [
        &[1000.0],
        &[120.0, 5000.0],
        &[100.0, 800.0, 6000.0],
        &[60.0, 70.0, 80.0, 90.0],
        &[40.0, 200.0, 1000.0, 5000.0, 16_000.0],
        // Not in order, and all the same.
        &[5000.0, 120.0, 900.0],
        &[700.0, 700.0, 700.0, 700.0, 700.0],
        &[18_000.0, 19_000.0, 40.0, 20_000.0, 99_000.0],
    ];

    #[test]
    fn two_to_six_linkwitz_riley_bands_sum_flat_at_every_rate() {
        for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
            for corners in SPLITS {
                let frames = (0.25 * rate) as usize;
                let (_, sum) = responses(Topology::LinkwitzRiley, corners, rate, frames);
                let mut worst = 0.0_f64;
                for step in 0..=24 {
                    let f = 20.0 * libm::pow(1_050.0, f64::from(step) / 24.0);
                    worst = worst.max(measure::response_db(&sum, f, rate).abs());
                }
                assert!(worst < 1e-6, "{rate} {corners:?}: {worst} dB");
            }
        }
    }

    #[test]
    fn linear_phase_bands_sum_to_the_delayed_input() {
        for (rate, corners) in [44_100.0, 96_000.0].into_iter().flat_map(|rate| SPLITS.map(|s| (rate, s))) {
            let latency = BandSplitter::new(Topology::LinearPhase, 2, corners, 1, rate).latency_frames();
            let (bands, sum) = responses(Topology::LinearPhase, corners, rate, 2 * latency);
            let null = measure::null_db(&sum, &signals::impulse(1.0, latency, 2 * latency));
            assert!(null < -290.0, "{rate} {corners:?}: {null} dB");
            // No band has any phase: each is the same on both sides of the latency.
            for band in bands {
                let asymmetry = (1..latency / 3)
                    .map(|n| (band[latency + n] - band[latency - n]).abs())
                    .fold(0.0, f64::max);
                assert!(asymmetry < 1e-12, "{rate} {corners:?}: {asymmetry}");
            }
        }
    }

    #[test]
    fn both_kinds_have_the_slopes_of_fourth_order() {
        // Two crossovers far apart: squared Butterworth of second order, through the bilinear transform, by hand.
        let rate = 48_000.0;
        let warp = |f: f64| libm::tan(core::f64::consts::PI * f / rate);
        let low = |f: f64, corner: f64| 1.0 / (1.0 + libm::pow(warp(f) / warp(corner), 4.0));
        for topology in [Topology::LinkwitzRiley, Topology::LinearPhase] {
            let (bands, _) = responses(topology, &[200.0, 6000.0], rate, 48_000);
            for f in [50.0, 100.0, 200.0, 400.0, 1000.0, 3000.0, 6000.0, 12_000.0, 20_000.0] {
                let want = [low(f, 200.0), (1.0 - low(f, 200.0)) * low(f, 6000.0), 1.0 - low(f, 6000.0)];
                for (n, band) in bands.iter().enumerate().filter(|(n, _)| want[*n] > 1e-4) {
                    let got = measure::response_db(band, f, rate);
                    // In linear phase the middle band is a difference, not a product: 0.01 dB apart here.
                    assert!((got - measure::to_db(want[n])).abs() < 0.02, "{topology:?} {n} {f}: {got}");
                }
            }
        }
    }

    #[test]
    fn corners_move_without_a_click() {
        for topology in [Topology::LinkwitzRiley, Topology::LinearPhase] {
            let rate = 48_000.0;
            let mut splitter = BandSplitter::new(topology, 3, &[100.0, 3000.0], 2, rate);
            let input = signals::sine(300.0, 1.0, 0.0, 2.0, rate);
            let mut out = vec![0.0; input.len()];
            for (turn, part) in input.chunks(STRIDE).enumerate() {
                if turn == 1200 {
                    splitter.set_corners(&[900.0, 9000.0]);
                }
                splitter.put_in(0, part);
                splitter.split(part.len());
                // Only the lowest band is heard: the tone fades in.
                for band in 1..3 {
                    splitter.pair_mut(0, band).unwrap()[0].fill(0.0);
                }
                splitter.join(part.len());
                splitter.take_out(0, &mut out[turn * STRIDE..turn * STRIDE + part.len()]);
                splitter.settle();
            }
            // Second difference of a sine of 300 Hz: (2π 300 / 48000)² = 0.00154.
            let worst = out[2000..].windows(3).fold(0.0, |m: f64, w| m.max((w[0] - 2.0 * w[1] + w[2]).abs()));
            assert!(worst < 0.004, "{topology:?}: {worst}");
            assert!(measure::peak(&out[90_000..]) > 0.9 && measure::peak(&out[20_000..30_000]) < 0.1);
        }
    }

    #[test]
    fn a_corner_below_the_one_before_counts_as_that_one() {
        for topology in [Topology::LinkwitzRiley, Topology::LinearPhase] {
            let (given, _) = responses(topology, &[1000.0, 200.0, 5000.0], 48_000.0, 30_000);
            let (meant, _) = responses(topology, &[1000.0, 1000.0, 5000.0], 48_000.0, 30_000);
            assert_eq!(given, meant, "{topology:?}");
        }
    }

    #[test]
    fn a_corner_is_63_percent_of_the_way_in_20_ms() {
        // The tangent of the corner glides, one step a stride.
        let mut splitter = BandSplitter::new(Topology::LinkwitzRiley, 2, &[1000.0], 1, 48_000.0);
        splitter.set_corners(&[4000.0]);
        (0..960 / STRIDE).for_each(|_| splitter.settle());
        let [from, to] = [1000.0, 4000.0].map(|hz| corner_tangent(hz, 48_000.0));
        let wanted = to + (from - to) * libm::exp(-1.0);
        let found = splitter.poles[0].g.0[0];
        assert!((found / wanted - 1.0).abs() < 1e-9, "{found} {wanted}");
    }
}
