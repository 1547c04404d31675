use super::*;
use testkit::signals::{noise, sine};

const RATE: u32 = 48_000;

fn write_file(folder: &Path, name: &str, planes: &[Vec<f64>]) -> PathBuf {
    let path = folder.join(name);
    let spec = Spec::new(Container::Wav, Encoding::Int(24), RATE, planes.len());
    let mut writer = Writer::create(&path, spec, false).unwrap();
    writer.write(Buffer::from_planes(planes).view()).unwrap();
    writer.finish(&Job::quiet(), &Gate::default()).unwrap();
    path
}

/// Bass of 55 Hz with a second harmonic so far under it, a middle, and sides.
fn song(harmonic: f64, side: f64) -> Vec<Vec<f64>> {
    let seconds = 5.0;
    let rate = f64::from(RATE);
    let (bass, over) =
        (sine(55.0, 0.25, 0.0, seconds, rate), sine(165.0, 0.25 * harmonic, 0.0, seconds, rate));
    let (body, words) = (sine(500.0, 0.1, 0.2, seconds, rate), sine(2000.0, 0.06, 0.2, seconds, rate));
    let air = noise(0.01, 3, bass.len());
    let wide = sine(700.0, side, 0.7, seconds, rate);
    let plane = |sign: f64| -> Vec<f64> {
        (0..bass.len()).map(|n| bass[n] + over[n] + body[n] + words[n] + air[n] + sign * wide[n]).collect()
    };
    vec![plane(1.0), plane(-1.0)]
}

fn words_of(found: &Translation, name: &str) -> Vec<Word> {
    let said = found.places.iter().find(|said| said.place.name == name).unwrap();
    assert!(said.effects.iter().all(|effect| !effect.action.is_empty()));
    said.effects.iter().map(|effect| effect.what).collect()
}

fn played(planes: &[Vec<f64>]) -> Translation {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(folder.path(), "song.wav", planes);
    let places =
        ["phone", "laptop", "car", "earbuds", "kitchen", "club", "vinyl"].map(str::to_owned).to_vec();
    translate(&path, &Options { places, ..Options::default() }, &Job::quiet()).unwrap()
}

#[test]
fn every_place_is_readable_and_says_where_it_comes_from() {
    let all = places().unwrap();
    assert_eq!(all.len(), 8);
    for place in &all {
        let tiers = ["measured", "convention", "estimate"];
        assert!(
            tiers.contains(&place.response.tier.as_str()) && !place.response.source.is_empty(),
            "{}",
            place.name
        );
        assert!(place.response.points.windows(2).all(|pair| pair[0].0 < pair[1].0), "{}", place.name);
        // What is no measurement says so in its source, too.
        assert!(
            place.response.tier != "estimate" || place.response.source.contains("estimate"),
            "{}",
            place.name
        );
    }
    let response = &all[0].response;
    assert_eq!((response.at_db(1.0), response.at_db(150.0), response.at_db(30_000.0)), (-60.0, -42.0, -15.0));
    // Half way between 150 and 300 Hz on a logarithmic axis.
    assert!((response.at_db(212.132) + 33.0).abs() < 0.01);
    let error = places::find(&["phome".to_owned()]).unwrap_err();
    assert_eq!(error.code, "unknown_place");
    assert!(error.hint.unwrap().contains("`phone`"));
}

#[test]
fn bass_without_overtones_is_gone_on_a_phone_and_with_them_is_carried() {
    let bare = played(&song(0.0, 0.0));
    assert!(words_of(&bare, "phone").contains(&Word::BassGone), "{bare:?}");
    let rich = played(&song(0.6, 0.0));
    assert!(words_of(&rich, "phone").contains(&Word::BassCarried), "{rich:?}");
    assert!(!words_of(&rich, "club").iter().any(|word| matches!(word, Word::BassGone | Word::BassCarried)));
    assert_eq!(words_of(&rich, "vinyl"), [Word::Holds]);
}

#[test]
fn what_is_only_at_the_sides_vanishes_on_one_loudspeaker_and_only_there() {
    let found = played(&song(0.6, 0.4));
    assert!(words_of(&found, "kitchen").contains(&Word::SidesLost), "{found:?}");
    assert!(!words_of(&found, "laptop").contains(&Word::SidesLost));
    assert!(!words_of(&played(&song(0.6, 0.02)), "kitchen").contains(&Word::SidesLost));
    // Bass in opposite polarity cancels in a club.
    let mut planes = song(0.6, 0.0);
    let bass = sine(55.0, 0.5, 0.0, 5.0, f64::from(RATE));
    planes[1].iter_mut().zip(&bass).for_each(|(x, bass)| *x -= bass);
    assert!(words_of(&played(&planes), "club").contains(&Word::BassCancels));
}

