//! What the user wrote: tracks, buses, processors, automation.
//!
//! A session is a TOML text. [`Session::parse`] reads it and reports everything wrong with it at once, each with its
//! place and the word that was probably meant; [`Document`] edits it and keeps the comments. Names, units and ranges
//! come from the declarations of [`fx`] and of [`controls`] and nowhere else.

mod automation;
mod check;
mod clip;
pub mod controls;
pub mod course;
mod document;
mod edit_group;
pub(crate) mod files;
mod folders;
pub(crate) mod insert;
mod parse;
pub(crate) mod read;
mod snapshot;
mod surround;
pub mod time;
mod timeline;

#[cfg(test)]
mod tests;

pub use automation::{AUTOMATED, Automation, Part, Point, Target};
pub use clip::{Clip, ClipControls, Crossfade, CrossfadeShape, FadeShape, LoopControls};
pub use controls::{
    BusLayout, Controls, Curve, PanLaw, PanMode, Polarity, SendChannels, SendControls, Tap, TimeBase,
    VcaControls,
};
pub use course::Course;
pub use document::{Document, Setting};
pub use edit_group::EditGroup;
pub(crate) use edit_group::findings as edit_group_findings;
pub use insert::{Insert, Key, KeyControls, inserts_of};
pub use read::Span;
pub use snapshot::{Change, Snapshot};
pub use surround::{FoldLevel, MixShape};
pub use time::{Meter, TempoMap, TempoPoint};
pub use timeline::Marker;

use crate::message::{Error, Kind};
use std::path::{Path, PathBuf};

/// Version of the format this program reads and writes.
pub const VERSION: i64 = 1;
/// Id of the mix bus.
pub const MIX: &str = "mix";
/// Longest text that is read.
pub const MOST_TEXT_BYTES: usize = 16 << 20;

/// How to treat a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Take files outside the session's folder.
    pub allow_external: bool,
}

/// Where a session was read from: for messages that point into it, and for the files it names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Path of the text as given.
    pub file: String,
    /// The text.
    pub text: String,
    /// Folder that relative paths start from.
    pub folder: PathBuf,
    /// How the session was to be treated.
    pub options: Options,
}

/// A word that names something else in the session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// The id.
    pub id: String,
    /// Where it stands.
    pub span: Span,
}

/// A whole session, checked: every reference leads somewhere, every value is in its range, no routing cycle.
#[derive(Debug, Clone)]
pub struct Session {
    /// Name of the song.
    pub name: String,
    /// Sample rate of the mix.
    pub sample_rate_hz: u32,
    /// Tempo at the start.
    pub tempo_bpm: f64,
    /// Time signature at the start.
    pub time_signature: Meter,
    /// Tempo and time signatures all along.
    pub tempo: TempoMap,
    /// Markers, in order of time.
    pub markers: Vec<Marker>,
    /// Whether a mute also shuts the sends that leave ahead of it.
    pub mute_pre_sends: bool,
    /// Tracks, in the order of the text. Nothing audible depends on the order.
    pub tracks: Vec<Track>,
    /// Buses, in the order of the text.
    pub buses: Vec<Bus>,
    /// Groups of faders.
    pub vcas: Vec<Vca>,
    /// The mix bus.
    pub mix: Strip,
    /// Channels of the mix, and how they are folded.
    pub shape: MixShape,
    /// Curves.
    pub automation: Vec<Automation>,
    /// Tracks that are cut together.
    pub edit_groups: Vec<EditGroup>,
    /// Other settings of the same session.
    pub snapshots: Vec<Snapshot>,
    /// Where it came from.
    pub origin: Origin,
}

/// What tracks, buses and the mix bus have in common.
#[derive(Debug, Clone)]
pub struct Strip {
    /// Id: letters, digits, `_` and `-`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Controls.
    pub controls: Controls,
    /// Processors, in order.
    pub inserts: Vec<Insert>,
    /// Bus it goes to (its folder's or `mix` if not given); of no meaning on the mix bus itself.
    pub output: Named,
    /// Bus or VCA it stands in.
    pub folder: Option<Named>,
    /// Sends.
    pub sends: Vec<Send>,
    /// Where its id stands.
    pub span: Span,
}

