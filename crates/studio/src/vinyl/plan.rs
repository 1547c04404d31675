//! Songs over sides.

use super::cut::{Cut, Limit, Side};
use super::format::Format;
use super::hear::Song;
use crate::message::{Error, Kind, Result};
use serde::Serialize;
use std::ops::Range;

/// Most sides: a box of ten records, by our own convention.
const MOST_SIDES: usize = 20;
/// A side may be longer than recommended by this part (pressing plants' guides: at most a tenth).
pub(super) const LONGER: f64 = 1.1;

/// A side as it will be cut.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SidePlan {
    /// Its letter.
    pub letter: char,
    /// Songs, by their place in the list.
    pub songs: Range<usize>,
    /// Length with gaps.
    pub seconds: f64,
    /// Level that custom gives a side of this length, dB re reference level; `None` where it is too long.
    pub custom_db: Option<f64>,
    /// Loudness of the loudest three seconds of its file, LUFS.
    pub loudness_lufs: f64,
    /// The cut at the level below, which is the highest the model allows, custom's if that is less.
    pub cut: Cut,
    /// The highest level the model allows.
    pub highest_db: f64,
    /// What it is limited by.
    pub limit: Limit,
    /// Smallest radius of each song at that level, mm.
    pub least_radius_mm: Vec<f64>,
    /// Order that puts the most demanding songs outside, by place in the list; only where the order of the artist has the most
    /// demanding song innermost.
    pub better_order: Option<Vec<usize>>,
}

/// Spreads songs over sides without changing their order: the longest side becomes as short as can be. Without a number of
/// sides, the least even number with which no side is longer than recommended by more than a tenth.
///
/// # Errors
/// `no_songs`; `too_many_sides` for more sides than songs or than twenty; `side_too_long` when a song is longer than a side can be.
pub fn spread(
    seconds: &[f64],
    gap_seconds: f64,
    format: &Format,
    sides: Option<usize>,
) -> Result<Vec<Range<usize>>> {
    let usage = |code, what: String| Error::new(Kind::Usage, code, what);
    if seconds.is_empty() {
        return Err(usage("no_songs", "a record needs a song".into()));
    }
    if let Some((song, longest)) =
        seconds.iter().enumerate().find(|(_, length)| **length > 60.0 * format.most_minutes())
    {
        let what = format!(
            "song {} lasts {:.1} minutes; a side of a {} holds {:.1} at the lowest level that is offered",
            song + 1,
            longest / 60.0,
            format.title,
            format.most_minutes()
        );
        return Err(usage("side_too_long", what).hint("cut it in two, or choose a larger or slower record"));
    }
    if let Some(sides) = sides {
        if sides == 0 || sides > seconds.len() || sides > MOST_SIDES {
            let what = format!("{} songs on {sides} sides", seconds.len());
            return Err(usage("too_many_sides", what).hint("every side needs a song; at most twenty sides"));
        }
        return Ok(fewest_minutes(seconds, gap_seconds, sides));
    }
    let limit = 60.0 * LONGER * format.recommended_minutes;
    let mut best = Vec::new();
    for sides in (2..=MOST_SIDES).step_by(2) {
        best = fewest_minutes(seconds, gap_seconds, sides.min(seconds.len()));
        if sides >= seconds.len() || best.iter().all(|side| length(seconds, gap_seconds, side) <= limit) {
            break;
        }
    }
    Ok(best)
}

fn length(seconds: &[f64], gap_seconds: f64, side: &Range<usize>) -> f64 {
    let music: f64 = seconds.get(side.clone()).unwrap_or_default().iter().sum();
    music + gap_seconds * side.len().saturating_sub(1) as f64
}

/// The cut of a row into `sides` pieces whose longest is shortest; of equals the one with the longer first sides.
fn fewest_minutes(seconds: &[f64], gap_seconds: f64, sides: usize) -> Vec<Range<usize>> {
    let songs = seconds.len();
    // best[k][n]: the longest side when the first n songs are on k sides, and where the last of them begins.
    let mut best = vec![vec![(f64::INFINITY, 0); songs + 1]; sides + 1];
    best[0][0] = (0.0, 0);
    for k in 1..=sides {
        for n in k..=songs {
            for start in k - 1..n {
                let longest = best[k - 1][start].0.max(length(seconds, gap_seconds, &(start..n)));
                if longest <= best[k][n].0 {
                    best[k][n] = (longest, start);
                }
            }
        }
    }
    let (mut end, mut ranges) = (songs, Vec::new());
    for k in (1..=sides).rev() {
        let start = best[k][end].1;
        ranges.push(start..end);
        end = start;
    }
    ranges.reverse();
    ranges
}

/// Cuts every side on the model, at the lower of what the model and what custom allow.
#[must_use]
pub fn plan(songs: &[Song], sides: &[Range<usize>], format: &Format, gap_seconds: f64) -> Vec<SidePlan> {
    plan_with_gaps(songs, sides, format, &vec![gap_seconds; songs.len()])
}

/// The same with a gap of its own before each song; that before the first of a side is not cut.
#[must_use]
pub fn plan_with_gaps(
    songs: &[Song],
    sides: &[Range<usize>],
    format: &Format,
    gaps_seconds: &[f64],
) -> Vec<SidePlan> {
    sides
        .iter()
        .zip('A'..='Z')
        .map(|(range, letter)| {
            let on_side: Vec<&Song> = songs.get(range.clone()).unwrap_or_default().iter().collect();
            let gaps = gaps_seconds.get(range.clone()).unwrap_or_default();
            let side = Side::new(*format, on_side.clone(), 0.0).with_gaps(gaps);
            let custom_db = format.level_for(side.seconds() / 60.0);
            let (loudest, limit) = side.loudest();
            let highest_db = loudest.level_db;
            let cut = match custom_db {
                Some(custom) if custom < highest_db => side.cut(custom),
                _ => loudest,
            };
            let least: Vec<f64> =
                on_side.iter().map(|song| side.least_radius_mm(song, cut.level_db)).collect();
            SidePlan {
                letter,
                songs: range.clone(),
                seconds: side.seconds(),
                custom_db,
                loudness_lufs: side.loudness_lufs(),
                better_order: better_order(&least, range.start),
                cut,
                highest_db,
                limit,
                least_radius_mm: least,
            }
        })
        .collect()
}

/// Songs by falling demand, when the most demanding one lies innermost.
fn better_order(least_radius_mm: &[f64], first: usize) -> Option<Vec<usize>> {
    /// A difference worth another order: a fifth of the radius, by our own convention.
    const WORTH: f64 = 1.2;
    let innermost = *least_radius_mm.last()?;
    let others = least_radius_mm.get(..least_radius_mm.len() - 1)?;
    let next = others.iter().copied().fold(0.0, f64::max);
    if others.is_empty() || innermost < WORTH * next {
        return None;
    }
    let mut order: Vec<usize> = (0..least_radius_mm.len()).collect();
    order.sort_by(|&a, &b| least_radius_mm[b].total_cmp(&least_radius_mm[a]));
    Some(order.into_iter().map(|song| first + song).collect())
}
