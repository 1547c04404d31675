//! What no gain, pan or equaliser explains, and what is left when one version is taken from the other.

use super::dynamics::{Class, Compression};
use super::gather::{Fit, Gathered, Spectra};
use super::tone::ToneBand;
use dsp::math;
use dsp::spectrum::THIRD_OCTAVES_HZ;
use serde::Serialize;

/// Fewest blocks from which a linear response is fitted: with fewer it explains everything.
const FEWEST_BLOCKS: u64 = 8;
/// What is left under this is the window of the analysis, not the music: an equaliser's ringing reaches out of a block. By
/// calibration on equalisers, delays and pans, 2026-11-21, see docs/decisions/053.
const FLOOR_DB: f64 = -45.0;
/// A band of the residual this far under the music in it is masked by it, dB; by our own convention, see docs/decisions/053.
const MASKED_DB: f64 = -36.0;
/// A third-octave band of residual softer than this is under the threshold of hearing at a level where full scale is 100 dB.
const INAUDIBLE_DBFS: f64 = -90.0;
/// Sixteen-bit dither lies above it in no band of a third octave below 16 kHz.
const HIGHEST_HZ: f64 = 16_500.0;

/// A third-octave band of a residual.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ResidualBand {
    /// Nominal middle.
    pub hz: f64,
    /// Against AFTER in the same band, dB; `None` where there is nothing.
    pub under_db: Option<f64>,
    /// Level of the residual, dBFS; `None` where there is nothing.
    pub level_dbfs: Option<f64>,
}

/// What a linear response from BEFORE to AFTER leaves over: distortion, noise, reverberation, fast gain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Distortion {
    /// All of it against AFTER, dB; `None` when the music is too short to tell.
    pub under_db: Option<f64>,
    /// Band by band.
    pub bands: Vec<ResidualBand>,
    /// Whether it can be told from moving gain: no when the dynamics were changed, because that leaves something over as well.
    pub separable: bool,
    /// Whether there is any, above what this measurement itself leaves.
    pub found: bool,
}

/// AFTER less BEFORE, laid on each other and equally loud.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Null {
    /// Every sample is the same, and none was added.
    pub identical: bool,
    /// Level of the difference at equal loudness, dBFS; `None` for none at all.
    pub rms_dbfs: Option<f64>,
    /// The same against AFTER, dB.
    pub under_db: Option<f64>,
    /// Against AFTER with the gain at which least is left, dB: what is more than a gain.
    pub best_under_db: Option<f64>,
    /// That gain, dB.
    pub best_gain_db: f64,
    /// Largest difference of two samples as they are, dBFS; `None` for none.
    pub largest_dbfs: Option<f64>,
    /// Third-octave bands at equal loudness.
    pub bands: Vec<ResidualBand>,
}

impl Null {
    /// Whether anybody could hear what is left.
    #[must_use]
    pub fn is_audible(&self, tone: &[ToneBand]) -> bool {
        let heard = |band: &&ResidualBand| {
            band.hz < HIGHEST_HZ
                && band.under_db.is_some_and(|db| db > MASKED_DB)
                && band.level_dbfs.is_some_and(|db| db > INAUDIBLE_DBFS)
        };
        // Bands that hold nothing of the music themselves count by their level alone.
        let any = self.bands.iter().filter(heard).count();
        !self.identical && any > 0 && !tone.is_empty()
    }
}

pub(super) fn third_octave_edges() -> impl Iterator<Item = (f64, f64, f64)> {
    // Exact middles count from 1 kHz, number 17 in the list; IEC 61260-1:2014, 5.2.
    THIRD_OCTAVES_HZ.iter().enumerate().map(|(index, nominal)| {
        let exact = |n: f64| 1000.0 * math::exp(n * 0.1 * math::LN_10);
        let n = index as f64 - 17.0;
        (*nominal, exact(n - 0.5), exact(n + 0.5))
    })
}

/// Sum of what stands in bins between two frequencies; bins partly inside count by their share.
pub(super) fn between(values: &[f64], bin_hz: f64, low_hz: f64, high_hz: f64) -> f64 {
    let last = values.len() as f64 - 1.0;
    let (low, high) = ((low_hz / bin_hz).max(0.0), (high_hz / bin_hz).min(last));
    if values.is_empty() || high <= low {
        return 0.0;
    }
    let (first, end) = ((low + 0.5).floor() as usize, ((high + 0.5).floor() as usize).min(values.len() - 1));
    (first..=end)
        .map(|k| {
            let (left, right) = (k as f64 - 0.5, k as f64 + 0.5);
            values[k] * (right.min(high) - left.max(low)).clamp(0.0, 1.0)
        })
        .sum()
}

fn bands_of(residual: &[f64], music: &[f64], spectra: &Spectra) -> Vec<ResidualBand> {
    third_octave_edges()
        .map(|(hz, low, high)| {
            let left = between(residual, spectra.bin_hz, low, high);
            let all = between(music, spectra.bin_hz, low, high);
            let some = |ratio: f64| {
                (left > 0.0 && ratio > 0.0 && ratio.is_finite()).then(|| math::power_to_db(ratio))
            };
            ResidualBand { hz, under_db: some(left / all), level_dbfs: some(left * spectra.scale) }
        })
        .collect()
}

fn sum_of(planes: &[Vec<f64>], bins: usize) -> Vec<f64> {
    let mut sums = vec![0.0; bins];
    for plane in planes {
        sums.iter_mut().zip(plane).for_each(|(sum, x)| *sum += x);
    }
    sums
}

