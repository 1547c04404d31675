//! How hard, and of which colour: intensities and tones as data.
//!
//! They are text files (`mastering/*.toml`, built in; a path to a file of one's own works as well). Every number in them has its
//! source, the date it was read and how sure it is, as in `targets/`.

mod parse;
#[cfg(test)]
mod tests;

use super::chain::Strength;
use super::tone::Shape;
use crate::message::{Error, Kind, Result};
use crate::suggest::nearest;
use crate::targets::Fact;
use serde::Serialize;
use std::path::Path;

/// How hard a master is worked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Intensity {
    /// Name in commands.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// How much of the way from where a band lies to the edge of its range is gone, 0 to 1.
    pub eq_amount: Fact<f64>,
    /// What compression takes off the loudest tenth of the time.
    pub compression_db: Fact<f64>,
    /// A level that leaves a smaller peak to loudness ratio is refused.
    pub least_plr_lu: Fact<f64>,
    /// A level that takes more than this from the peak to loudness ratio is refused.
    pub most_plr_loss_lu: Fact<f64>,
    /// A level at which the limiter takes more than this, averaged over all time, is refused.
    pub most_average_reduction_db: Fact<f64>,
    /// Masters louder than this have single peaks clipped softly before the limiter; never where it is `None`.
    pub clip_above_lufs: Option<Fact<f64>>,
    /// Where a destination asks for no loudness: no louder than this.
    pub free_loudness_lufs: Fact<f64>,
    /// Where a destination asks for no loudness: no more limiting than this, averaged over all time.
    pub free_reduction_db: Fact<f64>,
}

/// A filter of a tone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Filter {
    /// Shape.
    pub shape: Shape,
    /// Centre or corner.
    pub freq_hz: f64,
    /// Gain at full measure.
    pub gain_db: f64,
    /// Quality.
    pub q: f64,
    /// Where that comes from.
    pub source: String,
}

/// Saturation of a tone.
#[derive(Debug, Clone, PartialEq)]
pub struct Warmth {
    /// The curve.
    pub mode: fx::saturation::SaturationMode,
    /// Drive for a print of -18 LUFS.
    pub drive_db: Fact<f64>,
    /// Share of the saturated sound.
    pub mix_percent: Fact<f64>,
}

/// A colour.
#[derive(Debug, Clone, PartialEq)]
pub struct Colour {
    /// Name in commands.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Attack of bus compression.
    pub bus_attack_ms: Fact<f64>,
    /// Saturation, if it has any.
    pub saturation: Option<Warmth>,
    /// Filters.
    pub filters: Vec<Filter>,
}

/// What a proposal is made with.
#[derive(Debug, Clone, PartialEq)]
pub struct Taste {
    /// How hard.
    pub intensity: Intensity,
    /// Of which colour.
    pub colour: Colour,
    /// How much of each family.
    pub strength: Strength,
}

impl Taste {
    /// By their names; see [`Intensity::find`] and [`Colour::find`].
    ///
    /// # Errors
    /// As those.
    pub fn find(intensity: &str, tone: &str, strength: Strength) -> Result<Self> {
        Ok(Self { intensity: Intensity::find(intensity)?, colour: Colour::find(tone)?, strength })
    }

    /// What is taken where nothing is said: balanced, neutral, everything as proposed.
    ///
    /// # Errors
    /// Those of a file; a test keeps the built-in ones free of them.
    pub fn usual() -> Result<Self> {
        Self::find(super::chain::INTENSITY, super::chain::TONE, Strength::default())
    }
}

/// The intensities that are built in.
const INTENSITIES: [(&str, &str); 3] = [
    ("gentle", include_str!("../../../../../mastering/gentle.toml")),
    ("balanced", include_str!("../../../../../mastering/balanced.toml")),
    ("loud", include_str!("../../../../../mastering/loud.toml")),
];

/// The tones that are built in.
const TONES: [(&str, &str); 4] = [
    ("neutral", include_str!("../../../../../mastering/neutral.toml")),
    ("warm", include_str!("../../../../../mastering/warm.toml")),
    ("open", include_str!("../../../../../mastering/open.toml")),
    ("punchy", include_str!("../../../../../mastering/punchy.toml")),
];

/// Largest file, by our own convention.
const MOST_BYTES: u64 = 1 << 18;

impl Intensity {
    /// Names of the built-in ones, the mildest first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        INTENSITIES.iter().map(|(name, _)| *name)
    }

    /// By its name, or from the file of that path when the name ends in `.toml`.
    ///
    /// # Errors
    /// `unknown_intensity`, with the nearest name; `bad_mastering` with its place in the text.
    pub fn find(name: &str) -> Result<Self> {
        let (text, file) = text_of(name, &INTENSITIES, "intensity", "unknown_intensity")?;
        let found = parse::intensity(&text, &file)?;
        Ok(if is_file(name) { Self { name: name.to_owned(), ..found } } else { found })
    }
}

impl Colour {
    /// Names of the built-in ones.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TONES.iter().map(|(name, _)| *name)
    }

    /// By its name, or from the file of that path when the name ends in `.toml`.
    ///
    /// # Errors
    /// `unknown_tone`, with the nearest name; `bad_mastering` with its place in the text.
    pub fn find(name: &str) -> Result<Self> {
        let (text, file) = text_of(name, &TONES, "tone", "unknown_tone")?;
        let found = parse::colour(&text, &file)?;
        Ok(if is_file(name) { Self { name: name.to_owned(), ..found } } else { found })
    }
}

/// Whether a name is the path of a file; such a file is called by its path, so that a chain finds it again.
fn is_file(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".toml")
}

/// Text and file name of what is called `name`.
fn text_of(
    name: &str,
    built_in: &[(&'static str, &'static str)],
    what: &str,
    code: &'static str,
) -> Result<(String, String)> {
    if is_file(name) {
        let text = crate::files::read_text(Path::new(name), what, MOST_BYTES)?;
        return Ok((text, name.to_owned()));
    }
    let plain = name.trim().to_ascii_lowercase();
    if let Some((known, text)) = built_in.iter().find(|(known, _)| *known == plain) {
        return Ok(((*text).to_owned(), format!("mastering/{known}.toml")));
    }
    let known: Vec<&str> = built_in.iter().map(|(known, _)| *known).collect();
    let hint = match nearest(&plain, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? there are: {}", known.join(", ")),
        None => format!("there are: {}; or the path of a file", known.join(", ")),
    };
    Err(Error::new(Kind::Usage, code, format!("there is no {what} `{}`", crate::message::clean(name)))
        .hint(hint))
}
