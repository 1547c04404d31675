//! Moves as text: `[assist]` at the end of a session file.

use super::book::REMOVED;
use super::{Because, Family, Figure, Move, Place, Strengths, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use toml_edit::{Item, TableLike, Value as Toml};

/// Key in a session under which everything of the assistant stands; the session itself passes over it.
pub const SESSION_KEY: &str = "assist";
/// Version of the record.
const VERSION: i64 = 1;

/// What a session says about how it was made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    /// Style it was made in.
    pub style: String,
    /// Strengths that were asked for.
    pub strengths: Strengths,
    /// Rules and families that were undone.
    pub undone: BTreeSet<String>,
    /// A record it was held against.
    pub reference: Option<String>,
    /// Folder the tracks were heard from, as seen from the session; empty for the session's own.
    pub tracks: String,
    /// Whether the balance of the rough mix was kept.
    pub keep_balance: bool,
    /// Roles a person gave, by track.
    pub roles: Vec<(String, String)>,
    /// The moves.
    pub moves: Vec<Move>,
}

/// The ledger as text, to stand at the end of a session.
#[must_use]
pub fn write(ledger: &Ledger) -> String {
    let mut text = String::from(
        "\n# ---- What was done, and why ----------------------------------------------------------------------------------------\n\
         # One table a move: its value, what was measured, how sure it is. `tonmeister explain` reads it aloud. Change a value\n\
         # where it works (`address`), or set `locked = true`: run `assist` again, and it stays.\n\n",
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, "[{SESSION_KEY}]\nversion = {VERSION}\nstyle = {}", quoted(&ledger.style));
    let strengths: Vec<String> =
        ledger.strengths.asked().map(|(family, strength)| format!("{} = {strength:?}", family.word())).collect();
    if !strengths.is_empty() {
        let _ = writeln!(text, "strength = {{ {} }}", strengths.join(", "));
    }
    if !ledger.undone.is_empty() {
        let list: Vec<String> = ledger.undone.iter().map(|word| quoted(word)).collect();
        let _ = writeln!(text, "undone = [{}]", list.join(", "));
    }
    if let Some(reference) = &ledger.reference {
        let _ = writeln!(text, "reference = {}", quoted(reference));
    }
    if !ledger.tracks.is_empty() {
        let _ = writeln!(text, "tracks = {}", quoted(&ledger.tracks));
    }
    if ledger.keep_balance {
        text.push_str("keep_balance = true\n");
    }
    if !ledger.roles.is_empty() {
        let list: Vec<String> =
            ledger.roles.iter().map(|(track, role)| format!("[{}, {}]", quoted(track), quoted(role))).collect();
        let _ = writeln!(text, "roles = [{}]", list.join(", "));
    }
    for one in &ledger.moves {
        record(&mut text, one);
    }
    text
}

fn record(text: &mut String, m: &Move) {
    let _ = write!(
        text,
        "\n[[{SESSION_KEY}.move]]\nid = {}\nrule = {}\nfamily = {}\naddress = {}\n",
        quoted(&m.id),
        quoted(&m.rule),
        quoted(m.family.word()),
        quoted(&m.place.to_string()),
    );
    let _ = writeln!(text, "value = {}\nproposed = {}", value(&m.value), value(&m.proposed));
    let _ = writeln!(text, "text = {}", quoted(&m.text));
    if !m.because.is_empty() {
        let list: Vec<String> = m.because.iter().map(because).collect();
        let _ = writeln!(text, "because = {{ {} }}", list.join(", "));
    }
    if !m.effect.is_empty() {
        let _ = writeln!(text, "effect = {}", quoted(&m.effect));
    }
    let _ = writeln!(text, "confidence = {:?}\nstrength = {:?}", m.confidence, m.strength);
    if !m.alternatives.is_empty() {
        let list: Vec<String> = m.alternatives.iter().map(|alternative| quoted(alternative)).collect();
        let _ = writeln!(text, "alternatives = [{}]", list.join(", "));
    }
    let _ = writeln!(text, "evidence = {}", quoted(&m.evidence));
    if m.offered {
        text.push_str("offered = true\n");
    }
    let _ = writeln!(text, "locked = {}", m.locked);
}

fn because(one: &Because) -> String {
    match &one.figure {
        Figure::Number(number) => format!("{} = {number:?}", one.what),
        Figure::Word(word) => format!("{} = {}", one.what, quoted(word)),
    }
}

/// A value as TOML writes it, on one line.
pub(crate) fn value(value_of: &Value) -> String {
    match value_of {
        Value::Number(number) => format!("{number:?}"),
        Value::Switch(on) => on.to_string(),
        Value::Word(word) => quoted(word),
        Value::Settings(settings) => {
            let list: Vec<String> =
                settings.iter().map(|(name, one)| format!("{name} = {}", value(one))).collect();
            format!("{{ {} }}", list.join(", "))
        }
        Value::Points(points) => {
            let list: Vec<String> = points.iter().map(|(at, y)| format!("[{at:?}, {y:?}]")).collect();
            format!("[{}]", list.join(", "))
        }
    }
}

