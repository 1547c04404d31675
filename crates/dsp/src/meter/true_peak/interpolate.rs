//! The accurate interpolator: eight times the rate, by three stages that each double it.
//!
//! A stage keeps its input and puts one value between every two, from a Kaiser-windowed sinc that is symmetrical
//! about the gap. The first stage is the sharp one (64 taps); the next two have less and less to do.

use super::{AFTER, BEFORE, CELL, largest_magnitude};
use crate::math;

/// Taps on either side of the gap, stage by stage.
const HALF_TAPS: [usize; 3] = [32, 6, 4];
// Kaiser & Schafer 1980, "On the use of the I0-sinh window": beta = 0.1102 (A - 8.7) for A dB of stop band. 80 dB
// with 64 taps leaves 0.461 fs flat (f = (A - 7.95) / (14.36 taps)).
const STOP_BAND_DB: f64 = 80.0;
/// Factor of the whole.
pub(super) const FACTOR: usize = 8;
/// Frames around a cell that each stage works out, for the next stage to reach.
const MARGIN: [usize; 3] = [5, 2, 1];

/// Modified Bessel function of the first kind and order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, 1.0);
    while term > 1e-17 * sum {
        term *= (0.5 * x / k) * (0.5 * x / k);
        sum += term;
        k += 1.0;
    }
    sum
}

/// One side of the symmetrical filter for the middle of a gap, nearest tap first; both sides sum to one.
fn half_band<const N: usize>() -> [f64; N] {
    let beta = 0.1102 * (STOP_BAND_DB - 8.7);
    let taps: [f64; N] = core::array::from_fn(|k| {
        let (x, u) = (math::PI * (k as f64 + 0.5), (k as f64 + 0.5) / N as f64);
        math::sin(x) / x * bessel_i0(beta * (1.0 - u * u).sqrt()) / bessel_i0(beta)
    });
    let sum: f64 = taps.iter().sum();
    taps.map(|tap| 0.5 * tap / sum)
}

/// Eightfold interpolation of one cell.
#[derive(Debug, Clone)]
pub(super) struct Interpolator {
    first: [f64; HALF_TAPS[0]],
    second: [f64; HALF_TAPS[1]],
    third: [f64; HALF_TAPS[2]],
    double: [f64; 2 * (CELL + 2 * MARGIN[0])],
    fourfold: [f64; 4 * (CELL + 2 * MARGIN[1])],
    eightfold: [f64; 8 * (CELL + 2 * MARGIN[2])],
}

impl Interpolator {
    pub(super) fn new() -> Self {
        Self {
            first: half_band(),
            second: half_band(),
            third: half_band(),
            double: [0.0; 2 * (CELL + 2 * MARGIN[0])],
            fourfold: [0.0; 4 * (CELL + 2 * MARGIN[1])],
            eightfold: [0.0; 8 * (CELL + 2 * MARGIN[2])],
        }
    }

    /// First stage, from `BEFORE` frames before the cell to `AFTER` frames after it. Returns its largest value in the
    /// cell and its largest second difference in reach of the cell.
    pub(super) fn double(&mut self, input: &[f64; BEFORE + CELL + AFTER]) -> (f64, f64) {
        widen(&input[BEFORE - MARGIN[0] - HALF_TAPS[0] + 1..], &self.first, &mut self.double);
        let top = largest_magnitude(&self.double[2 * MARGIN[0]..=2 * (MARGIN[0] + CELL)]);
        let mut bends = [0.0; 2 * (CELL + 2 * MARGIN[0])];
        for (bend, w) in bends.iter_mut().zip(self.double.windows(3)) {
            *bend = (w[0] - w[1]) + (w[2] - w[1]);
        }
        (top, largest_magnitude(&bends))
    }

