//! The text becomes a session.

use super::automation;
use super::check;
use super::clip;
use super::controls::{Controls, SendControls, VcaControls};
use super::edit_group;
use super::files;
use super::folders;
use super::insert;
use super::read::{Node, Reader, Span, Take, wrong};
use super::snapshot;
use super::time::{Meter, TempoMap};
use super::timeline::{self, TEMPO};
use super::{Bus, BusLayout, MIX, Named, Origin, Send, Session, Strip, Track, VERSION, Vca};
use crate::message::Error;

/// Most tracks, buses, sends of a strip, curves. By our own convention: far past any real session,
/// and small enough that a hostile one is refused before it costs anything.
pub(super) const MOST_STRIPS: usize = 2048;
const MOST_SENDS: usize = 256;

/// Sample rates a mix can have.
const RATES: [u32; 6] = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];

/// Reads a whole session.
pub(super) fn session(origin: Origin) -> Result<Session, Vec<Error>> {
    let mut reader = Reader::new(&origin.file, &origin.text);
    let document = match toml_edit::Document::parse(origin.text.as_str()) {
        Ok(document) => document,
        Err(error) => {
            let end = origin.text.len();
            let span = error.span().unwrap_or(end..end);
            let what = format!("not TOML: {}", error.message().trim_end().replace('\n', "; "));
            reader.say(&span, wrong("not_toml", what));
            return Err(reader.into_errors());
        }
    };
    let session = root(&mut reader, document.as_table(), &origin);
    let errors = reader.into_errors();
    if errors.is_empty() { Ok(Session { origin, ..session }) } else { Err(errors) }
}

fn root(reader: &mut Reader<'_>, table: &toml_edit::Table, origin: &Origin) -> Session {
    let node = Node::of_table(table);
    let mut session = empty();
    let Some(mut take) = node.as_table() else { return session };
    version(reader, &mut take);
    let tempo_given = head(reader, &mut take, &mut session);
    timeline::Lists::take(&mut take).read(reader, &mut session, tempo_given);
    if let Some(list) = take.take("track") {
        for node in reader.list(&list, "track", MOST_STRIPS) {
            session.tracks.extend(track(reader, &node, origin));
        }
    }
    if let Some(list) = take.take("bus") {
        for node in reader.list(&list, "bus", MOST_STRIPS) {
            session.buses.extend(bus(reader, &node));
        }
    }
    if let Some(list) = take.take("vca") {
        for node in reader.list(&list, "vca", MOST_STRIPS) {
            session.vcas.extend(vca(reader, &node));
        }
    }
    if let Some(node) = take.take("mix") {
        mix(reader, &node, &mut session);
    }
    let curves = take.take("automation");
    let (groups, snapshots) = (take.take("edit_group"), take.take("snapshot"));
    // What the mix assistant did and why; the session itself passes over it.
    let _ = take.take("assist");
    take.finish(reader, "a session");
    if session.tracks.is_empty() && reader.is_fine() {
        reader.say(
            &(0..0),
            wrong("no_tracks", "the session has no track").hint("add a [[track]] with id and file"),
        );
    }
    folders::resolve(reader, &mut session);
    if let Some(list) = groups {
        edit_group::read(reader, &list, &mut session);
    }
    check::references(reader, &session);
    files::impulses(reader, &session, origin);
    if let Some(list) = curves {
        automation::read(reader, &list, &mut session);
    }
    if let Some(list) = snapshots {
        snapshot::read(reader, &list, &mut session);
    }
    session
}

fn empty() -> Session {
    Session {
        name: String::new(),
        sample_rate_hz: 48_000,
        tempo_bpm: TEMPO.default_value(),
        time_signature: Meter { bar: 1.0, count: 4, note: 4 },
        tempo: TempoMap::steady(TEMPO.default_value()),
        markers: Vec::new(),
        mute_pre_sends: false,
        tracks: Vec::new(),
        buses: Vec::new(),
        vcas: Vec::new(),
        mix: strip_named(MIX, "Mix", 0..0),
        shape: super::MixShape::default(),
        automation: Vec::new(),
        edit_groups: Vec::new(),
        snapshots: Vec::new(),
        origin: Origin::default(),
    }
}

fn strip_named(id: &str, name: &str, span: Span) -> Strip {
    Strip {
        id: id.to_owned(),
        name: name.to_owned(),
        controls: Controls::default(),
        inserts: Vec::new(),
        output: Named { id: MIX.to_owned(), span: span.clone() },
        folder: None,
        sends: Vec::new(),
        span,
    }
}

