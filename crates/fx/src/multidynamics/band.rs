//! What happens in one band.

use super::{Action, DynamicsBand};
use dsp::compress::{Curve, DB_PER_POWER_OCTAVE, gain_of_reduction, slope_of_ratio};
use dsp::crossover::STRIDE;
use dsp::envelope::{MeanSquare, keep_of_time};
use dsp::math::fast_log2;
use dsp::smooth::Glide;

/// Time constant of changes of gain, width and solo. By convention: mixing.md d.3 asks for 5 ms where a value jumps.
const GLIDE_MS: f64 = 5.0;
/// Below this a change of gain is none, by definition: it lets gains land on 1.
const LANDED_DB: f64 = 1e-9;

/// The static curve of an action: gain for a level.
#[derive(Debug, Clone, Copy)]
struct Law {
    curve: Curve,
    threshold_db: f64,
    action: Action,
    idle: bool,
}

impl Law {
    fn new(band: &DynamicsBand) -> Self {
        let slope = match band.action {
            Action::Expand => f64::max(band.ratio, 1.0) - 1.0,
            // The top of the range is a limiter.
            _ if band.ratio >= 100.0 => 1.0,
            _ => slope_of_ratio(band.ratio),
        };
        Self {
            curve: Curve::new(band.threshold_db, slope, band.knee_db, band.range_db),
            threshold_db: band.threshold_db,
            action: band.action,
            idle: !band.on || slope == 0.0 || band.range_db == 0.0,
        }
    }

    /// Replaces powers by the gains in decibels they ask for.
    fn gains_db(&self, powers: &mut [f64]) {
        if self.idle {
            return powers.fill(0.0);
        }
        // Below the threshold the curve is that above it, in a mirror.
        let mirrored = |power: f64| {
            self.curve.reduction_db(2.0 * self.threshold_db - DB_PER_POWER_OCTAVE * fast_log2(power))
        };
        match self.action {
            Action::Compress => {
                self.curve.reductions_of_powers(powers);
                powers.iter_mut().for_each(|x| *x = -*x);
            }
            Action::Lift => powers.iter_mut().for_each(|x| *x = mirrored(*x)),
            Action::Expand => powers.iter_mut().for_each(|x| *x = -mirrored(*x)),
        }
    }
}

/// Follows a gain in decibels: the smooth branching detector in the logarithmic domain (Giannoulis, Massberg and Reiss,
/// JAES 60(6) 2012, equation 17). The attack is for sound that grows louder: a falling gain, or for an expander a rising one.
#[derive(Debug, Clone, Copy, Default)]
struct Follower {
    falling: f64,
    rising: f64,
    value_db: f64,
}

impl Follower {
    fn set(&mut self, band: &DynamicsBand, rate: f64) {
        let [attack, release] = [band.attack_ms, band.release_ms].map(|ms| keep_of_time(ms, rate));
        (self.falling, self.rising) =
            if band.action == Action::Expand { (release, attack) } else { (attack, release) };
    }

    fn process(&mut self, wanted_db: &mut [f64]) {
        let mut value = self.value_db;
        for wanted in wanted_db {
            let distance = value - *wanted;
            let left = distance * if distance > 0.0 { self.falling } else { self.rising };
            value = if left.abs() < LANDED_DB { *wanted } else { *wanted + left };
            *wanted = value;
        }
        self.value_db = value;
    }
}

/// Running state of one band.
#[derive(Debug)]
pub(super) struct Band {
    law: Law,
    follower: Follower,
    means: Vec<MeanSquare>,
    gain_db: Glide,
    heard: Glide,
    width: Glide,
    /// Powers, then gains in decibels, then gains.
    lane: [f64; STRIDE],
    shown_db: f64,
}

impl Band {
    pub(super) fn new(band: &DynamicsBand, heard: f64, window_ms: f64, channels: usize, rate: f64) -> Self {
        let glide = |value| Glide::new(value, GLIDE_MS, rate);
        let mut new = Self {
            law: Law::new(band),
            follower: Follower::default(),
            means: (0..channels).map(|_| MeanSquare::new(window_ms, rate)).collect(),
            gain_db: glide(gain_db(band)),
            heard: glide(heard),
            width: glide(width(band)),
            lane: [0.0; STRIDE],
            shown_db: 0.0,
        };
        new.follower.set(band, rate);
        new
    }

    pub(super) fn retune(&mut self, band: &DynamicsBand, heard: f64, window_ms: f64, rate: f64) {
        self.law = Law::new(band);
        self.follower.set(band, rate);
        self.means.iter_mut().for_each(|mean| mean.set_window(window_ms, rate));
        self.gain_db.set_target(gain_db(band));
        self.heard.set_target(heard);
        self.width.set_target(width(band));
    }

    /// Begins to hear.
    pub(super) fn hush(&mut self, frames: usize) {
        self.lane[..frames].fill(0.0);
    }

    /// Hears one channel: the loudest counts.
    pub(super) fn hear(&mut self, channel: usize, samples: &[f64], rms: bool) {
        let Some(mean) = self.means.get_mut(channel) else { return };
        for (most, x) in self.lane.iter_mut().zip(samples) {
            let power = if rms { mean.tick(x * x) } else { x * x };
            *most = if power > *most { power } else { *most };
        }
    }

    /// Turns what was heard into gains; `mix` is the share of the band that takes part.
    pub(super) fn follow(&mut self, mix: &[f64]) {
        let lane = &mut self.lane[..mix.len()];
        self.law.gains_db(lane);
        self.follower.process(lane);
        self.shown_db = lane.iter().fold(self.shown_db, |most, db| if -db > most { -db } else { most });
        let still = self.gain_db.is_settled() && self.heard.is_settled();
        let (gain_db, heard) = (self.gain_db.target(), self.heard.target());
        for (gain, mix) in lane.iter_mut().zip(mix) {
            let (gain_db, heard) =
                if still { (gain_db, heard) } else { (self.gain_db.next_value(), self.heard.next_value()) };
            *gain = heard * (1.0 + mix * (gain_of_reduction(-(*gain + gain_db)) - 1.0));
        }
    }

    /// The gains.
    pub(super) fn gains(&self) -> &[f64; STRIDE] {
        &self.lane
    }

    /// Widens two channels.
    pub(super) fn widen(&mut self, [left, right]: [&mut [f64; STRIDE]; 2], mix: &[f64]) {
        if self.width.is_settled() && self.width.target() == 1.0 {
            return;
        }
        for ((left, right), mix) in left.iter_mut().zip(right.iter_mut()).zip(mix) {
            let more = 0.5 * mix * (self.width.next_value() - 1.0) * (*left - *right);
            (*left, *right) = (*left + more, *right - more);
        }
    }

    /// Largest reduction since the last time.
    pub(super) fn take_shown_db(&mut self) {
        self.shown_db = f64::max(-self.follower.value_db, 0.0);
    }

    pub(super) fn shown_db(&self) -> f64 {
        self.shown_db
    }

    pub(super) fn settle(&mut self) {
        self.means.iter_mut().for_each(MeanSquare::settle);
    }

    pub(super) fn reset(&mut self) {
        self.means.iter_mut().for_each(MeanSquare::reset);
        self.follower.value_db = 0.0;
        self.shown_db = 0.0;
        for glide in [&mut self.gain_db, &mut self.heard, &mut self.width] {
            glide.snap(glide.target());
        }
    }
}

fn gain_db(band: &DynamicsBand) -> f64 {
    if band.on { band.gain_db } else { 0.0 }
}

fn width(band: &DynamicsBand) -> f64 {
    if band.on { band.width_percent * 0.01 } else { 1.0 }
}
