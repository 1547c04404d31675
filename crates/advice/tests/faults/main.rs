//! Planted faults, each with a clean twin: what `assess` finds, what it misses, what it makes up.
//!
//! `cargo test --release -p tonmeister-advice --test faults -- --ignored --nocapture` prints the table of everything; the rest is a
//! fast part of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod folders;
mod kit;
mod songs;

use kit::Tally;

#[test]
fn the_fast_part_of_the_corpus_has_no_miss_and_no_false_alarm() {
    let mut tally = Tally::default();
    let base = kit::demo_mix(6.0);
    songs::run(&mut tally, "demo", &base, |fault| fault.fast);
    tally.print();
    tally.demand(1.0);
}

/// Everything is one table, so that rules are judged over all of it; the parts are heard side by side.
#[test]
#[ignore = "some minutes: the whole corpus, synthetic and real"]
fn the_whole_corpus_reaches_95_per_cent_for_every_rule() {
    let songs = |name: &'static str, base: kit::Sound| {
        move || {
            let mut tally = Tally::default();
            songs::run(&mut tally, name, &base, |_| true);
            tally
        }
    };
    let mut parts = vec![std::thread::spawn(songs("demo", kit::demo_mix(10.0)))];
    for name in ["rock__clean_peak-6.flac", "francium__clean_peak-6.flac"] {
        if let Some(base) = kit::shared(&format!("intake/{name}")) {
            parts.push(std::thread::spawn(songs(name, kit::clean(&kit::read(&base)))));
        }
    }
    for part in [folders::tracks_of_a_song, folders::stems_and_albums, folders::real, songs::real] {
        parts.push(std::thread::spawn(move || {
            let mut tally = Tally::default();
            part(&mut tally);
            tally
        }));
    }
    let mut tally = Tally::default();
    parts.into_iter().for_each(|part| tally.join(part.join().expect("a part of the corpus")));
    tally.print();
    tally.print_figures();
    tally.demand(0.95);
}
