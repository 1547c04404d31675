//! Spectra of both at one loudness, and what changed between them.

use super::{Layer, Plot, hertz, rows, signed};
use crate::heard::Heard;
use advice::compare::{Comparison, ToneBand};
use dsp::math;
use studio::report::chart::Axis;

/// Half a third-octave as a ratio. Source: IEC 61260-1:2014, 5.2: 10^(0.3/6).
fn half_third() -> f64 {
    math::exp(0.05 * math::LN_10)
}

fn loudness(heard: &Heard) -> f64 {
    heard.measured.integrated_lufs.filter(|lufs| lufs.is_finite()).unwrap_or(0.0)
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

/// What changed at equal loudness: thirds as bars, twelfths of an octave as a line.
#[must_use]
pub fn difference(found: &Comparison) -> Option<Plot> {
    let heard: Vec<&ToneBand> = found.tone.iter().filter(|band| band.heard).collect();
    // The response leaves out what a fader did, the thirds what both differ in loudness.
    let shift = found.level.fader_db - found.level.louder_lu;
    let curve: Vec<(f64, f64)> = found
        .response
        .iter()
        .map(|point| (point.hz, if point.heard { point.gain_db + shift } else { f64::NAN }))
        .collect();
    let most = heard.iter().map(|band| band.change_db.abs()).fold(3.0, f64::max);
    let half = half_third();
    let bar = |band: &&ToneBand| {
        [band.hz / half * 1.02, band.hz * half / 1.02, band.change_db.min(0.0), band.change_db.max(0.0)]
    };
    let told = found.sentences.iter().find(|sentence| sentence.about == "tone");
    (!heard.is_empty()).then(|| Plot {
        title: "What changed in the tone".into(),
        lead: "After less before at equal loudness. Above the line there is more than before, below it less."
            .into(),
        said: told.map_or_else(|| "The tone is as it was.".to_owned(), |told| told.text.clone()),
        x: Axis::log("Hz", 20.0, 20_000.0),
        time: false,
        y: Axis::linear("dB, after less before", -(most * 1.1).ceil(), (most * 1.1).ceil()),
        height_px: 260,
        half: true,
        legend: vec![("b", "thirds of an octave".to_owned()), ("fine", "twelfths".to_owned())],
        layers: vec![
            Layer::Bars("b", heard.iter().map(bar).collect()),
            Layer::Line("gate", vec![(20.0, 0.0), (20_000.0, 0.0)]),
            Layer::Line("fine", curve),
        ],
        table: rows(
            ["third", "change, dB"],
            heard.iter().map(|band| [hertz(band.hz), signed(band.change_db, 1)]),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_third_is_the_sixth_part_of_a_decade_halved() {
        // 10^0.05, half a third.
        assert!((half_third() - 1.122_018).abs() < 1e-6);
    }
}
