//! A curve as few filters of an equaliser: no long impulse response, no ringing, and a text that a person can edit.
//!
//! Greedy pursuit: the filter that takes most of what is left is added, then all are moved together until no step of any of
//! their numbers helps. The filters are analogue prototypes, to which the equaliser keeps within 0.1 dB at every rate.

use super::grid::{self, Curve, POINTS};
use super::wanted::Wanted;
use dsp::eq_design::{Analogue, Curve as Kind};
use dsp::math;

/// Every second point is enough for filters this broad.
const STEP: usize = 2;
/// Points that are looked at.
const LOOKED: usize = POINTS.div_ceil(STEP);
/// Bells are no narrower than a third of an octave (Q 4.3) less some reserve, and shelves do not overshoot.
const BELL_Q: [f64; 2] = [0.35, 4.0];
const SHELF_Q: [f64; 2] = [0.4, 0.8];
/// Where filters may stand.
const FREQ_HZ: [f64; 2] = [25.0, 18_000.0];
/// Enough is enough: root mean square of what is left, dB. By our own convention, not yet calibrated: a tenth of what is heard.
const GOOD_DB: f64 = 0.1;
/// A further filter must take at least this part of what is left. By our own convention, not yet calibrated.
const WORTH: f64 = 0.01;
/// Gains cost this much, so that two filters never work against each other. By our own convention, not yet calibrated.
const COST: f64 = 2e-3;

/// A filter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Filter {
    /// Bell or shelf.
    pub(super) kind: Kind,
    /// Centre or corner.
    pub(super) freq_hz: f64,
    /// Gain.
    pub(super) gain_db: f64,
    /// Quality.
    pub(super) q: f64,
}

impl Filter {
    /// Gain at a frequency.
    pub(super) fn response_db(&self, frequency_hz: f64) -> f64 {
        Analogue::new(self.kind, self.freq_hz, self.gain_db, self.q).magnitude_db(frequency_hz)
    }

    fn q_range(&self) -> [f64; 2] {
        if self.kind == Kind::Bell { BELL_Q } else { SHELF_Q }
    }

    fn response(&self, hz: &[f64; LOOKED]) -> [f64; LOOKED] {
        let analogue = Analogue::new(self.kind, self.freq_hz, self.gain_db, self.q);
        hz.map(|hz| analogue.magnitude_db(hz))
    }

    /// The same with another number: gain, frequency, quality.
    fn moved(mut self, number: usize, step: f64, most_db: f64) -> Self {
        match number {
            0 => self.gain_db = (self.gain_db + step).clamp(-most_db, most_db),
            1 => self.freq_hz = (self.freq_hz * math::exp2(0.4 * step)).clamp(FREQ_HZ[0], FREQ_HZ[1]),
            _ => {
                let [least, most] = self.q_range();
                self.q = (self.q * math::exp2(0.5 * step)).clamp(least, most);
            }
        }
        self
    }
}

/// What is to be met, and what stands already.
struct Fit {
    hz: [f64; LOOKED],
    wanted: [f64; LOOKED],
    weight: [f64; LOOKED],
    /// Sum of the weights.
    total: f64,
    most_db: f64,
    filters: Vec<(Filter, [f64; LOOKED])>,
}

/// The filters of the whole set at every point of the grid.
pub(super) fn response(filters: &[Filter]) -> Curve {
    std::array::from_fn(|point| filters.iter().map(|f| f.response_db(grid::centre_hz(point))).sum())
}

/// At most `most` filters of at most `most_db` that come nearest to a curve, up to a constant. Lowest first.
pub(super) fn fit(wanted: &Wanted, most: usize, most_db: f64) -> Vec<Filter> {
    let at = |curve: &Curve| std::array::from_fn(|n| curve[(STEP * n).min(POINTS - 1)]);
    let weight: [f64; LOOKED] = at(&wanted.weight);
    let mut fit = Fit {
        hz: std::array::from_fn(|n| grid::centre_hz(STEP * n)),
        wanted: at(&wanted.db),
        weight,
        total: weight.iter().sum(),
        most_db,
        filters: Vec::new(),
    };
    let candidates = fit.candidates();
    while fit.filters.len() < most && fit.rest_db() > GOOD_DB {
        let (before, kept) = (fit.cost(), fit.filters.clone());
        let Some(next) = fit.best(&candidates) else { break };
        fit.filters.push(next);
        fit.refine();
        if fit.cost() > (1.0 - WORTH) * before {
            fit.filters = kept;
            break;
        }
    }
    let mut filters: Vec<Filter> = fit.filters.into_iter().map(|(filter, _)| filter).collect();
    filters.sort_by(|a, b| a.freq_hz.total_cmp(&b.freq_hz));
    filters
}

