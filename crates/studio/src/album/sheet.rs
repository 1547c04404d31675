//! What an album is: `album.toml` as data.

use crate::master::chain::Step;
use crate::session::FadeShape;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Version of the format.
pub(super) const VERSION: f64 = 1.0;
/// Longest text, by our own convention: a record of a hundred songs with all its reasons has some 100 kB.
pub(super) const MOST_BYTES: u64 = 1 << 20;
/// Most songs. By our own convention: far past any record; a CD takes 99 tracks.
pub(super) const MOST_SONGS: usize = 400;
/// Most sides. By our own convention: a box of thirty-two records.
pub(super) const MOST_SIDES: usize = 64;
/// Most extra indexes of a song: a CD counts to 99, of which 0 and 1 are taken (IEC 60908, 17.5).
pub(super) const MOST_INDEXES: usize = 98;

fx::choice! {
    /// What is brought to the loudness of a destination.
    pub enum Loudness {
        /// The loudest song; the others keep their distance from it.
        Album = "album",
        /// Every song by itself.
        Track = "track",
        /// The song named as the anchor; the others keep their distance from it.
        Anchor = "anchor",
        /// Nothing: songs come as they were printed, only the ceiling is held.
        Keep = "keep",
    }
}

fx::choice! {
    /// What is done to songs that have no `insert` of their own.
    pub enum Process {
        /// The mastering engineer's proposal for each song, then the tone of the record's family.
        Master = "master",
        /// Only the tone of the record's family: for songs that are masters already.
        Tone = "tone",
        /// Nothing.
        None = "none",
    }
}

fx::fields! {
    /// Choices for the whole record.
    pub struct Choices {
        /// What is brought to the loudness of a destination.
        loudness: choice Loudness = Album;
        /// What is done to songs without an `insert`.
        process: choice Process = Master;
    }
}

fx::fields! {
    /// A fade at the beginning or the end of a song.
    pub struct Fade {
        /// Length.
        seconds: Seconds = 0.0 in 0.0..=600.0;
        /// Course.
        shape: choice FadeShape = Smooth;
        /// Bend of an exponential or logarithmic fade.
        curvature: Plain = 4.0 in 0.01..=20.0;
    }
}

fx::fields! {
    /// Numbers of a song.
    pub struct Controls {
        /// Silence before it, from the end of the song before.
        gap_seconds: Seconds = 0.0 in 0.0..=3600.0;
        /// How long it overlaps with the song before; in place of a gap.
        crossfade_seconds: Seconds = 0.0 in 0.0..=60.0;
        /// Course of the crossfade, up and down.
        crossfade_shape: choice FadeShape = EqualPower;
        /// What is left out at the beginning of the file.
        start_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// Where it ends in the file; 0 is the end of the file.
        end_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// Louder or softer than planned.
        offset_db: Db = 0.0 in -24.0..=12.0;
        /// Planned loudness re the anchor: short-term loudness exceeded in a twentieth of the time, LU.
        level_lu: Plain = 0.0 in -60.0..=12.0;
        /// Not a track of its own: before track 1 (the first song) or in the last track (the last one).
        hidden: switch = false;
    }
}

/// Who made it, as CD-TEXT and tags name them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credits {
    /// Performer.
    pub artist: Option<String>,
    /// Words.
    pub songwriter: Option<String>,
    /// Music.
    pub composer: Option<String>,
    /// Arrangement.
    pub arranger: Option<String>,
    /// A line for the listener.
    pub message: Option<String>,
}

