use super::*;
use dsp::block::Buffer;
use testkit::voice::{Place, line};
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn run(settings: &Deesser, planes: &[Vec<f64>]) -> Buffer {
    let latency = settings.prepare(Format { channels: planes.len(), ..Format::default() }).latency_frames();
    let longer: Vec<Vec<f64>> =
        planes.iter().map(|plane| [plane.clone(), vec![0.0; latency]].concat()).collect();
    let mut audio = Buffer::from_planes(&longer);
    let mut kernel = settings.prepare(Format { channels: planes.len(), ..Format::default() });
    kernel.process(&mut audio.block());
    let cut: Vec<Vec<f64>> = (0..planes.len()).map(|c| audio.channel(c)[latency..].to_vec()).collect();
    Buffer::from_planes(&cut)
}

/// Changes of level of the middles of sibilants or vowels, from the third syllable on.
fn changes(before: &[f64], after: &[f64], places: &[Place], sibilant: bool) -> Vec<f64> {
    places
        .iter()
        .skip(4)
        .filter(|place| place.sibilant == sibilant)
        .map(|place| {
            // A vowel may still hear the release of the sibilant before it for its first third.
            let skipped = place.frames / if sibilant { 6 } else { 3 };
            let part = place.start + skipped..place.start + place.frames * 5 / 6;
            measure::to_db(measure::rms(&after[part.clone()]) / measure::rms(&before[part]))
        })
        .collect()
}

/// K-weighted level of noise around 7 kHz over that of an open vowel of the same RMS: the shelf of BS.1770.
fn weighting_db() -> f64 {
    let level = |signal: &[f64]| {
        let mut meter = ebur128::EbuR128::new(1, 48_000, ebur128::Mode::I).unwrap();
        meter.add_frames_f64(signal).unwrap();
        meter.loudness_global().unwrap()
    };
    let vowels: Vec<f64> = [180.0, 200.0, 225.0, 160.0]
        .iter()
        .flat_map(|f0| testkit::voice::vowel(*f0, 0.1, 0.3, RATE))
        .collect();
    level(&testkit::voice::sibilant(3, 0.1, 2.0, RATE)) - level(&vowels)
}

#[test]
fn sibilants_that_are_too_loud_come_down_to_the_threshold_and_vowels_stay() {
    for (mode, over_db, level_db) in [
        (DeesserMode::Split, 6.0, -20.0),
        (DeesserMode::Wide, 6.0, -20.0),
        (DeesserMode::Split, 4.0, -50.0),
        (DeesserMode::Wide, 9.0, -3.0),
    ] {
        let vowel = signals::db(level_db - 10.0);
        let (voice, places) = line(vowel, vowel * signals::db(-6.0 - weighting_db() + over_db), 12, RATE);
        let settings = Deesser { mode, range_db: 15.0, ..Deesser::default() };
        let out = run(&settings, std::slice::from_ref(&voice));
        for change in changes(&voice, out.channel(0), &places, true) {
            assert!((change + over_db).abs() < 1.5, "{mode:?} {over_db} {level_db}: {change}");
        }
        for change in changes(&voice, out.channel(0), &places, false) {
            assert!(change.abs() < 0.1, "{mode:?} {level_db}: a vowel by {change}");
        }
    }
}

#[test]
fn sibilants_that_are_right_are_left_alone() {
    let (voice, places) = line(0.1, 0.1 * signals::db(-6.0 - weighting_db() - 3.0), 12, RATE);
    for mode in [DeesserMode::Split, DeesserMode::Wide] {
        let out = run(&Deesser { mode, ..Deesser::default() }, std::slice::from_ref(&voice));
        for sibilant in [true, false] {
            for change in changes(&voice, out.channel(0), &places, sibilant) {
                assert!(change.abs() < 0.1, "{mode:?}: {change}");
            }
        }
    }
}

