//! Every registered processor at its defaults on ten seconds of stereo at 44.1 kHz: ten seconds over the time shown is
//! the speed as a multiple of real time on one core.

use divan::{Bencher, counter::ItemsCount};
use dsp::block::Buffer;
use fx::{Format, REGISTRY};

const RATE: usize = 44_100;
const SECONDS: usize = 10;
const BLOCK: usize = 4096;

fn main() {
    divan::main();
}

fn keys() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|entry| entry.description.key)
}

/// Noise with a beat: loud enough to make dynamics work.
fn programme() -> Buffer {
    let plane = |seed: u64| {
        let mut noise = testkit::signals::noise(0.5, seed, RATE * SECONDS);
        for (n, x) in noise.iter_mut().enumerate() {
            *x *= 1.0 - 0.9 * (n % 22_050) as f64 / 22_050.0;
        }
        noise
    };
    Buffer::from_planes(&[plane(1), plane(2)])
}

#[divan::bench(args = keys(), sample_count = 10)]
fn processor(bencher: Bencher<'_, '_>, key: &str) {
    let Some(entry) = fx::find(key) else { return };
    let format = Format { sample_rate_hz: RATE as f64, max_block_frames: BLOCK, ..Format::default() };
    let processor = entry.make();
    bencher
        .counter(ItemsCount::new(RATE * SECONDS))
        .with_inputs(|| (processor.prepare(format), programme()))
        .bench_local_values(|(mut kernel, mut audio)| {
            let mut start = 0;
            while start < audio.frames() {
                let mut whole = audio.block();
                kernel.process(&mut whole.slice(start, BLOCK));
                start += BLOCK;
            }
            audio
        });
}
