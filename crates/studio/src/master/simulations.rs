//! What the limiter would do with a programme, simulated once for each drive: destinations often ask the same.

use dsp::limiter::Settings;
use dsp::limiter::model::{Budget, Model, Prediction, Solution};
use std::sync::{Mutex, PoisonError};

/// A model and what it was asked.
pub(super) struct Simulations {
    model: Model,
    known: Mutex<Vec<(Settings, f64, Prediction)>>,
}

impl Simulations {
    pub(super) fn of(model: Model) -> Self {
        Self { model, known: Mutex::default() }
    }

    /// What a drive does.
    pub(super) fn loudness_at(&self, gain_db: f64, settings: &Settings) -> Prediction {
        let find = |(asked, at, _): &&(Settings, f64, Prediction)| asked == settings && *at == gain_db;
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, predicted)) = known().iter().find(find) {
            return *predicted;
        }
        let predicted = self.model.loudness_at(gain_db, settings);
        known().push((*settings, gain_db, predicted));
        predicted
    }

    /// Loudness without limiter and without drive.
    pub(super) fn loudness_lufs(&self) -> f64 {
        self.model.loudness_lufs()
    }

    /// Two drives, on two threads where there are some.
    pub(super) fn both(&self, gains_db: [f64; 2], settings: &Settings, threads: usize) -> [Prediction; 2] {
        let at = |gain_db: f64| move || self.loudness_at(gain_db, settings);
        let [a, b] = gains_db.map(at);
        if threads > 1 { rayon::join(a, b).into() } else { [a(), b()] }
    }

    /// The drive for a loudness, as far as a budget allows.
    pub(super) fn solve(&self, lufs: f64, settings: &Settings, budget: &Budget, threads: usize) -> Solution {
        self.model.solve_by(lufs, budget, &|gains_db| self.both(gains_db, settings, threads))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use dsp::limiter::model::Collector;

    #[test]
    fn what_was_asked_is_answered_as_the_model_does_under_the_settings_it_was_asked_for() {
        let settings = Settings { ceiling_dbtp: -1.0, ..Settings::default() };
        let other = Settings { ceiling_dbtp: -2.0, ..settings };
        let plane = testkit::signals::noise(0.5, 3, 100_000);
        let mut collector = Collector::new(44_100.0, &[1.0, 1.0], &settings, 24.0);
        collector.push(Buffer::from_planes(&[plane.clone(), plane]).view());
        let model = collector.finish();
        let simulations = Simulations::of(model.clone());
        for _ in 0..2 {
            for (gain_db, settings) in [(6.0, settings), (6.0, other), (9.0, settings)] {
                assert_eq!(
                    simulations.loudness_at(gain_db, &settings),
                    model.loudness_at(gain_db, &settings)
                );
            }
        }
        assert_eq!(simulations.known.lock().unwrap().len(), 3);
        let budget = Budget::default();
        let want = model.solve(-12.0, &settings, &budget);
        assert!([1, 2].iter().all(|threads| simulations.solve(-12.0, &settings, &budget, *threads) == want));
    }
}
