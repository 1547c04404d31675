use super::*;
use dsp::block::Buffer;
use testkit::{measure, signals};

fn run(settings: &Gain, planes: &[Vec<f64>]) -> Buffer {
    let mut audio = Buffer::from_planes(planes);
    settings.prepare(Format { channels: planes.len(), ..Format::default() }).process(&mut audio.block());
    audio
}

fn pair() -> [Vec<f64>; 2] {
    [signals::noise(0.5, 1, 400), signals::noise(0.5, 2, 400)]
}

#[test]
fn the_defaults_pass_every_bit() {
    assert_eq!(run(&Gain::default(), &pair()), Buffer::from_planes(&pair()));
}

#[test]
fn gain_polarity_swap_and_width_are_what_they_say() {
    let one = |settings: Gain, left: f64, right: f64| {
        let out = run(&settings, &[vec![left; 4], vec![right; 4]]);
        (out.channel(0)[3], out.channel(1)[3])
    };
    let (left, right) = one(Gain { gain_db: -6.020_599_913_279_624, ..Gain::default() }, 0.5, -0.25);
    assert!((left - 0.25).abs() < 1e-15 && (right + 0.125).abs() < 1e-15);
    assert_eq!(one(Gain { gain_db: -120.0, ..Gain::default() }, 0.5, 0.5), (0.0, 0.0));
    assert_eq!(one(Gain { polarity: Polarity::Right, ..Gain::default() }, 0.5, 0.25), (0.5, -0.25));
    assert_eq!(one(Gain { polarity: Polarity::Both, ..Gain::default() }, 0.5, 0.25), (-0.5, -0.25));
    assert_eq!(one(Gain { swap: true, ..Gain::default() }, 0.5, 0.25), (0.25, 0.5));
    // Polarity belongs to the input side: inverted left lands right.
    assert_eq!(
        one(Gain { swap: true, polarity: Polarity::Left, ..Gain::default() }, 0.5, 0.25),
        (0.25, -0.5)
    );
    assert_eq!(one(Gain { width_percent: 0.0, ..Gain::default() }, 0.5, 0.25), (0.375, 0.375));
    assert_eq!(one(Gain { width_percent: 200.0, ..Gain::default() }, 0.5, 0.25), (0.625, 0.125));
    let mono =
        run(&Gain { polarity: Polarity::Left, width_percent: 0.0, ..Gain::default() }, &[vec![0.5; 4]]);
    assert_eq!(mono.channel(0)[3], -0.5);
}

#[test]
fn channels_beyond_the_pair_get_the_gain_alone() {
    let planes: Vec<Vec<f64>> = (0..6).map(|_| vec![0.5; 4]).collect();
    let out = run(&Gain { gain_db: 6.0, swap: true, ..Gain::default() }, &planes);
    for channel in 0..6 {
        assert!((out.channel(channel)[3] / 0.5 - signals::db(6.0)).abs() < 1e-12, "{channel}");
    }
}

#[test]
fn below_the_frequency_it_is_mono_and_the_middle_stays_flat() {
    let settings = Gain { mono_below_hz: 120.0, ..Gain::default() };
    let impulse = signals::impulse(1.0, 0, 48_000);
    let opposite: Vec<f64> = impulse.iter().map(|x| -x).collect();
    let side = run(&settings, &[impulse.clone(), opposite]);
    let at = |f| measure::response_db(side.channel(0), f, 48_000.0);
    // Linkwitz-Riley of fourth order: -6.02 dB at the corner, 24 dB per octave.
    assert!((at(120.0) + 6.02).abs() < 0.01 && (at(30.0) + 48.2).abs() < 0.3 && at(2_000.0).abs() < 0.01);
    let middle = run(&settings, &[impulse.clone(), impulse]);
    for f in [20.0, 100.0, 120.0, 1_000.0] {
        assert!(measure::response_db(middle.channel(1), f, 48_000.0).abs() < 1e-6, "{f}");
    }
    // A sound on the left alone keeps its side above: phases of middle and side agree.
    let left = run(&settings, &[signals::sine(1_000.0, 0.5, 0.0, 0.5, 48_000.0), vec![0.0; 24_000]]);
    assert!(measure::peak(&left.channel(1)[12_000..]) < 0.5 * signals::db(-60.0));
}

#[test]
fn the_dc_filter_removes_an_offset_and_leaves_the_bass() {
    let settings = Gain { dc_filter: true, ..Gain::default() };
    let out = run(&settings, &[vec![0.3; 96_000]]);
    assert!(out.channel(0)[95_999].abs() < 1e-12);
    let bass = run(&settings, &[signals::impulse(1.0, 0, 96_000)]);
    assert!(measure::response_db(bass.channel(0), 20.0, 48_000.0) > -0.3);
}

