use super::*;
use crate::block::Buffer;
use crate::resample::{Slope, resample};
use testkit::signals::{noise, sine};

const RATE: f64 = 48_000.0;

fn analyse(planes: &[Vec<f64>], options: Options) -> Spectrum {
    let mut welch = Welch::new(planes.len(), RATE, options);
    welch.push(Buffer::from_planes(planes).view());
    welch.finish()
}

fn with_size(size: usize) -> Options {
    Options { size, ..Options::default() }
}

#[test]
fn a_full_scale_sine_reads_minus_3_01_dbfs_in_its_band_and_nothing_elsewhere() {
    for hz in [50.0, 997.0, 12_345.6] {
        let spectrum = analyse(&[sine(hz, 1.0, 0.4, 2.0, RATE)], with_size(8192));
        let level = spectrum.band_dbfs(0, hz - 40.0, hz + 40.0);
        assert!((level + 3.0103).abs() < 0.01, "{hz}: {level}");
        assert!(spectrum.band_dbfs(0, hz + 200.0, 24_000.0) < -90.0);
    }
}

#[test]
fn the_bands_add_up_to_the_mean_square() {
    let signal = noise(0.5, 1, 96_000);
    let spectrum = analyse(std::slice::from_ref(&signal), with_size(1024));
    // Uniform in ±0.5: a mean square of 1/12.
    let whole = spectrum.band_power(0, 0.0, 24_000.0);
    assert!((math::power_to_db(whole) - math::power_to_db(1.0 / 12.0)).abs() < 0.05);
    let parts: f64 = [(0.0, 333.3), (333.3, 5000.1), (5000.1, 24_000.0)]
        .iter()
        .map(|(a, b)| spectrum.band_power(0, *a, *b))
        .sum();
    assert!((parts / whole - 1.0).abs() < 1e-12);
    assert!((spectrum.band_power(0, 1000.0, 4000.0) / whole - 3000.0 / 24_000.0).abs() < 0.005);
}

#[test]
fn white_noise_rises_a_decibel_per_third_octave() {
    let bands = analyse(&[noise(1.0, 2, 480_000)], Options::default()).third_octaves(0);
    assert_eq!(bands.len(), 31);
    for pair in bands[12..].windows(2) {
        assert!((pair[1].level_dbfs - pair[0].level_dbfs - 1.0).abs() < 0.35, "{pair:?}");
    }
    // Width of the band at 1 kHz by hand: 1000 (10^0.05 - 10^-0.05) = 230.8 Hz of 24 kHz, re a mean square of 1/3.
    let want = 10.0 * math::log10(230.77 / 24_000.0 / 3.0);
    assert!((bands[17].level_dbfs - want).abs() < 0.2, "{} {want}", bands[17].level_dbfs);
}

#[test]
fn mid_and_side_tell_what_is_common_from_what_is_not() {
    let (a, b) = (sine(1000.0, 0.5, 0.0, 1.0, RATE), sine(3000.0, 0.25, 0.0, 1.0, RATE));
    let left: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
    let right: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    let of = |planes| {
        analyse(&[left.clone(), right.clone()], Options { planes, size: 4096, ..Options::default() })
    };
    let (mid, side) = (of(Planes::Mid), of(Planes::Side));
    assert!((mid.band_dbfs(0, 900.0, 1100.0) + 9.03).abs() < 0.01);
    assert!((side.band_dbfs(0, 2900.0, 3100.0) + 15.05).abs() < 0.01);
    assert!(mid.band_dbfs(0, 2900.0, 3100.0) < -100.0 && side.band_dbfs(0, 900.0, 1100.0) < -100.0);
}

