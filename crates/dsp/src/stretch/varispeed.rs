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
fn half_table() -> Vec<f64> {
    let half = half_taps();
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
    (-1..=(half * STEPS) as i64 + 2).map(value).collect()
}

/// Taps on either side at ratios up to 1.
fn half_taps() -> usize {
    kaiser_half_length(ATTENUATION_DB, 0.5 - PASS_EDGE)
}

/// Weights of Lagrange's cubic at `t` between the second and the third of four points.
fn cubic(t: f64) -> [f64; 4] {
    let (u, v, w) = (t + 1.0, t - 1.0, t - 2.0);
    [-t * v * w / 6.0, u * v * w / 2.0, -u * t * w / 2.0, u * t * v / 6.0]
}

/// The half table at a distance of 0 to [`half_taps`] frames; 0 beyond.
fn value_at(table: &[f64], distance: f64) -> f64 {
    let place = distance * STEPS as f64;
    let index = place as usize;
    let points = table.get(index..index + 4).unwrap_or(&[]);
    points.iter().zip(cubic(place - index as f64)).map(|(p, weight)| p * weight).sum()
}

/// Reads a stream at a constant ratio, frame by frame.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    base: Vec<f64>,
    /// For every step of a fraction of a frame (one before the first, two after the last) the taps from the earliest on.
    phases: Vec<f64>,
    /// Taps per step: the position lies between the two in the middle.
    taps: usize,
    ratio: f64,
    /// Every plane twice, one behind the other, so that what is read is never broken.
    ring: Vec<Vec<f64>>,
    room: usize,
    weights: Vec<f64>,
    written: u64,
    next: u64,
}

impl Reader {
    pub(crate) fn new(ratio: f64, channels: usize) -> Self {
        let most = Self::taps_at(MAX_FACTOR);
        let room = (most + 16).next_power_of_two();
        let mut new = Self {
            base: half_table(),
            phases: Vec::with_capacity(most * (STEPS + 3)),
            taps: 0,
            ratio: 1.0,
            ring: vec![vec![0.0; 2 * room]; channels],
            room,
            weights: Vec::with_capacity(most),
            written: 0,
            next: 0,
        };
        new.set_ratio(ratio);
        new
    }

    fn taps_at(ratio: f64) -> usize {
        2 * Self::reach(ratio).ceil() as usize + 2
    }

    /// Another ratio, and back to the start. Fills the table: some milliseconds.
    pub(crate) fn set_ratio(&mut self, ratio: f64) {
        self.ratio = ratio.clamp(MIN_FACTOR, MAX_FACTOR);
        self.taps = Self::taps_at(self.ratio);
        let (scale, middle) = (self.ratio.max(1.0), (self.taps / 2 - 1) as f64);
        self.phases.clear();
        for step in -1..=(STEPS as i64 + 1) {
            let fraction = step as f64 / STEPS as f64;
            let base = &self.base;
            let tap = |n: usize| value_at(base, (n as f64 - middle - fraction).abs() / scale) / scale;
            self.phases.extend((0..self.taps).map(tap));
        }
        self.weights.clear();
        self.weights.resize(self.taps, 0.0);
        self.reset();
    }

    pub(crate) fn reset(&mut self) {
        self.ring.iter_mut().for_each(|plane| plane.fill(0.0));
        (self.written, self.next) = (0, 0);
    }

    /// Frames on either side that are read, at a ratio.
    pub(crate) fn reach(ratio: f64) -> f64 {
        half_taps() as f64 * ratio.max(1.0)
    }

    pub(crate) fn feed(&mut self, sample: impl Fn(usize) -> f64) {
        let at = self.written as usize & (self.room - 1);
        for (channel, plane) in self.ring.iter_mut().enumerate() {
            let x = sample(channel);
            (plane[at], plane[at + self.room]) = (x, x);
        }
        self.written += 1;
    }

    fn position(&self) -> f64 {
        self.next as f64 * self.ratio
    }

    /// Frames that must have been fed before the next can be read.
    fn needed(&self) -> u64 {
        self.position() as u64 + (self.taps / 2 + 1) as u64
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.written >= self.needed()
    }

    /// The next frame of output, channel by channel.
    pub(crate) fn read(&mut self, mut give: impl FnMut(usize, f64)) {
        let position = self.position();
        let place = (position - position.floor()) * STEPS as f64;
        let step = place as usize;
        let taps = self.taps;
        let [a, b, c, d] = cubic(place - step as f64);
        let rows = &self.phases[step * taps..(step + 4) * taps];
        let (before, after) = rows.split_at(2 * taps);
        let pairs = before[..taps].iter().zip(&before[taps..]).zip(after[..taps].iter().zip(&after[taps..]));
        for (weight, ((p, q), (r, s))) in self.weights.iter_mut().zip(pairs) {
            *weight = a * p + b * q + c * r + d * s;
        }
        // The earliest tap may lie before the beginning, where the ring holds silence.
        let first = (self.needed() as usize + self.room - taps) & (self.room - 1);
        for (channel, plane) in self.ring.iter().enumerate() {
            give(channel, dot(&self.weights, &plane[first..first + taps]));
        }
        self.next += 1;
    }
}

/// Sum of products in four interleaved lanes.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a4.remainder().iter().zip(b4.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a4.zip(b4) {
        for (lane, (x, y)) in lanes.iter_mut().zip(x.iter().zip(y)) {
            *lane += x * y;
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
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
