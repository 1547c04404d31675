//! Every song is listened to once: the gate, the mastering engineer's ear, its spectrum, its edges.

use super::edges::{Edges, Watcher};
use super::family::Portrait;
use super::plan::{Print, stl95_lufs};
use super::sheet::Album;
use super::source::{Joined, Part};
use crate::handover::{self, Premaster};
use crate::job::Job;
use crate::master::listen::{Listener, Listening};
use crate::master::render::{CHANNELS, hash_of, open};
use crate::master::stages::Stereo;
use crate::message::{Error, Kind, Result};
use crate::meters::Measurements;
use crate::pipe::{self, Next, Stage};
use dsp::block::Buffer;
use dsp::spectrum::{Options, Planes, Spacing, Welch};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Shortest song, seconds: under it there is no loudness to speak of (a gating block of BS.1770-5 has 0.4 s).
const SHORTEST_SECONDS: f64 = 0.4;

/// A song that was listened to.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The print as the gate let it in.
    pub premaster: Premaster,
    /// BLAKE3 of its bytes.
    pub blake3: String,
    /// The part of it that is played, frames of the file.
    pub part: Part,
    /// How loud that part is.
    pub print: Print,
    /// How it begins and ends.
    pub edges: Edges,
    /// What the mastering engineer heard.
    pub listening: Listening,
    /// Its long-term spectrum.
    pub portrait: Portrait,
}

impl Heard {
    /// Rate of the print.
    #[must_use]
    pub fn sample_rate_hz(&self) -> u32 {
        self.premaster.info().sample_rate_hz
    }

    /// Length of the part that is played.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.part.frames as f64 / f64::from(self.sample_rate_hz())
    }
}

