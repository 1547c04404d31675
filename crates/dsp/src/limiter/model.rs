//! How loud a programme comes out of the limiter, without limiting it.
//!
//! One pass collects, for every half hop (32 frames at 44.1 kHz), the true peak, the peak of the lows and the K-weighted
//! energy; what material it is does not depend on gain and is collected, too. Then any drive is simulated on that grid with
//! the gain paths of the limiter itself. Collecting costs about as much as limiting, a simulation about 3 ms per minute of
//! programme; memory is 12.5 bytes per group (1 MB per minute at 44.1 kHz).

use super::clip::{Curve, Density};
use super::detector::{Detector, NEAR, NODES, peak};
use super::line::Line;
use super::low_stage::{self, LowLevel};
use super::material::Material;
use super::release::{Path, need_of};
use super::{Settings, Style, group_frames};
use crate::block::View;
use crate::math::{self, db_to_gain};
use crate::meter::loudness::{KFilter, lufs_of_power};

/// Groups of the model in a hop of the limiter.
const PARTS: usize = 2;

/// What a drive would do to a programme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Integrated loudness after limiting; `-inf` when nothing passes the gates.
    pub integrated_lufs: f64,
    /// Largest reduction.
    pub max_reduction_db: f64,
    /// Reduction averaged over all time.
    pub average_reduction_db: f64,
    /// Share of the time with more than 0.1 dB of reduction.
    pub limited_share: f64,
    /// True peak to loudness ratio after limiting.
    pub plr_db: f64,
}

/// How far a solver may go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Least gain in loudness per decibel of drive.
    pub min_slope: f64,
    /// Least true peak to loudness ratio.
    pub min_plr_db: f64,
    /// Largest reduction averaged over all time.
    pub max_average_reduction_db: f64,
    /// Largest drive to try.
    pub max_gain_db: f64,
}

impl Default for Budget {
    fn default() -> Self {
        // Slope and PLR: mastering reference 5.5; the others keep a solver from what nobody would ask for.
        Self { min_slope: 0.3, min_plr_db: 6.0, max_average_reduction_db: 9.0, max_gain_db: 30.0 }
    }
}

/// Answer of [`Model::solve`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solution {
    /// Drive that reaches the target, or the largest one within the budget.
    pub gain_db: f64,
    /// What that drive does.
    pub predicted: Prediction,
    /// Whether the target is reached within the budget.
    pub feasible: bool,
    /// Loudness at `gain_db`: the target, or the best there is.
    pub best_lufs: f64,
    /// Gain in loudness per decibel of drive at `gain_db`.
    pub slope: f64,
}

/// A programme as the model knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    sample_rate_hz: f64,
    group: usize,
    levels: Vec<f32>,
    lows: Vec<f32>,
    energies: Vec<f32>,
    /// Share of sustained per hop, in 255ths.
    shares: Vec<u8>,
}

/// Listens to a programme once and makes a [`Model`].
#[derive(Debug)]
pub struct Collector {
    model: Model,
    weights: Vec<f64>,
    interest: f64,
    low_blend: f64,
    hop: usize,
    fill: usize,
    work: Vec<Vec<f64>>,
    lines: Vec<Line>,
    mids: Vec<f64>,
    detector: Detector,
    lows: Vec<LowLevel>,
    filters: Vec<KFilter<1>>,
    material: Material,
    /// Values of the hop before, which the detector, behind by [`NEAR`] frames, has not seen to its end.
    hops: usize,
}

impl Collector {
    /// For a programme at `sample_rate_hz` with one loudness weight (BS.1770: 1, 1.41 or 0) per channel. Of `settings`
    /// the ceiling and the corner of the low stage count. Peaks are measured exactly where a drive of up to
    /// `max_gain_db` lifts them to the ceiling.
    #[must_use]
    pub fn new(sample_rate_hz: f64, weights: &[f64], settings: &Settings, max_gain_db: f64) -> Self {
        let (channels, group) = (weights.len(), group_frames(sample_rate_hz));
        let hop = group * NODES;
        Self {
            model: Model {
                sample_rate_hz,
                group: hop / PARTS,
                levels: Vec::new(),
                lows: Vec::new(),
                energies: Vec::new(),
                shares: Vec::new(),
            },
            weights: weights.to_vec(),
            interest: db_to_gain(settings.ceiling_dbtp - max_gain_db),
            low_blend: LowLevel::blend(settings.low_hz.clamp(50.0, 1000.0), sample_rate_hz),
            hop,
            fill: 0,
            work: vec![vec![0.0; hop]; channels],
            lines: (0..channels).map(|_| Line::new(2 * NEAR + hop, hop)).collect(),
            mids: vec![0.0; hop],
            detector: Detector::new(),
            lows: vec![LowLevel::default(); channels],
            filters: (0..channels).map(|_| KFilter::new(sample_rate_hz)).collect(),
            material: Material::new(channels, hop as f64 / sample_rate_hz),
            hops: 0,
        }
    }

