//! `master`: the gate first, then the masters, then what it came to.

use crate::args::Master;
use crate::command::check::passes;
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use studio::files::{NewFile, refuse_inputs};
use studio::handover::{self, Premaster, Verdict};
use studio::master::chain::Chain;
use studio::master::propose::Decision;
use studio::master::reference::{Amounts, Match};
use studio::master::stems::{Stem, StemSet};
use studio::master::{self, Mastering, Place};
use studio::message::{Error, Finding, Kind, Result};
use studio::report::mastering as report;
use studio::targets::{self, Target};

/// Name of the chain beside the masters.
pub(crate) const CHAIN_FILE: &str = "master.toml";

pub(crate) fn run(args: &Master, ui: &Ui) -> Result<u8> {
    let place = Place { folder: &args.output, force: args.force };
    let chain_path = args.chain.clone().unwrap_or_else(|| args.output.join(CHAIN_FILE));
    let (premaster, findings, mastering) = match &args.chain {
        Some(path) => again(path, args, place, ui)?,
        None => anew(&chain_path, args, place, ui)?,
    };
    tell(&premaster, &findings, &mastering, &chain_path, ui);
    Ok(0)
}

/// What is mastered: a file, or the sum of stems.
enum Print {
    File(PathBuf),
    Stems(Box<StemSet>),
}

impl Print {
    fn of(args: &Master, chain: Option<&Chain>) -> Result<Self> {
        match (&args.input, chain) {
            (Some(path), _) => Ok(Self::File(path.clone())),
            (None, Some(chain)) => Ok(Self::Stems(Box::new(StemSet::of_chain(&args.stems, &chain.stems)?))),
            (None, None) => Ok(Self::Stems(Box::new(StemSet::open(&args.stems)?))),
        }
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Stems(stems) => stems.label(),
        }
    }

    fn check(&self, ui: &Ui) -> Result<Verdict> {
        match self {
            Self::File(path) => handover::check(path, &ui.job()),
            Self::Stems(stems) => stems.check(&ui.job()),
        }
    }

    /// Moves for each stem, and a premaster that has them.
    fn propose(self, premaster: Premaster, ui: &Ui) -> Result<(Premaster, Vec<Stem>, Vec<Decision>)> {
        match self {
            Self::File(_) => Ok((premaster, Vec::new(), Vec::new())),
            Self::Stems(mut stems) => {
                let decisions = stems.propose(&ui.job())?;
                Ok((stems.feed(premaster), stems.stems().to_vec(), decisions))
            }
        }
    }

    /// A premaster with the moves of the stems as they stand.
    fn feed(&self, premaster: Premaster) -> Premaster {
        match self {
            Self::File(_) => premaster,
            Self::Stems(stems) => stems.feed(premaster),
        }
    }
}

/// What `--reference` and its company ask for.
fn matching(args: &Master) -> Result<Option<Match>> {
    if args.reference.is_empty() {
        return Ok(None);
    }
    let wish = Match {
        references: args.reference.clone(),
        weights: args.reference_weight.clone(),
        amounts: Amounts::parse(&args.amounts)?,
    };
    wish.check().map(|()| Some(wish))
}

/// No output takes the place of a stem or a reference.
fn refuse_references<'a>(args: &Master, names: impl Iterator<Item = &'a str>) -> Result<()> {
    for name in names {
        let inputs = args.reference.iter().chain(&args.stems).map(PathBuf::as_path);
        refuse_inputs(&args.output.join(name), inputs)?;
    }
    Ok(())
}

type Done = (Premaster, Vec<Finding>, Mastering);

/// Proposes a chain, renders it and writes it beside the masters.
fn anew(chain_path: &Path, args: &Master, place: Place<'_>, ui: &Ui) -> Result<Done> {
    let targets = targets_of(&args.destinations)?;
    let matching = matching(args)?;
    let print = Print::of(args, None)?;
    let names: Vec<String> =
        targets.iter().map(|target| master::master_name(&print.path(), target)).collect();
    if args.output.exists() {
        let all = names.iter().map(String::as_str).chain([CHAIN_FILE]);
        master::check_place(&print.path(), all, place)?;
    }
    refuse_references(args, names.iter().map(String::as_str).chain([CHAIN_FILE]))?;
    let (premaster, findings) = gate(&print, args.strict, ui)?;
    let (premaster, stems, decisions) = print.propose(premaster, ui)?;
    let mut mastering = in_folder(place.folder, || {
        master::master_like(&premaster, &targets, matching.as_ref(), place, &ui.job())
    })?;
    mastering.decisions.splice(0..0, decisions);
    mastering.chain.stems = stems;
    write_text(chain_path, &mastering.chain.to_toml(), args.force)?;
    Ok((premaster, findings, mastering))
}

