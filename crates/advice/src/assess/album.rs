//! Several songs: each on its own, and whether they are one record.

use super::shelf::Pile;
use super::song::{State, one_or_why};
use super::{Advice, Item, short};
use studio::decode;
use studio::job::{self, Job};
use studio::message::{Finding, Result, Severity};
use studio::targets::Target;

/// Songs of a record lie this far apart without anybody having meant it, LU. By our own convention, see docs/decisions/053.
const APART_LU: f64 = 6.0;

pub(super) fn assess(pile: &Pile, wanted: &[Target], job: &Job<'_>) -> Result<(Item, Vec<Advice>)> {
    let mut item = Item::of(pile);
    let songs = job::each(pile.files.len(), 4, "listen", job, |index, part| {
        let path = pile.files.get(index).map(|file| file.path.clone()).unwrap_or_default();
        one_or_why(&path, wanted, part)
    })?;
    let mut advice = Vec::new();
    item.seconds = songs.iter().map(|song| song.seconds).sum();
    item.states = songs.iter().map(|song| song.state).collect();
    item.lufs = songs.iter().map(|song| song.lufs).collect();
    item.room = songs.iter().map(|song| song.room).collect();
    for song in songs {
        advice.extend(song.advice);
        item.figures.extend(song.figures);
    }
    let mut whole = Vec::new();
    whole.extend(apart(&item));
    whole.extend(mixed(&item));
    whole.extend(rates(pile));
    let about = short(&pile.path);
    advice.extend(whole.iter().map(|finding| Advice { about: about.clone(), ..Advice::of(finding) }));
    Ok((item, advice))
}

fn apart(item: &Item) -> Option<Finding> {
    let known = || item.lufs.iter().flatten();
    let (low, high) =
        (known().copied().fold(f64::INFINITY, f64::min), known().copied().fold(f64::NEG_INFINITY, f64::max));
    (high - low > APART_LU).then(|| {
        Finding::new("levels_apart", Severity::Info, format!("songs from {low:.1} to {high:.1} LUFS"))
            .limit(format!("{APART_LU} LU"))
    })
}

fn mixed(item: &Item) -> Option<Finding> {
    let count = |state: State| item.states.iter().filter(|its| **its == state).count();
    let (masters, all) = (count(State::Master), item.states.len());
    (masters > 0 && masters < all).then(|| {
        Finding::new(
            "mixed_states",
            Severity::Warning,
            format!("{masters} of {all} songs are mastered already"),
        )
        .limit("all or none")
    })
}

fn rates(pile: &Pile) -> Option<Finding> {
    let mut rates: Vec<u32> =
        pile.files.iter().filter_map(|file| Some(decode::probe(&file.path).ok()?.sample_rate_hz)).collect();
    rates.sort_unstable();
    rates.dedup();
    let words: Vec<String> = rates.iter().map(|rate| format!("{rate} Hz")).collect();
    (rates.len() > 1).then(|| {
        Finding::new("rates_apart", Severity::Info, words.join(", ")).limit("one sample rate for a record")
    })
}
