//! What is played: tempo, form, chords, drums, melody.

use super::tools::human;
use dsp::rng::CounterRng;

/// Seconds of a beat: 100 beats per minute.
pub const BEAT_SECONDS: f64 = 0.6;
/// Silence before the first note, as an export should have: a fifth of a second.
pub const LEAD_IN_SECONDS: f64 = 0.2;
/// Four beats to the bar.
pub(super) const BAR_BEATS: f64 = 4.0;
/// Bars before the last chord.
pub(super) const BARS: usize = 24;
/// Length of the song with the last chord dying away: 24 bars of 2.4 s and 4.4 s.
pub(super) const SECONDS: f64 = 62.0;

/// Part of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Bars 0 to 3.
    Intro,
    /// Bars 4 to 11.
    Verse,
    /// Bars 12 to 19.
    Chorus,
    /// Bars 20 to 23.
    Outro,
    /// The last chord.
    End,
}

/// The section of a bar.
pub(super) fn section(bar: usize) -> Section {
    match bar {
        0..4 => Section::Intro,
        4..12 => Section::Verse,
        12..20 => Section::Chorus,
        20..24 => Section::Outro,
        _ => Section::End,
    }
}

/// A chord: bass note, notes for keys, and frets of a guitar from the low E string (-1: not played).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chord {
    /// Root for the bass, as a MIDI note.
    pub(super) root: i32,
    /// Fifth (or what leads on) for the bass.
    pub(super) fifth: i32,
    /// Voicing for keys.
    pub(super) keys: [i32; 4],
    /// Frets.
    pub(super) frets: [i32; 6],
}

const AM: Chord = Chord { root: 33, fifth: 40, keys: [57, 60, 64, 67], frets: [-1, 0, 2, 2, 1, 0] };
const F: Chord = Chord { root: 29, fifth: 36, keys: [57, 60, 65, 67], frets: [1, 3, 3, 2, 1, 1] };
const C: Chord = Chord { root: 36, fifth: 43, keys: [55, 60, 64, 67], frets: [-1, 3, 2, 0, 1, 0] };
const G: Chord = Chord { root: 31, fifth: 38, keys: [55, 59, 62, 69], frets: [3, 2, 0, 0, 0, 3] };

/// The chord of a bar.
pub(super) fn chord(bar: usize) -> Chord {
    const VERSE: [Chord; 4] = [AM, F, C, G];
    const CHORUS: [Chord; 8] = [F, C, G, AM, F, C, G, G];
    match section(bar) {
        Section::Chorus => CHORUS[(bar - 12) % 8],
        Section::End => AM,
        _ => VERSE[bar % 4],
    }
}

/// Seconds of a beat of a bar.
pub(super) fn at(bar: usize, beat: f64) -> f64 {
    LEAD_IN_SECONDS + (bar as f64 * BAR_BEATS + beat) * BEAT_SECONDS
}

/// A player: deviates from the grid, each in a way of its own, always the same for a seed.
#[derive(Debug, Clone)]
pub struct Player {
    rng: CounterRng,
    count: u64,
    late_seconds: f64,
    spread_seconds: f64,
}

impl Player {
    /// A player who is `late_ms` behind the beat on average and spreads by `spread_ms`.
    pub fn new(seed: u64, stream: u64, late_ms: f64, spread_ms: f64) -> Self {
        Self {
            rng: CounterRng::new(seed, stream),
            count: 0,
            late_seconds: 1e-3 * late_ms,
            spread_seconds: 1e-3 * spread_ms,
        }
    }

    /// When and how hard a note is really played.
    pub fn play(&mut self, seconds: f64, velocity: f64) -> (f64, f64) {
        self.count += 2;
        let when = seconds + self.late_seconds + self.spread_seconds * human(&self.rng, self.count);
        let how = velocity * (1.0 + 0.08 * human(&self.rng, self.count + 1));
        (when.max(0.0), how.clamp(0.05, 1.2))
    }
}

/// What a drummer hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drum {
    /// Bass drum.
    Kick,
    /// Snare drum.
    Snare,
    /// Hi-hat, closed.
    Closed,
    /// Hi-hat, open.
    Open,
    /// Rack tom.
    HighTom,
    /// Floor tom.
    LowTom,
    /// Ride cymbal.
    Ride,
    /// Crash cymbal.
    Crash,
}

/// One stroke.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    /// Drum.
    pub drum: Drum,
    /// When.
    pub seconds: f64,
    /// How hard, 0 to 1.
    pub velocity: f64,
}

/// Writes one stroke: its beat in the bar, its drum, how hard.
type Stroke<'a> = dyn FnMut(f64, Drum, f64) + 'a;