impl Fit {
    /// What is left, less its mean: the level is not the equaliser's business.
    fn rest(&self) -> [f64; LOOKED] {
        let mut rest = self.wanted;
        for (_, response) in &self.filters {
            rest.iter_mut().zip(response).for_each(|(rest, has)| *rest -= has);
        }
        self.centred(rest)
    }

    fn centred(&self, mut curve: [f64; LOOKED]) -> [f64; LOOKED] {
        let mean = self.dot(&curve, &[1.0; LOOKED]) / self.total;
        curve.iter_mut().for_each(|value| *value -= mean);
        curve
    }

    fn dot(&self, a: &[f64; LOOKED], b: &[f64; LOOKED]) -> f64 {
        a.iter().zip(b).zip(&self.weight).map(|((a, b), weight)| a * b * weight).sum()
    }

    fn rest_db(&self) -> f64 {
        let rest = self.rest();
        f64::sqrt(self.dot(&rest, &rest) / self.total)
    }

    fn cost(&self) -> f64 {
        let rest = self.rest();
        let gains: f64 = self.filters.iter().map(|(filter, _)| filter.gain_db * filter.gain_db).sum();
        self.dot(&rest, &rest) / self.total + COST * gains
    }

    /// Filters to begin with, with their centred responses.
    fn candidates(&self) -> Vec<(Filter, [f64; LOOKED])> {
        // Third octaves; a gain in the middle of what is allowed.
        let steps = (math::log2(FREQ_HZ[1] / FREQ_HZ[0]) * 3.0).floor() as usize;
        let shapes = [
            (Kind::LowShelf, 0.5),
            (Kind::LowShelf, 0.71),
            (Kind::HighShelf, 0.5),
            (Kind::HighShelf, 0.71),
            (Kind::Bell, 0.5),
            (Kind::Bell, 0.8),
            (Kind::Bell, 1.3),
            (Kind::Bell, 2.2),
            (Kind::Bell, 3.5),
        ];
        let mut all = Vec::new();
        for n in 0..=steps {
            let freq_hz = FREQ_HZ[0] * math::exp2(n as f64 / 3.0);
            for (kind, q) in shapes {
                let filter = Filter { kind, freq_hz, gain_db: 0.5 * self.most_db, q };
                all.push((filter, self.centred(filter.response(&self.hz))));
            }
        }
        all
    }

    /// The candidate that takes most of what is left, with its gain.
    fn best(&self, candidates: &[(Filter, [f64; LOOKED])]) -> Option<(Filter, [f64; LOOKED])> {
        let rest = self.rest();
        let scored = candidates.iter().map(|(filter, response)| {
            let (power, match_) = (self.dot(response, response), self.dot(response, &rest));
            let scale = (match_ / power.max(1e-12)).clamp(-2.0, 2.0);
            (2.0 * scale * match_ - scale * scale * power, scale, filter)
        });
        let (_, scale, filter) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
        let filter = Filter { gain_db: filter.gain_db * scale, ..*filter };
        Some((filter, filter.response(&self.hz)))
    }

    /// Moves every number of every filter by shrinking steps, as long as that helps.
    fn refine(&mut self) {
        let mut step = 1.0;
        let mut best = self.cost();
        while step > 0.02 {
            let before = best;
            for index in 0..self.filters.len() {
                let others = self.without(index);
                for number in 0..3 {
                    for sign in [1.0, -1.0] {
                        best = self.try_step(index, &others, number, sign * step, best);
                    }
                }
            }
            // By our own convention, not yet calibrated: smaller steps when a round gained less than a fiftieth.
            if best > 0.98 * before {
                step *= 0.5;
            }
        }
    }

    /// What all others leave of the curve, and what their gains cost.
    fn without(&self, index: usize) -> ([f64; LOOKED], f64) {
        let (mut rest, mut gains) = (self.wanted, 0.0);
        for (filter, response) in
            self.filters.iter().enumerate().filter(|(n, _)| *n != index).map(|(_, filter)| filter)
        {
            rest.iter_mut().zip(response).for_each(|(rest, has)| *rest -= has);
            gains += filter.gain_db * filter.gain_db;
        }
        (rest, gains)
    }

