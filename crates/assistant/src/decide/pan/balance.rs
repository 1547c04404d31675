//! Balance of left and right in five bands: which sides are exchanged, and how far the heavier side comes in.

use super::super::lanes::Room;
use super::Spot;
use crate::hear::{BANDS, band_centre_hz};
use dsp::math::{FRAC_PI_4, cos, db_to_power, power_to_db, sin};
use std::collections::BTreeMap;

/// Where the five bands meet (mixing rules, C6).
const SPLITS_HZ: [f64; 4] = [750.0, 1650.0, 3650.0, 7750.0];
/// Imbalance of all bands together that is left alone, dB (C6).
const LEVEL_DB: f64 = 0.5;
/// Most tracks whose sides are all tried (C6: at most 2^12).
const MOST_FREE: usize = 12;
/// Weight of likeness on one side against imbalance (C6).
const LIKENESS: f64 = 0.3;

/// A source in five bands, left and right.
#[derive(Debug, Clone, Copy, Default)]
struct Sides {
    left: [f64; 5],
    right: [f64; 5],
}

/// Exchanges sides and brings the heavier side in, until left and right weigh the same.
pub(super) fn search(room: &Room<'_>, spots: &mut BTreeMap<usize, Spot>) {
    let bands: Vec<[f64; 5]> = (0..room.lanes.len()).map(|number| five(room, number)).collect();
    let free: Vec<usize> =
        spots.iter().filter(|(_, spot)| spot.free && spot.pan != 0.0).map(|(n, _)| *n).collect();
    let tried = &free[..free.len().min(MOST_FREE)];
    let mut best = (f64::INFINITY, 0_usize);
    for mask in 0..1_usize << tried.len() {
        let flipped = flip(spots, tried, mask);
        let cost = imbalance(room, &bands, &flipped).0 + LIKENESS * likeness(&bands, &flipped);
        // The first of equals wins: nothing is exchanged without a gain.
        if cost < best.0 - 1e-9 {
            best = (cost, mask);
        }
    }
    *spots = flip(spots, tried, best.1);
    // The heavier side comes in, a twentieth at a time, at most to half of its way.
    for _ in 0..10 {
        let (_, level_db) = imbalance(room, &bands, spots);
        if level_db.abs() <= LEVEL_DB || free.is_empty() {
            break;
        }
        for number in &free {
            if let Some(spot) = spots.get_mut(number).filter(|spot| spot.pan * level_db > 0.0) {
                spot.pan *= 0.95;
            }
        }
    }
}

fn flip(spots: &BTreeMap<usize, Spot>, free: &[usize], mask: usize) -> BTreeMap<usize, Spot> {
    let mut flipped = spots.clone();
    for (bit, number) in free.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 1) {
        debug_assert!(mask >> bit & 1 == 1);
        if let Some(spot) = flipped.get_mut(number) {
            spot.pan = -spot.pan;
        }
    }
    flipped
}

/// Powers of a lane in five bands, behind its faders.
fn five(room: &Room<'_>, number: usize) -> [f64; 5] {
    let lane = &room.lanes[number];
    let group = room.groups.iter().find(|group| group.lanes.contains(&number)).map_or(0.0, |g| g.fader_db);
    let facts = room.facts(lane);
    let factor = db_to_power(lane.trim_db + lane.fader_db + group) * facts.active_share;
    let mut five = [0.0; 5];
    for (band, power) in facts.band_power.iter().enumerate().take(BANDS) {
        five[band_of(band)] += power * factor;
    }
    five
}

fn band_of(band: usize) -> usize {
    SPLITS_HZ.iter().filter(|split| band_centre_hz(band) > **split).count()
}

/// Sum of the five imbalances, and right over left of all, dB.
fn imbalance(room: &Room<'_>, bands: &[[f64; 5]], spots: &BTreeMap<usize, Spot>) -> (f64, f64) {
    let mut sides = Sides::default();
    for (number, lane) in room.lanes.iter().enumerate() {
        let own = bands[number];
        let (left, right) = match &room.facts(lane).stereo {
            Some(stereo) => {
                let right = db_to_power(stereo.right_over_left_db.clamp(-60.0, 60.0));
                (1.0 / (1.0 + right), right / (1.0 + right))
            }
            None => {
                let angle = (spots.get(&number).map_or(0.0, |spot| spot.pan) + 1.0) * FRAC_PI_4;
                (cos(angle) * cos(angle), sin(angle) * sin(angle))
            }
        };
        sides.left.iter_mut().zip(own).for_each(|(sum, own)| *sum += own * left);
        sides.right.iter_mut().zip(own).for_each(|(sum, own)| *sum += own * right);
    }
    let of =
        |left: f64, right: f64| if left + right > 0.0 { (left - right).abs() / (left + right) } else { 0.0 };
    let sum: f64 = sides.left.iter().zip(&sides.right).map(|(left, right)| of(*left, *right)).sum();
    let (left, right) = (sides.left.iter().sum::<f64>(), sides.right.iter().sum::<f64>());
    (sum, if left > 0.0 && right > 0.0 { power_to_db(right / left) } else { 0.0 })
}

/// How alike the tracks on one side are: overlap of their spectra, 0 to 1 a pair, at most 1 in all.
fn likeness(bands: &[[f64; 5]], spots: &BTreeMap<usize, Spot>) -> f64 {
    let out: Vec<(&usize, &Spot)> = spots.iter().filter(|(_, spot)| spot.pan.abs() > 0.05).collect();
    let share = |own: [f64; 5]| {
        let all = own.iter().sum::<f64>().max(1e-30);
        own.map(|power| power / all)
    };
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (at, (a, first)) in out.iter().enumerate() {
        for (b, second) in out.iter().skip(at + 1) {
            pairs += 1.0;
            if first.pan * second.pan > 0.0 {
                let (one, other) = (share(bands[**a]), share(bands[**b]));
                sum += one.iter().zip(&other).map(|(x, y)| f64::min(*x, *y)).sum::<f64>();
            }
        }
    }
    if pairs > 0.0 { sum / pairs } else { 0.0 }
}
