//! Times, levels, places and characters of echoes.

use super::*;
use crate::Choice;
use dsp::block::Buffer;
use testkit::measure::{null_db, peak, response_db, rms, to_db};
use testkit::signals::{noise, sine};

const RATE: f64 = 48_000.0;

fn format(channels: usize, tempo_bpm: f64) -> Format {
    Format { sample_rate_hz: RATE, channels, tempo_bpm, ..Format::default() }
}

fn wet() -> Delay {
    Delay { mix_percent: 100.0, ..Delay::default() }
}

/// Response to an impulse on `channel`.
fn echoes(settings: &Delay, channel: usize, channels: usize, tempo_bpm: f64, frames: usize) -> Buffer {
    let mut buffer = Buffer::new(channels, frames);
    buffer.channel_mut(channel)[0] = 1.0;
    settings.prepare(format(channels, tempo_bpm)).process(&mut buffer.block());
    buffer
}

fn places(plane: &[f64]) -> Vec<usize> {
    plane.iter().enumerate().filter(|(_, x)| x.abs() > 1e-6).map(|(n, _)| n).collect()
}

#[test]
fn notes_have_their_lengths_in_beats() {
    // By hand: a quarter note is one beat, a dot adds a half, a triplet is three in the time of two.
    let expected = [
        4.0,
        3.0,
        2.0,
        4.0 / 3.0,
        1.5,
        1.0,
        2.0 / 3.0,
        0.75,
        0.5,
        1.0 / 3.0,
        0.375,
        0.25,
        1.0 / 6.0,
        0.1875,
        0.125,
        1.0 / 12.0,
    ];
    assert_eq!(Note::NAMES.len(), expected.len());
    for (index, beats) in expected.into_iter().enumerate() {
        assert!((Note::from_index(index).beats() - beats).abs() < 1e-15, "{}", Note::NAMES[index].0);
    }
}

#[test]
fn echoes_in_tempo_stand_on_the_frame() {
    for (note, tempo_bpm, step) in [
        (Note::Quarter, 120.0, 24_000),
        (Note::EighthDotted, 100.0, 21_600),
        (Note::EighthTriplet, 90.0, 10_667),
        (Note::Sixteenth, 174.0, 4138),
    ] {
        let out = echoes(&Delay { note, ..wet() }, 0, 1, tempo_bpm, 3 * step + 1);
        assert_eq!(places(out.channel(0)), [step, 2 * step, 3 * step], "{note:?}");
    }
    let free = Delay { timing: DelayTiming::Free, time_ms: 10.0, ..wet() };
    assert_eq!(places(echoes(&free, 0, 1, 120.0, 1000).channel(0)), [480, 960]);
}

#[test]
fn each_echo_is_the_feedback_times_the_one_before_exactly() {
    let settings = Delay { timing: DelayTiming::Free, time_ms: 5.0, feedback_percent: 60.0, ..wet() };
    let out = echoes(&settings, 0, 1, 120.0, 4000);
    let mut level = 1.0;
    for n in 1..16 {
        assert!((out.channel(0)[240 * n] - level).abs() < 1e-15, "echo {n}");
        level *= 0.6;
    }
}

#[test]
fn ping_pong_starts_left_and_changes_sides() {
    let settings = Delay {
        timing: DelayTiming::Free,
        time_ms: 10.0,
        feedback_percent: 50.0,
        routing: DelayRouting::PingPong,
        ..wet()
    };
    for channel in 0..2 {
        let out = echoes(&settings, channel, 2, 120.0, 2000);
        assert_eq!(places(out.channel(0)), [480, 1440]);
        assert_eq!(places(out.channel(1)), [960, 1920]);
        let levels = [out.channel(0)[480], out.channel(1)[960], out.channel(0)[1440], out.channel(1)[1920]];
        for (n, level) in levels.into_iter().enumerate() {
            assert!((level - 0.5 * libm_pow(0.5, n)).abs() < 1e-15, "{levels:?}");
        }
    }
    let six = echoes(&settings, 4, 6, 120.0, 2000);
    assert_eq!(places(six.channel(4)), [480, 960, 1440, 1920]);
    assert!(places(six.channel(0)).is_empty());
}

