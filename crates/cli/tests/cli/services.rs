//! `services`: how loud a file will be played.

use crate::kit::{err, expect_code, folder, json, out, run, write_wav};
use std::path::Path;
use testkit::signals::{db, sine};

/// Two channels of 997 Hz: as loud, in LUFS, as its peak in dBFS (EBU Tech 3341, case 1).
fn tone(dir: &Path, name: &str, lufs: f64) {
    let plane = sine(997.0, db(lufs), 0.0, 3.0, 44_100.0);
    write_wav(&dir.join(name), &[plane.clone(), plane], 44_100, 24);
}

fn play<'a>(document: &'a serde_json::Value, service: &str, mode: &str) -> &'a serde_json::Value {
    let plays = document["files"][0]["plays"].as_array().unwrap();
    plays.iter().find(|play| play["service"] == service && play["mode"] == mode).unwrap()
}

#[test]
fn a_quiet_tone_is_turned_up_by_those_who_do() {
    let dir = folder();
    tone(dir.path(), "tone.wav", -23.0);
    let output = run(dir.path(), ["services", "tone.wav", "--json"]);
    expect_code(&output, 0);
    let document = json(&output);
    for (service, mode, gain_db) in
        [("spotify", "", 9.0), ("spotify", "Loud", 12.0), ("youtube", "", 0.0), ("apple-music", "", 7.0)]
    {
        let found = play(&document, service, mode)["gain_db"].as_f64().unwrap();
        assert!((found - gain_db).abs() < 0.05, "{service} {mode}: {found}");
    }
    assert_eq!(play(&document, "youtube", "")["verdict"], "left_quiet");
    assert!(document["album"].as_array().unwrap().is_empty() && document["album_lufs"].is_null());
    let said = out(&run(dir.path(), ["services", "tone.wav"]));
    assert!(said.contains("turned up 9.0 dB") && said.contains("never turned up"), "{said}");
}

#[test]
fn several_files_are_an_album_too() {
    let dir = folder();
    tone(dir.path(), "1.wav", -9.0);
    tone(dir.path(), "2.wav", -15.0);
    let output = run(dir.path(), ["services", "1.wav", "2.wav", "--on", "spotify,apple-music", "--json"]);
    expect_code(&output, 0);
    let document = json(&output);
    // Half the power of each: 10 lg((10^-0.9 + 10^-1.5) / 2).
    let pooled = -11.037;
    assert!((document["album_lufs"].as_f64().unwrap() - pooled).abs() < 0.1, "{document}");
    let gains = |service: &str| -> Vec<f64> {
        let albums = document["album"].as_array().unwrap();
        let album = albums.iter().find(|a| a["service"] == service && a["mode"] == "").unwrap();
        album["tracks"].as_array().unwrap().iter().map(|t| t["gain_db"].as_f64().unwrap()).collect()
    };
    assert!(gains("spotify").iter().all(|gain| (gain + 5.0).abs() < 0.05), "{:?}", gains("spotify"));
    assert!(gains("apple-music").iter().all(|gain| (gain + 16.0 + pooled).abs() < 0.1));
    let said = out(&run(dir.path(), ["services", "1.wav", "2.wav"]));
    assert!(said.contains("as an album of 2 tracks: -11.0 LUFS"), "{said}");
}

#[test]
fn what_has_no_loudness_and_what_is_no_service_is_said() {
    let dir = folder();
    write_wav(&dir.path().join("none.wav"), &[vec![0.0; 44_100]], 44_100, 16);
    let output = run(dir.path(), ["services", "none.wav"]);
    expect_code(&output, 3);
    assert!(err(&output).contains("[no_loudness]"), "{}", err(&output));
    let output = run(dir.path(), ["services", "none.wav", "--on", "cd"]);
    expect_code(&output, 2);
    assert!(err(&output).contains("[no_service]") && err(&output).contains("spotify"), "{}", err(&output));
}
