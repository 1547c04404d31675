//! Changes in a session that a person has worked on: only what differs is touched; comments, order and everything the
//! assistant knows nothing of stay.

use super::fresh::{band_of, curve, insert_of, one, send_of, written};
use super::{Desk, InsertPlan, StripPlan};
use crate::moves::{Part, Place, SESSION_KEY, Value, value_of};
use studio::message::{Error, Kind, Result};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value as Toml};

/// A session's text, open to be looked into.
#[derive(Debug, Clone)]
pub struct Base {
    document: DocumentMut,
}

impl Base {
    /// Opens a text.
    ///
    /// # Errors
    /// `not_toml`.
    pub fn parse(text: &str) -> Result<Self> {
        let document = text.parse().map_err(|error: toml_edit::TomlError| {
            Error::input("not_toml", format!("not TOML: {}", error.message().trim_end()))
        })?;
        Ok(Self { document })
    }

    /// What stands at a place; of settings only those `like` has.
    #[must_use]
    pub fn value_at(&self, place: &Place, like: &Value) -> Option<Value> {
        if let Part::Curve(key) = &place.part {
            let target = format!("{}.{key}", place.strip);
            return entries(self.document.get("automation"))
                .find(|table| table.get("target").and_then(Item::as_str) == Some(&target))
                .and_then(|table| table.get("points")?.as_value().and_then(value_of));
        }
        let strip = self.strip(&place.strip)?;
        match &place.part {
            Part::Control(key) => strip.get(key)?.as_value().and_then(value_of),
            Part::Send(to) => entries(strip.get("sends"))
                .find(|send| send.get("to").and_then(Item::as_str) == Some(to))
                .map(|send| settings_like(send, like)),
            Part::Insert(id) => insert_in(strip, id).map(|inner| settings_like(inner, like)),
            Part::Band(id, band) => {
                let inner = insert_in(strip, id)?;
                let band = entries(inner.get("band")).nth(band.checked_sub(1)?)?;
                Some(settings_like(band, like))
            }
            Part::Curve(_) => None,
        }
    }

    /// Bands of an insert that stand in the text; `None` without the insert.
    #[must_use]
    pub fn bands(&self, strip: &str, id: &str) -> Option<usize> {
        Some(entries(insert_in(self.strip(strip)?, id)?.get("band")).count())
    }

    /// Sets the folder the tracks were heard from; empty is the session's own.
    ///
    /// # Errors
    /// `session_shape` where the record of moves is no table.
    pub fn heard_from(&mut self, tracks: &str) -> Result<()> {
        let record =
            self.document.get_mut(SESSION_KEY).and_then(Item::as_table_like_mut).ok_or_else(shape)?;
        if tracks.is_empty() {
            record.remove("tracks");
            return Ok(());
        }
        put(record, "tracks", &Value::Word(tracks.to_owned()))
    }

    /// The text as it is now.
    #[must_use]
    pub fn text(&self) -> String {
        self.document.to_string()
    }

    fn strip(&self, id: &str) -> Option<&dyn TableLike> {
        if id == studio::session::MIX {
            return self.document.get("mix")?.as_table_like();
        }
        let is = |table: &&dyn TableLike| table.get("id").and_then(Item::as_str) == Some(id);
        ["track", "bus"].into_iter().find_map(|kind| entries(self.document.get(kind)).find(is))
    }
}

/// Tables of a list, however it is written.
fn entries(item: Option<&Item>) -> Box<dyn Iterator<Item = &dyn TableLike> + '_> {
    match item {
        Some(Item::ArrayOfTables(tables)) => Box::new(tables.iter().map(|table| table as &dyn TableLike)),
        Some(Item::Value(Toml::Array(array))) => {
            Box::new(array.iter().filter_map(|value| Some(value.as_inline_table()? as &dyn TableLike)))
        }
        _ => Box::new(std::iter::empty()),
    }
}

