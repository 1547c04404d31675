//! Vocal rides (C10): a slow hand on the fader of the voice, phrase by phrase, as sparse automation ahead of the fader.

use super::lanes::Room;
use crate::close::{Heard, Powers, active, momentary_lufs, scaled, sum};
use crate::moves::{Draft, Family, Place, Value};
use dsp::math::{PI, cos, db_to_power, power_to_db};
use studio::mix::Group;

/// Values a second.
const PER_SECOND: f64 = 20.0;
/// How far the voice follows the music (C10).
const FOLLOW: f64 = 0.5;
/// Farthest a ride goes, dB, and steepest, dB a second (C10).
const MOST_DB: f64 = 4.0;
const SLEW_DB: f64 = 12.0;
/// Length of the hand: a Hann window of 600 ms (C10), in values; of the music: 1 s.
const HAND: usize = 12;
const MUSIC: usize = 20;
/// Differences between phrases, and so between sections, that are kept (C10: half).
const KEEP: f64 = 0.5;
/// So far under its phrase a voice is not sung but fading or breathing, LU. By estimate, 2026-11-21, docs/decisions/047.
const SOFT_LU: f64 = 6.0;
/// Curves are simplified to this, dB, and at most three points a second (C10).
const CURVE_DB: f64 = 0.3;
/// Rides that stay within this do nothing anybody hears: none is written (C10: moves of less than 1 dB are ignored).
const LEAST_DB: f64 = 1.0;

/// Rides the lead voice.
pub(super) fn work(room: &mut Room<'_>, heard: &Heard) {
    if !room.book.works("ride.voice", Family::Ride) {
        return;
    }
    let voices = room.of_role("lead vocal");
    let bed: Vec<Powers> = room
        .groups
        .iter()
        .filter(|group| group.group != Group::Vocals)
        .filter_map(|group| Some(scaled(heard.of(&group.strip)?, group.fader_db)))
        .collect();
    let music = sum(&bed);
    for number in voices {
        let lane = room.lanes[number].clone();
        let Some(powers) = heard.of(&lane.id) else { continue };
        // What is heard behind the end of the song is its tail.
        let end = (room.song.duration_seconds * PER_SECOND) as usize;
        let own: Powers = powers.iter().take(end).copied().collect();
        let points = ride(&own, &music);
        let most = points.iter().map(|(_, db)| db.abs()).fold(0.0, f64::max);
        if most < LEAST_DB {
            continue;
        }
        let (up, down) =
            points.iter().fold((0.0_f64, 0.0_f64), |(up, down), (_, db)| (up.max(*db), down.min(*db)));
        let text = format!(
            "The voice is ridden phrase by phrase, between {down:+.1} and {up:+.1} dB: soft words come up, loud ones down, half of the difference between phrases stays."
        );
        let draft = Draft::new(
            "ride.voice",
            Family::Ride,
            Place::curve(&lane.id, "ride_db"),
            Value::Points(points.clone()),
            0.0.into(),
            &text,
        )
        .because("points", points.len() as f64)
        .because("most_up_db", up)
        .because("most_down_db", down)
        .share(lane.share)
        .confidence(0.7)
        .or("more compression in place of the ride")
        .evidence("vocal riding after the music, half way (mixing.md C10)");
        room.book.put(&mut room.desk, draft);
    }
}

/// The curve of a ride: seconds and decibels.
pub(super) fn ride(voice: &Powers, music: &Powers) -> Vec<(f64, f64)> {
    let loud = momentary_lufs(voice);
    let on = active(voice);
    let mut sung: Vec<f64> = loud.iter().zip(&on).filter(|(_, on)| **on).map(|(lufs, _)| *lufs).collect();
    if sung.len() < 2 * PER_SECOND as usize {
        return Vec::new();
    }
    let usual = median(&mut sung);
    let bed = smooth(music, MUSIC);
    let mut under: Vec<f64> = bed
        .iter()
        .zip(&on)
        .filter(|(power, on)| **on && **power > 0.0)
        .map(|(power, _)| power_to_db(*power))
        .collect();
    let bed_usual = median(&mut under);
    let sections = slow(&loud, &on, usual);
    let wanted: Vec<Option<f64>> = (0..voice.len())
        .map(|at| {
            // Ends of words and breaths are not lifted: there the hand rests.
            if !on[at] || !loud[at].is_finite() || loud[at] < sections[at] - SOFT_LU {
                return None;
            }
            let music_lu = bed
                .get(at)
                .filter(|power| **power > 0.0)
                .map_or(0.0, |power| power_to_db(*power) - bed_usual);
            // Half of what a phrase is louder or softer than the song is meant so, and stays.
            let target =
                usual + KEEP * (sections[at] - usual) + FOLLOW * music_lu.clamp(-6.0, 6.0) * (1.0 - KEEP);
            Some((target - loud[at]).clamp(-MOST_DB, MOST_DB))
        })
        .collect();
    let held = hold(&wanted);
    simplify(&slewed(&hand(&held)))
}

