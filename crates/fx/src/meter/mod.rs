//! Measures and leaves the sound alone.

use crate::{Format, Kernel, Processor, Reading, Series};
use dsp::block::{Block, View};
use dsp::math::{db_to_gain, gain_to_db, power_to_db, sanitise};
use dsp::meter::goniometer::{self, Goniometer};
use dsp::meter::loudness::LoudnessMeter;
use dsp::meter::needle::{Needle, SlowRms};
use dsp::meter::stereo::StereoMeter;
use dsp::meter::true_peak::TruePeakMeter;
use dsp::spectrum::{Options, Planes, THIRD_OCTAVES_HZ, Welch};

processor! {
    /// Measures what passes and changes nothing.
    ///
    /// Loudness (BS.1770), peaks, RMS, crest, VU, K-12, K-14 and K-20, correlation, goniometer and spectrum, all since the
    /// start. Levels over all channels are those of the loudest one; RMS is the mean power of all. Six channels count as
    /// left, right, centre, LFE and surrounds, any others alike. Loudness and stereo hear the first twelve hours. Costs
    /// about 3 ms a second of stereo.
    pub struct Meter = "meter" {
        /// Peak of the sine at which the VU needle stands at 0 (EBU R 68: -18).
        vu_zero_dbfs: Dbfs = -18.0 in -30.0..=0.0;
        /// Counts a sine of full scale as 0 dBFS RMS (AES17), 3 dB more than its power; for RMS, K meters and spectrum.
        aes17: switch = false;
    }
}

/// Hours the histories hold; 1.5 MB each. By our own convention.
const HOURS: usize = 12;
/// Integration of K meters: 600 ms. B. Katz, "Integrated approach to metering, monitoring, and leveling practices, part
/// 1", JAES 48(9), 2000.
const K_SECONDS: f64 = 0.6;
/// Level that reads 0 on K-12, K-14 and K-20 (Katz, as above).
const K_ZEROS_DBFS: [f64; 3] = [-12.0, -14.0, -20.0];
/// Power of AES17 over that of the house: a sine of full scale, 1/2, counts as 1.
const AES17_DB: f64 = 3.010_299_956_639_812;

/// Weights of loudness for so many channels (BS.1770-5, annex 1, table 4).
fn weights(channels: usize) -> Vec<f64> {
    if channels == 6 { vec![1.0, 1.0, 1.0, 0.0, 1.41, 1.41] } else { vec![1.0; channels] }
}

/// Meters of one channel.
#[derive(Debug)]
struct Channel {
    needle: Needle,
    slow: SlowRms,
    peak: f64,
    energy: f64,
}

impl Channel {
    fn process(&mut self, plane: &[f64]) {
        self.needle.process(plane);
        self.slow.process(plane);
        for x in plane {
            self.peak = if x.abs() > self.peak { x.abs() } else { self.peak };
            self.energy += x * x;
        }
    }
}

/// Running state of [`Meter`].
#[derive(Debug)]
pub struct MeterKernel {
    settings: Meter,
    frames: u64,
    rate: f64,
    loudness: LoudnessMeter,
    peaks: TruePeakMeter,
    stereo: StereoMeter,
    goniometer: Goniometer,
    spectrum: Welch,
    channels: Vec<Channel>,
}

impl Processor for Meter {
    type Kernel = MeterKernel;
    fn prepare(&self, format: Format) -> MeterKernel {
        let (rate, channels) = (format.sample_rate_hz, format.channels.max(1));
        let channel = || Channel {
            needle: Needle::new(rate),
            slow: SlowRms::new(K_SECONDS, rate),
            peak: 0.0,
            energy: 0.0,
        };
        let options = Options { planes: Planes::Mean, ..Options::default() };
        MeterKernel {
            settings: self.clone(),
            frames: 0,
            rate,
            loudness: LoudnessMeter::with_limit(rate, &weights(channels), HOURS),
            peaks: TruePeakMeter::new(rate, channels),
            stereo: StereoMeter::with_limit(rate, HOURS),
            goniometer: Goniometer::new(),
            spectrum: Welch::new(channels, rate, options),
            channels: (0..channels).map(|_| channel()).collect(),
        }
    }
}

/// Collects what there is.
#[derive(Debug, Default)]
struct Sheet {
    readings: Vec<Reading>,
}

impl Sheet {
    fn put(&mut self, name: &'static str, unit: &'static str, value: impl Into<Option<f64>>) {
        if let Some(value) = value.into().filter(|value| !value.is_nan()) {
            self.readings.push(Reading { name, unit, value });
        }
    }
}

impl MeterKernel {
    fn listen(&mut self, block: View<'_>) {
        self.frames = self.frames.saturating_add(block.frames() as u64);
        self.loudness.process(block);
        self.peaks.process(block);
        self.stereo.process(block);
        self.goniometer.process(block);
        self.spectrum.push(block);
        for (c, channel) in self.channels.iter_mut().enumerate().take(block.channels()) {
            channel.process(block.channel(c));
        }
    }

    fn offset_db(&self) -> f64 {
        if self.settings.aes17 { AES17_DB } else { 0.0 }
    }

    /// Largest of a value over the channels.
    fn most(&self, value: impl Fn(&Channel) -> f64) -> f64 {
        self.channels.iter().map(value).fold(0.0, f64::max)
    }

    /// Mean power of all channels, without the convention of AES17.
    fn mean_power(&self) -> f64 {
        let energy: f64 = self.channels.iter().map(|channel| channel.energy).sum();
        energy / (self.frames.max(1) as f64 * self.channels.len() as f64)
    }

