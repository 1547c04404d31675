//! The grid spectra are compared on: twenty-fourths of an octave from 20 Hz to 20 kHz.

use dsp::math;
use dsp::meter::loudness::KWeighting;

/// Points per octave (mastering.md §5.6: a log grid of 24).
pub(super) const PER_OCTAVE: usize = 24;
/// Number of the first point; 0 is 1 kHz. 20.3 Hz.
const FIRST: i32 = -135;
/// Points: the last is 19.6 kHz.
pub(super) const POINTS: usize = 239;
/// Below this the long transform counts: there the short one's bins are wider than a point (mastering.md §5.6).
const LONG_BELOW_HZ: f64 = 120.0;

/// One number per point.
pub(super) type Curve = [f64; POINTS];

/// Middle of a point.
pub(super) fn centre_hz(point: usize) -> f64 {
    1000.0 * math::exp2((FIRST + point as i32) as f64 / PER_OCTAVE as f64)
}

/// Whether the long transform gives this point.
pub(super) fn is_long(point: usize) -> bool {
    centre_hz(point) < LONG_BELOW_HZ
}

/// Points between two frequencies.
pub(super) fn between(low_hz: f64, high_hz: f64) -> impl Iterator<Item = usize> {
    (0..POINTS).filter(move |point| (low_hz..high_hz).contains(&centre_hz(*point)))
}

/// Powers of the ear: BS.1770's weighting at every point.
pub(super) fn k_weights() -> Curve {
    // The analogue curve hardly differs below 20 kHz from that of any rate this high.
    const RATE_HZ: f64 = 192_000.0;
    let weighting = KWeighting::new(RATE_HZ);
    std::array::from_fn(|point| math::db_to_power(weighting.response_db(centre_hz(point), RATE_HZ)))
}

/// Which bins make up each point, and with which shares.
#[derive(Debug)]
pub(super) struct Bins {
    /// First bin, last bin, share of the first, share of the last; in between all count whole.
    points: Vec<Option<(usize, usize, f64, f64)>>,
}

impl Bins {
    /// For `bins` bins of `bin_hz` each; bin k stands for k ± ½.
    pub(super) fn new(bin_hz: f64, bins: usize) -> Self {
        let half = math::exp2(0.5 / PER_OCTAVE as f64);
        let top = bins as f64 - 1.5;
        let point = |point: usize| {
            let centre = centre_hz(point) / bin_hz;
            let (low, high) = (centre / half, centre * half);
            if high > top {
                return None;
            }
            let (first, last) = ((low + 0.5).floor() as usize, (high + 0.5).floor() as usize);
            if first == last {
                return Some((first, last, high - low, 0.0));
            }
            Some((first, last, first as f64 + 0.5 - low, high - last as f64 + 0.5))
        };
        Self { points: (0..POINTS).map(point).collect() }
    }

    /// Power of a point; 0 above half the sample rate.
    pub(super) fn power(&self, point: usize, powers: &[f64]) -> f64 {
        let Some(Some((first, last, head, tail))) = self.points.get(point).copied() else { return 0.0 };
        let at = |bin: usize| powers.get(bin).copied().unwrap_or(0.0);
        if first == last {
            return head * at(first);
        }
        let middle: f64 = powers.get(first + 1..last).map_or(0.0, |inner| inner.iter().sum());
        head * at(first) + middle + tail * at(last)
    }
}

/// Mean with the weights of a raised cosine whose half-width is `octaves` (its width at half height): no edge anywhere,
/// hence no ripple. Points that are not `valid` do not count; where none does, the value stays.
pub(super) fn smoothed(values: &Curve, valid: &[bool; POINTS], octaves: f64) -> Curve {
    let reach = (octaves * PER_OCTAVE as f64).max(1.0);
    let weights: Vec<f64> = (0..reach.ceil() as usize)
        .map(|distance| 0.5 + 0.5 * math::cos(math::PI * distance as f64 / reach))
        .collect();
    std::array::from_fn(|point| {
        let (mut sum, mut total) = (0.0, 0.0);
        let from = point.saturating_sub(weights.len() - 1);
        for other in from..(point + weights.len()).min(POINTS) {
            if valid[other] {
                let weight = weights[other.abs_diff(point)];
                sum += weight * values[other];
                total += weight;
            }
        }
        if total > 0.0 { sum / total } else { values[point] }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_runs_from_twenty_hertz_to_twenty_kilohertz() {
        assert!((centre_hz(0) - 20.3).abs() < 0.05 && (centre_hz(POINTS - 1) - 19_585.0).abs() < 5.0);
        assert!((centre_hz(135) - 1000.0).abs() < 1e-9);
        assert!(is_long(50) && !is_long(75));
    }

    #[test]
    fn points_share_out_the_power_without_loss() {
        // White: the power of a point is its width over half the rate; neighbours share the bins between them.
        let bins = Bins::new(2.0, 12_001);
        let flat = vec![1.0; 12_001];
        for point in [0, 60, 120, 230] {
            let width = centre_hz(point) * (math::exp2(1.0 / 48.0) - math::exp2(-1.0 / 48.0)) / 2.0;
            assert!((bins.power(point, &flat) - width).abs() < 1e-9 * width, "{point}");
        }
        let half = math::exp2(1.0 / 48.0);
        let all: f64 = (0..POINTS).map(|point| bins.power(point, &flat)).sum();
        assert!((all - (centre_hz(POINTS - 1) * half - centre_hz(0) / half) / 2.0).abs() < 1e-6);
    }

    #[test]
    fn smoothing_keeps_a_constant_and_halves_a_step_in_its_middle() {
        let valid = [true; POINTS];
        assert!(smoothed(&[3.0; POINTS], &valid, 0.33).iter().all(|x| (x - 3.0).abs() < 1e-12));
        let step: Curve = std::array::from_fn(|point| if point < 100 { 0.0 } else { 2.0 });
        let soft = smoothed(&step, &valid, 1.0 / 3.0);
        assert!((soft[99] + soft[100] - 2.0).abs() < 1e-12);
        assert!(soft.windows(2).all(|pair| pair[1] >= pair[0]));
        assert_eq!((soft[90], soft[109]), (0.0, 2.0));
    }

    #[test]
    fn the_ears_weights_are_those_of_bs_1770() {
        // Table of BS.1770 at 1 kHz: about +0.7 dB; 4 dB more at 10 kHz; strongly less at 20 Hz.
        let k = k_weights().map(math::power_to_db);
        assert!((k[135] - 0.7).abs() < 0.1, "{}", k[135]);
        assert!((k[215] - 4.0).abs() < 0.1 && k[0] < -12.0, "{} {}", k[215], k[0]);
    }
}
