//! A session in another folder: the same words, and the files found from there.

use super::Base;
use crate::moves::{Ledger, quoted, read};
use std::path::{Component, Path, PathBuf};
use studio::message::Result;
use studio::session::{Named, Session};

/// The text of a session as it has to stand in a folder from which `way` leads to the one it stands in now. Nothing else changes: comments,
/// order and every value stay. Absolute paths stay as well.
///
/// # Errors
/// `not_toml`, `session_shape` for a record of moves that is no table.
pub fn moved(session: &Session, way: &Path) -> Result<String> {
    let mut text = session.origin.text.clone();
    let clips = session.tracks.iter().flat_map(|track| &track.clips).map(|clip| &clip.file);
    let inserts = session.strips().chain([&session.mix]).flat_map(|strip| &strip.inserts);
    let mut files: Vec<&Named> = clips.chain(inserts.filter_map(|insert| insert.impulse.as_ref())).collect();
    // From the end, so that what is ahead stays where it was; a file that two places read is written once.
    files.sort_by_key(|file| std::cmp::Reverse(file.span.start));
    files.dedup_by_key(|file| file.span.start);
    for file in files {
        if text.is_char_boundary(file.span.start) && text.is_char_boundary(file.span.end) {
            text.replace_range(file.span.clone(), &quoted(&from(way, &file.id)));
        }
    }
    match read(&text) {
        Some(Ledger { tracks, .. }) => {
            let mut base = Base::parse(&text)?;
            base.heard_from(&from(way, &tracks))?;
            Ok(base.text())
        }
        None => Ok(text),
    }
}

/// A path of the session, by the way to its folder; `a/../b` is `b`.
fn from(way: &Path, path: &str) -> String {
    let mut whole = PathBuf::new();
    for part in way.join(path).components() {
        match part {
            Component::ParentDir if matches!(whole.components().next_back(), Some(Component::Normal(_))) => {
                whole.pop();
            }
            Component::CurDir => {}
            part => whole.push(part),
        }
    }
    whole.to_string_lossy().replace('\\', "/")
}
