//! Gates and downward expanders: open or shut, and from one to the other without a click.
//!
//! A full gate moves on an edge of fixed length whose slope and bend begin and end at zero (a polynomial of fifth order):
//! rising in amplitude, so that the front of a sound is not spent on decibels nobody hears, and falling in decibels, as
//! sounds decay. An expander follows its curve by a one-pole in decibels, like a compressor.

use crate::compress::{Curve, DB_PER_POWER_OCTAVE, gain_of_reduction};
use crate::envelope::keep_of_time;
use crate::math::{db_to_power, fast_log2, gain_to_db};

/// When a gate opens and closes, and how far it turns down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateLaw {
    open_power: f64,
    close_power: f64,
    /// The gain falls while the key is loud.
    duck: bool,
    range_db: f64,
    /// Expansion for a gate that is shut and for one that is open (levels negated), or the reduction of a ducker; none
    /// where everything is turned down by the whole range.
    curves: Option<[Curve; 2]>,
}

/// What a [`GateLaw`] is made from; levels and ranges in decibels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GateSettings {
    /// Opens at this level.
    pub threshold_db: f64,
    /// Closes this far below the threshold.
    pub hysteresis_db: f64,
    /// Decibels out for one decibel in, below the threshold; infinite is a full gate.
    pub ratio: f64,
    /// Width of the bend of an expander.
    pub knee_db: f64,
    /// Largest reduction.
    pub range_db: f64,
    /// Turned round: the gain falls while the key is above the threshold (decibels in for one out).
    pub duck: bool,
}

impl GateLaw {
    /// The law for these settings.
    #[must_use]
    pub fn new(settings: &GateSettings) -> Self {
        let GateSettings { threshold_db, hysteresis_db, ratio, knee_db, range_db, duck } = *settings;
        let close_db = threshold_db - hysteresis_db;
        let expand = |below_db: f64| Curve::new(-below_db, ratio - 1.0, knee_db, range_db);
        let curves = ratio.is_finite().then(|| {
            if duck {
                [Curve::new(threshold_db, 1.0 - 1.0 / ratio, knee_db, range_db); 2]
            } else {
                [expand(threshold_db), expand(close_db)]
            }
        });
        Self {
            open_power: db_to_power(threshold_db),
            close_power: db_to_power(close_db),
            duck,
            range_db,
            curves,
        }
    }

    /// Reduction an expander asks for.
    fn asked_db(&self, curves: &[Curve; 2], power: f64, open: bool) -> f64 {
        let level_db = DB_PER_POWER_OCTAVE * fast_log2(power);
        let curve = &curves[usize::from(open)];
        curve.reduction_db(if self.duck { level_db } else { -level_db })
    }
}

/// The way from one gain to another.
#[derive(Debug, Clone, Copy)]
struct Edge {
    from: f64,
    from_db: f64,
    goal_db: f64,
    at: u32,
    frames: u32,
}

impl Edge {
    const REST: Self = Self { from: 1.0, from_db: 0.0, goal_db: 0.0, at: 0, frames: 0 };

    /// The gain at the next frame.
    #[inline]
    fn next_gain(&mut self) -> f64 {
        self.at += 1;
        let t = f64::from(self.at) / f64::from(self.frames.max(1));
        let s = t * t * t * (10.0 + t * (6.0 * t - 15.0));
        if self.at >= self.frames {
            gain_of_reduction(self.goal_db)
        } else if self.goal_db < self.from_db {
            self.from + (gain_of_reduction(self.goal_db) - self.from) * s
        } else {
            gain_of_reduction(self.from_db + (self.goal_db - self.from_db) * s)
        }
    }
}

/// A gate that runs.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Nothing was heard yet: the first frame sets the gain at once.
    fresh: bool,
    open: bool,
    holding: u32,
    hold_frames: u32,
    gain: f64,
    edge: Edge,
    /// Frames of a whole edge for a rising and for a falling gain.
    rise_frames: u32,
    fall_frames: u32,
    rise_keep: f64,
    fall_keep: f64,
}

fn frames_of(time_ms: f64, rate: f64) -> u32 {
    (time_ms * 1e-3 * rate).round().clamp(0.0, 1e9) as u32
}

impl Gate {
    /// At rest; the first frame decides where it begins.
    #[must_use]
    pub fn new() -> Self {
        Self {
            fresh: true,
            open: false,
            holding: 0,
            hold_frames: 0,
            gain: 1.0,
            edge: Edge::REST,
            rise_frames: 0,
            fall_frames: 0,
            rise_keep: 0.0,
            fall_keep: 0.0,
        }
    }

