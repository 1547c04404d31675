//! Delivery targets as data.
//!
//! A target is a text file (`targets/*.toml`, built in; a user's own folder comes first). Every number in it is a table with its
//! `value`, its `source`, the `date` it was read and a `tier`: `primary` (the service or the standard itself), `measured` (by
//! engineers from outside) or `convention` (custom or house rule). Services change their numbers; the files say how old ours are.

mod codec;
mod page;
mod parse;
mod play;
#[cfg(test)]
mod tests;

pub use codec::{Codec, Family};
pub use page::render_page;
pub use play::{AlbumReference, Mode, Playback, Rule, TurnsUp, Unit};

use crate::message::{Error, Kind, Result};
use crate::suggest::nearest;
use dsp::dither::Dither;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How sure a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// The service or the standard itself says so.
    Primary,
    /// Measured or reported by engineers from outside.
    Measured,
    /// Custom, or our own rule.
    Convention,
}

impl Tier {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Measured => "measured",
            Self::Convention => "convention",
        }
    }
}

/// A value and why it is believed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub source: String,
    /// When that was read, `yyyy-mm-dd`.
    pub date: String,
    /// How sure it is.
    pub tier: Tier,
}

/// A destination of a master.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Target {
    /// Name in commands: `apple-music`.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Integrated loudness to master to; `None` where loudness is an artistic choice.
    pub loudness_lufs: Option<Fact<f64>>,
    /// How far the loudness may be off, either way.
    pub tolerance_lu: Option<Fact<f64>>,
    /// No true peak above this.
    pub ceiling_dbtp: Fact<f64>,
    /// Masters louder than this are held to [`louder_ceiling_dbtp`](Self::louder_ceiling_dbtp).
    pub louder_than_lufs: Option<Fact<f64>>,
    /// Ceiling of loud masters.
    pub louder_ceiling_dbtp: Option<Fact<f64>>,
    /// Sample rates that are taken, rising.
    pub sample_rates_hz: Fact<Vec<u32>>,
    /// Whether the rate of the source is kept when it is one of them.
    pub keeps_source_rate: Fact<bool>,
    /// Bits per sample, integers.
    pub bits: Fact<u16>,
    /// `wav` or `flac`.
    pub container: Fact<String>,
    /// Dither of the last step.
    #[serde(serialize_with = "by_name")]
    pub dither: Fact<Dither>,
    /// Loudness the service plays at.
    pub playback_lufs: Option<Fact<f64>>,
    /// Whether it turns quiet music up.
    pub turns_up: Option<Fact<TurnsUp>>,
    /// True peak it turns up to.
    pub playback_peak_dbtp: Option<Fact<f64>>,
    /// What it turns as one.
    pub playback_unit: Option<Fact<Unit>>,
    /// What the gain of an album is reckoned from, where albums are turned as one.
    pub album_reference: Option<Fact<AlbumReference>>,
    /// Other ways it plays.
    pub modes: Vec<Mode>,
    /// Lossy codecs it streams in, or that stand for them.
    pub codecs: Vec<Fact<Codec>>,
    /// No true peak of the decoded stream above this; full scale where it does not say.
    pub codec_ceiling_dbtp: Option<Fact<f64>>,
    /// Largest short-term loudness; where both are told, it or the momentary one has to hold.
    pub max_short_term_lufs: Option<Fact<f64>>,
    /// Largest momentary loudness.
    pub max_momentary_lufs: Option<Fact<f64>>,
    /// Delivered without a limiter: the level ends where the first peak touches the ceiling.
    pub unlimited: Option<Fact<bool>>,
    /// Bass below this belongs into the middle, where it is not there.
    pub mono_below_hz: Option<Fact<f64>>,
    /// What lies below this is removed, where there is enough of it.
    pub high_pass_hz: Option<Fact<f64>>,
    /// What lies above this is removed, where there is enough of it.
    pub low_pass_hz: Option<Fact<f64>>,
    /// Peak to loudness ratio below which a master is advised against.
    pub min_plr_lu: Option<Fact<f64>>,
    /// What else should be known.
    pub notes: Vec<Fact<String>>,
}