/// A track: clips into a strip.
#[derive(Debug, Clone)]
pub struct Track {
    /// The strip.
    pub strip: Strip,
    /// Clips, in the order of the text.
    pub clips: Vec<Clip>,
}

/// A bus: other strips into a strip.
#[derive(Debug, Clone)]
pub struct Bus {
    /// The strip.
    pub strip: Strip,
    /// Channels.
    pub layout: BusLayout,
    /// What stands in it, where the text of the bus says so.
    pub members: Vec<Named>,
}

/// A send.
#[derive(Debug, Clone)]
pub struct Send {
    /// Bus it goes to.
    pub to: Named,
    /// Controls.
    pub controls: SendControls,
}

/// A group of faders without audio.
#[derive(Debug, Clone)]
pub struct Vca {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Controls.
    pub controls: VcaControls,
    /// Tracks, buses and other VCAs it moves.
    pub members: Vec<Named>,
    /// Bus or VCA it stands in.
    pub folder: Option<Named>,
    /// Where its id stands.
    pub span: Span,
}

impl Session {
    /// Reads a session file. Everything wrong with it comes back, at least one error if anything is.
    pub fn load(path: &Path, options: Options) -> Result<Self, Vec<Error>> {
        let text = crate::files::read_text(path, "the session", MOST_TEXT_BYTES as u64)
            .map_err(|error| vec![error])?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self::parse(&text, &path.display().to_string(), &folder, options)
    }

    /// Reads a session text. `file` is its name in messages; relative paths start from `folder`.
    pub fn parse(text: &str, file: &str, folder: &Path, options: Options) -> Result<Self, Vec<Error>> {
        if text.len() > MOST_TEXT_BYTES {
            let what = format!("{} bytes of session text, {MOST_TEXT_BYTES} are allowed", text.len());
            return Err(vec![Error::new(Kind::Input, "too_large", what).at(file)]);
        }
        let origin =
            Origin { file: file.to_owned(), text: text.to_owned(), folder: folder.to_path_buf(), options };
        parse::session(origin)
    }

    /// Every file that is missing or not to be read, with the nearest name there is.
    #[must_use]
    pub fn check_files(&self) -> Vec<Error> {
        files::check(self)
    }

    /// Path of a clip's file.
    #[must_use]
    pub fn path_of(&self, clip: &Clip) -> PathBuf {
        self.origin.folder.join(&clip.file.id)
    }

    /// An error that points into the session's text.
    #[must_use]
    pub fn error_at(&self, span: &Span, error: Error, label: &str) -> Error {
        error.place(self.origin.file.clone(), &self.origin.text, span.clone(), label)
    }

    /// The strip called `id`: a track, a bus or the mix bus.
    #[must_use]
    pub fn strip(&self, id: &str) -> Option<&Strip> {
        if id == MIX {
            return Some(&self.mix);
        }
        self.strips().find(|strip| strip.id == id)
    }

    /// Files of impulse responses, of inserts that run.
    pub fn impulses(&self) -> impl Iterator<Item = &Named> {
        let inserts = self.strips().chain([&self.mix]).flat_map(|strip| &strip.inserts);
        inserts.filter(|insert| insert.on).filter_map(|insert| insert.impulse.as_ref())
    }

    /// Strips of tracks, then of buses; not the mix bus.
    pub fn strips(&self) -> impl Iterator<Item = &Strip> {
        self.tracks.iter().map(|track| &track.strip).chain(self.buses.iter().map(|bus| &bus.strip))
    }

    /// Frame of a time in the session.
    #[must_use]
    pub fn frame_at(&self, seconds: f64) -> u64 {
        // Rounded to the nearest; the ranges keep this far from the end of f64's whole numbers.
        (seconds * f64::from(self.sample_rate_hz)).round().max(0.0) as u64
    }

    /// Seconds of a number of beats.
    #[must_use]
    pub fn seconds_of_beats(&self, beats: f64) -> f64 {
        self.tempo.seconds_of_beats(beats)
    }
}
