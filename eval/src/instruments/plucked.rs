//! Basses and guitars on the studio's plucked string.

use super::Note;
use dsp::math;
use dsp::rng::CounterRng;
use studio::demo::parts::{OnePole, Pluck, Resonator, add_pluck, amplifier, frame, note_hz};

/// How a string is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Touch {
    /// Time in which a string falls by 60 dB.
    pub ring_seconds: f64,
    /// How dull, 0.5 at most.
    pub dull: f64,
    /// Place of the pick.
    pub pick: f64,
    /// Brightness of the pluck at full velocity.
    pub bright_hz: f64,
}

/// A bass guitar.
pub const BASS: Touch = Touch { ring_seconds: 5.0, dull: 0.45, pick: 0.27, bright_hz: 360.0 };
/// A double bass, plucked.
pub const UPRIGHT: Touch = Touch { ring_seconds: 1.6, dull: 0.49, pick: 0.35, bright_hz: 210.0 };
/// A steel-string acoustic guitar.
pub const ACOUSTIC: Touch = Touch { ring_seconds: 2.6, dull: 0.28, pick: 0.16, bright_hz: 3_200.0 };
/// A clean electric guitar.
pub const ELECTRIC: Touch = Touch { ring_seconds: 3.0, dull: 0.33, pick: 0.12, bright_hz: 1_700.0 };
/// A short muted string.
pub const PALM: Touch = Touch { ring_seconds: 0.3, dull: 0.5, pick: 0.12, bright_hz: 700.0 };

/// The bare string.
#[must_use]
pub fn string(notes: &[Note], touch: Touch, seed: u64, frames: usize) -> Vec<f64> {
    let mut out = vec![0.0; frames];
    for (index, note) in notes.iter().enumerate() {
        let pluck = Pluck {
            hz: note_hz(note.midi),
            velocity: note.velocity,
            seconds: touch.ring_seconds,
            dull: touch.dull,
            pick: touch.pick,
            bright_hz: 80.0 + touch.bright_hz * note.velocity * note.velocity,
        };
        let stop = frame(note.seconds + note.hold_seconds);
        add_pluck(&mut out, frame(note.seconds), stop, pluck, &CounterRng::new(seed ^ 0xB1, index as u64));
    }
    out
}

/// Straight from a bass's pickup.
pub fn pickup(out: &mut [f64]) {
    let (mut low, mut peak, mut high) =
        (OnePole::new(3_500.0), Resonator::new(2_300.0, 2_200.0), OnePole::new(28.0));
    for x in out {
        let string = low.low(*x);
        *x = high.high(string + 0.4 * peak.band(string));
    }
}

/// A bass amplifier: drive, loudspeaker, microphone `late_frames` away, turned over if `inverted`.
#[must_use]
pub fn bass_amplifier(direct: &[f64], late_frames: usize, inverted: bool) -> Vec<f64> {
    let (mut low, mut lower, mut body, mut high) =
        (OnePole::new(2_600.0), OnePole::new(3_000.0), Resonator::new(95.0, 60.0), OnePole::new(40.0));
    let sign = if inverted { -1.0 } else { 1.0 };
    let mut out = vec![0.0; direct.len()];
    for (n, x) in direct.iter().enumerate() {
        let driven = math::tanh(2.2 * x) + 0.12 * math::tanh(2.2 * x) * math::tanh(2.2 * x);
        let y = high.high(lower.low(low.low(driven + 0.6 * body.band(driven))));
        if let Some(late) = out.get_mut(n + late_frames) {
            *late = sign * 0.6 * y;
        }
    }
    out
}

/// The top of an acoustic guitar and a microphone before it.
pub fn soundboard(out: &mut [f64]) {
    let (mut air, mut top, mut bright, mut high) = (
        Resonator::new(105.0, 40.0),
        Resonator::new(200.0, 70.0),
        Resonator::new(5_200.0, 4_000.0),
        OnePole::new(60.0),
    );
    for x in out {
        let string = *x;
        *x = high.high(string + 0.5 * air.band(string) + 0.4 * top.band(string) + 0.5 * bright.band(string));
    }
}

/// Gain before the amplifier: 1 is clean, 30 is metal.
pub fn drive(out: &mut [f64], gain: f64, take: u64) {
    if gain > 1.0 {
        let mut tight = OnePole::new(110.0);
        let peak = out.iter().fold(1e-9_f64, |peak, x| peak.max(x.abs()));
        for x in out.iter_mut() {
            *x = math::tanh(gain * tight.high(*x) / peak);
        }
    }
    amplifier(out, take);
}
