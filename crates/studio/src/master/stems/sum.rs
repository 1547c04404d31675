//! Stems added up, block by block.

use super::{Stem, open, running};
use crate::audio::{Info, Source};
use crate::master::render::CHANNELS;
use crate::master::stages::{Inserts, Stereo};
use crate::message::{Error, Finding, Result};
use crate::pipe::{BLOCK_FRAMES, Next, Stage};
use dsp::block::Buffer;
use dsp::math::db_to_gain;
use std::collections::VecDeque;
use std::path::PathBuf;

/// The sum as a stream.
pub(super) struct Sum {
    info: Info,
    lanes: Vec<Lane>,
    paths: Vec<PathBuf>,
}

/// A stem on its way into the sum.
struct Lane {
    source: Box<dyn Source>,
    inserts: Inserts,
    gain: f64,
    waiting: VecDeque<Buffer>,
    /// Frames of the first waiting buffer that were taken already.
    taken: usize,
    ended: bool,
    /// Frames it gave to the sum.
    given: u64,
}

impl Sum {
    pub(super) fn open(paths: &[PathBuf], stems: &[Stem], info: Info) -> Result<Self> {
        let mut lanes = Vec::new();
        for (index, (path, stem)) in (0_u64..).zip(paths.iter().zip(stems)) {
            // A seed for every insert of every stem; the chain behind them counts from 0.
            let seed = 1000 + 64 * index;
            let rate_hz = f64::from(info.sample_rate_hz);
            lanes.push(Lane {
                source: open(path)?,
                inserts: Inserts::new(&running(stem), rate_hz, CHANNELS, seed),
                gain: db_to_gain(stem.gain_db),
                waiting: VecDeque::new(),
                taken: 0,
                ended: false,
                given: 0,
            });
        }
        Ok(Self { info, lanes, paths: paths.to_vec() })
    }
}

impl Lane {
    /// Reads until `frames` wait or the stem has ended; tells how many wait.
    fn fill(&mut self, frames: usize) -> Result<usize> {
        let mut waiting: usize = self.waiting.iter().map(Buffer::frames).sum::<usize>() - self.taken;
        while waiting < frames && !self.ended {
            let mut block = Buffer::new(self.source.info().channels(), BLOCK_FRAMES);
            self.source.read(&mut block)?;
            let mut made = Vec::new();
            let next: Next<'_> = &mut |block| {
                made.push(block);
                Ok(())
            };
            if block.frames() == 0 {
                self.ended = true;
                self.inserts.finish(next)?;
            } else {
                Stereo.push(block, &mut |block| self.inserts.push(block, next))?;
            }
            waiting += made.iter().map(Buffer::frames).sum::<usize>();
            self.waiting.extend(made);
        }
        Ok(waiting)
    }

    /// Adds up to `frames` of what waits to `to`; the first stem is not added to zero but put there.
    fn add(&mut self, to: &mut Buffer, frames: usize, first: bool) {
        let mut done = 0;
        while done < frames {
            let Some(block) = self.waiting.front() else { break };
            let part = (block.frames() - self.taken).min(frames - done);
            for channel in 0..CHANNELS {
                let from = &block.channel(channel)[self.taken..self.taken + part];
                let onto = &mut to.channel_mut(channel)[done..done + part];
                for (y, x) in onto.iter_mut().zip(from) {
                    let x = if self.gain == 1.0 { *x } else { self.gain * x };
                    *y = if first { x } else { *y + x };
                }
            }
            done += part;
            self.taken += part;
            if self.taken == block.frames() {
                self.taken = 0;
                self.waiting.pop_front();
            }
        }
        self.given += done as u64;
        if first {
            for channel in 0..CHANNELS {
                to.channel_mut(channel)[done..frames].fill(0.0);
            }
        }
    }
}

impl Source for Sum {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        let room = buffer.capacity();
        let mut frames = 0;
        for (lane, path) in self.lanes.iter_mut().zip(&self.paths) {
            frames = frames.max(lane.fill(room).map_err(|error| error.at(path.display()))?);
        }
        let frames = frames.min(room);
        buffer.set_frames(frames);
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            lane.add(buffer, frames, index == 0);
        }
        self.check_lengths()
    }

    fn findings(&self) -> Vec<Finding> {
        let of = |(lane, path): (&Lane, &PathBuf)| {
            let findings = lane.source.findings();
            findings.into_iter().map(|finding| finding.about(path.display())).collect::<Vec<_>>()
        };
        self.lanes.iter().zip(&self.paths).flat_map(of).collect()
    }
}

impl Sum {
    /// A stem that ended long before another: files that do not tell their length beforehand are found out here.
    fn check_lengths(&self) -> Result<()> {
        let most = self.lanes.iter().map(|lane| lane.given).max().unwrap_or(0);
        let short = self.lanes.iter().position(|lane| most - lane.given > BLOCK_FRAMES as u64);
        let Some(path) = short.and_then(|short| self.paths.get(short)) else { return Ok(()) };
        let error = Error::input("stem_length", "the stem ends long before the others").at(path.display());
        Err(error.hint("export all stems over the same range, from the same start"))
    }
}
