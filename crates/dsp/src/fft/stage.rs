//! One pass of the Stockham transform.

use super::butterfly::{Butterfly, Complex, Four, Lanes, Odd, Two};
use super::twiddle;

/// Splits transforms of `radix · rest` points, `stride` of them interleaved, into `radix` times as many of `rest` points.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    radix: usize,
    rest: usize,
    stride: usize,
    /// `e^(-i 2π p j / (radix · rest))` at `[j · rest + p]`.
    re: Vec<f64>,
    im: Vec<f64>,
}

/// The four planes of a pass.
struct Planes<'a> {
    re: &'a [f64],
    im: &'a [f64],
    to_re: &'a mut [f64],
    to_im: &'a mut [f64],
}

impl Stage {
    pub(super) fn new(radix: usize, len: usize, stride: usize) -> Self {
        let rest = len / radix;
        let (re, im) =
            (0..radix).flat_map(|j| (0..rest).map(move |p| (j, p))).map(|(j, p)| twiddle(j * p, len)).unzip();
        Self { radix, rest, stride, re, im }
    }

    pub(super) fn run(&self, re: &[f64], im: &[f64], to_re: &mut [f64], to_im: &mut [f64]) {
        let planes = Planes { re, im, to_re, to_im };
        match self.radix {
            2 => self.pass(&Two, planes),
            3 => self.pass(&Odd::<3>::new(), planes),
            4 => self.pass(&Four, planes),
            5 => self.pass(&Odd::<5>::new(), planes),
            7 => self.pass(&Odd::<7>::new(), planes),
            11 => self.pass(&Odd::<11>::new(), planes),
            _ => self.pass(&Odd::<13>::new(), planes),
        }
    }

    fn pass<const R: usize, B: Butterfly<R>>(&self, butterfly: &B, planes: Planes<'_>) {
        if self.stride == 1 {
            self.first_pass(butterfly, planes);
        } else {
            self.later_pass(butterfly, planes);
        }
    }

    /// Stride one: neighbours in `p` are neighbours in memory, so lanes run along `p`.
    fn first_pass<const R: usize, B: Butterfly<R>>(&self, butterfly: &B, planes: Planes<'_>) {
        let rest = self.rest;
        let Planes { re, im, to_re, to_im } = planes;
        let from = rows::<R>(re, im, rest, 0, rest);
        let turn = rows::<R>(&self.re, &self.im, rest, 0, rest);
        let paired = from.map(pairs);
        let turn_paired = turn.map(pairs);
        let (out_re, out_im) = (to_re.as_chunks_mut::<R>().0, to_im.as_chunks_mut::<R>().0);
        let (out_re, out_im) = (out_re.as_chunks_mut::<2>().0, out_im.as_chunks_mut::<2>().0);
        let half = rest / 2;
        for ((p, to_re), to_im) in (0..half).zip(out_re).zip(out_im) {
            let mut x = [Complex(Lanes([0.0; 2]), Lanes([0.0; 2])); R];
            for k in 0..R {
                x[k] = Complex(Lanes(paired[k].0[p]), Lanes(paired[k].1[p]));
            }
            let mut out = butterfly.apply(x);
            for j in 1..R {
                out[j] = out[j].times(Lanes(turn_paired[j].0[p]), Lanes(turn_paired[j].1[p]));
            }
            for j in 0..R {
                (to_re[0][j], to_re[1][j]) = (out[j].0.0[0], out[j].0.0[1]);
                (to_im[0][j], to_im[1][j]) = (out[j].1.0[0], out[j].1.0[1]);
            }
        }
        for p in 2 * half..rest {
            let mut out = butterfly.apply(from.map(|(re, im)| Complex(re[p], im[p])));
            for j in 1..R {
                out[j] = out[j].times(turn[j].0[p], turn[j].1[p]);
            }
            for j in 0..R {
                (to_re[R * p + j], to_im[R * p + j]) = (out[j].0, out[j].1);
            }
        }
    }

    /// Larger strides: all of one `p` share their twiddles and lie side by side, so lanes run along the stride.
    fn later_pass<const R: usize, B: Butterfly<R>>(&self, butterfly: &B, planes: Planes<'_>) {
        let (rest, stride) = (self.rest, self.stride);
        let Planes { re, im, to_re, to_im } = planes;
        let outputs = to_re.chunks_exact_mut(R * stride).zip(to_im.chunks_exact_mut(R * stride));
        for (p, (to_re, to_im)) in outputs.enumerate() {
            let from = rows::<R>(re, im, rest * stride, p * stride, stride);
            let mut turn = [(0.0, 0.0); R];
            for (j, turn) in turn.iter_mut().enumerate() {
                *turn = (self.re[j * rest + p], self.im[j * rest + p]);
            }
            if stride % 2 == 0 {
                lane_row(butterfly, from, turn, to_re, to_im);
            } else {
                number_row(butterfly, from, turn, to_re, to_im);
            }
        }
    }
}

/// A row of real and of imaginary parts.
type Row<'a> = (&'a [f64], &'a [f64]);

/// The same in pairs.
type PairRow<'a> = (&'a [[f64; 2]], &'a [[f64; 2]]);

/// `R` rows of `len` numbers, `apart` apart, from `at` on.
#[inline(always)]
fn rows<'a, const R: usize>(
    re: &'a [f64],
    im: &'a [f64],
    apart: usize,
    at: usize,
    len: usize,
) -> [Row<'a>; R] {
    core::array::from_fn(|k| (&re[k * apart + at..][..len], &im[k * apart + at..][..len]))
}

#[inline(always)]
fn pairs<'a>((re, im): Row<'a>) -> PairRow<'a> {
    (re.as_chunks().0, im.as_chunks().0)
}

#[inline(always)]
fn lane_row<const R: usize, B: Butterfly<R>>(
    butterfly: &B,
    from: [Row<'_>; R],
    turn: [(f64, f64); R],
    to_re: &mut [f64],
    to_im: &mut [f64],
) {
    let half = from[0].0.len() / 2;
    let from: [PairRow<'_>; R] = core::array::from_fn(|k| {
        let (re, im) = pairs(from[k]);
        (&re[..half], &im[..half])
    });
    let (to_re, to_im) =
        (&mut to_re.as_chunks_mut::<2>().0[..R * half], &mut to_im.as_chunks_mut::<2>().0[..R * half]);
    for q in 0..half {
        let mut x = [Complex(Lanes([0.0; 2]), Lanes([0.0; 2])); R];
        for k in 0..R {
            x[k] = Complex(Lanes(from[k].0[q]), Lanes(from[k].1[q]));
        }
        let mut out = butterfly.apply(x);
        for j in 1..R {
            out[j] = out[j].times(Lanes([turn[j].0; 2]), Lanes([turn[j].1; 2]));
        }
        for j in 0..R {
            to_re[j * half + q] = out[j].0.0;
            to_im[j * half + q] = out[j].1.0;
        }
    }
}

#[inline(always)]
fn number_row<const R: usize, B: Butterfly<R>>(
    butterfly: &B,
    from: [Row<'_>; R],
    turn: [(f64, f64); R],
    to_re: &mut [f64],
    to_im: &mut [f64],
) {
    let stride = from[0].0.len();
    for q in 0..stride {
        let mut out = butterfly.apply(from.map(|(re, im)| Complex(re[q], im[q])));
        for j in 1..R {
            out[j] = out[j].times(turn[j].0, turn[j].1);
        }
        for j in 0..R {
            (to_re[j * stride + q], to_im[j * stride + q]) = (out[j].0, out[j].1);
        }
    }
}
