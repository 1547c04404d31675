//! What is heard at the harmonics of one frequency, part by part.

use super::{HARMONICS, PARTS};
use crate::math;
use crate::window::Window;

/// Rate at which harmonics are looked at, at least: three times the highest of 32 harmonics of 60 Hz.
const LOW_RATE_HZ: f64 = 6_000.0;
/// Frames of low rate on either side of the filter before it. With β 8 the band that would fold below 2 kHz lies at -80 dB
/// (Kaiser and Schafer 1980).
const FILTER_REACH: usize = 8;
/// Parts per second.
const PARTS_PER_SECOND: f64 = 8.0;
/// Hops in a part.
const SPAN: usize = 3;
/// Window of a part. Steady tones whole eighths of a second apart look alike from part to part; with this β the first zero
/// lies where that begins (three bins), and all beyond at -66 dB (Kaiser and Schafer 1980: √(1 + (β/π)²) = 3).
const BETA: f64 = 8.885_765_876_316_732;
/// Hops kept: those of all parts of a window.
const HOPS: usize = PARTS + SPAN - 1;
/// Mean square below which a hop is silence: -200 dBFS.
const SILENCE: f64 = 1e-20;

/// The last hops at a low rate.
#[derive(Debug, Clone)]
pub(super) struct Low {
    rate: f64,
    hop: usize,
    decimate: usize,
    taps: Vec<f64>,
    /// Frames that the filter still needs, then a hop, then as many as it looks ahead.
    recent: Vec<f64>,
    data: Vec<f64>,
    quiet: [bool; HOPS],
    weights: Vec<f64>,
    /// Hops taken so far.
    count: i64,
}

impl Low {
    pub(super) fn new(sample_rate_hz: f64) -> Self {
        let decimate = ((sample_rate_hz / LOW_RATE_HZ) as usize).max(1);
        let low_hop = ((sample_rate_hz / PARTS_PER_SECOND) as usize / decimate / 2).max(8) * 2;
        let reach = if decimate > 1 { FILTER_REACH * decimate } else { 0 };
        let window = Window::Kaiser(8.0).symmetric(2 * reach + 1);
        let mut taps: Vec<f64> = window
            .iter()
            .enumerate()
            .map(|(n, w)| {
                let x = math::PI * (n as f64 - reach as f64) / decimate as f64;
                if n == reach { *w } else { w * math::sin(x) / x }
            })
            .collect();
        let sum: f64 = taps.iter().sum();
        taps.iter_mut().for_each(|tap| *tap /= sum);
        let hop = low_hop * decimate;
        let mut weights = Window::Kaiser(BETA).periodic(SPAN * low_hop);
        // Twice for the other half of the spectrum.
        let sum = 0.5 * weights.iter().sum::<f64>();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Self {
            rate: sample_rate_hz,
            hop,
            decimate,
            taps,
            recent: vec![0.0; hop + 2 * reach],
            data: vec![0.0; HOPS * low_hop],
            quiet: [true; HOPS],
            weights,
            count: 0,
        }
    }

    pub(super) fn reset(&mut self) {
        self.recent.fill(0.0);
        self.data.fill(0.0);
        self.quiet = [true; HOPS];
        self.count = 0;
    }

    /// Frames per hop.
    pub(super) fn hop(&self) -> usize {
        self.hop
    }

    /// Seconds per hop.
    pub(super) fn hop_seconds(&self) -> f64 {
        self.hop as f64 / self.rate
    }

    /// Takes a hop of input.
    pub(super) fn take(&mut self, input: &[f64]) {
        let reach = self.taps.len() / 2;
        let keep = self.recent.len() - self.hop;
        self.recent.copy_within(self.hop.., 0);
        self.recent[keep..].copy_from_slice(input);
        let low_hop = self.hop / self.decimate;
        let slot = self.count.rem_euclid(HOPS as i64) as usize;
        let mut power = 0.0;
        for (m, to) in self.data[slot * low_hop..(slot + 1) * low_hop].iter_mut().enumerate() {
            let from = m * self.decimate;
            let part = &self.recent[from..from + 2 * reach + 1];
            // Both halves of the filter are alike.
            let mut sum = self.taps[reach] * part[reach];
            for (n, tap) in self.taps[..reach].iter().enumerate() {
                sum += tap * (part[n] + part[2 * reach - n]);
            }
            *to = sum;
            power += sum * sum;
        }
        self.quiet[slot] = power < SILENCE * low_hop as f64;
        self.count += 1;
    }

