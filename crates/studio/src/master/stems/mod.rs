//! Stems: the mix in a few parts, mastered by their sum.
//!
//! The sum of the stems is the print; nobody renders it to a file first. Each stem may have moves of its own (tone, dynamics, a
//! level within ±3 dB) before it is added; then comes the same chain as for any print. Without moves the sum is bit for bit what
//! adding the files gives.
//!
//! Stems are streamed and added in the order they are listed: the same order gives the same bits.

mod hear;
mod propose;
mod role;
mod sum;
#[cfg(test)]
mod tests;
mod text;

pub use role::Role;
pub(super) use text::{read, write};

use super::chain::Step;
use super::propose::Decision;
use super::render;
use crate::audio::{Encoding, Info, Layout, Metadata, Source};
use crate::decode;
use crate::handover::{self, Feed, Premaster, Verdict};
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::pipe::BLOCK_FRAMES;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most stems, by our own convention: beyond it is a mix, and a session's business.
pub const MOST_STEMS: usize = 32;
/// Most gain of a stem, dB: more is a mix decision. (Issue 4: per-stem level within ±3 dB.)
pub const MOST_GAIN_DB: f64 = 3.0;

/// One stem: where it is, and what is done to it before it is added.
#[derive(Debug, Clone)]
pub struct Stem {
    /// File name, for the text.
    pub file: String,
    /// BLAKE3 of the file's bytes.
    pub blake3: String,
    /// What it is.
    pub role: Role,
    /// Level, dB.
    pub gain_db: f64,
    /// Why it has that level.
    pub because: String,
    /// Moves, in order.
    pub steps: Vec<Step>,
}

/// Stems that fit together.
#[derive(Debug, Clone)]
pub struct StemSet {
    paths: Vec<PathBuf>,
    stems: Vec<Stem>,
    info: Info,
}

impl StemSet {
    /// Stems of these files, untouched.
    ///
    /// # Errors
    /// `too_few_stems`, `too_many_stems`, `same_stem`; what opening says; `stem_rate`, `stem_length` (more than a block of 8192
    /// frames apart), `not_stereo`, when they do not fit together.
    pub fn open(paths: &[PathBuf]) -> Result<Self> {
        count(paths)?;
        let mut infos: Vec<Info> = Vec::new();
        let mut stems = Vec::new();
        for path in paths {
            let source = open(path)?;
            infos.push(source.info().clone());
            let file = super::file_name(path);
            let role = Role::of_name(&file);
            let blake3 = render::hash_of(path)?;
            stems.push(Stem { file, blake3, role, gain_db: 0.0, because: String::new(), steps: Vec::new() });
        }
        let info = info_of(paths, &infos)?;
        Ok(Self { paths: paths.to_vec(), stems, info })
    }

    /// The stems of a chain, with what it does to them.
    ///
    /// # Errors
    /// As [`open`](Self::open), and `other_stems` when they are not those the chain was made for, in their order.
    pub fn of_chain(paths: &[PathBuf], stems: &[Stem]) -> Result<Self> {
        let mut set = Self::open(paths)?;
        let same = set.stems.len() == stems.len()
            && set.stems.iter().zip(stems).all(|(own, theirs)| own.blake3 == theirs.blake3);
        if !same {
            let names: Vec<&str> = stems.iter().map(|stem| stem.file.as_str()).collect();
            let what = format!("these are not the stems the chain was made for: {}", names.join(", "));
            let error = Error::input("other_stems", what);
            return Err(error.hint("give the same files in the same order, or master them anew with `--for`"));
        }
        set.stems = stems.to_vec();
        Ok(set)
    }

    /// The stems, in the order they are added.
    #[must_use]
    pub fn stems(&self) -> &[Stem] {
        &self.stems
    }

    /// What their sum is called: what their names have in common, else their folder, with `.wav`.
    #[must_use]
    pub fn label(&self) -> PathBuf {
        let folder = self.paths.first().and_then(|path| path.parent()).unwrap_or(Path::new(""));
        folder.join(format!("{}.wav", self.name(folder)))
    }

