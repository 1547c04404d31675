//! What is done to each stem before it is added: little, and only where a figure lies outside a range that is expected.

use super::{MOST_GAIN_DB, Role, Stem};
use crate::master::chain::{Evidence, Family, Step, make};
use crate::master::propose::Decision;
use crate::master::reference::Portrait;
use crate::message::{Error, Kind, Result};
use dsp::math;
use fx::AnyProcessor;

/// Where words are understood, Hz.
const PRESENCE_HZ: [f64; 2] = [1000.0, 4000.0];
/// Voices over the rest there, dB. From the range of a lead vocal in published mixes, -6.3 to -0.5 LU re the mix (mixing.md
/// C5), which is -5 to +9 dB re the rest; voices have more of themselves there than the rest.
/// By calibration, 2026-11-21, see docs/decisions/043.
const VOICE_DB: [f64; 2] = [-3.0, 7.0];
/// Voices that lie further under the rest are a background, as somebody wanted them: no balance to correct, dB.
/// By calibration, 2026-11-21, see docs/decisions/043.
const BACKGROUND_DB: f64 = -10.0;
/// Where bass and bass drum meet, Hz.
const BASS_HZ: [f64; 2] = [40.0, 150.0];
/// Bass over drums there, dB. From published mixes: bass -8.5 (-10.1 to -6.7), drums -7.5 (-9.3 to -4.9) LU re the mix
/// (mixing.md C5); all of the bass is there and a half to a quarter of the drums.
/// By calibration, 2026-11-21, see docs/decisions/043.
const BASS_DB: [f64; 2] = [-5.0, 8.0];
/// How much of what lies outside is corrected, and the most by level alone, dB.
const PART: f64 = 0.5;
const MOST_DB: f64 = 1.5;
/// Less is left alone, dB.
const WORTH_DB: f64 = 0.3;
/// Sibilants (mastering.md §5.9: 5 to 9 kHz against 1 to 4 kHz) of a voice, dB, above which a de-esser stands.
/// By calibration, 2026-11-21, see docs/decisions/043.
const SIBILANT_HZ: [f64; 2] = [5000.0, 9000.0];
const SIBILANT_DB: f64 = -5.0;
/// What it takes off at that limit, and the most, with a decibel more for each decibel over it (mastering.md §5.9: at most 4 dB).
const DEESS_DB: [f64; 2] = [2.0, 4.0];
/// Side re mid of a bass below the second figure above which it is made mono (mastering.md §5.15: at most -20 dB).
const SIDE_DB: f64 = -20.0;
const MONO_BELOW_HZ: f64 = 120.0;
/// Rumble of a voice below the first figure re all of it above which it is cut, dB.
/// By calibration, 2026-11-21, see docs/decisions/043.
const RUMBLE_HZ: f64 = 60.0;
const RUMBLE_DB: f64 = -30.0;
/// Loud moments of a voice over its usual ones, dB, above which it is held a little.
/// By calibration, 2026-11-21, see docs/decisions/043.
const UNEVEN_DB: f64 = 9.5;
const HELD_DB: f64 = 2.0;

/// Puts levels and moves into `stems`; `heard` is what they are like, in their order.
pub(super) fn propose(stems: &mut [Stem], heard: &[Option<Portrait>]) -> Result<Vec<Decision>> {
    let mut decisions = Vec::new();
    balance_voice(stems, heard, &mut decisions)?;
    balance_bass(stems, heard, &mut decisions);
    for (stem, portrait) in stems.iter_mut().zip(heard) {
        let Some(portrait) = portrait else {
            decisions.push(decision(Family::Level, stem, "left alone", "nothing sounds in it"));
            continue;
        };
        match stem.role {
            Role::Vocals => voice(stem, portrait, &mut decisions)?,
            Role::Bass => bass(stem, portrait, &mut decisions)?,
            Role::Drums | Role::Music => {}
        }
    }
    Ok(decisions)
}

fn decision(family: Family, stem: &Stem, what: &str, because: &str) -> Decision {
    Decision { family: family.name(), what: format!("{}: {what}", stem.file), because: because.to_owned() }
}

fn set(processor: &mut dyn AnyProcessor, address: &str, value: f64) -> Result<()> {
    let undeclared = || Error::new(Kind::Internal, "undeclared", format!("{address} is not declared"));
    let index = processor.description().index_of(address).ok_or_else(undeclared)?;
    processor.set(index, value);
    Ok(())
}

