//! Waves in a plate: low frequencies travel slower than high ones.
//!
//! In a thin plate the speed of bending waves grows with the square root of frequency (K. F. Graff, "Wave motion in elastic
//! solids", 1975, section 4.2; for plate reverberators K. Arcas and A. Chaigne, "On the quality of plate reverberation",
//! Applied Acoustics 71(2), 2010). All-pass sections of first order with their corners spread over the octaves, twice as many
//! for every two octaves, delay by about as much as that asks.

use super::{LINES, PIECE};
use crate::delay::flush;
use crate::math;

/// Corners of a chain. By calibration, 2026-11-21: 1.5 ms from treble to bass in each chain.
const CORNERS_HZ: [f64; 7] = [500.0, 1000.0, 2000.0, 2600.0, 4000.0, 5000.0, 6300.0];
/// Sections of a chain.
const SECTIONS: usize = CORNERS_HZ.len();
/// Chains in a row on the way into the plate. By calibration, 2026-11-21: a click enters as a chirp of 9 ms.
const ENTRY_CHAINS: usize = 6;

/// Coefficient of `(a + z^-1) / (1 + a z^-1)` whose phase is a quarter turn at `hz`, by the bilinear transform.
fn coefficient(hz: f64, sample_rate_hz: f64) -> f64 {
    let g = math::tan(math::PI * (hz / sample_rate_hz).min(0.45));
    (g - 1.0) / (g + 1.0)
}

fn coefficients(sample_rate_hz: f64) -> [f64; SECTIONS] {
    CORNERS_HZ.map(|hz| coefficient(hz, sample_rate_hz))
}

/// Group delay of one chain in frames.
#[must_use]
pub(super) fn delay_frames(hz: f64, sample_rate_hz: f64) -> f64 {
    let cos = math::cos(math::TAU * hz / sample_rate_hz);
    coefficients(sample_rate_hz).iter().map(|a| (1.0 - a * a) / (1.0 + 2.0 * a * cos + a * a)).sum()
}

/// A chain in each line.
#[derive(Debug, Clone)]
pub(super) struct Dispersion {
    coefficients: [f64; SECTIONS],
    state: [[f64; LINES]; SECTIONS],
}

impl Dispersion {
    pub(super) fn new(sample_rate_hz: f64) -> Self {
        Self { coefficients: coefficients(sample_rate_hz), state: [[0.0; LINES]; SECTIONS] }
    }

    /// One frame of every line.
    #[inline(always)]
    pub(super) fn tick(&mut self, x: &mut [f64; LINES]) {
        for (a, state) in self.coefficients.iter().zip(&mut self.state) {
            for (x, state) in x.iter_mut().zip(state) {
                let y = a * *x + *state;
                *state = *x - a * y;
                *x = y;
            }
        }
    }

    /// Drops what is too small to hear.
    pub(super) fn settle(&mut self) {
        self.state.iter_mut().flatten().for_each(|s| *s = flush(*s));
    }

    pub(super) fn reset(&mut self) {
        self.state = [[0.0; LINES]; SECTIONS];
    }
}

/// The way from where a plate is driven to where it is heard: a click becomes a chirp that falls.
#[derive(Debug, Clone)]
pub struct Chirp {
    coefficients: [f64; SECTIONS],
    state: [[f64; SECTIONS]; ENTRY_CHAINS],
    frame: usize,
}

impl Chirp {
    /// At rest.
    #[must_use]
    pub fn new(sample_rate_hz: f64) -> Self {
        Self { coefficients: coefficients(sample_rate_hz), state: [[0.0; SECTIONS]; ENTRY_CHAINS], frame: 0 }
    }

    /// In place.
    pub fn process(&mut self, samples: &mut [f64]) {
        for x in samples {
            for chain in &mut self.state {
                for (a, state) in self.coefficients.iter().zip(chain) {
                    let y = a * *x + *state;
                    *state = *x - a * y;
                    *x = y;
                }
            }
            self.frame = self.frame.wrapping_add(1);
            if self.frame.is_multiple_of(PIECE) {
                self.state.iter_mut().flatten().for_each(|s| *s = flush(*s));
            }
        }
    }

    /// Silence.
    pub fn reset(&mut self) {
        (self.state, self.frame) = ([[0.0; SECTIONS]; ENTRY_CHAINS], 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chirp_passes_all_frequencies_alike_and_bass_last() {
        for rate in [44_100.0, 96_000.0] {
            let mut chirp = Chirp::new(rate);
            let mut response = testkit::signals::impulse(1.0, 0, 16_384);
            chirp.process(&mut response);
            for hz in [60.0, 500.0, 3000.0, 15_000.0] {
                let db = testkit::measure::response_db(&response, hz, rate);
                assert!(db.abs() < 1e-6, "{hz}: {db}");
                // Group delay from the response itself: Re(DFT(n h) / DFT(h)).
                let w = math::TAU * hz / rate;
                let sums = response.iter().enumerate().fold([0.0; 4], |s, (n, h)| {
                    let (c, d, n) = (libm::cos(w * n as f64), -libm::sin(w * n as f64), n as f64);
                    [s[0] + h * c, s[1] + h * d, s[2] + n * h * c, s[3] + n * h * d]
                });
                let delay = (sums[2] * sums[0] + sums[3] * sums[1]) / (sums[0] * sums[0] + sums[1] * sums[1]);
                let chain = delay_frames(hz, rate);
                assert!((delay - 6.0 * chain).abs() < 1e-3, "{hz}: {delay} {chain}");
                // By hand for the analogue sections: 1 / (pi fc (1 + (f/fc)^2)) seconds each.
                let analogue: f64 =
                    CORNERS_HZ.iter().map(|fc| rate / (math::PI * fc * (1.0 + (hz / fc) * (hz / fc)))).sum();
                assert!(hz > 1000.0 || (chain / analogue - 1.0).abs() < 0.01, "{hz}: {chain} {analogue}");
            }
        }
    }
}
