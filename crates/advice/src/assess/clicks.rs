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
/// Where tops stand less than this over the RMS the wave was driven until it is nearly square, and has edges of its own, dB: a sine's
/// stand 3 dB over it, and music that was driven by 30 dB has 1 to 2.4. See docs/decisions/053.
const SQUARE_DB: f64 = 2.6;
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
    lone: Lone,
    /// Frame of the oldest in `out`.
    first: u64,
    /// Frame from which on nothing was judged.
    next: u64,
    /// First frames of what was found.
    found: Vec<u64>,
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
            lone: Lone::new(rate_hz),
            first: 0,
            next: 0,
            found: Vec::new(),
            work: Vec::new(),
        }
    }

    /// The next frames.
    pub(super) fn push(&mut self, plane: &[f64]) {
        self.lone.push(plane);
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
        let latency = self.declick.latency_frames() as u64;
        let mut found: Vec<u64> = self.found.iter().map(|frame| frame.saturating_sub(latency)).collect();
        // What both heard is one.
        let same = (SAME_MS * 1e-3 * self.rate_hz) as u64;
        let known = |frame: u64| {
            let next = found.partition_point(|known| *known < frame);
            let near = |at: usize| found.get(at).is_some_and(|known| known.abs_diff(frame) <= same);
            near(next) || next.checked_sub(1).is_some_and(near)
        };
        let more: Vec<u64> = self.lone.found.iter().copied().filter(|frame| !known(*frame)).collect();
        found.extend(more);
        (found.len() as u64, found.iter().min().map(|frame| *frame as f64 / self.rate_hz))
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
        let tops = self.out.range(from..to).fold(0.0_f64, |tops, (x, _)| tops.max(x.abs()));
        let square = tops < rms * math::db_to_gain(SQUARE_DB);
        if top > rms * math::db_to_gain(OVER_DB) && !square {
            self.found.push(start);
        }
    }
}

/// Pulses that stand alone: far over what is on both sides of them. What goes on differently after a pulse the repair leaves alone, for
/// it could be the beginning of a sound; a sound does not end within a millisecond.
struct Lone {
    frames: usize,
    filled: usize,
    power: f64,
    peak: f64,
    /// Power and highest power of the last steps.
    steps: VecDeque<(f64, f64)>,
    done: u64,
    /// First frames of what was found.
    found: Vec<u64>,
}

/// Steps of half a millisecond: a pulse has at most three of them, and 10 ms on either side are held against it.
const STEP_SECONDS: f64 = 0.0005;
const BESIDE: usize = 20;
const PULSE: usize = 3;
/// A lone pulse is so far over the RMS on both sides, dB: 7 dB over the tops of noise. By our own convention, see docs/decisions/053.
const LONE_DB: f64 = 20.0;
/// What is softer is no click at all, dBFS.
const LEAST_DBFS: f64 = -60.0;
/// Two that are as near to each other as this are one, ms.
const SAME_MS: f64 = 2.0;

impl Lone {
    fn new(rate_hz: f64) -> Self {
        let frames = ((STEP_SECONDS * rate_hz) as usize).max(1);
        Self { frames, filled: 0, power: 0.0, peak: 0.0, steps: VecDeque::new(), done: 0, found: Vec::new() }
    }

    fn push(&mut self, plane: &[f64]) {
        for x in plane {
            let power = x * x;
            self.power += power;
            self.peak = self.peak.max(power);
            self.filled += 1;
            if self.filled == self.frames {
                self.steps.push_back((self.power / self.frames as f64, self.peak));
                (self.filled, self.power, self.peak) = (0, 0.0, 0.0);
                self.done += 1;
                self.judge();
            }
        }
    }

    fn judge(&mut self) {
        if self.steps.len() > 2 * BESIDE + PULSE {
            self.steps.pop_front();
        }
        let middle = BESIDE + PULSE / 2;
        let (Some(now), Some(before), Some(after)) =
            (self.steps.get(middle), self.steps.get(middle - 1), self.steps.get(middle + 1))
        else {
            return;
        };
        // The highest step of the pulse stands for it.
        let highest = now.1 > before.1 && now.1 >= after.1 && now.1 > math::db_to_power(LEAST_DBFS);
        if self.steps.len() < 2 * BESIDE + PULSE || !highest {
            return;
        }
        let mean = |from: usize| {
            self.steps.range(from..from + BESIDE).map(|(power, _)| power).sum::<f64>() / BESIDE as f64
        };
        let beside = f64::max(mean(0), mean(BESIDE + PULSE));
        if now.1 > beside * math::db_to_power(LONE_DB) {
            self.found.push((self.done - BESIDE as u64 - 1 - (PULSE / 2) as u64) * self.frames as u64);
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
    fn a_lone_pulse_is_found_where_a_sound_begins_after_it_and_in_silence() {
        // Noise that becomes 20 dB louder 3 ms after the pulse: the repair leaves it alone.
        let mut plane: Vec<f64> = noise(0.001, 5, 96_000);
        plane[48_150..].iter_mut().for_each(|x| *x *= 10.0);
        let quiet = heard(&plane, 512);
        assert_eq!(quiet, (0, None), "the beginning itself is none");
        for (k, share) in [1.0, -0.8, 0.4].into_iter().enumerate() {
            plane[48_000 + k] += 0.2 * share;
        }
        for block in [96_000, 333] {
            let (count, first) = heard(&plane, block);
            assert_eq!(count, 1);
            assert!((first.unwrap() - 1.0).abs() < 0.001, "{first:?}");
        }
        let mut silence = vec![0.0; 96_000];
        silence[30_000] = 0.1;
        assert_eq!(heard(&silence, 512).0, 1);
        // A stroke of a triangle rings on.
        let ring: Vec<f64> =
            (0..48_000).map(|n| math::exp(-(n as f64) / 2400.0) * math::sin(0.6 * n as f64) * 0.3).collect();
        silence[50_000..].iter_mut().zip(&ring).for_each(|(x, y)| *x += y);
        assert_eq!(heard(&silence, 512).0, 1);
    }

    #[test]
    fn a_wave_that_is_nearly_square_has_edges_and_no_clicks() {
        // Three tones and noise, driven by 40 dB into a curve that never becomes flat.
        let mut plane = vec![0.0; 144_000];
        for (n, hz) in [92.0, 331.0, 1700.0].into_iter().enumerate() {
            let tone = sine(hz, 0.3 / (n as f64 + 1.0), 0.3 * n as f64, 3.0, RATE);
            plane.iter_mut().zip(&tone).for_each(|(x, y)| *x += y);
        }
        plane.iter_mut().for_each(|x| *x = 100.0 * *x / (1.0 + 100.0 * x.abs()));
        assert_eq!(heard(&plane, 512).0, 0);
    }

    #[test]
    fn a_click_near_the_end_is_found() {
        assert_eq!(heard(&pulsed(0.6, &[143_000]), 512).0, 1);
    }
}
