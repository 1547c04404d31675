use super::*;
use crate::Kernel;
use dsp::block::Buffer;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn run(settings: &Multidynamics, planes: &[Vec<f64>]) -> Buffer {
    let mut audio = Buffer::from_planes(planes);
    settings.prepare(Format { channels: planes.len(), ..Format::default() }).process(&mut audio.block());
    audio
}

/// Six bands of which none does anything.
fn rest() -> Multidynamics {
    let mut settings = Multidynamics { bands: BandCount::Six, ..Multidynamics::default() };
    settings.band.iter_mut().for_each(|band| band.ratio = 1.0);
    settings
}

/// Band `index` alone from a tenth to ten times `hz`, soloed.
fn alone(index: usize, hz: f64, band: DynamicsBand) -> Multidynamics {
    let corner = |n: usize| if n < index { hz / 10.0 } else { hz * 10.0 };
    let mut settings = Multidynamics {
        crossover1_hz: corner(0),
        crossover2_hz: corner(1),
        crossover3_hz: corner(2),
        crossover4_hz: corner(3),
        crossover5_hz: corner(4),
        rms_window_ms: 100.0,
        ..rest()
    };
    settings.band[index] = DynamicsBand { solo: true, ..band };
    settings
}

/// Gain by hand: threshold, ratio, knee and range as declared, for the level of the detector.
fn law(band: &DynamicsBand, level_db: f64) -> f64 {
    let over = level_db - band.threshold_db;
    let (distance, slope) = match band.action {
        Action::Compress => (over, 1.0 - 1.0 / band.ratio),
        Action::Lift => (-over, 1.0 - 1.0 / band.ratio),
        Action::Expand => (-over, band.ratio - 1.0),
    };
    let bent = if distance <= -0.5 * band.knee_db {
        0.0
    } else if distance < 0.5 * band.knee_db {
        (distance + 0.5 * band.knee_db) * (distance + 0.5 * band.knee_db) / (2.0 * band.knee_db)
    } else {
        distance
    };
    let size = (slope * bent).min(band.range_db);
    if band.action == Action::Lift { size } else { -size }
}

#[test]
fn every_band_follows_its_static_curve() {
    let hz = 900.0;
    let mut worst = 0.0_f64;
    for index in 0..6 {
        for (action, ratio, knee_db, range_db) in [
            (Action::Compress, 4.0, 0.0, 60.0),
            (Action::Compress, 2.0, 12.0, 9.0),
            (Action::Lift, 3.0, 8.0, 12.0),
            (Action::Expand, 2.5, 6.0, 30.0),
        ] {
            let band = DynamicsBand {
                action,
                ratio,
                knee_db,
                range_db,
                threshold_db: -30.0,
                gain_db: 2.0,
                attack_ms: 5.0,
                release_ms: 5.0,
                ..DynamicsBand::default()
            };
            let settings = alone(index, hz, band.clone());
            for level_db in [-48.0, -34.0, -30.0, -26.0, -10.0] {
                // A sine of this RMS.
                let peak = dsp::math::pow(10.0, level_db / 20.0) * std::f64::consts::SQRT_2;
                let out = run(&settings, &[signals::sine(hz, peak, 0.0, 1.2, RATE)]);
                let got = measure::to_db(measure::tone(&out.channel(0)[48_000..], hz, RATE).0 / peak);
                let want = 2.0 + law(&band, level_db);
                worst = worst.max((got - want).abs());
                assert!((got - want).abs() < 0.05, "{index} {action:?} {level_db}: {got} {want}");
            }
        }
    }
    println!("worst {worst:.4} dB");
}

