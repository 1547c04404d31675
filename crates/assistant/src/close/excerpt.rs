//! Parts of a long song in place of the whole: enough to hear what the chains make of every track.

use super::power::{Powers, active};
use dsp::math::{db_to_power, power_to_db};
use studio::session::{Clip, Course, Point, Session};

/// Values of 50 ms in a second.
const PER_SECOND: usize = 20;
/// Length of a part and distance of the places where one may begin, in values: 8 s, about two bars at the slowest of usual tempos,
/// and half of it. By our own convention.
const PART: usize = 8 * PER_SECOND;
const STEP: usize = PART / 2;
/// Fewest and most parts. By calibration on the songs of the corpus at 240 s, 2026-11-22, docs/decisions/051.
const FEWEST: usize = 5;
const MOST: usize = 10;
/// Songs shorter than this are heard whole: the parts would be most of it, s.
const SHORTEST: usize = 150 * PER_SECOND;
/// Of every track that much of its louder half is wanted, in values.
const WANTED: usize = 3 * PER_SECOND;
/// Louder half: within this of the 95th percentile, dB. By our own convention.
const LOUD_DB: f64 = 10.0;
/// Values at the beginning of a part in which chains settle.
const SETTLES: usize = 6;
/// Steps of level in which the gain of a chain is told, dB, and how far down.
const LEVEL_DB: f64 = 3.0;
const LEVELS: usize = 12;
/// Fades at the cuts, so that they do not click.
const FADE_MS: f64 = 5.0;

/// A part: values of 50 ms from here to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    /// First value.
    from: usize,
    /// Behind the last.
    to: usize,
}

impl Part {
    fn meets(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// Values in which a track is loud.
fn loud(powers: &Powers) -> Vec<bool> {
    let on = active(powers);
    let mut own: Vec<f64> = powers.iter().zip(&on).filter(|(_, on)| **on).map(|(power, _)| *power).collect();
    own.sort_by(f64::total_cmp);
    let top = own.get(own.len().saturating_sub(1) * 95 / 100).copied().unwrap_or(0.0);
    let least = top * db_to_power(-LOUD_DB);
    powers.iter().zip(on).map(|(power, on)| on && *power > 0.0 && *power >= least).collect()
}

/// Parts of a song that are heard in place of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    parts: Vec<Part>,
    /// For each value of the song, whether it is in a part and chains have settled there.
    settled: Vec<bool>,
}

/// Parts in which every track is loud for some time, and then the loudest ones.
fn parts(tracks: &[Powers], peaks: &[f64]) -> Option<Vec<Part>> {
    let length = tracks.iter().map(Vec::len).max().unwrap_or(0);
    if length < SHORTEST {
        return None;
    }
    let louds: Vec<Vec<bool>> = tracks.iter().map(loud).collect();
    let count = |track: usize, part: Part| {
        louds[track].iter().take(part.to).skip(part.from).filter(|loud| **loud).count()
    };
    let mut wanted: Vec<usize> =
        louds.iter().map(|loud| loud.iter().filter(|loud| **loud).count().min(WANTED)).collect();
    let mut free: Vec<Part> =
        (0..length - PART).step_by(STEP).map(|from| Part { from, to: from + PART }).collect();
    let mut found: Vec<Part> = Vec::new();
    // The largest peak decides about the print: its part is always there.
    let top = peaks.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    let mut next =
        top.and_then(|(at, _)| free.iter().copied().find(|part| (part.from..part.to).contains(&at)));
    while found.len() < MOST {
        let gain = |part: Part| -> usize {
            wanted.iter().enumerate().map(|(track, wanted)| count(track, part).min(*wanted)).sum()
        };
        let Some(part) = next.take().or_else(|| best(&free, tracks, &gain, found.len() < FEWEST)) else {
            break;
        };
        (0..wanted.len()).for_each(|track| wanted[track] -= count(track, part).min(wanted[track]));
        free.retain(|other| !other.meets(part));
        found.push(part);
    }
    found.sort_by_key(|part| part.from);
    Some(found)
}

/// The part in which most is gained, the loudest of equals, the first of equally loud ones; unless `anyway`, none in which nothing is.
fn best(free: &[Part], tracks: &[Powers], gain: &dyn Fn(Part) -> usize, anyway: bool) -> Option<Part> {
    let energy = |part: Part| -> f64 { tracks.iter().map(|own| energy(own, part)).sum() };
    let all = free.iter().map(|part| (*part, gain(*part), energy(*part)));
    let best = all.max_by(|a, b| a.1.cmp(&b.1).then(a.2.total_cmp(&b.2)).then(b.0.from.cmp(&a.0.from)));
    best.filter(|(_, gain, _)| *gain > 0 || anyway).map(|(part, ..)| part)
}

fn energy(powers: &Powers, part: Part) -> f64 {
    powers.iter().take(part.to).skip(part.from).sum()
}

impl Excerpt {
    /// Of a song by its tracks: powers of each as they were recorded, and how high all peak together; `None` for a song that is better
    /// heard whole.
    #[must_use]
    pub fn of(tracks: &[Powers], peaks: &[f64]) -> Option<Self> {
        let parts = parts(tracks, peaks)?;
        let mut settled = vec![false; tracks.iter().map(Vec::len).max().unwrap_or(0)];
        for part in &parts {
            settled.iter_mut().take(part.to).skip(part.from + SETTLES).for_each(|settled| *settled = true);
        }
        Some(Self { parts, settled })
    }

