//! The masters of one run: what they share, and how one of them is made beside the others.

use super::chain::{Delivery, Output, Step};
use super::level::{self, Level};
use super::listen::Listening;
use super::programme::Programme;
use super::propose::Decision;
use super::simulations::Simulations;
use super::{Extras, Place, Waiting, Wish, again, extras, model_of, render_as_it_is, seed_of};
use crate::handover::Premaster;
use crate::job::{self, Job};
use crate::message::{Error, Finding, Kind, Result};
use crate::targets::Target;
use fx::Fields;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, PoisonError};

/// Adds what should be known of a master.
pub(super) fn note(master: &Waiting, target: &Target, findings: &mut Vec<Finding>) {
    if let Some(short) = &master.short {
        // What came out takes the place of what was expected.
        findings.retain(|other: &Finding| (other.rule, &other.about) != (short.rule, &short.about));
        findings.push(short.clone());
    }
    findings.extend(master.file.written().findings.clone());
    findings.extend(extras::moments(master, target));
    findings.extend(extras::findings(master, target));
}

/// A master that waits for its name, what was decided for it, and what was found while it was solved.
pub(super) type Made = (Waiting, Option<Decision>, Vec<Finding>);

/// What became of a destination whose turn it was.
enum Turn {
    /// It was made; with everything that made it what it is, unless that is not to be shared.
    Made(Box<Made>, Option<Likeness>),
    /// Another one like it is being made.
    Twin(Box<Level>, Likeness),
}

/// All that decides what is in the file of a delivery, before anything is corrected by what comes out.
#[derive(PartialEq, Clone)]
struct Likeness {
    output: Vec<u64>,
    aim: Option<[u64; 2]>,
    inserts: Vec<(&'static str, Vec<u64>)>,
}

impl Likeness {
    fn of(delivery: &Delivery) -> Self {
        let bits =
            |fields: &dyn Fn(usize) -> f64, count: usize| (0..count).map(|n| fields(n).to_bits()).collect();
        let inserts = delivery.steps.iter().filter(|step| step.on).map(|step| {
            let description = step.settings.description();
            (description.key, bits(&|n| step.settings.get(n), description.len()))
        });
        Self {
            output: bits(&|n| delivery.output.get(n), Output::PARAMS.len()),
            aim: delivery.aim.as_ref().map(|aim| [aim.loudness.to_bits(), aim.tolerance.to_bits()]),
            inserts: inserts.collect(),
        }
    }
}

/// What all masters of a run have in common.
pub(super) struct Run<'a> {
    premaster: &'a Premaster,
    wish: &'a Wish<'a>,
    place: Place<'a>,
    extras: &'a Extras,
    heard: &'a Listening,
    hash: &'a str,
    steps: &'a [Step],
    /// What is being made or has been.
    begun: Mutex<Vec<Likeness>>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        premaster: &'a Premaster,
        wish: &'a Wish<'a>,
        place: Place<'a>,
        extras: &'a Extras,
        (heard, hash, steps): (&'a Listening, &'a str, &'a [Step]),
    ) -> Self {
        Self { premaster, wish, place, extras, heard, hash, steps, begun: Mutex::default() }
    }

    /// A master for each target, in their order: several at a time, and of those that are alike in everything only one, which the
    /// others are copies of.
    pub(super) fn all(
        &self,
        targets: &[Target],
        programme: &Programme<'_>,
        models: &Models,
        job: &Job<'_>,
    ) -> Result<Vec<Made>> {
        let order = longest_first(targets);
        let one = |turn: usize, job: &Job<'_>| self.one(&targets[order[turn]], programme, models, job);
        let turns = match order.first().is_some_and(|first| is_long(&targets[*first])) {
            true => job::each_behind_the_first(targets.len(), 2, "masters", job, one)?,
            false => job::each(targets.len(), 2, "masters", job, one)?,
        };
        let (mut made, mut twins) = (BTreeMap::new(), Vec::new());
        for (index, turn) in order.into_iter().zip(turns) {
            match turn {
                Turn::Made(own, likeness) => drop(made.insert(index, (*own, likeness))),
                Turn::Twin(level, likeness) => twins.push((index, level, likeness)),
            }
        }
        for (index, level, likeness) in twins {
            let gone = || Error::new(Kind::Internal, "internal", "a master without its twin");
            let first =
                made.values().find(|(_, other)| other.as_ref() == Some(&likeness)).ok_or_else(gone)?;
            let own = self.twin(&targets[index], *level, &first.0.0)?;
            made.insert(index, (own, None));
        }
        Ok(made.into_values().map(|(own, _)| own).collect())
    }

