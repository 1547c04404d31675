//! What goes with a production: a log in each room, and one sheet over both.

use super::{CHAIN_FILE, Done, LOG_FILE, MASTERS_FOLDER, MIX_FOLDER, SESSION_FILE};
use crate::args::Produce;
use crate::command::master::write_text;
use crate::command::{assist, mix};
use crate::ui::clean_name;
use crate::whole::Whole;
use assistant::explain::{self, Which};
use studio::message::{Finding, Result, Severity, clean};
use studio::report::mastering as report;
use studio::sheet::{Align, Sheet, Table};

/// The sheet over both rooms.
const SHEET: &str = "production";

/// Writes the logs and the sheet.
pub(super) fn write(args: &Produce, done: &Done, whole: &Whole) -> Result<()> {
    let which = Which { all: true, ..Which::default() };
    let moves = explain::moves(&done.written.made.text, &which)
        .map_or_else(|_| "no move was made\n".to_owned(), |moves| explain::text(&moves, &which));
    let mix = format!("{}\n{}\n{moves}", mix_log(done), plain_findings(&done.written.made.findings));
    write_text(&whole.path().join(MIX_FOLDER).join(LOG_FILE), &whole.named(&mix), false)?;
    let found = plain_findings(&done.masters.findings) + &plain_findings(&done.masters.mastering.findings);
    let masters = format!("{}\n{found}", masters_log(done));
    write_text(&whole.path().join(MASTERS_FOLDER).join(LOG_FILE), &whole.named(&masters), false)?;
    let sheet = sheet(args, done);
    write_text(&whole.path().join(format!("{SHEET}.md")), &whole.named(&sheet.markdown()), false)?;
    studio::files::write(&whole.path().join(format!("{SHEET}.pdf")), &sheet.pdf(), false)
}

/// What the mix came to.
pub(super) fn mix_log(done: &Done) -> String {
    let written = &done.written;
    let head =
        if done.as_it_stands { as_it_stands(done) } else { assist::text(&written.made, &written.path) };
    head + &mix::text(&written.session, &written.path, &done.print)
}

/// What a session of a person is, in a few lines.
fn as_it_stands(done: &Done) -> String {
    let made = &done.written.made;
    let mut text = format!("{}: printed as it stands\n", clean_name(done.written.path.display()));
    match made.moves.len() {
        0 => text.push_str("  no move of the assistant is in it\n"),
        all => {
            let held = made.moves.iter().filter(|m| m.is_held()).count();
            text.push_str(&format!(
                "  {all} moves of the assistant, {held} of them changed by hand or locked\n"
            ));
        }
    }
    assist::families(made).iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    text
}

/// What the masters came to.
pub(super) fn masters_log(done: &Done) -> String {
    let masters = &done.masters;
    report::text(&masters.premaster, &masters.mastering, &masters.chain)
}

/// What neither mixing nor mastering could mend: of the tracks, of the print, of the masters.
pub(super) fn not_mended(done: &Done) -> Vec<Finding> {
    let tracks = explain::not_mended(&done.written.made.findings).cloned();
    let warns = |finding: &&Finding| finding.severity >= Severity::Warning;
    let after = done.masters.findings.iter().chain(&done.masters.mastering.findings).filter(warns).cloned();
    let mut all: Vec<Finding> = Vec::new();
    for finding in tracks.chain(after) {
        if !all.contains(&finding) {
            all.push(finding);
        }
    }
    all
}

fn sentence(finding: &Finding) -> String {
    let about =
        if finding.about.is_empty() { String::new() } else { format!("{}: ", clean_name(&finding.about)) };
    let advice =
        if finding.advice.is_empty() { String::new() } else { format!("; {}", clean(&finding.advice)) };
    format!("{about}{} ({}){advice}", clean(&finding.measured), finding.rule.replace('_', " "))
}

fn plain_findings(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{}\n", sentence(finding))).collect()
}

