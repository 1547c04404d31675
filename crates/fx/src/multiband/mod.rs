//! Three-band compressor.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::compress::{Curve, slope_of_ratio};
use dsp::crossover::{BandGains, BandTerms, ThreeWay, corner_tangent};
use dsp::envelope::{Ballistics, MeanSquare};
use dsp::math::sanitise;
use dsp::smooth::Glide;

processor! {
    /// Three-band compressor for mastering that never splits the sound: bands are heard apart, and their gains applied
    /// by two moving shelves. No latency; at rest it passes every bit.
    ///
    /// All channels share one reduction per band. The defaults are gentle: about 1 dB in a finished mix.
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

/// Frames handled at once; states settle at multiples of it, counted from the start.
const STRIDE: usize = 64;
/// Time constant of changes of gain and crossover.
const GLIDE_MS: f64 = 5.0;
/// Time of a change of the detectors' crossovers.
const SPLIT_GLIDE_SECONDS: f64 = 0.02;

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
    /// Powers, then reductions, then gains in decibels.
    lane: [f64; STRIDE],
    shown_db: f64,
}

#[derive(Debug)]
struct Channel {
    split: ThreeWay,
    means: [MeanSquare; 3],
    gains: BandGains,
    heard: [[f64; STRIDE]; 3],
}

/// Running state of [`Multiband`].
#[derive(Debug)]
pub struct MultibandKernel {
    rate: f64,
    settings: Multiband,
    bands: [Band; 3],
    channels: Vec<Channel>,
    corners: [Glide; 2],
    terms: Vec<BandTerms>,
    until_settle: usize,
}

fn corner_targets(settings: &Multiband, rate: f64) -> [f64; 2] {
    [corner_tangent(settings.low_crossover_hz, rate), corner_tangent(settings.high_crossover_hz, rate)]
}

impl Processor for Multiband {
    type Kernel = MultibandKernel;
    fn prepare(&self, format: Format) -> MultibandKernel {
        let rate = format.sample_rate_hz;
        let corners = corner_targets(self, rate);
        let channel = || Channel {
            split: ThreeWay::new(self.low_crossover_hz, self.high_crossover_hz, rate),
            means: std::array::from_fn(|_| MeanSquare::new(self.rms_window_ms, rate)),
            gains: BandGains::default(),
            heard: [[0.0; STRIDE]; 3],
        };
        MultibandKernel {
            rate,
            settings: self.clone(),
            bands: self.bands().map(|band| Band {
                curve: band.curve(self),
                ballistics: Ballistics::new(band.attack_ms, band.release_ms, 0.0, rate),
                gain_db: Glide::new(band.gain_db(), GLIDE_MS, rate),
                lane: [0.0; STRIDE],
                shown_db: 0.0,
            }),
            channels: (0..format.channels.max(1)).map(|_| channel()).collect(),
            corners: corners.map(|corner| Glide::new(corner, GLIDE_MS, rate)),
            terms: vec![BandTerms::new([0.0; 3], corners[0], corners[1]); STRIDE],
            until_settle: STRIDE,
        }
    }
}

impl MultibandKernel {
    /// Largest reduction of low, middle and high in the last block, in decibels.
    #[must_use]
    pub fn band_reductions_db(&self) -> [f64; 3] {
        self.bands.each_ref().map(|band| band.shown_db)
    }

    /// Fills every band's lane with the power of its loudest channel.
    fn hear(&mut self, block: &Block<'_>) {
        let frames = block.frames();
        self.bands.iter_mut().for_each(|band| band.lane[..frames].fill(0.0));
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let [low, middle, high] = &mut channel.heard;
            let planes = (&mut low[..frames], &mut middle[..frames], &mut high[..frames]);
            channel.split.split(block.channel(index), planes.0, planes.1, planes.2);
            for ((band, heard), mean) in self.bands.iter_mut().zip(&mut channel.heard).zip(&mut channel.means)
            {
                let heard = &mut heard[..frames];
                heard.iter_mut().for_each(|x| *x *= *x);
                mean.process(heard);
                let lane = band.lane.iter_mut().zip(heard);
                lane.for_each(|(most, power)| *most = if *power > *most { *power } else { *most });
            }
        }
    }

    /// Turns powers into gains in decibels, then into terms.
    fn follow(&mut self, frames: usize) {
        for band in &mut self.bands {
            let lane = &mut band.lane[..frames];
            band.curve.reductions_of_powers(lane);
            band.shown_db = f64::max(band.shown_db, band.ballistics.process(lane));
            lane.iter_mut().for_each(|value| *value = band.gain_db.next_value() - *value);
        }
        let [low, middle, high] = &self.bands;
        for (frame, terms) in self.terms.iter_mut().take(frames).enumerate() {
            let corners = self.corners.each_mut().map(Glide::next_value);
            let gains_db = [low.lane[frame], middle.lane[frame], high.lane[frame]];
            *terms = BandTerms::new(gains_db, corners[0], corners[1]);
        }
    }

    fn run(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(sanitise);
        self.hear(block);
        self.follow(block.frames());
        for (channel, plane) in self.channels.iter_mut().zip(block.channels_mut()) {
            channel.gains.process(plane, &self.terms);
        }
    }

    fn settle(&mut self) {
        for channel in &mut self.channels {
            channel.split.settle();
            channel.gains.settle();
            channel.means.iter_mut().for_each(MeanSquare::settle);
        }
    }
}

impl Kernel for MultibandKernel {
    type Settings = Multiband;

    fn gain_reduction_db(&self) -> Option<f64> {
        Some(self.band_reductions_db().into_iter().fold(0.0, f64::max))
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.bands.iter_mut().for_each(|band| band.shown_db = 0.0);
        let mut start = 0;
        while start < block.frames() {
            let frames = self.until_settle.min(block.frames() - start);
            self.run(&mut block.slice(start, frames));
            start += frames;
            self.until_settle -= frames;
            if self.until_settle == 0 {
                self.until_settle = STRIDE;
                self.settle();
            }
        }
    }

    fn retune(&mut self, settings: &Multiband) {
        let old = std::mem::replace(&mut self.settings, settings.clone());
        for (band, new) in self.bands.iter_mut().zip(settings.bands()) {
            band.curve = new.curve(settings);
            band.ballistics.set_times(new.attack_ms, new.release_ms, self.rate);
            band.gain_db.set_target(new.gain_db());
        }
        let targets = corner_targets(settings, self.rate);
        self.corners.iter_mut().zip(targets).for_each(|(glide, target)| glide.set_target(target));
        let crossovers = |s: &Multiband| (s.low_crossover_hz, s.high_crossover_hz);
        let (low, high) = crossovers(settings);
        for channel in &mut self.channels {
            channel.means.iter_mut().for_each(|mean| mean.set_window(settings.rms_window_ms, self.rate));
            if crossovers(&old) != (low, high) {
                channel.split.glide_to(low, high, self.rate, (SPLIT_GLIDE_SECONDS * self.rate) as usize);
            }
        }
    }

    fn reset(&mut self) {
        for channel in &mut self.channels {
            channel.split.reset();
            channel.gains.reset();
            channel.means.iter_mut().for_each(MeanSquare::reset);
        }
        for band in &mut self.bands {
            band.ballistics.reset();
            band.gain_db.snap(band.gain_db.target());
            band.shown_db = 0.0;
        }
        self.corners.iter_mut().for_each(|glide| glide.snap(glide.target()));
        self.until_settle = STRIDE;
    }
}

#[cfg(test)]
mod tests;
