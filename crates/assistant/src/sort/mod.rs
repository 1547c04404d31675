//! What a track is: by its name, its folder, its metadata and its sound (part f of the mixing rules).

mod features;
mod model;
mod name;
mod others;
mod refine;
mod sound;
mod weights;

pub use features::{FEATURES, features};

use crate::hear::{Options, Song, Track};
use studio::message::{Finding, Severity};
use studio::mix::{ROLES, RoleInfo, side_of};

/// A role and how sure it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Guess {
    /// The role; `unknown` when nothing can be said.
    pub role: &'static RoleInfo,
    /// 0 to 1. Under 0.6 there is a question and moves should be smaller (f.3).
    pub confidence: f64,
    /// Where it comes from, strongest first.
    pub because: Vec<Evidence>,
    /// What to ask a person, if it is not sure.
    pub question: Option<Question>,
    /// Side of a pair that the name says: -1 left, 1 right.
    pub side: Option<f64>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Where it comes from.
    pub source: Source,
    /// Role it speaks for.
    pub role: &'static str,
    /// How much it weighs (f.3: name 0.85, folder 0.6, sound 0.5 to 0.7).
    pub weight: f64,
    /// In words: `the word "vox"`, `crest 17 dB, decay 0.2 s, centroid 90 Hz`.
    pub text: String,
}

/// Where a reason comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A person said so.
    Person,
    /// The name of the file.
    Name,
    /// The folder it is in.
    Folder,
    /// iXML, bext or tags.
    Metadata,
    /// What it sounds like.
    Sound,
    /// What the other tracks are (one of a pair, one of a stack, the loudest voice).
    Others,
}

/// A question to a person: one for each unsure track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The sentence: `What is "Audio 07"? It sounds like backing vocals.`
    pub text: String,
    /// Names of roles to choose from, the likeliest first, at most four.
    pub choices: Vec<&'static str>,
}

impl Guess {
    /// Nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        // The last role of the table is the one of which nothing is known.
        let role = &ROLES[ROLES.len() - 1];
        Self { role, confidence: 0.0, because: Vec::new(), question: None, side: None }
    }
}

/// The song as it is sorted without any name: what [`ignore_names`](Options::ignore_names) would have given, but for what names
/// decided before roles (sides, dry twins, clicks).
#[must_use]
pub fn nameless(song: &Song) -> Song {
    let mut blind = song.clone();
    sort(&mut blind, &Options { ignore_names: true, ..Options::default() });
    blind
}

/// What a name says by itself, with the folder it is in: words only.
#[must_use]
pub fn named(name: &str, folder: Option<&str>) -> Option<&'static RoleInfo> {
    name::said_with_folder(name, folder).map(|said| said.role)
}

/// How much each source weighs (f.3).
const FOLDER: f64 = 0.6;
const METADATA: f64 = 0.8;
/// Under this a person is asked (f.3).
const SURE: f64 = 0.6;

/// Finds the role of every track: each by itself, then by what the others are.
pub(crate) fn sort(song: &mut Song, options: &Options) {
    let guesses: Vec<Guess> = song.tracks.iter().map(|track| alone(track, options)).collect();
    for (track, guess) in song.tracks.iter_mut().zip(guesses) {
        track.role = guess;
    }
    others::settle(song);
    for track in &mut song.tracks {
        ask(track);
    }
}

/// What a track is by itself.
fn alone(track: &Track, options: &Options) -> Guess {
    let mut guess = Guess::unknown();
    let person = options.roles.iter().find(|(whom, _)| *whom == track.path || *whom == track.name);
    if let Some(role) = person.and_then(|(_, role)| name::role_named(role)) {
        let text = "a person said so".to_owned();
        guess.because.push(Evidence { source: Source::Person, role: role.name, weight: 1.0, text });
        guess.side = side_of(&track.name).map(|(side, _)| side);
        return Guess { role, confidence: 1.0, ..guess };
    }
    if !options.ignore_names {
        guess.because.extend(written(track));
        guess.side = side_of(&track.name).map(|(side, _)| side);
    }
    guess.because.extend(sound::listen(track).into_iter().map(|heard| Evidence {
        source: Source::Sound,
        role: heard.role,
        weight: heard.weight,
        text: heard.text,
    }));
    weigh(&mut guess);
    guess
}

