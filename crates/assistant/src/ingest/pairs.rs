//! Tracks that are the same, twins with and without effects, and sides of one (I8, I10, I14).

use super::Pair;
use crate::hear::{Options, Song, Track, Use};
use dsp::math;
use std::path::Path;
use studio::job::Job;
use studio::message::{Finding, Result, Severity};
use studio::mix::{side_of, words};

/// Correlation from which two tracks are the same (I8).
const SAME: f64 = 0.999;
/// Correlation from which two sides are one recording (I14).
const ONE_RECORDING: f64 = 0.2;

/// Mutes the second of two tracks that are the same, whatever their gain or polarity.
pub(super) fn duplicates(root: &Path, song: &mut Song, job: &Job<'_>, options: &Options) -> Result<()> {
    for second in 1..song.tracks.len() {
        for first in 0..second {
            let (a, b) = (&song.tracks[first], &song.tracks[second]);
            if a.use_as != Use::Play || b.use_as != Use::Play || !alike(a, b) {
                continue;
            }
            let same = a.content == b.content;
            let correlation = if same { 1.0 } else { correlation(root, a, b, job, options)? };
            if correlation.abs() > SAME {
                let what = format!("correlation {correlation:.4} with {}", a.path);
                let finding = Finding::new("duplicate", Severity::Warning, what)
                    .about(&b.path)
                    .limit(format!("{SAME}"))
                    .advice("muted; if it is a double, it was exported from the wrong track");
                song.tracks[second].use_as = Use::DuplicateOf(first);
                song.findings.push(finding);
            }
        }
    }
    Ok(())
}

/// Whether two tracks could be the same: equal length, and loudness a constant apart.
fn alike(a: &Track, b: &Track) -> bool {
    if a.frames != b.frames || a.sample_rate_hz != b.sample_rate_hz {
        return false;
    }
    let both = a.film.active.iter().zip(&b.film.active).enumerate();
    let differences: Vec<f64> = both
        .filter(|(n, (on, its))| **on && **its && a.film.loudness[*n] > 0.0 && b.film.loudness[*n] > 0.0)
        .map(|(n, _)| {
            math::power_to_db(f64::from(a.film.loudness[n]) / f64::from(b.film.loudness[n]).max(1e-30))
        })
        .collect();
    let count = differences.len();
    let sounds = |track: &Track| {
        let powers = track.film.loudness.iter().zip(&track.film.active);
        powers.filter(|(power, on)| **on && **power > 0.0).count()
    };
    let active = sounds(a);
    let mean = differences.iter().sum::<f64>() / count.max(1) as f64;
    // A correlation of 0.999 leaves at most -27 dB of difference: 0.4 LU.
    let off = differences.iter().filter(|difference| (*difference - mean).abs() > 0.5).count();
    count > 0 && count * 20 >= active * 19 && off * 20 <= count
}

/// Correlation of two tracks over their whole length.
fn correlation(root: &Path, a: &Track, b: &Track, job: &Job<'_>, options: &Options) -> Result<f64> {
    studio::mix::correlation(&root.join(&a.path), &root.join(&b.path), options.decode, job)
}

/// Words of a print with effects.
const WET: &[&str] = &["wet", "fx", "print", "printed", "effects", "verb", "reverb", "processed"];
const DRY: &[&str] = &["dry", "raw", "clean", "unprocessed"];

/// Names that are equal apart from wet and dry (I10).
pub(super) fn wet_and_dry(song: &mut Song) {
    let split = |track: &Track| {
        let all = words(&track.name);
        let has = |list: &[&str]| all.iter().any(|word| list.contains(&word.as_str()));
        let (wet, dry) = (has(WET), has(DRY));
        let digits: String = track.name.chars().filter(char::is_ascii_digit).collect();
        let rest: Vec<String> = all
            .into_iter()
            .filter(|word| !WET.contains(&word.as_str()) && !DRY.contains(&word.as_str()))
            .collect();
        (rest.join(" "), digits, wet, dry)
    };
    let names: Vec<(String, String, bool, bool)> = song.tracks.iter().map(split).collect();
    for dry in 0..names.len() {
        let (rest, digits, wet, is_dry) = &names[dry];
        if !is_dry || *wet || rest.is_empty() || song.tracks[dry].use_as != Use::Play {
            continue;
        }
        // Numbers of the tracks differ, numbers of takes do not matter: leading ones are gone with the words.
        let twin = (0..names.len()).find(|other| {
            let (its_rest, its_digits, is_wet, its_dry) = &names[*other];
            let numbered = its_digits == digits || *is_wet;
            *other != dry
                && its_rest == rest
                && !its_dry
                && numbered
                && song.tracks[*other].use_as == Use::Play
        });
        let Some(twin) = twin else { continue };
        let finding = Finding::new(
            "wet_and_dry",
            Severity::Warning,
            format!("{} has the same with effects", song.tracks[twin].path),
        )
        .about(&song.tracks[dry].path)
        .limit("one of both")
        .advice("the one with effects plays; take the mute off this one and mute the other for a dry start");
        song.tracks[dry].use_as = Use::DryOf(twin);
        song.findings.push(finding);
    }
}

/// Left and right halves (I14).
pub(super) fn sides(root: &Path, song: &mut Song, job: &Job<'_>, options: &Options) -> Result<()> {
    let sides: Vec<Option<(f64, String)>> = song
        .tracks
        .iter()
        .map(|track| side_of(&track.name).filter(|_| track.played() == 1 && track.use_as == Use::Play))
        .collect();
    let mut taken = vec![false; song.tracks.len()];
    for left in 0..sides.len() {
        let Some((-1.0, rest)) = &sides[left] else { continue };
        let same = |right: &usize| {
            let (a, b) = (&song.tracks[left], &song.tracks[*right]);
            let other =
                sides[*right].as_ref().is_some_and(|(position, name)| *position == 1.0 && name == rest);
            !taken[*right]
                && other
                && a.frames == b.frames
                && a.parent == b.parent
                && a.sample_rate_hz == b.sample_rate_hz
        };
        let Some(right) = (0..sides.len()).find(same) else { continue };
        taken[right] = true;
        let correlation = correlation(root, &song.tracks[left], &song.tracks[right], job, options)?;
        let joined = correlation.abs() >= ONE_RECORDING;
        song.pairs.push(Pair { left, right, correlation, joined });
        let what = format!("correlation {correlation:.2} with {}", song.tracks[right].path);
        let advice =
            if joined { "one stereo recording: they go together" } else { "two takes: one on each side" };
        song.findings.push(
            Finding::new("pair", Severity::Info, what)
                .about(&song.tracks[left].path)
                .limit(format!("one recording from {ONE_RECORDING} on"))
                .advice(advice),
        );
    }
    Ok(())
}