#[test]
fn a_player_has_the_response_of_its_place_and_is_in_time() {
    let places = places().unwrap();
    for name in ["laptop", "club"] {
        let place = places.iter().find(|place| place.name == name).unwrap();
        for hz in [100.0, 400.0, 1000.0, 9000.0] {
            let tone = sine(hz, 0.1, 0.0, 1.0, f64::from(RATE));
            let inner =
                studio::audio::MemorySource::new(Buffer::from_planes(&[tone.clone(), tone.clone()]), RATE);
            let mut player = Player::new(Box::new(inner), place);
            let mut out = Vec::new();
            let mut buffer = Buffer::new(2, 1000);
            loop {
                player.read(&mut buffer).unwrap();
                if buffer.frames() == 0 {
                    break;
                }
                out.extend_from_slice(buffer.channel(0));
            }
            assert_eq!(out.len(), tone.len());
            let (peak, phase) = testkit::measure::tone(&out[12_000..36_000], hz, f64::from(RATE));
            let (_, wanted) = testkit::measure::tone(&tone[12_000..36_000], hz, f64::from(RATE));
            let db = 20.0 * libm_log10(peak / 0.1);
            assert!((db - place.response.at_db(hz)).abs() < 0.1, "{name} {hz}: {db}");
            assert!((phase - wanted).abs() < 1e-3, "{name} {hz}: {phase} {wanted}");
        }
    }
}

/// Few bits code tones well and noise badly; the middle and the sides of noise that differ take all there are.
#[test]
fn a_slow_line_is_heard_in_wide_noise_and_not_in_tones() {
    let on_a_slow_line = |planes: &[Vec<f64>]| {
        let folder = tempfile::tempdir().unwrap();
        let path = write_file(folder.path(), "song.wav", planes);
        let options = Options { places: vec!["lossy".to_owned()], ..Options::default() };
        translate(&path, &options, &Job::quiet()).unwrap()
    };
    let tones = on_a_slow_line(&song(0.6, 0.1));
    let words = words_of(&tones, "lossy");
    assert!(!words.contains(&Word::CodecHeard), "{tones:?}");
    let noisy: Vec<Vec<f64>> = (0..2).map(|side| noise(0.3, 20 + side, 240_000)).collect();
    let words = words_of(&on_a_slow_line(&noisy), "lossy");
    assert!(words.contains(&Word::CodecHeard) && !words.contains(&Word::CodecClips), "{words:?}");
    let full: Vec<Vec<f64>> = (0..2).map(|side| noise(0.999, 30 + side, 240_000)).collect();
    assert!(words_of(&on_a_slow_line(&full), "lossy").contains(&Word::CodecClips));
    // What cannot be encoded is said to be so.
    let place = places().unwrap().into_iter().find(|place| place.codec.is_some()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let here = hear(&write_file(folder.path(), "song.wav", &song(0.6, 0.1)), &Job::quiet()).unwrap();
    let said = judge::judge(&place, &here, Some(&Err("no encoder".to_owned())));
    // Not that the codec is heard, and not that it holds: neither is known.
    let words: Vec<Word> = said.effects.iter().map(|effect| effect.what).collect();
    assert_eq!(words, [Word::NotEncoded]);
    assert!(said.effects[0].text.contains("could not be encoded"));
    assert_eq!(said.effects[0].measured, "no encoder");
}

fn libm_log10(x: f64) -> f64 {
    dsp::math::log10(x)
}

#[test]
fn excerpts_are_equally_loud_and_nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(folder.path(), "song.wav", &song(0.6, 0.1));
    let out = folder.path().join("out");
    let options =
        Options { places: vec!["phone".into(), "car".into()], folder: Some(out.clone()), force: false };
    let found = translate(&path, &options, &Job::quiet()).unwrap();
    assert_eq!(found.excerpts.len(), 3);
    let lufs: Vec<f64> = found
        .excerpts
        .iter()
        .map(|path| {
            meters::measure(open(path).unwrap().as_mut(), &Job::quiet()).unwrap().integrated_lufs.unwrap()
        })
        .collect();
    assert!(lufs.iter().all(|lufs| (lufs + 20.0).abs() < 0.1), "{lufs:?}");
    assert_eq!(translate(&path, &options, &Job::quiet()).unwrap_err().code, "exists");
}
