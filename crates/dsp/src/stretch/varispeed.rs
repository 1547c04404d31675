//! Playing faster or slower, pitch and all, at any ratio.
//!
//! A windowed sinc is read at every output position; its cutoff follows the lower of the two rates. The kernel stands in
//! a table of 256 steps per frame, read with a cubic through four points (error below -180 dB).
//!
//! Source: Smith and Gossett, "A flexible sampling-rate conversion method", ICASSP 1984; Kaiser design as in
//! [`crate::window`].

use super::{MAX_FACTOR, MIN_FACTOR};
use crate::block::View;
use crate::math;
use crate::window::{Window, kaiser_beta, kaiser_half_length};

/// Stop-band attenuation aimed at: under the -120 dB promised, with room for the table.
const ATTENUATION_DB: f64 = 150.0;
/// End of the pass band as a fraction of the lower rate: 20 kHz of 44.1, as [`crate::resample`] has it.
const PASS_EDGE: f64 = 20_000.0 / 44_100.0;
/// Steps of the table per frame.
const STEPS: usize = 256;

/// Half of a windowed sinc, from its middle on, with room for the cubic.
#[derive(Debug, Clone)]
struct Kernel {
    half: usize,
    table: Vec<f64>,
}

impl Kernel {
    fn new() -> Self {
        let half = kaiser_half_length(ATTENUATION_DB, 0.5 - PASS_EDGE);
        let window = Window::Kaiser(kaiser_beta(ATTENUATION_DB));
        let cutoff = 0.5 * (0.5 + PASS_EDGE);
        let value = |index: i64| {
            let x = index as f64 / STEPS as f64;
            let turns = cutoff * x;
            let sinc = if index == 0 {
                2.0 * cutoff
            } else {
                math::sin(math::TAU * (turns - turns.floor())) / (math::PI * x)
            };
            sinc * window.at(x / half as f64)
        };
        // One step before the middle and two past the end.
        Self { half, table: (-1..=(half * STEPS) as i64 + 2).map(value).collect() }
    }

    /// The kernel at a distance of 0 to `half` frames.
    #[inline]
    fn at(&self, distance: f64) -> f64 {
        let place = distance * STEPS as f64;
        let index = place as usize;
        let t = place - index as f64;
        let Some(&[a, b, c, d]) = self.table.get(index..index + 4).and_then(|four| four.first_chunk::<4>()) else {
            return 0.0;
        };
        // Lagrange through four points.
        let (u, v, w) = (t + 1.0, t - 1.0, t - 2.0);
        -a * t * v * w / 6.0 + b * u * v * w / 2.0 - c * u * t * w / 2.0 + d * u * t * v / 6.0
    }
}

/// Reads a stream at a constant ratio, frame by frame.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    kernel: Kernel,
    ratio: f64,
    ring: Vec<Vec<f64>>,
    mask: usize,
    weights: Vec<f64>,
    written: u64,
    next: u64,
}

impl Reader {
    pub(crate) fn new(ratio: f64, channels: usize) -> Self {
        let kernel = Kernel::new();
        let most = 2 * (kernel.half as f64 * MAX_FACTOR) as usize + 4;
        let room = (most + 16).next_power_of_two();
        let mut new = Self {
            kernel,
            ratio: 1.0,
            ring: vec![vec![0.0; room]; channels],
            mask: room - 1,
            weights: Vec::with_capacity(most),
            written: 0,
            next: 0,
        };
        new.set_ratio(ratio);
        new
    }

    /// Another ratio, and back to the start.
    pub(crate) fn set_ratio(&mut self, ratio: f64) {
        self.ratio = ratio.clamp(MIN_FACTOR, MAX_FACTOR);
        self.reset();
    }

    pub(crate) fn reset(&mut self) {
        self.ring.iter_mut().for_each(|plane| plane.fill(0.0));
        (self.written, self.next) = (0, 0);
    }

    /// Frames on either side that are read, at a ratio.
    pub(crate) fn reach(ratio: f64) -> f64 {
        kaiser_half_length(ATTENUATION_DB, 0.5 - PASS_EDGE) as f64 * ratio.max(1.0)
    }

