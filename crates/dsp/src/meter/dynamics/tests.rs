use super::*;
use crate::block::Buffer;
use testkit::ebu::music_like;
use testkit::signals::{impulse, noise, sine};

fn measured(planes: &[Vec<f64>]) -> Dynamics {
    let mut meter = DynamicsMeter::new(48_000.0, planes.len(), None);
    meter.process(Buffer::from_planes(planes).view());
    meter.finish()
}

#[test]
fn a_sine_has_its_textbook_numbers() {
    let wave: Vec<f64> = sine(1000.0, 0.5, 0.0, 1.0, 48_000.0).iter().map(|x| x + 0.01).collect();
    let found = measured(&[wave]).channels[0];
    assert!((found.dc - 0.01).abs() < 1e-12, "{found:?}");
    assert!((found.mean_square - (0.125 + 0.0001)).abs() < 1e-12, "{found:?}");
    assert!((found.peak.level - 0.51).abs() < 1e-12);
    assert_eq!(found.peak.frame, 12);
}

#[test]
fn the_peak_is_the_first_of_its_level_and_the_louder_channel_wins() {
    let mut left = impulse(-0.75, 4_999, 20_000);
    left[15_000] = 0.75;
    let found = measured(&[left, impulse(0.8, 3, 20_000)]);
    assert_eq!(found.channels[0].peak, Peak { level: 0.75, frame: 4_999 });
    assert_eq!(found.peak(), Peak { level: 0.8, frame: 3 });
}

#[test]
fn silence_at_the_ends_is_counted_over_all_channels() {
    let mut planes = vec![vec![0.0; 10_000]; 2];
    planes[0][4_321] = 1e-9;
    planes[1][9_000] = -1e-9;
    let found = measured(&planes);
    assert_eq!((found.silent_head_frames, found.silent_tail_frames), (4_321, 999));
    let silent = measured(&[vec![0.0; 777]]);
    assert_eq!((silent.silent_head_frames, silent.silent_tail_frames, silent.mean_square()), (777, 777, 0.0));
}

#[test]
fn samples_that_are_no_numbers_are_counted_and_placed() {
    let mut plane = noise(0.5, 1, 9_000);
    for (n, bad) in [(5_001, f64::NAN), (5_003, f64::NEG_INFINITY), (8_999, f64::NAN)] {
        plane[n] = bad;
    }
    let found = measured(&[plane]).channels[0];
    assert_eq!((found.not_finite, found.first_not_finite), (3, Some(5_001)));
    assert!(found.peak.level <= 0.5 && found.mean_square.is_finite() && found.dc.is_finite());
}

#[test]
fn samples_beyond_full_scale_are_counted() {
    let found = measured(&[vec![1.0, -1.0, 1.5, 0.2, -1.000_1]]).channels[0];
    assert_eq!(found.over_full_scale, 2);
}

#[test]
fn psr_of_a_steady_tone_is_its_crest() {
    let tone = sine(997.0, 0.1, 0.0, 5.0, 48_000.0);
    let planes = [tone.clone(), tone];
    let mut loudness = crate::meter::loudness::LoudnessMeter::new(48_000.0, &[1.0, 1.0]);
    loudness.process(Buffer::from_planes(&planes).view());
    let curve = measured(&planes).psr_curve_lu(&loudness.history().short_term_curve_lufs());
    assert_eq!(curve.len(), 21);
    // Peak -20 dBFS; two channels of RMS -23.01 dBFS make -20.0 LUFS.
    assert!(curve.iter().all(|psr| psr.abs() < 0.01), "{curve:?}");
}

#[test]
fn block_size_changes_no_bit() {
    let mut planes = music_like(1.1, 3, 2, 30_000, 44_100.0);
    planes[0].iter_mut().for_each(|x| *x = x.clamp(-0.6, 0.6));
    planes[1][17] = f64::NAN;
    planes[1][7_777] = 1e300;
    planes[1][9_999] = f64::INFINITY;
    let whole = measured(&planes);
    assert!(whole.channels[0].clipped.at_top > 0);
    let buffer = Buffer::from_planes(&planes);
    for size in [1, 5, 64, 4_801] {
        let mut meter = DynamicsMeter::new(48_000.0, 2, None);
        for start in (0..buffer.frames()).step_by(size) {
            meter.process(buffer.view().slice(start, size));
        }
        assert_eq!(meter.finish(), whole);
    }
}

#[test]
fn an_offset_keeps_its_sign() {
    let found = measured(&[vec![-0.25; 4_800], vec![0.125; 4_800]]);
    assert_eq!((found.channels[0].dc, found.channels[1].dc), (-0.25, 0.125));
}

#[test]
fn psr_hears_the_peak_of_three_seconds() {
    // A click of full scale after 0.8 s of 4: every window of 3 s that reaches it counts it, the last two begin behind it.
    let mut plane = vec![0.1; 4 * 48_000];
    plane[38_500] = 1.0;
    let curve = measured(&[plane]).psr_curve_lu(&[-20.0; 11]);
    let wanted = |n: usize| if n <= 8 { 20.0 } else { 0.0 };
    assert!(curve.iter().enumerate().all(|(n, psr)| (psr - wanted(n)).abs() < 1e-9), "{curve:?}");
    assert_eq!(curve.len(), 11);
}
