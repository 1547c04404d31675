//! Prints one hash of the output bits per processor and kernel: to be compared between machines.
//!
//! `crates/fx/tests/machines.rs` runs it natively, with the C library's fast paths off, and as WebAssembly.

use dsp::block::Buffer;
use fx::{Format, Kind, REGISTRY};

/// FNV-1a over the bits of every sample.
fn hash(buffer: &Buffer, mut state: u64) -> u64 {
    for channel in 0..buffer.channels() {
        for byte in buffer.channel(channel).iter().flat_map(|x| x.to_bits().to_le_bytes()) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    state
}

/// A loud, moving signal: three sines, noise and a few clicks.
fn signal(frames: usize, rate: f64) -> Buffer {
    let rng = dsp::rng::CounterRng::new(42, 0);
    let plane = |phase: f64| -> Vec<f64> {
        (0..frames)
            .map(|n| {
                let t = n as f64 / rate;
                let tone = [(55.0, 0.4), (440.0, 0.3), (6_100.0, 0.2)]
                    .iter()
                    .map(|(hz, peak)| peak * dsp::math::sin(dsp::math::TAU * hz * t + phase))
                    .sum::<f64>();
                let click = if n % 3001 == 0 { 0.8 } else { 0.0 };
                tone + 0.2 * rng.bipolar(n as u64) + click
            })
            .collect()
    };
    Buffer::from_planes(&[plane(0.0), plane(0.7)])
}

/// Kernels that no processor uses: conversion, spectra, meters, dither.
fn kernels() -> Vec<(&'static str, Buffer)> {
    let input = signal(30_000, 44_100.0);
    let mut found = Vec::new();
    for (name, to_hz) in [("resample 48000", 48_000), ("resample 96000", 96_000), ("resample 44056", 44_056)]
    {
        let planes = [input.channel(0).to_vec()];
        if let Ok(converted) = dsp::resample::resample(&planes, 44_100, to_hz, dsp::resample::Slope::Gentle) {
            found.push((name, Buffer::from_planes(&converted)));
        }
    }
    let mut welch = dsp::spectrum::Welch::new(2, 44_100.0, dsp::spectrum::Options::default());
    welch.push(input.view());
    found.push(("spectrum", Buffer::from_planes(&[welch.finish().power(0).to_vec()])));
    let mut loudness = dsp::meter::loudness::LoudnessMeter::new(44_100.0, &[1.0, 1.0]);
    loudness.process(input.view());
    let mut peaks = dsp::meter::true_peak::TruePeakMeter::new(44_100.0, 2);
    peaks.process(input.view());
    let readings = vec![loudness.integrated_lufs().unwrap_or(0.0), peaks.finish().worst()];
    found.push(("meters", Buffer::from_planes(&[readings])));
    for dither in dsp::dither::Dither::all() {
        let mut quantiser = dsp::dither::Quantiser::new(16, dither, 9, 0);
        let mut integers = vec![0; input.frames()];
        quantiser.process(input.channel(0), &mut integers);
        found.push((dither.name(), Buffer::from_planes(&[integers.iter().map(|n| f64::from(*n)).collect()])));
    }
    found
}

fn main() {
    let mut all = 0xcbf2_9ce4_8422_2325;
    for entry in REGISTRY {
        for (variant, rate) in [(0, 44_100.0), (1, 96_000.0)] {
            let mut processor = entry.make();
            if variant == 1 {
                // Away from the defaults: a third of the way up every range.
                for index in 0..entry.description.len() {
                    let value = match entry.description.param(index).map(|param| param.kind) {
                        Some(Kind::Number { min, max, .. }) => min + (max - min) / 3.0,
                        Some(Kind::Choice { names, .. }) => (names.len() / 2) as f64,
                        Some(Kind::Switch { default }) => f64::from(u8::from(!default)),
                        None => continue,
                    };
                    processor.set(index, value);
                }
            }
            let format = Format {
                sample_rate_hz: rate,
                channels: 2,
                tempo_bpm: 100.0,
                max_block_frames: 1024,
                seed: 3,
            };
            let mut kernel = processor.prepare(format);
            // Long enough to be heard behind the latency.
            let mut audio = signal(24_000 + kernel.latency_frames(), rate);
            let key = audio.clone();
            let frames = audio.frames();
            let mut start = 0;
            while start < frames {
                let mut whole = audio.block();
                let part = whole.slice(start, 1024);
                kernel.process(&mut part.with_key(key.view().slice(start, 1024)));
                start += 1024;
            }
            let one = hash(&audio, 0xcbf2_9ce4_8422_2325);
            all = hash(&audio, all);
            println!("{} {variant} {one:016x}", entry.description.key);
        }
    }
    for (name, audio) in kernels() {
        let one = hash(&audio, 0xcbf2_9ce4_8422_2325);
        all = hash(&audio, all);
        println!("dsp {name} {one:016x}");
    }
    println!("all {all:016x}");
}