fn version(reader: &mut Reader<'_>, take: &mut Take<'_>) {
    let Some(node) = take.take("version") else {
        let what =
            wrong("missing_key", "`version` is missing").hint(format!("begin with: version = {VERSION}"));
        reader.say(&(0..0), what);
        return;
    };
    if node.as_number() != Some(VERSION as f64) {
        let what = format!("this program reads version {VERSION} of the session format");
        reader.say(&node.span, wrong("wrong_version", what));
    }
}

/// The session's own keys; the place of its tempo, if it is given.
fn head(reader: &mut Reader<'_>, take: &mut Take<'_>, session: &mut Session) -> Option<Span> {
    let Some(node) = take.take("session") else {
        let what =
            wrong("missing_key", "[session] is missing").hint("it needs at least: sample_rate_hz = 48000");
        reader.say(&(0..0), what);
        return None;
    };
    let mut table = reader.table(&node, "session")?;
    if let Some(name) = table.take("name") {
        session.name = reader.text(&name, "name").unwrap_or_default();
    }
    match table.take("sample_rate_hz") {
        None => {
            let what =
                wrong("missing_key", "`sample_rate_hz` is missing").hint("the rate of most of the tracks");
            reader.say(&table.span, what);
        }
        Some(node) => match RATES.iter().find(|rate| node.as_number() == Some(f64::from(**rate))) {
            Some(rate) => session.sample_rate_hz = *rate,
            None if node.as_number().is_none() => reader.wrong_type(&node, "sample_rate_hz", "a number"),
            None => {
                let what = wrong("out_of_range", "no mix can be made at this sample rate")
                    .hint(format!("one of {}", RATES.map(|rate| rate.to_string()).join(", ")));
                reader.say(&node.span, what);
            }
        },
    }
    let tempo = table.take("tempo_bpm");
    if let Some(node) = &tempo {
        session.tempo_bpm = reader.param(node, &TEMPO).unwrap_or(session.tempo_bpm);
    }
    if let Some(node) = table.take("time_signature") {
        session.time_signature =
            timeline::read_signature(reader, &node, 1.0).unwrap_or(session.time_signature);
    }
    let mut rules = Rules::default();
    table.fields(reader, &mut rules);
    session.mute_pre_sends = rules.mute_pre_sends;
    table.finish(reader, "[session]");
    tempo.map(|node| node.span)
}

fx::fields! {
    /// Rules of a whole session.
    pub struct Rules {
        /// A mute also shuts the sends that leave ahead of it (`pre_fx` and `pre`).
        mute_pre_sends: switch = false;
    }
}

/// An id, with its place; said if missing or not one.
pub(super) fn id(reader: &mut Reader<'_>, take: &mut Take<'_>, of: &str) -> Option<Named> {
    let Some(node) = take.take("id") else {
        let what = wrong("missing_key", format!("{of} has no `id`")).hint("a short word, e.g. id = \"lead\"");
        reader.say(&take.span, what);
        return None;
    };
    let id = reader.text(&node, "id")?;
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !id.chars().all(plain) || id.chars().count() > 64 {
        let what = wrong("bad_id", "an id has letters, digits, `_` and `-` only, at most 64")
            .hint("put what people should read into `name`");
        reader.say(&node.span, what);
        return None;
    }
    if id == MIX {
        reader.say(&node.span, wrong("bad_id", "`mix` is the mix bus; call this something else"));
        return None;
    }
    Some(Named { id, span: node.span })
}

/// A reference to a strip, checked later.
pub(super) fn named(reader: &mut Reader<'_>, node: &Node<'_>, key: &str) -> Option<Named> {
    Some(Named { id: reader.text(node, key)?, span: node.span.clone() })
}

fn strip_head(reader: &mut Reader<'_>, take: &mut Take<'_>, of: &str) -> Option<Strip> {
    let id = id(reader, take, of);
    let name = take.take("name").and_then(|node| reader.text(&node, "name"));
    let id = id?;
    Some(strip_named(&id.id, name.as_deref().unwrap_or(&id.id), id.span))
}

/// The controls and inserts of any strip.
fn strip_body(reader: &mut Reader<'_>, take: &mut Take<'_>, strip: &mut Strip) {
    take.fields(reader, &mut strip.controls);
    if strip.controls.delay_samples.fract() != 0.0 {
        let at = take.key_span("delay_samples");
        reader.say(&at, wrong("out_of_range", "`delay_samples` is a whole number").hint("or use delay_ms"));
    }
    if let Some(node) = take.take("insert") {
        strip.inserts = insert::read(reader, &node);
    }
}

