//! Planted hum against the clean twin.

use super::*;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;
const ALL: DehumSettings = DehumSettings { mains: Mains::Auto, harmonics: 16, amount: 1.0 };

fn run(plane: &[f64]) -> (Vec<f64>, f64) {
    let mut tool = Dehum::new(ALL, RATE);
    let latency = tool.latency_frames();
    let mut long = plane.to_vec();
    long.resize(plane.len() + latency, 0.0);
    let mut found = 0.0;
    for part in long.chunks_mut(24_000) {
        tool.process(part);
        found = f64::max(found, tool.found_hz());
    }
    (long[latency..].to_vec(), found)
}

/// Notes of a third of a second, some of them on 50 Hz and its harmonics, over a little noise.
fn music(lowest_hz: f64, seconds: f64) -> Vec<f64> {
    let mut sum = signals::noise(0.002, 4, (seconds * RATE) as usize);
    let notes = [50.0, 82.4, 196.0, 150.0, 330.0, 110.0, 98.0, 440.0, 73.4, 523.3, 123.5, 293.7];
    for (n, x) in sum.iter_mut().enumerate() {
        let t = n as f64 / RATE;
        let note = (t * 3.0) as usize;
        let hz: f64 = notes[(note * 5 + note / 4) % notes.len()];
        let hz = if hz < lowest_hz { 3.7 * hz } else { hz };
        let along = t * 3.0 - note as f64;
        *x += 0.3 * math::sin(math::PI * along) * math::sin(math::TAU * hz * t);
    }
    sum
}

/// Hum of nine harmonics whose mains drift by `drift_hz` over the length.
fn hum(hz: f64, drift_hz: f64, seconds: f64) -> Vec<f64> {
    let frames = (seconds * RATE) as usize;
    (0..frames)
        .map(|n| {
            let t = n as f64 / RATE;
            let turns = hz * t + 0.5 * drift_hz * t * t / seconds;
            (1..=9)
                .map(|k| 0.03 / k as f64 * math::sin(math::TAU * turns * k as f64 + (k * k) as f64))
                .sum::<f64>()
        })
        .collect()
}

#[test]
fn steady_hum_goes_by_thirty_decibels_and_its_frequency_is_found() {
    for hz in [49.93, 60.04] {
        let (clean, dirt) = (music(140.0, 8.0), hum(hz, 0.0, 8.0));
        let noisy: Vec<f64> = clean.iter().zip(&dirt).map(|(a, b)| a + b).collect();
        let (out, found) = run(&noisy);
        assert!((found - hz).abs() < 0.01, "{found}");
        let left: Vec<f64> = out.iter().zip(&clean).map(|(a, b)| a - b).collect();
        let part = 96_000..288_000;
        let gain = measure::to_db(measure::rms(&dirt[part.clone()]) / measure::rms(&left[part]));
        println!("{hz}: found {found:.4}, {gain:.1} dB");
        assert!(gain > 30.0, "{hz}: {gain} dB");
    }
}

#[test]
fn hum_under_bass_notes_still_goes() {
    let (clean, dirt) = (music(0.0, 8.0), hum(49.93, 0.0, 8.0));
    let noisy: Vec<f64> = clean.iter().zip(&dirt).map(|(a, b)| a + b).collect();
    let left: Vec<f64> = run(&noisy).0.iter().zip(&clean).map(|(a, b)| a - b).collect();
    let part = 96_000..288_000;
    let gain = measure::to_db(measure::rms(&dirt[part.clone()]) / measure::rms(&left[part]));
    println!("under bass: {gain:.1} dB");
    assert!(gain > 20.0, "{gain} dB");
}

#[test]
fn drifting_hum_is_followed() {
    let (clean, dirt) = (music(0.0, 8.0), hum(50.0, 0.06, 8.0));
    let noisy: Vec<f64> = clean.iter().zip(&dirt).map(|(a, b)| a + b).collect();
    let (out, _) = run(&noisy);
    let left: Vec<f64> = out.iter().zip(&clean).map(|(a, b)| a - b).collect();
    let part = 96_000..288_000;
    let gain = measure::to_db(measure::rms(&dirt[part.clone()]) / measure::rms(&left[part]));
    println!("drift: {gain:.1} dB");
    assert!(gain > 20.0, "{gain} dB");
}

#[test]
fn the_clean_twin_and_its_bass_notes_stay_to_the_bit() {
    let clean = music(0.0, 6.0);
    let (out, found) = run(&clean);
    assert_eq!(found, 0.0);
    assert_eq!(out, clean);
    // A long bass note alone at 50 Hz is a note.
    let note = signals::sine(50.0, 0.5, 0.0, 4.0, RATE);
    let noisy: Vec<f64> = note.iter().zip(signals::noise(0.001, 5, 192_000)).map(|(a, b)| a + b).collect();
    assert_eq!(run(&noisy).0, noisy);
}
