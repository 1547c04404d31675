use super::*;
use crate::block::Buffer;
use testkit::ebu::{self, Case, Quantity, Reading};

const RATES: [f64; 4] = [44_100.0, 48_000.0, 96_000.0, 192_000.0];

fn weights(channels: usize) -> Vec<f64> {
    if channels == 5 { vec![1.0, 1.0, 1.0, 1.41, 1.41] } else { vec![1.0; channels] }
}

fn measured(planes: &[Vec<f64>], sample_rate_hz: f64) -> LoudnessMeter {
    let mut meter = LoudnessMeter::new(sample_rate_hz, &weights(planes.len()));
    meter.process(Buffer::from_planes(planes).view());
    meter
}

fn read(meter: &LoudnessMeter, quantity: Quantity) -> f64 {
    match quantity {
        Quantity::Integrated => meter.integrated_lufs(),
        Quantity::MaxMomentary => meter.max_momentary_lufs(),
        Quantity::MaxShortTerm => meter.max_short_term_lufs(),
        Quantity::Range => meter.loudness_range_lu(),
        _ => None,
    }
    .unwrap_or(f64::NAN)
}

fn assert_reads(case: &Case, reading: &Reading, found: f64) {
    assert!(reading.accepts(found), "{} at {}: {found} for {reading:?}", case.name, case.sample_rate_hz);
}

/// Plays a case in blocks of 10 ms and looks at every moment.
fn judge(case: &Case) {
    let mut meter = LoudnessMeter::new(case.sample_rate_hz, &weights(case.channels()));
    let (mut frames, mut marks) = (0, case.marks.iter());
    let mut mark = marks.next();
    case.for_each_block((case.sample_rate_hz / 100.0) as usize, |planes| {
        meter.process(Buffer::from_planes(planes).view());
        frames += planes[0].len();
        if let Some((_, reading)) = mark.filter(|(at, _)| *at == frames) {
            assert_reads(case, reading, read(&meter, reading.quantity));
            mark = marks.next();
        }
        let seconds = frames as f64 / case.sample_rate_hz;
        for reading in &case.readings {
            match reading.quantity {
                Quantity::ConstantMomentary if seconds > 1.0 => {
                    assert_reads(case, reading, meter.momentary_lufs().unwrap_or(f64::NAN));
                }
                Quantity::ConstantShortTerm if seconds > 3.0 => {
                    assert_reads(case, reading, meter.short_term_lufs().unwrap_or(f64::NAN));
                }
                _ => {}
            }
        }
    });
    assert!(mark.is_none(), "{}: a mark was not reached", case.name);
    for reading in &case.readings {
        if !matches!(reading.quantity, Quantity::ConstantMomentary | Quantity::ConstantShortTerm) {
            assert_reads(case, reading, read(&meter, reading.quantity));
        }
    }
}

#[test]
fn every_loudness_case_of_tech_3341_reads_right_at_every_rate() {
    for rate in RATES {
        let cases = ebu::tech_3341_loudness(rate);
        assert_eq!(cases.len(), 8 + 40 + 2);
        cases.iter().for_each(judge);
    }
}

#[test]
fn every_range_case_of_tech_3342_reads_right_at_every_rate() {
    for rate in RATES {
        ebu::tech_3342(rate).iter().for_each(judge);
    }
}

#[test]
fn a_full_scale_997_hz_sine_in_one_channel_reads_minus_3_01_lufs() {
    for rate in RATES {
        let sine = testkit::signals::sine(997.0, 1.0, 0.0, 4.0, rate);
        let meter = measured(&[sine.clone(), vec![0.0; sine.len()]], rate);
        let found = meter.integrated_lufs().unwrap();
        // BS.1770-5, annex 1: -3.01 LKFS.
        assert!((found + 3.01).abs() < 0.008, "{rate}: {found}");
    }
}