#[test]
fn the_mean_is_over_channels_and_mono_has_no_side() {
    let tone = sine(1000.0, 1.0, 0.0, 1.0, RATE);
    let mean = analyse(
        &[tone.clone(), vec![0.0; tone.len()]],
        Options { planes: Planes::Mean, ..Options::default() },
    );
    assert!((mean.band_dbfs(0, 900.0, 1100.0) + 6.02).abs() < 0.01);
    let of = |planes| analyse(std::slice::from_ref(&tone), Options { planes, ..Options::default() });
    assert!((of(Planes::Mid).band_dbfs(0, 900.0, 1100.0) + 3.01).abs() < 0.01);
    assert_eq!(of(Planes::Side).band_dbfs(0, 0.0, 24_000.0), f64::NEG_INFINITY);
}

#[test]
fn quiet_stretches_do_not_pull_the_average_down() {
    let mut signal = sine(1000.0, 0.5, 0.0, 1.0, RATE);
    signal.extend(vec![0.0; 96_000]);
    let gated = analyse(&[signal.clone()], with_size(1024));
    assert!((gated.band_dbfs(0, 800.0, 1200.0) + 9.03).abs() < 0.1);
    assert!(gated.skipped() > 150);
    let silent = analyse(&[vec![0.0; 9000]], with_size(1024));
    assert_eq!(
        (silent.blocks(), silent.centroid_hz(0, 0.0, 24_000.0), silent.flatness(0, 0.0, 24_000.0)),
        (0, None, None)
    );
}

#[test]
fn a_stream_shorter_than_a_block_keeps_its_level() {
    let spectrum = analyse(&[sine(1000.0, 1.0, 0.0, 0.1, RATE)], with_size(16_384));
    assert!(
        (spectrum.band_dbfs(0, 900.0, 1100.0) + 3.01).abs() < 0.05,
        "{}",
        spectrum.band_dbfs(0, 900.0, 1100.0)
    );
    assert_eq!(analyse(&[Vec::new()], with_size(1024)).blocks(), 0);
}

#[test]
fn centroid_flatness_and_tilt_have_their_known_values() {
    let white = analyse(&[noise(1.0, 3, 960_000)], with_size(1024));
    assert!((white.centroid_hz(0, 0.0, 24_000.0).unwrap() - 12_000.0).abs() < 60.0);
    assert!(white.flatness(0, 100.0, 20_000.0).unwrap() > 0.99);
    assert!((white.tilt_db_per_octave(0, 200.0, 16_000.0).unwrap() - 3.01).abs() < 0.1);
    let tone = analyse(&[sine(3000.0, 1.0, 0.0, 1.0, RATE)], with_size(4096));
    assert!((tone.centroid_hz(0, 0.0, 24_000.0).unwrap() - 3000.0).abs() < 1.0);
    assert!(tone.flatness(0, 100.0, 20_000.0).unwrap() < 1e-4);
}

#[test]
fn the_smoothed_curve_is_24_points_per_octave_of_band_levels() {
    let spectrum = analyse(&[noise(1.0, 4, 480_000)], Options::default());
    let curve = spectrum.smoothed(0, 24, 20.0, 40_000.0);
    assert!(curve.iter().any(|point| point.centre_hz == 1000.0));
    assert!((curve[24].centre_hz / curve[0].centre_hz - 2.0).abs() < 1e-12);
    assert!(curve[0].centre_hz >= 20.0 && curve[curve.len() - 1].centre_hz <= 24_000.0);
    for point in curve.iter().filter(|point| (1000.0..15_000.0).contains(&point.centre_hz)) {
        // Band width over 24 kHz, re 1/3.
        let want = math::power_to_db((point.high_hz - point.low_hz) / 24_000.0 / 3.0);
        assert!((point.level_dbfs - want).abs() < 1.2, "{point:?} {want}");
    }
}

/// Noise that falls by 12 dB per octave above 200 Hz or so, like the top of music.
fn music_like(seed: u64, frames: usize) -> Vec<f64> {
    let (mut slow, mut state) = (0.0, 0.0);
    noise(1.0, seed, frames)
        .into_iter()
        .map(|x| {
            slow += 0.03 * (x - slow);
            state += 0.3 * (slow - state);
            state
        })
        .collect()
}

