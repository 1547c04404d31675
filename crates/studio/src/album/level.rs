//! How far each passage is driven into the limiter so that the record comes out as planned.
//!
//! The limiter's model listens to a passage once for each sample rate; what it says at a handful of drives is kept as a table
//! re the ceiling (a limiter only knows how far it is driven over its ceiling), so that one pass serves every destination of
//! that rate and memory does not grow with the length of the record.

use super::lay::Placed;
use super::listen::Heard;
use super::sheet::Loudness;
use super::tape::Player;
use crate::audio::Layout;
use crate::job::Job;
use crate::master::chain::Step;
use crate::master::level::{FREE_LOUDNESS_LUFS, FREE_REDUCTION_DB, LEAST_PLR_LU, limiter_settings};
use crate::master::render::CHANNELS;
use crate::message::{Finding, Result, Severity};
use crate::targets::Target;
use dsp::block::Buffer;
use dsp::limiter::model::{Collector, Model};
use serde::Serialize;

/// Drives over the point where limiting begins at which a table is filled, dB. By calibration, 2026-11-21: between them
/// loudness is straight to 0.02 LU.
const GRID_DB: [f64; 11] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 13.0, 16.0];
/// Ceiling the model collects under, dBTP; what it says is taken re it.
const CEILING_DBTP: f64 = -1.0;
/// So far under the ceiling a programme is looked at to see its own peak, dB: more than any chain adds to a print.
const BELOW_DB: f64 = 12.0;
/// Drives of no song are lower or higher, dB.
const MOST_GAIN_DB: f64 = 60.0;

/// What a drive does to a passage; all levels re the ceiling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Gain less ceiling, dB.
    pub(super) drive_db: f64,
    /// Short-term loudness exceeded in a twentieth of the time.
    pub(super) stl95_lu: f64,
    /// Integrated loudness.
    pub(super) integrated_lu: f64,
    /// Largest reduction.
    pub(super) max_reduction_db: f64,
    /// Reduction averaged over all time.
    pub(super) average_reduction_db: f64,
    /// True peak.
    pub(super) peak_db: f64,
}

impl Point {
    fn between(&self, other: &Self, way: f64) -> Self {
        let mix = |of: fn(&Self) -> f64| of(self) + way * (of(other) - of(self));
        Self {
            drive_db: mix(|own| own.drive_db),
            stl95_lu: mix(|own| own.stl95_lu),
            integrated_lu: mix(|own| own.integrated_lu),
            max_reduction_db: mix(|own| own.max_reduction_db),
            average_reduction_db: mix(|own| own.average_reduction_db),
            peak_db: mix(|own| own.peak_db),
        }
    }

    fn moved(&self, db: f64) -> Self {
        Self {
            drive_db: self.drive_db + db,
            stl95_lu: self.stl95_lu + db,
            integrated_lu: self.integrated_lu + db,
            peak_db: self.peak_db + db,
            ..*self
        }
    }

    /// Peak to loudness ratio.
    fn plr_lu(&self) -> f64 {
        self.peak_db - self.integrated_lu
    }
}

/// What the limiter does to a passage at any drive.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// At rising drives; the first is where limiting begins.
    points: Vec<Point>,
}

impl Table {
    /// `peak_dbtp` is about where the peak of the programme lies.
    fn of(model: &Model, peak_dbtp: f64) -> Self {
        let settings = limiter_settings(CEILING_DBTP);
        let at = |gain_db: f64| model.loudness_at(gain_db, &settings);
        // Well below the ceiling, yet far above the gates, the prediction tells the programme's own peak.
        let quiet_db = if peak_dbtp.is_finite() { settings.ceiling_dbtp - BELOW_DB - peak_dbtp } else { 0.0 };
        let quiet = at(quiet_db);
        let peak_dbtp = quiet.integrated_lufs + quiet.plr_db - quiet_db;
        // A hundredth under, so that nothing touches at the first point.
        let begins_db = if peak_dbtp.is_finite() { settings.ceiling_dbtp - peak_dbtp - 0.01 } else { 0.0 };
        let point = |over_db: f64| {
            let gain_db = begins_db + over_db;
            let predicted = at(gain_db);
            Point {
                drive_db: gain_db - CEILING_DBTP,
                stl95_lu: predicted.short_term_lufs - CEILING_DBTP,
                integrated_lu: predicted.integrated_lufs - CEILING_DBTP,
                max_reduction_db: predicted.max_reduction_db,
                average_reduction_db: predicted.average_reduction_db,
                peak_db: predicted.plr_db + predicted.integrated_lufs - CEILING_DBTP,
            }
        };
        Self { points: GRID_DB.into_iter().map(point).collect() }
    }

