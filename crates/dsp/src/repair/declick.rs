//! Clicks: found where both past and future fail to predict the sound, filled in from both.
//!
//! In a window around each place an autoregressive model is fitted. A click stands out of what the model cannot predict,
//! forwards from its start on and backwards up to its end, so both together have its extent. Where the
//! sound is much louder after than before (an attack) or before than after (its end), nothing is touched. The model is fitted a second time without the clicks.
//!
//! Source: Godsill and Rayner, "Digital Audio Restoration", Springer 1998, chapters 5 and 6.

use super::ar::Model;
use super::frames::Frames;

/// Order of the model; Godsill and Rayner find 20 to 60 enough for music.
const ORDER: usize = 40;
/// Window in seconds. Long against a click, short against a note.
const WINDOW_SECONDS: f64 = 0.08;
/// Steps per window.
const STEPS: usize = 4;
/// Frames on either side of what stands out that are taken along. By our own convention.
const GUARD: usize = 3;
/// Quantile of the residual that regular pulses (a voice's, a plucked string's) reach. By our own convention.
const PULSES: f64 = 0.97;
/// Least height over those. By our own convention.
const OVER_PULSES: f64 = 1.6;
/// Clicks per window; more are the pulses of a voice or a buzz. By our own convention: 80 ms hold six pulses of 75 Hz.
const MOST_RUNS: usize = 5;
/// How much louder the residual is after an attack than before. By our own convention.
const ATTACK: f64 = 2.5;
/// From median to standard deviation of a normal distribution.
const MEDIAN_TO_SIGMA: f64 = 1.0 / 0.674_489_750_2;

/// Finds and mends clicks in one channel.
#[derive(Debug, Clone)]
pub struct Declick {
    frames: Frames,
    bench: Bench,
    threshold: f64,
    longest: usize,
}

#[derive(Debug, Clone)]
struct Bench {
    model: Model,
    work: Vec<f64>,
    ahead: Vec<f64>,
    behind: Vec<f64>,
    sorted: Vec<f64>,
    /// Start and end of every click.
    runs: Vec<(usize, usize)>,
    unknown: Vec<usize>,
    mended: u64,
}

impl Declick {
    /// For one channel. `threshold` is how far, in standard deviations of the unpredictable, a click must stand out;
    /// `longest_ms` how long one may be.
    #[must_use]
    pub fn new(threshold: f64, longest_ms: f64, sample_rate_hz: f64) -> Self {
        let len = ((WINDOW_SECONDS * sample_rate_hz) as usize).max(16 * ORDER).next_multiple_of(STEPS);
        let mut new = Self {
            frames: Frames::new(len, len / STEPS),
            bench: Bench {
                model: Model::new(ORDER, len),
                work: vec![0.0; len],
                ahead: vec![0.0; len],
                behind: vec![0.0; len],
                sorted: vec![0.0; len],
                runs: Vec::with_capacity(len),
                unknown: Vec::with_capacity(len),
                mended: 0,
            },
            threshold,
            longest: 0,
        };
        new.set(threshold, longest_ms, sample_rate_hz);
        new
    }

    /// Other settings, from the next window on.
    pub fn set(&mut self, threshold: f64, longest_ms: f64, sample_rate_hz: f64) {
        self.threshold = threshold;
        let most = self.frames.source.len() / 8;
        self.longest = ((longest_ms * 1e-3 * sample_rate_hz) as usize).clamp(1, most);
    }

    /// Delay: three quarters of a window.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.frames.latency_frames()
    }

    /// Clicks mended so far.
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
        let (bench, threshold, longest) = (&mut self.bench, self.threshold, self.longest);
        self.frames.process(plane, |source, mended| bench.mend(source, mended, threshold, longest));
    }
}

impl Bench {
    fn mend(&mut self, source: &[f64], mended: &mut [f64], threshold: f64, longest: usize) {
        self.work.copy_from_slice(source);
        self.model.fit(source);
        if !self.find(source, threshold, longest) {
            return;
        }
        // Once more with a model that has not heard the clicks.
        self.fill();
        let model = &mut self.model;
        model.fit(&self.work);
        self.find(source, threshold, longest);
        self.work.copy_from_slice(source);
        self.fill();
        // Every click belongs to the one window in whose middle it starts.
        let zone = source.len() / 2..source.len() / 2 + source.len() / STEPS;
        for &(from, to) in self.runs.iter().filter(|run| zone.contains(&run.0)) {
            mended[from..to].copy_from_slice(&self.work[from..to]);
            self.mended += 1;
        }
    }

    /// Interpolates all runs in `work`.
    fn fill(&mut self) {
        self.unknown.clear();
        for &(from, to) in &self.runs {
            self.unknown.extend(from..to);
        }
        self.model.interpolate(&mut self.work, &self.unknown);
    }

    /// Lists the clicks of a window; whether there are any.
    fn find(&mut self, x: &[f64], threshold: f64, longest: usize) -> bool {
        for n in 0..x.len() {
            self.ahead[n] = self.model.residual(x, n, true).abs();
            self.behind[n] = self.model.residual(x, n, false).abs();
        }
        let limit = self.limit(threshold);
        self.runs.clear();
        let edge = self.model.order() + GUARD + 1;
        let (mut n, end) = (edge, x.len() - edge);
        while n < end {
            if !self.stands_out(n, limit) {
                n += 1;
                continue;
            }
            let start = n;
            let mut last = n;
            while n < end && n - last <= 2 * GUARD {
                if self.stands_out(n, limit) {
                    last = n;
                }
                n += 1;
            }
            let run = (start - GUARD, last + 1 + GUARD);
            if run.1 - run.0 <= longest + 2 * GUARD && !self.is_attack(run) {
                self.runs.push(run);
            }
        }
        if self.runs.len() > MOST_RUNS {
            self.runs.clear();
        }
        !self.runs.is_empty()
    }

    /// Residual that is too large to be the sound.
    fn limit(&mut self, threshold: f64) -> f64 {
        let len = self.sorted.len();
        self.sorted.copy_from_slice(&self.ahead);
        let (_, median, _) = self.sorted.select_nth_unstable_by(len / 2, f64::total_cmp);
        let sigma = *median * MEDIAN_TO_SIGMA;
        let (_, pulses, _) =
            self.sorted.select_nth_unstable_by((len as f64 * PULSES) as usize, f64::total_cmp);
        // -120 dBFS: rounding of 20 bits is no click.
        (threshold * sigma).max(OVER_PULSES * *pulses).max(1e-6)
    }

    /// Whether neither past nor future, within the guard, explain this frame.
    fn stands_out(&self, n: usize, limit: f64) -> bool {
        let around = n - GUARD..=n + GUARD;
        self.ahead[around.clone()].iter().any(|e| *e > limit)
            && self.behind[around].iter().any(|e| *e > limit)
    }

    /// Whether the sound is louder for good afterwards, or has stopped.
    fn is_attack(&self, run: (usize, usize)) -> bool {
        let span = 6 * ORDER;
        let before = &self.ahead[run.0.saturating_sub(span)..run.0];
        let from = (run.1 + ORDER).min(self.ahead.len());
        let after = &self.ahead[from..(from + span).min(self.ahead.len())];
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
        let (before, after) = (mean(before), mean(after));
        after > ATTACK * before || before > ATTACK * after
    }
}

#[cfg(test)]
mod tests;
