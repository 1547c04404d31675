//! `check`: the gate as an exit code, as text, as JSON.

use crate::kit::{code, err, expect_code, folder, json, out, run, shared, song, write_song, write_wav};
use testkit::signals::{db, sine};

#[test]
fn a_mix_with_room_passes_and_one_without_does_not() {
    let dir = folder();
    write_song(dir.path(), "room.wav", 4.0);
    let loud: Vec<_> = song(4.0)
        .into_iter()
        .map(|plane| plane.into_iter().map(|x| (4.0 * x).clamp(-1.0, 1.0)).collect())
        .collect();
    write_wav(&dir.path().join("loud.wav"), &loud, 44_100, 24);
    let good = run(dir.path(), ["check", "room.wav"]);
    expect_code(&good, 0);
    assert!(out(&good).contains("room.wav: ready for mastering"), "{}", out(&good));
    let bad = run(dir.path(), ["check", "loud.wav"]);
    expect_code(&bad, 5);
    assert!(out(&bad).contains("loud.wav: not ready for mastering"), "{}", out(&bad));
    assert!(
        out(&bad).contains("stop  clipped") && out(&bad).contains("turn the mix bus down"),
        "{}",
        out(&bad)
    );
    expect_code(&run(dir.path(), ["check", "room.wav", "loud.wav"]), 5);
    expect_code(&run(dir.path(), ["check", "."]), 5);
}

#[test]
fn strict_counts_warnings() {
    let dir = folder();
    // A tone that starts and ends at its full level: cut off, which is a warning.
    let cut = sine(440.0, db(-12.0), 1.0, 3.0, 44_100.0);
    write_wav(&dir.path().join("cut.wav"), &[cut.clone(), cut], 44_100, 24);
    let output = run(dir.path(), ["check", "cut.wav"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("warn  abrupt_end"), "{}", out(&output));
    let strict = run(dir.path(), ["check", "--strict", "cut.wav"]);
    expect_code(&strict, 5);
    assert!(out(&strict).contains("not ready"), "{}", out(&strict));
    assert_eq!(
        json(&run(dir.path(), ["check", "--strict", "--json", "cut.wav"]))["files"][0]["ready"],
        false
    );
    assert_eq!(json(&run(dir.path(), ["check", "--json", "cut.wav"]))["files"][0]["ready"], true);
}

#[test]
fn silence_is_no_mix() {
    let dir = folder();
    write_wav(&dir.path().join("silence.wav"), &[vec![0.0; 44_100], vec![0.0; 44_100]], 44_100, 24);
    let output = run(dir.path(), ["check", "silence.wav"]);
    expect_code(&output, 5);
    assert!(out(&output).contains("cannot be mastered"), "{}", out(&output));
    let output = run(dir.path(), ["master", "silence.wav", "--for", "spotify", "-o", "m"]);
    expect_code(&output, 5);
    assert!(!dir.path().join("m").exists());
}

#[test]
fn a_folder_is_judged_file_by_file() {
    let dir = folder();
    write_song(dir.path(), "b.wav", 2.0);
    write_song(dir.path(), "a.wav", 2.0);
    std::fs::write(dir.path().join("c.wav"), b"RIFF").unwrap();
    std::fs::write(dir.path().join("notes.txt"), b"no audio").unwrap();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    let output = run(dir.path(), ["check", "."]);
    expect_code(&output, 6);
    let text = out(&output);
    assert!(text.find("a.wav").unwrap() < text.find("b.wav").unwrap(), "{text}");
    assert!(err(&output).contains("c.wav") && !err(&output).contains("notes.txt"), "{}", err(&output));
    let empty = run(dir.path(), ["check", "empty"]);
    expect_code(&empty, 3);
    assert!(err(&empty).contains("[no_audio]") && err(&empty).contains("hint"), "{}", err(&empty));
    // An empty folder among others does not hide them.
    let both = run(dir.path(), ["check", "--json", "a.wav", "empty"]);
    expect_code(&both, 6);
    assert_eq!(json(&both)["files"].as_array().map(Vec::len), Some(2));
    assert_eq!(json(&both)["files"][1]["error"]["code"], "no_audio");
}

#[test]
fn every_finding_of_the_labelled_clips_names_a_way_out_and_judges_as_labelled() {
    let Some(audio) = shared("intake") else { return };
    let labels = std::fs::read_to_string(audio.join("LABELS.json")).unwrap();
    let labels: Vec<serde_json::Value> = serde_json::from_str(&labels).unwrap();
    let output = run(&audio, ["check", "--json", "."]);
    expect_code(&output, 5);
    let files = json(&output)["files"].as_array().unwrap().clone();
    assert_eq!(files.len(), labels.len());
    for file in &files {
        let name = file["file"].as_str().unwrap().trim_start_matches("./").to_owned();
        let label = labels.iter().find(|label| label["file"] == name.as_str()).unwrap();
        let faulty = label["limited"] == true || label["clipped"] == true || label["headroom_ok"] == false;
        assert_eq!(file["ready"], !faulty, "{name}");
        let findings = file["findings"].as_array().unwrap();
        let found = |rule: &str| findings.iter().any(|finding| finding["rule"] == rule);
        assert_eq!(
            (found("limited"), found("clipped")),
            (label["limited"] == true, label["clipped"] == true),
            "{name}"
        );
        for finding in findings {
            for part in ["measured", "limit", "advice"] {
                assert!(finding[part].as_str().is_some_and(|text| !text.is_empty()), "{name}: {finding}");
            }
        }
        let one = run(&audio, ["check", &name]);
        assert_eq!(code(&one), if faulty { 5 } else { 0 }, "{name}");
    }
}
