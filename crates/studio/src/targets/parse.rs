//! Text becomes a target; whatever is wrong is told with its line.

use super::{AlbumReference, Codec, Fact, Mode, Target, Tier, TurnsUp, Unit};
use crate::message::{Error, Result};
use dsp::dither::Dither;
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;

/// A file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: Spanned<String>,
    title: Spanned<String>,
    about: Spanned<String>,
    loudness_lufs: Option<RawFact<f64>>,
    tolerance_lu: Option<RawFact<f64>>,
    ceiling_dbtp: RawFact<f64>,
    louder_than_lufs: Option<RawFact<f64>>,
    louder_ceiling_dbtp: Option<RawFact<f64>>,
    sample_rates_hz: RawFact<Vec<u32>>,
    keeps_source_rate: RawFact<bool>,
    bits: RawFact<u16>,
    container: RawFact<String>,
    dither: RawFact<String>,
    playback_lufs: Option<RawFact<f64>>,
    turns_up: Option<RawFact<String>>,
    playback_peak_dbtp: Option<RawFact<f64>>,
    playback_unit: Option<RawFact<String>>,
    album_reference: Option<RawFact<String>>,
    #[serde(default)]
    modes: Vec<RawMode>,
    #[serde(default)]
    codecs: Vec<RawFact<String>>,
    codec_ceiling_dbtp: Option<RawFact<f64>>,
    max_short_term_lufs: Option<RawFact<f64>>,
    max_momentary_lufs: Option<RawFact<f64>>,
    unlimited: Option<RawFact<bool>>,
    mono_below_hz: Option<RawFact<f64>>,
    high_pass_hz: Option<RawFact<f64>>,
    low_pass_hz: Option<RawFact<f64>>,
    min_plr_lu: Option<RawFact<f64>>,
    #[serde(default)]
    notes: Vec<RawFact<String>>,
}

/// A fact as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFact<T> {
    value: Spanned<T>,
    source: Spanned<String>,
    date: Spanned<String>,
    tier: Tier,
}

/// A mode as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMode {
    name: Spanned<String>,
    playback_lufs: Option<Spanned<f64>>,
    turns_up: Option<Spanned<String>>,
    playback_peak_dbtp: Option<Spanned<f64>>,
    limits_at_dbfs: Option<Spanned<f64>>,
    source: Spanned<String>,
    date: Spanned<String>,
    tier: Tier,
}

/// Reads a target. `file` is its name in messages.
pub(super) fn target(text: &str, file: &str) -> Result<Target> {
    let raw: Raw = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let what = error.message().trim_end().replace('\n', "; ");
        Error::input("bad_target", format!("not a target: {what}")).place(file, text, span, "here")
    })?;
    Reader { text, file }.target(raw)
}

/// Whether a word can be the name of a target: letters, digits and hyphens.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

struct Reader<'a> {
    text: &'a str,
    file: &'a str,
}

