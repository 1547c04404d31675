//! What a track is by what the others are: who leads among voices, what is a stack.

use super::{Evidence, Source, name};
use crate::hear::{Song, Use};
use studio::mix::Group;

/// Likeness of activity from which voices sing together. By calibration, 2026-11-21.
const TOGETHER: f64 = 0.6;

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
        let seconds = facts.active_share * song.tracks[index].duration_seconds();
        seconds / song.duration_seconds.max(1.0) - wide
    };
    let lead = named
        .or_else(|| voices.iter().copied().max_by(|a, b| score(*a).total_cmp(&score(*b)).then(b.cmp(a))));
    let Some(lead) = lead else { return };
    for &index in &voices {
        if !by_sound(song, index) {
            continue;
        }
        let together = overlap(song, lead, index);
        let (wanted, text) = if index == lead {
            ("lead vocal", "it sings most of the time".to_owned())
        } else if together > TOGETHER || voices.len() > 2 {
            (
                "backing vocals",
                format!("it sings with \"{}\" {:.0} % of the time", song.tracks[lead].name, 100.0 * together),
            )
        } else {
            continue;
        };
        let Some(role) = name::role_named(wanted) else { continue };
        let guess = &mut song.tracks[index].role;
        guess.role = role;
        guess.because.insert(0, Evidence { source: Source::Others, role: role.name, weight: 0.5, text });
    }
}

/// Share of a voice's time in which the lead sings too.
fn overlap(song: &Song, lead: usize, other: usize) -> f64 {
    let (a, b) = (&song.tracks[lead], &song.tracks[other]);
    let late = ((b.start_seconds - a.start_seconds) * 20.0).round() as i64;
    let (mut both, mut own) = (0, 0);
    for (n, _) in b.film.active.iter().enumerate().filter(|(_, on)| **on) {
        own += 1;
        let at = usize::try_from(n as i64 + late).ok();
        both += u32::from(at.and_then(|at| a.film.active.get(at)).copied().unwrap_or(false));
    }
    f64::from(both) / f64::from(own.max(1))
}
