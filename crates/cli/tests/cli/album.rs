//! `album`: a folder of prints becomes a record.

use crate::kit::{err, expect_code, folder, json, names, out, run, tool, write_wav};
use std::fs;
use std::path::Path;
use testkit::signals::noise;

/// Six seconds of noise in beats, two channels.
fn song(dir: &Path, name: &str, seed: u64, peak: f64) {
    let plane: Vec<f64> = noise(peak, seed, 6 * 44_100)
        .iter()
        .enumerate()
        .map(|(n, x)| if n < 5 * 44_100 { x * (1.0 - 0.8 * (n % 22_050) as f64 / 22_050.0) } else { 0.0 })
        .collect();
    write_wav(&dir.join(name), &[plane.clone(), plane], 44_100, 24);
}

fn songs() -> tempfile::TempDir {
    let dir = folder();
    fs::create_dir(dir.path().join("songs")).unwrap();
    song(dir.path(), "songs/02 Second.wav", 2, 0.05);
    song(dir.path(), "songs/01 First.wav", 1, 0.5);
    dir
}

#[test]
fn a_folder_is_proposed_edited_and_rendered_for_two_destinations() {
    let dir = songs();
    let output = run(dir.path(), ["album", "songs", "--propose"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("as printed") && out(&output).contains("First"), "{}", out(&output));
    let path = dir.path().join("songs/album.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("# a pause of") && text.contains("title = \"Second\""), "{text}");
    // It is not written over in passing.
    let output = run(dir.path(), ["album", "songs", "--propose"]);
    expect_code(&output, 4);
    fs::write(&path, text.replace("anchor = \"median\"", "anchor = \"first\"")).unwrap();
    let output = run(dir.path(), ["album", "songs/album.toml", "--for", "cd,spotify", "-o", "record"]);
    expect_code(&output, 0);
    let said = out(&output);
    assert!(said.contains("as delivered") && said.contains("Spotify plays the album as one"), "{said}");
    assert_eq!(names(&dir.path().join("record")), ["album.toml", "cd", "spotify"]);
    assert_eq!(
        names(&dir.path().join("record/spotify")),
        ["01 First.wav", "02 Second.wav", "checksum.md5", "delivery.txt"]
    );
    assert!(names(&dir.path().join("record/cd/ddp")).contains(&"DDPID".to_owned()));
    let folder = dir.path().join("record/spotify");
    if let Some(sums) = tool("sh", ["-c", &format!("cd '{}' && md5sum -c checksum.md5", folder.display())]) {
        assert!(out(&sums).contains("02 Second.wav: OK"), "{}{}", out(&sums), err(&sums));
    }
    let output = run(dir.path(), ["album", "songs/album.toml", "--for", "spotify", "-o", "record"]);
    expect_code(&output, 4);
}

#[test]
fn json_holds_the_table_and_a_wrong_text_its_places() {
    let dir = songs();
    let output = run(dir.path(), ["album", "songs", "--for", "hi-res", "-o", "out", "--json"]);
    expect_code(&output, 0);
    let document = json(&output);
    assert_eq!(document["songs"][0]["id"], "first");
    assert_eq!(document["sets"][0]["songs"].as_array().unwrap().len(), 2);
    assert!(document["sets"][0]["album_lufs"].as_f64().is_some());
    fs::write(
        dir.path().join("songs/album.toml"),
        "version = 1\n[[song]]\nid = \"a\"\nfile = \"x.wav\"\ngap_secods = 1\n",
    )
    .unwrap();
    let output = run(dir.path(), ["album", "songs/album.toml", "--for", "hi-res", "-o", "more"]);
    expect_code(&output, 3);
    assert!(err(&output).contains("gap_seconds"), "{}", err(&output));
    assert!(!dir.path().join("more").exists());
}

#[test]
fn a_record_is_spread_over_sides_with_plan_cue_sheets_and_pictures() {
    let dir = songs();
    let output = run(dir.path(), ["album", "songs", "--for", "vinyl", "-o", "record"]);
    expect_code(&output, 0);
    let said = out(&output);
    assert!(said.contains("side A: 0:0") && said.contains("by the model"), "{said}");
    assert_eq!(
        names(&dir.path().join("record/vinyl")),
        [
            "Side A.cue",
            "Side A.svg",
            "Side A.wav",
            "Side B.cue",
            "Side B.svg",
            "Side B.wav",
            "checksum.md5",
            "delivery.txt",
            "sides.pdf",
            "sides.txt"
        ]
    );
    let text = fs::read_to_string(dir.path().join("record/album.toml")).unwrap();
    assert!(text.contains("[[side]]") && text.contains("spread over 2 sides"), "{text}");
    // As XML and as a disc image tool read them.
    if let Some(lint) =
        tool("xmllint", ["--noout", dir.path().join("record/vinyl/Side A.svg").to_str().unwrap()])
    {
        assert!(lint.status.success(), "{}", err(&lint));
    }
    if let Some(cue) = tool(
        "cueprint",
        ["-n", "1", "-t", "%t\\n", dir.path().join("record/vinyl/Side B.cue").to_str().unwrap()],
    ) && cue.status.success()
    {
        assert!(out(&cue).contains("Second"), "{}", out(&cue));
    }
    let document =
        json(&run(dir.path(), ["album", "songs/album.toml", "--for", "vinyl", "-o", "again", "--json"]));
    let cut = &document["sets"][0]["cut"];
    assert_eq!(cut["format"]["name"], "12in-33");
    assert!(cut["sides"][1]["cut"]["level_db"].is_f64() && cut["sides"][0]["cut"]["turns"].is_null());
}
