//! How much silence stands between two songs.
//!
//! What is heard as the pause begins where the last sound has died away and ends with the first sound of the next song. Two
//! seconds are usual; a song that stops dead wants a little more, one that fades for long has had part of its pause already.
//! Where the next song has a steady beat, it enters on a beat counted from the end, if one is near.

use super::edges::Edges;

/// The usual pause, seconds (mastering.md §5.12: default 2.0 s).
const USUAL_SECONDS: f64 = 2.0;
/// A decay under this is a dead stop, seconds; the pause is longer by [`AFTER_STOP_SECONDS`]. By calibration, 2026-11-21.
const STOP_SECONDS: f64 = 0.5;
const AFTER_STOP_SECONDS: f64 = 0.5;
/// A decay beyond this counts for a quarter as pause, seconds. By calibration, 2026-11-21.
const LONG_SECONDS: f64 = 2.5;
const SHARE_OF_DECAY: f64 = 0.25;
/// No pause is proposed shorter, seconds. By calibration, 2026-11-21.
const LEAST_SECONDS: f64 = 1.0;
/// Counts of beats after which a song may enter (mastering.md §5.12: 2, 4 or 8 beats).
const BEATS: [f64; 3] = [2.0, 4.0, 8.0];
/// A beat this near is taken, seconds. By calibration, 2026-11-21: half a second is noticed as a choice, not as a fault.
const NEAR_SECONDS: f64 = 0.5;

/// Silence to be put between two songs and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gap {
    pub(super) seconds: f64,
    pub(super) because: String,
}

/// The gap from the end of one song's file to the beginning of the next one's.
pub(super) fn between(one: &Edges, next: &Edges) -> Gap {
    if one.goes_on_in(next) {
        let because = "the waveform goes on without a seam: one piece, nothing is put between".to_owned();
        return Gap { seconds: 0.0, because };
    }
    let (mut pause, mut why) = match one.decay_seconds {
        decay if decay < STOP_SECONDS => {
            (USUAL_SECONDS + AFTER_STOP_SECONDS, format!("it stops dead ({decay:.1} s of decay)"))
        }
        decay if decay > LONG_SECONDS => {
            let less = SHARE_OF_DECAY * (decay - LONG_SECONDS);
            ((USUAL_SECONDS - less).max(LEAST_SECONDS), format!("it dies away for {decay:.1} s"))
        }
        decay => (USUAL_SECONDS, format!("{decay:.1} s of decay")),
    };
    if let Some(tempo) = next.tempo.filter(super::rhythm::Tempo::is_sure) {
        let beats = BEATS.map(|count| (count, count * tempo.beat_seconds()));
        let near = beats.into_iter().min_by(|a, b| (a.1 - pause).abs().total_cmp(&(b.1 - pause).abs()));
        if let Some((count, seconds)) = near.filter(|(_, seconds)| (seconds - pause).abs() <= NEAR_SECONDS) {
            pause = seconds;
            why += &format!("; {count:.0} beats of the next song ({:.0} a minute)", tempo.bpm);
        }
    }
    let silent = one.tail_seconds + next.head_seconds;
    // To a hundredth: finer is not heard, and it reads better.
    let seconds = ((pause - silent).max(0.0) * 100.0).round() / 100.0;
    let because = format!("a pause of {pause:.2} s: {why}; {silent:.2} s of silence are in the files");
    Gap { seconds, because }
}

#[cfg(test)]
mod tests {
    use super::super::rhythm::Tempo;
    use super::*;

    fn gap(decay: f64, tail: f64, tempo: Option<(f64, f64)>) -> f64 {
        let tempo = tempo.map(|(bpm, confidence)| Tempo { bpm, confidence });
        between(&Edges::made(decay, tail, None), &Edges::made(1.0, 0.0, tempo)).seconds
    }

    #[test]
    fn a_pause_follows_the_decay_and_silence_in_the_files_counts() {
        assert_eq!(gap(1.5, 0.0, None), 2.0);
        // A dead stop, a fade of 4.5 s, one of 20 s.
        assert_eq!(gap(0.2, 0.0, None), 2.5);
        assert_eq!(gap(4.5, 0.0, None), 1.5);
        assert_eq!(gap(20.0, 0.0, None), 1.0);
        assert_eq!(gap(1.5, 0.7, None), 1.3);
        assert_eq!(gap(1.5, 9.0, None), 0.0);
    }

    #[test]
    fn a_song_with_a_sure_beat_enters_on_it_when_one_is_near() {
        // Four beats at 110 are 2.18 s; at 70 two are 1.71; at 170 four are 1.41, eight 2.82: none is near.
        assert_eq!(gap(1.5, 0.0, Some((110.0, 0.6))), 2.18);
        assert_eq!(gap(1.5, 0.0, Some((70.0, 0.6))), 1.71);
        assert_eq!(gap(1.5, 0.0, Some((170.0, 0.6))), 2.0);
        assert_eq!(gap(1.5, 0.0, Some((110.0, 0.1))), 2.0);
    }
}
