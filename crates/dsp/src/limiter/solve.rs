//! Which drive brings a programme to a loudness: a search on the limiter's model.

use super::Settings;
use super::model::{Model, Prediction};

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

impl Model {
    /// Drive that brings the programme to `target_lufs`, as far as the budget allows: Newton steps on the model, then, where the
    /// target is not allowed, the largest drive that is. Six to thirty simulations, two of which never need each other.
    #[must_use]
    pub fn solve(&self, target_lufs: f64, settings: &Settings, budget: &Budget) -> Solution {
        self.solve_by(target_lufs, budget, &|gains_db| {
            gains_db.map(|gain_db| self.loudness_at(gain_db, settings))
        })
    }

    /// The same by simulations that someone else makes, two at a time ([`loudness_at`](Self::loudness_at) of each drive): on two
    /// threads if he likes.
    #[must_use]
    pub fn solve_by(
        &self,
        target_lufs: f64,
        budget: &Budget,
        both: &dyn Fn([f64; 2]) -> [Prediction; 2],
    ) -> Solution {
        let start = target_lufs - self.loudness_lufs();
        let mut tries = Tries { both, known: Vec::new() };
        if !start.is_finite() {
            return tries.solution(0.0, false);
        }
        let lowest = start.min(budget.max_gain_db);
        let gain_db = tries.reach(target_lufs, lowest, budget);
        let reached = (tries.at(gain_db).predicted.integrated_lufs - target_lufs).abs() < 0.05;
        if reached && tries.room(gain_db, budget) >= 0.0 {
            return tries.solution(gain_db, true);
        }
        tries.largest_allowed(lowest, gain_db, budget)
    }
}

/// What a drive does, and what another decibel there gives.
#[derive(Debug, Clone, Copy)]
struct Try {
    gain_db: f64,
    predicted: Prediction,
    /// Gain in loudness per decibel of drive.
    slope: f64,
}

/// A slope is taken over this much: shorter ones see the grid of the model.
const SLOPE_STEP_DB: f64 = 0.5;
/// How near the largest drive allowed is found, and in how many rounds at most.
const NEAR_DB: f64 = 0.02;
const ROUNDS: usize = 12;

/// Simulations of one search, each drive once and with its slope.
struct Tries<'a> {
    both: &'a dyn Fn([f64; 2]) -> [Prediction; 2],
    known: Vec<Try>,
}

