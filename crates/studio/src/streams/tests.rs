use super::*;
use crate::audio::Encoding;
use crate::codec;
use crate::deliver::{Container, Gate, Spec, Writer};
use crate::targets::Codec;
use std::path::PathBuf;
use testkit::signals::{noise, sine};

/// A second and a half of a tone and noise in two channels: more than one chunk of M4A.
fn song(folder: &Path, rate_hz: u32) -> PathBuf {
    let tone = sine(440.0, 0.3, 0.0, 1.5, f64::from(rate_hz));
    let plane =
        |seed| -> Vec<f64> { noise(0.1, seed, tone.len()).iter().zip(&tone).map(|(a, b)| a + b).collect() };
    let path = folder.join("song.wav");
    let spec = Spec::new(Container::Wav, Encoding::Int(24), rate_hz, 2);
    let mut writer = Writer::create(&path, spec, true).unwrap();
    writer.write(Buffer::from_planes(&[plane(1), plane(2)]).view()).unwrap();
    writer.finish(&Job::quiet(), &Gate::default()).unwrap();
    path
}

fn labels(pixels: usize) -> Labels {
    let mut cover = crate::deliver::tests_png(3000, 3000);
    cover.resize(cover.len() + pixels, 7);
    let tags = [
        ("TITLE", "Nächtlicher Zug"),
        ("ARTIST", "Zoë"),
        ("ALBUM", "Linien"),
        ("TRACKNUMBER", "3"),
        ("TRACKTOTAL", "12"),
        ("DATE", "2026-11-21"),
        ("ISRC", "DEA122600003"),
        ("BARCODE", "4006381333931"),
    ];
    Labels {
        tags: tags.map(|(key, text)| (key.to_owned(), text.to_owned())).to_vec(),
        artwork: Some(Artwork::of(cover).unwrap()),
        track: Some(ReplayGain::new(-14.0, -1.0)),
        album: Some(ReplayGain::new(-16.5, -0.5)),
    }
}

/// What another program says of a file; `None`, with a word, where it is not installed.
fn say(program: &str, arguments: &[&str]) -> Option<String> {
    match std::process::Command::new(program).args(arguments).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{program}: {said}{errors}");
            Some(said + &errors)
        }
        Err(error) => {
            println!("skipped: {program}: {error}");
            None
        }
    }
}

/// The stream of a codec as a file; `None`, with a word, where the encoder is missing.
fn written(folder: &Path, (name, rate_hz): (&str, u32), labels: &Labels) -> Option<PathBuf> {
    let codec = Codec::from_name(name).unwrap();
    match codec::stream(&song(folder, rate_hz), codec, &Job::quiet()).unwrap() {
        Ok(encoded) => {
            let path = folder.join(format!("song.{}", ending(codec.family)));
            write(&encoded, &path, labels, true, &Job::quiet()).unwrap().commit().unwrap();
            Some(path)
        }
        Err(why) => {
            println!("skipped: {why}");
            None
        }
    }
}

