//! Oversampled soft clip of single peaks.
//!
//! Only what the clip takes away is made at 8x, filtered and added, so audio below the knee passes untouched, and time is
//! spent on peaks alone.

use super::detector::{interpolator, larger, peak};
use super::line::Line;
use crate::math;

/// Delay of the clip.
pub(super) const CLIP_DELAY: usize = 32;
const HALF: usize = 16;
const TAPS: usize = 2 * HALF;
const PHASES: usize = 8;

/// The curve: straight up to the knee, a parabola to slope 0, then flat.
#[derive(Debug, Clone, Copy)]
pub(super) struct Curve {
    knee: f64,
    top: f64,
}

impl Curve {
    /// A clip at `top` that leaves everything up to `ceiling` as it is where there is room for a knee at all.
    pub(super) fn new(top: f64, ceiling: f64) -> Self {
        // Knee at 0.85 of the top: reference values 0.8 to 0.9, Giannoulis-style quadratic; the ceiling comes first.
        Self { knee: f64::max(0.85 * top, f64::min(ceiling, 0.97 * top)), top }
    }

    /// What is added to `x` (zero up to the knee).
    #[inline]
    pub(super) fn change(&self, x: f64) -> f64 {
        let over = x.abs() - self.knee;
        if over <= 0.0 {
            return 0.0;
        }
        // From (knee, knee), slope 1, to (2·top - knee, top), slope 0.
        let reach = 2.0 * (self.top - self.knee);
        let taken = if over < reach { over * over / (2.0 * reach) } else { over - 0.5 * reach };
        if x > 0.0 { -taken } else { taken }
    }

    /// Share of a wave of this peak that stands above the knee: of a sine, (2/π)·acos(knee / peak).
    pub(super) fn share_above(&self, peak: f64) -> f64 {
        if peak > self.knee { math::acos(self.knee / peak) / math::FRAC_PI_2 } else { 0.0 }
    }
}

/// Share of the time above the knee that begins to be too much, and that is certainly too much. (Estimated from peaks of
/// half hops as if they were sines, which is about three times the share of clipped samples in music.)
/// By calibration, 2026-11-21, see docs/decisions/021.
const MANY: f64 = 0.12;
const TOO_MANY: f64 = 0.35;
/// Time over which they are counted.
const COUNT_SECONDS: f64 = 0.3;

/// Watches how much there is to clip: single peaks are what the clip is for, and dense ones are the limiter's.
#[derive(Debug)]
pub(super) struct Density {
    share: f64,
    blend: f64,
}

impl Density {
    /// For so many seconds per hop.
    pub(super) fn new(hop_seconds: f64) -> Self {
        Self { share: 0.0, blend: hop_seconds / COUNT_SECONDS }
    }

    pub(super) fn reset(&mut self) {
        self.share = 0.0;
    }

    /// Share of the clip after a hop with so much above the knee ([`Curve::share_above`]).
    pub(super) fn push(&mut self, above: f64) -> f64 {
        self.share += (above - self.share) * self.blend;
        if self.share < 1e-9 {
            self.share = 0.0;
        }
        let t = ((TOO_MANY - self.share) / (TOO_MANY - MANY)).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    }
}

/// The clip of all channels.
#[derive(Debug)]
pub(super) struct Clip {
    taps: [[f64; TAPS]; PHASES],
    lines: Vec<Line>,
    corrections: Vec<Vec<f64>>,
    busy: Vec<bool>,
}

impl Clip {
    pub(super) fn new(channels: usize, hop: usize) -> Self {
        let mut taps = [[0.0; TAPS]; PHASES];
        taps[0][HALF - 1] = 1.0;
        for (phase, taps) in (1_u8..).zip(&mut taps[1..]) {
            // β 9: stop-band of -90 dB (Kaiser and Schafer, IEEE Trans. ASSP 28, 1980).
            interpolator(taps, f64::from(phase) / PHASES as f64, 9.0);
        }
        Self {
            taps,
            lines: (0..channels).map(|_| Line::new(hop + 4 * HALF, hop)).collect(),
            corrections: vec![vec![0.0; hop + 4 * HALF]; channels],
            busy: vec![false; channels],
        }
    }

    pub(super) fn reset(&mut self) {
        self.lines.iter_mut().for_each(Line::reset);
        self.corrections.iter_mut().for_each(|c| c.fill(0.0));
        self.busy.fill(false);
    }

