//! Correlation and mid/side balance.

use super::{Grid, finite};
use crate::block::View;
use crate::math;

/// Energies of the two channels, of their difference and of their sum.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Energies {
    left: f64,
    right: f64,
    difference: f64,
    sum: f64,
}

impl Energies {
    fn add(&mut self, other: &Self) {
        self.left += other.left;
        self.right += other.right;
        self.difference += other.difference;
        self.sum += other.sum;
    }

    /// Correlation in -1..=1; `None` when a channel is silent.
    fn correlation(&self) -> Option<f64> {
        let scale = (self.left * self.right).sqrt();
        // sum - difference = 4 left·right; both are exact where a channel repeats or inverts the other.
        let correlation = 0.25 * (self.sum - self.difference) / scale;
        (scale > 0.0 && correlation.is_finite()).then(|| correlation.clamp(-1.0, 1.0))
    }
}

/// Hops a second: the windows below are made of them.
const HOPS_PER_SECOND: f64 = 10.0;
/// Window of the minimum: 3 s, as of short-term loudness.
const LONG_HOPS: usize = 30;
/// Window in which time counts as negative: 400 ms, the ballistics of common correlation meters and of momentary
/// loudness.
const SHORT_HOPS: usize = 4;
/// Windows softer than this in the louder channel do not count: -70 dB, the absolute gate of BS.1770-5.
const GATE_POWER: f64 = 1e-7;
/// Lanes that sum side by side; frame n goes to lane n modulo this, whatever the blocks are.
const LANES: usize = 4;

/// Correlation and balance of a pair of channels. 32 bytes of memory per 100 ms.
#[derive(Debug, Clone)]
pub struct StereoMeter {
    grid: Grid,
    lanes: [Energies; LANES],
    frames: usize,
    hops: Vec<Energies>,
    /// Hops that are remembered at most.
    most_hops: usize,
    sample_rate_hz: f64,
}

/// What a [`StereoMeter`] read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stereo {
    /// Correlation of the whole, -1 to 1; `None` when a channel is silent.
    pub correlation: Option<f64>,
    /// Smallest correlation in any 3 s (the whole, if shorter); `None` when no such stretch has sound in both channels.
    pub min_correlation: Option<f64>,
    /// Part of the time, 0 to 1, in which the correlation over 400 ms is negative. Silence does not count as time.
    pub negative_part: f64,
    /// Level of the side signal over that of the mid signal, in decibels; `-inf` for mono, `None` for silence.
    pub side_to_mid_db: Option<f64>,
    /// Level of the left channel over that of the right one, in decibels; `None` for silence.
    pub left_to_right_db: Option<f64>,
}

impl StereoMeter {
    /// A meter for the first two channels of what it is fed.
    #[must_use]
    pub fn new(sample_rate_hz: f64) -> Self {
        Self {
            grid: Grid::new(sample_rate_hz, HOPS_PER_SECOND),
            lanes: [Energies::default(); LANES],
            frames: 0,
            hops: Vec::new(),
            most_hops: usize::MAX,
            sample_rate_hz,
        }
    }

    /// A meter that never allocates again: it hears the first so many hours. 1.2 MB an hour.
    #[must_use]
    pub fn with_limit(sample_rate_hz: f64, hours: usize) -> Self {
        let mut meter = Self::new(sample_rate_hz);
        meter.most_hops = hours.saturating_mul(3600 * HOPS_PER_SECOND as usize);
        // The last one is for what is open at the end.
        meter.hops.reserve_exact(meter.most_hops.saturating_add(1));
        meter
    }

    /// Forgets what was heard; allocates nothing.
    pub fn reset(&mut self) {
        self.grid = Grid::new(self.sample_rate_hz, HOPS_PER_SECOND);
        self.lanes = [Energies::default(); LANES];
        self.frames = 0;
        self.hops.clear();
    }

    /// Listens to a block of at least two channels; blocks with fewer are not heard.
    pub fn process(&mut self, block: View<'_>) {
        if block.channels() < 2 {
            return;
        }
        let mut start = 0;
        while start < block.frames() {
            let (frames, done) = self.grid.take(block.frames() - start);
            let part = block.slice(start, frames);
            self.add(part.channel(0), part.channel(1));
            start += frames;
            if done {
                self.close_hop();
            }
        }
    }

