//! Every registered processor on ten seconds of stereo at 44.1 kHz: ten seconds over the time shown is the speed as a multiple
//! of real time on one core. Defaults, but for those that do nothing at theirs ([`AT_WORK`]). `docs/speed.md` has the table.

use divan::{Bencher, counter::ItemsCount};
use dsp::block::Buffer;
use fx::{Format, REGISTRY};

const RATE: usize = 44_100;
const SECONDS: usize = 10;
const BLOCK: usize = 4096;

/// What makes a processor work whose defaults change nothing, or little.
const AT_WORK: &[(&str, &[(&str, f64)])] = &[
    (
        "eq",
        &[("band1.gain_db", 2.0), ("band2.gain_db", -3.0), ("band3.gain_db", 2.5), ("band4.gain_db", -1.5)],
    ),
    ("gain", &[("gain_db", -3.0), ("width_percent", 80.0), ("mono_below_hz", 120.0)]),
    (
        "harmoniser",
        &[("voice1.on", 1.0), ("voice1.semitones", 4.0), ("voice2.on", 1.0), ("voice2.semitones", 7.0)],
    ),
    ("imager", &[("band1.width_percent", 50.0), ("band3.width_percent", 130.0)]),
    ("pan", &[("position", 0.3)]),
    ("pitch", &[("semitones", 3.0)]),
];

/// The processor at work; an address that is not declared stops the bench.
fn at_work(entry: &fx::Entry) -> Box<dyn fx::AnyProcessor> {
    let mut processor = entry.make();
    let of_key = AT_WORK.iter().find(|(key, _)| *key == entry.description.key);
    for (address, value) in of_key.map_or(&[][..], |(_, settings)| settings) {
        match entry.description.index_of(address) {
            Some(index) => processor.set(index, *value),
            None => {
                eprintln!("{} has no {address}", entry.description.key);
                std::process::exit(2);
            }
        }
    }
    processor
}

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
    let processor = at_work(entry);
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