    pub(crate) fn feed(&mut self, sample: impl Fn(usize) -> f64) {
        let at = self.written as usize & self.mask;
        for (channel, plane) in self.ring.iter_mut().enumerate() {
            plane[at] = sample(channel);
        }
        self.written += 1;
    }

    fn position(&self) -> f64 {
        self.next as f64 * self.ratio
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.written as f64 > self.position() + self.kernel.half as f64 * self.ratio.max(1.0)
    }

    /// The next frame of output, channel by channel.
    pub(crate) fn read(&mut self, mut give: impl FnMut(usize, f64)) {
        let scale = self.ratio.max(1.0);
        let reach = self.kernel.half as f64 * scale;
        let position = self.position();
        let first = (position - reach).ceil().max(0.0) as u64;
        let last = ((position + reach).floor() as u64).min(self.written.saturating_sub(1));
        self.weights.clear();
        let kernel = &self.kernel;
        let weight = |at: u64| kernel.at((at as f64 - position).abs() / scale) / scale;
        self.weights.extend((first..=last).map(weight));
        for (channel, plane) in self.ring.iter().enumerate() {
            let mut sum = 0.0;
            for (n, weight) in self.weights.iter().enumerate() {
                sum += weight * plane[(first as usize + n) & self.mask];
            }
            give(channel, sum);
        }
        self.next += 1;
    }
}

/// Streaming playback at `ratio` times the speed: pitch rises with it.
///
/// Frame `n` of the output is the instant `n · ratio` of the input; `N` frames give `ceil(N / ratio)`. What would fold
/// back is down by 140 dB. About 0.4 µs per frame of output and channel at ratios up to 1, times the ratio above.
#[derive(Debug, Clone)]
pub struct Varispeed {
    reader: Reader,
    taken: u64,
    given: u64,
}

impl Varispeed {
    /// A player for `channels` channels at `ratio` (0.25 to 4, held to that) times the speed. At 1 samples pass untouched.
    #[must_use]
    pub fn new(ratio: f64, channels: usize) -> Self {
        Self { reader: Reader::new(if ratio.is_finite() { ratio } else { 1.0 }, channels), taken: 0, given: 0 }
    }

    /// Frames that come out for `frames` frames in.
    #[must_use]
    pub fn output_frames(&self, frames: u64) -> u64 {
        (frames as f64 / self.reader.ratio).ceil() as u64
    }

    /// Takes input and appends what is ready to `output`, one plane per channel (planes are added when missing). Missing
    /// channels are silent, those beyond the player's are ignored. What is not finite is taken as silence.
    pub fn process(&mut self, input: &View<'_>, output: &mut Vec<Vec<f64>>) {
        output.resize_with(output.len().max(self.reader.ring.len()), Vec::new);
        for n in 0..input.frames() {
            let sample = |channel| if channel < input.channels() { math::sane(input.channel(channel)[n]) } else { 0.0 };
            self.taken += 1;
            self.feed(sample, u64::MAX, output);
        }
    }

    /// Appends the rest, so that the whole is [`output_frames`](Self::output_frames) of the input, and starts anew.
    pub fn finish(&mut self, output: &mut Vec<Vec<f64>>) {
        output.resize_with(output.len().max(self.reader.ring.len()), Vec::new);
        let total = self.output_frames(self.taken);
        while self.given < total {
            self.feed(|_| 0.0, total, output);
        }
        self.reset();
    }

    /// Back to the beginning.
    pub fn reset(&mut self) {
        self.reader.reset();
        (self.taken, self.given) = (0, 0);
    }

    fn feed(&mut self, sample: impl Fn(usize) -> f64, total: u64, output: &mut [Vec<f64>]) {
        if self.reader.ratio == 1.0 {
            (0..self.reader.ring.len()).for_each(|channel| output[channel].push(sample(channel)));
            self.given += 1;
            return;
        }
        self.reader.feed(sample);
        while self.reader.is_ready() && self.given < total {
            self.reader.read(|channel, x| output[channel].push(x));
            self.given += 1;
        }
    }
}
