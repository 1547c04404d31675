//! Moves of whole sections are offered, not made (C10): they are a matter of taste.

use super::lanes::Room;
use crate::close::{Heard, gated_lufs, scaled};
use crate::moves::{Draft, Family, Place, Value};
use studio::mix::Group;

/// A boundary that is less clear than this is not acted upon.
const CLEAR: f64 = 0.4;
/// What the last section that comes back is lifted by, and what the band gives way by under a voice that is covered, dB (C10).
const LAST_DB: f64 = 0.5;
const BAND_DB: f64 = -1.0;
/// A voice under this against the mix of its section is covered, LU (C10).
const COVERED_LU: f64 = -4.5;
/// A fade of the hand, seconds.
const GLIDE_SECONDS: f64 = 0.5;

/// Offers section moves where the form is clear.
pub(super) fn work(room: &mut Room<'_>, heard: &Heard) {
    let sections = room.song.time.sections.clone();
    if sections.len() < 3 {
        return;
    }
    last_chorus(room);
    let voice = room.groups.iter().find(|group| group.group == Group::Vocals).cloned();
    let guitars = room.groups.iter().find(|group| group.group == Group::Guitars).cloned();
    let (Some(voice), Some(guitars)) = (voice, guitars) else { return };
    let (Some(sung), Some(mix)) = (heard.of(&voice.strip), heard.of(studio::session::MIX)) else { return };
    let sung = scaled(sung, voice.fader_db);
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut lowest = 0.0_f64;
    for section in sections.iter().filter(|section| section.confidence >= CLEAR) {
        let at = |seconds: f64| (seconds * 20.0).max(0.0) as usize;
        let span = at(section.start_seconds)..at(section.end_seconds);
        let of = |powers: &[f64]| gated_lufs(powers.get(span.start..span.end.min(powers.len())).unwrap_or(&[]));
        let Some((own, all)) = of(&sung).zip(of(mix)) else { continue };
        if own - all < COVERED_LU && own - all > -15.0 {
            lowest = lowest.min(own - all);
            let (from, to) = (section.start_seconds, section.end_seconds);
            points.extend([(from, 0.0), (from + GLIDE_SECONDS, BAND_DB), (to - GLIDE_SECONDS, BAND_DB), (to, 0.0)]);
        }
    }
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    if points.is_empty() {
        return;
    }
    let draft = Draft::new(
        "ride.band",
        Family::Ride,
        Place::curve(&guitars.strip, "ride_db"),
        Value::Points(points),
        0.0.into(),
        "Offered: guitars 1 dB down where the voice is deep in the band.",
    )
    .because("voice_against_the_section_lu", lowest)
    .confidence(0.4)
    .evidence("section automation, mixing.md C10")
    .offered();
    room.book.put(&mut room.desk, draft);
}

/// The last of the sections that come back, the loudest kind, half a decibel up.
fn last_chorus(room: &mut Room<'_>) {
    let sections = &room.song.time.sections;
    let count = |label: char| sections.iter().filter(|section| section.label == label).count();
    let loudest = sections
        .iter()
        .filter(|section| count(section.label) >= 2)
        .max_by(|a, b| a.loudness_lu.total_cmp(&b.loudness_lu));
    let Some(label) = loudest.map(|section| section.label) else { return };
    let last = sections.iter().rev().find(|section| section.label == label).cloned();
    let Some(last) = last.filter(|last| last.confidence >= CLEAR && last.start_seconds > 1.0) else { return };
    let points = vec![
        (last.start_seconds - GLIDE_SECONDS, 0.0),
        (last.start_seconds, LAST_DB),
        (last.end_seconds, LAST_DB),
    ];
    let text = format!("Offered: the last {label} half a decibel up, from {:.0} s on.", last.start_seconds);
    let place = Place::curve(studio::session::MIX, "ride_db");
    let draft = Draft::new("ride.last", Family::Ride, place, Value::Points(points), 0.0.into(), &text)
        .because("section_loudness_lu", last.loudness_lu)
        .because("boundary_is_clear", last.confidence)
        .confidence(0.4)
        .evidence("last chorus half a decibel up, mixing.md C10")
        .offered();
    room.book.put(&mut room.desk, draft);
}
