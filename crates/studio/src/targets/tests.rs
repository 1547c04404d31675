use super::*;
use std::fs;
use std::path::PathBuf;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn every_built_in_target_is_sound_and_named_like_its_file() {
    let all = all().unwrap();
    assert_eq!(
        all.iter().map(|target| target.name.as_str()).collect::<Vec<_>>(),
        names().collect::<Vec<_>>()
    );
    let mut files: Vec<String> = fs::read_dir(root().join("targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, names().collect::<Vec<_>>(), "a file that is not built in, or the other way round");
    for target in all {
        assert!(target.loudness_lufs.is_none() || target.tolerance_lu.is_some(), "{}", target.name);
    }
}

#[test]
fn the_services_ask_for_what_they_publish() {
    let spotify = find("spotify").unwrap();
    assert_eq!(
        spotify.loudness_lufs.as_ref().map(|fact| (fact.value, fact.tier)),
        Some((-14.0, Tier::Primary))
    );
    assert_eq!((spotify.ceiling_for(-14.0), spotify.ceiling_for(-9.0)), (-1.0, -2.0));
    let ebu = find("broadcast-r128").unwrap();
    assert_eq!(
        (ebu.loudness_lufs.unwrap().value, ebu.tolerance_lu.unwrap().value, ebu.ceiling_dbtp.value),
        (-23.0, 0.2, -1.0)
    );
    let cd = find("CD").unwrap();
    assert_eq!((cd.sample_rates_hz.value, cd.bits.value), (vec![44_100], 16));
    assert!(cd.loudness_lufs.is_none());
    assert_eq!(find("Apple Music").unwrap().playback_lufs.unwrap().value, -16.0);
}

#[test]
fn the_numbers_of_every_target_are_those_that_were_read() {
    // Loudness, ceiling, level of playback; what is known of the loudness and by whom. By hand from the pages named in the targets.
    let none: Option<f64> = None;
    for (name, loudness, ceiling, playback, tier) in [
        ("spotify", Some(-14.0), -1.0, Some(-14.0), Some(Tier::Primary)),
        ("apple-music", Some(-16.0), -1.0, Some(-16.0), Some(Tier::Measured)),
        ("apple-digital-masters", none, -1.0, none, None),
        ("youtube", Some(-14.0), -1.0, Some(-14.0), Some(Tier::Measured)),
        ("tidal", Some(-14.0), -1.0, Some(-14.0), Some(Tier::Primary)),
        ("amazon", Some(-14.0), -2.0, Some(-14.0), Some(Tier::Measured)),
        ("deezer", Some(-15.0), -1.0, Some(-15.0), Some(Tier::Measured)),
        ("soundcloud", none, -2.0, none, None),
        ("qobuz", none, -1.0, none, None),
        ("bandcamp", none, -1.0, none, None),
        ("broadcast-r128", Some(-23.0), -1.0, Some(-23.0), Some(Tier::Primary)),
        ("broadcast-r128-s1", Some(-23.0), -1.0, Some(-23.0), Some(Tier::Primary)),
        ("broadcast-a85", Some(-24.0), -2.0, Some(-24.0), Some(Tier::Measured)),
        ("podcast", Some(-16.0), -1.0, none, Some(Tier::Convention)),
        ("film", Some(-24.0), -2.3, none, Some(Tier::Measured)),
        ("club", none, -1.0, none, None),
        ("cd", none, -0.5, none, None),
        ("ddp", none, -0.5, none, None),
        ("hi-res", none, -1.0, none, None),
        ("vinyl", none, -3.0, none, None),
        ("cassette", none, -3.0, none, None),
        ("archive", none, -1.0, none, None),
    ] {
        let target = find(name).unwrap();
        let value = |fact: &Option<Fact<f64>>| fact.as_ref().map(|fact| fact.value);
        let found = (value(&target.loudness_lufs), target.ceiling_dbtp.value, value(&target.playback_lufs));
        assert_eq!(found, (loudness, ceiling, playback), "{name}");
        assert_eq!(target.loudness_lufs.as_ref().map(|fact| fact.tier), tier, "{name}");
    }
    assert_eq!(names().count(), 22);
}

#[test]
fn spotify_plays_its_own_example_as_it_says() {
    // "-20 LUFS with a true peak of -5 dB is only lifted to -16 LUFS."
    let heard = find("spotify").unwrap().playback(-20.0, -5.0).unwrap();
    assert!((heard.gain_db - 4.0).abs() < 1e-12 && (heard.loudness_lufs + 16.0).abs() < 1e-12);
    // A loud master is turned down by all of it, a peak above the limit never turns a quiet one down.
    assert!((find("spotify").unwrap().playback(-8.0, 0.3).unwrap().gain_db + 6.0).abs() < 1e-12);
    assert_eq!(find("spotify").unwrap().playback(-20.0, 0.3).unwrap().gain_db, 0.0);
    assert_eq!(find("youtube").unwrap().playback(-20.0, -5.0).unwrap().gain_db, 0.0);
    assert!((find("apple-music").unwrap().playback(-8.0, -1.0).unwrap().gain_db + 8.0).abs() < 1e-12);
    assert_eq!(find("cd").unwrap().playback(-8.0, -1.0), None);
}

#[test]
fn modes_and_codecs_are_read_with_their_sources() {
    let spotify = find("spotify").unwrap();
    let loud = spotify.modes.iter().find(|mode| mode.name == "Loud").unwrap();
    assert_eq!(
        (loud.playback_lufs, loud.turns_up, loud.limits_at_dbfs, loud.tier),
        (Some(-11.0), TurnsUp::Always, Some(-1.0), Tier::Primary)
    );
    let codecs: Vec<String> = spotify.codecs.iter().map(|fact| fact.value.to_string()).collect();
    assert_eq!(codecs, ["vorbis-320", "vorbis-160", "aac-256", "aac-128"]);
    assert_eq!(find("apple-digital-masters").unwrap().codecs[0].tier, Tier::Primary);
    assert!(find("qobuz").unwrap().codecs.is_empty());
    assert!(
        find("archive").unwrap().is_unlimited()
            && find("vinyl").unwrap().is_unlimited()
            && !find("cd").unwrap().is_unlimited()
    );
    assert_eq!(find("spotify").unwrap().codec_ceiling(), 0.0);
}

#[test]
fn one_of_the_two_limits_of_short_form_is_enough() {
    let short = find("broadcast-r128-s1").unwrap();
    for (short_term, momentary, fits) in [
        (Some(-18.0), Some(-15.0), true),
        (Some(-17.9), Some(-15.0), true),
        (Some(-18.0), Some(-14.0), true),
        (Some(-17.9), Some(-14.9), false),
        (None, Some(-14.0), true),
    ] {
        assert_eq!(short.moments_fit(short_term, momentary), fits, "{short_term:?} {momentary:?}");
    }
    assert!(find("broadcast-r128").unwrap().moments_fit(Some(-3.0), Some(-3.0)));
}

#[test]
fn the_rate_of_the_source_is_kept_and_never_raised_without_need() {
    let rate = |name: &str, source| find(name).unwrap().delivery_rate_hz(source);
    assert_eq!(rate("spotify", 48_000), 48_000);
    assert_eq!(rate("spotify", 192_000), 192_000);
    assert_eq!(rate("hi-res", 384_000), 192_000);
    assert_eq!(rate("cd", 96_000), 44_100);
    assert_eq!(rate("cd", 32_000), 44_100);
    assert_eq!(rate("podcast", 88_200), 44_100);
    assert_eq!(rate("podcast", 96_000), 48_000);
    assert_eq!(rate("vinyl", 192_000), 96_000);
    assert_eq!(rate("broadcast-r128", 44_100), 48_000);
}

#[test]
fn a_name_mistyped_leads_to_the_one_that_was_meant() {
    for (typed, meant) in [
        ("spotfy", "spotify"),
        ("apple-musc", "apple-music"),
        ("yuotube", "youtube"),
        ("hires", "hi-res"),
        ("broadcast-r12", "broadcast-r128"),
    ] {
        let error = find(typed).unwrap_err();
        assert_eq!((error.code, error.kind), ("unknown_target", Kind::Usage));
        assert!(error.hint.unwrap().starts_with(&format!("did you mean `{meant}`?")), "{typed}");
    }
    assert!(find("qqqqqqqq").unwrap_err().hint.unwrap().starts_with("known targets: amazon, "));
    assert_eq!(find("").unwrap_err().code, "unknown_target");
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_line() {
    let good = fs::read_to_string(root().join("targets/cd.toml")).unwrap();
    let line_of = |text: &str, part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    for (from, to, says) in [
        ("value = 16", "value = 17", "17 bits"),
        ("value = -0.5", "value = 3.0", "3 is not between -20 and 0"),
        ("value = [44100]", "value = []", "at least one"),
        ("value = [44100]", "value = [48000, 44100]", "rise"),
        ("value = \"modified_e\"", "value = \"powr\"", "no dither `powr`"),
        ("name = \"cd\"", "name = \"C D\"", "small letters"),
        ("tier = \"primary\"", "tier = \"rumour\"", "rumour"),
        ("date = \"2026-11-21\"", "date = \"2026-13-21\"", "yyyy-mm-dd"),
        ("title = \"Compact Disc\"", "title = \" \"", "say something"),
        ("[bits]", "[bitz]", "bitz"),
        ("value = \"wav\"", "value = \"mp3\"", "neither `wav` nor `flac`"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let error = parse::target(&bad, "mine.toml").unwrap_err();
        assert_eq!(error.code, "bad_target");
        assert!(error.what.contains(says), "{says}: {}", error.what);
        assert_eq!(error.at, Some(format!("mine.toml:{}", line_of(&bad, to))), "{says}");
    }
    let told = "\nsource = \"x\"\ndate = \"2026-11-21\"\ntier = \"primary\"\n";
    for (more, line, says) in [
        (format!("[[codecs]]\nvalue = \"wma-9\"{told}"), 3, "`wma-9` is no codec"),
        (format!("[[modes]]\nname = \"Loud\"\nplayback_lufs = -11.0{told}"), 3, "go together"),
        (format!("[[modes]]\nname = \"Loud\"\nlimits_at_dbfs = 3.0{told}"), 4, "3 is not between"),
        (format!("[album_reference]\nvalue = \"first\"{told}"), 3, "loudest_track"),
    ] {
        let error = parse::target(&format!("{good}\n{more}"), "mine.toml").unwrap_err();
        assert!(error.what.contains(says), "{says}: {}", error.what);
        assert_eq!(error.at, Some(format!("mine.toml:{}", good.lines().count() + line)), "{says}");
    }
    let without = good.replacen("source = \"IEC 60908 (Red Book)\"\n", "", 1);
    assert!(parse::target(&without, "mine.toml").unwrap_err().what.contains("source"));
    assert_eq!(parse::target("= nonsense", "mine.toml").unwrap_err().at.as_deref(), Some("mine.toml:1"));
}

#[test]
fn a_users_own_target_comes_before_the_built_in_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(root().join("targets/cd.toml")).unwrap().replace("Compact Disc", "My CD");
    let path = folder.path().join("cd.toml");
    fs::write(&path, text).unwrap();
    assert_eq!(find_in("cd", Some(folder.path())).unwrap().title, "My CD");
    assert_eq!(find_in("spotify", Some(folder.path())).unwrap().title, "Spotify");
    assert_eq!(find(path.to_str().unwrap()).unwrap().title, "My CD");
    assert_eq!(find("no/such.toml").unwrap_err().code, "not_found");
    // A name is never a way out of the folder.
    assert_eq!(find_in("../cd", Some(&folder.path().join("sub"))).unwrap_err().code, "unknown_target");
}

#[test]
fn pages_in_the_documentation_are_current() {
    for target in all().unwrap() {
        let path = root().join(format!("docs/targets/{}.md", target.name));
        let page = render_page(&target);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &page).unwrap();
        }
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert!(found == page, "docs/targets/{}.md is stale: run with UPDATE_DOCS=1", target.name);
    }
}

#[test]
fn a_page_names_value_source_tier_and_date() {
    let page = render_page(&find("spotify").unwrap());
    let row = "| loudness | -14.0 LUFS | primary | https://support.spotify.com/us/artists/article/loudness-normalization | 2026-11-21 |";
    assert!(page.contains(row), "{page}");
    assert!(
        page.contains("-2.0 dBTP above -14.0 LUFS") && page.contains("44.1, 48, 88.2, 96, 176.4, 192 kHz")
    );
    assert!(render_page(&find("vinyl").unwrap()).contains("| bass in the middle below | 150.0 Hz |"));
}
