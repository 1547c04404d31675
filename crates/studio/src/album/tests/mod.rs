//! Albums of made-up songs, judged by their files.
#![allow(clippy::disallowed_methods, reason = "answers from elsewhere may come from the standard library")]

mod families;
mod records;
mod seams;
mod sides;
mod texts;

use super::*;
use std::f64::consts::TAU;
use std::path::PathBuf;

pub(super) const RATE: u32 = 44_100;

/// A folder with prints and a text, and one to render into.
pub(super) struct Studio {
    pub(super) folder: tempfile::TempDir,
}

impl Studio {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a print of integers of so many bits.
    pub(super) fn print(&self, name: &str, bits: u16, planes: [&[f64]; 2]) {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: RATE,
            bits_per_sample: bits,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(self.path(name), spec).unwrap();
        let full = f64::from(1_u32 << (bits - 1));
        for (left, right) in planes[0].iter().zip(planes[1]) {
            for x in [left, right] {
                writer.write_sample((x * full).round().clamp(-full, full - 1.0) as i32).unwrap();
            }
        }
        writer.finalize().unwrap();
    }

    /// The album of a text.
    pub(super) fn album(&self, text: &str) -> Album {
        let album = Album::parse(&format!("version = 1\n{text}"), "album.toml", false);
        Album { folder: self.folder.path().to_owned(), ..album.unwrap_or_else(|errors| panic!("{errors:?}")) }
    }

    pub(super) fn prepare(&self, text: &str) -> Prepared {
        prepare(self.album(text), &Job::quiet()).unwrap()
    }

    /// Prepares and renders for targets into `to`.
    pub(super) fn render(&self, text: &str, targets: &[&str], to: &str) -> (Prepared, Result<Release>) {
        let prepared = self.prepare(text);
        let targets: Vec<Target> = targets.iter().map(|name| crate::targets::find(name).unwrap()).collect();
        let folder = self.path(to);
        let release = render(&prepared, &targets, Place { folder: &folder, force: false }, &Job::quiet());
        (prepared, release)
    }
}

/// Samples of a WAV or FLAC file, as integers of its word length.
pub(super) fn samples(path: &Path) -> Vec<i32> {
    let mut source = crate::decode::open(path, crate::decode::Options::default()).unwrap();
    let crate::audio::Encoding::Int(bits) = source.info().encoding else { panic!("not integers") };
    let mut out = Vec::new();
    let mut buffer = dsp::block::Buffer::new(2, 4096);
    loop {
        source.read(&mut buffer).unwrap();
        if buffer.frames() == 0 {
            return out;
        }
        for frame in 0..buffer.frames() {
            out.extend([0, 1].map(|c| (buffer.channel(c)[frame] * f64::from(1_u32 << (bits - 1))) as i32));
        }
    }
}

/// Noise of equal power per octave (P. Kellet's filter, on the music-dsp list, 1999), seeded.
pub(super) fn pink(seed: u64, frames: usize) -> Vec<f64> {
    let white = testkit::signals::noise(1.0, seed, frames);
    let mut b = [0.0; 6];
    let poles = [0.99886, 0.99332, 0.96900, 0.86650, 0.55000, -0.7616];
    let gains = [0.0555179, 0.0750759, 0.1538520, 0.3104856, 0.5329522, -0.0168980];
    white
        .iter()
        .map(|x| {
            for i in 0..6 {
                b[i] = poles[i] * b[i] + gains[i] * x;
            }
            0.05 * (b.iter().sum::<f64>() + 0.5362 * x)
        })
        .collect()
}

/// A bell (R. Bristow-Johnson's cookbook), as no code of ours designs it.
pub(super) fn bell(plane: &mut [f64], hz: f64, q: f64, db: f64) {
    let (w, a) = (TAU * hz / f64::from(RATE), 10_f64.powf(db / 40.0));
    let alpha = w.sin() / (2.0 * q);
    let (b, a0) = ([1.0 + alpha * a, -2.0 * w.cos(), 1.0 - alpha * a], 1.0 + alpha / a);
    let (a1, a2) = (-2.0 * w.cos() / a0, (1.0 - alpha / a) / a0);
    let (mut x1, mut x2, mut y1, mut y2) = (0.0, 0.0, 0.0, 0.0);
    for x in plane {
        let y = (b[0] * *x + b[1] * x1 + b[2] * x2) / a0 - a1 * y1 - a2 * y2;
        (x2, x1, y2, y1) = (x1, *x, y1, y);
        *x = y;
    }
}

/// A band: pink noise beaten in time, with a decay of half a second at the end.
pub(super) fn band(seed: u64, seconds: f64, bpm: f64) -> [Vec<f64>; 2] {
    let frames = (seconds * f64::from(RATE)) as usize;
    [seed, seed + 1000].map(|seed| {
        let mut plane = pink(seed, frames);
        for (n, x) in plane.iter_mut().enumerate() {
            let t = n as f64 / f64::from(RATE);
            let beat = (t * bpm / 60.0).fract() * 60.0 / bpm;
            let end = ((seconds - 0.5 - t) * 8.0).min(0.0).exp();
            *x *= (0.35 + 0.65 * (-beat * 9.0).exp()) * end;
        }
        plane
    })
}

/// A lone instrument: struck tones with long silences, soft for its peak.
pub(super) fn piano(seed: u64, seconds: f64) -> [Vec<f64>; 2] {
    let frames = (seconds * f64::from(RATE)) as usize;
    let tones = [220.0, 277.2, 329.6, 440.0, 554.4];
    let mut plane = vec![0.0; frames];
    for (n, x) in plane.iter_mut().enumerate() {
        let t = n as f64 / f64::from(RATE);
        let note = (t / 1.25) as usize;
        let since = t - note as f64 * 1.25;
        let hz = tones[(note + seed as usize) % tones.len()];
        let partials: f64 = (1..6).map(|k| (TAU * hz * f64::from(k) * since).sin() / f64::from(k * k)).sum();
        // The hammer: one frame, some 15 dB over the tone, that makes the peak and no loudness.
        let hammer = if since * f64::from(RATE) < 1.0 { 5.0 } else { 0.0 };
        *x = 0.7 * partials * (-since * 5.0).exp() + hammer;
    }
    [plane.clone(), plane]
}

/// Scaled so that the largest sample has a level.
pub(super) fn peak_at(mut planes: [Vec<f64>; 2], dbfs: f64) -> [Vec<f64>; 2] {
    let peak = planes.iter().flatten().fold(0.0_f64, |top, x| top.max(x.abs()));
    let gain = 10_f64.powf(dbfs / 20.0) / peak;
    planes.iter_mut().flatten().for_each(|x| *x *= gain);
    planes
}
