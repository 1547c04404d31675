//! Polarity and time between microphones that hear the same thing (C3).
//!
//! Only strokes are read again, at most 30 for each microphone. Overheads and rooms are never moved: close microphones are
//! turned and delayed to them. Of a pair of overheads the channel is taken in which the drum is louder, since in the sum of both the
//! drum comes twice.

mod hits;
mod lag;
mod relations;

use crate::hear::{Options, Song};
use hits::Pieces;
use lag::{Lag, Search, Stroke};
use rayon::prelude::*;
use relations::Match;
use std::collections::BTreeMap;
use std::path::Path;
use studio::job::Job;
use studio::message::Result;

/// Least ratio of the highest to the next highest peak (C3).
const LEAST_RATIO: f64 = 1.25;
/// Most deviation from stroke to stroke, frames at 48 kHz (C3).
const MOST_SPREAD_FRAMES: f64 = 5.0;
/// Fewest strokes that say something. By our own convention.
const FEWEST: usize = 4;
/// Sum over difference that decides about polarity alone, dB (C3).
const LOW_DECIDES_DB: f64 = 1.0;

/// Level of the low band that a delay may cost, dB. By estimate, 2026-11-21, see docs/decisions/050.
const LOW_LOST_DB: f64 = 0.5;

/// What is to be done to one track, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    /// The track that is turned or moved: index into [`Song::tracks`](crate::hear::Song::tracks). Never overheads or rooms.
    pub track: usize,
    /// What it is matched to.
    pub reference: usize,
    /// What kind of relation: close microphone to overheads, or two of one source.
    pub kind: Relation,
    /// Frames at the rate of the song by which the track is to be delayed; 0 for polarity only. Never negative: where the
    /// track is the later of two, the other one has the entry.
    pub delay_frames: u32,
    /// Whether its polarity is to be turned.
    pub invert: bool,
    /// What the decision rests on.
    pub basis: Basis,
    /// 0 to 1.
    pub confidence: f64,
    /// Hits it was read from.
    pub hits: usize,
    /// Highest over next highest peak of the accumulated cross-spectrum's transform.
    pub peak_ratio: f64,
    /// Median absolute deviation of the lag from hit to hit, frames at the rate of the song.
    pub spread_frames: f64,
    /// Level of the sum of both between 40 and 300 Hz against the sum of their powers, before and after, dB (at most +3).
    pub low_sum_before_db: f64,
    /// See [`low_sum_before_db`](Self::low_sum_before_db).
    pub low_sum_after_db: f64,
    /// Depth of the comb between 200 Hz and 8 kHz (mean of the sum's ripple against the sum of powers), before and after, dB.
    pub comb_before_db: f64,
    /// See [`comb_before_db`](Self::comb_before_db).
    pub comb_after_db: f64,
}

/// How two tracks belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// A close microphone of the kit and the overheads.
    CloseToOverheads,
    /// Two microphones of one drum: kick in and out, snare top and bottom.
    SameDrum,
    /// Direct signal and amplifier.
    DirectAndAmp,
    /// Several microphones of one cabinet.
    Cabinet,
    /// Two sides of one instrument: polarity only.
    Sides,
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Lag and sign of the cross-spectrum's peak; both gates passed.
    CrossSpectrum,
    /// Energy between 40 and 300 Hz of sum against difference decides: polarity only.
    LowEnergy,
    /// Nothing was decided between the two: it goes where the microphone it belongs to goes, so that both stay as they were
    /// recorded.
    Follows,
}

/// Everything that is to be turned or moved, in order of tracks. Reads the files of the drums, basses and guitars concerned once more, for
/// their strokes only.
///
/// # Errors
/// A file that can no longer be read; `interrupted`.
pub fn align(root: &Path, song: &Song, job: &Job<'_>, options: &Options) -> Result<Vec<Alignment>> {
    let relations: Vec<(Match, Vec<f64>)> = relations::relations(song)
        .into_iter()
        .map(|relation| {
            let hits = hits::hits(song, &relation);
            (relation, hits)
        })
        .collect();
    let pieces = read_all(root, song, &relations, job, options)?;
    let mut found: BTreeMap<usize, Alignment> = BTreeMap::new();
    for (relation, hits) in &relations {
        let settled = relation.references.first().and_then(|reference| found.get(reference)).cloned();
        if found.contains_key(&relation.track) {
            continue;
        }
        for alignment in judge(song, relation, hits, &pieces, settled.as_ref()) {
            found.entry(alignment.track).or_insert(alignment);
        }
    }
    Ok(found.into_values().filter(|alignment| alignment.invert || alignment.delay_frames > 0).collect())
}

