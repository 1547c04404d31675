//! What every registered processor owes the house, proved for each of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use assert_no_alloc::{AllocDisabler, assert_no_alloc, violation_count};
use dsp::block::Buffer;
use dsp::rng::CounterRng;
use fx::{AnyKernel, AnyProcessor, Entry, Format, Kind, REGISTRY};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// Settings at which a processor does nothing but delay by its latency. A processor without a line fails the test.
fn neutral(key: &str) -> &'static [(&'static str, f64)] {
    match key {
        "gain" | "eq" | "pan" | "pitch" | "harmoniser" | "declick" | "declip" | "dehum" | "deplosive" => &[],
        "multiband" => &[("low_ratio", 1.0), ("mid_ratio", 1.0), ("high_ratio", 1.0)],
        "compressor" => &[("ratio", 1.0)],
        "gate" | "deesser" | "rider" => &[("range_db", 0.0)],
        "transient" | "generator" | "meter" | "denoise" => &[],
        // The sum of linear-phase bands is the input; that of the others has the phase of all-passes.
        "multidynamics" => &[
            ("crossover", 1.0),
            ("band1.ratio", 1.0),
            ("band2.ratio", 1.0),
            ("band3.ratio", 1.0),
            ("band4.ratio", 1.0),
        ],
        "imager" => &[],
        "exciter" => &[("high_amount_percent", 0.0), ("low_amount_percent", 0.0)],
        "doubler" => &[("level_db", -60.0)],
        "tremolo" | "auto_pan" => &[("depth_percent", 0.0)],
        "reverb" | "room" | "hall" | "plate" | "spring" | "convolution" => &[("mix_percent", 0.0)],
        "delay" | "saturation" | "chorus" | "flanger" | "phaser" | "rotary" => &[("mix_percent", 0.0)],
        // Below its ceiling a limiter only delays.
        "limiter" => &[("ceiling_dbtp", 0.0)],
        other => panic!("say in the contract suite at which settings `{other}` is neutral"),
    }
}

fn formats() -> impl Iterator<Item = Format> {
    [(44_100.0, 2), (48_000.0, 1), (96_000.0, 6), (192_000.0, 2)].into_iter().map(
        |(sample_rate_hz, channels)| Format {
            sample_rate_hz,
            channels,
            tempo_bpm: 97.0,
            max_block_frames: 4096,
            seed: 7,
        },
    )
}

fn extremes(kind: &Kind, default: f64) -> Vec<f64> {
    match kind {
        Kind::Number { min, max, .. } => vec![*min, *max],
        Kind::Choice { names, .. } => (0..names.len()).map(|index| index as f64).collect(),
        Kind::Switch { .. } => vec![1.0 - default],
    }
}

/// Defaults, everything low, everything high, one corner after the other, and some points in between.
fn corners(entry: &Entry) -> Vec<Box<dyn AnyProcessor>> {
    let description = entry.description;
    let params: Vec<_> =
        (0..description.len()).filter_map(|i| description.param(i).map(|p| (i, p))).collect();
    let mut all = vec![entry.make()];
    for pick in [0, usize::MAX] {
        let mut processor = entry.make();
        for (index, param) in &params {
            let values = extremes(&param.kind, param.default_value());
            processor.set(*index, values[pick.min(values.len() - 1)]);
        }
        all.push(processor);
    }
    // Of a row of bands, the corners of the first stand for all.
    let single = description.params.len() + description.bands.map_or(0, |bands| bands.params.len());
    for (index, param) in params.iter().take(single) {
        for value in extremes(&param.kind, param.default_value()) {
            let mut processor = entry.make();
            processor.set(*index, value);
            all.push(processor);
        }
    }
    let rng = CounterRng::new(2026, 0);
    for draw in 0..6 {
        let mut processor = entry.make();
        for (index, param) in &params {
            let at = rng.uniform(draw * 1000 + *index as u64);
            processor.set(
                *index,
                match param.kind {
                    Kind::Number { min, max, .. } => min + at * (max - min),
                    Kind::Choice { names, .. } => (at * names.len() as f64).floor(),
                    Kind::Switch { .. } => at.round(),
                },
            );
        }
        all.push(processor);
    }
    all
}

