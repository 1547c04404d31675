//! The album as a record to be cut: what the lathe needs of each song, what a model of it says of each side, and what is held
//! back because it asks for it.

use super::cut::Came;
use super::level::Levels;
use super::propose::Prepared;
use super::render::{Desk, Reel, Rendered};
use super::set;
use crate::master::chain::{Family, Step, Strength, make};
use crate::master::level::medium_moves;
use crate::master::propose::set as put;
use crate::message::{Finding, Result, Severity};
use crate::targets::Target;
use crate::vinyl::cut::STYLUS_UM;
use crate::vinyl::plan::{SidePlan, plan_with_gaps};
use crate::vinyl::{self, Format, MOST_SIBILANCE_DB, Song};
use dsp::math::gain_to_db;
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// Draws a side: the picture belongs to the room of reports.
pub type Picture = fn(&SidePlan, &[Song], &Format) -> String;

/// Treble is held back by no more, dB: what is worse than that is the mix's (as the mastering room, plus half as much for a
/// lathe). By our own convention, docs/decisions/045.
const MOST_HELD_DB: f64 = 6.0;
/// Less than this is not worth a filter, dB.
const LEAST_HELD_DB: f64 = 0.5;
/// The bell: from 5 to 14 kHz, where both sibilants and sharp bends are made.
const HELD_HZ: f64 = 8500.0;
const HELD_Q: f64 = 0.7;
const HELD_RATIO: f64 = 3.0;
/// The whole range is used this far under the level that is exceeded in a hundredth of the time, dB. By calibration, 2026-11-21:
/// at that level itself bursts of noise lose half of it.
const FULL_UNDER_DB: f64 = 1.5;

/// What was held back, and what it did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    /// Title of the song (the first, of a piece).
    pub title: String,
    /// At most, dB.
    pub range_db: f64,
    /// Why.
    pub because: String,
}

/// The record as the model of the lathe cuts it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sides {
    /// Kind of record.
    pub format: Format,
    /// Songs, side by side.
    pub songs: Vec<Song>,
    /// Sides; songs by their place in `songs`.
    pub sides: Vec<SidePlan>,
    /// What was held back because the model asked for it.
    pub held: Vec<Held>,
    /// Index in the album of each of `songs`.
    #[serde(skip)]
    order: Vec<usize>,
}

/// The chains of a destination that is cut: what its medium needs comes behind what songs have.
pub(super) fn chains(desk: &Desk<'_>, target: &Target) -> Result<Vec<Vec<Step>>> {
    let own = |(passage, chain): (&super::Passage, &Vec<Step>)| {
        let Some(lead) = desk.prepared.heard.get(passage.lead()) else { return Ok(chain.clone()) };
        let moves = medium_moves(target, &lead.listening, chain, &Strength::default())?;
        Ok(chain.iter().cloned().chain(moves).collect())
    };
    desk.prepared.passages.iter().zip(desk.chains).map(own).collect()
}

/// Cuts what was rendered on the model; where that asks for less treble, some is held back and the record is rendered once more.
pub(super) fn cut(
    desk: &Desk<'_>,
    wanted: &super::level::Wanted<'_>,
    reels: &[Reel],
    rendered: Vec<Rendered>,
    levels: Levels,
) -> Result<(Vec<Rendered>, Levels, Option<Sides>)> {
    let Some(format) = desk.ears else { return Ok((rendered, levels, None)) };
    let sides = plan(desk.prepared, &format, reels, &rendered);
    let asked = asked(desk.prepared, &sides);
    if asked.is_empty() {
        return Ok((rendered, levels, Some(sides)));
    }
    let (mut chains, mut held) = (desk.chains.to_vec(), Vec::new());
    for (passage, ask) in &asked {
        let gain_db = levels.levels.get(*passage).map_or(0.0, |level| level.gain_db);
        let step = ask.step(gain_db)?;
        held.push(Held { title: ask.title.clone(), range_db: ask.range_db(), because: step.because.clone() });
        if let Some(chain) = chains.get_mut(*passage) {
            chain.push(step);
        }
    }
    // The files of the first go before those of the second are begun.
    drop(rendered);
    let desk = Desk { chains: &chains, ..*desk };
    let (rendered, _, levels) = set::render_to_levels(&desk, wanted, reels, levels, None)?;
    let sides = Sides { held, ..plan(desk.prepared, &format, reels, &rendered) };
    Ok((rendered, levels, Some(sides)))
}

