//! What a voice does from moment to moment: how loud, how sharp, hiss or tone; and how loud it usually is.
//!
//! A sound is a sibilant when its spectral centroid is high and it is noise around it: centroid and flatness do not know
//! the level, and sharpness, which the centroid stands for, is what is heard as sibilant (mixing.md C8). How much is too
//! much is another question: loudness against that of the vowels before.
//!
//! Cost: about 11 ms per second of one channel at 48 kHz with a look every 64 frames (with everything of the de-esser).

use crate::biquad::Shape;
use crate::crossover::shelf;
use crate::fft::RealFft;
use crate::math::{self, fast_exp2, fast_log2};
use crate::meter::loudness::{KWeighting, lufs_of_power};
use crate::window::Window;

/// One look at a sound, through a window of 10.7 ms (at 48 kHz).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features {
    /// K-weighted mean square, channels summed.
    pub power: f64,
    /// Centre of gravity of the power spectrum from 150 Hz to 16 kHz; 0 for silence.
    pub centroid_hz: f64,
    /// Spectral flatness (geometric over arithmetic mean of the power) within ±0.6 octaves of the centroid: 0 for a
    /// tone, about 0.56 for noise. Looked at only from 2 kHz on; 0 below.
    pub flatness: f64,
}

impl Features {
    /// Silence.
    pub const NONE: Self = Self { power: 0.0, centroid_hz: 0.0, flatness: 0.0 };

    /// Loudness in LUFS; `-inf` for silence.
    #[must_use]
    pub fn lufs(&self) -> f64 {
        lufs_of_power(self.power)
    }

    /// How far the sound is a sibilant (or a breath), 0 to 1, for a centroid that counts as sharp.
    ///
    /// Half way at `sharp_hz`, none 15 % below it and all 15 % above; flatness from 0.12 to 0.25 (mixing.md C8 asks for
    /// 0.25; the foot by calibration, 2026-11-21, on speech and song).
    #[must_use]
    pub fn sibilance(&self, sharp_hz: f64) -> f64 {
        let ramp = |value: f64, from: f64, to: f64| ((value - from) / (to - from)).clamp(0.0, 1.0);
        ramp(self.centroid_hz, 0.85 * sharp_hz, 1.15 * sharp_hz) * ramp(self.flatness, 0.12, 0.25)
    }
}

/// Looks at a sound through a sliding window.
#[derive(Debug, Clone)]
pub struct Analyser {
    fft: RealFft,
    window: Vec<f64>,
    rings: Vec<Vec<f64>>,
    at: usize,
    frame: Vec<f64>,
    re: Vec<f64>,
    im: Vec<f64>,
    /// Power spectrum of the last look, channels summed.
    power: Vec<f64>,
    /// K-weighting and scale to a mean square.
    weights: Vec<f64>,
    /// tan²(π f / fs) of each bin.
    tangents: Vec<f64>,
    bin_hz: f64,
    edges: [usize; 2],
}

/// Frames of the window at a rate: 512 at 44.1 and 48 kHz.
fn window_frames(rate: f64) -> usize {
    let mut frames = 128;
    while (frames as f64) < rate * 0.009 && frames < 8192 {
        frames *= 2;
    }
    frames
}

