//! References lead somewhere, ids are unique, routing has no cycle.

use super::read::{Reader, Span, wrong};
use super::{MIX, Session, Strip};
use std::collections::{BTreeMap, BTreeSet};

/// Says everything wrong with ids, references and routing.
pub(super) fn references(reader: &mut Reader<'_>, session: &Session) {
    unique(reader, session);
    let buses: BTreeSet<&str> = session.buses.iter().map(|bus| bus.strip.id.as_str()).chain([MIX]).collect();
    let all: BTreeSet<&str> = session.strips().map(|strip| strip.id.as_str()).collect();
    for strip in session.strips().chain([&session.mix]) {
        let known = || buses.iter().copied();
        if strip.id != MIX && !buses.contains(strip.output.id.as_str()) {
            reader.unknown(&strip.output.span, "unknown_bus", "bus", &strip.output.id, known());
        }
        for (index, send) in strip.sends.iter().enumerate() {
            if !buses.contains(send.to.id.as_str()) {
                reader.unknown(&send.to.span, "unknown_bus", "bus", &send.to.id, known());
            }
            if strip.sends[..index].iter().any(|other| other.to.id == send.to.id) {
                let what = format!("`{}` sends to `{}` twice", strip.id, send.to.id);
                reader.say(&send.to.span, wrong("duplicate_send", what));
            }
        }
        for key in strip.inserts.iter().filter_map(|insert| insert.key.as_ref()) {
            if !all.contains(key.from.id.as_str()) {
                reader.unknown(
                    &key.from.span,
                    "unknown_strip",
                    "track or bus",
                    &key.from.id,
                    all.iter().copied(),
                );
            }
        }
    }
    let movable: BTreeSet<&str> =
        all.iter().copied().chain(session.vcas.iter().map(|vca| vca.id.as_str())).collect();
    for vca in &session.vcas {
        for member in vca.members.iter().filter(|member| !movable.contains(member.id.as_str())) {
            let known = movable.iter().copied();
            reader.unknown(&member.span, "unknown_strip", "track, bus or vca", &member.id, known);
        }
    }
    let hint = "sound cannot wait for itself: change one of these outputs, folders, sends or keys";
    cycle(reader, &arrows(session), ["routing_cycle", "the routing goes in a circle", hint]);
    let nested = session.vcas.iter().map(|vca| {
        (vca.id.as_str(), vca.members.iter().map(|member| (member.id.as_str(), &member.span)).collect())
    });
    let hint = "a vca cannot move itself: take one out of the other's members";
    cycle(reader, &nested.collect(), ["vca_cycle", "the vcas stand in each other", hint]);
}

fn unique(reader: &mut Reader<'_>, session: &Session) {
    let strips = session.strips().map(|strip| (strip.id.as_str(), &strip.span));
    let vcas = session.vcas.iter().map(|vca| (vca.id.as_str(), &vca.span));
    let mut seen: BTreeMap<&str, &Span> = BTreeMap::new();
    for (id, span) in strips.chain(vcas) {
        if let Some(first) = seen.insert(id, span) {
            let line =
                reader.text.as_bytes().iter().take(first.start).filter(|byte| **byte == b'\n').count() + 1;
            let what = wrong("duplicate_id", format!("the id `{id}` is used twice"))
                .hint(format!("the other is on line {line}"));
            reader.say(span, what);
        }
    }
}

/// What leads from each id to which others, with the places that say so.
type Arrows<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a Span)>>;

/// Where a strip's sound goes.
fn arrows<'a>(session: &'a Session) -> Arrows<'a> {
    let mut arrows: Arrows<'a> = BTreeMap::new();
    let mut add =
        |from: &'a str, to: &'a str, span: &'a Span| arrows.entry(from).or_default().push((to, span));
    for strip in session.strips().chain([&session.mix]) {
        outgoing(strip, &mut add);
        for key in strip.inserts.iter().filter_map(|insert| insert.key.as_ref()) {
            add(&key.from.id, &strip.id, &key.from.span);
        }
    }
    arrows
}

fn outgoing<'a>(strip: &'a Strip, add: &mut impl FnMut(&'a str, &'a str, &'a Span)) {
    if strip.id != MIX {
        add(&strip.id, &strip.output.id, &strip.output.span);
    }
    for send in &strip.sends {
        add(&strip.id, &send.to.id, &send.to.span);
    }
}

/// Finds a cycle and names its path. An explicit stack: a session may be thousands of buses deep.
fn cycle(reader: &mut Reader<'_>, arrows: &Arrows<'_>, [code, told, hint]: [&'static str; 3]) {
    let mut done: BTreeMap<&str, bool> = BTreeMap::new();
    for start in arrows.keys().copied() {
        if done.contains_key(start) {
            continue;
        }
        let mut path: Vec<(&str, usize)> = vec![(start, 0)];
        done.insert(start, false);
        while let Some((node, next)) = path.last_mut() {
            let Some((to, span)) = arrows.get(node).and_then(|list| list.get(*next)) else {
                done.insert(node, true);
                path.pop();
                continue;
            };
            *next += 1;
            match done.get(to) {
                None => {
                    done.insert(to, false);
                    path.push((to, 0));
                }
                Some(true) => {}
                Some(false) => {
                    let names: Vec<&str> = path.iter().map(|(id, _)| *id).skip_while(|id| id != to).collect();
                    let what = format!("{told}: {} → {to}", names.join(" → "));
                    reader.say(span, wrong(code, what).label("closes the circle").hint(hint));
                    return;
                }
            }
        }
    }
}