fn median(list: &mut [f64]) -> f64 {
    list.sort_by(f64::total_cmp);
    list.get(list.len() / 2).copied().unwrap_or(0.0)
}

/// Centred means.
fn smooth(list: &[f64], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0];
    let mut total = 0.0;
    for value in list {
        total += value;
        sums.push(total);
    }
    (0..list.len())
        .map(|at| {
            let (from, to) = (at.saturating_sub(width / 2), (at + width / 2 + 1).min(list.len()));
            (sums[to] - sums[from]) / (to - from) as f64
        })
        .collect()
}

/// Loudness of the phrase around each value, where the voice sings: the mean over the whole of it.
fn slow(loud: &[f64], on: &[bool], usual: f64) -> Vec<f64> {
    let mut phrases = vec![usual; loud.len()];
    let mut from = 0;
    while from < loud.len() {
        if !on[from] {
            from += 1;
            continue;
        }
        let to = (from..loud.len()).find(|at| !on[*at]).unwrap_or(loud.len());
        // The mean of powers: how a phrase begins and ends weighs little.
        let own: Vec<f64> =
            loud[from..to].iter().copied().filter(|lufs| lufs.is_finite()).map(db_to_power).collect();
        let mean = own.iter().sum::<f64>() / own.len().max(1) as f64;
        phrases[from..to].fill(if own.is_empty() { usual } else { power_to_db(mean) });
        from = to;
    }
    phrases
}

/// Between phrases the hand rests where it was; before the first it waits where that begins.
fn hold(wanted: &[Option<f64>]) -> Vec<f64> {
    let mut last = wanted.iter().flatten().next().copied().unwrap_or(0.0);
    wanted
        .iter()
        .map(|value| {
            last = value.unwrap_or(last);
            last
        })
        .collect()
}

/// The slowness of a hand: a Hann window, without delay.
fn hand(list: &[f64]) -> Vec<f64> {
    let window: Vec<f64> =
        (0..=HAND).map(|n| 0.5 - 0.5 * cos(2.0 * PI * (n as f64 + 0.5) / (HAND as f64 + 1.0))).collect();
    let half = HAND / 2;
    (0..list.len())
        .map(|at| {
            let (mut sum, mut weight) = (0.0, 0.0);
            for (n, w) in window.iter().enumerate() {
                if let Some(value) = (at + n).checked_sub(half).and_then(|from| list.get(from)) {
                    sum += w * value;
                    weight += w;
                }
            }
            sum / weight.max(1e-9)
        })
        .collect()
}

fn slewed(list: &[f64]) -> Vec<f64> {
    let step = SLEW_DB / PER_SECOND;
    let mut last = list.first().copied().unwrap_or(0.0);
    list.iter()
        .map(|value| {
            last = value.clamp(last - step, last + step);
            last
        })
        .collect()
}

/// Fewest points within 0.3 dB (Ramer 1972, Douglas and Peucker 1973), no two within a third of a second.
fn simplify(list: &[f64]) -> Vec<(f64, f64)> {
    let Some(end) = list.len().checked_sub(1) else { return Vec::new() };
    let mut keep = vec![false; list.len()];
    (keep[0], keep[end]) = (true, true);
    let mut open = vec![(0, end)];
    while let Some((from, to)) = open.pop() {
        if to - from < 2 {
            continue;
        }
        let line = |at: usize| list[from] + (list[to] - list[from]) * (at - from) as f64 / (to - from) as f64;
        let off = |at: usize| (list[at] - line(at)).abs();
        let worst = (from + 1..to).max_by(|a, b| off(*a).total_cmp(&off(*b)).then(b.cmp(a)));
        if let Some(worst) = worst.filter(|worst| off(*worst) > CURVE_DB) {
            keep[worst] = true;
            open.push((from, worst));
            open.push((worst, to));
        }
    }
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (at, value) in list.iter().enumerate().filter(|(at, _)| keep[*at]) {
        let seconds = at as f64 / PER_SECOND;
        if points.last().is_none_or(|(last, _)| seconds - last >= 0.34) {
            points.push((seconds, *value));
        }
    }
    points
}
