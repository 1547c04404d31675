//! Planted clicks against the clean twin.

use super::*;
use testkit::signals;

const RATE: f64 = 48_000.0;

fn run(plane: &[f64]) -> (Vec<f64>, u64) {
    let mut tool = Declick::new(6.0, 2.0, RATE);
    let latency = tool.latency_frames();
    let mut long = plane.to_vec();
    long.resize(plane.len() + latency, 0.0);
    for part in long.chunks_mut(777) {
        tool.process(part);
    }
    (long[latency..].to_vec(), tool.mended())
}

/// Partials that come and go, over a little noise.
fn music(seconds: f64) -> Vec<f64> {
    let mut sum = signals::noise(0.001, 4, (seconds * RATE) as usize);
    for (k, hz) in [196.0, 246.9, 293.7, 587.3, 1_174.7, 2_217.5, 3_520.0].into_iter().enumerate() {
        let level = 0.2 / (k + 1) as f64;
        for (n, (x, y)) in sum.iter_mut().zip(signals::sine(hz, level, k as f64, seconds, RATE)).enumerate() {
            let beat = n as f64 / RATE * (0.7 + 0.2 * k as f64);
            *x += y * (0.6 + 0.4 * crate::math::sin(crate::math::TAU * beat));
        }
    }
    sum
}

/// Adds clicks of 1 to 20 frames, about 15 per second; says how many.
fn plant(clean: &[f64]) -> (Vec<f64>, u64) {
    let rng = crate::rng::CounterRng::new(77, 0);
    let mut damaged = clean.to_vec();
    let (mut at, mut count) = (4_000, 0);
    while at + 4_000 < clean.len() {
        let len = 1 + (20.0 * rng.uniform(3 * count)) as usize;
        for n in 0..len {
            damaged[at + n] += 0.6 * rng.bipolar(1_000 + 100 * count + n as u64);
        }
        count += 1;
        at += 1_500 + (3_400.0 * rng.uniform(3 * count + 1)) as usize;
    }
    (damaged, count)
}

fn error_db(a: &[f64], b: &[f64]) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
    10.0 * crate::math::log10(sum / a.len() as f64 + 1e-30)
}

#[test]
fn planted_clicks_go_and_the_clean_twin_stays_to_the_bit() {
    let clean = music(3.0);
    let (damaged, count) = plant(&clean);
    let (mended, found) = run(&damaged);
    let gain = error_db(&clean, &damaged) - error_db(&clean, &mended);
    println!("{gain:.1} dB better, {found} of {count} clicks");
    assert!(gain > 20.0, "{gain} dB better");
    assert!(found as f64 > 0.9 * count as f64, "{found} of {count}");
    let (twin, none) = run(&clean);
    assert_eq!(none, 0);
    assert_eq!(twin, clean);
}

#[test]
fn attacks_and_trains_of_pulses_are_not_clicks() {
    // Bursts of noise that die away.
    let mut hits = music(1.5);
    for hit in [20_000usize, 41_234, 60_000] {
        for (n, x) in signals::noise(0.7, 8, 8_000).iter().enumerate() {
            hits[hit + n] += x * crate::math::exp(-(n as f64) / 1_500.0);
        }
    }
    let (out, found) = run(&hits);
    assert_eq!((found, out == hits), (0, true));
    // Pulses through a resonance, as of a voice or a buzzing string: every 8, 4 and 13 ms; they begin and end within.
    // Faint ones stand out of the noise no more than a faint click would.
    for (every, level, seed) in [(384, 0.3, 2), (190, 0.3, 3), (626, 0.3, 4), (384, 0.008, 5)] {
        let mut buzz = signals::noise(0.001, seed, 72_000);
        let (mut y1, mut y2) = (0.0, 0.0);
        for (n, x) in buzz.iter_mut().enumerate() {
            let sounds = (12_000..60_000).contains(&n);
            let pulse = if sounds && n % every == 0 { level } else { 0.0 };
            let y = pulse + 1.9 * y1 - 0.92 * y2;
            (y2, y1) = (y1, y);
            *x += y;
        }
        let (out, found) = run(&buzz);
        assert!(found == 0 && out == buzz, "a pulse every {every} frames: {found}");
    }
}

