//! Tone and width: the response from one version to the other, and what of it looks like moves of an equaliser.

use super::gather::{BAND_EDGES_HZ, BAND_NAMES, Gathered, Spectra};
use super::residual::{between, third_octave_edges};
use dsp::math;
use serde::Serialize;

/// Points of the response an octave.
const PER_OCTAVE: f64 = 12.0;
/// Where it begins, Hz.
const LOWEST_HZ: f64 = 20.0;
/// A band this far under the loudest is not told, dB: nobody hears it beside the rest.
const HEARD_DB: f64 = -80.0;
/// A third octave softer than this is dither of 16 bits (-96 dBFS in all) or less.
const DITHER_DBFS: f64 = -95.0;
/// The smallest move that is told, dB: about what is heard of a broad change (by convention of the trade).
const MOVE_DB: f64 = 0.4;
/// A dip this deep between two tops makes two moves of them, dB. By our own convention, 2026-11-21, see docs/decisions/053.
const VALLEY_DB: f64 = 0.8;
/// Width of the heap that says where the untouched part of the response lies, dB. By our own convention, see docs/decisions/053.
const HEAP_DB: f64 = 0.25;
/// Side this far under the middle is no width that could change, dB.
const MONO_DB: f64 = -50.0;

/// A third-octave band of both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ToneBand {
    /// Nominal middle.
    pub hz: f64,
    /// BEFORE, mean over channels, as it is, dBFS.
    pub before_dbfs: f64,
    /// AFTER, turned to the loudness of BEFORE, dBFS.
    pub after_dbfs: f64,
    /// The difference of these, dB: what is heard when both are equally loud. 0 where nothing is heard.
    pub change_db: f64,
    /// Whether the band is heard in either.
    pub heard: bool,
}

/// A point of the response from BEFORE to AFTER.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ResponsePoint {
    /// Middle of its band.
    pub hz: f64,
    /// Gain there less [`Level::fader_db`](super::Level::fader_db), dB: what an equaliser would show. 0 where nothing is heard.
    pub gain_db: f64,
    /// Whether the band is heard in either.
    pub heard: bool,
}

/// What kind of move it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// All from a frequency down.
    Low,
    /// A region.
    Bell,
    /// All from a frequency up.
    High,
}

/// A region that was turned up or down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Move {
    /// Kind.
    pub shape: Shape,
    /// Where most was done, for [`Shape::Bell`]; where half of it is done, for the others.
    pub hz: f64,
    /// Edges of the region, Hz.
    pub low_hz: f64,
    /// Upper edge.
    pub high_hz: f64,
    /// The most, dB.
    pub gain_db: f64,
}

/// Width in one band.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WidthBand {
    /// Name of the band.
    pub name: &'static str,
    /// Lower edge.
    pub low_hz: f64,
    /// Upper edge.
    pub high_hz: f64,
    /// Side against middle, dB; `None` where it is mono or nothing sounds.
    pub before_db: Option<f64>,
    /// The same of AFTER.
    pub after_db: Option<f64>,
    /// Change of the side against the middle, per cent of amplitude; `None` unless both have one.
    pub change_percent: Option<f64>,
}

/// A part of a list in order, 0 the least, 1 the most, between neighbours on a line; 0 for an empty list.
pub(super) fn percentile(values: &[f64], part: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let place = part.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let (low, share) = (place.floor() as usize, place - place.floor());
    let at = |index: usize| sorted.get(index.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0);
    at(low) * (1.0 - share) + at(low + 1) * share
}

fn mean_powers(spectra: &Spectra) -> [Vec<f64>; 2] {
    let sum = |planes: &[Vec<f64>]| {
        let mut sums = vec![0.0; spectra.bins()];
        planes.iter().for_each(|plane| sums.iter_mut().zip(plane).for_each(|(sum, x)| *sum += x));
        sums
    };
    [sum(&spectra.xx), sum(&spectra.plain.yy)]
}

/// Powers of both in a band, as mean squares.
fn pair(powers: &[Vec<f64>; 2], spectra: &Spectra, low_hz: f64, high_hz: f64) -> [f64; 2] {
    [0, 1].map(|which| between(&powers[which], spectra.bin_hz, low_hz, high_hz) * spectra.scale)
}

