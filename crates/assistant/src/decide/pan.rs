//! Left and right (C6): roles and pairs first, the others by their brightness, then a search for balance in five bands.

mod balance;
mod level;

pub(super) use level::{louder_db, weigh};

use super::lanes::Room;
use crate::moves::{Draft, Family, Place};
use dsp::math::ln;
use std::collections::BTreeMap;
use studio::mix::Group;

/// Spectral centroid at which the formula reaches the side (Mansbridge 2012).
const CENTROID_MOST_HZ: f64 = 8000.0;
/// Sources under this stay in the middle: engineers do not pan more with frequency below 400 Hz (mixing rules, C6), and 80 % of
/// the power under 200 Hz is a bass.
const LEAST_CENTROID_HZ: f64 = 400.0;
const LOW_HZ: f64 = 200.0;
/// Width of the formula, 1 to 10. By estimate, 2026-11-21, docs/decisions/047.
const PAN_WIDTH: f64 = 8.0;
/// Farthest for a single track (C6).
const MOST: f64 = 0.9;
/// Where two takes of one part stand (C6: 0.8 to 1).
const DOUBLE: f64 = 0.85;
/// Where the hi-hat stands, the toms from high to low, percussion from the first to the last (C6).
const HAT: f64 = 0.35;
const TOMS: [f64; 3] = [0.3, 0.0, -0.4];
const PERCUSSION: (f64, f64) = (0.5, 0.9);
/// Backing vocals from the lowest to the highest (C6).
const BACKING: (f64, f64) = (0.25, 0.8);

/// Side over middle from which on a recording is narrowed, dB, and what is left: sides as strong as the middle work against each other
/// half of the time, and lose 3 LU in mono (C6: correlation at or above 0 for 95 % of the time, loss at most 3 dB). By estimate,
/// 2026-11-21, docs/decisions/051.
const WIDE_DB: f64 = -1.0;
const NARROW_DB: f64 = -2.0;

/// How a lane got its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    pub(super) pan: f64,
    /// Whether its side may be exchanged.
    pub(super) free: bool,
    pub(super) why: String,
    pub(super) confidence: f64,
}

/// Formula of Mansbridge, Finn and Reiss 2012: how far from the middle, by the spectral centroid.
pub(super) fn distance(centroid_hz: f64, width: f64) -> f64 {
    if centroid_hz < LEAST_CENTROID_HZ {
        return 0.0;
    }
    let most = CENTROID_MOST_HZ + (10.0 - width) * CENTROID_MOST_HZ / 3.0;
    let part = ln(centroid_hz) / ln(most);
    let fourth = part * part * part * part;
    // P = (Pf (2 P0 - 1) + 1) / 2 from 0 to 1 is Pf from the middle to the side.
    fourth.clamp(0.0, MOST)
}

/// Places every lane.
pub(super) fn work(room: &mut Room<'_>) {
    let mut spots: BTreeMap<usize, Spot> = BTreeMap::new();
    rough(room, &mut spots);
    pairs(room, &mut spots);
    let hat = hat_side(room);
    roles(room, &mut spots, hat);
    balance::search(room, &mut spots);
    for (number, spot) in spots.into_iter().filter(|(_, spot)| spot.pan != 0.0) {
        place(room, number, &spot, 0.0);
        room.spots.insert(number, spot);
    }
    narrow(room);
}

/// Puts a lane where it stands, and so far to the right of that as the balance of both sides asks.
fn place(room: &mut Room<'_>, number: usize, spot: &Spot, shift: f64) {
    let lane = room.lanes[number].clone();
    let spread = room.ask.style.spread.value;
    // What is asked of a share of the move comes out whole.
    let share = (room.book.strength(Family::Width) * lane.share).max(1e-3);
    let full = (spot.pan * spread + shift / share).clamp(-1.0, 1.0);
    let draft = Draft::new(
        "width.pan",
        Family::Width,
        Place::control(&lane.id, "pan"),
        full.into(),
        0.0.into(),
        &format!("{}: {{value}}.", spot.why),
    )
    .because("centroid_hz", room.facts(&lane).centroid_hz)
    .because("share_of_style", spread)
    .because("for_left_and_right", shift)
    .confidence(spot.confidence)
    .share(lane.share)
    .or("the middle")
    .evidence("Mansbridge et al. 2012, Pestana 2013 (mixing.md C6)");
    let told = room.book.put(&mut room.desk, draft);
    room.lanes[number].pan = told.and_then(|told| told.value.number()).unwrap_or(0.0);
}

