//! Places of listening as data.

use dsp::math;
use serde::{Deserialize, Serialize};
use studio::message::{Error, Kind, Result};
use studio::suggest::nearest;

/// The places that are built in, in the order in which they are told.
const TEXTS: [&str; 8] = [
    include_str!("../../../../curves/phone.toml"),
    include_str!("../../../../curves/laptop.toml"),
    include_str!("../../../../curves/car.toml"),
    include_str!("../../../../curves/earbuds.toml"),
    include_str!("../../../../curves/kitchen.toml"),
    include_str!("../../../../curves/club.toml"),
    include_str!("../../../../curves/vinyl.toml"),
    include_str!("../../../../curves/lossy.toml"),
];

/// A value and why it is believed.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub source: String,
    /// When that was read.
    pub date: String,
    /// `measured`, `convention` or `estimate`.
    pub tier: String,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// Hz and dB, rising in Hz.
    pub points: Vec<(f64, f64)>,
    /// Where it comes from.
    pub source: String,
    /// When that was read.
    pub date: String,
    /// `measured`, `convention` or `estimate`.
    pub tier: String,
}

impl Response {
    /// Gain at a frequency, dB.
    #[must_use]
    pub fn at_db(&self, hz: f64) -> f64 {
        let after = self.points.partition_point(|(x, _)| *x <= hz);
        let point = |index: usize| self.points.get(index).copied();
        match (after.checked_sub(1).and_then(point), point(after)) {
            (Some((low_hz, low)), Some((high_hz, high))) => {
                let share = math::ln(hz / low_hz) / math::ln(high_hz / low_hz);
                low + share * (high - low)
            }
            (Some((_, only)), None) | (None, Some((_, only))) => only,
            (None, None) => 0.0,
        }
    }
}

/// A place of listening.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Name in commands.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What it is.
    pub about: String,
    /// Whether one loudspeaker plays everything.
    pub mono: bool,
    /// Its response.
    pub response: Response,
    /// Both sides are the same below this.
    pub mono_below_hz: Option<Fact<f64>>,
    /// Music this much under the loudness of the whole is lost in the noise of the place, LU.
    pub quiet_under_lu: Option<Fact<f64>>,
    /// The lossy codec it comes through.
    pub codec: Option<Fact<String>>,
}

/// Every place.
///
/// # Errors
/// `bad_curve` when one of the built-in texts is not readable, which a test holds off.
pub fn places() -> Result<Vec<Place>> {
    let read = |text: &&str| {
        toml::from_str::<Place>(text)
            .map_err(|error| Error::new(Kind::Internal, "bad_curve", error.message().to_owned()))
    };
    TEXTS.iter().map(read).collect()
}

/// Those that are asked for; all without a name.
pub(super) fn find(names: &[String]) -> Result<Vec<Place>> {
    let all = places()?;
    if names.is_empty() {
        return Ok(all);
    }
    let known = || all.iter().map(|place| place.name.as_str());
    let one = |name: &String| {
        all.iter().find(|place| place.name == name.trim()).cloned().ok_or_else(|| {
            let error = Error::new(Kind::Usage, "unknown_place", format!("no place is called `{name}`"));
            let near =
                nearest(name, known()).map_or(String::new(), |near| format!("did you mean `{near}`? "));
            error.hint(format!("{near}places: {}", known().collect::<Vec<_>>().join(", ")))
        })
    };
    names.iter().map(one).collect()
}
