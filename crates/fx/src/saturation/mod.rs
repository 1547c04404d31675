//! Saturation, alias-suppressed.

mod course;
mod kernel;
mod parts;

pub use kernel::SaturationKernel;

use crate::{Format, Processor};
use dsp::math::{db_to_gain, exp};
use dsp::oversample::Factor;
use dsp::waveshape::{Curve, shape, working_point};

choice! {
    /// Character of the curve.
    pub enum SaturationMode {
        /// Symmetrical and soft from the first: odd harmonics, as tape pressed hard.
        Tape = "tape",
        /// Lopsided: the second harmonic first, as a triode stage.
        Tube = "tube",
        /// Clean up to half the ceiling, then bending: rounds peaks and leaves the rest.
        SoftClip = "soft_clip",
        /// Clean up to the ceiling and not a bit beyond: the hardest edge.
        HardClip = "hard_clip",
        /// Saturates the flux, the leaky integral of the sound: bass first and most, treble hardly, as an iron core.
        Transformer = "transformer",
    }
}

choice! {
    /// How many times the sample rate the curve works at.
    pub enum Oversampling {
        /// As much as keeps the aliases of a full-scale tone at a fifth of the rate below -90 dB, by mode and drive.
        Auto = "auto",
        /// None: no latency, and aliases.
        X1 = "x1",
        /// Twice: 76 frames of latency.
        X2 = "x2",
        /// Four times: 86 frames of latency.
        X4 = "x4",
        /// Eight times: 90 frames of latency.
        X8 = "x8",
        /// Sixteen times: 92 frames of latency.
        X16 = "x16",
        /// 32 times: 94 frames of latency.
        X32 = "x32",
        /// 64 times: 96 frames of latency.
        X64 = "x64",
    }
}

processor! {
    /// Saturation: tape, tube, transformer, soft or hard clipping, alias-suppressed, on the whole sound or on three bands.
    ///
    /// The ceiling of the curve is 0 dBFS after the drive. Harmonics that would fold back are kept out by working at a
    /// multiple of the sample rate, with linear-phase filters, and where clipped edges are steep by an exact integral over
    /// them on top (one more frame of latency). The dry part of the mix is delayed to match, so blending does not colour.
    /// Bands are split without phase shift and sum to the input. Per stereo frame about 0.3 µs at the default drive, 0.8 µs
    /// for the hard clipper, 3 µs for tape and tube at full drive.
    pub struct Saturation = "saturation" {
        /// Character of the curve.
        mode: choice SaturationMode = Tape;
        /// Gain into the curve.
        drive_db: Db = 6.0 in -24.0..=36.0;
        /// Moves the working point off the centre: even harmonics, to either side.
        asymmetry_percent: Percent = 0.0 in -100.0..=100.0;
        /// Frequency above which the flux of the transformer falls by 6 dB per octave, and its distortion by 12.
        corner_hz: Hz = 60.0 in 20.0..=200.0 log;
        /// How much more drive treble gets than bass, about 1 kHz; undone after the curve. Below zero bass gets more.
        tone_db: Db = 0.0 in -12.0..=12.0;
        /// Times the sample rate the curve works at. Fixed when the sound starts, since the latency hangs on it: with
        /// `auto` the mode and drive of that moment count.
        oversampling: choice Oversampling = Auto;
        /// Holds the loudness of the saturated sound at that of the input, over a few seconds.
        auto_gain: switch = true;
        /// Gain after the mix.
        output_db: Db = 0.0 in -24.0..=24.0;
        /// Share of the saturated sound; 0 is the delayed input to the bit.
        mix_percent: Percent = 100.0 in 0.0..=100.0;
        /// Works on three bands by themselves, each with a drive of its own. Fixed when the sound starts: the split adds a
        /// quarter of a second of latency.
        multiband: switch = false;
        /// Where low meets middle.
        low_crossover_hz: Hz = 200.0 in 40.0..=1000.0 log;
        /// Where middle meets high.
        high_crossover_hz: Hz = 4000.0 in 1000.0..=16000.0 log;
        /// Further drive of the low band, undone after the curve: more distortion, the same balance. Together with
        /// `drive_db` never more than 36 dB.
        low_drive_db: Db = 0.0 in -24.0..=24.0;
        /// Further drive of the middle band.
        mid_drive_db: Db = 0.0 in -24.0..=24.0;
        /// Further drive of the high band.
        high_drive_db: Db = 0.0 in -24.0..=24.0;
    }
}

/// Frames worked on at a time.
const PIECE: usize = 64;
/// Level at which drive is judged before the signal tells: the usual level of tracks, -18 dBFS RMS.
const AUTO_GAIN_REFERENCE_DBFS: f64 = -18.0;
/// Most drive there is, by definition: the top of `drive_db`.
const MOST_DRIVE_DB: f64 = 36.0;

