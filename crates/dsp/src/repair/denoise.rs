//! Takes steady noise out of sound: hiss, hum, air, a fan.
//!
//! Every bin of short spectra gets a gain that depends on how far it stands out of the noise. The signal-to-noise ratio
//! before the gain follows the last frame's result (decision-directed: Y. Ephraim and D. Malah, IEEE Trans. ASSP-32(6),
//! 1984, equation 51), so that it moves slowly in noise and at once in sound; O. Cappé, IEEE Trans. Speech Audio Process.
//! 2(2), 1994, shows that this and a floor are what keeps noise from becoming music.

mod noise;

use crate::block::Block;
use crate::math;
use crate::stft::{Spectrum, Stft};
use noise::{Minimum, TINY};

/// Length of a frame, seconds: 2048 at 48 kHz. By our own convention.
const FRAME_SECONDS: f64 = 0.0427;
/// Frames that overlap at any time.
const OVERLAP: usize = 4;
/// Weight of the last frame in the ratio (Ephraim and Malah 1984, section V: 0.98).
const LAST: f64 = 0.98;
/// Least ratio: -25 dB (Cappé 1994, section IV).
const LEAST_RATIO: f64 = 0.003_162_277_660_168_379_5;
/// Ratios above are all the same: +60 dB.
const MOST_RATIO: f64 = 1e6;
/// Frames in which sound keeps this much of its power are not smoothed (T. Esch and P. Vary, ICASSP 2009, section 3: 0.4).
const SOUND_SHARE: f64 = 0.4;
/// Half the widest smoothing over bins at 100 % (Esch and Vary: 10 at 31 Hz from bin to bin; here 23 Hz).
const WIDEST_BINS: f64 = 14.0;
/// Until it has heard so much, minimum statistics knows no pause, and everything passes. By our own convention.
const FIRST_SECONDS: f64 = 0.5;

/// Where the noise is learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Profile {
    /// Everywhere, all the time (minimum statistics).
    Adaptive,
    /// In the first so many milliseconds of the stream.
    Learned(f64),
}

/// Gain from ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// Least error of the logarithm of the amplitude (Y. Ephraim and D. Malah, IEEE Trans. ASSP-33(2), 1985).
    LogAmplitude,
    /// Wiener's.
    Wiener,
}

/// Settings of [`Denoise`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DenoiseSettings {
    /// Most a bin is lowered, decibels, 0 or more.
    pub reduction_db: f64,
    /// How much louder than it was measured the noise is taken to be, decibels.
    pub threshold_db: f64,
    /// Where the noise is learned.
    pub profile: Profile,
    /// Gain from ratios.
    pub law: Law,
    /// Smoothing over bins in pauses, 0 to 1.
    pub smoothing: f64,
    /// Whether all channels get one gain, from the sum of their powers.
    pub linked: bool,
}

/// What is known of one channel (or of all together).
#[derive(Debug, Clone)]
struct Track {
    minimum: Minimum,
    /// Sums of the powers learned from, and how many.
    learned: Vec<f64>,
    count: u64,
    /// Frames since the start, and since the first sound.
    frames: u64,
    heard: u64,
    power: Vec<f64>,
    /// Ratio after the gain of the last frame.
    last: Vec<f64>,
    gains: Vec<f64>,
    sums: Vec<f64>,
}

/// Noise reduction for any number of channels. Latency: one frame, 43 ms (2048 frames at 44.1 and 48 kHz). Costs about
/// 20 ms a second for each track of gains.
#[derive(Debug, Clone)]
pub struct Denoise {
    settings: DenoiseSettings,
    rate: f64,
    stft: Stft,
    tracks: Vec<Track>,
}

impl Denoise {
    /// At rest.
    #[must_use]
    pub fn new(settings: DenoiseSettings, sample_rate_hz: f64, channels: usize) -> Self {
        let len = ((FRAME_SECONDS * sample_rate_hz / 1.5) as usize).next_power_of_two().max(64);
        let stft = Stft::new(len, len / OVERLAP, channels);
        let hop_seconds = stft.hop() as f64 / sample_rate_hz;
        let track = Track::new(stft.bins(), hop_seconds);
        Self { settings, rate: sample_rate_hz, stft, tracks: vec![track; channels.max(1)] }
    }

    /// Delay from input to output.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.stft.latency_frames()
    }

    /// Other settings; what was learned stays.
    pub fn set(&mut self, settings: DenoiseSettings) {
        self.settings = settings;
    }

    /// Back to new.
    pub fn reset(&mut self) {
        self.stft.reset();
        self.tracks.iter_mut().for_each(Track::reset);
    }

    /// Processes in place.
    pub fn process(&mut self, block: &mut Block<'_>) {
        let Self { settings, rate, stft, tracks } = self;
        let hop_seconds = stft.hop() as f64 / *rate;
        stft.process(block, |spectra| {
            if settings.linked {
                let Some(track) = tracks.first_mut() else { return };
                track.listen(spectra);
                track.work(settings, hop_seconds);
                spectra.iter_mut().for_each(|spectrum| track.apply(spectrum));
            } else {
                for (track, spectrum) in tracks.iter_mut().zip(spectra) {
                    track.listen(std::slice::from_ref(spectrum));
                    track.work(settings, hop_seconds);
                    track.apply(spectrum);
                }
            }
        });
    }
}

impl Track {
    fn new(bins: usize, hop_seconds: f64) -> Self {
        Self {
            minimum: Minimum::new(bins, hop_seconds),
            learned: vec![0.0; bins],
            count: 0,
            frames: 0,
            heard: 0,
            power: vec![0.0; bins],
            last: vec![0.0; bins],
            gains: vec![1.0; bins],
            sums: vec![0.0; bins + 1],
        }
    }

