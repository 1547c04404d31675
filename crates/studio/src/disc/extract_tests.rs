use super::*;
use crate::disc::check::RedBook;
use crate::disc::ddp;
use crate::disc::ddp::tests::example;
use crate::disc::judges::said;
use crate::disc::text::Block;
use std::fs;

fn disc(hidden: u32) -> Disc {
    let mut disc = example();
    let move_by = |at: Sectors| at.plus(Sectors::new(hidden));
    disc.tracks[0].start = move_by(disc.tracks[0].start);
    disc.tracks[1].pregap = disc.tracks[1].pregap.map(move_by);
    disc.tracks[1].start = move_by(disc.tracks[1].start);
    disc.end = move_by(disc.end);
    disc.text = vec![Block::titles("Album", "Group", ["One/Two: \"x\"", "..\u{e9}"])];
    disc
}

/// A fileset of numbered samples, silent for its first 2 s.
fn fileset(folder: &Path, disc: Disc) -> Fileset {
    let lead = Sectors::FIRST_PREGAP.frames();
    let samples: Vec<i16> = (0..disc.end.frames() - lead - 5)
        .flat_map(|n| [(n % 31_000) as i16 + 1, -((n % 977) as i16)])
        .collect();
    let red_book = RedBook::new(disc).unwrap();
    let mut writer = ddp::Writer::create(folder, &red_book, ddp::Options::default(), false).unwrap();
    writer.push_silence(lead).unwrap();
    writer.push(&samples).unwrap();
    writer.finish(&Job::quiet()).unwrap().commit().unwrap();
    ddp::read(folder, &Job::quiet()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The audio of a WAV file, by its chunks.
fn pcm(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let mut at = 12;
    loop {
        let size = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        if &bytes[at..at + 4] == b"data" {
            return bytes[at + 8..at + 8 + size].to_vec();
        }
        at += 8 + size.next_multiple_of(2);
    }
}

#[test]
fn the_tracks_one_after_the_other_are_the_image() {
    for hidden in [0, 225] {
        let folder = tempfile::tempdir().unwrap();
        let set = fileset(&folder.path().join("ddp"), disc(hidden));
        let out = folder.path().join("tracks");
        let done = extract(&set, &out, false, &Job::quiet()).unwrap();
        let whole: Vec<u8> = done.tracks.iter().flat_map(|track| pcm(&track.path)).collect();
        let image = fs::read(&set.image).unwrap();
        assert!(whole == image[150 * 2352..]);
        let mut expected =
            vec!["01 One_Two_ _x_.wav", "02 ..e.wav", "disc.cdtext.txt", "disc.cue", "disc.toc", "pq.txt"];
        if hidden > 0 {
            expected.insert(0, "00 hidden.wav");
        }
        assert_eq!(names(&out), expected);
        assert_eq!(done.findings, []);
        assert_eq!(extract(&set, &out, false, &Job::quiet()).unwrap_err().code, "exists");
        extract(&set, &out, true, &Job::quiet()).unwrap();
    }
}

#[test]
fn the_sheets_lead_to_every_mark() {
    let folder = tempfile::tempdir().unwrap();
    let set = fileset(&folder.path().join("ddp"), disc(225));
    let out = folder.path().join("tracks");
    extract(&set, &out, false, &Job::quiet()).unwrap();
    let cue: String = fs::read(out.join("disc.cue")).unwrap().iter().map(|byte| char::from(*byte)).collect();
    let lines: Vec<&str> = cue
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("FILE") || line.starts_with("INDEX"))
        .collect();
    let expected = [
        "FILE \"00 hidden.wav\" WAVE",
        "INDEX 00 00:00:00",
        "FILE \"01 One_Two_ _x_.wav\" WAVE",
        "INDEX 01 00:00:00",
        // Track 1 lasts 750 sectors; the pause before track 2 closes its file.
        "INDEX 00 00:08:00",
        "FILE \"02 ..e.wav\" WAVE",
        "INDEX 01 00:00:00",
    ];
    assert_eq!(lines, expected);
    let Some(size) = said("cdrdao", &["toc-size", "disc.toc"], &out) else { return };
    assert!(size.contains(&(1650 + 225 - 150).to_string()), "{size}");
    said("cdrdao", &["read-test", "disc.toc"], &out);
}

#[test]
fn sound_in_the_first_pregap_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ddp");
    let set = fileset(&path, disc(0));
    let mut image = fs::read(&set.image).unwrap();
    image[1000] = 1;
    fs::write(&set.image, image).unwrap();
    let done = extract(&set, &folder.path().join("tracks"), false, &Job::quiet()).unwrap();
    assert_eq!(done.findings[0].rule, "sound_in_first_pregap");
}

#[test]
fn an_image_that_is_cut_short_is_refused_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let set = fileset(&folder.path().join("ddp"), disc(0));
    let image = fs::read(&set.image).unwrap();
    fs::write(&set.image, &image[..image.len() - 1]).unwrap();
    let out = folder.path().join("tracks");
    assert_eq!(extract(&set, &out, false, &Job::quiet()).unwrap_err().code, "image_length");
    assert!(!out.exists());
}
