//! `mix`: sessions and folders become prints.

use crate::kit::{
    RATE_HZ, by_ffmpeg, err, expect_code, folder, json, names, out, run, song, tool, write_wav,
};
use std::fs;
use std::path::Path;
use testkit::signals::sine;

/// A folder of three tracks and a session with a bus, a send and inserts over them.
fn session(dir: &Path) {
    let audio = dir.join("audio");
    fs::create_dir(&audio).unwrap();
    let both = song(4.0);
    write_wav(&audio.join("kick.wav"), &[both[0].clone()], RATE_HZ, 24);
    write_wav(&audio.join("keys.wav"), &both, RATE_HZ, 24);
    write_wav(&audio.join("lead vocal.wav"), &[sine(330.0, 0.4, 0.0, 3.0, 44_100.0)], RATE_HZ, 16);
    let text = r#"
version = 1

[session]
name = "Night Train"
sample_rate_hz = 44100

[[track]]
id = "kick"
file = "audio/kick.wav"
output = "band"

[[track]]
id = "keys"
file = "audio/keys.wav"
output = "band"
fader_db = -3.0

[[track]]
id = "lead"
file = "audio/lead vocal.wav"
pan = -0.25
insert = [{ compressor = { threshold_db = -20.0, ratio = 3.0 } }]

[[bus]]
id = "band"
fader_db = -1.0
"#;
    fs::write(dir.join("session.toml"), text).unwrap();
}

