//! Known noise under a known voice.

use super::*;
use crate::block::Buffer;
use testkit::{measure, signals, voice};

const RATE: f64 = 48_000.0;

fn settings(profile: Profile) -> DenoiseSettings {
    DenoiseSettings {
        reduction_db: 20.0,
        threshold_db: 0.0,
        profile,
        law: Law::LogAmplitude,
        smoothing: 0.5,
        linked: true,
    }
}

fn run(settings: DenoiseSettings, plane: &[f64]) -> Vec<f64> {
    let mut tool = Denoise::new(settings, RATE, 1);
    let latency = tool.latency_frames();
    let mut long = plane.to_vec();
    long.resize(plane.len() + latency, 0.0);
    let mut audio = Buffer::from_planes(&[long]);
    tool.process(&mut audio.block());
    audio.channel(0)[latency..].to_vec()
}

/// A second of pause, then syllables with pauses of a quarter of a second every four. With the frames that are pause.
fn spoken() -> (Vec<f64>, Vec<bool>) {
    let (line, _) = voice::line(0.1, 0.03, 4, RATE);
    let mut sound = vec![0.0; 48_000];
    for _ in 0..4 {
        sound.extend(&line);
        sound.extend(vec![0.0; 12_000]);
    }
    // Away from speech by 50 ms, as the frame is long.
    let reach = 2_400;
    let loud: Vec<usize> = (0..sound.len()).filter(|n| sound[*n] != 0.0).collect();
    let mut pause = vec![true; sound.len()];
    for n in loud {
        pause[n.saturating_sub(reach)..(n + reach).min(sound.len())].fill(false);
    }
    (sound, pause)
}

/// White, or falling by 6 dB per octave from 500 Hz on.
fn noise(coloured: bool, frames: usize) -> Vec<f64> {
    let mut noise = signals::noise(0.01, 5, frames);
    if coloured {
        let mut state = 0.0;
        for x in &mut noise {
            state += 0.065 * (*x - state);
            *x = 5.0 * state;
        }
    }
    noise
}

fn level(plane: &[f64], these: &[bool], from: usize) -> f64 {
    let part: Vec<f64> = (from..plane.len()).filter(|n| these[*n]).map(|n| plane[n]).collect();
    measure::to_db(measure::rms(&part))
}

/// Mean over pieces of 20 ms with speech of the signal-to-noise ratio, held to -10 to 35 dB.
fn segmental(clean: &[f64], found: &[f64], from: usize) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (a, b) in clean.chunks(960).zip(found.chunks(960)).skip(from / 960) {
        if measure::rms(a) > 1e-3 {
            let error: Vec<f64> = a.iter().zip(b).map(|(x, y)| x - y).collect();
            sum += measure::to_db(measure::rms(a) / measure::rms(&error).max(1e-9)).clamp(-10.0, 35.0);
            count += 1.0;
        }
    }
    sum / count
}

#[test]
fn noise_falls_in_pauses_and_speech_comes_out_better() {
    let (clean, pause) = spoken();
    for coloured in [false, true] {
        let dirt = noise(coloured, clean.len());
        let noisy: Vec<f64> = clean.iter().zip(&dirt).map(|(a, b)| a + b).collect();
        for profile in [Profile::Adaptive, Profile::Learned(500.0)] {
            for law in [Law::LogAmplitude, Law::Wiener] {
                let out = run(DenoiseSettings { law, ..settings(profile) }, &noisy);
                let from = 60_000;
                let fall = level(&noisy, &pause, from) - level(&out, &pause, from);
                let better = segmental(&clean, &out, from) - segmental(&clean, &noisy, from);
                println!(
                    "coloured {coloured} {profile:?} {law:?}: pauses -{fall:.1} dB, speech +{better:.2} dB"
                );
                assert!(fall > 10.0, "{coloured} {profile:?} {law:?}: {fall}");
                assert!(fall < 20.1, "not below the floor: {fall}");
                assert!(better > 1.0, "{coloured} {profile:?} {law:?}: {better}");
            }
        }
    }
}

#[test]
fn speech_without_noise_stays() {
    let (clean, _) = spoken();
    for profile in [Profile::Adaptive, Profile::Learned(500.0)] {
        let out = run(settings(profile), &clean);
        let error: Vec<f64> = out.iter().zip(&clean).map(|(a, b)| a - b).collect();
        let change = measure::to_db(measure::rms(&error) / measure::rms(&clean));
        println!("{profile:?}: {change:.1} dB");
        assert!(change < -40.0, "{profile:?}: {change}");
    }
}

#[test]
fn steady_noise_is_measured_where_it_is() {
    // Of white noise the mean power of a bin is known: the sum of the squared window times the variance.
    for (seed, peak) in [(1, 0.1), (2, 0.001)] {
        let mut tool = Denoise::new(settings(Profile::Adaptive), RATE, 1);
        let mut audio = Buffer::from_planes(&[signals::noise(peak, seed, 200_000)]);
        tool.process(&mut audio.block());
        let noise = tool.tracks[0].minimum.noise();
        let wanted = 2048.0 * 0.375 * peak * peak / 3.0;
        let mean = noise[8..1000].iter().sum::<f64>() / 992.0;
        let off = 10.0 * crate::math::log10(mean / wanted);
        println!("minimum statistics: {off:.2} dB");
        assert!(off.abs() < 0.4, "{off}");
    }
}

