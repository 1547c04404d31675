//! An album becomes text again, every proposed value with its reason.

use super::read::MEDIAN;
use super::sheet::{Album, Choices, Controls, Fade, Head, Side, Song};
use crate::master::chain::Step;
use crate::master::chain::write::{quoted, settings_text, value_text};
use fx::Fields;
use std::fmt::Write;

impl Album {
    /// The text, with the reasons as comments. Reading it gives the same album, to the bit.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# An album: songs in order, the silence between them, their tone and level in the record.\n\
             # Edit it and render it with\n\
             #   tonmeister album album.toml --for cd,spotify -o DIR\n\
             # What is taken out is proposed anew. The same text and the same files give the same bytes.\n\
             version = 1\n",
        );
        head(&mut text, &self.head);
        for song in &self.songs {
            one(&mut text, song);
        }
        for Side { name, songs, because } in &self.sides {
            let ids: Vec<String> = songs.iter().map(|id| quoted(id)).collect();
            text.push('\n');
            for line in because.iter().flat_map(|because| because.lines()) {
                let _ = writeln!(text, "# {line}");
            }
            let _ = write!(text, "[[side]]\nname = {}\nsongs = [{}]\n", quoted(name), ids.join(", "));
        }
        text
    }
}

fn entry(text: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = writeln!(text, "{key} = {}", quoted(value));
    }
}

fn head(text: &mut String, head: &Head) {
    text.push_str("\n[album]\n");
    if head.title.is_empty() {
        text.push_str("# title = \"…\"\n");
    } else {
        entry(text, "title", Some(&head.title));
    }
    for (key, value) in head.credits.all() {
        entry(text, key, value.as_deref());
    }
    if head.upc.is_none() {
        text.push_str("# upc = \"…\"   12 or 13 digits, from your label or distributor\n");
    }
    entry(text, "upc", head.upc.as_deref());
    entry(text, "label", head.label.as_deref());
    entry(text, "catalogue", head.catalogue.as_deref());
    entry(text, "language", head.language.as_deref());
    entry(text, "genre", head.genre.as_deref());
    entry(text, "record", head.record.as_deref());
    text.push_str(
        "# What the songs follow in tone and loudness: \"median\" of all, or the id of one of them.\n",
    );
    entry(text, "anchor", Some(head.anchor.as_deref().unwrap_or(MEDIAN)));
    for (index, param) in Choices::PARAMS.iter().enumerate() {
        let doc: Vec<&str> = param.doc.iter().map(|line| line.trim()).collect();
        let _ = writeln!(text, "# {}", doc.join(" "));
        let _ = writeln!(text, "{} = {}", param.key, value_text(&param.kind, head.choices.get(index)));
    }
}

/// The reason of a key, as comments before it.
fn reason(text: &mut String, song: &Song, key: &str) {
    for line in song.because.get(key).into_iter().flat_map(|because| because.lines()) {
        let _ = writeln!(text, "# {line}");
    }
}

fn one(text: &mut String, song: &Song) {
    text.push_str("\n[[song]]\n");
    entry(text, "id", Some(&song.id));
    entry(text, "file", Some(&song.file));
    entry(text, "blake3", song.blake3.as_deref());
    entry(text, "title", Some(&song.title));
    for (key, value) in song.credits.all() {
        entry(text, key, value.as_deref());
    }
    entry(text, "isrc", song.isrc.as_deref());
    reason(text, song, "song");
    for (index, param) in Controls::PARAMS.iter().enumerate().filter(|(_, param)| song.has(param.key)) {
        reason(text, song, param.key);
        let _ = writeln!(text, "{} = {}", param.key, value_text(&param.kind, song.controls.get(index)));
    }
    for (key, fade) in [("fade_in", &song.fade_in), ("fade_out", &song.fade_out)] {
        if let Some(fade) = fade {
            reason(text, song, key);
            let _ = writeln!(text, "{key} = {{ {} }}", fade_text(fade));
        }
    }
    if !song.indexes.is_empty() {
        let times: Vec<String> = song.indexes.iter().map(|time| format!("{time:?}")).collect();
        let _ = writeln!(text, "indexes = [{}]", times.join(", "));
    }
    let locks = [("tone", song.lock_tone), ("level", song.lock_level)];
    let locks: Vec<String> = locks.iter().filter(|(_, on)| *on).map(|(word, _)| quoted(word)).collect();
    if !locks.is_empty() {
        let _ = writeln!(text, "lock = [{}]", locks.join(", "));
    }
    if let Some(steps) = &song.steps {
        reason(text, song, "insert");
        inserts_to_toml(text, steps);
    }
}

fn fade_text(fade: &Fade) -> String {
    let changed = Fade::PARAMS.iter().enumerate().filter(|(index, param)| {
        param.key == "seconds" || param.key == "shape" || fade.get(*index) != param.default_value()
    });
    let parts: Vec<String> = changed
        .map(|(index, param)| format!("{} = {}", param.key, value_text(&param.kind, fade.get(index))))
        .collect();
    parts.join(", ")
}

/// Processors as a list, each with its reason.
pub(super) fn inserts_to_toml(text: &mut String, steps: &[Step]) {
    if steps.is_empty() {
        text.push_str("insert = []\n");
        return;
    }
    text.push_str("insert = [\n");
    for step in steps {
        for line in step.because.lines() {
            let _ = writeln!(text, "  # {line}");
        }
        let on = if step.on { "" } else { "on = false" };
        let settings = settings_text(step.settings.as_ref());
        let comma = if on.is_empty() || settings.is_empty() { "" } else { ", " };
        let key = step.settings.description().key;
        let _ = writeln!(text, "  {{ {key} = {{ {on}{comma}{settings} }} }},");
    }
    text.push_str("]\n");
}