    /// Listens to a block of any length.
    pub fn push(&mut self, block: View<'_>) {
        let mut done = 0;
        while done < block.frames() {
            let count = (self.hop - self.fill).min(block.frames() - done);
            for (channel, work) in self.work.iter_mut().enumerate().take(block.channels()) {
                let from = &block.channel(channel)[done..done + count];
                for (to, x) in work[self.fill..self.fill + count].iter_mut().zip(from) {
                    *to = if x.is_finite() { *x } else { 0.0 };
                }
            }
            self.fill += count;
            done += count;
            if self.fill == self.hop {
                self.hop();
                self.fill = 0;
            }
        }
    }

    /// The model of everything heard. The last part of a hop is filled up with silence.
    #[must_use]
    pub fn finish(mut self) -> Model {
        if self.fill > 0 {
            self.work.iter_mut().for_each(|plane| plane[self.fill..].fill(0.0));
            self.hop();
        }
        self.model
    }

    fn hop(&mut self) {
        let half = self.hop / PARTS;
        let share = self.material.push(&self.work);
        self.model.shares.push((share * 255.0 + 0.5) as u8);
        let (mut levels, mut lows, mut energies) = ([0.0; PARTS], [0.0; PARTS], [0.0; PARTS]);
        for (channel, plane) in self.work.iter().enumerate() {
            self.lines[channel].push(self.hop).copy_from_slice(plane);
            let x = self.lines[channel].tail(self.hop + 2 * NEAR, self.hop + 2 * NEAR);
            let mut nodes = [0.0; NODES];
            self.detector.levels(x, self.hop / NODES, self.interest, &mut self.mids, &mut nodes);
            for part in 0..PARTS {
                let audio = &plane[part * half..(part + 1) * half];
                let (first, end) = (part * NODES / PARTS, (part + 1) * NODES / PARTS);
                levels[part] = f64::max(levels[part], peak(&nodes[first..end]));
                lows[part] = f64::max(lows[part], self.lows[channel].level(audio, self.low_blend));
                let mut energy = [0.0];
                self.filters[channel].energy([audio], &mut energy);
                energies[part] += energy[0] * self.weights[channel];
            }
            self.filters[channel].flush();
        }
        self.hops += 1;
        for part in 0..PARTS {
            self.model.levels.push(levels[part] as f32);
            self.model.lows.push(lows[part] as f32);
            self.model.energies.push(energies[part] as f32);
        }
    }
}

/// Gains of one stage on the grid of the model.
struct Stage {
    fast: Path,
    long: Path,
    latency: usize,
    last: f64,
}

impl Stage {
    /// Turns levels into gains over the whole programme: `need` gives the need of a group, `take` gets group and gain.
    fn run(
        &mut self,
        groups: usize,
        shares: impl Fn(usize) -> f64,
        mut need: impl FnMut(usize) -> f64,
        mut take: impl FnMut(usize, f64),
    ) {
        let (mut needs, mut fast, mut long) = ([0.0; NODES], [0.0; NODES], [0.0; NODES]);
        let (mut last_need, mut at) = (0.0, 0);
        while at < groups + self.latency + 1 {
            for (i, node) in needs.iter_mut().enumerate() {
                let own = if at + i < groups { need(at + i) } else { 0.0 };
                *node = f64::max(own, last_need);
                last_need = own;
            }
            self.fast.run(&needs, &mut fast);
            self.long.run(&needs, &mut long);
            for i in 0..NODES {
                let reduction = fast[i] + (long[i] - fast[i]) * shares((at + i).min(groups.saturating_sub(1)));
                let middle = 1.0 - 0.5 * (reduction + self.last);
                self.last = reduction;
                // The node ends the group before it, `latency` nodes ago.
                if let Some(group) = (at + i).checked_sub(self.latency + 1).filter(|group| *group < groups) {
                    take(group, middle);
                }
            }
            at += NODES;
        }
    }
}

/// How much of the power a clip takes from the level it takes from the energy of the group: a group of 0.7 ms is not
/// all peak. By calibration against renders, 2026-11-21, see docs/decisions.
const CLIPPED_ENERGY: f64 = 0.35;
/// Share of the frames of a group above the knee for a peak that is far above it.
/// By calibration against renders, 2026-11-21, see docs/decisions.
const CLIPPED_FRAMES: f64 = 0.35;

