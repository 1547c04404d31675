//! Every rule of arrival finds what is planted, and says nothing of the clean twin.

use super::*;
use dsp::rng::CounterRng;

/// The band with one track changed or added.
fn with(change: impl FnOnce(&mut Vec<Take>)) -> Song {
    let mut takes = band(48_000.0, 6);
    change(&mut takes);
    heard(&takes, 48_000)
}

#[test]
fn clipping_dc_overs_mono_and_one_side_are_found() {
    let clean = band(48_000.0, 6);
    let song = with(|takes| {
        // 4 dB too loud for the converter.
        let top = takes[4].1[0].iter().fold(0.0_f64, |top, x| top.max(x.abs()));
        takes[4].1[0].iter_mut().for_each(|x| *x = (1.6 * *x / top).clamp(-1.0, 1.0) * 0.7);
        takes[3].1[0].iter_mut().for_each(|x| *x += 0.01);
        takes[0].1[0].iter_mut().for_each(|x| *x *= 3.0);
        let hat = takes[2].1[0].clone();
        takes[2].1.push(hat.clone());
        takes[1].1.push(vec![0.0; hat.len()]);
    });
    assert!(rules(&song, "05_Piano").contains(&"clipped"), "{:?}", song.findings);
    assert_eq!(rules(&song, "04_Bass"), ["dc"]);
    assert!(rules(&song, "01_Kick").contains(&"over_full_scale"));
    assert_eq!(rules(&song, "03_HiHat"), ["mono_in_stereo"]);
    assert_eq!(rules(&song, "02_Snare"), ["one_sided"]);
    assert_eq!(song.tracks[1].picked.as_ref().unwrap().channels, [0]);
    assert_eq!((song.tracks[2].played(), song.tracks[1].played()), (1, 1));
    // Twice the same is as loud as once: the clean twin.
    let twin = heard(&clean, 48_000);
    let level = |song: &Song, n: usize| song.tracks[n].facts.active_lufs.unwrap();
    assert!((level(&song, 2) - level(&twin, 2)).abs() < 0.01);
    assert!(twin.findings.is_empty(), "{:?}", twin.findings);
}

#[test]
fn duplicates_sides_and_dry_twins_are_found() {
    let song = with(|takes| {
        let piano = takes[4].1[0].clone();
        takes.push(("07_PianoCopy".to_owned(), vec![piano.iter().map(|x| -0.5 * x).collect()]));
        // A spaced pair: half of both sides is the same.
        let noise = |stream: u64| -> Vec<f64> {
            let rng = CounterRng::new(7, stream);
            piano.iter().enumerate().map(|(n, x)| 0.6 * x + 0.02 * rng.bipolar(n as u64)).collect()
        };
        takes.push(("08_StringsL".to_owned(), vec![noise(1)]));
        takes.push(("09_StringsR".to_owned(), vec![noise(2)]));
        let voice = takes[5].1[0].clone();
        let wet = voice
            .iter()
            .enumerate()
            .map(|(n, x)| x + 0.5 * n.checked_sub(9_000).map_or(0.0, |n| voice[n]))
            .collect();
        takes.push(("10_LeadVox dry".to_owned(), vec![voice]));
        takes[5] = ("06_LeadVox wet".to_owned(), vec![wet]);
    });
    assert_eq!(song.tracks[6].use_as, Use::DuplicateOf(4), "{:?}", song.findings);
    assert_eq!(rules(&song, "07_PianoCopy"), ["duplicate"]);
    assert_eq!(song.pairs.len(), 1, "{:?}", song.pairs);
    assert!(song.pairs[0].joined && song.pairs[0].left == 7 && song.pairs[0].right == 8, "{:?}", song.pairs);
    assert_eq!(song.tracks[9].use_as, Use::DryOf(5));
    assert!(rules(&song, "10_LeadVox dry").contains(&"wet_and_dry"));
}

#[test]
fn time_stamps_place_tracks_and_other_lengths_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let takes = band(48_000.0, 4);
    for (n, (name, planes)) in takes.iter().enumerate() {
        let start = if n == 5 { 96_000 } else { 0 };
        let path = folder.path().join(format!("{name}.wav"));
        wav(&path, &[planes[0][start..].to_vec()], 48_000, Some(172_800_000 + start as u64));
    }
    let song = hear(folder.path(), &Job::quiet(), &Options::default()).unwrap();
    assert_eq!(song.tracks[5].start_seconds, 2.0);
    assert!(song.findings.iter().any(|finding| finding.rule == "start_differs"));
    let short = with(|takes| takes[4].1[0].truncate(300_000));
    assert_eq!(rules(&short, "05_Piano"), ["length_differs"]);
}

#[test]
fn another_rate_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let takes = band(48_000.0, 6);
    write(folder.path(), &takes[..5], 48_000);
    write(folder.path(), &band(44_100.0, 6)[5..], 44_100);
    let song = hear(folder.path(), &Job::quiet(), &Options::default()).unwrap();
    assert_eq!(song.sample_rate_hz, 48_000);
    assert_eq!(rules(&song, "06_LeadVox"), ["rate_differs"]);
}

