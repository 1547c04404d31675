//! Bands that follow a level.

use super::*;
use crate::Kernel;
use dsp::block::Buffer;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn moving(freq_hz: f64) -> EqBand {
    EqBand {
        freq_hz,
        q: 1.0,
        dynamic: Dynamic::Above,
        threshold_db: -30.0,
        ratio: 3.0,
        range_db: -18.0,
        attack_ms: 5.0,
        release_ms: 50.0,
        ..EqBand::default()
    }
}

fn with(band: EqBand) -> Eq {
    let mut eq = Eq::default();
    eq.band[3] = band;
    eq
}

fn run(eq: &Eq, planes: &[Vec<f64>], key: Option<&Buffer>) -> Buffer {
    let mut audio = Buffer::from_planes(planes);
    let mut kernel = eq.prepare(Format { channels: planes.len(), ..Format::default() });
    match key {
        Some(key) => kernel.process(&mut audio.block().with_key(key.view())),
        None => kernel.process(&mut audio.block()),
    }
    audio
}

/// Gain in decibels of a steady tone, measured at the end.
fn gain_of_tone(eq: &Eq, f: f64, level_db: f64) -> f64 {
    let tone = signals::sine(f, signals::db(level_db), 0.0, 0.9, RATE);
    let out = run(eq, std::slice::from_ref(&tone), None);
    measure::to_db(measure::tone(&out.channel(0)[33_600..], f, RATE).0) - level_db
}

#[test]
fn a_tone_at_the_centre_follows_the_static_curve() {
    let mut worst: f64 = 0.0;
    for (freq, kind) in [(100.0, BandKind::Bell), (1_000.0, BandKind::Bell), (8_000.0, BandKind::Bell)] {
        for (range, dynamic, base) in [
            (-18.0, Dynamic::Above, 0.0),
            (12.0, Dynamic::Above, 3.0),
            (-18.0, Dynamic::Below, -4.0),
            (9.0, Dynamic::Below, 0.0),
        ] {
            for level in [-42.0, -31.0, -29.0, -15.0, -3.0] {
                let band = EqBand { kind, range_db: range, dynamic, gain_db: base, ..moving(freq) };
                let beyond = if dynamic == Dynamic::Above { level + 30.0 } else { -30.0 - level };
                let moved = f64::min(f64::max(beyond, 0.0) * (2.0 / 3.0), f64::abs(range));
                let want = base + if range < 0.0 { -moved } else { moved };
                let error = (gain_of_tone(&with(band), freq, level) - want).abs();
                assert!(error < 0.05, "{freq} {range} {dynamic:?} {level}: {error}");
                worst = worst.max(error);
            }
        }
    }
    println!("static curve: {worst:.4} dB");
}

#[test]
fn a_shelf_follows_the_static_curve_in_its_pass_band() {
    for (kind, tone) in [(BandKind::LowShelf, 60.0), (BandKind::HighShelf, 16_000.0)] {
        let band = EqBand { kind, q: 0.71, attack_ms: 20.0, ..moving(1_000.0) };
        let got = gain_of_tone(&with(band), tone, -12.0);
        // The reading of the ear is the tone less what the filter takes; the shelf is complete within 0.1 dB.
        assert!((got + 12.0).abs() < 0.15, "{kind:?}: {got}");
    }
}

#[test]
fn attack_and_release_cover_63_percent_in_their_time() {
    for (attack_ms, release_ms, while_it_plays) in
        [(20.0, 80.0, false), (60.0, 300.0, false), (40.0, 150.0, true)]
    {
        let band = EqBand { attack_ms, release_ms, ratio: 100.0, range_db: -12.0, ..moving(2_000.0) };
        // Loud for a second, then 40 dB softer, below the threshold.
        let tone = signals::sine(2_000.0, 0.5, 0.0, 3.0, RATE);
        let input: Vec<f64> = tone
            .iter()
            .enumerate()
            .map(|(n, x)| if (48_000..96_000).contains(&n) { *x } else { 0.01 * x })
            .collect();
        let out = if while_it_plays {
            // Times other than those it began with hold from when they are given.
            let first = EqBand { attack_ms: 3.0, release_ms: 700.0, ..band.clone() };
            let mut kernel = with(first).prepare(Format { channels: 1, ..Format::default() });
            let mut audio = Buffer::from_planes(std::slice::from_ref(&input));
            kernel.process(&mut audio.block().slice(0, 4_800));
            kernel.retune(&with(band));
            kernel.process(&mut audio.block().slice(4_800, input.len() - 4_800));
            audio
        } else {
            run(&with(band), std::slice::from_ref(&input), None)
        };
        // Gain by the energy of whole periods (24 frames).
        let gain = |n: usize| {
            let energy = |plane: &[f64]| plane[n - 12..n + 12].iter().map(|x| x * x).sum::<f64>();
            10.0 * dsp::math::log10(energy(out.channel(0)) / energy(&input))
        };
        let share = 1.0 - dsp::math::exp(-1.0);
        let attack = (48_000..96_000).find(|&n| gain(n) <= -12.0 * share).unwrap() - 48_000;
        let release = (96_100..144_000).find(|&n| gain(n) >= -12.0 * (1.0 - share)).unwrap() - 96_000;
        let errors = [attack as f64 / 48.0 / attack_ms - 1.0, release as f64 / 48.0 / release_ms - 1.0];
        println!("{attack_ms} {release_ms}: {errors:?}");
        assert!(errors.iter().all(|e| e.abs() < 0.03), "{attack_ms} {release_ms}: {errors:?}");
    }
}

