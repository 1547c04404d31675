//! A target as a page to read.

use super::{AlbumReference, Fact, Mode, Target, TurnsUp, Unit};
use std::fmt::Write as _;

/// The page of a target, in Markdown: every number with its source, how sure it is and when it was read.
#[must_use]
pub fn render_page(target: &Target) -> String {
    let mut page = format!("# {}\n\n{}\n", target.title, target.about);
    page.push_str("\n| what | value | how sure | source | read |\n|---|---|---|---|---|\n");
    for (what, value, told) in rows(target) {
        let _ = writeln!(
            page,
            "| {what} | {value} | {} | {} | {} |",
            told.tier.name(),
            cell(&told.source),
            told.date
        );
    }
    if !target.notes.is_empty() {
        page.push('\n');
    }
    for note in &target.notes {
        let _ = writeln!(page, "* {} ({}: {}, {})", note.value, note.tier.name(), note.source, note.date);
    }
    page
}

/// What a fact rests on, whatever its value.
struct Told {
    source: String,
    date: String,
    tier: super::Tier,
}

fn rows(target: &Target) -> Vec<(&'static str, String, Told)> {
    let mut rows = Vec::new();
    let mut say =
        |what, fact: Option<(String, Told)>| rows.extend(fact.map(|(value, told)| (what, value, told)));
    say("loudness", number(target.loudness_lufs.as_ref(), "LUFS"));
    say(
        "tolerance",
        number(target.tolerance_lu.as_ref(), "LU").map(|(value, told)| (format!("± {value}"), told)),
    );
    say("true-peak ceiling", number(Some(&target.ceiling_dbtp), "dBTP"));
    say("ceiling of loud masters", louder(target));
    say(
        "sample rates",
        row(&target.sample_rates_hz, |rates| rates.iter().map(khz).collect::<Vec<_>>().join(", ") + " kHz"),
    );
    say(
        "rate of the source",
        row(&target.keeps_source_rate, |keeps| {
            if *keeps { "kept where it is taken" } else { "converted" }.into()
        }),
    );
    say("bits", row(&target.bits, u16::to_string));
    say("container", row(&target.container, |name| name.to_uppercase()));
    say("dither", row(&target.dither, |dither| format!("`{}`", dither.name())));
    say("played at", number(target.playback_lufs.as_ref(), "LUFS"));
    say("quiet music", target.turns_up.as_ref().and_then(|fact| row(fact, turned)));
    say("turned up to", number(target.playback_peak_dbtp.as_ref(), "dBTP"));
    say("turned as one", target.playback_unit.as_ref().and_then(|fact| row(fact, one)));
    say("gain of an album", target.album_reference.as_ref().and_then(|fact| row(fact, reference)));
    for mode in &target.modes {
        say("also plays", Some(other(mode)));
    }
    for codec in &target.codecs {
        say("lossy codec", row(codec, |codec| format!("`{codec}`")));
    }
    say("ceiling after the codec", number(target.codec_ceiling_dbtp.as_ref(), "dBTP"));
    say("largest short-term loudness", number(target.max_short_term_lufs.as_ref(), "LUFS"));
    say("or largest momentary loudness", number(target.max_momentary_lufs.as_ref(), "LUFS"));
    say(
        "limiter",
        target
            .unlimited
            .as_ref()
            .and_then(|fact| row(fact, |without| if *without { "none" } else { "where needed" }.into())),
    );
    say("bass in the middle below", number(target.mono_below_hz.as_ref(), "Hz"));
    say("removed below", number(target.high_pass_hz.as_ref(), "Hz"));
    say("removed above", number(target.low_pass_hz.as_ref(), "Hz"));
    say("least peak to loudness ratio", number(target.min_plr_lu.as_ref(), "LU"));
    rows
}

fn row<T>(fact: &Fact<T>, words: impl FnOnce(&T) -> String) -> Option<(String, Told)> {
    Some((words(&fact.value), Told { source: fact.source.clone(), date: fact.date.clone(), tier: fact.tier }))
}

fn number(fact: Option<&Fact<f64>>, unit: &str) -> Option<(String, Told)> {
    row(fact?, |value| format!("{value:.1} {unit}"))
}

fn louder(target: &Target) -> Option<(String, Told)> {
    let limit = target.louder_than_lufs.as_ref()?.value;
    let (value, told) = number(target.louder_ceiling_dbtp.as_ref(), "dBTP")?;
    Some((format!("{value} above {limit:.1} LUFS"), told))
}

fn reference(reference: &AlbumReference) -> String {
    match reference {
        AlbumReference::LoudestTrack => "from its loudest track",
        AlbumReference::Pooled => "from all tracks gated together",
    }
    .into()
}

fn other(mode: &Mode) -> (String, Told) {
    let how = match mode.playback_lufs {
        None => "as it is".to_owned(),
        Some(lufs) => format!("{lufs:.1} LUFS, {}", turned(&mode.turns_up)),
    };
    let limits = mode.limits_at_dbfs.map_or_else(String::new, |at| format!(", limiter at {at:.1} dBFS"));
    let told = Told { source: mode.source.clone(), date: mode.date.clone(), tier: mode.tier };
    (format!("{}: {how}{limits}", cell(&mode.name)), told)
}

fn khz(rate_hz: &u32) -> String {
    // At most one decimal: 44.1, 48.
    let (whole, tenth) = (rate_hz / 1000, rate_hz % 1000 / 100);
    if tenth == 0 { whole.to_string() } else { format!("{whole}.{tenth}") }
}

fn turned(turns_up: &TurnsUp) -> String {
    match turns_up {
        TurnsUp::Never => "never turned up",
        TurnsUp::ToPeak => "turned up as far as its peak allows",
        TurnsUp::Guarded => "turned up as far as its peak allows, and down where it peaks above that",
        TurnsUp::Always => "turned up, limited if need be",
        TurnsUp::Unknown => "not known whether it is turned up",
    }
    .into()
}

fn one(unit: &Unit) -> String {
    match unit {
        Unit::Track => "track",
        Unit::Album => "album",
    }
    .into()
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
