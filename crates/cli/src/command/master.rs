//! `master`: the gate first, then the masters, then what it came to.

use crate::args::Master;
use crate::command::check::passes;
use crate::command::extras;
use crate::ui::Ui;
use std::path::Path;
use studio::files::{NewFile, refuse_inputs};
use studio::handover::{self, Premaster};
use studio::master::chain::Chain;
use studio::master::{self, Mastering, Place};
use studio::message::{Error, Finding, Kind, Result};
use studio::report::mastering as report;
use studio::targets::{self, Target};

/// Name of the chain beside the masters.
pub(crate) const CHAIN_FILE: &str = "master.toml";

pub(crate) fn run(args: &Master, ui: &Ui) -> Result<u8> {
    let place = Place { folder: &args.output, force: args.force };
    let chain_path = args.chain.clone().unwrap_or_else(|| args.output.join(CHAIN_FILE));
    let (premaster, findings, mut mastering) = match &args.chain {
        Some(path) => again(path, args, place, ui)?,
        None => anew(&chain_path, args, place, ui)?,
    };
    extras::arrange(&mut mastering, args, place)?;
    tell(&premaster, &findings, &mastering, &chain_path, ui);
    Ok(0)
}

type Done = (Premaster, Vec<Finding>, Mastering);

/// Proposes a chain, renders it and writes it beside the masters.
fn anew(chain_path: &Path, args: &Master, place: Place<'_>, ui: &Ui) -> Result<Done> {
    let targets = targets_of(&args.destinations)?;
    let names: Vec<String> = targets.iter().map(|target| master::master_name(&args.input, target)).collect();
    if args.output.exists() {
        let all = names.iter().map(String::as_str).chain([CHAIN_FILE]);
        master::check_place(&args.input, all, place)?;
    }
    extras::check_set(args, targets.iter().map(|target| target.name.as_str()), place)?;
    let extras = extras::of(args, ui)?;
    let (premaster, findings) = gate(&args.input, args.strict, ui)?;
    let mastering =
        in_folder(place.folder, || master::master_with(&premaster, &targets, place, &extras, &ui.job()))?;
    extras::offer(args, &targets, ui);
    write_text(chain_path, &mastering.chain.to_toml(), args.force)?;
    Ok((premaster, findings, mastering))
}

/// Renders a chain as it stands.
fn again(chain_path: &Path, args: &Master, place: Place<'_>, ui: &Ui) -> Result<Done> {
    let mut chain = load_chain(chain_path, ui)?;
    extras::label(&mut chain, chain_path, args, ui)?;
    extras::check_set(args, chain.deliveries.iter().map(|delivery| delivery.target.as_str()), place)?;
    let names = || chain.deliveries.iter().map(|delivery| delivery.file.as_str());
    if args.output.exists() {
        master::check_place(&args.input, names(), place)?;
        for name in names() {
            refuse_inputs(&args.output.join(name), [chain_path])?;
        }
    }
    let (premaster, findings) = gate(&args.input, args.strict, ui)?;
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
fn gate(print: &Path, strict: bool, ui: &Ui) -> Result<(Premaster, Vec<Finding>)> {
    let verdict = handover::check(print, &ui.job())?;
    let findings = verdict.findings.clone();
    ui.note(ui.findings(&unnamed(&findings)).trim_end());
    if strict && !passes(&verdict, true) {
        let error =
            Error::new(Kind::Gate, "gate", "the hand-over gate was not passed, and --strict was given");
        return Err(error.at(print.display()).hint("correct the mix, or leave --strict away"));
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
