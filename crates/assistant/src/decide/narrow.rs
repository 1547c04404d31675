//! A second opinion on the balance (C5): loudness in the band round the second to fourth harmonic (Shi and Reiss), against that of
//! the whole spectrum.

use super::lanes::Room;
use super::mask::weights;
use crate::hear::band_centre_hz;
use dsp::math::power_to_db;
use studio::message::{Finding, Severity};

/// From twice to four times the fundamental; where there is none, 50 Hz to 10 kHz (C0).
const HARMONICS: (f64, f64) = (2.0, 4.0);
const UNPITCHED_HZ: (f64, f64) = (50.0, 10_000.0);
/// Share of the time with a pitch from which on a track has a fundamental. By our own convention.
const PITCHED: f64 = 0.3;
/// Difference of both opinions from which on the balance is not sure, LU (C5).
const APART_LU: f64 = 3.0;

/// Tells groups of which the two loudnesses disagree.
pub(super) fn work(room: &mut Room<'_>) {
    let weights = weights();
    let (mut full, mut narrow) = (Vec::new(), Vec::new());
    for group in &room.groups {
        let (mut all, mut inside) = (0.0, 0.0);
        for lane in &group.lanes {
            let pitch = room.facts(&room.lanes[*lane]).pitch;
            let pitched = pitch.share >= PITCHED && pitch.median_hz > 0.0;
            let (low, high) = match pitched {
                true => (HARMONICS.0 * pitch.median_hz, HARMONICS.1 * pitch.median_hz),
                false => UNPITCHED_HZ,
            };
            for frame in room.film_of(&[*lane], group.fader_db, &group.colour_db) {
                for ((band, power), weight) in frame.iter().enumerate().zip(&weights) {
                    let power = power * weight;
                    all += power;
                    inside += if (low..=high).contains(&band_centre_hz(band)) { power } else { 0.0 };
                }
            }
        }
        full.push(all);
        narrow.push(inside);
    }
    let apart = disagreement_lu(&full, &narrow);
    let worst = apart.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    if let Some((at, lu)) = worst.filter(|(_, lu)| lu.abs() > APART_LU) {
        let group = &room.groups[at];
        let way = if *lu > 0.0 { "louder" } else { "softer" };
        room.findings.push(
            Finding::new(
                "balance_unsure",
                Severity::Info,
                format!("{:.1} LU {way} by its harmonics", lu.abs()),
            )
            .about(group.strip.clone())
            .limit(format!("{APART_LU} LU"))
            .advice(format!(
                "{} may be heard {way} than their loudness says: listen to their fader",
                group.group.name()
            )),
        );
    }
}

/// How much louder each group is against the mix by its narrow band than by all of its spectrum, LU; 0 for what is silent in either.
pub(super) fn disagreement_lu(full: &[f64], narrow: &[f64]) -> Vec<f64> {
    let (all, inside) = (full.iter().sum::<f64>(), narrow.iter().sum::<f64>());
    full.iter()
        .zip(narrow)
        .map(|(full, narrow)| match *full > 0.0 && *narrow > 0.0 {
            true => power_to_db(narrow / inside) - power_to_db(full / all),
            false => 0.0,
        })
        .collect()
}