    /// The other stages, after [`double`](Self::double). From one frame before the cell to one frame after it.
    pub(super) fn eightfold(&mut self) -> &[f64] {
        let from = 2 * (MARGIN[0] - MARGIN[1]) + 1 - HALF_TAPS[1];
        widen(&self.double[from..], &self.second, &mut self.fourfold);
        let from = 4 * (MARGIN[1] - MARGIN[2]) + 1 - HALF_TAPS[2];
        widen(&self.fourfold[from..], &self.third, &mut self.eightfold);
        &self.eightfold
    }

    /// Response to one sample, from `-reach` to `+reach` eighths of a frame around it.
    pub(super) fn kernel(&self) -> Vec<f64> {
        convolve(&spread(&spread(&full(&self.first))), &self.kernel_after_double())
    }

    /// Response of the later stages to one value of the first one, in eighths of a frame.
    pub(super) fn kernel_after_double(&self) -> Vec<f64> {
        convolve(&spread(&full(&self.second)), &full(&self.third))
    }
}

/// Frames of output to work out together, so that the sums stay in registers.
const TILE: usize = 8;

/// `output[2n] = input[n + N - 1]`, and the middle of the gap after it in `output[2n + 1]`.
#[inline(always)]
fn widen<const N: usize, const M: usize>(input: &[f64], taps: &[f64; N], output: &mut [f64; M]) {
    let frames = M / 2;
    let mut start = 0;
    while start < frames {
        // The last tile may overlap the one before: the same values again.
        let n = start.min(frames - TILE);
        let mut sums = [0.0; TILE];
        for (k, tap) in taps.iter().enumerate() {
            let left = &input[n + N - 1 - k..][..TILE];
            let right = &input[n + N + k..][..TILE];
            for i in 0..TILE {
                sums[i] += tap * (left[i] + right[i]);
            }
        }
        for i in 0..TILE {
            output[2 * (n + i)] = input[n + N - 1 + i];
            output[2 * (n + i) + 1] = sums[i];
        }
        start += TILE;
    }
}

/// A half-band filter with all its taps, at the rate it widens to.
fn full(half: &[f64]) -> Vec<f64> {
    let centre = 2 * half.len() - 1;
    let mut taps = vec![0.0; 2 * centre + 1];
    taps[centre] = 1.0;
    for (k, tap) in half.iter().enumerate() {
        taps[centre - 1 - 2 * k] = *tap;
        taps[centre + 1 + 2 * k] = *tap;
    }
    taps
}

fn spread(taps: &[f64]) -> Vec<f64> {
    let mut wide = vec![0.0; 2 * taps.len() - 1];
    for (tap, slot) in taps.iter().zip(wide.iter_mut().step_by(2)) {
        *slot = *tap;
    }
    wide
}

fn convolve(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            out[i + j] += x * y;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_is_flat_to_045_of_the_rate_and_keeps_its_images_down() {
        let kernel = Interpolator::new().kernel();
        for step in 0..=90 {
            let gain = testkit::measure::response_db(&kernel, 0.005 * f64::from(step), 8.0)
                - testkit::measure::to_db(8.0);
            assert!(gain.abs() < 0.006, "{step}: {gain}");
        }
        for step in 110..=800 {
            let gain = testkit::measure::response_db(&kernel, 0.005 * f64::from(step), 8.0)
                - testkit::measure::to_db(8.0);
            assert!(gain < -70.0, "{step}: {gain}");
        }
    }

    #[test]
    fn the_stages_together_have_the_response_of_the_kernel() {
        let mut interpolator = Interpolator::new();
        let kernel = interpolator.kernel();
        let reach = kernel.len() / 2;
        for at in 0..BEFORE + CELL + AFTER {
            let mut input = [0.0; BEFORE + CELL + AFTER];
            input[at] = 1.0;
            interpolator.double(&input);
            for (i, y) in interpolator.eightfold().iter().enumerate() {
                let offset = i as i64 - (8 * (at as i64 - BEFORE as i64 + MARGIN[2] as i64));
                let expected = kernel.get((offset + reach as i64) as usize).copied().unwrap_or(0.0);
                assert!((y - expected).abs() < 1e-15, "{at} {i}: {y} {expected}");
            }
        }
    }
}
