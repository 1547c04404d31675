//! What a medium asks for beyond its level: moves of one destination alone, before its limiter.
//!
//! A lathe wants its bass in the middle, nothing under the music and no energy where it can only distort. Each move is made where
//! it is measured to be needed, and not where the shared chain has done it.

use super::chain::{Evidence, Family, Step, Strength};
use super::listen::Listening;
use super::propose::made;
use crate::message::Result;
use crate::targets::{Fact, Target};
use dsp::math::{db_to_power, power_to_db};
use fx::Choice;
use fx::eq::BandKind;

/// Side re mid in the lowest band (20 to 148 Hz) above which the bass is put into the middle, dB: 14 dB under the 6 dB at which plants send a
/// record back. By our own convention, docs/decisions/045.
const SIDE_DB: f64 = -20.0;
/// Energy below 25 Hz re all above which it is removed, dB. By our own convention: half of what is removed for everybody.
const SUB_DB: f64 = -40.0;
/// Energy above 16 kHz re all above which the top is rolled off, dB. By calibration, 2026-11-21, docs/decisions/045.
const TOP_DB: f64 = -24.0;
/// The third-octave bands of 16 and 20 kHz, among those from 20 Hz.
const TOP_BANDS: std::ops::RangeInclusive<usize> = 29..=30;

/// The moves of a target; `shared` is the chain before it.
pub(crate) fn moves(
    target: &Target,
    heard: &Listening,
    shared: &[Step],
    strength: &Strength,
) -> Result<Vec<Step>> {
    let found = [
        bass(target, heard, shared, strength)?,
        sub(target, heard, shared, strength)?,
        top(target, heard, strength)?,
    ];
    Ok(found.into_iter().flatten().map(Step::sealed).collect())
}

fn hz(fact: Option<&Fact<f64>>) -> Option<f64> {
    fact.map(|fact| fact.value)
}

/// The largest value of a parameter that a processor of the shared chain has.
fn already(shared: &[Step], processor: &str, address: &str) -> f64 {
    let of = |step: &Step| {
        let description = step.settings.description();
        let index = description.index_of(address).filter(|_| step.on && description.key == processor)?;
        Some(step.settings.get(index))
    };
    shared.iter().filter_map(of).fold(0.0, f64::max)
}

fn bass(target: &Target, heard: &Listening, shared: &[Step], strength: &Strength) -> Result<Option<Step>> {
    let (Some(below_hz), Some(side_db)) =
        (hz(target.mono_below_hz.as_ref()), heard.side_mid_db.first().copied().flatten())
    else {
        return Ok(None);
    };
    let done = already(shared, "gain", "mono_below_hz") >= below_hz;
    if done || side_db <= SIDE_DB || strength.width <= 0.0 {
        return Ok(None);
    }
    let gain = made("gain", &[("mono_below_hz", below_hz)])?;
    let step = Step::new("medium-bass", Family::Width, gain)
        .because(format!(
            "{} wants its bass in the middle: the side is {side_db:.1} dB re mid (limit {SIDE_DB:.0} dB)",
            target.title
        ))
        .evidence(Evidence::new("side re mid below 148 Hz", side_db, "dB", SIDE_DB))
        .effect(format!("mono below {below_hz:.0} Hz"))
        .confidence(0.9)
        .or("300 Hz for loud or long sides")
        .or("put the bass in the middle in the mix");
    Ok(Some(step))
}

fn sub(target: &Target, heard: &Listening, shared: &[Step], strength: &Strength) -> Result<Option<Step>> {
    let Some(corner_hz) = hz(target.high_pass_hz.as_ref()) else { return Ok(None) };
    let done = shared.iter().any(|step| step.id == "tone-rumble" && step.on);
    if done || heard.rumble_db <= SUB_DB || strength.tone <= 0.0 {
        return Ok(None);
    }
    let eq = made("eq", &[("band1.kind", BandKind::HighPass.index() as f64), ("band1.freq_hz", corner_hz)])?;
    let step = Step::new("medium-sub", Family::Tone, eq)
        .because(format!(
            "below 25 Hz lies {:.0} dB (limit {SUB_DB:.0} dB): it moves the groove and no loudspeaker",
            heard.rumble_db
        ))
        .evidence(Evidence::new("energy below 25 Hz re all", heard.rumble_db, "dB", SUB_DB))
        .effect(format!("high-pass {corner_hz:.0} Hz, 12 dB/oct"))
        .confidence(0.9);
    Ok(Some(step))
}

