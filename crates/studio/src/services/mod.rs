//! What services make of a master: how loud they play it, what they turn down or up, where they limit.
//!
//! A simulation of published and measured rules ([`targets`]), not of a service: a rule of tier "measured"
//! or "convention" may be wrong tomorrow. The gain is arithmetic and exact; what a limiter of a service (Spotify Loud) does to the
//! sound is told as the level it has to take off, not rendered.

#[cfg(test)]
mod tests;

use crate::message::Result;
use crate::meters::{Measurements, album_lufs};
use crate::targets::{self, AlbumReference, Rule, Target, Tier, TurnsUp, Unit};
use serde::Serialize;

/// What has to be known about a track.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Track {
    /// Integrated loudness.
    pub integrated_lufs: f64,
    /// True peak.
    pub true_peak_dbtp: f64,
    /// Largest sample: what limiters of services look at.
    pub sample_peak_dbfs: f64,
}

impl Track {
    /// Of what was measured; `None` for silence and for what is too short to have a loudness.
    #[must_use]
    pub fn of(measured: &Measurements) -> Option<Self> {
        let integrated_lufs = measured.integrated_lufs.filter(|lufs| lufs.is_finite())?;
        Some(Self {
            integrated_lufs,
            true_peak_dbtp: measured.true_peak_worst_dbtp(),
            sample_peak_dbfs: measured.sample_peak_dbfs,
        })
    }
}

/// What happens to the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Played as it is.
    AsItIs,
    /// Turned down.
    Down,
    /// Turned up all the way to the level of the service.
    Up,
    /// Turned up as far as its peak allows, or left where it is because of its peak.
    HeldByPeak,
    /// Under the level of the service, and left there because it never turns up.
    LeftQuiet,
    /// Under the level of the service, and nobody knows whether it is turned up; reckoned as if not.
    PerhapsUp,
}

/// One track, played one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Play {
    /// Name of the target.
    pub service: String,
    /// Name for people.
    pub title: String,
    /// The way; empty for the usual one.
    pub mode: String,
    /// What is turned as one.
    pub unit: Unit,
    /// Gain the service applies.
    pub gain_db: f64,
    /// Loudness that is heard. Where it is limited it will be a little less.
    pub loudness_lufs: f64,
    /// True peak before any limiter of the service.
    pub true_peak_dbtp: f64,
    /// What happens.
    pub verdict: Verdict,
    /// What the limiter of the service has to take off the largest sample; `None` where it has none.
    pub limited_db: Option<f64>,
    /// How sure the rule is.
    pub tier: Tier,
}

/// An album, played one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlbumPlay {
    /// Name of the target.
    pub service: String,
    /// Name for people.
    pub title: String,
    /// The way; empty for the usual one.
    pub mode: String,
    /// Whether all tracks get one gain.
    pub unit: Unit,
    /// What the gain is reckoned from, where they do.
    pub reference: Option<AlbumReference>,
    /// Loudness of that.
    pub reference_lufs: Option<f64>,
    /// Track by track.
    pub tracks: Vec<Play>,
}

/// Less than this is nobody's business: half of the last digit that is shown.
const NOTHING_DB: f64 = 0.05;

/// The built-in services, in alphabetical order.
///
/// # Errors
/// Those of a target file.
pub fn all() -> Result<Vec<Target>> {
    Ok(targets::all()?.into_iter().filter(|target| target.turns_up.is_some()).collect())
}

/// What a service makes of a track by itself, in all its ways; empty for what is no service.
#[must_use]
pub fn play(service: &Target, track: Track) -> Vec<Play> {
    let rules = service.rules();
    rules.iter().map(|rule| one(service, rule, Unit::Track, track, track)).collect()
}

