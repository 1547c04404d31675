//! Sustained tones: oscillators through a low-pass that follows the envelope, with vibrato, and noise beside them.
//!
//! Sawtooth and square are freed of aliases by a polynomial step (Välimäki and Huovilainen, "Antialiasing oscillators in
//! subtractive synthesis", IEEE Signal Processing Magazine 24(2), 2007).

use super::Note;
use dsp::math;
use dsp::rng::CounterRng;
use studio::demo::parts::{RATE_HZ, Resonator, Sine, frame, note_hz};

/// What swings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wave {
    /// All harmonics: bowed strings, brass, analogue synthesizers.
    Saw,
    /// Odd harmonics: clarinet, hollow synthesizers.
    Square,
    /// A sine with a little octave: flute.
    Sine,
    /// Drawbars 8', 4', 2 2/3', 2'.
    Organ,
}

/// How a tone is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Oscillator.
    pub wave: Wave,
    /// Oscillators side by side.
    pub voices: u32,
    /// How far they stand apart, cents.
    pub detune_cents: f64,
    /// Rise.
    pub attack_seconds: f64,
    /// Fall to the sustained level.
    pub decay_seconds: f64,
    /// Sustained level, 0 to 1.
    pub sustain: f64,
    /// Fall after the note.
    pub release_seconds: f64,
    /// Corner of the low-pass with the envelope at zero.
    pub cutoff_hz: f64,
    /// Octaves by which the envelope opens it.
    pub open_octaves: f64,
    /// Vibrato.
    pub vibrato_hz: f64,
    /// Its depth.
    pub vibrato_cents: f64,
    /// Bow or breath: noise against tone.
    pub noise: f64,
}

/// A tone that does nothing special.
pub const PLAIN: Tone = Tone {
    wave: Wave::Saw,
    voices: 1,
    detune_cents: 0.0,
    attack_seconds: 0.01,
    decay_seconds: 0.3,
    sustain: 0.8,
    release_seconds: 0.1,
    cutoff_hz: 1_500.0,
    open_octaves: 1.0,
    vibrato_hz: 5.2,
    vibrato_cents: 0.0,
    noise: 0.0,
};

/// Frames between two settings of envelope, filter and pitch.
const STEP: usize = 32;

/// The step of a sawtooth, rounded over one sample on each side.
fn step(turns: f64, turn: f64) -> f64 {
    if turns < turn {
        let t = turns / turn;
        t + t - t * t - 1.0
    } else if turns > 1.0 - turn {
        let t = (turns - 1.0) / turn;
        t * t + t + t + 1.0
    } else {
        0.0
    }
}

fn swing(wave: Wave, turns: f64, turn: f64, sine: &Sine) -> f64 {
    match wave {
        Wave::Saw => 2.0 * turns - 1.0 - step(turns, turn),
        Wave::Square => {
            let half = (turns + 0.5).fract();
            (if turns < 0.5 { 1.0 } else { -1.0 }) + step(turns, turn) - step(half, turn)
        }
        Wave::Sine => sine.of(turns) + 0.15 * sine.of(2.0 * turns) + 0.05 * sine.of(3.0 * turns),
        Wave::Organ => {
            0.5 * sine.of(turns)
                + 0.35 * sine.of(2.0 * turns)
                + 0.25 * sine.of(3.0 * turns)
                + 0.15 * sine.of(4.0 * turns)
        }
    }
}

impl Tone {
    /// Level at a time after the beginning of a note held for `hold`.
    fn level(&self, seconds: f64, hold: f64) -> f64 {
        let held = |at: f64| {
            if at < self.attack_seconds {
                at / self.attack_seconds
            } else {
                let fall = math::exp(-3.0 * (at - self.attack_seconds) / self.decay_seconds.max(1e-3));
                self.sustain + (1.0 - self.sustain) * fall
            }
        };
        if seconds <= hold {
            held(seconds)
        } else {
            held(hold) * math::exp(-5.0 * (seconds - hold) / self.release_seconds.max(1e-3))
        }
    }

