//! Slow oscillators that move a parameter, and the read of a delay line that moves.

use crate::delay::{DelayLine, sinc_fraction};
use crate::math;
use crate::rng::CounterRng;

/// Form of the movement, always within -1 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wave {
    /// Sine.
    #[default]
    Sine,
    /// Straight up and down.
    Triangle,
    /// From end to end, with edges of a tenth of a period so that nothing clicks.
    Square,
    /// A new random place every period, with smooth ways between.
    Drift,
}

/// `sin(2π turns)` within 1e-9, without a call to the library.
///
/// Taylor series to the thirteenth power on a quarter turn to either side.
#[inline]
#[must_use]
pub fn sine_of_turns(turns: f64) -> f64 {
    let mut x = turns - (turns + 0.5).floor();
    if x > 0.25 {
        x = 0.5 - x;
    } else if x < -0.25 {
        x = -0.5 - x;
    }
    let y = math::TAU * x;
    let s = y * y;
    // 1/3!, 1/5!, … with alternating signs.
    let tail = 1.0 / 362_880.0 + s * (-1.0 / 39_916_800.0 + s * (1.0 / 6_227_020_800.0));
    y * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s * tail))))
}

/// From 0 to 1 with level ends.
#[inline]
fn smooth_step(x: f64) -> f64 {
    x * x * (3.0 - 2.0 * x)
}

/// A slow oscillator. Many parts can look at it, each with an offset of its own.
#[derive(Debug, Clone)]
pub struct Lfo {
    phase: f64,
    cycle: u64,
    step: f64,
    seed: u64,
}

impl Lfo {
    /// Starts at phase zero; `seed` is for [`Wave::Drift`] only.
    #[must_use]
    pub fn new(rate_hz: f64, sample_rate_hz: f64, seed: u64) -> Self {
        Self { phase: 0.0, cycle: 0, step: rate_hz / sample_rate_hz, seed }
    }

    /// Another speed from here on.
    pub fn set_rate(&mut self, rate_hz: f64, sample_rate_hz: f64) {
        self.step = rate_hz / sample_rate_hz;
    }

    /// Back to the start.
    pub fn reset(&mut self) {
        (self.phase, self.cycle) = (0.0, 0);
    }

    /// Value now, `offset` turns (0 or more) ahead. `part` gives the drift of every part a life of its own.
    #[inline]
    #[must_use]
    pub fn at(&self, wave: Wave, offset: f64, part: u64) -> f64 {
        let turns = self.phase + offset;
        let phase = turns - turns.floor();
        match wave {
            Wave::Sine => sine_of_turns(phase),
            Wave::Triangle => {
                let from_peak = (phase - 0.25).abs();
                let distance = from_peak.min(1.0 - from_peak);
                1.0 - 4.0 * distance
            }
            Wave::Square => {
                // A triangle cut off at a fifth of its height has edges of a tenth of a period.
                let cut = (5.0 * self.at(Wave::Triangle, offset, part)).clamp(-1.0, 1.0);
                2.0 * smooth_step(0.5 + 0.5 * cut) - 1.0
            }
            Wave::Drift => {
                let cycle = self.cycle.wrapping_add(turns as u64);
                let rng = CounterRng::new(self.seed, part);
                let (from, to) = (rng.bipolar(cycle), rng.bipolar(cycle.wrapping_add(1)));
                from + (to - from) * smooth_step(phase)
            }
        }
    }

    /// One frame on.
    #[inline]
    pub fn advance(&mut self) {
        self.phase += self.step;
        if self.phase >= 1.0 {
            self.phase -= 1.0;
            self.cycle = self.cycle.wrapping_add(1);
        }
    }
}

/// Taps of a [`Reader`].
const TAPS: usize = 16;
/// Fractions it has taps for; between two of them the taps are interpolated.
const FRACTIONS: usize = 256;

/// Reads a delay line between its samples with 16 taps: flat within 0.02 dB to 15 kHz at 44.1 kHz wherever it stands, some
/// 20 ns a read.
///
/// Windowed sinc, Laakso, Välimäki, Karjalainen and Laine, "Splitting the unit delay", IEEE Signal Processing Magazine
/// 13(1), 1996.
#[derive(Debug, Clone)]
pub struct Reader {
    table: Vec<[f64; TAPS]>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// The least delay it can read, frames.
    pub const LEAST_FRAMES: f64 = (TAPS / 2 - 1) as f64;
    /// Frames a line must hold beyond the longest delay read.
    pub const BEYOND_FRAMES: usize = TAPS / 2 + 1;

    /// Works out the taps.
    #[must_use]
    pub fn new() -> Self {
        let taps = |n: usize| {
            let mut taps = [0.0; TAPS];
            taps.copy_from_slice(&sinc_fraction(n as f64 / FRACTIONS as f64, TAPS));
            taps
        };
        // The last is the first, one frame on: whole delays stay exact from both sides.
        let mut table: Vec<_> = (0..FRACTIONS).map(taps).collect();
        let mut last = [0.0; TAPS];
        if let Some(first) = table.first() {
            last[1..].copy_from_slice(&first[..TAPS - 1]);
        }
        table.push(last);
        Self { table }
    }