#[test]
fn the_range_is_the_most_it_takes_away() {
    let (voice, places) = line(0.05, 0.1, 10, RATE);
    let settings = Deesser { mode: DeesserMode::Wide, range_db: 4.0, ..Deesser::default() };
    let out = run(&settings, std::slice::from_ref(&voice));
    for change in changes(&voice, out.channel(0), &places, true) {
        assert!((change + 4.0).abs() < 0.1, "{change}");
    }
}

#[test]
fn a_full_scale_threshold_takes_loud_sibilants_only() {
    let (voice, places) = line(0.02, 0.1, 10, RATE);
    let settings = |threshold_db| Deesser {
        reference: SibilantReference::FullScale,
        mode: DeesserMode::Wide,
        threshold_db,
        range_db: 20.0,
        ..Deesser::default()
    };
    // -20 dBFS RMS is about -17 LUFS with the shelf of the K-weighting: 0.691 lower, 3.3 to 4 dB higher.
    let changed =
        changes(&voice, run(&settings(-27.0), std::slice::from_ref(&voice)).channel(0), &places, true);
    assert!(changed.iter().all(|change| (*change + 9.8).abs() < 1.2), "{changed:?}");
    assert_eq!(run(&settings(-10.0), std::slice::from_ref(&voice)).channel(0), voice);
}

#[test]
fn split_leaves_what_is_below_the_frequency_and_wide_does_not() {
    // A hum of 300 Hz under everything shows what happens below.
    let (voice, places) = line(0.03, 0.1, 10, RATE);
    let hum = signals::sine(300.0, 0.01, 0.0, voice.len() as f64 / RATE, RATE);
    let both: Vec<f64> = voice.iter().zip(&hum).map(|(v, h)| v + h).collect();
    for (mode, want, slack) in [(DeesserMode::Split, 0.0, 0.1), (DeesserMode::Wide, -6.0, 0.2)] {
        let out = run(&Deesser { mode, ..Deesser::default() }, std::slice::from_ref(&both));
        let place = places.iter().filter(|place| place.sibilant).nth(6).unwrap();
        let middle = place.start + 960..place.start + 960 + 2_400;
        let level = |signal: &[f64]| measure::tone(&signal[middle.clone()], 300.0, RATE).0;
        let change = measure::to_db(level(out.channel(0)) / level(&both));
        assert!((change - want).abs() < slack, "{mode:?}: {change}");
    }
}

#[test]
fn the_frequency_is_found_at_the_centroid_of_the_sibilants() {
    let (voice, places) = line(0.05, 0.1, 10, RATE);
    let mut kernel = Deesser::default().prepare(Format { channels: 1, ..Format::default() });
    kernel.process(&mut Buffer::from_planes(std::slice::from_ref(&voice)).block());
    // The centroid by plain correlation, bin by bin.
    let place = places.iter().filter(|place| place.sibilant).nth(4).unwrap();
    let part = &voice[place.start..place.start + place.frames];
    let (mut sum, mut moment) = (0.0, 0.0);
    for hz in (1..110).map(|k| 150.0 * f64::from(k)) {
        let power = measure::tone(part, hz, RATE).0 * measure::tone(part, hz, RATE).0;
        (sum, moment) = (sum + power, moment + hz * power);
    }
    let want = moment / sum / 1.4;
    assert!((kernel.frequency_hz() / want - 1.0).abs() < 0.08, "{} {want}", kernel.frequency_hz());
    let fixed = Deesser { auto_frequency: false, frequency_hz: 4_321.0, ..Deesser::default() };
    assert_eq!(fixed.prepare(Format::default()).frequency_hz(), 4_321.0);
}

