//! True-peak limiter with look-ahead, and a model of it for finding loudness.
//!
//! The path of one hop (16 groups of a few frames): input gain → soft clip of single peaks ([`clip`](self)) → slow stage
//! for the bass → fast stage → three rounds of measuring the result and repairing what still stands above the ceiling.
//! Gain lives on a grid of nodes, one per group (about 11 000 per second), with straight lines between: needs cover both
//! groups a node touches, the window holds a need for as long as the three boxes reach, so the smoothed gain cannot
//! overshoot. Where nothing needs limiting the gain is exactly one and audio passes with the same bits.
//!
//! Cost: about 1.5 to 2.5 ms per second of 44.1 kHz stereo at moderate reduction.

mod clip;
mod detector;
mod lanes;
mod line;
mod low_stage;
mod material;
pub mod model;
mod release;
mod repair;
mod settings;
mod solve;
mod stages;
#[cfg(test)]
mod tests;
mod window;

pub use settings::{Settings, Style};
pub use stages::Limiter;

use detector::NODES;

/// What is aimed at, as a share of the ceiling (-0.05 dB): room for the repair and for meters with other filters.
/// By calibration, 2026-11-21, see docs/decisions/021.
const MARGIN: f64 = 0.994_26;

/// What a limiter did.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Report {
    /// Largest reduction of slow and fast stage together.
    pub max_reduction_db: f64,
    /// Reduction averaged over all time.
    pub average_reduction_db: f64,
    /// Share of the time with more than 0.1 dB of reduction.
    pub limited_share: f64,
    /// Largest reduction of the repair rounds.
    pub max_repair_db: f64,
}

/// Frames per gain node for a sample rate: nodes 10 to 12 thousand times a second.
fn group_frames(sample_rate_hz: f64) -> usize {
    match sample_rate_hz {
        rate if rate < 30_000.0 => 2,
        rate if rate < 64_000.0 => 4,
        rate if rate < 128_000.0 => 8,
        _ => 16,
    }
}

/// Gains of a hop from the reductions at its nodes; false when every one of them is one.
fn gains_of(last: &mut f64, nodes: &[f64; NODES], group: usize, gains: &mut [f64]) -> bool {
    if *last == 0.0 && nodes.iter().all(|node| *node == 0.0) {
        return false;
    }
    let scale = 1.0 / group as f64;
    for (node, gains) in nodes.iter().zip(gains.chunks_exact_mut(group)) {
        let step = (*node - *last) * scale;
        for (i, gain) in (0_i32..).zip(gains.iter_mut()) {
            *gain = 1.0 - (*last + step * f64::from(i));
        }
        *last = *node;
    }
    true
}

fn apply_gain(audio: &mut [f64], gains: &[f64]) {
    for (audio, gain) in audio.iter_mut().zip(gains) {
        *audio *= gain;
    }
}