/// Power that is left in each bin when y is fitted from x, all channels together.
fn left_over(spectra: &Spectra, fit: &Fit) -> Vec<f64> {
    let mut left = vec![0.0; spectra.bins()];
    // A fit of so many numbers from so many blocks explains part of anything: half of the blocks overlap, so that about
    // two thirds of them count.
    let blocks = 0.67 * spectra.blocks as f64;
    for (channel, yy) in fit.yy.iter().enumerate() {
        let from = fit.xy[channel].len() as f64;
        let bias = blocks / (blocks - from).max(1.0);
        for (k, left) in left.iter_mut().enumerate() {
            let explained = match fit.xy[channel].as_slice() {
                [only] => {
                    let xx = spectra.xx[channel][k];
                    let cross = only.re[k] * only.re[k] + only.im[k] * only.im[k];
                    if xx > 0.0 { cross / xx } else { 0.0 }
                }
                [first, second] => {
                    two_inputs(spectra, k, (first.re[k], first.im[k]), (second.re[k], second.im[k]))
                }
                _ => 0.0,
            };
            *left += (yy[k] - explained).max(0.0) * bias;
        }
    }
    left
}

/// Power of y explained by two channels of x: b^H A^-1 b with A the powers of x and b the products with y.
fn two_inputs(spectra: &Spectra, k: usize, b0: (f64, f64), b1: (f64, f64)) -> f64 {
    let (a, d) = (spectra.xx[0][k], spectra.xx[1][k]);
    // A little is added to the diagonal, so that two equal channels do not divide by nothing.
    let little = 1e-9 * (a + d) + f64::MIN_POSITIVE;
    let (a, d) = (a + little, d + little);
    let c = (spectra.x01.re[k], spectra.x01.im[k]);
    let determinant = a * d - c.0 * c.0 - c.1 * c.1;
    if determinant <= 0.0 {
        return 0.0;
    }
    // A = [[a, c], [conj c, d]] with c = conj(x0) x1: normal equations A h = b.
    let size = |z: (f64, f64)| z.0 * z.0 + z.1 * z.1;
    // conj(b0) · c · b1, real part.
    let cb1 = (c.0 * b1.0 - c.1 * b1.1, c.0 * b1.1 + c.1 * b1.0);
    let cross = b0.0 * cb1.0 + b0.1 * cb1.1;
    ((d * size(b0) + a * size(b1) - 2.0 * cross) / determinant).max(0.0)
}

pub(super) fn distortion(gathered: &Gathered, compression: Option<&Compression>) -> Distortion {
    let spectra = &gathered.spectra;
    let bins = spectra.bins();
    let nothing = Distortion { under_db: None, bands: Vec::new(), separable: false, found: false };
    if spectra.blocks < FEWEST_BLOCKS {
        return nothing;
    }
    let under = |fit: &Fit| {
        let (left, music) = (left_over(spectra, fit), sum_of(&fit.yy, bins));
        let ratio = left.iter().sum::<f64>() / music.iter().sum::<f64>();
        (ratio, bands_of(&left, &music, spectra))
    };
    let (plain, levelled) = (under(&spectra.plain), under(&spectra.level));
    let (ratio, bands) = if levelled.0 < plain.0 { levelled } else { plain };
    let under_db = math::power_to_db(ratio.max(1e-30));
    Distortion {
        under_db: Some(under_db),
        bands,
        separable: compression.is_none_or(|compression| compression.class == Class::None),
        found: under_db > FLOOR_DB,
    }
}

pub(super) fn null(gathered: &Gathered, louder_lu: f64) -> Null {
    let sums = &gathered.sums;
    let sign = if gathered.inverted { -1.0 } else { 1.0 };
    let gain = sign * math::db_to_gain(louder_lu);
    let left = |gain: f64| (sums.yy - 2.0 * gain * sums.xy + gain * gain * sums.xx).max(0.0);
    let best = if sums.xx > 0.0 { sums.xy / sums.xx } else { 0.0 };
    let samples = (gathered.frames * gathered.channels as u64).max(1) as f64;
    // Sums of squares in double precision cancel to 150 dB under the music: less is nothing.
    let some = |power: f64| (power > 1e-15 * sums.yy).then(|| math::power_to_db(power));
    let spectra = &gathered.spectra;
    let bins = spectra.bins();
    let mut residual = vec![0.0; bins];
    for (channel, yy) in spectra.plain.yy.iter().enumerate() {
        let own =
            spectra.plain.xy[channel].get(if spectra.plain.xy[channel].len() == 2 { channel } else { 0 });
        let Some(own) = own else { continue };
        for (k, residual) in residual.iter_mut().enumerate() {
            let power = yy[k] - 2.0 * gain * own.re[k] + gain * gain * spectra.xx[channel][k];
            *residual += if power > 1e-14 * yy[k] { power } else { 0.0 };
        }
    }
    Null {
        identical: gathered.identical,
        rms_dbfs: some(left(gain)).map(|db| db - math::power_to_db(samples)),
        under_db: some(left(gain)).map(|db| db - math::power_to_db(sums.yy)),
        best_under_db: some(left(best)).map(|db| db - math::power_to_db(sums.yy)),
        best_gain_db: math::gain_to_db(best),
        largest_dbfs: (sums.largest > 0.0).then(|| math::gain_to_db(sums.largest)),
        bands: bands_of(&residual, &sum_of(&spectra.plain.yy, bins), spectra),
    }
}
