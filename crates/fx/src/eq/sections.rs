//! From the settings of a band to its sections.

use super::{BandKind, EqBand, Part, Slope};
use dsp::biquad::Shape;
use dsp::eq_design::{
    CORRECTIONS, Curve, PASS_SECTIONS, correct, design, design_exact, pass_filter, pass_prototypes,
};

/// Sections a band can need.
pub(super) const SECTIONS: usize = PASS_SECTIONS + CORRECTIONS;

/// Order of a pass filter.
fn order(slope: Slope) -> usize {
    match slope {
        Slope::Db72 => 12,
        Slope::Db96 => 16,
        other => other as usize + 1,
    }
}

/// The curve of a band that is not a pass filter.
fn curve(band: &EqBand) -> Option<Curve> {
    let first_order = band.slope == Slope::Db6;
    Some(match band.kind {
        BandKind::HighPass | BandKind::LowPass => return None,
        BandKind::Bell => Curve::Bell,
        BandKind::LowShelf if first_order => Curve::LowShelf1,
        BandKind::LowShelf => Curve::LowShelf,
        BandKind::HighShelf if first_order => Curve::HighShelf1,
        BandKind::HighShelf => Curve::HighShelf,
        BandKind::Notch => Curve::Notch,
        BandKind::BandPass => Curve::BandPass,
        BandKind::Tilt => Curve::Tilt,
        BandKind::AllPass => Curve::AllPass,
    })
}

/// The curve of a band whose gain can move.
pub(super) fn moving_curve(band: &EqBand) -> Option<Curve> {
    let has_gain =
        matches!(band.kind, BandKind::Bell | BandKind::LowShelf | BandKind::HighShelf | BandKind::Tilt);
    curve(band).filter(|_| has_gain)
}

/// The sections of one band: with `exact` with their corrections, which take milliseconds to find in the worst case.
pub(super) fn sections(band: &EqBand, rate: f64, exact: bool) -> [Shape; SECTIONS] {
    let mut all = [Shape::IDENTITY; SECTIONS];
    if !band.on {
        return all;
    }
    if let Some(curve) = curve(band) {
        if exact {
            let found = design_exact(curve, band.freq_hz, band.gain_db, band.q, rate);
            all[..found.len()].copy_from_slice(&found);
        } else {
            all[0] = design(curve, band.freq_hz, band.gain_db, band.q, rate);
        }
        return all;
    }
    let (high, order) = (band.kind == BandKind::HighPass, order(band.slope));
    // 0.71 on the knob is exactly Butterworth.
    let q = band.q * (core::f64::consts::FRAC_1_SQRT_2 / 0.71);
    let (main, more) = all.split_at_mut(PASS_SECTIONS);
    main.copy_from_slice(&pass_filter(high, order, band.freq_hz, q, rate));
    if exact {
        let (prototypes, count) = pass_prototypes(high, order, band.freq_hz, q);
        more.copy_from_slice(&correct(&prototypes[..count], &mut main[..count], rate));
    }
    all
}

/// The part a band works on where there are so many channels: mono is all middle.
pub(super) fn part_of(band: &EqBand, channels: usize) -> Part {
    if channels == 1 && band.part == Part::Mid { Part::Stereo } else { band.part }
}

/// Whether a part contains a channel as it is.
pub(super) fn contains(part: Part, channel: usize) -> bool {
    match part {
        Part::Stereo => true,
        Part::Left => channel == 0,
        Part::Right => channel == 1,
        Part::Mid | Part::Side => false,
    }
}
