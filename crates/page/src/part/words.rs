//! What the words mean: lines of the glossary.

use crate::markup::{Element, el};
use crate::shell::section;

const GLOSSARY: &str = include_str!("../../../../GLOSSARY.md");

/// Words that reports show, as they stand in the glossary.
pub const SHOWN: &[&str] = &[
    "ABX",
    "body, words, sharpness",
    "ceiling",
    "clipped runs",
    "compression",
    "correlation",
    "crest",
    "dB, decibel, ms",
    "dBFS, dBTP",
    "DC",
    "destination",
    "distortion",
    "dither",
    "front, punch",
    "gain reduction",
    "headroom",
    "integrated",
    "likeness",
    "limiter",
    "LRA",
    "LUFS, LU",
    "momentary, short-term",
    "mono",
    "null, residual",
    "overtone",
    "PLR, PSR",
    "polarity",
    "presence",
    "relative gate",
    "RMS",
    "side, mid",
    "sides, middle",
    "spectrogram",
    "third",
    "threshold, ratio",
    "translation",
    "true peak",
    "twelfth",
    "version",
    "width",
];

/// Meaning of a word, if the glossary has it.
#[must_use]
pub fn meaning(word: &str) -> Option<&'static str> {
    GLOSSARY.lines().find_map(|line| {
        let (own, meaning) = line.strip_prefix("| ")?.split_once(" | ")?;
        (own == word).then(|| meaning.trim_end_matches('|').trim())
    })
}

/// The list.
#[must_use]
pub fn part() -> Element {
    let pairs = SHOWN.iter().filter_map(|word| Some((*word, meaning(word)?)));
    let pairs = pairs.flat_map(|(word, meaning)| [el("dt").text(word), el("dd").text(meaning)]);
    section("words", "What the words mean").child(el("dl").class("words").children(pairs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_is_shown_stands_in_the_glossary() {
        let missing: Vec<_> = SHOWN.iter().filter(|word| meaning(word).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(SHOWN.is_sorted_by_key(|word| word.to_lowercase()), "in the order people look for them");
    }
}
