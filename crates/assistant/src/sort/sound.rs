//! What a track sounds like: a model of groups, and a tree of decisions (f.2) for what strikes, for basses and voices.
//!
//! Thresholds of the tree by estimate, 2026-11-21, on three real multitracks and the demo song; see docs/decisions/050.

use super::model;
use super::name::role_named;
use crate::hear::{Facts, Track};
use studio::mix::{Group, RoleInfo};

/// Weight of a group that is as good as impossible, and of one that is as good as certain (f.3).
const LEAST_WEIGHT: f64 = 0.2;
const MOST_WEIGHT: f64 = 0.65;

/// A role that is heard.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heard {
    pub(super) role: &'static str,
    pub(super) weight: f64,
    pub(super) text: String,
}

/// What a name says and the sound denies, in words; `None` where they agree.
pub(super) fn conflict(role: &RoleInfo, facts: &Facts) -> Option<String> {
    if facts.active_share <= 0.0 {
        return None;
    }
    let low = format!("{:.0} % of its power lies under 120 Hz", 100.0 * facts.low_share);
    match (role.name, role.group) {
        // f.3: the name says bass, low-frequency ratio under 0.1.
        (_, Group::Bass) | ("kick", _) if facts.low_share < 0.1 && facts.power_80_hz > 600.0 => Some(low),
        ("hi-hat", _) if facts.low_share > 0.6 => Some(low),
        (_, Group::Vocals | Group::Backing) if facts.low_share > 0.6 => Some(low),
        (_, Group::Vocals | Group::Backing)
            if facts.decay_seconds.is_some_and(|s| s < 0.15)
                && facts.pitch.share < 0.02
                && facts.crest_db > 14.0 =>
        {
            Some("it strikes and has no pitch".to_owned())
        }
        _ => None,
    }
}

/// What a question offers besides what was found.
pub(super) fn likely(track: &Track) -> Vec<&'static str> {
    ranked(track).into_iter().map(|(group, _)| role_in(group, track)).take(4).collect()
}

/// Groups by their chance, the likeliest first.
fn ranked(track: &Track) -> Vec<(Group, f64)> {
    let tree = role_named(tree(&track.facts)).map(|role| role.group);
    let chances = model::chances(track, tree);
    let mut ranked: Vec<(Group, f64)> = model::GROUPS.into_iter().zip(chances).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked
}

/// The role a track most likely has, if it is of this group.
fn role_in(group: Group, track: &Track) -> &'static str {
    let facts = &track.facts;
    let tree = tree(facts);
    if role_named(tree).is_some_and(|role| role.group == group) {
        return tree;
    }
    match group {
        Group::Drums if facts.low_share > 0.45 && facts.centroid_hz < 700.0 => "kick",
        Group::Drums => Some(strike(facts)).filter(|role| *role != "percussion").unwrap_or("toms"),
        Group::Percussion => "percussion",
        Group::Bass => "bass",
        Group::Guitars => "electric guitar",
        Group::Keys => "keys",
        // What swells and has no strokes.
        Group::Synths if facts.onsets_per_second < 0.7 => "synth pad",
        Group::Synths => "synth",
        Group::Strings => "strings",
        Group::Winds => "brass and woodwinds",
        Group::Vocals => "lead vocal",
        Group::Backing => "backing vocals",
        _ => "effects",
    }
}

/// What it sounds like; nothing for silence.
pub(super) fn listen(track: &Track) -> Vec<Heard> {
    let facts = &track.facts;
    if facts.active_share <= 0.0 {
        return Vec::new();
    }
    let ranked = ranked(track);
    let [(first, chance), (second, less), ..] = ranked[..] else { return Vec::new() };
    let text = format!(
        "{} {:.0} %, {} {:.0} %: crest {:.0} dB, centroid {:.0} Hz, {:.0} % under 120 Hz, pitch {:.0} % of the time, decay {}",
        first.name().to_lowercase(),
        100.0 * chance,
        second.name().to_lowercase(),
        100.0 * less,
        facts.crest_db,
        facts.centroid_hz,
        100.0 * facts.low_share,
        100.0 * facts.pitch.share,
        facts.decay_seconds.map_or("none".to_owned(), |seconds| format!("{seconds:.2} s"))
    );
    // f.3: 0.5 to 0.7 for what is heard, and less where it is not sure.
    vec![Heard {
        role: role_in(first, track),
        weight: LEAST_WEIGHT + (MOST_WEIGHT - LEAST_WEIGHT) * chance,
        text,
    }]
}

