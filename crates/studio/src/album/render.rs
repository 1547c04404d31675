//! A destination is rendered: one timeline, one limiter, one quantiser, then cuts.

use super::cut::{Came, Cutter, Piece, Whole};
use super::lathe::Picture;
use super::lay::{Placed, Timeline};
use super::level::Levels;
use super::listen::Heard;
use super::propose::Prepared;
use super::sheet::Side;
use super::tape::Tape;
use crate::audio;
use crate::deliver::{ReadBack, Spec, Writer};
use crate::job::Job;
use crate::master::chain::{Family, Step, make};
use crate::master::level::limiter_settings;
use crate::master::render::CHANNELS;
use crate::master::stages::Inserts;
use crate::message::{Error, Kind, Result};
use crate::pipe;
use crate::targets::Target;
use crate::vinyl::Format;
use dsp::math::gain_to_db;
use std::sync::mpsc::{Receiver, sync_channel};

/// Files that may wait to be read back while the next is written.
const WAITING_FILES: usize = 2;

/// One timeline and what is cut from it.
pub(super) struct Reel {
    pub(super) timeline: Timeline,
    /// Which passage of the album each of its passages belongs to.
    pub(super) belongs: Vec<usize>,
    pub(super) pieces: Vec<Piece>,
    /// How long it is; silence fills what the songs leave.
    pub(super) frames: u64,
}

/// What a reel came to.
pub(super) struct Rendered {
    pub(super) files: Vec<ReadBack>,
    pub(super) came: Vec<Came>,
    /// Worst true peak of the whole timeline, cuts not counted as edges.
    pub(super) peak_dbtp: f64,
    pub(super) reduction_db: f64,
}

/// The limiter of a destination; none where nothing can reach it.
fn limiter(reel: &Reel, levels: &Levels) -> Result<Vec<Step>> {
    let reached = reel
        .belongs
        .iter()
        .any(|own| levels.levels.get(*own).is_some_and(|level| level.max_reduction_db > 0.0));
    // Two songs at once are louder than either.
    let crossed =
        reel.timeline.passages.windows(2).any(|pair| pair[1].start < pair[0].start + pair[0].frames);
    if !reached && !crossed {
        return Ok(Vec::new());
    }
    let mut limiter = make("limiter")?;
    if let Some(index) = limiter.description().index_of("ceiling_dbtp") {
        limiter.set(index, limiter_settings(levels.limit_dbtp).ceiling_dbtp);
    }
    Ok(vec![Step::new("limiter", Family::Level, limiter)])
}

/// How a file of a target is written.
pub(super) fn spec_of(target: &Target, sample_rate_hz: u32, seed: u64) -> Spec {
    let spec = Spec::for_target(target, sample_rate_hz, CHANNELS);
    Spec { sample_rate_hz, seed, layout: audio::Layout::of(CHANNELS), replay_gain: true, ..spec }
}

/// Dither belongs to rounding: where every sample passes as it was printed, there is nothing to round.
pub(super) fn without_needless_dither(spec: Spec, desk: &Desk<'_>, reel: &Reel, levels: &Levels) -> Spec {
    let Desk { prepared, chains, .. } = *desk;
    let stored = match spec.encoding {
        audio::Encoding::Int(bits) => bits,
        _ => 0,
    };
    let untouched = |(placed, own): (&Placed, &usize)| {
        let songs = prepared.heard.get(placed.passage.songs.clone()).unwrap_or_default();
        let fits = |song: &Heard| {
            let bits = matches!(song.premaster.info().encoding, audio::Encoding::Int(bits) if bits <= stored);
            bits && song.sample_rate_hz() == spec.sample_rate_hz
        };
        let plain = levels
            .levels
            .get(*own)
            .is_some_and(|level| level.gain_db == 0.0 && level.max_reduction_db <= 0.0);
        plain
            && placed.fades.is_empty()
            && chains.get(*own).is_none_or(Vec::is_empty)
            && songs.iter().all(fits)
    };
    if reel.timeline.passages.iter().zip(&reel.belongs).all(untouched) {
        return Spec { dither: dsp::dither::Dither::None, ..spec };
    }
    spec
}

/// What every render of an album needs.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) prepared: &'a Prepared,
    /// The chain of each passage.
    pub(super) chains: &'a [Vec<Step>],
    /// The sides of the record, given or proposed.
    pub(super) sides: &'a [Side],
    /// Listens to every song as a lathe would.
    pub(super) ears: Option<Format>,
    /// Draws sides.
    pub(super) picture: Option<Picture>,
    pub(super) force: bool,
    pub(super) job: &'a Job<'a>,
}

/// Renders a reel at its levels.
pub(super) fn render(
    desk: &Desk<'_>,
    reel: &Reel,
    levels: &Levels,
    spec: Spec,
    whole: Option<&mut dyn Whole>,
    label: &str,
) -> Result<Rendered> {
    let Desk { prepared, chains, ears, force, job, .. } = *desk;
    let own = |index: &usize| chains.get(*index).cloned().unwrap_or_default();
    let steps: Vec<Vec<Step>> = reel.belongs.iter().map(own).collect();
    let gain = |index: &usize| levels.levels.get(*index).map_or(0.0, |level| level.gain_db);
    let gains: Vec<f64> = reel.belongs.iter().map(gain).collect();
    let mut tape = Tape::new(&reel.timeline, &prepared.heard, &steps, &gains, reel.frames);
    let rate_hz = f64::from(reel.timeline.sample_rate_hz);
    let mut limiter = Inserts::new(&limiter(reel, levels)?, rate_hz, CHANNELS, 1);
    let tops = prepared.heard.iter().map(|song| song.portrait.top_hz).collect();
    std::thread::scope(|scope| {
        let (finished, to_read) = sync_channel(WAITING_FILES);
        let reader = scope.spawn(|| read_back(to_read, job));
        let mut cutter = Cutter::new(spec, reel.pieces.clone(), reel.timeline.slots.clone(), force, finished)
            .with_tops(tops)
            .with_ears(ears);
        if let Some(whole) = whole {
            cutter = cutter.with_whole(whole);
        }
        let played = pipe::run(&mut tape, &mut [&mut limiter, &mut cutter], reel.frames, label, job);
        let (came, peaks) = cutter.done();
        let gone = || Error::new(Kind::Internal, "panic", "the thread that reads files back panicked");
        let files = reader.join().unwrap_or_else(|_| Err(gone()));
        // An error of the reader is why the writer could not go on.
        let files = files?;
        played?;
        let peaks = peaks.finish();
        let peak_dbtp = gain_to_db(peaks.overall().level.max(peaks.overall_itu().level));
        Ok(Rendered { files, came, peak_dbtp, reduction_db: limiter.largest_reduction_db() })
    })
}

fn read_back(files: Receiver<Writer>, job: &Job<'_>) -> Result<Vec<ReadBack>> {
    let job = job.with_threads(1);
    files.into_iter().map(|writer| writer.read_back(&job)).collect()
}