    fn add(&mut self, left: &[f64], right: &[f64]) {
        let odd = (LANES - self.frames % LANES) % LANES;
        let odd = odd.min(left.len());
        self.frames += left.len();
        let first = self.frames - left.len();
        for (n, (l, r)) in left[..odd].iter().zip(&right[..odd]).enumerate() {
            accumulate(&mut self.lanes[(first + n) % LANES], *l, *r);
        }
        let (lefts, left_rest) = left[odd..].as_chunks::<LANES>();
        let (rights, right_rest) = right[odd..].as_chunks::<LANES>();
        let mut planes = transposed(&self.lanes);
        for (l, r) in lefts.iter().zip(rights) {
            accumulate_all(&mut planes, l, r);
        }
        self.lanes = core::array::from_fn(|lane| Energies {
            left: planes[0][lane],
            right: planes[1][lane],
            difference: planes[2][lane],
            sum: planes[3][lane],
        });
        for (lane, (l, r)) in left_rest.iter().zip(right_rest).enumerate() {
            accumulate(&mut self.lanes[lane], *l, *r);
        }
    }

    fn close_hop(&mut self) {
        let mut hop = Energies::default();
        self.lanes.iter().for_each(|lane| hop.add(lane));
        self.lanes = [Energies::default(); LANES];
        self.frames = 0;
        if self.hops.len() < self.most_hops {
            self.hops.push(hop);
        }
    }

    /// What was heard.
    #[must_use]
    pub fn finish(mut self) -> Stereo {
        if self.frames > 0 {
            self.close_hop();
        }
        let mut all = Energies::default();
        self.hops.iter().for_each(|hop| all.add(hop));
        let heard = all.left + all.right > 0.0;
        Stereo {
            correlation: all.correlation(),
            min_correlation: self.windows(LONG_HOPS).filter_map(|w| w.correlation()).reduce(f64::min),
            negative_part: self.negative_part(),
            side_to_mid_db: heard.then(|| math::power_to_db(all.difference / all.sum)),
            left_to_right_db: heard.then(|| math::power_to_db(all.left / all.right)),
        }
    }

    /// Sums over `hops` hops at every hop, soft ones left out.
    fn windows(&self, hops: usize) -> impl Iterator<Item = Energies> + '_ {
        let hops = hops.min(self.hops.len()).max(1);
        let gate = GATE_POWER * hops as f64 * self.grid.edge(1) as f64;
        self.hops.windows(hops).filter_map(move |window| {
            let mut sum = Energies::default();
            window.iter().for_each(|hop| sum.add(hop));
            (sum.left.max(sum.right) > gate).then_some(sum)
        })
    }

    fn negative_part(&self) -> f64 {
        let (mut negative, mut all) = (0_u64, 0_u64);
        for window in self.windows(SHORT_HOPS) {
            all += 1;
            negative += u64::from(window.correlation().is_some_and(|correlation| correlation < 0.0));
        }
        negative as f64 / all.max(1) as f64
    }
}

fn transposed(lanes: &[Energies; LANES]) -> [[f64; LANES]; 4] {
    [lanes.map(|e| e.left), lanes.map(|e| e.right), lanes.map(|e| e.difference), lanes.map(|e| e.sum)]
}

#[inline(always)]
fn accumulate_all(planes: &mut [[f64; LANES]; 4], left: &[f64; LANES], right: &[f64; LANES]) {
    for lane in 0..LANES {
        let (l, r) = (finite(left[lane]), finite(right[lane]));
        planes[0][lane] += l * l;
        planes[1][lane] += r * r;
        planes[2][lane] += (l - r) * (l - r);
        planes[3][lane] += (l + r) * (l + r);
    }
}

