//! The mastering engineer's proposal: the least chain, each move with its measured reason.

mod dynamics;
mod keep;
mod moving;
mod saturation;
#[cfg(test)]
mod tests;
mod tone;
mod width;

pub use keep::merge;

use super::chain::{Family, Step, make};
use super::listen::Listening;
use super::taste::Taste;
use super::tone::Tone;
use crate::message::Result;
use fx::AnyProcessor;
use serde::Serialize;

/// A decision, for the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// Family: `tone`, `dynamics`, `saturation`, `width`, `level`.
    pub family: &'static str,
    /// What was done (or that nothing was).
    pub what: String,
    /// Why, with the measured figure.
    pub because: String,
}

/// The shared part of a chain, and why it is as it is.
#[derive(Debug)]
pub struct Proposal {
    /// Moves in order; empty when the mix needs none.
    pub steps: Vec<Step>,
    /// Every decision, those to do nothing included.
    pub decisions: Vec<Decision>,
    /// What the tone was compared with.
    pub tone: Tone,
}

impl Proposal {
    /// Adds a move, and that it was decided.
    fn take(&mut self, step: Step) {
        let (what, because) = (step.effect.clone(), step.because.clone());
        self.decisions.push(Decision { family: step.family.name(), what, because });
        self.steps.push(step.sealed());
    }

    /// Notes that nothing is done, and why.
    fn leave(&mut self, family: Family, what: &str, because: String) {
        self.decisions.push(Decision { family: family.name(), what: what.into(), because });
    }
}

/// What to do to a print that was listened to. `stereo` is whether there are two different channels to speak of.
///
/// # Errors
/// `no_processor` when one that is needed is not registered, which a test rules out.
pub fn propose(heard: &Listening, stereo: bool, taste: &Taste) -> Result<Proposal> {
    let loudness = loudness_of(heard);
    let relative = heard.level_db.map(|level| level - loudness);
    let tone = super::tone::propose(&relative, heard.top_hz, taste.intensity.eq_amount.value);
    let mut proposal = Proposal { steps: Vec::new(), decisions: Vec::new(), tone };
    if asked(&mut proposal, taste, Family::Tone) {
        tone::clean(heard, taste, &mut proposal)?;
        moving::resonances(heard, taste, &mut proposal)?;
        moving::booming(heard, taste, &mut proposal)?;
        moving::sibilants(heard, taste, &mut proposal)?;
        tone::balance(taste, &mut proposal)?;
        tone::colour(taste, &mut proposal)?;
    }
    if asked(&mut proposal, taste, Family::Dynamics) {
        dynamics::even_out(heard, taste, &mut proposal)?;
    }
    if asked(&mut proposal, taste, Family::Saturation) {
        saturation::warm(heard, taste, &mut proposal)?;
    }
    if asked(&mut proposal, taste, Family::Width) {
        width::widen(heard, stereo, taste, &mut proposal)?;
    }
    Ok(proposal)
}

/// Whether a family may do anything at all.
fn asked(proposal: &mut Proposal, taste: &Taste, family: Family) -> bool {
    let asked = taste.strength.of(family) > 0.0;
    if !asked {
        proposal.leave(family, "left alone", "its strength is 0".into());
    }
    asked
}

/// Level of everything, dB: the common offset is taken out later, so any steady reference will do.
fn loudness_of(heard: &Listening) -> f64 {
    heard.level_db.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// Sets a parameter by its address.
pub(crate) fn set(processor: &mut dyn AnyProcessor, address: &str, value: f64) {
    if let Some(index) = processor.description().index_of(address) {
        processor.set(index, value);
    } else {
        debug_assert!(false, "{address} is not declared");
    }
}

/// A processor with some of its parameters set.
pub(super) fn made(key: &str, settings: &[(&str, f64)]) -> Result<Box<dyn AnyProcessor>> {
    let mut processor = make(key)?;
    settings.iter().for_each(|(address, value)| set(processor.as_mut(), address, *value));
    Ok(processor)
}

/// To a tenth: what is written is round.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
