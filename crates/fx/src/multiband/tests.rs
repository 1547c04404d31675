use super::*;
use dsp::block::Buffer;
use testkit::{measure, signals};

fn run(settings: &Multiband, planes: &[Vec<f64>]) -> (Buffer, [f64; 3]) {
    let mut audio = Buffer::from_planes(planes);
    let mut kernel = settings.prepare(Format { channels: planes.len(), ..Format::default() });
    let half = audio.frames() / 2;
    kernel.process(&mut audio.block().slice(0, half));
    kernel.process(&mut audio.block().slice(half, half));
    (audio, kernel.band_reductions_db())
}

/// No compression anywhere.
fn rest() -> Multiband {
    Multiband { low_ratio: 1.0, mid_ratio: 1.0, high_ratio: 1.0, ..Multiband::default() }
}

#[test]
fn at_rest_and_below_the_thresholds_every_bit_passes() {
    let noise = [signals::noise(0.5, 1, 2_000), signals::noise(0.5, 2, 2_000)];
    assert_eq!(run(&rest(), &noise).0, Buffer::from_planes(&noise));
    let quiet = [signals::noise(0.005, 1, 2_000), signals::noise(0.005, 2, 2_000)];
    assert_eq!(run(&Multiband::default(), &quiet).0, Buffer::from_planes(&quiet));
    let off =
        Multiband { low_on: false, mid_on: false, high_on: false, low_gain_db: 6.0, ..Multiband::default() };
    assert_eq!(run(&off, &noise).0, Buffer::from_planes(&noise));
}

#[test]
fn bands_with_equal_gains_sum_flat() {
    for gain in [0.0, -4.0, 6.0] {
        let settings = Multiband { low_gain_db: gain, mid_gain_db: gain, high_gain_db: gain, ..rest() };
        let (out, _) = run(&settings, &[signals::impulse(1.0, 0, 96_000)]);
        for step in 0..=60 {
            let f = 20.0 * dsp::math::pow(1_000.0, f64::from(step) / 60.0);
            let got = measure::response_db(out.channel(0), f, 48_000.0);
            assert!((got - gain).abs() < 1e-4, "{gain} {f}: {got}");
        }
    }
}

#[test]
fn each_band_follows_the_closed_form_on_a_tone_of_its_own() {
    let settings = Multiband {
        low_threshold_db: -30.0,
        low_ratio: 2.0,
        mid_threshold_db: -30.0,
        mid_ratio: 4.0,
        high_threshold_db: -30.0,
        high_ratio: 3.0,
        knee_db: 0.0,
        range_db: 24.0,
        rms_window_ms: 100.0,
        low_attack_ms: 100.0,
        low_release_ms: 100.0,
        ..Multiband::default()
    };
    // RMS of a sine of peak p is p - 3.01 dB; the rest by hand.
    for (f, slope, band) in [(30.0, 0.5, 0), (800.0, 0.75, 1), (15_000.0, 2.0 / 3.0, 2)] {
        let peak_db = -15.0;
        let tone = signals::sine(f, signals::db(peak_db), 0.0, 3.0, 48_000.0);
        let (out, shown) = run(&settings, &[tone.clone(), tone.iter().map(|x| 0.1 * x).collect()]);
        let want = slope * (peak_db - 3.0103 + 30.0);
        let got =
            -measure::to_db(measure::tone(&out.channel(0)[96_000..], f, 48_000.0).0 / signals::db(peak_db));
        assert!((got - want).abs() < 0.1, "{f}: {got} {want}");
        // Linked: the softer channel is turned down as much.
        let soft = -measure::to_db(
            measure::tone(&out.channel(1)[96_000..], f, 48_000.0).0 / signals::db(peak_db - 20.0),
        );
        assert!((soft - got).abs() < 1e-6, "{f}: {soft}");
        assert!((shown[band] - want).abs() < 0.2, "{shown:?}");
    }
}

#[test]
fn a_band_turned_down_leaves_the_others_alone() {
    let settings = Multiband { low_threshold_db: -50.0, low_ratio: 20.0, range_db: 6.0, ..rest() };
    let low = signals::sine(25.0, 0.5, 0.0, 2.0, 48_000.0);
    let tone = signals::sine(1_500.0, 0.05, 0.0, 2.0, 48_000.0);
    let both: Vec<f64> = low.iter().zip(&tone).map(|(a, b)| a + b).collect();
    let (out, _) = run(&settings, &[both]);
    let part = &out.channel(0)[48_000..];
    let of = |f, peak| measure::to_db(measure::tone(part, f, 48_000.0).0 / peak);
    assert!((of(25.0, 0.5) + 6.0).abs() < 0.05, "{}", of(25.0, 0.5));
    assert!(of(1_500.0, 0.05).abs() < 0.05, "{}", of(1_500.0, 0.05));
}

