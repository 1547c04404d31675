//! The same plants on real music: a rock band and an electronic song with a voice.

use super::tests::{about, between_rates, each};
use super::*;
use dsp::biquad::Svf;
use dsp::block::Buffer;
use dsp::eq_design::{Analogue, Curve, design};
use std::path::Path;
use studio::decode;
use testkit::signals::{db, noise};

/// A clip, and its rate.
type Clip = (&'static str, Vec<Vec<f64>>, u32);

/// Eight seconds of each; none, said aloud, where they are not.
fn clips() -> Vec<Clip> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/audio/intake"));
    ["rock", "francium"].into_iter().filter_map(|name| clip(root, name)).collect()
}

fn clip(root: &Path, name: &'static str) -> Option<Clip> {
    let path = root.join(format!("{name}__clean_peak-6.flac"));
    if !path.exists() {
        println!("skipped: no shared audio at {name}");
        return None;
    }
    let mut source = decode::open(&path, decode::Options::default()).unwrap();
    let rate = source.info().sample_rate_hz;
    let mut planes = vec![Vec::new(); source.info().channels()];
    let mut buffer = Buffer::new(planes.len(), 8192);
    loop {
        source.read(&mut buffer).unwrap();
        if buffer.frames() == 0 || planes[0].len() > 8 * rate as usize {
            break;
        }
        planes.iter_mut().enumerate().for_each(|(c, plane)| plane.extend_from_slice(buffer.channel(c)));
    }
    Some((name, planes, rate))
}

fn against(clip: &Clip, after: &[Vec<f64>]) -> Comparison {
    between_rates((&clip.1, clip.2), (after, clip.2))
}

#[test]
fn equalisers_on_real_music_come_back_within_three_tenths() {
    for clip in &clips() {
        let rate = f64::from(clip.2);
        for (curve, hz, gain_db, q) in [
            (Curve::Bell, 90.0, 2.5, 1.2),
            (Curve::Bell, 400.0, -3.0, 0.8),
            (Curve::Bell, 2500.0, -1.5, 1.0),
            (Curve::LowShelf, 200.0, -3.0, 0.7),
            (Curve::HighShelf, 5000.0, 4.0, 0.7),
        ] {
            let after = each(&clip.1, |plane| Svf::new(design(curve, hz, gain_db, q, rate)).process(plane));
            let found = against(clip, &after);
            let truth = Analogue::new(curve, hz, gain_db, q);
            let worst = found
                .response
                .iter()
                .filter(|point| point.heard && point.hz < 0.36 * rate)
                .map(|point| (point.gain_db - truth.magnitude_db(point.hz)).abs())
                .fold(0.0, f64::max);
            println!("{} {curve:?} {hz}: worst {worst:.3}, moves {:?}", clip.0, found.moves);
            assert!(worst < 0.3, "{} {curve:?} at {hz}: {worst}", clip.0);
            assert_eq!(found.moves.len(), 1, "{} {:?}", clip.0, found.moves);
            assert!((found.moves[0].gain_db - gain_db).abs() < 0.3, "{} {:?}", clip.0, found.moves);
            assert!(found.audible);
        }
    }
}

#[test]
fn gains_and_delays_of_real_music_come_back_to_a_fiftieth_of_a_decibel_and_the_sample() {
    for clip in &clips() {
        for (gain_db, delay) in [(-0.1, 1), (2.72, 5003), (-11.0, -311)] {
            let after = each(&clip.1, |plane| {
                plane.iter_mut().for_each(|x| *x *= db(gain_db));
                if delay >= 0 {
                    plane.splice(0..0, vec![0.0; delay as usize]);
                } else {
                    plane.drain(..(-delay) as usize);
                }
            });
            let found = against(clip, &after);
            assert_eq!(found.alignment.delay_frames, delay, "{}", clip.0);
            assert!((found.level.louder_lu - gain_db).abs() < 0.02, "{} {}", clip.0, found.level.louder_lu);
            assert!((found.level.fader_db - gain_db).abs() < 0.02, "{} {}", clip.0, found.level.fader_db);
            assert!(!found.audible && found.moves.is_empty(), "{}", clip.0);
        }
    }
}

#[test]
fn widths_of_real_music_come_back_within_five_per_cent() {
    for clip in &clips() {
        for width in [0.7, 1.15, 1.5] {
            let (left, right) = (&clip.1[0], &clip.1[1]);
            let side = |sign: f64| -> Vec<f64> {
                let both = left.iter().zip(right);
                both.map(|(l, r)| 0.5 * (l + r) + sign * 0.5 * width * (l - r)).collect()
            };
            let found = against(clip, &[side(1.0), side(-1.0)]);
            let wanted = 100.0 * (width - 1.0);
            let whole = found.width_percent.unwrap();
            assert!((whole - wanted).abs() < 5.0, "{} {width}: {whole}", clip.0);
            for band in &found.width {
                let change = band.change_percent.unwrap();
                assert!((change - wanted).abs() < 5.0, "{} {width}: {band:?}", clip.0);
            }
        }
    }
}

#[test]
fn dither_on_real_music_is_no_audible_change_and_a_small_shelf_is_one() {
    for clip in &clips() {
        let frames = clip.1[0].len();
        let (one, two) = (noise(0.5, 51, frames), noise(0.5, 52, frames));
        for bits in [16, 20] {
            let step = 1.0 / f64::from(1 << (bits - 1));
            let dithered = each(&clip.1, |plane| {
                let hiss = one.iter().zip(&two);
                plane.iter_mut().zip(hiss).for_each(|(x, (a, b))| *x = (*x / step + a + b).round() * step);
            });
            let found = against(clip, &dithered);
            assert!(!found.audible, "{} {bits}: {:?}", clip.0, found.null);
            assert!(about(&found, "whole")[0].starts_with("No audible change"), "{}", clip.0);
        }
        let rate = f64::from(clip.2);
        let shelved = each(&clip.1, |plane| {
            Svf::new(design(Curve::HighShelf, 3000.0, 0.8, 0.7, rate)).process(plane);
        });
        assert!(against(clip, &shelved).audible, "{}", clip.0);
    }
}
