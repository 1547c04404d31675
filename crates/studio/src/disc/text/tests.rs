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
