//! Every track as a file of its own: the samples of the source between silences, read back.

use super::plan::{GUIDES_FOLDER, Plan, Planned};
use super::{Exported, Request};
use dsp::block::Buffer;
use dsp::resample::{Resampler, Slope};
use std::path::Path;
use studio::audio::Source;
use studio::decode;
use studio::deliver::{Bext, Container, Dither, Gate, Spec, Writer};
use studio::job::Job;
use studio::message::{Error, Kind, Result};

/// Frames read at once.
const BLOCK_FRAMES: usize = 8192;

/// Exports all tracks of a plan.
pub(super) fn all(
    root: &Path,
    folder: &Path,
    plan: &Plan,
    request: &Request,
    job: &Job<'_>,
) -> Result<Vec<Exported>> {
    if plan.tracks.iter().any(|track| track.guide.is_some()) {
        let guides = folder.join(GUIDES_FOLDER);
        std::fs::create_dir_all(&guides).map_err(|error| Error::io(&guides, "make the folder", &error))?;
    }
    let mut way = Way { done: 0, total: plan.tracks.iter().map(|track| track.frames).sum(), job };
    plan.tracks.iter().map(|track| one(root, folder, plan, track, request, &mut way)).collect()
}

/// How far it is.
struct Way<'a> {
    done: u64,
    total: u64,
    job: &'a Job<'a>,
}

impl Way<'_> {
    fn step(&mut self, frames: usize) -> Result<()> {
        self.done += frames as u64;
        self.job.step("export", self.done.min(self.total), self.total)
    }
}

fn one(
    root: &Path,
    folder: &Path,
    plan: &Plan,
    track: &Planned,
    request: &Request,
    way: &mut Way<'_>,
) -> Result<Exported> {
    let from = root.join(&track.path);
    let mut source = decode::open(&from, request.decode)?;
    let mut spec = Spec::new(Container::Wav, track.encoding.1, plan.sample_rate_hz, track.channels);
    spec.layout = source.info().layout.clone();
    // Samples are on the grid already.
    spec.dither = Dither::None;
    spec.bext = Some(Bext {
        description: track.original.clone(),
        originator: "Tonmeister".to_owned(),
        time_reference_frames: plan.time_reference_frames,
        ..Bext::default()
    });
    spec.track_names = names_of(track);
    let mut writer = Writer::create(&folder.join(&track.file), spec, false)?;
    silence(&mut writer, track.offset_frames.min(plan.frames), track.channels)?;
    let unchanged = track.from_hz == plan.sample_rate_hz;
    match unchanged {
        true => copy(source.as_mut(), &mut writer, way)?,
        false => convert(source.as_mut(), &mut writer, plan.sample_rate_hz, way)?,
    }
    if writer.frames() > plan.frames {
        let what = format!("{} frames were read where {} were promised", writer.frames(), plan.frames);
        return Err(Error::input("length_changed", what)
            .at(from.display())
            .hint("is somebody writing to it? try again"));
    }
    let behind = plan.frames - writer.frames();
    silence(&mut writer, behind, track.channels)?;
    let written = writer.finish(way.job, &Gate::default())?;
    Ok(Exported {
        planned: track.clone(),
        unchanged,
        audio_blake3: written.audio_blake3,
        bytes: written.bytes,
    })
}

/// Names of the channels, for desks that show them.
fn names_of(track: &Planned) -> Vec<String> {
    match track.channels {
        1 => vec![track.original.clone()],
        2 => ["L", "R"].map(|side| format!("{} {side}", track.original)).to_vec(),
        many => (1..=many).map(|channel| format!("{} {channel}", track.original)).collect(),
    }
}

fn silence(writer: &mut Writer, frames: u64, channels: usize) -> Result<()> {
    let block = Buffer::new(channels, BLOCK_FRAMES);
    let mut left = frames;
    while left > 0 {
        let now = left.min(BLOCK_FRAMES as u64);
        writer.write(block.view().slice(0, now as usize))?;
        left -= now;
    }
    Ok(())
}

fn copy(source: &mut dyn Source, writer: &mut Writer, way: &mut Way<'_>) -> Result<()> {
    let mut block = Buffer::new(source.info().channels(), BLOCK_FRAMES);
    loop {
        source.read(&mut block)?;
        way.step(block.frames())?;
        if block.frames() == 0 {
            return Ok(());
        }
        writer.write(block.view())?;
    }
}

fn convert(source: &mut dyn Source, writer: &mut Writer, rate_hz: u32, way: &mut Way<'_>) -> Result<()> {
    let (channels, from_hz) = (source.info().channels(), source.info().sample_rate_hz);
    let mut resampler = Resampler::new(from_hz, rate_hz, channels, Slope::Gentle)
        .map_err(|error| Error::new(Kind::Usage, "unsupported", error.to_string()))?;
    let mut block = Buffer::new(channels, BLOCK_FRAMES);
    let mut planes: Vec<Vec<f64>> = vec![Vec::new(); channels];
    loop {
        source.read(&mut block)?;
        way.step(block.frames())?;
        let ended = block.frames() == 0;
        match ended {
            true => resampler.finish(&mut planes),
            false => resampler.process(block.view(), &mut planes),
        }
        if planes.first().is_some_and(|plane| !plane.is_empty()) {
            writer.write(Buffer::from_planes(&planes).view())?;
            planes.iter_mut().for_each(Vec::clear);
        }
        if ended {
            return Ok(());
        }
    }
}
