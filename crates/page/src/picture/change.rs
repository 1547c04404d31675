//! How the level of short blocks changed: gain reduction as it is heard from outside.

use super::{Layer, Plot, clock, rows, signed, thin};
use crate::pair::Pairing;
use studio::report::chart::Axis;

/// Blocks in a point of the picture at most.
const COLUMNS: usize = 500;

/// The trace. `None` when the two are not versions of one sound.
#[must_use]
pub fn plot(pairing: &Pairing, seconds: f64) -> Option<Plot> {
    if !pairing.aligned || pairing.changes.is_empty() {
        return None;
    }
    let usual = pairing.usual_db;
    let per = pairing.changes.len().div_ceil(COLUMNS).max(1);
    let mut level = Vec::new();
    let mut peaks = Vec::new();
    for part in pairing.changes.chunks(per) {
        let at = part.iter().map(|change| change.seconds).sum::<f64>() / part.len() as f64;
        level.push((at, part.iter().map(|change| change.level_db - usual).sum::<f64>() / part.len() as f64));
        // What was held back most is what a limiter shows.
        peaks.push((at, 0.0, part.iter().map(|change| change.peak_db - usual).fold(0.0, f64::min)));
    }
    let lowest =
        peaks.iter().map(|peak| peak.2).chain(level.iter().map(|level| level.1)).fold(-3.0, f64::min);
    let highest = level.iter().map(|level| level.1).fold(1.5, f64::max);
    let numbers: Vec<[String; 3]> = pairing
        .changes
        .iter()
        .map(|change| {
            [clock(change.seconds), signed(change.level_db - usual, 1), signed(change.peak_db - usual, 1)]
        })
        .collect();
    Some(Plot {
        title: "Gain reduction, measured".into(),
        lead: format!(
            "How short blocks changed against the usual change of {} dB. Filled: how far their peaks were held back. Line: their level; above zero, soft passages came up.",
            signed(usual, 1)
        ),
        said: format!(
            "Level change over time against the usual {} dB; the most held-back tenth of the peaks is {} dB lower",
            signed(usual, 1),
            signed(pairing.held_back_db(), 1)
        ),
        x: Axis::linear("time", 0.0, seconds.max(0.1)),
        time: true,
        y: Axis::linear(
            "dB against the usual change",
            (lowest - 0.5).floor().max(-24.0),
            (highest + 0.5).ceil().min(18.0),
        ),
        height_px: 190,
        half: false,
        legend: vec![("b", "level (RMS of 100 ms)".to_owned()), ("a", "peaks held back".to_owned())],
        layers: vec![
            Layer::Area("a", peaks),
            Layer::Line("gate thin", vec![(0.0, 0.0), (seconds, 0.0)]),
            Layer::Line("b", level),
        ],
        table: rows(["time", "level, dB", "peaks, dB"], thin(&numbers)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pair::Change;

    #[test]
    fn the_trace_is_told_against_the_usual_change() {
        let change = |n: i32, level_db, peak_db| Change { seconds: f64::from(n), level_db, peak_db };
        let changes = vec![change(0, 6.0, 6.0), change(1, 6.0, 6.0), change(2, 4.0, 1.0)];
        let mut pairing = Pairing {
            lag_frames: 0,
            rate_hz: 48_000,
            likeness: 1.0,
            inverted: false,
            aligned: true,
            usual_db: 6.0,
            changes,
        };
        let drawn = plot(&pairing, 3.0).unwrap();
        assert!(
            drawn.layers.contains(&Layer::Line("b", vec![(0.0, 0.0), (1.0, 0.0), (2.0, -2.0)])),
            "{:?}",
            drawn.layers
        );
        assert!(
            drawn
                .layers
                .contains(&Layer::Area("a", vec![(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (2.0, 0.0, -5.0)]))
        );
        pairing.aligned = false;
        assert!(plot(&pairing, 3.0).is_none(), "two songs have no gain reduction");
    }
}
