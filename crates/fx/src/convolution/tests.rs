use super::*;
use crate::reverb::probe::{RATE, t30};
use testkit::measure::{null_db, response_db, rms, to_db};
use testkit::signals::{impulse, noise, sine};

fn format(channels: usize) -> Format {
    Format { sample_rate_hz: RATE, channels, ..Format::default() }
}

fn wet() -> Convolution {
    Convolution { mix_percent: 100.0, normalise: false, ..Convolution::default() }
}

fn run(settings: &Convolution, response: &[Vec<f64>], planes: &[Vec<f64>]) -> Buffer {
    let mut buffer = Buffer::from_planes(planes);
    let response = Buffer::from_planes(response);
    let mut kernel = settings.prepare_with(format(planes.len()), Some(&response));
    for start in (0..buffer.frames()).step_by(1000) {
        kernel.process(&mut buffer.block().slice(start, 1000));
    }
    buffer
}

/// The definition.
fn direct(input: &[f64], taps: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; input.len()];
    for (n, x) in input.iter().enumerate().filter(|(_, x)| **x != 0.0) {
        out[n..].iter_mut().zip(taps).for_each(|(y, h)| *y += x * h);
    }
    out
}

fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn decaying(seconds: f64, seed: u64) -> Vec<f64> {
    let frames = (1.2 * seconds * RATE) as usize;
    let plain = noise(0.5, seed, frames);
    plain
        .iter()
        .enumerate()
        .map(|(n, x)| x * dsp::math::exp(-6.907_755 * n as f64 / (seconds * RATE)))
        .collect()
}

#[test]
fn mono_stereo_and_true_stereo_are_the_definition_below_minus_200_db() {
    let h: Vec<Vec<f64>> = (0..4).map(|seed| noise(0.2, 20 + seed, 1777)).collect();
    let x = [noise(0.5, 1, 6000), noise(0.5, 2, 6000)];
    let mono = run(&wet(), &h[..1], &x);
    let stereo = run(&wet(), &h[..2], &x);
    let cross = run(&wet(), &h, &x);
    for side in 0..2 {
        assert!(null_db(&direct(&x[side], &h[0]), mono.channel(side)) < -200.0);
        assert!(null_db(&direct(&x[side], &h[side]), stereo.channel(side)) < -200.0);
        // Left to left, left to right, right to left, right to right.
        let expected = add(&direct(&x[0], &h[side]), &direct(&x[1], &h[2 + side]));
        assert!(null_db(&expected, cross.channel(side)) < -200.0, "{side}");
    }
}

#[test]
fn a_mono_track_hears_the_mono_sum_of_a_source_in_the_middle() {
    let h: Vec<Vec<f64>> = (0..4).map(|seed| noise(0.2, 30 + seed, 300)).collect();
    let x = noise(0.5, 3, 3000);
    for count in [2, 4] {
        let both = run(&wet(), &h[..count], &[x.clone(), x.clone()]);
        let sum: Vec<f64> = both.channel(0).iter().zip(both.channel(1)).map(|(a, b)| 0.5 * (a + b)).collect();
        let one = run(&wet(), &h[..count], std::slice::from_ref(&x));
        assert!(null_db(&sum, one.channel(0)) < -200.0, "{count}");
    }
    // L R C LFE Ls Rs: the pairs as pairs, C as a mono track, the LFE dry, so nothing when all is wet.
    let six = run(&wet(), &h, &vec![x.clone(); 6]);
    let (both, one) = (run(&wet(), &h, &[x.clone(), x.clone()]), run(&wet(), &h, std::slice::from_ref(&x)));
    for (channel, expected) in [
        (0, both.channel(0)),
        (1, both.channel(1)),
        (2, one.channel(0)),
        (4, both.channel(0)),
        (5, both.channel(1)),
    ] {
        assert!(null_db(expected, six.channel(channel)) < -200.0, "{channel}");
    }
    assert!(six.channel(3).iter().all(|x| *x == 0.0));
}

