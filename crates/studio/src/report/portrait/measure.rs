//! How the lines of a picture come about.

use super::{Damage, Input, View};
use dsp::block::Buffer;
use dsp::fft::RealFft;
use dsp::math;
use dsp::rng::CounterRng;
use dsp::window::Window;
use fx::{AnyProcessor, Format};

/// Rate of all pictures.
const RATE_HZ: f64 = 48_000.0;
/// Block the kernels run in.
const BLOCK_FRAMES: usize = 1024;
/// Points of a transform: bins of 0.73 Hz.
const POINTS: usize = 65_536;
/// Level of the impulse of a response: far below every threshold, far above rounding.
const QUIET: f64 = 1e-4;
/// Length of the windows gains are measured in, seconds.
const HOP_SECONDS: f64 = 0.001;

/// Points of the line, one line per channel looked at.
pub(super) fn answer(processor: &dyn AnyProcessor, view: View, input: Input) -> Vec<Vec<(f64, f64)>> {
    match view {
        View::Response { after_seconds, .. } => response(processor, input, after_seconds),
        View::Levels { hz } => vec![levels(processor, input, hz)],
        View::Shape => vec![shape(processor)],
        View::Spectrum { hz, dbfs } => spectrum(processor, input, hz, dbfs),
        View::Gain { hz, steps, seconds, .. } => gain(processor, input, hz, steps, seconds),
        View::Repair { damage, part } => repair(processor, damage, part),
        View::Sweep { address, range, .. } => sweep(processor, input, address, range),
        View::Decay { seconds } => impulse(processor, input, seconds).iter().map(|h| decay(h)).collect(),
        View::Echoes { seconds } => impulse(processor, input, seconds).iter().map(|h| echoes(h)).collect(),
    }
}

fn frames(seconds: f64) -> usize {
    (seconds * RATE_HZ).round().max(0.0) as usize
}

/// What comes out of the channels looked at, without latency.
fn run(processor: &dyn AnyProcessor, input: Input, signal: &[f64]) -> Vec<Vec<f64>> {
    let format = Format { sample_rate_hz: RATE_HZ, max_block_frames: BLOCK_FRAMES, ..Format::default() };
    let mut kernel = processor.prepare(format);
    let latency = kernel.latency_frames();
    let mut left = signal.to_vec();
    left.resize(signal.len() + latency, 0.0);
    let right = match input {
        Input::Both | Input::Pair => left.clone(),
        Input::Side => left.iter().map(|x| -x).collect(),
        Input::Left => vec![0.0; left.len()],
    };
    let mut buffer = Buffer::from_planes(&[left, right]);
    let total = buffer.frames();
    let mut whole = buffer.block();
    for start in (0..total).step_by(BLOCK_FRAMES) {
        kernel.process(&mut whole.slice(start, BLOCK_FRAMES));
    }
    let looked_at = if matches!(input, Input::Left | Input::Pair) { 2 } else { 1 };
    (0..looked_at).map(|channel| buffer.channel(channel)[latency..].to_vec()).collect()
}

fn sine(hz: f64, peak: f64, count: usize) -> Vec<f64> {
    (0..count).map(|n| peak * math::sin(math::TAU * hz * n as f64 / RATE_HZ)).collect()
}

/// Answer to an impulse, per unit.
fn impulse(processor: &dyn AnyProcessor, input: Input, seconds: f64) -> Vec<Vec<f64>> {
    let mut signal = vec![0.0; frames(seconds)];
    if let Some(first) = signal.first_mut() {
        *first = QUIET;
    }
    let mut planes = run(processor, input, &signal);
    planes.iter_mut().flatten().for_each(|x| *x /= QUIET);
    planes
}

/// Forty-eight points an octave would be too many for a page; this many decades of equal steps look smooth.
fn grid() -> impl Iterator<Item = f64> {
    (0..=300).map(|n| 20.0 * math::pow(1000.0, f64::from(n) / 300.0))
}

