//! What a loudness meter remembers, and what is read from it: gating, range, curves.

use crate::math;
use crate::meter::edge;

/// Hops of the gating blocks: 10 a second (BS.1770-5, annex 1: 400 ms blocks that overlap by 75 %).
pub(crate) const HOPS_PER_SECOND: f64 = 10.0;
/// 400 ms (BS.1770-5, annex 1; EBU Tech 3341, 2.2: momentary).
pub(crate) const MOMENTARY_HOPS: usize = 4;
/// 3 s (EBU Tech 3341, 2.2: short-term).
pub(crate) const SHORT_TERM_HOPS: usize = 30;
/// BS.1770-5, annex 1, equation 2: takes back the gain of the K-weighting at 997 Hz.
const OFFSET_LU: f64 = -0.691;
/// BS.1770-5, annex 1; Tech 3342, 3: absolute gate.
const ABSOLUTE_GATE_LUFS: f64 = -70.0;
/// BS.1770-5, annex 1, equation 6: relative gate of integrated loudness.
const RELATIVE_GATE_LU: f64 = -10.0;
/// Tech 3342, 3: relative gate of loudness range.
const RANGE_GATE_LU: f64 = -20.0;
/// Tech 3342, 3: loudness range is between these percentiles.
const RANGE_PERCENTILES: [f64; 2] = [0.10, 0.95];

/// Loudness in LUFS of a K-weighted, channel-weighted mean square; `-inf` for zero.
#[must_use]
pub fn lufs_of_power(mean_square: f64) -> f64 {
    OFFSET_LU + math::power_to_db(mean_square)
}

/// K-weighted, channel-weighted mean square of a loudness in LUFS.
#[must_use]
pub fn power_of_lufs(lufs: f64) -> f64 {
    math::db_to_power(lufs - OFFSET_LU)
}

/// Energy of a programme, 100 ms by 100 ms. Eighty bytes a second.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    pub(crate) sample_rate_hz: f64,
    pub(crate) energies: Vec<f64>,
}

impl History {
    pub(crate) fn new(sample_rate_hz: f64) -> Self {
        Self { sample_rate_hz, energies: Vec::new() }
    }

    /// Mean squares of all complete windows of `hops` hops, one for every hop.
    fn windows(&self, hops: usize) -> impl Iterator<Item = f64> + '_ {
        self.energies.windows(hops).enumerate().map(move |(start, energies)| {
            energies.iter().sum::<f64>() / self.window_frames(start as u64, hops)
        })
    }

    fn window_frames(&self, start: u64, hops: usize) -> f64 {
        let at = |hop| edge(self.sample_rate_hz, HOPS_PER_SECOND, hop);
        (at(start + hops as u64) - at(start)) as f64
    }

    /// Momentary loudness in LUFS every 100 ms; the first value is for the 400 ms from the start.
    #[must_use]
    pub fn momentary_curve_lufs(&self) -> Vec<f64> {
        self.windows(MOMENTARY_HOPS).map(lufs_of_power).collect()
    }

    /// Short-term loudness in LUFS every 100 ms; the first value is for the 3 s from the start.
    #[must_use]
    pub fn short_term_curve_lufs(&self) -> Vec<f64> {
        self.windows(SHORT_TERM_HOPS).map(lufs_of_power).collect()
    }
}

fn mean(powers: &[f64]) -> f64 {
    powers.iter().sum::<f64>() / powers.len() as f64
}

/// Powers above the absolute gate, and of those the ones above the gate `relative_lu` under their mean.
fn gated(mut powers: Vec<f64>, relative_lu: f64) -> Vec<f64> {
    let absolute = power_of_lufs(ABSOLUTE_GATE_LUFS);
    powers.retain(|&power| power > absolute);
    let relative = mean(&powers) * math::db_to_power(relative_lu);
    powers.retain(|&power| power > relative);
    powers
}

/// Integrated loudness in LUFS of one or more programmes as if played one after another (for an album, all its
/// tracks; no gating block reaches across a joint). `None` if there is no complete block of 400 ms, `-inf` if
/// nothing passes the gates.
#[must_use]
pub fn integrated_lufs<'a>(programmes: impl IntoIterator<Item = &'a History>) -> Option<f64> {
    let blocks: Vec<f64> =
        programmes.into_iter().flat_map(|history| history.windows(MOMENTARY_HOPS)).collect();
    if blocks.is_empty() {
        return None;
    }
    let kept = gated(blocks, RELATIVE_GATE_LU);
    Some(if kept.is_empty() { f64::NEG_INFINITY } else { lufs_of_power(mean(&kept)) })
}

/// Loudness range in LU (EBU Tech 3342) of one or more programmes. `None` if nothing passes the gates, as in
/// programmes shorter than 3 s. Means little under a minute.
#[must_use]
pub fn loudness_range_lu<'a>(programmes: impl IntoIterator<Item = &'a History>) -> Option<f64> {
    let powers = programmes.into_iter().flat_map(|history| history.windows(SHORT_TERM_HOPS)).collect();
    let mut kept = gated(powers, RANGE_GATE_LU);
    kept.sort_unstable_by(f64::total_cmp);
    let last = kept.len().checked_sub(1)?;
    let [low, high] = RANGE_PERCENTILES.map(|part| kept[(last as f64 * part).round() as usize]);
    Some(math::power_to_db(high / low))
}
