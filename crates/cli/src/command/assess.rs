//! `assess`: what a project needs.

use crate::args::Assess;
use crate::ui::{Ui, clean_name};
use advice::assess::{Assessment, Options, assess, text};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};
use studio::message::Result;

pub(crate) fn run(args: &Assess, ui: &Ui) -> Result<u8> {
    let options = Options { destinations: args.destinations.clone() };
    let mut found = assess(&args.inputs, &options, &ui.job())?;
    if ui.json() {
        ui.print_json(&json!(found));
        return Ok(code(&found));
    }
    if let Some(destinations) = asked(&found) {
        found = assess(&args.inputs, &Options { destinations }, &ui.job())?;
    }
    ui.print(&text(&found, ui.columns()));
    Ok(code(&found))
}

/// On a terminal, where the destination is missing, somebody can be asked.
fn asked(found: &Assessment) -> Option<Vec<String>> {
    if found.question.is_empty() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "where shall it go?");
    for choice in &found.question {
        let _ = writeln!(err, "  {:<22}{}", clean_name(&choice.name), clean_name(&choice.changes));
    }
    let _ = write!(err, "names, with commas between (nothing: not yet known): ");
    let _ = err.flush();
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).ok()?;
    let names: Vec<String> =
        line.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let known = names.iter().all(|name| found.question.iter().any(|choice| choice.name == *name));
    (known && !names.is_empty()).then_some(names)
}

/// 6 when part of what was given could not be read.
fn code(found: &Assessment) -> u8 {
    if found.advice.iter().any(|advice| advice.rule == "unreadable") { 6 } else { 0 }
}
