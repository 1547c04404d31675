//! What is played: tempo, form, harmony, melody. All of it a function of genre, arrangement and seed.

use crate::instruments::Note;
use dsp::rng::CounterRng;
use serde::{Deserialize, Serialize};
use studio::demo::parts::Player;

/// How the drummer plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feel {
    /// Backbeat.
    Rock,
    /// Swung ride.
    Jazz,
    /// Two bass drums.
    Metal,
    /// Soft.
    Light,
}

/// A part of the form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// `intro`, `verse`, `chorus`, `solo`, `outro`.
    pub label: String,
    /// First bar.
    pub bar: usize,
    /// Bars.
    pub bars: usize,
    /// 0 silent, 1 sparse, 2 full, 3 loud.
    pub energy: u32,
}

/// Root and kind of a chord, as pitch classes above the key note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chord {
    /// Semitones above C.
    pub root: i32,
    /// Semitones above the root, four of them.
    pub tones: [i32; 4],
}

/// The whole song on paper.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Tempo.
    pub bpm: f64,
    /// Beats of a bar.
    pub beats_per_bar: usize,
    /// Where bar 0 begins.
    pub start_seconds: f64,
    /// Whether the drummer counts in, a bar ahead.
    pub counted_in: bool,
    /// Pitch class of the key note: 0 is C.
    pub tonic: i32,
    /// Whether the key is minor.
    pub minor: bool,
    /// Form.
    pub sections: Vec<Section>,
    /// One a bar.
    pub chords: Vec<Chord>,
    /// Seed of everything.
    pub seed: u64,
}

/// Rhythms of two bars: beat and length in beats.
const CALM: [&[(f64, f64)]; 3] = [
    &[(0.5, 0.5), (1.0, 0.5), (1.5, 1.0), (2.5, 0.5), (3.0, 1.4), (4.5, 0.5), (5.0, 1.8)],
    &[(0.0, 1.4), (1.5, 0.5), (2.0, 1.5), (3.5, 0.5), (4.0, 2.6)],
    &[(0.5, 0.5), (1.0, 1.0), (2.0, 0.5), (2.5, 1.4), (4.0, 1.0), (5.0, 0.5), (5.5, 1.3)],
];
/// The same for who sings many words.
const BUSY: [&[(f64, f64)]; 2] = [
    &[
        (0.0, 0.45),
        (0.5, 0.45),
        (1.0, 0.45),
        (1.5, 0.22),
        (1.75, 0.22),
        (2.0, 0.45),
        (2.5, 0.45),
        (3.0, 0.9),
        (4.0, 0.45),
        (4.5, 0.22),
        (4.75, 0.22),
        (5.0, 0.45),
        (5.5, 0.45),
        (6.0, 1.2),
    ],
    &[
        (0.5, 0.22),
        (0.75, 0.22),
        (1.0, 0.45),
        (1.5, 0.45),
        (2.0, 0.22),
        (2.25, 0.22),
        (2.5, 0.9),
        (4.0, 0.45),
        (4.5, 0.45),
        (5.0, 0.45),
        (5.5, 0.9),
    ],
];
const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const MINOR: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];

impl Score {
    /// A song of about `seconds`: `form` is a list of sections with their weights and energies, `degrees` the chords of verse
    /// and chorus as steps of the scale.
    #[must_use]
    pub fn new(
        seed: u64,
        bpm: f64,
        key: (i32, bool),
        seconds: f64,
        form: &[(&str, f64, u32)],
        degrees: [&[i32]; 2],
    ) -> Self {
        let beats_per_bar = 4;
        let bar_seconds = 60.0 / bpm * beats_per_bar as f64;
        let bars = (seconds / bar_seconds).round().max(form.len() as f64);
        let weights: f64 = form.iter().map(|(_, weight, _)| weight).sum();
        let mut sections = Vec::new();
        let mut bar = 0;
        for &(label, weight, energy) in form {
            // Sections come in pairs of bars, as most songs have them.
            let count = ((bars * weight / weights / 2.0).round() as usize * 2).max(2);
            sections.push(Section { label: label.to_owned(), bar, bars: count, energy });
            bar += count;
        }
        let (tonic, minor) = key;
        let mut score = Self {
            bpm,
            beats_per_bar,
            start_seconds: 0.2,
            counted_in: false,
            tonic,
            minor,
            sections,
            chords: Vec::new(),
            seed,
        };
        score.chords = (0..bar + 1)
            .map(|bar| {
                let degrees = degrees[usize::from(score.label(bar) == "chorus")];
                let inside = score.section(bar).map_or(0, |section| bar - section.bar);
                // The song ends at home.
                let degree = if bar + 1 > score.bars() { 0 } else { degrees[inside % degrees.len()] };
                score.chord(degree)
            })
            .collect();
        score
    }

    fn scale(&self) -> [i32; 7] {
        if self.minor { MINOR } else { MAJOR }
    }

