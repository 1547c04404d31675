//! Long transforms, cut into four that fit the cache next to a core.
//!
//! The first pass of the Stockham transform leaves four transforms of a quarter of the length, interleaved. Here they lie one behind
//! the other, are done one after the other, and are interleaved at the end: the same sums in the same order, so the same
//! bits, but three passes through the large cache in place of seven.

use super::butterfly::{Butterfly, Complex, Four, Lanes};
use super::{Fft, twiddle};

/// Points from which on this is faster: those of a quarter and their scratch fill 32 kB.
pub(super) const FROM_POINTS: usize = 4096;
/// Numbers between two rows: rows whole powers of two apart would fall into the same few places of the cache.
pub(super) const GAP: usize = 24;

/// A plan for a multiple of eight points.
#[derive(Debug, Clone)]
pub(super) struct Split {
    quarter: usize,
    /// `e^(-i 2π p j / N)` at `[j · N/4 + p]`, real and imaginary parts.
    turns: [Vec<f64>; 2],
    /// Four rows of real and four of imaginary parts.
    rows: Vec<f64>,
    inner: Fft,
}

impl Split {
    pub(super) fn new(len: usize) -> Self {
        let quarter = len / 4;
        let turns = (0..4).flat_map(|j| (0..quarter).map(move |p| twiddle(j * p, len)));
        let (re, im) = turns.unzip();
        Self { quarter, turns: [re, im], rows: vec![0.0; 8 * (quarter + GAP)], inner: Fft::new(quarter) }
    }

    pub(super) fn forward(&mut self, re: &mut [f64], im: &mut [f64]) {
        let Self { quarter, turns, rows, inner } = self;
        let (quarter, pitch) = (*quarter, *quarter + GAP);
        let (rows_re, rows_im) = rows.split_at_mut(4 * pitch);
        first_pass(quarter, [re, im], turns, [rows_re, rows_im]);
        for (re, im) in rows_re.chunks_exact_mut(pitch).zip(rows_im.chunks_exact_mut(pitch)) {
            inner.forward(&mut re[..quarter], &mut im[..quarter]);
        }
        interleave(quarter, rows_re, re);
        interleave(quarter, rows_im, im);
    }
}

/// Four rows of a plane.
fn rows_of(plane: &[f64], pitch: usize, len: usize) -> [&[f64]; 4] {
    core::array::from_fn(|row| &plane[row * pitch..][..len])
}

/// The same, to write to.
fn rows_to(plane: &mut [f64], len: usize) -> [&mut [f64]; 4] {
    let (a, rest) = plane.split_at_mut(len + GAP);
    let (b, rest) = rest.split_at_mut(len + GAP);
    let (c, d) = rest.split_at_mut(len + GAP);
    [&mut a[..len], &mut b[..len], &mut c[..len], &mut d[..len]]
}

fn pairs_of(rows: [&[f64]; 4], half: usize) -> [&[[f64; 2]]; 4] {
    rows.map(|row| &row.as_chunks().0[..half])
}

/// The butterflies of the whole length, in pairs of lanes.
fn first_pass(quarter: usize, from: [&[f64]; 2], turns: &[Vec<f64>; 2], to: [&mut [f64]; 2]) {
    let [from_re, from_im] = from.map(|plane| rows_of(plane, quarter, quarter));
    let [turn_re, turn_im] = [&turns[0], &turns[1]].map(|plane| rows_of(plane, quarter, quarter));
    let [to_re, to_im] = to.map(|plane| rows_to(plane, quarter));
    let half = quarter / 2;
    let pairs = |rows| pairs_of(rows, half);
    let (from_re, from_im, turn_re, turn_im) =
        (pairs(from_re), pairs(from_im), pairs(turn_re), pairs(turn_im));
    let [to_re, to_im]: [[&mut [[f64; 2]]; 4]; 2] =
        [to_re, to_im].map(|rows| rows.map(|row| &mut row.as_chunks_mut().0[..half]));
    for p in 0..half {
        let x = core::array::from_fn(|k| Complex(Lanes(from_re[k][p]), Lanes(from_im[k][p])));
        let mut out: [Complex<Lanes>; 4] = Four.apply(x);
        for j in 1..4 {
            out[j] = out[j].times(Lanes(turn_re[j][p]), Lanes(turn_im[j][p]));
        }
        for j in 0..4 {
            (to_re[j][p], to_im[j][p]) = (out[j].0.0, out[j].1.0);
        }
    }
}

/// `to[4 k + j]` from row j.
fn interleave(quarter: usize, rows: &[f64], to: &mut [f64]) {
    let [a, b, c, d] = rows_of(rows, quarter + GAP, quarter);
    for ((((to, a), b), c), d) in to.as_chunks_mut::<4>().0.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *to = [*a, *b, *c, *d];
    }
}
