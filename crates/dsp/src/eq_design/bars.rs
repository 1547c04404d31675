//! The bar: every kind within 0.1 dB of its analogue prototype.

use super::*;

/// Largest error of a corrected section, 20 Hz to 18 kHz, where the prototype is above -60 dB.
fn worst(curve: Curve, f0: f64, gain_db: f64, q: f64, rate: f64) -> f64 {
    let top = 18_000.0;
    let prototype = Analogue::new(curve, f0, gain_db, q);
    let sections = design_exact(curve, f0, gain_db, q, rate);
    let linear = (1..=300).map(|i| top * f64::from(i) / 300.0);
    let log = (0..100).map(|i| 20.0 * libm::pow(top / 20.0, f64::from(i) / 100.0));
    let near = (-40..=40).map(|i| f0 * (1.0 + f64::from(i) / 80.0)).filter(|f| (20.0..=top).contains(f));
    linear.chain(log).chain(near).fold(0.0, |m: f64, f| {
        let want = prototype.magnitude_db(f);
        let have: f64 = sections.iter().map(|s| s.magnitude_db(f, rate)).sum();
        if want < -60.0 { m } else { m.max((have - want).abs()) }
    })
}

const CORNERS: [f64; 12] =
    [20.0, 100.0, 400.0, 1_000.0, 2_500.0, 4_000.0, 6_300.0, 8_000.0, 10_000.0, 12_500.0, 16_000.0, 20_000.0];

const RESONANT: &[f64] = &[0.3, 0.71, 2.0, 10.0, 40.0];
const SHELVES: &[f64] = &[0.4, 0.71, 1.4];

/// A kind with the gains and qualities it is tried at.
const KINDS: [(Curve, &[f64], &[f64]); 11] = [
    (Curve::Bell, &[-24.0, -12.0, 3.0, 12.0, 24.0], RESONANT),
    (Curve::LowShelf, &[-24.0, -12.0, 3.0, 24.0], SHELVES),
    (Curve::HighShelf, &[-24.0, -12.0, 3.0, 24.0], SHELVES),
    (Curve::LowShelf1, &[-24.0, 6.0, 24.0], &[1.0]),
    (Curve::HighShelf1, &[-24.0, 6.0, 24.0], &[1.0]),
    (Curve::Tilt, &[-24.0, 6.0, 24.0], &[1.0]),
    (Curve::BandPass, &[0.0], RESONANT),
    (Curve::Notch, &[0.0], RESONANT),
    (Curve::HighPass, &[0.0], &[0.5, 0.71, 1.31, 2.56, 5.1]),
    (Curve::LowPass, &[0.0], &[0.5, 0.71, 1.31, 2.56, 5.1]),
    (Curve::AllPass, &[0.0], RESONANT),
];

#[test]
fn every_kind_is_within_a_tenth_of_a_decibel_of_its_prototype() {
    let rate = 44_100.0;
    for (curve, gains, qs) in KINDS {
        let mut most = (0.0, 0.0, 0.0, 0.0);
        for f0 in CORNERS {
            for (gain, q) in gains.iter().flat_map(|gain| qs.iter().map(move |q| (*gain, *q))) {
                let e = worst(curve, f0, gain, q, rate);
                most = if e > most.0 { (e, f0, gain, q) } else { most };
            }
        }
        println!("{curve:?}: {:.3} dB at {} Hz, {} dB, Q {}", most.0, most.1, most.2, most.3);
        assert!(most.0 <= 0.1, "{curve:?}: {most:?}");
    }
}

#[test]
fn every_slope_is_within_a_tenth_of_a_decibel_of_butterworth() {
    // Against the closed form, not against sections.
    let (rate, q) = (44_100.0, 0.5_f64.sqrt());
    for high in [true, false] {
        for order in [1, 2, 3, 4, 5, 6, 7, 8, 12, 16] {
            let mut most = (0.0, 0.0, 0.0);
            for f0 in CORNERS {
                let (prototypes, count) = pass_prototypes(high, order, f0, q);
                let mut sections = pass_filter(high, order, f0, q, rate);
                let more = correct(&prototypes[..count], &mut sections[..count], rate);
                for i in 0..=600 {
                    let f = 20.0 * libm::pow(900.0, f64::from(i) / 600.0);
                    let ratio = if high { f0 / f } else { f / f0 };
                    let want = -10.0 * libm::log10(1.0 + libm::pow(ratio, 2.0 * order as f64));
                    let have: f64 = sections.iter().chain(&more).map(|s| s.magnitude_db(f, rate)).sum();
                    if want > -60.0 && (have - want).abs() > most.0 {
                        most = ((have - want).abs(), f0, f);
                    }
                }
            }
            println!(
                "high {high}, {} dB/oct: {:.3} dB at {} Hz, seen at {:.0} Hz",
                6 * order,
                most.0,
                most.1,
                most.2
            );
            assert!(most.0 <= 0.1, "{high} {order}: {most:?}");
        }
    }
}

#[test]
fn sessions_at_44_1_and_96_khz_agree() {
    let mut most = (0.0, Curve::Bell, 0.0, 0.0);
    for (curve, gains, qs) in KINDS {
        for (f0, q) in CORNERS.iter().flat_map(|f0| qs.iter().map(move |q| (*f0, *q))) {
            let prototype = [Analogue::new(curve, f0, gains[0], q)];
            let at = |rate| design_exact(curve, f0, gains[0], q, rate);
            let (low, high) = (at(44_100.0), at(96_000.0));
            for i in 1..=160 {
                let f = 100.0 * f64::from(i);
                let level =
                    |shapes: &[Shape], rate| shapes.iter().map(|s| s.magnitude_db(f, rate)).sum::<f64>();
                let e = (level(&low, 44_100.0) - level(&high, 96_000.0)).abs();
                if prototype[0].magnitude_db(f) > -60.0 && e > most.0 {
                    most = (e, curve, f0, f);
                }
            }
        }
    }
    println!("44.1 against 96 kHz: {most:?}");
    assert!(most.0 <= 0.2, "{most:?}");
}

#[test]
fn what_was_good_enough_keeps_its_bits() {
    for (curve, f0, gain, q) in [(Curve::Bell, 1_000.0, 6.0, 1.0), (Curve::HighShelf, 10_000.0, -9.0, 0.71)] {
        let before = design(curve, f0, gain, q, 48_000.0);
        let mut sections = [before];
        let more = correct(&[Analogue::new(curve, f0, gain, q)], &mut sections, 48_000.0);
        assert!(sections[0] == before && more.iter().all(Shape::is_identity));
    }
}

#[test]
fn every_corner_gives_sections_that_can_run() {
    for rate in [8_000.0, 44_100.0, 192_000.0] {
        for (curve, gains, _) in KINDS {
            for (f0, q) in [10.0, 3_999.0, 20_000.0, 1e9].iter().flat_map(|f| [0.1, 40.0].map(|q| (*f, q))) {
                let mut sections = [design(curve, f0, gains[0], q, rate)];
                let more = correct(&[Analogue::new(curve, f0, gains[0], q)], &mut sections, rate);
                for s in sections.iter().chain(&more) {
                    let all = [s.g, s.k, s.high, s.band, s.low];
                    assert!(
                        all.iter().all(|x| x.is_finite()) && s.g > 0.0 && s.k > 0.0,
                        "{curve:?} {rate} {f0}"
                    );
                }
            }
        }
    }
}
