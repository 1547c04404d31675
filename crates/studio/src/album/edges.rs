//! How a song begins and ends.

use super::rhythm::{self, STEP_SECONDS, Tempo};
use crate::message::Result;
use crate::pipe::{Next, Stage};
use dsp::block::Buffer;
use dsp::math;
use serde::Serialize;
use std::collections::VecDeque;

/// The last tenth of what is kept at an end lies this far under the whole where it was faded, dB. By our own convention: a raised
/// cosine of 30 ms is 50 dB down there, and a decay that fast is no music going on.
const FADED_DB: f64 = 15.0;
/// Frames at either end that are kept, to see whether two songs are one piece: 20 ms at 48 kHz.
const KEPT_FRAMES: usize = 960;
/// Range in which a decay is followed, dB: that of a reverberation time (ISO 3382-1).
const DECAY_DB: f64 = 60.0;
/// So far under the loud level music is still going on, dB. By calibration, 2026-11-21: verses and breaks of the reference
/// material stay within 12 dB of their choruses.
const GOING_ON_DB: f64 = 12.0;
/// What is softer than this is silence in any song, dBFS: the noise of 14 bits.
const SILENCE_DBFS: f64 = -84.0;
/// An end that is louder than this was cut off (mastering.md §5.12: tails are checked at -60 dBFS).
pub(super) const TRUNCATED_DBFS: f64 = -60.0;
/// Two ends in one piece differ in level by no more than this over 20 ms, dB. By calibration, 2026-11-21.
const SAME_LEVEL_DB: f64 = 6.0;
/// And in brightness: power of the differences between samples over that of the samples, dB. By calibration, 2026-11-21.
const SAME_BRIGHTNESS_DB: f64 = 6.0;
/// Difference across the cut (of the samples, and of their differences), over the usual one around it, up to which a waveform
/// goes on. By calibration, 2026-11-21: within music the largest of 20 ms is 2 to 4 times the usual one.
const JUMP: f64 = 5.0;

/// How a song begins and ends.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edges {
    /// Silence before the first sound.
    pub head_seconds: f64,
    /// Silence after the last sound.
    pub tail_seconds: f64,
    /// From the last moment the music goes on to its end in silence or in the end of the file.
    pub decay_seconds: f64,
    /// Level of the last 20 ms.
    pub end_dbfs: f64,
    /// Level of the first 20 ms.
    pub start_dbfs: f64,
    /// How fast it goes.
    pub tempo: Option<Tempo>,
    /// First and last frames, channel by channel.
    #[serde(skip)]
    first: Vec<Vec<f64>>,
    #[serde(skip)]
    last: Vec<Vec<f64>>,
}

impl Edges {
    /// Whether the sound is cut off at the end.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.end_dbfs > TRUNCATED_DBFS
    }

    /// Whether `next` goes on where this one ends, without a seam.
    #[must_use]
    pub fn goes_on_in(&self, next: &Self) -> bool {
        self.is_truncated()
            && next.start_dbfs > TRUNCATED_DBFS
            && (self.end_dbfs - next.start_dbfs).abs() < SAME_LEVEL_DB
            && self.last.len() == next.first.len()
            && self.last.iter().zip(&next.first).all(|(end, start)| joins(end, start))
            && !(self.last.iter().all(|end| is_faded(end))
                && next.first.iter().all(|start| is_faded_in(start)))
    }
}

#[cfg(test)]
impl Edges {
    /// Edges of a song that begins at once, ends in silence, and has these figures.
    pub(super) fn made(decay_seconds: f64, tail_seconds: f64, tempo: Option<Tempo>) -> Self {
        Self {
            head_seconds: 0.0,
            tail_seconds,
            decay_seconds,
            end_dbfs: -90.0,
            start_dbfs: -20.0,
            tempo,
            first: Vec::new(),
            last: Vec::new(),
        }
    }
}

/// Whether the steps across the cut are ones the waveform makes by itself, and both sides are as bright.
fn joins(end: &[f64], start: &[f64]) -> bool {
    let joined: Vec<f64> = end.iter().chain(start).copied().collect();
    let cut = end.len();
    let first = differences(&joined);
    let second = differences(&first);
    // Differences across the cut: one of the first order, two of the second; all others are of one side only.
    smooth(&first, cut.saturating_sub(1)..cut)
        && smooth(&second, cut.saturating_sub(2)..cut)
        && (brightness_db(end) - brightness_db(start)).abs() < SAME_BRIGHTNESS_DB
}

