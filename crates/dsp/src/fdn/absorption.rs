//! Filters that make every line lose the same decibels per second, band by band.

use super::LINES;
use crate::math;

/// Decay times of three bands and where they meet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decay {
    /// Time to fall 60 dB below `low_crossover_hz`.
    pub low_seconds: f64,
    /// Time to fall 60 dB between the crossovers.
    pub mid_seconds: f64,
    /// Time to fall 60 dB above `high_crossover_hz`.
    pub high_seconds: f64,
    /// Middle of the transition from low to mid.
    pub low_crossover_hz: f64,
    /// Middle of the transition from mid to high.
    pub high_crossover_hz: f64,
}

/// Numerator `b0 b1 b2`, then denominator `a1 a2`.
pub(crate) type Section = [f64; 5];

/// Q of the shelves. By calibration, 2026-11-21: steeper than Butterworth (0.707), so that the octave next to a crossover
/// keeps its decay time within 5 %, for 2.5 % of overshoot in the difference of two bands.
const Q: f64 = 0.85;
/// Difference of two bands, in times the smallest loss, from which the overshoot could eat the loss up; then there is none.
const STEEP: f64 = 8.0;

/// Shelf of `gain_db`, half of it at `hz`, where no band loses less than `least_loss_db`. R. Bristow-Johnson, "Audio EQ
/// cookbook", low and high shelf.
pub(crate) fn shelf(high: bool, gain_db: f64, least_loss_db: f64, hz: f64, sample_rate_hz: f64) -> Section {
    let q = if gain_db.abs() < STEEP * least_loss_db { Q } else { 1.0 / math::SQRT_2 };
    let a = math::db_to_gain(gain_db / 2.0);
    let w = math::TAU * (hz / sample_rate_hz).min(0.49);
    let (cos, alpha) = (math::cos(w), 0.5 * math::sin(w) / q);
    let sign = if high { -1.0 } else { 1.0 };
    let (plus, minus, root) = (a + 1.0, a - 1.0, 2.0 * a.sqrt() * alpha);
    let a0 = plus + sign * minus * cos + root;
    [
        a * (plus - sign * minus * cos + root) / a0,
        sign * 2.0 * a * (minus - sign * plus * cos) / a0,
        a * (plus - sign * minus * cos - root) / a0,
        -sign * 2.0 * (minus + sign * plus * cos) / a0,
        (plus + sign * minus * cos - root) / a0,
    ]
}

/// Gain in decibels and group delay in frames of a section at `hz`.
fn respond(section: &Section, hz: f64, sample_rate_hz: f64) -> (f64, f64) {
    let w = math::TAU * hz / sample_rate_hz;
    let part = |c: [f64; 3]| {
        let (re, im) = (
            c[0] + c[1] * math::cos(w) + c[2] * math::cos(2.0 * w),
            -c[1] * math::sin(w) - c[2] * math::sin(2.0 * w),
        );
        // Group delay of a polynomial: the real part of (Σ n c_n z^-n) / (Σ c_n z^-n).
        let (dre, dim) = (
            c[1] * math::cos(w) + 2.0 * c[2] * math::cos(2.0 * w),
            -c[1] * math::sin(w) - 2.0 * c[2] * math::sin(2.0 * w),
        );
        let power = re * re + im * im;
        (power, (dre * re + dim * im) / power)
    };
    let (top, top_delay) = part([section[0], section[1], section[2]]);
    let (bottom, bottom_delay) = part([1.0, section[3], section[4]]);
    (math::power_to_db(top / bottom), top_delay - bottom_delay)
}

/// The two shelves of one line, the broad gain in the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineFilter {
    pub(super) low: Section,
    pub(super) high: Section,
}

impl LineFilter {
    /// For a line of `frames`. Attenuation after Jot and Chaigne, "Digital delay networks for designing artificial
    /// reverberators", AES 90th convention, 1991: 60 dB per decay time over the time one turn takes, with the group
    /// delay of the filter counted in, and what else delays each frequency (`more_frames`, none below 0).
    pub(super) fn design(
        frames: usize,
        more_frames: impl Fn(f64) -> f64,
        decay: &Decay,
        sample_rate_hz: f64,
    ) -> Self {
        let rate = sample_rate_hz;
        let (low_hz, high_hz) = (decay.low_crossover_hz, decay.high_crossover_hz);
        // Where each band is held to its time: well inside it.
        let centres = [
            (low_hz / 3.0).max(20.0),
            (low_hz * high_hz).sqrt(),
            (high_hz * 3.0).min(0.45 * rate).max(high_hz),
        ];
        let seconds = [decay.low_seconds, decay.mid_seconds, decay.high_seconds];
        let turns = centres.map(|hz| frames as f64 + more_frames(hz));
        let plain: [f64; 3] = std::array::from_fn(|band| -60.0 * turns[band] / (seconds[band] * rate));
        let mut gains = plain;
        let mut filter = Self::from_gains(gains, low_hz, high_hz, rate);
        // Fixed point: each pass takes the rest of the error out, less what the bands leak into each other.
        for _ in 0..6 {
            for band in 0..3 {
                let (db, delay) = filter.respond(centres[band], rate);
                let wanted = -60.0 * (turns[band] + delay) / (seconds[band] * rate);
                // Never more than twice the decay time on the level part, whatever the slope asks.
                gains[band] = (gains[band] + wanted - db).min(0.5 * plain[band]);
            }
            filter = Self::from_gains(gains, low_hz, high_hz, rate);
        }
        filter
    }

