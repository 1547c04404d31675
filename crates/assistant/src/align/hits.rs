//! Strokes in which one microphone hears its own drum best, and the samples around them.

use super::Relation;
use super::relations::Match;
use crate::hear::{FILM_PER_SECOND, Options, Song, Track, onset_peaks};
use dsp::block::Buffer;
use dsp::math;
use std::collections::BTreeMap;
use std::path::Path;
use studio::decode;
use studio::job::Job;
use studio::message::Result;

/// Most strokes that are looked at (C3).
const MOST: usize = 30;
/// Least rise, mean over the bands, dB: a stroke, not a swell.
const LEAST_RISE_DB: f32 = 3.0;
/// So near to its own loud moments a drum is struck, dB. By our own convention: what a close microphone hears of another drum is
/// 10 dB and more under its own.
const STRUCK_DB: f64 = -4.0;
/// Onsets that are softer than this against its own loud moments are no strokes of a drum, dB. By our own convention.
const RESTS_DB: f64 = -15.0;
/// Points of a stroke: 85 ms at 48 kHz, and how long before its onset it begins.
const SECONDS: f64 = 0.085;
const BEFORE_SECONDS: f64 = 0.015;

/// Points of a stroke at a rate: even.
pub(super) fn length(rate_hz: u32) -> usize {
    (SECONDS * f64::from(rate_hz) / 2.0) as usize * 2
}

/// Moments of a relation, seconds of the song.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Moments {
    /// Strokes, the clearest first.
    pub(super) strokes: Vec<f64>,
    /// Moments at which something else is struck and this drum is not.
    pub(super) rest: Vec<f64>,
}

/// Strokes of a relation, and where its drum rests. Of two microphones at one drum the first one knows better when it is struck.
pub(super) fn moments(song: &Song, relation: &Match) -> Moments {
    let leader = match relation.kind {
        Relation::SameDrum => relation.references.first().copied().unwrap_or(relation.track),
        _ => relation.track,
    };
    let own = &song.tracks[leader];
    let rivals: Vec<&Track> = song
        .playing()
        .filter(|(index, track)| {
            *index != leader
                && !relation.references.contains(index)
                && matches!(track.role.role.name, "kick" | "snare" | "toms" | "hi-hat")
                && track.role.role.name != own.role.role.name
        })
        .map(|(_, track)| track)
        .collect();
    let is_overhead = |track: &Track| own.role.role.name == "kick" && track.role.role.name == "overheads";
    let overheads: Vec<&Track> =
        song.playing().map(|(_, track)| track).filter(|track| is_overhead(track)).collect();
    let mut all: Vec<(f64, f64)> = onset_peaks(&own.film.onset, LEAST_RISE_DB)
        .into_iter()
        .map(|place| crate::hear::onset_seconds(place) + own.start_seconds)
        .filter(|seconds| is_inside(own, *seconds))
        .map(|seconds| {
            // How far over its own loud moments it is, less the same of the loudest rival.
            let level = |track: &Track| level_db(track, seconds) - track.facts.momentary_p95_lufs;
            let loudest = rivals.iter().map(|track| level(track)).fold(-60.0, f64::max);
            let here = loud_db(own, seconds);
            // A bass drum is soft in the overheads: the best of its strokes are those under which no cymbal rings.
            let cymbals = overheads.iter().map(|track| level(track)).fold(-12.0, f64::max).min(0.0);
            (seconds, here + (here - loudest).min(12.0) - cymbals)
        })
        .collect();
    let struck: Vec<f64> =
        all.iter().map(|(seconds, _)| *seconds).filter(|seconds| loud_db(own, *seconds) > RESTS_DB).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.total_cmp(&b.0)));
    // What is far under the best is another drum's stroke.
    let least = all.first().map_or(0.0, |best| best.1 - 18.0);
    all.retain(|(_, clear)| *clear >= least);
    let rest = rest(song, relation, own, &rivals, &struck);
    Moments { strokes: all.into_iter().take(MOST).map(|(seconds, _)| seconds).collect(), rest }
}

/// Whether all of a stroke is inside the file.
fn is_inside(track: &Track, seconds: f64) -> bool {
    let end = track.start_seconds + track.duration_seconds() - SECONDS;
    seconds > BEFORE_SECONDS + track.start_seconds && seconds < end
}

/// How far a moment is over a track's own loud moments, dB. A bass drum is known by its low end: in loudness, what its microphone hears of
/// the snare may be more.
fn loud_db(track: &Track, seconds: f64) -> f64 {
    let low = (track.role.role.name == "kick").then(|| loudest_low_db(track)).flatten();
    low.map_or_else(
        || level_db(track, seconds) - track.facts.momentary_p95_lufs,
        |loud| low_db(track, seconds) - loud,
    )
}

