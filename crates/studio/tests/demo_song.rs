//! The song made by machines, judged by instruments.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::sync::OnceLock;
use studio::demo::{self, Track};
use testkit::measure::{peak, rms, to_db};

const RATE: f64 = 48_000.0;

fn song() -> &'static [Track] {
    static SONG: OnceLock<Vec<Track>> = OnceLock::new();
    SONG.get_or_init(|| demo::tracks(1))
}

fn track(name: &str) -> &'static [f64] {
    song().iter().find(|track| track.file.contains(name)).unwrap().audio.channel(0)
}

/// Power of a component in a stretch, in decibels.
fn tone_db(part: &[f64], hz: f64) -> f64 {
    to_db(testkit::measure::tone(part, hz, RATE).0)
}

/// The strongest of some frequencies.
fn strongest(part: &[f64], candidates: impl Iterator<Item = u32>) -> u32 {
    candidates.max_by(|&a, &b| tone_db(part, f64::from(a)).total_cmp(&tone_db(part, f64::from(b)))).unwrap()
}

/// Frames from `seconds` on.
fn stretch(signal: &[f64], seconds: f64, length: f64) -> &[f64] {
    &signal[(seconds * RATE) as usize..((seconds + length) * RATE) as usize]
}

/// Start of a bar.
fn bar(number: f64) -> f64 {
    0.2 + 2.4 * number
}

#[test]
fn every_track_has_the_level_of_a_careful_recording_and_no_fault() {
    assert_eq!(song().len(), 14);
    for track in song() {
        for channel in 0..track.audio.channels() {
            let plane = track.audio.channel(channel);
            assert_eq!(plane.len(), 62 * 48_000);
            let level = to_db(peak(plane));
            assert!((-13.0..=-6.0).contains(&level), "{}: peak {level}", track.file);
            let mean = plane.iter().sum::<f64>() / plane.len() as f64;
            assert!(to_db(mean) < -70.0, "{}: direct current {mean}", track.file);
            assert!(plane.iter().all(|x| x.is_finite()));
            // Silence of a preamplifier at the start and at the very end.
            assert!(to_db(rms(stretch(plane, 0.0, 0.1))) < -80.0, "{}", track.file);
            assert!(to_db(rms(stretch(plane, 61.9, 0.1))) < -55.0, "{}", track.file);
        }
    }
}

#[test]
fn the_kick_rests_at_its_fundamental_after_the_blow() {
    let hit = stretch(track("KickIn"), bar(4.0) + 0.06, 0.2);
    let hz = strongest(hit, (40..90).step_by(2));
    assert!((50..=62).contains(&hz), "{hz} Hz");
}

#[test]
fn the_snare_reaches_the_overheads_later_and_the_bottom_upside_down() {
    let top = stretch(track("SnareTop"), bar(5.0) + 0.55, 0.2);
    let late_by = |other: &str| {
        let other = stretch(track(other), bar(5.0) + 0.55, 0.2);
        let at = |lag: usize| top.iter().zip(&other[lag..]).map(|(a, b)| a * b).sum::<f64>();
        (0..400).max_by(|&a, &b| at(a).total_cmp(&at(b))).unwrap()
    };
    // 1.32 m from the head to the left overhead, 0.09 m to the top microphone: 1.23 m are 172 frames.
    let lag = late_by("Overheads");
    assert!((165..=180).contains(&lag), "{lag} frames");
    let bottom = stretch(track("SnareBottom"), bar(5.0) + 0.55, 0.2);
    let low = |signal: &[f64]| testkit::measure::tone(signal, 190.0, RATE);
    // Opposite phases, but for the way of 0.2 m (38° at 190 Hz).
    let turn = (low(top).1 - low(bottom).1).abs();
    assert!((turn - std::f64::consts::PI).abs() < 1.2, "{turn}");
}

#[test]
fn the_bass_plays_the_root_of_the_chord() {
    // Bar 4 is A (55 Hz), bar 7 is G (49 Hz).
    for (number, root) in [(4.0, 55.0), (7.0, 49.0)] {
        let note = stretch(track("Bass"), bar(number) + 0.1, 0.7);
        let near = (-30..=30).max_by(|&a, &b| {
            let at = |cents: i32| tone_db(note, root * dsp::math::exp2(f64::from(cents) / 1200.0));
            at(a).total_cmp(&at(b))
        });
        assert!(tone_db(note, root) > tone_db(note, root * 1.06) + 6.0, "{root} Hz");
        assert!(near.unwrap().abs() <= 15, "{root} Hz: {near:?} cents");
    }
}

#[test]
fn the_voice_is_on_pitch_with_formants_of_its_vowel() {
    // Chorus, bar 14: a long note on A (440 Hz) sung "ee": first formant low, second near 2.8 kHz.
    let note = stretch(track("LeadVox"), bar(15.0) + 0.2, 1.5);
    let around = |hz: f64| {
        (-8..=8).map(|n| testkit::measure::tone(note, hz + 4.0 * f64::from(n), RATE).0).fold(0.0, f64::max)
    };
    let harmonic = |n: f64| to_db(around(440.0 * n));
    assert!(harmonic(1.0) > harmonic(3.0) + 15.0, "first formant of ee is low");
    assert!(
        harmonic(6.0) > harmonic(4.0) + 3.0 && harmonic(6.0) > harmonic(11.0) + 6.0,
        "second formant of ee near 2.7 kHz"
    );
    assert!(to_db(around(440.0)) > to_db(around(480.0)) + 12.0, "the note is A");
}

#[test]
fn backing_voices_sing_in_the_chorus_only() {
    for name in ["BGV1", "BGV2"] {
        assert!(to_db(rms(stretch(track(name), bar(6.0), 9.0))) < -80.0);
        assert!(to_db(rms(stretch(track(name), bar(13.0), 9.0))) > -35.0);
    }
}

#[test]
fn two_takes_of_the_guitar_are_alike_and_not_the_same() {
    let (left, right) =
        (stretch(track("GtrLeft"), bar(12.0), 9.0), stretch(track("GtrRight"), bar(12.0), 9.0));
    let dot: f64 = left.iter().zip(right).map(|(a, b)| a * b).sum();
    let correlation = dot / (rms(left) * rms(right) * left.len() as f64);
    assert!(correlation.abs() < 0.3, "{correlation}");
    assert!((to_db(rms(left)) - to_db(rms(right))).abs() < 3.0);
}

#[test]
fn the_session_of_the_song_is_a_session() {
    use studio::session::{Options, Session};
    let session =
        Session::parse(demo::SESSION, "session.toml", std::path::Path::new("."), Options::default());
    let session = session.unwrap_or_else(|errors| panic!("{errors:?}"));
    let mut files: Vec<&str> =
        session.tracks.iter().flat_map(|track| &track.clips).map(|clip| clip.file.id.as_str()).collect();
    files.sort_unstable();
    let expected: Vec<String> = song().iter().map(|track| format!("audio/{}", track.file)).collect();
    assert_eq!(files, expected);
}
