//! The evidence that the issue asks for, line by line: each test fails when its line is not said, with its figure and what to do.

use crate::bands::{self, Band, Parts, put};
use crate::kit::{Sound, demo_mix, look, opus_file, write, write_stamped};
use crate::make::{
    at_rate, clicks, clip, cut_above, hiss, hum, limit, presence_under, rounded, summed, tops_cut, with_a_hit,
};
use advice::assess::{Advice, Assessment, Kind, Need, Options, State, assess, text};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use studio::audio::Encoding;
use studio::job::Job;

fn song() -> Sound {
    static SONG: OnceLock<Sound> = OnceLock::new();
    SONG.get_or_init(|| demo_mix(28.0, 4.0, &[])).clone()
}

fn few() -> Band {
    bands::synthetic(0).only(&["kick", "snare", "bass", "keys", "voice"])
}

/// What is said of one file.
fn of_song(sound: &Sound) -> Assessment {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.wav");
    write(&path, sound);
    look(&[path], &["spotify"])
}

fn of_folder(name: &str, parts: &Parts) -> Assessment {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join(name);
    put(&folder, parts);
    look(&[folder], &["spotify"])
}

/// The advice of a rule: there, with a figure or a name, in the printed text with its words and its action.
#[track_caller]
fn said<'a>(found: &'a Assessment, rule: &str) -> &'a Advice {
    let spoke: Vec<&str> = found.advice.iter().map(|advice| advice.rule).collect();
    let advice = found.advice.iter().find(|advice| advice.rule == rule);
    let advice = advice.unwrap_or_else(|| panic!("{rule} is not said, but {spoke:?}"));
    assert!(!advice.measured.is_empty() && !advice.action.is_empty() && !advice.plain.is_empty());
    let printed = text(found, 10_000);
    for part in [&advice.measured, &advice.plain, &advice.action] {
        assert!(printed.contains(part.as_str()), "`{part}` is not in\n{printed}");
    }
    advice
}

fn needs(found: &Assessment) -> Vec<Need> {
    found.steps.iter().map(|step| step.need).collect()
}

#[test]
fn bus_limiting_is_said_with_headroom_and_dynamic_room_left() {
    let found = of_song(&limit(song(), 8.0, -3.5));
    let advice = said(&found, "limited");
    let room = found.items[0].room[0].unwrap();
    // True peaks lie a little over the samples.
    assert!((2.5..3.51).contains(&room.headroom_db), "{room:?}");
    let left = room.peak_to_loudness_db.unwrap();
    assert!(advice.measured.contains(&format!("left: {room}").replace("left: left", "left")), "{advice:?}");
    let whole = of_song(&song().at_peak(-6.0)).items[0].room[0].unwrap();
    assert!(whole.peak_to_loudness_db.unwrap() > left + 2.5, "{whole:?} {room:?}");
    assert_eq!(needs(&found), [Need::Return, Need::Mastering]);
}

#[test]
fn bus_compression_is_said_with_what_is_left() {
    // Long enough for a median of short-term loudness that one hit does not move.
    let found = of_song(&with_a_hit(rounded(demo_mix(20.0, 12.0, &[]), 18.0), 10.0));
    assert!(said(&found, "dense").measured.contains("left: "));
}

#[test]
fn clipping_is_said_with_its_place() {
    let mut sound = demo_mix(20.0, 12.0, &[]);
    let top = 0.3 * sound.peak();
    let rate = sound.rate_hz as usize;
    // Nothing is cut in the first 3 s.
    for plane in &mut sound.planes {
        plane[3 * rate..].iter_mut().for_each(|x| *x = x.clamp(-top, top));
        plane[..3 * rate].iter_mut().for_each(|x| *x *= 0.1);
    }
    let first = sound.planes.iter().filter_map(|plane| plane.iter().position(|x| x.abs() >= top)).min();
    let found = of_song(&sound.at_peak(-6.0));
    let seconds = said(&found, "clipped").seconds.unwrap();
    assert!((seconds - first.unwrap() as f64 / rate as f64).abs() < 0.05, "{seconds}");
}