fn noise(channels: usize, frames: usize, peak: f64) -> Buffer {
    let planes: Vec<_> =
        (0..channels).map(|c| testkit::signals::noise(peak, 11 + c as u64, frames)).collect();
    Buffer::from_planes(&planes)
}

/// Processes a copy of `input` (keyed by itself) in blocks of the given lengths, over and over.
fn run(kernel: &mut dyn AnyKernel, input: &Buffer, lengths: &[usize]) -> Buffer {
    let mut output = input.clone();
    let (mut start, mut turn) = (0, 0);
    while start < input.frames() {
        let frames = lengths[turn % lengths.len()].min(input.frames() - start);
        let mut whole = output.block();
        let part = whole.slice(start, frames);
        kernel.process(&mut part.with_key(input.view().slice(start, frames)));
        start += frames;
        turn += 1;
    }
    output
}

fn same_bits(a: &Buffer, b: &Buffer) -> bool {
    (0..a.channels()).all(|c| a.channel(c).iter().zip(b.channel(c)).all(|(x, y)| x.to_bits() == y.to_bits()))
}

/// Latency from which a processor costs too much to be tried in every corner at every rate, frames.
const LATE_FRAMES: usize = 4000;

/// Frames after which `frames` of sound have come out.
fn long_enough(processor: &dyn AnyProcessor, format: Format, frames: usize) -> usize {
    frames + processor.prepare(format).latency_frames()
}

fn each(mut test: impl FnMut(&Entry, &dyn AnyProcessor, Format, &str)) {
    for entry in REGISTRY {
        for (which, processor) in corners(entry).iter().enumerate() {
            for (f, format) in formats().enumerate() {
                // Every corner at one rate, the first three at all of them.
                if which > 2 && f != which % 4 {
                    continue;
                }
                // What is late runs longer to be heard at all, so less often.
                let late = long_enough(processor.as_ref(), format, 0) > LATE_FRAMES;
                if late && (f > 1 || which % 3 > 0) {
                    continue;
                }
                let name = format!("{} corner {which} {processor:?} at {format:?}", entry.description.key);
                test(entry, processor.as_ref(), format, &name);
            }
        }
    }
}

#[test]
fn block_size_does_not_change_a_bit() {
    each(|_, processor, format, name| {
        let input = noise(format.channels, long_enough(processor, format, 6000), 0.9);
        let whole = run(processor.prepare(format).as_mut(), &input, &[4096]);
        for lengths in [&[64][..], &[1, 7, 333, 32, 1000]] {
            let parts = run(processor.prepare(format).as_mut(), &input, lengths);
            assert!(same_bits(&whole, &parts), "{name} in blocks of {lengths:?}");
        }
    });
}

#[test]
fn reset_equals_new_and_the_same_seed_gives_the_same_bits() {
    each(|_, processor, format, name| {
        let input = noise(format.channels, long_enough(processor, format, 4096), 0.9);
        let mut kernel = processor.prepare(format);
        let first = run(kernel.as_mut(), &input, &[512]);
        kernel.reset();
        assert!(same_bits(&first, &run(kernel.as_mut(), &input, &[512])), "reset of {name}");
        assert!(same_bits(&first, &run(processor.prepare(format).as_mut(), &input, &[512])), "again {name}");
    });
}

/// What makes sound out of nothing, because that is what it is for: a generator that is switched on. Switched off it
/// owes silence like all the others.
fn sounds_by_itself(entry: &Entry, processor: &dyn AnyProcessor) -> bool {
    let on = entry.description.index_of("active");
    entry.description.key == "generator" && on.is_some_and(|index| processor.get(index) != 0.0)
}

#[test]
fn silence_stays_silence() {
    each(|entry, processor, format, name| {
        if sounds_by_itself(entry, processor) {
            return;
        }
        let output = run(
            processor.prepare(format).as_mut(),
            &Buffer::new(format.channels, long_enough(processor, format, 4096)),
            &[1024],
        );
        for channel in 0..format.channels {
            assert!(output.channel(channel).iter().all(|x| *x == 0.0), "{name}");
        }
    });
}

