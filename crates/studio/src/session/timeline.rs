//! Tempo, time signatures and markers as they are written.

use super::Session;
use super::read::{Node, Reader, Span, Take, wrong};
use super::time::{Meter, TempoMap, TempoPoint};
use fx::{Kind, Param, Unit};

/// Most tempo points, signatures and markers each. By our own convention: far past any real session.
const MOST: usize = 65_536;

pub(super) const TEMPO: Param = Param {
    key: "tempo_bpm",
    doc: &["Tempo."],
    kind: Kind::Number { unit: Unit::Plain, min: 10.0, max: 999.0, default: 120.0, taper: fx::Taper::Linear },
};

fx::fields! {
    /// A point of the tempo.
    pub struct TempoControls {
        /// Where it stands, in quarter notes from the start.
        at_beats: Beats = 0.0 in 0.0..=3000000.0;
        /// Where it stands, in bars from 1; instead of beats.
        at_bar: Plain = 1.0 in 1.0..=1000000.0;
        /// Tempo from there on, in quarter notes a minute.
        bpm: Plain = 120.0 in 10.0..=999.0;
        /// Run to the tempo of the next point, in a straight line over the beats.
        ramp: switch = false;
    }
}

fx::fields! {
    /// Where a marker stands.
    pub struct MarkerControls {
        /// In seconds from the start.
        at_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// In quarter notes from the start.
        at_beats: Beats = 0.0 in 0.0..=3000000.0;
        /// In bars from 1.
        at_bar: Plain = 1.0 in 1.0..=1000000.0;
    }
}

/// A name for a time, or for the section that begins there.
#[derive(Debug, Clone, PartialEq)]
pub struct Marker {
    /// What people read.
    pub name: String,
    /// When.
    pub seconds: f64,
}

/// The lists of a session's text that say when things are.
pub(super) struct Lists<'a> {
    pub(super) tempo: Option<Node<'a>>,
    pub(super) meters: Option<Node<'a>>,
    pub(super) markers: Option<Node<'a>>,
}

impl<'a> Lists<'a> {
    pub(super) fn take(take: &mut Take<'a>) -> Self {
        let (tempo, meters) = (take.take("tempo"), take.take("time_signature"));
        Self { tempo, meters, markers: take.take("marker") }
    }

    /// Reads them; `given` is the place of `tempo_bpm`, if the session has one.
    pub(super) fn read(self, reader: &mut Reader<'_>, session: &mut Session, given: Option<Span>) {
        let mut map = TempoMap::steady(session.tempo_bpm);
        if let Some(list) = self.meters {
            let mut meters = vec![session.time_signature];
            for node in reader.list(&list, "time_signature", MOST) {
                read_meter(reader, &node, &mut meters);
            }
            map = map.with_meters(&meters);
        } else {
            map = map.with_meters(&[session.time_signature]);
        }
        if let Some(list) = self.tempo {
            let mut points = Vec::new();
            for node in reader.list(&list, "tempo", MOST) {
                read_point(reader, &node, &map, &mut points);
            }
            if let (Some(first), Some(at)) = (points.first().filter(|first| first.beats == 0.0), given)
                && first.bpm != session.tempo_bpm
            {
                let what = wrong("two_ways", "the tempo at the start is given here and as a [[tempo]]");
                reader.say(&at, what.hint("take one of them out"));
            }
            map = map.with_points(&points);
        }
        session.tempo_bpm = map.bpm_at(0.0);
        session.tempo = map;
        if let Some(list) = self.markers {
            for node in reader.list(&list, "marker", MOST) {
                session.markers.extend(read_marker(reader, &node, &session.tempo));
            }
            session.markers.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        }
    }
}

/// A time signature at its bar; only bars after the one before.
fn read_meter(reader: &mut Reader<'_>, node: &Node<'_>, meters: &mut Vec<Meter>) {
    let Some(mut take) = reader.table(node, "time_signature") else { return };
    let at = take.take("at_bar");
    let signature = take.take("signature");
    let bar = at.as_ref().map_or(Some(1.0), Node::as_number);
    let bar = bar.filter(|bar| bar.fract() == 0.0 && (1.0..=1e6).contains(bar));
    if bar.is_none() {
        reader.say(&take.key_span("at_bar"), wrong("out_of_range", "`at_bar` is a whole number from 1"));
    }
    let meter = signature.and_then(|node| read_signature(reader, &node, bar.unwrap_or(1.0)));
    match meter {
        None if reader.is_fine() => {
            reader.say(&take.span, wrong("missing_key", "a time signature has no `signature`"));
        }
        Some(meter) if meters.last().is_some_and(|last| meter.bar <= last.bar && meters.len() > 1) => {
            let what = "time signatures are in rising order of bars, no two at the same";
            reader.say(&take.span, wrong("unsorted_points", what));
        }
        Some(meter) => {
            meters.retain(|last| last.bar < meter.bar);
            meters.push(meter);
        }
        None => {}
    }
    take.finish(reader, "a time signature");
}

/// `"7/8"`.
pub(super) fn read_signature(reader: &mut Reader<'_>, node: &Node<'_>, bar: f64) -> Option<Meter> {
    let meter = Meter::parse(&reader.text(node, "time_signature")?, bar);
    if meter.is_none() {
        let what =
            wrong("bad_signature", "this is not a time signature").hint("for example \"3/4\" or \"7/8\"");
        reader.say(&node.span, what);
    }
    meter
}

fn read_point(reader: &mut Reader<'_>, node: &Node<'_>, map: &TempoMap, points: &mut Vec<TempoPoint>) {
    let Some(mut take) = reader.table(node, "tempo") else { return };
    let mut controls = TempoControls::default();
    let given = take.fields(reader, &mut controls);
    if given.contains(&"at_beats") && given.contains(&"at_bar") {
        let at = take.key_span("at_bar");
        reader.say(&at, wrong("two_ways", "a tempo stands at `at_beats` or at `at_bar`, not both"));
    }
    if !given.contains(&"bpm") {
        reader.say(&take.span, wrong("missing_key", "a tempo has no `bpm`"));
    }
    let bars = given.contains(&"at_bar");
    let beats = if bars { map.beats_of_bar(controls.at_bar) } else { controls.at_beats };
    if points.last().is_some_and(|last| beats <= last.beats) {
        let what = "tempos are in rising order of time, no two at the same";
        reader.say(&take.span, wrong("unsorted_points", what));
    } else {
        points.push(TempoPoint { beats, bpm: controls.bpm, ramp: controls.ramp });
    }
    take.finish(reader, "a tempo");
}

fn read_marker(reader: &mut Reader<'_>, node: &Node<'_>, map: &TempoMap) -> Option<Marker> {
    let mut take = reader.table(node, "marker")?;
    let name = match take.take("name") {
        Some(name) => reader.text(&name, "name"),
        None => {
            reader.say(&take.span, wrong("missing_key", "a marker has no `name`"));
            None
        }
    };
    let mut controls = MarkerControls::default();
    let given = take.fields(reader, &mut controls);
    if given.len() > 1 {
        let what = "a marker stands at one of `at_seconds`, `at_beats` and `at_bar`";
        reader.say(&take.span, wrong("two_ways", what));
    }
    take.finish(reader, "a marker");
    let seconds = match given.first() {
        Some(&"at_beats") => map.seconds_of_beats(controls.at_beats),
        Some(&"at_bar") => map.seconds_of_beats(map.beats_of_bar(controls.at_bar)),
        _ => controls.at_seconds,
    };
    Some(Marker { name: name?, seconds })
}
