//! Snapshots: other settings of the same session, by name.

use super::automation::Part;
use super::controls::{Controls, SendControls};
use super::parse::id;
use super::read::{Node, Reader, Take, Wrong, wrong};
use super::{Named, Session, Strip, Target};
use crate::message::{Error, Kind};
use crate::suggest::nearest;
use fx::Fields;

/// Most snapshots, and most settings of one. By our own convention.
const MOST_SNAPSHOTS: usize = 1024;
const MOST_SETTINGS: usize = 65_536;

/// What a snapshot sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    /// What automation could move, and every other control of a strip or a send.
    Part(Part),
    /// Whether an insert is there.
    On(usize),
}

/// One setting of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    strip: String,
    what: What,
    value: f64,
    /// The address as written.
    pub address: String,
}

/// Other settings of the same session.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Id.
    pub id: Named,
    /// Name for people.
    pub name: String,
    /// What it sets.
    pub changes: Vec<Change>,
}

/// Reads every snapshot.
pub(super) fn read(reader: &mut Reader<'_>, list: &Node<'_>, session: &mut Session) {
    for node in reader.list(list, "snapshot", MOST_SNAPSHOTS) {
        let Some(take) = reader.table(&node, "snapshot") else { continue };
        let Some(snapshot) = one(reader, take, session) else { continue };
        if session.snapshots.iter().any(|other| other.id.id == snapshot.id.id) {
            let what = format!("the snapshot `{}` is there twice", snapshot.id.id);
            reader.say(&snapshot.id.span, wrong("duplicate_id", what));
        }
        session.snapshots.push(snapshot);
    }
}

fn one(reader: &mut Reader<'_>, mut take: Take<'_>, session: &Session) -> Option<Snapshot> {
    let id = id(reader, &mut take, "a snapshot");
    let name = take.take("name").and_then(|node| reader.text(&node, "name"));
    let mut changes = Vec::new();
    match take.take("set") {
        Some(node) => settings(reader, &node, session, &mut changes),
        None => {
            let what =
                wrong("missing_key", "a snapshot has no `set`").hint("set = { \"lead.fader_db\" = -2.0 }");
            reader.say(&take.span, what);
        }
    }
    take.finish(reader, "a snapshot");
    let id = id?;
    Some(Snapshot { name: name.unwrap_or_else(|| id.id.clone()), id, changes })
}