    fn try_step(
        &mut self,
        index: usize,
        (rest, gains): &([f64; LOOKED], f64),
        number: usize,
        step: f64,
        best: f64,
    ) -> f64 {
        let filter = self.filters[index].0.moved(number, step, self.most_db);
        let response = filter.response(&self.hz);
        let rest = self.centred(std::array::from_fn(|n| rest[n] - response[n]));
        let gains = gains + filter.gain_db * filter.gain_db;
        let cost = self.dot(&rest, &rest) / self.total + COST * gains;
        if cost >= best {
            return best;
        }
        self.filters[index] = (filter, response);
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(db: impl Fn(f64) -> f64) -> Wanted {
        let db = std::array::from_fn(|point| db(grid::centre_hz(point)));
        Wanted { db, weight: [1.0; POINTS], distance: db, distance_db: 0.0, largest: (0.0, 0.0), held: 0 }
    }

    /// Largest distance of the fit from the curve, a constant taken out.
    fn off(wanted: &Wanted, filters: &[Filter]) -> f64 {
        let got = response(filters);
        let rest: Vec<f64> = (0..POINTS).map(|point| wanted.db[point] - got[point]).collect();
        let mean = rest.iter().sum::<f64>() / POINTS as f64;
        rest.iter().map(|rest| (rest - mean).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn nothing_wanted_is_no_filter_and_neither_is_a_constant() {
        assert!(fit(&wanted(|_| 0.0), 8, 6.0).is_empty());
        assert!(fit(&wanted(|_| 4.0), 8, 6.0).is_empty());
    }

    #[test]
    fn a_step_is_judged_by_the_cost_of_the_whole_set() {
        let curve = wanted(|hz| 3.0 * math::sin(math::log2(hz / 1000.0)));
        let mut fit = Fit {
            hz: std::array::from_fn(|n| grid::centre_hz(STEP * n)),
            wanted: std::array::from_fn(|n| curve.db[(STEP * n).min(POINTS - 1)]),
            weight: [1.0; LOOKED],
            total: LOOKED as f64,
            most_db: 6.0,
            filters: Vec::new(),
        };
        for freq_hz in [100.0, 1000.0] {
            let filter = Filter { kind: Kind::Bell, freq_hz, gain_db: 2.0, q: 1.0 };
            fit.filters.push((filter, filter.response(&fit.hz)));
        }
        let others = fit.without(1);
        let cost = fit.try_step(1, &others, 0, 0.5, f64::INFINITY);
        assert!((cost - fit.cost()).abs() < 1e-12, "{cost} {}", fit.cost());
    }

    #[test]
    fn one_bell_is_found_as_one_bell() {
        let bell = Filter { kind: Kind::Bell, freq_hz: 640.0, gain_db: -4.0, q: 1.1 };
        let curve = wanted(|hz| bell.response_db(hz));
        let filters = fit(&curve, 8, 6.0);
        assert!(off(&curve, &filters) < 0.2, "{filters:?}");
        assert!(filters.len() <= 3, "{filters:?}");
    }

    #[test]
    fn smooth_curves_are_met_within_a_quarter_of_a_decibel() {
        // A tilt, and a sine over the octaves: no filter has these shapes.
        let tilt = wanted(|hz| 1.0 * math::log2(hz / 1000.0));
        assert!(off(&tilt, &fit(&tilt, 8, 6.0)) < 0.5);
        let wave = wanted(|hz| 3.0 * math::sin(math::PI * math::log2(hz / 1000.0) / 2.0));
        assert!(off(&wave, &fit(&wave, 8, 6.0)) < 0.6, "{}", off(&wave, &fit(&wave, 8, 6.0)));
    }

    #[test]
    fn no_filter_is_beyond_what_is_allowed_however_wild_the_curve() {
        let wild = wanted(|hz| if (500.0..1000.0).contains(&hz) { 6.0 } else { -6.0 });
        let filters = fit(&wild, 8, 6.0);
        assert!(filters.len() <= 8);
        for filter in filters {
            assert!(filter.gain_db.abs() <= 6.0 && (0.35..=4.0).contains(&filter.q), "{filter:?}");
        }
    }
}