fn response(processor: &dyn AnyProcessor, input: Input, after_seconds: f64) -> Vec<Vec<(f64, f64)>> {
    let before = frames(after_seconds);
    let mut signal = vec![0.0; before + POINTS];
    signal[before] = QUIET;
    let mut plan = RealFft::new(POINTS);
    let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
    let planes = run(processor, input, &signal);
    let mut line = |plane: &Vec<f64>| {
        plan.forward(&plane[before..], &mut re, &mut im);
        let power = |k: usize| (re[k] * re[k] + im[k] * im[k]) / (QUIET * QUIET);
        let between = |bin: f64| {
            let (k, share) = (bin as usize, bin.fract());
            power(k) * (1.0 - share) + power(k + 1) * share
        };
        grid().map(|hz| (hz, math::power_to_db(between(hz * POINTS as f64 / RATE_HZ)))).collect()
    };
    planes.iter().map(&mut line).collect()
}

/// Levels are RMS re that of a sine at full scale, so that in and out agree where nothing happens.
fn levels(processor: &dyn AnyProcessor, input: Input, hz: f64) -> Vec<(f64, f64)> {
    let level = |step: u32| -72.0 + 2.0 * f64::from(step);
    (0..=36)
        .map(|step| {
            let peak = math::db_to_gain(level(step));
            let plane = run(processor, input, &sine(hz, peak, frames(2.0))).swap_remove(0);
            let tail = &plane[frames(1.5)..];
            let mean: f64 = tail.iter().map(|x| x * x).sum::<f64>() / tail.len().max(1) as f64;
            (level(step), math::power_to_db(2.0 * mean))
        })
        .collect()
}

/// White noise of peak 1.
fn noise(count: usize) -> Vec<f64> {
    let rng = CounterRng::new(1, 0);
    (0..count as u64).map(|n| rng.bipolar(n)).collect()
}