#[test]
fn attack_and_release_cover_63_percent_in_their_time() {
    // A constant passes the lowest band unchanged, so that the gain can be read off sample by sample.
    for (action, attack_ms, release_ms) in [
        (Action::Compress, 20.0, 100.0),
        (Action::Compress, 4.0, 40.0),
        (Action::Lift, 15.0, 60.0),
        (Action::Expand, 10.0, 80.0),
    ] {
        let band = DynamicsBand {
            action,
            ratio: 2.0,
            knee_db: 0.0,
            attack_ms,
            release_ms,
            range_db: 60.0,
            ..DynamicsBand::default()
        };
        let mut settings = alone(0, 1800.0, band);
        settings.detector = BandDetector::Peak;
        let (up, down) = (48_000, 72_000);
        let level = |n: usize| if (up..down).contains(&n) { 0.25 } else { 0.025 };
        let input: Vec<f64> = (0..96_000).map(level).collect();
        let out = run(&settings, std::slice::from_ref(&input));
        let gain = |n: usize| measure::to_db(out.channel(0)[n] / level(n));
        for (start, end, ms) in [(up, down - 1, attack_ms), (down, 95_999, release_ms)] {
            let (from, to) = (gain(start - 1), gain(end));
            assert!((from - to).abs() > 3.5, "{action:?}: {from} {to}");
            // Past the ringing of the filter: the time from 20 % to 1 - 0.8/e of the way is the time constant.
            let reached = |share: f64| {
                let goal = from + (to - from) * share;
                (start + if ms < 10.0 { 12 } else { 40 }..)
                    .find(|n| (gain(*n) - from).abs() >= (goal - from).abs())
                    .unwrap() as f64
            };
            let time = (reached(1.0 - 0.8 / std::f64::consts::E) - reached(0.2)) / 48.0;
            assert!((time / ms - 1.0).abs() < 0.03, "{action:?} {ms}: {time}");
        }
    }
}

#[test]
fn bands_at_rest_sum_flat_and_without_phase_shift_they_null() {
    for bands in [BandCount::Two, BandCount::Three, BandCount::Four, BandCount::Five, BandCount::Six] {
        let mut settings = Multidynamics { bands, ..rest() };
        settings.band.iter_mut().for_each(|band| band.gain_db = 3.0);
        settings.output_db = -2.0;
        let out = run(&settings, &[signals::impulse(1.0, 0, 48_000)]);
        for step in 0..=60 {
            let f = 20.0 * dsp::math::pow(1_100.0, f64::from(step) / 60.0);
            let got = measure::response_db(out.channel(0), f, RATE);
            assert!((got - 1.0).abs() < 1e-6, "{bands:?} {f}: {got}");
        }
        let settings = Multidynamics { bands, crossover: Crossover::LinearPhase, ..rest() };
        let latency = settings.prepare(Format::default()).latency_frames();
        assert_eq!(latency, 12_288);
        let noise = signals::noise(0.9, 3, 40_000);
        let out = run(&settings, &[noise.clone(), noise.clone()]);
        let null = measure::null_db(&out.channel(1)[latency..], &noise[..40_000 - latency]);
        assert!(null < -280.0, "{bands:?}: {null}");
    }
}

#[test]
fn a_band_hears_its_own_part_of_the_key_and_silence_without_one() {
    let mut settings = rest();
    settings.bands = BandCount::Three;
    settings.external_key = true;
    for band in &mut settings.band {
        (band.ratio, band.threshold_db, band.range_db) = (100.0, -40.0, 20.0);
    }
    for crossover in [Crossover::LinkwitzRiley, Crossover::LinearPhase] {
        settings.crossover = crossover;
        let planes = [signals::noise(0.5, 1, 60_000)];
        let key = Buffer::from_planes(&[signals::sine(20.0, 0.5, 0.0, 1.25, RATE)]);
        for keyed in [false, true] {
            let mut audio = Buffer::from_planes(&planes);
            let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
            let block = audio.block();
            let mut block = if keyed { block.with_key(key.view()) } else { block };
            kernel.process(&mut block);
            let shown: Vec<f64> = kernel.band_reductions_db().collect();
            let want = if keyed { [20.0, 0.0, 0.0] } else { [0.0; 3] };
            assert!((0..3).all(|n| (shown[n] - want[n]).abs() < 0.5), "{crossover:?} {keyed}: {shown:?}");
        }
    }
}

