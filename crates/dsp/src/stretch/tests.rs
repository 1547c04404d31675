//! The stretcher and varispeed against tones, pulses and lengths known beforehand.

use super::*;
use crate::block::Buffer;
use crate::math;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn stretch(factor: f64, planes: &[Vec<f64>], block: usize) -> Vec<Vec<f64>> {
    let mut stretcher = Stretcher::new(factor, planes.len(), RATE);
    let (buffer, mut out) = (Buffer::from_planes(planes), Vec::new());
    for start in (0..buffer.frames()).step_by(block) {
        stretcher.process(&buffer.view().slice(start, block), &mut out);
    }
    stretcher.finish(&mut out);
    out
}

fn varispeed(ratio: f64, planes: &[Vec<f64>], block: usize) -> Vec<Vec<f64>> {
    let mut player = Varispeed::new(ratio, planes.len());
    let (buffer, mut out) = (Buffer::from_planes(planes), Vec::new());
    for start in (0..buffer.frames()).step_by(block) {
        player.process(&buffer.view().slice(start, block), &mut out);
    }
    player.finish(&mut out);
    out
}

/// Amplitude and phase of the best-fitting sine, and what is left without it in dB under it.
fn fit(signal: &[f64], frequency_hz: f64) -> (f64, f64, f64) {
    let w = math::TAU * frequency_hz / RATE;
    let (mut cc, mut ss, mut cs, mut xc, mut xs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, x) in signal.iter().enumerate() {
        let (c, s) = (math::cos(w * n as f64), math::sin(w * n as f64));
        (cc, ss, cs, xc, xs) = (cc + c * c, ss + s * s, cs + c * s, xc + x * c, xs + x * s);
    }
    let d = cc * ss - cs * cs;
    let (a, b) = ((xs * cc - xc * cs) / d, (xc * ss - xs * cs) / d);
    let rest: Vec<f64> = signal
        .iter()
        .enumerate()
        .map(|(n, x)| x - a * math::sin(w * n as f64) - b * math::cos(w * n as f64))
        .collect();
    let amplitude = (a * a + b * b).sqrt();
    (amplitude, math::atan2(b, a), measure::to_db(measure::rms(&rest) * math::SQRT_2 / amplitude))
}

#[test]
fn lengths_are_exact_and_blocks_change_no_bit() {
    let planes = [signals::noise(0.5, 1, 9_001), signals::noise(0.5, 2, 9_001)];
    for factor in [0.25, 0.613, 1.0, 1.5, 4.0] {
        let whole = stretch(factor, &planes, 10_000);
        assert_eq!(whole[1].len(), (9_001.0 * factor).round() as usize);
        assert_eq!(whole, stretch(factor, &planes, 331));
        let whole = varispeed(factor, &planes, 10_000);
        assert_eq!(whole[1].len(), (9_001.0 / factor).ceil() as usize);
        assert_eq!(whole, varispeed(factor, &planes, 97));
    }
    assert_eq!(stretch(1.0, &planes, 500), planes);
    assert_eq!(varispeed(1.0, &planes, 500), planes);
    assert_eq!(stretch(2.0, &[vec![]], 500), vec![Vec::<f64>::new()]);
}

#[test]
fn a_stretched_tone_keeps_pitch_level_and_purity() {
    for factor in [0.25, 0.7, 1.25, 2.0, 4.0] {
        let tone = signals::sine(997.0, 0.5, 0.3, 1.5 / f64::min(factor, 1.0), RATE);
        let out = &stretch(factor, &[tone], 4_096)[0];
        let part = &out[out.len() / 2 - 12_000..out.len() / 2 + 12_000];
        let (amplitude, _, residue) = fit(part, 997.0);
        assert!(measure::to_db(amplitude / 0.5).abs() < 0.05, "{factor}: {amplitude}");
        assert!(residue < -50.0, "{factor}: {residue}");
    }
}

