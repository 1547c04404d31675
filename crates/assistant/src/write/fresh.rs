//! A new session: commented, sorted by group, the same bytes for the same desk.

use super::{Desk, InsertPlan, SourcePlan, StripPlan};
use crate::moves::Value;
use studio::session::Controls;
use std::fmt::Write as _;

/// Width of a heading.
const COLUMNS: usize = 120;

/// The session's text, without the record of moves.
#[must_use]
pub fn fresh(desk: &Desk) -> String {
    let mut text = String::new();
    let (bpm, remark) = &desk.tempo;
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "# A mix to be edited. Every value the assistant set has its reason at the end of this file; `tonmeister explain` reads\n\
         # them aloud, `tonmeister mix` renders it, and what you change stays when `tonmeister assist` runs again.\n\
         version = 1\n\n[session]\nname = {}\nsample_rate_hz = {}\ntempo_bpm = {bpm:?}{}\ntime_signature = {}\n",
        quoted(&desk.name),
        desk.sample_rate_hz,
        if remark.is_empty() { String::new() } else { format!("  # {remark}") },
        quoted(&desk.time_signature),
    );
    let mut done: Vec<&str> = Vec::new();
    for strip in desk.tracks.iter().chain(&desk.buses) {
        let heading = strip.heading.as_str();
        if done.contains(&heading) {
            continue;
        }
        done.push(heading);
        heading_of(&mut text, heading);
        desk.tracks.iter().filter(|s| s.heading == heading).for_each(|strip| one(&mut text, strip, "track"));
        desk.buses.iter().filter(|s| s.heading == heading).for_each(|strip| one(&mut text, strip, "bus"));
    }
    heading_of(&mut text, "The mix");
    text.push_str("\n[mix]\n");
    body(&mut text, &desk.mix, "mix");
    curves(&mut text, desk);
    text
}

fn heading_of(text: &mut String, heading: &str) {
    let start = format!("# ---- {heading} ");
    let dashes = "-".repeat(COLUMNS.saturating_sub(start.chars().count()));
    let _ = write!(text, "\n{start}{dashes}\n");
}

/// A track or a bus.
pub(super) fn one(text: &mut String, strip: &StripPlan, kind: &str) {
    let remark = if strip.remark.is_empty() { String::new() } else { format!("  # {}", strip.remark) };
    let _ = write!(text, "\n[[{kind}]]{remark}\nid = {}\nname = {}\n", quoted(&strip.id), quoted(&strip.name));
    if let Some(source) = &strip.source {
        source_of(text, source);
    }
    if let Some(why) = &strip.muted {
        let _ = writeln!(text, "mute = true  # {why}");
    }
    body(text, strip, kind);
}

fn source_of(text: &mut String, source: &SourcePlan) {
    let list: Vec<String> = source.channels.iter().map(ToString::to_string).collect();
    let channels = if list.is_empty() { String::new() } else { format!("channels = [{}]", list.join(", ")) };
    let why = if source.why.is_empty() { String::new() } else { format!("  # {}", source.why) };
    if source.start_seconds > 0.0 {
        let comma = if channels.is_empty() { "" } else { ", " };
        let _ = writeln!(
            text,
            "clip = [{{ file = {}, start_seconds = {:?}{comma}{channels} }}]{why}",
            quoted(&source.file),
            source.start_seconds
        );
        return;
    }
    let _ = writeln!(text, "file = {}", quoted(&source.file));
    if !channels.is_empty() {
        let _ = writeln!(text, "{channels}{why}");
    }
}

/// Controls, output, sends, inserts.
fn body(text: &mut String, strip: &StripPlan, kind: &str) {
    for key in controls_in_order(strip) {
        if let Some(control) = strip.controls.get(key) {
            let _ = writeln!(text, "{key} = {}", written(control));
        }
    }
    if let Some(output) = &strip.output {
        let _ = writeln!(text, "output = {}", quoted(output));
    }
    if !strip.sends.is_empty() {
        let _ = writeln!(text, "sends = [");
        for (to, send) in &strip.sends {
            let _ = writeln!(text, "  {},", send_of(to, send));
        }
        text.push_str("]\n");
    }
    for insert in &strip.inserts {
        let _ = writeln!(text, "[[{kind}.insert]]\n{} = {}", insert.processor, insert_of(insert));
    }
}

/// Keys of the strip's controls in the order of the signal.
fn controls_in_order(strip: &StripPlan) -> impl Iterator<Item = &'static str> {
    use fx::Fields;
    let set: Vec<&String> = strip.controls.keys().collect();
    let known: Vec<&'static str> =
        Controls::PARAMS.iter().map(|p| p.key).filter(|key| set.iter().any(|own| own.as_str() == *key)).collect();
    known.into_iter()
}



/// A send as an inline table.
pub(super) fn send_of(to: &str, send: &Value) -> String {
    let mut list = vec![format!("to = {}", quoted(to))];
    if let Value::Settings(settings) = send {
        list.extend(settings.iter().map(|(key, value)| format!("{key} = {}", written(value))));
    }
    format!("{{ {} }}", list.join(", "))
}

/// An insert's settings as an inline table, bands one a line.
pub(super) fn insert_of(insert: &InsertPlan) -> String {
    let mut list = Vec::new();
    if insert.id != insert.processor {
        list.push(format!("id = {}", quoted(&insert.id)));
    }
    list.extend(insert.settings.iter().map(|(key, value)| format!("{key} = {}", written(value))));
    if !insert.bands.is_empty() {
        let bands: Vec<String> = insert.bands.values().map(|band| format!("  {},\n", band_of(band))).collect();
        list.push(format!("band = [\n{}]", bands.concat()));
    }
    format!("{{ {} }}", list.join(", "))
}

/// A band as an inline table.
pub(super) fn band_of(band: &[(String, Value)]) -> String {
    let list: Vec<String> = band.iter().map(|(key, value)| format!("{key} = {}", written(value))).collect();
    format!("{{ {} }}", list.join(", "))
}

/// Every curve.
fn curves(text: &mut String, desk: &Desk) {
    for ((strip, key), points) in &desk.curves {
        curve(text, strip, key, points);
    }
}

/// One curve, some points a line.
pub(super) fn curve(text: &mut String, strip: &str, key: &str, points: &[(f64, f64)]) {
    const A_LINE: usize = 8;
    let _ = write!(text, "\n[[automation]]\ntarget = {}\npoints = [\n", quoted(&format!("{strip}.{key}")));
    for line in points.chunks(A_LINE) {
        let list: Vec<String> = line.iter().map(|(at, value)| format!("[{at:?}, {value:?}],")).collect();
        let _ = writeln!(text, "  {}", list.join(" "));
    }
    text.push_str("]\n");
}

/// A value as TOML writes it.
pub(super) fn written(value: &Value) -> String {
    crate::moves::value_text(value)
}

fn quoted(text: &str) -> String {
    crate::moves::quoted(text)
}
