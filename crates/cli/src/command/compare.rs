//! `compare`: what changed between two versions.

use crate::args::Compare;
use crate::command::measure::exit_code;
use crate::table::Table;
use crate::ui::{Ui, clean_name, wrap};
use advice::compare::{Comparison, Options, compare};
use serde_json::json;
use std::fmt::Write;
use studio::decode;
use studio::message::{Kind, Result};

pub(crate) fn run(args: &Compare, ui: &Ui) -> Result<u8> {
    let decode = decode::Options { salvage: args.salvage, repair: true, ..decode::Options::default() };
    let (mut good, mut failed) = (Vec::new(), Vec::new());
    for after in &args.after {
        match compare(&args.before, after, &Options { decode }, &ui.job()) {
            Ok(found) => good.push(found),
            Err(error) if error.kind == Kind::Interrupted => return Err(error),
            Err(error) => {
                ui.say(&error);
                failed.push(error);
            }
        }
    }
    if ui.json() {
        ui.print_json(&json!({ "comparisons": good, "errors": failed }));
    } else {
        for found in &good {
            ui.print(&text(found, args.all, ui.columns()));
        }
    }
    Ok(exit_code(good.len(), &failed))
}

fn text(found: &Comparison, all: bool, columns: usize) -> String {
    let mut out =
        format!("BEFORE {}\nAFTER  {}\n\n", clean_name(&found.before.file), clean_name(&found.after.file));
    for sentence in &found.sentences {
        out.push_str(&wrap(&sentence.text, columns, ""));
        if !sentence.numbers.is_empty() {
            out.push_str(&wrap(&sentence.numbers, columns, "      "));
        }
    }
    if all {
        let _ = write!(out, "\n{}\n{}", tone(found), bands(found));
    }
    out.push('\n');
    out
}

fn tone(found: &Comparison) -> String {
    let mut table = Table::new(0);
    table.row(["HZ", "BEFORE dBFS", "AFTER dBFS", "CHANGE dB", "LEFT OVER dB"]);
    for band in found.tone.iter().filter(|band| band.heard) {
        let left = found.distortion.as_ref().and_then(|distortion| {
            distortion.bands.iter().find(|left| left.hz == band.hz).and_then(|left| left.under_db)
        });
        table.row([
            format!("{:.0}", band.hz),
            format!("{:.1}", band.before_dbfs),
            format!("{:.1}", band.after_dbfs),
            format!("{:+.2}", band.change_db),
            left.map_or_else(String::new, |db| format!("{db:.0}")),
        ]);
    }
    table.text()
}

fn bands(found: &Comparison) -> String {
    let mut table = Table::new(1);
    table.row(["BAND", "LOUD OVER USUAL dB", "THEN", "SIDE TO MID dB", "THEN"]);
    for (index, band) in found.dynamics.iter().enumerate() {
        let width = found.width.get(index);
        let db = |value: Option<f64>| value.map_or_else(String::new, |db| format!("{db:.1}"));
        table.row([
            band.name.to_owned(),
            format!("{:.1}", band.before_db),
            format!("{:.1}", band.after_db),
            db(width.and_then(|width| width.before_db)),
            db(width.and_then(|width| width.after_db)),
        ]);
    }
    table.text()
}
