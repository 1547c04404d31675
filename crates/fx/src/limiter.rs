//! True-peak limiter.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::limiter::{Report, Settings};

choice! {
    /// Who chooses between the fast and the long window.
    pub enum Style {
        /// The material: struck material gets the fast window and the clip, sustained material the long window.
        Adaptive = "adaptive",
        /// Always the long window and no clip: the cleanest tones, the softest blows.
        Transparent = "transparent",
        /// Always the fast window and the clip: blows stay sharp.
        Punchy = "punchy",
    }
}

processor! {
    /// Look-ahead true-peak limiter for any number of channels.
    ///
    /// Soft clip of single peaks, a slow stage for the bass, a fast stage whose window follows the material, and three
    /// rounds that measure the result at 8x and with the filter of ITU-R BS.1770-5 and repair what still stands out.
    /// Below the ceiling audio passes bit for bit. Latency 31 to 44 ms depending on the sample rate, the same
    /// for all settings.
    pub struct Limiter = "limiter" {
        /// True-peak level that nothing exceeds.
        ceiling_dbtp: Dbtp = -1.0 in -30.0..=0.0;
        /// Gain in front of the limiter: the drive.
        gain_db: Db = 0.0 in -24.0..=36.0;
        /// Who chooses between the fast and the long window.
        style: choice Style = Adaptive;
        /// Time the fast window takes to come down before a peak.
        lookahead_ms: Ms = 4.0 in 0.5..=12.0 log;
        /// Time the long window takes to come down before a peak.
        long_lookahead_ms: Ms = 10.0 in 0.5..=12.0 log;
        /// Time for 63 % of the decibels to come back after a single peak.
        release_ms: Ms = 50.0 in 1.0..=2000.0 log;
        /// Slows the release, up to six times, where reduction lasts.
        release_auto: switch = true;
        /// Time the gain of the fast window stays down after a peak.
        hold_ms: Ms = 0.0 in 0.0..=20.0;
        /// Slow stage that takes the bass down first.
        low_stage: switch = true;
        /// What the slow stage hears: corner of its low-pass.
        low_hz: Hz = 200.0 in 50.0..=1000.0 log;
        /// Soft clip of single peaks; it rests on sustained material and where peaks are dense.
        clip: switch = true;
        /// Top of the clip above the ceiling; what is left is limited.
        clip_db: Db = 2.0 in 0.0..=12.0;
        /// How much of the fast reduction the channels share.
        link_percent: Percent = 100.0 in 0.0..=100.0;
        /// How much of the slow reduction the channels share.
        low_link_percent: Percent = 100.0 in 0.0..=100.0;
        /// Counts peaks between samples; off: sample peaks only.
        true_peak: switch = true;
    }
}

impl Limiter {
    /// The settings of the kernel in `dsp`.
    #[must_use]
    pub fn kernel_settings(&self) -> Settings {
        Settings {
            ceiling_dbtp: self.ceiling_dbtp,
            gain_db: self.gain_db,
            style: match self.style {
                Style::Adaptive => dsp::limiter::Style::Adaptive,
                Style::Transparent => dsp::limiter::Style::Transparent,
                Style::Punchy => dsp::limiter::Style::Punchy,
            },
            lookahead_ms: self.lookahead_ms,
            long_lookahead_ms: self.long_lookahead_ms,
            release_ms: self.release_ms,
            release_auto: self.release_auto,
            hold_ms: self.hold_ms,
            low_stage: self.low_stage,
            low_hz: self.low_hz,
            clip: self.clip,
            clip_db: self.clip_db,
            link_percent: self.link_percent,
            low_link_percent: self.low_link_percent,
            true_peak: self.true_peak,
        }
    }
}

/// Running state of [`Limiter`].
#[derive(Debug)]
pub struct LimiterKernel {
    inner: dsp::limiter::Limiter,
    /// Largest reduction of the last block, and since it was last taken.
    shown_db: f64,
    untaken_db: f64,
}

impl LimiterKernel {
    /// What was done since the beginning.
    #[must_use]
    pub fn report(&self) -> Report {
        self.inner.report()
    }

    /// Largest reduction since this was last asked, in decibels from 0 up: ask once per block for a trace.
    pub fn take_reduction_db(&mut self) -> f64 {
        std::mem::take(&mut self.untaken_db)
    }
}

