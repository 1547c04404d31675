//! Assists a folder or a session and prints it: `try INPUT OUT.toml [print.wav] [STYLE] [strength…]`. For looking at by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
use std::path::Path;
use studio::job::Job;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let start = std::time::Instant::now();
    let input = Path::new(&args[1]).canonicalize().unwrap();
    let out = Path::new(&args[2]);
    let folder = out.parent().unwrap();
    let request = assistant::Request {
        style: args.get(4).cloned(),
        strengths: args.get(5).into_iter().cloned().collect(),
        ..Default::default()
    };
    let way = if input.is_dir() { input.clone() } else { std::path::PathBuf::new() };
    let made = assistant::assist(&input, folder, &way, &request, &Job::quiet());
    let made = made.unwrap_or_else(|errors| panic!("{errors:#?}"));
    std::fs::write(out, &made.text).unwrap();
    println!("assisted in {:.1} s", start.elapsed().as_secs_f64());
    for finding in &made.findings {
        println!("! {} {}: {} ({})", finding.rule, finding.about, finding.measured, finding.advice);
    }
    println!("{:#?}", made.balance);
    let which = assistant::explain::Which { all: true, ..Default::default() };
    println!("{}", assistant::explain::text(&made.moves, &which));
    if let Some(print) = args.get(3).filter(|print| *print != "-") {
        let options = studio::session::Options { allow_external: true };
        let session = studio::session::Session::load(out, options).unwrap();
        let mix = studio::mix::Options { force: true, ..Default::default() };
        let print = studio::mix::render(&session, Path::new(print), &Job::quiet(), mix).unwrap();
        let m = print.measurements();
        println!("print {:?} LUFS, {:.2} dBTP, gain {:+.1}, side/mid {:?}, l/r {:?}, crest {:?}", m.integrated_lufs, m.true_peak_worst_dbtp(), print.gain_db(), m.side_to_mid_db, m.left_to_right_db, m.crest_db);
        println!("all in {:.1} s", start.elapsed().as_secs_f64());
    }
}
