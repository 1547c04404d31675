use super::*;
use dsp::block::Buffer;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn run(settings: &Gate, planes: &[Vec<f64>], key: Option<&Buffer>) -> Buffer {
    let mut audio = Buffer::from_planes(planes);
    let mut kernel = settings.prepare(Format { channels: planes.len(), ..Format::default() });
    let block = audio.block();
    kernel.process(&mut match key {
        Some(key) => block.with_key(key.view()),
        None => block,
    });
    audio
}

/// Frames between hits.
const BAR: usize = 24_000;

/// Four hits: a drum of 180 Hz with a noisy front, decaying by 60 dB in 0.28 s.
fn hits() -> Vec<f64> {
    let noise = signals::noise(1.0, 5, BAR);
    let tone = signals::sine(180.0, 1.0, 0.3, 0.5, RATE);
    (0..4 * BAR)
        .map(|n| {
            let t = (n % BAR) as f64 / RATE;
            let front = 0.5 * dsp::math::exp(-t / 0.008) * noise[n % BAR];
            0.6 * (dsp::math::exp(-t / 0.04) * tone[n % BAR] + front)
        })
        .collect()
}

/// Bleed of other drums: noise at -42 dB.
fn bleed() -> Vec<f64> {
    signals::noise(signals::db(-42.0), 9, 4 * BAR)
}

/// As a drum channel would be set.
fn drum_gate() -> Gate {
    Gate { threshold_db: -26.0, range_db: 16.0, lookahead_ms: 2.0, hold_ms: 30.0, ..Gate::default() }
}

fn late(signal: &[f64], frames: usize) -> Vec<f64> {
    [vec![0.0; frames], signal[..signal.len() - frames].to_vec()].concat()
}

#[test]
fn bleed_between_hits_falls_by_the_range_and_hits_keep_their_peak() {
    for level_db in [0.0, -12.0] {
        let gain = signals::db(level_db);
        let mixed: Vec<f64> = hits().iter().zip(bleed()).map(|(h, b)| gain * (h + b)).collect();
        let settings = Gate { threshold_db: -26.0 + level_db, ..drum_gate() };
        let out = run(&settings, std::slice::from_ref(&mixed), None);
        let dry = late(&mixed, 96);
        for hit in 0..4 {
            let at = hit * BAR + 96;
            let front = at..at + 2_400;
            let peak =
                measure::to_db(measure::peak(&out.channel(0)[front.clone()]) / measure::peak(&dry[front]));
            assert!(peak.abs() < 0.1, "hit {hit}: {peak} dB");
            let rest = at + 16_000..at + BAR - 200;
            let fall = measure::to_db(measure::rms(&out.channel(0)[rest.clone()]) / measure::rms(&dry[rest]));
            assert!((fall + 16.0).abs() < 0.01, "after hit {hit}: {fall} dB");
        }
    }
}

#[test]
fn hits_without_bleed_are_left_alone_until_they_have_decayed() {
    let clean = hits();
    let out = run(&drum_gate(), std::slice::from_ref(&clean), None);
    let dry = late(&clean, 96);
    for hit in 0..4 {
        // Down to the closing level of -30 dB, and the hold.
        let sounding = hit * BAR + 96..hit * BAR + 96 + 6_000;
        let null = measure::null_db(&out.channel(0)[sounding.clone()], &dry[sounding]);
        assert!(null < -60.0, "hit {hit}: {null} dB");
    }
}

#[test]
fn look_ahead_is_the_latency_and_the_gate_is_open_when_the_hit_arrives() {
    let settings = Gate { attack_ms: 2.0, ..drum_gate() };
    let kernel = settings.prepare(Format { channels: 1, ..Format::default() });
    assert_eq!(kernel.latency_frames(), 96);
    let step = [vec![1e-3; 9_600], vec![0.5; 4_800]].concat();
    let out = run(&settings, std::slice::from_ref(&step), None);
    assert_eq!(out.channel(0)[9_600 + 96..], step[9_600..14_400 - 96]);
    let without = run(&Gate { lookahead_ms: 0.0, ..settings }, std::slice::from_ref(&step), None);
    assert!(without.channel(0)[9_600] < 0.1);
}

