//! The print through the shared chain, as often as it is wanted.
//!
//! Listening to levels and every render need the same audio. What fits is kept after the first time (a song of four
//! minutes at 44.1 kHz); a longer print is decoded and processed again, so that memory does not grow with length. The bits
//! are the same either way.

use super::chain::Step;
use super::fuse::fuse;
use super::render::{CHANNELS, open};
use super::stages::{Inserts, Stereo};
use crate::audio::{Info, Layout, Source};
use crate::deliver::{Artwork, Tags};
use crate::handover::Premaster;
use crate::job::Job;
use crate::message::Result;
use crate::pipe::{self, Next, Stage};
use dsp::block::Buffer;

/// Most audio that is kept.
const MOST_KEPT_BYTES: usize = 168 << 20;

/// Whether so many frames are kept.
fn fits(frames: u64) -> bool {
    frames.saturating_mul((CHANNELS * size_of::<f64>()) as u64) <= MOST_KEPT_BYTES as u64
}

/// A print and what all masters share of their chains.
pub(super) struct Programme<'a> {
    premaster: &'a Premaster,
    steps: Vec<Step>,
    kept: Option<Vec<Buffer>>,
    /// Tags of the masters, those of the print below, and the cover.
    tags: Vec<(String, String)>,
    artwork: Option<Artwork>,
}

impl<'a> Programme<'a> {
    /// Of `steps` those that are on run.
    pub(super) fn new(premaster: &'a Premaster, steps: &[Step]) -> Self {
        let tags = premaster.info().metadata.tags.clone();
        Self { premaster, steps: fuse(steps), kept: None, tags, artwork: None }
    }

    /// With tags and a cover for the masters.
    pub(super) fn labelled(mut self, tags: &Tags) -> Self {
        self.tags = tags.over(&self.premaster.info().metadata.tags);
        self.artwork.clone_from(&tags.artwork);
        self
    }

    /// Tags of the masters, under their Vorbis names.
    pub(super) fn tags(&self) -> &[(String, String)] {
        &self.tags
    }

    /// Their cover.
    pub(super) fn artwork(&self) -> Option<&Artwork> {
        self.artwork.as_ref()
    }

    /// The print.
    pub(super) fn premaster(&self) -> &Premaster {
        self.premaster
    }

    /// Rate of the print.
    pub(super) fn sample_rate_hz(&self) -> u32 {
        self.premaster.info().sample_rate_hz
    }

    /// Plays everything into stages of its own, and keeps it for the next time if it is not too long.
    pub(super) fn play_and_keep(
        &mut self,
        stages: &mut [&mut dyn Stage],
        label: &str,
        job: &Job<'_>,
    ) -> Result<()> {
        if self.kept.is_some() {
            return self.play(stages, label, job);
        }
        let short = self.premaster.info().frames.is_none_or(fits);
        let mut keep = Keep { blocks: short.then(Vec::new), bytes: 0 };
        let mut all: Vec<&mut dyn Stage> = vec![&mut keep];
        all.extend(stages.iter_mut().map(|stage| &mut **stage as &mut dyn Stage));
        self.play(&mut all, label, job)?;
        self.kept = keep.blocks;
        Ok(())
    }

    /// Keeps what several renders will need, if it is not too long.
    pub(super) fn keep(&mut self, job: &Job<'_>) -> Result<()> {
        match self.premaster.info().frames.is_some_and(fits) {
            true => self.play_and_keep(&mut [], "shared moves", job),
            false => Ok(()),
        }
    }

    /// Plays everything into stages of its own.
    pub(super) fn play(&self, stages: &mut [&mut dyn Stage], label: &str, job: &Job<'_>) -> Result<()> {
        let at = |error: crate::message::Error| error.at(self.premaster.path().display());
        let expected = self.premaster.info().frames.unwrap_or(0);
        if let Some(blocks) = &self.kept {
            let info = Info { layout: Layout::of(CHANNELS), ..self.premaster.info().clone() };
            return pipe::run(&mut Replay { info, blocks, next: 0 }, stages, expected, label, job)
                .map_err(at);
        }
        let mut source = open(self.premaster)?;
        let rate_hz = f64::from(self.sample_rate_hz());
        let mut stereo = Stereo;
        // A stage for each processor: together they are the longest of all.
        let of = |(index, step)| Inserts::new(std::slice::from_ref(step), rate_hz, CHANNELS, index);
        let mut inserts: Vec<Inserts> = (0..).zip(&self.steps).map(of).collect();
        let mut all: Vec<&mut dyn Stage> = vec![&mut stereo];
        all.extend(inserts.iter_mut().map(|insert| insert as &mut dyn Stage));
        all.extend(stages.iter_mut().map(|stage| &mut **stage as &mut dyn Stage));
        pipe::run(source.as_mut(), &mut all, expected, label, job).map_err(at)
    }
}

/// Keeps copies of what passes, until it is too much.
struct Keep {
    blocks: Option<Vec<Buffer>>,
    bytes: usize,
}

impl Stage for Keep {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        self.bytes += block.channels() * block.frames() * size_of::<f64>();
        if self.bytes > MOST_KEPT_BYTES {
            self.blocks = None;
        }
        if let Some(blocks) = &mut self.blocks {
            blocks.push(block.clone());
        }
        next(block)
    }
}

/// Kept audio as a stream.
struct Replay<'a> {
    info: Info,
    blocks: &'a [Buffer],
    next: usize,
}

impl Source for Replay<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        let Some(block) = self.blocks.get(self.next) else {
            buffer.set_frames(0);
            return Ok(());
        };
        self.next += 1;
        buffer.set_frames(block.frames());
        if buffer.frames() < block.frames() {
            *buffer = block.clone();
            return Ok(());
        }
        for channel in 0..block.channels() {
            buffer.channel_mut(channel).copy_from_slice(block.channel(channel));
        }
        Ok(())
    }
}
