//! Automation: an address, and points in time.

use super::controls::{Controls, Curve, SendControls, TimeBase, VcaControls};
use super::course::{self, Course};
use super::read::{Node, Reader, Span, wrong};
use super::{Session, Strip};
use crate::suggest::nearest;
use fx::{Fields, Kind, Param};

/// Controls of a strip that can move; the others are fixed for a whole mix.
pub const AUTOMATED: [&str; 14] = [
    "width",
    "ride_db",
    "fader_db",
    "pan",
    "pan_width",
    "pan_left",
    "pan_right",
    "mute",
    "azimuth_degrees",
    "elevation_degrees",
    "span_degrees",
    "spread_degrees",
    "divergence",
    "lfe_db",
];
/// Controls of a send that can move.
const AUTOMATED_SEND: [&str; 3] = ["gain_db", "pan", "mute"];
/// Most curves of a session, and most points of a curve. By our own convention.
const MOST_CURVES: usize = 16_384;
const MOST_POINTS: usize = 1_000_000;

/// What moves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// Id of a strip or a VCA.
    pub strip: String,
    /// Part of it.
    pub part: Part,
}

/// A part of a strip that can move. Parameters by flat index in their declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A control of the strip.
    Control(usize),
    /// A control of a send.
    Send {
        /// Which send.
        send: usize,
        /// Which control.
        index: usize,
    },
    /// A parameter of a processor.
    Insert {
        /// Which insert.
        insert: usize,
        /// Which parameter.
        index: usize,
    },
    /// A control of a VCA.
    Vca(usize),
}

/// A curve.
#[derive(Debug, Clone)]
pub struct Automation {
    /// What moves.
    pub target: Target,
    /// Its declaration.
    pub param: &'static Param,
    /// Points in rising order of time.
    pub points: Vec<Point>,
    /// Where the address stands.
    pub span: Span,
}

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When, from the start of the session.
    pub seconds: f64,
    /// Value there.
    pub value: f64,
    /// How it goes on to the next (choices and switches always hold).
    pub course: Course,
}

fx::fields! {
    /// What a curve has besides its points.
    pub struct Shape {
        /// What happens between points, where a point does not say it.
        curve: choice Curve = Linear;
        /// How far that bends.
        tension: Plain = 0.0 in -1.0..=1.0;
        /// What the times are.
        time: choice TimeBase = Seconds;
    }
}

/// Reads every curve.
pub(super) fn read(reader: &mut Reader<'_>, list: &Node<'_>, session: &mut Session) {
    for node in reader.list(list, "automation", MOST_CURVES) {
        if let Some(automation) = one(reader, &node, session) {
            session.automation.push(automation);
        }
    }
    let mut order: Vec<usize> = (0..session.automation.len()).collect();
    order.sort_by(|a, b| session.automation[*a].target.cmp(&session.automation[*b].target).then(a.cmp(b)));
    for pair in order.windows(2) {
        let (first, second) = (&session.automation[pair[0]], &session.automation[pair[1]]);
        if first.target == second.target {
            reader.say(
                &second.span,
                wrong("duplicate_target", "this is automated twice").hint("join the points"),
            );
        }
    }
}

fn one(reader: &mut Reader<'_>, node: &Node<'_>, session: &Session) -> Option<Automation> {
    let mut take = reader.table(node, "automation")?;
    let target = take.take("target");
    let mut shape = Shape::default();
    let given = take.fields(reader, &mut shape);
    let tension = given.contains(&"tension").then_some(shape.tension);
    let usual = course::course(shape.curve, tension.as_slice());
    if usual.is_none() {
        let what = wrong("bad_curve", "this curve has no tension").hint("exponential, s and bezier have");
        reader.say(&take.key_span("tension"), what);
    }
    let points = take.take("points");
    for (key, missing) in [("target", target.is_none()), ("points", points.is_none())] {
        if missing {
            reader.say(&take.span, wrong("missing_key", format!("an automation has no `{key}`")));
        }
    }
    take.finish(reader, "an automation");
    let (target, points) = (target?, points?);
    let address = reader.text(&target, "target")?;
    let found = match session.find_target(&address) {
        Ok(found) => found,
        Err(error) => {
            reader.say(&target.span, error);
            return None;
        }
    };
    let param = session.param(&found)?;
    let held = !matches!(param.kind, Kind::Number { .. });
    let usual = (shape.curve, usual.filter(|_| !held).unwrap_or(Course::Hold));
    let points = read_points(reader, &points, param, usual, |time| match shape.time {
        TimeBase::Seconds => time,
        TimeBase::Beats => session.seconds_of_beats(time),
        TimeBase::Bars => session.seconds_of_beats(session.tempo.beats_of_bar(time)),
    });
    Some(Automation { target: found, param, points, span: target.span })
}