#[test]
fn a_rough_mix_is_taken_apart_and_overheads_are_not_one() {
    let gains = [-3.0, -6.0, -9.0, 0.0, -6.0, 3.0];
    let pans = [0.0, 0.0, 0.4, 0.0, -0.5, 0.0];
    let song = with(|takes| {
        let frames = takes[0].1[0].len();
        let mut mix = vec![vec![0.0; frames]; 2];
        let mut kit = vec![vec![0.0; frames]; 2];
        for ((take, db), pan) in takes.iter().zip(gains).zip(pans) {
            let angle = (pan + 1.0) * math::FRAC_PI_4;
            let sides = [math::cos(angle), math::sin(angle)].map(|side| side * math::db_to_gain(db));
            for (plane, side) in mix.iter_mut().zip(sides) {
                plane.iter_mut().zip(&take.1[0]).for_each(|(y, x)| *y += side * x);
            }
        }
        for (take, side) in takes[..3].iter().zip([0.5, 0.7, 0.6]) {
            kit[0].iter_mut().zip(&take.1[0]).for_each(|(y, x)| *y += side * x);
            kit[1].iter_mut().zip(&take.1[0]).for_each(|(y, x)| *y += (1.1 - side) * x);
        }
        takes.push(("07_Song v3".to_owned(), mix));
        takes.push(("08_Overheads".to_owned(), kit));
    });
    assert_eq!(song.tracks[6].use_as, Use::Mix, "{:?}", song.findings);
    assert_eq!(rules(&song, "07_Song v3"), ["rough_mix"]);
    assert_eq!(song.tracks[7].use_as, Use::Play);
    let mix = song.rough_mix.unwrap();
    assert!(mix.residual_db < -12.0, "{mix:?}");
    for (n, (index, gain)) in mix.gains_db.iter().enumerate() {
        // The overheads take part of the drums.
        if (3..6).contains(index) {
            assert!((gain - gains[*index]).abs() < 1.0, "{mix:?}");
            assert!((mix.pans[n] - pans[*index]).abs() < 0.15, "{mix:?}");
        }
    }
}

/// A microphone in the room hears everybody some milliseconds later, and a compressor moves the sum by some decibels: powers do not add
/// up, samples do.
#[test]
fn a_mix_of_sounds_that_know_each_other_is_taken_apart_too() {
    let gains = [-3.0, -6.0, -9.0, 0.0, -6.0, 3.0, -1.0];
    let song = with(|takes| {
        let frames = takes[0].1[0].len();
        let mut room = vec![0.0; frames];
        for (n, take) in takes.iter().enumerate() {
            let late = 150 + 60 * n;
            room.iter_mut().skip(late).zip(&take.1[0]).for_each(|(y, x)| *y += 0.8 * x);
        }
        takes.push(("07_Room".to_owned(), vec![room]));
        let mut mix = vec![vec![0.0; frames]; 2];
        for ((take, db), side) in takes.iter().zip(gains).zip([0.7, 0.7, 0.9, 0.7, 0.3, 0.7, 0.7]) {
            for (plane, side) in mix.iter_mut().zip([side, f64::sqrt(1.0 - side * side)]) {
                let gain = side * math::db_to_gain(db);
                plane.iter_mut().zip(&take.1[0]).for_each(|(y, x)| *y += gain * x);
            }
        }
        for n in 0..frames {
            // Up and down by 1.5 dB, twice in three seconds.
            let moved = math::db_to_gain(1.5 * math::sin(math::TAU * n as f64 / 72_000.0));
            mix.iter_mut().for_each(|plane| plane[n] *= moved);
        }
        takes.push(("08_Song v3".to_owned(), mix));
    });
    assert_eq!(song.tracks[7].use_as, Use::Mix, "{:?}", song.findings);
    assert_eq!(rules(&song, "08_Song v3"), ["rough_mix"]);
    let mix = song.rough_mix.unwrap();
    println!("{mix:?}");
    assert_eq!(mix.gains_db.len(), 7, "{mix:?}");
    for (n, (index, gain)) in mix.gains_db.iter().enumerate() {
        assert!((gain - gains[*index]).abs() < 0.5, "{mix:?}");
        // sin² and cos²: 0.7 and 0.9 and 0.3 of the amplitude to the left.
        let pan = [0.01, 0.01, -0.43, 0.01, 0.61, 0.01, 0.01][*index];
        assert!((mix.pans[n] - pan).abs() < 0.05, "{mix:?}");
    }
}

