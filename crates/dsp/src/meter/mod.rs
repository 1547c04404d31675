//! Meters: numbers about samples.
//!
//! Every meter is fed blocks of any size and gives the same bits for any size. A sample that is no number (NaN,
//! infinite, or beyond 1e100, which is garbage too) counts as silence everywhere, except where such samples are counted.

pub mod dynamics;
pub mod goniometer;
pub mod loudness;
pub mod needle;
pub mod stereo;
pub mod true_peak;

/// No sound is larger: +2000 dBFS. Sums of squares of less cannot overflow.
const LARGEST: f64 = 1e100;

/// Whether a sample is a number at all.
#[inline]
pub(crate) fn is_number(x: f64) -> bool {
    x.abs() < LARGEST
}

/// The sample, or silence in place of what is no number.
#[inline]
pub(crate) fn finite(x: f64) -> f64 {
    if is_number(x) { x } else { 0.0 }
}

/// Cuts a stream into stretches of equal time: `per_second` of them, each edge at the nearest frame.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    sample_rate_hz: f64,
    per_second: f64,
    /// Stretches finished.
    index: u64,
    /// Frames into the current stretch.
    within: u64,
    /// Frames of the current stretch.
    length: u64,
}

impl Grid {
    pub(crate) fn new(sample_rate_hz: f64, per_second: f64) -> Self {
        let mut grid = Self { sample_rate_hz, per_second, index: 0, within: 0, length: 0 };
        grid.length = grid.edge(1) - grid.edge(0);
        grid
    }

    /// Frame at which stretch `index` starts.
    pub(crate) fn edge(&self, index: u64) -> u64 {
        edge(self.sample_rate_hz, self.per_second, index)
    }

    /// Frames of `left` that belong to the current stretch, and whether they finish it.
    pub(crate) fn take(&mut self, left: usize) -> (usize, bool) {
        let room = self.length - self.within;
        if (left as u64) < room {
            self.within += left as u64;
            return (left, false);
        }
        self.index += 1;
        self.within = 0;
        self.length = self.edge(self.index + 1) - self.edge(self.index);
        (room as usize, true)
    }

    /// Stretches finished so far.
    pub(crate) fn index(&self) -> u64 {
        self.index
    }
}

/// Frame nearest to `index / per_second` seconds. At least one frame per stretch, so that a rate below
/// `per_second` cannot stall.
pub(crate) fn edge(sample_rate_hz: f64, per_second: f64, index: u64) -> u64 {
    (index as f64 * sample_rate_hz.max(per_second) / per_second + 0.5).floor() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_keeps_its_edges_at_rates_that_do_not_divide() {
        let mut grid = Grid::new(11_025.0, 100.0);
        let mut ends = Vec::new();
        let mut frames = 0;
        for _ in 0..1000 {
            let mut left = 7;
            while left > 0 {
                let (taken, done) = grid.take(left);
                left -= taken;
                frames += taken;
                if done {
                    ends.push(frames);
                }
            }
        }
        assert_eq!(&ends[..5], [110, 221, 331, 441, 551]);
        assert_eq!(ends.len(), 63);
    }
}
