//! Convolution with long impulse responses, without latency.
//!
//! The first 64 taps are summed as they stand; the rest goes through spectra in partitions of 64, 512, 4096 and 32 768
//! frames, the larger ones farther back (W. G. Gardner, "Efficient convolution without input-output delay", JAES 43(3),
//! 1995), each size by overlap-save with a delay line of spectra (G. P. M. Egelmeers and P. C. W. Sommen, "A new method for
//! efficient convolution in frequency domain by nonuniform partitioning", EUSIPCO 1994). A size starts no nearer than one of
//! its blocks, so that a block is complete before its first sound is due.
//!
//! Blocks lie on a grid counted from the first frame: the output does not depend on how the input is cut. Sums have a fixed
//! order. Memory: 16 bytes for each tap of a response, twice (one set to sound, one to fade to), and as much for each input.

mod level;
#[cfg(test)]
mod tests;

use crate::fdn::{PIECE, Ring};
use level::Level;

/// Taps summed as they stand, and frames of the smallest partition.
const HEAD: usize = PIECE;
/// Partition sizes; each begins where it is long. By calibration, 2026-11-21: three of a size cost about as much as a transform.
const SIZES: [usize; 4] = [64, 512, 4096, 32_768];
/// Frames of a crossfade to other responses, by our own convention: as in the reverberator.
const FADE_FRAMES: usize = 2048;

/// One response between an input and an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Where the sound comes from.
    pub input: usize,
    /// Where it is added.
    pub output: usize,
    /// Which response it passes.
    pub response: usize,
}

/// A convolver with some inputs and outputs and the routes between them.
///
/// Cost per frame of a route through a response of `S` seconds at 48 kHz: 64 products for the head, about 60 for each
/// of the first three sizes and 12 for each second after that; of an input and an output one transform of each size.
#[derive(Debug, Clone)]
pub struct Convolver {
    routes: Vec<Route>,
    outputs: usize,
    inputs: Vec<Ring>,
    /// The first taps of each response, for both banks.
    heads: [Vec<[f64; HEAD]>; 2],
    levels: Vec<Level>,
    /// The bank that sounds, and frames of the fade to the other.
    bank: usize,
    fade: Option<usize>,
    frame: usize,
}

impl Convolver {
    /// A convolver for responses of at most `most_taps`, silent until [`load`](Self::load). All memory is taken here.
    #[must_use]
    pub fn new(inputs: usize, outputs: usize, routes: &[Route], most_taps: usize) -> Self {
        let responses = routes.iter().map(|route| route.response + 1).max().unwrap_or(0);
        let routes: Vec<Route> =
            routes.iter().filter(|route| route.input < inputs && route.output < outputs).copied().collect();
        let mut levels = Vec::new();
        for (at, size) in SIZES.iter().enumerate() {
            let end = SIZES.get(at + 1).map_or(most_taps, |next| most_taps.min(*next));
            if end > *size {
                levels.push(Level::new(*size, (end - size).div_ceil(*size), inputs, outputs, responses));
            }
        }
        Self {
            routes,
            outputs,
            inputs: vec![Ring::new(2 * HEAD); inputs],
            heads: [vec![[0.0; HEAD]; responses], vec![[0.0; HEAD]; responses]],
            levels,
            bank: 0,
            fade: None,
            frame: 0,
        }
    }

    /// Whether no fade is running, so that responses can be loaded.
    #[must_use]
    pub fn is_steady(&self) -> bool {
        self.fade.is_none()
    }

    /// Takes other responses, to fade to from the next frame on; before the first frame they are there at once. What is
    /// longer than the memory is cut. Does nothing while a fade is running. No allocation; one transform for each partition.
    pub fn load<T: AsRef<[f64]>>(&mut self, responses: &[T]) {
        if self.fade.is_some() {
            return;
        }
        let bank = if self.frame == 0 { self.bank } else { 1 - self.bank };
        let silent: &[f64] = &[];
        for (at, head) in self.heads[bank].iter_mut().enumerate() {
            let taps = responses.get(at).map_or(silent, AsRef::as_ref);
            head.fill(0.0);
            head.iter_mut().zip(taps).for_each(|(to, from)| *to = *from);
            for level in &mut self.levels {
                level.load(bank, at, taps);
            }
        }
        if self.frame > 0 {
            self.fade = Some(0);
            self.levels.iter_mut().for_each(|level| level.refresh(bank, &self.routes));
        }
    }

    /// Convolves the first `frames` of the inputs; those of the outputs are overwritten.
    pub fn process<I: AsRef<[f64]>, O: AsMut<[f64]>>(
        &mut self,
        inputs: &[I],
        outputs: &mut [O],
        frames: usize,
    ) {
        let mut start = 0;
        while start < frames {
            let count = (PIECE - self.frame % PIECE).min(frames - start);
            self.take_in(inputs, start, count);
            self.sum(outputs, start, count);
            self.advance(count);
            start += count;
        }
    }

    fn take_in<I: AsRef<[f64]>>(&mut self, inputs: &[I], start: usize, count: usize) {
        for (at, (ring, run)) in self.inputs.iter_mut().zip(inputs).enumerate() {
            let Some(run) = run.as_ref().get(start..start + count) else { continue };
            ring.append(run);
            self.levels.iter_mut().for_each(|level| level.append(at, self.frame, run));
        }
    }

    fn sum<O: AsMut<[f64]>>(&self, outputs: &mut [O], start: usize, count: usize) {
        for (at, output) in outputs.iter_mut().enumerate().take(self.outputs) {
            let Some(output) = output.as_mut().get_mut(start..start + count) else { continue };
            let mut now = [0.0; PIECE];
            self.sound(self.bank, at, &mut now[..count]);
            if let Some(done) = self.fade {
                let mut next = [0.0; PIECE];
                self.sound(1 - self.bank, at, &mut next[..count]);
                for (n, (x, y)) in now.iter_mut().zip(&next).take(count).enumerate() {
                    let share = ((done + n + 1) as f64 / FADE_FRAMES as f64).min(1.0);
                    *x += (*y - *x) * share;
                }
            }
            output.copy_from_slice(&now[..count]);
        }
    }

    /// What a bank makes of the newest frames for one output.
    fn sound(&self, bank: usize, output: usize, sum: &mut [f64]) {
        let frames = sum.len();
        for route in self.routes.iter().filter(|route| route.output == output) {
            let (Some(input), Some(head)) =
                (self.inputs.get(route.input), self.heads[bank].get(route.response))
            else {
                continue;
            };
            for (back, tap) in head.iter().enumerate().filter(|(_, tap)| **tap != 0.0) {
                let run = input.look_back(frames + back, frames);
                sum.iter_mut().zip(run).for_each(|(sum, x)| *sum += tap * x);
            }
        }
        for level in &self.levels {
            level.add(bank, output, self.frame, sum);
        }
    }

    fn advance(&mut self, count: usize) {
        self.frame += count;
        for level in &mut self.levels {
            level.turn(self.frame, [self.bank, 1 - self.bank], self.fade.is_some(), &self.routes);
        }
        self.fade = match self.fade {
            Some(done) if done + count >= FADE_FRAMES => {
                self.bank = 1 - self.bank;
                None
            }
            other => other.map(|done| done + count),
        };
    }

    /// Silence, with the responses last loaded.
    pub fn reset(&mut self) {
        if self.fade.take().is_some() {
            self.bank = 1 - self.bank;
        }
        self.inputs.iter_mut().for_each(Ring::reset);
        self.levels.iter_mut().for_each(Level::reset);
        self.frame = 0;
    }
}
