//! A session in which every group is heard for itself as well, with its own share of every return.
//!
//! A return is taken apart into one for each group that sends to it. What runs there is linear, or heard by one group only, so the
//! mix stays what it was; and how loud a group is with its room need not be guessed.

use studio::session::controls::OFF_DB;
use studio::session::{
    Automation, Bus, BusLayout, Controls, MIX, Named, Send, SendControls, Session, Strip, Tap,
};

/// A group and the tracks in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Strip that its fader is on.
    pub strip: String,
    /// Its tracks.
    pub tracks: Vec<String>,
}

/// Strip at which a group is heard with its share of every return, ahead of a fader that is shut.
#[must_use]
pub fn whole_of(group: &str) -> String {
    format!("whole:{group}")
}

/// Strip of a group's share of a return.
#[must_use]
pub fn share_of(bus: &str, group: &str) -> String {
    format!("{bus}:{group}")
}

fn named(id: String) -> Named {
    Named { id, span: 0..0 }
}

/// A send of all that leaves a strip.
fn all_to(id: String) -> Send {
    Send { to: named(id), controls: SendControls { tap: Tap::PostPan, ..SendControls::default() } }
}

/// Takes the returns apart and gives every group an ear of its own. Cost: the processors of a return once more for every further group
/// that sends to it.
pub(super) fn apart(session: &mut Session, groups: &[Party], returns: &[String]) {
    for group in groups {
        let ear = Strip {
            id: whole_of(&group.strip),
            name: String::new(),
            controls: Controls { fader_db: OFF_DB, ..Controls::default() },
            inserts: Vec::new(),
            output: named(MIX.to_owned()),
            folder: None,
            sends: Vec::new(),
            span: 0..0,
        };
        session.buses.push(Bus { strip: ear, layout: BusLayout::Stereo, members: Vec::new() });
        if let Some(strip) = strip_mut(session, &group.strip) {
            strip.sends.push(all_to(whole_of(&group.strip)));
        }
        returns.iter().for_each(|bus| split(session, group, bus));
    }
    // What nobody sends to any more would only ring on its own.
    for id in returns {
        let fed = |strip: &Strip| strip.output.id == *id || strip.sends.iter().any(|send| send.to.id == *id);
        let split = groups.iter().any(|group| session.strip(&share_of(id, &group.strip)).is_some());
        if split && !session.strips().any(fed) {
            session.buses.retain(|bus| bus.strip.id != *id);
            session.automation.retain(|curve| curve.target.strip != *id);
            session.vcas.iter_mut().for_each(|vca| vca.members.retain(|member| member.id != *id));
        }
    }
}

fn strip_mut<'s>(session: &'s mut Session, id: &str) -> Option<&'s mut Strip> {
    let tracks = session.tracks.iter_mut().map(|track| &mut track.strip);
    tracks.chain(session.buses.iter_mut().map(|bus| &mut bus.strip)).find(|strip| strip.id == id)
}

/// What a group sends to a return goes to a copy of it.
fn split(session: &mut Session, group: &Party, id: &str) {
    let Some(bus) = session.buses.iter().find(|bus| bus.strip.id == id).cloned() else { return };
    let own = share_of(id, &group.strip);
    let mut sent = false;
    for strip in group.tracks.iter().chain([&group.strip]) {
        for send in strip_mut(session, strip).into_iter().flat_map(|strip| &mut strip.sends) {
            if send.to.id == id {
                send.to.id.clone_from(&own);
                sent = true;
            }
        }
    }
    if !sent {
        return;
    }
    let curves: Vec<Automation> = session
        .automation
        .iter()
        .filter(|curve| curve.target.strip == id)
        .cloned()
        .map(|mut curve| {
            curve.target.strip.clone_from(&own);
            curve
        })
        .collect();
    session.automation.extend(curves);
    for vca in session.vcas.iter_mut().filter(|vca| vca.members.iter().any(|member| member.id == id)) {
        vca.members.push(named(own.clone()));
    }
    let mut copy = bus;
    copy.strip.id = own;
    copy.strip.sends.push(all_to(whole_of(&group.strip)));
    session.buses.push(copy);
}
