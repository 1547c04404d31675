//! The middle in frames of 16384: the long-term spectrum, third octaves over time, narrow peaks that stay.

use super::quantile;
use super::resonance::{Peaks, Resonance};
use crate::message::Result;
use crate::pipe::{Next, Stage};
use dsp::block::Buffer;
use dsp::math;
use dsp::spectrum::{Options, Planes, Spectrum, THIRD_OCTAVES_HZ, Welch};

/// Number of third-octave bands.
pub(super) const THIRDS: usize = THIRD_OCTAVES_HZ.len();

/// Listens to the middle.
pub(super) struct Long {
    welch: Welch,
    seconds_per_block: f64,
    thirds: Thirds,
    peaks: Peaks,
}

/// Third octaves of every frame that counts.
struct Thirds {
    /// First bin of each band, and the end of the last.
    edges: Vec<usize>,
    scale: f64,
    numbers: Vec<u64>,
    levels: Vec<[f32; THIRDS]>,
}

impl Thirds {
    fn take(&mut self, number: u64, powers: &[f64]) {
        let level = |band: usize| {
            let (low, high) = (self.edges[band].min(powers.len()), self.edges[band + 1].min(powers.len()));
            let power = powers.get(low..high).map_or(0.0, |bins| bins.iter().sum::<f64>());
            math::power_to_db(power * self.scale).max(-200.0) as f32
        };
        let levels = std::array::from_fn(level);
        self.numbers.push(number);
        self.levels.push(levels);
    }
}

/// What was heard of the middle.
pub(super) struct Heard {
    pub(super) spectrum: Spectrum,
    pub(super) resonances: Vec<Resonance>,
    seconds_per_block: f64,
    numbers: Vec<u64>,
    levels: Vec<[f32; THIRDS]>,
}

impl Heard {
    /// Levels of the frames that begin between two times.
    pub(super) fn between(&self, from_seconds: f64, to_seconds: f64) -> &[[f32; THIRDS]] {
        let at = |seconds: f64| {
            self.numbers.partition_point(|number| (*number as f64) * self.seconds_per_block < seconds)
        };
        self.levels.get(at(from_seconds)..at(to_seconds)).unwrap_or(&[])
    }
}

impl Long {
    pub(super) fn new(channels: usize, sample_rate_hz: f64) -> Self {
        let options = Options { planes: Planes::Mid, ..Options::default() };
        let welch = Welch::new(channels, sample_rate_hz, options);
        let bin_hz = sample_rate_hz / options.size as f64;
        // Edges half a third of an octave under each exact middle, IEC 61260-1: 10^(-0.05).
        let edge = |band: usize| 1000.0 * math::exp((0.1 * (band as f64 - 17.0) - 0.05) * math::LN_10);
        let scale = 1.0 / welch.block_scale();
        Self {
            seconds_per_block: 0.5 * options.size as f64 / sample_rate_hz,
            thirds: Thirds {
                edges: (0..=THIRDS).map(|band| (edge(band) / bin_hz).round() as usize).collect(),
                scale,
                numbers: Vec::new(),
                levels: Vec::new(),
            },
            peaks: Peaks::new(bin_hz, sample_rate_hz, scale),
            welch,
        }
    }

    pub(super) fn finish(self) -> Heard {
        let Thirds { numbers, levels, .. } = self.thirds;
        let level_at = |hz: f64, share: f64| {
            let near = |a: &usize, b: &usize| {
                let away = |band: usize| math::ln(THIRD_OCTAVES_HZ[band] / hz).abs();
                away(*a).total_cmp(&away(*b))
            };
            let band = (0..THIRDS).min_by(near).unwrap_or(0);
            let mut sorted: Vec<f32> = levels.iter().map(|levels| levels[band]).collect();
            sorted.sort_by(f32::total_cmp);
            quantile(&sorted, share).unwrap_or(-200.0)
        };
        Heard {
            resonances: self.peaks.finish(level_at),
            spectrum: self.welch.finish(),
            seconds_per_block: self.seconds_per_block,
            numbers,
            levels,
        }
    }
}

impl Stage for Long {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        let Self { welch, thirds, peaks, .. } = self;
        welch.push_each(block.view(), |number, powers| {
            thirds.take(number, powers);
            peaks.take(powers);
        });
        next(block)
    }
}
