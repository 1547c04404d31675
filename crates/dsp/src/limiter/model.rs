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
pub use super::solve::{Budget, Solution};
use super::{MARGIN, Settings, Style, group_frames};
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
    /// Loudness of three seconds that is exceeded in a twentieth of the time; integrated loudness where nothing lasts so long.
    pub short_term_lufs: f64,
}

/// Share of the time in which [`Prediction::short_term_lufs`] is not exceeded (mastering reference 5.12: STL95).
pub const SHORT_TERM_PERCENTILE: f64 = 0.95;

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
    detector: Detector,
    lows: Vec<LowLevel>,
    filters: Vec<KFilter<2>>,
    material: Material,
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
            detector: Detector::new(),
            lows: vec![LowLevel::default(); channels],
            filters: (0..channels.div_ceil(2)).map(|_| KFilter::new(sample_rate_hz)).collect(),
            material: Material::new(channels, hop as f64 / sample_rate_hz),
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
        let (mut levels, mut lows) = ([0.0; PARTS], [0.0; PARTS]);
        let energies = self.energies(half);
        // A channel below another one need not be known exactly.
        let mut floors = [self.interest; 2];
        for (channel, plane) in self.work.iter().enumerate() {
            self.lines[channel].push(self.hop).copy_from_slice(plane);
            let x = self.lines[channel].tail(self.hop + 2 * NEAR, self.hop + 2 * NEAR);
            let mut nodes = [0.0; NODES];
            self.detector.levels(x, self.hop / NODES, &mut floors, &mut nodes);
            for part in 0..PARTS {
                let audio = &plane[part * half..(part + 1) * half];
                let (first, end) = (part * NODES / PARTS, (part + 1) * NODES / PARTS);
                levels[part] = f64::max(levels[part], peak(&nodes[first..end]));
                lows[part] = f64::max(lows[part], self.lows[channel].level(audio, self.low_blend));
            }
        }
        for part in 0..PARTS {
            self.model.levels.push(levels[part] as f32);
            self.model.lows.push(lows[part] as f32);
            self.model.energies.push(energies[part] as f32);
        }
    }

    /// Weighted energy of each part of the hop; two channels at a time for the sake of speed.
    fn energies(&mut self, half: usize) -> [f64; PARTS] {
        let mut energies = [0.0; PARTS];
        let pairs = self.work.chunks(2).zip(self.weights.chunks(2));
        for (filter, (planes, weights)) in self.filters.iter_mut().zip(pairs) {
            let (Some(first), Some(second)) = (planes.first(), planes.last()) else { continue };
            for (part, energy) in energies.iter_mut().enumerate() {
                let audio = part * half..(part + 1) * half;
                let mut both = [0.0; 2];
                filter.energy([&first[audio.clone()], &second[audio]], &mut both);
                // An odd channel is its own partner and counts once.
                *energy += both.iter().zip(weights).map(|(own, weight)| own * weight).sum::<f64>();
            }
            filter.flush();
        }
        energies
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
            Path::run_both(&mut self.fast, &mut self.long, &needs, [&mut fast, &mut long]);
            for i in 0..NODES {
                let reduction =
                    fast[i] + (long[i] - fast[i]) * shares((at + i).min(groups.saturating_sub(1)));
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

/// Power of a sine that is clipped at `kept` of its peak, over the power of the sine:
/// (2/π)·(asin k - k·√(1-k²)) + 2k²·(1 - (2/π)·asin k).
fn clipped_power(kept: f64) -> f64 {
    let angle = math::asin(kept.clamp(0.0, 1.0)) / math::FRAC_PI_2;
    let chord = kept * f64::max(1.0 - kept * kept, 0.0).sqrt() / math::FRAC_PI_2;
    angle - chord + 2.0 * kept * kept * (1.0 - angle)
}

impl Model {
    /// Length of the programme.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        (self.levels.len() * self.group) as f64 / self.sample_rate_hz
    }

    /// Loudness without limiter and without drive.
    #[must_use]
    pub fn loudness_lufs(&self) -> f64 {
        self.gated_lufs(&self.hop_energies(|_| 1.0))
    }

    /// What a drive of `gain_db` (in place of the settings') through the limiter would do.
    #[must_use]
    pub fn loudness_at(&self, gain_db: f64, settings: &Settings) -> Prediction {
        let groups = self.levels.len();
        let gain = db_to_gain(gain_db);
        let ceiling = db_to_gain(settings.ceiling_dbtp) * MARGIN;
        // A clip bends peaks from 0.85 of its top on.
        let untouched = if settings.clip { 0.85 * ceiling } else { ceiling };
        if f64::from(self.highest()) * gain <= untouched {
            // The gain is all there is.
            return self.predict(gain, ceiling, &[]);
        }
        let share = |group: usize| settings.share(self.share_of(group));
        // Level after the clip, later after the slow stage; and the gain on the energy so far.
        let mut levels: Vec<f32> = self.levels.clone();
        let mut gains: Vec<f32> = vec![gain as f32; groups];
        self.clip(gain, ceiling, settings, &mut levels, &mut gains);
        if settings.low_stage {
            let clipped = levels.clone();
            let mut low = self.stage(low_stage::timings(), Settings::low_nodes);
            let need = |group: usize| {
                // The lows of what is clipped are no higher than the clip.
                let level = f64::min(f64::from(self.lows[group]) * gain, f64::from(clipped[group]));
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

    /// The highest peak there is.
    fn highest(&self) -> f32 {
        self.levels.iter().copied().fold(0.0, f32::max)
    }

    fn share_of(&self, group: usize) -> f64 {
        self.shares.get(group / PARTS).map_or(0.0, |share| f64::from(*share) / 255.0)
    }

    fn stage(&self, timings: super::lanes::Timings, nodes: impl Fn(f64) -> super::release::Nodes) -> Stage {
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
            let sparse = density.push(above / PARTS as f64);
            let sparse = if settings.style == Style::Punchy { 1.0 } else { sparse };
            let share = settings.share(self.share_of(hop * PARTS));
            let weight = if settings.clip { (1.0 - share) * sparse } else { 0.0 };
            for (level, energy) in levels.iter_mut().zip(gains) {
                let driven = f64::from(*level) * gain;
                let clipped = driven + curve.change(driven) * weight;
                *level = clipped as f32;
                if clipped < driven {
                    let kept = clipped / driven;
                    *energy *= clipped_power(kept).sqrt() as f32;
                }
            }
        }
    }

    /// From the gain of every group; of those without one it is `gain`.
    fn predict(&self, gain: f64, ceiling: f64, gains: &[f32]) -> Prediction {
        let highest = f64::from(self.highest());
        let reductions = Reductions::of(gains, gain);
        let groups = self.levels.len().max(1) as f64;
        let hops = self.hop_energies(|group| gains.get(group).map_or(gain, |own| f64::from(*own)));
        let integrated_lufs = self.gated_lufs(&hops);
        let peak_dbtp = math::gain_to_db(f64::min(highest * gain, ceiling));
        Prediction {
            integrated_lufs,
            max_reduction_db: reductions.largest_db,
            average_reduction_db: reductions.sum_db / groups,
            limited_share: reductions.limited as f64 / groups,
            plr_db: peak_dbtp - integrated_lufs,
            short_term_lufs: self.short_term_lufs(&hops).unwrap_or(integrated_lufs),
        }
    }

    /// The percentile of three seconds' loudness, of those above the absolute gate; from energies of 100 ms each.
    fn short_term_lufs(&self, hops: &[f64]) -> Option<f64> {
        let (frames, gate) = (3.0 * self.sample_rate_hz, math::db_to_power(-70.0 + 0.691));
        let powers = hops.windows(30).map(|hops| hops.iter().sum::<f64>() / frames);
        let mut heard: Vec<f64> = powers.filter(|power| *power > gate).collect();
        heard.sort_by(f64::total_cmp);
        let top = heard.len().checked_sub(1)?;
        heard.get((SHORT_TERM_PERCENTILE * top as f64).round() as usize).map(|power| lufs_of_power(*power))
    }

    /// Integrated loudness (BS.1770-5, annex 1) of energies of 100 ms each.
    fn gated_lufs(&self, hops: &[f64]) -> f64 {
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
}

/// What the gains of all groups come to.
struct Reductions {
    largest_db: f64,
    sum_db: f64,
    /// Groups with more than 0.1 dB.
    limited: usize,
}

impl Reductions {
    /// Of gains that are `gain` where nothing is reduced. A logarithm of a product in place of many: this is asked for often.
    fn of(gains: &[f32], gain: f64) -> Self {
        let (clearly, many) = (db_to_gain(-0.1), 16);
        let (mut least, mut product_db, mut limited) = (1.0_f64, 0.0, 0_usize);
        for some in gains.chunks(many) {
            let mut product = 1.0;
            for factor in some {
                let ratio = f64::from(*factor) / gain;
                if ratio < 0.999_999 {
                    least = least.min(ratio);
                    // -180 dB: no product of sixteen falls out of the range of numbers.
                    product *= ratio.max(1e-9);
                    limited += usize::from(ratio < clearly);
                }
            }
            if product < 1.0 {
                product_db += math::gain_to_db(product);
            }
        }
        let largest_db = if least < 1.0 { -math::gain_to_db(least) } else { 0.0 };
        Self { largest_db, sum_db: -product_db, limited }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::block::Buffer;
    use crate::limiter::Limiter;
    use testkit::signals::{noise, sine};

    const RATE: f64 = 44_100.0;

    /// Chords that swell under blows, 8 seconds, peak 0.8.
    pub(in crate::limiter) fn music() -> Buffer {
        let frames = (8.0 * RATE) as usize;
        let low = sine(82.0, 0.25, 0.0, 8.0, RATE);
        let high = sine(660.0, 0.15, 1.0, 8.0, RATE);
        let hiss = noise(0.02, 3, frames);
        let drum = sine(190.0, 0.5, 0.0, 8.0, RATE);
        let rattle = sine(2900.0, 0.2, 0.0, 8.0, RATE);
        let left: Vec<f64> = (0..frames)
            .map(|n| {
                let t = n as f64 / RATE;
                let blow = math::exp(-(t % 0.4) / 0.03);
                let swell = 0.6 + 0.4 * math::sin(math::TAU * 0.3 * t);
                swell * (low[n] + high[n]) + hiss[n] + blow * (drum[n] + rattle[n])
            })
            .collect();
        let right: Vec<f64> = left.iter().zip(&high).map(|(x, y)| 0.8 * x + 0.2 * y).collect();
        Buffer::from_planes(&[left, right])
    }

    #[test]
    fn reductions_are_those_of_every_group() {
        let db = [0.0, -0.05, -3.0, -0.2, -20.0, -0.000_001];
        let gains: Vec<f32> = (0..1000).map(|n| (2.0 * db_to_gain(db[n % 6])) as f32).collect();
        let got = Reductions::of(&gains, 2.0);
        let (mut sum_db, mut limited) = (0.0, 0);
        for n in 0..1000 {
            sum_db -= if n % 6 == 5 { 0.0 } else { db[n % 6] };
            limited += usize::from(db[n % 6] < -0.1);
        }
        assert!((got.sum_db - sum_db).abs() < 1e-3, "{} {sum_db}", got.sum_db);
        assert!((got.largest_db - 20.0).abs() < 1e-5, "{}", got.largest_db);
        assert_eq!(got.limited, limited);
        let shut = Reductions::of(&[0.0; 40], 1.0);
        assert!(shut.sum_db.is_finite() && shut.limited == 40 && Reductions::of(&[], 1.0).largest_db == 0.0);
    }

    pub(in crate::limiter) fn collect(audio: &Buffer, settings: &Settings) -> Model {
        let mut collector = Collector::new(RATE, &[1.0, 1.0], settings, 18.0);
        collector.push(audio.view());
        collector.finish()
    }

    pub(in crate::limiter) fn rendered_lufs(audio: &Buffer, settings: Settings) -> f64 {
        let mut limiter = Limiter::new(settings, 2, RATE);
        let latency = limiter.latency_frames();
        let mut out = Buffer::new(2, audio.frames() + latency);
        for channel in 0..2 {
            out.channel_mut(channel)[..audio.frames()].copy_from_slice(audio.channel(channel));
        }
        limiter.process(&mut out.block());
        let mut meter = ebur128::EbuR128::new(2, RATE as u32, ebur128::Mode::I).unwrap();
        let planes = [&out.channel(0)[latency..], &out.channel(1)[latency..]];
        meter.add_frames_planar_f64(&planes).unwrap();
        meter.loudness_global().unwrap()
    }

    #[test]
    fn a_prediction_is_the_loudness_of_the_render() {
        let audio = music();
        for style in [Style::Adaptive, Style::Transparent, Style::Punchy] {
            for gain_db in [-3.0, 3.0, 6.0, 10.0] {
                let settings = Settings { style, gain_db, ..Settings::default() };
                let predicted = collect(&audio, &settings).loudness_at(gain_db, &settings);
                let real = rendered_lufs(&audio, settings);
                println!(
                    "{style:?} {gain_db} dB: {real:.3} LUFS, predicted {:.3}",
                    predicted.integrated_lufs
                );
                assert!(
                    (predicted.integrated_lufs - real).abs() < 0.1,
                    "{style:?} {gain_db}: {predicted:?}, {real}"
                );
            }
        }
    }

    #[test]
    fn blocks_make_no_difference_and_silence_has_no_loudness() {
        let (audio, settings) = (music(), Settings::default());
        let mut collector = Collector::new(RATE, &[1.0, 1.0], &settings, 18.0);
        for start in (0..audio.frames()).step_by(777) {
            collector.push(audio.view().slice(start, 777));
        }
        assert_eq!(collector.finish(), collect(&audio, &settings));
        let silence = collect(&Buffer::new(2, 50_000), &settings);
        assert_eq!(silence.loudness_lufs(), f64::NEG_INFINITY);
        assert!(!silence.solve(-14.0, &settings, &Budget::default()).feasible);
        assert_eq!(collect(&Buffer::new(2, 0), &settings).loudness_at(3.0, &settings).max_reduction_db, 0.0);
    }
}
