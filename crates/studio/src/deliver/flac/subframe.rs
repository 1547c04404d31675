//! A channel of a FLAC frame: what is foretold from the samples before, and Rice codes of what is left (RFC 9639, section 9.2).

use super::bits::Bits;
use dsp::math;

/// Longest linear predictor; the streamable subset allows 12 at the usual rates (RFC 9639, section 7). By our own convention: as the
/// encoder that was used before.
const MOST_ORDER: usize = 8;
/// Longest of the fixed predictors.
const MOST_FIXED: usize = 4;
/// Most partitions of a residual, as a power of two.
const MOST_SPLITS: u32 = 6;
/// Largest Rice parameter with four bits, and with five; the one after it escapes.
const NARROW: u32 = 14;
const WIDE: u32 = 30;
/// A residual has to fit into 32 bits, and the lowest number is not allowed.
const MOST_RESIDUAL: u64 = i32::MAX as u64;

/// Encodes channels; keeps its room for the next one.
#[derive(Debug, Default)]
pub(super) struct Coder {
    /// The window over a whole block.
    window: Vec<f64>,
    windowed: Vec<f64>,
    shifted: Vec<i64>,
    /// Folded residuals of two predictors.
    fixed: Vec<u32>,
    linear: Vec<u32>,
}

/// A predictor.
#[derive(Debug, Clone, Copy)]
enum Predictor {
    Fixed(usize),
    Linear(Linear),
}

/// Quantised coefficients.
#[derive(Debug, Clone, Copy)]
struct Linear {
    order: usize,
    bits: u32,
    shift: u32,
    factors: [i64; MOST_ORDER],
}

impl Predictor {
    fn order(&self) -> usize {
        match self {
            Self::Fixed(order) => *order,
            Self::Linear(linear) => linear.order,
        }
    }

    /// What it takes beside residual and first samples.
    fn head_bits(&self) -> u64 {
        match self {
            Self::Fixed(_) => 0,
            Self::Linear(linear) => 9 + u64::from(linear.bits) * linear.order as u64,
        }
    }
}

/// How a residual is cut into partitions, each with its parameter, and the bits it takes at most.
#[derive(Debug)]
struct Split {
    power: u32,
    parameters: Vec<u32>,
    bits: u64,
}

impl Coder {
    /// With a window over a full block.
    pub(super) fn new(window: &[f64]) -> Self {
        Self { window: window.to_vec(), ..Self::default() }
    }

    /// One channel of `depth` bits (up to 33), at least one sample.
    pub(super) fn encode(&mut self, samples: &[i64], depth: u32, to: &mut Bits) {
        let Some(first) = samples.first() else { return };
        if samples.iter().all(|sample| sample == first) {
            to.put(0, 8);
            to.put_signed(*first, depth);
            return;
        }
        // Low bits that are never used are left out; not all are zero here.
        let wasted = samples.iter().fold(0, |all, sample| all | sample).trailing_zeros();
        let depth = depth - wasted;
        let mut shifted = std::mem::take(&mut self.shifted);
        shifted.clear();
        shifted.extend(samples.iter().map(|sample| sample >> wasted));
        self.encode_shifted(&shifted, depth, wasted, to);
        self.shifted = shifted;
    }

