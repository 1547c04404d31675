use super::*;

/// Largest difference in decibels between section and prototype, 10 Hz to `top_hz`, where the prototype is above
/// `floor_db`.
fn worst(curve: Curve, f0: f64, gain_db: f64, q: f64, rate: f64, top_hz: f64, floor_db: f64) -> f64 {
    let (shape, analogue) = (design(curve, f0, gain_db, q, rate), Analogue::new(curve, f0, gain_db, q));
    assert!(
        shape.g > 0.0 && shape.k > 0.0 && shape.g.is_finite(),
        "{curve:?} {f0} {gain_db} {q} {rate}: {shape:?}"
    );
    let linear = (1..=400).map(|i| top_hz * f64::from(i) / 400.0);
    let log = (0..200).map(|i| 10.0 * libm::pow(top_hz / 10.0, f64::from(i) / 200.0));
    let near =
        (-30..=30).map(|i| f0 * (1.0 + f64::from(i) / (30.0 * q))).filter(|f| (10.0..=top_hz).contains(f));
    linear.chain(log).chain(near).fold(0.0, |m: f64, f| {
        let want = analogue.magnitude_db(f);
        if want < floor_db { m } else { m.max((shape.magnitude_db(f, rate) - want).abs()) }
    })
}

const CORNERS: [f64; 12] =
    [20.0, 100.0, 400.0, 1_000.0, 2_500.0, 4_000.0, 6_300.0, 8_000.0, 10_000.0, 12_500.0, 16_000.0, 20_000.0];

fn survey(curve: Curve, gains: &[f64], qs: &[f64], rate: f64, floor_db: f64) -> f64 {
    let top = f64::min(18_000.0 / 44_100.0 * rate, 20_000.0);
    let mut total: f64 = 0.0;
    let mut line = String::new();
    for f0 in CORNERS {
        let mut here: (f64, f64, f64) = (0.0, 0.0, 0.0);
        for &gain in gains {
            for &q in qs {
                let e = worst(curve, f0, gain, q, rate, top, floor_db);
                if e > here.0 {
                    here = (e, gain, q);
                }
            }
        }
        line += &format!(" {f0}:{:.3}({},{})", here.0, here.1, here.2);
        total = total.max(here.0);
    }
    println!("{curve:?} at {rate}:{line}");
    total
}

#[test]
fn bells_stay_within_a_tenth_of_a_decibel_of_the_analogue_bell() {
    for rate in [44_100.0, 48_000.0, 96_000.0] {
        let e = survey(
            Curve::Bell,
            &[-12.0, -6.0, 3.0, 12.0],
            &[0.3, 0.707, 1.0, 2.0, 5.0, 10.0, 40.0],
            rate,
            -100.0,
        );
        assert!(e <= 0.1, "{rate}: {e}");
    }
    let e = survey(Curve::Bell, &[-24.0, -18.0, 18.0, 24.0], &[0.4, 1.0, 2.0, 3.0, 40.0], 44_100.0, -100.0);
    assert!(e <= 0.2, "{e}");
}

#[test]
fn shelves_stay_within_a_tenth_of_a_decibel_of_the_analogue_shelf() {
    for curve in [Curve::LowShelf, Curve::HighShelf] {
        for rate in [44_100.0, 48_000.0, 96_000.0] {
            let e = survey(curve, &[-12.0, -6.0, 3.0, 12.0], &[0.5, 0.707, 1.0], rate, -100.0);
            assert!(e <= 0.1, "{curve:?} {rate}: {e}");
        }
        let e = survey(curve, &[-24.0, 24.0], &[0.5, 0.707, 1.0], 44_100.0, -100.0);
        assert!(e <= 0.2, "{curve:?}: {e}");
    }
    for curve in [Curve::LowShelf1, Curve::HighShelf1, Curve::Tilt] {
        let e = survey(curve, &[-12.0, -6.0, 3.0, 6.0, 12.0], &[1.0], 44_100.0, -100.0);
        assert!(e <= 0.1, "{curve:?}: {e}");
    }
}

#[test]
fn the_passing_filters_keep_their_slope_near_the_top() {
    for (curve, qs, limit) in [
        (Curve::HighPass, &[0.51, 0.707, 1.31][..], 0.3),
        (Curve::LowPass, &[0.51, 0.707, 1.31][..], 0.15),
        (Curve::HighPass1, &[1.0][..], 0.05),
        (Curve::LowPass1, &[1.0][..], 0.1),
        (Curve::BandPass, &[0.5, 1.0, 5.0][..], 0.25),
        (Curve::Notch, &[0.5, 1.0, 5.0, 20.0][..], 0.25),
    ] {
        for rate in [44_100.0, 96_000.0] {
            let e = survey(curve, &[0.0], qs, rate, -40.0);
            assert!(e <= limit, "{curve:?} {rate}: {e}");
        }
    }
}