/// Output and sends, which the mix bus does not have.
fn routing(reader: &mut Reader<'_>, take: &mut Take<'_>, strip: &mut Strip) {
    if let Some(output) = take.take("output").and_then(|node| named(reader, &node, "output")) {
        strip.output = output;
    }
    strip.folder = take.take("folder").and_then(|node| named(reader, &node, "folder"));
    let Some(list) = take.take("sends") else { return };
    for node in reader.list(&list, "sends", MOST_SENDS) {
        let Some(mut table) = reader.table(&node, "sends") else { continue };
        let to = match table.take("to") {
            Some(node) => named(reader, &node, "to"),
            None => {
                reader.say(
                    &table.span,
                    wrong("missing_key", "a send has no `to`").hint("to = \"id of a bus\""),
                );
                None
            }
        };
        let mut controls = SendControls::default();
        table.fields(reader, &mut controls);
        table.finish(reader, "a send");
        strip.sends.extend(to.map(|to| Send { to, controls }));
    }
}

fn track(reader: &mut Reader<'_>, node: &Node<'_>, origin: &Origin) -> Option<Track> {
    let mut take = reader.table(node, "track")?;
    let head = strip_head(reader, &mut take, "a track");
    let known = head.is_some();
    let mut strip = head.unwrap_or_else(|| strip_named("", "", take.span.clone()));
    strip_body(reader, &mut take, &mut strip);
    routing(reader, &mut take, &mut strip);
    let clips = clip::read(reader, &mut take, origin);
    take.finish(reader, "a track");
    known.then_some(Track { strip, clips })
}

fn bus(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Bus> {
    let mut take = reader.table(node, "bus")?;
    let head = strip_head(reader, &mut take, "a bus");
    let known = head.is_some();
    let mut strip = head.unwrap_or_else(|| strip_named("", "", take.span.clone()));
    strip_body(reader, &mut take, &mut strip);
    routing(reader, &mut take, &mut strip);
    let mut shape = BusShape::default();
    take.fields(reader, &mut shape);
    let members = members(reader, &mut take);
    take.finish(reader, "a bus");
    known.then_some(Bus { strip, layout: shape.layout, members })
}

fx::fields! {
    /// What a bus has besides its strip.
    pub struct BusShape {
        /// Channels.
        layout: choice BusLayout = Stereo;
    }
}

fn mix(reader: &mut Reader<'_>, node: &Node<'_>, session: &mut Session) {
    let Some(mut take) = reader.table(node, "mix") else { return };
    session.mix.span = take.span.clone();
    strip_body(reader, &mut take, &mut session.mix);
    take.fields(reader, &mut session.shape);
    take.finish(reader, "[mix]");
}

fn vca(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Vca> {
    let mut take = reader.table(node, "vca")?;
    let id = id(reader, &mut take, "a vca");
    let name = take.take("name").and_then(|node| reader.text(&node, "name"));
    let mut controls = VcaControls::default();
    take.fields(reader, &mut controls);
    let members = members(reader, &mut take);
    let folder = take.take("folder").and_then(|node| named(reader, &node, "folder"));
    take.finish(reader, "a vca");
    let id = id?;
    let name = name.unwrap_or_else(|| id.id.clone());
    Some(Vca { name, id: id.id, controls, members, folder, span: id.span })
}

/// Ids of members, checked later.
fn members(reader: &mut Reader<'_>, take: &mut Take<'_>) -> Vec<Named> {
    let Some(list) = take.take("members") else { return Vec::new() };
    let nodes = reader.list(&list, "members", MOST_STRIPS);
    nodes.iter().filter_map(|node| named(reader, node, "members")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fx::Fields;

    #[test]
    fn no_control_is_called_like_another_key_of_its_table() {
        let shape = super::super::MixShape::PARAMS.iter().map(|param| param.key);
        let taken: Vec<_> = [
            "id", "name", "insert", "output", "sends", "file", "clip", "channels", "layout", "folder",
            "members",
        ]
        .into_iter()
        .chain(shape)
        .collect();
        assert!(Controls::PARAMS.iter().all(|param| !taken.contains(&param.key)));
        assert!(SendControls::PARAMS.iter().all(|param| param.key != "to"));
    }
}
