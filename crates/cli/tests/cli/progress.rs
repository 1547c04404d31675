//! Progress: a line a step for programs, a bar on a terminal, nothing where nobody looks.

use crate::kit::{err, expect_code, folder, out, run, tool, write_song};

#[test]
fn lines_of_json_tell_every_stage_in_order() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 3.0);
    let output =
        run(dir.path(), ["master", "mix.wav", "--for", "spotify", "-o", "m", "--progress=jsonl", "--json"]);
    expect_code(&output, 0);
    let said = err(&output);
    let events: Vec<serde_json::Value> =
        said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut stages: Vec<&str> = events.iter().filter_map(|event| event["stage"].as_str()).collect();
    stages.dedup();
    for stage in ["hand-over", "listen", "weigh levels", "master for spotify"] {
        assert!(stages.contains(&stage), "{stage}: {stages:?}");
    }
    for event in &events {
        assert_eq!(event["event"], "progress");
        let (done, total) = (event["done"].as_u64().unwrap(), event["total"].as_u64().unwrap());
        assert!(done <= total, "{event}");
    }
    let last = events.iter().rfind(|event| event["stage"] == "hand-over").unwrap();
    assert_eq!(last["done"], last["total"]);
    serde_json::from_slice::<serde_json::Value>(&output.stdout).expect("standard output is one document");
}

#[test]
fn quiet_is_silent_and_errors_still_show() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    for call in [
        &["measure", "mix.wav", "-q"][..],
        &["check", "mix.wav", "-q"],
        &["master", "mix.wav", "--for", "cd", "-o", "m", "-q"],
        &["mix", ".", "-o", "print.wav", "-q"],
    ] {
        let output = run(dir.path(), call);
        expect_code(&output, 0);
        assert_eq!(err(&output), "", "{call:?}");
        assert!(!out(&output).is_empty(), "{call:?}: the result is no remark");
    }
    assert!(err(&run(dir.path(), ["measure", "no.wav", "-q"])).contains("error"));
}

#[test]
fn without_a_terminal_there_is_no_bar() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    let output = run(dir.path(), ["measure", "mix.wav"]);
    assert_eq!(err(&output), "");
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_bar_shows_the_time_left() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 20.0);
    let program = assert_cmd::cargo::cargo_bin("tonmeister");
    let call = |flags: &str| {
        let line = format!(
            "cd '{}' && '{}' measure mix.wav {flags} > /dev/null",
            dir.path().display(),
            program.display()
        );
        tool("script", ["-qec", &line, "/dev/null"])
    };
    let Some(seen) = call("") else { return };
    let seen = out(&seen);
    assert!(seen.contains("measure") && seen.contains(" % ") && seen.contains(" left"), "{seen:?}");
    assert!(seen.contains('\u{1b}'), "and it goes away again: {seen:?}");
    for flags in ["-q", "--progress=none"] {
        assert_eq!(out(&call(flags).unwrap()), "", "{flags}");
    }
}
