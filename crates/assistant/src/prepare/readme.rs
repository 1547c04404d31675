//! The page that goes with an export: what an engineer wants to know before the first fader moves.

use super::{Exported, Prepared};
use crate::hear::Song;
use crate::time::Tempo;
use studio::audio::Encoding;
use studio::message::clean;
use studio::sheet::{Align, Sheet, Table};

/// Confidence from which on a key is told without a question mark. By our own convention.
const SURE_KEY: f64 = 0.6;
/// Sections told at most: more is no help.
const MOST_SECTIONS: usize = 24;

/// Tempo in words.
pub(super) fn tempo(song: &Song) -> String {
    match song.time.tempo {
        Some(tempo) if tempo.is_sure() => format!("{:.2} BPM, measured", tempo.bpm),
        Some(Tempo { bpm, .. }) => format!("perhaps {bpm:.1} BPM: not sure"),
        None => "no steady beat was found".to_owned(),
    }
}

/// Key in words.
pub(super) fn key(song: &Song) -> String {
    match &song.time.key {
        Some(key) if key.confidence >= SURE_KEY => format!("{}, measured", key.name()),
        Some(key) => format!("perhaps {}: not sure", key.name()),
        None => "not found".to_owned(),
    }
}

/// What is known of the song as a whole.
pub(super) fn remarks(song: &Song) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(count_in) = &song.time.count_in {
        remarks.push(format!(
            "A count-in plays from {} to {}.",
            clock(count_in.start_seconds),
            clock(count_in.end_seconds)
        ));
    }
    if song.time.tuning_cents.abs() > 10.0 {
        remarks.push(format!("Tuned {:+.0} cents against A = 440 Hz.", song.time.tuning_cents));
    }
    let sections = &song.time.sections;
    if (2..=MOST_SECTIONS).contains(&sections.len()) {
        let list: Vec<String> = sections
            .iter()
            .map(|section| format!("{} {}", section.label, clock(section.start_seconds)))
            .collect();
        remarks.push(format!(
            "Parts that sound alike have one letter (as heard, not as you may call them): {}.",
            list.join(", ")
        ));
    }
    let about =
        song.findings.iter().filter(|finding| finding.about == "the folder" || finding.about.is_empty());
    remarks.extend(
        about.map(|finding| format!("{}: {}.", finding.rule.replace('_', " "), clean(&finding.measured))),
    );
    remarks
}

/// The page.
#[must_use]
pub fn sheet(prepared: &Prepared) -> Sheet {
    let mut sheet = Sheet::new(format!("{}: tracks for mixing", prepared.name));
    let seconds = prepared.frames as f64 / f64::from(prepared.sample_rate_hz.max(1));
    sheet.pair("tempo", prepared.tempo.clone());
    sheet.pair("key", prepared.key.clone());
    sheet.pair("rate", format!("{} Hz, every file", prepared.sample_rate_hz));
    sheet.pair("length", format!("{} ({} frames), every file", clock(seconds), prepared.frames));
    sheet.pair("start", format!("all at once: put every file at the same time{}", stamp(prepared)));
    let guides = prepared.tracks.iter().filter(|track| track.planned.guide.is_some()).count();
    sheet.pair("tracks", format!("{}, and {guides} guides", prepared.tracks.len() - guides));
    sheet.paragraph(said(prepared));
    prepared.remarks.iter().for_each(|remark| sheet.paragraph(remark.clone()));
    sheet.heading("Tracks");
    let tracks: Vec<&Exported> =
        prepared.tracks.iter().filter(|track| track.planned.guide.is_none()).collect();
    sheet.table(list(&tracks));
    notes(&mut sheet, &prepared.tracks);
    if guides > 0 {
        sheet.heading("Not for the mix");
        prepared.tracks.iter().for_each(|track| {
            if let Some(why) = track.planned.guide {
                sheet.pair(track.planned.file.clone(), format!("{} ({why})", track.planned.path));
            }
        });
    }
    if !prepared.left_out.is_empty() {
        sheet.heading("Left out");
        prepared.left_out.iter().for_each(|(track, why)| sheet.pair(track.clone(), why.clone()));
    }
    sheet.heading("Checksums");
    sheet.paragraph(
        "md5sum -c checksums.md5 (or b3sum -c checksums.b3) in this folder says whether everything arrived.",
    );
    sheet
}

fn stamp(prepared: &Prepared) -> String {
    match prepared.time_reference_frames {
        0 => String::new(),
        frames => {
            let seconds = frames as f64 / f64::from(prepared.sample_rate_hz.max(1));
            format!(", or by the time stamp in them ({} after midnight)", clock(seconds))
        }
    }
}

/// Whether anything is not as it was recorded.
fn said(prepared: &Prepared) -> String {
    let converted = prepared.tracks.iter().filter(|track| !track.unchanged).count();
    let nothing = "No fader, no bus, no repair: what is wrong with a track is listed, not mended.";
    match converted {
        0 => format!("Every sample is as it was recorded, with silence before and behind. {nothing}"),
        some => format!(
            "{some} of {} files were converted to {} Hz (see their notes); every other sample is as it was recorded, with silence before and behind. {nothing}",
            prepared.tracks.len(),
            prepared.sample_rate_hz
        ),
    }
}

fn list(tracks: &[&Exported]) -> Table {
    let mut table = Table::new([
        ("File", Align::Left),
        ("What it is", Align::Left),
        ("Was called", Align::Left),
        ("Ch", Align::Right),
        ("Format", Align::Left),
        ("Sounds", Align::Left),
        ("Peak dBFS", Align::Right),
        ("LUFS", Align::Right),
    ]);
    for Exported { planned, .. } in tracks {
        let sounds = planned
            .sounds_seconds
            .map_or_else(String::new, |(from, to)| format!("{} - {}", clock(from), clock(to)));
        table.row([
            planned.file.clone(),
            if planned.sure { planned.role.to_owned() } else { format!("{}?", planned.role) },
            planned.path.clone(),
            planned.channels.to_string(),
            format_of(planned.encoding.1),
            sounds,
            format!("{:.1}", planned.peak_dbfs),
            planned.active_lufs.map_or_else(String::new, |lufs| format!("{lufs:.1}")),
        ]);
    }
    table
}

fn notes(sheet: &mut Sheet, tracks: &[Exported]) {
    let noted: Vec<&Exported> = tracks.iter().filter(|track| !track.planned.notes.is_empty()).collect();
    if noted.is_empty() {
        return;
    }
    sheet.heading("Notes");
    for track in noted {
        sheet.pair(track.planned.file.clone(), clean(&track.planned.notes.join("; ")));
    }
}

fn format_of(encoding: Encoding) -> String {
    match encoding {
        Encoding::Int(bits) => format!("{bits} bit"),
        Encoding::Float(bits) => format!("{bits}-bit float"),
        Encoding::Lossy => "lossy".to_owned(),
    }
}

/// Minutes and seconds.
fn clock(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round();
    let minutes = (tenths / 600.0).floor();
    format!("{minutes:.0}:{:04.1}", (tenths - 600.0 * minutes) / 10.0)
}
