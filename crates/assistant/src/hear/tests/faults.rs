//! Faults that mixing cannot mend, and tracks that are no music: found where they are planted, and only there.

use super::*;
use dsp::rng::CounterRng;

const RATE: f64 = 48_000.0;

/// The band with one track changed.
fn with(number: usize, change: impl FnOnce(&mut [f64])) -> Song {
    let mut takes = band(RATE, 8);
    change(&mut takes[number].1[0]);
    heard(&takes, 48_000)
}

/// Six feedback combs: a room that falls by 60 dB in `rt60` seconds, as loud as the sound in it.
fn room(dry: &[f64], rt60: f64) -> Vec<f64> {
    let mut wet = dry.to_vec();
    for frames in [1_433, 1_601, 1_867, 2_053, 2_251, 2_399] {
        let keep = math::db_to_gain(-60.0 * frames as f64 / RATE / rt60);
        let mut line = vec![0.0; dry.len()];
        for n in frames..dry.len() {
            line[n] = dry[n - frames] + keep * line[n - frames];
        }
        wet.iter_mut().zip(line).for_each(|(y, x)| *y += 0.25 * x);
    }
    wet
}

#[test]
fn a_printed_room_is_told_and_a_dry_take_is_not() {
    for rt60 in [0.4, 1.4] {
        let mut take = band(RATE, 12).swap_remove(1);
        take.1[0] = room(&take.1[0], rt60);
        let song = heard(&[take], 48_000);
        let told = rules(&song, "02_Snare").contains(&"printed_reverb");
        let tail = song.tracks[0].facts.tail;
        assert_eq!(told, rt60 > 0.8, "{rt60} s: {tail:?}");
        // Figure and truth: the slope of the fall is that of the room.
        if told {
            let found = tail.unwrap().rt60_seconds;
            assert!((found / rt60 - 1.0).abs() < 0.2, "{found}");
        }
    }
    // A pad may ring as long as it likes.
    let mut take = band(RATE, 12).swap_remove(4);
    take.1[0] = room(&take.1[0], 1.4);
    let piano = heard(&[take], 48_000);
    assert!(!rules(&piano, "05_Piano").contains(&"printed_reverb"));
}

/// The bass, beat by beat, each moved by up to `most` seconds.
fn moved(bass: &mut [f64], most: f64, shift: f64) {
    let beat = 60.0 / BPM;
    let old = bass.to_vec();
    bass.fill(0.0);
    let rng = CounterRng::new(9, 1);
    for number in 0..32 {
        let from = ((START + f64::from(number) * beat - 0.005) * RATE) as usize;
        let late = ((shift + most * rng.uniform(number as u64)) * RATE) as usize;
        for n in 0..(0.95 * beat * RATE) as usize {
            if let (Some(x), Some(y)) = (old.get(from + n), bass.get_mut(from + n + late)) {
                *y += x;
            }
        }
    }
}

#[test]
fn a_loose_player_is_suspected_and_one_who_is_late_throughout_is_not() {
    let quarter = 60.0 / BPM / 4.0;
    // Anywhere within a quarter of a beat is chance.
    let loose = with(3, |plane| moved(plane, quarter, 0.0));
    assert!(rules(&loose, "04_Bass").contains(&"out_of_time"), "{:?}", loose.findings);
    // 12 ms of spread is a player.
    for (most, shift) in [(0.0, 0.0), (0.012, 0.0), (0.0, 0.04)] {
        let song = with(3, |plane| moved(plane, most, shift));
        assert!(!rules(&song, "04_Bass").contains(&"out_of_time"), "{most} {shift}: {:?}", song.findings);
    }
}

#[test]
fn a_name_that_its_sound_denies_is_asked_about() {
    let mut takes = band(RATE, 6);
    takes[2].0 = "03_Bass Synth".to_owned();
    takes[3].0 = "04_LeadVox 2".to_owned();
    let song = heard(&takes, 48_000);
    for (number, name) in [(2, "03_Bass Synth"), (3, "04_LeadVox 2")] {
        assert!(rules(&song, name).contains(&"role_conflict"), "{name}: {:?}", song.findings);
        let role = &song.tracks[number].role;
        assert!(role.question.is_some() && role.confidence < 0.6, "{role:?}");
    }
    assert!(!rules(&song, "01_Kick").contains(&"role_conflict"));
    assert!(!rules(&song, "06_LeadVox").contains(&"role_conflict"));
}

#[test]
fn clicks_and_talkback_are_left_out_of_the_print() {
    let folder = tempfile::tempdir().unwrap();
    let mut takes = band(RATE, 6);
    let frames = takes[0].1[0].len();
    let beat = 60.0 / BPM;
    let mut click = vec![0.0; frames];
    for number in 0..24 {
        let start = ((START + f64::from(number) * beat) * RATE) as usize;
        for k in 0..1_400 {
            if let Some(x) = click.get_mut(start + k) {
                *x += 0.5 * math::exp(-(k as f64) / 200.0) * math::sin(math::TAU * 1_500.0 * k as f64 / RATE);
            }
        }
    }
    let (talk, _) = testkit::voice::line(0.1, 0.05, 4, RATE);
    takes.push(("07_Guide 1".to_owned(), vec![click]));
    takes.push((
        "08_Talk Back".to_owned(),
        vec![talk.into_iter().chain(std::iter::repeat(0.0)).take(frames).collect()],
    ));
    write(folder.path(), &takes, 48_000);
    let request = crate::Request::default();
    let made = crate::assist(folder.path(), folder.path(), Path::new(""), &request, &Job::quiet()).unwrap();
    let session =
        studio::session::Session::parse(&made.text, "session.toml", folder.path(), Default::default())
            .unwrap();
    for track in &session.tracks {
        let guide = ["07_Guide 1.wav", "08_Talk Back.wav"].contains(&track.clips[0].file.id.as_str());
        assert_eq!(track.strip.controls.mute, guide, "{}", track.strip.id);
    }
}

#[test]
fn less_is_done_to_a_track_that_nobody_is_sure_about() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &band(RATE, 6), 48_000);
    let (request, job) = (crate::Request::default(), Job::quiet());
    let (mut song, ask) =
        crate::assist::heard(folder.path(), folder.path(), Path::new(""), &request, &job).unwrap();
    let corners = |song: &Song| -> std::collections::BTreeMap<String, f64> {
        let made = crate::decide::decide(song, &ask, None, &job).unwrap();
        let own = made.moves.into_iter().filter(|m| m.rule == "cleanup.high_pass");
        own.map(|m| (m.place.strip.clone(), m.value.number_of("freq_hz").unwrap())).collect()
    };
    song.tracks.iter_mut().for_each(|track| track.role.confidence = 0.9);
    let sure = corners(&song);
    let (own, corner) = sure.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
    // Half as sure as it takes to be sure: nearer to no filter at all (20 Hz), and nobody else is touched.
    song.tracks.iter_mut().find(|track| track.id == *own).unwrap().role.confidence = 0.3;
    let unsure = corners(&song);
    assert!(unsure[own] < 0.85 * corner && unsure[own] > 20.0, "{corner} Hz, unsure {}", unsure[own]);
    for (strip, hz) in sure.iter().filter(|(strip, _)| *strip != own) {
        assert_eq!(hz, &unsure[strip], "{strip}");
    }
}