/// Power of the stems of some roles between two frequencies; stems are as good as unrelated, so powers add.
fn power(
    stems: &[Stem],
    heard: &[Option<Portrait>],
    [low, high]: [f64; 2],
    role: impl Fn(Role) -> bool,
) -> f64 {
    let with = stems.iter().zip(heard).filter(|(stem, _)| role(stem.role));
    with.filter_map(|(_, portrait)| Some(portrait.as_ref()?.power(low, high))).sum()
}

/// How far a figure lies outside a range: negative below it.
fn outside(value: f64, [least, most]: [f64; 2]) -> f64 {
    value - value.clamp(least, most)
}

/// The ratio of two powers in dB, where both are there.
fn ratio_db(a: f64, b: f64) -> Option<f64> {
    (a > 0.0 && b > 0.0).then(|| math::power_to_db(a / b))
}

fn level(stem: &mut Stem, gain_db: f64, because: &str, decisions: &mut Vec<Decision>) {
    let gain_db = ((stem.gain_db + gain_db).clamp(-MOST_GAIN_DB, MOST_GAIN_DB) * 10.0).round() / 10.0;
    if gain_db.abs() >= WORTH_DB {
        stem.gain_db = gain_db;
        because.clone_into(&mut stem.because);
        decisions.push(decision(Family::Level, stem, &format!("{gain_db:+.1} dB"), because));
    }
}

fn balance_voice(
    stems: &mut [Stem],
    heard: &[Option<Portrait>],
    decisions: &mut Vec<Decision>,
) -> Result<()> {
    let voices = power(stems, heard, PRESENCE_HZ, |role| role == Role::Vocals);
    let rest = power(stems, heard, PRESENCE_HZ, |role| role != Role::Vocals);
    let Some(over_db) = ratio_db(voices, rest) else { return Ok(()) };
    if over_db < BACKGROUND_DB {
        let because = format!(
            "from 1 to 4 kHz the voices are {over_db:+.1} dB re the rest: a background (under {BACKGROUND_DB:+.0} dB), as the mix has it"
        );
        for stem in stems.iter().filter(|stem| stem.role == Role::Vocals) {
            decisions.push(decision(Family::Level, stem, "left alone", &because));
        }
        return Ok(());
    }
    let outside_db = outside(over_db, VOICE_DB);
    let gain_db = (-PART * outside_db).clamp(-MOST_DB, MOST_DB);
    let because = format!(
        "from 1 to 4 kHz the voices are {over_db:+.1} dB re the rest; records have {:+.0} to {:+.0}",
        VOICE_DB[0], VOICE_DB[1]
    );
    for stem in stems.iter_mut().filter(|stem| stem.role == Role::Vocals) {
        level(stem, gain_db, &because, decisions);
    }
    // What level alone should not do, room in the music does.
    let left_db = -PART * outside_db - gain_db;
    if left_db < WORTH_DB {
        return Ok(());
    }
    let dip_db = -(left_db.min(MOST_DB) * 10.0).round() / 10.0;
    for stem in stems.iter_mut().filter(|stem| stem.role == Role::Music) {
        let mut eq = make("eq")?;
        set(eq.as_mut(), "band1.freq_hz", 2000.0)?;
        set(eq.as_mut(), "band1.gain_db", dip_db)?;
        let step = Step::new("room-for-the-voice", Family::Tone, eq)
            .because(because.as_str())
            .evidence(Evidence::new("voices re the rest, 1 to 4 kHz", over_db, "dB", VOICE_DB[0]))
            .effect(format!("{dip_db:+.1} dB around 2 kHz"))
            .confidence(0.5)
            .or("ask for a mix with the voice further up");
        push(stem, step, decisions);
    }
    Ok(())
}

fn balance_bass(stems: &mut [Stem], heard: &[Option<Portrait>], decisions: &mut Vec<Decision>) {
    let bass = power(stems, heard, BASS_HZ, |role| role == Role::Bass);
    let drums = power(stems, heard, BASS_HZ, |role| role == Role::Drums);
    let Some(over_db) = ratio_db(bass, drums) else { return };
    let gain_db = (-PART * outside(over_db, BASS_DB)).clamp(-MOST_DB, MOST_DB);
    let because = format!(
        "from 40 to 150 Hz the bass is {over_db:+.1} dB re the drums; records have {:+.0} to {:+.0}",
        BASS_DB[0], BASS_DB[1]
    );
    for stem in stems.iter_mut().filter(|stem| stem.role == Role::Bass) {
        level(stem, gain_db, &because, decisions);
    }
}

fn push(stem: &mut Stem, step: Step, decisions: &mut Vec<Decision>) {
    decisions.push(decision(step.family, stem, &step.effect, &step.because));
    stem.steps.push(step.sealed());
}

