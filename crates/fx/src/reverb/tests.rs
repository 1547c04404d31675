use super::probe::{octave_band, t30};
use super::*;
use crate::Kernel;
use dsp::block::Buffer;
use dsp::fdn::{Shape, reflections};
use testkit::measure::{rms, to_db};
use testkit::signals::{noise, sine};

use super::probe::RATE;

fn format(channels: usize) -> Format {
    Format { sample_rate_hz: RATE, channels, ..Format::default() }
}

fn run(settings: &Reverb, planes: &[Vec<f64>]) -> Buffer {
    let mut buffer = Buffer::from_planes(planes);
    settings.prepare(format(planes.len())).process(&mut buffer.block());
    buffer
}

fn wet() -> Reverb {
    Reverb { mix_percent: 100.0, pre_delay_ms: 0.0, ..Reverb::default() }
}

fn impulse_response(settings: &Reverb, channel: usize, channels: usize, seconds: f64) -> Buffer {
    let frames = (seconds * RATE) as usize;
    let mut planes = vec![vec![0.0; frames]; channels];
    planes[channel][0] = 1.0;
    run(settings, &planes)
}

#[test]
fn every_octave_decays_in_the_time_asked_within_5_percent() {
    let cases = [
        (Reverb::default(), 2.4),
        (Reverb { rt60_low_seconds: 0.7, rt60_mid_seconds: 0.5, rt60_high_seconds: 0.4, ..wet() }, 1.0),
        (Reverb { rt60_low_seconds: 1.2, rt60_mid_seconds: 1.5, rt60_high_seconds: 2.0, ..wet() }, 2.6),
        (
            Reverb {
                rt60_low_seconds: 3.0,
                rt60_mid_seconds: 2.2,
                rt60_high_seconds: 0.9,
                size_percent: 160.0,
                modulation_percent: 100.0,
                low_crossover_hz: 400.0,
                high_crossover_hz: 6000.0,
                ..wet()
            },
            3.4,
        ),
    ];
    for (settings, seconds) in cases {
        let settings = Reverb { mix_percent: 100.0, pre_delay_ms: 0.0, ..settings };
        // Four independent responses, or chance would say more than the decay in the narrow low bands.
        let responses = [(0, 0.5), (1, 0.5), (0, 0.9), (1, 0.9)].map(|(side, modulation_rate_hz)| {
            impulse_response(&Reverb { modulation_rate_hz, ..settings.clone() }, side, 2, seconds)
        });
        let (low, mid, high) =
            (settings.rt60_low_seconds, settings.rt60_mid_seconds, settings.rt60_high_seconds);
        let bands = [(125.0, low), (1000.0, mid), (2000.0, mid), (12_500.0, high)];
        for (hz, asked) in bands {
            let ratio = t30(&responses, hz) / asked;
            println!("{hz} Hz: {:+.1} % of {asked} s", 100.0 * (ratio - 1.0));
            assert!((ratio - 1.0).abs() < 0.05, "{hz} Hz: {ratio} of {asked} s");
        }
    }
}

#[test]
fn the_early_decay_time_is_near_the_decay_time_and_shorter_with_early_reflections() {
    let flat = |seconds, early_level_db| Reverb {
        rt60_low_seconds: seconds,
        rt60_mid_seconds: seconds,
        rt60_high_seconds: seconds,
        early_level_db,
        pre_delay_ms: 80.0,
        ..Reverb::default()
    };
    for seconds in [0.6, 1.5, 3.0] {
        let plain = edt_seconds(&flat(seconds, -60.0), format(2));
        println!("EDT {plain} of {seconds}");
        assert!((0.9..1.2).contains(&(plain / seconds)), "{plain} for {seconds}");
        assert!(edt_seconds(&flat(seconds, 12.0), format(2)) < 0.7 * plain);
    }
    assert!(edt_seconds(&flat(1.0, 0.0), format(1)) > 0.1);
    assert!(edt_seconds(&flat(1.0, 0.0), format(6)) > 0.1);
}