    fn put_loudness(&self, sheet: &mut Sheet) {
        let loudness = &self.loudness;
        sheet.put("momentary", "LUFS", loudness.momentary_lufs());
        sheet.put("momentary_max", "LUFS", loudness.max_momentary_lufs());
        sheet.put("short_term", "LUFS", loudness.short_term_lufs());
        sheet.put("short_term_max", "LUFS", loudness.max_short_term_lufs());
        let integrated = loudness.integrated_lufs();
        sheet.put("integrated", "LUFS", integrated);
        sheet.put("range", "LU", loudness.loudness_range_lu());
        let true_peak = gain_to_db(self.peaks.clone().finish().worst());
        sheet.put("true_peak_max", "dBTP", true_peak);
        sheet.put("sample_peak_max", "dBFS", gain_to_db(self.most(|channel| channel.peak)));
        // Peak to loudness ratio, AES TD1008, 2021.
        let ratio = integrated.filter(|integrated| integrated.is_finite()).map(|i| true_peak - i);
        sheet.put("peak_to_loudness", "LU", ratio);
    }

    fn put_levels(&self, sheet: &mut Sheet) {
        let rms = power_to_db(self.mean_power());
        sheet.put("rms", "dBFS", rms + self.offset_db());
        // Of the plain power: the crest of a sine is 3 dB.
        let crest = gain_to_db(self.most(|channel| channel.peak)) - rms;
        sheet.put("crest", "dB", crest);
        let vu = |level: f64| gain_to_db(level / db_to_gain(self.settings.vu_zero_dbfs));
        sheet.put("vu", "VU", vu(self.most(|channel| channel.needle.level())));
        sheet.put("vu_max", "VU", vu(self.most(|channel| channel.needle.largest())));
        let now = gain_to_db(self.most(|channel| channel.slow.level())) + self.offset_db();
        let most = gain_to_db(self.most(|channel| channel.slow.largest())) + self.offset_db();
        for ((name, name_max), zero) in
            [("k12", "k12_max"), ("k14", "k14_max"), ("k20", "k20_max")].into_iter().zip(K_ZEROS_DBFS)
        {
            sheet.put(name, "dB", now - zero);
            sheet.put(name_max, "dB", most - zero);
        }
    }

    fn put_stereo(&self, sheet: &mut Sheet) {
        let stereo = self.stereo.clone().finish();
        sheet.put("correlation", "", stereo.correlation);
        sheet.put("correlation_min", "", stereo.min_correlation);
        if self.channels.len() >= 2 {
            sheet.put("correlation_negative", "%", 100.0 * stereo.negative_part);
        }
        sheet.put("side_to_mid", "dB", stereo.side_to_mid_db);
        sheet.put("left_to_right", "dB", stereo.left_to_right_db);
    }
}

impl Kernel for MeterKernel {
    type Settings = Meter;

    fn process(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(sanitise);
        self.listen(block.view());
    }

    /// In this order: `heard`; `momentary`, `momentary_max`, `short_term`, `short_term_max`, `integrated`, `range`,
    /// `true_peak_max`, `sample_peak_max`, `peak_to_loudness`; `rms`, `crest`, `vu`, `vu_max`, `k12`, `k12_max`, `k14`,
    /// `k14_max`, `k20`, `k20_max`; `correlation`, `correlation_min`, `correlation_negative`, `side_to_mid`,
    /// `left_to_right`. What there is not yet, or not for one channel, is left out.
    fn readings(&self) -> Vec<Reading> {
        let mut sheet = Sheet::default();
        sheet.put("heard", "s", self.frames as f64 / self.rate);
        self.put_loudness(&mut sheet);
        self.put_levels(&mut sheet);
        self.put_stereo(&mut sheet);
        sheet.readings
    }

    /// `momentary` and `short_term` every 100 ms, `third_octave_centres` and `third_octaves`, and of a pair
    /// `goniometer_angles` and `goniometer` (shares of the energy).
    fn series(&self) -> Vec<Series> {
        let series = |name, unit, values| Series { name, unit, values };
        let bands = self.spectrum.clone().finish().third_octaves(0);
        let history = self.loudness.history();
        let mut all = vec![
            series("momentary", "LUFS", history.momentary_curve_lufs()),
            series("short_term", "LUFS", history.short_term_curve_lufs()),
            series("third_octave_centres", "Hz", THIRD_OCTAVES_HZ.to_vec()),
            series("third_octaves", "dBFS", bands.iter().map(|b| b.level_dbfs + self.offset_db()).collect()),
        ];
        if self.channels.len() >= 2 {
            let angles = (0..goniometer::DIRECTIONS).map(goniometer::degrees);
            all.push(series("goniometer_angles", "degrees", angles.collect()));
            all.push(series("goniometer", "", self.goniometer.shares().to_vec()));
        }
        all
    }

    fn retune(&mut self, settings: &Meter) {
        self.settings = settings.clone();
    }

    fn reset(&mut self) {
        self.frames = 0;
        self.loudness.reset();
        self.peaks.reset();
        self.stereo.reset();
        self.goniometer.reset();
        self.spectrum.reset();
        for channel in &mut self.channels {
            channel.needle.reset();
            channel.slow.reset();
            (channel.peak, channel.energy) = (0.0, 0.0);
        }
    }
}

#[cfg(test)]
mod tests;