    /// One hop of one channel in place. `weights` are the share of the clip at its begin and end.
    pub(super) fn run(
        &mut self,
        channel: usize,
        audio: &mut [f64],
        curve: Option<Curve>,
        weights: (f64, f64),
    ) {
        let hop = audio.len();
        self.lines[channel].push(hop).copy_from_slice(audio);
        let touched = match curve {
            Some(curve) if weights.0 > 0.0 || weights.1 > 0.0 => self.correct(channel, hop, curve, weights),
            _ => false,
        };
        audio.copy_from_slice(self.lines[channel].tail(hop + CLIP_DELAY, hop));
        if !touched && !self.busy[channel] {
            return;
        }
        let correction = &mut self.corrections[channel];
        let around = self.lines[channel].tail(hop + CLIP_DELAY + SILENCE, hop + 2 * SILENCE);
        for (n, (audio, correction)) in audio.iter_mut().zip(correction.iter()).enumerate() {
            if *audio != 0.0 || !is_silent(&around[n..=n + 2 * SILENCE]) {
                *audio += correction;
            }
        }
        correction.copy_within(hop.., 0);
        let rest = correction.len() - hop;
        correction[rest..].fill(0.0);
        self.busy[channel] = correction.iter().any(|x| *x != 0.0);
    }

    /// Adds the corrections of one hop of spaces between frames; tells whether there were any.
    fn correct(&mut self, channel: usize, hop: usize, curve: Curve, weights: (f64, f64)) -> bool {
        // Frames from HALF before the first space on; spaces end HALF before the newest frame.
        let x = self.lines[channel].tail(hop + 2 * HALF, hop + 2 * HALF);
        // No sample's bound can be more than twice the peak.
        if 2.0 * peak(&x[HALF - 1..HALF + hop + 2]) < curve.knee {
            return false;
        }
        let correction = &mut self.corrections[channel];
        let mut touched = false;
        // A frame's bound as in the detector: a sine stands at most so much above its samples.
        let bound = |n: usize| x[n].abs() + 0.25 * ((x[n - 1] + x[n + 1]) - 2.0 * x[n]).abs();
        let mut next = bound(HALF);
        for n in 0..hop {
            let this = next;
            next = bound(HALF + n + 1);
            if f64::max(this, next) < curve.knee {
                continue;
            }
            let near = &x[n + 1..n + 1 + TAPS];
            let (left, right) = (x[HALF + n], x[HALF + n + 1]);
            let middle = interpolate(&self.taps[PHASES / 2], near);
            // The same bound on the 2x grid.
            let top = larger(larger(left.abs(), right.abs()), middle.abs());
            if top + 0.25 * (left + right - 2.0 * middle).abs() < curve.knee {
                continue;
            }
            let weight = (weights.0 + (weights.1 - weights.0) * n as f64 / hop as f64) / PHASES as f64;
            let change = curve.change(left);
            if change != 0.0 {
                touched = true;
                correction[n + HALF] += change * weight;
            }
            for (phase, taps) in (1..).zip(&self.taps[1..]) {
                let value = if phase == PHASES / 2 { middle } else { interpolate(taps, near) };
                let change = curve.change(value);
                if change != 0.0 {
                    touched = true;
                    for (to, tap) in correction[n + 1..n + 1 + TAPS].iter_mut().zip(taps) {
                        *to += change * weight * tap;
                    }
                }
            }
        }
        touched
    }
}

/// Zeros in a row that make silence.
const SILENCE: usize = 8;

/// Whether the frame in the middle belongs to digital silence. Where a programme begins and ends, silence stays silence:
/// the filters of the clip must not ring into what will be cut off.
fn is_silent(around: &[f64]) -> bool {
    let zeros = |side: &mut dyn Iterator<Item = &f64>| side.take_while(|x| **x == 0.0).count();
    let (before, after) = around.split_at(around.len() / 2);
    zeros(&mut before.iter().rev()) + zeros(&mut after.iter()) >= SILENCE
}

#[inline]
fn interpolate(taps: &[f64; TAPS], x: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    for (taps, x) in taps.as_chunks::<4>().0.iter().zip(x.as_chunks::<4>().0) {
        for i in 0..4 {
            lanes[i] += taps[i] * x[i];
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

#[cfg(test)]
mod tests {
    use super::Curve;

    #[test]
    fn the_knee_begins_at_85_hundredths_and_is_a_parabola_of_a_flat_end() {
        // By hand: from (0.85, 0.85) with slope 1 to (1.15, 1) with slope 0, so (x - 0.85)² / 0.6 is taken in between.
        let curve = Curve::new(1.0, 0.5);
        for x in [0.3, 0.6, 0.84] {
            assert_eq!(curve.change(x), 0.0, "{x}");
        }
        for (x, wanted) in [(0.91, 0.006), (1.0, 0.0375), (1.09, 0.096), (1.15, 0.15), (1.6, 0.6)] {
            assert!((curve.change(x) + wanted).abs() < 1e-12, "{x}: {}", curve.change(x));
            assert!((curve.change(-x) - wanted).abs() < 1e-12, "-{x}");
        }
        // A ceiling further up than that moves the knee to it.
        assert_eq!(Curve::new(1.0, 0.9).change(0.9), 0.0);
        assert!(Curve::new(1.0, 0.9).change(0.92) < 0.0);
    }
}
