//! A wall at high frequencies, as lossy encoders leave it.

use super::Spectrum;
use crate::math;

/// A steep edge above which there is next to nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cutoff {
    /// Where the level falls.
    pub hz: f64,
    /// By how much: level just below less level above, in dB.
    pub drop_db: f64,
    /// Level above the edge, as a density in dB re full scale² per Hz.
    pub floor_db_per_hz: f64,
}

/// Bands the search runs over. By calibration on MP3 and AAC at 128 … 320 kbit/s: wide enough to be calm, narrow against the edges.
const BAND_HZ: f64 = 100.0;

/// The edge may take this long to fall. Encoders' walls fall within 300 … 600 Hz; music rolls off over octaves.
const EDGE_HZ: f64 = 600.0;

/// Stretch below the edge that is compared.
const BELOW_HZ: f64 = 1500.0;

/// Stretch above the edge that is compared; cut at half the sample rate.
const ABOVE_HZ: f64 = 2000.0;

impl Spectrum {
    /// The strongest edge between `low_hz` and `high_hz` whose level falls by at least `least_drop_db` within 600 Hz and stays down to
    /// the end of the spectrum (or 2 kHz). Lossy encoders cut at 16 kHz (MP3 128), 19 … 20.5 kHz (MP3 256 … 320, AAC); converters
    /// cut from 21 kHz at 44.1 kHz. Look from 10 kHz on; 40 dB is a wall.
    ///
    /// `None` when there is no such edge. Bins should be narrower than 50 Hz.
    #[must_use]
    pub fn cutoff(&self, plane: usize, low_hz: f64, high_hz: f64, least_drop_db: f64) -> Option<Cutoff> {
        // The topmost 2 % belong to the converter's own filter.
        let end = (0.98 * 0.5 * self.sample_rate_hz() / BAND_HZ).floor() as usize;
        // -200 dB re full scale per band: digital silence is as far down as that.
        let level_db = |band: usize| {
            let low = band as f64 * BAND_HZ;
            math::power_to_db(self.band_power(plane, low, low + BAND_HZ).max(1e-20))
        };
        let levels: Vec<f64> = (0..end).map(level_db).collect();
        let (below, edge, above) =
            ((BELOW_HZ / BAND_HZ) as usize, (EDGE_HZ / BAND_HZ) as usize, (ABOVE_HZ / BAND_HZ) as usize);
        let first = ((low_hz / BAND_HZ).floor().max(0.0) as usize).max(below);
        let last = ((high_hz / BAND_HZ).ceil().max(0.0) as usize).min(levels.len().saturating_sub(edge + 2));
        let best = (first..last)
            .map(|at| {
                let under = quantile(&levels[at - below..at], 0.25);
                let over = quantile(&levels[at + edge..(at + edge + above).min(levels.len())], 0.9);
                (at, under - over, over)
            })
            // The first of equals, so that the answer is one.
            .fold(None, |best: Option<(usize, f64, f64)>, next| match best {
                Some(best) if best.1 >= next.1 => Some(best),
                _ => Some(next),
            })?;
        (best.1 >= least_drop_db).then(|| Cutoff {
            hz: self.steepest(&levels, best.0, edge, best.1),
            drop_db: best.1,
            floor_db_per_hz: best.2 - 10.0 * math::log10(BAND_HZ),
        })
    }

    /// Where inside an edge the level crosses half its fall.
    fn steepest(&self, levels: &[f64], at: usize, edge: usize, drop_db: f64) -> f64 {
        // A tenth of the stretch above may stand over its level, so the edge may end so much later.
        let end = |later: usize| (at + edge + later).min(levels.len() - 1);
        let fallen = |last: &usize| levels[*last] < levels[at.saturating_sub(1)] - 0.5 * drop_db;
        let spare = (0.1 * ABOVE_HZ / BAND_HZ) as usize;
        let last = (0..=spare).map(end).find(fallen).unwrap_or(end(0));
        let (top, bottom) = (levels[at.saturating_sub(1)], levels[last]);
        let half = 0.5 * (top + bottom);
        let crossing = (at..=last).find(|band| levels[*band] < half).unwrap_or(at);
        crossing as f64 * BAND_HZ
    }
}

/// Value below which `part` of the values lie.
fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = (part * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NEG_INFINITY)
}
