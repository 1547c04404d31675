//! Voices on the studio's singer: leads, doubles, stacks, rap and speech.

use super::Note;
use dsp::rng::CounterRng;
use studio::demo::parts::{BEAT_SECONDS, Consonant, LEAD_IN_SECONDS, Singer, Sung, Vowel, sing};

/// A woman who sings.
pub const WOMAN: Singer =
    Singer { stream: 0, formants: 1.0, vibrato_cents: 32.0, vibrato_hz: 5.4, breath: 0.05, late_ms: 8.0 };
/// A man who sings.
pub const MAN: Singer =
    Singer { stream: 1, formants: 0.86, vibrato_cents: 22.0, vibrato_hz: 5.1, breath: 0.06, late_ms: 6.0 };

/// Another singer like one: stream and size vary.
#[must_use]
pub fn other(singer: Singer, number: u64) -> Singer {
    let rng = CounterRng::new(0x51_46, number);
    Singer {
        stream: singer.stream + 2 + number,
        formants: singer.formants * (1.0 + 0.05 * rng.bipolar(0)),
        vibrato_cents: singer.vibrato_cents * (0.6 + 0.4 * rng.uniform(1)),
        vibrato_hz: singer.vibrato_hz + 0.4 * rng.bipolar(2),
        breath: singer.breath + 0.05 * rng.uniform(3),
        late_ms: singer.late_ms + 8.0 * rng.uniform(4),
    }
}

const CONSONANTS: [Consonant; 9] = [
    Consonant::None,
    Consonant::S,
    Consonant::Sh,
    Consonant::T,
    Consonant::K,
    Consonant::M,
    Consonant::N,
    Consonant::L,
    Consonant::H,
];
const VOWELS: [Vowel; 5] = [Vowel::Ah, Vowel::Eh, Vowel::Ee, Vowel::Aw, Vowel::Oo];

/// Sings notes on syllables of the song's own text (`words`): the same words for lead and doubles.
#[must_use]
pub fn voice(notes: &[Note], singer: Singer, words: u64, seed: u64, frames: usize) -> Vec<f64> {
    let rng = CounterRng::new(words, 0x3A);
    let line: Vec<Sung> = notes
        .iter()
        .enumerate()
        .map(|(index, note)| Sung {
            // The studio's singer counts in beats of its own song.
            beat: (note.seconds - LEAD_IN_SECONDS) / BEAT_SECONDS,
            beats: note.hold_seconds / BEAT_SECONDS,
            midi: note.midi.round() as i32,
            consonant: CONSONANTS[rng.bits(2 * index as u64) as usize % CONSONANTS.len()],
            vowel: VOWELS[rng.bits(2 * index as u64 + 1) as usize % VOWELS.len()],
        })
        .collect();
    let mut out = sing(seed, singer, &line, frames);
    breaths(&mut out, notes, seed ^ singer.stream);
    out
}

/// A breath before each phrase: where the pause was long enough to need one.
fn breaths(out: &mut [f64], notes: &[Note], seed: u64) {
    let rng = CounterRng::new(seed, 0xB2);
    let mut last = f64::NEG_INFINITY;
    let peak = out.iter().fold(0.0_f64, |peak, x| peak.max(x.abs()));
    for note in notes {
        if note.seconds - last > 0.7 && note.seconds > 0.6 {
            let from = studio::demo::parts::frame(note.seconds - 0.55);
            let length = studio::demo::parts::frame(0.32);
            let mut tone = studio::demo::parts::Resonator::new(2_600.0, 3_000.0);
            for n in 0..length {
                let swell = dsp::math::sin(dsp::math::PI * n as f64 / length as f64);
                if let Some(x) = out.get_mut(from + n) {
                    *x += 0.02 * peak * swell * tone.band(rng.bipolar((from + n) as u64));
                }
            }
        }
        last = note.seconds + note.hold_seconds;
    }
}

/// Talk: syllables at some four a second in a falling melody, with pauses between sentences.
#[must_use]
pub fn speech(from: f64, to: f64, midi: f64, seed: u64) -> Vec<Note> {
    let rng = CounterRng::new(seed, 0x5E);
    let (mut notes, mut now, mut index, mut left) = (Vec::new(), from, 0, 0_u64);
    let mut height = 0.0;
    while now < to - 0.3 {
        if left == 0 {
            left = 6 + rng.bits(index) % 9;
            height = 5.0;
            if index > 0 {
                now += 0.35 + 0.5 * rng.uniform(index + 1);
            }
        }
        let seconds = 0.14 + 0.14 * rng.uniform(index + 2);
        notes.push(Note {
            seconds: now,
            hold_seconds: 0.85 * seconds,
            midi: midi + height + 2.0 * rng.bipolar(index + 3),
            velocity: 0.7 + 0.3 * rng.uniform(index + 4),
        });
        height -= 0.6;
        now += seconds;
        index += 5;
        left -= 1;
    }
    notes
}
