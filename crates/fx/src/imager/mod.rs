//! Stereo width by band.

mod band;
mod kernel;

pub use kernel::ImagerKernel;

use crate::{Format, Processor};

choice! {
    /// How many bands.
    pub enum ImagerBands {
        /// Two bands: one crossover.
        Two = "two",
        /// Three bands.
        Three = "three",
        /// Four bands: all three crossovers.
        Four = "four",
    }
}

fields! {
    /// One band.
    pub struct ImagerBand {
        /// Gain of the difference of left and right: 0 is mono, 100 as it was.
        width_percent: Percent = 100.0 in 0.0..=300.0;
        /// Makes width of what has none: adds the all-passed sum to the difference, so that left and right part and their
        /// sum stays exactly what it was. At 100 a mono sound comes out with a correlation near 0.
        stereoise_percent: Percent = 0.0 in 0.0..=100.0;
        /// Balance: turns one side down, -1 leaves left, 1 leaves right.
        balance: Plain = 0.0 in -1.0..=1.0;
        /// Turns the whole image, -1 to the left, 1 to the right: at the end the middle is on one side.
        rotation: Plain = 0.0 in -1.0..=1.0;
        /// Only soloed bands are heard, when there are any.
        solo: switch = false;
    }
}

processor! {
    /// Stereo imager: width, balance and rotation in two to four bands, bass to mono, stereo from mono, and a guard on the
    /// correlation.
    ///
    /// Bands are split without phase shift and sum to the input, a quarter of a second late. Works on two channels; others
    /// are delayed to match. About 0.5 µs per stereo frame.
    pub struct Imager = "imager" {
        /// How many bands. Fixed when the sound starts.
        bands: choice ImagerBands = Three;
        /// Where band 1 meets band 2. A crossover below the one before it counts as that one.
        crossover1_hz: Hz = 200.0 in 40.0..=20000.0 log;
        /// Where band 2 meets band 3.
        crossover2_hz: Hz = 2500.0 in 40.0..=20000.0 log;
        /// Where band 3 meets band 4.
        crossover3_hz: Hz = 8000.0 in 40.0..=20000.0 log;
        /// Everything below is mono, 24 dB per octave; 0 is off, and what is below 40 Hz counts as 40 Hz.
        mono_below_hz: Hz = 0.0 in 0.0..=500.0;
        /// Holds the correlation of every band above this by narrowing it; -1 is off. Judged over a third of a second, so
        /// that it gives way slowly.
        correlation_floor: Plain = -1.0 in -1.0..=0.9;
        /// The bands, lowest first.
        band: bands [ImagerBand; 4];
    }
}

impl Imager {
    fn count(&self) -> usize {
        self.bands as usize + 2
    }

    /// The mono corner is a crossover below all others.
    fn corners_hz(&self) -> [f64; 4] {
        [self.mono_below_hz, self.crossover1_hz, self.crossover2_hz, self.crossover3_hz]
    }

    fn heard(&self, count: usize) -> [f64; 4] {
        let any = self.band.iter().take(count).any(|band| band.solo);
        self.band.each_ref().map(|band| f64::from(u8::from(!any || band.solo)))
    }
}

impl Processor for Imager {
    type Kernel = ImagerKernel;
    fn prepare(&self, format: Format) -> ImagerKernel {
        ImagerKernel::new(self, format)
    }
}

#[cfg(test)]
mod tests;