fn top(target: &Target, heard: &Listening, strength: &Strength) -> Result<Option<Step>> {
    let Some(corner_hz) = hz(target.low_pass_hz.as_ref()) else { return Ok(None) };
    let power = |bands: &[f64]| bands.iter().map(|db| db_to_power(*db)).sum::<f64>();
    let all = power(&heard.third_octave_db);
    let top = heard.third_octave_db.get(TOP_BANDS).map_or(0.0, power);
    let top_db = power_to_db(top / all.max(f64::MIN_POSITIVE));
    if all <= 0.0 || top_db <= TOP_DB || heard.top_hz <= corner_hz || strength.tone <= 0.0 {
        return Ok(None);
    }
    let eq = made("eq", &[("band1.kind", BandKind::LowPass.index() as f64), ("band1.freq_hz", corner_hz)])?;
    let step = Step::new("medium-top", Family::Tone, eq)
        .because(format!("above 14 kHz lies {top_db:.0} dB of the energy (limit {TOP_DB:.0} dB): a lathe can only distort it"))
        .evidence(Evidence::new("energy above 14 kHz re all", top_db, "dB", TOP_DB))
        .effect(format!("low-pass {corner_hz:.0} Hz, 12 dB/oct"))
        .confidence(0.7)
        .or("hold back hi-hats and sibilants in the mix");
    Ok(Some(step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::find;

    fn heard() -> Listening {
        let mut third_octave_db = vec![-20.0; 31];
        third_octave_db[29] = -60.0;
        third_octave_db[30] = -60.0;
        let mut heard =
            Listening { third_octave_db, rumble_db: -60.0, top_hz: 22_050.0, ..Listening::default() };
        heard.side_mid_db[0] = Some(-25.0);
        heard
    }

    fn ids(name: &str, heard: &Listening, shared: &[Step]) -> Vec<String> {
        let target = find(name).expect("a target");
        let steps = moves(&target, heard, shared, &Strength::default()).expect("moves");
        steps.into_iter().map(|step| step.id).collect()
    }

    #[test]
    fn each_fault_of_a_side_calls_its_move_and_a_clean_one_none() {
        assert_eq!(ids("vinyl", &heard(), &[]), [""; 0]);
        let mut wide = heard();
        wide.side_mid_db[0] = Some(-12.0);
        assert_eq!(ids("vinyl", &wide, &[]), ["medium-bass"]);
        let mut deep = heard();
        deep.rumble_db = -35.0;
        assert_eq!(ids("vinyl", &deep, &[]), ["medium-sub"]);
        let mut bright = heard();
        bright.third_octave_db[29] = -22.0;
        assert_eq!(ids("vinyl", &bright, &[]), ["medium-top"]);
        // What a service streams is left as it is.
        wide.rumble_db = -35.0;
        assert_eq!(ids("spotify", &wide, &[]), [""; 0]);
    }

    #[test]
    fn what_the_shared_chain_did_is_not_done_again() {
        let mut wide = heard();
        wide.side_mid_db[0] = Some(-5.0);
        let step = |hz| {
            Step::new("width-bass", Family::Width, made("gain", &[("mono_below_hz", hz)]).expect("gain"))
        };
        assert_eq!(ids("vinyl", &wide, &[step(160.0)]), [""; 0]);
        assert_eq!(ids("vinyl", &wide, &[step(110.0)]), ["medium-bass"]);
        let mut deep = heard();
        deep.rumble_db = -25.0;
        let high_pass = Step::new("tone-rumble", Family::Tone, made("eq", &[]).expect("eq"));
        assert_eq!(ids("vinyl", &deep, std::slice::from_ref(&high_pass)), [""; 0]);
        assert_eq!(ids("vinyl", &deep, &[Step { on: false, ..high_pass }]), ["medium-sub"]);
    }

    #[test]
    fn a_spectrum_that_ends_below_the_filter_gets_none() {
        let mut bright = heard();
        bright.third_octave_db[29] = -22.0;
        bright.top_hz = 12_000.0;
        assert_eq!(ids("vinyl", &bright, &[]), [""; 0]);
    }

    #[test]
    fn no_strength_no_move() {
        let mut wide = heard();
        wide.side_mid_db[0] = Some(-5.0);
        let target = find("vinyl").expect("a target");
        let none = Strength { width: 0.0, ..Strength::default() };
        assert!(moves(&target, &wide, &[], &none).expect("moves").is_empty());
    }
}