/// The strokes of every file concerned.
fn read_all(
    root: &Path,
    song: &Song,
    relations: &[(Match, Vec<f64>)],
    job: &Job<'_>,
    options: &Options,
) -> Result<BTreeMap<usize, Pieces>> {
    let mut starts: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for (relation, hits) in relations {
        for index in relation.references.iter().chain([&relation.track]) {
            let frames = hits.iter().filter_map(|seconds| hits::start_frame(&song.tracks[*index], *seconds));
            starts.entry(*index).or_default().extend(frames);
        }
    }
    let quiet = job.with_threads(1);
    let read = |(index, starts): (&usize, &Vec<u64>)| {
        Ok((*index, hits::read(root, &song.tracks[*index], starts, &quiet, options)?))
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(job.threads.min(256)).build().ok();
    match pool {
        Some(pool) if job.threads > 1 => pool.install(|| starts.par_iter().map(read).collect()),
        _ => starts.iter().map(read).collect(),
    }
}

/// Strokes of a track beside each channel of its references.
fn strokes(
    song: &Song,
    relation: &Match,
    hits: &[f64],
    pieces: &BTreeMap<usize, Pieces>,
) -> Option<(usize, Vec<Stroke>)> {
    let own = &song.tracks[relation.track];
    let piece = |index: usize, seconds: f64| {
        let start = hits::start_frame(&song.tracks[index], seconds)?;
        pieces.get(&index)?.get(&start)
    };
    let mut best: Option<(f64, usize, Vec<Stroke>)> = None;
    for &reference in &relation.references {
        let other = &song.tracks[reference];
        if other.sample_rate_hz != own.sample_rate_hz {
            continue;
        }
        for channel in 0..other.played() {
            let pairs = hits.iter().filter_map(|seconds| {
                let own = piece(relation.track, *seconds)?.first()?.clone();
                let other = piece(reference, *seconds)?.get(channel)?.clone();
                Some(Stroke { own, other })
            });
            let strokes: Vec<Stroke> = pairs.collect();
            let power: f64 = strokes.iter().flat_map(|stroke| &stroke.other).map(|x| x * x).sum();
            if strokes.len() >= FEWEST && power > 0.0 && best.as_ref().is_none_or(|(most, ..)| power > *most)
            {
                best = Some((power, reference, strokes));
            }
        }
    }
    best.map(|(_, reference, strokes)| (reference, strokes))
}

/// Where to look for a relation.
fn search(song: &Song, relation: &Match) -> Search {
    let track = &song.tracks[relation.track];
    // C3: 200 to 8000 Hz, kick 60 to 4000; 0 to 20 ms before overheads, pairs within 5 ms.
    let low = matches!(track.role.role.name, "kick" | "bass" | "bass direct" | "bass amp");
    let band_hz = if low { (60.0, 4_000.0) } else { (200.0, 8_000.0) };
    let lags_seconds =
        if relation.kind == Relation::CloseToOverheads { (0.0, 0.02) } else { (-0.005, 0.005) };
    Search { rate_hz: f64::from(track.sample_rate_hz), band_hz, lags_seconds }
}

/// What is to be done with a relation, by both gates. `settled` is what is done with its reference.
fn judge(
    song: &Song,
    relation: &Match,
    hits: &[f64],
    pieces: &BTreeMap<usize, Pieces>,
    settled: Option<&Alignment>,
) -> Vec<Alignment> {
    let Some((reference, strokes)) = strokes(song, relation, hits, pieces) else { return Vec::new() };
    let search = search(song, relation);
    let (Some(lag), Some(before)) =
        (lag::lag(&strokes, search), lag::sum(&strokes, search.rate_hz, 0.0, false))
    else {
        return Vec::new();
    };
    let spread_at_48 = lag.spread_frames * 48_000.0 / search.rate_hz;
    let sure = lag.ratio >= LEAST_RATIO && spread_at_48 <= MOST_SPREAD_FRAMES;
    let decided = decide(relation, &strokes, search.rate_hz, sure.then_some(lag));
    // A second microphone never stays behind alone.
    let follows = (0.0, false, Basis::Follows);
    let Some((delay, invert, basis)) = decided.or(settled.map(|_| follows)) else {
        return Vec::new();
    };
    let Some(after) = lag::sum(&strokes, search.rate_hz, delay, invert) else { return Vec::new() };
    // A drum that loses its body in the overheads was matched to another drum's sound. A hi-hat has none.
    let has_body = matches!(song.tracks[relation.track].role.role.name, "kick" | "snare" | "toms");
    if relation.kind == Relation::CloseToOverheads && has_body && after.low_db < before.low_db - LOW_LOST_DB {
        return Vec::new();
    }
    // What the reference does, this track does as well.
    let (moved, turned) =
        settled.map_or((0.0, false), |settled| (f64::from(settled.delay_frames), settled.invert));
    let rate = f64::from(song.sample_rate_hz) / search.rate_hz;
    let total = (delay * rate + moved).round();
    let own = Alignment {
        track: relation.track,
        reference,
        kind: relation.kind,
        delay_frames: total.max(0.0) as u32,
        invert: invert != turned,
        basis,
        confidence: confidence(&lag, spread_at_48, basis, strokes.len()),
        hits: strokes.len(),
        peak_ratio: lag.ratio,
        spread_frames: lag.spread_frames * rate,
        low_sum_before_db: before.low_db,
        low_sum_after_db: after.low_db,
        comb_before_db: before.comb_db,
        comb_after_db: after.comb_db,
    };
    if total >= 0.0 {
        return vec![own];
    }
    // The later of two cannot be moved forward: the other one waits for it, unless something else is matched to that.
    if settled.is_some() || relation.kind == Relation::CloseToOverheads {
        return vec![own];
    }
    let other = Alignment {
        track: reference,
        reference: relation.track,
        delay_frames: (-total) as u32,
        invert: false,
        ..own.clone()
    };
    vec![own, other]
}

/// Delay, polarity and what they rest on; `None` when neither gate says anything.
///
/// Of two microphones at one drum or one string the low end decides about polarity (C3): the fundamental is what they share. The wires
/// under a snare rattle in one polarity for both microphones, the head moves towards one and away from the other.
fn decide(
    relation: &Match,
    strokes: &[Stroke],
    rate_hz: f64,
    lag: Option<Lag>,
) -> Option<(f64, bool, Basis)> {
    let delay = lag.map_or(0.0, |lag| lag.frames);
    if relation.kind == Relation::CloseToOverheads {
        // Overheads are too far away for the low end to say anything without the lag: a quarter of a wave at 80 Hz is a metre.
        return lag.map(|lag| (delay, lag.inverted, Basis::CrossSpectrum));
    }
    let low = lag::sum(strokes, rate_hz, delay, false)?;
    let decided = (low.low_db - low.low_difference_db).abs() >= LOW_DECIDES_DB;
    let by_low = low.low_difference_db > low.low_db;
    let together = lag.filter(|lag| !decided || by_low == lag.inverted);
    let still = lag::sum(strokes, rate_hz, 0.0, false)?;
    if let Some(lag) = together {
        let after = if lag.inverted { low.low_difference_db } else { low.low_db };
        // Wires and strings in step are no gain if the body is lost for it.
        if after >= still.low_db - LOW_LOST_DB {
            return Some((delay, lag.inverted, Basis::CrossSpectrum));
        }
    }
    // The peak belongs to something else than the fundamental, so its lag is not that of the drum: polarity only.
    let gain = still.low_difference_db - still.low_db;
    (gain.abs() >= LOW_DECIDES_DB).then_some((0.0, gain > 0.0, Basis::LowEnergy))
}

/// From both gates' margins: 0.6 at the gates, towards 1 with margin and strokes.
fn confidence(lag: &Lag, spread_at_48: f64, basis: Basis, strokes: usize) -> f64 {
    match basis {
        Basis::LowEnergy => return 0.5,
        Basis::Follows => return 0.6,
        Basis::CrossSpectrum => {}
    }
    let ratio = ((lag.ratio - LEAST_RATIO) / LEAST_RATIO).clamp(0.0, 1.0);
    let spread = 1.0 - (spread_at_48 / MOST_SPREAD_FRAMES).min(1.0);
    let many = (strokes as f64 / 12.0).min(1.0);
    (0.6 + 0.2 * ratio + 0.15 * spread) * (0.85 + 0.15 * many) + 0.05 * many
}
