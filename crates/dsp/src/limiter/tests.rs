//! The bars the limiter is held to, judged by an oversampler of its own.

use super::{Limiter, Settings, Style};
use crate::block::Buffer;
use crate::math::{self, gain_to_db};
use testkit::signals::{noise, sine};

/// Runs all of `planes` in blocks of `block` frames; latency taken off, length kept.
fn limit(settings: Settings, planes: &[Vec<f64>], rate_hz: f64, block: usize) -> (Vec<Vec<f64>>, Limiter) {
    let mut limiter = Limiter::new(settings, planes.len(), rate_hz);
    let latency = limiter.latency_frames();
    let mut buffer = Buffer::new(planes.len(), planes[0].len() + latency);
    for (channel, plane) in planes.iter().enumerate() {
        buffer.channel_mut(channel)[..plane.len()].copy_from_slice(plane);
    }
    let frames = buffer.frames();
    let mut whole = buffer.block();
    for start in (0..frames).step_by(block) {
        limiter.process(&mut whole.slice(start, block));
    }
    ((0..planes.len()).map(|c| buffer.channel(c)[latency..].to_vec()).collect(), limiter)
}

/// True peak by 16x interpolation with a windowed sinc of 192 frames to either side (Hann), in decibels.
fn true_peak_16x_db(x: &[f64]) -> f64 {
    const HALF: usize = 192;
    let mut padded = vec![0.0; HALF];
    padded.extend_from_slice(x);
    padded.resize(padded.len() + HALF, 0.0);
    let mut highest = x.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    // Only near samples that are within 6 dB of the top can there be a peak that matters.
    let near = 0.5 * highest;
    for phase in 1..16 {
        let taps: Vec<f64> = (0..2 * HALF)
            .map(|k| {
                let t = k as f64 - (HALF as f64 - 1.0) - f64::from(phase) / 16.0;
                let hann = 0.5 + 0.5 * math::cos(math::PI * t / HALF as f64);
                math::sin(math::PI * t) / (math::PI * t) * hann
            })
            .collect();
        for n in 0..padded.len() - 2 * HALF {
            let at = n + HALF;
            if padded[at - 1].abs().max(padded[at].abs()) > near {
                let window = &padded[n..n + 2 * HALF];
                let value: f64 = taps.iter().zip(window).map(|(a, b)| a * b).sum();
                highest = highest.max(value.abs());
            }
        }
    }
    gain_to_db(highest)
}

fn driven(gain_db: f64) -> Settings {
    Settings { gain_db, ..Settings::default() }
}

fn assert_below_ceiling(name: &str, settings: Settings, planes: &[Vec<f64>], rate_hz: f64) {
    // What comes out before the first frame and after the last is cut off: files may begin and end at full level.
    let (out, limiter) = limit(settings, planes, rate_hz, 1000);
    let peak = out.iter().map(|plane| true_peak_16x_db(plane)).fold(f64::NEG_INFINITY, f64::max);
    println!("{name}: {peak:.4} dBTP, {:?}", limiter.report());
    assert!(peak <= settings.ceiling_dbtp + 0.02, "{name}: {peak} dBTP");
    assert!(peak > settings.ceiling_dbtp - 1.5, "{name}: {peak} dBTP: limited far too much");
}

/// Noise with nothing above 0.45 of the sample rate, in bursts.
fn bursts(frames: usize, seed: u64) -> Vec<f64> {
    let white = noise(1.0, seed, frames + 256);
    let taps: Vec<f64> = (0..256)
        .map(|k| {
            let t = f64::from(k) - 127.5;
            let hann = 0.5 + 0.5 * math::cos(math::PI * t / 128.0);
            math::sin(math::PI * 0.9 * t) / (math::PI * t) * hann
        })
        .collect();
    (0..frames)
        .map(|n| {
            let value: f64 = taps.iter().zip(&white[n..]).map(|(a, b)| a * b).sum();
            if (n / 700) % 3 == 0 { value * 2.0 } else { value * 0.1 }
        })
        .collect()
}

