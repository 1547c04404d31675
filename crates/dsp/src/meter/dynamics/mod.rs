//! Peaks, crest, DC, clipped runs, the bits really used, silence at the ends, and samples that are no numbers.

mod bits;
mod clipping;
#[cfg(test)]
mod tests;

pub use clipping::ClippedRuns;

use super::true_peak::Peak;
use super::{Grid, finite, is_number};
use crate::block::View;
use crate::math;
use bits::BitFinder;
use clipping::RunFinder;

/// Lanes that sum side by side; frame n goes to lane n modulo this, whatever the blocks are.
const LANES: usize = 8;
/// Samples looked at together.
const CHUNK: usize = 256;
/// Peaks are remembered for each of so many stretches a second, to go with short-term loudness.
const HOPS_PER_SECOND: f64 = 10.0;
/// 3 s: the window of short-term loudness, Tech 3341, 2.2.
const SHORT_TERM_HOPS: usize = 30;

/// All of this in one pass, channel by channel. Remembers 8 bytes per 100 ms.
#[derive(Debug, Clone)]
pub struct DynamicsMeter {
    tracks: Vec<Track>,
    grid: Grid,
    hop_peak: f64,
    hop_peaks: Vec<f64>,
    frames: u64,
}

/// What a [`DynamicsMeter`] read of one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelDynamics {
    /// Largest sample.
    pub peak: Peak,
    /// Mean of the squares.
    pub mean_square: f64,
    /// Mean.
    pub dc: f64,
    /// Flat tops.
    pub clipped: ClippedRuns,
    /// Bits in use: 0 for silence, 33 for what no integer format of up to 32 bits can hold.
    pub bits_used: u32,
    /// Samples beyond full scale.
    pub over_full_scale: u64,
    /// Samples that are NaN, infinite or beyond 1e100; they count as silence in all the rest.
    pub not_finite: u64,
    /// Frame of the first of these.
    pub first_not_finite: Option<u64>,
}

/// What a [`DynamicsMeter`] read.
#[derive(Debug, Clone, PartialEq)]
pub struct Dynamics {
    /// Channel by channel.
    pub channels: Vec<ChannelDynamics>,
    /// Frames heard.
    pub frames: u64,
    /// Frames of digital silence (every channel exactly zero) at the start; all of them, if there is nothing else.
    pub silent_head_frames: u64,
    /// Frames of digital silence at the end.
    pub silent_tail_frames: u64,
    /// Largest sample of any channel in every complete 100 ms.
    pub hop_peaks: Vec<f64>,
}

impl Dynamics {
    /// Largest sample of all channels; the first channel wins a tie.
    #[must_use]
    pub fn peak(&self) -> Peak {
        let peaks = self.channels.iter().map(|channel| channel.peak);
        peaks.fold(Peak::default(), |top, peak| if peak.level > top.level { peak } else { top })
    }

    /// Mean square over all samples of all channels; 0 for nothing.
    #[must_use]
    pub fn mean_square(&self) -> f64 {
        self.channels.iter().map(|channel| channel.mean_square).sum::<f64>()
            / self.channels.len().max(1) as f64
    }

    /// Bits in use in any channel.
    #[must_use]
    pub fn bits_used(&self) -> u32 {
        self.channels.iter().map(|channel| channel.bits_used).max().unwrap_or(0)
    }

    /// Peak to short-term loudness ratio in LU every 100 ms: the largest sample of the last 3 s, in dBFS, less the
    /// loudness of these 3 s. `short_term_lufs` is the curve of a loudness meter that heard the same.
    #[must_use]
    pub fn psr_curve_lu(&self, short_term_lufs: &[f64]) -> Vec<f64> {
        let windows = self.hop_peaks.windows(SHORT_TERM_HOPS);
        let top = |window: &[f64]| window.iter().fold(0.0, |top, &peak| f64::max(top, peak));
        windows.zip(short_term_lufs).map(|(window, lufs)| math::gain_to_db(top(window)) - lufs).collect()
    }
}

impl DynamicsMeter {
    /// A meter for so many channels. `stored_bits`: word length of the integer format the samples come from, if they do.
    #[must_use]
    pub fn new(sample_rate_hz: f64, channels: usize, stored_bits: Option<u16>) -> Self {
        Self {
            tracks: vec![Track::new(stored_bits); channels],
            grid: Grid::new(sample_rate_hz, HOPS_PER_SECOND),
            hop_peak: 0.0,
            hop_peaks: Vec::new(),
            frames: 0,
        }
    }

    /// Listens to a block.
    pub fn process(&mut self, block: View<'_>) {
        let mut start = 0;
        while start < block.frames() {
            let (frames, done) = self.grid.take(block.frames() - start);
            let part = block.slice(start, frames);
            for (channel, track) in self.tracks.iter_mut().enumerate().take(block.channels()) {
                self.hop_peak = self.hop_peak.max(track.push(part.channel(channel), self.frames));
            }
            self.frames += frames as u64;
            start += frames;
            if done {
                self.hop_peaks.push(self.hop_peak);
                self.hop_peak = 0.0;
            }
        }
    }

