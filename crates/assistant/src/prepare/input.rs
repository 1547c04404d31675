//! A folder of tracks, or a session whose tracks are whole files at a time.

use super::Request;
use crate::assist::{common_folder, role_of};
use crate::hear::{self, Song, Use};
use std::path::{Path, PathBuf};
use studio::job::Job;
use studio::message::{Error, Kind};
use studio::session::{self, Clip, ClipControls, Session};

/// What was heard, and where its paths start.
pub(super) struct Input {
    pub(super) root: PathBuf,
    pub(super) song: Song,
}

/// Hears the tracks. Time between microphones is looked for: it is told, not mended.
pub(super) fn hear(input: &Path, request: &Request, job: &Job<'_>) -> Result<Input, Vec<Error>> {
    let roles = request.roles.iter().map(|text| role_of(text)).collect::<Result<Vec<_>, _>>();
    let options = hear::Options {
        decode: request.decode,
        sample_rate_hz: request.rate_hz,
        roles: roles.map_err(|error| vec![error])?,
        ..hear::Options::default()
    };
    if input.is_dir() {
        let song = hear::hear(input, job, &options).map_err(|error| vec![error])?;
        return Ok(Input { root: input.to_owned(), song });
    }
    let session = Session::load(input, session::Options { allow_external: true })?;
    let missing = session.check_files();
    if !missing.is_empty() {
        return Err(missing);
    }
    of_session(&session, &options, job)
}

fn of_session(session: &Session, options: &hear::Options, job: &Job<'_>) -> Result<Input, Vec<Error>> {
    let mut files: Vec<String> = Vec::new();
    for track in &session.tracks {
        match track.clips.as_slice() {
            [clip] if is_plain(clip) => files.push(clip.file.id.clone()),
            _ => return Err(vec![edited(session, track)]),
        }
    }
    files.sort();
    files.dedup();
    let prefix = common_folder(&files);
    let strip =
        |file: &str| file.strip_prefix(&prefix).map_or(file, |rest| rest.trim_start_matches('/')).to_owned();
    let paths: Vec<String> = files.iter().map(|file| strip(file)).collect();
    let root = session.origin.folder.join(&prefix);
    let mut song = hear::hear_files(&root, &paths, job, options).map_err(|error| vec![error])?;
    song.name.clone_from(&session.name);
    for own in &session.tracks {
        let Some(clip) = own.clips.first() else { continue };
        let Some(track) = song.tracks.iter_mut().find(|track| track.path == strip(&clip.file.id)) else {
            continue;
        };
        track.start_seconds = clip.start_seconds(session);
        track.name.clone_from(&own.strip.name);
        if own.strip.controls.mute && track.use_as == Use::Play {
            track.use_as = Use::Empty;
        }
    }
    let end = |track: &hear::Track| track.start_seconds + track.duration_seconds();
    song.duration_seconds = song.tracks.iter().map(end).fold(0.0, f64::max);
    // Where a session has them, they are meant to be.
    song.findings.retain(|finding| !["start_differs", "length_differs"].contains(&finding.rule));
    Ok(Input { root, song })
}

/// A whole file as it is, somewhere in time.
fn is_plain(clip: &Clip) -> bool {
    let usual = ClipControls {
        start_seconds: clip.controls.start_seconds,
        start_beats: clip.controls.start_beats,
        ..ClipControls::default()
    };
    clip.controls == usual && clip.looped.is_none() && clip.gain_points.is_empty()
}

fn edited(session: &Session, track: &session::Track) -> Error {
    let what = format!("`{}` is edited: cut, faded, looped or made of several clips", track.strip.id);
    let error = Error::new(Kind::Usage, "edited_session", what)
        .hint("bounce the edits dry first: tonmeister stems SESSION.toml --multitrack -o tracks, then prepare tracks/");
    session.error_at(&track.strip.span, error, "this track")
}
