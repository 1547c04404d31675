//! Tags, covers, gains and noise shapers in files, as other programs read them.

use super::tests::{music, say};
use super::*;
use crate::decode;
use dsp::block::Buffer;
use std::fs;
use testkit::signals::{db, sine};

const TAGS: [(&str, &str); 9] = [
    ("title", "Nächtlicher Zug"),
    ("artist", "Zoë"),
    ("album", "Linien"),
    ("album_artist", "Verschiedene"),
    ("track", "3/12"),
    ("date", "2026-11-21"),
    ("isrc", "DE-A12-26-00003"),
    ("barcode", "4006381333931"),
    ("catalogue_number", "TON 7"),
];

fn tags() -> Tags {
    let mut tags = Tags::default();
    tags.artwork = Some(Artwork::of(artwork::tests::png_head(3000, 3000)).unwrap());
    TAGS.iter().for_each(|(name, text)| tags.set(name, text).unwrap());
    tags
}

fn spec(container: Container) -> Spec {
    let mut spec = Spec::new(container, Encoding::Int(24), 48_000, 2);
    let tags = tags();
    spec.tags = tags.over(&[]);
    spec.artwork = tags.artwork;
    spec.replay_gain = true;
    spec
}

/// 997 Hz in both channels, so loud in LUFS as its peak in dBFS.
fn tone(lufs: f64) -> Buffer {
    let plane = sine(997.0, db(lufs), 0.0, 5.0, 48_000.0);
    Buffer::from_planes(&[plane.clone(), plane])
}

fn verified(path: &Path, spec: Spec, audio: &Buffer) -> Verified {
    let mut writer = Writer::create(path, spec, false).unwrap();
    writer.write(audio.view()).unwrap();
    writer.verify(&Job::quiet(), &Gate::default()).unwrap()
}

fn own(path: &Path, key: &str) -> Option<String> {
    let info = decode::probe(path).unwrap();
    info.metadata.tags.into_iter().find(|(name, _)| name == key).map(|(_, text)| text)
}

#[test]
fn tags_and_cover_are_read_by_ffprobe_metaflac_and_mediainfo() {
    let folder = tempfile::tempdir().unwrap();
    for container in [Container::Wav, Container::Flac] {
        let path = folder.path().join(format!("a.{}", container.ending()));
        verified(&path, spec(container), &tone(-20.0)).commit().unwrap();
        let name = path.to_str().unwrap();
        let arguments = ["-v", "error", "-show_entries", "format_tags:stream=codec_type,width", name];
        // ffprobe shows the INFO list of a WAV file and its cover, not the texts of its ID3 tag.
        let texts = if container == Container::Wav { 4 } else { 7 };
        if let Some(said) = say("ffprobe", &arguments) {
            for word in
                ["Nächtlicher Zug", "Zoë", "Linien", "2026-11-21", "DEA122600003", "4006381333931", "TON 7"]
                    .into_iter()
                    .take(texts)
            {
                assert!(said.contains(word), "{container:?} {word}: {said}");
            }
        }
        if let Some(said) = say("mediainfo", &[name]) {
            for word in ["Nächtlicher Zug", "Zoë", "Linien", "DEA122600003"] {
                assert!(said.contains(word), "{container:?} {word}: {said}");
            }
            assert!(said.lines().any(|line| line.starts_with("Cover") && line.ends_with("Yes")), "{said}");
        }
        for (key, text) in [
            ("TITLE", "Nächtlicher Zug"),
            ("TRACKNUMBER", "3"),
            ("TRACKTOTAL", "12"),
            ("BARCODE", "4006381333931"),
        ] {
            assert_eq!(own(&path, key).as_deref(), Some(text), "{container:?}");
        }
    }
    let flac = folder.path().join("a.flac");
    let picture = folder.path().join("cover.png");
    let export = format!("--export-picture-to={}", picture.display());
    if say("metaflac", &[&export, flac.to_str().unwrap()]).is_some() {
        assert_eq!(fs::read(&picture).unwrap(), artwork::tests::png_head(3000, 3000));
    }
}

#[test]
fn a_cover_is_found_again_in_the_file_it_was_put_into() {
    let folder = tempfile::tempdir().unwrap();
    for container in [Container::Wav, Container::Flac] {
        let path = folder.path().join(format!("a.{}", container.ending()));
        verified(&path, spec(container), &tone(-20.0)).commit().unwrap();
        assert_eq!(Artwork::inside(&path).unwrap(), tags().artwork, "{container:?}");
        let bare = folder.path().join(format!("b.{}", container.ending()));
        verified(&bare, Spec { artwork: None, ..spec(container) }, &tone(-20.0)).commit().unwrap();
        assert_eq!(Artwork::inside(&bare).unwrap(), None);
        // Cut anywhere in its head, there is no cover, and no panic.
        let bytes = fs::read(&path).unwrap();
        for end in (0..600).chain([1000, 2000]) {
            fs::write(&bare, &bytes[..end]).unwrap();
            let _ = Artwork::inside(&bare).unwrap();
        }
    }
    assert_eq!(Artwork::inside(&folder.path().join("none.wav")).unwrap_err().code, "not_found");
}

