//! What reverberation is measured with, for tests.

use crate::{AnyProcessor, Format};
use dsp::block::Buffer;

pub(crate) const RATE: f64 = 44_100.0;

/// A processor with some settings by key.
pub(crate) fn with(key: &str, settings: &[(&str, f64)]) -> Box<dyn AnyProcessor> {
    let mut processor = crate::find(key).unwrap().make();
    for (address, value) in settings {
        let index = processor.description().index_of(address);
        processor.set(index.unwrap_or_else(|| panic!("{key} has no {address}")), *value);
    }
    processor
}

/// Runs planes through a processor, in blocks of 4096.
pub(crate) fn run(processor: &dyn AnyProcessor, planes: &[Vec<f64>]) -> Buffer {
    let mut buffer = Buffer::from_planes(planes);
    let mut kernel =
        processor.prepare(Format { sample_rate_hz: RATE, channels: planes.len(), ..Format::default() });
    for start in (0..buffer.frames()).step_by(4096) {
        kernel.process(&mut buffer.block().slice(start, 4096));
    }
    buffer
}

/// The response to an impulse on one of two channels.
pub(crate) fn impulse_response(processor: &dyn AnyProcessor, side: usize, seconds: f64) -> Buffer {
    let mut planes = vec![vec![0.0; (seconds * RATE) as usize]; 2];
    planes[side][0] = 1.0;
    run(processor, &planes)
}

/// Echo density by frame: share of a window of 20 ms beyond one sigma, in that of a normal law. Abel and Huang, AES 121st
/// convention, 2006.
pub(crate) fn echo_density(response: &[f64], at: usize) -> f64 {
    let half = (0.01 * RATE) as usize;
    let window = &response[at.saturating_sub(half)..(at + half).min(response.len())];
    let sigma = testkit::measure::rms(window);
    let share = window.iter().filter(|x| x.abs() > sigma).count() as f64 / window.len() as f64;
    share / 0.3173
}

/// First time from which on the echo density, averaged over 10 ms, has reached 0.9.
pub(crate) fn mixing_ms(response: &[f64]) -> f64 {
    let step = (0.001 * RATE) as usize;
    let mut at = 0;
    while at + 20 * step < response.len() {
        let mean = (0..10).map(|k| echo_density(response, at + k * step)).sum::<f64>() / 10.0;
        if mean >= 0.9 {
            break;
        }
        at += step;
    }
    at as f64 / RATE * 1e3
}

/// Spectral flatness of a piece between two frequencies: geometric over arithmetic mean of the power, Hann window. White noise
/// has e^-0.577 = 0.56; lines have less.
pub(crate) fn flatness(piece: &[f64], from_hz: f64, to_hz: f64) -> f64 {
    let n = piece.len();
    let mut fft = dsp::fft::RealFft::new(n);
    let windowed: Vec<f64> = piece
        .iter()
        .enumerate()
        .map(|(i, x)| x * (0.5 - 0.5 * dsp::math::cos(dsp::math::TAU * i as f64 / n as f64)))
        .collect();
    let (mut re, mut im) = (vec![0.0; fft.bins()], vec![0.0; fft.bins()]);
    fft.forward(&windowed, &mut re, &mut im);
    let bin = |hz: f64| (hz / RATE * n as f64) as usize;
    let power: Vec<f64> = (bin(from_hz)..bin(to_hz)).map(|k| re[k] * re[k] + im[k] * im[k]).collect();
    let count = power.len() as f64;
    let log =
        power.iter().map(|p| std::f64::consts::LN_10 * dsp::math::log10(p.max(1e-300))).sum::<f64>() / count;
    dsp::math::exp(log) / (power.iter().sum::<f64>() / count)
}

/// Butterworth band-pass of order 6 by cascaded sections made here, run backwards so that its own decay stays out.
pub(crate) fn octave_band(signal: &[f64], centre_hz: f64) -> Vec<f64> {
    let mut out: Vec<f64> = signal.iter().rev().copied().collect();
    for (corner, high) in [(centre_hz / 2.0_f64.sqrt(), true), (centre_hz * 2.0_f64.sqrt(), false)] {
        // Poles of a sixth-order Butterworth filter in three sections.
        for q in [0.517_638, core::f64::consts::FRAC_1_SQRT_2, 1.931_852] {
            let w = std::f64::consts::TAU * corner.min(0.49 * RATE) / RATE;
            let (cos, alpha) = (dsp::math::cos(w), dsp::math::sin(w) / (2.0 * q));
            let sign = if high { 1.0 } else { -1.0 };
            let b1 = -sign * (1.0 + sign * cos);
            let (b0, a0) = (-sign * b1 / 2.0, 1.0 + alpha);
            let (mut s1, mut s2) = (0.0, 0.0);
            for x in &mut out {
                let y = b0 / a0 * *x + s1;
                s1 = b1 / a0 * *x + 2.0 * cos / a0 * y + s2;
                s2 = b0 / a0 * *x - (1.0 - alpha) / a0 * y;
                *x = y;
            }
        }
    }
    out.reverse();
    out
}

/// T30 of ISO 3382-1: a straight line through -5 to -35 dB of the backward integral, over all responses together.
pub(crate) fn t30(responses: &[Buffer], centre_hz: f64) -> f64 {
    let frames = responses[0].frames();
    let mut energy = vec![0.0; frames];
    for response in responses {
        for channel in 0..response.channels() {
            let band = octave_band(response.channel(channel), centre_hz);
            energy.iter_mut().zip(band).for_each(|(e, x)| *e += x * x);
        }
    }
    let mut left = 0.0;
    for e in energy.iter_mut().rev() {
        left += *e;
        *e = left;
    }
    let points: Vec<(f64, f64)> = energy
        .iter()
        .enumerate()
        .step_by(16)
        .map(|(n, e)| (n as f64 / RATE, 10.0 * dsp::math::log10(e / left)))
        .filter(|(_, db)| (-35.0..-5.0).contains(db))
        .collect();
    let count = points.len() as f64;
    let (mx, my) =
        (points.iter().map(|p| p.0).sum::<f64>() / count, points.iter().map(|p| p.1).sum::<f64>() / count);
    let slope = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum::<f64>()
        / points.iter().map(|p| (p.0 - mx) * (p.0 - mx)).sum::<f64>();
    -60.0 / slope
}