    fn from_gains([low, mid, high]: [f64; 3], low_hz: f64, high_hz: f64, rate: f64) -> Self {
        let least = low.abs().min(mid.abs()).min(high.abs());
        let mut first = shelf(false, low - mid, least, low_hz, rate);
        let broad = math::db_to_gain(mid);
        first[..3].iter_mut().for_each(|b| *b *= broad);
        Self { low: first, high: shelf(true, high - mid, least, high_hz, rate) }
    }

    /// Gain in decibels and group delay in frames.
    pub(super) fn respond(&self, hz: f64, sample_rate_hz: f64) -> (f64, f64) {
        let (a, b) = (respond(&self.low, hz, sample_rate_hz), respond(&self.high, hz, sample_rate_hz));
        (a.0 + b.0, a.1 + b.1)
    }
}

/// One second-order section for all lines side by side (transposed direct form II).
#[derive(Debug, Clone)]
pub(super) struct Bank {
    /// `b0 b1 b2 a1 a2`, each for all lines.
    coefficients: [[f64; LINES]; 5],
    target: [[f64; LINES]; 5],
    state: [[f64; LINES]; 2],
    steps_left: u32,
}

/// Pieces over which coefficients move to new ones: 4096 frames, so that no step is heard.
const STEPS: u32 = 64;

impl Bank {
    pub(super) fn new(sections: &[Section; LINES]) -> Self {
        let target = transpose(sections);
        Self { coefficients: target, target, state: [[0.0; LINES]; 2], steps_left: 0 }
    }

    pub(super) fn aim(&mut self, sections: &[Section; LINES]) {
        self.target = transpose(sections);
        self.steps_left = STEPS;
    }

    /// At the start of each piece: a step towards the target, unless it has to wait, and what is too small to hear is
    /// dropped.
    pub(super) fn step(&mut self, moving: bool) {
        if moving && self.steps_left > 0 {
            let share = 1.0 / f64::from(self.steps_left);
            self.steps_left -= 1;
            // A straight line between two stable sections is stable: the stable region of (a1, a2) is a triangle.
            for (row, goals) in self.coefficients.iter_mut().zip(&self.target) {
                for (c, goal) in row.iter_mut().zip(goals) {
                    *c = if self.steps_left == 0 { *goal } else { *c + (goal - *c) * share };
                }
            }
        }
        self.state.iter_mut().flatten().for_each(|s| *s = crate::delay::flush(*s));
    }

    pub(super) fn reset(&mut self) {
        self.coefficients = self.target;
        self.steps_left = 0;
        self.state = [[0.0; LINES]; 2];
    }

    /// Coefficients and state of `LANES` lines from `line` on, to work with in registers.
    #[inline(always)]
    pub(super) fn take(&self, line: usize) -> Lanes {
        let pick = |row: &[f64; LINES]| std::array::from_fn(|lane| row[(line + lane) % LINES]);
        Lanes { coefficients: self.coefficients.each_ref().map(pick), state: self.state.each_ref().map(pick) }
    }

    /// Keeps the state of those lines.
    #[inline(always)]
    pub(super) fn keep(&mut self, line: usize, lanes: &Lanes) {
        for (row, from) in self.state.iter_mut().zip(&lanes.state) {
            row[line..line + LANES].copy_from_slice(from);
        }
    }
}

/// Lines filtered side by side.
pub(super) const LANES: usize = 4;

/// Some lines of a [`Bank`].
pub(super) struct Lanes {
    coefficients: [[f64; LANES]; 5],
    state: [[f64; LANES]; 2],
}

