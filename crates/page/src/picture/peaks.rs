//! Histogram of peaks.

use super::{Layer, Plot, plain, rows};
use crate::heard::Heard;
use studio::report::chart::Axis;

/// Range of the histogram, dBFS, and the width of a bar.
const LOWEST_DBFS: f64 = -30.0;
const HIGHEST_DBFS: f64 = 3.0;
const STEP_DB: f64 = 0.5;

/// Share of the stretches whose peak lies in each step, percent of all that are over the lowest.
fn shares(heard: &Heard) -> Vec<f64> {
    let count = ((HIGHEST_DBFS - LOWEST_DBFS) / STEP_DB).round() as usize;
    let mut counts = vec![0_u32; count];
    for stretch in &heard.stretches {
        let place = (stretch.peak_dbfs() - LOWEST_DBFS) / STEP_DB;
        if place >= 0.0
            && let Some(count) = counts.get_mut(place as usize)
        {
            *count += 1;
        }
    }
    let all: u32 = counts.iter().sum();
    counts.into_iter().map(|count| 100.0 * f64::from(count) / f64::from(all.max(1))).collect()
}

/// The histogram.
#[must_use]
pub fn plot(before: Option<&Heard>, after: &Heard) -> Plot {
    let later = shares(after);
    let earlier = before.map(shares);
    let low = |n: usize| LOWEST_DBFS + n as f64 * STEP_DB;
    let bars = |shares: &[f64]| {
        shares
            .iter()
            .enumerate()
            .filter(|(_, share)| **share > 0.0)
            .map(|(n, share)| [low(n), low(n + 1), 0.0, *share])
            .collect()
    };
    let most = later.iter().chain(earlier.iter().flatten()).copied().fold(5.0, f64::max);
    let mut layers = Vec::new();
    let mut legend = Vec::new();
    if let Some(earlier) = &earlier {
        layers.push(Layer::Bars("a", bars(earlier)));
        legend = vec![("a", "before".to_owned()), ("b", "after".to_owned())];
    }
    layers.push(Layer::Bars("b", bars(&later)));
    let pairs = later
        .iter()
        .enumerate()
        .filter(|(n, share)| **share >= 0.05 || earlier.as_ref().is_some_and(|e| e[*n] >= 0.05));
    let numbers = pairs.map(|(n, share)| {
        let was = earlier.as_ref().map_or_else(|| "–".to_owned(), |earlier| plain(earlier[n], 1));
        [format!("{} to {} dBFS", plain(low(n), 1), plain(low(n + 1), 1)), was, plain(*share, 1)]
    });
    let at_top = later.iter().copied().fold(0.0, f64::max);
    Plot {
        title: "How high the peaks go".into(),
        lead: "Peaks of every fiftieth of a second. A tall bar at the right end is a limiter or a clipper at work.".into(),
        said: format!("Histogram of peaks: the most common half decibel holds {} percent of them", plain(at_top, 0)),
        x: Axis::linear("dBFS", LOWEST_DBFS, HIGHEST_DBFS),
        time: false,
        y: Axis::linear("% of peaks", 0.0, (most * 1.08).ceil()),
        height_px: 230,
        half: false,
        legend,
        layers,
        table: rows(["peak", "before, %", "after, %"], numbers),
    }
}