impl Model {
    /// Length of the programme.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        (self.levels.len() * self.group) as f64 / self.sample_rate_hz
    }

    /// Loudness without limiter and without drive.
    #[must_use]
    pub fn loudness_lufs(&self) -> f64 {
        self.gated_lufs(|_| 1.0)
    }

    /// What a drive of `gain_db` (in place of the settings') through the limiter would do.
    #[must_use]
    pub fn loudness_at(&self, gain_db: f64, settings: &Settings) -> Prediction {
        let groups = self.levels.len();
        let gain = db_to_gain(gain_db);
        let ceiling = db_to_gain(settings.ceiling_dbtp);
        let share = |group: usize| settings.share(self.share_of(group));
        // Level after the clip, later after the slow stage; and the gain on the energy so far.
        let mut levels: Vec<f32> = self.levels.clone();
        let mut gains: Vec<f32> = vec![gain as f32; groups];
        self.clip(gain, ceiling, settings, &mut levels, &mut gains);
        if settings.low_stage {
            let mut low = self.stage(low_stage::timings(), Settings::low_nodes);
            let need = |group: usize| {
                let level = f64::from(self.lows[group]) * gain;
                if level > ceiling { need_of(level, ceiling) } else { 0.0 }
            };
            low.run(groups, share, need, |group, factor| {
                levels[group] *= factor as f32;
                gains[group] *= factor as f32;
            });
        }
        let mut main = self.stage(settings.timings(), Settings::main_nodes);
        let need = |group: usize| {
            let level = f64::from(levels[group]);
            if level > ceiling { need_of(level, ceiling) } else { 0.0 }
        };
        main.run(groups, share, need, |group, factor| gains[group] *= factor as f32);
        self.predict(gain, ceiling, &gains)
    }

    fn share_of(&self, group: usize) -> f64 {
        self.shares.get(group / PARTS).map_or(0.0, |share| f64::from(*share) / 255.0)
    }

    fn stage(
        &self,
        timings: super::lanes::Timings,
        nodes: impl Fn(f64) -> super::release::Nodes,
    ) -> Stage {
        let nodes = nodes(self.sample_rate_hz / self.group as f64);
        let long = timings.long.unwrap_or(timings.fast);
        Stage {
            fast: Path::new(nodes, timings.fast),
            long: Path::new(nodes, long),
            latency: nodes.latency(),
            last: 0.0,
        }
    }

    /// Levels with drive and clip, and what the clip takes from the energy.
    fn clip(&self, gain: f64, ceiling: f64, settings: &Settings, levels: &mut [f32], gains: &mut [f32]) {
        let top = ceiling * db_to_gain(settings.clip_db.clamp(0.0, 12.0));
        let curve = Curve::new(f64::max(top, ceiling), ceiling);
        let mut density = Density::new((PARTS * self.group) as f64 / self.sample_rate_hz);
        for (hop, (levels, gains)) in levels.chunks_mut(PARTS).zip(gains.chunks_mut(PARTS)).enumerate() {
            let above: f64 = levels.iter().map(|level| curve.share_above(f64::from(*level) * gain)).sum();
            let sparse = density.push_share(above / PARTS as f64 * CLIPPED_FRAMES);
            let sparse = if settings.style == Style::Punchy { 1.0 } else { sparse };
            let share = settings.share(self.share_of(hop * PARTS));
            let weight = if settings.clip { (1.0 - share) * sparse } else { 0.0 };
            for (level, energy) in levels.iter_mut().zip(gains) {
                let driven = f64::from(*level) * gain;
                let clipped = driven + curve.change(driven) * weight;
                *level = clipped as f32;
                if clipped < driven {
                    let kept = clipped / driven;
                    *energy *= (1.0 - CLIPPED_ENERGY * (1.0 - kept * kept)).sqrt() as f32;
                }
            }
        }
    }

    fn predict(&self, gain: f64, ceiling: f64, gains: &[f32]) -> Prediction {
        let (mut largest, mut sum_db, mut limited, mut highest) = (0.0_f64, 0.0, 0_usize, 0.0_f64);
        for (level, factor) in self.levels.iter().zip(gains) {
            highest = f64::max(highest, f64::from(*level));
            let ratio = f64::from(*factor) / gain;
            if ratio < 0.999_999 {
                let reduction_db = -math::gain_to_db(ratio);
                largest = f64::max(largest, reduction_db);
                sum_db += reduction_db;
                limited += usize::from(reduction_db > 0.1);
            }
        }
        let groups = self.levels.len().max(1) as f64;
        let integrated_lufs = self.gated_lufs(|group| gains.get(group).map_or(1.0, |gain| f64::from(*gain)));
        let peak_dbtp = math::gain_to_db(f64::min(highest * gain, ceiling));
        Prediction {
            integrated_lufs,
            max_reduction_db: largest,
            average_reduction_db: sum_db / groups,
            limited_share: limited as f64 / groups,
            plr_db: peak_dbtp - integrated_lufs,
        }
    }

    /// Integrated loudness (BS.1770-5, annex 1) with a gain on every group.
    fn gated_lufs(&self, gain: impl Fn(usize) -> f64) -> f64 {
        let hops = self.hop_energies(gain);
        let frames = 0.4 * self.sample_rate_hz;
        let blocks: Vec<f64> = hops.windows(4).map(|hops| hops.iter().sum::<f64>() / frames).collect();
        let mean_above = |gate: f64| {
            let kept = blocks.iter().filter(|power| **power > gate);
            let (sum, count) = kept.fold((0.0, 0_usize), |(sum, count), power| (sum + power, count + 1));
            if count == 0 { 0.0 } else { sum / count as f64 }
        };
        // Gates at -70 LUFS and 10 LU below the mean of what passes it.
        let absolute = math::db_to_power(-70.0 + 0.691);
        lufs_of_power(mean_above(f64::max(absolute, 0.1 * mean_above(absolute))))
    }

    /// Energies of 100 ms each; a group on an edge is shared out.
    fn hop_energies(&self, gain: impl Fn(usize) -> f64) -> Vec<f64> {
        let hop_frames = 0.1 * self.sample_rate_hz;
        let mut hops = Vec::with_capacity((self.seconds() * 10.0) as usize + 1);
        let (mut energy, mut edge) = (0.0, hop_frames);
        for (group, own) in self.energies.iter().enumerate() {
            let gain = gain(group);
            let own = f64::from(*own) * gain * gain;
            let end = ((group + 1) * self.group) as f64;
            if end < edge {
                energy += own;
                continue;
            }
            let after = own * (end - edge) / self.group as f64;
            hops.push(energy + own - after);
            energy = after;
            edge += hop_frames;
        }
        hops
    }

    /// Drive that brings the programme to `target_lufs`, as far as the budget allows: secant steps on the model, then a
    /// bisection for the largest drive allowed where the target is not. About ten to thirty simulations.
    #[must_use]
    pub fn solve(&self, target_lufs: f64, settings: &Settings, budget: &Budget) -> Solution {
        let start = target_lufs - self.loudness_lufs();
        if !start.is_finite() {
            return self.solution(0.0, settings, false);
        }
        let lowest = start.min(budget.max_gain_db);
        let gain_db = self.reach(target_lufs, lowest, settings, budget);
        let solution = self.solution(gain_db, settings, true);
        let reached = (solution.predicted.integrated_lufs - target_lufs).abs() < 0.05;
        if reached && Self::allows(&solution, budget) {
            return solution;
        }
        self.largest_allowed(lowest, gain_db, settings, budget)
    }

    /// Secant steps from below; ends within 0.01 LU, or where drive gives nothing any more.
    fn reach(&self, target_lufs: f64, lowest: f64, settings: &Settings, budget: &Budget) -> f64 {
        let loudness = |gain_db: f64| self.loudness_at(gain_db, settings).integrated_lufs;
        let (mut gain_db, mut slope) = (lowest, 0.8);
        let mut missing = target_lufs - loudness(gain_db);
        for _ in 0..10 {
            if missing.abs() < 0.01 || slope < 0.5 * budget.min_slope {
                break;
            }
            let next = (gain_db + (missing / slope).clamp(-4.0, 4.0)).clamp(lowest, budget.max_gain_db);
            if next == gain_db {
                break;
            }
            let next_missing = target_lufs - loudness(next);
            slope = ((missing - next_missing) / (next - gain_db)).clamp(0.05, 1.0);
            (gain_db, missing) = (next, next_missing);
        }
        gain_db
    }

    fn largest_allowed(&self, lowest: f64, highest: f64, settings: &Settings, budget: &Budget) -> Solution {
        let (mut low, mut high) = (f64::min(lowest, highest - 12.0), highest);
        for _ in 0..9 {
            let middle = 0.5 * (low + high);
            if Self::allows(&self.solution(middle, settings, false), budget) {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.solution(low, settings, false)
    }

    fn allows(solution: &Solution, budget: &Budget) -> bool {
        solution.slope >= budget.min_slope
            && solution.predicted.plr_db >= budget.min_plr_db
            && solution.predicted.average_reduction_db <= budget.max_average_reduction_db
    }

    fn solution(&self, gain_db: f64, settings: &Settings, feasible: bool) -> Solution {
        // A step of 0.5 dB: shorter ones see the grid of the model.
        let below = self.loudness_at(gain_db - 0.5, settings).integrated_lufs;
        let predicted = self.loudness_at(gain_db, settings);
        let slope = (predicted.integrated_lufs - below) / 0.5;
        Solution { gain_db, predicted, feasible, best_lufs: predicted.integrated_lufs, slope }
    }
}
