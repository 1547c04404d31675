//! Automation in time: a value for every frame, whatever the blocks.

use crate::session::course::in_decibels;
use crate::session::{Automation, Course};

/// Frames between two looks at a moving parameter of a processor. 32 is what a mixing engine must have at most
/// (docs: the engine's rules), counted from the start of the session so that no block size can move it.
pub(super) const GRID_FRAMES: i64 = 32;

/// A point in frames of the session.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Place {
    frame: i64,
    value: f64,
    course: Course,
}

/// A curve in frames of the session.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    points: Vec<Place>,
    in_decibels: bool,
    /// Frames a jump takes; 0 jumps at once.
    glide: i64,
}

impl Curve {
    /// A curve; a jump after a point that holds takes `glide` frames.
    pub(super) fn new(automation: &Automation, sample_rate_hz: f64, glide: i64) -> Self {
        let mut points: Vec<Place> = Vec::with_capacity(automation.points.len());
        for point in &automation.points {
            let frame = (point.seconds * sample_rate_hz).round() as i64;
            let place = Place { frame, value: point.value, course: point.course };
            match points.last_mut() {
                // Two points within one frame: the later one counts.
                Some(last) if last.frame >= frame => *last = Place { frame: last.frame, ..place },
                _ => points.push(place),
            }
        }
        Self { points, in_decibels: in_decibels(automation.param), glide }
    }

    /// Points at or before a frame.
    fn passed(&self, frame: i64) -> usize {
        self.points.partition_point(|point| point.frame <= frame)
    }

    /// Value at a frame; before the first point that of the first, after the last that of the last.
    pub(super) fn value(&self, frame: i64) -> f64 {
        self.after(self.passed(frame), frame)
    }

    /// Values of frame after frame from `frame` on, the same as [`value`](Self::value) of each.
    pub(super) fn each(&self, frame: i64, values: &mut [f64]) {
        let mut passed = self.passed(frame);
        for (value, frame) in values.iter_mut().zip(frame..) {
            while self.points.get(passed).is_some_and(|next| next.frame <= frame) {
                passed += 1;
            }
            *value = self.after(passed, frame);
        }
    }

    /// Value at a frame that has so many points behind it.
    fn after(&self, passed: usize, frame: i64) -> f64 {
        let Some(point) = passed.checked_sub(1).and_then(|index| self.points.get(index)) else {
            return self.points.first().map_or(0.0, |point| point.value);
        };
        let next = self.points.get(passed);
        let value = match next {
            Some(next) if point.course != Course::Hold => {
                let x = (frame - point.frame) as f64 / (next.frame - point.frame) as f64;
                point.course.between(point.value, next.value, x, self.in_decibels)
            }
            _ => point.value,
        };
        self.glide_into(passed - 1, frame, value)
    }

    /// A jump becomes a glide: from the value held before point `index` to `value` over `glide` frames, or less if
    /// less is left.
    fn glide_into(&self, index: usize, frame: i64, value: f64) -> f64 {
        let start = self.points[index].frame;
        let Some(from) = self.held_before(index) else { return value };
        let room = self.points.get(index + 1).map_or(self.glide, |next| self.glide.min(next.frame - start));
        if frame - start + 1 >= room {
            value
        } else {
            from + (value - from) * ((frame - start + 1) as f64 / room as f64)
        }
    }

    /// What is held up to point `index`, if it is held.
    fn held_before(&self, index: usize) -> Option<f64> {
        let before = index.checked_sub(1).and_then(|index| self.points.get(index))?;
        (before.course == Course::Hold).then_some(before.value)
    }

    /// First frame after `frame` where the value may be another one; `i64::MAX` if never.
    pub(super) fn next_change(&self, frame: i64) -> i64 {
        let passed = self.passed(frame);
        let next = self.points.get(passed);
        let moving = passed.checked_sub(1).is_some_and(|index| {
            let last = &self.points[index];
            let gliding = self.held_before(index).is_some() && frame - last.frame < self.glide;
            gliding || (last.course != Course::Hold && next.is_some_and(|next| next.value != last.value))
        });
        let next = next.map_or(i64::MAX, |next| next.frame);
        if moving { next.min(frame + 1) } else { next }
    }

    /// As [`next_change`](Self::next_change), but a moving curve is looked at on the grid and at its points only.
    pub(super) fn next_look(&self, frame: i64) -> i64 {
        let next = self.next_change(frame);
        let point = self.points.get(self.passed(frame));
        if next == frame + 1 && point.is_none_or(|point| point.frame != next) {
            let grid = (frame.div_euclid(GRID_FRAMES) + 1) * GRID_FRAMES;
            return point.map_or(grid, |point| point.frame.min(grid));
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
        let course = if hold { Course::Hold } else { Course::Linear };
        mixed(&points.iter().map(|(frame, value)| (*frame, *value, course)).collect::<Vec<_>>(), glide)
    }

    fn mixed(points: &[(i64, f64, Course)], glide: i64) -> Curve {
        let points = points.iter().map(|&(frame, value, course)| Place { frame, value, course }).collect();
        Curve { points, in_decibels: false, glide }
    }

    #[test]
    fn each_point_has_its_own_course_and_what_was_held_glides_into_the_next() {
        let curve = mixed(
            &[
                (0, 1.0, Course::S(1.0)),
                (8, 3.0, Course::Hold),
                (16, 0.0, Course::Linear),
                (24, 8.0, Course::Hold),
            ],
            4,
        );
        // S: 1 + 2 (3/16 - 2/64); held; gliding from 3 to a line of 1 a frame; the line; its end without a glide.
        let wanted =
            [(2, 1.3125), (8, 3.0), (15, 3.0), (16, 2.25), (17, 2.0), (18, 2.25), (19, 3.0), (20, 4.0)];
        for (frame, value) in wanted.into_iter().chain([(23, 7.0), (24, 8.0), (99, 8.0)]) {
            assert!((curve.value(frame) - value).abs() < 1e-12, "{frame} {}", curve.value(frame));
        }
    }

    #[test]
    fn a_row_of_values_is_the_values_one_by_one() {
        let curve = mixed(
            &[
                (3, 1.0, Course::Bezier([0.3, 0.0, 0.4, 1.0])),
                (40, 3.0, Course::Hold),
                (41, 2.0, Course::Exponential(0.5)),
                (70, -1.0, Course::Linear),
            ],
            7,
        );
        for start in [-9, 0, 40, 41, 69, 200] {
            let mut row = vec![0.0; 99];
            curve.each(start, &mut row);
            for (value, frame) in row.iter().zip(start..) {
                assert_eq!(*value, curve.value(frame), "{start} {frame}");
            }
        }
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
            mixed(
                &[
                    (5, 1.0, Course::Hold),
                    (20, 3.0, Course::S(0.5)),
                    (50, 3.0, Course::Amplitude),
                    (90, 0.5, Course::Hold),
                ],
                9,
            ),
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
