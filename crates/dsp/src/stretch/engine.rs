//! The stretcher's engine: a ring of input, the map of time and the vocoder, frame by frame.

use super::formant::Warp;
use super::onset::{Onsets, TimeMap};
use super::vocoder::Vocoder;
use super::{MAX_FACTOR, MIN_FACTOR};
use crate::math;

/// Shortest frame in seconds; rounded up to a power of two (4096 at 44.1 and 48 kHz, 11.7 Hz per bin). By calibration,
/// 2026-11-21: harmonics 40 Hz apart still have peaks of their own.
const FRAME_SECONDS: f64 = 0.08;
/// Hops per frame.
const OVERLAP: usize = 8;
/// Share of the frame around an attack in which time runs at the pace of the input. By calibration, 2026-11-21: outside
/// of it the product of both windows is below -17 dB.
const ATTACK_SHARE: f64 = 0.75;

/// Stretches by a constant factor; one frame in, now and then a hop out.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    len: usize,
    hop: usize,
    ring: Vec<Vec<f64>>,
    mask: usize,
    written: i64,
    factor: f64,
    onsets: Onsets,
    map: TimeMap,
    vocoder: Vocoder,
    /// Number of the next frame; frame 0 has its middle at output time 0.
    next: i64,
}

impl Engine {
    /// An engine for any factor in range; `set_factor` allocates nothing.
    pub(crate) fn new(factor: f64, channels: usize, sample_rate_hz: f64) -> Self {
        let len = frame_len(sample_rate_hz);
        let hop = len / OVERLAP;
        let room = [MIN_FACTOR, MAX_FACTOR].map(|factor| Self::room(len, factor)).into_iter().fold(0, usize::max);
        let mut new = Self {
            len,
            hop,
            ring: vec![vec![0.0; room.next_power_of_two()]; channels],
            mask: room.next_power_of_two() - 1,
            written: 0,
            factor: 1.0,
            onsets: Onsets::new(len, channels),
            map: TimeMap::new(1.0, 0.0),
            vocoder: Vocoder::new(len, hop, channels, sample_rate_hz),
            next: 0,
        };
        new.set_factor(factor);
        new
    }

    fn room(len: usize, factor: f64) -> usize {
        let map = TimeMap::new(factor, reach(len));
        let ahead = map.look_ahead().max(map.most_lead() + 0.5 * len as f64);
        (ahead + map.most_lead() + (2 * len) as f64 * (1.0 + 1.0 / factor)) as usize
    }

    /// Another factor, and back to the start.
    pub(crate) fn set_factor(&mut self, factor: f64) {
        self.factor = factor.clamp(MIN_FACTOR, MAX_FACTOR);
        self.map = TimeMap::new(self.factor, reach(self.len));
        self.reset();
    }

    pub(crate) fn reset(&mut self) {
        self.ring.iter_mut().for_each(|plane| plane.fill(0.0));
        self.written = 0;
        self.onsets.reset();
        self.vocoder.reset();
        // The first frame that reaches past output time 0.
        self.next = 1 - (OVERLAP / 2) as i64;
    }

    pub(crate) fn factor(&self) -> f64 {
        self.factor
    }

    pub(crate) fn channels(&self) -> usize {
        self.ring.len()
    }

    pub(crate) fn hop(&self) -> usize {
        self.hop
    }

    /// Most input frames, beyond `output / factor`, that must be fed before that output frame comes out.
    pub(crate) fn most_ahead(len: usize, factor: f64) -> f64 {
        let map = TimeMap::new(factor, reach(len));
        let ahead = map.look_ahead().max(map.most_lead() + 0.5 * len as f64);
        // An output frame waits for the frame half a length later, that for a whole block of the detector.
        ahead + (len / 2 + 1) as f64 / factor + (len / 16) as f64
    }

    /// Takes one frame of input.
    pub(crate) fn feed(&mut self, sample: impl Fn(usize) -> f64) {
        let at = self.written as usize & self.mask;
        for (channel, plane) in self.ring.iter_mut().enumerate() {
            plane[at] = math::sane(sample(channel));
        }
        self.written += 1;
        let ring = &self.ring;
        self.onsets.push(self.map.anchor_spacing(), |channel| ring[channel][at]);
    }

    fn output_time(&self) -> f64 {
        self.next as f64 * self.hop as f64
    }

    /// Whether the next frame can be laid down.
    pub(crate) fn is_ready(&self) -> bool {
        let ahead = self.map.look_ahead().max(self.map.most_lead() + 0.5 * self.len as f64 + 1.0);
        self.onsets.judged() as f64 >= self.output_time() / self.factor + ahead
    }

    /// Lays down the next frame. After it [`ready`](Self::ready) holds a hop of output that starts at the output time
    /// returned (which may be negative: not to be used).
    pub(crate) fn turn(&mut self, warp: Option<Warp>) -> i64 {
        let output = self.next * self.hop as i64;
        let middle = self.map.input(self.output_time(), self.onsets.anchors());
        let start = middle.round() as i64 - (self.len / 2) as i64;
        let attack = self.onsets.any(start, start + self.len as i64);
        let (ring, mask, written) = (&self.ring, self.mask, self.written);
        let read = |channel: usize, from: i64, to: &mut [f64]| {
            for (n, x) in to.iter_mut().enumerate() {
                let at = from + n as i64;
                let known = at >= 0 && at < written;
                *x = if known { ring[channel][at as usize & mask] } else { 0.0 };
            }
        };
        self.vocoder.turn(start, attack, warp, &read);
        self.next += 1;
        output - (self.len / 2) as i64
    }

    /// Output of a channel after [`turn`](Self::turn).
    pub(crate) fn ready(&self, channel: usize) -> &[f64] {
        self.vocoder.ready(channel)
    }
}

/// Length of a frame at a sample rate.
pub(crate) fn frame_len(sample_rate_hz: f64) -> usize {
    ((FRAME_SECONDS * sample_rate_hz.clamp(1_000.0, 1_536_000.0)) as usize).next_power_of_two()
}

fn reach(len: usize) -> f64 {
    0.5 * ATTACK_SHARE * len as f64
}
