//! Clipped peaks: found as flat tops, drawn again from what is around them.
//!
//! In a window around each place the tops that are flat, cut off at both sides and as high as anything near are taken as
//! unknown; an autoregressive model is fitted and the unknown filled in, in turn, a few times. What would come out
//! lower than the clipping level is put on it (it must have been at least that high) and the rest solved again.
//!
//! Source: Janssen, Veldhuis and Vries, IEEE Trans. ASSP-34(2), 1986 (model and samples in turn); Záviška, Rajmic, Ozerov
//! and Rencker, IEEE J. Sel. Top. Signal Process. 15(1), 2021 (consistency with the clipping level).

use super::ar::Model;
use super::frames::Frames;
use crate::math;

/// Order of the model, as for clicks.
const ORDER: usize = 40;
/// Window in seconds.
const WINDOW_SECONDS: f64 = 0.08;
/// Steps per window.
const STEPS: usize = 4;
/// Times model and samples are found in turn. By our own convention: more gain less than 0.3 dB.
const ROUNDS: usize = 4;
/// How flat a top is, in its level: a step of 13 bits, as converters and dither leave it.
const FLAT: f64 = 1.2e-4;
/// How far the samples beside a flat top lie below it at least, in its level; a smooth crest comes slower.
const STEP: f64 = 2e-3;
/// Frames of a flat top.
const LEAST_FRAMES: usize = 3;
/// How near the highest sample of the window a flat top is: 0.1 dB, as for findings on clipped sources.
const NEAR_TOP: f64 = 0.988_6;

/// Finds and draws again clipped peaks in one channel.
#[derive(Debug, Clone)]
pub struct Declip {
    frames: Frames,
    bench: Bench,
    most: f64,
}

#[derive(Debug, Clone)]
struct Bench {
    model: Model,
    work: Vec<f64>,
    clipped: Vec<usize>,
    unknown: Vec<usize>,
    mended: u64,
}

impl Declip {
    /// For one channel. Peaks grow by at most `most_db` over the clipping level.
    #[must_use]
    pub fn new(most_db: f64, sample_rate_hz: f64) -> Self {
        let len = ((WINDOW_SECONDS * sample_rate_hz) as usize).max(16 * ORDER).next_multiple_of(STEPS);
        Self {
            frames: Frames::new(len, len / STEPS),
            bench: Bench {
                model: Model::new(ORDER, len),
                work: vec![0.0; len],
                clipped: Vec::with_capacity(len),
                unknown: Vec::with_capacity(len),
                mended: 0,
            },
            most: math::db_to_gain(most_db),
        }
    }

    /// Another limit for peaks, from the next window on.
    pub fn set(&mut self, most_db: f64) {
        self.most = math::db_to_gain(most_db);
    }

    /// Delay: three quarters of a window.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.frames.latency_frames()
    }

    /// Samples drawn again so far.
    #[must_use]
    pub fn mended(&self) -> u64 {
        self.bench.mended
    }

    /// Back to silence.
    pub fn reset(&mut self) {
        self.frames.reset();
        self.bench.mended = 0;
    }

    /// Processes in place.
    pub fn process(&mut self, plane: &mut [f64]) {
        let (bench, most) = (&mut self.bench, self.most);
        self.frames.process(plane, |source, mended| bench.mend(source, mended, most));
    }
}

/// The clipping level of one polarity (`sign`) in a window, if there is a flat top.
fn clip_level(x: &[f64], sign: f64) -> Option<f64> {
    let top = x.iter().fold(0.0, |m: f64, s| m.max(sign * s));
    // -80 dBFS: below that steps of the converter are flat tops too.
    if top < 1e-4 {
        return None;
    }
    let mut level = None;
    let mut n = 1;
    while n + 1 < x.len() {
        let height = sign * x[n];
        if height < NEAR_TOP * top {
            n += 1;
            continue;
        }
        let flat = x[n..].iter().take_while(|s| (*s * sign - height).abs() <= FLAT * height).count();
        let after = x.get(n + flat).map_or(height, |s| sign * s);
        let steps = (height - sign * x[n - 1]).max(height - after);
        let cut = height - sign * x[n - 1] > 0.0 && height - after > 0.0 && steps > STEP * height;
        if flat >= LEAST_FRAMES && cut {
            level = Some(level.map_or(height, |found: f64| found.min(height)));
        }
        n += flat.max(1);
    }
    level
}

impl Bench {
    fn mend(&mut self, source: &[f64], mended: &mut [f64], most: f64) {
        let levels = [1.0, -1.0].map(|sign| clip_level(source, sign).unwrap_or(f64::INFINITY));
        let level_of = |x: f64| if x >= 0.0 { levels[0] } else { levels[1] };
        let edge = ORDER + 1;
        self.clipped.clear();
        self.clipped.extend(
            (edge..source.len() - edge).filter(|n| source[*n].abs() >= level_of(source[*n]) * (1.0 - FLAT)),
        );
        let zone = source.len() / 2..source.len() / 2 + source.len() / STEPS;
        // Tops that begin before the zone are the last window's; those at its end are followed past it.
        let first = self.clipped.partition_point(|n| *n < zone.start);
        if !self.clipped[first..].iter().any(|n| zone.contains(n)) {
            return;
        }
        self.draw(source, most, &level_of);
        let mut last = zone.end;
        for index in first..self.clipped.len() {
            let n = self.clipped[index];
            let begins = index == 0 || self.clipped[index - 1] + 1 != n;
            let belongs = n < zone.end || (n == last && !begins);
            if !belongs {
                break;
            }
            last = n + 1;
            mended[n] = self.work[n];
            self.mended += 1;
        }
    }

    /// Fills in the clipped samples of a window, in `work`.
    fn draw(&mut self, source: &[f64], most: f64, level_of: &impl Fn(f64) -> f64) {
        self.work.copy_from_slice(source);
        for _ in 0..ROUNDS {
            self.model.fit(&self.work);
            self.work.copy_from_slice(source);
            self.unknown.clear();
            self.unknown.extend_from_slice(&self.clipped);
            self.model.interpolate(&mut self.work, &self.unknown);
            self.hold(source, level_of);
            if self.unknown.len() < self.clipped.len() {
                self.model.interpolate(&mut self.work, &self.unknown);
            }
            for n in &self.clipped {
                let level = level_of(source[*n]);
                let sign = if source[*n] < 0.0 { -1.0 } else { 1.0 };
                self.work[*n] = sign * (sign * self.work[*n]).clamp(source[*n].abs(), most * level);
            }
        }
    }

    /// What came out below the clipping level stands on it and is known.
    fn hold(&mut self, source: &[f64], level_of: &impl Fn(f64) -> f64) {
        let work = &mut self.work;
        self.unknown.retain(|n| {
            let level = level_of(source[*n]);
            let sign = if source[*n] < 0.0 { -1.0 } else { 1.0 };
            let free = sign * work[*n] >= level;
            if !free {
                work[*n] = source[*n];
            }
            free
        });
    }
}

#[cfg(test)]
mod tests;