/// Whether a band of a third octave that holds `power` is heard beside the loudest.
fn is_heard(power: [f64; 2], loudest: [f64; 2]) -> bool {
    let one = |power: f64, loudest: f64| {
        power > loudest * math::db_to_power(HEARD_DB) && math::power_to_db(power) > DITHER_DBFS
    };
    power[0] > 0.0 && power[1] > 0.0 && (one(power[0], loudest[0]) || one(power[1], loudest[1]))
}

fn loudest(powers: &[Vec<f64>; 2], spectra: &Spectra) -> [f64; 2] {
    third_octave_edges().fold([0.0, 0.0], |most: [f64; 2], (_, low, high)| {
        let here = pair(powers, spectra, low, high);
        [most[0].max(here[0]), most[1].max(here[1])]
    })
}

pub(super) fn bands(gathered: &Gathered, louder_lu: f64) -> Vec<ToneBand> {
    let spectra = &gathered.spectra;
    let powers = mean_powers(spectra);
    let loudest = loudest(&powers, spectra);
    third_octave_edges()
        .filter(|(_, _, high)| *high < 0.5 * gathered.rate_hz)
        .map(|(hz, low, high)| {
            let power = pair(&powers, spectra, low, high);
            let (before_dbfs, after_dbfs) =
                (math::power_to_db(power[0]), math::power_to_db(power[1]) - louder_lu);
            let heard = is_heard(power, loudest);
            let change_db = if heard { after_dbfs - before_dbfs } else { 0.0 };
            ToneBand { hz, before_dbfs, after_dbfs, change_db, heard }
        })
        .collect()
}

/// The response, with the gain still in it.
pub(super) fn response(gathered: &Gathered) -> Vec<ResponsePoint> {
    let spectra = &gathered.spectra;
    let powers = mean_powers(spectra);
    let loudest = loudest(&powers, spectra);
    let half = math::exp2(0.5 / PER_OCTAVE);
    // A band of a twelfth of an octave holds a quarter of a third.
    let loudest = loudest.map(|power| 0.25 * power);
    let top = (0.45 * gathered.rate_hz).min(20_000.0);
    (0..)
        .map(|n| LOWEST_HZ * math::exp2(f64::from(n) / PER_OCTAVE))
        .take_while(|hz| *hz <= top)
        .map(|hz| {
            let power = pair(&powers, spectra, hz / half, hz * half);
            let heard = is_heard(power.map(|power| 4.0 * power), loudest.map(|power| 4.0 * power));
            let gain_db = if heard { math::power_to_db(power[1] / power[0]) } else { 0.0 };
            ResponsePoint { hz, gain_db, heard }
        })
        .collect()
}

/// Where most of the response lies: the gain that is not tone.
pub(super) fn fader_db(response: &[ResponsePoint]) -> f64 {
    let known: Vec<f64> = response.iter().filter(|point| point.heard).map(|point| point.gain_db).collect();
    let median = percentile(&known, 0.5);
    let height = |at: f64| -> f64 {
        known.iter().map(|db| math::exp(-0.5 * (db - at) * (db - at) / (HEAP_DB * HEAP_DB))).sum()
    };
    // Of equal heaps the one nearest the median.
    let better = |a: &f64, b: &f64| {
        height(*a).total_cmp(&height(*b)).then((b - median).abs().total_cmp(&(a - median).abs()))
    };
    let Some(top) = known.iter().copied().max_by(better) else { return 0.0 };
    let near: Vec<f64> = known.iter().copied().filter(|db| (db - top).abs() <= HEAP_DB).collect();
    near.iter().sum::<f64>() / near.len().max(1) as f64
}

/// The response without the gain.
pub(super) fn relative(mut response: Vec<ResponsePoint>, fader_db: f64) -> Vec<ResponsePoint> {
    for point in response.iter_mut().filter(|point| point.heard) {
        point.gain_db -= fader_db;
    }
    response
}

/// Regions that were turned up or down, strongest first.
pub(super) fn moves(response: &[ResponsePoint]) -> Vec<Move> {
    let heard: Vec<ResponsePoint> = response.iter().copied().filter(|point| point.heard).collect();
    let mut work: Vec<(usize, usize)> = Vec::new();
    let mut start = None;
    for (at, point) in heard.iter().enumerate() {
        let goes_on = start.is_some_and(|from: usize| (heard[from].gain_db > 0.0) == (point.gain_db > 0.0));
        let counts = point.gain_db.abs() > MOVE_DB;
        if let Some(from) = start.filter(|_| !counts || !goes_on) {
            work.push((from, at));
            start = None;
        }
        if counts && start.is_none() {
            start = Some(at);
        }
    }
    work.extend(start.map(|from| (from, heard.len())));
    let mut found = Vec::new();
    while let Some((from, to)) = work.pop() {
        let (one, rest) = strongest(&heard, from, to);
        found.extend(one);
        work.extend(rest);
    }
    found.sort_by(|a, b| b.gain_db.abs().total_cmp(&a.gain_db.abs()).then(a.hz.total_cmp(&b.hz)));
    found
}

