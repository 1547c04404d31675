//! `prepare`: tracks for another engineer.

use crate::kit::{
    RATE_HZ, band, below, err, expect_code, folder, json, names, out, read_wav, run, write_wav,
};
use std::fs;
use std::path::Path;
use testkit::signals::noise;

/// Puts a `bext` chunk with a time reference into a WAV file (EBU Tech 3285: the reference is at byte 338 of the chunk).
fn stamp(path: &Path, frames: u64) {
    let mut bytes = fs::read(path).unwrap();
    let mut chunk = b"bext".to_vec();
    chunk.extend(602_u32.to_le_bytes());
    let mut body = vec![0_u8; 602];
    body[338..346].copy_from_slice(&frames.to_le_bytes());
    chunk.extend(body);
    bytes.splice(12..12, chunk.iter().copied());
    let size = u32::try_from(bytes.len() - 8).unwrap();
    bytes[4..8].copy_from_slice(&size.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

fn write_float(path: &Path, samples: &[f64]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE_HZ,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.iter().for_each(|x| writer.write_sample(*x as f32).unwrap());
    writer.finalize().unwrap();
}

/// A document's track that came from a file.
fn of<'a>(document: &'a serde_json::Value, source: &str) -> &'a serde_json::Value {
    let tracks = document["tracks"].as_array().unwrap();
    tracks.iter().find(|track| track["source"] == source).unwrap_or_else(|| panic!("no {source}: {document}"))
}

#[test]
fn every_sample_arrives_as_it_was_between_silences_of_the_right_length() {
    let dir = folder();
    let tracks = dir.path().join("Größe");
    fs::create_dir(&tracks).unwrap();
    let burst = |seed: u64, frames: usize| noise(0.5, seed, frames);
    write_wav(&tracks.join("Kick In.wav"), &[burst(1, 100_000)], RATE_HZ, 16);
    write_wav(&tracks.join("Bass.wav"), &[burst(2, 90_000)], RATE_HZ, 24);
    write_float(&tracks.join("Lead Vox.wav"), &burst(3, 120_000).iter().map(|x| 3.0 * x).collect::<Vec<_>>());
    write_wav(&tracks.join("Gtr.wav"), &[burst(4, 80_001), burst(5, 80_001)], RATE_HZ, 24);
    for (file, at) in [
        ("Kick In.wav", 7_000_000),
        ("Bass.wav", 7_000_000),
        ("Lead Vox.wav", 7_000_123),
        ("Gtr.wav", 7_050_001),
    ] {
        stamp(&tracks.join(file), at);
    }
    let before: Vec<Vec<u8>> =
        names(&tracks).iter().map(|name| fs::read(tracks.join(name)).unwrap()).collect();
    let output = run(dir.path(), ["prepare", "Größe", "-o", "out", "--json"]);
    expect_code(&output, 0);
    let (document, done) = (json(&output), dir.path().join("out"));
    assert_eq!(
        below(&done),
        [
            "01_Kick-In.wav",
            "02_Bass.wav",
            "03_electric-guitar_Gtr.wav",
            "04_lead-vocal_Lead-Vox.wav",
            "README.md",
            "README.pdf",
            "README.txt",
            "checksums.b3",
            "checksums.md5"
        ]
    );
    // The guitar ends last: 50 001 + 80 001.
    let length = 130_002_usize;
    assert_eq!(document["frames"], length);
    for (source, offset, channels, shift) in
        [("Kick In.wav", 0, 1, 8), ("Bass.wav", 0, 1, 0), ("Gtr.wav", 50_001, 2, 0)]
    {
        let file = done.join(of(&document, source)["file"].as_str().unwrap());
        let ((spec, ours), (_, theirs)) = (read_wav(&file), read_wav(&tracks.join(source)));
        assert_eq!(
            (spec.bits_per_sample, spec.sample_rate, usize::from(spec.channels)),
            (24, RATE_HZ, channels)
        );
        assert_eq!(ours.len(), length * channels, "{source}");
        let (head, rest) = ours.split_at(offset * channels);
        let (body, tail) = rest.split_at(theirs.len());
        assert!(head.iter().chain(tail).all(|x| *x == 0), "{source}: silence before and behind");
        assert!(body.iter().zip(&theirs).all(|(a, b)| *a == b << shift), "{source}: every sample");
        assert_eq!(of(&document, source)["unchanged"], true);
    }
    // Floats above full scale stay what they are.
    let floats = |path: &Path| -> Vec<u32> {
        hound::WavReader::open(path).unwrap().samples::<f32>().map(|x| x.unwrap().to_bits()).collect()
    };
    let (ours, theirs) =
        (floats(&done.join("04_lead-vocal_Lead-Vox.wav")), floats(&tracks.join("Lead Vox.wav")));
    assert_eq!((ours.len(), &ours[123..123 + theirs.len()]), (length, theirs.as_slice()));
    assert!(ours[..123].iter().chain(&ours[123 + theirs.len()..]).all(|x| *x == 0));
    // The sources are as they were, and the page says what is what.
    let after: Vec<Vec<u8>> =
        names(&tracks).iter().map(|name| fs::read(tracks.join(name)).unwrap()).collect();
    assert!(before == after);
    let page = fs::read_to_string(done.join("README.md")).unwrap();
    for word in [
        "44100 Hz",
        "130002 frames",
        "lead vocal",
        "Lead Vox.wav",
        "over full scale",
        "Every sample is as it was recorded",
    ] {
        assert!(page.contains(word), "{word}: {page}");
    }
    match std::process::Command::new("md5sum")
        .current_dir(&done)
        .args(["-c", "--quiet", "checksums.md5"])
        .output()
    {
        Ok(sums) => assert!(sums.status.success(), "{}", err(&sums)),
        Err(error) => println!("skipped: md5sum: {error}"),
    }
    let heard = run(dir.path(), ["measure", "out/02_Bass.wav", "--json"]);
    expect_code(&heard, 0);
    // The time of day stays: what was at 7 000 000 is there again.
    let bytes = fs::read(done.join("02_Bass.wav")).unwrap();
    let at = bytes.windows(4).position(|word| word == b"bext").unwrap() + 8 + 338;
    assert_eq!(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()), 7_000_000);
}

