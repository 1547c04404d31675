//! The song as files: a folder `audio` of WAV files and a `session.toml`.

use super::{SAMPLE_RATE_HZ, SESSION, Track, tracks};
use crate::audio::Encoding;
use crate::deliver::{Container, Gate, Spec, Writer};
use crate::files::NewFile;
use crate::job::Job;
use crate::message::{Error, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

/// How to write the song.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Which performance: every seed plays the same song a little differently.
    pub seed: u64,
    /// Replace files of an earlier run.
    pub force: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, force: false }
    }
}

/// Writes the song into `folder`, which is made if it is not there: `audio/01_KickIn.wav` to `audio/14_BGV2.wav` (24 bits,
/// 48 kHz) and `session.toml`. Gives the session's path. Existing files are not replaced.
///
/// # Errors
/// `exists`, `permission_denied`, `disk_full`, `io`; `interrupted`.
pub fn write(folder: &Path, job: &Job<'_>) -> Result<PathBuf> {
    write_as(folder, Options::default(), job)
}

/// As [`write()`], with another performance, or over an earlier run.
///
/// # Errors
/// As [`write()`].
pub fn write_as(folder: &Path, options: Options, job: &Job<'_>) -> Result<PathBuf> {
    job.step("demo: play", 0, 1)?;
    write_tracks(folder, &tracks(options.seed), options.force, job)
}

/// Writes tracks and the session.
pub(super) fn write_tracks(folder: &Path, tracks: &[Track], force: bool, job: &Job<'_>) -> Result<PathBuf> {
    let audio = folder.join("audio");
    std::fs::create_dir_all(&audio).map_err(|error| Error::io(&audio, "make the folder", &error))?;
    for (index, track) in tracks.iter().enumerate() {
        job.step("demo: write", index as u64, tracks.len() as u64)?;
        let spec = Spec::new(Container::Wav, Encoding::Int(24), SAMPLE_RATE_HZ, track.audio.channels());
        let mut writer = Writer::create(&audio.join(track.file), spec, force)?;
        writer.write(track.audio.view())?;
        writer.finish(job, &Gate::default())?;
    }
    let session = folder.join("session.toml");
    let mut file = NewFile::create(&session, force)?;
    file.file().write_all(SESSION.as_bytes()).map_err(|error| Error::io(&session, "write", &error))?;
    file.commit()?;
    Ok(session)
}
