//! Closed forms, and the meters the house trusts.

use super::*;
use dsp::block::Buffer;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fn heard(settings: &Meter, planes: &[Vec<f64>]) -> MeterKernel {
    let mut kernel = settings.prepare(Format { channels: planes.len(), ..Format::default() });
    kernel.process(&mut Buffer::from_planes(planes).block());
    kernel
}

fn value(kernel: &MeterKernel, name: &str) -> f64 {
    let found = kernel.readings().into_iter().find(|reading| reading.name == name);
    found.unwrap_or_else(|| panic!("{name} is not there")).value
}

fn row(kernel: &MeterKernel, name: &str) -> Vec<f64> {
    kernel.series().into_iter().find(|series| series.name == name).unwrap().values
}

#[test]
fn it_passes_every_bit() {
    let mut plane = signals::noise(0.9, 1, 5_000);
    plane[9] = -0.0;
    let mut audio = Buffer::from_planes(&[plane.clone()]);
    Meter::default().prepare(Format { channels: 1, ..Format::default() }).process(&mut audio.block());
    assert!(audio.channel(0).iter().zip(&plane).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn a_sine_of_minus_20_dbfs_rms_reads_0_on_k20() {
    // RMS 0.1 is a peak of √2 / 10: -16.99 dBFS.
    let tone = signals::sine(997.0, 0.1 * 2.0_f64.sqrt(), 0.0, 4.0, RATE);
    let kernel = heard(&Meter::default(), &[tone.clone(), tone.clone()]);
    let near = |name, wanted: f64| {
        let found = value(&kernel, name);
        assert!((found - wanted).abs() < 0.01, "{name}: {found}");
    };
    near("k20", 0.0);
    near("k20_max", 0.0);
    near("k14", -6.0);
    near("k12", -8.0);
    near("rms", -20.0);
    near("crest", 3.01);
    near("vu", -16.99 + 18.0);
    near("sample_peak_max", -16.99);
    near("true_peak_max", -16.99);
    near("correlation", 1.0);
    near("heard", 4.0);
    // A full-scale sine in one channel is -3.01 LUFS (BS.1770-5): two channels of -16.99 are -16.99.
    near("integrated", -16.99);
    near("momentary_max", -16.99);
    near("peak_to_loudness", 0.0);
    let louder = heard(&Meter { aes17: true, vu_zero_dbfs: -20.0 }, &[tone.clone(), tone]);
    assert!((value(&louder, "k20") - 3.01).abs() < 0.01 && (value(&louder, "rms") + 16.99).abs() < 0.01);
    assert!((value(&louder, "vu") - 3.01).abs() < 0.01 && (value(&louder, "crest") - 3.01).abs() < 0.01);
}

#[test]
fn maxima_stay_when_the_sound_has_gone() {
    let mut tone = signals::sine(1_000.0, 0.5, 0.0, 3.5, RATE);
    tone.resize(48_000 * 8, 0.0);
    let kernel = heard(&Meter::default(), &[tone]);
    for (now, most) in [("vu", "vu_max"), ("k14", "k14_max"), ("momentary", "momentary_max")] {
        assert!(value(&kernel, now) < value(&kernel, most) - 60.0, "{now}");
    }
    // Sine of peak 0.5: VU +11.98 with 1.25 % (0.11 dB) of overshoot.
    assert!((value(&kernel, "vu_max") - 12.09).abs() < 0.02);
}

#[test]
fn loudness_and_peaks_are_those_of_the_house_meters() {
    let left: Vec<f64> = signals::noise(0.4, 3, 48_000 * 12)
        .iter()
        .enumerate()
        .map(|(n, x)| x * if n < 240_000 { 0.05 } else { 1.0 })
        .collect();
    let right = signals::noise(0.2, 4, 48_000 * 12);
    let kernel = heard(&Meter::default(), &[left.clone(), right.clone()]);
    let audio = Buffer::from_planes(&[left, right]);
    let mut loudness = LoudnessMeter::new(RATE, &[1.0, 1.0]);
    loudness.process(audio.view());
    let mut peaks = TruePeakMeter::new(RATE, 2);
    peaks.process(audio.view());
    let mut stereo = StereoMeter::new(RATE);
    stereo.process(audio.view());
    let stereo = stereo.finish();
    for (name, wanted) in [
        ("integrated", loudness.integrated_lufs()),
        ("range", loudness.loudness_range_lu()),
        ("short_term", loudness.short_term_lufs()),
        ("short_term_max", loudness.max_short_term_lufs()),
        ("true_peak_max", Some(measure::to_db(peaks.finish().worst()))),
        ("correlation", stereo.correlation),
        ("correlation_min", stereo.min_correlation),
        ("side_to_mid", stereo.side_to_mid_db),
    ] {
        let wanted = wanted.unwrap();
        assert!((value(&kernel, name) - wanted).abs() < 1e-9, "{name}: {wanted}");
    }
    assert_eq!(row(&kernel, "short_term"), loudness.history().short_term_curve_lufs());
    assert_eq!(row(&kernel, "momentary").len(), 120 - 3);
}

#[test]
fn the_spectrum_and_the_goniometer_show_what_is_there() {
    let tone = signals::sine(1_000.0, 0.5, 0.0, 3.0, RATE);
    let kernel = heard(&Meter::default(), &[tone.clone(), vec![0.0; tone.len()]]);
    let (bands, centres) = (row(&kernel, "third_octaves"), row(&kernel, "third_octave_centres"));
    // Peak 0.5 in one channel of two: -6.02 - 3.01 - 3.01.
    assert!(centres[17] == 1_000.0 && (bands[17] + 12.04).abs() < 0.02, "{}", bands[17]);
    assert!(bands[10] < -60.0);
    let (shares, angles) = (row(&kernel, "goniometer"), row(&kernel, "goniometer_angles"));
    assert!(shares[18] > 0.999 && angles[18] == -45.0 && shares.len() == 72);
    let mono = heard(&Meter::default(), &[tone]);
    assert!(mono.series().iter().all(|series| series.name != "goniometer"));
    assert!(mono.readings().iter().all(|reading| !reading.name.starts_with("correlation")));
}

#[test]
fn after_a_reset_it_has_heard_nothing() {
    let planes = [signals::noise(0.4, 3, 200_000), signals::noise(0.4, 5, 200_000)];
    let mut kernel = heard(&Meter::default(), &planes);
    kernel.reset();
    let fresh = Meter::default().prepare(Format::default());
    assert_eq!((kernel.readings(), kernel.series()), (fresh.readings(), fresh.series()));
    let quiet = planes.map(|plane| plane.iter().map(|x| 0.1 * x).collect::<Vec<f64>>());
    kernel.process(&mut Buffer::from_planes(&quiet).block());
    let again = heard(&Meter::default(), &quiet);
    assert_eq!((kernel.readings(), kernel.series()), (again.readings(), again.series()));
}

#[test]
fn blocks_change_no_reading_and_silence_has_no_nan() {
    let planes = [signals::noise(0.4, 3, 60_000), signals::noise(0.4, 5, 60_000)];
    let whole = heard(&Meter::default(), &planes);
    let mut parts = Meter::default().prepare(Format::default());
    let mut audio = Buffer::from_planes(&planes);
    for start in (0..60_000).step_by(777) {
        parts.process(&mut audio.block().slice(start, 777));
    }
    assert_eq!((whole.readings(), whole.series()), (parts.readings(), parts.series()));
    let silent = heard(&Meter::default(), &[vec![0.0; 200_000], vec![0.0; 200_000]]);
    assert!(silent.readings().iter().all(|reading| !reading.value.is_nan()));
    assert!(silent.series().iter().flat_map(|series| &series.values).all(|value| !value.is_nan()));
    assert_eq!(value(&silent, "integrated"), f64::NEG_INFINITY);
}

#[test]
fn the_lfe_of_six_channels_is_not_loud_and_surrounds_are_louder() {
    let tone = signals::sine(1_000.0, 0.1, 0.0, 2.0, RATE);
    let only = |channel: usize| {
        let mut planes = vec![vec![0.0; tone.len()]; 6];
        planes[channel].clone_from(&tone);
        value(&heard(&Meter::default(), &planes), "integrated")
    };
    assert_eq!(only(3), f64::NEG_INFINITY);
    // 10 log 1.41 = 1.49 dB.
    assert!((only(4) - only(0) - 1.49).abs() < 0.01);
}

#[test]
fn k_scales_are_there_in_600_ms() {
    // 99 % of the power in 0.6 s: 0.044 dB are missing. RMS of the sine: -20 dB.
    let tone = signals::sine(1_000.0, 0.1 * 2.0_f64.sqrt(), 0.0, 0.6, RATE);
    let kernel = heard(&Meter::default(), &[tone]);
    assert!((value(&kernel, "k20") + 0.0436).abs() < 0.005, "{}", value(&kernel, "k20"));
}

#[test]
fn aes17_raises_every_reading_of_rms_by_3_01_db() {
    let tone = signals::sine(1_000.0, 0.2, 0.0, 2.0, RATE);
    let [plain, aes17] = [false, true].map(|aes17| {
        heard(&Meter { aes17, ..Meter::default() }, &[tone.clone(), tone.iter().map(|x| 0.5 * x).collect()])
    });
    for name in ["rms", "k12", "k14", "k20", "k12_max", "k14_max", "k20_max"] {
        let raised = value(&aes17, name) - value(&plain, name);
        assert!((raised - 3.0103).abs() < 1e-4, "{name}: {raised}");
    }
    let bands = row(&plain, "third_octaves").into_iter().zip(row(&aes17, "third_octaves"));
    assert!(bands.filter(|(a, _)| a.is_finite()).all(|(a, b)| (b - a - 3.0103).abs() < 1e-4));
    for name in ["crest", "vu", "sample_peak_max", "integrated"] {
        assert_eq!(value(&aes17, name), value(&plain, name), "{name}");
    }
}

#[test]
fn time_is_counted_in_seconds_and_negative_correlation_in_per_cent() {
    let wave = signals::noise(0.5, 2, 96_000);
    let mut audio = Buffer::from_planes(&[wave.clone(), wave.iter().map(|x| -x).collect()]);
    let mut kernel = Meter::default().prepare(Format { sample_rate_hz: 96_000.0, ..Format::default() });
    kernel.process(&mut audio.block());
    assert_eq!(value(&kernel, "heard"), 1.0);
    assert_eq!(value(&kernel, "correlation_negative"), 100.0);
}
