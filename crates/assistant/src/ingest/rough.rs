//! A mix among the tracks (I9): what is left of it when all others are taken away.

use super::RoughMix;
use super::waves::Waves;
use crate::hear::{BANDS, Options, Song, Track, Use};
use crate::sort::Source;
use dsp::math;
use std::path::Path;
use studio::job::Job;
use studio::message::{Finding, Result, Severity};
use studio::mix::Group;

/// What is left over at most, dB (I9).
const RESIDUAL_DB: f64 = -12.0;
/// Frames of the film that are added up before they are compared: a second.
const TOGETHER: usize = 10;
/// Share of a mix's power that makes a track a part of it: -25 dB. By estimate, 2026-11-21.
pub(super) const PART: f64 = 0.003;
/// Share of all tracks that have to be part of a mix, and the fewest. By estimate, 2026-11-21: overheads hold the drums only.
const MANY: f64 = 0.6;
const FEWEST: usize = 3;
/// A mix that was exported with room for mastering is softer than tracks at full level, LU. By our own convention.
const SOFTER_LU: f64 = 12.0;
/// Rounds of the solver: it stands still after some tens.
const ROUNDS: usize = 300;

/// Finds a mix, says so and takes it out of the session. Powers are compared first, which costs nothing: they find a mix whatever its
/// equalisers and rooms were. What they do not find is looked for in the samples.
///
/// # Errors
/// A file that cannot be read any more; `interrupted`.
pub(super) fn find(root: &Path, song: &mut Song, job: &Job<'_>, options: &Options) -> Result<()> {
    let named = |track: &Track| track.role.role.group == Group::Reference;
    let mut best: Option<RoughMix> = None;
    let mut waves: Option<Waves> = None;
    for index in 0..song.tracks.len() {
        let track = &song.tracks[index];
        if track.use_as != Use::Play || !(named(track) || could_be(track, song)) {
            continue;
        }
        let mut found = unmix(song, index).filter(|mix| is_mix(song, mix));
        if found.is_none() && track.facts.stereo.is_some() {
            if waves.is_none() {
                waves = Some(Waves::read(root, song, job, options)?);
            }
            found = waves.as_ref().and_then(|waves| waves.unmix(song, index)).filter(|mix| is_mix(song, mix));
        }
        if found.is_some() || named(track) {
            song.tracks[index].use_as = Use::Mix;
            song.findings.push(finding(&song.tracks[index], found.as_ref()));
        }
        let better = |mix: &RoughMix| best.as_ref().is_none_or(|best| mix.residual_db < best.residual_db);
        best = found.filter(better).or(best);
    }
    song.rough_mix = best;
    Ok(())
}

fn finding(track: &Track, mix: Option<&RoughMix>) -> Finding {
    let finding = match mix {
        Some(mix) => Finding::new(
            "rough_mix",
            Severity::Info,
            format!("the other tracks make it up to {:.1} dB", mix.residual_db),
        )
        .limit(format!("{RESIDUAL_DB} dB"))
        .advice("read as the producer's intention and left out of the mix; `keep my balance` starts from it"),
        None => Finding::new("reference", Severity::Info, "named as a mix, and made of other sounds")
            .limit("tracks of the song")
            .advice("left out of the mix; use it with --reference"),
    };
    finding.about(&track.path)
}

/// Stereo, not much softer than the tracks, going on for most of the song, and with no name of an instrument.
fn could_be(track: &Track, song: &Song) -> bool {
    let named = track.role.because.iter().any(|reason| {
        matches!(reason.source, Source::Name | Source::Person | Source::Metadata) && reason.weight >= 0.65
    });
    let loud = track.facts.active_lufs.unwrap_or(-100.0);
    let louder = song
        .playing()
        .filter(|(_, other)| other.facts.active_lufs.unwrap_or(-100.0) > loud + SOFTER_LU)
        .count();
    track.facts.stereo.is_some()
        && !named
        && louder * 4 <= song.tracks.len()
        && track.facts.active_share > 0.5
}

fn is_mix(song: &Song, mix: &RoughMix) -> bool {
    let others = song.playing().filter(|(index, _)| *index != mix.track).count();
    let groups: Vec<Group> =
        mix.gains_db.iter().map(|(index, _)| song.tracks[*index].role.role.group).collect();
    let several = groups.iter().any(|group| *group != groups[0]) || others < 6;
    let many = mix.gains_db.len() >= FEWEST && mix.gains_db.len() as f64 >= MANY * others as f64;
    mix.residual_db < RESIDUAL_DB && many && several
}