#[test]
fn delays_add_up_to_the_frame_and_report_no_latency() {
    let settings = Gain { delay_ms: 10.0, delay_frames: 3.0, ..Gain::default() };
    let out = run(&settings, &[signals::impulse(0.5, 5, 1_000)]);
    assert_eq!(out.channel(0), signals::impulse(0.5, 5 + 483, 1_000));
    assert_eq!(settings.prepare(Format::default()).latency_frames(), 0);
    let half = Gain { delay_frames: 50.5, ..Gain::default() };
    let out = run(&half, &[signals::sine(1_000.0, 0.5, 0.0, 0.1, 48_000.0)]);
    let (amplitude, phase) = measure::tone(&out.channel(0)[480..4_320], 1_000.0, 48_000.0);
    let turns: f64 = 50.5 / 48.0;
    let want = -core::f64::consts::TAU * (turns - turns.floor());
    assert!(
        (amplitude - 0.5).abs() < 1e-4 && dsp::math::sin(phase - want).abs() < 1e-4,
        "{amplitude} {phase}"
    );
}

#[test]
fn changes_glide_and_do_not_depend_on_blocks() {
    let low = signals::sine(60.0, 0.5, 0.0, 0.3, 48_000.0);
    let run = |block: usize| {
        let mut audio = Buffer::from_planes(&[low.clone(), low.iter().map(|x| -0.3 * x).collect()]);
        let mut kernel = Gain::default().prepare(Format::default());
        let mut at = 0;
        for settings in [
            Gain { mono_below_hz: 200.0, gain_db: -6.0, ..Gain::default() },
            Gain { polarity: Polarity::Both, dc_filter: true, ..Gain::default() },
            Gain { swap: true, delay_ms: 3.3, ..Gain::default() },
        ] {
            let end = at + 3_500;
            while at < end {
                let frames = block.min(end - at);
                kernel.process(&mut audio.block().slice(at, frames));
                at += frames;
            }
            kernel.retune(&settings);
        }
        kernel.process(&mut audio.block().slice(at, 100_000));
        audio
    };
    let whole = run(100_000);
    assert_eq!(whole, run(29));
    let step = whole.channel(0).windows(2).fold(0.0, |m: f64, w| m.max((w[1] - w[0]).abs()));
    assert!(step < 0.02, "{step}");
}

#[test]
fn sides_can_be_muted_chosen_and_turned_into_middle_and_side() {
    let one = |settings: Gain, left: f64, right: f64| {
        let out = run(&settings, &[vec![left; 4], vec![right; 4]]);
        (out.channel(0)[3], out.channel(1)[3])
    };
    let mute = |mute| one(Gain { mute, ..Gain::default() }, 0.5, 0.25);
    assert_eq!(mute(Sides::Left), (0.0, 0.25));
    assert_eq!(mute(Sides::Right), (0.5, 0.0));
    assert_eq!(mute(Sides::Both), (0.0, 0.0));
    // Mute and polarity belong to the input: before the swap, before the source.
    let swapped = Gain { swap: true, mute: Sides::Left, ..Gain::default() };
    assert_eq!(one(swapped, 0.5, 0.25), (0.25, 0.0));
    let source = |source| one(Gain { source, ..Gain::default() }, 0.5, 0.25);
    assert_eq!((source(Source::Left), source(Source::Right)), ((0.5, 0.5), (0.25, 0.25)));
    assert_eq!(one(Gain { source: Source::Left, swap: true, ..Gain::default() }, 0.5, 0.25), (0.25, 0.25));
    let mid_side = |mid_side, width_percent| Gain { mid_side, width_percent, ..Gain::default() };
    assert_eq!(one(mid_side(MidSide::Encode, 100.0), 0.5, 0.25), (0.375, 0.125));
    assert_eq!(one(mid_side(MidSide::Decode, 100.0), 0.375, 0.125), (0.5, 0.25));
    // Width works on left and right: after decoding, before encoding.
    assert_eq!(one(mid_side(MidSide::Encode, 200.0), 0.5, 0.25), (0.375, 0.25));
    assert_eq!(one(mid_side(MidSide::Decode, 0.0), 0.375, 0.125), (0.375, 0.375));
    // Mono and what is beyond the pair: mute all, or the first.
    let mono = |mute| run(&Gain { mute, ..Gain::default() }, &[vec![0.5; 4]]).channel(0)[3];
    assert_eq!([mono(Sides::Left), mono(Sides::Right), mono(Sides::Both)], [0.0, 0.5, 0.0]);
    let six: Vec<Vec<f64>> = (0..6).map(|_| vec![0.5; 4]).collect();
    let left = run(&Gain { mute: Sides::Left, ..Gain::default() }, &six);
    assert_eq!((left.channel(0)[3], left.channel(1)[3], left.channel(5)[3]), (0.0, 0.5, 0.5));
    assert_eq!(run(&Gain { mute: Sides::Both, ..Gain::default() }, &six).channel(5)[3], 0.0);
}

#[test]
fn encoding_and_decoding_give_back_what_came_in() {
    let planes = pair();
    let there = run(&Gain { mid_side: MidSide::Encode, ..Gain::default() }, &planes);
    let middle = [there.channel(0).to_vec(), there.channel(1).to_vec()];
    let back = run(&Gain { mid_side: MidSide::Decode, ..Gain::default() }, &middle);
    for (channel, sent) in planes.iter().enumerate() {
        assert!(measure::null_db(back.channel(channel), sent) < -300.0);
    }
}

