//! Edit groups: tracks whose clips move together, as the microphones of one kit must.

use super::clip::{self, Clip};
use super::parse::{id, named};
use super::read::{Node, Reader, Take, wrong};
use super::{Named, Session, Track};
use crate::message::{Finding, Severity};

/// Most groups. By our own convention.
const MOST_GROUPS: usize = 2048;

/// Tracks that are cut together.
#[derive(Debug, Clone)]
pub struct EditGroup {
    /// Id.
    pub id: Named,
    /// Its tracks.
    pub tracks: Vec<Named>,
}

fx::fields! {
    /// What a group does to the clips of its tracks.
    pub struct EditGroupControls {
        /// Moves every clip of every track, later or earlier.
        move_seconds: Seconds = 0.0 in -360000.0..=360000.0;
    }
}

/// Reads every group and applies it to the tracks of the session.
pub(super) fn read(reader: &mut Reader<'_>, list: &Node<'_>, session: &mut Session) {
    for node in reader.list(list, "edit_group", MOST_GROUPS) {
        let Some(take) = reader.table(&node, "edit_group") else { continue };
        if let Some(group) = one(reader, take, session) {
            session.edit_groups.push(group);
        }
    }
}

fn one(reader: &mut Reader<'_>, mut take: Take<'_>, session: &mut Session) -> Option<EditGroup> {
    let id = id(reader, &mut take, "an edit group");
    let mut controls = EditGroupControls::default();
    take.fields(reader, &mut controls);
    let list = take.take("tracks");
    if list.is_none() {
        let what =
            wrong("missing_key", "an edit group has no `tracks`").hint("tracks = [\"kick\", \"snare\"]");
        reader.say(&take.span, what);
    }
    let nodes = list.map(|list| reader.list(&list, "tracks", super::parse::MOST_STRIPS)).unwrap_or_default();
    let mut tracks: Vec<Named> = nodes.iter().filter_map(|node| named(reader, node, "tracks")).collect();
    let shared = take.take("clip").map(|list| (list.span.clone(), clip::edits(reader, &list)));
    let moved = take.key_span("move_seconds");
    take.finish(reader, "an edit group");
    tracks.retain(|track| check_track(reader, track, session));
    for name in &tracks {
        let Some(track) = session.tracks.iter_mut().find(|track| track.strip.id == name.id) else { continue };
        if let Some((_, edits)) = &shared {
            share(reader, name, track, edits);
        }
    }
    if controls.move_seconds != 0.0 && !shift(session, &tracks, controls.move_seconds) {
        let what = "the group would begin before the session";
        reader.say(&moved, wrong("out_of_range", what).hint("move it by less"));
    }
    Some(EditGroup { id: id?, tracks })
}

/// Whether a track is there, and in no other group.
fn check_track(reader: &mut Reader<'_>, track: &Named, session: &Session) -> bool {
    if session.tracks.iter().all(|other| other.strip.id != track.id) {
        let known = session.tracks.iter().map(|track| track.strip.id.as_str());
        reader.unknown(&track.span, "unknown_track", "track", &track.id, known);
        return false;
    }
    let taken =
        session.edit_groups.iter().find(|group| group.tracks.iter().any(|other| other.id == track.id));
    if let Some(group) = taken {
        let what = format!("`{}` is in the edit group `{}` already", track.id, group.id.id);
        reader.say(&track.span, wrong("two_ways", what).hint("a track can be in one edit group"));
    }
    taken.is_none()
}

/// Gives a track of one file the clips of its group.
fn share(reader: &mut Reader<'_>, name: &Named, track: &mut Track, edits: &[Clip]) {
    let [whole] = track.clips.as_slice() else { return two_ways(reader, name) };
    if !whole.whole {
        return two_ways(reader, name);
    }
    let (file, channels) = (whole.file.clone(), whole.channels.clone());
    track.clips = edits
        .iter()
        .map(|edit| Clip { file: file.clone(), channels: channels.clone(), ..edit.clone() })
        .collect();
}

fn two_ways(reader: &mut Reader<'_>, name: &Named) {
    let what = format!("`{}` has clips of its own, and its edit group has clips", name.id);
    reader.say(&name.span, wrong("two_ways", what).hint("give the track `file = …` only"));
}

/// Moves every clip of the tracks; false, and nothing is moved, if one would begin before the session.
fn shift(session: &mut Session, tracks: &[Named], seconds: f64) -> bool {
    let tempo = session.tempo.clone();
    let member = |track: &Track| tracks.iter().any(|name| name.id == track.strip.id);
    // In seconds also where the text has beats: microphones of one sound stay together, whatever the tempo does.
    let moved = |clip: &Clip| match clip.in_beats {
        true => tempo.seconds_of_beats(clip.controls.start_beats) + seconds,
        false => clip.controls.start_seconds + seconds,
    };
    let mut all = session.tracks.iter().filter(|track| member(track)).flat_map(|track| &track.clips);
    if all.any(|clip| moved(clip) < 0.0) {
        return false;
    }
    for clip in session.tracks.iter_mut().filter(|track| member(track)).flat_map(|track| &mut track.clips) {
        clip.whole = false;
        let start = moved(clip);
        if clip.in_beats {
            clip.controls.start_beats = tempo.beats_of_seconds(start);
        } else {
            clip.controls.start_seconds = start;
        }
    }
    true
}

/// Where a clip is cut: first frame, frames left out, frames played; in order of time.
fn cuts(session: &Session, id: &str) -> Vec<[u64; 3]> {
    let clips = session.tracks.iter().filter(|track| track.strip.id == id).flat_map(|track| &track.clips);
    let place = |clip: &Clip| {
        [
            session.frame_at(clip.start_seconds(session)),
            session.frame_at(clip.controls.offset_seconds),
            session.frame_at(clip.controls.length_seconds),
        ]
    };
    let mut cuts: Vec<[u64; 3]> = clips.map(place).collect();
    cuts.sort_unstable();
    cuts
}

/// Tracks of a group that are not cut at the same frames as its first.
pub(crate) fn findings(session: &Session) -> Vec<Finding> {
    let mut findings = Vec::new();
    for group in &session.edit_groups {
        let Some(first) = group.tracks.first() else { continue };
        let wanted = cuts(session, &first.id);
        for track in group.tracks.iter().skip(1) {
            findings.extend(apart(session, group, first, &wanted, track));
        }
    }
    findings
}

fn apart(
    session: &Session,
    group: &EditGroup,
    first: &Named,
    wanted: &[[u64; 3]],
    track: &Named,
) -> Option<Finding> {
    let own = cuts(session, &track.id);
    let (what, at) = if own.len() == wanted.len() {
        let differs = own.iter().zip(wanted).position(|(a, b)| a != b)?;
        let (a, b) = (own.get(differs)?, wanted.get(differs)?);
        let word = ["begins", "is cut into its file", "ends"];
        let field = (0..3).find(|field| a[*field] != b[*field])?;
        let frames = a[field].abs_diff(b[field]);
        (format!("clip {} {} {frames} frames apart from `{}`", differs + 1, word[field], first.id), b[0])
    } else {
        (format!("{} clips, `{}` has {}", own.len(), first.id, wanted.len()), 0)
    };
    let finding = Finding::new("edit_group_apart", Severity::Warning, what)
        .about(format!("{}, edit group {}", track.id, group.id.id))
        .seconds(at as f64 / f64::from(session.sample_rate_hz))
        .limit("all tracks of an edit group cut at the same frames")
        .advice("microphones that hear the same sound must move together: give the group the clips, and the tracks only their files");
    Some(finding)
}
