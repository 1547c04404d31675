//! Fits a digital section to an analogue one in magnitude.

use super::Analogue;
use crate::biquad::Shape;
use crate::math::{LN_10, PI, asin, exp, ln, log10, sin, sinh, tan};

/// Frequencies at which the two are compared.
const POINTS: usize = 32;
/// Unknowns: ln g, ln k, ln band, ln high.
const UNKNOWNS: usize = 4;
/// Steps at most; by calibration, 2026-11-21: 12 reach the minimum below 15 kHz, corners above need more.
const STEPS: usize = 100;
/// Steps of a correction; by calibration, 2026-11-21.
const CORRECTION_STEPS: usize = 24;

/// Which unknowns may move, and whether the zeros must stay on the frequency axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Freedom {
    pub(super) band: bool,
    pub(super) high: bool,
    /// Tangent² at which `high` keeps an exact zero (notch).
    pub(super) notch: bool,
}

/// Where the response is looked at: half the points spread over the audible range as Chebyshev would (dense at the
/// top), half around the corner as far as its skirts reach.
fn grid(f0_hz: f64, q: f64, sample_rate_hz: f64) -> [f64; POINTS] {
    // 18.2 kHz at 44.1 kHz; at high rates nothing above 30 kHz matters. By calibration, 2026-11-21.
    let top = f64::min(0.826 * 0.5 * sample_rate_hz, 30_000.0);
    let half = POINTS / 2 - 1;
    let reach = ln(2.0 + 3.0 / q);
    // The narrower, the closer to the corner itself.
    let crowd = 2.2 + ln(1.0 + 0.25 * q);
    std::array::from_fn(|i| {
        if i < half {
            top * sin(0.5 * PI * (i + 1) as f64 / half as f64)
        } else {
            let at = -1.0 + 2.0 * (i - half) as f64 / (POINTS - half - 1) as f64;
            let f = f0_hz * exp(reach * sinh(crowd * at) / sinh(crowd));
            // Nothing above the top; what would be there strengthens it.
            f64::min(f, top)
        }
    })
}

struct Problem<const N: usize> {
    t2: [f64; N],
    target_db: [f64; N],
    weight: [f64; N],
    freedom: Freedom,
    notch_t2: f64,
    low: f64,
}

impl Problem<POINTS> {
    fn new(analogue: &Analogue, q: f64, sample_rate_hz: f64, freedom: Freedom, low: f64) -> Self {
        let frequencies = grid(analogue.f0_hz, q, sample_rate_hz);
        let tangent2 = |f: f64| {
            let t = tan(PI * f / sample_rate_hz);
            t * t
        };
        let target_db = frequencies.map(|f| f64::max(analogue.magnitude_db(f), -200.0));
        // What is 30 dB down counts less and less, the bottom of a notch nothing.
        let weight = target_db.map(|db| {
            let depth = f64::max(0.0, -db - 30.0) * 0.1;
            if db < -100.0 { 0.0 } else { 1.0 / (1.0 + depth * depth) }
        });
        let notch_t2 = tangent2(f64::min(analogue.f0_hz, 0.49 * sample_rate_hz));
        Self { t2: frequencies.map(tangent2), target_db, weight, freedom, notch_t2, low }
    }
}

impl<const N: usize> Problem<N> {
    fn shape(&self, theta: &[f64; UNKNOWNS]) -> Shape {
        let [g, k, band, high] = theta.map(exp);
        let high = if self.freedom.notch { g * g / self.notch_t2 } else { high };
        Shape { g, k, high, band: if self.freedom.band { band } else { 0.0 }, low: self.low }
    }

    fn errors(&self, shape: &Shape) -> ([f64; N], f64) {
        let errors: [f64; N] = std::array::from_fn(|i| {
            self.weight[i] * (10.0 * log10(f64::max(shape.power_at(self.t2[i]), 1e-300)) - self.target_db[i])
        });
        (errors, errors.iter().map(|e| e * e).sum())
    }

    /// Derivatives of the error at point `i` by the unknowns.
    fn slopes(&self, s: &Shape, i: usize) -> [f64; UNKNOWNS] {
        let (t2, g2) = (self.t2[i], s.g * s.g);
        let re = s.low * g2 - s.high * t2;
        let numerator = f64::max(re * re + s.band * s.band * g2 * t2, 1e-300);
        let denominator = (g2 - t2) * (g2 - t2) + s.k * s.k * g2 * t2;
        let scale = 10.0 / LN_10 * self.weight[i];
        let by_g = 2.0 * g2 * (2.0 * (g2 - t2) + s.k * s.k * t2) / denominator;
        let by_k = 2.0 * s.k * s.k * g2 * t2 / denominator;
        let high_with_g = if self.freedom.notch { 2.0 * s.high * t2 } else { 0.0 };
        let num_g =
            (2.0 * re * (2.0 * s.low * g2 - high_with_g) + 2.0 * s.band * s.band * t2 * g2) / numerator;
        let num_band = 2.0 * s.band * s.band * g2 * t2 / numerator;
        let num_high = if self.freedom.high { -2.0 * re * s.high * t2 / numerator } else { 0.0 };
        [scale * (num_g - by_g), -scale * by_k, scale * num_band, scale * num_high]
    }
}

