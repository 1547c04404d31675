//! The PQ sheet: what a plant reads beside a master.

use super::check::RedBook;
use super::sectors::Sectors;
use super::text::{Block, Field};
use super::tracks::{Copying, Disc, Flags, Track};
use crate::sheet::{Align, Sheet, Table};

/// The PQ sheet of a disc. Times are those of the disc, as DDP has them: the pregap of track 1 begins at 00:00:00.
#[must_use]
pub fn sheet(disc: &RedBook) -> Sheet {
    let mut sheet = of(disc.disc());
    let findings = disc.findings();
    if !findings.is_empty() {
        sheet.heading("Remarks");
        for finding in findings {
            let about = if finding.about.is_empty() { String::new() } else { format!("{}: ", finding.about) };
            sheet.paragraph(format!("{about}{} [{}]", finding.measured, finding.rule));
        }
    }
    sheet
}

/// The PQ sheet of a disc that may break rules: of a fileset of others.
#[must_use]
pub fn of(disc: &Disc) -> Sheet {
    let block = disc.text.first();
    let text = |track: usize, field: Field| block.map_or("", |block| block.get(track, field)).to_owned();
    let mut sheet = Sheet::new("PQ sheet");
    sheet.pair("Title", text(0, Field::Title));
    sheet.pair("Performer", text(0, Field::Performer));
    sheet.pair("Master ID", disc.master_id.clone());
    sheet.pair("UPC/EAN", disc.ean.as_ref().map_or("none", |ean| ean.as_str()));
    sheet.pair("Tracks", disc.tracks.len().to_string());
    sheet.pair("Programme", format!("{} (MM:SS:FF, 75 frames a second)", disc.programme()));
    sheet.pair("Lead-out", disc.end.to_string());
    let languages: Vec<&str> = disc.text.iter().map(|block| block.language.name()).collect();
    sheet.pair("CD-TEXT", if languages.is_empty() { "none".to_owned() } else { languages.join(", ") });
    if let Some(hidden) = disc.hidden() {
        sheet.pair("Before track 1", format!("{hidden} hidden"));
    }
    sheet.heading("Tracks");
    sheet.table(table(disc, block));
    sheet.heading("All marks");
    sheet.table(marks(disc));
    sheet
}

fn table(disc: &Disc, block: Option<&Block>) -> Table {
    // The same name on every line says nothing that the head does not.
    let other = |block: &Block| {
        (1..=disc.tracks.len()).any(|n| block.get(n, Field::Performer) != block.get(0, Field::Performer))
    };
    let performers = block.is_some_and(other);
    let mut columns = vec![("Track", Align::Right), ("Title", Align::Left)];
    columns.extend(performers.then_some(("Performer", Align::Left)));
    let rest = ["Pause", "Start", "Length"].map(|name| (name, Align::Right));
    columns.extend(rest);
    columns.extend(["ISRC", "Flags"].map(|name| (name, Align::Left)));
    let mut table = Table::new(columns);
    for (at, track) in disc.tracks.iter().enumerate() {
        let number = at + 1;
        let text = |field| block.map_or("", |block| block.get(number, field)).to_owned();
        let mut row = vec![format!("{number:02}"), text(Field::Title)];
        row.extend(performers.then(|| text(Field::Performer)));
        let pause = track.pregap.map_or(Sectors::ZERO, |pregap| track.start.minus(pregap));
        row.extend(
            [pause, track.start, disc.track_length(number).unwrap_or_default()].map(|time| time.to_string()),
        );
        row.push(track.isrc.as_ref().map_or_else(String::new, super::Isrc::dashed));
        row.push(flags(track.flags));
        table.row(row);
    }
    table
}

fn marks(disc: &Disc) -> Table {
    let names = ["Track", "Index", "Time", "From track start", "Sector"].map(|name| (name, Align::Right));
    let mut table = Table::new(names);
    for (at, track) in disc.tracks.iter().enumerate() {
        for (index, place) in track.marks() {
            let row = [
                format!("{:02}", at + 1),
                format!("{index:02}"),
                place.to_string(),
                relative(track, place),
                place.get().to_string(),
            ];
            table.row(row);
        }
    }
    table.row([
        "AA".to_owned(),
        "01".to_owned(),
        disc.end.to_string(),
        String::new(),
        disc.end.get().to_string(),
    ]);
    table
}

/// Time from index 01; a player counts down through the pause before it.
fn relative(track: &Track, place: Sectors) -> String {
    if place < track.start {
        format!("-{}", track.start.minus(place))
    } else {
        place.minus(track.start).to_string()
    }
}

/// Flags in words.
#[must_use]
pub fn flags(flags: Flags) -> String {
    let words = [
        (flags.pre_emphasis, "pre-emphasis"),
        (flags.copying == Copying::Permitted, "copying permitted"),
        (flags.copying == Copying::Scms, "SCMS"),
        (flags.four_channel, "four channels"),
    ];
    words.iter().filter(|(set, _)| *set).map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_tells_every_mark_and_code() {
        let mut disc = crate::disc::ddp::tests::example();
        disc.tracks[1].flags.copying = Copying::Scms;
        let red_book = RedBook::new(disc).unwrap();
        let text = sheet(&red_book).text();
        let lines: Vec<String> =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for line in [
            "Title Disc",
            "UPC/EAN 0123456789012",
            "Programme 00:20:00 (MM:SS:FF, 75 frames a second)",
            "Lead-out 00:22:00",
            "CD-TEXT English",
            // Track 1: pause, start, length to the start of track 2.
            "01 One 00:02:00 00:02:00 00:10:00 US-ABC-12-34567",
            "02 Two 00:02:00 00:12:00 00:10:00 SCMS",
            "01 00 00:00:00 -00:02:00 0",
            "02 00 00:10:00 -00:02:00 750",
            "02 01 00:12:00 00:00:00 900",
            "AA 01 00:22:00 1650",
        ] {
            assert!(lines.iter().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.contains("[no_master_id]") && text.contains("tracks 02: no ISRC"), "{text}");
    }
}
