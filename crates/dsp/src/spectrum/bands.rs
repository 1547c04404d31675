//! Levels in bands of constant relative width.

use super::Spectrum;
use crate::math;

/// A band and its level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Nominal middle.
    pub centre_hz: f64,
    /// Lower edge.
    pub low_hz: f64,
    /// Upper edge.
    pub high_hz: f64,
    /// Level in the band re an RMS of 1.0; `-inf` when there is nothing.
    pub level_dbfs: f64,
}

/// Nominal middles of third-octave bands. Source: IEC 61260-1:2014, annex E.
pub const THIRD_OCTAVES_HZ: [f64; 31] = [
    20.0, 25.0, 31.5, 40.0, 50.0, 63.0, 80.0, 100.0, 125.0, 160.0, 200.0, 250.0, 315.0, 400.0, 500.0, 630.0,
    800.0, 1000.0, 1250.0, 1600.0, 2000.0, 2500.0, 3150.0, 4000.0, 5000.0, 6300.0, 8000.0, 10_000.0,
    12_500.0, 16_000.0, 20_000.0,
];

/// Ratio of an octave in base ten: 10^0.3. Source: IEC 61260-1:2014, 5.2.
fn octaves(number: f64) -> f64 {
    math::exp(number * 0.3 * math::LN_10)
}

impl Spectrum {
    /// The 31 third-octave bands from 20 Hz to 20 kHz with exact edges of IEC 61260-1; bands that reach beyond half the sample
    /// rate hold what is there.
    #[must_use]
    pub fn third_octaves(&self, plane: usize) -> Vec<Band> {
        let band = |(index, nominal): (usize, &f64)| {
            // Exact middles count from 1 kHz, which is number 17 in the list.
            let exact = 1000.0 * octaves((index as f64 - 17.0) / 3.0);
            Band {
                centre_hz: *nominal,
                ..self.band(plane, exact / octaves(1.0 / 6.0), exact * octaves(1.0 / 6.0))
            }
        };
        THIRD_OCTAVES_HZ.iter().enumerate().map(band).collect()
    }

    /// Levels between neighbours of a list of rising edges in Hz.
    #[must_use]
    pub fn bands(&self, plane: usize, edges_hz: &[f64]) -> Vec<Band> {
        edges_hz.windows(2).map(|edge| self.band(plane, edge[0], edge[1])).collect()
    }

    fn band(&self, plane: usize, low_hz: f64, high_hz: f64) -> Band {
        Band {
            centre_hz: (low_hz * high_hz).sqrt(),
            low_hz,
            high_hz,
            level_dbfs: self.band_dbfs(plane, low_hz, high_hz),
        }
    }

    /// A smooth curve for the eye: `per_octave` points per octave (24 is usual) from `low_hz` to `high_hz` (not above half the
    /// sample rate), each the level in the band of that width around it, re an RMS of 1.0. Pink noise is level. At low
    /// frequencies, where bands are narrower than a bin, the density of the bin is taken.
    #[must_use]
    pub fn smoothed(&self, plane: usize, per_octave: u32, low_hz: f64, high_hz: f64) -> Vec<Band> {
        let per_octave = f64::from(per_octave.max(1));
        let high_hz = high_hz.min(0.5 * self.sample_rate_hz());
        let first = (math::log2(low_hz.max(1.0) / 1000.0) * per_octave).ceil();
        let last = (math::log2(high_hz.max(1.0) / 1000.0) * per_octave).floor();
        let half = math::exp2(0.5 / per_octave);
        let count = (last - first + 1.0).max(0.0) as usize;
        (0..count)
            .map(|n| {
                let centre_hz = 1000.0 * math::exp2((first + n as f64) / per_octave);
                Band { centre_hz, ..self.band(plane, centre_hz / half, centre_hz * half) }
            })
            .collect()
    }

    /// Slope of the smoothed curve between two frequencies in dB per octave, by least squares over third-octave-wide points; 0 for
    /// pink noise, +3.01 for white. `None` when fewer than three points have a level.
    #[must_use]
    pub fn tilt_db_per_octave(&self, plane: usize, low_hz: f64, high_hz: f64) -> Option<f64> {
        let points: Vec<(f64, f64)> = self
            .smoothed(plane, 3, low_hz, high_hz)
            .iter()
            .filter(|band| band.level_dbfs.is_finite())
            .map(|band| (math::log2(band.centre_hz), band.level_dbfs))
            .collect();
        if points.len() < 3 {
            return None;
        }
        let count = points.len() as f64;
        let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), p| (x + p.0 / count, y + p.1 / count));
        let (xy, xx) = points
            .iter()
            .fold((0.0, 0.0), |(xy, xx), p| (xy + (p.0 - x) * (p.1 - y), xx + (p.0 - x) * (p.0 - x)));
        Some(xy / xx)
    }
}
