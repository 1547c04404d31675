//! Tracks and stems: what the assistant finds in them, their edges, clicks and names, and who covers the voice.

use super::listen::listen;
use super::shelf::{File, Kind, Pile};
use super::song::{clicks, floor_lu};
use super::{Advice, Item, short};
use assistant::hear::{self, BANDS, Song, Track, Use, band_centre_hz};
use dsp::math;
use std::path::PathBuf;
use studio::handover;
use studio::job::{self, Job};
use studio::master::stems::StemSet;
use studio::message::{Finding, Kind as Failure, Result, Severity};
use studio::mix::{Group, words};

/// Where words are understood, Hz: formants and consonants. By convention of the trade.
const WORDS_HZ: std::ops::Range<f64> = 1000.0..4500.0;
/// Everything else this much louder than the voice there covers it, dB: where half of the sentences are still understood in steady noise
/// (Plomp and Mimpen, Audiology 18, 1979, find 5 to 7 dB). See docs/decisions/053.
const COVERED_DB: f64 = 6.0;
/// Fewest seconds of voice that say something.
const VOICE_SECONDS: f64 = 3.0;
/// What the gate says about a whole mix that means the same for a part of it.
const OF_PARTS: [&str; 7] =
    ["abrupt_end", "lossy", "upsampled", "bit_depth", "not_finite", "limited", "sample_rate"];
/// What the gate says about the sum of stems.
const OF_SUMS: [&str; 6] = ["clipped", "limited", "headroom", "dense", "phase", "not_finite"];
/// What the assistant says to itself, and nobody has to know here; and what of the takes is too often wrong to be said without the mix
/// (on a song that machines played from notes two basses were out of time and a choir out of tune; see docs/decisions/053).
/// Of noise it hears what is not steady, and direct current: see [`noisy`].
const QUIET: [&str; 6] = ["pair", "role_conflict", "count_in", "out_of_time", "out_of_tune", "noisy"];
/// Noise this near to the sound of one track is heard through the others, LU: the assistant's limit for the same, where quiet
/// preamplifiers are 50 and more away.
const NOISY_LU: f64 = 30.0;
/// Names of things that wait for the real one.
const PLACEHOLDERS: [&str; 12] = [
    "placeholder",
    "dummy",
    "scratch",
    "temp",
    "tmp",
    "todo",
    "guide",
    "demo",
    "rough",
    "replace",
    "old",
    "unused",
];

/// Looks at tracks or stems.
pub(super) fn assess(pile: &Pile, job: &Job<'_>) -> Result<(Item, Vec<Advice>)> {
    let item = Item::of(pile);
    let names: Vec<String> = pile.files.iter().map(|file| relative(pile, file)).collect();
    let song = hear::hear_files(&pile.path, &names, job, &hear::Options::default())?;
    let mut findings: Vec<Finding> =
        song.findings.iter().filter(|finding| !QUIET.contains(&finding.rule)).cloned().collect();
    findings.extend(song.tracks.iter().filter_map(for_the_players));
    findings.extend(song.playing().filter_map(|(_, track)| noisy(track)));
    let own = job::each(pile.files.len(), 2, "listen", job, |index, part| {
        let Some((file, name)) = pile.files.get(index).zip(names.get(index)) else { return Ok(Vec::new()) };
        each(file, name, part)
    })?;
    // A click track clicks, and ends where the song does.
    let players: Vec<&str> = song
        .tracks
        .iter()
        .filter(|track| for_the_players(track).is_some())
        .map(|track| track.path.as_str())
        .collect();
    let own = own.into_iter().flatten();
    findings.extend(own.filter(|finding| !players.contains(&finding.about.as_str())));
    findings.extend(masking(&song, pile.kind == Kind::Stems));
    if pile.kind == Kind::Stems {
        findings.extend(sum(pile, job)?);
        // Stems are parts of a mix: rooms and effects belong to them.
        findings.retain(|finding| !matches!(finding.rule, "printed_reverb" | "bleed" | "missing_part"));
    }
    Ok((item, merged(&findings)))
}

