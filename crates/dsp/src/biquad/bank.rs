//! Many sections in a row on one channel, at the cost of those that do something.

use super::Shape;
use super::svf::{PairTerms, Svf, Terms};
use crate::lanes::Lanes;

/// Frames of two channels that are brought side by side at a time.
const PAIRS: usize = 256;

/// Sections in series for one channel. Idle sections cost nothing; settled ones run four at a time in one pass.
#[derive(Debug, Clone)]
pub struct SvfBank {
    sections: Vec<Svf>,
    /// Positions of the sections that are not idle.
    awake: Vec<usize>,
    /// Terms of these, each twice, as both channels of a pair want them. From memory, so that the compiler does not know both lanes
    /// to be equal: then it packs other numbers together, at twice the time.
    pair_terms: Vec<PairTerms>,
}

impl SvfBank {
    /// `count` idle sections.
    #[must_use]
    pub fn new(count: usize) -> Self {
        let sections = vec![Svf::new(Shape::IDENTITY); count];
        Self { sections, awake: Vec::with_capacity(count), pair_terms: Vec::with_capacity(count) }
    }

    /// Sends section `index` to `shape` within `frames`; 0 frames jumps there at rest. Past the end nothing happens.
    pub fn glide_to(&mut self, index: usize, shape: Shape, frames: usize) {
        if let Some(section) = self.sections.get_mut(index) {
            if frames == 0 {
                *section = Svf::new(shape);
            } else {
                section.glide_to(shape, frames);
            }
        }
        self.rouse();
    }

    fn rouse(&mut self) {
        self.awake.clear();
        self.awake.extend((0..self.sections.len()).filter(|&index| !self.sections[index].is_idle()));
        self.pair_terms.clear();
        self.pair_terms.extend(self.awake.iter().map(|&index| self.sections[index].terms.for_pairs()));
    }

    /// Frames in which the slowest section in use falls by 60 dB.
    #[must_use]
    pub fn decay_frames(&self) -> f64 {
        self.awake
            .iter()
            .fold(0.0, |most, &index| f64::max(most, self.sections[index].target().decay_frames()))
    }

    /// Whether the bank passes every bit.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.awake.is_empty()
    }

    /// One plane in place.
    pub fn process(&mut self, plane: &mut [f64]) {
        let mut rest = plane;
        while !rest.is_empty() && !self.awake.is_empty() {
            // Up to the next frame at which a section stands still, so that who is awake changes at the same frame
            // for every block size.
            let still = self
                .awake
                .iter()
                .map(|&index| self.sections[index].moving_frames())
                .filter(|&left| left > 0)
                .min();
            let frames = still.unwrap_or(rest.len()).min(rest.len());
            let (now, later) = rest.split_at_mut(frames);
            self.run(now);
            if still == Some(frames) {
                self.rouse();
            }
            rest = later;
        }
    }

    fn run(&mut self, plane: &mut [f64]) {
        let mut at = 0;
        while at < self.awake.len() {
            let standing = self.awake[at..]
                .iter()
                .take(4)
                .take_while(|&&index| self.sections[index].moving_frames() == 0)
                .count();
            match standing {
                0 => {
                    self.sections[self.awake[at]].process(plane);
                    at += 1;
                    continue;
                }
                1 => self.group::<1>(at, plane),
                2 => self.group::<2>(at, plane),
                3 => self.group::<3>(at, plane),
                _ => self.group::<4>(at, plane),
            }
            at += standing;
        }
    }

    /// `N` settled sections in one pass.
    fn group<const N: usize>(&mut self, at: usize, plane: &mut [f64]) {
        let picks: [usize; N] = std::array::from_fn(|i| self.awake[at + i]);
        let terms: [Terms; N] = picks.map(|index| self.sections[index].terms);
        let mut states: [[[f64; 1]; 2]; N] = picks.map(|index| self.sections[index].state);
        for x in plane.iter_mut() {
            let mut y = [*x];
            for (terms, state) in terms.iter().zip(&mut states) {
                y = terms.tick(state, y);
            }
            [*x] = y;
        }
        for (index, state) in picks.into_iter().zip(states) {
            self.sections[index].state = state;
        }
    }

    /// Two banks, each on its own plane: the same bits as one after the other, in less time where both stand still
    /// with the same shapes (one register holds both channels).
    pub fn process_pair(&mut self, other: &mut Self, plane: &mut [f64], other_plane: &mut [f64]) {
        if !self.is_twin(other) {
            self.process(plane);
            other.process(other_plane);
            return;
        }
        let mut pairs = [Lanes([0.0; 2]); PAIRS];
        for (plane, other_plane) in plane.chunks_mut(PAIRS).zip(other_plane.chunks_mut(PAIRS)) {
            let pairs = &mut pairs[..plane.len()];
            pairs
                .iter_mut()
                .zip(plane.iter().zip(other_plane.iter()))
                .for_each(|(to, (x, y))| to.0 = [*x, *y]);
            self.run_pairs(other, pairs);
            plane.iter_mut().zip(other_plane).zip(pairs).for_each(|((x, y), from)| [*x, *y] = from.0);
        }
    }

    fn run_pairs(&mut self, other: &mut Self, pairs: &mut [Lanes]) {
        let mut at = 0;
        while at < self.awake.len() {
            let count = (self.awake.len() - at).min(4);
            match count {
                1 => self.pair_group::<1>(other, at, pairs),
                2 => self.pair_group::<2>(other, at, pairs),
                3 => self.pair_group::<3>(other, at, pairs),
                _ => self.pair_group::<4>(other, at, pairs),
            }
            at += count;
        }
    }

    fn is_twin(&self, other: &Self) -> bool {
        self.awake == other.awake
            && self.awake.iter().all(|&index| {
                let (a, b) = (&self.sections[index], &other.sections[index]);
                a.moving_frames() == 0 && b.moving_frames() == 0 && a.terms == b.terms
            })
    }

    fn pair_group<const N: usize>(&mut self, other: &mut Self, at: usize, pairs: &mut [Lanes]) {
        let picks: [usize; N] = std::array::from_fn(|i| self.awake[at + i]);
        let Some(terms) = self.pair_terms[at..].first_chunk::<N>() else { return };
        let mut states: [[Lanes; 2]; N] = picks.map(|index| {
            let (a, b) = (self.sections[index].state, other.sections[index].state);
            [Lanes([a[0][0], b[0][0]]), Lanes([a[1][0], b[1][0]])]
        });
        staggered(terms, &mut states, pairs);
        for (index, state) in picks.into_iter().zip(states) {
            self.sections[index].state = state.map(|s| [s.0[0]]);
            other.sections[index].state = state.map(|s| [s.0[1]]);
        }
    }

    /// Silences states that have nearly decayed. Call at frames that do not depend on block sizes.
    pub fn settle(&mut self) {
        for &index in &self.awake {
            self.sections[index].settle();
        }
    }

    /// Back to rest, at the shapes last given.
    pub fn reset(&mut self) {
        self.sections.iter_mut().for_each(Svf::reset);
        self.rouse();
    }
}

