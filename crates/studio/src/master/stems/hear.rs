//! What each stem is like.

use super::open;
use crate::job::Job;
use crate::master::reference::{Painter, Portrait};
use crate::master::stages::Stereo;
use crate::message::Result;
use crate::pipe::{self, Stage};
use std::path::{Path, PathBuf};

/// Listens to every stem; `None` for one in which nothing sounds.
pub(super) fn all(paths: &[PathBuf], job: &Job<'_>) -> Result<Vec<Option<Portrait>>> {
    paths.iter().enumerate().map(|(index, path)| one(path, index, job)).collect()
}

fn one(path: &Path, index: usize, job: &Job<'_>) -> Result<Option<Portrait>> {
    let mut source = open(path)?;
    let expected = source.info().frames.unwrap_or(0);
    let mut painter = Painter::new(f64::from(source.info().sample_rate_hz), source.info().frames);
    let label = format!("listen to stem {}", index + 1);
    let mut stereo = Stereo;
    let mut stages: Vec<&mut dyn Stage> = vec![&mut stereo];
    stages.extend(painter.stages());
    pipe::run(source.as_mut(), &mut stages, expected, &label, job)
        .map_err(|error| error.at(path.display()))?;
    Ok(painter.finish())
}
