//! Width: bass to the middle, and bands back into the range of records.

use super::super::chain::{Evidence, Family, Step};
use super::super::listen::Listening;
use super::super::taste::Taste;
use super::super::tone::{EDGES_HZ, Shape};
use super::tone::kind_of;
use super::{Proposal, made, set, tenth};
use crate::message::Result;
use dsp::math::db_to_gain;
use fx::Choice;

/// Side re mid below the first edge above which the bass is made mono, dB (mastering.md §5.7: bass ≤ -11).
const BASS_SIDE_DB: f64 = -11.0;
/// Corner below which it is made mono (mastering.md §5.9: elliptic at 80 to 150 Hz).
const MONO_BELOW_HZ: f64 = 110.0;
/// Side re mid of records above the bass, dB of the three groups of bands (mastering.md §5.7: -14 to -4,
/// and to -2 at the top).
const NARROW_DB: f64 = -14.0;
const WIDE_DB: [f64; 3] = [-4.0, -4.0, -2.0];
/// Under this there is no side to speak of: it would be noise that is raised, dB. By calibration, 2026-11-21.
const NO_SIDE_DB: f64 = -22.0;
/// Most that the side is changed by, dB: a correction, not an effect. By calibration, 2026-11-21.
const MOST_DOWN_DB: f64 = 2.0;
const MOST_UP_DB: f64 = 1.0;
/// Changes that differ by less are one change of the whole, dB.
const ALIKE_DB: f64 = 0.5;
/// A change that is less is left out, dB.
const LEAST_DB: f64 = 0.5;

/// First of the bands of each group, among those that were measured.
const GROUPS: [usize; 3] = [1, 3, 6];
/// Filters on the side that stand for the groups: broad, about as wide as their group.
/// By calibration, 2026-11-21: docs/decisions/042 says why not the imager.
const FILTERS: [(Shape, f64, f64); 3] =
    [(Shape::Bell, 340.0, 0.6), (Shape::Bell, 1860.0, 0.6), (Shape::HighShelf, 6000.0, 0.6)];

pub(super) fn widen(heard: &Listening, stereo: bool, taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    if !stereo {
        proposal.leave(Family::Width, "width left alone", "the print is mono".into());
        return Ok(());
    }
    let before = proposal.steps.len();
    bass(heard, taste, proposal)?;
    bands(heard, taste, proposal)?;
    if proposal.steps.len() == before {
        let side = median(heard.side_mid_db[1..8].iter().flatten().copied().collect());
        let because = side.map_or_else(
            || "there is nothing to measure".to_owned(),
            |side| format!("side re mid is {side:.1} dB, between {NARROW_DB:.0} and {:.0} dB, and the bass is in the middle", WIDE_DB[0]),
        );
        proposal.leave(Family::Width, "width left alone", because);
    }
    Ok(())
}

fn bass(heard: &Listening, taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    let Some(side) = heard.side_mid_db[0].filter(|side| *side > BASS_SIDE_DB) else { return Ok(()) };
    let corner_hz = (MONO_BELOW_HZ * taste.strength.width.min(1.36)).round();
    let gain = made("gain", &[("mono_below_hz", corner_hz)])?;
    proposal.take(
        Step::new("width-bass", Family::Width, gain)
            .because(format!(
                "side re mid is {side:.1} dB below {:.0} Hz (limit {BASS_SIDE_DB:.0} dB): bass on one side costs level, and a lathe cannot cut it",
                EDGES_HZ[1]
            ))
            .evidence(Evidence::new(format!("side re mid below {:.0} Hz", EDGES_HZ[1]), side, "dB", BASS_SIDE_DB))
            .effect(format!("mono below {corner_hz:.0} Hz"))
            .confidence(0.8)
            .or("put the bass in the middle in the mix"),
    );
    Ok(())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Side re mid of the three bands above the bass, and by how much the side of each is to change.
fn wanted(heard: &Listening, strength: f64) -> [(Option<f64>, f64); 3] {
    std::array::from_fn(|group| {
        let end = GROUPS.get(group + 1).copied().unwrap_or(heard.side_mid_db.len());
        let side = median(heard.side_mid_db[GROUPS[group]..end].iter().flatten().copied().collect());
        // Half of the way to the edge: width is the mix's own decision first.
        let change_db = match side {
            Some(side) if side > WIDE_DB[group] => (0.5 * (WIDE_DB[group] - side)).max(-MOST_DOWN_DB),
            Some(side) if side < NARROW_DB && side > NO_SIDE_DB => (0.5 * (NARROW_DB - side)).min(MOST_UP_DB),
            _ => 0.0,
        };
        (side, tenth((change_db * strength).clamp(-MOST_DOWN_DB, 1.5 * MOST_UP_DB)))
    })
}

/// An equaliser on the side.
fn side_eq(changes: &[f64; 3]) -> Result<Box<dyn fx::AnyProcessor>> {
    let mut eq = made("eq", &[])?;
    let used = FILTERS.iter().zip(changes).filter(|(_, change)| **change != 0.0);
    for (number, ((shape, freq_hz, q), change_db)) in (1..).zip(used) {
        let mut band = |key: &str, value: f64| set(eq.as_mut(), &format!("band{number}.{key}"), value);
        band("kind", kind_of(*shape));
        band("freq_hz", *freq_hz);
        band("gain_db", *change_db);
        band("q", *q);
        band("part", fx::eq::Part::Side.index() as f64);
    }
    Ok(eq)
}

fn side_effect(changes: &[f64; 3]) -> String {
    let used = FILTERS.iter().zip(changes).filter(|(_, change)| **change != 0.0);
    let said: Vec<String> = used
        .map(|((_, freq_hz, _), change_db)| format!("{change_db:+.1} dB about {freq_hz:.0} Hz"))
        .collect();
    format!("side {}", said.join(", "))
}

fn bands(heard: &Listening, taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    let wanted = wanted(heard, taste.strength.width);
    let changes = wanted.map(|(_, change)| if change.abs() < LEAST_DB { 0.0 } else { change });
    let (least, most) =
        changes.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    if changes == [0.0; 3] {
        return Ok(());
    }
    let percent = |change_db: f64| (100.0 * db_to_gain(change_db)).round();
    let (id, settings, effect) = if most - least <= ALIKE_DB {
        let width = percent(changes.iter().sum::<f64>() / 3.0);
        ("width-whole", made("gain", &[("width_percent", width)])?, format!("width {width:.0} %"))
    } else {
        ("width-bands", side_eq(&changes)?, side_effect(&changes))
    };
    let too = if least < 0.0 { "wide: mono playback would lose much" } else { "narrow beside records" };
    let mut step = Step::new(id, Family::Width, settings)
        .because(format!(
            "side re mid lies outside {NARROW_DB:.0} to {:.0} dB ({:.0} at the top), too {too}",
            WIDE_DB[0], WIDE_DB[2]
        ))
        .effect(effect)
        .confidence(if least < 0.0 { 0.6 } else { 0.4 })
        .or("leave it: width is the mix's own decision")
        .or("pan and place in the mix");
    for (group, (side, _)) in wanted.iter().enumerate() {
        if let Some(side) = side.filter(|_| changes[group] != 0.0) {
            let edge = if side > NARROW_DB { WIDE_DB[group] } else { NARROW_DB };
            step = step.evidence(Evidence::new(
                format!("side re mid above {:.0} Hz", EDGES_HZ[GROUPS[group]]),
                side,
                "dB",
                edge,
            ));
        }
    }
    proposal.take(step);
    Ok(())
}