#[test]
fn the_limit_and_the_threshold_decide() {
    let dirt = noise(false, 150_000);
    let fall = |settings: DenoiseSettings| {
        let out = run(settings, &dirt);
        measure::to_db(measure::rms(&dirt[72_000..]) / measure::rms(&out[72_000..]))
    };
    let usual = settings(Profile::Learned(500.0));
    let six = fall(DenoiseSettings { reduction_db: 6.0, ..usual });
    assert!((4.5..6.01).contains(&six), "{six}");
    let low = fall(DenoiseSettings { threshold_db: -12.0, ..usual });
    let high = fall(DenoiseSettings { threshold_db: 6.0, ..usual });
    assert!(low < 2.0 && high > 15.0, "{low} {high}");
    assert!(fall(DenoiseSettings { reduction_db: 0.0, ..usual }).abs() < 1e-9);
}

#[test]
fn linked_channels_keep_their_place_and_others_do_not_meet() {
    let (clean, _) = spoken();
    let left: Vec<f64> = clean.iter().zip(noise(false, clean.len())).map(|(a, b)| a + b).collect();
    let right: Vec<f64> = left.iter().map(|x| 0.5 * x).collect();
    let both = |linked, right: &[f64]| {
        let mut tool = Denoise::new(DenoiseSettings { linked, ..settings(Profile::Adaptive) }, RATE, 2);
        let mut audio = Buffer::from_planes(&[left.clone(), right.to_vec()]);
        tool.process(&mut audio.block());
        audio
    };
    let linked = both(true, &right);
    let half: Vec<f64> = linked.channel(0).iter().map(|x| 0.5 * x).collect();
    assert!(measure::null_db(&half, linked.channel(1)) < -250.0);
    let alone = both(false, &vec![0.0; left.len()]);
    assert_eq!(alone.channel(0), both(false, &right).channel(0));
}

#[test]
fn the_exponential_integral_is_the_integral() {
    for x in [0.001, 0.1, 0.9, 1.1, 5.0, 20.0] {
        // Over u = ln t, by trapezoids: e^(-e^u) du.
        let (low, steps) = (crate::math::ln(x), 200_000);
        let width = (crate::math::ln(x + 60.0) - low) / f64::from(steps);
        let at = |n: i32| crate::math::exp(-crate::math::exp(low + f64::from(n) * width));
        let sum = (1..steps).map(at).sum::<f64>() + 0.5 * (at(0) + at(steps));
        let found = exponential_integral(x);
        assert!((found - sum * width).abs() < 3e-7, "{x}: {found} {}", sum * width);
    }
}

#[test]
fn the_laws_are_those_of_their_papers() {
    assert!((law_gain(Law::Wiener, 3.0, 9.0) - 0.75).abs() < 1e-12);
    // ξ = γ = 1: v = 1/2, E1 = 0.5597736, G = 1/2 e^0.2798868.
    assert!((law_gain(Law::LogAmplitude, 1.0, 1.0) - 0.661_490).abs() < 1e-5);
    assert_eq!(law_gain(Law::LogAmplitude, 0.1, 1e-9), 1.0);
}

#[test]
fn the_ratio_is_no_less_than_twenty_five_decibels_below() {
    let mut track = Track::new(8, 0.01);
    track.learned.fill(1.0);
    track.count = 1;
    track.power.fill(0.5);
    let law = Law::Wiener;
    track.find(&DenoiseSettings { reduction_db: 100.0, law, ..settings(Profile::Learned(500.0)) });
    // Below the noise, after nothing: 10^-2.5, so Wiener's gain is 1 / (1 + 10^2.5).
    let wanted = 1.0 / (1.0 + 316.227_766_016_837_95);
    for (gain, last) in track.gains.iter().zip(&track.last) {
        assert!((gain - wanted).abs() < 1e-12, "{gain}");
        assert!((last - 0.5 * wanted * wanted).abs() < 1e-12, "{last}");
    }
}

#[test]
fn frames_of_sound_keep_their_gains_to_the_bit_and_pauses_are_smoothed() {
    let mut track = Track::new(64, 0.01);
    let gains: Vec<f64> = signals::noise(0.5, 7, 64).iter().map(|x| 0.5 + x).collect();
    track.gains.copy_from_slice(&gains);
    // One loud bin that is kept: nearly all of the power.
    track.power.fill(1e-3);
    (track.power[20], track.gains[20]) = (100.0, 0.9);
    let before = track.gains.clone();
    track.smooth(1.0);
    assert_eq!(track.gains, before);
    // Everything at a tenth: 1 % is kept, so the reach is 14 × (1 - 0.01 / 0.4), 14 bins; one gain of 0.1 + 0.29 spreads.
    track.power.fill(1.0);
    track.power[30] = 0.0;
    track.gains.fill(0.1);
    track.gains[30] = 0.39;
    track.smooth(1.0);
    for (bin, gain) in track.gains.iter().enumerate().skip(14).take(36) {
        let wanted = if bin.abs_diff(30) <= 14 { 0.1 + 0.29 / 29.0 } else { 0.1 };
        assert!((gain - wanted).abs() < 1e-12, "{bin}: {gain}");
    }
}
