//! The arrows of the house: which room may import which. An edge that is not listed here is an error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// What every room of `studio` may import.
const PLAIN: &[&str] = &["message", "job", "files", "pipe", "suggest"];

/// Rooms of `studio` in the order of the path, and what each may import besides [`PLAIN`].
const STUDIO: &[(&str, &[&str])] = &[
    ("message", &[]),
    ("job", &[]),
    ("files", &[]),
    ("suggest", &[]),
    ("audio", &[]),
    ("pipe", &["audio"]),
    ("decode", &["audio"]),
    ("meters", &["audio"]),
    ("session", &["audio"]),
    ("engine", &["audio", "decode", "session"]),
    ("targets", &[]),
    ("services", &["meters", "targets"]),
    ("codec", &["audio", "decode", "files", "meters", "targets"]),
    ("handover", &["audio", "decode", "meters"]),
    ("deliver", &["audio", "decode", "files", "meters", "targets"]),
    ("sheet", &[]),
    ("difference", &["audio", "decode", "deliver", "meters"]),
    ("streams", &["audio", "codec", "decode", "deliver", "targets"]),
    ("disc", &["audio", "decode", "deliver", "sheet"]),
    ("mix", &["audio", "decode", "meters", "session", "engine", "deliver"]),
    ("master", &["audio", "decode", "meters", "session", "handover", "targets", "deliver", "codec"]),
    ("vinyl", &["audio", "decode", "meters"]),
    (
        "album",
        &[
            "audio", "decode", "meters", "session", "handover", "targets", "services", "deliver", "disc",
            "master", "sheet", "vinyl",
        ],
    ),
    (
        "report",
        &[
            "audio", "meters", "session", "engine", "mix", "handover", "targets", "services", "master",
            "vinyl", "album", "codec", "deliver", "sheet",
        ],
    ),
    ("demo", &["audio", "session", "deliver"]),
];

/// Crates and what each may import of ours.
const CRATES: &[(&str, &[&str])] = &[
    ("dsp", &[]),
    ("fx", &["dsp"]),
    ("studio", &["dsp", "fx"]),
    ("assistant", &["dsp", "fx", "studio"]),
    ("advice", &["dsp", "studio", "assistant"]),
    ("page", &["dsp", "fx", "studio", "advice"]),
    ("cli", &["studio", "assistant", "advice", "page"]),
    ("testkit", &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// `tests.rs` and `…_tests.rs`.
fn is_tests(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem == "tests" || stem.to_string_lossy().ends_with("_tests"))
}

/// Sources of a folder and those below it, files of nothing but tests left out.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "tests") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_tests(&path) {
            found.push(path);
        }
    }
}

/// Lines of code before the unit tests, comments left out, with their numbers.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).expect("source is readable");
    let lines = text
        .lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line.to_owned()));
    lines.fold(Vec::new(), join_import)
}

/// An import over several lines becomes one line, so that its list is read as a whole.
fn join_import(mut lines: Vec<(usize, String)>, (number, line): (usize, String)) -> Vec<(usize, String)> {
    match lines.last_mut() {
        Some((_, open)) if open.trim_start().starts_with("use ") && !open.contains(';') => {
            open.push_str(line.trim())
        }
        _ => lines.push((number, line)),
    }
    lines
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// First words of a list `a::X, b::{c, d}, e}`.
fn words_of_list(list: &str) -> Vec<&str> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (i, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(word(list[start..i].trim()));
                start = i + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

/// Names that stand after `prefix` in a line: of `use crate::{a::X, b}` with prefix `crate::`, a and b.
fn names_after<'a>(line: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (at, _) in line.match_indices(prefix) {
        let before = line[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || "_:$".contains(c)) {
            continue;
        }
        let rest = &line[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(list) => names.extend(words_of_list(list)),
            None => names.push(word(rest)),
        }
    }
    names
}

#[test]
fn crates_import_only_what_the_plan_allows() {
    let mut errors = Vec::new();
    for (name, allowed) in CRATES {
        let mut files = Vec::new();
        sources(&root().join("crates").join(name).join("src"), &mut files);
        assert!(!files.is_empty(), "no sources of {name}");
        for file in files {
            for (line, text) in code(&file) {
                for (other, _) in CRATES {
                    // `fx::run` in a module list of the crate's own is no import: what counts are `use` and full paths.
                    let own = file.with_file_name(format!("{other}.rs")).exists();
                    let used = !own && !names_after(&text, &format!("{other}::")).is_empty();
                    if used && other != name && !allowed.contains(other) {
                        errors.push(format!("{}:{line}: {name} → {other}", file.display()));
                    }
                }
            }
        }
    }
    assert!(errors.is_empty(), "edges that are not on the plan:\n{}", errors.join("\n"));
}

#[test]
fn rooms_import_only_what_the_plan_allows() {
    let mut errors = Vec::new();
    let studio = root().join("crates/studio/src");
    for (room, allowed) in STUDIO {
        let mut files = Vec::new();
        sources(&studio.join(room), &mut files);
        let single = studio.join(format!("{room}.rs"));
        files.extend(single.exists().then_some(single));
        assert!(!files.is_empty(), "room {room} is gone: take it off the plan");
        for file in files {
            for (line, text) in code(&file) {
                for other in names_after(&text, "crate::") {
                    let known = STUDIO.iter().any(|(name, _)| *name == other);
                    if known && other != *room && !allowed.contains(&other) && !PLAIN.contains(&other) {
                        errors.push(format!("{}:{line}: studio::{room} → studio::{other}", file.display()));
                    }
                }
            }
        }
    }
    assert!(errors.is_empty(), "edges that are not on the plan:\n{}", errors.join("\n"));
}

#[test]
fn every_room_of_the_studio_is_on_the_plan() {
    let lib = fs::read_to_string(root().join("crates/studio/src/lib.rs")).expect("lib.rs");
    for line in lib.lines() {
        if let Some(room) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) {
            assert!(STUDIO.iter().any(|(name, _)| *name == room), "studio::{room} is not on the plan");
        }
    }
}

#[test]
fn the_reader_of_imports_reads_lists() {
    assert_eq!(
        names_after("use crate::{audio::{A, B}, session, mix::C};", "crate::"),
        ["audio", "session", "mix"]
    );
    assert_eq!(names_after("let x = crate::decode::open(p);", "crate::"), ["decode"]);
    let lines = ["use crate::{", "    audio,", "    mix::C,", "};", "fn f() {}"].map(str::to_owned);
    let joined = lines.into_iter().enumerate().fold(Vec::new(), join_import);
    assert_eq!(joined.len(), 2);
    assert_eq!(names_after(&joined[0].1, "crate::"), ["audio", "mix", ""]);
    assert_eq!(names_after("use fx::Kernel;", "dsp::"), Vec::<&str>::new());
}

#[test]
fn files_fit_their_rooms() {
    let mut files = Vec::new();
    for (name, _) in CRATES {
        sources(&root().join("crates").join(name).join("src"), &mut files);
    }
    let big: Vec<_> = files
        .iter()
        .filter_map(|file| {
            let lines = code(file).last().map_or(0, |(number, _)| *number);
            (lines > 600).then(|| format!("{} has {lines} lines before its tests: split it", file.display()))
        })
        .collect();
    assert!(big.is_empty(), "{}", big.join("\n"));
}
