//! The largest drive that a budget allows.
//!
//! What a drive does is simulated, and a simulation of a long song takes some hundredths of a second; so two are made at a time
//! where there are threads, on either side of where straight lines between the ends say that the budget is used up.

use super::simulations::Simulations;
use dsp::limiter::Settings;
use dsp::limiter::model::{Budget, Prediction, Solution};

/// How near the answer comes to the most that is allowed, dB.
const NEAR_DB: f64 = 0.02;
/// Where the two drives of a round lie when lines were of no use: at thirds.
const THIRDS: f64 = 1.0 / 3.0;

/// A search on one model.
pub(super) struct Search<'a> {
    pub(super) model: &'a Simulations,
    pub(super) settings: &'a Settings,
    pub(super) budget: &'a Budget,
    /// Two simulations at a time from two threads on; the answer does not depend on it.
    pub(super) threads: usize,
}

/// Whether a budget allows what a drive does.
pub(super) fn allows(budget: &Budget, solution: &Solution) -> bool {
    let Solution { predicted, slope, .. } = solution;
    predicted.max_reduction_db <= 0.0
        || *slope >= budget.min_slope
            && predicted.plr_db >= budget.min_plr_db
            && predicted.average_reduction_db <= budget.max_average_reduction_db
}

impl Search<'_> {
    /// Between `clean`, where nothing is limited, and `most`, which is too much. What another decibel gives costs a simulation
    /// more, falls with the drive and is hardly ever what decides: it is asked for once at the end, and at every step only where
    /// that says no.
    pub(super) fn largest(&self, clean: &Solution, most: &Solution) -> Solution {
        let mut best = self.by_pairs(clean, most);
        if best.slope.is_infinite() {
            best.slope = self.slope(&best);
        }
        if allows(self.budget, &best) { best } else { self.by_halves(clean, most.gain_db) }
    }

    fn at(&self, gain_db: f64) -> Solution {
        Self::solution(gain_db, self.model.loudness_at(gain_db, self.settings))
    }

    fn solution(gain_db: f64, predicted: Prediction) -> Solution {
        let best_lufs = predicted.integrated_lufs;
        Solution { gain_db, predicted, feasible: false, best_lufs, slope: f64::INFINITY }
    }

    /// Gain in loudness per decibel of drive. A step of half a decibel: shorter ones see the grid of the model.
    fn slope(&self, at: &Solution) -> f64 {
        let below = self.model.loudness_at(at.gain_db - 0.5, self.settings).integrated_lufs;
        (at.predicted.integrated_lufs - below) / 0.5
    }

    /// The softer of two drives, and the louder one unless the softer is too much already.
    fn both(&self, gains_db: [f64; 2]) -> (Solution, Option<Solution>) {
        let [soft_db, loud_db] = gains_db;
        if self.threads > 1 {
            let [soft, loud] = self.model.both(gains_db, self.settings, self.threads);
            return (Self::solution(soft_db, soft), Some(Self::solution(loud_db, loud)));
        }
        let soft = self.at(soft_db);
        let loud = allows(self.budget, &soft).then(|| self.at(loud_db));
        (soft, loud)
    }

    fn by_pairs(&self, clean: &Solution, most: &Solution) -> Solution {
        let (mut low, mut high) = (Solution { feasible: false, ..*clean }, *most);
        let mut lines = true;
        while high.gain_db - low.gain_db > NEAR_DB {
            let width_db = high.gain_db - low.gain_db;
            let gains_db = if lines { self.around_the_lines(&low, &high) } else { thirds(&low, &high) };
            let (soft, loud) = self.both(gains_db);
            if allows(self.budget, &soft) {
                low = soft;
                match loud {
                    Some(loud) if allows(self.budget, &loud) => low = loud,
                    Some(loud) => high = loud,
                    None => {}
                }
            } else {
                high = soft;
            }
            // Lines that do not halve the way are curves.
            lines = high.gain_db - low.gain_db <= 0.5 * width_db;
        }
        low
    }

    /// Two drives close around the one at which the first of the limits is met, if everything went in straight lines.
    fn around_the_lines(&self, low: &Solution, high: &Solution) -> [f64; 2] {
        let width_db = high.gain_db - low.gain_db;
        let met = |left: &dyn Fn(&Prediction) -> f64| {
            let (before, after) = (left(&low.predicted), left(&high.predicted));
            if before > 0.0 && after < 0.0 { before / (before - after) } else { 1.0 }
        };
        let share = f64::min(
            met(&|predicted| predicted.plr_db - self.budget.min_plr_db),
            met(&|predicted| self.budget.max_average_reduction_db - predicted.average_reduction_db),
        );
        let (middle_db, reach_db) =
            (low.gain_db + share * width_db, f64::max(0.45 * NEAR_DB, width_db / 12.0));
        let edge_db = width_db / 8.0;
        let inside = |gain_db: f64| gain_db.clamp(low.gain_db + edge_db, high.gain_db - edge_db);
        [inside(middle_db - reach_db), inside(middle_db + reach_db)]
    }

    /// By bisection, with everything asked for at every step.
    fn by_halves(&self, clean: &Solution, most_db: f64) -> Solution {
        let (mut low_db, mut high_db) = (clean.gain_db, most_db);
        let mut best = Solution { feasible: false, ..*clean };
        while high_db - low_db > NEAR_DB {
            let mut middle = self.at(0.5 * (low_db + high_db));
            if allows(self.budget, &middle) {
                middle.slope = self.slope(&middle);
            }
            if allows(self.budget, &middle) {
                (low_db, best) = (middle.gain_db, middle);
            } else {
                high_db = middle.gain_db;
            }
        }
        best
    }
}