#[test]
fn start_length_and_reverse_cut_to_the_frame() {
    let h = noise(0.5, 4, 2000);
    let click = impulse(1.0, 10, 4000);
    // 10 ms and 20 ms are 441 and 882 frames.
    let cut = Convolution { start_ms: 10.0, length_seconds: 0.02, ..wet() };
    let out = run(&cut, std::slice::from_ref(&h), std::slice::from_ref(&click));
    assert!(null_db(&h[441..1323], &out.channel(0)[10..892]) < -250.0);
    assert!(out.channel(0)[892..].iter().all(|x| x.abs() < 1e-15));
    let back = run(
        &Convolution { reverse: true, ..cut.clone() },
        std::slice::from_ref(&h),
        std::slice::from_ref(&click),
    );
    let turned: Vec<f64> = h[441..1323].iter().rev().copied().collect();
    assert!(null_db(&turned, &back.channel(0)[10..892]) < -250.0);
    assert_eq!(cut.prepare_with(format(1), Some(&Buffer::from_planes(&[h]))).tail_frames(), 882);
}

#[test]
fn a_fade_is_a_raised_cosine_over_its_share_of_the_end() {
    let h = vec![1.0; 1000];
    let out = run(&Convolution { fade_percent: 40.0, ..wet() }, &[h], &[impulse(1.0, 0, 1200)]);
    let y = out.channel(0);
    assert!((y[599] - 1.0).abs() < 1e-12);
    // Half way through 400 frames, and a quarter of the way: cos^2(45 deg), cos^2(22.5 deg).
    assert!((y[799] - 0.5).abs() < 0.01, "{}", y[799]);
    assert!((y[700] - 0.853_55).abs() < 0.01, "{}", y[700]);
    assert!(y[999] < 1e-4 && y[999] > 0.0);
}

#[test]
fn decay_scales_the_time_of_the_file() {
    let h = [decaying(1.0, 5), decaying(1.0, 6)];
    for percent in [50.0, 75.0, 100.0, 130.0] {
        let click = vec![impulse(1.0, 0, (1.2 * RATE) as usize); 2];
        let out = run(&Convolution { decay_percent: percent, ..wet() }, &h, &click);
        let found = t30(&[out], 1000.0);
        println!("{percent} %: {found:.3} s");
        assert!((found / (0.01 * percent) - 1.0).abs() < 0.05, "{percent}: {found}");
    }
}

#[test]
fn normalised_noise_comes_out_as_loud_as_it_goes_in_whatever_the_file() {
    let x = [noise(0.3, 7, 60_000), noise(0.3, 8, 60_000)];
    for (count, scale) in [(1, 0.01), (2, 3.0), (4, 0.5)] {
        let h: Vec<Vec<f64>> =
            (0..count).map(|seed| decaying(0.3, 40 + seed).iter().map(|x| x * scale).collect()).collect();
        let settings = Convolution { normalise: true, gain_db: -6.0, ..wet() };
        let out = run(&settings, &h, &x);
        let power: f64 = (0..2).map(|c| rms(&out.channel(c)[20_000..])).map(|x| x * x).sum();
        let db = to_db((power / 2.0).sqrt() / rms(&x[0][20_000..]));
        println!("{count} channels: {db:+.2} dB");
        assert!((db + 6.0).abs() < 0.3, "{count}: {db}");
    }
}

#[test]
fn pre_delay_filters_and_width_do_what_they_say() {
    let h = vec![vec![1.0], vec![0.5]];
    let click = vec![impulse(1.0, 0, 20_000); 2];
    let late = run(&Convolution { pre_delay_ms: 10.0, pre_delay_beats: 0.25, ..wet() }, &h, &click);
    // A quarter of a beat at 120 per minute is 125 ms: 5953.5 frames in all, rounded up.
    assert_eq!(late.channel(0).iter().position(|x| x.abs() > 0.5), Some(5954));
    let cut = run(&Convolution { highpass_hz: 200.0, lowpass_hz: 5000.0, ..wet() }, &h, &click);
    // Butterworth of second order at its corner, by hand.
    for hz in [200.0, 5000.0] {
        assert!((response_db(cut.channel(0), hz, RATE) + 3.01).abs() < 0.05, "{hz}");
    }
    let mono = run(&Convolution { width_percent: 0.0, ..wet() }, &h, &click);
    assert!((mono.channel(0)[0] - 0.75).abs() < 1e-12 && (mono.channel(1)[0] - 0.75).abs() < 1e-12);
}

