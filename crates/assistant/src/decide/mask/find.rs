//! Who covers whom, where, how much and how often.

use super::super::lanes::Spectrum;
use crate::hear::{BANDS, band_centre_hz, band_edges_hz};
use dsp::math::{db_to_power, power_to_db};
use dsp::meter::loudness::KWeighting;

/// Bands that are essential to a source: a quarter of all (C9).
const ESSENTIAL: usize = BANDS / 4;
/// A source sounds in a frame within this of its mean, dB.
const SOUNDS_DB: f64 = -20.0;
/// Cut for each decibel of demand: half (C9, S = 0), at most 6 dB, at least 1.5 dB.
const PART: f64 = 0.5;
const MOST_DB: f64 = 6.0;
const LEAST_DB: f64 = 1.5;
/// Cuts of one strip are no nearer to each other than this many bands.
const APART: usize = 4;

/// A source in a comparison.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) id: String,
    pub(super) priority: f64,
    frames: Vec<Spectrum>,
    /// Mean power of a frame.
    mean: f64,
}

/// A cut that makes room.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cut {
    pub(super) freq_hz: f64,
    pub(super) gain_db: f64,
    /// Who it makes room for.
    pub(super) maskee: usize,
    pub(super) masking_db: f64,
    /// Share of the time that the maskee sounds in which it is covered there.
    pub(super) share: f64,
    /// Level in that band from which on the maskee sounds, a full-scale sine being 0.
    pub(super) threshold_db: f64,
}

impl Source {
    pub(super) fn new(id: &str, priority: f64, frames: Vec<Spectrum>) -> Self {
        let sounding: Vec<f64> =
            frames.iter().map(|frame| frame.iter().sum::<f64>()).filter(|p| *p > 0.0).collect();
        let mean = sounding.iter().sum::<f64>() / sounding.len().max(1) as f64;
        Self { id: id.to_owned(), priority, frames, mean }
    }

    fn sounds(&self, frame: usize) -> bool {
        let own = self.frames.get(frame).map_or(0.0, |frame| frame.iter().sum());
        own > self.mean * db_to_power(SOUNDS_DB) && own > 0.0
    }
}

/// What two sources have where both sound: mean powers of both, and how often the first is louder than the second, band by band.
fn meeting(masker: &Source, maskee: &Source) -> Option<(Spectrum, Spectrum, Spectrum)> {
    let (mut a, mut b, mut louder) = ([0.0; BANDS], [0.0; BANDS], [0.0; BANDS]);
    let (mut both, mut own) = (0.0, 0.0);
    for frame in 0..maskee.frames.len() {
        if !maskee.sounds(frame) {
            continue;
        }
        own += 1.0;
        if !masker.sounds(frame) {
            continue;
        }
        both += 1.0;
        for band in 0..BANDS {
            let (x, y) = (masker.frames[frame][band], maskee.frames[frame][band]);
            a[band] += x;
            b[band] += y;
            louder[band] += f64::from(u8::from(x > y));
        }
    }
    // A second of common sound is the least there is to say anything about.
    (both >= 10.0).then(|| (a.map(|x| x / both), b.map(|x| x / both), louder.map(|x| x / own)))
}

/// Ranks of bands: 1 for the strongest.
fn ranks(spectrum: &Spectrum) -> [usize; BANDS] {
    let mut order: Vec<usize> = (0..BANDS).collect();
    order.sort_by(|a, b| spectrum[*b].total_cmp(&spectrum[*a]).then(a.cmp(b)));
    let mut ranks = [0; BANDS];
    for (place, band) in order.into_iter().enumerate() {
        ranks[band] = place + 1;
    }
    ranks
}

