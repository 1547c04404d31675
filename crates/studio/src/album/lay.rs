//! Where everything stands on the timeline, to the frame.

use super::listen::Heard;
use super::passage::Passage;
use super::sheet::{Album, Fade};
use crate::message::{Error, Result};
use crate::session::FadeShape;
use serde::Serialize;

/// A song on the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// Index of the song.
    pub song: usize,
    /// Its first frame.
    pub start: u64,
    /// The frame after its last.
    pub end: u64,
}

/// A passage on the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Its songs.
    pub passage: Passage,
    /// First frame.
    pub start: u64,
    /// Length.
    pub frames: u64,
    /// Gains at its beginning and end.
    pub(super) fades: Fades,
}

/// Gains at both ends of a passage, in frames of the timeline.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fades {
    list: Vec<Ramp>,
}

#[derive(Debug, Clone, PartialEq)]
struct Ramp {
    /// Where it is, from the beginning of the passage.
    start: u64,
    frames: u64,
    shape: FadeShape,
    curvature: f64,
    rising: bool,
}

impl Fades {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn add(&mut self, start: u64, frames: u64, fade: &Fade, rising: bool) {
        if frames > 0 {
            self.list.push(Ramp { start, frames, shape: fade.shape, curvature: fade.curvature, rising });
        }
    }

    /// Applies the gains to a plane that begins at frame `at` of the passage.
    pub(super) fn apply(&self, at: u64, plane: &mut [f64]) {
        for ramp in &self.list {
            let end = at + plane.len() as u64;
            // A fade out stays out, a fade in begins in silence.
            let (from, to) = if ramp.rising { (0, ramp.start + ramp.frames) } else { (ramp.start, u64::MAX) };
            for frame in from.max(at)..to.min(end) {
                if let Some(x) = plane.get_mut((frame - at) as usize) {
                    *x *= ramp.gain(frame);
                }
            }
        }
    }
}

impl Ramp {
    fn gain(&self, frame: u64) -> f64 {
        if frame < self.start {
            return 0.0;
        }
        // The middle of a frame, so that two crossing ramps of linear shape add up to one.
        let way = ((frame - self.start) as f64 + 0.5) / self.frames as f64;
        self.shape.gain(if self.rising { way } else { 1.0 - way }, self.curvature)
    }
}

/// An album laid out at a sample rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Its rate.
    pub sample_rate_hz: u32,
    /// Passages in order.
    pub passages: Vec<Placed>,
    /// Songs in order.
    pub slots: Vec<Slot>,
    /// Length.
    pub frames: u64,
}

impl Timeline {
    /// A time as seconds.
    #[must_use]
    pub fn seconds(&self, frames: u64) -> f64 {
        frames as f64 / f64::from(self.sample_rate_hz)
    }
}

/// Lays out passages (all of an album, or those of a side) at a rate. The first begins at `lead_in` plus its own gap.
///
/// # Errors
/// `crossfade_too_long`, `fade_too_long`.
pub(super) fn lay(
    album: &Album,
    heard: &[Heard],
    passages: &[Passage],
    sample_rate_hz: u32,
    lead_in: u64,
) -> Result<Timeline> {
    let frames_of = |seconds: f64| (seconds * f64::from(sample_rate_hz)).round() as u64;
    let mut timeline = Timeline { sample_rate_hz, passages: Vec::new(), slots: Vec::new(), frames: lead_in };
    for passage in passages {
        let Some(song) = album.songs.get(passage.lead()) else { continue };
        let overlap =
            if timeline.passages.is_empty() { 0 } else { frames_of(song.controls.crossfade_seconds) };
        let start = (timeline.frames + frames_of(song.controls.gap_seconds)).saturating_sub(overlap);
        let ends = ends_of(passage, heard, sample_rate_hz);
        let frames = ends.last().copied().unwrap_or(0);
        let mut placed = Placed { passage: passage.clone(), start, frames, fades: Fades::default() };
        if overlap > 0 {
            let shape = Fade { shape: song.controls.crossfade_shape, ..Fade::default() };
            cross(&mut timeline, &mut placed, overlap, &shape).map_err(|error| error.at(&song.id))?;
        }
        for (index, first) in passage.songs.clone().zip(std::iter::once(0).chain(ends.iter().copied())) {
            let end = ends.get(index - passage.songs.start).copied().unwrap_or(frames);
            timeline.slots.push(Slot { song: index, start: start + first, end: start + end });
        }
        own_fades(album, &mut placed, frames_of)?;
        timeline.frames = start + frames;
        timeline.passages.push(placed);
    }
    Ok(timeline)
}

/// Frames from the beginning of a passage to the end of each of its songs, at the rate of the timeline.
fn ends_of(passage: &Passage, heard: &[Heard], to_hz: u32) -> Vec<u64> {
    let from_hz = heard.get(passage.lead()).map_or(to_hz, Heard::sample_rate_hz);
    let own = passage.frames(heard);
    let mut sum = 0_u64;
    let count = own.len();
    let scaled = |frames: u64, up: bool| {
        let wide = u128::from(frames) * u128::from(to_hz);
        let (from, half) = (u128::from(from_hz.max(1)), u128::from(from_hz.max(1)) / 2);
        // The converter gives every frame that was begun; marks inside go to the nearest.
        u64::try_from(if up { wide.div_ceil(from) } else { (wide + half) / from }).unwrap_or(u64::MAX)
    };
    own.into_iter()
        .enumerate()
        .map(|(index, frames)| {
            sum += frames;
            scaled(sum, index + 1 == count)
        })
        .collect()
}

/// The passage before goes out while this one comes in.
fn cross(timeline: &mut Timeline, placed: &mut Placed, overlap: u64, shape: &Fade) -> Result<()> {
    let before = timeline.passages.last_mut();
    let taken = before.as_ref().map_or(0, |before| before.fades.list.first().map_or(0, |ramp| ramp.frames));
    let room = before.as_ref().map_or(0, |before| before.frames.saturating_sub(taken));
    if overlap > placed.frames || overlap > room {
        let what = "the crossfade is longer than one of the songs (or what other crossfades leave of it)";
        return Err(Error::input("crossfade_too_long", what).hint("shorten crossfade_seconds"));
    }
    if let Some(before) = before {
        before.fades.add(before.frames - overlap, overlap, shape, false);
    }
    placed.fades.add(0, overlap, shape, true);
    Ok(())
}

/// Fades that songs have of their own.
fn own_fades(album: &Album, placed: &mut Placed, frames_of: impl Fn(f64) -> u64) -> Result<()> {
    let (first, last) = (placed.passage.songs.start, placed.passage.songs.end.saturating_sub(1));
    let too_long = |id: &str| {
        let what = "the fades of a song are longer than the song";
        Error::input("fade_too_long", what).at(id).hint("shorten fade_in or fade_out")
    };
    if let Some(song) = album.songs.get(first)
        && let Some(fade) = &song.fade_in
    {
        let frames = frames_of(fade.seconds);
        if frames > placed.frames {
            return Err(too_long(&song.id));
        }
        placed.fades.add(0, frames, fade, true);
    }
    if let Some(song) = album.songs.get(last)
        && let Some(fade) = &song.fade_out
    {
        let frames = frames_of(fade.seconds);
        if frames > placed.frames {
            return Err(too_long(&song.id));
        }
        placed.fades.add(placed.frames - frames, frames, fade, false);
    }
    Ok(())
}
