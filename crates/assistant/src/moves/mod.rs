//! Moves: every value the assistant sets, with its reasons (C13 of the mixing rules).
//!
//! A move stands in the session file itself, under `[assist]`, beside the value it explains, so that one file is the whole
//! truth. A value that no longer is what its move says was changed by hand, and stays.

mod book;
mod place;
mod record;
#[cfg(test)]
mod tests;
mod value;

pub use book::{Book, Draft, Held, Told};
pub use place::{Part, Place, SLOTS, Slot, slot};
pub use record::{Ledger, SESSION_KEY, read, write};
pub(crate) use record::{is_removed, quoted, value as value_text, value_of};
pub use value::{Value, amount, named, tidy};

use std::collections::BTreeMap;
use studio::message::{Error, Kind, Result};
use studio::suggest::nearest;

/// What a move serves; each has a strength of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Faults of the recordings: polarity, time between microphones, rumble, resonances, bleed.
    Cleanup,
    /// Trims and faders.
    Balance,
    /// Colour: shelves and saturation.
    Tone,
    /// Compression and de-essing.
    Dynamics,
    /// Room for what matters: cuts in what covers it.
    Masking,
    /// Left and right.
    Width,
    /// Reverberation and echo.
    Space,
    /// Faders that move.
    Ride,
}

impl Family {
    /// All of them, in the order they work in.
    pub const ALL: [Self; 8] = [
        Self::Cleanup,
        Self::Balance,
        Self::Tone,
        Self::Dynamics,
        Self::Masking,
        Self::Width,
        Self::Space,
        Self::Ride,
    ];

    /// Word in files and commands.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cleanup => "cleanup",
            Self::Balance => "balance",
            Self::Tone => "tone",
            Self::Dynamics => "dynamics",
            Self::Masking => "masking",
            Self::Width => "width",
            Self::Space => "space",
            Self::Ride => "ride",
        }
    }

    /// By its word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.word() == word)
    }
}

/// Most a family can be asked for: past the proposal, by half (mixing rules, part c, the sliders).
pub const MOST_STRENGTH: f64 = 1.5;

/// How much of each family is done: 0 nothing, 1 as proposed, up to [`MOST_STRENGTH`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Strengths {
    given: BTreeMap<Family, f64>,
}

impl Strengths {
    /// Strength of a family; 1 unless something else was asked for.
    #[must_use]
    pub fn of(&self, family: Family) -> f64 {
        self.given.get(&family).copied().unwrap_or(1.0)
    }

    /// Asks for a strength, kept within its range.
    pub fn set(&mut self, family: Family, strength: f64) {
        let strength = if strength.is_finite() { strength.clamp(0.0, MOST_STRENGTH) } else { 1.0 };
        self.given.insert(family, strength);
    }

    /// All families at one strength.
    #[must_use]
    pub fn all(strength: f64) -> Self {
        let mut strengths = Self::default();
        Family::ALL.into_iter().for_each(|family| strengths.set(family, strength));
        strengths
    }

    /// Reads `FAMILY=0.5` (or `all=0.5`) as written in a command.
    ///
    /// # Errors
    /// `bad_strength`, with the nearest family or the range.
    pub fn read(&mut self, text: &str) -> Result<()> {
        let wrong = |what: String, hint: String| Err(Error::new(Kind::Usage, "bad_strength", what).hint(hint));
        let words = || Family::ALL.map(Family::word).join(", ");
        let Some((word, number)) = text.split_once('=') else {
            return wrong(format!("`{text}` is no strength"), "FAMILY=0.5, for example: dynamics=0.5".to_owned());
        };
        let strength = number.trim().parse::<f64>().ok().filter(|s| (0.0..=MOST_STRENGTH).contains(s));
        let Some(strength) = strength else {
            return wrong(
                format!("`{number}` is no strength"),
                format!("0 is untouched, 1 as proposed, {MOST_STRENGTH} the most"),
            );
        };
        let word = word.trim();
        if word == "all" {
            *self = Self::all(strength);
            return Ok(());
        }
        match Family::of(word) {
            Some(family) => self.set(family, strength),
            None => {
                let meant = nearest(word, Family::ALL.map(Family::word));
                let did = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
                return wrong(format!("there is no family `{word}`"), format!("{did}there are: {}", words()));
            }
        }
        Ok(())
    }

    /// What was asked for, apart from 1.
    pub fn asked(&self) -> impl Iterator<Item = (Family, f64)> {
        self.given.iter().filter(|(_, strength)| **strength != 1.0).map(|(family, strength)| (*family, *strength))
    }
}

/// A measured input of a move.
#[derive(Debug, Clone, PartialEq)]
pub struct Because {
    /// What was measured: `active_lufs`, `masks_lead_db`.
    pub what: String,
    /// The figure.
    pub figure: Figure,
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub enum Figure {
    /// A number, to a hundredth.
    Number(f64),
    /// A word: another track, a role.
    Word(String),
}

/// A value and its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// `rule:place`, the same on every run.
    pub id: String,
    /// Rule that asks for it: `balance.trim`.
    pub rule: String,
    /// What it serves.
    pub family: Family,
    /// Where its value stands in the session.
    pub place: Place,
    /// What stands there.
    pub value: Value,
    /// What the assistant proposes there: the same, unless a person decided otherwise.
    pub proposed: Value,
    /// In a sentence.
    pub text: String,
    /// What was measured.
    pub because: Vec<Because>,
    /// What it does, where that was measured.
    pub effect: String,
    /// 0 to 1.
    pub confidence: f64,
    /// Strength it was made at.
    pub strength: f64,
    /// What else could be done.
    pub alternatives: Vec<String>,
    /// Where the rule comes from.
    pub evidence: String,
    /// A person wants it as it is.
    pub locked: bool,
    /// Only offered: nothing in the session follows it.
    pub offered: bool,
}

impl Move {
    /// Whether a person decided its value.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.locked || self.value != self.proposed
    }
}
