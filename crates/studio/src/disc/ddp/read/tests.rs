use super::super::tests::{example, write};
use super::super::{Options, Profile};
use super::*;
use crate::disc::check::RedBook;
use crate::disc::codes::Isrc;
use crate::disc::text::Block;
use crate::disc::tracks::{Copying, Flags};
use crate::message::Kind;
use std::fs;
use tempfile::TempDir;

/// A fileset of the example in a folder.
fn set_of(disc: Disc, options: Options) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &RedBook::new(disc).unwrap(), options, false).unwrap();
    folder
}

fn full() -> Disc {
    let mut disc = example();
    disc.master_id = "CAT-001 v2".to_owned();
    disc.tracks[0].indexes = vec![Sectors::new(300), Sectors::new(301)];
    disc.tracks[1].flags = Flags { pre_emphasis: true, copying: Copying::Scms, four_channel: false };
    disc.tracks[1].isrc = Some(Isrc::parse("USABC1234568").unwrap());
    disc
}

fn look(folder: &TempDir) -> Result<Fileset> {
    read(folder.path(), &Job::quiet())
}

fn blockers(set: &Fileset) -> Vec<&'static str> {
    set.findings
        .iter()
        .filter(|finding| finding.severity == Severity::Blocker)
        .map(|finding| finding.rule)
        .collect()
}

fn rules(set: &Fileset) -> Vec<&'static str> {
    set.findings.iter().map(|finding| finding.rule).collect()
}

