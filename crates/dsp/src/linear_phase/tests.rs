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
        for i in 0..=120 {
            let f = 20.0 * libm::pow(1000.0, f64::from(i) / 120.0);
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
