//! The course of the mains' phase over a window and the harmonics that follow it.
//!
//! Every harmonic `k` is taken for `a_k e^(ikε(t))` and something else: notes. What most parts agree on is `a_k`: the
//! smallest circle that holds a third of them is looked for (Rousseeuw, "Least median of squares regression", JASA 79,
//! 1984), and parts count the less the further they lie out of it (Geman and McClure 1985). The common phase `ε` is what
//! all harmonics together say of it, part by part, as smooth as the mains (Whittaker, Proc. Edinburgh Math. Soc. 41, 1923).

use super::bank::{Bank, Complex, Low, times};
use super::{HARMONICS, PARTS};
use crate::math;

/// Share of the parts that must agree. By calibration, 2026-11-21: bass lines leave that much between their notes.
const SHARE: f64 = 0.35;
/// How much the mains' phase bends from part to part, radians: 0.15 Hz per second make 0.0147 in an eighth of a second.
const BEND: f64 = 0.015;
/// Times that harmonics and phase are found in turn.
const ROUNDS: usize = 4;
/// Agreement from which a harmonic has a say in the phase.
const SAY: f64 = 0.55;

/// Parts that must have been heard: two seconds. Less may be one note.
const LEAST_PARTS: usize = 14;
/// How far a part may lie from the harmonic, in its size, that shows that it is there.
const NEAR: f64 = 0.3;

/// What the parts of a window say of the harmonics.
#[derive(Debug, Clone)]
pub(super) struct Track {
    /// Phase of the mains against the bank's frequency, in radians, part by part, the oldest first.
    pub(super) phase: [f64; PARTS],
    pub(super) amplitude: [Complex; HARMONICS],
    /// 0 for parts at random, towards 1 for parts that agree.
    pub(super) agreement: [f64; HARMONICS],
    /// Quarters of what is heard of the window in which some parts agree.
    pub(super) quarters: [usize; HARMONICS],
    radius: [f64; HARMONICS],
    heard: [bool; PARTS],
    /// The parts turned back by the phase, harmonic by harmonic.
    still: Vec<[Complex; PARTS]>,
    target: [f64; PARTS],
    weight: [f64; PARTS],
}

impl Track {
    pub(super) fn new() -> Self {
        Self {
            phase: [0.0; PARTS],
            amplitude: [(0.0, 0.0); HARMONICS],
            agreement: [0.0; HARMONICS],
            quarters: [0; HARMONICS],
            radius: [0.0; HARMONICS],
            heard: [false; PARTS],
            still: vec![[(0.0, 0.0); PARTS]; HARMONICS],
            target: [0.0; PARTS],
            weight: [0.0; PARTS],
        }
    }

    /// Says which parts there are; whether they are enough.
    pub(super) fn look(&mut self, low: &Low, newest: i64) -> bool {
        let mut count = 0;
        for (n, heard) in self.heard.iter_mut().enumerate() {
            *heard = low.is_heard(newest - PARTS as i64 + 1 + n as i64);
            count += usize::from(*heard);
        }
        count >= LEAST_PARTS
    }

    pub(super) fn heard(&self) -> &[bool; PARTS] {
        &self.heard
    }

    /// The window goes on by some parts; the phase goes on as it went.
    pub(super) fn advance(&mut self, parts: usize) {
        self.phase.copy_within(parts.., 0);
        let last = PARTS - parts;
        let slope = self.phase[last - 1] - self.phase[last - 2];
        for n in last..PARTS {
            self.phase[n] = self.phase[n - 1] + slope;
        }
    }

    /// Finds harmonics and phase.
    pub(super) fn refine(&mut self, bank: &Bank, newest: i64) {
        self.agreement = [0.0; HARMONICS];
        for round in 0..ROUNDS {
            self.turn_back(bank, newest);
            for k in 0..bank.harmonics {
                self.settle(k, round == 0);
            }
            if round + 1 < ROUNDS {
                // High harmonics turn fast: they are asked once the low ones have brought them near.
                let most = if round == 0 { 4 } else { bank.harmonics };
                self.follow(bank.harmonics.min(most), round == 0);
            }
        }
        for k in 0..bank.harmonics {
            self.count_quarters(k);
        }
    }

    fn turn_back(&mut self, bank: &Bank, newest: i64) {
        for n in 0..PARTS {
            let part = bank.part(newest - PARTS as i64 + 1 + n as i64);
            let back = (math::cos(self.phase[n]), -math::sin(self.phase[n]));
            let mut power = back;
            for (still, z) in self.still.iter_mut().zip(part).take(bank.harmonics) {
                still[n] = times(*z, power);
                power = times(power, back);
            }
        }
    }

