//! How sounds die away: of everything, and band by band where something always sounds.

use super::activity::percentile;
use super::facts::Decay;
use super::listen::ONSET_BANDS;
use super::onsets::{DB_PER_OCTAVE, PER_SECOND, RANGE_DB};
use dsp::math;

/// A fall that is cut short by the next sound is read if it has gone this far down, dB, and from 8 dB on has lasted so long: 100 ms. By
/// estimate on dry and wet voices, 2026-11-21, see docs/decisions/050.
const SHORT_DB: f64 = 10.0;
const SHORT: usize = 10;
/// Bands that are listened to one by one: from 124 Hz on. By our own convention: below there is no voice.
const LOWEST_BAND: usize = 2;
/// What lies this far under the loud moments of everything is no band of it, dB. By our own convention.
const SILENT_DB: f64 = 30.0;
/// Fewest falls of all bands together that say something. By estimate, 2026-11-22: a wet voice without a pause has 18 in 20 s.
const LEAST_IN_BANDS: usize = 12;

/// A course of levels, 100 a second, and its loud moments, dB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Falls<'a> {
    pub(super) level_db: &'a [f64],
    pub(super) loud_db: f64,
}

/// The median of falls, if there are at least so many.
pub(super) fn decay(slopes: Vec<f64>, least: usize) -> Option<Decay> {
    let count = slopes.len();
    let slope = (count >= least).then(|| percentile(slopes, 0.5)).flatten()?;
    Some(Decay { rt60_seconds: 60.0 / slope, count })
}

/// Decay read band by band: while a voice goes on, each of its bands falls silent again and again, at once in a dry take and no faster
/// than the room in a wet one (blind estimation in sub-bands: Prego, de Lima, Zambrano-Lopez and Netto, EURASIP J. Adv. Signal Process.
/// 2015). `None` with fewer than twelve falls.
pub(super) fn in_bands(bands: &[f32]) -> Option<Decay> {
    let totals: Vec<f64> =
        bands.chunks(ONSET_BANDS).map(|row| row.iter().map(|p| f64::from(*p)).sum()).collect();
    let loud = percentile(totals.iter().copied().filter(|power| *power > 1e-11).collect(), 0.95)?;
    let sounds = loud * math::db_to_power(-RANGE_DB);
    let mut slopes = Vec::new();
    for band in LOWEST_BAND..ONSET_BANDS {
        let course = || bands.iter().skip(band).step_by(ONSET_BANDS).map(|power| f64::from(*power));
        let own = course().zip(&totals).filter(|(_, total)| **total > sounds).map(|(power, _)| power);
        let Some(own) = percentile(own.collect(), 0.95) else { continue };
        if own < loud * math::db_to_power(-SILENT_DB) {
            continue;
        }
        let floor = own * math::db_to_power(-RANGE_DB);
        let level_db: Vec<f64> =
            course().map(|power| DB_PER_OCTAVE * math::fast_log2(power + floor)).collect();
        slopes.extend(Falls { level_db: &level_db, loud_db: math::power_to_db(own) }.slopes());
    }
    decay(slopes, LEAST_IN_BANDS)
}

impl Falls<'_> {
    /// Slopes of falls from 8 to 28 dB under where they began, or to where the next sound comes, dB a second.
    pub(super) fn slopes(&self) -> Vec<f64> {
        let mut slopes = Vec::new();
        let mut at = 0;
        while at < self.level_db.len() {
            match self.fall(at) {
                Some((end, slope)) => {
                    slopes.extend(slope);
                    at = end.max(at + 1);
                }
                None => at += 1,
            }
        }
        slopes
    }

    /// A fall that begins here, where a loud moment is followed by nothing louder: its end, and its slope in dB a second where it
    /// lasts long enough to be read.
    fn fall(&self, start: usize) -> Option<(usize, Option<f64>)> {
        let from = *self.level_db.get(start)?;
        let falls = self.level_db.get(start + 1).is_some_and(|next| *next < from);
        // Begins loud, or there is no room above the floor.
        if !falls || from < self.loud_db - 12.0 {
            return None;
        }
        let mut lowest = from;
        let mut end = start + 1;
        while let Some(level) = self.level_db.get(end) {
            // Up by 4 dB again: the next sound. By estimate, 2026-11-21: tails ripple by 3.
            if *level > lowest + 4.0 || lowest < from - 30.0 {
                break;
            }
            lowest = lowest.min(*level);
            end += 1;
        }
        let below = |db: f64| self.level_db[start..end].iter().position(|level| *level <= from - db);
        // Where the next sound comes before 28 dB are reached, the lowest moment must do: in a printed room phrases leave no more.
        let lowest_at = || {
            let at = (start..end).min_by(|a, b| self.level_db[*a].total_cmp(&self.level_db[*b]))?;
            (lowest <= from - SHORT_DB && at >= start + below(8.0)? + SHORT).then_some(at - start)
        };
        let slope = match (below(8.0), below(28.0).or_else(lowest_at)) {
            (Some(first), Some(last)) if last > first => {
                Some(fit(&self.level_db[start + first..=start + last])).filter(|slope| *slope > 0.0)
            }
            _ => None,
        };
        Some((end, slope))
    }
}