#[test]
fn each_side_has_its_own_delay() {
    let planes: Vec<Vec<f64>> = (0..3).map(|_| signals::impulse(0.5, 5, 2_000)).collect();
    let settings = Gain {
        delay_frames: 7.0,
        left_delay_ms: 2.0,
        right_delay_ms: 10.0,
        left_delay_frames: 4.0,
        right_delay_frames: 1.0,
        ..Gain::default()
    };
    let out = run(&settings, &planes);
    // 96 frames and 4; 480 and 1; nothing more: after 7 for all.
    for (channel, more) in [100, 481, 0].into_iter().enumerate() {
        assert_eq!(out.channel(channel), signals::impulse(0.5, 12 + more, 2_000), "{channel}");
    }
    assert!(settings.prepare(Format::default()).tail_frames() >= 488);
}

#[test]
fn precise_delays_are_flat_to_18_khz_at_44_1_khz_and_late_by_their_latency() {
    let mut worst = (0.0_f64, 0.0_f64);
    for delay in [0.0, 0.1, 0.5, 0.9, 3.25, 17.75, 100.5] {
        let settings = Gain { right_delay_frames: delay, precise_delay: true, ..Gain::default() };
        let format = Format { sample_rate_hz: 44_100.0, ..Format::default() };
        let mut kernel = settings.prepare(format);
        assert_eq!(kernel.latency_frames(), 31);
        for f in [100.0, 1_000.0, 5_000.0, 10_000.0, 15_000.0, 18_000.0] {
            kernel.reset();
            let tone = signals::sine(f, 0.5, 0.0, 0.2, 44_100.0);
            let mut audio = Buffer::from_planes(&[tone.clone(), tone]);
            kernel.process(&mut audio.block());
            // The left is exact: whole frames.
            assert!(
                measure::null_db(
                    &audio.channel(0)[31..],
                    &signals::sine(f, 0.5, 0.0, 0.2, 44_100.0)[..8_789]
                ) < -300.0
            );
            let (amplitude, phase) = measure::tone(&audio.channel(1)[441..441 * 11], f, 44_100.0);
            let turns = f * (delay + 31.0) / 44_100.0;
            let want = -core::f64::consts::TAU * (turns - turns.floor());
            let error = measure::to_db(amplitude / 0.5).abs();
            assert!(error < 0.05, "{delay} {f}: {error}");
            // As time: sine of the phase error over the angular frequency, in frames.
            let late = dsp::math::sin(phase - want).abs() * 44_100.0 / (core::f64::consts::TAU * f);
            assert!(late < 1e-3, "{delay} {f}: {late}");
            worst = (worst.0.max(error), worst.1.max(late));
        }
    }
    println!("precise delays: {:.4} dB, {:.5} frames", worst.0, worst.1);
}

#[test]
fn the_corner_of_the_dc_filter_is_where_it_says() {
    for corner in [1.0, 5.0, 30.0] {
        let settings = Gain { dc_filter: true, dc_corner_hz: corner, ..Gain::default() };
        let ir = run(&settings, &[signals::impulse(1.0, 0, 200_000)]);
        for ratio in [1.0, 2.0, 4.0] {
            // First order: 1 / √(1 + (corner / f)²).
            let want = -10.0 * dsp::math::log10(1.0 + 1.0 / (ratio * ratio));
            let got = measure::response_db(ir.channel(0), corner * ratio, 48_000.0);
            assert!((got - want).abs() < 0.01, "{corner} {ratio}: {got} {want}");
        }
    }
}

#[test]
fn new_knobs_glide_as_well() {
    let low = signals::sine(60.0, 0.5, 0.0, 0.3, 48_000.0);
    let run = |block: usize| {
        let mut audio = Buffer::from_planes(&[low.clone(), low.iter().map(|x| -0.3 * x).collect()]);
        let mut kernel = Gain::default().prepare(Format::default());
        let mut at = 0;
        for settings in [
            Gain { mute: Sides::Left, ..Gain::default() },
            Gain { source: Source::Right, left_delay_frames: 30.5, ..Gain::default() },
            Gain { mid_side: MidSide::Encode, dc_filter: true, dc_corner_hz: 30.0, ..Gain::default() },
            Gain { mid_side: MidSide::Decode, precise_delay: true, ..Gain::default() },
        ] {
            let end = at + 2_800;
            while at < end {
                let frames = block.min(end - at);
                kernel.process(&mut audio.block().slice(at, frames));
                at += frames;
            }
            kernel.retune(&settings);
        }
        kernel.process(&mut audio.block().slice(at, 100_000));
        assert_eq!(kernel.latency_frames(), 0);
        audio
    };
    let whole = run(100_000);
    assert_eq!(whole, run(29));
    let step = whole.channel(0).windows(2).fold(0.0, |m: f64, w| m.max((w[1] - w[0]).abs()));
    assert!(step < 0.02, "{step}");
}
