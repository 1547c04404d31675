//! One tone for a record: how far a song's spectrum is from that of the others, and the least that brings it there.
//!
//! A family is the median of the songs' third-octave spectra (or the spectrum of the anchor), each taken re its own level.
//! Bands from 40 Hz to 16 kHz count, and only those in which a song has energy. A song all of whose bands lie within 1.5 dB is
//! left alone. For the others at most ten filters are chosen, one after the other, from shelves, a tilt and bells, so that what
//! stands out comes within 1 dB; no filter moves more than 3 dB, no band is moved by more than 4.5. A song of which more than a third lies out of reach is no
//! member of the family (a piano among bands): it is left as it is, and that is said.

use dsp::eq_design::{Analogue, Curve};
use dsp::math;
use dsp::spectrum::{Spectrum, THIRD_OCTAVES_HZ};
use serde::Serialize;

/// Number of bands.
pub const BANDS: usize = THIRD_OCTAVES_HZ.len();
/// First and last band that count: 40 Hz and 16 kHz. By our own convention: below, the key of a song decides; above, its
/// encoder and its air.
const COUNTED: std::ops::RangeInclusive<usize> = 3..=29;
/// A band this far under the loudest of its song holds no energy to speak of, dB. By calibration, 2026-11-21: pink music
/// falls by 15 to 25 dB from its loudest band to 16 kHz, noise floors lie beyond 50 dB.
const ENERGY_DB: f64 = 40.0;
/// A song is in its family within this, dB.
pub const TOLERANCE_DB: f64 = 1.5;
/// Filters aim for this, dB: room for what the limiter does after them, and for other measures.
const AIM_DB: f64 = 0.6;
/// Beyond this distance outliers weigh five times as much: the last band decides, not the mean, dB.
const FAR_DB: f64 = 0.9;
/// No filter moves more, dB (mastering.md §5.7: cap ±3 dB a band).
const CAP_DB: f64 = 3.0;
/// No band is moved further by all of them, dB: a song printed dull among bright ones is off by that much at its ends. By
/// calibration, 2026-11-21, see docs/decisions/041.
const REACH_DB: f64 = 4.5;
/// Filters at most.
const MOST_FILTERS: usize = 10;
/// Share of the bands out of reach from which on a song is of another family.
const OUT_OF_REACH: f64 = 1.0 / 3.0;
/// Filters that take less than this share of the fault away are not worth having. By calibration, 2026-11-21.
const LEAST_GAIN: f64 = 0.3;

/// Long-term spectrum of a song.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Portrait {
    /// Level of each third octave re an RMS of 1.0, dB.
    pub level_db: Vec<f64>,
    /// Where its spectrum ends, Hz.
    pub top_hz: f64,
}

impl Portrait {
    /// Of a spectrum, all its planes as one.
    #[must_use]
    pub fn of(spectrum: &Spectrum, top_hz: f64) -> Self {
        let level_db = spectrum.third_octaves(0).iter().map(|band| band.level_dbfs).collect();
        Self { level_db, top_hz }
    }

    /// Whether it has energy in a band.
    #[must_use]
    pub fn counts(&self, band: usize) -> bool {
        let loudest = self.level_db.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let inside = THIRD_OCTAVES_HZ.get(band).is_some_and(|hz| hz * math::exp2(1.0 / 6.0) <= self.top_hz);
        COUNTED.contains(&band)
            && inside
            && self.level_db.get(band).is_some_and(|level| *level > loudest - ENERGY_DB)
    }

    /// The same with every band moved by so many decibels.
    pub(super) fn moved(&self, by_db: &[f64]) -> Self {
        let level_db = self.level_db.iter().zip(by_db).map(|(level, by)| level + by).collect();
        Self { level_db, ..self.clone() }
    }
}

/// The tone of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Family {
    /// Level of each third octave, dB re an arbitrary level; `None` where the songs have no energy.
    pub level_db: Vec<Option<f64>>,
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    (count > 0).then(|| 0.5 * (values[(count - 1) / 2] + values[count / 2]))
}

impl Family {
    /// The family of songs: the anchor's spectrum, or the median of all.
    #[must_use]
    pub fn of(songs: &[Portrait], anchor: Option<usize>) -> Self {
        if let Some(anchor) = anchor.and_then(|index| songs.get(index)) {
            return Self::of_one(anchor);
        }
        let Some(first) = songs.first() else { return Self { level_db: vec![None; BANDS] } };
        let mut family = Self::of_one(first);
        // Levels re the family, the family from levels: the second round has forgotten the first song.
        for _ in 0..3 {
            let offsets: Vec<f64> = songs.iter().map(|song| family.offset_db(song)).collect();
            let level = |band: usize| {
                let own = songs.iter().zip(&offsets).filter(|(song, _)| song.counts(band));
                let own: Vec<f64> = own.map(|(song, offset)| song.level_db[band] - offset).collect();
                (2 * own.len() >= songs.len()).then(|| median(own)).flatten()
            };
            family = Self { level_db: (0..BANDS).map(level).collect() };
        }
        family
    }