/// Fall in dB a second by least squares.
fn fit(levels: &[f64]) -> f64 {
    let count = levels.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let (mut xy, mut xx) = (0.0, 0.0);
    for (n, level) in levels.iter().enumerate() {
        let x = n as f64 - middle;
        xy += x * level;
        xx += x * x;
    }
    if xx > 0.0 { -xy / xx * PER_SECOND } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A voice that never pauses: every 0.3 s it goes to another of three groups of bands; each falls by 60 dB in `rt60` seconds.
    fn legato(rt60: f64, seconds: f64) -> Vec<f32> {
        let mut rows = Vec::new();
        for n in 0..(seconds * PER_SECOND) as usize {
            let t = n as f64 / PER_SECOND;
            for band in 0..ONSET_BANDS {
                // When this group sang last, and until when.
                let place = t / 0.3 - (band % 3) as f64;
                let since = if place < 0.0 { f64::INFINITY } else { (place % 3.0 - 1.0).max(0.0) * 0.3 };
                rows.push((0.1 * (math::db_to_power(-60.0 * since / rt60) + 1e-7)) as f32);
            }
        }
        rows
    }

    #[test]
    fn a_room_is_read_in_bands_where_something_always_sounds() {
        for rt60 in [0.1, 1.2, 2.2] {
            let found = in_bands(&legato(rt60, 30.0)).unwrap();
            assert!((found.rt60_seconds / rt60 - 1.0).abs() < 0.15, "{rt60}: {found:?}");
            assert!(found.count >= LEAST_IN_BANDS);
        }
        // All together never fall: without the bands nothing is known.
        let course = super::super::onsets::Course::new(&legato(2.2, 30.0));
        assert_eq!(course.tail(), None);
        assert_eq!(in_bands(&legato(2.2, 1.0)), None, "too little of it");
        assert_eq!(in_bands(&[0.0; ONSET_BANDS * 500]), None);
    }

    #[test]
    fn a_soft_band_is_read_down_to_its_own_floor() {
        // The lower half sounds on and never falls; the upper half, 25 dB softer, sings for 0.3 s and dies away at 60 dB in 1.5 s. Were the
        // floor that of everything, its falls would end on it at 25 dB.
        let mut bands = legato(1.5, 40.0);
        for (n, row) in bands.chunks_mut(ONSET_BANDS).enumerate() {
            let since = ((n % 150) as f64 / PER_SECOND - 0.3).max(0.0);
            let fall = (2e-3 * math::db_to_power(-60.0 * since / 1.5)) as f32;
            row.iter_mut().enumerate().for_each(|(band, power)| {
                *power = if band < ONSET_BANDS / 2 { 0.1 } else { fall };
            });
        }
        let found = in_bands(&bands).unwrap();
        assert!((found.rt60_seconds / 1.5 - 1.0).abs() < 0.05, "{found:?}");
        // Every fall, the last one to where the recording ends.
        assert_eq!(found.count, ONSET_BANDS / 2 * 27, "{found:?}");
    }

    /// Slopes of one fall of so many dB a second by so many dB, that the next sound ends.
    fn cut_short(per_second: f64, depth_db: f64) -> Vec<f64> {
        let steps = (depth_db / per_second * PER_SECOND).round() as usize;
        let fall = (0..=steps).map(|n| -per_second * n as f64 / PER_SECOND);
        let level_db: Vec<f64> = std::iter::repeat_n(0.0, 20).chain(fall).chain([0.0; 20]).collect();
        Falls { level_db: &level_db, loud_db: 0.0 }.slopes()
    }

    #[test]
    fn a_fall_that_is_cut_short_counts_if_it_is_long_and_deep_enough() {
        let reads = |per_second: f64, depth_db: f64| match cut_short(per_second, depth_db)[..] {
            [] => false,
            [slope] => {
                assert!((slope / per_second - 1.0).abs() < 1e-6, "{slope}");
                true
            }
            ref more => panic!("{more:?}"),
        };
        // A decibel a value: 8 dB down at the eighth, so the eighteenth is 100 ms on.
        assert!(!reads(100.0, 17.0) && reads(100.0, 18.0));
        // Slow enough to last, but not 10 dB deep.
        assert!(!reads(10.0, 9.8) && reads(10.0, 10.0));
        // Long falls need no more than their 28 dB, in a room however short.
        assert!(reads(1_000.0, 40.0) && !reads(1_000.0, 20.0));
    }
}
