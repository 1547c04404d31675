//! Clips that overlap go over into each other.

use super::ClipPlan;
use super::fade::{Fade, Law};
use super::player::Playing;
use crate::engine::library::Library;
use crate::message::{Finding, Result, Severity};
use crate::session::Crossfade;
use dsp::block::Buffer;
use dsp::math::SQRT_2;

/// Most frames of an overlap that are compared. By our own convention: over five seconds at 48 kHz.
const COMPARED_FRAMES: u64 = 1 << 18;

/// Correlation from which on equal gain errs less than equal power. In the middle of a crossfade of signals of equal power and
/// correlation r, equal gain leaves the power (1 + r)/2, equal power 1 + r: the errors in decibels are the same, up and down,
/// where (1 + r)²/2 = 1.
const COHERENT: f64 = SQRT_2 - 1.0;

/// Sums of products, for a correlation.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    ab: f64,
    aa: f64,
    bb: f64,
}

impl Sums {
    /// Over all channels that both have; one channel counts for two.
    pub(super) fn of(a: &Buffer, b: &Buffer) -> Self {
        let mut sums = Self::default();
        let last = |buffer: &Buffer, channel: usize| channel.min(buffer.channels().saturating_sub(1));
        if a.channels() == 0 || b.channels() == 0 {
            return sums;
        }
        for channel in 0..a.channels().max(b.channels()) {
            let pair = a.channel(last(a, channel)).iter().zip(b.channel(last(b, channel)));
            for (a, b) in pair {
                sums.ab += a * b;
                sums.aa += a * a;
                sums.bb += b * b;
            }
        }
        sums
    }

    /// From -1 to 1; 0 where there is nothing to compare.
    pub(super) fn correlation(&self) -> f64 {
        let power = (self.aa * self.bb).sqrt();
        if power > 0.0 { (self.ab / power).clamp(-1.0, 1.0) } else { 0.0 }
    }
}

/// The law that was asked for, or that the correlation asks for.
pub(super) fn law_of(wanted: Crossfade, correlation: impl FnOnce() -> f64) -> Law {
    match wanted {
        Crossfade::EqualGain => Law::Gain,
        Crossfade::EqualPower => Law::Power,
        _ if correlation() >= COHERENT => Law::Gain,
        _ => Law::Power,
    }
}

/// What became of the overlaps of a track.
#[derive(Default)]
struct Told {
    gain: usize,
    power: usize,
    range: Option<(f64, f64)>,
    /// Seconds of the first pair that sounds at once, and of the first that cancels.
    layered: Option<f64>,
    cancels: Option<(f64, f64)>,
}

/// Puts the clips of a track into a fixed order and lets those that overlap go over into each other.
pub(in crate::engine) fn crossfades(
    plans: &mut [ClipPlan],
    track: &str,
    library: &dyn Library,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    // A fixed order of summing, whatever the order in the text.
    plans.sort_by(|a, b| {
        (a.start, a.frames, &a.path, a.skip, &a.pick).cmp(&(b.start, b.frames, &b.path, b.skip, &b.pick))
    });
    let mut told = Told::default();
    for next in 1..plans.len() {
        let (before, rest) = plans.split_at_mut(next);
        let Some(b) = rest.first_mut() else { continue };
        for a in before.iter_mut() {
            if a.end() == b.start && continues(a, b) {
                (a.cut[1], b.cut[0]) = (false, false);
            }
        }
        let sounding = before.iter().filter(|a| a.end() > b.start).count();
        let Some(a) = before.iter_mut().rev().find(|a| a.end() > b.start) else { continue };
        if sounding > 1 || a.start == b.start || a.end() > b.end() {
            let at = b.start as f64 / f64::from(b.session_rate_hz.max(1));
            told.layered.get_or_insert(at);
            if sounding == 1 {
                continue;
            }
        }
        if a.start < b.start && a.end() <= b.end() {
            pair(a, b, library, &mut told)?;
        }
    }
    findings.extend(told.findings(track));
    Ok(())
}

