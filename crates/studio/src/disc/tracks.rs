//! A disc: where its tracks begin, what flags and codes they carry, what text goes with them.

use super::codes::{Ean, Isrc};
use super::sectors::Sectors;
use super::text::Block;
use crate::message::{Error, Kind, Result};
use serde::Serialize;

/// What the disc says about copying it digitally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Copying {
    /// The copy bit is 0: copying is not permitted. What almost every disc carries.
    #[default]
    Prohibited,
    /// The copy bit is 1 (`DCP`).
    Permitted,
    /// Serial Copy Management: one generation of copies.
    Scms,
}

impl Copying {
    /// What two flags of a cue sheet mean together.
    ///
    /// # Errors
    /// `dcp_and_scms`: each contradicts the other.
    pub fn from_flags(permitted: bool, scms: bool) -> Result<Self> {
        match (permitted, scms) {
            (false, false) => Ok(Self::Prohibited),
            (true, false) => Ok(Self::Permitted),
            (false, true) => Ok(Self::Scms),
            (true, true) => {
                let what = "DCP (copying permitted) and SCMS (one generation only) exclude each other";
                Err(Error::new(Kind::Gate, "dcp_and_scms", what).hint("choose one of them, or none"))
            }
        }
    }
}

/// Control flags of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Flags {
    /// The audio was recorded with 50/15 µs pre-emphasis and players take it back. Nothing here adds it to audio.
    pub pre_emphasis: bool,
    /// Digital copying.
    pub copying: Copying,
    /// Four-channel audio: a bit that no player knows. Only filesets of others carry it.
    pub four_channel: bool,
}

/// A track: what index 01 marks begins it, so there is no track without one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Track {
    /// Index 00: where the pause before the track begins. Players count down through it.
    pub pregap: Option<Sectors>,
    /// Index 01.
    pub start: Sectors,
    /// Indexes 02, 03 …, in this order.
    pub indexes: Vec<Sectors>,
    /// Flags.
    pub flags: Flags,
    /// Code of the recording.
    pub isrc: Option<Isrc>,
}

impl Track {
    /// A track that begins at `start` without pause, flags or code.
    #[must_use]
    pub fn at(start: Sectors) -> Self {
        Self { start, ..Self::default() }
    }

    /// Its first mark: index 00 if there is one, else 01.
    #[must_use]
    pub fn first_mark(&self) -> Sectors {
        self.pregap.unwrap_or(self.start)
    }

    /// Numbers and places of all its indexes, as they stand in time.
    pub fn marks(&self) -> impl Iterator<Item = (usize, Sectors)> + '_ {
        let later = self.indexes.iter().enumerate().map(|(at, place)| (at + 2, *place));
        self.pregap.map(|place| (0, place)).into_iter().chain([(1, self.start)]).chain(later)
    }
}

/// A disc as someone wants it. [`RedBook`](super::RedBook) is one that keeps the rules.
///
/// Times count from the first sector of the image, the pregap of track 1 included: its index 00 stands at 0, its index 01 at
/// 150 or later. Audio in more than the 150 sectors before index 01 is a hidden track. Track `n` is `tracks[n − 1]`: numbers
/// have no gaps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Disc {
    /// Tracks 01, 02 ….
    pub tracks: Vec<Track>,
    /// Lead-out: the length of the image.
    pub end: Sectors,
    /// Product code (MCN).
    pub ean: Option<Ean>,
    /// Name by which the plant knows this master, up to 48 characters: catalogue number and version. Not on the disc.
    pub master_id: String,
    /// CD-TEXT, a block a language, the first the one that players show.
    pub text: Vec<Block>,
}

impl Disc {
    /// Length of a track: its index 01 to the next one's, or to the lead-out. `number` counts from 1.
    #[must_use]
    pub fn track_length(&self, number: usize) -> Option<Sectors> {
        let start = self.tracks.get(number.checked_sub(1)?)?.start;
        let next = self.tracks.get(number).map_or(self.end, |track| track.start);
        Some(next.minus(start))
    }

    /// What a player shows as the length: from the end of the shortest first pregap (LBA 0) to the lead-out.
    #[must_use]
    pub fn programme(&self) -> Sectors {
        self.end.minus(Sectors::FIRST_PREGAP)
    }

    /// What is hidden before track 1: the sectors of its pregap beyond the 150 that every disc has.
    #[must_use]
    pub fn hidden(&self) -> Option<Sectors> {
        let start = self.tracks.first()?.start;
        (start > Sectors::FIRST_PREGAP).then(|| start.minus(Sectors::FIRST_PREGAP))
    }
}
