use super::*;
use crate::{Choice, Kernel};
use dsp::block::Buffer;
use testkit::measure::{null_db, rms, to_db, tone};
use testkit::signals::{noise, sine};

fn run(settings: &Saturation, planes: &[Vec<f64>]) -> Buffer {
    let mut buffer = Buffer::from_planes(planes);
    let format = Format { sample_rate_hz: 44_100.0, channels: planes.len(), ..Format::default() };
    settings.prepare(format).process(&mut buffer.block());
    buffer
}

const ALL: [SaturationMode; 5] = [
    SaturationMode::Tape,
    SaturationMode::Tube,
    SaturationMode::SoftClip,
    SaturationMode::HardClip,
    SaturationMode::Transformer,
];

/// The loudest bin up to 20 kHz of a transform of 8192 frames that is neither 0 Hz nor a harmonic of the carrier (at bin
/// `carrier`, a whole number of periods), re the carrier.
fn loudest_alias_db(settings: &Saturation, carrier: usize, peak: f64) -> f64 {
    const N: usize = 8192;
    let hz = 44_100.0 * carrier as f64 / N as f64;
    let latency = settings
        .prepare(Format { sample_rate_hz: 44_100.0, channels: 1, ..Format::default() })
        .latency_frames();
    let frames = 3 * N + latency.next_multiple_of(N);
    let out = run(settings, &[sine(hz, peak, 0.3, frames as f64 / 44_100.0, 44_100.0)]);
    let mut transform = dsp::fft::RealFft::new(N);
    let (mut re, mut im) = (vec![0.0; N / 2 + 1], vec![0.0; N / 2 + 1]);
    // What falls at the very top (20 to 22.05 kHz, where the half-band filters fall) is out of hearing.
    transform.forward(&out.channel(0)[frames - N..], &mut re, &mut im);
    let power = |bin: usize| re[bin] * re[bin] + im[bin] * im[bin];
    let loudest = (2..=20_000 * N / 44_100)
        .filter(|bin| bin % carrier != 0)
        .map(power)
        .fold(f64::NEG_INFINITY, f64::max);
    10.0 * dsp::math::log10(loudest / power(carrier))
}

#[test]
fn aliases_of_a_full_scale_tone_stay_below_minus_90_db_in_every_mode_at_every_drive() {
    for mode in ALL {
        let mut worst = [f64::NEG_INFINITY; 2];
        for drive_db in [-24.0, -6.0, 6.0, 8.0, 14.0, 15.0, 20.0, 28.0, 36.0] {
            // A fifth of the rate (and a bit, or the aliases would hide under the harmonics), one below it, and one high
            // up, whose every harmonic is out of hearing and whose aliases come of lower ones.
            for (carrier, asymmetry_percent) in [(1639, 0.0), (997, 50.0), (2521, 0.0)] {
                let settings = Saturation {
                    mode,
                    drive_db,
                    asymmetry_percent,
                    auto_gain: false,
                    ..Saturation::default()
                };
                let db = loudest_alias_db(&settings, carrier, 1.0);
                let high = usize::from(carrier > 1639);
                worst[high] = worst[high].max(db);
                println!("{mode:?} {drive_db} dB, bin {carrier}: {db:.1} dB");
            }
        }
        println!("{mode:?}: {:.1} dB, high up {:.1} dB", worst[0], worst[1]);
        assert!(worst[0] < -90.0 && worst[1] < -60.0, "{mode:?}: {worst:?} dB");
    }
}

#[test]
fn bands_driven_by_themselves_alias_no_more() {
    for mode in ALL {
        let settings = Saturation {
            mode,
            drive_db: 30.0,
            multiband: true,
            high_drive_db: 24.0,
            corner_hz: 200.0,
            auto_gain: false,
            ..Saturation::default()
        };
        let db = loudest_alias_db(&settings, 1639, 1.0);
        assert!(db < -90.0, "{mode:?}: {db} dB");
    }
}

