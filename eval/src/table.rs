//! Results as one table.

use crate::run::{Bar, SongResult};
use std::fmt::Write as _;
use studio::mix::Group;

/// Head of the table.
pub const HEAD: &str = "song                       tr   LUFS    vox  drums   bass   bgv*   perc     P   S/M    imb  mono   aud  dist  roles  group  align";

/// A line for a song.
#[must_use]
pub fn line(song: &SongResult) -> String {
    let metrics = &song.metrics;
    if !song.failed.is_empty() {
        return format!("{:26} {:2}  failed: {}", song.id, song.tracks, song.failed.join("; "));
    }
    let number = |value: Option<f64>, digits: usize, width: usize| {
        value.map_or(format!("{:>width$}", "-"), |value| format!("{value:>width$.digits$}"))
    };
    let lu = |group: Group| number(metrics.group(group), 1, 6);
    let backing = metrics.group(Group::Backing).zip(metrics.group(Group::Vocals)).map(|(b, v)| b - v);
    let share =
        |part: usize, of: usize| if of == 0 { "    -".to_owned() } else { format!("{part:>2}/{of:<2}") };
    let nameless = song.nameless.as_ref().map_or("    -".to_owned(), |roles| share(roles.group, roles.total));
    let mut text = format!(
        "{:26} {:2} {:6.1} {} {} {} {} {} {} {:5.2} {} {:5.2} {:5.2} {:5.2}  {}  {}  {}",
        song.id,
        song.tracks,
        metrics.lufs,
        lu(Group::Vocals),
        lu(Group::Drums),
        lu(Group::Bass),
        number(backing, 1, 6),
        lu(Group::Percussion),
        number(metrics.space.map(|space| space.too_much), 2, 5),
        metrics.side_to_mid,
        number(metrics.imbalance_db, 2, 6),
        metrics.worst_group_mono_loss_lu,
        metrics.audibility,
        song.distance,
        share(song.roles.role, song.roles.total),
        nameless,
        share(song.aligned.right, song.aligned.decided),
    );
    for repair in &song.repairs {
        let word = if repair.found && repair.repaired { "repaired" } else { "NOT repaired" };
        // Writing to a String cannot fail.
        let _ = write!(text, "  {word}{}", if repair.in_clean { ", also in the clean twin" } else { "" });
    }
    text
}

/// Lines for the bars.
#[must_use]
pub fn bars(bars: &[Bar]) -> String {
    let mut text = String::new();
    for bar in bars {
        let share = 100.0 * bar.passed as f64 / bar.of.max(1) as f64;
        let verdict = match (bar.of, bar.reached()) {
            (0, _) => "not measured",
            (_, true) => "reached",
            _ => "MISSED",
        };
        let _ = writeln!(
            text,
            "{:38} {:4}/{:<4} {share:5.1} % of {:.0} % needed: {verdict}",
            bar.name,
            bar.passed,
            bar.of,
            100.0 * bar.needed
        );
        if !bar.reached() {
            for chunk in bar.not.iter().take(40) {
                let _ = writeln!(text, "      {chunk}");
            }
        }
    }
    text
}

/// Baselines beside the mixer: mean audibility, mean distance, and on how many songs the mixer is better.
#[must_use]
pub fn baselines(songs: &[SongResult]) -> String {
    let mut text = String::new();
    let names: std::collections::BTreeSet<&String> =
        songs.iter().flat_map(|song| song.baselines.keys()).collect();
    for name in names {
        let pairs: Vec<(&SongResult, &crate::run::Baseline)> =
            songs.iter().filter_map(|song| Some((song, song.baselines.get(name)?))).collect();
        let mean = |of: &dyn Fn(&(&SongResult, &crate::run::Baseline)) -> f64| {
            pairs.iter().map(of).sum::<f64>() / pairs.len().max(1) as f64
        };
        let wins = pairs.iter().filter(|(song, base)| song.metrics.audibility > base.audibility).count();
        let nearer = pairs.iter().filter(|(song, base)| song.distance < base.distance).count();
        let _ = writeln!(
            text,
            "{name:10} audibility {:.3} (mix {:.3}, better on {wins}/{}), distance {:.3} (mix {:.3}, nearer on {nearer}/{})",
            mean(&|(_, base)| base.audibility),
            mean(&|(song, _)| song.metrics.audibility),
            pairs.len(),
            mean(&|(_, base)| base.distance),
            mean(&|(song, _)| song.distance),
            pairs.len(),
        );
    }
    text
}
