//! What is for the players is not in the print: the drummer's count-in, a click, somebody who talks to the players.
//!
//! One short song is recorded with all three and printed by the assistant's session. Then the very same session is printed from
//! recordings in which they are silence: what differs is what was printed of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use dsp::math::gain_to_db;
use evaluation::corpus::write_song;
use evaluation::genre::{GENRES, song};
use evaluation::names::plan;
use evaluation::score::Score;
use evaluation::truth::Truth;
use evaluation::wav;
use std::path::Path;
use std::sync::LazyLock;
use studio::job::Job;
use studio::mix::Group;
use studio::session::Session;

const RATE_HZ: f64 = 48_000.0;

struct Scene {
    truth: Truth,
    made: assistant::decide::Assisted,
    /// What the overheads hear of the count-in, dBFS.
    planted_dbfs: f64,
    /// As recorded; without click and talkback; without the count-in as well.
    all: Vec<Vec<f64>>,
    no_guides: Vec<Vec<f64>>,
    nothing: Vec<Vec<f64>>,
}

fn print(folder: &Path, text: &str, name: &str) -> Vec<Vec<f64>> {
    let session = Session::parse(text, "session.toml", folder, Default::default()).unwrap();
    let options = studio::mix::Options { force: true, ..Default::default() };
    let path = folder.join(name);
    studio::mix::render(&session, &path, &Job::quiet(), options).unwrap();
    let planes = wav::read(&path).unwrap().0;
    std::fs::remove_file(path).unwrap();
    planes
}

/// Silences a file until `seconds`.
fn hush(path: &Path, seconds: f64) {
    let (mut planes, rate) = wav::read(path).unwrap();
    let end = (seconds * f64::from(rate)) as usize;
    planes.iter_mut().for_each(|plane| plane.iter_mut().take(end).for_each(|x| *x = 0.0));
    wav::write(path, &planes, rate).unwrap();
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song");
    let mut paper = song(GENRES[0], 0, 1, 8.0);
    let form = [("verse", 1.0, 2), ("chorus", 1.0, 3)];
    paper.score = Score::new(5, 120.0, (2, false), 6.0, &form, [&[0, 4, 5, 3], &[5, 3, 0, 4]]);
    // Room to talk.
    paper.score.start_seconds += 1.5;
    paper.tracks = plan("kickin sntop hat oh bassdi dist1 man click talk", 0, (0, false), 1);
    let truth = write_song(&path, &paper.counted_in()).unwrap();
    let request = assistant::Request { style: Some("rock".to_owned()), ..assistant::Request::default() };
    let made = assistant::assist(&path, &path, Path::new(""), &request, &Job::quiet()).unwrap();
    let text = &made.text;
    let overheads = truth.tracks.iter().find(|track| track.role == "overheads").unwrap();
    let heard = wav::read(&path.join(&overheads.file)).unwrap().0;
    let planted_dbfs = apart_dbfs(&heard, &silence(&heard), (0.0, truth.start_seconds - 0.05));
    let all = print(&path, text, "print.wav");
    for track in truth.tracks.iter().filter(|track| track.used_as != "play") {
        hush(&path.join(&track.file), f64::INFINITY);
    }
    let no_guides = print(&path, text, "print.wav");
    for track in truth.tracks.iter().filter(|track| track.group == Group::Drums.id()) {
        hush(&path.join(&track.file), truth.start_seconds - 0.04);
    }
    let nothing = print(&path, text, "print.wav");
    Scene { truth, made, planted_dbfs, all, no_guides, nothing }
});

fn silence(like: &[Vec<f64>]) -> Vec<Vec<f64>> {
    like.iter().map(|plane| vec![0.0; plane.len()]).collect()
}

/// Peak of the difference of two prints in a span of seconds, dBFS.
fn apart_dbfs(a: &[Vec<f64>], b: &[Vec<f64>], (from, to): (f64, f64)) -> f64 {
    let span = (from * RATE_HZ) as usize..((to * RATE_HZ) as usize).min(a[0].len());
    let sides = a.iter().zip(b).flat_map(|(a, b)| span.clone().map(|n| (a[n] - b[n]).abs()));
    gain_to_db(sides.fold(1e-9, f64::max))
}

