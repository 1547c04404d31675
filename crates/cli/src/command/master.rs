//! `master`: the gate first, then the masters, then what it came to.

use crate::args::Master;
use crate::command::check::passes;
use crate::command::extras;
use crate::command::print::{Print, matching, refuse_sources};
use crate::ui::Ui;
use std::path::{Path, PathBuf};
use studio::difference::Difference;
use studio::files::{NewFile, refuse_inputs};
use studio::handover::Premaster;
use studio::master::chain::{Chain, Strength};
use studio::master::taste::Taste;
use studio::master::{self, Mastering, Place, Wish};
use studio::message::{Error, Finding, Kind, Result};
use studio::report::mastering as report;
use studio::targets::{self, Target};

/// Name of the chain beside the masters.
pub(crate) const CHAIN_FILE: &str = "master.toml";

pub(crate) fn run(args: &Master, ui: &Ui) -> Result<u8> {
    let refuse = if args.strict { Refuse::Remarks } else { Refuse::Nothing };
    let made = make(args, refuse, ui)?;
    tell(&made, ui);
    Ok(0)
}

/// What the gate stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refuse {
    /// Only what cannot be mastered at all.
    Nothing,
    /// Every blocker.
    Blockers,
    /// Everything but notes.
    Remarks,
}

/// What came of it.
pub(crate) struct Made {
    pub(crate) premaster: Premaster,
    /// What the gate found.
    pub(crate) findings: Vec<Finding>,
    pub(crate) mastering: Mastering,
    /// Where the chain stands as text.
    pub(crate) chain: PathBuf,
    pub(crate) differences: Vec<Difference>,
}

/// Gate, masters, what goes with them.
pub(crate) fn make(args: &Master, refuse: Refuse, ui: &Ui) -> Result<Made> {
    let place = Place { folder: &args.output, force: args.force };
    let chain_path = match &args.chain {
        Some(path) if !args.again => path.clone(),
        _ => args.output.join(CHAIN_FILE),
    };
    let (premaster, findings, mut mastering) = match &args.chain {
        Some(path) if !args.again => again(path, args, (place, refuse), ui)?,
        Some(path) => {
            let mut chain = load_chain(path, ui)?;
            extras::label(&mut chain, path, args, ui)?;
            anew(&chain_path, Some(&chain), args, (place, refuse), ui)?
        }
        None => anew(&chain_path, None, args, (place, refuse), ui)?,
    };
    extras::arrange(&mut mastering, args, place)?;
    let differences = extras::differences(args, &premaster, &mastering, ui)?;
    Ok(Made { premaster, findings, mastering, chain: chain_path, differences })
}

type Done = (Premaster, Vec<Finding>, Mastering);

/// Proposes a chain, around an old one if there is one, renders it and writes it beside the masters.
fn anew(
    chain_path: &Path,
    old: Option<&Chain>,
    args: &Master,
    (place, refuse): (Place<'_>, Refuse),
    ui: &Ui,
) -> Result<Done> {
    let wish = wish_of(args, old)?;
    let print = Print::of(args, old)?;
    let targets = match old {
        Some(old) if args.destinations.is_empty() => {
            targets_of(&old.deliveries.iter().map(|delivery| delivery.target.clone()).collect::<Vec<_>>())?
        }
        _ => targets_of(&args.destinations)?,
    };
    let names: Vec<String> =
        targets.iter().map(|target| master::file_name_of(&print.path(), target, &wish)).collect();
    refuse_sources(args, names.iter().map(String::as_str).chain([CHAIN_FILE]))?;
    if args.output.exists() {
        let all = names.iter().map(String::as_str).chain([CHAIN_FILE]);
        master::check_place(&print.path(), all, place)?;
        if let Some(old_path) = &args.chain {
            names.iter().try_for_each(|name| refuse_inputs(&args.output.join(name), [old_path.as_path()]))?;
        }
    }
    let all = names.iter().map(String::as_str);
    extras::check_set(args, targets.iter().map(|target| target.name.as_str()), all, place)?;
    let mut extras = extras::of(args, ui)?;
    if let Some(old) = old {
        // The tags of the flags are in there already.
        (extras.tags, extras.artwork_file) = (old.tags.clone(), old.artwork_file.clone());
    }
    let (premaster, findings) = gate(args, &print, refuse, ui)?;
    let (premaster, stems, decisions) = print.feed(premaster, old.is_none(), ui)?;
    let work = || master::master_as(&premaster, &targets, &wish, place, &extras, &ui.job());
    let mut mastering = in_folder(place.folder, work)?;
    mastering.decisions.splice(0..0, decisions);
    mastering.chain.stems = stems;
    extras::offer(args, &targets, ui);
    write_text(chain_path, &mastering.chain.to_toml(), args.force)?;
    Ok((premaster, findings, mastering))
}

/// Renders a chain as it stands.
fn again(chain_path: &Path, args: &Master, (place, refuse): (Place<'_>, Refuse), ui: &Ui) -> Result<Done> {
    refuse_wishes(args)?;
    let mut chain = load_chain(chain_path, ui)?;
    extras::label(&mut chain, chain_path, args, ui)?;
    let names = || chain.deliveries.iter().map(|delivery| delivery.file.as_str());
    extras::check_set(
        args,
        chain.deliveries.iter().map(|delivery| delivery.target.as_str()),
        names(),
        place,
    )?;
    let print = Print::of(args, Some(&chain))?;
    refuse_sources(args, names())?;
    if args.output.exists() {
        master::check_place(&print.path(), names(), place)?;
        for name in names() {
            refuse_inputs(&args.output.join(name), [chain_path])?;
        }
    }
    let (premaster, findings) = gate(args, &print, refuse, ui)?;
    let (premaster, ..) = print.feed(premaster, false, ui)?;
    let mastering = in_folder(place.folder, || {
        master::render_with(&premaster, chain, place, args.extras.check_codecs, &ui.job())
    })?;
    Ok((premaster, findings, mastering))
}

/// A chain that is rendered as it stands has no room for wishes.
fn refuse_wishes(args: &Master) -> Result<()> {
    let wishes = [
        ("--for", !args.destinations.is_empty()),
        ("--intensity", args.intensity.is_some()),
        ("--tone", args.tone.is_some()),
        ("--strength", !args.strength.is_empty()),
        ("--reference", !args.reference.is_empty()),
        ("--loudness", args.loudness.is_some()),
        ("--force-level", args.force_level),
    ];
    match wishes.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((flag, _)) => {
            let what = format!("{flag} and a chain that is rendered as it stands do not go together");
            let error = Error::new(Kind::Usage, "chain_as_it_stands", what);
            Err(error.hint("add --again to have the chain proposed anew around what you changed in it"))
        }
    }
}

/// What the flags ask for, and where they say nothing, what the old chain was made with.
pub(crate) fn wish_of<'a>(args: &Master, old: Option<&'a Chain>) -> Result<Wish<'a>> {
    let usual = Chain::default();
    let before = old.unwrap_or(&usual);
    let intensity = args.intensity.as_ref().unwrap_or(&before.intensity);
    let tone = args.tone.as_ref().unwrap_or(&before.tone);
    let mut strength = before.strength.clone();
    args.strength.iter().try_for_each(|word| set_strength(&mut strength, word))?;
    if let Some(lufs) = args.loudness.filter(|lufs| !(-60.0..=0.0).contains(lufs)) {
        let error =
            Error::new(Kind::Usage, "bad_loudness", format!("{lufs} LUFS is no loudness of a master"));
        return Err(error.hint("from -60 to 0; streaming plays at -14"));
    }
    Ok(Wish {
        taste: Taste::find(intensity, tone, strength)?,
        loudness_lufs: args.loudness.or(before.loudness_lufs),
        force_level: args.force_level || before.force_level,
        again: old,
        matching: matching(args)?,
    })
}