/// Strokes of cymbals where the drum rests and no other drum is struck, for strokes beside another drum are not the clearest anyway; at
/// most [`MOST`].
fn rest(song: &Song, relation: &Match, own: &Track, rivals: &[&Track], struck: &[f64]) -> Vec<f64> {
    if !matches!(relation.kind, Relation::CloseToOverheads | Relation::SameDrum) {
        return Vec::new();
    }
    let hearing = song.playing().filter(|(_, track)| matches!(track.role.role.name, "overheads" | "hi-hat"));
    let drums = |seconds: f64| {
        rivals.iter().any(|rival| rival.role.role.name != "hi-hat" && loud_db(rival, seconds) > STRUCK_DB)
    };
    let others = hearing.flat_map(|(_, track)| {
        let start = track.start_seconds;
        onset_peaks(&track.film.onset, LEAST_RISE_DB)
            .into_iter()
            .map(move |place| crate::hear::onset_seconds(place) + start)
    });
    // Neither inside a stroke's samples, nor with a stroke inside its own.
    let alone = |seconds: &f64| struck.iter().all(|stroke| (stroke - seconds).abs() > SECONDS);
    let mut all: Vec<(f64, f64)> = others
        .filter(|seconds| is_inside(own, *seconds) && alone(seconds) && !drums(*seconds))
        .map(|seconds| (seconds, level_db(own, seconds)))
        .collect();
    // The loudest of them say most about what is heard of cymbals.
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.total_cmp(&b.0)));
    let mut kept: Vec<f64> = Vec::new();
    for (seconds, _) in all {
        if kept.len() < MOST && kept.iter().all(|other| (other - seconds).abs() > 0.5 * SECONDS) {
            kept.push(seconds);
        }
    }
    kept
}

/// Loudness of the 100 ms after a moment, LUFS.
fn level_db(track: &Track, seconds: f64) -> f64 {
    let start = ((seconds - track.start_seconds) * 20.0).floor().max(0.0) as usize;
    let power: f64 = track.film.loudness.iter().skip(start).take(2).map(|power| f64::from(*power)).sum();
    dsp::meter::loudness::lufs_of_power(f64::max(0.5 * power, 1e-12))
}

/// Bands of the film up to 140 Hz.
const LOW_BANDS: usize = 3;

/// Level of the low end in the frame of the film in which a moment lies, or the next, dB.
fn low_db(track: &Track, seconds: f64) -> f64 {
    let frame = ((seconds - track.start_seconds) * FILM_PER_SECOND).floor().max(0.0) as usize;
    let power = |frame: usize| -> f64 {
        track.film.frame(frame).iter().take(LOW_BANDS).map(|power| f64::from(*power)).sum()
    };
    math::power_to_db(power(frame).max(power(frame + 1)).max(1e-12))
}

/// 95th percentile of the low end's level, dB.
fn loudest_low_db(track: &Track) -> Option<f64> {
    let seconds = |frame: usize| frame as f64 / FILM_PER_SECOND + track.start_seconds;
    let all = (0..track.film.frames())
        .filter(|frame| track.film.sounds(*frame))
        .map(|frame| low_db(track, seconds(frame)));
    crate::hear::percentile(all.collect(), 0.95)
}

/// First frame of a stroke in a track, if all of it is inside the file.
pub(super) fn start_frame(track: &Track, seconds: f64) -> Option<u64> {
    let from = (seconds - BEFORE_SECONDS - track.start_seconds) * f64::from(track.sample_rate_hz);
    let end = from + length(track.sample_rate_hz) as f64;
    (from >= 0.0 && end < track.frames as f64).then_some(from.round() as u64)
}

/// Samples from the asked frames on, channel by channel: `[start][channel]`.
pub(super) type Pieces = BTreeMap<u64, Vec<Vec<f64>>>;

/// Reads pieces of a file, forward only.
pub(super) fn read(
    root: &Path,
    track: &Track,
    starts: &[u64],
    job: &Job<'_>,
    options: &Options,
) -> Result<Pieces> {
    let length = length(track.sample_rate_hz);
    let mut source = decode::open(&root.join(&track.path), options.decode)?;
    let channels = source.info().channels();
    let mut sorted = starts.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut pieces = Pieces::new();
    // Pieces may overlap: what was read is kept from the first frame that is still wanted.
    let mut kept: Vec<Vec<f64>> = vec![Vec::new(); channels];
    let mut first = 0_u64;
    for start in sorted {
        job.step("align", pieces.len() as u64, starts.len() as u64)?;
        let held = kept.first().map_or(0, Vec::len) as u64;
        if start >= first + held {
            source.skip(start - first - held)?;
            kept.iter_mut().for_each(Vec::clear);
        } else {
            kept.iter_mut().for_each(|plane| {
                plane.drain(..(start - first) as usize);
            });
        }
        first = start;
        while kept.first().is_some_and(|plane| plane.len() < length) {
            let missing = length - kept.first().map_or(0, Vec::len);
            let mut buffer = Buffer::new(channels, missing);
            source.read(&mut buffer)?;
            if buffer.frames() == 0 {
                return Ok(pieces);
            }
            for (channel, plane) in kept.iter_mut().enumerate() {
                plane.extend(buffer.channel(channel).iter().map(|x| math::sane(*x)));
            }
        }
        let picked: Vec<usize> =
            track.picked.as_ref().map_or_else(|| (0..channels).collect(), |picked| picked.channels.clone());
        let piece =
            picked.iter().filter_map(|channel| kept.get(*channel)).map(|plane| plane[..length].to_vec());
        pieces.insert(start, piece.collect());
    }
    Ok(pieces)
}
