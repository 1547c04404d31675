//! Gates against bleed, for drums alone (C8).

use super::lanes::Room;
use crate::moves::{Draft, Family, Place, named};
use dsp::math::gain_to_db;

/// Roles that are gated: each hit ends, and what is between is somebody else.
const GATED: [(&str, f64); 3] = [("kick", 15.0), ("snare", 12.0), ("toms", 18.0)];
/// Bleed that is nearer to the hits than this cannot be told from them (C8); farther than that needs no gate.
const LEAST_GAP_DB: f64 = 10.0;
const MOST_GAP_DB: f64 = 40.0;
/// Levels under this are no bleed but silence, dB under the loudest.
const SILENCE_DB: f64 = -70.0;
/// Times (C8).
const ATTACK_MS: f64 = 0.5;
const LOOKAHEAD_MS: f64 = 2.0;
const HOLD_MS: f64 = 60.0;
const RELEASE_MS: (f64, f64) = (60.0, 400.0);

/// Gates close microphones of drums.
pub(super) fn work(room: &mut Room<'_>) {
    for (role, range_db) in GATED {
        for number in room.of_role(role) {
            one(room, number, range_db);
        }
    }
}

/// Levels of hits and of what is between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Split {
    /// Between both.
    pub(super) threshold_db: f64,
    /// 10th percentile of the peaks of hits.
    pub(super) hits_db: f64,
    /// Median of the bleed.
    pub(super) bleed_db: f64,
}

/// Splits levels in two by Otsu's method (IEEE Trans. SMC 9(1), 1979): the threshold with the largest variance between classes.
pub(super) fn split(levels_db: &[f64]) -> Option<Split> {
    let most = levels_db.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sorted: Vec<f64> = levels_db.iter().copied().filter(|level| *level > most + SILENCE_DB).collect();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len();
    if count < 20 {
        return None;
    }
    let total: f64 = sorted.iter().sum();
    let (mut best, mut at, mut below) = (0.0, 0, 0.0);
    for (number, level) in sorted.iter().enumerate().take(count - 1) {
        below += level;
        let (low, high) = ((number + 1) as f64, (count - number - 1) as f64);
        let apart = (total - below) / high - below / low;
        let between = low * high * apart * apart;
        if between > best {
            (best, at) = (between, number);
        }
    }
    let percentile = |list: &[f64], part: f64| list.get(((list.len().max(1) - 1) as f64 * part) as usize).copied();
    let (bleed, hits) = sorted.split_at(at + 1);
    // Quiet hits count as hits, loud bleed as bleed: between the softest tenth of hits and the loudest tenth of bleed.
    let (hits_db, bleed_db) = (percentile(hits, 0.5)?, percentile(bleed, 0.5)?);
    let threshold_db = 0.5 * (percentile(hits, 0.1)? + percentile(bleed, 0.9)?);
    Some(Split { threshold_db, hits_db, bleed_db })
}

fn one(room: &mut Room<'_>, number: usize, range_db: f64) {
    let lane = room.lanes[number].clone();
    let facts = room.facts(&lane);
    let levels: Vec<f64> = room.film(&lane).peak.iter().map(|peak| gain_to_db(f64::from(*peak))).collect();
    let Some(split) = split(&levels) else { return };
    let gap = split.hits_db - split.bleed_db;
    if !(LEAST_GAP_DB..=MOST_GAP_DB).contains(&gap) {
        return;
    }
    let decay_ms = facts.decay_seconds.unwrap_or(0.2) * 1e3;
    let full = named([
        ("threshold_db", (split.threshold_db + lane.trim_db).clamp(-90.0, 0.0).into()),
        ("range_db", range_db.into()),
        ("attack_ms", ATTACK_MS.into()),
        ("hold_ms", HOLD_MS.into()),
        ("release_ms", decay_ms.clamp(RELEASE_MS.0, RELEASE_MS.1).into()),
        ("lookahead_ms", LOOKAHEAD_MS.into()),
    ]);
    let text = format!(
        "Between the hits of the {} the rest of the kit is heard, {gap:.0} dB under them: turned down by {{|range_db|}} there, not shut.",
        lane.role.name
    );
    let neutral = named([("range_db", 0.0.into())]);
    let draft = Draft::new("cleanup.gate", Family::Cleanup, Place::insert(&lane.id, "gate"), full, neutral, &text)
        .because("hits_dbfs", split.hits_db)
        .because("bleed_dbfs", split.bleed_db)
        .because("decay_ms", decay_ms)
        .share(lane.share)
        .confidence(((gap - LEAST_GAP_DB) / 15.0).clamp(0.3, 0.85))
        .or("no gate: the bleed is part of the sound of the kit")
        .evidence("threshold between hits and bleed (Otsu 1979), drums only, mixing.md C8");
    room.book.put(&mut room.desk, draft);
}
