//! The assessment as text.

use super::plan::{Need, Step};
use super::{Advice, Assessment, Item, Kind};
use std::fmt::Write;
use studio::message::{Severity, clean_name, wrap};

/// Most pieces of advice of one rule that are written out.
const MOST: usize = 4;

/// Everything that was found, for a person; lines at most `columns` wide.
#[must_use]
pub fn text(found: &Assessment, columns: usize) -> String {
    let mut out = String::new();
    for item in &found.items {
        let _ = writeln!(out, "{}", lies(item));
    }
    let _ = write!(out, "\n{}", wrap(&verdict(&found.steps), columns, ""));
    for (number, step) in found.steps.iter().enumerate() {
        out.push_str(&one_step(number + 1, step, columns));
    }
    if !found.advice.is_empty() {
        let _ = writeln!(out, "\nwhat was found");
        out.push_str(&advice(&found.advice, columns));
    }
    if !found.question.is_empty() {
        let _ = writeln!(out, "\nwhere shall it go? give --for NAME,…; what changes with it:");
        for choice in &found.question {
            let line = format!("{:<22}{}", choice.name, choice.changes);
            out.push_str(&hang(&line, columns, 2, 24));
        }
    }
    out
}

fn lies(item: &Item) -> String {
    let what = match (item.kind, item.files.len()) {
        (Kind::Song, _) => "a song in one file".to_owned(),
        (Kind::Tracks, count) => format!("{count} recorded tracks"),
        (Kind::Stems, count) => format!("{count} stems of a mix"),
        (Kind::Album, count) => format!("{count} songs"),
        (Kind::Session, _) => "a session".to_owned(),
    };
    let room = match item.room.as_slice() {
        [Some(room)] => format!("; {room}"),
        _ => String::new(),
    };
    format!("{}: {what}, {}{room}", clean_name(super::short(&item.path)), clock(item.seconds))
}

fn clock(seconds: f64) -> String {
    let whole = seconds.round().max(0.0) as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

/// The whole in a sentence.
fn verdict(steps: &[Step]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for step in steps {
        if !words.contains(&step.need.word()) {
            words.push(step.need.word());
        }
    }
    match words.as_slice() {
        [] => "nothing can be said".to_owned(),
        [only] => format!("what it needs: {only}"),
        many => format!("what it needs, in this order: {}", many.join(", then ")),
    }
}

fn one_step(number: usize, step: &Step, columns: usize) -> String {
    let time =
        step.seconds_here.map_or_else(String::new, |seconds| format!(", about {} here", duration(seconds)));
    let by = if step.need == Need::Return { ", by whoever made it" } else { "" };
    let mut out = format!("\n{number}. {} of {}{by}{time}\n", step.need.word(), clean_name(&step.about));
    if step.need == Need::Nothing {
        out = format!("\n{number}. {}: nothing to do\n", clean_name(&step.about));
    }
    for because in &step.because {
        out.push_str(&wrap(because, columns, "   "));
    }
    if !step.command.is_empty() {
        let _ = writeln!(out, "   > {}", clean_name(&step.command));
    }
    out
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 1.5 => "a second".to_owned(),
        s if s < 90.0 => format!("{s:.0} seconds"),
        s => format!("{:.0} minutes", s / 60.0),
    }
}

fn advice(all: &[Advice], columns: usize) -> String {
    let mut out = String::new();
    let mut told: Vec<&str> = Vec::new();
    for first in all {
        if told.contains(&first.rule) {
            continue;
        }
        told.push(first.rule);
        let same: Vec<&Advice> = all.iter().filter(|advice| advice.rule == first.rule).collect();
        let mark = match (first.severity, first.suspicion) {
            (_, true) => "?",
            (Severity::Blocker, _) => "!!",
            (Severity::Warning, _) => "!",
            (Severity::Info, _) => "·",
        };
        out.push_str(&hang(&format!("{mark:<3}{}", first.plain), columns, 2, 5));
        for advice in same.iter().take(MOST) {
            let at = advice.seconds.map_or_else(String::new, |seconds| format!(" at {}", clock(seconds)));
            let limit =
                if advice.limit.is_empty() { String::new() } else { format!(" (limit: {})", advice.limit) };
            let line = format!("{}: {}{at}{limit}", clean_name(&advice.about), advice.measured);
            out.push_str(&hang(&line, columns, 5, 7));
        }
        if same.len() > MOST {
            let _ = writeln!(out, "     … and {} more", same.len() - MOST);
        }
        out.push_str(&hang(&format!("→ {}", first.action), columns, 5, 7));
    }
    out
}

/// A paragraph whose first line stands further left than the others.
fn hang(text: &str, columns: usize, first: usize, rest: usize) -> String {
    // Spaces in columns of the first line are kept.
    let mut lines: Vec<String> = Vec::new();
    let mut line = " ".repeat(first);
    for (index, word) in text.split(' ').enumerate() {
        let room = line.chars().count() + 1 + word.chars().count() <= columns.max(30);
        if index > 0 && !room {
            lines.push(std::mem::replace(&mut line, " ".repeat(rest)));
            line.push_str(word);
        } else {
            if index > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.push(line);
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}
