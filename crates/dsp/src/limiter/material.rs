//! Is the material sustained or does it strike?
//!
//! What a long window helps (held chords, bass, voices) and what it hurts (drums) differ in onsets, whatever the level and
//! however much the peaks were levelled before: a blow makes the energy of the high frequencies jump, a held note does not.
//! Measured on recordings (400 ms, median of the highest rise): orchestra, organ, pads, choir 1 to 3 dB, loud rock 4 dB,
//! drum-led songs 8 to 20 dB.

use super::line::Line;
use crate::math;

/// Energy is averaged over this time, so that the half-waves of a bass note are no onsets.
const ENERGY_SECONDS: f64 = 0.02;
/// Time over which a rise is taken.
const RISE_SECONDS: f64 = 0.01;
/// Memory of the highest rise, about two beats, and of the average energy.
/// By calibration, 2026-11-21, see docs/decisions/021.
const RISE_MEMORY_SECONDS: f64 = 1.0;
const AVERAGE_SECONDS: f64 = 0.4;
/// Highest rise of sustained material and lowest of struck material; in between both windows have their share.
/// By calibration, 2026-11-21, see docs/decisions/021.
const SUSTAINED_DB: f64 = 4.0;
const STRUCK_DB: f64 = 9.0;
/// More than this is no more struck, and need not be remembered longer.
const RISE_CAP_DB: f64 = 15.0;
/// Energy this far below the average (-13 dB) makes no onset.
const FLOOR: f64 = 0.05;
/// How fast the judgement follows: at once towards struck, unhurried towards sustained.
const TO_STRUCK_SECONDS: f64 = 0.005;
const TO_SUSTAINED_SECONDS: f64 = 0.1;
/// Mean square per frame of the difference signal below which nothing is judged (-140 dB).
const SILENT: f64 = 1e-14;

/// Judges hop by hop; one value per hop, the same for all channels.
#[derive(Debug)]
pub(super) struct Material {
    last: Vec<f64>,
    energies: Line,
    means: Line,
    span: usize,
    back: usize,
    blend: f64,
    forget: f64,
    to_struck: f64,
    to_sustained: f64,
    average: f64,
    rise_db: f64,
    sustained: f64,
}

impl Material {
    /// For so many channels and seconds per hop.
    pub(super) fn new(channels: usize, hop_seconds: f64) -> Self {
        let blend = |seconds: f64| 1.0 - math::exp(-hop_seconds / seconds);
        let hops = |seconds: f64| ((seconds / hop_seconds).round() as usize).max(1);
        Self {
            last: vec![0.0; channels],
            energies: Line::new(hops(ENERGY_SECONDS), 1),
            means: Line::new(hops(RISE_SECONDS) + 1, 1),
            span: hops(ENERGY_SECONDS),
            back: hops(RISE_SECONDS),
            blend: blend(AVERAGE_SECONDS),
            forget: math::exp(-hop_seconds / RISE_MEMORY_SECONDS),
            to_struck: blend(TO_STRUCK_SECONDS),
            to_sustained: blend(TO_SUSTAINED_SECONDS),
            average: 0.0,
            rise_db: RISE_CAP_DB,
            sustained: 0.0,
        }
    }

    /// Takes a hop of audio; share of sustained from then on (0 struck, 1 sustained).
    pub(super) fn push(&mut self, audio: &[Vec<f64>]) -> f64 {
        let mut energy = 0.0;
        let mut frames = 1;
        for (plane, last) in audio.iter().zip(&mut self.last) {
            energy += difference_energy(plane, last);
            frames = plane.len();
        }
        self.judge(energy / frames as f64)
    }

    /// Share of sustained after a hop whose difference signal has this mean square (summed over channels).
    pub(super) fn judge(&mut self, energy: f64) -> f64 {
        self.energies.push(1)[0] = energy;
        let mean = self.energies.tail(self.span, self.span).iter().sum::<f64>() / self.span as f64;
        self.means.push(1)[0] = mean;
        let before = self.means.tail(self.back + 1, 1)[0];
        self.average += (mean - self.average) * self.blend;
        if self.average < SILENT {
            self.average = 0.0;
            return self.sustained;
        }
        let floor = FLOOR * self.average;
        let rise_db = math::power_to_db((mean + floor) / (before + floor)).min(RISE_CAP_DB);
        self.rise_db = f64::max(rise_db, self.rise_db * self.forget);
        let t = ((STRUCK_DB - self.rise_db) / (STRUCK_DB - SUSTAINED_DB)).clamp(0.0, 1.0);
        let target = t * t * (3.0 - 2.0 * t);
        let blend = if target < self.sustained { self.to_struck } else { self.to_sustained };
        let distance = target - self.sustained;
        self.sustained = if distance.abs() < 1e-4 { target } else { self.sustained + distance * blend };
        self.sustained
    }

    pub(super) fn reset(&mut self) {
        self.last.fill(0.0);
        self.energies.reset();
        self.means.reset();
        (self.average, self.rise_db, self.sustained) = (0.0, RISE_CAP_DB, 0.0);
    }
}

/// Sum of the squares of the first difference: a high-pass of 6 dB per octave.
fn difference_energy(plane: &[f64], last: &mut f64) -> f64 {
    let (Some(first), Some(end)) = (plane.first(), plane.last()) else { return 0.0 };
    let mut lanes = [0.0; 4];
    let (before, after) = (&plane[..plane.len() - 1], &plane[1..]);
    let quads = before.as_chunks::<4>().0.iter().zip(after.as_chunks::<4>().0);
    for (before, after) in quads {
        for i in 0..4 {
            lanes[i] += (after[i] - before[i]) * (after[i] - before[i]);
        }
    }
    let rest = before.len() / 4 * 4;
    let tail: f64 = before[rest..].iter().zip(&after[rest..]).map(|(a, b)| (b - a) * (b - a)).sum();
    let start = (first - *last) * (first - *last);
    *last = *end;
    start + tail + (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_onset_is_judged_against_a_twentieth_of_the_last_0_4_seconds() {
        // 4 s of one energy, 40 ms of none, then a fifth of it. Of the average 1 the pause and the means of 20 ms take a
        // share of 0.095 in 0.4 s, which leaves a floor of 0.0453; 10 ms into the blow the mean is at 0.1.
        let mut material = Material::new(1, 0.001);
        for _ in 0..4000 {
            material.judge(1.0);
        }
        for _ in 0..40 {
            material.judge(0.0);
        }
        for _ in 0..30 {
            material.judge(0.2);
        }
        let wanted = math::power_to_db((0.1 + 0.0453) / 0.0453);
        assert!((material.rise_db - wanted).abs() < 0.25, "{} {wanted}", material.rise_db);
    }
}
