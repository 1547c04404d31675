//! Every kind of reverberator held to the same bars.

use super::probe::{RATE, echo_density, flatness, impulse_response, mixing_ms, octave_band, run, t30, with};
use crate::{AnyProcessor, Fields, Format};
use testkit::measure::{rms, to_db};
use testkit::signals::noise;

/// All wet, open filters, no early reflections where there are any, and decay times `low`, `mid`, `high`.
fn wet(key: &str, [low, mid, high]: [f64; 3], more: &[(&str, f64)]) -> Box<dyn AnyProcessor> {
    let mut settings = vec![
        ("mix_percent", 100.0),
        ("pre_delay_ms", 0.0),
        ("highpass_hz", 20.0),
        ("lowpass_hz", 20_000.0),
        ("rt60_low_seconds", low),
        ("rt60_mid_seconds", mid),
        ("rt60_high_seconds", high),
        ("low_crossover_hz", 250.0),
    ];
    if key == "spring" {
        settings.push(("drip_db", 0.0));
    } else {
        settings.extend([("early_level_db", -60.0), ("high_crossover_hz", 4500.0)]);
    }
    settings.extend(more);
    with(key, &settings)
}

#[test]
fn every_band_of_every_kind_decays_in_the_time_asked_within_5_percent() {
    for key in ["room", "hall", "plate", "spring"] {
        let mut worst = (0.0_f64, 0.0, 0.0);
        for mid in [0.3, 1.0, 3.0, 8.0] {
            // Below half a second a spring is a handful of echoes, no slope.
            if key == "spring" && mid < 0.5 {
                continue;
            }
            let times = [1.25 * mid, mid, 0.7 * mid];
            // Several paces and, where few modes share a low octave, several sizes: or chance would say more than the decay.
            let variants: &[(f64, f64)] = match mid {
                0.3 => &[(0.5, 100.0), (0.9, 45.0), (1.3, 41.0), (0.7, 37.0), (1.1, 33.0)],
                1.0 => &[(0.5, 100.0), (0.9, 100.0), (1.3, 100.0)],
                3.0 => &[(0.5, 100.0), (0.9, 100.0)],
                _ => &[(0.5, 100.0)],
            };
            let size = if key == "spring" { "length_percent" } else { "size_percent" };
            let responses: Vec<_> = variants
                .iter()
                .flat_map(|variant| [(0, *variant), (1, *variant)])
                .map(|(side, (pace, percent))| {
                    let reverb = wet(key, times, &[("modulation_rate_hz", pace), (size, percent)]);
                    impulse_response(reverb.as_ref(), side, 0.72 * times[0] + 0.15)
                })
                .collect();
            for (hz, asked) in
                [(110.0, times[0]), (1000.0, times[1]), (2000.0, times[1]), (12_500.0, times[2])]
            {
                let error = t30(&responses, hz) / asked - 1.0;
                println!("{key} {mid} s, {hz} Hz: {:+.1} %", 100.0 * error);
                if error.abs() > worst.0.abs() {
                    worst = (error, hz, mid);
                }
            }
        }
        println!("{key}: worst {:+.1} % at {} Hz of {} s", 100.0 * worst.0, worst.1, worst.2);
        assert!(worst.0.abs() < 0.05, "{key}: {worst:?}");
    }
}

#[test]
fn echoes_become_as_dense_as_noise_in_the_time_stated() {
    for (key, most_ms) in [("reverb", 60.0), ("room", 40.0), ("hall", 90.0), ("plate", 40.0)] {
        let reverb = wet(key, [1.5; 3], &[]);
        let response = impulse_response(reverb.as_ref(), 0, 0.6);
        let times = [0, 1].map(|channel| {
            let plane = response.channel(channel);
            let first = plane.iter().position(|x| *x != 0.0).unwrap();
            (first as f64 / RATE * 1e3, mixing_ms(&plane[first..]))
        });
        println!("{key}: first sound and 0.9 after it {times:?} ms");
        assert!(times.iter().all(|(_, ms)| *ms < most_ms), "{key}: {times:?}");
        // And stay so.
        for at in (6000..24_000).step_by(1500) {
            assert!((0.75..1.25).contains(&echo_density(response.channel(0), at)), "{key} {at}");
        }
    }
    let spring = wet("spring", [2.0; 3], &[]);
    let response = impulse_response(spring.as_ref(), 0, 1.5);
    println!("spring: 0.9 after {} ms", mixing_ms(response.channel(0)));
}

