//! What a stream passes on its way to a master.

use super::chain::Step;
use crate::message::{Error, Kind, Result};
use crate::pipe::{BLOCK_FRAMES, Next, Stage};
use dsp::block::{Buffer, View};
use dsp::math::db_to_gain;
use dsp::resample::{Resampler, Slope};
use fx::{AnyKernel, Format};

/// Mono becomes two equal channels, so that what is measured is what two loudspeakers play. The rest passes.
pub(crate) struct Stereo;

impl Stage for Stereo {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        if block.channels() != 1 {
            return next(block);
        }
        let plane = block.channel(0).to_vec();
        next(Buffer::from_planes(&[plane.clone(), plane]))
    }
}

/// Processors in a row, without their latency: what comes out lies where it lay.
pub(crate) struct Inserts {
    kernels: Vec<Box<dyn AnyKernel>>,
    channels: usize,
    /// Frames of latency still to be dropped.
    to_drop: usize,
    latency: usize,
    reduction_db: f64,
}

impl Inserts {
    pub(crate) fn new(steps: &[Step], sample_rate_hz: f64, channels: usize, seed: u64) -> Self {
        let kernels: Vec<_> = steps
            .iter()
            .enumerate()
            .map(|(index, step)| {
                step.settings.prepare(Format {
                    sample_rate_hz,
                    channels,
                    tempo_bpm: 120.0,
                    max_block_frames: BLOCK_FRAMES,
                    seed: seed.wrapping_add(index as u64),
                })
            })
            .collect();
        let latency = kernels.iter().map(|kernel| kernel.latency_frames()).sum();
        Self { kernels, channels, to_drop: latency, latency, reduction_db: 0.0 }
    }

    /// The most gain reduction there was, dB; 0 without anything that reduces.
    pub(crate) fn largest_reduction_db(&self) -> f64 {
        self.reduction_db
    }

    fn play(&mut self, mut block: Buffer, next: Next<'_>) -> Result<()> {
        let frames = block.frames();
        let mut start = 0;
        while start < frames {
            let mut whole = block.block();
            let mut part = whole.slice(start, BLOCK_FRAMES);
            for kernel in &mut self.kernels {
                kernel.process(&mut part);
                self.reduction_db = self.reduction_db.max(kernel.gain_reduction_db().unwrap_or(0.0));
            }
            start += BLOCK_FRAMES;
        }
        let dropped = self.to_drop.min(frames);
        self.to_drop -= dropped;
        match frames - dropped {
            0 => Ok(()),
            _ if dropped == 0 => next(block),
            rest => next(copy(block.view().slice(dropped, rest))),
        }
    }
}

impl Stage for Inserts {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        if self.kernels.is_empty() { next(block) } else { self.play(block, next) }
    }

    fn finish(&mut self, next: Next<'_>) -> Result<()> {
        // Silence in pushes the last frames out.
        let mut left = self.latency;
        while left > 0 {
            let frames = left.min(BLOCK_FRAMES);
            self.play(Buffer::new(self.channels, frames), next)?;
            left -= frames;
        }
        Ok(())
    }
}

/// An owned copy of a view.
pub(crate) fn copy(view: View<'_>) -> Buffer {
    let planes: Vec<_> = (0..view.channels()).map(|channel| view.channel(channel).to_vec()).collect();
    Buffer::from_planes(&planes)
}

/// Sample-rate conversion, then a static gain. With equal rates only the gain is left.
pub(crate) struct Convert {
    resampler: Option<Resampler>,
    planes: Vec<Vec<f64>>,
    gain: f64,
}

impl Convert {
    pub(crate) fn new(from_hz: u32, to_hz: u32, channels: usize, gain_db: f64) -> Result<Self> {
        let resampler = match from_hz == to_hz {
            true => None,
            false => Some(Resampler::new(from_hz, to_hz, channels, Slope::Gentle).map_err(|_| {
                Error::new(
                    Kind::Input,
                    "unsupported_rate",
                    format!("cannot convert {from_hz} Hz to {to_hz} Hz"),
                )
            })?),
        };
        Ok(Self { resampler, planes: vec![Vec::new(); channels], gain: db_to_gain(gain_db) })
    }

