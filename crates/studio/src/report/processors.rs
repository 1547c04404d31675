//! Help on processors, generated from their declarations.

use super::portrait::Picture;
use crate::message::{Error, Kind, Result, wrap};
use crate::suggest::nearest;
use fx::{Description, Param, REGISTRY, Taper};
use serde_json::{Value, json};
use std::fmt::Write;

/// Width of help on a terminal, as that of the commands.
const COLUMNS: usize = 100;

/// Every processor, in the order of the registry.
pub fn all() -> impl Iterator<Item = &'static Description> {
    REGISTRY.iter().map(|entry| entry.description)
}

/// The processor called `name`; an unknown name is an error with the nearest that exists.
pub fn find(name: &str) -> Result<&'static Description> {
    fx::find(name).map(|entry| entry.description).ok_or_else(|| {
        let error = Error::new(Kind::Usage, "unknown_processor", format!("there is no processor `{name}`"));
        match nearest(name, all().map(|description| description.key)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("`tonmeister fx` lists them"),
        }
    })
}

fn trimmed(doc: &[&str]) -> String {
    doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The paragraphs of a declaration's words.
fn paragraphs(doc: &[&str]) -> Vec<String> {
    doc.split(|line| line.trim().is_empty()).map(trimmed).filter(|paragraph| !paragraph.is_empty()).collect()
}

/// One line a processor.
#[must_use]
pub fn list() -> String {
    let mut text = String::from("Processors (`tonmeister fx NAME` for the knobs of one):\n\n");
    for description in all() {
        let first = paragraphs(description.doc).into_iter().next().unwrap_or_default();
        let words = wrap(&first, COLUMNS, "               ");
        let _ = write!(text, "  {:<12} {}", description.key, words.trim_start());
    }
    text
}

/// Default of a parameter, in words.
fn default_of(param: &Param) -> String {
    match param.kind {
        fx::Kind::Number { default, unit, .. } => {
            format!("{default} {}", unit.symbol()).trim_end().to_owned()
        }
        fx::Kind::Choice { names, default } => names.get(default).map_or("", |(word, _)| word).to_owned(),
        fx::Kind::Switch { default } => default.to_string(),
    }
}

/// Range of a parameter, in words.
fn range_of(param: &Param) -> String {
    match param.kind {
        fx::Kind::Number { min, max, unit, taper, .. } => {
            let log = if taper == Taper::Log { ", logarithmic" } else { "" };
            format!("{min} to {max} {}{log}", unit.symbol()).replace(" ,", ",").trim_end().to_owned()
        }
        fx::Kind::Choice { names, .. } => names.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(" | "),
        fx::Kind::Switch { .. } => "true | false".to_owned(),
    }
}

fn knobs(text: &mut String, params: &[Param]) {
    for param in params {
        let line = |range: &str| format!("  {:<26} {:<14} {range}", param.key, default_of(param));
        let whole = line(&range_of(param));
        // The words of a choice are explained below it anyway.
        let fits = whole.chars().count() <= COLUMNS;
        let _ = writeln!(text, "{}", if fits { whole } else { line("one of") });
        for paragraph in paragraphs(param.doc) {
            text.push_str(&wrap(&paragraph, COLUMNS, "      "));
        }
        if let fx::Kind::Choice { names, .. } = param.kind {
            for (word, meaning) in names {
                text.push_str(&wrap(&format!("{word}: {}", meaning.trim()), COLUMNS, "        "));
            }
        }
    }
}

/// Help on one processor for a terminal.
#[must_use]
pub fn page(description: &Description) -> String {
    let mut text = format!("{}\n", description.key);
    for paragraph in paragraphs(description.doc) {
        text.push('\n');
        text.push_str(&wrap(&paragraph, COLUMNS, ""));
    }
    let _ = writeln!(text, "\n  {:<26} {:<14} RANGE", "PARAMETER", "DEFAULT");
    knobs(&mut text, description.params);
    if let Some(bands) = description.bands {
        let _ = writeln!(text, "\n{} bands, `{} = [{{ … }}, …]`, each with:", bands.count, bands.key);
        knobs(&mut text, bands.params);
    }
    let _ = write!(
        text,
        "\nIn a session:\n\n  insert = [ {{ {} = {{ {} }} }} ]\n",
        description.key,
        example(description)
    );
    text
}

/// Some of the parameters at their defaults, as a session has them.
fn example(description: &Description) -> String {
    let word = |param: &Param| match param.kind {
        fx::Kind::Choice { .. } => format!("{} = \"{}\"", param.key, default_of(param)),
        fx::Kind::Number { default, .. } => format!("{} = {default:?}", param.key),
        fx::Kind::Switch { default } => format!("{} = {default}", param.key),
    };
    match description.bands {
        Some(bands) => {
            let words: Vec<_> = bands.params.iter().take(4).map(word).collect();
            // As many as fit beside the name and the brackets of the line.
            let room = COLUMNS - 40 - description.key.len();
            let fits = |count: &usize| words[..*count].join(", ").len() <= room;
            let count = (1..=words.len()).rev().find(fits).unwrap_or(words.len().min(1));
            format!("{} = [{{ {} }}]", bands.key, words[..count].join(", "))
        }
        None => description.params.iter().take(2).map(word).collect::<Vec<_>>().join(", "),
    }
}

fn markdown_rows(text: &mut String, params: &[Param]) {
    text.push_str("| parameter | default | range | what it does |\n|---|---|---|---|\n");
    for param in params {
        let mut words = paragraphs(param.doc).join(" ");
        if let fx::Kind::Choice { names, .. } = param.kind {
            let meanings: Vec<_> =
                names.iter().map(|(word, meaning)| format!("`{word}`: {}", meaning.trim())).collect();
            let _ = write!(words, " {}", meanings.join(" "));
        }
        let range = range_of(param).replace('|', "\\|");
        let _ = writeln!(
            text,
            "| `{}` | {} | {range} | {} |",
            param.key,
            default_of(param),
            words.replace('|', "\\|")
        );
    }
}

/// The page of a processor in `docs/fx/`, with links to its pictures.
#[must_use]
pub fn markdown(description: &Description, pictures: &[Picture]) -> String {
    let mut text = format!(
        "# {}\n\n<!-- generated from the declaration in crates/fx; do not edit -->\n",
        description.key
    );
    for paragraph in paragraphs(description.doc) {
        let _ = writeln!(text, "\n{paragraph}");
    }
    for picture in pictures {
        let _ = writeln!(text, "\n![{}]({})", picture.title, picture.file);
    }
    text.push('\n');
    if !description.params.is_empty() {
        markdown_rows(&mut text, description.params);
    }
    if let Some(bands) = description.bands {
        let _ = writeln!(
            text,
            "\n{} bands, addressed as `{}1` to `{}{}`; each has:\n",
            bands.count, bands.key, bands.key, bands.count
        );
        markdown_rows(&mut text, bands.params);
    }
    let _ = write!(
        text,
        "\n```toml\ninsert = [ {{ {} = {{ {} }} }} ]\n```\n",
        description.key,
        example(description)
    );
    text
}

fn params_json(params: &[Param]) -> Vec<Value> {
    params
        .iter()
        .map(|param| {
            let mut value = json!({ "key": param.key, "doc": trimmed(param.doc) });
            let more = match param.kind {
                fx::Kind::Number { unit, min, max, default, taper } => json!({
                    "type": "number", "unit": unit.symbol(), "min": min, "max": max, "default": default,
                    "taper": if taper == Taper::Log { "log" } else { "linear" } }),
                fx::Kind::Choice { names, .. } => json!({
                    "type": "choice", "default": default_of(param),
                    "choices": names.iter().map(|(word, meaning)| json!({ "word": word, "doc": meaning.trim() })).collect::<Vec<_>>() }),
                fx::Kind::Switch { default } => json!({ "type": "switch", "default": default }),
            };
            if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
                value.extend(more);
            }
            value
        })
        .collect()
}

/// A declaration for programs.
#[must_use]
pub fn json(description: &Description) -> Value {
    json!({
        "key": description.key,
        "doc": trimmed(description.doc),
        "params": params_json(description.params),
        "bands": description.bands.map(|bands| json!({
            "key": bands.key, "count": bands.count, "params": params_json(bands.params) })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_processor_is_answered_with_the_nearest() {
        let error = find("gian").expect_err("there is none");
        assert_eq!((error.code, error.hint.as_deref()), ("unknown_processor", Some("did you mean `gain`?")));
    }

    #[test]
    fn a_page_shows_every_knob_with_its_default() {
        for description in all() {
            let (text, markdown) = (page(description), markdown(description, &[]));
            let bands = description.bands.map_or(&[][..], |bands| bands.params);
            for param in description.params.iter().chain(bands) {
                assert!(text.contains(param.key), "{}: {}", description.key, param.key);
                assert!(markdown.contains(&format!("`{}`", param.key)));
            }
        }
    }
}