#[test]
fn a_whistle_and_a_low_hiss_are_not_sibilants_and_listen_hears_what_is_taken() {
    let (voice, _) = line(0.05, 0.1, 4, RATE);
    let whistle = signals::sine(6_000.0, 0.3, 0.0, 1.0, RATE);
    let after = [voice.clone(), whistle.clone()].concat();
    let out = run(&Deesser::default(), std::slice::from_ref(&after));
    let from = voice.len() + 16_000;
    assert!(out.channel(0)[from..] == after[from..]);
    let listened = run(&Deesser { listen: true, ..Deesser::default() }, std::slice::from_ref(&after));
    for (n, dry) in after.iter().enumerate() {
        let taken = dry - out.channel(0)[n];
        assert!((listened.channel(0)[n] - taken).abs() < 1e-12, "{n}");
    }
}

#[test]
fn the_reduction_is_shown_and_no_range_passes_every_bit() {
    let (voice, _) = line(0.03, 0.1, 6, RATE);
    let mut kernel = Deesser::default().prepare(Format { channels: 1, ..Format::default() });
    kernel.process(&mut Buffer::from_planes(std::slice::from_ref(&voice)).block());
    let shown = kernel.gain_reduction_db().unwrap();
    assert!(shown > 5.0 && shown <= 6.0, "{shown}");
    let neutral = Deesser { range_db: 0.0, ..Deesser::default() };
    assert_eq!(run(&neutral, std::slice::from_ref(&voice)).channel(0), voice);
}

fn heard(lufs: f64, centroid_hz: f64, flatness: f64) -> Features {
    Features { power: dsp::meter::loudness::power_of_lufs(lufs), centroid_hz, flatness }
}

#[test]
fn half_a_sibilant_is_taken_half() {
    let settings = Deesser {
        reference: SibilantReference::FullScale,
        threshold_db: -30.0,
        sharp_hz: 4_000.0,
        ..Deesser::default()
    };
    let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
    // 10 dB over the threshold.
    for (centroid, want) in [(3_000.0, 0.0), (4_000.0, 5.0), (6_000.0, 10.0)] {
        let found = kernel.judge(&heard(-20.0, centroid, 0.4));
        assert!((found - want).abs() < 1e-9, "{centroid}: {found}");
    }
}

#[test]
fn a_pause_does_not_move_what_is_usual() {
    let mut kernel = Deesser::default().prepare(Format { channels: 1, ..Format::default() });
    (0..100).for_each(|_| _ = kernel.judge(&heard(-20.0, 800.0, 0.0)));
    assert!((kernel.vowels.value().unwrap() + 20.0).abs() < 1e-9);
    // As long as the voice before, 25 dB softer: a twentieth of 10 dB each, Σ 0.5 / (100 + 0.05 i).
    (0..100).for_each(|_| _ = kernel.judge(&heard(-45.0, 800.0, 0.0)));
    let want: f64 = (1..=100).map(|i| 0.5 / (100.0 + 0.05 * f64::from(i))).sum();
    let moved = -20.0 - kernel.vowels.value().unwrap();
    assert!((moved - want).abs() < 1e-6, "{moved} {want}");
}

#[test]
fn a_shelf_takes_more_where_part_of_the_sound_lies_below_it() {
    let mut kernel =
        Deesser { range_db: 20.0, ..Deesser::default() }.prepare(Format { channels: 1, ..Format::default() });
    // A third of the power a good way below the shelf.
    let low = signals::sine(2_000.0, 0.05, 0.0, 0.1, RATE);
    let high = signals::sine(9_000.0, 0.07, 0.0, 0.1, RATE);
    let both: Vec<f64> = low.iter().zip(&high).map(|(a, b)| a + b).collect();
    both.chunks(64).for_each(|part| kernel.analyser.listen(part.len(), |_| part));
    kernel.analyser.look();
    let corner = corner_tangent(5_000.0, RATE);
    let drop = |db: f64| kernel.analyser.drop_db(&high_shelf(corner, -db));
    let plain = drop(3.0);
    let shelf = kernel.shelf_for(corner, 3.0);
    assert!(plain < 2.6 && (shelf - 9.0 / plain).abs() < 1e-9, "{plain} {shelf}");
    assert!((drop(shelf) - 3.0).abs() < (plain - 3.0).abs(), "{}", drop(shelf));
}