impl Reader<'_> {
    fn target(&self, raw: Raw) -> Result<Target> {
        if !is_name(raw.name.get_ref()) {
            return self.wrong(raw.name.span(), "a name has small letters, digits and hyphens only");
        }
        if raw.louder_than_lufs.is_some() != raw.louder_ceiling_dbtp.is_some() {
            return self.wrong(raw.name.span(), "`louder_than_lufs` and `louder_ceiling_dbtp` go together");
        }
        Ok(Target {
            name: raw.name.into_inner(),
            title: self.said(raw.title)?,
            about: self.said(raw.about)?,
            loudness_lufs: self.number(raw.loudness_lufs, -70.0..=0.0)?,
            tolerance_lu: self.number(raw.tolerance_lu, 0.0..=10.0)?,
            ceiling_dbtp: self.fact(raw.ceiling_dbtp, |value| within(value, &(-20.0..=0.0)))?,
            louder_than_lufs: self.number(raw.louder_than_lufs, -70.0..=0.0)?,
            louder_ceiling_dbtp: self.number(raw.louder_ceiling_dbtp, -20.0..=0.0)?,
            sample_rates_hz: self.fact(raw.sample_rates_hz, rates)?,
            keeps_source_rate: self.fact(raw.keeps_source_rate, Ok)?,
            bits: self.fact(raw.bits, bits)?,
            container: self.fact(raw.container, container)?,
            dither: self.fact(raw.dither, dither)?,
            playback_lufs: self.number(raw.playback_lufs, -70.0..=0.0)?,
            turns_up: raw.turns_up.map(|fact| self.fact(fact, turns_up)).transpose()?,
            playback_peak_dbtp: self.number(raw.playback_peak_dbtp, -20.0..=0.0)?,
            playback_unit: raw.playback_unit.map(|fact| self.fact(fact, unit)).transpose()?,
            album_reference: raw.album_reference.map(|fact| self.fact(fact, album_reference)).transpose()?,
            modes: raw.modes.into_iter().map(|mode| self.mode(mode)).collect::<Result<_>>()?,
            codecs: self.facts(raw.codecs, |name| Codec::from_name(&name))?,
            codec_ceiling_dbtp: self.number(raw.codec_ceiling_dbtp, -20.0..=0.0)?,
            max_short_term_lufs: self.number(raw.max_short_term_lufs, -70.0..=0.0)?,
            max_momentary_lufs: self.number(raw.max_momentary_lufs, -70.0..=0.0)?,
            unlimited: raw.unlimited.map(|fact| self.fact(fact, Ok)).transpose()?,
            mono_below_hz: self.number(raw.mono_below_hz, 40.0..=500.0)?,
            high_pass_hz: self.number(raw.high_pass_hz, 10.0..=80.0)?,
            low_pass_hz: self.number(raw.low_pass_hz, 8000.0..=24_000.0)?,
            min_plr_lu: self.number(raw.min_plr_lu, 0.0..=40.0)?,
            notes: self.facts(raw.notes, Ok)?,
        })
    }

    fn number(
        &self,
        raw: Option<RawFact<f64>>,
        range: std::ops::RangeInclusive<f64>,
    ) -> Result<Option<Fact<f64>>> {
        raw.map(|fact| self.fact(fact, |value| within(value, &range))).transpose()
    }

    fn facts<T, U>(
        &self,
        raw: Vec<RawFact<T>>,
        take: impl Fn(T) -> std::result::Result<U, String>,
    ) -> Result<Vec<Fact<U>>> {
        raw.into_iter().map(|fact| self.fact(fact, &take)).collect()
    }

    fn mode(&self, raw: RawMode) -> Result<Mode> {
        if raw.playback_lufs.is_some() != raw.turns_up.is_some() {
            return self.wrong(raw.name.span(), "`playback_lufs` and `turns_up` go together");
        }
        let number = |value: Option<Spanned<f64>>, range: std::ops::RangeInclusive<f64>| {
            let checked = |value: Spanned<f64>| {
                let span = value.span();
                within(value.into_inner(), &range).or_else(|what| self.wrong(span, what))
            };
            value.map(checked).transpose()
        };
        Ok(Mode {
            playback_lufs: number(raw.playback_lufs, -70.0..=0.0)?,
            turns_up: match raw.turns_up {
                Some(word) => {
                    let span = word.span();
                    turns_up(word.into_inner()).or_else(|what| self.wrong(span, what))?
                }
                None => TurnsUp::Never,
            },
            playback_peak_dbtp: number(raw.playback_peak_dbtp, -20.0..=0.0)?,
            limits_at_dbfs: number(raw.limits_at_dbfs, -20.0..=0.0)?,
            name: self.said(raw.name)?,
            source: self.said(raw.source)?,
            date: self.date(raw.date)?,
            tier: raw.tier,
        })
    }

    fn date(&self, date: Spanned<String>) -> Result<String> {
        if is_date(date.get_ref()) {
            return Ok(date.into_inner());
        }
        self.wrong(date.span(), "a date is `yyyy-mm-dd`")
    }

    /// Checks the value with `take`, and that source and date are told.
    fn fact<T, U>(
        &self,
        raw: RawFact<T>,
        take: impl FnOnce(T) -> std::result::Result<U, String>,
    ) -> Result<Fact<U>> {
        let span = raw.value.span();
        let value = take(raw.value.into_inner()).or_else(|what| self.wrong(span, what))?;
        Ok(Fact { value, date: self.date(raw.date)?, source: self.said(raw.source)?, tier: raw.tier })
    }

    /// A text that says something, on one line.
    fn said(&self, text: Spanned<String>) -> Result<String> {
        if text.get_ref().trim().is_empty() || text.get_ref().contains(['\n', '\r']) {
            return self.wrong(text.span(), "this must say something, on one line");
        }
        Ok(text.into_inner())
    }

    fn wrong<T>(&self, span: Range<usize>, what: impl Into<String>) -> Result<T> {
        Err(Error::input("bad_target", what).place(self.file, self.text, span, "here"))
    }
}

