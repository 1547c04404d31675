//! Clicks that are heard over the music, and where.
//!
//! The repair finds what neither past nor future predicts and takes it out (`dsp::repair::declick`). Plucks, picks and the pulses of
//! a voice are like that, too: they are parts of the sound, and lower than it. What stands out of the sound itself is told.

use dsp::math;
use dsp::repair::declick::Declick;
use std::collections::VecDeque;

/// How far a click stands out, in standard deviations of what cannot be predicted, and how long one may be: those of the processor
/// `declick`, by decision 030, but further out: what is told here has to be heard.
const THRESHOLD: f64 = 12.0;
const LONGEST_MS: f64 = 1.0;
/// What was taken out is at least as high as the tops of a sine that is as loud as the sound around it, dB over its RMS. The plucks of
/// strings stay under their sound; see docs/decisions/053.
const OVER_DB: f64 = 3.0;
/// So much on either side is the sound around a click, seconds: shorter than a note.
const AROUND_SECONDS: f64 = 0.01;
/// Samples that stay as they were end a click.
const APART: u64 = 16;

/// One channel's clicks.
pub(super) struct Ear {
    declick: Declick,
    rate_hz: f64,
    around: usize,
    /// Input that has not come out yet.
    waiting: VecDeque<f64>,
    /// What came out: with the clicks taken out, and how much was taken out.
    out: VecDeque<(f64, f64)>,
    /// Frame of the oldest in `out`.
    first: u64,
    /// Frame from which on nothing was judged.
    next: u64,
    found: u64,
    first_seconds: Option<f64>,
    work: Vec<f64>,
}

impl Ear {
    pub(super) fn new(rate_hz: f64) -> Self {
        let declick = Declick::new(THRESHOLD, LONGEST_MS, rate_hz);
        // The delay comes out first, as silence.
        let waiting = VecDeque::from(vec![0.0; declick.latency_frames()]);
        Self {
            declick,
            rate_hz,
            around: ((AROUND_SECONDS * rate_hz) as usize).max(1),
            waiting,
            out: VecDeque::new(),
            first: 0,
            next: 0,
            found: 0,
            first_seconds: None,
            work: Vec::new(),
        }
    }

    /// The next frames.
    pub(super) fn push(&mut self, plane: &[f64]) {
        self.waiting.extend(plane);
        self.work.clear();
        self.work.extend_from_slice(plane);
        self.declick.process(&mut self.work);
        for mended in &self.work {
            let dry = self.waiting.pop_front().unwrap_or(0.0);
            self.out.push_back((*mended, (dry - mended).abs()));
        }
        self.judge();
    }

    /// How many, and where the first is.
    pub(super) fn finish(mut self) -> (u64, Option<f64>) {
        let rest = vec![0.0; self.declick.latency_frames() + 2 * self.around];
        self.push(&rest);
        (self.found, self.first_seconds)
    }

    /// Judges every click of which enough is known on either side, and forgets what is not needed any more.
    fn judge(&mut self) {
        let end = self.first + self.out.len() as u64;
        let margin = self.around as u64 + APART;
        while self.next + margin + (LONGEST_MS * 2e-3 * self.rate_hz) as u64 <= end {
            if self.taken(self.next) == 0.0 {
                self.next += 1;
                continue;
            }
            let start = self.next;
            let (mut last, mut top) = (start, 0.0_f64);
            while self.next < end && self.next - last < APART {
                let taken = self.taken(self.next);
                if taken > 0.0 {
                    last = self.next;
                    top = top.max(taken);
                }
                self.next += 1;
            }
            self.one(start, last, top);
        }
        let keep = self.next.saturating_sub(self.around as u64);
        while self.first < keep && self.out.pop_front().is_some() {
            self.first += 1;
        }
    }

    fn taken(&self, frame: u64) -> f64 {
        self.place(frame).and_then(|at| self.out.get(at)).map_or(0.0, |(_, taken)| *taken)
    }

    fn place(&self, frame: u64) -> Option<usize> {
        usize::try_from(frame.checked_sub(self.first)?).ok()
    }

    fn one(&mut self, start: u64, last: u64, top: f64) {
        let (Some(start_at), Some(last_at)) = (self.place(start), self.place(last)) else { return };
        let (from, to) = (start_at.saturating_sub(self.around), (last_at + self.around).min(self.out.len()));
        let power: f64 = self.out.range(from..to).map(|(x, _)| x * x).sum();
        let rms = (power / (to - from).max(1) as f64).sqrt();
        if top > rms * math::db_to_gain(OVER_DB) {
            self.found += 1;
            let latency = self.declick.latency_frames() as u64;
            self.first_seconds.get_or_insert(start.saturating_sub(latency) as f64 / self.rate_hz);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals::{noise, sine};

    const RATE: f64 = 48_000.0;

    fn heard(plane: &[f64], block: usize) -> (u64, Option<f64>) {
        let mut ear = Ear::new(RATE);
        plane.chunks(block).for_each(|part| ear.push(part));
        ear.finish()
    }

    /// A tone over soft noise, with pulses of three samples so high at the places.
    fn pulsed(height: f64, places: &[usize]) -> Vec<f64> {
        let mut plane = sine(220.0, 0.2, 0.0, 3.0, RATE);
        plane.iter_mut().zip(&noise(0.001, 5, 144_000)).for_each(|(x, hiss)| *x += hiss);
        for at in places {
            for (k, share) in [1.0, -0.8, 0.4].into_iter().enumerate() {
                plane[at + k] += height * share;
            }
        }
        plane
    }

    #[test]
    fn clicks_over_the_sound_are_counted_and_the_first_is_placed() {
        let places = [30_000, 60_011, 100_000];
        for block in [144_000, 1000, 77] {
            let (count, first) = heard(&pulsed(0.6, &places), block);
            assert_eq!(count, 3);
            assert!((first.unwrap() - 30_000.0 / RATE).abs() < 0.001, "{first:?}");
        }
        assert_eq!(heard(&pulsed(0.0, &[]), 512), (0, None));
    }

    #[test]
    fn a_pulse_lower_than_the_sound_is_part_of_it() {
        // A tone of 0.2 has an RMS of 0.141; the limit is 0.2.
        assert_eq!(heard(&pulsed(0.1, &[30_000, 60_011]), 512).0, 0);
        assert_eq!(heard(&pulsed(0.3, &[30_000, 60_011]), 512).0, 2);
    }

    #[test]
    fn a_click_near_the_end_is_found() {
        assert_eq!(heard(&pulsed(0.6, &[143_000]), 512).0, 1);
    }
}
