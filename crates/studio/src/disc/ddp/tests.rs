use super::*;
use crate::disc::codes::{Ean, Isrc};
use crate::disc::sectors::Sectors;
use crate::disc::text::Block;
use crate::disc::tracks::{Copying, Disc, Flags, Track};

/// The disc of the example of ddp-reverse-eng, `spec/ddp2.md`, section 1: two tracks, a pause before the second.
pub(crate) fn example() -> Disc {
    let first = Track {
        pregap: Some(Sectors::ZERO),
        isrc: Some(Isrc::parse("USABC1234567").unwrap()),
        ..Track::at(Sectors::new(150))
    };
    let second = Track { pregap: Some(Sectors::new(750)), ..Track::at(Sectors::new(900)) };
    Disc {
        tracks: vec![first, second],
        end: Sectors::new(1650),
        ean: Some(Ean::parse("0123456789012").unwrap()),
        master_id: String::new(),
        text: vec![Block::titles("Disc", "", ["One", "Two"])],
    }
}

fn red_book(disc: Disc) -> RedBook {
    RedBook::new(disc).unwrap()
}

/// Records of so many bytes, trailing blanks left out.
fn lines(bytes: &[u8], width: usize) -> Vec<String> {
    assert!(bytes.len().is_multiple_of(width));
    bytes
        .chunks(width)
        .map(|record| String::from_utf8(record.to_vec()).unwrap().trim_end().to_owned())
        .collect()
}

fn content(disc: Disc, options: &Options, name: &str) -> Vec<u8> {
    let files = contents(&red_book(disc), options);
    files.into_iter().find(|(own, _)| own == name).unwrap().1
}

const CUE2DDP: Options = Options { profile: Profile::Cue2ddp, isrc_on_both: false, crc32: true, cue: true };

#[test]
fn the_records_are_those_of_cue2ddp_byte_for_byte() {
    // Source of the records: ddp-reverse-eng, `spec/ddp2.md`, section 1, as cue2ddp 1.1 wrote them.
    let id = format!("DDP 2.000123456789012{}CD{}", " ".repeat(66), " ".repeat(39));
    assert_eq!(String::from_utf8(content(example(), &CUE2DDP, "DDPID")).unwrap(), id);
    assert_eq!(
        lines(&content(example(), &CUE2DDP, "DDPMS"), 128),
        [
            "VVVMS0              90        CDTEXT                   00               17CDTEXT.BIN",
            "VVVMS0             448        PQ DESCR                                  17SD",
            "VVVMD0            1650                DA71     150                      17IMAGE.DAT",
        ]
    );
    assert_eq!(
        lines(&content(example(), &CUE2DDP, "SD"), 64),
        [
            "VVVS0000  00000001              0123456789012",
            "VVVS0100  00000001  USABC1234567",
            "VVVS0101  00020001",
            "VVVS0200  00100001",
            "VVVS0201  00120001",
            "VVVSAA01  00220001",
            "VVVSAA01  00220001",
        ]
    );
}

#[test]
fn the_usual_records_have_zeros_where_sonoris_and_hofa_have_them() {
    // By hand, from the differences between writers in ddp-reverse-eng, `spec/ddp2.md`, note N6.
    let map = lines(&content(example(), &Options::default(), "DDPMS"), 128);
    let blanks = |n: usize| " ".repeat(n);
    let text =
        format!("VVVMS0{}00000090{}CDTEXT{}00{}017CDTEXT.BIN", blanks(8), blanks(8), blanks(19), blanks(14));
    let pq = format!("VVVMS0{}00000448{}PQ DESCR{}017PQDESCR", blanks(8), blanks(8), blanks(33));
    let image = format!(
        "VVVMD0{}0000165000000000{}DA70{}0150{}017IMAGE.DAT",
        blanks(8),
        blanks(8),
        blanks(4),
        blanks(21)
    );
    assert_eq!(map, [text, pq, image]);
    let pq = content(example(), &Options::default(), "PQDESCR");
    assert_eq!(pq, content(example(), &CUE2DDP, "SD"));
}

#[test]
fn the_master_id_stands_at_38() {
    let mut disc = example();
    disc.master_id = "CAT-001 v2".to_owned();
    let id = content(disc, &Options::default(), "DDPID");
    assert_eq!(&id[38..48], b"CAT-001 v2");
    assert!(id[48..87].iter().all(|byte| *byte == b' '));
}

