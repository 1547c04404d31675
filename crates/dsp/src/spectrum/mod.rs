//! Long-term spectra.
//!
//! [`Welch`] listens to a stream and averages the power of Hann-windowed blocks at half a block's distance (Welch, IEEE Trans.
//! Audio Electroacoust. AU-15(2), 1967), or at a whole one's where there are many; the [`Spectrum`] it gives knows the mean square in any band. Everything is
//! calibrated to power: the bands of a signal add up to its mean square, so a sine of peak 1.0 reads -3.01 dBFS in its band
//! and white noise of RMS 1.0 reads 0 dBFS in the whole. About 1 ms per second of stereo at a size of 16384, half of that side by side.

mod bands;
mod cutoff;

pub use bands::{Band, THIRD_OCTAVES_HZ};
pub use cutoff::Cutoff;

use crate::block::View;
use crate::fft::RealFft;
use crate::math;
use crate::window::{Window, noise_gain};

/// What the planes of a spectrum are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Planes {
    /// One per channel.
    #[default]
    Channels,
    /// One: mid `(L + R) / 2` of the first two channels; other channels are ignored.
    Mid,
    /// One: side `(L - R) / 2` of the first two channels; silent for mono. Blocks are gated as for mid.
    Side,
    /// One: the mean power of all channels.
    Mean,
}

/// From here on blocks side by side tell as much as overlapping ones: a song of a minute has 160 of them at the usual size, and a
/// third of an octave averages over more than that in each.
const LONG_SECONDS: f64 = 60.0;

/// How far the beginnings of blocks are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spacing {
    /// Half a block: every frame counts alike.
    #[default]
    Half,
    /// A block: half the work, and what happens at their edges counts less.
    Whole,
}

impl Spacing {
    /// What a stream of this length needs.
    #[must_use]
    pub fn for_length(frames: u64, sample_rate_hz: f64) -> Self {
        if frames as f64 >= LONG_SECONDS * sample_rate_hz { Self::Whole } else { Self::Half }
    }
}

/// How to analyse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Frames per block: the width of a bin is the sample rate divided by this.
    pub size: usize,
    /// Window.
    pub window: Window,
    /// What the planes are.
    pub planes: Planes,
    /// Leaves out blocks whose mean square, averaged over channels, is below this; silence is always left out.
    pub gate_dbfs: f64,
    /// Distance of the blocks.
    pub spacing: Spacing,
}

impl Default for Options {
    fn default() -> Self {
        // -70 dBFS: the absolute gate of ITU-R BS.1770-5, here without its weighting.
        Self {
            size: 16_384,
            window: Window::Hann,
            planes: Planes::Channels,
            gate_dbfs: -70.0,
            spacing: Spacing::Half,
        }
    }
}

/// A streaming analyser.
#[derive(Debug, Clone)]
pub struct Welch {
    sample_rate_hz: f64,
    options: Options,
    gate: f64,
    window: Vec<f64>,
    plan: RealFft,
    re: Vec<f64>,
    im: Vec<f64>,
    windowed: Vec<f64>,
    waiting: Vec<Vec<f64>>,
    filled: usize,
    sums: Vec<Vec<f64>>,
    blocks: u64,
    skipped: u64,
}

impl Welch {
    /// An analyser for `channels` channels. `options.size` is brought up to at least 16 and to an even number.
    #[must_use]
    pub fn new(channels: usize, sample_rate_hz: f64, mut options: Options) -> Self {
        options.size = options.size.max(16).next_multiple_of(2);
        let window = options.window.periodic(options.size);
        let plan = RealFft::new(options.size);
        let planes = match options.planes {
            Planes::Channels => channels,
            Planes::Mid | Planes::Side | Planes::Mean => 1,
        };
        Self {
            sample_rate_hz,
            gate: math::db_to_power(options.gate_dbfs),
            re: vec![0.0; plan.bins()],
            im: vec![0.0; plan.bins()],
            windowed: vec![0.0; options.size],
            waiting: vec![vec![0.0; options.size]; channels],
            filled: 0,
            sums: vec![vec![0.0; plan.bins()]; planes],
            blocks: 0,
            skipped: 0,
            options,
            window,
            plan,
        }
    }

    /// Listens. Channels beyond the analyser's are ignored, missing ones count as silent; NaN and infinity count as zero.
    pub fn push(&mut self, input: View<'_>) {
        self.push_each(input, |_, _| {});
    }

