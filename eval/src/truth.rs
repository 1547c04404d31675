//! What is known about a song because we made it.

use serde::{Deserialize, Serialize};
use std::path::Path;
use studio::message::{Error, Result};
use studio::mix::Group;

/// A track.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Track {
    /// File, from the song's folder.
    pub file: String,
    /// Role, as in the studio's table; `click` and `talkback` besides.
    pub role: String,
    /// Id of the group's bus.
    pub group: String,
    /// Channels.
    pub channels: usize,
    /// Integrated loudness of the file.
    pub integrated_lufs: Option<f64>,
    /// Gain in the mix that was meant.
    pub gain_db: f64,
    /// Place in it.
    pub pan: f64,
    /// `play`, `click`, `talkback`, `mix`, `empty`, `duplicate`.
    pub used_as: String,
}

/// How a microphone stands to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alignment {
    /// The track that would be moved.
    pub file: String,
    /// What it is moved to.
    pub reference: String,
    /// Frames the reference is later by; several if it is a pair.
    pub delay_frames: Vec<f64>,
    /// Whether its polarity is turned over against the reference.
    pub inverted: bool,
}

/// What was done to a song on purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Damage {
    /// Kind, as in [`crate::damage::Kind`].
    pub kind: String,
    /// File it is about.
    pub file: String,
    /// How much, in the unit of its kind.
    pub amount: f64,
    /// Where, for what has a frequency.
    pub freq_hz: Option<f64>,
}

/// A section in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// `verse`…
    pub label: String,
    /// From.
    pub start_seconds: f64,
    /// To.
    pub end_seconds: f64,
}

/// A song.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// `rock-2`, with the damage behind it if there is any.
    pub id: String,
    /// Genre.
    pub genre: String,
    /// Size, 0 to 3.
    pub arrangement: usize,
    /// Seed it was made with.
    pub seed: u64,
    /// Rate of every file.
    pub sample_rate_hz: u32,
    /// Length.
    pub seconds: f64,
    /// Tempo.
    pub bpm: f64,
    /// Beats of a bar.
    pub beats_per_bar: usize,
    /// Key note: 0 is C.
    pub tonic: i32,
    /// Whether minor.
    pub minor: bool,
    /// Where bar 1 begins.
    pub start_seconds: f64,
    /// Counted in from here to the start, if it is.
    pub count_in_seconds: Option<f64>,
    /// Form.
    pub sections: Vec<Span>,
    /// Whether somebody sings the lead.
    pub has_lead: bool,
    /// Tracks.
    pub tracks: Vec<Track>,
    /// Microphones that hear the same thing.
    pub alignments: Vec<Alignment>,
    /// Damage.
    pub damage: Vec<Damage>,
    /// Song this is the damaged twin of.
    pub clean: Option<String>,
}

/// Name of the file in a song's folder.
pub const FILE: &str = "truth.json";

impl Truth {
    /// Reads it from a song's folder.
    ///
    /// # Errors
    /// `not_found`, `truth`.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let text = studio::files::read_text(&path, "the truth", 1 << 24)?;
        serde_json::from_str(&text)
            .map_err(|error| Error::input("truth", error.to_string()).at(path.display()))
    }

    /// Writes it into a song's folder.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let text =
            serde_json::to_string_pretty(self).map_err(|error| Error::input("truth", error.to_string()))?;
        studio::files::write(&folder.join(FILE), text.as_bytes(), true)
    }

    /// The track of a file.
    #[must_use]
    pub fn track(&self, file: &str) -> Option<&Track> {
        self.tracks.iter().find(|track| track.file == file)
    }

    /// Files of a group that play.
    #[must_use]
    pub fn files_of(&self, group: Group) -> Vec<&str> {
        let of = |track: &&Track| track.group == group.id() && track.used_as == "play";
        self.tracks.iter().filter(of).map(|track| track.file.as_str()).collect()
    }
}
