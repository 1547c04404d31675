//! Automation in time: a value for every frame, whatever the blocks.

use crate::session::{Automation, Curve as Course};

/// Frames between two looks at a moving parameter of a processor. 32 is what a mixing engine must have at most
/// (docs: the engine's rules), counted from the start of the session so that no block size can move it.
pub(super) const GRID_FRAMES: i64 = 32;

/// A curve in frames of the session.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    points: Vec<(i64, f64)>,
    hold: bool,
    /// Frames a jump takes; 0 jumps at once.
    glide: i64,
}

impl Curve {
    /// A curve; a jump of one that holds takes `glide` frames.
    pub(super) fn new(automation: &Automation, sample_rate_hz: f64, glide: i64) -> Self {
        let mut points: Vec<(i64, f64)> = Vec::with_capacity(automation.points.len());
        for (seconds, value) in &automation.points {
            let frame = (seconds * sample_rate_hz).round() as i64;
            match points.last_mut() {
                // Two points within one frame: the later one counts.
                Some(last) if last.0 >= frame => last.1 = *value,
                _ => points.push((frame, *value)),
            }
        }
        Self { points, hold: automation.curve == Course::Hold, glide }
    }

    /// Value at a frame; before the first point that of the first, after the last that of the last.
    pub(super) fn value(&self, frame: i64) -> f64 {
        let after = self.points.partition_point(|point| point.0 <= frame);
        let Some(&(start, from)) = after.checked_sub(1).and_then(|index| self.points.get(index)) else {
            return self.points.first().map_or(0.0, |point| point.1);
        };
        if self.hold {
            return self.held(after - 1, frame);
        }
        match self.points.get(after) {
            Some(&(end, to)) => from + (to - from) * ((frame - start) as f64 / (end - start) as f64),
            None => from,
        }
    }

    /// Value of a held curve: the old value glides to the new one over `glide` frames, or less if less is left.
    fn held(&self, index: usize, frame: i64) -> f64 {
        let (start, to) = self.points[index];
        let Some(&(_, from)) = index.checked_sub(1).and_then(|index| self.points.get(index)) else {
            return to;
        };
        let room = self.points.get(index + 1).map_or(self.glide, |next| self.glide.min(next.0 - start));
        if frame - start + 1 >= room {
            to
        } else {
            from + (to - from) * ((frame - start + 1) as f64 / room as f64)
        }
    }

    /// First frame after `frame` where the value may be another one; `i64::MAX` if never.
    pub(super) fn next_change(&self, frame: i64) -> i64 {
        let after = self.points.partition_point(|point| point.0 <= frame);
        let point = self.points.get(after).map_or(i64::MAX, |point| point.0);
        let moving = match after.checked_sub(1).and_then(|index| self.points.get(index)) {
            None => false,
            Some(last) if self.hold => frame - last.0 < self.glide,
            Some(last) => self.points.get(after).is_some_and(|next| next.1 != last.1),
        };
        if moving { point.min(frame + 1) } else { point }
    }

    /// As [`next_change`](Self::next_change), but a moving curve is looked at on the grid and at its points only.
    pub(super) fn next_look(&self, frame: i64) -> i64 {
        let next = self.next_change(frame);
        let point = self.points.get(self.points.partition_point(|point| point.0 <= frame));
        if next == frame + 1 && point.is_none_or(|point| point.0 != next) {
            let grid = (frame.div_euclid(GRID_FRAMES) + 1) * GRID_FRAMES;
            return point.map_or(grid, |point| point.0.min(grid));
        }
        next
    }

    /// Whether the value is the same over `frames` frames from `frame`.
    pub(super) fn is_flat(&self, frame: i64, frames: usize) -> bool {
        self.next_change(frame) >= frame.saturating_add(frames as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(points: &[(i64, f64)], hold: bool, glide: i64) -> Curve {
        Curve { points: points.to_vec(), hold, glide }
    }

    #[test]
    fn a_line_has_its_points_and_goes_straight_between() {
        let line = curve(&[(10, 1.0), (20, 3.0)], false, 0);
        let values: Vec<f64> = [0, 9, 10, 15, 20, 99].map(|frame| line.value(frame)).to_vec();
        assert_eq!(values, [1.0, 1.0, 1.0, 2.0, 3.0, 3.0]);
    }

    #[test]
    fn a_held_curve_jumps_at_its_point_or_glides_from_it() {
        let jump = curve(&[(10, 1.0), (20, 3.0)], true, 0);
        assert_eq!([19, 20].map(|frame| jump.value(frame)), [1.0, 3.0]);
        let glide = curve(&[(0, 0.0), (20, 4.0)], true, 4);
        assert_eq!([19, 20, 21, 22, 23, 24].map(|frame| glide.value(frame)), [0.0, 1.0, 2.0, 3.0, 4.0, 4.0]);
        let short = curve(&[(0, 0.0), (20, 4.0), (22, 0.0)], true, 4);
        assert_eq!([20, 21, 22, 25].map(|frame| short.value(frame)), [2.0, 4.0, 3.0, 0.0]);
    }

    #[test]
    fn no_frame_changes_between_two_announced_changes() {
        for curve in [
            curve(&[(10, 1.0), (20, 3.0), (40, 3.0), (90, 0.0)], false, 0),
            curve(&[(10, 1.0), (20, 3.0), (40, 3.0)], true, 7),
        ] {
            for frame in -5..120 {
                let next = curve.next_change(frame).min(150);
                assert!(
                    (frame..next).all(|other| curve.value(other) == curve.value(frame)),
                    "{frame} {next}"
                );
            }
        }
    }

    #[test]
    fn looks_at_a_line_are_on_the_grid_and_at_its_points() {
        let line = curve(&[(10, 1.0), (100, 3.0)], false, 0);
        let mut looks = vec![];
        let mut frame = -1;
        while frame < i64::MAX {
            frame = line.next_look(frame);
            looks.push(frame);
        }
        assert_eq!(looks, [10, 32, 64, 96, 100, i64::MAX]);
    }
}