impl Saturation {
    fn curve(&self) -> Curve {
        match self.mode {
            SaturationMode::Tape => Curve::Tape,
            SaturationMode::Tube => Curve::Tube,
            SaturationMode::SoftClip => Curve::SoftClip,
            SaturationMode::HardClip => Curve::HardClip,
            SaturationMode::Transformer => Curve::Transformer,
        }
    }

    fn bias(&self) -> f64 {
        working_point(self.curve(), self.asymmetry_percent / 100.0)
    }

    fn factor(&self) -> Factor {
        match self.oversampling {
            Oversampling::Auto => self.enough(),
            Oversampling::X1 => Factor::X1,
            Oversampling::X2 => Factor::X2,
            Oversampling::X4 => Factor::X4,
            Oversampling::X8 => Factor::X8,
            Oversampling::X16 => Factor::X16,
            Oversampling::X32 => Factor::X32,
            Oversampling::X64 => Factor::X64,
        }
    }

    /// Further drive of low, middle and high as gains.
    fn band_drives(&self) -> [f64; 3] {
        [self.low_drive_db, self.mid_drive_db, self.high_drive_db]
            .map(|db| db_to_gain((self.drive_db + db).min(MOST_DRIVE_DB) - self.drive_db))
    }

    fn most_drive_db(&self) -> f64 {
        let [low, middle, high] = [self.low_drive_db, self.mid_drive_db, self.high_drive_db];
        let most = if self.multiband { low.max(middle).max(high) } else { 0.0 };
        (self.drive_db + most).min(MOST_DRIVE_DB)
    }

    /// By calibration, 2026-11-21: the loudest alias of a sine of 0 dBFS at 8.82 kHz of 44.1 kHz, measured over the whole
    /// range of drives, is below -90 dB. A hyperbolic tangent driven by a has poles π/2a from the real axis, so its
    /// harmonics fall as e^(-kπ/2a) and a higher rate always helps; the edges of a clipper need [`Self::spline`].
    fn enough(&self) -> Factor {
        let steps: &[(f64, Factor)] = match self.mode {
            SaturationMode::Tape | SaturationMode::Tube => {
                &[(8.0, Factor::X4), (14.0, Factor::X8), (20.0, Factor::X16), (28.0, Factor::X32)]
            }
            SaturationMode::SoftClip => &[(-6.0, Factor::X4), (6.0, Factor::X8), (f64::MAX, Factor::X16)],
            SaturationMode::HardClip => &[(f64::MAX, Factor::X16)],
            SaturationMode::Transformer => &[(f64::MAX, Factor::X8)],
        };
        let drive_db = self.most_drive_db();
        steps.iter().find(|(most_db, _)| drive_db <= *most_db).map_or(Factor::X64, |(_, factor)| *factor)
    }

    /// Whether clippers are integrated over their edges: a hard one always, the soft one where it has become a square
    /// wave and the rate is ours to choose.
    fn spline(&self) -> bool {
        let pressed = self.oversampling == Oversampling::Auto && self.most_drive_db() > 14.0;
        match self.mode {
            SaturationMode::HardClip => self.factor() >= Factor::X4,
            SaturationMode::SoftClip => pressed,
            _ => false,
        }
    }

    /// High-shelf gain of the tilt; the low shelf has its inverse.
    fn tilt(&self) -> f64 {
        db_to_gain(self.tone_db / 2.0)
    }

    /// Power out over power in for normal noise at the reference level.
    fn expected_power_ratio(&self) -> f64 {
        let rms = db_to_gain(AUTO_GAIN_REFERENCE_DBFS);
        let (curve, bias, drive) = (self.curve(), self.bias(), db_to_gain(self.drive_db));
        if curve == Curve::Transformer {
            // Next to nothing of the loudness of music is where the flux saturates.
            return drive * drive;
        }
        let (mut weight, mut mean, mut power) = (0.0, 0.0, 0.0);
        // Trapezoidal sum over ±4 sigma.
        for step in -32..=32_i32 {
            let z = f64::from(step) / 8.0;
            let mut y = [rms * z * drive];
            shape(curve, bias, &mut y);
            let w = exp(-0.5 * z * z);
            weight += w;
            mean += w * y[0];
            power += w * y[0] * y[0];
        }
        let mean = mean / weight;
        (power / weight - mean * mean) / (rms * rms)
    }
}

impl Processor for Saturation {
    type Kernel = SaturationKernel;
    fn prepare(&self, format: Format) -> SaturationKernel {
        SaturationKernel::new(self, format)
    }
}

#[cfg(test)]
mod tests;