/// Four combs in parallel, as of 1962: what a tail must not sound like.
fn four_combs(frames: usize, seconds: f64) -> Vec<f64> {
    let mut out = vec![0.0; frames];
    for ms in [29.7, 37.1, 41.1, 43.7] {
        let lag = (ms * 1e-3 * RATE) as usize;
        let gain = dsp::math::exp(-6.907_755 * lag as f64 / (seconds * RATE));
        let mut level = 1.0;
        for at in (lag..frames).step_by(lag) {
            out[at] += level;
            level *= gain;
        }
    }
    out
}

#[test]
fn the_tail_is_as_flat_as_noise_and_four_combs_are_not() {
    let window = |plane: &[f64]| flatness(&plane[17_640..17_640 + 32_768], 300.0, 6000.0);
    // At the decay times they are used with.
    for (key, seconds) in [("reverb", 1.6), ("room", 0.6), ("hall", 2.2), ("plate", 1.6)] {
        let response = impulse_response(wet(key, [seconds; 3], &[]).as_ref(), 0, 1.2);
        let found = [0, 1].map(|channel| window(response.channel(channel)));
        println!("{key}: flatness {found:.3?}; combs {:.3}", window(&four_combs(60_000, seconds)));
        assert!(found.iter().all(|x| *x > 0.33), "{key}: {found:?}");
        assert!(window(&four_combs(60_000, seconds)) < 0.25, "the measure sees a comb");
    }
}

#[test]
fn a_mono_sum_loses_no_more_than_unrelated_sides_do_in_any_octave() {
    for key in ["reverb", "room", "hall", "plate", "spring"] {
        let input = vec![noise(0.3, 1, 66_150); 2];
        let out = run(wet(key, [1.0; 3], &[]).as_ref(), &input);
        for hz in [125.0, 500.0, 2000.0, 8000.0] {
            let (left, right) = (octave_band(out.channel(0), hz), octave_band(out.channel(1), hz));
            let sum: Vec<f64> = left.iter().zip(&right).map(|(a, b)| 0.5 * (a + b)).collect();
            let sides = ((rms(&left) * rms(&left) + rms(&right) * rms(&right)) / 2.0).sqrt();
            let loss = to_db(rms(&sum) / sides);
            // Unrelated sides lose 3.01 dB.
            println!("{key} {hz} Hz: {loss:+.2} dB");
            assert!(loss > -4.5, "{key} {hz}: {loss}");
        }
    }
}

#[test]
fn the_level_of_the_tail_does_not_depend_on_its_length() {
    let input = [noise(0.3, 1, 120_000), noise(0.3, 2, 120_000)];
    for key in ["room", "hall", "plate", "spring"] {
        for seconds in [0.3, 1.0, 2.0] {
            let out = run(wet(key, [seconds; 3], &[]).as_ref(), &input);
            let db = to_db(rms(&out.channel(0)[85_000..]) / rms(&input[0]));
            println!("{key} {seconds} s: {db:+.2} dB");
            assert!(db.abs() < 1.0, "{key} {seconds}: {db}");
        }
    }
}

#[test]
fn bass_comes_later_from_a_plate_and_not_from_a_room() {
    let arrival_ms = |key: &str, hz: f64| {
        let still = [("diffusion_percent", 0.0), ("modulation_percent", 0.0)];
        let response = impulse_response(wet(key, [0.5; 3], &still).as_ref(), 0, 0.6);
        let band = octave_band(response.channel(0), hz);
        // Where a fiftieth of the energy has come.
        let all: f64 = band.iter().map(|x| x * x).sum();
        let mut sum = 0.0;
        let at = band.iter().position(|x| {
            sum += x * x;
            sum > 0.02 * all
        });
        at.unwrap() as f64 / RATE * 1e3
    };
    let plate = arrival_ms("plate", 500.0) - arrival_ms("plate", 8000.0);
    let room = arrival_ms("room", 500.0) - arrival_ms("room", 8000.0);
    println!("bass after treble: plate {plate:.1} ms, room {room:.1} ms");
    assert!(plate > room + 2.5, "{plate} {room}");
}

#[test]
fn every_tail_ends_in_exact_silence_and_its_early_decay_is_measured() {
    for key in ["room", "hall", "plate", "spring"] {
        let mut plane = noise(0.5, 1, 44_100 * 5);
        plane[100] = f64::NAN;
        plane[4410..].fill(0.0);
        let out = run(wet(key, [0.2; 3], &[]).as_ref(), &[plane.clone(), plane]);
        assert!(out.channel(0).iter().all(|x| x.is_finite()));
        let last = out.channel(0).iter().rposition(|x| *x != 0.0).unwrap();
        println!("{key}: last sound {:.2} s after the input", (last - 4410) as f64 / RATE);
        assert!(last < 44_100 * 9 / 2, "{key}: {last}");
        let format = Format { sample_rate_hz: RATE, ..Format::default() };
        let edt = super::edt_seconds(wet(key, [1.5; 3], &[]).as_ref(), format);
        println!("{key}: EDT {edt:.2} s of 1.5 s");
        assert!((0.75..1.25).contains(&(edt / 1.5)), "{key}: {edt}");
    }
}

