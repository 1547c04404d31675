//! What mixing cannot mend: printed rooms, noise, hum, tuning, time, and what is not there (I11 and more).

use crate::hear::{Decay, Song, Track, onset_peaks, onset_seconds};
use dsp::math;
use studio::message::{Finding, Severity};
use studio::mix::{Group, side_of};

/// Decay of a printed room on voices and snares, seconds (I11).
const PRINTED_SECONDS: f64 = 0.8;
/// Noise this near to the sound is heard, dB. By estimate, 2026-11-21: quiet preamplifiers are 50 and more away.
const NOISY_DB: f64 = 30.0;
/// Hum this near to the sound is heard in its pauses, dB: 30 dB softer than noise may be, for a tone is heard in a quiet room where
/// noise of its level is not (see docs/decisions/053).
const HUM_DB: f64 = 60.0;
/// Tuning against the song's, and median deviation of held notes, cents: what listeners notice on sung notes (by estimate,
/// 2026-11-21; 20 cents is a usual figure for voices).
const TUNING_CENTS: f64 = 25.0;
const DEVIATION_CENTS: f64 = 22.0;
/// Distance of onsets from the nearest part of a beat against what chance would give; 1 is chance. By estimate, 2026-11-21:
/// players have 0.3, a track that was moved by a third of a part has more than 0.7.
const LOOSE: f64 = 0.75;
/// Fewest onsets and held seconds that say something.
const ONSETS: usize = 24;
const PITCHED_SECONDS: f64 = 4.0;

/// All of it.
pub(super) fn find(song: &mut Song) {
    let mut findings = Vec::new();
    for (_, track) in song.playing() {
        findings.extend(printed(track));
        findings.extend(noisy(track));
        findings.extend(hum(track));
        findings.extend(out_of_tune(song, track));
        findings.extend(out_of_time(song, track));
    }
    findings.extend(missing(song));
    song.findings.extend(findings);
}

/// The room that is printed on a track, if one is. Of voices that never pause it is read band by band.
pub(crate) fn printed_room(track: &Track) -> Option<Decay> {
    let sung = track.role.role.group == Group::Vocals;
    let in_bands = track.facts.tail_in_bands.filter(|_| sung);
    track.facts.tail.or(in_bands).filter(|tail| tail.rt60_seconds > PRINTED_SECONDS)
}

fn printed(track: &Track) -> Option<Finding> {
    let dry = track.role.role.group == Group::Vocals || track.role.role.name == "snare";
    let tail = printed_room(track).filter(|_| dry)?;
    let what = format!("sounds die away in {:.1} s (median of {})", tail.rt60_seconds, tail.count);
    let finding =
        Finding::new("printed_reverb", Severity::Warning, what).limit(format!("{PRINTED_SECONDS} s"));
    Some(
        finding
            .about(&track.path)
            .advice("mixing cannot take it off: its sends are 6 dB lower; ask for a dry take"),
    )
}

fn noisy(track: &Track) -> Option<Finding> {
    // Drums have bleed in their pauses, effects may be noise.
    let group = track.role.role.group;
    let floor = track.facts.noise_floor_dbfs.filter(|floor| floor.is_finite())?;
    let apart = track.facts.rms_dbfs - floor;
    let counts = !matches!(group, Group::Drums | Group::Percussion | Group::Effects);
    let finding =
        Finding::new("noisy", Severity::Warning, format!("noise in pauses is {apart:.0} dB under the sound"));
    (counts && apart < NOISY_DB).then(|| {
        finding
            .about(&track.path)
            .limit(format!("{NOISY_DB} dB"))
            .advice("edit the pauses, or use `denoise` with care")
    })
}

fn hum(track: &Track) -> Option<Finding> {
    let hum = track.facts.hum.filter(|hum| track.facts.rms_dbfs - hum.level_dbfs < HUM_DB)?;
    let what = format!("{:.0} Hz and its multiples at {:.0} dBFS", hum.mains_hz, hum.level_dbfs);
    let finding = Finding::new("hum", Severity::Warning, what)
        .about(&track.path)
        .limit(format!("{HUM_DB} dB under the sound"));
    Some(finding.advice("`dehum` takes it out"))
}

/// Melodies only: what has one pitch at a time most of the time.
fn out_of_tune(song: &Song, track: &Track) -> Option<Finding> {
    let pitch = &track.facts.pitch;
    let seconds = pitch.share * track.facts.active_share * track.duration_seconds();
    let melody = matches!(
        track.role.role.group,
        Group::Vocals | Group::Backing | Group::Winds | Group::Strings | Group::Bass
    );
    if !melody || pitch.share < 0.4 || seconds < PITCHED_SECONDS {
        return None;
    }
    let away = pitch.tuning_cents - crate::time::tuning_without(song, track);
    let away = away - 100.0 * (away / 100.0).round();
    let shifted = pitch.tuning_strength > 0.7 && away.abs() > TUNING_CENTS;
    // Spoken and rapped notes lie anywhere: that is no fault.
    let loose =
        pitch.deviation_cents > DEVIATION_CENTS && pitch.tuning_strength > 0.1 && pitch.vibrato_share > 0.0;
    let what = if shifted {
        format!("{away:+.0} cents against the song")
    } else if loose {
        format!("held notes are {:.0} cents off their grid (median)", pitch.deviation_cents)
    } else {
        return None;
    };
    let limit = if shifted { TUNING_CENTS } else { DEVIATION_CENTS };
    let finding =
        Finding::new("out_of_tune", Severity::Info, what).about(&track.path).limit(format!("{limit} cents"));
    Some(finding.advice("a suspicion, not a verdict: listen; mixing cannot tune"))
}