#[test]
fn the_static_curve_of_an_expander_is_its_closed_form() {
    for (threshold_db, ratio, knee_db, range_db) in [(-30.0, 2.0, 0.0, 60.0), (-40.0, 4.0, 12.0, 24.0)] {
        let settings = Gate {
            threshold_db,
            ratio,
            knee_db,
            range_db,
            hysteresis_db: 0.0,
            release_ms: 20.0,
            ..Gate::default()
        };
        for step in 0..=25 {
            let x = threshold_db - 20.0 + f64::from(step);
            let under = threshold_db - x;
            let bent = if knee_db > 0.0 && 2.0 * under.abs() <= knee_db {
                (under + knee_db / 2.0) * (under + knee_db / 2.0) / (2.0 * knee_db)
            } else {
                under.max(0.0)
            };
            let want = x - f64::min((ratio - 1.0) * bent, range_db);
            let out = run(&settings, &[vec![signals::db(x); 24_000]], None);
            let got = measure::to_db(out.channel(0)[23_999]);
            assert!((got - want).abs() < 0.01, "{threshold_db} {ratio} {x}: {got} {want}");
        }
    }
}

#[test]
fn the_key_ducks_the_sound_and_without_a_key_nothing_happens() {
    let pad = signals::sine(300.0, 0.3, 0.0, 1.0, RATE);
    let voice = [vec![0.0; 12_000], signals::sine(500.0, 0.5, 0.0, 0.25, RATE), vec![0.0; 24_000]].concat();
    let key = Buffer::from_planes(&[voice]);
    let settings = Gate {
        duck: true,
        external_key: true,
        threshold_db: -30.0,
        range_db: 9.0,
        attack_ms: 10.0,
        release_ms: 100.0,
        ..Gate::default()
    };
    let out = run(&settings, &[pad.clone(), pad.clone()], Some(&key));
    let level = |from: usize| {
        measure::to_db(
            measure::rms(&out.channel(1)[from..from + 4_800]) / measure::rms(&pad[from..from + 4_800]),
        )
    };
    assert_eq!(out.channel(0)[..12_000], pad[..12_000]);
    assert!((level(16_000) + 9.0).abs() < 0.01, "{}", level(16_000));
    // 40 ms of hold and 100 ms of release after frame 24000.
    assert_eq!(out.channel(0)[24_000 + 6_800..], pad[24_000 + 6_800..]);
    assert_eq!(run(&settings, std::slice::from_ref(&pad), None).channel(0), pad);
    let gate = Gate { external_key: true, ..Gate::default() };
    assert_eq!(run(&gate, std::slice::from_ref(&pad), None).channel(0), pad);
}

#[test]
fn the_key_filter_keeps_a_low_rumble_from_opening_the_gate_and_listen_lets_it_out() {
    let rumble = signals::sine(40.0, 0.3, 0.0, 1.0, RATE);
    let plain = Gate { threshold_db: -30.0, ..Gate::default() };
    assert_eq!(run(&plain, std::slice::from_ref(&rumble), None).channel(0)[24_000..], rumble[24_000..]);
    let filtered = Gate { key_high_pass_hz: 400.0, ..plain };
    let out = run(&filtered, std::slice::from_ref(&rumble), None);
    let fall = measure::to_db(measure::rms(&out.channel(0)[24_000..]) / measure::rms(&rumble[24_000..]));
    assert!((fall + 20.0).abs() < 0.01, "{fall}");
    let heard = run(&Gate { listen: true, ..filtered }, std::slice::from_ref(&rumble), None);
    let level = measure::to_db(measure::tone(&heard.channel(0)[24_000..], 40.0, RATE).0 / 0.3);
    // Second order, ten times below the corner.
    assert!((level + 40.0).abs() < 0.1, "{level}");
}

#[test]
fn the_rms_detector_reads_three_decibels_below_the_peak_of_a_sine() {
    let tone = |db: f64| signals::sine(1_000.0, signals::db(db), 0.0, 0.5, RATE);
    let settings = Gate { threshold_db: -30.0, detector: GateDetector::Rms, ..Gate::default() };
    let falls = |db: f64| {
        let (dry, out) = (tone(db), run(&settings, &[tone(db)], None));
        measure::to_db(measure::rms(&out.channel(0)[12_000..]) / measure::rms(&dry[12_000..]))
    };
    assert!(falls(-26.5).abs() < 1e-9 && (falls(-27.5) + 20.0).abs() < 0.01);
}