fn lu(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

/// The sheet over both rooms.
fn sheet(args: &Produce, done: &Done) -> Sheet {
    let made = &done.written.made;
    let m = done.print.measurements();
    let mut sheet = Sheet::new(format!("{}: production", done.written.session.name));
    sheet.pair(if done.as_it_stands { "from" } else { "tracks" }, clean_name(args.input.display()));
    sheet.pair("destinations", args.destinations.join(", "));
    sheet.pair("print", format!("{MIX_FOLDER}/{}", file_name(done.print.path())));
    let how = if done.as_it_stands { "printed as it stands, " } else { "" };
    let moves = made.moves.len();
    sheet.pair("session", format!("{MIX_FOLDER}/{SESSION_FILE}, {how}{moves} moves with their reasons"));
    sheet.pair("chain", format!("{MASTERS_FOLDER}/{CHAIN_FILE}"));
    sheet.heading("The mix");
    sheet.pair("loudness", format!("{} LUFS", lu(m.integrated_lufs, 1)));
    sheet.pair("true peak", format!("{:.2} dBTP", m.true_peak_worst_dbtp()));
    sheet.pair("peak to loudness", format!("{} LU", lu(m.plr_lu, 1)));
    if let Some((loudness, share)) = made.balance.reverberation {
        let said = format!("{loudness:.1} LU; {:.0} of 100 would call it too much", 100.0 * share);
        sheet.pair("reverberation", said);
    }
    if !made.balance.groups.is_empty() {
        let mut groups = Table::new([("Group", Align::Left), ("LU against the mix", Align::Right)]);
        made.balance.groups.iter().for_each(|(_, name, lu)| groups.row([name.clone(), format!("{lu:.1}")]));
        sheet.table(groups);
    }
    sheet.heading("The gate");
    sheet.paragraph("The print was read back from disk and judged as a stranger's. It passed.");
    done.masters.findings.iter().for_each(|finding| sheet.paragraph(sentence(finding)));
    masters(&mut sheet, done);
    logs(&mut sheet, done);
    sheet.heading("What could not be mended");
    let left = not_mended(done);
    if left.is_empty() {
        sheet.paragraph("Nothing was found that mixing and mastering could not mend.");
    }
    left.iter().for_each(|finding| sheet.paragraph(sentence(finding)));
    sheet.heading("To go on");
    sheet.paragraph(format!(
        "Change what you want in {MIX_FOLDER}/{SESSION_FILE} or {MASTERS_FOLDER}/{CHAIN_FILE}; every value says why it is there. \
         `tonmeister mix` prints the session again, `tonmeister master PRINT --chain` renders the chain again."
    ));
    sheet.paragraph("md5sum -c checksums.md5 (or b3sum -c checksums.b3) checks every file of this folder.");
    sheet
}

fn masters(sheet: &mut Sheet, done: &Done) {
    sheet.heading("The masters");
    let mut table = Table::new([
        ("Destination", Align::Left),
        ("File", Align::Left),
        ("LUFS", Align::Right),
        ("dBTP", Align::Right),
        ("PLR LU", Align::Right),
        ("Limiter dB", Align::Right),
    ]);
    for master in &done.masters.mastering.masters {
        let (written, target) = (master.written(), &master.delivery().target);
        table.row([
            target.clone(),
            format!("{MASTERS_FOLDER}/{target}/{}", file_name(&written.path)),
            lu(written.measured.integrated_lufs, 1),
            format!("{:.2}", written.measured.true_peak_worst_dbtp()),
            lu(written.measured.plr_lu, 1),
            format!("{:.1}", master.reduction_db()),
        ]);
    }
    sheet.table(table);
}

/// What was done, mix and masters side by side: the whole of it stands in the logs.
fn logs(sheet: &mut Sheet, done: &Done) {
    sheet.heading("What was done");
    let mut table = Table::new([("Mix", Align::Left), ("Masters", Align::Left)]);
    let mix = assist::families(&done.written.made);
    let masters: Vec<String> = done
        .masters
        .mastering
        .decisions
        .iter()
        .map(|decision| format!("{}: {}", decision.family, decision.what))
        .collect();
    for line in 0..mix.len().max(masters.len()) {
        let cell = |list: &[String]| list.get(line).cloned().unwrap_or_default();
        table.row([cell(&mix), cell(&masters)]);
    }
    sheet.table(table);
    sheet.paragraph(format!(
        "All of it, with reasons: {MIX_FOLDER}/{LOG_FILE} and {MASTERS_FOLDER}/{LOG_FILE}."
    ));
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().map_or_else(String::new, |name| clean_name(name.to_string_lossy()))
}
