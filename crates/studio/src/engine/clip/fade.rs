//! Gain of a clip over its time: fades, and a curve of its own.

use crate::session::{Course, CrossfadeShape, FadeShape, Point, controls};
use dsp::math::{FRAC_PI_2, PI, cos, sin};

/// A fade at one end of a clip, over so many frames.
#[derive(Debug, Clone, Default)]
pub(super) struct Fade {
    pub(super) frames: u64,
    shape: Shape,
}

/// Where the gains of the two sides of a crossfade add up to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Law {
    Gain,
    Power,
}

#[derive(Debug, Clone, Copy)]
enum Shape {
    Drawn(FadeShape, f64),
    Cross(Law, CrossfadeShape),
}

impl Default for Shape {
    fn default() -> Self {
        Self::Drawn(FadeShape::Linear, 1.0)
    }
}

impl Law {
    /// Gain at `x` of the way in. The way out is that of `1 - x`.
    pub(super) fn gain(self, x: f64, shape: CrossfadeShape) -> f64 {
        let x = match shape {
            CrossfadeShape::Linear => x,
            CrossfadeShape::Smooth => 0.5 - 0.5 * cos(PI * x),
        };
        match self {
            Self::Gain => x,
            Self::Power => sin(FRAC_PI_2 * x),
        }
    }
}

impl Fade {
    pub(super) fn drawn(frames: u64, shape: FadeShape, curvature: f64) -> Self {
        Self { frames, shape: Shape::Drawn(shape, curvature) }
    }

    pub(super) fn cross(frames: u64, law: Law, shape: CrossfadeShape) -> Self {
        Self { frames, shape: Shape::Cross(law, shape) }
    }

    /// Gain so many frames from the silent end.
    pub(super) fn gain(&self, frame: u64) -> f64 {
        let x = frame as f64 / self.frames as f64;
        match self.shape {
            Shape::Drawn(shape, curvature) => shape.gain(x, curvature),
            Shape::Cross(law, shape) => law.gain(x, shape),
        }
    }
}

/// Gain by points in frames and decibels, with the course of each to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Envelope {
    points: Vec<(u64, f64, Course)>,
}

impl Envelope {
    pub(super) fn new(points: &[Point], sample_rate_hz: u32) -> Self {
        let frame = |seconds: f64| (seconds * f64::from(sample_rate_hz)).round() as u64;
        Self {
            points: points.iter().map(|point| (frame(point.seconds), point.value, point.course)).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Gain at a frame of the clip; before the first point that of the first, after the last that of the last.
    pub(super) fn gain(&self, frame: u64) -> f64 {
        let after = self.points.partition_point(|point| point.0 <= frame);
        let before = after.checked_sub(1).and_then(|index| self.points.get(index));
        let db = match (before, self.points.get(after)) {
            (Some((start, from, course)), Some((end, to, _))) => {
                course.between(*from, *to, (frame - start) as f64 / (end - start) as f64, true)
            }
            (Some((_, db, _)), None) | (None, Some((_, db, _))) => *db,
            (None, None) => 0.0,
        };
        controls::fader_gain(db)
    }
}
