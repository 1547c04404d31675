//! How loud the noise is in every bin, while there is sound over it.
//!
//! R. Martin, "Noise power spectral density estimation based on optimal smoothing and minimum statistics", IEEE Trans.
//! Speech Audio Process. 9(5), 2001 (equation numbers below): the power is smoothed as much as it is steady, and its
//! smallest value in the last one and a half seconds, made larger by what a smallest value is too small, is the noise.

/// Memory of the smallest value, seconds (Martin, section VI: about 1.5 s).
const WINDOW_SECONDS: f64 = 1.5;
/// Parts of the memory; a part is the step in which it forgets (Martin, section VI: U = 8).
const PARTS: usize = 8;
/// Heaviest smoothing: 0.96 at 16 ms from frame to frame (Martin, section III), so e^(-t/0.392 s).
const SMOOTH_SECONDS: f64 = 0.392;
/// Least smoothing (Martin, equation 12).
const SMOOTH_LEAST: f64 = 0.3;
/// Time in which the least smoothing follows a fall (Martin, equation 12).
const FALL_SECONDS: f64 = 0.064;
/// Martin, table III: D and M(D).
const MEANS: [(f64, f64); 14] = [
    (1.0, 0.0),
    (2.0, 0.26),
    (5.0, 0.48),
    (8.0, 0.58),
    (10.0, 0.61),
    (15.0, 0.668),
    (20.0, 0.705),
    (30.0, 0.762),
    (40.0, 0.8),
    (60.0, 0.841),
    (80.0, 0.865),
    (120.0, 0.89),
    (140.0, 0.9),
    (160.0, 0.91),
];
/// No power is smaller: -300 dB; keeps quotients finite.
pub(super) const TINY: f64 = 1e-30;

/// M(D) between the entries of the table.
fn mean_of(frames: f64) -> f64 {
    let after = MEANS.partition_point(|(d, _)| *d <= frames).clamp(1, MEANS.len() - 1);
    let ((d0, m0), (d1, m1)) = (MEANS[after - 1], MEANS[after]);
    m0 + (m1 - m0) * ((frames - d0) / (d1 - d0)).clamp(0.0, 1.0)
}

/// What is known of one bin.
#[derive(Debug, Clone, Copy)]
struct Bin {
    smooth: f64,
    /// Mean and mean square of the smoothed power.
    first: f64,
    second: f64,
    /// Smallest in this part of the memory, corrected for the whole memory and for a part.
    least: f64,
    least_of_part: f64,
    /// Smallest of the finished parts.
    floor: f64,
    parts: [f64; PARTS],
    falling: bool,
}

const NEW: Bin = Bin {
    smooth: 0.0,
    first: 0.0,
    second: 0.0,
    least: f64::INFINITY,
    least_of_part: f64::INFINITY,
    floor: f64::INFINITY,
    parts: [f64::INFINITY; PARTS],
    falling: false,
};

/// Noise power of all bins by minimum statistics.
#[derive(Debug, Clone)]
pub(super) struct Minimum {
    bins: Vec<Bin>,
    noise: Vec<f64>,
    /// Frames in a part, and how many of the current one are past.
    part: usize,
    within: usize,
    turn: usize,
    frames: u64,
    correction: f64,
    most_smooth: f64,
    fall: f64,
    /// D and M of the memory and of a part.
    whole: (f64, f64),
    one: (f64, f64),
}

impl Minimum {
    /// For spectra of so many bins, `hop_seconds` apart.
    pub(super) fn new(bins: usize, hop_seconds: f64) -> Self {
        let part = (WINDOW_SECONDS / hop_seconds / PARTS as f64).round().max(2.0);
        let whole = part * PARTS as f64;
        Self {
            bins: vec![NEW; bins],
            noise: vec![0.0; bins],
            part: part as usize,
            within: 0,
            turn: 0,
            frames: 0,
            correction: 1.0,
            most_smooth: crate::math::exp(-hop_seconds / SMOOTH_SECONDS),
            fall: -hop_seconds / FALL_SECONDS,
            whole: (whole, mean_of(whole)),
            one: (part, mean_of(part)),
        }
    }

    pub(super) fn reset(&mut self) {
        self.bins.fill(NEW);
        self.noise.fill(0.0);
        (self.within, self.turn, self.frames, self.correction) = (0, 0, 0, 1.0);
    }

    /// Noise power of every bin.
    pub(super) fn noise(&self) -> &[f64] {
        &self.noise
    }

    /// Hears one frame: its power in every bin.
    pub(super) fn hear(&mut self, power: &[f64]) {
        if self.frames == 0 {
            for ((bin, noise), y) in self.bins.iter_mut().zip(&mut self.noise).zip(power) {
                *bin = Bin { smooth: *y, first: *y, second: y * y, ..NEW };
                *noise = *y;
            }
        }
        self.frames += 1;
        self.smooth(power);
        self.track();
    }

