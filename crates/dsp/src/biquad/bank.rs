//! Many sections in a row on one channel, at the cost of those that do something.

use super::Shape;
use super::svf::{Svf, Terms};

/// Sections in series for one channel. Idle sections cost nothing; settled ones run four at a time in one pass.
#[derive(Debug, Clone)]
pub struct SvfBank {
    sections: Vec<Svf>,
    /// Positions of the sections that are not idle.
    awake: Vec<usize>,
}

impl SvfBank {
    /// `count` idle sections.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { sections: vec![Svf::new(Shape::IDENTITY); count], awake: Vec::with_capacity(count) }
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
        let mut states: [[f64; 2]; N] = picks.map(|index| self.sections[index].state);
        for x in plane.iter_mut() {
            let mut y = *x;
            for (terms, state) in terms.iter().zip(&mut states) {
                y = terms.tick(state, y);
            }
            *x = y;
        }
        for (index, state) in picks.into_iter().zip(states) {
            self.sections[index].state = state;
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
