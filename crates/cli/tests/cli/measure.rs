//! `measure`: numbers, several files, and whatever names and things are given in place of files.

use crate::kit::{
    code, err, expect_code, folder, json, out, run, shared, song, tonmeister, tool, write_song, write_wav,
};
use std::ffi::OsString;
use std::path::Path;
use testkit::signals::sine;

#[test]
fn the_table_and_the_json_tell_the_level_that_was_put_in() {
    let dir = folder();
    // 1 kHz at -18 dBFS on both channels: by BS.1770, -0.691 + K(997 Hz ≈ 1 kHz: 0.69) - 18 - 3.01 + 3.01 dB.
    let tone = sine(997.0, testkit::signals::db(-18.0), 0.0, 5.0, 48_000.0);
    write_wav(&dir.path().join("tone.wav"), &[tone.clone(), tone], 48_000, 24);
    let text = run(dir.path(), ["measure", "tone.wav"]);
    expect_code(&text, 0);
    assert!(out(&text).contains("tone.wav") && out(&text).contains("-18.00 LUFS"), "{}", out(&text));
    assert!(out(&text).contains("-18.00 dBFS") && out(&text).contains("48000 Hz"), "{}", out(&text));
    let output = run(dir.path(), ["measure", "--json", "tone.wav"]);
    let numbers = &json(&output)["files"][0]["measurements"];
    assert!((numbers["integrated_lufs"].as_f64().unwrap() + 18.0).abs() < 0.02, "{numbers}");
    assert!((numbers["sample_peak_dbfs"].as_f64().unwrap() + 18.0).abs() < 0.01, "{numbers}");
    assert_eq!(json(&output)["errors"].as_array().map(Vec::len), Some(0));
}

#[test]
fn one_broken_file_does_not_hide_the_others() {
    let dir = folder();
    write_song(dir.path(), "good.wav", 1.0);
    std::fs::write(dir.path().join("broken.wav"), b"RIFF").unwrap();
    let output = run(dir.path(), ["measure", "broken.wav", "good.wav", "missing.wav"]);
    expect_code(&output, 6);
    assert!(out(&output).contains("good.wav") && !out(&output).contains("broken.wav"), "{}", out(&output));
    assert!(err(&output).contains("broken.wav") && err(&output).contains("[not_found]"), "{}", err(&output));
    let output = run(dir.path(), ["measure", "--json", "broken.wav", "good.wav"]);
    expect_code(&output, 6);
    assert_eq!(json(&output)["files"].as_array().map(Vec::len), Some(1));
    assert_eq!(json(&output)["errors"][0]["at"], "broken.wav");
}

#[test]
fn broken_is_three_and_missing_is_four() {
    let dir = folder();
    std::fs::write(dir.path().join("empty.wav"), b"").unwrap();
    std::fs::write(dir.path().join("text.wav"), b"Dear mastering engineer,\n").unwrap();
    expect_code(&run(dir.path(), ["measure", "empty.wav", "text.wav"]), 3);
    let output = run(dir.path(), ["measure", "--json", "text.wav"]);
    expect_code(&output, 3);
    assert_eq!(json(&output)["errors"][0]["code"], "not_audio");
    for command in
        [&["measure", "no.wav"][..], &["check", "no.wav"], &["master", "no.wav", "--for", "cd", "-o", "m"]]
    {
        expect_code(&run(dir.path(), command), 4);
    }
    assert!(!dir.path().join("m").exists(), "nothing is made for a print that is not there");
}

#[test]
fn the_shared_broken_files_are_told_apart_quickly() {
    let Some(audio) = shared("pathological/broken") else { return };
    let mut command = tonmeister();
    command.arg("measure").arg("--json");
    command.args(std::fs::read_dir(audio).unwrap().map(|entry| entry.unwrap().path()));
    let output = command.timeout(std::time::Duration::from_secs(10)).output().unwrap();
    expect_code(&output, 6);
    assert!(json(&output)["errors"].as_array().is_some_and(|errors| errors.len() >= 5));
}

