//! Every file that is written opens in the programs of other people.

use crate::kit::{err, expect_code, folder, names, out, run, tool, write_song};
use std::fs;
use std::path::Path;

/// Opens a file in everything that is installed; what they say must be about audio of this rate and depth.
fn opens_everywhere(path: &Path, rate_hz: u32, bits: u16) {
    let name = path.to_str().expect("a plain name");
    if let Some(decoded) = tool("ffmpeg", ["-v", "error", "-xerror", "-i", name, "-f", "null", "-"]) {
        assert!(decoded.status.success() && decoded.stderr.is_empty(), "ffmpeg {name}: {}", err(&decoded));
    }
    if let Some(played) = tool("sox", ["-S", name, "-n", "stat"]) {
        assert!(played.status.success(), "sox {name}: {}", err(&played));
        assert!(!err(&played).contains("WARN"), "sox {name}: {}", err(&played));
        assert!(err(&played).contains(&format!("{bits}-bit")), "sox {name}: {}", err(&played));
    }
    if let Some(info) = tool("mediainfo", [name]) {
        let text = out(&info);
        assert!(
            text.contains("Format") && text.contains(&format!("{bits} bits")),
            "mediainfo {name}: {text}"
        );
        let khz = format!("{}", f64::from(rate_hz) / 1000.0);
        assert!(text.contains(&khz), "mediainfo {name}: {khz} kHz in {text}");
        assert!(!text.contains("IsTruncated") && !text.contains("Conformance"), "mediainfo {name}: {text}");
    }
    if let Some(info) = tool("sndfile-info", [name]) {
        assert!(info.status.success(), "sndfile-info {name}: {}", out(&info));
        assert!(
            out(&info).contains(&format!("Sample Rate : {rate_hz}")),
            "sndfile-info {name}: {}",
            out(&info)
        );
        assert!(!out(&info).to_lowercase().contains("error"), "sndfile-info {name}: {}", out(&info));
    }
}

#[test]
fn masters_for_every_target_open_in_every_program() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 4.5);
    let all = studio::targets::all().expect("the built-in targets are good");
    let list: Vec<&str> = all.iter().map(|target| target.name.as_str()).collect();
    let output = run(dir.path(), ["master", "mix.wav", "--for", &list.join(","), "-o", "m"]);
    expect_code(&output, 0);
    let m = dir.path().join("m");
    assert_eq!(names(&m).len(), all.len() + 1);
    for target in &all {
        let file = m.join(format!("mix.{}.{}", target.name, target.container.value));
        opens_everywhere(&file, target.delivery_rate_hz(44_100), target.bits.value);
        if target.container.value == "flac" {
            assert!(
                tool("flac", ["-ts", file.to_str().unwrap()]).is_none_or(|tested| tested.status.success())
            );
        }
    }
}

#[test]
fn a_flac_of_a_chain_passes_the_test_of_flac_and_decodes_to_the_same_audio_as_the_wav() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 3.0);
    expect_code(&run(dir.path(), ["master", "mix.wav", "--for", "spotify,cd", "-o", "m"]), 0);
    let text = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    let flac = text.replace("container = \"wav\"", "container = \"flac\"");
    let flac = flac.replace("mix.spotify.wav", "s.flac").replace("mix.cd.wav", "c.flac");
    fs::write(dir.path().join("flac.toml"), flac).unwrap();
    expect_code(&run(dir.path(), ["master", "mix.wav", "--chain", "flac.toml", "-o", "f"]), 0);
    for (flac, wav, bits) in [("f/s.flac", "m/mix.spotify.wav", 24), ("f/c.flac", "m/mix.cd.wav", 16)] {
        let path = dir.path().join(flac);
        opens_everywhere(&path, 44_100, bits);
        let Some(tested) = tool("flac", ["-t", "-w", path.to_str().unwrap()]) else { return };
        assert!(tested.status.success(), "{}", err(&tested));
        let raw = |file: &str| {
            let path = dir.path().join(file);
            tool("ffmpeg", ["-v", "error", "-i", path.to_str().unwrap(), "-f", "s32le", "-"])
                .map(|raw| raw.stdout)
        };
        assert!(raw(flac).is_some_and(|audio| !audio.is_empty()));
        assert!(raw(flac) == raw(wav), "{flac}");
    }
}

#[test]
fn prints_open_in_every_program() {
    let dir = folder();
    write_song(dir.path(), "take.wav", 2.0);
    fs::create_dir(dir.path().join("out")).unwrap();
    expect_code(&run(dir.path(), ["mix", ".", "-o", "out/print.wav"]), 0);
    opens_everywhere(&dir.path().join("out/print.wav"), 44_100, 24);
}
