//! How the songs of an album stand together, before and after.

use crate::album::family::{TOLERANCE_DB, largest_db};
use crate::album::{Outcome, Prepared, Release, Set, Toned};
use crate::message::{Finding, clean_name};
use serde_json::{Value, json};
use std::fmt::Write;

/// Widest title in a table.
const TITLE: usize = 26;

fn title(text: &str) -> String {
    let clean = clean_name(text);
    let mut short: String = clean.chars().take(TITLE).collect();
    if clean.chars().nth(TITLE).is_some() {
        short.pop();
        short.push('…');
    }
    let pad = TITLE.saturating_sub(short.chars().count());
    short + &" ".repeat(pad)
}

fn number(value: Option<f64>, digits: usize) -> String {
    value
        .filter(|value| value.is_finite())
        .map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
}

fn signed(value: f64) -> String {
    format!("{value:+.1}")
}

/// The songs as they were printed, and what is planned for them.
#[must_use]
pub fn before(prepared: &Prepared) -> String {
    let mut text = format!(
        "{}\n    {}   STL95   re all  =peaks     PLR   tone |    gap    plan  chain\n",
        clean_name(&prepared.album.head.title),
        title("as printed")
    );
    for (index, (song, heard)) in prepared.album.songs.iter().zip(&prepared.heard).enumerate() {
        let passage = prepared.passage_of(index);
        let difference = passage.and_then(|own| prepared.differences.get(own));
        let measured = heard.premaster.measurements();
        let tone = largest_db(&prepared.family.distance_db(&heard.portrait));
        let goes_on =
            passage.and_then(|own| prepared.passages.get(own)).is_some_and(|own| own.lead() != index);
        let gap = match (index, song.controls.crossfade_seconds) {
            (0, _) => "–".to_owned(),
            _ if goes_on => "goes on".to_owned(),
            (_, crossfade) if crossfade > 0.0 => format!("×{crossfade:.1} s"),
            _ => format!("{:.2} s", song.controls.gap_seconds),
        };
        let steps = song.steps.iter().flatten().filter(|step| step.on);
        let chain: Vec<&str> = steps.map(|step| step.settings.description().key).collect();
        let _ = writeln!(
            text,
            "{:>3} {}  {:>6}   {:>6}  {:>6}  {:>6}  {:>5} | {:>7}  {:>5}  {}",
            index + 1,
            title(&song.title),
            number(Some(heard.print.stl95_lufs), 1),
            difference.map_or_else(|| "–".to_owned(), |own| signed(own.printed_lu)),
            difference.map_or_else(|| "–".to_owned(), |own| signed(own.equal_peaks_lu)),
            number(measured.plr_lu, 1),
            number(Some(tone), 1),
            gap,
            passage
                .and_then(|own| prepared.plan_lu.get(own))
                .map_or_else(|| "–".to_owned(), |plan| signed(*plan)),
            if chain.is_empty() { "–".to_owned() } else { chain.join(", ") },
        );
    }
    text
}

/// The songs as they came out for a destination.
#[must_use]
pub fn after(prepared: &Prepared, set: &Set) -> String {
    let mut text = format!(
        "\n{}: {} at {} Hz; {}; limiter {:.1} dB at most\n    {}    gain   STL95  off plan    LUFS    dBTP     PLR   tone\n",
        set.target,
        clock(set.seconds),
        set.sample_rate_hz,
        set.levels.because,
        set.reduction_db,
        title("as delivered")
    );
    for song in &set.songs {
        let _ = writeln!(
            text,
            "{:>3} {}  {:>6}  {:>6}  {:>8}  {:>6}  {:>6}  {:>6}  {:>5}",
            song.song + 1,
            title(&song.title),
            signed(song.gain_db),
            number(Some(song.stl95_lufs), 1),
            format!("{:+.2}", song.off_plan_lu()),
            number(song.integrated_lufs, 1),
            number(Some(song.true_peak_dbtp), 2),
            number(song.plr_lu(), 1),
            number(Some(song.tone_off_db), 1),
        );
    }
    sum(prepared, set, &mut text);
    sides(set, &mut text);
    text
}