    fn of_one(song: &Portrait) -> Self {
        let level = |band: usize| song.counts(band).then(|| song.level_db[band]);
        Self { level_db: (0..BANDS).map(level).collect() }
    }

    /// Level of a song over the family: the median over the bands both have.
    fn offset_db(&self, song: &Portrait) -> f64 {
        let both = (0..BANDS).filter(|band| song.counts(*band));
        median(both.filter_map(|band| Some(song.level_db[band] - self.level_db[band]?)).collect())
            .unwrap_or(0.0)
    }

    /// How far a song lies from the family, band by band, its level taken out; `None` where it or the family has no energy.
    #[must_use]
    pub fn distance_db(&self, song: &Portrait) -> Vec<Option<f64>> {
        let offset = self.offset_db(song);
        let of = |band: usize| {
            let family = self.level_db[band].filter(|_| song.counts(band))?;
            Some(song.level_db[band] - offset - family)
        };
        (0..BANDS).map(of).collect()
    }
}

/// The largest of distances, without sign.
#[must_use]
pub fn largest_db(distance_db: &[Option<f64>]) -> f64 {
    distance_db.iter().flatten().fold(0.0, |top, distance| f64::max(top, distance.abs()))
}

/// One filter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Filter {
    /// Its shape.
    pub curve: Curve,
    /// Centre or corner, Hz.
    pub freq_hz: f64,
    /// Quality.
    pub q: f64,
    /// Gain, dB.
    pub gain_db: f64,
}

impl Filter {
    /// What it does to a third octave: its gain in the middle and a sixth of the band's width from either edge, averaged.
    fn in_band_db(&self, band: usize) -> f64 {
        let prototype = Analogue::new(self.curve, self.freq_hz, self.gain_db, self.q);
        let at = |octaves: f64| prototype.magnitude_db(THIRD_OCTAVES_HZ[band] * math::exp2(octaves));
        (at(-1.0 / 9.0) + at(0.0) + at(1.0 / 9.0)) / 3.0
    }
}

/// Distances that are left behind filters.
#[must_use]
pub fn left_db(distance_db: &[Option<f64>], filters: &[Filter]) -> Vec<Option<f64>> {
    let moved = |band: usize| filters.iter().map(|filter| filter.in_band_db(band)).sum::<f64>();
    let left = |(band, distance): (usize, &Option<f64>)| distance.map(|distance| distance + moved(band));
    distance_db.iter().enumerate().map(left).collect()
}

/// The third octaves that lie outside the family, in words: `63 Hz +2.1 dB, 4 kHz -1.9 dB`; empty where none does.
#[must_use]
pub fn outside(distance_db: &[Option<f64>]) -> String {
    let bands = THIRD_OCTAVES_HZ.iter().zip(distance_db);
    let far =
        bands.filter_map(|(hz, distance)| Some((hz, (*distance).filter(|db| db.abs() > TOLERANCE_DB)?)));
    let words: Vec<String> = far
        .map(|(hz, db)| match *hz < 1000.0 {
            true => format!("{hz:.0} Hz {db:+.1} dB"),
            false => format!("{} kHz {db:+.1} dB", (hz / 10.0).round() / 100.0),
        })
        .collect();
    words.join(", ")
}

/// Bands so far from the family that no filter brings them there.
#[must_use]
pub fn out_of_reach(distance_db: &[Option<f64>]) -> usize {
    distance_db.iter().flatten().filter(|distance| distance.abs() > REACH_DB + TOLERANCE_DB).count()
}

/// What to do to a song.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It is in its family.
    Member,
    /// These filters bring it there, or as near as they can; the largest distance that is left, dB.
    Move(Vec<Filter>, f64),
    /// It is of another kind: left alone. The largest distance, dB.
    Stranger(f64),
}

/// What to do to a song at these distances from its family.
#[must_use]
pub fn judge(distance_db: &[Option<f64>]) -> Verdict {
    let bands: Vec<(usize, f64)> =
        distance_db.iter().enumerate().filter_map(|(band, distance)| Some((band, (*distance)?))).collect();
    let largest = largest_db(distance_db);
    if largest <= TOLERANCE_DB {
        return Verdict::Member;
    }
    let far = bands.iter().filter(|(_, distance)| distance.abs() > CAP_DB + TOLERANCE_DB).count();
    if far as f64 > OUT_OF_REACH * bands.len() as f64 {
        return Verdict::Stranger(largest);
    }
    let filters = Fit::new(&bands).solve();
    match filters.is_empty() {
        true => Verdict::Stranger(largest),
        false => {
            let left = largest_db(&left_db(distance_db, &filters));
            Verdict::Move(filters, left)
        }
    }
}

