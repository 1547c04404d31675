//! What happens in one band.

use super::ImagerBand;
use dsp::crossover::STRIDE;
use dsp::delay::{DelayLine, flush};
use dsp::envelope::keep_of_time;
use dsp::math::{FRAC_PI_4, cos, sin};
use dsp::smooth::Glide;

/// Time constant of changes. By our own convention: long enough not to click on bass.
const GLIDE_MS: f64 = 10.0;
/// Over how long the correlation is judged, by convention: the integration time of correlation meters, a third of a second.
const GUARD_MS: f64 = 300.0;
/// Delays of the decorrelator, milliseconds: one plain, three all-passes. By calibration, 2026-11-21: no common divisor, all
/// below the 20 to 30 ms at which an echo is heard by itself (H. Haas, Acustica 1, 1951).
const DELAYS_MS: [f64; 4] = [3.1, 4.7, 7.3, 11.9];
/// Coefficient of the all-passes, half way between a delay (0) and ringing (1), by calibration as above.
const ALL_PASS: f64 = 0.5;

/// A delay and three all-passes in a row (M. R. Schroeder, "Natural Sounding Artificial Reverberation", JAES 10(3) 1962): every
/// frequency passes with gain 1, noise comes out with nothing in common with what went in.
#[derive(Debug)]
pub(super) struct Decorrelator {
    lines: [DelayLine; 4],
    frames: [usize; 4],
}

impl Decorrelator {
    pub(super) fn new(rate: f64) -> Self {
        let frames = DELAYS_MS.map(|ms| (ms * 1e-3 * rate).round().max(1.0) as usize);
        Self { lines: frames.map(DelayLine::new), frames }
    }

    #[inline]
    pub(super) fn next(&mut self, x: f64) -> f64 {
        let [(first, late), rest @ ..] = [0, 1, 2, 3].map(|n| (n, self.frames[n]));
        let mut y = self.lines[first].read(late - 1);
        self.lines[first].push(x);
        for (n, late) in rest {
            let old = self.lines[n].read(late - 1);
            let inside = flush(y + ALL_PASS * old);
            self.lines[n].push(inside);
            y = old - ALL_PASS * inside;
        }
        y
    }

    fn reset(&mut self) {
        self.lines.iter_mut().for_each(DelayLine::reset);
    }
}

/// Largest share of the difference with which the correlation of left and right stays at `floor` or above.
///
/// With left = m + q s and right = m - q s: correlation = (mm - q² ss) / √((mm + q² ss)² - 4 q² ms²). Setting it to the
/// floor gives a quadratic in q² ss; by hand.
pub(super) fn most_width([mm, ss, ms]: [f64; 3], floor: f64) -> f64 {
    if floor <= -1.0 || ss <= 1e-20 {
        return 1.0;
    }
    let f2 = floor * floor;
    let half = mm * (1.0 + f2) - 2.0 * f2 * (ms * ms / ss).min(mm);
    let room = (half * half - (1.0 - f2) * (1.0 - f2) * mm * mm).max(0.0).sqrt();
    let most = if floor >= 0.0 { half - room } else { half + room } / (1.0 - f2);
    (most.max(0.0) / ss).sqrt().min(1.0)
}

/// Running state of one band.
#[derive(Debug)]
pub(super) struct Band {
    width: Glide,
    stereoise: Glide,
    /// What left and right get of left and right: balance times rotation times solo.
    matrix: [Glide; 4],
    decorrelator: Decorrelator,
    /// Running powers of middle and side and their product.
    powers: [f64; 3],
    sums: [f64; 3],
    keep: f64,
    floor: f64,
    guard: f64,
    step: f64,
}

fn matrix(band: &ImagerBand, heard: f64) -> [f64; 4] {
    let (c, s) = if band.rotation == 0.0 {
        (1.0, 0.0)
    } else {
        (cos(FRAC_PI_4 * band.rotation), sin(FRAC_PI_4 * band.rotation))
    };
    let (left, right) = (heard * (1.0 - band.balance).min(1.0), heard * (1.0 + band.balance).min(1.0));
    [left * c, -left * s, right * s, right * c]
}

impl Band {
    pub(super) fn new(band: &ImagerBand, heard: f64, floor: f64, rate: f64) -> Self {
        let glide = |value| Glide::new(value, GLIDE_MS, rate);
        Self {
            width: glide(band.width_percent * 0.01),
            stereoise: glide(band.stereoise_percent * 0.01),
            matrix: matrix(band, heard).map(glide),
            decorrelator: Decorrelator::new(rate),
            powers: [0.0; 3],
            sums: [0.0; 3],
            keep: keep_of_time(GUARD_MS, rate / STRIDE as f64),
            floor,
            guard: 1.0,
            step: 0.0,
        }
    }

    pub(super) fn retune(&mut self, band: &ImagerBand, heard: f64, floor: f64) {
        self.width.set_target(band.width_percent * 0.01);
        self.stereoise.set_target(band.stereoise_percent * 0.01);
        self.matrix.iter_mut().zip(matrix(band, heard)).for_each(|(glide, goal)| glide.set_target(goal));
        self.floor = floor;
    }

    /// Middle and side become left and right; `mono` joins them in the middle.
    pub(super) fn run(&mut self, [middle, side]: [&mut [f64; STRIDE]; 2], mono: &[f64]) {
        for ((m, s), mono) in middle.iter_mut().zip(side).zip(mono) {
            let apart = self.decorrelator.next(*m);
            let wide = self.width.next_value() * *s + self.stereoise.next_value() * apart;
            for (sum, x) in self.sums.iter_mut().zip([*m * *m, wide * wide, *m * wide]) {
                *sum += x;
            }
            self.guard += self.step;
            let wide = self.guard * wide;
            (*m, *s) = self.turn(mono + *m + wide, mono + *m - wide);
        }
    }

    #[inline]
    fn turn(&mut self, left: f64, right: f64) -> (f64, f64) {
        let [ll, lr, rl, rr] = self.matrix.each_mut().map(Glide::next_value);
        (ll * left + lr * right, rl * left + rr * right)
    }

    /// Judges the correlation. After every [`STRIDE`] frames.
    pub(super) fn settle(&mut self) {
        for (power, sum) in self.powers.iter_mut().zip(&mut self.sums) {
            *power = flush(*power * self.keep + *sum * (1.0 - self.keep));
            *sum = 0.0;
        }
        let goal = most_width(self.powers, self.floor);
        // Lands, so that rounding does not run away.
        self.step = (goal - self.guard) / STRIDE as f64;
        if self.step.abs() < 1e-12 {
            (self.guard, self.step) = (goal, 0.0);
        }
    }

    pub(super) fn reset(&mut self) {
        self.decorrelator.reset();
        (self.powers, self.sums, self.guard, self.step) = ([0.0; 3], [0.0; 3], 1.0, 0.0);
        self.width.snap(self.width.target());
        self.stereoise.snap(self.stereoise.target());
        self.matrix.iter_mut().for_each(|glide| glide.snap(glide.target()));
    }
}