fn out_of_time(song: &Song, track: &Track) -> Option<Finding> {
    let tempo = song.time.tempo.filter(|tempo| tempo.is_sure())?;
    let rhythm = matches!(
        track.role.role.group,
        Group::Drums | Group::Percussion | Group::Bass | Group::Guitars | Group::Keys
    );
    let onsets = onset_peaks(&track.film.onset, 4.0);
    if !rhythm || onsets.len() < ONSETS || song.time.beats_seconds.len() < 8 {
        return None;
    }
    let places: Vec<f64> = onsets
        .into_iter()
        .filter_map(|at| phase(&song.time.beats_seconds, onset_seconds(at) + track.start_seconds))
        .collect();
    // Quarters of a beat or thirds: what fits better.
    let loose = [4.0, 3.0].map(|parts| looseness(&places, parts)).into_iter().fold(f64::INFINITY, f64::min);
    let spread_ms = loose * 1000.0 * tempo.beat_seconds() / 4.0 / 12.0_f64.sqrt();
    let finding = Finding::new(
        "out_of_time",
        Severity::Info,
        format!("onsets lie {spread_ms:.0} ms from the beat's quarters"),
    );
    (places.len() >= ONSETS && loose > LOOSE).then(|| {
        finding
            .about(&track.path)
            .limit(format!("{:.0} % of chance", 100.0 * LOOSE))
            .advice("a suspicion, not a verdict: listen to it with the drums; mixing cannot play it again")
    })
}

/// Place between two beats, 0 to 1.
fn phase(beats: &[f64], seconds: f64) -> Option<f64> {
    let after = beats.partition_point(|beat| *beat <= seconds);
    let (before, next) = (*beats.get(after.checked_sub(1)?)?, *beats.get(after)?);
    (next > before).then(|| (seconds - before) / (next - before))
}

/// Root mean square distance from the nearest of so many parts of a beat, around the track's own mean, against chance.
fn looseness(places: &[f64], parts: f64) -> f64 {
    let (mut x, mut y) = (0.0, 0.0);
    for place in places {
        let turn = math::TAU * place * parts;
        x += math::cos(turn);
        y += math::sin(turn);
    }
    // A player who is early or late throughout is in time: distances are taken from the mean.
    let middle = math::atan2(y, x) / math::TAU;
    let square: f64 = places
        .iter()
        .map(|place| {
            let away = place * parts - middle;
            let away = away - away.round();
            away * away
        })
        .sum();
    (square / places.len().max(1) as f64).sqrt() * 12.0_f64.sqrt()
}

/// What a song of this kind usually has.
fn missing(song: &Song) -> Vec<Finding> {
    let mut out = Vec::new();
    let has = |group: Group| song.playing().any(|(_, track)| track.role.role.group == group);
    let count = song.playing().count();
    let mut say = |what: String, limit: &str| {
        out.push(
            Finding::new("missing_part", Severity::Info, what)
                .about("the folder")
                .limit(limit)
                .advice("nothing is wrong if it was meant so; else look for the file"),
        );
    };
    let band = has(Group::Drums) && (has(Group::Guitars) || has(Group::Keys) || has(Group::Vocals));
    // A kick has a pitch, too, and is no bass.
    let drum = |track: &Track| matches!(track.role.role.group, Group::Drums | Group::Percussion);
    let low = song
        .playing()
        .any(|(_, track)| !drum(track) && track.facts.low_share > 0.5 && track.facts.pitch.share > 0.3);
    if band && count >= 4 && !has(Group::Bass) && !low {
        say("drums and a band, and no bass".to_owned(), "a bass beside drums");
    }
    let named = |name: &str| song.playing().any(|(_, track)| track.role.role.name == name);
    if named("snare") && named("overheads") && !named("kick") && !named("drum kit") {
        say("a kit with snare and overheads, and no kick".to_owned(), "a whole kit");
    }
    for (index, track) in song.playing().filter(|(_, track)| track.played() == 1) {
        let Some((side, rest)) = side_of(&track.name) else { continue };
        let other = song.tracks.iter().enumerate().any(|(other, its)| {
            other != index
                && side_of(&its.name).is_some_and(|(position, name)| position == -side && name == rest)
        });
        if !other {
            let which = if side < 0.0 { "left" } else { "right" };
            say(format!("{} is a {which} side without the other", track.path), "both sides");
        }
    }
    out
}