#[test]
fn the_level_does_not_depend_on_the_decay() {
    let level = |seconds: f64| {
        let settings = Reverb {
            rt60_low_seconds: seconds,
            rt60_mid_seconds: seconds,
            rt60_high_seconds: seconds,
            early_level_db: -60.0,
            ..wet()
        };
        let planes = [noise(0.3, 1, 130_000), noise(0.3, 2, 130_000)];
        let out = run(&settings, &planes);
        // After the build-up of the longest.
        to_db(rms(&out.channel(0)[88_200..]) / rms(&planes[0]))
    };
    for seconds in [0.3, 0.8, 2.0] {
        let db = level(seconds);
        println!("{seconds} s: {db:+.2} dB");
        assert!(db.abs() < 1.0, "{seconds}: {db}");
    }
}

#[test]
fn echoes_are_as_dense_as_noise_after_80_ms() {
    // Abel and Huang, AES 121st convention 2006: share of samples beyond one sigma, in that of a normal law (0.3173).
    let out = impulse_response(&wet(), 0, 2, 0.4);
    for channel in 0..2 {
        for start in (3528..15_000).step_by(882) {
            let window = &out.channel(channel)[start..start + 882];
            let sigma = rms(window);
            let share = window.iter().filter(|x| x.abs() > sigma).count() as f64 / 882.0;
            assert!((0.8..1.25).contains(&(share / 0.3173)), "{start}: {}", share / 0.3173);
        }
    }
}

#[test]
fn the_tail_has_no_comb_and_no_pitch() {
    let settings = Reverb { early_level_db: -60.0, ..wet() };
    let planes = [noise(0.3, 1, 88_200), noise(0.3, 2, 88_200)];
    let out = run(&settings, &planes);
    let tail = &out.channel(0)[22_050..];
    let energy: f64 = tail.iter().map(|x| x * x).sum();
    for lag in (200..8000).step_by(3) {
        let correlation: f64 = tail[lag..].iter().zip(tail).step_by(4).map(|(a, b)| 4.0 * a * b).sum();
        assert!((correlation / energy).abs() < 0.2, "{lag}: {}", correlation / energy);
    }
    // Third octaves of the response to white noise are level until treble decays faster.
    let (left, right) = (out.channel(0), out.channel(1));
    let dot: f64 = left.iter().zip(right).map(|(a, b)| a * b).sum();
    let both = rms(left) * rms(right) * left.len() as f64;
    assert!((dot / both).abs() < 0.2, "sides correlate by {}", dot / both);
    assert!(to_db(rms(left) / rms(right)).abs() < 1.0);
}

#[test]
fn pre_delay_in_milliseconds_and_beats_adds_up_to_the_frame() {
    for (pre_delay_ms, pre_delay_beats, tempo_bpm) in
        [(10.0, 0.0, 120.0), (0.0, 0.25, 90.0), (250.0, 2.0, 60.0)]
    {
        let settings = Reverb { pre_delay_ms, pre_delay_beats, ..wet() };
        let mut planes = vec![vec![0.0; 120_000]; 1];
        planes[0][100] = 1.0;
        let mut buffer = Buffer::from_planes(&planes);
        settings.prepare(Format { tempo_bpm, ..format(1) }).process(&mut buffer.block());
        let first = buffer.channel(0).iter().position(|x| x.abs() > 1e-9).unwrap();
        let seconds = f64::min(pre_delay_ms * 1e-3 + pre_delay_beats * 60.0 / tempo_bpm, 2.0);
        let reflection = reflections(Shape::Hall, 60.0, false, RATE)[0].delay_frames;
        assert_eq!(first, 100 + (seconds * RATE).round() as usize + reflection);
    }
}

#[test]
fn one_two_and_six_channels_sound_and_the_lfe_stays_dry() {
    for channels in [1, 2, 3, 6, 20] {
        let out = impulse_response(&wet(), 0, channels, 0.5);
        for channel in 0..channels {
            let level = rms(out.channel(channel));
            if channels == 6 && channel == 3 {
                assert_eq!(level, 0.0);
            } else {
                assert!(level > 1e-4, "{channels} {channel}: {level}");
            }
        }
    }
}

#[test]
fn no_mix_is_the_input_to_the_bit_and_width_zero_is_mono() {
    let planes = [noise(0.5, 1, 9000), noise(0.5, 2, 9000)];
    let out = run(&Reverb { mix_percent: 0.0, ..Reverb::default() }, &planes);
    assert!(out.channel(0) == planes[0] && out.channel(1) == planes[1]);
    let out = run(&Reverb { width_percent: 0.0, ..wet() }, &planes);
    assert!(testkit::measure::null_db(out.channel(0), out.channel(1)) < -250.0);
}

