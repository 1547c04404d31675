//! Sheets: what has to be set again to get the same record, as Markdown and PDF.

use super::flat::{Entry, flatten};
use super::{Kind, kind_of};
use std::fmt::Write;
use studio::message::Result;
use studio::sheet::{Align, Sheet, Table};
use toml::Value;

/// A sheet that can be shown as Markdown, text and PDF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// Its head.
    pub title: String,
    /// What stands on it, in order.
    pub parts: Vec<Part>,
}

/// A part of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A heading.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// Columns with their names, and rows.
    Table(Vec<(String, Align)>, Vec<Vec<String>>),
}

impl Paper {
    /// An empty sheet.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), parts: Vec::new() }
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Heading(text.into()));
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Text(text.into()));
    }

    /// Adds a table.
    pub fn table<S: Into<String>>(
        &mut self,
        columns: impl IntoIterator<Item = (S, Align)>,
        rows: Vec<Vec<String>>,
    ) {
        let columns = columns.into_iter().map(|(name, align)| (name.into(), align)).collect();
        self.parts.push(Part::Table(columns, rows));
    }

    /// As Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        // What would begin a table cell, a heading or a tag is shown as it is.
        let safe = |text: &str| text.replace('|', "\\|").replace('<', "&lt;").replace(['\n', '\r'], " ");
        let mut out = format!("# {}\n", safe(&self.title));
        for part in &self.parts {
            match part {
                Part::Heading(text) => {
                    let _ = write!(out, "\n## {}\n", safe(text));
                }
                Part::Text(text) => {
                    let _ = write!(out, "\n{}\n", safe(text));
                }
                Part::Table(columns, rows) => {
                    let names: Vec<String> = columns.iter().map(|(name, _)| safe(name)).collect();
                    let rules =
                        columns.iter().map(|(_, align)| if *align == Align::Right { "---:" } else { "---" });
                    let rules: Vec<&str> = rules.collect();
                    let _ = write!(out, "\n| {} |\n| {} |\n", names.join(" | "), rules.join(" | "));
                    for row in rows {
                        let cells: Vec<String> = row.iter().map(|cell| safe(cell)).collect();
                        let _ = writeln!(out, "| {} |", cells.join(" | "));
                    }
                }
            }
        }
        out
    }

    /// As a sheet for text and PDF.
    #[must_use]
    pub fn sheet(&self) -> Sheet {
        let mut sheet = Sheet::new(self.title.clone());
        for part in &self.parts {
            match part {
                Part::Heading(text) => sheet.heading(text.clone()),
                Part::Text(text) => sheet.paragraph(text.clone()),
                Part::Table(columns, rows) => {
                    let mut table = Table::new(columns.iter().cloned());
                    rows.iter().for_each(|row| table.row(row.iter().cloned()));
                    sheet.table(table);
                }
            }
        }
        sheet
    }
}

/// What only files a thing; nobody sets it.
const FILED: [&str; 2] = ["id", "family"];

/// The recall sheet of a log: everything that has to be set again; of a master its files as well, which makes it the delivery sheet.
///
/// # Errors
/// As [`kind_of`].
pub fn recall(text: &str, file: &str) -> Result<Paper> {
    let (kind, table) = kind_of(text, file)?;
    let what =
        if kind == Kind::Session { "Recall sheet of a mix" } else { "Recall and delivery sheet of a master" };
    let mut paper = Paper::new(format!("{what}: {file}"));
    let entries = flatten(&table);
    let mut abouts: Vec<&str> = Vec::new();
    for entry in &entries {
        if !abouts.contains(&entry.about.as_str()) {
            abouts.push(&entry.about);
        }
    }
    for about in abouts {
        paper.heading(about);
        let own: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.about == about && !FILED.contains(&entry.key.as_str()))
            .collect();
        let row = |entry: &&Entry| {
            let place: Vec<&str> = entry.holder.split(" / ").skip(1).collect();
            let value = match &entry.value {
                Value::String(text) => text.clone(),
                // A thousandth of a decibel is more than any knob has.
                Value::Float(value) => ((value * 1000.0).round() / 1000.0).to_string(),
                value => value.to_string(),
            };
            vec![place.join(", "), entry.key.clone(), value]
        };
        let columns = [("where", Align::Left), ("what", Align::Left), ("value", Align::Right)];
        paper.table(columns, own.iter().map(row).collect());
        let mut told: Vec<&str> = Vec::new();
        for why in own.iter().filter_map(|entry| entry.because.as_deref()) {
            if !told.contains(&why) {
                told.push(why);
                paper.text(format!("Why: {why}"));
            }
        }
    }
    Ok(paper)
}
