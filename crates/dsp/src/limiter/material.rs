//! Is the material sustained or does it strike?
//!
//! What a long window helps (held chords, bass, voices) and what it hurts (drums) differ in how the envelope of peaks
//! moves, whatever the level: sustained material stays near its highest peaks, a struck one falls away between blows.

use crate::math;

/// Peaks are pooled over this time first, so that half a period of a bass note is no decay (25 Hz: 20 ms).
const POOL_SECONDS: f64 = 0.02;
/// Memory of the envelope: a bar's worth of beats would be too slow, one blow too fast.
/// By calibration, 2026-11-21, see docs/decisions.
const MEMORY_SECONDS: f64 = 0.4;
/// Highest pooled peak over the average, in decibels: sustained below, struck above.
/// By calibration, 2026-11-21, see docs/decisions.
const SUSTAINED_DB: f64 = 2.0;
const STRUCK_DB: f64 = 5.0;
/// How fast the judgement follows: quickly towards struck, unhurried towards sustained.
const TO_STRUCK_SECONDS: f64 = 0.01;
const TO_SUSTAINED_SECONDS: f64 = 0.15;
/// Below this peak (-100 dBFS) nothing is judged.
const SILENT: f64 = 1e-5;

/// Judges hop by hop; one value per hop, the same for all channels.
#[derive(Debug)]
pub(super) struct Material {
    pool: Vec<f64>,
    pool_at: usize,
    peak_keep: f64,
    blend: f64,
    to_struck: f64,
    to_sustained: f64,
    highest: f64,
    average: f64,
    sustained: f64,
}

impl Material {
    /// For `hop_seconds` per value.
    pub(super) fn new(hop_seconds: f64) -> Self {
        let blend = |seconds: f64| 1.0 - math::exp(-hop_seconds / seconds);
        Self {
            pool: vec![0.0; ((POOL_SECONDS / hop_seconds).round() as usize).max(1)],
            pool_at: 0,
            // The highest peak is forgotten over twice the memory of the average.
            peak_keep: math::exp(-0.5 * hop_seconds / MEMORY_SECONDS),
            blend: blend(MEMORY_SECONDS),
            to_struck: blend(TO_STRUCK_SECONDS),
            to_sustained: blend(TO_SUSTAINED_SECONDS),
            highest: 0.0,
            average: 0.0,
            sustained: 0.0,
        }
    }

    /// Share of sustained (0 struck, 1 sustained) after a hop with this peak.
    pub(super) fn push(&mut self, peak: f64) -> f64 {
        self.pool[self.pool_at] = peak;
        self.pool_at = (self.pool_at + 1) % self.pool.len();
        let pooled = self.pool.iter().fold(0.0, |m, x| if *x > m { *x } else { m });
        if pooled < SILENT && self.average < SILENT {
            (self.highest, self.average) = (0.0, 0.0);
            return self.sustained;
        }
        self.highest = f64::max(pooled, self.highest * self.peak_keep);
        self.average += (pooled - self.average) * self.blend;
        let swing_db = math::gain_to_db(self.highest / self.average);
        let t = ((STRUCK_DB - swing_db) / (STRUCK_DB - SUSTAINED_DB)).clamp(0.0, 1.0);
        let target = t * t * (3.0 - 2.0 * t);
        let blend = if target < self.sustained { self.to_struck } else { self.to_sustained };
        let distance = target - self.sustained;
        self.sustained = if distance.abs() < 1e-4 { target } else { self.sustained + distance * blend };
        self.sustained
    }

    pub(super) fn reset(&mut self) {
        self.pool.fill(0.0);
        (self.pool_at, self.highest, self.average, self.sustained) = (0, 0.0, 0.0, 0.0);
    }
}
