//! Compression (C8): ratio from how percussive and how low a track is, times from its crest, threshold so that little is taken,
//! make-up so that it is as loud as before.

use super::lanes::{Lane, Room};
use crate::moves::{Draft, Family, Place, named};
use dsp::math::{db_to_power, exp, gain_to_db, power_to_db};
use studio::mix::Group;

/// Seconds of a value of the film.
const STEP_SECONDS: f64 = 0.05;
/// Median reduction of the main voice and bass, and of others (C8); with it the 95th percentile: 8 dB at most for a voice (C8), less for
/// what is struck, whose bleed the make-up would raise. By estimate, 2026-11-21, docs/decisions/047.
const MUCH_DB: (f64, f64) = (3.0, 7.0);
const LITTLE_DB: (f64, f64) = (1.5, 4.0);
/// What is as even as this is left alone: distance of 95th percentile and median of loudness, and crest (C8).
const EVEN_LU: f64 = 4.0;
const EVEN_CREST_DB: f64 = 9.0;
/// Peaks that a detector with some attack does not see. By estimate, 2026-11-21, docs/decisions/047.
const DETECTOR_DB: f64 = 1.5;
/// Less than this in the 95th percentile is not worth a processor, dB.
const WORTH_DB: f64 = 1.0;
/// Smoothing of Giannoulis: 80 ms and 1 s, divided by the squared crest (C8, D2).
const ATTACK_SECONDS: f64 = 0.08;
const RELEASE_SECONDS: f64 = 1.0;

/// Bounds of a role.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bounds {
    ratio: (f64, f64),
    attack_ms: (f64, f64),
    release_ms: (f64, f64),
    /// Median and 95th percentile of the reduction.
    most_db: (f64, f64),
}

/// Bounds of C8; roles that are not here are not compressed.
fn bounds(role: &str) -> Option<Bounds> {
    let of = |ratio, attack_ms, release_ms, most_db| Some(Bounds { ratio, attack_ms, release_ms, most_db });
    match role {
        "kick" | "snare" | "toms" => of((1.5, 4.0), (10.0, 30.0), (60.0, 180.0), LITTLE_DB),
        "bass" | "bass amp" | "bass direct" => of((2.0, 4.0), (10.0, 40.0), (120.0, 300.0), MUCH_DB),
        "lead vocal" => of((2.0, 4.0), (2.0, 15.0), (60.0, 400.0), MUCH_DB),
        "double" | "backing vocals" => of((2.0, 3.5), (2.0, 15.0), (60.0, 400.0), (2.5, 6.0)),
        "acoustic guitar" => of((1.5, 2.5), (5.0, 30.0), (80.0, 400.0), LITTLE_DB),
        "keys" | "lead guitar" => of((1.5, 2.5), (5.0, 40.0), (80.0, 400.0), (1.0, 4.0)),
        _ => None,
    }
}

/// Compresses what moves too much.
pub(super) fn work(room: &mut Room<'_>) {
    let crests: Vec<f64> = room.lanes.iter().map(|lane| room.facts(lane).crest_db).collect();
    let lows: Vec<f64> = room.lanes.iter().map(|lane| room.facts(lane).low_share).collect();
    let mean = |list: &[f64]| list.iter().sum::<f64>() / list.len().max(1) as f64;
    let (crest, low) = (mean(&crests), mean(&lows));
    for number in 0..room.lanes.len() {
        if let Some(bounds) = bounds(room.lanes[number].role.name) {
            one(room, number, bounds, (percussivity(crests[number], crest), lows[number] / low.max(1e-6)));
        }
    }
}

/// Parallel compression of the drum bus (C8): ratio, attack; the release of struck things; and a reduction that is heard as one.
/// By our own convention, the last two.
const PARALLEL_RATIO: f64 = 4.0;
const PARALLEL_ATTACK_MS: f64 = 20.0;
const PARALLEL_RELEASE_MS: f64 = 120.0;
const PARALLEL_DB: (f64, f64) = (6.0, 12.0);
/// A copy softer than this is none, dB.
const NONE_DB: f64 = -60.0;

