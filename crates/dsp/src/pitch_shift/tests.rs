//! The shifter against tones, complexes and vowels known beforehand.

use super::*;
use crate::block::Buffer;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

/// The output with the latency taken off.
fn shift(semitones: f64, formants: FormantSettings, planes: &[Vec<f64>]) -> Buffer {
    let mut shifter = PitchShift::new(semitones, planes.len(), RATE);
    shifter.set_formants(formants);
    let (latency, frames) = (shifter.latency_frames(), planes[0].len());
    let mut audio = Buffer::new(planes.len(), frames + latency);
    for (channel, plane) in planes.iter().enumerate() {
        audio.channel_mut(channel)[..frames].copy_from_slice(plane);
    }
    let mut start = 0;
    while start < audio.frames() {
        shifter.process(&mut audio.block().slice(start, 511));
        assert!(!shifter.is_late(), "{semitones}: the latency is too short");
        start += 511;
    }
    let planes: Vec<_> = (0..planes.len()).map(|c| audio.channel(c)[latency..].to_vec()).collect();
    Buffer::from_planes(&planes)
}

/// Frequency and amplitude of the partial next to `near_hz`: phases of two Hann-windowed halves, a clean answer that knows
/// nothing of the shifter.
fn partial(signal: &[f64], near_hz: f64) -> (f64, f64) {
    let half = signal.len() / 2;
    let look = |part: &[f64], hz: f64| {
        let w = math::TAU * hz / RATE;
        let (mut re, mut im, mut sum) = (0.0, 0.0, 0.0);
        for (n, x) in part.iter().enumerate() {
            let hann = 0.5 - 0.5 * math::cos(math::TAU * n as f64 / part.len() as f64);
            re += hann * x * math::cos(w * n as f64);
            im -= hann * x * math::sin(w * n as f64);
            sum += hann;
        }
        (2.0 * (re * re + im * im).sqrt() / sum, math::atan2(im, re))
    };
    let mut hz = near_hz;
    for _ in 0..3 {
        let (_, a) = look(&signal[..half], hz);
        let (_, b) = look(&signal[half..2 * half], hz);
        let turns = (b - a) / math::TAU - hz * half as f64 / RATE;
        let turns = turns - turns.round();
        hz += turns * RATE / half as f64;
        // The phase of the second half is taken at its own start.
        let (_, a) = look(&signal[..half], hz);
        let (_, b) = look(&signal[half..2 * half], hz);
        let left = (b - a) / math::TAU - hz * half as f64 / RATE;
        hz += (left - left.round()) * RATE / half as f64;
    }
    (hz, look(signal, hz).0)
}

fn cents(found: f64, wanted: f64) -> f64 {
    1_200.0 * math::log2(found / wanted)
}

#[test]
fn tones_move_by_the_interval_within_a_cent_and_keep_their_level() {
    for (semitones, hz) in [
        (-24.0, 110.0),
        (-24.0, 4_100.0),
        (-12.0, 441.7),
        (-5.0, 1_500.0),
        (-0.37, 110.0),
        (0.1, 441.7),
        (3.0, 60.0),
        (7.02, 4_100.0),
        (12.0, 110.0),
        (24.0, 441.7),
        (24.0, 4_100.0),
    ] {
        let out = shift(semitones, FormantSettings::default(), &[signals::sine(hz, 0.5, 0.4, 0.9, RATE)]);
        let want = hz * ratio_of(semitones);
        let (found, amplitude) = partial(&out.channel(0)[16_000..32_000], want);
        assert!(cents(found, want).abs() < 0.1, "{semitones} {hz}: {} cents", cents(found, want));
        let level = measure::to_db(amplitude / 0.5);
        assert!(level.abs() < 0.1, "{semitones} {hz}: {level} dB");
    }
}

fn complex(hz: f64, partials: usize, level: impl Fn(f64) -> f64, seconds: f64) -> Vec<f64> {
    let mut sum = vec![0.0; (seconds * RATE) as usize];
    for k in 1..=partials {
        let f = hz * k as f64;
        for (x, y) in sum.iter_mut().zip(signals::sine(f, level(f), 0.7 * (k * k) as f64, seconds, RATE)) {
            *x += y;
        }
    }
    sum
}

#[test]
fn every_partial_of_a_complex_moves_by_the_interval_within_a_cent() {
    for (hz, semitones) in [(82.4, 4.0), (82.4, -7.0), (220.0, -12.0), (330.0, -24.0), (110.0, 24.0)] {
        let source = complex(hz, 10, |f| 0.2 * hz / f, 1.4);
        let out = shift(semitones, FormantSettings::default(), &[source]);
        for k in 1..=10 {
            let want = hz * k as f64 * ratio_of(semitones);
            let (found, amplitude) = partial(&out.channel(0)[24_000..60_000], want);
            assert!(cents(found, want).abs() < 1.0, "{hz} {semitones} {k}: {} cents", cents(found, want));
            let level = measure::to_db(amplitude / (0.2 / k as f64));
            assert!(level.abs() < 0.5, "{hz} {semitones} {k}: {level} dB");
        }
    }
}