#[test]
fn attacks_stand_where_the_factor_puts_them_and_keep_their_shape() {
    // Decaying bursts of noise, each with the same attack.
    let mut input = vec![0.0; 96_000];
    let hits = [20_000usize, 45_000, 70_000];
    let burst = signals::noise(0.8, 5, 3_000);
    for hit in hits {
        for (n, x) in burst.iter().enumerate() {
            input[hit + n] += x * math::exp(-(n as f64) / 400.0);
        }
    }
    for factor in [0.6, 1.5, 2.0, 3.0] {
        let out = &stretch(factor, &[input.clone()], 4_096)[0];
        for hit in hits {
            let want = (hit as f64 * factor).round() as usize;
            let first = &out[want - 2_000..want - 60];
            let shape = &out[want..want + 400];
            let close = (-2..=2i64)
                .map(|d| {
                    let at = |n: usize| out[(want as i64 + d) as usize + n];
                    let dot: f64 = (0..400).map(|n| at(n) * input[hit + n]).sum();
                    let power: f64 = (0..400).map(|n| at(n) * at(n)).sum();
                    let source: f64 = (0..400).map(|n| input[hit + n] * input[hit + n]).sum();
                    dot / (power * source).sqrt()
                })
                .fold(0.0, f64::max);
            assert!(close > 0.98, "{factor}, {hit}: correlation {close}");
            let before = measure::to_db(measure::peak(first) / measure::peak(shape));
            assert!(before < -30.0, "{factor}, {hit}: pre-echo {before}");
        }
    }
}

#[test]
fn stretching_keeps_the_picture_between_channels() {
    let left = signals::noise(0.5, 9, 24_000);
    let right: Vec<f64> = left.iter().map(|x| -0.5 * x).collect();
    let out = stretch(1.6, &[left, right], 4_096);
    for (l, r) in out[0].iter().zip(&out[1]) {
        assert!((r + 0.5 * l).abs() < 1e-9);
    }
}

#[test]
fn varispeed_moves_a_tone_by_the_ratio_without_residue() {
    for ratio in [0.25, 0.5, 0.943_874, 1.059_463, 2.0, 3.7] {
        let tone = signals::sine(1_733.0, 0.5, 0.0, 0.3 * f64::max(ratio, 1.0), RATE);
        let out = &varispeed(ratio, &[tone], 4_096)[0];
        let part = &out[2_000..12_000];
        let (amplitude, phase, residue) = fit(part, 1_733.0 * ratio);
        assert!(measure::to_db(amplitude / 0.5).abs() < 1e-4, "{ratio}: {amplitude}");
        let turns = 1_733.0 * ratio / RATE * 2_000.0;
        let want = math::TAU * (turns - turns.floor());
        assert!(math::sin(phase - want).abs() < 1e-5 && math::cos(phase - want) > 0.9, "{ratio}");
        assert!(residue < -120.0, "{ratio}: {residue}");
    }
}

#[test]
fn varispeed_folds_nothing_back() {
    // All of these come out above the Nyquist frequency.
    for (ratio, frequency) in [(1.5, 16_500.0), (2.0, 12_500.0), (4.0, 7_000.0), (1.1, 22_500.0), (4.0, 20_000.0)] {
        let tone = signals::sine(frequency, 1.0, 0.0, 0.5, RATE);
        let out = &varispeed(ratio, &[tone], 4_096)[0];
        let part = &out[out.len() / 4..3 * out.len() / 4];
        let folded = measure::to_db(measure::peak(part));
        assert!(folded < -120.0, "{ratio} {frequency}: {folded}");
    }
}

#[test]
fn bad_samples_and_settings_do_no_harm() {
    let mut input = signals::noise(0.5, 3, 6_000);
    input[100] = f64::NAN;
    input[3_000] = f64::INFINITY;
    for value in [f64::NAN, -1.0, 1e9, 1.7] {
        assert!(stretch(value, &[input.clone()], 512)[0].iter().all(|x| x.is_finite()));
        assert!(varispeed(value, &[input.clone()], 512)[0].iter().all(|x| x.is_finite()));
    }
}
