//! An electric piano: tines by frequency modulation.
//!
//! Chowning, "The synthesis of complex audio spectra by means of frequency modulation", JAES 21(7), 1973: a modulator at
//! the pitch whose depth dies away, and one far above for the blow.

use super::score::{BARS, BEAT_SECONDS, Player, Section, at, chord, section};
use super::tools::{RATE_HZ, Sine, frame, keep, note_hz};

/// One key pressed.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// When.
    pub seconds: f64,
    /// How long it is held.
    pub hold_seconds: f64,
    /// MIDI note.
    pub midi: i32,
    /// How hard, 0 to 1.
    pub velocity: f64,
}

/// Both sides of the piano: its tremolo moves from one to the other.
pub(super) fn piano(seed: u64, frames: usize) -> Vec<Vec<f64>> {
    let sine = Sine::new();
    let mut mono = vec![0.0; frames];
    for key in part(seed) {
        add_key(&mut mono, key, &sine);
    }
    // 4.6 turns a second, a quarter of the level: as the suitcase piano's amplifier does.
    let side = |sign: f64| {
        mono.iter()
            .enumerate()
            .map(|(n, x)| x * (0.75 + 0.25 * sign * sine.of(4.6 * n as f64 / RATE_HZ)))
            .collect::<Vec<f64>>()
    };
    vec![side(1.0), side(-1.0)]
}

fn part(seed: u64) -> Vec<Key> {
    let mut player = Player::new(seed, 40, 2.0, 4.0);
    let mut keys = Vec::new();
    let mut press = |bar: usize, beat: f64, beats: f64, velocity: f64| {
        for midi in chord(bar).keys {
            let (seconds, velocity) = player.play(at(bar, beat), velocity);
            keys.push(Key { seconds, hold_seconds: beats * BEAT_SECONDS, midi, velocity });
        }
    };
    for bar in 0..BARS {
        match section(bar) {
            Section::Intro | Section::Outro => {
                press(bar, 0.0, 2.4, 0.6);
                press(bar, 2.5, 1.4, 0.45);
            }
            Section::Verse => {
                press(bar, 0.0, 3.6, 0.45);
                if bar % 2 == 1 {
                    press(bar, 3.5, 0.4, 0.35);
                }
            }
            _ => {
                for (beat, beats, velocity) in [(0.0, 1.3, 0.75), (1.5, 0.9, 0.6), (2.5, 1.4, 0.65)] {
                    press(bar, beat, beats, velocity);
                }
            }
        }
    }
    press(BARS, 0.0, 6.5, 0.6);
    keys
}

/// Adds one note: harder strokes bark (deeper modulation), lower ones ring longer.
pub fn add_key(out: &mut [f64], key: Key, sine: &Sine) {
    let hz = note_hz(f64::from(key.midi));
    let start = frame(key.seconds).min(out.len());
    let hold = frame(key.hold_seconds);
    let ring_seconds = 9.0 * 220.0 / (hz + 120.0);
    let (ring, bark_keep, blow_keep, damp) = (keep(ring_seconds), keep(1.6), keep(0.25), keep(0.18));
    let (mut level, mut bark, mut blow) =
        (0.25 * key.velocity, 0.55 * key.velocity * key.velocity, 0.35 * key.velocity);
    let mut turns = 0.0;
    for (n, x) in out[start..].iter_mut().take(hold + frame(0.2)).enumerate() {
        turns += hz / RATE_HZ;
        let rise = (n as f64 / 60.0).min(1.0);
        // Depths in turns: 0.2 turns, the depth of a middling stroke, are an index of 1.3.
        let tine = sine.of(turns + bark * sine.of(turns) + 0.1 * blow * sine.of(14.0 * turns));
        let bell = blow * sine.of(4.0 * turns);
        *x += rise * level * (tine + 0.5 * bell);
        level *= if n > hold { damp } else { ring };
        bark *= bark_keep;
        blow *= blow_keep;
    }
}