/// Puts bytes into a file of the set and takes the checksums away.
fn patch(folder: &TempDir, name: &str, at: usize, bytes: &[u8]) {
    let path = folder.path().join(name);
    let mut content = fs::read(&path).unwrap();
    content[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(&path, content).unwrap();
    let _ = fs::remove_file(folder.path().join("CHECKSUM.MD5"));
    let _ = fs::remove_file(folder.path().join("CHECKSUM.TXT"));
}

#[test]
fn what_was_written_is_read() {
    for profile in [Profile::Sonoris, Profile::Cue2ddp] {
        for isrc_on_both in [false, true] {
            let options = Options { profile, isrc_on_both, crc32: true, cue: false };
            let folder = set_of(full(), options);
            let set = look(&folder).unwrap();
            assert_eq!(set.disc, full());
            assert!(set.passed(), "{:?}", set.findings);
            assert_eq!(rules(&set), ["pre_emphasis", "scms"]);
            assert_eq!(set.image_md5.len(), 32);
        }
    }
}

#[test]
fn a_single_of_one_song_and_a_disc_of_ninety_nine_tracks_are_written_and_read() {
    for tracks in [1, 99] {
        let mut disc = example();
        disc.tracks = (0..tracks).map(|n| crate::disc::Track::at(Sectors::new(150 + 300 * n))).collect();
        disc.tracks[0].pregap = Some(Sectors::ZERO);
        disc.end = Sectors::new(150 + 300 * tracks);
        disc.text = vec![Block::titles("Disc", "Artist", (1..=tracks).map(|n| format!("Song {n}")))];
        let folder = set_of(disc.clone(), Options::default());
        let set = look(&folder).unwrap();
        assert_eq!(set.disc, disc);
        assert!(set.passed(), "{:?}", set.findings);
    }
}

#[test]
fn names_in_small_letters_and_records_padded_otherwise_are_read() {
    let folder = set_of(full(), Options::default());
    for name in ["DDPID", "DDPMS", "PQDESCR", "IMAGE.DAT", "CDTEXT.BIN", "CHECKSUM.MD5"] {
        fs::rename(folder.path().join(name), folder.path().join(name.to_lowercase())).unwrap();
    }
    let set = look(&folder).unwrap();
    assert!(set.passed() && set.disc == full(), "{:?}", set.findings);
    // Zeros for blanks in lengths and times, the start of the image blank, storage mode 0, scrambling flag 1.
    let folder = set_of(full(), Options { profile: Profile::Cue2ddp, ..Options::default() });
    patch(&folder, "DDPMS", 256 + 14, b"00001650");
    patch(&folder, "DDPMS", 256 + 40, b"00");
    patch(&folder, "SD", 128 + 8, b"00000200");
    let set = look(&folder).unwrap();
    assert!(set.passed() && set.disc == full(), "{:?}", set.findings);
    assert!(rules(&set).contains(&"no_checksums"));
}

#[test]
fn codes_are_found_wherever_writers_put_them() {
    // HOFA: the EAN on every packet, a UPC of twelve digits in DDPID.
    let mut disc = full();
    disc.ean = Some(Ean::parse("036000291452").unwrap());
    let folder = set_of(disc.clone(), Options::default());
    patch(&folder, "DDPID", 8, b"036000291452 ");
    for packet in 0..9 {
        patch(&folder, "PQDESCR", 64 * packet + 32, b"0036000291452");
    }
    let set = look(&folder).unwrap();
    assert!(set.passed() && set.disc == disc, "{:?}", set.findings);
    patch(&folder, "PQDESCR", 64 * 3 + 32, b"4006381333931");
    assert_eq!(blockers(&look(&folder).unwrap()), ["ean_differs"]);
    // Only in DDPID.
    for packet in 0..9 {
        patch(&folder, "PQDESCR", 64 * packet + 32, b"             ");
    }
    let set = look(&folder).unwrap();
    assert!(rules(&set).contains(&"ean_not_in_pq") && set.disc == disc);
    // Only in the PQ descriptor.
    let folder = set_of(disc.clone(), Options::default());
    patch(&folder, "DDPID", 8, b"             ");
    assert!(look(&folder).unwrap().disc == disc);
}

#[test]
fn one_lead_out_or_none_or_two_at_different_places() {
    let pq = |keep: usize| {
        let folder = set_of(full(), Options::default());
        let path = folder.path().join("PQDESCR");
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(64 * keep);
        fs::write(path, bytes).unwrap();
        fs::remove_file(folder.path().join("CHECKSUM.MD5")).unwrap();
        let length = format!("{:08}", 64 * keep);
        patch(&folder, "DDPMS", 128 + 14, length.as_bytes());
        folder
    };
    // Lead-in, four marks of track 1, two of track 2, two lead-outs.
    let one = look(&pq(8)).unwrap();
    assert!(one.passed() && one.disc == full(), "{:?}", one.findings);
    let none = look(&pq(7)).unwrap();
    assert_eq!((blockers(&none), none.disc.end), (vec!["no_lead_out"], Sectors::new(1650)));
    let folder = pq(9);
    patch(&folder, "PQDESCR", 64 * 8 + 10, b"002300");
    assert_eq!(blockers(&look(&folder).unwrap()), ["lead_out"]);
}

#[test]
fn user_text_at_either_place_is_told() {
    let folder = set_of(full(), Options::default());
    patch(&folder, "DDPID", 93, b"05Hello");
    assert!(rules(&look(&folder).unwrap()).contains(&"user_text"));
    let folder = set_of(full(), Options::default());
    patch(&folder, "DDPID", 94, b"05Hello");
    let set = look(&folder).unwrap();
    let told = set.findings.iter().find(|finding| finding.rule == "user_text").unwrap();
    assert!(told.measured.contains("Hello"), "{told:?}");
}

#[test]
fn the_data_session_of_an_enhanced_cd_is_left_out() {
    // As the sample of Sonoris has it: a second D0 of mode 10 that begins a session.
    let folder = set_of(full(), Options::default());
    let path = folder.path().join("DDPMS");
    let mut map = fs::read(&path).unwrap();
    let mut second = map[256..384].to_vec();
    second[14..30].copy_from_slice(b"0000022500013280");
    second[38..41].copy_from_slice(b"100");
    second[46..50].copy_from_slice(b"    ");
    second[74..91].copy_from_slice(b"IMAGE02.DAT      ");
    second[91] = b'S';
    map.extend(second);
    fs::write(path, map).unwrap();
    fs::remove_file(folder.path().join("CHECKSUM.MD5")).unwrap();
    let set = look(&folder).unwrap();
    assert!(
        set.passed() && set.disc == full() && rules(&set).contains(&"data_session"),
        "{:?}",
        set.findings
    );
}

#[test]
fn checksums_of_every_name_are_compared() {
    for (name, form) in [
        ("MD5_CHECKSUM.MD5", "{sum} *{name}\r\n"),
        ("MD5-Checksum.md5", "{sum}  {name}\n"),
        ("checksum.md5", "{sum} \\*{name}\r\n"),
    ] {
        let folder = set_of(full(), Options::default());
        let sums = fs::read_to_string(folder.path().join("CHECKSUM.MD5")).unwrap();
        fs::remove_file(folder.path().join("CHECKSUM.MD5")).unwrap();
        let lines = sums.lines().map(|line| {
            let (sum, file) = line.split_once(" *").unwrap();
            form.replace("{sum}", sum).replace("{name}", file)
        });
        fs::write(folder.path().join(name), lines.collect::<String>()).unwrap();
        let set = look(&folder).unwrap();
        assert!(
            set.passed() && !rules(&set).iter().any(|rule| rule.contains("checksum")),
            "{:?}",
            set.findings
        );
        let image = folder.path().join("IMAGE.DAT");
        let mut bytes = fs::read(&image).unwrap();
        bytes[400_000] ^= 1;
        fs::write(&image, bytes).unwrap();
        assert_eq!(blockers(&look(&folder).unwrap()), ["checksum"], "{name}");
    }
}

#[test]
fn checksums_that_are_missing_or_too_many_are_told() {
    let folder = set_of(full(), Options { crc32: true, ..Options::default() });
    let path = folder.path().join("CHECKSUM.TXT");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("DDPID=", "DDPID=0000000A\nOTHER.DAT=")).unwrap();
    let set = look(&folder).unwrap();
    assert_eq!(blockers(&set), ["checksum"]);
    assert!(rules(&set).contains(&"checksum_without_file"));
    fs::remove_file(&path).unwrap();
    let sums = folder.path().join("CHECKSUM.MD5");
    let first: String =
        fs::read_to_string(&sums).unwrap().lines().take(1).map(|line| format!("{line}\n")).collect();
    fs::write(&sums, first).unwrap();
    assert!(rules(&look(&folder).unwrap()).contains(&"checksum_missing"));
}

