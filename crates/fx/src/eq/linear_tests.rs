//! Linear phase, automatic gain, steep slopes.

use super::*;
use crate::Kernel;
use dsp::block::Buffer;
use testkit::{measure, signals};

fn run(eq: &Eq, planes: &[Vec<f64>], rate: f64) -> (Buffer, usize) {
    let format = Format { sample_rate_hz: rate, channels: planes.len(), ..Format::default() };
    let mut kernel = eq.prepare(format);
    let latency = kernel.latency_frames();
    let padded: Vec<Vec<f64>> =
        planes.iter().map(|plane| plane.iter().copied().chain(vec![0.0; 2 * latency]).collect()).collect();
    let mut audio = Buffer::from_planes(&padded);
    kernel.process(&mut audio.block());
    (audio, latency)
}

fn curve() -> Eq {
    let mut eq = Eq::default();
    eq.band[0] = EqBand { kind: BandKind::HighPass, freq_hz: 30.0, slope: Slope::Db24, ..EqBand::default() };
    eq.band[1] = EqBand { freq_hz: 80.0, gain_db: 6.0, q: 4.0, ..EqBand::default() };
    eq.band[2] = EqBand { freq_hz: 3_000.0, gain_db: -9.0, q: 8.0, ..EqBand::default() };
    eq.band[3] = EqBand { kind: BandKind::HighShelf, freq_hz: 9_000.0, gain_db: 5.0, ..EqBand::default() };
    eq.band[4] =
        EqBand { kind: BandKind::LowPass, freq_hz: 17_000.0, slope: Slope::Db48, ..EqBand::default() };
    eq
}

#[test]
fn linear_phase_with_nothing_to_do_is_a_pure_delay() {
    let noise = [signals::noise(0.7, 1, 5_000), signals::noise(0.7, 2, 5_000)];
    let eq = Eq { phase: Phase::Linear, ..Eq::default() };
    for (rate, frames) in [(44_100.0, 34_816), (96_000.0, 69_632), (192_000.0, 139_264)] {
        let (out, latency) = run(&eq, &noise, rate);
        assert_eq!(latency, frames);
        for (channel, sent) in noise.iter().enumerate() {
            let null = measure::null_db(sent, &out.channel(channel)[latency..latency + 5_000]);
            assert!(null < -280.0, "{rate} {channel}: {null}");
        }
    }
}

#[test]
fn linear_phase_has_the_magnitude_of_minimum_phase_from_20_hz_on_and_no_phase() {
    for rate in [44_100.0, 96_000.0] {
        let linear = Eq { phase: Phase::Linear, ..curve() };
        let (out, latency) = run(&linear, &[signals::impulse(1.0, 0, 100)], rate);
        let ir = out.channel(0);
        let half = latency * 16 / 17;
        for n in 1..half {
            assert!((ir[latency + n] - ir[latency - n]).abs() < 1e-14, "{rate} {n}");
        }
        // A second and a half for the lowest bell to ring.
        let (minimum, _) = run(&curve(), &[signals::impulse(1.0, 0, (1.5 * rate) as usize)], rate);
        let mut worst = (0.0, 0.0);
        for i in 0..=45 {
            let f = 20.0 * dsp::math::pow(1000.0, f64::from(i) / 45.0);
            let want = measure::response_db(minimum.channel(0), f, rate);
            let error = (measure::response_db(&ir[latency - half..latency + half], f, rate) - want).abs();
            worst = if error > worst.0 { (error, f) } else { worst };
        }
        println!("{rate}: {worst:?}");
        assert!(worst.0 < 0.05, "{rate}: {worst:?}");
    }
}