fn by_name<S: serde::Serializer>(fact: &Fact<Dither>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    let Fact { value, source, date, tier } = fact.clone();
    Fact { value: value.name(), source, date, tier }.serialize(serializer)
}

impl Target {
    /// Ceiling for a master of a loudness.
    #[must_use]
    pub fn ceiling_for(&self, integrated_lufs: f64) -> f64 {
        match (&self.louder_than_lufs, &self.louder_ceiling_dbtp) {
            // A hundredth of slack, so that a master on the limit is not called louder than it.
            (Some(limit), Some(ceiling)) if integrated_lufs > limit.value + self.tolerance() + 0.01 => {
                ceiling.value
            }
            _ => self.ceiling_dbtp.value,
        }
    }

    /// How far the loudness may be off; 0.1 LU where the target does not say.
    #[must_use]
    pub fn tolerance(&self) -> f64 {
        self.tolerance_lu.as_ref().map_or(0.1, |tolerance| tolerance.value)
    }

    /// Whether it is delivered without a limiter.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        self.unlimited.as_ref().is_some_and(|fact| fact.value)
    }

    /// True peak that the decoded stream may reach.
    #[must_use]
    pub fn codec_ceiling(&self) -> f64 {
        self.codec_ceiling_dbtp.as_ref().map_or(0.0, |fact| fact.value)
    }

    /// Whether loudest moments are within what is asked for: one of the two limits suffices, as EBU R 128 s1 has it.
    #[must_use]
    pub fn moments_fit(&self, max_short_term_lufs: Option<f64>, max_momentary_lufs: Option<f64>) -> bool {
        let limits = [
            (&self.max_short_term_lufs, max_short_term_lufs),
            (&self.max_momentary_lufs, max_momentary_lufs),
        ];
        let mut told = limits.iter().filter_map(|(limit, is)| Some((limit.as_ref()?.value, *is))).peekable();
        // What cannot be measured is too short to be too loud.
        told.peek().is_none() || told.any(|(limit, is)| is.is_none_or(|is| is <= limit))
    }

    /// Rate to deliver at for a source of `source_hz`: its own where that is kept and taken; else the highest taken rate not above it,
    /// of its own family (44.1 or 48 kHz and multiples) if there is one; else the lowest that is taken.
    #[must_use]
    pub fn delivery_rate_hz(&self, source_hz: u32) -> u32 {
        let rates = &self.sample_rates_hz.value;
        if self.keeps_source_rate.value && rates.contains(&source_hz) {
            return source_hz;
        }
        let below = || rates.iter().copied().filter(|rate| *rate <= source_hz);
        let family = below().filter(|rate| source_hz.is_multiple_of(*rate)).max();
        family.or(below().max()).or(rates.first().copied()).unwrap_or(source_hz)
    }

    /// How a service plays what was mastered for this target: its usual way first, which has no name; empty for what is no
    /// service. Where it is not known whether quiet music is turned up, it is taken as not.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule<'_>> {
        let Some(turns_up) = self.turns_up.as_ref() else { return Vec::new() };
        let usual = Rule {
            name: "",
            playback_lufs: self.playback_lufs.as_ref().map(|fact| fact.value),
            turns_up: turns_up.value,
            playback_peak_dbtp: self.playback_peak_dbtp.as_ref().map(|fact| fact.value),
            limits_at_dbfs: None,
            tier: self.playback_lufs.as_ref().map_or(turns_up.tier, |fact| fact.tier),
        };
        std::iter::once(usual).chain(self.modes.iter().map(Mode::rule)).collect()
    }

    /// What a listener hears of a master by itself; `None` where the service does not normalise.
    #[must_use]
    pub fn playback(&self, integrated_lufs: f64, true_peak_dbtp: f64) -> Option<Playback> {
        let rules = self.rules();
        let gain_db = rules.first()?.gain_db(integrated_lufs, true_peak_dbtp)?;
        Some(Playback {
            gain_db,
            loudness_lufs: integrated_lufs + gain_db,
            true_peak_dbtp: true_peak_dbtp + gain_db,
        })
    }
}

