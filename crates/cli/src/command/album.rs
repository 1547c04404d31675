//! `album`: songs become a record.

use crate::args::Album as Args;
use crate::command::master::{make_folder, refuse_existing, targets_of, worst_of, write_text};
use crate::ui::{Ui, clean_name};
use std::path::{Path, PathBuf};
use studio::album::{self, Album, Prepared, Release, SHEET_FILE};
use studio::master::Place;
use studio::message::{Error, Finding, Kind, Result};
use studio::report::album as report;
use studio::report::side::side_svg;
use studio::targets::Target;

pub(crate) fn run(args: &Args, ui: &Ui) -> Result<u8> {
    let targets = targets_of(&args.destinations)?;
    let mut findings = Vec::new();
    let (album, sheet) = open(args, &mut findings, ui)?;
    if let Some(folder) = args.output.as_ref().filter(|_| !args.propose) {
        album::check_place(&album, &targets, Place { folder, force: args.force })?;
    }
    let prepared = album::prepare(album, &ui.job())?;
    findings.extend(prepared.findings.iter().cloned());
    if let Some(path) = &sheet {
        write_text(path, &prepared.album.to_toml(), args.force)?;
    }
    if args.propose {
        return told(&prepared, None, &findings, sheet.as_deref(), ui);
    }
    let release = deliver(args, &prepared, &targets, ui)?;
    findings.extend(release.findings.iter().cloned());
    told(&prepared, Some(&release), &findings, sheet.as_deref(), ui)
}

/// The album, and where its text is to be written when it has none yet.
fn open(args: &Args, findings: &mut Vec<Finding>, ui: &Ui) -> Result<(Album, Option<PathBuf>)> {
    if args.input.is_dir() {
        let sheet = args.input.join(SHEET_FILE);
        let hint = |error: Error| {
            error.hint(format!(
                "render it: tonmeister album {}; or --force to write it anew",
                clean_name(sheet.display())
            ))
        };
        refuse_existing(&sheet, args.force).map_err(hint)?;
        return Ok((Album::of_folder(&args.input, findings)?, Some(sheet)));
    }
    let album = Album::load(&args.input, args.allow_external).map_err(|errors| worst_of(errors, ui))?;
    // Proposing for a text that is there writes it again only when that is asked for.
    if args.propose {
        refuse_existing(&args.input, args.force)?;
    }
    Ok((album, args.propose.then(|| args.input.clone())))
}

fn deliver(args: &Args, prepared: &Prepared, targets: &[Target], ui: &Ui) -> Result<Release> {
    let Some(folder) = &args.output else {
        let error = Error::new(Kind::Usage, "no_output", "no folder was given for the record");
        return Err(error.hint("-o DIR, or --propose to write the text only"));
    };
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_folder(parent)?;
    }
    let place = Place { folder, force: args.force };
    album::render_with(prepared, targets, place, Some(side_svg), &ui.job())
}

fn told(
    prepared: &Prepared,
    release: Option<&Release>,
    findings: &[Finding],
    sheet: Option<&Path>,
    ui: &Ui,
) -> Result<u8> {
    if ui.json() {
        ui.print_json(&report::json(prepared, release));
        return Ok(0);
    }
    ui.print(&release.map_or_else(|| report::before(prepared), |release| report::text(prepared, release)));
    if let Some(sheet) = sheet {
        ui.print(&format!("album {} (edit it and render it)\n", clean_name(sheet.display())));
    }
    ui.note(ui.findings(findings).trim_end());
    Ok(0)
}
