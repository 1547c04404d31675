//! The static curve on its way from one setting to the next.

use super::Compressor;
use crate::ear::{GLIDE_MS, STRIDE};
use dsp::compress::{Curve, DB_PER_POWER_OCTAVE, Lift, slope_of_ratio};
use dsp::math::fast_log2;
use dsp::smooth::Glide;

/// Steepest slope of a loop: a ratio of 100.
const STEEPEST: f64 = 0.99;

/// What stands below and above the thresholds at one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Law {
    pub(super) down: Curve,
    pub(super) up: Lift,
}

impl Law {
    /// Reduction (negative: lift) asked for at a power.
    fn asked(&self, power: f64) -> f64 {
        self.down.reduction_of_power(power) - self.up.lift_db(DB_PER_POWER_OCTAVE * fast_log2(power))
    }
}

/// The static curve, gliding.
#[derive(Debug)]
pub(super) struct MovingCurve {
    threshold_db: Glide,
    slope: Glide,
    knee_db: Glide,
    range_db: Glide,
    up_threshold_db: Glide,
    up_slope: Glide,
    up_range_db: Glide,
    up_floor_db: Glide,
    still: Law,
    still_loop: Law,
}

/// The law of a loop that hears its own output: the slope s of the whole asks for s / (1 - s) inside.
fn loop_curve(threshold_db: f64, slope: f64, knee_db: f64, range_db: f64) -> Curve {
    let slope = f64::min(slope, STEEPEST);
    Curve::new(threshold_db, slope / (1.0 - slope), knee_db, range_db)
}

impl MovingCurve {
    pub(super) fn new(settings: &Compressor, rate: f64) -> Self {
        let glide = |value| Glide::new(value, GLIDE_MS, rate);
        let law = Law { down: settings.curve(), up: settings.lift() };
        let mut moving = Self {
            threshold_db: glide(settings.threshold_db),
            slope: glide(settings.slope()),
            knee_db: glide(settings.knee_db),
            range_db: glide(settings.range_db),
            up_threshold_db: glide(settings.up_threshold_db),
            up_slope: glide(slope_of_ratio(settings.up_ratio)),
            up_range_db: glide(settings.up_range_db),
            up_floor_db: glide(settings.up_floor_db),
            still: law,
            still_loop: law,
        };
        moving.set(settings);
        moving
    }

    fn glides(&mut self) -> [&mut Glide; 8] {
        [
            &mut self.threshold_db,
            &mut self.slope,
            &mut self.knee_db,
            &mut self.range_db,
            &mut self.up_threshold_db,
            &mut self.up_slope,
            &mut self.up_range_db,
            &mut self.up_floor_db,
        ]
    }

    pub(super) fn set(&mut self, settings: &Compressor) {
        let values = [
            settings.threshold_db,
            settings.slope(),
            settings.knee_db,
            settings.range_db,
            settings.up_threshold_db,
            slope_of_ratio(settings.up_ratio),
            settings.up_range_db,
            settings.up_floor_db,
        ];
        self.glides().into_iter().zip(values).for_each(|(glide, value)| glide.set_target(value));
        self.still = Law { down: settings.curve(), up: settings.lift() };
        let inside = loop_curve(values[0], values[1], values[2], values[3]);
        self.still_loop = Law { down: inside, ..self.still };
    }

    pub(super) fn snap(&mut self) {
        self.glides().into_iter().for_each(|glide| glide.snap(glide.target()));
    }

    fn is_settled(&mut self) -> bool {
        self.glides().iter().all(|glide| glide.is_settled())
    }

    /// The law at the next frame; that of a loop for feedback.
    pub(super) fn next_law(&mut self, feedback: bool) -> Law {
        if self.is_settled() {
            return if feedback { self.still_loop } else { self.still };
        }
        let [threshold, slope, knee, range, up_threshold, up_slope, up_range, up_floor] =
            self.glides().map(Glide::next_value);
        let curve = if feedback { loop_curve } else { Curve::new };
        Law {
            down: curve(threshold, slope, knee, range),
            up: Lift::new(up_threshold, up_slope, knee, up_range, up_floor),
        }
    }

    /// Replaces the powers in every lane by the reductions asked for.
    pub(super) fn reductions(&mut self, lanes: &mut [[f64; STRIDE]], frames: usize) {
        if self.is_settled() && self.still.up.is_none() {
            let curve = self.still.down;
            lanes.iter_mut().for_each(|lane| curve.reductions_of_powers(&mut lane[..frames]));
            return;
        }
        for frame in 0..frames {
            let law = self.next_law(false);
            if law.up.is_none() {
                lanes.iter_mut().for_each(|lane| lane[frame] = law.down.reduction_of_power(lane[frame]));
            } else {
                lanes.iter_mut().for_each(|lane| lane[frame] = law.asked(lane[frame]));
            }
        }
    }
}
