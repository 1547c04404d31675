//! Polarity and time between microphones that hear the same thing (C3).

use super::lanes::Room;
use crate::align::{Alignment, Basis, Relation};
use crate::moves::{Draft, Family, Place, Value};

/// Where the rule comes from.
const EVIDENCE: &str = "Clifford and Reiss 2011; generalised cross-correlation with rho 0.8, accepted at a peak ratio of 1.25 (mixing.md C3)";

/// Turns and delays close microphones; overheads and rooms are never moved.
pub(super) fn work(room: &mut Room<'_>) {
    let mut found: Vec<Alignment> = room.song.alignments.clone();
    found.sort_by_key(|one| (one.track, one.reference));
    for one in &found {
        let (Some(track), Some(reference)) =
            (room.song.tracks.get(one.track), room.song.tracks.get(one.reference))
        else {
            continue;
        };
        if one.invert {
            let text = format!(
                "{} is the other way round from {}: turned over, so that both push together.",
                track.name, reference.name
            );
            let place = Place::control(&track.id, "polarity");
            let draft =
                Draft::new("cleanup.polarity", Family::Cleanup, place, "inverted".into(), "".into(), &text);
            let draft = told(draft, one, &reference.id).or("normal");
            room.book.put(&mut room.desk, draft);
        }
        if one.delay_frames > 0 {
            let ms = f64::from(one.delay_frames) * 1e3 / f64::from(room.song.sample_rate_hz.max(1));
            // The figure is what it takes in all, where the other one is delayed as well.
            let text = format!(
                "{} is ahead of {}: delayed by {{value}} ({ms:.2} ms), so that both hear a hit at once.",
                track.name, reference.name
            );
            let place = Place::control(&track.id, "delay_samples");
            let full = Value::Number(f64::from(one.delay_frames));
            // Half a delay is no half of the cure: it is made whole or not at all.
            let draft = Draft::new("cleanup.delay", Family::Cleanup, place, full, "".into(), &text);
            let draft = told(draft, one, &reference.id).or("polarity alone: undo cleanup.delay");
            room.book.put(&mut room.desk, draft);
        }
    }
}

fn told(draft: Draft, one: &Alignment, reference: &str) -> Draft {
    let relation = match one.kind {
        Relation::CloseToOverheads => "close microphone to overheads",
        Relation::SameDrum => "two microphones of one drum",
        Relation::DirectAndAmp => "direct signal and amplifier",
        Relation::Cabinet => "microphones of one cabinet",
        Relation::Sides => "two sides of one instrument",
    };
    let basis = match one.basis {
        Basis::CrossSpectrum => "cross-spectrum",
        Basis::Follows => "goes with the microphone it belongs to",
        Basis::LowEnergy => "energy of sum and difference under 300 Hz",
    };
    draft
        .because_of("reference", reference)
        .because_of("relation", relation)
        .because_of("basis", basis)
        .because("hits", one.hits as f64)
        .because("peak_ratio", one.peak_ratio)
        .because("spread_frames", one.spread_frames)
        .effect(format!(
            "40-300 Hz in the sum {:+.1} dB before, {:+.1} dB after; comb {:.1} dB before, {:.1} dB after",
            one.low_sum_before_db, one.low_sum_after_db, one.comb_before_db, one.comb_after_db
        ))
        .confidence(one.confidence)
        .evidence(EVIDENCE)
}
