//! Sessions of which only a part is heard.

use std::collections::BTreeSet;
use studio::mix::only_tracks;
use studio::session::{MIX, Session, Strip};

/// Words in the names of processors that make space.
const SPACE: [&str; 9] = ["reverb", "plate", "hall", "room", "delay", "echo", "convol", "spring", "space"];

/// The session with only those tracks heard; tracks that neither sound nor key anything are left out, which saves time and
/// changes nothing.
#[must_use]
pub fn only(session: &Session, heard: &dyn Fn(&str) -> bool) -> Session {
    let keys = keying(session);
    let mut part = session.clone();
    part.tracks.retain(|track| heard(&track.strip.id) || keys.contains(&track.strip.id));
    if part.tracks.is_empty() {
        return only_tracks(session, heard);
    }
    let stays: BTreeSet<String> =
        part.strips().map(|strip| strip.id.clone()).chain([MIX.to_owned()]).collect();
    let vcas: BTreeSet<String> = part.vcas.iter().map(|vca| vca.id.clone()).collect();
    let known = |id: &str| stays.contains(id) || vcas.contains(id);
    part.automation.retain(|curve| known(&curve.target.strip));
    part.vcas.iter_mut().for_each(|vca| vca.members.retain(|member| known(&member.id)));
    part.buses.iter_mut().for_each(|bus| bus.members.retain(|member| known(&member.id)));
    part.edit_groups.clear();
    part.snapshots.clear();
    only_tracks(&part, heard)
}

/// Tracks some side-chain hears: itself, or what runs into it. By our own convention all tracks if a bus keys something.
fn keying(session: &Session) -> BTreeSet<String> {
    let all = session.strips().chain([&session.mix]);
    let keys: Vec<String> = all
        .flat_map(|strip| &strip.inserts)
        .filter_map(|insert| insert.key.as_ref().map(|key| key.from.id.clone()))
        .collect();
    let into = |strip: &Strip| {
        let mut next = strip.output.id.clone();
        let mut steps = 0;
        while next != MIX && steps < 64 {
            if keys.contains(&next) {
                return true;
            }
            let Some(bus) = session.strip(&next) else { return false };
            next = bus.output.id.clone();
            steps += 1;
        }
        false
    };
    let keyed = |strip: &Strip| keys.contains(&strip.id) || into(strip);
    session.tracks.iter().filter(|track| keyed(&track.strip)).map(|track| track.strip.id.clone()).collect()
}

/// Buses that make space: something is sent to them, and a reverberator or a delay stands in them.
#[must_use]
pub fn spaces(session: &Session) -> BTreeSet<String> {
    let sent = |id: &str| session.strips().any(|strip| strip.sends.iter().any(|send| send.to.id == id));
    let wet = |strip: &Strip| {
        strip.inserts.iter().any(|insert| {
            let name = insert.settings.description().key;
            insert.on && SPACE.iter().any(|word| name.contains(word))
        })
    };
    session
        .buses
        .iter()
        .filter(|bus| sent(&bus.strip.id) && wet(&bus.strip))
        .map(|bus| bus.strip.id.clone())
        .collect()
}

/// The session with nothing sent to its spaces; `None` if it has none.
#[must_use]
pub fn without_space(session: &Session) -> Option<Session> {
    let spaces = spaces(session);
    if spaces.is_empty() {
        return None;
    }
    let mut dry = session.clone();
    let tracks = dry.tracks.iter_mut().map(|track| &mut track.strip);
    let all = tracks.chain(dry.buses.iter_mut().map(|bus| &mut bus.strip));
    for send in all.flat_map(|strip| &mut strip.sends).filter(|send| spaces.contains(&send.to.id)) {
        send.controls.mute = true;
    }
    Some(dry)
}
