//! Editing a session's text without losing a word of it.

use super::{MIX, Options, Part, Session, Target};
use crate::message::{Error, Result};
use fx::Kind;
use std::path::Path;
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// A session's text, open for changes. Comments, order and layout stay.
#[derive(Debug, Clone)]
pub struct Document {
    toml: DocumentMut,
}

/// A value to be written.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// A number.
    Number(f64),
    /// A switch.
    Switch(bool),
    /// A word or a text.
    Text(String),
}

impl From<&Setting> for Value {
    fn from(setting: &Setting) -> Self {
        match setting {
            Setting::Number(number) => Self::from(*number),
            Setting::Switch(on) => Self::from(*on),
            Setting::Text(text) => Self::from(text.as_str()),
        }
    }
}

impl Document {
    /// Opens a text. It must be TOML; whether it is a session is seen by [`session`](Self::session).
    pub fn parse(text: &str) -> Result<Self> {
        let toml = text.parse().map_err(|error: toml_edit::TomlError| {
            Error::input("not_toml", format!("not TOML: {}", error.message().trim_end()))
        })?;
        Ok(Self { toml })
    }

    /// The text as it stands, read as a session.
    pub fn session(
        &self,
        file: &str,
        folder: &Path,
        options: Options,
    ) -> std::result::Result<Session, Vec<Error>> {
        Session::parse(&self.to_string(), file, folder, options)
    }

    /// Sets a value of a strip or a VCA: `set("lead", "fader_db", …)`, `set("mix", "trim_db", …)`. The comment behind
    /// an old value stays. The value is not checked here: [`session`](Self::session) does.
    pub fn set(&mut self, strip: &str, key: &str, setting: &Setting) -> Result<()> {
        let table = self.table(strip)?;
        replace(table, key, setting)
    }

    /// Sets what an address of the session moves (see [`Session`]): `lead.compressor.threshold_db`,
    /// `lead.send.plate.gain_db`, and every control of a strip. `value` as a number, as in automation.
    pub fn set_at(&mut self, session: &Session, address: &str, value: f64) -> Result<()> {
        let target = session
            .find_target(address)
            .map_err(|wrong| Error::input(wrong.code, wrong.what).hint(wrong.hint))?;
        let param = session
            .param(&target)
            .ok_or_else(|| Error::input("unknown_target", format!("nothing at `{address}`")))?;
        if !param.allows(value) {
            return Err(Error::input("out_of_range", format!("`{address}` cannot be {value}")));
        }
        let setting = match param.kind {
            Kind::Number { .. } => Setting::Number(value),
            Kind::Switch { .. } => Setting::Switch(value >= 0.5),
            Kind::Choice { names, .. } => {
                Setting::Text(names.get(value as usize).map_or(String::new(), |(word, _)| (*word).to_owned()))
            }
        };
        self.set_target(session, &target, param.key, &setting)
    }

    fn set_target(&mut self, session: &Session, target: &Target, key: &str, setting: &Setting) -> Result<()> {
        let table = self.table(&target.strip)?;
        match target.part {
            Part::Control(_) | Part::Vca(_) => replace(table, key, setting),
            Part::Send { send, .. } => replace(entry_of(table, "sends", send)?, key, setting),
            Part::Insert { insert, index } => {
                let strip = session.strip(&target.strip).ok_or_else(missing)?;
                let description = strip.inserts.get(insert).ok_or_else(missing)?.settings.description();
                let outer = entry_of(table, "insert", insert)?;
                let inner =
                    outer.get_mut(description.key).and_then(Item::as_table_like_mut).ok_or_else(missing)?;
                match index.checked_sub(description.params.len()).zip(description.bands) {
                    None => replace(inner, key, setting),
                    Some((index, bands)) => {
                        set_band(inner, bands.key, index / bands.params.len().max(1), key, setting)
                    }
                }
            }
        }
    }

    /// The table of a strip or a VCA.
    fn table(&mut self, id: &str) -> Result<&mut dyn TableLike> {
        if id == MIX {
            let item = self.toml.entry("mix").or_insert_with(toml_edit::table);
            return item.as_table_like_mut().ok_or_else(missing);
        }
        let place = ["track", "bus", "vca"].into_iter().find_map(|kind| {
            let item = self.toml.get(kind)?;
            Some((kind, position(item, id)?))
        });
        let (kind, index) = place
            .ok_or_else(|| Error::input("unknown_strip", format!("there is no track, bus or vca `{id}`")))?;
        self.toml.get_mut(kind).and_then(|item| entry_mut(item, index)).ok_or_else(missing)
    }
}

impl std::fmt::Display for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.toml)
    }
}

fn missing() -> Error {
    Error::input("unknown_target", "the text does not have what the session has")
}

/// Position in a list of tables of the one with an id.
fn position(item: &Item, id: &str) -> Option<usize> {
    let is = |table: &dyn TableLike| table.get("id").and_then(Item::as_str) == Some(id);
    match item {
        Item::ArrayOfTables(tables) => tables.iter().position(|table| is(table)),
        Item::Value(Value::Array(array)) => {
            array.iter().position(|value| value.as_inline_table().is_some_and(|table| is(table)))
        }
        _ => None,
    }
}

/// An entry of a list of tables, however it is written.
fn entry_mut(item: &mut Item, index: usize) -> Option<&mut dyn TableLike> {
    match item {
        Item::ArrayOfTables(tables) => tables.get_mut(index).map(|table| table as &mut dyn TableLike),
        Item::Value(Value::Array(array)) => {
            array.get_mut(index)?.as_inline_table_mut().map(|table| table as &mut dyn TableLike)
        }
        _ => None,
    }
}

/// An entry of a list of tables in a table.
fn entry_of<'t>(table: &'t mut dyn TableLike, list: &str, index: usize) -> Result<&'t mut dyn TableLike> {
    table.get_mut(list).and_then(|item| entry_mut(item, index)).ok_or_else(missing)
}

/// Sets a band's value; the list and the bands before it are made if need be.
fn set_band(
    table: &mut dyn TableLike,
    list: &str,
    number: usize,
    key: &str,
    setting: &Setting,
) -> Result<()> {
    if table.get(list).is_none() {
        table.insert(list, Item::Value(Value::Array(toml_edit::Array::new())));
    }
    let item = table.get_mut(list).ok_or_else(missing)?;
    match item {
        Item::Value(Value::Array(array)) => {
            while array.len() <= number {
                array.push(toml_edit::InlineTable::new());
            }
        }
        Item::ArrayOfTables(tables) => {
            while tables.len() <= number {
                tables.push(toml_edit::Table::new());
            }
        }
        _ => return Err(missing()),
    }
    replace(entry_mut(item, number).ok_or_else(missing)?, key, setting)
}

/// Sets a value in place. `toml_edit` drops the comment behind a value that is assigned; this keeps it.
fn replace(table: &mut dyn TableLike, key: &str, setting: &Setting) -> Result<()> {
    let mut value = Value::from(setting);
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        Some(Item::None) | None => {
            table.insert(key, Item::Value(value));
        }
        Some(_) => return Err(Error::input("wrong_type", format!("`{key}` is a table"))),
    }
    Ok(())
}
