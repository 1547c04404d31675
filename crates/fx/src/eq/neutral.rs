//! How much louder a curve makes pink noise.

use super::sections::{contains, part_of, sections};
use super::{Eq, Part};
use dsp::math::{PI, db_to_power, exp, ln, power_to_db, tan};
use dsp::meter::loudness::KWeighting;

/// Points per band of the sum, 48 an octave from 20 Hz to 20 kHz: pink noise has equal power in each.
const POINTS: usize = 479;

/// K-weighted pink noise, as powers at frequencies.
///
/// The gain that keeps its loudness is -10 log10 of Σ K²(f) P(f) / Σ K²(f), with K the weighting of BS.1770 and P the
/// power response of the standing curve to two channels of independent noise: with left, right, middle and side bands
/// P = ½ (|L|² + |R|²) · ½ (|M|² + |S|²).
#[derive(Debug, Clone)]
pub(super) struct PinkNoise {
    t2: [f64; POINTS],
    weight: [f64; POINTS],
}

impl PinkNoise {
    pub(super) fn new(rate: f64) -> Self {
        let k = KWeighting::new(rate);
        // 20 kHz, or as far as the rate goes.
        let top = f64::min(20_000.0, 0.49 * rate);
        let frequency = |i: usize| 20.0 * exp(ln(top / 20.0) * (i as f64 + 0.5) / POINTS as f64);
        let t2 = std::array::from_fn(|i| {
            let t = tan(PI * frequency(i) / rate);
            t * t
        });
        let weight: [f64; POINTS] = std::array::from_fn(|i| db_to_power(k.response_db(frequency(i), rate)));
        let total: f64 = weight.iter().sum();
        Self { t2, weight: weight.map(|w| w / total) }
    }

    /// The gain in decibels that keeps pink noise as loud as it was, held to ±24.
    pub(super) fn neutral_db(&self, settings: &Eq, rate: f64, channels: usize) -> f64 {
        // Powers of left, right, middle and side.
        let mut power = [[1.0; POINTS]; 4];
        let mut curved = false;
        for band in &settings.band {
            let part = part_of(band, channels);
            let used =
                [contains(part, 0), contains(part, 1), part == Part::Mid && channels > 1, part == Part::Side];
            // The plain sections are near enough (0.3 dB at one frequency is nothing to the whole).
            let shapes = sections(band, rate, false);
            for shape in shapes.iter().filter(|shape| !shape.is_identity()) {
                curved = true;
                for (lane, _) in power.iter_mut().zip(used).filter(|(_, used)| *used) {
                    lane.iter_mut().zip(&self.t2).for_each(|(p, t2)| *p *= shape.power_at(*t2));
                }
            }
        }
        if !curved {
            return 0.0;
        }
        let [left, right, mid, side] = &power;
        let total: f64 = (0..POINTS)
            .map(|i| match channels {
                1 => self.weight[i] * left[i],
                _ => self.weight[i] * 0.25 * (left[i] + right[i]) * (mid[i] + side[i]),
            })
            .sum();
        (-power_to_db(total)).clamp(-24.0, 24.0)
    }
}