#[test]
fn what_is_not_for_the_mix_is_named_and_put_apart() {
    let dir = folder();
    let tracks = band(dir.path(), "tracks", 6.0);
    write_wav(&tracks.join("Empty.wav"), &[vec![0.0; 6 * RATE_HZ as usize]], RATE_HZ, 24);
    fs::copy(tracks.join("03 Bass.wav"), tracks.join("Bass copy.wav")).unwrap();
    let tick: Vec<f64> = (0..6 * RATE_HZ as usize)
        .map(|n| if n % 22_050 < 400 { 0.5 * libm::sin(0.2 * n as f64) } else { 0.0 })
        .collect();
    write_wav(&tracks.join("Click.wav"), &[tick], RATE_HZ, 24);
    let output = run(dir.path(), ["prepare", "tracks", "-o", "out", "--json"]);
    expect_code(&output, 0);
    let document = json(&output);
    let left: Vec<&str> =
        document["left_out"].as_array().unwrap().iter().map(|one| one["source"].as_str().unwrap()).collect();
    assert!(left.contains(&"Empty.wav") && left.len() == 2, "{left:?}");
    assert_eq!(of(&document, "Click.wav")["guide"], "a click track");
    let files = below(&dir.path().join("out"));
    assert!(files.iter().any(|file| file.starts_with("guides/") && file.ends_with("Click.wav")), "{files:?}");
    let page = fs::read_to_string(dir.path().join("out/README.md")).unwrap();
    assert!(
        page.contains("Empty.wav") && page.contains("nothing is on it") && page.contains("the same as"),
        "{page}"
    );
    let output = run(dir.path(), ["prepare", "tracks", "-o", "lean", "--guides", "leave"]);
    expect_code(&output, 0);
    assert!(out(&output).contains("left out: Click.wav (a click track)"), "{}", out(&output));
    assert!(!below(&dir.path().join("lean")).iter().any(|file| file.contains("Click")));
}