#[test]
fn nothing_stands_above_the_ceiling() {
    let rate = 44_100.0;
    for style in [Style::Adaptive, Style::Transparent, Style::Punchy] {
        let settings = Settings { style, ..driven(6.0) };
        for frequency in [82.7, 441.0, 997.3, 1000.0, 3001.0] {
            let square: Vec<f64> = sine(frequency, 1.0, 0.1, 0.3, rate)
                .iter()
                .map(|x| if *x < 0.0 { -0.9 } else { 0.9 })
                .collect();
            assert_below_ceiling(&format!("square {frequency} Hz"), settings, &[square], rate);
        }
        let quarter = sine(11_025.0, 1.2, math::FRAC_PI_4, 0.3, rate);
        assert_below_ceiling("fs/4 at 45°", settings, &[quarter], rate);
        let (left, right) = (bursts(20_000, 1), bursts(20_000, 2));
        assert_below_ceiling("noise bursts", settings, &[left, right], rate);
        let white: Vec<f64> = noise(1.0, 5, 12_000)
            .iter()
            .enumerate()
            .map(|(n, x)| if (n / 700) % 3 == 0 { 2.0 * x } else { 0.1 * x })
            .collect();
        assert_below_ceiling("bursts of white noise", settings, &[white], rate);
        let middle = sine(1000.0, 1.0, 1.3, 0.2, rate);
        assert_below_ceiling("a wave that begins and ends in its middle", settings, &[middle], rate);
        // +20 dB edges: a tone and a level that jump.
        let edges: Vec<f64> = (0..20_000)
            .map(|n| {
                let gain = if (n / 2500) % 2 == 1 { 10.0 } else { 0.1 };
                gain * math::sin(math::TAU * 0.031 * f64::from(n))
            })
            .collect();
        assert_below_ceiling("edges of 20 dB", settings, &[edges], rate);
        let steps: Vec<f64> = (0..20_000).map(|n| if (n / 1700) % 2 == 1 { 5.0 } else { -0.05 }).collect();
        assert_below_ceiling("steps", settings, &[steps], rate);
    }
}

#[test]
fn nothing_stands_above_the_ceiling_at_other_rates_and_channels() {
    for rate in [22_050.0, 96_000.0, 192_000.0] {
        let planes: Vec<Vec<f64>> = (0..3).map(|seed| bursts(20_000, seed)).collect();
        assert_below_ceiling(&format!("noise bursts at {rate} Hz"), driven(9.0), &planes, rate);
        let unlinked = Settings { link_percent: 30.0, low_link_percent: 0.0, ..driven(9.0) };
        assert_below_ceiling(&format!("unlinked at {rate} Hz"), unlinked, &planes, rate);
    }
}

/// Spectrum of whole periods: level in decibels re the fundamental of everything at multiples of `step_hz` that is not
/// in `wanted_hz` (within 1 Hz), as the power sum.
fn residual_db(signal: &[f64], rate: f64, step_hz: f64, reference_hz: f64, wanted_hz: &[f64]) -> f64 {
    let bins = (rate / 2.0 / step_hz) as usize;
    let reference = testkit::measure::tone(signal, reference_hz, rate).0;
    let mut power = 0.0;
    for bin in 1..bins {
        let frequency = bin as f64 * step_hz;
        if wanted_hz.iter().all(|wanted| (frequency - wanted).abs() > 1.0) {
            let level = testkit::measure::tone(signal, frequency, rate).0;
            power += level * level;
        }
    }
    10.0 * math::log10(power / (reference * reference))
}

/// The last `frames` of three seconds of the sum of tones, limited at the defaults with 6 dB to take off.
fn settled(tones: &[(f64, f64)], rate: f64, frames: usize) -> Vec<f64> {
    let top: f64 = tones.iter().map(|tone| tone.1).sum();
    let mut x = vec![0.0; (rate * 4.0) as usize];
    for (frequency, peak) in tones {
        for (x, y) in x.iter_mut().zip(sine(*frequency, peak / top, 0.0, 4.0, rate)) {
            *x += y;
        }
    }
    // Ceiling -1 dBTP, input at 0: 5 dB in front make 6 dB of reduction.
    let (out, limiter) = limit(driven(5.0), &[x], rate, 4096);
    let report = limiter.report();
    assert!((report.max_reduction_db - 6.0).abs() < 0.5, "{report:?}");
    // Not the very end: the cut there is an edge of its own.
    let start = (3.5 * rate) as usize;
    out[0][start..start + frames].to_vec()
}

#[test]
fn tones_stay_clean_at_six_decibels_of_reduction() {
    let rate = 44_100.0;
    for (frequency, limit_db) in
        [(40.0, -75.0), (50.0, -75.0), (100.0, -90.0), (1000.0, -100.0), (5000.0, -100.0)]
    {
        let out = settled(&[(frequency, 1.0)], rate, 4410);
        let step = if frequency < 100.0 { 10.0 } else { 100.0 };
        let thd = residual_db(&out, rate, step, frequency, &[frequency]);
        println!("THD at {frequency} Hz: {thd:.1} dB");
        assert!(thd <= limit_db, "THD at {frequency} Hz: {thd} dB");
    }
}