fn libm_pow(base: f64, times: usize) -> f64 {
    (0..times).fold(1.0, |product, _| product * base)
}

#[test]
fn the_stereo_offset_moves_one_side() {
    for (offset, left, right) in [(5.0, 960, 1200), (-5.0, 1200, 960)] {
        let settings = Delay { timing: DelayTiming::Free, time_ms: 20.0, stereo_offset_ms: offset, ..wet() };
        assert_eq!(places(echoes(&settings, 0, 2, 120.0, 1300).channel(0)), [left]);
        assert_eq!(places(echoes(&settings, 1, 2, 120.0, 1300).channel(1)), [right]);
    }
}

#[test]
fn each_echo_passes_the_filters_once_more() {
    let settings = Delay {
        timing: DelayTiming::Free,
        time_ms: 100.0,
        feedback_percent: 80.0,
        highpass_hz: 200.0,
        lowpass_hz: 4000.0,
        ..wet()
    };
    let out = echoes(&settings, 0, 1, 120.0, 4800 * 4);
    let warp = |hz: f64| dsp::math::tan(dsp::math::PI * hz / RATE);
    for hz in [100.0, 200.0, 1000.0, 4000.0, 9000.0] {
        // Bilinear first-order responses, by hand.
        let (high, low) = (warp(hz) / warp(200.0), warp(hz) / warp(4000.0));
        let once = 10.0 * dsp::math::log10(high * high / (1.0 + high * high) / (1.0 + low * low));
        for n in 1..=3_usize {
            let echo = &out.channel(0)[4800 * n..4800 * (n + 1)];
            let expected = once * n as f64 + to_db(0.8) * (n - 1) as f64;
            let measured = response_db(echo, hz, RATE);
            assert!((measured - expected).abs() < 0.05, "{hz} Hz echo {n}: {measured} for {expected}");
        }
    }
}

#[test]
fn no_mix_is_the_input_to_the_bit_and_the_default_keeps_the_dry() {
    let input = noise(0.5, 3, 60_000);
    let mut buffer = Buffer::from_planes(&[input.clone(), input.clone()]);
    Delay { mix_percent: 0.0, ..Delay::default() }.prepare(format(2, 120.0)).process(&mut buffer.block());
    assert!(buffer.channel(0) == input && buffer.channel(1) == input);
    let mut buffer = Buffer::from_planes(std::slice::from_ref(&input));
    Delay::default().prepare(format(1, 120.0)).process(&mut buffer.block());
    let dry: Vec<f64> = input[..1000].iter().map(|x| x * 0.75).collect();
    assert!(null_db(&buffer.channel(0)[..1000], &dry) < -300.0);
}

#[test]
fn the_loop_stays_bounded_at_its_loudest_and_dies_to_exact_silence() {
    for (routing, depth, time_ms) in [
        (DelayRouting::Straight, 10.0, 1.0),
        (DelayRouting::PingPong, 10.0, 20.0),
        (DelayRouting::PingPong, 0.0, 1.0),
    ] {
        let settings = Delay {
            timing: DelayTiming::Free,
            time_ms,
            routing,
            feedback_percent: 95.0,
            modulation_depth_ms: depth,
            modulation_rate_hz: 5.0,
            highpass_hz: 2000.0,
            lowpass_hz: 500.0,
            ..wet()
        };
        let mut plane = noise(1.0, 1, 48_000 * 6);
        plane[48_000..].fill(0.0);
        let mut buffer = Buffer::from_planes(&[plane.clone(), plane.clone()]);
        settings.prepare(format(2, 120.0)).process(&mut buffer.block());
        assert!(peak(buffer.channel(0)) < 20.0);
        let end = rms(&buffer.channel(0)[48_000 * 5..]);
        assert!(end < 1e-3, "{routing:?} {depth} {time_ms}: {end}");
    }
    let short = Delay { timing: DelayTiming::Free, time_ms: 1.0, feedback_percent: 50.0, ..wet() };
    let out = echoes(&short, 0, 1, 120.0, 48_000);
    assert!(out.channel(0)[30_000..].iter().all(|x| *x == 0.0));
}

