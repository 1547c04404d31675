//! Planted faults, each with a clean twin: what `assess` finds, what it misses, what it makes up.
//!
//! `cargo test --release -p tonmeister-advice --test faults -- --ignored --nocapture` prints the table of everything; the rest is a
//! fast part of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod folders;
mod kit;
mod make;
mod real;
mod songs;

use kit::{Sound, Tally};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A case that judges itself.
pub(crate) type Work = Box<dyn Fn(&mut Tally) + Send + Sync>;

/// Does everything on two threads and counts it in one table.
fn run(works: &[Work]) -> Tally {
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(work) = works.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut own = Tally::default();
                    work(&mut own);
                    all.lock().unwrap().join(own);
                }
            });
        }
    });
    let mut tally = all.into_inner().unwrap();
    tally.sort();
    tally
}

fn folder_works() -> Vec<Work> {
    let works: [fn(&mut Tally); 8] = [
        folders::tracks_clean,
        folders::tracks_exported_wrong,
        folders::tracks_recorded_wrong,
        folders::tracks_covering,
        folders::tracks_missing,
        folders::tracks_stamped,
        folders::stems_of_a_mix,
        folders::albums,
    ];
    works.into_iter().map(|work| Box::new(work) as Work).collect()
}

/// A base and every fault on it.
fn song_works(name: &'static str, base: &Sound, may: &'static [&'static str]) -> Vec<Work> {
    let one = |number: Option<usize>| {
        let base = base.clone();
        Box::new(move |tally: &mut Tally| songs::one(tally, name, &base, number, may)) as Work
    };
    std::iter::once(None).chain((0..songs::count()).map(Some)).map(one).collect()
}

/// A whole band, and a voice with keys and a bass.
fn synthetic() -> [(&'static str, Sound); 2] {
    [
        ("band", kit::demo_mix(28.0, 6.0, &[])),
        ("trio", kit::demo_mix(12.0, 6.0, &["LeadVox", "Keys", "Bass"])),
    ]
}

#[test]
fn a_part_of_the_corpus_has_no_miss_and_no_false_alarm() {
    let [(name, band), _] = synthetic();
    let mut works = song_works(name, &band, &[]);
    works.push(Box::new(folders::tracks_exported_wrong));
    works.push(Box::new(folders::albums));
    let tally = run(&works);
    tally.print();
    tally.demand(1.0);
}

/// Everything is one table, so that rules are judged over all of it.
#[test]
#[ignore = "some minutes: the whole corpus, synthetic and real"]
fn the_whole_corpus_reaches_95_per_cent_for_every_rule() {
    let mut works = folder_works();
    for (name, base) in &synthetic() {
        works.extend(song_works(name, base, &[]));
    }
    for (name, base, may) in real::bases() {
        works.extend(song_works(name, &base, may));
        works.push(Box::new(move |tally: &mut Tally| songs::coders(tally, name, &base)));
    }
    works.extend(real::works());
    let tally = run(&works);
    tally.print();
    tally.print_figures();
    tally.print_rare(2);
    tally.demand(0.95);
}
