//! Songs become tracks: where each begins, where it ends, what is hidden.

use super::lay::{Slot, Timeline};
use super::sheet::Album;
use serde::Serialize;

/// A track of a set: a song, and a hidden one behind it if there is one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Track {
    /// Its number, from 1.
    pub number: usize,
    /// Index of the song it is called after.
    pub song: usize,
    /// First frame of the song.
    pub start: u64,
    /// Where its sound ends (that of a hidden song behind it, if there is one).
    pub sound_end: u64,
    /// Where the song before it ended: the pause before it begins there.
    pub pause: u64,
}

/// Whether a song has no track of its own.
fn is_hidden(album: &Album, slot: &Slot) -> bool {
    album.songs.get(slot.song).is_some_and(|song| song.controls.hidden)
}

/// The tracks of a timeline. A hidden song at the beginning lies before track 1, one at the end in the last track; hidden songs
/// in the middle belong to the track before them.
#[must_use]
pub(super) fn of(album: &Album, timeline: &Timeline) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    let mut before = 0;
    for slot in &timeline.slots {
        if !is_hidden(album, slot) {
            let number = tracks.len() + 1;
            tracks.push(Track {
                number,
                song: slot.song,
                start: slot.start,
                sound_end: slot.end,
                pause: before,
            });
        } else if let Some(track) = tracks.last_mut() {
            track.sound_end = slot.end;
        }
        before = slot.end;
    }
    tracks
}

/// A name without what file systems do not take.
pub(super) fn plain_name(name: &str) -> String {
    // Refused by Windows file systems, or by any: see Microsoft, "Naming Files, Paths, and Namespaces".
    let fine = |c: char| !c.is_control() && !"<>:\"/\\|?*".contains(c);
    let plain: String = name.chars().map(|c| if fine(c) { c } else { '-' }).collect();
    let plain = plain.trim().trim_end_matches(['.', ' ']);
    if plain.is_empty() { "Untitled".to_owned() } else { plain.to_owned() }
}

/// Name of a file: number, title, without what file systems do not take.
#[must_use]
pub fn file_name(number: usize, title: &str, ending: &str) -> String {
    let plain = plain_name(title);
    let mut name = format!("{number:02} ");
    // 255 bytes are the most that file systems take; temporary names are longer than these.
    for c in plain.chars() {
        if name.len() + c.len_utf8() > 180 {
            break;
        }
        name.push(c);
    }
    format!("{}.{ending}", name.trim_end())
}