#[test]
fn the_filters_on_the_reverberation_have_their_slopes() {
    let plain = impulse_response(&wet(), 0, 1, 0.8);
    let cut = Reverb { highpass_hz: 500.0, lowpass_hz: 4000.0, ..wet() };
    let cut = impulse_response(&cut, 0, 1, 0.8);
    let ratio = |hz| {
        testkit::measure::response_db(cut.channel(0), hz, RATE)
            - testkit::measure::response_db(plain.channel(0), hz, RATE)
    };
    // Butterworth of second order, by hand: -10 log10(1 + (f/fc)^4).
    for (hz, db) in [(250.0, -12.30), (500.0, -3.01), (1500.0, -0.14)] {
        assert!((ratio(hz) - db).abs() < 0.25, "{hz}: {}", ratio(hz));
    }
    assert!((ratio(4000.0) + 3.01).abs() < 0.05);
}

#[test]
fn retuning_everything_does_not_click_and_blocks_change_no_bit() {
    let input = sine(220.0, 0.5, 0.0, 0.8, RATE);
    let other = Reverb {
        size_percent: 50.0,
        rt60_mid_seconds: 0.8,
        rt60_low_seconds: 3.0,
        pre_delay_ms: 35.0,
        early_level_db: 0.0,
        early_size_ms: 30.0,
        early_pattern: EarlyPattern::Room,
        diffusion_percent: 30.0,
        highpass_hz: 100.0,
        lowpass_hz: 7000.0,
        width_percent: 150.0,
        duck_db: 6.0,
        ..wet()
    };
    let go = |cuts: &[usize]| {
        let mut kernel = wet().prepare(format(2));
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
    // A click shows above 5 kHz, where a sine of 220 Hz in a still room has nothing.
    let high = octave_band(whole.channel(0), 10_000.0);
    let click = testkit::measure::peak(&high[19_000..30_000]);
    println!("loudest above 7 kHz while everything moves: {:.1} dB", to_db(click));
    assert!(click < 1e-3, "{click}");
}

#[test]
fn the_tail_ends_in_exact_silence_and_poison_does_not_stay() {
    let settings = Reverb { rt60_low_seconds: 0.2, rt60_mid_seconds: 0.2, rt60_high_seconds: 0.2, ..wet() };
    let mut plane = noise(0.5, 1, 44_100 * 4);
    plane[100] = f64::NAN;
    plane[101] = f64::INFINITY;
    plane[4410..].fill(0.0);
    let out = run(&settings, &[plane.clone(), plane]);
    assert!(out.channel(0).iter().all(|x| x.is_finite()));
    println!("last sound at frame {:?}", out.channel(0).iter().rposition(|x| *x != 0.0));
    assert!(out.channel(0)[44_100 * 7 / 2..].iter().all(|x| *x == 0.0));
}

#[test]
fn early_reflections_have_their_level_and_keep_their_power_at_every_width() {
    // The first reflection comes before any other sound: its sides stand as the image source says.
    let one = reflections(Shape::Hall, 60.0, false, RATE)[0];
    let (left, right) = (one.left * one.left, one.right * one.right);
    let at = |early_width_percent, early_level_db| {
        let settings = Reverb { early_width_percent, early_level_db, ..wet() };
        let out = impulse_response(&settings, 0, 2, 0.05);
        (out.channel(0)[one.delay_frames], out.channel(1)[one.delay_frames])
    };
    let whole = at(100.0, 0.0);
    assert!((whole.0 * whole.0 / (whole.1 * whole.1) / (left / right) - 1.0).abs() < 1e-9, "{whole:?}");
    for (wide, level_db) in [(0.5, 0.0), (0.0, 0.0), (1.0, -12.0), (0.0, 6.0)] {
        let (l, r) = at(100.0 * wide, level_db);
        let share = (left * wide + 0.5 * (1.0 - wide) * (left + right)) / left;
        let level = testkit::signals::db(level_db);
        assert!((l / whole.0 - level * share.sqrt()).abs() < 1e-6, "{wide} {level_db}: {l}");
        let power = (l * l + r * r) / (whole.0 * whole.0 + whole.1 * whole.1);
        assert!((power / (level * level) - 1.0).abs() < 1e-6, "{wide} {level_db}: {power}");
    }
}
