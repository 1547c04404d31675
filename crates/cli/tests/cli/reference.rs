//! `master --reference` and `master --stems`.

use crate::kit::{RATE_HZ, err, expect_code, folder, json, names, out, run, song, write_song, write_wav};
use std::fs;
use std::path::Path;

/// Masters `mix.wav` like `reference`, with further arguments.
fn like(dir: &Path, reference: &str, more: &[&str]) -> std::process::Output {
    let mut args =
        vec!["--json", "master", "mix.wav", "--for", "hi-res", "--reference", reference, "-o", "m", "-f"];
    args.extend(more);
    run(dir, args)
}

#[test]
fn a_print_that_is_its_own_reference_is_not_moved_and_another_is_with_its_reasons() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 5.0);
    let own = like(dir.path(), "mix.wav", &["--match", "tone=1,width=1,dynamics=1"]);
    expect_code(&own, 0);
    assert!(!json(&own)["chain"].as_str().unwrap().contains("reference-"), "{}", out(&own));
    // Bass taken out of the reference: the first difference of every channel.
    let thin: Vec<Vec<f64>> = song(5.0)
        .iter()
        .map(|plane| plane.windows(2).map(|pair| pair[1] - 0.7 * pair[0]).collect())
        .collect();
    write_wav(&dir.path().join("thin.wav"), &thin, RATE_HZ, 24);
    let other = like(dir.path(), "thin.wav", &["--match", "tone=0.5,limit_db=6"]);
    expect_code(&other, 0);
    let said = json(&other);
    let chain = said["chain"].as_str().unwrap();
    assert!(chain.contains("id = \"reference-tone\"") && chain.contains("thin.wav"), "{chain}");
    // The chain is a chain like any other.
    fs::write(dir.path().join("again.toml"), chain).unwrap();
    expect_code(&run(dir.path(), ["master", "mix.wav", "--chain", "again.toml", "-o", "again"]), 0);
    let bytes = |folder: &str| fs::read(dir.path().join(folder).join("mix.hi-res.flac")).unwrap();
    assert_eq!(bytes("m"), bytes("again"));
    // Mastered by its reference's loudness, since this destination leaves it free.
    let lufs = |file: &str| {
        let output = run(dir.path(), ["--json", "measure", file]);
        json(&output)["files"][0]["measurements"]["integrated_lufs"].as_f64()
    };
    if let (Some(wanted), Some(got)) = (lufs("thin.wav"), lufs("m/mix.hi-res.flac")) {
        assert!((wanted - got).abs() < 0.11 || wanted > -10.0, "{wanted} {got}");
    }
}

#[test]
fn references_that_cannot_be_used_say_why_and_leave_nothing() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 3.0);
    write_wav(&dir.path().join("silent.wav"), &vec![vec![0.0; 44_100]; 2], RATE_HZ, 16);
    write_wav(&dir.path().join("short.wav"), &song(0.3), RATE_HZ, 16);
    let one = song(2.0).swap_remove(0);
    write_wav(&dir.path().join("surround.wav"), &vec![one.clone(); 6], RATE_HZ, 16);
    for (file, word) in [
        ("silent.wav", "[silent_reference]"),
        ("short.wav", "[reference_too_short]"),
        ("surround.wav", "[reference_not_stereo]"),
        ("missing.wav", "missing.wav"),
    ] {
        let output = like(dir.path(), file, &[]);
        assert_ne!(output.status.code(), Some(0), "{file}");
        assert!(err(&output).contains(word), "{file}: {}", err(&output));
        assert!(!dir.path().join("m").exists(), "{file}");
    }
    // Mono and two seconds are taken, and said to be short.
    write_wav(&dir.path().join("mono.wav"), &[one], 22_050, 16);
    let output = like(dir.path(), "mono.wav", &[]);
    expect_code(&output, 0);
    assert!(out(&output).contains("short_reference"), "{}", out(&output));
}

#[test]
fn a_wrong_wish_is_a_wrong_call() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    for (more, word) in [
        (vec!["--match", "tonne=1"], "did you mean `tone`?"),
        (vec!["--match", "tone=7"], "[bad_match]"),
        (vec!["--reference-weight", "1,2"], "[bad_match]"),
    ] {
        let output = like(dir.path(), "mix.wav", &more);
        expect_code(&output, 2);
        assert!(err(&output).contains(word), "{}", err(&output));
    }
    expect_code(&run(dir.path(), ["master", "mix.wav", "--for", "cd", "--match", "tone=1", "-o", "m"]), 2);
    assert_eq!(names(dir.path()), ["mix.wav"]);
}

#[test]
fn stems_are_mastered_by_their_sum_and_rendered_again_to_the_same_bytes() {
    let dir = folder();
    for (name, gain) in [("song drums.wav", 0.5), ("song bass.wav", 0.3), ("song vocals.wav", 0.2)] {
        let planes: Vec<Vec<f64>> =
            song(3.0).iter().map(|plane| plane.iter().map(|x| gain * x).collect()).collect();
        write_wav(&dir.path().join(name), &planes, RATE_HZ, 24);
    }
    let stems = ["song drums.wav", "song bass.wav", "song vocals.wav"];
    let with = |more: &[&'static str]| {
        let mut args = vec!["master", "--stems"];
        args.extend(stems);
        args.extend(more);
        run(dir.path(), args)
    };
    let first = with(&["--for", "cd", "-o", "m"]);
    expect_code(&first, 0);
    assert_eq!(names(&dir.path().join("m")), ["master.toml", "song.cd.wav"]);
    let chain = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    assert_eq!(chain.matches("[[stem]]").count(), 3, "{chain}");
    expect_code(&with(&["--chain", "m/master.toml", "-o", "again"]), 0);
    let bytes = |folder: &str| fs::read(dir.path().join(folder).join("song.cd.wav")).unwrap();
    assert_eq!(bytes("m"), bytes("again"));
    // A print in their place is another print.
    let other = run(dir.path(), ["master", "song bass.wav", "--chain", "m/master.toml", "-o", "other"]);
    expect_code(&other, 3);
    assert!(err(&other).contains("[other_print]"), "{}", err(&other));
    let one = run(dir.path(), ["master", "--stems", "song bass.wav", "--for", "cd", "-o", "one"]);
    expect_code(&one, 2);
    assert!(err(&one).contains("[too_few_stems]"), "{}", err(&one));
}
