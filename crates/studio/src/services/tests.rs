use super::*;

fn track(integrated_lufs: f64, true_peak_dbtp: f64) -> Track {
    Track { integrated_lufs, true_peak_dbtp, sample_peak_dbfs: true_peak_dbtp }
}

fn service(name: &str) -> Target {
    targets::find(name).unwrap()
}

fn by_mode(name: &str, mode: &str, heard: Track) -> Play {
    play(&service(name), heard).into_iter().find(|play| play.mode == mode).unwrap()
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} is not {b}");
}

#[test]
fn spotify_plays_its_own_example_at_minus_16() {
    // "-20 LUFS with a true peak of -5 dB is only lifted to -16 LUFS."
    let usual = by_mode("spotify", "", track(-20.0, -5.0));
    near(usual.loudness_lufs, -16.0);
    near(usual.true_peak_dbtp, -1.0);
    assert_eq!((usual.verdict, usual.limited_db), (Verdict::HeldByPeak, None));
    assert_eq!(usual.words(), "turned up 4.0 dB, held by its peak");
}

#[test]
fn spotify_loud_turns_up_whatever_the_peak_and_limits_and_quiet_does_not() {
    let loud = by_mode("spotify", "Loud", track(-20.0, -5.0));
    near(loud.loudness_lufs, -11.0);
    near(loud.limited_db.unwrap(), 5.0);
    assert_eq!(loud.words(), "turned up 9.0 dB, its limiter takes up to 5.0 dB");
    let quiet = by_mode("spotify", "Quiet", track(-14.0, -1.0));
    near(quiet.loudness_lufs, -19.0);
    assert_eq!((quiet.verdict, quiet.limited_db), (Verdict::Down, None));
    // The limiter looks at samples, not between them.
    let between = Track { sample_peak_dbfs: -6.5, ..track(-20.0, -5.0) };
    near(by_mode("spotify", "Loud", between).limited_db.unwrap(), 3.5);
    near(by_mode("spotify", "Loud", track(-8.0, -1.0)).limited_db.unwrap(), 0.0);
    let plain = by_mode("spotify", "Web player, other makers' devices", track(-20.0, -5.0));
    assert_eq!((plain.gain_db, plain.verdict), (0.0, Verdict::AsItIs));
}

#[test]
fn a_master_of_minus_8_is_turned_down_as_the_table_says() {
    // Gains by hand: level of the service less -8.
    for (name, mode, gain_db) in [
        ("spotify", "", -6.0),
        ("youtube", "", -6.0),
        ("apple-music", "", -8.0),
        ("youtube", "YouTube Music", 0.0),
        ("tidal", "", -6.0),
        ("tidal", "TV", -10.0),
        ("amazon", "", -6.0),
        ("deezer", "", -7.0),
        ("soundcloud", "", 0.0),
        ("qobuz", "", 0.0),
        ("bandcamp", "", 0.0),
        ("spotify", "Loud", -3.0),
        ("spotify", "Quiet", -11.0),
    ] {
        let heard = by_mode(name, mode, track(-8.0, -1.0));
        near(heard.gain_db, gain_db);
        near(heard.loudness_lufs, -8.0 + gain_db);
        near(heard.true_peak_dbtp, -1.0 + gain_db);
    }
}

#[test]
fn quiet_music_is_told_by_what_the_service_does_with_it() {
    let quiet = track(-20.0, -9.0);
    for (name, mode, verdict, gain_db) in [
        ("youtube", "", Verdict::LeftQuiet, 0.0),
        ("deezer", "", Verdict::PerhapsUp, 0.0),
        ("spotify", "", Verdict::Up, 6.0),
        ("apple-music", "", Verdict::Up, 4.0),
        ("tidal", "Web player", Verdict::LeftQuiet, 0.0),
        ("bandcamp", "", Verdict::AsItIs, 0.0),
    ] {
        let heard = by_mode(name, mode, quiet);
        assert_eq!(heard.verdict, verdict, "{name} {mode}");
        near(heard.gain_db, gain_db);
    }
    // A peak over the limit never turns down what is quiet.
    assert_eq!(by_mode("spotify", "", track(-20.0, 0.3)).gain_db, 0.0);
    assert_eq!(by_mode("spotify", "", track(-20.0, 0.3)).words(), "not turned up: its peak");
}

#[test]
fn tidal_plays_by_the_formula_of_its_player() {
    // gain = min(10^((RG + 4) / 20), 1 / peak), RG = -18 less the loudness; on TV without the 4. Worked out in decibels by hand.
    for (mode, lufs, peak_dbtp, gain_db, verdict) in [
        ("", -20.0, -3.0, 3.0, Verdict::HeldByPeak),
        ("", -20.0, -9.0, 6.0, Verdict::Up),
        ("", -8.0, 0.3, -6.0, Verdict::Down),
        // The guard alone: at its level, but its peak is over full scale.
        ("", -14.0, 0.5, -0.5, Verdict::Down),
        ("", -20.0, 1.2, -1.2, Verdict::Down),
        ("TV", -20.0, -3.0, 2.0, Verdict::Up),
        ("TV", -18.0, 0.5, -0.5, Verdict::Down),
        ("Web player", -20.0, -9.0, 0.0, Verdict::LeftQuiet),
        ("Web player", -10.0, 0.5, -4.0, Verdict::Down),
    ] {
        let heard = by_mode("tidal", mode, track(lufs, peak_dbtp));
        near(heard.gain_db, gain_db);
        near(heard.loudness_lufs, lufs + gain_db);
        near(heard.true_peak_dbtp, peak_dbtp + gain_db);
        assert_eq!(heard.verdict, verdict, "{mode} {lufs} {peak_dbtp}");
    }
}

