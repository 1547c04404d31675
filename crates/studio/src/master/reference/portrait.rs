//! What a song is like, as far as another can be moved towards it: spectrum, width, how its bands move, loudness.

use super::grid::{self, Curve, POINTS};
use super::levels::{Levels, Spread};
use super::spectra::{Range, Spectra, Sums};
use crate::decode;
use crate::job::Job;
use crate::master::stages::Stereo;
use crate::message::{Error, Kind, Result};
use crate::pipe::{self, Next, Stage};
use dsp::block::Buffer;
use dsp::math;
use dsp::meter::loudness::LoudnessMeter;
use std::path::Path;

/// A song as it was heard.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Portrait {
    /// Length.
    pub(super) seconds: f64,
    /// Integrated loudness.
    pub(super) lufs: f64,
    /// Power of the middle at every point of the grid, over the loud half.
    pub(super) mid: Curve,
    /// The same of the side.
    pub(super) side: Curve,
    /// Middle and side of the quietest tenth.
    pub(super) quiet: Curve,
    /// Where the spectrum ends: half the sample rate, or the wall of a lossy source.
    pub(super) top_hz: f64,
    /// How the levels of three bands move.
    pub(super) spread: [Option<Spread>; 3],
}

/// Falls by this much within a third of an octave and never comes back: a wall, not music. By our own convention, not yet calibrated.
const WALL_DB: f64 = 25.0;
/// Walls are looked for above this (as in the gate's rule for lossy sources).
const WALL_FROM_HZ: f64 = 3000.0;

impl Portrait {
    /// Power of both channels together, as what they play: `L² + R² = 2 (M² + S²)`.
    pub(super) fn total(&self) -> Curve {
        std::array::from_fn(|point| 2.0 * (self.mid[point] + self.side[point]))
    }

    /// Power of both channels between two frequencies, over the loud half.
    pub(crate) fn power(&self, low_hz: f64, high_hz: f64) -> f64 {
        grid::between(low_hz, high_hz).map(|point| 2.0 * (self.mid[point] + self.side[point])).sum()
    }

    /// Median of the middle band, dBFS, and how far its loud moments stand over it, dB.
    pub(crate) fn middle_band(&self) -> Option<(f64, f64)> {
        self.spread[1].map(|spread| (spread.median_dbfs, spread.reach_db()))
    }

    /// Side re mid between two frequencies; `None` when there is nothing.
    pub(crate) fn side_mid_db(&self, low_hz: f64, high_hz: f64) -> Option<f64> {
        let sum = |curve: &Curve| -> f64 { grid::between(low_hz, high_hz).map(|point| curve[point]).sum() };
        let (mid, side) = (sum(&self.mid), sum(&self.side));
        // -120 dB re full scale: below every converter.
        (mid + side > 1e-12).then(|| math::power_to_db((side / mid.max(1e-20)).clamp(1e-12, 1e12)))
    }
}

/// Listens to a stereo stream: stages that threads can share.
pub(crate) struct Painter {
    sample_rate_hz: f64,
    low: Spectra,
    high: Spectra,
    levels: Levels,
    loudness: Loudness,
}

/// Loudness and length.
struct Loudness {
    meter: LoudnessMeter,
    frames: u64,
}

impl Stage for Loudness {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        self.meter.process(block.view());
        self.frames += block.frames() as u64;
        next(block)
    }
}

impl Painter {
    /// For a stream of `frames`, where that is known.
    pub(crate) fn new(sample_rate_hz: f64, frames: Option<u64>) -> Self {
        Self {
            sample_rate_hz,
            low: Spectra::new(Range::Low, sample_rate_hz, frames),
            high: Spectra::new(Range::High, sample_rate_hz, frames),
            levels: Levels::new(sample_rate_hz),
            loudness: Loudness { meter: LoudnessMeter::new(sample_rate_hz, &[1.0, 1.0]), frames: 0 },
        }
    }

    /// What the stream has to pass.
    pub(crate) fn stages(&mut self) -> [&mut dyn Stage; 4] {
        [&mut self.low, &mut self.high, &mut self.levels, &mut self.loudness]
    }