fn voice(stem: &mut Stem, portrait: &Portrait, decisions: &mut Vec<Decision>) -> Result<()> {
    let whole = portrait.power(20.0, 20_000.0);
    if let Some(rumble_db) = ratio_db(portrait.power(20.0, RUMBLE_HZ), whole).filter(|db| *db > RUMBLE_DB) {
        let mut eq = make("eq")?;
        set(eq.as_mut(), "band1.kind", fx::Choice::index(fx::eq::BandKind::HighPass) as f64)?;
        set(eq.as_mut(), "band1.freq_hz", RUMBLE_HZ)?;
        let step = Step::new("rumble", Family::Tone, eq)
            .because(format!("{rumble_db:.0} dB of the voice lies below 60 Hz, where no voice is"))
            .evidence(Evidence::new("below 60 Hz re the whole", rumble_db, "dB", RUMBLE_DB))
            .effect("high-pass 60 Hz, 12 dB/oct")
            .confidence(0.9);
        push(stem, step, decisions);
    }
    let sibilant = portrait.power(SIBILANT_HZ[0], SIBILANT_HZ[1]);
    let sibilant_db = ratio_db(sibilant, portrait.power(PRESENCE_HZ[0], PRESENCE_HZ[1]));
    if let Some(sibilant_db) = sibilant_db.filter(|db| *db > SIBILANT_DB) {
        let mut deesser = make("deesser")?;
        let range_db = (DEESS_DB[0] + sibilant_db - SIBILANT_DB).min(DEESS_DB[1]);
        let range_db = (2.0 * range_db).round() / 2.0;
        set(deesser.as_mut(), "range_db", range_db)?;
        let step = Step::new("sibilance", Family::Tone, deesser)
            .because(format!(
                "its sibilants are {sibilant_db:+.1} dB re its words (limit {SIBILANT_DB:.0} dB)"
            ))
            .evidence(Evidence::new("5 to 9 kHz re 1 to 4 kHz", sibilant_db, "dB", SIBILANT_DB))
            .effect(format!("at most {range_db:.1} dB off each sibilant"))
            .confidence(0.6);
        push(stem, step, decisions);
    }
    hold(stem, portrait, decisions)
}

/// A voice whose loud moments stand far out.
fn hold(stem: &mut Stem, portrait: &Portrait, decisions: &mut Vec<Decision>) -> Result<()> {
    let Some((median_dbfs, reach_db)) = portrait.middle_band().filter(|(_, reach)| *reach > UNEVEN_DB) else {
        return Ok(());
    };
    let mut compressor = make("compressor")?;
    let ratio = 1.0 / (1.0 - HELD_DB / reach_db);
    set(compressor.as_mut(), "threshold_db", ((median_dbfs * 10.0).round() / 10.0).clamp(-60.0, 0.0))?;
    set(compressor.as_mut(), "ratio", (ratio * 100.0).round() / 100.0)?;
    set(compressor.as_mut(), "detector", fx::Choice::index(fx::compressor::Detector::Rms) as f64)?;
    set(compressor.as_mut(), "attack_ms", 20.0)?;
    set(compressor.as_mut(), "range_db", MOST_GAIN_DB)?;
    let step = Step::new("hold", Family::Dynamics, compressor)
        .because(format!(
            "its loudest twentieth stands {reach_db:.1} dB over its median (limit {UNEVEN_DB:.1} dB)"
        ))
        .evidence(Evidence::new("loudest twentieth over the median", reach_db, "dB", UNEVEN_DB))
        .effect(format!("{HELD_DB:.0} dB off its loudest twentieth, at most {MOST_GAIN_DB:.0} dB"))
        .confidence(0.5);
    push(stem, step, decisions);
    Ok(())
}

fn bass(stem: &mut Stem, portrait: &Portrait, decisions: &mut Vec<Decision>) -> Result<()> {
    let Some(side_db) = portrait.side_mid_db(25.0, 150.0).filter(|db| *db > SIDE_DB) else { return Ok(()) };
    let mut gain = make("gain")?;
    set(gain.as_mut(), "mono_below_hz", MONO_BELOW_HZ)?;
    let step = Step::new("mono-bass", Family::Width, gain)
        .because(format!("its side is {side_db:.1} dB re its middle below 150 Hz (limit {SIDE_DB:.0} dB)"))
        .evidence(Evidence::new("side re mid below 150 Hz", side_db, "dB", SIDE_DB))
        .effect(format!("mono below {MONO_BELOW_HZ:.0} Hz"))
        .confidence(0.8);
    push(stem, step, decisions);
    Ok(())
}