#[test]
fn the_front_cover_comes_before_other_pictures() {
    let folder = tempfile::tempdir().unwrap();
    // FLAC: the back (4), then the front (3), then the end of the metadata.
    let block = |kind: u32, width: u32| {
        let picture = artwork::tests::png_head(width, width);
        let mut body = kind.to_be_bytes().to_vec();
        body.extend(9_u32.to_be_bytes());
        body.extend(b"image/png");
        body.extend(2_u32.to_be_bytes());
        body.extend(b"ab");
        body.extend([0; 16]);
        body.extend((picture.len() as u32).to_be_bytes());
        body.extend(picture);
        body
    };
    let mut bytes = b"fLaC".to_vec();
    for (last, body) in [(0x06, block(4, 5)), (0x86, block(3, 7))] {
        bytes.push(last);
        bytes.extend(&(body.len() as u32).to_be_bytes()[1..]);
        bytes.extend(body);
    }
    // What stands after the last block is audio.
    bytes.extend([6, 0, 0, 200]);
    let path = folder.path().join("a.flac");
    fs::write(&path, &bytes).unwrap();
    assert_eq!(Artwork::inside(&path).unwrap().unwrap().width, 7);
}

#[test]
fn nothing_stands_after_the_audio_of_a_wav_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    verified(&path, spec(Container::Wav), &tone(-20.0)).commit().unwrap();
    let bytes = fs::read(&path).unwrap();
    let at = bytes.windows(4).rposition(|id| id == b"data").unwrap();
    let size = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
    assert_eq!(at + 8 + size, bytes.len());
    // The ISRC by EBU Tech 3352 too.
    let text = String::from_utf8_lossy(&bytes[..at]).into_owned();
    assert!(text.contains("<dc:identifier>ISRC:DEA122600003</dc:identifier>"));
}

#[test]
fn the_isrc_is_read_back_from_axml_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    verified(&path, spec(Container::Wav), &tone(-20.0)).commit().unwrap();
    if let Some(said) = say("mediainfo", &["--Inform=General;%ISRC%", path.to_str().unwrap()]) {
        assert_eq!(said.trim(), "DEA122600003");
    }
    // Without its ID3 tag there is only the chunk of EBU Tech 3352 that knows.
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|id| id == b"id3 ").unwrap();
    bytes[at..at + 4].copy_from_slice(b"xxxx");
    fs::write(&path, &bytes).unwrap();
    assert_eq!(own(&path, "ISRC").as_deref(), Some("DEA122600003"));
    assert_eq!(own(&path, "LABEL"), None);
}

#[test]
fn gains_are_those_of_loudgain() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = ["a.flac", "b.flac"].map(|name| folder.path().join(name)).into();
    let files: Vec<Verified> = paths
        .iter()
        .zip([-20.0, -28.0])
        .map(|(path, lufs)| verified(path, spec(Container::Flac), &tone(lufs)))
        .collect();
    let measured: Vec<&Measurements> = files.iter().map(|file| &file.written().measured).collect();
    let album = ReplayGain::of_album(&measured).unwrap();
    // Half the power of each: 10 lg((10^-2.0 + 10^-2.8) / 2) = -22.37 LUFS.
    assert!((album.gain_db - 4.37).abs() < 0.05, "{album:?}");
    for file in files {
        file.put_album_gain(album).unwrap();
        file.commit().unwrap();
    }
    let number = |text: Option<String>| -> f64 { text.unwrap().split(' ').next().unwrap().parse().unwrap() };
    assert!((number(own(&paths[0], "REPLAYGAIN_TRACK_GAIN")) - 2.0).abs() < 0.02);
    assert!((number(own(&paths[1], "REPLAYGAIN_TRACK_GAIN")) - 10.0).abs() < 0.02);
    assert!((number(own(&paths[1], "REPLAYGAIN_TRACK_PEAK")) - db(-28.0)).abs() < 1e-4);
    for path in &paths {
        // The audio is untouched by the tags.
        let mut source = decode::open(path, decode::Options::default()).unwrap();
        crate::meters::measure(source.as_mut(), &Job::quiet()).unwrap();
        let _ = say("flac", &["-t", "-s", path.to_str().unwrap()]);
    }
    let names: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    // Columns: file, loudness, range, true peak, the same in dBTP, reference, will clip, clip prevented, gain, new peak, the same in dBTP.
    let Some(said) = say("loudgain", &["-a", "-k", "-q", "-O", names[0], names[1]]) else { return };
    let rows: Vec<Vec<&str>> = said.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    let gain = |row: &[&str]| -> f64 {
        let text = row.get(8).unwrap_or_else(|| panic!("{said}"));
        text.trim_end_matches(" dB").trim().parse().unwrap()
    };
    for (row, path) in rows.iter().zip(&paths) {
        let ours = number(own(path, "REPLAYGAIN_TRACK_GAIN"));
        assert!((gain(row) - ours).abs() <= 0.02, "{row:?}: {ours}");
    }
    let ours = number(own(&paths[0], "REPLAYGAIN_ALBUM_GAIN"));
    assert!((gain(&rows[2]) - ours).abs() <= 0.02, "{said}: {ours}");
}

