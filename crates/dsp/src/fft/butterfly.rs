//! Small transforms, written once for a number and for a pair of lanes, so that both give the same bits.

pub(super) use crate::lanes::Lanes;
use core::ops::{Add, Mul, Neg, Sub};

/// What a butterfly calculates with.
pub(super) trait Number:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Mul<f64, Output = Self>
    + Neg<Output = Self>
{
}

impl Number for f64 {}

impl Number for Lanes {}

/// A complex number.
#[derive(Clone, Copy)]
pub(super) struct Complex<T>(pub(super) T, pub(super) T);

impl<T: Number> Complex<T> {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0, self.1 + other.1)
    }

    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        Self(self.0 - other.0, self.1 - other.1)
    }

    #[inline(always)]
    fn scaled(self, factor: f64) -> Self {
        Self(self.0 * factor, self.1 * factor)
    }

    /// Times -i.
    #[inline(always)]
    fn turned(self) -> Self {
        Self(self.1, -self.0)
    }

    /// Times another.
    #[inline(always)]
    pub(super) fn times(self, re: T, im: T) -> Self {
        Self(self.0 * re - self.1 * im, self.0 * im + self.1 * re)
    }
}

/// A transform of `R` points.
pub(super) trait Butterfly<const R: usize> {
    fn apply<T: Number>(&self, x: [Complex<T>; R]) -> [Complex<T>; R];
}

pub(super) struct Two;

impl Butterfly<2> for Two {
    #[inline(always)]
    fn apply<T: Number>(&self, [a, b]: [Complex<T>; 2]) -> [Complex<T>; 2] {
        [a.plus(b), a.minus(b)]
    }
}

pub(super) struct Four;

impl Butterfly<4> for Four {
    #[inline(always)]
    fn apply<T: Number>(&self, [a, b, c, d]: [Complex<T>; 4]) -> [Complex<T>; 4] {
        let (even_sum, even_difference) = (a.plus(c), a.minus(c));
        let (odd_sum, odd_difference) = (b.plus(d), b.minus(d).turned());
        [
            even_sum.plus(odd_sum),
            even_difference.plus(odd_difference),
            even_sum.minus(odd_sum),
            even_difference.minus(odd_difference),
        ]
    }
}

/// Any odd number of points: pairs `k` and `R - k` share their products.
pub(super) struct Odd<const R: usize> {
    /// `cos(2π k / R)` and `sin(2π k / R)`.
    circle: [(f64, f64); R],
}

impl<const R: usize> Odd<R> {
    pub(super) fn new() -> Self {
        Self {
            circle: core::array::from_fn(|k| {
                let (c, s) = super::twiddle(k, R);
                (c, -s)
            }),
        }
    }
}

impl<const R: usize> Butterfly<R> for Odd<R> {
    #[inline(always)]
    fn apply<T: Number>(&self, x: [Complex<T>; R]) -> [Complex<T>; R] {
        let mut out = x;
        for k in 1..=R / 2 {
            out[0] = out[0].plus(x[k].plus(x[R - k]));
        }
        for j in 1..=R / 2 {
            let (mut even, mut odd) = (x[0], x[0].scaled(0.0));
            for k in 1..=R / 2 {
                let (c, s) = self.circle[(j * k) % R];
                even = even.plus(x[k].plus(x[R - k]).scaled(c));
                odd = odd.plus(x[k].minus(x[R - k]).scaled(s));
            }
            let turned = odd.turned();
            out[j] = even.plus(turned);
            out[R - j] = even.minus(turned);
        }
        out
    }
}
