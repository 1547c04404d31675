//! The other side of the desk: tracks are checked and exported for an engineer who does not sit here.
//!
//! ```text
//! folder or session ─hear→ what every track is ─plan→ names, places, one length ─export→ files, bit for bit ─readme→ what to know
//! ```
//!
//! Nothing is processed: no fader, no bus, no repair. Samples are those of the files, with silence before and behind; what is wrong
//! with them is listed.

mod export;
mod input;
mod names;
mod plan;
mod readme;

pub use names::safe_name;
pub use plan::{Plan, Planned, plan};
pub use readme::sheet;

use crate::hear::Song;
use input::Input;
use std::path::Path;
use studio::decode;
use studio::job::Job;
use studio::message::{Error, Finding};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Roles, `TRACK=ROLE`.
    pub roles: Vec<String>,
    /// Rate that tracks of other rates are converted to; without it, one rate is all there may be.
    pub rate_hz: Option<u32>,
    /// Leave click, talkback, mixes and dry twins out in place of giving them a folder of their own.
    pub leave_guides: bool,
    /// How to treat doubtful files.
    pub decode: decode::Options,
}

/// An exported track.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// What was planned for it.
    pub planned: Planned,
    /// Whether its samples are those of its file: nothing was converted.
    pub unchanged: bool,
    /// BLAKE3 of its audio, as [`studio::deliver::Written::audio_blake3`].
    pub audio_blake3: String,
    /// Bytes of the file.
    pub bytes: u64,
}

/// An export.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Name of the song.
    pub name: String,
    /// Rate of every file.
    pub sample_rate_hz: u32,
    /// Length of every file.
    pub frames: u64,
    /// Time of day of the first frame, in frames since midnight; 0 where the files do not say.
    pub time_reference_frames: u64,
    /// The tracks, in the order of a desk; then guides.
    pub tracks: Vec<Exported>,
    /// What is left out: original name and why.
    pub left_out: Vec<(String, String)>,
    /// Tempo in words.
    pub tempo: String,
    /// Key in words.
    pub key: String,
    /// What is to be known about the song as a whole.
    pub remarks: Vec<String>,
    /// Everything that was found.
    pub findings: Vec<Finding>,
}

/// Hears a folder or a session, plans the export, and writes it into `folder`, which exists. On failure nothing but what was written
/// so far is left: the folder is the caller's.
///
/// Costs the hearing (about 7 ms a second of a mono track), and one reading, writing and reading back of every track.
///
/// # Errors
/// Those of hearing; `edited_session`, `mixed_rates`, `nothing_to_prepare`; those of reading and writing.
pub fn prepare(
    input: &Path,
    folder: &Path,
    request: &Request,
    job: &Job<'_>,
) -> Result<Prepared, Vec<Error>> {
    let one = |error: Error| vec![error];
    let Input { root, song } = input::hear(input, request, job)?;
    let plan = plan(&song, request).map_err(one)?;
    let tracks = export::all(&root, folder, &plan, request, job).map_err(one)?;
    Ok(told(&song, plan, tracks))
}

fn told(song: &Song, plan: Plan, tracks: Vec<Exported>) -> Prepared {
    Prepared {
        name: song.name.clone(),
        sample_rate_hz: plan.sample_rate_hz,
        frames: plan.frames,
        time_reference_frames: plan.time_reference_frames,
        tracks,
        left_out: plan.left_out,
        tempo: readme::tempo(song),
        key: readme::key(song),
        remarks: readme::remarks(song),
        findings: song.findings.clone(),
    }
}
