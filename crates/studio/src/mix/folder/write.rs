//! The session as text, with the reasons beside the values.

use super::super::balance::{WORKING_LUFS, active_lufs};
use super::super::roles::{Group, RoleInfo};
use super::Placed;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The whole text.
pub(super) fn session(
    name: &str,
    sample_rate_hz: u32,
    tracks: &[Placed],
    faders: &BTreeMap<Group, f64>,
    high_pass: bool,
) -> String {
    let mut text = String::new();
    let groups = groups(tracks);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "# A first session, to be edited: levels by loudness, pan by role, nothing processed.\n\
         # `tonmeister mix` renders it. Trims bring every track to {WORKING_LUFS} LUFS while it sounds; faders make the balance.\n\
         version = 1\n\n[session]\nname = {}\nsample_rate_hz = {sample_rate_hz}\ntempo_bpm = 120.0  # a guess: only times in beats use it\n",
        quote(name)
    );
    for group in Group::ALL {
        let own: Vec<&Placed> = tracks.iter().filter(|track| track.role.group == *group).collect();
        if own.is_empty() {
            continue;
        }
        let _ = write!(text, "\n# ---- {} ----\n", group.name());
        let bus = groups.contains(group);
        let fader = faders.get(group).copied().unwrap_or(0.0);
        for track in own {
            one(&mut text, track, bus, fader, high_pass);
        }
        if bus {
            let _ = write!(
                text,
                "\n[[bus]]\nid = \"{}\"\nname = \"{}\"\nfader_db = {fader:?}\n",
                group.id(),
                group.name()
            );
        }
    }
    text.push_str("\n[mix]\nfader_db = 0.0\n");
    text
}

/// Groups with two tracks or more: they get a bus.
fn groups(tracks: &[Placed]) -> Vec<Group> {
    let sounding =
        |group: &Group| tracks.iter().filter(|t| t.role.group == *group && t.mute.is_none()).count();
    Group::ALL.iter().filter(|group| sounding(group) >= 2).copied().collect()
}

fn one(text: &mut String, track: &Placed, bus: bool, group_fader_db: f64, high_pass: bool) {
    let found = &track.found;
    let _ = write!(text, "\n[[track]]  # {}, {}\n", track.role.name, track.because);
    let _ = write!(text, "id = {}\nname = {}\n", quote(&track.id), quote(&found.name));
    source(text, track);
    let voice = &track.voice;
    if let Some(why) = track.mute {
        let _ = writeln!(text, "mute = true  # {why}");
        return;
    }
    if let Some(lufs) = active_lufs(&found.curve) {
        let _ = writeln!(text, "trim_db = {:?}  # {lufs:.1} LUFS while it sounds", voice.trim_db);
    }
    let fader_db =
        if bus { voice.fader_db } else { ((voice.fader_db + group_fader_db) * 10.0).round() / 10.0 };
    let _ = writeln!(text, "fader_db = {:?}", fader_db.clamp(-144.0, 12.0));
    if track.pan != 0.0 {
        let _ = writeln!(text, "pan = {:?}", track.pan);
    }
    if bus {
        let _ = writeln!(text, "output = \"{}\"", track.role.group.id());
    }
    if high_pass {
        high_pass_of(text, track.role);
    }
}

fn source(text: &mut String, track: &Placed) {
    let found = &track.found;
    let pick = found.pick.as_ref().map(|(channels, why)| {
        let list: Vec<String> = channels.iter().map(|channel| (channel + 1).to_string()).collect();
        format!("channels = [{}]  # {why}\n", list.join(", "))
    });
    if track.start_seconds > 0.0 {
        let inline = pick.as_deref().unwrap_or_default();
        let (list, why) = inline.split_once("  #").map_or((inline.trim_end(), ""), |(list, why)| (list, why));
        let comma = if list.is_empty() { "" } else { ", " };
        let why = why.trim_end();
        let _ = writeln!(
            text,
            "clip = [{{ file = {}, start_seconds = {:?}{comma}{list} }}]  # placed by its time stamp{}{why}",
            quote(&found.path),
            track.start_seconds,
            if why.is_empty() { "" } else { ";" }
        );
        return;
    }
    let _ = writeln!(text, "file = {}", quote(&found.path));
    text.push_str(pick.as_deref().unwrap_or_default());
}

fn high_pass_of(text: &mut String, role: &RoleInfo) {
    let _ = writeln!(
        text,
        "insert = [{{ eq = {{ band = [{{ kind = \"high_pass\", freq_hz = {:?}, slope = \"12\" }}] }} }}]",
        role.high_pass_hz
    );
}

/// A text as TOML writes it.
fn quote(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
    toml_edit::Value::from(clean).to_string()
}