impl Analyser {
    /// An analyser for `channels` channels; the loudness is of the band from `low_hz` to `high_hz`.
    #[must_use]
    pub fn new(channels: usize, low_hz: f64, high_hz: f64, sample_rate_hz: f64) -> Self {
        let len = window_frames(sample_rate_hz);
        let fft = RealFft::new(len);
        let (bins, bin_hz) = (fft.bins(), sample_rate_hz / len as f64);
        let window = Window::Hann.periodic(len);
        let energy: f64 = window.iter().map(|w| w * w).sum();
        let k = KWeighting::new(sample_rate_hz);
        let frequency = |bin: usize| bin as f64 * bin_hz;
        let weight = |bin: usize| {
            let inside = bin > 0 && bin + 1 < bins && (low_hz..=high_hz).contains(&frequency(bin));
            // Parseval; every bin inside stands for two.
            let scale = 2.0 / (len as f64 * energy);
            if inside {
                scale * math::db_to_power(k.response_db(frequency(bin), sample_rate_hz))
            } else {
                0.0
            }
        };
        let tangent = |bin: usize| {
            let t = math::tan(math::PI * (bin as f64 / len as f64).min(0.4999));
            t * t
        };
        let edge = |hz: f64| ((hz / bin_hz).ceil() as usize).clamp(1, bins - 1);
        Self {
            weights: (0..bins).map(weight).collect(),
            tangents: (0..bins).map(tangent).collect(),
            edges: [edge(150.0), edge(f64::min(16_000.0, 0.45 * sample_rate_hz))],
            rings: vec![vec![0.0; len]; channels],
            frame: vec![0.0; len],
            power: vec![0.0; bins],
            re: vec![0.0; bins],
            im: vec![0.0; bins],
            at: 0,
            bin_hz,
            window,
            fft,
        }
    }

    /// Frames of the window; a look describes the sound half as many frames ago.
    #[must_use]
    pub fn window_frames(&self) -> usize {
        self.window.len()
    }

    /// Takes in the next frames of every channel: `plane` gives those of a channel, all of one length, finite, and at
    /// most a window long.
    pub fn listen<'a>(&mut self, frames: usize, mut plane: impl FnMut(usize) -> &'a [f64]) {
        let len = self.window.len();
        let first = frames.min(len - self.at);
        for (channel, ring) in self.rings.iter_mut().enumerate() {
            let samples = plane(channel);
            ring[self.at..self.at + first].copy_from_slice(&samples[..first]);
            ring[..frames - first].copy_from_slice(&samples[first..frames]);
        }
        self.at = (self.at + frames) % len;
    }

    /// Looks.
    pub fn look(&mut self) -> Features {
        self.power.fill(0.0);
        let mut any = false;
        for ring in &self.rings {
            let (late, early) = ring.split_at(self.at);
            let sound = early.iter().chain(late);
            self.frame.iter_mut().zip(sound).zip(&self.window).for_each(|((y, x), w)| *y = x * w);
            if self.frame.iter().all(|x| *x == 0.0) {
                continue;
            }
            any = true;
            self.fft.forward(&self.frame, &mut self.re, &mut self.im);
            for ((power, re), im) in self.power.iter_mut().zip(&self.re).zip(&self.im) {
                *power += re * re + im * im;
            }
        }
        if any { self.describe() } else { Features::NONE }
    }

    fn describe(&self) -> Features {
        let power = self.power.iter().zip(&self.weights).map(|(p, w)| p * w).sum();
        let [first, last] = self.edges;
        let (mut sum, mut moment) = (0.0, 0.0);
        for (bin, p) in self.power.iter().enumerate().take(last + 1).skip(first) {
            sum += p;
            moment += p * bin as f64;
        }
        // -200 dBFS is silence.
        if sum * self.weights[last.min(self.weights.len() - 2)] < 1e-20 {
            return Features { power, ..Features::NONE };
        }
        let centre = moment / sum;
        let centroid_hz = centre * self.bin_hz;
        let flatness = if centroid_hz < 2_000.0 { 0.0 } else { self.flatness_around(centre) };
        Features { power, centroid_hz, flatness }
    }

    fn flatness_around(&self, centre: f64) -> f64 {
        // ±0.6 octaves.
        let [first, last] = self.edges;
        let from = ((centre / 1.516) as usize).clamp(first, last);
        let to = ((centre * 1.516) as usize).clamp(from, last);
        let part = &self.power[from..=to];
        let mean = part.iter().sum::<f64>() / part.len() as f64;
        if mean <= 0.0 {
            return 0.0;
        }
        let logs: f64 = part.iter().map(|p| fast_log2(f64::max(p / mean, 1e-12))).sum();
        fast_exp2(logs / part.len() as f64)
    }

    /// By how many decibels a filter turns down the loudness of what was seen last.
    #[must_use]
    pub fn drop_db(&self, shape: &Shape) -> f64 {
        let (mut before, mut after) = (0.0, 0.0);
        for ((p, w), t2) in self.power.iter().zip(&self.weights).zip(&self.tangents) {
            before += p * w;
            after += p * w * shape.power_at(*t2);
        }
        if before > 0.0 && after > 0.0 { math::power_to_db(before / after) } else { 0.0 }
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        self.rings.iter_mut().for_each(|ring| ring.fill(0.0));
        self.power.fill(0.0);
        self.at = 0;
    }
}