    fn name(&self, folder: &Path) -> String {
        let mut names =
            self.paths.iter().filter_map(|path| path.file_stem()).map(|name| name.to_string_lossy());
        let first = names.next().unwrap_or_default().into_owned();
        let common = names.fold(first, |common, name| {
            common.chars().zip(name.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
        });
        let common = common.trim_matches(|c: char| !c.is_alphanumeric());
        if common.chars().count() > 2 {
            return common.to_owned();
        }
        folder.file_name().map_or_else(|| "stems".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// The gate hears the sum of the untouched stems; of each stem what matters is noted.
    ///
    /// # Errors
    /// What reading says.
    pub fn check(&self, job: &Job<'_>) -> Result<Verdict> {
        let mut notes = Vec::new();
        for path in &self.paths {
            notes.extend(notes_of(path, handover::check(path, job)?));
        }
        let mut verdict = handover::check_feed(&self.label(), Arc::new(self.untouched()), job)?;
        verdict.note(notes);
        Ok(verdict)
    }

    /// The same stems without moves and at their levels.
    #[must_use]
    pub fn untouched(&self) -> Self {
        let mut set = self.clone();
        for stem in &mut set.stems {
            stem.gain_db = 0.0;
            stem.steps.clear();
        }
        set
    }

    /// Listens to every stem and proposes moves for it.
    ///
    /// # Errors
    /// What reading says, `interrupted`.
    pub fn propose(&mut self, job: &Job<'_>) -> Result<Vec<Decision>> {
        let heard = hear::all(&self.paths, job)?;
        propose::propose(&mut self.stems, &heard)
    }

    /// A premaster whose audio is the sum of these stems as they are now.
    #[must_use]
    pub fn feed(&self, premaster: Premaster) -> Premaster {
        premaster.fed_by(Arc::new(self.clone()))
    }
}

impl Feed for StemSet {
    fn open(&self) -> Result<Box<dyn Source>> {
        Ok(Box::new(sum::Sum::open(&self.paths, &self.stems, self.info.clone())?))
    }

    fn files(&self) -> Vec<PathBuf> {
        self.paths.clone()
    }
}

fn open(path: &Path) -> Result<Box<dyn Source>> {
    let options = decode::Options { repair: true, ..decode::Options::default() };
    decode::open(path, options).map_err(|error| error.at(path.display()))
}

fn count(paths: &[PathBuf]) -> Result<()> {
    if paths.len() < 2 {
        let error = Error::new(Kind::Usage, "too_few_stems", format!("{} stems were given", paths.len()));
        return Err(error.hint("one file is a print: `tonmeister master PRINT --for …`"));
    }
    if paths.len() > MOST_STEMS {
        let what = format!("{} stems were given; {MOST_STEMS} are the most", paths.len());
        return Err(Error::new(Kind::Usage, "too_many_stems", what).hint("mix them with a session first"));
    }
    for (index, path) in paths.iter().enumerate() {
        if paths[..index].contains(path) {
            let error = Error::new(Kind::Usage, "same_stem", "a stem was given twice").at(path.display());
            return Err(error.hint("each stem is added once"));
        }
    }
    Ok(())
}

/// What the sum is; or why these do not fit together.
fn info_of(paths: &[PathBuf], infos: &[Info]) -> Result<Info> {
    let Some(first) = infos.first() else {
        return Err(Error::new(Kind::Usage, "too_few_stems", "no stems were given"));
    };
    for (path, info) in paths.iter().zip(infos) {
        let at = |error: Error| error.at(path.display());
        if info.channels() > render::CHANNELS {
            let error = Error::input("not_stereo", format!("the stem has {} channels", info.channels()));
            return Err(at(error.hint("stems are mono or stereo")));
        }
        if info.sample_rate_hz != first.sample_rate_hz {
            let what =
                format!("{} Hz, and the first stem has {} Hz", info.sample_rate_hz, first.sample_rate_hz);
            let error = Error::input("stem_rate", what);
            return Err(at(error.hint("export all stems from the same session at the same rate")));
        }
        if let (Some(frames), Some(expected)) = (info.frames, first.frames)
            && frames.abs_diff(expected) > BLOCK_FRAMES as u64
        {
            let what = format!("{frames} frames long, and the first stem {expected}");
            let error = Error::input("stem_length", what);
            return Err(at(error.hint("export all stems over the same range, from the same start")));
        }
    }
    Ok(Info {
        container: "stems",
        codec: "sum",
        sample_rate_hz: first.sample_rate_hz,
        layout: Layout::of(render::CHANNELS),
        frames: infos.iter().map(|info| info.frames).try_fold(0, |most, frames| Some(frames?.max(most))),
        encoding: Encoding::Float(64),
        metadata: Metadata { tags: first.metadata.tags.clone(), ..Metadata::default() },
    })
}

/// Findings about a stem that still matter once it is added to the others; none of them stops anything.
fn notes_of(path: &Path, verdict: Verdict) -> Vec<Finding> {
    const MATTER: [&str; 5] = ["not_finite", "clipped", "dc", "lossy", "truncated"];
    if verdict.measurements.silent {
        let finding = Finding::new("silent_stem", Severity::Info, "the stem is silent").about(path.display());
        return vec![finding.advice("leave it out, or look for the track that was muted at its export")];
    }
    let matter = |finding: &Finding| MATTER.contains(&finding.rule);
    let soft = |finding: Finding| Finding { severity: finding.severity.min(Severity::Warning), ..finding };
    verdict.findings.into_iter().filter(matter).map(soft).collect()
}

/// Moves of a stem that run.
fn running(stem: &Stem) -> Vec<Step> {
    stem.steps.iter().filter(|step| step.on).cloned().collect()
}