#[test]
fn parts_of_the_sound_stay_apart_in_linear_phase() {
    let tone = signals::sine(1_000.0, 0.5, 0.0, 0.7, 48_000.0);
    let minus: Vec<f64> = tone.iter().map(|x| -x).collect();
    let none = vec![0.0; tone.len()];
    let level = |part, planes: &[Vec<f64>], channel: usize| {
        let mut eq = Eq { phase: Phase::Linear, ..Eq::default() };
        eq.band[2] = EqBand { part, gain_db: -6.0, ..EqBand::default() };
        let (out, latency) = run(&eq, planes, 48_000.0);
        measure::tone(&out.channel(channel)[latency + 9_600..latency + 24_000], 1_000.0, 48_000.0).0 / 0.5
    };
    let gain = |part, planes: &[Vec<f64>], channel| measure::to_db(level(part, planes, channel));
    let (mid, side, left) =
        ([tone.clone(), tone.clone()], [tone.clone(), minus], [tone.clone(), none.clone()]);
    for (part, on_mid, on_side) in
        [(Part::Mid, -6.0, 0.0), (Part::Side, 0.0, -6.0), (Part::Stereo, -6.0, -6.0)]
    {
        assert!((gain(part, &mid, 1) - on_mid).abs() < 0.01, "{part:?}");
        assert!((gain(part, &side, 0) - on_side).abs() < 0.01, "{part:?}");
    }
    // Planted on the left alone, a middle band at -6 dB: left ¾, right -¼ of the tone (to the bell's 0.4988).
    let half = signals::db(-6.0);
    assert!((level(Part::Mid, &left, 0) - 0.5 * (1.0 + half)).abs() < 1e-3);
    assert!((level(Part::Mid, &left, 1) - 0.5 * (1.0 - half)).abs() < 1e-3);
    assert!((gain(Part::Left, &left, 0) + 6.0).abs() < 0.01 && level(Part::Left, &left, 1) < 1e-12);
    assert!(gain(Part::Right, &left, 0).abs() < 1e-9 && (gain(Part::Right, &mid, 1) + 6.0).abs() < 0.01);
}

#[test]
fn a_change_reaches_the_sound_it_came_with_and_does_not_click() {
    let tone = signals::sine(500.0, 0.5, 0.0, 2.0, 48_000.0);
    let run = |block: usize| {
        let mut eq = Eq { phase: Phase::Linear, ..Eq::default() };
        let mut kernel = eq.prepare(Format { channels: 1, ..Format::default() });
        let mut audio = Buffer::from_planes(std::slice::from_ref(&tone));
        let mut at = 0;
        for end in [24_000, 72_000] {
            while at < end {
                let frames = block.min(end - at);
                kernel.process(&mut audio.block().slice(at, frames));
                at += frames;
            }
            eq.band[0] = EqBand { freq_hz: 500.0, gain_db: -12.0, ..EqBand::default() };
            kernel.retune(&eq);
        }
        (audio, kernel.latency_frames())
    };
    let (out, latency) = run(100_000);
    assert_eq!(out, run(77).0);
    let plane = out.channel(0);
    // The change came with frame 24 000: a partition (2048) around it, all before is as it was, all after is lower.
    let level = |from: usize| {
        let from = from + latency;
        measure::to_db(measure::tone(&plane[from..from + 960], 500.0, 48_000.0).0 / 0.5)
    };
    assert!(level(24_000 - 2_048 - 1_000).abs() < 1e-6, "{}", level(24_000 - 2_048 - 1_000));
    assert!((level(24_000 + 2_048) + 12.0).abs() < 0.01, "{}", level(24_000 + 2_048));
    let bend = plane[latency + 100..72_000]
        .windows(3)
        .fold(0.0, |m: f64, w| m.max((w[0] - 2.0 * w[1] + w[2]).abs()));
    // The sine itself bends by 0.5 * (2π 500 / 48000)² = 0.00214.
    assert!(bend < 0.0022, "{bend}");
}

#[test]
fn a_dynamic_band_moves_in_time_with_the_late_sound() {
    // Loud from frame 24 000 on: in linear phase the gain comes down as late as the sound.
    let tone = signals::sine(1_000.0, 0.5, 0.0, 1.5, 48_000.0);
    let input: Vec<f64> =
        tone.iter().enumerate().map(|(n, x)| if n < 24_000 { 0.001 * x } else { *x }).collect();
    let mut eq = Eq::default();
    eq.band[0] = EqBand {
        dynamic: Dynamic::Above,
        threshold_db: -20.0,
        ratio: 100.0,
        range_db: -12.0,
        attack_ms: 30.0,
        ..EqBand::default()
    };
    let (minimum, _) = run(&eq, std::slice::from_ref(&input), 48_000.0);
    let (linear, latency) = run(&Eq { phase: Phase::Linear, ..eq }, std::slice::from_ref(&input), 48_000.0);
    let late = &linear.channel(0)[latency..latency + 60_000];
    assert!(measure::null_db(&minimum.channel(0)[..60_000], late) < -200.0);
}

