//! `cut`: songs on a record, on a model of the lathe.

use crate::args::Cut;
use crate::command::master::{in_folder, refuse_existing};
use crate::table::Table;
use crate::ui::{Ui, clean_name};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use studio::files::{self, NewFile};
use studio::message::{Error, Finding, Result, Severity};
use studio::report::side::side_svg;
use studio::vinyl::plan::{self, SidePlan};
use studio::vinyl::{self, Format, Song, clock};

pub(crate) fn run(args: &Cut, ui: &Ui) -> Result<u8> {
    let format = vinyl::find(&args.format)?;
    if let Some(folder) = &args.output {
        // Said before minutes of listening, not after.
        refuse_existing(&folder.join("side-A.svg"), args.force)?;
    }
    let songs: Vec<Song> =
        args.inputs.iter().map(|path| vinyl::hear(path, &format, &ui.job())).collect::<Result<_>>()?;
    let seconds: Vec<f64> = songs.iter().map(|song| song.measured.duration_seconds).collect();
    let sides = plan::spread(&seconds, args.gap, &format, args.sides.map(usize::from))?;
    let sides = plan::plan(&songs, &sides, &format, args.gap);
    let findings = vinyl::findings(&songs, &sides, &format);
    if let Some(folder) = &args.output {
        in_folder(folder, || draw(args, folder, &sides, &songs, &format))?;
    }
    if ui.json() {
        ui.print_json(&document(&songs, &sides, &findings, &format));
    } else {
        ui.print(&text(&songs, &sides, &format));
        ui.note(ui.findings(&findings).trim_end());
    }
    Ok(if findings.iter().any(|finding| finding.severity == Severity::Blocker) { 5 } else { 0 })
}

/// Writes a picture of each side: all or none of them.
fn draw(
    args: &Cut,
    folder: &std::path::Path,
    sides: &[SidePlan],
    songs: &[Song],
    format: &Format,
) -> Result<()> {
    let mut waiting = Vec::new();
    for side in sides {
        let path: PathBuf = folder.join(format!("side-{}.svg", side.letter));
        files::refuse_inputs(&path, args.inputs.iter().map(PathBuf::as_path))?;
        let mut file = NewFile::create(&path, args.force)?;
        std::io::Write::write_all(file.file(), side_svg(side, songs, format).as_bytes())
            .map_err(|error| Error::io(&path, "write", &error))?;
        waiting.push(file);
    }
    waiting.into_iter().try_for_each(NewFile::commit)
}

fn document(songs: &[Song], sides: &[SidePlan], findings: &[Finding], format: &Format) -> Value {
    let sides: Vec<Value> = sides
        .iter()
        .map(|side| {
            let mut value = json!(side);
            if let Some(cut) = value.get_mut("cut").and_then(Value::as_object_mut) {
                cut.insert("lines_per_inch".into(), json!(side.cut.lines_per_inch()));
            }
            value
        })
        .collect();
    json!({ "format": format, "songs": songs, "sides": sides, "findings": findings })
}

fn text(songs: &[Song], sides: &[SidePlan], format: &Format) -> String {
    let mut text = format!("{}, {} sides\n", format.title, sides.len());
    for side in sides {
        let cut = &side.cut;
        let custom =
            side.custom_db.map_or_else(|| "not offered".to_owned(), |db| format!("{db:+.1} dB by custom"));
        let _ = writeln!(
            text,
            "\nside {}: {}, cut at {:+.1} dB ({custom}, {:+.1} dB by the model), {:.0} lines an inch, {:.1} mm left",
            side.letter,
            clock(side.seconds),
            cut.level_db,
            side.highest_db,
            cut.lines_per_inch(),
            cut.free_mm
        );
        let mut table = Table::new(1);
        table.row([
            "song",
            "begins",
            "length",
            "LUFS",
            "least radius",
            "bass side/mid",
            "sibilance",
            "> 16 kHz",
        ]);
        let rows = side.songs.clone().filter_map(|index| songs.get(index));
        for ((song, begins), radius) in rows.zip(&cut.songs_seconds).zip(&side.least_radius_mm) {
            let lufs =
                song.measured.integrated_lufs.map_or_else(|| "–".to_owned(), |lufs| format!("{lufs:.1}"));
            let mid = song.bass.side_mid_db;
            table.row([
                clean_name(&song.title),
                clock(*begins),
                clock(song.measured.duration_seconds),
                lufs,
                format!("{radius:.0} mm"),
                if mid < -60.0 { "mono".to_owned() } else { format!("{mid:.1} dB") },
                format!("{:.1} dB", song.treble.sibilance_db),
                format!("{:.0} dB", song.treble.top_db),
            ]);
        }
        for line in table.text().lines() {
            let _ = writeln!(text, "  {line}");
        }
        if let Some(worst) = cut.worst(|turn| turn.steepness()) {
            let _ = writeln!(
                text,
                "  fastest: {:.1} cm/s at {} where the groove runs at {:.1}; deepest {:.0} µm; sharpest bend {:.1} µm",
                worst.lateral_cm_s.max(worst.vertical_cm_s),
                clock(worst.seconds),
                worst.speed_cm_s,
                cut.worst(|turn| turn.vertical_um).map_or(0.0, |turn| turn.vertical_um),
                cut.worst(|turn| -turn.bend_um).map_or(0.0, |turn| turn.bend_um),
            );
        }
    }
    text
}