    /// What went into `line` this many frames ago (0 is the newest), at least [`LEAST_FRAMES`](Self::LEAST_FRAMES).
    #[inline]
    #[must_use]
    pub fn read(&self, line: &DelayLine, frames: f64) -> f64 {
        let frames = frames.max(Self::LEAST_FRAMES);
        let whole = frames.floor();
        let place = (frames - whole) * FRACTIONS as f64;
        let index = (place as usize).min(FRACTIONS - 1);
        let share = place - index as f64;
        let (a, b) = (&self.table[index], &self.table[index + 1]);
        let mut taps = [0.0; TAPS];
        for ((tap, a), b) in taps.iter_mut().zip(a).zip(b) {
            *tap = a + (b - a) * share;
        }
        line.read_taps(whole as usize, &taps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sine_is_the_sine() {
        for n in -4000..4000 {
            let turns = f64::from(n) * 0.001_3;
            assert!((sine_of_turns(turns) - math::sin(math::TAU * turns)).abs() < 1e-9, "{turns}");
        }
    }

    #[test]
    fn every_wave_has_its_turning_points_and_its_period() {
        let mut lfo = Lfo::new(1.0, 1000.0, 1);
        for (phase, sine, triangle, square) in [
            (0, 0.0, 0.0, 0.0),
            (125, std::f64::consts::FRAC_1_SQRT_2, 0.5, 1.0),
            (250, 1.0, 1.0, 1.0),
            (750, -1.0, -1.0, -1.0),
            (1250, 1.0, 1.0, 1.0),
        ] {
            lfo.reset();
            (0..phase).for_each(|_| lfo.advance());
            for (wave, wanted) in [(Wave::Sine, sine), (Wave::Triangle, triangle), (Wave::Square, square)] {
                let found = lfo.at(wave, 0.0, 0);
                assert!((found - wanted).abs() < 1e-7, "{wave:?} at {phase}: {found}");
                // An offset is the same as waiting.
                let ahead = Lfo::new(1.0, 1000.0, 1).at(wave, f64::from(phase) / 1000.0, 0);
                assert!((found - ahead).abs() < 1e-9, "{wave:?}");
            }
        }
    }

    #[test]
    fn drift_is_smooth_meets_its_points_and_differs_from_part_to_part() {
        let mut lfo = Lfo::new(2.0, 1000.0, 9);
        let mut values = [Vec::new(), Vec::new()];
        for _ in 0..5000 {
            values[0].push(lfo.at(Wave::Drift, 0.0, 0));
            values[1].push(lfo.at(Wave::Drift, 0.0, 1));
            lfo.advance();
        }
        let rng = CounterRng::new(9, 0);
        for cycle in 0..10_usize {
            assert!((values[0][cycle * 500] - rng.bipolar(cycle as u64)).abs() < 1e-6);
        }
        // Steepest: 1.5 times the step of at most 2, in 500 frames.
        assert!(values[0].windows(2).all(|pair| (pair[1] - pair[0]).abs() < 0.006_1));
        assert!(values[0] != values[1]);
    }

    #[test]
    fn the_reader_is_flat_at_every_fraction_and_exact_at_whole_frames() {
        let reader = Reader::new();
        let rate = 44_100.0;
        for hz in [100.0, 5000.0, 15_000.0] {
            let tone = |n: f64| math::sin(math::TAU * hz * n / rate);
            let mut line = DelayLine::new(64);
            (0..64).for_each(|n| line.push(tone(f64::from(n))));
            for step in 0..200 {
                let frames = 8.0 + f64::from(step) * 0.0537;
                let wanted = tone(63.0 - frames);
                assert!((reader.read(&line, frames) - wanted).abs() < 2.5e-3, "{hz} {frames}");
            }
            assert!((reader.read(&line, 20.0) - tone(43.0)).abs() < 1e-12);
            assert!((reader.read(&line, 19.999_999_999) - tone(43.0)).abs() < 1e-6);
        }
    }

    #[test]
    fn square_edges_take_a_tenth_and_drift_has_no_corners() {
        let mut lfo = Lfo::new(250.0, 1000.0, 7);
        // 3x² - 2x³ at x = 0.75 is 0.84375.
        for (offset, want) in [(0.025, 0.6875), (0.05, 1.0), (-0.025, -0.6875), (0.2, 1.0)] {
            assert!((lfo.at(Wave::Square, offset, 0) - want).abs() < 1e-9, "{offset}");
        }
        let [start, quarter, end] = [0.0, 0.25, 1.0].map(|offset| lfo.at(Wave::Drift, offset, 3));
        assert!(((quarter - start) / (end - start) - 0.15625).abs() < 1e-9);
        // An offset of a turn is the next turn.
        (0..4).for_each(|_| lfo.advance());
        assert_eq!(lfo.at(Wave::Drift, 0.0, 3), end);
        // Another speed from here on.
        lfo.reset();
        lfo.set_rate(125.0, 1000.0);
        (0..2).for_each(|_| lfo.advance());
        assert!((lfo.at(Wave::Sine, 0.0, 0) - 1.0).abs() < 1e-9);
    }
}