    /// Length of all parts together, s.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.parts.iter().map(|part| part.to - part.from).sum::<usize>() as f64 / PER_SECOND as f64
    }

    /// The session with these parts one after the other; `None` where its clips are more than whole files that begin somewhere, or
    /// something moves in other ways than straight. `seconds` is the length of the file of a track that sounds.
    #[must_use]
    pub fn cut(&self, session: &Session, seconds: &dyn Fn(&str) -> Option<f64>) -> Option<Session> {
        let mut short = session.clone();
        for track in &mut short.tracks {
            let Some(length) = seconds(&track.strip.id) else {
                track.clips.clear();
                continue;
            };
            let [clip] = track.clips.as_slice() else { return None };
            if !is_plain(clip) {
                return None;
            }
            track.clips = clips(clip, &self.parts, length);
        }
        for curve in &mut short.automation {
            if curve.points.iter().any(|point| point.course != Course::Linear) {
                return None;
            }
            curve.points = points(&curve.points, &self.parts);
        }
        short.edit_groups.clear();
        Some(short)
    }

    /// What was heard in the parts at its place in the song; zero where nothing was.
    #[must_use]
    pub fn placed(&self, heard: &[f64]) -> Vec<f64> {
        let mut whole = vec![0.0; self.settled.len()];
        let mut heard = heard.iter();
        for part in &self.parts {
            let own = whole.iter_mut().take(part.to).skip(part.from);
            own.zip(heard.by_ref()).for_each(|(whole, heard)| *whole = *heard);
        }
        whole
    }

