//! The sheet that goes with a delivered file: what it is, what it measures, what it was held to.

use crate::codec::Outcome;
use crate::deliver::Tags;
use crate::master::Master;
use crate::master::set::{Label, Sheets};
use crate::services::{self, Track};
use crate::sheet::{Align, Sheet, Table};
use crate::targets::{self, Target};

/// The sheet of a master; `label` is what its file is known by.
#[must_use]
pub fn sheet(master: &Master, label: &Label, tags: &Tags) -> Sheet {
    let delivery = master.delivery();
    let target = targets::find(&delivery.target).ok();
    let title = target.as_ref().map_or(delivery.target.as_str(), |target| target.title.as_str());
    let mut sheet = Sheet::new(format!("{}: {title}", label.name));
    for (what, value) in facts(master, target.as_ref()) {
        sheet.pair(what, value);
    }
    section(
        &mut sheet,
        "Tags",
        tags.named().map(|(name, said)| (name.to_owned(), said.to_owned())).collect(),
    );
    section(&mut sheet, "Played back", target.iter().flat_map(|target| played(master, target)).collect());
    codecs(&mut sheet, master.codecs());
    if let Some(target) = target.as_ref().filter(|target| !target.notes.is_empty()) {
        sheet.heading("To know");
        target.notes.iter().for_each(|note| sheet.paragraph(note.value.clone()));
    }
    let sums = [("bytes", master.written().bytes.to_string()), ("MD5", label.md5.clone())];
    let sums = sums.into_iter().chain([
        ("BLAKE3", label.blake3.clone()),
        ("BLAKE3 of the audio", master.written().audio_blake3.clone()),
        ("checked by", "md5sum -c checksums.md5, b3sum -c checksums.b3".to_owned()),
    ]);
    section(&mut sheet, "Checksums", sums.map(|(name, sum)| (name.to_owned(), sum)).collect());
    sheet
}

/// The same sheet as Markdown and as PDF, as a set holds them.
#[must_use]
pub fn sheets(master: &Master, label: &Label, tags: &Tags) -> Sheets {
    let sheet = sheet(master, label, tags);
    vec![("delivery.md", sheet.markdown().into_bytes()), ("delivery.pdf", sheet.pdf())]
}

fn section(sheet: &mut Sheet, head: &str, pairs: Vec<(String, String)>) {
    if !pairs.is_empty() {
        sheet.heading(head);
        pairs.into_iter().for_each(|(name, value)| sheet.pair(name, value));
    }
}

fn facts(master: &Master, target: Option<&Target>) -> Vec<(&'static str, String)> {
    let (written, output) = (master.written(), &master.delivery().output);
    let measured = &written.measured;
    let level =
        |value: Option<f64>, unit: &str| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.1} {unit}"));
    let bits = measured.bits_stored.map_or_else(String::new, |bits| format!(", {bits} bit"));
    let minutes = (measured.duration_seconds / 60.0).floor();
    let asked =
        target.and_then(|t| t.loudness_lufs.as_ref()).map(|fact| format!(" (asked: {:.1})", fact.value));
    vec![
        (
            "file",
            format!(
                "{}{bits}, {} Hz, {} channels",
                measured.container, measured.sample_rate_hz, measured.channels
            ),
        ),
        (
            "length",
            format!(
                "{minutes:.0}:{:06.3} ({} frames)",
                measured.duration_seconds - 60.0 * minutes,
                written.frames
            ),
        ),
        ("loudness", level(measured.integrated_lufs, "LUFS") + &asked.unwrap_or_default()),
        ("loudness range", level(measured.loudness_range_lu, "LU")),
        (
            "true peak",
            format!("{:.2} dBTP (ceiling {:.2})", measured.true_peak_worst_dbtp(), output.ceiling_dbtp),
        ),
        ("largest short-term", level(measured.max_short_term_lufs, "LUFS")),
        ("peak to loudness", level(measured.plr_lu, "LU")),
        ("limiter", format!("{:.1} dB at most", master.reduction_db())),
        ("dither", output.dither.kernel().name().to_owned()),
    ]
}

fn played(master: &Master, target: &Target) -> Vec<(String, String)> {
    let Some(track) = Track::of(&master.written().measured) else { return Vec::new() };
    let line = |play: services::Play| {
        let mode = if play.mode.is_empty() { "as usual".to_owned() } else { play.mode.clone() };
        (mode, format!("{:.1} LUFS, {} ({})", play.loudness_lufs, play.words(), play.tier.name()))
    };
    services::play(target, track).into_iter().map(line).collect()
}

fn codecs(sheet: &mut Sheet, outcomes: &[Outcome]) {
    if outcomes.is_empty() {
        return;
    }
    sheet.heading("Codecs");
    let mut table = Table::new([
        ("Codec", Align::Left),
        ("Decodes to", Align::Right),
        ("Overs", Align::Right),
        ("Bit rate", Align::Right),
        ("Encoder", Align::Left),
    ]);
    for outcome in outcomes {
        match outcome {
            Outcome::NotChecked { codec, why } => {
                table.row([
                    codec.to_string(),
                    "not checked".into(),
                    String::new(),
                    String::new(),
                    why.clone(),
                ]);
            }
            Outcome::Checked(checked) => table.row([
                checked.codec.to_string(),
                format!("{:+.2} dBTP", checked.true_peak_dbtp),
                checked.total_overs().to_string(),
                format!("{:.0} kbit/s", checked.kbps),
                checked.encoder.to_owned(),
            ]),
        }
    }
    sheet.table(table);
}

/// One line about a codec.
pub fn codec(outcome: &Outcome) -> String {
    match outcome {
        Outcome::NotChecked { codec, why } => format!("{codec}: not checked: {why}"),
        Outcome::Checked(checked) => format!(
            "{}: decodes to {:+.2} dBTP, {} overs ({}, {:.0} kbit/s)",
            checked.codec,
            checked.true_peak_dbtp,
            checked.total_overs(),
            checked.encoder,
            checked.kbps
        ),
    }
}