/// The positions of a rough mix, where its balance is kept.
fn rough(room: &Room<'_>, spots: &mut BTreeMap<usize, Spot>) {
    let Some(rough) = room.song.rough_mix.as_ref().filter(|_| room.ask.keep_balance) else { return };
    for (number, lane) in room.lanes.iter().enumerate().filter(|(_, lane)| room.track(lane).played() == 1) {
        let at = rough.gains_db.iter().position(|(track, _)| *track == lane.track);
        if let Some(pan) = at.and_then(|at| rough.pans.get(at)) {
            let why = "Where the rough mix has it".to_owned();
            spots.insert(number, Spot { pan: *pan, free: false, why, confidence: 0.8 });
        }
    }
}

fn pairs(room: &Room<'_>, spots: &mut BTreeMap<usize, Spot>) {
    for pair in &room.song.pairs {
        let lane = |track: usize| room.lanes.iter().position(|lane| lane.track == track);
        let (Some(left), Some(right)) = (lane(pair.left), lane(pair.right)) else { continue };
        let (far, why) = match pair.joined {
            true => (1.0, "One side of a stereo recording"),
            false => (DOUBLE, "One of two takes of a part, each at its side"),
        };
        for (number, pan) in [(left, -far), (right, far)] {
            spots.entry(number).or_insert(Spot { pan, free: false, why: why.to_owned(), confidence: 0.9 });
        }
    }
}

/// Side of the hi-hat: where the overheads have more treble; right where they do not say.
fn hat_side(room: &Room<'_>) -> f64 {
    let lean = room.of_role("overheads").iter().find_map(|number| {
        let stereo = room.facts(&room.lanes[*number]).stereo.as_ref()?;
        // From 7 kHz on: bands 32 and up of 40 on the ERB scale.
        let high = |powers: &[f64]| powers.iter().skip(32).sum::<f64>();
        let (left, right) = (high(&stereo.left), high(&stereo.right));
        Some((right - left) / (right + left).max(1e-30))
    });
    if lean.is_some_and(|lean| lean < -0.03) { -1.0 } else { 1.0 }
}

fn roles(room: &Room<'_>, spots: &mut BTreeMap<usize, Spot>, hat: f64) {
    let mono = |number: &usize| room.track(&room.lanes[*number]).played() == 1;
    let mut put = |number: usize, pan: f64, free: bool, why: &str, confidence: f64| {
        spots.entry(number).or_insert(Spot { pan, free, why: why.to_owned(), confidence });
    };
    let by = |name: &str, key: &dyn Fn(usize) -> f64| -> Vec<usize> {
        let mut own: Vec<usize> = room.of_role(name).into_iter().filter(mono).collect();
        own.sort_by(|a, b| key(*b).total_cmp(&key(*a)).then(room.lanes[*a].id.cmp(&room.lanes[*b].id)));
        own
    };
    let centroid = |number: usize| room.facts(&room.lanes[number]).centroid_hz;
    for number in by("hi-hat", &centroid) {
        put(number, hat * HAT, false, "The hi-hat on the side where the overheads have it", 0.7);
    }
    let toms = by("toms", &centroid);
    for (place, number) in toms.iter().enumerate() {
        let pan = if toms.len() == 1 { 0.0 } else { TOMS[(place * 2 / (toms.len() - 1)).min(2)] * hat };
        put(*number, pan, false, "Toms from high to low across the kit", 0.6);
    }
    for name in ["overheads", "room"] {
        let own = by(name, &|_| 0.0);
        if let [left, right] = own.as_slice() {
            put(*left, -1.0, false, "One of two microphones of the room, each at its side", 0.6);
            put(*right, 1.0, false, "One of two microphones of the room, each at its side", 0.6);
        }
    }
    let percussion = by("percussion", &centroid);
    for (place, number) in percussion.iter().enumerate() {
        let far = spread_of(PERCUSSION, place, percussion.len());
        let side = if place % 2 == 0 { -hat } else { hat };
        put(*number, far * side, false, "Percussion at the side away from the hi-hat", 0.6);
    }
    let pitch = |number: usize| -room.facts(&room.lanes[number]).pitch.median_hz;
    let mut stack = by("backing vocals", &pitch);
    stack.extend(by("double", &pitch));
    for (place, number) in stack.iter().enumerate() {
        let far =
            if stack.len() == 1 { BACKING.0 } else { spread_of(BACKING, place / 2, stack.len().div_ceil(2)) };
        let side = if place % 2 == 0 { -1.0 } else { 1.0 };
        put(
            *number,
            far * side,
            stack.len() == 1,
            "Backing voices in pairs, the low ones nearer the middle",
            0.6,
        );
    }
    others(room, spots);
}