    /// Adds a note. Costs about 20 ns a frame and oscillator.
    pub fn add(&self, out: &mut [f64], note: &Note, rng: &CounterRng, sine: &Sine) {
        let start = frame(note.seconds).min(out.len());
        let frames = frame(note.hold_seconds + 1.6 * self.release_seconds);
        let count = self.voices.max(1);
        let mut turns: Vec<f64> = (0..count).map(|voice| rng.uniform(u64::from(voice))).collect();
        let spread = |voice: u32| {
            let place = if count == 1 { 0.0 } else { 2.0 * f64::from(voice) / f64::from(count - 1) - 1.0 };
            math::exp2(place * self.detune_cents / 1200.0)
        };
        let ratios: Vec<f64> = (0..count).map(spread).collect();
        let base_hz = note_hz(note.midi);
        let (mut low, mut lower, mut hiss, mut level) = (0.0, 0.0, 0.0, 0.0);
        let gain = 0.3 * note.velocity / f64::from(count).sqrt();
        for (block, part) in out[start..].chunks_mut(STEP).take(frames.div_ceil(STEP)).enumerate() {
            let seconds = (block * STEP) as f64 / RATE_HZ;
            let target = self.level(seconds, note.hold_seconds);
            let vibrato = self.vibrato_cents * ((seconds - 0.2) / 0.3).clamp(0.0, 1.0);
            let wobble = vibrato * sine.of(self.vibrato_hz * seconds + rng.uniform(90));
            let hz = base_hz * math::exp2(wobble / 1200.0);
            let cutoff = self.cutoff_hz * math::exp2(self.open_octaves * target * note.velocity);
            let share = 1.0 - math::exp(-math::TAU * cutoff.min(0.45 * RATE_HZ) / RATE_HZ);
            let rise = (target - level) / part.len() as f64;
            for (n, x) in part.iter_mut().enumerate() {
                level += rise;
                let mut sum = 0.0;
                for (turns, ratio) in turns.iter_mut().zip(&ratios) {
                    let turn = hz * ratio / RATE_HZ;
                    *turns += turn;
                    *turns -= turns.floor();
                    sum += swing(self.wave, *turns, turn, sine);
                }
                if self.noise > 0.0 {
                    hiss += 0.35 * (rng.bipolar(1_000 + (block * STEP + n) as u64) - hiss);
                    sum += self.noise * hiss;
                }
                low += share * (sum - low);
                lower += share * (low - lower);
                *x += gain * level * lower;
            }
        }
    }
}

/// All notes of a part, in as many channels: each side has oscillators of its own.
#[must_use]
pub fn play(notes: &[Note], tone: &Tone, channels: usize, seed: u64, frames: usize) -> Vec<Vec<f64>> {
    let sine = Sine::new();
    (0..channels)
        .map(|channel| {
            let mut out = vec![0.0; frames];
            for (index, note) in notes.iter().enumerate() {
                // Both sides begin together but swing apart.
                let rng = CounterRng::new(seed ^ 0x70_4E, (2 * index + channel) as u64);
                tone.add(&mut out, note, &rng, &sine);
            }
            out
        })
        .collect()
}

/// The body of an instrument: resonances in hertz, each as wide as a quarter of its frequency.
pub fn body(planes: &mut [Vec<f64>], resonances: &[(f64, f64)]) {
    for plane in planes {
        let mut filters: Vec<(Resonator, f64)> =
            resonances.iter().map(|&(hz, level)| (Resonator::new(hz, 0.25 * hz), level)).collect();
        for x in plane.iter_mut() {
            let dry = *x;
            for (filter, level) in &mut filters {
                *x += *level * filter.band(dry);
            }
        }
    }
}

