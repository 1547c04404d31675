//! What a track is by what the others are: who leads among voices, what is a stack.

use super::{Evidence, Source, name};
use crate::hear::{LOUDNESS_PER_SECOND, PITCHES_PER_SECOND, Song, Track, Use};
use dsp::math;
use studio::mix::Group;

/// Under this share of its time beside the lead a voice takes turns with it. By estimate, 2026-11-21, docs/decisions/050.
const TURNS: f64 = 0.3;
/// Share of common pitches within [`NEAR_SEMITONES`] from which a voice sings what the lead sings. By estimate, as above.
const UNISON: f64 = 0.5;
const NEAR_SEMITONES: f64 = 0.7;

/// Settles voices that are known by their sound only: the one that sings most of the time and alone leads, those that sing with it are
/// backing voices.
pub(super) fn settle(song: &mut Song) {
    let voices: Vec<usize> = (0..song.tracks.len())
        .filter(|index| {
            let track = &song.tracks[*index];
            track.use_as == Use::Play && matches!(track.role.role.group, Group::Vocals | Group::Backing)
        })
        .collect();
    let by_sound = |song: &Song, index: usize| {
        song.tracks[index].role.because.iter().all(|reason| reason.source == Source::Sound)
    };
    if voices.len() < 2 || !voices.iter().any(|index| by_sound(song, *index)) {
        return;
    }
    // Who leads: a voice that is called so, or the one that sounds longest; of about equals the one in the middle of the most power.
    let named = voices
        .iter()
        .copied()
        .find(|index| !by_sound(song, *index) && song.tracks[*index].role.role.name == "lead vocal");
    let score = |index: usize| {
        let facts = &song.tracks[index].facts;
        let wide = if facts.stereo.is_some() { 0.15 } else { 0.0 };
        // Two and more notes at once are no single singer.
        let many = if facts.character.notes_at_once > 2.5 { 0.3 } else { 0.0 };
        let seconds = facts.active_share * song.tracks[index].duration_seconds();
        seconds / song.duration_seconds.max(1.0) - wide - many
    };
    let lead = named
        .or_else(|| voices.iter().copied().max_by(|a, b| score(*a).total_cmp(&score(*b)).then(b.cmp(a))));
    let Some(lead) = lead else { return };
    for &index in &voices {
        if !by_sound(song, index) {
            continue;
        }
        let (wanted, text) = if index == lead {
            ("lead vocal", "it sings most of the time".to_owned())
        } else {
            beside(&song.tracks[lead], &song.tracks[index])
        };
        let Some(role) = name::role_named(wanted) else { continue };
        let guess = &mut song.tracks[index].role;
        guess.role = role;
        guess.because.insert(0, Evidence { source: Source::Others, role: role.name, weight: 0.5, text });
    }
}

/// What a voice is beside the lead.
fn beside(lead: &Track, own: &Track) -> (&'static str, String) {
    let together = overlap(lead, own);
    let unison = unison(lead, own);
    let with = format!("{:.0} % of its time beside \"{}\"", 100.0 * together, lead.name);
    if together < TURNS {
        ("lead vocal", format!("it takes turns: {with}"))
    } else if unison.is_some_and(|share| share > UNISON) {
        ("double", format!("it sings the same: {with}"))
    } else {
        ("backing vocals", format!("it sings something else: {with}"))
    }
}

/// Frames of one track in another: how much later the first begins, in values of `per_second`.
fn late(a: &Track, b: &Track, per_second: f64) -> i64 {
    ((b.start_seconds - a.start_seconds) * per_second).round() as i64
}

/// Share of a voice's time in which the lead sings too.
fn overlap(lead: &Track, own: &Track) -> f64 {
    let late = late(lead, own, LOUDNESS_PER_SECOND);
    let (mut both, mut all) = (0, 0);
    for (n, _) in own.film.active.iter().enumerate().filter(|(_, on)| **on) {
        all += 1;
        let at = usize::try_from(n as i64 + late).ok();
        both += u32::from(at.and_then(|at| lead.film.active.get(at)).copied().unwrap_or(false));
    }
    f64::from(both) / f64::from(all.max(1))
}

/// Share of the moments in which both have a pitch that these are the same, octaves apart or not; `None` with less than a second of them.
fn unison(lead: &Track, own: &Track) -> Option<f64> {
    let late = late(lead, own, PITCHES_PER_SECOND);
    let (mut same, mut all) = (0, 0);
    for (n, hz) in own.film.pitch_hz.iter().enumerate().filter(|(_, hz)| **hz > 0.0) {
        let its = usize::try_from(n as i64 + late).ok().and_then(|at| lead.film.pitch_hz.get(at));
        let Some(its) = its.filter(|its| **its > 0.0) else { continue };
        let octaves = math::log2(f64::from(*hz) / f64::from(*its));
        all += 1;
        same += u32::from(12.0 * (octaves - octaves.round()).abs() < NEAR_SEMITONES);
    }
    (f64::from(all) >= PITCHES_PER_SECOND).then(|| f64::from(same) / f64::from(all))
}
