//! Partitions of one size.

use super::Route;
use crate::fft::RealFft;

/// Spectra of blocks in a row, with a note of which are silent.
#[derive(Debug, Clone)]
struct Spectra {
    re: Vec<f64>,
    im: Vec<f64>,
    silent: Vec<bool>,
    bins: usize,
}

impl Spectra {
    fn new(count: usize, bins: usize) -> Self {
        Self { re: vec![0.0; count * bins], im: vec![0.0; count * bins], silent: vec![true; count], bins }
    }

    /// Transforms `window` into place `at`.
    fn put(&mut self, at: usize, window: &[f64], fft: &mut RealFft) {
        let range = at * self.bins..(at + 1) * self.bins;
        let silent = window.iter().all(|x| *x == 0.0);
        if let (Some(re), Some(im), Some(flag)) =
            (self.re.get_mut(range.clone()), self.im.get_mut(range), self.silent.get_mut(at))
        {
            if !silent {
                fft.forward(window, re, im);
            }
            *flag = silent;
        }
    }

    /// The spectrum at `at`, unless it is silent.
    fn get(&self, at: usize) -> Option<(&[f64], &[f64])> {
        if *self.silent.get(at)? {
            return None;
        }
        let range = at * self.bins..(at + 1) * self.bins;
        Some((self.re.get(range.clone())?, self.im.get(range)?))
    }
}

/// Past blocks of one input.
#[derive(Debug, Clone)]
struct History {
    /// Last block and the one that comes in.
    window: Vec<f64>,
    spectra: Spectra,
}

/// One size of partition: responses from tap `size` on.
#[derive(Debug, Clone)]
pub(super) struct Level {
    size: usize,
    parts: usize,
    fft: RealFft,
    histories: Vec<History>,
    /// Place of the newest spectrum, the same for every input.
    newest: usize,
    /// Partitions of all responses, one response after the other, for both banks.
    banks: [Spectra; 2],
    /// What sounds during the present block, for both banks and every output.
    sounds: [Vec<Vec<f64>>; 2],
    sum: [Vec<f64>; 2],
    scratch: Vec<f64>,
}

impl Level {
    pub(super) fn new(size: usize, parts: usize, inputs: usize, outputs: usize, responses: usize) -> Self {
        let fft = RealFft::new(2 * size);
        let bins = fft.bins();
        let history = History { window: vec![0.0; 2 * size], spectra: Spectra::new(parts, bins) };
        let sounds = vec![vec![0.0; size]; outputs];
        Self {
            size,
            parts,
            histories: vec![history; inputs],
            newest: 0,
            banks: [Spectra::new(parts * responses, bins), Spectra::new(parts * responses, bins)],
            sounds: [sounds.clone(), sounds],
            sum: [vec![0.0; bins], vec![0.0; bins]],
            scratch: vec![0.0; 2 * size],
            fft,
        }
    }

    /// Takes the partitions of a response into a bank.
    pub(super) fn load(&mut self, bank: usize, response: usize, taps: &[f64]) {
        for part in 0..self.parts {
            let from = (part + 1) * self.size;
            let taps = taps.get(from..).unwrap_or_default();
            self.scratch.fill(0.0);
            self.scratch.iter_mut().take(self.size).zip(taps).for_each(|(to, from)| *to = *from);
            self.banks[bank].put(response * self.parts + part, &self.scratch, &mut self.fft);
        }
    }

    /// Takes in what an input brings at `frame`; a run never crosses the end of a block.
    pub(super) fn append(&mut self, input: usize, frame: usize, run: &[f64]) {
        let at = self.size + frame % self.size;
        if let Some(to) =
            self.histories.get_mut(input).and_then(|history| history.window.get_mut(at..at + run.len()))
        {
            to.copy_from_slice(run);
        }
    }

    /// Adds what sounds from `frame` on.
    pub(super) fn add(&self, bank: usize, output: usize, frame: usize, sum: &mut [f64]) {
        let at = frame % self.size;
        let sound = self.sounds[bank].get(output).and_then(|sound| sound.get(at..));
        sum.iter_mut().zip(sound.unwrap_or_default()).for_each(|(sum, x)| *sum += x);
    }

    /// At the end of a block: works out what the next one sounds like.
    pub(super) fn turn(&mut self, frame: usize, banks: [usize; 2], fading: bool, routes: &[Route]) {
        if !frame.is_multiple_of(self.size) {
            return;
        }
        self.newest = (self.newest + 1) % self.parts;
        for history in &mut self.histories {
            history.spectra.put(self.newest, &history.window, &mut self.fft);
            history.window.copy_within(self.size.., 0);
        }
        self.refresh(banks[0], routes);
        if fading {
            self.refresh(banks[1], routes);
        }
    }

    /// Works out what a bank makes of the blocks so far.
    pub(super) fn refresh(&mut self, bank: usize, routes: &[Route]) {
        let [re, im] = &mut self.sum;
        for (output, sound) in self.sounds[bank].iter_mut().enumerate() {
            let mut any = false;
            for route in routes.iter().filter(|route| route.output == output) {
                let Some(history) = self.histories.get(route.input) else { continue };
                for part in 0..self.parts {
                    let back = (self.newest + self.parts - part) % self.parts;
                    let taps = self.banks[bank].get(route.response * self.parts + part);
                    let (Some(x), Some(h)) = (history.spectra.get(back), taps) else { continue };
                    if !any {
                        re.fill(0.0);
                        im.fill(0.0);
                        any = true;
                    }
                    multiply_add(x, h, re, im);
                }
            }
            if any {
                self.fft.inverse(re, im, &mut self.scratch);
                // Overlap-save: the first half is wound round.
                sound.copy_from_slice(&self.scratch[self.size..]);
            } else {
                sound.fill(0.0);
            }
        }
    }

    pub(super) fn reset(&mut self) {
        for history in &mut self.histories {
            history.window.fill(0.0);
            history.spectra.silent.fill(true);
        }
        self.sounds.iter_mut().flatten().for_each(|sound| sound.fill(0.0));
        self.newest = 0;
    }
}

/// Adds the product of two spectra.
fn multiply_add(x: (&[f64], &[f64]), h: (&[f64], &[f64]), re: &mut [f64], im: &mut [f64]) {
    let products = x.0.iter().zip(x.1).zip(h.0.iter().zip(h.1));
    for (((xr, xi), (hr, hi)), (re, im)) in products.zip(re.iter_mut().zip(im)) {
        *re += xr * hr - xi * hi;
        *im += xr * hi + xi * hr;
    }
}