#[test]
fn two_tones_stay_apart_at_six_decibels_of_reduction() {
    let rate = 44_100.0;
    let out = settled(&[(60.0, 4.0), (7000.0, 1.0)], rate, 4410);
    // Stricter than SMPTE RP 120: all that is neither tone, re the high tone, wherever it lies.
    let imd = residual_db(&out, rate, 20.0, 7000.0, &[60.0, 7000.0]);
    println!("SMPTE intermodulation, everything re 7 kHz: {imd:.1} dB");
    assert!(imd <= -75.0, "SMPTE: {imd} dB");
}

#[test]
fn a_tone_makes_no_aliases() {
    let rate = 44_100.0;
    let out = settled(&[(6000.0, 1.0)], rate, 4410);
    // Folded harmonics of 6 kHz: all of them, odd and even, land on multiples of 100 Hz.
    let aliases = residual_db(&out, rate, 100.0, 6000.0, &[6000.0, 12_000.0, 18_000.0]);
    println!("aliases of 6 kHz: {aliases:.1} dB");
    assert!(aliases <= -110.0, "{aliases} dB");
}

#[test]
fn below_the_ceiling_audio_passes_bit_for_bit() {
    for rate in [44_100.0, 96_000.0] {
        let planes = [noise(0.4, 1, 30_000), noise(0.42, 2, 30_000)];
        let (out, limiter) = limit(Settings::default(), &planes, rate, 512);
        assert_eq!(out[0][..30_000], planes[0]);
        assert_eq!(out[1][..30_000], planes[1]);
        assert_eq!(limiter.report().max_reduction_db, 0.0);
    }
}

#[test]
fn the_gain_returns_to_exactly_one() {
    let mut x = noise(0.35, 3, 400_000);
    x[2000..2100].fill(3.0);
    let (out, _) = limit(Settings::default(), std::slice::from_ref(&x), 44_100.0, 512);
    assert_eq!(out[0][300_000..400_000], x[300_000..]);
}

#[test]
fn block_size_changes_no_bit() {
    let planes = [bursts(12_000, 5), bursts(12_000, 6)];
    for settings in [driven(9.0), Settings { link_percent: 50.0, style: Style::Punchy, ..driven(9.0) }] {
        let (whole, _) = limit(settings, &planes, 44_100.0, 100_000);
        for block in [1, 37, 64, 1000] {
            let (parts, _) = limit(settings, &planes, 44_100.0, block);
            assert!(parts == whole, "blocks of {block}");
        }
    }
}

/// Blows of a drum: 4 ms bursts that ring out in 30 ms, twice a second, over a quiet bed.
fn drums(rate: f64, seconds: f64) -> Vec<f64> {
    let bed = noise(0.02, 9, (rate * seconds) as usize);
    bed.iter()
        .enumerate()
        .map(|(n, bed)| {
            let t = (n as f64 / rate) % 0.5;
            let body = math::sin(math::TAU * 180.0 * t) + 0.5 * math::sin(math::TAU * 2900.0 * t);
            bed + 0.9 * body * math::exp(-t / 0.03)
        })
        .collect()
}

#[test]
fn blows_get_the_fast_window_and_a_quick_recovery() {
    let rate = 44_100.0;
    let x = drums(rate, 4.0);
    let settings = Settings { clip: false, ..driven(8.0) };
    let (out, limiter) = limit(settings, std::slice::from_ref(&x), rate, 441);
    assert!(limiter.sustained_share() < 0.1, "{}", limiter.sustained_share());
    // 200 ms after a blow nine tenths of the decibels are back; with the long window they are not.
    let gain_at = |y: &[f64], seconds: f64| {
        let at = (seconds * rate) as usize;
        gain_to_db(testkit::measure::rms(&y[at..at + 1000]) / testkit::measure::rms(&x[at..at + 1000])) - 8.0
    };
    let deepest = gain_at(&out[0], 3.0);
    assert!(deepest < -4.0, "{deepest} dB");
    assert!(gain_at(&out[0], 3.2) > 0.1 * deepest, "{} dB of {deepest}", gain_at(&out[0], 3.2));
    let before = |y: &[f64]| gain_at(y, 2.992 - 1000.0 / rate);
    let long = Settings { style: Style::Transparent, ..settings };
    let (slow, _) = limit(long, std::slice::from_ref(&x), rate, 441);
    println!("before the blow: fast {:.2} dB, long {:.2} dB", before(&out[0]), before(&slow[0]));
    assert!(gain_at(&slow[0], 3.2) < gain_at(&out[0], 3.2) - 0.3);
}

#[test]
fn held_tones_get_the_long_window() {
    let rate = 44_100.0;
    let chord: Vec<f64> = sine(220.0, 0.4, 0.0, 5.0, rate)
        .iter()
        .zip(sine(277.18, 0.4, 1.0, 5.0, rate))
        .zip(sine(65.4, 0.4, 2.0, 5.0, rate))
        .map(|((a, b), c)| a + b + c)
        .collect();
    let (_, limiter) = limit(driven(6.0), &[chord], rate, 441);
    assert_eq!(limiter.sustained_share(), 1.0);
}

