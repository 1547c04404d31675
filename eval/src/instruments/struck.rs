//! Struck things: piano, hand percussion, and the drums of machines.

use super::Note;
use dsp::math;
use dsp::rng::CounterRng;
use studio::demo::parts::{OnePole, RATE_HZ, Resonator, add_mode, frame, keep, note_hz};

/// A grand piano in stereo: the strings of a note, slightly out of harmony, bass on the left.
#[must_use]
pub fn piano(notes: &[Note], seed: u64, frames: usize) -> Vec<Vec<f64>> {
    let mut planes = vec![vec![0.0; frames]; 2];
    for (index, note) in notes.iter().enumerate() {
        let rng = CounterRng::new(seed ^ 0x91A, index as u64);
        let hz = note_hz(note.midi);
        let start = frame(note.seconds).min(frames);
        let length = frame(note.hold_seconds + 0.25);
        let mut tone = vec![0.0; length.min(frames - start)];
        // Stiff strings: f_n = n f0 sqrt(1 + B n^2), B near 4e-4 in the middle (Fletcher and Rossing, §12.4, rounded).
        for n in 1..=10_u32 {
            let n = f64::from(n);
            let partial = n * hz * (1.0 + 4e-4 * n * n).sqrt();
            let level = note.velocity * math::pow(n, -1.15 + 0.5 * (note.velocity - 0.6));
            let seconds = (12.0 * 110.0 / (hz + 60.0) / n.sqrt()).clamp(0.3, 9.0);
            add_mode(&mut tone, partial, 0.2 * level, seconds, math::TAU * rng.uniform(n as u64));
        }
        let mut felt = OnePole::new(1_800.0);
        for (n, x) in tone.iter_mut().take(frame(0.03)).enumerate() {
            let left = 1.0 - n as f64 / frame(0.03) as f64;
            *x += 0.12 * note.velocity * left * felt.low(rng.bipolar(50 + n as u64));
        }
        let place = ((note.midi - 60.0) / 36.0).clamp(-0.7, 0.7);
        let hold = frame(note.hold_seconds);
        let (mut damp, fall) = (1.0, keep(0.2));
        for (n, x) in tone.iter().enumerate() {
            if n > hold {
                damp *= fall;
            }
            let rise = (n as f64 / 40.0).min(1.0);
            planes[0][start + n] += rise * damp * x * (1.0 - 0.5 * place);
            planes[1][start + n] += rise * damp * x * (1.0 + 0.5 * place);
        }
    }
    planes
}

/// Things to shake and strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Struck {
    /// Shaker.
    Shaker,
    /// Tambourine.
    Tambourine,
    /// Congas, two of them.
    Conga,
    /// Cowbell.
    Cowbell,
    /// Hand claps.
    Claps,
    /// Electronic bass drum.
    MachineKick,
    /// Electronic snare drum.
    MachineSnare,
    /// Electronic hi-hat.
    MachineHat,
    /// Timpani.
    Timpani,
}

/// A stroke: seconds, how hard, and which of two pitches.
pub type Stroke = (f64, f64, bool);

/// Plays strokes.
#[must_use]
pub fn strike(kind: Struck, strokes: &[Stroke], seed: u64, frames: usize) -> Vec<f64> {
    let mut out = vec![0.0; frames];
    for (index, &(seconds, velocity, high)) in strokes.iter().enumerate() {
        let rng = CounterRng::new(seed ^ 0x57A, index as u64);
        let start = frame(seconds).min(frames);
        one(kind, &mut out[start..], velocity, high, &rng);
    }
    let mut still = OnePole::new(18.0);
    out.iter_mut().for_each(|x| *x = still.high(*x));
    out
}

