//! What lies there: songs, parts of a song, an album, sessions.

use super::short;
use serde::Serialize;
use std::path::{Path, PathBuf};
use studio::decode;
use studio::job::Job;
use studio::message::{Error, Result};
use studio::mix::{Group, files_below, role_of};

/// What a pile of files is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One file with all of the music.
    Song,
    /// Recorded tracks of a song.
    Tracks,
    /// Parts of a finished mix: all of them add up to it.
    Stems,
    /// Several songs.
    Album,
    /// A session of this program.
    Session,
}

/// A file, by its header.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) seconds: f64,
    pub(super) channels: usize,
    pub(super) group: Option<Group>,
}

/// Files that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pile {
    pub(super) kind: Kind,
    /// The folder, or the file.
    pub(super) path: PathBuf,
    pub(super) files: Vec<File>,
}

/// Lengths of parts of one song differ by no more than this, seconds, and this share. By our own convention: exports of one session
/// are equal to the frame, recordings that were stopped by hand to a second or two.
const EQUAL_SECONDS: f64 = 0.5;
const EQUAL_SHARE: f64 = 0.02;
/// Most stems: more are tracks. By our own convention.
const MOST_STEMS: usize = 12;

impl Pile {
    pub(super) fn seconds(&self) -> f64 {
        match self.kind {
            Kind::Album => self.files.iter().map(|file| file.seconds).sum(),
            _ => self.files.iter().map(|file| file.seconds).fold(0.0, f64::max),
        }
    }
}

/// Sorts what was given.
pub(super) fn look(paths: &[PathBuf], job: &Job<'_>) -> Result<(Vec<Pile>, Vec<Error>)> {
    let (mut piles, mut unreadable, mut loose) = (Vec::new(), Vec::new(), Vec::new());
    for (index, path) in paths.iter().enumerate() {
        job.step("look", index as u64, paths.len() as u64)?;
        if path.is_dir() {
            piles.extend(folder(path, &mut unreadable)?);
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            piles.push(Pile { kind: Kind::Session, path: path.clone(), files: Vec::new() });
        } else {
            match file(path) {
                Ok(file) => loose.push(file),
                Err(error) => unreadable.push(error),
            }
        }
    }
    if let Some(path) = loose.first().map(|file| file.path.clone()) {
        // Files of the folder we are in have no folder in their names.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        piles.push(pile(if loose.len() == 1 { path } else { folder }, loose));
    }
    Ok((piles, unreadable))
}

fn file(path: &Path) -> Result<File> {
    let info = decode::probe(path).map_err(|error| error.at(path.display()))?;
    let frames = info.frames.unwrap_or(0);
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(File {
        path: path.to_owned(),
        seconds: frames as f64 / f64::from(info.sample_rate_hz.max(1)),
        channels: info.channels(),
        group: role_of(&name).map(|role| role.group),
    })
}

/// Everything in a folder and below: one song's parts, or a pile for each folder in it.
fn folder(root: &Path, unreadable: &mut Vec<Error>) -> Result<Vec<Pile>> {
    let mut files = Vec::new();
    for name in files_below(root)? {
        match file(&root.join(&name)) {
            Ok(file) => files.push(file),
            Err(error) => unreadable.push(error),
        }
    }
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let path = match files.as_slice() {
        [only] => only.path.clone(),
        _ => root.to_owned(),
    };
    let whole = pile(path, files.clone());
    let mut folders: Vec<PathBuf> =
        files.iter().filter_map(|file| Some(file.path.parent()?.to_owned())).collect();
    folders.sort();
    folders.dedup();
    if folders.len() < 2 || is_one_song(&whole) {
        return Ok(vec![whole]);
    }
    let own = |folder: PathBuf| {
        let inside: Vec<File> =
            files.iter().filter(|file| file.path.parent() == Some(&folder)).cloned().collect();
        let path = match inside.as_slice() {
            [only] => only.path.clone(),
            _ => folder,
        };
        pile(path, inside)
    };
    Ok(folders.into_iter().map(own).collect())
}

/// Folders like `Drums` and `Vocals` of one session: parts of equal length throughout.
fn is_one_song(pile: &Pile) -> bool {
    matches!(pile.kind, Kind::Tracks | Kind::Stems) && equal_share(&pile.files) > 0.8
}

/// Share of files as long as the middle one.
fn equal_share(files: &[File]) -> f64 {
    let mut lengths: Vec<f64> = files.iter().map(|file| file.seconds).collect();
    lengths.sort_by(f64::total_cmp);
    let middle = lengths.get(lengths.len() / 2).copied().unwrap_or(0.0);
    let near = |length: &&f64| (**length - middle).abs() <= EQUAL_SECONDS.max(EQUAL_SHARE * middle);
    lengths.iter().filter(near).count() as f64 / lengths.len().max(1) as f64
}

fn share(files: &[File], is: impl Fn(&File) -> bool) -> f64 {
    files.iter().filter(|file| is(file)).count() as f64 / files.len().max(1) as f64
}

/// What files that lie together are.
fn pile(path: PathBuf, files: Vec<File>) -> Pile {
    let kind = match files.as_slice() {
        [] | [_] => Kind::Song,
        files if !are_parts(files) => Kind::Album,
        files if are_stems(files, &path) => Kind::Stems,
        _ => Kind::Tracks,
    };
    Pile { kind, path, files }
}

fn are_parts(files: &[File]) -> bool {
    let named = share(files, |file| file.group.is_some_and(|group| group != Group::Reference));
    let (mono, equal) = (share(files, |file| file.channels == 1), equal_share(files));
    // Songs of a record are stereo, as long as they are, and called after nothing that is played.
    mono >= 0.3 || (named >= 0.5 && equal >= 0.5) || (equal > 0.99 && files.len() >= 4)
}

fn are_stems(files: &[File], path: &Path) -> bool {
    let called = |path: &Path| short(path).to_lowercase().contains("stem");
    let stereo = share(files, |file| file.channels == 2);
    let mut groups: Vec<Group> = files.iter().filter_map(|file| file.group).collect();
    let named = groups.len();
    groups.sort();
    groups.dedup();
    // Each part of the band once, or nearly: kick, snare and hat are tracks.
    let apart = named * 10 >= files.len() * 6 && groups.len() * 10 >= named * 6;
    let called = called(path) || share(files, |file| called(&file.path)) > 0.5;
    stereo > 0.8 && files.len() <= MOST_STEMS && equal_share(files) > 0.99 && (apart || called)
}