/// Hears the songs of every side and cuts them.
fn plan(prepared: &Prepared, format: &Format, reels: &[Reel], rendered: &[Rendered]) -> Sides {
    let (mut songs, mut order, mut gaps, mut ranges) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (reel, rendered) in reels.iter().zip(rendered) {
        let first = songs.len();
        let mut before = None;
        for slot in &reel.timeline.slots {
            let Some(came) = rendered.came.iter().find(|came| came.song == slot.song) else { continue };
            let Some(song) = song_of(prepared, reel, came) else { continue };
            // A crossfade has no gap; the side is reckoned longer by what it overlaps.
            let silent = before.map_or(0, |end| slot.start.saturating_sub(end));
            gaps.push(reel.timeline.seconds(silent));
            before = Some(slot.end);
            songs.push(song);
            order.push(slot.song);
        }
        ranges.push(first..songs.len());
    }
    let sides = plan_with_gaps(&songs, &ranges, format, &gaps);
    Sides { format: *format, songs, sides, held: Vec::new(), order }
}

fn song_of(prepared: &Prepared, reel: &Reel, came: &Came) -> Option<Song> {
    let grooved = came.grooved.as_ref()?;
    Some(Song {
        file: reel.pieces.first().map(|piece| piece.path.clone()).unwrap_or_default(),
        title: prepared.album.songs.get(came.song).map_or_else(String::new, |song| song.title.clone()),
        measured: came.measured.clone(),
        bass: grooved.bass,
        treble: grooved.treble,
        findings: Vec::new(),
        motion: grooved.motion.clone(),
    })
}

/// What the model asks of a song.
#[derive(Debug, Clone, PartialEq)]
struct Ask {
    title: String,
    /// Sibilants over the limit, dB; 0 where they are under it.
    sibilance_db: f64,
    /// Sharpest bend, µm, and by how much treble has to fall for a stylus to follow it, dB; 0 where it follows.
    bend_um: f64,
    bend_db: f64,
    /// Level of the sibilants' band, as delivered.
    sibilant_dbfs: f64,
}

impl Ask {
    fn need_db(&self) -> f64 {
        self.sibilance_db.max(self.bend_db)
    }

    fn range_db(&self) -> f64 {
        // Half a decibel more than is missing: a filter that moves does not take all of it at once.
        (10.0 * (self.need_db() + 0.5).min(MOST_HELD_DB)).round() / 10.0
    }

    /// The bell; `gain_db` is what comes after it.
    fn step(&self, gain_db: f64) -> Result<Step> {
        let range_db = self.range_db();
        // Over the threshold, the gain falls by 1 - 1/ratio for every decibel.
        let over_db = range_db / (1.0 - 1.0 / HELD_RATIO);
        let threshold_db = (self.sibilant_dbfs - gain_db - FULL_UNDER_DB - over_db).clamp(-80.0, 0.0);
        let mut eq = make("eq")?;
        for (address, value) in [
            ("band1.freq_hz", HELD_HZ),
            ("band1.q", HELD_Q),
            ("band1.dynamic", fx::Choice::index(fx::eq::Dynamic::Above) as f64),
            ("band1.threshold_db", (10.0 * threshold_db).round() / 10.0),
            ("band1.ratio", HELD_RATIO),
            ("band1.range_db", -range_db),
            ("band1.attack_ms", 0.5),
            ("band1.release_ms", 50.0),
        ] {
            put(eq.as_mut(), address, value);
        }
        let mut why = Vec::new();
        if self.sibilance_db > 0.0 {
            why.push(format!(
                "sibilants stand {:.1} dB over the body of the sound (limit {MOST_SIBILANCE_DB:.0} dB)",
                MOST_SIBILANCE_DB + self.sibilance_db
            ));
        }
        if self.bend_db > 0.0 {
            why.push(format!("the groove bends to {:.1} µm (a stylus has {STYLUS_UM} µm)", self.bend_um));
        }
        let because = format!(
            "{}: 5 to 14 kHz come down by up to {range_db:.1} dB where they are loud",
            why.join("; ")
        );
        Ok(Step::new("medium-treble", Family::Tone, eq).because(because))
    }
}