/// Bodies and tones of an orchestra and a rack.
pub mod kinds {
    use super::{PLAIN, Tone, Wave};

    /// A violin section of one; low members by `size` above 1.
    #[must_use]
    pub fn bowed(size: f64, players: u32) -> Tone {
        Tone {
            voices: players,
            detune_cents: if players > 1 { 9.0 } else { 0.0 },
            attack_seconds: 0.07 * size,
            decay_seconds: 0.5,
            sustain: 0.85,
            release_seconds: 0.18,
            cutoff_hz: 1_900.0 / size,
            open_octaves: 1.2,
            vibrato_hz: 5.6,
            vibrato_cents: 14.0,
            noise: 0.10,
            ..PLAIN
        }
    }

    /// Brass: the louder, the brighter.
    #[must_use]
    pub fn brass(size: f64) -> Tone {
        Tone {
            attack_seconds: 0.035 * size,
            decay_seconds: 0.25,
            sustain: 0.75,
            release_seconds: 0.08,
            cutoff_hz: 420.0 / size,
            open_octaves: 2.8,
            vibrato_cents: 5.0,
            noise: 0.03,
            ..PLAIN
        }
    }

    /// Woodwinds.
    #[must_use]
    pub fn wind(wave: Wave, breath: f64) -> Tone {
        Tone {
            wave,
            attack_seconds: 0.05,
            sustain: 0.9,
            release_seconds: 0.07,
            cutoff_hz: 1_400.0,
            open_octaves: 1.0,
            vibrato_cents: 8.0,
            noise: breath,
            ..PLAIN
        }
    }

    /// A wide, slow pad.
    pub const PAD: Tone = Tone {
        voices: 5,
        detune_cents: 14.0,
        attack_seconds: 0.6,
        decay_seconds: 1.0,
        sustain: 0.9,
        release_seconds: 0.9,
        cutoff_hz: 700.0,
        open_octaves: 0.8,
        ..PLAIN
    };
    /// A short arpeggio.
    pub const ARP: Tone = Tone {
        wave: Wave::Square,
        attack_seconds: 0.002,
        decay_seconds: 0.18,
        sustain: 0.1,
        release_seconds: 0.09,
        cutoff_hz: 700.0,
        open_octaves: 2.5,
        ..PLAIN
    };
    /// A lead.
    pub const LEAD: Tone = Tone {
        voices: 3,
        detune_cents: 8.0,
        sustain: 0.85,
        cutoff_hz: 2_200.0,
        open_octaves: 1.3,
        vibrato_cents: 9.0,
        ..PLAIN
    };
    /// A wall of saws.
    pub const STABS: Tone = Tone {
        voices: 7,
        detune_cents: 22.0,
        attack_seconds: 0.004,
        sustain: 0.7,
        release_seconds: 0.12,
        cutoff_hz: 3_000.0,
        open_octaves: 1.5,
        ..PLAIN
    };
    /// A bass.
    pub const BASS: Tone = Tone {
        attack_seconds: 0.004,
        decay_seconds: 0.3,
        sustain: 0.6,
        release_seconds: 0.05,
        cutoff_hz: 260.0,
        open_octaves: 2.2,
        ..PLAIN
    };
    /// An organ.
    pub const ORGAN: Tone = Tone {
        wave: Wave::Organ,
        attack_seconds: 0.01,
        sustain: 1.0,
        release_seconds: 0.04,
        cutoff_hz: 5_000.0,
        open_octaves: 0.0,
        vibrato_hz: 6.4,
        vibrato_cents: 12.0,
        ..PLAIN
    };
    /// The wooden body of a violin; divide by the size for its larger sisters. Main air and wood modes after Fletcher and
    /// Rossing, The Physics of Musical Instruments, §10.3, and the bridge hill, rounded.
    pub const VIOLIN: [(f64, f64); 3] = [(280.0, 0.9), (460.0, 0.8), (2_500.0, 0.6)];
}