    /// What most parts of a harmonic agree on.
    fn settle(&mut self, k: usize, anew: bool) {
        let (points, heard) = (&self.still[k], &self.heard);
        let count = heard.iter().filter(|h| **h).count();
        let most = ((SHARE * count as f64) as usize).max(1);
        let mut distances = [0.0; PARTS];
        let mut radius_of = |centre: Complex| {
            let mut filled = 0;
            for (z, _) in points.iter().zip(heard).filter(|(_, heard)| **heard) {
                let (re, im) = (z.0 - centre.0, z.1 - centre.1);
                distances[filled] = re * re + im * im;
                filled += 1;
            }
            let (_, at, _) = distances[..filled].select_nth_unstable_by(most - 1, f64::total_cmp);
            *at
        };
        let (mut centre, mut radius) = (self.amplitude[k], f64::INFINITY);
        if anew {
            for (z, _) in points.iter().zip(heard).filter(|(_, heard)| **heard) {
                let found = radius_of(*z);
                if found < radius {
                    (centre, radius) = (*z, found);
                }
            }
        }
        radius = radius_of(centre);
        for _ in 0..3 {
            let scale = 1.0 / radius.max(1e-24);
            let (mut re, mut im, mut sum) = (0.0, 0.0, 0.0);
            for (z, _) in points.iter().zip(heard).filter(|(_, heard)| **heard) {
                let (x, y) = (z.0 - centre.0, z.1 - centre.1);
                let off = 1.0 + (x * x + y * y) * scale;
                let weight = 1.0 / (off * off);
                (re, im, sum) = (re + weight * z.0, im + weight * z.1, sum + weight);
            }
            centre = (re / sum, im / sum);
            radius = radius_of(centre);
        }
        let size = (centre.0 * centre.0 + centre.1 * centre.1).sqrt();
        self.amplitude[k] = centre;
        self.radius[k] = radius.sqrt().max(1e-12);
        self.agreement[k] = if size > 0.0 { size / (size + self.radius[k]) } else { 0.0 };
    }

    /// Quarters in which at least a sixth of the parts lie about the circle, or not far from it.
    fn count_quarters(&mut self, k: usize) {
        let heard = self.heard.iter().filter(|h| **h).count().max(1);
        let a = self.amplitude[k];
        let size = (a.0 * a.0 + a.1 * a.1).sqrt();
        let reach = (2.0 * self.radius[k]).max(NEAR * size);
        let mut inside = [0; 4];
        let parts = self.still[k].iter().zip(&self.heard).filter(|(_, heard)| **heard);
        for (n, (z, _)) in parts.enumerate() {
            let (x, y) = (z.0 - a.0, z.1 - a.1);
            inside[4 * n / heard] += usize::from(x * x + y * y <= reach * reach);
        }
        self.quarters[k] = inside.iter().filter(|count| 24 * **count >= heard).count();
    }

    /// Bends the phase to what the harmonics say.
    fn follow(&mut self, harmonics: usize, far: bool) {
        for n in 0..PARTS {
            (self.target[n], self.weight[n]) = (self.phase[n], 1e-6);
            if !self.heard[n] {
                continue;
            }
            let (mut top, mut bottom) = (0.0, 0.0);
            for k in (0..harmonics).filter(|k| self.agreement[*k] > SAY) {
                let (z, a) = (self.still[k][n], self.amplitude[k]);
                let turned = times(z, (a.0, -a.1));
                let angle = math::atan2(turned.1, turned.0);
                let order = (k + 1) as f64;
                let spread = self.radius[k] * self.radius[k];
                let size = |z: Complex| (z.0 * z.0 + z.1 * z.1).sqrt();
                // While the phase may be far off only the size can tell hum from a note.
                let off = if far { size(z) - size(a) } else { size((z.0 - a.0, z.1 - a.1)) };
                let off = off * off;
                let doubt = 1.0 + off / (4.0 * spread);
                let weight = order * order * (a.0 * a.0 + a.1 * a.1) / (spread * doubt * doubt);
                top += weight * angle / order;
                bottom += weight;
            }
            if bottom > 0.0 {
                (self.target[n], self.weight[n]) = (self.phase[n] + top / bottom, bottom);
            }
        }
        self.smooth();
    }

    /// The smoothest phase near the targets: least `Σ w (ε - target)² + Σ (bend of ε)² / BEND²`.
    fn smooth(&mut self) {
        let stiff = 1.0 / (BEND * BEND);
        let mut band = [[0.0; 3]; PARTS];
        for n in 0..PARTS {
            band[n][0] += self.weight[n];
            if n + 2 < PARTS {
                for (i, a) in [1.0, -2.0, 1.0].into_iter().enumerate() {
                    for (j, b) in [1.0, -2.0, 1.0].into_iter().enumerate().skip(i) {
                        band[n + i][j - i] += stiff * a * b;
                    }
                }
            }
        }
        // Band by L D Lᵀ.
        let mut x = [0.0; PARTS];
        for ((x, weight), target) in x.iter_mut().zip(&self.weight).zip(&self.target) {
            *x = weight * target;
        }
        for n in 0..PARTS {
            for j in 1..=2.min(PARTS - 1 - n) {
                let factor = band[n][j] / band[n][0];
                for i in j..=2.min(PARTS - 1 - n) {
                    band[n + j][i - j] -= factor * band[n][i];
                }
                x[n + j] -= factor * x[n];
            }
        }
        for n in (0..PARTS).rev() {
            for j in 1..=2.min(PARTS - 1 - n) {
                x[n] -= band[n][j] * x[n + j];
            }
            x[n] /= band[n][0];
        }
        self.phase = x;
    }
}
