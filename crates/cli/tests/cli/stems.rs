//! `stems`, and `mix` with snapshots and alternates.

use crate::kit::{RATE_HZ, err, expect_code, folder, json, names, out, run, song, write_wav};
use std::fs;
use std::path::Path;
use testkit::signals::sine;

const SESSION: &str = r#"
version = 1
[session]
name = "Night Train"
sample_rate_hz = 44100
[[track]]
id = "kick"
file = "kick.wav"
output = "band"
[[track]]
id = "keys"
file = "keys.wav"
output = "band"
sends = [{ to = "plate", gain_db = -10.0 }]
[[track]]
id = "lead"
name = "Lead vocal"
file = "lead.wav"
sends = [{ to = "plate", gain_db = -6.0 }]
[[bus]]
id = "band"
[[bus]]
id = "plate"
insert = [{ reverb = {} }]
[[snapshot]]
id = "dry"
set = { "plate.mute" = true }
[[snapshot]]
id = "narrow"
set = { "keys.width" = 0.0 }
"#;

fn session(dir: &Path) {
    let both = song(3.0);
    write_wav(&dir.join("kick.wav"), &[both[0].clone()], RATE_HZ, 24);
    write_wav(&dir.join("keys.wav"), &both, RATE_HZ, 24);
    write_wav(&dir.join("lead.wav"), &[sine(330.0, 0.3, 0.0, 3.0, 44_100.0)], RATE_HZ, 16);
    fs::write(dir.join("session.toml"), SESSION).unwrap();
}

/// Samples of a 24-bit or float file, channels interleaved.
fn samples(path: &Path) -> Vec<f64> {
    let mut reader = hound::WavReader::open(path).unwrap();
    match reader.spec().sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().map(|x| f64::from(x.unwrap())).collect(),
        hound::SampleFormat::Int => {
            reader.samples::<i32>().map(|x| f64::from(x.unwrap()) / 8_388_608.0).collect()
        }
    }
}

#[test]
fn stems_add_up_to_the_mix_as_another_reader_hears_them() {
    let dir = folder();
    session(dir.path());
    for (flag, bits) in [("--float", 32), ("--no-dither", 24)] {
        let output = run(dir.path(), ["stems", "session.toml", "-o", "s", flag, "--force"]);
        expect_code(&output, 0);
        assert!(out(&output).contains("they add up to the mix"), "{}", out(&output));
        let stems = dir.path().join("s");
        assert_eq!(names(&stems), ["band.wav", "lead.wav", "mix.wav", "stems.json"]);
        assert_eq!(hound::WavReader::open(stems.join("band.wav")).unwrap().spec().bits_per_sample, bits);
        let [mix, band, lead] =
            ["mix", "band", "lead"].map(|name| samples(&stems.join(format!("{name}.wav"))));
        assert!(mix.len() == band.len() && mix.len() == lead.len());
        let worst = (0..mix.len()).map(|n| (mix[n] - band[n] - lead[n]).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-6, "-120 dBFS: {worst}");
    }
    let output = run(dir.path(), ["stems", "session.toml", "-o", "s", "--by", "track"]);
    expect_code(&output, 4);
    assert!(err(&output).contains("[exists]"), "{}", err(&output));
    let output = run(
        dir.path(),
        ["stems", "session.toml", "-o", "t", "--by", "track", "--returns", "separate", "--json"],
    );
    expect_code(&output, 0);
    let report = json(&output);
    let files: Vec<&str> =
        report["stems"].as_array().unwrap().iter().map(|stem| stem["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["kick.wav", "keys.wav", "lead.wav", "return_plate.wav"]);
    assert!(report["null"]["rms_dbfs"].as_f64().unwrap() < -120.0);
}

#[test]
fn a_dry_multitrack_has_the_bits_of_the_recordings() {
    let dir = folder();
    session(dir.path());
    expect_code(&run(dir.path(), ["stems", "session.toml", "-o", "dry", "--multitrack"]), 0);
    assert_eq!(names(&dir.path().join("dry")), ["keys.wav", "kick.wav", "lead.wav", "stems.json"]);
    assert!(samples(&dir.path().join("dry/keys.wav")) == samples(&dir.path().join("keys.wav")));
    assert!(samples(&dir.path().join("dry/kick.wav")) == samples(&dir.path().join("kick.wav")));
}

#[test]
fn snapshots_are_printed_side_by_side_with_a_table_of_what_differs() {
    let dir = folder();
    session(dir.path());
    let output = run(dir.path(), ["mix", "session.toml", "--snapshot", "all", "-o", "prints"]);
    expect_code(&output, 0);
    assert_eq!(names(&dir.path().join("prints")), ["dry.wav", "narrow.wav"]);
    let table = out(&output);
    assert!(table.contains("LUFS") && table.contains("dry.wav") && table.contains("narrow.wav"), "{table}");
    let args = ["mix", "session.toml", "--snapshot", "dry,narrow", "--match-loudness", "-o", "m", "--json"];
    let report = json(&run(dir.path(), args));
    let lufs = |n: usize| report["prints"][n]["integrated_lufs"].as_f64().unwrap();
    assert!((lufs(0) - lufs(1)).abs() < 0.02, "{report}");
    let side = |n: usize| report["prints"][n]["side_to_mid_db"].as_f64().unwrap();
    assert!(side(1) < side(0));
    let output = run(dir.path(), ["mix", "session.toml", "--snapshot", "dyr", "-o", "x"]);
    expect_code(&output, 2);
    assert!(err(&output).contains("did you mean `dry`?"), "{}", err(&output));
    assert!(!dir.path().join("x").exists());
    let wrong = SESSION.replace("plate.mute", "plaet.mute");
    fs::write(dir.path().join("session.toml"), &wrong).unwrap();
    let output = run(dir.path(), ["mix", "session.toml", "--snapshot", "dry", "-o", "x"]);
    expect_code(&output, 3);
    let line = 1 + wrong[..wrong.find("plaet").unwrap()].matches('\n').count();
    assert!(err(&output).contains(&format!("session.toml:{line}:")), "{}", err(&output));
    assert!(err(&output).contains("plate.mute"), "{}", err(&output));
}

#[test]
fn alternates_line_up_with_the_print_of_the_same_session() {
    let dir = folder();
    session(dir.path());
    expect_code(&run(dir.path(), ["mix", "session.toml", "-o", "print.wav"]), 0);
    let args = ["mix", "session.toml", "--alternate", "instrumental,acappella", "-o", "alt"];
    expect_code(&run(dir.path(), args), 0);
    let alt = dir.path().join("alt");
    assert_eq!(names(&alt), ["acappella.wav", "instrumental.wav", "main.wav"]);
    let print = samples(&dir.path().join("print.wav"));
    let [band, voice] = ["instrumental", "acappella"].map(|name| samples(&alt.join(format!("{name}.wav"))));
    assert!(print.len() == band.len() && print.len() == voice.len());
    let worst = (0..print.len()).map(|n| (print[n] - band[n] - voice[n]).abs()).fold(0.0, f64::max);
    assert!(worst < 6.0 / 8_388_608.0, "three dithers: {worst}");
    let output = run(dir.path(), ["mix", "session.toml", "--alternate", "tv", "--lead", "laed", "-o", "b"]);
    expect_code(&output, 2);
    assert!(err(&output).contains("did you mean `lead`?"), "{}", err(&output));
}
