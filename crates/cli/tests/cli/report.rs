//! `report` and `gallery` as people call them.

use crate::kit::{err, expect_code, folder, json, names, out, run, song, write_song, write_wav};
use std::fs;

#[test]
fn two_files_become_one_page_and_the_page_tells_how_to_make_it_again() {
    let dir = folder();
    write_song(dir.path(), "a mix.wav", 6.0);
    let louder: Vec<Vec<f64>> =
        song(6.0).iter().map(|plane| plane.iter().map(|x| x * 1.5).collect()).collect();
    write_wav(&dir.path().join("b.wav"), &louder, 44_100, 24);
    let call = ["report", "a mix.wav", "b.wav", "--seconds", "3", "-o", "page.html"];
    let output = run(dir.path(), call);
    expect_code(&output, 0);
    assert!(out(&output).contains("3.5 LU louder than before"), "{}", out(&output));
    let page = fs::read_to_string(dir.path().join("page.html")).unwrap();
    assert!(page.contains("tonmeister report &#39;a mix.wav&#39; b.wav --seconds 3 -o page.html"));
    assert_eq!(names(dir.path()), ["a mix.wav", "b.wav", "page.html"], "nothing else is left");
    // Not again without --force; with it, the same bytes.
    let again = run(dir.path(), call);
    expect_code(&again, 4);
    assert!(err(&again).contains("--force"), "{}", err(&again));
    let told = json(&run(dir.path(), call.iter().chain(&["--force", "--json"])));
    assert_eq!(fs::read_to_string(dir.path().join("page.html")).unwrap(), page);
    assert_eq!((&told["alignment"]["lag_frames"], &told["page"]), (&0.into(), &"page.html".into()));
    assert!((told["alignment"]["usual_db"].as_f64().unwrap() - 3.52).abs() < 0.01);
    // An input is never written over.
    expect_code(&run(dir.path(), ["report", "a mix.wav", "-o", "a mix.wav", "--force"]), 2);
}

#[test]
fn a_folder_of_masters_is_told_with_its_moves_and_every_file() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 8.0);
    expect_code(
        &run(dir.path(), ["master", "mix.wav", "--for", "spotify,cd", "-o", "masters", "--quiet"]),
        0,
    );
    let output =
        run(dir.path(), ["report", "masters", "--for", "cd", "--audio", "none", "-o", "page.html", "--json"]);
    expect_code(&output, 0);
    let told = json(&output);
    // The print above the masters is known by its checksum.
    assert!(told["files"][0]["file"].as_str().unwrap().ends_with("mix.wav"), "{told}");
    assert!(told["files"][1]["file"].as_str().unwrap().contains("cd"), "{told}");
    let page = fs::read_to_string(dir.path().join("page.html")).unwrap();
    for part in ["What was done, and why", "Delivery", "Spotify", "tag good", "Mastering report"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("tag bad"), "every file holds what it was made for");
    // Another print is not taken for it; without one the master stands alone, and the page says so.
    fs::remove_file(dir.path().join("mix.wav")).unwrap();
    let told = json(&run(dir.path(), ["report", "masters", "--audio", "none", "-o", "alone.html", "--json"]));
    assert_eq!(told["files"].as_array().unwrap().len(), 1);
    assert!(
        fs::read_to_string(dir.path().join("alone.html"))
            .unwrap()
            .contains("was not found beside the masters")
    );
    expect_code(&run(dir.path(), ["report", "masters", "--for", "vinyl", "-o", "no.html"]), 3);
}

#[test]
fn a_gallery_takes_folders_and_pairs_and_keeps_sound_beside_it() {
    let dir = folder();
    for name in ["one", "two"] {
        fs::create_dir_all(dir.path().join("songs").join(name)).unwrap();
        write_song(dir.path(), &format!("songs/{name}/before.wav"), 3.0);
        write_song(dir.path(), &format!("songs/{name}/After.wav"), 3.0);
    }
    let output = run(
        dir.path(),
        [
            "gallery",
            "songs",
            "--pair",
            "songs/one/before.wav",
            "songs/two/After.wav",
            "--audio",
            "beside",
            "-o",
            "all.html",
            "--json",
        ],
    );
    expect_code(&output, 0);
    let titles: Vec<String> = json(&output)["songs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|song| song["title"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(titles, ["one", "two", "After"]);
    assert_eq!(names(&dir.path().join("all.sound")).len(), 6);
    expect_code(&run(dir.path(), ["gallery", "songs/one/..", "-o", "all.html"]), 4);
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let output = run(dir.path(), ["gallery", "empty", "-o", "no.html"]);
    expect_code(&output, 3);
    assert!(err(&output).contains("before.wav and after.wav"), "{}", err(&output));
}

#[test]
fn one_file_is_told_what_to_run_next_and_logs_what_the_engineer_changed() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 4.0);
    let call = ["report", "mix.wav", "--for", "cd,spotify", "--audio", "none", "-o", "one.html", "--json"];
    let told = json(&run(dir.path(), call));
    assert_eq!(told["needs"]["steps"][0]["need"], "mastering");
    assert_eq!(told["elsewhere"].as_array().unwrap().len(), 8, "every place, the lossy one last");
    let page = fs::read_to_string(dir.path().join("one.html")).unwrap();
    assert!(page.contains("tonmeister master mix.wav --for cd,spotify -o masters"));
    assert!(page.contains("--for cd,spotify --audio none"), "the command of the page");
    let log =
        "version = 1\n[session]\nname = \"S\"\n[[track]]\nid = \"lead\"\nname = \"Lead\"\nfader_db = -3.0\n";
    fs::write(dir.path().join("old.toml"), log).unwrap();
    fs::write(dir.path().join("new.toml"), log.replace("-3.0", "-1.0")).unwrap();
    let call = ["report", "mix.wav", "mix.wav", "--log", "old.toml", "--log", "new.toml", "--audio", "none"];
    let output = run(dir.path(), call.iter().chain(&["-o", "two.html"]));
    expect_code(&output, 0);
    let page = fs::read_to_string(dir.path().join("two.html")).unwrap();
    assert!(page.contains("What the engineer changed") && page.contains("fader turned up by 2 dB"));
    assert!(page.contains("--log old.toml --log new.toml"));
    assert_eq!(names(dir.path()), ["mix.wav", "new.toml", "old.toml", "one.html", "two.html"]);
    // Two versions have no destination.
    expect_code(&run(dir.path(), ["report", "mix.wav", "mix.wav", "--for", "cd", "-o", "no.html"]), 2);
}

#[test]
fn wrong_calls_say_the_way_out() {
    let dir = folder();
    write_song(dir.path(), "a.wav", 1.0);
    fs::create_dir(dir.path().join("empty")).unwrap();
    for (call, code, words) in [
        (&["report", "empty", "-o", "p.html"][..], 2, "tonmeister master -o"),
        (&["report", "a.wav", "--print", "a.wav", "-o", "p.html"], 2, "folder of masters"),
        (&["report", "a.wav", "--seconds", "0", "-o", "p.html"], 2, "2 to 900"),
        (&["report", "a.wav", "--codec", "mp4-1", "-o", "p.html"], 2, "flac"),
        (&["report", "no.wav", "-o", "p.html"], 4, "no.wav"),
        (&["gallery", "-o", "p.html"], 2, "--pair"),
    ] {
        let output = run(dir.path(), call);
        expect_code(&output, code);
        assert!(err(&output).contains(words), "{call:?}: {}", err(&output));
        assert!(!dir.path().join("p.html").exists());
    }
}