impl Lanes {
    /// One frame of every line.
    #[inline(always)]
    pub(super) fn tick(&mut self, x: [f64; LANES]) -> [f64; LANES] {
        let [b0, b1, b2, a1, a2] = &self.coefficients;
        let [s1, s2] = self.state;
        let y: [f64; LANES] = std::array::from_fn(|i| b0[i] * x[i] + s1[i]);
        // Input and older state first: what waits for the output is one product and one difference.
        self.state = [
            std::array::from_fn(|i| (b1[i] * x[i] + s2[i]) - a1[i] * y[i]),
            std::array::from_fn(|i| b2[i] * x[i] - a2[i] * y[i]),
        ];
        y
    }
}

fn transpose(sections: &[Section; LINES]) -> [[f64; LINES]; 5] {
    std::array::from_fn(|c| std::array::from_fn(|line| sections[line][c]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_loses_60_db_per_decay_time_well_inside_each_band() {
        let decay = Decay {
            low_seconds: 3.0,
            mid_seconds: 1.5,
            high_seconds: 0.6,
            low_crossover_hz: 250.0,
            high_crossover_hz: 4000.0,
        };
        for frames in [300_usize, 1009, 3001] {
            let filter = LineFilter::design(frames, |_| 0.0, &decay, 48_000.0);
            for (hz, seconds) in [(31.5, 3.0), (80.0, 3.0), (1000.0, 1.5), (12_000.0, 0.6)] {
                let (db, delay) = filter.respond(hz, 48_000.0);
                let measured = -60.0 * (frames as f64 + delay) / (db * 48_000.0);
                assert!((measured / seconds - 1.0).abs() < 0.02, "{frames} {hz}: {measured} s for {seconds}");
            }
        }
    }

    #[test]
    fn no_line_gains_at_any_frequency_at_the_corners_of_the_ranges() {
        for (low_crossover_hz, high_crossover_hz) in [(50.0, 1500.0), (1000.0, 1500.0), (1000.0, 16_000.0)] {
            for code in 0..216 {
                let time = |place: usize| [0.1, 0.3, 1.0, 2.5, 7.0, 20.0][code / place % 6];
                let decay = Decay {
                    low_seconds: time(1),
                    mid_seconds: time(6),
                    high_seconds: time(36),
                    low_crossover_hz,
                    high_crossover_hz,
                };
                for (rate, frames) in
                    [(44_100.0, 170_usize), (44_100.0, 3001), (44_100.0, 6007), (192_000.0, 27_001)]
                {
                    {
                        let filter = LineFilter::design(frames, |_| 0.0, &decay, rate);
                        for step in 1..100 {
                            let hz = 20.0 * libm::pow(rate / 40.0, f64::from(step) / 100.0);
                            let (db, _) = filter.respond(hz, rate);
                            assert!(db < 0.0, "{decay:?} {rate} {frames} {hz}: {db} dB");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_middle_of_each_band_loses_its_decibels_with_the_way_through_the_filter_counted() {
        let decay = Decay {
            low_seconds: 3.0,
            mid_seconds: 1.5,
            high_seconds: 0.6,
            low_crossover_hz: 250.0,
            high_crossover_hz: 4000.0,
        };
        for frames in [60_usize, 300] {
            let filter = LineFilter::design(frames, |_| 0.0, &decay, 48_000.0);
            for (hz, seconds) in [(250.0 / 3.0, 3.0), (1000.0, 1.5), (12_000.0, 0.6)] {
                let (db, delay) = filter.respond(hz, 48_000.0);
                let measured = -60.0 * (frames as f64 + delay) / (db * 48_000.0);
                assert!((measured / seconds - 1.0).abs() < 1e-6, "{frames} {hz}: {measured} s for {seconds}");
            }
        }
    }

    #[test]
    fn far_below_and_above_nothing_decays_in_more_than_twice_its_time() {
        // At 0 Hz and at half the rate the shelves are at their full gain: half of 60 dB per decay time at least.
        for code in 0..216 {
            let time = |place: usize| [0.1, 0.3, 1.0, 2.5, 7.0, 20.0][code / place % 6];
            let decay = Decay {
                low_seconds: time(1),
                mid_seconds: time(6),
                high_seconds: time(36),
                low_crossover_hz: 1000.0,
                high_crossover_hz: 1500.0,
            };
            for frames in [170_usize, 3001] {
                let filter = LineFilter::design(frames, |_| 0.0, &decay, 44_100.0);
                for (hz, seconds) in [(0.0, decay.low_seconds), (22_050.0, decay.high_seconds)] {
                    let least = 30.0 * frames as f64 / (seconds * 44_100.0);
                    let (db, _) = filter.respond(hz, 44_100.0);
                    assert!(-db > least * (1.0 - 1e-4), "{decay:?} {frames} {hz}: {db} dB, {least}");
                }
            }
        }
    }
}
