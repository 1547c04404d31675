//! Plants on real music (a rock band, an electronic song with a voice) come back through `compare`; compressors of two makes on strokes, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use advice::compare::{Class, Comparison, compare_streams};
use dsp::biquad::Svf;
use dsp::block::Buffer;
use dsp::eq_design::{Analogue, Curve, design};
use dsp::math;
use std::path::Path;
use studio::audio::{MemorySource, Source};
use studio::decode;
use studio::job::Job;
use studio::message::Result;
use testkit::signals::{db, noise};

/// A name, planes, and a rate.
type Clip = (&'static str, Vec<Vec<f64>>, u32);
/// Planes, ratio, threshold in dBFS, rate.
type Compressor = fn(&[Vec<f64>], f64, f64, f64) -> Vec<Vec<f64>>;

/// Eight seconds of each that is there; says so where one is not.
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

/// A stroke every half second, three strengths in turn, over soft noise: levels from -50 to -8 dBFS.
fn strokes() -> Clip {
    let frames = 6 * 48_000;
    let planes = [5, 9].map(|seed| {
        let mut low = 0.0;
        let hiss = noise(1.0, seed, frames);
        let level = |n: usize| {
            let t = n as f64 / 48_000.0;
            let strength = [0.25, 0.5, 1.0][(t * 2.0) as usize % 3];
            0.02 + 0.4 * strength * math::exp(-(t % 0.5) / 0.12)
        };
        let mut plane = Vec::with_capacity(frames);
        for (n, x) in hiss.iter().enumerate() {
            low = 0.9 * low + 0.3 * x;
            plane.push(level(n) * (low + 0.1 * x));
        }
        plane
    });
    ("strokes", planes.to_vec(), 48_000)
}

/// The power of both channels: 5 ms up, 80 ms down.
fn of_power(planes: &[Vec<f64>], ratio: f64, threshold_db: f64, rate: f64) -> Vec<Vec<f64>> {
    let mut out = planes.to_vec();
    let (up, down) = (math::exp(-1.0 / (0.005 * rate)), math::exp(-1.0 / (0.08 * rate)));
    let (mut power, mut reduction) = (0.0_f64, 0.0_f64);
    for n in 0..planes[0].len() {
        let now = 0.5 * planes.iter().map(|plane| plane[n] * plane[n]).sum::<f64>();
        power = up * power + (1.0 - up) * now;
        let over = (math::power_to_db(power.max(1e-12)) - threshold_db).max(0.0) * (1.0 - 1.0 / ratio);
        let keep = if over > reduction { up } else { down };
        reduction = keep * reduction + (1.0 - keep) * over;
        out.iter_mut().for_each(|plane| plane[n] *= math::db_to_gain(-reduction));
    }
    out
}

/// Another make: the louder side's peaks, a knee of 6 dB, 1 ms up, 200 ms down. Peaks stand some 10 dB over the power.
fn of_peaks(planes: &[Vec<f64>], ratio: f64, threshold_db: f64, rate: f64) -> Vec<Vec<f64>> {
    let mut out = planes.to_vec();
    let (up, down) = (math::exp(-1.0 / (0.001 * rate)), math::exp(-1.0 / (0.2 * rate)));
    let mut reduction = 0.0_f64;
    for n in 0..planes[0].len() {
        let level = planes.iter().map(|plane| plane[n].abs()).fold(1e-9, f64::max);
        let over = math::gain_to_db(level) - threshold_db - 10.0;
        let bent = match over {
            over if over < -3.0 => 0.0,
            over if over > 3.0 => over,
            over => (over + 3.0) * (over + 3.0) / 12.0,
        } * (1.0 - 1.0 / ratio);
        let keep = if bent > reduction { up } else { down };
        reduction = keep * reduction + (1.0 - keep) * bent;
        out.iter_mut().for_each(|plane| plane[n] *= math::db_to_gain(-reduction));
    }
    out
}

fn open(planes: &[Vec<f64>], rate: u32) -> impl Fn() -> Result<Box<dyn Source>> {
    let buffer = Buffer::from_planes(planes);
    move || Ok(Box::new(MemorySource::new(buffer.clone(), rate)) as Box<dyn Source>)
}

fn against(clip: &Clip, after: &[Vec<f64>]) -> Comparison {
    let (one, two) = (open(&clip.1, clip.2), open(after, clip.2));
    compare_streams(("before", &one), ("after", &two), &Job::quiet()).unwrap()
}

fn each(planes: &[Vec<f64>], mut with: impl FnMut(&mut Vec<f64>)) -> Vec<Vec<f64>> {
    let mut planes = planes.to_vec();
    planes.iter_mut().for_each(&mut with);
    planes
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
            let whole = found.sentences.iter().find(|sentence| sentence.about == "whole").unwrap();
            assert!(whole.text.starts_with("No audible change"), "{}: {}", clip.0, whole.text);
        }
        let rate = f64::from(clip.2);
        let shelved = each(&clip.1, |plane| {
            Svf::new(design(Curve::HighShelf, 3000.0, 0.8, 0.7, rate)).process(plane);
        });
        assert!(against(clip, &shelved).audible, "{}", clip.0);
    }
}

#[test]
fn compressors_come_back_by_class() {
    let makes: [(&str, Compressor); 2] = [("power", of_power), ("peaks", of_peaks)];
    let mut wrong: Vec<String> = Vec::new();
    for clip in clips().iter().chain([&strokes()]) {
        let rate = f64::from(clip.2);
        for (ratio, class) in
            [(1.5, Class::Gentle), (2.0, Class::Gentle), (4.0, Class::Firm), (20.0, Class::Hard)]
        {
            for (make, compressor) in makes {
                for (threshold_db, makeup_db) in [(-26.0, 0.0), (-32.0, 6.0)] {
                    let mut after = compressor(&clip.1, ratio, threshold_db, rate);
                    after.iter_mut().flatten().for_each(|x| *x *= math::db_to_gain(makeup_db));
                    let found = against(clip, &after).compression.unwrap();
                    let name = format!("{} {make} {ratio} at {threshold_db}", clip.0);
                    println!(
                        "{name}: {:.2} at {:.1}, {:.1} dB",
                        found.ratio, found.threshold_dbfs, found.loudest_db
                    );
                    // A detector of peaks that goes up within a millisecond follows each of them for less than it lasts: its ratio is
                    // not seen in the levels, and the class may be the next one (docs/decisions/053).
                    let off = (found.class as i32 - class as i32).abs();
                    if off > i32::from(make == "peaks") {
                        wrong.push(name);
                    }
                }
            }
        }
        let turned: Vec<Vec<f64>> =
            clip.1.iter().map(|plane| plane.iter().map(|x| 0.7 * x).collect()).collect();
        assert_eq!(against(clip, &turned).compression.unwrap().class, Class::None, "{}", clip.0);
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
