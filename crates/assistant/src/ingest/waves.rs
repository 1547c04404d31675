//! The tracks themselves, a few moments of each: what is a sum of them is found as one (I9).
//!
//! Powers add up where sounds have nothing to do with each other. Microphones of one kit and players in unison have: their sum is as
//! much as 6 dB more or nothing at all. Samples always add up.
//!
//! Reads every track once more, but only where a track could be a mix: 1 to 3 ms a second of a track (18 FLAC tracks of 24 s, 2026-11-22).
//! Holds 8 s of each.

use super::RoughMix;
use super::rough::{PART, solve};
use crate::hear::{Options, Song, Track};
use dsp::block::Buffer;
use dsp::math;
use std::path::Path;
use studio::decode;
use studio::job::Job;
use studio::message::Result;

/// Moments that are compared, evenly over the song, and their length in seconds. By our own convention: 8 s are some hundred thousand
/// equations for at most two unknowns a track.
const MOMENTS: usize = 16;
const MOMENT_SECONDS: f64 = 0.5;
/// Each sample less so much of the one before: what is high counts as much as what is low (the usual pre-emphasis of speech analysis,
/// Markel and Gray, *Linear Prediction of Speech*, 1976).
const EMPHASIS: f64 = 0.95;
/// Rounds in which the gains of the tracks and the gain of each moment (a compressor on the mix) are found by turns.
const TURNS: usize = 3;

/// Moments of one channel, one after the other.
type Line = Vec<f32>;

/// Moments of all tracks that play; none of a track at another rate than the song.
#[derive(Debug)]
pub(super) struct Waves {
    tracks: Vec<Vec<Line>>,
    moment: usize,
}

/// What is known of one moment: products of the columns with each other, with both sides of the mix, and the power of the mix.
struct Moment {
    gram: Vec<Vec<f64>>,
    sides: [Vec<f64>; 2],
    power: f64,
}

impl Waves {
    /// Reads them.
    ///
    /// # Errors
    /// A file that cannot be read any more; `interrupted`.
    pub(super) fn read(root: &Path, song: &Song, job: &Job<'_>, options: &Options) -> Result<Self> {
        let rate = f64::from(song.sample_rate_hz);
        let moment = (MOMENT_SECONDS * rate) as usize;
        let mut tracks = vec![Vec::new(); song.tracks.len()];
        for (index, track) in song.playing() {
            job.step("compare", index as u64, song.tracks.len() as u64)?;
            if track.sample_rate_hz == song.sample_rate_hz {
                let starts = starts(song, track, moment);
                tracks[index] = moments(&root.join(&track.path), track, &starts, moment, options)?;
            }
        }
        Ok(Self { tracks, moment })
    }

    /// How the others make a track, and what is left of it; `None` where it is not stereo or silent at these moments.
    pub(super) fn unmix(&self, song: &Song, index: usize) -> Option<RoughMix> {
        let [left, right] = self.tracks.get(index)?.as_slice() else { return None };
        let others: Vec<usize> =
            song.playing().map(|(other, _)| other).filter(|other| *other != index).collect();
        let columns: Vec<(usize, &Line)> = others
            .iter()
            .flat_map(|other| self.tracks[*other].iter().map(move |line| (*other, line)))
            .collect();
        let lines: Vec<&Line> = columns.iter().map(|(_, line)| *line).collect();
        let moments: Vec<Moment> = (0..MOMENTS)
            .map(|n| {
                let part = n * self.moment..(n + 1) * self.moment;
                moment(&lines, [left, right], part)
            })
            .collect();
        let power: f64 = moments.iter().map(|moment| moment.power).sum();
        if power <= 0.0 || columns.is_empty() {
            return None;
        }
        let fit = fit(&moments);
        let mut found = RoughMix {
            track: index,
            residual_db: math::power_to_db((fit.left_over / power).max(1e-12)),
            gains_db: Vec::new(),
            pans: Vec::new(),
        };
        for other in others {
            let own: Vec<usize> = (0..columns.len()).filter(|n| columns[*n].0 == other).collect();
            let made = fit.gains.each_ref().map(|gains| product(&fit.gram, gains, gains, &own));
            let whole: f64 = own.iter().map(|n| fit.gram[*n][*n]).sum();
            let sum = made[0] + made[1];
            if sum < PART * power || whole <= 0.0 {
                continue;
            }
            found.gains_db.push((other, math::power_to_db(sum / whole)));
            found.pans.push(super::rough::pan(made[0] / sum));
        }
        Some(found)
    }
}

/// First frames of the moments in a track, which may begin later than the song.
fn starts(song: &Song, track: &Track, moment: usize) -> Vec<i64> {
    let rate = f64::from(song.sample_rate_hz);
    let late = (track.start_seconds * rate).round() as i64;
    let room = (song.duration_seconds * rate - moment as f64).max(0.0);
    (0..MOMENTS).map(|n| (room * (n as f64 + 0.5) / MOMENTS as f64) as i64 - late).collect()
}