    /// Number of the newest part: the one that ends with the newest hop.
    pub(super) fn newest(&self) -> i64 {
        self.count - 1
    }

    /// Highest frequency that is heard truly.
    pub(super) fn top_hz(&self) -> f64 {
        0.45 * self.rate / self.decimate as f64
    }

    /// Frames by which low samples stand before their number.
    pub(super) fn reach_frames(&self) -> usize {
        self.taps.len() / 2
    }

    /// Time of the middle of a part, in seconds of low samples.
    pub(super) fn seconds(&self, part: i64) -> f64 {
        (part as f64 + 1.0 - 0.5 * SPAN as f64) * self.hop_seconds()
    }

    /// Frames from the middle of a part to the end of its newest hop.
    pub(super) fn half_part(&self) -> usize {
        SPAN * self.hop / 2
    }

    /// Whether there is sound in all hops of a part.
    pub(super) fn is_heard(&self, part: i64) -> bool {
        let quiet = |hop: i64| self.quiet[hop.rem_euclid(HOPS as i64) as usize];
        (part - SPAN as i64 + 1..=part).all(|hop| !quiet(hop))
    }

    fn hop_data(&self, hop: i64) -> &[f64] {
        let low_hop = self.hop / self.decimate;
        let slot = hop.rem_euclid(HOPS as i64) as usize;
        &self.data[slot * low_hop..(slot + 1) * low_hop]
    }
}

/// A complex number as it is needed here.
pub(super) type Complex = (f64, f64);

/// Product.
#[inline]
pub(super) fn times(a: Complex, b: Complex) -> Complex {
    (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
}

/// The number of size 1 at an angle in turns.
pub(super) fn turned(turns: f64) -> Complex {
    let angle = math::TAU * (turns - turns.floor());
    (math::cos(angle), math::sin(angle))
}

/// Amplitudes and phases at the harmonics of one frequency in the last [`PARTS`] parts. Phases are against a harmonic that
/// began with the stream.
#[derive(Debug, Clone)]
pub(super) struct Bank {
    pub(super) hz: f64,
    pub(super) harmonics: usize,
    /// Part by part in a ring, harmonic by harmonic within it.
    parts: Vec<[Complex; HARMONICS]>,
}

impl Bank {
    pub(super) fn new(hz: f64, harmonics: usize) -> Self {
        Self { hz, harmonics, parts: vec![[(0.0, 0.0); HARMONICS]; PARTS] }
    }

    pub(super) fn reset(&mut self) {
        self.parts.fill([(0.0, 0.0); HARMONICS]);
    }

    /// Envelopes of a part.
    pub(super) fn part(&self, part: i64) -> &[Complex; HARMONICS] {
        &self.parts[part.rem_euclid(PARTS as i64) as usize]
    }

    /// Hears one part.
    pub(super) fn hear(&mut self, low: &Low, part: i64) {
        let count = self.harmonics;
        let mut wave = [[0.0; HARMONICS]; 2];
        let mut step = [[0.0; HARMONICS]; 2];
        let mut sum = [[0.0; HARMONICS]; 2];
        let first = part - SPAN as i64 + 1;
        let begin = self.hz * first as f64 * low.hop_seconds();
        let begin = begin - begin.floor();
        let per_frame = self.hz * low.decimate as f64 / low.rate;
        for k in 0..count {
            let order = (k + 1) as f64;
            (wave[0][k], wave[1][k]) = turned(-order * begin);
            (step[0][k], step[1][k]) = turned(-order * per_frame);
        }
        let samples = (first..=part).flat_map(|hop| low.hop_data(hop));
        for (x, weight) in samples.zip(&low.weights) {
            let x = x * weight;
            for k in 0..count {
                let (c, s) = (wave[0][k], wave[1][k]);
                sum[0][k] += x * c;
                sum[1][k] += x * s;
                wave[0][k] = c * step[0][k] - s * step[1][k];
                wave[1][k] = c * step[1][k] + s * step[0][k];
            }
        }
        let to = &mut self.parts[part.rem_euclid(PARTS as i64) as usize];
        for k in 0..count {
            to[k] = (sum[0][k], sum[1][k]);
        }
    }

    /// Hears all parts of the window that ends with `newest` at another frequency.
    pub(super) fn tune(&mut self, low: &Low, newest: i64, hz: f64, harmonics: usize) {
        (self.hz, self.harmonics) = (hz, harmonics);
        for part in newest - PARTS as i64 + 1..=newest {
            self.hear(low, part);
        }
    }
}
