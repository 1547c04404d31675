//! Meters, sample-rate conversion and Fourier transforms.

use divan::{Bencher, counter::ItemsCount};
use dsp::block::Buffer;
use dsp::dither::{Dither, Quantiser};
use dsp::fft::Fft;
use dsp::meter::{loudness::LoudnessMeter, true_peak::TruePeakMeter};
use dsp::resample::{Resampler, Slope};

const RATE: usize = 44_100;
const SECONDS: usize = 10;

fn main() {
    divan::main();
}

fn programme() -> Buffer {
    let plane = |seed| testkit::signals::noise(0.5, seed, RATE * SECONDS);
    Buffer::from_planes(&[plane(1), plane(2)])
}

#[divan::bench(sample_count = 10)]
fn loudness(bencher: Bencher<'_, '_>) {
    let audio = programme();
    bencher.counter(ItemsCount::new(RATE * SECONDS)).bench_local(|| {
        let mut meter = LoudnessMeter::new(RATE as f64, &[1.0, 1.0]);
        meter.process(audio.view());
        meter.integrated_lufs()
    });
}

#[divan::bench(sample_count = 10)]
fn true_peak(bencher: Bencher<'_, '_>) {
    let audio = programme();
    bencher.counter(ItemsCount::new(RATE * SECONDS)).bench_local(|| {
        let mut meter = TruePeakMeter::new(RATE as f64, 2);
        meter.process(audio.view());
        meter.finish().worst()
    });
}

#[divan::bench(args = [(96_000, 44_100), (44_100, 48_000), (48_000, 44_100)], sample_count = 10)]
fn resample(bencher: Bencher<'_, '_>, (from, to): (u32, u32)) {
    let audio = programme();
    let Ok(plan) = Resampler::new(from, to, 2, Slope::Gentle) else { return };
    bencher.counter(ItemsCount::new(RATE * SECONDS)).with_inputs(|| plan.clone()).bench_local_values(
        |mut resampler| {
            let mut out = vec![Vec::new(), Vec::new()];
            resampler.process(audio.view(), &mut out);
            resampler.finish(&mut out);
            out
        },
    );
}

/// One channel to 24 bits with plain dither, to 16 with a shaper of nine taps.
#[divan::bench(args = [("tpdf", 24), ("f_weighted_9", 16)], sample_count = 10)]
fn dither(bencher: Bencher<'_, '_>, (name, bits): (&str, u16)) {
    let audio = testkit::signals::noise(0.5, 3, RATE * SECONDS);
    let Some(dither) = Dither::from_name(name) else { return };
    let mut out = vec![0; audio.len()];
    bencher
        .counter(ItemsCount::new(RATE * SECONDS))
        .bench_local(|| Quantiser::new(bits, dither, 1, 0).process(&audio, &mut out));
}

#[divan::bench(args = [1024, 4096, 4704, 16_384])]
fn fft(bencher: Bencher<'_, '_>, size: usize) {
    let signal = testkit::signals::noise(1.0, 1, size);
    let plan = Fft::new(size);
    bencher.with_inputs(|| (plan.clone(), signal.clone(), vec![0.0; size])).bench_local_values(
        |(mut plan, mut re, mut im)| {
            plan.forward(&mut re, &mut im);
            (re, im)
        },
    );
}
