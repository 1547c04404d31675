//! From sections to symmetric filters.

use super::{CENTRE_PARTITIONS, Filter, PARTITIONS};
use crate::biquad::Shape;
use crate::fft::RealFft;
use crate::math::{FRAC_PI_2, PI, cos, tan};

/// Frequencies per bin of the filter: what a magnitude rings beyond the filter falls into the gap.
const OVERSAMPLING: usize = 2;

/// Makes filters. Owns all scratch: designing allocates nothing.
///
/// Cost of one design at 48 kHz: about 9 ms with ten sections.
#[derive(Debug, Clone)]
pub struct Designer {
    partition: usize,
    /// tan² of every frequency.
    t2: Vec<f64>,
    magnitude: Vec<f64>,
    other: Vec<f64>,
    zero: Vec<f64>,
    response: Vec<f64>,
    long: RealFft,
    taps: Vec<f64>,
    /// One partition and as many zeros.
    padded: Vec<f64>,
}

impl Designer {
    /// Scratch for filters of partitions of this length.
    #[must_use]
    pub fn new(partition_frames: usize) -> Self {
        let length = OVERSAMPLING * PARTITIONS * partition_frames;
        let long = RealFft::new(length);
        let bins = long.bins();
        let tangent = |k: usize| {
            let t = tan(PI * k as f64 / length as f64);
            // At half the sample rate it is infinite; this is far enough.
            f64::min(t * t, 1e30)
        };
        Self {
            partition: partition_frames,
            t2: (0..bins).map(tangent).collect(),
            magnitude: vec![0.0; bins],
            other: vec![0.0; bins],
            zero: vec![0.0; bins],
            response: vec![0.0; length],
            long,
            taps: vec![0.0; PARTITIONS * partition_frames],
            padded: vec![0.0; 2 * partition_frames],
        }
    }

    /// The filter with the magnitude of `sections` in a row, times half the sum (`sign` 1) or half the difference (-1) of
    /// the magnitudes of `mid` and `side`.
    pub fn design(
        &mut self,
        (sections, mid, side, sign): (&[Shape], &[Shape], &[Shape], f64),
        filter: &mut Filter,
        fft: &mut RealFft,
    ) {
        fill(&self.t2, mid, &mut self.magnitude);
        fill(&self.t2, side, &mut self.other);
        for (m, s) in self.magnitude.iter_mut().zip(&self.other) {
            *m = 0.5 * (*m + sign * s);
        }
        if !sections.is_empty() {
            fill(&self.t2, sections, &mut self.other);
            self.magnitude.iter_mut().zip(&self.other).for_each(|(m, own)| *m *= own);
        }
        self.long.inverse(&self.magnitude, &self.zero, &mut self.response);
        self.window();
        let bins = fft.bins();
        for (part, taps) in self.taps.chunks(self.partition).enumerate() {
            let at = part * bins;
            self.padded[..taps.len()].copy_from_slice(taps);
            fft.forward(&self.padded, &mut filter.re[at..at + bins], &mut filter.im[at..at + bins]);
        }
    }

    /// Cuts the response to the length of the filter, around its middle. The first tap is 0.
    fn window(&mut self) {
        let half = CENTRE_PARTITIONS * self.partition;
        self.taps.fill(0.0);
        for n in 0..half {
            let out = 4.0 * n as f64 / half as f64 - 3.0;
            let fall = if out > 0.0 { cos(FRAC_PI_2 * out) } else { 1.0 };
            let tap = self.response[n] * fall * fall;
            self.taps[half + n] = tap;
            self.taps[half - n] = tap;
        }
    }
}

/// Magnitude of sections in a row.
fn fill(t2: &[f64], sections: &[Shape], magnitude: &mut [f64]) {
    magnitude.fill(1.0);
    for section in sections {
        magnitude.iter_mut().zip(t2).for_each(|(m, t2)| *m *= section.power_at(*t2));
    }
    if !sections.is_empty() {
        magnitude.iter_mut().for_each(|m| *m = m.sqrt());
    }
}