    /// Times of a rising and of a falling gain: the whole way for a gate, 63 % of it for an expander.
    pub fn set_times(&mut self, rise_ms: f64, fall_ms: f64, sample_rate_hz: f64) {
        self.rise_frames = frames_of(rise_ms, sample_rate_hz);
        self.fall_frames = frames_of(fall_ms, sample_rate_hz);
        self.rise_keep = keep_of_time(rise_ms, sample_rate_hz);
        self.fall_keep = keep_of_time(fall_ms, sample_rate_hz);
    }

    /// How long it stays open after the key was last above the closing level.
    pub fn set_hold(&mut self, hold_ms: f64, more_frames: usize, sample_rate_hz: f64) {
        self.hold_frames = frames_of(hold_ms, sample_rate_hz).saturating_add(more_frames as u32);
        self.holding = self.holding.min(self.hold_frames);
    }

    /// Whether the key is above the threshold, or was until the hold.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Replaces powers of the key by gains. Returns the smallest gain.
    pub fn process(&mut self, law: &GateLaw, powers: &mut [f64]) -> f64 {
        let mut least = 1.0;
        for power in powers {
            self.look(law, *power);
            if self.fresh {
                self.begin(law, *power);
            }
            match &law.curves {
                None => self.follow_edge(if self.open == law.duck { law.range_db } else { 0.0 }),
                Some(curves) => self.follow_curve(law, law.asked_db(curves, *power, self.open)),
            }
            *power = self.gain;
            least = f64::min(least, self.gain);
        }
        least
    }

    fn look(&mut self, law: &GateLaw, power: f64) {
        if power >= law.open_power || (self.open && power >= law.close_power) {
            self.open = true;
            self.holding = self.hold_frames;
        } else if self.holding > 0 {
            self.holding -= 1;
        } else {
            self.open = false;
        }
    }

    fn begin(&mut self, law: &GateLaw, power: f64) {
        let goal_db = match &law.curves {
            None if self.open == law.duck => law.range_db,
            None => 0.0,
            Some(curves) => law.asked_db(curves, power, self.open),
        };
        self.fresh = false;
        self.gain = gain_of_reduction(goal_db);
        self.edge = Edge { goal_db, from_db: goal_db, from: self.gain, at: 1, frames: 0 };
    }

    fn follow_edge(&mut self, goal_db: f64) {
        if goal_db != self.edge.goal_db {
            let from_db = -gain_to_db(self.gain);
            let frames = if goal_db < from_db { self.rise_frames } else { self.fall_frames };
            self.edge = Edge { from: self.gain, from_db, goal_db, at: 0, frames };
        }
        if self.edge.at < self.edge.frames || self.edge.at == 0 {
            self.gain = self.edge.next_gain();
        }
    }

