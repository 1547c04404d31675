use super::*;
use dsp::block::Buffer;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn run(settings: &Transient, plane: &[f64]) -> Vec<f64> {
    let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
    let mut audio = Buffer::from_planes(&[[plane, &vec![0.0; kernel.latency_frames()]].concat()]);
    kernel.process(&mut audio.block());
    audio.channel(0)[kernel.latency_frames()..].to_vec()
}

/// A tone of 300 Hz that stands, then a burst on top of it of `level`, 20 dB louder, falling by 60 dB in 0.35 s.
fn burst(level: f64) -> Vec<f64> {
    let tone = signals::sine(300.0, level, 0.0, 2.0, RATE);
    tone.iter()
        .enumerate()
        .map(|(n, x)| {
            let t = (n as f64 - 48_000.0) / RATE;
            x * (0.1 + if t >= 0.0 { libm_exp(-t / 0.05) } else { 0.0 })
        })
        .collect()
}

fn libm_exp(x: f64) -> f64 {
    dsp::math::exp(x)
}

fn change(before: &[f64], after: &[f64], range: std::ops::Range<usize>) -> f64 {
    measure::to_db(measure::rms(&after[range.clone()]) / measure::rms(&before[range]))
}

fn peak_change(before: &[f64], after: &[f64], range: std::ops::Range<usize>) -> f64 {
    measure::to_db(measure::peak(&after[range.clone()]) / measure::peak(&before[range]))
}

const FRONT: std::ops::Range<usize> = 48_000..48_480;
/// Before the burst, and long after.
const STEADY: [std::ops::Range<usize>; 2] = [24_000..47_000, 88_000..95_000];

#[test]
fn attack_raises_the_front_by_its_gain_and_leaves_the_steady_sound() {
    for level_db in [0.0, -20.0, -40.0] {
        for attack_db in [6.0, -6.0, 12.0] {
            for lookahead_ms in [0.0, 1.0] {
                let dry = burst(0.5 * signals::db(level_db));
                let wet = run(&Transient { attack_db, lookahead_ms, ..Transient::default() }, &dry);
                let front = peak_change(&dry, &wet, FRONT.start..FRONT.start + 100);
                assert!((front - attack_db).abs() < 0.5, "{level_db} {attack_db} {lookahead_ms}: {front}");
                for steady in STEADY {
                    let level = change(&dry, &wet, steady);
                    assert!(level.abs() < 0.1, "{level_db} {attack_db}: {level}");
                }
            }
        }
    }
}

#[test]
fn sustain_raises_the_tail_by_its_gain_and_leaves_front_and_steady_sound() {
    for level_db in [0.0, -40.0] {
        for sustain_db in [6.0, -6.0] {
            let dry = burst(0.5 * signals::db(level_db));
            let wet = run(&Transient { sustain_db, ..Transient::default() }, &dry);
            let front = peak_change(&dry, &wet, FRONT);
            assert!(front.abs() < 0.1, "{level_db} {sustain_db}: front {front}");
            // 100 to 160 ms after the hit.
            let tail = change(&dry, &wet, 52_800..55_680);
            assert!((tail - sustain_db).abs() < 0.5, "{level_db} {sustain_db}: tail {tail}");
            for steady in [STEADY[0].clone(), 93_000..96_000] {
                let level = change(&dry, &wet, steady);
                assert!(level.abs() < 0.1, "{level_db} {sustain_db}: {level}");
            }
        }
    }
}

#[test]
fn the_shape_does_not_know_the_level() {
    let settings = Transient { attack_db: 8.0, sustain_db: -5.0, ..Transient::default() };
    let loud = run(&settings, &burst(0.5));
    let soft = run(&settings, &burst(0.005));
    for (n, (a, b)) in loud.iter().zip(&soft).enumerate().skip(9_600) {
        assert!((a - b * 100.0).abs() < 1e-4, "{n}: {a} {b}");
    }
}

#[test]
fn a_front_lasts_as_long_as_it_is_told() {
    let dry = [vec![1e-4; 48_000], vec![0.1; 24_000]].concat();
    for attack_ms in [5.0, 40.0] {
        let settings = Transient { attack_db: 6.0, attack_ms, smooth_ms: 0.05, ..Transient::default() };
        let wet = run(&settings, &dry);
        let half = (48_100..72_000).find(|n| measure::to_db(wet[*n] / dry[*n]) < 3.0).unwrap() - 48_000;
        assert!((half as f64 / 48.0 / attack_ms - 1.0).abs() < 0.05, "{attack_ms}: {half}");
    }
}

#[test]
fn a_frequency_range_limits_what_moves() {
    // A burst of 200 Hz and one of 8 kHz at once.
    let low = burst(0.3);
    let high: Vec<f64> = signals::sine(8_000.0, 0.2, 0.0, 2.0, RATE)
        .iter()
        .enumerate()
        .map(
            |(n, x)| {
                if n < 48_000 { 0.1 * x } else { x * (0.1 + libm_exp(-(n as f64 - 48_000.0) / 2_400.0)) }
            },
        )
        .collect();
    let both: Vec<f64> = low.iter().zip(&high).map(|(a, b)| a + b).collect();
    // 10 ms from 2 ms after the hit: whole periods of both.
    let window = 48_096..48_576;
    let gains = |settings: &Transient| {
        let wet = run(settings, &both);
        [300.0, 8_000.0].map(|hz| {
            let level = |signal: &[f64]| measure::tone(&signal[window.clone()], hz, RATE).0;
            measure::to_db(level(&wet) / level(&both))
        })
    };
    let plain = Transient { attack_db: 6.0, attack_ms: 100.0, ..Transient::default() };
    let [a, b] = gains(&Transient { low_hz: 2_000.0, ..plain.clone() });
    assert!(a.abs() < 0.3 && (b - 6.0).abs() < 0.4, "{a} {b}");
    let [a, b] = gains(&Transient { high_hz: 2_000.0, ..plain });
    assert!((a - 6.0).abs() < 0.4 && b.abs() < 0.3, "{a} {b}");
}

