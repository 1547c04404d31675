//! Corrective equalisation: from the long-term spectrum to the least that moves it to the edge of what records are.
//!
//! The spectrum of the mix, in nine bands, is compared with the nearest of three families of released records. A band
//! inside one robust standard deviation of its family is left alone; one outside is moved part of the way to the edge.

use dsp::eq_design::{Analogue, Curve};
use dsp::math;
use serde::Serialize;

/// Number of bands.
pub const BANDS: usize = 9;

/// Edges of the bands, Hz: eight mel-spaced crossovers and the ends of hearing.
/// Source: reference statistics of 568 released records, mastering.md §5.7 (measured, read 2026-11-21).
pub const EDGES_HZ: [f64; BANDS + 1] =
    [20.0, 148.0, 392.0, 795.0, 1458.0, 2550.0, 4349.0, 7314.0, 12_199.0, 20_000.0];

/// A family of records: the median level of every band re integrated loudness, and its robust deviation, dB.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Family {
    /// Name for people.
    pub name: &'static str,
    /// Median level of each band re integrated loudness, dB.
    pub median_db: [f64; BANDS],
    /// Robust standard deviation, dB.
    pub deviation_db: [f64; BANDS],
}

/// Source: mastering.md §5.7, medians ± robust deviations of the pop (138), jazz (158) and classical (71) sets.
pub const FAMILIES: [Family; 3] = [
    Family {
        name: "pop and rock",
        median_db: [-7.8, -10.4, -12.9, -15.6, -17.6, -19.9, -22.6, -24.2, -29.5],
        deviation_db: [2.1, 1.8, 1.9, 2.2, 2.6, 2.9, 3.1, 4.2, 6.1],
    },
    Family {
        name: "jazz and acoustic",
        median_db: [-9.7, -9.7, -12.3, -17.7, -23.3, -29.5, -33.7, -35.7, -40.6],
        deviation_db: [5.7, 2.0, 2.3, 3.3, 3.6, 4.9, 8.3, 13.0, 10.0],
    },
    Family {
        name: "classical and orchestral",
        median_db: [-20.5, -10.1, -9.1, -15.5, -22.5, -32.4, -43.0, -45.0, -48.0],
        // The top band's deviation is not given there; the one below is used.
        deviation_db: [3.0, 1.6, 1.6, 3.4, 5.7, 9.8, 10.0, 13.0, 13.0],
    },
];

/// No correction is larger, dB (mastering.md §5.7: cap ±3 dB a band).
const CAP_DB: f64 = 3.0;
/// Up to the first so far outside what lies there is moved in full measure, and from the second on it is not a matter of balance
/// but of what plays: nothing, dB. Rooms and loudspeakers mislead at both ends; between them what stands out is an instrument,
/// and what is not there cannot be raised. By calibration, 2026-11-21, see docs/decisions/042.
const ENDS_DB: (f64, f64) = (5.0, 12.0);
const CUT_DB: (f64, f64) = (3.0, 9.0);
const BOOST_DB: (f64, f64) = (2.0, 6.0);
/// Where a tilt turns the spectrum, Hz (mastering.md §5.9: 630 to 650).
const PIVOT_HZ: f64 = 640.0;
/// A tilt is taken where it does this much of the work (share of the squared decibels wanted). By calibration, 2026-11-21.
const TILT_SHARE: f64 = 0.6;
/// A filter that would do less is left out, dB. By calibration, 2026-11-21: below it nobody hears it in music.
const LEAST_DB: f64 = 0.5;
/// Bells beside the two shelves (mastering.md §5.7: tilt first, then shelves, then at most four bells).
const MOST_BELLS: usize = 4;
/// A band this far under the loudness holds no music worth boosting, dB (mastering.md §5.6: never below -60).
const EMPTY_DB: f64 = -60.0;

/// Shape of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Low shelf.
    LowShelf,
    /// Bell.
    Bell,
    /// High shelf.
    HighShelf,
    /// The whole spectrum turned around the frequency.
    Tilt,
}

/// One filter of the correction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Correction {
    /// Shape.
    pub shape: Shape,
    /// Centre or corner.
    pub freq_hz: f64,
    /// Quality.
    pub q: f64,
    /// Gain.
    pub gain_db: f64,
    /// The band that asked for it.
    pub band: usize,
    /// How far that band lies outside its family's range, dB (negative: under it).
    pub outside_db: f64,
}

