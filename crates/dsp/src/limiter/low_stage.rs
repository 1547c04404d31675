//! The slow stage for the bass, in front of the fast one.
//!
//! Its detector hears a one-pole low-pass, its gain moves over longer than half a period of the lowest notes, and the
//! fast stage sees only what is left: tens of decibels less distortion of low tones without a longer fast window.

use super::detector::NODES;
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
const FAST_RELEASE_MS: f64 = 80.0;

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

    /// Peak of the low-passed signal in each of the groups of `audio`.
    pub(super) fn run(&mut self, audio: &[f64], group: usize, blend: f64, out: &mut [f64; NODES]) {
        let mut state = self.state;
        for (out, audio) in out.iter_mut().zip(audio.chunks_exact(group)) {
            let mut level = 0.0;
            for x in audio {
                state += (x - state) * blend;
                if state.abs() > level {
                    level = state.abs();
                }
            }
            *out = level;
        }
        // Far below any bit: the low-pass must not die away through denormals.
        self.state = if state.abs() < 1e-30 { 0.0 } else { state };
    }

    /// Peak of the low-passed signal over all of `audio`.
    pub(super) fn level(&mut self, audio: &[f64], blend: f64) -> f64 {
        let mut state = self.state;
        let mut level = 0.0;
        for x in audio {
            state += (x - state) * blend;
            if state.abs() > level {
                level = state.abs();
            }
        }
        self.state = if state.abs() < 1e-30 { 0.0 } else { state };
        level
    }
}
