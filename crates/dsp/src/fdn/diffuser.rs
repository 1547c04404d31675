//! All-pass sections in series: many echoes from one, without colour.

use super::{PIECE, Ring};
use crate::delay::flush;

/// Sections of each chain.
const SECTIONS: usize = 4;
/// Lengths at full size. Of the order M. R. Schroeder gives ("Natural sounding artificial reverberation", JAES 10(3),
/// 1962), with no common measure; by calibration, 2026-11-21, for echo density.
const LENGTHS_MS: [f64; SECTIONS] = [8.27, 6.11, 4.57, 2.93];
/// Every further chain is this much longer, so that channels do not diffuse alike.
const CHAIN_SPREAD: f64 = 0.073;

/// A chain for one channel.
#[derive(Debug, Clone)]
pub struct Diffuser {
    rings: [Ring; SECTIONS],
    lengths: [usize; SECTIONS],
}

impl Diffuser {
    /// Chain number `index` at `sample_rate_hz`.
    #[must_use]
    pub fn new(index: usize, sample_rate_hz: f64) -> Self {
        let lengths = LENGTHS_MS.map(|ms| {
            let spread = 1.0 + CHAIN_SPREAD * index as f64;
            let frames = ms * 1e-3 * spread * sample_rate_hz;
            // Runs are read before they are written, so none may be shorter than a piece.
            (frames as usize).max(PIECE + 3 * index) | 1
        });
        Self { rings: lengths.map(|length| Ring::new(length + PIECE)), lengths }
    }

    /// Diffuses in place, at most [`PIECE`] frames; `gains` frame by frame, from 0 (a plain delay) to below 1.
    pub fn process(&mut self, samples: &mut [f64], gains: &[f64]) {
        let mut delayed = [0.0; PIECE];
        let frames = samples.len();
        for (ring, length) in self.rings.iter_mut().zip(self.lengths) {
            let run = &mut delayed[..frames];
            run.copy_from_slice(ring.look_back(length, frames));
            for (((x, d), g), slot) in samples.iter_mut().zip(run).zip(gains).zip(ring.slot(frames)) {
                let w = *x + g * *d;
                *x = *d - g * w;
                *slot = flush(w);
            }
            ring.advance(frames);
        }
    }

    /// Silence.
    pub fn reset(&mut self) {
        self.rings.iter_mut().for_each(Ring::reset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diffuser_passes_all_frequencies_alike() {
        let mut chain = Diffuser::new(1, 44_100.0);
        let mut response = testkit::signals::impulse(1.0, 0, 44_100);
        response.chunks_mut(PIECE).for_each(|piece| chain.process(piece, &[0.6; PIECE]));
        for hz in [50.0, 313.0, 1000.0, 7777.0, 19_000.0] {
            let db = testkit::measure::response_db(&response, hz, 44_100.0);
            assert!(db.abs() < 1e-6, "{hz}: {db}");
        }
        assert!(testkit::measure::peak(&response) < 0.5);
    }
}
