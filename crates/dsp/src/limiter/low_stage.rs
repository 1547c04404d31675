//! The slow stage for the bass, in front of the fast one.
//!
//! Its detector hears a one-pole low-pass, its gain moves over longer than half a period of the lowest notes, and the
//! fast stage sees only what is left: tens of decibels less distortion of low tones without a longer fast window.

use super::detector::{NODES, larger};
use super::lanes::Timings;
use super::release::Timing;
use super::settings::LONG_HOLD_MS;
use crate::math;

/// Look-ahead of the low stage: half a period of 50 Hz. By calibration (mastering reference, 2.2), 2026-11-21.
pub(super) const LOW_LOOKAHEAD_MS: f64 = 10.0;
/// Releases for sustained material (mastering reference 5.2, step 5) and, with the hold, for struck material, where a drum must
/// not hold the rest down. By calibration, 2026-11-21, see docs/decisions/021.
const LONG_RELEASE_MS: f64 = 250.0;
const FAST_HOLD_MS: f64 = 4.0;
const FAST_RELEASE_MS: f64 = 50.0;

/// Times of the low stage.
pub(super) fn timings() -> Timings {
    let timing = |hold_ms: f64, release_ms: f64| Timing {
        lookahead_ms: LOW_LOOKAHEAD_MS,
        hold_ms,
        release_ms,
        slow_release_ms: release_ms,
    };
    Timings { fast: timing(FAST_HOLD_MS, FAST_RELEASE_MS), long: Some(timing(LONG_HOLD_MS, LONG_RELEASE_MS)) }
}

/// Level of the lows of one channel.
#[derive(Debug, Clone, Default)]
pub(super) struct LowLevel {
    state: f64,
}

impl LowLevel {
    /// Share of the distance covered per frame by a one-pole low-pass at `frequency_hz`.
    pub(super) fn blend(frequency_hz: f64, sample_rate_hz: f64) -> f64 {
        1.0 - math::exp(-math::TAU * frequency_hz / sample_rate_hz)
    }

    /// Four steps of the low-pass: what the samples give by themselves, and what is left of the state.
    #[inline]
    fn four(state: &mut f64, x: &[f64; 4], blend: f64) -> [f64; 4] {
        let keep = 1.0 - blend;
        let keep2 = keep * keep;
        let a = blend * x[0];
        let b = blend * x[1] + keep * a;
        let c = blend * x[2] + keep * b;
        let d = blend * x[3] + keep * c;
        let before = *state;
        *state = d + before * (keep2 * keep2);
        [
            (a + before * keep).abs(),
            (b + before * keep2).abs(),
            (c + before * (keep2 * keep)).abs(),
            state.abs(),
        ]
    }

    /// Peak of the low-passed signal in each of the groups of `audio`.
    pub(super) fn run(&mut self, audio: &[f64], group: usize, blend: f64, out: &mut [f64; NODES]) {
        out.fill(0.0);
        let mut state = self.state;
        for (quad, x) in audio.as_chunks::<4>().0.iter().enumerate() {
            let [a, b, c, d] = Self::four(&mut state, x, blend);
            let (first, last) = (4 * quad / group, (4 * quad + 2) / group);
            out[first] = larger(larger(a, b), out[first]);
            out[last] = larger(larger(c, d), out[last]);
        }
        self.end(state);
    }

    /// Peak of the low-passed signal over all of `audio`.
    pub(super) fn level(&mut self, audio: &[f64], blend: f64) -> f64 {
        let (mut state, mut level) = (self.state, 0.0);
        for x in audio.as_chunks::<4>().0 {
            let [a, b, c, d] = Self::four(&mut state, x, blend);
            level = larger(larger(larger(a, b), larger(c, d)), level);
        }
        self.end(state);
        level
    }

    /// Far below any bit: the low-pass must not die away through denormals.
    fn end(&mut self, state: f64) {
        self.state = if state.abs() < 1e-30 { 0.0 } else { state };
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::super::release::Path;
    use super::*;

    const NODES_PER_SECOND: f64 = 12_000.0;

    /// Reductions that answer a need of `need` over `length` nodes, after 3000 nodes of none, in the long windows.
    fn reductions(need: f64, length: usize) -> Vec<f64> {
        let mut path = Path::new(Settings::low_nodes(NODES_PER_SECOND), timings().long.unwrap());
        let mut out = Vec::new();
        for hop in 0..20_000 / NODES {
            let mut answer = [0.0; NODES];
            let needs = std::array::from_fn(|n| {
                if (3000..3000 + length).contains(&(hop * NODES + n)) { need } else { 0.0 }
            });
            path.run(&needs, &mut answer);
            out.extend(answer);
        }
        out
    }

    #[test]
    fn the_gain_of_the_bass_takes_half_a_period_of_50_hz_to_fall() {
        let out = reductions(0.25, 4000);
        let begin = out.iter().position(|d| *d > 0.0).unwrap();
        let there = out.iter().position(|d| *d > 0.2499).unwrap();
        let took_ms = (there - begin) as f64 / NODES_PER_SECOND * 1e3;
        assert!((8.5..=10.2).contains(&took_ms), "{took_ms}");
    }

    #[test]
    fn held_bass_comes_back_63_percent_of_its_decibels_in_250_ms() {
        let out = reductions(0.25, 4000);
        let db = |n: usize| -math::gain_to_db(1.0 - out[n]);
        // Well after the hold and the window: a quarter of a second is 3000 nodes.
        for n in [9000, 11_000] {
            let left = db(n + 3000) / db(n);
            assert!((left - 0.3679).abs() < 0.004, "{left}");
        }
    }
}