/// By how much treble has to fall for a stylus to follow a bend, dB: a bend is the square of the speed over the acceleration, so
/// half the treble is twice the radius.
fn missing_db(bend_um: f64) -> f64 {
    gain_to_db(STYLUS_UM / bend_um.max(1e-3)).max(0.0)
}

/// What the model asks, by passage of the album.
fn asked(prepared: &Prepared, cut: &Sides) -> BTreeMap<usize, Ask> {
    let mut asked: BTreeMap<usize, Ask> = BTreeMap::new();
    for side in &cut.sides {
        for (place, seconds) in side.songs.clone().zip(stretches(side)) {
            let (Some(song), Some(index)) = (cut.songs.get(place), cut.order.get(place)) else { continue };
            let bends = side.cut.turns.iter().filter(|turn| seconds.contains(&turn.seconds));
            let bend_um = bends.map(|turn| turn.bend_um).fold(f64::INFINITY, f64::min);
            let ask = Ask {
                title: song.title.clone(),
                sibilance_db: (song.treble.sibilance_db - MOST_SIBILANCE_DB).max(0.0),
                bend_um,
                bend_db: missing_db(bend_um),
                sibilant_dbfs: song.treble.sibilant_dbfs,
            };
            let Some(passage) = prepared.passage_of(*index).filter(|_| ask.need_db() > LEAST_HELD_DB) else {
                continue;
            };
            if asked.get(&passage).is_none_or(|other| other.need_db() < ask.need_db()) {
                asked.insert(passage, ask);
            }
        }
    }
    asked
}

/// When the songs of a side play.
fn stretches(side: &SidePlan) -> Vec<Range<f64>> {
    let starts = &side.cut.songs_seconds;
    let ends = starts.iter().skip(1).copied().chain([f64::INFINITY]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

impl Sides {
    /// What a cutting engineer would say.
    #[must_use]
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut found: Vec<Finding> = self.held.iter().map(held_back).collect();
        found.extend(vinyl::findings(&self.songs, &self.sides, &self.format));
        found
    }
}

fn held_back(held: &Held) -> Finding {
    Finding::new("treble_held_back", Severity::Info, format!("by up to {:.1} dB", held.range_db))
        .about(&held.title)
        .limit("what a lathe cuts and a stylus follows")
        .advice(format!("{}; the mix could do it better", held.because))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(sibilance_db: f64, bend_um: f64) -> Ask {
        Ask { title: "x".into(), sibilance_db, bend_um, bend_db: missing_db(bend_um), sibilant_dbfs: -30.0 }
    }

    #[test]
    fn what_is_missing_is_held_back_and_half_a_decibel_more_within_six() {
        assert_eq!(ask(2.0, 100.0).range_db(), 2.5);
        // A bend of half a stylus needs half the acceleration: 6 dB.
        assert!((ask(0.0, 3.8).bend_db - 6.02).abs() < 0.01);
        assert_eq!(ask(0.0, 3.8).range_db(), 6.0);
        assert_eq!(ask(9.0, 3.8).range_db(), 6.0);
    }

    #[test]
    fn the_threshold_counts_from_the_level_before_the_gain() {
        let value = |step: &Step, address: &str| {
            let description = step.settings.description();
            step.settings.get(description.index_of(address).expect("declared"))
        };
        // -30 dB delivered after +12 dB are -42; 1.5 dB under it all is used; 4 dB of range take 6 dB over the threshold.
        let step = ask(3.5, 100.0).step(12.0).expect("a step");
        assert!((value(&step, "band1.threshold_db") + 49.5).abs() < 0.051);
        assert_eq!(value(&step, "band1.range_db"), -4.0);
    }
}
