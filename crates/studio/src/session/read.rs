//! Reading TOML with places: what is there, what was asked for, and everything that is wrong.

use crate::message::Error;
use crate::suggest::nearest;
use fx::{Fields, Kind, Param};
use std::ops::Range;
use toml_edit::{ArrayOfTables, Item, TableLike, Value};

/// Bytes meant in the text.
pub type Span = Range<usize>;

/// Errors shown at most; each carries the text, so long texts get fewer.
const MOST_ERRORS: usize = 100;
/// Bytes of text all errors together may carry.
const MOST_ERROR_TEXT: usize = 64 << 20;

/// The text, and what was found wrong with it.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    errors: Vec<Error>,
    more: usize,
}

/// Something wrong, on its way to becoming an error.
pub(crate) struct Wrong {
    pub(crate) code: &'static str,
    pub(crate) what: String,
    pub(crate) label: String,
    pub(crate) hint: String,
}

pub(crate) fn wrong(code: &'static str, what: impl Into<String>) -> Wrong {
    Wrong { code, what: what.into(), label: "here".into(), hint: String::new() }
}

impl Wrong {
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, errors: Vec::new(), more: 0 }
    }

    /// Notes something wrong at a place.
    pub(crate) fn say(&mut self, at: &Span, wrong: Wrong) {
        let room = (MOST_ERROR_TEXT / self.text.len().max(1)).clamp(1, MOST_ERRORS);
        if self.errors.len() >= room {
            self.more += 1;
            return;
        }
        let mut error =
            Error::input(wrong.code, wrong.what).place(self.file, self.text, at.clone(), wrong.label);
        if !wrong.hint.is_empty() {
            error = error.hint(wrong.hint);
        }
        self.errors.push(error);
    }

    /// Everything said, in the order of the text.
    pub(crate) fn into_errors(mut self) -> Vec<Error> {
        self.errors.sort_by_key(|error| error.place.as_ref().map_or(0, |place| place.bytes.start));
        if self.more > 0 {
            let what = format!("{} more problems are not shown", self.more);
            self.errors.push(Error::input("more_problems", what).at(self.file));
        }
        self.errors
    }

    pub(crate) fn is_fine(&self) -> bool {
        self.errors.is_empty()
    }

    /// A word nobody knows, with the nearest that is known.
    pub(crate) fn unknown<'w>(
        &mut self,
        at: &Span,
        code: &'static str,
        what: &str,
        word: &str,
        known: impl IntoIterator<Item = &'w str>,
    ) {
        if self.errors.len() >= MOST_ERRORS {
            self.more += 1;
            return;
        }
        let known: Vec<&str> = known.into_iter().collect();
        let hint = match nearest(word, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if known.is_empty() => String::new(),
            None => format!("known: {}", shorten(&known)),
        };
        let label = nearest(word, known.iter().copied()).map_or("not known".into(), |m| format!("`{m}`?"));
        self.say(at, wrong(code, format!("unknown {what} `{}`", clip(word))).label(label).hint(hint));
    }
}

/// At most 40 characters of what was written, without control characters.
pub(crate) fn clip(word: &str) -> String {
    let mut text: String =
        word.chars().take(40).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if word.chars().nth(40).is_some() {
        text.push('…');
    }
    text
}

fn shorten(words: &[&str]) -> String {
    let mut text = words.iter().take(24).copied().collect::<Vec<_>>().join(", ");
    if words.len() > 24 {
        text.push_str(", …");
    }
    text
}

/// Something in the text: a value, a table, or a list of tables.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    inner: Inner<'a>,
    pub(crate) span: Span,
}

