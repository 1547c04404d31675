//! Settings of the limiter.

use super::lanes::Timings;
use super::low_stage::LOW_LOOKAHEAD_MS;
use super::release::{Nodes, Timing};

/// Who chooses between the fast and the long window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// The material: struck material gets the fast window and the clip, sustained material the long window.
    #[default]
    Adaptive,
    /// Always the long window, no clip: cleanest tones, softest blows.
    Transparent,
    /// Always the fast window and the clip: blows stay sharp.
    Punchy,
}

/// Everything that can be set. Values outside the ranges named are brought to their nearest end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// True-peak level nothing exceeds, -60 to 0 (up to +6 for tests).
    pub ceiling_dbtp: f64,
    /// Gain in front, -60 to 60.
    pub gain_db: f64,
    /// Who chooses the window.
    pub style: Style,
    /// Look-ahead (and fall time) of the fast window, 0.5 to 12.
    pub lookahead_ms: f64,
    /// Look-ahead of the long window, 0.5 to 12.
    pub long_lookahead_ms: f64,
    /// Time constant of the release, 1 to 2000.
    pub release_ms: f64,
    /// Whether the release slows down (to six times as long) where reduction lasts.
    pub release_auto: bool,
    /// Time the fast gain stays down after a peak, 0 to 20.
    pub hold_ms: f64,
    /// Whether the slow stage for the bass works.
    pub low_stage: bool,
    /// What the slow stage hears: corner of its low-pass, 50 to 1000.
    pub low_hz: f64,
    /// Whether single peaks are clipped softly first (not on sustained material, unless the style says so).
    pub clip: bool,
    /// Top of the clip above the ceiling, 0 to 12.
    pub clip_db: f64,
    /// How much of the fast reduction all channels share, 0 to 100.
    pub link_percent: f64,
    /// How much of the slow reduction all channels share, 0 to 100.
    pub low_link_percent: f64,
    /// Whether peaks between samples count.
    pub true_peak: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ceiling_dbtp: -1.0,
            gain_db: 0.0,
            style: Style::Adaptive,
            lookahead_ms: 4.0,
            long_lookahead_ms: 10.0,
            release_ms: 50.0,
            release_auto: true,
            hold_ms: 0.0,
            low_stage: true,
            low_hz: 200.0,
            clip: true,
            clip_db: 2.0,
            link_percent: 100.0,
            low_link_percent: 100.0,
            true_peak: true,
        }
    }
}

/// Longest look-ahead of the fast stage; fixes the latency.
const MAX_LOOKAHEAD_MS: f64 = 12.0;
/// Longest hold.
const MAX_HOLD_MS: f64 = 20.0;
/// Hold of the long window: with its look-ahead it spans 50 ms, in which two tones 20 Hz apart, or a bass note and what
/// stands on it, come back to the same peak. By calibration, 2026-11-21, see docs/decisions/021.
pub(super) const LONG_HOLD_MS: f64 = 40.0;
/// The long window releases so much more slowly. By calibration, 2026-11-21, see docs/decisions/021.
const LONG_RELEASE_RATIO: f64 = 3.0;
/// Slowest release over fastest when it is automatic (mastering reference 5.2: 30-60 to 200-400 ms).
const AUTO_RATIO: f64 = 6.0;

impl Settings {
    pub(super) fn timings(&self) -> Timings {
        let release_ms = self.release_ms.clamp(1.0, 2000.0);
        let slow_release_ms = if self.release_auto { release_ms * AUTO_RATIO } else { release_ms };
        let fast = Timing {
            lookahead_ms: self.lookahead_ms.clamp(0.5, MAX_LOOKAHEAD_MS),
            hold_ms: self.hold_ms.clamp(0.0, MAX_HOLD_MS),
            release_ms,
            slow_release_ms,
        };
        let long = Timing {
            lookahead_ms: self.long_lookahead_ms.clamp(0.5, MAX_LOOKAHEAD_MS),
            hold_ms: LONG_HOLD_MS,
            release_ms: f64::min(release_ms * LONG_RELEASE_RATIO, slow_release_ms),
            slow_release_ms,
        };
        Timings { fast, long: Some(long) }
    }

    pub(super) fn link(&self) -> f64 {
        self.link_percent.clamp(0.0, 100.0) / 100.0
    }

    pub(super) fn low_link(&self) -> f64 {
        self.low_link_percent.clamp(0.0, 100.0) / 100.0
    }

    /// Share of sustained that the style makes of a judgement of the material.
    pub(super) fn share(&self, sustained: f64) -> f64 {
        match self.style {
            Style::Adaptive => sustained,
            Style::Transparent => 1.0,
            Style::Punchy => 0.0,
        }
    }

    pub(super) fn main_nodes(rate_hz: f64) -> Nodes {
        Nodes { rate_hz, max_lookahead_ms: MAX_LOOKAHEAD_MS, max_hold_ms: LONG_HOLD_MS }
    }

    pub(super) fn low_nodes(rate_hz: f64) -> Nodes {
        Nodes { rate_hz, max_lookahead_ms: LOW_LOOKAHEAD_MS, max_hold_ms: LONG_HOLD_MS }
    }
}
