//! One band of one channel: from the sound to its harmonics.

use dsp::delay::{TwoPole, TwoPoleTuning, flush};
use dsp::envelope::keep_of_time;
use dsp::oversample::{Factor, Oversampler};
use dsp::shift::Ring;
use dsp::smooth::Glide;

/// Frames worked on at a time.
pub(super) const PIECE: usize = 64;
/// Rate of the bending: a cube of 22 kHz reaches 66 kHz, which four times 44.1 kHz holds without folding below 110 kHz.
const FACTOR: Factor = Factor::X4;
/// Level below which the band counts as silence, -120 dBFS by definition: the share of harmonics falls there.
const FLOOR: f64 = 1e-6;
/// Release of the level that is divided by: several periods of the lowest tone of each band. By calibration, 2026-11-21.
const RELEASE_MS: [f64; 2] = [60.0, 300.0];
/// Time constant of its way to a new peak: what the peaks of single periods differ by must not bend the sound a second time
/// at the low rate (a second-order alias at 15 kHz went from -74 to below -90 dB). By calibration, 2026-11-21.
const RISE_MS: f64 = 3.0;
/// Over how long the part of the cube that is the tone itself is judged, by calibration: shorter than a note.
const JUDGE_MS: f64 = 50.0;
/// Largest sample the curve sees, by definition: before the level has risen, and between frames, a sound may stand higher
/// than its level.
const MOST: f64 = 2.0;

/// Which band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Above the corner.
    High,
    /// Below the corner.
    Low,
}

/// A corner that moves, and the one six times as high.
#[derive(Debug)]
pub(super) struct Tuning {
    corner: Glide,
    top: Glide,
    rate: f64,
    pub(super) corners: [TwoPoleTuning; PIECE],
    pub(super) tops: [TwoPoleTuning; PIECE],
}

/// Highest harmonics of the bass that are added, as a multiple of its corner: twice the third harmonic's (by definition).
const TOP: f64 = 6.0;

impl Tuning {
    pub(super) fn new(corner_hz: f64, glide_ms: f64, rate: f64) -> Self {
        let glide = |hz| Glide::new(TwoPoleTuning::warp(hz, rate), glide_ms, rate);
        let still = [TwoPoleTuning::default(); PIECE];
        Self { corner: glide(corner_hz), top: glide(TOP * corner_hz), rate, corners: still, tops: still }
    }

    pub(super) fn aim(&mut self, corner_hz: f64) {
        self.corner.set_target(TwoPoleTuning::warp(corner_hz, self.rate));
        self.top.set_target(TwoPoleTuning::warp(TOP * corner_hz, self.rate));
    }

    pub(super) fn snap(&mut self) {
        self.corner.snap(self.corner.target());
        self.top.snap(self.top.target());
    }

    pub(super) fn plan(&mut self, frames: usize) {
        for (corner, top) in self.corners.iter_mut().zip(&mut self.tops).take(frames) {
            *corner = TwoPoleTuning::new(self.corner.next_value());
            *top = TwoPoleTuning::new(self.top.next_value());
        }
    }
}

/// Running state of one band of one channel.
#[derive(Debug)]
pub(super) struct Path {
    side: Side,
    before: [TwoPole; 2],
    after: [TwoPole; 2],
    over: Oversampler,
    peak: f64,
    level: f64,
    rise: f64,
    release: f64,
    keep: f64,
    /// Running means of the second and fourth power.
    powers: [f64; 2],
    delay: Ring,
    levels: [f64; PIECE],
    parts: [f64; PIECE],
}

impl Path {
    pub(super) fn new(side: Side, rate: f64) -> Self {
        let over = Oversampler::new(FACTOR);
        Self {
            side,
            before: Default::default(),
            after: Default::default(),
            peak: 0.0,
            level: 0.0,
            rise: keep_of_time(RISE_MS, rate),
            release: keep_of_time(RELEASE_MS[side as usize], rate),
            keep: keep_of_time(JUDGE_MS, rate),
            powers: [0.0; 2],
            delay: Ring::new(over.latency_frames()),
            levels: [0.0; PIECE],
            parts: [0.0; PIECE],
            over,
        }
    }

    pub(super) fn latency_frames(&self) -> usize {
        self.over.latency_frames()
    }

    /// The band at one level; its level goes to `levels`.
    fn level(&mut self, tuning: &Tuning, samples: &mut [f64]) {
        for (n, x) in samples.iter_mut().enumerate() {
            for filter in &mut self.before {
                let (low, high) = filter.next(*x, tuning.corners[n]);
                *x = if self.side == Side::High { high } else { low };
            }
            let held = flush(self.peak * self.release);
            self.peak = if x.abs() > held { x.abs() } else { held };
            self.level = flush(self.peak + (self.level - self.peak) * self.rise);
            let divisor = if self.level > FLOOR { self.level } else { FLOOR };
            *x = (*x / divisor).clamp(-MOST, MOST);
            self.levels[n] = divisor;
            let square = *x * *x;
            for (power, now) in self.powers.iter_mut().zip([square, square * square]) {
                *power = flush(now + (*power - now) * self.keep);
            }
            // The part of the cube that goes along with the tone: of a sine three quarters.
            self.parts[n] = if self.powers[0] > 1e-12 { self.powers[1] / self.powers[0] } else { 0.0 };
        }
        self.delay.process(&mut self.levels[..samples.len()]);
    }

    /// Replaces the sound by its harmonics; `shares` of the second and third, frame by frame.
    pub(super) fn run(&mut self, tuning: &Tuning, shares: [&[f64; PIECE]; 2], samples: &mut [f64]) {
        self.level(tuning, samples);
        let (ratio, parts) = (self.over.ratio(), &self.parts);
        self.over.process(samples, |start, high| {
            for (n, group) in high.chunks_exact_mut(ratio).enumerate() {
                let (part, even, odd) = (parts[start + n], shares[0][start + n], shares[1][start + n]);
                for x in group {
                    let u = x.clamp(-MOST, MOST);
                    // cos 2θ = 1 - 2 sin²θ and sin 3θ = 3 sin θ - 4 sin³θ: a sine gives harmonics as tall as itself.
                    *x = u * (2.0 * even * u + 4.0 * odd * (part - u * u));
                }
            }
        });
        for (n, x) in samples.iter_mut().enumerate() {
            *x *= self.levels[n];
            for filter in &mut self.after {
                *x = filter.next(*x, tuning.corners[n]).1;
                if self.side == Side::Low {
                    break;
                }
            }
            if self.side == Side::Low {
                *x = self.after[1].next(*x, tuning.tops[n]).0;
            }
        }
    }

    pub(super) fn reset(&mut self) {
        self.before.iter_mut().chain(&mut self.after).for_each(TwoPole::reset);
        self.over.reset();
        self.delay.reset();
        (self.peak, self.level, self.powers) = (0.0, 0.0, [0.0; 2]);
    }
}
