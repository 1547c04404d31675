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

#[test]
#[ignore = "some minutes: the whole corpus, synthetic and real"]
fn the_whole_corpus_reaches_95_per_cent_for_every_rule() {
    let mut tally = Tally::default();
    songs::run(&mut tally, "demo", &kit::demo_mix(16.0), |_| true);
    for name in ["rock__clean_peak-6.flac", "francium__clean_peak-6.flac"] {
        if let Some(base) = kit::shared(&format!("intake/{name}")) {
            songs::run(&mut tally, name, &kit::clean(&kit::read(&base)), |_| true);
        }
    }
    folders::run(&mut tally);
    songs::real(&mut tally);
    tally.print();
    tally.print_figures();
    tally.demand(0.95);
}