#[test]
fn steps_of_sixteen_bits_and_sudden_ends_are_not_clicks() {
    // A low tone that fades until it moves by steps of one.
    let steps: Vec<f64> = signals::sine(60.0, 1.0, 0.0, 1.0, RATE)
        .iter()
        .enumerate()
        .map(|(n, x)| (12.0 * x * crate::math::exp(-(n as f64) / 12_000.0)).round() / 32_768.0)
        .collect();
    let (out, found) = run(&steps);
    assert!(found == 0 && out == steps, "{found}");
    // Noise that begins and stops from one frame to the next.
    let mut gated = signals::noise(0.0005, 6, 48_000);
    for (x, y) in gated[15_000..27_000].iter_mut().zip(signals::noise(0.2, 9, 12_000)) {
        *x += y;
    }
    let (out, found) = run(&gated);
    assert!(found == 0 && out == gated, "{found}");
}

/// Bursts of 0.06 to 0.6 ms that die away, of levels 20 dB apart, as many per second, within the middle second; 20 dB below
/// the music together.
fn crackle(clean: &[f64], per_second: usize) -> Vec<f64> {
    let rng = crate::rng::CounterRng::new(5, 0);
    let mut dirt = vec![0.0; clean.len()];
    let mut draw = 0;
    let mut next = || {
        draw += 1;
        rng.uniform(draw)
    };
    for _ in 0..per_second {
        let at = 48_000 + (48_000.0 * next()) as usize;
        let len = 3 + (26.0 * next()) as usize;
        let level = signals::db(-20.0 * next());
        for n in 0..len {
            dirt[at + n] += level * (2.0 * next() - 1.0) * crate::math::exp(-3.0 * n as f64 / len as f64);
        }
    }
    let rms = |x: &[f64]| testkit::measure::rms(&x[48_000..96_000]);
    let gain = 0.1 * rms(clean) / rms(&dirt);
    dirt.iter().map(|x| gain * x).collect()
}

#[test]
fn crackle_goes_however_dense() {
    let clean = music(3.0);
    for (per_second, least_db) in [(50, 15.0), (200, 7.5), (400, 4.5)] {
        let dirt = crackle(&clean, per_second);
        let damaged: Vec<f64> = clean.iter().zip(&dirt).map(|(a, b)| a + b).collect();
        let (mended, found) = run(&damaged);
        let part = 48_000..96_000;
        let before = error_db(&clean[part.clone()], &damaged[part.clone()]);
        let gain = before - error_db(&clean[part.clone()], &mended[part]);
        println!("{per_second} a second: {gain:.1} dB better, {found} found");
        assert!(gain > least_db, "{per_second}: {gain}");
        assert_eq!(mended[..46_000], clean[..46_000]);
        assert_eq!(mended[98_000..], clean[98_000..]);
    }
}

#[test]
fn silence_and_bad_samples_do_no_harm() {
    assert!(run(&vec![0.0; 20_000]).0.iter().all(|x| *x == 0.0));
    let mut bad = music(0.5);
    bad[5_000] = f64::NAN;
    bad[9_000] = f64::INFINITY;
    bad[9_500] = 1e300;
    assert!(run(&bad).0.iter().all(|x| x.is_finite()));
}

#[test]
fn what_is_louder_for_good_or_stops_is_an_attack() {
    // (unpredictable before, after, is an attack): 2.5 times is the limit, either way.
    let cases = [
        (1e-3, 1e-3, false),
        (1e-3, 2.4e-3, false),
        (2.4e-3, 1e-3, false),
        (1e-3, 2.6e-3, true),
        (2.6e-3, 1e-3, true),
        (0.0, 1e-3, true),
        (1e-3, 0.0, true),
    ];
    let mut bench = Declick::new(6.0, 2.0, RATE).bench;
    let run = (1_500, 1_510);
    for (before, after, is_attack) in cases {
        bench.ahead_after[..run.0].fill(before);
        bench.ahead_after[run.0..].fill(-after);
        assert_eq!(bench.is_attack(run), is_attack, "{before} {after}");
    }
}
