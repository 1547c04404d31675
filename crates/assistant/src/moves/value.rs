//! Values of moves: one number, a few settings together, or a curve; how they are scaled, rounded and said.

use dsp::math::{exp, log10};

/// What a move sets.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// On or off.
    Switch(bool),
    /// A word.
    Word(String),
    /// Settings that belong together: of a processor, a band, a send.
    Settings(Vec<(String, Value)>),
    /// A curve: seconds and values, in rising order of time.
    Points(Vec<(f64, f64)>),
}

impl Value {
    /// The number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A setting of several.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Settings(settings) => settings.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// A number of several.
    #[must_use]
    pub fn number_of(&self, key: &str) -> Option<f64> {
        self.get(key).and_then(Self::number)
    }

    /// Part of the way from what does nothing to the full value: numbers in decibels straight, frequencies and times by
    /// ratio; words, switches and settings that `neutral` does not name stay.
    #[must_use]
    pub fn blend(&self, neutral: &Self, strength: f64, key: &str) -> Self {
        match (self, neutral) {
            (Self::Number(full), Self::Number(none)) => Self::Number(between(key, *none, *full, strength)),
            (Self::Settings(full), none) => Self::Settings(
                full.iter()
                    .map(|(name, value)| match none.get(name) {
                        Some(none) => (name.clone(), value.blend(none, strength, name)),
                        None => (name.clone(), value.clone()),
                    })
                    .collect(),
            ),
            (Self::Points(points), Self::Number(none)) => Self::Points(
                points.iter().map(|(at, value)| (*at, between(key, *none, *value, strength))).collect(),
            ),
            _ => self.clone(),
        }
    }

    /// Rounded as a person would write it.
    #[must_use]
    pub fn tidied(&self, key: &str) -> Self {
        match self {
            Self::Number(number) => Self::Number(tidy(key, *number)),
            Self::Settings(settings) => Self::Settings(
                settings.iter().map(|(name, value)| (name.clone(), value.tidied(name))).collect(),
            ),
            Self::Points(points) => Self::Points(
                points.iter().map(|(at, value)| (rounded(*at, 0.01), tidy(key, *value))).collect(),
            ),
            other => other.clone(),
        }
    }
}

/// Settings from pairs.
#[must_use]
pub fn named<const N: usize>(settings: [(&str, Value); N]) -> Value {
    Value::Settings(settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Value {
    fn from(word: &str) -> Self {
        Self::Word(word.to_owned())
    }
}

impl From<bool> for Value {
    fn from(on: bool) -> Self {
        Self::Switch(on)
    }
}

fn is_log(key: &str) -> bool {
    ["_hz", "_ms", "_seconds"].iter().any(|unit| key.ends_with(unit))
}

fn between(key: &str, none: f64, full: f64, strength: f64) -> f64 {
    if is_log(key) && none > 0.0 && full > 0.0 {
        return none * exp(strength * dsp::math::ln(full / none));
    }
    none + strength * (full - none)
}

/// To a step; counted in steps, so that -0.3 is written as -0.3. Never a negative zero.
fn rounded(value: f64, step: f64) -> f64 {
    let per = (1.0 / step).round().max(1.0);
    let rounded = (value * per).round() / per;
    if rounded == 0.0 { 0.0 } else { rounded }
}

/// To so many digits.
fn digits(value: f64, count: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let place = log10(value.abs()).floor() as i32 - (count - 1);
    if place >= 0 {
        let step = (0..place).fold(1.0, |step, _| step * 10.0);
        return (value / step).round() * step;
    }
    let per = (0..-place).fold(1.0, |per, _| per * 10.0);
    (value * per).round() / per
}

/// A number as a person would write it, by the unit in its name: tenths of a decibel, three digits of a frequency, hundredths
/// of a position.
#[must_use]
pub fn tidy(key: &str, value: f64) -> f64 {
    let unit = |ends: &str| key.ends_with(ends);
    if unit("_samples") {
        value.round().max(0.0)
    } else if unit("_db") || unit("_dbfs") || key == "ratio" {
        rounded(value, 0.1)
    } else if unit("_hz") || unit("_ms") {
        digits(value, 3)
    } else if unit("_percent") {
        rounded(value, 1.0)
    } else {
        rounded(value, 0.01)
    }
}

/// A number with the unit its name says, for a sentence: `-2.4 dB`, `2.6 kHz`, `30 ms`.
#[must_use]
pub fn amount(key: &str, value: f64) -> String {
    let unit = |ends: &str| key.ends_with(ends);
    if unit("_db") {
        format!("{value:+.1} dB")
    } else if unit("_dbfs") {
        format!("{value:.1} dBFS")
    } else if unit("_hz") && value >= 1000.0 {
        format!("{} kHz", plain(value / 1000.0))
    } else if unit("_hz") {
        format!("{} Hz", plain(value))
    } else if unit("_ms") {
        format!("{} ms", plain(value))
    } else if unit("_seconds") {
        format!("{} s", plain(value))
    } else if unit("_percent") {
        format!("{} %", plain(value))
    } else if unit("_samples") {
        format!("{} samples", plain(value))
    } else if key == "pan" {
        side(value)
    } else {
        plain(value)
    }
}

fn side(pan: f64) -> String {
    match (pan.abs() * 100.0).round() {
        0.0 => "the middle".to_owned(),
        part => format!("{part:.0} % {}", if pan < 0.0 { "left" } else { "right" }),
    }
}

/// Without zeros that say nothing.
fn plain(value: f64) -> String {
    let text = format!("{:.2}", digits(value, 3));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
