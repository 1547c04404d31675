use super::*;
use crate::biquad::Shape;
use crate::eq_design::{Curve, design, pass_filter};
use testkit::{measure, signals};

/// The impulse response of sections as a linear-phase filter, by the convolver itself.
fn response(sections: &[Shape], rate: f64) -> Vec<f64> {
    let hop = partition_frames(rate);
    let mut fft = RealFft::new(2 * hop);
    let mut filter = Filter::new(hop);
    Designer::new(hop).design((sections, &[], &[], 1.0), &mut filter, &mut fft);
    let (mut history, mut adder) = (History::new(hop), Adder::new(hop));
    let mut out = Vec::new();
    for turn in 0..PARTITIONS {
        let input = if turn == 0 { signals::impulse(1.0, 0, hop) } else { vec![0.0; hop] };
        history.write(0, &input);
        history.turn(&mut fft);
        adder.clear();
        adder.add(&history, &filter);
        out.extend_from_slice(adder.finish(&mut fft));
    }
    out
}

#[test]
fn nothing_to_do_is_a_pure_delay_below_minus_280_db() {
    let half = CENTRE_PARTITIONS * 2048;
    let ir = response(&[], 48_000.0);
    assert!(measure::null_db(&ir, &signals::impulse(1.0, half, 2 * half)) < -280.0);
}

#[test]
fn magnitudes_are_those_of_the_sections_from_20_hz_on() {
    for rate in [44_100.0, 96_000.0] {
        let mut sections = vec![
            design(Curve::Bell, 60.0, 6.0, 2.0, rate),
            design(Curve::Bell, 3_000.0, -12.0, 10.0, rate),
            design(Curve::HighShelf, 9_000.0, 9.0, 0.71, rate),
        ];
        sections.extend(pass_filter(true, 4, 30.0, 0.5_f64.sqrt(), rate));
        let ir = response(&sections, rate);
        let mut worst = (0.0, 0.0);
        for i in 0..=60 {
            let f = 20.0 * libm::pow(1000.0, f64::from(i) / 60.0);
            let want: f64 = sections.iter().map(|s| s.magnitude_db(f, rate)).sum();
            let error = (measure::response_db(&ir, f, rate) - want).abs();
            worst = if error > worst.0 { (error, f) } else { worst };
        }
        println!("{rate}: {worst:?}");
        assert!(worst.0 < 0.05, "{rate}: {worst:?}");
    }
}

#[test]
fn the_response_is_symmetric() {
    let ir = response(&[design(Curve::Bell, 200.0, 12.0, 3.0, 48_000.0)], 48_000.0);
    let half = ir.len() / 2;
    for n in 1..half {
        assert!((ir[half + n] - ir[half - n]).abs() < 1e-14, "{n}");
    }
    assert!(ir[0].abs() < 1e-14);
}

#[test]
fn the_limits_of_the_resolution_are_where_the_page_says() {
    let rate = 48_000.0;
    let error = |sections: &[Shape]| {
        let ir = response(sections, rate);
        (0..=30).map(|i| 20.0 * libm::pow(5.0, f64::from(i) / 30.0)).fold(0.0, |worst: f64, f| {
            let want: f64 = sections.iter().map(|s| s.magnitude_db(f, rate)).sum();
            if want < -60.0 { worst } else { worst.max((measure::response_db(&ir, f, rate) - want).abs()) }
        })
    };
    let bells =
        [(40.0, 8.0, 12.0), (40.0, 8.0, -12.0), (100.0, 20.0, 12.0), (20.0, 4.0, 12.0), (60.0, 6.0, -24.0)];
    for (f, q, gain) in bells {
        let worst = error(&[design(Curve::Bell, f, gain, q, rate)]);
        println!("bell {f} Hz, Q {q}, {gain} dB: {worst:.4}");
        assert!(worst < 0.05, "{f} {q} {gain}: {worst}");
    }
    for (order, f) in [(2, 20.0), (4, 25.0), (8, 30.0), (16, 40.0)] {
        let worst = error(&pass_filter(true, order, f, 0.5_f64.sqrt(), rate));
        println!("high-pass {} dB/oct at {f} Hz: {worst:.4}", 6 * order);
        assert!(worst < 0.05, "{order} {f}: {worst}");
    }
}
