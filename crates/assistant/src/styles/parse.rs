//! Text becomes a style; whatever is wrong is told with its line.

use super::Style;
use serde::Deserialize;
use std::ops::RangeInclusive;
use studio::message::{Error, Result};
use studio::targets::{Fact, Tier};
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFact {
    value: Spanned<f64>,
    source: String,
    date: String,
    tier: Tier,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    about: String,
    vocals_lu: RawFact,
    drums_lu: RawFact,
    bass_lu: RawFact,
    reverberance: RawFact,
    plate_seconds: RawFact,
    compression: RawFact,
    spread: RawFact,
    echo_send_db: RawFact,
    /// Styles written before there was one do without.
    parallel_drums_db: Option<RawFact>,
}

/// Reads a style; `file` is its name in messages.
pub(super) fn style(text: &str, file: &str) -> Result<Style> {
    let wrong = |what: String, at: Option<std::ops::Range<usize>>| {
        Error::input("bad_style", what).place(file, text, at.unwrap_or(0..0), "here")
    };
    let raw: Raw = toml::from_str(text)
        .map_err(|error| wrong(error.message().trim_end().replace('\n', "; "), error.span()))?;
    let number = |fact: RawFact, range: RangeInclusive<f64>| -> Result<Fact<f64>> {
        let (span, value) = (fact.value.span(), fact.value.into_inner());
        if !range.contains(&value) {
            let what = format!("{value} is not within {} to {}", range.start(), range.end());
            return Err(wrong(what, Some(span)));
        }
        if fact.source.trim().is_empty() {
            return Err(wrong("a number without a source".to_owned(), Some(span)));
        }
        Ok(Fact { value, source: fact.source, date: fact.date, tier: fact.tier })
    };
    Ok(Style {
        name: raw.name,
        about: raw.about,
        // Past the published whiskers (mixing rules, C5) is no style but a mistake.
        vocals_lu: number(raw.vocals_lu, -6.3..=-0.5)?,
        drums_lu: number(raw.drums_lu, -20.0..=-1.0)?,
        bass_lu: number(raw.bass_lu, -20.0..=-1.0)?,
        reverberance: number(raw.reverberance, 0.1..=0.5)?,
        plate_seconds: number(raw.plate_seconds, 0.3..=4.0)?,
        compression: number(raw.compression, 0.0..=1.0)?,
        spread: number(raw.spread, 0.0..=1.0)?,
        echo_send_db: number(raw.echo_send_db, -144.0..=0.0)?,
        parallel_drums_db: match raw.parallel_drums_db {
            Some(fact) => number(fact, -144.0..=0.0)?,
            None => {
                Fact { value: -144.0, source: String::new(), date: String::new(), tier: Tier::Convention }
            }
        },
        reach_lu: None,
    })
}