#[test]
fn cascades_are_butterworth_at_every_slope() {
    for order in 1..=8_usize {
        for (high, f0) in [(true, 80.0), (false, 8_000.0), (true, 3_000.0)] {
            let sections = pass_filter(high, order, f0, 0.5_f64.sqrt(), 48_000.0);
            for f in [20.0, 40.0, 80.0, 300.0, 2_000.0, 5_000.0, 8_000.0, 12_000.0, 18_000.0] {
                let ratio: f64 = if high { f0 / f } else { f / f0 };
                let want = -10.0 * libm::log10(1.0 + libm::pow(ratio, 2.0 * order as f64));
                let got: f64 = sections.iter().map(|s| s.magnitude_db(f, 48_000.0)).sum();
                // Within 1 % of the decibels removed, and 0.1 dB.
                assert!(
                    (got - want).abs() < 0.1 + 0.01 * want.abs(),
                    "{high} {order} {f0} {f}: {got} {want}"
                );
            }
        }
    }
}

#[test]
fn the_gain_at_zero_frequency_is_exact_and_zero_decibels_are_nothing() {
    for curve in
        [Curve::Bell, Curve::LowShelf, Curve::HighShelf, Curve::LowShelf1, Curve::HighShelf1, Curve::Tilt]
    {
        assert!(design(curve, 500.0, 0.0, 2.0, 44_100.0).is_identity());
    }
    assert!((design(Curve::HighShelf, 9_000.0, 7.0, 0.7, 44_100.0).low - 1.0).abs() < 1e-15);
    assert!((design(Curve::LowShelf, 90.0, 6.0, 0.7, 44_100.0).low - db_to_gain(6.0)).abs() < 1e-12);
    assert_eq!(design(Curve::HighPass, 90.0, 6.0, 0.7, 44_100.0).low, 0.0);
}

#[test]
fn a_notch_is_deep_and_an_all_pass_is_flat() {
    let notch = design(Curve::Notch, 10_000.0, 0.0, 4.0, 44_100.0);
    assert!(notch.magnitude_db(10_000.0, 44_100.0) < -200.0);
    let turn = design(Curve::AllPass, 10_000.0, 0.0, 4.0, 44_100.0);
    for f in [30.0, 9_999.0, 10_001.0, 20_000.0] {
        assert!(turn.magnitude_db(f, 44_100.0).abs() < 1e-12);
    }
}

#[test]
fn a_session_at_44_1_and_at_96_khz_has_one_sound() {
    for (curve, f0, gain, q) in [
        (Curve::Bell, 12_000.0, 9.0, 1.0),
        (Curve::HighShelf, 10_000.0, -9.0, 0.7),
        (Curve::LowPass, 14_000.0, 0.0, 0.7),
    ] {
        let (low, high) = (design(curve, f0, gain, q, 44_100.0), design(curve, f0, gain, q, 96_000.0));
        for f in [1_000.0, 8_000.0, 12_000.0, 16_000.0] {
            let difference = low.magnitude_db(f, 44_100.0) - high.magnitude_db(f, 96_000.0);
            assert!(difference.abs() < 0.15, "{curve:?} {f}: {difference}");
        }
    }
}

#[test]
fn every_corner_gives_a_filter_that_can_run() {
    for curve in [
        Curve::Bell,
        Curve::LowShelf,
        Curve::HighShelf,
        Curve::LowShelf1,
        Curve::HighShelf1,
        Curve::HighPass,
        Curve::LowPass,
        Curve::HighPass1,
        Curve::LowPass1,
        Curve::Notch,
        Curve::BandPass,
        Curve::Tilt,
        Curve::AllPass,
    ] {
        for rate in [8_000.0, 44_100.0, 192_000.0] {
            for f0 in [f64::NAN, 0.0, 10.0, 20_000.0, 1e9] {
                for q in [0.0, 0.1, 40.0, 1e9] {
                    for gain in [-24.0, 0.0, 24.0] {
                        let s = design(curve, f0, gain, q, rate);
                        let all = [s.g, s.k, s.high, s.band, s.low];
                        assert!(all.iter().all(|x| x.is_finite()), "{curve:?} {rate} {f0} {q} {gain}: {s:?}");
                        assert!(s.g > 0.0 && s.k > 0.0 && s.coefficients().a2.abs() < 1.0);
                    }
                }
            }
        }
    }
}