/// Band powers of every second of the song, of both channels or the left one.
fn course(track: &Track, plane: &[f32], seconds: usize) -> Vec<f64> {
    let mut out = vec![0.0; seconds * BANDS];
    let late = (track.start_seconds * 10.0).round() as usize;
    for (n, powers) in plane.chunks(BANDS).enumerate() {
        let start = (n + late) / TOGETHER * BANDS;
        for (sum, power) in out.iter_mut().skip(start).zip(powers) {
            *sum += f64::from(*power);
        }
    }
    out
}

/// Gains with which the others make a track, by least squares of powers without negative ones.
fn unmix(song: &Song, index: usize) -> Option<RoughMix> {
    let seconds = song.duration_seconds.ceil() as usize;
    let mix = &song.tracks[index];
    let others: Vec<usize> = song.playing().map(|(other, _)| other).filter(|other| *other != index).collect();
    let wanted = course(mix, &mix.film.bands, seconds);
    // Every band counts the same: each is divided by its own size in the mix.
    let mut size = [0.0_f64; BANDS];
    wanted.iter().enumerate().for_each(|(n, x)| size[n % BANDS] += x * x);
    let total: f64 = size.iter().sum();
    if total <= 0.0 || others.is_empty() {
        return None;
    }
    let weighed = |mut course: Vec<f64>| {
        course.iter_mut().enumerate().for_each(|(n, x)| *x /= (size[n % BANDS] + 1e-6 * total).sqrt());
        course
    };
    let columns: Vec<Vec<f64>> = others
        .iter()
        .map(|other| weighed(course(&song.tracks[*other], &song.tracks[*other].film.bands, seconds)))
        .collect();
    let wanted_all = weighed(wanted);
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let gram: Vec<Vec<f64>> = columns.iter().map(|a| columns.iter().map(|b| dot(a, b)).collect()).collect();
    let solved = |wanted: &[f64]| {
        let right: Vec<f64> = columns.iter().map(|column| dot(column, wanted)).collect();
        solve(&gram, &right, 0.0)
    };
    let gains = solved(&wanted_all);
    let residual = left_over(&columns, &gains, &wanted_all);
    let left = (!mix.film.left.is_empty()).then(|| solved(&weighed(course(mix, &mix.film.left, seconds))));
    let power: f64 = wanted_all.iter().sum();
    let mut found = RoughMix {
        track: index,
        residual_db: math::power_to_db(residual.max(1e-12)),
        gains_db: Vec::new(),
        pans: Vec::new(),
    };
    for (n, gain) in gains.iter().enumerate() {
        let share = gain * columns[n].iter().sum::<f64>() / power.max(f64::MIN_POSITIVE);
        if share < PART {
            continue;
        }
        found.gains_db.push((others[n], math::power_to_db(*gain)));
        let to_left = left.as_ref().map_or(0.5, |left| (left[n] / gain).clamp(0.0, 1.0));
        found.pans.push(pan(to_left));
    }
    Some(found)
}

/// Position of what has this share of its power on the left, by the law of sine and cosine: the share is cos².
pub(super) fn pan(to_left: f64) -> f64 {
    let angle = math::acos(to_left.clamp(0.0, 1.0).sqrt());
    ((4.0 * angle / math::PI - 1.0) * 100.0).round() / 100.0
}

/// Least squares from the products of the columns with each other and with what is wanted, no gain under `least`: one unknown after the
/// other (coordinate descent; Franc, Hlaváč and Navara, "Sequential coordinate-wise algorithm for the non-negative least squares
/// problem", CAIP 2005).
pub(super) fn solve(gram: &[Vec<f64>], right: &[f64], least: f64) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let mut gains = vec![0.0; right.len()];
    for _ in 0..ROUNDS {
        for n in 0..gains.len() {
            let own = gram[n][n];
            if own > 0.0 {
                let slope = dot(&gram[n], &gains) - right[n];
                gains[n] = f64::max(gains[n] - slope / own, least);
            }
        }
    }
    gains
}

/// Square of what is left over against the square of all.
fn left_over(columns: &[Vec<f64>], gains: &[f64], wanted: &[f64]) -> f64 {
    let (mut left, mut all) = (0.0, 0.0);
    for (n, x) in wanted.iter().enumerate() {
        let made: f64 = columns.iter().zip(gains).map(|(column, gain)| gain * column[n]).sum();
        left += (x - made) * (x - made);
        all += x * x;
    }
    if all > 0.0 { left / all } else { 1.0 }
}