#[derive(Clone, Copy)]
enum Inner<'a> {
    Value(&'a Value),
    Table(&'a dyn TableLike),
    Tables(&'a ArrayOfTables),
}

impl<'a> Node<'a> {
    fn of_value(value: &'a Value, around: &Span) -> Self {
        let span = value.span().unwrap_or_else(|| around.clone());
        match value {
            Value::InlineTable(table) => Self { inner: Inner::Table(table), span },
            other => Self { inner: Inner::Value(other), span },
        }
    }

    pub(crate) fn of_item(item: &'a Item, around: &Span) -> Option<Self> {
        let span = item.span().unwrap_or_else(|| around.clone());
        match item {
            Item::None => None,
            Item::Value(value) => Some(Self::of_value(value, around)),
            Item::Table(table) => Some(Self { inner: Inner::Table(table), span }),
            Item::ArrayOfTables(tables) => Some(Self { inner: Inner::Tables(tables), span }),
        }
    }

    pub(crate) fn of_table(table: &'a toml_edit::Table) -> Self {
        Self { inner: Inner::Table(table), span: table.span().unwrap_or(0..0) }
    }

    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self.inner {
            Inner::Value(Value::String(_)) => "a text",
            Inner::Value(Value::Integer(_) | Value::Float(_)) => "a number",
            Inner::Value(Value::Boolean(_)) => "true or false",
            Inner::Value(Value::Datetime(_)) => "a date",
            Inner::Value(Value::Array(_)) => "a list",
            Inner::Value(Value::InlineTable(_)) | Inner::Table(_) => "a table",
            Inner::Tables(_) => "a list of tables",
        }
    }

    pub(crate) fn as_str(&self) -> Option<&'a str> {
        match self.inner {
            Inner::Value(value) => value.as_str(),
            _ => None,
        }
    }

    pub(crate) fn as_bool(&self) -> Option<bool> {
        match self.inner {
            Inner::Value(value) => value.as_bool(),
            _ => None,
        }
    }

    /// A whole or broken number, as written (NaN and infinity too).
    pub(crate) fn as_number(&self) -> Option<f64> {
        match self.inner {
            Inner::Value(Value::Integer(number)) => Some(*number.value() as f64),
            Inner::Value(Value::Float(number)) => Some(*number.value()),
            _ => None,
        }
    }

    /// The entries of a list (of values or tables).
    pub(crate) fn as_list(&self) -> Option<Vec<Node<'a>>> {
        match self.inner {
            Inner::Value(Value::Array(array)) => {
                Some(array.iter().map(|value| Self::of_value(value, &self.span)).collect())
            }
            Inner::Tables(tables) => Some(
                tables
                    .iter()
                    .map(|table| Self {
                        inner: Inner::Table(table),
                        span: table.span().unwrap_or_else(|| self.span.clone()),
                    })
                    .collect(),
            ),
            _ => None,
        }
    }

    /// The entries of a table.
    pub(crate) fn as_table(&self) -> Option<Take<'a>> {
        let Inner::Table(table) = self.inner else { return None };
        let entries = table.iter().filter_map(|(name, item)| {
            let key = table.get_key_value(name).and_then(|(key, _)| key.span());
            let key = key.or_else(|| item.span()).unwrap_or_else(|| self.span.clone());
            let node = Node::of_item(item, &key)?;
            Some(Taken { name, key, node, used: false })
        });
        Some(Take { entries: entries.collect(), span: self.span.clone(), asked: Vec::new() })
    }
}

struct Taken<'a> {
    name: &'a str,
    key: Span,
    node: Node<'a>,
    used: bool,
}

/// A table being read. What is never asked for is an error; what was asked for are the words suggested.
pub(crate) struct Take<'a> {
    entries: Vec<Taken<'a>>,
    pub(crate) span: Span,
    asked: Vec<&'static str>,
}

impl<'a> Take<'a> {
    /// The entry called `name`, if it is there.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Node<'a>> {
        self.asked.push(name);
        let entry = self.entries.iter_mut().find(|entry| entry.name == name)?;
        entry.used = true;
        Some(entry.node.clone())
    }

    /// Place of a key.
    pub(crate) fn key_span(&self, name: &str) -> Span {
        let entry = self.entries.iter().find(|entry| entry.name == name);
        entry.map_or_else(|| self.span.clone(), |entry| entry.key.clone())
    }

    /// Everything not asked for is unknown.
    pub(crate) fn finish(self, reader: &mut Reader<'_>, what: &str) {
        for entry in self.entries.iter().filter(|entry| !entry.used) {
            let known = self.asked.iter().copied();
            reader.unknown(&entry.key, "unknown_key", &format!("key in {what}"), entry.name, known);
        }
    }

    /// Every entry, to be handled by name; nothing is left for [`finish`](Self::finish).
    pub(crate) fn all(self) -> Vec<(&'a str, Span, Node<'a>)> {
        self.entries.into_iter().map(|entry| (entry.name, entry.key, entry.node)).collect()
    }

    /// Reads every declared field into `fields`; says which were given.
    pub(crate) fn fields<F: Fields>(&mut self, reader: &mut Reader<'_>, fields: &mut F) -> Vec<&'static str> {
        let mut given = Vec::new();
        for (index, param) in F::PARAMS.iter().enumerate() {
            if let Some(node) = self.take(param.key) {
                given.push(param.key);
                if let Some(value) = reader.param(&node, param) {
                    fields.set(index, value);
                }
            }
        }
        given
    }
}