#[test]
fn every_knob_of_a_kind_is_that_of_the_general_reverberator() {
    fn check<P: super::Space>() {
        let general = <super::Reverb as crate::Describe>::description();
        let own = P::description();
        for index in 0..own.len() {
            let mut settings = P::default();
            let param = own.param(index).unwrap();
            Fields::set(&mut settings, index, param.default_value() * 0.5 + 0.125);
            let other = general.index_of(param.key).unwrap();
            let (general, own) = (settings.as_reverb(), settings);
            assert_eq!(Fields::get(&general, other), Fields::get(&own, index), "{}", param.key);
        }
        assert_eq!(own.len() + 1, general.len());
    }
    check::<crate::room::Room>();
    check::<crate::hall::Hall>();
    check::<crate::plate::Plate>();
}

#[test]
fn pre_delay_in_beats_moves_a_spring_by_its_frames() {
    let run_at = |beats: f64| {
        let spring = with(
            "spring",
            &[("mix_percent", 100.0), ("pre_delay_beats", beats), ("modulation_percent", 0.0)],
        );
        let mut buffer = dsp::block::Buffer::from_planes(&[testkit::signals::impulse(1.0, 0, 30_000)]);
        let format = Format { sample_rate_hz: RATE, channels: 1, tempo_bpm: 150.0, ..Format::default() };
        spring.prepare(format).process(&mut buffer.block());
        buffer.channel(0).to_vec()
    };
    // Half a beat at 150 per minute is 0.2 s.
    let (at_once, later) = (run_at(0.0), run_at(0.5));
    assert!(later[..8820].iter().all(|x| *x == 0.0));
    assert!(testkit::measure::null_db(&at_once[..20_000], &later[8820..28_820]) < -250.0);
}

/// All that mix reverberation in, each with a tail that is heard at once.
const MIXERS: [&str; 6] = ["reverb", "room", "hall", "plate", "spring", "convolution"];

/// Both sides for a square of this level on the left and nothing on the right.
fn square(level: f64) -> [Vec<f64>; 2] {
    let left = (0..12_000).map(|n| if n / 50 % 2 == 0 { level } else { -level }).collect();
    [left, vec![0.0; 12_000]]
}

#[test]
fn ducking_takes_its_decibels_from_the_reverberation_alone() {
    // Full above -20 dBFS, half of the decibels at -30, none below -40; the level of the loudest channel counts.
    let cases = [(0.5, 1.0, 1.0), (0.5, 1.0, 0.4), (0.031_622_776_6, 0.5, 1.0), (0.009, 0.0, 1.0)];
    for key in MIXERS {
        for (level, share, mix) in cases {
            let go = |duck_db: f64| {
                let settings = [("mix_percent", 100.0 * mix), ("duck_db", duck_db)];
                run(with(key, &settings).as_ref(), &square(level))
            };
            let (plain, ducked) = (go(0.0), go(15.0));
            let gain = testkit::signals::db(-15.0 * share);
            assert!(rms(&plain.channel(0)[8_000..]) > 1e-3 * level);
            for (channel, dry) in square(level).iter().enumerate() {
                // The ducker has settled.
                for (n, x) in dry.iter().enumerate().skip(8_000) {
                    let rest = (1.0 - mix) * x;
                    let wanted = rest + gain * (plain.channel(channel)[n] - rest);
                    let error = ducked.channel(channel)[n] - wanted;
                    assert!(error.abs() < 1e-6 * level, "{key} {level} {mix} {channel} {n}: {error}");
                }
            }
        }
    }
}

#[test]
fn width_scales_the_side_of_the_reverberation_alone() {
    let input = [noise(0.3, 1, 20_000), noise(0.3, 2, 20_000)];
    for key in MIXERS {
        let go =
            |width: f64| run(with(key, &[("mix_percent", 100.0), ("width_percent", width)]).as_ref(), &input);
        let plain = go(100.0);
        for width in [0.0, 50.0, 200.0] {
            let wide = go(width);
            for n in 0..20_000 {
                let [(l, r), (a, b)] = [&plain, &wide].map(|x| (x.channel(0)[n], x.channel(1)[n]));
                let (mid, side) = (0.5 * (l + r), 0.005 * width * (l - r));
                let errors = [a - (mid + side), b - (mid - side)];
                assert!(errors.iter().all(|e| e.abs() < 1e-12), "{key} {width} {n}: {errors:?}");
            }
        }
    }
}

