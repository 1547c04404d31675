//! How a track goes on in time.

use dsp::math;
use dsp::meter::loudness::lufs_of_power;

/// Bands of the film, equally wide on the ERB scale from 50 Hz to 16 kHz (C9).
pub const BANDS: usize = 40;
/// Frames of the film a second.
pub const FILM_PER_SECOND: f64 = 10.0;
/// Values of loudness, activity, centroid and flatness a second.
pub const LOUDNESS_PER_SECOND: f64 = 20.0;
/// Values of the onset envelope a second.
pub const ONSETS_PER_SECOND: f64 = 100.0;
/// Values of the pitch a second.
pub const PITCHES_PER_SECOND: f64 = 50.0;
/// Values of the chroma a second.
pub const CHROMA_PER_SECOND: f64 = 5.0;

/// Lower edge of the lowest and upper edge of the highest band, Hz (C9).
pub(super) const LOWEST_HZ: f64 = 50.0;
pub(super) const HIGHEST_HZ: f64 = 16_000.0;

/// ERB-rate of a frequency: 21.4 log10(4.37 f/1000 + 1) (Glasberg and Moore, Hearing Research 47, 1990, equation 4).
fn erb_rate(hz: f64) -> f64 {
    21.4 * math::log10(4.37e-3 * hz + 1.0)
}

/// Frequency of an ERB-rate.
fn hz_of_erb_rate(rate: f64) -> f64 {
    (math::exp(rate / 21.4 * math::LN_10) - 1.0) / 4.37e-3
}

/// Edge `number` (0 to [`BANDS`]) in Hz; between two edges lies a band.
fn edge_hz(number: f64) -> f64 {
    let (low, high) = (erb_rate(LOWEST_HZ), erb_rate(HIGHEST_HZ));
    hz_of_erb_rate(low + (high - low) * number / BANDS as f64)
}

/// Lower and upper edge of a band, Hz.
#[must_use]
pub fn band_edges_hz(band: usize) -> (f64, f64) {
    (edge_hz(band as f64), edge_hz(band as f64 + 1.0))
}

/// Middle of a band on the ERB scale, Hz.
#[must_use]
pub fn band_centre_hz(band: usize) -> f64 {
    edge_hz(band as f64 + 0.5)
}

/// How a track goes on in time. Times run from the first sample of the file: in the song, add
/// [`start_seconds`](super::Track::start_seconds). Powers are mean squares (a sine at full scale has 0.5), the sum over
/// the channels that are played, at the level of the file. Everything is deterministic to the bit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Film {
    /// Powers in [`BANDS`] bands, frame after frame: frame `n` at `[n * BANDS..][..BANDS]`, for the 100 ms from `n / 10` s.
    /// The sum over bands is the power between 50 Hz and 16 kHz.
    pub bands: Vec<f32>,
    /// The same of the left channel alone, where two channels are played; empty for mono.
    pub left: Vec<f32>,
    /// K-weighted power of each 50 ms (mean square, channels summed): value `n` is for the 50 ms from `n / 20` s.
    pub loudness: Vec<f32>,
    /// Whether it sounds (C0): one for each value of [`loudness`](Self::loudness).
    pub active: Vec<bool>,
    /// Largest sample magnitude in each 50 ms.
    pub peak: Vec<f32>,
    /// Spectral centroid in Hz of each 50 ms, weighted by power; 0 in silence.
    pub centroid_hz: Vec<f32>,
    /// Spectral flatness (0 tone … 1 noise) of each 50 ms between 200 Hz and 10 kHz; 0 in silence.
    pub flatness: Vec<f32>,
    /// Onset strength every 10 ms: mean rise of the levels in 12 bands, dB, never negative; does not depend on gain.
    pub onset: Vec<f32>,
    /// Loudness of sibilants every 10 ms as power between 4.5 and 10 kHz; 0 where the frame is no sibilant. Empty unless the
    /// track has any.
    pub sibilance: Vec<f32>,
    /// Pitch in Hz every 20 ms; 0 where there is none.
    pub pitch_hz: Vec<f32>,
    /// Chroma every 200 ms: 12 values from C, powers of partials between 100 Hz and 2 kHz; frame `n` at `[n * 12..][..12]`.
    pub chroma: Vec<f32>,
}

impl Film {
    /// Frames of [`bands`](Self::bands).
    #[must_use]
    pub fn frames(&self) -> usize {
        self.bands.len() / BANDS
    }

    /// Powers in all bands of a frame; empty beyond the end.
    #[must_use]
    pub fn frame(&self, number: usize) -> &[f32] {
        self.bands.get(number * BANDS..(number + 1) * BANDS).unwrap_or(&[])
    }

    /// Whether it sounds during a frame of the film (either of its two halves).
    #[must_use]
    pub fn sounds(&self, frame: usize) -> bool {
        self.active.iter().skip(2 * frame).take(2).any(|on| *on)
    }

    /// Momentary loudness in LUFS (400 ms) every 50 ms, `-inf` in silence; value `n` is for the 400 ms from `n / 20` s. As
    /// many as there are values of [`loudness`](Self::loudness), the last ones with silence behind the end.
    #[must_use]
    pub fn momentary_lufs(&self) -> Vec<f64> {
        momentary_powers(&self.loudness).into_iter().map(lufs_of_power).collect()
    }

    /// Loudness while it sounds (LA of C0), LUFS; `None` for silence.
    #[must_use]
    pub fn active_lufs(&self) -> Option<f64> {
        let pairs = self.loudness.iter().zip(&self.active).filter(|(_, on)| **on);
        let (count, sum) =
            pairs.fold((0_u32, 0.0), |(count, sum), (power, _)| (count + 1, sum + f64::from(*power)));
        (count > 0 && sum > 0.0).then(|| lufs_of_power(sum / f64::from(count)))
    }

    /// Mean power in each band over the frames where it sounds; zeros for silence.
    #[must_use]
    pub fn mean_bands(&self) -> [f64; BANDS] {
        let mut mean = [0.0; BANDS];
        let mut count = 0.0;
        for frame in (0..self.frames()).filter(|frame| self.sounds(*frame)) {
            count += 1.0;
            for (sum, power) in mean.iter_mut().zip(self.frame(frame)) {
                *sum += f64::from(*power);
            }
        }
        if count > 0.0 {
            mean.iter_mut().for_each(|sum| *sum /= count);
        }
        mean
    }
}

/// Mean K-weighted powers over 400 ms, one for every 50 ms; beyond the end is silence.
pub(crate) fn momentary_powers(powers: &[f32]) -> Vec<f64> {
    // 400 ms (BS.1770-5) in values of 50 ms.
    const VALUES: usize = 8;
    let window =
        |start: usize| powers.iter().skip(start).take(VALUES).map(|power| f64::from(*power)).sum::<f64>();
    (0..powers.len()).map(|start| window(start) / VALUES as f64).collect()
}
