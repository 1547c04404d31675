//! A log as a list of values, each with an address that does not depend on its place.

use toml::{Table, Value};

/// A value of a log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// `track lead / eq 1 / band 2 / gain_db`.
    pub(super) address: String,
    /// The address without its last part: what the value belongs to.
    pub(super) holder: String,
    /// What it belongs to, for people.
    pub(super) about: String,
    /// Kind of processor it belongs to; empty for none.
    pub(super) processor: String,
    /// Name of the value.
    pub(super) key: String,
    pub(super) value: Value,
    /// Why the thing it belongs to is there.
    pub(super) because: Option<String>,
}

impl Entry {
    /// A value that says no more than its absence.
    pub(super) fn is_default(&self) -> bool {
        match &self.value {
            Value::Boolean(on) => !on,
            Value::String(text) => text.is_empty(),
            Value::Float(value) => *value == 0.0 && self.key.ends_with("_db"),
            Value::Integer(value) => *value == 0 && self.key.ends_with("_db"),
            Value::Array(list) => list.is_empty(),
            _ => false,
        }
    }
}

/// What only tells about other values, or changes with every run.
const TELLING: [&str; 19] = [
    "because",
    "evidence",
    "effect",
    "confidence",
    "alternatives",
    "proposed",
    "blake3",
    "hash",
    "sealed",
    "version",
    "measured",
    "rule",
    "source",
    "locked",
    "record",
    "assist",
    "assistant",
    "generator",
    "seed",
];
/// Values that name a thing.
const NAMES: [&str; 5] = ["id", "target", "name", "file", "to"];

/// Every value of a log.
pub(super) fn flatten(table: &Table) -> Vec<Entry> {
    let mut out = Vec::new();
    let root = Place::default();
    walk(table, &root, &mut out);
    let moves = moves(table);
    let ids: Vec<(String, String)> = out
        .iter()
        .filter(|entry| entry.key == "id" && !entry.processor.is_empty())
        .filter_map(|entry| Some((entry.holder.clone(), entry.value.as_str()?.to_owned())))
        .collect();
    for entry in out.iter_mut().filter(|entry| entry.because.is_none()) {
        entry.because = moves.iter().find(|own| own.is_of(entry, &ids)).map(|own| own.text.clone());
    }
    out
}

/// A move of the assistant: what it says, and the address at which it works (`lead.fader_db`, `lead.clean.band1`, `lead.send.plate`).
struct Move {
    strip: String,
    rest: String,
    text: String,
}

fn moves(table: &Table) -> Vec<Move> {
    let list = table.get("assist").and_then(|assist| assist.get("move")).and_then(Value::as_array);
    let one = |own: &Value| {
        let (strip, rest) = own.get("address")?.as_str()?.split_once('.')?;
        let text = own.get("text")?.as_str()?;
        Some(Move { strip: strip.to_owned(), rest: rest.to_owned(), text: text.to_owned() })
    };
    list.into_iter().flatten().filter_map(one).collect()
}

impl Move {
    /// Whether it is the reason of a value; `ids` are those of processors, by where they stand.
    fn is_of(&self, entry: &Entry, ids: &[(String, String)]) -> bool {
        let strip = entry.address.split(" / ").next().unwrap_or_default();
        if strip.rsplit(' ').next() != Some(self.strip.as_str()) {
            return false;
        }
        let (first, second) = self.rest.split_once('.').unwrap_or((&self.rest, ""));
        if first == "send" {
            return entry.holder.ends_with(&format!("sends {second}"));
        }
        let id = ids.iter().find(|(holder, _)| entry.holder.starts_with(holder)).map(|(_, id)| id.as_str());
        let named = id == Some(first) || entry.processor == first;
        let band = second.strip_prefix("band").map(|number| format!("band {number}"));
        entry.key == self.rest || (named && band.is_none_or(|band| entry.holder.ends_with(&band)))
    }
}

/// Where a table stands.
#[derive(Debug, Clone, Default)]
struct Place {
    address: String,
    about: String,
    processor: String,
    because: Option<String>,
}

impl Place {
    fn down(&self, part: &str) -> Self {
        let address =
            if self.address.is_empty() { part.to_owned() } else { format!("{} / {part}", self.address) };
        Self { address, ..self.clone() }
    }
}

fn walk(table: &Table, place: &Place, out: &mut Vec<Entry>) {
    for (key, value) in table {
        if TELLING.contains(&key.as_str()) {
            continue;
        }
        match value {
            Value::Table(inner) => {
                // A move holds its processor as `insert`: no place of its own.
                let mut next = if key == "insert" { place.clone() } else { place.down(key) };
                if next.about.is_empty() {
                    next.about = top(key).to_owned();
                }
                if is_processor(inner) {
                    next.processor = key.clone();
                }
                next.because = because(inner).or(next.because);
                walk(inner, &next, out);
            }
            Value::Array(list) if list.iter().any(Value::is_table) => tables(key, list, place, out),
            value => {
                let about = if place.about.is_empty() { "the whole".to_owned() } else { place.about.clone() };
                out.push(Entry {
                    address: place.down(key).address,
                    holder: place.address.clone(),
                    about,
                    processor: place.processor.clone(),
                    key: key.clone(),
                    value: value.clone(),
                    because: place.because.clone(),
                });
            }
        }
    }
}

/// Tables of a list: named ones by their name, processors by their kind, others by their number.
fn tables(key: &str, list: &[Value], place: &Place, out: &mut Vec<Entry>) {
    let mut seen: Vec<String> = Vec::new();
    for table in list.iter().filter_map(Value::as_table) {
        let processor =
            table.iter().find(|(name, value)| value.is_table() && !TELLING.contains(&name.as_str()));
        let named = NAMES.iter().find_map(|name| table.get(*name)?.as_str());
        let kind = processor.filter(|_| !matches!(key, "track" | "bus")).map(|(name, _)| name.clone());
        let base = match (named, &kind) {
            (Some(name), _) => format!("{key} {name}"),
            (None, Some(kind)) => kind.clone(),
            (None, None) => key.to_owned(),
        };
        let number = 1 + seen.iter().filter(|other| **other == base).count();
        seen.push(base.clone());
        let part = if named.is_some() && number == 1 { base } else { format!("{base} {number}") };
        let mut next = place.down(&part);
        if next.about.is_empty() {
            let title = table.get("name").and_then(Value::as_str).or(named);
            let title = title.filter(|_| !matches!(key, "move" | "insert"));
            next.about = title.map_or_else(|| top(key).to_owned(), ToOwned::to_owned);
        }
        next.because = because(table).or(next.because);
        walk(table, &next, out);
    }
}

fn is_processor(table: &Table) -> bool {
    table.values().all(|value| !value.is_table())
}

fn because(table: &Table) -> Option<String> {
    match table.get("because")? {
        Value::String(text) => Some(text.clone()),
        Value::Array(list) => list.first()?.as_str().map(ToOwned::to_owned),
        _ => None,
    }
}

/// What a part of a log is called by people.
fn top(key: &str) -> &str {
    match key {
        "session" => "the session",
        "mix" | "mix_bus" => "the mix bus",
        "chain" | "move" | "insert" => "the chain of all masters",
        "tags" => "the tags",
        "source" => "the print",
        "return" => "a return",
        key => key,
    }
}