#[test]
fn mix_is_the_share_of_the_reverberation_and_of_the_source() {
    let input = [noise(0.3, 1, 20_000), noise(0.3, 2, 20_000)];
    for key in MIXERS {
        let go = |mix: f64| run(with(key, &[("mix_percent", mix)]).as_ref(), &input);
        let (wet, part) = (go(100.0), go(30.0));
        for (channel, dry) in input.iter().enumerate() {
            for (n, x) in dry.iter().enumerate() {
                let error = part.channel(channel)[n] - (0.7 * x + 0.3 * wet.channel(channel)[n]);
                assert!(error.abs() < 1e-12, "{key} {channel} {n}: {error}");
            }
        }
    }
}

/// Steady noise into a space for a second, then frozen at `held` and let go at `free` seconds, in blocks of 441 frames.
fn frozen(key: &str, source: &[f64], held: f64, free: f64, more: &[(&str, f64)]) -> Vec<Vec<f64>> {
    let mut settings = wet(key, [1.0; 3], more);
    let freeze = settings.description().index_of("freeze").unwrap();
    settings.set(freeze, f64::from(u8::from(held <= 0.0)));
    let mut kernel = settings.prepare(Format { sample_rate_hz: RATE, ..Format::default() });
    let mut buffer = dsp::block::Buffer::from_planes(&[source.to_vec(), source.to_vec()]);
    for start in (0..buffer.frames()).step_by(441) {
        let now = start as f64 / RATE;
        settings.set(freeze, f64::from(u8::from((held..free).contains(&now))));
        kernel.set(&[(freeze, settings.get(freeze))]);
        kernel.process(&mut buffer.block().slice(start, 441));
    }
    (0..2).map(|channel| buffer.channel(channel).to_vec()).collect()
}

#[test]
fn a_frozen_tail_keeps_its_energy_for_ten_seconds_and_decays_when_it_is_let_go() {
    let mut source = noise(0.3, 9, 13 * 44_100);
    // Next to nothing from when it is frozen on, so that nothing else is heard when it is let go.
    source[45_000..].iter_mut().for_each(|x| *x *= 1e-9);
    for key in ["reverb", "room", "hall", "plate"] {
        // Two seconds at a time: the sums of thousands of modes beat against each other below that.
        let out = frozen(key, &source, 1.0, 12.0, &[]);
        let power = |from: f64, to: f64| {
            let range = (from * RATE) as usize..(to * RATE) as usize;
            out.iter().map(|plane| rms(&plane[range.clone()]) * rms(&plane[range.clone()])).sum::<f64>()
        };
        let drift: Vec<f64> = (0..5)
            .map(|n| f64::from(n) * 2.0 + 2.0)
            .map(|at| 0.5 * to_db(power(at, at + 2.0) / power(2.0, 12.0)))
            .collect();
        println!("{key}: {drift:+.3?} dB");
        assert!(drift.iter().all(|db| db.abs() < 0.1), "{key}: {drift:?}");
        // One second of decay at 60 dB to the second, looked at over its last fifth.
        let fall = 0.5 * to_db(power(12.8, 13.0) / power(2.0, 12.0));
        assert!((fall + 54.0).abs() < 4.0, "{key}: {fall}");
    }
}

#[test]
fn freezing_and_letting_go_do_not_click_and_nothing_new_gets_in() {
    let mut tone: Vec<f64> = testkit::signals::sine(200.0, 0.3, 0.0, 4.0, RATE);
    tone[..4410].iter_mut().enumerate().for_each(|(n, x)| *x *= n as f64 / 4410.0);
    for key in ["reverb", "room", "hall", "plate"] {
        let out = frozen(key, &tone, 2.0, 3.0, &[("modulation_percent", 0.0)]);
        let high = octave_band(&out[0], 8000.0);
        // The band is filtered backwards from the end, where the tone is cut off.
        let peak = high[44_100..154_000].iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        let click = to_db(peak / rms(&out[0][66_150..88_200]));
        println!("{key}: {click:.1} dB");
        assert!(click < -60.0, "{key}: {click}");
        // Frozen while silent, it stays silent whatever comes.
        let out = frozen(key, &tone, 0.0, 3.0, &[]);
        assert!(out[0][44_100..132_300].iter().all(|x| *x == 0.0), "{key}");
        assert!(rms(&out[0][150_000..]) > 0.01, "{key}");
    }
}
