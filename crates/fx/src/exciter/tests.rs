use super::*;
use crate::Kernel;
use dsp::block::Buffer;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn run(settings: &Exciter, planes: &[Vec<f64>]) -> Buffer {
    let mut audio = Buffer::from_planes(planes);
    settings.prepare(Format { channels: planes.len(), ..Format::default() }).process(&mut audio.block());
    audio
}

/// Butterworth of second order at `hz`, by the bilinear transform.
fn high_pass(hz: f64, corner: f64) -> f64 {
    let warp = |f: f64| dsp::math::tan(std::f64::consts::PI * f / RATE);
    1.0 / f64::sqrt(1.0 + dsp::math::pow(warp(corner) / warp(hz), 4.0))
}

fn low_pass(hz: f64, corner: f64) -> f64 {
    f64::sqrt(1.0 - high_pass(hz, corner) * high_pass(hz, corner))
}

/// Amplitudes at one, two, three, four and five times `hz` of what is added to a tone.
fn harmonics(settings: &Exciter, hz: f64, peak: f64) -> [f64; 5] {
    let settings = Exciter { listen: true, ceiling_db: 0.0, ..settings.clone() };
    let out = run(&settings, &[signals::sine(hz, peak, 0.0, 2.0, RATE)]);
    [1.0, 2.0, 3.0, 4.0, 5.0].map(|k| measure::tone(&out.channel(0)[48_000..], k * hz, RATE).0)
}

#[test]
fn second_and_third_are_the_shares_asked_for_and_nothing_else_is_added() {
    for (amount, balance) in [(20.0, 0.0), (50.0, -100.0), (50.0, 100.0), (100.0, 40.0)] {
        let settings = Exciter {
            high_hz: 3000.0,
            high_amount_percent: amount,
            high_balance_percent: balance,
            ..Exciter::default()
        };
        let hz = 5000.0;
        let level = 0.3 * high_pass(hz, 3000.0) * high_pass(hz, 3000.0);
        let [one, two, three, four, _] = harmonics(&settings, hz, 0.3);
        let filter = |k: f64| high_pass(k * hz, 3000.0) * high_pass(k * hz, 3000.0);
        let share = amount * 0.01 * 0.5;
        let wants = [
            share * (1.0 - balance * 0.01) * level * filter(2.0),
            share * (1.0 + balance * 0.01) * level * filter(3.0),
        ];
        for (got, want) in [two, three].into_iter().zip(wants) {
            assert!((got - want).abs() < 0.02 * level * share * 2.0, "{amount} {balance}: {got} {want}");
        }
        // Of the tone itself less than a hundredth, of the fourth nothing.
        assert!(one < 0.01 * level && four < 0.005 * level, "{one} {four} {level}");
    }
}

#[test]
fn the_share_of_harmonics_does_not_depend_on_the_level() {
    let settings = Exciter { high_amount_percent: 60.0, low_amount_percent: 60.0, ..Exciter::default() };
    for hz in [60.0, 6000.0] {
        let loud = harmonics(&settings, hz, 0.8);
        for peak in [0.1, 0.004] {
            let soft = harmonics(&settings, hz, peak);
            for k in [1, 2] {
                let change = measure::to_db(soft[k] / loud[k] * 0.8 / peak);
                assert!(change.abs() < 0.001, "{hz} {peak} harmonic {}: {change} dB", k + 1);
            }
        }
    }
}

#[test]
fn bass_gets_harmonics_a_small_speaker_can_play() {
    let settings =
        Exciter { high_amount_percent: 0.0, low_amount_percent: 50.0, low_hz: 100.0, ..Exciter::default() };
    let hz = 60.0;
    let level = 0.5 * low_pass(hz, 100.0) * low_pass(hz, 100.0);
    let [one, two, three, _, five] = harmonics(&settings, hz, 0.5);
    let filter = |k: f64| high_pass(k * hz, 100.0) * low_pass(k * hz, 600.0);
    assert!((two / (0.25 * level * filter(2.0)) - 1.0).abs() < 0.06, "{two}");
    assert!((three / (0.25 * level * filter(3.0)) - 1.0).abs() < 0.06, "{three}");
    assert!(one < 0.03 * level && five < 0.02 * level, "{one} {five}");
}