/// The settings of the insert called `id`.
fn insert_in<'t>(strip: &'t dyn TableLike, id: &str) -> Option<&'t dyn TableLike> {
    entries(strip.get("insert")).find_map(|outer| {
        let (processor, inner) = outer.iter().next()?;
        let inner = inner.as_table_like()?;
        let own = inner.get("id").and_then(Item::as_str).unwrap_or(processor);
        (own == id).then_some(inner)
    })
}

fn settings_like(table: &dyn TableLike, like: &Value) -> Value {
    let Value::Settings(names) = like else { return like.clone() };
    let own = names.iter().filter_map(|(name, _)| {
        let value = table.get(name)?.as_value().and_then(value_of)?;
        Some((name.clone(), value))
    });
    Value::Settings(own.collect())
}

/// Writes a desk into a session's text. What stands at the places of `gone` is taken away; the record of moves is cut off, to be
/// written anew behind it.
///
/// # Errors
/// `session_shape` where the text has something else where a list of tables is expected.
pub fn update(base: &Base, desk: &Desk, gone: &[Place]) -> Result<String> {
    let mut document = base.document.clone();
    document.remove(SESSION_KEY);
    for place in gone {
        remove(&mut document, place);
    }
    for (strip, kind) in desk.tracks.iter().map(|s| (s, "track")).chain(desk.buses.iter().map(|s| (s, "bus")))
    {
        match strip_mut(&mut document, &strip.id) {
            Some(table) => change(table, strip, desk)?,
            None => append(&mut document, kind, &fresh_text(|text| one(text, strip, kind)))?,
        }
    }
    let mix = document.entry("mix").or_insert_with(toml_edit::table);
    change(mix.as_table_like_mut().ok_or_else(shape)?, &desk.mix, desk)?;
    for ((strip, key), points) in &desk.curves {
        let target = format!("{strip}.{key}");
        let list = document.get_mut("automation");
        let found = list.and_then(|list| {
            find_mut(list, &|table| table.get("target").and_then(Item::as_str) == Some(&target))
        });
        match found {
            Some(table) => put(table, "points", &Value::Points(points.clone()))?,
            None => append(&mut document, "automation", &fresh_text(|text| curve(text, strip, key, points)))?,
        }
    }
    Ok(document.to_string())
}

fn shape() -> Error {
    Error::new(Kind::Input, "session_shape", "the session has something else where a list of tables belongs")
}

fn fresh_text(write: impl Fn(&mut String)) -> String {
    let mut text = String::new();
    write(&mut text);
    text
}

fn strip_mut<'d>(document: &'d mut DocumentMut, id: &str) -> Option<&'d mut dyn TableLike> {
    let kind = ["track", "bus"].into_iter().find(|kind| {
        entries(document.get(kind)).any(|table| table.get("id").and_then(Item::as_str) == Some(id))
    })?;
    find_mut(document.get_mut(kind)?, &|table| table.get("id").and_then(Item::as_str) == Some(id))
}

/// The first table of a list for which `is` holds.
fn find_mut<'t>(item: &'t mut Item, is: &dyn Fn(&dyn TableLike) -> bool) -> Option<&'t mut dyn TableLike> {
    match item {
        Item::ArrayOfTables(tables) => tables
            .iter_mut()
            .find(|table| is(*table as &dyn TableLike))
            .map(|table| table as &mut dyn TableLike),
        Item::Value(Toml::Array(array)) => array
            .iter_mut()
            .filter_map(Toml::as_inline_table_mut)
            .find(|table| is(*table as &dyn TableLike))
            .map(|table| table as &mut dyn TableLike),
        _ => None,
    }
}

/// Adds a table, given as the text of a list with one entry.
fn append(document: &mut DocumentMut, kind: &str, text: &str) -> Result<()> {
    let parsed: DocumentMut = text.parse().map_err(|_| shape())?;
    let Some(Item::ArrayOfTables(made)) = parsed.get(kind) else { return Err(shape()) };
    let list = document.entry(kind).or_insert_with(|| Item::ArrayOfTables(toml_edit::ArrayOfTables::new()));
    for table in made.iter() {
        push(list, table)?;
    }
    Ok(())
}

