//! The gate between mixing and mastering.
//!
//! [`check`] hears a file as a stranger's: one pass gathers the evidence, the rules judge it. Only a file
//! without a [`Blocker`](Severity::Blocker) becomes a [`Premaster`] at once; with
//! [`Verdict::into_premaster_despite_findings`] a doubtful one becomes a premaster that carries what was found.
//! What cannot be mastered at all (silence, samples that are not numbers, less than 0.4 s) never becomes one.
//!
//! A pass costs about 1/400 of the length of the file on one core at 44.1 kHz stereo, in constant memory.

mod analysis;
mod histogram;
mod plateau;
mod rules;
mod spectrum;

pub use analysis::{Analysis, Channel};

use crate::audio::{Info, Source};
use crate::decode;
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::meters::{Bank, Measurements, Setup};
use crate::pipe::{self, Next, Stage};
use dsp::block::Buffer;
use rules::{Case, RULES};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a premaster comes from when it is not one file: stems that are added up.
pub trait Feed: std::fmt::Debug + Send + Sync {
    /// The audio, from its start.
    ///
    /// # Errors
    /// What opening says.
    fn open(&self) -> Result<Box<dyn Source>>;
    /// The files it is made of, in their order.
    fn files(&self) -> Vec<PathBuf>;
}

/// A mix that has passed the gate, or was taken in spite of its findings. Only this module makes one.
#[derive(Debug, Clone)]
pub struct Premaster {
    path: PathBuf,
    info: Info,
    measurements: Measurements,
    findings: Vec<Finding>,
    analysis: Analysis,
    feed: Option<Arc<dyn Feed>>,
}

impl Premaster {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The files it is made of: itself, or its stems.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        self.feed.as_ref().map_or_else(|| vec![self.path.clone()], |feed| feed.files())
    }

    /// Its audio, from the start; samples that are not numbers are silent.
    ///
    /// # Errors
    /// What opening says.
    pub fn open(&self) -> Result<Box<dyn Source>> {
        match &self.feed {
            Some(feed) => feed.open(),
            None => open_file(&self.path),
        }
    }

    /// The same premaster with its stems processed: what was heard at the gate stays what it was.
    #[must_use]
    pub fn fed_by(mut self, feed: Arc<dyn Feed>) -> Self {
        self.feed = Some(feed);
        self
    }

    /// What the file is.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// What was measured.
    #[must_use]
    pub fn measurements(&self) -> &Measurements {
        &self.measurements
    }

    /// What should be known about it, worst first. Blockers stand here only if it was taken in spite of them.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The evidence of the gate.
    #[must_use]
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// Whether it was taken in spite of a blocker.
    #[must_use]
    pub fn is_despite_findings(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Blocker)
    }
}

/// What the gate says about a file.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The premaster; `None` when a blocker was found.
    pub premaster: Option<Premaster>,
    /// Everything found, worst first.
    pub findings: Vec<Finding>,
    /// What was measured.
    pub measurements: Measurements,
    held: Option<Premaster>,
}

impl Verdict {
    /// Adds remarks that stop nothing.
    pub fn note(&mut self, findings: Vec<Finding>) {
        for list in
            [Some(&mut self.findings), self.premaster.as_mut().map(|premaster| &mut premaster.findings)]
                .into_iter()
                .chain([self.held.as_mut().map(|held| &mut held.findings)])
                .flatten()
        {
            list.extend(findings.iter().cloned());
            list.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        }
    }

    /// Whether the file passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.premaster.is_some()
    }

    /// Whether the file cannot be mastered at all, whatever anybody wishes.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.premaster.is_none() && self.held.is_none()
    }

    /// The premaster even if blockers were found; they are kept in it, and whoever uses it must tell them.
    ///
    /// # Errors
    /// [`Kind::Gate`] `cannot_be_mastered` when there is nothing to master: silence, samples that are not numbers, or
    /// less than 0.4 s.
    pub fn into_premaster_despite_findings(self) -> Result<Premaster> {
        let what = self
            .findings
            .first()
            .map_or_else(|| "nothing to master".to_owned(), |finding| finding.measured.clone());
        let advice = self.findings.first().map_or_else(String::new, |finding| finding.advice.clone());
        let about = self.findings.first().map_or_else(String::new, |finding| finding.about.clone());
        self.premaster
            .or(self.held)
            .ok_or_else(|| Error::new(Kind::Gate, "cannot_be_mastered", what).at(about).hint(advice))
    }

    /// The premaster, or why there is none.
    ///
    /// # Errors
    /// [`Kind::Gate`] `not_a_premaster` when a blocker was found.
    pub fn into_premaster(self) -> Result<Premaster> {
        let worst = self.findings.first().cloned();
        self.premaster.ok_or_else(|| {
            let worst = worst.unwrap_or_else(|| Finding::new("none", Severity::Blocker, "nothing to master"));
            Error::new(Kind::Gate, "not_a_premaster", worst.measured).at(worst.about).hint(worst.advice)
        })
    }
}

/// Hears the file at `path` and judges it.
///
/// # Errors
/// What [`decode::open`] and reading say (a broken file), and [`Kind::Interrupted`]. A file that can be read but not
/// mastered is no error but a [`Verdict`].
pub fn check(path: &Path, job: &Job<'_>) -> Result<Verdict> {
    check_source(path, open_file(path)?, job)
}

/// Samples that are not numbers are replaced so that the rest can be heard; the finding is turned into a blocker.
fn open_file(path: &Path) -> Result<Box<dyn Source>> {
    decode::open(path, decode::Options { repair: true, ..decode::Options::default() })
}