#[test]
fn blocks_change_no_bit_and_retuning_everything_does_not_click() {
    let h = Buffer::from_planes(&[decaying(0.2, 50), decaying(0.2, 51)]);
    let input = sine(220.0, 0.5, 0.0, 0.8, RATE);
    let other = Convolution {
        start_ms: 3.0,
        length_seconds: 0.15,
        decay_percent: 60.0,
        fade_percent: 30.0,
        pre_delay_ms: 30.0,
        highpass_hz: 60.0,
        lowpass_hz: 9000.0,
        width_percent: 150.0,
        gain_db: -6.0,
        ..Convolution { mix_percent: 100.0, ..Convolution::default() }
    };
    let first = Convolution { mix_percent: 100.0, ..Convolution::default() };
    let go = |cuts: &[usize]| {
        let mut kernel = first.prepare_with(format(2), Some(&h));
        let mut buffer = Buffer::from_planes(&[input.clone(), input.clone()]);
        let (mut start, mut cut) = (0, 0);
        while start < buffer.frames() {
            match start {
                16_000 => kernel.retune(&other),
                // While the fade to the last is still running.
                16_500 => kernel.retune(&Convolution { decay_percent: 40.0, ..other.clone() }),
                _ => {}
            }
            let to = [16_000, 16_500, buffer.frames()].into_iter().find(|to| *to > start).unwrap();
            let frames = cuts[cut % cuts.len()].min(to - start);
            kernel.process(&mut buffer.block().slice(start, frames));
            (start, cut) = (start + frames, cut + 1);
        }
        let mut again = Buffer::from_planes(&[input.clone(), input.clone()]);
        kernel.reset();
        kernel.process(&mut again.block());
        (buffer, again)
    };
    let (whole, again) = go(&[100_000]);
    assert!((whole.clone(), again.clone()) == go(&[1, 63, 64, 65, 200, 7]));
    let last = Convolution { decay_percent: 40.0, ..other.clone() };
    let mut fresh = Buffer::from_planes(&[input.clone(), input.clone()]);
    last.prepare_with(format(2), Some(&h)).process(&mut fresh.block());
    assert!(again == fresh, "reset is new with the settings last given");
    // A click shows in the second difference: of a sine of 220 Hz it is (w/fs)^2 = 0.001 of its level.
    let y = whole.channel(0);
    let bend = |range: std::ops::Range<usize>| {
        range.map(|n| (y[n + 1] - 2.0 * y[n] + y[n - 1]).abs()).fold(0.0, f64::max)
    };
    let (before, during) = (bend(12_000..15_900), bend(15_900..24_000));
    println!("bend before {before:.2e}, while everything moves {during:.2e}");
    assert!(during < 2.0 * before);
}

#[test]
fn without_a_file_the_sound_is_as_it_is_and_silence_follows_the_tail() {
    let x = [noise(0.5, 9, 5000), noise(0.5, 10, 5000)];
    let mut plain = Buffer::from_planes(&x);
    Convolution { mix_percent: 100.0, ..Convolution::default() }
        .prepare(format(2))
        .process(&mut plain.block());
    for (side, plane) in x.iter().enumerate() {
        assert!(null_db(plane, plain.channel(side)) < -250.0);
    }
    let mut short = noise(0.5, 11, 40_000);
    short[500] = f64::NAN;
    short[2000..].fill(0.0);
    let out = run(&wet(), &[decaying(0.2, 12)], &[short]);
    assert!(out.channel(0)[24_000..].iter().all(|x| *x == 0.0));
}
