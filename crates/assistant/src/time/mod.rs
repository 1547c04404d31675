//! Tempo, beats, key, sections; clicks and count-ins.
//!
//! Everything is taken from films: onsets, chroma and loudness of each track, each against its own loudness, so that gains
//! change nothing.

mod bars;
mod form;
mod guide;
mod key;
mod tempo;

use crate::hear::{Song, Track, Use};
use dsp::math;
use dsp::meter::loudness::power_of_lufs;
use studio::mix::Group;

pub(crate) use guide::mark as mark_guides;

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
        // By estimate, 2026-11-21: see the tests of this room.
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

impl CountIn {
    /// Whether a drummer strikes it, and not the click alone, which is left out in any case.
    #[must_use]
    pub fn is_played(&self, song: &Song) -> bool {
        self.tracks.iter().any(|track| song.tracks.get(*track).is_some_and(|track| track.use_as == Use::Play))
    }
}

/// Most that one onset counts, dB: a single hard one does not decide.
const ONSET_LIMIT_DB: f32 = 12.0;
/// Length of a pseudo-bar where there is no tempo, seconds.
const NO_BAR_SECONDS: f64 = 2.0;

/// Tempo, beats, key and form of a song whose roles are known.
pub(crate) fn analyse(song: &Song) -> Analysis {
    let everything = course(song, |track| if track.use_as == Use::Click { 4.0 } else { 1.0 });
    let backbeat = tempo::Backbeat { snare: snares(song) };
    let mut analysis = Analysis { beats_per_bar: 4, tuning_cents: tuning_cents(song), ..Analysis::default() };
    analysis.key = harmony(song);
    analysis.tempo = tempo::tempo(&everything, &backbeat);
    if let Some(found) = analysis.tempo.as_mut().filter(|tempo| tempo.is_sure()) {
        let (beats, spread) = tempo::beats(&everything, found.bpm);
        found.spread_ms = 1000.0 * spread / tempo::PER_SECOND;
        analysis.beats_seconds = beats.iter().map(|at| (at + 0.5) / tempo::PER_SECOND).collect();
        analysis.count_in = guide::count_in(song, found.beat_seconds());
        let (bars, beats_per_bar) = bars::bars(song, &analysis);
        (analysis.bars_seconds, analysis.beats_per_bar) = (bars, beats_per_bar);
    }
    analysis.sections = form::sections(&bars_of(song, &analysis));
    analysis
}

/// Onsets of all tracks that are heard, weighed, 100 values a second of the song.
fn course(song: &Song, weight: impl Fn(&Track) -> f64) -> Vec<f64> {
    let mut sum = vec![0.0; (song.duration_seconds * tempo::PER_SECOND).ceil() as usize + 1];
    for track in song.tracks.iter().filter(|track| matches!(track.use_as, Use::Play | Use::Click)) {
        let weight = weight(track);
        if weight <= 0.0 {
            continue;
        }
        let late = (track.start_seconds * tempo::PER_SECOND).round() as usize;
        for (sum, onset) in sum.iter_mut().skip(late).zip(&track.film.onset) {
            *sum += weight * f64::from(onset.min(ONSET_LIMIT_DB));
        }
    }
    sum
}

/// Strokes of snares: what their microphones hear of other drums is softer.
fn snares(song: &Song) -> Vec<f64> {
    let mut sum = vec![0.0; (song.duration_seconds * tempo::PER_SECOND).ceil() as usize + 1];
    for (_, track) in song.playing().filter(|(_, track)| track.role.role.name == "snare") {
        // Within 10 dB of its own loud moments. By estimate, 2026-11-21: bleed is 15 and more under them.
        let least = power_of_lufs(track.facts.momentary_p95_lufs - 10.0) as f32;
        let late = (track.start_seconds * tempo::PER_SECOND).round() as usize;
        for (n, onset) in track.film.onset.iter().enumerate() {
            let loud = track.film.loudness.iter().skip(n / 5).take(2).any(|power| *power >= least);
            if let Some(sum) = sum.get_mut(late + n).filter(|_| loud) {
                *sum += f64::from(onset.min(ONSET_LIMIT_DB));
            }
        }
    }
    sum
}

/// Tracks that carry harmony.
fn tonal(song: &Song) -> impl Iterator<Item = &Track> {
    song.playing().map(|(_, track)| track).filter(|track| {
        let group = track.role.role.group;
        let noise = matches!(group, Group::Drums | Group::Percussion | Group::Effects | Group::Reference);
        !noise
            && (group != Group::Other || track.facts.pitch.share > 0.2 || track.facts.pitch.periodicity > 0.7)
    })
}

fn tuning_cents(song: &Song) -> f64 {
    tuning_of(tonal(song))
}

/// Tuning of everything but one track, cents.
pub(crate) fn tuning_without(song: &Song, track: &Track) -> f64 {
    tuning_of(tonal(song).filter(|other| other.path != track.path))
}

