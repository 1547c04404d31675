//! From a folder of tracks, or a session, to a session with every move in it.

use crate::again::Again;
use crate::decide::{Ask, Assisted, Reference, decide};
use crate::hear::{self, Song};
use crate::moves::Ledger;
use crate::styles::USUAL;
use std::path::{Path, PathBuf};
use studio::decode;
use studio::job::Job;
use studio::message::{Error, Finding, Kind, Severity};
use studio::session::{self, Session};

/// What is asked for, as in a command. What is not said, a session that is there says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// Kind of music: a name, or the path of a file; `rock+voice` is one with a character of [`crate::variants`].
    pub style: Option<String>,
    /// Strengths, `FAMILY=0.5` or `all=0.5`.
    pub strengths: Vec<String>,
    /// Rules and families that are not to work.
    pub undo: Vec<String>,
    /// Rules and families undone before that are to work again.
    pub redo: Vec<String>,
    /// Moves to lock: ids, rules, families, strips or addresses.
    pub lock: Vec<String>,
    /// Roles, `TRACK=ROLE`.
    pub roles: Vec<String>,
    /// A record to lean towards.
    pub reference: Option<PathBuf>,
    /// Keep the balance of a rough mix among the tracks.
    pub keep_balance: bool,
    /// Leave names out of the judgement of roles.
    pub ignore_names: bool,
    /// How to treat doubtful files.
    pub decode: decode::Options,
}

/// Hears a folder of tracks, or those of a session, decides, and writes a session that is to stand in `folder`; `way` leads from there to
/// the tracks of a folder, and is empty where both are the same.
///
/// # Errors
/// Everything wrong with the call, the files or the session.
pub fn assist(
    input: &Path,
    folder: &Path,
    way: &Path,
    request: &Request,
    job: &Job<'_>,
) -> Result<Assisted, Vec<Error>> {
    match input.is_dir() {
        true => of_folder(input, folder, way, request, job),
        false => of_session(input, request, job),
    }
}

fn of_folder(
    input: &Path,
    folder: &Path,
    way: &Path,
    request: &Request,
    job: &Job<'_>,
) -> Result<Assisted, Vec<Error>> {
    let (song, ask) = heard(input, folder, way, request, job).map_err(|error| vec![error])?;
    decide(&song, &ask, None, job)
}

/// A folder of tracks, heard, and what is asked about it.
pub(crate) fn heard(
    input: &Path,
    folder: &Path,
    way: &Path,
    request: &Request,
    job: &Job<'_>,
) -> Result<(Song, Ask), Error> {
    let mut ask = ask(request, &Ledger::default(), folder, way, job)?;
    let mut song = hear::hear(input, job, &hearing(request, &ask, None))?;
    tell(&mut song, &mut ask);
    Ok((song, ask))
}

/// What is said before anything is decided: questions about roles, and where a record leans the balance.
fn tell(song: &mut Song, ask: &mut Ask) {
    let questions: Vec<Finding> = song.playing().filter_map(|(_, track)| question(track)).collect();
    song.findings.extend(questions);
    if let Some(reference) = &ask.reference {
        let (style, said) = crate::variants::lean(&ask.style, song, reference);
        ask.style = style;
        song.findings.extend(said);
    }
}

/// The question about a track that is not sure, as a finding: the answer is a flag.
fn question(track: &hear::Track) -> Option<Finding> {
    let question = track.role.question.as_ref()?;
    let finding = Finding::new("role_unsure", Severity::Info, question.text.clone());
    let first = question.choices.first().copied().unwrap_or("guitar");
    let more = question.choices.get(1..).filter(|more| !more.is_empty());
    let more = more.map_or_else(String::new, |more| format!(" (or: {})", more.join(", ")));
    let answer =
        format!("answer with --role \"{}={first}\"{more}; until then less is done to it", track.name);
    Some(finding.about(&track.path).limit("sure from 60 of 100 on").advice(answer))
}

fn of_session(input: &Path, request: &Request, job: &Job<'_>) -> Result<Assisted, Vec<Error>> {
    let one = |error: Error| vec![error];
    let session = Session::load(input, session::Options { allow_external: true })?;
    let missing = session.check_files();
    if !missing.is_empty() {
        return Err(missing);
    }
    if session.shape.layout != session::BusLayout::Stereo {
        let error = Error::new(
            Kind::Usage,
            "not_stereo",
            "the assistant works on a stereo mix, and this is a surround session",
        );
        return Err(one(error
            .at(input.display())
            .hint("work on the stereo session, and have the bed proposed anew with --bed")));
    }
    let mut again = Again::read(&session.origin.text).map_err(one)?;
    again.lock(&request.lock).map_err(one)?;
    let folder = session.origin.folder.clone();
    let ledger = again.ledger.clone().unwrap_or_default();
    let mut ask = ask(request, &ledger, &folder, Path::new(""), job).map_err(one)?;
    let options = hearing(request, &ask, Some(session.sample_rate_hz));
    let mut song = song_of(&session, &ask.tracks, &options, job).map_err(one)?;
    tell(&mut song, &mut ask);
    decide(&song, &ask, Some(&again), job)
}

