//! Features two mixes are compared by.
//!
//! After Steinmetz and others, "Style transfer of music mixes" (Diff-MST, ISMIR 2024): RMS, crest factor, width, imbalance and
//! a Bark spectrum of mid and side, each compared by its squared difference. A written-out likeness, not the authors'
//! code: absolute figures are near theirs but not the same.

use dsp::fft::RealFft;
use dsp::math;
use serde::Serialize;

/// Edges of the critical bands (Zwicker, JASA 33(2), 1961).
pub const BARK_HZ: [f64; 25] = [
    0.0, 100.0, 200.0, 300.0, 400.0, 510.0, 630.0, 770.0, 920.0, 1080.0, 1270.0, 1480.0, 1720.0, 2000.0,
    2320.0, 2700.0, 3150.0, 3700.0, 4400.0, 5300.0, 6400.0, 7700.0, 9500.0, 12_000.0, 15_500.0,
];
const POINTS: usize = 32_768;

/// Of a mix brought to -22 LUFS by the caller's loudness: here relative, so that only shapes count.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Features {
    /// RMS of the frames after bringing the whole to one RMS: how unevenly loud.
    pub rms: f64,
    /// Crest factor in decibels.
    pub crest_db: f64,
    /// Power of side over power of mid.
    pub width: f64,
    /// (R - L) / (R + L), as powers.
    pub imbalance: f64,
    /// Shares of the power of the mid signal in each band, and of the side signal against the same, as log10; floor 10^-6
    /// (e.1: without a floor a mono mix has no distance at all).
    pub bark: [Vec<f64>; 2],
}

impl Features {
    /// Of the middle half of a mix.
    #[must_use]
    pub fn of(planes: &[Vec<f32>], sample_rate_hz: f64) -> Self {
        let (Some(left), Some(right)) = (planes.first(), planes.last()) else { return Self::default() };
        let middle = left.len() / 4..3 * left.len() / 4;
        let pair = || {
            left[middle.clone()]
                .iter()
                .zip(&right[middle.clone()])
                .map(|(l, r)| (f64::from(*l), f64::from(*r)))
        };
        let (mut ll, mut rr, mut lr, mut peak) = (0.0, 0.0, 0.0, 0.0_f64);
        for (l, r) in pair() {
            ll += l * l;
            rr += r * r;
            lr += l * r;
            peak = peak.max(l.abs()).max(r.abs());
        }
        let frames = middle.len().max(1) as f64;
        let (mid, side) = (0.25 * (ll + rr + 2.0 * lr), 0.25 * (ll + rr - 2.0 * lr).max(0.0));
        let power = (0.5 * (ll + rr) / frames).max(1e-20);
        let signals: [Vec<f64>; 2] =
            [pair().map(|(l, r)| 0.5 * (l + r)).collect(), pair().map(|(l, r)| 0.5 * (l - r)).collect()];
        let spectra = signals.map(|signal| bark(&signal, sample_rate_hz));
        let all: f64 = spectra[0].iter().sum::<f64>().max(1e-30);
        Self {
            rms: spread(pair(), power, sample_rate_hz),
            crest_db: math::gain_to_db(peak) - math::power_to_db(power),
            width: side / mid.max(1e-20),
            imbalance: (rr - ll) / (rr + ll).max(1e-20),
            bark: spectra
                .map(|bands| bands.iter().map(|power| math::log10((power / all).max(1e-6))).collect()),
        }
    }

    /// Distance to another mix: 0.1 RMS + 0.001 crest + width + imbalance + 0.1 Bark, each a mean squared difference.
    #[must_use]
    pub fn distance(&self, other: &Self) -> f64 {
        let square = |a: f64, b: f64| (a - b) * (a - b);
        let bands: Vec<f64> = (0..2)
            .flat_map(|side| self.bark[side].iter().zip(&other.bark[side]).map(|(a, b)| square(*a, *b)))
            .collect();
        let bark = bands.iter().sum::<f64>() / bands.len().max(1) as f64;
        0.1 * square(self.rms, other.rms)
            + 0.001 * square(self.crest_db, other.crest_db)
            + square(self.width, other.width)
            + square(self.imbalance, other.imbalance)
            + 0.1 * bark
    }
}

/// Standard deviation of the RMS of tenths of a second, for a mean power of 1.
fn spread(pairs: impl Iterator<Item = (f64, f64)>, power: f64, sample_rate_hz: f64) -> f64 {
    let hop = (sample_rate_hz / 10.0) as usize;
    let (mut levels, mut sum, mut count) = (Vec::new(), 0.0, 0);
    for (l, r) in pairs {
        sum += 0.5 * (l * l + r * r);
        count += 1;
        if count == hop.max(1) {
            levels.push((sum / count as f64 / power).sqrt());
            (sum, count) = (0.0, 0);
        }
    }
    let mean = levels.iter().sum::<f64>() / levels.len().max(1) as f64;
    (levels.iter().map(|level| (level - mean) * (level - mean)).sum::<f64>() / levels.len().max(1) as f64)
        .sqrt()
}

/// Power in each critical band.
fn bark(signal: &[f64], sample_rate_hz: f64) -> Vec<f64> {
    let mut plan = RealFft::new(POINTS);
    let (mut re, mut im) = (vec![0.0; POINTS / 2 + 1], vec![0.0; POINTS / 2 + 1]);
    let mut bands = vec![0.0; BARK_HZ.len() - 1];
    let mut padded = signal.to_vec();
    padded.resize(padded.len().max(POINTS), 0.0);
    for part in padded.chunks_exact(POINTS) {
        let hann = |n: usize| 0.5 - 0.5 * math::cos(math::TAU * n as f64 / POINTS as f64);
        let windowed: Vec<f64> = part.iter().enumerate().map(|(n, x)| x * hann(n)).collect();
        plan.forward(&windowed, &mut re, &mut im);
        for bin in 0..=POINTS / 2 {
            let hz = bin as f64 * sample_rate_hz / POINTS as f64;
            if let Some(band) = (0..bands.len()).find(|band| hz >= BARK_HZ[*band] && hz < BARK_HZ[band + 1]) {
                bands[band] += re[bin] * re[bin] + im[bin] * im[bin];
            }
        }
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(stream: u64, level: f32) -> Vec<f32> {
        let rng = dsp::rng::CounterRng::new(4, stream);
        (0..192_000).map(|n| level * rng.bipolar(n) as f32).collect()
    }

    #[test]
    fn level_alone_is_no_distance_and_balance_is() {
        let mix = [noise(1, 0.5), noise(2, 0.5)];
        let soft = [noise(1, 0.25), noise(2, 0.25)];
        let tilted = [noise(1, 0.5), noise(2, 0.25)];
        let of = |planes: &[Vec<f32>]| Features::of(planes, 48_000.0);
        assert!(of(&mix).distance(&of(&soft)) < 1e-6);
        // Imbalance (1/4 - 1) / (1/4 + 1) = -0.6, and its square alone is 0.36.
        assert!((of(&tilted).imbalance + 0.6).abs() < 0.01);
        assert!(of(&mix).distance(&of(&tilted)) > 0.36);
        // Two independent sides: as much side as mid.
        assert!((of(&mix).width - 1.0).abs() < 0.05);
    }
}