#[test]
fn mix_output_and_protection_do_what_they_say() {
    let dry = burst(0.5);
    let whole = run(&Transient { attack_db: 6.0, ..Transient::default() }, &dry);
    let half =
        run(&Transient { attack_db: 6.0, mix_percent: 50.0, output_db: -6.0, ..Transient::default() }, &dry);
    for n in 0..dry.len() {
        assert!((half[n] - signals::db(-6.0) * 0.5 * (dry[n] + whole[n])).abs() < 1e-12);
    }
    let loud = burst(0.9);
    let hot = Transient { attack_db: 12.0, ..Transient::default() };
    assert!(measure::peak(&run(&hot, &loud)) > 2.0);
    let safe = run(&Transient { protect: true, ..hot }, &loud);
    assert!(measure::peak(&safe) < 1.0 && measure::peak(&safe) > 0.95);
    // Nothing bends below -3 dBFS.
    let quiet = burst(0.3);
    assert_eq!(run(&Transient { protect: true, ..Transient::default() }, &quiet), quiet);
}

#[test]
fn defaults_pass_every_bit_and_a_softened_front_is_shown() {
    let noise = signals::noise(0.9, 5, 9_600);
    assert_eq!(run(&Transient::default(), &noise), noise);
    let ranged = Transient { low_hz: 300.0, high_hz: 4_000.0, ..Transient::default() };
    assert_eq!(run(&ranged, &noise), noise);
    let mut kernel = Transient { attack_db: -9.0, ..Transient::default() }
        .prepare(Format { channels: 1, ..Format::default() });
    kernel.process(&mut Buffer::from_planes(&[burst(0.5)]).block());
    let shown = kernel.gain_reduction_db().unwrap();
    assert!((shown - 9.0).abs() < 0.1, "{shown}");
}

#[test]
fn the_gain_rises_in_the_smoothing_time() {
    let dry = [vec![1e-4; 48_000], vec![0.1; 4_800]].concat();
    let settings = Transient { attack_db: 6.0, attack_ms: 100.0, smooth_ms: 10.0, ..Transient::default() };
    let wet = run(&settings, &dry);
    let gain = |n: usize| measure::to_db(wet[n] / dry[n]);
    // The front is whole for 40 ms: 63 % of it after 10, 86 % after 20 ms.
    for (ms, want) in [(10, 6.0 * 0.632_12), (20, 6.0 * 0.864_66)] {
        assert!((gain(48_000 + 48 * ms - 1) - want).abs() < 0.02, "{ms}: {}", gain(48_000 + 48 * ms - 1));
    }
}

#[test]
fn what_lies_outside_the_range_is_not_heard() {
    // A burst at 300 Hz over a steady tone of 8 kHz, and the other way round.
    let steady = |hz: f64| signals::sine(hz, 0.05, 0.0, 2.0, RATE);
    let hit = |hz: f64| -> Vec<f64> {
        let tone = signals::sine(hz, 0.3, 0.0, 2.0, RATE).into_iter().enumerate();
        tone.map(|(n, x)| if n < 48_000 { 0.0 } else { x * libm_exp(-(n as f64 - 48_000.0) / 2_400.0) })
            .collect()
    };
    let plain = Transient { attack_db: 6.0, attack_ms: 100.0, ..Transient::default() };
    let high = Transient { low_hz: 2_000.0, ..plain.clone() };
    let low = Transient { high_hz: 2_000.0, ..plain };
    for (settings, burst_hz, steady_hz) in [(high, 200.0, 8_000.0), (low, 16_000.0, 300.0)] {
        let both: Vec<f64> = steady(steady_hz).iter().zip(hit(burst_hz)).map(|(a, b)| a + b).collect();
        let wet = run(&settings, &both);
        let level = |signal: &[f64]| measure::tone(&signal[48_000..48_960], steady_hz, RATE).0;
        let change = measure::to_db(level(&wet) / level(&both));
        assert!(change.abs() < 0.3, "{steady_hz}: {change}");
    }
}

#[test]
fn the_bend_of_the_protection_begins_straight_and_ends_at_full_scale() {
    let corner = signals::db(-3.0);
    assert!(((bend(corner + 1e-6) - corner) / 1e-6 - 1.0).abs() < 1e-3);
    for (x, want) in
        [(1.0, corner + (1.0 - corner) * 0.761_594_156), (-1.0, -corner - (1.0 - corner) * 0.761_594_156)]
    {
        assert!((bend(x) - want).abs() < 1e-6, "{x}: {}", bend(x));
    }
    assert!(bend(3.0) > 0.999_999 && bend(3.0) <= 1.0);
}