/// The targets that are built in, by name.
const BUILT_IN: [(&str, &str); 22] = [
    ("amazon", include_str!("../../../../targets/amazon.toml")),
    ("apple-digital-masters", include_str!("../../../../targets/apple-digital-masters.toml")),
    ("apple-music", include_str!("../../../../targets/apple-music.toml")),
    ("archive", include_str!("../../../../targets/archive.toml")),
    ("bandcamp", include_str!("../../../../targets/bandcamp.toml")),
    ("broadcast-a85", include_str!("../../../../targets/broadcast-a85.toml")),
    ("broadcast-r128", include_str!("../../../../targets/broadcast-r128.toml")),
    ("broadcast-r128-s1", include_str!("../../../../targets/broadcast-r128-s1.toml")),
    ("cassette", include_str!("../../../../targets/cassette.toml")),
    ("cd", include_str!("../../../../targets/cd.toml")),
    ("club", include_str!("../../../../targets/club.toml")),
    ("ddp", include_str!("../../../../targets/ddp.toml")),
    ("deezer", include_str!("../../../../targets/deezer.toml")),
    ("film", include_str!("../../../../targets/film.toml")),
    ("hi-res", include_str!("../../../../targets/hi-res.toml")),
    ("podcast", include_str!("../../../../targets/podcast.toml")),
    ("qobuz", include_str!("../../../../targets/qobuz.toml")),
    ("soundcloud", include_str!("../../../../targets/soundcloud.toml")),
    ("spotify", include_str!("../../../../targets/spotify.toml")),
    ("tidal", include_str!("../../../../targets/tidal.toml")),
    ("vinyl", include_str!("../../../../targets/vinyl.toml")),
    ("youtube", include_str!("../../../../targets/youtube.toml")),
];

/// Names of the built-in targets, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// All built-in targets, in alphabetical order.
///
/// # Errors
/// Those of a target file; a test keeps the built-in ones free of them.
pub fn all() -> Result<Vec<Target>> {
    BUILT_IN.iter().map(|(name, text)| parse::target(text, &format!("targets/{name}.toml"))).collect()
}

/// A target by its name, or from the file of that path when the name ends in `.toml`.
///
/// # Errors
/// `unknown_target`, with the nearest name; the errors of a target file.
pub fn find(name: &str) -> Result<Target> {
    find_in(name, None)
}

/// As [`find`], with a user's folder of targets that comes before the built-in ones.
///
/// # Errors
/// As [`find`].
pub fn find_in(name: &str, folder: Option<&Path>) -> Result<Target> {
    if name.to_ascii_lowercase().ends_with(".toml") {
        return load(Path::new(name));
    }
    let plain = name.trim().to_ascii_lowercase().replace([' ', '_'], "-");
    let own = folder.filter(|_| parse::is_name(&plain)).map(|folder| folder.join(format!("{plain}.toml")));
    if let Some(own) = own.filter(|own| own.is_file()) {
        return load(&own);
    }
    match BUILT_IN.iter().find(|(known, _)| *known == plain) {
        Some((known, text)) => parse::target(text, &format!("targets/{known}.toml")),
        None => Err(unknown(name, &plain)),
    }
}

/// A target from a file.
///
/// # Errors
/// `not_found`, `io`; `not_toml` and `bad_target` with their place in the text.
pub fn load(path: &Path) -> Result<Target> {
    let text = crate::files::read_text(path, "the target", MOST_BYTES)?;
    parse::target(&text, &path.display().to_string())
}

/// Largest target file, by our own convention.
const MOST_BYTES: u64 = 1 << 20;

fn unknown(name: &str, plain: &str) -> Error {
    let all: Vec<&str> = names().collect();
    let hint = match nearest(plain, all.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? known targets: {}", all.join(", ")),
        None => format!("known targets: {}", all.join(", ")),
    };
    Error::new(Kind::Usage, "unknown_target", format!("there is no target `{name}`")).hint(hint)
}
