//! Key and tuning from chroma.

use super::Key;

/// Profiles of Krumhansl and Kessler, "Tracing the dynamic changes in perceived tonal organization", Psychological Review 89, 1982.
const MAJOR: [f64; 12] = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88];
const MINOR: [f64; 12] = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17];
/// What the first and the last chord say, against the correlation. By estimate, 2026-11-21: relatives differ by 0.05 to 0.15 in
/// correlation, and songs end at home more surely than they begin there.
const LAST: f64 = 0.30;
const FIRST: f64 = 0.15;
/// Least correlation that is a key at all. By estimate, 2026-11-21: noise and drums stay below.
const LEAST: f64 = 0.4;

/// Correlation of a chroma with a profile whose tonic is at `tonic`.
fn correlation(chroma: &[f64; 12], profile: &[f64; 12], tonic: usize) -> f64 {
    let mean = |values: &[f64; 12]| values.iter().sum::<f64>() / 12.0;
    let (a, b) = (mean(chroma), mean(profile));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for step in 0..12 {
        let (x, y) = (chroma[(tonic + step) % 12] - a, profile[step] - b);
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

/// How much of a chroma lies on the triad of a key, with its root counted twice; -1 to 1 about.
fn triad(chroma: &[f64; 12], tonic: usize, minor: bool) -> f64 {
    let total: f64 = chroma.iter().sum();
    if total <= 0.0 {
        return 0.0;
    }
    let third = if minor { 3 } else { 4 };
    let on = chroma[tonic] * 1.5 + chroma[(tonic + third) % 12] + chroma[(tonic + 7) % 12] * 0.8;
    on / total - 0.3
}

/// What sounds at one end of a song: chroma of everything, and how long the bass holds each note (any unit).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct End {
    pub(super) chroma: [f64; 12],
    pub(super) bass: [f64; 12],
}

impl End {
    /// How well it stands for a key: its triad, and its tonic in the bass.
    fn home(&self, tonic: usize, minor: bool) -> f64 {
        let bass: f64 = self.bass.iter().sum();
        let root = if bass > 0.0 { self.bass[tonic] / bass } else { 0.0 };
        triad(&self.chroma, tonic, minor) + 0.5 * root
    }
}

/// The key of a whole song, with what sounds first and last.
pub(super) fn key(chroma: &[f64; 12], first: &End, last: &End) -> Option<Key> {
    if chroma.iter().sum::<f64>() <= 0.0 {
        return None;
    }
    let mut scores: Vec<(f64, f64, usize, bool)> = Vec::new();
    for (minor, profile) in [(false, &MAJOR), (true, &MINOR)] {
        for tonic in 0..12 {
            let fit = correlation(chroma, profile, tonic);
            let score = fit + FIRST * first.home(tonic, minor) + LAST * last.home(tonic, minor);
            scores.push((score, fit, tonic, minor));
        }
    }
    scores.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (best, fit, tonic, minor) = *scores.first()?;
    let next = scores.get(1).map_or(0.0, |next| next.0);
    // A lead of 0.15 is sure.
    let confidence =
        (fit.clamp(0.0, 1.0) * (0.5 + 0.5 * ((best - next) / 0.15).clamp(0.0, 1.0))).clamp(0.0, 1.0);
    (fit >= LEAST).then_some(Key { tonic: tonic as u8, minor, confidence })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chroma(chords: &[[usize; 3]]) -> [f64; 12] {
        let mut sum = [0.02; 12];
        for chord in chords {
            for (note, weight) in chord.iter().zip([1.0, 0.8, 0.9]) {
                sum[note % 12] += weight;
            }
        }
        sum
    }

    fn end(chroma: [f64; 12]) -> End {
        End { chroma, bass: [0.0; 12] }
    }

    const C: [usize; 3] = [0, 4, 7];
    const F: [usize; 3] = [5, 9, 0];
    const G: [usize; 3] = [7, 11, 2];
    const AM: [usize; 3] = [9, 0, 4];
    const DM: [usize; 3] = [2, 5, 9];
    const E: [usize; 3] = [4, 8, 11];

    #[test]
    fn planted_chords_have_their_key_in_every_transposition() {
        for shift in 0..12 {
            let up = |chord: [usize; 3]| chord.map(|note| note + shift);
            let all =
                |chords: &[[usize; 3]]| chroma(&chords.iter().map(|chord| up(*chord)).collect::<Vec<_>>());
            let major = key(&all(&[C, F, G, C]), &end(all(&[C])), &end(all(&[C]))).unwrap();
            assert_eq!((major.tonic as usize, major.minor), (shift % 12, false));
            let minor = key(&all(&[AM, DM, E, AM]), &end(all(&[AM])), &end(all(&[AM]))).unwrap();
            assert_eq!((minor.tonic as usize, minor.minor), ((9 + shift) % 12, true));
            // The same four chords, begun and ended at either home.
            let relative = key(&all(&[AM, F, C, G]), &end(all(&[AM])), &end(all(&[AM]))).unwrap();
            assert_eq!((relative.tonic as usize, relative.minor), ((9 + shift) % 12, true));
            let relative = key(&all(&[C, G, AM, F]), &end(all(&[C])), &end(all(&[C]))).unwrap();
            assert_eq!((relative.tonic as usize, relative.minor), (shift % 12, false));
        }
    }

    #[test]
    fn the_bass_tells_an_a_minor_seventh_from_c_with_a_sixth() {
        // A, C, E and G sound all the time and at both ends.
        let all = chroma(&[C, AM, F, G]);
        let ends = chroma(&[C, AM]);
        for (note, minor) in [(9, true), (0, false)] {
            let mut bass = [0.0; 12];
            bass[note] = 1.0;
            let end = End { chroma: ends, bass };
            let found = key(&all, &end, &end).unwrap();
            assert_eq!((found.tonic as usize, found.minor), (note, minor));
        }
    }

    #[test]
    fn what_is_even_has_no_key() {
        assert_eq!(key(&[1.0; 12], &end([1.0; 12]), &end([1.0; 12])), None);
        assert_eq!(key(&[0.0; 12], &End::default(), &End::default()), None);
    }
}