/// High shelf of second order with half its gain in decibels at the corner, given as a tangent
/// ([`crate::crossover::corner_tangent`]).
#[must_use]
pub fn high_shelf(corner: f64, gain_db: f64) -> Shape {
    if gain_db == 0.0 { Shape::IDENTITY } else { shelf(true, corner, gain_db) }
}

/// Where a value usually is: the mean of all there was until a memory is full, then a running mean. What is far off
/// counts as if it were nearer, so that a shout or a whisper does not move it much.
#[derive(Debug, Clone)]
pub struct Centre {
    value: f64,
    count: f64,
    memory: f64,
    reach: f64,
    leap: f64,
}

impl Centre {
    /// Knows nothing yet. `memory` in looks; `reach`: differences beyond it count as this much.
    #[must_use]
    pub fn new(memory: f64, reach: f64) -> Self {
        Self { value: 0.0, count: 0.0, memory: f64::max(memory, 1.0), reach, leap: f64::INFINITY }
    }

    /// Begins anew at a value this far above: what was heard until then was only the noise before the sound.
    #[must_use]
    pub fn with_leap(mut self, leap: f64) -> Self {
        self.leap = leap;
        self
    }

    /// One more value, counted `weight` times (0 to 1).
    pub fn take(&mut self, value: f64, weight: f64) {
        if !value.is_finite() || weight <= 0.0 {
            return;
        }
        if self.count == 0.0 || value > self.value + self.leap {
            (self.value, self.count) = (value, 0.0);
        }
        self.count = f64::min(self.count + weight, self.memory);
        self.value += weight / self.count * (value - self.value).clamp(-self.reach, self.reach);
    }