#[test]
fn width_solo_and_mix_are_what_they_say() {
    let tone = signals::sine(900.0, 0.2, 0.0, 0.5, RATE);
    let against: Vec<f64> = tone.iter().map(|x| -x).collect();
    let level = |out: &Buffer, channel: usize| measure::tone(&out.channel(channel)[14_400..], 900.0, RATE).0;
    for width_percent in [0.0, 50.0, 180.0] {
        let settings = alone(2, 900.0, DynamicsBand { width_percent, ratio: 1.0, ..DynamicsBand::default() });
        let side = run(&settings, &[tone.clone(), against.clone()]);
        assert!((level(&side, 0) - 0.2 * width_percent * 0.01).abs() < 1e-3, "{width_percent}");
        let middle = run(&settings, &[tone.clone(), tone.clone()]);
        assert!((level(&middle, 1) - 0.2).abs() < 1e-3, "{width_percent}");
    }
    // Another band soloed: nothing is left of the tone but what leaks through 80 dB.
    let mut settings = alone(2, 900.0, DynamicsBand::default());
    (settings.band[2].solo, settings.band[5].solo) = (false, true);
    assert!(level(&run(&settings, std::slice::from_ref(&tone)), 0) < 2e-4);
    // Half of a gain of -20 dB beside half of the band as it was: 0.55.
    let mut settings =
        alone(2, 900.0, DynamicsBand { gain_db: -20.0, ratio: 1.0, ..DynamicsBand::default() });
    settings.mix_percent = 50.0;
    assert!((level(&run(&settings, std::slice::from_ref(&tone)), 0) / 0.2 - 0.55).abs() < 2e-3);
}

#[test]
fn the_loudest_channel_sets_the_gain_of_all() {
    let band = DynamicsBand {
        threshold_db: -30.0,
        ratio: 100.0,
        range_db: 60.0,
        knee_db: 0.0,
        ..DynamicsBand::default()
    };
    let settings = alone(1, 900.0, band);
    let loud = signals::sine(900.0, 0.447_213_6, 0.0, 1.0, RATE);
    let soft: Vec<f64> = loud.iter().map(|x| 0.1 * x).collect();
    let out = run(&settings, &[soft, loud]);
    // RMS of -10 dB, limited to -30 dB: 20 dB less in both.
    for (channel, peak) in [(0, 0.044_721_36), (1, 0.447_213_6)] {
        let got = measure::to_db(measure::tone(&out.channel(channel)[33_600..], 900.0, RATE).0 / peak);
        assert!((got + 20.0).abs() < 0.05, "{channel}: {got}");
    }
}

#[test]
fn new_settings_do_not_click() {
    let mut kernel = rest().prepare(Format { channels: 2, ..Format::default() });
    let tone = signals::sine(300.0, 0.3, 0.0, 1.0, RATE);
    let mut audio = Buffer::from_planes(&[tone.clone(), tone]);
    kernel.process(&mut audio.block().slice(0, 20_011));
    let mut other = rest();
    for band in &mut other.band {
        (band.gain_db, band.width_percent, band.ratio, band.action) = (6.0, 0.0, 3.0, Action::Lift);
    }
    (other.crossover1_hz, other.crossover2_hz, other.mix_percent) = (600.0, 2000.0, 70.0);
    other.band[0].solo = true;
    kernel.retune(&other);
    kernel.process(&mut audio.block().slice(20_011, 27_989));
    // Second difference of the tone at four times its level: 4 · 0.3 · (2π 300 / 48000)² = 0.0019.
    let plane = audio.channel(0);
    let worst = plane[500..].windows(3).fold(0.0, |m: f64, w| m.max((w[0] - 2.0 * w[1] + w[2]).abs()));
    assert!(worst < 0.01, "{worst}");
}