fn one(kind: Struck, out: &mut [f64], velocity: f64, high: bool, rng: &CounterRng) {
    match kind {
        Struck::Shaker => hiss(out, velocity, rng, (6_500.0, 7_000.0), (0.02, 0.06)),
        Struck::Tambourine => {
            hiss(out, 0.5 * velocity, rng, (8_500.0, 6_000.0), (0.001, 0.16));
            for mode in 0..14 {
                let hz = 4_200.0 + 9_000.0 * rng.uniform(mode);
                let seconds = 0.12 + 0.2 * rng.uniform(40 + mode);
                add_mode(cut(out, 0.4), hz, 0.1 * velocity, seconds, math::TAU * rng.uniform(70 + mode));
            }
        }
        Struck::Conga => {
            let hz = if high { 262.0 } else { 190.0 };
            for (ratio, level) in [(1.0, 0.7), (1.59, 0.25), (2.14, 0.2), (2.65, 0.12)] {
                add_mode(cut(out, 0.5), hz * ratio, level * velocity, 0.28 / ratio, 0.0);
            }
            hiss(out, 0.25 * velocity, rng, (1_600.0, 1_500.0), (0.001, 0.02));
        }
        Struck::Cowbell => {
            for (hz, level) in [(562.0, 0.5), (845.0, 0.5), (1_690.0, 0.15), (2_535.0, 0.1)] {
                add_mode(cut(out, 0.5), hz, level * velocity, 0.25, 0.0);
            }
        }
        Struck::Claps => {
            for hand in 0..4 {
                let late = frame(0.010 * hand as f64 + 0.004 * rng.uniform(hand)).min(out.len());
                let own = CounterRng::new(rng.bits(9), hand);
                let seconds = if hand == 3 { 0.12 } else { 0.012 };
                hiss(&mut out[late..], 0.8 * velocity, &own, (1_300.0, 1_300.0), (0.0005, seconds));
            }
        }
        Struck::MachineKick => machine_kick(out, velocity, high),
        Struck::MachineSnare => {
            add_mode(cut(out, 0.3), 185.0, 0.7 * velocity, 0.14, 0.0);
            add_mode(cut(out, 0.3), 331.0, 0.4 * velocity, 0.10, 0.0);
            hiss(out, 0.9 * velocity, rng, (3_500.0, 6_000.0), (0.0005, 0.16));
        }
        Struck::MachineHat => {
            let seconds = if high { 0.25 } else { 0.045 };
            hiss(out, velocity, rng, (9_500.0, 6_500.0), (0.0005, seconds));
        }
        Struck::Timpani => {
            let hz = if high { 110.0 } else { 73.4 };
            // A kettle's own modes stand 1 : 1.5 : 1.99 : 2.44 (Fletcher and Rossing, §18.2).
            for (ratio, level) in [(1.0, 0.8), (1.5, 0.5), (1.99, 0.3), (2.44, 0.2)] {
                add_mode(cut(out, 2.0), hz * ratio, level * velocity, 1.8 / ratio, 0.0);
            }
            hiss(out, 0.15 * velocity, rng, (400.0, 500.0), (0.001, 0.05));
        }
    }
}

fn cut(out: &mut [f64], seconds: f64) -> &mut [f64] {
    let frames = frame(seconds).min(out.len());
    &mut out[..frames]
}

fn machine_kick(out: &mut [f64], velocity: f64, long: bool) {
    let (mut turns, mut bend, mut level) = (0.0, 1.0, 0.9 * velocity);
    let (fall, fade) = (keep(0.09), keep(if long { 0.9 } else { 0.38 }));
    for (n, x) in cut(out, if long { 1.1 } else { 0.5 }).iter_mut().enumerate() {
        turns += (48.0 + 190.0 * bend) / RATE_HZ;
        let rise = (n as f64 / 24.0).min(1.0);
        *x += rise * level * math::tanh(1.6 * math::sin(math::TAU * (turns - turns.floor())));
        bend *= fall;
        level *= fade;
    }
}

/// Noise around `(centre, width)` that rises and decays in `(seconds, seconds)`.
fn hiss(out: &mut [f64], level: f64, rng: &CounterRng, band: (f64, f64), times: (f64, f64)) {
    let (mut tone, mut high) = (Resonator::new(band.0, band.1), OnePole::new(0.5 * band.0));
    let (mut swell, fade) = (level, keep(times.1));
    let rise_frames = (times.0 * RATE_HZ).max(1.0);
    for (n, x) in cut(out, times.0 + 1.2 * times.1).iter_mut().enumerate() {
        let rise = (n as f64 / rise_frames).min(1.0);
        *x += rise * swell * high.high(tone.band(rng.bipolar(200 + n as u64)));
        if rise >= 1.0 {
            swell *= fade;
        }
    }
}
