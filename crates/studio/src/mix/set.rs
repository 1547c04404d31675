//! Several files of one session that appear together or not at all.

use super::scratch::Scratch;
use super::{BLOCK_FRAMES, Headroom};
use crate::audio::Encoding;
use crate::deliver::{Container, Gate, Spec, Verified, Writer, Written};
use crate::engine::{self, Engine, Library, Rendered};
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result};
use crate::meters::{Bank, Setup};
use crate::session::Session;
use dsp::block::{Buffer, View};
use dsp::dither::Dither;
use dsp::math::gain_to_db;
use dsp::meter::true_peak::TruePeakMeter;
use std::path::Path;

/// A rendering on disk, waiting for its gain.
pub(super) struct Bounced {
    pub(super) scratch: Scratch,
    pub(super) channels: usize,
    pub(super) rendered: Rendered,
    pub(super) peak_db: f64,
    pub(super) integrated_lufs: Option<f64>,
}

/// Renders a session to a scratch file beside `out`; measures its loudness if `loud`.
pub(super) fn bounce(
    session: &Session,
    library: &dyn Library,
    out: &Path,
    job: &Job<'_>,
    options: engine::Options,
    loud: bool,
) -> std::result::Result<Bounced, Vec<Error>> {
    let engine = Engine::new(session, library, options)?;
    let bounced = || {
        let layout = engine.layout();
        let channels = layout.channels();
        let mut scratch = Scratch::create(out, channels)?;
        let mut meter = TruePeakMeter::new(f64::from(session.sample_rate_hz), channels);
        let mut headroom = Headroom::default();
        let mut bank = loud.then(|| Bank::new(Setup::of_render(session.sample_rate_hz, layout)));
        let rendered = engine.render(job, &mut |view| {
            meter.process(view);
            headroom.process(view);
            if let Some(bank) = &mut bank {
                bank.process(view);
            }
            scratch.write(view)
        })?;
        if rendered.sounding_frames == 0 {
            return Err(Error::input("empty", "the session has no audio").at(&session.origin.file));
        }
        if !headroom.is_finite() {
            let what = "a processor gave a sample that is no number";
            return Err(Error::new(Kind::Internal, "not_finite", what).at(&session.origin.file));
        }
        let peak_db = gain_to_db(meter.finish().worst().max(headroom.peak()));
        let integrated_lufs = bank.and_then(|bank| bank.finish().integrated_lufs);
        Ok(Bounced { scratch, channels, rendered, peak_db, integrated_lufs })
    };
    bounced().map_err(|error| vec![error])
}

/// What a file of a set is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) encoding: Encoding,
    pub(super) dither: Dither,
    pub(super) channels: usize,
    pub(super) frames: u64,
    pub(super) gain: f64,
}

/// A file being filled: times the gain, cut or filled up with silence to its length.
struct Filling {
    writer: Writer,
    shape: Shape,
    block: Buffer,
}

impl Filling {
    fn new(session: &Session, path: &Path, title: &str, shape: Shape, force: bool) -> Result<Self> {
        let mut spec = Spec::new(Container::Wav, shape.encoding, session.sample_rate_hz, shape.channels);
        spec.dither = shape.dither;
        // Dither of one file must not add up with that of the next.
        spec.seed =
            title.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(257).wrapping_add(u64::from(byte)));
        spec.tags.push(("TITLE".to_owned(), title.to_owned()));
        let writer = Writer::create(path, spec, force)?;
        Ok(Self { writer, shape, block: Buffer::new(shape.channels, BLOCK_FRAMES) })
    }

    fn write(&mut self, view: View<'_>) -> Result<()> {
        let mut start = 0;
        while start < view.frames() {
            let left = self.shape.frames.saturating_sub(self.writer.frames());
            let frames =
                BLOCK_FRAMES.min(view.frames() - start).min(usize::try_from(left).unwrap_or(BLOCK_FRAMES));
            if frames == 0 {
                return Ok(());
            }
            self.block.set_frames(frames);
            let part = view.slice(start, frames);
            for channel in 0..self.shape.channels {
                let to = self.block.channel_mut(channel).iter_mut();
                to.zip(part.channel(channel)).for_each(|(to, from)| *to = from * self.shape.gain);
            }
            self.writer.write(self.block.view())?;
            start += frames;
        }
        Ok(())
    }

    fn finish(mut self, job: &Job<'_>, gate: &Gate) -> Result<Verified> {
        while self.writer.frames() < self.shape.frames {
            let left = self.shape.frames - self.writer.frames();
            self.block.set_frames(usize::try_from(left).unwrap_or(BLOCK_FRAMES).min(BLOCK_FRAMES));
            self.block.clear();
            self.writer.write(self.block.view())?;
        }
        self.writer.verify(job, gate)
    }
}

/// Writes what was bounced.
pub(super) fn write_bounced(
    session: &Session,
    bounced: &mut Bounced,
    place: (&Path, &str, bool),
    shape: Shape,
    gate: &Gate,
    job: &Job<'_>,
) -> Result<Verified> {
    let (path, title, force) = place;
    let mut filling = Filling::new(session, path, title, shape, force)?;
    bounced.scratch.rewind()?;
    let mut block = Buffer::new(bounced.channels, BLOCK_FRAMES);
    let total = bounced.rendered.frames.min(shape.frames);
    let mut left = total;
    while left > 0 {
        job.step("print", total - left, total)?;
        block.set_frames(left.min(BLOCK_FRAMES as u64) as usize);
        bounced.scratch.read(&mut block)?;
        filling.write(block.view())?;
        left -= block.frames() as u64;
    }
    filling.finish(job, gate)
}

/// Renders a session straight into a file.
pub(super) fn write_rendered(
    session: &Session,
    library: &dyn Library,
    place: (&Path, &str, bool),
    shape: Shape,
    options: engine::Options,
    job: &Job<'_>,
) -> std::result::Result<(Verified, Vec<Finding>), Vec<Error>> {
    let (path, title, force) = place;
    let engine = Engine::new(session, library, options)?;
    let written = || {
        let mut filling = Filling::new(session, path, title, shape, force)?;
        let rendered = engine.render(job, &mut |view| filling.write(view))?;
        Ok((filling.finish(job, &Gate::default())?, rendered.findings))
    };
    written().map_err(|error| vec![error])
}

/// Gives all files their names. If one cannot have it, those that were not there before go again.
pub(super) fn commit_all(files: Vec<Verified>) -> Result<Vec<Written>> {
    let mut done: Vec<Written> = Vec::new();
    let mut fresh = Vec::new();
    for file in files {
        let path = file.written().path.clone();
        let new = !path.exists();
        match file.commit() {
            Ok(written) => {
                done.push(written);
                fresh.extend(new.then_some(path));
            }
            Err(error) => {
                // What cannot be removed is whole, at least.
                fresh.iter().for_each(|path| drop(std::fs::remove_file(path)));
                return Err(error);
            }
        }
    }
    Ok(done)
}