#[test]
fn modulation_sways_the_pitch_by_its_depth_and_rate() {
    // A delay of d(t) = D + A sin(w t) shifts a tone by -f A w cos(w t): at 2 ms and 1 Hz by 1.257 % at most.
    let settings = Delay {
        timing: DelayTiming::Free,
        time_ms: 50.0,
        feedback_percent: 0.0,
        modulation_depth_ms: 2.0,
        modulation_rate_hz: 1.0,
        ..wet()
    };
    let input = sine(1000.0, 0.5, 0.0, 3.0, RATE);
    let mut buffer = Buffer::from_planes(&[input]);
    settings.prepare(format(1, 120.0)).process(&mut buffer.block());
    // Frequency by the rising zero crossings, interpolated.
    let out = &buffer.channel(0)[24_000..];
    let crossings: Vec<f64> = (1..out.len())
        .filter(|n| out[n - 1] < 0.0 && out[*n] >= 0.0)
        .map(|n| n as f64 - out[n] / (out[n] - out[n - 1]))
        .collect();
    let hz: Vec<f64> = crossings.windows(2).map(|pair| RATE / (pair[1] - pair[0])).collect();
    let (low, high) = hz.iter().fold((f64::MAX, 0.0_f64), |(l, h), x| (l.min(*x), h.max(*x)));
    assert!((high - 1012.57).abs() < 0.3 && (low - 987.43).abs() < 0.3, "{low} {high}");
}

#[test]
fn ducking_lowers_the_echoes_under_the_source_only() {
    let settings = Delay { timing: DelayTiming::Free, time_ms: 250.0, feedback_percent: 0.0, ..wet() };
    let mut input = noise(0.5, 1, 48_000);
    input[24_000..].fill(0.0);
    let go = |duck_db| {
        let mut buffer = Buffer::from_planes(std::slice::from_ref(&input));
        Delay { duck_db, ..settings.clone() }.prepare(format(1, 120.0)).process(&mut buffer.block());
        buffer.channel(0).to_vec()
    };
    let (plain, ducked) = (go(0.0), go(12.0));
    let under = to_db(rms(&ducked[14_000..23_000]) / rms(&plain[14_000..23_000]));
    assert!((under + 12.0).abs() < 0.2, "{under}");
    let after = to_db(rms(&ducked[34_000..36_000]) / rms(&plain[34_000..36_000]));
    assert!(after > -12.0, "{after}");
}

#[test]
fn retuning_does_not_click_and_blocks_change_no_bit() {
    let input = sine(200.0, 0.5, 0.0, 1.0, RATE);
    let first = Delay { timing: DelayTiming::Free, time_ms: 80.0, ..wet() };
    let other = Delay {
        timing: DelayTiming::Tempo,
        note: Note::Sixteenth,
        routing: DelayRouting::PingPong,
        feedback_percent: 60.0,
        highpass_hz: 100.0,
        lowpass_hz: 3000.0,
        modulation_depth_ms: 1.0,
        width_percent: 50.0,
        duck_db: 3.0,
        ..wet()
    };
    let go = |cuts: &[usize]| {
        let mut kernel = first.prepare(format(2, 120.0));
        let mut buffer = Buffer::from_planes(&[input.clone(), input.clone()]);
        let (mut start, mut cut) = (0, 0);
        while start < buffer.frames() {
            if start == 20_000 {
                kernel.retune(&other);
            }
            let to = if start < 20_000 { 20_000 } else { buffer.frames() };
            let frames = cuts[cut % cuts.len()].min(to - start);
            kernel.process(&mut buffer.block().slice(start, frames));
            (start, cut) = (start + frames, cut + 1);
        }
        buffer
    };
    let whole = go(&[100_000]);
    assert!(whole == go(&[1, 63, 64, 65, 200, 7]));
    // The steepest step of 200 Hz at the level of all echoes together is below 0.03.
    let steepest = whole.channel(0)[12_000..].windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f64::max);
    assert!(steepest < 0.035, "{steepest}");
}

fn tape() -> Delay {
    Delay {
        medium: DelayMedium::Tape,
        timing: DelayTiming::Free,
        wobble_percent: 0.0,
        drive_db: 0.0,
        ..wet()
    }
}

