use super::*;

#[test]
fn the_fast_tangent_agrees_with_the_slow_one() {
    for n in -30_000..=30_000 {
        let x = f64::from(n) * 1e-3;
        assert!((tanh_fast(x) - libm::tanh(x)).abs() < 1e-12, "{x}");
        let small = f64::from(n) * 1e-9;
        assert!((tanh_fast(small) - libm::tanh(small)).abs() < 1e-15, "{small}");
    }
    assert_eq!(tanh_fast(0.0), 0.0);
    assert_eq!(tanh_fast(1e300), 1.0);
    assert_eq!(tanh_fast(-1e300), -1.0);
}

#[test]
fn the_soft_clipper_joins_its_pieces_with_two_derivatives() {
    for knee in [0.0, 0.5, 0.8, 0.9] {
        let (h, end) = (1e-4, 2.0 - knee);
        for x in [knee + h, end - h] {
            // The curvature on the bend near its ends is as small as h asks: no step from the straight parts.
            let d2 = (soft_clip(x + h, knee) - 2.0 * soft_clip(x, knee) + soft_clip(x - h, knee)) / (h * h);
            assert!(d2.abs() < 0.1 / (1.0 - knee) / (1.0 - knee), "knee {knee} x {x}: {d2}");
        }
        let slope = (soft_clip(knee + h, knee) - soft_clip(knee, knee)) / h;
        assert!((slope - 1.0).abs() < 1e-4, "{slope}");
        assert_eq!(soft_clip(knee * 0.7, knee), knee * 0.7);
        assert!((soft_clip(end, knee) - 1.0).abs() < 1e-15);
        assert_eq!(soft_clip(-50.0, knee), -soft_clip(50.0, knee));
        let values: Vec<f64> = (0..3000).map(|n| soft_clip(f64::from(n) * 1e-3, knee)).collect();
        assert!(values.windows(2).all(|w| w[1] >= w[0] && w[1] <= 1.0 + 1e-15));
    }
}

#[test]
fn the_antiderivative_is_that_of_the_soft_clipper() {
    for knee in [0.3, 0.8] {
        for n in -300..300 {
            let x = f64::from(n) * 0.01;
            let h = 1e-5;
            let slope =
                (soft_clip_antiderivative(x + h, knee) - soft_clip_antiderivative(x - h, knee)) / (2.0 * h);
            assert!((slope - soft_clip(x, knee)).abs() < 1e-8, "{x}: {slope}");
        }
    }
}

#[test]
fn antiderivative_antialiasing_suppresses_the_alias_of_a_high_tone() {
    // A clipped sine at bin 1801 of 8192: its third harmonic folds to bin 8192 - 5403 = 2789.
    let rate = 8192.0;
    let sine = |n: f64| 2.0 * libm::sin(core::f64::consts::TAU * 1801.0 * n / rate);
    let plain: Vec<f64> = (0..8192).map(|n| soft_clip(sine(f64::from(n)), 0.5)).collect();
    let mut adaa = Adaa::default();
    let better: Vec<f64> = (-1..8192)
        .map(|n| adaa.next(sine(f64::from(n)), |x| soft_clip(x, 0.5), |x| soft_clip_antiderivative(x, 0.5)))
        .skip(1)
        .collect();
    let alias = |signal: &[f64]| testkit::measure::tone(signal, 2789.0, rate).0;
    // A box of one sample weighs the third harmonic by sinc(5403/8192) = 0.42; a chord under the sine does a little more.
    let ratio = alias(&better) / alias(&plain);
    assert!((0.1..0.43).contains(&ratio), "{ratio}");
}

#[test]
fn every_curve_rests_at_zero_with_unit_slope() {
    for curve in [Curve::Tape, Curve::Tube, Curve::SoftClip, Curve::HardClip, Curve::Transformer] {
        for asymmetry in [-1.0, -0.4, 0.0, 0.7, 1.0] {
            let bias = working_point(curve, asymmetry);
            let mut samples = [0.0, 1e-6, -1e-6];
            shape(curve, bias, &mut samples);
            assert_eq!(samples[0], 0.0, "{curve:?} {asymmetry}");
            let slope = (samples[1] - samples[2]) / 2e-6;
            assert!((slope - 1.0).abs() < 1e-6, "{curve:?} {asymmetry}: {slope}");
        }
    }
}

#[test]
fn symmetric_curves_have_odd_harmonics_only_and_the_tube_has_a_second_above_the_third() {
    let harmonics = |curve, asymmetry, peak: f64| {
        let mut samples: Vec<f64> =
            (0..1024).map(|n| peak * libm::sin(core::f64::consts::TAU * f64::from(n) / 1024.0)).collect();
        shape(curve, working_point(curve, asymmetry), &mut samples);
        let one = testkit::measure::tone(&samples, 1.0, 1024.0).0;
        [2.0, 3.0, 4.0, 5.0].map(|k| testkit::measure::tone(&samples, k, 1024.0).0 / one)
    };
    for curve in [Curve::Tape, Curve::SoftClip] {
        let [h2, h3, h4, _] = harmonics(curve, 0.0, 1.2);
        assert!(h2 < 1e-12 && h4 < 1e-12 && h3 > 0.01, "{curve:?} {h2} {h3} {h4}");
        assert!(harmonics(curve, 0.5, 1.2)[0] > 0.01);
    }
    // tanh(x) = x - x^3/3 + 2x^5/15 - 17x^7/315: the third harmonic of a sine of 0.25 by hand, and the soft
    // clipper has none below its knee.
    let a = 0.25_f64;
    let third = a * a * a / 12.0 - a * a * a * a * a / 24.0;
    let first = a - a * a * a / 4.0 + a * a * a * a * a / 12.0;
    assert!((harmonics(Curve::Tape, 0.0, a)[1] - third / first).abs() < 5e-5);
    assert!(harmonics(Curve::SoftClip, 0.0, 0.49)[1] < 1e-12);
    let [h2, h3, h4, h5] = harmonics(Curve::Tube, 0.0, 0.25);
    assert!(h2 > 5.0 * h3 && h3 > h4 && h4 > h5, "{h2} {h3} {h4} {h5}");
    // Second over first of a biased tangent: tanh(bias) · peak / 2 to first order.
    assert!((h2 - 0.5 * libm::tanh(0.4) * 0.25).abs() < 0.003, "{h2}");
}