#[test]
fn each_band_has_its_own_drive_and_keeps_its_level() {
    // Third harmonic over first of a tape by the series of tanh: a²/12 at a small peak a = 0.05 · drive.
    let third = |hz: f64, settings: &Saturation| {
        let out = run(settings, &[sine(hz, 0.05, 0.0, 1.5, 44_100.0)]);
        let steady = &out.channel(0)[44_100..];
        (tone(steady, hz, 44_100.0).0, tone(steady, 3.0 * hz, 44_100.0).0)
    };
    for (band, hz, high_crossover_hz) in [(0, 50.0, 4000.0), (1, 900.0, 4000.0), (2, 6300.0, 1500.0)] {
        let mut drives = [0.0; 3];
        drives[band] = 12.0;
        let [low_drive_db, mid_drive_db, high_drive_db] = drives;
        let settings = Saturation {
            drive_db: 0.0,
            multiband: true,
            high_crossover_hz,
            low_drive_db,
            mid_drive_db,
            high_drive_db,
            auto_gain: false,
            ..Saturation::default()
        };
        let plain =
            Saturation { low_drive_db: 0.0, mid_drive_db: 0.0, high_drive_db: 0.0, ..settings.clone() };
        let (one, three) = third(hz, &settings);
        let (plain_one, plain_three) = third(hz, &plain);
        assert!(
            to_db(one / 0.05).abs() < 0.1 && to_db(plain_one / 0.05).abs() < 0.05,
            "{band}: {one} {plain_one}"
        );
        let drive = dsp::math::pow(10.0, 0.6);
        let law = |a: f64| a * a / 12.0 - a * a * a * a / 48.0;
        let want = law(0.05 * drive);
        assert!((three / one / want - 1.0).abs() < 0.06, "{band}: {} {want}", three / one);
        assert!((plain_three / plain_one / law(0.05) - 1.0).abs() < 0.05, "{band}: {plain_three}");
    }
}

#[test]
fn bands_that_do_not_bend_sum_to_the_delayed_input() {
    let settings = Saturation {
        mode: SaturationMode::HardClip,
        drive_db: 0.0,
        multiband: true,
        auto_gain: false,
        ..Saturation::default()
    };
    let format = Format { sample_rate_hz: 44_100.0, channels: 1, ..Format::default() };
    let latency = settings.prepare(format).latency_frames();
    assert_eq!(latency, 12_288 + 93);
    let input = sine(1000.0, 0.4, 0.0, 1.0, 44_100.0);
    for mix_percent in [100.0, 50.0] {
        let out = run(&Saturation { mix_percent, ..settings.clone() }, std::slice::from_ref(&input));
        let null = null_db(&out.channel(0)[latency + 2000..], &input[2000..44_100 - latency]);
        assert!(null < -100.0, "{mix_percent}: {null}");
    }
}

#[test]
fn a_hard_clipper_has_the_harmonics_of_a_clipped_sine() {
    // 441 Hz, clipped at 1/a of its peak: Fourier series by hand with c = asin(1/a).
    let (a, drive_db) = (2.0, 20.0 * dsp::math::log10(4.0));
    let settings =
        Saturation { mode: SaturationMode::HardClip, drive_db, auto_gain: false, ..Saturation::default() };
    let out = run(&settings, &[sine(441.0, 0.5, 0.0, 1.0, 44_100.0)]);
    let steady = &out.channel(0)[34_100..];
    let c = dsp::math::asin(1.0 / a);
    for k in [1.0, 3.0, 5.0, 7.0] {
        let inner = if k == 1.0 {
            a * (c - 0.5 * dsp::math::sin(2.0 * c)) + 2.0 * dsp::math::cos(c)
        } else {
            a * (dsp::math::sin((k - 1.0) * c) / (k - 1.0) - dsp::math::sin((k + 1.0) * c) / (k + 1.0))
                + 2.0 * dsp::math::cos(k * c) / k
        };
        let want = (inner * 2.0 / std::f64::consts::PI).abs();
        let got = tone(steady, 441.0 * k, 44_100.0).0;
        assert!((got - want).abs() < 2e-4, "{k}: {got} {want}");
    }
}

#[test]
fn a_transformer_saturates_bass_and_leaves_treble() {
    let third = |hz: f64| {
        let settings = Saturation {
            mode: SaturationMode::Transformer,
            drive_db: 6.0,
            auto_gain: false,
            ..Saturation::default()
        };
        let out = run(&settings, &[sine(hz, 0.5, 0.0, 1.0, 44_100.0)]);
        let steady = &out.channel(0)[22_050..];
        to_db(tone(steady, 3.0 * hz, 44_100.0).0 / tone(steady, hz, 44_100.0).0)
    };
    // Above the corner the flux halves per octave: the third of a weak tanh falls by 12 dB per octave.
    let (low, octave, two) = (third(240.0), third(480.0), third(960.0));
    assert!((low - octave - 12.0).abs() < 0.8 && (octave - two - 12.0).abs() < 0.3, "{low} {octave} {two}");
    assert!(third(40.0) > -22.0 && two < -60.0, "{two}");
}

