//! Planted faults, each with a clean twin: what `assess` finds, what it misses, what it makes up.
//!
//! `cargo test --release -p tonmeister-advice --test faults -- --ignored --nocapture` prints the table of everything; the rest is a
//! fast part of it. `FAULTS=word` runs only the cases whose names have that word in them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod bands;
mod evidence;
mod folders;
mod kit;
mod make;
mod real;
mod songs;
mod tally;
mod tracks;

use bands::Band;
use kit::Sound;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tally::Tally;

/// Cases that judge themselves.
pub(crate) struct Work {
    name: String,
    run: Box<dyn Fn(&mut Tally) + Send + Sync>,
}

impl Work {
    pub(crate) fn new(name: &str, run: impl Fn(&mut Tally) + Send + Sync + 'static) -> Self {
        Self { name: name.to_owned(), run: Box::new(run) }
    }
}

/// Does everything on two threads and counts it in one table.
fn run(works: &[Work]) -> Tally {
    let wanted = std::env::var("FAULTS").unwrap_or_default();
    let works: Vec<&Work> = works.iter().filter(|work| work.name.contains(&wanted)).collect();
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(work) = works.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut own = Tally::default();
                    (work.run)(&mut own);
                    all.lock().unwrap().join(own);
                }
            });
        }
    });
    let mut tally = all.into_inner().unwrap();
    tally.sort();
    tally
}

/// What is done to the tracks of a band.
type Plant = fn(&mut Tally, &Band);
const PLANTS: [(&str, Plant); 8] = [
    ("clean", tracks::clean),
    ("exported wrong", tracks::exported_wrong),
    ("exported nearly wrong", tracks::exported_nearly_wrong),
    ("recorded wrong", tracks::recorded_wrong),
    ("recorded nearly wrong", tracks::recorded_nearly_wrong),
    ("dressed", tracks::dressed),
    ("mixes", tracks::mixes),
    ("starts", tracks::stamped),
];
/// What needs somebody who sings, a whole kit, or two sides of a guitar.
const SUNG: [(&str, Plant); 5] = [
    ("rooms", tracks::rooms),
    ("bleeding", tracks::bleeding),
    ("covered", tracks::covered),
    ("missing", tracks::missing),
    ("stems", folders::stems_of_a_mix),
];

fn band_works(band: &Band, plants: &[(&str, Plant)]) -> Vec<Work> {
    let work = |(title, plant): &(&str, Plant)| {
        let (band, plant) = (band.clone(), *plant);
        Work::new(&format!("{}, {title}", band.name), move |tally| plant(tally, &band))
    };
    plants.iter().map(work).collect()
}

/// A base and every fault on it.
fn song_works(name: &'static str, base: &Sound, may: &'static [&'static str]) -> Vec<Work> {
    let one = |number: Option<usize>| {
        let base = base.clone();
        Work::new(&format!("{name}, {}", songs::title(number)), move |tally| {
            songs::one(tally, name, &base, number, may);
        })
    };
    let mut works: Vec<Work> = std::iter::once(None).chain((0..songs::count()).map(Some)).map(one).collect();
    let own = base.clone();
    works.push(Work::new(&format!("{name}, opus"), move |tally| songs::opus(tally, name, &own)));
    works
}

/// A whole band, and a voice with keys and a bass.
fn synthetic() -> [(&'static str, Sound); 2] {
    [
        ("band", kit::demo_mix(28.0, 6.0, &[])),
        ("trio", kit::demo_mix(12.0, 6.0, &["LeadVox", "Keys", "Bass"])),
    ]
}

/// Two songs of a record.
fn record() -> Work {
    let songs = [kit::demo_mix(28.0, 8.0, &[]), kit::demo_mix(8.0, 6.0, &[])];
    Work::new("record", move |tally| folders::albums(tally, "record", &songs))
}

#[test]
fn a_part_of_the_corpus_has_no_miss_and_no_false_alarm() {
    let [(name, band), _] = synthetic();
    let mut works = song_works(name, &band, &[]);
    works.extend(band_works(&bands::synthetic(0), &PLANTS));
    works.extend(band_works(&bands::synthetic(0), &SUNG));
    works.push(record());
    let tally = run(&works);
    tally.print();
    tally.demand(1.0);
}

/// Everything is one table, so that rules are judged over all of it.
#[test]
#[ignore = "some minutes: the whole corpus, synthetic and real"]
fn the_whole_corpus_reaches_95_per_cent_for_every_rule() {
    let mut works = Vec::new();
    for number in [0, 1] {
        works.extend(band_works(&bands::synthetic(number), &PLANTS));
        works.extend(band_works(&bands::synthetic(number), &SUNG));
    }
    if let Some(rock) = bands::rock() {
        works.extend(band_works(&rock, &PLANTS));
    }
    works.push(Work::new("sung, tracks", tracks::real_voice));
    works.push(Work::new("sung, stems", folders::real_stems));
    works.push(record());
    works.extend(real::record());
    for (name, base) in &synthetic() {
        works.extend(song_works(name, base, &[]));
    }
    for (name, base, may) in real::bases() {
        works.extend(song_works(name, &base, may));
        works.push(Work::new(&format!("{name}, coders"), move |tally| songs::coders(tally, name, &base)));
    }
    works.extend(real::works());
    let tally = run(&works);
    tally.print();
    tally.print_figures();
    tally.demand(0.95);
    if std::env::var_os("FAULTS").is_none() {
        tally.demand_plants(4, 2);
    }
}
