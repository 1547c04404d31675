//! Tempo, beats, key, sections; clicks and count-ins.

/// What was found of a song's time and harmony. Times are those of the song.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Analysis {
    /// Tempo; `None` where there is no steady beat.
    pub tempo: Option<Tempo>,
    /// Every beat, seconds, from the first to the end of the song; empty without a tempo.
    pub beats_seconds: Vec<f64>,
    /// Every bar line, seconds: some of the beats.
    pub bars_seconds: Vec<f64>,
    /// Beats of a bar: 4 or 3.
    pub beats_per_bar: u32,
    /// Key; `None` where there is no harmony.
    pub key: Option<Key>,
    /// Tuning of the song against A = 440 Hz, cents, -50 to 50; 0 where nothing is pitched.
    pub tuning_cents: f64,
    /// Parts of the form, one after the other, covering the song; one of them when there are no boundaries.
    pub sections: Vec<Section>,
    /// Count-in before the song, if there is one.
    pub count_in: Option<CountIn>,
}

/// A tempo and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tempo {
    /// Beats a minute.
    pub bpm: f64,
    /// 0 to 1; above 0.3 it may be acted upon.
    pub confidence: f64,
    /// The other reading: half or double the tempo.
    pub other_bpm: f64,
    /// How likely the first reading is against the other, 0.5 to 1.
    pub octave_confidence: f64,
    /// Root mean square distance of onsets on the beat from it, milliseconds: small for machines, 10 to 20 for people.
    pub spread_ms: f64,
}

impl Tempo {
    /// Whether it may be acted upon.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        // By calibration, 2026-11-21: see the tests of this room.
        self.confidence >= 0.3
    }

    /// Length of a beat.
    #[must_use]
    pub fn beat_seconds(&self) -> f64 {
        60.0 / self.bpm
    }
}

/// A key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// 0 for C, 1 for C sharp … 11 for B.
    pub tonic: u8,
    /// Minor or major.
    pub minor: bool,
    /// 0 to 1: correlation with the profile, less that of the next best key.
    pub confidence: f64,
}

impl Key {
    /// `A minor`, `E flat major`.
    #[must_use]
    pub fn name(&self) -> String {
        const NAMES: [&str; 12] =
            ["C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B"];
        let tonic = NAMES.get(usize::from(self.tonic)).copied().unwrap_or("?");
        format!("{tonic} {}", if self.minor { "minor" } else { "major" })
    }
}

/// A part of the form.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Where it begins.
    pub start_seconds: f64,
    /// Where it ends.
    pub end_seconds: f64,
    /// Sections that sound alike share a letter: `A`, `B` …
    pub label: char,
    /// Loudness of the plain sum of all tracks, each brought to the same active loudness, against the whole song, LU.
    pub loudness_lu: f64,
    /// How clear the boundary before it is, 0 to 1; 1 for the first.
    pub confidence: f64,
}

/// Strokes that count the players in.
#[derive(Debug, Clone, PartialEq)]
pub struct CountIn {
    /// First stroke.
    pub start_seconds: f64,
    /// Where the song itself begins.
    pub end_seconds: f64,
    /// Tracks that hold it, by index.
    pub tracks: Vec<usize>,
}