/// Solves a small symmetric system by elimination with pivots; a column without weight gets no step.
fn solve(mut a: [[f64; UNKNOWNS]; UNKNOWNS], mut b: [f64; UNKNOWNS]) -> [f64; UNKNOWNS] {
    for column in 0..UNKNOWNS {
        let pivot = (column..UNKNOWNS)
            .fold(column, |best, row| if a[row][column].abs() > a[best][column].abs() { row } else { best });
        a.swap(column, pivot);
        b.swap(column, pivot);
        if a[column][column].abs() < 1e-300 {
            continue;
        }
        for row in column + 1..UNKNOWNS {
            let factor = a[row][column] / a[column][column];
            let pivot_row = a[column];
            a[row].iter_mut().zip(pivot_row).for_each(|(x, p)| *x -= factor * p);
            b[row] -= factor * b[column];
        }
    }
    let mut x = [0.0; UNKNOWNS];
    for row in (0..UNKNOWNS).rev() {
        let known: f64 = (row + 1..UNKNOWNS).map(|i| a[row][i] * x[i]).sum();
        x[row] = if a[row][row].abs() < 1e-300 { 0.0 } else { (b[row] - known) / a[row][row] };
    }
    x
}

/// Least squares of the error in decibels from `start` on (Levenberg 1944, Marquardt 1963). The unknowns are
/// logarithms, so whatever comes out has its poles and zeros inside the unit circle; the gain at 0 Hz stays exact.
pub(super) fn fit(analogue: &Analogue, q: f64, sample_rate_hz: f64, start: Shape, freedom: Freedom) -> Shape {
    let problem = Problem::new(analogue, q, sample_rate_hz, freedom, start.low);
    descend(&problem, start, STEPS, -25.0).0
}

/// The section with a gain of 1 at 0 Hz, from `start` on, nearest to `target_db` at the tangents² `t2`, each point counting
/// by its weight. Its damping stays above `least_k`, so that it does nothing between the points.
pub(super) fn fit_points<const N: usize>(
    t2: &[f64; N],
    target_db: &[f64; N],
    weight: &[f64; N],
    start: Shape,
    least_k: f64,
) -> Shape {
    let freedom = Freedom { band: true, high: true, notch: false };
    let (t2, target_db, weight) = (*t2, *target_db, *weight);
    descend(
        &Problem { t2, target_db, weight, freedom, notch_t2: 1.0, low: 1.0 },
        start,
        CORRECTION_STEPS,
        ln(least_k),
    )
    .0
}

fn descend<const N: usize>(problem: &Problem<N>, start: Shape, steps: usize, least_ln: f64) -> (Shape, f64) {
    let mut theta = [start.g, start.k, start.band, start.high].map(|x| ln(f64::max(x, 1e-9)));
    let mut shape = problem.shape(&theta);
    let (mut errors, mut cost) = problem.errors(&shape);
    let mut damping = 1e-3;
    for _ in 0..steps {
        let (mut normal, mut right) = ([[0.0; UNKNOWNS]; UNKNOWNS], [0.0; UNKNOWNS]);
        for (i, error) in errors.iter().enumerate() {
            let slopes = problem.slopes(&shape, i);
            for row in 0..UNKNOWNS {
                right[row] -= slopes[row] * error;
                for column in 0..UNKNOWNS {
                    normal[row][column] += slopes[row] * slopes[column];
                }
            }
        }
        let mut largest = 0.0;
        for _ in 0..6 {
            let mut damped = normal;
            for (i, row) in damped.iter_mut().enumerate() {
                row[i] += damping * (row[i] + 1e-12);
            }
            let step = solve(damped, right).map(|x| x.clamp(-1.0, 1.0));
            largest = step.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
            let trial: [f64; UNKNOWNS] = std::array::from_fn(|i| {
                (theta[i] + step[i]).clamp(if i == 0 { -25.0 } else { least_ln }, 12.0)
            });
            let trial_shape = problem.shape(&trial);
            let (trial_errors, trial_cost) = problem.errors(&trial_shape);
            if trial_cost < cost {
                (theta, shape, errors, cost) = (trial, trial_shape, trial_errors, trial_cost);
                damping *= 0.2;
                break;
            }
            damping *= 6.0;
        }
        if largest < 1e-6 {
            break;
        }
    }
    (shape, cost)
}

/// Tangent of the corner, held below 0.8 of the way to half the sample rate, where a first guess is still sane.
pub(super) fn guess_g(f0_hz: f64, sample_rate_hz: f64) -> f64 {
    tan(f64::min(PI * f0_hz / sample_rate_hz, 0.4 * asin(1.0) * 2.0))
}