#[test]
fn a_throw_is_what_was_fed_while_the_input_was_up() {
    let settings = Delay { timing: DelayTiming::Free, time_ms: 10.0, input_percent: 0.0, ..wet() };
    let mut kernel = settings.prepare(format(1, 120.0));
    let mut buffer = Buffer::new(1, 48_000);
    buffer.channel_mut(0)[100] = 1.0;
    buffer.channel_mut(0)[20_000] = 1.0;
    kernel.process(&mut buffer.block().slice(0, 10_000));
    kernel.retune(&Delay { input_percent: 50.0, ..settings.clone() });
    kernel.process(&mut buffer.block().slice(10_000, 38_000));
    assert_eq!(places(&buffer.channel(0)[..20_000]), Vec::<usize>::new());
    assert!((buffer.channel(0)[20_480] - 0.5).abs() < 1e-9, "{}", buffer.channel(0)[20_480]);
    let dry = Delay { mix_percent: 0.0, ..settings };
    let mut buffer = Buffer::from_planes(&[vec![0.25; 100]]);
    dry.prepare(format(1, 120.0)).process(&mut buffer.block());
    assert_eq!(buffer.channel(0)[50], 0.25);
}

#[test]
fn tape_keeps_the_time_and_dulls_with_every_round() {
    let settings = Delay { time_ms: 100.0, feedback_percent: 100.0 * 0.9, ..tape() };
    let out = echoes(&settings, 0, 1, 120.0, 4800 * 4);
    let echo = |n: usize| &out.channel(0)[4800 * n - 100..4800 * n + 2400];
    let top = |n: usize| (0..2500).max_by(|a, b| echo(n)[*a].abs().total_cmp(&echo(n)[*b].abs()));
    assert!((1..=3).all(|n| top(n).is_some_and(|at| at.abs_diff(100) <= 1)));
    for hz in [300.0, 1000.0, 8000.0] {
        let falls = [1, 2].map(|n| response_db(echo(n + 1), hz, RATE) - response_db(echo(n), hz, RATE));
        // Every round costs the same: the feedback, and what one pass over the tape takes.
        assert!((falls[0] - falls[1]).abs() < 0.1, "{hz} {falls:?}");
        let dulled = falls[0] - to_db(0.9);
        let wanted = tape::pass_db(hz, RATE);
        assert!((dulled - wanted).abs() < 0.15, "{hz}: {dulled} for {wanted}");
    }
}

#[test]
fn tape_takes_the_lowest_end_off() {
    let settings = Delay { time_ms: 10.0, feedback_percent: 0.0, ..tape() };
    let out = echoes(&settings, 0, 1, 120.0, 48_000);
    // First order at 35 Hz: -10 lg(1 + (35 / f)²).
    for (hz, wanted) in [(17.5, -6.9897), (35.0, -3.0103), (70.0, -0.9691), (350.0, -0.0432)] {
        let found = response_db(out.channel(0), hz, RATE);
        assert!((found - wanted).abs() < 0.03, "{hz}: {found} {wanted}");
    }
}

#[test]
fn tape_follows_the_tempo_by_its_motor() {
    let settings = Delay { timing: DelayTiming::Tempo, note: Note::Quarter, feedback_percent: 0.0, ..tape() };
    let mut kernel = settings.prepare(format(1, 120.0));
    assert!(kernel.follows_tempo());
    let mut buffer = Buffer::from_planes(&[sine(500.0, 0.5, 0.0, 4.0, RATE)]);
    kernel.process(&mut buffer.block().slice(0, 48_000));
    kernel.set_tempo(150.0);
    kernel.process(&mut buffer.block().slice(48_000, 144_000));
    // From 0.5 to 0.4 s with a time constant of 0.3 s: t later the pitch is up by a third of exp(-t / 0.3).
    for (frame, hz) in crate::modulation::tests::frequencies(&buffer.channel(0)[48_200..], RATE) {
        let seconds = (frame + 200.0 - 48.0) / RATE;
        let wanted = 500.0 * (1.0 + dsp::math::exp(-seconds / 0.3) / 3.0);
        assert!((hz - wanted).abs() < 1.0, "{seconds}: {hz} {wanted}");
    }
    // A click, now: 0.4 s later it is there, and that is where a new kernel has it.
    let mut click = Buffer::new(1, 24_000);
    click.channel_mut(0)[0] = 1.0;
    kernel.process(&mut Buffer::new(1, 24_000).block());
    kernel.process(&mut click.block());
    let top = |plane: &[f64]| (0..plane.len()).max_by(|a, b| plane[*a].abs().total_cmp(&plane[*b].abs()));
    assert_eq!(top(click.channel(0)), Some(19_200));
    // Straight back to the tempo it began with: a reset stands at the time in force.
    kernel.set_tempo(60.0);
    kernel.reset();
    let mut click = Buffer::new(1, 60_000);
    click.channel_mut(0)[0] = 1.0;
    kernel.process(&mut click.block());
    assert_eq!(top(click.channel(0)), Some(48_000));
    let free = Delay { timing: DelayTiming::Free, ..settings }.prepare(format(1, 120.0));
    assert!(!free.follows_tempo());
}