/// Renders a chain as it stands.
fn again(chain_path: &Path, args: &Master, place: Place<'_>, ui: &Ui) -> Result<Done> {
    let chain = load_chain(chain_path, ui)?;
    let names = || chain.deliveries.iter().map(|delivery| delivery.file.as_str());
    let print = Print::of(args, Some(&chain))?;
    refuse_references(args, names())?;
    if args.output.exists() {
        master::check_place(&print.path(), names(), place)?;
        for name in names() {
            refuse_inputs(&args.output.join(name), [chain_path])?;
        }
    }
    let (premaster, findings) = gate(&print, args.strict, ui)?;
    let premaster = print.feed(premaster);
    let mastering = in_folder(place.folder, || master::render(&premaster, chain, place, &ui.job()))?;
    Ok((premaster, findings, mastering))
}

/// The targets called by these names; an unknown name is an error with the nearest that exists.
pub(crate) fn targets_of(names: &[String]) -> Result<Vec<Target>> {
    let mut found: Vec<Target> = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let target = targets::find(name)?;
        if found.iter().all(|other| other.name != target.name) {
            found.push(target);
        }
    }
    Ok(found)
}

fn load_chain(path: &Path, ui: &Ui) -> Result<Chain> {
    Chain::load(path).map_err(|errors| worst_of(errors, ui))
}

/// Says all errors of a text but the last, and gives that back.
pub(crate) fn worst_of(errors: Vec<Error>, ui: &Ui) -> Error {
    ui.say_all(errors).unwrap_or_else(|| {
        Error::new(Kind::Internal, "no_error", "something is wrong, but it was not said what")
    })
}

/// The gate. Its findings are printed whatever they are; a print that has any blocker is mastered all the same, unless
/// `strict`, because refusing in silence helps nobody and hiding it would be worse.
fn gate(print: &Print, strict: bool, ui: &Ui) -> Result<(Premaster, Vec<Finding>)> {
    let verdict = print.check(ui)?;
    let findings = verdict.findings.clone();
    let shown = if matches!(print, Print::File(_)) { unnamed(&findings) } else { findings.clone() };
    ui.note(ui.findings(&shown).trim_end());
    if strict && !passes(&verdict, true) {
        let error =
            Error::new(Kind::Gate, "gate", "the hand-over gate was not passed, and --strict was given");
        return Err(error.at(print.path().display()).hint("correct the mix, or leave --strict away"));
    }
    if !verdict.passed() && !verdict.is_fatal() {
        ui.note("mastering it all the same; a master cannot repair a mix");
    }
    verdict.into_premaster_despite_findings().map(|premaster| (premaster, findings))
}

/// Findings about the one file that is meant anyway.
pub(crate) fn unnamed(findings: &[Finding]) -> Vec<Finding> {
    findings.iter().map(|finding| Finding { about: String::new(), ..finding.clone() }).collect()
}

/// Works in a folder, made if need be; when the work fails, a folder that was made for it goes again.
pub(crate) fn in_folder<T>(folder: &Path, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let fresh = !folder.exists();
    make_folder(folder)?;
    work().inspect_err(|_| {
        // Only an empty folder can be removed so.
        let _ = fresh.then(|| std::fs::remove_dir(folder));
    })
}

/// Makes a folder for output.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, "make the folder", &error))
}

/// Fails early, before any work, where a file would be in the way at the end.
pub(crate) fn refuse_existing(path: &Path, force: bool) -> Result<()> {
    if force || !path.exists() {
        return Ok(());
    }
    let error = Error::new(Kind::Io, "exists", "the file exists already").at(path.display());
    Err(error.hint("--force replaces it; another folder keeps both"))
}

/// Writes a text file whole or not at all.
pub(crate) fn write_text(path: &Path, text: &str, force: bool) -> Result<()> {
    use std::io::Write;
    let mut file = NewFile::create(path, force)?;
    file.file().write_all(text.as_bytes()).map_err(|error| Error::io(path, "write the file", &error))?;
    file.commit()
}

fn tell(premaster: &Premaster, findings: &[Finding], mastering: &Mastering, chain: &Path, ui: &Ui) {
    if ui.json() {
        ui.print_json(&report::json(premaster, findings, mastering));
        return;
    }
    ui.print(&report::text(premaster, mastering, chain));
    ui.note(ui.findings(&mastering.findings).trim_end());
}
