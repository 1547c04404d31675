use super::*;
use crate::disc::codes::{Ean, Isrc};
use crate::disc::cue;
use crate::disc::judges::said;
use crate::disc::text::Block;
use crate::disc::tracks::{Copying, Disc, Flags, Track};
use std::path::PathBuf;

/// Three tracks: a pause before the second, an index in the third, flags, codes, text beyond ASCII.
fn disc(hidden: u32) -> Disc {
    let isrc = |n: u32| Some(Isrc::parse(&format!("DEABC123456{n}")).unwrap());
    let at = |sectors: u32| Sectors::new(sectors + hidden);
    let first = Track { pregap: Some(Sectors::ZERO), isrc: isrc(1), ..Track::at(at(150)) };
    let flags = Flags { pre_emphasis: true, copying: Copying::Permitted, four_channel: false };
    let second = Track { pregap: Some(at(600)), flags, isrc: isrc(2), ..Track::at(at(700)) };
    let third = Track { indexes: vec![at(1200)], isrc: isrc(3), ..Track::at(at(1100)) };
    Disc {
        tracks: vec![first, second, third],
        end: at(1500),
        ean: Some(Ean::parse("4006381333931").unwrap()),
        text: vec![Block::titles("Größe \"live\"", "Die Künstler", ["Eins", "Zwei é", "Drei"])],
        ..Disc::default()
    }
}

/// Audio of the whole disc: every sample tells its frame.
fn audio(disc: &Disc) -> Vec<i16> {
    (0..disc.end.frames())
        .flat_map(|frame| [(frame % 30_000) as i16 + 1, -((frame / 30_000) as i16) - 1])
        .collect()
}

fn burnt(folder: &Path, disc: Disc, kind: Audio) -> (Vec<PathBuf>, Vec<i16>) {
    let audio = audio(&disc);
    let red_book = RedBook::new(disc).unwrap();
    let mut writer = Writer::create(folder, "album", &red_book, kind, false).unwrap();
    for part in audio.chunks(2 * 12_345) {
        writer.push(part).unwrap();
    }
    (writer.finish().unwrap().commit().unwrap(), audio)
}

fn lines(bytes: &[u8]) -> Vec<String> {
    bytes
        .iter()
        .map(|byte| char::from(*byte))
        .collect::<String>()
        .lines()
        .map(|line| line.trim().to_owned())
        .collect()
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

#[test]
fn the_burning_sheet_begins_where_the_drive_begins() {
    let sheet = lines(&cue::for_burning(&disc(0), "album.wav", "WAVE"));
    let expected = [
        "CATALOG 4006381333931",
        "TITLE \"Größe 'live'\"",
        "PERFORMER \"Die Künstler\"",
        "FILE \"album.wav\" WAVE",
        "TRACK 01 AUDIO",
        "TITLE \"Eins\"",
        "PERFORMER \"Die Künstler\"",
        "ISRC DEABC1234561",
        "INDEX 01 00:00:00",
        "TRACK 02 AUDIO",
        "TITLE \"Zwei é\"",
        "PERFORMER \"Die Künstler\"",
        "ISRC DEABC1234562",
        "FLAGS PRE DCP",
        "INDEX 00 00:06:00",
        "INDEX 01 00:07:25",
        "TRACK 03 AUDIO",
        "TITLE \"Drei\"",
        "PERFORMER \"Die Künstler\"",
        "ISRC DEABC1234563",
        "INDEX 01 00:12:50",
        "INDEX 02 00:14:00",
    ];
    assert_eq!(sheet, expected);
}

#[test]
fn the_sheet_over_the_image_is_in_disc_time() {
    let sheet = lines(&cue::of_image(&disc(0), "IMAGE.DAT"));
    let places: Vec<&String> = sheet.iter().filter(|line| line.starts_with("INDEX")).collect();
    assert_eq!(
        places,
        [
            "INDEX 00 00:00:00",
            "INDEX 01 00:02:00",
            "INDEX 00 00:08:00",
            "INDEX 01 00:09:25",
            "INDEX 01 00:14:50",
            "INDEX 02 00:16:00"
        ]
    );
    assert!(sheet.contains(&"FILE \"IMAGE.DAT\" BINARY".to_owned()));
}

#[test]
fn hidden_audio_stays_in_front_of_index_01() {
    let sheet = lines(&cue::for_burning(&disc(450), "album.wav", "WAVE"));
    let places: Vec<&String> = sheet.iter().filter(|line| line.starts_with("INDEX")).take(2).collect();
    assert_eq!(places, ["INDEX 00 00:00:00", "INDEX 01 00:06:00"]);
}

#[test]
fn the_audio_is_the_disc_without_its_first_two_seconds() {
    for (kind, head) in [(Audio::Wav, 44), (Audio::Bin, 0)] {
        let folder = tempfile::tempdir().unwrap();
        let (paths, audio) = burnt(folder.path(), disc(0), kind);
        let bytes = std::fs::read(&paths[0]).unwrap();
        assert!(samples(&bytes[head..]) == audio[2 * 150 * 588..]);
    }
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let red_book = RedBook::new(disc(0)).unwrap();
    let path = folder.path().join("burn");
    let mut writer = Writer::create(&path, "album", &red_book, Audio::Wav, false).unwrap();
    writer.push_silence(1000 * 588).unwrap();
    assert_eq!(writer.finish().unwrap_err().code, "image_length");
    assert!(!path.exists());
}

/// Places and flags of tracks as `cd-info` tells them: number, MSF, copy, pre-emphasis.
fn by_cd_info(folder: &Path, sheet: &str) -> Option<Vec<(String, String)>> {
    let text = said("cd-info", &["--no-device-info", "--no-disc-mode", "-c", sheet], folder)?;
    let tracks = text.lines().filter(|line| line.contains(" audio ") || line.contains("leadout"));
    Some(
        tracks
            .map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                (words[0].trim_end_matches(':').to_owned(), words[1].to_owned())
            })
            .collect(),
    )
}

