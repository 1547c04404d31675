//! Windows that slide over a channel at fixed times, with a mended copy beside the source.

use crate::math;

/// One channel: the last `len` frames as they came, and as they will go out.
#[derive(Debug, Clone)]
pub(super) struct Frames {
    pub(super) source: Vec<f64>,
    pub(super) mended: Vec<f64>,
    hop: usize,
    filled: usize,
}

impl Frames {
    pub(super) fn new(len: usize, hop: usize) -> Self {
        Self { source: vec![0.0; len], mended: vec![0.0; len], hop, filled: 0 }
    }

    pub(super) fn reset(&mut self) {
        self.source.fill(0.0);
        self.mended.fill(0.0);
        self.filled = 0;
    }

    pub(super) fn latency_frames(&self) -> usize {
        self.source.len() - self.hop
    }

    /// Takes a plane and gives what came [`latency_frames`](Self::latency_frames) before. `mend(source, mended)` is called once per hop; it may write
    /// into `mended`.
    pub(super) fn process(&mut self, plane: &mut [f64], mut mend: impl FnMut(&[f64], &mut [f64])) {
        let len = self.source.len();
        for x in plane {
            let at = len - self.hop + self.filled;
            let input = math::sane(*x);
            *x = self.mended[self.filled];
            (self.source[at], self.mended[at]) = (input, input);
            self.filled += 1;
            if self.filled == self.hop {
                mend(&self.source, &mut self.mended);
                self.source.copy_within(self.hop.., 0);
                self.mended.copy_within(self.hop.., 0);
                self.filled = 0;
            }
        }
    }
}
