use super::*;
use crate::disc::sectors::Sectors;
use crate::disc::tracks::{Disc, Track};

/// A disc of so many tracks of 5 s.
pub(crate) fn disc_of(tracks: u32, text: Vec<Block>) -> Disc {
    let places = (0..tracks).map(|n| Sectors::new(150 + 375 * n));
    let mut tracks: Vec<Track> = places.map(Track::at).collect();
    tracks[0].pregap = Some(Sectors::ZERO);
    let end = Sectors::new(150 + 375 * tracks.len() as u32);
    Disc { tracks, end, text, ..Disc::default() }
}

fn hex(bytes: &[u8]) -> Vec<String> {
    bytes.chunks(18).map(|pack| pack.iter().map(|byte| format!("{byte:02x}")).collect()).collect()
}

#[test]
fn packs_are_those_of_cue2ddp_byte_for_byte() {
    // Output of cue2ddp 1.1 for this text (ddp-reverse-eng, experiment 011), its checksums worked out again.
    let block = Block::titles("Disc", "Artist", ["Track One", "Track Two", "Track Three"]);
    let packs = pack::encode(&disc_of(3, vec![block])).unwrap();
    let text = |head: &str, text: &[u8], crc: &str| {
        let mut payload = text.to_vec();
        payload.resize(12, 0);
        format!("{head}{}{crc}", payload.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    assert_eq!(
        hex(&packs),
        [
            text("80000000", b"Disc\0Track O", "4804"),
            text("80010107", b"ne\0Track Two", "55c9"),
            text("80020209", b"\0Track Three", "e66f"),
            text("8003030b", b"", "5df7"),
            text("81000400", b"Artist\0Artis", "fd22"),
            text("81010505", b"t\0Artist\0Art", "8c25"),
            text("81030603", b"ist", "62ac"),
            text("8f000700", &[0, 1, 3, 0, 4, 3], "40fb"),
            text("8f010800", &[0, 0, 0, 0, 0, 0, 0, 3, 9, 0, 0, 0], "d6a6"),
            text("8f020900", &[0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0], "0a4e"),
        ]
    );
}

#[test]
fn a_disc_without_text_has_no_packs() {
    assert!(pack::encode(&disc_of(1, Vec::new())).unwrap().is_empty());
    assert!(pack::encode(&disc_of(1, vec![Block::default()])).unwrap().is_empty());
}

#[test]
fn long_texts_count_their_characters_up_to_fifteen() {
    let block = Block::titles(&"x".repeat(40), "", [""]);
    let packs = pack::encode(&disc_of(1, vec![block])).unwrap();
    let positions: Vec<u8> =
        packs.chunks(18).take_while(|pack| pack[0] == 0x80).map(|pack| pack[3]).collect();
    // 40 characters, their end, the empty title of track 1: 42 bytes in four packs.
    assert_eq!(positions, [0, 12, 15, 15]);
}

#[test]
fn every_language_is_a_block_that_counts_for_itself() {
    let english = Block { language: Language::ENGLISH, ..Block::titles("One", "", ["a"]) };
    let german = Block { language: Language::GERMAN, ..Block::titles("Eins", "Kapelle", ["ä"]) };
    let packs = pack::encode(&disc_of(1, vec![english, german])).unwrap();
    let heads: Vec<(u8, u8, u8)> = packs.chunks(18).map(|pack| (pack[0], pack[2], pack[3] >> 4)).collect();
    let expected = [
        (0x80, 0, 0),
        (0x8F, 1, 0),
        (0x8F, 2, 0),
        (0x8F, 3, 0),
        (0x80, 0, 1),
        (0x81, 1, 1),
        (0x81, 2, 1),
        (0x8F, 3, 1),
        (0x8F, 4, 1),
        (0x8F, 5, 1),
    ];
    assert_eq!(heads, expected);
    // Both size records tell the last sequence number and the language of both blocks.
    for at in [1, 7] {
        let record: Vec<u8> =
            packs.chunks(18).skip(at).take(3).flat_map(|pack| pack[4..16].to_vec()).collect();
        assert_eq!((&record[20..23], &record[28..31]), (&[3, 5, 0][..], &[9, 8, 0][..]));
    }
}

fn code_of(text: Vec<Block>) -> (&'static str, Error) {
    let errors = pack::check(&disc_of(2, text));
    assert_eq!(errors.len(), 1, "{errors:?}");
    (errors[0].code, errors[0].clone())
}

#[test]
fn texts_that_a_disc_cannot_hold_are_refused() {
    let (code, error) = code_of(vec![Block::titles("", "", ["a", "Čaj"])]);
    assert_eq!(code, "cd_text_not_latin");
    assert!(error.what.contains('Č') && error.hint.as_deref() == Some("write `Caj`"), "{error:?}");
    assert!(
        error.at.as_deref().is_some_and(|at| at.contains("track 02") && at.contains("title")),
        "{error:?}"
    );
    let (code, error) = code_of(vec![Block::titles("音楽", "", [""])]);
    assert_eq!((code, error.hint.unwrap().contains("block")), ("cd_text_not_latin", true));
    assert_eq!(code_of(vec![Block::titles("a\tb", "", [""])]).0, "cd_text_control");
    assert_eq!(code_of(vec![Block::titles("", "", ["", "", "x"])]).0, "cd_text_tracks");
    let ascii = Block { charset: Charset::Ascii, ..Block::titles("é", "", [""]) };
    assert_eq!(code_of(vec![ascii]).0, "cd_text_not_latin");
    let id = Block { disc_id: "№ 1".to_owned(), ..Block::default() };
    assert_eq!(code_of(vec![id]).0, "cd_text_not_latin");
    assert_eq!(code_of(vec![Block::titles("x", "", [""]); 9]).0, "cd_text_blocks");
}

#[test]
fn a_block_holds_253_packs_of_text_and_not_one_more() {
    // 253 packs hold 3036 bytes: the ends of three strings and 3033 characters.
    let of = |characters: usize| vec![Block::titles(&"x".repeat(characters), "", [""])];
    assert_eq!(pack::encode(&disc_of(2, of(3033))).unwrap().len(), 256 * 18);
    let (code, error) = code_of(of(3034));
    assert_eq!(code, "cd_text_too_long");
    assert!(error.what.contains("257 packs"), "{error:?}");
}

#[test]
fn languages_and_genres_are_found_by_name() {
    assert_eq!(Language::parse("german").unwrap(), Language::GERMAN);
    assert_eq!(Language::parse("klingon").unwrap_err().code, "unknown_language");
    assert_eq!((Language(0x69).name(), Language(0x30).name()), ("Japanese", "Unknown"));
    assert_eq!(Genre::named("rock music"), Genre { code: 0x17, words: String::new() });
    assert_eq!(Genre::named("Krautrock"), Genre { code: 1, words: "Krautrock".to_owned() });
    assert_eq!(GENRES.len(), 0x1C);
}

/// Three tracks with everything that a block can hold.
fn rich() -> Block {
    let texts = |n: u32| Texts {
        title: format!("Träume {n}"),
        performer: "Die Künstler".to_owned(),
        songwriter: format!("Writer {n}"),
        composer: if n == 2 { String::new() } else { format!("Composer {n}") },
        arranger: "An arranger with a name of more than fifteen letters".to_owned(),
        message: format!("Message {n}"),
    };
    Block {
        disc: Texts { title: "Größe".to_owned(), ..texts(0) },
        tracks: (1..=3).map(texts).collect(),
        disc_id: "CAT-001".to_owned(),
        genre: Some(Genre { code: 0x17, words: "Rock of the sixties and more".to_owned() }),
        closed_info: "For the archive: take two".to_owned(),
        codes: true,
        copyright: true,
        language: Language::GERMAN,
        ..Block::default()
    }
}

fn rich_disc() -> Disc {
    let mut disc = disc_of(3, vec![rich()]);
    disc.ean = Some(crate::disc::Ean::parse("4006381333931").unwrap());
    for (at, track) in disc.tracks.iter_mut().enumerate() {
        track.isrc = Some(crate::disc::Isrc::parse(&format!("DEABC123456{at}")).unwrap());
    }
    disc
}

#[test]
fn what_is_packed_is_unpacked() {
    let disc = rich_disc();
    let unpacked = unpack::decode(&pack::encode(&disc).unwrap(), 3);
    assert_eq!(unpacked.findings, []);
    assert_eq!(unpacked.blocks, disc.text);
    assert_eq!(unpacked.codes, [["4006381333931", "DEABC1234560", "DEABC1234561", "DEABC1234562"]]);
}

#[test]
fn several_languages_are_unpacked_each() {
    let japanese = Block {
        language: Language::JAPANESE,
        charset: Charset::MsJis,
        ..Block::titles("音楽 One", "歌手", ["夜の歌", "二", "三"])
    };
    let ascii =
        Block { charset: Charset::Ascii, ..Block::titles("Music", "Singer", ["Night song", "Two", "Three"]) };
    let text = vec![rich(), ascii, japanese];
    let disc = Disc { text: text.clone(), ..rich_disc() };
    let unpacked = unpack::decode(&pack::encode(&disc).unwrap(), 3);
    assert_eq!(unpacked.findings, []);
    assert_eq!(unpacked.blocks, text);
}

/// Packs with a size record for these texts, made by hand: type, track, position, payload.
fn by_hand(texts: &[(u8, u8, u8, &[u8])], tracks: u8) -> Vec<u8> {
    let mut counts = [0_u8; 16];
    texts.iter().for_each(|(kind, ..)| counts[usize::from(*kind - 0x80)] += 1);
    counts[15] = 3;
    let mut record = vec![0, 1, tracks, 0];
    record.extend(counts);
    record.extend([texts.len() as u8 + 2, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    let size = record.chunks(12).enumerate().map(|(at, part)| (0x8F, at as u8, 0, part));
    let all = texts.iter().copied().chain(size).enumerate();
    all.flat_map(|(at, (kind, track, position, payload))| {
        let mut pack = vec![kind, track, at as u8, position];
        pack.extend(payload);
        pack.resize(16, 0);
        let crc = crate::disc::crc::crc16(&pack);
        pack.extend(crc.to_be_bytes());
        pack
    })
    .collect()
}

fn rules(unpacked: &unpack::Unpacked) -> Vec<&'static str> {
    unpacked.findings.iter().map(|finding| finding.rule).collect()
}

#[test]
fn a_tabulator_repeats_the_text_of_the_track_before() {
    let packs = by_hand(&[(0x80, 0, 0, b"D\0Song\0\t\0\tx\0")], 3);
    let unpacked = unpack::decode(&packs, 3);
    let titles: Vec<&str> = unpacked.blocks[0].tracks.iter().map(|texts| texts.title.as_str()).collect();
    // A text that only begins with one is itself.
    assert_eq!((titles, rules(&unpacked)), (vec!["Song", "Song", "\tx"], vec![]));
}

#[test]
fn what_writers_put_around_packs_is_taken_off() {
    let packs = by_hand(&[(0x80, 0, 0, b"D\0Song\0")], 1);
    let plain = unpack::decode(&packs, 1);
    let nul = unpack::decode(&[&packs[..], &[0]].concat(), 1);
    let header = ((packs.len() + 2) as u16).to_be_bytes();
    let headed = unpack::decode(&[&header[..], &[0, 0], &packs].concat(), 1);
    let both = unpack::decode(&[&header[..], &[0, 0], &packs, &[0]].concat(), 1);
    assert!([&nul, &headed, &both].iter().all(|other| other.blocks == plain.blocks));
    assert_eq!(
        (rules(&nul), rules(&headed), rules(&both)),
        (vec!["cd_text_trailing"], vec!["cd_text_header"], vec!["cd_text_header"])
    );
    let cut = unpack::decode(&packs[..packs.len() - 3], 1);
    assert!(rules(&cut).contains(&"cd_text_length"));
}

#[test]
fn damage_to_packs_is_told() {
    let packs = by_hand(&[(0x80, 0, 0, b"D\0Song\0"), (0x81, 0, 0, b"A\0B\0")], 1);
    let broken = |at: usize| {
        let mut packs = packs.clone();
        packs[at] ^= 1;
        rules(&unpack::decode(&packs, 1))
    };
    assert_eq!(broken(5), ["cd_text_checksum"]);
    assert_eq!(broken(17), ["cd_text_checksum"]);
    assert_eq!(broken(2), ["cd_text_checksum", "cd_text_sequence"]);
    assert_eq!(rules(&unpack::decode(&packs[18..], 1)), ["cd_text_counts", "cd_text_sequence"]);
    assert_eq!(rules(&unpack::decode(&packs[..36], 1)), ["cd_text_size"]);
    assert_eq!(rules(&unpack::decode(&packs, 2)), ["cd_text_tracks"]);
    assert_eq!(unpack::decode(&[], 2), unpack::Unpacked::default());
    // A checksum that is left to the burner.
    let mut unsummed = packs.clone();
    unsummed.chunks_mut(18).for_each(|pack| pack[16..].fill(0));
    assert_eq!(rules(&unpack::decode(&unsummed, 1)), Vec::<&str>::new());
}

#[test]
fn libcdio_reads_the_same_texts() {
    let disc = rich_disc();
    let Some(found) = crate::disc::judges::oracle("cdio", &pack::encode(&disc).unwrap(), 3) else { return };
    let found = String::from_utf8(found).unwrap();
    let lines: Vec<Vec<&str>> = found.lines().map(|line| line.split('\t').collect()).collect();
    let mut texts = 0;
    for track in 0..=3 {
        for field in Field::ALL {
            let text = disc.text[0].get(track, field);
            let line = lines.iter().find(|line| line[1] == track.to_string() && line[2] == field.keyword());
            assert_eq!(line.map_or("", |line| line[3]), text, "track {track} {field:?}: {found}");
            texts += usize::from(!text.is_empty());
        }
    }
    assert_eq!(texts, 23);
    let of = |track: &str, name: &str| {
        lines.iter().find(|line| line[1] == track && line[2] == name).map(|line| line[3])
    };
    assert_eq!((of("0", "UPC_EAN"), of("2", "ISRC")), (Some("4006381333931"), Some("DEABC1234561")));
    assert!(lines.iter().all(|line| line[0] == "8"), "{found}");
}

#[test]
fn libcdio_reads_japanese() {
    let japanese = Block {
        language: Language::JAPANESE,
        charset: Charset::MsJis,
        ..Block::titles("音楽", "歌手", ["夜の歌", "二"])
    };
    let english = Block::titles("Music", "Singer", ["Night song", "Two"]);
    let packs = pack::encode(&disc_of(2, vec![english, japanese])).unwrap();
    let Some(found) = crate::disc::judges::oracle("cdio", &packs, 2) else { return };
    let found = String::from_utf8(found).unwrap();
    for line in [
        "9\t1\tTITLE\tNight song",
        "105\t0\tTITLE\t音楽",
        "105\t1\tTITLE\t夜の歌",
        "105\t2\tTITLE\t二",
        "105\t0\tPERFORMER\t歌手",
    ] {
        assert!(found.lines().any(|own| own == line), "{line}: {found}");
    }
}

/// Keys and values of a sheet, remarks left out.
fn entries(sheet: &[u8]) -> Vec<(String, String)> {
    let text: String = sheet.iter().map(|byte| char::from(*byte)).collect();
    let mut entries: Vec<(String, String)> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .filter(|(key, value)| key != "Remarks" && !value.is_empty())
        .collect();
    entries.sort();
    entries
}

#[test]
fn libburn_reads_the_same_texts_as_the_sheet_tells() {
    let disc = rich_disc();
    let Some(found) = crate::disc::judges::oracle("burn", &pack::encode(&disc).unwrap(), 3) else { return };
    let differing = |of: &[u8], other: &[u8]| -> Vec<_> {
        let other = entries(other);
        entries(of).into_iter().filter(|entry| !other.contains(entry)).collect()
    };
    let own = sheet::write(&disc, &disc.text[0]);
    assert_eq!((differing(&own, &found), differing(&found, &own)), (vec![], vec![]));
}

#[test]
fn libburn_makes_the_same_packs_of_the_sheet() {
    let mut disc = rich_disc();
    // libburn writes a tabulator for a text that repeats, which is left to readers here.
    for (at, texts) in disc.text[0].tracks.iter_mut().enumerate() {
        texts.performer = format!("Performer {at}");
        texts.arranger = format!("An arranger of a long name, {at}");
    }
    // libburn repeats the genre code at the start of every pack of the genre, which may be done or not.
    disc.text[0].genre = Some(Genre { code: 0x17, words: "Rock".to_owned() });
    let own = sheet::write(&disc, &disc.text[0]);
    let Some(found) = crate::disc::judges::oracle("encode", &own, 3) else { return };
    let ours: String = pack::encode(&disc).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    let theirs = String::from_utf8(found).unwrap();
    let split = |text: &str| {
        text.trim()
            .as_bytes()
            .chunks(36)
            .map(|part| String::from_utf8_lossy(part).into_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(split(&ours), split(&theirs));
}

#[test]
fn libburn_knows_every_language_by_the_same_name() {
    for (code, name) in
        LANGUAGES.iter().filter(|(code, _)| [0x01, 0x09, 0x2B, 0x45, 0x69, 0x7F].contains(code))
    {
        let block = Block { language: Language(*code), ..Block::titles("x", "", ["y"]) };
        let packs = pack::encode(&disc_of(1, vec![block])).unwrap();
        let Some(found) = crate::disc::judges::oracle("burn", &packs, 1) else { return };
        assert!(entries(&found).contains(&("Language Code".to_owned(), (*name).to_owned())), "{name}");
    }
}