    fn encode_shifted(&mut self, samples: &[i64], depth: u32, wasted: u32, to: &mut Bits) {
        let verbatim = samples.len() as u64 * u64::from(depth);
        let cost = |predictor: &Predictor, split: &Split| {
            u64::from(depth) * predictor.order() as u64 + predictor.head_bits() + split.bits
        };
        let fixed = self.fixed(samples).map(|order| (Predictor::Fixed(order), split(&self.fixed, order)));
        let linear = self.linear(samples, depth);
        let linear = linear.map(|linear| (Predictor::Linear(linear), split(&self.linear, linear.order)));
        let best =
            [fixed, linear].into_iter().flatten().min_by_key(|(predictor, split)| cost(predictor, split));
        match best.filter(|(predictor, split)| cost(predictor, split) < verbatim) {
            None => {
                head(0b00_0001, wasted, to);
                samples.iter().for_each(|sample| to.put_signed(*sample, depth));
            }
            Some((predictor, split)) => {
                let kind = match predictor {
                    Predictor::Fixed(order) => 0b00_1000 | order as u32,
                    Predictor::Linear(linear) => 0b10_0000 | (linear.order as u32 - 1),
                };
                head(kind, wasted, to);
                samples[..predictor.order()].iter().for_each(|sample| to.put_signed(*sample, depth));
                let folded = match predictor {
                    Predictor::Fixed(_) => &self.fixed,
                    Predictor::Linear(linear) => {
                        linear.write(to);
                        &self.linear
                    }
                };
                split.write(folded, samples.len(), to);
            }
        }
    }

    /// The fixed predictor that leaves the least; its residual is in `fixed`. `None` where nothing fits.
    fn fixed(&mut self, samples: &[i64]) -> Option<usize> {
        let most = MOST_FIXED.min(samples.len() - 1);
        let (mut sums, mut last) = ([0_u64; MOST_FIXED + 1], [0_i64; MOST_FIXED]);
        for (n, sample) in samples.iter().enumerate() {
            let mut difference = *sample;
            for (order, sum) in sums.iter_mut().enumerate() {
                if n >= MOST_FIXED {
                    *sum += difference.unsigned_abs();
                }
                if let Some(last) = last.get_mut(order) {
                    (difference, *last) = (difference - *last, difference);
                }
            }
        }
        let order = (0..=most).min_by_key(|order| sums[*order])?;
        self.fixed.clear();
        let mut largest = 0;
        for at in order..samples.len() {
            let x = |back: usize| samples[at - back];
            let residual = match order {
                0 => x(0),
                1 => x(0) - x(1),
                2 => x(0) - 2 * x(1) + x(2),
                3 => x(0) - 3 * x(1) + 3 * x(2) - x(3),
                _ => x(0) - 4 * x(1) + 6 * x(2) - 4 * x(3) + x(4),
            };
            largest |= residual.unsigned_abs();
            self.fixed.push(fold(residual));
        }
        (largest <= MOST_RESIDUAL).then_some(order)
    }

    /// A linear predictor of the order that should take the fewest bits; its residual is in `linear`. `None` where there is none.
    fn linear(&mut self, samples: &[i64], depth: u32) -> Option<Linear> {
        if samples.len() <= 2 * MOST_ORDER {
            return None;
        }
        let correlation = self.correlate(samples);
        // Coefficients of so many bits cost little beside what they save; more than twelve only where samples are finer than 16.
        let bits = match samples.len() {
            ..=576 => 9,
            577..=2304 => 11,
            _ if depth <= 17 => 12,
            _ => 14,
        };
        let (order, factors) = best_order(&correlation, samples.len(), depth + bits)?;
        let linear = Linear::quantised(&factors[..order], bits)?;
        self.linear.clear();
        let largest = match linear.order {
            1 => linear.residual::<1>(samples, &mut self.linear),
            2 => linear.residual::<2>(samples, &mut self.linear),
            3 => linear.residual::<3>(samples, &mut self.linear),
            4 => linear.residual::<4>(samples, &mut self.linear),
            5 => linear.residual::<5>(samples, &mut self.linear),
            6 => linear.residual::<6>(samples, &mut self.linear),
            7 => linear.residual::<7>(samples, &mut self.linear),
            _ => linear.residual::<8>(samples, &mut self.linear),
        };
        (largest <= MOST_RESIDUAL).then_some(linear)
    }

