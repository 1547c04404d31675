//! Sheets that go with a master: PQ sheets, cue sheets of a lacquer, delivery sheets. Written once, shown as text and as PDF.

pub(crate) mod latin;
mod metrics;
mod pdf;
#[cfg(test)]
mod tests;

use crate::message::wrap;
use std::fmt::Write;

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// From the left: words.
    #[default]
    Left,
    /// To the right: numbers.
    Right,
}

/// A table: a head and rows of cells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns.
    #[must_use]
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = (S, Align)>) -> Self {
        Self {
            columns: columns.into_iter().map(|(name, align)| (name.into(), align)).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; cells that are missing are empty, cells beyond the columns are left out.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let mut row: Vec<String> = cells.into_iter().map(Into::into).map(one_line).collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }
}

/// What follows the title of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Heading(String),
    Pairs(Vec<(String, String)>),
    Table(Table),
    Text(String),
}

/// A sheet. The same content gives the same bytes, as text and as PDF: nothing in it reads a clock.
///
/// ```
/// use studio::sheet::{Align, Sheet, Table};
/// let mut sheet = Sheet::new("PQ sheet");
/// sheet.pair("Album", "Night Cats");
/// let mut table = Table::new([("Track", Align::Right), ("Title", Align::Left)]);
/// table.row(["1", "Humpty Dumpty"]);
/// sheet.table(table);
/// assert!(sheet.text().contains("Humpty Dumpty"));
/// assert!(sheet.pdf().starts_with(b"%PDF-1.4"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    title: String,
    parts: Vec<Part>,
}

impl Sheet {
    /// A sheet with a title.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: one_line(title.into()), parts: Vec::new() }
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Heading(one_line(text.into())));
    }

    /// Adds a line of a name and a value; an empty value is left out.
    pub fn pair(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let pair = (one_line(name.into()), one_line(value.into()));
        match self.parts.last_mut() {
            _ if pair.1.is_empty() => {}
            Some(Part::Pairs(pairs)) => pairs.push(pair),
            _ => self.parts.push(Part::Pairs(vec![pair])),
        }
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) {
        self.parts.push(Part::Table(table));
    }

    /// Adds a paragraph, broken where it has to be.
    pub fn paragraph(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Text(text.into()));
    }

    /// The sheet as plain text, UTF-8.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("{}\n{}\n", self.title, "=".repeat(width(&self.title)));
        for part in &self.parts {
            out.push('\n');
            match part {
                Part::Heading(text) => {
                    let _ = writeln!(out, "{text}\n{}", "-".repeat(width(text)));
                }
                Part::Pairs(pairs) => {
                    let widest = pairs.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
                    for (name, value) in pairs {
                        let _ = writeln!(out, "{name}{}  {value}", " ".repeat(widest - width(name)));
                    }
                }
                Part::Table(table) => text_table(&mut out, table),
                Part::Text(text) => out.push_str(&wrap(text, 100, "")),
            }
        }
        out
    }

    /// The sheet as Markdown: what is shown where it is opened, and readable as it is.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n", self.title);
        for part in &self.parts {
            out.push('\n');
            match part {
                Part::Heading(text) => {
                    let _ = writeln!(out, "## {text}");
                }
                Part::Pairs(pairs) => {
                    for (name, value) in pairs {
                        let _ = writeln!(out, "* {name}: {value}");
                    }
                }
                Part::Table(table) => markdown_table(&mut out, table),
                Part::Text(text) => {
                    let _ = writeln!(out, "{text}");
                }
            }
        }
        out
    }

    /// The sheet as a PDF file: A4, as many pages as it takes, in the fonts that every reader of PDF has. Letters that
    /// ISO 8859-1 lacks become their relatives, or `?`.
    #[must_use]
    pub fn pdf(&self) -> Vec<u8> {
        pdf::write(self)
    }
}

/// Line ends and other steering characters have no place in a cell.
fn one_line(text: String) -> String {
    if text.chars().any(char::is_control) {
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    } else {
        text
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn markdown_table(out: &mut String, table: &Table) {
    let mut line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    };
    // A bar would end its cell.
    let plain = |text: &str| text.replace('|', "\\|");
    line(&mut table.columns.iter().map(|(name, _)| plain(name)));
    line(&mut table.columns.iter().map(|(_, align)| match align {
        Align::Left => "---".to_owned(),
        Align::Right => "---:".to_owned(),
    }));
    for row in &table.rows {
        line(&mut row.iter().map(|cell| plain(cell)));
    }
}

fn text_table(out: &mut String, table: &Table) {
    let widths: Vec<usize> = table
        .columns
        .iter()
        .enumerate()
        .map(|(at, (name, _))| {
            let cells = table.rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell));
            cells.max().unwrap_or(0).max(width(name))
        })
        .collect();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for ((cell, wide), (_, align)) in cells.zip(&widths).zip(&table.columns) {
            let pad = " ".repeat(wide - width(cell));
            let gap = if text.is_empty() { "" } else { "  " };
            let _ = match align {
                Align::Left => write!(text, "{gap}{cell}{pad}"),
                Align::Right => write!(text, "{gap}{pad}{cell}"),
            };
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(&mut table.columns.iter().map(|(name, _)| name.as_str()));
    let rules: Vec<String> = widths.iter().map(|wide| "-".repeat(*wide)).collect();
    line(&mut rules.iter().map(String::as_str));
    for row in &table.rows {
        line(&mut row.iter().map(String::as_str));
    }
}
