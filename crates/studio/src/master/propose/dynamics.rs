//! Compression, only where bursts were measured: by bands, or of the whole where all of them burst.

use super::super::chain::{Evidence, Family, Step, make};
use super::super::listen::{Dynamics, Listening, SPLIT_HZ};
use super::super::taste::Taste;
use super::{Proposal, made, set, tenth};
use crate::message::Result;
use dsp::math;
use fx::Choice;

/// Bursts of a band over the three seconds around them above which it is evened out, dB. By calibration, 2026-11-21: finished
/// records have 2 to 9, unmastered mixes with drums 10 to 17; the arc of a quiet piece does not count.
const UNEVEN_DB: f64 = 9.5;
/// Most that comes off at the 90th percentile, dB (mastering.md §5.8).
const MOST_DB: f64 = 2.0;
/// Ratios of the low, middle and high band (mastering.md §5.8: slope 0.15 to 0.3).
const RATIOS: [f64; 3] = [1.35, 1.25, 1.3];
/// Ratio of bus compression (mastering.md §5.8: slope 0.15 to 0.3).
const BUS_RATIO: f64 = 1.4;
/// Its release, ms (mastering.md §5.8: 60 to 200 by band).
const BUS_RELEASE_MS: f64 = 150.0;
/// No more than this at any time, dB. By calibration, 2026-11-21: the hardest blows of a drum-led mix lost 4 dB without it.
const RANGE_DB: f64 = 3.0;
/// A band this quiet holds nothing to even out, dBFS.
const QUIET_DBFS: f64 = -55.0;

const BAND_NAMES: [&str; 3] = ["low", "mid", "high"];

/// How far a band's bursts stand over their surroundings.
fn unevenness_db(band: &Dynamics) -> f64 {
    if band.p98_dbfs < QUIET_DBFS { 0.0 } else { band.burst_db }
}

/// Threshold at which a ratio takes `reduction_db` off a level.
fn threshold_db(level_dbfs: f64, reduction_db: f64, ratio: f64) -> f64 {
    tenth(level_dbfs - reduction_db / (1.0 - 1.0 / ratio)).clamp(-60.0, 0.0)
}

fn figure(name: &str, band: &Dynamics) -> Evidence {
    Evidence::new(format!("bursts of the {name} band"), unevenness_db(band), "dB", UNEVEN_DB)
}

pub(super) fn even_out(heard: &Listening, taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    let uneven: Vec<usize> = (0..3).filter(|&b| unevenness_db(&heard.dynamics[b]) > UNEVEN_DB).collect();
    let reduction_db = (taste.intensity.compression_db.value * taste.strength.dynamics).min(MOST_DB);
    if uneven.is_empty() || reduction_db <= 0.0 {
        let most = heard.dynamics.iter().map(unevenness_db).fold(0.0, f64::max);
        let because =
            format!("bursts stand at most {most:.1} dB over what is around them (limit {UNEVEN_DB:.1} dB)");
        proposal.leave(Family::Dynamics, "no compression", because);
        return Ok(());
    }
    let step = if uneven.len() == 3 {
        whole(heard, taste, reduction_db)?
    } else {
        by_bands(heard, &uneven, reduction_db)?
    };
    proposal.take(step);
    Ok(())
}

/// Bus compression.
fn whole(heard: &Listening, taste: &Taste, reduction_db: f64) -> Result<Step> {
    // Loud tenths of the bands hardly ever miss each other.
    let level = math::power_to_db(heard.dynamics.iter().map(|band| math::db_to_power(band.p90_dbfs)).sum());
    let threshold_db = threshold_db(level, reduction_db, BUS_RATIO);
    let attack_ms = taste.colour.bus_attack_ms.value;
    let compressor = made(
        "compressor",
        &[
            ("threshold_db", threshold_db),
            ("ratio", BUS_RATIO),
            ("knee_db", 8.0),
            ("attack_ms", attack_ms),
            ("release_ms", BUS_RELEASE_MS),
            ("detector", fx::compressor::Detector::Rms.index() as f64),
            ("rms_window_ms", 20.0),
            ("range_db", RANGE_DB),
        ],
    )?;
    let bursts = heard.dynamics.map(|band| unevenness_db(&band));
    let least = bursts.iter().copied().fold(f64::INFINITY, f64::min);
    let mut step = Step::new("dynamics-bus", Family::Dynamics, compressor)
        .because(format!(
            "bursts stand {least:.1} dB and more over what is around them in all three bands (limit {UNEVEN_DB:.1} dB): the whole moves, so the whole is held"
        ))
        .effect(format!(
            "{BUS_RATIO}:1 over {threshold_db:.1} dB, attack {attack_ms:.0} ms: about {reduction_db:.1} dB off the loudest tenth"
        ))
        .confidence(0.65)
        .or("compress by bands: `multiband`")
        .or("compress the drum bus in the mix");
    for (band, name) in BAND_NAMES.iter().enumerate() {
        step = step.evidence(figure(name, &heard.dynamics[band]));
    }
    Ok(step)
}

/// Compression of the bands that burst.
fn by_bands(heard: &Listening, uneven: &[usize], reduction_db: f64) -> Result<Step> {
    let mut multiband = make("multiband")?;
    set(multiband.as_mut(), "range_db", RANGE_DB);
    let (mut whats, mut whys, mut evidence) = (Vec::new(), Vec::new(), Vec::new());
    for (band, name) in BAND_NAMES.iter().enumerate() {
        let on = uneven.contains(&band);
        set(multiband.as_mut(), &format!("{name}_on"), f64::from(u8::from(on)));
        if !on {
            continue;
        }
        let threshold_db = threshold_db(heard.dynamics[band].p90_dbfs, reduction_db, RATIOS[band]);
        set(multiband.as_mut(), &format!("{name}_threshold_db"), threshold_db);
        set(multiband.as_mut(), &format!("{name}_ratio"), RATIOS[band]);
        whats.push(format!("{name} band {}:1 over {threshold_db:.1} dBFS", RATIOS[band]));
        whys.push(format!(
            "bursts of the {name} band stand {:.1} dB over what is around them (limit {UNEVEN_DB:.1} dB)",
            unevenness_db(&heard.dynamics[band])
        ));
        evidence.push(figure(name, &heard.dynamics[band]));
    }
    let effect = format!("{}: about {reduction_db:.1} dB off the loudest tenth", whats.join(", "));
    let mut step = Step::new("dynamics-bands", Family::Dynamics, multiband)
        .because(whys.join("; "))
        .effect(effect)
        .confidence(0.7)
        .or(format!(
            "compress the instrument that bursts, in the mix (below {:.0} or above {:.0} Hz?)",
            SPLIT_HZ[0], SPLIT_HZ[1]
        ))
        .or("leave it: blows are what drums are for");
    step.evidence = evidence;
    Ok(step)
}
