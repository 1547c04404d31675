//! What the advice is asked about a song while it is heard: what it needs, what changed, how it comes across elsewhere.

use crate::heard::{Heard, hear};
use advice::assess::{self, Advice, Assessment};
use advice::compare::{self, Comparison};
use advice::translate::{self, Place, Said, Translation};
use std::path::Path;
use studio::decode;
use studio::handover;
use studio::job::{self, Job};
use studio::message::{Error, Kind, Result};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// What changed, of two versions.
    Changes,
    /// That, what the hand-over gate says of the first one, and how the last one comes across elsewhere.
    Pair,
    /// What one file needs, for these destinations (none: not decided yet), and how it comes across elsewhere.
    One(Vec<String>),
}

/// What was answered. What cannot be said of a file (surround, silence) is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// What one file needs.
    pub assessment: Option<Assessment>,
    /// What should be known of the first file.
    pub advice: Vec<Advice>,
    /// What changed from the first to the last.
    pub comparison: Option<Comparison>,
    /// How the last file comes across elsewhere.
    pub translation: Option<Translation>,
}

/// A piece of work that does not wait for another.
#[derive(Debug, Clone, Copy)]
enum Task<'a> {
    Compare(&'a Path, &'a Path),
    Hear(&'a Path),
    Translate(&'a Path),
    Gate(&'a Path),
}

enum Answer {
    Compared(Option<Box<Comparison>>),
    Heard(Box<Heard>),
    Translated(Option<Box<Translation>>),
    Gated(Vec<Advice>),
}

/// Hears the files and asks what can be asked of all of them side by side; the files in their order. What one file needs is asked by
/// [`needs`].
///
/// # Errors
/// What reading says; `interrupted`.
pub fn ask((before, after): (Option<&Path>, &Path), ask: &Ask, job: &Job<'_>) -> Result<(Vec<Heard>, Asked)> {
    let elsewhere = *ask != Ask::Changes;
    // The longest first.
    let tasks: Vec<Task<'_>> = [
        before.map(|before| Task::Compare(before, after)),
        before.map(Task::Hear),
        Some(Task::Hear(after)),
        elsewhere.then_some(Task::Translate(after)),
        before.filter(|_| *ask == Ask::Pair).map(Task::Gate),
    ]
    .into_iter()
    .flatten()
    .collect();
    let gone = || Error::new(Kind::Internal, "nothing_heard", "nothing was heard");
    let answers = job::each(tasks.len(), 1, "listen", job, |n, job| {
        tasks.get(n).ok_or_else(gone).and_then(|task| task.run(job))
    })?;
    let (mut heard, mut asked) = (Vec::new(), Asked::default());
    for answer in answers {
        match answer {
            Answer::Heard(one) => heard.push(*one),
            Answer::Compared(found) => asked.comparison = found.map(|found| *found),
            Answer::Translated(found) => asked.translation = found.map(|found| *found),
            Answer::Gated(found) => asked.advice = found,
        }
    }
    Ok((heard, asked))
}

/// What one file needs. Costs more than all the rest of a page.
///
/// # Errors
/// As [`assess::assess`].
pub fn needs(path: &Path, destinations: &[String], job: &Job<'_>) -> Result<Assessment> {
    let options = assess::Options { destinations: destinations.to_vec() };
    assess::assess(&[path.to_owned()], &options, job)
}

/// What a lossy stream does to a file: asked of a short one, because encoders are slow.
///
/// # Errors
/// What encoding says; `interrupted`.
pub fn lossy(path: &Path, job: &Job<'_>) -> Result<Vec<Said>> {
    let places = places(|place| place.codec.is_some())?;
    let options = translate::Options { places, ..translate::Options::default() };
    let found = unless_it_cannot_be(translate::translate(path, &options, job))?;
    Ok(found.map_or_else(Vec::new, |found| found.places))
}

/// Names of places.
fn places(which: impl Fn(&Place) -> bool) -> Result<Vec<String>> {
    Ok(translate::places()?.into_iter().filter(which).map(|place| place.name).collect())
}

impl Task<'_> {
    fn run(self, job: &Job<'_>) -> Result<Answer> {
        Ok(match self {
            Self::Hear(path) => Answer::Heard(Box::new(hear(path, job)?)),
            Self::Gate(path) => {
                Answer::Gated(handover::check(path, job)?.findings.iter().map(Advice::of).collect())
            }
            Self::Translate(path) => {
                let places = places(|place| place.codec.is_none())?;
                let options = translate::Options { places, ..translate::Options::default() };
                let found = translate::translate(path, &options, job);
                Answer::Translated(unless_it_cannot_be(found)?.map(Box::new))
            }
            Self::Compare(before, after) => {
                let decode = decode::Options { repair: true, ..decode::Options::default() };
                let found = compare::compare(before, after, &compare::Options { decode }, job);
                Answer::Compared(unless_it_cannot_be(found)?.map(Box::new))
            }
        })
    }
}

/// Nothing for what nothing can be said of: silence, surround, channels that do not fit.
fn unless_it_cannot_be<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.code, "silent" | "not_stereo" | "not_comparable") => Ok(None),
        Err(error) => Err(error),
    }
}
