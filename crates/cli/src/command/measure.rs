//! `measure`: every number about files.

use crate::args::Measure;
use crate::table::Table;
use crate::ui::{Ui, clean_name};
use serde_json::{Value, json};
use std::path::Path;
use studio::audio::Metadata;
use studio::decode::{self, Options};
use studio::message::{Error, Finding, Kind, Result};
use studio::meters::{self, Measurements};
use studio::report::measurements::ROWS;

/// Widest name of a row, and widest name of a file with the space before it: what fits beside each other depends on them.
const ROW_COLUMNS: usize = 16;
const FILE_COLUMNS: usize = 28;

struct Measured {
    file: String,
    numbers: Measurements,
    metadata: Metadata,
    findings: Vec<Finding>,
}

pub(crate) fn run(args: &Measure, ui: &Ui) -> Result<u8> {
    let options =
        Options { salvage: args.salvage, repair: args.repair, allow_bad_md5: args.allow_bad_md5, own: false };
    let mut good = Vec::new();
    let mut failed = Vec::new();
    for path in &args.inputs {
        match one(path, options, ui) {
            Ok(measured) => good.push(measured),
            Err(error) if error.kind == Kind::Interrupted => return Err(error),
            Err(error) => {
                ui.say(&error);
                failed.push(error);
            }
        }
    }
    if ui.json() {
        ui.print_json(&json(&good, &failed));
    } else {
        ui.print(&tables(&good, ui.columns()));
        good.iter().for_each(|measured| ui.print(&tags(measured)));
        for measured in &good {
            ui.note(ui.findings(&measured.findings).trim_end());
        }
    }
    Ok(exit_code(good.len(), &failed))
}

/// 0 when all is well, the error's own code when nothing went well, "batch partly failed" in between.
pub(crate) fn exit_code(good: usize, failed: &[Error]) -> u8 {
    match failed.first() {
        None => 0,
        Some(error) if good == 0 => u8::try_from(error.kind.exit_code()).unwrap_or(1),
        Some(_) => 6,
    }
}

fn one(path: &Path, options: Options, ui: &Ui) -> Result<Measured> {
    let at = |error: Error| error.at(path.display());
    let mut source = decode::open(path, options).map_err(at)?;
    let numbers = meters::measure(source.as_mut(), &ui.job()).map_err(at)?;
    let name = path.display().to_string();
    let findings = source.findings().into_iter().map(|finding| finding.about(&name)).collect();
    let metadata = source.info().metadata.clone();
    Ok(Measured { file: name, numbers, metadata, findings })
}

fn json(good: &[Measured], failed: &[Error]) -> Value {
    let files: Vec<Value> = good
        .iter()
        .map(|measured| {
            json!({ "file": measured.file, "measurements": measured.numbers, "metadata": measured.metadata, "findings": measured.findings })
        })
        .collect();
    json!({ "files": files, "errors": failed })
}

fn tables(good: &[Measured], columns: usize) -> String {
    let mut text = String::new();
    let beside = (columns.saturating_sub(ROW_COLUMNS) / FILE_COLUMNS).max(1);
    for files in good.chunks(beside) {
        let mut table = Table::new(1);
        let names = files.iter().map(|measured| short_name(&measured.file));
        table.row(std::iter::once(String::new()).chain(names));
        for row in ROWS {
            let cells = files.iter().map(|measured| (row.text)(&measured.numbers));
            table.row(std::iter::once(row.name.to_owned()).chain(cells));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&table.text());
    }
    text
}

/// What the file says about itself; nothing where it says nothing.
fn tags(measured: &Measured) -> String {
    let metadata = &measured.metadata;
    let texts = [("description", &metadata.description), ("originator", &metadata.originator)];
    let texts = texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.clone()?)));
    let tags = metadata.tags.iter().map(|(key, text)| (key.to_lowercase(), text.clone()));
    let mut table = Table::new(2);
    let mut any = false;
    for (key, text) in texts.chain(tags) {
        table.row([clean_name(key), clean_name(text)]);
        any = true;
    }
    if any { format!("\n{} says\n{}", clean_name(&measured.file), table.text()) } else { String::new() }
}

/// The file's own name, shortened in the middle to fit a column.
fn short_name(path: &str) -> String {
    let name = Path::new(path)
        .file_name()
        .map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned());
    let name: Vec<char> = clean_name(name).chars().collect();
    if name.len() <= 26 {
        return name.into_iter().collect();
    }
    let (head, tail) = (&name[..12], &name[name.len() - 13..]);
    format!("{}…{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}
