use super::*;
use crate::block::Buffer;
use crate::math::gain_to_db;
use testkit::ebu;

fn measured(planes: &[Vec<f64>], sample_rate_hz: f64) -> TruePeaks {
    let mut meter = TruePeakMeter::new(sample_rate_hz, planes.len());
    meter.process(Buffer::from_planes(planes).view());
    meter.finish()
}

fn planes_of(case: &ebu::Case) -> Vec<Vec<f64>> {
    let mut planes = vec![Vec::new(); case.channels()];
    case.for_each_block(4096, |part| {
        planes.iter_mut().zip(part).for_each(|(plane, more)| plane.extend(more))
    });
    planes
}

#[test]
fn every_true_peak_case_of_tech_3341_reads_right_at_every_rate() {
    for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
        let cases = ebu::tech_3341_true_peak(rate);
        assert_eq!(cases.len(), 9);
        for case in &cases {
            let peaks = measured(&planes_of(case), rate);
            let reading = case.readings[0];
            for peak in &peaks.accurate {
                let found = gain_to_db(peak.level);
                assert!(reading.accepts(found), "{} at {rate}: {found}", case.name);
            }
            // From 192 kHz on there is no filter, and a tone at a quarter of that rate is not for it to find.
            let found = gain_to_db(peaks.overall_itu().level);
            assert!(rate >= 192_000.0 || reading.accepts(found), "{} at {rate}, ITU: {found}", case.name);
        }
    }
}

#[test]
fn signals_known_between_their_samples_read_true_up_to_045_of_the_rate() {
    let mut worst = 0.0_f64;
    for seed in 0..60 {
        let random = testkit::signals::noise(0.5, 100 + seed, 12);
        let count = 1 + seed as usize % 4;
        let tones: Vec<(f64, f64, f64)> = (0..count)
            .map(|i| {
                let frequency = if i == 0 && seed % 3 == 0 { 0.45 } else { 0.45 * (random[3 * i] + 0.5) };
                (frequency, 0.2 + (random[3 * i + 1] + 0.5), crate::math::TAU * random[3 * i + 2])
            })
            .collect();
        let (samples, truth) = ebu::known_between_frames(&tones, 400);
        let error = gain_to_db(measured(&[samples], 48_000.0).overall().level) - gain_to_db(truth);
        worst = worst.max(error.abs());
        assert!(error.abs() < 0.02, "seed {seed}: {error} dB");
    }
    println!("worst error {worst:.4} dB");
}

/// Every phase of the ITU filter at every frame, the plain way.
fn itu_by_hand(signal: &[f64]) -> f64 {
    let at = |n: i64| usize::try_from(n).ok().and_then(|n| signal.get(n)).copied().unwrap_or(0.0);
    (-12..signal.len() as i64 + 12).fold(0.0, |top, n| {
        itu::taps().iter().fold(top, |top, phase| {
            let sum: f64 = (0..itu::TAPS).map(|k| phase[k] * at(n - k as i64)).sum();
            f64::max(top, sum.abs())
        })
    })
}

/// The whole kernel at every eighth of a frame, the plain way, without the parabola.
fn grid_by_hand(signal: &[f64]) -> f64 {
    let kernel = Interpolator::new().kernel();
    let reach = (kernel.len() / 2) as i64;
    (-320..8 * signal.len() as i64 + 320).fold(0.0, |top, t| {
        let (from, to) = (((t - reach) / 8).max(0), ((t + reach) / 8).min(signal.len() as i64 - 1));
        let sum: f64 = (from..=to)
            .map(|n| signal[n as usize] * kernel.get((t - 8 * n + reach) as usize).copied().unwrap_or(0.0))
            .sum();
        f64::max(top, sum.abs())
    })
}

#[test]
fn what_is_skipped_never_held_the_peak() {
    for seed in 0..40 {
        let frames = 150 + 37 * seed as usize;
        let mut signal = ebu::music_like(0.9, seed, 1, frames, 8_000.0).remove(0);
        if seed % 2 == 0 {
            // Clipped hard: many stretches near the peak, and overshoots between samples.
            signal.iter_mut().for_each(|x| *x = (3.0 * *x).clamp(-0.8, 0.8));
        }
        let peaks = measured(std::slice::from_ref(&signal), 48_000.0);
        let (itu, grid) = (itu_by_hand(&signal), grid_by_hand(&signal));
        assert!((peaks.itu[0].level - itu).abs() < 1e-12, "{seed}: {} {itu}", peaks.itu[0].level);
        let over = peaks.accurate[0].level / grid;
        assert!((1.0 - 1e-12..OVER + 1e-12).contains(&over), "{seed}: {over}");
    }
}

