//! The text: read, refused, proposed.

use super::*;

fn codes(text: &str) -> Vec<&'static str> {
    match Album::parse(text, "album.toml", false) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(|error| error.code).collect(),
    }
}

#[test]
fn what_is_wrong_with_a_text_is_told_by_its_code() {
    let song = "[[song]]\nid = \"a\"\nfile = \"a.wav\"\n";
    let with = |more: &str| format!("version = 1\n{song}{more}\n");
    for (text, code) in [
        ("".to_owned(), "missing_key"),
        ("version = 1".to_owned(), "no_song"),
        ("version = 2".to_owned(), "wrong_version"),
        ("version = [".to_owned(), "not_toml"),
        ("version = 1\n[[song]]\nid = \"a\"".to_owned(), "missing_key"),
        (with("gap_secnds = 1"), "unknown_key"),
        (with("gap_seconds = -1"), "out_of_range"),
        (with("gap_seconds = nan"), "not_finite"),
        (with("gap_seconds = \"two\""), "wrong_type"),
        (with("gap_seconds = 1\ncrossfade_seconds = 1"), "two_ways"),
        (with("start_seconds = 5\nend_seconds = 5"), "empty_song"),
        (with("crossfade_shape = \"straight\""), "unknown_word"),
        (with("fade_in = 3"), "wrong_type"),
        (with("fade_in = { second = 3 }"), "unknown_key"),
        (with("indexes = [2.0, 1.0]"), "bad_index"),
        (with("indexes = \"x\""), "wrong_type"),
        (with("lock = [\"tine\"]"), "unknown_word"),
        (with("isrc = \"nonsense\""), "isrc_malformed"),
        (with("insert = [ { compresor = {} } ]"), "unknown_processor"),
        (with(song), "duplicate_id"),
        (with("[album]\nupc = \"4006381333932\""), "bad_upc"),
        (with("[album]\nupc = \"12\""), "ean_malformed"),
        (with("[album]\nanchor = \"b\""), "unknown_song"),
        (with("[album]\nlanguage = \"Klingon\""), "unknown_language"),
        (with("[album]\nrecord = \"14in-33\""), "unknown_format"),
        (with("[[side]]\nname = \"A\"\nsongs = [\"b\"]"), "unknown_song"),
        (with("[[side]]\nname = \"A\"\nsongs = [\"a\", \"a\"]"), "song_on_sides"),
        (with("[[side]]\nsongs = [\"a\"]"), "missing_key"),
        ("version = 1\n[[song]]\nid = \"a b\"\nfile = \"a.wav\"".to_owned(), "bad_id"),
        ("version = 1\n[[song]]\nid = \"median\"\nfile = \"a.wav\"".to_owned(), "bad_id"),
        ("version = 1\n[[song]]\nid = \"a\"\nfile = \"../a.wav\"".to_owned(), "external_file"),
        ("version = 1\n[[song]]\nid = \"a\"\nfile = \"/etc/passwd\"".to_owned(), "external_file"),
        ("version = 1\nsong = 3".to_owned(), "wrong_type"),
    ] {
        assert!(codes(&text).contains(&code), "{text:?}: {:?}, not {code}", codes(&text));
    }
    let many: String = (0..401).map(|n| format!("[[song]]\nid = \"s{n}\"\nfile = \"a.wav\"\n")).collect();
    assert_eq!(codes(&format!("version = 1\n{many}")), ["too_many"]);
    assert_eq!(codes(&with("")), Vec::<&str>::new());
}

#[test]
fn a_typo_is_answered_with_the_word_meant() {
    let text = "version = 1\n[[song]]\nid = \"a\"\nfile = \"a.wav\"\ncrossfade_secs = 1\n";
    let errors = Album::parse(text, "album.toml", false).unwrap_err();
    assert_eq!(errors[0].hint.as_deref(), Some("did you mean `crossfade_seconds`?"));
    assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(5));
}