#[test]
fn without_oversampling_the_same_tone_aliases() {
    let settings = Saturation { oversampling: Oversampling::X1, ..Saturation::default() };
    assert!(loudest_alias_db(&settings, 1639, 1.0) > -40.0);
}

#[test]
fn nothing_of_the_mix_is_the_delayed_input_to_the_bit() {
    let input = noise(0.9, 1, 3000);
    for oversampling in 0..8 {
        let settings = Saturation {
            oversampling: Oversampling::from_index(oversampling),
            mix_percent: 0.0,
            drive_db: 20.0,
            ..Saturation::default()
        };
        let latency = settings.prepare(Format::default()).latency_frames();
        let out = run(&settings, &[input.clone(), input.clone()]);
        assert!(out.channel(1)[latency..] == input[..3000 - latency], "x{oversampling}");
        assert!(out.channel(0)[..latency].iter().all(|x| *x == 0.0));
    }
}

#[test]
fn half_a_mix_of_an_undriven_clipper_does_not_comb() {
    // Below the knee the wet path is a pure delay of the reported latency, so any blend is the delayed input.
    let input = sine(15_000.0, 0.2, 0.0, 0.1, 44_100.0);
    for oversampling in 0..8 {
        let settings = Saturation {
            mode: SaturationMode::SoftClip,
            oversampling: Oversampling::from_index(oversampling),
            mix_percent: 50.0,
            drive_db: 0.0,
            auto_gain: false,
            ..Saturation::default()
        };
        let latency = settings.prepare(Format::default()).latency_frames();
        let out = run(&settings, std::slice::from_ref(&input));
        let null = null_db(&out.channel(0)[1000..], &input[1000 - latency..]);
        assert!(null < -100.0, "{null}");
    }
}

#[test]
fn tape_and_clipper_have_odd_harmonics_and_the_tube_even_ones() {
    let harmonic = |mode, asymmetry_percent| {
        let settings = Saturation { mode, asymmetry_percent, auto_gain: false, ..Saturation::default() };
        let out = run(&settings, &[sine(441.0, 0.5, 0.0, 1.0, 44_100.0)]);
        let steady = &out.channel(0)[34_100..];
        let one = tone(steady, 441.0, 44_100.0).0;
        [0.0, 2.0, 3.0].map(|k| to_db(tone(steady, 441.0 * k, 44_100.0).0 / one))
    };
    for mode in [SaturationMode::Tape, SaturationMode::SoftClip] {
        let [dc, h2, h3] = harmonic(mode, 0.0);
        assert!(dc < -150.0 && h2 < -150.0 && h3 > -45.0, "{mode:?}: {dc} {h2} {h3}");
        let [dc, h2, _] = harmonic(mode, 60.0);
        assert!(dc < -70.0 && h2 > -45.0, "{mode:?}: {dc} {h2}");
    }
    let [dc, h2, h3] = harmonic(SaturationMode::Tube, 0.0);
    assert!(dc < -70.0 && h2 > h3 && h2 > -25.0, "{dc} {h2} {h3}");
}

#[test]
fn automatic_gain_holds_the_loudness_within_half_a_unit() {
    // Noise of speech-like level and bursts, judged by the ebur128 crate's integrated loudness.
    let burst = |n: usize| if (n / 11_025).is_multiple_of(2) { 1.0 } else { 0.15 };
    let input: Vec<f64> = noise(0.5, 9, 441_000)
        .iter()
        .enumerate()
        .map(|(n, x)| x * burst(n))
        .scan(0.0, |s, x| {
            *s += 0.2 * (x - *s);
            Some(*s)
        })
        .collect();
    for mode in ALL {
        for drive_db in [-12.0, 6.0, 18.0, 30.0] {
            let settings = Saturation { mode, drive_db, ..Saturation::default() };
            let out = run(&settings, std::slice::from_ref(&input));
            let change = loudness(&out.channel(0)[44_100..]) - loudness(&input[44_100..]);
            println!("{mode:?} drive {drive_db}: {change:+.2} LU");
            assert!(change.abs() < 0.5, "{mode:?} {drive_db}: {change} LU");
        }
    }
    let off = Saturation { drive_db: 18.0, auto_gain: false, ..Saturation::default() };
    let out = run(&off, std::slice::from_ref(&input));
    assert!(loudness(out.channel(0)) - loudness(&input) > 8.0);
}