fn within(value: f64, range: &std::ops::RangeInclusive<f64>) -> std::result::Result<f64, String> {
    if range.contains(&value) {
        return Ok(value);
    }
    Err(format!("{value} is not between {} and {}", range.start(), range.end()))
}

fn rates(rates: Vec<u32>) -> std::result::Result<Vec<u32>, String> {
    if rates.is_empty() || !rates.iter().all(|rate| (8000..=384_000).contains(rate)) {
        return Err("sample rates are between 8000 and 384000, and there is at least one".into());
    }
    if rates.is_sorted_by(|a, b| a < b) { Ok(rates) } else { Err("sample rates must rise".into()) }
}

fn bits(bits: u16) -> std::result::Result<u16, String> {
    if matches!(bits, 16 | 24) {
        Ok(bits)
    } else {
        Err(format!("{bits} bits are not delivered, 16 or 24 are"))
    }
}

fn container(name: String) -> std::result::Result<String, String> {
    if matches!(name.as_str(), "wav" | "flac") {
        Ok(name)
    } else {
        Err(format!("`{name}` is neither `wav` nor `flac`"))
    }
}

fn dither(name: String) -> std::result::Result<Dither, String> {
    let known = || Dither::all().map(Dither::name).collect::<Vec<_>>().join("`, `");
    Dither::from_name(&name).ok_or_else(|| format!("there is no dither `{name}`; there are `{}`", known()))
}

fn turns_up(name: String) -> std::result::Result<TurnsUp, String> {
    Ok(match name.as_str() {
        "never" => TurnsUp::Never,
        "to_peak" => TurnsUp::ToPeak,
        "guarded" => TurnsUp::Guarded,
        "always" => TurnsUp::Always,
        "unknown" => TurnsUp::Unknown,
        _ => return Err(format!("`{name}` is not `never`, `to_peak`, `guarded`, `always` or `unknown`")),
    })
}

fn unit(name: String) -> std::result::Result<Unit, String> {
    Ok(match name.as_str() {
        "track" => Unit::Track,
        "album" => Unit::Album,
        _ => return Err(format!("`{name}` is neither `track` nor `album`")),
    })
}

fn album_reference(name: String) -> std::result::Result<AlbumReference, String> {
    Ok(match name.as_str() {
        "loudest_track" => AlbumReference::LoudestTrack,
        "pooled" => AlbumReference::Pooled,
        _ => return Err(format!("`{name}` is neither `loudest_track` nor `pooled`")),
    })
}

/// `yyyy-mm-dd`, as far as digits go.
fn is_date(date: &str) -> bool {
    let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let part = |range: Range<usize>| date.get(range).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    shape == "0000-00-00" && (1..=12).contains(&part(5..7)) && (1..=31).contains(&part(8..10))
}