pub(super) fn read_points(
    reader: &mut Reader<'_>,
    list: &Node<'_>,
    param: &Param,
    usual: (Curve, Course),
    seconds: impl Fn(f64) -> f64,
) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for node in reader.list(list, "points", MOST_POINTS) {
        let pair = node.as_list().unwrap_or_default();
        let [time, value, course @ ..] = pair.as_slice() else {
            let what = wrong("bad_point", "a point is a time and a value")
                .hint("points = [[0.0, -6.0], [4.0, 0.0]]");
            reader.say(&node.span, what);
            continue;
        };
        let Some(at) = time.as_number().map(&seconds).filter(|at| (0.0..=360_000.0).contains(at)) else {
            reader.say(&time.span, wrong("out_of_range", "a time is a number from 0 to 100 hours"));
            continue;
        };
        let Some(value) = reader.param(value, param) else { continue };
        if points.last().is_some_and(|last| at <= last.seconds) {
            reader.say(
                &time.span,
                wrong("unsorted_points", "points are in rising order of time, no two at the same"),
            );
            continue;
        }
        let Some(course) = course::read(reader, course, usual) else { continue };
        let course = if matches!(param.kind, Kind::Number { .. }) { course } else { Course::Hold };
        points.push(Point { seconds: at, value, course });
    }
    if points.is_empty() && reader.is_fine() {
        reader.say(&list.span, wrong("bad_point", "there is no point"));
    }
    points
}

impl Session {
    /// The declaration of what a target moves.
    #[must_use]
    pub fn param(&self, target: &Target) -> Option<&'static Param> {
        match target.part {
            Part::Control(index) => Controls::PARAMS.get(index),
            Part::Vca(index) => VcaControls::PARAMS.get(index),
            Part::Send { index, .. } => SendControls::PARAMS.get(index),
            Part::Insert { insert, index } => {
                self.strip(&target.strip)?.inserts.get(insert)?.settings.description().param(index)
            }
        }
    }

    /// The target at an address: `lead.fader_db`, `lead.send.plate.gain_db`, `gtr.eq.band2.gain_db`.
    pub(super) fn find_target(&self, address: &str) -> Result<Target, super::read::Wrong> {
        let (id, rest) = address.split_once('.').unwrap_or((address, ""));
        if let Some(vca) = self.vcas.iter().find(|vca| vca.id == id) {
            let index = VcaControls::PARAMS.iter().position(|param| param.key == rest);
            let part = index.map(Part::Vca);
            let known = VcaControls::PARAMS.iter().map(|param| param.key.to_owned()).collect();
            return part
                .map(|part| Target { strip: vca.id.clone(), part })
                .ok_or_else(|| unknown(address, id, rest, known));
        }
        let Some(strip) = self.strip(id) else {
            let ids = self.strips().map(|strip| strip.id.as_str()).chain([super::MIX]);
            let hint =
                nearest(id, ids).map(|meant| format!("did you mean `{meant}.{rest}`?")).unwrap_or_default();
            return Err(wrong(
                "unknown_strip",
                format!("there is no track, bus or vca `{}`", super::read::clip(id)),
            )
            .label("unknown target")
            .hint(hint));
        };
        let part = part_of(strip, rest)?;
        part.map(|part| Target { strip: strip.id.clone(), part })
            .ok_or_else(|| unknown(address, id, rest, addresses(strip)))
    }
}

fn unknown(address: &str, id: &str, rest: &str, known: Vec<String>) -> super::read::Wrong {
    let meant = nearest(rest, known.iter().map(String::as_str));
    let hint = match meant {
        Some(meant) => format!("did you mean `{id}.{meant}`?"),
        None => format!("known: {}", known.iter().take(24).cloned().collect::<Vec<_>>().join(", ")),
    };
    let what = format!("nothing to automate at `{}`", super::read::clip(address));
    wrong("unknown_target", what).label("unknown target").hint(hint)
}

/// The part of a strip at the rest of an address; an error if it could be two.
fn part_of(strip: &Strip, rest: &str) -> Result<Option<Part>, super::read::Wrong> {
    if AUTOMATED.contains(&rest) {
        return Ok(Controls::PARAMS.iter().position(|param| param.key == rest).map(Part::Control));
    }
    let Some((first, inner)) = rest.split_once('.') else { return Ok(None) };
    if first == "send" {
        let Some((to, key)) = inner.rsplit_once('.') else { return Ok(None) };
        let send = strip.sends.iter().position(|send| send.to.id == to);
        let index =
            SendControls::PARAMS.iter().position(|param| param.key == key && AUTOMATED_SEND.contains(&key));
        return Ok(send.zip(index).map(|(send, index)| Part::Send { send, index }));
    }
    let named: Vec<usize> =
        (0..strip.inserts.len()).filter(|index| strip.inserts[*index].id == first).collect();
    match named.as_slice() {
        [] => Ok(None),
        [insert] => {
            let index = strip.inserts[*insert].settings.description().index_of(inner);
            Ok(index.map(|index| Part::Insert { insert: *insert, index }))
        }
        several => {
            let what = format!("`{}` has {} inserts called `{first}`", strip.id, several.len());
            Err(wrong("ambiguous_target", what).hint("give each an `id` and use it in the address"))
        }
    }
}

/// Everything on a strip that can move.
fn addresses(strip: &Strip) -> Vec<String> {
    let mut list: Vec<String> = AUTOMATED.iter().map(|key| (*key).to_owned()).collect();
    for send in &strip.sends {
        list.extend(AUTOMATED_SEND.iter().map(|key| format!("send.{}.{key}", send.to.id)));
    }
    for insert in &strip.inserts {
        let description = insert.settings.description();
        let inner = (0..description.len()).filter_map(|index| description.address(index));
        list.extend(inner.map(|address| format!("{}.{address}", insert.id)));
    }
    list
}
