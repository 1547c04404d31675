//! Polarity and time between microphones that hear the same thing (C3).
//!
//! Only strokes are read again, at most 30 for each microphone. Overheads and rooms are never moved: close microphones are
//! turned and delayed to them. Of a pair of overheads the channel is taken in which the drum is louder, since in the sum of both the
//! drum comes twice.

mod hits;
mod known;
mod lag;
mod relations;
mod standing;

use crate::hear::{Options, Song};
use hits::{Moments, Pieces};
use known::Known;
use lag::{Evidence, Lag, Search, Stroke};
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
/// Band of drums but kicks, Hz (C3).
const DRUM_BAND_HZ: (f64, f64) = (200.0, 8_000.0);
/// From this much on, seconds, a stroke is heard earlier by another microphone. By our own convention: 10 cm.
const EARLIER_SECONDS: f64 = 0.000_3;
/// How much later overheads hear a drum than its own microphone, seconds: C3 says 0 to 20 ms, but no overhead hangs nearer to a drum
/// than a foot, and in the first millisecond stands what leaks into both.
const OVERHEADS_SECONDS: (f64, f64) = (0.001, 0.02);
/// A bass drum stands between the overheads: so much apart they may hear it at most, seconds. By our own convention: a third of a metre.
const BETWEEN_SECONDS: f64 = 0.001;
/// So much of the low end that a sum could have may be missing where two microphones of one drum are in step, dB. By our own
/// convention: 1 ms at 100 Hz costs 0.4.
const LOW_MISSING_DB: f64 = 0.25;
/// Standard error of a median of many strokes against their median absolute deviation, times the root of their number: the deviation is
/// 0.6745 of a spread, the error of a median 1.2533 of one (normal distribution).
const ERROR_OF_SPREAD: f64 = 1.858;
/// Most of it, frames at 48 kHz: two standard errors are the two frames that are promised.
const MOST_ERROR_FRAMES: f64 = 1.0;
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Relation {
    /// A close microphone of the kit and the overheads.
    #[default]
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
    let relations: Vec<(Match, Moments)> = relations::relations(song)
        .into_iter()
        .map(|relation| {
            let moments = hits::moments(song, &relation);
            (relation, moments)
        })
        .collect();
    let pieces = read_all(root, song, &relations, job, options)?;
    let mut found: BTreeMap<usize, Alignment> = BTreeMap::new();
    let mut known = Known::default();
    for (relation, moments) in &relations {
        if found.contains_key(&relation.track) {
            continue;
        }
        let settled = relation.references.first().and_then(|reference| found.get(reference)).cloned();
        let scene = Scene { song, pieces: &pieces, relation, moments };
        // What both microphones of the drum say of each other, before the overheads are asked.
        let pair = relation.partner.and_then(|partner| {
            let (relation, moments) = relations.iter().find(|(other, _)| other.track == partner)?;
            Scene { song, pieces: &pieces, relation, moments }.pair()
        });
        for alignment in judge(&scene, pair, settled.as_ref(), &mut known) {
            found.entry(alignment.track).or_insert(alignment);
        }
    }
    Ok(found.into_values().filter(|alignment| alignment.invert || alignment.delay_frames > 0).collect())
}

