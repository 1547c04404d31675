//! `ddp`: filesets verified and taken apart.

use crate::kit::{err, expect_code, folder, json, names, out, run};
use std::fs;
use std::path::Path;
use studio::disc::text::Block;
use studio::disc::{Disc, Ean, Isrc, RedBook, Sectors, Track, ddp};
use studio::job::Job;

/// A fileset of two tracks of a rising tone, made by the library.
fn write_set(folder: &Path) {
    let track = |start: u32, code: &str| Track {
        isrc: Some(Isrc::parse(code).unwrap()),
        ..Track::at(Sectors::new(start))
    };
    let mut tracks = vec![track(150, "DEABC1200001"), track(550, "DEABC1200002")];
    tracks[0].pregap = Some(Sectors::ZERO);
    let disc = Disc {
        tracks,
        end: Sectors::new(1000),
        ean: Some(Ean::parse("4006381333931").unwrap()),
        master_id: "CAT-001".to_owned(),
        text: vec![Block::titles("Album", "Group", ["Erstes", "Zweites"])],
    };
    let red_book = RedBook::new(disc).unwrap();
    let mut writer = ddp::Writer::create(folder, &red_book, ddp::Options::default(), false).unwrap();
    writer.push_silence(150 * 588).unwrap();
    let samples: Vec<i16> =
        (0..850 * 588).flat_map(|n: i32| [(n % 8000) as i16, ((n * 7) % 6000) as i16]).collect();
    writer.push(&samples).unwrap();
    writer.finish(&Job::quiet()).unwrap().commit().unwrap();
}

#[test]
fn a_fileset_in_order_passes_and_shows_its_table() {
    let dir = folder();
    write_set(&dir.path().join("master"));
    let output = run(dir.path(), ["ddp", "check", "master"]);
    expect_code(&output, 0);
    let text = out(&output);
    assert!(text.contains("master: fit to be pressed"), "{text}");
    for word in ["CAT-001", "4006381333931", "Erstes", "00:02:00", "DE-ABC-12-00002", "00:13:25"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let report = json(&run(dir.path(), ["ddp", "check", "--json", "master"]));
    assert_eq!(report["passed"], true);
    assert_eq!(report["disc"]["tracks"][1]["start"], "00:07:25");
    assert_eq!(report["disc"]["end"], "00:13:25");
}

#[test]
fn a_changed_image_fails_with_five() {
    let dir = folder();
    let set = dir.path().join("master");
    write_set(&set);
    let mut image = fs::read(set.join("IMAGE.DAT")).unwrap();
    image[500_000] ^= 1;
    fs::write(set.join("IMAGE.DAT"), image).unwrap();
    let output = run(dir.path(), ["ddp", "check", "master"]);
    expect_code(&output, 5);
    assert!(
        out(&output).contains("not fit to be pressed") && out(&output).contains("stop  checksum"),
        "{}",
        out(&output)
    );
    let report = json(&run(dir.path(), ["ddp", "check", "--json", "master"]));
    assert_eq!((&report["passed"], &report["findings"][0]["rule"]), (&false.into(), &"checksum".into()));
}

#[test]
fn warnings_fail_when_they_are_to() {
    let dir = folder();
    let set = dir.path().join("master");
    write_set(&set);
    fs::remove_file(set.join("CHECKSUM.MD5")).unwrap();
    expect_code(&run(dir.path(), ["ddp", "check", "master"]), 0);
    expect_code(&run(dir.path(), ["ddp", "check", "--strict", "master"]), 5);
}

#[test]
fn what_is_no_fileset_is_told() {
    let dir = folder();
    let output = run(dir.path(), ["ddp", "check", "."]);
    expect_code(&output, 3);
    assert!(err(&output).contains("[not_a_fileset]") && err(&output).contains("hint"), "{}", err(&output));
    expect_code(&run(dir.path(), ["ddp", "check", "nowhere"]), 4);
    expect_code(&run(dir.path(), ["ddp"]), 2);
}

#[test]
fn tracks_are_taken_out_and_nothing_is_replaced_unasked() {
    let dir = folder();
    write_set(&dir.path().join("master"));
    let output = run(dir.path(), ["ddp", "extract", "master", "-o", "tracks"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("02 Zweites.wav"), "{}", out(&output));
    let expected = ["01 Erstes.wav", "02 Zweites.wav", "disc.cdtext.txt", "disc.cue", "disc.toc", "pq.txt"];
    assert_eq!(names(&dir.path().join("tracks")), expected);
    let mut samples = Vec::new();
    for name in &expected[..2] {
        let mut reader = hound::WavReader::open(dir.path().join("tracks").join(name)).unwrap();
        assert_eq!((reader.spec().sample_rate, reader.spec().bits_per_sample), (44_100, 16));
        samples.extend(reader.samples::<i16>().map(|sample| sample.unwrap()));
    }
    let image = fs::read(dir.path().join("master/IMAGE.DAT")).unwrap();
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert!(bytes == image[150 * 2352..]);
    let tags = json(&run(dir.path(), ["measure", "--json", "tracks/02 Zweites.wav"]));
    assert_eq!(tags["files"][0]["measurements"]["frames"], 450 * 588);
    let again = run(dir.path(), ["ddp", "extract", "master", "-o", "tracks"]);
    expect_code(&again, 4);
    assert!(err(&again).contains("[exists]"), "{}", err(&again));
    let forced = json(&run(dir.path(), ["ddp", "extract", "master", "-o", "tracks", "--force", "--json"]));
    assert_eq!(forced["tracks"][1]["length"], "00:06:00");
}
