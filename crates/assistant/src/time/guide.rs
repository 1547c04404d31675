//! What is for the players and not for the record: clicks, talkback, count-ins.

use super::CountIn;
use crate::hear::{LEAST_ONSET_DB, Song, Track, Use, onset_peaks, onset_seconds, percentile};
use studio::mix::{Group, words};

/// Words for a click, and for somebody who talks to the players. By our own convention.
const CLICKS: &[&str] = &[
    "click",
    "clicks",
    "clicktrack",
    "clicktrk",
    "clk",
    "metronome",
    "metro",
    "klick",
    "metronom",
    "claqueta",
    "guidetrack",
    "clic",
];
const TALKS: &[&str] =
    &["talkback", "talk", "slate", "tb", "talkbackmic", "guidevoice", "cue", "cues", "ansage"];
/// Share of strokes that have to lie on the grid of a click, and how near, seconds. By estimate, 2026-11-21: clicks have all of
/// them within a value of the course, drummers half.
const ON_GRID: f64 = 0.9;
const NEAR_SECONDS: f64 = 0.012;

/// Marks clicks and talkback; to be called before tempo is looked for.
pub(crate) fn mark(song: &mut Song, ignore_names: bool) {
    let begins = music_begins(song);
    let uses: Vec<Use> = song
        .tracks
        .iter()
        .map(|track| guide_use(track, begins, ignore_names).unwrap_or(track.use_as))
        .collect();
    for (track, use_as) in song.tracks.iter_mut().zip(uses) {
        if track.use_as == Use::Play {
            track.use_as = use_as;
        }
    }
}

fn says(track: &Track, list: &[&str]) -> bool {
    words(&track.name).iter().any(|word| list.contains(&word.as_str()))
}

/// First moment at which two tracks sound at once, seconds of the song.
fn music_begins(song: &Song) -> Option<f64> {
    let mut starts: Vec<f64> = song
        .playing()
        .filter_map(|(_, track)| Some(track.facts.sounds_seconds?.0 + track.start_seconds))
        .collect();
    starts.sort_by(f64::total_cmp);
    starts.get(1).copied()
}

fn guide_use(track: &Track, begins: Option<f64>, ignore_names: bool) -> Option<Use> {
    if !ignore_names && says(track, TALKS) {
        return Some(Use::Talkback);
    }
    let named = !ignore_names && says(track, CLICKS);
    // A name alone is enough; sound alone has to be a click in everything.
    (named || is_click(track, begins)).then_some(Use::Click)
}

/// Whether a track is nothing but one short sound (or two), evenly spaced, that begins with or before everything else and never
/// stops for long.
fn is_click(track: &Track, begins: Option<f64>) -> bool {
    let facts = &track.facts;
    let short = facts.decay_seconds.is_some_and(|seconds| seconds < 0.06);
    let strokes = strokes(track);
    let named_otherwise = track
        .role
        .because
        .iter()
        .any(|reason| reason.weight >= 0.65 && reason.source != crate::sort::Source::Sound);
    if !short || named_otherwise || strokes.len() < 16 || facts.stereo.is_some() {
        return false;
    }
    // Activity opens up to a fifth of a second before a sound.
    let early = begins.is_none_or(|begins| strokes[0] + track.start_seconds <= begins + 0.35);
    let Some(beat) = interval(&strokes) else { return false };
    // Slower than eighths of what is played: a hi-hat by a machine is faster.
    let slow = beat >= 0.28;
    let last = strokes.last().copied().unwrap_or(0.0);
    let through = (last - strokes[0]) / beat + 1.0;
    let levels = levels_db(track, &strokes);
    // At most two levels, accent and beat: half of the strokes within half a decibel of the median.
    let middle = percentile(levels.clone(), 0.5).unwrap_or(0.0);
    let even = levels.iter().filter(|level| (**level - middle).abs() < 0.5).count() * 2 >= levels.len();
    // A beep or a tick, and hardly any other sound.
    let bare = facts.low_share < 0.3 && facts.centroid_hz > 500.0;
    early
        && slow
        && even
        && bare
        && on_grid(&strokes, beat)
        && (through - strokes.len() as f64).abs() < 0.05 * through
}

