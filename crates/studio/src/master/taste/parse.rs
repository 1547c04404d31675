//! Text becomes an intensity or a tone; whatever is wrong is told with its line.

use super::super::tone::Shape;
use super::{Colour, Filter, Intensity, Warmth};
use crate::message::{Error, Result};
use crate::targets::{Fact, Tier};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::ops::RangeInclusive;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFact<T> {
    value: Spanned<T>,
    source: String,
    date: String,
    tier: Tier,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIntensity {
    name: String,
    about: String,
    eq_amount: RawFact<f64>,
    compression_db: RawFact<f64>,
    least_plr_lu: RawFact<f64>,
    most_plr_loss_lu: RawFact<f64>,
    most_average_reduction_db: RawFact<f64>,
    clip_above_lufs: Option<RawFact<f64>>,
    free_loudness_lufs: RawFact<f64>,
    free_reduction_db: RawFact<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFilter {
    shape: Spanned<String>,
    freq_hz: Spanned<f64>,
    gain_db: Spanned<f64>,
    q: Spanned<f64>,
    source: String,
    #[serde(rename = "date")]
    _date: String,
    #[serde(rename = "tier")]
    _tier: Tier,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColour {
    name: String,
    about: String,
    bus_attack_ms: RawFact<f64>,
    saturation_mode: Option<RawFact<String>>,
    saturation_drive_db: Option<RawFact<f64>>,
    saturation_mix_percent: Option<RawFact<f64>>,
    #[serde(default)]
    filter: Vec<RawFilter>,
}

struct Reader<'a> {
    text: &'a str,
    file: &'a str,
}

pub(super) fn intensity(text: &str, file: &str) -> Result<Intensity> {
    let reader = Reader { text, file };
    let raw: RawIntensity = reader.raw()?;
    Ok(Intensity {
        name: raw.name,
        about: raw.about,
        eq_amount: reader.number(raw.eq_amount, 0.0..=1.0)?,
        compression_db: reader.number(raw.compression_db, 0.0..=2.0)?,
        least_plr_lu: reader.number(raw.least_plr_lu, 3.0..=30.0)?,
        most_plr_loss_lu: reader.number(raw.most_plr_loss_lu, 0.0..=30.0)?,
        most_average_reduction_db: reader.number(raw.most_average_reduction_db, 0.0..=9.0)?,
        clip_above_lufs: raw.clip_above_lufs.map(|fact| reader.number(fact, -70.0..=0.0)).transpose()?,
        free_loudness_lufs: reader.number(raw.free_loudness_lufs, -40.0..=-5.0)?,
        free_reduction_db: reader.number(raw.free_reduction_db, 0.0..=9.0)?,
    })
}

pub(super) fn colour(text: &str, file: &str) -> Result<Colour> {
    let reader = Reader { text, file };
    let raw: RawColour = reader.raw()?;
    let saturation = match (raw.saturation_mode, raw.saturation_drive_db, raw.saturation_mix_percent) {
        (Some(mode), Some(drive), Some(mix)) => Some(Warmth {
            mode: reader.mode(&mode.value)?,
            drive_db: reader.number(drive, -12.0..=12.0)?,
            mix_percent: reader.number(mix, 0.0..=60.0)?,
        }),
        (None, None, None) => None,
        _ => return reader.wrong(0..0, "`saturation_mode`, `_drive_db` and `_mix_percent` go together"),
    };
    let filters = raw.filter.into_iter().map(|filter| reader.filter(filter)).collect::<Result<_>>()?;
    let bus_attack_ms = reader.number(raw.bus_attack_ms, 0.05..=250.0)?;
    Ok(Colour { name: raw.name, about: raw.about, bus_attack_ms, saturation, filters })
}

impl Reader<'_> {
    fn raw<T: DeserializeOwned>(&self) -> Result<T> {
        toml::from_str(self.text).or_else(|error| {
            let what = error.message().trim_end().replace('\n', "; ");
            self.wrong(error.span().unwrap_or(0..0), what)
        })
    }

    fn number(&self, raw: RawFact<f64>, range: RangeInclusive<f64>) -> Result<Fact<f64>> {
        let value = self.within(&raw.value, range)?;
        if raw.source.trim().is_empty() || raw.date.trim().is_empty() {
            return self.wrong(raw.value.span(), "a number says where it comes from and when that was read");
        }
        Ok(Fact { value, source: raw.source, date: raw.date, tier: raw.tier })
    }

    fn within(&self, value: &Spanned<f64>, range: RangeInclusive<f64>) -> Result<f64> {
        if range.contains(value.get_ref()) {
            return Ok(*value.get_ref());
        }
        let what = format!("{} is not between {} and {}", value.get_ref(), range.start(), range.end());
        self.wrong(value.span(), what)
    }

    fn mode(&self, word: &Spanned<String>) -> Result<fx::saturation::SaturationMode> {
        use fx::Choice;
        let names = fx::saturation::SaturationMode::NAMES;
        match names.iter().position(|(name, _)| name == word.get_ref()) {
            Some(index) => Ok(fx::saturation::SaturationMode::from_index(index)),
            None => self.wrong(word.span(), format!("`saturation` has no mode `{}`", word.get_ref())),
        }
    }

    fn filter(&self, raw: RawFilter) -> Result<Filter> {
        let shape = match raw.shape.get_ref().as_str() {
            "low_shelf" => Shape::LowShelf,
            "bell" => Shape::Bell,
            "high_shelf" => Shape::HighShelf,
            "tilt" => Shape::Tilt,
            _ => return self.wrong(raw.shape.span(), "a shape is bell, low_shelf, high_shelf or tilt"),
        };
        Ok(Filter {
            shape,
            freq_hz: self.within(&raw.freq_hz, 20.0..=20_000.0)?,
            gain_db: self.within(&raw.gain_db, -3.0..=3.0)?,
            q: self.within(&raw.q, 0.1..=10.0)?,
            source: raw.source,
        })
    }

    fn wrong<T>(&self, span: std::ops::Range<usize>, what: impl Into<String>) -> Result<T> {
        Err(Error::input("bad_mastering", what).place(self.file, self.text, span, "here"))
    }
}
