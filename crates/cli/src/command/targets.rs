//! `targets`: what destinations ask for, from the data files.

use crate::args::Targets;
use crate::table::Table;
use crate::ui::Ui;
use serde_json::json;
use studio::message::Result;
use studio::targets::{self, Target};

pub(crate) fn run(args: &Targets, ui: &Ui) -> Result<u8> {
    let Some(name) = &args.name else {
        let all = targets::all()?;
        if ui.json() {
            ui.print_json(&json!({ "targets": all }));
        } else {
            ui.print(&list(&all));
        }
        return Ok(0);
    };
    let target = targets::find(name)?;
    if ui.json() {
        ui.print_json(&json!(target));
    } else {
        ui.print(&targets::render_page(&target));
    }
    Ok(0)
}

fn list(all: &[Target]) -> String {
    let mut table = Table::new(1);
    table.row(["TARGET", "LOUDNESS", "CEILING", "BITS", "FILE"]);
    for target in all {
        let loudness =
            target.loudness_lufs.as_ref().map_or("free".to_owned(), |fact| format!("{} LUFS", fact.value));
        table.row([
            target.name.clone(),
            loudness,
            format!("{} dBTP", target.ceiling_dbtp.value),
            target.bits.value.to_string(),
            target.container.value.clone(),
        ]);
    }
    format!("{}\n`tonmeister targets NAME` shows one with its sources.\n", table.text())
}