/// Hears what a feed gives and judges it; `path` is what it is called.
///
/// # Errors
/// As [`check`].
pub fn check_feed(path: &Path, feed: Arc<dyn Feed>, job: &Job<'_>) -> Result<Verdict> {
    let mut verdict = check_source(path, feed.open()?, job)?;
    for premaster in [&mut verdict.premaster, &mut verdict.held].into_iter().flatten() {
        premaster.feed = Some(Arc::clone(&feed));
    }
    Ok(verdict)
}

/// Hears a stream and judges it; `path` is what the findings call it, and where the premaster will be read again.
///
/// # Errors
/// As [`check`].
pub fn check_source(path: &Path, mut source: Box<dyn Source>, job: &Job<'_>) -> Result<Verdict> {
    let info = source.info().clone();
    let mut evidence = Evidence { analysis: Analysis::new(&info) };
    let mut meters = Meters { spectrum: spectrum::LongTerm::new(), bank: Bank::new(Setup::of(&info)) };
    let expected = info.frames.unwrap_or(0);
    pipe::run(source.as_mut(), &mut [&mut evidence, &mut meters], expected, "hand-over", job)
        .map_err(|error| error.at(path.display()))?;
    let (mut analysis, measurements) = (evidence.analysis, meters.bank.finish());
    analysis.finish();
    Ok(judge(path, info, source.findings(), analysis, &meters.spectrum, measurements))
}

/// First half of the pass.
struct Evidence {
    analysis: Analysis,
}

impl Stage for Evidence {
    fn push(&mut self, mut block: Buffer, next: Next<'_>) -> Result<()> {
        self.analysis.clean(&mut block.block());
        self.analysis.push(block.view());
        next(block)
    }
}

/// Second half of the pass, on cleaned samples.
struct Meters {
    spectrum: spectrum::LongTerm,
    bank: Bank,
}

impl Stage for Meters {
    fn push(&mut self, block: Buffer, _next: Next<'_>) -> Result<()> {
        self.spectrum.push(block.view());
        self.bank.process(block.view());
        Ok(())
    }
}

/// Every rule over the evidence.
fn judge(
    path: &Path,
    info: Info,
    read: Vec<Finding>,
    analysis: Analysis,
    spectrum: &spectrum::LongTerm,
    measurements: Measurements,
) -> Verdict {
    let case = Case {
        info: &info,
        analysis: &analysis,
        spectrum,
        // Silence has a loudness of -inf: nothing that a rule could compare.
        integrated_lufs: measurements.integrated_lufs.filter(|lufs| lufs.is_finite()),
        true_peak_dbtp: measurements.true_peak_worst_dbtp(),
        psr_median_db: measurements.psr_median_lu,
    };
    let mut findings: Vec<Finding> = read.into_iter().map(|finding| from_reader(path, finding)).collect();
    let mut fatal = findings.iter().any(|finding| finding.severity == Severity::Blocker);
    for rule in &RULES {
        if let Some(finding) = rule.judge(&case) {
            fatal |= rule.fatal && finding.severity == Severity::Blocker;
            findings.push(finding.about(path.display()));
            if rule.ends {
                break;
            }
        }
    }
    // Stable: equal severities stay in the order of the rules.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let blocked = findings.first().is_some_and(|finding| finding.severity == Severity::Blocker);
    let premaster = Premaster {
        path: path.to_owned(),
        info,
        measurements: measurements.clone(),
        findings: findings.clone(),
        analysis,
        feed: None,
    };
    let (premaster, held) = match (blocked, fatal) {
        (false, _) => (Some(premaster), None),
        (true, false) => (None, Some(premaster)),
        (true, true) => (None, None),
    };
    Verdict { premaster, findings, measurements, held }
}

/// A finding of the reader, as the gate sees it: what was replaced by silence is lost, the rest stays as it is.
fn from_reader(path: &Path, finding: Finding) -> Finding {
    let severity = if finding.rule == "not_finite" { Severity::Blocker } else { finding.severity };
    let about = if finding.about.is_empty() { path.display().to_string() } else { finding.about };
    Finding { severity, about, ..finding }
}

/// Endings of names that promise audio: such a file is judged, or reported as unreadable; others are passed over unless
/// they turn out to be audio.
const ENDINGS: [&str; 16] = [
    "wav", "wave", "rf64", "bw64", "w64", "flac", "aif", "aiff", "aifc", "caf", "mp3", "ogg", "opus", "m4a",
    "mp4", "aac",
];

/// Checks every audio file in a folder (not in folders inside it), in the order of their names. Each has its own result:
/// a broken file does not keep the others from being heard.
///
/// # Errors
/// [`Kind::Io`] when the folder cannot be read, `no_audio` when there is no audio file in it, [`Kind::Interrupted`].
pub fn check_folder(folder: &Path, job: &Job<'_>) -> Result<Vec<(PathBuf, Result<Verdict>)>> {
    let mut results = Vec::new();
    for path in audio_files(folder)? {
        let result = check(&path, job);
        match result {
            Err(error) if error.kind == Kind::Interrupted => return Err(error),
            result => results.push((path, result)),
        }
    }
    Ok(results)
}

/// Audio files of a folder, sorted by name.
fn audio_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::io(folder, "read the folder", &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| Error::io(folder, "read the folder", &error))?.path();
        if path.is_file() && is_audio(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        let error = Error::input("no_audio", "there is no audio file in the folder").at(folder.display());
        return Err(error.hint("give the folder that holds the mixes, or a file"));
    }
    Ok(paths)
}

fn is_audio(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let promised = ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()));
    !hidden && (promised || decode::open(path, decode::Options::default()).is_ok())
}
