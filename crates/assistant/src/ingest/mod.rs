//! What is found when tracks arrive (rules I1 to I14 of C1), and what mixing cannot mend.
//!
//! Codes of findings: `rate_differs` (I1), `start_differs`, `length_differs` (I2), `empty` (I3), `clipped` (I4), `dc` (I5), `mono_in_stereo` (I6),
//! `one_sided` (I7), `duplicate` (I8), `rough_mix` (I9), `wet_and_dry` (I10), `printed_reverb` (I11), `bleed` (I12),
//! `over_full_scale` (I13), `pair` (I14); `unreadable`, `many_channels`, `reference`, `click`, `talkback`, `count_in`; `role_conflict`;
//! and of the takes themselves: `out_of_tune`, `out_of_time`, `missing_part`, `noisy`, `hum`.

mod bleed;
mod guides;
mod pairs;
mod rough;
mod takes;
mod tracks;
mod waves;

pub(crate) use takes::printed_room;

use crate::hear::{Options, Song};
use std::path::Path;
use studio::job::Job;
use studio::message::Result;

/// Two mono tracks that are the sides of one (I14).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// Index of the left one.
    pub left: usize,
    /// Index of the right one.
    pub right: usize,
    /// Correlation of both: a stereo recording between 0.2 and 0.99, a double take near 0.
    pub correlation: f64,
    /// Whether they are one recording (I14: joined into a stereo object) or two takes, each at its side (C6).
    pub joined: bool,
}

/// A mix found among the tracks (I9): what a producer heard.
#[derive(Debug, Clone, PartialEq)]
pub struct RoughMix {
    /// Index of the track that is the mix.
    pub track: usize,
    /// What is left of it when the others are taken away, dB under it.
    pub residual_db: f64,
    /// Gain in dB of each track in it, by index; tracks that are not in it are left out.
    pub gains_db: Vec<(usize, f64)>,
    /// Position of each of these tracks in it, -1 left … 1 right, in the same order.
    pub pans: Vec<f64>,
}

/// What can be said before roles are known: places tracks in time, mutes what is empty or there twice, finds pairs.
pub(crate) fn arrive(root: &Path, song: &mut Song, job: &Job<'_>, options: &Options) -> Result<()> {
    tracks::starts(song);
    tracks::remarks(song);
    pairs::duplicates(root, song, job, options)?;
    if !options.ignore_names {
        pairs::wet_and_dry(song);
        pairs::sides(root, song, job, options)?;
    }
    Ok(())
}

/// What needs roles, tempo and tuning: a rough mix, bleed, printed rooms, and what mixing cannot mend.
///
/// # Errors
/// A file that cannot be read any more; `interrupted`.
pub(crate) fn judge(root: &Path, song: &mut Song, job: &Job<'_>, options: &Options) -> Result<()> {
    rough::find(root, song, job, options)?;
    bleed::find(song);
    takes::find(song);
    guides::find(song);
    // In order of tracks; what is about the song first.
    let order: Vec<String> = song.tracks.iter().map(|track| track.path.clone()).collect();
    let place = |about: &str| order.iter().position(|path| path == about).map_or(0, |at| at + 1);
    song.findings.sort_by_key(|finding| (place(&finding.about), finding.rule));
    Ok(())
}
