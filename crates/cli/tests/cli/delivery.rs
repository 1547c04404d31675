//! What goes with a master: codecs, tags, covers, sets.

use crate::kit::{err, expect_code, folder, json, names, out, run, tonmeister, tool, write_song, write_wav};
use std::fs;
use std::path::Path;
use testkit::signals::noise;

/// Dense and at full scale: every lossy codec goes over.
fn write_loud(dir: &Path, name: &str) {
    let plane =
        |seed| -> Vec<f64> { noise(3.0, seed, 66_150).iter().map(|x| x.clamp(-0.98, 0.98)).collect() };
    write_wav(&dir.join(name), &[plane(1), plane(2)], 44_100, 24);
}

/// A PNG as far as a reader of its head goes.
fn write_cover(path: &Path, pixels: u32) {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR".to_vec();
    bytes.extend(pixels.to_be_bytes());
    bytes.extend(pixels.to_be_bytes());
    bytes.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
    fs::write(path, bytes).unwrap();
}

#[test]
fn overs_of_codecs_are_listed_and_end_with_code_5() {
    let dir = folder();
    write_loud(dir.path(), "loud.wav");
    let output = run(dir.path(), ["codecs", "loud.wav", "--codec", "aac-128,mp3-128,opus-96"]);
    expect_code(&output, 5);
    let said = out(&output);
    for word in ["aac-128", "mp3-128", "opus-96", "OVERSHOOT", "first overs", "dBFS"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(err(&output).contains("codec_over"), "{}", err(&output));
    let document = json(&run(dir.path(), ["codecs", "loud.wav", "--codec", "opus-96", "--json"]));
    let checked = &document["files"][0]["codecs"][0]["checked"];
    assert!(checked["true_peak_dbtp"].as_f64().unwrap() > 0.0, "{document}");
    assert!(checked["overs"][1]["inter_sample"].as_u64().unwrap() > 0, "{document}");
    assert_eq!((&checked["codec"], &document["over"]), (&"opus-96".into(), &true.into()));
    write_song(dir.path(), "soft.wav", 1.5);
    expect_code(&run(dir.path(), ["codecs", "soft.wav", "--codec", "aac-256"]), 0);
    for (args, code) in [(["--codec", "wma-9"], "bad_codec"), (["--for", "cd"], "no_codec")] {
        let output = run(dir.path(), ["codecs", "soft.wav"].into_iter().chain(args));
        expect_code(&output, 2);
        assert!(err(&output).contains(code), "{}", err(&output));
    }
}

#[test]
fn without_ffmpeg_vorbis_is_said_to_be_unchecked() {
    let dir = folder();
    write_song(dir.path(), "soft.wav", 1.5);
    let output = tonmeister()
        .current_dir(dir.path())
        .args(["codecs", "soft.wav", "--codec", "vorbis-160,aac-256"])
        .env("PATH", dir.path())
        .output()
        .unwrap();
    expect_code(&output, 0);
    assert!(
        out(&output).contains("not checked") && err(&output).contains("codec_not_checked"),
        "{}",
        err(&output)
    );
    assert!(err(&output).contains("Vorbis is encoded by ffmpeg"), "{}", err(&output));
}

#[test]
fn a_master_is_lowered_until_its_codecs_hold_and_is_as_loud_as_before() {
    let dir = folder();
    let plane = |seed| -> Vec<f64> {
        noise(1.0, seed, 132_300)
            .iter()
            .enumerate()
            .map(|(n, x)| x * (1.2 - (n % 22_050) as f64 / 22_050.0).clamp(0.2, 1.0) * 0.4)
            .collect()
    };
    write_wav(&dir.path().join("mix.wav"), &[plane(1), plane(2)], 44_100, 24);
    let args = ["master", "mix.wav", "--for", "soundcloud,cd", "-o", "m", "--check-codecs", "--json"];
    let output = run(dir.path(), args);
    expect_code(&output, 0);
    let document = json(&output);
    let (master, cd) = (&document["masters"][0], &document["masters"][1]);
    let peaks: Vec<f64> = master["codecs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|codec| codec["checked"]["true_peak_dbtp"].as_f64().unwrap())
        .collect();
    assert_eq!(peaks.len(), 3);
    assert!(peaks.iter().all(|peak| *peak <= 0.0), "{peaks:?}");
    assert!(cd["codecs"].as_array().unwrap().is_empty(), "a CD has no codec");
    // What was lowered is said, and the file is under its new ceiling.
    let ceiling = master["ceiling_dbtp"].as_f64().unwrap();
    let peak = master["measurements"]["true_peak_dbtp"].as_f64().unwrap();
    assert!(peak <= ceiling + 1e-9, "{peak} {ceiling}");
    let lowered = document["findings"].as_array().unwrap().iter().any(|f| f["rule"] == "codec_ceiling");
    assert_eq!(lowered, ceiling < -2.0, "{document}");
    // The chain remembers it: the same bytes without any check.
    expect_code(&run(dir.path(), ["master", "mix.wav", "--chain", "m/master.toml", "-o", "again"]), 0);
    for name in ["mix.soundcloud.wav", "mix.cd.wav"] {
        let read = |folder: &str| fs::read(dir.path().join(folder).join(name)).unwrap();
        assert!(read("m") == read("again"), "{name} differs");
    }
}

#[test]
fn a_chain_that_is_rendered_as_it_stands_is_checked_and_not_changed() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    expect_code(&run(dir.path(), ["master", "mix.wav", "--for", "deezer,cd", "-o", "m"]), 0);
    let args = |to| ["master", "mix.wav", "--chain", "m/master.toml", "-o", to];
    let plain = run(dir.path(), args("plain"));
    expect_code(&plain, 0);
    let checked = run(dir.path(), args("checked").into_iter().chain(["--check-codecs", "--json"]));
    expect_code(&checked, 0);
    let document = json(&checked);
    let codecs = |index: usize| document["masters"][index]["codecs"].as_array().unwrap().len();
    assert!(codecs(0) > 0 && codecs(1) == 0, "{document}");
    for name in ["mix.deezer.wav", "mix.cd.wav", "mix.deezer.flac"] {
        let Ok(read) = fs::read(dir.path().join("plain").join(name)) else { continue };
        assert!(read == fs::read(dir.path().join("checked").join(name)).unwrap(), "{name}");
    }
}

#[test]
fn what_mastering_changed_is_written_beside_the_master() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 3.0);
    expect_code(
        &run(dir.path(), ["master", "mix.wav", "--for", "archive", "--strength", "tone=0", "-o", "m"]),
        0,
    );
    let chain = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    let line = |line: &str| match line {
        "on = true" => "on = false\n".to_owned(),
        line if line.starts_with("gain_db = ") => "gain_db = 3.0\n".to_owned(),
        line => format!("{line}\n"),
    };
    fs::write(dir.path().join("gain.toml"), chain.lines().map(line).collect::<String>()).unwrap();
    let args = ["master", "mix.wav", "--chain", "gain.toml", "-o", "g", "--difference", "--json"];
    let output = run(dir.path(), args);
    expect_code(&output, 0);
    let document = json(&output);
    let found = |key: &str| document["differences"][0][key].as_f64().unwrap();
    // Nothing but a gain: what is left is the dither of 24 bits. By hand: a step of 2^-23, its triangle and the rounding have
    // half a step RMS together, -144.49 dBFS, 3 dB less because the master was the louder.
    assert!((found("louder_db") - 3.0).abs() < 1e-4, "{document}");
    assert!((found("rms_dbfs") + 147.49).abs() < 0.5, "{document}");
    assert_eq!(names(&dir.path().join("g")), ["mix.archive.difference.wav", "mix.archive.wav"]);
    let refused = run(dir.path(), args);
    expect_code(&refused, 4);
    assert!(err(&refused).contains("[exists]"), "{}", err(&refused));
    let output =
        run(dir.path(), ["master", "mix.wav", "--for", "spotify", "-o", "set", "--set", "--difference"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("mix.difference.wav: "), "{}", out(&output));
    assert!(names(&dir.path().join("set/spotify")).contains(&"mix.difference.wav".to_owned()));
}

