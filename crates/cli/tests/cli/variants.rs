//! `variants`: three mixes to choose from.

use crate::kit::{band, below, by_ffmpeg, err, expect_code, folder, json, names, out, read_wav, run};
use serde_json::Value;

/// What a document says of a group of a variant.
fn group(variant: &Value, name: &str) -> f64 {
    let list = variant["balance"].as_array().unwrap();
    let found =
        list.iter().find(|group| group["name"] == name).unwrap_or_else(|| panic!("no {name}: {variant}"));
    found["relative_lu"].as_f64().unwrap()
}

#[test]
fn three_mixes_differ_are_equally_loud_and_all_may_be_mastered() {
    let dir = folder();
    band(dir.path(), "tracks", 8.0);
    let output = run(dir.path(), ["variants", "tracks", "-o", "three", "--json"]);
    expect_code(&output, 0);
    let three = dir.path().join("three");
    assert_eq!(names(dir.path()), ["three", "tracks"]);
    assert_eq!(
        below(&three),
        [
            "checksums.b3",
            "checksums.md5",
            "drums.toml",
            "drums.wav",
            "space.toml",
            "space.wav",
            "variants.md",
            "voice.toml",
            "voice.wav"
        ]
    );
    let document = json(&output);
    let list = document["variants"].as_array().unwrap();
    let of = |name: &str| list.iter().find(|one| one["name"] == name).unwrap();
    let (voice, drums, space) = (of("voice"), of("drums"), of("space"));
    // They go where they say, and stay where published mixes are (e.6 of the mixing rules).
    assert!(group(voice, "Lead vocals") > group(drums, "Lead vocals") + 0.8, "{document}");
    assert!(group(drums, "Drums") > group(voice, "Drums") + 1.5, "{document}");
    let wet = |one: &Value| one["reverberation"]["relative_lu"].as_f64().unwrap();
    assert!(wet(space) > wet(drums) + 1.0, "{document}");
    for one in list {
        assert!((-4.0..=-1.8).contains(&group(one, "Lead vocals")), "{one}");
        assert!((-9.3..=-4.9).contains(&group(one, "Drums")), "{one}");
        let share = one["reverberation"]["too_much_for"].as_f64().unwrap();
        assert!((0.05..=0.5).contains(&share), "{one}");
        assert_eq!(one["ready"], true);
        assert!(one["turned_down_db"].as_f64().unwrap() >= 0.0);
    }
    assert!(
        document["pairs"].as_array().unwrap().iter().all(|pair| pair["distance_lu"].as_f64().unwrap() > 0.5),
        "{document}"
    );
    // By another meter: equally loud, and none over the room a master needs.
    let heard: Vec<_> = list
        .iter()
        .filter_map(|one| by_ffmpeg(&three.join(format!("{}.wav", one["name"].as_str().unwrap()))))
        .collect();
    for one in &heard {
        assert!((one.integrated_lufs - heard[0].integrated_lufs).abs() <= 0.11, "{}", one.integrated_lufs);
        assert!(one.true_peak_dbtp <= -2.9, "{}", one.true_peak_dbtp);
    }
    // What is left when one is taken from another is no rounding: less than 20 dB under the music.
    let samples = |name: &str| read_wav(&three.join(format!("{name}.wav"))).1;
    let power = |list: &[i32]| list.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
    for (a, b) in [("voice", "drums"), ("voice", "space"), ("drums", "space")] {
        let (a, b) = (samples(a), samples(b));
        let left: Vec<i32> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
        assert!(power(&left) > 0.01 * power(&a), "{}", power(&left) / power(&a));
    }
    // One is chosen: its session renders, and the assistant goes on with it in its own manner.
    expect_code(&run(dir.path(), ["mix", "three/voice.toml", "-o", "mix.wav", "--allow-external"]), 0);
    let text = std::fs::read_to_string(three.join("voice.toml")).unwrap();
    assert!(text.contains("style = \"pop+voice\""), "{text}");
    expect_code(&run(dir.path(), ["assist", "three/voice.toml", "-o", "three/voice.toml", "-f"]), 0);
    assert!(std::fs::read_to_string(three.join("voice.toml")).unwrap() == text, "not a byte");
}

#[test]
fn where_nobody_sings_there_are_three_all_the_same() {
    let dir = folder();
    let tracks = band(dir.path(), "tracks", 5.0);
    std::fs::remove_file(tracks.join("05 Lead Vocal.wav")).unwrap();
    let output = run(dir.path(), ["variants", "tracks", "-o", "three"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("hand-over gate") && out(&output).contains("close"), "{}", out(&output));
    assert!(dir.path().join("three/close.wav").exists() && !dir.path().join("three/voice.wav").exists());
}

#[test]
fn wrong_calls_are_told() {
    let dir = folder();
    band(dir.path(), "tracks", 5.0);
    let output = run(dir.path(), ["assist", "tracks", "-o", "s.toml", "--style", "pop+voise"]);
    expect_code(&output, 2);
    assert!(err(&output).contains("`voice`"), "{}", err(&output));
    expect_code(&run(dir.path(), ["variants", "tracks/01 Kick.wav", "-o", "three"]), 2);
    assert_eq!(names(dir.path()), ["tracks"]);
}
