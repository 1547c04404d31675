//! Harmonics, only where the tone asks for them.

use super::super::chain::{Evidence, Family, Step};
use super::super::listen::Listening;
use super::super::taste::Taste;
use super::{Proposal, made, tenth};
use crate::message::Result;
use fx::Choice;

/// Loudness of a print for which the drive of a tone is meant, LUFS.
const MEANT_FOR_LUFS: f64 = -18.0;
/// Blows per second beyond which a print is dense with peaks and gets less drive. By calibration, 2026-11-21.
const DRIVE_RANGE_DB: f64 = 12.0;

pub(super) fn warm(heard: &Listening, taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    let Some(warmth) = &taste.colour.saturation else {
        let because = format!("the tone is {}, which has none", taste.colour.name);
        proposal.leave(Family::Saturation, "no saturation", because);
        return Ok(());
    };
    let Some(lufs) = heard.loudness_lufs.filter(|lufs| lufs.is_finite()) else {
        proposal.leave(Family::Saturation, "no saturation", "there is no loudness to set a drive by".into());
        return Ok(());
    };
    // A soft print is driven harder and a loud one less: the curve sees the same level.
    let to_level_db = (MEANT_FOR_LUFS - lufs).clamp(-DRIVE_RANGE_DB, DRIVE_RANGE_DB);
    let drive_db = tenth(warmth.drive_db.value + to_level_db);
    let mix_percent = (warmth.mix_percent.value * taste.strength.saturation).min(100.0).round();
    if mix_percent <= 0.0 {
        return Ok(());
    }
    let saturation = made(
        "saturation",
        &[("mode", warmth.mode.index() as f64), ("drive_db", drive_db), ("mix_percent", mix_percent)],
    )?;
    let mode = fx::saturation::SaturationMode::NAMES.get(warmth.mode.index()).map_or("", |(name, _)| name);
    proposal.take(
        Step::new("saturation", Family::Saturation, saturation)
            .because(format!(
                "{} was asked for; the print has {lufs:.1} LUFS, and the curve wants {MEANT_FOR_LUFS:.0}",
                taste.colour.name
            ))
            .evidence(Evidence::new("loudness of the print", lufs, "LUFS", None))
            .effect(format!("{mode}, drive {drive_db:+.1} dB, {mix_percent:.0} % of it, as loud as before"))
            .confidence(0.5)
            .or("none: strength saturation = 0")
            .or("saturate single tracks in the mix"),
    );
    Ok(())
}
