use super::*;
use dsp::block::Buffer;
use testkit::voice::line;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn loudness(signal: &[f64]) -> f64 {
    let mut meter = ebur128::EbuR128::new(1, 48_000, ebur128::Mode::I).unwrap();
    meter.add_frames_f64(signal).unwrap();
    meter.loudness_global().unwrap()
}

/// Sound in time with the input.
fn run(settings: &Rider, plane: &[f64], key: Option<&Buffer>) -> Vec<f64> {
    let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
    let latency = kernel.latency_frames();
    let mut audio = Buffer::from_planes(&[[plane, &vec![0.0; latency]].concat()]);
    let block = audio.block();
    kernel.process(&mut match key {
        Some(key) => block.with_key(key.view()),
        None => block,
    });
    audio.channel(0)[latency..].to_vec()
}

/// Loudness of the vowels of a phrase at 0 dB, by the `ebur128` crate.
fn vowels_lufs() -> f64 {
    let (phrase, places) = line(0.05, 0.01, 8, RATE);
    let vowels: Vec<f64> = places
        .iter()
        .filter(|place| !place.sibilant)
        .flat_map(|place| phrase[place.start..place.start + place.frames].to_vec())
        .collect();
    loudness(&vowels)
}

/// Phrases of 8 syllables (3 s) with 0.7 s between them.
fn phrases(levels_db: &[f64]) -> (Vec<f64>, Vec<std::ops::Range<usize>>) {
    let (mut sound, mut places) = (vec![0.0; 24_000], Vec::new());
    let (phrase, _) = line(0.05, 0.01, 8, RATE);
    for level_db in levels_db {
        places.push(sound.len()..sound.len() + phrase.len());
        sound.extend(phrase.iter().map(|x| x * signals::db(*level_db)));
        sound.extend(vec![0.0; 33_600]);
    }
    (sound, places)
}

#[test]
fn phrases_six_decibels_up_and_down_come_within_one_and_a_half() {
    let levels = [6.0, -6.0, 6.0, -6.0, 0.0, -6.0, 6.0, -6.0, 6.0];
    let (voice, places) = phrases(&levels);
    let (even, even_places) = phrases(&[0.0]);
    let (target, whole) = (vowels_lufs(), loudness(&even[even_places[0].clone()]));
    let fixed = Rider { target: RiderTarget::Fixed, target_dbfs: target, range_db: 9.0, ..Rider::default() };
    let out = run(&fixed, &voice, None);
    for (level, place) in levels.iter().zip(&places) {
        let got = loudness(&out[place.clone()]) - whole;
        assert!(got.abs() < 1.5, "{level}: {got}");
    }
    // By its own measure, once it has heard a soft and a loud phrase or two.
    let own = run(&Rider { range_db: 9.0, ..Rider::default() }, &voice, None);
    for (level, place) in levels.iter().zip(&places).skip(4) {
        let got = loudness(&own[place.clone()]) - whole;
        assert!(got.abs() < 1.5, "own, {level}: {got}");
    }
}

#[test]
fn an_even_line_is_left_alone() {
    let (voice, _) = phrases(&[0.0; 5]);
    let own = run(&Rider::default(), &voice, None);
    let target = vowels_lufs();
    let fixed = Rider { target: RiderTarget::Fixed, target_dbfs: target, ..Rider::default() };
    let fixed = run(&fixed, &voice, None);
    for n in (0..voice.len()).filter(|n| voice[*n].abs() > 1e-4) {
        for out in [&own, &fixed] {
            let gain = measure::to_db(out[n] / voice[n]);
            assert!(gain.abs() < 0.3, "{n}: {gain}");
        }
    }
}

#[test]
fn the_gain_arrives_with_the_phrase_and_waits_in_pauses() {
    let (voice, places) = phrases(&[0.0, 6.0, 6.0]);
    let target = vowels_lufs();
    let settings = Rider { target: RiderTarget::Fixed, target_dbfs: target, ..Rider::default() };
    let out = run(&settings, &voice, None);
    // The first vowel of the loud phrase already.
    let first = places[1].start..places[1].start + 10_000;
    let gain = measure::to_db(measure::rms(&out[first.clone()]) / measure::rms(&voice[first]));
    assert!(gain < -3.5, "{gain}");
    // Room noise 50 dB under the voice between two loud phrases is not raised, not even back to 0 dB.
    let noise = signals::noise(2e-4, 3, voice.len());
    let noisy: Vec<f64> = voice.iter().zip(&noise).map(|(v, n)| v + n).collect();
    let out = run(&settings, &noisy, None);
    let pause = places[1].end + 4_800..places[2].start - 4_800;
    let gain = measure::to_db(measure::rms(&out[pause.clone()]) / measure::rms(&noisy[pause]));
    assert!(gain < -3.5, "{gain}");
}