#[test]
fn several_rates_are_told_and_only_converted_when_asked() {
    let dir = folder();
    let tracks = dir.path().join("tracks");
    fs::create_dir(&tracks).unwrap();
    let tone = |hz: f64, rate: u32| testkit::signals::sine(hz, 0.4, 0.0, 3.0, f64::from(rate));
    write_wav(&tracks.join("Bass.wav"), &[tone(110.0, 44_100)], 44_100, 24);
    write_wav(&tracks.join("Keys.wav"), &[tone(440.0, 48_000)], 48_000, 24);
    write_wav(&tracks.join("Gtr.wav"), &[tone(660.0, 48_000)], 48_000, 16);
    let output = run(dir.path(), ["prepare", "tracks", "-o", "out"]);
    expect_code(&output, 2);
    assert!(
        err(&output).contains("mixed_rates") && err(&output).contains("--rate 48000"),
        "{}",
        err(&output)
    );
    assert_eq!(names(dir.path()), ["tracks"]);
    let output = run(dir.path(), ["prepare", "tracks", "-o", "out", "--rate", "48000", "--json"]);
    expect_code(&output, 0);
    let document = json(&output);
    let (bass, keys) = (of(&document, "Bass.wav"), of(&document, "Keys.wav"));
    assert_eq!((&bass["unchanged"], &keys["unchanged"]), (&false.into(), &true.into()));
    assert!(bass["notes"][0].as_str().unwrap().contains("44100"), "{bass}");
    let page = fs::read_to_string(dir.path().join("out/README.md")).unwrap();
    assert!(page.contains("1 of 3 files were converted"), "{page}");
    // The converted tone is the tone at 48 kHz.
    let file = dir.path().join("out").join(bass["file"].as_str().unwrap());
    let floats: Vec<f32> =
        hound::WavReader::open(file).unwrap().samples::<f32>().map(Result::unwrap).collect();
    assert_eq!(floats.len(), 144_000);
    let wanted = tone(110.0, 48_000);
    assert!((48_000..96_000).all(|n| (f64::from(floats[n]) - wanted[n]).abs() < 1e-5));
}

#[test]
fn a_session_says_where_its_tracks_are_and_edits_are_sent_elsewhere() {
    let dir = folder();
    let tracks = band(dir.path(), "tracks", 4.0);
    let session = "version = 1\n[session]\nname = \"Song\"\nsample_rate_hz = 44100\n[[track]]\nid = \"bass\"\nname = \"Bass\"\nclip = [{ file = \"tracks/03 Bass.wav\", start_seconds = 0.5 }]\nfader_db = -20.0\n[[track]]\nid = \"voice\"\nname = \"Lead Vocal\"\nfile = \"tracks/05 Lead Vocal.wav\"\n[[track]]\nid = \"gtr\"\nname = \"Guitar\"\nfile = \"tracks/04 Electric Guitar.wav\"\nmute = true\n";
    fs::write(dir.path().join("song.toml"), session).unwrap();
    let output = run(dir.path(), ["prepare", "song.toml", "-o", "out", "--json"]);
    expect_code(&output, 0);
    let document = json(&output);
    assert_eq!(document["tracks"].as_array().unwrap().len(), 2);
    assert_eq!(document["left_out"][0]["why"], "muted in the session");
    let bass = document["tracks"].as_array().unwrap().iter().find(|track| track["role"] == "bass").unwrap();
    let (_, ours) = read_wav(&dir.path().join("out").join(bass["file"].as_str().unwrap()));
    let (_, theirs) = read_wav(&tracks.join("03 Bass.wav"));
    assert_eq!(ours.len(), theirs.len() + 22_050);
    assert!(
        ours[..22_050].iter().all(|x| *x == 0) && ours[22_050..] == theirs,
        "no fader, half a second later"
    );
    fs::write(
        dir.path().join("song.toml"),
        session.replace("start_seconds = 0.5", "start_seconds = 0.5, fade_in_ms = 5.0"),
    )
    .unwrap();
    let output = run(dir.path(), ["prepare", "song.toml", "-o", "more"]);
    expect_code(&output, 2);
    assert!(
        err(&output).contains("edited_session") && err(&output).contains("--multitrack"),
        "{}",
        err(&output)
    );
}

#[test]
fn nothing_to_prepare_is_told() {
    let dir = folder();
    fs::create_dir(dir.path().join("tracks")).unwrap();
    write_wav(&dir.path().join("tracks/a.wav"), &[vec![0.0; 60_000]], RATE_HZ, 24);
    let output = run(dir.path(), ["prepare", "tracks", "-o", "out"]);
    expect_code(&output, 3);
    assert!(err(&output).contains("nothing_to_prepare"), "{}", err(&output));
    assert_eq!(names(dir.path()), ["tracks"]);
}
