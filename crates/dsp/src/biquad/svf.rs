//! A state-variable section whose shape may move while it runs.

use super::{Shape, settled};
use crate::lanes::Lanes;

/// One step of the structure, solved: next states and output as sums over states and input. The same filter as the
/// usual form with its solved loop, in two thirds of the time: the way from state to state is one product and two sums.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// First state from itself, from the other, and from the input.
    band: [f64; 3],
    /// Second state likewise: from the first, from itself, from the input.
    low: [f64; 3],
    /// Output from both states and the input.
    out: [f64; 3],
}

impl Terms {
    /// Terms of a shape.
    #[inline]
    #[must_use]
    pub fn new(shape: &Shape) -> Self {
        let a1 = 1.0 / (1.0 + shape.g * (shape.g + shape.k));
        let a2 = shape.g * a1;
        let a3 = shape.g * a2;
        let (m1, m2) = (shape.band - shape.k * shape.high, shape.low - shape.high);
        Self {
            band: [2.0 * a1 - 1.0, -2.0 * a2, 2.0 * a2],
            low: [2.0 * a2, 1.0 - 2.0 * a3, 2.0 * a3],
            out: [m1 * a1 + m2 * a2, m2 * (1.0 - a3) - m1 * a2, shape.high + (m1 * a2 + m2 * a3)],
        }
    }

    /// One sample of `L` channels through states `s`.
    #[inline(always)]
    pub fn tick<const L: usize>(&self, s: &mut [[f64; L]; 2], x: [f64; L]) -> [f64; L] {
        let (band, low, out) = (&self.band, &self.low, &self.out);
        let y = std::array::from_fn(|i| out[0] * s[0][i] + (out[1] * s[1][i] + out[2] * x[i]));
        let first = std::array::from_fn(|i| band[0] * s[0][i] + (band[1] * s[1][i] + band[2] * x[i]));
        let second = std::array::from_fn(|i| low[1] * s[1][i] + (low[0] * s[0][i] + low[2] * x[i]));
        *s = [first, second];
        y
    }

    /// The same sums for two channels of which each number stands in one register.
    #[inline]
    pub(super) fn for_pairs(&self) -> PairTerms {
        let both = |part: [f64; 3]| part.map(Lanes::both);
        PairTerms { band: both(self.band), low: both(self.low), out: both(self.out) }
    }
}

/// [`Terms`], each twice.
#[derive(Debug, Clone, Copy)]
pub(super) struct PairTerms {
    band: [Lanes; 3],
    low: [Lanes; 3],
    out: [Lanes; 3],
}

impl PairTerms {
    /// As [`Terms::tick`], to the bit.
    #[inline(always)]
    pub(super) fn tick(&self, s: &mut [Lanes; 2], x: Lanes) -> Lanes {
        let (band, low, out) = (&self.band, &self.low, &self.out);
        let y = out[0] * s[0] + (out[1] * s[1] + out[2] * x);
        let first = band[0] * s[0] + (band[1] * s[1] + band[2] * x);
        let second = low[1] * s[1] + (low[0] * s[0] + low[2] * x);
        *s = [first, second];
        y
    }
}

/// One section. New shapes are reached on a straight line, sample by sample, without a click.
#[derive(Debug, Clone)]
pub struct Svf {
    now: Shape,
    step: Shape,
    target: Shape,
    /// Frames until `target` is reached.
    left: usize,
    pub(super) terms: Terms,
    pub(super) state: [[f64; 1]; 2],
}

