//! Magnitudes without phase: symmetric filters run by partitioned convolution.
//!
//! A filter is given by its magnitude from 0 Hz to half the sample rate. Its impulse response is symmetric about its middle,
//! under a window that is flat over the inner three quarters and falls by a squared cosine outside, so every frequency comes
//! later by exactly the same time. What rings after a sound in a minimum-phase filter rings half before and half after it
//! here: a steep or narrow curve in the bass is heard *before* a drum, for as long as it rings after it, at most for half the
//! length.
//!
//! ```text
//! sample rate     filter (frames)   bin (Hz)       latency (frames)   fade between filters (frames)
//!  44.1, 48 kHz        65 536       0.67, 0.73         34 816             2048
//!  88.2, 96 kHz       131 072           "              69 632             4096
//! 176.4, 192 kHz      262 144           "             139 264             8192
//! ```
//!
//! Uniformly partitioned overlap-save (T. G. Stockham, AFIPS 1966; W. G. Gardner, JAES 43(3) 1995, section 1): 32
//! partitions. A new filter is faded in over one partition, when the sound it was meant for comes out.

mod design;

pub use design::Designer;

use crate::fft::RealFft;

/// Partitions of the filter.
const PARTITIONS: usize = 32;
/// Partitions between the head of a filter and its middle.
pub const CENTRE_PARTITIONS: usize = PARTITIONS / 2;

/// Frames of a partition, and of the fade between filters: 2048 up to 50 kHz, in proportion above.
#[must_use]
pub fn partition_frames(sample_rate_hz: f64) -> usize {
    let mut frames = 2048;
    let mut limit = 50_000.0;
    while sample_rate_hz > limit && frames < 16_384 {
        frames *= 2;
        limit *= 2.0;
    }
    frames
}

/// Spectra of the partitions of a filter.
#[derive(Debug, Clone)]
pub struct Filter {
    re: Vec<f64>,
    im: Vec<f64>,
}

impl Filter {
    /// A filter of silence.
    #[must_use]
    pub fn new(partition_frames: usize) -> Self {
        let room = PARTITIONS * (partition_frames + 1);
        Self { re: vec![0.0; room], im: vec![0.0; room] }
    }

    /// Takes over the spectra of another filter of the same length.
    pub fn copy_from(&mut self, other: &Self) {
        self.re.copy_from_slice(&other.re);
        self.im.copy_from_slice(&other.im);
    }
}

/// Spectra of the last partitions of one channel of input.
#[derive(Debug, Clone)]
pub struct History {
    /// The partition before and the one being filled.
    window: Vec<f64>,
    re: Vec<f64>,
    im: Vec<f64>,
    /// Partition last written.
    newest: usize,
}

impl History {
    /// Silence.
    #[must_use]
    pub fn new(partition_frames: usize) -> Self {
        let room = PARTITIONS * (partition_frames + 1);
        Self { window: vec![0.0; 2 * partition_frames], re: vec![0.0; room], im: vec![0.0; room], newest: 0 }
    }

    /// Writes input into the partition being filled, from frame `at` on.
    pub fn write(&mut self, at: usize, input: &[f64]) {
        let start = (self.window.len() / 2 + at).min(self.window.len());
        self.window[start..].iter_mut().zip(input).for_each(|(w, x)| *w = *x);
    }

    /// Transforms the full partition.
    pub fn turn(&mut self, fft: &mut RealFft) {
        let bins = fft.bins();
        self.newest = if self.newest == 0 { PARTITIONS - 1 } else { self.newest - 1 };
        let at = self.newest * bins;
        fft.forward(&self.window, &mut self.re[at..at + bins], &mut self.im[at..at + bins]);
        let half = self.window.len() / 2;
        self.window.copy_within(half.., 0);
    }

    /// Silence again.
    pub fn reset(&mut self) {
        [&mut self.window, &mut self.re, &mut self.im].into_iter().for_each(|plane| plane.fill(0.0));
        self.newest = 0;
    }
}

/// Adds up convolutions of histories with filters into one partition of output.
#[derive(Debug, Clone)]
pub struct Adder {
    re: Vec<f64>,
    im: Vec<f64>,
    time: Vec<f64>,
}

impl Adder {
    /// Room for one partition.
    #[must_use]
    pub fn new(partition_frames: usize) -> Self {
        let bins = partition_frames + 1;
        Self { re: vec![0.0; bins], im: vec![0.0; bins], time: vec![0.0; 2 * partition_frames] }
    }

    /// Begins a sum.
    pub fn clear(&mut self) {
        self.re.fill(0.0);
        self.im.fill(0.0);
    }

    /// Adds a convolution.
    pub fn add(&mut self, history: &History, filter: &Filter) {
        let bins = self.re.len();
        for part in 0..PARTITIONS {
            let x = (history.newest + part) % PARTITIONS * bins;
            let h = part * bins;
            let (x_re, x_im) = (&history.re[x..x + bins], &history.im[x..x + bins]);
            let (h_re, h_im) = (&filter.re[h..h + bins], &filter.im[h..h + bins]);
            let input = x_re.iter().zip(x_im).zip(h_re.iter().zip(h_im));
            for ((re, im), ((a, b), (c, d))) in self.re.iter_mut().zip(&mut self.im).zip(input) {
                *re += a * c - b * d;
                *im += a * d + b * c;
            }
        }
    }

    /// The partition of output.
    pub fn finish(&mut self, fft: &mut RealFft) -> &[f64] {
        fft.inverse(&self.re, &self.im, &mut self.time);
        &self.time[self.time.len() / 2..]
    }
}

#[cfg(test)]
mod tests;
