//! One song or several as one picture: what levels and spectra come to when loudness is taken out.

use super::grid::{self, Curve, POINTS};
use super::portrait::Portrait;
use super::width;
use dsp::math;

/// Below this nothing is matched: rumble is no tone.
const LEAST_HZ: f64 = 25.0;
/// Above this nothing is matched: the top third of an octave belongs to converters and encoders.
const MOST_HZ: f64 = 17_000.0;
/// A spectrum that ends is believed up to here, as part of its end.
const BELIEVED: f64 = 0.92;
/// Smoothing of the spectra, octaves at half height (mastering.md §5.6: a sixth to a third).
pub(super) const SMOOTHING_OCTAVES: f64 = 1.0 / 3.0;
/// The same where every detail is asked for.
pub(super) const FINE_OCTAVES: f64 = 1.0 / 6.0;
/// What lies so far under the loudest third of an octave counts as this loud: ratios of nothing to nothing mean nothing
/// (mastering.md §5.6: ε = -60 dB re band max).
const FLOOR_DB: f64 = -60.0;

/// What songs are compared by.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picture {
    /// Third-octave-smoothed spectrum per twenty-fourth of an octave, dB re the K-weighted whole of the loud half.
    pub(super) tone_db: Curve,
    /// The same, smoothed over a sixth of an octave.
    pub(super) fine_db: Curve,
    /// Where that means anything.
    pub(super) valid: [bool; POINTS],
    /// Side re mid of the bands of [`width`], dB.
    pub(super) side_mid_db: [Option<f64>; width::BANDS],
    /// How far loud moments of three bands stand over the usual ones, dB.
    pub(super) reach_db: [Option<f64>; 3],
    /// Integrated loudness.
    pub(super) lufs: f64,
}

impl Picture {
    pub(super) fn of(portrait: &Portrait) -> Self {
        Self::of_power(portrait, &portrait.total())
    }

    /// The picture of a song whose spectrum was changed to `power`.
    pub(super) fn of_power(portrait: &Portrait, power: &Curve) -> Self {
        let top_hz = (BELIEVED * portrait.top_hz).min(MOST_HZ);
        Self {
            tone_db: tone_db(power, SMOOTHING_OCTAVES),
            fine_db: tone_db(power, FINE_OCTAVES),
            valid: std::array::from_fn(|point| (LEAST_HZ..=top_hz).contains(&grid::centre_hz(point))),
            side_mid_db: width::side_mid_db(portrait),
            reach_db: portrait.spread.map(|spread| spread.map(|spread| spread.reach_db())),
            lufs: portrait.lufs,
        }
    }

    /// The mean of logarithms, by weights (mastering.md §5.6: several references); a value counts where it is known.
    pub(super) fn mean(pictures: &[(Self, f64)]) -> Option<Self> {
        pictures.first()?;
        let of = |value: &dyn Fn(&Self) -> Option<f64>| {
            let known = pictures.iter().filter_map(|(picture, weight)| Some((value(picture)?, *weight)));
            let (sum, total) = known
                .fold((0.0, 0.0), |(sum, total), (value, weight)| (sum + weight * value, total + weight));
            (total > 0.0).then(|| sum / total)
        };
        let curve = |pick: &dyn Fn(&Self) -> &Curve| -> [Option<f64>; POINTS] {
            std::array::from_fn(|point| {
                of(&|picture: &Self| picture.valid[point].then_some(pick(picture)[point]))
            })
        };
        let tone = curve(&|picture| &picture.tone_db);
        let fine = curve(&|picture| &picture.fine_db);
        Some(Self {
            tone_db: tone.map(|tone| tone.unwrap_or(FLOOR_DB)),
            fine_db: fine.map(|fine| fine.unwrap_or(FLOOR_DB)),
            valid: tone.map(|tone| tone.is_some()),
            side_mid_db: std::array::from_fn(|band| of(&|picture: &Self| picture.side_mid_db[band])),
            reach_db: std::array::from_fn(|band| of(&|picture: &Self| picture.reach_db[band])),
            lufs: of(&|picture: &Self| Some(picture.lufs))?,
        })
    }
}

fn tone_db(power: &Curve, octaves: f64) -> Curve {
    let weights = grid::k_weights();
    let whole: f64 = power.iter().zip(&weights).map(|(power, weight)| power * weight).sum();
    let soft = grid::smoothed(power, &[true; POINTS], octaves);
    let most = soft.iter().copied().fold(0.0, f64::max);
    let floor = most * math::db_to_power(FLOOR_DB);
    soft.map(|power| math::power_to_db((power + floor) / whole.max(f64::MIN_POSITIVE)))
}

/// Points where a song has noise instead of music: they neither rise with it, nor reach -60 dB re its loudness in a third of
/// an octave (mastering.md §5.6: never boost what is below -60 or shows noise).
pub(super) fn noise(portrait: &Portrait) -> [bool; POINTS] {
    /// Loud and quiet must lie so far apart for the test to tell anything. By our own convention, not yet calibrated.
    const APART_DB: f64 = 12.0;
    /// What rises by less is no music. By our own convention, not yet calibrated.
    const RISES_DB: f64 = 3.0;
    let weights = grid::k_weights();
    let loudness = |power: &Curve| -> f64 { power.iter().zip(&weights).map(|(p, w)| p * w).sum() };
    let everywhere = [true; POINTS];
    let loud = portrait.total();
    let quiet = portrait.quiet.map(|power| 2.0 * power);
    let apart = math::power_to_db(loudness(&loud) / loudness(&quiet).max(f64::MIN_POSITIVE)) >= APART_DB;
    let floor = loudness(&loud) * math::db_to_power(FLOOR_DB);
    let (loud, quiet) = (
        grid::smoothed(&loud, &everywhere, SMOOTHING_OCTAVES),
        grid::smoothed(&quiet, &everywhere, SMOOTHING_OCTAVES),
    );
    let third = grid::PER_OCTAVE as f64 / 3.0;
    std::array::from_fn(|point| {
        third * loud[point] < floor || (apart && loud[point] < quiet[point] * math::db_to_power(RISES_DB))
    })
}
