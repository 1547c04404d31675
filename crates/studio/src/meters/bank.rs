//! The meters side by side.

use super::Measurements;
use crate::audio::{Encoding, Info, Layout};
use dsp::block::View;
use dsp::meter::dynamics::DynamicsMeter;
use dsp::meter::loudness::LoudnessMeter;
use dsp::meter::stereo::StereoMeter;
use dsp::meter::true_peak::TruePeakMeter;

/// What a bank of meters has to know beforehand.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Sample rate.
    pub sample_rate_hz: u32,
    /// Speakers, in channel order; decides the channel weights of loudness.
    pub layout: Layout,
    /// How samples were stored; decides what bits in use can be told.
    pub encoding: Encoding,
    /// Container, as in [`Info::container`].
    pub container: &'static str,
    /// Codec, as in [`Info::codec`].
    pub codec: &'static str,
    /// Whether to keep the curves of loudness over time.
    pub curves: bool,
    /// Whether a mono stream is measured as if it were played from two loudspeakers (3.01 LU louder).
    pub dual_mono: bool,
}

impl Setup {
    /// For a stream.
    #[must_use]
    pub fn of(info: &Info) -> Self {
        Self {
            sample_rate_hz: info.sample_rate_hz,
            layout: info.layout.clone(),
            encoding: info.encoding,
            container: info.container,
            codec: info.codec,
            curves: false,
            dual_mono: false,
        }
    }

    /// For audio that is being rendered.
    #[must_use]
    pub fn of_render(sample_rate_hz: u32, layout: Layout) -> Self {
        let encoding = Encoding::Float(64);
        Self {
            sample_rate_hz,
            layout,
            encoding,
            container: "memory",
            codec: "pcm_f64",
            curves: false,
            dual_mono: false,
        }
    }

    /// The same with curves.
    #[must_use]
    pub fn with_curves(mut self) -> Self {
        self.curves = true;
        self
    }

    /// The same with mono taken as two loudspeakers.
    #[must_use]
    pub fn with_dual_mono(mut self) -> Self {
        self.dual_mono = true;
        self
    }

    /// Word length of the integer format, if it is one.
    pub(super) fn stored_bits(&self) -> Option<u16> {
        match self.encoding {
            Encoding::Int(bits) => Some(bits),
            Encoding::Float(_) | Encoding::Lossy => None,
        }
    }

    fn weights(&self) -> Vec<f64> {
        let mut weights = self.layout.loudness_weights();
        if let ([weight], true) = (weights.as_mut_slice(), self.dual_mono) {
            *weight *= 2.0;
        }
        weights
    }
}

/// Every meter at once, fed block by block.
#[derive(Debug, Clone)]
pub struct Bank {
    setup: Setup,
    levels: Levels,
    peaks: Peaks,
}

impl Bank {
    /// Meters that have heard nothing.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        Self { levels: Levels::new(&setup), peaks: Peaks::new(&setup), setup }
    }

    /// Listens to a block of as many channels as the layout has.
    pub fn process(&mut self, block: View<'_>) {
        self.levels.process(block);
        self.peaks.process(block);
    }

    /// All that was measured.
    #[must_use]
    pub fn finish(self) -> Measurements {
        Measurements::new(&self.setup, self.levels, self.peaks)
    }
}

/// Loudness. With decoding and fingerprint, it costs about as much as the other half of the bank.
#[derive(Debug, Clone)]
pub(super) struct Levels {
    pub(super) loudness: LoudnessMeter,
}

impl Levels {
    pub(super) fn new(setup: &Setup) -> Self {
        Self { loudness: LoudnessMeter::new(f64::from(setup.sample_rate_hz), &setup.weights()) }
    }

    pub(super) fn process(&mut self, block: View<'_>) {
        self.loudness.process(block);
    }
}

/// Peaks, dynamics and stereo: the other half.
#[derive(Debug, Clone)]
pub(super) struct Peaks {
    pub(super) true_peak: TruePeakMeter,
    pub(super) dynamics: DynamicsMeter,
    /// Only for two channels.
    pub(super) stereo: Option<StereoMeter>,
}

impl Peaks {
    pub(super) fn new(setup: &Setup) -> Self {
        let (rate, channels) = (f64::from(setup.sample_rate_hz), setup.layout.channels());
        Self {
            true_peak: TruePeakMeter::new(rate, channels),
            dynamics: DynamicsMeter::new(rate, channels, setup.stored_bits()),
            stereo: (channels == 2).then(|| StereoMeter::new(rate)),
        }
    }

    pub(super) fn process(&mut self, block: View<'_>) {
        self.true_peak.process(block);
        self.dynamics.process(block);
        if let Some(stereo) = &mut self.stereo {
            stereo.process(block);
        }
    }
}
