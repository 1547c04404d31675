//! Sides of a record: those that are given, or proposed where it is to be cut.

use super::propose::Prepared;
use super::sheet::{Album, Side};
use crate::message::Result;
use crate::targets::Target;
use crate::vinyl::{self, Format, clock, plan};
use std::ops::Range;

/// The destination that is cut.
pub(super) const CUT: &str = "vinyl";
/// Kind of record where none is named.
const USUAL: &str = "12in-33";

/// The kind of record an album is cut on.
///
/// # Errors
/// `unknown_format`.
pub(super) fn format_of(album: &Album) -> Result<Format> {
    vinyl::find(album.head.record.as_deref().unwrap_or(USUAL))
}

/// The sides of an album: as given; where none are and it is to be cut, songs are spread so that the longest side is as short
/// as can be and no piece is parted.
///
/// # Errors
/// `unknown_format`, `side_too_long`.
pub(super) fn of(prepared: &Prepared, targets: &[Target]) -> Result<Vec<Side>> {
    let album = &prepared.album;
    if !album.sides.is_empty() || targets.iter().all(|target| target.name != CUT) {
        return Ok(album.sides.clone());
    }
    let format = format_of(album)?;
    let pieces: Vec<Range<usize>> = prepared.passages.iter().map(|passage| passage.songs.clone()).collect();
    // Every piece with the gap before it: a side is a few seconds shorter than is reckoned here.
    let seconds: Vec<f64> =
        pieces.iter().map(|songs| songs.clone().map(|song| length(prepared, song)).sum()).collect();
    let most = 60.0 * format.most_minutes();
    // A piece that no side holds is parted after all.
    let (pieces, seconds) = if seconds.iter().any(|length| *length > most) {
        let songs = 0..album.songs.len();
        (
            songs.clone().map(|song| song..song + 1).collect(),
            songs.map(|song| length(prepared, song)).collect(),
        )
    } else {
        (pieces, seconds)
    };
    let spread = plan::spread(&seconds, 0.0, &format, None)?;
    let count = spread.len();
    let side = |(range, letter): (Range<usize>, char)| {
        let own = pieces.get(range.clone()).unwrap_or_default();
        let length: f64 = seconds.get(range).unwrap_or_default().iter().sum();
        let songs = own.iter().flat_map(|songs| album.songs.get(songs.clone()).unwrap_or_default());
        Side {
            name: letter.to_string(),
            songs: songs.map(|song| song.id.clone()).collect(),
            because: Some(format!(
                "{} of music: spread over {count} sides of a {} so that the longest is as short as can be",
                clock(length),
                format.title
            )),
        }
    };
    Ok(spread.into_iter().zip('A'..='Z').map(side).collect())
}

fn length(prepared: &Prepared, song: usize) -> f64 {
    let gap = prepared.album.songs.get(song).map_or(0.0, |song| song.controls.gap_seconds);
    gap + prepared.heard.get(song).map_or(0.0, super::listen::Heard::seconds)
}
