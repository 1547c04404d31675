//! Three-band compressor.

use crate::stride::{Stride, in_strides};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::compress::{Curve, slope_of_ratio};
use dsp::crossover::{BandGains, BandTerms, Ramp, SplitTerms, ThreeWay, corner_tangent};
use dsp::envelope::{Ballistics, MeanSquare};
use dsp::math::sanitise;
use dsp::smooth::Glide;

processor! {
    /// Three-band compressor for mastering that never splits the sound: bands are heard apart, and their gains applied
    /// by two moving shelves. No latency; at rest it passes every bit.
    ///
    /// All channels share one reduction per band. The defaults are gentle: about 1 dB in a finished mix. Gains are worked
    /// out about every third of a millisecond and move on straight lines in between.
    pub struct Multiband = "multiband" {
        /// Where low meets middle.
        low_crossover_hz: Hz = 120.0 in 40.0..=1000.0 log;
        /// Where middle meets high.
        high_crossover_hz: Hz = 5000.0 in 1000.0..=16000.0 log;
        /// Width of the soft bend around each threshold.
        knee_db: Db = 8.0 in 0.0..=24.0;
        /// Largest gain reduction of a band.
        range_db: Db = 6.0 in 0.0..=24.0;
        /// Time constant of the RMS detectors.
        rms_window_ms: Ms = 20.0 in 1.0..=300.0 log;
        /// Low band in use: off means no reduction and no gain.
        low_on: switch = true;
        /// RMS of the low band above which its gain falls.
        low_threshold_db: Db = -24.0 in -60.0..=0.0;
        /// Decibels in for one decibel out.
        low_ratio: Plain = 1.3 in 1.0..=20.0 log;
        /// Time for the gain to cover 63 % of a fall.
        low_attack_ms: Ms = 30.0 in 0.5..=250.0 log;
        /// Time for the gain to cover 63 % of its way back.
        low_release_ms: Ms = 200.0 in 5.0..=2500.0 log;
        /// Gain of the low band.
        low_gain_db: Db = 0.0 in -12.0..=12.0;
        /// Middle band in use.
        mid_on: switch = true;
        /// RMS of the middle band above which its gain falls.
        mid_threshold_db: Db = -22.0 in -60.0..=0.0;
        /// Decibels in for one decibel out.
        mid_ratio: Plain = 1.2 in 1.0..=20.0 log;
        /// Time for the gain to cover 63 % of a fall.
        mid_attack_ms: Ms = 20.0 in 0.5..=250.0 log;
        /// Time for the gain to cover 63 % of its way back.
        mid_release_ms: Ms = 150.0 in 5.0..=2500.0 log;
        /// Gain of the middle band.
        mid_gain_db: Db = 0.0 in -12.0..=12.0;
        /// High band in use.
        high_on: switch = true;
        /// RMS of the high band above which its gain falls.
        high_threshold_db: Db = -34.0 in -60.0..=0.0;
        /// Decibels in for one decibel out.
        high_ratio: Plain = 1.3 in 1.0..=20.0 log;
        /// Time for the gain to cover 63 % of a fall.
        high_attack_ms: Ms = 5.0 in 0.5..=250.0 log;
        /// Time for the gain to cover 63 % of its way back.
        high_release_ms: Ms = 80.0 in 5.0..=2500.0 log;
        /// Gain of the high band.
        high_gain_db: Db = 0.0 in -12.0..=12.0;
    }
}

/// Time constant of changes of gain and crossover.
const GLIDE_MS: f64 = 5.0;
/// Most often that gains are worked out, times per second. By calibration, 2026-11-21, see
/// docs/decisions/020-equaliser-and-three-bands.md: what the straight lines in between leave is 114 dB below the sound.
const CONTROL_RATE_HZ: f64 = 3_200.0;

/// Frames from one working out of gains to the next: a power of two, so that a part of a line is exact.
fn control_frames(rate: f64) -> usize {
    (4..12).map(|power| 1 << power).find(|frames| rate / *frames as f64 <= CONTROL_RATE_HZ).unwrap_or(4096)
}

/// What one band is asked to do.
struct BandSettings {
    on: bool,
    threshold_db: f64,
    ratio: f64,
    attack_ms: f64,
    release_ms: f64,
    gain_db: f64,
}

