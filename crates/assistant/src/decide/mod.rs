//! What a mixing engineer would do with these tracks: one family of decisions a file, in the order of work.

mod align;
mod clean;
mod deess;
mod duck;
mod dynamics;
mod faders;
mod gate;
mod groups;
mod headroom;
mod lanes;
mod mask;
mod narrow;
mod pan;
mod ride;
mod saturate;
mod sections;
mod shares;
mod space;
mod throw;
mod tone;
mod trim;

#[cfg(test)]
mod tests;

pub use groups::{Sounding, targets};
pub use lanes::{GroupLane, Lane, Room, Spectrum};

use crate::again::Again;
use crate::close;
use crate::hear::Song;
use crate::moves::{Book, Ledger, Move, Strengths, write};
use crate::styles::Style;
use crate::write::{fresh, update};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use studio::engine::Files;
use studio::job::Job;
use studio::message::{Error, Finding};
use studio::session::{self, Session};

/// What is asked of the assistant.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Kind of music.
    pub style: Style,
    /// How much of each family.
    pub strengths: Strengths,
    /// Rules and families that are not to work.
    pub undone: BTreeSet<String>,
    /// Whether the balance of a rough mix among the tracks is kept.
    pub keep_balance: bool,
    /// A record it is held against: path, for the ledger, and its spectrum.
    pub reference: Option<Reference>,
    /// Roles a person gave, for the ledger.
    pub roles: Vec<(String, String)>,
    /// Folder the session will stand in.
    pub folder: PathBuf,
    /// Way from there to the folder of the tracks; empty if they are the same.
    pub way: PathBuf,
    /// Folder the tracks were heard from, as seen from the session, for the ledger.
    pub tracks: String,
    /// How to treat doubtful files.
    pub decode: studio::decode::Options,
}

/// A record a mix is held against.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Its path.
    pub path: String,
    /// Powers in the bands of the film.
    pub bands: Vec<f64>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Assisted {
    /// The session, with the record of moves.
    pub text: String,
    /// Every move.
    pub moves: Vec<Move>,
    /// What should be known.
    pub findings: Vec<Finding>,
    /// Loudness of groups and returns, as rendered.
    pub balance: Balance,
}

/// The balance as it was rendered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Balance {
    /// Groups: id of the strip, name, loudness against the mix in LU.
    pub groups: Vec<(String, String, f64)>,
    /// Relative loudness of the reverberation, LU, and what the model makes of it (0 to 1).
    pub reverberation: Option<(f64, f64)>,
    /// Left over right, dB, where it could be told.
    pub imbalance_db: Option<f64>,
    /// True peak of the mix before the print trim, dBTP.
    pub peak_dbtp: f64,
    /// Integrated loudness of the mix before the print trim.
    pub mix_lufs: f64,
}

/// Seconds of track under which a song is always rendered a second time; and how far faders of tracks and groups may move after the
/// first rendering for that to be enough in a longer one: behind the inserts all is linear but the coherence inside a group. By
/// estimate, 2026-11-21, docs/decisions/047.
const SHORT_SECONDS: f64 = 1500.0;
const TRACKS_DB: f64 = 3.0;
const GROUPS_DB: f64 = 6.0;

/// Decides everything about a song and writes the session.
///
/// Renders the song without writing, to hear what the chains make of the tracks; and once more, to hear the balance, where that is
/// cheap or the first rendering was far off.
///
/// # Errors
/// Those of the engine, and of a session that cannot be read again.
pub fn decide(song: &Song, ask: &Ask, again: Option<&Again>, job: &Job<'_>) -> Result<Assisted, Vec<Error>> {
    let book = Book::new(ask.strengths.clone(), ask.undone.clone(), again);
    let mut room = Room::new(song, ask, book, again);
    align::work(&mut room);
    trim::work(&mut room);
    faders::seed(&mut room);
    pan::work(&mut room);
    clean::work(&mut room);
    gate::work(&mut room);
    dynamics::work(&mut room);
    dynamics::parallel(&mut room);
    deess::work(&mut room);
    tone::work(&mut room);
    saturate::work(&mut room);
    duck::work(&mut room);
    mask::work(&mut room);
    space::work(&mut room);
    faders::set_up(&mut room);
    let mut heard = listen(&room, again, job)?;
    let tracks_db = faders::close(&mut room, &heard);
    ride::work(&mut room, &heard);
    let groups_db = faders::groups(&mut room, &heard);
    let seconds = song.duration_seconds * room.lanes.len() as f64;
    if seconds < SHORT_SECONDS || tracks_db > TRACKS_DB || groups_db > GROUPS_DB {
        space::amount(&mut room, &heard);
        pan::weigh(&mut room, &heard);
        faders::set_up(&mut room);
        room.rides_heard = true;
        heard = listen(&room, again, job)?;
        faders::close(&mut room, &heard);
    }
    let balance = faders::settle(&mut room, &heard);
    narrow::work(&mut room);
    headroom::work(&mut room, &heard);
    sections::work(&mut room, &heard);
    throw::work(&mut room);
    finish(room, balance, again)
}

/// Renders what is on the desk.
fn listen(room: &Room<'_>, again: Option<&Again>, job: &Job<'_>) -> Result<close::Heard, Vec<Error>> {
    let moves = room.book.moves();
    let text = text_of(room, again, moves).map_err(|error| vec![error])?;
    let session = parse(&text, &room.ask.folder)?;
    close::render(&session, &Files { options: room.ask.decode }, job)
}

fn text_of(room: &Room<'_>, again: Option<&Again>, moves: &[Move]) -> Result<String, Error> {
    match again {
        Some(again) => update(&again.base, &room.desk, &again.gone(moves)),
        None => Ok(fresh(&room.desk)),
    }
}

fn parse(text: &str, folder: &Path) -> Result<Session, Vec<Error>> {
    Session::parse(text, "the assistant's session", folder, session::Options { allow_external: true })
}

fn finish(room: Room<'_>, balance: Balance, again: Option<&Again>) -> Result<Assisted, Vec<Error>> {
    let text = text_of(&room, again, room.book.moves()).map_err(|error| vec![error])?;
    let (ask, desk) = (room.ask, room.desk);
    let mut findings = room.song.findings.clone();
    findings.extend(room.findings);
    let moves = room.book.finish(&desk);
    let ledger = Ledger {
        style: ask.style.name.clone(),
        strengths: ask.strengths.clone(),
        undone: ask.undone.clone(),
        reference: ask.reference.as_ref().map(|reference| reference.path.clone()),
        tracks: ask.tracks.clone(),
        keep_balance: ask.keep_balance,
        roles: ask.roles.clone(),
        moves: moves.clone(),
    };
    let text = format!("{}\n{}", text.trim_end(), write(&ledger));
    parse(&text, &ask.folder)?;
    Ok(Assisted { text, moves, findings, balance })
}
