//! Filter and block lengths for a pair of rates.

use super::{Slope, lowest_terms};
use crate::fft::RealFft;
use crate::math;
use crate::window::{Window, kaiser_beta, kaiser_half_length};

/// What the conversion of a block needs to know.
#[derive(Debug, Clone)]
pub(super) struct Design {
    /// Frames of a block at the rate that comes in, and the same time at the rate that goes out.
    pub(super) block_in: usize,
    pub(super) block_out: usize,
    /// Frames to drop at either end of a block: at least half the filter.
    pub(super) margin_in: usize,
    pub(super) margin_out: usize,
    /// Gain of every bin up to the lower Nyquist frequency, with the change of transform length.
    pub(super) response: Vec<f64>,
}

/// Stop-band attenuation aimed at: well under the 150 dB we promise and the 144 dB that 24 bits hold.
const ATTENUATION_DB: f64 = 180.0;

/// Blocks have about this many filter lengths: 6 % of the work is thrown away.
const BLOCK_PER_MARGIN: usize = 32;

/// Shortest block at the higher rate; below it the fixed cost of a block shows.
const SHORTEST_BLOCK: usize = 4096;

/// Longest block at the higher rate, where the ratio leaves a choice.
const LONGEST_BLOCK: usize = 1 << 18;

impl Slope {
    /// Pass-band edge as a fraction of the lower rate.
    fn pass_edge(self) -> f64 {
        match self {
            Self::Gentle => 20_000.0 / 44_100.0,
            Self::Steep => 21_500.0 / 44_100.0,
        }
    }
}

impl Design {
    pub(super) fn new(from_hz: u32, to_hz: u32, slope: Slope) -> Self {
        let (unit_in, unit_out) = lowest_terms(from_hz, to_hz);
        let (unit_high, unit_low) = (unit_in.max(unit_out), unit_in.min(unit_out));
        // Everything as a fraction of the higher rate.
        let nyquist = 0.5 * unit_low as f64 / unit_high as f64;
        let pass = slope.pass_edge() * unit_low as f64 / unit_high as f64;
        let half = kaiser_half_length(ATTENUATION_DB, nyquist - pass);
        let margin_units = (half + 1).div_ceil(unit_high);
        let units = block_units(unit_high, margin_units);
        let (block_high, block_low) = (unit_high * units, unit_low * units);
        let mut response = response(0.5 * (pass + nyquist), half, block_high);
        response.truncate(block_low / 2 + 1);
        let scale = unit_out as f64 / unit_in as f64;
        response.iter_mut().for_each(|gain| *gain *= scale);
        Self {
            block_in: unit_in * units,
            block_out: unit_out * units,
            margin_in: unit_in * margin_units,
            margin_out: unit_out * margin_units,
            response,
        }
    }
}

/// Units of the ratio per block: a power of two, for fast transforms, and always more than both margins.
fn block_units(unit_high: usize, margin_units: usize) -> usize {
    let wanted = (BLOCK_PER_MARGIN * margin_units * unit_high).clamp(SHORTEST_BLOCK, LONGEST_BLOCK);
    wanted.div_ceil(unit_high).max(2 * margin_units + 2).next_power_of_two()
}

/// Response, bin by bin, of a Kaiser-windowed sinc of `2 · half + 1` taps around frame zero: real, because it is symmetric.
/// `cutoff` (-6 dB) is a fraction of the sample rate.
fn response(cutoff: f64, half: usize, block: usize) -> Vec<f64> {
    let window = Window::Kaiser(kaiser_beta(ATTENUATION_DB));
    let tap = |n: usize| {
        let turns = cutoff * n as f64;
        let sinc = if n == 0 {
            2.0 * cutoff
        } else {
            math::sin(math::TAU * (turns - turns.floor())) / (math::PI * n as f64)
        };
        sinc * window.at(n as f64 / (half + 1) as f64)
    };
    let taps: Vec<f64> = (0..=half).map(tap).collect();
    let sum = taps[0] + 2.0 * taps[1..].iter().sum::<f64>();
    let mut circle = vec![0.0; block];
    for (n, tap) in taps.iter().enumerate() {
        circle[n] = tap / sum;
        circle[(block - n) % block] = tap / sum;
    }
    let mut plan = RealFft::new(block);
    let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
    plan.forward(&circle, &mut re, &mut im);
    re
}
