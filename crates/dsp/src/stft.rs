//! Short-time spectra: analysis, modification, synthesis.
//!
//! Frames stand at fixed places in time (every `hop` frames from the first on), so how the input is cut up changes no
//! bit. Analysis and synthesis windows are both Hann; the synthesis window is divided by the sum of the products that
//! meet at its point, so that an unmodified spectrum gives the input back to the last roundings. Latency: one frame
//! length, exactly.
//!
//! Source: Allen and Rabiner, Proc. IEEE 65(11), 1977 (overlap-add synthesis); Griffin and Lim, IEEE Trans. ASSP-32(2),
//! 1984, eq. 6 (the synthesis window).

use crate::block::Block;
use crate::fft::RealFft;
use crate::math;
use crate::window::Window;

/// Spectrum of one channel: real and imaginary parts of `len / 2 + 1` bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// Real parts.
    pub re: Vec<f64>,
    /// Imaginary parts.
    pub im: Vec<f64>,
}

impl Spectrum {
    /// An empty spectrum of `bins` bins.
    #[must_use]
    pub fn new(bins: usize) -> Self {
        Self { re: vec![0.0; bins], im: vec![0.0; bins] }
    }

    /// Everything to zero.
    pub fn clear(&mut self) {
        self.re.fill(0.0);
        self.im.fill(0.0);
    }

    /// Power of a bin, 0 past the end.
    #[inline]
    #[must_use]
    pub fn power(&self, bin: usize) -> f64 {
        match (self.re.get(bin), self.im.get(bin)) {
            (Some(re), Some(im)) => re * re + im * im,
            _ => 0.0,
        }
    }
}

/// A Hann window of `len` points and its synthesis partner for this `hop`: products that meet add up to one.
#[must_use]
pub fn windows(len: usize, hop: usize) -> (Vec<f64>, Vec<f64>) {
    let window = Window::Hann.periodic(len);
    let hop = hop.clamp(1, len.max(1));
    let sums: Vec<f64> = (0..hop).map(|n| window.iter().skip(n).step_by(hop).map(|w| w * w).sum()).collect();
    let synthesis = window.iter().enumerate().map(|(n, w)| w / sums[n % hop]).collect();
    (window, synthesis)
}

/// Streaming analysis, modification and synthesis of any number of channels.
#[derive(Debug, Clone)]
pub struct Stft {
    hop: usize,
    window: Vec<f64>,
    synthesis: Vec<f64>,
    plan: RealFft,
    /// Per channel: the last `len` frames, oldest first.
    past: Vec<Vec<f64>>,
    /// Per channel: sums that are not complete yet; the first `hop` are.
    sums: Vec<Vec<f64>>,
    spectra: Vec<Spectrum>,
    frame: Vec<f64>,
    filled: usize,
}

impl Stft {
    /// Frames of `len` points (even, at least 4) every `hop` frames (a divisor of `len`, at most a half of it).
    #[must_use]
    pub fn new(len: usize, hop: usize, channels: usize) -> Self {
        let len = len.max(4).next_multiple_of(2);
        let hop = hop.clamp(1, len / 2);
        let (window, synthesis) = windows(len, hop);
        let plan = RealFft::new(len);
        Self {
            hop,
            window,
            synthesis,
            past: vec![vec![0.0; len]; channels],
            sums: vec![vec![0.0; len]; channels],
            spectra: vec![Spectrum::new(plan.bins()); channels],
            frame: vec![0.0; len],
            filled: 0,
            plan,
        }
    }

