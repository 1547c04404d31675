//! The gate on real and planted files. Skipped where the shared audio is absent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use studio::handover::{self, Verdict};
use studio::job::Job;

fn shared(part: &str) -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/audio")).join(part);
    if !folder.exists() {
        println!("skipped: no shared audio at {part}");
        return None;
    }
    Some(folder)
}

fn has(verdict: &Verdict, rule: &str) -> bool {
    verdict.findings.iter().any(|finding| finding.rule == rule)
}

fn show(path: &Path, verdict: &Verdict) {
    println!("{} {:?}", path.display(), verdict.passed());
    for finding in &verdict.findings {
        println!("  {:?} {} {:?}: {}", finding.severity, finding.rule, finding.seconds, finding.measured);
    }
}

#[test]
fn every_labelled_clip_is_judged_as_its_label_says() {
    let Some(folder) = shared("intake") else { return };
    let text = std::fs::read_to_string(folder.join("LABELS.json")).unwrap();
    let labels: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    for label in &labels {
        let path = folder.join(label["file"].as_str().unwrap());
        let verdict = handover::check(&path, &Job::quiet()).unwrap();
        show(&path, &verdict);
        let limited = label["limited"].as_bool().unwrap();
        let clipped = label["clipped"].as_bool().unwrap();
        // "peak only": there is room above the peak, but it was made by turning down.
        let headroom = label["headroom_ok"].as_bool() != Some(false);
        let right = has(&verdict, "limited") == limited
            && has(&verdict, "clipped") == clipped
            && has(&verdict, "headroom") != headroom
            && verdict.passed() != (limited || clipped || !headroom);
        if !right {
            wrong.push(label["file"].clone());
        }
    }
    assert_eq!(labels.len(), 11);
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn finished_masters_are_no_premasters_and_dynamic_ones_are_not_called_limited() {
    let Some(folder) = shared("mastered") else { return };
    let files = [
        ("loud_hacienda.ogg", true, true),
        ("loud_win_theme_40s.ogg", true, true),
        ("overlimited_skyvibe_40s.ogg", true, false),
        ("dynamic_cradle_60s.ogg", false, false),
        ("dynamic_harvest_moon.ogg", true, false),
        ("folk_vocal_fishin_60s.ogg", true, false),
        ("orchestra_hungarian_dance.ogg", false, false),
    ];
    for (name, stopped, limited) in files {
        let path = folder.join(name);
        let verdict = match handover::check(&path, &Job::quiet()) {
            Err(error) if error.code == "unsupported" || error.code == "not_audio" => {
                println!("skipped: {error}");
                return;
            }
            verdict => verdict.unwrap(),
        };
        show(&path, &verdict);
        assert_eq!(verdict.passed(), !stopped, "{name}");
        assert_eq!(has(&verdict, "limited"), limited, "{name}");
        assert!(has(&verdict, "lossy"), "{name}");
    }
}

#[test]
fn planted_faults_in_files_are_found() {
    let Some(folder) = shared("pathological") else { return };
    let files = [
        ("level/hard_clipped_then_minus6dB.wav", "clipped", false),
        ("level/intersample_over_plus3.wav", "headroom", false),
        ("stereo/right_inverted.wav", "phase", false),
        ("numeric/nan_inf_float.wav", "not_finite", true),
        ("broken/one_sample.wav", "too_short", true),
        ("broken/zero_samples.wav", "too_short", true),
        ("format/u8_mono_11025.wav", "bit_depth", false),
    ];
    for (name, rule, fatal) in files {
        let path = folder.join(name);
        let verdict = handover::check(&path, &Job::quiet()).unwrap();
        show(&path, &verdict);
        assert!(has(&verdict, rule) && !verdict.passed(), "{name}");
        assert_eq!(verdict.is_fatal(), fatal, "{name}");
    }
}

#[test]
fn a_folder_is_heard_in_the_order_of_names_and_a_broken_file_keeps_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 48_000,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    for name in ["b.wav", "a.wav"] {
        let mut wav = hound::WavWriter::create(folder.path().join(name), spec).unwrap();
        for x in testkit::signals::noise(1e6, 3, 96_000) {
            wav.write_sample(x as i32).unwrap();
        }
        wav.finalize().unwrap();
    }
    std::fs::write(folder.path().join("c.wav"), b"RIFF").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "take 2 is better").unwrap();
    let results = handover::check_folder(folder.path(), &Job::quiet()).unwrap();
    let names: Vec<String> =
        results.iter().map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["a.wav", "b.wav", "c.wav"]);
    assert!(results[0].1.is_ok() && results[1].1.is_ok());
    assert_eq!(results[2].1.as_ref().unwrap_err().kind.exit_code(), 3);
}

#[test]
fn a_folder_without_audio_says_so() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(handover::check_folder(folder.path(), &Job::quiet()).unwrap_err().code, "no_audio");
    assert_eq!(
        handover::check_folder(&folder.path().join("gone"), &Job::quiet()).unwrap_err().code,
        "not_found"
    );
}