#[test]
fn gains_get_into_wav_where_there_are_tags_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let file = verified(&path, spec(Container::Wav), &tone(-20.0));
    file.put_album_gain(ReplayGain::new(-23.0, -3.0)).unwrap();
    file.commit().unwrap();
    assert_eq!(own(&path, "REPLAYGAIN_ALBUM_GAIN").as_deref(), Some("5.00 dB"));
    assert_eq!(own(&path, "REPLAYGAIN_ALBUM_PEAK").as_deref(), Some("0.707946"));
    assert_eq!(own(&path, "TITLE").as_deref(), Some("Nächtlicher Zug"));
    let plain = folder.path().join("b.wav");
    let bare = Spec { tags: Vec::new(), artwork: None, ..spec(Container::Wav) };
    let file = verified(&plain, bare, &tone(-20.0));
    file.put_album_gain(ReplayGain::new(-23.0, -3.0)).unwrap();
    file.commit().unwrap();
    assert!(decode::probe(&plain).unwrap().metadata.tags.is_empty());
    // Silence has no gain.
    let silent = folder.path().join("c.flac");
    verified(&silent, spec(Container::Flac), &Buffer::new(2, 48_000)).commit().unwrap();
    assert_eq!(own(&silent, "REPLAYGAIN_TRACK_GAIN"), None);
}

#[test]
fn shaped_noise_stays_under_the_ceiling_of_a_cd() {
    let folder = tempfile::tempdir().unwrap();
    let cd = crate::targets::find("cd").unwrap();
    let ceiling_dbtp = cd.ceiling_dbtp.value;
    // A tone that stands as high as the limiter lets it, a tenth of a decibel under the ceiling, and one that is nearly silent between.
    let (loud, soft) = (db(ceiling_dbtp - 0.1), db(-80.0));
    let rate = 44_100.0;
    let mut plane = sine(1001.0, loud, 0.4, 0.25, rate);
    plane.extend(sine(1001.0, soft, 0.0, 0.25, rate));
    plane.extend(sine(311.0, loud, 0.0, 0.25, rate));
    // Soft beginnings and ends: what rings at an edge is not the shaper's.
    let edge = |n: usize| ((n % 11_025).min(11_024 - n % 11_025) as f64 / 400.0).min(1.0);
    plane.iter_mut().enumerate().for_each(|(n, x)| *x *= edge(n));
    let audio = Buffer::from_planes(&[plane.clone(), plane]);
    for dither in Dither::all() {
        let path = folder.path().join(format!("{}.wav", dither.name()));
        let spec = Spec { dither, ..Spec::for_target(&cd, 44_100, 2) };
        let mut writer = Writer::create(&path, spec, false).unwrap();
        writer.write(audio.view()).unwrap();
        let written = writer.finish(&Job::quiet(), &Gate::default()).unwrap();
        let peak_dbtp = written.measured.true_peak_worst_dbtp();
        assert!(peak_dbtp <= ceiling_dbtp, "{}: {peak_dbtp}", dither.name());
        assert!(written.findings.is_empty(), "{}", dither.name());
    }
}

#[test]
fn a_small_cover_is_found_when_the_file_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let small = Artwork::of(artwork::tests::png_head(600, 600)).unwrap();
    let spec = Spec { artwork: Some(small), ..Spec::new(Container::Flac, Encoding::Int(16), 44_100, 2) };
    let file = verified(&folder.path().join("a.flac"), spec, &music(2, 10_000));
    assert_eq!(file.written().findings[0].rule, "artwork_size");
}