/// What was for the players and not for the record.
fn for_the_players(track: &Track) -> Option<Finding> {
    let (rule, what) = match track.use_as {
        Use::Click => ("click", "called a click, or strokes on one grid throughout"),
        Use::Talkback => ("talkback", "called talkback"),
        _ => return None,
    };
    Some(Finding::new(rule, Severity::Info, what).about(&track.path).limit("music"))
}

/// Noise of a track that stands in its pauses or fills them, by the same law as that of a song.
fn noisy(track: &Track) -> Option<Finding> {
    // Drums have bleed in their pauses, effects may be noise.
    let counts = !matches!(track.role.role.group, Group::Drums | Group::Percussion | Group::Effects);
    let apart = floor_lu(track).filter(|apart| counts && *apart < NOISY_LU)?;
    Some(
        Finding::new("noisy", Severity::Warning, format!("noise in pauses is {apart:.0} dB under the sound"))
            .about(&track.path)
            .limit(format!("{NOISY_LU} dB")),
    )
}

/// One line for each rule and part.
fn merged(findings: &[Finding]) -> Vec<Advice> {
    let mut out: Vec<Advice> = Vec::new();
    for finding in findings {
        let same = out.iter().any(|advice| advice.rule == finding.rule && advice.about == finding.about);
        if !same {
            out.push(Advice::of(finding));
        }
    }
    out
}

fn relative(pile: &Pile, file: &File) -> String {
    let path = file.path.strip_prefix(&pile.path).unwrap_or(&file.path);
    let parts: Vec<String> =
        path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    parts.join("/")
}

/// One part on its own.
fn each(file: &File, name: &str, job: &Job<'_>) -> Result<Vec<Finding>> {
    let mut out = Vec::new();
    match handover::check(&file.path, job) {
        Ok(verdict) => {
            let said = |rule: &str| verdict.findings.iter().any(|finding| finding.rule == rule);
            let (silent, clipped) = (said("silent"), said("clipped"));
            // A stroke without pitch is like a click, and a machine that plays the same stroke again reaches the same peak without any
            // limiter: of drums nothing is said.
            let struck = matches!(file.group, Some(Group::Drums | Group::Percussion));
            out.extend(
                verdict
                    .findings
                    .into_iter()
                    .filter(|finding| OF_PARTS.contains(&finding.rule))
                    .filter(|finding| !struck || finding.rule != "limited"),
            );
            if !silent && !struck && !clipped {
                out.extend(clicks(&listen(&file.path, job)?));
            }
        }
        Err(error) if error.kind == Failure::Interrupted => return Err(error),
        // The assistant has said that it cannot be read.
        Err(_) => {}
    }
    out.extend(placeholder(file));
    // A limiter or a lossy past of one part can be lived with: it is told, and stops nothing.
    let mild = |finding: Finding| {
        let severity = match finding.rule {
            "not_finite" => finding.severity,
            "limited" | "sample_rate" => Severity::Info,
            _ => finding.severity.min(Severity::Warning),
        };
        Finding { severity, about: name.to_owned(), ..finding }
    };
    Ok(out.into_iter().map(mild).collect())
}

fn placeholder(file: &File) -> Option<Finding> {
    let called = words(&short(&file.path)).into_iter().find(|word| PLACEHOLDERS.contains(&word.as_str()))?;
    // A rough mix is known as one.
    (file.group != Some(Group::Reference)).then(|| {
        Finding::new("placeholder", Severity::Info, format!("called `{called}`"))
            .limit("a name of what is on it")
    })
}

/// The sum of stems, as the gate hears it.
fn sum(pile: &Pile, job: &Job<'_>) -> Result<Vec<Finding>> {
    let paths: Vec<PathBuf> = pile.files.iter().map(|file| file.path.clone()).collect();
    let checked = StemSet::open(&paths)
        .and_then(|set| handover::check_feed(&set.label(), std::sync::Arc::new(set.untouched()), job));
    match checked {
        Ok(verdict) => Ok(verdict
            .findings
            .into_iter()
            .filter(|finding| OF_SUMS.contains(&finding.rule))
            .map(|finding| finding.about("the sum of the stems"))
            .collect()),
        Err(error) if error.kind == Failure::Interrupted => Err(error),
        Err(error) => Ok(vec![
            Finding::new("stems_do_not_fit", Severity::Warning, error.what)
                .about("the stems")
                .limit("one rate and length, stereo"),
        ]),
    }
}

