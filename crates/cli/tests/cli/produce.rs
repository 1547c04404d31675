//! `produce`: from tracks to masters in one folder.

use crate::kit::{
    RATE_HZ, band, below, by_ffmpeg, err, expect_code, folder, json, names, out, run, write_wav,
};
use std::fs;

#[test]
fn a_folder_of_tracks_becomes_one_finished_folder_and_the_masters_know_the_print_alone() {
    let dir = folder();
    let tracks = band(dir.path(), "Night Train", 8.0);
    let before = below(&tracks);
    let call = [
        "produce",
        "Night Train",
        "--for",
        "spotify,cd",
        "-o",
        "out",
        "--style",
        "rock",
        "--tag",
        "artist=Nobody",
    ];
    let output = run(dir.path(), call);
    expect_code(&output, 0);
    assert_eq!(names(dir.path()), ["Night Train", "out"], "nothing else is left");
    assert_eq!(below(&tracks), before);
    let done = dir.path().join("out");
    assert_eq!(
        below(&done),
        [
            "checksums.b3",
            "checksums.md5",
            "masters/cd/Night-Train.wav",
            "masters/cd/checksums.b3",
            "masters/cd/checksums.md5",
            "masters/cd/delivery.md",
            "masters/cd/delivery.pdf",
            "masters/log.txt",
            "masters/master.toml",
            "masters/spotify/Night-Train.wav",
            "masters/spotify/checksums.b3",
            "masters/spotify/checksums.md5",
            "masters/spotify/delivery.md",
            "masters/spotify/delivery.pdf",
            "mix/Night-Train.wav",
            "mix/log.txt",
            "mix/session.toml",
            "production.md",
            "production.pdf",
        ]
    );
    // Nobody is told where it was worked meanwhile.
    for file in ["production.md", "mix/log.txt", "masters/log.txt", "masters/master.toml", "mix/session.toml"]
    {
        let text = fs::read_to_string(done.join(file)).unwrap();
        assert!(!text.contains(".tonmeister-") && !text.contains(".work"), "{file}: {text}");
    }
    assert!(!out(&output).contains(".work") && !err(&output).contains(".work"));
    let sheet = fs::read_to_string(done.join("production.md")).unwrap();
    for word in [
        "The mix",
        "The gate",
        "The masters",
        "What could not be mended",
        "Lead vocals",
        "spotify",
        "balance",
    ] {
        assert!(sheet.contains(word), "{word}: {sheet}");
    }
    // A stranger who has the print alone makes the same masters.
    let alone = dir.path().join("alone");
    fs::create_dir(&alone).unwrap();
    fs::copy(done.join("mix/Night-Train.wav"), alone.join("Night-Train.wav")).unwrap();
    let call =
        ["master", "Night-Train.wav", "--for", "spotify,cd", "--set", "-o", "m", "--tag", "artist=Nobody"];
    expect_code(&run(&alone, call), 0);
    for target in ["spotify", "cd"] {
        let (ours, theirs) = (done.join("masters").join(target), alone.join("m").join(target));
        let file = "Night-Train.wav";
        assert!(fs::read(ours.join(file)).unwrap() == fs::read(theirs.join(file)).unwrap(), "{target}");
    }
    let sums = std::process::Command::new("md5sum")
        .current_dir(&done)
        .args(["-c", "--quiet", "checksums.md5"])
        .output();
    match sums {
        Ok(sums) => assert!(sums.status.success(), "{}", err(&sums)),
        Err(error) => println!("skipped: md5sum: {error}"),
    }
    if let Some(heard) = by_ffmpeg(&done.join("masters/spotify/Night-Train.wav")) {
        assert!(
            (heard.integrated_lufs + 14.0).abs() <= 0.15 && heard.true_peak_dbtp <= -0.9,
            "{} {}",
            heard.integrated_lufs,
            heard.true_peak_dbtp
        );
    }
    // The session is whole: it renders the same print from where it is.
    let again = run(dir.path(), ["mix", "out/mix/session.toml", "-o", "again.wav", "--allow-external"]);
    expect_code(&again, 0);
    assert!(
        fs::read(dir.path().join("again.wav")).unwrap()
            == fs::read(done.join("mix/Night-Train.wav")).unwrap()
    );
}

