//! Bands: splitting sound into them, and turning three of them up and down without ever splitting it.
//!
//! [`BandSplitter`] makes two to six bands that sum to the input, by Linkwitz-Riley crossovers with their phase made
//! good or by linear-phase ones. The rest of this page is about three bands that are never split.
//!
//! [`ThreeWay`] splits for a detector (Linkwitz-Riley, fourth order). [`BandGains`] applies a gain to each band by two
//! shelves: the middle gain to everything, then a low shelf with the low band's difference and a high shelf with the
//! high band's. So the bands sum to the input exactly when their gains are equal: at gains of 1 to the bit, with no phase
//! shift, no latency, no ripple at the crossovers. A split that is summed again either shifts the phase
//! (Linkwitz-Riley sums to an all-pass), rings before the event (linear phase), or, done by subtraction, leaves a
//! second slope of 6 dB per octave with a bump beside it.
//!
//! Both work on two channels at once (one register holds both) and take their terms from outside: gains and crossovers
//! are worked out now and then, and every term goes from one to the next on a straight line ([`Ramp`]).
//!
//! Cost: about 0.5 ms (split) and 0.5 ms (shelves) per second of stereo at 48 kHz.

mod linear;
mod split;

pub use linear::LinearSplit;
pub use split::{BandSplitter, MAX_BANDS, STRIDE, Topology};

use crate::biquad::{Shape, settled};
use crate::math::{PI, SQRT_2, fast_exp2, tan};
use core::ops::{Add, Mul, Sub};

/// tan(π f / fs) with f held below half the sample rate.
#[must_use]
pub fn corner_tangent(frequency_hz: f64, sample_rate_hz: f64) -> f64 {
    tan(PI * (frequency_hz / sample_rate_hz).clamp(1e-6, 0.49))
}

/// The same frame of two channels.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Pair([f64; 2]);

impl Add for Pair {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self([self.0[0] + other.0[0], self.0[1] + other.0[1]])
    }
}

impl Sub for Pair {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self([self.0[0] - other.0[0], self.0[1] - other.0[1]])
    }
}

impl Mul for Pair {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self([self.0[0] * other.0[0], self.0[1] * other.0[1]])
    }
}

impl Pair {
    #[inline(always)]
    fn both(value: f64) -> Self {
        Self([value; 2])
    }

    fn settled(self) -> Self {
        Self(self.0.map(settled))
    }
}

/// What moves the states of a trapezoidal state-variable filter (A. Simper, "Linear Trapezoidal State Variable Filter",
/// Cytomic 2013), with its outputs doubled, which saves the doublings of its states.
#[derive(Debug, Clone, Copy)]
struct Poles {
    /// 2 / (1 + g (g + k)).
    from_state: Pair,
    /// The same times g.
    from_input: Pair,
    g: Pair,
}

impl Poles {
    /// Poles of a Butterworth section (k = √2).
    #[inline]
    fn new(g: f64) -> Self {
        let from_state = 2.0 / (1.0 + g * (g + SQRT_2));
        Self { from_state: Pair::both(from_state), from_input: Pair::both(g * from_state), g: Pair::both(g) }
    }

    /// Twice the band output and twice the low output.
    #[inline(always)]
    fn tick(&self, state: &mut [Pair; 2], x: Pair) -> (Pair, Pair) {
        let band = self.from_state * state[0] + self.from_input * (x - state[1]);
        let next = state[1] + self.g * band;
        let low = state[1] + next;
        *state = [band - state[0], next];
        (band, low)
    }
}

/// The crossovers of a [`ThreeWay`].
#[derive(Debug, Clone, Copy)]
pub struct SplitTerms([Poles; 2]);

impl SplitTerms {
    /// Terms for two crossovers, given as tangents ([`corner_tangent`]).
    #[must_use]
    pub fn new(low_corner: f64, high_corner: f64) -> Self {
        Self([Poles::new(low_corner), Poles::new(high_corner)])
    }
}

/// Splits two channels into low, middle and high.
///
/// Linkwitz-Riley of fourth order (S. H. Linkwitz, JAES 24(1) 1976: two Butterworth sections of second order, -6 dB at
/// the crossover). Low-pass and high-pass sum to the all-pass of one section, which that section gives for nothing, so
/// the high-pass is the all-pass less the low-pass and a crossover needs two sections instead of four.
#[derive(Debug, Clone, Default)]
pub struct ThreeWay {
    /// Two sections for each crossover.
    states: [[[Pair; 2]; 2]; 2],
}

/// Frames that go through one crossover before they go through the next.
const PASS: usize = 64;