#[test]
fn flags_are_the_control_nibble_and_scms_is_an_s() {
    // Values of ddp-reverse-eng, `spec/ddp2.md`, section 5 (experiments 006, 010).
    let of = |pre_emphasis, copying, four_channel| {
        let mut disc = example();
        disc.tracks[1].flags = Flags { pre_emphasis, copying, four_channel };
        let pq = lines(&content(disc, &Options::default(), "PQDESCR"), 64);
        assert_eq!((&pq[2][16..18], &pq[5][16..18]), ("01", "01"));
        assert_eq!(pq[3][16..18], pq[4][16..18]);
        pq[3][16..18].to_owned()
    };
    assert_eq!(of(false, Copying::Prohibited, false), "01");
    assert_eq!(of(true, Copying::Prohibited, false), "11");
    assert_eq!(of(false, Copying::Permitted, false), "21");
    assert_eq!(of(true, Copying::Permitted, false), "31");
    assert_eq!(of(false, Copying::Prohibited, true), "81");
    assert_eq!(of(true, Copying::Prohibited, true), "91");
    assert_eq!(of(false, Copying::Scms, false), "0S");
    assert_eq!(of(true, Copying::Scms, false), "1S");
}

#[test]
fn the_isrc_stands_on_the_first_mark_or_if_asked_on_both() {
    let mut disc = example();
    disc.tracks[1].isrc = Some(Isrc::parse("USABC1234568").unwrap());
    disc.tracks[1].indexes = vec![Sectors::new(1000)];
    let with = |isrc_on_both| {
        let pq = content(disc.clone(), &Options { isrc_on_both, ..Options::default() }, "PQDESCR");
        lines(&pq, 64).iter().map(|line| line.contains("USABC")).collect::<Vec<_>>()
    };
    assert_eq!(with(false), [false, true, false, true, false, false, false, false]);
    assert_eq!(with(true), [false, true, true, true, true, false, false, false]);
}

#[test]
fn a_first_pregap_of_more_than_four_digits_is_left_blank_with_a_finding() {
    let long = |start: u32| {
        let mut disc = example();
        disc.tracks.truncate(1);
        disc.text.clear();
        disc.tracks[0].start = Sectors::new(start);
        disc.end = Sectors::new(start + 300);
        disc
    };
    let told = content(long(9999), &Options::default(), "DDPMS");
    assert_eq!(&told[128 + 46..128 + 50], b"9999");
    assert!(untold_pregap(&red_book(long(9999))).is_none());
    let untold = content(long(10_000), &Options::default(), "DDPMS");
    assert_eq!(&untold[128 + 46..128 + 50], b"    ");
    assert_eq!(untold_pregap(&red_book(long(10_000))).unwrap().rule, "pregap_untold");
}

/// Writes a fileset of silence but for one sample at the start of track 1.
pub(crate) fn write(folder: &Path, disc: &RedBook, options: Options, force: bool) -> Result<Vec<PathBuf>> {
    let mut writer = Writer::create(folder, disc, options, force)?;
    let start = disc.disc().tracks[0].start.frames();
    writer.push_silence(start)?;
    writer.push(&[1, -1])?;
    writer.push_silence(disc.disc().end.frames() - start - 1)?;
    writer.finish(&Job::quiet())?.commit()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_fileset_appears_whole_with_its_checksums() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ddp");
    write(&path, &red_book(example()), CUE2DDP, false).unwrap();
    assert_eq!(
        names(&path),
        ["CDTEXT.BIN", "CHECKSUM.MD5", "CHECKSUM.TXT", "DDPID", "DDPMS", "IMAGE.DAT", "IMAGE.cue", "SD"]
    );
    let image = std::fs::read(path.join("IMAGE.DAT")).unwrap();
    assert_eq!(image.len(), 1650 * 2352);
    assert_eq!(image[150 * 2352..150 * 2352 + 4], [1, 0, 0xFF, 0xFF]);
    let sums = std::fs::read_to_string(path.join("CHECKSUM.MD5")).unwrap();
    let order: Vec<&str> =
        sums.lines().filter_map(|line| line.split_once(" *")).map(|(_, name)| name).collect();
    assert_eq!(order, ["DDPID", "DDPMS", "CDTEXT.BIN", "SD", "IMAGE.DAT"]);
    let crcs = std::fs::read_to_string(path.join("CHECKSUM.TXT")).unwrap();
    assert!(crcs.starts_with("[CRC32 Checksum]\nDDPID="), "{crcs}");
    match std::process::Command::new("md5sum").args(["-c", "CHECKSUM.MD5"]).current_dir(&path).output() {
        Ok(judged) => assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout)),
        Err(error) => println!("skipped: md5sum: {error}"),
    }
}

