//! Words that are shown to a musician: ordinary English, or explained in the glossary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use advice::assess::PLAIN;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const GLOSSARY: &str = include_str!("../../../GLOSSARY.md");
/// Ordinary words that occur. A new word goes here when everybody knows it, and into the glossary when not.
const ORDINARY: &str = include_str!("ordinary.txt");
/// Where sentences for people stand: what `compare`, `assess`, `translate`, `diff` and `quote` say, and every part of the report pages. New
/// files of these rooms are read without being named here.
const SENTENCES: [&str; 12] = [
    "src/compare",
    "src/translate",
    "src/history",
    "src/quote.rs",
    "src/assess/mod.rs",
    "src/assess/plan.rs",
    "src/assess/text.rs",
    "src/assess/destination.rs",
    "../page/src",
    "../cli/src/command/assess.rs",
    "../cli/src/command/compare.rs",
    "../cli/src/command/diff.rs",
];

/// Every source at a place or below it, tests left out.
fn sources(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        let name = place.file_name().unwrap().to_string_lossy();
        return if name.ends_with(".rs") && !name.contains("tests") {
            vec![place.to_owned()]
        } else {
            Vec::new()
        };
    }
    let mut inside: Vec<PathBuf> =
        std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).collect();
    inside.sort();
    inside.iter().flat_map(|path| sources(path)).collect()
}

/// Literals of a source that are sentences: outside comments and tests, place holders taken out.
fn literals(source: &str) -> Vec<String> {
    let code: String = source
        .split("#[cfg(test)]")
        .next()
        .unwrap()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let mut out = Vec::new();
    let mut letters = code.chars();
    let mut literal: Option<String> = None;
    while let Some(letter) = letters.next() {
        match (letter, &mut literal) {
            // A character, not the beginning of a text.
            ('\'', None) => {
                let mut ahead = letters.clone();
                let first = ahead.next();
                let is_quote =
                    first == Some('"') || (first == Some('\\') && ahead.clone().next() == Some('"'));
                if is_quote {
                    letters.nth(if first == Some('"') { 1 } else { 2 });
                }
            }
            ('\\', Some(text)) => match letters.next() {
                Some('\n') => text.push(' '),
                other => text.extend(other.filter(|letter| *letter != 'n')),
            },
            ('"', None) => literal = Some(String::new()),
            ('"', Some(_)) => out.extend(literal.take()),
            (letter, Some(text)) => text.push(letter),
            _ => {}
        }
    }
    out.into_iter().map(|text| without_holders(&text)).filter(|text| is_sentence(text)).collect()
}

fn without_holders(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(open) = text.find('{') {
        let Some(close) = text[open..].find('}') else { break };
        text.replace_range(open..=open + close, " ");
    }
    text
}

/// Three words and more, and nothing of a markup or a style sheet.
fn is_sentence(text: &str) -> bool {
    text.trim().contains(' ')
        && !text.contains(['<', '=', '#'])
        && !text.contains("'none'")
        && words(text).count() >= 3
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    // Commands and file names between grave accents are no words.
    let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let plain = plain.split("tonmeister ").next().unwrap_or_default().to_owned();
    let cut: Vec<String> = plain
        .split(|c: char| !(c.is_alphabetic() || c == '-' || c == '\''))
        .map(|word| word.trim_matches(['-', '\'']).to_lowercase())
        .filter(|word| word.chars().count() > 1)
        .collect();
    cut.into_iter()
}

/// Words and simple forms of words that the first column of the glossary explains.
fn explained() -> BTreeSet<String> {
    let rows = GLOSSARY.lines().filter_map(|line| line.strip_prefix("| ")?.split('|').next());
    rows.flat_map(|cell| words(cell).collect::<Vec<_>>()).collect()
}

fn is_known(word: &str, known: &BTreeSet<String>) -> bool {
    // Plurals and parts of compounds.
    let forms =
        [word.to_owned(), word.trim_end_matches('s').to_owned(), word.trim_end_matches("es").to_owned()];
    forms.iter().any(|form| known.contains(form))
        || (word.contains('-') && word.split('-').all(|part| part.is_empty() || is_known(part, known)))
}

#[test]
fn no_word_is_shown_that_is_neither_ordinary_nor_in_the_glossary() {
    let mut known = explained();
    known.extend(ORDINARY.split_whitespace().map(str::to_lowercase));
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    let mut look = |text: &str| unknown.extend(words(text).filter(|word| !is_known(word, &known)));
    for plain in PLAIN {
        look(plain.says);
        look(plain.action);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sentences = 0;
    for path in SENTENCES.iter().flat_map(|place| sources(&root.join(place))) {
        for text in literals(&std::fs::read_to_string(&path).unwrap()) {
            look(&text);
            sentences += 1;
        }
    }
    // That the net catches: there are hundreds of them.
    assert!(sentences > 300, "{sentences}");
    let list: Vec<&str> = unknown.iter().map(String::as_str).collect();
    assert!(list.is_empty(), "explain in GLOSSARY.md, or say otherwise: {}", list.join(" "));
}

#[test]
fn sentences_are_found_in_a_source_and_nothing_else() {
    let source = "// \"not this one at all\"\nlet a = \"one {x} two three\"; let b = '\"'; let c = \"a \\\"b\\\" four words \\\n  here\";\n\
                  let d = \"<p class=x> in markup here\"; let e = \"two words\";\n#[cfg(test)]\nlet f = \"in a test it stands\";";
    let found = literals(source);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("one") && found[1].contains("\"b\" four"), "{found:?}");
}

#[test]
fn the_list_of_ordinary_words_holds_no_word_of_the_trade() {
    let trade = [
        "lufs",
        "dbfs",
        "dbtp",
        "plr",
        "psr",
        "polarity",
        "dither",
        "codec",
        "limiter",
        "saturation",
        "null",
        "residual",
        "downmix",
        "mono",
        "stem",
        "stems",
        "presence",
        "sub-bass",
        "transient",
        "hz",
        "khz",
        "high-pass",
        "bus",
        "clipping",
        "headroom",
        "compressor",
        "checksum",
        "histogram",
        "lossless",
        "phase",
        "waveform",
    ];
    let ordinary: BTreeSet<&str> = ORDINARY.split_whitespace().collect();
    assert!(trade.iter().all(|word| !ordinary.contains(word)));
    let explained = explained();
    for word in trade.iter().filter(|word| !matches!(**word, "transient" | "stems")) {
        assert!(explained.contains(*word), "{word}");
    }
}

#[test]
fn every_rule_has_an_action_that_begins_with_a_verb_and_one_entry() {
    let mut seen = BTreeSet::new();
    // First words of the actions there are: all of them commands.
    let verbs = [
        "Bring", "Check", "Cut", "Export", "Find", "Go", "Listen", "Look", "Make", "Master", "Mute", "Put",
        "Release", "Say", "Send", "Start", "Take", "Trim", "Turn",
    ];
    for plain in PLAIN {
        assert!(seen.insert(plain.rule), "{} twice", plain.rule);
        assert!(plain.says.ends_with('.') && plain.action.ends_with('.'), "{}", plain.rule);
        let first = plain.action.split_whitespace().next().unwrap();
        assert!(verbs.contains(&first), "{}: `{first}`", plain.rule);
    }
}
