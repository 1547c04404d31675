//! `diff`: what was changed between two logs, and sheets of the last one.

use crate::args::Diff;
use crate::ui::{Ui, clean};
use advice::history::{Paper, diff, recall, text};
use serde_json::json;
use std::path::Path;
use studio::files::{read_text, refuse_inputs, write};
use studio::message::{Error, Kind, Result};

/// Longest log, by our own convention: that of sessions.
const MOST_BYTES: u64 = studio::session::MOST_TEXT_BYTES as u64;

pub(crate) fn run(args: &Diff, ui: &Ui) -> Result<u8> {
    let before = read_text(&args.before, "the log", MOST_BYTES)?;
    let mut last = (before.clone(), args.before.clone());
    let mut found = None;
    if let Some(path) = &args.after {
        let after = read_text(path, "the log", MOST_BYTES)?;
        let (old, new) = (args.before.display().to_string(), path.display().to_string());
        found = Some(diff((&before, &old), (&after, &new))?);
        last = (after, path.clone());
    }
    if let Some(sheet) = &args.sheet {
        refuse_inputs(sheet, [last.1.as_path()])?;
        let name = last.1.file_name().unwrap_or_default().to_string_lossy().into_owned();
        write_paper(&recall(&last.0, &name)?, sheet, args.force)?;
    }
    if ui.json() {
        ui.print_json(&json!({ "diff": found, "sheet": args.sheet }));
    } else if let Some(found) = &found {
        ui.print(&clean(&text(found)));
    }
    Ok(0)
}

/// Writes a sheet as its name says.
pub(crate) fn write_paper(paper: &Paper, path: &Path, force: bool) -> Result<()> {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("md") => write(path, paper.markdown().as_bytes(), force),
        Some("pdf") => write(path, &paper.sheet().pdf(), force),
        Some("html") => write(path, page::paper::sheet(paper, "").as_bytes(), force),
        _ => {
            let error = Error::new(Kind::Usage, "sheet_ending", "a sheet is written as .md, .html or .pdf");
            Err(error.at(path.display()).hint("give it a name that ends so"))
        }
    }
}
