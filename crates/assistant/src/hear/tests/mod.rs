mod band;
mod faults;
mod plants;
mod real;

use super::*;
use band::{BPM, START, Take, band, wav, write};
use dsp::math;
use std::collections::BTreeMap;

fn heard(takes: &[Take], rate: u32) -> Song {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), takes, rate);
    hear(folder.path(), &Job::quiet(), &Options::default()).unwrap()
}

fn rules(song: &Song, about: &str) -> Vec<&'static str> {
    let about = format!("{about}.wav");
    song.findings.iter().filter(|finding| finding.about == about).map(|finding| finding.rule).collect()
}

/// What must not change: role, and figures that do not depend on gain.
fn figures(song: &Song) -> BTreeMap<String, (&'static str, Vec<f64>)> {
    let of = |track: &Track| {
        let f = &track.facts;
        let figures = vec![
            f.crest_db,
            f.low_share * 10.0,
            f.active_share * 10.0,
            math::log2(f.centroid_hz.max(1.0)) * 3.0,
            f.onsets_per_second,
            // Of chords, it may be any.
            if matches!(track.role.role.name, "bass" | "lead vocal") {
                math::log2(f.pitch.median_hz.max(20.0)) * 12.0
            } else {
                0.0
            },
        ];
        (track.name.clone(), (track.role.role.name, figures))
    };
    song.playing().map(|(_, track)| of(track)).collect()
}

fn assert_same(name: &str, a: &Song, b: &Song, tolerance: f64) {
    let (a_figures, b_figures) = (figures(a), figures(b));
    assert_eq!(a_figures.keys().collect::<Vec<_>>(), b_figures.keys().collect::<Vec<_>>(), "{name}");
    for (track, (role, values)) in &a_figures {
        let (other, others) = &b_figures[track];
        assert_eq!(role, other, "{name}: {track}");
        for (n, (x, y)) in values.iter().zip(others).enumerate() {
            assert!((x - y).abs() <= tolerance, "{name}: {track}, figure {n}: {x} {y}");
        }
    }
    let (ta, tb) = (a.time.tempo.unwrap(), b.time.tempo.unwrap());
    assert!((ta.bpm / tb.bpm - 1.0).abs() < 0.003, "{name}: {ta:?} {tb:?}");
    let key = |song: &Song| song.time.key.map(|key| (key.tonic, key.minor));
    assert_eq!(key(a), key(b), "{name}");
    assert_eq!(
        a.time.sections.len(),
        b.time.sections.len(),
        "{name}: {:?} {:?}",
        a.time.sections,
        b.time.sections
    );
}

#[test]
fn a_band_is_heard_and_what_should_not_matter_does_not() {
    let takes = band(48_000.0, 8);
    let song = heard(&takes, 48_000);
    let tempo = song.time.tempo.unwrap();
    assert!((tempo.bpm / BPM - 1.0).abs() < 0.005 && tempo.is_sure(), "{tempo:?}");
    // A beat of the analysis lies on each of the first bars.
    let beat = 60.0 / BPM;
    let off = (song.time.beats_seconds[4] - START) / beat;
    assert!((off - off.round()).abs() * beat < 0.02, "{off}");
    let bar = (song.time.bars_seconds[2] - START) / (4.0 * beat);
    assert!((bar - bar.round()).abs() < 0.05, "{bar}");
    let key = song.time.key.unwrap();
    assert_eq!((key.tonic, key.minor), (9, true), "{}", key.name());
    // The voice comes in after four bars.
    let entry = START + 16.0 * beat;
    assert!(
        song.time.sections.iter().any(|section| (section.start_seconds - entry).abs() < 4.0 * beat),
        "{:?}",
        song.time.sections
    );
    assert!(song.findings.is_empty(), "{:?}", song.findings);
    let voice = &song.tracks[5];
    assert!(voice.facts.pitch.vibrato_share > 0.3, "{:?}", voice.facts.pitch);
    assert!((song.tracks[3].facts.pitch.median_hz - 110.0).abs() < 30.0, "{:?}", song.tracks[3].facts.pitch);

    order_does_not_matter(&takes, &song);
    gain_and_polarity_do_not_matter(&takes, &song);
    silence_does_not_matter(&takes, &song);
}