#[test]
fn automatic_gain_keeps_pink_noise_as_loud_as_it_was() {
    // Pink noise as sines of equal power at equal ratios, each channel with its own frequencies; judged by the ebur128 crate.
    let rate = 48_000.0;
    let frames = 3 * 48_000;
    let rng = dsp::rng::CounterRng::new(5, 0);
    let pink = |stream: u64| {
        let mut plane = vec![0.0; frames];
        for i in 0..120 {
            let f = 20.0 * dsp::math::pow(1000.0, (i as f64 + 0.25 + 0.5 * stream as f64) / 120.0);
            let phase = core::f64::consts::TAU * rng.uniform(stream * 1000 + i);
            let step = core::f64::consts::TAU * f / rate;
            for (n, x) in plane.iter_mut().enumerate() {
                *x += 0.01 * dsp::math::sin(step * n as f64 + phase);
            }
        }
        plane
    };
    let planes = [pink(0), pink(1)];
    let loudness = |left: &[f64], right: &[f64]| {
        let mut meter = ebur128::EbuR128::new(2, 48_000, ebur128::Mode::I).unwrap();
        meter.add_frames_planar_f64(&[left, right]).unwrap();
        meter.loudness_global().unwrap()
    };
    let before = loudness(&planes[0], &planes[1]);
    let shelf = EqBand { kind: BandKind::HighShelf, freq_hz: 3_000.0, gain_db: 9.0, ..EqBand::default() };
    let side = EqBand { part: Part::Side, freq_hz: 2_000.0, gain_db: 12.0, q: 0.3, ..EqBand::default() };
    let left = EqBand { part: Part::Left, freq_hz: 500.0, gain_db: -15.0, q: 0.3, ..EqBand::default() };
    let low = EqBand { kind: BandKind::LowPass, freq_hz: 400.0, slope: Slope::Db24, ..EqBand::default() };
    for band in [shelf, side, left, low] {
        for phase in [Phase::Minimum, Phase::Linear] {
            let mut eq = Eq { auto_gain: true, phase, ..Eq::default() };
            eq.band[7] = band.clone();
            let (out, latency) = run(&eq, &planes, rate);
            let cut = |c: usize| out.channel(c)[latency..latency + frames].to_vec();
            let change = loudness(&cut(0), &cut(1)) - before;
            println!("{:?} {phase:?}: {change:+.3} LU", band.kind);
            assert!(change.abs() < 0.1, "{band:?} {phase:?}: {change}");
            eq.auto_gain = false;
            let (out, latency) = run(&eq, &planes, rate);
            let cut = |c: usize| out.channel(c)[latency..latency + frames].to_vec();
            assert!(
                (loudness(&cut(0), &cut(1)) - before).abs() > 0.7,
                "the plain curve changes the loudness"
            );
        }
    }
    // With nothing to do it is nothing, to the bit.
    let eq = Eq { auto_gain: true, ..Eq::default() };
    assert!(run(&eq, &planes[..1], rate).0.channel(0) == planes[0]);
}

#[test]
fn the_steepest_slopes_fall_by_their_name() {
    for (slope, per_octave) in [(Slope::Db72, 72.247), (Slope::Db96, 96.33)] {
        let mut eq = Eq::default();
        eq.band[0] = EqBand { kind: BandKind::HighPass, freq_hz: 1_000.0, slope, ..EqBand::default() };
        let (out, _) = run(&eq, &[signals::impulse(1.0, 0, 48_000)], 48_000.0);
        let at = |f| measure::response_db(out.channel(0), f, 48_000.0);
        assert!((at(1_000.0) + 3.01).abs() < 0.03, "{slope:?} {}", at(1_000.0));
        assert!((at(500.0) - at(250.0) - per_octave).abs() < 0.1, "{slope:?} {}", at(500.0) - at(250.0));
    }
}

#[test]
fn a_band_at_rest_gets_its_corrections_and_a_kernel_at_once() {
    // 48 dB per octave at 12.5 kHz: 0.2 dB off without corrections.
    let mut eq = Eq::default();
    eq.band[0] =
        EqBand { kind: BandKind::HighPass, freq_hz: 12_500.0, slope: Slope::Db48, ..EqBand::default() };
    let mut kernel =
        Eq::default().prepare(Format { sample_rate_hz: 44_100.0, channels: 1, ..Format::default() });
    kernel.retune(&eq);
    let mut settle = Buffer::new(1, 6_000);
    kernel.process(&mut settle.block());
    let mut late = Buffer::from_planes(&[signals::impulse(1.0, 0, 8_000)]);
    kernel.process(&mut late.block());
    let (new, _) = run(&eq, &[signals::impulse(1.0, 0, 8_000)], 44_100.0);
    for f in [8_000.0_f64, 10_000.0, 12_500.0, 15_000.0, 17_000.0] {
        let want = -10.0 * dsp::math::log10(1.0 + dsp::math::pow(12_500.0 / f, 16.0));
        for plane in [late.channel(0), new.channel(0)] {
            let got = measure::response_db(plane, f, 44_100.0);
            assert!((got - want).abs() < 0.1, "{f}: {got} {want}");
        }
    }
}