/// Addresses and values; dots may be in quotes or not.
fn settings(reader: &mut Reader<'_>, node: &Node<'_>, session: &Session, changes: &mut Vec<Change>) {
    let Some(take) = reader.table(node, "set") else { return };
    let mut waiting: Vec<(String, super::Span, Node<'_>)> =
        take.all().into_iter().map(|(name, span, node)| (name.to_owned(), span, node)).collect();
    waiting.reverse();
    while let Some((address, span, node)) = waiting.pop() {
        if let Some(inner) = node.as_table() {
            let inner =
                inner.all().into_iter().map(|(name, span, node)| (format!("{address}.{name}"), span, node));
            let inner: Vec<_> = inner.collect();
            waiting.extend(inner.into_iter().rev());
            continue;
        }
        if changes.len() >= MOST_SETTINGS {
            reader.say(&span, wrong("too_many", format!("a snapshot sets at most {MOST_SETTINGS} things")));
            return;
        }
        match session.find_setting(&address) {
            Err(error) => reader.say(&span, error),
            Ok((strip, what)) => {
                if let Some(value) = value_of(reader, &node, session, &strip, what) {
                    changes.push(Change { strip, what, value, address });
                }
            }
        }
    }
}

fn value_of(
    reader: &mut Reader<'_>,
    node: &Node<'_>,
    session: &Session,
    strip: &str,
    what: What,
) -> Option<f64> {
    match what {
        What::Part(part) => {
            let param = session.param(&Target { strip: strip.to_owned(), part })?;
            reader.param(node, param)
        }
        What::On(_) => {
            if node.as_bool().is_none() {
                reader.wrong_type(node, "on", "true or false");
            }
            node.as_bool().map(|on| f64::from(u8::from(on)))
        }
    }
}

impl Session {
    /// What an address sets: every target of automation, every other control of a strip or a send, and `INSERT.on`.
    fn find_setting(&self, address: &str) -> Result<(String, What), Wrong> {
        let found = |strip: &Strip, what| Ok((strip.id.clone(), what));
        if let Some((strip, rest)) =
            address.split_once('.').and_then(|(id, rest)| Some((self.strip(id)?, rest)))
        {
            if let Some(index) = Controls::PARAMS.iter().position(|param| param.key == rest) {
                return found(strip, What::Part(Part::Control(index)));
            }
            if let Some((to, key)) = rest.strip_prefix("send.").and_then(|inner| inner.rsplit_once('.')) {
                let send = strip.sends.iter().position(|send| send.to.id == to);
                let index = SendControls::PARAMS.iter().position(|param| param.key == key);
                if let Some((send, index)) = send.zip(index) {
                    return found(strip, What::Part(Part::Send { send, index }));
                }
            }
            if let Some(name) = rest.strip_suffix(".on") {
                let named = strip.inserts.iter().enumerate().filter(|(_, insert)| insert.id == name);
                let named: Vec<usize> = named.map(|(index, _)| index).collect();
                if let [insert] = named.as_slice() {
                    return found(strip, What::On(*insert));
                }
            }
        }
        self.find_target(address).map(|target| (target.strip, What::Part(target.part)))
    }

    /// The session as a snapshot wants it. What a curve moved and the snapshot sets, stays where the snapshot sets it.
    ///
    /// # Errors
    /// `unknown_snapshot`, with the nearest there is.
    pub fn with_snapshot(&self, id: &str) -> Result<Self, Error> {
        let Some(snapshot) = self.snapshots.iter().find(|snapshot| snapshot.id.id == id) else {
            let known = || self.snapshots.iter().map(|snapshot| snapshot.id.id.as_str());
            let error = Error::new(Kind::Usage, "unknown_snapshot", format!("there is no snapshot `{id}`"));
            let hint = match nearest(id, known()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if self.snapshots.is_empty() => "the session has none: add [[snapshot]]".to_owned(),
                None => format!("there are: {}", known().collect::<Vec<_>>().join(", ")),
            };
            return Err(error.at(&self.origin.file).hint(hint));
        };
        let mut session = self.clone();
        for change in &snapshot.changes {
            session.apply(change);
        }
        Ok(session)
    }

    fn apply(&mut self, change: &Change) {
        if let What::Part(part) = change.what {
            self.automation.retain(|curve| curve.target.strip != change.strip || curve.target.part != part);
            if let Part::Vca(index) = part {
                let vca = self.vcas.iter_mut().find(|vca| vca.id == change.strip);
                if let Some(vca) = vca {
                    vca.controls.set(index, change.value);
                }
                return;
            }
        }
        let Some(strip) = self.strip_mut(&change.strip) else { return };
        match change.what {
            What::Part(Part::Control(index)) => strip.controls.set(index, change.value),
            What::Part(Part::Send { send, index }) => {
                if let Some(send) = strip.sends.get_mut(send) {
                    send.controls.set(index, change.value);
                }
            }
            What::Part(Part::Insert { insert, index }) => {
                if let Some(insert) = strip.inserts.get_mut(insert) {
                    insert.settings.set(index, change.value);
                }
            }
            What::On(insert) => {
                if let Some(insert) = strip.inserts.get_mut(insert) {
                    insert.on = change.value >= 0.5;
                }
            }
            What::Part(_) => {}
        }
    }

    /// The strip called `id`, to be changed.
    pub(crate) fn strip_mut(&mut self, id: &str) -> Option<&mut Strip> {
        if id == super::MIX {
            return Some(&mut self.mix);
        }
        let tracks = self.tracks.iter_mut().map(|track| &mut track.strip);
        tracks.chain(self.buses.iter_mut().map(|bus| &mut bus.strip)).find(|strip| strip.id == id)
    }
}
