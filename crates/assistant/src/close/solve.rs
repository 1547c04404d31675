//! Faders of groups from what each of them sounds like alone (C5), by sums of powers.
//!
//! Every group has a loudness it should have against the mix. Groups rest, so their shares of the power do not add up to one;
//! what is missing or too much is given to all of them together (`lambda`), to those that have a published range only as far as
//! that reaches. The mix comes out as loud as the sum says, so the answer is consistent: found by bisection.

use super::power::{Powers, gated_lufs, scaled, sum};

/// A group in the balance.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Name, for the answer.
    pub id: String,
    /// What it sounds like at fader 0.
    pub powers: Powers,
    /// Integrated loudness it should have against the mix, LU.
    pub target_lu: f64,
    /// Range it may be moved in, LU.
    pub range_lu: (f64, f64),
    /// How far it follows what is missing, 0 to 1.
    pub follows: f64,
    /// Never nearer than this to another part (by its number), LU.
    pub under: Option<(usize, f64)>,
    /// Who goes past the top of the range first where nothing else can make the sum, from 1; 0 never does.
    pub gives: usize,
}

/// A balance.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Fader of each part, dB; `None` for a part that is silent.
    pub faders_db: Vec<Option<f64>>,
    /// Loudness of each part against the mix, LU, as the sum of powers has it.
    pub relative_lu: Vec<Option<f64>>,
    /// What all were moved by together, dB.
    pub lambda_db: f64,
}

/// How far past its range a part goes before the next one has to, dB. By our own convention: one group a little out of its range
/// is better than three.
const PAST_DB: f64 = 3.0;
/// Farthest that all are moved together, dB, and rounds of the bisection (to a ten-thousandth of a decibel).
const MOST_DB: f64 = 24.0;
const ROUNDS: usize = 18;

/// Solves the faders so that the mix is `mix_lufs` loud. `coherence_lu` is what the rendered mix was louder than the sum of powers said.
#[must_use]
pub fn solve(parts: &[Part], mix_lufs: f64, coherence_lu: f64) -> Solution {
    let own: Vec<Option<f64>> = parts.iter().map(|part| gated_lufs(&part.powers)).collect();
    let sounding = own.iter().flatten().count();
    let (mut low, mut high) = (-MOST_DB, MOST_DB);
    for _ in 0..ROUNDS {
        let middle = 0.5 * (low + high);
        let targets = moved(parts, middle);
        // Each at its target against a mix of 0: is the sum 0?
        let sum = mix_of(parts, &own, &targets).unwrap_or(0.0) + coherence_lu;
        if sum > 0.0 { high = middle } else { low = middle }
    }
    let lambda_db = if sounding < 2 { 0.0 } else { 0.5 * (low + high) };
    let mut targets = moved(parts, lambda_db);
    if sounding >= 2 {
        let most = parts.iter().map(|part| part.gives).max().unwrap_or(0);
        (1..=most).for_each(|rank| past(parts, &own, &mut targets, rank, coherence_lu));
    }
    let reached = mix_of(parts, &own, &targets).unwrap_or(0.0) + coherence_lu;
    let fader = |target: f64, own: f64| mix_lufs + target - reached - own;
    Solution {
        faders_db: own.iter().zip(&targets).map(|(own, target)| own.map(|own| fader(*target, own))).collect(),
        relative_lu: own.iter().zip(&targets).map(|(own, target)| own.map(|_| target - reached)).collect(),
        lambda_db,
    }
}

/// Targets when all are moved.
fn moved(parts: &[Part], lambda_db: f64) -> Vec<f64> {
    let mut targets: Vec<f64> = parts
        .iter()
        .map(|part| (part.target_lu + part.follows * lambda_db).clamp(part.range_lu.0, part.range_lu.1))
        .collect();
    for (number, part) in parts.iter().enumerate() {
        if let Some((other, distance)) = part.under {
            let most = targets.get(other).map_or(f64::INFINITY, |other| other - distance);
            targets[number] = targets[number].min(most);
        }
    }
    targets
}

/// Everything is at its limit and the sum is short: those of one rank go past theirs.
fn past(parts: &[Part], own: &[Option<f64>], targets: &mut Vec<f64>, rank: usize, coherence_lu: f64) {
    let at = |more: f64| -> Vec<f64> {
        let own = parts.iter().zip(&*targets);
        own.map(|(part, target)| target + if part.gives == rank { more } else { 0.0 }).collect()
    };
    let short = |targets: &[f64]| mix_of(parts, own, targets).is_some_and(|sum| sum + coherence_lu < -0.01);
    if !short(targets) {
        return;
    }
    let (mut low, mut high) = (0.0, PAST_DB);
    for _ in 0..ROUNDS {
        let middle = 0.5 * (low + high);
        if short(&at(middle)) { low = middle } else { high = middle }
    }
    *targets = at(high);
}

/// Loudness of all parts together, each at so many LUFS.
fn mix_of(parts: &[Part], own: &[Option<f64>], targets: &[f64]) -> Option<f64> {
    let at: Vec<Powers> = parts
        .iter()
        .zip(own)
        .zip(targets)
        .filter_map(|((part, own), target)| Some(scaled(&part.powers, target - (*own)?)))
        .collect();
    gated_lufs(&sum(&at))
}