/// Before and after.
fn repair(processor: &dyn AnyProcessor, damage: Damage, part: (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    let peak = if damage == Damage::Blow { 0.15 } else { 0.4 };
    let mut signal = sine(440.0, peak, frames(part.1 + 2.0));
    for (n, x) in signal.iter_mut().enumerate() {
        let seconds = n as f64 / RATE_HZ;
        *x += match damage {
            Damage::Clicks => match n % 24_000 {
                480 => 0.5,
                481 => -0.35,
                482 => 0.2,
                _ => 0.0,
            },
            Damage::Clip => x.clamp(-0.2, 0.2) - *x,
            Damage::Hum => {
                let wave = |k: f64| math::sin(math::TAU * 50.0 * k * seconds) / k;
                0.15 * (wave(1.0) + wave(3.0) + wave(5.0))
            }
            Damage::Blow => {
                // Half a second apart, 60 ms long.
                let into = (seconds - 0.25).rem_euclid(0.5) / 0.06;
                let shape = if into < 1.0 { math::sin(math::PI * into) } else { 0.0 };
                0.8 * shape * math::sin(math::TAU * 50.0 * seconds)
            }
        };
    }
    let fixed = run(processor, Input::Both, &signal).swap_remove(0);
    let window = frames(part.0)..frames(part.1);
    let line = |plane: &[f64]| {
        plane
            .iter()
            .enumerate()
            .take(window.end)
            .skip(window.start)
            .map(|(n, x)| (n as f64 / RATE_HZ, *x))
            .collect()
    };
    vec![line(&signal), line(&fixed)]
}

/// Gain of a tone of 1 kHz at each of 81 values.
fn sweep(
    processor: &dyn AnyProcessor,
    input: Input,
    address: &str,
    range: (f64, f64),
) -> Vec<Vec<(f64, f64)>> {
    let Some(index) = processor.description().index_of(address) else { return Vec::new() };
    let signal = sine(1000.0, 0.1, frames(0.5));
    let energy = |part: &[f64]| part.iter().map(|x| x * x).sum::<f64>();
    let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
    for step in 0..=80 {
        let value = range.0 + (range.1 - range.0) * f64::from(step) / 80.0;
        let mut turned = processor.boxed_clone();
        turned.set(index, value);
        let planes = run(turned.as_ref(), input, &signal);
        lines.resize(planes.len(), Vec::new());
        for (line, plane) in lines.iter_mut().zip(&planes) {
            let half = signal.len() / 2;
            line.push((value, math::power_to_db(energy(&plane[half..]) / energy(&signal[half..]))));
        }
    }
    lines
}

/// One period, once everything has settled.
fn shape(processor: &dyn AnyProcessor) -> Vec<(f64, f64)> {
    let signal = sine(50.0, 1.0, frames(2.0));
    let plane = run(processor, Input::Both, &signal).swap_remove(0);
    let period = frames(1.5)..frames(1.52) + 1;
    signal[period.clone()].iter().copied().zip(plane[period].iter().copied()).collect()
}

fn spectrum(processor: &dyn AnyProcessor, input: Input, hz: f64, dbfs: f64) -> Vec<Vec<(f64, f64)>> {
    // On a bin, so that the window's skirts lie where they should.
    let hz = (hz * POINTS as f64 / RATE_HZ).round() * RATE_HZ / POINTS as f64;
    let settle = frames(1.0);
    let planes = run(processor, input, &sine(hz, math::db_to_gain(dbfs), settle + POINTS));
    let window = Window::Kaiser(22.0).periodic(POINTS);
    // Side lobes of this Kaiser window lie below -180 dB.
    let gain: f64 = window.iter().sum::<f64>() / 2.0;
    let mut plan = RealFft::new(POINTS);
    let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
    let mut line = |plane: &Vec<f64>| {
        let windowed: Vec<f64> = plane[settle..].iter().zip(&window).map(|(x, w)| x * w).collect();
        plan.forward(&windowed, &mut re, &mut im);
        let power = |k: usize| (re[k] * re[k] + im[k] * im[k]) / (gain * gain);
        let bins = 27..(20_000.0 * POINTS as f64 / RATE_HZ) as usize;
        bins.map(|k| (k as f64 * RATE_HZ / POINTS as f64, math::power_to_db(power(k)).max(-200.0))).collect()
    };
    planes.iter().map(&mut line).collect()
}

fn gain(
    processor: &dyn AnyProcessor,
    input: Input,
    hz: f64,
    steps: &[(f64, f64)],
    seconds: f64,
) -> Vec<Vec<(f64, f64)>> {
    let mut signal = if hz > 0.0 { sine(hz, 1.0, frames(seconds)) } else { noise(frames(seconds)) };
    for (n, x) in signal.iter_mut().enumerate() {
        let now = n as f64 / RATE_HZ;
        let level =
            steps.iter().take_while(|(from, _)| *from <= now).last().map_or(f64::NEG_INFINITY, |step| step.1);
        *x *= math::db_to_gain(level);
    }
    // Windows of whole periods.
    let period = if hz > 0.0 { RATE_HZ / hz } else { 240.0 };
    let hop = ((HOP_SECONDS * RATE_HZ / period).ceil() * period).round().max(1.0) as usize;
    let energy = |part: &[f64]| part.iter().map(|x| x * x).sum::<f64>();
    let line = |plane: &Vec<f64>| {
        let parts = plane.chunks_exact(hop).zip(signal.chunks_exact(hop)).enumerate();
        parts
            .map(|(n, (out, dry))| {
                let at = (n as f64 + 0.5) * hop as f64 / RATE_HZ;
                (at, math::power_to_db(energy(out) / energy(dry).max(f64::MIN_POSITIVE)))
            })
            .collect()
    };
    run(processor, input, &signal).iter().map(line).collect()
}

fn decay(answer: &[f64]) -> Vec<(f64, f64)> {
    let mut left: Vec<f64> = answer
        .iter()
        .rev()
        .scan(0.0, |sum, x| {
            *sum += x * x;
            Some(*sum)
        })
        .collect();
    left.reverse();
    let whole = left.first().copied().unwrap_or(0.0).max(f64::MIN_POSITIVE);
    let step = frames(0.005);
    left.iter()
        .step_by(step)
        .enumerate()
        .map(|(n, e)| (n as f64 * 0.005, math::power_to_db(e / whole)))
        .collect()
}

/// Energy of every millisecond, as the peak of one impulse that would have it.
fn echoes(answer: &[f64]) -> Vec<(f64, f64)> {
    let part = frames(HOP_SECONDS);
    let level = |part: &[f64]| math::power_to_db(part.iter().map(|x| x * x).sum::<f64>()).max(-120.0);
    answer.chunks(part).enumerate().map(|(n, part)| ((n as f64 + 0.5) * HOP_SECONDS, level(part))).collect()
}
