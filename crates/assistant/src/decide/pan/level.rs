//! Left and right weigh the same (C6), on what was rendered: everything that stands at a side, and every stereo recording, moves by
//! the same little bit.

use super::super::lanes::Room;
use super::{Spot, place};
use crate::close::Heard;
use crate::moves::{Family, Place, Value};
use dsp::math::{db_to_power, power_to_db};
use dsp::pan::{PanLaw, balance_gains, mono_gains};

/// An imbalance that is left alone, dB: a little inside the half decibel of C6, so that the rendering is inside it.
const LEVEL_DB: f64 = 0.25;
/// Farthest that anything is moved for it, of the way from the middle to a side. By our own convention: farther is another mix.
const MOST: f64 = 0.3;
const ROUNDS: usize = 16;

/// Powers of both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Sides {
    left: f64,
    right: f64,
}

impl Sides {
    fn db(self) -> Option<f64> {
        (self.left > 0.0 && self.right > 0.0).then(|| power_to_db(self.left / self.right))
    }
}

/// What a lane gives to both sides: energies as they were heard, at a place, behind a fader.
fn given((left, right): (f64, f64), width: Option<f64>, pan: f64, fader_db: f64) -> Sides {
    let factor = db_to_power(fader_db);
    match width {
        None => {
            let (l, r) = mono_gains(pan, PanLaw::Minus3);
            Sides { left: left * l * l * factor, right: left * r * r * factor }
        }
        Some(width) => {
            // Narrower means less of the difference between both.
            let (sum, apart) = (left + right, (left - right) * width.min(1.0));
            let (l, r) = balance_gains(pan, PanLaw::Minus3);
            Sides { left: 0.5 * (sum + apart) * l * l * factor, right: 0.5 * (sum - apart) * r * r * factor }
        }
    }
}

/// Whether a lane may move: it stands at a side, or is a stereo recording; and nobody holds it.
fn moves(room: &Room<'_>, number: usize) -> bool {
    let lane = &room.lanes[number];
    let held = room.book.held_number("width.pan", &Place::control(&lane.id, "pan")).is_some();
    let kept = room.ask.keep_balance && room.song.rough_mix.is_some();
    !held && !kept && (room.spots.contains_key(&number) || is_stereo(room, number))
}

fn is_stereo(room: &Room<'_>, number: usize) -> bool {
    room.track(&room.lanes[number]).played() == 2
}

/// Width a stereo recording has; `None` for one channel.
fn width_of(room: &Room<'_>, number: usize) -> Option<f64> {
    is_stereo(room, number).then(|| {
        let strip = room.desk.strip(&room.lanes[number].id);
        strip.and_then(|strip| strip.controls.get("width")).and_then(Value::number).unwrap_or(1.0)
    })
}

/// What a lane is louder at the place it has now than where it stood when it was rendered, dB: nothing for one channel, whose power does not
/// depend on it.
pub(in super::super) fn louder_db(room: &Room<'_>, heard: &Heard, number: usize) -> f64 {
    let lane = &room.lanes[number];
    let (Some(sides), true) = (heard.sides.get(&lane.id), lane.pan != lane.then_pan) else { return 0.0 };
    let all = |pan: f64| {
        let at = given(*sides, width_of(room, number), pan, 0.0);
        at.left + at.right
    };
    let (now, then) = (all(lane.pan), all(lane.then_pan));
    if now > 0.0 && then > 0.0 { power_to_db(now / then) } else { 0.0 }
}

/// Both sides of the mix, where everything that may move stands `shift` further to the right; `then`: as it was rendered.
fn model(room: &Room<'_>, heard: &Heard, shift: f64, then: bool) -> Sides {
    let mut all = Sides::default();
    for group in &room.groups {
        for number in &group.lanes {
            let lane = &room.lanes[*number];
            let Some(sides) = heard.sides.get(&lane.id) else { continue };
            let (own, bus, pan) = match then {
                true => (lane.then_db, group.then_db, lane.then_pan),
                false => (lane.fader_db, group.fader_db, lane.pan),
            };
            let fader = bus + if group.is_bus { own } else { 0.0 };
            let shift = if moves(room, *number) { shift } else { 0.0 };
            let width = width_of(room, *number);
            let one = given(*sides, width, (pan + shift).clamp(-1.0, 1.0), fader);
            all.left += one.left;
            all.right += one.right;
        }
    }
    all
}

/// Left over right of the mix, dB, from powers and what the rendering was different by.
fn imbalance_db(room: &Room<'_>, heard: &Heard, shift: f64) -> Option<f64> {
    let (left, right) = heard.sides.get(studio::session::MIX).copied()?;
    let then = model(room, heard, 0.0, true).db()?;
    let own = Sides { left, right }.db()?;
    Some(model(room, heard, shift, false).db()? + own - then)
}

/// Brings both sides to the same weight. What is left, left over right in dB, comes back.
pub(in super::super) fn weigh(room: &mut Room<'_>, heard: &Heard) -> Option<f64> {
    let now = imbalance_db(room, heard, 0.0)?;
    if now.abs() <= LEVEL_DB || !room.book.works("width.pan", Family::Width) {
        return Some(now);
    }
    let (mut low, mut high) = (-MOST, MOST);
    for _ in 0..ROUNDS {
        let middle = 0.5 * (low + high);
        // Further right is less left over right.
        if imbalance_db(room, heard, middle)? > 0.0 { low = middle } else { high = middle }
    }
    let shift = (50.0 * (low + high)).round() / 100.0;
    for number in (0..room.lanes.len()).filter(|number| moves(room, *number)).collect::<Vec<_>>() {
        let spot = room.spots.get(&number).cloned().unwrap_or_else(|| Spot {
            pan: 0.0,
            free: false,
            why: "A stereo recording, moved a little so that both sides of the mix weigh the same".to_owned(),
            confidence: 0.6,
        });
        let before = room.lanes[number].pan;
        let share = room.book.strength(Family::Width) * room.lanes[number].share;
        let stands = (spot.pan * room.ask.style.spread.value).clamp(-1.0, 1.0) * share;
        place(room, number, &spot, before - stands + shift);
    }
    imbalance_db(room, heard, 0.0)
}
