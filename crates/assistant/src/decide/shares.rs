//! Whose room it is: the returns belong to the groups that send to them, and a group is as loud as its dry sound and its share of them.

use super::lanes::{Lane, Room};
use super::mask::weights;
use super::space::{HIGH_CUT_HZ, LOW_CUT_HZ};
use crate::close::{Heard, Powers, gated_lufs, scaled, sum};
use crate::hear::{BANDS, band_centre_hz};
use dsp::math::{db_to_power, power_to_db};

/// Wet sound of a return as the faders stand now, and the share that each group has in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wet {
    /// Strip of the return.
    pub(super) id: String,
    /// Powers behind its fader.
    pub(super) powers: Powers,
    /// Shares of the groups, in their order; together 1.
    pub(super) shares: Vec<f64>,
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

/// Energy each group sends to a return, with the faders of now or of the last rendering.
fn sent(room: &Room<'_>, heard: &Heard, to: &str, now: bool) -> Vec<f64> {
    let of = |at: usize, lane: usize| {
        let id = &room.lanes[lane].id;
        let send = room.desk.strip(id)?.sends.get(to)?.number_of("gain_db")?;
        let energy: f64 = heard.of(id)?.iter().sum();
        let energy = energy * let_through(room, &room.lanes[lane]);
        Some(energy * db_to_power(send + fader_db(room, at, lane, now)))
    };
    room.groups
        .iter()
        .enumerate()
        .map(|(at, group)| group.lanes.iter().filter_map(|lane| of(at, *lane)).sum())
        .collect()
}

/// Every return that sounds, with the faders of `now` or as it was heard. Reverberation is linear: what is sent louder comes back
/// louder by as much.
pub(super) fn wets(room: &Room<'_>, heard: &Heard, now: bool) -> Vec<Wet> {
    let of = |bus: &crate::write::StripPlan| {
        let powers = heard.of(&bus.id)?;
        let (then, now) = (sent(room, heard, &bus.id, false), sent(room, heard, &bus.id, now));
        let (before, after): (f64, f64) = (then.iter().sum(), now.iter().sum());
        if before <= 0.0 || after <= 0.0 {
            return None;
        }
        Some(Wet {
            id: bus.id.clone(),
            powers: scaled(powers, bus.number("fader_db") + power_to_db(after / before)),
            shares: now.iter().map(|own| own / after).collect(),
        })
    };
    super::space::returns(room).filter_map(of).collect()
}

/// All returns together.
pub(super) fn all(wets: &[Wet]) -> Powers {
    sum(wets.iter().map(|wet| &wet.powers))
}

/// What each group is louder by its share of the returns, LU; `dry` are its powers behind its fader.
pub(super) fn louder_lu(wets: &[Wet], dry: &[Powers]) -> Vec<f64> {
    dry.iter()
        .enumerate()
        .map(|(at, own)| {
            let shares: Vec<Powers> = wets
                .iter()
                .map(|wet| {
                    let share = wet.shares.get(at).copied().unwrap_or(0.0);
                    wet.powers.iter().map(|power| power * share).collect()
                })
                .collect();
            let together = sum(shares.iter().chain([own]));
            gated_lufs(&together).zip(gated_lufs(own)).map_or(0.0, |(with, dry)| (with - dry).clamp(0.0, 6.0))
        })
        .collect()
}
