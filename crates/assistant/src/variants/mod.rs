//! Three mixes of the same recordings: different where engineers differ, and each inside what published mixes have.
//!
//! Engineers who mix the same tracks agree on little but the order of things: lead vocals lie within 2.2 LU of each other from
//! quartile to quartile, drums within 4.4 LU, and how much room there is, within 6 LU and more (mixing rules, C5, C11, e.6). So a
//! character moves the voice, the drums, the room and the width of a style, never past those quartiles.

mod character;
mod lean;
#[cfg(test)]
mod tests;

pub use character::{CHARACTERS, Character, style};
pub use lean::lean;

use crate::assist::{Request, heard};
use crate::decide::{Assisted, decide};
use crate::hear::Song;
use std::path::Path;
use studio::job::Job;
use studio::message::{Error, Finding, Severity};
use studio::mix::Group;

/// Mixes that are made.
pub const COUNT: usize = 3;
/// Differences under which two mixes are called alike, LU and dB. A step of 1 dB of a part in a mix is heard by most. By our own
/// convention.
pub const ALIKE_LU: f64 = 1.0;

/// A mix to choose from.
#[derive(Debug, Clone)]
pub struct Variant {
    /// What it is after.
    pub character: Character,
    /// Its session, moves and balance.
    pub assisted: Assisted,
}

/// Makes three sessions of one folder; as [`crate::assist()`], which hears it once. The tracks are heard once here as well.
///
/// # Errors
/// As [`crate::assist()`].
pub fn variants(
    input: &Path,
    folder: &Path,
    way: &Path,
    request: &Request,
    job: &Job<'_>,
) -> Result<Vec<Variant>, Vec<Error>> {
    let (song, ask) = heard(input, folder, way, request, job).map_err(|error| vec![error])?;
    let mut made = Vec::new();
    for character in chosen(&song) {
        job.step(character.name, made.len() as u64, COUNT as u64).map_err(|error| vec![error])?;
        let mut own = ask.clone();
        own.style = character.of(&ask.style);
        made.push(Variant { character, assisted: decide(&song, &own, None, job)? });
    }
    Ok(made)
}

/// The characters that say something about these tracks: no voice in front where nobody sings to anything.
fn chosen(song: &Song) -> Vec<Character> {
    let mut groups: Vec<Group> = song.playing().map(|(_, track)| track.role.role.group).collect();
    groups.sort_unstable();
    groups.dedup();
    let fits = |character: &Character| {
        character.needs.is_none_or(|group| groups.len() > 1 && groups.contains(&group))
    };
    CHARACTERS.into_iter().filter(fits).take(COUNT).collect()
}

/// How two mixes differ: what, and by how much. Groups that both have by their loudness against the mix, the room by its own.
#[must_use]
pub fn differences(a: &Assisted, b: &Assisted) -> Vec<(String, f64)> {
    let mut list: Vec<(String, f64)> = Vec::new();
    for (strip, name, lu) in &a.balance.groups {
        if let Some((_, _, other)) = b.balance.groups.iter().find(|(own, ..)| own == strip) {
            list.push((name.clone(), lu - other));
        }
    }
    if let (Some((one, _)), Some((other, _))) = (a.balance.reverberation, b.balance.reverberation) {
        list.push(("Reverberation".to_owned(), one - other));
    }
    list
}

/// Mean of the squares of all differences, under the root: one figure for how far two mixes are apart, LU.
#[must_use]
pub fn distance_lu(differences: &[(String, f64)]) -> f64 {
    let sum: f64 = differences.iter().map(|(_, lu)| lu * lu).sum();
    (sum / differences.len().max(1) as f64).sqrt()
}

/// Says which mixes hardly differ; `sides` is side over mid of each print, dB.
#[must_use]
pub fn alike(variants: &[Variant], sides: &[Option<f64>]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, one) in variants.iter().enumerate() {
        for (next, other) in variants.iter().enumerate().skip(at + 1) {
            let side = sides.get(at).copied().flatten().zip(sides.get(next).copied().flatten());
            let side = side.map_or(0.0, |(a, b)| (a - b).abs());
            let most = differences(&one.assisted, &other.assisted)
                .iter()
                .map(|(_, lu)| lu.abs())
                .fold(side, f64::max);
            if most < ALIKE_LU {
                let what = format!(
                    "{} and {} differ by {most:.1} LU at most",
                    one.character.name, other.character.name
                );
                found.push(
                    Finding::new("alike", Severity::Info, what)
                        .limit(format!("{ALIKE_LU} LU or dB in one measure"))
                        .advice("these recordings leave little to choose: change one by hand"),
                );
            }
        }
    }
    found
}