/// The search for filters.
struct Fit<'a> {
    bands: &'a [(usize, f64)],
    /// Every filter that may be taken, with what 1 dB of it does in every band.
    known: Vec<(Filter, Vec<f64>)>,
}

impl<'a> Fit<'a> {
    fn new(bands: &'a [(usize, f64)]) -> Self {
        let mut filters = vec![(Curve::Tilt, 800.0, 0.707)];
        filters.extend([80.0, 125.0, 200.0, 315.0].map(|hz| (Curve::LowShelf, hz, 0.707)));
        filters.extend([3150.0, 5000.0, 8000.0].map(|hz| (Curve::HighShelf, hz, 0.707)));
        for hz in &THIRD_OCTAVES_HZ[COUNTED] {
            filters.extend([0.7, 1.2, 2.0, 2.9, 4.3].map(|q| (Curve::Bell, *hz, q)));
        }
        let with_effect = |(curve, freq_hz, q)| {
            let filter = Filter { curve, freq_hz, q, gain_db: 1.0 };
            (filter, bands.iter().map(|(band, _)| filter.in_band_db(*band)).collect())
        };
        Self { bands, known: filters.into_iter().map(with_effect).collect() }
    }

    /// What is wrong with a song moved by `moved` per band: squares of what stands out, and of what is moved too far.
    fn fault(&self, moved: impl Fn(usize) -> f64) -> f64 {
        let one = |(index, (_, distance)): (usize, &(usize, f64))| {
            let by = moved(index);
            let left = (distance + by).abs();
            let (out, far) = ((left - AIM_DB).max(0.0), (left - FAR_DB).max(0.0));
            let over = (by.abs() - REACH_DB).max(0.0);
            // Moving costs a little, so that of two ways the smaller is taken.
            out * out + 4.0 * far * far + 200.0 * over * over + 0.01 * by * by
        };
        self.bands.iter().enumerate().map(one).sum()
    }

    /// Gains of the filters chosen that leave the least, one after the other, over and over.
    fn balance(&self, chosen: &mut [(usize, f64)]) {
        for _ in 0..40 {
            for turn in 0..chosen.len() {
                let others: Vec<f64> = (0..self.bands.len())
                    .map(|b| {
                        let rest = chosen.iter().enumerate().filter(|(index, _)| *index != turn);
                        rest.map(|(_, (known, gain))| gain * self.known[*known].1[b]).sum()
                    })
                    .collect();
                let own = &self.known[chosen[turn].0].1;
                chosen[turn].1 = least(|gain| self.fault(|b| others[b] + gain * own[b]));
            }
        }
    }

    fn solve(&self) -> Vec<Filter> {
        let mut chosen: Vec<(usize, f64)> = Vec::new();
        let moved = |chosen: &[(usize, f64)], b: usize| -> f64 {
            chosen.iter().map(|(known, gain)| gain * self.known[*known].1[b]).sum()
        };
        let before = self.fault(|_| 0.0);
        while chosen.len() < MOST_FILTERS {
            let now: Vec<f64> = (0..self.bands.len()).map(|b| moved(&chosen, b)).collect();
            let fault = self.fault(|b| now[b]);
            let try_one = |known: usize| {
                let own = &self.known[known].1;
                let gain = least(|gain| self.fault(|b| now[b] + gain * own[b]));
                (known, gain, self.fault(|b| now[b] + gain * own[b]))
            };
            let tried = (0..self.known.len()).map(try_one).min_by(|a, b| a.2.total_cmp(&b.2));
            // A filter that takes away less than a twentieth of what is wrong is not worth its phase, unless a band is still out.
            let left = |(b, (_, distance)): (usize, &(usize, f64))| (distance + now[b]).abs();
            let worth =
                if self.bands.iter().enumerate().map(left).any(|left| left > FAR_DB) { 0.002 } else { 0.05 };
            let Some((known, gain, _)) = tried.filter(|(_, _, left)| *left < fault - worth * before) else {
                break;
            };
            chosen.push((known, gain));
            self.balance(&mut chosen);
        }
        let after = self.fault(|b| moved(&chosen, b));
        if chosen.is_empty() || after > (1.0 - LEAST_GAIN) * before {
            return Vec::new();
        }
        // Written values are round.
        let filter = |(known, gain): &(usize, f64)| Filter {
            gain_db: (gain * 10.0).round() / 10.0,
            ..self.known[*known].0
        };
        let mut filters: Vec<Filter> =
            chosen.iter().map(filter).filter(|filter| filter.gain_db != 0.0).collect();
        filters.sort_by(|a, b| a.freq_hz.total_cmp(&b.freq_hz));
        filters
    }
}

