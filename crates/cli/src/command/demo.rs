//! `demo`: the whole path on a song it makes itself.

use crate::args::Demo;
use crate::command::master::{CHAIN_FILE, make_folder, refuse_existing, targets_of, write_text};
use crate::command::mix;
use crate::ui::Ui;
use serde_json::json;
use std::fmt::Write;
use studio::demo;
use studio::handover;
use studio::master::{self, Place};
use studio::message::Result;
use studio::report::mastering as report;

/// What the song is mastered for.
const DESTINATIONS: [&str; 2] = ["spotify", "cd"];

pub(crate) fn run(args: &Demo, ui: &Ui) -> Result<u8> {
    let print_path = args.dir.join("print.wav");
    let masters = args.dir.join("masters");
    refuse_existing(&print_path, args.force)?;
    refuse_existing(&masters.join(CHAIN_FILE), args.force)?;
    let options = demo::Options { seed: args.seed, force: args.force };
    let session_path = demo::write_as(&args.dir, options, &ui.job())?;
    let session = mix::load(&session_path, false, ui)?;
    let print = mix::print(&session, &print_path, args.force, ui)?;
    // From here on only the file counts: mastering hears it as a stranger's.
    let verdict = handover::check(print.path(), &ui.job())?;
    let gate = verdict.findings.clone();
    let premaster = verdict.into_premaster()?;
    make_folder(&masters)?;
    let targets = targets_of(&DESTINATIONS.map(str::to_owned))?;
    let place = Place { folder: &masters, force: args.force };
    let mastering = master::master(&premaster, &targets, place, &ui.job())?;
    write_text(&masters.join(CHAIN_FILE), &mastering.chain.to_toml(), args.force)?;
    if ui.json() {
        ui.print_json(&json!({
            "session": session_path.display().to_string(),
            "print": print.path().display().to_string(),
            "mastering": report::json(&premaster, &gate, &mastering),
        }));
        return Ok(0);
    }
    let mut text = format!("tracks {}\n", args.dir.join("audio").display());
    text.push_str(&mix::text(&session, &session_path, &print));
    let _ = writeln!(text, "gate  passed{}", if gate.is_empty() { "" } else { ", with remarks:" });
    text.push_str(&ui.findings(&gate));
    text.push_str(&report::text(&premaster, &mastering, &masters.join(CHAIN_FILE)));
    ui.print(&text);
    ui.note(ui.findings(&mastering.findings).trim_end());
    Ok(0)
}
