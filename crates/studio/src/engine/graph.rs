//! Who feeds whom: strips by id, edges, solo, levels.

use super::index::Index;
use crate::audio::Layout;
use crate::message::{Error, Result};
use crate::session::{Session, Strip, Tap};
use std::collections::BTreeMap;

/// What an edge is in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Output of a strip.
    Output,
    /// Send number so-and-so of a strip.
    Send(usize),
    /// Side-chain of insert number so-and-so of the strip it goes to.
    Key(usize),
}

/// Sound from one strip to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wire {
    /// Strip it comes from.
    pub from: usize,
    /// What it is.
    pub role: Role,
    /// Strip it goes to.
    pub to: usize,
    /// Where it leaves.
    pub tap: Tap,
}

impl Wire {
    /// What sets it apart from every other wire, and orders them.
    #[must_use]
    pub fn place(&self) -> (usize, Role, usize) {
        (self.from, self.role, self.to)
    }
}

/// Kind of a strip, with its place in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Track.
    Track(usize),
    /// Bus.
    Bus(usize),
    /// The mix bus.
    Mix,
}

/// The routing of a session: strips in order of id, the mix bus last.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Strips.
    pub strips: Vec<Origin>,
    /// Audible edges, sorted.
    pub wires: Vec<Wire>,
    /// Level of each strip: every source is on a lower one.
    pub levels: Vec<usize>,
    /// Whether each strip is heard in the mix (or listened to by one that is).
    pub used: Vec<bool>,
}

/// The strip at a place.
#[must_use]
pub fn strip(session: &Session, origin: Origin) -> Option<&Strip> {
    match origin {
        Origin::Track(index) => session.tracks.get(index).map(|track| &track.strip),
        Origin::Bus(index) => session.buses.get(index).map(|bus| &bus.strip),
        Origin::Mix => Some(&session.mix),
    }
}

impl Graph {
    /// Builds the routing. A session that was parsed has no cycle; one that was put together may.
    pub fn new(session: &Session) -> Result<Self> {
        let mut strips: Vec<Origin> = (0..session.tracks.len()).map(Origin::Track).collect();
        strips.extend((0..session.buses.len()).map(Origin::Bus));
        strips.sort_by(|a, b| id(session, *a).cmp(id(session, *b)));
        strips.push(Origin::Mix);
        let numbers: BTreeMap<&str, usize> =
            strips.iter().enumerate().map(|(number, origin)| (id(session, *origin), number)).collect();
        if numbers.len() != strips.len() {
            return Err(Error::input("duplicate_id", "two strips have the same id"));
        }
        let mut wires = Vec::new();
        for (number, origin) in strips.iter().enumerate() {
            collect(session, number, *origin, &numbers, &mut wires)?;
        }
        let index = Index::new(session);
        let heard = solo(session, &strips, &wires);
        wires.retain(|wire| heard(wire) && !silent(session, &index, &strips, wire));
        wires.sort_by_key(Wire::place);
        let levels = levels(session, &strips, &wires)?;
        let used = used(&wires, strips.len());
        wires.retain(|wire| used[wire.to]);
        Ok(Self { strips, wires, levels, used })
    }
}

/// Whether a wire never carries anything: its strip is muted and stays so.
fn silent(session: &Session, index: &Index<'_>, strips: &[Origin], wire: &Wire) -> bool {
    let Some(strip) = strips.get(wire.from).and_then(|origin| strip(session, *origin)) else { return false };
    let shut = matches!(wire.tap, Tap::Post | Tap::PostPan) || shut_ahead(session, wire);
    strip.controls.mute && shut && !index.mute_moves(&strip.id)
}

/// Whether a mute shuts a wire that leaves ahead of it: sends do so where the session says so, keys never.
pub(super) fn shut_ahead(session: &Session, wire: &Wire) -> bool {
    session.mute_pre_sends && matches!(wire.role, Role::Send(_)) && matches!(wire.tap, Tap::Pre | Tap::PreFx)
}

fn id(session: &Session, origin: Origin) -> &str {
    strip(session, origin).map_or("", |strip| &strip.id)
}

fn collect(
    session: &Session,
    number: usize,
    origin: Origin,
    numbers: &BTreeMap<&str, usize>,
    wires: &mut Vec<Wire>,
) -> Result<()> {
    let Some(own) = strip(session, origin) else { return Ok(()) };
    let find = |id: &str| {
        numbers
            .get(id)
            .copied()
            .ok_or_else(|| Error::input("unknown_strip", format!("there is no strip `{id}`")))
    };
    if origin != Origin::Mix {
        let to = find(&own.output.id)?;
        wires.push(Wire { from: number, role: Role::Output, to, tap: Tap::PostPan });
        for (index, send) in own.sends.iter().enumerate() {
            let to = find(&send.to.id)?;
            wires.push(Wire { from: number, role: Role::Send(index), to, tap: send.controls.tap });
        }
    }
    for (index, insert) in own.inserts.iter().enumerate().filter(|(_, insert)| insert.on) {
        if let Some(key) = &insert.key {
            let from = find(&key.from.id)?;
            wires.push(Wire { from, role: Role::Key(index), to: number, tap: key.controls.tap });
        }
    }
    Ok(())
}