#[test]
fn a_voice_under_guitars_or_a_bass_is_said_in_stems_and_who_covers_it() {
    let band = bands::synthetic(0);
    let stem = |player: &str, gain_db: f64| summed(&[(String::new(), band.of(player))]).gain(gain_db);
    let stems = |guitar_db: f64, bass: Sound| -> Parts {
        vec![
            ("Drums.wav".to_owned(), stem("kick", 0.0)),
            ("Guitars.wav".to_owned(), stem("left guitar", guitar_db)),
            ("Bass.wav".to_owned(), bass),
            ("Lead vocals.wav".to_owned(), stem("voice", -2.0)),
        ]
    };
    // A bass through a distortion that reaches up to the words.
    let fuzz = tops_cut(stem("bass", 0.0), 0.03).at_peak(-3.0);
    for (parts, who) in [(stems(14.0, stem("bass", -6.0)), "guitars"), (stems(-20.0, fuzz), "bass")] {
        let found = of_folder("Stems", &parts);
        assert_eq!(found.items[0].kind, Kind::Stems);
        let advice = said(&found, "masked_vocal");
        assert!(advice.about.contains("Lead vocals") && advice.measured.ends_with(who), "{advice:?}");
        assert!(!advice.suspicion, "it was measured");
    }
    let found = of_folder("Stems", &stems(-12.0, stem("bass", -6.0)));
    assert!(found.advice.iter().all(|advice| advice.rule != "masked_vocal"));
}

#[test]
fn in_a_stereo_file_a_covered_voice_is_only_suspected() {
    let found = of_song(&presence_under(song(), 30.0));
    assert!(said(&found, "covered").suspicion);
}

/// One plant for each word of the issue about a song.
#[test]
fn mono_phase_sources_rates_noise_hum_and_clicks_of_a_song_are_said() {
    let song = song();
    let turned = |mut s: Sound| {
        let other: Vec<f64> = s.planes[0].iter().map(|x| -x).collect();
        s.planes[1] = other;
        s
    };
    let in_mono = |mut s: Sound| {
        s.planes[1] = s.planes[0].clone();
        s
    };
    let in_bits = |mut s: Sound| {
        s.encoding = Encoding::Int(16);
        s
    };
    for (rule, sound) in [
        ("mono", in_mono(song.clone())),
        ("phase", turned(song.clone())),
        ("lossy", cut_above(hiss(song.clone(), -75.0), 16_000.0)),
        ("previous_master", limit(song.clone(), 16.0, -0.1)),
        ("sample_rate", at_rate(song.clone(), 32_000)),
        ("upsampled", at_rate(song.clone(), 96_000)),
        ("bit_depth", in_bits(song.clone())),
        ("noise_in_pauses", hiss(song.clone(), -50.0)),
        ("hum", hum(song.clone(), 50.0, 0.0)),
        ("clicks", clicks(song.clone(), 6, 0.6)),
        ("clipped", clip(song, 8.0, -6.0)),
    ] {
        said(&of_song(&sound), rule);
    }
}

#[test]
fn a_lossy_file_and_its_rate_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.opus");
    opus_file(&path, &song(), 44_100);
    let found = look(&[path], &["spotify"]);
    said(&found, "lossy");
    assert!(said(&found, "opus_rate").measured.contains("44100 Hz"));
}

/// Unfinished signs, all in one folder.
#[test]
fn silent_and_placeholder_tracks_cut_tails_missing_groups_and_one_sided_parts_are_said() {
    let mut parts = few().parts;
    parts.retain(|(name, _)| !name.contains("Bass"));
    for (name, sound) in &mut parts {
        if name.contains("Keys") {
            sound.planes.iter_mut().for_each(|plane| plane.fill(0.0));
        } else if name.contains("LeadVox") {
            let frames = sound.frames() * 6 / 10;
            sound.planes[0].truncate(frames);
        } else if name.contains("Snare") {
            *name = "02_Snare placeholder.wav".to_owned();
        }
    }
    let guitar = bands::synthetic(0).of("left guitar");
    let half = Sound { planes: vec![guitar.planes[0].clone(), vec![0.0; guitar.frames()]], ..guitar };
    parts.push(("15_Strummed.wav".to_owned(), half));
    let found = of_folder("tracks", &parts);
    for (rule, about) in [
        ("empty", "Keys"),
        ("placeholder", "placeholder"),
        ("abrupt_end", "LeadVox"),
        ("missing_part", "the folder"),
        ("one_sided", "Strummed"),
    ] {
        let advice = said(&found, rule);
        assert!(advice.about.contains(about), "{advice:?}");
    }
    assert!(said(&found, "missing_part").measured.contains("no bass"));
}

