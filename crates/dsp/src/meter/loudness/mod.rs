//! Programme loudness after ITU-R BS.1770-5 and EBU Tech 3341/3342.
//!
//! Integrated loudness and range come from complete blocks on a grid of 100 ms. The maxima of momentary and
//! short-term loudness are taken every 10 ms, so that a burst reads the same wherever it falls (Tech 3341, cases 10 and 13).

mod history;
mod k_weighting;
#[cfg(test)]
mod tests;

pub use history::{History, integrated_lufs, loudness_range_lu, lufs_of_power, power_of_lufs};
pub use k_weighting::{KFilter, KWeighting, Section};

use super::Grid;
use crate::block::View;
use history::{HOPS_PER_SECOND, MOMENTARY_HOPS, SHORT_TERM_HOPS};

/// Parts of a hop at which the maxima are taken: every 10 ms.
const PARTS: usize = 10;
const RING: usize = SHORT_TERM_HOPS * PARTS;

/// All of programme loudness in one pass. Remembers 80 bytes for every second it hears, and allocates for nothing
/// else. Costs about 0.2 ms a second of stereo at 48 kHz.
#[derive(Debug, Clone)]
pub struct LoudnessMeter {
    lanes: Lanes,
    grid: Grid,
    /// Energies of the last ten stretches of 10 ms.
    parts: [f64; PARTS],
    /// For each of the last 300 stretches: energy of the 100 ms that end with it.
    hops: Vec<f64>,
    history: History,
    /// Hops that are remembered at most.
    most_hops: usize,
    latest: Latest,
}

#[derive(Debug, Clone, Default)]
struct Latest {
    momentary: Option<f64>,
    short_term: Option<f64>,
    max_momentary: Option<f64>,
    max_short_term: Option<f64>,
}

impl LoudnessMeter {
    /// A meter for as many channels as there are `weights`: factors on power, 1 for front channels, 1.41 for
    /// surrounds, 0 for LFE (BS.1770-5, annex 1, table 4). A mono programme is one channel of weight 1; give 2 to
    /// measure it as if played from two loudspeakers.
    #[must_use]
    pub fn new(sample_rate_hz: f64, weights: &[f64]) -> Self {
        Self {
            lanes: Lanes::new(sample_rate_hz, weights),
            grid: Grid::new(sample_rate_hz, HOPS_PER_SECOND * PARTS as f64),
            parts: [0.0; PARTS],
            hops: vec![0.0; RING],
            history: History::new(sample_rate_hz),
            most_hops: usize::MAX,
            latest: Latest::default(),
        }
    }

    /// A meter that never allocates again: what it remembers ends after so many hours, of which integrated loudness and
    /// range then speak; the maxima go on. 288 kB an hour.
    #[must_use]
    pub fn with_limit(sample_rate_hz: f64, weights: &[f64], hours: usize) -> Self {
        let mut meter = Self::new(sample_rate_hz, weights);
        meter.most_hops = hours.saturating_mul(3600 * HOPS_PER_SECOND as usize);
        meter.history.energies.reserve_exact(meter.most_hops);
        meter
    }

    /// Forgets what was heard; allocates nothing.
    pub fn reset(&mut self) {
        self.lanes.reset();
        self.grid = Grid::new(self.history.sample_rate_hz, HOPS_PER_SECOND * PARTS as f64);
        self.parts = [0.0; PARTS];
        self.hops.fill(0.0);
        self.history.energies.clear();
        self.latest = Latest::default();
    }

    /// Listens to a block. Channels beyond the weights are not heard.
    pub fn process(&mut self, block: View<'_>) {
        let mut start = 0;
        while start < block.frames() {
            let (frames, done) = self.grid.take(block.frames() - start);
            self.lanes.add(block.slice(start, frames));
            start += frames;
            if done {
                self.close_part();
            }
        }
    }

    fn close_part(&mut self) {
        let energy = self.lanes.take();
        let index = (self.grid.index() - 1) as usize;
        self.parts[index % PARTS] = energy;
        // The oldest first, so that a sum does not depend on where the ring begins.
        let hop = (1..=PARTS).map(|back| self.parts[(index + back) % PARTS]).sum();
        self.hops[index % RING] = hop;
        self.latest.momentary = self.window_power(index, MOMENTARY_HOPS);
        self.latest.short_term = self.window_power(index, SHORT_TERM_HOPS);
        self.latest.max_momentary = larger(self.latest.max_momentary, self.latest.momentary);
        self.latest.max_short_term = larger(self.latest.max_short_term, self.latest.short_term);
        if index % PARTS == PARTS - 1 && self.history.energies.len() < self.most_hops {
            self.history.energies.push(hop);
        }
    }