#[test]
fn encoded_files_are_kept_with_tags_gains_and_the_cover_of_their_source() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    write_cover(&dir.path().join("cover.png"), 3000);
    let args = [
        "master",
        "mix.wav",
        "--for",
        "spotify",
        "-o",
        "m",
        "--tag",
        "title=Night Train",
        "--artwork",
        "cover.png",
    ];
    expect_code(&run(dir.path(), args), 0);
    write_song(dir.path(), "two.wav", 1.0);
    let args = [
        "codecs",
        "m/mix.spotify.wav",
        "two.wav",
        "--codec",
        "opus-96,mp3-128,aac-128",
        "--write",
        "e",
        "--difference",
        "d",
    ];
    let args: Vec<&str> = args.into_iter().chain(["--album", "--tag", "album=Lines", "--json"]).collect();
    let output = run(dir.path(), &args);
    expect_code(&output, 0);
    let ends = ["aac-128.m4a", "mp3-128.mp3", "opus-96.opus"];
    let wanted: Vec<String> =
        ["mix.spotify", "two"].iter().flat_map(|stem| ends.map(|end| format!("{stem}.{end}"))).collect();
    assert_eq!(names(&dir.path().join("e")), wanted);
    assert_eq!(names(&dir.path().join("d")).len(), 6);
    let document = json(&output);
    for file in document["files"].as_array().unwrap() {
        assert_eq!(
            (file["written"].as_array().unwrap().len(), file["differences"].as_array().unwrap().len()),
            (3, 3)
        );
        for found in file["differences"].as_array().unwrap() {
            assert_eq!(found["louder_db"], 0.0);
            // Something is gone, and by far not all.
            let level = found["under_db"].as_f64().unwrap();
            assert!((-70.0..-6.0).contains(&level), "{found}");
        }
    }
    let opus = dir.path().join("e/mix.spotify.opus-96.opus");
    if let Some(said) = tool("opusinfo", [opus.to_str().unwrap()]) {
        let said = out(&said);
        for word in [
            "TITLE=Night Train",
            "ALBUM=Lines",
            "R128_TRACK_GAIN=",
            "R128_ALBUM_GAIN=",
            "METADATA_BLOCK_PICTURE",
        ] {
            assert!(said.contains(word), "{word}: {said}");
        }
        // -14 LUFS: nine decibels under nothing, in 256ths, within the tolerance of the master.
        let gain = said.split("R128_TRACK_GAIN=").nth(1).unwrap().split_whitespace().next().unwrap();
        assert!((gain.parse::<f64>().unwrap() + 2304.0).abs() < 26.0, "{gain}");
    }
    // Again: refused before anything is encoded; and two of one name never go together.
    let refused = run(dir.path(), &args);
    expect_code(&refused, 4);
    assert!(err(&refused).contains("[exists]"), "{}", err(&refused));
    let twice = run(dir.path(), ["codecs", "two.wav", "./two.wav", "--codec", "mp3-128", "--write", "f"]);
    expect_code(&twice, 2);
    assert!(err(&twice).contains("[same_file]") && !dir.path().join("f").exists(), "{}", err(&twice));
}

