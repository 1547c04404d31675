//! `explain`: reads the moves of a session aloud.

use crate::args::Explain;
use crate::command::assist::one;
use crate::ui::Ui;
use assistant::explain::{Which, moves, text};
use serde_json::json;
use studio::message::Result;

pub(crate) fn run(args: &Explain, ui: &Ui) -> Result<u8> {
    let which = Which { track: args.track.clone(), rule: args.rule.clone(), all: args.all };
    let session = studio::files::read_text(&args.input, "the session", studio::session::MOST_TEXT_BYTES as u64)?;
    let found = moves(&session, &which).map_err(|error| error.at(args.input.display()))?;
    match ui.json() {
        true => ui.print_json(&json!({ "moves": found.iter().map(one).collect::<Vec<_>>() })),
        false => ui.print(&text(&found, &which)),
    }
    Ok(0)
}
