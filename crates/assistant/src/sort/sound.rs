//! What a track sounds like: a tree of decisions (f.2).

use crate::hear::Facts;
use studio::mix::{Group, RoleInfo};

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
            if facts.decay_seconds.is_some_and(|s| s < 0.15) && facts.pitch.share < 0.05 =>
        {
            Some("it strikes and has no pitch".to_owned())
        }
        _ => None,
    }
}

/// What a question offers besides what was found.
pub(super) fn likely(facts: &Facts) -> &'static [&'static str] {
    if facts.pitch.share > 0.3 || facts.pitch.periodicity > 0.7 {
        &["keys", "electric guitar", "synth", "lead vocal"]
    } else {
        &["percussion", "drum kit", "effects", "synth"]
    }
}

/// What it sounds like, the likeliest first; nothing for silence.
pub(super) fn listen(facts: &Facts) -> Vec<Heard> {
    if facts.active_share <= 0.0 {
        return Vec::new();
    }
    let decay = facts.decay_seconds.unwrap_or(9.0);
    let text = format!(
        "crest {:.0} dB, centroid {:.0} Hz, {:.0} % under 120 Hz, pitch {:.0} % of the time, decay {}",
        facts.crest_db,
        facts.centroid_hz,
        100.0 * facts.low_share,
        100.0 * facts.pitch.share,
        facts.decay_seconds.map_or("none".to_owned(), |seconds| format!("{seconds:.2} s"))
    );
    let heard = |role: &'static str, weight: f64| Heard { role, weight, text: text.clone() };
    let struck = facts.crest_db > 12.0 && decay < 0.45 && facts.pitch.share < 0.5;
    if struck {
        return vec![strike(facts, decay, &heard)];
    }
    vec![held(facts, decay, &heard)]
}

/// Drums and percussion.
fn strike(facts: &Facts, decay: f64, heard: &impl Fn(&'static str, f64) -> Heard) -> Heard {
    let wide = facts.stereo.as_ref().is_some_and(|stereo| stereo.side_to_mid_db > -15.0);
    if facts.low_share > 0.5 && facts.centroid_hz < 1_500.0 {
        return heard("kick", 0.65);
    }
    if wide && facts.centroid_hz > 2_500.0 {
        return heard("overheads", 0.6);
    }
    if facts.centroid_hz > 4_000.0 {
        return if decay < 0.2 { heard("hi-hat", 0.65) } else { heard("overheads", 0.55) };
    }
    if facts.flatness < 0.05 && facts.centroid_hz < 800.0 {
        return heard("toms", 0.55);
    }
    heard("snare", 0.55)
}

/// What is held or rings.
fn held(facts: &Facts, decay: f64, heard: &impl Fn(&'static str, f64) -> Heard) -> Heard {
    let pitch = &facts.pitch;
    if facts.low_share > 0.5 && (pitch.median_hz < 200.0) {
        return heard("bass", 0.65);
    }
    let sibilants = facts.sibilance.map_or(0.0, |sibilance| sibilance.per_second);
    let pauses = facts.active_share < 0.85;
    let sings = pitch.share > 0.35 && (pitch.vibrato_share > 0.15 || pitch.glide_semitones_per_second > 2.0);
    if sings && pauses && sibilants > 0.1 {
        return heard("lead vocal", 0.65);
    }
    if facts.flatness > 0.3 && pitch.share < 0.1 {
        return heard("effects", 0.5);
    }
    let _ = decay;
    heard("synth", 0.3)
}
