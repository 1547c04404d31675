//! Springs: waves that run along a wire, the higher the slower, up to a transition.
//!
//! The structure of V. Välimäki, J. Parker and J. S. Abel, "Parametric spring reverberation effect", JAES 58(7/8), 2010: for
//! each spring a loop of a delay and many stretched all-pass sections, whose delay grows towards the transition frequency,
//! and above it a quiet second loop of plain sections in which bass comes last. Two springs for each channel.
//!
//! Decay is by design, not by fitting: every delay of `n` frames, those inside the all-pass sections too, loses the share
//! `c^n`. So the loop without loss, whose modes ring for ever, becomes one in which each mode decays in the same time,
//! however late its frequency comes round: z becomes z/c in the whole transfer function.

mod loops;
#[cfg(test)]
mod tests;

use crate::delay::{Quadrature, flush};
use crate::fdn::{PIECE, Ring, Section, shelf};
use crate::math;
use loops::{Chain, Cut};

/// One value for each spring.
type Row = [f64; LANES];

/// Springs side by side: two for each of two channels.
pub const LANES: usize = 4;
/// Transition frequency, near that of a common tank (Välimäki, Parker and Abel 2010, table 1: 4.1 to 4.7 kHz).
pub const TRANSITION_HZ: f64 = 4300.0;
/// Stretched sections of a low loop. Of the order of the paper's 100; by calibration, 2026-11-21.
const LOW_SECTIONS: usize = 72;
/// Plain sections of a high loop, likewise (the paper: 200).
const HIGH_SECTIONS: usize = 48;
/// Where the phase of a plain section has turned by a quarter. By calibration, 2026-11-21.
const HIGH_CORNER_HZ: f64 = 7000.0;
/// Delay of each low loop at length 1: the paper's 56 ms and its neighbours, with no common measure.
const LENGTHS_MS: [f64; LANES] = [41.3, 56.1, 44.7, 51.9];
/// Length of a low loop in times that of the high loop (the paper, section 2.4).
const HIGH_SHARE: f64 = 2.3;
/// Longest length there is memory for.
pub const MAX_LENGTH: f64 = 2.0;
/// Coefficient of the stretched sections at full chirp; the paper's a1 is 0.75.
const MAX_CHIRP: f64 = 0.8;
/// How far the coefficient swings at full modulation. By calibration, 2026-11-21: two frames of delay.
const MAX_SWING: f64 = 0.012;
/// Pieces of a way to other settings: 4096 frames.
const STEPS: u32 = 64;
/// Pieces of a fade to other lengths: 2048 frames.
const FADE_PIECES: usize = 32;

/// Settings of the springs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Scale of the lengths, above 0 and up to [`MAX_LENGTH`].
    pub length: f64,
    /// Time to fall 60 dB below the crossover.
    pub low_seconds: f64,
    /// Time to fall 60 dB from there to the transition.
    pub mid_seconds: f64,
    /// Time to fall 60 dB above the transition.
    pub high_seconds: f64,
    /// Where bass ends.
    pub low_crossover_hz: f64,
    /// How far the chirps are drawn out, 0 to 1.
    pub chirp: f64,
    /// How far the springs move, 0 to 1.
    pub modulation: f64,
    /// How fast.
    pub modulation_rate_hz: f64,
    /// Gain of the sound above the transition.
    pub drip: f64,
}

/// What a tuning comes to: coefficient of the stretched sections, the losses of their delay and of that of a plain one, of the
/// low and the high line, the levels of both loops, then the five coefficients of bass against the middle.
type Terms = [Row; 12];

/// The springs of two channels.
///
/// Cost: about 72 + 48 all-pass sections of two products for each of four springs, 1000 products a frame in all.
#[derive(Debug, Clone)]
pub struct Springs {
    tuning: Tuning,
    rate: f64,
    low: Chain,
    high: Chain,
    rings: [[Ring; LANES]; 2],
    lengths: [[usize; LANES]; 2],
    wanted: [[usize; LANES]; 2],
    /// Lengths to fade to, and pieces done.
    fade: Option<([[usize; LANES]; 2], usize)>,
    terms: Terms,
    aim: Terms,
    steps_left: u32,
    oscillators: [Quadrature; LANES],
    /// How far the coefficients are from their middle at both ends of the piece.
    swing: [Row; 2],
    depth: f64,
    shelf: [Row; 2],
    cuts: [Cut; 2],
    frame: usize,
    place: usize,
}

