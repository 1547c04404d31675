//! Finds the tracks of a folder and listens to them, several at a time.

use super::finish::{finish, pick};
use super::listen::listen;
use super::{Options, Song, Track, Use};
use crate::sort::Guess;
use crate::time::Analysis;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use studio::decode;
use studio::job::Job;
use studio::message::{Error, Finding, Kind, Result, Severity};
use studio::mix::Group;
use studio::suggest::unique_id;

/// Channels a file may have: what has more is no track.
const MOST_CHANNELS: usize = 64;

fn looks_like_audio(path: &str) -> bool {
    let ending =
        Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    decode::FORMATS.iter().any(|format| format.endings.contains(&ending.as_str()))
}

/// Listens to every file, on as many threads as the job has; files are in memory for a moment only. What cannot be read
/// becomes a finding.
pub(super) fn listen_all(
    root: &Path,
    paths: &[String],
    job: &Job<'_>,
    options: &Options,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Track>> {
    let (done, total) = (AtomicU64::new(0), paths.len() as u64);
    let hear = |path: &String| {
        let track = one(root, path, options, || job.step("listen", done.load(Ordering::Relaxed), total));
        done.fetch_add(1, Ordering::Relaxed);
        track
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(job.threads.min(256)).build().ok();
    let heard: Vec<Result<Track>> = match pool {
        // One file at a time: neighbours are of like length, and a thread that is free takes the next.
        Some(pool) if job.threads > 1 => {
            pool.install(|| paths.par_iter().with_max_len(1).map(hear).collect())
        }
        _ => paths.iter().map(hear).collect(),
    };
    let mut tracks = Vec::new();
    for (path, heard) in paths.iter().zip(heard) {
        match heard {
            Ok(track) => tracks.push(track),
            Err(error) if error.kind == Kind::Interrupted => return Err(error),
            Err(error) if error.code == "not_audio" && !looks_like_audio(path) => {}
            Err(error) => findings.push(unreadable(path, &error)),
        }
    }
    Ok(tracks)
}

fn unreadable(path: &str, error: &Error) -> Finding {
    Finding::new("unreadable", Severity::Warning, error.what.clone())
        .about(path)
        .limit("a track that can be read")
        .advice(error.hint.clone().unwrap_or_else(|| "it is not in the session; export it again".to_owned()))
}

fn one(root: &Path, path: &str, options: &Options, step: impl FnMut() -> Result<()>) -> Result<Track> {
    let mut source = decode::open(&root.join(path), options.decode)?;
    let info = source.info().clone();
    if info.channels() > MOST_CHANNELS {
        let what = format!("{} channels, {MOST_CHANNELS} are allowed", info.channels());
        return Err(Error::new(Kind::Limit, "too_many", what));
    }
    let raw = listen(source.as_mut(), step)?;
    let picked = pick(&raw, info.channels());
    let (frames, content) = (raw.frames, raw.content.clone());
    let (film, facts) = finish(raw, picked.as_ref());
    let own = Path::new(path);
    let text = |part: Option<&std::ffi::OsStr>| part.and_then(|part| part.to_str()).map(str::to_owned);
    Ok(Track {
        id: String::new(),
        path: path.to_owned(),
        name: text(own.file_stem()).unwrap_or_default(),
        parent: own.parent().and_then(|parent| text(parent.file_name())),
        sample_rate_hz: info.sample_rate_hz,
        channels: info.channels(),
        frames,
        encoding: info.encoding,
        metadata: info.metadata,
        picked,
        start_seconds: 0.0,
        content,
        use_as: Use::Play,
        role: Guess::unknown(),
        film,
        facts,
    })
}

/// The tracks as a song that knows nothing yet but what was heard.
pub(super) fn assemble(
    name: String,
    mut tracks: Vec<Track>,
    options: &Options,
    findings: Vec<Finding>,
) -> Song {
    let mut taken: Vec<String> = Group::ALL.iter().map(|group| group.id().to_owned()).collect();
    taken.push(studio::session::MIX.to_owned());
    for track in &mut tracks {
        track.id = unique_id(&track.name, "track", &mut taken);
    }
    let sample_rate_hz = options.sample_rate_hz.unwrap_or_else(|| common_rate(&tracks));
    let duration_seconds = tracks.iter().map(Track::duration_seconds).fold(0.0, f64::max);
    Song {
        name,
        sample_rate_hz,
        duration_seconds,
        tracks,
        findings,
        pairs: Vec::new(),
        rough_mix: None,
        time: Analysis::default(),
        alignments: Vec::new(),
    }
}

/// The rate most tracks have; of several, the highest.
fn common_rate(tracks: &[Track]) -> u32 {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for track in tracks {
        *counts.entry(track.sample_rate_hz).or_default() += 1;
    }
    let usual = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];
    let known = counts.into_iter().filter(|(rate, _)| usual.contains(rate));
    known.max_by_key(|(rate, count)| (*count, *rate)).map_or(48_000, |(rate, _)| rate)
}