#[test]
fn a_print_that_does_not_pass_leaves_nothing_and_five() {
    let dir = folder();
    let tracks = dir.path().join("tracks");
    fs::create_dir(&tracks).unwrap();
    // One track that was cut off flat: its mix is clipped, and nothing after it mends that.
    let square: Vec<f64> = (0..6 * RATE_HZ as usize)
        .map(|n| {
            (1.9 * libm::sin(std::f64::consts::TAU * 110.0 * n as f64 / f64::from(RATE_HZ))).clamp(-0.9, 0.9)
        })
        .collect();
    write_wav(&tracks.join("Synth.wav"), &[square.clone(), square], RATE_HZ, 24);
    let output =
        run(dir.path(), ["produce", "tracks", "--for", "spotify", "-o", "out", "--strength", "all=0"]);
    expect_code(&output, 5);
    assert!(
        err(&output).contains("gate") && err(&output).contains("nothing was written"),
        "{}",
        err(&output)
    );
    assert!(!err(&output).contains(".work"), "{}", err(&output));
    assert_eq!(names(dir.path()), ["tracks"]);
}

#[test]
fn what_is_there_is_replaced_only_if_nobody_touched_it() {
    let dir = folder();
    band(dir.path(), "tracks", 5.0);
    let call = ["produce", "tracks", "--for", "cd", "-o", "out", "--json"];
    let first = run(dir.path(), call);
    expect_code(&first, 0);
    let document = json(&first);
    assert_eq!(document["masters"]["masters"][0]["target"], "cd");
    assert!(document["mix"]["print"].as_str().unwrap().ends_with("out/mix/tracks.wav"), "{document}");
    assert!(document["files"].as_array().unwrap().len() > 10);
    let output = run(dir.path(), call);
    expect_code(&output, 4);
    assert!(err(&output).contains("--force"), "{}", err(&output));
    let session = dir.path().join("out/mix/session.toml");
    let text = fs::read_to_string(&session).unwrap();
    fs::write(&session, format!("{text}# mine\n")).unwrap();
    let output = run(dir.path(), ["produce", "tracks", "--for", "cd", "-o", "out", "-f"]);
    expect_code(&output, 4);
    assert!(err(&output).contains("not_ours") && err(&output).contains("session.toml"), "{}", err(&output));
    fs::write(&session, &text).unwrap();
    let print = fs::read(dir.path().join("out/mix/tracks.wav")).unwrap();
    expect_code(&run(dir.path(), ["produce", "tracks", "--for", "cd", "-o", "out", "-f", "-j", "1"]), 0);
    assert!(fs::read(dir.path().join("out/mix/tracks.wav")).unwrap() == print, "the same bytes");
}

#[test]
fn wrong_calls_end_before_any_work() {
    let dir = folder();
    band(dir.path(), "tracks", 5.0);
    for (call, code, words) in [
        (&["--for", "spotfy"][..], 2, "spotify"),
        (&["--for", "cd", "--intensity", "brutal"], 2, "gentle"),
        (&["--for", "cd", "--style", "rok"], 2, "rock"),
        (&["--for", "cd", "--tag", "isrc=nonsense"], 2, "ISRC"),
        (&["--for", "cd", "--loudness", "3"], 2, "loudness"),
        (&[], 2, "--for"),
    ] {
        let output = run(dir.path(), ["produce", "tracks", "-o", "out"].iter().chain(call));
        expect_code(&output, code);
        assert!(err(&output).contains(words), "{call:?}: {}", err(&output));
    }
    let output = run(dir.path(), ["produce", "tracks/01 Kick.wav", "--for", "cd", "-o", "out"]);
    expect_code(&output, 2);
    let output = run(dir.path(), ["produce", "tracks", "--for", "cd", "-o", "no/out"]);
    expect_code(&output, 4);
    assert_eq!(names(dir.path()), ["tracks"]);
}