/// Frames a stretched section reaches back: half a period of the transition.
fn stretch(rate: f64) -> usize {
    (rate / (2.0 * TRANSITION_HZ)).round().max(1.0) as usize
}

/// Group delay at `hz` of an all-pass section of coefficient `a` that reaches back `frames`.
fn section_delay(a: f64, frames: f64, hz: f64, rate: f64) -> f64 {
    frames * (1.0 - a * a) / (1.0 + 2.0 * a * math::cos(math::TAU * hz * frames / rate) + a * a)
}

/// Coefficient of the plain sections.
fn plain(rate: f64) -> f64 {
    let g = math::tan(math::PI * (HIGH_CORNER_HZ / rate).min(0.45));
    (g - 1.0) / (g + 1.0)
}

/// Share left after `frames` where 60 dB take `seconds`.
fn left(frames: f64, seconds: f64, rate: f64) -> f64 {
    math::exp(-3.0 * math::LN_10 * frames / (seconds * rate))
}

impl Springs {
    /// Pair number `place` at rest. All memory is taken here.
    #[must_use]
    pub fn new(tuning: Tuning, place: usize, sample_rate_hz: f64) -> Self {
        let rate = sample_rate_hz;
        let longest =
            |share: f64| (1.3 * MAX_LENGTH * LENGTHS_MS[1] * 1e-3 * share * rate) as usize + 2 * PIECE;
        let ring = |share| std::array::from_fn(|_| Ring::new(longest(share)));
        let mut springs = Self {
            tuning,
            rate,
            low: Chain::new(LOW_SECTIONS, stretch(rate)),
            high: Chain::new(HIGH_SECTIONS, 1),
            rings: [ring(1.0), ring(1.0 / HIGH_SHARE)],
            lengths: [[0; LANES]; 2],
            wanted: [[0; LANES]; 2],
            fade: None,
            terms: [[0.0; LANES]; 12],
            aim: [[0.0; LANES]; 12],
            steps_left: 0,
            oscillators: [Quadrature::new(0.0, 0.0, rate); LANES],
            swing: [[0.0; LANES]; 2],
            depth: 0.0,
            shelf: [[0.0; LANES]; 2],
            cuts: [Cut::new(TRANSITION_HZ, false, rate), Cut::new(TRANSITION_HZ, true, rate)],
            frame: 0,
            place,
        };
        springs.retune(tuning);
        springs.reset();
        springs
    }

    fn lengths_of(&self, tuning: &Tuning) -> [[usize; LANES]; 2] {
        // Every further pair is a little longer, so that no two channels sound alike.
        let scale = tuning.length.clamp(0.05, MAX_LENGTH) * (1.0 + 0.037 * (self.place % 8) as f64);
        [1.0, 1.0 / HIGH_SHARE].map(|share| {
            LENGTHS_MS.map(|ms| ((ms * 1e-3 * scale * share * self.rate).round() as usize).max(PIECE + 1))
        })
    }

    fn terms_of(&self, tuning: &Tuning) -> Terms {
        let (rate, reach) = (self.rate, stretch(self.rate) as f64);
        let a = MAX_CHIRP * tuning.chirp.clamp(0.0, 1.0);
        let (mid, high) = (tuning.mid_seconds, tuning.high_seconds);
        let mut terms = [[0.0; LANES]; 12];
        for lane in 0..LANES {
            let [low_line, high_line] = self.wanted.map(|all| all[lane] as f64);
            let turn = |hz| low_line + LOW_SECTIONS as f64 * section_delay(a, reach, hz, rate);
            let over =
                high_line + HIGH_SECTIONS as f64 * section_delay(plain(rate), 1.0, 2.0 * TRANSITION_HZ, rate);
            // Energy of a loop that leaves the share g of the amplitude at each turn: g^2 + g^4 + ..., over two springs.
            let level = |g: f64| (0.5 * (1.0 - g * g)).max(0.0).sqrt() / g.max(0.05);
            let bass_hz = tuning.low_crossover_hz / 3.0;
            let bass_db = -60.0 * turn(bass_hz) / rate * (1.0 / tuning.low_seconds - 1.0 / mid);
            let [b0, b1, b2, a1, a2]: Section =
                shelf(false, bass_db, bass_db.abs(), tuning.low_crossover_hz, rate);
            let of_lane = [
                a,
                left(reach, mid, rate),
                left(1.0, high, rate),
                left(low_line, mid, rate),
                left(high_line, high, rate),
                level(left(turn(1000.0), mid, rate)),
                level(left(over, high, rate)) * tuning.drip,
                b0,
                b1,
                b2,
                a1,
                a2,
            ];
            terms.iter_mut().zip(of_lane).for_each(|(row, x)| row[lane] = x);
        }
        terms
    }