    /// Autocorrelation of the windowed block.
    fn correlate(&mut self, samples: &[i64]) -> [f64; MOST_ORDER + 1] {
        if self.window.len() != samples.len() {
            self.window = tukey(samples.len());
        }
        self.windowed.clear();
        self.windowed
            .extend(samples.iter().zip(&self.window).map(|(sample, weight)| *sample as f64 * weight));
        let x = &self.windowed;
        let mut sums = [0.0; MOST_ORDER + 1];
        // All lags side by side; the first samples, which have not all of them, by themselves.
        for n in 0..MOST_ORDER {
            for lag in 0..=n {
                sums[lag] += x[n] * x[n - lag];
            }
        }
        for near in x.windows(MOST_ORDER + 1) {
            let here = near[MOST_ORDER];
            for (lag, sum) in sums.iter_mut().enumerate() {
                *sum += here * near[MOST_ORDER - lag];
            }
        }
        sums
    }
}

/// Type of the subframe and the bits left out.
fn head(kind: u32, wasted: u32, to: &mut Bits) {
    to.put(kind, 7);
    to.put(u32::from(wasted > 0), 1);
    if wasted > 0 {
        to.put_rice(wasted - 1, 0);
    }
}

/// 0, -1, 1, -2, … as 0, 1, 2, 3, …
#[inline]
fn fold(residual: i64) -> u32 {
    ((residual << 1) ^ (residual >> 63)) as u32
}

/// Tukey's window with a quarter of the block at each end (RFC 9639 leaves the choice to the encoder).
pub(super) fn tukey(len: usize) -> Vec<f64> {
    let edge = len as f64 / 4.0;
    let weight = |n: usize| {
        let from_end = (n.min(len - 1 - n)) as f64 + 0.5;
        if from_end < edge { 0.5 - 0.5 * math::cos(math::PI * from_end / edge) } else { 1.0 }
    };
    (0..len).map(weight).collect()
}

/// Predictors of all orders by Levinson's recursion; the one for which error and coefficients together should take the fewest bits.
fn best_order(
    correlation: &[f64; MOST_ORDER + 1],
    samples: usize,
    bits_per_order: u32,
) -> Option<(usize, [f64; MOST_ORDER])> {
    let mut factors = [0.0; MOST_ORDER];
    let mut error = correlation[0];
    let mut best: Option<(f64, usize, [f64; MOST_ORDER])> = None;
    for order in 1..=MOST_ORDER {
        if error <= 0.0 {
            break;
        }
        let known: f64 = (0..order - 1).map(|i| factors[i] * correlation[order - 1 - i]).sum();
        let reflection = (correlation[order] - known) / error;
        let before = factors;
        factors[order - 1] = reflection;
        for i in 0..order - 1 {
            factors[i] = before[i] - reflection * before[order - 2 - i];
        }
        error *= 1.0 - reflection * reflection;
        let each = 0.5 * math::log2((error / samples as f64).max(1e-9));
        let bits = each.max(0.0) * (samples - order) as f64 + f64::from(bits_per_order) * order as f64;
        if best.is_none_or(|(least, ..)| bits < least) {
            best = Some((bits, order, factors));
        }
    }
    best.map(|(_, order, factors)| (order, factors))
}

impl Linear {
    /// Coefficients as integers of so many bits; what rounding takes from one goes to the next.
    fn quantised(factors: &[f64], bits: u32) -> Option<Self> {
        let largest = factors.iter().fold(0.0_f64, |most, factor| most.max(factor.abs()));
        if !(largest > 0.0 && largest < 1e6) {
            return None;
        }
        let top = ((1_i64 << (bits - 1)) - 1) as f64;
        // As far up as the largest fits, 15 at most (RFC 9639, section 9.2.6: no negative shift).
        let shift = (0..=15).rev().find(|shift| largest * f64::from(1_u32 << shift) <= top)?;
        let (mut whole, mut rest) = ([0_i64; MOST_ORDER], 0.0);
        for (to, factor) in whole.iter_mut().zip(factors) {
            let wanted = factor * f64::from(1_u32 << shift) + rest;
            let near = wanted.round().clamp(-top - 1.0, top);
            rest = wanted - near;
            *to = near as i64;
        }
        Some(Self { order: factors.len(), bits, shift, factors: whole })
    }