/// What the spectrum says and what follows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tone {
    /// The family the mix is nearest to.
    pub family: &'static str,
    /// Level of each band re integrated loudness, less the common offset, dB.
    pub level_db: [f64; BANDS],
    /// How far each band lies from the family's median, dB.
    pub distance_db: [f64; BANDS],
    /// Robust standard deviation of each band in the family, dB.
    pub deviation_db: [f64; BANDS],
    /// Filters, lowest first; empty when nothing needs doing.
    pub corrections: Vec<Correction>,
}

/// Distances to a family's medians with the common offset taken out (weighted by certainty), and their mean square in
/// deviations.
fn distance(level_db: &[f64; BANDS], family: &Family) -> ([f64; BANDS], f64) {
    let weights: Vec<f64> =
        family.deviation_db.iter().map(|deviation| 1.0 / (deviation * deviation)).collect();
    let sum: f64 = weights.iter().sum();
    let offset: f64 = (0..BANDS).map(|b| weights[b] * (level_db[b] - family.median_db[b])).sum::<f64>() / sum;
    let distance: [f64; BANDS] = std::array::from_fn(|b| level_db[b] - family.median_db[b] - offset);
    // The log of the deviations makes it a likelihood: a family that allows anything does not win everything.
    let score = (0..BANDS)
        .map(|b| {
            let in_deviations = distance[b] / family.deviation_db[b];
            in_deviations * in_deviations + 2.0 * math::ln(family.deviation_db[b])
        })
        .sum();
    (distance, score)
}

/// Gain in dB at `frequency_hz` of an analogue filter.
fn response_db(shape: Shape, freq_hz: f64, q: f64, gain_db: f64, frequency_hz: f64) -> f64 {
    let curve = match shape {
        Shape::LowShelf => Curve::LowShelf,
        Shape::Bell => Curve::Bell,
        Shape::HighShelf => Curve::HighShelf,
        Shape::Tilt => Curve::Tilt,
    };
    Analogue::new(curve, freq_hz, gain_db, q).magnitude_db(frequency_hz)
}

/// The filter that stands for a band: shelves at the ends, bells about as wide as their band between.
fn filter_of(band: usize) -> (Shape, f64, f64) {
    match band {
        // Corners sit inside the outer bands so that the shelf reaches its gain in most of them.
        0 => (Shape::LowShelf, 120.0, 0.707),
        8 => (Shape::HighShelf, 10_000.0, 0.707),
        _ => (Shape::Bell, centre_hz(band), 1.1),
    }
}

fn centre_hz(band: usize) -> f64 {
    (EDGES_HZ[band] * EDGES_HZ[band + 1]).sqrt()
}

/// Gains of the filters of `bands` that come closest to `wanted_db` in every band: least squares, solved by Gauss-Seidel
/// on the normal equations (a handful of well-separated filters; sixty rounds are far past convergence).
fn fit(bands: &[usize], wanted_db: &[f64; BANDS]) -> Vec<f64> {
    let row = |filter: usize| -> [f64; BANDS] {
        let (shape, freq_hz, q) = filter_of(filter);
        std::array::from_fn(|b| response_db(shape, freq_hz, q, 1.0, centre_hz(b)))
    };
    let rows: Vec<[f64; BANDS]> = bands.iter().map(|&band| row(band)).collect();
    let dot = |x: &[f64; BANDS], y: &[f64; BANDS]| (0..BANDS).map(|b| x[b] * y[b]).sum::<f64>();
    let mut gains = vec![0.0; bands.len()];
    for _ in 0..60 {
        for i in 0..bands.len() {
            let others: f64 =
                (0..bands.len()).filter(|j| *j != i).map(|j| gains[j] * dot(&rows[i], &rows[j])).sum();
            gains[i] = ((dot(&rows[i], wanted_db) - others) / dot(&rows[i], &rows[i])).clamp(-CAP_DB, CAP_DB);
        }
    }
    gains
}

