//! Measurements of real and planted files, against their labels and against ffmpeg.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;
use studio::decode;
use studio::job::Job;
use studio::meters::{Measurements, measure};

fn shared() -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/audio"));
    if !folder.exists() {
        println!("skipped: no shared audio beside the project");
        return None;
    }
    Some(folder.to_owned())
}

fn of(path: &Path) -> Measurements {
    let mut source = decode::open(path, decode::Options::default()).unwrap();
    measure(source.as_mut(), &Job::quiet()).unwrap()
}

#[test]
fn planted_files_read_as_their_labels_say() {
    let Some(folder) = shared() else { return };
    let of = |name: &str| of(&folder.join("pathological").join(name));
    let over = of("level/intersample_over_plus3.wav");
    assert!(over.true_peak_dbtp > over.sample_peak_dbfs + 2.5, "{over:?}");
    let clipped = of("level/hard_clipped_then_minus6dB.wav");
    assert!(clipped.clipped_runs > 10 && clipped.clipped_runs_at_full_scale == 0, "{clipped:?}");
    let inverted = of("stereo/right_inverted.wav");
    assert!(inverted.correlation.unwrap() < -0.99, "{inverted:?}");
    let padded = of("format/ext_24in32.wav");
    assert!(padded.bits_used.unwrap() <= 24, "{padded:?}");
}

/// The number after `label` in the last summary of ffmpeg's loudness filter.
fn summary(text: &str, label: &str) -> Option<f64> {
    let line = text.lines().rfind(|line| line.trim_start().starts_with(label))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn ffmpeg_reads_the_same_loudness_and_peak() {
    let Some(folder) = shared() else { return };
    for name in ["25_TEXTURE", "17_KICK", "26_VOX_LEAD"] {
        let path = folder.join("multitrack/francium_edm_vocal").join(format!("{name}.flac"));
        let filter = ["-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"];
        let output =
            Command::new("ffmpeg").args(["-hide_banner", "-nostats", "-i"]).arg(&path).args(filter).output();
        let Ok(output) = output else {
            println!("skipped: no ffmpeg");
            return;
        };
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let found = of(&path);
        for (label, ours, tolerance) in [
            // It prints tenths.
            ("I:", found.integrated_lufs.unwrap(), 0.06),
            // Its true peak is four times oversampled.
            ("Peak:", found.true_peak_dbtp, 0.25),
        ] {
            let theirs = summary(&text, label).unwrap();
            assert!((ours - theirs).abs() < tolerance, "{name} {label} {ours} {theirs}");
        }
    }
}
