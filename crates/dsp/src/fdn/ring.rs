//! A ring that is read and written by runs.

use super::PIECE;

/// Past samples, in runs of up to [`PIECE`]. The first of them are kept a second time behind the last, so that every
/// run is one slice.
#[derive(Debug, Clone)]
pub struct Ring {
    data: Vec<f64>,
    size: usize,
    head: usize,
}

impl Ring {
    /// Room to look back `max_frames`.
    #[must_use]
    pub fn new(max_frames: usize) -> Self {
        let size = max_frames.max(PIECE).next_power_of_two();
        Self { data: vec![0.0; size + PIECE], size, head: 0 }
    }

    /// Farthest look back.
    #[must_use]
    pub fn max_frames(&self) -> usize {
        self.size
    }

    /// Where the newest run goes, at most [`PIECE`] frames. Fill it, then [`advance`](Self::advance) by as much.
    pub fn slot(&mut self, frames: usize) -> &mut [f64] {
        &mut self.data[self.head..self.head + frames.min(PIECE)]
    }

    /// Takes in what was written to the [`slot`](Self::slot).
    pub fn advance(&mut self, frames: usize) {
        let end = self.head + frames.min(PIECE);
        if end > self.size {
            self.data.copy_within(self.size..end, 0);
        }
        if self.head < PIECE {
            self.data.copy_within(self.head..end.min(PIECE), self.size + self.head);
        }
        self.head = end & (self.size - 1);
    }

    /// Adds the newest run, at most [`PIECE`] frames.
    pub fn append(&mut self, run: &[f64]) {
        self.slot(run.len()).copy_from_slice(run);
        self.advance(run.len());
    }

    /// A run of at most [`PIECE`] frames whose first was the newest `back - 1` frames ago; `back` at least the length of
    /// the run.
    #[inline]
    #[must_use]
    pub fn look_back(&self, back: usize, frames: usize) -> &[f64] {
        let frames = frames.min(PIECE);
        let start = self.head.wrapping_sub(back.clamp(frames, self.size)) & (self.size - 1);
        &self.data[start..start + frames]
    }

    /// Silence.
    pub fn reset(&mut self) {
        self.data.fill(0.0);
        self.head = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_found_again_wherever_it_was_cut() {
        let mut ring = Ring::new(150);
        let (mut written, mut step) = (0, 0);
        while written < 2000 {
            let frames = [64, 1, 17, 63, 64, 30][step % 6];
            let run: Vec<f64> = (written..written + frames).map(|n| n as f64).collect();
            ring.append(&run);
            (written, step) = (written + frames, step + 1);
            for back in [64, 65, 100, 199, 256].into_iter().filter(|back| *back <= written) {
                for frames in [1, 40, 64] {
                    let expected: Vec<f64> = (0..frames).map(|n| (written - back + n) as f64).collect();
                    assert_eq!(ring.look_back(back, frames), expected, "{written} {back} {frames}");
                }
            }
        }
    }
}
