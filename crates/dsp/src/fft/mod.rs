//! Fast Fourier transform with the same bits on every machine.
//!
//! A Stockham auto-sort transform of mixed radix (4, 2, 3, 5, 7, 11, 13) on split planes of real and imaginary parts;
//! lengths with a larger prime factor go through Bluestein's chirp transform. Twiddles come from [`crate::math`], sums
//! have one fixed order and there is no fused multiply-add, so the result does not depend on processor or build.
//!
//! ```text
//! forward  X[k] = Σ x[n] e^(-i 2π n k / N)          inverse  x[n] = 1/N Σ X[k] e^(+i 2π n k / N)
//! ```
//!
//! Measured on a busy desktop core with plain SSE2: 43 µs for 4096 complex points, 33 µs for 4704. Plans own their scratch: executing allocates
//! nothing and needs `&mut`.
//!
//! Source: Stockham's auto-sort form as given by Van Loan, "Computational Frameworks for the Fast Fourier Transform",
//! SIAM 1992, section 1.7; Bluestein, IEEE Trans. Audio Electroacoust. AU-18(4), 1970.

mod bluestein;
mod butterfly;
mod real;
mod split;
mod stage;

pub use real::RealFft;

use crate::math;
use bluestein::Bluestein;
use split::Split;
use stage::Stage;

/// A plan for complex transforms of one length.
#[derive(Debug, Clone)]
pub struct Fft {
    len: usize,
    how: How,
}

#[derive(Debug, Clone)]
enum How {
    /// `scratch` has room for both planes, a gap apart.
    Stockham {
        stages: Vec<Stage>,
        scratch: Vec<f64>,
    },
    Split(Box<Split>),
    Chirp(Box<Bluestein>),
}

