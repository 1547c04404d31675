//! Spectra of both at one loudness, and what changed between them.

use super::{Layer, Plot, hertz, rows, signed};
use crate::heard::Heard;
use dsp::math;
use studio::report::chart::Axis;

/// Half a third-octave as a ratio. Source: IEC 61260-1:2014, 5.2: 10^(0.3/6).
fn half_third() -> f64 {
    math::exp(0.05 * math::LN_10)
}

fn loudness(heard: &Heard) -> f64 {
    heard.measured.integrated_lufs.filter(|lufs| lufs.is_finite()).unwrap_or(0.0)
}

/// Change of the tone at equal loudness, third by third, dB; thirds that are silent in one of both are left out.
#[must_use]
pub fn changes(before: &Heard, after: &Heard) -> Vec<(f64, f64)> {
    let louder = loudness(after) - loudness(before);
    // 70 dB below the loudest third there is nothing that a change could be heard of. By convention.
    let thirds = [before, after].map(|heard| heard.tone.thirds());
    let least = thirds
        .each_ref()
        .map(|thirds| thirds.iter().map(|third| third.1).fold(f64::NEG_INFINITY, f64::max) - 70.0);
    let both = thirds[0].iter().zip(&thirds[1]);
    let heard = both.filter(|(one, two)| one.1 > least[0] && two.1 > least[1]);
    heard.map(|(one, two)| (one.0, two.1 - one.1 - louder)).collect()
}

/// Both spectra against their loudness: what is equally loud lies on each other.
#[must_use]
pub fn spectra(before: Option<&Heard>, after: &Heard) -> Option<Plot> {
    let against = |heard: &Heard, points: Vec<(f64, f64)>| -> Vec<(f64, f64)> {
        points.into_iter().map(|(hz, level)| (hz, level - loudness(heard))).collect()
    };
    let smooth = against(after, after.tone.smooth());
    let top = smooth
        .iter()
        .map(|point| point.1)
        .filter(|level| level.is_finite())
        .fold(f64::NEG_INFINITY, f64::max);
    if !top.is_finite() {
        return None;
    }
    let thirds = against(after, after.tone.thirds());
    let top = thirds.iter().map(|point| point.1).fold(top, f64::max);
    let floor = top - 66.0;
    let half = half_third();
    let bars = thirds
        .iter()
        .filter(|third| third.1 > floor)
        .map(|(hz, level)| [hz / half, hz * half, floor - 12.0, *level])
        .collect();
    let mut layers = vec![Layer::Bars("b", bars)];
    let mut legend = vec![("b", "twelfths of an octave (line), thirds (bars)".to_owned())];
    let earlier =
        before.map(|before| (against(before, before.tone.smooth()), against(before, before.tone.thirds())));
    if let Some((smooth, _)) = &earlier {
        layers.push(Layer::Line("a", smooth.clone()));
        legend = vec![("a", "before".to_owned()), ("b", "after (bars: thirds of an octave)".to_owned())];
    }
    layers.push(Layer::Line("b", smooth));
    let word = |level: f64| if level.is_finite() { signed(level, 1) } else { "–".to_owned() };
    let numbers = thirds.iter().enumerate().map(|(n, (hz, level))| {
        let was = earlier
            .as_ref()
            .and_then(|(_, thirds)| thirds.get(n))
            .map_or_else(|| "–".to_owned(), |third| word(third.1));
        [hertz(*hz), was, word(*level)]
    });
    Some(Plot {
        title: if before.is_some() { "Tone, before and after" } else { "Tone" }.into(),
        lead: "The average over the whole length, against its loudness: level and tone are told apart."
            .into(),
        said: format!(
            "Long-term spectrum from 20 Hz to 20 kHz in decibels against the loudness{}",
            if before.is_some() { ", before and after" } else { "" }
        ),
        x: Axis::log("Hz", 20.0, 20_000.0),
        time: false,
        y: Axis::linear("dB against loudness", floor.floor(), (top + 3.0).ceil()),
        height_px: 260,
        half: before.is_some(),
        legend,
        layers,
        table: rows(["third", "before, dB", if before.is_some() { "after, dB" } else { "dB" }], numbers),
    })
}

/// What changed, third by third.
#[must_use]
pub fn difference(before: &Heard, after: &Heard) -> Option<Plot> {
    let changes = changes(before, after);
    let most = changes.iter().map(|change| change.1.abs()).fold(3.0, f64::max);
    let half = half_third();
    let bar =
        |(hz, change): &(f64, f64)| [hz / half * 1.02, hz * half / 1.02, change.min(0.0), change.max(0.0)];
    (!changes.is_empty()).then(|| Plot {
        title: "What changed in the tone".into(),
        lead: "After less before at equal loudness. Above the line there is more than before, below it less."
            .into(),
        said: words(&changes),
        x: Axis::log("Hz", 20.0, 20_000.0),
        time: false,
        y: Axis::linear("dB, after less before", -(most * 1.1).ceil(), (most * 1.1).ceil()),
        height_px: 260,
        half: true,
        legend: Vec::new(),
        layers: vec![
            Layer::Bars("b body", changes.iter().map(bar).collect()),
            Layer::Line("gate", vec![(20.0, 0.0), (20_000.0, 0.0)]),
        ],
        table: rows(
            ["third", "change, dB"],
            changes.iter().map(|(hz, change)| [hertz(*hz), signed(*change, 1)]),
        ),
    })
}

/// Change below which tone counts as kept. By convention: broad changes of half a decibel are what engineers tell apart.
const KEPT_DB: f64 = 0.5;

/// The largest changes in words.
#[must_use]
pub fn words(changes: &[(f64, f64)]) -> String {
    let by = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    let (Some(most), Some(least)) = (changes.iter().max_by(by), changes.iter().min_by(by)) else {
        return "The tone cannot be compared".to_owned();
    };
    let part = |change: &(f64, f64)| format!("{} dB around {}", signed(change.1, 1), hertz(change.0));
    match (most.1 >= KEPT_DB, least.1 <= -KEPT_DB) {
        (true, true) => format!("The tone changed by {} and {}", part(most), part(least)),
        (true, false) => format!("The tone changed by {} at most", part(most)),
        (false, true) => format!("The tone changed by {} at most", part(least)),
        (false, false) => "The tone is as before within half a decibel".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_changes_are_told_both_ways() {
        assert_eq!(words(&[(100.0, 0.4), (1000.0, -0.3)]), "The tone is as before within half a decibel");
        assert_eq!(
            words(&[(100.0, 2.0), (1000.0, -0.3)]),
            "The tone changed by +2.0 dB around 100 Hz at most"
        );
        assert_eq!(
            words(&[(100.0, 0.2), (8000.0, -1.5)]),
            "The tone changed by −1.5 dB around 8 kHz at most"
        );
        assert!(
            words(&[(100.0, 2.0), (8000.0, -1.5)]).contains("+2.0 dB around 100 Hz and −1.5 dB around 8 kHz")
        );
        // 10^0.05, half a third.
        assert!((half_third() - 1.122_018).abs() < 1e-6);
    }
}