fn spread_of((near, far): (f64, f64), place: usize, count: usize) -> f64 {
    if count < 2 { near } else { near + (far - near) * place as f64 / (count - 1) as f64 }
}

/// What no rule places: as far out as it is bright, opposite to the nearest in brightness that stands already.
fn others(room: &Room<'_>, spots: &mut BTreeMap<usize, Spot>) {
    let placed_by_rule = |group: Group| {
        matches!(
            group,
            Group::Guitars
                | Group::Keys
                | Group::Synths
                | Group::Strings
                | Group::Winds
                | Group::Effects
                | Group::Other
        )
    };
    let mut own: Vec<usize> = (0..room.lanes.len())
        .filter(|number| {
            let lane = &room.lanes[*number];
            placed_by_rule(lane.role.group)
                && lane.role.name != "lead guitar"
                && room.track(lane).played() == 1
                && !spots.contains_key(number)
        })
        .collect();
    // The leader of an instrumental stays in the middle, if it stands alone.
    if !room.has(Group::Vocals) && own.len() == 1 {
        return;
    }
    let loudness = |number: usize| {
        let lane = &room.lanes[number];
        let group =
            room.groups.iter().find(|group| group.lanes.contains(&number)).map_or(0.0, |g| g.fader_db);
        lane.fader_db + group
    };
    own.sort_by(|a, b| loudness(*b).total_cmp(&loudness(*a)).then(room.lanes[*a].id.cmp(&room.lanes[*b].id)));
    let mut next = -1.0;
    for number in own {
        let facts = room.facts(&room.lanes[number]);
        if facts.power_80_hz < LOW_HZ {
            continue;
        }
        let far = distance(facts.centroid_hz, PAN_WIDTH);
        if far == 0.0 {
            continue;
        }
        let nearest = spots
            .iter()
            .filter(|(other, spot)| spot.pan != 0.0 && **other != number)
            .map(|(other, spot)| (room.facts(&room.lanes[*other]).centroid_hz, spot.pan))
            .min_by(|a, b| ratio(a.0, facts.centroid_hz).total_cmp(&ratio(b.0, facts.centroid_hz)));
        let side = nearest.map_or(next, |(_, pan)| -pan.signum());
        next = -side;
        let why = "As far out as it is bright, away from what is like it".to_owned();
        spots.insert(number, Spot { pan: side * far, free: true, why, confidence: 0.5 });
    }
}

fn ratio(a: f64, b: f64) -> f64 {
    (ln(a.max(1.0)) - ln(b.max(1.0))).abs()
}

/// A stereo recording with as much side as middle loses itself in mono: narrowed until the middle leads.
fn narrow(room: &mut Room<'_>) {
    for number in 0..room.lanes.len() {
        let lane = room.lanes[number].clone();
        let Some(stereo) = &room.facts(&lane).stereo else { continue };
        if stereo.side_to_mid_db <= WIDE_DB {
            continue;
        }
        let width = dsp::math::db_to_gain(NARROW_DB - stereo.side_to_mid_db).max(0.2);
        let place = Place::control(&lane.id, "width");
        let text = "As much side as middle, so that much of it is lost in mono: narrowed to {value}.";
        let draft = Draft::new("width.narrow", Family::Width, place, width.into(), 1.0.into(), text)
            .because("side_to_mid_db", stereo.side_to_mid_db)
            .because("correlation", stereo.correlation)
            .confidence(0.8)
            .evidence("fold-down loss of a group at most 3 dB, mixing.md C6");
        room.book.put(&mut room.desk, draft);
    }
}