#[test]
fn tape_saturates_at_its_knee_and_not_below() {
    let mut head = tape::Head::new(RATE);
    let mut write =
        |x: f64, drive_db: f64| (0..2).map(|_| head.write(x, tape::knee(drive_db))).last().unwrap();
    // x / sqrt(1 + (k x)²) with k = 1 at 6.02 dB: 1 becomes 0.7071; with k = 3 at 12.04 dB 0.3162.
    assert!(
        (write(1.0, 6.020_6) - std::f64::consts::FRAC_1_SQRT_2).abs() < 1e-5
            && (write(-1.0, 12.041_2) + 0.316_228).abs() < 1e-5
    );
    assert!((write(0.01, 12.041_2) - 0.009_995_5).abs() < 1e-7 && write(0.7, 0.0) == 0.7);
    let heard = |drive_db: f64| {
        let settings = Delay { time_ms: 10.0, feedback_percent: 0.0, drive_db, ..tape() };
        let mut buffer = Buffer::from_planes(&[sine(200.0, 1.0, 0.0, 0.5, RATE)]);
        settings.prepare(format(1, 120.0)).process(&mut buffer.block());
        peak(&buffer.channel(0)[9600..])
    };
    assert!((heard(0.0) - 1.0).abs() < 0.02 && heard(18.0) < 0.25, "{} {}", heard(0.0), heard(18.0));
}

#[test]
fn tape_wobbles_no_further_than_it_says() {
    let settings = Delay { time_ms: 100.0, feedback_percent: 0.0, wobble_percent: 100.0, ..tape() };
    let mut buffer = Buffer::from_planes(&[sine(1000.0, 0.5, 0.0, 12.0, RATE)]);
    settings.prepare(format(1, 120.0)).process(&mut buffer.block());
    let off: Vec<f64> = crate::modulation::tests::frequencies(&buffer.channel(0)[9600..], RATE)
        .iter()
        .map(|(_, hz)| (hz / 1000.0 - 1.0).abs())
        .collect();
    let most = off.iter().fold(0.0_f64, |most, off| most.max(*off));
    assert!((0.002..0.006_6).contains(&most), "{most}");
}

#[test]
fn a_change_of_time_bends_the_pitch_of_tape() {
    let settings = Delay { time_ms: 200.0, feedback_percent: 0.0, ..tape() };
    let mut kernel = settings.prepare(format(1, 120.0));
    let mut buffer = Buffer::from_planes(&[sine(500.0, 0.5, 0.0, 2.0, RATE)]);
    kernel.process(&mut buffer.block().slice(0, 48_000));
    kernel.retune(&Delay { time_ms: 260.0, ..settings });
    kernel.process(&mut buffer.block().slice(48_000, 48_000));
    let hz = crate::modulation::tests::frequencies(&buffer.channel(0)[48_000..], RATE);
    // The delay grows by 60 ms at 1/300 ms at first: a fifth lower, and back in tune a second later.
    let lowest = hz.iter().map(|(_, hz)| *hz).fold(f64::MAX, f64::min);
    assert!((lowest / 500.0 - 0.8).abs() < 0.02, "{lowest}");
    assert!(hz.last().is_some_and(|(_, hz)| (hz - 500.0).abs() < 5.0));
}

