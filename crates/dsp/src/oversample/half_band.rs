//! Half-band filters: the odd taps of a windowed sinc, folded on their symmetry.

use crate::math;

/// Stop-band attenuation aimed at. Above the 100 dB promised, since Kaiser's formula is an estimate that flatters
/// short filters: by calibration, 2026-11-21 (with 106 dB for the short ones too, 98 dB was measured at 8x).
fn attenuation_db(stage: u32) -> f64 {
    if stage == 1 { 106.0 } else { 114.0 }
}

/// Top of the flat band in parts of the base rate: 20 kHz at 44.1 kHz, the highest audible frequency at the lowest rate.
const PASS: f64 = 20_000.0 / 44_100.0;

/// Modified Bessel function of the first kind, order zero, by its power series (Abramowitz and Stegun 9.6.12).
pub(crate) fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..200 {
        term *= quarter / (f64::from(k) * f64::from(k));
        sum += term;
        if term < sum * 1e-18 {
            break;
        }
    }
    sum
}

/// Width of the transition of stage `stage` (1 is the one next to the base rate) in parts of the stage's upper rate.
///
/// The first stage must fall between [`PASS`] and its mirror about half the base rate. Later ones must pass all that
/// the first leaves, and stop its image about their own quarter rate: the wider the emptier.
fn transition(stage: u32) -> f64 {
    let upper_rate = f64::from(1u32 << stage.min(8));
    let top = if stage == 1 { PASS } else { 1.0 - PASS };
    (upper_rate / 2.0 - 2.0 * top) / upper_rate
}

/// Right half of the odd taps of the half-band low-pass of stage `stage`, nearest the centre first; they sum to 1/4
/// (both halves to 1/2, which with the centre tap of 1/2 gives unity at 0 Hz).
///
/// Kaiser window: order and beta by J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window
/// function", ISCAS 1974.
pub(super) fn design(stage: u32) -> Vec<f64> {
    let attenuation_db = attenuation_db(stage);
    let order = (attenuation_db - 7.95) / (2.285 * math::TAU * transition(stage));
    // Length 4k - 1: the outermost taps of a half-band filter of any other odd length are zero.
    let k = ((order + 2.0) / 4.0).ceil().max(1.0) as usize;
    let beta = 0.1102 * (attenuation_db - 8.7);
    let centre = (2 * k - 1) as f64;
    let mut taps: Vec<f64> = (0..k)
        .map(|t| {
            let offset = (2 * t + 1) as f64;
            let sinc = if t % 2 == 0 { 1.0 } else { -1.0 } / (math::PI * offset);
            let x = offset / (centre + 1.0);
            sinc * bessel_i0(beta * (1.0 - x * x).sqrt()) / bessel_i0(beta)
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    for tap in &mut taps {
        *tap *= 0.25 / sum;
    }
    taps
}

/// `output[n] = Σ taps[t] · (input[n + k - 1 - t] + input[n + k + t])`, `k` taps.
///
/// Each output is summed in the order of `t` whatever the length, so blocks change no bit.
pub(super) fn fold(taps: &[f64], input: &[f64], output: &mut [f64]) {
    const LANES: usize = 16;
    let k = taps.len();
    let whole = output.len() - output.len() % LANES;
    let (groups, rest) = output.split_at_mut(whole);
    for (group, out) in groups.chunks_exact_mut(LANES).enumerate() {
        let window = &input[group * LANES..group * LANES + LANES + 2 * k - 1];
        let mut sums = [0.0; LANES];
        let left = window[..k - 1 + LANES].array_windows::<LANES>().rev();
        let right = window[k..].array_windows::<LANES>();
        for ((tap, left), right) in taps.iter().zip(left).zip(right) {
            for lane in 0..LANES {
                sums[lane] += tap * (left[lane] + right[lane]);
            }
        }
        out.copy_from_slice(&sums);
    }
    for (n, out) in rest.iter_mut().enumerate() {
        let n = whole + n;
        *out = 0.0;
        for (t, &tap) in taps.iter().enumerate() {
            *out += tap * (input[n + k - 1 - t] + input[n + k + t]);
        }
    }
}