fn tuning_of<'a>(tracks: impl Iterator<Item = &'a Track>) -> f64 {
    let (x, y) = tracks.fold((0.0, 0.0), |(x, y), track| {
        let [a, b] = track.facts.partials;
        (x + a * track.facts.active_share, y + b * track.facts.active_share)
    });
    if x == 0.0 && y == 0.0 { 0.0 } else { 100.0 * math::atan2(y, x) / math::TAU }
}

/// Chroma of the song every 200 ms: square roots of powers, each track against its own mean.
fn chroma(song: &Song) -> Vec<[f64; 12]> {
    let per_second = crate::hear::CHROMA_PER_SECOND;
    let mut out = vec![[0.0; 12]; (song.duration_seconds * per_second).ceil() as usize + 1];
    for track in tonal(song) {
        let roots: Vec<f64> = track.film.chroma.iter().map(|power| f64::from(*power).sqrt()).collect();
        let sounding = roots.chunks(12).filter(|frame| frame.iter().any(|x| *x > 0.0)).count();
        let mean = roots.iter().sum::<f64>() / sounding.max(1) as f64;
        if mean <= 0.0 {
            continue;
        }
        let late = (track.start_seconds * per_second).round() as usize;
        for (sum, frame) in out.iter_mut().skip(late).zip(roots.chunks(12)) {
            sum.iter_mut().zip(frame).for_each(|(sum, x)| *sum += x / mean);
        }
    }
    out
}

/// Key from the chroma of everything, and from its first and last two seconds and a half.
fn harmony(song: &Song) -> Option<Key> {
    let chroma = chroma(song);
    let total = |frame: &[f64; 12]| frame.iter().sum::<f64>();
    let mean = chroma.iter().map(total).sum::<f64>() / chroma.len().max(1) as f64;
    let first = chroma.iter().position(|frame| total(frame) > 0.2 * mean)?;
    let last = chroma.iter().rposition(|frame| total(frame) > 0.2 * mean)?;
    let sum = |frames: &[[f64; 12]]| {
        frames.iter().fold([0.0; 12], |mut sum: [f64; 12], frame| {
            sum.iter_mut().zip(frame).for_each(|(sum, x)| *sum += x);
            sum
        })
    };
    // Half a bar to a bar: one chord.
    let some = 12;
    let end = |from: usize, to: usize| key::End {
        chroma: sum(&chroma[from..to]),
        bass: bass_notes(
            song,
            from as f64 / crate::hear::CHROMA_PER_SECOND,
            to as f64 / crate::hear::CHROMA_PER_SECOND,
        ),
    };
    let opening = end(first, (first + some).min(last + 1));
    let closing = end((last + 1).saturating_sub(some).max(first), last + 1);
    key::key(&sum(&chroma[first..=last]), &opening, &closing)
}

/// How often basses are on each note between two moments of the song.
fn bass_notes(song: &Song, from_seconds: f64, to_seconds: f64) -> [f64; 12] {
    let mut notes = [0.0; 12];
    for (_, track) in song.playing().filter(|(_, track)| track.role.role.group == Group::Bass) {
        let at = |seconds: f64| {
            ((seconds - track.start_seconds) * crate::hear::PITCHES_PER_SECOND).max(0.0) as usize
        };
        for hz in
            track.film.pitch_hz.iter().take(at(to_seconds)).skip(at(from_seconds)).filter(|hz| **hz > 0.0)
        {
            let semitones = (12.0 * math::log2(f64::from(*hz) / 440.0)).round() as i64 + 9;
            notes[semitones.rem_euclid(12) as usize] += 1.0;
        }
    }
    notes
}

/// Bars (or stretches of two seconds) with what is compared of them.
fn bars_of(song: &Song, analysis: &Analysis) -> Vec<form::Bar> {
    let mut edges: Vec<f64> = if analysis.bars_seconds.len() >= 4 {
        analysis.bars_seconds.clone()
    } else {
        let count = (song.duration_seconds / NO_BAR_SECONDS).floor() as usize;
        (0..=count).map(|n| n as f64 * NO_BAR_SECONDS).collect()
    };
    if edges.last().is_some_and(|last| song.duration_seconds - last > 0.5) {
        edges.push(song.duration_seconds);
    }
    let chroma = chroma(song);
    let per_second = crate::hear::CHROMA_PER_SECOND;
    edges
        .windows(2)
        .map(|pair| {
            let (from, to) = ((pair[0] * per_second).ceil() as usize, (pair[1] * per_second).ceil() as usize);
            let mut sum = [0.0; 12];
            for frame in chroma.iter().take(to).skip(from) {
                sum.iter_mut().zip(frame).for_each(|(sum, x)| *sum += x);
            }
            let norm = sum.iter().map(|x| x * x).sum::<f64>().sqrt();
            if norm > 0.0 {
                sum.iter_mut().for_each(|x| *x /= norm);
            }
            let relative: Vec<f64> =
                song.playing().map(|(_, track)| bars::relative_power(track, pair[0], pair[1])).collect();
            form::Bar {
                start_seconds: pair[0],
                end_seconds: pair[1],
                chroma: sum,
                levels: song
                    .playing()
                    .flat_map(|(_, track)| bars::relative_bands(track, pair[0], pair[1]))
                    .collect(),
                power: relative.iter().sum(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