/// One echo, free of the tempo, without filters.
fn single(time_ms: f64) -> Delay {
    Delay { timing: DelayTiming::Free, time_ms, feedback_percent: 0.0, ..wet() }
}

/// A line of unit slope: what comes out tells how late it is, to the frame.
fn ramp(frames: u32) -> Vec<f64> {
    (0..frames).map(f64::from).collect()
}

#[test]
fn width_scales_the_difference_of_the_echoes() {
    // An echo on the left alone is half middle, half side: ½ + ½ w on the left, ½ - ½ w on the right.
    for (width_percent, left, right) in [(0.0, 0.5, 0.5), (50.0, 0.75, 0.25), (200.0, 1.5, -0.5)] {
        let out = echoes(&Delay { width_percent, ..single(10.0) }, 0, 2, 120.0, 500);
        assert!((out.channel(0)[480] - left).abs() < 1e-15, "{width_percent}");
        assert!((out.channel(1)[480] - right).abs() < 1e-15, "{width_percent}");
    }
}

#[test]
fn half_way_up_to_minus_20_dbfs_the_echoes_step_back_by_half() {
    // Ducking begins at -40 dBFS of the source and is whole at -20.
    for (level_db, wanted_db) in [(-45.0, 0.0), (-35.0, -3.0), (-30.0, -6.0), (-20.0, -12.0), (-10.0, -12.0)]
    {
        let level = testkit::signals::db(level_db);
        let mut buffer = Buffer::from_planes(&[vec![level; 24_000]]);
        Delay { duck_db: 12.0, ..single(10.0) }.prepare(format(1, 120.0)).process(&mut buffer.block());
        let got = to_db(buffer.channel(0)[23_999] / level);
        assert!((got - wanted_db).abs() < 0.01, "{level_db}: {got}");
    }
}

#[test]
fn a_new_time_is_faded_to_in_50_ms() {
    let mut buffer = Buffer::from_planes(&[ramp(6000)]);
    let mut kernel = single(10.0).prepare(format(1, 120.0));
    kernel.process(&mut buffer.block().slice(0, 2000));
    kernel.retune(&single(20.0));
    kernel.process(&mut buffer.block().slice(2000, 4000));
    let late = |n: u32| f64::from(n) - buffer.channel(0)[n as usize];
    // From 480 frames to 960 on a straight line of 2400 frames.
    for (n, wanted) in
        [(1999, 480.0), (2000, 480.0), (2600, 600.0), (3200, 720.0), (4400, 960.0), (5999, 960.0)]
    {
        assert!((late(n) - wanted).abs() < 0.5, "{n}: {} {wanted}", late(n));
    }
}

#[test]
fn the_sides_sway_a_quarter_turn_apart() {
    // 2 ms are 96 frames; at 1 Hz the left is at its end after a quarter of a second, where the right is back at rest.
    let settings = Delay { modulation_depth_ms: 2.0, modulation_rate_hz: 1.0, ..single(20.0) };
    let mut buffer = Buffer::from_planes(&[ramp(37_000), ramp(37_000)]);
    settings.prepare(format(2, 120.0)).process(&mut buffer.block());
    let late = |side: usize, n: u32| f64::from(n) - buffer.channel(side)[n as usize] - 960.0;
    for (n, left, right) in
        [(4000, 48.0, 83.138), (12_000, 96.0, 0.0), (24_000, 0.0, -96.0), (36_000, -96.0, 0.0)]
    {
        assert!((late(0, n) - left).abs() < 0.1, "{n}: {}", late(0, n));
        assert!((late(1, n) - right).abs() < 0.1, "{n}: {}", late(1, n));
    }
}

#[test]
fn the_tail_lasts_until_the_echoes_are_60_db_down() {
    // 0.5^10 is the first below a thousandth, 0.8^31 too; the first echo is one more.
    for (feedback_percent, echoes) in [(0.0, 1), (50.0, 11), (80.0, 32)] {
        let kernel = Delay { feedback_percent, ..single(10.0) }.prepare(format(1, 120.0));
        assert_eq!(kernel.tail_frames(), 480 * echoes, "{feedback_percent}");
    }
}
