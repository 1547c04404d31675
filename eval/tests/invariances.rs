//! What must not matter, on one short song; `eval invariances` tries the rest of it on any song.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use evaluation::corpus::write_song;
use evaluation::genre::{GENRES, song};
use evaluation::invariances::{self, Bench, Trial};
use evaluation::names::plan;
use evaluation::score::Score;
use std::sync::LazyLock;

struct Scene {
    // Removed when the tests are over.
    _folder: tempfile::TempDir,
    bench: Bench,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let mut paper = song(GENRES[0], 0, 1, 8.0);
    let form = [("verse", 1.0, 2), ("chorus", 1.0, 3)];
    paper.score = Score::new(5, 120.0, (2, false), 6.0, &form, [&[0, 4, 5, 3], &[5, 3, 0, 4]]);
    paper.tracks = plan("kickin sntop oh bassdi dist1 man bv1", 0, (0, false), 1);
    let path = folder.path().join("song");
    write_song(&path, &paper).unwrap();
    let bench = Bench::new(&path, &folder.path().join("scratch")).unwrap();
    Scene { _folder: folder, bench }
});

fn holds(trial: Trial) {
    for check in trial(&SCENE.bench).unwrap() {
        assert!(check.holds, "{}: {}", check.name, check.figure);
    }
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    holds(invariances::order);
}

#[test]
fn the_level_of_a_recording_does_not_matter() {
    holds(invariances::level);
}

#[test]
fn the_polarity_of_single_tracks_does_not_matter() {
    holds(invariances::polarity);
}

#[test]
fn names_that_say_nothing_do_not_matter_where_groups_are_heard() {
    holds(invariances::names);
}

#[test]
fn the_sample_rate_does_not_matter() {
    holds(invariances::rate);
}

#[test]
fn a_song_that_begins_later_is_the_same_song() {
    holds(invariances::later);
}

#[test]
fn more_strength_is_more_of_what_a_family_is_for() {
    holds(invariances::monotone);
}

#[test]
fn a_silent_track_more_does_not_matter() {
    holds(invariances::silence);
}

#[test]
fn a_second_run_moves_nothing() {
    holds(invariances::again);
}

#[test]
fn strength_0_is_the_plain_sum() {
    holds(invariances::unity);
}

#[test]
fn a_rock_kit_gets_a_compressed_copy() {
    let rules: Vec<&str> = SCENE.bench.rules().collect();
    assert!(rules.contains(&"dynamics.parallel"), "{rules:?}");
}