impl Tries<'_> {
    fn at(&mut self, gain_db: f64) -> Try {
        if let Some(known) = self.known.iter().find(|known| known.gain_db == gain_db) {
            return *known;
        }
        let [predicted, below] = (self.both)([gain_db, gain_db - SLOPE_STEP_DB]);
        let slope = (predicted.integrated_lufs - below.integrated_lufs) / SLOPE_STEP_DB;
        self.known.push(Try { gain_db, predicted, slope });
        Try { gain_db, predicted, slope }
    }

    /// Newton steps from below; ends within 0.01 LU, or where drive gives nothing any more.
    fn reach(&mut self, target_lufs: f64, lowest: f64, budget: &Budget) -> f64 {
        let mut gain_db = lowest;
        for _ in 0..10 {
            let here = self.at(gain_db);
            let missing = target_lufs - here.predicted.integrated_lufs;
            if missing.abs() < 0.01 || here.slope < 0.5 * budget.min_slope {
                break;
            }
            let step = (missing / here.slope.clamp(0.05, 1.0)).clamp(-4.0, 4.0);
            let next = (gain_db + step).clamp(lowest, budget.max_gain_db);
            if next == gain_db {
                break;
            }
            gain_db = next;
        }
        gain_db
    }

    /// How far inside of the budget a drive is, in the limit that is nearest, each by its own measure; negative outside.
    fn room(&mut self, gain_db: f64, budget: &Budget) -> f64 {
        let Try { predicted, slope, .. } = self.at(gain_db);
        let rooms = [
            slope - budget.min_slope,
            predicted.plr_db - budget.min_plr_db,
            budget.max_average_reduction_db - predicted.average_reduction_db,
        ];
        rooms.into_iter().fold(f64::INFINITY, f64::min)
    }

    /// Between a drive that is allowed and `highest`, which is not: by straight lines as long as they halve the way, else by halves.
    fn largest_allowed(&mut self, lowest: f64, highest: f64, budget: &Budget) -> Solution {
        let (mut low, mut step_db) = (lowest.min(highest), 3.0);
        // Drive that is allowed nowhere is none at all: a programme this far down meets no ceiling.
        while self.room(low, budget) < 0.0 && low > highest - 45.0 {
            low -= step_db;
            step_db *= 2.0;
        }
        let (mut high, mut lines) = (highest, true);
        for _ in 0..ROUNDS {
            let width = high - low;
            if width <= NEAR_DB {
                break;
            }
            let (inside, outside) = (self.room(low, budget), self.room(high, budget));
            let share = if lines && inside.is_finite() && outside.is_finite() && inside > outside {
                (inside / (inside - outside)).clamp(0.1, 0.9)
            } else {
                0.5
            };
            let middle = low + share * width;
            if self.room(middle, budget) >= 0.0 {
                low = middle;
            } else {
                high = middle;
            }
            lines = high - low <= 0.5 * width;
        }
        self.solution(low, false)
    }

    fn solution(&mut self, gain_db: f64, feasible: bool) -> Solution {
        let Try { predicted, slope, .. } = self.at(gain_db);
        Solution { gain_db, predicted, feasible, best_lufs: predicted.integrated_lufs, slope }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiter::model::tests::{collect, music, rendered_lufs};

    #[test]
    fn a_solution_reaches_its_target_in_the_render() {
        let (audio, settings) = (music(), Settings::default());
        let model = collect(&audio, &settings);
        for target in [-20.0, -14.0, -12.0] {
            let solution = model.solve(target, &settings, &Budget::default());
            let real = rendered_lufs(&audio, Settings { gain_db: solution.gain_db, ..settings });
            println!("{target}: {solution:?}, {real}");
            assert!(solution.feasible && (real - target).abs() < 0.1, "{target}: {solution:?}, {real}");
        }
    }

    #[test]
    fn a_target_out_of_reach_is_answered_with_the_best_there_is() {
        let (audio, settings) = (music(), Settings::default());
        let model = collect(&audio, &settings);
        let budget = Budget { min_plr_db: 10.0, ..Budget::default() };
        let solution = model.solve(-5.0, &settings, &budget);
        assert!(!solution.feasible && solution.best_lufs < -10.0, "{solution:?}");
        assert!(solution.predicted.plr_db >= 10.0 && solution.predicted.plr_db < 10.3, "{solution:?}");
        // Without the other limits it is the slope that ends the search.
        let loose = Budget { min_plr_db: 0.0, max_average_reduction_db: 60.0, ..Budget::default() };
        let furthest = model.solve(0.0, &settings, &loose);
        assert!(!furthest.feasible && furthest.slope >= 0.3 && furthest.slope < 0.6, "{furthest:?}");
    }

    #[test]
    fn the_largest_drive_allowed_is_on_the_edge_of_its_budget() {
        let (audio, settings) = (music(), Settings::default());
        let model = collect(&audio, &settings);
        let loose =
            Budget { min_plr_db: 0.0, min_slope: 0.0, max_average_reduction_db: 60.0, ..Budget::default() };
        for budget in [
            Budget { min_plr_db: 9.0, ..loose },
            Budget { max_average_reduction_db: 1.0, ..loose },
            Budget { min_slope: 0.5, ..loose },
        ] {
            let best = model.solve(0.0, &settings, &budget);
            let inside = |gain_db: f64| {
                let (here, below) =
                    (model.loudness_at(gain_db, &settings), model.loudness_at(gain_db - 0.5, &settings));
                here.plr_db >= budget.min_plr_db
                    && here.average_reduction_db <= budget.max_average_reduction_db
                    && (here.integrated_lufs - below.integrated_lufs) / 0.5 >= budget.min_slope
            };
            assert!(
                !best.feasible && inside(best.gain_db) && !inside(best.gain_db + 2.0 * NEAR_DB),
                "{budget:?}: {best:?}"
            );
        }
    }

    #[test]
    fn no_drive_is_simulated_twice_and_few_are_needed() {
        let (audio, settings) = (music(), Settings::default());
        let model = collect(&audio, &settings);
        let asked = std::cell::RefCell::new(Vec::new());
        let both = |gains_db: [f64; 2]| {
            asked.borrow_mut().extend(gains_db);
            gains_db.map(|gain_db| model.loudness_at(gain_db, &settings))
        };
        for (target, budget, most) in
            [(-14.0, Budget::default(), 10), (0.0, Budget { min_plr_db: 0.0, ..Budget::default() }, 30)]
        {
            asked.borrow_mut().clear();
            assert_eq!(model.solve_by(target, &budget, &both), model.solve(target, &settings, &budget));
            let mut drives = asked.borrow().clone();
            assert!(drives.len() <= most, "{target}: {drives:?}");
            drives.sort_by(f64::total_cmp);
            assert!(drives.windows(2).all(|pair| pair[0] < pair[1]), "{target}: {drives:?}");
        }
    }
}
