//! Planted clipping against the clean twin.

use super::*;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn run(plane: &[f64], most_db: f64) -> (Vec<f64>, u64) {
    let mut tool = Declip::new(most_db, RATE);
    let latency = tool.latency_frames();
    let mut long = plane.to_vec();
    long.resize(plane.len() + latency, 0.0);
    for part in long.chunks_mut(1_023) {
        tool.process(part);
    }
    (long[latency..].to_vec(), tool.mended())
}

fn music() -> Vec<f64> {
    let seconds = 1.5;
    let mut sum = signals::noise(0.0005, 4, (seconds * RATE) as usize);
    for (k, hz) in [110.0, 220.0, 330.0, 523.3, 659.3, 784.0, 1_568.0, 2_350.0].into_iter().enumerate() {
        for (x, y) in sum.iter_mut().zip(signals::sine(
            hz,
            0.22 / (1.0 + 0.4 * k as f64),
            1.3 * k as f64,
            seconds,
            RATE,
        )) {
            *x += y;
        }
    }
    sum
}

fn sdr_db(clean: &[f64], other: &[f64]) -> f64 {
    let power: f64 = clean.iter().map(|x| x * x).sum();
    let error: f64 = clean.iter().zip(other).map(|(x, y)| (x - y) * (x - y)).sum();
    10.0 * math::log10(power / (error + 1e-30))
}

#[test]
fn peaks_clipped_by_six_decibels_come_back() {
    let clean = music();
    let level = 0.5 * measure::peak(&clean);
    // Clipped and turned down, as it comes from a mix.
    for gain in [1.0, 0.4] {
        let clean: Vec<f64> = clean.iter().map(|x| gain * x).collect();
        let clipped: Vec<f64> = clean.iter().map(|x| x.clamp(-level * gain, level * gain)).collect();
        let (mended, count) = run(&clipped, 12.0);
        let better = sdr_db(&clean, &mended) - sdr_db(&clean, &clipped);
        println!("SDR {better:.1} dB better");
        assert!(better > 12.0, "{better} dB better than {}", sdr_db(&clean, &clipped));
        // No peak was lower than where it was cut off.
        assert!(clipped.iter().zip(&mended).all(|(d, m)| m.abs() >= d.abs()));
        let planted = clipped.iter().zip(&clean).filter(|(a, b)| a != b).count();
        assert!(count as f64 > 0.9 * planted as f64, "{count} of {planted}");
        // What lies below the flat tops stays to the bit.
        let top = 0.999 * measure::peak(&clipped);
        assert!(clipped.iter().zip(&mended).all(|(d, m)| d.abs() > top || d == m));
    }
}

#[test]
fn the_clean_twin_and_low_tones_stay_to_the_bit() {
    for clean in [music(), signals::sine(31.0, 0.9, 0.0, 1.0, RATE), signals::noise(0.5, 3, 30_000)] {
        let (out, count) = run(&clean, 12.0);
        assert_eq!(count, 0);
        assert_eq!(out, clean);
        // The same in 16 bits.
        let coarse: Vec<f64> = clean.iter().map(|x| (x * 32_768.0).round() / 32_768.0).collect();
        assert_eq!(run(&coarse, 12.0).0, coarse);
    }
}

#[test]
fn peaks_grow_no_further_than_allowed() {
    let clean = music();
    let level = 0.4 * measure::peak(&clean);
    let clipped: Vec<f64> = clean.iter().map(|x| x.clamp(-level, level)).collect();
    for most_db in [1.0, 3.0] {
        let grown = measure::to_db(measure::peak(&run(&clipped, most_db).0) / level);
        assert!(grown <= most_db + 1e-9 && grown > most_db - 0.5, "{grown}");
    }
}

#[test]
fn another_limit_holds_from_the_next_window_on_and_what_is_very_quiet_stays() {
    let clean = music();
    let level = 0.4 * measure::peak(&clean);
    let clipped: Vec<f64> = clean.iter().map(|x| x.clamp(-level, level)).collect();
    let mut tool = Declip::new(12.0, RATE);
    tool.set(2.0);
    let mut plane = clipped.clone();
    tool.process(&mut plane);
    let grown = measure::to_db(measure::peak(&plane) / level);
    assert!(grown <= 2.0 + 1e-9 && grown > 1.5, "{grown}");
    // Flat tops at -86 dBFS are steps of a converter.
    let quiet: Vec<f64> = clipped.iter().map(|x| x / level * 5e-5).collect();
    assert_eq!(run(&quiet, 12.0).0, quiet);
}

#[test]
fn what_comes_out_below_the_clipping_level_stands_on_it_and_is_known() {
    let mut bench = Declip::new(12.0, RATE).bench;
    let mut source = vec![0.1; bench.work.len()];
    source[100..104].fill(0.5);
    source[200..203].fill(-0.4);
    bench.work.copy_from_slice(&source);
    bench.work[100..104].copy_from_slice(&[0.45, 0.7, 0.6, -0.2]);
    bench.work[200..203].copy_from_slice(&[-0.41, -0.39, 0.3]);
    bench.unknown.extend((100..104).chain(200..203));
    bench.hold(&source, &|x| if x >= 0.0 { 0.5 } else { 0.4 });
    assert_eq!(bench.unknown, [101, 102, 200]);
    assert_eq!(bench.work[100..104], [0.5, 0.7, 0.6, 0.5]);
    assert_eq!(bench.work[200..203], [-0.41, -0.4, -0.4]);
}
