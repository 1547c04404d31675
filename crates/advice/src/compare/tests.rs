use super::*;
use dsp::biquad::Svf;
use dsp::block::Buffer;
use dsp::eq_design::{Analogue, Curve, design};
use studio::audio::{MemorySource, Source};
use testkit::signals::noise;

const RATE: f64 = 48_000.0;

/// Six seconds of strokes and held tones over soft noise in stereo, loud and quiet in turn: levels from -50 to -8 dBFS.
fn song() -> Vec<Vec<f64>> {
    let frames = (6.0 * RATE) as usize;
    let (wide, other) = (noise(1.0, 5, frames), noise(1.0, 9, frames));
    let mut planes = vec![vec![0.0; frames]; 2];
    // Pink by summing one-pole low-passes at octave distances.
    let pink = |white: &[f64]| -> Vec<f64> {
        let mut states = [0.0_f64; 8];
        white
            .iter()
            .map(|x| {
                let mut sum = 0.15 * x;
                for (n, state) in states.iter_mut().enumerate() {
                    let a = dsp::math::exp(-dsp::math::TAU * 40.0 * dsp::math::exp2(n as f64) / RATE);
                    *state = a * *state + (1.0 - a) * x;
                    sum += *state;
                }
                sum
            })
            .collect()
    };
    let (wide, other) = (pink(&wide), pink(&other));
    for n in 0..frames {
        let t = n as f64 / RATE;
        let beat = (t * 2.0) % 1.0 / 2.0;
        // A stroke every half second, each third one louder, over a swell.
        let strength = [0.25, 0.5, 1.0][(t * 2.0) as usize % 3];
        let stroke = strength * dsp::math::exp(-beat / 0.12);
        let level = 0.02 + 0.2 * stroke;
        let (a, b) = (wide[n], other[n]);
        planes[0][n] = level * (a + 0.4 * b);
        planes[1][n] = level * (a - 0.4 * b);
    }
    planes
}

fn open(planes: &[Vec<f64>], rate: u32) -> impl Fn() -> Result<Box<dyn Source>> {
    let buffer = Buffer::from_planes(planes);
    move || Ok(Box::new(MemorySource::new(buffer.clone(), rate)) as Box<dyn Source>)
}

fn between_rates(before: (&[Vec<f64>], u32), after: (&[Vec<f64>], u32)) -> Comparison {
    let (one, two) = (open(before.0, before.1), open(after.0, after.1));
    compare_streams(("before", &one), ("after", &two), &Job::quiet()).unwrap()
}

fn between(before: &[Vec<f64>], after: &[Vec<f64>]) -> Comparison {
    between_rates((before, RATE as u32), (after, RATE as u32))
}

fn each(planes: &[Vec<f64>], mut with: impl FnMut(&mut Vec<f64>)) -> Vec<Vec<f64>> {
    let mut planes = planes.to_vec();
    planes.iter_mut().for_each(&mut with);
    planes
}

fn equalised(planes: &[Vec<f64>], curve: Curve, hz: f64, db: f64, q: f64) -> Vec<Vec<f64>> {
    each(planes, |plane| Svf::new(design(curve, hz, db, q, RATE)).process(plane))
}

fn scaled(planes: &[Vec<f64>], db: f64) -> Vec<Vec<f64>> {
    each(planes, |plane| plane.iter_mut().for_each(|x| *x *= testkit::signals::db(db)))
}

fn about<'a>(found: &'a Comparison, what: &str) -> Vec<&'a str> {
    found
        .sentences
        .iter()
        .filter(|sentence| sentence.about == what)
        .map(|sentence| sentence.text.as_str())
        .collect()
}

