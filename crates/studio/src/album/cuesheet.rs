//! What goes with the sides of a record: a cue sheet a side, the plan as text and as PDF, pictures.

use super::lathe::Sides;
use super::papers;
use super::propose::Prepared;
use super::render::{Desk, Reel};
use super::tracks::plain_name;
use crate::files::NewFile;
use crate::message::Result;
use crate::sheet::{Align, Sheet, Table};
use crate::vinyl::clock;
use crate::vinyl::plan::SidePlan;
use std::fmt::Write as _;
use std::path::Path;

/// Name of the plan, without its ending.
const PLAN: &str = "sides";
/// Parts of a second that cue sheets count (CDRWIN user's guide, appendix).
const CUE_PARTS: u64 = 75;

/// A cue sheet over the file of a side.
fn cue(prepared: &Prepared, reel: &Reel, side: &str) -> String {
    let head = &prepared.album.head;
    // No word may end the line or the quotes it stands in.
    let plain = |text: &str| -> String {
        text.chars()
            .map(|c| {
                if c == '"' {
                    '\''
                } else if c.is_control() {
                    ' '
                } else {
                    c
                }
            })
            .collect()
    };
    let mut text = String::new();
    if let Some(artist) = &head.credits.artist {
        let _ = writeln!(text, "PERFORMER \"{}\"", plain(artist));
    }
    let _ = writeln!(text, "TITLE \"{}, side {}\"", plain(&head.title), plain(side));
    let Some(piece) = reel.pieces.first() else { return text };
    let file = piece.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let _ = writeln!(text, "FILE \"{}\" WAVE", plain(&file));
    for (number, slot) in (1..).zip(&reel.timeline.slots) {
        let Some(song) = prepared.album.songs.get(slot.song) else { continue };
        let parts = (slot.start - piece.start) * CUE_PARTS / u64::from(reel.timeline.sample_rate_hz.max(1));
        let (minutes, seconds) = (parts / CUE_PARTS / 60, parts / CUE_PARTS % 60);
        let _ = write!(text, "  TRACK {number:02} AUDIO\n    TITLE \"{}\"\n", plain(&song.title));
        if let Some(artist) = &song.credits.artist {
            let _ = writeln!(text, "    PERFORMER \"{}\"", plain(artist));
        }
        if let Some(isrc) = &song.isrc {
            let _ = writeln!(text, "    ISRC {isrc}");
        }
        let _ = writeln!(text, "    INDEX 01 {minutes:02}:{seconds:02}:{:02}", parts % CUE_PARTS);
    }
    text
}

/// The plan of the sides, for the cutting engineer.
fn plan(prepared: &Prepared, cut: &Sides, names: &[&str], reels: &[Reel]) -> Sheet {
    let head = &prepared.album.head;
    let mut sheet = Sheet::new(format!("Sides: {}", head.title));
    sheet.pair("Artist", head.credits.artist.as_deref().unwrap_or(""));
    sheet.pair("Catalogue", head.catalogue.as_deref().unwrap_or(""));
    sheet.pair("Record", cut.format.title);
    for ((side, name), reel) in cut.sides.iter().zip(names).zip(reels) {
        sheet.heading(format!("Side {name}"));
        figures(&mut sheet, side);
        sheet.table(songs(cut, side, reel));
    }
    let said = cut.findings();
    if !said.is_empty() {
        sheet.heading("What a cutting engineer should know");
    }
    for finding in said {
        sheet.paragraph(format!("{}: {}. {}", finding.about, finding.measured, finding.advice));
    }
    sheet.paragraph(
        "Levels are those of a model of the lathe, counted from the loudest three seconds of a side re a tone of 1 kHz at \
         7.07 cm/s sideways. The curve of RIAA is not in these files. No plant has judged the model.",
    );
    sheet
}

fn figures(sheet: &mut Sheet, side: &SidePlan) {
    let level = |db: Option<f64>| db.map_or_else(|| "not offered".to_owned(), |db| format!("{db:+.1} dB"));
    sheet.pair("Length", clock(side.seconds));
    sheet.pair("Level", format!("{:+.1} dB", side.cut.level_db));
    sheet.pair("By custom", level(side.custom_db));
    sheet.pair("By the model", level(Some(side.highest_db)));
    sheet.pair("Loudest three seconds", format!("{:.1} LUFS", side.loudness_lufs));
    sheet.pair("Lines an inch", format!("{:.0}", side.cut.lines_per_inch()));
    sheet.pair("Left before the label", format!("{:.1} mm", side.cut.free_mm));
}

fn songs(cut: &Sides, side: &SidePlan, reel: &Reel) -> Table {
    let mut table = Table::new([
        ("No", Align::Right),
        ("Title", Align::Left),
        ("Begins", Align::Right),
        ("Length", Align::Right),
        ("LUFS", Align::Right),
        ("Least radius", Align::Right),
        ("Bass side/mid", Align::Right),
        ("Sibilance", Align::Right),
    ]);
    let first = reel.pieces.first().map_or(0, |piece| piece.start);
    let rows = side.songs.clone().filter_map(|place| cut.songs.get(place));
    for (((number, song), slot), radius_mm) in
        (1..).zip(rows).zip(&reel.timeline.slots).zip(&side.least_radius_mm)
    {
        let seconds = |frames: u64| clock(reel.timeline.seconds(frames));
        table.row([
            number.to_string(),
            song.title.clone(),
            seconds(slot.start - first),
            seconds(slot.end - slot.start),
            song.measured.integrated_lufs.map_or_else(|| "-".to_owned(), |lufs| format!("{lufs:.1}")),
            format!("{radius_mm:.0} mm"),
            if song.bass.side_mid_db < -60.0 {
                "mono".to_owned()
            } else {
                format!("{:.1} dB", song.bass.side_mid_db)
            },
            format!("{:.1} dB", song.treble.sibilance_db),
        ]);
    }
    table
}

/// Cue sheets, plan and pictures of all sides, waiting for their names.
pub(super) fn papers(
    desk: &Desk<'_>,
    reels: &[Reel],
    cut: Option<&Sides>,
    folder: &Path,
) -> Result<Vec<NewFile>> {
    let names: Vec<&str> = desk.sides.iter().map(|side| side.name.as_str()).collect();
    let mut files = Vec::new();
    let mut add = |name: String, content: &[u8]| -> Result<()> {
        files.push(papers::file(&folder.join(name), content, desk.force)?);
        Ok(())
    };
    for (reel, name) in reels.iter().zip(&names) {
        add(format!("Side {}.cue", plain_name(name)), cue(desk.prepared, reel, name).as_bytes())?;
    }
    let Some(cut) = cut else { return Ok(files) };
    let sheet = plan(desk.prepared, cut, &names, reels);
    add(format!("{PLAN}.txt"), sheet.text().as_bytes())?;
    add(format!("{PLAN}.pdf"), &sheet.pdf())?;
    if let Some(draw) = desk.picture {
        for (side, name) in cut.sides.iter().zip(&names) {
            add(format!("Side {}.svg", plain_name(name)), draw(side, &cut.songs, &cut.format).as_bytes())?;
        }
    }
    Ok(files)
}