/// Evidence that is written: name, folder, metadata.
fn written(track: &Track) -> Vec<Evidence> {
    let mut found = Vec::new();
    let parent = track.parent.as_deref();
    let by_name = name::said_with_folder(&track.name, parent);
    if let Some(said) = &by_name {
        let text = format!("the word \"{}\"", said.word);
        found.push(Evidence { source: Source::Name, role: said.role.name, weight: said.weight, text });
    }
    if let Some(said) = parent.and_then(name::said) {
        // A folder names a group: it speaks for the role only as long as nothing finer does.
        let text = format!("in the folder \"{}\"", parent.unwrap_or_default());
        found.push(Evidence { source: Source::Folder, role: said.role.name, weight: FOLDER, text });
    }
    let title = track.metadata.tags.iter().filter(|(key, _)| key == "TITLE").map(|(_, value)| value);
    let texts = track.metadata.track_names.iter().chain(title).chain(&track.metadata.description);
    if let Some((said, text)) = texts.filter_map(|text| Some((name::said(text)?, text))).next() {
        let weight = METADATA * said.weight / 0.85;
        let text = format!("\"{text}\" in the file");
        found.push(Evidence { source: Source::Metadata, role: said.role.name, weight, text });
    }
    found
}

/// Role and confidence from all evidence: each role has the chance that not all that speaks for it is wrong; what speaks for another role of
/// the same group counts by half.
fn weigh(guess: &mut Guess) {
    guess.because.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let group = |name: &str| name::role_named(name).map(|role| role.group);
    let chance = |wanted: &str| {
        let mut wrong = 1.0;
        for reason in &guess.because {
            let share = if reason.role == wanted {
                1.0
            } else if group(reason.role) == group(wanted) {
                0.5
            } else {
                continue;
            };
            // A folder and a name in it are not two witnesses.
            wrong *= 1.0 - share * reason.weight;
        }
        1.0 - wrong
    };
    let mut best: Option<(f64, &'static RoleInfo)> = None;
    for reason in &guess.because {
        let (Some(role), chance) = (name::role_named(reason.role), chance(reason.role)) else { continue };
        // Of equals the first, which is the stronger.
        if best.is_none_or(|(most, _)| chance > most + 1e-9) {
            best = Some((chance, role));
        }
    }
    let Some((chance, role)) = best else { return };
    let against = guess
        .because
        .iter()
        .filter(|reason| group(reason.role) != Some(role.group))
        .map(|reason| reason.weight);
    let against = against.fold(0.0, f64::max);
    // A witness against takes a quarter of its weight; what is written outweighs what is heard.
    guess.role = role;
    guess.confidence = chance * (1.0 - 0.25 * against);
}

/// A question for a track that is not sure.
fn ask(track: &mut Track) {
    let conflict = sound::conflict(track.role.role, &track.facts);
    if conflict.is_some() {
        track.role.confidence = track.role.confidence.min(SURE - 0.05);
    }
    let guess = &track.role;
    if guess.confidence >= SURE {
        return;
    }
    let mut choices: Vec<&'static str> =
        if guess.confidence > 0.0 { vec![guess.role.name] } else { Vec::new() };
    let more = guess.because.iter().map(|reason| reason.role).chain(sound::likely(track));
    for role in more {
        if choices.len() < 4 && !choices.contains(&role) && name::role_named(role).is_some() {
            choices.push(role);
        }
    }
    let text = match (conflict, guess.confidence > 0.0) {
        (Some(why), _) => format!("What is \"{}\"? It is called {}, but {why}.", track.name, guess.role.name),
        (None, true) => format!("What is \"{}\"? It sounds like {}.", track.name, guess.role.name),
        (None, false) => format!("What is \"{}\"?", track.name),
    };
    track.role.question = Some(Question { text, choices });
}

/// Findings about roles.
pub(crate) fn remark(song: &mut Song) {
    let mut findings = Vec::new();
    for (_, track) in song.playing() {
        let by_name = track
            .role
            .because
            .iter()
            .any(|reason| reason.source != Source::Sound && reason.role == track.role.role.name);
        if let Some(why) = sound::conflict(track.role.role, &track.facts).filter(|_| by_name) {
            findings.push(
                Finding::new(
                    "role_conflict",
                    Severity::Warning,
                    format!("called {}, but {why}", track.role.role.name),
                )
                .about(&track.path)
                .limit("name and sound agree")
                .advice("is it the right file? say what it is with `--role`"),
            );
        }
    }
    song.findings.extend(findings);
}