#[test]
fn a_planted_equaliser_comes_back_within_three_tenths() {
    let song = song();
    let plants = [
        (Curve::Bell, 120.0, 3.0, 1.0),
        (Curve::Bell, 1000.0, -4.0, 1.4),
        (Curve::Bell, 3150.0, 2.0, 0.7),
        (Curve::LowShelf, 150.0, 4.0, 0.7),
        (Curve::HighShelf, 6000.0, -3.0, 0.7),
    ];
    for (curve, hz, db, q) in plants {
        let found = between(&song, &scaled(&equalised(&song, curve, hz, db, q), 1.3));
        let truth = Analogue::new(curve, hz, db, q);
        let worst = found
            .response
            .iter()
            .filter(|point| point.heard && point.hz < 18_000.0)
            .map(|point| (point.gain_db - truth.magnitude_db(point.hz)).abs());
        let worst = worst.fold(0.0, f64::max);
        println!(
            "{curve:?} {hz} {db}: worst {worst:.3}, fader {:.3}, moves {:?}",
            found.level.fader_db, found.moves
        );
        assert!(worst < 0.3, "{curve:?} at {hz}: {worst}");
        assert!((found.level.fader_db - 1.3).abs() < 0.15, "{}", found.level.fader_db);
        assert_eq!(found.moves.len(), 1, "{:?}", found.moves);
        assert!((found.moves[0].gain_db - db).abs() < 0.3, "{:?}", found.moves);
        let shape = match curve {
            Curve::LowShelf => Shape::Low,
            Curve::HighShelf => Shape::High,
            _ => Shape::Bell,
        };
        assert_eq!(found.moves[0].shape, shape, "{:?}", found.moves);
        assert!((0.7..1.4).contains(&(found.moves[0].hz / hz)), "{:?}", found.moves);
        let distortion = found.distortion.unwrap();
        println!(
            "  residual {:?} {:?}",
            distortion.under_db,
            found.compression.as_ref().map(|c| (c.class, c.loudest_db))
        );
        assert!(!distortion.found, "{:?}", distortion.under_db);
        assert_eq!(found.compression.unwrap().class, Class::None);
        assert!(found.audible);
    }
}

#[test]
fn gain_delay_polarity_and_length_come_back() {
    let song = song();
    for (db, delay, inverted) in
        [(0.0, 777, false), (-3.37, 0, false), (5.0, 12_345, true), (-0.5, -4001, false)]
    {
        let mut after = scaled(&song, db);
        for plane in &mut after {
            if delay >= 0 {
                let mut later = vec![0.0; delay as usize];
                later.extend_from_slice(plane);
                *plane = later;
            } else {
                plane.drain(..(-delay) as usize);
            }
            plane.iter_mut().for_each(|x| *x = if inverted { -*x } else { *x });
        }
        let found = between(&song, &after);
        assert_eq!(found.alignment.delay_frames, delay);
        assert!(found.alignment.fraction_frames.abs() < 0.02, "{:?}", found.alignment);
        assert_eq!(found.alignment.inverted, inverted);
        assert!((found.level.louder_lu - db).abs() < 0.02, "{}", found.level.louder_lu);
        assert!((found.level.fader_db - db).abs() < 0.02, "{}", found.level.fader_db);
        assert!(!found.audible, "{:?}", found.null);
        assert!(found.null.unwrap().under_db.is_none_or(|db| db < -100.0));
        assert!(found.moves.is_empty());
    }
}

#[test]
fn an_equalised_copy_is_found_to_the_sample() {
    let song = song();
    let mut after =
        equalised(&equalised(&song, Curve::Bell, 80.0, 6.0, 1.0), Curve::HighShelf, 5000.0, -6.0, 0.7);
    after.iter_mut().for_each(|plane| {
        plane.splice(0..0, vec![0.0; 441]);
    });
    assert_eq!(between(&song, &after).alignment.delay_frames, 441);
}

#[test]
fn width_comes_back_within_five_per_cent() {
    let song = song();
    for width in [0.5, 0.8, 1.2, 1.6] {
        let mut after = song.clone();
        for n in 0..after[0].len() {
            let (m, s) = (0.5 * (song[0][n] + song[1][n]), 0.5 * width * (song[0][n] - song[1][n]));
            (after[0][n], after[1][n]) = (m + s, m - s);
        }
        let found = between(&song, &after);
        let wanted = 100.0 * (width - 1.0);
        assert!((found.width_percent.unwrap() - wanted).abs() < 1.0, "{:?}", found.width_percent);
        for band in &found.width {
            assert!((band.change_percent.unwrap() - wanted).abs() < 5.0, "{band:?}");
        }
        assert!(!found.distortion.as_ref().unwrap().found, "a pan or width is linear");
        let words = about(&found, "width").join(" ");
        assert!(words.contains(if width > 1.0 { "wider" } else { "narrower" }), "{words}");
    }
}

