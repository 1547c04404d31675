//! Narrow peaks that stay: something in the room, the box or the recording that rings.
//!
//! A note is a line in the spectrum, a resonance lifts everything around its frequency. So the level of a band is taken as
//! the geometric mean of its bins, which lines hardly move, and what is left of notes shows in the harmonic mean, which
//! weighs the valleys. Below 1 kHz the two cannot be told apart in frames of a third of a second: nothing is said there.

use dsp::compress::DB_PER_POWER_OCTAVE;
use dsp::math;
use serde::Serialize;

/// Lowest edge. By calibration, 2026-11-21, see docs/decisions/042.
const LOW_HZ: f64 = 900.0;
/// Bands per octave, and how many: to 10.8 kHz.
const PER_OCTAVE: f64 = 12.0;
const BANDS: usize = 43;
/// Neighbours on either side that a band is held against, and those next to it that are left out.
const AROUND: usize = 6;
const NEAR: usize = 1;
/// How far it stands out (mastering.md §5.9).
const OVER_DB: f64 = 6.0;
/// In how much of the time (mastering.md §5.9 has 0.3; notes of real records reach 0.5 even here; docs/decisions/042).
const SHARE: f64 = 0.5;
/// A frame this far under the loudest does not count, dB.
const QUIET_DB: f64 = 40.0;
/// Geometric over harmonic mean beyond which it is notes, dB. By calibration, 2026-11-21, see docs/decisions/042.
const LINES_DB: f64 = 2.0;
/// Most that are named.
const MOST: usize = 3;

/// A narrow peak that stays.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Resonance {
    /// Its middle.
    pub freq_hz: f64,
    /// How far it stands over half an octave on either side, dB.
    pub over_db: f64,
    /// Share of the time in which it stands out by 6 dB and more.
    pub share: f64,
    /// Level of its third octave, median over time, mid, dB.
    pub median_db: f64,
    /// Level of its third octave exceeded a tenth of the time, dB.
    pub p90_db: f64,
}

/// Looks at frames.
pub(super) struct Peaks {
    /// First bin of each band, and the end of the last.
    edges: Vec<usize>,
    bands: usize,
    scale: f64,
    loudest_db: f64,
    frames: u64,
    geometric_db: [f64; BANDS],
    harmonic_db: [f64; BANDS],
    out: [u64; BANDS],
}

fn edge_hz(band: usize) -> f64 {
    LOW_HZ * math::exp2(band as f64 / PER_OCTAVE)
}

/// How far each band stands over its neighbours.
fn over(levels: &[f64]) -> [f64; BANDS] {
    let mut over = [0.0; BANDS];
    let last = levels.len().saturating_sub(1);
    for (band, over) in over.iter_mut().enumerate().take(levels.len()) {
        let around =
            (NEAR + 1..=AROUND).flat_map(|away| [band.saturating_sub(away), (band + away).min(last)]);
        let sum: f64 = around.map(|other| levels[other]).sum();
        *over = levels[band] - sum / (2 * (AROUND - NEAR)) as f64;
    }
    over
}

/// Geometric and harmonic mean of powers, in dB. Lines are two bins wide and more, so the harmonic mean takes four at once.
fn means_db(bins: &[f64]) -> (f64, f64) {
    // A floor far under everything, so that nothing is divided by zero.
    const FLOOR: f64 = 1e-12;
    let mut log2 = 0.0;
    for eight in bins.chunks(8) {
        log2 += math::fast_log2(eight.iter().map(|power| power + FLOOR).product());
    }
    let count = bins.len().max(1) as f64;
    let fours = bins.chunks(4);
    let groups = fours.len().max(1) as f64;
    let inverse: f64 = fours.map(|four| four.len() as f64 / (four.iter().sum::<f64>() + FLOOR)).sum();
    (DB_PER_POWER_OCTAVE * log2 / count, -math::power_to_db(inverse / groups))
}

impl Peaks {
    pub(super) fn new(bin_hz: f64, sample_rate_hz: f64, scale: f64) -> Self {
        let bands = (0..BANDS).take_while(|band| edge_hz(band + 1) < 0.45 * sample_rate_hz).count();
        Self {
            edges: (0..=bands).map(|band| (edge_hz(band) / bin_hz).round() as usize).collect(),
            bands,
            scale,
            loudest_db: f64::NEG_INFINITY,
            frames: 0,
            geometric_db: [0.0; BANDS],
            harmonic_db: [0.0; BANDS],
            out: [0; BANDS],
        }
    }

    pub(super) fn take(&mut self, powers: &[f64]) {
        let (mut geometric, mut harmonic) = ([0.0; BANDS], [0.0; BANDS]);
        for (band, edge) in self.edges.windows(2).enumerate() {
            let bins = powers.get(edge[0]..edge[1]).unwrap_or(&[]);
            (geometric[band], harmonic[band]) = means_db(bins);
        }
        let loudest = geometric[..self.bands].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let floor_db = math::power_to_db(1e-9 / self.scale.max(f64::MIN_POSITIVE));
        self.loudest_db = self.loudest_db.max(loudest);
        if loudest < self.loudest_db - QUIET_DB || loudest < floor_db {
            return;
        }
        self.frames += 1;
        let over = over(&geometric[..self.bands]);
        for band in 0..self.bands {
            self.geometric_db[band] += geometric[band];
            self.harmonic_db[band] += harmonic[band];
            self.out[band] += u64::from(over[band] >= OVER_DB);
        }
    }

    /// What stays; `level_at` tells the level around a frequency that is exceeded in `1 - share` of the time.
    pub(super) fn finish(self, level_at: impl Fn(f64, f64) -> f64) -> Vec<Resonance> {
        let frames = self.frames.max(1) as f64;
        let mean =
            |sums: &[f64; BANDS]| -> Vec<f64> { sums[..self.bands].iter().map(|sum| sum / frames).collect() };
        let levels = mean(&self.geometric_db);
        let (over_lines, over_valleys) = (over(&levels), over(&mean(&self.harmonic_db)));
        let mut found: Vec<Resonance> = (2..self.bands.saturating_sub(2))
            .filter(|&band| levels[band] >= levels[band - 1] && levels[band] > levels[band + 1])
            .filter(|&band| over_lines[band] >= OVER_DB && over_lines[band] - over_valleys[band] <= LINES_DB)
            .map(|band| (band, self.out[band] as f64 / frames))
            .filter(|(_, share)| *share >= SHARE)
            .map(|(band, share)| {
                let freq_hz = vertex_hz(&levels, band);
                let [median_db, p90_db] = [0.5, 0.9].map(|share| level_at(freq_hz, share));
                Resonance { freq_hz, over_db: over_lines[band], share, median_db, p90_db }
            })
            .collect();
        found.sort_by(|a, b| b.over_db.total_cmp(&a.over_db));
        found.truncate(MOST);
        found.sort_by(|a, b| a.freq_hz.total_cmp(&b.freq_hz));
        found
    }
}

/// Top of the parabola through a band and its neighbours, on a scale of octaves.
fn vertex_hz(levels: &[f64], band: usize) -> f64 {
    let (a, b, c) = (levels[band - 1], levels[band], levels[band + 1]);
    let bend = a - 2.0 * b + c;
    let away = if bend < 0.0 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 };
    edge_hz(band) * math::exp2((0.5 + away) / PER_OCTAVE)
}
