//! Strokes in which one microphone hears its own drum best, and the samples around them.

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
/// Points of a stroke: 85 ms at 48 kHz, and how long before its onset it begins.
const SECONDS: f64 = 0.085;
const BEFORE_SECONDS: f64 = 0.015;

/// Points of a stroke at a rate: even.
pub(super) fn length(rate_hz: u32) -> usize {
    (SECONDS * f64::from(rate_hz) / 2.0) as usize * 2
}

/// Moments of strokes, seconds of the song, the clearest first.
pub(super) fn hits(song: &Song, relation: &Match) -> Vec<f64> {
    let own = &song.tracks[relation.track];
    let rivals: Vec<&Track> = song
        .playing()
        .filter(|(index, track)| {
            *index != relation.track
                && !relation.references.contains(index)
                && matches!(track.role.role.name, "kick" | "snare" | "toms" | "hi-hat")
                && track.role.role.name != own.role.role.name
        })
        .map(|(_, track)| track)
        .collect();
    let end = song.tracks[relation.track].duration_seconds() - SECONDS;
    // A bass drum is known by its low end: in loudness, what its microphone hears of the snare may be more.
    let own_low = (own.role.role.name == "kick").then(|| loudest_low_db(own)).flatten();
    let mut all: Vec<(f64, f64)> = onset_peaks(&own.film.onset, LEAST_RISE_DB)
        .into_iter()
        .map(|place| crate::hear::onset_seconds(place) + own.start_seconds)
        .filter(|seconds| *seconds > BEFORE_SECONDS + own.start_seconds && *seconds < own.start_seconds + end)
        .map(|seconds| {
            // How far over its own loud moments it is, less the same of the loudest rival.
            let level = |track: &Track| level_db(track, seconds) - track.facts.momentary_p95_lufs;
            let loudest = rivals.iter().map(|track| level(track)).fold(-60.0, f64::max);
            let here = own_low.map_or_else(|| level(own), |loud| low_db(own, seconds) - loud);
            (seconds, here + (here - loudest).min(12.0))
        })
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.total_cmp(&b.0)));
    // What is far under the best is another drum's stroke.
    let least = all.first().map_or(0.0, |best| best.1 - 18.0);
    all.into_iter().filter(|(_, clear)| *clear >= least).take(MOST).map(|(seconds, _)| seconds).collect()
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