    /// Where a figure that rises with drive has a value. Below the table everything is straight; above it the last slope goes
    /// on, but at least at a quarter.
    fn where_is(&self, value: f64, of: impl Fn(&Point) -> f64) -> Point {
        let Some(first) = self.points.first() else {
            return Point {
                drive_db: 0.0,
                stl95_lu: value,
                integrated_lu: value,
                max_reduction_db: 0.0,
                average_reduction_db: 0.0,
                peak_db: value,
            };
        };
        if value <= of(first) {
            return Point {
                max_reduction_db: 0.0,
                average_reduction_db: 0.0,
                ..first.moved(value - of(first))
            };
        }
        for pair in self.points.windows(2) {
            if let [low, high] = pair
                && value <= of(high)
            {
                let way = (value - of(low)) / (of(high) - of(low)).max(1e-9);
                return low.between(high, way.clamp(0.0, 1.0));
            }
        }
        // More cannot be had: the hottest drive there is.
        self.points.last().copied().unwrap_or(*first)
    }

    /// At a drive over the ceiling.
    fn at(&self, drive_db: f64) -> Point {
        self.where_is(drive_db, |point| point.drive_db)
    }

    /// The largest drive up to which nothing is limited.
    fn unlimited(&self) -> Point {
        self.at(self.points.first().map_or(0.0, |first| first.drive_db))
    }

    /// The largest drive within a budget: no more reduction on average, and no lower ratio of peak to loudness, unless it is
    /// lower without limiting.
    fn within(&self, most_reduction_db: f64, least_plr_lu: f64) -> Point {
        let least_plr = least_plr_lu.min(self.unlimited().plr_lu() - 0.5);
        let fine =
            |point: &Point| point.average_reduction_db <= most_reduction_db && point.plr_lu() >= least_plr;
        let (mut low, mut high) =
            (self.unlimited().drive_db, self.points.last().map_or(0.0, |last| last.drive_db));
        for _ in 0..30 {
            let middle = 0.5 * (low + high);
            if fine(&self.at(middle)) { low = middle } else { high = middle }
        }
        self.at(low)
    }
}

/// Plays a passage through its chain and learns what the limiter would do with it.
pub(super) fn learn(
    placed: &Placed,
    heard: &[Heard],
    steps: &[Step],
    to_hz: u32,
    job: &Job<'_>,
) -> Result<Table> {
    let settings = limiter_settings(CEILING_DBTP);
    let weights = Layout::of(CHANNELS).loudness_weights();
    let songs = heard.get(placed.passage.songs.clone()).unwrap_or_default();
    let peak = songs.iter().map(|song| song.print.peak_dbtp).fold(f64::NEG_INFINITY, f64::max);
    // Peaks have to be known exactly as far as the table goes; the chain may lower them by some decibels.
    let most_db = GRID_DB.iter().copied().fold(0.0, f64::max) + 6.0 + settings.ceiling_dbtp - peak;
    let most_db = if most_db.is_finite() { most_db.clamp(0.0, MOST_GAIN_DB) } else { MOST_GAIN_DB };
    let mut collector = Collector::new(f64::from(to_hz), &weights, &settings, most_db);
    let mut player = Player::new(placed, heard, steps, to_hz, 0.0)?;
    let mut done = 0;
    player.drain(|block: &Buffer| {
        collector.push(block.view());
        done += block.frames() as u64;
        job.step("weigh levels", done, placed.frames.max(done))
    })?;
    Ok(Table::of(&collector.finish(), peak))
}

/// The level of a passage for a destination.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Level {
    /// Gain before the limiter.
    pub gain_db: f64,
    /// What it should come out at: short-term loudness exceeded in a twentieth of the time.
    pub stl95_lufs: f64,
    /// Integrated loudness expected.
    pub integrated_lufs: f64,
    /// What the limiter is expected to take at most.
    pub max_reduction_db: f64,
    /// And on average.
    pub average_reduction_db: f64,
    /// Peak to loudness ratio expected.
    pub plr_lu: f64,
}

impl Level {
    fn of(point: &Point, ceiling_dbtp: f64) -> Self {
        Self {
            gain_db: point.drive_db + ceiling_dbtp,
            stl95_lufs: point.stl95_lu + ceiling_dbtp,
            integrated_lufs: point.integrated_lu + ceiling_dbtp,
            max_reduction_db: point.max_reduction_db,
            average_reduction_db: point.average_reduction_db,
            plr_lu: point.plr_lu(),
        }
    }
}