/// Loudness by plain mean square of the K-weighting of BS.1770, through the ebur128 crate.
fn loudness(signal: &[f64]) -> f64 {
    let mut meter = ebur128::EbuR128::new(1, 44_100, ebur128::Mode::I).unwrap();
    meter.add_frames_f64(signal).unwrap();
    meter.loudness_global().unwrap()
}

#[test]
fn tone_moves_the_distortion_not_the_balance() {
    let third = |hz: f64, tone_db| {
        let settings = Saturation { tone_db, drive_db: 6.0, auto_gain: false, ..Saturation::default() };
        let out = run(&settings, &[sine(hz, 0.25, 0.0, 0.4, 44_100.0)]);
        let steady = &out.channel(0)[8820..];
        (tone(steady, 3.0 * hz, 44_100.0).0 / tone(steady, hz, 44_100.0).0, tone(steady, hz, 44_100.0).0)
    };
    let (plain, level) = third(5000.0, 0.0);
    let (bright, _) = third(5000.0, 12.0);
    let (dark, dark_level) = third(5000.0, -12.0);
    assert!(bright > 2.0 * plain && dark < 0.5 * plain, "{bright} {plain} {dark}");
    // With little drive the balance is that of the input: the way back undoes the way there.
    assert!(to_db(dark_level / level).abs() < 0.8);
    let quiet = Saturation { tone_db: 12.0, drive_db: -24.0, auto_gain: false, ..Saturation::default() };
    for hz in [60.0, 1000.0, 9000.0] {
        let out = run(&quiet, &[sine(hz, 0.1, 0.0, 0.4, 44_100.0)]);
        let gain = to_db(rms(&out.channel(0)[8820..]) / (0.1 / 2.0_f64.sqrt()));
        assert!((gain + 24.0).abs() < 0.02, "{hz}: {gain}");
    }
}

#[test]
fn silence_after_a_note_is_exact_silence() {
    let mut input = sine(100.0, 0.8, 0.0, 0.2, 44_100.0);
    input.resize(44_100 * 5, 0.0);
    let settings =
        Saturation { mode: SaturationMode::Tube, tone_db: 6.0, drive_db: 12.0, ..Saturation::default() };
    let out = run(&settings, &[input]);
    assert!(out.channel(0)[44_100 * 4..].iter().all(|x| *x == 0.0));
}

#[test]
fn retuning_everything_at_once_does_not_click_and_blocks_change_no_bit() {
    let input = sine(220.0, 0.5, 0.0, 0.4, 44_100.0);
    let other = Saturation {
        mode: SaturationMode::Tube,
        drive_db: 12.0,
        asymmetry_percent: 40.0,
        tone_db: 5.0,
        mix_percent: 60.0,
        ..Saturation::default()
    };
    let go = |cuts: &[usize]| {
        let mut kernel = Saturation::default().prepare(Format {
            sample_rate_hz: 44_100.0,
            channels: 1,
            ..Format::default()
        });
        let mut buffer = Buffer::from_planes(std::slice::from_ref(&input));
        let (mut start, mut cut) = (0, 0);
        while start < 17_640 {
            if start == 9000 {
                kernel.retune(&other);
            }
            let to = if start < 9000 { 9000 } else { 17_640 };
            let frames = cuts[cut % cuts.len()].min(to - start);
            kernel.process(&mut buffer.block().slice(start, frames));
            (start, cut) = (start + frames, cut + 1);
        }
        buffer.channel(0).to_vec()
    };
    let whole = go(&[17_640]);
    assert!(whole == go(&[1, 63, 64, 65, 200, 7]));
    // The steepest step of a sine of 220 Hz at the loudest is below 0.05.
    let steepest = whole[8000..].windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f64::max);
    assert!(steepest < 0.06, "{steepest}");
}