#[test]
fn noise_hum_and_bleed_are_found() {
    let song = with(|takes| {
        let rate = 48_000.0;
        let hiss = CounterRng::new(12, 1);
        takes[5].1[0].iter_mut().enumerate().for_each(|(n, x)| *x += 0.012 * hiss.bipolar(n as u64));
        for partial in 1..=5 {
            let wave = testkit::signals::sine(50.0 * f64::from(partial), 0.004, 0.2, 20.0, rate);
            takes[4].1[0].iter_mut().zip(wave).for_each(|(y, x)| *y += x);
        }
        // The kick's microphone hears the snare, 16 dB under the kick.
        let snare = band(rate, 6)[1].1[0].clone();
        takes[0].1[0].iter_mut().skip(40).zip(snare).for_each(|(y, x)| *y += 0.2 * x);
    });
    assert!(rules(&song, "06_LeadVox").contains(&"noisy"), "{:?}", song.findings);
    assert!(rules(&song, "05_Piano").contains(&"hum"), "{:?}", song.findings);
    assert!(rules(&song, "01_Kick").contains(&"bleed"), "{:?}", song.findings);
    assert!(!rules(&song, "04_Bass").contains(&"bleed") && !rules(&song, "03_HiHat").contains(&"bleed"));
}

#[test]
fn a_detuned_voice_and_missing_parts_are_suspected() {
    let mut takes = band(48_000.0, 12);
    let song = {
        // 45 cents sharp: read faster.
        let voice = takes[5].1[0].clone();
        let ratio = math::exp2(45.0 / 1200.0);
        takes[5].1[0] = (0..voice.len())
            .map(|n| {
                let place = n as f64 * ratio;
                let at = |n: usize| voice.get(n).copied().unwrap_or(0.0);
                let part = place - place.floor();
                at(place as usize) * (1.0 - part) + at(place as usize + 1) * part
            })
            .collect();
        takes.remove(3);
        let side = takes[3].1[0].clone();
        takes.push(("07_ChoirL".to_owned(), vec![side]));
        heard(&takes, 48_000)
    };
    assert!(
        song.findings
            .iter()
            .any(|finding| finding.rule == "out_of_tune" && finding.about.contains("LeadVox")),
        "{:?} {:?}",
        song.tracks[4].facts.pitch,
        song.findings
    );
    let missing: Vec<&str> = song
        .findings
        .iter()
        .filter(|finding| finding.rule == "missing_part")
        .map(|finding| finding.measured.as_str())
        .collect();
    assert!(missing.iter().any(|what| what.contains("no bass")), "{missing:?}");
}

#[test]
fn clicks_talkback_and_count_ins_are_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let beat = 60.0 / BPM;
    let mut takes = band(48_000.0, 8);
    let frames = takes[0].1[0].len();
    // A bar before everything: four strokes of the sticks in the hi-hat's microphone.
    let lead = (4.0 * beat * 48_000.0).round() as usize;
    for take in &mut takes {
        take.1[0] = std::iter::repeat_n(0.0, lead).chain(take.1[0].iter().copied()).collect();
    }
    for n in 0..4 {
        let start = ((START + f64::from(n) * beat) * 48_000.0) as usize;
        let rng = CounterRng::new(5, n as u64);
        for k in 0..1_500 {
            takes[2].1[0][start + k] +=
                0.15 * math::exp(-(k as f64) / 250.0) * (rng.bipolar(k as u64) - rng.bipolar(k as u64 + 1));
        }
    }
    let mut click = vec![0.0; lead + frames];
    for n in 0..36 {
        let start = ((START + f64::from(n) * beat) * 48_000.0) as usize;
        let hz = if n % 4 == 0 { 1_760.0 } else { 1_320.0 };
        for k in 0..1_400 {
            if let Some(x) = click.get_mut(start + k) {
                *x += 0.5 * math::exp(-(k as f64) / 200.0) * math::sin(math::TAU * hz * k as f64 / 48_000.0);
            }
        }
    }
    let (talk, _) = testkit::voice::line(0.1, 0.05, 4, 48_000.0);
    takes.push(("07_Guide".to_owned(), vec![click]));
    takes.push((
        "08_TB".to_owned(),
        vec![talk.into_iter().chain(std::iter::repeat_n(0.0, frames)).take(lead + frames).collect()],
    ));
    write(folder.path(), &takes, 48_000);
    let song = hear(folder.path(), &Job::quiet(), &Options::default()).unwrap();
    assert_eq!(song.tracks[6].use_as, Use::Click, "{:?}", song.tracks[6].facts.decay_seconds);
    assert_eq!(song.tracks[7].use_as, Use::Talkback);
    let count = song.time.count_in.as_ref().unwrap();
    assert!((count.start_seconds - START).abs() < 0.05, "{count:?}");
    assert!((count.end_seconds - START - 4.0 * beat).abs() < 0.15, "{count:?}");
    assert!(count.tracks.contains(&2), "{count:?}");
    let tempo = song.time.tempo.unwrap();
    assert!((tempo.bpm / BPM - 1.0).abs() < 0.005, "{tempo:?}");
    // The band without them has none, and a hi-hat by a machine is no click.
    let clean = heard(&band(48_000.0, 8), 48_000);
    assert_eq!(clean.time.count_in, None);
    assert!(clean.tracks.iter().all(|track| track.use_as == Use::Play));
}
