//! The bar: whatever comes in, the master for Spotify stands at -14 LUFS within 0.1, under its ceiling, by other programs' meters,
//! or the run says what the print can take. Some recordings by default; all of them with TONMEISTER_FULL=1.

use crate::kit::{by_ffmpeg, code, err, folder, json, names, run, shared, tool, write_wav};
use std::path::{Path, PathBuf};

/// What stands for the rest when time is short: dynamic, loud, over-limited, speech at 8 kHz, mixes good and bad.
const SOME: [&str; 7] = [
    "speech/asterisk_prompt_8k.wav",
    "speech/jfk_16k.wav",
    "speech/solo_vocal_vocadito_10.wav",
    "mastered/overlimited_skyvibe_40s.ogg",
    "intake/rock__clean_peak-6.flac",
    "intake/francium__limited_10dB.flac",
    "intake/francium__clipped_4dB_then_-4.flac",
];

/// Rooms of the full set.
const ROOMS: [&str; 4] = ["mastered", "album", "speech", "intake"];

fn recordings(audio: &Path) -> Vec<PathBuf> {
    if std::env::var_os("TONMEISTER_FULL").is_none() {
        return SOME.iter().map(|name| audio.join(name)).collect();
    }
    let rooms = ROOMS.iter().map(|room| audio.join(room));
    let all = rooms.flat_map(|room| names(&room).into_iter().map(move |name| room.join(name)));
    all.filter(|path| path.extension().is_some_and(|ending| ending != "json")).collect()
}

/// Integrated loudness and true peak by libebur128's translation, of what ffmpeg decodes.
fn by_ebur128(path: &Path, rate_hz: u32) -> Option<(f64, f64)> {
    let decoded = tool("ffmpeg", ["-v", "error", "-i", path.to_str()?, "-f", "f64le", "-"])?;
    let samples: Vec<f64> =
        decoded.stdout.chunks_exact(8).map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap())).collect();
    let mode = ebur128::Mode::I | ebur128::Mode::TRUE_PEAK;
    let mut meter = ebur128::EbuR128::new(2, rate_hz, mode).unwrap();
    meter.add_frames_f64(&samples).unwrap();
    let peak = meter.true_peak(0).unwrap().max(meter.true_peak(1).unwrap());
    Some((meter.loudness_global().unwrap(), 20.0 * libm::log10(peak)))
}

#[test]
fn every_recording_lands_on_its_level_under_its_ceiling_or_the_run_says_what_it_takes() {
    let Some(audio) = shared("") else { return };
    let dir = folder();
    let mut wrong = Vec::new();
    for (number, path) in recordings(&audio).iter().enumerate() {
        let into = format!("m{number}");
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let output = run(
            dir.path(),
            ["master", &path.display().to_string(), "--for", "spotify", "-o", &into, "--json"],
        );
        if code(&output) != 0 {
            wrong.push(format!("{name}: code {}: {}", code(&output), err(&output)));
            continue;
        }
        let report = json(&output);
        let findings = report["findings"].as_array().unwrap();
        let reached = !findings.iter().any(|finding| finding["rule"] == "target_not_reached");
        let aim = report["masters"][0]["aim_lufs"].as_f64().unwrap();
        let file = dir.path().join(report["masters"][0]["file"].as_str().unwrap());
        let rate_hz = report["masters"][0]["measurements"]["sample_rate_hz"].as_u64().unwrap() as u32;
        let Some(heard) = by_ffmpeg(&file) else { return };
        let Some((lufs, peak_dbtp)) = by_ebur128(&file, rate_hz) else { return };
        println!(
            "{name}: {lufs:.3} LUFS {peak_dbtp:.2} dBTP (ffmpeg {} {}), aim {aim}{}",
            heard.integrated_lufs,
            heard.true_peak_dbtp,
            if reached { "" } else { " (target_not_reached)" }
        );
        // ffmpeg prints one digit: -14.1 to -13.9 are what may stand there.
        let landed = (lufs - aim).abs() <= 0.1 && (heard.integrated_lufs - aim).abs() <= 0.1 + 1e-9;
        let asked = !reached || (aim + 14.0).abs() < 1e-9;
        if !landed || !asked || heard.true_peak_dbtp > -1.0 || peak_dbtp > -1.0 {
            wrong.push(format!(
                "{name}: {lufs:.3} LUFS {peak_dbtp:.3} dBTP, aim {aim}, ffmpeg {} {}",
                heard.integrated_lufs, heard.true_peak_dbtp
            ));
        }
        std::fs::remove_dir_all(dir.path().join(into)).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_print_that_cannot_take_the_level_is_mastered_to_what_it_takes_and_the_run_says_so() {
    let dir = folder();
    // Clicks twice a second over silence: a limiter that is to make them loud has nothing else to turn up.
    let mut clicks = vec![0.0; 44_100 * 5];
    clicks.iter_mut().skip(4000).step_by(22_050).for_each(|x| *x = 0.5);
    write_wav(&dir.path().join("clicks.wav"), &[clicks.clone(), clicks], 44_100, 24);
    let output = run(dir.path(), ["master", "clicks.wav", "--for", "spotify", "-o", "m", "--json"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let report = json(&output);
    let finding =
        report["findings"].as_array().unwrap().iter().find(|one| one["rule"] == "target_not_reached");
    let finding = finding.unwrap_or_else(|| panic!("{report:#}"));
    let (aim, advice) =
        (report["masters"][0]["aim_lufs"].as_f64().unwrap(), finding["advice"].as_str().unwrap());
    assert!(aim < -14.1 && advice.contains(&format!("mastered to {aim:.1} LUFS")), "{aim}: {advice}");
    let file = dir.path().join("m/clicks.spotify.wav");
    let Some((lufs, peak_dbtp)) = by_ebur128(&file, 44_100) else { return };
    assert!((lufs - aim).abs() <= 0.1 && peak_dbtp <= -1.0, "{lufs} LUFS {peak_dbtp} dBTP, aim {aim}");
}