    /// The centre; `None` before the first value.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.count > 0.0).then_some(self.value)
    }

    /// The centre, if it comes of at least so many values.
    #[must_use]
    pub fn value_of(&self, count: f64) -> Option<f64> {
        (self.count >= count).then_some(self.value)
    }

    /// Forgets everything.
    pub fn reset(&mut self) {
        (self.value, self.count) = (0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals;

    fn look(signal: &[f64], rate: f64) -> Features {
        let mut analyser = Analyser::new(1, 0.0, rate, rate);
        for part in signal.chunks(64) {
            analyser.listen(part.len(), |_| part);
        }
        analyser.look()
    }

    #[test]
    fn a_sine_has_its_frequency_as_centroid_its_loudness_and_no_flatness() {
        for (rate, hz) in [(48_000.0, 997.0), (44_100.0, 5_000.0), (96_000.0, 7_000.0)] {
            let heard = look(&signals::sine(hz, 0.1, 0.0, 0.1, rate), rate);
            assert!((heard.centroid_hz / hz - 1.0).abs() < 0.01, "{heard:?}");
            assert!(heard.flatness < 0.05 && heard.sibilance(3_500.0) == 0.0, "{heard:?}");
        }
        // BS.1770-5: 997 Hz at -20 dBFS in one channel is -23.01 LUFS.
        let heard = look(&signals::sine(997.0, 0.1, 0.0, 0.1, 48_000.0), 48_000.0);
        assert!((heard.lufs() + 23.01).abs() < 0.15, "{}", heard.lufs());
    }

    #[test]
    fn hiss_is_a_sibilant_at_any_level_and_low_noise_is_not() {
        for peak in [0.5, 5e-3, 5e-5] {
            let noise = signals::noise(peak, 4, 2_000);
            // First difference: rises by 6 dB per octave.
            let hiss: Vec<f64> = noise.windows(2).map(|w| w[1] - w[0]).collect();
            assert_eq!(look(&hiss, 48_000.0).sibilance(3_500.0), 1.0, "{peak}");
            let mut low = noise;
            let mut state = 0.0;
            low.iter_mut().for_each(|x| {
                state += 0.05 * (*x - state);
                *x = state;
            });
            assert_eq!(look(&low, 48_000.0).sibilance(3_500.0), 0.0, "{peak}");
        }
    }

    #[test]
    fn the_drop_of_a_filter_is_what_it_takes_from_the_sound_seen() {
        let mut analyser = Analyser::new(1, 0.0, 24_000.0, 48_000.0);
        let tone = signals::sine(9_000.0, 0.3, 0.0, 0.1, 48_000.0);
        tone.chunks(64).for_each(|part| analyser.listen(part.len(), |_| part));
        analyser.look();
        let shape = high_shelf(math::tan(math::PI * 5_000.0 / 48_000.0), -8.0);
        assert!((analyser.drop_db(&shape) + shape.magnitude_db(9_000.0, 48_000.0)).abs() < 0.05);
    }

    #[test]
    fn a_centre_is_the_mean_and_then_a_running_mean_with_a_bound() {
        let mut centre = Centre::new(4.0, 6.0);
        assert_eq!(centre.value(), None);
        [1.0, 2.0, 3.0].into_iter().for_each(|x| centre.take(x, 1.0));
        assert!((centre.value().unwrap() - 2.0).abs() < 1e-12);
        centre.take(100.0, 1.0);
        assert!((centre.value().unwrap() - 3.5).abs() < 1e-12);
        centre.take(-0.5, 1.0);
        assert!((centre.value().unwrap() - 2.5).abs() < 1e-12);
        // A voice after noise begins anew; a softer one does not.
        let mut centre = Centre::new(100.0, 6.0).with_leap(15.0);
        (0..50).for_each(|_| centre.take(-50.0, 1.0));
        centre.take(-34.0, 1.0);
        assert_eq!((centre.value(), centre.value_of(2.0)), (Some(-34.0), None));
        centre.take(-60.0, 1.0);
        assert_eq!(centre.value_of(2.0), Some(-37.0));
    }

    #[test]
    fn half_way_at_the_mark_none_below_and_all_above() {
        let heard = |centroid_hz, flatness| Features { power: 1.0, centroid_hz, flatness }.sibilance(4_000.0);
        for (centroid, want) in [(3_400.0, 0.0), (3_700.0, 0.25), (4_000.0, 0.5), (4_600.0, 1.0)] {
            assert!((heard(centroid, 0.3) - want).abs() < 1e-9, "{centroid}");
        }
        for (flatness, want) in [(0.12, 0.0), (0.185, 0.5), (0.25, 1.0)] {
            assert!((heard(9_000.0, flatness) - want).abs() < 1e-9, "{flatness}");
        }
    }

    #[test]
    fn flatness_is_of_the_octave_around_the_centroid_alone() {
        // As strong in every bin from 38 to 122, so that ±0.6 octaves around the centroid lie inside.
        let tone = |k: u32| {
            let phase = 0.01 * f64::from(k * k);
            signals::sine(93.75 * f64::from(k), 0.005, phase, 0.1, 48_000.0)
        };
        let mut sum = vec![0.0; 4_800];
        for k in 38..=122 {
            sum.iter_mut().zip(tone(k)).for_each(|(s, x)| *s += x);
        }
        let heard = look(&sum, 48_000.0);
        // Bins interfere a little; the window still lies within what sounds.
        assert!((58.0..80.0).contains(&(heard.centroid_hz / 93.75)), "{heard:?}");
        assert!(heard.flatness > 0.4, "{heard:?}");
    }
}
