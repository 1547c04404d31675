//! Pictures of what a processor does, measured from its own kernel: what is drawn is what runs.

mod measure;
mod table;

use super::chart::{Axis, Chart, Line};
use crate::message::{Error, Kind, Result};
use fx::AnyProcessor;

/// What of a processor is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum View {
    /// Magnitude response at a low level, some time after the start (modulation moves it).
    Response {
        /// Seconds of silence before.
        after_seconds: f64,
        /// Lowest and highest level of the picture, dB.
        span_db: (f64, f64),
    },
    /// Level out over level in, of a steady tone.
    Levels {
        /// Frequency of the tone.
        hz: f64,
    },
    /// Waveform out over waveform in, of a slow sine at full scale.
    Shape,
    /// Spectrum of a steady tone.
    Spectrum {
        /// Frequency of the tone.
        hz: f64,
        /// Peak level of the tone.
        dbfs: f64,
    },
    /// Gain over time for a tone whose level steps.
    Gain {
        /// Frequency of the tone; 0 is white noise.
        hz: f64,
        /// From which second on which peak level.
        steps: &'static [(f64, f64)],
        /// Length of the picture.
        seconds: f64,
        /// Lowest and highest gain of the picture, dB.
        span_db: (f64, f64),
    },
    /// What is left of the energy of an impulse (Schroeder's integral).
    Decay {
        /// Length of the picture.
        seconds: f64,
    },
    /// Gain while one setting goes through a range.
    Sweep {
        /// The setting.
        address: &'static str,
        /// What the axis says.
        label: &'static str,
        /// Lowest and highest value.
        range: (f64, f64),
    },
    /// A damaged wave before and after.
    Repair {
        /// What happened to it.
        damage: Damage,
        /// First and last second of the picture.
        part: (f64, f64),
    },
    /// Level of the answer to an impulse, over time.
    Echoes {
        /// Length of the picture.
        seconds: f64,
    },
}

/// What happened to a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// A click every half second on a tone.
    Clicks,
    /// A tone cut off 6 dB under its peak.
    Clip,
    /// Mains of 50 Hz with its odd harmonics under a tone.
    Hum,
    /// A blow of air on the microphone in a tone.
    Blow,
}

/// What is fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// The same on both channels; the left one is looked at.
    Both,
    /// Opposite on both channels; the left one is looked at.
    Side,
    /// The left channel only; both are looked at, one line each.
    Left,
    /// The same on both channels; both are looked at, one line each.
    Pair,
}

/// A value of a setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum To {
    /// A number.
    N(f64),
    /// One of the words of a choice.
    W(&'static str),
    /// A switch.
    Is(bool),
}

/// Settings by their addresses.
pub(super) type Set = &'static [(&'static str, To)];

/// One picture of one processor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Portrait {
    /// The processor.
    pub(super) key: &'static str,
    /// Ending of the file name, different for each picture of a processor.
    pub(super) name: &'static str,
    /// Title.
    pub(super) title: &'static str,
    /// What is shown.
    pub(super) view: View,
    /// What is fed.
    pub(super) input: Input,
    /// What all lines share.
    pub(super) base: Set,
    /// A line each: name and settings.
    pub(super) lines: &'static [(&'static str, Set)],
}

/// A finished picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// File name, `compressor-curve.svg`.
    pub file: String,
    /// What it shows.
    pub title: String,
    /// SVG text.
    pub svg: String,
}

/// Every picture of the processor called `key`. Renders up to some seconds of audio for each line.
///
/// # Errors
/// [`Kind::Internal`] when the table of pictures names a setting that is not there.
pub fn of(key: &str) -> Result<Vec<Picture>> {
    table::all().filter(|portrait| portrait.key == key).map(draw).collect()
}

fn draw(portrait: &Portrait) -> Result<Picture> {
    let mut lines = Vec::new();
    for (name, set) in portrait.lines {
        let processor = settings(portrait.key, &[portrait.base, set])?;
        let answers = measure::answer(processor.as_ref(), portrait.view, portrait.input);
        let single = answers.len() == 1;
        let sides = if matches!(portrait.view, View::Repair { .. }) {
            ["before", "after"]
        } else {
            ["left", "right"]
        };
        for (points, side) in answers.into_iter().zip(sides) {
            let name = match (single, name.is_empty()) {
                (true, _) => (*name).to_owned(),
                (false, true) => side.to_owned(),
                (false, false) => format!("{name}, {side}"),
            };
            lines.push(Line { name, points });
        }
    }
    let (x, y) = axes(portrait.view);
    let chart = Chart { title: portrait.title.to_owned(), x, y, lines };
    let file = format!("{}-{}.svg", portrait.key, portrait.name);
    Ok(Picture { file, title: portrait.title.to_owned(), svg: chart.svg() })
}

