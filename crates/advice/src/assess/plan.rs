//! What to do, in order: reasons, time and command of each step.

use super::shelf::Kind;
use super::song::State;
use super::{Advice, Item};
use serde::Serialize;
use std::path::Path;
use studio::message::Severity;
use studio::targets::Target;

/// What is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The person who made it exports it again.
    Return,
    /// Mixing.
    Mixing,
    /// Mastering from stems.
    StemMastering,
    /// Mastering.
    Mastering,
    /// Mastering of several songs as one record.
    AlbumMastering,
    /// Nothing.
    Nothing,
}

impl Need {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Return => "a return to the mix",
            Self::Mixing => "mixing",
            Self::StemMastering => "stem mastering",
            Self::Mastering => "mastering",
            Self::AlbumMastering => "mastering as an album",
            Self::Nothing => "nothing",
        }
    }

    pub(super) fn needs_a_destination(self) -> bool {
        matches!(self, Self::Mastering | Self::StemMastering | Self::AlbumMastering)
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// What is needed.
    pub need: Need,
    /// Of what.
    pub about: String,
    /// Why, one sentence each.
    pub because: Vec<String>,
    /// Time it takes on this machine, seconds; `None` where a person has to do it.
    pub seconds_here: Option<f64>,
    /// What to run; empty where a person has to do it.
    pub command: String,
}

/// Processor time of a mix for each second of each track, with the assistant; of a master for each second; of each further destination.
/// Measured on two cores, 2026-11-22: 58.6 s for 24 tracks of 4 minutes; 2.4 s and 0.9 s for 4 minutes, twice that as processor time.
const MIX_PER_TRACK_SECOND: f64 = 0.0102;
const MASTER_PER_SECOND: f64 = 0.02;
const DESTINATION_PER_SECOND: f64 = 0.0075;

/// Steps for one thing that lies there.
pub(super) fn steps(item: &Item, advice: &[Advice], wanted: &[Target], threads: usize) -> Vec<Step> {
    match item.kind {
        Kind::Song => song(item, advice, wanted, threads),
        Kind::Album => album(item, advice, wanted, threads),
        Kind::Stems => stems(item, advice, wanted, threads),
        Kind::Tracks => tracks(item, advice, wanted, threads),
        Kind::Session => vec![Step {
            need: Need::Mixing,
            about: name(item),
            because: vec!["A session is a mix that is written down and not rendered yet.".to_owned()],
            seconds_here: None,
            command: format!("tonmeister mix {} -o mix.wav", quoted(&item.path)),
        }],
    }
}

fn name(item: &Item) -> String {
    super::short(&item.path)
}