/// Reads `tone=0.5`.
fn set_strength(strength: &mut Strength, word: &str) -> Result<()> {
    if strength.set_word(word.trim()) {
        return Ok(());
    }
    let what = format!("`{}` is not a strength", studio::message::clean(word));
    let families = Strength::families().collect::<Vec<_>>().join(", ");
    let hint = format!("a family and a number from 0 to 1.5: tone=0.5; families: {families}");
    Err(Error::new(Kind::Usage, "bad_strength", what).hint(hint))
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

/// The gate. Its findings are printed whatever they are; `master` works on a print that has any blocker all the same, unless
/// `strict`, because refusing in silence helps nobody and hiding it would be worse.
fn gate(args: &Master, print: &Print, refuse: Refuse, ui: &Ui) -> Result<(Premaster, Vec<Finding>)> {
    let verdict = print.check(ui)?;
    let mut findings = verdict.findings.clone();
    if args.rest {
        let files = args.input.iter().chain(&args.stems);
        let youngest = files.map(|file| Ok((age_seconds(file)?, file))).collect::<Result<Vec<_>>>()?;
        let youngest = youngest.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
        findings.extend(youngest.map(|(age, file)| rested(age, file)));
    }
    let shown = if print.is_file() { unnamed(&findings) } else { findings.clone() };
    ui.note(ui.findings(&shown).trim_end());
    if refuse == Refuse::Remarks && !passes(&verdict, true) {
        let error =
            Error::new(Kind::Gate, "gate", "the hand-over gate was not passed, and --strict was given");
        return Err(error.at(print.path().display()).hint("correct the mix, or leave --strict away"));
    }
    if refuse == Refuse::Blockers && !verdict.passed() {
        let error = Error::new(Kind::Gate, "gate", "the hand-over gate was not passed: nothing is mastered");
        return Err(error.at(print.path().display()).hint("correct the mix"));
    }
    if !verdict.passed() && !verdict.is_fatal() {
        ui.note("mastering it all the same; a master cannot repair a mix");
    }
    verdict.into_premaster_despite_findings().map(|premaster| (premaster, findings))
}

/// How old the print is. A clock is read here and nowhere else: what it says goes to the user, and into no file.
fn age_seconds(print: &Path) -> Result<f64> {
    let modified = std::fs::metadata(print).and_then(|data| data.modified());
    let modified = modified.map_err(|error| Error::io(print, "tell the age of", &error))?;
    // A print from the future is as good as new.
    Ok(modified.elapsed().map_or(0.0, |age| age.as_secs_f64()))
}

fn rested(seconds: f64, print: &Path) -> Finding {
    studio::master::rested(seconds).about(studio::message::clean_name(print.display()))
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

fn tell(made: &Made, ui: &Ui) {
    let Made { premaster, findings, mastering, chain, differences } = made;
    if ui.json() {
        let mut document = report::json(premaster, findings, mastering);
        document["differences"] = serde_json::json!(differences);
        ui.print_json(&document);
        return;
    }
    let lines: String = differences.iter().map(extras::line).collect();
    ui.print(&(report::text(premaster, mastering, chain) + &lines));
    ui.note(ui.findings(&mastering.findings).trim_end());
}
