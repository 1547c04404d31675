//! Strips of one or two channels among many loudspeakers, and layouts into one another.

use super::graph::{Graph, Origin, strip};
use super::plan::{Plan, Step};
use super::stage::{Dial, Gain, Level, Pan};
use crate::audio::{Layout, Speaker};
use crate::message::{Finding, Severity};
use crate::session::{PanMode, Part, Session, Strip, controls};
use dsp::block::Buffer;
use dsp::downmix::Matrix;
use dsp::vbap::{Direction, Extent, Gains, MOST, Panner};

/// How far `pan` moves one channel: from the centre to the front pair (BS.2051).
const PAN_DEGREES: f64 = 30.0;

/// Loudspeakers of a strip after pan, given those before it: one or two channels stand where their destination has
/// loudspeakers, if that has more than two; all else stays what it is, and one channel becomes two.
pub(super) fn panned(session: &Session, origin: Origin, own: &Layout) -> Layout {
    let Some(strip) = strip(session, origin).filter(|_| origin != Origin::Mix) else { return own.clone() };
    let to = session.layout_of(&strip.output.id).speakers();
    match own.channels() {
        1 | 2 if to.channels() > 2 => to,
        1 => Layout::of(2),
        _ => own.clone(),
    }
}

/// Whether the strip of a step is placed among loudspeakers.
pub(super) fn is_placed(step: &Step) -> bool {
    step.channels <= 2 && step.panned.channels() > 2
}

/// The map from one layout to another; `None` where the strips' own rules for one and two channels hold.
pub(super) fn matrix(session: &Session, from: &Layout, to: &Layout) -> Option<Matrix> {
    let wide = from.channels() > 2 || to.channels() > 2;
    wide.then(|| Matrix::new(&from.places(), &to.places(), &session.shape.coefficients()))
}

/// Where one or two channels stand among loudspeakers.
pub(super) struct Placement {
    pub(super) panner: Panner,
    pub(super) lfe: Option<usize>,
    pub(super) azimuth: Dial,
    pub(super) elevation: Dial,
    pub(super) span: Dial,
    pub(super) spread: Dial,
    pub(super) divergence: Dial,
    pub(super) lfe_db: Dial,
}

impl Placement {
    /// In front, with nothing to the LFE.
    pub(super) fn new(to: &Layout) -> Self {
        Self {
            panner: Panner::new(&to.directions()),
            lfe: to.0.iter().position(|speaker| *speaker == Speaker::Lfe),
            azimuth: Dial::fixed(0.0),
            elevation: Dial::fixed(0.0),
            span: Dial::fixed(2.0 * PAN_DEGREES),
            spread: Dial::fixed(0.0),
            divergence: Dial::fixed(0.0),
            lfe_db: Dial::fixed(controls::OFF_DB),
        }
    }

    fn is_flat(&self, pan: &Pan, frame: i64, frames: usize) -> bool {
        let dials =
            [&self.azimuth, &self.elevation, &self.span, &self.spread, &self.divergence, &self.lfe_db];
        pan.is_flat(frame, frames) && dials.into_iter().all(|dial| dial.is_flat(frame, frames))
    }

    /// Gains of every input channel (one or two) into every loudspeaker.
    fn gains(&self, pan: &Pan, channels: usize, frame: i64) -> [Gains; 2] {
        let elevation_degrees = self.elevation.at(frame);
        let extent = Extent { spread_degrees: self.spread.at(frame), divergence: self.divergence.at(frame) };
        let azimuth = self.azimuth.at(frame);
        let of = |azimuth_degrees: f64, gain: f64, share: f64| {
            let mut gains = self.panner.gains(Direction { azimuth_degrees, elevation_degrees }, extent);
            gains.iter_mut().for_each(|to| *to *= gain);
            if let Some(lfe) = self.lfe.filter(|lfe| *lfe < MOST) {
                gains[lfe] = share * gain * controls::fader_gain(self.lfe_db.at(frame));
            }
            gains
        };
        if channels == 1 {
            let aside = PAN_DEGREES * pan.position.at(frame);
            return [of(azimuth - aside, 1.0, 1.0), [0.0; MOST]];
        }
        let half = 0.5 * self.span.at(frame);
        let (left, right) = pan.of_stereo(frame);
        // Both channels share the LFE: half the sum, as into every single loudspeaker.
        [of(azimuth + half, left, 0.5), of(azimuth - half, right, 0.5)]
    }