    /// `None` when nothing passed the gates: silence, or less than 0.4 s.
    pub(crate) fn finish(self) -> Option<Portrait> {
        let lufs = self.loudness.meter.integrated_lufs().filter(|lufs| lufs.is_finite())?;
        let low_points: [bool; POINTS] = std::array::from_fn(|point| self.low.answers(point));
        let ((low, low_quiet), (high, high_quiet)) = (self.low.finish()?, self.high.finish()?);
        let pick = |low: &Curve, high: &Curve| {
            std::array::from_fn(|point| if low_points[point] { low[point] } else { high[point] })
        };
        let (mid, side) = (pick(&low.mid, &high.mid), pick(&low.side, &high.side));
        let both = |sums: &Sums| -> Curve { std::array::from_fn(|point| sums.mid[point] + sums.side[point]) };
        let quiet = pick(&both(&low_quiet), &both(&high_quiet));
        let mut portrait = Portrait {
            seconds: self.loudness.frames as f64 / self.sample_rate_hz,
            lufs,
            mid,
            side,
            quiet,
            top_hz: 0.5 * self.sample_rate_hz,
            spread: self.levels.finish(),
        };
        portrait.top_hz = wall_hz(&portrait.total()).unwrap_or(f64::INFINITY).min(portrait.top_hz);
        Some(portrait)
    }
}

/// Where the spectrum falls off a wall and stays below it.
fn wall_hz(power: &Curve) -> Option<f64> {
    let third = grid::PER_OCTAVE / 3;
    let level = power.map(|power| math::power_to_db(power.max(1e-30)));
    // The loudest from each point up: what comes back was no wall.
    let mut above = level;
    for point in (0..POINTS - 1).rev() {
        above[point] = above[point].max(above[point + 1]);
    }
    let around =
        |point: usize| level[point.saturating_sub(third)..=point].iter().sum::<f64>() / (third + 1) as f64;
    let walls = (0..POINTS - third).filter(|point| grid::centre_hz(*point) >= WALL_FROM_HZ);
    let falls = |point: &usize| around(*point) - above[*point + third] > WALL_DB;
    // The steepest stretch starts at the first that falls; its upper end is where the music ends.
    walls.filter(falls).map(|point| grid::centre_hz(point + third / 4)).next()
}

/// Hears a reference. `label` is for the progress.
///
/// # Errors
/// What reading says; `reference_not_stereo` for more than two channels, `silent_reference`, `reference_too_short`.
pub(super) fn of_file(path: &Path, label: &str, job: &Job<'_>) -> Result<Portrait> {
    let at = |error: Error| error.at(path.display());
    let options = decode::Options { repair: true, ..decode::Options::default() };
    let mut source = decode::open(path, options).map_err(at)?;
    let (rate_hz, channels) = (source.info().sample_rate_hz, source.info().channels());
    if channels > 2 {
        let what = format!("the reference has {channels} channels; only mono and stereo can be matched");
        let error = Error::input("reference_not_stereo", what);
        return Err(at(error.hint("give a stereo downmix of it")));
    }
    let mut painter = Painter::new(f64::from(rate_hz), source.info().frames);
    let expected = source.info().frames.unwrap_or(0);
    {
        let mut stereo = Stereo;
        let mut all: Vec<&mut dyn Stage> = vec![&mut stereo];
        all.extend(painter.stages());
        pipe::run(source.as_mut(), &mut all, expected, label, job).map_err(at)?;
    }
    let frames = painter.loudness.frames as f64;
    // BS.1770-5: a gating block has 400 ms; what is shorter has no loudness.
    if frames < 0.4 * f64::from(rate_hz) {
        let what =
            format!("the reference lasts {:.2} s; its loudness needs 0.4 s", frames / f64::from(rate_hz));
        return Err(at(Error::new(Kind::Input, "reference_too_short", what).hint("give a whole song")));
    }
    painter.finish().ok_or_else(|| {
        let error = Error::new(Kind::Input, "silent_reference", "the reference is silent");
        at(error.hint("give a song that sounds"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_ends_the_spectrum_and_a_slope_does_not() {
        let slope: Curve = std::array::from_fn(|point| math::db_to_power(-20.0 - 0.25 * point as f64));
        assert_eq!(wall_hz(&slope), None);
        let walled: Curve =
            std::array::from_fn(|point| if grid::centre_hz(point) > 16_000.0 { 1e-12 } else { slope[point] });
        let wall = wall_hz(&walled).expect("there is a wall");
        assert!((13_000.0..16_500.0).contains(&wall), "{wall}");
    }
}