impl Fft {
    /// A plan for `len` points (any number; smooth numbers are fast).
    #[must_use]
    pub fn new(len: usize) -> Self {
        let how = match factors(len) {
            Some(_) if len >= split::FROM_POINTS && len.is_multiple_of(8) => {
                How::Split(Box::new(Split::new(len)))
            }
            Some(radices) => How::stockham(len, &radices),
            None => How::Chirp(Box::new(Bluestein::new(len))),
        };
        Self { len, how }
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the plan is for no points at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Transforms in place, unscaled. Both planes must have [`len`](Self::len) points; otherwise nothing happens.
    pub fn forward(&mut self, re: &mut [f64], im: &mut [f64]) {
        if re.len() != self.len || im.len() != self.len {
            return;
        }
        match &mut self.how {
            How::Stockham { stages, scratch } => {
                let (scratch_re, scratch_im) = scratch.split_at_mut(self.len + split::GAP);
                run(stages, re, im, &mut scratch_re[..self.len], scratch_im);
            }
            How::Split(split) => split.forward(re, im),
            How::Chirp(chirp) => chirp.forward(re, im),
        }
    }

    /// Transforms back in place, scaled by `1/N`: undoes [`forward`](Self::forward).
    pub fn inverse(&mut self, re: &mut [f64], im: &mut [f64]) {
        // Swapping real and imaginary parts before and after turns the forward transform into the backward one.
        self.forward(im, re);
        let scale = 1.0 / self.len.max(1) as f64;
        re.iter_mut().chain(im.iter_mut()).for_each(|x| *x *= scale);
    }
}

impl How {
    fn stockham(len: usize, radices: &[usize]) -> Self {
        Self::Stockham { stages: stages(len, radices), scratch: vec![0.0; 2 * len + split::GAP] }
    }
}

/// Runs the stages, back and forth between data and scratch, and leaves the result in the data.
fn run(stages: &[Stage], re: &mut [f64], im: &mut [f64], scratch_re: &mut [f64], scratch_im: &mut [f64]) {
    for (index, stage) in stages.iter().enumerate() {
        if index % 2 == 0 {
            stage.run(re, im, scratch_re, scratch_im);
        } else {
            stage.run(scratch_re, scratch_im, re, im);
        }
    }
    if stages.len() % 2 == 1 {
        re.copy_from_slice(scratch_re);
        im.copy_from_slice(scratch_im);
    }
}

/// The stages of a length with these radices.
fn stages(len: usize, radices: &[usize]) -> Vec<Stage> {
    let (mut left, mut stride) = (len, 1);
    let mut stages = Vec::with_capacity(radices.len());
    for &radix in radices {
        stages.push(Stage::new(radix, left, stride));
        left /= radix;
        stride *= radix;
    }
    stages
}

/// Radices for `len`, even ones first so that the later stages run in pairs of lanes; `None` if a prime above 13 divides it.
fn factors(len: usize) -> Option<Vec<usize>> {
    let (mut left, mut radices) = (len.max(1), Vec::new());
    for radix in [4, 2, 3, 5, 7, 11, 13] {
        while left.is_multiple_of(radix) {
            radices.push(radix);
            left /= radix;
        }
    }
    (left == 1).then_some(radices)
}

/// The smallest length at least `len` that has no prime factor above 5 and is even.
#[must_use]
pub fn fast_len(len: usize) -> usize {
    let smooth = |mut n: usize| {
        for p in [2, 3, 5] {
            while n.is_multiple_of(p) {
                n /= p;
            }
        }
        n == 1
    };
    let mut n = len.max(2).next_multiple_of(2);
    while !smooth(n) {
        n += 2;
    }
    n
}

/// `e^(-i 2π k / n)`, from the first octant so that every symmetry of the circle holds to the bit.
#[must_use]
pub(crate) fn twiddle(k: usize, n: usize) -> (f64, f64) {
    let k = k % n;
    // In eighths of a turn over n, without rounding: k/n turns = 8k/(8n).
    let (c, s) = match 8 * k / n {
        0 => pair(8 * k, n),
        1 => swap(pair(2 * n - 8 * k, n)),
        2 => negate_first(swap(pair(8 * k - 2 * n, n))),
        3 => negate_first(pair(4 * n - 8 * k, n)),
        4 => negate_both(pair(8 * k - 4 * n, n)),
        5 => negate_both(swap(pair(6 * n - 8 * k, n))),
        6 => negate_second(swap(pair(8 * k - 6 * n, n))),
        _ => negate_second(pair(8 * n - 8 * k, n)),
    };
    (c, -s)
}

/// Cosine and sine of `eighths / n` eighths of a turn, at most one.
fn pair(eighths: usize, n: usize) -> (f64, f64) {
    if eighths == n {
        return (core::f64::consts::FRAC_1_SQRT_2, core::f64::consts::FRAC_1_SQRT_2);
    }
    let angle = math::FRAC_PI_4 * eighths as f64 / n as f64;
    (math::cos(angle), math::sin(angle))
}

fn swap((c, s): (f64, f64)) -> (f64, f64) {
    (s, c)
}

fn negate_first((c, s): (f64, f64)) -> (f64, f64) {
    (-c, s)
}

fn negate_second((c, s): (f64, f64)) -> (f64, f64) {
    (c, -s)
}

fn negate_both((c, s): (f64, f64)) -> (f64, f64) {
    (-c, -s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals::noise;

    /// The definition, with exact reduction of the phase.
    fn naive(re: &[f64], im: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let n = re.len();
        (0..n)
            .map(|k| {
                let (mut a, mut b) = (0.0, 0.0);
                for t in 0..n {
                    let angle = -math::TAU * ((t * k) % n) as f64 / n as f64;
                    let (c, s) = (math::cos(angle), math::sin(angle));
                    a += re[t] * c - im[t] * s;
                    b += re[t] * s + im[t] * c;
                }
                (a, b)
            })
            .unzip()
    }

    fn largest_difference(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn the_transform_is_the_definition_at_every_kind_of_length() {
        let lengths = (1..=64).chain([
            72, 77, 98, 100, 105, 121, 128, 147, 160, 169, 210, 256, 294, 320, 364, 441, 588, 607, 640,
        ]);
        for n in lengths {
            let (re, im) = (noise(1.0, 1, n), noise(1.0, 2, n));
            let (want_re, want_im) = naive(&re, &im);
            let (mut got_re, mut got_im) = (re.clone(), im.clone());
            Fft::new(n).forward(&mut got_re, &mut got_im);
            let error = largest_difference(&got_re, &want_re).max(largest_difference(&got_im, &want_im));
            assert!(error < 1e-12, "{n}: {error:e}");
        }
    }

    #[test]
    fn forward_and_inverse_give_the_signal_back_to_1e_14() {
        for n in [1, 2, 3, 30, 1024, 4096, 147 * 32, 160 * 32, 5507, 10_240] {
            let (re, im) = (noise(1.0, 3, n), noise(1.0, 4, n));
            let (mut a, mut b) = (re.clone(), im.clone());
            let mut plan = Fft::new(n);
            plan.forward(&mut a, &mut b);
            plan.inverse(&mut a, &mut b);
            let error = largest_difference(&a, &re).max(largest_difference(&b, &im));
            assert!(error < 1e-14, "{n}: {error:e}");
        }
    }

    #[test]
    fn a_transform_in_four_parts_has_the_bits_of_one_in_one() {
        for n in [4096, 4704, 8192, 12_288, 16_384, 65_536] {
            let (mut re, mut im) = (noise(1.0, 7, n), noise(1.0, 8, n));
            let (mut want_re, mut want_im) = (re.clone(), im.clone());
            let mut plain = Fft { len: n, how: How::stockham(n, &factors(n).unwrap()) };
            plain.forward(&mut want_re, &mut want_im);
            let mut plan = Fft::new(n);
            assert!(matches!(plan.how, How::Split(_)), "{n}");
            plan.forward(&mut re, &mut im);
            assert!(re == want_re && im == want_im, "{n}");
        }
    }

    #[test]
    fn energy_is_the_same_in_both_domains() {
        for n in [512, 4704, 5120, 1009] {
            let (mut re, mut im) = (noise(1.0, 5, n), noise(1.0, 6, n));
            let energy = |re: &[f64], im: &[f64]| re.iter().chain(im).map(|x| x * x).sum::<f64>();
            let before = energy(&re, &im);
            Fft::new(n).forward(&mut re, &mut im);
            let after = energy(&re, &im) / n as f64;
            assert!((after / before - 1.0).abs() < 1e-13, "{n}: {after} {before}");
        }
    }

    #[test]
    fn a_tone_on_a_bin_falls_on_that_bin_alone() {
        let n = 4704;
        let bin = 1001;
        let (mut re, mut im): (Vec<f64>, Vec<f64>) =
            (0..n).map(|t| twiddle(t * bin, n)).map(|(c, s)| (c, -s)).unzip();
        Fft::new(n).forward(&mut re, &mut im);
        for k in 0..n {
            let want = if k == bin { n as f64 } else { 0.0 };
            assert!((re[k] - want).abs() < 1e-10 && im[k].abs() < 1e-10, "{k}: {} {}", re[k], im[k]);
        }
    }

    #[test]
    fn twiddles_are_within_one_rounding_of_the_circle_and_symmetric() {
        for n in [1, 2, 3, 4, 5, 8, 12, 147, 160] {
            for k in 0..n {
                let (c, s) = twiddle(k, n);
                assert!((c * c + s * s - 1.0).abs() < 4e-16, "{k}/{n}");
                let (mirror_c, mirror_s) = twiddle((n - k) % n, n);
                assert!(mirror_c == c && mirror_s == -s, "{k}/{n}");
                let angle = math::TAU * k as f64 / n as f64;
                assert!((c - math::cos(angle)).abs() < 1e-15 && (s + math::sin(angle)).abs() < 1e-15);
            }
        }
        assert_eq!(twiddle(1, 4), (0.0, -1.0));
        assert_eq!(twiddle(1, 2), (-1.0, -0.0));
    }

    #[test]
    fn a_fast_length_is_even_smooth_and_no_shorter() {
        assert_eq!(fast_len(0), 2);
        assert_eq!(fast_len(7), 8);
        assert_eq!(fast_len(4097), 4320);
        assert_eq!(fast_len(4096), 4096);
    }

    #[test]
    fn wrong_lengths_and_no_points_do_nothing() {
        let mut re = vec![1.0; 3];
        let mut im = vec![0.0; 3];
        Fft::new(4).forward(&mut re, &mut im);
        assert_eq!(re, [1.0; 3]);
        Fft::new(0).inverse(&mut [], &mut []);
    }
}