#[test]
fn an_unfinished_or_refused_fileset_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ddp");
    let disc = red_book(example());
    let mut writer = Writer::create(&path, &disc, CUE2DDP, false).unwrap();
    writer.push_silence(588).unwrap();
    drop(writer);
    assert!(!path.exists());
    let mut writer = Writer::create(&path, &disc, CUE2DDP, false).unwrap();
    writer.push_silence(1649 * 588).unwrap();
    assert_eq!(writer.finish(&Job::quiet()).unwrap_err().code, "image_length");
    assert!(!path.exists());
    let mut writer = Writer::create(&path, &disc, CUE2DDP, false).unwrap();
    writer.push_silence(1650 * 588).unwrap();
    drop(writer.finish(&Job::quiet()).unwrap());
    assert!(!path.exists());
}

#[test]
fn an_older_fileset_is_kept_unless_forced_and_then_goes_wholly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ddp");
    let disc = red_book(example());
    write(&path, &disc, CUE2DDP, false).unwrap();
    assert_eq!(write(&path, &disc, CUE2DDP, false).unwrap_err().code, "exists");
    let mut bare = example();
    bare.text.clear();
    let options = Options { crc32: false, cue: false, ..Options::default() };
    assert_eq!(write(&path, &red_book(bare.clone()), options, false).unwrap_err().code, "exists");
    write(&path, &red_book(bare), options, true).unwrap();
    assert_eq!(names(&path), ["CHECKSUM.MD5", "DDPID", "DDPMS", "IMAGE.DAT", "PQDESCR"]);
}

#[test]
fn a_disc_of_79_57_is_streamed_in_constant_memory() {
    let mut disc = example();
    disc.tracks = vec![Track { pregap: Some(Sectors::ZERO), ..Track::at(Sectors::new(150)) }];
    disc.text.clear();
    // The largest ordinary disc: 79:57:74 after the first 2 s.
    disc.end = Sectors::from_msf(79, 59, 74).unwrap();
    let red_book = red_book(disc);
    assert!(red_book.findings().iter().all(|finding| finding.rule != "longer_than_discs"));
    let mut image = Image::new(std::io::sink(), red_book.disc().end);
    let block = vec![0; 2 * 588 * 4000];
    let mut left = red_book.disc().end.frames();
    while left > 0 {
        let frames = left.min(588 * 4000);
        image.push(&block[..2 * frames as usize]).unwrap();
        left -= frames;
    }
    let (_, hashes) = image.finish().unwrap();
    // `md5sum` of 359 999 · 2352 zeros, and their CRC-32 by zlib.
    assert_eq!((hashes.md5.as_str(), hashes.crc32), ("f1d2ba6551370d70180b05d7d8af2894", 0x89AC_92CF));
    let map = content(red_book.disc().clone(), &Options::default(), "DDPMS");
    assert_eq!(&map[128 + 14..128 + 22], b"00359999");
}

#[test]
fn ffmpeg_hears_what_was_pushed() {
    let folder = tempfile::tempdir().unwrap();
    let disc = red_book(example());
    let mut writer = Writer::create(folder.path(), &disc, Options::default(), false).unwrap();
    let samples: Vec<i16> = (0..2 * 1650 * 588).map(|n: i64| (n * 7919 % 65_536 - 32_768) as i16).collect();
    writer.push(&samples).unwrap();
    writer.finish(&Job::quiet()).unwrap().commit().unwrap();
    let args = [
        "-v",
        "error",
        "-f",
        "s16le",
        "-ar",
        "44100",
        "-ac",
        "2",
        "-i",
        "IMAGE.DAT",
        "-f",
        "s16be",
        "out.raw",
    ];
    if crate::disc::judges::said("ffmpeg", &args, folder.path()).is_none() {
        return;
    }
    let heard = std::fs::read(folder.path().join("out.raw")).unwrap();
    let heard: Vec<i16> = heard.as_chunks::<2>().0.iter().map(|pair| i16::from_be_bytes(*pair)).collect();
    assert!(heard == samples);
}
