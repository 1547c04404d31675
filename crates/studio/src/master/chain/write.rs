//! A chain becomes text.

use super::{Chain, Delivery, Evidence, Step, VERSION};
use crate::master::stems;
use fx::{AnyProcessor, Description, Fields, Kind as ParamKind};
use std::fmt::Write;

pub(super) fn chain(chain: &Chain) -> String {
    let mut text = String::from(
        "# How these masters were made. Edit it and render it with\n\
         #   tonmeister master PRINT --chain master.toml -o DIR\n\
         # or have it proposed anew around your edits and everything with `locked = true` by adding --again.\n\
         # The same text and the same print give the same bytes. `on = false` takes a move out.\n",
    );
    remarks(&mut text, &chain.because);
    let _ = writeln!(
        text,
        "version = {VERSION:.0}\nintensity = {}\ntone = {}",
        quoted(&chain.intensity),
        quoted(&chain.tone)
    );
    if let Some(lufs) = chain.loudness_lufs {
        let _ = writeln!(text, "loudness_lufs = {lufs:?}");
    }
    if chain.force_level {
        text.push_str("force_level = true\n");
    }
    let (file, blake3) = (quoted(&chain.source_file), quoted(&chain.source_blake3));
    let _ = writeln!(text, "\n[source]\nfile = {file}\nblake3 = {blake3}");
    text.push_str(
        "\n# How much of each family's moves is wanted: 0 nothing, 1 as proposed, 1.5 at most.\n[strength]\n",
    );
    fields(&mut text, &chain.strength);
    stems::write(&mut text, &chain.stems);
    text.push_str(&crate::master::extras::write(chain));
    if !chain.steps.is_empty() {
        text.push_str("\n# Moves at the rate of the print, shared by all masters.\n");
    }
    chain.steps.iter().for_each(|step| one_step(&mut text, step, "move"));
    for delivery in &chain.deliveries {
        text.push_str("\n[[master]]\n");
        remarks(&mut text, &delivery.because);
        text.push_str(&delivery_text(delivery));
        let _ = writeln!(text, "locked = {}", delivery.locked);
        if let Some(proposed) = &delivery.proposed {
            let _ = writeln!(text, "proposed = {}", quoted(proposed));
        }
        delivery.steps.iter().for_each(|step| one_step(&mut text, step, "master.move"));
    }
    text
}

/// What a person may change of a delivery.
pub(super) fn delivery_text(delivery: &Delivery) -> String {
    let mut text = format!("target = {}\nfile = {}\n", quoted(&delivery.target), quoted(&delivery.file));
    fields(&mut text, &delivery.output);
    if let Some(aim) = &delivery.aim {
        let _ = writeln!(text, "aim = {{ loudness = {:?}, tolerance = {:?} }}", aim.loudness, aim.tolerance);
    }
    text
}

/// What a person may change of a move.
pub(super) fn settings_line(step: &Step) -> String {
    let settings = step.settings.as_ref();
    let inner = match settings_text(settings) {
        inner if inner.is_empty() => "{}".to_owned(),
        inner => format!("{{ {inner} }}"),
    };
    format!("on = {}\ninsert = {{ {} = {inner} }}\n", step.on, settings.description().key)
}

pub(in crate::master) fn one_step(text: &mut String, step: &Step, table: &str) {
    let _ = write!(text, "\n[[{table}]]\nid = {}\nfamily = \"{}\"\n", quoted(&step.id), step.family.name());
    said(text, "because", &step.because);
    if !step.evidence.is_empty() {
        let rows: Vec<String> = step.evidence.iter().map(evidence).collect();
        let _ = writeln!(text, "evidence = [\n{}]", rows.concat());
    }
    said(text, "effect", &step.effect);
    let _ = writeln!(text, "confidence = {:?}", step.confidence);
    if !step.alternatives.is_empty() {
        let words: Vec<String> = step.alternatives.iter().map(|word| quoted(&plain(word))).collect();
        let _ = writeln!(text, "alternatives = [{}]", words.join(", "));
    }
    let _ = writeln!(text, "locked = {}", step.locked);
    if let Some(proposed) = &step.proposed {
        let _ = writeln!(text, "proposed = {}", quoted(proposed));
    }
    text.push_str(&settings_line(step));
}

fn evidence(evidence: &Evidence) -> String {
    let limit = evidence.limit.map_or_else(String::new, |limit| format!(", limit = {limit:?}"));
    let (measure, unit) = (quoted(&plain(&evidence.measure)), quoted(&evidence.unit));
    format!("  {{ measure = {measure}, value = {:?}, unit = {unit}{limit} }},\n", evidence.value)
}

/// A text on a line of its own, if there is one.
fn said(text: &mut String, key: &str, what: &str) {
    if !what.trim().is_empty() {
        let _ = writeln!(text, "{key} = {}", quoted(&plain(what)));
    }
}

/// On one line.
fn plain(text: &str) -> String {
    text.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

pub(crate) fn quoted(text: &str) -> String {
    // A TOML basic string; `toml_edit` knows how to escape.
    toml_edit::Value::from(text).to_string()
}

fn remarks(text: &mut String, because: &[String]) {
    for line in because.iter().flat_map(|remark| remark.lines()) {
        let _ = writeln!(text, "# {line}");
    }
}

fn fields<F: Fields>(text: &mut String, fields: &F) {
    for (index, param) in F::PARAMS.iter().enumerate() {
        let _ = writeln!(text, "{} = {}", param.key, value_text(&param.kind, fields.get(index)));
    }
}

pub(crate) fn value_text(kind: &ParamKind, value: f64) -> String {
    match kind {
        // Debug prints the shortest text that reads back as the same number.
        ParamKind::Number { .. } => format!("{value:?}"),
        ParamKind::Choice { names, .. } => {
            format!("\"{}\"", names.get(value as usize).map_or("", |(word, _)| word))
        }
        ParamKind::Switch { .. } => (value >= 0.5).to_string(),
    }
}

/// Every value that is not at its default. Bands up to the last that is used.
pub(crate) fn settings_text(settings: &dyn AnyProcessor) -> String {
    let description = settings.description();
    let mut parts: Vec<String> = changed(settings, description, 0..description.params.len());
    if let Some(bands) = description.bands {
        let width = bands.params.len();
        let rows: Vec<Vec<String>> = (0..bands.count)
            .map(|band| {
                let first = description.params.len() + band * width;
                changed(settings, description, first..first + width)
            })
            .collect();
        let used = rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1);
        if used > 0 {
            let texts: Vec<String> =
                rows[..used].iter().map(|row| format!("{{ {} }}", row.join(", "))).collect();
            parts.push(format!("{} = [{}]", bands.key, texts.join(", ")));
        }
    }
    parts.join(", ")
}

fn changed(
    settings: &dyn AnyProcessor,
    description: &Description,
    indices: std::ops::Range<usize>,
) -> Vec<String> {
    indices
        .filter_map(|index| {
            let param = description.param(index)?;
            let value = settings.get(index);
            (value != param.default_value())
                .then(|| format!("{} = {}", param.key, value_text(&param.kind, value)))
        })
        .collect()
}
