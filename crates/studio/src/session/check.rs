//! References lead somewhere, ids are unique, routing has no cycle.

use super::read::{Reader, Span, wrong};
use super::{MIX, Session, Strip};
use std::collections::BTreeMap;

/// Says everything wrong with ids, references and routing.
pub(super) fn references(reader: &mut Reader<'_>, session: &Session) {
    unique(reader, session);
    let buses: Vec<&str> = session.buses.iter().map(|bus| bus.strip.id.as_str()).collect();
    let all: Vec<&str> = session.strips().map(|strip| strip.id.as_str()).collect();
    for strip in session.strips().chain([&session.mix]) {
        let known = || buses.iter().copied().chain([MIX]);
        if strip.id != MIX && strip.output.id != MIX && !buses.contains(&strip.output.id.as_str()) {
            reader.unknown(&strip.output.span, "unknown_bus", "bus", &strip.output.id, known());
        }
        for (index, send) in strip.sends.iter().enumerate() {
            if !known().any(|id| id == send.to.id) {
                reader.unknown(&send.to.span, "unknown_bus", "bus", &send.to.id, known());
            }
            if strip.sends[..index].iter().any(|other| other.to.id == send.to.id) {
                let what = format!("`{}` sends to `{}` twice", strip.id, send.to.id);
                reader.say(&send.to.span, wrong("duplicate_send", what));
            }
        }
        for key in strip.inserts.iter().filter_map(|insert| insert.key.as_ref()) {
            if !all.contains(&key.from.id.as_str()) {
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
    for vca in &session.vcas {
        for member in vca.members.iter().filter(|member| !all.contains(&member.id.as_str())) {
            reader.unknown(&member.span, "unknown_strip", "track or bus", &member.id, all.iter().copied());
        }
    }
    cycle(reader, session);
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

/// Where a strip's sound goes, with the place that says so.
fn arrows<'a>(session: &'a Session) -> BTreeMap<&'a str, Vec<(&'a str, &'a Span)>> {
    let mut arrows: BTreeMap<&str, Vec<(&str, &Span)>> = BTreeMap::new();
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
fn cycle(reader: &mut Reader<'_>, session: &Session) {
    let arrows = arrows(session);
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
                    let what = format!("the routing goes in a circle: {} → {to}", names.join(" → "));
                    let hint = "sound cannot wait for itself: change one of these outputs, sends or keys";
                    reader.say(span, wrong("routing_cycle", what).label("closes the circle").hint(hint));
                    return;
                }
            }
        }
    }
}
