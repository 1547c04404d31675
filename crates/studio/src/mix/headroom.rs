//! Does one stray transient eat the headroom of the whole mix?

use crate::message::{Finding, Severity};
use crate::session::Session;
use dsp::block::View;
use dsp::math::gain_to_db;

/// Steps of the histogram: the upper bits of a float are its logarithm, 32 steps to the octave.
const SHIFT: u32 = 47;

/// Samples by level.
#[derive(Debug)]
pub(super) struct Headroom {
    counts: Vec<u64>,
    peak: f64,
    peak_frame: u64,
    frames: u64,
    finite: bool,
}

impl Default for Headroom {
    fn default() -> Self {
        Self { counts: vec![0; 1 << (63 - SHIFT)], peak: 0.0, peak_frame: 0, frames: 0, finite: true }
    }
}

impl Headroom {
    pub(super) fn process(&mut self, view: View<'_>) {
        for channel in 0..view.channels() {
            for (frame, x) in view.channel(channel).iter().enumerate() {
                let level = x.abs();
                self.finite &= level.is_finite();
                if let Some(count) = self.counts.get_mut((level.to_bits() >> SHIFT) as usize) {
                    *count += 1;
                }
                if level > self.peak {
                    self.peak = level;
                    self.peak_frame = self.frames + frame as u64;
                }
            }
        }
        self.frames += view.frames() as u64;
    }

    /// Largest sample.
    pub(super) fn peak(&self) -> f64 {
        self.peak
    }

    /// Whether every sample was a number.
    pub(super) fn is_finite(&self) -> bool {
        self.finite
    }

    /// Level that 0.01 % of the samples exceed, to a 32nd of an octave from above.
    fn usual(&self) -> f64 {
        let most = self.counts.iter().sum::<u64>() / 10_000;
        let mut above = 0;
        for (step, count) in self.counts.iter().enumerate().rev() {
            above += count;
            if above > most {
                return f64::from_bits((step as u64 + 1) << SHIFT);
            }
        }
        0.0
    }

    /// More than 6 dB between the largest sample and the 99.99th percentile (the mixing rules, C12).
    pub(super) fn finding(&self, session: &Session) -> Option<Finding> {
        let (peak_db, usual_db) = (gain_to_db(self.peak), gain_to_db(self.usual()));
        (peak_db - usual_db > 6.0).then(|| {
            Finding::new("stray_peak", Severity::Info, format!("{:.1} dB over all but 0.01 % of the mix", peak_db - usual_db))
                .about(&session.origin.file)
                .seconds(self.peak_frame as f64 / f64::from(session.sample_rate_hz))
                .limit("6 dB")
                .advice("turn down this one hit on its track (clip gain or a short ride) and the whole print gains level")
        })
    }
}