/// The strokes of every file concerned.
fn read_all(
    root: &Path,
    song: &Song,
    relations: &[(Match, Moments)],
    job: &Job<'_>,
    options: &Options,
) -> Result<BTreeMap<usize, Pieces>> {
    let mut starts: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for (relation, moments) in relations {
        for index in relation.references.iter().chain([&relation.track]).chain(&relation.partner) {
            // Overheads hear others all the time: nothing is asked of them where the drum rests.
            let rest: &[f64] = match relation.kind {
                Relation::CloseToOverheads if relation.references.contains(index) => &[],
                _ => &moments.rest,
            };
            let frames = moments
                .strokes
                .iter()
                .chain(rest)
                .filter_map(|seconds| hits::start_frame(&song.tracks[*index], *seconds));
            starts.entry(*index).or_default().extend(frames);
        }
        for index in &relation.neighbours {
            let frames = moments.strokes.iter().filter_map(|at| hits::start_frame(&song.tracks[*index], *at));
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

/// A relation with everything that is known of it.
#[derive(Clone, Copy)]
struct Scene<'a> {
    song: &'a Song,
    pieces: &'a BTreeMap<usize, Pieces>,
    relation: &'a Match,
    moments: &'a Moments,
}

/// What two microphones of one drum say of each other: frames by which the second hears it later, and whether it is turned.
#[derive(Debug, Clone, Copy)]
struct Pair {
    later_frames: f64,
    inverted: bool,
}

/// Strokes of a track beside the channel of its references that hears them best, and those of its partner at the same moments.
struct Heard {
    reference: usize,
    own: Vec<Stroke>,
    partner: Vec<Stroke>,
}

impl Scene<'_> {
    fn piece(&self, index: usize, channel: usize, seconds: f64) -> Option<&[f64]> {
        let start = hits::start_frame(&self.song.tracks[index], seconds)?;
        self.pieces.get(&index)?.get(&start)?.get(channel).map(Vec::as_slice)
    }

    fn strokes(&self) -> Option<Heard> {
        let (relation, own) = (self.relation, &self.song.tracks[self.relation.track]);
        let mut best: Option<(f64, Heard)> = None;
        for &reference in &relation.references {
            let other = &self.song.tracks[reference];
            if other.sample_rate_hz != own.sample_rate_hz {
                continue;
            }
            for channel in 0..other.played() {
                let heard = self.beside(reference, channel);
                let power: f64 = heard.own.iter().flat_map(|stroke| &stroke.other).map(|x| x * x).sum();
                let louder = best.as_ref().is_none_or(|(most, _)| power > *most);
                if heard.own.len() >= FEWEST && power > 0.0 && louder {
                    best = Some((power, heard));
                }
            }
        }
        best.map(|(_, heard)| heard)
    }

    /// Strokes beside one channel. Where there is a partner, only those that both have.
    fn beside(&self, reference: usize, channel: usize) -> Heard {
        let mut heard = Heard { reference, own: Vec::new(), partner: Vec::new() };
        let rate_hz = |index: usize| self.song.tracks[index].sample_rate_hz;
        let partner = self.relation.partner.filter(|partner| rate_hz(*partner) == rate_hz(reference));
        for &seconds in &self.moments.strokes {
            let (Some(own), Some(other)) =
                (self.piece(self.relation.track, 0, seconds), self.piece(reference, channel, seconds))
            else {
                continue;
            };
            let stroke = |own: &[f64]| Stroke { own: own.to_vec(), other: other.to_vec() };
            match partner.map(|partner| self.piece(partner, 0, seconds)) {
                Some(None) => continue,
                Some(Some(second)) => heard.partner.push(stroke(second)),
                None => {}
            }
            heard.own.push(stroke(own));
        }
        heard
    }

    /// How much each bin of a microphone counts.
    fn standing(&self, index: usize) -> Vec<f64> {
        let of = |moments: &[f64]| -> Vec<&[f64]> {
            moments.iter().filter_map(|seconds| self.piece(index, 0, *seconds)).collect()
        };
        let rest = of(&self.moments.rest);
        if rest.len() < FEWEST { Vec::new() } else { standing::standing(&of(&self.moments.strokes), &rest) }
    }

    /// The same for a relation: what counts in one microphone of a drum has to count in the other.
    fn counting(&self) -> Vec<f64> {
        let own = self.standing(self.relation.track);
        let Some(first) =
            self.relation.references.first().filter(|_| self.relation.kind == Relation::SameDrum)
        else {
            return own;
        };
        own.iter().zip(&self.standing(*first)).map(|(a, b)| a.min(*b)).collect()
    }

    /// The lag, and whether it is sure; both microphones of a drum together where they know how they stand to each other.
    fn lag(&self, heard: &Heard, pair: Option<Pair>) -> Option<(Lag, bool)> {
        let search = search(self.song, self.relation);
        let own = self.counting();
        let first = Evidence { strokes: &heard.own, stand: &own, later_frames: 0.0, inverted: false };
        let second = self.relation.partner.map(|partner| self.standing(partner)).unwrap_or_default();
        let lag = match pair.filter(|_| heard.partner.len() == heard.own.len()) {
            Some(Pair { later_frames, inverted }) => {
                let second = Evidence { strokes: &heard.partner, stand: &second, later_frames, inverted };
                lag::joint(&[first, second], search)?
            }
            None => lag::joint(&[first], search)?,
        };
        let spread_at_48 = lag.spread_frames * 48_000.0 / search.rate_hz;
        let error = ERROR_OF_SPREAD * spread_at_48 / (heard.own.len() as f64).sqrt();
        let sure =
            lag.ratio >= LEAST_RATIO && spread_at_48 <= MOST_SPREAD_FRAMES && error <= MOST_ERROR_FRAMES;
        Some((lag, sure))
    }

    /// What the overheads say of the partner alone.
    fn straight(&self, heard: &Heard) -> Option<(usize, Lag)> {
        let partner = self.relation.partner.filter(|_| heard.partner.len() == heard.own.len())?;
        let stand = self.standing(partner);
        let one = Evidence { strokes: &heard.partner, stand: &stand, later_frames: 0.0, inverted: false };
        Some((partner, lag::joint(&[one], search(self.song, self.relation))?))
    }

    /// Whether the other channels of the overheads say the same of a bass drum as that which was asked; always for other drums, which may
    /// stand at a side.
    fn agrees(&self, heard: &Heard, lag: &Lag, pair: Option<Pair>) -> bool {
        let (song, relation) = (self.song, self.relation);
        if relation.kind != Relation::CloseToOverheads || song.tracks[relation.track].role.role.name != "kick"
        {
            return true;
        }
        let most = BETWEEN_SECONDS * f64::from(song.tracks[heard.reference].sample_rate_hz);
        (0..song.tracks[heard.reference].played()).all(|channel| {
            let other = self.lag(&self.beside(heard.reference, channel), pair);
            other.is_none_or(|(other, _)| {
                other.inverted == lag.inverted && (other.frames - lag.frames).abs() <= most
            })
        })
    }

    /// Whether the strokes reach another drum's microphone before this one: then they are that drum's, and this one is not struck at all.
    fn is_a_neighbours(&self) -> bool {
        let (song, relation) = (self.song, self.relation);
        let own = &song.tracks[relation.track];
        let rate_hz = f64::from(own.sample_rate_hz);
        let search = Search { rate_hz, band_hz: DRUM_BAND_HZ, lags_seconds: (-0.005, 0.005) };
        relation
            .neighbours
            .iter()
            .filter(|index| song.tracks[**index].sample_rate_hz == own.sample_rate_hz)
            .any(|index| {
                let strokes = self.beside(*index, 0).own;
                let one = Evidence { strokes: &strokes, stand: &[], later_frames: 0.0, inverted: false };
                let lag = lag::joint(&[one], search).filter(|_| strokes.len() >= FEWEST);
                lag.is_some_and(|lag| lag.ratio >= LEAST_RATIO && lag.frames < -EARLIER_SECONDS * rate_hz)
            })
    }

    /// How the second microphone of a drum stands to the first; `None` if that is not sure.
    fn pair(&self) -> Option<Pair> {
        let heard = self.strokes()?;
        let (lag, sure) = self.lag(&heard, None)?;
        let search = search(self.song, self.relation);
        let decided = decide(self.relation, &heard.own, search, sure.then_some(lag));
        decided
            .filter(|(_, _, basis)| *basis == Basis::CrossSpectrum)
            .map(|(frames, inverted, _)| Pair { later_frames: -frames, inverted })
    }
}

/// Where to look for a relation.
fn search(song: &Song, relation: &Match) -> Search {
    let track = &song.tracks[relation.track];
    // C3: 200 to 8000 Hz, kick 60 to 4000; pairs within 5 ms.
    let low = matches!(track.role.role.name, "kick" | "bass" | "bass direct" | "bass amp");
    let band_hz = if low { (60.0, 4_000.0) } else { DRUM_BAND_HZ };
    let lags_seconds =
        if relation.kind == Relation::CloseToOverheads { OVERHEADS_SECONDS } else { (-0.005, 0.005) };
    Search { rate_hz: f64::from(track.sample_rate_hz), band_hz, lags_seconds }
}

/// What is to be done with a relation, by both gates. `pair` is how the second microphone of the drum stands to it, `settled` what is done
/// with its reference.
fn judge(
    scene: &Scene<'_>,
    pair: Option<Pair>,
    settled: Option<&Alignment>,
    known: &mut Known,
) -> Vec<Alignment> {
    let (song, relation) = (scene.song, scene.relation);
    let Some(heard) = scene.strokes() else { return Vec::new() };
    if scene.is_a_neighbours() {
        return Vec::new();
    }
    let (reference, strokes) = (heard.reference, &heard.own);
    let search = search(song, relation);
    let (Some((lag, sure)), Some(before)) =
        (scene.lag(&heard, pair), lag::sum(strokes, search.rate_hz, 0.0, false))
    else {
        return Vec::new();
    };
    let rate = f64::from(song.sample_rate_hz) / search.rate_hz;
    if relation.kind == Relation::CloseToOverheads {
        known.leans.insert(relation.track, lag.inverted);
        if let Some((partner, lag)) = scene.straight(&heard) {
            known.straight.insert(partner, (lag.frames * rate, lag.inverted));
        }
    }
    let sure = sure && scene.agrees(&heard, &lag, pair);
    let spread_at_48 = lag.spread_frames * 48_000.0 / search.rate_hz;
    let decided = decide(relation, strokes, search, sure.then_some(lag));
    // A second microphone never stays behind alone.
    let follows = (0.0, false, Basis::Follows);
    let Some((delay, invert, basis)) = decided.or(settled.map(|_| follows)) else { return Vec::new() };
    let Some(after) = lag::sum(strokes, search.rate_hz, delay, invert) else { return Vec::new() };
    if loses_its_body(song, relation, before.low_db, after.low_db) {
        return Vec::new();
    }
    let turned = settled.is_some_and(|settled| settled.invert);
    let most = MOST_SPREAD_FRAMES * f64::from(song.sample_rate_hz) / 48_000.0;
    let total = known.place(relation.track, settled, (delay * rate, invert != turned, basis), most).round();
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
    if settled.is_some() || relation.kind == Relation::CloseToOverheads {
        return vec![own];
    }
    let leaning = relation.references.first().and_then(|first| known.leans.get(first)).copied();
    both(own, total, reference, relation, leaning)
}

/// Of two of one thing the later one cannot be moved forward: the other one waits for it. And one of two that work against each other has to
/// be turned: that one which the overheads speak against, however softly.
fn both(
    own: Alignment,
    total: f64,
    reference: usize,
    relation: &Match,
    leaning: Option<bool>,
) -> Vec<Alignment> {
    let first = own.invert && relation.kind == Relation::SameDrum && leaning == Some(true);
    let other = Alignment {
        track: reference,
        reference: relation.track,
        delay_frames: (-total).max(0.0) as u32,
        invert: first,
        ..own.clone()
    };
    vec![Alignment { invert: own.invert != first, ..own }, other]
}

/// Whether a drum loses its body in the overheads: then it was matched to another drum's sound. A hi-hat has none.
fn loses_its_body(song: &Song, relation: &Match, before_db: f64, after_db: f64) -> bool {
    let has_body = matches!(song.tracks[relation.track].role.role.name, "kick" | "snare" | "toms");
    relation.kind == Relation::CloseToOverheads && has_body && after_db < before_db - LOW_LOST_DB
}

/// Delay, polarity and what they rest on; `None` when neither gate says anything.
///
/// Of two microphones at one drum or one string the low end decides about polarity (C3): the fundamental is what they share. The wires
/// under a snare rattle in one polarity for both microphones, the head moves towards one and away from the other.
fn decide(
    relation: &Match,
    strokes: &[Stroke],
    search: Search,
    lag: Option<Lag>,
) -> Option<(f64, bool, Basis)> {
    let rate_hz = search.rate_hz;
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
        // Wires in step are no gain if the body is lost for it. An amplifier turns the low end by itself: there the lag decides.
        // And a cymbal that both hear has another lag than the drum: the fundamental has to be in step as well.
        let least = (still.low_db - LOW_LOST_DB).max(lag::most_low_db(strokes, search)? - LOW_MISSING_DB);
        if relation.kind != Relation::SameDrum || after >= least {
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