fn strokes(track: &Track) -> Vec<f64> {
    let peaks = onset_peaks(&track.film.onset, LEAST_ONSET_DB.max(4.0));
    peaks.into_iter().map(onset_seconds).collect()
}

fn interval(strokes: &[f64]) -> Option<f64> {
    percentile(strokes.windows(2).map(|pair| pair[1] - pair[0]).collect(), 0.5)
}

/// Whether nearly every distance is the same.
fn on_grid(strokes: &[f64], beat: f64) -> bool {
    let steps = strokes.windows(2).map(|pair| pair[1] - pair[0]);
    let near = steps.filter(|step| (step - beat).abs() <= NEAR_SECONDS).count();
    near as f64 >= ON_GRID * (strokes.len() - 1) as f64
}

fn levels_db(track: &Track, strokes: &[f64]) -> Vec<f64> {
    let level = |seconds: &f64| {
        let at = (seconds * 20.0) as usize;
        let peak = track.film.peak.iter().skip(at).take(2).copied().fold(0.0, f32::max);
        dsp::math::gain_to_db(f64::from(peak))
    };
    strokes.iter().map(level).collect()
}

/// Strokes before the music: three to ten of them, evenly spaced by a beat or two, on tracks of drums or the click only, while nobody
/// else plays.
pub(super) fn count_in(song: &Song, beat_seconds: f64) -> Option<CountIn> {
    let strikes = |track: &Track| {
        track.use_as == Use::Click || matches!(track.role.role.group, Group::Drums | Group::Percussion)
    };
    let heard = |track: &Track| track.use_as == Use::Play || track.use_as == Use::Click;
    // Ambience and risers are nobody's playing: what hums ahead of the first bar does not begin it.
    let plays = |track: &&Track| heard(track) && !strikes(track) && track.role.role.group != Group::Effects;
    let mut first_other = f64::INFINITY;
    for track in song.tracks.iter().filter(plays) {
        // A player who breathes in does not play: from the first stroke of half strength on.
        if let Some((start, _)) = loud_from(track) {
            first_other = first_other.min(start + track.start_seconds);
        }
    }
    let kick = song.tracks.iter().filter(|track| track.use_as == Use::Play && track.role.role.name == "kick");
    let first_kick = kick
        .filter_map(|track| loud_from(track).map(|(start, _)| start + track.start_seconds))
        .fold(f64::INFINITY, f64::min);
    let begins = first_other.min(first_kick);
    if !begins.is_finite() {
        return None;
    }
    let mut best: Option<CountIn> = None;
    for (index, track) in song.tracks.iter().enumerate().filter(|(_, track)| heard(track) && strikes(track)) {
        let before: Vec<f64> = strokes(track)
            .into_iter()
            .map(|seconds| seconds + track.start_seconds)
            .filter(|seconds| *seconds < begins - 0.3 * beat_seconds)
            .collect();
        if !counts(&before, begins, beat_seconds) {
            continue;
        }
        let count =
            best.get_or_insert(CountIn { start_seconds: before[0], end_seconds: begins, tracks: Vec::new() });
        count.start_seconds = count.start_seconds.min(before[0]);
        count.tracks.push(index);
    }
    best
}

/// When a track first comes within 12 dB of its own loud moments.
fn loud_from(track: &Track) -> Option<(f64, f64)> {
    let loud = track.facts.momentary_p95_lufs;
    let least = dsp::meter::loudness::power_of_lufs(loud - 12.0) as f32;
    let at = track.film.loudness.iter().position(|power| *power > least)?;
    loud.is_finite().then_some((at as f64 / 20.0, loud))
}

/// Whether strokes count in a beginning: three to ten, a beat or two apart, the last one a beat or two before it.
fn counts(strokes: &[f64], begins: f64, beat: f64) -> bool {
    if !(3..=10).contains(&strokes.len()) {
        return false;
    }
    let near = |step: f64, beats: f64| (step / (beats * beat) - 1.0).abs() < 0.08;
    let steps = strokes.windows(2).all(|pair| [1.0, 2.0].iter().any(|beats| near(pair[1] - pair[0], *beats)));
    let last = begins - strokes[strokes.len() - 1];
    steps && last > 0.7 * beat && last < 2.3 * beat
}
