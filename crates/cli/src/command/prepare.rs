//! `prepare`: tracks are checked and exported for another engineer.

use crate::args::{Guides, Prepare};
use crate::command::master::{worst_of, write_text};
use crate::table::Table;
use crate::ui::{Ui, clean, clean_name};
use crate::whole::Whole;
use assistant::prepare::{Prepared, Request, prepare, sheet};
use serde_json::{Value, json};
use std::fmt::Write;
use studio::files::refuse_inputs;
use studio::message::Result;

/// The page for the engineer.
const README: &str = "README";

pub(crate) fn run(args: &Prepare, ui: &Ui) -> Result<u8> {
    refuse_inputs(&args.output, [args.input.as_path()])?;
    let whole = Whole::create(&args.output, args.force)?;
    let request = Request {
        roles: args.role.clone(),
        rate_hz: args.rate,
        leave_guides: args.guides == Guides::Leave,
        ..Request::default()
    };
    let prepared = prepare(&args.input, whole.path(), &request, &ui.job())
        .map_err(|errors| whole.named_error(worst_of(errors, ui)))?;
    let page = sheet(&prepared);
    write_text(&whole.path().join(format!("{README}.md")), &page.markdown(), false)?;
    write_text(&whole.path().join(format!("{README}.txt")), &page.text(), false)?;
    studio::files::write(&whole.path().join(format!("{README}.pdf")), &page.pdf(), false)?;
    let files = whole.commit()?;
    match ui.json() {
        true => ui.print_json(&document(args, &prepared, &files)),
        false => ui.print(&text(args, &prepared, ui)),
    }
    Ok(0)
}

fn text(args: &Prepare, prepared: &Prepared, ui: &Ui) -> String {
    let mut table = Table::new(3);
    table.row(["file", "what it is", "was called", "peak dBFS", "LUFS"]);
    for track in prepared.tracks.iter().map(|track| &track.planned) {
        table.row([
            clean_name(&track.file),
            if track.sure { track.role.to_owned() } else { format!("{}?", track.role) },
            clean_name(&track.path),
            format!("{:.1}", track.peak_dbfs),
            track.active_lufs.map_or_else(|| "–".to_owned(), |lufs| format!("{lufs:.1}")),
        ]);
    }
    let mut text = table.text();
    for track in prepared.tracks.iter().map(|track| &track.planned).filter(|track| !track.notes.is_empty()) {
        let said = format!("{}: {}", clean_name(&track.file), clean(&track.notes.join("; ")));
        text.push_str(crate::ui::wrap(&said, ui.columns(), "      ").trim_start());
    }
    for (track, why) in &prepared.left_out {
        let _ = writeln!(text, "left out: {} ({})", clean_name(track), clean(why));
    }
    let seconds = prepared.frames as f64 / f64::from(prepared.sample_rate_hz.max(1));
    let converted = prepared.tracks.iter().filter(|track| !track.unchanged).count();
    let _ = writeln!(
        text,
        "{} files of {seconds:.3} s at {} Hz in {}, {}",
        prepared.tracks.len(),
        prepared.sample_rate_hz,
        clean_name(args.output.display()),
        match converted {
            0 => "every sample as it was".to_owned(),
            some => format!("{some} of them converted"),
        }
    );
    let _ = writeln!(
        text,
        "tempo {}; key {}; README.md, .txt and .pdf say the rest",
        prepared.tempo, prepared.key
    );
    text
}

fn document(args: &Prepare, prepared: &Prepared, files: &[String]) -> Value {
    let tracks = prepared.tracks.iter().map(|track| {
        let planned = &track.planned;
        json!({
            "file": planned.file,
            "source": planned.path,
            "name": planned.original,
            "role": planned.role,
            "sure": planned.sure,
            "guide": planned.guide,
            "channels": planned.channels,
            "source_rate_hz": planned.from_hz,
            "source_encoding": planned.encoding.0,
            "encoding": planned.encoding.1,
            "offset_frames": planned.offset_frames,
            "source_frames": planned.frames,
            "unchanged": track.unchanged,
            "peak_dbfs": planned.peak_dbfs,
            "active_lufs": planned.active_lufs,
            "notes": planned.notes,
            "audio_blake3": track.audio_blake3,
            "bytes": track.bytes,
        })
    });
    json!({
        "folder": args.output.display().to_string(),
        "name": prepared.name,
        "sample_rate_hz": prepared.sample_rate_hz,
        "frames": prepared.frames,
        "time_reference_frames": prepared.time_reference_frames,
        "tempo": prepared.tempo,
        "key": prepared.key,
        "tracks": tracks.collect::<Vec<_>>(),
        "left_out": prepared.left_out.iter().map(|(track, why)| json!({ "source": track, "why": why })).collect::<Vec<_>>(),
        "findings": prepared.findings,
        "files": files,
    })
}
