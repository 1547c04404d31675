//! Words that are shown to a musician: ordinary English, or explained in the glossary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use advice::assess::PLAIN;
use std::collections::BTreeSet;

const GLOSSARY: &str = include_str!("../../../GLOSSARY.md");
/// Ordinary words that occur. A new word goes here when everybody knows it, and into the glossary when not.
const ORDINARY: &str = include_str!("ordinary.txt");
/// Files whose string literals are sentences for people.
const SENTENCES: [(&str, &str); 4] = [
    ("compare/words.rs", include_str!("../src/compare/words.rs")),
    ("translate/judge.rs", include_str!("../src/translate/judge.rs")),
    ("assess/plan.rs", include_str!("../src/assess/plan.rs")),
    ("assess/destination.rs", include_str!("../src/assess/destination.rs")),
];

/// Literals of a source that are sentences: with a space, outside comments, place holders taken out.
fn literals(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let mut out = Vec::new();
    let mut rest = code.as_str();
    while let Some(start) = rest.find('"') {
        let after = &rest[start + 1..];
        let Some(end) = after.find('"') else { break };
        let mut text = after[..end].to_owned();
        while let Some((open, close)) = text.find('{').zip(text.find('}')) {
            if close < open {
                break;
            }
            text.replace_range(open..=close, " ");
        }
        if text.trim().contains(' ') {
            out.push(text);
        }
        rest = &after[end + 1..];
    }
    out
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
    for (_, source) in SENTENCES {
        literals(source).iter().for_each(|text| look(text));
    }
    let list: Vec<&str> = unknown.iter().map(String::as_str).collect();
    assert!(list.is_empty(), "explain in GLOSSARY.md, or say otherwise: {}", list.join(" "));
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