#[test]
fn what_is_not_finite_never_leaves() {
    each(|_, processor, format, name| {
        let mut input = noise(format.channels, long_enough(processor, format, 4096), 0.9);
        for channel in 0..format.channels {
            let plane = input.channel_mut(channel);
            plane[100] = f64::NAN;
            plane[200] = f64::INFINITY;
            plane[201] = f64::NEG_INFINITY;
            plane[300] = 1e300;
        }
        let mut kernel = processor.prepare(format);
        let output = run(kernel.as_mut(), &input, &[256]);
        for channel in 0..format.channels {
            let plane = output.channel(channel);
            let bad = plane.iter().position(|x| !x.is_finite());
            assert!(bad.is_none(), "{name}: channel {channel} frame {bad:?}");
        }
        // The state must have survived as well.
        let after = run(kernel.as_mut(), &noise(format.channels, 4096, 0.5), &[256]);
        for channel in 0..format.channels {
            assert!(after.channel(channel).iter().all(|x| x.is_finite()), "{name}: afterwards");
        }
    });
}

#[test]
fn every_corner_is_finite_and_bounded_on_loud_noise() {
    each(|_, processor, format, name| {
        let output = run(
            processor.prepare(format).as_mut(),
            &noise(format.channels, long_enough(processor, format, 8192), 1.0),
            &[4096],
        );
        for channel in 0..format.channels {
            let peak = testkit::measure::peak(output.channel(channel));
            assert!(peak.is_finite() && peak < 1e6, "{name}: peak {peak}");
        }
    });
}

#[test]
fn neutral_settings_null_and_reported_latency_is_the_measured_one() {
    for entry in REGISTRY {
        let mut processor = entry.make();
        for (address, value) in neutral(entry.description.key) {
            let index = entry.description.index_of(address).expect("the neutral setting is declared");
            processor.set(index, *value);
        }
        for format in formats() {
            let mut kernel = processor.prepare(format);
            let latency = kernel.latency_frames();
            // White noise may stand twice as high between its samples.
            let signal = noise(format.channels, 6000, 0.35);
            let mut input = Buffer::new(format.channels, 6000 + latency);
            for channel in 0..format.channels {
                input.channel_mut(channel)[..6000].copy_from_slice(signal.channel(channel));
            }
            let output = run(kernel.as_mut(), &input, &[500]);
            for channel in 0..format.channels {
                let null =
                    testkit::measure::null_db(signal.channel(channel), &output.channel(channel)[latency..]);
                assert!(null < -250.0, "{} at {format:?}: {null} dB", entry.description.key);
            }
        }
    }
}

#[test]
fn changing_settings_while_running_does_not_depend_on_blocks_and_stays_finite() {
    for entry in REGISTRY {
        let targets = corners(entry);
        for format in formats() {
            let input = noise(format.channels, 6144, 0.5);
            let play = |lengths: &[usize]| {
                let mut kernel = entry.make().prepare(format);
                let mut output = Buffer::new(format.channels, 0);
                let mut planes = vec![Vec::new(); format.channels];
                for (turn, target) in targets.iter().cycle().take(24).enumerate() {
                    let changes: Vec<_> = (0..entry.description.len()).map(|i| (i, target.get(i))).collect();
                    kernel.set(&changes);
                    let part = Buffer::from_planes(
                        &(0..format.channels)
                            .map(|c| input.channel(c)[turn * 256..(turn + 1) * 256].to_vec())
                            .collect::<Vec<_>>(),
                    );
                    output = run(kernel.as_mut(), &part, lengths);
                    for (channel, plane) in planes.iter_mut().enumerate() {
                        plane.extend_from_slice(output.channel(channel));
                    }
                }
                drop(output);
                Buffer::from_planes(&planes)
            };
            let whole = play(&[256]);
            assert!(same_bits(&whole, &play(&[17])), "{} at {format:?}", entry.description.key);
            for channel in 0..format.channels {
                assert!(whole.channel(channel).iter().all(|x| x.is_finite()), "{}", entry.description.key);
            }
        }
    }
}