#[test]
fn output_and_mix_are_a_gain_and_a_share() {
    // A clipper that nothing reaches is its drive: of 12 dB, 3.981. A quarter of that and three quarters of the input.
    let input = sine(1000.0, 0.05, 0.0, 0.2, 44_100.0);
    let driven = 3.981_071_7;
    for (output_db, mix_percent, wanted) in [
        (0.0, 100.0, driven),
        (-12.0, 100.0, 1.0),
        (6.0, 100.0, driven * 1.995_262_3),
        (0.0, 25.0, 0.75 + 0.25 * driven),
        (-12.0, 60.0, 0.6 + 0.4 / driven),
    ] {
        let settings = Saturation {
            mode: SaturationMode::HardClip,
            drive_db: 12.0,
            auto_gain: false,
            output_db,
            mix_percent,
            ..Saturation::default()
        };
        let out = run(&settings, std::slice::from_ref(&input));
        let got = tone(&out.channel(0)[4410..], 1000.0, 44_100.0).0 / 0.05;
        assert!((got / wanted - 1.0).abs() < 1e-3, "{output_db} {mix_percent}: {got} {wanted}");
    }
}

#[test]
fn tone_is_the_difference_of_the_drive_of_treble_and_bass_about_1_khz() {
    // The tilt by hand: |g|² = (h² f² + f0²) / (f² + h² f0²), h half of the decibels; the third harmonic of a tape at a peak A
    // is A²/12 - A⁴/48 of its first, and the tilt is taken back at both.
    let h2 = 3.981_071_7;
    let gain = |f: f64| ((h2 * f * f + 1e6) / (f * f + h2 * 1e6)).sqrt();
    for f in [150.0, 1000.0] {
        let settings = Saturation { tone_db: 12.0, drive_db: 0.0, auto_gain: false, ..Saturation::default() };
        let out = run(&settings, &[sine(f, 0.1, 0.0, 0.6, 44_100.0)]);
        let steady = &out.channel(0)[8_820..26_460];
        let got = tone(steady, 3.0 * f, 44_100.0).0 / tone(steady, f, 44_100.0).0;
        let a = 0.1 * gain(f);
        let want = (a * a / 12.0 - a * a * a * a / 48.0) * gain(f) / gain(3.0 * f);
        assert!((got / want - 1.0).abs() < 0.06, "{f}: {got} {want}");
    }
}

#[test]
fn the_power_expected_of_a_curve_is_that_of_its_sound_without_the_offset() {
    // What bends next to nothing of the music is its drive: 12 dB.
    let transformer =
        Saturation { mode: SaturationMode::Transformer, drive_db: 12.0, ..Saturation::default() };
    assert!((transformer.expected_power_ratio() - 15.848_932).abs() < 1e-4);
    // A clipper pressed hard from half its ceiling jumps half a ceiling up and one and a half down: a power of 1 about an
    // offset of -0.5, less what the tenth of the time takes in which it is on its way.
    let settings = Saturation {
        mode: SaturationMode::HardClip,
        drive_db: 36.0,
        asymmetry_percent: 100.0,
        ..Saturation::default()
    };
    let power = settings.expected_power_ratio() * 0.015_848_932;
    assert!((0.87..1.0).contains(&power), "{power}");
}

#[test]
fn bass_passes_the_filter_of_the_offset() {
    // A first-order high-pass at 5 Hz, by hand: 1/√(1 + (5/20)²) at 20 Hz.
    let settings =
        Saturation { mode: SaturationMode::Tube, drive_db: 0.0, auto_gain: false, ..Saturation::default() };
    let out = run(&settings, &[sine(20.0, 0.01, 0.0, 1.0, 44_100.0)]);
    let got = tone(&out.channel(0)[22_050..], 20.0, 44_100.0).0 / 0.01;
    assert!((got - 0.970_1).abs() < 0.005, "{got}");
}

#[test]
fn one_channel_and_two_of_the_same_sound_are_turned_down_alike() {
    let input = noise(0.5, 3, 13_230);
    let settings = Saturation { drive_db: 18.0, ..Saturation::default() };
    let (one, two) = (run(&settings, std::slice::from_ref(&input)), run(&settings, &[input.clone(), input]));
    assert!(null_db(one.channel(0), two.channel(1)) < -200.0);
}
