//! The parts of a spring's loops.

use super::Row;
use crate::biquad::{Shape, SvfTerms};
use crate::delay::flush;
use crate::math;

/// All-pass sections in a row, each reaching back the same number of frames, for all springs side by side.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    state: Vec<Row>,
    reach: usize,
    at: usize,
}

impl Chain {
    pub(super) fn new(sections: usize, reach: usize) -> Self {
        Self { state: vec![[0.0; 4]; sections * reach], reach, at: 0 }
    }

    /// One frame through `(a + l z^-reach) / (1 + a l z^-reach)`, section after section; `loss` is `l`.
    #[inline(always)]
    pub(super) fn tick(&mut self, mut x: Row, a: &Row, loss: &Row) -> Row {
        for states in self.state.chunks_exact_mut(self.reach) {
            let Some(state) = states.get_mut(self.at) else { continue };
            let y: Row = std::array::from_fn(|i| a[i] * x[i] + state[i]);
            *state = std::array::from_fn(|i| loss[i] * (x[i] - a[i] * y[i]));
            x = y;
        }
        self.at = if self.at + 1 == self.reach { 0 } else { self.at + 1 };
        x
    }

    pub(super) fn settle(&mut self) {
        self.state.iter_mut().flatten().for_each(|s| *s = flush(*s));
    }

    pub(super) fn reset(&mut self) {
        self.state.fill([0.0; 4]);
        self.at = 0;
    }
}

/// A low-pass or high-pass of 36 dB per octave on two channels.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    terms: [SvfTerms; 3],
    states: [[[f64; 2]; 2]; 3],
}

impl Cut {
    pub(super) fn new(hz: f64, high: bool, rate: f64) -> Self {
        let g = math::tan(math::PI * (hz / rate).min(0.49));
        let (high, low) = if high { (1.0, 0.0) } else { (0.0, 1.0) };
        // 1/Q of the sections of a Butterworth filter of order 6: 2 sin((2n - 1) pi / 12).
        let terms = [1.0, 3.0, 5.0].map(|n| {
            SvfTerms::new(&Shape { g, k: 2.0 * math::sin(n * math::PI / 12.0), high, band: 0.0, low })
        });
        Self { terms, states: [[[0.0; 2]; 2]; 3] }
    }

    #[inline(always)]
    pub(super) fn tick(&mut self, mut x: [f64; 2]) -> [f64; 2] {
        for (terms, state) in self.terms.iter().zip(&mut self.states) {
            x = terms.tick(state, x);
        }
        x
    }

    pub(super) fn settle(&mut self) {
        for [first, second] in &mut self.states {
            for (a, b) in first.iter_mut().zip(second) {
                // Both or neither: with one held at zero the other would take minutes to follow.
                if a.abs() + b.abs() < 1e-30 {
                    (*a, *b) = (0.0, 0.0);
                }
            }
        }
    }

    pub(super) fn reset(&mut self) {
        self.states = [[[0.0; 2]; 2]; 3];
    }
}
