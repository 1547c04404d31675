//! `ddp`: filesets of others, looked at and taken apart.

use crate::args::{Ddp, DdpCheck, DdpExtract, DdpWhat};
use crate::table::Table;
use crate::ui::{Ui, clean_name};
use serde_json::json;
use std::fmt::Write;
use studio::disc::ddp::{self, Fileset};
use studio::disc::extract::{self, Extraction};
use studio::disc::text::Field;
use studio::disc::{Disc, pq};
use studio::message::{Result, Severity};

pub(crate) fn run(args: &Ddp, ui: &Ui) -> Result<u8> {
    match &args.what {
        DdpWhat::Check(args) => check(args, ui),
        DdpWhat::Extract(args) => extract(args, ui),
    }
}

fn check(args: &DdpCheck, ui: &Ui) -> Result<u8> {
    let set = ddp::read(&args.folder, &ui.job())?;
    let passed = passes(&set, args.strict);
    if ui.json() {
        ui.print_json(&json!({
            "folder": set.folder.display().to_string(),
            "passed": passed,
            "disc": set.disc,
            "image_md5": set.image_md5,
            "findings": set.findings,
        }));
    } else {
        ui.print(&text_of(&set, passed, ui));
    }
    Ok(if passed { 0 } else { 5 })
}

fn passes(set: &Fileset, strict: bool) -> bool {
    let allowed = if strict { Severity::Info } else { Severity::Warning };
    set.findings.iter().all(|finding| finding.severity <= allowed)
}

fn text_of(set: &Fileset, passed: bool, ui: &Ui) -> String {
    let word = match (passed, set.findings.is_empty()) {
        (true, true) => "fit to be pressed",
        (true, false) => "fit to be pressed, with remarks",
        (false, _) => "not fit to be pressed",
    };
    let mut text = format!("{}: {word}\n", clean_name(set.folder.display()));
    head(&mut text, &set.disc);
    text.push_str(&table(&set.disc));
    let _ = writeln!(text, "image MD5 {}", set.image_md5);
    for line in ui.findings(&set.findings).lines() {
        let _ = writeln!(text, "  {line}");
    }
    text
}

fn head(text: &mut String, disc: &Disc) {
    let words = |field| disc.text.first().map_or("", |block| block.get(0, field));
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {name:<10} {}", clean_name(value));
        }
    };
    line("title", words(Field::Title));
    line("performer", words(Field::Performer));
    line("master id", &disc.master_id);
    line("EAN", disc.ean.as_ref().map_or("none", |ean| ean.as_str()));
    line("programme", &format!("{}, lead-out at {}", disc.programme(), disc.end));
    let languages: Vec<&str> = disc.text.iter().map(|block| block.language.name()).collect();
    line("CD-TEXT", &if languages.is_empty() { "none".to_owned() } else { languages.join(", ") });
    line("hidden", &disc.hidden().map_or_else(String::new, |length| format!("{length} before track 1")));
}

fn table(disc: &Disc) -> String {
    let mut table = Table::new(2);
    table.row(["track", "title", "pause", "start", "length", "ISRC", "flags"]);
    for (at, track) in disc.tracks.iter().enumerate() {
        let title = disc.text.first().map_or("", |block| block.get(at + 1, Field::Title));
        let pause =
            track.pregap.map_or_else(|| "-".to_owned(), |pregap| track.start.minus(pregap).to_string());
        table.row([
            format!("{:02}", at + 1),
            clean_name(title),
            pause,
            track.start.to_string(),
            disc.track_length(at + 1).unwrap_or_default().to_string(),
            track.isrc.as_ref().map_or_else(|| "-".to_owned(), |isrc| isrc.dashed()),
            pq::flags(track.flags),
        ]);
    }
    table.text()
}

fn extract(args: &DdpExtract, ui: &Ui) -> Result<u8> {
    let set = ddp::read(&args.folder, &ui.job())?;
    let done = extract::extract(&set, &args.output, args.force, &ui.job())?;
    let passed = set.passed();
    if ui.json() {
        ui.print_json(&json!({
            "folder": set.folder.display().to_string(),
            "passed": passed,
            "tracks": done.tracks,
            "sheets": done.sheets,
            "findings": set.findings.iter().chain(&done.findings).collect::<Vec<_>>(),
        }));
    } else {
        ui.print(&written(&done));
        ui.note(ui.findings(&set.findings).trim_end());
        ui.note(ui.findings(&done.findings).trim_end());
    }
    Ok(if passed { 0 } else { 5 })
}

fn written(done: &Extraction) -> String {
    let mut table = Table::new(1);
    table.row(["file", "length", "LUFS", "dBTP"]);
    for track in &done.tracks {
        let name = track.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let lufs = track.integrated_lufs.map_or_else(|| "-".to_owned(), |lufs| format!("{lufs:.1}"));
        table.row([clean_name(name), track.length.to_string(), lufs, format!("{:.1}", track.true_peak_dbtp)]);
    }
    let sheets: Vec<String> = done
        .sheets
        .iter()
        .filter_map(|path| path.file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    format!("{}and {}\n", table.text(), sheets.join(", "))
}