    fn follow_curve(&mut self, law: &GateLaw, wanted_db: f64) {
        let now_db = if self.gain == 1.0 { 0.0 } else { -gain_to_db(self.gain) };
        let rising = wanted_db < now_db;
        let waits = self.holding > 0 && self.holding < self.hold_frames && rising == law.duck;
        if !waits {
            let keep = if rising { self.rise_keep } else { self.fall_keep };
            let next = wanted_db + (now_db - wanted_db) * keep;
            // A billionth of a decibel is none, by definition: gains land on 1.
            self.gain = if next < 1e-9 { 1.0 } else { gain_of_reduction(next) };
        }
        // A full gate would go on from here.
        self.edge = Edge { goal_db: f64::NAN, ..Edge::REST };
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        (self.fresh, self.open, self.holding) = (true, false, 0);
        (self.gain, self.edge) = (1.0, Edge::REST);
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law(ratio: f64, duck: bool) -> GateLaw {
        GateLaw::new(&GateSettings {
            threshold_db: -30.0,
            hysteresis_db: 6.0,
            ratio,
            knee_db: 0.0,
            range_db: 20.0,
            duck,
        })
    }

    fn gate() -> Gate {
        let mut gate = Gate::new();
        gate.set_times(2.0, 50.0, 48_000.0);
        gate.set_hold(10.0, 0, 48_000.0);
        gate
    }

    /// Gains in decibels for a key at `level_db` for `frames` frames.
    fn play(gate: &mut Gate, law: &GateLaw, level_db: f64, frames: usize) -> Vec<f64> {
        let mut lane = vec![db_to_power(level_db); frames];
        gate.process(law, &mut lane);
        lane.into_iter().map(gain_to_db).collect()
    }

    #[test]
    fn a_gate_opens_at_its_threshold_and_closes_below_the_hysteresis_after_the_hold() {
        let (mut gate, law) = (gate(), law(f64::INFINITY, false));
        assert!((play(&mut gate, &law, -50.0, 4_800)[4_799] + 20.0).abs() < 1e-6);
        // Between closing and opening level a shut gate stays shut and an open one open.
        assert!((play(&mut gate, &law, -33.0, 4_800)[4_799] + 20.0).abs() < 1e-6);
        let rise = play(&mut gate, &law, -29.9, 400);
        assert!(rise[94] < 0.0 && rise[95] == 0.0, "open after 96 frames, not before");
        assert_eq!(play(&mut gate, &law, -35.9, 9_600)[9_599], 0.0);
        let fall = play(&mut gate, &law, -36.1, 4_800);
        assert!(fall[479] == 0.0 && fall[500] < 0.0, "480 frames of hold");
        assert!(fall[480 + 2_300] > -20.0 && (fall[480 + 2_400] + 20.0).abs() < 1e-6);
        // Half the way in half the time, in decibels.
        assert!((fall[480 + 1_199] + 10.0).abs() < 0.01, "{}", fall[480 + 1_199]);
    }

    #[test]
    fn edges_have_no_corner() {
        let (mut gate, law) = (gate(), law(f64::INFINITY, false));
        let mut gains = play(&mut gate, &law, -60.0, 4_800);
        gains.extend(play(&mut gate, &law, -10.0, 480));
        gains.extend(play(&mut gate, &law, -60.0, 4_800));
        let linear: Vec<f64> = gains.iter().map(|g| crate::math::db_to_gain(*g)).collect();
        // Bend of the fifth-order edge: at most 5.78 · 0.9 / 96² = 0.00056; a straight line has 0.9 / 96 = 0.0094.
        let bend = linear.windows(3).fold(0.0, |m: f64, w| m.max((w[0] - 2.0 * w[1] + w[2]).abs()));
        assert!(bend < 6e-4, "{bend}");
    }

    #[test]
    fn an_expander_follows_its_line() {
        // 3:1, shut: 2 dB less for each dB below -30, at most 20.
        let law = law(3.0, false);
        for (level, want) in [(-31.0, -2.0), (-36.0, -12.0), (-41.0, -20.0), (-29.0, 0.0)] {
            let mut gate = gate();
            let end = play(&mut gate, &law, level, 48_000)[47_999];
            assert!((end - want).abs() < 1e-5, "{level}: {end}");
        }
        // Open until below -36 dB; there the line begins at -36.
        let mut gate = gate();
        play(&mut gate, &law, -20.0, 100);
        assert_eq!(play(&mut gate, &law, -35.0, 48_000)[47_999], 0.0);
    }

    #[test]
    fn an_expander_keeps_the_times_it_is_given() {
        let law = law(3.0, false);
        let mut gate = gate();
        gate.set_hold(0.0, 0, 48_000.0);
        play(&mut gate, &law, -20.0, 10);
        let fall = play(&mut gate, &law, -36.5, 48_000);
        let goal = -13.0 * (1.0 - libm::exp(-1.0));
        let frames = fall.iter().position(|g| *g <= goal).unwrap() as f64 + 1.0;
        assert!((frames / 2_400.0 - 1.0).abs() < 0.01, "{frames}");
        let rise = play(&mut gate, &law, -20.0, 4_800);
        let frames = rise.iter().position(|g| *g >= -13.0 * libm::exp(-1.0) - 1e-9).unwrap() as f64 + 1.0;
        assert!((frames / 96.0 - 1.0).abs() < 0.03, "{frames}");
    }

    #[test]
    fn a_ducker_turns_down_while_the_key_is_loud() {
        let (mut gate, law) = (gate(), law(f64::INFINITY, true));
        assert_eq!(play(&mut gate, &law, -50.0, 100)[99], 0.0);
        assert!((play(&mut gate, &law, -10.0, 4_800)[4_799] + 20.0).abs() < 1e-6);
        let back = play(&mut gate, &law, -50.0, 4_800);
        assert!((back[400] + 20.0).abs() < 1e-6 && back[600] == 0.0);
        // 2:1 above -30 dB: 14 dB over becomes 7 less.
        let law = self::law(2.0, true);
        let mut gate = self::gate();
        assert!((play(&mut gate, &law, -16.0, 48_000)[47_999] + 7.0).abs() < 1e-5);
    }
}