    fn chord(&self, degree: i32) -> Chord {
        let tone = |step: i32| {
            let place = degree + step;
            self.scale()[place.rem_euclid(7) as usize] + 12 * place.div_euclid(7)
        };
        let root = tone(0);
        Chord {
            root: (self.tonic + root).rem_euclid(12),
            tones: [0, tone(2) - root, tone(4) - root, tone(6) - root],
        }
    }

    /// Bars without the last chord.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.sections.iter().map(|section| section.bars).sum()
    }

    /// The section of a bar.
    #[must_use]
    pub fn section(&self, bar: usize) -> Option<&Section> {
        self.sections.iter().find(|section| (section.bar..section.bar + section.bars).contains(&bar))
    }

    /// Its label.
    #[must_use]
    pub fn label(&self, bar: usize) -> &str {
        self.section(bar).map_or("end", |section| section.label.as_str())
    }

    /// Its energy.
    #[must_use]
    pub fn energy(&self, bar: usize) -> u32 {
        self.section(bar).map_or(0, |section| section.energy)
    }

    /// Whether a bar is the first and whether it is the last of its section.
    #[must_use]
    pub fn place_in_section(&self, bar: usize) -> (bool, bool) {
        self.section(bar)
            .map_or((false, false), |section| (bar == section.bar, bar + 1 == section.bar + section.bars))
    }

    /// Seconds of a beat of a bar.
    #[must_use]
    pub fn at(&self, bar: usize, beat: f64) -> f64 {
        self.start_seconds + (bar as f64 * self.beats_per_bar as f64 + beat) * self.beat_seconds()
    }

    /// Seconds of a beat.
    #[must_use]
    pub fn beat_seconds(&self) -> f64 {
        60.0 / self.bpm
    }

    /// When the last chord sounds.
    #[must_use]
    pub fn end_of_last_bar(&self) -> Option<f64> {
        (self.bars() > 0).then(|| self.at(self.bars(), 0.0))
    }

    /// Length with the last chord dying away.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.at(self.bars(), 0.0) + 2.5
    }

    fn chord_at(&self, bar: usize) -> Chord {
        self.chords
            .get(bar)
            .or(self.chords.last())
            .copied()
            .unwrap_or(Chord { root: 0, tones: [0, 4, 7, 11] })
    }

    /// Notes of a chord between `low` and `low` + 12, from the bottom.
    #[must_use]
    pub fn voicing(&self, bar: usize, low: i32, count: usize) -> Vec<f64> {
        let chord = self.chord_at(bar);
        let mut notes: Vec<i32> = chord.tones[..count.clamp(1, 4)]
            .iter()
            .map(|tone| low + (chord.root + tone - low).rem_euclid(12))
            .collect();
        notes.sort_unstable();
        notes.into_iter().map(f64::from).collect()
    }

    /// Notes in a pattern of `(beat, beats, velocity)` for the bars that `plays` admits; `pick` chooses the pitches of a bar
    /// and the number of the note in it.
    #[must_use]
    pub fn pattern(
        &self,
        stream: u64,
        plays: &dyn Fn(usize) -> bool,
        rhythm: &dyn Fn(usize) -> Vec<(f64, f64, f64)>,
        pick: &dyn Fn(usize, usize) -> Vec<f64>,
    ) -> Vec<Note> {
        let rng = CounterRng::new(self.seed, 900 + stream);
        let mut player = Player::new(self.seed, stream, 6.0 * rng.uniform(0), 2.0 + 4.0 * rng.uniform(1));
        let mut notes = Vec::new();
        for bar in (0..=self.bars()).filter(|&bar| bar == self.bars() || plays(bar)) {
            let strokes = if bar == self.bars() { vec![(0.0, 3.0, 0.7)] } else { rhythm(bar) };
            for (number, (beat, beats, velocity)) in strokes.into_iter().enumerate() {
                for midi in pick(bar, number) {
                    let (seconds, velocity) = player.play(self.at(bar, beat), velocity);
                    let hold_seconds = beats * self.beat_seconds();
                    notes.push(Note { seconds, hold_seconds, midi, velocity });
                }
            }
        }
        notes
    }

    /// A bass line around MIDI `low`: roots, fifths and octaves in the rhythm of the energy.
    #[must_use]
    pub fn bass(&self, stream: u64, low: i32, walking: bool, plays: &dyn Fn(usize) -> bool) -> Vec<Note> {
        let rhythm = |bar: usize| match (walking, self.energy(bar)) {
            (true, _) => vec![(0.0, 0.95, 0.8), (1.0, 0.95, 0.7), (2.0, 0.95, 0.75), (3.0, 0.95, 0.7)],
            (_, 3) => (0..8).map(|n| (0.5 * f64::from(n), 0.46, 0.85)).collect(),
            (_, 2) => vec![(0.0, 1.4, 0.85), (1.5, 0.45, 0.65), (2.0, 0.9, 0.75), (3.0, 0.9, 0.75)],
            _ => vec![(0.0, 3.8, 0.75)],
        };
        let pick = |bar: usize, number: usize| {
            let chord = self.chord_at(bar);
            let root = low + (chord.root - low).rem_euclid(12);
            let steps: [i32; 4] = if walking { [0, chord.tones[1], chord.tones[2], 9] } else { [0, 0, 7, 0] };
            vec![f64::from(root + steps[number % 4])]
        };
        self.pattern(stream, plays, &rhythm, &pick)
    }

    /// Held chords.
    #[must_use]
    pub fn chords_of(
        &self,
        stream: u64,
        low: i32,
        count: usize,
        rhythm: &[(f64, f64, f64)],
        plays: &dyn Fn(usize) -> bool,
    ) -> Vec<Note> {
        self.pattern(stream, plays, &|_| rhythm.to_vec(), &|bar, _| self.voicing(bar, low, count))
    }

    /// One voice of held harmony: note `which` of the chord, for strings and stacks.
    #[must_use]
    pub fn line(&self, stream: u64, low: i32, which: usize, plays: &dyn Fn(usize) -> bool) -> Vec<Note> {
        let pick = |bar: usize, _: usize| {
            let notes = self.voicing(bar, low, 4);
            notes.get(which % notes.len().max(1)).copied().into_iter().collect()
        };
        self.pattern(stream, plays, &|_| vec![(0.0, 1.9, 0.7), (2.0, 1.9, 0.75)], &pick)
    }

    /// A melody in phrases of two bars with a pause at the end of each, near MIDI `middle`; `salt` makes another one.
    #[must_use]
    pub fn melody(&self, salt: u64, middle: i32, busy: bool, plays: &dyn Fn(usize) -> bool) -> Vec<Note> {
        let rng = CounterRng::new(self.seed ^ 0x3E10, salt);
        let scale = self.scale();
        let (mut notes, mut count, mut degree) = (Vec::new(), 0_u64, 0_i32);
        let mut bar = 0;
        while bar < self.bars() {
            if !plays(bar) {
                bar += 1;
                continue;
            }
            let rhythms: &[&[(f64, f64)]] = if busy { &BUSY } else { &CALM };
            let rhythm = rhythms[rng.bits(1 << 20 | bar as u64) as usize % rhythms.len()];
            let lift = i32::from(self.label(bar) == "chorus") * 3;
            for &(beat, beats) in rhythm {
                let inside = bar + (beat / self.beats_per_bar as f64) as usize;
                if !plays(inside) {
                    continue;
                }
                degree = (degree + [-2, -1, -1, 0, 1, 1, 2][rng.bits(count) as usize % 7]).clamp(-4, 4);
                let place = degree + lift;
                let midi = self.tonic + scale[place.rem_euclid(7) as usize] + 12 * place.div_euclid(7);
                let midi = middle + (midi - middle + 6).rem_euclid(12) - 6;
                let seconds = self.at(bar, beat);
                notes.push(Note {
                    seconds,
                    hold_seconds: beats * self.beat_seconds(),
                    midi: f64::from(midi),
                    velocity: 0.75 + 0.2 * rng.uniform(count ^ 77),
                });
                count += 1;
            }
            bar += 2;
        }
        notes
    }

    /// A melody some steps of the scale higher or lower.
    #[must_use]
    pub fn harmony(&self, melody: &[Note], steps: i32) -> Vec<Note> {
        let scale = self.scale();
        melody
            .iter()
            .map(|note| {
                let above = note.midi.round() as i32 - self.tonic;
                let (octave, tone) = (above.div_euclid(12), above.rem_euclid(12));
                let degree = scale.iter().rposition(|&t| t <= tone).unwrap_or(0) as i32 + steps;
                let midi =
                    self.tonic + 12 * (octave + degree.div_euclid(7)) + scale[degree.rem_euclid(7) as usize];
                Note { midi: f64::from(midi), ..*note }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score() -> Score {
        let form = [("intro", 1.0, 1), ("verse", 3.0, 2), ("chorus", 3.0, 3)];
        Score::new(1, 120.0, (9, true), 28.0, &form, [&[0, 5, 2, 6], &[5, 2, 6, 0]])
    }

    #[test]
    fn chords_of_a_minor_key_are_its_own() {
        let score = score();
        // A minor: i is A C E, VI is F A C.
        assert_eq!(score.chord(0).root, 9);
        assert_eq!(score.chord(0).tones[..3], [0, 3, 7]);
        assert_eq!(score.chord(5).root, 5);
        assert_eq!(score.chord(5).tones[..3], [0, 4, 7]);
    }

    #[test]
    fn sections_fill_the_song_without_gaps() {
        let score = score();
        assert!((0..score.bars()).all(|bar| score.section(bar).is_some()));
        assert!((score.seconds() - 30.7).abs() < 5.0, "{}", score.seconds());
    }

    #[test]
    fn a_third_above_stays_in_the_key() {
        let score = score();
        let melody = score.melody(0, 69, false, &|_| true);
        assert!(melody.len() > 20);
        for note in score.harmony(&melody, 2).iter().chain(&melody) {
            let class = (note.midi as i32 - 9).rem_euclid(12);
            assert!(MINOR.contains(&class), "{}", note.midi);
        }
    }
}
