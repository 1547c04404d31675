//! Beginnings of sounds, and how they end.

use super::activity::percentile;
use super::facts::Decay;
use super::listen::ONSET_BANDS;
use super::tails::{self, Falls};
use dsp::math;

/// What is softer than this under the loud moments (95th percentile) is no rise and no fall, dB.
pub(super) const RANGE_DB: f64 = 50.0;
/// Least strength of an onset: mean rise over all bands, dB. By estimate, 2026-11-21: softly played chords have 3, vibrato
/// under 1.5.
pub(crate) const LEAST_DB: f32 = 2.5;
/// Values a second.
pub(super) const PER_SECOND: f64 = 100.0;
/// Values on either side that are averaged before decays are read: 50 ms in all.
const SMOOTH: usize = 2;
/// Course of a track at 100 values a second.
#[derive(Debug)]
pub(super) struct Course {
    /// Onset strength.
    pub(super) onset: Vec<f32>,
    /// Level of everything, dB, never lower than [`RANGE_DB`] under the loud moments.
    pub(super) level_db: Vec<f64>,
    /// Loud moments, dB.
    loud_db: f64,
}

impl Course {
    /// From powers in [`ONSET_BANDS`] bands, value after value.
    pub(super) fn new(bands: &[f32]) -> Self {
        let totals: Vec<f64> =
            bands.chunks(ONSET_BANDS).map(|b| b.iter().map(|p| f64::from(*p)).sum()).collect();
        // The loud moments of what is not silence, so that silence around it changes nothing.
        let loud =
            percentile(totals.iter().copied().filter(|power| *power > 1e-11).collect(), 0.95).unwrap_or(0.0);
        if loud <= 0.0 {
            return Self { onset: vec![0.0; totals.len()], level_db: Vec::new(), loud_db: f64::NEG_INFINITY };
        }
        // A band's share of the floor.
        let floor = loud * math::db_to_power(-RANGE_DB);
        let db = |power: f64| DB_PER_OCTAVE * math::fast_log2(power + floor);
        let levels: Vec<f64> = bands.iter().map(|power| db(f64::from(*power))).collect();
        let rows: Vec<&[f64]> = levels.chunks(ONSET_BANDS).collect();
        let rise = |row: usize| {
            // Against the higher of the last two, so that a ripple is no rise; over two steps, so that a slow attack is one.
            let (Some(now), Some(back)) = (rows.get(row), row.checked_sub(2).and_then(|row| rows.get(row)))
            else {
                return 0.0;
            };
            let sum: f64 = now.iter().zip(*back).map(|(now, back)| (now - back).max(0.0)).sum();
            (sum / ONSET_BANDS as f64) as f32
        };
        let onset = (0..rows.len()).map(rise).collect();
        let level_db = totals.iter().map(|power| db(*power)).collect();
        Self { onset, level_db, loud_db: math::power_to_db(loud) }
    }

    /// Places of onsets: the highest strength within 50 ms, and followed by something loud.
    pub(super) fn onsets(&self) -> Vec<usize> {
        peaks(&self.onset, LEAST_DB)
            .into_iter()
            .filter(|at| self.top(*at).is_some_and(|(_, db)| db > self.loud_db - 35.0))
            .collect()
    }