    fn give(&mut self, next: Next<'_>) -> Result<()> {
        if self.planes.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let mut block = Buffer::from_planes(&self.planes);
        for plane in &mut self.planes {
            plane.clear();
        }
        scale(&mut block, self.gain);
        next(block)
    }
}

fn scale(block: &mut Buffer, gain: f64) {
    if gain != 1.0 {
        for channel in 0..block.channels() {
            for x in block.channel_mut(channel) {
                *x *= gain;
            }
        }
    }
}

impl Stage for Convert {
    fn push(&mut self, mut block: Buffer, next: Next<'_>) -> Result<()> {
        let Some(resampler) = &mut self.resampler else {
            scale(&mut block, self.gain);
            return next(block);
        };
        resampler.process(block.view(), &mut self.planes);
        self.give(next)
    }

    fn finish(&mut self, next: Next<'_>) -> Result<()> {
        if let Some(resampler) = &mut self.resampler {
            resampler.finish(&mut self.planes);
        }
        self.give(next)
    }
}

impl<S: Stage + ?Sized> Stage for &mut S {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        (**self).push(block, next)
    }

    fn finish(&mut self, next: Next<'_>) -> Result<()> {
        (**self).finish(next)
    }
}

/// Stages that run on one thread, as one.
pub(crate) struct Group<'a>(pub(crate) Vec<Box<dyn Stage + 'a>>);

fn through(stages: &mut [Box<dyn Stage + '_>], block: Buffer, next: Next<'_>) -> Result<()> {
    match stages.split_first_mut() {
        None => next(block),
        Some((stage, rest)) => stage.push(block, &mut |block| through(rest, block, next)),
    }
}

impl Stage for Group<'_> {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        through(&mut self.0, block, next)
    }

    fn finish(&mut self, next: Next<'_>) -> Result<()> {
        for index in 0..self.0.len() {
            if let Some((stage, rest)) = self.0[index..].split_first_mut() {
                stage.finish(&mut |block| through(rest, block, next))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(stage: &mut dyn Stage, planes: &[Vec<f64>], cut: usize) -> Vec<Vec<f64>> {
        let whole = Buffer::from_planes(planes);
        let mut out: Vec<Vec<f64>> = Vec::new();
        let mut keep = |block: Buffer| {
            out.resize(block.channels(), Vec::new());
            for (channel, plane) in out.iter_mut().enumerate() {
                plane.extend_from_slice(block.channel(channel));
            }
            Ok(())
        };
        let mut start = 0;
        while start < whole.frames() {
            stage.push(copy(whole.view().slice(start, cut)), &mut keep).expect("it takes the block");
            start += cut;
        }
        stage.finish(&mut keep).expect("it finishes");
        out
    }

    #[test]
    fn conversion_keeps_the_place_and_the_exact_length() {
        let click = testkit::signals::impulse(1.0, 960, 9600);
        let mut stage = Convert::new(96_000, 48_000, 1, 6.020_599_913_279_624).expect("the rates are usual");
        let out = feed(&mut stage, &[click], 1000);
        assert_eq!(out[0].len(), 4800);
        let top = (0..4800).max_by(|&a, &b| out[0][a].abs().total_cmp(&out[0][b].abs()));
        assert_eq!(top, Some(480));
    }

    #[test]
    fn a_group_finishes_its_stages_in_order() {
        let mut group = Group(vec![
            Box::new(Stereo),
            Box::new(Convert::new(44_100, 88_200, 2, 0.0).expect("the rates are usual")),
        ]);
        let out = feed(&mut group, &[testkit::signals::noise(0.5, 1, 4410)], 700);
        assert_eq!((out.len(), out[0].len()), (2, 8820));
        assert_eq!(out[0], out[1]);
    }
}
