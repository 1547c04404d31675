//! Multiband dynamics: two to six bands.

mod band;
mod kernel;

pub use kernel::MultidynamicsKernel;

use crate::{Format, Processor};
use dsp::crossover::Topology;

choice! {
    /// How many bands.
    pub enum BandCount {
        /// Two bands: one crossover.
        Two = "two",
        /// Three bands.
        Three = "three",
        /// Four bands.
        Four = "four",
        /// Five bands.
        Five = "five",
        /// Six bands: all five crossovers.
        Six = "six",
    }
}

choice! {
    /// Kind of crossover.
    pub enum Crossover {
        /// Fourth order, no latency; the sum is flat, its phase that of one all-pass per crossover.
        LinkwitzRiley = "linkwitz_riley",
        /// The same slopes without phase shift; the sum is the input. A quarter of a second of latency.
        LinearPhase = "linear_phase",
    }
}

choice! {
    /// What a band does.
    pub enum Action {
        /// Above the threshold the gain falls: `ratio` decibels in for one out.
        Compress = "compress",
        /// Below the threshold the gain rises (upward compression): `ratio` decibels in for one out.
        Lift = "lift",
        /// Below the threshold the gain falls (expansion): one decibel in for `ratio` out.
        Expand = "expand",
    }
}

choice! {
    /// What the detectors follow.
    pub enum BandDetector {
        /// The running RMS (a full-scale sine reads -3 dB).
        Rms = "rms",
        /// The magnitude of every sample.
        Peak = "peak",
    }
}

fields! {
    /// One band.
    pub struct DynamicsBand {
        /// In use: off means no change of gain or width.
        on: switch = true;
        /// Only soloed bands are heard, when there are any.
        solo: switch = false;
        /// What the band does.
        action: choice Action = Compress;
        /// Level at which it begins.
        threshold_db: Db = -24.0 in -80.0..=0.0;
        /// Decibels on one side for one decibel on the other; 1 does nothing.
        ratio: Plain = 2.0 in 1.0..=100.0 log;
        /// Width of the soft bend around the threshold.
        knee_db: Db = 6.0 in 0.0..=24.0;
        /// Time to cover 63 % of the way when the sound grows louder.
        attack_ms: Ms = 15.0 in 0.05..=500.0 log;
        /// Time to cover 63 % of the way when the sound grows softer.
        release_ms: Ms = 120.0 in 5.0..=2500.0 log;
        /// Largest change of gain.
        range_db: Db = 12.0 in 0.0..=60.0;
        /// Gain of the band after that.
        gain_db: Db = 0.0 in -24.0..=24.0;
        /// Width of the band in stereo: gain of the difference of left and right.
        width_percent: Percent = 100.0 in 0.0..=200.0;
    }
}

processor! {
    /// Multiband dynamics: two to six bands, each a compressor, upward compressor or expander, with a flat sum.
    ///
    /// Crossovers of Linkwitz and Riley with their phase made good, or without phase shift. Bands count from the lowest.
    /// Channels share one gain per band. About 0.3 µs per stereo frame with four bands, 0.5 µs with linear phase.
    pub struct Multidynamics = "multidynamics" {
        /// How many bands. Fixed when the sound starts.
        bands: choice BandCount = Four;
        /// Kind of crossover. Fixed when the sound starts, since the latency hangs on it.
        crossover: choice Crossover = LinkwitzRiley;
        /// Where band 1 meets band 2. A crossover below the one before it counts as that one; with linear phase none is below 40 Hz.
        crossover1_hz: Hz = 120.0 in 20.0..=20000.0 log;
        /// Where band 2 meets band 3.
        crossover2_hz: Hz = 800.0 in 20.0..=20000.0 log;
        /// Where band 3 meets band 4.
        crossover3_hz: Hz = 5000.0 in 20.0..=20000.0 log;
        /// Where band 4 meets band 5.
        crossover4_hz: Hz = 8000.0 in 20.0..=20000.0 log;
        /// Where band 5 meets band 6.
        crossover5_hz: Hz = 12000.0 in 20.0..=20000.0 log;
        /// What the detectors follow.
        detector: choice BandDetector = Rms;
        /// Time constant of the RMS detectors.
        rms_window_ms: Ms = 10.0 in 1.0..=300.0 log;
        /// Detects the side-chain input, band by band, in place of the sound itself; without one it hears silence.
        external_key: switch = false;
        /// Share of the processed bands; the rest is the bands as they were, in phase with them.
        mix_percent: Percent = 100.0 in 0.0..=100.0;
        /// Gain after everything.
        output_db: Db = 0.0 in -24.0..=24.0;
        /// The bands, lowest first.
        band: bands [DynamicsBand; 6];
    }
}

impl Multidynamics {
    fn count(&self) -> usize {
        self.bands as usize + 2
    }

    fn topology(&self) -> Topology {
        match self.crossover {
            Crossover::LinkwitzRiley => Topology::LinkwitzRiley,
            Crossover::LinearPhase => Topology::LinearPhase,
        }
    }

    fn corners_hz(&self) -> [f64; 5] {
        [self.crossover1_hz, self.crossover2_hz, self.crossover3_hz, self.crossover4_hz, self.crossover5_hz]
    }

    /// Whether each of `count` bands is heard.
    fn heard(&self, count: usize) -> [f64; 6] {
        let any = self.band.iter().take(count).any(|band| band.solo);
        self.band.each_ref().map(|band| f64::from(u8::from(!any || band.solo)))
    }
}

impl Processor for Multidynamics {
    type Kernel = MultidynamicsKernel;
    fn prepare(&self, format: Format) -> MultidynamicsKernel {
        MultidynamicsKernel::new(self, format)
    }
}

#[cfg(test)]
mod tests;
