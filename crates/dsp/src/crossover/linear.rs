//! Linear-phase crossovers, by fast convolution.

use super::corner_tangent;
use super::split::{MAX_BANDS, STRIDE, in_order};
use crate::fft::RealFft;
use crate::math::{PI, tan};

/// How far a response reaches to either side. By hand: that of a corner at 40 Hz has fallen by 130 dB there, as
/// e^(-2π 40 t / √2).
const REACH_SECONDS: f64 = 0.085;
/// Lowest corner that fits.
const LOWEST_HZ: f64 = 40.0;

/// One channel.
#[derive(Debug)]
struct Lane {
    /// The last four reaches of input.
    input: Vec<f64>,
    /// Two reaches of input, in time with `below`.
    whole: Vec<f64>,
    /// What lies below each crossover, two reaches long.
    below: [Vec<f64>; MAX_BANDS - 1],
}

/// Splits channels into bands without phase shift. The slopes are those of Linkwitz and Riley (fourth order, -6 dB at the
/// corner): the response below a crossover is 1/(1 + (t/g)⁴) with t = tan(π f / fs), put straight on the bins of an
/// overlap-save convolution; each band is the difference of two neighbours, so that the sum is the input.
///
/// Latency: three times the reach (85 ms, up to the next power of two: 12288 frames at 44.1 and 48 kHz, 24576 at 96 kHz).
/// Cost: one transform of four reaches per two reaches, and one more per crossover.
#[derive(Debug)]
pub struct LinearSplit {
    fft: RealFft,
    reach: usize,
    count: usize,
    rate: f64,
    /// tan⁴ of every bin.
    warped: Vec<f64>,
    corners_hz: [f64; MAX_BANDS - 1],
    /// Corners of `responses`; others than `corners_hz` when those have changed.
    heard_hz: [f64; MAX_BANDS - 1],
    responses: [Vec<f64>; MAX_BANDS - 1],
    lanes: Vec<Lane>,
    spectrum: [Vec<f64>; 2],
    product: [Vec<f64>; 2],
    signal: Vec<f64>,
    at: usize,
}

fn legal(corners_hz: &[f64], rate: f64) -> [f64; MAX_BANDS - 1] {
    in_order(corners_hz).map(|hz| if hz > 0.0 { hz.clamp(LOWEST_HZ, 0.49 * rate) } else { 0.0 })
}

impl LinearSplit {
    pub(super) fn new(count: usize, corners_hz: &[f64], channels: usize, rate: f64) -> Self {
        let reach = ((REACH_SECONDS * rate) as usize).max(STRIDE).next_power_of_two();
        let fft = RealFft::new(4 * reach);
        let bins = fft.bins();
        let plane = || vec![0.0; bins];
        let used = |n: usize| n + 1 < count;
        let warped = (0..bins)
            .map(|bin| {
                let t = tan(PI * bin as f64 / (4 * reach) as f64);
                let t2 = t * t;
                t2 * t2
            })
            .collect();
        let lane = || Lane {
            input: vec![0.0; 4 * reach],
            whole: vec![0.0; 2 * reach],
            below: std::array::from_fn(|n| if used(n) { vec![0.0; 2 * reach] } else { Vec::new() }),
        };
        let corners_hz = legal(corners_hz, rate);
        let mut new = Self {
            fft,
            reach,
            count,
            rate,
            warped,
            corners_hz,
            heard_hz: corners_hz,
            responses: std::array::from_fn(|n| if used(n) { plane() } else { Vec::new() }),
            lanes: (0..channels).map(|_| lane()).collect(),
            spectrum: [plane(), plane()],
            product: [plane(), plane()],
            signal: vec![0.0; 4 * reach],
            at: 0,
        };
        new.shape();
        new
    }

    pub(super) fn latency_frames(&self) -> usize {
        3 * self.reach
    }

    pub(super) fn set_corners(&mut self, corners_hz: &[f64]) {
        self.corners_hz = legal(corners_hz, self.rate);
    }

    /// Responses of the corners now.
    fn shape(&mut self) {
        self.heard_hz = self.corners_hz;
        for (response, hz) in self.responses.iter_mut().zip(self.heard_hz) {
            let g = if hz > 0.0 { corner_tangent(hz, self.rate) } else { 0.0 };
            let g4 = g * g * g * g;
            for (bin, t4) in response.iter_mut().zip(&self.warped) {
                *bin = if g4 > 0.0 { g4 / (g4 + t4) } else { 0.0 };
            }
        }
    }

    /// Takes the first plane of each channel and leaves its bands.
    pub(super) fn process(&mut self, planes: &mut [[[f64; STRIDE]; MAX_BANDS]], frames: usize) {
        let (reach, at) = (self.reach, self.at);
        for (lane, planes) in self.lanes.iter_mut().zip(planes) {
            let newest = 2 * reach + at;
            lane.input[newest..newest + frames].copy_from_slice(&planes[0][..frames]);
            let [first, rest @ ..] = planes;
            for f in 0..frames {
                let mut under = 0.0;
                for (band, below) in lane.below.iter().take(self.count - 1).enumerate() {
                    let x = below[at + f];
                    let plane = if band == 0 { &mut *first } else { &mut rest[band - 1] };
                    plane[f] = x - under;
                    under = x;
                }
                let whole = lane.whole[at + f];
                let plane = if self.count == 1 { &mut *first } else { &mut rest[self.count - 2] };
                plane[f] = whole - under;
            }
        }
        self.at += frames;
        if self.at >= 2 * reach {
            self.at = 0;
            self.turn();
        }
    }

    /// A block is full: works out what lies below the crossovers.
    fn turn(&mut self) {
        for index in 0..self.lanes.len() {
            self.convolve(index, false);
        }
        if self.corners_hz != self.heard_hz {
            self.shape();
            for index in 0..self.lanes.len() {
                self.convolve(index, true);
            }
        }
        let reach = self.reach;
        for lane in &mut self.lanes {
            lane.whole.copy_from_slice(&lane.input[reach..3 * reach]);
            lane.input.copy_within(2 * reach.., 0);
        }
    }

    /// Writes the next block of one channel, or fades it into that of new corners.
    fn convolve(&mut self, index: usize, fade: bool) {
        let Some(lane) = self.lanes.get_mut(index) else { return };
        let ([re, im], [out_re, out_im]) = (&mut self.spectrum, &mut self.product);
        self.fft.forward(&lane.input, re, im);
        let reach = self.reach;
        for (response, below) in self.responses.iter().zip(&mut lane.below).take(self.count - 1) {
            for ((out, x), h) in out_re.iter_mut().zip(re.iter()).zip(response) {
                *out = x * h;
            }
            for ((out, x), h) in out_im.iter_mut().zip(im.iter()).zip(response) {
                *out = x * h;
            }
            self.fft.inverse(out_re, out_im, &mut self.signal);
            let fresh = &self.signal[reach..3 * reach];
            if fade {
                let step = 1.0 / (2 * reach) as f64;
                for (n, (old, new)) in below.iter_mut().zip(fresh).enumerate() {
                    *old += (new - *old) * ((n + 1) as f64 * step);
                }
            } else {
                below.copy_from_slice(fresh);
            }
        }
    }

    pub(super) fn reset(&mut self) {
        for lane in &mut self.lanes {
            lane.input.fill(0.0);
            lane.whole.fill(0.0);
            lane.below.iter_mut().for_each(|plane| plane.fill(0.0));
        }
        self.at = 0;
        self.shape();
    }
}
