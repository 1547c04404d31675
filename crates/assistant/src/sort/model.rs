//! Which group a track sounds like: a linear model over all features, and the tree of decisions as a witness beside it.

use super::features::{FEATURES, features};
use super::weights::{SCALES, WEIGHTS};
use crate::hear::Track;
use dsp::math;
use studio::mix::Group;

/// Groups that can be heard, in the order of the weights.
pub(super) const GROUPS: [Group; 11] = [
    Group::Drums,
    Group::Percussion,
    Group::Bass,
    Group::Guitars,
    Group::Keys,
    Group::Synths,
    Group::Strings,
    Group::Winds,
    Group::Vocals,
    Group::Backing,
    Group::Effects,
];
/// No feature counts as farther from the mean than this, in spreads: what was never heard before does not decide alone.
const MOST: f64 = 2.5;
/// What the tree's word counts, in the logarithm of odds: all of it where the tree knows what it says (drums, basses, voices), half
/// elsewhere. By estimate, 2026-11-21, tried on the corpus and three real multitracks but not fitted; docs/decisions/050.
const WITNESS: f64 = 1.0;

/// Chances of the groups in the order of [`GROUPS`], with what the tree says.
pub(super) fn chances(track: &Track, tree: Option<Group>) -> [f64; GROUPS.len()] {
    let values = features(track);
    let mut scores = [0.0; GROUPS.len()];
    for ((score, weights), group) in scores.iter_mut().zip(&WEIGHTS).zip(GROUPS) {
        let terms = values.iter().zip(weights).zip(SCALES[0].iter().zip(&SCALES[1]));
        let sum: f64 = terms
            .map(|((x, weight), (mean, spread))| weight * ((x - mean) / spread).clamp(-MOST, MOST))
            .sum();
        *score = sum + weights[FEATURES.len()];
        if tree == Some(group) {
            let sure = matches!(group, Group::Drums | Group::Bass | Group::Vocals);
            *score += if sure { WITNESS } else { 0.5 * WITNESS };
        }
    }
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let all: f64 = scores.iter().map(|score| math::exp(score - top)).sum();
    scores.map(|score| math::exp(score - top) / all)
}