#[test]
fn an_album_survives_its_text_to_the_bit() {
    let text = "version = 1\n[album]\ntitle = \"T \\\"q\\\"\"\nartist = \"A\"\nupc = \"4006381333931\"\nanchor = \"b\"\nlanguage = \"german\"\nrecord = \"7in-45\"\nloudness = \"anchor\"\nprocess = \"none\"\n\
        [[song]]\nid = \"a\"\nfile = \"a.wav\"\ntitle = \"Ä\"\nisrc = \"de-a12-26-00001\"\nhidden = true\n\
        [[song]]\nid = \"b\"\nfile = \"b.wav\"\ncomposer = \"C\"\ngap_seconds = 0.1234567890123\noffset_db = -0.30000000000000004\nfade_out = { seconds = 1.5, shape = \"exponential\", curvature = 3.0 }\nindexes = [1.5, 2.25]\nlock = [\"tone\", \"level\"]\ninsert = [ { gain = { gain_db = -1.2345678901234567 } } ]\n\
        [[side]]\nname = \"A\"\nsongs = [\"a\", \"b\"]\n";
    let album = Album::parse(text, "album.toml", false).unwrap();
    let again = Album::parse(&album.to_toml(), "album.toml", false).unwrap();
    assert_eq!(again.to_toml(), album.to_toml());
    let (one, two) = (&album.songs[1], &again.songs[1]);
    assert_eq!((&one.controls, &one.fade_out, &one.indexes), (&two.controls, &two.fade_out, &two.indexes));
    assert_eq!(two.controls.gap_seconds, 0.123_456_789_012_3);
    assert_eq!(album.songs[0].isrc.as_deref(), Some("DEA122600001"));
    assert_eq!(again.head.upc.as_deref(), Some("4006381333931"));
    assert_eq!(again.head.language.as_deref(), Some("German"));
    assert_eq!(again.head.record.as_deref(), Some("7in-45"));
    assert_eq!(again.anchor(), Some(1));
    assert!(two.lock_tone && two.lock_level);
    let gain = |song: &sheet::Song| song.steps.as_ref().unwrap()[0].settings.get(0).to_bits();
    assert_eq!(gain(one), gain(two));
}

#[test]
fn a_folder_is_put_in_order_by_its_numbers() {
    let studio = Studio::new();
    let planes = peak_at(band(1, 1.0, 100.0), -6.0);
    for name in ["10 - Last.wav", "2_Second_Song.wav", "01. First.wav", "1999.wav"] {
        studio.print(name, 16, [&planes[0], &planes[1]]);
    }
    std::fs::write(studio.path("notes.txt"), "no song").unwrap();
    std::fs::write(studio.path("03 broken.wav"), b"RIFF\0\0").unwrap();
    let mut findings = Vec::new();
    let album = Album::of_folder(studio.folder.path(), &mut findings).unwrap();
    let titles: Vec<&str> = album.songs.iter().map(|song| song.title.as_str()).collect();
    assert_eq!(titles, ["First", "Second Song", "Last", "1999"]);
    assert_eq!(album.songs[1].id, "second_song");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].rule, "unreadable");
}

#[test]
fn proposals_have_reasons_and_given_values_stay() {
    let studio = Studio::new();
    let planes = peak_at(band(1, 9.0, 120.0), -6.0);
    studio.print("a.wav", 16, [&planes[0], &planes[1]]);
    let text = "[[song]]\nid = \"a\"\nfile = \"a.wav\"\n[[song]]\nid = \"b\"\nfile = \"a.wav\"\n[[song]]\nid = \"c\"\nfile = \"a.wav\"\ngap_seconds = 0.7\nlevel_lu = -3.0\ninsert = []\n";
    let prepared = studio.prepare(text);
    let toml = prepared.album.to_toml();
    assert!(toml.contains("# a pause of"), "{toml}");
    // A second's worth of decay and four beats at 120: two seconds, less what is silent in the file.
    let gap = prepared.album.songs[1].controls.gap_seconds;
    assert!((1.5..=2.0).contains(&gap), "{toml}");
    assert!(toml.contains("beats of the next song (120 a minute)"), "{toml}");
    assert_eq!(prepared.album.songs[2].controls.gap_seconds, 0.7);
    assert_eq!(prepared.plan_lu[2], -3.0);
    assert!(
        prepared.album.songs.iter().all(|song| song.blake3.as_ref().is_some_and(|hash| hash.len() == 64))
    );
}

#[test]
fn nothing_is_left_when_a_disc_breaks_a_rule_or_a_release_is_there_already() {
    let studio = Studio::new();
    let planes = peak_at(band(1, 2.0, 100.0), -6.0);
    studio.print("a.wav", 16, [&planes[0], &planes[1]]);
    let text = "[[song]]\nid = \"a\"\nfile = \"a.wav\"\n";
    let (_, release) = studio.render(text, &["archive", "cd"], "out");
    assert_eq!(release.unwrap_err().code, "track_short");
    assert!(!studio.path("out").exists());
    std::fs::create_dir(studio.path("out")).unwrap();
    std::fs::write(studio.path("out/album.toml"), "mine").unwrap();
    let (_, release) = studio.render(text, &["archive"], "out");
    assert_eq!(release.unwrap_err().code, "exists");
    assert_eq!(std::fs::read_dir(studio.path("out")).unwrap().count(), 1);
}