#[test]
fn a_stream_that_cannot_be_made_is_missed() {
    let dir = folder();
    write_song(dir.path(), "soft.wav", 1.0);
    let output = tonmeister()
        .current_dir(dir.path())
        .args(["codecs", "soft.wav", "--codec", "vorbis-160,mp3-128", "--write", "e"])
        .env("PATH", dir.path())
        .output()
        .unwrap();
    expect_code(&output, 6);
    assert_eq!(names(&dir.path().join("e")), ["soft.mp3-128.mp3"]);
}

#[test]
fn the_isrc_of_a_file_is_shown() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    expect_code(
        &run(
            dir.path(),
            ["master", "mix.wav", "--for", "spotify", "-o", "m", "--tag", "isrc=DE-A12-26-00001"],
        ),
        0,
    );
    for command in ["measure", "check"] {
        let said = out(&run(dir.path(), [command, "m/mix.spotify.wav"]));
        assert!(said.contains("DEA122600001"), "{command}: {said}");
        assert!(!out(&run(dir.path(), [command, "mix.wav"])).to_ascii_lowercase().contains("isrc"));
    }
    let document = json(&run(dir.path(), ["check", "m/mix.spotify.wav", "--json"]));
    assert_eq!(document["files"][0]["isrc"], "DEA122600001");
}