#[test]
fn retuning_makes_no_click_and_does_not_depend_on_blocks() {
    let tone = signals::sine(100.0, 0.4, 0.0, 0.3, 48_000.0);
    let run = |block: usize| {
        let mut audio = Buffer::from_planes(&[tone.clone(), tone.clone()]);
        let mut kernel = Multiband::default().prepare(Format::default());
        let mut at = 0;
        for settings in [
            Multiband { low_gain_db: 6.0, low_threshold_db: -60.0, ..Multiband::default() },
            Multiband {
                low_crossover_hz: 600.0,
                high_crossover_hz: 1_500.0,
                low_gain_db: -6.0,
                ..Multiband::default()
            },
            Multiband { low_on: false, ..Multiband::default() },
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
    assert_eq!(whole, run(31));
    // The sine bends by at most 0.8 * (2π 100 / 48000)² = 0.00014 per sample².
    let bend = whole.channel(0).windows(3).fold(0.0, |m: f64, w| m.max((w[0] - 2.0 * w[1] + w[2]).abs()));
    assert!(bend < 0.004, "{bend}");
}

#[test]
fn attack_and_release_are_the_times_given_at_any_rate() {
    for (rate, attack_ms, release_ms) in
        [(44_100.0, 5.0, 40.0), (48_000.0, 30.0, 100.0), (96_000.0, 8.0, 60.0)]
    {
        let settings = Multiband {
            low_crossover_hz: 1_000.0,
            low_threshold_db: -40.0,
            low_ratio: 20.0,
            low_attack_ms: attack_ms,
            low_release_ms: release_ms,
            rms_window_ms: 1.0,
            range_db: 6.0,
            knee_db: 0.0,
            ..rest()
        };
        // A constant is all in the low band, and the output over it is the gain. The loud stretch is far enough above the
        // threshold to ask for the whole range at once.
        let frames = |ms: f64| (ms * 1e-3 * rate) as usize;
        let (rise, fall) = (frames(20.0) + 5, frames(20.0 + 12.0 * attack_ms) + 3);
        let input: Vec<f64> = (0..fall + frames(6.0 * release_ms))
            .map(|i| if (rise..fall).contains(&i) { 0.5 } else { 1e-4 })
            .collect();
        let mut audio = Buffer::from_planes(&[input.clone(), input.clone(), input.clone()]);
        let format = Format { sample_rate_hz: rate, channels: 3, ..Format::default() };
        settings.prepare(format).process(&mut audio.block());
        for channel in 0..3 {
            let reduction: Vec<f64> =
                audio.channel(channel).iter().zip(&input).map(|(y, x)| -measure::to_db(y / x)).collect();
            let ms_until = |from: usize, done: &dyn Fn(f64) -> bool| {
                (from..reduction.len()).find(|&i| done(reduction[i])).unwrap().saturating_sub(from) as f64
                    / rate
                    * 1e3
            };
            // From 30 % to 80 % an exponential takes ln 3.5 of its time constant.
            let attack = ms_until(rise, &|db| db >= 4.8) - ms_until(rise, &|db| db >= 1.8);
            assert!((attack / dsp::math::ln(3.5) / attack_ms - 1.0).abs() < 0.03, "{rate}: {attack}");
            // And it starts at once: within two workings-out of the gain.
            let covered = ms_until(rise, &|db| db >= 6.0 * 0.632_12);
            assert!((0.0..0.8).contains(&(covered - attack_ms)), "{rate}: {covered}");
            // The fall of the signal itself rings in the shelf for some milliseconds.
            let from = fall + frames(0.3 * release_ms);
            let release = ms_until(from, &|db| db <= 1.2) - ms_until(from, &|db| db <= 3.6);
            assert!((release / dsp::math::ln(3.0) / release_ms - 1.0).abs() < 0.03, "{rate}: {release}");
        }
    }
}

#[test]
fn a_moving_gain_leaves_no_trace_of_the_rate_at_which_it_is_worked_out() {
    // Gains are worked out 2756 times per second at 44.1 kHz. A tone of 500 Hz whose gain goes up and down by about 3 dB
    // five times per second would carry images of itself beside the multiples of that.
    let tone = signals::sine(500.0, 1.0, 0.0, 5.0, 44_100.0);
    let swell = signals::sine(5.0, 1.0, 0.0, 5.0, 44_100.0);
    let input: Vec<f64> =
        tone.iter().zip(&swell).map(|(x, s)| x * 0.1 * dsp::math::pow(10.0, 0.25 * s)).collect();
    let settings = Multiband { mid_threshold_db: -40.0, mid_ratio: 3.0, range_db: 24.0, ..rest() };
    let mut audio = Buffer::from_planes(&[input]);
    let format = Format { sample_rate_hz: 44_100.0, channels: 1, ..Format::default() };
    let mut kernel = settings.prepare(format);
    kernel.process(&mut audio.block());
    assert!(kernel.band_reductions_db()[1] > 8.0, "{:?}", kernel.band_reductions_db());
    let out = &audio.channel(0)[44_100..];
    let carrier = measure::tone(out, 500.0, 44_100.0).0;
    for turn in [1.0, 2.0, 3.0] {
        for side in [-1.0, 1.0] {
            let image = turn * 2_756.25 + side * 500.0;
            for f in [image - 5.0, image, image + 5.0] {
                let level = measure::to_db(measure::tone(out, f, 44_100.0).0 / carrier);
                assert!(level < -110.0, "{f}: {level}");
            }
        }
    }
}

#[test]
fn a_corner_is_63_percent_of_the_way_in_5_ms() {
    let tangent = |hz: f64| dsp::math::tan(std::f64::consts::PI * hz / 48_000.0);
    let mut kernel = Multiband::default().prepare(Format { channels: 1, ..Format::default() });
    kernel.retune(&Multiband { low_crossover_hz: 600.0, high_crossover_hz: 8_000.0, ..Multiband::default() });
    let mut audio = Buffer::new(1, 240);
    kernel.process(&mut audio.block());
    for (band, from, to) in [(0, 120.0, 600.0), (1, 5_000.0, 8_000.0)] {
        let gone = (kernel.aim.1[band] - tangent(from)) / (tangent(to) - tangent(from));
        assert!((gone - 0.632_120_558_8).abs() < 1e-6, "{band}: {gone}");
    }
}