/// Amplitude of harmonic `k` (odd) of tanh(a sin θ): tanh z = Σ 2z/(z² + p²) over p = (n - ½)π, each term of which has the
/// Fourier coefficient 4 e^(-ks) / √(a² + p²) with sinh s = p/a.
pub(super) fn tanh_harmonic(a: f64, k: f64) -> f64 {
    (1..200_000)
        .map(|n| {
            let p = (f64::from(n) - 0.5) * core::f64::consts::PI;
            4.0 * libm::exp(-k * libm::asinh(p / a)) / libm::sqrt(a * a + p * p)
        })
        .sum()
}

/// Amplitude of harmonic `k` (odd) of a sine of peak `a` above 1, clipped at 1: with the clipping angle c = asin(1/a).
fn clipped_harmonic(a: f64, k: f64) -> f64 {
    let c = libm::asin(1.0 / a);
    let (sin, cos, pi) = (libm::sin, libm::cos, core::f64::consts::PI);
    if k == 1.0 {
        return 2.0 / pi * (a * (c - 0.5 * sin(2.0 * c)) + 2.0 * cos(c));
    }
    let inner = a * (sin((k - 1.0) * c) / (k - 1.0) - sin((k + 1.0) * c) / (k + 1.0));
    2.0 / pi * (inner + 2.0 * cos(k * c) / k)
}

#[test]
fn tape_and_hard_clip_have_the_harmonics_of_their_fourier_series() {
    for peak in [0.5, 1.1, 3.0, 12.0] {
        let mut tape: Vec<f64> = (0..65_536)
            .map(|n| peak * libm::sin(core::f64::consts::TAU * (f64::from(n) + 0.25) / 65_536.0))
            .collect();
        let mut hard = tape.clone();
        shape(Curve::Tape, 0.0, &mut tape);
        shape(Curve::HardClip, 0.0, &mut hard);
        for k in [1.0, 3.0, 5.0, 9.0] {
            let got = testkit::measure::tone(&tape, k, 65_536.0).0;
            // The sum over p leaves out 4/p of the tail for the first harmonic only.
            assert!((got - tanh_harmonic(peak, k)).abs() < 3e-6 * peak, "tape {peak} {k}: {got}");
            let got = testkit::measure::tone(&hard, k, 65_536.0).0;
            let want = match (peak > 1.0, k == 1.0) {
                (true, _) => clipped_harmonic(peak, k).abs(),
                (false, true) => peak,
                (false, false) => 0.0,
            };
            assert!((got - want).abs() < 1e-6, "hard {peak} {k}: {got} {want}");
        }
    }
}

#[test]
fn the_second_antiderivative_is_that_of_the_first() {
    for knee in [0.3, 0.5, 0.8] {
        for n in -400..400 {
            let (x, h) = (f64::from(n) * 0.01, 1e-5);
            let slope = (soft_clip_second_antiderivative(x + h, knee)
                - soft_clip_second_antiderivative(x - h, knee))
                / (2.0 * h);
            assert!((slope - soft_clip_antiderivative(x, knee)).abs() < 1e-8, "{knee} {x}: {slope}");
        }
    }
}

#[test]
fn a_steady_signal_passes_the_antialiased_clipper_as_the_curve_has_it() {
    let mut adaa = Adaa::default();
    let mut next = |x| adaa.next(x, |x| soft_clip(x, 0.5), |x| soft_clip_antiderivative(x, 0.5));
    next(0.9);
    // At s = 0.4 of the bend: 0.5 + 0.5 (0.8 - 2·0.064 + 0.0256).
    assert!((next(0.9) - 0.8488).abs() < 1e-12);
    // A step too small to divide by: the curve half way.
    let y = next(0.9 + 8e-6);
    assert!((y - soft_clip(0.9 + 4e-6, 0.5)).abs() < 1e-12, "{y}");
}

#[test]
fn asymmetry_moves_a_tube_by_half_a_ceiling_from_its_own_point() {
    // The tube stands at 0.4 of its ceiling: at an asymmetry of -0.8 it stands in the middle, where it is a tangent.
    let mut samples = [-1.0, -0.3, 0.2, 0.7];
    let wanted = samples.map(libm::tanh);
    shape(Curve::Tube, working_point(Curve::Tube, -0.8), &mut samples);
    for (y, wanted) in samples.iter().zip(wanted) {
        assert!((y - wanted).abs() < 1e-11, "{y} {wanted}");
    }
    assert!((working_point(Curve::Tube, 1.0) - 0.9).abs() < 1e-15);
    assert!((working_point(Curve::Tape, 1.0) - 0.5).abs() < 1e-15);
}