/// The moments of the channels that play, with emphasis; silence before a track begins and after it ends.
fn moments(
    path: &Path,
    track: &Track,
    starts: &[i64],
    moment: usize,
    options: &Options,
) -> Result<Vec<Line>> {
    let mut source = decode::open(path, options.decode)?;
    let channels = source.info().channels();
    let played: Vec<usize> = match &track.picked {
        Some(picked) => picked.channels.clone(),
        None => (0..channels.min(2)).collect(),
    };
    let mut lines = vec![vec![0.0_f32; starts.len() * moment]; played.len()];
    let mut before = vec![0.0; played.len()];
    let mut at = 0_i64;
    let mut buffer = Buffer::new(channels, 8192);
    let end = starts.iter().map(|start| start + moment as i64).max().unwrap_or(0);
    while at < end {
        source.read(&mut buffer)?;
        let frames = buffer.frames();
        if frames == 0 {
            break;
        }
        for ((line, channel), before) in lines.iter_mut().zip(&played).zip(&mut before) {
            let samples = buffer.channel((*channel).min(channels - 1));
            for (n, start) in starts.iter().enumerate() {
                let from = (start - at).clamp(0, frames as i64) as usize;
                let to = (start + moment as i64 - at).clamp(0, frames as i64) as usize;
                for k in from..to {
                    let last = if k == 0 { *before } else { samples[k - 1] };
                    let place = n * moment + (at + k as i64 - start) as usize;
                    line[place] = (math::sane(samples[k]) - EMPHASIS * math::sane(last)) as f32;
                }
            }
            *before = samples[frames - 1];
        }
        at += frames as i64;
    }
    Ok(lines)
}

fn moment(columns: &[&Line], sides: [&Line; 2], part: std::ops::Range<usize>) -> Moment {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    let mut gram = vec![vec![0.0; columns.len()]; columns.len()];
    for a in 0..columns.len() {
        for b in 0..=a {
            let both = dot(&columns[a][part.clone()], &columns[b][part.clone()]);
            (gram[a][b], gram[b][a]) = (both, both);
        }
    }
    let with = |side: &Line| {
        columns.iter().map(|column| dot(&column[part.clone()], &side[part.clone()])).collect::<Vec<f64>>()
    };
    let power = sides.iter().map(|side| dot(&side[part.clone()], &side[part.clone()])).sum();
    Moment { gram, sides: [with(sides[0]), with(sides[1])], power }
}

struct Fit {
    /// Gains of the columns to either side.
    gains: [Vec<f64>; 2],
    /// Products of the columns over all moments, each with its gain.
    gram: Vec<Vec<f64>>,
    /// Power that no gains make.
    left_over: f64,
}

/// Least squares with one gain a column and side, and one gain a moment for all of it.
fn fit(moments: &[Moment]) -> Fit {
    let columns = moments.first().map_or(0, |moment| moment.gram.len());
    let all: Vec<usize> = (0..columns).collect();
    let mut scales = vec![1.0; moments.len()];
    let mut fit = Fit { gains: [Vec::new(), Vec::new()], gram: Vec::new(), left_over: 0.0 };
    for _ in 0..TURNS {
        let mut gram = vec![vec![0.0; columns]; columns];
        let mut rights = [vec![0.0; columns], vec![0.0; columns]];
        for (moment, scale) in moments.iter().zip(&scales) {
            for (sums, row) in gram.iter_mut().zip(&moment.gram) {
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += scale * scale * x);
            }
            for (sums, row) in rights.iter_mut().zip(&moment.sides) {
                sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += scale * x);
            }
        }
        fit.gains = rights.map(|right| solve(&gram, &right, f64::NEG_INFINITY));
        fit.gram = gram;
        fit.left_over = 0.0;
        for (moment, scale) in moments.iter().zip(&mut scales) {
            let (mut with, mut made) = (0.0, 0.0);
            for (gains, side) in fit.gains.iter().zip(&moment.sides) {
                with += gains.iter().zip(side).map(|(gain, x)| gain * x).sum::<f64>();
                made += product(&moment.gram, gains, gains, &all);
            }
            fit.left_over += (moment.power - 2.0 * *scale * with + *scale * *scale * made).max(0.0);
            // A compressor on a mix moves it by some decibels, not by more than 12.
            *scale = if made > 0.0 { (with / made).clamp(0.25, 4.0) } else { 1.0 };
        }
    }
    fit
}

/// `a` times the matrix times `b`, over these columns.
fn product(gram: &[Vec<f64>], a: &[f64], b: &[f64], columns: &[usize]) -> f64 {
    columns.iter().map(|i| a[*i] * columns.iter().map(|j| gram[*i][*j] * b[*j]).sum::<f64>()).sum()
}