#[test]
fn processing_and_retuning_do_not_allocate() {
    for entry in REGISTRY {
        for format in formats() {
            let mut kernel = entry.make().prepare(format);
            let mut audio = noise(format.channels, 4096, 0.9);
            let changes: Vec<_> = (0..entry.description.len()).map(|i| (i, entry.make().get(i))).collect();
            let before = violation_count();
            assert_no_alloc(|| {
                kernel.process(&mut audio.block());
                kernel.set(&changes);
                kernel.process(&mut audio.block());
                kernel.reset();
            });
            assert_eq!(violation_count(), before, "{} at {format:?} allocates", entry.description.key);
        }
    }
}

#[test]
fn declarations_are_complete_and_consistent() {
    let mut keys: Vec<_> = REGISTRY.iter().map(|entry| entry.description.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), REGISTRY.len(), "two processors share a key");
    for entry in REGISTRY {
        let processor = entry.make();
        assert!(processor.check().is_empty(), "{}: a default is out of range", entry.description.key);
        assert!(!entry.description.doc.is_empty(), "{} has no words", entry.description.key);
        for index in 0..entry.description.len() {
            let param = entry.description.param(index).expect("every index has a parameter");
            assert!(!param.doc.is_empty(), "{}.{} has no words", entry.description.key, param.key);
            assert_eq!(
                processor.get(index),
                param.default_value(),
                "{}.{}",
                entry.description.key,
                param.key
            );
            if let Kind::Number { unit, min, max, .. } = param.kind {
                assert!(min < max);
                let suffix = match unit {
                    fx::Unit::Db => "_db",
                    fx::Unit::Dbfs => "_dbfs",
                    fx::Unit::Dbtp => "_dbtp",
                    fx::Unit::Hz => "_hz",
                    fx::Unit::Ms => "_ms",
                    fx::Unit::Seconds => "_seconds",
                    fx::Unit::Beats => "_beats",
                    fx::Unit::Percent => "_percent",
                    fx::Unit::Plain => "",
                };
                assert!(param.key.ends_with(suffix), "{} is in {}", param.key, unit.symbol());
            }
        }
    }
}

/// Processors that do something else to two channels than to one: they place, spread or turn.
fn places(key: &str) -> bool {
    matches!(
        key,
        "pan" | "auto_pan" | "rotary" | "doubler" | "imager" | "harmoniser" | "chorus" | "flanger" | "phaser"
    ) || matches!(
        key,
        "pitch" | "tremolo" | "delay" | "reverb" | "room" | "hall" | "plate" | "spring" | "convolution"
    )
}

/// Two channels run in the two halves of a register wherever that pays; one channel alone cannot.
#[test]
fn two_equal_channels_have_the_bits_of_one_alone() {
    let (mut compared, mut differ) = (0, Vec::<String>::new());
    for entry in REGISTRY.iter().filter(|entry| !places(entry.description.key)) {
        for index in 0..entry.description.len().min(24) {
            let Some(Kind::Number { max, default, .. }) =
                entry.description.param(index).map(|param| param.kind)
            else {
                continue;
            };
            let mut processor = entry.make();
            // Not quite at the end of the range, where some knobs switch something off.
            processor.set(index, default + 0.9 * (max - default));
            let format =
                |channels| Format { sample_rate_hz: 48_000.0, channels, seed: 7, ..Format::default() };
            let frames = long_enough(processor.as_ref(), format(1), 3000);
            if frames > 30_000 {
                continue;
            }
            let plane = testkit::signals::noise(0.8, 5, frames);
            let one = Buffer::from_planes(std::slice::from_ref(&plane));
            let two = Buffer::from_planes(&[plane.clone(), plane]);
            let one = run(processor.prepare(format(1)).as_mut(), &one, &[512]);
            let two = run(processor.prepare(format(2)).as_mut(), &two, &[512]);
            let address = entry.description.address(index).unwrap();
            // Side by side is what these are about.
            if ["width", "mono_below", "left_", "right_"].iter().any(|word| address.contains(word)) {
                continue;
            }
            let same = |channel: usize| {
                one.channel(0).iter().zip(two.channel(channel)).all(|(a, b)| a.to_bits() == b.to_bits())
            };
            if !(same(0) && same(1)) {
                differ.push(format!("{}.{address}", entry.description.key));
            }
            compared += 1;
        }
    }
    assert!(compared > 100, "{compared}");
    assert_eq!(differ, Vec::<String>::new());
}