/// A path for a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,".contains(c);
    if text.chars().all(plain) && !text.is_empty() {
        text
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn destinations(wanted: &[Target]) -> String {
    if wanted.is_empty() {
        return "DESTINATION".to_owned();
    }
    wanted.iter().map(|target| target.name.as_str()).collect::<Vec<_>>().join(",")
}

fn master_seconds(seconds: f64, wanted: &[Target], threads: usize) -> f64 {
    let more = wanted.len().saturating_sub(1) as f64;
    seconds * (MASTER_PER_SECOND + more * DESTINATION_PER_SECOND) / threads.clamp(1, 4) as f64
}

/// What stops: said as reasons of a return.
fn blockers(advice: &[Advice]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for advice in advice.iter().filter(|advice| advice.severity == Severity::Blocker) {
        if !out.contains(&advice.plain) {
            out.push(advice.plain.clone());
        }
    }
    out
}

fn back(about: String, because: Vec<String>) -> Step {
    Step { need: Need::Return, about, because, seconds_here: None, command: String::new() }
}

fn mastering(item: &Item, why: &str, wanted: &[Target], threads: usize) -> Step {
    Step {
        need: Need::Mastering,
        about: name(item),
        because: vec![why.to_owned()],
        seconds_here: Some(master_seconds(item.seconds, wanted, threads)),
        command: format!(
            "tonmeister master {} --for {} -o masters",
            quoted(&item.path),
            destinations(wanted)
        ),
    }
}

fn song(item: &Item, advice: &[Advice], wanted: &[Target], threads: usize) -> Vec<Step> {
    let reasons = blockers(advice);
    match item.states.first() {
        None | Some(State::Broken) => vec![back(name(item), reasons)],
        Some(State::Doubtful) => {
            let after =
                "After that it can be mastered; the file as it is would carry its faults into the master.";
            vec![back(name(item), reasons), mastering(item, after, wanted, threads)]
        }
        Some(State::Mix) => {
            vec![mastering(
                item,
                "It is a mix with room above its peaks, and it is not mastered yet.",
                wanted,
                threads,
            )]
        }
        Some(State::Master) => {
            let misfit: Vec<String> = advice
                .iter()
                .filter(|advice| advice.rule == "ceiling_passed")
                .map(|advice| format!("{} ({}; limit {})", advice.plain, advice.measured, advice.limit))
                .collect();
            if misfit.is_empty() {
                let because =
                    vec!["It is mastered already. Mastering it again makes it worse, not better.".to_owned()];
                return vec![Step {
                    need: Need::Nothing,
                    about: name(item),
                    because,
                    seconds_here: None,
                    command: format!("tonmeister services {}", quoted(&item.path)),
                }];
            }
            vec![back(name(item), misfit)]
        }
    }
}

fn album(item: &Item, advice: &[Advice], wanted: &[Target], threads: usize) -> Vec<Step> {
    let count = |state: State| item.states.iter().filter(|its| **its == state).count();
    let all = item.states.len();
    let mut out = Vec::new();
    let reasons = blockers(advice);
    if !reasons.is_empty() {
        let which = count(State::Doubtful) + count(State::Broken);
        let mut because = vec![format!("{which} of {all} songs have to be exported again.")];
        because.extend(reasons);
        out.push(back(name(item), because));
    }
    if count(State::Master) == all {
        let because = vec!["Every song is mastered already.".to_owned()];
        out.push(Step {
            need: Need::Nothing,
            about: name(item),
            because,
            seconds_here: None,
            command: format!(
                "tonmeister services {}",
                item.files.iter().map(|file| quoted(file)).collect::<Vec<_>>().join(" ")
            ),
        });
        return out;
    }
    let target = if wanted.is_empty() { "cd".to_owned() } else { destinations(wanted) };
    out.push(Step {
        need: Need::AlbumMastering,
        about: name(item),
        because: vec![format!("{all} songs that should sound like one record.")],
        seconds_here: Some(master_seconds(item.seconds, wanted, threads)),
        command: format!("tonmeister album {} --for {target} -o record", quoted(&item.path)),
    });
    out
}

fn stems(item: &Item, advice: &[Advice], wanted: &[Target], threads: usize) -> Vec<Step> {
    let mut out = Vec::new();
    let reasons = blockers(advice);
    if !reasons.is_empty() {
        out.push(back(name(item), reasons));
    }
    let masked = advice.iter().find(|advice| advice.rule == "masked_vocal");
    let mut because = vec![
        "These are the parts of a finished mix: they add up to it, and each can still be moved a little."
            .to_owned(),
    ];
    because.extend(masked.map(|advice| {
        format!("{} With stems that can be helped by up to 3 dB; more needs a new mix.", advice.plain)
    }));
    let files = item.files.iter().map(|file| quoted(file)).collect::<Vec<_>>().join(" ");
    out.push(Step {
        need: Need::StemMastering,
        about: name(item),
        because,
        seconds_here: Some(1.5 * master_seconds(item.seconds, wanted, threads)),
        command: format!("tonmeister master --stems {files} --for {} -o masters", destinations(wanted)),
    });
    out
}

fn tracks(item: &Item, advice: &[Advice], wanted: &[Target], threads: usize) -> Vec<Step> {
    let mut out = Vec::new();
    let reasons = blockers(advice);
    if !reasons.is_empty() {
        out.push(back(name(item), reasons));
    }
    let count = item.files.len();
    out.push(Step {
        need: Need::Mixing,
        about: name(item),
        because: vec![format!("These are {count} recorded tracks: they have no balance yet.")],
        seconds_here: Some(MIX_PER_TRACK_SECOND * item.seconds * count as f64 / threads.clamp(1, 4) as f64),
        command: format!("tonmeister mix {} -o mix.wav", quoted(&item.path)),
    });
    let why = "A mix becomes a release by mastering: level, tone and format for where it goes.";
    out.push(Step {
        need: Need::Mastering,
        about: "the mix".to_owned(),
        because: vec![why.to_owned()],
        seconds_here: Some(master_seconds(item.seconds, wanted, threads)),
        command: format!("tonmeister master mix.wav --for {} -o masters", destinations(wanted)),
    });
    out
}
