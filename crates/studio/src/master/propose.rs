//! The mastering engineer's proposal: the least chain, each step with its measured reason.

use super::chain::{Family, Step, make};
use super::listen::{Dynamics, Listening};
use super::tone::{self, EDGES_HZ, Shape, Tone};
use crate::message::Result;
use fx::AnyProcessor;
use serde::Serialize;

/// A decision, for the report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// Family: `tone`, `dynamics`, `width`, `level`.
    pub family: &'static str,
    /// What was done (or that nothing was).
    pub what: String,
    /// Why, with the measured figure.
    pub because: String,
}

/// The shared part of a chain, and why it is as it is.
#[derive(Debug)]
pub struct Proposal {
    /// Processors in order; empty when the mix needs none.
    pub steps: Vec<Step>,
    /// Every decision, those to do nothing included.
    pub decisions: Vec<Decision>,
    /// What the tone was compared with.
    pub tone: Tone,
}

/// Rumble below 25 Hz re the whole above which it is removed, dB (mastering.md §5.9: high-pass on demand only).
/// By calibration, 2026-11-21: no record in the reference material has more.
const RUMBLE_DB: f64 = -30.0;
/// Side re mid below the first edge above which the bass is made mono, dB (mastering.md §5.7: bass ≤ -11).
const BASS_SIDE_DB: f64 = -11.0;
/// Corner below which it is made mono (mastering.md §5.9: elliptic at 80 to 150 Hz).
const MONO_BELOW_HZ: f64 = 110.0;
/// Side re mid above which the whole is too wide, dB (mastering.md §5.7: elsewhere -14 to -4).
const WIDE_DB: f64 = -4.0;
/// The narrowest the side is made, per cent: a correction, not an effect. By calibration, 2026-11-21.
const LEAST_WIDTH_PERCENT: f64 = 70.0;
/// Bursts of a band over the three seconds around them above which it is evened out, dB. By calibration, 2026-11-21: finished
/// records have 2 to 9, unmastered mixes with drums 10 to 17; the arc of a quiet piece does not count.
const UNEVEN_DB: f64 = 9.5;
/// Reduction wanted at the 90th percentile, dB (mastering.md §5.8: at most 2 dB there).
const REDUCTION_DB: f64 = 1.0;
/// Ratios of the low, middle and high band (mastering.md §5.8: slope 0.15 to 0.3).
const RATIOS: [f64; 3] = [1.35, 1.25, 1.3];
/// A band this quiet holds nothing to even out, dBFS.
const QUIET_DBFS: f64 = -55.0;

const BAND_NAMES: [&str; 3] = ["low", "mid", "high"];

/// What to do to a print that was listened to. `stereo` is whether there are two different channels to speak of.
pub fn propose(heard: &Listening, stereo: bool) -> Result<Proposal> {
    let loudness = loudness_of(heard);
    let relative = heard.level_db.map(|level| level - loudness);
    let tone = tone::propose(&relative, heard.top_hz);
    let mut proposal = Proposal { steps: Vec::new(), decisions: Vec::new(), tone };
    equalise(heard, &mut proposal)?;
    even_out(heard, &mut proposal)?;
    widen(heard, stereo, &mut proposal)?;
    Ok(proposal)
}

