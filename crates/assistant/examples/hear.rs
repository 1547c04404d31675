//! Prints what the assistant hears in a folder: `cargo run --release -p tonmeister-assistant --example hear -- FOLDER`.

#![allow(clippy::print_stdout, reason = "it is a program that prints")]

use assistant::hear::{Options, hear};
use studio::job::Job;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(folder) = args.first() else { return };
    let options =
        Options { ignore_names: args.iter().any(|arg| arg == "--ignore-names"), ..Options::default() };
    match hear(std::path::Path::new(folder), &Job::quiet(), &options) {
        Err(error) => println!("{error}"),
        Ok(song) => print(&song),
    }
}

fn print(song: &assistant::hear::Song) {
    println!(
        "{:24} {:>6} {:>5} {:>5} {:>4} {:>6} {:>5} {:>4} {:>5} {:>5} {:>5} {:>5} {:>5} {:>5} {:>5} {:>5} {:>4} {:>5} {:>5}",
        "name",
        "LA",
        "peak",
        "crest",
        "act",
        "centr",
        "flat",
        "low",
        "high",
        "ons/s",
        "dec",
        "pShr",
        "perio",
        "f0",
        "vib",
        "glide",
        "sib",
        "tail",
        "s/m"
    );
    for track in &song.tracks {
        let f = &track.facts;
        let name: String = track.name.chars().take(24).collect();
        println!(
            "{name:24} {:6.1} {:5.1} {:5.1} {:4.2} {:6.0} {:5.2} {:4.2} {:5.2} {:5.1} {:5.2} {:5.2} {:5.2} {:5.0} {:5.2} {:5.1} {:4.1} {:5.2} {:5.1}  {:?} {} {:.2} {}",
            f.active_lufs.unwrap_or(-99.0),
            f.peak_dbfs,
            f.crest_db,
            f.active_share,
            f.centroid_hz,
            f.flatness,
            f.low_share,
            f.high_share,
            f.onsets_per_second,
            f.decay_seconds.unwrap_or(-1.0),
            f.pitch.share,
            f.pitch.periodicity,
            f.pitch.median_hz,
            f.pitch.vibrato_share,
            f.pitch.glide_semitones_per_second,
            f.sibilance.map_or(0.0, |s| s.per_second),
            f.tail.map_or(-1.0, |t| t.rt60_seconds),
            f.stereo.as_ref().map_or(-99.0, |s| s.side_to_mid_db),
            track.use_as,
            track.role.role.name,
            track.role.confidence,
            track
                .role
                .because
                .iter()
                .map(|e| format!("[{:?} {} {:.2} {}]", e.source, e.role, e.weight, e.text))
                .collect::<String>()
        );
        for r in &f.resonances {
            println!("    resonance {r:?}");
        }
    }
    println!("{:#?}", song.time.tempo);
    println!(
        "beats {} bars {} per bar {} key {:?} {:?} tuning {:.1}",
        song.time.beats_seconds.len(),
        song.time.bars_seconds.len(),
        song.time.beats_per_bar,
        song.time.key.map(|k| k.name()),
        song.time.key.map(|k| k.confidence),
        song.time.tuning_cents
    );
    for section in &song.time.sections {
        println!("section {section:?}");
    }
    println!("count-in {:?}", song.time.count_in);
    for a in &song.alignments {
        println!("{} against {}: {a:?}", song.tracks[a.track].name, song.tracks[a.reference].name);
    }
    for pair in &song.pairs {
        println!("{pair:?}");
    }
    println!("{:?}", song.rough_mix);
    for f in &song.findings {
        println!("{:?} {} {}: {} (limit {}); {}", f.severity, f.rule, f.about, f.measured, f.limit, f.advice);
    }
}
