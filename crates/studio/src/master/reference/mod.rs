//! A print moved towards a reference: spectrum, dynamics by band, width by band, loudness; each by a bounded amount.
//!
//! Both are heard alike: spectra of the loud half (by gated loudness), smoothed over a third of an octave. The difference is
//! held within limits, nothing that is only noise is lifted, and what is left is fitted by a few broad filters of our own
//! equaliser: no comb, no ringing, and a text that a person can edit. Several references count by the mean of their logarithms.
//!
//! Both are read once, block by block; memory does not grow with length.

mod amounts;
mod dynamics;
mod fit;
mod grid;
mod levels;
mod moves;
mod picture;
mod portrait;
mod spectra;
#[cfg(test)]
mod tests;
mod wanted;
mod width;

pub use amounts::Amounts;
pub(super) use portrait::{Painter, Portrait};

use super::chain::{Family, Step};
use super::propose::Decision;
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::targets::{Fact, Target, Tier};
use picture::Picture;
use std::path::PathBuf;

/// Most references, by our own convention.
const MOST_REFERENCES: usize = 32;
/// A reference shorter than this says little about a song, seconds (mastering.md §5.17: previews last 30).
const SHORT_SECONDS: f64 = 15.0;

/// What is matched to what, and how far.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Files of the references.
    pub references: Vec<PathBuf>,
    /// Weight of each; empty: all alike.
    pub weights: Vec<f64>,
    /// How far each family goes.
    pub amounts: Amounts,
}

/// References as they were heard, as one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reference {
    picture: Picture,
    /// For words: the name of the one, or how many they are.
    name: String,
    findings: Vec<Finding>,
}

/// What a match comes to.
#[derive(Debug)]
pub(super) struct Matched {
    /// Processors in order.
    pub(super) steps: Vec<Step>,
    /// What was left alone, and why: family and words.
    pub(super) left_alone: Vec<(Family, String)>,
    /// What should be known.
    pub(super) findings: Vec<Finding>,
    /// Spectral distance before, and what the filters should leave, dB.
    pub(super) distance_db: Option<(f64, f64)>,
}

impl Matched {
    /// Takes the place of what the house would have done to the families that are matched; what it corrects stays.
    pub(super) fn take_over(
        self,
        amounts: &Amounts,
        steps: &mut Vec<Step>,
        decisions: &mut Vec<Decision>,
    ) -> Vec<Finding> {
        let matched = |family: Family| match family {
            Family::Tone => amounts.tone > 0.0,
            Family::Dynamics => amounts.dynamics > 0.0,
            Family::Width => amounts.width > 0.0,
            Family::Saturation | Family::Level => false,
        };
        // The house's own ideas of balance, dynamics and width; what it cleans and what a person asked for stays.
        let ours = |step: &Step| {
            let hz = step
                .id
                .strip_prefix("tone-")
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            let taste = match step.family {
                Family::Tone => hz || step.id == "tone-tilt",
                Family::Width => step.id != "width-bass",
                _ => true,
            };
            matched(step.family) && taste
        };
        decisions.retain(|decision| {
            !steps
                .iter()
                .any(|step| ours(step) && step.effect == decision.what && step.because == decision.because)
        });
        steps.retain(|step| !ours(step));
        for step in &self.steps {
            decisions.push(Decision {
                family: step.family.name(),
                what: step.effect.clone(),
                because: step.because.clone(),
            });
        }
        for (family, because) in self.left_alone.into_iter().filter(|(family, _)| matched(*family)) {
            decisions.push(Decision { family: family.name(), what: "left alone".into(), because });
        }
        steps.extend(self.steps);
        self.findings
    }
}

impl Match {
    fn weight(&self, index: usize) -> f64 {
        self.weights.get(index).copied().unwrap_or(1.0)
    }