#[test]
fn what_is_added_stays_below_the_ceiling() {
    let input = signals::noise(0.5, 4, 96_000);
    for ceiling_db in [-30.0, -20.0] {
        let settings = Exciter { high_amount_percent: 100.0, ceiling_db, listen: true, ..Exciter::default() };
        let out = run(&settings, std::slice::from_ref(&input));
        let added = measure::to_db(measure::rms(&out.channel(0)[24_000..]) / measure::rms(&input));
        assert!((added - ceiling_db).abs() < 0.3, "{ceiling_db}: {added}");
    }
    // A ceiling that is not reached does nothing.
    let free = Exciter { high_amount_percent: 1.0, ceiling_db: 0.0, ..Exciter::default() };
    let guarded = Exciter { ceiling_db: -10.0, ..free.clone() };
    assert_eq!(run(&free, std::slice::from_ref(&input)), run(&guarded, std::slice::from_ref(&input)));
}

#[test]
fn no_amount_is_the_delayed_input_and_listen_leaves_it_out() {
    let input = signals::noise(0.7, 5, 9000);
    let none = Exciter { high_amount_percent: 0.0, ..Exciter::default() };
    let latency = none.prepare(Format::default()).latency_frames();
    assert_eq!(latency, 86);
    let out = run(&none, &[input.clone(), input.clone()]);
    assert!(out.channel(1)[latency..] == input[..9000 - latency]);
    let wet = run(&Exciter::default(), std::slice::from_ref(&input));
    let only = run(&Exciter { listen: true, ..Exciter::default() }, std::slice::from_ref(&input));
    let sum: Vec<f64> = only.channel(0)[latency..].iter().zip(&input).map(|(a, x)| a + x).collect();
    assert!(measure::null_db(&sum, &wet.channel(0)[latency..]) < -290.0);
}

#[test]
fn harmonics_do_not_alias() {
    // 15 kHz at 44.1 kHz: twice and three times that lie at 30 and 45 kHz and must not come back at 14.1 and 0.9 kHz.
    const N: usize = 8192;
    let hz = 44_100.0 * 2787.0 / N as f64;
    let settings =
        Exciter { high_amount_percent: 100.0, listen: true, ceiling_db: 0.0, ..Exciter::default() };
    let mut audio = Buffer::from_planes(&[signals::sine(hz, 0.9, 0.3, 1.0, 44_100.0)]);
    let format = Format { channels: 1, sample_rate_hz: 44_100.0, ..Format::default() };
    settings.prepare(format).process(&mut audio.block());
    let steady = &audio.channel(0)[30_000..30_000 + N];
    for (harmonic, bin) in [(2, N - 2 * 2787), (3, 3 * 2787 - N)] {
        let alias = measure::to_db(measure::tone(steady, 44_100.0 * bin as f64 / N as f64, 44_100.0).0 / 0.9);
        assert!(alias < -90.0, "{harmonic}: {alias}");
    }
}

#[test]
fn what_is_set_while_it_plays_ends_where_a_new_one_begins() {
    let tone = signals::sine(5000.0, 0.5, 0.0, 2.0, RATE);
    let bass = signals::sine(60.0, 0.3, 0.0, 2.0, RATE);
    let input: Vec<f64> = tone.iter().zip(&bass).map(|(a, b)| a + b).collect();
    let other = Exciter {
        high_hz: 3000.0,
        high_amount_percent: 60.0,
        high_balance_percent: 40.0,
        low_hz: 80.0,
        low_amount_percent: 70.0,
        ceiling_db: -30.0,
        ..Exciter::default()
    };
    let fresh = run(&other, std::slice::from_ref(&input));
    let mut kernel = Exciter::default().prepare(Format { channels: 1, ..Format::default() });
    kernel.retune(&other);
    let mut audio = Buffer::from_planes(&[input]);
    kernel.process(&mut audio.block());
    let null = measure::null_db(&audio.channel(0)[72_000..], &fresh.channel(0)[72_000..]);
    assert!(null < -90.0, "{null}");
}

#[test]
fn the_level_reaches_a_new_peak_in_three_milliseconds() {
    // The second harmonic of a tone x over a level l is x² / l: where the level has come to 1 - exp(-t / 3 ms), so much taller.
    let settings = Exciter {
        high_hz: 2000.0,
        high_amount_percent: 50.0,
        high_balance_percent: -100.0,
        ceiling_db: 0.0,
        listen: true,
        ..Exciter::default()
    };
    let mut tone = vec![0.0; 4_800];
    tone.extend(signals::sine(6000.0, 0.5, 0.0, 0.5, RATE));
    let out = run(&settings, &[tone]);
    let start = 4_800 + settings.prepare(Format::default()).latency_frames();
    let second = |at: usize| measure::tone(&out.channel(0)[at - 24..at + 24], 12_000.0, RATE).0;
    let steady = second(start + 20_000);
    // 1 / (1 - exp(-2)) after 6 ms; the filters before and after take part of a millisecond of their own.
    let found = second(start + 48 * 6) / steady;
    assert!((found - 1.156_5).abs() < 0.04, "{found}");
}