#[test]
fn names_of_every_kind_are_read_and_cannot_steer_the_terminal() {
    let dir = folder();
    let long = format!("{}.wav", "ü".repeat(125));
    assert_eq!(long.len(), 254);
    let names = [
        "🎚 mix.wav",
        "line\nbreak.wav",
        "rtl\u{202E}vaw.exe",
        "esc\u{1b}[31m.wav",
        "=cmd().wav",
        "<script>.wav",
        "a\tb.wav",
        &long,
    ];
    for name in names {
        write_wav(&dir.path().join(name), &song(0.5), 44_100, 16);
        for command in ["measure", "check"] {
            let output = run(dir.path(), [command, name]);
            assert!([0, 5].contains(&code(&output)), "{command} {name:?}: {}", err(&output));
            let shown = out(&output) + &err(&output);
            assert!(!shown.contains(['\u{1b}', '\u{202E}', '\t']), "{command} {name:?}: {shown}");
            assert!(!shown.contains("\nbreak"), "{command}: a name broke the line: {shown}");
            let output = run(dir.path(), [command, "--json", name]);
            assert_eq!(json(&output)["files"][0]["file"], name, "JSON keeps the name");
        }
    }
    // A name that is in the way of an error cannot either.
    let output = run(dir.path(), ["measure", "no\u{1b}]0;x\u{7}\nerror: forged.wav"]);
    assert!(
        !err(&output).contains(['\u{1b}', '\u{7}']) && !err(&output).contains("\nerror: forged"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_leading_dash_is_a_name_behind_two_dashes() {
    let dir = folder();
    write_wav(&dir.path().join("-x.wav"), &song(0.5), 44_100, 16);
    expect_code(&run(dir.path(), ["measure", "-x.wav"]), 2);
    expect_code(&run(dir.path(), ["measure", "--", "-x.wav"]), 0);
    expect_code(&run(dir.path(), ["measure", "./-x.wav"]), 0);
    expect_code(&run(dir.path(), ["master", "--for", "spotify", "-o", "m", "--", "-x.wav"]), 0);
    assert!(dir.path().join("m/-x.spotify.wav").exists());
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_read() {
    use std::os::unix::ffi::OsStringExt;
    let dir = folder();
    let name = OsString::from_vec(b"mix\xff\xfe.wav".to_vec());
    write_wav(&dir.path().join(&name), &song(0.5), 44_100, 16);
    for command in ["measure", "check"] {
        let output = run(dir.path(), [OsString::from(command), OsString::from("--json"), name.clone()]);
        assert!([0, 5].contains(&code(&output)), "{}", err(&output));
        json(&output);
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    let dir = folder();
    let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, dir.path().join(name)).unwrap();
    link("nowhere.wav", "broken link.wav");
    link("loop.wav", "loop.wav");
    let mut things = vec![".", "/dev/null", "/dev/zero", "/proc/self/mem", "broken link.wav", "loop.wav", ""];
    if tool("mkfifo", [dir.path().join("pipe.wav")]).is_some_and(|made| made.status.success()) {
        things.push("pipe.wav");
    }
    for thing in things {
        let calls: [&[&str]; 4] = [
            &["measure", thing],
            &["master", thing, "--for", "cd", "-o", "m"],
            &["mix", thing, "-o", "print.wav"],
            &["master", "x.wav", "--chain", thing, "-o", "m"],
        ];
        for call in calls {
            let mut command = tonmeister();
            command.current_dir(dir.path()).args(call).timeout(std::time::Duration::from_secs(5));
            let output = command.output().unwrap();
            // An empty word is a wrong call.
            let codes: &[i32] = if thing.is_empty() { &[2, 4] } else { &[3, 4] };
            assert!(codes.contains(&code(&output)), "{call:?}: {:?} {}", output.status, err(&output));
        }
    }
}

#[test]
fn no_color_and_pipes_have_no_colours_and_columns_are_kept() {
    let dir = folder();
    for name in ["one.wav", "two.wav", "three.wav"] {
        write_wav(&dir.path().join(name), &song(0.5), 44_100, 16);
    }
    for columns in ["60", "80", "100", "junk", "0", "99999999999999999999"] {
        let mut command = tonmeister();
        command.current_dir(dir.path()).args(["measure", "one.wav", "two.wav", "three.wav"]);
        let output = command.env("COLUMNS", columns).env("NO_COLOR", "1").output().unwrap();
        expect_code(&output, 0);
        let room = columns.parse().unwrap_or(100_usize).clamp(60, 110);
        let widest = out(&output).lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= room, "{columns}: {widest}");
        assert!(!out(&output).contains('\u{1b}') && !err(&output).contains('\u{1b}'));
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    let dir = folder();
    write_song(dir.path(), "a.wav", 0.5);
    let program = assert_cmd::cargo::cargo_bin("tonmeister");
    for call in [
        "measure a.wav",
        "measure --json a.wav",
        "check a.wav",
        "fx",
        "targets",
        "completions bash",
        "man",
        "--help",
    ] {
        let script = format!("{{ '{}' {call}; echo code $? >&2; }} | true", program.display());
        let Some(output) = tool("sh", ["-c", &format!("cd '{}' && {script}", dir.path().display())]) else {
            return;
        };
        let said = err(&output);
        assert!(!said.contains("panic") && !said.contains("error"), "{call}: {said}");
        assert!(["code 0", "code 5"].iter().any(|code| said.contains(code)), "{call}: {said}");
    }
}

#[test]
fn the_order_of_the_files_is_kept_and_a_file_may_come_twice() {
    let dir = folder();
    write_song(dir.path(), "b.wav", 0.5);
    write_song(dir.path(), "a.wav", 0.5);
    let output = run(dir.path(), ["measure", "--json", "b.wav", "a.wav", "b.wav"]);
    let files = json(&output);
    let names: Vec<_> = files["files"].as_array().unwrap().iter().map(|file| file["file"].clone()).collect();
    assert_eq!(names, ["b.wav", "a.wav", "b.wav"]);
    assert_eq!(files["files"][0], files["files"][2]);
    assert!(Path::new("b.wav").is_relative());
}
