//! Changes in words.

use super::flat::Entry;
use toml::Value;

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(value) => Some(*value),
        Value::Integer(value) => Some(*value as f64),
        _ => None,
    }
}

/// A value as people write it, with the unit its name ends in.
fn shown(key: &str, value: &Value) -> String {
    let unit = unit(key);
    match value {
        Value::String(text) => format!("`{text}`"),
        Value::Boolean(on) => (if *on { "on" } else { "off" }).to_owned(),
        value => match number(value) {
            Some(value) => format!("{}{unit}", rounded(value)),
            None => value.to_string(),
        },
    }
}

fn rounded(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

const UNITS: [(&str, &str); 11] = [
    ("_dbfs", " dBFS"),
    ("_dbtp", " dBTP"),
    ("_db", " dB"),
    ("_lufs", " LUFS"),
    ("_lu", " LU"),
    ("_hz", " Hz"),
    ("_ms", " ms"),
    ("_seconds", " s"),
    ("_frames", " samples"),
    ("_percent", " %"),
    ("_bpm", " bpm"),
];

fn unit(key: &str) -> &'static str {
    UNITS.iter().find(|(ending, _)| key.ends_with(ending)).map_or("", |(_, unit)| unit)
}

/// A key without its unit, with spaces.
fn plain(key: &str) -> String {
    let bare = UNITS.iter().find_map(|(ending, _)| key.strip_suffix(ending)).unwrap_or(key);
    bare.replace('_', " ")
}

/// Where in its strip a value stands: `eq, band 2: `.
fn inside(entry: &Entry) -> String {
    let parts: Vec<&str> = entry.holder.split(" / ").skip(1).collect();
    if parts.is_empty() { String::new() } else { format!("{}: ", parts.join(", ")) }
}

/// One change in words.
pub(super) fn change(entry: &Entry, before: Option<&Value>, after: Option<&Value>) -> String {
    let (key, place) = (entry.key.as_str(), inside(entry));
    let numbers = before.and_then(number).zip(after.and_then(number));
    let from_to = |before: &Value, after: &Value| format!("{} to {}", shown(key, before), shown(key, after));
    match (before, after) {
        (Some(before), Some(after)) => {
            let span = from_to(before, after);
            match (key, numbers) {
                ("fader_db" | "gain_db" | "trim_db" | "makeup_db", Some((one, two))) => {
                    let way = if two > one { "up" } else { "down" };
                    format!(
                        "{place}{} turned {way} by {} dB ({span})",
                        thing(key),
                        rounded((two - one).abs())
                    )
                }
                ("pan", Some((one, two))) => {
                    let way = if two > one { "right" } else { "left" };
                    format!("{place}moved to the {way} ({span})")
                }
                ("threshold_db", Some((one, two))) => {
                    let way = if two > one { "later" } else { "earlier" };
                    format!("{place}works {way}: threshold {span}")
                }
                ("ratio", Some((one, two))) => {
                    let way = if two > one { "harder" } else { "more gently" };
                    format!("{place}works {way}: ratio {span}")
                }
                ("mute" | "bypass", _) => format!(
                    "{place}{} {}",
                    plain(key),
                    if after.as_bool() == Some(true) { "on" } else { "off" }
                ),
                (_, Some((one, two))) => {
                    let way = if two > one { "raised" } else { "lowered" };
                    format!("{place}{} {way} ({span})", plain(key))
                }
                _ => format!("{place}{} changed ({span})", plain(key)),
            }
        }
        (None, Some(after)) => format!("{place}{} set to {}", plain(key), shown(key, after)),
        (Some(before), None) => format!("{place}{} taken out (was {})", plain(key), shown(key, before)),
        (None, None) => String::new(),
    }
}

fn thing(key: &str) -> &'static str {
    match key {
        "fader_db" => "fader",
        "trim_db" => "input",
        "makeup_db" => "gain behind the compressor",
        _ => "gain",
    }
}

/// Something that came or went as a whole.
pub(super) fn whole(entry: &Entry, values: &[&Entry], came: bool) -> String {
    let parts: Vec<&str> = entry.holder.split(" / ").collect();
    let what = match parts.as_slice() {
        [only] => (*only).to_owned(),
        many => many.iter().skip(1).copied().collect::<Vec<_>>().join(", "),
    };
    let settings: Vec<String> = values
        .iter()
        .filter(|value| !matches!(value.key.as_str(), "id" | "name" | "target" | "family"))
        .take(5)
        .map(|value| format!("{} {}", plain(&value.key), shown(&value.key, &value.value)))
        .collect();
    let settings = if settings.is_empty() { String::new() } else { format!(": {}", settings.join(", ")) };
    if came { format!("{what} added{settings}") } else { format!("{what} taken out{settings}") }
}