/// A compressed copy of the drum bus beside it, in styles that have one: one compressor whose dry sound goes through.
pub(super) fn parallel(room: &mut Room<'_>) {
    let under_db = room.ask.style.parallel_drums_db.value;
    let drums = room.groups.iter().find(|group| group.group == Group::Drums && group.is_bus).cloned();
    let Some(drums) = drums.filter(|_| under_db > NONE_DB) else { return };
    let levels = bus_levels_db(room, &drums.lanes);
    // What is 20 dB under the loudest is no hit.
    let top = levels.iter().copied().fold(-120.0, f64::max);
    let active: Vec<bool> = levels.iter().map(|level| *level > top - 20.0).collect();
    let found = threshold(&levels, &active, PARALLEL_RATIO, PARALLEL_RELEASE_MS, PARALLEL_DB);
    let Some(found) = found else { return };
    let gains = simulate(&levels, found, PARALLEL_RATIO, KNEE_DB, PARALLEL_RELEASE_MS);
    let (before, after) = levels.iter().zip(&gains).fold((0.0, 0.0), |(before, after), (level, gain)| {
        (before + db_to_power(*level), after + db_to_power(level + gain))
    });
    let makeup = if after > 0.0 { power_to_db(before / after).clamp(0.0, 12.0) } else { 0.0 };
    let full = named([
        ("threshold_db", found.into()),
        ("ratio", PARALLEL_RATIO.into()),
        ("knee_db", KNEE_DB.into()),
        ("attack_ms", PARALLEL_ATTACK_MS.into()),
        ("release_ms", PARALLEL_RELEASE_MS.into()),
        ("makeup_db", makeup.into()),
        ("mix_percent", parallel_percent(under_db).into()),
    ]);
    let text = format!(
        "A compressed copy of the drums, {:.0} dB under them: what is soft between the hits comes up, the hits stay.",
        -under_db
    );
    let place = Place::insert(&drums.strip, "parallel");
    let neutral = named([("mix_percent", 0.0.into())]);
    let draft = Draft::new("dynamics.parallel", Family::Dynamics, place, full, neutral, &text)
        .because("copy_under_the_drums_db", -under_db)
        .confidence(0.55)
        .or("no compression of the bus: undo dynamics.parallel")
        .evidence("parallel compression of drums in rock and metal, mixing.md C8");
    room.book.put(&mut room.desk, draft);
}

/// Share of a copy that lies so far under what it is copied from, percent of both.
pub(super) fn parallel_percent(under_db: f64) -> f64 {
    let copy = dsp::math::db_to_gain(under_db);
    100.0 * copy / (1.0 + copy)
}

/// Peak levels of several lanes together behind their faders, as far as powers tell.
fn bus_levels_db(room: &Room<'_>, lanes: &[usize]) -> Vec<f64> {
    let mut powers: Vec<f64> = Vec::new();
    for lane in lanes {
        let lane = &room.lanes[*lane];
        let head = (room.track(lane).start_seconds / STEP_SECONDS).round().max(0.0) as usize;
        let peaks = &room.film(lane).peak;
        powers.resize(powers.len().max(head + peaks.len()), 0.0);
        for (sum, peak) in powers.iter_mut().skip(head).zip(peaks) {
            *sum += db_to_power(gain_to_db(f64::from(*peak)).max(-120.0) + lane.trim_db + lane.fader_db);
        }
    }
    powers.iter().map(|power| power_to_db(power.max(1e-12)) - DETECTOR_DB).collect()
}

/// Percussivity of Ma et al. 2015: 0 to 2, 1 at the mean crest of the song; decibels in steps of 6.
pub(super) fn percussivity(crest_db: f64, mean_db: f64) -> f64 {
    let distance = (crest_db - mean_db) / 6.0;
    let bell = exp(-distance * distance);
    if distance < 0.0 { bell } else { 2.0 - bell }
}

/// Gain of a compressor at a level with its soft knee, dB, never above 0 (Giannoulis 2012, equation 4).
fn static_gain_db(level_db: f64, threshold_db: f64, ratio: f64, knee_db: f64) -> f64 {
    let over = level_db - threshold_db;
    let slope = 1.0 / ratio - 1.0;
    if 2.0 * over < -knee_db {
        0.0
    } else if 2.0 * over.abs() <= knee_db {
        let into = over + 0.5 * knee_db;
        slope * into * into / (2.0 * knee_db.max(1e-9))
    } else {
        slope * over
    }
}

/// A compressor run over levels every 50 ms: gains in dB. Attacks are shorter than that; the release is not.
pub(super) fn simulate(
    levels_db: &[f64],
    threshold_db: f64,
    ratio: f64,
    knee_db: f64,
    release_ms: f64,
) -> Vec<f64> {
    let keep = exp(-STEP_SECONDS * 1e3 / release_ms.max(1.0));
    let mut state = 0.0;
    levels_db
        .iter()
        .map(|level| {
            let wanted = static_gain_db(*level, threshold_db, ratio, knee_db);
            state = if wanted < state { wanted } else { keep * state + (1.0 - keep) * wanted };
            state
        })
        .collect()
}

/// Median and 95th percentile of the reduction where a track sounds, dB, positive.
fn reduction(gains_db: &[f64], active: &[bool]) -> (f64, f64) {
    let mut own: Vec<f64> =
        gains_db.iter().zip(active).filter(|(_, on)| **on).map(|(gain, _)| -gain).collect();
    own.sort_by(f64::total_cmp);
    let at = |part: f64| own.get(((own.len().max(1) - 1) as f64 * part) as usize).copied().unwrap_or(0.0);
    (at(0.5), at(0.95))
}