    /// Adds `input`, times a level, to the loudspeakers of `output`.
    pub(super) fn add(&self, pan: &Pan, frame: i64, input: &Buffer, level: Level<'_>, output: &mut Buffer) {
        let (frames, channels) = (output.frames(), input.channels().min(2));
        let mut part = |range: std::ops::Range<usize>, frame: i64| {
            let gains = self.gains(pan, channels, frame);
            for (from, gains) in gains.iter().enumerate().take(channels) {
                for (to, gain) in gains.iter().enumerate().take(output.channels()) {
                    if *gain != 0.0 {
                        let (x, y) = (&input.channel(from)[range.clone()], output.channel_mut(to));
                        level.part(range.clone()).add(x, *gain, &mut y[range.clone()]);
                    }
                }
            }
        };
        if self.is_flat(pan, frame, frames) {
            part(0..frames, frame);
        } else {
            (0..frames).for_each(|offset| part(offset..offset + 1, frame + offset as i64));
        }
    }

    /// One or two channels become as many as there are loudspeakers.
    pub(super) fn spread(&self, pan: &Pan, frame: i64, input: &Buffer, output: &mut Buffer) {
        output.clear();
        self.add(pan, frame, input, Level::Flat(1.0), output);
    }
}

/// Adds a source to the running signal, channel by channel through a matrix.
pub(super) fn add_mapped(
    matrix: &Matrix,
    gain: &Gain,
    source: &Buffer,
    work: &mut Buffer,
    now: i64,
    scratch: &mut [f64],
) {
    let level = gain.over(now, work.frames(), scratch);
    for cell in &matrix.cells {
        if cell.from < source.channels() && cell.to < work.channels() {
            level.add(source.channel(cell.from), cell.gain, work.channel_mut(cell.to));
        }
    }
}

/// Keys of a strip that place it, with the values that do nothing.
fn placed_keys(strip: &Strip) -> [(&'static str, bool); 6] {
    let c = &strip.controls;
    [
        ("azimuth_degrees", c.azimuth_degrees != 0.0),
        ("elevation_degrees", c.elevation_degrees != 0.0),
        ("span_degrees", c.span_degrees != 2.0 * PAN_DEGREES),
        ("spread_degrees", c.spread_degrees != 0.0),
        ("divergence", c.divergence != 0.0),
        ("lfe_db", c.lfe_db > controls::OFF_DB),
    ]
}

/// What was written about places that nothing comes of.
pub(super) fn notes(session: &Session, graph: &Graph, plan: &Plan, findings: &mut Vec<Finding>) {
    for step in &plan.steps {
        let Some(strip) = graph.strips.get(step.strip).and_then(|origin| strip(session, *origin)) else {
            continue;
        };
        let moves = |key: &str| {
            session.automation.iter().any(|curve| {
                curve.target.strip == strip.id
                    && curve.param.key == key
                    && matches!(curve.target.part, Part::Control(_))
            })
        };
        let set = placed_keys(strip).into_iter().filter(|(key, set)| *set || moves(key)).map(|(key, _)| key);
        let lfe = step.panned.0.contains(&Speaker::Lfe);
        let has_tops = step.panned.0.contains(&Speaker::TopFrontLeft);
        let place = is_placed(step) && strip.controls.pan_mode != PanMode::Balance;
        let idle: Vec<&str> = set
            .filter(|key| {
                !is_placed(step)
                    || (*key == "lfe_db" && !lfe)
                    || (*key == "elevation_degrees" && !has_tops)
                    || (*key == "span_degrees" && step.channels == 1)
            })
            .chain(place.then_some("pan_mode"))
            .collect();
        if !idle.is_empty() {
            let what = format!("{} changes nothing here", idle.join(", "));
            findings.push(
                Finding::new("surround_idle", Severity::Warning, what)
                    .about(&strip.id)
                    .limit("a strip of one or two channels into a bus that has the loudspeakers")
                    .advice("give its bus a layout, e.g. [mix] layout = \"5.1\", or take the key out"),
            );
        }
    }
}
