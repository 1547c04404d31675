//! `mix --snapshot` and `mix --alternate`: several prints of one session, side by side.

use crate::args::Mix;
use crate::command::master::{in_folder, worst_of};
use crate::table::Table;
use crate::ui::{Ui, clean, clean_name};
use serde_json::json;
use studio::files::refuse_inputs;
use studio::message::{Finding, Result};
use studio::mix::{self, Level, Options, Variant, VariantPrint, Voices};
use studio::session::Session;

pub(crate) fn run(session: &Session, args: &Mix, ui: &Ui) -> Result<u8> {
    let (variants, level) = if args.alternate.is_empty() {
        let level = if args.match_loudness { Level::Matched } else { Level::Own };
        (mix::snapshots(session, &args.snapshot)?, level)
    } else {
        let voices = Voices::new(session, &args.lead, &args.backing)?;
        (mix::alternates(session, &args.alternate, &voices)?, Level::Shared)
    };
    if args.dry_run {
        let errors = session.check_files();
        return match errors.is_empty() {
            true => {
                tell_dry(&variants, ui);
                Ok(0)
            }
            false => Err(worst_of(errors, ui)),
        };
    }
    for variant in &variants {
        let path = args.output.join(format!("{}.wav", variant.name));
        refuse_inputs(&path, [args.input.as_path()])?;
    }
    let options = Options { force: args.force, ..Options::default() };
    let prints = in_folder(&args.output, || {
        mix::variants(&variants, &args.output, level, &ui.job(), options)
            .map_err(|errors| worst_of(errors, ui))
    })?;
    tell(&prints, level, ui);
    Ok(0)
}

fn tell_dry(variants: &[Variant], ui: &Ui) {
    let names: Vec<&str> = variants.iter().map(|variant| variant.name.as_str()).collect();
    match ui.json() {
        true => ui.print_json(&json!({ "prints": names })),
        false => ui.print(&format!("{}: nothing wrong\n", names.join(", "))),
    }
}

fn tell(prints: &[VariantPrint], level: Level, ui: &Ui) {
    if ui.json() {
        ui.print_json(&json!({ "level": level, "prints": prints }));
        return;
    }
    ui.print(&table(prints).text());
    // What all of them say is said once.
    let mut findings: Vec<Finding> = Vec::new();
    for finding in prints.iter().flat_map(|print| &print.findings) {
        if !findings.contains(finding) {
            findings.push(finding.clone());
        }
    }
    ui.note(ui.findings(&findings).trim_end());
}

/// What differs, the first print above the others.
fn table(prints: &[VariantPrint]) -> Table {
    let mut table = Table::new(2);
    let number = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
    };
    table.row(["print", "", "gain dB", "LUFS", "dBTP", "PLR LU", "side/mid dB", "correlation"]);
    for print in prints {
        table.row([
            clean_name(print.path.display()),
            clean(&print.title),
            format!("{:+.2}", print.print_gain_db),
            number(print.integrated_lufs, 2),
            format!("{:.2}", print.true_peak_dbtp),
            number(print.plr_lu, 1),
            number(print.side_to_mid_db, 1),
            number(print.correlation, 2),
        ]);
    }
    table
}