/// Levels of all passages for a destination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Levels {
    /// By passage.
    pub levels: Vec<Level>,
    /// True peak nothing passes.
    pub ceiling_dbtp: f64,
    /// Where the limiter holds, before its margin: the ceiling, or a little under it where peaks rang over.
    pub limit_dbtp: f64,
    /// Why they are as they are.
    pub because: String,
}

/// What the levels are solved for.
pub(super) struct Wanted<'a> {
    pub(super) target: &'a Target,
    pub(super) mode: Loudness,
    /// Planned level of each passage re the others, offsets included, LU.
    pub(super) plan_lu: &'a [f64],
    /// Offsets alone, for what is not planned.
    pub(super) offsets_db: &'a [f64],
    /// The passage of the anchor.
    pub(super) anchor: Option<usize>,
}

/// Solves the levels of a record for a destination.
pub(super) fn solve(wanted: &Wanted<'_>, tables: &[&Table]) -> Levels {
    let target = wanted.target;
    let loudness = target.loudness_lufs.as_ref().map(|fact| fact.value);
    let ceiling_dbtp = target.ceiling_for(loudness.unwrap_or(FREE_LOUDNESS_LUFS));
    // The height of the plan over the ceiling decides everything else.
    let planned = |height_lu: f64| -> Vec<Point> {
        let own = tables.iter().zip(wanted.plan_lu);
        own.map(|(table, plan)| table.where_is(height_lu + plan, |point| point.stl95_lu)).collect()
    };
    let (points, because) = match (wanted.mode, loudness) {
        (Loudness::Keep, _) => {
            let own = tables.iter().zip(wanted.offsets_db);
            let points = own.map(|(table, offset)| table.at(offset - ceiling_dbtp)).collect();
            (points, "as printed: no gain, the ceiling is held".to_owned())
        }
        (Loudness::Track, Some(lufs)) => {
            let own = tables.iter().zip(wanted.offsets_db);
            let points = own.map(|(table, offset)| {
                table.where_is(lufs + offset - ceiling_dbtp, |point| point.integrated_lu)
            });
            (points.collect(), format!("every song at {lufs:.1} LUFS"))
        }
        (Loudness::Anchor, Some(lufs)) if wanted.anchor.is_some() => {
            let anchor = wanted.anchor.unwrap_or(0);
            let height = height_where(
                |height| planned(height).get(anchor).map_or(0.0, |point| point.integrated_lu),
                lufs - ceiling_dbtp,
            );
            (planned(height), format!("the anchor at {lufs:.1} LUFS, the others as planned"))
        }
        (_, Some(lufs)) => {
            let loudest = |height: f64| {
                planned(height).iter().map(|point| point.integrated_lu).fold(f64::NEG_INFINITY, f64::max)
            };
            let height = height_where(loudest, lufs - ceiling_dbtp);
            (planned(height), format!("the loudest song at {lufs:.1} LUFS, the others as planned"))
        }
        (mode, None) => free(wanted, tables, ceiling_dbtp, mode == Loudness::Track, planned),
    };
    let mut levels: Vec<Level> = points.iter().map(|point| Level::of(point, ceiling_dbtp)).collect();
    if wanted.mode == Loudness::Keep {
        // To the bit: what is not to be touched is not scaled by a gain of nearly one.
        levels.iter_mut().zip(wanted.offsets_db).for_each(|(level, offset)| level.gain_db = *offset);
    }
    Levels { levels, ceiling_dbtp, limit_dbtp: ceiling_dbtp, because }
}

/// Levels where a destination asks for none: the whole record as loud as its first song to suffer allows.
fn free(
    wanted: &Wanted<'_>,
    tables: &[&Table],
    ceiling_dbtp: f64,
    each: bool,
    planned: impl Fn(f64) -> Vec<Point>,
) -> (Vec<Point>, String) {
    let least_plr = wanted.target.min_plr_lu.as_ref().map_or(LEAST_PLR_LU, |fact| fact.value);
    let loudest = |table: &Table| {
        if wanted.target.is_unlimited() {
            return table.unlimited();
        }
        let free = table.within(FREE_REDUCTION_DB, least_plr);
        let most = FREE_LOUDNESS_LUFS - ceiling_dbtp;
        if free.integrated_lu > most { table.where_is(most, |point| point.integrated_lu) } else { free }
    };
    let own: Vec<Point> = tables.iter().map(|table| loudest(table)).collect();
    if each {
        return (own, "every song as loud as it can be without harm".to_owned());
    }
    let heights = own.iter().zip(wanted.plan_lu).map(|(point, plan)| point.stl95_lu - plan);
    let height = heights.fold(f64::INFINITY, f64::min);
    let because = "as loud as the first song to suffer allows, the others as planned".to_owned();
    (planned(if height.is_finite() { height } else { 0.0 }), because)
}