/// Level of everything, dB: the common offset is taken out later, so any steady reference will do.
fn loudness_of(heard: &Listening) -> f64 {
    heard.level_db.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

pub(crate) fn set(processor: &mut dyn AnyProcessor, address: &str, value: f64) {
    if let Some(index) = processor.description().index_of(address) {
        processor.set(index, value);
    } else {
        debug_assert!(false, "{address} is not declared");
    }
}

fn band_name(band: usize) -> String {
    format!("{:.0}–{:.0} Hz", EDGES_HZ[band], EDGES_HZ[band + 1])
}

/// Index of a word among the kinds of an equaliser's band.
fn kind_of(shape: Shape) -> f64 {
    use fx::eq::BandKind;
    let kind = match shape {
        Shape::LowShelf => BandKind::LowShelf,
        Shape::Bell => BandKind::Bell,
        Shape::HighShelf => BandKind::HighShelf,
    };
    fx::Choice::index(kind) as f64
}

fn equalise(heard: &Listening, proposal: &mut Proposal) -> Result<()> {
    let mut eq = make("eq")?;
    let mut reasons = Vec::new();
    let mut number = 0;
    if heard.rumble_db > RUMBLE_DB {
        number += 1;
        set(eq.as_mut(), &format!("band{number}.kind"), fx::Choice::index(fx::eq::BandKind::HighPass) as f64);
        set(eq.as_mut(), &format!("band{number}.freq_hz"), 24.0);
        reasons.push((
            "high-pass 24 Hz, 12 dB/oct".to_owned(),
            format!("{:.0} dB of the energy lies below 25 Hz (limit {RUMBLE_DB:.0} dB)", heard.rumble_db),
        ));
    }
    for correction in &proposal.tone.corrections {
        number += 1;
        set(eq.as_mut(), &format!("band{number}.kind"), kind_of(correction.shape));
        set(eq.as_mut(), &format!("band{number}.freq_hz"), correction.freq_hz);
        set(eq.as_mut(), &format!("band{number}.gain_db"), correction.gain_db);
        set(eq.as_mut(), &format!("band{number}.q"), correction.q);
        let side = if correction.outside_db > 0.0 { "over" } else { "under" };
        reasons.push((
            format!("{:+.1} dB at {:.0} Hz", correction.gain_db, correction.freq_hz),
            format!(
                "{} lies {:.1} dB {side} the range of {} records",
                band_name(correction.band),
                correction.outside_db.abs(),
                proposal.tone.family
            ),
        ));
    }
    if reasons.is_empty() {
        let because = format!("every band lies in the range of {} records", proposal.tone.family);
        proposal.decisions.push(Decision { family: "tone", what: "no equalisation".into(), because });
        return Ok(());
    }
    let because = reasons.iter().map(|(what, why)| format!("{what}: {why}")).collect::<Vec<_>>().join("\n");
    proposal.steps.push(Step::new("tone", Family::Tone, eq).because(because).sealed());
    let decisions = reasons.into_iter().map(|(what, because)| Decision { family: "tone", what, because });
    proposal.decisions.extend(decisions);
    Ok(())
}

/// How far a band's bursts stand over their surroundings.
fn unevenness_db(band: &Dynamics) -> f64 {
    if band.p98_dbfs < QUIET_DBFS { 0.0 } else { band.burst_db }
}

fn even_out(heard: &Listening, proposal: &mut Proposal) -> Result<()> {
    let uneven: Vec<usize> = (0..3).filter(|&b| unevenness_db(&heard.dynamics[b]) > UNEVEN_DB).collect();
    if uneven.is_empty() {
        let most = heard.dynamics.iter().map(unevenness_db).fold(0.0, f64::max);
        let because =
            format!("bursts stand at most {most:.1} dB over what is around them (limit {UNEVEN_DB:.1} dB)");
        proposal.decisions.push(Decision { family: "dynamics", what: "no compression".into(), because });
        return Ok(());
    }
    let mut multiband = make("multiband")?;
    let mut reasons = Vec::new();
    for (band, name) in BAND_NAMES.iter().enumerate() {
        let on = uneven.contains(&band);
        set(multiband.as_mut(), &format!("{name}_on"), f64::from(u8::from(on)));
        if !on {
            continue;
        }
        // At the 90th percentile the level is so far over the threshold that the ratio takes `REDUCTION_DB` off.
        let over_db = REDUCTION_DB / (1.0 - 1.0 / RATIOS[band]);
        let threshold_db = ((heard.dynamics[band].p90_dbfs - over_db) * 10.0).round() / 10.0;
        set(multiband.as_mut(), &format!("{name}_threshold_db"), threshold_db.clamp(-60.0, 0.0));
        set(multiband.as_mut(), &format!("{name}_ratio"), RATIOS[band]);
        reasons.push((
            format!("{name} band {}:1 over {threshold_db:.1} dBFS", RATIOS[band]),
            format!(
                "its bursts stand {:.1} dB over what is around them (limit {UNEVEN_DB:.1} dB); about {REDUCTION_DB:.0} dB comes off the loudest tenth",
                unevenness_db(&heard.dynamics[band])
            ),
        ));
    }
    let because = reasons.iter().map(|(what, why)| format!("{what}: {why}")).collect::<Vec<_>>().join("\n");
    proposal.steps.push(Step::new("bands", Family::Dynamics, multiband).because(because).sealed());
    proposal.decisions.extend(reasons.into_iter().map(|(what, because)| Decision {
        family: "dynamics",
        what,
        because,
    }));
    Ok(())
}

fn widen(heard: &Listening, stereo: bool, proposal: &mut Proposal) -> Result<()> {
    if !stereo {
        let because = "the print is mono".to_owned();
        proposal.decisions.push(Decision { family: "width", what: "width left alone".into(), because });
        return Ok(());
    }
    let mut gain = make("gain")?;
    let mut reasons = Vec::new();
    if let Some(bass) = heard.side_mid_db[0].filter(|bass| *bass > BASS_SIDE_DB) {
        set(gain.as_mut(), "mono_below_hz", MONO_BELOW_HZ);
        reasons.push((
            format!("mono below {MONO_BELOW_HZ:.0} Hz"),
            format!("side re mid is {bass:.1} dB below {:.0} Hz (limit {BASS_SIDE_DB:.0} dB)", EDGES_HZ[1]),
        ));
    }
    let wide = median(heard.side_mid_db[1..8].iter().flatten().copied().collect());
    if let Some(side) = wide.filter(|side| *side > WIDE_DB) {
        // Half of the way to the edge: width is the mix's own decision first.
        let width = (100.0 * dsp::math::db_to_gain(0.5 * (WIDE_DB - side))).max(LEAST_WIDTH_PERCENT).round();
        set(gain.as_mut(), "width_percent", width);
        reasons.push((
            format!("width {width:.0} %"),
            format!("side re mid is {side:.1} dB above the bass (limit {WIDE_DB:.0} dB): mono playback would lose much"),
        ));
    }
    if reasons.is_empty() {
        let because = wide.map_or_else(
            || "there is nothing to measure".to_owned(),
            |side| {
                format!("side re mid is {side:.1} dB, inside {WIDE_DB:.0} dB, and the bass is in the middle")
            },
        );
        proposal.decisions.push(Decision { family: "width", what: "width left alone".into(), because });
        return Ok(());
    }
    let because = reasons.iter().map(|(what, why)| format!("{what}: {why}")).collect::<Vec<_>>().join("\n");
    proposal.steps.push(Step::new("width", Family::Width, gain).because(because).sealed());
    proposal.decisions.extend(reasons.into_iter().map(|(what, because)| Decision {
        family: "width",
        what,
        because,
    }));
    Ok(())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::master::tone::FAMILIES;

    fn even() -> Listening {
        let level = Dynamics { median_dbfs: -30.0, p90_dbfs: -26.0, p98_dbfs: -24.0, burst_db: 5.0 };
        Listening {
            level_db: FAMILIES[0].median_db.map(|db| db - 20.0),
            side_mid_db: [
                Some(-18.0),
                Some(-9.0),
                Some(-8.0),
                Some(-8.0),
                Some(-8.0),
                Some(-8.0),
                Some(-8.0),
                Some(-8.0),
                Some(-8.0),
            ],
            top_hz: 22_050.0,
            rumble_db: -45.0,
            dynamics: [level; 3],
        }
    }

    fn families(heard: &Listening) -> Vec<&'static str> {
        let proposal = propose(heard, true).expect("it proposes");
        proposal.steps.iter().map(|step| step.settings.description().key).collect()
    }

    #[test]
    fn a_good_mix_is_left_alone_and_it_is_said_why() {
        let proposal = propose(&even(), true).expect("it proposes");
        assert!(proposal.steps.is_empty(), "{:?}", proposal.steps);
        assert_eq!(proposal.decisions.len(), 3);
        assert!(proposal.decisions.iter().all(|decision| !decision.because.is_empty()));
    }

    #[test]
    fn each_fault_calls_its_own_processor() {
        let mut boomy = even();
        boomy.level_db[0] += 9.0;
        assert_eq!(families(&boomy), ["eq"]);
        let mut rumbling = even();
        rumbling.rumble_db = -20.0;
        assert_eq!(families(&rumbling), ["eq"]);
        let mut jumpy = even();
        jumpy.dynamics[2].burst_db = 12.0;
        assert_eq!(families(&jumpy), ["multiband"]);
        let mut wide_bass = even();
        wide_bass.side_mid_db[0] = Some(-6.0);
        assert_eq!(families(&wide_bass), ["gain"]);
        let mut wide = even();
        for band in 1..9 {
            wide.side_mid_db[band] = Some(-2.0);
        }
        assert_eq!(families(&wide), ["gain"]);
    }

    #[test]
    fn the_threshold_takes_the_wanted_reduction_off_the_loud_tenth() {
        let mut jumpy = even();
        jumpy.dynamics[0] = Dynamics { median_dbfs: -32.0, p90_dbfs: -24.0, p98_dbfs: -20.0, burst_db: 12.0 };
        let proposal = propose(&jumpy, true).expect("it proposes");
        let multiband = &proposal.steps[0].settings;
        let at = |address: &str| multiband.get(multiband.description().index_of(address).expect("declared"));
        let reduction = (-24.0 - at("low_threshold_db")) * (1.0 - 1.0 / at("low_ratio"));
        assert!((reduction - 1.0).abs() < 0.05, "{reduction}");
        assert_eq!((at("low_on"), at("mid_on"), at("high_on")), (1.0, 0.0, 0.0));
    }
}
