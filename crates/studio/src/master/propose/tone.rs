//! Static equalisation: rumble, balance, colour.

use super::super::chain::{Evidence, Family, Step};
use super::super::listen::Listening;
use super::super::taste::Taste;
use super::super::tone::{Correction, EDGES_HZ, Shape, Tone, band_of};
use super::{Proposal, made, tenth};
use crate::message::Result;
use fx::Choice;
use fx::eq::BandKind;

/// Rumble below 25 Hz re the whole above which it is removed, dB (mastering.md §5.9: high-pass on demand only).
/// By calibration, 2026-11-21: no record in the reference material has more.
const RUMBLE_DB: f64 = -30.0;
/// Its corner (mastering.md §5.9: 20 to 25 Hz).
const RUMBLE_HZ: f64 = 24.0;
/// A filter of a colour that would do less is left out, dB: nobody hears it.
const LEAST_COLOUR_DB: f64 = 0.2;

pub(super) fn band_name(band: usize) -> String {
    format!("{:.0}–{:.0} Hz", EDGES_HZ[band], EDGES_HZ[band + 1])
}

/// Index of a word among the kinds of an equaliser's band.
pub(super) fn kind_of(shape: Shape) -> f64 {
    let kind = match shape {
        Shape::LowShelf => BandKind::LowShelf,
        Shape::Bell => BandKind::Bell,
        Shape::HighShelf => BandKind::HighShelf,
        Shape::Tilt => BandKind::Tilt,
    };
    kind.index() as f64
}

fn name_of(shape: Shape) -> &'static str {
    match shape {
        Shape::LowShelf => "low shelf",
        Shape::Bell => "bell",
        Shape::HighShelf => "high shelf",
        Shape::Tilt => "tilt",
    }
}

/// What lies under the music.
pub(super) fn clean(heard: &Listening, taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    if heard.rumble_db <= RUMBLE_DB {
        return Ok(());
    }
    // A softer wish moves the corner down: less is taken away.
    let freq_hz = (RUMBLE_HZ * taste.strength.tone.min(1.0)).max(10.0).round();
    let kind = BandKind::HighPass.index() as f64;
    let eq = made("eq", &[("band1.kind", kind), ("band1.freq_hz", freq_hz)])?;
    proposal.take(
        Step::new("tone-rumble", Family::Tone, eq)
            .because(format!(
                "what lies below 25 Hz, where no loudspeaker makes music of it, is only {:.0} dB under the whole (limit {:.0} dB)",
                -heard.rumble_db, -RUMBLE_DB
            ))
            .evidence(Evidence::new("energy below 25 Hz re all", heard.rumble_db, "dB", RUMBLE_DB))
            .effect(format!("high-pass {freq_hz:.0} Hz, 12 dB/oct"))
            .confidence(0.9)
            .or("find the source in the mix: a floor, a stage, DC of a plug-in")
            .or("a steeper filter, 24 dB/oct, where a subwoofer is the destination"),
    );
    Ok(())
}

/// The long-term balance, held against records.
pub(super) fn balance(taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    let tone = proposal.tone.clone();
    let mut moved = false;
    for correction in &tone.corrections {
        let gain_db = tenth(correction.gain_db * taste.strength.tone);
        if gain_db != 0.0 {
            proposal.take(correct(correction, gain_db, &tone)?);
            moved = true;
        }
    }
    if !moved {
        let because = format!("every band lies in the range of {} records", tone.family);
        proposal.leave(Family::Tone, "no equalisation", because);
    }
    Ok(())
}

fn correct(correction: &Correction, gain_db: f64, tone: &Tone) -> Result<Step> {
    let Correction { shape, freq_hz, q, band, outside_db, .. } = *correction;
    let eq = filter(shape, freq_hz, q, gain_db)?;
    let side = if outside_db > 0.0 { "over" } else { "under" };
    let id = match shape {
        Shape::Tilt => "tone-tilt".to_owned(),
        _ => format!("tone-{:.0}hz", freq_hz),
    };
    let what = format!(
        "{} lies {:.1} dB {side} the range of {} records",
        band_name(band),
        outside_db.abs(),
        tone.family
    );
    let because = match shape {
        Shape::Tilt => format!("the whole leans: {what}, and its neighbours with it"),
        _ => what,
    };
    let edge = tone.deviation_db[band];
    Ok(Step::new(id, Family::Tone, eq)
        .because(because)
        .evidence(Evidence::new(
            format!("{} re the median of {} records", band_name(band), tone.family),
            tone.distance_db[band],
            "dB",
            if outside_db > 0.0 { edge } else { -edge },
        ))
        .effect(format!("{} {gain_db:+.1} dB at {freq_hz:.0} Hz", name_of(shape)))
        // Far outside is sure; a step over the edge is taste. By calibration, 2026-11-21.
        .confidence((0.5 + 0.08 * outside_db.abs()).min(0.9))
        .or("leave it: what lies outside of what is usual may be meant")
        .or(if outside_db > 0.0 {
            "take it out of the instrument in the mix"
        } else {
            "raise the instrument in the mix"
        }))
}

fn filter(shape: Shape, freq_hz: f64, q: f64, gain_db: f64) -> Result<Box<dyn fx::AnyProcessor>> {
    made(
        "eq",
        &[
            ("band1.kind", kind_of(shape)),
            ("band1.freq_hz", freq_hz),
            ("band1.gain_db", gain_db),
            ("band1.q", q),
        ],
    )
}

/// The colour asked for, less where the mix has it already.
pub(super) fn colour(taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    for one in &taste.colour.filters {
        let band = band_of(one.freq_hz);
        let (distance, deviation) = (proposal.tone.distance_db[band], proposal.tone.deviation_db[band]);
        // Deviations that the band lies on that side already: none is the full measure, one is nothing.
        let there = distance / deviation * one.gain_db.signum();
        let gain_db = tenth(one.gain_db * (1.0 - there).clamp(0.0, 1.0) * taste.strength.tone);
        let because = format!(
            "{} was asked for; {} lies {distance:+.1} dB from the median of {} records",
            taste.colour.name,
            band_name(band),
            proposal.tone.family
        );
        if gain_db.abs() < LEAST_COLOUR_DB {
            proposal.leave(Family::Tone, "no colour needed", because);
            continue;
        }
        let eq = filter(one.shape, one.freq_hz, one.q, gain_db)?;
        proposal.take(
            Step::new(format!("colour-{:.0}hz", one.freq_hz), Family::Tone, eq)
                .because(because)
                .evidence(Evidence::new(
                    format!("{} re the median", band_name(band)),
                    distance,
                    "dB",
                    deviation * one.gain_db.signum(),
                ))
                .effect(format!("{} {gain_db:+.1} dB at {:.0} Hz", name_of(one.shape), one.freq_hz))
                .confidence(0.6)
                .or("tone = \"neutral\""),
        );
    }
    Ok(())
}
