//! `assist --bed`: a surround session of the same moves, checked against the stereo mix.

use crate::args::Assist;
use crate::command::assist::{make, one, request, same_folder};
use crate::command::master::{refuse_existing, worst_of, write_text};
use crate::command::mix::{load, parsed};
use crate::table::Table;
use crate::ui::{Ui, clean_name};
use assistant::beds::{Bed, layout, propose};
use serde_json::{Value, json};
use std::fmt::Write;
use studio::files::refuse_inputs;
use studio::message::{Error, Kind, Result};
use studio::session::Session;

pub(crate) fn run(args: &Assist, name: &str, ui: &Ui) -> Result<u8> {
    layout(name)?;
    refuse_inputs(&args.output, [args.input.as_path()])?;
    refuse_existing(&args.output, args.force)?;
    let stereo = stereo(args, ui)?;
    let bed = propose(&stereo, name, &ui.job()).map_err(|errors| worst_of(errors, ui))?;
    write_text(&args.output, &bed.text, args.force)?;
    match ui.json() {
        true => ui.print_json(&document(args, name, &bed)),
        false => {
            ui.note(ui.findings(&bed.findings).trim_end());
            ui.print(&text(args, name, &bed));
        }
    }
    Ok(0)
}

/// The stereo session a bed is made of: that of the assistant for a folder, or one that is there, as it stands.
fn stereo(args: &Assist, ui: &Ui) -> Result<Session> {
    let request = request(args);
    if args.input.is_dir() {
        let made = make(&args.input, &args.output, &request, ui)?;
        ui.note(ui.findings(&made.findings).trim_end());
        return parsed(&made, &args.output, true, ui);
    }
    if request != assistant::Request::default() {
        let what = "a bed is made of a session as it stands, and something else was asked for as well";
        let error = Error::new(Kind::Usage, "bed_as_it_stands", what).at(args.input.display());
        return Err(error.hint("run assist on the stereo session first, then --bed alone"));
    }
    same_folder(&args.input, &args.output)?;
    load(&args.input, true, ui)
}

fn text(args: &Assist, name: &str, bed: &Bed) -> String {
    let file = clean_name(args.output.display());
    let mut text =
        format!("{file}: a bed for {name}, {} moves beside those of the stereo mix\n", bed.moves.len());
    let mut table = Table::new(1);
    table.row(["folded down to stereo", "stereo mix LUFS", "downmix LUFS", "off LU"]);
    for fold in &bed.folded {
        table.row([
            fold.name.clone(),
            format!("{:.1}", fold.stereo_lufs),
            format!("{:.1}", fold.folded_lufs),
            format!("{:+.2}", fold.off_lu()),
        ]);
    }
    text.push_str(&table.text());
    let _ = writeln!(
        text,
        "read it:   tonmeister explain {file} --rule bed\nrender it: tonmeister mix {file} -o bed.wav --downmix stereo.wav"
    );
    text
}

fn document(args: &Assist, name: &str, bed: &Bed) -> Value {
    json!({
        "session": args.output.display().to_string(),
        "layout": name,
        "moves": bed.moves.iter().map(one).collect::<Vec<_>>(),
        "folded": bed.folded.iter().map(|fold| json!({
            "strip": fold.strip,
            "name": fold.name,
            "stereo_lufs": fold.stereo_lufs,
            "folded_lufs": fold.folded_lufs,
            "off_lu": fold.off_lu(),
        })).collect::<Vec<_>>(),
        "findings": bed.findings,
    })
}
