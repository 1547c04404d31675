//! Whose room it is: the returns belong to the groups that send to them, and a group is as loud as its dry sound and its share of them.

use super::faders::ridden;
use super::lanes::{GroupLane, Lane, Room};
use super::mask::weights;
use super::space::{HIGH_CUT_HZ, LOW_CUT_HZ};
use crate::close::{Heard, Powers, gated_lufs, scaled, share_of, sum};
use crate::hear::{BANDS, band_centre_hz};
use crate::write::StripPlan;
use dsp::math::{db_to_power, power_to_db};

/// Seconds of a value.
const STEP_SECONDS: f64 = 0.05;

/// Wet sound of a return as the faders stand now, and what of it is each group's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wet {
    /// Strip of the return.
    pub(super) id: String,
    /// Powers behind its fader.
    pub(super) powers: Powers,
    /// What each group has of them, in their order.
    parts: Vec<Powers>,
}

impl Wet {
    /// Turns the return up or down.
    pub(super) fn turn(&mut self, gain_db: f64) {
        self.powers = scaled(&self.powers, gain_db);
        self.parts.iter_mut().for_each(|part| *part = scaled(part, gain_db));
    }
}

/// How a return goes on: when it begins, in values of 50 ms, and what is left of it from one to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trail {
    pub(super) after: usize,
    pub(super) keep: f64,
}

impl Trail {
    /// Of a room that falls by 60 dB in so many seconds.
    pub(super) fn of_room(rt60_seconds: f64) -> Self {
        Self { after: 0, keep: db_to_power(-60.0 * STEP_SECONDS / rt60_seconds.max(0.05)) }
    }

    /// Of echoes so many seconds apart, each `feedback` of the one before.
    pub(super) fn of_echoes(seconds: f64, feedback: f64) -> Self {
        let steps = (seconds / STEP_SECONDS).max(1.0);
        let fall_db = dsp::math::gain_to_db(feedback.clamp(0.01, 0.99)) / steps;
        Self { after: steps.round() as usize, keep: db_to_power(fall_db) }
    }

    /// What comes of powers that are sent.
    pub(super) fn of(self, sent: &[f64]) -> Powers {
        let mut state = 0.0;
        (0..sent.len())
            .map(|at| {
                let new = at.checked_sub(self.after).map_or(0.0, |from| sent[from]);
                state = state * self.keep + new;
                state
            })
            .collect()
    }
}

/// Fader a send leaves behind: that of the track, which is that of the group where it has no bus.
fn fader_db(room: &Room<'_>, at: usize, lane: usize, now: bool) -> f64 {
    let (group, lane) = (&room.groups[at], &room.lanes[lane]);
    match (group.is_bus, now) {
        (true, true) => lane.fader_db,
        (true, false) => lane.then_db,
        (false, true) => group.fader_db,
        (false, false) => group.then_db,
    }
}

/// Share of a lane's loudness that a return lets through: what lies between its filters.
fn let_through(room: &Room<'_>, lane: &Lane) -> f64 {
    let weights = weights();
    let bands = &room.facts(lane).band_power;
    let of = |inside: &dyn Fn(f64) -> bool| -> f64 {
        let own = (0..BANDS).filter(|band| inside(band_centre_hz(*band)));
        own.filter_map(|band| Some(bands.get(band)? * weights[band])).sum()
    };
    let all = of(&|_| true);
    if all > 0.0 { of(&|hz| (LOW_CUT_HZ..=HIGH_CUT_HZ).contains(&hz)) / all } else { 1.0 }
}

/// Powers each group sends to a return, with the faders and rides of now or of the last rendering.
fn sent(room: &Room<'_>, heard: &Heard, to: &str, now: bool) -> Vec<Powers> {
    let of = |at: usize, lane: usize| {
        let id = &room.lanes[lane].id;
        let follows = super::space::to_follow_db(room, lane, to, now);
        let send = room.desk.strip(id)?.sends.get(to)?.number_of("gain_db")?;
        let own = heard.of(id)?;
        let own = if now || room.rides_heard { ridden(room, id, own) } else { own.clone() };
        let through = power_to_db(let_through(room, &room.lanes[lane]).max(1e-6));
        Some(scaled(&own, send + follows + fader_db(room, at, lane, now) + through))
    };
    let parts = |(at, group): (usize, &GroupLane)| {
        let own: Vec<Powers> = group.lanes.iter().filter_map(|lane| of(at, *lane)).collect();
        sum(&own)
    };
    room.groups.iter().enumerate().map(parts).collect()
}