impl Multiband {
    fn bands(&self) -> [BandSettings; 3] {
        [
            BandSettings {
                on: self.low_on,
                threshold_db: self.low_threshold_db,
                ratio: self.low_ratio,
                attack_ms: self.low_attack_ms,
                release_ms: self.low_release_ms,
                gain_db: self.low_gain_db,
            },
            BandSettings {
                on: self.mid_on,
                threshold_db: self.mid_threshold_db,
                ratio: self.mid_ratio,
                attack_ms: self.mid_attack_ms,
                release_ms: self.mid_release_ms,
                gain_db: self.mid_gain_db,
            },
            BandSettings {
                on: self.high_on,
                threshold_db: self.high_threshold_db,
                ratio: self.high_ratio,
                attack_ms: self.high_attack_ms,
                release_ms: self.high_release_ms,
                gain_db: self.high_gain_db,
            },
        ]
    }
}

impl BandSettings {
    fn curve(&self, all: &Multiband) -> Curve {
        let slope = if self.on { slope_of_ratio(self.ratio) } else { 0.0 };
        Curve::new(self.threshold_db, slope, all.knee_db, all.range_db)
    }

    fn gain_db(&self) -> f64 {
        if self.on { self.gain_db } else { 0.0 }
    }
}

#[derive(Debug)]
struct Band {
    curve: Curve,
    ballistics: Ballistics,
    gain_db: Glide,
    shown_db: f64,
}

impl Band {
    /// Gain in decibels for a power.
    fn follow(&mut self, power: f64) -> f64 {
        let reduction_db = self.ballistics.tick(self.curve.reduction_of_power(power));
        self.shown_db = f64::max(self.shown_db, reduction_db);
        self.gain_db.next_value() - reduction_db
    }
}

/// Two channels.
#[derive(Debug)]
struct Couple {
    split: ThreeWay,
    energies: [[f64; 2]; 3],
    means: [[MeanSquare; 2]; 3],
    gains: BandGains,
}

impl Couple {
    /// Ends a stretch of `frames`: power of each band in its louder channel.
    fn powers(&mut self, frames: usize) -> [f64; 3] {
        let part = 1.0 / frames as f64;
        let energies = std::mem::take(&mut self.energies);
        std::array::from_fn(|band| {
            let ([left, right], energy) = (&mut self.means[band], energies[band]);
            f64::max(left.tick(part * energy[0]), right.tick(part * energy[1]))
        })
    }

    fn settle(&mut self) {
        self.split.settle();
        self.gains.settle();
        self.means.iter_mut().flatten().for_each(MeanSquare::settle);
    }
}

/// Running state of [`Multiband`].
#[derive(Debug)]
pub struct MultibandKernel {
    /// Gains are worked out this many times per second.
    control_hz: f64,
    rate: f64,
    bands: [Band; 3],
    couples: Vec<Couple>,
    corners: [Glide; 2],
    split: SplitTerms,
    ramp: Ramp,
    /// Gains in decibels and corners the ramp goes to.
    aim: ([f64; 3], [f64; 2]),
    /// A channel of silence beside the last of an odd number.
    spare: Vec<f64>,
    stride: Stride,
}

fn corner_targets(settings: &Multiband, rate: f64) -> [f64; 2] {
    [corner_tangent(settings.low_crossover_hz, rate), corner_tangent(settings.high_crossover_hz, rate)]
}

impl Processor for Multiband {
    type Kernel = MultibandKernel;
    fn prepare(&self, format: Format) -> MultibandKernel {
        let rate = format.sample_rate_hz;
        let control_frames = control_frames(rate);
        let control_hz = rate / control_frames as f64;
        let corners = corner_targets(self, rate);
        let gains_db = self.bands().map(|band| band.gain_db());
        let mean = || MeanSquare::new(self.rms_window_ms, control_hz);
        let couple = || Couple {
            split: ThreeWay::default(),
            energies: [[0.0; 2]; 3],
            means: std::array::from_fn(|_| [mean(), mean()]),
            gains: BandGains::default(),
        };
        MultibandKernel {
            control_hz,
            rate,
            bands: self.bands().map(|band| Band {
                curve: band.curve(self),
                ballistics: Ballistics::new(band.attack_ms, band.release_ms, 0.0, control_hz),
                gain_db: Glide::new(band.gain_db(), GLIDE_MS, control_hz),
                shown_db: 0.0,
            }),
            couples: (0..format.channels.max(1).div_ceil(2)).map(|_| couple()).collect(),
            corners: corners.map(|corner| Glide::new(corner, GLIDE_MS, control_hz)),
            split: SplitTerms::new(corners[0], corners[1]),
            ramp: Ramp::new(BandTerms::new(gains_db, corners[0], corners[1])),
            aim: (gains_db, corners),
            spare: vec![0.0; control_frames],
            stride: Stride::new(control_frames),
        }
    }
}

