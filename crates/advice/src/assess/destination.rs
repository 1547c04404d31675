//! Where it can go, and what changes with it.

use serde::Serialize;
use studio::message::Result;
use studio::targets::{self, Target};

/// A destination, and what it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// Name in commands.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What changes with it.
    pub changes: String,
}

/// Every destination.
///
/// # Errors
/// What reading the targets says.
pub fn choices() -> Result<Vec<Choice>> {
    let choice = |target: &Target| Choice {
        name: target.name.clone(),
        title: target.title.clone(),
        changes: changes(target),
    };
    Ok(targets::all()?.iter().map(choice).collect())
}

fn changes(target: &Target) -> String {
    let mut parts = Vec::new();
    parts.push(match &target.loudness_lufs {
        _ if target.is_unlimited() => "no limiter: as loud as the first peak allows".to_owned(),
        Some(lufs) => format!("{:.0} LUFS loud", lufs.value),
        None => "as loud as suits the music".to_owned(),
    });
    parts.push(format!("peaks to {:.1} dBTP", target.ceiling_dbtp.value));
    parts.push(format!("{} bits, {}", target.bits.value, target.container.value.to_uppercase()));
    if target.mono_below_hz.is_some() {
        parts.push("bass moved to the middle".to_owned());
    }
    if !target.codecs.is_empty() {
        parts.push("checked through the lossy codecs it is played with".to_owned());
    }
    parts.join("; ")
}
