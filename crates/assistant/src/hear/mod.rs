//! Hears a folder of tracks: every file is decoded once, as a stream, and everything else is computed from what was kept.
//!
//! What is kept of a track is its [`Film`] (power in 40 bands ten times a second, loudness twenty times a second, onsets a
//! hundred times a second …) and its [`Facts`] (one number each). Levels, masking, balances by sums of powers, ducking and
//! high-pass decisions are taken from these without reading a file again; microphones of one sound, doubles and what could be a rough
//! mix are read once more.
//!
//! Costs about 7 ms of one core a second of a mono track at 48 kHz (WAV, everything of this crate's hearing included; 8 ms with FLAC), and some 5 kB
//! of memory a second of a track; measured 2026-11-21 on the demo song (992 channel-seconds in 7.2 s, 27 MB).

mod activity;
mod character;
mod facts;
mod film;
mod finish;
mod frames;
mod listen;
mod onsets;
mod pitch;
mod resonance;
mod scan;
mod tails;
mod tune;

pub(crate) use activity::percentile;
pub(crate) use finish::onset_seconds;
pub(crate) use onsets::{LEAST_DB as LEAST_ONSET_DB, peaks as onset_peaks};
pub(crate) use resonance::OVER_DB as RESONANCE_OVER_DB;

pub use facts::{Character, Clipping, Decay, Facts, Hum, Pitch, Resonance, Sibilance, Stereo};
pub use film::{
    BANDS, CHROMA_PER_SECOND, FILM_PER_SECOND, Film, LOUDNESS_PER_SECOND, ONSETS_PER_SECOND,
    PITCHES_PER_SECOND, band_centre_hz, band_edges_hz,
};

use crate::align::Alignment;
use crate::ingest::{Pair, RoughMix};
use crate::sort::Guess;
use crate::time::Analysis;
use std::path::Path;
use studio::audio::{Encoding, Metadata};
use studio::decode;
use studio::job::Job;
use studio::message::{Error, Finding, Result};

/// How to hear.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How to treat doubtful files.
    pub decode: decode::Options,
    /// Rate of the session; without it, the rate most tracks have (of several, the highest).
    pub sample_rate_hz: Option<u32>,
    /// What a person said about tracks: by path or by name without ending, the name of a role of [`studio::mix::ROLES`].
    /// Such a role has confidence 1 and is never asked about.
    pub roles: Vec<(String, String)>,
    /// Leaves names and folders out of the judgement of roles: what remains is sound. For tests and the evaluation.
    pub ignore_names: bool,
    /// Leaves out polarity and time between microphones (they read the drum files a second time).
    pub skip_alignment: bool,
}

/// A folder of tracks, heard.
#[derive(Debug, Clone)]
pub struct Song {
    /// Name of the folder.
    pub name: String,
    /// Rate of the session.
    pub sample_rate_hz: u32,
    /// End of the last track, with its start.
    pub duration_seconds: f64,
    /// Every track that could be read, in order of its path. Indices into this list are used everywhere below.
    pub tracks: Vec<Track>,
    /// What should be known, in order of tracks, and what mixing cannot mend (rules of [`crate::ingest`]).
    pub findings: Vec<Finding>,
    /// Left and right halves that belong together (I14).
    pub pairs: Vec<Pair>,
    /// A mix found among the tracks (I9), with the gains read from it.
    pub rough_mix: Option<RoughMix>,
    /// Tempo, beats, key, sections, count-in.
    pub time: Analysis,
    /// Polarity and time of microphones that hear the same thing (C3). Only what is to be done: a track without an entry
    /// stays as it is.
    pub alignments: Vec<Alignment>,
}

impl Song {
    /// Tracks that belong in the mix, with their indices.
    pub fn playing(&self) -> impl Iterator<Item = (usize, &Track)> {
        self.tracks.iter().enumerate().filter(|(_, track)| track.use_as == Use::Play)
    }
}

/// What becomes of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It belongs in the mix.
    Play,
    /// Nothing is on it (I3).
    Empty,
    /// The same as another track (I8), by index.
    DuplicateOf(usize),
    /// A mix of the others (I9) or named as one.
    Mix,
    /// A click for the players.
    Click,
    /// Somebody talks to the players.
    Talkback,
    /// The dry twin of a track that is printed with its effects (I10), by index; the wet one plays.
    DryOf(usize),
}