#[test]
fn a_wall_is_found_where_it_was_planted_and_not_in_its_clean_twin() {
    for wall_hz in [16_000.0, 19_000.0, 20_500.0] {
        let clean = music_like(5, 240_000);
        // Down to a rate whose Nyquist frequency is the wall and back; a little dither noise as encoders and files have it.
        let low = (2.0 * wall_hz) as u32;
        let narrow = resample(std::slice::from_ref(&clean), 48_000, low, Slope::Steep).unwrap();
        let mut walled = resample(&narrow, low, 48_000, Slope::Steep).unwrap();
        walled[0].iter_mut().zip(noise(1e-7, 6, 240_000)).for_each(|(x, n)| *x += n);
        let found = analyse(&walled, with_size(8192)).cutoff(0, 10_000.0, 23_000.0, 40.0).unwrap();
        assert!((found.hz - wall_hz).abs() < 500.0, "{wall_hz}: {found:?}");
        assert!(found.drop_db > 40.0);
        assert_eq!(analyse(&[clean], with_size(8192)).cutoff(0, 10_000.0, 23_000.0, 40.0), None);
    }
}

#[test]
fn block_size_changes_no_bit() {
    let planes = [noise(0.5, 7, 9000), noise(0.5, 8, 9000)];
    let whole = analyse(&planes, with_size(512));
    let buffer = Buffer::from_planes(&planes);
    for size in [1, 100, 513] {
        let mut welch = Welch::new(2, RATE, with_size(512));
        for start in (0..9000).step_by(size) {
            welch.push(buffer.view().slice(start, size));
        }
        assert_eq!(welch.finish(), whole, "{size}");
    }
}

#[test]
fn broken_samples_and_missing_planes_do_no_harm() {
    let spectrum = analyse(&[[f64::NAN, f64::INFINITY, 1.0, 0.5].repeat(2000)], with_size(512));
    assert!(spectrum.power(0).iter().all(|p| p.is_finite()));
    assert_eq!(spectrum.band_power(7, 0.0, 1000.0), 0.0);
    assert_eq!(spectrum.cutoff(7, 10_000.0, 20_000.0, 40.0), None);
    assert_eq!(spectrum.band_power(0, f64::NAN, 1000.0), 0.0);
}

/// A spectrum of 48 kHz in bins of 10 Hz.
fn drawn(level: impl Fn(usize) -> f64) -> Spectrum {
    let power = vec![(0..=2400).map(level).collect()];
    Spectrum { sample_rate_hz: RATE, size: 4800, blocks: 1, skipped: 0, power }
}

#[test]
fn what_stands_still_and_what_changes_every_frame_have_their_mean_square_too() {
    for signal in [vec![0.5; 8192], [0.5, -0.5].repeat(4096)] {
        let spectrum = analyse(&[signal], with_size(1024));
        assert!((spectrum.band_power(0, 0.0, 24_000.0) - 0.25).abs() < 1e-9);
    }
}

#[test]
fn flatness_is_the_geometric_over_the_arithmetic_mean() {
    // By hand: √(1 · 4) / 2.5, however loud.
    for level in [1.0, 1e-6] {
        let spectrum = drawn(|k| if k % 2 == 0 { 4.0 * level } else { level });
        assert!((spectrum.flatness(0, 1000.0, 1990.0).unwrap() - 0.8).abs() < 1e-12);
    }
}

#[test]
fn points_of_the_smoothed_curve_are_as_wide_as_they_are_apart() {
    for (per_octave, ratio) in [(1, 2.0), (3, 1.259_921_049_894_873), (24, 1.029_302_236_643_492)] {
        let curve = drawn(|_| 1e-6).smoothed(0, per_octave, 100.0, 10_000.0);
        assert!(curve.len() > 5);
        for pair in curve.windows(2) {
            assert!((pair[0].high_hz / pair[0].low_hz - ratio).abs() < 1e-12, "{per_octave}: {pair:?}");
            assert!((pair[0].high_hz - pair[1].low_hz).abs() < 1e-8, "{per_octave}: {pair:?}");
            // A millionth every 10 Hz.
            let wanted = math::power_to_db(1e-7 * (pair[0].high_hz - pair[0].low_hz));
            assert!((pair[0].level_dbfs - wanted).abs() < 1e-6, "{per_octave}: {pair:?}");
        }
    }
}

