//! How far each side of a song is moved to the reference: `tone=0.5,width=0.3,dynamics=0.3,loudness=1`.

use crate::message::{Error, Kind, Result};
use crate::suggest::nearest;

/// How far each family goes: 0 not at all, 1 all the way within its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amounts {
    /// Spectrum (mastering.md §5.6: half by default).
    pub tone: f64,
    /// Width of each band.
    pub width: f64,
    /// Dynamics of each band; compresses only.
    pub dynamics: f64,
    /// Loudness, where a destination leaves it free.
    pub loudness: f64,
    /// Largest gain of the equaliser, dB.
    pub limit_db: f64,
    /// Linear phase in place of minimum phase.
    pub linear: bool,
}

/// Largest gain by default, dB (mastering.md §5.6: ±6), and the largest that can be asked for: that of the equaliser.
const LIMIT_DB: f64 = 6.0;
const MOST_LIMIT_DB: f64 = 24.0;

impl Default for Amounts {
    fn default() -> Self {
        // Tone: mastering.md §5.6. Width and dynamics by our own convention, not yet calibrated: they are the mix's own decisions first.
        Self { tone: 0.5, width: 0.3, dynamics: 0.3, loudness: 1.0, limit_db: LIMIT_DB, linear: false }
    }
}

const KEYS: [&str; 6] = ["tone", "width", "dynamics", "loudness", "limit_db", "phase"];

impl Amounts {
    /// Nothing is moved.
    #[must_use]
    pub fn none() -> Self {
        Self { tone: 0.0, width: 0.0, dynamics: 0.0, loudness: 0.0, ..Self::default() }
    }

    /// Reads `key=value` parts; what is not named stays at its default.
    ///
    /// # Errors
    /// `bad_match`: an unknown key, a value out of range.
    pub fn parse<S: AsRef<str>>(parts: impl IntoIterator<Item = S>) -> Result<Self> {
        let mut amounts = Self::default();
        for part in parts {
            let part = part.as_ref().trim();
            if !part.is_empty() {
                amounts.set(part)?;
            }
        }
        Ok(amounts)
    }

    fn set(&mut self, part: &str) -> Result<()> {
        let Some((key, value)) = part.split_once('=') else {
            return Err(bad(format!("`{part}` has no value")));
        };
        let (key, value) = (key.trim(), value.trim());
        match key {
            "tone" => self.tone = number(key, value, 0.0, 1.0)?,
            "width" => self.width = number(key, value, 0.0, 1.0)?,
            "dynamics" => self.dynamics = number(key, value, 0.0, 1.0)?,
            "loudness" => self.loudness = number(key, value, 0.0, 1.0)?,
            "limit_db" => self.limit_db = number(key, value, 0.5, MOST_LIMIT_DB)?,
            "phase" => self.linear = phase(value)?,
            _ => {
                let error =
                    Error::new(Kind::Usage, "bad_match", format!("there is nothing called `{key}` to match"));
                let hint = nearest(key, KEYS)
                    .map_or_else(|| KEYS.join(", "), |word| format!("did you mean `{word}`?"));
                return Err(error.hint(hint));
            }
        }
        Ok(())
    }
}

fn bad(what: String) -> Error {
    Error::new(Kind::Usage, "bad_match", what).hint("--match tone=0.5,width=0.3,dynamics=0.3,loudness=1")
}

fn number(key: &str, value: &str, least: f64, most: f64) -> Result<f64> {
    let number: f64 = value.parse().map_err(|_| bad(format!("`{key}` is a number, not `{value}`")))?;
    if (least..=most).contains(&number) {
        Ok(number)
    } else {
        Err(bad(format!("`{key}` is {number}; it goes from {least} to {most}")))
    }
}

fn phase(value: &str) -> Result<bool> {
    match value {
        "minimum" => Ok(false),
        "linear" => Ok(true),
        _ => Err(bad(format!("`phase` is `minimum` or `linear`, not `{value}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_at_its_default() {
        let amounts = Amounts::parse(["tone=1", " width = 0 ", "phase=linear", ""]).expect("it is right");
        assert_eq!(amounts, Amounts { tone: 1.0, width: 0.0, linear: true, ..Amounts::default() });
        assert_eq!(Amounts::parse::<&str>([]), Ok(Amounts::default()));
    }

    #[test]
    fn typos_and_wild_values_are_refused_with_a_way_out() {
        let hint = |text: &str| Amounts::parse([text]).expect_err(text).hint.unwrap_or_default();
        assert_eq!(hint("tonne=1"), "did you mean `tone`?");
        for text in ["tone", "tone=2", "tone=-0.1", "tone=nan", "limit_db=25", "phase=zero", "width=wide"] {
            assert_eq!(Amounts::parse([text]).expect_err(text).code, "bad_match", "{text}");
            assert!(!hint(text).is_empty());
        }
    }
}