#[test]
fn block_size_changes_no_bit() {
    let planes = ebu::music_like(1.1, 8, 2, 9_001, 44_100.0);
    let whole = measured(&planes, 44_100.0);
    let buffer = Buffer::from_planes(&planes);
    for size in [1, 31, 64, 2047, 4096] {
        let mut meter = TruePeakMeter::new(44_100.0, 2);
        for start in (0..buffer.frames()).step_by(size) {
            meter.process(buffer.view().slice(start, size));
        }
        assert_eq!(meter.finish(), whole);
    }
}

#[test]
fn a_peak_is_found_at_any_place_even_at_the_very_ends() {
    for frames in [1, 31, 32, 33, 64, 2047, 2048, 2049, 4000] {
        for at in [0, frames / 2, frames - 1] {
            let peaks = measured(&[testkit::signals::impulse(-0.5, at, frames)], 48_000.0);
            assert!((peaks.accurate[0].level - 0.5).abs() < 1e-12, "{frames} {at} {:?}", peaks.accurate);
            assert!((peaks.itu[0].level - 0.5 * 0.972_167_968_75).abs() < 1e-12, "{:?}", peaks.itu);
            assert!(peaks.accurate[0].frame.abs_diff(at as u64) <= 1, "{at} {:?}", peaks.accurate);
        }
    }
}

#[test]
fn the_last_samples_may_overshoot_after_the_end() {
    // A tone cut off at its largest slope between two samples: the band-limited signal rises past the last one.
    let mut signal = vec![0.0; 500];
    signal.extend([0.9, 0.9]);
    let peaks = measured(&[signal.clone()], 48_000.0);
    assert!((peaks.accurate[0].level - grid_by_hand(&signal)).abs() < 0.01);
    assert!(peaks.accurate[0].level > 1.1, "{:?}", peaks.accurate);
}

#[test]
fn silence_and_samples_that_are_not_finite_read_nothing() {
    let silent = measured(&vec![vec![0.0; 100]; 3], 48_000.0);
    assert_eq!(silent.worst(), 0.0);
    assert_eq!(silent.accurate.len(), 3);
    assert_eq!(measured(&[vec![]], 48_000.0).worst(), 0.0);
    let spoilt = measured(&[vec![f64::NAN, f64::INFINITY, 0.25, f64::NEG_INFINITY]], 48_000.0);
    assert!((spoilt.overall().level - 0.25).abs() < 1e-12, "{spoilt:?}");
}

#[test]
fn at_192_khz_the_itu_reading_is_the_sample_peak() {
    let signal = testkit::signals::noise(0.7, 4, 3_000);
    let peaks = measured(std::slice::from_ref(&signal), 192_000.0);
    assert_eq!(peaks.itu[0].level, testkit::measure::peak(&signal));
    assert_eq!(signal[peaks.itu[0].frame as usize].abs(), peaks.itu[0].level);
}

#[test]
fn the_worst_is_the_larger_of_both_readings() {
    let peaks = |accurate, itu| TruePeaks {
        accurate: vec![Peak { level: 0.25, frame: 3 }, Peak { level: accurate, frame: 1 }],
        itu: vec![Peak { level: itu, frame: 2 }, Peak { level: 0.125, frame: 9 }],
    };
    assert_eq!((peaks(0.5, 0.75).worst(), peaks(0.875, 0.75).worst()), (0.75, 0.875));
}

#[test]
fn what_is_skipped_could_not_have_changed_the_itu_reading() {
    // Levels that rise by less than a cell seems to promise: the phases sum to 1.0016 and 0.9917, not to one.
    let half = |n: usize, of: usize| 0.5 - 0.5 * crate::math::cos(crate::math::PI * n as f64 / of as f64);
    let mut plane: Vec<f64> = (0..2_000).map(|n| 0.5 * half(n, 2_000)).collect();
    plane.extend(vec![0.5; 3_200]);
    plane.extend((0..1_000).map(|n| 0.5 + 0.000_3 * half(n, 1_000)));
    plane.extend(vec![0.500_3; 3_200]);
    plane.extend((0..2_000).rev().map(|n| 0.500_3 * half(n, 2_000)));
    let direct = itu::taps().iter().fold(0.0, |most: f64, taps| {
        plane.windows(itu::TAPS).fold(most, |most, x| {
            f64::max(most, taps.iter().zip(x.iter().rev()).map(|(tap, x)| tap * x).sum::<f64>().abs())
        })
    });
    let found = measured(&[plane], 48_000.0).itu[0].level;
    assert!((found - direct).abs() < 1e-12, "{found} {direct}");
}
