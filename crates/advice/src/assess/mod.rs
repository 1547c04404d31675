//! What a project needs: mixing, mastering, stem mastering, both, a return to the mix, or nothing.
//!
//! Files are sorted into what they are (`shelf`), heard by the gate, the assistant and a few ears of our own
//! (`song`, `parts`, `album`), and what was found becomes steps in order, each with reasons, a time and a command (`plan`).
//!
//! Costs about 30 ms of processor time a second of a stereo song, 25 ms a second of a mono track.

mod album;
mod clicks;
mod destination;
mod listen;
mod parts;
mod plain;
mod plan;
mod shelf;
mod song;
mod text;

pub use destination::{Choice, choices};
pub use parts::masking;
pub use plain::{PLAIN, Plain};
pub use plan::{Need, Step};
pub use shelf::Kind;
pub use song::{Room, State};
pub use text::text;

use serde::Serialize;
use std::path::{Path, PathBuf};
use studio::job::Job;
use studio::message::{Error, Finding, Result, Severity};
use studio::targets::{self, Target};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Destinations by name (`spotify`, `cd`); empty when nobody has said.
    pub destinations: Vec<String>,
}

/// Something that lies there: a song, a folder of parts, an album.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// The file, or the folder.
    pub path: PathBuf,
    /// Its files.
    pub files: Vec<PathBuf>,
    /// Length: of the longest, of the sum for an album, seconds.
    pub seconds: f64,
    /// Of single songs, what state they are in; in the order of the files.
    pub states: Vec<State>,
    /// Integrated loudness of each song, LUFS; `None` where there is none.
    pub lufs: Vec<Option<f64>>,
    /// What is left for whoever works on each song, in the order of the files; `None` for a file that cannot be read.
    pub room: Vec<Option<Room>>,
    /// What the rules of songs looked at, whether they spoke or not.
    pub figures: Vec<Figure>,
}

/// Something that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The file.
    pub about: String,
    /// Code of the rule that looks at it.
    pub rule: &'static str,
    /// What was measured, in the unit of the rule's limit.
    pub value: f64,
}

/// Something to know, with the evidence, and what to do about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// Stable code of the rule.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The file or part it is about.
    pub about: String,
    /// Where, seconds, where there is such a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What it means, for a musician.
    pub plain: String,
    /// What was measured.
    pub measured: String,
    /// What the limit is.
    pub limit: String,
    /// What to do.
    pub action: String,
    /// Whether it is only suspected: the ear decides.
    pub suspicion: bool,
}

impl Advice {
    /// Advice from a finding.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        let plain = plain::of(finding.rule);
        let fallback =
            || if finding.advice.is_empty() { plain::LISTEN.to_owned() } else { finding.advice.clone() };
        Self {
            rule: finding.rule,
            severity: finding.severity,
            about: finding.about.clone(),
            seconds: finding.seconds,
            plain: plain.map_or_else(|| finding.measured.clone(), |plain| plain.says.to_owned()),
            measured: finding.measured.clone(),
            limit: finding.limit.clone(),
            action: plain.map_or_else(fallback, |plain| plain.action.to_owned()),
            // What is warned of was measured: a voice that is covered in stems, not one that may be in a mix.
            suspicion: plain.is_some_and(|plain| plain.suspicion) && finding.severity < Severity::Warning,
        }
    }
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// What lies there.
    pub items: Vec<Item>,
    /// What to know, worst first.
    pub advice: Vec<Advice>,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// Destinations that were asked for.
    pub destinations: Vec<String>,
    /// What can be chosen and what changes with it, when no destination was named and one is needed.
    pub question: Vec<Choice>,
    /// Files that could not be read, with the reason.
    pub unreadable: Vec<Error>,
}

/// Looks at files and folders.
///
/// # Errors
/// `no_audio` when there is nothing to look at, `unknown_target`, a folder that cannot be read, `interrupted`. A file that cannot be read
/// is no error as long as another can: it is in [`Assessment::unreadable`].
pub fn assess(paths: &[PathBuf], options: &Options, job: &Job<'_>) -> Result<Assessment> {
    let wanted: Vec<Target> =
        options.destinations.iter().map(|name| targets::find(name.trim())).collect::<Result<_>>()?;
    let (piles, unreadable) = shelf::look(paths, job)?;
    if piles.is_empty() {
        let error = unreadable.into_iter().next();
        return Err(error.unwrap_or_else(|| {
            Error::input("no_audio", "there is no audio here")
                .hint("give a song, or a folder of tracks, stems or songs")
        }));
    }
    let mut found = Assessment {
        items: Vec::new(),
        advice: Vec::new(),
        steps: Vec::new(),
        destinations: options.destinations.clone(),
        question: Vec::new(),
        unreadable,
    };
    for pile in piles {
        let (item, advice) = match pile.kind {
            Kind::Song => song::assess(&pile, &wanted, job)?,
            Kind::Album => album::assess(&pile, &wanted, job)?,
            Kind::Tracks | Kind::Stems => parts::assess(&pile, job)?,
            Kind::Session => (Item::of(&pile), Vec::new()),
        };
        found.steps.extend(plan::steps(&item, &advice, &wanted, job.threads));
        found.items.push(item);
        found.advice.extend(advice);
    }
    found.advice.extend(found.unreadable.iter().map(unread));
    found.advice.sort_by_key(|advice| std::cmp::Reverse(advice.severity));
    if wanted.is_empty() && found.steps.iter().any(|step| step.need.needs_a_destination()) {
        found.question = choices()?;
    }
    Ok(found)
}

fn unread(error: &Error) -> Advice {
    let finding = Finding::new("unreadable", Severity::Warning, error.what.clone());
    Advice::of(
        &finding
            .about(error.at.clone().unwrap_or_default())
            .limit("a file that opens")
            .advice(error.hint.clone().unwrap_or_default()),
    )
}

impl Item {
    fn of(pile: &shelf::Pile) -> Self {
        Self {
            kind: pile.kind,
            path: pile.path.clone(),
            files: pile.files.iter().map(|file| file.path.clone()).collect(),
            seconds: pile.seconds(),
            states: Vec::new(),
            lufs: Vec::new(),
            room: Vec::new(),
            figures: Vec::new(),
        }
    }
}

/// The name of a file for people: its own, without folders.
fn short(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
