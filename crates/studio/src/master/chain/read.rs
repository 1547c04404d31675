//! Text becomes a chain; whatever is wrong is told with its line.

use super::{
    Aim, Chain, Delivery, Evidence, Family, MOST_MASTERS, MOST_MOVES, MOST_WORDS, Output, Step, VERSION,
};
use crate::master::stems;
use crate::message::Error;
use crate::session::insert::{self, Insert};
use crate::session::read::{Node, Reader, Take, wrong};
use facts::{Asked, Facts, Figure, Kept};
use std::path::Path;

mod facts {
    use super::super::Family;

    fx::fields! {
        /// Numbers and words of a move.
        pub struct Facts {
            /// What it is about.
            family: choice Family = Tone;
            /// How sure we are.
            confidence: Plain = 1.0 in 0.0..=1.0;
            /// Whether a new proposal leaves it as it is.
            locked: switch = false;
            /// Whether it runs.
            on: switch = true;
        }
    }

    fx::fields! {
        /// A figure of a move.
        pub struct Figure {
            /// How much it is.
            value: Plain = 0.0 in -1.0e12..=1.0e12;
            /// What it should be at most.
            limit: Plain = 0.0 in -1.0e12..=1.0e12;
        }
    }

    fx::fields! {
        /// What was asked of the level.
        pub struct Asked {
            /// Loudness in place of the destinations' own.
            loudness_lufs: Plain = -14.0 in -60.0..=0.0;
            /// Whether it is delivered whatever it costs.
            force_level: switch = false;
        }
    }

    fx::fields! {
        /// What every delivery has besides its output.
        pub struct Kept {
            /// Whether a new proposal leaves it as it is.
            locked: switch = false;
        }
    }
}

pub(super) fn chain(text: &str, file: &str) -> std::result::Result<Chain, Vec<Error>> {
    let mut reader = Reader::new(file, text);
    let document = match toml_edit::Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let span = error.span().unwrap_or(text.len()..text.len());
            reader.say(&span, wrong("not_toml", format!("not TOML: {}", error.message().trim_end())));
            return Err(reader.into_errors());
        }
    };
    let chain = root(&mut reader, document.as_table());
    let errors = reader.into_errors();
    match chain {
        Some(chain) if errors.is_empty() => Ok(chain),
        _ if errors.is_empty() => Err(vec![Error::input("not_a_chain", "not a master.toml").at(file)]),
        _ => Err(errors),
    }
}

fn root(reader: &mut Reader<'_>, table: &toml_edit::Table) -> Option<Chain> {
    let mut take = Node::of_table(table).as_table()?;
    let mut chain = Chain::default();
    if let Some(node) = take.take("version")
        && !node.as_number().is_some_and(|version| version == 1.0 || version == VERSION)
    {
        reader.say(&node.span, wrong("wrong_version", "this program reads versions 1 and 2"));
    }
    if let Some(mut source) = take.take("source").and_then(|node| reader.table(&node, "source")) {
        chain.source_file = text(reader, &mut source, "file").unwrap_or_default();
        chain.source_blake3 = text(reader, &mut source, "blake3").unwrap_or_default();
        source.finish(reader, "[source]");
    }
    chain.intensity = text(reader, &mut take, "intensity").unwrap_or(chain.intensity);
    chain.tone = text(reader, &mut take, "tone").unwrap_or(chain.tone);
    let mut asked = Asked::default();
    let given = take.fields(reader, &mut asked);
    chain.loudness_lufs = given.contains(&"loudness_lufs").then_some(asked.loudness_lufs);
    chain.force_level = asked.force_level;
    if let Some(mut strength) = take.take("strength").and_then(|node| reader.table(&node, "strength")) {
        strength.fields(reader, &mut chain.strength);
        strength.finish(reader, "[strength]");
    }
    chain.stems = stems::read(reader, &mut take);
    if let Some(mut shared) = take.take("chain").and_then(|node| reader.table(&node, "chain")) {
        chain.steps = inserts(reader, &mut shared);
        shared.finish(reader, "[chain]");
    }
    moves(reader, &mut take, &mut chain.steps);
    crate::master::extras::read(reader, &mut take, &mut chain);
    if let Some(list) = take.take("master") {
        for node in reader.list(&list, "master", MOST_MASTERS) {
            chain.deliveries.extend(delivery(reader, &node));
        }
    }
    if chain.deliveries.is_empty() {
        reader.say(&(0..0), wrong("no_master", "there is no [[master]]"));
    }
    take.finish(reader, "a master.toml");
    Some(chain)
}