impl Use {
    /// Why it does not play, in words; `None` if it plays.
    #[must_use]
    pub fn why_muted(self) -> Option<&'static str> {
        Some(match self {
            Self::Play => return None,
            Self::Empty => "empty",
            Self::DuplicateOf(_) => "a duplicate",
            Self::Mix => "a mix or a reference, not a track",
            Self::Click => "a click track",
            Self::Talkback => "talkback",
            Self::DryOf(_) => "the dry twin of a track with effects",
        })
    }
}

/// A track, heard.
#[derive(Debug, Clone)]
pub struct Track {
    /// Id for the session: letters, digits and `_`, unique in the song and different from every bus of [`studio::mix::Group`].
    pub id: String,
    /// Path from the folder, with `/`.
    pub path: String,
    /// Name of the file without ending.
    pub name: String,
    /// Folder it is in, if not the folder itself.
    pub parent: Option<String>,
    /// Rate of the file.
    pub sample_rate_hz: u32,
    /// Channels of the file.
    pub channels: usize,
    /// Length of the file.
    pub frames: u64,
    /// How samples were stored.
    pub encoding: Encoding,
    /// Time reference, description, tags and track names of the file.
    pub metadata: Metadata,
    /// Channels to play (from 0) and why, when not all of them (I6, I7).
    pub picked: Option<Picked>,
    /// Where it begins in the song (I2); 0 unless time stamps say otherwise.
    pub start_seconds: f64,
    /// First 16 hexadecimal digits of the BLAKE3 hash of its decoded samples (as 32-bit floats, frame by frame), its
    /// rate and its channels: the same for the same sound under any name.
    pub content: String,
    /// What becomes of it.
    pub use_as: Use,
    /// What it is.
    pub role: Guess,
    /// How it goes on in time.
    pub film: Film,
    /// What is true of all of it.
    pub facts: Facts,
}

impl Track {
    /// Length of the file.
    #[must_use]
    pub fn duration_seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.sample_rate_hz.max(1))
    }

    /// Channels that play: 1 or 2.
    #[must_use]
    pub fn played(&self) -> usize {
        self.picked.as_ref().map_or(self.channels, |picked| picked.channels.len()).min(2)
    }
}

/// Channels that are played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    /// Channels of the file, from 0.
    pub channels: Vec<usize>,
    /// Why, in words.
    pub why: &'static str,
}

/// Hears every track in `folder` and the folders in it, three deep.
///
/// # Errors
/// `no_tracks` when there is no audio; a folder that cannot be read; `too_many`; `interrupted`.
pub fn hear(folder: &Path, job: &Job<'_>, options: &Options) -> Result<Song> {
    let paths = studio::mix::files_below(folder)?;
    let name =
        folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    song(folder, name.unwrap_or_else(|| "Untitled".to_owned()), paths, job, options)
}

/// As [`hear`], for the files of a list (paths from `root`), which need not be one folder.
///
/// # Errors
/// As [`hear`].
pub fn hear_files(root: &Path, paths: &[String], job: &Job<'_>, options: &Options) -> Result<Song> {
    let mut paths = paths.to_vec();
    paths.sort();
    paths.dedup();
    song(root, "Untitled".to_owned(), paths, job, options)
}

fn song(root: &Path, name: String, paths: Vec<String>, job: &Job<'_>, options: &Options) -> Result<Song> {
    let mut findings = Vec::new();
    let heard = scan::listen_all(root, &paths, job, options, &mut findings)?;
    if heard.is_empty() {
        let error = Error::input("no_tracks", "there is no audio in this folder").at(root.display());
        return Err(error.hint("one file for each track, WAV, AIFF or FLAC"));
    }
    let mut song = scan::assemble(name, heard, options, findings);
    crate::ingest::arrive(root, &mut song, job, options)?;
    crate::sort::sort(&mut song, options);
    crate::time::mark_guides(&mut song, options.ignore_names);
    song.time = crate::time::analyse(&song);
    crate::ingest::judge(root, &mut song, job, options)?;
    crate::sort::remark(&mut song);
    if !options.skip_alignment {
        song.alignments = crate::align::align(root, &song, job, options)?;
    }
    job.step("listen", song.tracks.len() as u64, song.tracks.len() as u64)?;
    Ok(song)
}

#[cfg(test)]
mod tests;