/// Whether `b` goes on exactly where `a` stops: an edit that changes nothing.
fn continues(a: &ClipPlan, b: &ClipPlan) -> bool {
    let plain = |plan: &ClipPlan| plan.course.is_none() && plan.envelope.is_empty();
    let same = a.path == b.path && a.pick == b.pick && a.file_rate_hz == a.session_rate_hz;
    same && plain(a) && plain(b) && a.gain == b.gain && a.skip + a.frames == b.skip
}

fn pair(a: &mut ClipPlan, b: &mut ClipPlan, library: &dyn Library, told: &mut Told) -> Result<()> {
    let (wanted, length, shape) = b.crossfade;
    let drawn = a.fade_out.frames > 0 || b.fade_in.frames > 0;
    if wanted == Crossfade::None || (wanted == Crossfade::Auto && drawn) {
        return Ok(());
    }
    let overlap = a.end() - b.start;
    let frames = if length == 0 { overlap } else { length.min(overlap) };
    let correlation = match wanted {
        Crossfade::Auto => Some(compare(a, b, frames, library)?),
        _ => None,
    };
    let law = law_of(wanted, || correlation.unwrap_or(0.0));
    told.note(law, correlation, b.start as f64 / f64::from(b.session_rate_hz.max(1)));
    if frames < overlap {
        a.frames -= overlap - frames;
        a.to_end = false;
    }
    a.fade_out = Fade::cross(frames, law, shape);
    b.fade_in = Fade::cross(frames, law, shape);
    Ok(())
}

/// Correlation of what overlaps.
fn compare(a: &ClipPlan, b: &ClipPlan, frames: u64, library: &dyn Library) -> Result<f64> {
    let frames = frames.min(COMPARED_FRAMES);
    let sound = |plan: &ClipPlan, from: u64| {
        let bare = ClipPlan { frames: frames.min(plan.frames - from), ..plan.bare_from(from) };
        let mut out = Buffer::new(plan.channels(), frames as usize);
        let (start, end) = (bare.start, bare.end());
        Playing::new(bare).play(start, end, 0, &mut out, library)?;
        Ok(out)
    };
    let first = sound(a, b.start - a.start)?;
    Ok(Sums::of(&first, &sound(b, 0)?).correlation())
}

impl Told {
    fn note(&mut self, law: Law, correlation: Option<f64>, seconds: f64) {
        match law {
            Law::Gain => self.gain += 1,
            Law::Power => self.power += 1,
        }
        let Some(r) = correlation else { return };
        let (low, high) = self.range.unwrap_or((r, r));
        self.range = Some((low.min(r), high.max(r)));
        if r <= -COHERENT {
            self.cancels.get_or_insert((seconds, r));
        }
    }

    fn findings(&self, track: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.gain + self.power > 0 {
            let range = self.range.map_or_else(String::new, |(low, high)| {
                format!(", correlation of the overlaps {low:.2} to {high:.2}")
            });
            let what = format!("{} of equal gain, {} of equal power{range}", self.gain, self.power);
            findings.push(
                Finding::new("crossfades", Severity::Info, what)
                    .about(track)
                    .advice("nothing to do; `crossfade = \"none\"` lets both clips sound in full"),
            );
        }
        if let Some(seconds) = self.layered {
            let what = "clips sound at once that are not one after the other";
            findings.push(
                Finding::new("clips_layered", Severity::Info, what)
                    .about(track)
                    .seconds(seconds)
                    .limit("a crossfade joins the end of one clip with the beginning of the next")
                    .advice(
                        "they are added up; cut the longer one in two where one should replace the other",
                    ),
            );
        }
        if let Some((seconds, r)) = self.cancels {
            findings.push(
                Finding::new("crossfade_cancels", Severity::Warning, format!("correlation {r:.2}"))
                    .about(track)
                    .seconds(seconds)
                    .limit("-0.41")
                    .advice("the two clips are of opposite polarity and cancel in the crossfade: turn one over or shorten it"),
            );
        }
        findings
    }
}