/// A text as TOML writes it, on one line.
pub(crate) fn quoted(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Toml::from(clean).to_string()
}

/// The ledger of a session's text; `None` where the assistant never was, or where the text is no TOML.
#[must_use]
pub fn read(text: &str) -> Option<Ledger> {
    let document: toml_edit::DocumentMut = text.parse().ok()?;
    let table = document.get(SESSION_KEY)?.as_table_like()?;
    let word = |key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
    let mut strengths = Strengths::default();
    if let Some(given) = table.get("strength").and_then(Item::as_table_like) {
        for (key, strength) in given.iter() {
            if let (Some(family), Some(strength)) = (Family::of(key), strength.as_value().and_then(number)) {
                strengths.set(family, strength);
            }
        }
    }
    let undone = table.get("undone").and_then(Item::as_array);
    let roles = table.get("roles").and_then(Item::as_array);
    Some(Ledger {
        style: word("style").unwrap_or_default(),
        strengths,
        undone: undone.map(words).unwrap_or_default().into_iter().collect(),
        reference: word("reference"),
        tracks: word("tracks").unwrap_or_default(),
        keep_balance: table.get("keep_balance").and_then(Item::as_bool).unwrap_or(false),
        roles: roles
            .into_iter()
            .flatten()
            .filter_map(|pair| match words(pair.as_array()?).as_slice() {
                [track, role] => Some((track.clone(), role.clone())),
                _ => None,
            })
            .collect(),
        moves: moves(table.get("move")),
    })
}

fn moves(item: Option<&Item>) -> Vec<Move> {
    match item {
        Some(Item::ArrayOfTables(tables)) => tables.iter().filter_map(|table| one(table)).collect(),
        Some(Item::Value(Toml::Array(array))) => {
            array.iter().filter_map(|entry| one(entry.as_inline_table()?)).collect()
        }
        _ => Vec::new(),
    }
}

/// A move, if it says where it works.
fn one(table: &dyn TableLike) -> Option<Move> {
    let word = |key: &str| table.get(key).and_then(Item::as_str).unwrap_or_default().to_owned();
    let real = |key: &str| table.get(key).and_then(Item::as_value).and_then(number);
    let set = |key: &str| table.get(key).and_then(Item::as_value).and_then(value_of);
    let is = |key: &str| table.get(key).and_then(Item::as_bool).unwrap_or(false);
    let proposed = set("proposed")?;
    let given = table.get("because").and_then(Item::as_table_like);
    let because = given.into_iter().flat_map(|given| given.iter()).filter_map(|(what, item)| {
        let figure = match (item.as_str(), item.as_value().and_then(number)) {
            (Some(word), _) => Figure::Word(word.to_owned()),
            (None, number) => Figure::Number(number?),
        };
        Some(Because { what: what.to_owned(), figure })
    });
    Some(Move {
        id: word("id"),
        rule: word("rule"),
        family: Family::of(&word("family"))?,
        place: Place::read(&word("address"))?,
        value: set("value").unwrap_or_else(|| proposed.clone()),
        proposed,
        text: word("text"),
        because: because.collect(),
        effect: word("effect"),
        confidence: real("confidence").unwrap_or(0.0),
        strength: real("strength").unwrap_or(1.0),
        alternatives: table.get("alternatives").and_then(Item::as_array).map(words).unwrap_or_default(),
        evidence: word("evidence"),
        locked: is("locked"),
        offered: is("offered"),
    })
}

fn words(array: &toml_edit::Array) -> Vec<String> {
    array.iter().filter_map(|entry| entry.as_str().map(str::to_owned)).collect()
}

/// A number, whole or not.
pub(crate) fn number(value: &Toml) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))
}

/// A value as it was read.
pub(crate) fn value_of(value: &Toml) -> Option<Value> {
    Some(match value {
        Toml::Integer(_) | Toml::Float(_) => Value::Number(number(value)?),
        Toml::Boolean(on) => Value::Switch(*on.value()),
        Toml::String(word) => Value::Word(word.value().clone()),
        Toml::InlineTable(table) => Value::Settings(
            table.iter().filter_map(|(key, value)| Some((key.to_owned(), value_of(value)?))).collect(),
        ),
        Toml::Array(array) => Value::Points(
            array
                .iter()
                .filter_map(|pair| {
                    let pair = pair.as_array()?;
                    Some((number(pair.get(0)?)?, number(pair.get(1)?)?))
                })
                .collect(),
        ),
        Toml::Datetime(_) => return None,
    })
}

/// Whether a value is the mark of one that a person took away.
#[must_use]
pub(crate) fn is_removed(value: &Value) -> bool {
    *value == Value::Word(REMOVED.to_owned())
}