#[test]
fn breaths_do_not_move_the_gain() {
    let (mut voice, places) = phrases(&[-4.0, -4.0]);
    let target = vowels_lufs();
    let settings = Rider { target: RiderTarget::Fixed, target_dbfs: target, ..Rider::default() };
    let quiet = run(&settings, &voice, None);
    let breath = testkit::voice::sibilant(8, 0.01, 0.4, RATE);
    let at = places[0].end + 6_000;
    breath.iter().enumerate().for_each(|(n, x)| voice[at + n] += x);
    let out = run(&settings, &voice, None);
    let gain = measure::to_db(
        measure::rms(&out[at + 2_000..at + 17_000]) / measure::rms(&voice[at + 2_000..at + 17_000]),
    );
    let around = measure::to_db(quiet[places[0].end - 5_000] / voice[places[0].end - 5_000]);
    assert!((gain - around).abs() < 0.5, "{gain} {around}");
}

#[test]
fn louder_music_lifts_the_voice_within_the_range() {
    let (voice, places) = phrases(&[0.0; 8]);
    let target = vowels_lufs();
    let settings = |music_percent| Rider {
        target: RiderTarget::Fixed,
        target_dbfs: target,
        music_percent,
        tolerance_db: 0.0,
        ..Rider::default()
    };
    let pad = signals::sine(1_000.0, 0.05, 0.0, 60.0, RATE);
    let music: Vec<f64> =
        pad.iter().enumerate().map(|(n, x)| if n > places[5].start { 2.0 * x } else { *x }).collect();
    let key = Buffer::from_planes(&[music.clone(), music]);
    let (off, on) = (run(&settings(0.0), &voice, Some(&key)), run(&settings(50.0), &voice, Some(&key)));
    let change = |out: &[f64], phrase: usize| loudness(&out[places[phrase].clone()]) - target;
    assert!((change(&on, 3) - change(&off, 3)).abs() < 0.3);
    let lift = change(&on, 6) - change(&off, 6);
    // 6 dB more music, half of it, less what the memory has taken.
    assert!(lift > 1.8 && lift < 3.1, "{lift}");
}

#[test]
fn the_latency_is_the_look_ahead_and_no_range_passes_every_bit() {
    let (voice, _) = phrases(&[6.0, -6.0]);
    assert_eq!(run(&Rider { range_db: 0.0, ..Rider::default() }, &voice, None), voice);
    let mut kernel =
        Rider::default().prepare(Format { channels: 1, max_block_frames: 480_000, ..Format::default() });
    assert_eq!(kernel.latency_frames(), 16_800);
    kernel.process(&mut Buffer::from_planes(std::slice::from_ref(&voice)).block());
    let largest_fall = kernel.trace_db().iter().fold(0.0, |most: f64, gain| most.max(-gain));
    assert_eq!(kernel.gain_reduction_db(), Some(largest_fall));
    assert_eq!(kernel.trace_db().len(), voice.len() / 480);
    assert_eq!(kernel.trace_db().last().copied(), Some(kernel.gain_db()));
}

#[test]
fn the_gain_moves_without_steps() {
    let (voice, _) = phrases(&[0.0, 6.0]);
    let settings =
        Rider { target: RiderTarget::Fixed, target_dbfs: vowels_lufs(), speed_ms: 50.0, ..Rider::default() };
    let out = run(&settings, &voice, None);
    let gain = |n: usize| out[n] / voice[n];
    // 5.3 dB in 50 ms are at most 0.2 in 10 ms, or 0.0005 in a frame.
    let heard: Vec<usize> =
        (0..voice.len() - 1).filter(|n| voice[*n].abs().min(voice[n + 1].abs()) > 1e-4).collect();
    let most = heard.iter().map(|n| (gain(*n + 1) - gain(*n)).abs()).fold(0.0, f64::max);
    let moved = heard.iter().map(|n| measure::to_db(gain(*n))).fold(0.0, f64::min);
    assert!(most < 1e-3 && moved < -4.0, "{most} {moved}");
}