#[test]
fn that_codecs_can_be_checked_is_said_where_there_are_any() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    let said = err(&run(dir.path(), ["master", "mix.wav", "--for", "spotify", "-o", "m"]));
    assert!(said.contains("--check-codecs"), "{said}");
    let said = err(&run(dir.path(), ["master", "mix.wav", "--for", "cd", "-o", "n"]));
    assert!(!said.contains("--check-codecs"), "{said}");
}

#[test]
fn tags_and_cover_reach_every_master_and_are_kept_in_the_chain() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    write_cover(&dir.path().join("cover.png"), 3000);
    fs::write(dir.path().join("tags.toml"), "artist = \"Zoë\"\ntitle = \"Demo\"\ntrack = 3\n").unwrap();
    let args = [
        "master",
        "mix.wav",
        "--for",
        "hi-res,cd",
        "-o",
        "m",
        "--tags",
        "tags.toml",
        "--tag",
        "title=Night Train",
        "--tag",
        "isrc=de-a12-26-00001",
        "--tag",
        "date=2026-11-21",
        "--artwork",
        "cover.png",
    ];
    expect_code(&run(dir.path(), args), 0);
    let text = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    for line in
        ["title = \"Night Train\"", "artist = \"Zoë\"", "isrc = \"DEA122600001\"", "artwork = \"cover.png\""]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    expect_code(&run(dir.path(), ["master", "mix.wav", "--chain", "m/master.toml", "-o", "again"]), 0);
    for name in ["mix.hi-res.flac", "mix.cd.wav"] {
        let read = |folder: &str| fs::read(dir.path().join(folder).join(name)).unwrap();
        assert!(read("m") == read("again"), "{name} differs");
        let file = format!("m/{name}");
        let document = json(&run(dir.path(), ["measure", &file, "--json"]));
        let tags = document["files"][0]["metadata"]["tags"].as_array().unwrap().clone();
        for pair in
            [["TITLE", "Night Train"], ["ARTIST", "Zoë"], ["ISRC", "DEA122600001"], ["TRACKNUMBER", "3"]]
        {
            assert!(
                tags.iter().any(|tag| tag[0] == pair[0] && tag[1] == pair[1]),
                "{name} {pair:?}: {tags:?}"
            );
        }
        assert!(tags.iter().any(|tag| tag[0] == "REPLAYGAIN_TRACK_GAIN"), "{name}: {tags:?}");
        assert!(out(&run(dir.path(), ["measure", &file])).contains("Night Train"));
    }
    let wav = dir.path().join("m/mix.cd.wav");
    if let Some(output) = tool("mediainfo", ["--Output=JSON", wav.to_str().unwrap()]) {
        let said = out(&output);
        for word in ["Zoë: Night Train", "Tonmeister", "2026-11-21", "LoudnessValue", "T=print mix.wav"] {
            // bext is ASCII.
            assert!(said.contains(&word.replace('ë', "?")) || said.contains(word), "{word}: {said}");
        }
    }
}