impl Processor for Limiter {
    type Kernel = LimiterKernel;
    fn prepare(&self, format: Format) -> LimiterKernel {
        let inner =
            dsp::limiter::Limiter::new(self.kernel_settings(), format.channels, format.sample_rate_hz);
        LimiterKernel { inner, shown_db: 0.0, untaken_db: 0.0 }
    }
}

impl Kernel for LimiterKernel {
    type Settings = Limiter;

    fn latency_frames(&self) -> usize {
        self.inner.latency_frames()
    }

    fn gain_reduction_db(&self) -> Option<f64> {
        Some(self.shown_db)
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.inner.process(block);
        self.shown_db = self.inner.take_reduction_db();
        self.untaken_db = self.untaken_db.max(self.shown_db);
    }

    fn retune(&mut self, settings: &Limiter) {
        self.inner.retune(settings.kernel_settings());
    }

    fn reset(&mut self) {
        self.inner.reset();
        (self.shown_db, self.untaken_db) = (0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Describe, Fields, find};
    use dsp::block::Buffer;

    fn run(limiter: &Limiter, rate_hz: f64, channels: usize, signal: &[f64]) -> (Buffer, usize) {
        let format = Format { sample_rate_hz: rate_hz, channels, ..Format::default() };
        let mut kernel = Processor::prepare(limiter, format);
        let latency = kernel.latency_frames();
        let mut planes = vec![signal.to_vec(); channels];
        planes.iter_mut().for_each(|plane| plane.resize(signal.len() + latency, 0.0));
        let mut buffer = Buffer::from_planes(&planes);
        kernel.process(&mut buffer.block());
        (buffer, latency)
    }

    #[test]
    fn the_latency_told_is_the_latency_measured_at_every_rate() {
        for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
            let (out, latency) =
                run(&Limiter::default(), rate, 2, &testkit::signals::impulse(0.3, 1000, 5000));
            let at = out.channel(1).iter().position(|x| *x == 0.3);
            assert_eq!(at, Some(1000 + latency), "{rate} Hz");
        }
    }

    #[test]
    fn every_corner_of_the_ranges_stays_finite_and_below_the_ceiling() {
        let signal: Vec<f64> = testkit::signals::noise(1.0, 4, 8000);
        let description = Limiter::description();
        for rate in [44_100.0, 192_000.0] {
            for channels in [1, 2, 6] {
                for index in 0..description.len() {
                    let Some(crate::Kind::Number { min, max, .. }) = description.param(index).map(|p| p.kind)
                    else {
                        continue;
                    };
                    for value in [min, max] {
                        let mut limiter = Limiter { gain_db: 6.0, ..Limiter::default() };
                        limiter.set(index, value);
                        let (out, _) = run(&limiter, rate, channels, &signal);
                        let ceiling = testkit::signals::db(limiter.ceiling_dbtp);
                        for channel in 0..channels {
                            let peak = testkit::measure::peak(out.channel(channel));
                            assert!(
                                peak.is_finite() && peak <= ceiling * 1.003,
                                "parameter {index} at {value}: {peak}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_reset_kernel_is_a_new_kernel() {
        let limiter = Limiter { gain_db: 9.0, ..Limiter::default() };
        let format = Format { sample_rate_hz: 44_100.0, channels: 1, ..Format::default() };
        let mut kernel = Processor::prepare(&limiter, format);
        let fresh = Buffer::from_planes(&[testkit::signals::noise(0.9, 1, 20_000)]);
        let (mut first, mut second) = (fresh.clone(), fresh);
        kernel.process(&mut first.block());
        assert!(kernel.report().max_reduction_db > 3.0);
        assert!(kernel.gain_reduction_db().is_some_and(|shown| shown > 3.0));
        assert!(kernel.take_reduction_db() > 3.0);
        assert_eq!(kernel.take_reduction_db(), 0.0);
        kernel.reset();
        kernel.process(&mut second.block());
        assert_eq!(first, second);
    }

    #[test]
    fn silence_stays_silence_and_the_limiter_is_listed() {
        let (out, _) = run(&Limiter { gain_db: 36.0, ..Limiter::default() }, 48_000.0, 2, &[0.0; 4000]);
        assert!(out.channel(0).iter().all(|x| *x == 0.0));
        assert!(find("limiter").is_some());
    }
}