#[test]
fn what_is_not_a_number_never_leaves() {
    let mut x = noise(0.9, 1, 60_000);
    (x[100], x[5000], x[5001], x[5002]) = (f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300);
    let (out, _) = limit(driven(6.0), &[x], 44_100.0, 512);
    assert!(out[0].iter().all(|y| y.is_finite()));
    assert!(out[0][50_000..].iter().any(|y| y.abs() > 0.1), "recovered");
}

#[test]
fn an_unlinked_channel_keeps_its_level() {
    let rate = 44_100.0;
    let planes = [sine(300.0, 1.0, 0.0, 2.0, rate), sine(440.0, 0.2, 0.0, 2.0, rate)];
    let quiet = |link: f64| {
        let settings = Settings { link_percent: link, low_link_percent: link, ..driven(6.0) };
        let (out, _) = limit(settings, &planes, rate, 512);
        gain_to_db(
            testkit::measure::rms(&out[1][60_000..80_000])
                / testkit::measure::rms(&planes[1][60_000..80_000]),
        )
    };
    assert!((quiet(0.0) - 6.0).abs() < 1e-6, "{}", quiet(0.0));
    assert!((quiet(100.0) + 1.0).abs() < 0.1, "{}", quiet(100.0));
}

#[test]
fn a_change_of_settings_makes_no_click() {
    let rate = 44_100.0;
    let x = sine(100.0, 1.0, 0.0, 2.0, rate);
    let mut limiter = Limiter::new(driven(5.0), 1, rate);
    let mut buffer = Buffer::from_planes(&[x]);
    let frames = buffer.frames();
    let mut whole = buffer.block();
    limiter.process(&mut whole.slice(0, 40_001));
    let latency = limiter.latency_frames();
    limiter.retune(Settings {
        lookahead_ms: 1.5,
        long_lookahead_ms: 6.0,
        low_hz: 400.0,
        clip_db: 4.0,
        ..driven(6.0)
    });
    assert_eq!(limiter.latency_frames(), latency);
    limiter.process(&mut whole.slice(40_001, frames));
    // A 100 Hz tone at -1 dBFS has a second difference of at most 1.8e-4; a click would stand out.
    let y = &buffer.channel(0)[20_000..];
    let bend = y.windows(3).map(|w| (w[0] - 2.0 * w[1] + w[2]).abs()).fold(0.0, f64::max);
    let own = 0.8913 * math::pow(math::TAU * 100.0 / rate, 2.0);
    println!("second difference {:.2e} of {own:.2e}", bend);
    assert!(bend < 1.5 * own, "{bend} over {own}");
}

#[test]
fn without_true_peak_only_samples_count() {
    let rate = 44_100.0;
    let x = sine(11_025.0, 1.0, math::FRAC_PI_4, 0.5, rate);
    let settings = Settings { true_peak: false, ceiling_dbtp: -1.0, clip: false, ..Settings::default() };
    // Samples at -3 dBFS stay as they are although the wave reaches 0 dBTP.
    let (out, _) = limit(settings, std::slice::from_ref(&x), rate, 512);
    assert_eq!(out[0][..x.len()], x);
}

/// Six seconds from the middle of a recording, stereo at 44.1 kHz, or the reason why not.
fn recording(name: &str) -> Result<[Vec<f64>; 2], String> {
    let path = format!("{}/../../../shared/audio/mastered/{name}", env!("CARGO_MANIFEST_DIR"));
    if !std::path::Path::new(&path).exists() {
        return Err(format!("{name} is not here"));
    }
    let arguments =
        ["-v", "error", "-ss", "15", "-t", "6", "-i", &path, "-ac", "2", "-ar", "44100", "-f", "f32le", "-"];
    let output = std::process::Command::new("ffmpeg")
        .args(arguments)
        .output()
        .map_err(|e| format!("no ffmpeg: {e}"))?;
    let samples: Vec<f64> =
        output.stdout.as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect();
    let plane = |channel: usize| samples.iter().skip(channel).step_by(2).copied().collect();
    if samples.len() < 2 * 44_100 { Err(format!("{name}: not decoded")) } else { Ok([plane(0), plane(1)]) }
}

#[test]
fn recordings_driven_by_six_decibels_stay_below_the_ceiling() {
    for name in ["loud_hacienda.ogg", "dynamic_harvest_moon.ogg", "overlimited_skyvibe_40s.ogg"] {
        match recording(name) {
            Ok(planes) => assert_below_ceiling(name, driven(6.0), &planes, 44_100.0),
            Err(reason) => println!("skipped: {reason}"),
        }
    }
}
