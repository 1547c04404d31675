//! Effects, clicks, and what should not be there.

use dsp::math;
use dsp::rng::CounterRng;
use studio::demo::parts::{OnePole, RATE_HZ, Resonator, add_mode, frame, keep};

/// Noise that rises for `seconds` until each of `ends`.
#[must_use]
pub fn riser(ends: &[f64], seconds: f64, seed: u64, frames: usize) -> Vec<Vec<f64>> {
    (0..2_u64)
        .map(|side| {
            let rng = CounterRng::new(seed ^ 0x215, side);
            let mut out = vec![0.0; frames];
            for &end in ends {
                let (from, to) = (frame((end - seconds).max(0.0)), frame(end).min(frames));
                let mut tone = Resonator::new(400.0, 500.0);
                for (n, out) in (from..to).zip(&mut out[from.min(frames)..to]) {
                    let along = (n - from) as f64 / (to - from).max(1) as f64;
                    if (n - from) % 64 == 0 {
                        let hz = 400.0 * math::exp2(4.0 * along);
                        tone.tune(hz, 0.8 * hz);
                    }
                    *out += 0.4 * along * along * tone.band(rng.bipolar(n as u64));
                }
            }
            out
        })
        .collect()
}

/// A deep blow and its long noise at each of `starts`.
#[must_use]
pub fn impact(starts: &[f64], seed: u64, frames: usize) -> Vec<Vec<f64>> {
    (0..2_u64)
        .map(|side| {
            let rng = CounterRng::new(seed ^ 0x1_4AC, side);
            let mut out = vec![0.0; frames];
            for &start in starts {
                let from = frame(start).min(frames);
                let rest = &mut out[from..];
                add_mode(rest, 42.0, 0.6, 1.8, 0.0);
                let (mut level, fade, mut low) = (0.5, keep(1.6), OnePole::new(900.0));
                for (n, x) in rest.iter_mut().enumerate() {
                    *x += level * low.low(rng.bipolar(n as u64));
                    level *= fade;
                }
            }
            out
        })
        .collect()
}

/// Wind and city, soft and everywhere.
#[must_use]
pub fn atmosphere(seed: u64, frames: usize) -> Vec<Vec<f64>> {
    (0..2_u64)
        .map(|side| {
            let rng = CounterRng::new(seed ^ 0xA7, side);
            let (mut low, mut slow, mut high) =
                (OnePole::new(1_200.0), OnePole::new(0.4), OnePole::new(120.0));
            (0..frames as u64)
                .map(|n| {
                    let swell = 1.0 + 60.0 * slow.low(rng.bipolar((1 << 40) + n));
                    high.high(low.low(rng.bipolar(n))) * swell.clamp(0.3, 2.0)
                })
                .collect()
        })
        .collect()
}

/// A metronome: seconds of every beat and whether it begins a bar.
#[must_use]
pub fn click(beats: &[(f64, bool)], frames: usize) -> Vec<f64> {
    let mut out = vec![0.0; frames];
    for &(seconds, first) in beats {
        let start = frame(seconds).min(frames);
        let end = (start + frame(0.03)).min(frames);
        add_mode(&mut out[start..end], if first { 1_760.0 } else { 1_320.0 }, 0.8, 0.03, 0.0);
    }
    out
}

/// Mains hum: the fundamental and its harmonics, at a level in dBFS (root mean square).
pub fn hum(plane: &mut [f64], hz: f64, dbfs: f64) {
    let parts = [(1.0, 1.0), (2.0, 0.5), (3.0, 0.6), (4.0, 0.2), (5.0, 0.35), (6.0, 0.1), (7.0, 0.2)];
    let power: f64 = parts.iter().map(|(_, level)| 0.5 * level * level).sum();
    let gain = math::db_to_gain(dbfs) / power.sqrt();
    for (ratio, level) in parts {
        // A mode that does not die away in the length of a song.
        add_mode(plane, hz * ratio, gain * level, 1e9, ratio);
    }
}

/// A room's reverberation by exponentially decaying noise, added to a plane: `rt60_seconds`, `wet_db` against the dry sound.
pub fn reverberate(plane: &mut [f64], rt60_seconds: f64, wet_db: f64, seed: u64) {
    // Sixteen combs of prime lengths (30 to 80 ms), each with its own decay: Schroeder, "Natural sounding artificial
    // reverberation", JAES 10(3), 1962.
    const LENGTHS: [usize; 16] = [
        1_447, 1_553, 1_657, 1_777, 1_889, 1_997, 2_111, 2_237, 2_357, 2_473, 2_609, 2_741, 2_879, 3_019,
        3_169, 3_803,
    ];
    let dry = plane.to_vec();
    let mut wet = vec![0.0; plane.len()];
    let rng = CounterRng::new(seed ^ 0x2EB, 1);
    for (index, length) in LENGTHS.into_iter().enumerate() {
        let gain = math::exp(-3.0 * math::LN_10 * length as f64 / (rt60_seconds * RATE_HZ));
        let sign = if rng.bits(index as u64) & 1 == 0 { 1.0 } else { -1.0 };
        let (mut line, mut place, mut soft) = (vec![0.0; length], 0, 0.0);
        for (x, y) in dry.iter().zip(&mut wet) {
            let late: f64 = line[place];
            soft += 0.55 * (late - soft);
            line[place] = x + gain * soft;
            place = (place + 1) % length;
            *y += sign * late;
        }
    }
    let power = |plane: &[f64]| plane.iter().map(|x| x * x).sum::<f64>().max(1e-30);
    let level = math::db_to_gain(wet_db) * (power(&dry) / power(&wet)).sqrt();
    plane.iter_mut().zip(&wet).for_each(|(x, y)| *x += level * y);
}
