//! Clicks: found where neither past nor future predicts the sound, filled in from both, and left if that explains nothing.
//!
//! In a window around each place an autoregressive model is fitted. A click stands out of what the model cannot predict,
//! forwards from its start on and backwards up to its end, so both together have its extent. The places found are filled
//! in; the model is fitted again to what that makes, and the places are looked for again, so that crackle hides no crackle.
//!
//! A click is laid over the sound: without it the sound goes on, and past and future agree. A hit, a pluck or the pulse of a
//! voice sets going what comes after it: filled in, it leaves past and future at odds. So a place is mended only if that
//! makes what cannot be predicted around it much smaller, and as small as elsewhere.
//!
//! Source: Godsill and Rayner, "Digital Audio Restoration", Springer 1998, chapters 5 and 6; the comparison of what is left
//! is in the manner of their section 9.2 (the likelihood of a click against that of none).

use super::ar::Model;
use super::frames::Frames;

/// Order of the model; Godsill and Rayner find 20 to 60 enough for music.
const ORDER: usize = 40;
/// Step in seconds. With the margins a window is long against a click, short against a note.
const HOP_SECONDS: f64 = 0.04;
/// Sound on either side of the step that the model hears too.
const MARGIN_SECONDS: f64 = 0.012;
/// Frames on either side of what stands out that are taken along. By our own convention.
const GUARD: usize = 3;
/// Times that the model is fitted and clicks are looked for.
const ROUNDS: usize = 3;
/// By how much the unpredictable must fall around a click that is taken out, as power. By calibration, 2026-11-21.
const BETTER: f64 = 20.0;
/// How large, against the window's, it may be afterwards, as power. By calibration, 2026-11-21.
const REST: f64 = 3.0;
/// How much less is asked for while the model is still that of the sound with its clicks, as power.
const LENIENT: f64 = 4.0;
/// How much louder the unpredictable is for good after an attack than before it, or before the end of a sound than after.
/// By our own convention.
const ATTACK: f64 = 2.5;
/// Least deviation of the unpredictable: with a threshold of 6, three steps of 16 bits are no click.
const LEAST_SIGMA: f64 = 1.5e-5;
/// From median to standard deviation of a normal distribution.
const MEDIAN_TO_SIGMA: f64 = 1.0 / 0.674_489_750_2;

/// Finds and mends clicks in one channel. Costs about 10 ms a second.
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
    hop: usize,
    margin: usize,
    work: Vec<f64>,
    ahead: Vec<f64>,
    behind: Vec<f64>,
    /// The same without the clicks.
    ahead_after: Vec<f64>,
    behind_after: Vec<f64>,
    sorted: Vec<f64>,
    sigma: f64,
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
        let hop = ((HOP_SECONDS * sample_rate_hz) as usize).max(12 * ORDER);
        let margin = ((MARGIN_SECONDS * sample_rate_hz) as usize).max(4 * ORDER);
        let len = hop + 2 * margin;
        let mut new = Self {
            // A step waits until it has been mended, and for the margin after it.
            frames: Frames::new(2 * hop + margin, hop),
            bench: Bench {
                model: Model::new(ORDER, len),
                hop,
                margin,
                work: vec![0.0; len],
                ahead: vec![0.0; len],
                behind: vec![0.0; len],
                ahead_after: vec![0.0; len],
                behind_after: vec![0.0; len],
                sorted: vec![0.0; len],
                sigma: 0.0,
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
        let most = self.bench.margin - 2 * ORDER - 2 * GUARD;
        self.longest = ((longest_ms * 1e-3 * sample_rate_hz) as usize).clamp(1, most);
    }

    /// Delay: a step and a margin.
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
        self.frames.process(plane, |source, mended| {
            let window = bench.hop - bench.margin..2 * bench.hop + bench.margin;
            bench.mend(&source[window.clone()], &mut mended[window], threshold, longest);
        });
    }
}