#[test]
fn every_file_is_read_by_others_with_its_tags_its_cover_and_its_length() {
    let folder = tempfile::tempdir().unwrap();
    // A cover so large that it goes over several pages of Ogg.
    let labels = labels(150_000);
    for (name, rate_hz, frames) in [
        ("aac-128", 44_100, 66_150),
        ("aac-128", 48_000, 72_000),
        ("mp3-128", 44_100, 66_150),
        ("vorbis-128", 44_100, 66_150),
        ("opus-96", 44_100, 72_000),
    ] {
        let Some(path) = written(folder.path(), (name, rate_hz), &labels) else { continue };
        let own = decode::probe(&path).unwrap();
        assert_eq!(own.frames, Some(frames), "{name}");
        let file = path.to_str().unwrap();
        let arguments =
            ["-v", "error", "-show_entries", "format_tags:stream_tags:stream=codec_name,codec_type", file];
        if let Some(said) = say("ffprobe", &arguments) {
            for word in [
                "Nächtlicher Zug",
                "Zoë",
                "Linien",
                "2026-11-21",
                "DEA122600003",
                "4006381333931",
                "codec_type=video",
            ] {
                assert!(said.contains(word), "{name} {word}: {said}");
            }
            assert!(
                said.contains("=3/12") || said.contains("track=3") || said.contains("TRACKNUMBER=3"),
                "{said}"
            );
        }
        if let Some(said) = say("mediainfo", &[file]) {
            for word in ["Nächtlicher Zug", "Zoë", "Linien", "DEA122600003"] {
                assert!(said.contains(word), "{name} {word}: {said}");
            }
            assert!(
                said.lines().any(|line| line.starts_with("Cover") && line.ends_with("Yes")),
                "{name}: {said}"
            );
        }
        // Another decoder gives as many frames.
        let arguments = ["-v", "error", "-i", file, "-map", "0:a", "-f", "s16le", "-"];
        if let Ok(output) = std::process::Command::new("ffmpeg").args(arguments).output() {
            // The cover is only the head of a picture.
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.lines().all(|line| line.contains("png")), "{name}: {said}");
            // It cuts M4A at the beginning, and at the end by whole packets only.
            let whole = if name.starts_with("aac") { 1024 } else { 1 };
            assert_eq!(output.stdout.len() as u64 / 4, frames.next_multiple_of(whole), "{name}");
        }
    }
}

#[test]
fn opus_has_its_own_gains_and_others_replay_gain() {
    let folder = tempfile::tempdir().unwrap();
    let labels = labels(0);
    // RFC 7845, section 5.2.1, by hand: 256 · (-23 - -14) = -2304 and 256 · (-23 - -16.5) = -1664.
    if let Some(path) = written(folder.path(), ("opus-96", 48_000), &labels) {
        let file = path.to_str().unwrap();
        if let Some(said) = say("opusinfo", &[file]) {
            for word in ["R128_TRACK_GAIN=-2304", "R128_ALBUM_GAIN=-1664", "TITLE=Nächtlicher Zug"] {
                assert!(said.contains(word), "{word}: {said}");
            }
            assert!(!said.contains("REPLAYGAIN") && !said.contains("WARNING"), "{said}");
        }
        let tags = decode::probe(&path).unwrap().metadata.tags;
        assert!(tags.contains(&("R128_TRACK_GAIN".to_owned(), "-2304".to_owned())), "{tags:?}");
    }
    if let Some(path) = written(folder.path(), ("vorbis-128", 44_100), &labels)
        && let Some(said) = say("vorbiscomment", &["-l", path.to_str().unwrap()])
    {
        for word in ["REPLAYGAIN_TRACK_GAIN=-4.00 dB", "REPLAYGAIN_ALBUM_GAIN=-1.50 dB", "TITLE=N"] {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!said.contains("R128"), "{said}");
    }
    for name in ["aac-128", "mp3-128"] {
        let path = written(folder.path(), (name, 44_100), &labels).unwrap();
        if let Some(said) =
            say("ffprobe", &["-v", "error", "-show_entries", "format_tags", path.to_str().unwrap()])
        {
            let said = said.to_ascii_lowercase();
            assert!(said.contains("replaygain_track_gain=-4.00 db"), "{name}: {said}");
            assert!(said.contains("replaygain_album_peak=0.944061"), "{name}: {said}");
        }
    }
}

#[test]
fn without_anything_to_say_the_files_are_whole_all_the_same_and_the_same_every_time() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["aac-96", "mp3-128", "opus-64"] {
        let path = written(folder.path(), (name, 44_100), &Labels::default()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(decode::probe(&path).unwrap().metadata.tags.iter().all(|(key, _)| key == "ENCODER"));
        written(folder.path(), (name, 44_100), &Labels::default()).unwrap();
        assert!(bytes == std::fs::read(&path).unwrap(), "{name}");
    }
}
