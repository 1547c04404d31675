//! Window functions.
//!
//! A *periodic* window of `n` points is the first `n` points of a symmetric one of `n + 1`: right for spectra, where
//! overlapping copies must add up. A *symmetric* one is right for filters.

use crate::math;

/// Shape of a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Window {
    /// All ones.
    Rectangular,
    /// Raised cosine; copies at half a window's distance add up to one.
    Hann,
    /// Kaiser with the given β: the free choice between narrow and clean.
    Kaiser(f64),
    /// Four-term Blackman-Harris: side lobes below -92 dB.
    BlackmanHarris,
    /// Five-term flat top: reads the level of a tone anywhere between two bins within 0.01 dB.
    FlatTop,
}

/// Cosine-sum terms `a0 - a1 cos + a2 cos - …`.
///
/// Source: Harris, Proc. IEEE 66(1), 1978, table 1, "minimum 4-sample Blackman-Harris -92 dB".
const BLACKMAN_HARRIS: [f64; 4] = [0.358_75, 0.488_29, 0.141_28, 0.011_68];

/// Source: D'Antona and Ferrero, "Digital Signal Processing for Measurement Systems", Springer 2006, section 3.2 (the flat
/// top of common analysers).
const FLAT_TOP: [f64; 5] = [0.215_578_95, 0.416_631_58, 0.277_263_158, 0.083_578_947, 0.006_947_368];

impl Window {
    /// Value at `position` from -1 (left end) over 0 (middle) to 1 (right end); zero outside.
    #[must_use]
    pub fn at(self, position: f64) -> f64 {
        if !(-1.0..=1.0).contains(&position) {
            return 0.0;
        }
        match self {
            Self::Rectangular => 1.0,
            Self::Hann => cosines(&[0.5, 0.5], position),
            Self::Kaiser(beta) => {
                bessel_i0(beta * (1.0 - position * position).max(0.0).sqrt()) / bessel_i0(beta)
            }
            Self::BlackmanHarris => cosines(&BLACKMAN_HARRIS, position),
            Self::FlatTop => cosines(&FLAT_TOP, position),
        }
    }

    /// `len` points for spectra.
    #[must_use]
    pub fn periodic(self, len: usize) -> Vec<f64> {
        (0..len).map(|n| self.at(2.0 * n as f64 / len as f64 - 1.0)).collect()
    }

    /// `len` points for filters, first and last alike.
    #[must_use]
    pub fn symmetric(self, len: usize) -> Vec<f64> {
        match len {
            1 => vec![1.0],
            // Mirrored, so that it is symmetric to the bit.
            _ => {
                (0..len).map(|n| self.at(1.0 - 2.0 * n.min(len - 1 - n) as f64 / (len - 1) as f64)).collect()
            }
        }
    }
}

/// Cosine sum in a position from the middle, where every term is positive.
fn cosines(terms: &[f64], position: f64) -> f64 {
    terms.iter().enumerate().map(|(k, a)| a * math::cos(k as f64 * math::PI * position)).sum()
}

/// Mean of the window: what a tone's amplitude is multiplied by.
#[must_use]
pub fn coherent_gain(window: &[f64]) -> f64 {
    window.iter().sum::<f64>() / window.len().max(1) as f64
}

/// Mean square of the window: what the power of noise is multiplied by.
#[must_use]
pub fn noise_gain(window: &[f64]) -> f64 {
    window.iter().map(|w| w * w).sum::<f64>() / window.len().max(1) as f64
}

/// Modified Bessel function of the first kind and order zero, by its power series; all terms are positive, so it is
/// accurate to a few roundings.
///
/// Source: Abramowitz and Stegun, 9.6.12.
#[must_use]
pub fn bessel_i0(x: f64) -> f64 {
    let quarter = 0.25 * x * x;
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    // Beyond k = |x| the terms shrink; the bound only guards against infinity.
    while term > sum * 1e-17 && k < 2000.0 {
        term *= quarter / (k * k);
        sum += term;
        k += 1.0;
    }
    sum
}

/// β of a Kaiser window for a stop band `attenuation_db` down (above 50 dB).
///
/// Source: Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", ISCAS 1974.
#[must_use]
pub fn kaiser_beta(attenuation_db: f64) -> f64 {
    0.1102 * (attenuation_db - 8.7)
}