/// Below and above one crossover.
#[inline(always)]
fn cross(poles: &Poles, states: &mut [[Pair; 2]; 2], x: Pair) -> (Pair, Pair) {
    let (band, twice_low) = poles.tick(&mut states[0], x);
    let (_, four_low) = poles.tick(&mut states[1], twice_low);
    let low = Pair::both(0.25) * four_low;
    (low, (x - Pair::both(SQRT_2) * band) - low)
}

impl ThreeWay {
    /// One frame of low, middle and high.
    #[cfg(test)]
    fn tick(&mut self, terms: &SplitTerms, x: Pair) -> [Pair; 3] {
        let (low, rest) = cross(&terms.0[0], &mut self.states[0], x);
        let (middle, high) = cross(&terms.0[1], &mut self.states[1], rest);
        [low, middle, high]
    }

    /// Adds the energy (sum of squares) of low, middle and high to `energies`, per band and channel. Two planes of equal
    /// length.
    pub fn listen(&mut self, terms: &SplitTerms, planes: [&[f64]; 2], energies: &mut [[f64; 2]; 3]) {
        let mut rest = [Pair::default(); PASS];
        let ([below, above], [low, middle, high]) = (&mut self.states, energies);
        for (left, right) in planes[0].chunks(PASS).zip(planes[1].chunks(PASS)) {
            // One crossover after the other: a processor cannot look far enough ahead to overlap four sections in a row.
            let (mut states, mut sum) = (*below, Pair(*low));
            for ((left, right), rest) in left.iter().zip(right).zip(&mut rest) {
                let (under, over) = cross(&terms.0[0], &mut states, Pair([*left, *right]));
                sum = sum + under * under;
                *rest = over;
            }
            (*below, *low) = (states, sum.0);
            let (mut states, mut sums) = (*above, [Pair(*middle), Pair(*high)]);
            for x in &rest[..left.len()] {
                let (under, over) = cross(&terms.0[1], &mut states, *x);
                sums = [sums[0] + under * under, sums[1] + over * over];
            }
            (*above, *middle, *high) = (states, sums[0].0, sums[1].0);
        }
    }