/// Every stroke of the song.
pub(super) fn drums(seed: u64) -> Vec<Hit> {
    let mut player = Player::new(seed, 1, 0.0, 2.5);
    let mut hits = Vec::new();
    let mut hit = |bar: usize, beat: f64, drum: Drum, velocity: f64| {
        let (seconds, velocity) = player.play(at(bar, beat), velocity);
        hits.push(Hit { drum, seconds, velocity });
    };
    for bar in 0..BARS {
        let mut stroke = |beat: f64, drum: Drum, velocity: f64| hit(bar, beat, drum, velocity);
        let fill = matches!(bar, 3 | 11 | 19 | 23);
        cymbals(bar, fill, &mut stroke);
        kicks(bar, fill, &mut stroke);
        if bar >= 2 {
            snares(bar, fill, &mut stroke);
        }
        if fill {
            toms(&mut stroke);
        }
    }
    hit(BARS, 0.0, Drum::Crash, 1.0);
    hit(BARS, 0.0, Drum::Kick, 1.0);
    hits
}

/// A crash where a section begins; the hi-hat in the verses, the ride in the choruses.
fn cymbals(bar: usize, fill: bool, stroke: &mut Stroke<'_>) {
    let chorus = section(bar) == Section::Chorus;
    if matches!(bar, 4 | 12 | 16 | 20) {
        stroke(0.0, Drum::Crash, if chorus { 0.9 } else { 0.7 });
    }
    for eighth in 0..8 {
        let beat = 0.5 * f64::from(eighth);
        if fill && beat >= 2.0 {
            continue;
        }
        let accent = if eighth % 2 == 0 { 0.75 } else { 0.5 };
        let last = eighth == 7 && bar % 2 == 1;
        match (chorus, last) {
            (true, _) => stroke(beat, Drum::Ride, accent),
            (false, true) => stroke(beat, Drum::Open, 0.7),
            (false, false) => stroke(beat, Drum::Closed, accent),
        }
    }
}

fn kicks(bar: usize, fill: bool, stroke: &mut Stroke<'_>) {
    let chorus = section(bar) == Section::Chorus;
    let beats: &[f64] = match (bar, chorus) {
        (0 | 1, _) => &[0.0],
        (_, true) if bar % 2 == 1 => &[0.0, 1.5, 2.0, 3.5],
        (_, true) => &[0.0, 0.5, 2.0, 2.5],
        _ if bar % 2 == 1 => &[0.0, 1.5, 2.5],
        _ => &[0.0, 2.0, 2.5],
    };
    for &beat in beats.iter().filter(|&&beat| !fill || beat < 2.0) {
        stroke(beat, Drum::Kick, if beat == 0.0 { 0.95 } else { 0.8 });
    }
}

fn snares(bar: usize, fill: bool, stroke: &mut Stroke<'_>) {
    stroke(1.0, Drum::Snare, 0.85);
    if !fill {
        stroke(3.0, Drum::Snare, 0.9);
    }
    if section(bar) == Section::Verse && !fill {
        // Ghost notes.
        stroke(1.75, Drum::Snare, 0.16);
        stroke(3.75, Drum::Snare, 0.2);
    }
}

/// The second half of a bar that leads into the next section.
fn toms(stroke: &mut Stroke<'_>) {
    let drums = [
        Drum::Snare,
        Drum::Snare,
        Drum::HighTom,
        Drum::HighTom,
        Drum::HighTom,
        Drum::LowTom,
        Drum::LowTom,
        Drum::LowTom,
    ];
    for (n, drum) in drums.into_iter().enumerate() {
        stroke(2.0 + 0.25 * n as f64, drum, 0.6 + 0.05 * n as f64);
    }
    stroke(3.0, Drum::Kick, 0.8);
}

/// What begins a syllable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consonant {
    /// Nothing: the vowel goes on.
    None,
    /// As in *see*.
    S,
    /// As in *she*.
    Sh,
    /// As in *two*.
    T,
    /// As in *key*.
    K,
    /// As in *me*.
    M,
    /// As in *no*.
    N,
    /// As in *low*.
    L,
    /// As in *he*.
    H,
}

/// What a syllable is sung on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vowel {
    /// As in *father*.
    Ah,
    /// As in *bed*.
    Eh,
    /// As in *see*.
    Ee,
    /// As in *law*.
    Aw,
    /// As in *do*.
    Oo,
}

/// One sung note.
#[derive(Debug, Clone, Copy)]
pub struct Sung {
    /// Beats from the start of bar 0.
    pub beat: f64,
    /// Length in beats.
    pub beats: f64,
    /// MIDI note.
    pub midi: i32,
    /// Beginning of the syllable.
    pub consonant: Consonant,
    /// Its vowel.
    pub vowel: Vowel,
}

