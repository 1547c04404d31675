//! What the engineer changed between two versions: the logs of two mixes (`session.toml`) or two masters (`master.toml`), in words.
//!
//! Tables that have a name (`id`, `name`, `target`, `file`) are found again by it wherever they stand; processors by their kind and
//! their place among those of that kind. What only tells (reasons, hashes, evidence) is left out.

mod flat;
mod sheet;
#[cfg(test)]
mod tests;
mod words;

pub use sheet::{Paper, Part, recall};

use flat::{Entry, flatten};
use serde::Serialize;
use std::collections::BTreeMap;
use studio::message::{Error, Kind as Failure, Result};
use toml::Value;

/// Which log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A mix.
    Session,
    /// A master.
    Master,
}

/// One thing that was changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What it belongs to, for people: `Lead vocals`, `mix bus`, `the chain`, `spotify`.
    pub about: String,
    /// Where it stands in the log.
    pub address: String,
    /// In words.
    pub text: String,
    /// The earlier value, as in the log; `None` when it is new.
    pub before: Option<String>,
    /// The later value; `None` when it is gone.
    pub after: Option<String>,
    /// Why, where the later log says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// What changed between two logs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diff {
    /// Which logs.
    pub kind: Kind,
    /// Changes, in the order of the later log; what is gone comes where it stood.
    pub changes: Vec<Change>,
}

/// Which log a text is.
///
/// # Errors
/// `not_a_log` when it is neither; `syntax` when it is no TOML.
pub fn kind_of(text: &str, file: &str) -> Result<(Kind, toml::Table)> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        Error::new(Failure::Input, "syntax", format!("not readable as TOML: {}", error.message())).at(file)
    })?;
    let has = |key: &str| table.contains_key(key);
    let kind = match () {
        () if has("chain") || has("master") || has("source") => Kind::Master,
        () if has("session") || has("track") || has("bus") => Kind::Session,
        () => {
            let error =
                Error::input("not_a_log", "this is neither a session.toml nor a master.toml").at(file);
            return Err(
                error.hint("give the log of a mix or a master: each print and master writes one beside it")
            );
        }
    };
    Ok((kind, table))
}

/// What changed from one log to another; each with the name of its file.
///
/// # Errors
/// As [`kind_of`]; `different_logs` when one is of a mix and the other of a master.
pub fn diff(before: (&str, &str), after: (&str, &str)) -> Result<Diff> {
    let (one, earlier) = kind_of(before.0, before.1)?;
    let (kind, later) = kind_of(after.0, after.1)?;
    if one != kind {
        let error = Error::input("different_logs", "one is the log of a mix, the other that of a master");
        return Err(error.hint("compare two sessions or two masters"));
    }
    let (earlier, later) = (flatten(&earlier), flatten(&later));
    let known: BTreeMap<&str, &Entry> = later.iter().map(|entry| (entry.address.as_str(), entry)).collect();
    let old: BTreeMap<&str, &Entry> = earlier.iter().map(|entry| (entry.address.as_str(), entry)).collect();
    let mut changes = Vec::new();
    for entry in &later {
        match old.get(entry.address.as_str()) {
            Some(before) if before.value == entry.value => {}
            Some(before) => changes.push(change(entry, Some(&before.value), Some(&entry.value))),
            None if entry.is_default() => {}
            None => changes.push(change(entry, None, Some(&entry.value))),
        }
    }
    for entry in
        earlier.iter().filter(|entry| !known.contains_key(entry.address.as_str()) && !entry.is_default())
    {
        changes.push(change(entry, Some(&entry.value), None));
    }
    Ok(Diff { kind, changes: whole_things(changes, &earlier, &later) })
}

fn change(entry: &Entry, before: Option<&Value>, after: Option<&Value>) -> Change {
    Change {
        about: entry.about.clone(),
        address: entry.address.clone(),
        text: words::change(entry, before, after),
        before: before.map(ToString::to_string),
        after: after.map(ToString::to_string),
        because: entry.because.clone().filter(|_| after.is_some()),
    }
}

/// Something that came or went as a whole is one change, not one for each of its values.
fn whole_things(changes: Vec<Change>, earlier: &[Entry], later: &[Entry]) -> Vec<Change> {
    let holders =
        |entries: &[Entry]| -> Vec<String> { entries.iter().map(|entry| entry.holder.clone()).collect() };
    let (old, new) = (holders(earlier), holders(later));
    let mut out: Vec<Change> = Vec::new();
    let mut told: Vec<String> = Vec::new();
    for change in changes {
        let source = if change.after.is_some() { later } else { earlier };
        let Some(entry) = source.iter().find(|entry| entry.address == change.address) else { continue };
        let (came, went) = (!old.contains(&entry.holder), !new.contains(&entry.holder));
        if !came && !went {
            out.push(change);
            continue;
        }
        let key = format!("{}{}", if came { "+" } else { "-" }, entry.holder);
        if told.contains(&key) {
            continue;
        }
        told.push(key);
        let all: Vec<&Entry> = source.iter().filter(|other| other.holder == entry.holder).collect();
        out.push(Change {
            text: words::whole(entry, &all, came),
            address: entry.holder.clone(),
            before: (!came).then(|| "there".to_owned()),
            after: came.then(|| "there".to_owned()),
            because: entry.because.clone().filter(|_| came),
            about: change.about,
        });
    }
    out
}

/// The changes as text: what each belongs to, then what was done.
#[must_use]
pub fn text(diff: &Diff) -> String {
    if diff.changes.is_empty() {
        return "nothing was changed\n".to_owned();
    }
    let mut out = String::new();
    let mut last = "";
    for change in &diff.changes {
        if change.about != last {
            out.push_str(&format!("{}\n", change.about));
            last = &change.about;
        }
        let why = change.because.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
        out.push_str(&format!("  {}{why}\n", change.text));
    }
    out
}
