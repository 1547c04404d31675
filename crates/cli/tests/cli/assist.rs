//! `assist` and `explain`.

use crate::kit::{RATE_HZ, err, expect_code, folder, json, names, out, run, write_wav};
use std::fs;
use std::path::Path;
use testkit::signals::sine;

/// Three tracks that say what they are, and sound like it as far as sines can.
fn tracks(dir: &Path) {
    let audio = dir.join("audio");
    fs::create_dir(&audio).unwrap();
    let hits = |hz: f64| -> Vec<f64> {
        (0..6 * RATE_HZ as usize)
            .map(|n| {
                let t = n as f64 / f64::from(RATE_HZ) % 0.5;
                0.8 * libm::exp(-t * 18.0) * libm::sin(2.0 * std::f64::consts::PI * hz * t)
            })
            .collect()
    };
    write_wav(&audio.join("kick.wav"), &[hits(60.0)], RATE_HZ, 24);
    write_wav(&audio.join("bass.wav"), &[sine(82.0, 0.3, 0.0, 6.0, f64::from(RATE_HZ))], RATE_HZ, 24);
    write_wav(&audio.join("gtr.wav"), &[sine(880.0, 0.1, 0.0, 6.0, f64::from(RATE_HZ))], RATE_HZ, 24);
    write_wav(&audio.join("lead vocal.wav"), &[sine(330.0, 0.02, 0.0, 6.0, f64::from(RATE_HZ))], RATE_HZ, 24);
}

#[test]
fn a_folder_becomes_a_session_that_says_why_and_renders() {
    let dir = folder();
    tracks(dir.path());
    let output = run(dir.path(), ["assist", "audio", "-o", "session.toml", "--style", "rock"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("balance.trim 4"), "{}", out(&output));
    assert_eq!(names(dir.path()), ["audio", "session.toml"]);
    let text = fs::read_to_string(dir.path().join("session.toml")).unwrap();
    assert!(text.contains("style = \"rock\"") && text.contains("audio/lead vocal.wav"), "{text}");
    let said = run(dir.path(), ["explain", "session.toml", "--track", "lead_vocal", "--all"]);
    expect_code(&said, 0);
    assert!(out(&said).contains("working level of -23 LUFS"), "{}", out(&said));
    assert!(out(&said).contains("measured: active lufs"), "{}", out(&said));
    let told = run(dir.path(), ["explain", "session.toml", "--rule", "balance", "--json"]);
    let moves = json(&told);
    assert!(moves["moves"].as_array().unwrap().iter().all(|m| m["family"] == "balance" && m["locked"] == false));
    expect_code(&run(dir.path(), ["mix", "session.toml", "-o", "mix.wav"]), 0);
    let measured = run(dir.path(), ["measure", "mix.wav", "--json"]);
    let measured = json(&measured);
    let peak = measured["files"][0]["measurements"]["true_peak_dbtp"].as_f64().unwrap();
    assert!((-3.3..=-3.0).contains(&peak), "{peak}");
}

#[test]
fn a_second_run_changes_nothing_and_a_hand_stays() {
    let dir = folder();
    tracks(dir.path());
    expect_code(&run(dir.path(), ["assist", "audio", "-o", "session.toml"]), 0);
    let path = dir.path().join("session.toml");
    let first = fs::read_to_string(&path).unwrap();
    expect_code(&run(dir.path(), ["assist", "session.toml", "-o", "session.toml"]), 4);
    expect_code(&run(dir.path(), ["assist", "session.toml", "-o", "session.toml", "-f"]), 0);
    assert!(fs::read_to_string(&path).unwrap() == first, "not a byte");
    let line = first.lines().find(|line| line.starts_with("trim_db")).unwrap();
    fs::write(&path, first.replacen(line, "trim_db = 1.25  # mine", 1)).unwrap();
    let output = run(dir.path(), ["assist", "session.toml", "-o", "session.toml", "-f"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("1 by hand"), "{}", out(&output));
    assert!(fs::read_to_string(&path).unwrap().contains("trim_db = 1.25  # mine"));
    let said = run(dir.path(), ["explain", "session.toml", "--rule", "balance.trim"]);
    assert!(out(&said).contains("[by hand]") && out(&said).contains("stands at 1.25"), "{}", out(&said));
}

#[test]
fn a_family_is_undone_by_a_flag_and_at_strength_0_nothing_is_left() {
    let dir = folder();
    tracks(dir.path());
    expect_code(&run(dir.path(), ["assist", "audio", "-o", "session.toml"]), 0);
    let path = dir.path().join("session.toml");
    assert!(fs::read_to_string(&path).unwrap().contains("plate_return"));
    expect_code(&run(dir.path(), ["assist", "session.toml", "-o", "session.toml", "-f", "--undo", "space"]), 0);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("undone = [\"space\"]") && !text.contains("to = \"plate_return\""), "{text}");
    let all = ["assist", "audio", "-o", "plain.toml", "--strength", "all=0"];
    expect_code(&run(dir.path(), all), 0);
    let plain = fs::read_to_string(dir.path().join("plain.toml")).unwrap();
    assert!(!plain.contains("[[assist.move]]") && !plain.contains("_db"), "{plain}");
}

#[test]
fn wrong_calls_are_answered_with_the_right_ones() {
    let dir = folder();
    tracks(dir.path());
    for (call, code, words) in [
        (vec!["assist", "audio", "-o", "s.toml", "--style", "rok"], 2, "`rock`"),
        (vec!["assist", "audio", "-o", "s.toml", "--strength", "dynamik=1"], 2, "`dynamics`"),
        (vec!["assist", "nowhere", "-o", "s.toml"], 4, "nowhere"),
    ] {
        let output = run(dir.path(), call);
        expect_code(&output, code);
        assert!(err(&output).contains(words), "{}", err(&output));
    }
    let plain = "version = 1\n[session]\nsample_rate_hz = 44100\n[[track]]\nid = \"k\"\nfile = \"audio/kick.wav\"\n";
    fs::write(dir.path().join("plain.toml"), plain).unwrap();
    let output = run(dir.path(), ["explain", "plain.toml"]);
    expect_code(&output, 3);
    assert!(err(&output).contains("not_assisted"), "{}", err(&output));
    assert_eq!(names(dir.path()), ["audio", "plain.toml"]);
}