/// Compares band levels (dB re integrated loudness) with the families and proposes filters.
///
/// `top_hz` is where the programme's spectrum ends (a lossy source, a low sample rate): bands that reach beyond it are
/// not touched. `amount` is how much of the way to the edge is gone.
#[must_use]
pub fn propose(level_db: &[f64; BANDS], top_hz: f64, amount: f64) -> Tone {
    let nearest = FAMILIES.iter().min_by(|a, b| distance(level_db, a).1.total_cmp(&distance(level_db, b).1));
    let family = nearest.unwrap_or(&FAMILIES[0]);
    let (distance_db, _) = distance(level_db, family);
    let outside: [f64; BANDS] = std::array::from_fn(|b| {
        let edge = distance_db[b].clamp(-family.deviation_db[b], family.deviation_db[b]);
        let empty =
            level_db[b] < EMPTY_DB || !level_db[b].is_finite() || EDGES_HZ[b + 1] > top_hz.max(1.0) * 1.05;
        if empty { 0.0 } else { distance_db[b] - edge }
    });
    let wanted: [f64; BANDS] =
        std::array::from_fn(|b| (-amount * outside[b] * measure(b, outside[b])).clamp(-CAP_DB, CAP_DB));
    let tilt = tilt_of(&wanted, &outside);
    let left: [f64; BANDS] = std::array::from_fn(|b| match &tilt {
        // What the tilt has done of it, and no correction of the tilt itself.
        Some(tilt) if wanted[b] != 0.0 => {
            let rest = wanted[b] - response_db(Shape::Tilt, tilt.freq_hz, tilt.q, tilt.gain_db, centre_hz(b));
            if rest * wanted[b] > 0.0 { rest } else { 0.0 }
        }
        Some(_) => 0.0,
        None => wanted[b],
    });
    let corrections = tilt.into_iter().chain(filters(&left, &outside)).collect();
    let (family, deviation_db) = (family.name, family.deviation_db);
    Tone { family, level_db: *level_db, distance_db, deviation_db, corrections }
}

/// How much of the way a band goes from so far outside, 0 to 1.
fn measure(band: usize, outside_db: f64) -> f64 {
    let (in_full_db, not_at_all_db) = match band {
        0 | 8 => ENDS_DB,
        _ if outside_db > 0.0 => CUT_DB,
        _ => BOOST_DB,
    };
    ((not_at_all_db - outside_db.abs()) / (not_at_all_db - in_full_db)).clamp(0.0, 1.0)
}

/// A tilt, where that alone does most of what is wanted.
fn tilt_of(wanted: &[f64; BANDS], outside: &[f64; BANDS]) -> Option<Correction> {
    let row: [f64; BANDS] =
        std::array::from_fn(|b| response_db(Shape::Tilt, PIVOT_HZ, 0.71, 1.0, centre_hz(b)));
    let dot = |x: &[f64; BANDS], y: &[f64; BANDS]| (0..BANDS).map(|b| x[b] * y[b]).sum::<f64>();
    let (all, along) = (dot(wanted, wanted), dot(wanted, &row));
    let gain_db = along / dot(&row, &row);
    let asked = wanted.iter().filter(|db| db.abs() >= LEAST_DB).count();
    // One band or two are the business of a filter of their own.
    if asked < 3 || gain_db.abs() < LEAST_DB || along * gain_db < TILT_SHARE * all {
        return None;
    }
    let worst = (0..BANDS).max_by(|&a, &b| outside[a].abs().total_cmp(&outside[b].abs())).unwrap_or(0);
    Some(Correction {
        shape: Shape::Tilt,
        freq_hz: PIVOT_HZ,
        q: 0.71,
        gain_db: (gain_db.clamp(-CAP_DB, CAP_DB) * 10.0).round() / 10.0,
        band: worst,
        outside_db: outside[worst],
    })
}

/// Shelves and bells that come nearest to what is wanted.
fn filters(wanted: &[f64; BANDS], outside: &[f64; BANDS]) -> Vec<Correction> {
    let mut asked: Vec<usize> = (0..BANDS).filter(|&b| wanted[b].abs() >= LEAST_DB).collect();
    // The largest first; the shelves are free, of the bells only so many.
    asked.sort_by(|&a, &b| wanted[b].abs().total_cmp(&wanted[a].abs()).then(a.cmp(&b)));
    let mut bells = 0;
    asked.retain(|&b| {
        let bell = filter_of(b).0 == Shape::Bell;
        bells += usize::from(bell);
        !bell || bells <= MOST_BELLS
    });
    asked.sort_unstable();
    let gains = fit(&asked, wanted);
    asked
        .iter()
        .zip(gains)
        .filter(|(_, gain_db)| gain_db.abs() >= LEAST_DB)
        .map(|(&band, gain_db)| {
            let (shape, freq_hz, q) = filter_of(band);
            // Written values are round: a tenth of a decibel, a whole hertz.
            let (gain_db, freq_hz) = ((gain_db * 10.0).round() / 10.0, freq_hz.round());
            Correction { shape, freq_hz, q, gain_db, band, outside_db: outside[band] }
        })
        .collect()
}