#[test]
fn every_service_by_hand_loud_quiet_and_at_its_peak() {
    // Gains for -6 LUFS at 0 dBTP, -18 LUFS at -12 dBTP, -24 LUFS at -3 dBTP, from the table of rules by hand. A dash in
    // the last column of the table means a mode that plays everything as it is.
    for (name, mode, gains) in [
        ("spotify", "", [-8.0, 4.0, 2.0]),
        ("spotify", "Loud", [-5.0, 7.0, 13.0]),
        ("spotify", "Quiet", [-13.0, -1.0, 2.0]),
        ("spotify", "Web player, other makers' devices", [0.0, 0.0, 0.0]),
        ("apple-music", "", [-10.0, 2.0, 3.0]),
        ("apple-music", "Sound Check off", [0.0, 0.0, 0.0]),
        ("youtube", "", [-8.0, 0.0, 0.0]),
        ("youtube", "YouTube Music", [-1.0, 0.0, 0.0]),
        ("tidal", "", [-8.0, 4.0, 3.0]),
        ("tidal", "TV", [-12.0, 0.0, 3.0]),
        ("tidal", "Web player", [-8.0, 0.0, 0.0]),
        ("amazon", "", [-8.0, 0.0, 0.0]),
        ("deezer", "", [-9.0, 0.0, 0.0]),
        ("soundcloud", "", [0.0, 0.0, 0.0]),
        ("qobuz", "", [0.0, 0.0, 0.0]),
        ("bandcamp", "", [0.0, 0.0, 0.0]),
    ] {
        for ((lufs, peak_dbtp), gain_db) in
            [(-6.0, 0.0), (-18.0, -12.0), (-24.0, -3.0)].into_iter().zip(gains)
        {
            let heard = by_mode(name, mode, track(lufs, peak_dbtp));
            assert!((heard.gain_db - gain_db).abs() < 1e-9, "{name} {mode} {lufs}: {}", heard.gain_db);
        }
    }
    // No way to play is left out.
    let modes: usize = all().unwrap().iter().map(|service| play(service, track(-14.0, -1.0)).len()).sum();
    assert_eq!(modes, 16);
}

#[test]
fn an_album_gets_one_gain_where_albums_are_one() {
    let tracks = [track(-9.0, -1.0), track(-12.0, -1.5), track(-20.0, -8.0)];
    let gains = |name: &str| -> Vec<f64> {
        play_album(&service(name), &tracks, -10.5)[0].tracks.iter().map(|play| play.gain_db).collect()
    };
    // From the loudest track, from all together, and each by itself.
    assert_eq!(gains("spotify"), [-5.0; 3]);
    assert_eq!(gains("apple-music"), [-5.5; 3]);
    assert_eq!(gains("youtube"), [-5.0, -2.0, 0.0]);
    let spotify = play_album(&service("spotify"), &tracks, -10.5);
    assert_eq!((spotify[0].reference_lufs, spotify[0].unit), (Some(-9.0), Unit::Album));
    near(spotify[0].tracks[2].loudness_lufs, -25.0);
    // Turned up only as far as the largest peak of the album allows.
    let quiet = [track(-20.0, -5.0), track(-26.0, -12.0)];
    let plays = play_album(&service("spotify"), &quiet, -21.0);
    near(plays[0].tracks[0].gain_db, 4.0);
    near(plays[0].tracks[1].gain_db, 4.0);
    // Whichever track has it.
    let turned = play_album(&service("spotify"), &[quiet[1], quiet[0]], -21.0);
    near(turned[0].tracks[0].gain_db, 4.0);
    let youtube = &play_album(&service("youtube"), &tracks, -10.5)[0];
    assert_eq!((youtube.reference, youtube.reference_lufs), (None, None));
}

#[test]
fn services_are_those_that_play_and_no_media() {
    let names: Vec<String> = all().unwrap().into_iter().map(|target| target.name).collect();
    let wanted =
        ["amazon", "apple-music", "bandcamp", "deezer", "qobuz", "soundcloud", "spotify", "tidal", "youtube"];
    assert_eq!(names, wanted);
    assert!(play(&service("cd"), track(-8.0, -1.0)).is_empty());
}

#[test]
fn silence_and_clicks_have_no_playback() {
    use crate::audio::MemorySource;
    use crate::job::Job;
    use crate::meters;
    use dsp::block::Buffer;
    let measured = |plane: Vec<f64>| {
        let mut source = MemorySource::new(Buffer::from_planes(&[plane]), 48_000);
        meters::measure(&mut source, &Job::quiet()).unwrap()
    };
    assert_eq!(Track::of(&measured(vec![0.0; 48_000])), None);
    assert_eq!(Track::of(&measured(vec![0.5; 100])), None);
    let tone = testkit::signals::sine(997.0, 0.1, 0.0, 2.0, 48_000.0);
    // -20 dBFS in one channel: -23.01 LUFS by BS.1770.
    let heard = Track::of(&measured(tone)).unwrap();
    assert!((heard.integrated_lufs + 23.01).abs() < 0.02, "{}", heard.integrated_lufs);
}