    /// Solves and renders one of them, or renders it as a person has it.
    fn one(
        &self,
        target: &Target,
        programme: &Programme<'_>,
        models: &Models,
        job: &Job<'_>,
    ) -> Result<Turn> {
        let Self { premaster, wish, place, extras, .. } = *self;
        if let Some(delivery) = again::as_it_is(target, wish) {
            let mut master = render_as_it_is(programme, delivery.clone(), place, job)?;
            if extras.check_codecs {
                extras::check_as_it_is(&mut master, Some(target), job)?;
            }
            return Ok(Turn::Made(Box::new((master, None, Vec::new())), None));
        }
        let model = models.at(again::rate_for(premaster, target, wish))?;
        let given = (seed_of(self.hash), job.threads);
        let mut solved = again::solve(premaster, target, wish, model, (self.heard, self.steps), given)?;
        // What codecs make of it may take each its own way.
        let likeness = (!extras.check_codecs).then(|| Likeness::of(&solved.delivery));
        if let Some(likeness) = &likeness
            && self.is_begun(likeness)
        {
            solved.look_back(model);
            return Ok(Turn::Twin(Box::new(solved), likeness.clone()));
        }
        let (decision, rendered) = (solved.decision.clone(), solved.clone());
        let render = || extras::held(programme, target, rendered, place, extras.check_codecs, job);
        let master = beside(render, || solved.look_back(model), job)?;
        Ok(Turn::Made(Box::new((master, Some(decision), solved.findings)), likeness))
    }

    /// Whether one like it is being made or has been; from now on there is one.
    fn is_begun(&self, likeness: &Likeness) -> bool {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let known = begun.contains(likeness);
        if !known {
            begun.push(likeness.clone());
        }
        known
    }

    /// What `first` came to, for a destination that asks for the same.
    fn twin(&self, target: &Target, solved: Level, first: &Waiting) -> Result<Made> {
        let Level { mut delivery, decision, findings, .. } = solved;
        delivery.output = first.delivery.output.clone();
        let inserts = first.delivery.steps.iter().filter(|step| step.on);
        for (own, other) in delivery.steps.iter_mut().filter(|step| step.on).zip(inserts) {
            own.settings = other.settings.clone();
        }
        let came_to_lufs = first.file.written().measured.integrated_lufs;
        let short = came_to_lufs.and_then(|lufs| level::settle(target, &mut delivery, lufs));
        let file = first.file.twin(&self.place.folder.join(&delivery.file), self.place.force)?;
        let waiting = Waiting {
            delivery,
            file,
            reduction_db: first.reduction_db,
            short,
            codecs: Vec::new(),
            lowered: None,
        };
        Ok((waiting, Some(decision), findings))
    }
}

/// Does `work`, and something small beside it where there are threads.
fn beside<T>(work: impl FnOnce() -> T, small: impl FnOnce() + Send, job: &Job<'_>) -> T {
    if job.threads < 2 {
        small();
        return work();
    }
    std::thread::scope(|scope| {
        scope.spawn(small);
        work()
    })
}

/// FLAC costs as much again as all the rest; it is encoded on several threads, but read back on one.
fn is_long(target: &Target) -> bool {
    target.container.value == "flac"
}

/// Targets in the order they are best begun: what takes longest must not come last.
fn longest_first(targets: &[Target]) -> Vec<usize> {
    let cost = |at: &usize| {
        let target = &targets[*at];
        // After FLAC come noise shapers.
        (!is_long(target), target.bits.value)
    };
    let mut order: Vec<usize> = (0..targets.len()).collect();
    order.sort_by_key(cost);
    order
}

/// Models of the limiter, one for each rate.
pub(super) struct Models(BTreeMap<u32, Simulations>);

impl Models {
    /// Of everything that is to be solved.
    pub(super) fn of(
        programme: &mut Programme<'_>,
        targets: &[Target],
        wish: &Wish<'_>,
        job: &Job<'_>,
    ) -> Result<Self> {
        let mut known = BTreeMap::new();
        for target in targets.iter().filter(|target| again::as_it_is(target, wish).is_none()) {
            let rate_hz = again::rate_for(programme.premaster(), target, wish);
            if let Entry::Vacant(place) = known.entry(rate_hz) {
                place.insert(Simulations::of(model_of(programme, rate_hz, targets, wish, job)?));
            }
        }
        if known.is_empty() && targets.len() > 1 {
            programme.keep(job)?;
        }
        Ok(Self(known))
    }

    pub(super) fn at(&self, rate_hz: u32) -> Result<&Simulations> {
        self.0.get(&rate_hz).ok_or_else(|| Error::new(Kind::Internal, "internal", "a rate without a model"))
    }
}