fn accumulate(lane: &mut Energies, left: f64, right: f64) {
    let (l, r) = (finite(left), finite(right));
    lane.left += l * l;
    lane.right += r * r;
    lane.difference += (l - r) * (l - r);
    lane.sum += (l + r) * (l + r);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Buffer;
    use testkit::signals::{noise, sine};

    const RATE: f64 = 48_000.0;

    fn measured(left: Vec<f64>, right: Vec<f64>) -> Stereo {
        let mut meter = StereoMeter::new(RATE);
        meter.process(Buffer::from_planes(&[left, right]).view());
        meter.finish()
    }

    #[test]
    fn the_same_on_both_sides_is_one_and_inverted_is_minus_one() {
        let signal = noise(0.5, 1, 200_000);
        let same = measured(signal.clone(), signal.clone());
        assert!((same.correlation.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(same.side_to_mid_db, Some(f64::NEG_INFINITY));
        assert_eq!((same.left_to_right_db, same.negative_part), (Some(0.0), 0.0));
        let inverted = measured(signal.clone(), signal.iter().map(|x| -x).collect());
        assert!((inverted.correlation.unwrap() + 1.0).abs() < 1e-12);
        assert_eq!((inverted.side_to_mid_db, inverted.negative_part), (Some(f64::INFINITY), 1.0));
    }

    #[test]
    fn a_phase_between_two_tones_reads_as_its_cosine() {
        for degrees in [30.0_f64, 60.0, 90.0, 135.0] {
            let phase = degrees.to_radians_for_test();
            let found = measured(sine(1000.0, 0.5, 0.0, 1.0, RATE), sine(1000.0, 0.25, phase, 1.0, RATE));
            assert!((found.correlation.unwrap() - math::cos(phase)).abs() < 1e-9, "{degrees}: {found:?}");
            assert!((found.left_to_right_db.unwrap() - 6.0206).abs() < 1e-4);
        }
    }

    trait Radians {
        fn to_radians_for_test(self) -> f64;
    }

    impl Radians for f64 {
        fn to_radians_for_test(self) -> f64 {
            self / 180.0 * math::PI
        }
    }

    #[test]
    fn side_and_mid_are_worked_out_by_hand() {
        // Mid 0.4, side 0.1 of one wave: -12.04 dB.
        let wave = noise(1.0, 2, 48_000);
        let found = measured(wave.iter().map(|x| 0.5 * x).collect(), wave.iter().map(|x| 0.3 * x).collect());
        assert!((found.side_to_mid_db.unwrap() + 12.041).abs() < 0.001, "{found:?}");
    }

    #[test]
    fn a_short_inverted_stretch_shows_in_the_minimum_and_in_its_part_of_time() {
        let left = noise(0.5, 3, 480_000);
        let flip = |n: usize| if (144_000..288_000).contains(&n) { -1.0 } else { 1.0 };
        let found = measured(left.clone(), left.iter().enumerate().map(|(n, x)| flip(n) * x).collect());
        assert!((found.min_correlation.unwrap() + 1.0).abs() < 1e-9, "{found:?}");
        assert!((found.negative_part - 0.3).abs() < 0.03, "{found:?}");
        assert!((found.correlation.unwrap() - 0.4).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn silence_on_a_side_has_no_correlation() {
        let found = measured(noise(0.5, 4, 48_000), vec![0.0; 48_000]);
        assert_eq!((found.correlation, found.min_correlation), (None, None));
        assert_eq!(found.left_to_right_db, Some(f64::INFINITY));
        let silent = measured(vec![0.0; 1000], vec![0.0; 1000]);
        assert_eq!((silent.side_to_mid_db, silent.left_to_right_db, silent.negative_part), (None, None, 0.0));
    }

    #[test]
    fn block_size_changes_no_bit_and_bad_samples_are_silence() {
        let (mut left, right) = (noise(0.5, 5, 50_000), noise(0.4, 6, 50_000));
        left[7] = f64::NAN;
        left[8] = f64::INFINITY;
        let whole = measured(left.clone(), right.clone());
        assert!(whole.correlation.unwrap().is_finite());
        let buffer = Buffer::from_planes(&[left, right]);
        for size in [1, 3, 1023] {
            let mut meter = StereoMeter::new(RATE);
            for start in (0..buffer.frames()).step_by(size) {
                meter.process(buffer.view().slice(start, size));
            }
            assert_eq!(meter.finish(), whole);
        }
    }

    #[test]
    fn the_smallest_correlation_is_that_of_three_seconds() {
        // A second the other way round in steady noise: (2 - 1) / 3 over the 3 s around it.
        let left = noise(0.5, 3, 480_000);
        let flip = |n: usize| if (192_000..240_000).contains(&n) { -1.0 } else { 1.0 };
        let found = measured(left.clone(), left.iter().enumerate().map(|(n, x)| flip(n) * x).collect());
        assert!((found.min_correlation.unwrap() - 1.0 / 3.0).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn only_below_zero_is_negative_and_only_below_the_gate_is_silence() {
        // A correlation of 0.31 is not negative.
        let apart = measured(sine(1000.0, 0.5, 0.0, 2.0, RATE), sine(1000.0, 0.5, 1.25, 2.0, RATE));
        assert_eq!(apart.negative_part, 0.0);
        // Half of the time the other way round, in sound of -60 dB (heard) or of -75 dB (not).
        for (level, part) in [(1e-3, 0.5), (1.8e-4, 0.0)] {
            let left: Vec<f64> = noise(level * 3.0_f64.sqrt(), 5, 480_000)
                .iter()
                .enumerate()
                .map(|(n, x)| if n < 240_000 { 1e3 * x } else { *x })
                .collect();
            let right = left.iter().enumerate().map(|(n, x)| if n < 240_000 { *x } else { -x }).collect();
            let found = measured(left, right);
            assert!((found.negative_part - part).abs() < 0.03, "{level}: {found:?}");
        }
    }
}
