//! Masters made anew around what a person locked or changed in their chain.

use super::chain::{Delivery, Step};
use super::level::{self, Level, Order};
use super::listen::Listening;
use super::propose::merge;
use super::simulations::Simulations;
use super::{Wish, master_name, medium};
use crate::handover::Premaster;
use crate::message::Result;
use crate::targets::Target;
use std::path::Path;

/// What the chain has for a target.
fn old<'a>(target: &Target, wish: &Wish<'a>) -> Option<&'a Delivery> {
    wish.again?.deliveries.iter().find(|delivery| delivery.target == target.name)
}

/// The same, if a person changed it.
fn edited<'a>(target: &Target, wish: &Wish<'a>) -> Option<&'a Delivery> {
    old(target, wish).filter(|delivery| delivery.edited())
}

/// Name of a target's file: a person may have given it another.
pub(super) fn file_for(print: &Path, target: &Target, wish: &Wish<'_>) -> String {
    old(target, wish).map_or_else(|| master_name(print, target), |delivery| delivery.file.clone())
}

/// Rate of a target's file.
pub(super) fn rate_for(premaster: &Premaster, target: &Target, wish: &Wish<'_>) -> u32 {
    let own = target.delivery_rate_hz(premaster.info().sample_rate_hz);
    edited(target, wish).map_or(own, |delivery| delivery.output.sample_rate_hz as u32)
}

/// Loudness a target is to have: as a person wrote it, as it is wished, as the target says.
pub(super) fn wanted_lufs(target: &Target, wish: &Wish<'_>) -> Option<f64> {
    let by_hand = edited(target, wish).and_then(|delivery| delivery.aim.as_ref()).map(|aim| aim.loudness);
    by_hand.or(wish.loudness_lufs).or_else(|| target.loudness_lufs.as_ref().map(|fact| fact.value))
}

/// Lowest ceiling a target's limiter may be given.
pub(super) fn lowest_ceiling_dbtp(target: &Target, wish: &Wish<'_>) -> f64 {
    let by_hand = edited(target, wish).map_or(0.0, |delivery| delivery.output.ceiling_dbtp);
    target.ceiling_for(0.0).min(by_hand)
}

/// A delivery that is to stay to the last digit: it is locked, or a person changed it and asks for no loudness.
pub(super) fn as_it_is<'a>(target: &Target, wish: &Wish<'a>) -> Option<&'a Delivery> {
    old(target, wish).filter(|delivery| delivery.locked || delivery.edited() && delivery.aim.is_none())
}

/// Solves the level of a target around what is kept of it.
pub(super) fn solve(
    premaster: &Premaster,
    target: &Target,
    wish: &Wish<'_>,
    model: &Simulations,
    (heard, shared): (&Listening, &[Step]),
    (seed, threads): (u64, usize),
) -> Result<Level> {
    let (old, edited) = (old(target, wish), edited(target, wish));
    let is_limiter = |step: &&Step| step.on && step.kept() && step.settings.description().key == "limiter";
    let by_hand = edited
        .and_then(|delivery| delivery.aim.as_ref())
        .is_some_and(|aim| target.loudness_lufs.as_ref().is_none_or(|fact| fact.value != aim.loudness));
    let order = Order {
        target,
        taste: &wish.taste,
        wanted_lufs: wanted_lufs(target, wish),
        ceiling_dbtp: edited.map(|delivery| delivery.output.ceiling_dbtp),
        limiter: old.and_then(|delivery| delivery.steps.iter().find(is_limiter)),
        // A loudness written by hand is one that is wanted.
        forced: wish.force_level || by_hand,
        transients: heard.transients,
        file: file_for(premaster.path(), target, wish),
        seed,
        rate_hz: rate_for(premaster, target, wish),
        threads,
    };
    let mut level = level::solve(&order, model)?;
    let limiting = std::mem::take(&mut level.delivery.steps);
    level.delivery.steps = medium::moves(target, heard, shared, &wish.taste.strength)?;
    level.delivery.steps.extend(limiting);
    if let Some(old) = old {
        level.delivery.steps = merge(&old.steps, std::mem::take(&mut level.delivery.steps));
    }
    if let Some(edited) = edited {
        keep(&mut level, edited);
    }
    Ok(level)
}

/// Everything a person may have changed stays; the gain starts from theirs and is corrected only where the loudness is off.
fn keep(level: &mut Level, edited: &Delivery) {
    let loudness = level.delivery.aim.as_ref().map(|aim| aim.loudness);
    level.delivery.output = edited.output.clone();
    level.delivery.aim.clone_from(&edited.aim);
    if let (Some(aim), Some(loudness)) = (&mut level.delivery.aim, loudness) {
        aim.loudness = loudness;
    }
    level.delivery.proposed.clone_from(&edited.proposed);
    level.to_ceiling = false;
}

/// A delivery as it goes into the chain: what a person changed is known as theirs the next time, too.
pub(super) fn sealed(delivery: &Delivery, wish: &Wish<'_>) -> Delivery {
    let old = wish.again.and_then(|chain| chain.deliveries.iter().find(|old| old.target == delivery.target));
    match old {
        Some(old) if old.edited() => {
            Delivery { proposed: old.proposed.clone(), locked: old.locked, ..delivery.clone() }
        }
        Some(old) => Delivery { locked: old.locked, ..delivery.clone() }.sealed(),
        None => delivery.clone().sealed(),
    }
}
