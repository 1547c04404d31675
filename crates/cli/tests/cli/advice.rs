//! `assess`, `compare`, `translate`, `diff`, `quote`: from the outside.

use crate::kit::{RATE_HZ, err, expect_code, folder, json, names, out, run, song, write_song, write_wav};
use std::io::Write;
use std::process::{Command, Stdio};
use testkit::signals::db;

#[test]
fn compare_says_what_a_gain_and_a_delay_did_and_how_to_listen() {
    let dir = folder();
    let before = song(6.0);
    let after: Vec<Vec<f64>> = before
        .iter()
        .map(|plane| std::iter::repeat_n(0.0, 100).chain(plane.iter().map(|x| x * db(-3.0))).collect())
        .collect();
    write_wav(&dir.path().join("a.wav"), &before, RATE_HZ, 24);
    write_wav(&dir.path().join("b.wav"), &after, RATE_HZ, 24);
    let output = run(dir.path(), ["compare", "a.wav", "b.wav", "--all"]);
    expect_code(&output, 0);
    let text = out(&output);
    assert!(text.contains("No audible change but the level") && text.contains("100 samples"), "{text}");
    assert!(text.contains("Turn AFTER by +3.0 dB") || text.contains("turn AFTER by +3.0 dB"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let found = json(&run(dir.path(), ["compare", "a.wav", "b.wav", "--json"]));
    let found = &found["comparisons"][0];
    assert_eq!(found["alignment"]["delay_frames"], 100);
    assert!((found["level"]["louder_lu"].as_f64().unwrap() + 3.0).abs() < 0.02, "{}", found["level"]);
    assert_eq!(found["audible"], false);
}

#[test]
fn compare_goes_on_where_one_of_several_is_broken() {
    let dir = folder();
    write_song(dir.path(), "a.wav", 4.0);
    write_song(dir.path(), "b.wav", 4.0);
    std::fs::write(dir.path().join("c.wav"), b"RIFF").unwrap();
    let output = run(dir.path(), ["compare", "a.wav", "c.wav", "b.wav"]);
    expect_code(&output, 6);
    assert!(out(&output).contains("the same, sample by sample") && err(&output).contains("c.wav"));
    expect_code(&run(dir.path(), ["compare", "a.wav", "none.wav"]), 4);
}

#[test]
fn assess_names_the_step_and_its_command_and_asks_where_it_shall_go() {
    let dir = folder();
    write_song(dir.path(), "my song.wav", 6.0);
    let output = run(dir.path(), ["assess", "my song.wav"]);
    expect_code(&output, 0);
    let text = out(&output);
    assert!(text.contains("what it needs: mastering"), "{text}");
    assert!(text.contains("> tonmeister master 'my song.wav' --for DESTINATION -o masters"), "{text}");
    assert!(text.contains("where shall it go?") && text.contains("spotify"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let output = run(dir.path(), ["assess", "my song.wav", "--for", "spotify,cd"]);
    assert!(
        out(&output).contains("--for spotify,cd") && !out(&output).contains("where shall"),
        "{}",
        out(&output)
    );
    let found = json(&run(dir.path(), ["assess", "my song.wav", "--json"]));
    assert_eq!(found["steps"][0]["need"], "mastering");
    assert!(found["question"].as_array().unwrap().len() > 10);
    expect_code(&run(dir.path(), ["assess", "my song.wav", "--for", "spotfy"]), 2);
    expect_code(&run(dir.path(), ["assess", "nothing.wav"]), 4);
}

/// On a terminal of its own (`script` of util-linux makes one).
#[test]
fn assess_asks_on_a_terminal_and_asks_again_after_a_slip() {
    let known = Command::new("script").arg("--version").output();
    if !known.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux")) {
        println!("skipped: no `script` of util-linux");
        return;
    }
    let dir = folder();
    write_song(dir.path(), "song.wav", 4.0);
    let told = |answers: &str| {
        let line = format!("{} assess song.wav", env!("CARGO_BIN_EXE_tonmeister"));
        let mut child = Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .current_dir(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{:?}", output.status);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let text = told("spotfy\nspotify, cd\n");
    assert!(text.contains("`spotfy` is none of them") && text.contains("--for spotify,cd"), "{text}");
    let text = told("\n");
    assert!(text.contains("--for DESTINATION") && !text.contains("none of them"), "{text}");
}

#[test]
fn assess_sends_a_clipped_mix_back_and_a_broken_file_does_not_hide_it() {
    let dir = folder();
    let clipped: Vec<Vec<f64>> =
        song(6.0).iter().map(|plane| plane.iter().map(|x| (4.0 * x).clamp(-0.9, 0.9)).collect()).collect();
    write_wav(&dir.path().join("mix.wav"), &clipped, RATE_HZ, 24);
    std::fs::write(dir.path().join("broken.wav"), b"RIFF").unwrap();
    let output = run(dir.path(), ["assess", "mix.wav", "broken.wav", "--for", "cd"]);
    expect_code(&output, 6);
    let text = out(&output);
    assert!(text.contains("a return to the mix") && text.contains("Peaks were cut flat"), "{text}");
    assert!(text.contains("does not open"), "{text}");
}

#[test]
fn translate_says_what_is_lost_and_writes_excerpts_that_fit() {
    let dir = folder();
    write_song(dir.path(), "song.wav", 5.0);
    let output = run(dir.path(), ["translate", "song.wav", "--on", "phone,club", "-o", "listen"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("A phone on the table") && out(&output).contains("→"), "{}", out(&output));
    assert_eq!(names(&dir.path().join("listen")), ["song.club.wav", "song.here.wav", "song.phone.wav"]);
    let again = run(dir.path(), ["translate", "song.wav", "--on", "phone,club", "-o", "listen"]);
    expect_code(&again, 4);
    let found = json(&run(dir.path(), ["translate", "song.wav", "--on", "phone", "--json"]));
    assert_eq!(found["places"][0]["place"]["response"]["tier"], "estimate");
    let wrong = run(dir.path(), ["translate", "song.wav", "--on", "phome"]);
    expect_code(&wrong, 2);
    assert!(err(&wrong).contains("did you mean `phone`?"), "{}", err(&wrong));
}

#[test]
fn diff_tells_a_moved_fader_and_writes_both_sheets() {
    let dir = folder();
    let log = "version = 1\n[session]\nname = \"S\"\n[[track]]\nid = \"lead\"\nname = \"Lead\"\nfile = \"l.wav\"\nfader_db = -3.0\n";
    std::fs::write(dir.path().join("a.toml"), log).unwrap();
    std::fs::write(dir.path().join("b.toml"), log.replace("-3.0", "-1.0")).unwrap();
    let output = run(dir.path(), ["diff", "a.toml", "b.toml"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("Lead\n  fader turned up by 2 dB"), "{}", out(&output));
    for sheet in ["recall.md", "recall.html", "recall.pdf"] {
        expect_code(&run(dir.path(), ["diff", "b.toml", "--sheet", sheet]), 0);
        expect_code(&run(dir.path(), ["diff", "b.toml", "--sheet", sheet]), 4);
        assert!(std::fs::metadata(dir.path().join(sheet)).unwrap().len() > 50);
    }
    let html = std::fs::read_to_string(dir.path().join("recall.html")).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.contains("<td class=\"number\">-1</td>"), "{html}");
    expect_code(&run(dir.path(), ["diff", "b.toml", "--sheet", "recall.doc"]), 2);
    let found = json(&run(dir.path(), ["diff", "a.toml", "b.toml", "--json"]));
    assert_eq!(found["diff"]["changes"][0]["about"], "Lead");
}

#[test]
fn quote_counts_and_takes_rates_of_ones_own() {
    let dir = folder();
    write_song(dir.path(), "song.wav", 5.0);
    let output = run(dir.path(), ["quote", "song.wav", "--for", "spotify,cd"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("70.00 EUR"), "{}", out(&output));
    let rates = out(&run(dir.path(), ["quote", "--print-rates"]));
    std::fs::write(
        dir.path().join("mine.toml"),
        rates.replace("EUR", "CHF").replace("per_song = 60.0", "per_song = 90.0"),
    )
    .unwrap();
    let output = run(dir.path(), ["quote", "song.wav", "--for", "cd", "--rates", "mine.toml", "-o", "q.pdf"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("90.00 CHF"), "{}", out(&output));
    assert!(dir.path().join("q.pdf").exists());
    expect_code(
        &run(dir.path(), ["quote", "song.wav", "--for", "cd", "--rates", "mine.toml", "-o", "q.html"]),
        0,
    );
    assert!(std::fs::read_to_string(dir.path().join("q.html")).unwrap().contains("90.00 CHF"));
    std::fs::write(dir.path().join("bad.toml"), rates.replace("60.0", "-60.0")).unwrap();
    let output = run(dir.path(), ["quote", "song.wav", "--rates", "bad.toml"]);
    expect_code(&output, 3);
    assert!(err(&output).contains("mastering.per_song"), "{}", err(&output));
}
