//! The sheet that goes with a delivered file: what it is, what it measures, what it was held to.

use crate::codec::Outcome;
use crate::deliver::Tags;
use crate::master::Master;
use crate::services::{self, Track};
use crate::targets::{self, Target};
use std::fmt::Write;

/// The sheet of a master in Markdown; `name` is what the file is called in its folder.
#[must_use]
pub fn sheet(master: &Master, name: &str, tags: &Tags) -> String {
    let delivery = master.delivery();
    let target = targets::find(&delivery.target).ok();
    let title = target.as_ref().map_or(delivery.target.as_str(), |target| target.title.as_str());
    let mut text = format!("# {name}: {title}\n\n");
    for (what, value) in facts(master, target.as_ref()) {
        let _ = writeln!(text, "* {what}: {value}");
    }
    let mut section = |head: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            let _ = write!(text, "\n## {head}\n\n{}\n", lines.join("\n"));
        }
    };
    section("Tags", tags.named().map(|(name, said)| format!("* {name}: {said}")).collect());
    section("Played back", target.iter().flat_map(|target| played(master, target)).collect());
    section("Codecs", master.codecs().iter().map(codec).collect());
    section(
        "To know",
        target.iter().flat_map(|t| &t.notes).map(|note| format!("* {}", note.value)).collect(),
    );
    text.push_str("\nChecksums: `md5sum -c checksums.md5`, `b3sum -c checksums.b3`\n");
    text
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
        ("audio, BLAKE3", written.audio_blake3.clone()),
    ]
}

fn played(master: &Master, target: &Target) -> Vec<String> {
    let Some(track) = Track::of(&master.written().measured) else { return Vec::new() };
    let line = |play: services::Play| {
        let mode = if play.mode.is_empty() { "as usual".to_owned() } else { play.mode.clone() };
        format!("* {mode}: {:.1} LUFS, {} ({})", play.loudness_lufs, play.words(), play.tier.name())
    };
    services::play(target, track).into_iter().map(line).collect()
}

/// One line about a codec.
pub fn codec(outcome: &Outcome) -> String {
    match outcome {
        Outcome::NotChecked { codec, why } => format!("* {codec}: not checked: {why}"),
        Outcome::Checked(checked) => format!(
            "* {}: decodes to {:+.2} dBTP, {} overs ({}, {:.0} kbit/s)",
            checked.codec,
            checked.true_peak_dbtp,
            checked.total_overs(),
            checked.encoder,
            checked.kbps
        ),
    }
}
