//! An album: songs in order, the silence between them, one tone and one family of levels, cut into tracks.
//!
//! ```text
//! folder or album.toml ─read→ Album ─prepare (listens)→ Prepared ─render→ sets, one folder a destination
//! ```
//!
//! [`prepare`] listens to every song once and proposes what the text leaves open, every value with its reason. [`render`] lays
//! the songs out to the frame, plays them through their chains into one stream, and puts one limiter and one quantiser behind
//! it: a mark is a cut between two samples, so what goes on without a seam in the prints goes on without a seam on the record.
//! The same text and the same files give the same bytes.

mod cd;
mod cuesheet;
mod cut;
pub mod edges;
pub mod family;
mod gaps;
mod lathe;
mod lay;
mod level;
mod listen;
mod papers;
mod passage;
pub mod plan;
mod propose;
mod read;
mod render;
mod response;
pub mod rhythm;
mod scan;
mod set;
pub mod sheet;
mod sides;
mod source;
mod tape;
#[cfg(test)]
mod tests;
mod tracks;
mod write;

pub use lathe::{Held, Picture, Sides};
pub use lay::{Placed, Slot, Timeline};
pub use level::{Level, Levels};
pub use listen::Heard;
pub use passage::Passage;
pub use propose::{Prepared, Toned, prepare};
pub use set::{Outcome, PLAN_TOLERANCE_LU, Set};
pub use sheet::Album;
pub use source::Part;
pub use tracks::{Track, file_name};

use crate::deliver::Verified;
use crate::disc::{self, Pending};
use crate::files::{self, NewFile, NewFolder};
use crate::job::Job;
use crate::master::Place;
use crate::message::{Error, Finding, Kind, Result};
use crate::targets::Target;
use render::Desk;
use serde::Serialize;
use set::{Learnt, Waiting};
use std::path::Path;

/// Name of the text in the folder of a release.
pub const SHEET_FILE: &str = "album.toml";

impl Album {
    /// An album of the prints in a folder, to begin with: order and titles from tags and names.
    ///
    /// # Errors
    /// `no_audio`, `too_many`, `io`.
    pub fn of_folder(folder: &Path, findings: &mut Vec<Finding>) -> Result<Self> {
        scan::folder(folder, findings)
    }
}

/// An album that was rendered.
#[derive(Debug, Serialize)]
pub struct Release {
    /// Its destinations, in the order they were asked for.
    pub sets: Vec<Set>,
    /// What should be known beyond what preparing it said.
    pub findings: Vec<Finding>,
}

/// Fails early where a release could not be named in the end: before anything is heard.
///
/// # Errors
/// `exists` without `force`; `output_is_input`; `not_a_folder`.
pub fn check_place(album: &Album, targets: &[Target], place: Place<'_>) -> Result<()> {
    let sheet = place.folder.join(SHEET_FILE);
    files::refuse_inputs(
        &sheet,
        (0..album.songs.len()).map(|song| album.path_of(song)).collect::<Vec<_>>().iter().map(AsRef::as_ref),
    )?;
    if place.force {
        return Ok(());
    }
    let names = targets.iter().map(|target| place.folder.join(&target.name)).chain([sheet]);
    for path in names {
        let taken = match std::fs::read_dir(&path) {
            Ok(mut entries) => entries.next().is_some(),
            Err(_) => path.exists(),
        };
        if taken {
            let error = Error::new(Kind::Io, "exists", "a release is here already").at(path.display());
            return Err(error.hint("choose another folder, or allow replacing it (--force)"));
        }
    }
    Ok(())
}

/// Renders a prepared album for destinations, one folder each, and writes `album.toml` as rendered beside them. All of it
/// appears together or not at all.
///
/// # Errors
/// `no_target`; those of [`check_place`]; every rule of the Red Book that a disc breaks; what reading and writing say;
/// `over_ceiling`; `interrupted`. Nothing is left then.
pub fn render(prepared: &Prepared, targets: &[Target], place: Place<'_>, job: &Job<'_>) -> Result<Release> {
    render_with(prepared, targets, place, None, job)
}

/// The same, with pictures of sides that are cut.
///
/// # Errors
/// As [`render`].
pub fn render_with(
    prepared: &Prepared,
    targets: &[Target],
    place: Place<'_>,
    picture: Option<Picture>,
    job: &Job<'_>,
) -> Result<Release> {
    if targets.is_empty() {
        let error = Error::new(Kind::Usage, "no_target", "no destination was given");
        return Err(error.hint("name at least one: `--for cd,spotify`"));
    }
    check_place(&prepared.album, targets, place)?;
    let sides = sides::of(prepared, targets)?;
    let folder = NewFolder::create(place.folder)?;
    let album = Album { sides: sides.clone(), ..prepared.album.clone() };
    let text = papers::file(&place.folder.join(SHEET_FILE), album.to_toml().as_bytes(), place.force)?;
    let chains = prepared.chains();
    let desk =
        Desk { prepared, chains: &chains, sides: &sides, ears: None, picture, force: place.force, job };
    let mut learnt = Learnt::default();
    let mut waiting: Vec<Waiting> = Vec::new();
    for target in targets {
        waiting.push(set::one(&desk, &mut learnt, target, place.folder)?);
    }
    commit(waiting, folder, text)
}

/// Names everything.
fn commit(waiting: Vec<Waiting>, folder: NewFolder, text: NewFile) -> Result<Release> {
    let mut sets = vec![Pending::new(folder, vec![text], Vec::new(), Vec::new())];
    let mut release = Release { sets: Vec::new(), findings: Vec::new() };
    for own in waiting {
        let files: Vec<NewFile> = own.files.into_iter().map(Verified::into_file).chain(own.texts).collect();
        let stale = papers::left_behind(own.folder.path(), &files);
        // What lies in the folder of a destination goes before the folder does.
        sets.extend(own.disc.into_iter().flat_map(|disc| disc.pending));
        sets.push(Pending::new(own.folder, files, stale, Vec::new()));
        release.sets.push(own.set);
        release.findings.extend(own.findings);
    }
    disc::commit_all(sets)?;
    Ok(release)
}