/// Adds a table to a list, however that is written.
fn push(list: &mut Item, table: &Table) -> Result<()> {
    match list {
        Item::ArrayOfTables(tables) => {
            let mut table = table.clone();
            unplace(&mut table);
            tables.push(table);
        }
        Item::Value(Toml::Array(array)) => {
            let mut inline = table.clone().into_inline_table();
            inline.decor_mut().clear();
            array.push(inline);
        }
        _ => return Err(shape()),
    }
    Ok(())
}

/// Tables from another text stand behind the ones before them, not at their old lines.
fn unplace(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        if let Item::ArrayOfTables(tables) = item {
            tables.iter_mut().for_each(unplace);
        }
    }
}

/// Brings a strip to what the desk has.
fn change(table: &mut dyn TableLike, strip: &StripPlan, desk: &Desk) -> Result<()> {
    for (key, value) in &strip.controls {
        put(table, key, value)?;
    }
    for (to, send) in &strip.sends {
        let list = table.get_mut("sends");
        let found = list.and_then(|list| {
            find_mut(list, &|send| send.get("to").and_then(Item::as_str) == Some(to.as_str()))
        });
        match found {
            Some(existing) => put_all(existing, send)?,
            None => push_inline(table, "sends", &send_of(to, send))?,
        }
    }
    for insert in &strip.inserts {
        if desk.by_hand.contains(&(strip.id.clone(), insert.id.clone())) {
            continue;
        }
        match insert_mut(table, &insert.id) {
            Some(inner) => change_insert(inner, insert)?,
            None => add_insert(table, insert)?,
        }
    }
    Ok(())
}

fn insert_mut<'t>(strip: &'t mut dyn TableLike, id: &str) -> Option<&'t mut dyn TableLike> {
    let is = |outer: &dyn TableLike| {
        outer.iter().next().is_some_and(|(processor, inner)| {
            let own = inner.as_table_like().and_then(|inner| inner.get("id")).and_then(Item::as_str);
            own.unwrap_or(processor) == id
        })
    };
    let outer = find_mut(strip.get_mut("insert")?, &is)?;
    let (_, inner) = outer.iter_mut().next()?;
    inner.as_table_like_mut()
}

fn change_insert(inner: &mut dyn TableLike, insert: &InsertPlan) -> Result<()> {
    for (key, value) in &insert.settings {
        put(inner, key, value)?;
    }
    if insert.bands.is_empty() {
        return Ok(());
    }
    if entries(inner.get("band")).count() != insert.bands.len() {
        let list: Vec<String> = insert.bands.values().map(|band| format!("\n  {},", band_of(band))).collect();
        let parsed = parse_value(&format!("[{}\n]", list.concat()))?;
        inner.insert("band", Item::Value(parsed));
        return Ok(());
    }
    let Some(list) = inner.get_mut("band") else { return Ok(()) };
    for (number, band) in insert.bands.values().enumerate() {
        let count = std::cell::Cell::new(0);
        let nth = |_: &dyn TableLike| {
            count.set(count.get() + 1);
            count.get() == number + 1
        };
        if let Some(table) = find_mut(list, &nth) {
            put_all(table, &Value::Settings(band.clone()))?;
        }
    }
    Ok(())
}

/// Adds an insert where it belongs in the chain: ahead of the first of the assistant's that comes later.
fn add_insert(strip: &mut dyn TableLike, insert: &InsertPlan) -> Result<()> {
    let text = format!("{{ {} = {} }}", insert.processor, insert_of(insert));
    match strip.get_mut("insert") {
        Some(Item::ArrayOfTables(tables)) => {
            let parsed: DocumentMut = format!("[[insert]]\n{} = {}\n", insert.processor, insert_of(insert))
                .parse()
                .map_err(|_| shape())?;
            let made = parsed.get("insert").and_then(Item::as_array_of_tables).and_then(|list| list.get(0));
            let mut made = made.cloned().ok_or_else(shape)?;
            made.set_position(None);
            let rank = crate::moves::slot(&insert.id).map_or(usize::MAX, |(rank, _)| rank);
            let mut all: Vec<Table> = tables.iter().cloned().collect();
            let later = |table: &Table| {
                id_of(table).and_then(|id| crate::moves::slot(&id)).is_some_and(|(own, _)| own > rank)
            };
            let at = all.iter().position(later).unwrap_or(all.len());
            all.insert(at, made);
            tables.clear();
            for mut table in all {
                table.set_position(None);
                tables.push(table);
            }
            Ok(())
        }
        Some(Item::Value(Toml::Array(array))) => {
            array.push(parse_value(&text)?);
            Ok(())
        }
        Some(_) => Err(shape()),
        None => push_inline(strip, "insert", &text),
    }
}