impl Bench {
    fn mend(&mut self, source: &[f64], mended: &mut [f64], threshold: f64, longest: usize) {
        self.work.copy_from_slice(source);
        for round in 0..ROUNDS {
            self.model.fit(&self.work);
            if !self.find(source, threshold, longest) {
                return;
            }
            self.work.copy_from_slice(source);
            self.fill();
            if round == 0 {
                self.judge(source, LENIENT);
                if self.runs.is_empty() {
                    return;
                }
            }
        }
        self.judge(source, 1.0);
        // Every click belongs to the one window in whose step it starts.
        let zone = self.margin..self.margin + self.hop;
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

    /// Drops what is no click until all that is left is.
    fn judge(&mut self, source: &[f64], lenient: f64) {
        loop {
            self.model.residual(&self.work, &mut self.ahead_after, true);
            self.model.residual(&self.work, &mut self.behind_after, false);
            let mut runs = std::mem::take(&mut self.runs);
            let count = runs.len();
            runs.retain(|run| self.is_click(*run, lenient));
            self.runs = runs;
            if self.runs.len() == count {
                return;
            }
            self.work.copy_from_slice(source);
            self.fill();
        }
    }

    /// Whether the sound goes on without what was taken out: forwards and backwards.
    fn is_click(&self, run: (usize, usize), lenient: f64) -> bool {
        if self.is_attack(run) {
            return false;
        }
        let power = |e: &[f64]| e.iter().map(|e| e * e).sum::<f64>();
        let goes_on = |before: &[f64], after: &[f64]| {
            let rest = power(after);
            let usual = after.len() as f64 * self.sigma * self.sigma;
            lenient * power(before) > BETTER * rest && rest < lenient * REST * usual
        };
        let (forwards, backwards) = (run.0..run.1 + ORDER, run.0 - ORDER..run.1);
        goes_on(&self.ahead[forwards.clone()], &self.ahead_after[forwards])
            && goes_on(&self.behind[backwards.clone()], &self.behind_after[backwards])
    }

    /// Whether the sound is louder for good afterwards, or has stopped.
    fn is_attack(&self, run: (usize, usize)) -> bool {
        let span = 6 * ORDER;
        let known = ORDER..self.ahead_after.len() - ORDER;
        let mean = |from: usize, to: usize| {
            let part = &self.ahead_after[from.max(known.start)..to.min(known.end)];
            part.iter().map(|e| e.abs()).sum::<f64>() / part.len().max(1) as f64
        };
        let (before, after) = (mean(run.0.saturating_sub(span), run.0), mean(run.1, run.1 + span));
        let least = 0.1 * LEAST_SIGMA;
        after > ATTACK * before.max(least) || before > ATTACK * after.max(least)
    }

    /// Lists what stands out of a window; whether anything does.
    fn find(&mut self, x: &[f64], threshold: f64, longest: usize) -> bool {
        self.model.residual(x, &mut self.ahead, true);
        self.model.residual(x, &mut self.behind, false);
        let limit = self.limit(threshold);
        self.runs.clear();
        let edge = 2 * ORDER + GUARD + 1;
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
            if run.1 - run.0 <= longest + 2 * GUARD {
                self.runs.push(run);
            }
        }
        !self.runs.is_empty()
    }

    /// Residual that is too large to be the sound.
    fn limit(&mut self, threshold: f64) -> f64 {
        let known = self.ahead.len() - 2 * ORDER;
        for (to, e) in self.sorted.iter_mut().zip(&self.ahead[ORDER..ORDER + known]) {
            *to = e.abs();
        }
        let (_, median, _) = self.sorted[..known].select_nth_unstable_by(known / 2, f64::total_cmp);
        self.sigma = (*median * MEDIAN_TO_SIGMA).max(LEAST_SIGMA);
        threshold * self.sigma
    }

    /// Whether neither past nor future, within the guard, explain this frame.
    fn stands_out(&self, n: usize, limit: f64) -> bool {
        let around = n - GUARD..=n + GUARD;
        self.ahead[around.clone()].iter().any(|e| e.abs() > limit)
            && self.behind[around].iter().any(|e| e.abs() > limit)
    }
}

#[cfg(test)]
mod tests;
