use super::*;
use dsp::biquad::Biquad;
use dsp::eq_design::{Curve, design};
use dsp::rng::CounterRng;

const RATE: f64 = 48_000.0;
const SIZE: usize = 4096;

/// Everything a stroke of the experiment of C3 needs.
struct Kit {
    delay: usize,
    inverted: bool,
    strokes: Vec<Stroke>,
}

fn filtered(mut signal: Vec<f64>, curve: Curve, hz: f64, gain_db: f64, q: f64) -> Vec<f64> {
    Biquad::new(design(curve, hz, gain_db, q, RATE).coefficients()).process(&mut signal);
    signal
}

/// A snare: tone and noise, other noise every time.
fn snare(seed: u64, stroke: u64) -> Vec<f64> {
    let rng = CounterRng::new(seed, 100 + stroke);
    // A stroke is cut 15 ms before its onset.
    let before = 720;
    (0..SIZE)
        .map(|n| {
            if n < before {
                return 0.0;
            }
            let t = (n - before) as f64 / RATE;
            let body = math::exp(-t * 25.0) * math::sin(math::TAU * (190.0 + 3.0 * rng.bipolar(1 << 40)) * t);
            let wires = math::exp(-t * 30.0) * rng.bipolar(n as u64);
            0.7 * body + 0.6 * wires
        })
        .collect()
}

/// Adds a signal so many frames later.
fn add(to: &mut [f64], from: &[f64], delay: usize, gain: f64) {
    to.iter_mut().skip(delay).zip(from).for_each(|(y, x)| *y += gain * x);
}

/// The experiment: close microphone with bleed of -12 dB; overhead with the direct sound, three strong early reflections of either
/// sign, a diffuse tail of `drr_db` under or over the direct sound; microphones with filters of their own.
fn kit(seed: u64, drr_db: f64) -> Kit {
    let rng = CounterRng::new(seed, 7);
    // 2.5 to 6.8 ms.
    let delay = (RATE * (0.002_5 + 0.004_3 * rng.uniform(1))) as usize;
    let inverted = rng.uniform(2) < 0.5;
    let sign = if inverted { -1.0 } else { 1.0 };
    let reflections: Vec<(usize, f64)> = (0..3)
        .map(|n| {
            // Apart from each other, or two would be one that is stronger than the direct sound.
            let later = (RATE * (0.000_8 + 0.003 * n as f64 + 0.002_5 * rng.uniform(10 + n))) as usize;
            let gain =
                (0.45 + 0.3 * rng.uniform(20 + n)) * if rng.uniform(30 + n) < 0.5 { -1.0 } else { 1.0 };
            (delay + later, gain)
        })
        .collect();
    let tail: Vec<f64> =
        (0..3000).map(|n| CounterRng::new(seed, 8).bipolar(n) * math::exp(-(n as f64) / 900.0)).collect();
    let energy: f64 = tail.iter().map(|x| x * x).sum();
    let wet = math::db_to_gain(-drr_db) / energy.sqrt();
    let strokes = (0..6)
        .map(|stroke| {
            let source = snare(seed, stroke);
            let other = snare(seed ^ 0xABCD, stroke);
            let mut own = source.clone();
            add(&mut own, &other, 60, math::db_to_gain(-12.0));
            let mut far = vec![0.0; SIZE];
            add(&mut far, &source, delay, 1.0);
            for (later, gain) in &reflections {
                add(&mut far, &source, *later, *gain);
            }
            add(&mut far, &other, 40, 0.25);
            let mut reverb = vec![0.0; SIZE];
            // Every ninth frame of the tail carries it, three times as strong: the same energy.
            for (n, x) in tail.iter().enumerate().step_by(9) {
                add(&mut reverb, &source, delay + 120 + n, wet * 3.0 * x);
            }
            far.iter_mut().zip(&reverb).for_each(|(y, x)| *y += x);
            let own = filtered(own, Curve::Bell, 4_000.0, 5.0, 1.0);
            let far = filtered(
                filtered(far, Curve::HighPass, 120.0, 0.0, 0.7),
                Curve::HighShelf,
                8_000.0,
                3.0,
                0.7,
            );
            Stroke { own, other: far.iter().map(|x| sign * x).collect() }
        })
        .collect();
    Kit { delay, inverted, strokes }
}

fn search() -> Search {
    Search { rate_hz: RATE, band_hz: (200.0, 8_000.0), lags_seconds: (0.0, 0.02) }
}

#[test]
fn the_experiment_of_c3_is_right_within_two_samples_and_never_flips_falsely() {
    let (mut accepted, mut all) = (0, 0);
    for seed in 0..24 {
        for drr_db in [3.0, -3.0] {
            let kit = kit(seed, drr_db);
            let found = lag(&kit.strokes, search()).unwrap();
            all += 1;
            let right = (found.frames - kit.delay as f64).abs() <= 2.0 && found.inverted == kit.inverted;
            if found.ratio >= super::super::LEAST_RATIO
                && found.spread_frames <= super::super::MOST_SPREAD_FRAMES
            {
                accepted += 1;
                assert!(right, "seed {seed}, {drr_db} dB: {found:?}, {} {}", kit.delay, kit.inverted);
            } else {
                println!("not accepted: seed {seed}, {drr_db} dB, right {right}: {found:?}, {}", kit.delay);
            }
        }
    }
    println!("accepted {accepted} of {all}");
    assert!(accepted * 10 >= all * 8, "{accepted} of {all}");
}