/// What a service makes of an album. Where it turns albums as one, the gain comes from its reference and the album's largest peak;
/// elsewhere every track is played by itself. `pooled_lufs` is the loudness of all tracks gated together.
#[must_use]
pub fn play_album(service: &Target, tracks: &[Track], pooled_lufs: f64) -> Vec<AlbumPlay> {
    let unit = service.playback_unit.as_ref().map_or(Unit::Track, |fact| fact.value);
    let reference = (unit == Unit::Album)
        .then(|| service.album_reference.as_ref().map_or(AlbumReference::Pooled, |fact| fact.value));
    let largest = |of: fn(&Track) -> f64| tracks.iter().map(of).fold(f64::NEG_INFINITY, f64::max);
    let whole = reference.map(|reference| Track {
        integrated_lufs: match reference {
            AlbumReference::LoudestTrack => largest(|track| track.integrated_lufs),
            AlbumReference::Pooled => pooled_lufs,
        },
        true_peak_dbtp: largest(|track| track.true_peak_dbtp),
        sample_peak_dbfs: largest(|track| track.sample_peak_dbfs),
    });
    let album = |rule: &Rule<'_>| AlbumPlay {
        service: service.name.clone(),
        title: service.title.clone(),
        mode: rule.name.to_owned(),
        unit,
        reference,
        reference_lufs: whole.map(|whole| whole.integrated_lufs),
        tracks: tracks.iter().map(|&track| one(service, rule, unit, whole.unwrap_or(track), track)).collect(),
    };
    service.rules().iter().map(album).collect()
}

/// Loudness of all tracks gated together; `None` when there is none.
#[must_use]
pub fn pooled_lufs<'a>(tracks: impl IntoIterator<Item = &'a Measurements>) -> Option<f64> {
    album_lufs(tracks).filter(|lufs| lufs.is_finite())
}

/// A track with the gain that `decides` calls for.
fn one(service: &Target, rule: &Rule<'_>, unit: Unit, decides: Track, track: Track) -> Play {
    let gain = rule.gain_db(decides.integrated_lufs, decides.true_peak_dbtp);
    let gain_db = gain.unwrap_or(0.0);
    let short_db = rule.playback_lufs.map_or(0.0, |lufs| lufs - decides.integrated_lufs - gain_db);
    let over_db = |limit_dbfs: f64| (track.sample_peak_dbfs + gain_db - limit_dbfs).max(0.0);
    Play {
        service: service.name.clone(),
        title: service.title.clone(),
        mode: rule.name.to_owned(),
        unit,
        gain_db,
        loudness_lufs: track.integrated_lufs + gain_db,
        true_peak_dbtp: track.true_peak_dbtp + gain_db,
        verdict: verdict(rule, gain_db, short_db),
        limited_db: rule.limits_at_dbfs.map(over_db),
        tier: rule.tier,
    }
}

/// `short_db`: how far under the level of the service it stays.
fn verdict(rule: &Rule<'_>, gain_db: f64, short_db: f64) -> Verdict {
    match rule.turns_up {
        _ if gain_db < -NOTHING_DB => Verdict::Down,
        TurnsUp::ToPeak | TurnsUp::Guarded if short_db > NOTHING_DB => Verdict::HeldByPeak,
        TurnsUp::Never if short_db > NOTHING_DB => Verdict::LeftQuiet,
        TurnsUp::Unknown if short_db > NOTHING_DB => Verdict::PerhapsUp,
        _ if gain_db > NOTHING_DB => Verdict::Up,
        _ => Verdict::AsItIs,
    }
}

impl Play {
    /// The whole of it in words: `turned down 5.3 dB`.
    #[must_use]
    pub fn words(&self) -> String {
        let gain_db = self.gain_db;
        let mut words = match self.verdict {
            Verdict::AsItIs => "as it is".to_owned(),
            Verdict::Down => format!("turned down {:.1} dB", -gain_db),
            Verdict::Up => format!("turned up {gain_db:.1} dB"),
            Verdict::HeldByPeak if gain_db > NOTHING_DB => {
                format!("turned up {gain_db:.1} dB, held by its peak")
            }
            Verdict::HeldByPeak => "not turned up: its peak".to_owned(),
            Verdict::LeftQuiet => "never turned up".to_owned(),
            Verdict::PerhapsUp => "perhaps turned up: not known".to_owned(),
        };
        if let Some(limited_db) = self.limited_db.filter(|db| *db > NOTHING_DB) {
            words.push_str(&format!(", its limiter takes up to {limited_db:.1} dB"));
        }
        words
    }
}