/// Cuts of source `at` for the good of all that matter more.
pub(super) fn cuts(sources: &[Source], at: usize, most: usize) -> Vec<Cut> {
    let masker = &sources[at];
    let mut demand: Vec<Option<Cut>> = vec![None; BANDS];
    for (number, maskee) in sources.iter().enumerate() {
        let weight = maskee.priority - masker.priority;
        if weight <= 0.0 {
            continue;
        }
        let Some((a, b, louder)) = meeting(masker, maskee) else { continue };
        let (rank_a, rank_b) = (ranks(&a), ranks(&b));
        for band in 0..BANDS {
            // Essential to the maskee, not to the masker.
            if rank_b[band] > ESSENTIAL || rank_a[band] <= ESSENTIAL || a[band] <= 0.0 || b[band] <= 0.0 {
                continue;
            }
            let masking_db = power_to_db(a[band] / b[band]);
            let gain_db = -(PART * weight * masking_db).min(MOST_DB);
            if gain_db > -LEAST_DB {
                continue;
            }
            let deeper = demand[band].as_ref().is_none_or(|cut| gain_db < cut.gain_db);
            if deeper {
                demand[band] = Some(Cut {
                    freq_hz: band_centre_hz(band),
                    gain_db,
                    maskee: number,
                    masking_db,
                    share: louder[band],
                    // Half of what it has there on the average.
                    threshold_db: power_to_db(2.0 * b[band]) - 6.0,
                });
            }
        }
    }
    let mut wanted: Vec<(usize, Cut)> =
        demand.into_iter().enumerate().filter_map(|(band, cut)| Some((band, cut?))).collect();
    wanted.sort_by(|a, b| a.1.gain_db.total_cmp(&b.1.gain_db).then(a.0.cmp(&b.0)));
    let mut taken: Vec<(usize, Cut)> = Vec::new();
    for (band, cut) in wanted {
        if taken.len() < most && taken.iter().all(|(other, _)| other.abs_diff(band) >= APART) {
            taken.push((band, cut));
        }
    }
    taken.sort_by_key(|(band, _)| *band);
    taken.into_iter().map(|(_, cut)| cut).collect()
}

/// How well a source is heard in all others (C9): over its essential bands, from 12 dB under the rest to 12 dB over it, 0 to 1.
pub(super) fn audibility(sources: &[Source], at: usize) -> Option<f64> {
    let own = sources.get(at)?;
    let (mut mine, mut rest) = ([0.0; BANDS], [0.0; BANDS]);
    let mut count = 0.0;
    for frame in (0..own.frames.len()).filter(|frame| own.sounds(*frame)) {
        count += 1.0;
        for (number, source) in sources.iter().enumerate() {
            let Some(powers) = source.frames.get(frame) else { continue };
            let into = if number == at { &mut mine } else { &mut rest };
            into.iter_mut().zip(powers).for_each(|(sum, power)| *sum += power);
        }
    }
    if count < 10.0 {
        return None;
    }
    let rank = ranks(&mine);
    let essential = (0..BANDS).filter(|band| rank[*band] <= ESSENTIAL);
    let sum: f64 = essential
        .map(|band| {
            (power_to_db(mine[band].max(1e-30) / rest[band].max(1e-30)) + 12.0).clamp(0.0, 24.0) / 24.0
        })
        .sum();
    Some(sum / ESSENTIAL as f64)
}

/// Loudness a source loses by a colour, LU.
pub(super) fn loss_lu(source: &Source, colour_db: &Spectrum) -> f64 {
    let weights = weights();
    let (mut before, mut after) = (0.0, 0.0);
    for frame in &source.frames {
        for (band, power) in frame.iter().enumerate() {
            before += power * weights[band];
            after += power * weights[band] * db_to_power(colour_db[band]);
        }
    }
    if after > 0.0 { power_to_db(before / after) } else { 0.0 }
}

/// K-weighting of every band.
pub(in super::super) fn weights() -> Spectrum {
    let weighting = KWeighting::new(48_000.0);
    std::array::from_fn(|band| {
        let (low, high) = band_edges_hz(band);
        db_to_power(weighting.response_db(0.5 * (low + high), 48_000.0))
    })
}