    /// What was heard.
    #[must_use]
    pub fn finish(mut self) -> Dynamics {
        let frames = self.frames;
        let first = self.tracks.iter().filter_map(|track| track.first_sound).min();
        let last = self.tracks.iter().filter_map(|track| track.last_sound).max();
        Dynamics {
            channels: self.tracks.iter_mut().map(|track| track.finish(frames)).collect(),
            frames,
            silent_head_frames: first.unwrap_or(frames),
            silent_tail_frames: last.map_or(frames, |last| frames - 1 - last),
            hop_peaks: self.hop_peaks,
        }
    }
}

#[derive(Debug, Clone)]
struct Track {
    sums: Sums,
    peak: Peak,
    runs: RunFinder,
    bits: BitFinder,
    over: u64,
    not_finite: u64,
    first_not_finite: Option<u64>,
    first_sound: Option<u64>,
    last_sound: Option<u64>,
}

/// Sums in lanes, and the largest magnitude of one stretch.
#[derive(Debug, Clone, Default)]
struct Sums {
    sum: [f64; LANES],
    square: [f64; LANES],
    top: [f64; LANES],
    /// Counts of samples that are no numbers.
    bad: [f64; LANES],
}

impl Sums {
    #[inline(always)]
    fn add(&mut self, lane: usize, raw: f64) {
        let x = finite(raw);
        self.sum[lane] += x;
        self.square[lane] += x * x;
        self.top[lane] = if x.abs() > self.top[lane] { x.abs() } else { self.top[lane] };
        self.bad[lane] += if is_number(raw) { 0.0 } else { 1.0 };
    }

    fn add_all(&mut self, samples: &[f64], first_frame: u64) {
        let phase = (first_frame % LANES as u64) as usize;
        let (odd, rest) = samples.split_at(((LANES - phase) % LANES).min(samples.len()));
        odd.iter().enumerate().for_each(|(n, &x)| self.add(phase + n, x));
        let (chunks, rest) = rest.as_chunks::<LANES>();
        let mut sums = self.clone();
        for chunk in chunks {
            for (lane, &x) in chunk.iter().enumerate() {
                sums.add(lane, x);
            }
        }
        *self = sums;
        rest.iter().enumerate().for_each(|(lane, &x)| self.add(lane, x));
    }

    fn take_top(&mut self) -> f64 {
        let top = self.top.iter().fold(0.0, |top, &level| f64::max(top, level));
        self.top = [0.0; LANES];
        top
    }

    fn take_bad(&mut self) -> u64 {
        let bad: f64 = self.bad.iter().sum();
        self.bad = [0.0; LANES];
        bad as u64
    }
}

impl Track {
    fn new(stored_bits: Option<u16>) -> Self {
        Self {
            sums: Sums::default(),
            peak: Peak::default(),
            runs: RunFinder::new(),
            bits: BitFinder::new(stored_bits),
            over: 0,
            not_finite: 0,
            first_not_finite: None,
            first_sound: None,
            last_sound: None,
        }
    }

    /// Listens to a stretch that starts at frame `at`; returns its largest magnitude.
    fn push(&mut self, samples: &[f64], at: u64) -> f64 {
        let mut largest = 0.0;
        for (chunk, at) in samples.chunks(CHUNK).zip((at..).step_by(CHUNK)) {
            largest = f64::max(largest, self.push_chunk(chunk, at));
        }
        largest
    }

    fn push_chunk(&mut self, samples: &[f64], at: u64) -> f64 {
        self.sums.add_all(samples, at);
        let top = self.sums.take_top();
        let bad = self.sums.take_bad();
        if bad > 0 {
            let place = || samples.iter().position(|&x| !is_number(x)).map(|n| at + n as u64);
            self.first_not_finite = self.first_not_finite.or_else(place);
            self.not_finite += bad;
        }
        if top > self.peak.level {
            let place = samples.iter().position(|x| x.abs() == top).unwrap_or(0);
            self.peak = Peak { level: top, frame: at + place as u64 };
        }
        if top > 1.0 {
            self.over += samples.iter().filter(|&&x| is_number(x) && x.abs() > 1.0).count() as u64;
        }
        self.mark_sound(samples, at, top > 0.0 || bad > 0);
        self.runs.push(samples, top);
        self.bits.push(samples);
        top
    }

    fn mark_sound(&mut self, samples: &[f64], at: u64, any: bool) {
        if !any {
            return;
        }
        if self.first_sound.is_none() {
            self.first_sound = samples.iter().position(|&x| x != 0.0).map(|n| at + n as u64);
        }
        if let Some(last) = samples.iter().rposition(|&x| x != 0.0) {
            self.last_sound = Some(at + last as u64);
        }
    }

    fn finish(&mut self, frames: u64) -> ChannelDynamics {
        let count = frames.max(1) as f64;
        ChannelDynamics {
            peak: self.peak,
            mean_square: self.sums.square.iter().sum::<f64>() / count,
            dc: self.sums.sum.iter().sum::<f64>() / count,
            clipped: self.runs.finish(),
            bits_used: self.bits.bits(),
            over_full_scale: self.over,
            not_finite: self.not_finite,
            first_not_finite: self.first_not_finite,
        }
    }
}