    fn smooth(&mut self, power: &[f64]) {
        let now: f64 = power.iter().sum();
        let was: f64 = self.bins.iter().map(|bin| bin.smooth).sum();
        // Equations 9 and 10: less smoothing for all where the whole is away from its smoothed self.
        let off = was / now.max(TINY) - 1.0;
        self.correction = 0.7 * self.correction + 0.3 * (1.0 / (1.0 + off * off)).max(0.7);
        let heard: f64 = self.noise.iter().sum();
        // Equation 12.
        let snr = (was / heard.max(TINY)).max(TINY);
        let least = SMOOTH_LEAST.min(crate::math::pow(snr, self.fall));
        for ((bin, noise), y) in self.bins.iter_mut().zip(&self.noise).zip(power) {
            // Equation 11.
            let off = bin.smooth / noise.max(TINY) - 1.0;
            let keep = (self.most_smooth * self.correction / (1.0 + off * off)).max(least);
            bin.smooth = (keep * bin.smooth + (1.0 - keep) * y).max(TINY);
            // Equations 20 to 22.
            let slow = (keep * keep).min(0.8);
            bin.first = slow * bin.first + (1.0 - slow) * bin.smooth;
            bin.second = slow * bin.second + (1.0 - slow) * bin.smooth * bin.smooth;
        }
    }

    /// One over the equivalent degrees of freedom (equation 23), at most 1/2.
    fn spread(bin: &Bin, noise: f64) -> f64 {
        let variance = (bin.second - bin.first * bin.first).max(0.0);
        (variance / (2.0 * noise * noise).max(TINY * TINY)).min(0.5)
    }

    fn track(&mut self) {
        let count = self.bins.len().max(1) as f64;
        let mean_spread =
            self.bins.iter().zip(&self.noise).map(|(bin, noise)| Self::spread(bin, *noise)).sum::<f64>()
                / count;
        // Section V-B: the smallest of a power that moves a lot is smaller still.
        let more = 1.0 + 2.12 * mean_spread.sqrt();
        // Section VI: how fast noise may grow within the memory.
        let slope = match mean_spread {
            s if s < 0.03 => 8.0,
            s if s < 0.05 => 4.0,
            s if s < 0.06 => 2.0,
            _ => 1.2,
        };
        self.within += 1;
        let done = self.within >= self.part;
        for (bin, noise) in self.bins.iter_mut().zip(&mut self.noise) {
            let spread = Self::spread(bin, *noise);
            let smaller = bin.take(bias(spread, self.whole) * more, bias(spread, self.one) * more);
            if done {
                bin.close(self.turn % PARTS, smaller, slope);
            } else if self.within > 1 {
                bin.falling |= smaller;
                bin.floor = bin.floor.min(bin.least_of_part);
            }
            *noise = bin.floor.min(bin.least_of_part);
            if done {
                (bin.least, bin.least_of_part) = (f64::INFINITY, f64::INFINITY);
            }
        }
        if done {
            self.within = 0;
            self.turn += 1;
        }
    }
}

/// Mean over smallest value of `frames` powers with this spread (equation 17).
fn bias(spread: f64, (frames, mean): (f64, f64)) -> f64 {
    let freedom = (1.0 / spread.max(1e-6) - 2.0 * mean) / (1.0 - mean);
    1.0 + (frames - 1.0) * 2.0 / freedom.max(1e-3)
}

impl Bin {
    /// Whether the power, corrected, is the smallest of this part of the memory.
    fn take(&mut self, whole: f64, part: f64) -> bool {
        let smaller = self.smooth * whole < self.least;
        if smaller {
            (self.least, self.least_of_part) = (self.smooth * whole, self.smooth * part);
        }
        smaller
    }

    /// Puts a finished part away.
    fn close(&mut self, place: usize, smaller: bool, slope: f64) {
        if smaller {
            self.falling = false;
        }
        self.parts[place] = self.least;
        self.floor = self.parts.iter().copied().fold(f64::INFINITY, f64::min);
        let grown = self.least_of_part;
        if self.falling && grown < slope * self.floor && grown > self.floor {
            self.floor = grown;
            self.parts.fill(grown);
        }
        self.falling = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_met_and_lies_straight_between() {
        assert_eq!((mean_of(20.0), mean_of(1.0), mean_of(500.0)), (0.705, 0.0, 0.91));
        assert!((mean_of(25.0) - 0.7335).abs() < 1e-12);
    }

    #[test]
    fn a_smallest_value_is_made_good_by_equation_seventeen() {
        // 20 degrees of freedom, D = 160, M = 0.91: (20 - 1.82) / 0.09 = 202, 1 + 159 * 2 / 202.
        assert!((bias(0.05, (160.0, 0.91)) - (1.0 + 318.0 / 202.0)).abs() < 1e-12);
        // 2 degrees, D = 8, M = 0.58: (2 - 1.16) / 0.42 = 2, 1 + 7 * 2 / 2.
        assert!((bias(0.5, (8.0, 0.58)) - 8.0).abs() < 1e-9);
    }

    #[test]
    fn the_spread_is_the_variance_over_twice_the_squared_noise() {
        let spread =
            |first: f64, second: f64, noise: f64| Minimum::spread(&Bin { first, second, ..NEW }, noise);
        assert!((spread(3.0, 10.0, 2.0) - 0.125).abs() < 1e-15);
        assert_eq!((spread(3.0, 9.0, 2.0), spread(3.0, 90.0, 2.0)), (0.0, 0.5));
    }
}