impl Credits {
    /// Keys and values in the order they are written.
    pub(super) fn all(&self) -> [(&'static str, &Option<String>); 5] {
        [
            ("artist", &self.artist),
            ("songwriter", &self.songwriter),
            ("composer", &self.composer),
            ("arranger", &self.arranger),
            ("message", &self.message),
        ]
    }
}

/// The record as a whole.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// Its title.
    pub title: String,
    /// Who made it.
    pub credits: Credits,
    /// UPC or EAN, thirteen digits.
    pub upc: Option<String>,
    /// Record company.
    pub label: Option<String>,
    /// Catalogue number.
    pub catalogue: Option<String>,
    /// Language of the texts, by its English name.
    pub language: Option<String>,
    /// Genre.
    pub genre: Option<String>,
    /// Kind of record it is cut on (`12in-33` unless named).
    pub record: Option<String>,
    /// Id of the song the others follow in tone and loudness; `None` is the median of all.
    pub anchor: Option<String>,
    /// Choices for the whole record.
    pub choices: Choices,
}

/// A song.
#[derive(Debug, Clone)]
pub struct Song {
    /// Its id.
    pub id: String,
    /// File, from the folder of the text.
    pub file: String,
    /// BLAKE3 of the file the values were proposed for.
    pub blake3: Option<String>,
    /// Title.
    pub title: String,
    /// Who made it, where that is not as for the record.
    pub credits: Credits,
    /// International Standard Recording Code, twelve characters.
    pub isrc: Option<String>,
    /// Numbers.
    pub controls: Controls,
    /// Which of the numbers were given (or proposed).
    pub given: Vec<&'static str>,
    /// Fade at the beginning.
    pub fade_in: Option<Fade>,
    /// Fade at the end.
    pub fade_out: Option<Fade>,
    /// Extra indexes, seconds from the beginning of the song.
    pub indexes: Vec<f64>,
    /// Whether its tone is left as it is.
    pub lock_tone: bool,
    /// Whether its level against the others is left as it was printed.
    pub lock_level: bool,
    /// Its processors; `None` until they are proposed.
    pub steps: Option<Vec<Step>>,
    /// Why values are as they are, by key; become comments.
    pub because: BTreeMap<&'static str, String>,
}

impl Song {
    /// A song of which nothing is known but its file.
    pub(super) fn new(id: String, file: String, title: String) -> Self {
        Self {
            id,
            file,
            blake3: None,
            title,
            credits: Credits::default(),
            isrc: None,
            controls: Controls::default(),
            given: Vec::new(),
            fade_in: None,
            fade_out: None,
            indexes: Vec::new(),
            lock_tone: false,
            lock_level: false,
            steps: None,
            because: BTreeMap::new(),
        }
    }

    /// Whether a number was given or proposed.
    pub(super) fn has(&self, key: &str) -> bool {
        self.given.contains(&key)
    }

    /// Proposes a number with its reason, unless it was given.
    pub(super) fn propose(&mut self, key: &'static str, value: f64, because: String) {
        use fx::Fields;
        let index = Controls::PARAMS.iter().position(|param| param.key == key);
        if let Some(index) = index.filter(|_| !self.has(key)) {
            self.controls.set(index, value);
            self.given.push(key);
            self.because.insert(key, because);
        }
    }
}

/// A side of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// What it is called: `A`.
    pub name: String,
    /// Ids of its songs, in order.
    pub songs: Vec<String>,
    /// Why, where it was proposed; becomes a comment.
    pub because: Option<String>,
}

/// An album.
#[derive(Debug, Clone)]
pub struct Album {
    /// The record as a whole.
    pub head: Head,
    /// Songs, in order.
    pub songs: Vec<Song>,
    /// Sides, if it is cut.
    pub sides: Vec<Side>,
    /// Where the files are.
    pub folder: PathBuf,
}

impl Album {
    /// Index of a song.
    #[must_use]
    pub fn index_of(&self, id: &str) -> Option<usize> {
        self.songs.iter().position(|song| song.id == id)
    }

    /// Index of the song the others follow.
    #[must_use]
    pub fn anchor(&self) -> Option<usize> {
        self.head.anchor.as_deref().and_then(|id| self.index_of(id))
    }

    /// Where the file of a song is.
    #[must_use]
    pub fn path_of(&self, song: usize) -> PathBuf {
        self.songs.get(song).map_or_else(PathBuf::new, |song| self.folder.join(&song.file))
    }
}
