//! `assist`: a folder of tracks, or a session, becomes a mix that can be read, changed and kept.

use crate::args::Assist;
use crate::command::master::{refuse_existing, worst_of, write_text};
use crate::command::mix::{folder_of, way_between};
use crate::ui::{Ui, clean_name};
use assistant::decide::Assisted;
use assistant::moves::{Family, Move};
use assistant::{Request, assist};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use studio::files::refuse_inputs;
use studio::message::{Error, Kind, Result};

pub(crate) fn run(args: &Assist, ui: &Ui) -> Result<u8> {
    if let Some(name) = &args.bed {
        return super::assist_bed::run(args, name, ui);
    }
    let again = !args.input.is_dir();
    let same = again && args.output.canonicalize().ok() == args.input.canonicalize().ok();
    if !same {
        refuse_existing(&args.output, args.force)?;
        refuse_inputs(&args.output, [args.input.as_path()])?;
    } else if !args.force {
        refuse_existing(&args.output, false)?;
    }
    let made = make(&args.input, &args.output, &request(args), ui)?;
    write_text(&args.output, &made.text, args.force || same)?;
    match ui.json() {
        true => ui.print_json(&document(&made, &args.output)),
        false => {
            ui.note(ui.findings(&made.findings).trim_end());
            ui.print(&text(&made, &args.output));
        }
    }
    Ok(0)
}

/// Hears, decides and writes; nothing is on disk yet.
pub(crate) fn make(input: &Path, output: &Path, request: &Request, ui: &Ui) -> Result<Assisted> {
    let beside = folder_of(output);
    let way = match input.is_dir() {
        true => way_between(beside, input)?,
        false => {
            same_folder(input, output)?;
            std::path::PathBuf::new()
        }
    };
    assist(input, beside, &way, request, &ui.job()).map_err(|errors| worst_of(errors, ui))
}

/// A session names its tracks from where it is: one that is made of it stands beside it.
pub(crate) fn same_folder(input: &Path, output: &Path) -> Result<()> {
    if way_between(folder_of(output), folder_of(input))?.as_os_str().is_empty() {
        return Ok(());
    }
    let what = "a session stays in the folder its tracks are named from";
    let error = Error::new(Kind::Usage, "other_folder", what).at(output.display());
    Err(error.hint("write it beside the one that is there"))
}

/// What the flags ask for.
pub(crate) fn request(args: &Assist) -> Request {
    Request {
        redo: args.redo.clone(),
        lock: args.lock.clone(),
        ..args.wishes.request(args.reference.as_ref())
    }
}

/// Everything about a session that was made.
pub(crate) fn document(made: &Assisted, output: &Path) -> Value {
    json!({
        "session": output.display().to_string(),
        "moves": made.moves.iter().map(one).collect::<Vec<_>>(),
        "balance": made.balance.groups.iter().map(|(strip, name, lu)| json!({
            "strip": strip, "name": name, "relative_lu": lu,
        })).collect::<Vec<_>>(),
        "reverberation": made.balance.reverberation.map(|(lu, share)| json!({ "relative_lu": lu, "too_much_for": share })),
        "heard_seconds": made.balance.heard_seconds,
        "peak_before_print_dbtp": made.balance.peak_dbtp,
        "findings": made.findings,
    })
}

/// A move as JSON.
pub(crate) fn one(m: &Move) -> Value {
    use assistant::moves::Figure;
    let because = m.because.iter().map(|because| {
        let figure = match &because.figure {
            Figure::Number(number) => json!(number),
            Figure::Word(word) => json!(word),
        };
        (because.what.clone(), figure)
    });
    json!({
        "id": m.id,
        "rule": m.rule,
        "family": m.family.word(),
        "address": m.place.to_string(),
        "value": value(&m.value),
        "proposed": value(&m.proposed),
        "text": m.text,
        "because": because.collect::<serde_json::Map<String, Value>>(),
        "effect": m.effect,
        "confidence": m.confidence,
        "strength": m.strength,
        "alternatives": m.alternatives,
        "evidence": m.evidence,
        "locked": m.locked,
        "offered": m.offered,
        "by_hand": m.value != m.proposed,
    })
}

fn value(of: &assistant::moves::Value) -> Value {
    use assistant::moves::Value as V;
    match of {
        V::Number(number) => json!(number),
        V::Switch(on) => json!(on),
        V::Word(word) => json!(word),
        V::Settings(settings) => {
            Value::Object(settings.iter().map(|(key, one)| (key.clone(), value(one))).collect())
        }
        V::Points(points) => json!(points),
    }
}

/// How many moves each family made, by rule: a line a family.
pub(crate) fn families(made: &Assisted) -> Vec<String> {
    let mut lines = Vec::new();
    for family in Family::ALL {
        let own: Vec<&Move> = made.moves.iter().filter(|m| m.family == family && !m.offered).collect();
        if own.is_empty() {
            continue;
        }
        let mut rules: Vec<&str> = own.iter().map(|m| m.rule.as_str()).collect();
        rules.sort_unstable();
        rules.dedup();
        let counted: Vec<String> = rules
            .iter()
            .map(|rule| format!("{rule} {}", own.iter().filter(|m| m.rule == *rule).count()))
            .collect();
        lines.push(format!("{:<9} {}", family.word(), counted.join(", ")));
    }
    lines
}

/// What was done, in a few lines.
pub(crate) fn text(made: &Assisted, output: &Path) -> String {
    let mut text = String::new();
    let file = clean_name(output.display());
    let _ = writeln!(text, "{file}: {} moves, each with its reason", made.moves.len());
    for line in families(made) {
        let _ = writeln!(text, "  {line}");
    }
    let held = made.moves.iter().filter(|m| m.is_held()).count();
    if held > 0 {
        let _ = writeln!(text, "  kept      {held} by hand or locked");
    }
    let offered = made.moves.iter().filter(|m| m.offered).count();
    if offered > 0 {
        let _ = writeln!(text, "  offered   {offered}: see tonmeister explain {file}");
    }
    if !made.balance.groups.is_empty() {
        let how = made
            .balance
            .heard_seconds
            .map_or_else(|| "as rendered".to_owned(), |seconds| format!("by {seconds:.0} s of it, rendered"));
        let _ = writeln!(text, "against the mix, {how}:");
        for (_, name, lu) in &made.balance.groups {
            let _ = writeln!(text, "  {name:<20} {lu:>6.1} LU");
        }
    }
    if let Some((lu, share)) = made.balance.reverberation {
        let _ = writeln!(
            text,
            "  reverberation        {lu:>6.1} LU; {:.0} of 100 would call it too much",
            100.0 * share
        );
    }
    let _ =
        writeln!(text, "read it:   tonmeister explain {file}\nrender it: tonmeister mix {file} -o mix.wav");
    text
}