#[test]
fn wrong_tags_are_refused_before_anything_is_rendered() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 1.0);
    fs::write(dir.path().join("bad.toml"), "titel = \"x\"\nbarcode = \"4006381333932\"\n").unwrap();
    fs::write(dir.path().join("cover.png"), "no picture").unwrap();
    for (args, code, says) in [
        (["--tag", "titel=x"], 2, "did you mean `title`?"),
        (["--tag", "title"], 2, "--tag title="),
        (["--tag", "isrc=1"], 2, "bad_isrc"),
        (["--tag", "barcode=4006381333932"], 2, "must be 1"),
        (["--tags", "bad.toml"], 3, "bad.toml:2"),
        (["--artwork", "cover.png"], 3, "not_a_picture"),
    ] {
        let output = run(dir.path(), ["master", "mix.wav", "--for", "cd", "-o", "m"].into_iter().chain(args));
        expect_code(&output, code);
        assert!(err(&output).contains(says), "{says}: {}", err(&output));
        assert!(!dir.path().join("m").exists(), "{args:?}");
    }
}

#[test]
fn a_set_has_a_folder_for_each_target_with_sums_that_hold() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    let args = ["master", "mix.wav", "--for", "spotify,cd", "-o", "set", "--set", "--tag", "title=Train"];
    let output = run(dir.path(), args);
    expect_code(&output, 0);
    let set = dir.path().join("set");
    assert_eq!(names(&set), ["cd", "master.toml", "spotify"]);
    assert!(out(&output).contains("set/spotify/mix.wav"), "{}", out(&output));
    for target in ["cd", "spotify"] {
        let folder = set.join(target);
        assert_eq!(
            names(&folder),
            ["checksums.b3", "checksums.md5", "delivery.md", "delivery.pdf", "mix.wav"]
        );
        if let Ok(status) =
            std::process::Command::new("md5sum").args(["-c", "checksums.md5"]).current_dir(&folder).status()
        {
            assert!(status.success(), "{target}");
        }
        let sheet = fs::read_to_string(folder.join("delivery.md")).unwrap();
        let sums = fs::read_to_string(folder.join("checksums.md5")).unwrap();
        let md5 = sums.split(' ').next().unwrap();
        for word in ["mix.wav", "dBTP", "LUFS", "title: Train", "BLAKE3", md5] {
            assert!(sheet.contains(word), "{word}: {sheet}");
        }
        // The PDF says the same: every name and number of the Markdown stands in it.
        let pdf = folder.join("delivery.pdf").to_str().unwrap().to_owned();
        if let Some(said) = tool("qpdf", ["--check", &pdf]) {
            expect_code(&said, 0);
            assert!(out(&said).contains("No syntax or stream encoding errors"), "{}", out(&said));
        }
        if let Some(said) = tool("pdftotext", ["-layout", &pdf, "-"]) {
            let said: Vec<String> = out(&said).split_whitespace().map(str::to_owned).collect();
            for word in sheet.split_whitespace().filter(|word| word.is_ascii() && !"#*##".contains(word)) {
                // Names end with a colon in Markdown.
                let found = |word: &str| said.iter().any(|other| other == word);
                assert!(found(word) || found(word.trim_end_matches(':')), "{word}: {said:?}");
            }
        }
    }
    let sheet = fs::read_to_string(set.join("spotify/delivery.md")).unwrap();
    assert!(sheet.contains("as usual: -14.0 LUFS") && sheet.contains("Loud: -11.0 LUFS"), "{sheet}");
    // Again: refused whole, then replaced whole.
    let before = fs::read(set.join("cd/mix.wav")).unwrap();
    let refused = run(dir.path(), args);
    expect_code(&refused, 4);
    assert!(err(&refused).contains("[exists]"), "{}", err(&refused));
    assert_eq!(names(&set), ["cd", "master.toml", "spotify"]);
    expect_code(&run(dir.path(), args.into_iter().chain(["--force"])), 0);
    assert!(fs::read(set.join("cd/mix.wav")).unwrap() == before);
    assert_eq!(names(&set), ["cd", "master.toml", "spotify"]);
}