#[test]
fn lengths_that_do_not_agree_stop_at_the_gate() {
    let folder = set_of(full(), Options::default());
    let image = folder.path().join("IMAGE.DAT");
    let bytes = fs::read(&image).unwrap();
    fs::write(&image, &bytes[..bytes.len() - 1]).unwrap();
    assert!(blockers(&look(&folder).unwrap()).contains(&"image_length"));
    let folder = set_of(full(), Options::default());
    patch(&folder, "DDPMS", 256 + 14, b"00001651");
    assert_eq!(blockers(&look(&folder).unwrap()), ["lead_out_differs"]);
    let folder = set_of(full(), Options::default());
    patch(&folder, "DDPMS", 128 + 14, b"00000512");
    assert_eq!(blockers(&look(&folder).unwrap()), ["stream_length"]);
    let folder = set_of(full(), Options::default());
    patch(&folder, "DDPMS", 256 + 46, b"0151");
    let set = look(&folder).unwrap();
    assert!(set.passed() && rules(&set).contains(&"pregap_differs"));
}

#[test]
fn flags_and_codes_that_contradict_stop_at_the_gate() {
    let with = |at: usize, bytes: &[u8]| {
        let folder = set_of(full(), Options::default());
        patch(&folder, "PQDESCR", at, bytes);
        look(&folder).unwrap()
    };
    // The packets of track 2 are the sixth and the seventh.
    assert_eq!(blockers(&with(64 * 5 + 16, b"2S")), ["dcp_and_scms"]);
    assert_eq!(blockers(&with(64 * 5 + 16, b"41")), ["data_track"]);
    assert!(rules(&with(64 * 5 + 16, b"01")).contains(&"flags_differ"));
    assert!(rules(&with(64 * 5 + 16, b"A1")).contains(&"control_disputed"));
    assert_eq!(blockers(&with(64 * 5 + 16, b"?1")), ["control"]);
    assert_eq!(blockers(&with(64 * 5 + 20, b"US-ABC-12345")), ["isrc_malformed"]);
    assert_eq!(blockers(&with(64 * 6 + 20, b"USABC1234569")), ["isrc_differs"]);
    assert!(rules(&with(64 * 5 + 20, b"usabc1234568")).contains(&"isrc_form"));
    assert_eq!(blockers(&with(32, b"01234567890AB")), ["ean_malformed"]);
    // Two marks at one place: a rule of the Red Book.
    assert_eq!(blockers(&with(64 * 4 + 10, b"000400")), ["index_order"]);
}