    /// Delay from input to output: the frame length.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.window.len()
    }

    /// Number of bins of a spectrum.
    #[must_use]
    pub fn bins(&self) -> usize {
        self.plan.bins()
    }

    /// Frames from one spectrum to the next.
    #[must_use]
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// Back to silence.
    pub fn reset(&mut self) {
        self.past.iter_mut().chain(&mut self.sums).for_each(|plane| plane.fill(0.0));
        self.filled = 0;
    }

    /// Processes in place. `modify` gets the spectra of all channels once per hop; channels beyond those asked for in
    /// [`new`](Self::new) pass untouched.
    pub fn process(&mut self, block: &mut Block<'_>, mut modify: impl FnMut(&mut [Spectrum])) {
        let frames = block.frames();
        let mut start = 0;
        while start < frames {
            let count = (self.hop - self.filled).min(frames - start);
            for channel in 0..self.past.len().min(block.channels()) {
                self.exchange(channel, &mut block.channel_mut(channel)[start..start + count]);
            }
            start += count;
            self.filled += count;
            if self.filled == self.hop {
                self.filled = 0;
                self.turn(&mut modify);
            }
        }
    }

    /// Takes new input and gives the output that is ready.
    fn exchange(&mut self, channel: usize, part: &mut [f64]) {
        let at = self.window.len() - self.hop + self.filled;
        let past = &mut self.past[channel][at..at + part.len()];
        let ready = &self.sums[channel][self.filled..self.filled + part.len()];
        for ((x, to), y) in part.iter_mut().zip(past).zip(ready) {
            *to = math::sane(*x);
            *x = *y;
        }
    }

    fn turn(&mut self, modify: &mut impl FnMut(&mut [Spectrum])) {
        for (past, spectrum) in self.past.iter_mut().zip(&mut self.spectra) {
            for ((to, x), w) in self.frame.iter_mut().zip(past.iter()).zip(&self.window) {
                *to = x * w;
            }
            self.plan.forward(&self.frame, &mut spectrum.re, &mut spectrum.im);
            past.copy_within(self.hop.., 0);
        }
        modify(&mut self.spectra);
        for (sums, spectrum) in self.sums.iter_mut().zip(&self.spectra) {
            let keep = sums.len() - self.hop;
            sums.copy_within(self.hop.., 0);
            sums[keep..].fill(0.0);
            self.plan.inverse(&spectrum.re, &spectrum.im, &mut self.frame);
            for ((sum, y), w) in sums.iter_mut().zip(&self.frame).zip(&self.synthesis) {
                *sum += y * w;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Buffer;
    use testkit::{measure, signals};

    fn run(len: usize, hop: usize, block: usize, modify: impl Fn(&mut [Spectrum])) -> (Vec<f64>, Vec<f64>) {
        let mut signal = signals::noise(0.8, 3, 5_000);
        signal.resize(5_000 + len, 0.0);
        let mut stft = Stft::new(len, hop, 1);
        let mut audio = Buffer::from_planes(&[signal.clone()]);
        let mut at = 0;
        while at < audio.frames() {
            let frames = block.min(audio.frames() - at);
            stft.process(&mut audio.block().slice(at, frames), &modify);
            at += frames;
        }
        let latency = stft.latency_frames();
        (signal[..5_000].to_vec(), audio.channel(0)[latency..].to_vec())
    }

    #[test]
    fn an_unmodified_spectrum_gives_the_input_back_one_frame_later() {
        for (len, hop) in [(256, 64), (256, 128), (512, 64), (480, 160)] {
            let (input, output) = run(len, hop, 5_000, |_| {});
            let null = measure::null_db(&input, &output);
            assert!(null < -280.0, "{len}/{hop}: {null}");
        }
    }

    #[test]
    fn blocks_change_no_bit() {
        let halve = |spectra: &mut [Spectrum]| spectra.iter_mut().for_each(|s| s.re[3] *= 0.5);
        assert_eq!(run(256, 64, 5_000, halve), run(256, 64, 37, halve));
    }

    #[test]
    fn a_gain_on_every_bin_is_a_gain_on_the_signal() {
        let (input, output) = run(256, 64, 999, |spectra| {
            for s in spectra {
                s.re.iter_mut().chain(&mut s.im).for_each(|x| *x *= 0.25);
            }
        });
        let want: Vec<f64> = input.iter().map(|x| 0.25 * x).collect();
        assert!(measure::null_db(&want, &output) < -280.0);
    }

    #[test]
    fn the_power_of_a_bin_is_the_square_of_its_size() {
        let mut spectrum = Spectrum::new(3);
        (spectrum.re[1], spectrum.im[1]) = (3.0, -4.0);
        assert_eq!([0, 1, 3].map(|bin| spectrum.power(bin)), [0.0, 25.0, 0.0]);
    }
}