    /// As [`push`](Self::push), and shows every block that counts as it is added: its number (blocks that do not count have one,
    /// too; block `n` begins at frame `n · size / 2`, or `n · size` side by side) and the power of each bin of the channel added last, in the scale of
    /// [`Spectrum::power`] times [`block_scale`](Self::block_scale). For planes that have one channel: mid and side.
    pub fn push_each(&mut self, input: View<'_>, mut each: impl FnMut(u64, &[f64])) {
        let size = self.options.size;
        let mut start = 0;
        while start < input.frames() {
            let part = input.slice(start, size - self.filled);
            for (channel, plane) in self.waiting.iter_mut().enumerate() {
                let to = &mut plane[self.filled..self.filled + part.frames()];
                if channel < part.channels() {
                    let from = part.channel(channel);
                    to.iter_mut().zip(from).for_each(|(y, x)| *y = if x.is_finite() { *x } else { 0.0 });
                } else {
                    to.fill(0.0);
                }
            }
            start += part.frames();
            self.filled += part.frames();
            if self.filled == size {
                let number = self.blocks + self.skipped;
                if self.analyse(size) {
                    each(number, &self.re);
                }
                self.filled = match self.options.spacing {
                    Spacing::Half => size / 2,
                    Spacing::Whole => 0,
                };
                let again = size - self.filled;
                self.waiting.iter_mut().for_each(|plane| plane.copy_within(again.., 0));
            }
        }
    }

    /// What the powers shown by [`push_each`](Self::push_each) are larger by than mean squares.
    #[must_use]
    pub fn block_scale(&self) -> f64 {
        let size = self.options.size as f64;
        0.5 * size * size * noise_gain(&self.window)
    }

    /// Forgets what was heard; allocates nothing.
    pub fn reset(&mut self) {
        self.sums.iter_mut().for_each(|sums| sums.fill(0.0));
        (self.filled, self.blocks, self.skipped) = (0, 0, 0);
    }

    /// The spectrum so far. A stream shorter than one block counts as one block, padded with silence and scaled to its length.
    #[must_use]
    pub fn finish(mut self) -> Spectrum {
        if self.blocks + self.skipped == 0 && self.filled > 0 {
            let filled = self.filled;
            self.waiting.iter_mut().for_each(|plane| plane[filled..].fill(0.0));
            self.window = self.options.window.periodic(filled);
            self.window.resize(self.options.size, 0.0);
            self.analyse(filled);
        }
        self.spectrum()
    }

    /// The average up to now, without the block that is being filled.
    #[must_use]
    pub fn spectrum(&self) -> Spectrum {
        let size = self.options.size as f64;
        // Both halves of a real signal's spectrum, except at its ends; noise gain of the window; Parseval.
        let scale = 2.0 / (size * size * noise_gain(&self.window) * self.blocks.max(1) as f64);
        let last = self.plan.bins() - 1;
        let level =
            |(k, sum): (usize, &f64)| if k == 0 || k == last { 0.5 * sum * scale } else { sum * scale };
        let power = self.sums.iter().map(|sums| sums.iter().enumerate().map(level).collect()).collect();
        Spectrum {
            sample_rate_hz: self.sample_rate_hz,
            size: self.options.size,
            blocks: self.blocks,
            skipped: self.skipped,
            power,
        }
    }

    /// Adds the power of the waiting block, of which `frames` are signal, if it passes the gate, and says whether it did.
    fn analyse(&mut self, frames: usize) -> bool {
        let energy: f64 = self.waiting.iter().flatten().map(|x| x * x).sum();
        let mean_square = energy / (frames * self.waiting.len().max(1)) as f64;
        if mean_square <= self.gate || mean_square == 0.0 {
            self.skipped += 1;
            return false;
        }
        self.blocks += 1;
        let channels = self.waiting.len();
        match self.options.planes {
            Planes::Channels => (0..channels).for_each(|c| self.add(c, c, None, 1.0)),
            Planes::Mean => (0..channels).for_each(|c| self.add(0, c, None, 1.0 / channels as f64)),
            Planes::Mid if channels < 2 => self.add(0, 0, None, 1.0),
            Planes::Side if channels < 2 => {}
            Planes::Mid => self.add(0, 0, Some((1, 0.5)), 1.0),
            Planes::Side => self.add(0, 0, Some((1, -0.5)), 1.0),
        }
        true
    }

    /// Adds the power of a channel, or of half of it plus a share of another, to a plane.
    fn add(&mut self, plane: usize, channel: usize, other: Option<(usize, f64)>, weight: f64) {
        self.windowed.copy_from_slice(&self.waiting[channel]);
        if let Some((other, share)) = other {
            self.windowed.iter_mut().zip(&self.waiting[other]).for_each(|(a, b)| *a = 0.5 * *a + share * b);
        }
        self.windowed.iter_mut().zip(&self.window).for_each(|(x, w)| *x *= w);
        self.plan.forward(&self.windowed, &mut self.re, &mut self.im);
        // The powers stand where the real parts stood.
        self.re.iter_mut().zip(&self.im).for_each(|(a, b)| *a = *a * *a + b * b);
        self.sums[plane].iter_mut().zip(&self.re).for_each(|(sum, power)| *sum += weight * power);
    }
}