fn delivery(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Delivery> {
    let mut take = reader.table(node, "master")?;
    let target = text(reader, &mut take, "target").unwrap_or_default();
    let file_span = take.key_span("file");
    let file = text(reader, &mut take, "file").unwrap_or_default();
    if !is_plain_name(&file) {
        let what =
            wrong("bad_file_name", "`file` is a name without folders").hint("file = \"song.spotify.wav\"");
        reader.say(&file_span, what);
    }
    let mut output = Output::default();
    take.fields(reader, &mut output);
    if output.sample_rate_hz.fract() != 0.0 {
        let span = take.key_span("sample_rate_hz");
        reader.say(&span, wrong("bad_rate", "`sample_rate_hz` is a whole number"));
    }
    let aim = take.take("aim").and_then(|node| reader.table(&node, "aim")).map(|mut inner| {
        let mut aim = Aim::default();
        inner.fields(reader, &mut aim);
        inner.finish(reader, "`aim`");
        aim
    });
    let mut kept = Kept::default();
    take.fields(reader, &mut kept);
    let proposed = text(reader, &mut take, "proposed");
    let mut steps = inserts(reader, &mut take);
    moves(reader, &mut take, &mut steps);
    take.finish(reader, "a [[master]]");
    Some(Delivery { target, file, output, aim, steps, because: Vec::new(), locked: kept.locked, proposed })
}

/// A file name that stays in its folder.
fn is_plain_name(name: &str) -> bool {
    let path = Path::new(name);
    !name.contains(['/', '\\']) && path.file_name().is_some_and(|own| own == path.as_os_str())
}

pub(in crate::master) fn text(
    reader: &mut Reader<'_>,
    take: &mut Take<'_>,
    key: &'static str,
) -> Option<String> {
    let node = take.take(key)?;
    reader.text(&node, key)
}

/// The `insert` list of version 1, or one a person wrote: moves of which nothing is said.
pub(crate) fn inserts(reader: &mut Reader<'_>, take: &mut Take<'_>) -> Vec<Step> {
    let Some(node) = take.take("insert") else { return Vec::new() };
    let read: Vec<Insert> = insert::read(reader, &node);
    let mut steps: Vec<Step> = Vec::new();
    for insert in read {
        let id = free_id(&steps, &insert.id);
        steps.extend(step_of(reader, insert, id));
    }
    steps
}

/// A move made of an insert, unless that has what a master cannot give.
fn step_of(reader: &mut Reader<'_>, insert: Insert, id: String) -> Option<Step> {
    if insert.key.is_some() {
        reader.say(&insert.span, wrong("no_key_here", "a master has no other track to listen to"));
        return None;
    }
    let key = insert.settings.description().key;
    if insert.settings.description().impulse {
        let what = format!("`{key}` needs an impulse response, which has no place here");
        reader.say(&insert.span, wrong("impulse_in_chain", what).hint("put it on a strip of the session"));
        return None;
    }
    let mut step = Step::new(id, Family::of(key), insert.settings);
    step.on = insert.on;
    Some(step)
}

/// `id`, or with a number behind it when it is taken.
fn free_id(steps: &[Step], id: &str) -> String {
    let taken = |id: &str| steps.iter().any(|step| step.id == id);
    if !taken(id) {
        return id.to_owned();
    }
    (2..).map(|number| format!("{id}-{number}")).find(|id| !taken(id)).unwrap_or_else(|| id.to_owned())
}

pub(in crate::master) fn moves(reader: &mut Reader<'_>, take: &mut Take<'_>, steps: &mut Vec<Step>) {
    let Some(list) = take.take("move") else { return };
    for node in reader.list(&list, "move", MOST_MOVES) {
        let Some(step) = one_move(reader, &node) else { continue };
        if steps.iter().any(|other| other.id == step.id) {
            let what = wrong("duplicate_id", format!("two moves are called `{}`", step.id));
            reader.say(&node.span, what);
            continue;
        }
        steps.push(step);
    }
}

fn one_move(reader: &mut Reader<'_>, node: &Node<'_>) -> Option<Step> {
    let mut take = reader.table(node, "move")?;
    let id = text(reader, &mut take, "id");
    let mut facts = Facts::default();
    let given = take.fields(reader, &mut facts);
    let because = text(reader, &mut take, "because").unwrap_or_default();
    let effect = text(reader, &mut take, "effect").unwrap_or_default();
    let proposed = text(reader, &mut take, "proposed");
    let evidence = evidence(reader, &mut take);
    let alternatives = alternatives(reader, &mut take);
    let insert = take.take("insert");
    take.finish(reader, "a [[move]]");
    let Some(insert) = insert else {
        let what = wrong("no_insert", "a move has no `insert`").hint("insert = { eq = { … } }");
        reader.say(&node.span, what);
        return None;
    };
    let insert = insert::one(reader, &insert)?;
    let (own, on) = (insert.id.clone(), insert.on);
    let step = step_of(reader, insert, id.unwrap_or(own))?;
    let family = if given.contains(&"family") { facts.family } else { step.family };
    Some(Step {
        family,
        on: on && facts.on,
        because,
        evidence,
        effect,
        confidence: facts.confidence,
        alternatives,
        locked: facts.locked,
        proposed,
        ..step
    })
}

fn evidence(reader: &mut Reader<'_>, take: &mut Take<'_>) -> Vec<Evidence> {
    let Some(list) = take.take("evidence") else { return Vec::new() };
    let mut found = Vec::new();
    for node in reader.list(&list, "evidence", MOST_WORDS) {
        let Some(mut take) = reader.table(&node, "evidence") else { continue };
        let measure = text(reader, &mut take, "measure").unwrap_or_default();
        // A pure number has no unit.
        let unit = take.take("unit").and_then(|node| node.as_str().map(str::to_owned)).unwrap_or_default();
        let mut figure = Figure::default();
        let given = take.fields(reader, &mut figure);
        take.finish(reader, "`evidence`");
        let limit = given.contains(&"limit").then_some(figure.limit);
        found.push(Evidence { measure, value: figure.value, unit, limit });
    }
    found
}

fn alternatives(reader: &mut Reader<'_>, take: &mut Take<'_>) -> Vec<String> {
    let Some(list) = take.take("alternatives") else { return Vec::new() };
    let nodes = reader.list(&list, "alternatives", MOST_WORDS);
    nodes.iter().filter_map(|node| reader.text(node, "alternatives")).collect()
}
