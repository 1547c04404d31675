//! Against closed forms.

use super::*;
use dsp::block::Buffer;
use dsp::math;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn on(wave: Wave) -> Generator {
    Generator { active: true, wave, level_dbfs: 0.0, ..Generator::default() }
}

fn format(channels: usize) -> Format {
    Format { channels, seed: 5, ..Format::default() }
}

fn play(settings: &Generator, channels: usize, frames: usize) -> Buffer {
    let mut audio = Buffer::new(channels, frames);
    settings.prepare(format(channels)).process(&mut audio.block());
    audio
}

fn mono(settings: &Generator, frames: usize) -> Vec<f64> {
    play(settings, 1, frames).channel(0).to_vec()
}

#[test]
fn off_passes_every_bit_even_negative_zero() {
    let mut plane = signals::noise(0.5, 1, 1000);
    plane[7] = -0.0;
    let mut audio = Buffer::from_planes(&[plane.clone()]);
    Generator::default().prepare(format(1)).process(&mut audio.block());
    assert!(audio.channel(0).iter().zip(&plane).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn a_sine_has_its_level_frequency_and_phase() {
    let settings = Generator { level_dbfs: -20.0, frequency_hz: 997.0, ..on(Wave::Sine) };
    let null = measure::null_db(&mono(&settings, 48_000), &signals::sine(997.0, 0.1, 0.0, 1.0, RATE));
    assert!(null < -200.0, "{null}");
}

#[test]
fn square_saw_and_triangle_have_fourier_harmonics_and_nothing_else() {
    let hz = 1370.0;
    for (wave, law) in [
        (
            Wave::Square,
            (|k| if k % 2 == 1 { 4.0 / (math::PI * f64::from(k)) } else { 0.0 }) as fn(u32) -> f64,
        ),
        (Wave::Saw, |k| 2.0 / (math::PI * f64::from(k))),
        (Wave::Triangle, |k| if k % 2 == 1 { 8.0 / (math::PI * f64::from(k)).powi_for_test() } else { 0.0 }),
    ] {
        let mut sound = mono(&Generator { frequency_hz: hz, ..on(wave) }, 48_000);
        for k in 1..=17 {
            let at = hz * f64::from(k);
            let (level, phase) = measure::tone(&sound, at, RATE);
            // In full to 0.45 of the rate, fading from there.
            if at < 0.45 * RATE {
                assert!((level - law(k)).abs() < 1e-9, "{wave:?} {k}: {level}");
            } else {
                assert!(level <= law(k) + 1e-9);
            }
            let tone = signals::sine(at, level, phase, 1.0, RATE);
            sound.iter_mut().zip(tone).for_each(|(x, y)| *x -= y);
        }
        let rest = measure::to_db(measure::peak(&sound));
        assert!(rest < -150.0, "{wave:?}: {rest} dB is no harmonic");
    }
}

trait Square {
    fn powi_for_test(self) -> f64;
}

impl Square for f64 {
    fn powi_for_test(self) -> f64 {
        self * self
    }
}

#[test]
fn a_slow_wave_has_its_shape() {
    // Away from corners a band-limited wave is the ideal one.
    let at = |wave, turns: f64| {
        let sound = mono(&Generator { frequency_hz: 20.0, ..on(wave) }, 2400);
        sound[(turns * 2400.0) as usize]
    };
    assert!((at(Wave::Square, 0.25) - 1.0).abs() < 2e-3 && (at(Wave::Square, 0.75) + 1.0).abs() < 2e-3);
    assert!((at(Wave::Saw, 0.25) - 0.5).abs() < 2e-3 && (at(Wave::Saw, 0.75) + 0.5).abs() < 2e-3);
    assert!((at(Wave::Triangle, 0.25) - 1.0).abs() < 2e-3 && (at(Wave::Triangle, 0.125) - 0.5).abs() < 1e-3);
}

#[test]
fn white_noise_has_its_rms_and_is_one_or_many() {
    let settings = Generator { level_dbfs: -20.0, ..on(Wave::White) };
    let one = play(&settings, 2, 96_000);
    assert_eq!(one.channel(0), one.channel(1));
    assert!((measure::to_db(measure::rms(one.channel(0))) + 20.0).abs() < 0.05);
    let two = play(&Generator { correlated: false, ..settings }, 2, 96_000);
    let dot: f64 = two.channel(0).iter().zip(two.channel(1)).map(|(a, b)| a * b).sum::<f64>() / 96_000.0;
    assert!(dot.abs() < 0.01 * 0.02, "{dot}");
    // White: neighbours know nothing of each other.
    let next: f64 = one.channel(0).windows(2).map(|w| w[0] * w[1]).sum::<f64>() / 96_000.0;
    assert!(next.abs() < 0.01 * 0.02, "{next}");
}

#[test]
fn pink_noise_has_its_rms_and_equal_octaves() {
    let sound = mono(&Generator { level_dbfs: -20.0, ..on(Wave::Pink) }, 20 * 48_000);
    let level = measure::to_db(measure::rms(&sound));
    assert!((level + 20.0).abs() < 0.5, "{level}");
    let mut welch = dsp::spectrum::Welch::new(1, RATE, dsp::spectrum::Options::default());
    welch.push(Buffer::from_planes(&[sound]).view());
    let spectrum = welch.finish();
    let octave = |low: f64| math::power_to_db(spectrum.band_power(0, low, 2.0 * low));
    for low in [500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0, 10_000.0] {
        assert!((octave(low) - octave(2_000.0)).abs() < 0.3, "{low}");
    }
}

#[test]
fn a_sweep_runs_through_equal_ratios_in_equal_times() {
    let settings = Generator {
        from_hz: 100.0,
        to_hz: 1_600.0,
        sweep_seconds: 2.0,
        every_seconds: 3.0,
        ..on(Wave::Sweep)
    };
    let sound = mono(&settings, 6 * 48_000);
    let rises = |from: usize, to: usize| {
        sound[from..to].windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count() as f64
    };
    // 100 · 2 / ln 16 · 15 turns in all; 400 Hz in the middle.
    assert!((rises(0, 96_000) - 1_082.02).abs() <= 1.5, "{}", rises(0, 96_000));
    assert!((rises(45_600, 50_400) - 40.0).abs() <= 1.0);
    assert!(sound[96_000..144_000].iter().all(|x| *x == 0.0));
    assert_eq!(sound[..144_000], sound[144_000..]);
    assert!((measure::peak(&sound) - 1.0).abs() < 1e-3);
    let down = mono(&Generator { from_hz: 1_600.0, to_hz: 100.0, ..settings.clone() }, 48_000);
    let first = down[..4_800].windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count() as f64;
    // 1600 · 2 / ln(1/16) · (16^(-0.05) - 1) = 149.4.
    assert!((first - 149.4).abs() <= 1.5, "{first}");
    let flat = mono(&Generator { to_hz: 100.0, ..settings }, 48_000);
    let null = measure::null_db(&flat[480..], &signals::sine(100.0, 1.0, 0.0, 1.0, RATE)[480..]);
    assert!(null < -200.0, "{null}");
}

#[test]
fn impulses_and_probes_stand_at_their_frames() {
    let places = |sound: &[f64]| -> Vec<usize> { (0..sound.len()).filter(|n| sound[*n] != 0.0).collect() };
    let probe = mono(&Generator { level_dbfs: -6.0, every_seconds: 0.5, ..on(Wave::Probe) }, 60_000);
    assert_eq!(places(&probe), [0, 24_000, 48_000]);
    assert!((measure::to_db(probe[24_000]) + 6.0).abs() < 1e-9);
    let train = mono(&Generator { frequency_hz: 7.0, ..on(Wave::Impulses) }, 48_001);
    // 48000 / 7 = 6857.14.
    assert_eq!(places(&train), [0, 6857, 13_714, 20_571, 27_429, 34_286, 41_143, 48_000]);
    assert!(train[6857] == 1.0);
}

#[test]
fn it_plays_where_it_is_told_and_adds_or_replaces() {
    let input: Vec<Vec<f64>> = (0..3).map(|c| signals::noise(0.3, c + 1, 2_000)).collect();
    let tone = mono(&on(Wave::Sine), 2_000);
    for mode in [Mode::Add, Mode::Replace] {
        for (channels, played) in [
            (Channels::Both, [true, true, true]),
            (Channels::Left, [true, false, false]),
            (Channels::Right, [false, true, false]),
        ] {
            let mut audio = Buffer::from_planes(&input);
            let settings = Generator { mode, channels, ..on(Wave::Sine) };
            settings.prepare(format(3)).process(&mut audio.block());
            for c in 0..3 {
                let wanted: Vec<f64> = match (played[c], mode) {
                    (true, Mode::Add) => input[c].iter().zip(&tone).map(|(x, y)| x + y).collect(),
                    (true, Mode::Replace) => tone.clone(),
                    (false, _) => input[c].clone(),
                };
                assert!(audio.channel(c) == wanted, "{mode:?} {channels:?} {c}");
            }
        }
    }
}

#[test]
fn channels_take_turns() {
    let settings = Generator { channels: Channels::Alternate, every_seconds: 0.1, ..on(Wave::Sine) };
    let sound = play(&settings, 2, 19_200);
    for turn in 0..4 {
        let part = turn * 4_800..(turn + 1) * 4_800;
        let inner = turn * 4_800 + 480..turn * 4_800 + 4_320;
        let (here, there) = (sound.channel(turn % 2), sound.channel(1 - turn % 2));
        assert!(there[part].iter().all(|x| *x == 0.0));
        assert!((measure::tone(&here[inner], 1_000.0, RATE).0 - 1.0).abs() < 1e-9);
    }
    let clicks = play(&Generator { wave: Wave::Probe, ..settings }, 2, 19_200);
    assert!(
        clicks.channel(0)[0] == 1.0 && clicks.channel(1)[4_800] == 1.0 && clicks.channel(0)[4_800] == 0.0
    );
}

#[test]
fn nothing_clicks_when_settings_change() {
    let base = Generator { frequency_hz: 50.0, ..on(Wave::Sine) };
    for next in [
        Generator { wave: Wave::Triangle, ..base.clone() },
        Generator { active: false, ..base.clone() },
        Generator { level_dbfs: -40.0, ..base.clone() },
        Generator { frequency_hz: 80.0, ..base.clone() },
        Generator { channels: Channels::Right, ..base.clone() },
        Generator { channels: Channels::Alternate, ..base.clone() },
        Generator { mode: Mode::Replace, ..base.clone() },
    ] {
        let mut kernel = base.prepare(format(2));
        // A constant shows how what comes in is treated.
        let mut audio = Buffer::from_planes(&[vec![0.5; 9_600], vec![0.5; 9_600]]);
        kernel.process(&mut audio.block().slice(0, 4_913));
        kernel.retune(&next);
        kernel.process(&mut audio.block().slice(4_913, 9_600));
        let step = |c: usize| audio.channel(c).windows(2).fold(0.0, |s, w| f64::max(s, (w[1] - w[0]).abs()));
        // 80 Hz at full level moves by 0.0105; a ramp of 1.5 over 240 frames by 0.006.
        assert!(step(0).max(step(1)) < 0.025, "{next:?}: {}", step(0).max(step(1)));
        // And it gets where it was sent.
        let mut still = Buffer::from_planes(&[vec![0.5; 9_600], vec![0.5; 9_600]]);
        next.prepare(format(2)).process(&mut still.block());
        let (a, b) = (measure::rms(&audio.channel(0)[7_200..]), measure::rms(&still.channel(0)[7_200..]));
        assert!(next.channels == Channels::Alternate || (a - b).abs() < 0.1, "{next:?}: {a} {b}");
    }
}

#[test]
fn a_saw_rises_and_jumps_at_half_a_turn() {
    let sound = mono(&Generator { frequency_hz: 10.0, ..on(Wave::Saw) }, 4_800);
    for (eighth, wanted) in [(1, 0.25), (2, 0.5), (3, 0.75), (5, -0.75), (6, -0.5), (7, -0.25)] {
        assert!((sound[600 * eighth] - wanted).abs() < 0.01, "{eighth}: {}", sound[600 * eighth]);
    }
}

#[test]
fn a_sweep_is_never_cut_short_by_the_next() {
    let sweep =
        |every_seconds| mono(&Generator { sweep_seconds: 0.5, every_seconds, ..on(Wave::Sweep) }, 48_000);
    let (often, exactly) = (sweep(0.1), sweep(0.5));
    assert_eq!(often, exactly);
    assert_eq!(often[..24_000], often[24_000..]);
}

#[test]
fn turns_of_sides_come_and_go_in_5_ms() {
    let both = on(Wave::Sine);
    let turns = Generator { channels: Channels::Alternate, every_seconds: 0.1, ..both.clone() };
    let (both, turns) = (play(&both, 2, 9_600), play(&turns, 2, 9_600));
    // A quarter and three quarters of the edge: half a cosine.
    for (frame, wanted) in [(4_860, 0.146_447), (4_980, 0.853_553), (7_212, 1.0)] {
        let share = turns.channel(1)[frame] / both.channel(1)[frame];
        assert!((share - wanted).abs() < 1e-3, "{frame}: {share}");
    }
}
