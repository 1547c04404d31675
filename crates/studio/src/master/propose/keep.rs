//! A new proposal around what a person locked, changed or wrote.

use super::super::chain::Step;

/// The moves of a new proposal, with those of the old chain that are kept in place of their like. What is neither kept nor
/// proposed any more goes; the order is that of the old chain, and what is new stands where it was proposed. Merging the
/// outcome with the same proposal changes nothing.
#[must_use]
pub fn merge(old: &[Step], proposed: Vec<Step>) -> Vec<Step> {
    let of = |id: &str| proposed.iter().find(|step| step.id == id);
    let mut merged: Vec<Step> = old
        .iter()
        .filter_map(|step| match of(&step.id) {
            _ if step.kept() => Some(step.clone()),
            Some(new) => Some(new.clone()),
            None => None,
        })
        .collect();
    for (index, step) in proposed.iter().enumerate() {
        if merged.iter().any(|other| other.id == step.id) {
            continue;
        }
        // Behind the nearest of those proposed before it that is there.
        let before = proposed[..index].iter().rev();
        let place = before.filter_map(|other| merged.iter().position(|own| own.id == other.id)).next();
        merged.insert(place.map_or(0, |place| place + 1), step.clone());
    }
    merged
}