/// Half the length, in frames, of a Kaiser-windowed filter with a transition of `width` (as a fraction of the sample rate).
///
/// Source: as [`kaiser_beta`].
#[must_use]
pub fn kaiser_half_length(attenuation_db: f64, width: f64) -> usize {
    ((attenuation_db - 7.95) / (2.285 * math::TAU * width) / 2.0).ceil().max(1.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fft::RealFft;

    /// Highest side lobe in dB beyond `bins` bins from the main lobe's middle.
    fn side_lobe_db(window: Window, bins: usize) -> f64 {
        let (len, pad) = (64, 64);
        let mut signal = window.periodic(len);
        signal.resize(len * pad, 0.0);
        let mut plan = RealFft::new(signal.len());
        let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
        plan.forward(&signal, &mut re, &mut im);
        let power = |k: usize| re[k] * re[k] + im[k] * im[k];
        let highest = (bins * pad..plan.bins()).map(power).fold(0.0, f64::max);
        10.0 * math::log10(highest / power(0))
    }

    #[test]
    fn side_lobes_are_where_the_papers_put_them() {
        assert!((side_lobe_db(Window::Rectangular, 1) + 13.26).abs() < 0.1);
        assert!((side_lobe_db(Window::Hann, 2) + 31.5).abs() < 0.1);
        assert!((side_lobe_db(Window::BlackmanHarris, 4) + 92.0).abs() < 0.3);
        assert!(side_lobe_db(Window::FlatTop, 5) < -88.0);
    }

    #[test]
    fn hann_windows_at_half_distance_add_up_to_one() {
        let window = Window::Hann.periodic(64);
        for n in 0..32 {
            assert!((window[n] + window[n + 32] - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn symmetric_windows_are_symmetric_to_the_bit_and_reach_one() {
        for window in [Window::Hann, Window::Kaiser(18.9), Window::BlackmanHarris, Window::FlatTop] {
            let w = window.symmetric(65);
            for n in 0..65 {
                assert_eq!(w[n], w[64 - n]);
            }
            assert!((w[32] - 1.0).abs() < 1e-8, "{window:?} {}", w[32]);
        }
    }

    #[test]
    fn the_bessel_function_has_its_tabulated_values() {
        // Abramowitz and Stegun, table 9.8, e^-x I0(x); digits from SciPy's `ive`.
        for (x, scaled) in
            [(1.0, 0.465_759_607_6), (5.0, 0.183_540_812_6), (10.0, 0.127_833_337_2), (20.0, 0.089_780_311_9)]
        {
            let got = bessel_i0(x) * math::exp(-x);
            assert!((got - scaled).abs() < 1e-10, "{x}: {got}");
        }
        assert_eq!(bessel_i0(0.0), 1.0);
    }

    #[test]
    fn a_flat_top_reads_a_tone_between_two_bins_within_a_hundredth_of_a_decibel() {
        let n = 256;
        let window = Window::FlatTop.periodic(n);
        let mut plan = RealFft::new(n);
        let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
        for offset in [0.0, 0.25, 0.5] {
            let tone: Vec<f64> = (0..n)
                .map(|t| window[t] * math::cos(math::TAU * (40.0 + offset) * t as f64 / n as f64 + 0.3))
                .collect();
            plan.forward(&tone, &mut re, &mut im);
            let amplitude =
                2.0 * (re[40] * re[40] + im[40] * im[40]).sqrt() / n as f64 / coherent_gain(&window);
            assert!(math::gain_to_db(amplitude).abs() < 0.011, "{offset}: {amplitude}");
        }
    }

    #[test]
    fn a_kaiser_window_is_that_of_the_textbook_example() {
        // Oppenheim and Schafer, "Discrete-Time Signal Processing", section 7.5.3: 60 dB and a transition of 0.2π ask for
        // β = 5.653 and an order of 37 (36.2 before rounding).
        assert!((kaiser_beta(60.0) - 5.653).abs() < 0.001);
        assert_eq!(kaiser_half_length(60.0, 0.1), 19);
    }
}
