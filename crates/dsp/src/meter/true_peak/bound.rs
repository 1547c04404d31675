//! How large an interpolated value can be at most, told cheaply from the samples.
//!
//! Any interpolating phase is a straight line between the two samples around it plus a filter on the second
//! difference `x[n-1] - 2 x[n] + x[n+1]` (because two sums of the taps, of order zero and one, fix the line). Music
//! bends little from sample to sample, so this bound lies close to the samples themselves, where the sum of the
//! magnitudes of the taps would give three times as much. A stretch whose bound is under the peak so far is skipped;
//! nothing that is skipped could have changed the reading.

/// `|y| <= line · max|x| + bend · max|second difference|`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bound {
    line: f64,
    bend: f64,
}

/// Room for rounding.
const SAFETY: f64 = 1.0 + 1e-9;

impl Bound {
    /// Bound for one phase: `taps` are `(offset from the frame before the gap, value)`, offsets rising by one.
    fn of_phase(taps: &[(i64, f64)]) -> Self {
        let sum: f64 = taps.iter().map(|(_, tap)| tap).sum();
        let late: f64 = taps.iter().map(|(offset, tap)| *offset as f64 * tap).sum();
        let early = sum - late;
        // What is left beside the line is a second difference: sum it up twice.
        let (mut before, mut now, mut bend) = (0.0, 0.0, 0.0_f64);
        for &(offset, tap) in taps {
            let line = if offset == 0 {
                early
            } else if offset == 1 {
                late
            } else {
                0.0
            };
            let next = (tap - line) + 2.0 * now - before;
            (before, now) = (now, next);
            bend += next.abs();
        }
        Self { line: early.abs() + late.abs(), bend }
    }

    /// Bound for all `phases`.
    pub(super) fn new<'a>(phases: impl IntoIterator<Item = &'a [(i64, f64)]>) -> Self {
        let mut bound = Self { line: 1.0, bend: 0.0 };
        for phase in phases {
            let one = Self::of_phase(phase);
            bound = Self { line: bound.line.max(one.line), bend: bound.bend.max(one.bend) };
        }
        Self { line: bound.line * SAFETY, bend: bound.bend * SAFETY }
    }

    /// Largest magnitude there can be.
    #[inline]
    pub(super) fn at(&self, sample: f64, bend: f64) -> f64 {
        self.line * sample + self.bend * bend
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_has_no_bend() {
        let middle = Bound::new([[(0, 0.5), (1, 0.5)].as_slice()]);
        assert!((middle.line - 1.0).abs() < 1e-8 && middle.bend < 1e-12, "{middle:?}");
    }

    #[test]
    fn a_cubic_midpoint_bends_by_an_eighth_at_most() {
        // Lagrange: (-1, 9, 9, -1) / 16 = line - (d0 + d1) / 16.
        let taps = [(-1, -0.0625), (0, 0.5625), (1, 0.5625), (2, -0.0625)];
        let bound = Bound::new([taps.as_slice()]);
        assert!((bound.line - 1.0).abs() < 1e-8 && (bound.bend - 0.125).abs() < 1e-8, "{bound:?}");
    }
}