fn id_of(outer: &dyn TableLike) -> Option<String> {
    let (processor, inner) = outer.iter().next()?;
    let own = inner.as_table_like()?.get("id").and_then(Item::as_str);
    Some(own.unwrap_or(processor).to_owned())
}

/// Adds an inline table to a list that may have to be made.
fn push_inline(table: &mut dyn TableLike, key: &str, text: &str) -> Result<()> {
    if table.get(key).is_none() {
        table.insert(key, Item::Value(Toml::Array(Array::new())));
    }
    match table.get_mut(key) {
        Some(Item::Value(Toml::Array(array))) => array.push(parse_value(text)?),
        Some(Item::ArrayOfTables(tables)) => {
            let inline: InlineTable = parse_value(text)?.as_inline_table().cloned().ok_or_else(shape)?;
            let mut made = inline.into_table();
            made.set_position(None);
            tables.push(made);
        }
        _ => return Err(shape()),
    }
    Ok(())
}

fn parse_value(text: &str) -> Result<Toml> {
    text.parse().map_err(|_| shape())
}

fn put_all(table: &mut dyn TableLike, settings: &Value) -> Result<()> {
    let Value::Settings(settings) = settings else { return Ok(()) };
    settings.iter().try_for_each(|(key, value)| put(table, key, value))
}

/// Sets a value if it is another one; the comment behind it stays.
fn put(table: &mut dyn TableLike, key: &str, value: &Value) -> Result<()> {
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            if value_of(old).as_ref() == Some(value) {
                return Ok(());
            }
            let mut new = parse_value(&written(value))?;
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        Some(Item::None) | None => {
            table.insert(key, Item::Value(parse_value(&written(value))?));
        }
        Some(_) => return Err(shape()),
    }
    Ok(())
}

/// Takes away what stands at a place.
fn remove(document: &mut DocumentMut, place: &Place) {
    if let Part::Curve(key) = &place.part {
        let target = format!("{}.{key}", place.strip);
        drop_where(document.get_mut("automation"), &|table| {
            table.get("target").and_then(Item::as_str) == Some(&target)
        });
        return;
    }
    let mix = place.strip == studio::session::MIX;
    let table = if mix {
        document.get_mut("mix").and_then(Item::as_table_like_mut)
    } else {
        strip_mut(document, &place.strip)
    };
    let Some(table) = table else { return };
    match &place.part {
        Part::Control(key) => {
            table.remove(key);
        }
        Part::Send(to) => drop_where(table.get_mut("sends"), &|send| {
            send.get("to").and_then(Item::as_str) == Some(to.as_str())
        }),
        // A band goes with its insert, if no other band of it stays.
        Part::Insert(id) | Part::Band(id, _) => {
            drop_where(table.get_mut("insert"), &|outer| id_of(outer).as_deref() == Some(id));
        }
        Part::Curve(_) => {}
    }
}

fn drop_where(item: Option<&mut Item>, is: &dyn Fn(&dyn TableLike) -> bool) {
    match item {
        Some(Item::ArrayOfTables(tables)) => tables.retain(|table| !is(table)),
        Some(Item::Value(Toml::Array(array))) => {
            array.retain(|value| value.as_inline_table().is_none_or(|table| !is(table)));
        }
        _ => {}
    }
}