/// Beat in the phrase, beats, note, syllable.
type Line = &'static [(f64, f64, i32, Consonant, Vowel)];

use Consonant::{H, K, L, M, N, None as O, S, Sh, T};
use Vowel::{Ah, Aw, Ee, Eh, Oo};

const VERSE_ONE: Line = &[
    (0.5, 0.5, 64, S, Oo),
    (1.0, 0.5, 64, M, Eh),
    (1.5, 1.0, 69, N, Ee),
    (2.5, 0.5, 67, L, Aw),
    (3.0, 1.4, 64, T, Ah),
    (4.5, 0.5, 65, M, Ah),
    (5.0, 0.5, 64, K, Eh),
    (5.5, 1.9, 60, L, Oo),
];
const VERSE_TWO: Line = &[
    (0.5, 0.5, 64, H, Ee),
    (1.0, 0.5, 64, S, Aw),
    (1.5, 1.0, 67, M, Ah),
    (2.5, 0.5, 64, N, Eh),
    (3.0, 1.4, 62, L, Ee),
    (4.5, 0.5, 62, T, Oo),
    (5.0, 0.5, 64, M, Aw),
    (5.5, 2.2, 62, Sh, Ah),
];
const CHORUS_ONE: Line = &[
    (0.0, 1.4, 72, H, Ah),
    (1.5, 0.5, 71, L, Ee),
    (2.0, 1.5, 69, M, Aw),
    (3.5, 0.5, 67, N, Oo),
    (4.0, 1.5, 67, S, Eh),
    (5.5, 0.5, 69, T, Ee),
    (6.0, 1.7, 64, L, Ah),
];
const CHORUS_TWO: Line = &[
    (0.0, 1.4, 71, K, Aw),
    (1.5, 0.5, 72, M, Eh),
    (2.0, 1.5, 74, N, Ah),
    (3.5, 0.5, 71, T, Oo),
    (4.0, 3.2, 69, Sh, Ee),
    (7.2, 0.5, 67, O, Eh),
];
const CHORUS_END: Line = &[
    (0.0, 1.4, 71, K, Aw),
    (1.5, 0.5, 72, M, Eh),
    (2.0, 1.5, 71, N, Ah),
    (3.5, 0.5, 69, L, Oo),
    (4.0, 3.4, 67, H, Aw),
];
const LAST: Line = &[(0.5, 0.5, 64, M, Oo), (1.0, 0.5, 67, N, Ah), (1.5, 2.4, 69, L, Ah)];

/// The lead voice.
pub(super) fn lead() -> Vec<Sung> {
    let phrases: [(usize, Line); 10] = [
        (4, VERSE_ONE),
        (6, VERSE_TWO),
        (8, VERSE_ONE),
        (10, VERSE_TWO),
        (12, CHORUS_ONE),
        (14, CHORUS_TWO),
        (16, CHORUS_ONE),
        (18, CHORUS_END),
        (20, VERSE_ONE),
        (22, LAST),
    ];
    phrases
        .into_iter()
        .flat_map(|(bar, line)| {
            let start = bar as f64 * BAR_BEATS;
            line.iter().map(move |&(beat, beats, midi, consonant, vowel)| Sung {
                beat: start + beat,
                beats,
                midi,
                consonant,
                vowel,
            })
        })
        .collect()
}

/// A backing voice: the lead of the chorus, so many steps of the scale of C higher.
pub(super) fn harmony(steps: i32) -> Vec<Sung> {
    let chorus = 12.0 * BAR_BEATS..20.0 * BAR_BEATS;
    lead()
        .into_iter()
        .filter(|note| chorus.contains(&note.beat))
        .map(|note| Sung { midi: step(note.midi, steps), ..note })
        .collect()
}

/// So many steps up or down the scale of C major.
fn step(midi: i32, steps: i32) -> i32 {
    const SCALE: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
    let (octave, tone) = (midi.div_euclid(12), midi.rem_euclid(12));
    let degree = SCALE.iter().position(|&t| t >= tone).unwrap_or(0) as i32 + steps;
    12 * (octave + degree.div_euclid(7)) + SCALE[degree.rem_euclid(7) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_above_stays_in_the_scale() {
        assert_eq!([60, 64, 71, 69].map(|midi| step(midi, 2)), [64, 67, 74, 72]);
        assert_eq!([60, 64, 71, 69].map(|midi| step(midi, -2)), [57, 60, 67, 65]);
    }

    #[test]
    fn sung_notes_do_not_overlap() {
        for line in [lead(), harmony(2), harmony(-2)] {
            assert!(line.windows(2).all(|pair| pair[0].beat + pair[0].beats <= pair[1].beat + 1e-9));
        }
    }
}