#[test]
fn surrounds_count_one_and_a_half_decibels_more_and_lfe_not_at_all() {
    let tone = testkit::signals::sine(997.0, 0.1, 0.0, 1.0, 48_000.0);
    let alone = |weight: f64| {
        let mut meter = LoudnessMeter::new(48_000.0, &[weight]);
        meter.process(Buffer::from_planes(std::slice::from_ref(&tone)).view());
        meter.integrated_lufs().unwrap()
    };
    // 10 log 1.41 = 1.492.
    assert!((alone(1.41) - alone(1.0) - 1.492).abs() < 0.001);
    assert!((alone(2.0) - alone(1.0) - 3.0103).abs() < 0.001);
    assert_eq!(alone(0.0), f64::NEG_INFINITY);
}

/// Loudness range as Tech 3342 has it, the plain way, from short-term readings of another meter.
fn plain_range(short_terms: &[f64]) -> f64 {
    let power = |lufs: f64| testkit::signals::db(2.0 * lufs);
    let absolute: Vec<f64> = short_terms.iter().copied().filter(|&lufs| lufs > -70.0).collect();
    let mean = absolute.iter().map(|&lufs| power(lufs)).sum::<f64>() / absolute.len() as f64;
    let mut kept: Vec<f64> = absolute.into_iter().filter(|&lufs| power(lufs) > mean / 100.0).collect();
    kept.sort_by(f64::total_cmp);
    let at = |part: f64| kept[((kept.len() - 1) as f64 * part).round() as usize];
    at(0.95) - at(0.10)
}

#[test]
fn another_meter_agrees() {
    // Without HISTOGRAM, which would sort its blocks into steps of 0.1 LU.
    let mode = ebur128::Mode::I | ebur128::Mode::M | ebur128::Mode::S;
    for (seed, channels, rate, seconds) in [(1, 2, 48_000_u32, 15), (2, 1, 48_000, 9), (3, 2, 44_100, 9)] {
        let frames = rate as usize * seconds;
        let planes = ebu::music_like(0.5, seed, channels, frames, f64::from(rate));
        let mut judge = ebur128::EbuR128::new(channels as u32, rate, mode).unwrap();
        let (mut max_momentary, mut max_short, mut shorts) = (f64::MIN, f64::MIN, Vec::new());
        for start in (0..frames).step_by(rate as usize / 100) {
            let end = start + rate as usize / 100;
            let part: Vec<&[f64]> = planes.iter().map(|plane| &plane[start..end]).collect();
            judge.add_frames_planar_f64(&part).unwrap();
            max_momentary = f64::max(max_momentary, judge.loudness_momentary().unwrap());
            let short = judge.loudness_shortterm().unwrap();
            if end >= 3 * rate as usize {
                max_short = f64::max(max_short, short);
                if end.is_multiple_of(rate as usize / 10) {
                    shorts.push(short);
                }
            }
        }
        let meter = measured(&planes, f64::from(rate));
        for (what, found, expected) in [
            ("I", meter.integrated_lufs(), judge.loudness_global().unwrap()),
            ("M", meter.max_momentary_lufs(), max_momentary),
            ("S", meter.max_short_term_lufs(), max_short),
            // The crate takes a short-term value a second for its range, this meter ten: so from its own values.
            ("LRA", meter.loudness_range_lu(), plain_range(&shorts)),
        ] {
            // At 44.1 kHz the crate keeps the gain of the high-pass that we scale away: 0.0038 dB.
            let tolerance = if rate == 48_000 { 1e-4 } else { 0.004 };
            assert!((found.unwrap() - expected).abs() < tolerance, "{what} at {rate}: {found:?} {expected}");
        }
    }
}

#[test]
fn block_size_changes_no_bit() {
    for rate in [11_025.0, 44_100.0] {
        let planes = ebu::music_like(0.7, 5, 3, (rate * 4.3) as usize, rate);
        let whole = measured(&planes, rate);
        for size in [1, 7, 441, 4096] {
            let buffer = Buffer::from_planes(&planes);
            let mut meter = LoudnessMeter::new(rate, &weights(3));
            for start in (0..buffer.frames()).step_by(size) {
                meter.process(buffer.view().slice(start, size));
            }
            assert_eq!(meter.history(), whole.history());
            assert_eq!(meter.max_momentary_lufs(), whole.max_momentary_lufs());
            assert_eq!(meter.max_short_term_lufs(), whole.max_short_term_lufs());
        }
    }
}