#[test]
fn what_leaves_no_table_is_an_error_with_a_way_out() {
    let with = |name: &str, at: usize, bytes: &[u8]| {
        let folder = set_of(full(), Options::default());
        patch(&folder, name, at, bytes);
        let error = look(&folder).unwrap_err();
        assert!(error.kind == Kind::Input && error.hint.is_some() && error.at.is_some(), "{error:?}");
        error.code
    };
    assert_eq!(with("DDPID", 0, b"DDP 1.01"), "ddp_level");
    assert_eq!(with("DDPMS", 128, b"VVVX"), "ddp_map");
    assert_eq!(with("DDPMS", 128 + 30, b"RW24    "), "no_pq");
    assert_eq!(with("DDPMS", 256 + 4, b"T0"), "no_image");
    assert_eq!(with("DDPMS", 256 + 74, b"OTHER.DAT        "), "missing_file");
    assert_eq!(with("DDPMS", 256 + 74, b"../../etc/passwd "), "missing_file");
    assert_eq!(with("PQDESCR", 64, b"VVVX"), "pq_packet");
    assert_eq!(with("PQDESCR", 64 + 10, b"0060"), "pq_packet");
    assert_eq!(with("PQDESCR", 64 + 4, b"02"), "track_numbers");
    assert_eq!(with("PQDESCR", 128 + 6, b"02"), "no_index_01");
    assert_eq!(with("PQDESCR", 192 + 6, b"03"), "index_numbers");
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(look(&folder).unwrap_err().code, "not_a_fileset");
    assert_eq!(read(&folder.path().join("no"), &Job::quiet()).unwrap_err().code, "not_found");
    fs::write(folder.path().join("file"), "").unwrap();
    assert_eq!(read(&folder.path().join("file"), &Job::quiet()).unwrap_err().code, "not_a_folder");
}

#[test]
fn mutated_and_cut_records_never_panic() {
    let folder = set_of(full(), Options::default());
    let content = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let (id, map, pq, text) = (content("DDPID"), content("DDPMS"), content("PQDESCR"), content("CDTEXT.BIN"));
    let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below.max(1) as u64) as usize
    };
    let (mut read, mut refused) = (0, 0);
    for round in 0..6_000 {
        let mut parts = [id.clone(), map.clone(), pq.clone(), text.clone()];
        let bytes = &mut parts[round % 4];
        for _ in 0..1 + next(6) {
            let at = next(bytes.len());
            match next(4) {
                0 => bytes[at] = next(256) as u8,
                1 => bytes[at] = b"0123456789 ASVX"[next(15)],
                2 => bytes.truncate(at.max(1)),
                _ => {
                    let part = bytes[..at].to_vec();
                    bytes.extend(part);
                    bytes.truncate(8192);
                }
            }
        }
        let [id, map, pq, text] = parts;
        let outcome = map::parse(&map).and_then(|map| {
            let records = Records { pq, text: Some(text), image_bytes: 1650 * 2352 };
            parse(&id, &map, &records)
        });
        match outcome {
            Ok((disc, findings)) => {
                read += 1;
                // What is read and has no blocker can be written and reads the same again.
                if findings.iter().all(|finding| finding.severity < Severity::Blocker) {
                    assert!(RedBook::new(disc).is_ok(), "round {round}");
                }
            }
            Err(error) => {
                refused += 1;
                assert!(!error.code.is_empty() && error.hint.is_some());
            }
        }
    }
    assert!(read > 500 && refused > 500, "{read} read, {refused} refused");
}