#[test]
fn below_the_threshold_it_has_the_bits_of_the_static_equaliser() {
    let noise = [signals::noise(0.02, 1, 20_000), signals::noise(0.02, 2, 20_000)];
    for part in [Part::Stereo, Part::Left, Part::Right, Part::Mid, Part::Side] {
        let mut eq = with(EqBand { part, gain_db: 5.0, threshold_db: -10.0, ..moving(1_000.0) });
        eq.band[5] = EqBand { part: Part::Mid, gain_db: -3.0, ..EqBand::default() };
        let mut still = eq.clone();
        still.band[3].dynamic = Dynamic::Off;
        let (moves, stands) = (run(&eq, &noise, None), run(&still, &noise, None));
        for channel in 0..2 {
            let null = measure::null_db(moves.channel(channel), stands.channel(channel));
            assert!(null < -280.0, "{part:?} {channel}: {null}");
        }
        if matches!(part, Part::Stereo | Part::Mid | Part::Side) {
            assert_eq!(moves, stands, "{part:?}");
        }
    }
}

#[test]
fn it_hears_its_own_part_of_the_spectrum_only() {
    let band = EqBand { q: 4.0, ..moving(1_000.0) };
    // 28 dB above the threshold, but four octaves off: the ear reads 1 / (4 * 15.9) of it, 36 dB less.
    let tone = signals::sine(62.5, signals::db(-2.0), 0.0, 1.0, RATE);
    let still = EqBand { dynamic: Dynamic::Off, ..band.clone() };
    // From a quarter of a second on, when the beginning has died away.
    let (out, plain) = (
        run(&with(band), std::slice::from_ref(&tone), None),
        run(&with(still), std::slice::from_ref(&tone), None),
    );
    assert!(measure::null_db(&out.channel(0)[36_000..], &plain.channel(0)[36_000..]) < -120.0);
}

#[test]
fn a_keyed_band_follows_the_key_and_nothing_else() {
    let band = EqBand { external_key: true, ..moving(1_000.0) };
    let eq = with(band);
    let loud = signals::sine(1_000.0, 0.5, 0.0, 1.0, RATE);
    // No key, a silent key, a key elsewhere in the spectrum: the loud tone itself moves nothing.
    assert_eq!(run(&eq, std::slice::from_ref(&loud), None).channel(0), loud);
    let silent = Buffer::new(1, 48_000);
    assert_eq!(run(&eq, std::slice::from_ref(&loud), Some(&silent)).channel(0), loud);
    let key = Buffer::from_planes(&[signals::sine(1_000.0, signals::db(-15.0), 0.3, 1.0, RATE)]);
    let out = run(&eq, std::slice::from_ref(&loud), Some(&key));
    let gain = measure::to_db(measure::tone(&out.channel(0)[24_000..], 1_000.0, RATE).0 / 0.5);
    // 15 dB above at 3:1.
    assert!((gain + 10.0).abs() < 0.05, "{gain}");
    // And a band that is not keyed does not hear the key.
    let own = with(EqBand { external_key: false, threshold_db: 0.0, ..moving(1_000.0) });
    assert_eq!(run(&own, std::slice::from_ref(&loud), Some(&key)).channel(0), loud);
}

#[test]
fn middle_and_side_move_apart() {
    let tone = signals::sine(1_000.0, 0.4, 0.0, 1.0, RATE);
    let minus: Vec<f64> = tone.iter().map(|x| -x).collect();
    let gain = |part, planes: &[Vec<f64>], channel: usize| {
        let out = run(&with(EqBand { part, ratio: 100.0, range_db: -6.0, ..moving(1_000.0) }), planes, None);
        measure::to_db(measure::tone(&out.channel(channel)[24_000..], 1_000.0, RATE).0 / 0.4)
    };
    let (mid, side) = ([tone.clone(), tone.clone()], [tone.clone(), minus]);
    assert!((gain(Part::Mid, &mid, 1) + 6.0).abs() < 0.05 && gain(Part::Mid, &side, 1).abs() < 1e-9);
    assert!((gain(Part::Side, &side, 0) + 6.0).abs() < 0.05 && gain(Part::Side, &mid, 0).abs() < 1e-9);
    assert!((gain(Part::Left, &mid, 0) + 6.0).abs() < 0.05 && gain(Part::Left, &mid, 1).abs() < 1e-9);
    assert!((gain(Part::Right, &mid, 1) + 6.0).abs() < 0.05 && gain(Part::Right, &mid, 0).abs() < 1e-9);
    // Stereo is linked: a loud left takes the right along.
    let soft: Vec<f64> = tone.iter().map(|x| 0.01 * x).collect();
    let out = run(&with(EqBand { ratio: 100.0, range_db: -6.0, ..moving(1_000.0) }), &[tone, soft], None);
    let right = measure::to_db(measure::tone(&out.channel(1)[24_000..], 1_000.0, RATE).0 / 0.004);
    assert!((right + 6.0).abs() < 0.05, "{right}");
}