/// The strongest move of a region, and what of the region belongs to others.
fn strongest(heard: &[ResponsePoint], from: usize, to: usize) -> (Option<Move>, Vec<(usize, usize)>) {
    let size = |at: usize| heard.get(at).map_or(0.0, |point| point.gain_db.abs());
    let Some(top) = (from..to).max_by(|a, b| size(*a).total_cmp(&size(*b)).then(b.cmp(a))) else {
        return (None, Vec::new());
    };
    let mut rest = Vec::new();
    let walk = |way: &mut dyn Iterator<Item = usize>| -> Option<usize> {
        let mut least = top;
        for at in way {
            if size(at) < size(least) {
                least = at;
            } else if size(at) > size(least) + VALLEY_DB {
                return Some(least);
            }
        }
        None
    };
    let right = walk(&mut (top..to)).unwrap_or(to);
    let left = walk(&mut (from..=top).rev()).map_or(from, |at| at + 1);
    if right < to {
        rest.push((right, to));
    }
    if left > from {
        rest.push((from, left));
    }
    let (Some(first), Some(last), Some(most)) = (heard.get(left), heard.get(right - 1), heard.get(top))
    else {
        return (None, rest);
    };
    // A region of one point is a note, not a move.
    if right - left < 2 {
        return (None, rest);
    }
    let ends = |at: usize| size(at) > 0.7 * size(top);
    let (touches_low, touches_high) = (left == 0 && ends(left), right == heard.len() && ends(right - 1));
    let shape = match (touches_low, touches_high) {
        (true, false) => Shape::Low,
        (false, true) => Shape::High,
        _ => Shape::Bell,
    };
    let half = |range: &mut dyn Iterator<Item = usize>| {
        let mut under = range.filter(|at| size(*at) < 0.5 * size(top));
        under.next().and_then(|at| heard.get(at)).map(|point| point.hz)
    };
    let hz = match shape {
        Shape::Bell => most.hz,
        Shape::Low => half(&mut (top..heard.len())).unwrap_or(last.hz),
        Shape::High => half(&mut (0..=top).rev()).unwrap_or(first.hz),
    };
    (Some(Move { shape, hz, low_hz: first.hz, high_hz: last.hz, gain_db: most.gain_db }), rest)
}

/// Width in six bands and over all.
pub(super) fn width(gathered: &Gathered) -> (Vec<WidthBand>, Option<f64>) {
    let spectra = &gathered.spectra;
    if gathered.channels != 2 {
        return (Vec::new(), None);
    }
    let sides = |powers: &[Vec<f64>], cross: &[f64], low_hz: f64, high_hz: f64| {
        let of = |values: &[f64]| between(values, spectra.bin_hz, low_hz, high_hz);
        let (both, product) = (of(&powers[0]) + of(&powers[1]), 2.0 * of(cross));
        let (middle, side) = ((both + product).max(0.0), (both - product).max(0.0));
        let ratio_db = math::power_to_db(side / middle);
        (both > 0.0 && ratio_db > MONO_DB && ratio_db.is_finite()).then_some(ratio_db)
    };
    let change =
        |before: Option<f64>, after: Option<f64>| Some(100.0 * (math::db_to_gain(after? - before?) - 1.0));
    let both = |low_hz: f64, high_hz: f64| {
        let before = sides(&spectra.xx, &spectra.x01.re, low_hz, high_hz);
        let after = sides(&spectra.plain.yy, &spectra.y01.re, low_hz, high_hz);
        (before, after)
    };
    let top = 0.5 * gathered.rate_hz;
    let bands = BAND_NAMES.iter().zip(BAND_EDGES_HZ.windows(2)).map(|(name, edge)| {
        let (before_db, after_db) = both(edge[0], edge[1].min(top));
        let change_percent = change(before_db, after_db);
        WidthBand { name, low_hz: edge[0], high_hz: edge[1], before_db, after_db, change_percent }
    });
    let (before, after) = both(LOWEST_HZ, top.min(20_000.0));
    (bands.collect(), change(before, after))
}
