//! What a track sounds like: a tree of decisions (f.2).
//!
//! Thresholds by calibration, 2026-11-21, on the real multitracks, the demo song and the synthetic corpus; see docs/decisions.

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
    let (role, weight) = tree(facts);
    let text = format!(
        "crest {:.0} dB, centroid {:.0} Hz, {:.0} % under 120 Hz, pitch {:.0} % of the time, decay {}",
        facts.crest_db,
        facts.centroid_hz,
        100.0 * facts.low_share,
        100.0 * facts.pitch.share,
        facts.decay_seconds.map_or("none".to_owned(), |seconds| format!("{seconds:.2} s"))
    );
    vec![Heard { role, weight, text }]
}

/// The tree: low things, struck things, voices, what is held.
fn tree(facts: &Facts) -> (&'static str, f64) {
    if let Some(found) = low(facts) {
        return found;
    }
    if is_struck(facts) {
        return strike(facts);
    }
    if is_sung(facts) {
        return ("lead vocal", 0.65);
    }
    held(facts)
}

fn decay(facts: &Facts) -> f64 {
    facts.decay_seconds.unwrap_or(9.0)
}

/// Basses and bass drums: most of the power is low.
fn low(facts: &Facts) -> Option<(&'static str, f64)> {
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
        return Some(if kit && facts.onsets_per_second > 4.5 { ("drum kit", 0.55) } else { ("kick", 0.65) });
    }
    // The fundamental is low, even where the second partial is stronger.
    let bass =
        facts.low_share > 0.25 && pitch.share > 0.4 && pitch.median_hz > 0.0 && pitch.median_hz < 130.0;
    if bass && mono && facts.centroid_hz < 700.0 && facts.flatness < 0.05 {
        return Some(("bass", 0.65));
    }
    (deep && mono && facts.low_share > 0.6).then_some(("bass", 0.5))
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
fn strike(facts: &Facts) -> (&'static str, f64) {
    let wide = facts.stereo.as_ref().is_some_and(|stereo| stereo.side_to_mid_db > -15.0);
    if wide && (facts.centroid_hz > 1_500.0 || facts.flatness > 0.1) && facts.onsets_per_second > 1.0 {
        return ("overheads", 0.6);
    }
    if facts.centroid_hz > 2_700.0 {
        return if facts.flatness > 0.1 || decay(facts) < 0.3 {
            ("hi-hat", 0.6)
        } else {
            ("overheads", 0.55)
        };
    }
    if facts.flatness < 0.04 && facts.centroid_hz < 400.0 {
        return ("toms", 0.55);
    }
    if facts.flatness < 0.02 && facts.pitch.share > 0.15 {
        return ("percussion", 0.5);
    }
    ("snare", 0.55)
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
fn held(facts: &Facts) -> (&'static str, f64) {
    let pitch = &facts.pitch;
    if facts.flatness > 0.25 && pitch.share < 0.1 {
        return ("effects", 0.5);
    }
    let slow = facts.onsets_per_second < 0.7 && decay(facts) > 2.0;
    let stereo = facts.stereo.is_some();
    if slow && stereo {
        return ("synth pad", 0.4);
    }
    if !stereo && facts.centroid_hz > 600.0 && pitch.glide_semitones_per_second < 0.4 {
        return ("electric guitar", 0.4);
    }
    if stereo
        && facts.centroid_hz < 700.0
        && facts.onsets_per_second > 0.2
        && decay(facts) > 0.3
        && pitch.share > 0.5
    {
        return ("keys", 0.35);
    }
    ("synth", 0.35)
}
