//! What is known only when a file has been measured gets into its tags, in the room kept for it; the audio stays where it is.

use super::artwork::Artwork;
use super::replay_gain::{self, Gain};
use super::{Container, Spec, id3};
use crate::message::{Error, Kind, Result};
use flac_codec::metadata::{VorbisComment, update_file};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

/// Where the tags of a file are, and what they say besides.
#[derive(Debug, Clone)]
pub(super) enum Retag {
    /// FLAC: in its comment block.
    Flac,
    /// WAV: in an `id3 ` chunk of so many bytes.
    Wav {
        /// Where its body begins.
        at: u64,
        /// Its bytes.
        size: usize,
        /// Texts it has besides.
        pairs: Vec<(String, String)>,
        /// Its picture.
        artwork: Option<Artwork>,
    },
}

impl Retag {
    /// `None` where the file keeps no room for gains.
    pub(super) fn of(spec: &Spec, id3_at: Option<(u64, usize)>) -> Option<Self> {
        match (spec.replay_gain, spec.container, id3_at) {
            (true, Container::Flac, _) => Some(Self::Flac),
            (true, Container::Wav, Some((at, size))) => {
                Some(Self::Wav { at, size, pairs: spec.tags.clone(), artwork: spec.artwork.clone() })
            }
            _ => None,
        }
    }

    /// Writes the gains into the file at `path`; `target` is what it will be called.
    pub(super) fn put(&self, path: &Path, target: &Path, track: Gain, album: Option<Gain>) -> Result<()> {
        let failed = |error: std::io::Error| Error::io(target, "write the tags", &error);
        let gains = replay_gain::pairs(track, album);
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
        match self {
            Self::Flac => flac(file, &gains).map_err(|error| {
                Error::new(Kind::Internal, "internal", error.to_string()).at(target.display())
            }),
            Self::Wav { at, size, pairs, artwork } => {
                let all: Vec<_> = pairs.iter().cloned().chain(gains).collect();
                let tag = id3::tag(&all, artwork.as_ref(), *size);
                if tag.len() != *size {
                    let what = "the tags outgrew the room that was kept for them";
                    return Err(Error::new(Kind::Internal, "internal", what).at(target.display()));
                }
                file.seek(SeekFrom::Start(*at)).map_err(failed)?;
                file.write_all(&tag).and_then(|()| file.flush()).map_err(failed)
            }
        }
    }
}

/// Rewrites the comment block within the padding behind it.
fn flac(file: File, gains: &[(String, String)]) -> std::result::Result<(), flac_codec::Error> {
    // The padding is far longer than the tags: the file is never built anew.
    let no_room = || Err::<File, _>(std::io::Error::other("no room for tags in the padding"));
    update_file(file, no_room, |blocks| {
        blocks.update::<VorbisComment>(|comment| {
            for (name, text) in gains {
                comment.set(name, text);
            }
        });
        Ok::<(), flac_codec::Error>(())
    })
    .map(drop)
}