#[test]
fn tracks_that_do_not_start_together_and_rates_that_differ_are_said() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("tracks");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, sound) in &few().parts {
        let keys = name.contains("Keys");
        let sound = if keys { at_rate(sound.clone(), 44_100) } else { sound.clone() };
        let second = u64::from(sound.rate_hz);
        write_stamped(&folder.join(name), &sound, Some(second * 3600 + if keys { second / 4 } else { 0 }));
    }
    let found = look(&[folder], &["cd"]);
    assert!(said(&found, "start_differs").measured.contains("0.250 s"));
    assert!(said(&found, "rate_differs").about.contains("Keys"));
}

/// Each step: reasons, time here, command, in order; and where it shall go is asked when nobody said.
#[test]
fn steps_have_reasons_a_time_and_a_command_and_a_missing_destination_is_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("tracks");
    put(&folder, &few().parts);
    let ask = |paths: &[PathBuf], destinations: &[&str]| {
        let destinations = destinations.iter().map(|name| (*name).to_owned()).collect();
        assess(paths, &Options { destinations }, &Job::quiet()).unwrap()
    };
    let found = ask(std::slice::from_ref(&folder), &[]);
    assert_eq!(needs(&found), [Need::Mixing, Need::Mastering]);
    let printed = text(&found, 10_000);
    assert!(printed.contains("what it needs, in this order: mixing, then mastering"), "{printed}");
    for step in &found.steps {
        assert!(!step.because.is_empty() && step.because.iter().all(|why| printed.contains(why.as_str())));
        assert!(step.seconds_here.unwrap() > 0.0 && printed.contains(&format!("> {}", step.command)));
    }
    // 16.25 s of five tracks at 10.2 ms of processor time a second of each, on so many cores.
    let cores = Job::quiet().threads.clamp(1, 4) as f64;
    let wanted = 0.0102 * 16.25 * 5.0 / cores;
    assert!((found.steps[0].seconds_here.unwrap() / wanted - 1.0).abs() < 0.01);
    // What can be chosen, and what changes: the level, the ceiling, the file.
    let vinyl = found.question.iter().find(|choice| choice.name == "vinyl").unwrap();
    assert!(vinyl.changes.contains("dBTP") && vinyl.changes.contains("bits"), "{vinyl:?}");
    let changes: Vec<&str> = found.question.iter().map(|choice| choice.changes.as_str()).collect();
    assert!(found.question.len() > 10 && changes.iter().all(|change| printed.contains(change)));
    let spotify = found.question.iter().find(|choice| choice.name == "spotify").unwrap();
    assert_ne!(spotify.changes, vinyl.changes);
    assert!(ask(&[folder], &["cd"]).question.is_empty());
}

/// Mixing; stem mastering; mastering; both; a return to the mix; nothing.
#[test]
fn every_need_is_told_apart() {
    let mastered = |path: &Path| {
        // Under every ceiling that a destination has, and called what it is.
        write(path, &limit(song(), 12.0, -1.4));
        look(&[path.to_owned()], &["cd"])
    };
    let root = tempfile::tempdir().unwrap();
    let found = mastered(&root.path().join("song master.wav"));
    assert_eq!((needs(&found), found.items[0].states.clone()), (vec![Need::Nothing], vec![State::Master]));
    assert_eq!(needs(&of_song(&song().at_peak(-6.0))), [Need::Mastering]);
    assert_eq!(needs(&of_song(&clip(song(), 8.0, -6.0))), [Need::Return, Need::Mastering]);
    let band = few();
    let stems: Parts = ["kick", "bass", "keys", "voice"]
        .iter()
        .zip(["Drums", "Bass", "Keys", "Vocals"])
        .map(|(player, name)| (format!("{name}.wav"), summed(&[(String::new(), band.of(player))])))
        .collect();
    assert_eq!(needs(&of_folder("Stems", &stems)), [Need::StemMastering]);
}