#[test]
fn too_short_is_not_measurable_and_silence_is_minus_infinity() {
    let short = measured(&vec![vec![0.5; 19_199]; 2], 48_000.0);
    assert_eq!(
        (short.integrated_lufs(), short.momentary_lufs(), short.loudness_range_lu()),
        (None, None, None)
    );
    let silent = measured(&vec![vec![0.0; 48_000 * 4]; 2], 48_000.0);
    assert_eq!(silent.integrated_lufs(), Some(f64::NEG_INFINITY));
    assert_eq!(silent.max_short_term_lufs(), Some(f64::NEG_INFINITY));
    assert_eq!(silent.loudness_range_lu(), None);
    assert_eq!(measured(&[vec![]], 48_000.0).integrated_lufs(), None);
}

#[test]
fn one_block_of_400_ms_is_enough() {
    let sine = testkit::signals::sine(1000.0, testkit::signals::db(-20.0), 0.0, 0.4, 48_000.0);
    let found = measured(&[sine.clone(), sine], 48_000.0).integrated_lufs().unwrap();
    assert!((found + 20.0).abs() < 0.1, "{found}");
}

#[test]
fn samples_that_are_not_finite_count_as_silence() {
    let planes = ebu::music_like(0.7, 9, 2, 48_000, 48_000.0);
    let mut spoilt = planes.clone();
    let mut mended = planes;
    for (n, bad) in [(0, f64::NAN), (5_000, f64::INFINITY), (5_001, f64::NEG_INFINITY), (9_000, f64::MAX)] {
        spoilt[1][n] = bad;
        mended[1][n] = 0.0;
    }
    assert_eq!(measured(&spoilt, 48_000.0).history(), measured(&mended, 48_000.0).history());
}

#[test]
fn an_album_is_gated_as_one_programme() {
    let tone = |level: f64, seconds: f64| {
        let plane = testkit::signals::sine(1000.0, testkit::signals::db(level), 0.0, seconds, 48_000.0);
        measured(&[plane.clone(), plane], 48_000.0)
    };
    let (loud, soft, faint) = (tone(-20.0, 10.4), tone(-26.0, 30.4), tone(-40.0, 60.4));
    let album = integrated_lufs([loud.history(), soft.history(), faint.history()]).unwrap();
    // By hand: blocks of the faint track are under the gate; (101 · 10^-2 + 301 · 10^-2.6) / 402 = -23.55 dB.
    assert!((album + 23.55).abs() < 0.03, "{album}");
    let alone = integrated_lufs([soft.history()]);
    assert_eq!(alone, soft.integrated_lufs());
}

#[test]
fn curves_have_a_value_every_100_ms() {
    let planes = ebu::music_like(0.5, 4, 2, 48_000 * 5, 48_000.0);
    let meter = measured(&planes, 48_000.0);
    assert_eq!(meter.history().momentary_curve_lufs().len(), 50 - 3);
    let curve = meter.history().short_term_curve_lufs();
    assert_eq!(curve.len(), 50 - 29);
    assert!((curve[20] - meter.short_term_lufs().unwrap()).abs() < 1e-9);
}

#[test]
fn what_lies_below_minus_70_lufs_alone_is_silence() {
    // Two channels of a 997 Hz sine with peaks at the level read that level.
    for (level_db, wanted) in [(-75.0, f64::NEG_INFINITY), (-65.0, -65.0)] {
        let tone = testkit::signals::sine(997.0, testkit::signals::db(level_db), 0.0, 5.0, 48_000.0);
        let mut meter = LoudnessMeter::new(48_000.0, &[1.0, 1.0]);
        meter.process(crate::block::Buffer::from_planes(&[tone.clone(), tone]).view());
        let found = meter.integrated_lufs().unwrap();
        assert!(found == wanted || (found - wanted).abs() < 0.01, "{level_db}: {found}");
        assert_eq!(meter.loudness_range_lu().is_some(), wanted.is_finite());
    }
}