/// An averaged spectrum: the mean square in every bin.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    sample_rate_hz: f64,
    size: usize,
    blocks: u64,
    skipped: u64,
    power: Vec<Vec<f64>>,
}

impl Spectrum {
    /// Number of planes.
    #[must_use]
    pub fn planes(&self) -> usize {
        self.power.len()
    }

    /// Blocks that were averaged; zero when nothing passed the gate.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Blocks below the gate.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Sample rate of what was analysed.
    #[must_use]
    pub fn sample_rate_hz(&self) -> f64 {
        self.sample_rate_hz
    }

    /// Distance of two bins.
    #[must_use]
    pub fn bin_hz(&self) -> f64 {
        self.sample_rate_hz / self.size as f64
    }

    /// Mean square per bin of a plane, from 0 Hz to half the sample rate; empty when there is no such plane.
    #[must_use]
    pub fn power(&self, plane: usize) -> &[f64] {
        self.power.get(plane).map_or(&[], Vec::as_slice)
    }

    /// Mean square of a plane between two frequencies. Bins that lie partly inside count by their share.
    #[must_use]
    pub fn band_power(&self, plane: usize, low_hz: f64, high_hz: f64) -> f64 {
        let power = self.power(plane);
        // Bin k stands for the frequencies k ± ½; the first and last have only half that width.
        let last = power.len().saturating_sub(1) as f64;
        let (low, high) = ((low_hz / self.bin_hz()).max(0.0), (high_hz / self.bin_hz()).min(last));
        if power.is_empty() || low_hz.is_nan() || high_hz.is_nan() || high <= low {
            return 0.0;
        }
        let (first, end) =
            ((low + 0.5).floor() as usize, ((high + 0.5).floor() as usize).min(power.len() - 1));
        (first..=end)
            .map(|k| {
                let (left, right) = ((k as f64 - 0.5).max(0.0), (k as f64 + 0.5).min(last));
                let share =
                    (right.min(high) - left.max(low)).max(0.0) / (right - left).max(f64::MIN_POSITIVE);
                power[k] * share
            })
            .sum()
    }

    /// Level of a plane between two frequencies, re an RMS of 1.0; `-inf` when there is nothing.
    #[must_use]
    pub fn band_dbfs(&self, plane: usize, low_hz: f64, high_hz: f64) -> f64 {
        math::power_to_db(self.band_power(plane, low_hz, high_hz))
    }

    /// Power-weighted mean frequency between two frequencies, or `None` when there is nothing.
    #[must_use]
    pub fn centroid_hz(&self, plane: usize, low_hz: f64, high_hz: f64) -> Option<f64> {
        let (mut sum, mut weighted) = (0.0, 0.0);
        for (k, power) in self.bins_between(plane, low_hz, high_hz) {
            sum += power;
            weighted += power * k as f64 * self.bin_hz();
        }
        (sum > 0.0).then(|| weighted / sum)
    }

    /// Spectral flatness between two frequencies: geometric over arithmetic mean of the bins' powers. 1 for white noise seen
    /// long enough, near 0 for a tone; `None` when there is nothing.
    ///
    /// Source: Gray and Markel, IEEE Trans. ASSP-22(3), 1974.
    #[must_use]
    pub fn flatness(&self, plane: usize, low_hz: f64, high_hz: f64) -> Option<f64> {
        let (mut count, mut sum, mut logs) = (0.0, 0.0, 0.0);
        for (_, power) in self.bins_between(plane, low_hz, high_hz) {
            count += 1.0;
            sum += power;
            // -400 dB in place of nothing, so that one empty bin does not decide.
            logs += math::ln(power.max(1e-40));
        }
        (sum > 0.0).then(|| math::exp(logs / count) / (sum / count))
    }

    fn bins_between(
        &self,
        plane: usize,
        low_hz: f64,
        high_hz: f64,
    ) -> impl Iterator<Item = (usize, f64)> + '_ {
        let bin_hz = self.bin_hz();
        let inside = move |(k, _): &(usize, f64)| (low_hz..=high_hz).contains(&(*k as f64 * bin_hz));
        self.power(plane).iter().copied().enumerate().filter(inside)
    }
}

#[cfg(test)]
mod tests;