fn thirds(low: &Solution, high: &Solution) -> [f64; 2] {
    let width_db = high.gain_db - low.gain_db;
    [low.gain_db + THIRDS * width_db, high.gain_db - THIRDS * width_db]
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use dsp::limiter::model::Collector;
    use testkit::signals::{noise, sine};

    const RATE_HZ: f64 = 44_100.0;

    /// Ten seconds of a chord with blows.
    fn model(settings: &Settings) -> Simulations {
        let frames = (10.0 * RATE_HZ) as usize;
        let (tone, hiss) = (sine(220.0, 0.2, 0.0, 10.0, RATE_HZ), noise(0.4, 5, frames));
        let blow = |n: usize| if n % 22_050 < 1_500 { 1.0 } else { 0.05 };
        let plane: Vec<f64> = (0..frames).map(|n| tone[n] + blow(n) * hiss[n]).collect();
        let mut collector = Collector::new(RATE_HZ, &[1.0, 1.0], settings, 24.0);
        collector.push(Buffer::from_planes(&[plane.clone(), plane]).view());
        Simulations::of(collector.finish())
    }

    fn ends(search: &Search<'_>, most_db: f64) -> (Solution, Solution) {
        let mut low_db = 0.0;
        while search.at(low_db).predicted.max_reduction_db > 0.0 {
            low_db -= 0.5;
        }
        (Solution { slope: 1.0, ..search.at(low_db) }, search.at(most_db))
    }

    #[test]
    fn pairs_find_what_halves_find_with_one_thread_and_two() {
        let settings = Settings { ceiling_dbtp: -1.0, ..Settings::default() };
        let model = model(&settings);
        let loose =
            Budget { min_plr_db: 0.0, max_average_reduction_db: 90.0, min_slope: 0.0, ..Budget::default() };
        for budget in [
            Budget { min_plr_db: 9.0, ..loose },
            Budget { min_plr_db: 7.5, ..loose },
            Budget { max_average_reduction_db: 0.3, ..loose },
            Budget { max_average_reduction_db: 1.5, min_plr_db: 8.0, ..loose },
            // Here the slope decides.
            Budget { min_slope: 0.8, ..loose },
        ] {
            let search =
                |threads: usize| Search { model: &model, settings: &settings, budget: &budget, threads };
            let (clean, most) = ends(&search(1), 14.0);
            assert!(!allows(&budget, &Solution { slope: 0.0, ..most }), "{budget:?}");
            let (one, two) = (search(1).largest(&clean, &most), search(2).largest(&clean, &most));
            assert_eq!(one, two, "{budget:?}");
            assert!(allows(&budget, &one) && one.gain_db > clean.gain_db, "{budget:?}: {one:?}");
            let halves = search(1).by_halves(&clean, most.gain_db);
            assert!((one.gain_db - halves.gain_db).abs() < 2.0 * NEAR_DB, "{budget:?}: {one:?} {halves:?}");
            // A little more is too much.
            let mut more = search(1).at(one.gain_db + 2.0 * NEAR_DB);
            more.slope = search(1).slope(&more);
            assert!(!allows(&budget, &more), "{budget:?}: {more:?}");
        }
    }
}