    /// # Errors
    /// `bad_match`: no reference, too many, weights that do not fit.
    pub fn check(&self) -> Result<()> {
        let wrong = |what: String, hint: &str| Err(Error::new(Kind::Usage, "bad_match", what).hint(hint));
        if self.references.is_empty() || self.references.len() > MOST_REFERENCES {
            let what = format!("{} references were given", self.references.len());
            return wrong(what, "give one, or up to 32");
        }
        if !self.weights.is_empty() && self.weights.len() != self.references.len() {
            let what = format!("{} weights for {} references", self.weights.len(), self.references.len());
            return wrong(what, "give one weight for each reference, in their order");
        }
        if self.weights.iter().any(|weight| !weight.is_finite() || *weight < 0.0 || *weight > 1000.0)
            || (!self.weights.is_empty() && self.weights.iter().sum::<f64>() <= 0.0)
        {
            return wrong("weights go from 0 to 1000, and not all are 0".into(), "--reference-weight 2,1");
        }
        Ok(())
    }
}

impl Reference {
    /// Hears every reference.
    ///
    /// # Errors
    /// As [`Match::check`]; what reading says; `silent_reference`, `reference_not_stereo`, `reference_too_short`.
    pub(super) fn hear(wish: &Match, job: &Job<'_>) -> Result<Self> {
        wish.check()?;
        let (mut pictures, mut findings) = (Vec::new(), Vec::new());
        for (index, path) in wish.references.iter().enumerate() {
            let label = format!("listen to reference {}", index + 1);
            let portrait = portrait::of_file(path, &label, job)?;
            findings.extend(remarks(&portrait).map(|finding| finding.about(path.display())));
            pictures.push((Picture::of(&portrait), wish.weight(index)));
        }
        let name = match wish.references.as_slice() {
            [one] => super::file_name(one),
            several => format!("{} references", several.len()),
        };
        let gone = || Error::new(Kind::Internal, "no_reference", "no reference was heard");
        Ok(Self { picture: Picture::mean(&pictures).ok_or_else(gone)?, name, findings })
    }

    /// Integrated loudness; of several, their mean.
    pub(super) fn lufs(&self) -> f64 {
        self.picture.lufs
    }

    /// A destination that leaves loudness free takes that of the reference, `amount` of the way from `own_lufs`, which we
    /// would choose; one that asks for a loudness keeps it, since that is what is delivered.
    pub(super) fn target(&self, target: &Target, own_lufs: f64, amount: f64) -> Target {
        let mut target = target.clone();
        if target.loudness_lufs.is_none() && !target.is_unlimited() && amount > 0.0 {
            let wanted = own_lufs + amount * (self.lufs() - own_lufs);
            target.loudness_lufs = Some(Fact {
                // Whatever the reference is, no master is asked to be louder than -5 LUFS, nor softer than -30.
                value: (wanted.clamp(-30.0, -5.0) * 100.0).round() / 100.0,
                source: format!("loudness of {}", self.name),
                date: String::new(),
                tier: Tier::Measured,
            });
        }
        target
    }

    /// Moves a print of which `portrait` was taken. `stereo`: whether it has two channels to speak of.
    ///
    /// # Errors
    /// None but a processor that is not registered.
    pub(super) fn propose(&self, portrait: &Portrait, amounts: &Amounts, stereo: bool) -> Result<Matched> {
        moves::propose(self, portrait, amounts, stereo)
    }
}

/// What should be known about a reference.
fn remarks(portrait: &Portrait) -> impl Iterator<Item = Finding> {
    let short = (portrait.seconds < SHORT_SECONDS).then(|| {
        Finding::new(
            "short_reference",
            Severity::Info,
            format!("the reference lasts {:.1} s", portrait.seconds),
        )
        .limit(format!("{SHORT_SECONDS:.0} s"))
        .advice("a whole song says more about its sound than a part of it")
    });
    let width = portrait.side_mid_db(width::EDGES_HZ[0], width::EDGES_HZ[width::BANDS]);
    let inverted = width.filter(|side| *side > 0.0).map(|side| {
        let what = format!("the side of the reference is {side:.1} dB over its middle");
        Finding::new("reference_out_of_phase", Severity::Warning, what)
            .limit("0 dB")
            .advice("one of its channels is probably inverted; its width is not matched beyond the rails")
    });
    [short, inverted].into_iter().flatten()
}