#[test]
fn a_session_becomes_a_print_with_room_and_its_loudness_written_in_it() {
    let dir = folder();
    session(dir.path());
    let output = run(dir.path(), ["mix", "session.toml", "-o", "print.wav"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("mixed 3 tracks and 1 buses"), "{}", out(&output));
    let print = dir.path().join("print.wav");
    assert_eq!(hound::WavReader::open(&print).unwrap().spec().bits_per_sample, 24);
    let Some(heard) = by_ffmpeg(&print) else { return };
    assert!(heard.true_peak_dbtp <= -3.0 && heard.sample_peak_dbfs <= -3.0, "{}", heard.true_peak_dbtp);
    assert!(heard.true_peak_dbtp > -3.3, "turned down no more than needed: {}", heard.true_peak_dbtp);
    let fields = fs::read(&print).unwrap();
    let at = fields.windows(4).position(|four| four == b"bext").unwrap() + 8;
    let field =
        |offset: usize| f64::from(i16::from_le_bytes([fields[at + offset], fields[at + offset + 1]])) / 100.0;
    // EBU Tech 3285 v2: Version at 346, LoudnessValue at 412, MaxTruePeakLevel at 416.
    assert_eq!(fields[at + 346], 2);
    assert!((field(412) - heard.integrated_lufs).abs() < 0.06, "{}", field(412));
    assert!((field(416) - heard.true_peak_dbtp).abs() < 0.15, "{}", field(416));
    let Some(info) = tool("mediainfo", ["--Full", &print.display().to_string()]) else { return };
    assert!(out(&info).contains("Tonmeister") && out(&info).contains("Night Train"), "{}", out(&info));
}

#[test]
fn the_same_session_gives_the_same_bytes_on_any_number_of_threads() {
    let dir = folder();
    session(dir.path());
    for (name, threads) in [("a.wav", "1"), ("b.wav", "2"), ("c.wav", "9")] {
        expect_code(&run(dir.path(), ["mix", "session.toml", "-o", name, "-j", threads]), 0);
    }
    let read = |name: &str| fs::read(dir.path().join(name)).unwrap();
    assert!(read("a.wav") == read("b.wav") && read("a.wav") == read("c.wav"));
}

#[test]
fn mistakes_are_all_told_with_their_lines() {
    let dir = folder();
    session(dir.path());
    let path = dir.path().join("session.toml");
    let text = fs::read_to_string(&path).unwrap();
    let wrong = text.replace("fader_db = -3.0", "fadre_db = -3.0").replace("ratio = 3.0", "ratio = 0.5");
    fs::write(&path, &wrong).unwrap();
    let output = run(dir.path(), ["mix", "session.toml", "-o", "print.wav"]);
    expect_code(&output, 3);
    let said = err(&output);
    for word in ["fadre_db", "ratio"] {
        let line = 1 + wrong[..wrong.find(word).unwrap()].matches('\n').count();
        assert!(said.contains(&format!("session.toml:{line}:")), "{word} in line {line}: {said}");
    }
    assert!(said.contains("did you mean `fader_db`?"), "{said}");
    assert!(!dir.path().join("print.wav").exists());
    fs::write(&path, text.replace("lead vocal.wav", "lead vokal.wav")).unwrap();
    let output = run(dir.path(), ["mix", "session.toml", "-o", "print.wav"]);
    assert!(err(&output).contains("lead vocal.wav"), "{}", err(&output));
    assert!([3, 4].contains(&output.status.code().unwrap()));
    assert_eq!(names(dir.path()), ["audio", "session.toml"]);
}

#[test]
fn a_folder_gets_a_session_that_renders_to_the_same_bytes_again() {
    let dir = folder();
    session(dir.path());
    fs::remove_file(dir.path().join("session.toml")).unwrap();
    fs::create_dir(dir.path().join("out")).unwrap();
    let output = run(dir.path(), ["mix", "audio", "-o", "out/print.wav"]);
    expect_code(&output, 0);
    assert_eq!(names(&dir.path().join("out")), ["print.wav", "session.toml"]);
    let again = ["mix", "out/session.toml", "-o", "out/again.wav", "--allow-external"];
    expect_code(&run(dir.path(), again), 0);
    let read = |name: &str| fs::read(dir.path().join("out").join(name)).unwrap();
    assert!(read("print.wav") == read("again.wav"));
    // Nothing of it is replaced without being asked.
    let before = (read("print.wav"), read("session.toml"));
    for (print, present) in [("out/print.wav", "session.toml"), ("out/other.wav", "session.toml")] {
        let output = run(dir.path(), ["mix", "audio", "-o", print]);
        expect_code(&output, 4);
        assert!(err(&output).contains("[exists]") && err(&output).contains(present), "{}", err(&output));
    }
    expect_code(&run(dir.path(), ["mix", "out/session.toml", "-o", "out/again.wav", "--allow-external"]), 4);
    assert!(before == (read("print.wav"), read("session.toml")));
    expect_code(&run(dir.path(), ["mix", "audio", "-o", "out/print.wav", "--force"]), 0);
    assert!(before == (read("print.wav"), read("session.toml")), "and the same again by force");
    assert_eq!(names(&dir.path().join("out")), ["again.wav", "print.wav", "session.toml"]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let dir = folder();
    session(dir.path());
    for input in ["session.toml", "audio"] {
        let before = (names(dir.path()), names(&dir.path().join("audio")));
        let output = run(dir.path(), ["mix", input, "-o", "new/print.wav", "--dry-run"]);
        let output = if input == "audio" {
            run(dir.path(), ["mix", input, "-o", "audio/print.wav", "--dry-run"])
        } else {
            output
        };
        expect_code(&output, 0);
        assert!(out(&output).contains("3 tracks, nothing wrong"), "{}", out(&output));
        assert_eq!(before, (names(dir.path()), names(&dir.path().join("audio"))));
    }
    let output = run(dir.path(), ["mix", "session.toml", "-o", "print.wav", "--dry-run", "--json"]);
    assert_eq!(json(&output)["tracks"], 3);
}

#[test]
fn a_print_never_replaces_what_it_is_made_of() {
    let dir = folder();
    session(dir.path());
    for target in ["audio/kick.wav", "session.toml", "./audio/../session.toml"] {
        let before = fs::read(dir.path().join(target)).unwrap();
        let output = run(dir.path(), ["mix", "session.toml", "-o", target, "--force"]);
        expect_code(&output, 2);
        assert!(err(&output).contains("[output_is_input]"), "{}", err(&output));
        assert!(fs::read(dir.path().join(target)).unwrap() == before);
    }
    let output = run(dir.path(), ["mix", "audio", "-o", "session.toml", "--force"]);
    expect_code(&output, 2);
}

#[test]
fn tracks_outside_the_folder_of_the_session_are_refused_unless_allowed() {
    let dir = folder();
    session(dir.path());
    fs::create_dir(dir.path().join("sub")).unwrap();
    let text = fs::read_to_string(dir.path().join("session.toml")).unwrap().replace("audio/", "../audio/");
    fs::write(dir.path().join("sub/session.toml"), text).unwrap();
    let output = run(dir.path(), ["mix", "sub/session.toml", "-o", "print.wav"]);
    expect_code(&output, 3);
    assert!(err(&output).contains("--allow-external"), "{}", err(&output));
    expect_code(&run(dir.path(), ["mix", "sub/session.toml", "-o", "print.wav", "--allow-external"]), 0);
}

#[test]
fn the_whole_way_from_tracks_to_a_master_by_hand() {
    let dir = folder();
    session(dir.path());
    expect_code(&run(dir.path(), ["mix", "session.toml", "-o", "print.wav", "--quiet"]), 0);
    expect_code(&run(dir.path(), ["check", "print.wav", "--quiet"]), 0);
    let output = run(dir.path(), ["master", "print.wav", "--for", "spotify", "-o", "masters", "--json"]);
    expect_code(&output, 0);
    let report = json(&output);
    let lufs = report["masters"][0]["measurements"]["integrated_lufs"].as_f64().unwrap();
    assert!((lufs + 14.0).abs() <= 0.1, "{lufs}");
}