/// Who covers the voice: in stems as they add up, in tracks with every group as loud as the voice. `None` without a voice or when
/// it stands free.
#[must_use]
pub fn masking(song: &Song, as_they_are: bool) -> Option<Finding> {
    let voices: Vec<&Track> = playing(song).filter(|track| track.role.role.group == Group::Vocals).collect();
    let others: Vec<Group> = Group::ALL
        .iter()
        .copied()
        .filter(|group| !matches!(group, Group::Vocals | Group::Backing | Group::Reference))
        .collect();
    let length = playing(song).map(|track| track.film.bands.len() / BANDS).max().unwrap_or(0);
    let loud = |tracks: &[&Track]| tracks.iter().map(|track| power_of(track)).sum::<f64>();
    let voice_power = loud(&voices);
    if voices.is_empty() || voice_power <= 0.0 {
        return None;
    }
    let members: Vec<(Vec<&Track>, f64)> = others
        .iter()
        .map(|group| {
            let tracks: Vec<&Track> = playing(song).filter(|track| track.role.role.group == *group).collect();
            let power = loud(&tracks);
            let gain = if as_they_are || power <= 0.0 { 1.0 } else { voice_power / power };
            (tracks, gain)
        })
        .collect();
    // Sums of power while it sings: that is how speech in noise is measured.
    let (mut sung, mut frames) = (0.0, 0.0);
    let mut against = vec![0.0; others.len()];
    for frame in (0..length).filter(|frame| voices.iter().any(|track| sings(track, *frame))) {
        sung += voices.iter().map(|track| words_power(track, frame)).sum::<f64>();
        frames += 1.0;
        for ((tracks, gain), own) in members.iter().zip(&mut against) {
            *own += gain * tracks.iter().map(|track| words_power(track, frame)).sum::<f64>();
        }
    }
    if frames < VOICE_SECONDS * hear::FILM_PER_SECOND || sung <= 0.0 {
        return None;
    }
    let (most, loudest) = against.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let most = others.get(most)?;
    // In tracks one group at a time: their balance is not made yet.
    let over_db = math::power_to_db(if as_they_are { against.iter().sum() } else { *loudest } / sung);
    let (severity, how) = if as_they_are {
        (Severity::Warning, "everything else is")
    } else {
        (Severity::Info, "equally loud, one group is")
    };
    (over_db > COVERED_DB).then(|| {
        let what = format!(
            "while it sings, {how} {over_db:.0} dB louder between 1 and 4.5 kHz, most of it {}",
            most.name().to_lowercase()
        );
        Finding::new("masked_vocal", severity, what)
            .about(voices.first().map_or("the voice", |track| track.path.as_str()))
            .limit(format!("{COVERED_DB} dB"))
    })
}

fn playing(song: &Song) -> impl Iterator<Item = &Track> {
    song.playing().map(|(_, track)| track)
}

/// Mean K-weighted power while active.
fn power_of(track: &Track) -> f64 {
    track.facts.active_lufs.filter(|lufs| lufs.is_finite()).map_or(0.0, math::db_to_power)
}

/// Place of a moment of the song in a track's film.
fn place(track: &Track, frame: usize) -> Option<usize> {
    frame.checked_sub((track.start_seconds * hear::FILM_PER_SECOND).round() as usize)
}

fn words_power(track: &Track, frame: usize) -> f64 {
    let Some(at) = place(track, frame) else { return 0.0 };
    let bands = track.film.bands.get(at * BANDS..(at + 1) * BANDS).unwrap_or(&[]);
    let inside = bands.iter().enumerate().filter(|(band, _)| WORDS_HZ.contains(&band_centre_hz(*band)));
    inside.map(|(_, power)| f64::from(*power)).sum()
}

fn sings(track: &Track, frame: usize) -> bool {
    // Activity comes twice as often as the film.
    place(track, frame)
        .is_some_and(|at| track.film.active.get(2 * at..2 * at + 2).is_some_and(|on| on.iter().all(|on| *on)))
}