/// Whether the end of a plane fades to nothing in its last 2 ms. The differences tell: a wave that crosses zero has its largest
/// there, a fade has none.
fn is_faded(plane: &[f64]) -> bool {
    let steps = differences(plane);
    let mean = |part: &[f64]| part.iter().map(|x| x * x).sum::<f64>() / part.len().max(1) as f64;
    let end = steps.get(steps.len() - steps.len() / 10..).unwrap_or_default();
    math::power_to_db(mean(end)) < math::power_to_db(mean(&steps)) - FADED_DB
}

/// Whether the beginning of a plane comes out of nothing.
fn is_faded_in(plane: &[f64]) -> bool {
    is_faded(&plane.iter().rev().copied().collect::<Vec<f64>>())
}

fn differences(plane: &[f64]) -> Vec<f64> {
    plane.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Whether differences across the cut are no larger than those around it allow. A channel that is silent goes on in silence.
fn smooth(differences: &[f64], across: std::ops::Range<usize>) -> bool {
    let others = differences.iter().enumerate().filter(|(at, _)| !across.contains(at));
    let (sum, count) = others.fold((0.0, 0_usize), |(sum, count), (_, step)| (sum + step * step, count + 1));
    let usual = (sum / count.max(1) as f64).sqrt();
    differences.get(across).unwrap_or_default().iter().all(|step| step.abs() <= JUMP * usual)
}

/// Power of the differences between samples over that of the samples.
fn brightness_db(plane: &[f64]) -> f64 {
    let power = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>() + f64::MIN_POSITIVE;
    math::power_to_db(power(&differences(plane)) / power(plane))
}

/// Watches the level of a stream.
pub(super) struct Watcher {
    step_frames: f64,
    edge: f64,
    frame: u64,
    power: f64,
    sharp: f64,
    in_step: usize,
    last_x: Vec<f64>,
    /// Mean square per step, of the sound and of its differences from sample to sample (its highs).
    powers: Vec<f32>,
    highs: Vec<f32>,
    first: Vec<Vec<f64>>,
    last: Vec<VecDeque<f64>>,
}

impl Watcher {
    pub(super) fn new(channels: usize, sample_rate_hz: f64) -> Self {
        let step_frames = STEP_SECONDS * sample_rate_hz;
        Self {
            step_frames,
            edge: step_frames,
            frame: 0,
            power: 0.0,
            sharp: 0.0,
            in_step: 0,
            last_x: vec![0.0; channels],
            powers: Vec::new(),
            highs: Vec::new(),
            first: vec![Vec::new(); channels],
            last: vec![VecDeque::new(); channels],
        }
    }

    fn watch(&mut self, block: &Buffer) {
        for (channel, (first, last)) in self.first.iter_mut().zip(&mut self.last).enumerate() {
            let plane = block.channel(channel);
            first.extend(plane.iter().take(KEPT_FRAMES - first.len().min(KEPT_FRAMES)));
            last.extend(&plane[plane.len().saturating_sub(KEPT_FRAMES)..]);
            last.drain(..last.len().saturating_sub(KEPT_FRAMES));
        }
        let mut start = 0;
        while start < block.frames() {
            let left = (self.edge - self.frame as f64).ceil().max(1.0) as usize;
            let frames = left.min(block.frames() - start);
            for channel in 0..block.channels() {
                let plane = &block.channel(channel)[start..start + frames];
                let mut before = self.last_x[channel];
                for &x in plane {
                    self.power += x * x;
                    self.sharp += (x - before) * (x - before);
                    before = x;
                }
                self.last_x[channel] = before;
            }
            (start, self.frame, self.in_step) =
                (start + frames, self.frame + frames as u64, self.in_step + frames);
            if self.frame as f64 >= self.edge {
                self.end_step();
            }
        }
    }

    fn end_step(&mut self) {
        let scale = 1.0 / (self.in_step * self.last_x.len()).max(1) as f64;
        self.powers.push((self.power * scale) as f32);
        self.highs.push((self.sharp * scale) as f32);
        (self.power, self.sharp, self.in_step) = (0.0, 0.0, 0);
        self.edge += self.step_frames;
    }

    pub(super) fn finish(mut self) -> Edges {
        if self.in_step > 0 {
            self.end_step();
        }
        let levels: Vec<f64> = self.powers.iter().map(|power| math::power_to_db(f64::from(*power))).collect();
        let mut sorted = levels.clone();
        sorted.sort_by(f64::total_cmp);
        let loud = sorted.get(((sorted.len() as f64 * 0.95) as usize).min(sorted.len().saturating_sub(1)));
        let loud = loud.copied().unwrap_or(f64::NEG_INFINITY);
        let silence = (loud - DECAY_DB).max(SILENCE_DBFS);
        let above = |level: f64| {
            (levels.iter().position(|own| *own > level), levels.iter().rposition(|own| *own > level))
        };
        let seconds = |steps: usize| steps as f64 * STEP_SECONDS;
        let (first, last) = above(silence);
        let going_on = above((loud - GOING_ON_DB).max(silence)).1;
        let mean_db = |planes: &mut dyn Iterator<Item = f64>| {
            let (sum, count) = planes.fold((0.0, 0_usize), |(sum, count), x| (sum + x * x, count + 1));
            math::power_to_db(sum / count.max(1) as f64)
        };
        Edges {
            head_seconds: seconds(first.unwrap_or(levels.len())),
            tail_seconds: seconds(levels.len() - last.map_or(0, |last| last + 1)),
            decay_seconds: last.zip(going_on).map_or(0.0, |(last, going_on)| seconds(last - going_on)),
            start_dbfs: mean_db(&mut self.first.iter().flatten().copied()),
            end_dbfs: mean_db(&mut self.last.iter().flatten().copied()),
            tempo: rhythm::tempo(&self.highs),
            first: self.first,
            last: self.last.into_iter().map(Vec::from).collect(),
        }
    }
}

impl Stage for Watcher {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        self.watch(&block);
        next(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 48_000.0;

    fn watch(plane: &[f64]) -> Edges {
        let mut watcher = Watcher::new(1, RATE);
        for part in plane.chunks(1000) {
            watcher.watch(&Buffer::from_planes(&[part.to_vec()]));
        }
        watcher.finish()
    }

    #[test]
    fn silence_and_decay_are_measured_to_a_step() {
        // Half a second of silence, two of a tone, a decay of 30 dB a second (60 dB in two), one of silence.
        let tone = testkit::signals::sine(500.0, 0.5, 0.0, 6.0, RATE);
        let plane: Vec<f64> = tone
            .iter()
            .enumerate()
            .map(|(n, x)| match n as f64 / RATE {
                t if !(0.5..5.0).contains(&t) => 0.0,
                t if t < 2.5 => *x,
                t => x * math::db_to_gain(-30.0 * (t - 2.5)),
            })
            .collect();
        let edges = watch(&plane);
        assert!((edges.head_seconds - 0.5).abs() < 0.011, "{edges:?}");
        // Music goes on until 12 dB under the loud level, 0.4 s after the tone; silence is 60 dB under it, 2 s after.
        assert!((edges.decay_seconds - 1.6).abs() < 0.03, "{edges:?}");
        assert!((edges.tail_seconds - 1.5).abs() < 0.03, "{edges:?}");
        assert!(!edges.is_truncated());
    }

    #[test]
    fn a_wave_cut_in_two_goes_on_and_two_other_waves_do_not() {
        let tone = testkit::signals::sine(313.0, 0.5, 0.0, 2.0, RATE);
        let (one, two) = (watch(&tone[..50_021]), watch(&tone[50_021..]));
        assert!(one.is_truncated() && one.goes_on_in(&two));
        // The same cut with a few milliseconds missing, and with the halves swapped.
        assert!(!one.goes_on_in(&watch(&tone[50_090..])));
        assert!(!two.goes_on_in(&one) || (tone[95_999] - tone[0]).abs() < 0.1);
        // Neither does a tone in noise of its level.
        let noise = testkit::signals::noise(0.6, 3, 9600);
        assert!(!one.goes_on_in(&watch(&noise)));
        // Nor do two that are faded out and in over 25 ms, although no step is seen at the cut.
        let faded = |tone: &[f64]| -> Vec<f64> {
            let shape = |n: usize| (n.min(tone.len() - 1 - n) as f64 / 1200.0).min(1.0);
            tone.iter().enumerate().map(|(n, x)| x * math::pow(math::sin(1.57 * shape(n)), 2.0)).collect()
        };
        assert!(!watch(&faded(&tone[..50_021])).goes_on_in(&watch(&faded(&tone[50_021..]))));
        // Silence does not go on in anything.
        assert!(!watch(&[0.0; 4800]).goes_on_in(&two));
    }
}