    fn reset(&mut self) {
        self.minimum.reset();
        self.learned.fill(0.0);
        self.last.fill(0.0);
        self.gains.fill(1.0);
        (self.count, self.frames, self.heard) = (0, 0, 0);
    }

    fn listen(&mut self, spectra: &[Spectrum]) {
        for (bin, power) in self.power.iter_mut().enumerate() {
            *power = spectra.iter().map(|spectrum| spectrum.power(bin)).sum();
        }
    }

    /// Learns from the frame and finds its gains.
    fn work(&mut self, settings: &DenoiseSettings, hop_seconds: f64) {
        self.gains.fill(1.0);
        self.frames += 1;
        // Minimum statistics begins with the sound; silence before it says nothing.
        if self.heard > 0 || self.power.iter().any(|power| *power > TINY) {
            self.heard += 1;
        }
        // The first frames are not full.
        let full = OVERLAP as u64;
        if self.heard >= full {
            self.minimum.hear(&self.power);
        }
        let seconds = |frames: u64| frames.saturating_sub(full) as f64 * hop_seconds;
        let known = match settings.profile {
            Profile::Adaptive => seconds(self.heard) >= FIRST_SECONDS,
            Profile::Learned(ms) => {
                self.learn(self.frames >= full && seconds(self.frames) * 1000.0 < ms);
                self.count > 0
            }
        };
        if known && settings.reduction_db > 0.0 {
            self.find(settings);
            self.smooth(settings.smoothing);
        }
    }

    fn learn(&mut self, still: bool) {
        if still {
            self.learned.iter_mut().zip(&self.power).for_each(|(sum, power)| *sum += power);
            self.count += 1;
        }
    }

    fn find(&mut self, settings: &DenoiseSettings) {
        let over = math::db_to_power(settings.threshold_db);
        let floor = math::db_to_gain(-settings.reduction_db);
        let share = over / self.count.max(1) as f64;
        for (bin, (gain, power)) in self.gains.iter_mut().zip(&self.power).enumerate() {
            let noise = match settings.profile {
                Profile::Adaptive => over * self.minimum.noise()[bin],
                Profile::Learned(_) => share * self.learned[bin],
            };
            if noise <= TINY {
                (*gain, self.last[bin]) = (1.0, MOST_RATIO);
                continue;
            }
            let after = (power / noise).min(MOST_RATIO);
            let before = LAST * self.last[bin] + (1.0 - LAST) * (after - 1.0).max(0.0);
            let before = before.clamp(LEAST_RATIO, MOST_RATIO);
            let wanted = law_gain(settings.law, before, after);
            self.last[bin] = wanted * wanted * after;
            *gain = wanted.max(floor);
        }
    }

    /// Smooths gains over bins, the more the less sound the frame has (Esch and Vary 2009, equations 5 to 8).
    fn smooth(&mut self, smoothing: f64) {
        let (mut all, mut kept) = (0.0, 0.0);
        for (gain, power) in self.gains.iter().zip(&self.power) {
            all += power;
            kept += gain * gain * power;
        }
        let share = kept / f64::max(all, TINY);
        if share >= SOUND_SHARE {
            return;
        }
        let reach = (WIDEST_BINS * smoothing * (1.0 - share / SOUND_SHARE)).round() as usize;
        let mut sum = 0.0;
        for (to, gain) in self.sums[1..].iter_mut().zip(&self.gains) {
            sum += gain;
            *to = sum;
        }
        let bins = self.gains.len();
        for (bin, gain) in self.gains.iter_mut().enumerate() {
            let (from, to) = (bin.saturating_sub(reach), (bin + reach + 1).min(bins));
            *gain = (self.sums[to] - self.sums[from]) / (to - from) as f64;
        }
    }

    fn apply(&self, spectrum: &mut Spectrum) {
        for ((re, im), gain) in spectrum.re.iter_mut().zip(&mut spectrum.im).zip(&self.gains) {
            *re *= gain;
            *im *= gain;
        }
    }
}

/// Gain for a ratio before and after, at most 1.
fn law_gain(law: Law, before: f64, after: f64) -> f64 {
    let wiener = before / (1.0 + before);
    match law {
        Law::Wiener => wiener,
        // Ephraim and Malah 1985, equation 20.
        Law::LogAmplitude => (wiener * math::exp(0.5 * exponential_integral(wiener * after))).min(1.0),
    }
}

/// E1, the integral of e^-t / t from `x` on; error below 2e-7. Abramowitz and Stegun, "Handbook of Mathematical
/// Functions", 5.1.53 and 5.1.56.
fn exponential_integral(x: f64) -> f64 {
    if x > 50.0 {
        return 0.0;
    }
    // E1 grows without end towards 0; here it is asked for no less than this.
    let x = x.max(1e-10);
    if x <= 1.0 {
        let series =
            0.999_991_93 + x * (-0.249_910_55 + x * (0.055_199_68 + x * (-0.009_760_04 + x * 0.001_078_57)));
        return -0.577_215_66 + x * series - math::ln(x);
    }
    let above = 0.267_773_734_3 + x * (8.634_760_892_5 + x * (18.059_016_973 + x * (8.573_328_740_1 + x)));
    let below = 3.958_496_922_8 + x * (21.099_653_082_7 + x * (25.632_956_148_6 + x * (9.573_322_345_4 + x)));
    above / below / (x * math::exp(x))
}

#[cfg(test)]
mod tests;