#[test]
fn changes_of_a_moving_band_do_not_click_and_do_not_depend_on_blocks() {
    let tone = signals::sine(300.0, 0.5, 0.0, 1.0, RATE);
    let run = |block: usize| {
        let mut kernel = Eq::default().prepare(Format::default());
        let mut audio = Buffer::from_planes(&[tone.clone(), tone.iter().map(|x| 0.5 * x).collect()]);
        let mut at = 0;
        for band in [
            EqBand { range_db: -24.0, ratio: 100.0, ..moving(300.0) },
            EqBand { range_db: 12.0, ratio: 100.0, ..moving(900.0) },
            EqBand { part: Part::Mid, range_db: -24.0, ratio: 100.0, ..moving(300.0) },
            EqBand { part: Part::Side, kind: BandKind::LowShelf, ..moving(400.0) },
            EqBand::default(),
        ] {
            let end = at + 8_000;
            kernel.retune(&with(band));
            while at < end {
                let frames = block.min(end - at);
                kernel.process(&mut audio.block().slice(at, frames));
                at += frames;
            }
        }
        audio
    };
    let whole = run(100_000);
    assert_eq!(whole, run(37));
    // The sine, 12 dB up, bends by 0.5 * 4 * (2π 300 / 48000)² = 0.0031 per sample².
    for channel in 0..2 {
        let bend = whole.channel(channel)[..40_000]
            .windows(3)
            .fold(0.0, |m: f64, w| m.max((w[0] - 2.0 * w[1] + w[2]).abs()));
        assert!(bend < 0.015, "{channel}: {bend}");
    }
}

#[test]
fn a_band_of_one_side_hears_that_side_alone() {
    let tone = signals::sine(1_000.0, 0.1, 0.0, 1.0, RATE);
    let soft: Vec<f64> = tone.iter().map(|x| 0.1 * x).collect();
    let level = |out: &Buffer, channel: usize| {
        measure::to_db(measure::tone(&out.channel(channel)[24_000..], 1_000.0, RATE).0)
    };
    for (part, own) in [(Part::Left, 0), (Part::Right, 1)] {
        let eq = with(EqBand { part, ratio: 100.0, range_db: -6.0, ..moving(1_000.0) });
        let mut planes = [soft.clone(), soft.clone()];
        planes[1 - own].clone_from(&tone);
        let out = run(&eq, &planes, None);
        assert!((level(&out, own) + 40.0).abs() < 1e-6, "{part:?}: {}", level(&out, own));
        planes.swap(0, 1);
        let out = run(&eq, &planes, None);
        assert!((level(&out, own) + 26.0).abs() < 0.05, "{part:?}: {}", level(&out, own));
    }
}

#[test]
fn a_band_of_the_middle_hears_half_of_a_sound_on_one_side() {
    // -20 dB on one side alone are -26 in the middle: 4 dB over at 3:1 are 2.67 less, there and in the side.
    let planes = [signals::sine(1_000.0, 0.1, 0.0, 1.0, RATE), vec![0.0; 48_000]];
    for (part, swap) in [(Part::Mid, false), (Part::Mid, true), (Part::Side, false), (Part::Side, true)] {
        let mut planes = planes.clone();
        if swap {
            planes.swap(0, 1);
        }
        let out = run(&with(EqBand { part, ..moving(1_000.0) }), &planes, None);
        let sign = if part == Part::Mid { 0.5 } else { -0.5 };
        let lane: Vec<f64> =
            out.channel(0).iter().zip(out.channel(1)).map(|(l, r)| 0.5 * l + sign * r).collect();
        let change = measure::to_db(measure::tone(&lane[24_000..], 1_000.0, RATE).0 / 0.05);
        assert!((change + (30.0 - 26.020_6) * 2.0 / 3.0).abs() < 0.05, "{part:?} {swap}: {change}");
    }
}

#[test]
fn first_order_shelves_are_their_closed_form() {
    // |H|² = (x² + a²) / (x² + 1 / a²) with a² the gain: 12 dB below, 0.9 dB two octaves above the corner.
    let a2 = signals::db(12.0);
    for (kind, corner, tone, x) in
        [(BandKind::LowShelf, 200.0, 800.0, 4.0), (BandKind::HighShelf, 800.0, 200.0, 4.0)]
    {
        let band = EqBand { kind, slope: Slope::Db6, freq_hz: corner, gain_db: 12.0, ..EqBand::default() };
        let want = measure::to_db((x * x + a2) / (x * x + 1.0 / a2)) / 2.0;
        let found = gain_of_tone(&with(band), tone, -20.0);
        assert!((found - want).abs() < 0.05, "{kind:?}: {found} {want}");
    }
}