impl Reader<'_> {
    pub(crate) fn wrong_type(&mut self, node: &Node<'_>, name: &str, wanted: &str) {
        let what = format!("`{name}` is {}, not {wanted}", node.kind());
        self.say(&node.span, wrong("wrong_type", what).label(format!("{wanted} is expected")));
    }

    /// A table, or it is said that it is none.
    pub(crate) fn table<'n>(&mut self, node: &Node<'n>, name: &str) -> Option<Take<'n>> {
        let table = node.as_table();
        if table.is_none() {
            self.wrong_type(node, name, "a table");
        }
        table
    }

    /// A list, or it is said that it is none.
    pub(crate) fn list<'n>(&mut self, node: &Node<'n>, name: &str, most: usize) -> Vec<Node<'n>> {
        let Some(list) = node.as_list() else {
            self.wrong_type(node, name, "a list");
            return Vec::new();
        };
        if list.len() > most {
            let what = format!("`{name}` has {} entries, {most} are allowed", list.len());
            self.say(&node.span, wrong("too_many", what));
            return Vec::new();
        }
        list
    }

    /// A text without control characters, or it is said that it is none.
    pub(crate) fn text(&mut self, node: &Node<'_>, name: &str) -> Option<String> {
        let Some(text) = node.as_str() else {
            self.wrong_type(node, name, "a text in quotes");
            return None;
        };
        if text.is_empty() || text.chars().any(char::is_control) || text.len() > 4096 {
            let what = format!("`{name}` is empty, too long, or has control characters");
            self.say(&node.span, wrong("bad_text", what));
            return None;
        }
        Some(text.to_owned())
    }

    /// A value a parameter allows.
    pub(crate) fn param(&mut self, node: &Node<'_>, param: &Param) -> Option<f64> {
        match param.kind {
            Kind::Number { .. } => self.number(node, param),
            Kind::Switch { .. } => {
                if node.as_bool().is_none() {
                    self.wrong_type(node, param.key, "true or false");
                }
                node.as_bool().map(|on| f64::from(u8::from(on)))
            }
            Kind::Choice { names, .. } => self.choice(node, param.key, names).map(|index| index as f64),
        }
    }

    /// The word of a curve.
    pub(crate) fn curve(&mut self, node: &Node<'_>) -> Option<super::Curve> {
        let names = <super::Curve as fx::Choice>::NAMES;
        self.choice(node, "curve", names).map(<super::Curve as fx::Choice>::from_index)
    }

    fn choice(&mut self, node: &Node<'_>, key: &str, names: &[(&str, &str)]) -> Option<usize> {
        let words = names.iter().map(|(word, _)| *word);
        // `pan_law = -4.5` is as good as `pan_law = "-4.5"`.
        let number = node.as_number().map(|number| number.to_string());
        let Some(word) = node.as_str().or(number.as_deref()) else {
            self.wrong_type(node, key, &format!("one of {}", shorten(&words.collect::<Vec<_>>())));
            return None;
        };
        let found = names.iter().position(|(name, _)| *name == word);
        if found.is_none() {
            self.unknown(&node.span, "unknown_word", &format!("word for `{key}`:"), word, words);
        }
        found
    }

    fn number(&mut self, node: &Node<'_>, param: &Param) -> Option<f64> {
        let Kind::Number { unit, min, max, .. } = param.kind else { return None };
        let Some(mut value) = node.as_number() else {
            self.wrong_type(node, param.key, "a number");
            return None;
        };
        // A fader all the way down may be written as `-inf`.
        if value == f64::NEG_INFINITY && min <= super::controls::OFF_DB {
            value = min;
        }
        if !value.is_finite() {
            let what = format!("`{}` is not a finite number", param.key);
            self.say(
                &node.span,
                wrong("not_finite", what).hint(format!("from {min} to {max} {}", unit.symbol())),
            );
            return None;
        }
        if !param.allows(value) {
            let range = format!("{min} to {max} {}", unit.symbol());
            let what = format!("`{}` = {value} is out of range, {}", param.key, range.trim_end());
            let near = if value < min { min } else { max };
            self.say(
                &node.span,
                wrong("out_of_range", what).label("out of range").hint(format!("nearest: {near}")),
            );
            return None;
        }
        Some(value)
    }
}
