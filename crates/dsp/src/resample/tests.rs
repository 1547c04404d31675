use super::*;
use crate::block::Buffer;
use testkit::measure::{peak, to_db};
use testkit::signals::noise;

const PAIRS: [(u32, u32); 7] = [
    (96_000, 44_100),
    (44_100, 48_000),
    (48_000, 44_100),
    (88_200, 44_100),
    (192_000, 48_000),
    (44_100, 96_000),
    (48_000, 96_000),
];

fn tone(hz: f64, rate_hz: u32, frames: usize) -> Vec<f64> {
    (0..frames)
        .map(|n| {
            let turns = hz * n as f64 / f64::from(rate_hz);
            math::sin(math::TAU * (turns - turns.floor()))
        })
        .collect()
}

fn convert(signal: &[f64], from_hz: u32, to_hz: u32, slope: Slope) -> Vec<f64> {
    resample(&[signal.to_vec()], from_hz, to_hz, slope).unwrap().remove(0)
}

/// Sine and cosine amplitudes of the tone that fits best, and the largest sample of what is left.
fn fit(signal: &[f64], first: usize, hz: f64, rate_hz: u32) -> (f64, f64, f64) {
    let (mut ss, mut sc, mut cc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let at = |n: usize| {
        let turns = hz * (first + n) as f64 / f64::from(rate_hz);
        let angle = math::TAU * (turns - turns.floor());
        (math::sin(angle), math::cos(angle))
    };
    for (n, x) in signal.iter().enumerate() {
        let (s, c) = at(n);
        (ss, sc, cc, xs, xc) = (ss + s * s, sc + s * c, cc + c * c, xs + x * s, xc + x * c);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / determinant, (xc * ss - xs * sc) / determinant);
    let rest = signal.iter().enumerate().map(|(n, x)| {
        let (s, c) = at(n);
        (x - a * s - b * c).abs()
    });
    (a, b, rest.fold(0.0, f64::max))
}

/// The middle of a converted half second, away from the switching on and off of the tone.
fn middle(signal: &[f64]) -> (usize, &[f64]) {
    let first = signal.len() / 4;
    (first, &signal[first..3 * signal.len() / 4])
}

#[test]
fn tones_in_the_pass_band_come_out_in_place_at_their_level_with_no_image_above_minus_150_db() {
    for (from, to) in PAIRS {
        let low = f64::from(from.min(to));
        for slope in [Slope::Gentle, Slope::Steep] {
            for part in [0.000_5, 0.02, 0.11, 0.23, 0.31, 0.4, 0.4535] {
                let hz = part * low;
                let out = convert(&tone(hz, from, from as usize / 6), from, to, slope);
                let (first, signal) = middle(&out);
                let (in_phase, quadrature, rest) = fit(signal, first, hz, to);
                assert!(to_db(in_phase).abs() < 0.01, "{from}->{to} {hz}: {} dB", to_db(in_phase));
                assert!(to_db(quadrature) < -150.0, "{from}->{to} {hz}: moved, {} dB", to_db(quadrature));
                assert!(to_db(rest) < -150.0, "{from}->{to} {hz}: rest {} dB", to_db(rest));
            }
        }
    }
}

#[test]
fn tones_above_the_lower_nyquist_frequency_are_gone_below_minus_150_db() {
    for (from, to) in PAIRS.into_iter().filter(|(from, to)| from > to) {
        for slope in [Slope::Gentle, Slope::Steep] {
            let (stop, end) = (f64::from(to) / 2.0, f64::from(from) / 2.0);
            for part in [0.0, 0.003, 0.02, 0.1, 0.33, 0.6, 0.9, 0.999] {
                let hz = stop + part * (end - stop);
                let out = convert(&tone(hz, from, from as usize / 6), from, to, slope);
                let level_db = to_db(peak(middle(&out).1));
                assert!(level_db < -150.0, "{from}->{to} {hz}: {level_db} dB");
            }
        }
    }
}

#[test]
fn images_of_tones_in_the_transition_band_stay_below_minus_150_db() {
    for (from, to) in PAIRS.into_iter().filter(|(from, to)| from < to) {
        for part in [0.46, 0.477, 0.49, 0.499] {
            let hz = part * f64::from(from);
            let out = convert(&tone(hz, from, from as usize / 6), from, to, Slope::Steep);
            let (first, signal) = middle(&out);
            let (.., rest) = fit(signal, first, hz, to);
            assert!(to_db(rest) < -150.0, "{from}->{to} {hz}: {} dB", to_db(rest));
        }
    }
}

#[test]
fn the_slopes_are_6_db_down_where_they_say() {
    for (slope, part) in [
        (Slope::Gentle, 0.5 * (20_000.0 / 44_100.0 + 0.5)),
        (Slope::Steep, 0.5 * (21_500.0 / 44_100.0 + 0.5)),
    ] {
        let hz = part * 44_100.0;
        let out = convert(&tone(hz, 96_000, 24_000), 96_000, 44_100, slope);
        let (first, signal) = middle(&out);
        let (gain, ..) = fit(signal, first, hz, 44_100);
        assert!((to_db(gain) + 6.02).abs() < 0.05, "{slope:?} {}", to_db(gain));
    }
}

#[test]
fn the_length_is_exact_for_every_pair_of_rates() {
    let rates = [8_000, 11_025, 22_050, 32_000, 44_056, 44_100, 48_000, 96_000, 192_000, 384_000];
    for from in rates {
        for to in rates {
            let mut resampler = Resampler::new(from, to, 1, Slope::Gentle).unwrap();
            let mut out = Vec::new();
            for frames in [0_usize, 1, 1777] {
                out.clear();
                resampler.process(Buffer::new(1, frames).view(), &mut out);
                resampler.finish(&mut out);
                let want = (frames as u64 * u64::from(to)).div_ceil(u64::from(from));
                assert_eq!(out[0].len() as u64, want, "{from}->{to} {frames}");
                assert_eq!(resampler.output_frames(frames as u64), want);
            }
        }
    }
}

#[test]
fn odd_rates_convert_as_cleanly_as_round_ones() {
    for (from, to) in [
        (44_056, 44_100),
        (48_000, 47_952),
        (44_100, 44_056),
        (37_800, 44_100),
        (8_000, 384_000),
        (384_000, 8_000),
        (44_099, 44_100),
    ] {
        let hz = 0.11 * f64::from(from.min(to));
        let out = convert(&tone(hz, from, from as usize / 6), from, to, Slope::Gentle);
        let (first, signal) = middle(&out);
        let (in_phase, quadrature, rest) = fit(signal, first, hz, to);
        assert!(
            to_db(in_phase).abs() < 0.01 && to_db(quadrature) < -150.0 && to_db(rest) < -150.0,
            "{from}->{to}: {in_phase} {quadrature:e} {rest:e}"
        );
    }
}

#[test]
fn how_the_input_is_cut_changes_no_bit() {
    let planes = vec![noise(0.5, 1, 30_000), noise(0.5, 2, 30_000)];
    let whole = resample(&planes, 96_000, 44_100, Slope::Gentle).unwrap();
    let buffer = Buffer::from_planes(&planes);
    for size in [1, 7, 4096, 9601] {
        let mut resampler = Resampler::new(96_000, 44_100, 2, Slope::Gentle).unwrap();
        let mut out = Vec::new();
        for start in (0..30_000).step_by(size) {
            resampler.process(buffer.view().slice(start, size), &mut out);
        }
        resampler.finish(&mut out);
        assert_eq!(out, whole, "blocks of {size}");
    }
}

#[test]
fn a_converter_that_has_finished_is_as_new() {
    let signal = Buffer::from_planes(&[noise(0.5, 3, 20_000)]);
    let mut resampler = Resampler::new(44_100, 48_000, 1, Slope::Steep).unwrap();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    resampler.process(signal.view(), &mut first);
    resampler.finish(&mut first);
    resampler.process(signal.view(), &mut second);
    resampler.finish(&mut second);
    assert_eq!(first, second);
}

#[test]
fn equal_rates_change_no_bit() {
    let planes = vec![noise(1.0, 4, 999)];
    assert_eq!(resample(&planes, 48_000, 48_000, Slope::Gentle).unwrap(), planes);
}

#[test]
fn there_and_back_gives_the_band_that_both_rates_hold() {
    // Band-limited noise: converted down once, it must survive up and down again.
    let start = convert(&noise(0.5, 5, 40_000), 88_200, 44_100, Slope::Gentle);
    let narrow = convert(&convert(&start, 44_100, 40_000, Slope::Gentle), 40_000, 44_100, Slope::Gentle);
    let back = convert(&convert(&narrow, 44_100, 96_000, Slope::Gentle), 96_000, 44_100, Slope::Gentle);
    let worst =
        narrow.iter().zip(&back).skip(2000).take(15_000).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(to_db(worst) < -150.0, "{}", to_db(worst));
}

#[test]
fn silence_stays_silence_and_no_channels_are_no_trouble() {
    assert!(convert(&vec![0.0; 50_000], 96_000, 44_100, Slope::Gentle).iter().all(|x| *x == 0.0));
    assert_eq!(resample(&[], 96_000, 44_100, Slope::Gentle).unwrap(), Vec::<Vec<f64>>::new());
    let mut nothing = Resampler::new(96_000, 44_100, 0, Slope::Gentle).unwrap();
    nothing.process(Buffer::new(1, 100_000).view(), &mut Vec::new());
    nothing.finish(&mut Vec::new());
}

#[test]
fn impossible_rates_are_refused() {
    let error = Resampler::new(0, 48_000, 1, Slope::Gentle).unwrap_err();
    assert_eq!(error, Unsupported { from_hz: 0, to_hz: 48_000 });
    assert!(Resampler::new(48_000, 768_001, 1, Slope::Gentle).is_err());
    assert!(error.to_string().contains("768000"));
}
