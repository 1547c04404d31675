//! Lengths with large prime factors, as a convolution with a chirp.

use super::{Fft, twiddle};

/// A plan for a length that has no small factors.
///
/// Source: Bluestein, IEEE Trans. Audio Electroacoust. AU-18(4), 1970: `n k = (n² + k² - (k - n)²) / 2`.
#[derive(Debug, Clone)]
pub(super) struct Bluestein {
    /// `e^(-i π n² / N)`.
    chirp: Vec<(f64, f64)>,
    /// Transform of the conjugate chirp, scaled for the inverse transform.
    kernel: (Vec<f64>, Vec<f64>),
    inner: Fft,
    re: Vec<f64>,
    im: Vec<f64>,
}

impl Bluestein {
    pub(super) fn new(len: usize) -> Self {
        let size = super::fast_len(2 * len);
        let mut inner = Fft::new(size);
        // n² modulo 2N, built up by odd steps so that nothing overflows.
        let mut square = 0;
        let chirp: Vec<(f64, f64)> = (0..len)
            .map(|n| {
                let here = twiddle(square, 2 * len);
                square = (square + 2 * n + 1) % (2 * len);
                here
            })
            .collect();
        let (mut re, mut im) = (vec![0.0; size], vec![0.0; size]);
        for (n, &(c, s)) in chirp.iter().enumerate() {
            (re[n], im[n]) = (c, -s);
            (re[(size - n) % size], im[(size - n) % size]) = (c, -s);
        }
        inner.forward(&mut re, &mut im);
        Self { chirp, kernel: (re, im), inner, re: vec![0.0; size], im: vec![0.0; size] }
    }

    pub(super) fn forward(&mut self, re: &mut [f64], im: &mut [f64]) {
        self.re.fill(0.0);
        self.im.fill(0.0);
        for (n, &(c, s)) in self.chirp.iter().enumerate() {
            self.re[n] = re[n] * c - im[n] * s;
            self.im[n] = re[n] * s + im[n] * c;
        }
        self.inner.forward(&mut self.re, &mut self.im);
        let kernel = self.kernel.0.iter().zip(&self.kernel.1);
        for ((a, b), (c, d)) in self.re.iter_mut().zip(&mut self.im).zip(kernel) {
            (*a, *b) = (*a * c - *b * d, *a * d + *b * c);
        }
        self.inner.inverse(&mut self.re, &mut self.im);
        for (n, &(c, s)) in self.chirp.iter().enumerate() {
            re[n] = self.re[n] * c - self.im[n] * s;
            im[n] = self.re[n] * s + self.im[n] * c;
        }
    }
}