#[test]
fn the_floor_above_a_wall_is_a_density() {
    // -40 dB per bin of 10 Hz, above 16 kHz -120 dB: that is -130 dB per Hz, 80 dB down.
    let found = drawn(|k| if k < 1600 { 1e-4 } else { 1e-12 }).cutoff(0, 10_000.0, 23_000.0, 40.0).unwrap();
    assert!((found.floor_db_per_hz + 130.0).abs() < 1e-6, "{found:?}");
    assert!((found.drop_db - 80.0).abs() < 1e-6 && (found.hz - 16_000.0).abs() <= 100.0, "{found:?}");
}

#[test]
fn every_block_is_shown_with_its_number_and_blocks_add_up_to_the_spectrum() {
    let options = Options { size: 1024, planes: Planes::Mid, ..Options::default() };
    let hiss = noise(0.3, 9, 8192);
    // Silence in the middle: blocks 4 to 6 lie wholly in it and do not count.
    let plane: Vec<f64> =
        hiss.iter().enumerate().map(|(n, x)| if (2048..4096).contains(&n) { 0.0 } else { *x }).collect();
    let audio = Buffer::from_planes(&[plane.clone(), plane]);
    let mut welch = Welch::new(2, 48_000.0, options);
    let (mut numbers, mut sums) = (Vec::new(), vec![0.0; 513]);
    welch.push_each(audio.view(), |number, powers| {
        numbers.push(number);
        sums.iter_mut().zip(powers).for_each(|(sum, power)| *sum += power);
    });
    let wanted: Vec<u64> = (0..15).filter(|n| !(4..7).contains(n)).collect();
    assert_eq!(numbers, wanted);
    let scale = 1.0 / (welch.block_scale() * numbers.len() as f64);
    let spectrum = welch.finish();
    for (bin, power) in spectrum.power(0).iter().enumerate().skip(1).take(500) {
        assert!((sums[bin] * scale / power - 1.0).abs() < 1e-12, "bin {bin}");
    }
}

#[test]
fn blocks_side_by_side_are_half_as_many_and_tell_the_same() {
    assert_eq!(Spacing::for_length(60 * 48_000, 48_000.0), Spacing::Whole);
    assert_eq!(Spacing::for_length(60 * 48_000 - 1, 48_000.0), Spacing::Half);
    let signal = noise(0.5, 4, 62 * 8_000);
    let [half, whole] = [Spacing::Half, Spacing::Whole].map(|spacing| {
        analyse(std::slice::from_ref(&signal), Options { size: 1024, spacing, ..Options::default() })
    });
    assert_eq!((half.blocks(), whole.blocks()), (2 * (62 * 8_000 / 1024) - 1, 62 * 8_000 / 1024));
    // Noise: a band of 200 bins averaged over 484 blocks is sure to 0.014 dB, one deviation.
    for low_hz in [1_000.0, 5_000.0, 14_000.0] {
        let [half, whole] = [&half, &whole].map(|spectrum| spectrum.band_dbfs(0, low_hz, low_hz + 9_000.0));
        assert!((half - whole).abs() < 0.06, "{low_hz}: {half} {whole}");
    }
    // Blocks that do not overlap begin where the one before ended.
    let mut clicks = vec![0.0; 4096];
    clicks[1024 + 512] = 1.0;
    let mut welch =
        Welch::new(1, RATE, Options { size: 1024, spacing: Spacing::Whole, ..Options::default() });
    let mut heard = Vec::new();
    welch.push_each(Buffer::from_planes(&[clicks]).view(), |number, _| heard.push(number));
    assert_eq!(heard, [1]);
}