impl Svf {
    /// A section at rest with this shape.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self { now: shape, step: shape, target: shape, left: 0, terms: Terms::new(&shape), state: [[0.0]; 2] }
    }

    /// Goes to `shape` within `frames`. A section that did nothing until now takes the poles at once and fades in;
    /// one that is to do nothing keeps its poles and fades out, after which it costs nothing.
    pub fn glide_to(&mut self, shape: Shape, frames: usize) {
        let goal = if shape.is_identity() { self.now.as_identity() } else { shape };
        if self.is_idle() {
            self.now = goal.as_identity();
        }
        if goal == self.now {
            (self.target, self.left) = (goal, 0);
            self.terms = Terms::new(&goal);
            return;
        }
        let frames = frames.max(1);
        let part = 1.0 / frames as f64;
        self.step = Shape {
            g: (goal.g - self.now.g) * part,
            k: (goal.k - self.now.k) * part,
            high: (goal.high - self.now.high) * part,
            band: (goal.band - self.now.band) * part,
            low: (goal.low - self.now.low) * part,
        };
        (self.target, self.left) = (goal, frames);
    }

    /// Whether the section changes nothing and may be left out.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.left == 0 && self.now.is_identity()
    }

    /// Frames until the shape stands still; 0 when it does.
    #[must_use]
    pub fn moving_frames(&self) -> usize {
        self.left
    }

    /// The shape it is or goes to.
    #[must_use]
    pub fn target(&self) -> Shape {
        self.target
    }

    #[inline]
    fn advance(&mut self) {
        self.left -= 1;
        if self.left == 0 {
            self.now = self.target;
        } else {
            self.now.g += self.step.g;
            self.now.k += self.step.k;
            self.now.high += self.step.high;
            self.now.band += self.step.band;
            self.now.low += self.step.low;
        }
        self.terms = Terms::new(&self.now);
        if self.is_idle() {
            self.state = [[0.0]; 2];
        }
    }

    /// One sample.
    #[inline]
    pub fn tick(&mut self, x: f64) -> f64 {
        if self.left > 0 {
            self.advance();
        }
        self.terms.tick(&mut self.state, [x])[0]
    }

    /// One plane in place.
    pub fn process(&mut self, plane: &mut [f64]) {
        let moving = self.left.min(plane.len());
        let (first, rest) = plane.split_at_mut(moving);
        for x in first {
            *x = self.tick(*x);
        }
        if self.is_idle() {
            return;
        }
        let (terms, mut state) = (self.terms, self.state);
        for x in rest {
            [*x] = terms.tick(&mut state, [*x]);
        }
        self.state = state;
    }

    /// Silences a state that has nearly decayed. Call at frames that do not depend on block sizes.
    pub fn settle(&mut self) {
        self.state = self.state.map(|s| s.map(settled));
    }

    /// Back to rest, at the shape last given.
    pub fn reset(&mut self) {
        *self = Self::new(self.target);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{measure, signals};

    const BELL: Shape = Shape { g: 0.065, k: 0.5, high: 1.0, band: 2.0, low: 1.0 };

    #[test]
    fn a_section_plays_the_response_of_its_shape() {
        let mut ir = signals::impulse(1.0, 0, 8192);
        Svf::new(BELL).process(&mut ir);
        for f in [50.0, 1_000.0, 9_000.0] {
            let error = measure::response_db(&ir, f, 48_000.0) - BELL.magnitude_db(f, 48_000.0);
            assert!(error.abs() < 1e-9, "{f}: {error}");
        }
    }

    #[test]
    fn an_identity_passes_every_bit_and_is_idle() {
        let noise = signals::noise(1.0, 3, 500);
        let mut out = noise.clone();
        let mut section = Svf::new(Shape::IDENTITY);
        assert!(section.is_idle());
        section.process(&mut out);
        assert_eq!(noise, out);
    }

    #[test]
    fn a_glide_arrives_exactly_and_does_not_depend_on_blocks() {
        let noise = signals::noise(1.0, 4, 3000);
        let run = |block: usize| {
            let mut section = Svf::new(Shape::IDENTITY);
            let mut out = noise.clone();
            section.glide_to(BELL, 441);
            for part in out[..1500].chunks_mut(block) {
                section.process(part);
            }
            assert_eq!(section.target(), BELL);
            section.glide_to(Shape::IDENTITY, 441);
            for part in out[1500..].chunks_mut(block) {
                section.process(part);
            }
            assert!(section.is_idle());
            out
        };
        let whole = run(1500);
        for block in [1, 7, 64, 441] {
            assert_eq!(run(block), whole, "{block}");
        }
        assert_eq!(whole[1500 + 441..], noise[1500 + 441..]);
    }

    #[test]
    fn a_sine_under_a_moving_filter_has_no_corner() {
        // A click is a jump of the second difference; that of the pure sine at 500 Hz is 0.0043 per sample².
        let mut tone = signals::sine(500.0, 1.0, 0.0, 0.2, 48_000.0);
        let mut section = Svf::new(Shape { band: 0.05, ..BELL });
        section.process(&mut tone[..4800]);
        section.glide_to(Shape { g: 0.02, ..BELL }, 480);
        section.process(&mut tone[4800..]);
        let worst = tone[1000..].windows(3).fold(0.0, |m: f64, w| m.max((w[0] - 2.0 * w[1] + w[2]).abs()));
        assert!(worst < 0.03, "{worst}");
    }
}
