//! `produce`: from tracks to masters in one folder.

use crate::kit::{
    RATE_HZ, band, below, by_ffmpeg, err, expect_code, folder, json, names, out, read_wav, run, write_wav,
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
fn a_session_is_printed_as_it_stands_and_goes_the_same_way() {
    let dir = folder();
    let tracks = band(dir.path(), "tracks", 8.0);
    // One take is clipped: no mix mends that, whoever made the session.
    let path = tracks.join("04 Electric Guitar.wav");
    let samples = read_wav(&path).1;
    let loudest = samples.iter().map(|x| x.abs()).max().unwrap();
    let flat: Vec<f64> =
        samples.iter().map(|x| (f64::from(*x) / f64::from(loudest) * 4.0).clamp(-0.8, 0.8)).collect();
    write_wav(&path, &[flat], RATE_HZ, 24);
    let made = run(dir.path(), ["assist", "tracks", "-o", "song.toml", "--style", "rock"]);
    expect_code(&made, 0);
    assert!(
        err(&made).contains("flat tops") && err(&made).contains("mixing cannot mend it"),
        "{}",
        err(&made)
    );
    // A hand: a fader of its own, and a comment.
    let text = fs::read_to_string(dir.path().join("song.toml")).unwrap();
    let line = text.lines().find(|line| line.starts_with("trim_db")).unwrap();
    let mine = text.replacen(line, "trim_db = -3.25 # as I want it", 1);
    fs::write(dir.path().join("song.toml"), &mine).unwrap();
    let call = ["produce", "song.toml", "--for", "spotify,cd", "-o", "out", "--tag", "title=Night Train"];
    let output = run(dir.path(), call);
    expect_code(&output, 0);
    assert_eq!(names(dir.path()), ["out", "song.toml", "tracks"]);
    assert!(fs::read_to_string(dir.path().join("song.toml")).unwrap() == mine, "the session is not touched");
    let done = dir.path().join("out");
    let files = below(&done);
    for file in ["masters/cd/Night-Train.wav", "masters/spotify/Night-Train.wav", "mix/Night-Train.wav"] {
        assert!(files.iter().any(|own| own == file), "{files:?}");
    }
    // The print is that of the session, and so it is from the folder it is delivered in.
    expect_code(&run(dir.path(), ["mix", "song.toml", "-o", "plain.wav"]), 0);
    let print = fs::read(done.join("mix/Night-Train.wav")).unwrap();
    assert!(fs::read(dir.path().join("plain.wav")).unwrap() == print);
    let delivered = fs::read_to_string(done.join("mix/session.toml")).unwrap();
    assert!(delivered.contains("trim_db = -3.25 # as I want it"), "{delivered}");
    let again = ["mix", "out/mix/session.toml", "-o", "again.wav", "--allow-external"];
    expect_code(&run(dir.path(), again), 0);
    assert!(fs::read(dir.path().join("again.wav")).unwrap() == print);
    // Both rooms side by side on the sheet, and what is left to say.
    let sheet = fs::read_to_string(done.join("production.md")).unwrap();
    let head = sheet.lines().find(|line| line.starts_with("| Mix")).unwrap_or_else(|| panic!("{sheet}"));
    assert!(head.contains("Masters"), "{head}");
    let rows: Vec<&str> = sheet.lines().skip_while(|line| *line != head).skip(2).collect();
    let both = rows[0].split('|').map(str::trim).filter(|cell| !cell.is_empty()).count();
    assert_eq!(both, 2, "{}", rows[0]);
    let left = &sheet[sheet.find("What could not be mended").unwrap()..];
    assert!(left.contains("Electric Guitar") && left.contains("clipped"), "{left}");
    let log = fs::read_to_string(done.join("mix/log.txt")).unwrap();
    assert!(log.contains("printed as it stands") && log.contains("1 of them changed by hand"), "{log}");
    assert!(log.contains("[by hand]"), "{log}");
}

#[test]
fn a_session_by_hand_has_no_moves_and_its_rules_are_those_of_mix() {
    let dir = folder();
    band(dir.path(), "tracks", 5.0);
    fs::create_dir(dir.path().join("s")).unwrap();
    let session = "version = 1\n[session]\nname = \"Plain\"\nsample_rate_hz = 44100\n[[track]]\nid = \"k\"\nfile = \"../tracks/01 Kick.wav\"\n[[track]]\nid = \"b\"\nfile = \"../tracks/03 Bass.wav\"\nfader_db = -6.0\n";
    fs::write(dir.path().join("s/plain.toml"), session).unwrap();
    let output = run(dir.path(), ["produce", "s/plain.toml", "--for", "cd", "-o", "out"]);
    assert!(err(&output).contains("external_file"), "{}", err(&output));
    let call = ["produce", "s/plain.toml", "--for", "cd", "-o", "out", "--allow-external", "--json"];
    let output = run(dir.path(), call);
    expect_code(&output, 0);
    let document = json(&output);
    assert_eq!(document["mix"]["as_it_stands"], true);
    assert_eq!(document["mix"]["assistant"]["moves"].as_array().unwrap().len(), 0);
    let delivered = fs::read_to_string(dir.path().join("out/mix/session.toml")).unwrap();
    assert_eq!(delivered, session.replace("\"../tracks", "\"../../tracks"));
    assert!(dir.path().join("out/mix/Plain.wav").exists());
    for wish in [["--style", "rock"], ["--undo", "space"], ["--role", "k=kick"], ["--strength", "all=0"]] {
        let call = ["produce", "s/plain.toml", "--for", "cd", "-o", "no", "--allow-external"];
        let output = run(dir.path(), call.iter().chain(&wish));
        expect_code(&output, 2);
        assert!(err(&output).contains("session_as_it_stands") && err(&output).contains("assist"));
    }
    let output = run(dir.path(), ["produce", "nowhere.toml", "--for", "cd", "-o", "no"]);
    expect_code(&output, 4);
    assert_eq!(names(dir.path()), ["out", "s", "tracks"]);
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
    // A track is neither.
    let output = run(dir.path(), ["produce", "tracks/01 Kick.wav", "--for", "cd", "-o", "out"]);
    expect_code(&output, 3);
    let output = run(dir.path(), ["produce", "tracks", "--for", "cd", "-o", "no/out"]);
    expect_code(&output, 4);
    assert_eq!(names(dir.path()), ["tracks"]);
}