#[test]
fn a_range_of_nothing_passes_every_bit_and_the_reduction_is_shown() {
    let noise = signals::noise(0.5, 3, 9_600);
    let neutral = Gate { range_db: 0.0, threshold_db: 0.0, ..Gate::default() };
    assert_eq!(run(&neutral, std::slice::from_ref(&noise), None).channel(0), noise);
    let mut kernel = Gate::default().prepare(Format { channels: 1, ..Format::default() });
    let mut audio = Buffer::from_planes(&[vec![1e-4; 24_000]]);
    kernel.process(&mut audio.block());
    assert!((kernel.gain_reduction_db().unwrap() - 20.0).abs() < 1e-4);
}

#[test]
fn retuning_makes_no_step() {
    let mut settings = Gate { threshold_db: -20.0, ..Gate::default() };
    let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
    let mut audio = Buffer::from_planes(&[vec![0.3; 60_000]]);
    let changes: [fn(&mut Gate); 5] = [
        |s| s.threshold_db = 0.0,
        |s| s.ratio = 3.0,
        |s| s.range_db = 6.0,
        |s| (s.ratio, s.attack_ms) = (100.0, 5.0),
        |s| s.threshold_db = -60.0,
    ];
    for (step, change) in changes.into_iter().enumerate() {
        kernel.process(&mut audio.block().slice(step * 10_000, 10_000));
        change(&mut settings);
        kernel.retune(&settings);
    }
    kernel.process(&mut audio.block().slice(50_000, 10_000));
    let step = audio.channel(0).windows(2).fold(0.0, |m: f64, w| m.max((w[1] - w[0]).abs()));
    assert!(step < 0.01 && audio.channel(0)[59_999] == 0.3, "{step}");
}

#[test]
fn the_hold_is_longer_by_the_look_ahead() {
    let settings =
        Gate { threshold_db: -30.0, lookahead_ms: 20.0, hold_ms: 0.0, release_ms: 5.0, ..Gate::default() };
    let step = [vec![0.5; 9_600], vec![1e-3; 4_800]].concat();
    let out = run(&settings, std::slice::from_ref(&step), None);
    // The last loud frame comes 960 frames later and is whole.
    assert_eq!(out.channel(0)[960..9_600 + 960], step[..9_600]);
    assert!((measure::to_db(out.channel(0)[9_600 + 960 + 480] / 1e-3) + 20.0).abs() < 0.01);
}

#[test]
fn an_expander_waits_for_its_hold_before_it_falls_and_a_ducker_before_it_rises() {
    let expander =
        Gate { threshold_db: -30.0, ratio: 2.0, hold_ms: 20.0, release_ms: 5.0, ..Gate::default() };
    let fall = [vec![0.5; 9_600], vec![signals::db(-45.0); 9_600]].concat();
    let out = run(&expander, std::slice::from_ref(&fall), None);
    assert_eq!(out.channel(0)[9_600..9_600 + 950], fall[9_600..9_600 + 950]);
    // 15 dB (and 4 dB of hysteresis less) under the threshold at 2:1.
    let end = measure::to_db(out.channel(0)[19_199]) + 45.0;
    assert!((end + 15.0).abs() < 0.01, "{end}");
    let ducker = Gate { duck: true, attack_ms: 1.0, ..expander };
    let out = run(&ducker, std::slice::from_ref(&fall), None);
    let held = measure::to_db(out.channel(0)[9_600 + 900] / signals::db(-45.0));
    let want = 0.5 * (measure::to_db(0.5) + 30.0);
    assert!((held + want).abs() < 0.01, "{held} {want}");
    assert_eq!(out.channel(0)[19_199], fall[19_199]);
}

#[test]
fn the_key_low_pass_keeps_treble_from_opening_the_gate() {
    // -33 dB at 1 kHz with a corner there are 36.
    let tone = signals::sine(1_000.0, signals::db(-33.0), 0.0, 0.5, RATE);
    let plain = Gate { threshold_db: -35.0, hysteresis_db: 0.0, ..Gate::default() };
    assert_eq!(run(&plain, std::slice::from_ref(&tone), None).channel(0)[12_000..], tone[12_000..]);
    for (corner, open) in [(1_000.0, false), (1_600.0, true)] {
        let settings = Gate { key_low_pass_hz: corner, ..plain.clone() };
        let out = run(&settings, std::slice::from_ref(&tone), None);
        let change = measure::to_db(measure::rms(&out.channel(0)[12_000..]) / measure::rms(&tone[12_000..]));
        assert!((change - if open { 0.0 } else { -20.0 }).abs() < 0.01, "{corner}: {change}");
    }
}
