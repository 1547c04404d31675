//! What a microphone hears of others (I12).

use crate::hear::{Song, Track};
use studio::message::{Finding, Severity};
use studio::mix::Group;

/// Correlation of rises outside a track's own strokes (I12).
const BLEED: f64 = 0.3;
/// The same for what is not a drum: players who are in time with each other have 0.3 without any bleed. By estimate, 2026-11-21.
const BLEED_OF_OTHERS: f64 = 0.45;
/// Under its own loud moments from which on a track is outside its own strokes, and how far down there is still something, LU. By
/// estimate, 2026-11-21.
const OUTSIDE_LU: f64 = 8.0;
const SOMETHING_LU: f64 = 45.0;
/// Least length of what is compared, values of the course: four seconds.
const LEAST: usize = 400;

/// Says of every microphone what it hears most of.
pub(super) fn find(song: &mut Song) {
    let mut findings = Vec::new();
    for (index, track) in song.playing().filter(|(_, track)| is_microphone(track)) {
        let others = song.playing().filter(|(other, track)| *other != index && is_source(track));
        let heard = others
            .filter(|(_, other)| other.role.role.name != track.role.role.name)
            .filter_map(|(_, other)| Some((correlation(track, other)?, other)))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let drums = track.role.role.group == Group::Drums;
        let least = if drums { BLEED } else { BLEED_OF_OTHERS };
        let Some((correlation, other)) = heard.filter(|(correlation, _)| *correlation > least) else {
            continue;
        };
        let advice = if drums {
            "a gate may be used; levels and tone of it move the other as well"
        } else {
            "no gate: it would be heard; levels and tone of it move the other as well"
        };
        findings.push(
            Finding::new(
                "bleed",
                Severity::Info,
                format!("its quiet moments follow {} (correlation {correlation:.2})", other.path),
            )
            .about(&track.path)
            .limit(format!("{least}"))
            .advice(advice),
        );
    }
    song.findings.extend(findings);
}

/// Close microphones: what was recorded beside something loud.
fn is_microphone(track: &Track) -> bool {
    let close = matches!(track.role.role.name, "kick" | "snare" | "toms" | "hi-hat");
    close
        || matches!(track.role.role.group, Group::Vocals | Group::Strings | Group::Winds | Group::Percussion)
}

fn is_source(track: &Track) -> bool {
    let far = matches!(track.role.role.name, "overheads" | "room");
    !far && (track.role.role.group == Group::Drums
        || matches!(track.role.role.group, Group::Percussion | Group::Guitars | Group::Winds))
}

/// Correlation of the rises of both where the first is quiet, but not silent.
fn correlation(own: &Track, other: &Track) -> Option<f64> {
    let late = ((own.start_seconds - other.start_seconds) * 100.0).round() as i64;
    let loud = own.facts.momentary_p95_lufs;
    let power = |lufs: f64| dsp::meter::loudness::power_of_lufs(lufs) as f32;
    let (low, high) = (power(loud - SOMETHING_LU), power(loud - OUTSIDE_LU));
    let (mut count, mut x, mut y, mut xx, mut yy, mut xy) = (0, 0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, rise) in own.film.onset.iter().enumerate() {
        // The value and the one after: a stroke may fall on the border.
        let level = own.film.loudness.iter().skip(n / 5).take(2).copied().fold(0.0, f32::max);
        if level < low || level > high {
            continue;
        }
        let Ok(at) = usize::try_from(n as i64 + late) else { continue };
        let Some(its) = other.film.onset.get(at) else { continue };
        // Strokes count, ripples do not; and no single stroke decides.
        let (a, b) = (f64::from(rise.min(12.0)), f64::from(its.min(12.0)));
        count += 1;
        x += a;
        y += b;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    if count < LEAST {
        return None;
    }
    let n = count as f64;
    let (vx, vy) = (xx / n - x / n * (x / n), yy / n - y / n * (y / n));
    (vx > 1e-3 && vy > 1e-3).then(|| (xy / n - x / n * (y / n)) / (vx * vy).sqrt())
}
