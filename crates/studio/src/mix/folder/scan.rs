//! Finds the tracks of a folder and listens to them.

use crate::decode;
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::meters::{self, Measurements, Setup};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Folders in folders that are looked into.
const DEEPEST: usize = 3;
/// Most files looked at. By our own convention, as many as a session may have tracks.
const MOST_FILES: usize = 2048;

/// A track that was listened to.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Path from the folder, with `/`.
    pub(super) path: String,
    /// Name without ending.
    pub(super) name: String,
    /// Folder it is in, if not the folder itself.
    pub(super) parent: Option<String>,
    pub(super) measured: Measurements,
    pub(super) time_reference_frames: Option<u64>,
    /// Momentary loudness.
    pub(super) curve: Vec<f64>,
    /// Channels to play, if not all (from 0), and why.
    pub(super) pick: Option<(Vec<usize>, &'static str)>,
}

impl Found {
    /// Channels played.
    pub(super) fn played(&self) -> usize {
        self.pick.as_ref().map_or(self.measured.channels, |(channels, _)| channels.len())
    }
}

/// Every track below a folder, in order of its path.
pub(super) fn scan(
    folder: &Path,
    job: &Job<'_>,
    options: decode::Options,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Found>> {
    let paths = files_below(folder)?;
    let quiet = Job::quiet().with_threads(1);
    let total = paths.len() as u64;
    let done = std::sync::atomic::AtomicU64::new(0);
    let hear = |path: &String| {
        job.step("listen", done.fetch_add(1, std::sync::atomic::Ordering::Relaxed), total)?;
        Ok(listen(folder, path, options, &quiet))
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(job.threads.min(256)).build().ok();
    let heard: Vec<Result<Result<Found>>> = match pool {
        Some(pool) if job.threads > 1 => pool.install(|| paths.par_iter().map(hear).collect()),
        _ => paths.iter().map(hear).collect(),
    };
    let mut found = Vec::new();
    for (path, heard) in paths.iter().zip(heard) {
        match heard? {
            Ok(track) => found.push(track),
            Err(error) if error.code == "not_audio" && !looks_like_audio(path) => {}
            Err(error) => findings.push(unreadable(path, &error)),
        }
    }
    Ok(found)
}

/// Paths of all files below a folder, from it, with `/`, sorted; three folders deep, hidden files and links left out.
///
/// # Errors
/// `too_many` beyond 2048; `io`.
pub fn files_below(folder: &Path) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    collect(folder, folder, 0, &mut paths)?;
    paths.sort();
    if paths.len() > MOST_FILES {
        let what = format!("{} files in this folder, {MOST_FILES} are allowed", paths.len());
        return Err(Error::new(Kind::Limit, "too_many", what).at(folder.display()));
    }
    Ok(paths)
}

fn collect(root: &Path, folder: &Path, depth: usize, paths: &mut Vec<String>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| Error::io(folder, "look into the folder", &error))?;
    let mut inside: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    inside.sort();
    for path in inside {
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if hidden || paths.len() > MOST_FILES {
            continue;
        }
        // Links are not followed: what they lead to may be anywhere.
        let Ok(about) = std::fs::symlink_metadata(&path) else { continue };
        if about.is_dir() && depth < DEEPEST {
            collect(root, &path, depth + 1, paths)?;
        } else if about.is_file() {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let parts: Option<Vec<&str>> =
                relative.components().map(|part| part.as_os_str().to_str()).collect();
            // A name that is no text cannot stand in a session.
            paths.extend(
                parts.map(|parts| parts.join("/")).filter(|path| !path.chars().any(char::is_control)),
            );
        }
    }
    Ok(())
}

fn looks_like_audio(path: &str) -> bool {
    let ending =
        Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    decode::FORMATS.iter().any(|format| format.endings.contains(&ending.as_str()))
}

fn unreadable(path: &str, error: &Error) -> Finding {
    Finding::new("unreadable", Severity::Warning, error.what.clone())
        .about(path)
        .limit("a track that can be read")
        .advice(error.hint.clone().unwrap_or_else(|| "it is not in the session; export it again".to_owned()))
}

fn listen(folder: &Path, path: &str, options: decode::Options, job: &Job<'_>) -> Result<Found> {
    let mut source = decode::open(&folder.join(path), options)?;
    let info = source.info().clone();
    let measured = meters::measure_as(source.as_mut(), Setup::of(&info), job)?;
    let own = Path::new(path);
    let text = |part: Option<&std::ffi::OsStr>| part.and_then(|part| part.to_str()).map(str::to_owned);
    Ok(Found {
        path: path.to_owned(),
        name: text(own.file_stem()).unwrap_or_default(),
        parent: own.parent().and_then(|parent| text(parent.file_name())),
        time_reference_frames: info.metadata.time_reference_frames,
        curve: measured.history.momentary_curve_lufs(),
        pick: pick(&measured),
        measured,
    })
}

/// What is mono in two channels is played as mono (I6, I7), of many channels the first two.
fn pick(measured: &Measurements) -> Option<(Vec<usize>, &'static str)> {
    if measured.channels > 2 {
        return Some((vec![0, 1], "the first two of many channels"));
    }
    let [left, right] = measured.per_channel.as_slice() else { return None };
    if measured.silent {
        return None;
    }
    // 60 dB: the figure of rule I6.
    match (left.rms_dbfs - right.rms_dbfs, measured.side_to_mid_db) {
        (difference, _) if difference > 60.0 => Some((vec![0], "the right channel is silent")),
        (difference, _) if difference < -60.0 => Some((vec![1], "the left channel is silent")),
        (_, Some(side)) if side < -60.0 => Some((vec![0], "both channels are the same")),
        _ => None,
    }
}

/// Whether two tracks could be the same: equal length, and curves a constant apart.
pub(super) fn alike(a: &Found, b: &Found) -> bool {
    if a.measured.frames != b.measured.frames || a.measured.sample_rate_hz != b.measured.sample_rate_hz {
        return false;
    }
    let pairs = a.curve.iter().zip(&b.curve).filter(|(a, b)| **a > -70.0 && **b > -70.0);
    let differences: Vec<f64> = pairs.map(|(a, b)| a - b).collect();
    let count = differences.len();
    let mean = differences.iter().sum::<f64>() / count.max(1) as f64;
    // A correlation of 0.999 leaves at most -27 dB of difference: 0.4 LU.
    count > 0
        && differences.iter().filter(|difference| (*difference - mean).abs() > 0.5).count() * 20 <= count
}