/// Does work for every cost, the dearest first so that no core waits long for the last, on as many threads as the job has;
/// results in the order of the costs, of errors the first in that order. Every call has one thread.
pub(super) fn for_each<T: Send>(
    costs: &[u64],
    job: &Job<'_>,
    work: impl Fn(usize, &Job<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let count = costs.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|index| std::cmp::Reverse(costs[*index]));
    let (turn, failed) = (AtomicUsize::new(0), AtomicUsize::new(count));
    let done: Mutex<Vec<Option<Result<T>>>> = Mutex::new((0..count).map(|_| None).collect());
    let own = job.with_threads(1);
    let worker = || {
        while let Some(index) = order.get(turn.fetch_add(1, Ordering::Relaxed)).copied() {
            // After an error only what would be told before it is begun.
            if index > failed.load(Ordering::Relaxed) {
                continue;
            }
            let result = work(index, &own);
            if result.is_err() {
                failed.fetch_min(index, Ordering::Relaxed);
            }
            if let Some(place) = done.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
                *place = Some(result);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..job.threads.min(count) {
            scope.spawn(worker);
        }
        worker();
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    // What was not begun after an error is left out; the error itself is met first.
    let results = done.into_iter().flatten().collect::<Result<Vec<T>>>()?;
    match results.len() == count {
        true => Ok(results),
        false => Err(Error::new(Kind::Internal, "panic", "a thread that listens to songs is gone")),
    }
}

/// Listens to every song of an album.
///
/// # Errors
/// What reading and the gate say of a print that cannot be mastered at all; `not_stereo`, `empty_song`, `too_short`;
/// `interrupted`.
pub(super) fn all(album: &Album, job: &Job<'_>) -> Result<Vec<Heard>> {
    // A file's size is what can be known before it is opened.
    let bytes = |song| std::fs::metadata(album.path_of(song)).map_or(0, |file| file.len());
    let costs: Vec<u64> = (0..album.songs.len()).map(bytes).collect();
    for_each(&costs, job, |song, job| one(album, song, job))
}

fn one(album: &Album, song: usize, job: &Job<'_>) -> Result<Heard> {
    let path = album.path_of(song);
    // A print with blockers is taken all the same, as `master` does; its findings are told.
    let premaster = handover::check(&path, job)?.into_premaster_despite_findings()?;
    let part = part_of(album, song, &premaster)?;
    // The gate has measured the whole file; only a part of it, or a mono file, is measured here.
    let whole = part.start == 0 && part.frames == premaster.analysis().frames();
    let known = (whole && premaster.info().channels() == CHANNELS).then(|| premaster.measurements());
    let Ears { listening, portrait, edges, measured } = hear(&[(&premaster, part)], known, job)?;
    let print = print_of(&[&measured]).ok_or_else(|| {
        Error::input("too_short", "there is nothing to hear in the part that is played").at(path.display())
    })?;
    let blake3 = hash_of(&path)?;
    Ok(Heard { premaster, blake3, part, print, edges, listening, portrait })
}

/// The part of the file that is played.
fn part_of(album: &Album, song: usize, premaster: &Premaster) -> Result<Part> {
    let rate_hz = f64::from(premaster.info().sample_rate_hz);
    let total = premaster.analysis().frames();
    let controls = album.songs.get(song).map(|song| song.controls.clone()).unwrap_or_default();
    let frames_of = |seconds: f64| (seconds * rate_hz).round() as u64;
    let start = frames_of(controls.start_seconds);
    let end = if controls.end_seconds > 0.0 { frames_of(controls.end_seconds).min(total) } else { total };
    let frames = end.saturating_sub(start);
    if (frames as f64) < SHORTEST_SECONDS * rate_hz {
        let what = format!(
            "of {:.3} s nothing (or under {SHORTEST_SECONDS} s) is left between start_seconds and end_seconds",
            total as f64 / rate_hz
        );
        return Err(Error::input("empty_song", what).at(premaster.path().display()));
    }
    Ok(Part { start, frames })
}

/// How loud measured songs are together.
pub(super) fn print_of(measured: &[&Measurements]) -> Option<Print> {
    let curves = measured.iter().flat_map(|own| own.history.short_term_curve_lufs());
    let whole = || crate::meters::album_lufs(measured.iter().copied()).filter(|lufs| lufs.is_finite());
    let stl95_lufs = stl95_lufs(curves).or_else(whole)?;
    let peak_dbtp = measured.iter().map(|own| own.true_peak_worst_dbtp()).fold(f64::NEG_INFINITY, f64::max);
    Some(Print { stl95_lufs, peak_dbtp })
}

/// What is heard in one pass over songs that are one piece.
pub(super) struct Ears {
    pub(super) listening: Listening,
    pub(super) portrait: Portrait,
    pub(super) edges: Edges,
    pub(super) measured: Measurements,
}

/// The long-term spectrum of a stream.
pub(super) struct Colours(Welch);

impl Colours {
    /// Of a stream of `frames`.
    pub(super) fn new(sample_rate_hz: u32, frames: u64) -> Self {
        let spacing = Spacing::for_length(frames, f64::from(sample_rate_hz));
        let options = Options { planes: Planes::Mean, spacing, ..Options::default() };
        Self(Welch::new(CHANNELS, f64::from(sample_rate_hz), options))
    }

    pub(super) fn listen(&mut self, block: dsp::block::View<'_>) {
        self.0.push(block);
    }

    pub(super) fn finish(self, top_hz: f64) -> Portrait {
        Portrait::of(&self.0.finish(), top_hz)
    }
}

/// Meters at the end of a pipe.
pub(super) struct Meters {
    spectrum: Colours,
    bank: crate::meters::Bank,
}

impl Meters {
    /// Of a stream of `frames`.
    pub(super) fn new(sample_rate_hz: u32, frames: u64) -> Self {
        let setup = crate::meters::Setup::of_render(sample_rate_hz, crate::audio::Layout::of(CHANNELS));
        Self { spectrum: Colours::new(sample_rate_hz, frames), bank: crate::meters::Bank::new(setup) }
    }

    pub(super) fn listen(&mut self, block: dsp::block::View<'_>) {
        self.spectrum.listen(block);
        self.bank.process(block);
    }

    pub(super) fn finish(self, top_hz: f64) -> (Portrait, Measurements) {
        (self.spectrum.finish(top_hz), self.bank.finish())
    }
}

/// Loudness and peaks of a stream.
struct Loud(crate::meters::Bank);

impl Stage for Loud {
    fn push(&mut self, block: Buffer, _next: Next<'_>) -> Result<()> {
        self.0.process(block.view());
        Ok(())
    }
}

/// Listens to parts of prints as one stream; `known` is what they measure, if that is known.
pub(super) fn hear(
    parts: &[(&Premaster, Part)],
    known: Option<&Measurements>,
    job: &Job<'_>,
) -> Result<Ears> {
    let mut source = Joined::new(parts.to_vec())?;
    let rate_hz = source.sample_rate_hz();
    let expected = parts.iter().map(|(_, part)| part.frames).sum();
    let mut listener = Listener::new(CHANNELS, f64::from(rate_hz), expected);
    let mut watcher = Watcher::new(CHANNELS, f64::from(rate_hz));
    let setup = crate::meters::Setup::of_render(rate_hz, crate::audio::Layout::of(CHANNELS));
    let mut loud = known.is_none().then(|| Loud(crate::meters::Bank::new(setup)));
    let [long, side, levels, short] = listener.stages();
    let mut stereo = Stereo;
    let mut stages: Vec<&mut dyn Stage> = vec![&mut stereo, long, side, levels, short, &mut watcher];
    if let Some(loud) = &mut loud {
        stages.push(loud);
    }
    pipe::run(&mut source, &mut stages, expected, "listen", job)?;
    let measured = match (loud, known) {
        (Some(loud), _) => loud.0.finish(),
        (None, known) => {
            known.cloned().ok_or_else(|| Error::new(Kind::Internal, "no_meter", "nothing was measured"))?
        }
    };
    // Sections of a song are not asked for here: levels between songs are the album's own business.
    let mut listening = listener.finish(None, &[]);
    // Mid and side together are the mean of left and right.
    let portrait = Portrait { level_db: listening.third_octave_db.clone(), top_hz: listening.top_hz };
    listening.loudness_lufs = measured.integrated_lufs;
    Ok(Ears { listening, portrait, edges: watcher.finish(), measured })
}

/// Refuses what no master can be made of, as the mastering room does.
pub(super) fn open_part(premaster: &Premaster) -> Result<Box<dyn crate::audio::Source>> {
    open(premaster)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_is_begun_first_and_results_keep_their_order() {
        let begun = Mutex::new(Vec::new());
        let job = Job::quiet().with_threads(1);
        let squares = for_each(&[3, 9, 1, 9], &job, |index, _| {
            begun.lock().unwrap().push(index);
            Ok(index * index)
        });
        assert_eq!(squares, Ok(vec![0, 1, 4, 9]));
        assert_eq!(begun.into_inner().unwrap(), [1, 3, 0, 2]);
        assert_eq!(for_each(&[], &job, |index, _| Ok(index)), Ok(vec![]));
    }

    #[test]
    fn the_first_error_in_order_is_told_whatever_is_begun_first() {
        for threads in [1, 2, 4] {
            let job = Job::quiet().with_threads(threads);
            let result: Result<Vec<()>> = for_each(&[1, 2, 5, 4, 3], &job, |index, _| match index {
                0 | 4 => Ok(()),
                _ => Err(Error::new(Kind::Input, ["", "one", "two", "three"][index], "on purpose")),
            });
            assert_eq!(result.unwrap_err().code, "one", "{threads}");
        }
    }
}
