//! How services play.

use super::Tier;
use serde::Serialize;

/// What a service does with quiet music.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnsUp {
    /// Plays it as it is.
    Never,
    /// Turns it up as far as its peak allows.
    ToPeak,
    /// Turns it up as far as its peak allows, and turns down what would peak above that.
    Guarded,
    /// Turns it up whatever the peak.
    Always,
    /// Not known.
    Unknown,
}

/// What is turned as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Every track by itself.
    Track,
    /// All tracks of an album by one gain, when it is played as an album.
    Album,
}

/// What the gain of an album is reckoned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlbumReference {
    /// Its loudest track.
    LoudestTrack,
    /// All tracks gated together (BS.1770 over the pooled blocks).
    Pooled,
}

/// Another way a service plays, that listeners can choose or that some players have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mode {
    /// What it is called.
    pub name: String,
    /// Loudness it plays at; `None`: everything as it is.
    pub playback_lufs: Option<f64>,
    /// Whether it turns quiet music up.
    pub turns_up: TurnsUp,
    /// True peak it turns up to.
    pub playback_peak_dbtp: Option<f64>,
    /// Level at which it limits what it turned up beyond.
    pub limits_at_dbfs: Option<f64>,
    /// Where that comes from.
    pub source: String,
    /// When that was read, `yyyy-mm-dd`.
    pub date: String,
    /// How sure it is.
    pub tier: Tier,
}

impl Mode {
    pub(super) fn rule(&self) -> Rule<'_> {
        Rule {
            name: &self.name,
            playback_lufs: self.playback_lufs,
            turns_up: self.turns_up,
            playback_peak_dbtp: self.playback_peak_dbtp,
            limits_at_dbfs: self.limits_at_dbfs,
            tier: self.tier,
        }
    }
}

/// One way to play, as a law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule<'a> {
    /// Its name; empty for the usual way.
    pub name: &'a str,
    /// Loudness it plays at; `None`: everything as it is.
    pub playback_lufs: Option<f64>,
    /// Whether it turns quiet music up.
    pub turns_up: TurnsUp,
    /// True peak it turns up to; full scale where it does not say.
    pub playback_peak_dbtp: Option<f64>,
    /// Level at which it limits what it turned up beyond.
    pub limits_at_dbfs: Option<f64>,
    /// How sure it is.
    pub tier: Tier,
}

impl Rule<'_> {
    /// Gain for music of a loudness and a true peak; `None` where nothing is turned.
    #[must_use]
    pub fn gain_db(&self, lufs: f64, true_peak_dbtp: f64) -> Option<f64> {
        let wanted_db = self.playback_lufs? - lufs;
        let headroom_db = self.playback_peak_dbtp.unwrap_or(0.0) - true_peak_dbtp;
        Some(match self.turns_up {
            TurnsUp::Always => wanted_db,
            // Never down because of the peak alone.
            TurnsUp::ToPeak => wanted_db.min(headroom_db.max(0.0)),
            TurnsUp::Guarded => wanted_db.min(headroom_db),
            TurnsUp::Never | TurnsUp::Unknown => wanted_db.min(0.0),
        })
    }
}

/// Playback of a master by a service.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Playback {
    /// Gain the service applies.
    pub gain_db: f64,
    /// Loudness that is heard.
    pub loudness_lufs: f64,
    /// True peak that is heard.
    pub true_peak_dbtp: f64,
}
