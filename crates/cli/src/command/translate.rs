//! `translate`: what other loudspeakers leave of a song.

use crate::args::Translate;
use crate::ui::{Ui, clean, clean_name, wrap};
use advice::translate::{Options, Translation, translate};
use serde_json::json;
use studio::message::Result;

pub(crate) fn run(args: &Translate, ui: &Ui) -> Result<u8> {
    let options = Options { places: args.places.clone(), folder: args.output.clone(), force: args.force };
    let found = translate(&args.input, &options, &ui.job())?;
    if ui.json() {
        ui.print_json(&json!(found));
    } else {
        ui.print(&text(&found, ui.columns()));
        ui.note("curves are data with sources, most of them estimates (--json shows them): listen before you change anything");
    }
    Ok(0)
}

fn text(found: &Translation, columns: usize) -> String {
    let mut out = format!("{}\n", clean_name(&found.file));
    for said in &found.places {
        out.push_str(&format!("\n{}\n", said.place.title));
        for effect in &said.effects {
            out.push_str(&wrap(&effect.text, columns, "  "));
            out.push_str(&wrap(&clean(&effect.measured), columns, "      "));
            out.push_str(&wrap(&format!("→ {}", effect.action), columns, "      "));
        }
    }
    if !found.excerpts.is_empty() {
        out.push_str("\nexcerpts, all equally loud\n");
        for path in &found.excerpts {
            out.push_str(&format!("  {}\n", clean_name(path.display())));
        }
    }
    out
}