    /// Other settings from the next piece on, without a click and without allocation.
    pub fn retune(&mut self, tuning: Tuning) {
        self.wanted = self.lengths_of(&tuning);
        self.tuning = tuning;
        self.aim = self.terms_of(&tuning);
        self.steps_left = STEPS;
        let rate_hz = tuning.modulation_rate_hz * PIECE as f64;
        self.oscillators.iter_mut().for_each(|o| o.set_rate(rate_hz, self.rate));
    }

    /// Silence, and every movement at its start.
    pub fn reset(&mut self) {
        self.rings.iter_mut().flatten().for_each(Ring::reset);
        self.low.reset();
        self.high.reset();
        self.cuts.iter_mut().for_each(Cut::reset);
        self.shelf = [[0.0; LANES]; 2];
        (self.lengths, self.fade, self.frame) = (self.wanted, None, 0);
        (self.terms, self.steps_left) = (self.aim, 0);
        // Starting phases by the golden ratio: no two alike, none in step.
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        let rate_hz = self.tuning.modulation_rate_hz * PIECE as f64;
        self.oscillators = std::array::from_fn(|lane| {
            let phase = math::TAU * GOLDEN * (lane + LANES * self.place) as f64;
            // No two springs at the same pace.
            Quadrature::new(rate_hz * (1.0 + 0.13 * lane as f64), phase, self.rate)
        });
        self.depth = self.tuning.modulation * MAX_SWING;
        self.move_on();
        self.swing[0] = self.swing[1];
    }

    /// Where the coefficients are at the end of the piece that begins.
    fn move_on(&mut self) {
        // Half of the way to a new depth per 0.1 s or so: 1/64 per piece.
        self.depth += (self.tuning.modulation * MAX_SWING - self.depth) / 64.0;
        self.swing[0] = self.swing[1];
        for (swing, oscillator) in self.swing[1].iter_mut().zip(&mut self.oscillators) {
            *swing = self.depth * oscillator.next_sine();
        }
    }

    fn begin_piece(&mut self) {
        self.low.settle();
        self.high.settle();
        self.cuts.iter_mut().for_each(Cut::settle);
        self.shelf.iter_mut().flatten().for_each(|s| *s = flush(*s));
        if self.steps_left > 0 {
            let share = 1.0 / f64::from(self.steps_left);
            self.steps_left -= 1;
            for (x, goal) in self.terms.iter_mut().flatten().zip(self.aim.iter().flatten()) {
                *x = if self.steps_left == 0 { *goal } else { *x + (goal - *x) * share };
            }
        }
        self.fade = match self.fade {
            Some((to, done)) if done + 1 == FADE_PIECES => {
                self.lengths = to;
                None
            }
            other => other.map(|(to, done)| (to, done + 1)),
        };
        if self.fade.is_none() && self.lengths != self.wanted {
            self.fade = Some((self.wanted, 0));
        }
        if self.frame > 0 {
            self.move_on();
        }
    }