/// Gain of a vowel's resonators (an open "a") at a frequency; `move_by` moves all of them.
fn vowel(f: f64, move_by: f64) -> f64 {
    [(700.0, 1.0), (1_220.0, 0.6), (2_600.0, 0.25), (3_600.0, 0.12)]
        .iter()
        .map(|(centre, gain)| {
            let x = (f - centre * move_by) / (90.0 * move_by);
            gain / (1.0 + x * x)
        })
        .sum()
}

/// Factor of the vowel that fits the levels of the partials best.
fn envelope_factor(signal: &[f64], hz: f64) -> f64 {
    let levels: Vec<(f64, f64)> = (1..)
        .map(|k| hz * f64::from(k))
        .take_while(|f| *f < 4_000.0)
        .map(|f| (f, measure::to_db(measure::tone(signal, f, RATE).0)))
        .collect();
    let misfit = |factor: f64| {
        let gaps: Vec<f64> = levels.iter().map(|(f, l)| l - measure::to_db(vowel(*f, factor))).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        gaps.iter().map(|g| (g - mean) * (g - mean)).sum::<f64>()
    };
    (0..400)
        .map(|i| 0.6 + 0.0025 * f64::from(i))
        .fold(1.0, |best, f| if misfit(f) < misfit(best) { f } else { best })
}

#[test]
fn formants_stay_when_kept_move_when_not_and_go_where_they_are_sent() {
    for (hz, intervals) in [(110.0, [-5.0, 5.0].as_slice()), (147.0, &[5.0])] {
        let source = complex(hz, (8_000.0 / hz) as usize, |f| 0.2 * vowel(f, 1.0), 0.8);
        for &semitones in intervals {
            let ratio = ratio_of(semitones);
            let factor = |preserve: f64, shift_semitones: f64| {
                let out = shift(
                    semitones,
                    FormantSettings { preserve, shift_semitones },
                    std::slice::from_ref(&source),
                );
                envelope_factor(&out.channel(0)[14_000..30_000], hz * ratio)
            };
            let kept = factor(1.0, 0.0);
            assert!((kept - 1.0).abs() < 0.03, "{hz} {semitones}: kept at {kept}");
            let moved = factor(0.0, 0.0);
            assert!((moved / ratio - 1.0).abs() < 0.01, "{hz} {semitones}: moved to {moved}");
            let sent = factor(1.0, 2.0);
            assert!((sent / ratio_of(2.0) - 1.0).abs() < 0.03, "{hz} {semitones}: sent to {sent}");
            let half = factor(0.5, 0.0);
            assert!((half / ratio.sqrt() - 1.0).abs() < 0.03, "{hz} {semitones}: half way at {half}");
        }
    }
}

#[test]
fn channels_keep_their_phases_to_one_another() {
    let left = signals::noise(0.5, 3, 30_000);
    let right: Vec<f64> = left.iter().map(|x| -0.7 * x).collect();
    let out = shift(3.0, FormantSettings { preserve: 1.0, shift_semitones: 0.0 }, &[left, right]);
    for (l, r) in out.channel(0).iter().zip(out.channel(1)) {
        assert!((r + 0.7 * l).abs() < 1e-9);
    }
    // A quarter turn stays a quarter turn.
    let pair = [0.0, math::FRAC_PI_2].map(|phase| signals::sine(600.0, 0.5, phase, 1.0, RATE));
    let out = shift(-4.0, FormantSettings::default(), &pair);
    let hz = 600.0 * ratio_of(-4.0);
    let phases = [0, 1].map(|c| measure::tone(&out.channel(c)[20_000..40_000], hz, RATE).1);
    assert!(math::cos(phases[1] - phases[0]).abs() < 0.02 && math::sin(phases[1] - phases[0]) > 0.99);
}

#[test]
fn an_attack_stays_where_it_was() {
    let mut source = vec![0.0; 40_000];
    for (n, x) in signals::noise(0.8, 5, 3_000).iter().enumerate() {
        source[20_000 + n] = x * math::exp(-(n as f64) / 400.0);
    }
    for semitones in [-12.0, -3.0, 4.0, 12.0] {
        let out = shift(semitones, FormantSettings::default(), std::slice::from_ref(&source));
        let peak = measure::peak(out.channel(0));
        let first = out.channel(0).iter().position(|x| x.abs() > 0.2 * peak).unwrap_or(0);
        assert!(first.abs_diff(20_000) < 48, "{semitones}: {first}");
        let before = measure::to_db(measure::peak(&out.channel(0)[..19_900]) / peak);
        assert!(before < -30.0, "{semitones}: {before}");
    }
}

#[test]
fn an_interval_is_a_twelfth_of_an_octave_a_semitone() {
    // 2^(1/12), 2^(7/12): twelve-tone equal temperament.
    for (semitones, ratio) in
        [(12.0, 2.0), (-24.0, 0.25), (1.0, 1.059_463_094_359_295), (7.0, 1.498_307_076_876_682)]
    {
        assert!((ratio_of(semitones) / ratio - 1.0).abs() < 1e-14, "{semitones}");
    }
}

#[test]
fn no_interval_is_a_delay_of_the_latency_to_the_frame() {
    let source = signals::sine(1_000.0, 0.5, 0.2, 0.6, RATE);
    let out = shift(0.0, FormantSettings::default(), std::slice::from_ref(&source));
    let null = measure::null_db(&source[8_000..20_000], &out.channel(0)[8_000..20_000]);
    assert!(null < -60.0, "{null}");
}
