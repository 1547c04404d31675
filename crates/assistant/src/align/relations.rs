//! Which tracks hear the same thing, by their roles and names.

use super::Relation;
use crate::hear::{Song, Track};
use studio::mix::{Group, words};

/// A track and what it is matched to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Match {
    pub(super) track: usize,
    /// One track, or all overheads.
    pub(super) references: Vec<usize>,
    pub(super) kind: Relation,
    /// A second microphone of the same drum that hears the same of it: both are held against the overheads together. That under a snare
    /// hears the wires in one polarity and the head in the other.
    pub(super) partner: Option<usize>,
    /// First microphones of other drums, which hear their drum before this one does.
    pub(super) neighbours: Vec<usize>,
}

/// Words that name a microphone or a place of one, not a thing.
const MICS: &[&str] = &[
    "in",
    "inside",
    "out",
    "outside",
    "top",
    "bot",
    "bottom",
    "btm",
    "up",
    "down",
    "under",
    "sub",
    "beater",
    "hole",
    "front",
    "back",
    "di",
    "direct",
    "amp",
    "cab",
    "mic",
    "mike",
    "close",
    "edge",
    "cone",
    "ribbon",
    "dynamic",
    "condenser",
    "sm",
    "md",
    "u",
    "c",
    "e",
    "r",
    "rear",
    "dry",
    "oben",
    "unten",
    "innen",
    "aussen",
];

/// Words that say the second microphone of a drum.
const SECOND: &[&str] = &[
    "out",
    "outside",
    "bot",
    "bottom",
    "btm",
    "under",
    "down",
    "sub",
    "unten",
    "aussen",
    "außen",
    "fuera",
    "bas",
    "dessous",
    "dehors",
    "sotto",
    "fuori",
    "abajo",
    "snarebottom",
    "snrbot",
    "snrbtm",
    "kickout",
    "subkick",
];
/// Words that say a direct signal.
const DIRECT: &[&str] = &["di", "direct", "line"];
const AMPLIFIED: &[&str] = &["amp", "cab", "mic", "mike"];

fn own_words(track: &Track) -> Vec<String> {
    // `SnareBottom`, `KickOut`: already two words. `Kickin` is not.
    words(&track.name)
}

fn says(track: &Track, list: &[&str]) -> bool {
    own_words(track).iter().any(|word| list.contains(&word.as_str()))
}

/// The name without microphones: what two microphones of one thing share.
fn thing(track: &Track) -> String {
    let words = own_words(track);
    let kept: Vec<&str> = words.iter().map(String::as_str).filter(|word| !MICS.contains(word)).collect();
    kept.join(" ")
}

/// Every relation, in the order in which they are to be settled: second microphones of a drum after the first ones.
pub(super) fn relations(song: &Song) -> Vec<Match> {
    let playing: Vec<usize> = song.playing().map(|(index, _)| index).collect();
    let role = |index: usize| song.tracks[index].role.role.name;
    let overheads: Vec<usize> = playing.iter().copied().filter(|index| role(*index) == "overheads").collect();
    let mut found = Vec::new();
    let mut second = Vec::new();
    for &index in &playing {
        let track = &song.tracks[index];
        if !matches!(role(index), "kick" | "snare" | "toms" | "hi-hat") || track.played() != 1 {
            continue;
        }
        match first_of(song, &playing, index) {
            Some(first) => {
                let references = vec![first];
                second.push(Match { track: index, references, kind: Relation::SameDrum, ..Match::default() })
            }
            None if overheads.is_empty() => {}
            None => found.push(Match { track: index, references: overheads.clone(), ..Match::default() }),
        }
    }
    let firsts: Vec<usize> = found.iter().map(|first| first.track).collect();
    for first in &mut found {
        // A bass drum is known by its low end, and a hi-hat plays with everything.
        let own = role(first.track);
        let near = |other: &usize| own != "kick" && role(*other) != own && role(*other) != "hi-hat";
        first.neighbours = firsts.iter().copied().filter(near).collect();
        let of = |second: &&Match| second.references == [first.track] && role(second.track) == "kick";
        first.partner = second.iter().find(of).map(|second| second.track);
    }
    found.extend(second);
    found.extend(pairs(song, &playing));
    found
}

/// The first microphone of the drum whose second one this is.
fn first_of(song: &Song, playing: &[usize], index: usize) -> Option<usize> {
    let track = &song.tracks[index];
    if !matches!(track.role.role.name, "kick" | "snare") || !says(track, SECOND) {
        return None;
    }
    let same = |other: &&usize| {
        let candidate = &song.tracks[**other];
        **other != index
            && candidate.role.role.name == track.role.role.name
            && candidate.played() == 1
            && !says(candidate, SECOND)
    };
    // The one with the same name but for the microphone, else the first: `Grosse Caisse` and `Bombo Fuera`.
    let named = |other: &&usize| same(other) && thing(&song.tracks[**other]) == thing(track);
    playing.iter().find(named).or_else(|| playing.iter().find(same)).copied()
}

/// Direct and amplified, and several microphones of one cabinet. The louder one is matched to (C3), and so is the direct signal
/// to what stands in front of the loudspeaker: sound takes time, so the direct signal is the one to be delayed.
fn pairs(song: &Song, playing: &[usize]) -> Vec<Match> {
    let mut found = Vec::new();
    let strings = |index: usize| {
        let track = &song.tracks[index];
        matches!(track.role.role.group, Group::Bass | Group::Guitars) && track.played() == 1
    };
    let sole = |role: &str| {
        let mut all = playing.iter().copied().filter(|index| song.tracks[*index].role.role.name == role);
        all.next().filter(|_| all.next().is_none())
    };
    for (at, &first) in playing.iter().enumerate().filter(|(_, index)| strings(**index)) {
        for &second in playing[at + 1..].iter().filter(|index| strings(**index)) {
            let (a, b) = (&song.tracks[first], &song.tracks[second]);
            // One bass with a direct and an amplified track is one bass, in whatever languages they are called.
            let one_bass = sole("bass direct").zip(sole("bass amp"));
            let one_bass = one_bass
                .is_some_and(|(direct, amp)| [first, second].iter().all(|own| [direct, amp].contains(own)));
            let same = one_bass || thing(a) == thing(b);
            if a.role.role.group != b.role.role.group || !same || a.name == b.name {
                continue;
            }
            let (direct_a, direct_b) = (is_direct(a), is_direct(b));
            let kind = match (direct_a, direct_b, says(a, AMPLIFIED), says(b, AMPLIFIED)) {
                (true, true, ..) => continue,
                (true, false, ..)
                | (false, true, ..)
                | (false, false, true, false)
                | (false, false, false, true) => Relation::DirectAndAmp,
                (false, false, true, true) => Relation::Cabinet,
                // Two takes of one thing are no microphones: only a microphone's word makes them so.
                _ => continue,
            };
            let a_moves = match kind {
                Relation::DirectAndAmp => direct_a || (!direct_b && says(b, AMPLIFIED)),
                _ => a.facts.active_lufs.unwrap_or(-100.0) < b.facts.active_lufs.unwrap_or(-100.0),
            };
            let (track, reference) = if a_moves { (first, second) } else { (second, first) };
            found.push(Match { track, references: vec![reference], kind, ..Match::default() });
        }
    }
    found
}

fn is_direct(track: &Track) -> bool {
    track.role.role.name == "bass direct" || says(track, DIRECT)
}