fn one(room: &mut Room<'_>, number: usize, bounds: Bounds, (wp, wf): (f64, f64)) {
    let lane = room.lanes[number].clone();
    let facts = room.facts(&lane);
    let even =
        facts.momentary_p95_lufs - facts.momentary_p50_lufs < EVEN_LU && facts.crest_db < EVEN_CREST_DB;
    if even {
        return;
    }
    let ratio = (0.54 * wp + 0.764 * wf + 1.0).clamp(bounds.ratio.0, bounds.ratio.1);
    let (attack, release) = times_ms(facts.crest_db, bounds);
    let ratio = 1.0 + (ratio - 1.0) * room.ask.style.compression.value;
    if ratio < 1.05 {
        return;
    }
    let levels = levels_db(room, &lane);
    let active = &room.film(&lane).active;
    let Some(found) = threshold(&levels, active, ratio, release, bounds.most_db) else { return };
    let gains = simulate(&levels, found, ratio, KNEE_DB, release);
    let (median, p95) = reduction(&gains, active);
    if p95 < WORTH_DB {
        return;
    }
    let makeup = makeup_db(room, &lane, &gains);
    let full = named([
        ("threshold_db", found.into()),
        ("ratio", ratio.into()),
        ("knee_db", KNEE_DB.into()),
        ("attack_ms", attack.into()),
        ("release_ms", release.into()),
        ("makeup_db", makeup.into()),
    ]);
    let text = format!(
        "{} to 1 above {{threshold_db}}: takes {median:.1} dB half of the time and {p95:.1} dB at the loudest; {{makeup_db}} make it as loud as before.",
        (ratio * 10.0).round() / 10.0
    );
    let neutral = named([("ratio", 1.0.into()), ("makeup_db", 0.0.into())]);
    let draft = Draft::new(
        "dynamics.compress",
        Family::Dynamics,
        Place::insert(&lane.id, "compressor"),
        full,
        neutral,
        &text,
    )
    .because("crest_db", facts.crest_db)
    .because("loudness_p95_over_p50_lu", facts.momentary_p95_lufs - facts.momentary_p50_lufs)
    .because("percussivity", wp)
    .because("low_frequency_weight", wf)
    .effect(format!(
        "gain reduction {median:.1} dB median, {p95:.1} dB 95th percentile (by the film of its peaks)"
    ))
    .share(lane.share)
    .confidence(0.65)
    .or("no compression: undo dynamics.compress")
    .evidence("ratio of Ma et al. 2015, times of Giannoulis et al. 2013, role bounds of mixing.md C8");
    room.book.put(&mut room.desk, draft);
}

/// Attack and release from the crest (D2), within the bounds of the role.
fn times_ms(crest_db: f64, bounds: Bounds) -> (f64, f64) {
    let crest = db_to_power(crest_db.clamp(3.0, 30.0));
    let attack = (2.0 * ATTACK_SECONDS / crest * 1e3).clamp(bounds.attack_ms.0, bounds.attack_ms.1);
    let release =
        (2.0 * RELEASE_SECONDS / crest * 1e3 - attack).clamp(bounds.release_ms.0, bounds.release_ms.1);
    (attack, release)
}

/// Bend around the threshold, dB: about half of the thresholds Ma's users set, within what our compressor has.
const KNEE_DB: f64 = 8.0;

/// Peak levels of a lane behind its trim, as a detector sees them.
fn levels_db(room: &Room<'_>, lane: &Lane) -> Vec<f64> {
    let peaks = room.film(lane).peak.iter();
    peaks.map(|peak| (gain_to_db(f64::from(*peak)) + lane.trim_db - DETECTOR_DB).max(-120.0)).collect()
}

/// Threshold at which the median reduction is as wanted and the 95th percentile in bounds: by bisection.
fn threshold(levels: &[f64], active: &[bool], ratio: f64, release: f64, most_db: (f64, f64)) -> Option<f64> {
    let fits = |threshold: f64| {
        let (median, p95) = reduction(&simulate(levels, threshold, ratio, KNEE_DB, release), active);
        median <= most_db.0 && p95 <= most_db.1
    };
    let (mut low, mut high) = (-60.0, 0.0);
    if !fits(high) {
        return None;
    }
    for _ in 0..12 {
        let middle = 0.5 * (low + high);
        if fits(middle) { high = middle } else { low = middle }
    }
    Some(high)
}

/// Gain that makes it as loud as before (D3): K-weighted powers with and without the reduction.
fn makeup_db(room: &Room<'_>, lane: &Lane, gains_db: &[f64]) -> f64 {
    let film = room.film(lane);
    let own = film.loudness.iter().zip(gains_db).zip(&film.active).filter(|(_, on)| **on);
    let (before, after) = own.fold((0.0, 0.0), |(before, after), ((power, gain), _)| {
        let power = f64::from(*power);
        (before + power, after + power * db_to_power(*gain))
    });
    if before > 0.0 && after > 0.0 { power_to_db(before / after).clamp(0.0, 12.0) } else { 0.0 }
}
