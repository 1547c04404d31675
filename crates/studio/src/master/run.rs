//! The masters of one run: what they share, and how one of them is made beside the others.

use super::chain::Step;
use super::listen::Listening;
use super::programme::Programme;
use super::propose::Decision;
use super::{Extras, Place, Waiting, Wish, again, extras, model_of, render_as_it_is, seed_of};
use crate::handover::Premaster;
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result};
use crate::targets::Target;
use dsp::limiter::model::Model;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

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

/// What all masters of a run have in common.
pub(super) struct Run<'a> {
    pub(super) premaster: &'a Premaster,
    pub(super) wish: &'a Wish<'a>,
    pub(super) place: Place<'a>,
    pub(super) extras: &'a Extras,
    pub(super) heard: &'a Listening,
    pub(super) hash: &'a str,
    pub(super) steps: &'a [Step],
}

impl Run<'_> {
    /// Solves and renders one of them, or renders it as a person has it.
    pub(super) fn one(
        &self,
        target: &Target,
        programme: &Programme<'_>,
        models: &Models,
        job: &Job<'_>,
    ) -> Result<Made> {
        let Self { premaster, wish, place, extras, .. } = *self;
        if let Some(delivery) = again::as_it_is(target, wish) {
            let mut master = render_as_it_is(programme, delivery.clone(), place, job)?;
            if extras.check_codecs {
                extras::check_as_it_is(&mut master, Some(target), job)?;
            }
            return Ok((master, None, Vec::new()));
        }
        let model = models.at(again::rate_for(premaster, target, wish))?;
        let seed = seed_of(self.hash, &target.name);
        let solved = again::solve(premaster, target, wish, model, (self.heard, self.steps), seed)?;
        let (decision, said) = (solved.decision.clone(), solved.findings.clone());
        let master = extras::held(programme, target, solved, place, extras.check_codecs, job)?;
        Ok((master, Some(decision), said))
    }
}

/// Targets in the order they are best begun: what takes longest must not come last.
pub(super) fn longest_first(targets: &[Target]) -> Vec<usize> {
    let cost = |at: &usize| {
        let target = &targets[*at];
        // FLAC costs as much again as all the rest; then come noise shapers.
        (target.container.value != "flac", target.bits.value)
    };
    let mut order: Vec<usize> = (0..targets.len()).collect();
    order.sort_by_key(cost);
    order
}

/// Models of the limiter, one for each rate.
pub(super) struct Models(BTreeMap<u32, Model>);

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
                place.insert(model_of(programme, rate_hz, targets, wish, job)?);
            }
        }
        if known.is_empty() && targets.len() > 1 {
            programme.keep(job)?;
        }
        Ok(Self(known))
    }

    pub(super) fn at(&self, rate_hz: u32) -> Result<&Model> {
        self.0.get(&rate_hz).ok_or_else(|| Error::new(Kind::Internal, "internal", "a rate without a model"))
    }
}