/// The tree: low things, struck things, voices, what is held.
fn tree(facts: &Facts) -> &'static str {
    if let Some(found) = low(facts) {
        return found;
    }
    if is_struck(facts) {
        return strike(facts);
    }
    if is_sung(facts) {
        return "lead vocal";
    }
    held(facts)
}

fn decay(facts: &Facts) -> f64 {
    facts.decay_seconds.unwrap_or(9.0)
}

/// Basses and bass drums: most of the power is low.
fn low(facts: &Facts) -> Option<&'static str> {
    let pitch = &facts.pitch;
    let mono = facts.stereo.as_ref().is_none_or(|stereo| stereo.side_to_mid_db < -12.0);
    let deep = facts.low_share > 0.45 && facts.centroid_hz < 700.0;
    let moves = pitch.p95_hz > 1.25 * pitch.p5_hz;
    if deep
        && decay(facts) < 0.45
        && (pitch.share < 0.25 || pitch.glide_semitones_per_second > 1.2 || !moves)
        && facts.crest_db > 5.0
    {
        // A kit as a whole is bright as well.
        let kit = facts.high_share > 0.015 || facts.flatness > 0.1;
        return Some(if kit && facts.onsets_per_second > 4.5 { "drum kit" } else { "kick" });
    }
    // The fundamental is low, even where the second partial is stronger.
    let bass =
        facts.low_share > 0.25 && pitch.share > 0.4 && pitch.median_hz > 0.0 && pitch.median_hz < 130.0;
    if bass && mono && facts.centroid_hz < 700.0 && facts.flatness < 0.05 {
        return Some("bass");
    }
    (deep && mono && facts.low_share > 0.6).then_some("bass")
}

/// Blows without a pitch that lasts.
fn is_struck(facts: &Facts) -> bool {
    let pitch = &facts.pitch;
    let noise = facts.flatness > 0.2 && pitch.share < 0.1 && facts.onsets_per_second > 0.8;
    let blows = facts.crest_db > 12.0 && decay(facts) < 0.45 && pitch.share < 0.5;
    let rim = facts.crest_db > 10.4 && pitch.share < 0.02 && pitch.periodicity < 0.6;
    noise || blows || rim
}

/// Drums and percussion.
fn strike(facts: &Facts) -> &'static str {
    let wide = facts.stereo.as_ref().is_some_and(|stereo| stereo.side_to_mid_db > -15.0);
    if wide && (facts.centroid_hz > 1_500.0 || facts.flatness > 0.1) && facts.onsets_per_second > 1.0 {
        return "overheads";
    }
    if facts.centroid_hz > 2_700.0 {
        return if facts.flatness > 0.1 || decay(facts) < 0.3 { "hi-hat" } else { "overheads" };
    }
    if facts.flatness < 0.04 && facts.centroid_hz < 400.0 {
        return "toms";
    }
    if facts.flatness < 0.02 && facts.pitch.share > 0.15 {
        return "percussion";
    }
    "snare"
}

/// A voice: a pitch that glides, in the middle, with pauses or sibilants.
fn is_sung(facts: &Facts) -> bool {
    let pitch = &facts.pitch;
    let middle = pitch.median_hz > 75.0 && pitch.median_hz < 900.0 && facts.low_share < 0.3;
    let glides = pitch.glide_semitones_per_second > 0.8;
    let sibilants = facts.sibilance.map_or(0.0, |sibilance| sibilance.per_second) > 0.05;
    let formants = facts.centroid_hz > 300.0 && facts.centroid_hz < 3_000.0;
    pitch.share > 0.35
        && middle
        && glides
        && formants
        && (sibilants || pitch.glide_semitones_per_second > 1.0)
}

/// What is held or rings: groups that are hardly told apart, so that it is asked.
fn held(facts: &Facts) -> &'static str {
    let pitch = &facts.pitch;
    if facts.flatness > 0.25 && pitch.share < 0.1 {
        return "effects";
    }
    let slow = facts.onsets_per_second < 0.7 && decay(facts) > 2.0;
    let stereo = facts.stereo.is_some();
    if slow && stereo {
        return "synth pad";
    }
    if !stereo && facts.centroid_hz > 600.0 && pitch.glide_semitones_per_second < 0.4 {
        return "electric guitar";
    }
    if stereo
        && facts.centroid_hz < 700.0
        && facts.onsets_per_second > 0.2
        && decay(facts) > 0.3
        && pitch.share > 0.5
    {
        return "keys";
    }
    "synth"
}