    /// Appends the folded residual; every bit that any of its magnitudes has.
    fn residual<const ORDER: usize>(&self, samples: &[i64], to: &mut Vec<u32>) -> u64 {
        let mut factors = [0_i64; ORDER];
        factors.copy_from_slice(&self.factors[..ORDER]);
        let mut largest = 0;
        to.extend(samples.windows(ORDER + 1).map(|near| {
            let mut sum = 0;
            for i in 0..ORDER {
                sum += factors[i] * near[ORDER - 1 - i];
            }
            let residual = near[ORDER] - (sum >> self.shift);
            largest |= residual.unsigned_abs();
            fold(residual)
        }));
        largest
    }

    fn write(&self, to: &mut Bits) {
        to.put(self.bits - 1, 4);
        to.put(self.shift, 5);
        self.factors[..self.order].iter().for_each(|factor| to.put_signed(*factor, self.bits));
    }
}

/// The parameter that takes the fewest bits for `count` numbers of this sum, and those bits at most.
fn parameter(sum: u64, count: u64) -> (u32, u64) {
    let bits = |low: u32| count * u64::from(low + 1) + (sum >> low);
    let mean = sum / count.max(1);
    let near = (64 - mean.leading_zeros()).min(WIDE);
    let around = near.saturating_sub(2)..=near;
    around.map(|low| (low, bits(low))).min_by_key(|(_, bits)| *bits).unwrap_or((0, bits(0)))
}

/// The best split of a residual that begins after `order` samples of a block.
fn split(folded: &[u32], order: usize) -> Split {
    let len = folded.len() + order;
    let fits = |power: &u32| len.is_multiple_of(1 << power) && (len >> power) > order;
    let finest = (0..=MOST_SPLITS).rev().find(fits).unwrap_or(0);
    let size = len >> finest;
    let mut sums: Vec<u64> = (0..1_usize << finest)
        .map(|part| {
            let range = (part * size).saturating_sub(order)..(part + 1) * size - order;
            folded[range].iter().map(|folded| u64::from(*folded)).sum()
        })
        .collect();
    let mut best: Option<Split> = None;
    for power in (0..=finest).rev() {
        let each = (len >> power) as u64;
        let first = each - order as u64;
        let (mut parameters, mut bits) = (Vec::with_capacity(sums.len()), 6);
        for (part, sum) in sums.iter().enumerate() {
            let (low, own) = parameter(*sum, if part == 0 { first } else { each });
            parameters.push(low);
            bits += own;
        }
        bits += sums.len() as u64 * u64::from(parameter_bits(&parameters));
        if best.as_ref().is_none_or(|best| bits < best.bits) {
            best = Some(Split { power, parameters, bits });
        }
        sums = sums.chunks(2).map(|pair| pair.iter().sum()).collect();
    }
    best.unwrap_or(Split { power: 0, parameters: vec![0], bits: u64::MAX })
}

fn parameter_bits(parameters: &[u32]) -> u32 {
    if parameters.iter().any(|low| *low > NARROW) { 5 } else { 4 }
}

impl Split {
    fn write(&self, folded: &[u32], len: usize, to: &mut Bits) {
        let width = parameter_bits(&self.parameters);
        to.put(width - 4, 2);
        to.put(self.power, 4);
        let (size, order) = (len >> self.power, len - folded.len());
        for (part, low) in self.parameters.iter().enumerate() {
            to.put(*low, width);
            let range = (part * size).saturating_sub(order)..(part + 1) * size - order;
            folded[range].iter().for_each(|folded| to.put_rice(*folded, *low));
        }
    }
}
