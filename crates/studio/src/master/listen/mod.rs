//! What the mastering engineer hears: spectrum, width per band, dynamics of three bands, and what comes and goes: sections,
//! resonances, sibilants, blows, the floor of noise.
//!
//! Costs some 30 ns per stereo frame (one FFT of 16384 per 8192 frames for mid and for side, one of 1024 per 1024, three
//! filters); memory is constant but for two numbers per 50 ms and 31 per 8192 frames (50 kB a minute).

mod frames;
mod levels;
mod resonance;
mod sections;
mod short;
#[cfg(test)]
mod tests;

pub use levels::Dynamics;
pub(super) use levels::SPLIT_HZ;
pub use resonance::Resonance;
pub use sections::Section;
pub use short::{Sibilance, Transients};

use super::tone::{BANDS, EDGES_HZ};
use crate::message::Result;
use crate::pipe::{Next, Stage};
use dsp::block::Buffer;
use dsp::math;
use dsp::spectrum::{Options, Planes, Spacing, Spectrum, Welch};
use frames::Long;
use levels::Levels;
use serde::Serialize;
use short::Short;

/// Where a wall in the spectrum is looked for, and how deep it is (lossy encoders; see `Spectrum::cutoff`).
const WALL_HZ: [f64; 2] = [3000.0, 20_500.0];
const WALL_DB: f64 = 40.0;

/// What was heard.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Listening {
    /// Integrated loudness, as the gate measured it.
    pub loudness_lufs: Option<f64>,
    /// Level of each band of [`EDGES_HZ`], mid and side together, re an RMS of 1.0, dB.
    pub level_db: [f64; BANDS],
    /// Side re mid in each band, dB; `None` where there is nothing.
    pub side_mid_db: [Option<f64>; BANDS],
    /// Where the spectrum ends: a wall of a lossy source, or half the sample rate.
    pub top_hz: f64,
    /// Level below 25 Hz re all, dB.
    pub rumble_db: f64,
    /// Levels of the low, middle and high band.
    pub dynamics: [Dynamics; 3],
    /// Level of each third-octave band from 20 Hz to 20 kHz, mid and side together, dB.
    pub third_octave_db: Vec<f64>,
    /// 5th percentile of each band's level in moments of 23 ms, mid, dB: the floor under the music.
    pub noise_floor_db: [f64; BANDS],
    /// Stretches of one loudness.
    pub sections: Vec<Section>,
    /// Narrow peaks that stay.
    pub resonances: Vec<Resonance>,
    /// Sharp sounds.
    pub sibilance: Sibilance,
    /// Blows.
    pub transients: Transients,
    /// Short-term loudness, once a second; the first value is at 3 s.
    pub loudness_curve_lufs: Vec<f64>,
}

/// Listens to a stereo stream: stages that threads can share.
pub(crate) struct Listener {
    sample_rate_hz: f64,
    long: Long,
    side: Welch,
    levels: Levels,
    short: Short,
}

impl Listener {
    /// A listener to a stream of `frames`.
    pub(crate) fn new(channels: usize, sample_rate_hz: f64, frames: u64) -> Self {
        let spacing = Spacing::for_length(frames, sample_rate_hz);
        let side = Options { planes: Planes::Side, spacing, ..Options::default() };
        Self {
            sample_rate_hz,
            long: Long::new(channels, sample_rate_hz),
            side: Welch::new(channels, sample_rate_hz, side),
            levels: Levels::new(channels, sample_rate_hz),
            short: Short::new(sample_rate_hz),
        }
    }

    /// What the stream has to pass.
    pub(crate) fn stages(&mut self) -> [&mut dyn Stage; 4] {
        [&mut self.long, &mut self.side, &mut self.levels, &mut self.short]
    }

    /// What was heard. Loudness is as the gate measured it, the short-term one every 100 ms: its first value is for the three
    /// seconds from the start.
    pub(crate) fn finish(self, loudness_lufs: Option<f64>, short_term_lufs: &[f64]) -> Listening {
        let (long, side) = (self.long.finish(), self.side.finish());
        let mid = &long.spectrum;
        let nyquist = 0.5 * self.sample_rate_hz;
        let both = |low: f64, high: f64| mid.band_power(0, low, high) + side.band_power(0, low, high);
        let level_db = std::array::from_fn(|b| math::power_to_db(both(EDGES_HZ[b], EDGES_HZ[b + 1])));
        let side_mid_db = std::array::from_fn(|b| side_mid(mid, &side, EDGES_HZ[b], EDGES_HZ[b + 1]));
        let wall = mid.cutoff(0, WALL_HZ[0], WALL_HZ[1].min(nyquist), WALL_DB);
        let thirds = mid.third_octaves(0);
        let third_octave_db =
            thirds.iter().map(|band| math::power_to_db(both(band.low_hz, band.high_hz))).collect();
        let mut sections = sections::split(short_term_lufs);
        sections.iter_mut().for_each(|section| section.listen(&long));
        let (noise_floor_db, sibilance, transients) = self.short.finish();
        Listening {
            loudness_lufs,
            level_db,
            side_mid_db,
            top_hz: wall.map_or(nyquist, |wall| wall.hz),
            rumble_db: math::power_to_db(both(0.0, 25.0) / both(0.0, nyquist).max(f64::MIN_POSITIVE)),
            dynamics: self.levels.steps.map(|steps| Dynamics::of(&steps)),
            third_octave_db,
            noise_floor_db,
            sections,
            resonances: long.resonances,
            sibilance,
            transients,
            loudness_curve_lufs: short_term_lufs.iter().step_by(10).copied().collect(),
        }
    }
}

/// Side re mid between two frequencies; `None` when there is nothing.
fn side_mid(mid: &Spectrum, side: &Spectrum, low_hz: f64, high_hz: f64) -> Option<f64> {
    let (mid, side) = (mid.band_power(0, low_hz, high_hz), side.band_power(0, low_hz, high_hz));
    // -120 dB re full scale: below every converter.
    (mid + side > 1e-12).then(|| math::power_to_db((side / mid.max(1e-20)).clamp(1e-12, 1e12)))
}

/// Value below which `share` of sorted values lie.
fn quantile(sorted: &[f32], share: f64) -> Option<f64> {
    let top = sorted.len().checked_sub(1)?;
    sorted.get((share * top as f64).round() as usize).map(|value| f64::from(*value))
}

impl Stage for Welch {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        Welch::push(self, block.view());
        next(block)
    }
}