    /// The loudest value in the 60 ms after an onset.
    fn top(&self, onset: usize) -> Option<(usize, f64)> {
        let part = self.level_db.iter().enumerate().skip(onset).take(7);
        part.map(|(at, db)| (at, *db)).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Median time to fall by 20 dB after an onset, the next onset not waited for but extrapolated to, if it fell by 6 dB and more.
    pub(super) fn decay_seconds(&self, onsets: &[usize]) -> Option<f64> {
        let times = onsets.iter().enumerate().filter_map(|(number, onset)| {
            let (top, db) = self.top(*onset)?;
            let end = onsets.get(number + 1).copied().unwrap_or(self.level_db.len());
            let course = self.level_db.get(top..end.max(top + 1))?;
            if let Some(steps) = course.iter().position(|level| *level <= db - 20.0) {
                return Some(steps as f64 / PER_SECOND);
            }
            let (steps, lowest) = course.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1))?;
            let fall = db - lowest;
            (fall >= 6.0 && steps > 3).then(|| steps as f64 / PER_SECOND * 20.0 / fall)
        });
        percentile(times.collect(), 0.5)
    }

    /// Decay after sounds end; `None` with fewer than four falls. Rooms answer a held note with beats of 10 dB and more (Schroeder, J.
    /// Acoust. Soc. Am. 37, 1965): the level is a mean over 50 ms here, which leaves the slope of a decay as it is.
    pub(super) fn tail(&self) -> Option<Decay> {
        let power: Vec<f64> = self.level_db.iter().map(|db| math::db_to_power(*db)).collect();
        let level_db: Vec<f64> = (0..power.len())
            .map(|at| {
                let part = &power[at.saturating_sub(SMOOTH)..(at + SMOOTH + 1).min(power.len())];
                math::power_to_db(part.iter().sum::<f64>() / part.len() as f64)
            })
            .collect();
        tails::decay(Falls { level_db: &level_db, loud_db: self.loud_db }.slopes(), 4)
    }
}

/// Decibels in an octave of power.
pub(super) const DB_PER_OCTAVE: f64 = 10.0 * math::LN_2 / math::LN_10;

/// Highest values within five on either side that reach `least`.
pub(crate) fn peaks(course: &[f32], least: f32) -> Vec<usize> {
    let mut found: Vec<usize> = Vec::new();
    for (at, value) in course.iter().enumerate().filter(|(_, value)| **value >= least) {
        let around = &course[at.saturating_sub(5)..(at + 6).min(course.len())];
        let highest = around.iter().all(|other| other <= value);
        if highest && found.last().is_none_or(|last| at - last > 5) {
            found.push(at);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blows in all bands, each falling by 60 dB in `rt60` seconds.
    fn blows(every: f64, rt60: f64, seconds: f64, gain: f64) -> Vec<f32> {
        (0..(seconds * PER_SECOND) as usize)
            .flat_map(|n| {
                let since = (n as f64 / PER_SECOND) % every;
                [(gain * (math::db_to_power(-60.0 * since / rt60) + 1e-7)) as f32; ONSET_BANDS]
            })
            .collect()
    }

    #[test]
    fn blows_are_counted_and_their_decay_is_read_at_any_gain() {
        for gain in [0.01, 1.0] {
            let course = Course::new(&blows(0.5, 0.6, 20.0, gain));
            let onsets = course.onsets();
            // The first one begins with the course: there is no rise.
            assert_eq!(onsets.len(), 39, "{gain}");
            let decay = course.decay_seconds(&onsets).unwrap();
            assert!((decay - 0.2).abs() < 0.02, "{decay}");
        }
    }

    #[test]
    fn a_tail_is_read_by_its_slope() {
        for rt60 in [0.5, 1.5] {
            let tail = Course::new(&blows(2.0, rt60, 30.0, 0.1)).tail().unwrap();
            assert!((tail.rt60_seconds / rt60 - 1.0).abs() < 0.05, "{rt60}: {tail:?}");
        }
    }

    #[test]
    fn a_room_that_the_next_sound_cuts_short_is_read_too() {
        // 0.9 s of a room of 2.5 s: 21 dB and no more.
        let tail = Course::new(&blows(0.9, 2.5, 30.0, 0.1)).tail().unwrap();
        assert!((tail.rt60_seconds / 2.5 - 1.0).abs() < 0.05, "{tail:?}");
        // 0.3 s of it are too little to go down by.
        assert_eq!(Course::new(&blows(0.3, 2.5, 30.0, 0.1)).tail(), None);
    }

    #[test]
    fn a_steady_sound_has_no_onsets_and_silence_nothing() {
        let course = Course::new(&[0.1; ONSET_BANDS * 1000]);
        assert_eq!(course.onsets(), Vec::<usize>::new());
        assert_eq!(course.tail(), None);
        let silence = Course::new(&[0.0; ONSET_BANDS * 100]);
        assert_eq!((silence.onsets().len(), silence.decay_seconds(&[])), (0, None));
    }
}