/// How a return goes on, by its settings.
fn trail(room: &Room<'_>, bus: &StripPlan) -> Trail {
    let insert = bus.inserts.first();
    let number = |name: &str| {
        let own = insert?.settings.iter().find(|(key, _)| key == name)?;
        own.1.number()
    };
    if insert.is_some_and(|insert| insert.processor == "delay") {
        let feedback = number("feedback_percent").unwrap_or(30.0) / 100.0;
        return Trail::of_echoes(super::space::echo_seconds(room, number("time_ms")), feedback);
    }
    Trail::of_room(number("rt60_mid_seconds").unwrap_or(1.0))
}

/// Every return and how it goes on.
pub(super) fn trails(room: &Room<'_>) -> Vec<(String, Trail)> {
    super::space::returns(room).map(|bus| (bus.id.clone(), trail(room, bus))).collect()
}

/// What comes back of what each group sends to a return, but for its gain.
pub(super) fn trailing(room: &Room<'_>, heard: &Heard, to: &str, trail: Trail, now: bool) -> Vec<Powers> {
    sent(room, heard, to, now).iter().map(|own| trail.of(own)).collect()
}

/// Every return that sounds, with the faders of `now` or as it was heard. Reverberation is linear: what is sent louder comes back
/// louder by as much, and as long as the room rings.
pub(super) fn wets(room: &Room<'_>, heard: &Heard, now: bool) -> Vec<Wet> {
    let of = |bus: &StripPlan| {
        let fader_db = bus.number("fader_db");
        let trail = trail(room, bus);
        let then = trailing(room, heard, &bus.id, trail, false);
        let now = trailing(room, heard, &bus.id, trail, now);
        let all = sum(&then);
        let whole = heard.of(&bus.id);
        let part =
            |(at, group): (usize, &GroupLane)| match (heard.of(&share_of(&bus.id, &group.strip)), whole) {
                (Some(own), _) => follows(&scaled(own, fader_db), &now[at], &then[at]),
                (None, Some(whole)) => shared(&scaled(whole, fader_db), &now[at], &all),
                (None, None) => Powers::new(),
            };
        let parts: Vec<Powers> = room.groups.iter().enumerate().map(part).collect();
        let sounds = parts.iter().flatten().any(|power| *power > 0.0);
        sounds.then(|| Wet { id: bus.id.clone(), powers: sum(&parts), parts })
    };
    super::space::returns(room).filter_map(of).collect()
}

/// A group's share of a return as it was heard, with what is sent there changed.
fn follows(heard: &Powers, now: &Powers, then: &Powers) -> Powers {
    if now == then {
        return heard.clone();
    }
    let of = |(at, power): (usize, &f64)| match (now.get(at), then.get(at)) {
        (Some(now), Some(then)) if *then > 0.0 => power * (now / then),
        _ => *power,
    };
    heard.iter().enumerate().map(of).collect()
}

/// What of `powers` is one group's, whose trail is `own` where that of all was `all`.
fn shared(powers: &Powers, own: &Powers, all: &Powers) -> Powers {
    let of = |((power, own), all): ((&f64, &f64), &f64)| if *all > 0.0 { power * (own / all) } else { 0.0 };
    powers.iter().zip(own).zip(all).map(of).collect()
}

/// All returns together.
pub(super) fn all(wets: &[Wet]) -> Powers {
    sum(wets.iter().map(|wet| &wet.powers))
}

/// What each group is louder by its share of the returns, LU; `dry` are its powers behind its fader.
pub(super) fn louder_lu(wets: &[Wet], dry: &[Powers]) -> Vec<f64> {
    dry.iter()
        .enumerate()
        .map(|(at, dry)| {
            let own = wets.iter().filter_map(|wet| wet.parts.get(at)).chain([dry]);
            let together = sum(own);
            gated_lufs(&together).zip(gated_lufs(dry)).map_or(0.0, |(with, dry)| with - dry)
        })
        .collect()
}