/// What the songs came to together, and how services play them.
fn sum(prepared: &Prepared, set: &Set, text: &mut String) {
    let far = set.songs.iter().map(|song| song.off_plan_lu().abs()).fold(0.0, f64::max);
    let _ = writeln!(
        text,
        "    album {} LUFS (all songs gated together), loudest song {} LUFS, worst peak {:.2} dBTP (ceiling {:.2})",
        number(set.album_lufs, 1),
        number(set.loudest_lufs, 1),
        set.true_peak_dbtp,
        set.levels.ceiling_dbtp
    );
    let _ = writeln!(text, "    within {far:.2} LU of the plan; {}", tones(prepared, set));
    for play in &set.plays {
        let gains: Vec<f64> = play.tracks.iter().map(|track| track.gain_db).collect();
        let (low, high) = gains
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), gain| (low.min(*gain), high.max(*gain)));
        let mode = if play.mode.is_empty() { String::new() } else { format!(" ({})", play.mode) };
        let _ = match play.reference_lufs {
            Some(reference) => writeln!(
                text,
                "    {}{mode} plays the album as one: {high:+.1} dB, reckoned from {reference:.1} LUFS",
                play.title
            ),
            None => writeln!(
                text,
                "    {}{mode} plays every song by itself: {low:+.1} to {high:+.1} dB",
                play.title
            ),
        };
    }
}

/// How many songs are of the record's tone, and what the others are.
fn tones(prepared: &Prepared, set: &Set) -> String {
    let toned =
        |song: &&Outcome| prepared.passage_of(song.song).and_then(|own| prepared.tones.get(own)).copied();
    let count = |of: Toned| set.songs.iter().filter(|song| toned(song) == Some(of)).count();
    let within = set.songs.iter().filter(|song| song.tone_off_db <= TOLERANCE_DB).count();
    let mut words = format!(
        "{within} of {} songs within {TOLERANCE_DB} dB per third of an octave of the record's tone",
        set.songs.len()
    );
    for (of, what) in [
        (Toned::Nearer, "brought nearer as far as it may be"),
        (Toned::Stranger, "of another kind, left as it is"),
        (Toned::Own, "as the text has it"),
    ] {
        let songs = count(of);
        if songs > 0 {
            let _ = write!(words, "; {songs} {what}");
        }
    }
    words
}

/// Sides on the model of the lathe.
fn sides(set: &Set, text: &mut String) {
    let Some(cut) = &set.cut else { return };
    for side in &cut.sides {
        let custom = side.custom_db.map_or_else(|| "not offered".to_owned(), |db| format!("{db:+.1} dB"));
        let songs = cut.songs.get(side.songs.clone()).unwrap_or_default();
        let names: Vec<String> = songs.iter().map(|song| clean_name(&song.title)).collect();
        let _ = writeln!(
            text,
            "    side {}: {}, cut at {:+.1} dB ({custom} by custom, {:+.1} dB by the model), {:.0} lines an inch: {}",
            side.letter,
            clock(side.seconds),
            side.cut.level_db,
            side.highest_db,
            side.cut.lines_per_inch(),
            names.join(", ")
        );
    }
    for held in &cut.held {
        let _ = writeln!(text, "    {}: {}", clean_name(&held.title), held.because);
    }
}

fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

/// The whole release for a terminal.
#[must_use]
pub fn text(prepared: &Prepared, release: &Release) -> String {
    let sets: String = release.sets.iter().map(|set| after(prepared, set)).collect();
    let places = release
        .sets
        .iter()
        .map(|set| format!("out {} ({} files)\n", clean_name(set.folder.display()), set.files.len()));
    format!("{}{sets}\n{}", before(prepared), places.collect::<String>())
}

/// The same for programs.
#[must_use]
pub fn json(prepared: &Prepared, release: Option<&Release>) -> Value {
    let songs = prepared.album.songs.iter().zip(&prepared.heard).enumerate().map(|(index, (song, heard))| {
        let passage = prepared.passage_of(index);
        let distance = prepared.family.distance_db(&heard.portrait);
        json!({
            "id": song.id,
            "title": song.title,
            "file": song.file,
            "piece": passage,
            "gap_seconds": song.controls.gap_seconds,
            "crossfade_seconds": song.controls.crossfade_seconds,
            "printed": heard.print,
            "integrated_lufs": heard.premaster.measurements().integrated_lufs,
            "difference": passage.and_then(|own| prepared.differences.get(own)),
            "plan_lu": passage.and_then(|own| prepared.plan_lu.get(own)),
            "edges": heard.edges,
            "tone_db": distance,
            "toned": passage.and_then(|own| prepared.tones.get(own)),
            "tone_off_db": largest_db(&distance),
            "spectrum_db": heard.portrait.level_db,
        })
    });
    let sets = release.map_or(&[][..], |release| &release.sets);
    let own: Vec<&Finding> =
        prepared.findings.iter().chain(release.iter().flat_map(|release| &release.findings)).collect();
    json!({
        "title": prepared.album.head.title,
        "songs": songs.collect::<Vec<Value>>(),
        "family_db": prepared.family.level_db,
        "sets": sets,
        "off_plan_lu": sets.iter().map(|set| set.songs.iter().map(Outcome::off_plan_lu).collect::<Vec<f64>>()).collect::<Vec<_>>(),
        "findings": own,
    })
}