/// Whether a wire is heard, given what is soloed: it is if a soloed strip feeds it or is fed by it. A strip whose
/// output goes to a soloed bus counts as soloed. What is solo-safe is heard, with all it feeds, but not what feeds it.
/// Keys are always heard.
fn solo(session: &Session, strips: &[Origin], wires: &[Wire]) -> impl Fn(&Wire) -> bool + use<> {
    let soloed = |origin: &Origin| strip(session, *origin).is_some_and(|strip| strip.controls.solo);
    let any = strips.iter().any(soloed);
    let mut own: Vec<bool> = strips.iter().map(soloed).collect();
    let audio: Vec<Wire> = wires.iter().filter(|wire| !matches!(wire.role, Role::Key(_))).copied().collect();
    let outputs: Vec<Wire> = audio.iter().filter(|wire| wire.role == Role::Output).copied().collect();
    spread(&mut own, &outputs, |wire| (wire.to, wire.from));
    let (mut below, mut above) = (own.clone(), own.clone());
    let safe = |origin: &Origin| strip(session, *origin).is_some_and(|strip| strip.controls.solo_safe);
    above.iter_mut().zip(strips).for_each(|(above, origin)| *above |= safe(origin));
    // `above` without what was soloed through its output only spreads down; `below` spreads up to the sources.
    spread(&mut above, &audio, |wire| (wire.from, wire.to));
    spread(&mut below, &audio, |wire| (wire.to, wire.from));
    let mix = strips.len() - 1;
    move |wire| {
        let key = matches!(wire.role, Role::Key(_));
        !any || key || above[wire.from] || (wire.to != mix && below[wire.to])
    }
}

/// Marks everything reached over `wires` from what is marked.
fn spread(marks: &mut [bool], wires: &[Wire], direction: impl Fn(&Wire) -> (usize, usize)) {
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); marks.len()];
    for (from, to) in wires.iter().map(direction) {
        leaving[from].push(to);
    }
    let mut waiting: Vec<usize> = (0..marks.len()).filter(|number| marks[*number]).collect();
    while let Some(number) = waiting.pop() {
        for to in &leaving[number] {
            if !std::mem::replace(&mut marks[*to], true) {
                waiting.push(*to);
            }
        }
    }
}

/// Levels by taking away, again and again, what has no source left (Kahn, "Topological sorting of large networks",
/// CACM 5(11), 1962).
fn levels(session: &Session, strips: &[Origin], wires: &[Wire]) -> Result<Vec<usize>> {
    let mut waiting = vec![0_usize; strips.len()];
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); strips.len()];
    for wire in wires {
        waiting[wire.to] += 1;
        leaving[wire.from].push(wire.to);
    }
    let mut levels = vec![0; strips.len()];
    let mut ready: Vec<usize> = (0..strips.len()).filter(|number| waiting[*number] == 0).collect();
    let mut done = 0;
    while let Some(number) = ready.pop() {
        done += 1;
        for to in &leaving[number] {
            levels[*to] = levels[*to].max(levels[number] + 1);
            waiting[*to] -= 1;
            if waiting[*to] == 0 {
                ready.push(*to);
            }
        }
    }
    if done < strips.len() {
        let names: Vec<&str> =
            circle(wires, &waiting).into_iter().map(|number| id(session, strips[number])).collect();
        let what = format!("the routing goes in a circle: {}", names.join(" → "));
        return Err(Error::input("routing_cycle", what));
    }
    Ok(levels)
}

/// A circle among the strips that still wait for a source, from its lowest number round to it again.
fn circle(wires: &[Wire], waiting: &[usize]) -> Vec<usize> {
    let source = |to: usize| wires.iter().find(|wire| wire.to == to && waiting[wire.from] > 0);
    let mut path: Vec<usize> = (0..waiting.len()).find(|number| waiting[*number] > 0).into_iter().collect();
    // Against the arrows every strip that waits has a source that waits; sooner or later one comes again.
    while let Some(wire) = path.last().and_then(|last| source(*last)) {
        if let Some(start) = path.iter().position(|number| *number == wire.from) {
            path.drain(..start);
            break;
        }
        path.push(wire.from);
    }
    path.reverse();
    let least = path.iter().enumerate().min_by_key(|(_, number)| **number).map_or(0, |(at, _)| at);
    path.rotate_left(least);
    path.extend(path.first().copied());
    path
}

fn used(wires: &[Wire], strips: usize) -> Vec<bool> {
    let mut used = vec![false; strips];
    used[strips - 1] = true;
    spread(&mut used, wires, |wire| (wire.to, wire.from));
    used
}

/// Loudspeakers of a strip's own signal, before pan, given the channels of a track's clips.
#[must_use]
pub fn layout(session: &Session, origin: Origin, clips: usize) -> Layout {
    match origin {
        Origin::Track(_) => Layout::of(clips.max(1)),
        Origin::Bus(_) | Origin::Mix => session.layout_of(id(session, origin)).speakers(),
    }
}
