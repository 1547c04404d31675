//! One stray hit that eats the headroom of the whole mix (C12): told, and a dip of a few milliseconds on its track offered.

use super::lanes::Room;
use crate::close::Heard;
use crate::moves::{Draft, Family, Place, Value};
use dsp::math::{db_to_gain, gain_to_db};
use studio::message::{Finding, Severity};

/// A peak that stands further over all but 0.01 % of the mix is a stray one, dB (C12).
const STRAY_DB: f64 = 6.0;
/// Deepest dip that is offered, dB, and its length on both sides of the hit, s. By our own convention: past that it is another hit.
const MOST_DB: f64 = -9.0;
const HALF_SECONDS: f64 = 0.05;
/// Peaks a second in the record of a strip.
const PER_SECOND: f64 = 20.0;

/// A stray peak.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stray {
    /// When, s.
    pub(super) seconds: f64,
    /// How far over the rest, dB.
    pub(super) over_db: f64,
    /// Lane that brings it.
    pub(super) lane: usize,
    /// What would have to go, dB.
    pub(super) dip_db: f64,
}

/// Where the largest of `mix` peaks lies, and which of `strips` (peaks behind faders) is largest there; `usual` is the level that
/// 0.01 % of the samples exceed. `None` unless it is further over that than 6 dB.
pub(super) fn stray(mix: &[f64], usual: f64, strips: &[Vec<f64>]) -> Option<Stray> {
    let (at, peak) = mix.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)))?;
    let over_db = gain_to_db(*peak) - gain_to_db(usual);
    if usual <= 0.0 || over_db <= STRAY_DB {
        return None;
    }
    let there = |strip: &[f64]| strip.get(at).copied().unwrap_or(0.0);
    let (lane, own) = strips
        .iter()
        .enumerate()
        .map(|(lane, strip)| (lane, there(strip)))
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))?;
    // What the others have there stays; the hit may keep what brings the mix to 6 dB over the rest.
    let room = usual * db_to_gain(STRAY_DB) - (peak - own).max(0.0);
    let dip_db = if room > 0.0 && own > 0.0 { gain_to_db(room / own).clamp(MOST_DB, 0.0) } else { MOST_DB };
    Some(Stray { seconds: (at as f64 + 0.5) / PER_SECOND, over_db, lane, dip_db })
}

/// Tells and offers.
pub(super) fn work(room: &mut Room<'_>, heard: &Heard) {
    let Some(mix) = heard.courses.get(studio::session::MIX) else { return };
    let strips: Vec<Vec<f64>> = (0..room.lanes.len())
        .map(|number| {
            let lane = &room.lanes[number];
            let group = room.groups.iter().find(|group| group.lanes.contains(&number));
            let fader =
                group.map_or(0.0, |group| group.then_db + if group.is_bus { lane.then_db } else { 0.0 });
            let course = heard.courses.get(&lane.id).map_or(&[][..], |course| course);
            course.iter().map(|peak| peak * db_to_gain(fader)).collect()
        })
        .collect();
    let Some(found) = stray(mix, heard.usual, &strips) else { return };
    let lane = room.lanes[found.lane].clone();
    let name = room.track(&lane).name.clone();
    room.findings.push(
        Finding::new(
            "stray_peak",
            Severity::Info,
            format!("{:.1} dB over all but 0.01 % of the mix", found.over_db),
        )
        .about(lane.id.clone())
        .seconds(found.seconds)
        .limit(format!("{STRAY_DB} dB"))
        .advice(format!(
            "one hit of {name} eats the headroom of the whole print: a dip on its track is offered"
        )),
    );
    let dip = vec![
        ((found.seconds - 2.0 * HALF_SECONDS).max(0.0), 0.0),
        ((found.seconds - HALF_SECONDS).max(0.01), found.dip_db),
        (found.seconds + HALF_SECONDS, found.dip_db),
        (found.seconds + 2.0 * HALF_SECONDS, 0.0),
    ];
    let text = format!(
        "Offered: {name} {:.1} dB down for the one hit at {:.1} s, and the whole print gains level.",
        -found.dip_db, found.seconds
    );
    let place = Place::curve(&lane.id, "trim_db");
    let draft = Draft::new("balance.hit", Family::Balance, place, Value::Points(dip), 0.0.into(), &text)
        .because("over_the_rest_db", found.over_db)
        .because("at_seconds", found.seconds)
        .confidence(0.5)
        .evidence("one transient that eats more than 6 dB of headroom, mixing.md C12")
        .offered();
    room.book.put(&mut room.desk, draft);
}