/// What is asked, with what the session says where the call says nothing.
fn ask(request: &Request, ledger: &Ledger, folder: &Path, way: &Path, job: &Job<'_>) -> Result<Ask, Error> {
    let known = if ledger.style.is_empty() { USUAL } else { &ledger.style };
    let style = crate::variants::style(request.style.as_deref().unwrap_or(known))?;
    let mut strengths = ledger.strengths.clone();
    request.strengths.iter().try_for_each(|text| strengths.read(text))?;
    let mut undone = ledger.undone.clone();
    undone.extend(request.undo.iter().map(|word| word.trim().to_owned()));
    undone.retain(|word| !request.redo.iter().any(|other| other.trim() == word));
    let mut roles = ledger.roles.clone();
    for text in &request.roles {
        let (track, role) = role_of(text)?;
        roles.retain(|(known, _)| *known != track);
        roles.push((track, role));
    }
    let path = request.reference.as_ref().map(|path| path.to_string_lossy().into_owned());
    let reference = match path.or_else(|| ledger.reference.clone()) {
        Some(path) => Some(reference(&path, request, job)?),
        None => None,
    };
    Ok(Ask {
        style,
        strengths,
        undone,
        keep_balance: request.keep_balance || ledger.keep_balance,
        reference,
        roles,
        folder: folder.to_path_buf(),
        way: way.to_path_buf(),
        tracks: if way.as_os_str().is_empty() { ledger.tracks.clone() } else { slashes(way) },
        decode: request.decode,
    })
}

/// Reads `TRACK=ROLE`.
pub(crate) fn role_of(text: &str) -> Result<(String, String), Error> {
    let Some((track, role)) = text.split_once('=') else {
        let error = Error::new(Kind::Usage, "bad_role", format!("`{text}` is no role of a track"));
        return Err(error.hint("TRACK=ROLE, for example: \"Audio 07=backing vocals\""));
    };
    Ok((track.trim().to_owned(), role.trim().to_owned()))
}

fn hearing(request: &Request, ask: &Ask, sample_rate_hz: Option<u32>) -> hear::Options {
    hear::Options {
        decode: request.decode,
        sample_rate_hz,
        roles: ask.roles.clone(),
        ignore_names: request.ignore_names,
        skip_alignment: false,
    }
}

/// The spectrum of a record.
fn reference(path: &str, request: &Request, job: &Job<'_>) -> Result<Reference, Error> {
    let file = Path::new(path);
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let options = hear::Options { decode: request.decode, skip_alignment: true, ..hear::Options::default() };
    let song = hear::hear_files(folder, &[name], job, &options)?;
    let bands = song.tracks.first().map(|track| track.facts.band_power.clone()).unwrap_or_default();
    Ok(Reference { path: path.to_owned(), bands })
}

/// A path as a session has it.
fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Hears the tracks of a session as they are on disk, and says what of it no mix mends ([`crate::explain::not_mended`]). Tracks
/// that are muted in it are no part of the mix, and nothing is said about them.
///
/// # Errors
/// Those of hearing.
pub fn not_mended(session: &Session, job: &Job<'_>) -> Result<Vec<Finding>, Error> {
    let ledger = crate::moves::read(&session.origin.text).unwrap_or_default();
    let options = hear::Options {
        sample_rate_hz: Some(session.sample_rate_hz),
        roles: ledger.roles,
        skip_alignment: true,
        ..hear::Options::default()
    };
    let song = song_of(session, &ledger.tracks, &options, job)?;
    let muted =
        |about: &str| song.tracks.iter().any(|track| track.path == about && track.use_as == hear::Use::Empty);
    let all = crate::explain::not_mended(&song.findings);
    Ok(all.filter(|finding| !muted(&finding.about)).cloned().collect())
}

/// The tracks of a session, heard, under their ids in it; `tracks` is the folder they were heard from before.
fn song_of(session: &Session, tracks: &str, options: &hear::Options, job: &Job<'_>) -> Result<Song, Error> {
    let first = |track: &session::Track| track.clips.first().map(|clip| clip.file.id.clone());
    let mut files: Vec<String> = session.tracks.iter().filter_map(first).collect();
    files.sort();
    files.dedup();
    // Heard from the same folder as the first time: folders above it say nothing about a track.
    let inside = |prefix: &str| {
        files.iter().all(|file| file.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/')))
    };
    let prefix = if inside(tracks) { tracks.to_owned() } else { common_folder(&files) };
    let strip =
        |file: &str| file.strip_prefix(&prefix).map_or(file, |rest| rest.trim_start_matches('/')).to_owned();
    let paths: Vec<String> = files.iter().map(|file| strip(file)).collect();
    let mut song = hear::hear_files(&session.origin.folder.join(&prefix), &paths, job, options)?;
    song.name.clone_from(&session.name);
    for track in &mut song.tracks {
        let own = session.tracks.iter().find(|own| first(own).is_some_and(|file| strip(&file) == track.path));
        if let Some(own) = own {
            track.id.clone_from(&own.strip.id);
            if own.strip.controls.mute && track.use_as == hear::Use::Play {
                // A person muted it: it is no part of the mix.
                track.use_as = hear::Use::Empty;
            }
        }
    }
    Ok(song)
}

/// Folder that all files share; empty if there is none.
pub(crate) fn common_folder(files: &[String]) -> String {
    let folder =
        |file: &String| file.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned());
    let mut shared = files.first().map(folder).unwrap_or_default();
    while !shared.is_empty() && !files.iter().all(|file| file.starts_with(&format!("{shared}/"))) {
        shared = folder(&shared);
    }
    shared
}