    /// Silences states that have nearly decayed. Call at frames that do not depend on block sizes.
    pub fn settle(&mut self) {
        self.states = self.states.map(|cross| cross.map(|section| section.map(Pair::settled)));
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// The two shelves and the gain that give every band its own gain, for one frame.
#[derive(Debug, Clone, Copy)]
pub struct BandTerms {
    low: Shelf,
    high: Shelf,
}

/// One shelf: its poles, and the weights of input and of the doubled outputs.
#[derive(Debug, Clone, Copy)]
struct Shelf {
    poles: Poles,
    input: Pair,
    band: Pair,
    low: Pair,
}

/// Octaves of √A per decibel of shelf gain; A is the square root of the gain: log2(10) / 80.
const ROOT_OCTAVES_PER_DB: f64 = core::f64::consts::LOG2_10 / 80.0;

/// Low and high shelf of second order with half their gain in decibels at the corner (R. Bristow-Johnson, "Cookbook
/// formulae for audio EQ", Butterworth Q), bilinear.
#[inline]
pub(crate) fn shelf(high: bool, corner: f64, gain_db: f64) -> Shape {
    let root = fast_exp2(ROOT_OCTAVES_PER_DB * gain_db);
    let a = root * root;
    let (full, band) = (a * a, a * SQRT_2);
    if high {
        Shape { g: corner * root, k: SQRT_2, high: full, band, low: 1.0 }
    } else {
        Shape { g: corner / root, k: SQRT_2, high: 1.0, band, low: full }
    }
}

impl Shelf {
    /// Terms of a shape with k = √2, with `gain` in front.
    #[inline]
    fn new(shape: &Shape, gain: f64) -> Self {
        Self {
            poles: Poles::new(shape.g),
            input: Pair::both(gain * shape.high),
            band: Pair::both(0.5 * gain * (shape.band - SQRT_2 * shape.high)),
            low: Pair::both(0.5 * gain * (shape.low - shape.high)),
        }
    }

    #[inline(always)]
    fn tick(&self, state: &mut [Pair; 2], x: Pair) -> Pair {
        let (band, low) = self.poles.tick(state, x);
        self.input * x + (self.band * band + self.low * low)
    }

    #[inline(always)]
    fn zip(&self, other: &Self, f: impl Fn(Pair, Pair) -> Pair) -> Self {
        Self {
            poles: Poles {
                from_state: f(self.poles.from_state, other.poles.from_state),
                from_input: f(self.poles.from_input, other.poles.from_input),
                g: f(self.poles.g, other.poles.g),
            },
            input: f(self.input, other.input),
            band: f(self.band, other.band),
            low: f(self.low, other.low),
        }
    }
}

impl BandTerms {
    /// Terms for gains in decibels of low, middle and high; the corners as tangents
    /// ([`corner_tangent`]). Gains of 0 dB pass every bit. Error below 1e-6 dB.
    #[inline]
    #[must_use]
    pub fn new(gains_db: [f64; 3], low_corner: f64, high_corner: f64) -> Self {
        let [low, middle, high] = gains_db;
        let root = fast_exp2(ROOT_OCTAVES_PER_DB * middle);
        let square = root * root;
        Self {
            low: Shelf::new(&shelf(false, low_corner, low - middle), square * square),
            high: Shelf::new(&shelf(true, high_corner, high - middle), 1.0),
        }
    }

    #[inline(always)]
    fn zip(&self, other: &Self, f: impl Fn(Pair, Pair) -> Pair) -> Self {
        Self { low: self.low.zip(&other.low, &f), high: self.high.zip(&other.high, &f) }
    }
}

/// Terms on their way from one set to the next, frame by frame on a straight line.
///
/// Halfway between two sets of terms a shelf is no exact shelf, but it is stable: true poles shrink the energy of the
/// states, and the mixture departs from a mixture of true poles only by the product of two steps.
#[derive(Debug, Clone)]
pub struct Ramp {
    now: BandTerms,
    step: BandTerms,
    target: BandTerms,
    still: bool,
}

impl Ramp {
    /// Standing at `terms`.
    #[must_use]
    pub fn new(terms: BandTerms) -> Self {
        Self { now: terms, step: terms.zip(&terms, |a, b| a - b), target: terms, still: true }
    }

    /// Goes on from `terms`, which [`BandGains::process`] returned.
    pub fn reach(&mut self, terms: BandTerms) {
        self.now = terms;
    }

    /// Lands exactly on the last target and stays there.
    pub fn stay(&mut self) {
        (self.now, self.still) = (self.target, true);
    }

    /// Lands exactly on the last target, and is to be at the next one in `frames` frames.
    pub fn go(&mut self, target: BandTerms, frames: usize) {
        let part = Pair::both(1.0 / frames.max(1) as f64);
        self.now = self.target;
        self.step = target.zip(&self.now, |to, from| (to - from) * part);
        (self.target, self.still) = (target, false);
    }
}

/// State of the two shelves for two channels.
#[derive(Debug, Clone, Default)]
pub struct BandGains {
    low: [Pair; 2],
    high: [Pair; 2],
}

impl BandGains {
    #[inline(always)]
    fn tick(&mut self, terms: &BandTerms, left: &mut f64, right: &mut f64) {
        let x = terms.low.tick(&mut self.low, Pair([*left, *right]));
        Pair([*left, *right]) = terms.high.tick(&mut self.high, x);
    }

    /// Applies the terms of `ramp` to two planes of equal length. Returns the terms of the last frame, for
    /// [`Ramp::reach`] once every channel has been through these frames.
    #[must_use]
    pub fn process(&mut self, ramp: &Ramp, left: &mut [f64], right: &mut [f64]) -> BandTerms {
        let (mut run, mut terms) = (self.clone(), ramp.now);
        let frames = left.iter_mut().zip(right);
        if ramp.still {
            frames.for_each(|(left, right)| run.tick(&terms, left, right));
        } else {
            let step = ramp.step;
            for (left, right) in frames {
                terms = terms.zip(&step, |a, b| a + b);
                run.tick(&terms, left, right);
            }
        }
        *self = run;
        terms
    }

    /// Silences states that have nearly decayed. Call at frames that do not depend on block sizes.
    pub fn settle(&mut self) {
        (self.low, self.high) = (self.low.map(Pair::settled), self.high.map(Pair::settled));
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{measure, signals};

    fn gains(gains_db: [f64; 3]) -> Vec<f64> {
        let terms =
            BandTerms::new(gains_db, corner_tangent(120.0, 48_000.0), corner_tangent(5_000.0, 48_000.0));
        let (mut silence, mut ir) = (vec![0.0; 48_000], signals::impulse(1.0, 0, 48_000));
        _ = BandGains::default().process(&Ramp::new(terms), &mut silence, &mut ir);
        assert!(silence.iter().all(|x| *x == 0.0));
        ir
    }

    #[test]
    fn equal_gains_are_flat_and_none_passes_every_bit() {
        let noise = signals::noise(1.0, 1, 1_000);
        let (mut left, mut right) = (noise.clone(), noise.clone());
        let terms = BandTerms::new([0.0; 3], 0.01, 0.3);
        _ = BandGains::default().process(&Ramp::new(terms), &mut left, &mut right);
        assert_eq!((&left, &right), (&noise, &noise));
        let ir = gains([-3.0; 3]);
        for f in [20.0, 120.0, 1_000.0, 5_000.0, 20_000.0] {
            assert!((measure::response_db(&ir, f, 48_000.0) + 3.0).abs() < 1e-5, "{f}");
        }
    }

    #[test]
    fn every_band_has_its_gain_and_the_crossover_is_half_way() {
        let ir = gains([-4.0, 0.0, 3.0]);
        let at = |f| measure::response_db(&ir, f, 48_000.0);
        assert!((at(20.0) + 4.0).abs() < 0.02 && at(800.0).abs() < 0.02 && (at(20_000.0) - 3.0).abs() < 0.1);
        assert!((at(120.0) + 2.0).abs() < 0.02 && (at(5_000.0) - 1.5).abs() < 0.02);
        // No bump: from the low gain to the high one it only rises.
        let curve: Vec<f64> = (0..100).map(|i| at(20.0 * libm::pow(1_000.0, f64::from(i) / 99.0))).collect();
        assert!(curve.windows(2).all(|w| w[1] > w[0] - 1e-3));
    }

    #[test]
    fn the_split_is_linkwitz_riley() {
        let corners = [200.0, 4_000.0].map(|f| corner_tangent(f, 48_000.0));
        let (terms, mut split) = (SplitTerms::new(corners[0], corners[1]), ThreeWay::default());
        let (mut low, mut middle, mut high) = (Vec::new(), Vec::new(), Vec::new());
        for x in signals::impulse(1.0, 0, 48_000) {
            let bands = split.tick(&terms, Pair([0.0, x]));
            assert!(bands.iter().all(|band| band.0[0] == 0.0));
            low.push(bands[0].0[1]);
            middle.push(bands[1].0[1]);
            high.push(bands[2].0[1]);
        }
        for (band, f, want) in [
            (&low, 200.0, -6.02),
            (&middle, 200.0, -6.02),
            (&middle, 4_000.0, -6.02),
            (&high, 4_000.0, -6.02),
            (&low, 20.0, 0.0),
            (&middle, 900.0, 0.0),
            (&high, 20_000.0, 0.0),
            (&high, 400.0, -80.0),
            (&low, 2_000.0, -80.0),
        ] {
            let got = measure::response_db(band, f, 48_000.0);
            let limit = if want < -10.0 { 1.5 } else { 0.05 };
            assert!((got - want).abs() < limit, "{f}: {got} {want}");
        }
    }

    #[test]
    fn the_energies_are_those_of_the_bands_of_each_channel() {
        // A tone well inside each band: all its energy, peak² / 2 per frame, is in that band of its channel.
        let corners = [200.0, 4_000.0].map(|f| corner_tangent(f, 48_000.0));
        let terms = SplitTerms::new(corners[0], corners[1]);
        for (band, f) in [(0, 20.0), (1, 900.0), (2, 20_000.0)] {
            let tone = signals::sine(f, 0.5, 0.0, 2.0, 48_000.0);
            let softer: Vec<f64> = tone.iter().map(|x| 0.5 * x).collect();
            let mut split = ThreeWay::default();
            let mut energies = [[0.0; 2]; 3];
            split.listen(&terms, [&tone[..48_000], &softer[..48_000]], &mut energies);
            energies = [[0.0; 2]; 3];
            split.listen(&terms, [&tone[48_000..], &softer[48_000..]], &mut energies);
            let powers = energies.map(|energy| energy.map(|e| e / 48_000.0));
            assert!((powers[band][0] / 0.125 - 1.0).abs() < 0.01, "{f}: {powers:?}");
            assert!((powers[band][1] / 0.031_25 - 1.0).abs() < 0.01, "{f}: {powers:?}");
            let elsewhere = powers.iter().map(|power| power[0]).sum::<f64>() - powers[band][0];
            assert!(elsewhere < 0.125 * 1e-3, "{f}: {powers:?}");
        }
    }

    #[test]
    fn a_ramp_arrives_exactly_and_the_gain_moves_without_a_step() {
        let corner = corner_tangent(120.0, 48_000.0);
        let terms = |gain_db: f64| BandTerms::new([gain_db; 3], corner, 0.3);
        let mut ramp = Ramp::new(terms(0.0));
        let mut gains = BandGains::default();
        let (mut left, mut right) = (vec![0.5; 64], vec![-0.5; 64]);
        ramp.go(terms(-6.0), 32);
        for part in [0..5, 5..32, 32..64] {
            if part.start == 32 {
                ramp.stay();
            }
            let reached = gains.process(&ramp, &mut left[part.clone()], &mut right[part]);
            ramp.reach(reached);
        }
        // Equal gains of all bands are one gain: from 1 to 10^(-6/20) in 32 equal steps.
        let low = libm::pow(10.0, -0.3);
        for (frame, (l, r)) in left.iter().zip(&right).enumerate() {
            let want = 0.5 * (1.0 - (1.0 - low) * f64::min((frame + 1) as f64 / 32.0, 1.0));
            assert!((l - want).abs() < 1e-8 && *r == -*l, "{frame}: {l} {r} {want}");
        }
    }
}
