//! A move: one processor, and everything that has to be said about it.

use super::write;
use fx::{AnyProcessor, Fields};
use serde::Serialize;

fx::choice! {
    /// What a move is about; each family has a strength.
    pub enum Family {
        /// Balance of the spectrum, static or dynamic.
        Tone = "tone",
        /// Compression.
        Dynamics = "dynamics",
        /// Harmonics.
        Saturation = "saturation",
        /// Stereo.
        Width = "width",
        /// Drive, clipper and limiter.
        Level = "level",
    }
}

impl Family {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        <Self as fx::Choice>::NAMES.get(self as usize).map_or("", |(name, _)| name)
    }

    /// The family a processor belongs to where nobody says.
    #[must_use]
    pub fn of(processor: &str) -> Self {
        match processor {
            "compressor" | "multiband" | "multidynamics" | "gate" | "transient" | "rider" => Self::Dynamics,
            "saturation" | "exciter" => Self::Saturation,
            "gain" | "imager" | "pan" => Self::Width,
            "limiter" => Self::Level,
            _ => Self::Tone,
        }
    }
}

impl Serialize for Family {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

fx::fields! {
    /// How much of each family's moves is asked for: 0 is nothing, 1 as proposed, up to 1.5.
    pub struct Strength {
        /// Of equalisation, static and dynamic.
        tone: Plain = 1.0 in 0.0..=1.5;
        /// Of compression.
        dynamics: Plain = 1.0 in 0.0..=1.5;
        /// Of saturation.
        saturation: Plain = 1.0 in 0.0..=1.5;
        /// Of changes of width.
        width: Plain = 1.0 in 0.0..=1.5;
        /// Of limiting: how much of the price a level may cost; 0 is a static gain.
        level: Plain = 1.0 in 0.0..=1.5;
    }
}

impl Strength {
    /// Names of the families.
    pub fn families() -> impl Iterator<Item = &'static str> {
        <Self as Fields>::PARAMS.iter().map(|param| param.key)
    }

    /// Sets one by a word like `tone=0.5`; false when there is no such family or no such strength.
    pub fn set_word(&mut self, word: &str) -> bool {
        let Some((family, number)) = word.split_once('=') else { return false };
        let index = Self::PARAMS.iter().position(|param| param.key == family.trim());
        let Some((index, value)) = index.zip(number.trim().parse::<f64>().ok()) else { return false };
        let allowed = Self::PARAMS[index].allows(value);
        if allowed {
            self.set(index, value);
        }
        allowed
    }

    /// Of a family.
    #[must_use]
    pub fn of(&self, family: Family) -> f64 {
        match family {
            Family::Tone => self.tone,
            Family::Dynamics => self.dynamics,
            Family::Saturation => self.saturation,
            Family::Width => self.width,
            Family::Level => self.level,
        }
    }
}

/// A figure a move rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// What was measured.
    pub measure: String,
    /// How much it is.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// What it should be at most (or at least: the measure says).
    pub limit: Option<f64>,
}

impl Evidence {
    /// A figure with its limit, both to a hundredth.
    #[must_use]
    pub fn new(measure: impl Into<String>, value: f64, unit: &str, limit: impl Into<Option<f64>>) -> Self {
        let round = |value: f64| (value * 100.0).round() / 100.0;
        Self {
            measure: measure.into(),
            value: round(value),
            unit: unit.into(),
            limit: limit.into().map(round),
        }
    }
}

/// A move: a processor and why it is there.
#[derive(Debug, Clone)]
pub struct Step {
    /// Name by which it is known again when the chain is proposed anew.
    pub id: String,
    /// What it is about.
    pub family: Family,
    /// The processor with its settings.
    pub settings: Box<dyn AnyProcessor>,
    /// Whether it runs.
    pub on: bool,
    /// Why, in words, one line.
    pub because: String,
    /// The figures behind that.
    pub evidence: Vec<Evidence>,
    /// What it does, with figures where they are predicted.
    pub effect: String,
    /// How sure we are, 0 to 1.
    pub confidence: f64,
    /// What else could be done.
    pub alternatives: Vec<String>,
    /// Whether a new proposal leaves it as it is.
    pub locked: bool,
    /// Hash of the settings as they were proposed; `None` when a person wrote them.
    pub proposed: Option<String>,
}

impl Step {
    /// A move of which nothing is said yet.
    #[must_use]
    pub fn new(id: impl Into<String>, family: Family, settings: Box<dyn AnyProcessor>) -> Self {
        Self {
            id: id.into(),
            family,
            settings,
            on: true,
            because: String::new(),
            evidence: Vec::new(),
            effect: String::new(),
            confidence: 1.0,
            alternatives: Vec::new(),
            locked: false,
            proposed: None,
        }
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, because: impl Into<String>) -> Self {
        self.because = because.into();
        self
    }

    /// Adds a figure.
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Says what it does.
    #[must_use]
    pub fn effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = effect.into();
        self
    }

    /// Says how sure we are, 0 to 1 (to a hundredth).
    #[must_use]
    pub fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = (confidence.clamp(0.0, 1.0) * 100.0).round() / 100.0;
        self
    }

    /// Adds what else could be done.
    #[must_use]
    pub fn or(mut self, alternative: impl Into<String>) -> Self {
        self.alternatives.push(alternative.into());
        self
    }

    /// Hash of the settings, and of whether they run: 16 digits.
    #[must_use]
    pub fn hash(&self) -> String {
        short_hash(&write::settings_line(self))
    }

    /// Whether it holds a ceiling.
    pub(in crate::master) fn limits(&self) -> bool {
        self.on && self.settings.description().index_of("ceiling_dbtp").is_some()
    }

    /// Marks it as proposed: what is changed from now on is a person's.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.proposed = Some(self.hash());
        self
    }

    /// Whether a person changed it, or wrote it.
    #[must_use]
    pub fn edited(&self) -> bool {
        self.proposed.as_ref().is_none_or(|proposed| *proposed != self.hash())
    }

    /// Whether a new proposal leaves it as it is.
    #[must_use]
    pub fn kept(&self) -> bool {
        self.locked || self.edited()
    }
}

/// The first 16 digits of a text's BLAKE3.
pub(super) fn short_hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().chars().take(16).collect()
}