#[test]
fn recordings_of_different_things_are_not_accepted() {
    for seed in 0..6 {
        let (a, b) = (kit(seed, 3.0), kit(seed + 100, 3.0));
        let strokes: Vec<Stroke> = a
            .strokes
            .iter()
            .zip(&b.strokes)
            .map(|(a, b)| Stroke { own: a.own.clone(), other: b.own.clone() })
            .collect();
        let found = lag(&strokes, search()).unwrap();
        let accepted = found.ratio >= super::super::LEAST_RATIO
            && found.spread_frames <= super::super::MOST_SPREAD_FRAMES;
        assert!(!accepted, "{seed}: {found:?}");
    }
}

/// Strokes and the same 72 frames later, turned over and half as high.
fn turned_copies() -> Vec<Stroke> {
    let copy = |stroke| {
        let own = snare(5, stroke);
        let mut other = vec![0.0; SIZE];
        add(&mut other, &own, 72, -0.5);
        Stroke { own, other }
    };
    (0..4).map(copy).collect()
}

#[test]
fn a_copy_moved_and_turned_is_found_to_a_quarter_frame_and_the_sum_says_so() {
    let strokes = turned_copies();
    let found = lag(&strokes, Search { lags_seconds: (-0.005, 0.005), ..search() }).unwrap();
    assert!((found.frames - 72.0).abs() < 0.3 && found.inverted && found.ratio > 3.0, "{found:?}");
    let (before, after) =
        (sum(&strokes, RATE, 0.0, false).unwrap(), sum(&strokes, RATE, 72.0, true).unwrap());
    assert!((after.low_db - 3.01).abs() < 0.2, "{after:?}");
    assert!(before.low_db < after.low_db - 1.5 && before.comb_db > 3.0, "{before:?}");
    // In phase everywhere: +3 dB and no ripple beside it.
    assert!((after.comb_db - 3.01).abs() < 0.2, "{after:?}");
    // Turned back, the difference has it.
    let turned = sum(&strokes, RATE, 72.0, false).unwrap();
    assert!((turned.low_difference_db - 3.01).abs() < 0.2, "{turned:?}");
    // The other way round, the lag is negative.
    let swapped: Vec<Stroke> =
        strokes.iter().map(|s| Stroke { own: s.other.clone(), other: s.own.clone() }).collect();
    let found = lag(&swapped, Search { lags_seconds: (-0.005, 0.005), ..search() }).unwrap();
    assert!((found.frames + 72.0).abs() < 0.3, "{found:?}");
}

#[test]
fn the_low_end_has_its_most_where_both_are_in_step_and_the_end_of_a_search_is_no_peak() {
    let strokes = turned_copies();
    let wide = Search { lags_seconds: (-0.005, 0.005), ..search() };
    let most = most_low_db(&strokes, wide).unwrap();
    assert!((most - 3.01).abs() < 0.1, "{most}");
    // 72 frames are 1.5 ms: a search that does not get there finds less, and no peak.
    let narrow = Search { lags_seconds: (-0.005, 0.001_45), ..search() };
    assert!(most_low_db(&strokes, narrow).unwrap() <= most + 1e-9);
    assert!(lag(&strokes, narrow).unwrap().ratio < super::super::LEAST_RATIO);
}

#[test]
fn two_microphones_of_one_drum_agree_only_if_it_is_right_how_they_stand_to_each_other() {
    // A second microphone 50 frames farther away and turned over; each with another drum that is louder.
    let (mut together, mut alone, mut contradicted) = (0, 0, 0);
    for seed in 0..12 {
        let (kit, other) = (kit(seed, -3.0), kit(seed + 50, -3.0));
        let bury = |gain: f64, delay: usize| -> Vec<Stroke> {
            kit.strokes
                .iter()
                .zip(&other.strokes)
                .map(|(stroke, buried)| {
                    let mut own = vec![0.0; SIZE];
                    add(&mut own, &stroke.own, delay, gain);
                    add(&mut own, &buried.own, 200 - 2 * delay, 1.2);
                    Stroke { own, other: stroke.other.clone() }
                })
                .collect()
        };
        let (first, second) = (bury(1.0, 0), bury(-1.0, 50));
        let one = Evidence { strokes: &first, stand: &[], later_frames: 0.0, inverted: false };
        let two = Evidence { strokes: &second, stand: &[], later_frames: 50.0, inverted: true };
        let right = |found: Lag| {
            let near = (found.frames - kit.delay as f64).abs() <= 2.0 && found.inverted == kit.inverted;
            usize::from(near && found.ratio >= super::super::LEAST_RATIO)
        };
        alone += right(joint(&[one], search()).unwrap());
        together += right(joint(&[one, two], search()).unwrap());
        // Told wrongly how they stand, they contradict each other.
        let wrong = Evidence { inverted: false, later_frames: 0.0, ..two };
        contradicted += right(joint(&[one, wrong], search()).unwrap());
    }
    println!("alone {alone}, together {together}, contradicted {contradicted} of 12");
    assert!(together >= 9 && contradicted <= 3, "{alone} {together} {contradicted}");
}
