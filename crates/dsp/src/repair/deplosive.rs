//! Plosives: bursts of breath on the microphone, below the voice.
//!
//! Short-time spectra (85 ms). A burst is low sound (up to 100 Hz) well above its usual level (the median of the last
//! second and a half) and above the voice (150 Hz to 4 kHz) at the same time. While it lasts, everything below 90 Hz is
//! brought down towards the usual level, nothing above 125 Hz is touched.
//!
//! Source: our own; the windows as in [`crate::stft`].

use crate::block::Block;
use crate::math;
use crate::stft::Stft;
use crate::stretch::frame_frames;

/// Band in which bursts are looked for.
const LOW_HZ: (f64, f64) = (12.0, 100.0);
/// Band of the voice they must exceed.
const VOICE_HZ: (f64, f64) = (150.0, 4_000.0);
/// Full reduction up to here, none from there on: with the window's lobe of ±25 Hz a tone at 150 Hz stays whole.
const CUT_HZ: (f64, f64) = (90.0, 125.0);
/// Spectra that make the usual level: 1.5 s.
const MEMORY: usize = 71;
/// Level under which nothing is a burst: -60 dBFS.
const FLOOR_DBFS: f64 = -60.0;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeplosiveSettings {
    /// How far above its usual level low sound is a burst.
    pub threshold_db: f64,
    /// Most that is taken away.
    pub reduction_db: f64,
}

/// Takes plosives out of all channels together.
#[derive(Debug, Clone)]
pub struct Deplosive {
    settings: DeplosiveSettings,
    stft: Stft,
    detector: Detector,
}

#[derive(Debug, Clone)]
struct Detector {
    bin_hz: f64,
    floor: f64,
    past: [f64; MEMORY],
    count: usize,
    reduction_db: f64,
}

impl Deplosive {
    /// For `channels` channels.
    #[must_use]
    pub fn new(settings: DeplosiveSettings, channels: usize, sample_rate_hz: f64) -> Self {
        let len = frame_frames(sample_rate_hz);
        // Power of a sine at the floor under a Hann window: (peak · len / 4)², over its lobe of 1.5 bins.
        let peak = math::db_to_gain(FLOOR_DBFS) * len as f64 / 4.0;
        Self {
            settings,
            stft: Stft::new(len, len / 4, channels),
            detector: Detector {
                bin_hz: sample_rate_hz / len as f64,
                floor: 1.5 * peak * peak,
                past: [0.0; MEMORY],
                count: 0,
                reduction_db: 0.0,
            },
        }
    }

    /// Other settings, from the next spectrum on.
    pub fn set(&mut self, settings: DeplosiveSettings) {
        self.settings = settings;
    }

    /// Delay: one spectrum's length.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.stft.latency_frames()
    }

    /// Reduction of the last spectrum.
    #[must_use]
    pub fn reduction_db(&self) -> f64 {
        self.detector.reduction_db
    }

    /// Back to silence.
    pub fn reset(&mut self) {
        self.stft.reset();
        (self.detector.past, self.detector.count, self.detector.reduction_db) = ([0.0; MEMORY], 0, 0.0);
    }

    /// Processes in place.
    pub fn process(&mut self, block: &mut Block<'_>) {
        let (settings, detector) = (self.settings, &mut self.detector);
        self.stft.process(block, |spectra| {
            let band = |(from, to): (f64, f64)| -> f64 {
                let bins = (from / detector.bin_hz) as usize..=(to / detector.bin_hz) as usize;
                bins.map(|bin| spectra.iter().map(|s| s.power(bin)).sum::<f64>()).sum()
            };
            let (low, voice) = (band(LOW_HZ), band(VOICE_HZ));
            let reduction_db = detector.judge(low, voice, settings);
            if reduction_db <= 0.0 {
                return;
            }
            let last = (CUT_HZ.1 / detector.bin_hz) as usize;
            for bin in 0..=last {
                let hz = bin as f64 * detector.bin_hz;
                let share = ((CUT_HZ.1 - hz) / (CUT_HZ.1 - CUT_HZ.0)).clamp(0.0, 1.0);
                let gain = math::db_to_gain(-reduction_db * share);
                for spectrum in spectra.iter_mut() {
                    if let (Some(re), Some(im)) = (spectrum.re.get_mut(bin), spectrum.im.get_mut(bin)) {
                        *re *= gain;
                        *im *= gain;
                    }
                }
            }
        });
    }
}