/// The band a frequency lies in.
#[must_use]
pub fn band_of(freq_hz: f64) -> usize {
    (0..BANDS).find(|b| freq_hz < EDGES_HZ[b + 1]).unwrap_or(BANDS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_at_the_median_is_left_alone_at_any_level() {
        for family in FAMILIES {
            for offset in [-20.0, 0.0, 7.0] {
                let level = family.median_db.map(|db| db + offset);
                let tone = propose(&level, 20_000.0, 0.5);
                assert_eq!(tone.family, family.name);
                assert!(tone.corrections.is_empty(), "{:?}", tone.corrections);
            }
        }
    }

    #[test]
    fn nine_decibels_too_much_bass_is_cut_by_a_low_shelf_within_the_cap() {
        let mut level = FAMILIES[0].median_db;
        level[0] += 9.0;
        let tone = propose(&level, 20_000.0, 0.5);
        let shelf = tone.corrections[0];
        assert_eq!((shelf.shape, shelf.band), (Shape::LowShelf, 0));
        assert!(shelf.gain_db < -1.5 && shelf.gain_db >= -3.0, "{shelf:?}");
        assert!(shelf.outside_db > 4.0);
    }

    #[test]
    fn a_missing_top_is_not_boosted() {
        let mut level = FAMILIES[0].median_db;
        level[8] = -95.0;
        assert!(propose(&level, 20_000.0, 0.5).corrections.iter().all(|c| c.band != 8));
        level[8] = -50.0;
        assert!(propose(&level, 16_000.0, 0.5).corrections.iter().all(|c| c.band != 8));
    }

    #[test]
    fn the_analogue_responses_are_those_of_the_textbook() {
        // A bell has its full gain at its centre, half of it (in dB) at no closed point, nothing far away; a shelf has
        // half its gain at its corner.
        assert!((response_db(Shape::Bell, 1000.0, 1.0, 6.0, 1000.0) - 6.0).abs() < 1e-9);
        assert!(response_db(Shape::Bell, 1000.0, 1.0, 6.0, 30.0).abs() < 0.02);
        assert!((response_db(Shape::LowShelf, 100.0, 0.707, -4.0, 100.0) + 2.0).abs() < 0.01);
        assert!((response_db(Shape::HighShelf, 8000.0, 0.707, 3.0, 200_000.0) - 3.0).abs() < 0.02);
        assert!((response_db(Shape::HighShelf, 8000.0, 0.707, 3.0, 8000.0) - 1.5).abs() < 0.01);
    }

    #[test]
    fn the_fit_reaches_a_wanted_tilt() {
        let wanted = [1.0, 0.6, 0.3, 0.1, 0.0, -0.2, -0.4, -0.7, -1.0];
        let all: Vec<usize> = (0..BANDS).collect();
        let gains = fit(&all, &wanted);
        for (b, want) in wanted.iter().enumerate() {
            let got: f64 = all
                .iter()
                .zip(&gains)
                .map(|(&f, gain)| {
                    let (shape, hz, q) = filter_of(f);
                    response_db(shape, hz, q, *gain, centre_hz(b))
                })
                .sum();
            assert!((got - want).abs() < 0.25, "band {b}: {got} for {want}");
        }
    }

    #[test]
    fn a_bright_mix_is_turned_as_a_whole_before_bands_are_touched() {
        let tilted = |db: f64| -> [f64; BANDS] {
            std::array::from_fn(|b| FAMILIES[0].median_db[b] + db * (b as f64 / 4.0 - 1.0))
        };
        // 15 dB from the bottom to the top, evenly over the bands.
        let tone = propose(&tilted(7.5), 20_000.0, 0.5);
        let first = tone.corrections[0];
        assert_eq!(first.shape, Shape::Tilt, "{:?}", tone.corrections);
        assert!(first.gain_db <= -0.5, "{first:?}");
        assert!(tone.corrections[1..].iter().all(|c| c.gain_db.abs() < first.gain_db.abs() + 1.0));
        // The same slope the other way is what jazz sounds like, and stays.
        let dark = propose(&tilted(-7.5), 20_000.0, 0.5);
        assert_eq!((dark.family, dark.corrections.len()), ("jazz and acoustic", 0));
    }

    #[test]
    fn what_lies_far_outside_is_music_and_stays() {
        let gain = |over_db: f64| {
            let mut level = FAMILIES[0].median_db;
            level[4] += over_db;
            let tone = propose(&level, 20_000.0, 0.5);
            tone.corrections.iter().find(|c| c.band == 4).map_or(0.0, |c| c.gain_db)
        };
        assert!(gain(6.0) < -0.5, "{}", gain(6.0));
        assert!(gain(12.0) > gain(7.0), "{} {}", gain(12.0), gain(7.0));
        assert_eq!(gain(20.0), 0.0);
        // What is not there is raised less than what is too much is cut.
        assert!(gain(-6.0) >= 0.0 && gain(-6.0) < -gain(6.0), "{} {}", gain(-6.0), gain(6.0));
        assert_eq!(gain(-12.0), 0.0);
    }

    #[test]
    fn how_far_a_band_goes_hangs_on_where_it_is_and_on_which_side() {
        for (band, outside_db, wanted) in [
            (0, 5.0, 1.0),
            (0, 8.5, 0.5),
            (8, -8.5, 0.5),
            (8, -12.0, 0.0),
            (4, 3.0, 1.0),
            (4, 6.0, 0.5),
            (4, 9.0, 0.0),
            (1, -2.0, 1.0),
            (7, -4.0, 0.5),
            (4, -6.0, 0.0),
        ] {
            assert_eq!(measure(band, outside_db), wanted, "{band} {outside_db}");
        }
    }

    #[test]
    fn a_band_that_reaches_beyond_the_spectrum_is_left_alone() {
        let mut level = FAMILIES[0].median_db;
        level[8] -= 11.0;
        let moved = |top_hz| propose(&level, top_hz, 0.5).corrections.iter().any(|c| c.band == 8);
        assert!(moved(20_000.0) && !moved(16_000.0));
    }

    #[test]
    fn what_a_tilt_has_done_is_not_done_again() {
        let level: [f64; BANDS] =
            std::array::from_fn(|b| FAMILIES[0].median_db[b] + 7.5 * (b as f64 / 4.0 - 1.0));
        let tone = propose(&level, 20_000.0, 0.5);
        assert_eq!(tone.corrections[0].shape, Shape::Tilt);
        for band in 0..BANDS {
            let outside = tone.distance_db[band].abs()
                - FAMILIES[0].deviation_db[band].min(tone.distance_db[band].abs());
            let done: f64 = tone
                .corrections
                .iter()
                .map(|c| response_db(c.shape, c.freq_hz, c.q, c.gain_db, centre_hz(band)))
                .sum();
            assert!(done.abs() <= 0.5 * outside + 1.0, "band {band}: {done} of {outside}");
        }
        assert!(
            tone.corrections[1..].iter().all(|c| c.gain_db * c.outside_db < 0.0),
            "{:?}",
            tone.corrections
        );
    }

    #[test]
    fn no_more_than_four_bells_are_set() {
        let level: [f64; BANDS] = std::array::from_fn(|b| {
            let way = [0.0, 7.0, -7.0, 7.0, -7.0, 7.0, -7.0, 7.0, 0.0];
            FAMILIES[0].median_db[b] + way[b]
        });
        let tone = propose(&level, 20_000.0, 1.0);
        let bells = tone.corrections.iter().filter(|c| c.shape == Shape::Bell).count();
        assert!((1..=MOST_BELLS).contains(&bells), "{:?}", tone.corrections);
    }

    #[test]
    fn more_amount_moves_further() {
        let mut level = FAMILIES[0].median_db;
        level[0] += 5.0;
        let gain = |amount| propose(&level, 20_000.0, amount).corrections[0].gain_db;
        assert!(gain(0.5) < gain(0.3) && gain(0.3) < 0.0);
    }
}
