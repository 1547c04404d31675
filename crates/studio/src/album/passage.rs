//! Songs that are one piece: cut from one recording, they have one chain and one gain, and no seam.

use super::listen::Heard;
use super::sheet::{Album, Song};
use super::source::{Joined, Part};
use super::write::inserts_to_toml;
use crate::handover::Premaster;
use crate::master::chain::Step;
use crate::message::Result;
use std::ops::Range;

/// A run of songs that are one piece; most are one song.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Songs, by index.
    pub songs: Range<usize>,
}

impl Passage {
    /// The song whose settings hold for all.
    #[must_use]
    pub fn lead(&self) -> usize {
        self.songs.start
    }

    /// What is played of which prints.
    pub(super) fn parts<'a>(&self, heard: &'a [Heard]) -> Vec<(&'a Premaster, Part)> {
        let songs = heard.get(self.songs.clone()).unwrap_or_default();
        songs.iter().map(|song| (&song.premaster, song.part)).collect()
    }

    /// The prints as one stream.
    pub(super) fn source<'a>(&self, heard: &'a [Heard]) -> Result<Joined<'a>> {
        Joined::new(self.parts(heard))
    }

    /// Frames of the prints, song by song.
    pub(super) fn frames(&self, heard: &[Heard]) -> Vec<u64> {
        heard.get(self.songs.clone()).unwrap_or_default().iter().map(|song| song.part.frames).collect()
    }
}

/// Frames of each passage.
pub(super) fn lengths(passages: &[Passage], heard: &[Heard]) -> Vec<u64> {
    passages.iter().map(|passage| passage.frames(heard).iter().sum()).collect()
}

/// Cuts an album into passages: songs stay together where nothing is put between them and the waveform goes on.
pub(super) fn of(album: &Album, heard: &[Heard]) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    for song in 0..album.songs.len() {
        match passages.last_mut() {
            Some(passage) if song > 0 && are_one(album, heard, song - 1) => passage.songs.end = song + 1,
            _ => passages.push(Passage { songs: song..song + 1 }),
        }
    }
    passages
}

/// Whether a song and the next are one piece.
fn are_one(album: &Album, heard: &[Heard], song: usize) -> bool {
    let (Some(one), Some(next)) = (album.songs.get(song), album.songs.get(song + 1)) else { return false };
    let (Some(heard_one), Some(heard_next)) = (heard.get(song), heard.get(song + 1)) else { return false };
    let same_format = heard_one.sample_rate_hz() == heard_next.sample_rate_hz()
        && heard_one.premaster.info().channels() == heard_next.premaster.info().channels();
    let nothing_between = next.controls.gap_seconds == 0.0
        && next.controls.crossfade_seconds == 0.0
        && one.fade_out.is_none()
        && next.fade_in.is_none();
    // Different chains or levels, given by hand, are two pieces: it was wanted so.
    let same_chain =
        next.steps.as_ref().is_none_or(|steps| Some(text_of(steps)) == one.steps.as_deref().map(text_of));
    same_format
        && nothing_between
        && same_chain
        && same_level(one, next)
        && heard_one.edges.goes_on_in(&heard_next.edges)
}

fn same_level(one: &Song, next: &Song) -> bool {
    let own = |song: &Song, key: &str| song.has(key);
    let level = !own(next, "level_lu") || next.controls.level_lu == one.controls.level_lu;
    level && next.controls.offset_db == one.controls.offset_db
}

fn text_of(steps: impl AsRef<[Step]>) -> String {
    let mut text = String::new();
    let plain: Vec<Step> =
        steps.as_ref().iter().map(|step| Step { because: String::new(), ..step.clone() }).collect();
    inserts_to_toml(&mut text, &plain);
    text
}