/// Names that sort the other way round.
fn order_does_not_matter(takes: &[Take], song: &Song) {
    let turned: Vec<Take> = takes
        .iter()
        .enumerate()
        .map(|(n, (name, planes))| (format!("{}{}", 9 - n, &name[2..]), planes.clone()))
        .collect();
    let turned = heard(&turned, 48_000);
    assert!((turned.time.tempo.unwrap().bpm - song.time.tempo.unwrap().bpm).abs() < 1e-6);
    assert_eq!(turned.time.key.map(|key| key.tonic), Some(9));
    for track in &song.tracks {
        let same = turned.tracks.iter().find(|other| other.content == track.content).unwrap();
        assert_eq!((same.role.role.name, &same.facts), (track.role.role.name, &track.facts));
    }
}

fn gain_and_polarity_do_not_matter(takes: &[Take], song: &Song) {
    let gains = [-20.0, 12.0, -3.0, 6.0, -12.0, -20.0];
    let scaled: Vec<Take> = takes
        .iter()
        .zip(gains)
        .map(|((name, planes), db)| {
            let gain = -math::db_to_gain(db);
            (name.clone(), planes.iter().map(|plane| plane.iter().map(|x| gain * x).collect()).collect())
        })
        .collect();
    let scaled = heard(&scaled, 48_000);
    assert_same("gain and polarity", song, &scaled, 0.15);
    for ((a, b), db) in song.tracks.iter().zip(&scaled.tracks).zip(gains) {
        let (a, b) = (a.facts.active_lufs.unwrap(), b.facts.active_lufs.unwrap());
        assert!((b - a - db).abs() < 0.1, "{a} {b} {db}");
    }
}

/// A silent track, and a second of silence before everything.
fn silence_does_not_matter(takes: &[Take], song: &Song) {
    let beat = 60.0 / BPM;
    let mut more: Vec<Take> = takes.to_vec();
    more.push(("07_Nothing".to_owned(), vec![vec![0.0; takes[0].1[0].len()]]));
    let silent = heard(&more, 48_000);
    assert_same("a silent track", song, &silent, 1e-9);
    assert_eq!(silent.tracks[6].use_as, Use::Empty);
    assert_eq!(rules(&silent, "07_Nothing"), ["empty"]);
    let late: Vec<Take> = takes
        .iter()
        .map(|(name, planes)| {
            let shift =
                |plane: &Vec<f64>| std::iter::repeat_n(0.0, 48_000).chain(plane.iter().copied()).collect();
            (name.clone(), planes.iter().map(shift).collect())
        })
        .collect();
    let mut late = heard(&late, 48_000);
    let shift = (late.time.beats_seconds[4] - song.time.beats_seconds[4] - 1.0) / beat;
    assert!((shift - shift.round()).abs() * beat < 0.02, "{shift}");
    for track in &mut late.tracks {
        track.facts.active_share *= track.duration_seconds() / (track.duration_seconds() - 1.0);
    }
    assert_same("a second later", song, &late, 0.3);
}

#[test]
fn the_rate_does_not_matter() {
    let base = heard(&band(48_000.0, 6), 48_000);
    for rate in [44_100, 96_000] {
        let other = heard(&band(f64::from(rate), 6), rate);
        assert_eq!(other.sample_rate_hz, rate);
        assert_same(&format!("{rate}"), &base, &other, 0.5);
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &band(48_000.0, 4), 48_000);
    let with =
        |threads| hear(folder.path(), &Job::quiet().with_threads(threads), &Options::default()).unwrap();
    let (one, three) = (with(1), with(3));
    for (a, b) in one.tracks.iter().zip(&three.tracks) {
        assert!(a.film == b.film && a.facts == b.facts && a.content == b.content && a.role == b.role);
    }
    assert!(one.time == three.time && one.findings == three.findings && one.alignments == three.alignments);
}

#[test]
fn a_folder_without_audio_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "hello").unwrap();
    let error = hear(folder.path(), &Job::quiet(), &Options::default()).unwrap_err();
    assert_eq!(error.code, "no_tracks");
}

#[test]
fn what_a_person_says_is_sure() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &band(48_000.0, 2)[..2], 48_000);
    let options =
        Options { roles: vec![("01_Kick".to_owned(), "percussion".to_owned())], ..Options::default() };
    let song = hear(folder.path(), &Job::quiet(), &options).unwrap();
    assert_eq!((song.tracks[0].role.role.name, song.tracks[0].role.confidence), ("percussion", 1.0));
    assert!(song.tracks[0].role.question.is_none());
}