    /// Mean square of the `hops` hops that end with stretch `index`; `None` while there are not that many.
    fn window_power(&self, index: usize, hops: usize) -> Option<f64> {
        let start = (index + 1).checked_sub(hops * PARTS)?;
        let energy: f64 = (0..hops).map(|hop| self.hops[(start + (hop + 1) * PARTS - 1) % RING]).sum();
        let frames = self.grid.edge(index as u64 + 1) - self.grid.edge(start as u64);
        Some(energy / frames as f64)
    }

    /// Loudness in LUFS of the last 400 ms; `None` before there were so many.
    #[must_use]
    pub fn momentary_lufs(&self) -> Option<f64> {
        self.latest.momentary.map(lufs_of_power)
    }

    /// Loudness in LUFS of the last 3 s; `None` before there were so many.
    #[must_use]
    pub fn short_term_lufs(&self) -> Option<f64> {
        self.latest.short_term.map(lufs_of_power)
    }

    /// Largest momentary loudness in LUFS so far.
    #[must_use]
    pub fn max_momentary_lufs(&self) -> Option<f64> {
        self.latest.max_momentary.map(lufs_of_power)
    }

    /// Largest short-term loudness in LUFS so far.
    #[must_use]
    pub fn max_short_term_lufs(&self) -> Option<f64> {
        self.latest.max_short_term.map(lufs_of_power)
    }

    /// Integrated loudness in LUFS so far: `None` before 400 ms, `-inf` if nothing passed the gates.
    #[must_use]
    pub fn integrated_lufs(&self) -> Option<f64> {
        integrated_lufs([&self.history])
    }

    /// Loudness range in LU so far; `None` if no stretch of 3 s passed the gates.
    #[must_use]
    pub fn loudness_range_lu(&self) -> Option<f64> {
        loudness_range_lu([&self.history])
    }

    /// What was heard, for curves and for the loudness of an album.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }
}

fn larger(so_far: Option<f64>, now: Option<f64>) -> Option<f64> {
    match (so_far, now) {
        (Some(a), Some(b)) => Some(if b > a { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// The K-filters of all channels that count, two side by side.
#[derive(Debug, Clone)]
struct Lanes {
    pairs: Vec<Lane<2>>,
    single: Option<Lane<1>>,
}

/// `N` channels and what they have gathered.
#[derive(Debug, Clone)]
struct Lane<const N: usize> {
    channels: [usize; N],
    weights: [f64; N],
    filter: KFilter<N>,
    energy: [f64; N],
}

impl<const N: usize> Lane<N> {
    fn new(sample_rate_hz: f64, heard: [(usize, f64); N]) -> Self {
        Self {
            channels: heard.map(|(channel, _)| channel),
            weights: heard.map(|(_, weight)| weight),
            filter: KFilter::new(sample_rate_hz),
            energy: [0.0; N],
        }
    }

    fn add(&mut self, block: View<'_>) {
        if self.channels.iter().all(|&channel| channel < block.channels()) {
            self.filter.energy(self.channels.map(|channel| block.channel(channel)), &mut self.energy);
        }
    }

    fn reset(&mut self) {
        self.energy = [0.0; N];
        self.filter.reset();
    }

    fn take(&mut self) -> f64 {
        let total = self.weights.iter().zip(&self.energy).map(|(weight, energy)| weight * energy).sum();
        self.energy = [0.0; N];
        self.filter.flush();
        total
    }
}

impl Lanes {
    fn new(sample_rate_hz: f64, weights: &[f64]) -> Self {
        let heard: Vec<(usize, f64)> =
            weights.iter().copied().enumerate().filter(|(_, w)| *w != 0.0).collect();
        let (pairs, rest) = heard.as_chunks::<2>();
        Self {
            pairs: pairs.iter().map(|&pair| Lane::new(sample_rate_hz, pair)).collect(),
            single: rest.first().map(|&one| Lane::new(sample_rate_hz, [one])),
        }
    }

    fn add(&mut self, block: View<'_>) {
        self.pairs.iter_mut().for_each(|lane| lane.add(block));
        self.single.iter_mut().for_each(|lane| lane.add(block));
    }

    fn reset(&mut self) {
        self.pairs.iter_mut().for_each(Lane::reset);
        self.single.iter_mut().for_each(Lane::reset);
    }

    /// Weighted sum of the energies since the last call.
    fn take(&mut self) -> f64 {
        let pairs: f64 = self.pairs.iter_mut().map(Lane::take).sum();
        pairs + self.single.as_mut().map_or(0.0, Lane::take)
    }
}