    /// What two inputs sound like through their springs; at most [`PIECE`] frames, outputs are overwritten.
    pub fn process(&mut self, inputs: [&[f64]; 2], outputs: [&mut [f64]; 2]) {
        let frames = inputs[0].len().min(inputs[1].len()).min(PIECE);
        let [left, right] = outputs;
        let mut start = 0;
        while start < frames {
            let place = self.frame % PIECE;
            if place == 0 {
                self.begin_piece();
            }
            let count = (PIECE - place).min(frames - start);
            let low = self.turn_low(inputs, start, count);
            let high = self.turn_high(inputs, start, count);
            for n in 0..count {
                let (l, h) = (self.cuts[0].tick(low[n]), self.cuts[1].tick(high[n]));
                if let (Some(x), Some(y)) = (left.get_mut(start + n), right.get_mut(start + n)) {
                    (*x, *y) = (l[0] + h[0], l[1] + h[1]);
                }
            }
            self.frame = self.frame.wrapping_add(count);
            start += count;
        }
    }

    /// The ends of the lines of one loop, faded between two lengths, with the loss of the way.
    fn ends(&self, which: usize, count: usize) -> [[f64; PIECE]; LANES] {
        let mut ends = [[0.0; PIECE]; LANES];
        for (lane, end) in ends.iter_mut().enumerate() {
            let ring = &self.rings[which][lane];
            let from = ring.look_back(self.lengths[which][lane], count);
            end[..count].copy_from_slice(from);
            if let Some((to, done)) = &self.fade {
                let other = ring.look_back(to[which][lane], count);
                for (n, (x, y)) in end.iter_mut().zip(other).enumerate() {
                    let at = done * PIECE + self.frame % PIECE + n;
                    *x += (y - *x) * at as f64 / (FADE_PIECES * PIECE) as f64;
                }
            }
            let gain = self.terms[3 + which][lane];
            end[..count].iter_mut().for_each(|x| *x *= gain);
        }
        ends
    }

    fn turn_low(&mut self, inputs: [&[f64]; 2], start: usize, count: usize) -> [[f64; 2]; PIECE] {
        let ends = self.ends(0, count);
        let mut out = [[0.0; 2]; PIECE];
        let mut fed = [[0.0; PIECE]; LANES];
        let [chirp, loss, .., b0, b1, b2, a1, a2] = &self.terms;
        let level = &self.terms[5];
        for n in 0..count {
            let share = (self.frame % PIECE + n) as f64 / PIECE as f64;
            let [from, to] = &self.swing;
            let a: Row = std::array::from_fn(|i| chirp[i] + from[i] + (to[i] - from[i]) * share);
            let x = self.low.tick(std::array::from_fn(|i| ends[i][n]), &a, loss);
            let [s1, s2] = &mut self.shelf;
            let y: Row = std::array::from_fn(|i| b0[i] * x[i] + s1[i]);
            *s1 = std::array::from_fn(|i| (b1[i] * x[i] + s2[i]) - a1[i] * y[i]);
            *s2 = std::array::from_fn(|i| b2[i] * x[i] - a2[i] * y[i]);
            out[n] = [level[0] * y[0] + level[1] * y[1], level[2] * y[2] - level[3] * y[3]];
            for (i, fed) in fed.iter_mut().enumerate() {
                // The far end turns the wave over.
                fed[n] = flush(inputs[i / 2][start + n] - y[i]);
            }
        }
        self.rings[0].iter_mut().zip(&fed).for_each(|(ring, fed)| ring.append(&fed[..count]));
        out
    }

    fn turn_high(&mut self, inputs: [&[f64]; 2], start: usize, count: usize) -> [[f64; 2]; PIECE] {
        let ends = self.ends(1, count);
        let mut out = [[0.0; 2]; PIECE];
        let mut fed = [[0.0; PIECE]; LANES];
        let a = [plain(self.rate); LANES];
        let (loss, level) = (&self.terms[2], &self.terms[6]);
        for n in 0..count {
            let y = self.high.tick(std::array::from_fn(|i| ends[i][n]), &a, loss);
            out[n] = [level[0] * y[0] + level[1] * y[1], level[2] * y[2] - level[3] * y[3]];
            for (i, fed) in fed.iter_mut().enumerate() {
                fed[n] = flush(inputs[i / 2][start + n] - y[i]);
            }
        }
        self.rings[1].iter_mut().zip(&fed).for_each(|(ring, fed)| ring.append(&fed[..count]));
        out
    }
}