    /// Values that count: of both lists, where they were heard and had settled.
    fn both<'a>(&'a self, a: &'a [f64], b: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
        let settled = self.settled.iter().zip(a).zip(b).filter(|((settled, _), _)| **settled);
        settled.map(|((_, a), b)| (*a, *b))
    }

    /// What a chain makes of a whole track, from what it made of the parts: its gain at every level. `before` is the track ahead of the
    /// chain, `heard` what was behind it, at its place.
    #[must_use]
    pub fn spread(&self, before: &Powers, heard: &Powers) -> Powers {
        let top = before.iter().copied().fold(0.0, f64::max);
        if top <= 0.0 {
            return vec![0.0; before.len()];
        }
        let level = |power: f64| ((power_to_db(top / power.max(1e-30)) / LEVEL_DB) as usize).min(LEVELS - 1);
        let mut sums = [(0.0, 0.0); LEVELS];
        for (before, after) in self.both(before, heard) {
            let (ahead, behind) = &mut sums[level(before)];
            *ahead += before;
            *behind += after;
        }
        let told: Vec<(usize, f64)> = sums
            .iter()
            .enumerate()
            .filter(|(_, (ahead, _))| *ahead > 0.0)
            .map(|(level, (ahead, behind))| (level, behind / ahead))
            .collect();
        // The nearest level that was heard; of two, the louder.
        let nearest = |level: usize| told.iter().min_by_key(|(other, _)| (other.abs_diff(level), *other));
        let gains: Vec<f64> =
            (0..LEVELS).map(|level| nearest(level).map_or(1.0, |(_, gain)| *gain)).collect();
        before.iter().map(|power| power * gains[level(*power)]).collect()
    }

    /// A whole by what its parts were (`heard`, at its place), where `made` is what it is made of.
    #[must_use]
    pub fn scaled_to(&self, made: Powers, heard: &Powers) -> Powers {
        let (own, heard) =
            self.both(&made, heard).fold((0.0, 0.0), |(a, b), (own, heard)| (a + own, b + heard));
        let gain = if own > 0.0 { heard / own } else { 1.0 };
        made.into_iter().map(|power| power * gain).collect()
    }
}

/// A curve in the parts: what stands in them, and where it is at their ends.
fn points(curve: &[Point], parts: &[Part]) -> Vec<Point> {
    let value = |seconds: f64| {
        let next = curve.partition_point(|point| point.seconds <= seconds);
        match (next.checked_sub(1).and_then(|last| curve.get(last)), curve.get(next)) {
            (Some(a), Some(b)) => {
                a.value + (b.value - a.value) * (seconds - a.seconds) / (b.seconds - a.seconds).max(1e-9)
            }
            (Some(only), None) | (None, Some(only)) => only.value,
            (None, None) => 0.0,
        }
    };
    let mut all = Vec::new();
    let mut at = 0.0;
    for part in parts {
        let (from, to) = (part.from as f64 / PER_SECOND as f64, part.to as f64 / PER_SECOND as f64);
        // So that the next part may begin somewhere else.
        let last = to - 1e-3;
        let inside = curve.iter().map(|point| point.seconds).filter(|seconds| (from..last).contains(seconds));
        let times = [from].into_iter().chain(inside.filter(|seconds| *seconds > from)).chain([last]);
        all.extend(times.map(|seconds| Point {
            seconds: at + seconds - from,
            value: value(seconds),
            course: Course::Linear,
        }));
        at += to - from;
    }
    all
}

/// Whether a clip is a file from its beginning, or a part of it, and nothing else.
fn is_plain(clip: &Clip) -> bool {
    let controls = &clip.controls;
    let as_recorded = controls.speed == 1.0 && controls.stretch == 1.0 && !controls.reverse;
    let uncut = controls.length_seconds == 0.0 && controls.fade_in_ms == 0.0 && controls.fade_out_ms == 0.0;
    as_recorded && uncut && !clip.in_beats && clip.looped.is_none() && clip.gain_points.is_empty()
}

fn clips(clip: &Clip, parts: &[Part], length: f64) -> Vec<Clip> {
    let start = clip.controls.start_seconds;
    let end = start + length - clip.controls.offset_seconds;
    let mut at = 0.0;
    let mut cut = Vec::new();
    for part in parts {
        let (from, to) = (part.from as f64 / PER_SECOND as f64, part.to as f64 / PER_SECOND as f64);
        let (first, last) = (from.max(start), to.min(end));
        // What is shorter than both fades is no sound.
        if last - first > 0.05 {
            let mut own = clip.clone();
            own.whole = false;
            own.controls.start_seconds = at + first - from;
            own.controls.offset_seconds += first - start;
            own.controls.length_seconds = last - first;
            (own.controls.fade_in_ms, own.controls.fade_out_ms) = (FADE_MS, FADE_MS);
            cut.push(own);
        }
        at += to - from;
    }
    cut
}

#[cfg(test)]
#[path = "excerpt_tests.rs"]
mod tests;