impl MultibandKernel {
    /// Largest reduction of low, middle and high in the last block, in decibels.
    #[must_use]
    pub fn band_reductions_db(&self) -> [f64; 3] {
        self.bands.each_ref().map(|band| band.shown_db)
    }

    /// At most as many frames as are left until [`Self::control`].
    fn run(&mut self, block: &mut Block<'_>) {
        let frames = block.frames();
        let mut planes = block.channels_mut();
        let mut reached = None;
        for couple in &mut self.couples {
            let Some(left) = planes.next() else { break };
            let right = planes.next().unwrap_or(&mut self.spare[..frames]);
            sanitise(left);
            sanitise(right);
            couple.split.listen(&self.split, [left, right], &mut couple.energies);
            reached = Some(couple.gains.process(&self.ramp, left, right));
        }
        if let Some(terms) = reached {
            self.ramp.reach(terms);
        }
    }

    /// Works out gains from what was heard since the last time, and sets out for them.
    fn control(&mut self) {
        let frames = self.spare.len();
        let mut powers = [0.0; 3];
        for couple in &mut self.couples {
            couple.settle();
            let heard = couple.powers(frames);
            powers = std::array::from_fn(|band| f64::max(powers[band], heard[band]));
        }
        let [low, middle, high] = &mut self.bands;
        let gains_db = [low.follow(powers[0]), middle.follow(powers[1]), high.follow(powers[2])];
        let corners = self.corners.each_mut().map(Glide::next_value);
        self.set_out((gains_db, corners));
    }

    fn set_out(&mut self, aim: ([f64; 3], [f64; 2])) {
        if aim == self.aim {
            self.ramp.stay();
            return;
        }
        let (gains_db, corners) = aim;
        if corners != self.aim.1 {
            self.split = SplitTerms::new(corners[0], corners[1]);
        }
        self.ramp.go(BandTerms::new(gains_db, corners[0], corners[1]), self.spare.len());
        self.aim = aim;
    }
}

impl Kernel for MultibandKernel {
    type Settings = Multiband;

    fn gain_reduction_db(&self) -> Option<f64> {
        Some(self.band_reductions_db().into_iter().fold(0.0, f64::max))
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.bands.iter_mut().for_each(|band| band.shown_db = band.ballistics.value_db());
        in_strides(self, block, |kernel| &mut kernel.stride, Self::run, Self::control);
    }

    fn retune(&mut self, settings: &Multiband) {
        for (band, new) in self.bands.iter_mut().zip(settings.bands()) {
            band.curve = new.curve(settings);
            band.ballistics.set_times(new.attack_ms, new.release_ms, self.control_hz);
            band.gain_db.set_target(new.gain_db());
        }
        let targets = corner_targets(settings, self.rate);
        self.corners.iter_mut().zip(targets).for_each(|(glide, target)| glide.set_target(target));
        for mean in self.couples.iter_mut().flat_map(|couple| couple.means.iter_mut().flatten()) {
            mean.set_window(settings.rms_window_ms, self.control_hz);
        }
    }

    fn reset(&mut self) {
        for couple in &mut self.couples {
            couple.split.reset();
            couple.gains.reset();
            couple.energies = [[0.0; 2]; 3];
            couple.means.iter_mut().flatten().for_each(MeanSquare::reset);
        }
        for band in &mut self.bands {
            band.ballistics.reset();
            band.gain_db.snap(band.gain_db.target());
            band.shown_db = 0.0;
        }
        self.corners.iter_mut().for_each(|glide| glide.snap(glide.target()));
        let corners = self.corners.each_ref().map(Glide::target);
        self.aim = (self.bands.each_ref().map(|band| band.gain_db.target()), corners);
        self.split = SplitTerms::new(corners[0], corners[1]);
        self.ramp = Ramp::new(BandTerms::new(self.aim.0, corners[0], corners[1]));
        self.stride.reset();
    }
}

#[cfg(test)]
mod tests;