#[test]
fn dither_and_requantising_are_no_audible_change_and_a_small_equaliser_is_one() {
    let song = song();
    let (one, two) = (noise(1.0, 41, song[0].len()), noise(1.0, 42, song[0].len()));
    // Triangular dither of 16 bits, added and rounded.
    let step = 1.0 / 32_768.0;
    let dithered = each(&song, |plane| {
        for (n, x) in plane.iter_mut().enumerate() {
            *x = ((*x / step + 0.5 * (one[n] + two[n])).round()) * step;
        }
    });
    let found = between(&song, &dithered);
    assert!(!found.audible, "{:?}", found.null);
    assert!(about(&found, "whole")[0].starts_with("No audible change"), "{:?}", found.sentences);
    assert!(about(&found, "tone").is_empty());
    let found = between(&song, &song);
    assert!(found.null.as_ref().unwrap().identical && !found.audible);
    assert!(about(&found, "whole")[0].contains("the same"));
    let found = between(&song, &equalised(&song, Curve::Bell, 2000.0, 0.6, 0.7));
    assert!(found.audible, "0.6 dB over two octaves is heard: {:?}", found.null);
}

#[test]
fn added_distortion_is_told_and_punch_follows_the_fronts() {
    let song = song();
    let driven = each(&song, |plane| {
        plane.iter_mut().for_each(|x| {
            let y = 3.0 * *x;
            *x = (y + 0.4 * y * y - 0.2 * y * y * y).clamp(-1.0, 1.0) / 3.0;
        });
    });
    let found = between(&song, &driven);
    assert!(found.distortion.as_ref().unwrap().found, "{:?}", found.distortion.map(|d| d.under_db));
    // Fronts of 25 ms turned up by 4 dB and down by 4 dB.
    for db in [4.0, -4.0] {
        let mut after = song.clone();
        for plane in &mut after {
            for (n, x) in plane.iter_mut().enumerate() {
                let beat = (n as f64 / RATE * 2.0) % 1.0 / 2.0;
                *x *= if beat < 0.025 { testkit::signals::db(db) } else { 1.0 };
            }
        }
        let found = between(&song, &after);
        let punch = found.punch.unwrap();
        assert!((punch.change_db - db).abs() < 0.5, "{punch:?}");
        assert!(punch.strokes >= 10);
    }
}

#[test]
fn other_rates_lengths_and_channels_are_handled_with_words() {
    let song = song();
    let mut planes = dsp::resample::resample(&song, 48_000, 44_100, dsp::resample::Slope::Gentle).unwrap();
    planes.iter_mut().for_each(|plane| plane.truncate(4 * 44_100));
    let found = between_rates((&song, 48_000), (&planes, 44_100));
    assert_eq!((found.sample_rate_hz, found.alignment.delay_frames), (44_100, 0));
    assert!(!found.audible, "{:?}", found.null.map(|null| null.under_db));
    let words = about(&found, "alignment").join(" ");
    assert!(words.contains("44100") && words.contains("2.00 s shorter"), "{words}");
    let mono = vec![song[0].clone()];
    let found = between(&song, &mono);
    assert_eq!(found.channels, 2);
    assert!(about(&found, "width")[0].contains("AFTER is mono"), "{:?}", found.sentences);
    let three = vec![song[0].clone(), song[1].clone(), song[0].clone()];
    let (one, two) = (open(&song, 48_000), open(&three, 48_000));
    let error = compare_streams(("a", &one), ("b", &two), &Job::quiet()).unwrap_err();
    assert_eq!((error.code, error.hint.is_some()), ("not_comparable", true));
    let silent = vec![vec![0.0; 48_000]; 2];
    let (one, two) = (open(&song, 48_000), open(&silent, 48_000));
    let error = compare_streams(("a", &one), ("b", &two), &Job::quiet()).unwrap_err();
    assert_eq!((error.code, error.at.as_deref()), ("silent", Some("b")));
}

#[test]
fn different_music_is_said_to_be_different_and_still_compared() {
    let song = song();
    let other: Vec<Vec<f64>> = (0..2).map(|c| noise(0.1, 77 + c, 6 * 48_000)).collect();
    let found = between(&song, &other);
    assert!(!found.is_same_recording() && found.null.is_none() && found.compression.is_none());
    assert!(found.alignment.likeness < 0.1, "{:?}", found.alignment);
    assert!(about(&found, "whole")[0].contains("different recordings"));
    assert!(!about(&found, "tone").is_empty());
}