/// The height at which a figure that rises with it has a value, by bisection.
fn height_where(of: impl Fn(f64) -> f64, value: f64) -> f64 {
    let (mut low, mut high) = (-100.0, 40.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if of(middle) < value { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// What should be known about the price of levels.
pub(super) fn findings(wanted: &Wanted<'_>, levels: &Levels, name: impl Fn(usize) -> String) -> Vec<Finding> {
    let Some(least) = wanted.target.min_plr_lu.as_ref() else { return Vec::new() };
    let low = levels.levels.iter().enumerate().filter(|(_, level)| level.plr_lu < least.value);
    low.map(|(index, level)| {
        Finding::new("low_plr", Severity::Warning, format!("peak to loudness ratio {:.1} LU", level.plr_lu))
            .about(format!("{} for {}", name(index), wanted.target.name))
            .limit(format!("{:.1} LU", least.value))
            .advice(format!(
                "the limiter takes {:.1} dB at most: the print is that dense, or the record asks too much of it; lower its \
                 offset_db, or ask for a mix with more headroom",
                level.max_reduction_db
            ))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A limiter that takes half of every decibel over its ceiling; programme of 0 dB peak, -12 LU loud.
    fn half() -> Table {
        let point = |over: f64| Point {
            drive_db: over,
            stl95_lu: -10.0 + 0.5 * over,
            integrated_lu: -12.0 + 0.5 * over,
            max_reduction_db: over,
            average_reduction_db: 0.1 * over,
            peak_db: 0.0,
        };
        Table { points: GRID_DB.map(point).to_vec() }
    }

    #[test]
    fn a_table_is_straight_below_and_interpolated_within() {
        let table = half();
        let below = table.where_is(-20.0, |point| point.stl95_lu);
        assert_eq!((below.drive_db, below.integrated_lu, below.peak_db), (-10.0, -22.0, -10.0));
        let within = table.where_is(-6.5, |point| point.stl95_lu);
        assert!(
            (within.drive_db - 7.0).abs() < 1e-9 && (within.integrated_lu + 8.5).abs() < 1e-9,
            "{within:?}"
        );
        assert_eq!(table.where_is(50.0, |point| point.stl95_lu).drive_db, 16.0);
    }

    #[test]
    fn a_budget_ends_a_drive_by_reduction_or_by_the_ratio() {
        // 0.2 dB on average is 2 dB of drive; a ratio of 10 LU is 4 dB.
        assert!((half().within(0.2, 10.0).drive_db - 2.0).abs() < 1e-6);
        assert!((half().within(9.0, 10.0).drive_db - 4.0).abs() < 1e-6);
        // A programme that is denser than that to begin with gives half a decibel more.
        assert!((half().within(9.0, 14.0).drive_db - 1.0).abs() < 1e-6);
    }

    #[test]
    fn modes_bring_the_loudest_the_anchor_or_every_song_to_the_target() {
        let (target, table) = (crate::targets::find("spotify").unwrap(), half());
        let tables = [&table, &table, &table];
        let levels = |mode, anchor| {
            let wanted = Wanted {
                target: &target,
                mode,
                plan_lu: &[-6.0, 0.0, 1.0],
                offsets_db: &[0.0, 0.0, 2.0],
                anchor,
            };
            solve(&wanted, &tables)
        };
        let album = levels(Loudness::Album, None);
        assert!((album.levels[2].integrated_lufs + 14.0).abs() < 1e-6, "{album:?}");
        assert!((album.levels[2].stl95_lufs - album.levels[0].stl95_lufs - 7.0).abs() < 1e-6);
        let anchor = levels(Loudness::Anchor, Some(1));
        assert!((anchor.levels[1].integrated_lufs + 14.0).abs() < 1e-6, "{anchor:?}");
        assert!((anchor.levels[2].integrated_lufs + 13.0).abs() < 1e-6, "{anchor:?}");
        let track = levels(Loudness::Track, None);
        assert!((track.levels[0].integrated_lufs + 14.0).abs() < 1e-6, "{track:?}");
        assert!((track.levels[2].integrated_lufs + 12.0).abs() < 1e-6, "{track:?}");
        let keep = levels(Loudness::Keep, None);
        assert!(keep.levels[0].gain_db.abs() < 1e-9 && (keep.levels[2].gain_db - 2.0).abs() < 1e-9);
    }
}