#[test]
fn cd_info_finds_every_track_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    burnt(folder.path(), disc(0), Audio::Bin);
    let Some(found) = by_cd_info(folder.path(), "album.cue") else { return };
    let expected = [("1", "00:02:00"), ("2", "00:09:25"), ("3", "00:14:50"), ("170", "00:20:00")];
    assert_eq!(found, expected.map(|(track, place)| (track.to_owned(), place.to_owned())));
    let text = said("cd-info", &["--no-device-info", "-c", "album.cue"], folder.path()).unwrap();
    for word in ["4006381333931", "Eins", "Drei"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn cueprint_reads_the_cue_sheet() {
    let folder = tempfile::tempdir().unwrap();
    burnt(folder.path(), disc(0), Audio::Wav);
    let template = ["-d", "%N %T\\n", "-t", "%n %t %i\\n", "album.cue"];
    let Some(text) = said("cueprint", &template, folder.path()) else { return };
    for line in ["3 Größe 'live'", "1 Eins DEABC1234561", "3 Drei DEABC1234563"] {
        assert!(text.lines().any(|own| own == line), "{line}: {text}");
    }
}

#[test]
fn cdrdao_accepts_both_sheets_and_reads_all_the_audio() {
    for hidden in [0, 450] {
        for kind in [Audio::Wav, Audio::Bin] {
            let folder = tempfile::tempdir().unwrap();
            let mut wanted = disc(hidden);
            burnt(folder.path(), wanted.clone(), kind);
            // cdrdao 1.2.4 takes indexes after 01 of a cue sheet for lengths of the track; its own TOC files have them right.
            wanted.tracks[2].indexes.clear();
            let name = format!("album.{}", kind.ending());
            let plain = cue::for_burning(&wanted, &name, if kind == Audio::Wav { "WAVE" } else { "BINARY" });
            std::fs::write(folder.path().join("plain.cue"), plain).unwrap();
            for sheet in ["album.toc", "plain.cue"] {
                let Some(text) = said("cdrdao", &["show-toc", "-v", "2", sheet], folder.path()) else {
                    return;
                };
                // Without the 2 s that cdrdao puts in front.
                let starts = [0, 550, 950].map(|at| format!("({at:6})"));
                if hidden == 0 {
                    assert!(starts.iter().all(|start| text.contains(start)), "{sheet}: {text}");
                }
                assert!(!text.contains("ERROR") && !text.contains("WARNING"), "{sheet}: {text}");
                said("cdrdao", &["read-test", sheet], folder.path());
                let size = said("cdrdao", &["toc-size", sheet], folder.path()).unwrap();
                assert!(size.contains(&(1350 + hidden).to_string()), "{sheet}: {size}");
            }
            let text = said("cdrdao", &["show-toc", "-v", "2", "album.toc"], folder.path()).unwrap();
            for word in ["ISRC DE ABC 12 34562", "4006381333931", "INDEX  2"] {
                assert!(text.contains(word), "{word}: {text}");
            }
        }
    }
}

#[test]
fn ffmpeg_hears_the_same_audio() {
    let folder = tempfile::tempdir().unwrap();
    let (_, audio) = burnt(folder.path(), disc(0), Audio::Wav);
    let args = ["-v", "error", "-i", "album.wav", "-f", "s16le", "out.raw"];
    if said("ffmpeg", &args, folder.path()).is_none() {
        return;
    }
    assert!(samples(&std::fs::read(folder.path().join("out.raw")).unwrap()) == audio[2 * 150 * 588..]);
}