/// The gain within the cap that makes a convex function least, by golden sections.
fn least(of: impl Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let (mut low, mut high) = (-CAP_DB, CAP_DB);
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_a, mut at_b) = (of(a), of(b));
    while high - low > 0.01 {
        if at_a <= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - GOLDEN * (high - low);
            at_a = of(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + GOLDEN * (high - low);
            at_b = of(b);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pink music with colours: a hump of so many decibels, two octaves wide, around a band.
    fn song(level_db: f64, colours: &[(usize, f64)]) -> Portrait {
        let of = |band: usize| {
            let hump = |(at, db): &(usize, f64)| {
                let away = (band as f64 - *at as f64) / 3.0;
                db * math::exp(-away * away)
            };
            level_db - 0.5 * band as f64 + colours.iter().map(hump).sum::<f64>()
        };
        Portrait { level_db: (0..BANDS).map(of).collect(), top_hz: 22_050.0 }
    }

    fn even() -> Vec<Portrait> {
        vec![song(-20.0, &[]), song(-40.0, &[]), song(0.0, &[])]
    }

    #[test]
    fn level_is_no_tone_and_a_member_is_left_alone() {
        let family = Family::of(&even(), None);
        for own in even().iter().chain([&song(-30.0, &[(15, 1.4)])]) {
            assert_eq!(judge(&family.distance_db(own)), Verdict::Member);
        }
        // Outside 40 Hz to 16 kHz nothing counts.
        let mut odd = song(-30.0, &[]);
        (odd.level_db[0], odd.level_db[30]) = (0.0, -90.0);
        assert_eq!(judge(&family.distance_db(&odd)), Verdict::Member);
    }

    #[test]
    fn what_stands_out_comes_into_the_family_within_the_cap() {
        let family = Family::of(&even(), None);
        for colours in [&[(9, 3.0)][..], &[(22, -3.5)], &[(5, 3.0), (24, 3.0)], &[(12, -2.5), (20, 2.5)]] {
            let own = song(-25.0, colours);
            let distance = family.distance_db(&own);
            let Verdict::Move(filters, left) = judge(&distance) else { panic!("{colours:?}") };
            assert!(filters.len() <= 10 && left <= TOLERANCE_DB, "{colours:?}: {left} {filters:?}");
            for (band, own) in distance.iter().enumerate().take(30).skip(3) {
                let moved: f64 = filters.iter().map(|filter| filter.in_band_db(band)).sum();
                let after = own.unwrap_or(0.0) + moved;
                assert!(
                    moved.abs() <= REACH_DB + 0.15 && after.abs() <= TOLERANCE_DB,
                    "{colours:?} {band}: {moved} {after}"
                );
            }
        }
    }

    #[test]
    fn more_than_the_cap_is_not_moved_and_what_is_left_is_told() {
        let distance = Family::of(&even(), None).distance_db(&song(-25.0, &[(15, 9.0)]));
        let Verdict::Move(filters, left) = judge(&distance) else { panic!("{distance:?}") };
        let moved = |band: usize| filters.iter().map(|filter| filter.in_band_db(band)).sum::<f64>();
        let most = (3..=29).map(|band| moved(band).abs()).fold(0.0, f64::max);
        assert!(most <= REACH_DB + 0.4 && left > 3.0, "{most} {left} {filters:?}");
        assert!(filters.iter().all(|filter| filter.gain_db.abs() <= CAP_DB), "{filters:?}");
        // Band 15 is 630 Hz; it is the one that stays out furthest, and is the reason.
        assert!(outside(&left_db(&distance, &filters)).contains("630 Hz +"), "{filters:?}");
        assert!(
            out_of_reach(&distance) == 3
                && out_of_reach(&Family::of(&even(), None).distance_db(&even()[0])) == 0
        );
    }

    #[test]
    fn a_stranger_is_left_alone_and_an_anchor_is_the_family() {
        let mut piano = song(-25.0, &[]);
        for band in (3..12).chain(22..30) {
            piano.level_db[band] -= 15.0;
        }
        let family = Family::of(&even(), None);
        assert!(matches!(judge(&family.distance_db(&piano)), Verdict::Stranger(far) if far > 10.0));
        let songs = [song(-20.0, &[]), song(-20.0, &[(15, 4.0)]), song(-20.0, &[])];
        let family = Family::of(&songs, Some(1));
        assert_eq!(judge(&family.distance_db(&songs[1])), Verdict::Member);
        assert!(largest_db(&family.distance_db(&songs[0])) > 3.0);
    }

    #[test]
    fn bands_without_energy_and_beyond_a_wall_do_not_count() {
        let mut dark = song(-25.0, &[]);
        dark.level_db[28] = -100.0;
        assert!(!dark.counts(28) && dark.counts(27));
        dark.top_hz = 8000.0;
        assert!(!dark.counts(26) && dark.counts(24));
    }
}