fn axes(view: View) -> (Axis, Axis) {
    let hz = || Axis::log("frequency in Hz", 20.0, 20_000.0);
    let seconds = |to| Axis::linear("time in seconds", 0.0, to);
    match view {
        View::Response { span_db, .. } => (hz(), Axis::linear("gain in dB", span_db.0, span_db.1)),
        View::Levels { .. } => {
            (Axis::linear("level in, dBFS", -72.0, 0.0), Axis::linear("level out, dBFS", -72.0, 6.0))
        }
        View::Shape => (Axis::linear("in", -1.0, 1.0), Axis::linear("out", -1.2, 1.2)),
        View::Spectrum { .. } => (hz(), Axis::linear("level in dBFS", -144.0, 0.0)),
        View::Gain { seconds: to, span_db, .. } => {
            (seconds(to), Axis::linear("gain in dB", span_db.0, span_db.1))
        }
        View::Sweep { label, range, .. } => {
            (Axis::linear(label, range.0, range.1), Axis::linear("gain in dB", -24.0, 6.0))
        }
        View::Repair { part, .. } => {
            (Axis::linear("time in seconds", part.0, part.1), Axis::linear("sample", -1.0, 1.0))
        }
        View::Decay { seconds: to } => (seconds(to), Axis::linear("energy left in dB", -72.0, 0.0)),
        View::Echoes { seconds: to } => (seconds(to), Axis::linear("level in dB", -72.0, 6.0)),
    }
}

/// The processor with settings laid over its defaults.
fn settings(key: &str, sets: &[Set]) -> Result<Box<dyn AnyProcessor>> {
    let wrong = |what: String| Error::new(Kind::Internal, "portrait", what);
    let entry = fx::find(key).ok_or_else(|| wrong(format!("there is no processor `{key}` to draw")))?;
    let mut processor = entry.make();
    for (address, to) in sets.iter().flat_map(|set| set.iter()) {
        let description = processor.description();
        let index = description.index_of(address);
        let found = index.and_then(|index| Some((index, number(description.param(index)?.kind, *to)?)));
        let (index, value) =
            found.ok_or_else(|| wrong(format!("{key} has no setting `{address}` = {to:?}")))?;
        processor.set(index, value);
    }
    match processor.check().first() {
        Some(violation) => Err(wrong(format!("{key}: {violation}"))),
        None => Ok(processor),
    }
}

fn number(kind: fx::Kind, to: To) -> Option<f64> {
    match (kind, to) {
        (fx::Kind::Number { .. }, To::N(value)) => Some(value),
        (fx::Kind::Switch { .. }, To::Is(on)) => Some(f64::from(u8::from(on))),
        (fx::Kind::Choice { names, .. }, To::W(word)) => {
            names.iter().position(|(name, _)| *name == word).map(|index| index as f64)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_processor_has_a_picture_and_every_picture_a_name_of_its_own() {
        for entry in fx::REGISTRY {
            let key = entry.description.key;
            assert!(table::all().any(|portrait| portrait.key == key), "{key} has no picture");
        }
        let mut files = BTreeSet::new();
        for portrait in table::all() {
            assert!(fx::find(portrait.key).is_some(), "there is no processor {}", portrait.key);
            assert!(
                files.insert((portrait.key, portrait.name)),
                "{} {} is there twice",
                portrait.key,
                portrait.name
            );
        }
    }

    #[test]
    fn the_lines_of_a_picture_differ() {
        for portrait in table::all() {
            let line = |set: Set| {
                let processor = settings(portrait.key, &[portrait.base, set]).expect("the settings exist");
                measure::answer(processor.as_ref(), portrait.view, portrait.input)
            };
            let drawn: Vec<_> = portrait.lines.iter().map(|(_, set)| line(set)).collect();
            for (index, one) in drawn.iter().enumerate() {
                let finite = one.iter().flatten().filter(|(_, y)| y.is_finite()).count();
                assert!(finite > 10, "{} {} shows nothing", portrait.key, portrait.name);
                assert!(
                    drawn[..index].iter().all(|other| other != one),
                    "{} {}: two lines are the same",
                    portrait.key,
                    portrait.name
                );
            }
        }
    }

    #[test]
    fn a_bell_and_a_ratio_are_drawn_where_they_belong() {
        let bell = settings("eq", &[&[("band1.gain_db", To::N(6.0)), ("band1.freq_hz", To::N(1000.0))]]);
        let view = View::Response { after_seconds: 0.0, span_db: (-12.0, 12.0) };
        let line = measure::answer(bell.expect("it exists").as_ref(), view, Input::Both).remove(0);
        let top = line.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are points");
        assert!((top.0 / 1000.0 - 1.0).abs() < 0.03 && (top.1 - 6.0).abs() < 0.01, "{top:?}");
        let sets: Set = &[
            ("threshold_db", To::N(-30.0)),
            ("ratio", To::N(4.0)),
            ("knee_db", To::N(0.0)),
            ("detector", To::W("peak")),
            // Longer than half a period, so that the peak is held.
            ("hold_ms", To::N(2.0)),
        ];
        let squeezed = settings("compressor", &[sets]).expect("it exists");
        let line = measure::answer(squeezed.as_ref(), View::Levels { hz: 1000.0 }, Input::Both).remove(0);
        let at = |level: f64| line.iter().find(|(x, _)| (x - level).abs() < 1e-9).expect("a point").1;
        assert!((at(-6.0) + 24.0).abs() < 0.3 && (at(-60.0) + 60.0).abs() < 0.01, "{line:?}");
    }
}