#[test]
fn the_plants_are_there_and_recognised() {
    let truth = &SCENE.truth;
    let used = |word: &str| truth.tracks.iter().filter(|track| track.used_as == word).count();
    assert_eq!((used("click"), used("talkback")), (1, 1));
    // They are heard in the recordings: the other tests are of something.
    assert!(SCENE.planted_dbfs > -45.0, "{:.1} dBFS", SCENE.planted_dbfs);
    let left_out: Vec<_> = SCENE.made.moves.iter().filter(|m| m.rule == "cleanup.count_in").collect();
    assert_eq!(left_out.len(), 4, "every microphone of the kit: {left_out:?}");
    for code in ["click", "talkback", "count_in"] {
        assert!(SCENE.made.findings.iter().any(|finding| finding.rule == code), "{code}");
    }
}

#[test]
fn click_and_talkback_change_no_bit_of_the_print() {
    assert!(
        SCENE.all == SCENE.no_guides,
        "{:.1} dBFS",
        apart_dbfs(&SCENE.all, &SCENE.no_guides, (0.0, 60.0))
    );
}

#[test]
fn nothing_of_the_count_in_is_printed() {
    // Where music begins is heard to 50 ms, and tracks open 50 ms ahead of it.
    let before = (0.0, SCENE.truth.start_seconds - 0.15);
    let left = apart_dbfs(&SCENE.all, &SCENE.nothing, before);
    assert!(left < -90.0, "{left:.1} dBFS of the count-in ahead of the music");
    // And the first beat is whole: it differs by what compressors remember, no more.
    let start = SCENE.truth.start_seconds;
    let first = apart_dbfs(&SCENE.all, &SCENE.nothing, (start - 0.05, start + 1.0));
    assert!(first < -20.0, "{first:.1} dBFS in the first beat");
    let music = apart_dbfs(&SCENE.all, &silence(&SCENE.all), (start, start + 0.5));
    assert!(music > -20.0, "{music:.1} dBFS: the music begins where it began");
}

#[test]
fn a_click_that_counts_alone_over_ambience_is_told_and_nothing_of_the_band_is_shut() {
    let folder = tempfile::tempdir().unwrap();
    let mut paper = song(GENRES[0], 0, 1, 8.0);
    let form = [("verse", 1.0, 2), ("chorus", 1.0, 3)];
    paper.score = Score::new(5, 120.0, (2, false), 6.0, &form, [&[0, 4, 5, 3], &[5, 3, 0, 4]]);
    paper.count_in = 1;
    paper.score.start_seconds += 2.0;
    paper.tracks = plan("kickin sntop oh bassdi dist1 man atmos click", 0, (0, false), 1);
    let truth = write_song(folder.path(), &paper).unwrap();
    let atmos = truth.tracks.iter().find(|track| track.group == Group::Effects.id()).unwrap();
    let (planes, _) = wav::read(&folder.path().join(&atmos.file)).unwrap();
    let early = apart_dbfs(&planes, &silence(&planes), (0.0, truth.start_seconds - 0.1));
    assert!(early > -45.0, "it hums ahead of the music: {early:.1} dBFS");
    let request = assistant::Request { style: Some("rock".to_owned()), ..assistant::Request::default() };
    let made =
        assistant::assist(folder.path(), folder.path(), Path::new(""), &request, &Job::quiet()).unwrap();
    let told: Vec<_> = made.findings.iter().filter(|finding| finding.rule == "count_in").collect();
    assert_eq!(told.len(), 1);
    // Where music begins is heard to 50 ms, and told to a tenth.
    let after = |word: &str| -> f64 {
        let rest = told[0].measured.split(word).nth(1).unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    assert!((after("counted in from ") - (truth.start_seconds - 2.0)).abs() < 0.11, "{told:?}");
    assert!((after("begins at ") - truth.start_seconds).abs() < 0.16, "{told:?}");
    assert!(made.moves.iter().all(|made| made.rule != "cleanup.count_in"), "no drum has anything of it");
}
