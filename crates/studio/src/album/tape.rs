//! The timeline as one stream: every passage through its chain, at its gain, in its place.

use super::lay::{Fades, Placed, Timeline};
use super::listen::Heard;
use super::source::Joined;
use crate::audio::{Encoding, Info, Layout, Metadata, Source};
use crate::master::chain::Step;
use crate::master::render::CHANNELS;
use crate::master::stages::{Convert, Group, Inserts, Stereo};
use crate::message::Result;
use crate::pipe::{BLOCK_FRAMES, Stage};
use dsp::block::Buffer;
use std::collections::VecDeque;

/// A passage being played: print, chain, rate, gain, fades.
pub(super) struct Player<'a> {
    source: Joined<'a>,
    stages: Option<Group<'a>>,
    waiting: VecDeque<Buffer>,
    /// Frames of the first waiting block that were taken.
    taken: usize,
    /// Frames made ready so far.
    made: u64,
    frames: u64,
    fades: Fades,
}

impl<'a> Player<'a> {
    /// Plays a passage at `to_hz`. `seed` is for processors with a random part.
    pub(super) fn new(
        placed: &Placed,
        heard: &'a [Heard],
        steps: &[Step],
        to_hz: u32,
        gain_db: f64,
    ) -> Result<Self> {
        let source = placed.passage.source(heard)?;
        let from_hz = source.sample_rate_hz();
        let mut stages: Vec<Box<dyn Stage + 'a>> = vec![Box::new(Stereo)];
        for (index, step) in (0..).zip(steps) {
            stages.push(Box::new(Inserts::new(
                std::slice::from_ref(step),
                f64::from(from_hz),
                CHANNELS,
                index,
            )));
        }
        stages.push(Box::new(Convert::new(from_hz, to_hz, CHANNELS, gain_db)?));
        Ok(Self {
            source,
            stages: Some(Group(stages)),
            waiting: VecDeque::new(),
            taken: 0,
            made: 0,
            frames: placed.frames,
            fades: placed.fades.clone(),
        })
    }

    /// Makes more; false at the end.
    fn work(&mut self) -> Result<bool> {
        let Some(stages) = &mut self.stages else { return Ok(false) };
        let (fades, waiting, made, most) = (&self.fades, &mut self.waiting, &mut self.made, self.frames);
        let mut keep = |mut block: Buffer| {
            // Never longer than it was laid out.
            block.set_frames((block.frames() as u64).min(most.saturating_sub(*made)) as usize);
            for channel in 0..block.channels() {
                fades.apply(*made, block.channel_mut(channel));
            }
            *made += block.frames() as u64;
            if block.frames() > 0 {
                waiting.push_back(block);
            }
            Ok(())
        };
        let mut block = Buffer::new(self.source.info().channels(), BLOCK_FRAMES);
        self.source.read(&mut block)?;
        if block.frames() == 0 {
            stages.finish(&mut keep)?;
            self.stages = None;
        } else {
            stages.push(block, &mut keep)?;
        }
        Ok(true)
    }

    /// Plays everything that is left into `each`.
    pub(super) fn drain(&mut self, mut each: impl FnMut(&Buffer) -> Result<()>) -> Result<()> {
        loop {
            while let Some(block) = self.waiting.pop_front() {
                each(&block)?;
            }
            if !self.work()? {
                return Ok(());
            }
        }
    }

    /// Adds its next frames to both channels of `planes`; past its end there is silence.
    fn add(&mut self, block: &mut Buffer, from: usize, frames: usize) -> Result<()> {
        let mut done = 0;
        while done < frames {
            let Some(first) = self.waiting.front() else {
                if self.work()? {
                    continue;
                }
                return Ok(());
            };
            let count = (first.frames() - self.taken).min(frames - done);
            for channel in 0..block.channels() {
                let own = &first.channel(channel)[self.taken..self.taken + count];
                let to = &mut block.channel_mut(channel)[from + done..from + done + count];
                to.iter_mut().zip(own).for_each(|(to, x)| *to += x);
            }
            done += count;
            self.taken += count;
            if self.taken == first.frames() {
                self.waiting.pop_front();
                self.taken = 0;
            }
        }
        Ok(())
    }
}

/// A timeline being played.
pub(super) struct Tape<'a> {
    timeline: &'a Timeline,
    heard: &'a [Heard],
    chains: &'a [Vec<Step>],
    gains_db: &'a [f64],
    players: Vec<Option<Player<'a>>>,
    at: u64,
    frames: u64,
    info: Info,
}

impl<'a> Tape<'a> {
    /// Plays `timeline`; chains and gains by passage of it. `frames` is how long: silence is added at its end.
    pub(super) fn new(
        timeline: &'a Timeline,
        heard: &'a [Heard],
        chains: &'a [Vec<Step>],
        gains_db: &'a [f64],
        frames: u64,
    ) -> Self {
        let info = Info {
            container: "memory",
            codec: "pcm_f64",
            sample_rate_hz: timeline.sample_rate_hz,
            layout: Layout::of(CHANNELS),
            frames: Some(frames),
            encoding: Encoding::Float(64),
            metadata: Metadata::default(),
        };
        let players = timeline.passages.iter().map(|_| None).collect();
        Self { timeline, heard, chains, gains_db, players, at: 0, frames, info }
    }
}

impl Source for Tape<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        let frames = (buffer.capacity() as u64).min(self.frames - self.at);
        buffer.set_frames(frames as usize);
        for channel in 0..buffer.channels() {
            buffer.channel_mut(channel).fill(0.0);
        }
        let end = self.at + frames;
        for (index, placed) in self.timeline.passages.iter().enumerate() {
            let (first, last) = (placed.start.max(self.at), (placed.start + placed.frames).min(end));
            if first >= last {
                continue;
            }
            let player = match &mut self.players[index] {
                Some(player) => player,
                none => {
                    let steps = self.chains.get(index).map(Vec::as_slice).unwrap_or_default();
                    let gain_db = self.gains_db.get(index).copied().unwrap_or(0.0);
                    let to_hz = self.timeline.sample_rate_hz;
                    none.insert(Player::new(placed, self.heard, steps, to_hz, gain_db)?)
                }
            };
            player.add(buffer, (first - self.at) as usize, (last - first) as usize)?;
            if last == placed.start + placed.frames {
                self.players[index] = None;
            }
        }
        self.at = end;
        Ok(())
    }
}
