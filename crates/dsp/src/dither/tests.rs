use super::*;
use crate::math;
use testkit::measure::rms;

fn quantise(input: &[f64], bits: u16, dither: Dither) -> Vec<i32> {
    let mut output = vec![0; input.len()];
    Quantiser::new(bits, dither, 1, 0).process(input, &mut output);
    output
}

/// Total error in LSB of a constant of `dc_lsb`.
fn error_of_dc(dc_lsb: f64, dither: Dither, frames: usize) -> Vec<f64> {
    let x = dc_lsb / 32_768.0;
    quantise(&vec![x; frames], 16, dither).iter().map(|y| f64::from(*y) - dc_lsb).collect()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

/// `1 + Σ p_j z^-j` at `w` radians per sample: its power, in dB.
fn polynomial_db(p: impl Iterator<Item = f64>, w: f64) -> f64 {
    let (mut re, mut im) = (1.0, 0.0);
    for (j, p) in p.enumerate() {
        let angle = w * (j + 1) as f64;
        re += p * math::cos(angle);
        im -= p * math::sin(angle);
    }
    math::power_to_db(re * re + im * im)
}

/// Zeros of the noise transfer: `1 + a - c`, filled up to equal length.
fn zeros(shaper: Shaper) -> Vec<f64> {
    let (c, a) = (shaper.coefficients(), shaper.poles());
    let at = |list: &[f64], j: usize| list.get(j).copied().unwrap_or(0.0);
    (0..c.len().max(a.len())).map(|j| at(a, j) - at(c, j)).collect()
}

/// Noise transfer at `w` radians per sample, in dB, straight from the coefficients.
fn transfer_db(shaper: Shaper, w: f64) -> f64 {
    polynomial_db(zeros(shaper).into_iter(), w) - polynomial_db(shaper.poles().iter().copied(), w)
}

/// Schur-Cohn: all zeros of `z^n + p1 z^(n-1) …` lie inside the unit circle if every reflection is below one.
fn stable(p: &[f64]) -> bool {
    let mut a: Vec<f64> = core::iter::once(1.0).chain(p.iter().copied()).collect();
    while a.len() > 1 {
        let k = a[a.len() - 1] / a[0];
        if k.abs() >= 1.0 {
            return false;
        }
        let last = a.len() - 1;
        a = (0..last).map(|i| (a[i] - k * a[last - i]) / (1.0 - k * k)).collect();
    }
    true
}

#[test]
fn triangular_dither_makes_mean_and_variance_independent_of_the_signal() {
    for dither in [Dither::Triangular, Dither::HighPass] {
        for step in 1..=20 {
            let dc = f64::from(step) / 20.0;
            let error = error_of_dc(dc, dither, 40_000);
            let variance = error.iter().map(|e| e * e).sum::<f64>() / 40_000.0 - mean(&error) * mean(&error);
            assert!(mean(&error).abs() < 0.011, "{dither:?} {dc}: mean {}", mean(&error));
            assert!((variance - 0.25).abs() < 0.01, "{dither:?} {dc}: variance {variance}");
        }
    }
}

#[test]
fn without_dither_a_small_constant_is_lost_and_with_it_it_is_kept() {
    assert!(error_of_dc(0.3, Dither::None, 4000).iter().all(|e| (*e + 0.3).abs() < 1e-12));
    assert!(mean(&error_of_dc(0.3, Dither::Triangular, 40_000)).abs() < 0.011);
}

#[test]
fn the_floor_at_16_bits_is_minus_96_33_dbfs_and_minus_101_1_undithered() {
    let frames = 100_000;
    let music: Vec<f64> =
        (0..frames).map(|n| 0.3 * math::sin(n as f64 * 0.0731) + 0.2 * math::sin(n as f64 * 0.412)).collect();
    let floor_db = |dither, bits: u16| {
        let scale = math::pow(2.0, f64::from(bits) - 1.0);
        let out = quantise(&music, bits, dither);
        let error: Vec<f64> = out.iter().zip(&music).map(|(y, x)| f64::from(*y) / scale - x).collect();
        math::gain_to_db(rms(&error))
    };
    assert!((floor_db(Dither::Triangular, 16) + 96.33).abs() < 0.05);
    assert!((floor_db(Dither::HighPass, 16) + 96.33).abs() < 0.05);
    assert!((floor_db(Dither::None, 16) + 101.10).abs() < 0.05);
    assert!((floor_db(Dither::Triangular, 24) + 144.49).abs() < 0.05);
    assert!((floor_db(Dither::Triangular, 20) + 120.41).abs() < 0.05);
}

#[test]
fn every_table_is_minimum_phase_with_a_log_integral_of_zero() {
    for shaper in Shaper::ALL {
        // Gerzon and Craven: the mean of log|N| is zero for a minimum-phase shaper and positive for any other.
        let n = 20_000;
        let integral_db =
            (0..n).map(|k| transfer_db(shaper, math::PI * (f64::from(k) + 0.5) / f64::from(n))).sum::<f64>()
                / f64::from(n);
        assert!(integral_db.abs() < 0.01, "{shaper:?}: {integral_db} dB");
        assert!(stable(&zeros(shaper)) && stable(shaper.poles()), "{shaper:?}");
    }
    assert_eq!(Shaper::FWeighted24.coefficients().len(), 24);
}

#[test]
fn the_known_bad_copy_of_the_24_taps_would_be_caught() {
    let mut bad = Shaper::FWeighted24.coefficients().to_vec();
    bad.splice(8..8, [-0.749_277, 0.512_386]);
    let n = 20_000;
    let integral_db = (0..n)
        .map(|k| polynomial_db(bad.iter().map(|c| -c), math::PI * (f64::from(k) + 0.5) / f64::from(n)))
        .sum::<f64>()
        / f64::from(n);
    assert!(integral_db > 0.1, "{integral_db}");
    assert!(!stable(&bad.iter().map(|c| -c).collect::<Vec<_>>()));
}

#[test]
fn tables_have_the_total_noise_gain_of_the_literature() {
    // The first six by the papers' tables. The others measured on 16-bit files that SoX 14.4.2 wrote with `dither -f`, 2026-11-21: error power
    // of a 997 Hz tone over that of plain triangular dither.
    let gains = [12.2, 6.6, 18.4, 17.3, 7.6, 23.1, 24.18, 15.78, 21.26, 15.91, 14.01, 13.44];
    for (shaper, want_db) in Shaper::ALL.into_iter().zip(gains) {
        let response = Quantiser::new(16, Dither::Shaped(shaper), 0, 0);
        let power: f64 = response.response().map(|h| h * h).sum();
        assert!((math::power_to_db(power) - want_db).abs() < 0.06, "{shaper:?} {}", math::power_to_db(power));
    }
}

#[test]
fn shaped_noise_has_the_spectrum_of_the_formula() {
    use crate::fft::RealFft;
    use crate::window::Window;
    let (size, blocks) = (512, 240);
    let window = Window::Hann.periodic(size);
    for shaper in Shaper::ALL {
        let error = error_of_dc(1234.4, Dither::Shaped(shaper), size * blocks + 64);
        let mut plan = RealFft::new(size);
        let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
        let mut power = vec![0.0; plan.bins()];
        for block in error[64..].chunks_exact(size) {
            let windowed: Vec<f64> = block.iter().zip(&window).map(|(x, w)| x * w).collect();
            plan.forward(&windowed, &mut re, &mut im);
            power.iter_mut().zip(re.iter().zip(&im)).for_each(|(p, (a, b))| *p += a * a + b * b);
        }
        // Variance 1/4 LSB², Hann noise gain 3/8; averaged over 8 bins to calm the estimate.
        for first in (8..size / 2 - 8).step_by(8) {
            let got = power[first..first + 8].iter().sum::<f64>() / (8 * blocks * size) as f64 / 0.375 / 0.25;
            let want = (first..first + 8)
                .map(|k| math::db_to_power(transfer_db(shaper, math::TAU * k as f64 / size as f64)))
                .sum::<f64>()
                / 8.0;
            let difference_db = math::power_to_db(got / want);
            // Three sigma of 240 × 8 windowed estimates is 0.4 dB; deep notches fill up a little by leakage.
            assert!(difference_db.abs() < 1.0, "{shaper:?} bin {first}: {difference_db} dB");
        }
    }
}

#[test]
fn block_size_changes_no_bit() {
    let input: Vec<f64> =
        (0..5000).map(|n| if n % 2000 < 1500 { 0.5 * math::sin(n as f64 * 0.1) } else { 0.0 }).collect();
    for dither in [
        Dither::None,
        Dither::Triangular,
        Dither::HighPass,
        Dither::Shaped(Shaper::FWeighted9),
        Dither::Shaped(Shaper::Gesemann44),
    ] {
        let whole = quantise(&input, 16, dither);
        for size in [1, 13, 512] {
            let mut quantiser = Quantiser::new(16, dither, 1, 0);
            let mut parts = vec![0; input.len()];
            for (from, to) in input.chunks(size).zip(parts.chunks_mut(size)) {
                quantiser.process(from, to);
            }
            assert_eq!(parts, whole, "{dither:?} {size}");
        }
    }
}

#[test]
fn channels_and_seeds_have_noise_of_their_own() {
    let run = |seed, channel| {
        let mut out = vec![0; 2000];
        Quantiser::new(16, Dither::Triangular, seed, channel).process(&[0.4 / 32_768.0; 2000], &mut out);
        out
    };
    assert_ne!(run(1, 0), run(1, 1));
    assert_ne!(run(1, 0), run(2, 0));
    assert_eq!(run(3, 1), run(3, 1));
}

#[test]
fn samples_on_the_grid_pass_untouched_without_dither() {
    let grid: Vec<i32> = (-8_388_608..8_388_608).step_by(4099).chain([8_388_607]).collect();
    let input: Vec<f64> = grid.iter().map(|y| f64::from(*y) / 8_388_608.0).collect();
    assert_eq!(quantise(&input, 24, Dither::None), grid);
}

#[test]
fn full_scale_is_clamped_and_counted_and_does_not_wind_up_the_shaper() {
    let mut quantiser = Quantiser::new(16, Dither::Shaped(Shaper::ImprovedE), 1, 0);
    let mut out = vec![0; 3000];
    quantiser.process(&[2.0; 1000], &mut out[..1000]);
    assert!(out[..1000].iter().all(|y| *y == 32_767));
    assert_eq!(quantiser.clipped(), 1000);
    quantiser.process(&[0.25; 2000], &mut out[1000..]);
    assert!(out[1000..].iter().all(|y| (y - 8192).abs() < 60), "{:?}", &out[1000..1010]);
    assert_eq!(
        quantise(&[-2.0, 1.0, f64::NAN, f64::INFINITY], 24, Dither::None),
        [-8_388_608, 8_388_607, 0, 0]
    );
}

#[test]
fn digital_silence_is_left_alone_from_the_start_and_after_a_while() {
    for dither in Dither::all().filter(|dither| *dither != Dither::None) {
        assert!(quantise(&[0.0; 5000], 16, dither).iter().all(|y| *y == 0));
        let mut input = vec![0.1; 500];
        input.resize(5000, 1e-16);
        let out = quantise(&input, 16, dither);
        let blank = 500 + BLANK_AFTER_FRAMES as usize;
        assert!(out[500..blank].iter().any(|y| *y != 0), "{dither:?}: short gaps keep their dither");
        assert!(out[blank..].iter().all(|y| *y == 0), "{dither:?}");
    }
}

#[test]
fn the_largest_error_holds() {
    for dither in Dither::all() {
        let bound = Quantiser::new(16, dither, 0, 0).largest_error() * 32_768.0;
        assert!(error_of_dc(100.37, dither, 50_000).iter().all(|e| e.abs() <= bound), "{dither:?}");
    }
}

#[test]
fn high_pass_dither_has_little_noise_at_low_frequencies() {
    let error = error_of_dc(0.37, Dither::HighPass, 65_536);
    // The sum over 64 frames of the dither's part telescopes: what is left is rounding noise, 1/12 LSB² per frame.
    let sums: Vec<f64> = error.chunks_exact(64).map(|c| c.iter().sum::<f64>()).collect();
    let per_frame = sums.iter().map(|s| s * s).sum::<f64>() / sums.len() as f64 / 64.0;
    assert!(per_frame < 0.12, "{per_frame}");
}

#[test]
fn silence_forgets_what_a_shaper_fed_back() {
    // A tone, a long silence, the tone again: as if it were the first time, but for the dither of its place.
    for shaper in [Shaper::Gesemann44, Shaper::Shibata44] {
        let mut quantiser = Quantiser::new(16, Dither::Shaped(shaper), 3, 0);
        let mut out = vec![0; 4000];
        quantiser.process(&vec![0.123; 1000], &mut out[..1000]);
        quantiser.process(&vec![0.0; 3000], &mut out[1000..]);
        assert_eq!((quantiser.errors, quantiser.fed_back), ([0.0; MEMORY], [0.0; POLES]), "{shaper:?}");
    }
}

#[test]
fn names_lead_back_to_what_they_name() {
    for dither in Dither::all() {
        assert_eq!(Dither::from_name(dither.name()), Some(dither));
    }
    assert_eq!(Shaper::from_name("modified_e"), Some(Shaper::ModifiedE));
    assert_eq!((Shaper::from_name("pow_r"), Dither::from_name("")), (None, None));
}
