//! `check`: the hand-over gate.

use crate::args::Check;
use crate::command::master::unnamed;
use crate::command::measure::exit_code;
use crate::ui::{Ui, clean_name};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use studio::decode;
use studio::handover::{self, Verdict};
use studio::message::{Error, Kind, Result, Severity};

type Judged = (PathBuf, Result<Verdict>);

pub(crate) fn run(args: &Check, ui: &Ui) -> Result<u8> {
    let mut judged: Vec<Judged> = Vec::new();
    for input in &args.inputs {
        match judge(input, ui) {
            Err(error) if error.kind == Kind::Interrupted => return Err(error),
            Err(error) => judged.push((input.clone(), Err(error))),
            Ok(of_input) => judged.extend(of_input),
        }
    }
    if ui.json() {
        let files: Vec<Value> =
            judged.iter().map(|(path, verdict)| json_of(path, verdict, args.strict)).collect();
        ui.print_json(&json!({ "files": files }));
    }
    for (path, verdict) in &judged {
        match verdict {
            Err(error) => ui.say(error),
            Ok(verdict) if !ui.json() => ui.print(&text_of(path, verdict, args.strict, ui)),
            Ok(_) => {}
        }
    }
    Ok(code_of(&judged, args.strict))
}

/// Judges a file, or every file of a folder.
fn judge(input: &Path, ui: &Ui) -> Result<Vec<Judged>> {
    if input.is_dir() {
        return handover::check_folder(input, &ui.job());
    }
    Ok(vec![(input.to_owned(), Ok(handover::check(input, &ui.job())?))])
}

/// Whether a file may go on to mastering.
pub(crate) fn passes(verdict: &Verdict, strict: bool) -> bool {
    let allowed = if strict { Severity::Info } else { Severity::Warning };
    verdict.passed() && verdict.findings.iter().all(|finding| finding.severity <= allowed)
}

fn code_of(judged: &[Judged], strict: bool) -> u8 {
    let errors: Vec<Error> =
        judged.iter().filter_map(|(_, verdict)| verdict.as_ref().err().cloned()).collect();
    let stopped = judged.iter().filter_map(|(_, verdict)| verdict.as_ref().ok()).any(|v| !passes(v, strict));
    match exit_code(judged.len() - errors.len(), &errors) {
        0 if stopped => 5,
        code => code,
    }
}

fn text_of(path: &Path, verdict: &Verdict, strict: bool, ui: &Ui) -> String {
    let m = &verdict.measurements;
    let loudness =
        m.integrated_lufs.map_or_else(|| "not measurable".to_owned(), |lufs| format!("{lufs:.1} LUFS"));
    let plr = m.plr_lu.map_or_else(String::new, |plr| format!(", PLR {plr:.1}"));
    let word = match (passes(verdict, strict), verdict.is_fatal(), verdict.findings.is_empty()) {
        (true, _, true) => "ready for mastering",
        (true, _, false) => "ready for mastering, with remarks",
        (false, false, _) => "not ready for mastering",
        (false, true, _) => "cannot be mastered",
    };
    let mut text = format!(
        "{}: {word}\n  {loudness}, true peak {:.1} dBTP{plr}\n",
        clean_name(path.display()),
        m.true_peak_dbtp,
    );
    if let Some(isrc) = isrc(path) {
        let _ = writeln!(text, "  ISRC {}", clean_name(isrc));
    }
    // The head line names the file.
    for line in ui.findings(&unnamed(&verdict.findings)).lines() {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// The code that a file brings along.
fn isrc(path: &Path) -> Option<String> {
    let tags = decode::probe(path).ok()?.metadata.tags;
    tags.into_iter().find(|(key, _)| key == "ISRC").map(|(_, text)| text)
}

fn json_of(path: &Path, verdict: &Result<Verdict>, strict: bool) -> Value {
    match verdict {
        Err(error) => json!({ "file": path.display().to_string(), "error": error }),
        Ok(verdict) => json!({
            "file": path.display().to_string(),
            "ready": passes(verdict, strict),
            "fatal": verdict.is_fatal(),
            "findings": verdict.findings,
            "measurements": verdict.measurements,
            "isrc": isrc(path),
        }),
    }
}
