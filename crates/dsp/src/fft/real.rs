//! Transforms of real signals, at half the cost.

use super::{Fft, twiddle};

/// A plan for real transforms of one length.
///
/// A signal of `N` reals has `N/2 + 1` independent bins (rounded down): [`bins`](Self::bins). Even lengths run as a complex
/// transform of half the length; odd ones as a full complex transform.
#[derive(Debug, Clone)]
pub struct RealFft {
    len: usize,
    inner: Fft,
    /// `e^(-i 2π k / N)` for the bins up to a quarter turn and beyond, one per bin; empty for odd lengths.
    turn: Vec<(f64, f64)>,
    re: Vec<f64>,
    im: Vec<f64>,
}

impl RealFft {
    /// A plan for `len` real points.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let half = len / 2;
        let even = len.is_multiple_of(2) && len > 0;
        let inner = Fft::new(if even { half } else { len });
        let turn = if even { (0..=half).map(|k| twiddle(k, len)).collect() } else { Vec::new() };
        let scratch = vec![0.0; inner.len()];
        Self { len, inner, turn, re: scratch.clone(), im: scratch }
    }

    /// Number of real points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the plan is for no points at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of bins: `len / 2 + 1`.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.len / 2 + 1
    }

    /// Spectrum of `signal` (of [`len`](Self::len) points), unscaled, into planes of [`bins`](Self::bins) bins.
    /// Does nothing when a length does not match.
    pub fn forward(&mut self, signal: &[f64], re: &mut [f64], im: &mut [f64]) {
        if signal.len() != self.len || re.len() != self.bins() || im.len() != self.bins() || self.len == 0 {
            return;
        }
        if self.turn.is_empty() {
            self.re.copy_from_slice(signal);
            self.im.fill(0.0);
            self.inner.forward(&mut self.re, &mut self.im);
            re.copy_from_slice(&self.re[..re.len()]);
            im.copy_from_slice(&self.im[..im.len()]);
            return;
        }
        for ((pair, a), b) in signal.chunks_exact(2).zip(&mut self.re).zip(&mut self.im) {
            (*a, *b) = (pair[0], pair[1]);
        }
        self.inner.forward(&mut self.re, &mut self.im);
        self.untangle(re, im);
    }

    /// Spectrum of the signal from that of its even and odd samples as one complex signal.
    fn untangle(&self, re: &mut [f64], im: &mut [f64]) {
        let half = self.len / 2;
        let z = |k: usize| (self.re[k], self.im[k]);
        for (k, at) in [(0, 0), (half, 0)] {
            (re[k], im[k]) = split(z(at), z(at), self.turn[k]);
        }
        // Bin k is made of numbers k and half - k.
        let near = self.re[1..].iter().zip(&self.im[1..]);
        let far = self.re[1..].iter().rev().zip(self.im[1..].iter().rev());
        let out = re[1..half].iter_mut().zip(&mut im[1..half]).zip(&self.turn[1..half]);
        for ((((re, im), turn), a), b) in out.zip(near).zip(far) {
            (*re, *im) = split((*a.0, *a.1), (*b.0, *b.1), *turn);
        }
    }

    /// The signal of a spectrum, scaled by `1/N`: undoes [`forward`](Self::forward). The imaginary parts of the first bin and,
    /// for even lengths, the last are taken as zero. Does nothing when a length does not match.
    pub fn inverse(&mut self, re: &[f64], im: &[f64], signal: &mut [f64]) {
        if signal.len() != self.len || re.len() != self.bins() || im.len() != self.bins() || self.len == 0 {
            return;
        }
        if self.turn.is_empty() {
            self.inverse_odd(re, im, signal);
            return;
        }
        let half = self.len / 2;
        for k in 0..half {
            let mirror = half - k;
            let (im_k, im_mirror) = if k == 0 { (0.0, 0.0) } else { (im[k], im[mirror]) };
            let (even_re, even_im) = (0.5 * (re[k] + re[mirror]), 0.5 * (im_k - im_mirror));
            let (turned_re, turned_im) = (0.5 * (re[k] - re[mirror]), 0.5 * (im_k + im_mirror));
            let (c, s) = self.turn[k];
            let (odd_re, odd_im) = (turned_re * c + turned_im * s, turned_im * c - turned_re * s);
            self.re[k] = even_re - odd_im;
            self.im[k] = even_im + odd_re;
        }
        self.inner.inverse(&mut self.re, &mut self.im);
        for ((pair, a), b) in signal.chunks_exact_mut(2).zip(&self.re).zip(&self.im) {
            (pair[0], pair[1]) = (*a, *b);
        }
    }

    fn inverse_odd(&mut self, re: &[f64], im: &[f64], signal: &mut [f64]) {
        (self.re[0], self.im[0]) = (re[0], 0.0);
        for k in 1..re.len() {
            (self.re[k], self.im[k]) = (re[k], im[k]);
            (self.re[self.len - k], self.im[self.len - k]) = (re[k], -im[k]);
        }
        self.inner.inverse(&mut self.re, &mut self.im);
        signal.copy_from_slice(&self.re);
    }
}

/// One bin: the spectra of the even and the odd samples by the symmetry of real signals, put together by the butterfly of the
/// last stage. `a` and `b` are bins k and -k.
#[inline(always)]
fn split(a: (f64, f64), b: (f64, f64), (c, s): (f64, f64)) -> (f64, f64) {
    let (even_re, even_im) = (0.5 * (a.0 + b.0), 0.5 * (a.1 - b.1));
    let (odd_re, odd_im) = (0.5 * (a.1 + b.1), 0.5 * (b.0 - a.0));
    (even_re + (odd_re * c - odd_im * s), even_im + (odd_re * s + odd_im * c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals::noise;

    #[test]
    fn a_real_spectrum_is_half_of_the_complex_one() {
        for n in [1, 2, 3, 4, 5, 6, 8, 10, 15, 64, 98, 147, 294, 640, 2 * 607] {
            let signal = noise(1.0, 9, n);
            let (mut want_re, mut want_im) = (signal.clone(), vec![0.0; n]);
            Fft::new(n).forward(&mut want_re, &mut want_im);
            let mut plan = RealFft::new(n);
            let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
            plan.forward(&signal, &mut re, &mut im);
            for k in 0..plan.bins() {
                let error = (re[k] - want_re[k]).abs().max((im[k] - want_im[k]).abs());
                assert!(error < 1e-12, "{n} {k}: {error:e}");
            }
        }
    }

    #[test]
    fn the_real_inverse_gives_the_signal_back_to_1e_14() {
        for n in [1, 2, 3, 4, 6, 9, 64, 4704, 10_240, 2 * 5507] {
            let signal = noise(1.0, 10, n);
            let mut plan = RealFft::new(n);
            let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
            plan.forward(&signal, &mut re, &mut im);
            let mut back = vec![0.0; n];
            plan.inverse(&re, &im, &mut back);
            let error = signal.iter().zip(&back).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(error < 1e-14, "{n}: {error:e}");
        }
    }
}