impl Detector {
    /// How far the low band is to come down.
    fn judge(&mut self, low: f64, voice: f64, settings: DeplosiveSettings) -> f64 {
        let mut sorted = self.past;
        sorted.sort_unstable_by(f64::total_cmp);
        let usual = sorted[MEMORY / 2].max(self.floor);
        self.past[self.count % MEMORY] = low;
        self.count = (self.count + 1) % MEMORY;
        let over_db = math::power_to_db(low / usual);
        let burst = over_db > settings.threshold_db && low > voice;
        self.reduction_db = if burst { over_db.min(settings.reduction_db).max(0.0) } else { 0.0 };
        self.reduction_db
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Buffer;
    use testkit::{measure, signals};

    const RATE: f64 = 48_000.0;
    const SETTINGS: DeplosiveSettings = DeplosiveSettings { threshold_db: 9.0, reduction_db: 18.0 };

    fn run(plane: &[f64]) -> Vec<f64> {
        let mut tool = Deplosive::new(SETTINGS, 1, RATE);
        let latency = tool.latency_frames();
        let mut long = plane.to_vec();
        long.resize(plane.len() + latency, 0.0);
        let mut audio = Buffer::from_planes(&[long]);
        tool.process(&mut audio.block());
        audio.channel(0)[latency..].to_vec()
    }

    /// Harmonics of 160 Hz in syllables.
    fn voice() -> Vec<f64> {
        let mut sum = signals::noise(0.0005, 4, 192_000);
        for k in 1..=12 {
            let tone = signals::sine(160.0 * f64::from(k), 0.2 / f64::from(k), f64::from(k * k), 4.0, RATE);
            for (n, (x, y)) in sum.iter_mut().zip(tone).enumerate() {
                let syllable = math::sin(math::TAU * 2.0 * n as f64 / RATE);
                *x += y * syllable * syllable;
            }
        }
        sum
    }

    /// A burst around 45 Hz of a tenth of a second.
    fn pop(frames: usize) -> Vec<f64> {
        (0..frames)
            .map(|n| {
                let t = n as f64 / 4_800.0;
                if t < 1.0 { 0.7 * math::sin(math::PI * t) * math::sin(math::TAU * 4.5 * t) } else { 0.0 }
            })
            .collect()
    }

    #[test]
    fn bursts_come_down_by_twelve_decibels_and_the_voice_stays() {
        let clean = voice();
        let mut popped = clean.clone();
        let places = [48_000usize, 96_700, 150_000];
        for at in places {
            for (x, y) in popped[at..].iter_mut().zip(pop(4_800)) {
                *x += y;
            }
        }
        let out = run(&popped);
        for at in places {
            let left: Vec<f64> = out[at..at + 4_800].iter().zip(&clean[at..]).map(|(a, b)| a - b).collect();
            let gain = measure::to_db(measure::rms(&pop(4_800)) / measure::rms(&left));
            println!("burst down by {gain:.1} dB");
            assert!(gain > 12.0, "{gain}");
            for k in 1..=4 {
                let hz = 160.0 * f64::from(k);
                let level = |x: &[f64]| {
                    let windowed: Vec<f64> = x[at - 4_000..at + 8_800]
                        .iter()
                        .enumerate()
                        .map(|(n, x)| x * (0.5 - 0.5 * math::cos(math::TAU * n as f64 / 12_800.0)))
                        .collect();
                    measure::tone(&windowed, hz, RATE).0
                };
                let change = measure::to_db(level(&out) / level(&clean));
                assert!(change.abs() < 0.2, "{hz}: {change} dB");
            }
        }
    }

    #[test]
    fn a_clean_voice_and_a_steady_bass_stay() {
        let clean = voice();
        assert!(measure::null_db(&clean, &run(&clean)) < -250.0);
        let bass = signals::sine(55.0, 0.4, 0.0, 4.0, RATE);
        assert!(measure::null_db(&bass[96_000..180_000], &run(&bass)[96_000..180_000]) < -250.0);
    }

    #[test]
    fn what_is_under_the_floor_is_no_burst() {
        let mut quiet = vec![0.0; 144_000];
        for (x, y) in quiet[96_000..].iter_mut().zip(pop(4_800)) {
            *x = 0.001 * y;
        }
        assert!(measure::null_db(&quiet, &run(&quiet)) < -250.0);
    }

    /// Half a second of two low tones within silence, beside something else; how far each tone falls.
    fn fall_db(beside: &[f64]) -> [f64; 2] {
        let tones = [30.0, 110.0];
        let mut source = beside.to_vec();
        for (hz, level) in tones.iter().zip([0.5, 0.1]) {
            let tone = signals::sine(*hz, level, 0.0, 0.5, RATE);
            source[96_000..120_000].iter_mut().zip(tone).for_each(|(x, y)| *x += y);
        }
        let out = run(&source);
        let part = 104_000..113_600;
        tones.map(|hz| {
            let level = |x: &[f64]| measure::tone(&x[part.clone()], hz, RATE).0;
            measure::to_db(level(&source) / level(&out))
        })
    }

    #[test]
    fn the_cut_falls_off_from_ninety_to_a_hundred_and_twenty_five_hertz() {
        let [low, high] = fall_db(&signals::noise(0.0005, 4, 192_000));
        assert!((low - 18.0).abs() < 0.5, "{low}");
        // At 110 Hz by 15/35 of it.
        assert!((high - 18.0 * 15.0 / 35.0).abs() < 1.5, "{high}");
    }

    #[test]
    fn low_sound_under_a_louder_voice_is_no_burst() {
        let mut voice = signals::noise(0.0005, 4, 192_000);
        let tone = signals::sine(400.0, 0.8, 0.0, 1.5, RATE);
        voice[72_000..144_000].iter_mut().zip(tone).for_each(|(x, y)| *x += y);
        assert!(fall_db(&voice).iter().all(|fall| fall.abs() < 0.2), "{:?}", fall_db(&voice));
    }
}