/// Pairs through sections in a row, each a frame behind the one before it: no section waits for another, and the processor can
/// work at all of them at once.
#[inline]
fn staggered<const N: usize>(terms: &[PairTerms; N], states: &mut [[Lanes; 2]; N], pairs: &mut [Lanes]) {
    let (late, mut x) = (N - 1, [Lanes([0.0; 2]); N]);
    if pairs.len() < N {
        for pair in pairs {
            *pair = terms.iter().zip(states.iter_mut()).fold(*pair, |x, (terms, state)| terms.tick(state, x));
        }
        return;
    }
    for (at, pair) in pairs.iter().enumerate().take(late) {
        x[0] = *pair;
        for k in (0..=at).rev() {
            x[k + 1] = terms[k].tick(&mut states[k], x[k]);
        }
    }
    for at in late..pairs.len() {
        x[0] = pairs[at];
        let mut y = x;
        for k in 0..N {
            y[k] = terms[k].tick(&mut states[k], x[k]);
        }
        pairs[at - late] = y[late];
        x[1..].copy_from_slice(&y[..late]);
    }
    let end = pairs.len() - late;
    for (at, first) in (1..N).enumerate() {
        for k in (first..N).rev() {
            let y = terms[k].tick(&mut states[k], x[k]);
            if k < late {
                x[k + 1] = y;
            } else {
                pairs[end + at] = y;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals;

    fn shape(i: usize) -> Shape {
        Shape { g: 0.01 * (i + 1) as f64, k: 0.5 + 0.1 * i as f64, high: 1.0, band: 2.0, low: 0.9 }
    }

    #[test]
    fn a_bank_equals_its_sections_one_after_the_other() {
        for used in 0..=9 {
            let mut bank = SvfBank::new(12);
            let mut expected = signals::noise(1.0, 5, 300);
            let mut plane = expected.clone();
            for i in 0..used {
                bank.glide_to(i + 2, shape(i), 0);
                Svf::new(shape(i)).process(&mut expected);
            }
            bank.process(&mut plane);
            assert_eq!(plane, expected, "{used}");
        }
    }

    #[test]
    fn a_pair_has_the_bits_of_two_single_banks() {
        for (used, twins) in [(1, true), (3, true), (4, true), (7, true), (3, false)] {
            let (mut a, mut b) = (SvfBank::new(8), SvfBank::new(8));
            for i in 0..used {
                a.glide_to(i, shape(i), 0);
                b.glide_to(i, shape(if twins { i } else { i + 1 }), 0);
            }
            let (mut left, mut right) = (signals::noise(1.0, 5, 300), signals::noise(1.0, 6, 300));
            let (mut want_left, mut want_right) = (left.clone(), right.clone());
            a.clone().process(&mut want_left);
            b.clone().process(&mut want_right);
            let (first, rest) = (left.split_at_mut(100), right.split_at_mut(100));
            a.process_pair(&mut b, first.0, rest.0);
            a.process_pair(&mut b, first.1, rest.1);
            assert_eq!((left, right), (want_left, want_right), "{used} {twins}");
        }
    }

    #[test]
    fn sections_that_move_do_not_depend_on_blocks() {
        let noise = signals::noise(1.0, 6, 2000);
        let run = |block: usize| {
            let mut bank = SvfBank::new(6);
            let mut out = noise.clone();
            (0..5).for_each(|i| bank.glide_to(i, shape(i), 0));
            bank.glide_to(1, shape(7), 100);
            bank.glide_to(3, Shape::IDENTITY, 333);
            bank.glide_to(5, shape(2), 250);
            out.chunks_mut(block).for_each(|part| bank.process(part));
            out
        };
        let whole = run(2000);
        for block in [1, 33, 64, 100, 999] {
            assert_eq!(run(block), whole, "{block}");
        }
    }
}
