//! Compressor.

mod curve;
mod kernel;

pub use kernel::CompressorKernel;

use crate::{Format, Processor};
use dsp::compress::{Curve, Lift, slope_of_ratio};

use crate::ear::KeySettings;

choice! {
    /// What the detector follows.
    pub enum Detector {
        /// The magnitude of every sample.
        Peak = "peak",
        /// The running RMS (a full-scale sine reads -3 dB).
        Rms = "rms",
        /// The running mean of the magnitude (a full-scale sine reads -3.9 dB): less drawn by peaks than the RMS.
        Average = "average",
    }
}

choice! {
    /// Where the detector listens.
    pub enum Topology {
        /// Before the gain: times and ratio are exactly those given.
        FeedForward = "feed_forward",
        /// Behind the gain: the ratio holds, the gain falls up to `ratio` times quicker; an external key is heard as it is.
        Feedback = "feedback",
    }
}

choice! {
    /// How the channels of an external key become one.
    pub enum KeySum {
        /// Each channel is detected; they are linked like the sound itself.
        Linked = "linked",
        /// Their average is detected.
        MonoSum = "mono_sum",
    }
}

processor! {
    /// Compressor with soft knee, look-ahead, external key and stereo link; downwards, upwards or both, feed-forward
    /// or feedback.
    ///
    /// Gain computer and log-domain detector of Giannoulis, Massberg and Reiss, JAES 60(6), 2012.
    pub struct Compressor = "compressor" {
        /// Level above which the gain falls.
        threshold_db: Db = -18.0 in -60.0..=0.0;
        /// Decibels in for one decibel out, above the threshold; 100 is a limiter.
        ratio: Plain = 2.0 in 1.0..=100.0 log;
        /// Width of the soft bend around the threshold.
        knee_db: Db = 6.0 in 0.0..=24.0;
        /// Time for the gain to cover 63 % of a fall.
        attack_ms: Ms = 10.0 in 0.05..=250.0 log;
        /// Time for the gain to cover 63 % of its way back.
        release_ms: Ms = 120.0 in 5.0..=2500.0 log;
        /// Time the gain waits before it comes back.
        hold_ms: Ms = 0.0 in 0.0..=500.0;
        /// Attack and release from the crest factor of the sound, in place of those given.
        auto_time: switch = false;
        /// What the detector follows.
        detector: choice Detector = Peak;
        /// Time by which the RMS and average detectors are late: how quickly they react.
        rms_window_ms: Ms = 10.0 in 1.0..=300.0 log;
        /// How far the detector sees ahead; the sound is late by as much. Fixed when the session starts to run.
        lookahead_ms: Ms = 0.0 in 0.0..=20.0;
        /// Largest gain reduction.
        range_db: Db = 60.0 in 0.0..=60.0;
        /// Gain of the compressed sound.
        makeup_db: Db = 0.0 in -24.0..=24.0;
        /// Adds half the reduction of full scale to the make-up.
        auto_makeup: switch = false;
        /// Share of the compressed sound; the rest is the sound as it was, in time with it.
        mix_percent: Percent = 100.0 in 0.0..=100.0;
        /// How far the channels share one gain reduction: 100 keeps the image still.
        link_percent: Percent = 100.0 in 0.0..=100.0;
        /// Detector only: removes what is below, 12 dB per octave; 0 is off.
        key_high_pass_hz: Hz = 0.0 in 0.0..=2000.0;
        /// Detector only: removes what is above, 12 dB per octave; 20000 is off.
        key_low_pass_hz: Hz = 20000.0 in 200.0..=20000.0 log;
        /// Detects the side-chain input in place of the sound itself; without one the gain rests.
        external_key: switch = false;
        /// How the channels of the side-chain input become one.
        key_sum: choice KeySum = Linked;
        /// Puts out what the detector hears.
        listen: switch = false;
        /// Where the detector listens.
        topology: choice Topology = FeedForward;
        /// Level below which the gain rises (upward compression).
        up_threshold_db: Db = -40.0 in -80.0..=0.0;
        /// Decibels in for one decibel out, below that threshold; 1 is off.
        up_ratio: Plain = 1.0 in 1.0..=20.0 log;
        /// Largest rise.
        up_range_db: Db = 12.0 in 0.0..=36.0;
        /// Below this level the rise goes back, a decibel for each decibel: what is only noise is not raised.
        up_floor_db: Db = -70.0 in -120.0..=-20.0;
    }
}

impl Compressor {
    /// The slope of the curve, 1 - 1/ratio; 1 at the top of the ratio's range.
    fn slope(&self) -> f64 {
        if self.ratio >= 100.0 { 1.0 } else { slope_of_ratio(self.ratio) }
    }

    /// The static curve.
    #[must_use]
    pub fn curve(&self) -> Curve {
        Curve::new(self.threshold_db, self.slope(), self.knee_db, self.range_db)
    }

    /// The static curve below the upward threshold.
    #[must_use]
    pub fn lift(&self) -> Lift {
        let slope = slope_of_ratio(self.up_ratio);
        Lift::new(self.up_threshold_db, slope, self.knee_db, self.up_range_db, self.up_floor_db)
    }

    fn key(&self) -> KeySettings {
        KeySettings {
            high_pass_hz: self.key_high_pass_hz,
            low_pass_hz: self.key_low_pass_hz,
            external: self.external_key,
            mono_sum: self.key_sum == KeySum::MonoSum,
            listen: self.listen,
        }
    }

    /// Whether the detector hears the output; with an external key it cannot.
    fn is_loop(&self) -> bool {
        self.topology == Topology::Feedback && !self.external_key
    }

    fn total_makeup_db(&self) -> f64 {
        self.makeup_db + if self.auto_makeup { self.curve().automatic_makeup_db() } else { 0.0 }
    }
}

impl Processor for Compressor {
    type Kernel = CompressorKernel;
    fn prepare(&self, format: Format) -> CompressorKernel {
        CompressorKernel::new(self, format)
    }
}

#[cfg(test)]
mod tests;
